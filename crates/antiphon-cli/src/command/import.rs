//! `antiphon import`.
//!
//! The first line is looked at before the journal is opened, so that a file that is no export makes none. Events are
//! then stored in batches, each in one transaction; states come last in the file and are stored last, in one
//! transaction, so that no cursor is ever ahead of its events. Repeating the command goes on: known origins are passed
//! over.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufRead, BufReader, Read as _},
    path::Path,
};

use antiphon_core::Event;
use antiphon_journal::{Identity, Imported, Inspect, RemovedOrigin, States};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::task::block_in_place;

use crate::{
    args::Import,
    command::export::events,
    config::{self, Config},
    failure::{Exit, Failure},
    journal::{self, location::Location},
    output::{Form, Output, say},
    progress::Progress,
    signals::Stop,
    transfer::{self, End, Glance, Header, LONGEST_LINE, ReadEvent, ReadState, VERSION},
};

/// Events of a batch.
const BATCH: usize = 1000;

/// Bytes of lines after which a batch ends.
const BATCH_BYTES: u64 = 8 << 20;

/// # Errors
/// A file that is no export or of a newer form (exit code 2), a damaged line with its number, and whatever the journal
/// says. What was stored before it stays.
pub(crate) async fn import(args: Import, stop: &Stop) -> anyhow::Result<Exit> {
    let mut lines = block_in_place(|| Lines::open(&args.file))?;
    let header = block_in_place(|| lines.header())?;
    let (location, settings) = match (args.into.journal, &args.into.config) {
        (Some(path), _) => (config::file(&path)?, config::Journal::default()),
        (None, Some(config)) => {
            let config = Config::read(config)?;
            (config.location()?, config.journal)
        }
        (None, None) => {
            return Err(Failure::usage("no journal is named")
                .hint("name it with `--journal`, or the configuration with `--config`")
                .into());
        }
    };
    let journal = journal::to_import(&location, &settings).await?;
    let ended = store(&mut lines, &header, &*journal, stop).await;
    let closed = journal.close().await.map_err(Failure::from);
    let ended = ended?;
    closed?;
    match ended {
        Ended::Stopped { line } => {
            say(format_args!(
                "stopped behind line {line}; the same command goes on there"
            ));
            Ok(Exit::Interrupted)
        }
        Ended::Whole { imported, states } => {
            report(&location, &header, imported, states, args.shape.output)?;
            Ok(Exit::Done)
        }
    }
}

/// How an import came to its end.
enum Ended {
    /// Everything is stored.
    Whole { imported: Imported, states: Fate },
    /// A signal asked to stop; everything up to this line is stored.
    Stopped { line: u64 },
}

/// What became of the states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Fate {
    /// The file has none.
    None,
    /// They are stored.
    Stored,
    /// The journal has its own.
    Kept,
    /// Events have other positions than in the file, so that the states mean others.
    Moved,
}

