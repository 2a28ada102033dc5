//! How long to wait before trying again.
//!
//! Full jitter spreads the clients of a server that comes back over the whole wait, so that they do not return in one
//! wave (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>). The generator is the caller's,
//! so that a test can fix the waits. It holds no timer: the caller sleeps.

use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;

/// Exponential waiting with full jitter, a cap, and a reset after a healthy while.
///
/// The `n`th wait is drawn evenly from zero to `base × 2ⁿ`, or to the cap if that is less, but is never shorter than
/// the floor.
///
/// ```
/// use std::time::Duration;
/// use antiphon_core::{Backoff, Rng};
/// use tokio::time::Instant;
///
/// let mut backoff = Backoff::new(Rng::with_seed(7)).cap(Duration::from_secs(10));
/// let now = Instant::now();
/// assert!(backoff.next(now) <= Duration::from_secs(1));
/// assert!(backoff.next(now) <= Duration::from_secs(2));
/// // A connection that lived for a minute makes the next failure the first again.
/// backoff.connected(now);
/// assert!(backoff.next(now + Backoff::HEALTHY) <= Duration::from_secs(1));
/// ```
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    floor: Duration,
    healthy: Duration,
    /// Failures in a row.
    attempt: u32,
    /// Since when the connection works; absent after a failure.
    connected_at: Option<Instant>,
    rng: Rng,
}

impl Backoff {
    /// Default first wait: one second.
    pub const BASE: Duration = Duration::from_secs(1);
    /// Default longest wait: one minute.
    pub const CAP: Duration = Duration::from_secs(60);
    /// Default time a connection must live before its failure counts as the first again: one minute.
    pub const HEALTHY: Duration = Duration::from_secs(60);

    /// The defaults, with chance from `rng`.
    pub fn new(rng: Rng) -> Self {
        Self {
            base: Self::BASE,
            cap: Self::CAP,
            floor: Duration::ZERO,
            healthy: Self::HEALTHY,
            attempt: 0,
            connected_at: None,
            rng,
        }
    }

    /// Sets the first wait's upper end.
    #[must_use]
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// Sets the longest wait.
    #[must_use]
    pub fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Sets the shortest wait, for platforms that ask for one; the default is none.
    #[must_use]
    pub fn floor(mut self, floor: Duration) -> Self {
        self.floor = floor;
        self
    }

    /// Sets how long a connection must live before waits start anew.
    #[must_use]
    pub fn healthy(mut self, healthy: Duration) -> Self {
        self.healthy = healthy;
        self
    }

    /// Notes that the connection works since `now`.
    ///
    /// Only the first call since the last failure counts.
    pub fn connected(&mut self, now: Instant) {
        self.connected_at.get_or_insert(now);
    }

    /// The wait after a failure at `now`.
    ///
    /// The exponent grows by one with each call, also while the wait is at its cap.
    pub fn next(&mut self, now: Instant) -> Duration {
        if let Some(since) = self.connected_at.take()
            && now.saturating_duration_since(since) >= self.healthy
        {
            self.attempt = 0;
        }
        let ceiling = self
            .base
            .saturating_mul(1_u32.checked_shl(self.attempt).unwrap_or(u32::MAX))
            .min(self.cap);
        self.attempt = self.attempt.saturating_add(1);
        let floor = self.floor.min(self.cap);
        ceiling.mul_f64(self.rng.f64()).max(floor)
    }

    /// How many failures in a row it has seen.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use proptest::prelude::{any, prop_assert, proptest};

    use super::*;

    proptest! {
        #[test]
        fn a_wait_stays_between_floor_and_cap(seed in any::<u64>(), failures in 1_usize..200) {
            let mut backoff = Backoff::new(Rng::with_seed(seed)).floor(Duration::from_millis(50));
            let now = Instant::now();
            for _ in 0..failures {
                let wait = backoff.next(now);
                prop_assert!(wait >= Duration::from_millis(50) && wait <= Backoff::CAP);
            }
        }
    }

    #[test]
    fn a_healthy_while_starts_the_waits_anew() {
        let mut backoff = Backoff::new(Rng::with_seed(1));
        let start = Instant::now();
        for _ in 0..10 {
            backoff.next(start);
        }
        backoff.connected(start);
        assert!(backoff.next(start + Duration::from_secs(61)) <= Backoff::BASE);
        assert_eq!(backoff.attempt(), 1);
    }

    #[test]
    fn a_connection_that_dies_at_once_does_not_reset_the_waits() {
        let mut backoff = Backoff::new(Rng::with_seed(1));
        let start = Instant::now();
        for _ in 0..5 {
            backoff.next(start);
            backoff.connected(start);
        }
        assert_eq!(backoff.attempt(), 5);
    }
}
