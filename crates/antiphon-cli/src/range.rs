//! Where in a journal to begin and to end, and its last events.
//!
//! A time is found by halving the way through the positions, since events are stored as they are received; a clock that
//! was set back makes it a little early or late.

use std::{collections::VecDeque, sync::Arc};

use antiphon_core::{Event, Journal, Position, ReadError};
use antiphon_journal::{Filter, Inspect};
use jiff::{Timestamp, Zoned};

use crate::{
    failure::Failure,
    moment::{Moment, Reading},
};

/// The position before the first event at or behind a moment; `end` bounds the search for a time.
///
/// # Errors
/// A day beyond the calendar, and a journal that cannot be read.
pub(crate) async fn begin(
    journal: &(impl Journal + ?Sized),
    since: Moment,
    now: &Zoned,
    end: Position,
) -> Result<Position, Failure> {
    match since {
        Moment::Position(position) => Ok(position.previous()),
        since => {
            let time = instant(since, now, Reading::Earlier)?;
            Ok(before(journal, time, end).await?)
        }
    }
}

/// The position of the last event before a time, or a position itself, but none behind `end`.
///
/// # Errors
/// As [`begin`].
pub(crate) async fn finish(
    journal: &(impl Journal + ?Sized),
    until: Moment,
    now: &Zoned,
    end: Position,
) -> Result<Position, Failure> {
    match until {
        Moment::Position(position) => Ok(position.min(end)),
        until => {
            let time = instant(until, now, Reading::Later)?;
            Ok(before(journal, time, end).await?)
        }
    }
}

fn instant(moment: Moment, now: &Zoned, reading: Reading) -> Result<Timestamp, Failure> {
    let at = moment.instant(now, reading);
    let at = at.map_err(|error| {
        Failure::usage(error).hint("name a day of the calendar, or a position such as `4711`")
    })?;
    Ok(at.expect("a position was told apart"))
}

/// The position before the first event that was received at `time` or later.
///
/// # Errors
/// The journal cannot be read.
async fn before(
    journal: &(impl Journal + ?Sized),
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

/// The last events of a stretch.
pub(crate) struct Last {
    /// In the journal's order.
    pub(crate) events: VecDeque<Arc<Event>>,
    /// Everything of the stretch behind this position was looked at.
    pub(crate) from: Position,
}

/// The last `count` events behind the first position and up to the second that the filter and `taken` take.
///
/// The journal is read forwards, in steps back that grow while too little is found; it ends early once `is_over`.
///
/// # Errors
/// The journal cannot be read, and what `taken` says.
pub(crate) async fn last(
    journal: &dyn Inspect,
    (after, until): (Position, Position),
    count: usize,
    filter: &Filter,
    mut taken: impl FnMut(&[Arc<Event>]) -> Result<Vec<Arc<Event>>, Failure>,
    is_over: impl Fn() -> bool,
) -> Result<Last, Failure> {
    /// Events of a page.
    const PAGE: usize = 1000;
    /// Positions of the first step; each further one is twice as long.
    const FIRST_STEP: u64 = 1024;
    let mut events = VecDeque::new();
    let (mut from, mut length) = (until, FIRST_STEP);
    while events.len() < count && from > after && !is_over() {
        let before = from;
        from = Position::new(before.get().saturating_sub(length)).max(after);
        let mut stretch = VecDeque::new();
        let mut at = from;
        while at < before {
            let page = journal.read_where(at, PAGE, filter).await?;
            let is_behind = |event: &Arc<Event>| event.position() > before;
            let inside = page.events.iter().position(is_behind);
            stretch.extend(taken(&page.events[..inside.unwrap_or(page.events.len())])?);
            // Only so many are kept, however many there are.
            let surplus = (stretch.len() + events.len()).saturating_sub(count);
            stretch.drain(..surplus.min(stretch.len()));
            if page.through == at {
                break;
            }
            at = page.through;
        }
        stretch.append(&mut events);
        events = stretch;
        length = length.saturating_mul(2);
    }
    Ok(Last { events, from })
}
