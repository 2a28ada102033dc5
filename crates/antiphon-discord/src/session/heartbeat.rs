//! Heartbeats: when the next is due, and whether the last was acknowledged (protocol §2).
//!
//! <https://discord.com/developers/docs/events/gateway#sending-heartbeats>
//!
//! An interval without an acknowledgement means that one of the two directions is dead: the connection is closed with a code
//! that keeps the session, and the session is resumed.
//! What the heartbeat carries is the last *stored* sequence, so that a resume asks for everything that the journal lacks.

use std::time::Duration;

use tokio::time::Instant;

/// Bounds of a heartbeat interval; a value outside is clamped.
///
/// Neither a beat a millisecond nor one a day would keep a connection alive.
const SANE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(600));

/// Heartbeat of one connection.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    /// Time between two planned beats.
    interval: Duration,
    /// Time of the next planned beat; beats that the server asks for are beside it.
    next_at: Instant,
    /// Time of the oldest heartbeat that is not acknowledged.
    unanswered: Option<Instant>,
    latency: Option<Duration>,
}

impl Heartbeat {
    /// Interval that Discord usually names.
    pub(crate) const USUAL: Duration = Duration::from_millis(41_250);

    /// Starts the heartbeat; `jitter`, from 0 to 1, places the first one within the interval
    /// (<https://discord.com/developers/docs/events/gateway#heartbeat-interval>).
    pub(crate) fn new(milliseconds: Option<f64>, jitter: f64, now: Instant) -> Self {
        let interval = milliseconds
            .and_then(|given| Duration::try_from_secs_f64(given / 1000.0).ok())
            .unwrap_or(Self::USUAL)
            .clamp(SANE.0, SANE.1);
        Self {
            interval,
            next_at: now + interval.mul_f64(jitter),
            unanswered: None,
            latency: None,
        }
    }

    pub(crate) fn interval(&self) -> Duration {
        self.interval
    }

    /// Time of the next heartbeat.
    pub(crate) fn next_at(&self) -> Instant {
        self.next_at
    }

    /// Whether the last heartbeat is not acknowledged yet.
    pub(crate) fn is_silent(&self) -> bool {
        self.unanswered.is_some()
    }

    /// Notes a heartbeat; the next is due after the interval.
    pub(crate) fn beat(&mut self, now: Instant) {
        self.unanswered = Some(now);
        self.next_at = now + self.interval;
    }

    /// Notes a heartbeat that the server requested; the next planned one keeps its time.
    pub(crate) fn extra_beat(&mut self, now: Instant) {
        self.unanswered.get_or_insert(now);
    }

    /// Notes an acknowledgement.
    pub(crate) fn acknowledged(&mut self, now: Instant) {
        if let Some(sent) = self.unanswered.take() {
            self.latency = Some(now.saturating_duration_since(sent));
        }
    }

    /// Forgets the last heartbeat after a pause in reading, because its acknowledgement may still be unread.
    pub(crate) fn excuse(&mut self) {
        self.unanswered = None;
    }

    /// Time from the last acknowledged heartbeat to its acknowledgement.
    pub(crate) fn latency(&self) -> Option<Duration> {
        self.latency
    }
}
