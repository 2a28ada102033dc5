//! Whether a node still lives, by pings: nobody has to talk for it (protocol §1).

use std::time::Duration;

use tokio::time::Instant;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Send a ping.
    Ping,
    /// Two were not answered by anything.
    Dead,
}

/// The pings of one socket.
///
/// Time that is not spent reading does not count against the node: its answer may lie there unread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heartbeat {
    interval: Duration,
    next: Instant,
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

    pub(crate) fn deadline(&self) -> Instant {
        self.next
    }

    /// Nothing was read for so long because we did not want to.
    pub(crate) fn excuse(&mut self, pause: Duration) {
        self.heard += pause;
    }

    /// The deadline has passed; `heard` is when the last byte came.
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
