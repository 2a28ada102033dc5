//! The command line.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};

/// Breaks everything around antiphon, and accounts for every event.
///
/// A run follows from its seed: the simulator, the daemon and a bot run, connections and requests fail, processes are
/// killed, stopped and frozen, and the journal's file and disk suffer. Then all of it is healed, and the simulator's
/// ledger says what became of each event. The exit code is 0 if every promise was kept, 1 if not, 2 for wrong usage, and
/// 130 after SIGINT or SIGTERM, which end all processes of the run and remove its files.
#[derive(Debug, Parser)]
#[command(name = "antiphon-chaos", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Plays runs with real processes
    Run(Run),
    /// Plays the same runs within this process, on a paused clock
    ///
    /// A kill drops an app where it stands. What only processes can suffer is skipped and counted.
    Virtual(Trial),
    /// Plays runs on a cluster: three servers, two ingesters and three workers
    ///
    /// Processes are killed, stopped and cut off, and servers killed, while all platforms bring events. It needs
    /// nats-server 2.10.25 or newer; without one the runs are skipped.
    Cluster(Cluster),
    /// Prints the script of a seed, and does nothing else
    Script {
        #[command(flatten)]
        course: Course,
        /// The script of a cluster; `--kill-share` has no say in it
        #[arg(long)]
        cluster: bool,
    },
    /// Runs the bot on trial; `run` starts it
    #[command(hide = true)]
    Bot {
        /// What it is to do, as JSON
        #[arg(long, value_name = "FILE")]
        settings: PathBuf,
        /// Where it writes what it did
        #[arg(long, value_name = "FILE")]
        effects: PathBuf,
    },
}

/// Which scripts are played.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Course {
    /// The seed of the first run; each further run has the next number
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How long things go wrong in a run
    #[arg(long, value_name = "SECONDS", default_value = "4", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// The share of runs in which processes are killed, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = share)]
    pub(crate) kill_share: f64,
}

/// How many runs are played, and what becomes of their outcomes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Sitting {
    /// How many runs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) runs: u64,
    /// Adds the counts to those of earlier sittings in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) tally: Option<PathBuf>,
    /// Does not look for the shortest prefix of a script that fails
    #[arg(long)]
    pub(crate) no_shorten: bool,
}

/// How runs are played and judged.
#[derive(Clone, Debug, Args)]
pub(crate) struct Trial {
    #[command(flatten)]
    pub(crate) course: Course,
    #[command(flatten)]
    pub(crate) sitting: Sitting,
    /// Events a second of each platform
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rate: u32,
    /// How long healing may take; pauses between tries reach a minute
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    pub(crate) heal: Duration,
}

/// What runs with real processes have besides.
#[derive(Clone, Debug, Args)]
pub(crate) struct Processes {
    /// The command on trial; by default the one beside this program
    #[arg(long, value_name = "FILE")]
    pub(crate) antiphon: Option<PathBuf>,
    /// Keeps the files of every run, not only those of runs that fail
    #[arg(long)]
    pub(crate) keep: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) trial: Trial,
    #[command(flatten)]
    pub(crate) processes: Processes,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Cluster {
    /// The seed of the first run; each further run has the next number
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How long things go wrong in a run
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) seconds: Duration,
    #[command(flatten)]
    pub(crate) sitting: Sitting,
    /// Events a second of each platform
    #[arg(long, value_name = "N", default_value_t = 125, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rate: u32,
    /// How long healing may take
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    pub(crate) heal: Duration,
    #[command(flatten)]
    pub(crate) processes: Processes,
    /// The server; by default the one on the PATH
    #[arg(long, value_name = "FILE", default_value = "nats-server")]
    pub(crate) nats_server: PathBuf,
}

/// Longest run and longest healing, in seconds.
const LONGEST: f64 = 3600.0;

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds) if (0.1..=LONGEST).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(format!("it is a number of seconds from 0.1 to {LONGEST}")),
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("it is a number from 0 to 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn numbers_outside_of_their_range_are_refused() {
        for wrong in [
            "--seconds=0",
            "--seconds=soon",
            "--kill-share=1.5",
            "--runs=0",
            "--rate=0",
            "--heal=-1",
        ] {
            let parsed = Cli::try_parse_from(["antiphon-chaos", "run", wrong]);
            assert!(parsed.is_err(), "{wrong}");
        }
    }
}
