//! The committer's pace: how long events wait for others that are stored with them.
//!
//! A commit costs as much as storing ten events, so that what comes one by one is cheaper together. Whether it may wait
//! depends on who waits for it:
//!
//! - An event that a handler, a waiter, a stream or a tap takes is stored at once after a pause, and while events flow
//!   once [`BREATH`] times the usual length of a commit has passed since the last one. A fast journal then makes it wait
//!   for about a millisecond, and a slow one gathers more.
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

/// Shortest pause: a timer of the runtime is no finer than a millisecond, and would make a shorter one longer.
const SHORTEST: Duration = Duration::from_micros(500);

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
            let breath = self.usual.unwrap_or_default() * BREATH;
            if breath < SHORTEST {
                return None;
            }
            breath.min(self.longest)
        } else {
            self.longest
        };
        let until = ended + pause;
        (Instant::now() < until).then_some(until)
    }
}
