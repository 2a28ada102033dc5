//! The command line.
//!
//! Each command is a variant of [`Command`] with a struct of its own; groups that several commands share ([`Shape`],
//! [`Where`]) are flattened into them. Values are parsed here, so that a command gets types and not texts: lengths of
//! time by `time.rs`, points of a journal by `moment.rs`, patterns by `globs.rs`, the rest by the functions at the end. A value that cannot be read is a usage error of clap's,
//! with exit code 2.
//!
//! The comments of fields are the help that users see: one line without a full stop, and a longer text behind an empty
//! line where `--help` should say more. Snapshots in `tests/` hold every page of help.

use std::{
    fmt::Display,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use clap::{Args, Parser, Subcommand};
use clap_complete::ArgValueCompleter as Completer;
use serde::{Deserialize, Serialize};

use crate::{
    complete, globs::Pattern, logging::LogFormat, moment::Moment, output::Form, search::Words, time,
};

/// Typed, durable, ordered events from chat and music rooms.
#[derive(Debug, Parser)]
#[command(
    name = "antiphon",
    version,
    propagate_version = true,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Data goes to stdout, all else to stderr.\n\
        Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 could not reach or log in, \
        4 events were lost, 5 the journal's files were changed by somebody else, \
        6 the journal is damaged, of a newer version or another program's, 130 interrupted."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows the whole path at work, with nothing to configure
    ///
    /// Starts the simulator on loopback sockets, connects to it, journals what it sends, runs handlers, cuts the
    /// connection in the middle, and compares the journal with what was sent. Ends with exit code 4 if anything was
    /// lost.
    Demo(Demo),
    /// Connects the configured sources and journals what they send, until it is stopped
    Run(Run),
    /// Finds all mistakes of a configuration, without connecting to anything
    ///
    /// Looks at the file, at the secrets and files that it names, and at the journal's folder. Ends with exit code 2 if
    /// there are errors; with warnings alone it ends with 0, or with 1 if `--strict` is given.
    Check(Check),
    /// Examines the configured sources and the journal, online, without changing anything
    ///
    /// Checks the configuration first, then asks every platform side by side: names, TLS, proxies, logins, intents,
    /// nodes, rooms. Ends with exit code 2 for a wrong configuration and 3 for a source that cannot be reached or logged
    /// in; with warnings alone it ends with 0, or with 1 if `--strict` is given.
    Doctor(Doctor),
    /// Runs the simulator by itself, for any client
    ///
    /// Prints one line of JSON with its addresses and logins, and runs until it is stopped.
    Sim(Sim),
    /// Reads a journal, live or past
    Tail(Tail),
    /// Lists, shows, replays and drops events whose handler failed for good
    Dead(Dead),
    /// Lists a journal's consumers, and forgets one that never comes back
    Consumers(Consumers),
    /// Writes a journal's events to a file or stdout, one JSON object a line
    ///
    /// It also works while `antiphon run` writes to the journal. docs/data.md describes the lines.
    Export(Export),
    /// Stores the events of an exported file in a journal, a new one or one that is there
    ///
    /// Events that the journal has are passed over, so that the command can be repeated.
    Import(Import),
    /// Says whether the daemon is well, and what it is doing
    ///
    /// Asks the daemon that writes the journal. Ends with exit code 1 if something is not well, with each reason: a
    /// connection that is down or has stopped, a journal that does not store, events that wait to be handled, new dead
    /// letters, or no daemon at all.
    Status(Status),
    /// Shows what the running daemon is doing, on the whole terminal
    ///
    /// Asks the daemon that writes the journal once a second, and goes on asking while none runs. `q`, Esc and Ctrl-C end
    /// it.
    Top(Top),
    /// Shows a journal as a web page, live or past
    ///
    /// Reads the journal as `tail` does, beside the daemon or without it, and serves pages on a loopback address until
    /// it is stopped.
    Dashboard(Dashboard),
    /// Erases a person from the journal's file and all its remains
    ///
    /// Without `--yes` it only says what it would do. docs/erasure.md says which events are a person's.
    Erase(Erase),
    /// Sends a stretch of the journal once more, to stdout or to a command
    ///
    /// Without `--stdout` and without a command it only says what it would send. The events of the journal stay as they
    /// are.
    Replay(Replay),
    /// Lists every typed kind of event, with the reference library's name for it
    Kinds(Kinds),
    /// Lists the JSON Schemas of what `--output json` prints, or prints one of them
    Schema(Schema),
    /// Prints the manual page of a command, or writes all of them into a folder
    Man(Man),
    /// Writes a completion script for a shell to stdout
    ///
    /// `COMPLETE=bash antiphon` (or another shell) prints one that also completes kinds, and the sources, places and dead
    /// letters of the journal.
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Kinds {
    /// Only kinds like these, with `*` for any characters, `{a,b}` for either and `!` before what to leave out
    #[arg(value_name = "GLOB", value_parser = Pattern::parse, add = Completer::new(complete::kinds))]
    pub(crate) patterns: Vec<Pattern>,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Man {
    /// Which command, such as `tail` or `dead list`; without it, the page of the whole
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    pub(crate) command: Vec<String>,
    /// Writes the pages of all commands into this folder, and replaces those that are there
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Schema {
    /// Which schema; without it, they are listed
    #[arg(value_name = "NAME", add = Completer::new(complete::schemas))]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

/// How data is printed.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Shape {
    /// As text for people, or as one JSON object a line
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(crate) output: Form,
}

/// Which journal.
#[derive(Clone, Debug, Args)]
pub(crate) struct Where {
    /// The journal's file; without it, the one that the configuration names
    #[arg(long, value_name = "PATH")]
    pub(crate) journal: Option<PathBuf>,
    /// The configuration that names the journal; `antiphon.toml` if there is one here
    #[arg(long, value_name = "FILE", conflicts_with = "journal")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Demo {
    /// How long the traffic lasts, at least 3s
    #[arg(long = "for", value_name = "TIME", default_value = "10s", value_parser = time::parse)]
    pub(crate) length: Duration,
    /// Events a second and platform
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = |text: &str| whole::<u32>(text, 1..=5000))]
    pub(crate) rate: u32,
    /// The number that decides what happens
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = |text: &str| whole::<u64>(text, 0..=u64::MAX))]
    pub(crate) seed: u64,
    /// Keeps the journal in this file; without it, in a folder of its own among the temporary files
    ///
    /// With `--output json` and without this option, no journal is kept.
    #[arg(long, value_name = "PATH")]
    pub(crate) journal: Option<PathBuf>,
    /// Shows each event on a line of its own once it is stored, in place of the picture
    #[arg(long)]
    pub(crate) events: bool,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Run {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "antiphon.toml")]
    pub(crate) config: PathBuf,
    /// Shows each event on stdout once it is stored
    #[arg(long)]
    pub(crate) print: bool,
    #[command(flatten)]
    pub(crate) shape: Shape,
    /// The form of the log on stderr; without it, the one of `[log]` in the configuration
    #[arg(long, value_name = "FORM")]
    pub(crate) log_format: Option<LogFormat>,
    /// Prints the JSON Schema of the configuration, and does nothing else
    #[arg(long, exclusive = true)]
    pub(crate) schema: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Check {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "antiphon.toml")]
    pub(crate) config: PathBuf,
    /// Ends with exit code 1 if there are warnings
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) shape: Shape,
    /// Prints what a finding's code means and the way out, and does nothing else
    #[arg(long, value_name = "CODE", conflicts_with_all = ["config", "strict"])]
    pub(crate) explain: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Doctor {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "antiphon.toml")]
    pub(crate) config: PathBuf,
    /// How long each step may take, such as a login, a node or a room, from 1s to 10m
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = limit)]
    pub(crate) timeout: Duration,
    /// Ends with exit code 1 if there are warnings
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Sim {
    /// The address to listen on
    ///
    /// Any but a loopback address needs `ANTIPHON_SIM_TOKEN` in the environment, which the control address then asks
    /// for.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) listen: IpAddr,
    /// The name or address under which other machines reach this one, without a port
    ///
    /// It stands in the addresses that are printed, and the control address takes requests for it.
    #[arg(long, value_name = "NAME", value_parser = host)]
    pub(crate) host: Option<String>,
    /// Speaks TLS on the platforms' ports, with a certificate authority made at the start
    ///
    /// Clients have to trust its certificate: it is printed as `certificate`, and written to the file if one is given.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    #[expect(
        clippy::option_option,
        reason = "clap's form of an option whose value may be left out"
    )]
    pub(crate) tls: Option<Option<PathBuf>>,
    /// The first of a platform's consecutive ports, or `control=N`; by default any free ones
    #[arg(long = "port", value_name = "PLATFORM=N", value_parser = port)]
    pub(crate) ports: Vec<(String, u16)>,
    /// Events a second and platform of traffic of every kind; by default none
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = |text: &str| whole::<u32>(text, 0..=5000))]
    pub(crate) rate: u32,
    /// The number that decides what happens
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = |text: &str| whole::<u64>(text, 0..=u64::MAX))]
    pub(crate) seed: u64,
    /// How many MiB of rows the ledger keeps, and at most 3,906 rows a MiB or a million; the oldest go first
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = |text: &str| whole::<u32>(text, 1..=65_536))]
    pub(crate) ledger: u32,
    /// The guilds, rooms, nodes and people to begin with: TOML, or JSON if the name ends in `.json`; `-` is JSON on stdin
    ///
    /// docs/simulator-world.md describes the file; `GET {control}/world` shows the present world in the same form.
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<PathBuf>,
    /// Prints the JSON Schema of the world file, and does nothing else
    #[arg(long, exclusive = true)]
    pub(crate) world_schema: bool,
    /// Writes a configuration of the simulated accounts, which `antiphon run --config FILE` takes as it is
    ///
    /// Its secrets go into files of their own, in the folder `NAME.secrets` beside it. A configuration that is there
    /// already is refused, unless `--force` is given.
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
    /// Replaces the configuration of `--write` and its secrets if they are there already
    #[arg(long, requires = "write")]
    pub(crate) force: bool,
    /// Commands to carry out, one JSON object a line, each with its time from the start in `at`
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    /// As one line of JSON, or as text: the same over several lines, for people
    #[arg(long, value_name = "FORM", default_value = "json")]
    pub(crate) output: Form,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) journal: Where,
    /// How long a connection may be down before it is a reason
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = time::parse)]
    pub(crate) down: Duration,
    /// How long an event may wait to be handled before it is a reason
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = time::parse)]
    pub(crate) lag: Duration,
    /// For how long a dead letter is a reason
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = time::parse)]
    pub(crate) dead: Duration,
    /// Takes it that no daemon runs: that alone is no reason then
    #[arg(long)]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Top {
    #[command(flatten)]
    pub(crate) journal: Where,
}

