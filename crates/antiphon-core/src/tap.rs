//! Observers of the journal's head.
//!
//! The smaller sister of a projection: nothing to save, nothing to give to handlers. Metrics, dashboards, and joining
//! two sources (`antiphon::music`) are its uses.

use crate::Event;

/// An observer of every event, for what lives beside the app and follows its journal.
///
/// The app calls it as it reads the journal: in order, and before any handler of the event. It must be quick, since
/// the whole app waits for it.
///
/// A tap has no state that is saved; the app stores the position of the last event it has seen. The next run goes on
/// from there, and so does a run after a crash, which may show the events of the last seconds again. A tap that the
/// journal does not know yet sees the last 100,000 events first.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
///
/// use antiphon_core::{Event, Tap};
///
/// /// Counts the gaps, for a dashboard.
/// struct Gaps(Arc<AtomicU64>);
///
/// impl Tap for Gaps {
///     fn name(&self) -> &str {
///         "dashboard/gaps"
///     }
///
///     fn see(&mut self, event: &Event) {
///         if *event.kind() == "antiphon.gap" {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Tap: Send + 'static {
    /// A name that is stable across versions, and unique among the taps and projections of an app.
    fn name(&self) -> &str;

    /// Sees one event, of whatever source.
    fn see(&mut self, event: &Event);
}
