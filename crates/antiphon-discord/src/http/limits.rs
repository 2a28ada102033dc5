//! Discord's rate limits as a state machine without I/O (protocol §13).

mod bucket;
mod global;
mod reading;
mod refusals;

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time::Instant;

use self::{bucket::Bucket, global::Global, refusals::Refusals};
pub(super) use self::{
    bucket::Line,
    reading::{Limited, Reading},
};
use super::route::Route;
use crate::error::Scope;

/// Routes and buckets remembered; above it those at rest are forgotten, and learnt again at their next request.
const REMEMBERED: usize = 4_096;

/// All limits of one bot.
#[derive(Debug)]
pub(super) struct Limits {
    global: Global,
    refusals: Refusals,
    /// Which bucket a route falls into, as its last answer said.
    learnt: HashMap<String, Arc<str>>,
    buckets: HashMap<Key, Bucket>,
}

/// A bucket's id, or a route's template until it is known, and the top-level ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    bucket: Arc<str>,
    top: String,
}

/// What a request gets when it asks to be sent.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It goes out now, and is counted.
    Go(Ticket),
    /// Not before this time.
    At(Instant, Scope),
    /// Not before another request of its bucket was answered.
    AfterAnother,
    /// Its route was found to fall into another bucket, with a line of its own.
    Elsewhere,
    /// Not before this long, since so many were refused.
    Refused(u32, Duration),
}

/// One request that was sent.
#[derive(Debug)]
pub(super) struct Ticket {
    key: Key,
    /// In which of the bucket's windows it was counted.
    window: u64,
}

impl Limits {
    /// Limits for a bot that may send this many requests a second.
    pub(super) fn new(a_second: usize) -> Self {
        Self {
            global: Global::new(a_second),
            refusals: Refusals::default(),
            learnt: HashMap::new(),
            buckets: HashMap::new(),
        }
    }

    /// Where requests of this route wait for their turn.
    pub(super) fn line(&mut self, route: &Route, now: Instant) -> Arc<Line> {
        self.forget(now);
        let key = self.key(route);
        Arc::clone(self.buckets.entry(key).or_default().line())
    }

    /// Asks for a request that is first in its line.
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
        let window = bucket.count();
        Verdict::Go(Ticket { key, window })
    }

    /// Notes an answer, and lets the first of its line ask again.
    pub(super) fn answered(
        &mut self,
        route: &Route,
        ticket: &Ticket,
        reading: &Reading,
        now: Instant,
    ) {
        if reading.is_refusal() {
            self.refusals.count(now);
        }
        if let Some(id) = reading.bucket.as_deref() {
            self.learn(route, id, ticket);
        }
        let key = self.key(route);
        if key != ticket.key {
            // Those that wait in the old line learn that there is another.
            self.lost(ticket);
        }
        let bucket = self.buckets.entry(key).or_default();
        bucket.answered(ticket.window, reading.window.as_ref(), now);
        match reading.limited {
            Some(limited) if limited.scope == Scope::Global => {
                self.global.block(now + limited.wait);
            }
            Some(limited) => bucket.block(now + limited.wait, limited.scope),
            None => {}
        }
        bucket.line().changed.notify_one();
    }

    /// Notes that no answer will come, and lets the first of its line ask again.
    pub(super) fn lost(&mut self, ticket: &Ticket) {
        if let Some(bucket) = self.buckets.get_mut(&ticket.key) {
            bucket.lost();
            bucket.line().changed.notify_one();
        }
    }

    fn key(&self, route: &Route) -> Key {
        let learnt = self.learnt.get(&route.template);
        Key {
            bucket: learnt.map_or_else(|| Arc::from(&*route.template), Arc::clone),
            top: route.top.clone(),
        }
    }

    /// A route falls into this bucket: what is known of it under another name goes there.
    fn learn(&mut self, route: &Route, id: &str, ticket: &Ticket) {
        if *ticket.key.bucket == *id {
            return;
        }
        let id: Arc<str> = id.into();
        self.learnt.insert(route.template.clone(), Arc::clone(&id));
        let key = Key {
            bucket: id,
            top: route.top.clone(),
        };
        // Routes may share a bucket that is known already; then those in this line go and stand in that one.
        if !self.buckets.contains_key(&key)
            && let Some(mut bucket) = self.buckets.remove(&ticket.key)
        {
            bucket.keep_one_in_flight();
            self.buckets.insert(key, bucket);
        }
    }

    /// Forgets what is at rest, when there is too much of it.
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
