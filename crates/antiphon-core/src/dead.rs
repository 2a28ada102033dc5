//! Events whose handler failed for good.
//!
//! A dead letter is the last resort of a handler: the event is not lost, and its lane goes on. It has a copy of the
//! event, so that retention cannot take it away, and stays until somebody replays or drops it (`antiphon dead`, or a
//! `Journal`).

use std::{fmt, num::ParseIntError, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ConsumerName, Event};

/// A dead letter's number in its journal, from 1.
///
/// ```
/// use antiphon_core::DeadLetterId;
///
/// assert_eq!("12".parse(), Ok(DeadLetterId(12)));
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct DeadLetterId(pub u64);

impl fmt::Display for DeadLetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for DeadLetterId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// An event whose handler failed for good, kept with a copy and its error until someone replays or drops it.
///
/// One consumer, handler and event have one letter: a later failure takes the place of the earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number; zero until the journal stored it.
    pub id: DeadLetterId,
    /// Whose handler failed.
    pub consumer: ConsumerName,
    /// Name of the handler; empty if the event could not be given to any (it killed the process).
    pub handler: String,
    /// The event itself, kept here whatever retention does.
    pub event: Event,
    /// The error and its causes, joined by `: `.
    pub error: String,
    /// How often the handler was tried.
    pub attempts: u32,
    /// When it was given up.
    pub at: Timestamp,
    /// Whether someone asked for it to be handled again and it has not been yet.
    pub replay: bool,
}
