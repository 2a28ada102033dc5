//! Heartbeats: when the next is due, and whether the last was acknowledged (protocol §2).

use std::time::Duration;

use tokio::time::Instant;

/// What an interval is held to, whatever the server says.
const SANE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(600));

/// One connection's heartbeat.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    interval: Duration,
    next_at: Instant,
    /// When the last beat was sent that is not acknowledged yet.
    unanswered: Option<Instant>,
    latency: Option<Duration>,
}

impl Heartbeat {
    /// The interval that Discord usually names.
    pub(crate) const USUAL: Duration = Duration::from_millis(41_250);

    /// Begins to beat: the first beat is spread over the interval by `jitter`, from 0 to 1.
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

    /// When the next beat is due.
    pub(crate) fn next_at(&self) -> Instant {
        self.next_at
    }

    /// Whether the last beat has no answer yet.
    pub(crate) fn is_silent(&self) -> bool {
        self.unanswered.is_some()
    }

    /// A beat is sent; the next follows after the interval.
    pub(crate) fn beat(&mut self, now: Instant) {
        self.unanswered = Some(now);
        self.next_at = now + self.interval;
    }

    /// A beat that the server asked for is sent; the planned one keeps its time.
    pub(crate) fn extra_beat(&mut self, now: Instant) {
        self.unanswered.get_or_insert(now);
    }

    /// An acknowledgement came.
    pub(crate) fn acknowledged(&mut self, now: Instant) {
        if let Some(sent) = self.unanswered.take() {
            self.latency = Some(now.saturating_duration_since(sent));
        }
    }

    /// Nothing was read for a while, so that an acknowledgement may still lie unread: the last beat is not held against
    /// the server.
    pub(crate) fn excuse(&mut self) {
        self.unanswered = None;
    }

    /// Time from the last acknowledged beat to its answer.
    pub(crate) fn latency(&self) -> Option<Duration> {
        self.latency
    }
}
