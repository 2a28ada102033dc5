//! The limits on sent frames: 120 a minute, less those reserved for heartbeats, and 5 presences in 20 s (protocol §8).
//!
//! The windows slide: one more frame goes as soon as the oldest is a minute old.
//! Heartbeats and answers to requests for a beat are reserved from the beginning and never wait.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// Frames that a connection may send in a minute
/// (<https://discord.com/developers/docs/events/gateway#rate-limiting>).
const FRAMES: usize = 120;
const MINUTE: Duration = Duration::from_secs(60);
/// Presences that a connection may send in twenty seconds.
const PRESENCES: usize = 5;
const PRESENCE_WINDOW: Duration = Duration::from_secs(20);
/// Frames reserved for heartbeats that the server requests.
const SPARE: u32 = 1;

/// Frames and presences that one connection sent lately.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    /// Frames of the last minute, other than heartbeats.
    frames: Window,
    /// Presences of the last twenty seconds.
    presences: Window,
}

#[derive(Debug)]
struct Window {
    /// Frames within the window; at least 1.
    most: usize,
    length: Duration,
    /// Times of the newest frames, the oldest first.
    sent: VecDeque<Instant>,
}

impl Window {
    fn new(most: usize, length: Duration) -> Self {
        Self {
            most,
            length,
            sent: VecDeque::with_capacity(most),
        }
    }

    /// Earliest time for one more, at `now` or later.
    fn room_at(&self, now: Instant) -> Instant {
        let nth = self.sent.len().checked_sub(self.most);
        nth.and_then(|nth| self.sent.get(nth))
            .map_or(now, |first| (*first + self.length).max(now))
    }

    /// Notes one that is sent now, and forgets those that are over.
    fn note(&mut self, now: Instant) {
        while self.sent.front().is_some_and(|at| *at + self.length <= now) {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
    }
}

impl RateLimiter {
    /// A limiter for a connection whose heartbeats go out at this interval.
    pub(crate) fn new(heartbeat: Duration) -> Self {
        let beats = MINUTE.as_millis().div_ceil(heartbeat.as_millis().max(1));
        let kept = usize::try_from(beats).unwrap_or(FRAMES) + SPARE as usize;
        Self {
            frames: Window::new(FRAMES.saturating_sub(kept).max(1), MINUTE),
            presences: Window::new(PRESENCES, PRESENCE_WINDOW),
        }
    }

    /// Earliest time for a frame other than a heartbeat.
    pub(crate) fn room_at(&self, now: Instant) -> Instant {
        self.frames.room_at(now)
    }

    /// Earliest time for a presence.
    pub(crate) fn presence_at(&self, now: Instant) -> Instant {
        self.room_at(now).max(self.presences.room_at(now))
    }

    /// Notes a frame other than a heartbeat.
    pub(crate) fn note(&mut self, now: Instant) {
        self.frames.note(now);
    }

    /// Notes a presence.
    pub(crate) fn note_presence(&mut self, now: Instant) {
        self.frames.note(now);
        self.presences.note(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_kept_for_heartbeats() {
        let mut limiter = RateLimiter::new(Duration::from_millis(41_250));
        let start = Instant::now();
        let mut sent = 0;
        while limiter.room_at(start) == start {
            limiter.note(start);
            sent += 1;
        }
        assert_eq!(sent, 117);
        assert_eq!(limiter.room_at(start), start + MINUTE);
        assert_eq!(limiter.room_at(start + MINUTE), start + MINUTE);
    }

    #[test]
    fn a_server_that_wants_many_beats_still_lets_something_through() {
        let limiter = RateLimiter::new(Duration::from_millis(100));
        let now = Instant::now();
        assert_eq!(limiter.room_at(now), now);
    }

    #[test]
    fn five_presences_go_out_in_twenty_seconds() {
        let mut limiter = RateLimiter::new(Duration::from_secs(41));
        let start = Instant::now();
        for _ in 0..PRESENCES {
            assert_eq!(limiter.presence_at(start), start);
            limiter.note_presence(start);
        }
        assert_eq!(limiter.presence_at(start), start + PRESENCE_WINDOW);
        assert_eq!(limiter.room_at(start), start, "other frames are free to go");
    }
}
