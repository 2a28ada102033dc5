//! The rate limits of requests (protocol §8).
//!
//! QueUp's own limits are not known; these are those of the most used client. A request takes a slot for 30 s (chat: 5
//! s) from the moment at which it is sent, and the next waits for one, in order. Chat messages are sent one at a time
//! on top of that, and not at all while QueUp's last 429 to one is in force. Requests that keep the session going take
//! no slot; eight of them are under way at once, and the others wait in order.
//!
//! Waiting is bounded by number, not by time: 64 requests without a slot, then [`RequestError::Busy`]. A request that is
//! dropped while it waits gives up its place.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    time::{Instant, sleep_until},
};

use crate::{config::RateLimits, error::RequestError};

/// The slots of the rate limit: one for each request, free again a while after it was sent.
#[derive(Debug)]
struct Slots {
    /// When each taken slot is free again; at most `limit` of them.
    free_at: Vec<Instant>,
    limit: usize,
}

impl Slots {
    fn new(limit: usize) -> Self {
        Self {
            free_at: Vec::with_capacity(limit),
            limit,
        }
    }

    /// Takes a slot for this long, or gives the time at which one will be free.
    fn take(&mut self, now: Instant, hold: Duration) -> Result<(), Instant> {
        self.free_at.retain(|free_at| *free_at > now);
        if self.free_at.len() < self.limit {
            self.free_at.push(now + hold);
            return Ok(());
        }
        Err(self.free_at.iter().copied().min().unwrap_or(now))
    }
}

/// The rate limiter of requests.
///
/// It is none of the general ones: each slot cools down for a time of its own, which windows and token buckets cannot
/// express.
#[derive(Debug)]
pub(super) struct Limiter {
    slots: Mutex<Slots>,
    /// Permit of the next request; the others queue behind, in order.
    turn: Semaphore,
    /// Permits of the requests that keep the session going.
    pub(super) upkeep: Semaphore,
    /// Permit of the chat message under way.
    pub(super) chat: Semaphore,
    /// Requests that wait or are under way, upkeep not counted.
    waiting: AtomicUsize,
    pub(super) limits: RateLimits,
    /// End of the pause after a 429 to a chat message, with the server's words.
    chat_closed: Mutex<Option<(Instant, String)>>,
}

/// Counts one waiting request, until it is dropped.
pub(super) struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Limiter {
    pub(super) fn new(limits: RateLimits) -> Self {
        Self {
            slots: Mutex::new(Slots::new(limits.slots)),
            turn: Semaphore::new(1),
            upkeep: Semaphore::new(limits.upkeep.min(Semaphore::MAX_PERMITS)),
            chat: Semaphore::new(1),
            waiting: AtomicUsize::new(0),
            limits,
            chat_closed: Mutex::default(),
        }
    }

    /// Counts a request that waits for a slot, until the result is dropped.
    ///
    /// # Errors
    /// [`RequestError::Busy`] if too many wait.
    pub(super) fn wait(&self) -> Result<Waiting<'_>, RequestError> {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Waiting(&self.waiting);
        if waiting >= self.limits.max_queued_requests {
            return Err(RequestError::Busy(waiting));
        }
        Ok(place)
    }

    /// Waits for a slot.
    pub(super) async fn slot(&self, hold: Duration) {
        let turn = self.turn.acquire().await;
        loop {
            let taken = {
                let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
                slots.take(Instant::now(), hold)
            };
            match taken {
                Ok(()) => break,
                Err(free_at) => sleep_until(free_at).await,
            }
        }
        drop(turn);
    }

    /// Whether a chat message may be sent; an error with the server's words while it may not.
    pub(super) fn chat_open(&self) -> Result<(), RequestError> {
        let mut closed = self
            .chat_closed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        closed.take_if(|(until, _)| *until <= now);
        match &*closed {
            Some((until, message)) => Err(RequestError::RateLimited {
                message: message.clone(),
                wait: Some(until.saturating_duration_since(now)),
            }),
            None => Ok(()),
        }
    }

    /// Notes that no chat message may be sent for this long.
    pub(super) fn close_chat(&self, message: &str, wait: Duration) {
        let mut closed = self
            .chat_closed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *closed = Some((Instant::now() + wait, message.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_free_at_their_own_times() {
        let start = Instant::now();
        let seconds = |seconds| start + Duration::from_secs(seconds);
        let mut slots = Slots::new(2);
        assert_eq!(slots.take(start, Duration::from_secs(30)), Ok(()));
        assert_eq!(slots.take(start, Duration::from_secs(5)), Ok(()));
        assert_eq!(slots.take(start, Duration::from_secs(5)), Err(seconds(5)));
        assert_eq!(slots.take(seconds(5), Duration::from_secs(5)), Ok(()));
        assert_eq!(
            slots.take(seconds(6), Duration::from_secs(5)),
            Err(seconds(10))
        );
    }
}
