//! Entries that a session has for the journal.
//!
//! The order in which entries are queued is the order in which they are stored. A checkpoint joins the entry before it,
//! so that it is stored with the last event it covers and claims no more; that is the one rule that makes a restart
//! exact.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::timeout;

use crate::{
    Checkpoint, Closed, Draft, Entry, Intake, Kind, Link, LinkState, Moment, Origin, Permit, Place,
    Provenance,
};

/// Entries of a session that wait for room in its [`Intake`], in the order in which they are stored.
///
/// A session opens nothing and waits for nothing: it queues events and checkpoints here, and the loop around it sends
/// them whenever the intake has room.
/// The outbox itself refuses nothing, since one frame may bring any number of events; a session stops reading while it
/// [is full](Self::is_full), so that it holds at most its limit and the events of one input.
///
/// ```
/// use antiphon_core::{Checkpoint, Clock, Gap, Kind, Outbox, Place};
/// use bytes::Bytes;
///
/// let mut outbox = Outbox::new(16 << 20, "01989f7d4bc01a2b3c4d");
/// outbox.own_event(Kind::from_static("queup.disconnect"), Place::root(), "{}", Clock::system().moment());
/// // The checkpoint covers the event, so both are stored in one transaction.
/// outbox.checkpoint(Checkpoint { part: "socket".into(), state: Bytes::from_static(b"7"), mark: 7 });
/// let entry = outbox.take().expect("one entry");
/// assert!(entry.event.is_some() && entry.checkpoint.is_some());
/// assert!(outbox.is_empty());
/// ```
#[derive(Debug)]
pub struct Outbox {
    entries: VecDeque<Entry>,
    /// Sum of the entries' weights.
    bytes: usize,
    /// Bytes at which it counts as full.
    limit: usize,
    nonce: Arc<str>,
    /// Own origins so far; the next has the next number.
    own_events: u64,
}

impl Outbox {
    /// Time that [`flush`](Self::flush) gives the journal: two seconds.
    pub const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