#[derive(Clone, Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct Tail {
    #[command(flatten)]
    pub(crate) journal: Where,
    /// Goes on with new events as they are stored, until it is stopped
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// Begins here: a length of time (`10m`), a time (`14:05`), a day (`yesterday`) or a position (`4711`)
    ///
    /// Times are local: `14:05` is the last one that a clock showed, `monday` the last one, `monday 14:05`,
    /// `2026-01-31 14:05` and `2026-01-31` what they say; `2026-01-31T12:00:00Z` is exact. Without it: from the first
    /// event on, or with `--follow` from now on.
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    pub(crate) since: Option<Moment>,
    /// Ends before this time, or with this position; written as for `--since`
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse, conflicts_with = "follow")]
    pub(crate) until: Option<Moment>,
    /// Only the last so many of the events that fit, at most 10000
    #[arg(long, short = 'n', value_name = "N", value_parser = lines)]
    pub(crate) lines: Option<usize>,
    /// Only kinds like this; may be given more than once
    ///
    /// `*` stands for any characters, `?` for one, `{a,b}` for either, in any case; a pattern that begins with `!`
    /// takes out what it fits.
    #[arg(long = "kind", value_name = "GLOB", value_parser = Pattern::parse, add = Completer::new(complete::kinds))]
    pub(crate) kinds: Vec<Pattern>,
    /// Only places like this, with the ids that they have in the journal; may be given more than once
    #[arg(long = "place", value_name = "GLOB", value_parser = Pattern::parse, add = Completer::new(complete::places))]
    pub(crate) places: Vec<Pattern>,
    /// Only sources like this; may be given more than once
    #[arg(long = "source", value_name = "GLOB", value_parser = Pattern::parse, add = Completer::new(complete::sources))]
    pub(crate) sources: Vec<Pattern>,
    /// Only events with this text in what is shown or in the body, in any case; of several, one is enough
    #[arg(long, value_name = "TEXT", value_parser = Words::parse)]
    pub(crate) grep: Vec<Words>,
    /// Only events for which this expression of jq is true, such as `.body.author.id == "1"`
    ///
    /// It sees the event as `--output json` prints it; its first output counts. An event for which it fails does not fit,
    /// and is counted at the end.
    #[arg(long = "where", value_name = "EXPR")]
    pub(crate) condition: Option<String>,
    /// Prints what this expression of jq makes of each event in place of its line, such as `.place + ": " + .kind`
    ///
    /// Each output is a line: a text as it is, anything else, and everything with `--output json`, as JSON.
    #[arg(long, value_name = "EXPR")]
    pub(crate) select: Option<String>,
    /// Says below each event what every consumer of the journal has made of it
    ///
    /// Not read yet, queued, waiting for a full lane, given up as a dead letter, or done. The journal does not store
    /// whether a handler took an event: the program that handles says so in its log.
    #[arg(long, conflicts_with = "select")]
    pub(crate) explain: bool,
    /// Shows times in UTC, and takes them so in `--since` and `--until`
    #[arg(long)]
    pub(crate) utc: bool,
    /// Shows the ids of guilds, channels and rooms in place of their names
    #[arg(long)]
    pub(crate) ids: bool,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Dashboard {
    #[command(flatten)]
    pub(crate) journal: Where,
    /// The address to listen on; any but a loopback address needs `--login`
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8420")]
    pub(crate) listen: SocketAddr,
    /// A further name by which browsers reach this server, such as that of a proxy; may be given more than once
    ///
    /// Without a port it is taken with the port of `--listen`, and with none, as a proxy on 80 or 443 has it.
    #[arg(long = "host", value_name = "NAME[:PORT]", value_parser = host_and_port)]
    pub(crate) hosts: Vec<String>,
    /// The control address of a simulator of this machine, for the page Sandbox: `http://127.0.0.1:7000`
    ///
    /// Without it, what `ANTIPHON_SIM` names, or the configuration's `[simulator]`, which `antiphon sim --write` writes.
    #[arg(long, value_name = "URL")]
    pub(crate) sim: Option<String>,
    /// Asks for the login in the first line of this file: `user:password`
    #[arg(long, value_name = "FILE")]
    pub(crate) login: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) journal: Where,
    /// Begins here: a length of time (`10m`), a time (`14:05`), a day (`yesterday`) or a position (`4711`)
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    pub(crate) since: Option<Moment>,
    /// Ends before this time, or with this position; by default with the last event
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    pub(crate) until: Option<Moment>,
    #[command(flatten)]
    pub(crate) only: Only,
    /// As one JSON object a line, or as a Parquet file, which needs `--to` and an antiphon with the feature `parquet`
    #[arg(long, value_name = "FORMAT", default_value = "ndjson")]
    pub(crate) format: Format,
    /// Writes into this file, which must not be there yet; without it or with `-`, to stdout
    ///
    /// It is named `FILE.part` until it is whole.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    /// Goes on with the `FILE.part` of an export that did not end, if there is one
    #[arg(long, requires = "to")]
    pub(crate) resume: bool,
    /// Also writes checkpoints, cursors, dead letters and saved projections, so that a bot goes on with the import
    #[arg(long, conflicts_with_all = ["since", "until", "kinds", "places", "sources"])]
    pub(crate) full: bool,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

