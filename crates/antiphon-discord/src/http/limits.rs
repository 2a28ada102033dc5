//! Discord's rate limits as a state machine without I/O (protocol §13).
//!
//! <https://discord.com/developers/docs/topics/rate-limits>
//!
//! Two kinds of limits are known before the first request: the bot's requests per second ([`Global`]) and the refusals
//! within ten minutes ([`Refusals`]).
//! The rest is learnt: a response names the bucket of its route and the window of that bucket, and the next request of the
//! route waits for it.
//!
//! - The first request of an unknown route goes alone, so that a burst does not run into a limit that it could have learnt.
//! - Responses overtake one another. Requests are numbered ([`Order`]), and what the newest one heard counts.
//! - A window that was shorter than the one before counts as well: Discord changes limits while a bot runs.
//! - A 429 blocks its bucket, or all of them if its scope is global, and does not change the window of another limit.
//! - Requests in flight are counted, so that a window that is open is never overdrawn by requests whose responses are late.

mod bucket;
mod global;
mod headers;
mod refusals;

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time::Instant;

pub(super) use self::{
    bucket::Line,
    headers::{Limited, RateLimitHeaders},
    refusals::MOST as MOST_REFUSALS,
};
use self::{
    bucket::{Bucket, Count, Order},
    global::Global,
    refusals::Refusals,
};
use super::route::Route;
use crate::error::Scope;

/// Largest number of routes and buckets kept; above it idle ones are dropped, and learnt again at their next request.
///
/// A bot in many guilds has one bucket for each channel and guild that it writes to.
const REMEMBERED: usize = 4_096;

/// All rate limits of one bot.
#[derive(Debug)]
pub(super) struct Limits {
    /// Requests of the last second, and a block by a global 429.
    global: Global,
    /// Answers with 401, 403 and 429 of the last ten minutes.
    refusals: Refusals,
    /// Bucket of each route, as its newest response named it.
    learnt: HashMap<String, Learnt>,
    /// State of each bucket, by its key.
    buckets: HashMap<Key, Bucket>,
    /// Number of requests sent.
    sent: u64,
}

/// Key of a bucket: its id, or the route's template until the id is known, and the major ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) bucket: Arc<str>,
    /// Major ids of the path: a channel, a guild, or a webhook with its token; empty for other routes.
    pub(super) top: String,
}

/// Bucket that the newest response of a route named.
#[derive(Debug)]
struct Learnt {
    bucket: Arc<str>,
    /// Number of the request whose response named it.
    by: Order,
}

/// Answer to a request that asks to be sent.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The request is sent now, and is counted.
    Go(Ticket),
    /// The request has to wait until this time.
    At(Instant, Scope),
    /// The request has to wait for the response to another one of its bucket.
    AfterAnother,
    /// The route belongs to another bucket, with its own queue.
    Elsewhere,
    /// Nothing is sent for this long, because so many requests were refused.
    Refused(u32, Duration),
}

/// One request that was sent.
#[derive(Debug)]
pub(super) struct Ticket {
    key: Key,
    count: Count,
    order: Order,
}

impl Ticket {
    /// The bucket in which it is counted.
    pub(super) fn key(&self) -> &Key {
        &self.key
    }
}

impl Limits {
    /// Creates the limits for a bot that may send this many requests a second.
    pub(super) fn new(a_second: usize) -> Self {
        Self {
            global: Global::new(a_second),
            refusals: Refusals::default(),
            learnt: HashMap::new(),
            buckets: HashMap::new(),
            sent: 0,
        }
    }

    /// Queue in which requests of this route wait.
    pub(super) fn line(&mut self, route: &Route, now: Instant) -> Arc<Line> {
        self.forget(now);
        let key = self.key(route);
        Arc::clone(self.buckets.entry(key).or_default().line())
    }

    /// Asks for the first request of its queue.
    pub(super) fn ask(&mut self, route: &Route, line: &Arc<Line>, now: Instant) -> Verdict {
        if let Some((count, wait)) = self.refusals.too_many(now) {
            return Verdict::Refused(count, wait);
        }
        let key = self.key(route);
        let bucket = self.buckets.entry(key.clone()).or_default();
        if !Arc::ptr_eq(bucket.line(), line) {
            return Verdict::Elsewhere;
        }
        if let Some(verdict) = bucket.obstacle(now) {
            return verdict;
        }
        if let Some(at) = route.is_global.then(|| self.global.obstacle(now)).flatten() {
            return Verdict::At(at, Scope::Global);
        }
        if route.is_global {
            self.global.count(now);
        }
        self.sent += 1;
        Verdict::Go(Ticket {
            key,
            count: bucket.count(),
            order: Order(self.sent),
        })
    }

