//! `antiphon erase`.
//!
//! The journal is read twice before anything is changed: once to learn the person's names and messages, and once to
//! count. The erasure itself is the journal's: in the daemon where one runs, by its control socket, and else here.
//! Afterwards the raw bytes of the files are searched, after the journal was
//! closed: opening its file beside SQLite would drop the locks that this process has on it.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use antiphon_core::{Erased, Person, Position, Rule};
use antiphon_journal::{Filter, Inspect};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::task::block_in_place;

use crate::{
    args::{Erase, Whom},
    config,
    control::{
        client::Client,
        wire::{Erasure, ErasureDone},
    },
    failure::{Exit, Failure},
    journal::{self, location::Location},
    output::{Form, Output, say, table},
    platform::PLATFORMS,
};

/// Longest text of `--name`, in bytes.
const LONGEST_NAME: usize = 1024;

/// # Errors
/// A user of no platform, a journal that cannot be read or that another process appends to, and remains of the person
/// that are left in the journal's files.
pub(crate) async fn erase(args: Erase) -> anyhow::Result<Exit> {
    let location = config::journal(&args.journal)?;
    let journal = journal::to_read(&location).await?;
    let mut person = person(&args.whom, &*journal).await?;
    let found = person.survey(&*journal).await.map_err(Failure::from)?;
    journal.close().await.map_err(Failure::from)?;
    let mut report = Report::new(&args, &person, found);
    if args.yes {
        report.done(carry_out(&location, &args.whom, &person).await?);
        // What a server leaves is the server's to overwrite, and on its disk.
        let Some(path) = location.file() else {
            report.show(args.shape.output)?;
            return Ok(Exit::Done);
        };
        report.remains = block_in_place(|| remains(path, &person));
        if report.remains.iter().any(|file| is_own(path, file)) {
            report.show(args.shape.output)?;
            let error = "the journal's files still have something of the person";
            return Err(Failure::new(Exit::Failed, error)
                .hint("end every program that reads the journal, and repeat the command")
                .into());
        }
    }
    report.show(args.shape.output)?;
    Ok(Exit::Done)
}

/// Erases in the daemon, or here where none runs.
///
/// # Errors
/// The daemon's answer, or that of the journal; one that another program appends to cannot be had.
async fn carry_out(location: &Location, whom: &Whom, person: &Person) -> Result<Erased, Failure> {
    let request = Erasure { whom: whom.clone() };
    match Client::of(location)
        .post::<ErasureDone>("/v1/erase", &request)
        .await
    {
        Ok(done) => return Ok(done.erased),
        Err(error) if error.is_absent() => {}
        Err(error) => return Err(error.into()),
    }
    let journal = journal::to_write(location, &config::Journal::default()).await?;
    let erased = journal.erase(Arc::new(person.clone())).await;
    let closed = journal.close().await;
    let erased = erased?;
    closed?;
    Ok(erased)
}

/// The person whom the command line or a request names.
///
/// # Errors
/// A user of no platform, an id that is none, and a text to cut that is none.
pub(crate) async fn person(args: &Whom, journal: &dyn Inspect) -> Result<Person, Failure> {
    let (platform, id) = match args.user.split_once(':') {
        Some((platform, id)) => (platform.to_owned(), id),
        None => (platform_of(args, journal).await?, &*args.user),
    };
    let rules = rules(&platform).ok_or_else(|| {
        let known: Vec<_> = PLATFORMS.iter().map(|platform| platform.name).collect();
        Failure::usage(format!("there is no platform `{platform}`"))
            .hint(format!("platforms are {}", known.join(", ")))
    })?;
    let rule = rules[0];
    if !(rule.is_id)(id) {
        let error = format!("`{}` has no id of a user", args.user);
        return Err(Failure::usage(error).hint(rule.ids));
    }
    if let Some(name) = args.names.iter().find(|name| !is_name(name)) {
        let error = format!("`--name {name}` is no text to cut");
        return Err(Failure::usage(error).hint(format!(
            "a name has 2 characters or more beside blanks, and {LONGEST_NAME} bytes at most: a shorter one would be cut out of every text"
        )));
    }
    let mut person =
        Person::new(rules, id).repacking("discord", antiphon::discord::erase_saved_cache);
    if let Some(source) = &args.source {
        person = person.of(source.as_str().into());
    }
    Ok(args
        .names
        .iter()
        .fold(person, |person, name| person.also(name)))
}

/// Whether a text can be cut out of others' words: it is more than a letter, and no longer than a name.
fn is_name(text: &str) -> bool {
    text.chars()
        .filter(|letter| !letter.is_whitespace())
        .count()
        >= 2
        && text.len() <= LONGEST_NAME
}

/// The rules of a platform, its own first: nodes of Lavalink have users of Discord.
fn rules(platform: &str) -> Option<Vec<&'static Rule>> {
    let of = |name: &str| PLATFORMS.iter().find(|platform| platform.name == name);
    let mut rules = vec![of(platform)?.erasure];
    if platform == "discord" {
        rules.extend(of("lavalink").map(|platform| platform.erasure));
    }
    Some(rules)
}