/// Format of an exported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// One JSON object a line; `antiphon import` takes it back.
    Ndjson,
    /// Rows of columns.
    Parquet,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Erase {
    #[command(flatten)]
    pub(crate) journal: Where,
    #[command(flatten)]
    pub(crate) whom: Whom,
    /// Does it; there is no way back
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

/// Whom to erase; the control socket takes the same.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Whom {
    /// The person: platform and id, such as `discord:80351110224678912`; the id alone with `--source`
    #[arg(long, value_name = "PLATFORM:ID")]
    pub(crate) user: String,
    /// Only events of this source; needed where several chat servers count their users alike
    #[arg(long, value_name = "NAME")]
    #[serde(default)]
    pub(crate) source: Option<String>,
    /// Cuts this text as well, wherever it stands as a word, such as a name; may be given more than once
    #[arg(long = "name", value_name = "TEXT")]
    #[serde(default)]
    pub(crate) names: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) journal: Where,
    /// Begins here: a length of time (`10m`), a time (`14:05`), a day (`yesterday`) or a position (`4711`)
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    pub(crate) from: Moment,
    /// Ends before this time, or with this position; by default with the last event
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    pub(crate) to: Option<Moment>,
    #[command(flatten)]
    pub(crate) only: Only,
    /// How fast: as it was received (`1x`), so many times as fast (`10x`, `0.5x`), or without pauses (`max`)
    #[arg(long, value_name = "SPEED", default_value = "1x", value_parser = speed)]
    pub(crate) speed: Speed,
    /// Sends the events to stdout, one JSON object a line, as `tail --output json` prints them
    #[arg(long, conflicts_with = "command")]
    pub(crate) stdout: bool,
    /// Sends the events to the stdin of this command, one JSON object a line
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

