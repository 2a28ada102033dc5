//! Position in a track between two reports, by a monotonic clock.
//!
//! A node reports the position every few seconds (protocol §12.2), and not for a pause. In between it is the last
//! report and the time since, at the speed of the filters. The node's own clock has no part in it, so that a difference
//! of clocks moves nothing.
//!
//! All times are milliseconds, as on the wire.

use std::time::Duration;

use tokio::time::Instant;

/// The last known position and the speed since. It is copied into snapshots, so that a getter computes the position of
/// its own moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// Position at `at`, never negative.
    reported: i64,
    /// When that position was right.
    at: Instant,
    /// Track time by real time; 0 while paused.
    speed: f64,
    /// Length of the track in milliseconds; the largest number where it is unknown.
    length: i64,
}

impl Progress {
    /// No track.
    pub(crate) fn none(now: Instant) -> Self {
        Self {
            reported: 0,
            at: now,
            speed: 0.0,
            length: i64::MAX,
        }
    }

    /// A track at `position` that stands still, with its length where it is known; [`set_speed`](Self::set_speed)
    /// starts it.
    pub(crate) fn track(position: i64, length: Option<Duration>, now: Instant) -> Self {
        let length = length.and_then(|length| i64::try_from(length.as_millis()).ok());
        Self {
            reported: position.max(0),
            at: now,
            speed: 0.0,
            length: length.unwrap_or(i64::MAX),
        }
    }

    /// Takes a reported position; the speed stays.
    pub(crate) fn report(&mut self, position: i64, now: Instant) {
        self.reported = position.max(0);
        self.at = now;
    }

    /// Changes the speed from now on; 0 stands.
    pub(crate) fn set_speed(&mut self, speed: f64, now: Instant) {
        // The time until now counts by the old speed.
        self.reported = self.at(now);
        self.at = now;
        self.speed = speed;
    }

    /// Position in milliseconds, at most the track's length.
    pub(crate) fn at(&self, now: Instant) -> i64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64() * 1000.0 * self.speed;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is cut to the track's length"
        )]
        let passed = passed as i64;
        self.reported.saturating_add(passed).min(self.length.max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_moves_with_time_and_speed_and_stops_at_the_end() {
        let now = Instant::now();
        let mut progress = Progress::track(500, Some(10 * SECOND), now);
        assert_eq!(
            progress.at(now + SECOND),
            500,
            "it stands until it is told to move"
        );
        progress.set_speed(1.0, now);
        assert_eq!(progress.at(now + SECOND), 1500);
        progress.set_speed(1.5, now + SECOND);
        assert_eq!(progress.at(now + 2 * SECOND), 3000);
        assert_eq!(progress.at(now + 60 * SECOND), 10_000);
    }

    #[test]
    fn a_pause_keeps_the_position_of_its_moment() {
        let now = Instant::now();
        let mut progress = Progress::track(0, None, now);
        progress.set_speed(1.0, now);
        progress.set_speed(0.0, now + 3 * SECOND);
        assert_eq!(progress.at(now + 60 * SECOND), 3000);
        progress.set_speed(1.0, now + 60 * SECOND);
        assert_eq!(progress.at(now + 61 * SECOND), 4000);
    }

    #[test]
    fn a_report_counts_from_its_receipt() {
        let now = Instant::now();
        let mut progress = Progress::track(0, None, now);
        progress.set_speed(1.0, now);
        progress.report(7000, now + SECOND);
        assert_eq!(progress.at(now + 2 * SECOND), 8000);
        assert_eq!(progress.at(now), 7000, "never before the report");
        assert_eq!(Progress::none(now).at(now + SECOND), 0);
    }
}