/// The platform of the source that is named, by its first event.
async fn platform_of(args: &Whom, journal: &dyn Inspect) -> Result<String, Failure> {
    let Some(source) = &args.source else {
        let error = format!("`{}` names no platform", args.user);
        return Err(Failure::usage(error)
            .hint("write it as `discord:80351110224678912`, or name the source with `--source`"));
    };
    let filter = Filter::new().source(source.as_str().into());
    let end = *journal.last().borrow();
    let mut after = Position::ZERO;
    while after < end {
        let page = journal.read_where(after, 100, &filter).await?;
        let mut platforms = page.events.iter().map(|event| event.kind().platform());
        if let Some(platform) = platforms.find(|platform| *platform != "antiphon") {
            return Ok(platform.to_owned());
        }
        after = page.through;
    }
    let error = format!("the journal has no event of a source `{source}`");
    Err(Failure::usage(error)
        .hint("`antiphon tail` shows sources; or write the platform before the id"))
}

/// What an erasure changed, or would change.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ErasureReport")]
pub(crate) struct Report {
    /// Platform and id, or the id alone, as it was asked for.
    user: String,
    /// Whether it was done; otherwise it was only counted.
    done: bool,
    /// Events by kind.
    events: Vec<Row>,
    /// Names that the person has in the journal; others' texts are cut where one of them stands behind an `@`.
    names: Vec<String>,
    /// Dead letters that went or were changed; 0 before it is done.
    dead_letters: u64,
    /// Checkpoints, cursors and saved projections that went or were changed; 0 before it is done.
    states: u64,
    /// Places with the person's id in them; 0 before it is done.
    places: u64,
    /// Origins of events that retention had removed; 0 before it is done.
    origins: u64,
    /// Files in the journal's folder that still have the person's id, or a text of `--name`.
    remains: Vec<PathBuf>,
}

/// Events of one kind.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    /// The kind.
    kind: String,
    /// Events of the person: nothing but position, source, kind and time is left.
    erased: u64,
    /// Events of others, out of which the person was cut.
    redacted: u64,
}

impl Report {
    fn new(args: &Erase, person: &Person, found: Erased) -> Self {
        Self {
            user: args.whom.user.clone(),
            done: false,
            events: rows(found.events),
            names: person.names().map(str::to_owned).collect(),
            dead_letters: 0,
            states: 0,
            places: 0,
            origins: 0,
            remains: Vec::new(),
        }
    }

    fn done(&mut self, erased: Erased) {
        self.done = true;
        self.events = rows(erased.events);
        self.dead_letters = erased.dead_letters;
        self.states = erased.states;
        self.places = erased.places;
        self.origins = erased.origins;
    }

    fn show(&self, form: Form) -> anyhow::Result<()> {
        let mut output = Output::stdout(form);
        if form == Form::Json {
            output.json(self)?;
            return output.flush();
        }
        let rows: Vec<_> = self
            .events
            .iter()
            .map(|row| {
                [
                    row.kind.clone(),
                    row.erased.to_string(),
                    row.redacted.to_string(),
                ]
            })
            .collect();
        if !rows.is_empty() {
            for line in table(["kind", "erased", "redacted"], &rows) {
                output.line(line)?;
            }
        }
        output.flush()?;
        if !self.names.is_empty() {
            say(format_args!("names: {}", self.names.join(", ")));
        }
        if !self.done {
            say(if rows.is_empty() {
                "no event has anything of this person; `--yes` looks through the rest as well"
            } else {
                "nothing was changed: `--yes` does it, and there is no way back"
            });
            return Ok(());
        }
        let else_changed = [self.dead_letters, self.states, self.places, self.origins];
        if rows.is_empty() && else_changed == [0; 4] {
            say("nothing was found of this person, and nothing was changed");
        } else {
            say(format_args!(
                "erased; dead letters: {}, states: {}, places: {}, origins of removed events: {}",
                self.dead_letters, self.states, self.places, self.origins
            ));
        }
        for file in &self.remains {
            say(format_args!(
                "{} still has the person's id or a text of `--name`",
                file.display()
            ));
        }
        Ok(())
    }
}

fn rows(events: BTreeMap<String, (u64, u64)>) -> Vec<Row> {
    let rows = events.into_iter().map(|(kind, (erased, redacted))| Row {
        kind,
        erased,
        redacted,
    });
    rows.collect()
}

/// Whether a file is the journal's or its log.
fn is_own(journal: &Path, file: &Path) -> bool {
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let (journal, file) = (name(journal), name(file));
    let rest = journal
        .as_deref()
        .zip(file.as_deref())
        .and_then(|(journal, file)| file.strip_prefix(journal));
    matches!(rest, Some("" | "-wal" | "-shm" | ".lock"))
}

/// The files in the journal's folder in whose raw bytes the person is.
///
/// Files that cannot be read are left out: they are not the journal's.
fn remains(journal: &Path, person: &Person) -> Vec<PathBuf> {
    let folder = match journal.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let mut found: Vec<_> = files
        .map(|entry| entry.path())
        .filter(|path| is_in(path, person).unwrap_or(false))
        .collect();
    found.sort();
    found
}

/// Looks through a file in blocks, of which each begins with the end of the last one.
fn is_in(path: &Path, person: &Person) -> io::Result<bool> {
    const BLOCK: usize = 1 << 20;
    /// Longer than any id, and than any name that platforms take.
    const OVERLAP: usize = 4096;
    let mut file = File::open(path)?;
    let mut block = vec![0; BLOCK];
    let mut kept = 0;
    loop {
        let read = file.read(&mut block[kept..])?;
        if read == 0 {
            return Ok(false);
        }
        let filled = kept + read;
        if person.is_in(&block[..filled]) {
            return Ok(true);
        }
        let from = filled.saturating_sub(OVERLAP);
        block.copy_within(from..filled, 0);
        kept = filled - from;
    }
}
