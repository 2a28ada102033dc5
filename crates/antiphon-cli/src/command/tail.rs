//! `antiphon tail`.
//!
//! It reads pages of a read-only journal and filters them itself: the file has no index by kind, place or time.
//! `--since` with a time is a search by halves over positions, since events are stored as they are received; a clock
//! that was set back makes it begin a little early or late.
//!
//! Without `--follow` it ends at the event that was the last when it began, however fast the journal grows.

use std::time::Duration;

use antiphon_core::{Event, Journal, KindPattern, Position, ReadError};
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
    let wanted = Wanted::new(&args);
    loop {
        let page = journal.read(after, PAGE).await.map_err(Failure::from)?;
        for event in &page {
            after = event.position();
            if !args.follow && after > end {
                break;
            }
            if wanted.takes(event) {
                show::event(&mut output, event)?;
            }
        }
        if stop.token().is_cancelled() {
            break;
        }
        if page.is_empty() || (!args.follow && after >= end) {
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
async fn begin(journal: &impl Journal, since: Since, end: Position) -> Result<Position, ReadError> {
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

/// Filter of the events to show.
///
/// Patterns of one option are alternatives; the three options must all fit.
struct Wanted {
    kinds: Vec<KindPattern>,
    places: Vec<KindPattern>,
    sources: Vec<String>,
}

impl Wanted {
    fn new(args: &Tail) -> Self {
        Self {
            kinds: args.kinds.clone(),
            places: args.places.clone(),
            sources: args.sources.clone(),
        }
    }

    /// An option that was not given takes everything.
    fn takes(&self, event: &Event) -> bool {
        let fits = |globs: &[KindPattern], text: &str| {
            globs.is_empty() || globs.iter().any(|glob| glob.matches(text))
        };
        fits(&self.kinds, event.kind().as_str())
            && fits(&self.places, event.place().as_str())
            && (self.sources.is_empty()
                || self
                    .sources
                    .iter()
                    .any(|source| source == event.source().as_str()))
    }
}
