//! The app's counters: for the `metrics` facade, and for [`Handle::status`](crate::Handle::status).
//!
//! The facade costs nothing without a recorder; a program installs one, such as a Prometheus exporter. The README lists
//! the names; `antiphon_frames_skipped_total` and the platforms' own metrics are counted elsewhere.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use antiphon_core::SourceName;
use metrics::Counter;

use crate::timing::{Timed, Timings};

/// A counter that the program itself can read too, which a facade's counter cannot.
#[derive(Clone)]
pub(crate) struct Counted {
    facade: Counter,
    total: Arc<AtomicU64>,
}

impl Counted {
    fn new(facade: Counter) -> Self {
        Self {
            facade,
            total: Arc::default(),
        }
    }

    pub(crate) fn increment(&self, by: u64) {
        self.facade.increment(by);
        self.total.fetch_add(by, Ordering::Relaxed);
    }

    /// The sum since the app began to run.
    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

/// The counters of one app; without a recorder each costs one addition.
#[derive(Clone)]
pub(crate) struct Counters {
    /// `antiphon_events_handled_total`: events whose handlers ended, with or without failures.
    pub(crate) handled: Counted,
    /// `antiphon_events_unhandled_total`: events that no handler took.
    pub(crate) unhandled: Counted,
    /// `antiphon_events_late_total`: events that came too late for their handlers to act on them.
    pub(crate) late: Counted,
    /// `antiphon_handler_failures_total`: calls that failed.
    pub(crate) failures: Counted,
    /// `antiphon_dead_letters_total`: events that became dead letters.
    pub(crate) dead: Counted,
    /// `antiphon_events_expired_total`: momentary events removed before they were read.
    pub(crate) expired: Counted,
    /// `antiphon_store_failures_total`: tries to store a batch that failed.
    pub(crate) refused: Counted,
    /// `antiphon_commit_seconds`: how long a batch took to be stored.
    pub(crate) commit: Timed,
    /// `antiphon_event_stored_seconds`: from the receipt of a live event to its being stored; one position in eight is timed.
    pub(crate) stored_after: Timed,
    /// `antiphon_event_handled_seconds`: from the receipt of a live event to the end of its handlers; one position in eight is timed.
    pub(crate) handled_after: Timed,
}

/// The counters of one source, with the label `source`.
#[derive(Clone)]
pub(crate) struct SourceCounters {
    /// `antiphon_events_stored_total`: events that were new.
    pub(crate) stored: Counted,
    /// `antiphon_events_repeated_total`: events that were stored before.
    pub(crate) repeated: Counted,
    /// `antiphon_gaps_total`: stretches of events that could not be had.
    pub(crate) gaps: Counted,
}

impl SourceCounters {
    pub(crate) fn new(source: &SourceName) -> Self {
        let source = || source.as_str().to_owned();
        Self {
            stored: Counted::new(
                metrics::counter!("antiphon_events_stored_total", "source" => source()),
            ),
            repeated: Counted::new(
                metrics::counter!("antiphon_events_repeated_total", "source" => source()),
            ),
            gaps: Counted::new(metrics::counter!("antiphon_gaps_total", "source" => source())),
        }
    }
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            handled: Counted::new(metrics::counter!("antiphon_events_handled_total")),
            unhandled: Counted::new(metrics::counter!("antiphon_events_unhandled_total")),
            late: Counted::new(metrics::counter!("antiphon_events_late_total")),
            failures: Counted::new(metrics::counter!("antiphon_handler_failures_total")),
            dead: Counted::new(metrics::counter!("antiphon_dead_letters_total")),
            expired: Counted::new(metrics::counter!("antiphon_events_expired_total")),
            refused: Counted::new(metrics::counter!("antiphon_store_failures_total")),
            commit: Timed::new(metrics::histogram!("antiphon_commit_seconds")),
            stored_after: Timed::new(metrics::histogram!("antiphon_event_stored_seconds")),
            handled_after: Timed::new(metrics::histogram!("antiphon_event_handled_seconds")),
        }
    }

    /// How long things took since the app began to run.
    pub(crate) fn timings(&self) -> Timings {
        Timings {
            commit: self.commit.timing(),
            stored: self.stored_after.timing(),
            handled: self.handled_after.timing(),
        }
    }
}
