//! The queue of requests that wait for the rate limits.
//!
//! Requests of one bucket form a line: the first of them asks the limits, and the others wait for a lock that is handed on
//! in order.
//! The line, not the task, owns the order, so that a request whose caller gives up leaves without a trace.
//! Buckets have lines of their own, and none waits for another, except at the global limit.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep_until, timeout_at};

use super::{
    limits::{Limits, Line, RateLimitHeaders, Ticket, Verdict},
    route::Route,
    shared::{SharedLimits, Taken},
};
use crate::error::RequestError;

/// Queues requests: first come, first served within a bucket; buckets do not wait for one another.
#[derive(Debug)]
pub(super) struct RequestQueue {
    /// What is known of Discord's limits; held for a moment, never over a wait.
    limits: Mutex<Limits>,
    /// Requests that wait for their turn, of all buckets.
    waiting: AtomicUsize,
    /// [`Config::max_queued_requests`](crate::Config::max_queued_requests).
    most: usize,
    /// Timeout of a request, for its error.
    timeout: Duration,
}

/// The turn of one request; if it is dropped without a response, the request counts as sent and lost.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    queue: &'a RequestQueue,
    route: &'a Route,
    /// Proof that the request is counted in its bucket.
    ticket: Ticket,
    /// Whether the limits have seen the response; if not, dropping the turn gives the place in flight back.
    is_answered: bool,
    /// Its place among those of other processes.
    taken: Option<Taken>,
}

impl RequestQueue {
    pub(super) fn new(a_second: usize, most: usize, timeout: Duration) -> Self {
        Self {
            limits: Mutex::new(Limits::new(a_second)),
            waiting: AtomicUsize::new(0),
            most,
            timeout,
        }
    }

    /// Waits for the turn of a request, until the deadline.
    ///
    /// A limit that is known to hold longer fails at once.
    pub(super) async fn turn<'a>(
        &'a self,
        route: &'a Route,
        deadline: Instant,
        shared: Option<&SharedLimits>,
    ) -> Result<Turn<'a>, RequestError> {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _place = Place(&self.waiting);
        if waiting >= self.most {
            return Err(RequestError::Busy(waiting));
        }
        loop {
            let line = self.limits().line(route, Instant::now());
            let _first = timeout_at(deadline, line.first.lock())
                .await
                .map_err(|_| RequestError::TimedOut(self.timeout))?;
            if let Some(ticket) = self.ask(route, &line, deadline).await? {
                let mut turn = Turn {
                    queue: self,
                    route,
                    ticket,
                    is_answered: false,
                    taken: None,
                };
                if let Some(shared) = shared {
                    // Still as the first of its line, so that the order stays.
                    let key = turn.ticket.key();
                    turn.taken = shared.take(route, key, deadline).await?;
                }
                return Ok(turn);
            }
        }
    }

    /// Asks until there is a ticket, as the first of the queue; `None` if the route moved to another queue.
    async fn ask(
        &self,
        route: &Route,
        line: &Arc<Line>,
        deadline: Instant,
    ) -> Result<Option<Ticket>, RequestError> {
        loop {
            let now = Instant::now();
            // A change between the verdict and the wait is kept by `Notify`.
            let verdict = self.limits().ask(route, line, now);
            match verdict {
                Verdict::Go(ticket) => return Ok(Some(ticket)),
                Verdict::Elsewhere => return Ok(None),
                Verdict::Refused(refusals, retry_after) => {
                    return Err(RequestError::TooManyRefusals {
                        refusals,
                        retry_after,
                    });
                }
                Verdict::At(at, scope) if at > deadline => {
                    return Err(RequestError::RateLimited {
                        retry_after: at - now,
                        scope,
                    });
                }
                Verdict::At(at, _) => tokio::select! {
                    () = sleep_until(at) => {}
                    () = line.changed.notified() => {}
                },
                Verdict::AfterAnother => timeout_at(deadline, line.changed.notified())
                    .await
                    .map_err(|_| RequestError::TimedOut(self.timeout))?,
            }
        }
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Its place among those of other processes, once.
    pub(super) fn taken(&mut self) -> Option<Taken> {
        self.taken.take()
    }

    /// Notes the rate limits of the response.
    pub(super) fn answered(mut self, headers: &RateLimitHeaders) {
        self.is_answered = true;
        let mut limits = self.queue.limits();
        limits.answered(self.route, &self.ticket, headers, Instant::now());
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.queue.limits().lost(&self.ticket);
        }
    }
}

/// Counts a request as queued until it is dropped.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
