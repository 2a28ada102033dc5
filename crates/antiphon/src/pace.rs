//! The committer's pace: how long events wait for others that are stored with them.
//!
//! A commit costs as much as storing ten events, so that what comes one by one is cheaper together. Whether it may wait
//! depends on who waits for it:
//!
//! - An event that a handler, a waiter, a stream or a tap takes, or any event while another process follows
//!   (`followers.rs`), is stored at once after a pause. While events flow it
//!   waits for a millisecond after the last commit, or for [`BREATH`] times the usual length of a commit if that is
//!   more, so that a slow journal gathers more. A journal in memory makes it wait for nothing.
//! - An event that nobody takes is stored for later alone, and waits for up to [`App::group_commit`], which is also the
//!   bound of the other wait.
//!
//! [`GROUP`] events of which somebody takes one wait for no more company, nor do [`CROWD`] others. The committer is not
//! even woken for the latter one by one.
//!
//! [`App::group_commit`]: crate::App::group_commit

use std::{sync::Arc, time::Duration};

use antiphon_core::{IsUrgent, Kind};
use tokio::time::Instant;

/// Events that wait for no more company, if somebody takes one of them.
const GROUP: usize = 8;

/// Events that nobody takes and that wait for no more company: a quarter of what the intake holds by default, so that
/// sources find room meanwhile.
const CROWD: usize = 256;

/// The pause between two commits, in lengths of a commit.
///
/// With 2, commits take at most a third of the time while fewer than [`GROUP`] events come in a pause.
const BREATH: u32 = 2;

/// Shortest pause; the timers of the runtime are no finer.
const SHORTEST: Duration = Duration::from_millis(1);

/// Commits of less than this are those of a journal in memory, and need no pause.
const NOTHING: Duration = Duration::from_micros(50);

/// A wait for company.
pub(crate) struct Hold {
    /// When it ends.
    pub(crate) until: Instant,
    /// How many more events end it early, if nobody takes them; absent where any event has to be looked at.
    pub(crate) missing: Option<usize>,
}

/// How far commits of events are apart.
pub(crate) struct Pace {
    /// Longest wait of an event; see [`App::group_commit`](crate::App::group_commit).
    longest: Duration,
    /// Tells whether anybody takes events of a kind.
    heard: IsUrgent,
    /// When the last commit ended.
    ended: Option<Instant>,
    /// The usual length of a commit.
    usual: Option<Duration>,
}

impl Pace {
    pub(crate) fn new(longest: Duration, heard: IsUrgent) -> Self {
        Self {
            longest,
            heard,
            ended: None,
            usual: None,
        }
    }

    /// Tells whether anybody takes events of a kind, so that they are not to wait.
    pub(crate) fn heard(&self) -> IsUrgent {
        Arc::clone(&self.heard)
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

    /// The wait of these events for company; `None` if they are stored now.
    pub(crate) fn hold<'a>(
        &self,
        count: usize,
        mut kinds: impl Iterator<Item = &'a Kind>,
    ) -> Option<Hold> {
        let ended = self.ended?;
        let is_heard = kinds.any(|kind| (self.heard)(kind));
        let (pause, most) = if is_heard {
            let usual = self.usual.filter(|usual| *usual >= NOTHING)?;
            let pause = (usual * BREATH).max(SHORTEST).min(self.longest);
            (pause, GROUP)
        } else {
            (self.longest, CROWD)
        };
        let until = ended + pause;
        (count < most && Instant::now() < until).then(|| Hold {
            until,
            missing: (!is_heard).then_some(most - count),
        })
    }
}
