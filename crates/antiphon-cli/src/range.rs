//! Where in a journal to begin and to end.
//!
//! A time is found by halving the way through the positions, since events are stored as they are received; a clock that
//! was set back makes it a little early or late.

use antiphon_core::{Journal, Position, ReadError};
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
    journal: &impl Journal,
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
    journal: &impl Journal,
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
    let at = moment.instant(now, reading).map_err(Failure::usage)?;
    Ok(at.expect("a position was told apart"))
}

/// The position before the first event that was received at `time` or later.
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