async fn store(
    lines: &mut Lines,
    header: &Header,
    journal: &dyn Inspect,
    stop: &Stop,
) -> anyhow::Result<Ended> {
    let progress = Progress::new(lines.length, "importing");
    let mut all = Imported::default();
    let mut states = States {
        journal: header.journal.clone(),
        ..States::default()
    };
    if header.full {
        let identity = Identity {
            journal: header.journal.clone(),
            key: transfer::key_of(header).map_err(|error| lines.damaged(error))?,
        };
        // One that has something already stays what it is.
        journal
            .begin_import(identity)
            .await
            .map_err(Failure::from)?;
    }
    loop {
        if stop.token().is_cancelled() {
            return Ok(Ended::Stopped { line: lines.number });
        }
        let mut removed = Vec::new();
        let (batch, end) = block_in_place(|| lines.batch(&mut states, &mut removed))?;
        if !removed.is_empty() {
            journal
                .import_removed(removed)
                .await
                .map_err(Failure::from)?;
        }
        if !batch.is_empty() {
            let imported = journal.import(batch).await.map_err(Failure::from)?;
            all.stored += imported.stored;
            all.repeats += imported.repeats;
            all.moved += imported.moved;
        }
        progress.at(lines.read);
        let Some(end) = end else { continue };
        let found = all.stored + all.repeats;
        if end.events != found {
            let error = format!(
                "{} has {} and says that it has {}",
                lines.name,
                events(found),
                end.events
            );
            let what = if found < end.events {
                "lines are missing"
            } else {
                "lines were added or are there twice"
            };
            let way_out = "take another copy of the file, and repeat the command";
            return Err(Failure::new(Exit::Failed, error)
                .hint(format!("{what}: {way_out}"))
                .into());
        }
        let states = match header.full {
            false => Fate::None,
            true if all.moved > 0 => Fate::Moved,
            true if journal.restore(states).await.map_err(Failure::from)? => Fate::Stored,
            true => Fate::Kept,
        };
        return Ok(Ended::Whole {
            imported: all,
            states,
        });
    }
}

/// What was stored of an exported file.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ImportReport")]
pub(crate) struct Report<'a> {
    /// Path of the journal; for one on servers, its name and their addresses.
    file: Cow<'a, str>,
    /// Name of the journal that the events are from.
    journal: Option<&'a str>,
    /// Events that were new.
    stored: u64,
    /// Events that the journal had.
    repeats: u64,
    /// Events that have another position than in the file.
    moved: u64,
    /// What became of checkpoints, cursors, dead letters and projections.
    states: Fate,
}

fn report(
    location: &Location,
    header: &Header,
    imported: Imported,
    states: Fate,
    form: Form,
) -> anyhow::Result<()> {
    let Imported {
        stored,
        repeats,
        moved,
    } = imported;
    if form == Form::Json {
        let mut output = Output::stdout(form);
        output.json(&Report {
            file: location.to_string().into(),
            journal: header.journal.as_deref(),
            stored,
            repeats,
            moved,
            states,
        })?;
        return output.flush();
    }
    say(format_args!(
        "imported {} into {}",
        events(stored),
        location
    ));
    if repeats > 0 {
        say(format_args!("known already: {}", events(repeats)));
    }
    if moved > 0 {
        say(format_args!("at other positions: {}", events(moved)));
    }
    match states {
        Fate::None => {}
        Fate::Stored => say("checkpoints, cursors, dead letters and projections: stored"),
        Fate::Kept => say(
            "checkpoints, cursors, dead letters and projections: left as they are, since the journal has its own",
        ),
        Fate::Moved => say(
            "checkpoints, cursors, dead letters and projections: left out, since they belong to other positions; import into a new journal to have them",
        ),
    }
    Ok(())
}

/// The lines of a file, counted from 1.
struct Lines {
    /// The file as it is called in errors.
    name: String,
    from: Box<dyn BufRead + Send>,
    /// Bytes of the file; 0 if it has no length.
    length: u64,
    /// The number of the last line that was read.
    number: u64,
    /// Bytes that were read.
    read: u64,
    line: Vec<u8>,
}

