//! `antiphon tail`.
//!
//! It reads pages of a read-only journal. The file has no index by kind, place or time, so that a filter passes over the
//! other rows, without reading their bodies.
//! `--since` with a time is a search by halves over positions, since events are stored as they are received; a clock
//! that was set back makes it begin a little early or late.
//!
//! Without `--follow` it ends at the event that was the last when it began, however fast the journal grows.

use std::time::Duration;

use antiphon_core::{Journal, Position, ReadError};
use antiphon_journal::Filter;
use jiff::Timestamp;

use crate::{
    args::{Since, Tail},
    config,
    failure::{Exit, Failure},
    journal,
    output::Output,
    show,
    signals::Stop,
};

/// Events of a page.
///
/// A page ends earlier at 8 MiB.
const PAGE: usize = 1000;

/// # Errors
/// No journal, one that cannot be read, and one whose files were changed by somebody else meanwhile (exit code 5).
pub(crate) async fn tail(args: Tail, stop: &Stop) -> anyhow::Result<Exit> {
    let journal = journal::to_read(&config::journal(&args.journal)?).await?;
    let mut output = Output::stdout(args.shape.output);
    let mut last = journal.last();
    let end = *last.borrow_and_update();
    let mut after = match args.since {
        Some(since) => begin(&journal, since, end).await.map_err(Failure::from)?,
        None if args.follow => end,
        None => Position::ZERO,
    };
    let wanted = wanted(&args);
    loop {
        let page = journal.read_where(after, PAGE, &wanted).await;
        let page = page.map_err(Failure::from)?;
        for event in &page.events {
            if !args.follow && event.position() > end {
                break;
            }
            show::event(&mut output, event)?;
        }
        let is_end = page.through == after;
        after = page.through;
        if stop.token().is_cancelled() {
            break;
        }
        if is_end || (!args.follow && after >= end) {
            output.flush()?;
            if !args.follow {
                return Ok(Exit::Done);
            }
            tokio::select! {
                () = stop.asked() => break,
                stored = last.changed() => if stored.is_err() { break },
            }
        }
    }
    output.flush()?;
    Ok(stop.exit())
}

/// The position before the first event to show.
///
/// `end` bounds the search for a time.
pub(crate) async fn begin(
    journal: &impl Journal,
    since: Since,
    end: Position,
) -> Result<Position, ReadError> {
    let now = Timestamp::now();
    match since {
        Since::Position(position) => Ok(position.previous()),
        Since::Time(time) => before(journal, time, end).await,
        Since::Ago(length) => {
            let length = length.min(Duration::from_secs(1 << 33));
            let time = now.checked_sub(length).unwrap_or(Timestamp::MIN);
            before(journal, time, end).await
        }
    }
}

/// The position before the first event that was received at `time` or later.
///
/// Events are stored as they are received, so halving the way to the end finds it in a few dozen reads.
///
/// # Errors
/// The journal cannot be read.
async fn before(
    journal: &impl Journal,
    time: Timestamp,
    end: Position,
) -> Result<Position, ReadError> {
    let (mut early, mut late) = (0, end.get());
    while early < late {
        let middle = early + (late - early) / 2;
        let page = journal.read(Position::new(middle), 1).await?;
        match page.first() {
            Some(event) if event.received_at() < time => early = event.position().get(),
            _ => late = middle,
        }
    }
    Ok(Position::new(early))
}

/// The events to show: patterns of one option are alternatives, and the three options must all fit.
fn wanted(args: &Tail) -> Filter {
    let mut filter = Filter::new();
    for kind in &args.kinds {
        filter = filter.kind(kind.clone());
    }
    for place in &args.places {
        filter = filter.place(place.clone());
    }
    for source in &args.sources {
        filter = filter.source(source.as_str().into());
    }
    filter
}