/// Which events, by patterns.
#[derive(Clone, Debug, Args)]
pub(crate) struct Only {
    /// Only kinds like this, written as for `tail`; may be given more than once
    #[arg(long = "kind", value_name = "GLOB", value_parser = Pattern::parse, add = Completer::new(complete::kinds))]
    pub(crate) kinds: Vec<Pattern>,
    /// Only places like this; may be given more than once
    #[arg(long = "place", value_name = "GLOB", value_parser = Pattern::parse, add = Completer::new(complete::places))]
    pub(crate) places: Vec<Pattern>,
    /// Only sources like this; may be given more than once
    #[arg(long = "source", value_name = "GLOB", value_parser = Pattern::parse, add = Completer::new(complete::sources))]
    pub(crate) sources: Vec<Pattern>,
}

/// How fast events are sent again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speed {
    /// So many times as fast as they were received; above 0 and at most a million.
    Times(f64),
    /// Without pauses.
    Max,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Import {
    /// The file that `antiphon export` wrote; `-` is stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) into: Into,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

/// Which journal to store in.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Into {
    /// The journal's file, which is made if it is not there
    #[arg(long, value_name = "PATH")]
    pub(crate) journal: Option<PathBuf>,
    /// The configuration that names the journal, its durability and its compression
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Dead {
    #[command(subcommand)]
    pub(crate) command: DeadCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum DeadCommand {
    /// Lists them, the oldest first
    List {
        #[command(flatten)]
        filter: LetterFilter,
        #[command(flatten)]
        journal: Where,
        #[command(flatten)]
        shape: Shape,
    },
    /// Shows one whole, with its error and its event
    Show {
        /// Its number, as `dead list` shows it
        #[arg(value_parser = letter, add = Completer::new(complete::letters))]
        id: u64,
        #[command(flatten)]
        journal: Where,
        #[command(flatten)]
        shape: Shape,
    },
    /// Asks for them to be handled again, by the program that owns the journal
    Replay {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        filter: LetterFilter,
        #[command(flatten)]
        journal: Where,
        #[command(flatten)]
        shape: Shape,
    },
    /// Forgets them for good; asks first if all are meant
    Drop {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        filter: LetterFilter,
        /// Asks nothing; needed for `--all` where nobody can be asked
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        journal: Where,
        #[command(flatten)]
        shape: Shape,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Consumers {
    #[command(subcommand)]
    pub(crate) command: ConsumersCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ConsumersCommand {
    /// Lists them: how far each is, what it has open, and which process has it
    List {
        #[command(flatten)]
        journal: Where,
        #[command(flatten)]
        shape: Shape,
    },
    /// Forgets one that no process has: its place in the journal, and the projections of its own
    ///
    /// Without `--yes` it only says what would be given up. Retention then waits for it no longer; its dead letters stay.
    /// A consumer of that name that starts again is a new one.
    Forget {
        /// Its name, as `consumers list` shows it
        #[arg(add = Completer::new(complete::consumers))]
        name: String,
        /// Does it; there is no way back
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        journal: Where,
        #[command(flatten)]
        shape: Shape,
    },
}

/// Which dead letters.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// Their numbers, as `dead list` shows them
    #[arg(value_name = "ID", value_parser = letter, add = Completer::new(complete::letters))]
    pub(crate) ids: Vec<u64>,
    /// All of them, or all that the filters take
    #[arg(long)]
    pub(crate) all: bool,
}

/// Which of all dead letters.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct LetterFilter {
    /// Only those of consumers like this; may be given more than once
    #[arg(long = "consumer", value_name = "GLOB", value_parser = Pattern::parse, add = Completer::new(complete::consumers))]
    pub(crate) consumers: Vec<Pattern>,
    /// Only those of handlers like this; may be given more than once
    #[arg(long = "handler", value_name = "GLOB", value_parser = Pattern::parse, add = Completer::new(complete::handlers))]
    pub(crate) handlers: Vec<Pattern>,
    /// Only those of events of kinds like this; may be given more than once
    #[arg(long = "kind", value_name = "GLOB", value_parser = Pattern::parse, add = Completer::new(complete::kinds))]
    pub(crate) kinds: Vec<Pattern>,
    /// Only those of events of sources like this; may be given more than once
    #[arg(long = "source", value_name = "GLOB", value_parser = Pattern::parse, add = Completer::new(complete::sources))]
    pub(crate) sources: Vec<Pattern>,
    /// Only those that were given up longer ago than this
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    pub(crate) older_than: Option<Duration>,
}

/// Reads a limit of `doctor`.
fn limit(text: &str) -> Result<Duration, String> {
    let limit = time::parse(text)?;
    if (Duration::from_secs(1)..=Duration::from_secs(600)).contains(&limit) {
        Ok(limit)
    } else {
        Err(format!("`{text}` is not from `1s` to `10m`"))
    }
}

/// Reads the name or the address of a machine.
fn host(text: &str) -> Result<String, String> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    if text.parse::<IpAddr>().is_ok() || !text.is_empty() && text.bytes().all(is_name) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{text}` is no name or address of a machine, such as `sim.example`"
        ))
    }
}

/// As [`host`], with a port behind it or without one.
pub(crate) fn host_and_port(text: &str) -> Result<String, String> {
    let name = match text.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => text,
    };
    host(name.trim_start_matches('[').trim_end_matches(']')).map(|_| text.to_owned())
}

/// `control=N` names the control address; which platforms there are is checked by the simulator's options.
fn port(text: &str) -> Result<(String, u16), String> {
    text.split_once('=')
        .and_then(|(platform, port)| Some((platform.to_owned(), port.parse().ok()?)))
        .ok_or_else(|| format!("`{text}` is not of the form `queup=7006`, with a port up to 65535"))
}

/// Reads a whole number.
///
/// # Errors
/// Anything else, and one that is out of range, in one sentence with the range.
fn whole<N: FromStr + PartialOrd + Display>(
    text: &str,
    range: RangeInclusive<N>,
) -> Result<N, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (least, most) = range.into_inner();
        format!("it is no whole number from {least} to {most}")
    })
}

/// Reads the number of a dead letter.
///
/// # Errors
/// Anything else, in one sentence with the way to the numbers.
fn letter(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| {
        "a dead letter has a number from 1, which `antiphon dead list` shows".to_owned()
    })
}

/// Reads a number of lines, which are kept in memory.
///
/// # Errors
/// Anything but a number from 1 to 10000, in one sentence.
fn lines(text: &str) -> Result<usize, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=10_000).contains(number));
    number.ok_or_else(|| format!("`{text}` is no number from 1 to 10000"))
}

/// Reads `1x`, `10x`, `0.5x` or `max`.
fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    text.strip_suffix('x')
        .and_then(|times| times.parse().ok())
        .filter(|times| *times > 0.0 && *times <= 1e6)
        .map(Speed::Times)
        .ok_or_else(|| {
            format!("`{text}` is no speed such as `1x`, `10x` or `max`, above 0 and up to 1000000x")
        })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::failure::Exit;

    #[test]
    fn the_command_line_has_no_contradictions() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_and_the_page_have_every_exit_code() {
        let help = Cli::command().render_help().to_string();
        let page = include_str!("../../../docs/cli.md");
        let (_, codes) = help.split_once("Exit codes: ").expect("a list");
        for exit in Exit::ALL {
            let code = exit.code();
            let listed = codes.split([',', ':']).filter(|item| {
                let number = item.split_whitespace().next();
                number == Some(code.to_string().as_str())
            });
            assert_eq!(listed.count(), 1, "{exit:?} in {codes}");
            assert!(page.contains(&format!("\n| {code} | ")), "{exit:?}");
        }
    }

    #[test]
    fn the_commands_of_the_guide_are_taken() {
        let guide = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/src");
        let mut commands = 0;
        for page in std::fs::read_dir(guide).expect("the guide") {
            let page = page.expect("an entry").path();
            let text = std::fs::read_to_string(&page).unwrap_or_default();
            let blocks = text.split("\n```sh\n").skip(1);
            let lines = blocks.flat_map(|block| block.split("\n```").take(1).flat_map(str::lines));
            for line in lines.filter(|line| line.starts_with("antiphon ")) {
                let words = line.split(" > ").next().unwrap_or_default();
                if let Err(error) = Cli::try_parse_from(words.split(' ')) {
                    panic!("{}: {line}: {error}", page.display());
                }
                commands += 1;
            }
        }
        assert!(commands > 5, "{commands} commands");
    }
}
