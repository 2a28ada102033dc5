//! `antiphon import`.
//!
//! The first line is looked at before the journal is opened, so that a file that is no export makes none. Events are
//! then stored in batches, each in one transaction; states come last in the file and are stored last, in one
//! transaction, so that no cursor is ever ahead of its events. Repeating the command goes on: known origins are passed
//! over.

mod lines;

use std::borrow::Cow;

use antiphon_journal::{Identity, Imported, Inspect, States};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::task::block_in_place;

pub(crate) use self::lines::Lines;
use crate::{
    args::Import,
    command::export::events,
    config::{self, Config},
    failure::{Exit, Failure},
    journal::{self, location::Location},
    output::{Form, Output, say},
    progress::Progress,
    signals::Stop,
    transfer::{self, Header},
};

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
    let progress = Progress::new(lines.length(), "importing");
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
            return Ok(Ended::Stopped {
                line: lines.number(),
            });
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
        progress.at(lines.read_bytes());
        let Some(end) = end else { continue };
        let found = all.stored + all.repeats;
        if end.events != found {
            let error = format!(
                "{} has {} and says that it has {}",
                lines.name(),
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