impl Lines {
    /// `-` is stdin.
    fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let (from, length): (Box<dyn BufRead + Send>, _) = if name == "-" {
            (Box::new(BufReader::new(io::stdin())), 0)
        } else {
            let file = File::open(path).map_err(|error| {
                Failure::new(Exit::Failed, format!("could not open {name}"))
                    .because(error)
                    .hint("`antiphon export --to FILE` makes such a file; `-` is stdin")
            })?;
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            (Box::new(BufReader::with_capacity(1 << 20, file)), length)
        };
        Ok(Self {
            name: if name == "-" { "stdin".into() } else { name },
            from,
            length,
            number: 0,
            read: 0,
            line: Vec::new(),
        })
    }

    /// Reads the next line; false at the end of the file.
    ///
    /// # Errors
    /// A line that was cut, or that no export writes for its length.
    fn next(&mut self) -> Result<bool, Failure> {
        self.line.clear();
        let mut limited = (&mut self.from).take(LONGEST_LINE);
        let read = limited.read_until(b'\n', &mut self.line);
        let read = read.map_err(|error| {
            Failure::new(Exit::Failed, format!("could not read {}", self.name)).because(error)
        })?;
        if read == 0 {
            return Ok(false);
        }
        self.number += 1;
        self.read += read as u64;
        if self.line.last() != Some(&b'\n') {
            return Err(self.damaged("it is cut short"));
        }
        Ok(true)
    }

    /// The first line.
    fn header(&mut self) -> Result<Header, Failure> {
        /// As much of a header as every version has.
        #[derive(Deserialize)]
        struct Begin {
            antiphon: String,
            version: u32,
        }
        let is_there = self.next()?;
        let begin = serde_json::from_slice::<Begin>(&self.line).ok();
        let begin = begin.filter(|begin| is_there && begin.antiphon == "export");
        let Some(begin) = begin else {
            let error = format!("{} is no file that `antiphon export` wrote", self.name);
            return Err(Failure::usage(error).hint(
                "its first line has `\"antiphon\":\"export\"`; `antiphon export` makes one",
            ));
        };
        if begin.version > VERSION {
            let error = format!(
                "{} has version {} of the form, and {VERSION} is known",
                self.name, begin.version
            );
            return Err(Failure::usage(error)
                .hint("use the version of antiphon that wrote it, or a newer one"));
        }
        if begin.version == 0 {
            return Err(self.damaged("the first version of the form is 1"));
        }
        serde_json::from_slice(&self.line).map_err(|error| self.damaged(error))
    }

    /// Reads a batch of events, or the end of the file with its states.
    ///
    /// # Errors
    /// A damaged line, and a file without its last line: then nothing of the batch is used.
    fn batch(
        &mut self,
        states: &mut States,
        removed: &mut Vec<RemovedOrigin>,
    ) -> Result<(Vec<Event>, Option<End>), Failure> {
        let mut batch = Vec::new();
        let begin = self.read;
        while batch.len() < BATCH && self.read - begin < BATCH_BYTES {
            if !self.next()? {
                let error = format!(
                    "{} ends behind line {} without its last line",
                    self.name, self.number
                );
                return Err(Failure::new(Exit::Failed, error).hint(
                    "end the export with `antiphon export --resume`, or take another copy; what is stored is known when \
                     you repeat the command",
                ));
            }
            let glance: Glance =
                serde_json::from_slice(&self.line).map_err(|error| self.damaged(error))?;
            if glance.position.is_some() {
                let event = serde_json::from_slice::<ReadEvent<'_>>(&self.line)
                    .map_err(|error| error.to_string())
                    .and_then(ReadEvent::event)
                    .map_err(|error| self.damaged(error))?;
                batch.push(event);
            } else {
                let end = serde_json::from_slice::<ReadState<'_>>(&self.line)
                    .map_err(|error| error.to_string())
                    .and_then(|state| state.add_to(states, removed))
                    .map_err(|error| self.damaged(error))?;
                if end.is_some() {
                    if self.next()? {
                        return Err(self.damaged(
                            "it stands behind the export's last line; import each file by itself",
                        ));
                    }
                    return Ok((batch, end));
                }
            }
        }
        Ok((batch, None))
    }

    fn damaged(&self, what: impl std::fmt::Display) -> Failure {
        // Each line is read by itself, so that its number within itself says nothing.
        let what = what
            .to_string()
            .replace(" at line 1 column ", " at column ");
        let error = format!("line {} of {} is damaged: {what}", self.number, self.name);
        Failure::new(Exit::Failed, error).hint(
            "take another copy of the file; what is stored is known when you repeat the command",
        )
    }
}
