//! The rate limit of one bucket.
//!
//! A bucket is a window of some requests that Discord opens with the first of them and closes after a time that its
//! responses name ([Discord's page](https://discord.com/developers/docs/topics/rate-limits)).
//! Its state is what the newest response said, less the requests that were sent since and may not be counted in it yet.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, Notify},
    time::Instant,
};

use super::Verdict;
use crate::error::Scope;

/// Queue of a bucket's requests, first come, first served; only the first asks for a ticket.
#[derive(Debug, Default)]
pub(in crate::http) struct Line {
    pub(in crate::http) first: Mutex<()>,
    /// A response changed the bucket, so the first has to ask again.
    pub(in crate::http) changed: Notify,
}

/// State of a bucket, as the headers of a response give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Window {
    /// Requests in a window.
    pub(in crate::http) limit: u32,
    /// Requests left in this window.
    pub(in crate::http) remaining: u32,
    /// Time until the next window.
    pub(in crate::http) reset_after: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// Queue of its requests; it moves along when a route turns out to belong to another bucket.
    line: Arc<Line>,
    /// Window, if a response has named one.
    known: Known,
    /// Requests sent whose responses have not come.
    in_flight: u32,
    /// Number of requests of this bucket.
    sent: u64,
    /// Counts windows, so that a late response is not taken for one of the current window.
    window: u64,
    /// Number of the newest request whose response named a window.
    newest: Order,
    /// Block by the newest 429 of the bot's own limit.
    own: Block,
    /// Block by the newest 429 of a shared limit.
    shared: Block,
}

/// Knowledge of a bucket's limit.
#[derive(Debug, Default)]
enum Known {
    /// Unknown: one request is sent alone, to learn the limit.
    #[default]
    Nothing,
    /// Responses name no limit.
    Unlimited,
    Limited {
        /// Requests in a window.
        limit: u32,
        /// Requests left, less those sent since the response.
        remaining: u32,
        /// Unknown between the first request of a window and its answer.
        resets_at: Option<Instant>,
    },
}

/// Number of a request among all requests sent; later ones are greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order(pub(super) u64);

/// Number of a request within its bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    /// Window in which the request was counted.
    window: u64,
    /// Number of requests of the bucket up to this one.
    sent: u64,
}

/// A time before which no request may be sent, from the newest 429.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Block {
    /// End of the block; it may have passed.
    until: Option<Instant>,
    /// Number of the request that was refused.
    by: Order,
}

impl Block {
    /// Takes a 429, unless one of a later request came before.
    pub(super) fn put(&mut self, until: Instant, by: Order) {
        if by >= self.by {
            *self = Self {
                until: Some(until),
                by,
            };
        }
    }

    /// End of the block, if it still holds.
    pub(super) fn end(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }
}

impl Bucket {
    /// Creates an unknown bucket with the queue of another one.
    pub(super) fn with(line: Arc<Line>) -> Self {
        Self {
            line,
            ..Self::default()
        }
    }

    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// Takes its queue, and leaves an empty one.
    pub(super) fn take_line(&mut self) -> Arc<Line> {
        std::mem::take(&mut self.line)
    }

    /// Number of its requests in flight.
    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Reason that a request has to wait, if any.
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
                    // After late responses, requests still in flight may already count in the server's new window.
                    *remaining = limit.saturating_sub(self.in_flight);
                    *resets_at = None;
                    self.window += 1;
                }
                match resets_at {
                    _ if *remaining > 0 => None,
                    Some(at) => Some(Verdict::At(*at, Scope::User)),
                    None if self.in_flight > 0 => Some(Verdict::AfterAnother),
                    // The responses to all requests of this window were lost.
                    None => None,
                }
            }
        }
    }

    /// Counts a request that is sent.
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

    /// Notes that one of its requests is no longer in flight.
    pub(super) fn landed(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Notes the window in the response to one of its requests, which is no longer in flight.
    pub(super) fn answered(&mut self, count: Count, by: Order, window: &Window, now: Instant) {
        // A late response may name a window that is over.
        if count.window == self.window {
            let later = self.sent - count.sent;
            self.follow(by, window, u32::try_from(later).unwrap_or(u32::MAX), 0, now);
        }
    }

    /// Notes the window in the response to a request that was counted elsewhere, like the `others` in flight.
    pub(super) fn answered_elsewhere(
        &mut self,
        by: Order,
        window: &Window,
        others: u32,
        now: Instant,
    ) {
        self.follow(by, window, self.in_flight, others, now);
    }

    /// Takes the window of the newest response, longer or shorter; `later` requests were sent after its own.
    ///
    /// Responses overtake one another: the newest belongs to the request that was sent last.
    fn follow(&mut self, by: Order, window: &Window, later: u32, others: u32, now: Instant) {
        if by < self.newest {
            return;
        }
        self.newest = by;
        let left = |gone: u32| window.remaining.saturating_sub(gone.saturating_add(others));
        // Earlier requests in flight may not be counted in it yet.
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

    /// Notes that a response names no limit.
    pub(super) fn is_unlimited(&mut self) {
        if matches!(self.known, Known::Nothing) {
            self.known = Known::Unlimited;
        }
    }

    /// Blocks requests until this time.
    pub(super) fn block(&mut self, until: Instant, scope: Scope, by: Order) {
        let block = match scope {
            Scope::Shared => &mut self.shared,
            Scope::User | Scope::Global => &mut self.own,
        };
        block.put(until, by);
    }

    /// Whether the bucket is idle: no request waits or is in flight, and no window is open.
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
