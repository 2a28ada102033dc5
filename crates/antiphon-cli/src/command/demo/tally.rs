//! How a run went: the simulator's audit of the journal, and how long handlers waited.
//!
//! The judgement itself is the simulator's (`Audit`), which tests and scripts use too; this file adds what only the
//! demo knows: how long handlers waited.

use std::collections::HashMap;

use antiphon::{Event, SourceName};
use antiphon_core::Provenance;
use antiphon_sim::{Audit, Row, StoredEvent, StoredEvents};
use schemars::JsonSchema;
use serde::Serialize;

/// How a run went for one platform.
///
/// The field names are those of the summary in JSON, where the skipped ones are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline, description = "How a run went for one platform.")]
pub(crate) struct Tally {
    /// Events due to the account.
    pub(super) sent: u64,
    /// Of these, stored.
    pub(super) journaled: u64,
    /// Of the rest, inside a reported gap.
    pub(super) gapped: u64,
    /// Of the stored ones, handled.
    pub(super) handled: u64,
    /// Times that an event was stored or handled again.
    pub(super) repeats: u64,
    /// Neither stored nor inside a reported gap.
    pub(super) lost: u64,
    /// Microseconds from reading the frame to the handler, for half of the live events.
    pub(super) p50_us: u64,
    /// The same for 99 % of them.
    pub(super) p99_us: u64,
    /// Stored events that the platform sent again, or that came from its history.
    #[serde(skip)]
    pub(super) recovered: u64,
    /// Events that are stored behind one that was sent later.
    #[serde(skip)]
    pub(super) disordered: u64,
    /// The first of those that were lost.
    #[serde(skip)]
    pub(super) first_lost: Vec<Row>,
}

/// Lost events that are printed one by one.
const TOLD: usize = 10;

/// The book of each source.
pub(super) type Books = HashMap<SourceName, Book>;

/// Events of one source, and how long their handlers waited.
#[derive(Debug, Default)]
pub(super) struct Book {
    events: StoredEvents,
    /// In microseconds, of the live events.
    waits: Vec<u64>,
}

impl Book {
    /// Adds the next event of the journal.
    pub(super) fn stored(&mut self, event: &Event) {
        self.events.add(&StoredEvent {
            handled: Some(0),
            ..event.into()
        });
    }

    /// Notes that the handler began this long after the frame was read.
    pub(super) fn handled(&mut self, event: &Event, microseconds: u64) {
        self.events.handled(event.origin().as_str());
        if event.provenance() == Provenance::Live {
            self.waits.push(microseconds);
        }
    }

    pub(super) fn events(&self) -> &StoredEvents {
        &self.events
    }

    /// How the run went, by the audit of these events.
    pub(super) fn tally(&self, mut audit: Audit) -> Tally {
        let lost = audit.lost.len() as u64;
        audit.lost.truncate(TOLD);
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        Tally {
            sent: audit.due,
            journaled: audit.stored,
            gapped: audit.gapped.len() as u64,
            handled: audit.handled,
            repeats: audit.repeated + audit.handled_again,
            lost,
            p50_us: percentile(&waits, 0.5),
            p99_us: percentile(&waits, 0.99),
            recovered: audit.sent_again,
            disordered: audit.disordered.len() as u64,
            first_lost: audit.lost,
        }
    }
}

/// The wait that a share of the handlers did not exceed.
///
/// 0 without any wait; the last one for a share of 1.
fn percentile(waits: &[u64], share: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a length is a place in it"
    )]
    let place = (waits.len() as f64 * share) as usize;
    let last = waits.len().saturating_sub(1);
    waits.get(place.min(last)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_wait_that_so_many_stayed_within() {
        let waits: Vec<u64> = (0..100).collect();
        assert_eq!(
            (percentile(&waits, 0.5), percentile(&waits, 0.99)),
            (50, 99)
        );
        assert_eq!(percentile(&[7], 0.99), 7);
        assert_eq!(percentile(&[], 0.5), 0);
    }
}
