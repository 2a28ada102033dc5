//! The bot's limit over all routes: so many requests in any second.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::bucket::{Block, Order};

const SECOND: Duration = Duration::from_secs(1);

/// Never more than the limit within any second, wherever that second begins.
#[derive(Debug)]
pub(super) struct Global {
    limit: usize,
    /// When the last ones went, at most the limit of them.
    sent: VecDeque<Instant>,
    /// What the newest global 429 asked for.
    blocked: Block,
}

impl Global {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            sent: VecDeque::new(),
            blocked: Block::default(),
        }
    }

    /// When the next request may go, if not now.
    pub(super) fn obstacle(&mut self, now: Instant) -> Option<Instant> {
        if let Some(until) = self.blocked.end(now) {
            return Some(until);
        }
        while self.sent.front().is_some_and(|at| *at + SECOND <= now) {
            self.sent.pop_front();
        }
        let is_full = self.sent.len() >= self.limit;
        self.sent.front().filter(|_| is_full).map(|at| *at + SECOND)
    }

    /// Counts one that goes now.
    pub(super) fn count(&mut self, now: Instant) {
        self.sent.push_back(now);
    }

    /// No request may go before this time.
    pub(super) fn block(&mut self, until: Instant, by: Order) {
        self.blocked.put(until, by);
    }
}
