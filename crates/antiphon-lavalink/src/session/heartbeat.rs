//! Pings that find out whether a node is alive (protocol §1).
//!
//! A socket that broke without a sign looks like an idle one. Each socket task therefore sends a ping every interval,
//! and gives the node up when two intervals brought no byte of any kind.

use std::time::Duration;

use tokio::time::Instant;

/// What to do at a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Send a ping.
    Ping,
    /// Give up: two pings brought no byte.
    Dead,
}

/// The pings of one socket.
///
/// Time without reading does not count against the node, since its pong may wait unread: a slow journal costs no
/// connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heartbeat {
    interval: Duration,
    next: Instant,
    /// When the last byte came, moved by pauses in reading.
    heard: Instant,
}

impl Heartbeat {
    pub(crate) fn new(interval: Duration, now: Instant) -> Self {
        Self {
            interval,
            next: now + interval,
            heard: now,
        }
    }

    /// When [`beat`](Self::beat) must be called.
    pub(crate) fn deadline(&self) -> Instant {
        self.next
    }

    /// Excludes a pause in reading from the node's silence.
    pub(crate) fn excuse(&mut self, pause: Duration) {
        self.heard += pause;
    }

    /// Handles the deadline; `heard` is when the last byte was read.
    pub(crate) fn beat(&mut self, heard: Instant, now: Instant) -> Beat {
        self.heard = self.heard.max(heard);
        self.next = now + self.interval;
        if now.saturating_duration_since(self.heard) >= 2 * self.interval {
            Beat::Dead
        } else {
            Beat::Ping
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEAT: Duration = Duration::from_secs(15);

    #[test]
    fn a_node_that_answers_nothing_is_dead_after_two_beats() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(BEAT, start);
        assert_eq!(heartbeat.deadline(), start + BEAT);
        assert_eq!(heartbeat.beat(start, start + BEAT), Beat::Ping);
        assert_eq!(heartbeat.beat(start, start + 2 * BEAT), Beat::Dead);
    }

    #[test]
    fn a_silent_node_that_answers_pings_lives() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(BEAT, start);
        for beat in 1..10 {
            let now = start + beat * BEAT;
            assert_eq!(
                heartbeat.beat(now - Duration::from_secs(1), now),
                Beat::Ping
            );
        }
    }

    #[test]
    fn time_without_reading_does_not_count() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(BEAT, start);
        heartbeat.excuse(2 * BEAT);
        assert_eq!(heartbeat.beat(start, start + 3 * BEAT), Beat::Ping);
    }
}
