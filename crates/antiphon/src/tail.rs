//! The newest events in memory, so that a consumer that keeps up never reads the disk.
//!
//! The committer adds each batch; the head asks for what follows its position. The answer is in memory (`Here`), in the
//! journal (`Elsewhere`), or being stored at this moment (`Soon`), which saves a look at the disk for what will be in
//! memory at once.
//!
//! Bounds: 8,192 events or 32 MiB, and always the newest batch. The oldest batch goes first; whoever still needs it
//! reads the journal.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use antiphon_core::{Event, Position};
use tokio::sync::watch;

/// Most events in the tail.
const EVENTS: usize = 8192;
/// Most bytes in the tail, by the drafts' weight; the newest batch is kept whatever its size.
const BYTES: usize = 32 << 20;

/// A ring of the batches that were stored last.
///
/// Its batches follow one another without a hole. At a hole in the journal's numbers the ring begins again, since
/// another writer's events may lie there.
#[derive(Debug)]
pub(crate) struct Tail {
    ring: Mutex<Ring>,
    /// Moves with every batch.
    moved: watch::Sender<u64>,
}

/// `bytes` and `events` are the sums over `batches`.
#[derive(Debug, Default)]
struct Ring {
    batches: VecDeque<Kept>,
    events: usize,
    bytes: usize,
    /// Whether a batch is being stored now.
    storing: bool,
}

#[derive(Debug)]
struct Kept {
    events: Arc<Vec<Arc<Event>>>,
    first: Position,
    last: Position,
    bytes: usize,
}

/// The tail's answer to a reader.
#[derive(Debug)]
pub(crate) enum Ahead {
    /// The next events: those of this batch from the index on.
    Here(Arc<Vec<Arc<Event>>>, usize),
    /// The next events, if there are any, are in the journal.
    Elsewhere,
    /// A batch is being stored, and will be in the tail soon.
    Soon,
}

impl Tail {
    pub(crate) fn new() -> Self {
        Self {
            ring: Mutex::default(),
            moved: watch::Sender::new(0),
        }
    }

    /// Changes with every batch.
    pub(crate) fn moved(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }

    /// Notes that a batch is about to be stored.
    pub(crate) fn storing(&self) {
        self.lock().storing = true;
    }

    /// Adds the new events of a batch that was stored.
    pub(crate) fn stored(&self, events: Vec<Arc<Event>>) {
        self.lock().push(events);
        self.moved.send_modify(|moved| *moved += 1);
    }

    /// The events that follow `after`.
    pub(crate) fn ahead(&self, after: Position) -> Ahead {
        let ring = self.lock();
        let number = ring.batches.partition_point(|kept| kept.last <= after);
        match ring.batches.get(number) {
            Some(kept) if number > 0 || kept.first <= after.next() => {
                let begin = kept
                    .events
                    .partition_point(|event| event.position() <= after);
                Ahead::Here(Arc::clone(&kept.events), begin)
            }
            None if ring.storing => Ahead::Soon,
            _ => Ahead::Elsewhere,
        }
    }

    /// The first event that follows `after`, if it is in memory.
    pub(crate) fn first_after(&self, after: Position) -> Option<Arc<Event>> {
        match self.ahead(after) {
            Ahead::Here(events, begin) => events.get(begin).cloned(),
            Ahead::Elsewhere | Ahead::Soon => None,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn push(&mut self, events: Vec<Arc<Event>>) {
        self.storing = false;
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return;
        };
        let (first, last) = (first.position(), last.position());
        if self
            .batches
            .back()
            .is_some_and(|kept| kept.last.next() != first)
        {
            *self = Self::default();
        }
        let bytes = events.iter().map(|event| event.draft().weight()).sum();
        self.events += events.len();
        self.bytes += bytes;
        self.batches.push_back(Kept {
            events: Arc::new(events),
            first,
            last,
            bytes,
        });
        while self.batches.len() > 1 && (self.events > EVENTS || self.bytes > BYTES) {
            if let Some(oldest) = self.batches.pop_front() {
                self.events -= oldest.events.len();
                self.bytes -= oldest.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Kind, Origin, Place};
    use jiff::Timestamp;

    use super::*;

    fn events(positions: impl IntoIterator<Item = u64>) -> Vec<Arc<Event>> {
        heavy(positions, 2)
    }

    /// Events whose bodies have so many bytes.
    fn heavy(positions: impl IntoIterator<Item = u64>, bytes: usize) -> Vec<Arc<Event>> {
        let body = " ".repeat(bytes);
        let event = |number| {
            let draft = Draft::new(
                Kind::from_static("queup.chat-skip"),
                Place::root(),
                Origin::frame("c", number),
                Timestamp::UNIX_EPOCH,
                body.clone(),
            );
            Arc::new(Event::stored(Position::new(number), "choir".into(), draft))
        };
        positions.into_iter().map(event).collect()
    }

    #[track_caller]
    fn check(tail: &Tail, after: u64, expected: &[u64]) {
        let found: Vec<u64> = match tail.ahead(Position::new(after)) {
            Ahead::Here(events, begin) => events[begin..]
                .iter()
                .map(|event| event.position().get())
                .collect(),
            Ahead::Elsewhere | Ahead::Soon => Vec::new(),
        };
        assert_eq!(found, expected, "after {after}");
    }

    #[test]
    fn a_reader_gets_the_rest_of_the_batch_it_is_in() {
        let tail = Tail::new();
        tail.stored(events(5..8));
        tail.stored(events(8..10));
        check(&tail, 3, &[]);
        check(&tail, 4, &[5, 6, 7]);
        check(&tail, 6, &[7]);
        check(&tail, 7, &[8, 9]);
        check(&tail, 9, &[]);
    }

    #[test]
    fn a_hole_between_batches_sends_the_reader_to_the_journal() {
        let tail = Tail::new();
        tail.stored(events(1..3));
        tail.stored(events(4..6));
        check(&tail, 2, &[]);
        check(&tail, 3, &[4, 5]);
    }

    #[test]
    fn the_ring_keeps_the_newest_within_its_bounds() {
        let tail = Tail::new();
        for batch in 0..20_u64 {
            tail.stored(events(batch * 1000 + 1..=batch * 1000 + 1000));
        }
        check(&tail, 11_000, &[]);
        assert!(matches!(tail.ahead(Position::new(12_000)), Ahead::Here(..)));
    }

    #[test]
    fn large_events_leave_the_ring_by_their_bytes() {
        let tail = Tail::new();
        for number in 1..=40 {
            tail.stored(heavy([number], 1 << 20));
        }
        // Forty events are few, and more than the 32 MiB that are kept.
        check(&tail, 7, &[]);
        assert!(matches!(tail.ahead(Position::new(9)), Ahead::Here(..)));
        // The newest batch stays whatever it weighs.
        tail.stored(heavy([41], 40 << 20));
        check(&tail, 39, &[]);
        check(&tail, 40, &[41]);
    }

    #[test]
    fn a_reader_waits_for_the_batch_that_is_being_stored() {
        let tail = Tail::new();
        tail.storing();
        assert!(matches!(tail.ahead(Position::ZERO), Ahead::Soon));
        tail.stored(Vec::new());
        assert!(matches!(tail.ahead(Position::ZERO), Ahead::Elsewhere));
    }
}
