//! How the daemon did of late: a sample every ten seconds, of the last hour.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon::{Timing, Timings};
use tokio::time::{MissedTickBehavior, interval};

use super::{
    Running,
    wire::{Consumer, ConsumerLag, Quantiles, Sample},
};

/// Seconds between two samples.
pub(crate) const EVERY: u64 = 10;
/// Samples that are kept: those of an hour.
const KEPT: usize = 360;
/// Consumers whose lag is noted.
const CONSUMERS: usize = 32;

/// The samples of a daemon, the oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Arc<Mutex<VecDeque<Sample>>>);

impl Samples {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Sample>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that are kept.
    pub(crate) fn all(&self) -> Vec<Sample> {
        self.lock().iter().cloned().collect()
    }

    fn add(&self, sample: Sample) {
        let mut samples = self.lock();
        if samples.len() >= KEPT {
            samples.pop_front();
        }
        samples.push_back(sample);
    }
}

/// Takes a sample of the daemon every ten seconds; it does not end by itself.
pub(crate) async fn follow(running: Running) -> Infallible {
    running.handle.started().await;
    let (mut timings, mut stored) = (running.handle.timings(), stored(&running).await);
    let mut ticks = interval(Duration::from_secs(EVERY));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let now = running.handle.timings();
        let sample = take(&running, &now.since(&timings), &mut stored).await;
        timings = now;
        running.samples.add(sample);
    }
}

/// Events that were stored since the start.
async fn stored(running: &Running) -> u64 {
    let status = running.handle.status().await;
    status.sources.iter().map(|source| source.stored).sum()
}

async fn take(running: &Running, between: &Timings, stored: &mut u64) -> Sample {
    let status = running.handle.status().await;
    let overview = running.overview().await;
    let sum = status.sources.iter().map(|source| source.stored).sum();
    let before = std::mem::replace(stored, sum);
    let mut consumers = Vec::new();
    if let Some(overview) = overview {
        let lag = |one| {
            let one = Consumer::new(one, overview.last, status.at);
            Some(ConsumerLag {
                name: one.name,
                lag: one.lag?,
                lag_seconds: one.lag_seconds?,
            })
        };
        consumers = overview
            .consumers
            .iter()
            .filter_map(lag)
            .take(CONSUMERS)
            .collect();
    }
    Sample {
        at: status.at,
        stored: sum.saturating_sub(before),
        commit: quantiles(&between.commit),
        receipt_to_stored: quantiles(&between.stored),
        receipt_to_handled: quantiles(&between.handled),
        consumers,
    }
}

/// `None` if nothing was measured.
fn quantiles(timing: &Timing) -> Option<Quantiles> {
    let milliseconds = |part| {
        let taken = timing.quantile(part)?.as_secs_f64() * 1000.0;
        // Three digits are more than it is right to.
        Some((taken * 1000.0).round() / 1000.0)
    };
    Some(Quantiles {
        count: timing.count(),
        p50_ms: milliseconds(0.5)?,
        p99_ms: milliseconds(0.99)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_of_an_hour_are_kept() {
        let samples = Samples::default();
        for stored in 0..1000 {
            samples.add(Sample {
                stored,
                ..Sample::default()
            });
        }
        let all = samples.all();
        assert_eq!(all.len(), KEPT);
        assert_eq!(u64::try_from(KEPT).expect("small") * EVERY, 3600);
        assert_eq!((all[0].stored, all[KEPT - 1].stored), (640, 999));
    }
}