    /// Notes a response, and lets the first of its queue ask again.
    pub(super) fn answered(
        &mut self,
        route: &Route,
        ticket: &Ticket,
        headers: &RateLimitHeaders,
        now: Instant,
    ) {
        if headers.is_refusal() {
            self.refusals.count(now);
        }
        // Requests that wait in its old queue may have to move to another one.
        self.lost(ticket);
        let is_late = match headers.bucket.as_deref() {
            Some(id) => !self.learn(route, id, ticket.order),
            None => false,
        };
        let key = self.key(route);
        let others = match self.buckets.get(&ticket.key) {
            Some(counted_in) if key != ticket.key => counted_in.in_flight(),
            _ => 0,
        };
        let is_global = headers.limited.is_some_and(|it| it.scope == Scope::Global);
        let bucket = self.buckets.entry(key.clone()).or_default();
        match &headers.window {
            // The response to a later request named another bucket.
            Some(_) if is_late => {}
            Some(window) if key == ticket.key => {
                bucket.answered(ticket.count, ticket.order, window, now);
            }
            Some(window) => bucket.answered_elsewhere(ticket.order, window, others, now),
            // A 429 without a window does not mean that the route has none.
            None if headers.limited.is_none() => bucket.is_unlimited(),
            None => {}
        }
        match headers.limited {
            Some(limited) if is_global => self.global.block(now + limited.wait, ticket.order),
            Some(limited) => bucket.block(now + limited.wait, limited.scope, ticket.order),
            None => {}
        }
        bucket.line().changed.notify_one();
        if is_global {
            // The new wait may be shorter than that of the waiting requests.
            for bucket in self.buckets.values() {
                bucket.line().changed.notify_one();
            }
        }
    }

    /// Notes that no response will come, and lets the first of its queue ask again.
    pub(super) fn lost(&mut self, ticket: &Ticket) {
        if let Some(bucket) = self.buckets.get_mut(&ticket.key) {
            bucket.landed();
            bucket.line().changed.notify_one();
        }
    }

    fn key(&self, route: &Route) -> Key {
        let learnt = self.learnt.get(&route.template);
        Key {
            bucket: learnt.map_or_else(
                || Arc::from(&*route.template),
                |learnt| Arc::clone(&learnt.bucket),
            ),
            top: route.top.clone(),
        }
    }

    /// Notes the bucket of a route, unless the response to a later request named another.
    ///
    /// Requests that wait for the route move to the bucket's queue, in the same order; knowledge about the route under another
    /// name does not apply to this bucket.
    fn learn(&mut self, route: &Route, id: &str, by: Order) -> bool {
        let before = self.key(route);
        if let Some(learnt) = self.learnt.get_mut(&route.template) {
            if *learnt.bucket == *id {
                learnt.by = learnt.by.max(by);
                return true;
            }
            if by < learnt.by {
                return false;
            }
        }
        let bucket: Arc<str> = id.into();
        let key = Key {
            bucket: Arc::clone(&bucket),
            top: route.top.clone(),
        };
        self.learnt
            .insert(route.template.clone(), Learnt { bucket, by });
        let Some(old) = self.buckets.get_mut(&before) else {
            return true;
        };
        old.line().changed.notify_one();
        // If the bucket is known already, requests of this queue join the bucket's queue.
        if !self.buckets.contains_key(&key)
            && let Some(old) = self.buckets.get_mut(&before)
        {
            let line = old.take_line();
            self.buckets.insert(key, Bucket::with(line));
        }
        true
    }

    /// Drops idle buckets if there are too many.
    fn forget(&mut self, now: Instant) {
        if self.buckets.len() >= REMEMBERED {
            self.buckets.retain(|_, bucket| !bucket.is_at_rest(now));
        }
        if self.learnt.len() >= REMEMBERED {
            self.learnt.clear();
        }
    }
}

#[cfg(test)]
mod tests;
