//! The committer's pace: how long events wait for others that are stored with them.
//!
//! A commit costs as much as storing ten events, so that what comes one by one is cheaper together. Whether it may wait
//! depends on who waits for it:
//!
//! - An event that a handler, a waiter, a stream or a tap takes is stored at once after a pause. While events flow it
//!   waits for a millisecond after the last commit, or for [`BREATH`] times the usual length of a commit if that is
//!   more, so that a slow journal gathers more. A journal in memory makes it wait for nothing.
//! - An event that nobody takes is stored for later alone, and waits for up to [`App::group_commit`], which is also the
//!   bound of the other wait.
//!
//! Eight events wait for no more company, whoever takes them.
//!
//! [`App::group_commit`]: crate::App::group_commit

use std::time::Duration;

use antiphon_core::Kind;
use tokio::time::Instant;

/// Events that wait for no more company.
pub(crate) const GROUP: usize = 8;

/// The pause between two commits, in lengths of a commit.
///
/// With 2, commits take at most a third of the time while fewer than [`GROUP`] events come in a pause.
const BREATH: u32 = 2;

/// Shortest pause; the timers of the runtime are no finer.
const SHORTEST: Duration = Duration::from_millis(1);

/// Commits of less than this are those of a journal in memory, and need no pause.
const NOTHING: Duration = Duration::from_micros(50);

/// Tells whether anybody waits for events of a kind.
pub(crate) type Heard = Box<dyn FnMut(&Kind) -> bool + Send>;

/// How far commits of events are apart.
pub(crate) struct Pace {
    /// Longest wait of an event; see [`App::group_commit`](crate::App::group_commit).
    longest: Duration,
    heard: Heard,
    /// When the last commit ended.
    ended: Option<Instant>,
    /// The usual length of a commit.
    usual: Option<Duration>,
}

impl Pace {
    pub(crate) fn new(longest: Duration, heard: Heard) -> Self {
        Self {
            longest,
            heard,
            ended: None,
            usual: None,
        }
    }

    /// Notes a commit that has just ended.
    ///
    /// One that took unusually long counts as four usual ones, so that a stall of the disk makes no later event wait.
    pub(crate) fn committed(&mut self, begun: Instant) {
        let now = Instant::now();
        let length = now - begun;
        self.ended = Some(now);
        self.usual = Some(match self.usual {
            None => length,
            Some(usual) => (usual * 7 + length.min(usual * 4 + SHORTEST)) / 8,
        });
    }

    /// The time until which events of these kinds wait for company; `None` if they are stored now.
    pub(crate) fn until<'a>(
        &mut self,
        mut kinds: impl Iterator<Item = &'a Kind>,
    ) -> Option<Instant> {
        let ended = self.ended?;
        let pause = if kinds.any(|kind| (self.heard)(kind)) {
            let usual = self.usual.filter(|usual| *usual >= NOTHING)?;
            (usual * BREATH).max(SHORTEST).min(self.longest)
        } else {
            self.longest
        };
        let until = ended + pause;
        (Instant::now() < until).then_some(until)
    }
}
