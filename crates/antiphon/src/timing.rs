//! How long things take in a run: [`Handle::timings`](crate::Handle::timings).
//!
//! A time is counted in a bucket a fifth wider than the one before, so that a quantile is right to within a tenth, and
//! what is measured costs an addition. Counts only grow; two looks give the times between them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use metrics::Histogram;

/// Buckets of each doubling.
const STEPS: usize = 4;
/// Doublings above [`SHORTEST`], up to about four minutes.
const DOUBLINGS: usize = 24;
/// Number of buckets; the last one has everything that is longer.
const BUCKETS: usize = STEPS * DOUBLINGS + 1;
/// Upper bound of the first bucket, in seconds.
const SHORTEST: f64 = 16e-6;

/// How long the parts of an event's way took, since the run began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timings {
    /// How long batches took to be stored.
    pub commit: Timing,
    /// From the receipt of a live event to its being stored; one position in eight is timed.
    pub stored: Timing,
    /// From the receipt of a live event to the end of its handlers; one position in eight is timed.
    pub handled: Timing,
}

impl Timings {
    /// Those that came after an earlier look at the same run.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            commit: self.commit.since(&earlier.commit),
            stored: self.stored.since(&earlier.stored),
            handled: self.handled.since(&earlier.handled),
        }
    }
}

/// Times that were measured, in a few hundred bytes however many there are.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon::Timing;
///
/// let mut timing = Timing::default();
/// assert_eq!((timing.count(), timing.quantile(0.5)), (0, None));
/// for milliseconds in 1..=100 {
///     timing.add(Duration::from_millis(milliseconds));
/// }
/// let median = timing.quantile(0.5).expect("there are times");
/// assert!((45..=55).contains(&median.as_millis()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Counts of the buckets; empty for none.
    counts: Vec<u64>,
}

impl Timing {
    /// Adds a time.
    pub fn add(&mut self, taken: Duration) {
        self.counts.resize(BUCKETS, 0);
        self.counts[bucket(taken.as_secs_f64())] += 1;
    }

    /// Adds the times of another.
    pub fn join(&mut self, other: &Self) {
        self.counts.resize(BUCKETS, 0);
        for (sum, more) in self.counts.iter_mut().zip(&other.counts) {
            *sum += more;
        }
    }

    /// How many times were measured.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The time that this part of all times is no longer than, such as 0.99; `None` if none was measured.
    ///
    /// It is right to within a tenth from 16 µs to four minutes; what is longer is told as four minutes.
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank is between 1 and the count"
        )]
        let rank = ((part.clamp(0.0, 1.0) * count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let bucket = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        bucket.map(middle)
    }

    /// The times that came after an earlier look.
    #[must_use]
    fn since(&self, earlier: &Self) -> Self {
        let before = earlier.counts.iter().copied().chain(std::iter::repeat(0));
        let counts = self.counts.iter().zip(before);
        Self {
            counts: counts
                .map(|(now, before)| now.saturating_sub(before))
                .collect(),
        }
    }
}

/// The bucket of a time.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 0 and the number of buckets"
)]
fn bucket(seconds: f64) -> usize {
    let steps = (seconds / SHORTEST).log2() * STEPS as f64;
    // A time of nothing is the shortest one, and so is one that a clock that was set back made negative.
    if steps > 0.0 {
        (steps.ceil() as usize).min(BUCKETS - 1)
    } else {
        0
    }
}

/// A time in the middle of a bucket.
#[expect(clippy::cast_precision_loss, reason = "there are few buckets")]
fn middle(bucket: usize) -> Duration {
    let steps = bucket as f64 - 0.5;
    Duration::from_secs_f64(SHORTEST * (steps / STEPS as f64).exp2())
}

/// Times that are measured: for the `metrics` facade, and for [`Timing`].
#[derive(Clone)]
pub(crate) struct Timed {
    facade: Histogram,
    counts: Arc<[AtomicU64; BUCKETS]>,
}

impl Timed {
    pub(crate) fn new(facade: Histogram) -> Self {
        Self {
            facade,
            counts: Arc::new([const { AtomicU64::new(0) }; BUCKETS]),
        }
    }

    pub(crate) fn record(&self, seconds: f64) {
        self.facade.record(seconds);
        self.counts[bucket(seconds)].fetch_add(1, Ordering::Relaxed);
    }

    /// What was measured since the app began to run.
    pub(crate) fn timing(&self) -> Timing {
        let counts = self.counts.iter();
        Timing {
            counts: counts.map(|count| count.load(Ordering::Relaxed)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(times: impl IntoIterator<Item = f64>) -> Timing {
        let all = Timed::new(Histogram::noop());
        times.into_iter().for_each(|seconds| all.record(seconds));
        all.timing()
    }

    #[track_caller]
    fn check(timing: &Timing, part: f64, expected: f64) {
        let found = timing
            .quantile(part)
            .expect("there are times")
            .as_secs_f64();
        let error = (found / expected - 1.0).abs();
        assert!(error < 0.1, "{found} is not about {expected}");
    }

    #[test]
    fn quantiles_are_right_to_within_a_tenth() {
        let timing = measured((1..=1000).map(|number| f64::from(number) / 1000.0));
        assert_eq!(timing.count(), 1000);
        check(&timing, 0.5, 0.5);
        check(&timing, 0.99, 0.99);
        check(&timing, 1.0, 1.0);
        for seconds in [20e-6, 1e-3, 7.0, 200.0] {
            check(&measured([seconds]), 0.5, seconds);
        }
    }

    #[test]
    fn times_beyond_the_bounds_are_counted_at_the_ends() {
        let timing = measured([0.0, -1.0, f64::NAN, 1e9, f64::INFINITY]);
        assert_eq!(timing.count(), 5);
        assert!(timing.quantile(0.0) < Some(Duration::from_micros(16)));
        assert!(timing.quantile(1.0) > Some(Duration::from_secs(200)));
    }

    #[test]
    fn two_looks_give_the_times_between_them() {
        let timed = Timed::new(Histogram::noop());
        timed.record(5.0);
        let earlier = timed.timing();
        timed.record(0.001);
        let between = timed.timing().since(&earlier);
        assert_eq!(between.count(), 1);
        check(&between, 0.99, 0.001);
        assert_eq!(timed.timing().since(&Timing::default()), timed.timing());
    }
}
