//! The budget of refused requests, beyond which Discord bans an address.
//!
//! <https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans>
//!
//! An address with 10,000 refusals within ten minutes is banned for a while, for every program behind it.
//! Counts of ten seconds each are kept, at most 61 of them, so that the memory does not grow with the refusals.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// Period over which Discord counts.
const PERIOD: Duration = Duration::from_secs(600);
/// Number of refusals above which nothing is sent; Discord's limit is 10,000, and other programs may share the address.
pub(in crate::http) const MOST: u32 = 9_000;
/// Refusals within this time are counted together.
const GRAIN: Duration = Duration::from_secs(10);

/// Answers with 401, 403 or 429 (not of shared scope) within the last ten minutes.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// Beginning of each stretch of ten seconds, and its refusals; the oldest first.
    counts: VecDeque<(Instant, u32)>,
    /// Sum of all counts.
    total: u32,
}

impl Refusals {
    pub(super) fn count(&mut self, now: Instant) {
        self.total += 1;
        match self.counts.back_mut() {
            Some((since, count)) if *since + GRAIN > now => *count += 1,
            _ => self.counts.push_back((now, 1)),
        }
    }

    /// Number of refusals and the time to wait, if there are too many.
    pub(super) fn too_many(&mut self, now: Instant) -> Option<(u32, Duration)> {
        while let Some((since, count)) = self.counts.front().copied() {
            let over = since + GRAIN + PERIOD;
            if over > now {
                return (self.total >= MOST).then(|| (self.total, over - now));
            }
            self.total -= count;
            self.counts.pop_front();
        }
        None
    }
}
