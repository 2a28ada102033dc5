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
    blocked: Option<(Instant, Scope)>,
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
        /// Counts the windows, so that a late answer is not taken for one of the present.
        number: u64,
    },
}

impl Bucket {
    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// Under a new name, answers to the others that are under way no longer find it.
    pub(super) fn keep_one_in_flight(&mut self) {
        self.in_flight = 1;
    }

    /// Why a request may not go now, if it may not.
    pub(super) fn obstacle(&mut self, now: Instant) -> Option<Verdict> {
        if let Some((until, scope)) = self.blocked {
            if until > now {
                return Some(Verdict::At(until, scope));
            }
            self.blocked = None;
        }
        match &mut self.known {
            Known::Nothing => (self.in_flight > 0).then_some(Verdict::AfterAnother),
            Known::Unlimited => None,
            Known::Limited {
                limit,
                remaining,
                resets_at,
                number,
            } => {
                if resets_at.is_some_and(|at| at <= now) {
                    // Where answers came late, those still under way may count in the server's new window already.
                    *remaining = limit.saturating_sub(self.in_flight);
                    *resets_at = None;
                    *number += 1;
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

    /// Counts a request that goes, and says in which window.
    pub(super) fn count(&mut self) -> u64 {
        self.in_flight += 1;
        match &mut self.known {
            Known::Limited {
                remaining, number, ..
            } => {
                *remaining = remaining.saturating_sub(1);
                *number
            }
            Known::Nothing | Known::Unlimited => 0,
        }
    }

    pub(super) fn answered(&mut self, counted_in: u64, window: Option<&Window>, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let Some(window) = window else {
            if matches!(self.known, Known::Nothing) {
                self.known = Known::Unlimited;
            }
            return;
        };
        let reset = now + window.reset_after;
        match &mut self.known {
            Known::Limited { number, .. } if *number != counted_in => {}
            Known::Limited {
                limit,
                remaining,
                resets_at,
                ..
            } => {
                *limit = window.limit;
                // Those in flight are counted here and perhaps not yet there; answers may overtake one another.
                *remaining = (*remaining).min(window.remaining);
                *resets_at = Some(resets_at.map_or(reset, |at| at.max(reset)));
            }
            Known::Nothing | Known::Unlimited => {
                self.known = Known::Limited {
                    limit: window.limit,
                    remaining: window.remaining.saturating_sub(self.in_flight),
                    resets_at: Some(reset),
                    number: 1,
                };
            }
        }
    }

    pub(super) fn lost(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// No request may go before this time.
    pub(super) fn block(&mut self, until: Instant, scope: Scope) {
        if self.blocked.is_none_or(|(blocked, _)| blocked < until) {
            self.blocked = Some((until, scope));
        }
    }

    /// Whether forgetting it changes nothing: nobody waits, nothing is under way, no window is open.
    pub(super) fn is_at_rest(&self, now: Instant) -> bool {
        let is_open = match self.known {
            Known::Limited { resets_at, .. } => resets_at.is_some_and(|at| at > now),
            Known::Nothing | Known::Unlimited => false,
        };
        let is_blocked = self.blocked.is_some_and(|(until, _)| until > now);
        Arc::strong_count(&self.line) == 1 && self.in_flight == 0 && !is_open && !is_blocked
    }
}
