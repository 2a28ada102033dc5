//! The app's counters, through the `metrics` facade.
//!
//! The facade costs nothing without a recorder; a program installs one, such as a Prometheus exporter. The README lists
//! the names; `antiphon_frames_skipped_total` and the platforms' own metrics are counted elsewhere.

use metrics::Counter;

/// The counters of one app; without a recorder each costs a branch.
#[derive(Clone)]
pub(crate) struct Counters {
    /// `antiphon_events_stored_total`: events that were new.
    pub(crate) stored: Counter,
    /// `antiphon_events_repeated_total`: events that were stored before.
    pub(crate) repeats: Counter,
    /// `antiphon_events_handled_total`: events whose handlers ended, with or without failures.
    pub(crate) handled: Counter,
    /// `antiphon_events_unhandled_total`: events that no handler took.
    pub(crate) unhandled: Counter,
    /// `antiphon_events_late_total`: events that came too late for their handlers to act on them.
    pub(crate) late: Counter,
    /// `antiphon_handler_failures_total`: calls that failed.
    pub(crate) failures: Counter,
    /// `antiphon_dead_letters_total`: events that became dead letters.
    pub(crate) dead: Counter,
    /// `antiphon_events_expired_total`: momentary events removed before they were read.
    pub(crate) expired: Counter,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            stored: metrics::counter!("antiphon_events_stored_total"),
            repeats: metrics::counter!("antiphon_events_repeated_total"),
            handled: metrics::counter!("antiphon_events_handled_total"),
            unhandled: metrics::counter!("antiphon_events_unhandled_total"),
            late: metrics::counter!("antiphon_events_late_total"),
            failures: metrics::counter!("antiphon_handler_failures_total"),
            dead: metrics::counter!("antiphon_dead_letters_total"),
            expired: metrics::counter!("antiphon_events_expired_total"),
        }
    }
}