    /// Makes an empty outbox that is full at `limit` bytes by [`Entry::weight`].
    ///
    /// `nonce` begins the origins of [own events](Self::own_event); take [`Intake::nonce`], which is new in every run,
    /// with something added where a source has several outboxes.
    pub fn new(limit: usize, nonce: impl Into<Arc<str>>) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            limit,
            nonce: nonce.into(),
            own_events: 0,
        }
    }

    /// Queues an entry.
    ///
    /// An outbox that is full takes it all the same.
    pub fn push(&mut self, entry: Entry) {
        self.bytes += entry.weight();
        self.entries.push_back(entry);
    }

    /// Queues an event without a checkpoint.
    pub fn event(&mut self, draft: Draft) {
        self.push(Entry::event(draft));
    }

    /// Queues a checkpoint that covers everything queued before it.
    ///
    /// The checkpoint joins the last entry, so that both are stored in one transaction; it travels alone behind an
    /// entry that has a checkpoint of another part. A newer checkpoint of the same part takes the older one's place.
    pub fn checkpoint(&mut self, checkpoint: Checkpoint) {
        match self.entries.back_mut() {
            Some(last)
                if last
                    .checkpoint
                    .as_ref()
                    .is_none_or(|held| held.part == checkpoint.part) =>
            {
                let before = last.weight();
                last.checkpoint = Some(checkpoint);
                self.bytes = self.bytes - before + last.weight();
            }
            _ => self.push(Entry::checkpoint(checkpoint)),
        }
    }

    /// Makes an event of antiphon's own ([`Provenance::Synthetic`]), with an origin that cannot repeat, and leaves
    /// queueing it to the caller.
    pub fn own_draft(
        &mut self,
        kind: Kind,
        place: Place,
        body: impl Into<Bytes>,
        now: Moment,
    ) -> Draft {
        let origin = self.own_origin();
        Draft::new(kind, place, origin, now.wall, body).provenance(Provenance::Synthetic)
    }

    /// Queues an event of antiphon's own.
    pub fn own_event(&mut self, kind: Kind, place: Place, body: impl Into<Bytes>, now: Moment) {
        let draft = self.own_draft(kind, place, body, now);
        self.event(draft);
    }

    /// Makes an origin that cannot repeat: the nonce and a number.
    pub fn own_origin(&mut self) -> Origin {
        self.own_events += 1;
        Origin::frame(&self.nonce, self.own_events)
    }

    /// Queues the event that tells a connection's new state ([`Link`]).
    ///
    /// Watchers of the source learn of it by [`Intake::show_link`]; a source does both.
    pub fn link(&mut self, place: Place, state: &LinkState, now: Moment) {
        self.own_event(Kind::from_static(Link::KIND), place, Link::body(state), now);
    }

    /// Returns the weight of the next entry, for [`Intake::reserve`].
    pub fn next_weight(&self) -> Option<usize> {
        self.entries.front().map(Entry::weight)
    }

    /// Takes the next entry.
    pub fn take(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        self.bytes = self.bytes.saturating_sub(entry.weight());
        Some(entry)
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the waiting entries weigh as much as the limit: nothing more should be read.
    pub fn is_full(&self) -> bool {
        self.bytes >= self.limit
    }

    /// Waits for room for the next entry; without an entry it waits for ever.
    ///
    /// Safe to cancel, and so made for a branch of `select!`: [`send`](Self::send) follows in its handler.
    ///
    /// # Errors
    /// [`Closed`] once the journal's side is gone.
    pub async fn reserve<'a>(&self, intake: &'a Intake) -> Result<Permit<'a>, Closed> {
        match self.next_weight() {
            Some(weight) => intake.reserve(weight).await,
            None => std::future::pending().await,
        }
    }

    /// Sends the next entry into the room that was reserved for it.
    pub fn send(&mut self, permit: Permit<'_>) {
        if let Some(entry) = self.take() {
            permit.send(entry);
        }
    }

    /// Sends what there is room for at once, in groups; the rest waits for [`reserve`](Self::reserve).
    ///
    /// Within a group, the last checkpoint of a part stands for those before it: the journal stores one for a group, and
    /// it still claims no more than the events before it.
    ///
    /// # Errors
    /// [`Closed`] once the journal's side is gone.
    pub fn send_ready(&mut self, intake: &Intake) -> Result<(), Closed> {
        while !self.entries.is_empty() {
            let sent = intake.send_group(&mut self.entries)?;
            if sent == 0 {
                break;
            }
            self.bytes = self.bytes.saturating_sub(sent);
        }
        Ok(())
    }

    /// Sends all that waits, for as long as the journal takes it, at most for [`FLUSH_TIMEOUT`](Self::FLUSH_TIMEOUT).
    ///
    /// An entry that is not sent in time lies behind the last checkpoint that was, so that the next run fetches it
    /// again or notes the gap.
    pub async fn flush(&mut self, intake: &Intake) {
        let all = async {
            while let Some(weight) = self.next_weight() {
                let Ok(permit) = intake.reserve(weight).await else {
                    return;
                };
                self.send(permit);
            }
        };
        let _ = timeout(Self::FLUSH_TIMEOUT, all).await;
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;
    use crate::{Clock, IntakeLimits, Outlet};

    fn outbox() -> Outbox {
        Outbox::new(1000, "n")
    }

    fn speak(outbox: &mut Outbox, bytes: usize) {
        let kind = Kind::from_static("queup.chat-message");
        outbox.own_event(
            kind,
            Place::root(),
            vec![b' '; bytes],
            Clock::system().moment(),
        );
    }

    fn state(part: &str, mark: i64) -> Checkpoint {
        Checkpoint {
            part: part.into(),
            state: Bytes::from_static(b"{}"),
            mark,
        }
    }

    #[track_caller]
    fn check(outbox: &mut Outbox, expected: &[(bool, Option<i64>)]) {
        let mut found = Vec::new();
        while let Some(entry) = outbox.take() {
            let mark = entry.checkpoint.map(|checkpoint| checkpoint.mark);
            found.push((entry.event.is_some(), mark));
        }
        assert_eq!(found, expected);
        assert_eq!(outbox.bytes, 0, "what was counted in was counted out");
    }

    #[test]
    fn a_checkpoint_joins_the_last_entry_and_replaces_one_of_its_own_part_only() {
        let mut outbox = outbox();
        outbox.checkpoint(state("room/1", 1));
        speak(&mut outbox, 10);
        outbox.checkpoint(state("room/1", 2));
        outbox.checkpoint(state("room/1", 3));
        outbox.checkpoint(state("room/2", 4));
        check(
            &mut outbox,
            &[(false, Some(1)), (true, Some(3)), (false, Some(4))],
        );
    }

    #[test]
    fn own_events_never_share_an_origin() {
        let mut outbox = outbox();
        speak(&mut outbox, 1);
        speak(&mut outbox, 1);
        let mut origin = || outbox.take()?.event.map(|draft| draft.origin);
        assert_ne!(origin(), origin());
    }

    #[test]
    fn an_outbox_is_full_until_its_entries_weigh_less_than_its_limit() {
        let mut outbox = outbox();
        assert!(!outbox.is_full());
        speak(&mut outbox, 1000);
        assert!(outbox.is_full());
        outbox.take();
        assert!(!outbox.is_full());
    }

    fn intake(limits: IntakeLimits) -> (Outlet, Intake) {
        let mut outlet = Outlet::new(limits);
        let rng = &mut crate::Rng::with_seed(1);
        let intake = outlet.intake("choir".into(), Vec::new(), Clock::system(), rng);
        (outlet, intake)
    }

    #[tokio::test]
    async fn what_there_is_room_for_is_sent_at_once_with_one_checkpoint_for_a_part() {
        let (mut outlet, intake) = intake(IntakeLimits::default());
        let mut outbox = Outbox::new(1 << 20, "n");
        for number in 1..=100 {
            speak(&mut outbox, 10);
            outbox.checkpoint(state(if number <= 3 { "room/1" } else { "room/2" }, number));
        }
        outbox.send_ready(&intake).expect("open");
        assert!(outbox.is_empty() && outbox.bytes == 0);
        let mut received = Vec::new();
        assert_eq!(outlet.receive_many(&mut received, 1000).await, 100);
        assert!(received.iter().all(|one| one.entry.event.is_some()));
        let checkpoints = received
            .iter()
            .filter_map(|one| one.entry.checkpoint.as_ref());
        let marks: Vec<i64> = checkpoints.map(|checkpoint| checkpoint.mark).collect();
        assert_eq!(
            marks,
            [3, 64, 100],
            "the last of each part in a group of 64"
        );
    }

    #[tokio::test]
    async fn a_group_is_cut_where_the_room_ends_and_gives_its_room_back() {
        let (mut outlet, intake) = intake(IntakeLimits {
            entries: 8,
            bytes: 1000,
        });
        let mut outbox = outbox();
        for _ in 0..5 {
            speak(&mut outbox, 100);
        }
        // Each weighs 356 bytes, so two of them fit.
        outbox.send_ready(&intake).expect("open");
        let mut received = Vec::new();
        assert_eq!(outlet.receive_many(&mut received, 10).await, 2);
        assert_eq!(outbox.bytes, 3 * 356);
        outbox.send_ready(&intake).expect("open");
        assert_eq!(
            outbox.bytes,
            3 * 356,
            "the received ones still take the room"
        );
        received.clear();
        outbox.send_ready(&intake).expect("open");
        assert_eq!(outlet.receive_many(&mut received, 10).await, 2);
        received.clear();
        // One that is larger than the whole limit passes alone.
        speak(&mut outbox, 5000);
        outbox.send_ready(&intake).expect("open");
        outlet.receive_many(&mut received, 10).await;
        received.clear();
        outbox.send_ready(&intake).expect("open");
        assert!(outbox.is_empty());
        drop(outlet);
        speak(&mut outbox, 1);
        outbox.send_ready(&intake).expect_err("the journal is gone");
    }

    #[tokio::test]
    async fn a_group_takes_no_room_from_a_sender_who_waits() {
        let (mut outlet, intake) = intake(IntakeLimits {
            entries: 8,
            bytes: 1000,
        });
        let first = intake.reserve(600).await.expect("room");
        let waiting = intake.reserve(600);
        tokio::pin!(waiting);
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        let mut outbox = outbox();
        speak(&mut outbox, 1);
        outbox.send_ready(&intake).expect("open");
        assert!(!outbox.is_empty(), "the other one asked first");
        drop(first);
        drop(waiting.await.expect("its turn"));
        outbox.send_ready(&intake).expect("open");
        assert_eq!(outlet.receive_many(&mut Vec::new(), 10).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flush_ends_in_time_when_the_journal_takes_no_more() {
        let (mut outlet, intake) = intake(IntakeLimits {
            entries: 2,
            bytes: 1 << 20,
        });
        let mut outbox = outbox();
        for _ in 0..3 {
            speak(&mut outbox, 1);
        }
        outbox.flush(&intake).await;
        assert!(outbox.next_weight().is_some(), "the third found no room");
        outlet.receive_many(&mut Vec::new(), 2).await;
        outbox.flush(&intake).await;
        assert!(outbox.is_empty());
    }
}
