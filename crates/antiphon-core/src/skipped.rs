//! The documented exceptions to "what arrives leaves a row", counted.
//!
//! "Nothing is silently dropped" needs a list of exceptions that is short and counted; this is the counter. Tests sum
//! it up against rows: each frame is in one of the two.

use std::collections::BTreeMap;

/// Counts what arrived and was left without a row on purpose, by reason.
///
/// The rule is the same for every platform: a frame becomes rows whose bodies are the events' own bytes, or one row
/// with the whole frame, or one of these counts.
/// A reason is a short stable word, such as `heartbeat`, `repeat` or `before-join`; each platform's front page lists
/// its own.
/// The same counts go to the metric `antiphon_frames_skipped_total`, labelled by `reason`, and to the log at *trace*.
///
/// ```
/// let mut skipped = antiphon_core::Skipped::default();
/// skipped.note("heartbeat");
/// skipped.note("heartbeat");
/// assert_eq!((skipped.of("heartbeat"), skipped.total()), (2, 2));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    counts: BTreeMap<&'static str, u64>,
}

impl Skipped {
    /// Counts one more of a reason.
    pub fn note(&mut self, reason: &'static str) {
        *self.counts.entry(reason).or_default() += 1;
        metrics::counter!("antiphon_frames_skipped_total", "reason" => reason).increment(1);
        tracing::trace!(reason, "left without a row");
    }

    /// How often a reason was counted.
    pub fn of(&self, reason: &str) -> u64 {
        self.counts.get(reason).copied().unwrap_or_default()
    }

    /// The sum of all reasons.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The reasons with their counts, in the order of the words.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.counts.iter().map(|(reason, count)| (*reason, *count))
    }
}
