//! The bot's global limit: a number of requests in any second.
//!
//! <https://discord.com/developers/docs/topics/rate-limits#global-rate-limit>
//!
//! The window slides: a request goes if fewer than the limit were sent in the second before it, so that no second of the
//! server's, wherever it begins, has more.
//! Answers to interactions and requests of webhooks are not counted, because Discord exempts them.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::bucket::{Block, Order};

const SECOND: Duration = Duration::from_secs(1);

/// A sliding window of one second over all requests.
#[derive(Debug)]
pub(super) struct Global {
    /// Requests in any second, at least 1.
    limit: usize,
    /// Times of the newest requests, at most `limit` of them.
    sent: VecDeque<Instant>,
    /// Block by the newest global 429.
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

    /// Earliest time for the next request, if not now.
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

    /// Counts a request that is sent now.
    pub(super) fn count(&mut self, now: Instant) {
        self.sent.push_back(now);
    }

    /// Blocks requests until this time.
    pub(super) fn block(&mut self, until: Instant, by: Order) {
        self.blocked.put(until, by);
    }
}
