//! `antiphon dead`.
//!
//! Reading goes through a read-only journal, also beside a running daemon. So does changing (`Inspect::change_letter`):
//! if nobody appends, the change is made at once; otherwise the request is left in the file and the appending process
//! takes it up within about a second. A replay is handled by the program whose consumer the letter names; nobody else
//! takes it.
//!
//! Numbers are checked before anything is changed, so that a command with one wrong number does nothing. `choice` has the
//! filters, the question before all letters are forgotten, and warnings of letters that are too old to be of use.

mod choice;

use std::sync::Arc;

use antiphon_core::{DeadLetter, DeadLetterChange, DeadLetterId, Journal};
use antiphon_journal::{Asked, Inspect};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    args::{Dead, DeadCommand, LetterFilter, Where, Which},
    config, doubt,
    failure::{Exit, Failure},
    journal::{self, location::Location},
    output::{Form, Output, say, table},
    show,
    signals::Stop,
};

/// Dead letters of a page.
///
/// All pages are read before anything is shown, so that a table has the widths of all rows.
const PAGE: usize = 200;

/// # Errors
/// A journal that is not there or cannot be read, and a number that no dead letter has.
pub(crate) async fn dead(args: Dead, stop: &Stop) -> anyhow::Result<Exit> {
    match args.command {
        DeadCommand::List {
            filter,
            journal,
            shape,
        } => list(&filter, &journal, Output::stdout(shape.output)).await,
        DeadCommand::Show { id, journal, shape } => {
            show_one(DeadLetterId(id), &journal, Output::stdout(shape.output)).await
        }
        DeadCommand::Replay {
            which,
            filter,
            journal,
            shape,
        } => {
            let (open, letters) = chosen(&which, &filter, &journal).await?;
            let retention = config::retention_of(config::of_place(&journal)?.as_ref());
            choice::warn(&letters, &retention, Timestamp::now());
            let output = Output::stdout(shape.output);
            change(&letters, open, Change::Replay, output).await
        }
        DeadCommand::Drop {
            which,
            filter,
            yes,
            journal,
            shape,
        } => {
            let (open, letters) = chosen(&which, &filter, &journal).await?;
            choice::confirm(letters.len(), yes || !which.all, stop).await?;
            let output = Output::stdout(shape.output);
            change(&letters, open, Change::Drop, output).await
        }
    }
}

/// An event whose handler failed for good.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeadLetter")]
pub(crate) struct Line<'a> {
    /// Number of the dead letter in its journal.
    #[schemars(with = "u64")]
    id: DeadLetterId,
    /// Consumer whose handler failed.
    consumer: &'a str,
    /// Name of the handler; empty if the event ended the process again and again, so that no handler is to blame.
    handler: &'a str,
    /// The error and its causes.
    error: &'a str,
    /// Calls that were made before it was given up.
    attempts: u32,
    /// When it was given up, in UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Timestamp,
    /// Whether somebody asked for it to be handled again, and it has not been yet.
    replay: bool,
    /// The event, as `antiphon tail` prints it.
    event: show::Line<'a>,
}

/// A change of a dead letter.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeadLetterChange")]
pub(crate) struct Changed {
    /// Number of the dead letter.
    #[schemars(with = "u64")]
    id: DeadLetterId,
    /// What was asked for.
    change: Change,
    /// Whether the change is made; if not, the process that owns the journal makes it within about a second.
    done: bool,
}

/// What `replay` and `drop` ask for.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Change {
    /// To be handled again, by the program that owns the journal.
    Replay,
    /// To be forgotten.
    Drop,
}

impl Change {
    fn of(self, id: DeadLetterId) -> DeadLetterChange {
        match self {
            Self::Replay => DeadLetterChange::Replay(id),
            Self::Drop => DeadLetterChange::Drop(id),
        }
    }

    /// What the last line of the text form says of the letters.
    fn done(self) -> &'static str {
        match self {
            Self::Replay => "to be handled again",
            Self::Drop => "dropped",
        }
    }
}

impl<'a> Line<'a> {
    fn new(letter: &'a DeadLetter) -> Self {
        Self {
            id: letter.id,
            consumer: letter.consumer.as_str(),
            handler: &letter.handler,
            error: &letter.error,
            attempts: letter.attempts,
            at: letter.at,
            replay: letter.replay,
            event: show::Line::new(&letter.event),
        }
    }
}

/// Reads all dead letters, a page at a time.
///
/// # Errors
/// The journal cannot be read.
async fn letters(journal: &(impl Journal + ?Sized)) -> Result<Vec<DeadLetter>, Failure> {
    let mut letters: Vec<DeadLetter> = Vec::new();
    loop {
        let after = letters.last().map_or(DeadLetterId(0), |letter| letter.id);
        let page = journal.dead_letters(after, PAGE).await?;
        if page.is_empty() {
            return Ok(letters);
        }
        letters.extend(page);
    }
}

/// An empty list is no failure: the text form says so on stderr, the JSON form prints nothing.
async fn list(filter: &LetterFilter, place: &Where, mut output: Output) -> anyhow::Result<Exit> {
    let config = config::of_place(place)?;
    let retention = config::retention_of(config.as_ref());
    let journal = journal::to_read(&config::journal_of(place, config.as_ref())?).await?;
    let mut letters = letters(&*journal).await?;
    let now = Timestamp::now();
    letters.retain(|letter| filter.takes(letter, now));
    warn_of_patterns(&*journal, filter, &letters).await?;
    match output.form() {
        Form::Json => {
            for letter in &letters {
                output.json(&Line::new(letter))?;
            }
        }
        Form::Text if letters.is_empty() && filter.is_empty() => say("there are no dead letters"),
        Form::Text if letters.is_empty() => say("no dead letter fits"),
        Form::Text => {
            let rows: Vec<_> = letters.iter().map(row).collect();
            let head = [
                "id", "given up", "consumer", "handler", "event", "tries", "error",
            ];
            for line in table(head, &rows) {
                output.line(line)?;
            }
        }
    }
    output.flush()?;
    choice::warn(&letters, &retention, now);
    Ok(Exit::Done)
}

