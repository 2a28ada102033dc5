//! One bucket: how many requests it takes until when.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, Notify},
    time::Instant,
};

use super::Verdict;
use crate::error::Scope;

/// Where a bucket's requests wait, in order of coming; only the first asks.
#[derive(Debug, Default)]
pub(in crate::http) struct Line {
    pub(in crate::http) first: Mutex<()>,
    /// An answer changed what the first was told.
    pub(in crate::http) changed: Notify,
}

/// What an answer says of its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Window {
    /// Requests in a window.
    pub(in crate::http) limit: u32,
    /// Those left.
    pub(in crate::http) remaining: u32,
    /// When the next window begins, from now.
    pub(in crate::http) reset_after: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Bucket {
    line: Arc<Line>,
    known: Known,
    in_flight: u32,
    /// How many requests it was asked for in all.
    sent: u64,
    /// Counts the windows, so that a late answer is not taken for one of the present.
    window: u64,
    /// When the newest request of which an answer spoke of a window was sent.
    newest: Order,
    /// What the newest 429 of the bot's own limit asked for.
    own: Block,
    /// What the newest 429 of a limit that others share asked for.
    shared: Block,
}

/// What is known of a bucket.
#[derive(Debug, Default)]
enum Known {
    /// Nothing: one request goes alone, to find out.
    #[default]
    Nothing,
    /// It has no limit that answers speak of.
    Unlimited,
    Limited {
        limit: u32,
        remaining: u32,
        /// Unknown between the first request of a window and its answer.
        resets_at: Option<Instant>,
    },
}

/// Where a request stands among all that were sent; later ones are greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order(pub(super) u64);

/// Where a request stands in its bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    /// In which window it was counted.
    window: u64,
    /// How many came before it, and itself.
    sent: u64,
}

/// A time before which no request may go, as the newest 429 says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Block {
    until: Option<Instant>,
    by: Order,
}

impl Block {
    /// Takes the word of a 429, unless one of a later request was heard.
    pub(super) fn put(&mut self, until: Instant, by: Order) {
        if by >= self.by {
            *self = Self {
                until: Some(until),
                by,
            };
        }
    }

    /// When it ends, if it holds.
    pub(super) fn end(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }
}

impl Bucket {
    /// A bucket of which nothing is known yet, where those of another line wait.
    pub(super) fn with(line: Arc<Line>) -> Self {
        Self {
            line,
            ..Self::default()
        }
    }

    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// Gives its line away, and has a new one.
    pub(super) fn take_line(&mut self) -> Arc<Line> {
        std::mem::take(&mut self.line)
    }

    /// How many of its requests are under way.
    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Why a request may not go now, if it may not.
    pub(super) fn obstacle(&mut self, now: Instant) -> Option<Verdict> {
        let blocks = [(self.own, Scope::User), (self.shared, Scope::Shared)];
        let blocks = blocks
            .iter()
            .filter_map(|(block, scope)| Some((block.end(now)?, *scope)));
        if let Some((until, scope)) = blocks.max_by_key(|(until, _)| *until) {
            return Some(Verdict::At(until, scope));
        }
        match &mut self.known {
            Known::Nothing => (self.in_flight > 0).then_some(Verdict::AfterAnother),
            Known::Unlimited => None,
            Known::Limited {
                limit,
                remaining,
                resets_at,
            } => {
                if resets_at.is_some_and(|at| at <= now) {
                    // Where answers came late, those still under way may count in the server's new window already.
                    *remaining = limit.saturating_sub(self.in_flight);
                    *resets_at = None;
                    self.window += 1;
                }
                match resets_at {
                    _ if *remaining > 0 => None,
                    Some(at) => Some(Verdict::At(*at, Scope::User)),
                    None if self.in_flight > 0 => Some(Verdict::AfterAnother),
                    // Every request of this window was lost.
                    None => None,
                }
            }
        }
    }

    /// Counts a request that goes.
    pub(super) fn count(&mut self) -> Count {
        self.in_flight += 1;
        self.sent += 1;
        if let Known::Limited { remaining, .. } = &mut self.known {
            *remaining = remaining.saturating_sub(1);
        }
        Count {
            window: self.window,
            sent: self.sent,
        }
    }

    /// Notes that one of its requests is no longer under way.
    pub(super) fn landed(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Notes what an answer to one of its own requests says, which is no longer under way.
    pub(super) fn answered(&mut self, count: Count, by: Order, window: &Window, now: Instant) {
        // A late answer may speak of a window that is over, as far as anybody here knows.
        if count.window == self.window {
            let later = self.sent - count.sent;
            self.follow(by, window, u32::try_from(later).unwrap_or(u32::MAX), 0, now);
        }
    }

    /// Notes what an answer says to a request that was counted elsewhere, as `others` are that are under way.
    pub(super) fn answered_elsewhere(
        &mut self,
        by: Order,
        window: &Window,
        others: u32,
        now: Instant,
    ) {
        self.follow(by, window, self.in_flight, others, now);
    }

    /// Follows the window of the newest answer, be it longer or shorter; `later` requests went after its own.
    ///
    /// Answers overtake one another: the newest is that to the request that was sent last.
    fn follow(&mut self, by: Order, window: &Window, later: u32, others: u32, now: Instant) {
        if by < self.newest {
            return;
        }
        self.newest = by;
        let left = |gone: u32| window.remaining.saturating_sub(gone.saturating_add(others));
        // Earlier requests that are still under way may not be counted there yet.
        let (told, careful) = (left(later), left(self.in_flight));
        let remaining = match self.known {
            Known::Limited { remaining, .. } if told > remaining => remaining.max(careful),
            Known::Limited { .. } => told,
            Known::Nothing | Known::Unlimited => careful,
        };
        self.known = Known::Limited {
            limit: window.limit,
            remaining,
            resets_at: Some(now + window.reset_after),
        };
    }

    /// Notes that an answer speaks of no limit.
    pub(super) fn is_unlimited(&mut self) {
        if matches!(self.known, Known::Nothing) {
            self.known = Known::Unlimited;
        }
    }

    /// No request may go before this time.
    pub(super) fn block(&mut self, until: Instant, scope: Scope, by: Order) {
        let block = match scope {
            Scope::Shared => &mut self.shared,
            Scope::User | Scope::Global => &mut self.own,
        };
        block.put(until, by);
    }

    /// Whether forgetting it changes nothing: nobody waits, nothing is under way, no window is open.
    pub(super) fn is_at_rest(&self, now: Instant) -> bool {
        let is_open = match self.known {
            Known::Limited { resets_at, .. } => resets_at.is_some_and(|at| at > now),
            Known::Nothing | Known::Unlimited => false,
        };
        let is_blocked = [self.own, self.shared]
            .iter()
            .any(|block| block.end(now).is_some());
        Arc::strong_count(&self.line) == 1 && self.in_flight == 0 && !is_open && !is_blocked
    }
}