/// The cells of one line: id, time to the second, consumer, handler, kind and position of the event, tries, error.
fn row(letter: &DeadLetter) -> [String; 7] {
    let kind = letter.event.kind();
    let replay = if letter.replay {
        " (to be handled again)"
    } else {
        ""
    };
    [
        letter.id.to_string(),
        format!("{:.0}", letter.at),
        letter.consumer.to_string(),
        letter.handler.clone(),
        format!("{kind} #{}", letter.event.position()),
        letter.attempts.to_string(),
        format!("{}{replay}", letter.error),
    ]
}

/// All fields, one on each line, with the whole body of the event.
async fn show_one(id: DeadLetterId, place: &Where, mut output: Output) -> anyhow::Result<Exit> {
    let journal = journal::to_read(&config::journal(place)?).await?;
    let page = journal
        .dead_letters(DeadLetterId(id.0.saturating_sub(1)), 1)
        .await
        .map_err(Failure::from)?;
    let letter = page
        .into_iter()
        .find(|letter| letter.id == id)
        .ok_or_else(|| none(id))?;
    if output.form() == Form::Json {
        output.json(&Line::new(&letter))?;
    } else {
        let event = &letter.event;
        let lines = [
            ("id", letter.id.to_string()),
            ("given up", format!("{:.0}", letter.at)),
            ("consumer", letter.consumer.to_string()),
            ("handler", letter.handler.clone()),
            ("tries", letter.attempts.to_string()),
            ("error", letter.error.clone()),
            (
                "replay",
                if letter.replay { "asked for" } else { "no" }.to_owned(),
            ),
            ("position", event.position().to_string()),
            ("source", event.source().to_string()),
            ("kind", event.kind().to_string()),
            ("place", event.place().to_string()),
            ("origin", event.origin().to_string()),
            ("provenance", event.provenance().to_string()),
            ("received", event.received_at().to_string()),
            ("body", String::from_utf8_lossy(event.body()).into_owned()),
        ];
        for (name, value) in lines {
            output.line(format_args!("{name:<10}  {value}"))?;
        }
    }
    output.flush()?;
    Ok(Exit::Done)
}

/// Warns of patterns that fit nothing, where no letter fits.
///
/// # Errors
/// The journal cannot be read.
async fn warn_of_patterns(
    journal: &dyn Inspect,
    filter: &LetterFilter,
    found: &[DeadLetter],
) -> Result<(), Failure> {
    if found.is_empty() {
        doubt::warn(journal, &filter.kinds, &[], &filter.sources).await?;
    }
    Ok(())
}

/// The message for a number that no letter has; the hint names the command that lists them.
fn none(id: DeadLetterId) -> Failure {
    Failure::new(Exit::Failed, format!("there is no dead letter {id}"))
        .hint("`antiphon dead list` shows those there are")
}

/// A journal whose letters are to be changed.
struct Open {
    location: Location,
    journal: Arc<dyn Inspect>,
}

/// The letters that numbers, or `--all` and filters, name.
///
/// # Errors
/// A number that no letter has, and filters beside numbers.
async fn chosen(
    which: &Which,
    filter: &LetterFilter,
    place: &Where,
) -> Result<(Open, Vec<DeadLetter>), Failure> {
    if !which.all && !filter.is_empty() {
        let failure = Failure::usage("a filter chooses among all dead letters");
        return Err(failure.hint("add `--all`, or leave the filter out and give numbers"));
    }
    let location = config::journal(place)?;
    let journal = journal::to_read(&location).await?;
    let mut there = letters(&*journal).await?;
    if which.all {
        let now = Timestamp::now();
        there.retain(|letter| filter.takes(letter, now));
        warn_of_patterns(&*journal, filter, &there).await?;
        return Ok((Open { location, journal }, there));
    }
    let ids = which.ids.iter().copied().map(DeadLetterId);
    let find = |id| {
        let mut there = there.iter();
        let letter = there.find(|letter| letter.id == id);
        letter.cloned().ok_or_else(|| none(id))
    };
    let letters = ids.map(find).collect::<Result<_, _>>()?;
    Ok((Open { location, journal }, letters))
}

/// One line for all letters in text, and one for each in JSON.
async fn change(
    letters: &[DeadLetter],
    open: Open,
    change: Change,
    mut output: Output,
) -> anyhow::Result<Exit> {
    let Open { location, journal } = open;
    let mut writer = None;
    let mut queued = false;
    for letter in letters {
        let id = letter.id;
        let asked = journal::change_letter(&location, &*journal, &mut writer, change.of(id)).await;
        let is_queued = asked? == Asked::Queued;
        queued |= is_queued;
        if output.form() == Form::Json {
            output.json(&Changed {
                id,
                change,
                done: !is_queued,
            })?;
        }
    }
    if let Some(writer) = writer {
        writer.close().await.map_err(Failure::from)?;
    }
    if output.form() == Form::Json {
        output.flush()?;
        return Ok(Exit::Done);
    }
    let count = letters.len();
    say(format_args!(
        "{}: {count} dead letter{}",
        change.done(),
        if count == 1 { "" } else { "s" }
    ));
    if queued {
        say("the process that owns the journal does so within about a second");
    }
    Ok(Exit::Done)
}
