//! The bounded way from a source to the journal, and the word back about what is durable.
//!
//! Three things travel: entries towards the journal, marks back ([`Intake::stored`]), and the state of the link beside
//! them. The way is bounded twice, by entries and by bytes, and a source waits for room *before* it reads the next
//! frame: that is where back-pressure begins, while heartbeats go on.
//!
//! A mark is what makes resuming exact: a source tells its platform that it has an event only when the journal has
//! stored the checkpoint behind it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use foldhash::fast::RandomState;
use jiff::Timestamp;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::{Clock, Draft, Kind, LinkState, Moment, Origin, Place, Provenance, SourceName};

/// A piece of a source with its own state: `shard/3`, `room/4242`, `identifies`.
pub type Part = Arc<str>;

/// A part's state, from which it can go on after a restart.
///
/// It is stored in the transaction of the entry it travels with, so that it never claims an event that is not stored.
/// Only the last one of a part is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which piece of the source.
    pub part: Part,
    /// Whatever the source needs to go on, in its own encoding; at most [`Checkpoint::MAX_STATE`] bytes are sensible.
    pub state: Bytes,
    /// The integer that [`Intake::stored`] watches: a sequence, a time, a frame number; any number if nobody watches it.
    pub mark: i64,
}

impl Checkpoint {
    /// States above this belong in events or projections: 1 MiB.
    pub const MAX_STATE: usize = 1 << 20;
}

/// What travels through an [`Intake`]: an event, a checkpoint, or an event with the checkpoint it completes.
///
/// A checkpoint hangs on the *last* event it covers and is stored in the same transaction, also when that event turns
/// out to be a repeat.
///
/// ```
/// use antiphon_core::{Checkpoint, Draft, Entry, Kind, Origin, Place};
/// use bytes::Bytes;
///
/// let event = Draft::new(
///     Kind::from_static("queup.chat-skip"),
///     Place::root(),
///     Origin::frame("c7e1a2", 17),
///     "2026-01-01T00:00:00Z".parse()?,
///     "{}",
/// );
/// let checkpoint = Checkpoint { part: "socket".into(), state: Bytes::from_static(b"17"), mark: 17 };
/// let entry = Entry::event(event).with(checkpoint);
/// assert!(entry.weight() > 17);
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The event to store.
    pub event: Option<Draft>,
    /// The checkpoint to store with it.
    pub checkpoint: Option<Checkpoint>,
}

impl Entry {
    /// An event without a checkpoint.
    pub fn event(event: Draft) -> Self {
        Self {
            event: Some(event),
            checkpoint: None,
        }
    }

    /// A checkpoint that travels alone.
    pub fn checkpoint(checkpoint: Checkpoint) -> Self {
        Self {
            event: None,
            checkpoint: Some(checkpoint),
        }
    }

    /// Hangs a checkpoint on it.
    #[must_use]
    pub fn with(mut self, checkpoint: Checkpoint) -> Self {
        self.checkpoint = Some(checkpoint);
        self
    }

    /// Bytes it occupies, roughly: what the intake's limit counts.
    pub fn weight(&self) -> usize {
        self.event.as_ref().map_or(0, Draft::weight)
            + self
                .checkpoint
                .as_ref()
                .map_or(0, |checkpoint| 64 + checkpoint.state.len())
    }
}

/// How much may wait between the sources and the journal.
///
/// At the limit [`Intake::reserve`] waits, and so does whoever reads the socket.
///
/// They are for all sources of an app together.
#[derive(Clone, Copy, Debug)]
pub struct IntakeLimits {
    /// Entries; 1,024 by default.
    pub entries: usize,
    /// Bytes by [`Entry::weight`]; 16 MiB by default. A larger entry passes alone.
    pub bytes: usize,
}

impl Default for IntakeLimits {
    fn default() -> Self {
        Self {
            entries: 1024,
            bytes: 16 << 20,
        }
    }
}

/// The journal's side is gone: nothing can be stored any more.
///
/// A source that meets it closes its connections and returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal takes no more events")]
pub struct Closed;

/// An entry as the committer receives it; the room it took is free again once this is dropped.
#[derive(Debug)]
pub struct Received {
    /// Who sent it.
    pub source: SourceName,
    /// What was sent.
    pub entry: Entry,
    /// The bytes of the limit that are free again once it is dropped: those of its whole group, or none before the last
    /// of a group.
    _room: Option<OwnedSemaphorePermit>,
}

type Marks = Arc<Mutex<HashMap<Part, watch::Sender<Option<i64>>, RandomState>>>;

/// Tells whether events of a kind are to be received at once.
pub type IsUrgent = Arc<dyn Fn(&Kind) -> bool + Send + Sync>;

/// What senders look at while a committer lets entries gather; see [`Outlet::gathered`].
#[derive(Default)]
struct Gathering {
    /// Number of waiting entries that ends it; 0 while nothing gathers.
    enough: AtomicUsize,
    ended: Notify,
    is_urgent: OnceLock<IsUrgent>,
}

impl Gathering {
    fn is_on(&self) -> bool {
        self.enough.load(Ordering::SeqCst) > 0
    }

    /// Whether an entry ends it.
    fn is_ended_by(&self, entry: &Entry) -> bool {
        let urgent = self.is_urgent.get().zip(entry.event.as_ref());
        self.is_on() && urgent.is_some_and(|(is_urgent, event)| is_urgent(&event.kind))
    }

    /// Looks at how many entries wait now.
    fn look(&self, entries: &mpsc::Sender<Received>) {
        let enough = self.enough.load(Ordering::SeqCst);
        if enough > 0 && entries.max_capacity() - entries.capacity() >= enough {
            self.ended.notify_one();
        }
    }

    /// Ends it, if anything gathers.
    fn end(&self) {
        if self.is_on() {
            self.ended.notify_one();
        }
    }
}

impl std::fmt::Debug for Gathering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gathering").finish_non_exhaustive()
    }
}

/// A source's end of the way to the journal.
///
/// Many sources may share one [`Outlet`]; each has an intake of its own with its own name, link and marks.
///
/// ```
/// use antiphon_core::{Checkpoint, Clock, Entry, IntakeLimits, Outlet, Rng};
/// use bytes::Bytes;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let mut outlet = Outlet::new(IntakeLimits::default());
/// let intake = outlet.intake("choir".into(), Vec::new(), Clock::system(), &mut Rng::with_seed(1));
/// let state = Checkpoint { part: "socket".into(), state: Bytes::from_static(b"17"), mark: 17 };
/// intake.send(Entry::checkpoint(state)).await?;
///
/// // The committer takes the entry, stores it, and tells the source.
/// let mut received = Vec::new();
/// outlet.receive_many(&mut received, 100).await;
/// outlet.stored(&received[0].source, &"socket".into(), 17);
/// assert_eq!(*intake.stored(&"socket".into()).borrow(), Some(17));
/// # Ok::<(), antiphon_core::BoxError>(())
/// # })?;
/// # Ok::<(), antiphon_core::BoxError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Intake {
    source: SourceName,
    entries: mpsc::Sender<Received>,
    room: Arc<Semaphore>,
    limits: IntakeLimits,
    gathering: Arc<Gathering>,
    /// The checkpoints of the start, which do not change during the run.
    begun_with: Arc<HashMap<Part, Checkpoint>>,
    marks: Marks,
    /// Whether a checkpoint counts as stored once it is sent.
    counts_at_once: bool,
    link: watch::Sender<LinkState>,
    connected_once: CancellationToken,
    clock: Clock,
    nonce: Arc<str>,
    /// Number of own events so far, over all clones.
    made: Arc<std::sync::atomic::AtomicU64>,
}

/// The committer's end: what the sources sent, in the order they sent it.
///
/// Owned by the committer, the one task that appends.
#[derive(Debug)]
pub struct Outlet {
    entries: mpsc::Receiver<Received>,
    /// Its sender is replaced by a dead one when the outlet is sealed.
    opener: Opener,
}

/// Opens intakes of an [`Outlet`] that is somewhere else, while it is being read.
///
/// As long as one is there, [`Outlet::receive_many`] does not end.
#[derive(Clone, Debug)]
pub struct Opener {
    sender: mpsc::Sender<Received>,
    room: Arc<Semaphore>,
    limits: IntakeLimits,
    sources: Arc<Mutex<HashMap<SourceName, Marks, RandomState>>>,
    gathering: Arc<Gathering>,
    /// Whether there is no journal.
    counts_at_once: bool,
}

impl Outlet {
    /// An outlet with these limits and no sources yet.
    pub fn new(limits: IntakeLimits) -> Self {
        let (sender, entries) = mpsc::channel(limits.entries.max(1));
        let bytes = limits.bytes.clamp(1, Semaphore::MAX_PERMITS >> 1);
        Self {
            entries,
            opener: Opener {
                sender,
                room: Arc::new(Semaphore::new(bytes)),
                limits: IntakeLimits { bytes, ..limits },
                sources: Arc::default(),
                gathering: Arc::default(),
                counts_at_once: false,
            },
        }
    }

    /// An outlet without a journal: a checkpoint counts as stored once it is sent, since nothing will be more durable.
    ///
    /// A source that waits for a checkpoint therefore goes on while nobody receives, as long as there is room.
    pub fn without_journal(limits: IntakeLimits) -> Self {
        let mut outlet = Self::new(limits);
        outlet.opener.counts_at_once = true;
        outlet
    }

    /// Opens the way for one more source; see [`Opener::intake`].
    pub fn intake(
        &mut self,
        source: SourceName,
        checkpoints: Vec<Checkpoint>,
        clock: Clock,
        rng: &mut fastrand::Rng,
    ) -> Intake {
        self.opener.intake(source, checkpoints, clock, rng)
    }

    /// A way to open intakes later, which keeps the outlet from ending; of a sealed outlet, one whose intakes are closed.
    pub fn opener(&self) -> Opener {
        self.opener.clone()
    }

    /// No further intake can be opened by the outlet: [`Outlet::receive_many`] ends when the last intake and the last
    /// [`Opener`] are dropped.
    ///
    /// Without this the outlet's own sender would keep the channel open for ever.
    ///
    /// [`Intake`]s that exist already are not concerned.
    pub fn seal(&mut self) {
        let (closed, _) = mpsc::channel(1);
        self.opener.sender = closed;
    }

    /// Number of entries that were sent and not received yet.
    pub fn waiting(&self) -> usize {
        self.entries.len()
    }

    /// Waits for entries and takes all that are there, up to `limit`; 0 means that every source is done.
    ///
    /// Safe to cancel.
    pub async fn receive_many(&mut self, into: &mut Vec<Received>, limit: usize) -> usize {
        self.entries.recv_many(into, limit).await
    }

    /// Says which events end [`gathered`](Self::gathered) at once; without it, none does. A second call changes nothing.
    pub fn set_urgent(&self, is_urgent: IsUrgent) {
        // There is one committer, which calls it once.
        let _ = self.opener.gathering.is_urgent.set(is_urgent);
    }

    /// Waits until so many entries can be received, at least one, without being woken for each of them.
    ///
    /// An urgent event ([`set_urgent`](Self::set_urgent)) and a source that finds no room end it early, and it may end
    /// without a reason. That every source is done does not end it. Safe to cancel.
    ///
    /// `false` means that fewer were there before it began: they are to be received first, since one of them may be
    /// urgent.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use antiphon_core::{Clock, Draft, Entry, IntakeLimits, Kind, Origin, Outlet, Place, Rng};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let mut outlet = Outlet::new(IntakeLimits::default());
    /// let intake = outlet.intake("choir".into(), Vec::new(), Clock::system(), &mut Rng::with_seed(1));
    /// outlet.set_urgent(Arc::new(|kind| kind.as_str() == "queup.chat-skip"));
    /// let skip = Draft::new(
    ///     Kind::from_static("queup.chat-skip"),
    ///     Place::root(),
    ///     Origin::frame("c7e1a2", 17),
    ///     intake.now(),
    ///     "{}",
    /// );
    /// let (is_over, sent) = tokio::join!(outlet.gathered(100), intake.send(Entry::event(skip)));
    /// sent?;
    /// assert!(is_over);
    /// # Ok::<(), antiphon_core::BoxError>(())
    /// # })?;
    /// # Ok::<(), antiphon_core::BoxError>(())
    /// ```
    pub async fn gathered(&self, count: usize) -> bool {
        /// Nothing gathers once the wait is over or dropped.
        struct On<'a>(&'a Gathering);
        impl Drop for On<'_> {
            fn drop(&mut self) {
                self.0.enough.store(0, Ordering::SeqCst);
            }
        }
        let gathering = &*self.opener.gathering;
        let count = count.clamp(1, self.opener.limits.entries.max(1));
        gathering.enough.store(count, Ordering::SeqCst);
        let _on = On(gathering);
        let waiting = self.waiting();
        if waiting == 0 {
            // Whoever sends from now on looks whether that ends it.
            gathering.ended.notified().await;
        }
        waiting == 0 || waiting >= count
    }

    /// Tells the source that this mark of its part is durable.
    pub fn stored(&self, source: &SourceName, part: &Part, mark: i64) {
        if let Some(marks) = self.opener.sources().get(source) {
            count_mark(marks, part, mark);
        }
    }
}

impl Opener {
    fn sources(&self) -> MutexGuard<'_, HashMap<SourceName, Marks, RandomState>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the way for one more source, which begins with these stored checkpoints.
    ///
    /// `rng` makes the nonce of the source's own events. An intake of the same name takes the place of an earlier one,
    /// which hears of no mark any more.
    pub fn intake(
        &self,
        source: SourceName,
        checkpoints: Vec<Checkpoint>,
        clock: Clock,
        rng: &mut fastrand::Rng,
    ) -> Intake {
        let mut marks = HashMap::default();
        let mut begun_with = HashMap::new();
        for checkpoint in checkpoints {
            marks.insert(
                Arc::clone(&checkpoint.part),
                watch::Sender::new(Some(checkpoint.mark)),
            );
            begun_with.insert(Arc::clone(&checkpoint.part), checkpoint);
        }
        let marks = Arc::new(Mutex::new(marks));
        self.sources().insert(source.clone(), Arc::clone(&marks));
        Intake {
            source,
            entries: self.sender.clone(),
            room: Arc::clone(&self.room),
            limits: self.limits,
            gathering: Arc::clone(&self.gathering),
            begun_with: Arc::new(begun_with),
            marks,
            counts_at_once: self.counts_at_once,
            link: watch::Sender::new(LinkState::Idle),
            connected_once: CancellationToken::new(),
            clock,
            // The time first, so that the origins of later runs sort after those of earlier ones.
            nonce: format!(
                "{:012x}{:08x}",
                clock.now().as_millisecond().max(0),
                rng.u32(..)
            )
            .into(),
            made: Arc::default(),
        }
    }
}

/// Removes the checkpoints of the first entries that a later one of them replaces.
fn keep_newest_checkpoints(entries: &mut VecDeque<Entry>, count: usize) {
    let mut newest: Option<Part> = None;
    for entry in entries.range_mut(..count).rev() {
        match (&entry.checkpoint, &newest) {
            // A checkpoint that travels alone is all that its entry has.
            (Some(checkpoint), Some(part)) if entry.event.is_some() && checkpoint.part == *part => {
                entry.checkpoint = None;
            }
            (Some(checkpoint), _) => newest = Some(Arc::clone(&checkpoint.part)),
            (None, _) => {}
        }
    }
}

/// Notes that a mark of a part counts as stored.
fn count_mark(marks: &Marks, part: &Part, mark: i64) {
    watched(marks, part, |sender| {
        sender.send_if_modified(|stored| {
            let changed = *stored != Some(mark);
            *stored = Some(mark);
            changed
        });
    });
}

/// Looks at the mark of a part, which has none yet if it is new.
fn watched<T>(
    marks: &Marks,
    part: &Part,
    look: impl FnOnce(&watch::Sender<Option<i64>>) -> T,
) -> T {
    let mut marks = marks.lock().unwrap_or_else(PoisonError::into_inner);
    match marks.get(part) {
        Some(sender) => look(sender),
        None => look(
            marks
                .entry(Arc::clone(part))
                .or_insert(watch::Sender::new(None)),
        ),
    }
}

/// Room for one entry, already taken.
///
/// Dropped without being used, it gives its room back.
#[derive(Debug)]
pub struct Permit<'a> {
    slot: mpsc::Permit<'a, Received>,
    room: OwnedSemaphorePermit,
    intake: &'a Intake,
}

impl Permit<'_> {
    /// Puts the entry on its way; never waits.
    pub fn send(self, entry: Entry) {
        let Self { slot, room, intake } = self;
        intake.put(slot, entry, Some(room));
        intake.gathering.look(&intake.entries);
    }
}

impl Intake {
    /// Most entries that are sent together.
    pub(crate) const GROUP: usize = 64;

    /// Name of the source it belongs to.
    pub fn source(&self) -> &SourceName {
        &self.source
    }

    /// The clock that stamps events.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The checkpoint of a part as it was stored when the source began to run.
    pub fn checkpoint(&self, part: &str) -> Option<&Checkpoint> {
        self.begun_with.get(part)
    }

    /// All checkpoints as they were stored when the source began to run.
    pub fn checkpoints(&self) -> impl Iterator<Item = &Checkpoint> {
        self.begun_with.values()
    }

    /// Watches the mark of a part that was made durable last; `None` until there is one.
    pub fn stored(&self, part: &Part) -> watch::Receiver<Option<i64>> {
        watched(&self.marks, part, watch::Sender::subscribe)
    }

    /// Waits for room for an entry of this weight.
    ///
    /// Safe to cancel; a cancelled wait loses its place in the queue.
    ///
    /// An entry that weighs more than the whole limit waits until nothing else is under way.
    ///
    /// # Errors
    /// [`Closed`] once the journal's side is gone.
    pub async fn reserve(&self, weight: usize) -> Result<Permit<'_>, Closed> {
        let weight = weight.clamp(1, self.limits.bytes);
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        if self.room.available_permits() < weight as usize || self.entries.capacity() == 0 {
            self.gathering.end();
        }
        let room = Arc::clone(&self.room)
            .acquire_many_owned(weight)
            .await
            .map_err(|_| Closed)?;
        let slot = self.entries.reserve().await.map_err(|_| Closed)?;
        Ok(Permit {
            slot,
            room,
            intake: self,
        })
    }

    /// Waits for room and sends the entry.
    ///
    /// Not safe to cancel: the entry would be lost. In a `select!` use [`Intake::reserve`].
    ///
    /// # Errors
    /// [`Closed`] once the journal's side is gone.
    pub async fn send(&self, entry: Entry) -> Result<(), Closed> {
        self.reserve(entry.weight()).await?.send(entry);
        Ok(())
    }

    /// Sends the first entries for which there is room now, at most [`GROUP`](Self::GROUP), and returns their weight.
    ///
    /// Within the group the last checkpoint of a part stands for those before it.
    ///
    /// # Errors
    /// [`Closed`] once the journal's side is gone.
    pub(crate) fn send_group(&self, entries: &mut VecDeque<Entry>) -> Result<usize, Closed> {
        // Bytes that are promised to a sender who waits already are not available.
        let most = self.room.available_permits();
        let count = entries.len().min(Self::GROUP).min(self.entries.capacity());
        let (mut count_with_room, mut weight, mut room) = (0, 0, 0);
        for entry in entries.iter().take(count) {
            let needed = room + entry.weight().clamp(1, self.limits.bytes);
            if needed > most {
                break;
            }
            (count_with_room, weight, room) =
                (count_with_room + 1, weight + entry.weight(), needed);
        }
        if count_with_room == 0 {
            return if self.entries.is_closed() {
                Err(Closed)
            } else {
                Ok(0)
            };
        }
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(room) else {
            return Ok(0);
        };
        let slots = match self.entries.try_reserve_many(count_with_room) {
            Ok(slots) => slots,
            Err(mpsc::error::TrySendError::Full(())) => return Ok(0),
            Err(mpsc::error::TrySendError::Closed(())) => return Err(Closed),
        };
        keep_newest_checkpoints(entries, count_with_room);
        let mut room = Some(room);
        for (number, (slot, entry)) in slots.zip(entries.drain(..count_with_room)).enumerate() {
            let room = room.take_if(|_| number + 1 == count_with_room);
            self.put(slot, entry, room);
        }
        self.gathering.look(&self.entries);
        Ok(weight)
    }

    /// Puts an entry into its slot.
    fn put(
        &self,
        slot: mpsc::Permit<'_, Received>,
        entry: Entry,
        room: Option<OwnedSemaphorePermit>,
    ) {
        if self.counts_at_once
            && let Some(checkpoint) = &entry.checkpoint
        {
            count_mark(&self.marks, &checkpoint.part, checkpoint.mark);
        }
        let ends = self.gathering.is_ended_by(&entry);
        slot.send(Received {
            source: self.source.clone(),
            entry,
            _room: room,
        });
        if ends {
            self.gathering.end();
        }
    }

    /// Shows the state of the connection to those who watch [`link`](Self::link), without an event.
    ///
    /// The journal learns of it by [`Outbox::link`](crate::Outbox::link); a source does both.
    pub fn show_link(&self, state: LinkState) {
        if state.is_connected() {
            self.connected_once.cancel();
        }
        self.link.send_replace(state);
    }

    /// A token that is cancelled once the source is connected for the first time.
    ///
    /// Unlike [`link`](Self::link) it tells so also when the state has changed since.
    pub fn connected_once(&self) -> CancellationToken {
        self.connected_once.clone()
    }

    /// Watches the state of the connection.
    pub fn link(&self) -> watch::Receiver<LinkState> {
        self.link.subscribe()
    }

    /// An event of antiphon's own, with an origin that cannot repeat.
    pub fn own_event(&self, kind: Kind, place: Place, body: impl Into<Bytes>) -> Draft {
        let number = self.made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Draft::new(
            kind,
            place,
            Origin::frame(&self.nonce, number),
            self.clock.now(),
            body,
        )
        .provenance(Provenance::Synthetic)
    }

    /// When this run of the source began, as the first half of the nonce in its own origins.
    ///
    /// Twelve hexadecimal digits of the time in milliseconds, and eight of chance.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The time now; shorthand for the clock's.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The moment now, by both clocks; shorthand for the clock's.
    pub fn moment(&self) -> Moment {
        self.clock.moment()
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn draft(bytes: usize) -> Draft {
        Draft::new(
            Kind::from_static("queup.chat-skip"),
            Place::root(),
            Origin::frame("c", 1),
            Timestamp::UNIX_EPOCH,
            vec![b' '; bytes],
        )
    }

    fn open(limits: IntakeLimits) -> (Outlet, Intake) {
        let mut outlet = Outlet::new(limits);
        let intake = outlet.intake(
            "choir".into(),
            Vec::new(),
            Clock::system(),
            &mut fastrand::Rng::with_seed(1),
        );
        (outlet, intake)
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_intake_makes_the_sender_wait_until_there_is_room() {
        let (mut outlet, intake) = open(IntakeLimits {
            entries: 8,
            bytes: 1000,
        });
        intake.send(Entry::event(draft(500))).await.expect("open");
        let second = tokio::time::timeout(
            std::time::Duration::from_secs(1),
            intake.reserve(Entry::event(draft(500)).weight()),
        );
        assert!(second.await.is_err(), "the first still takes the room");
        let mut received = Vec::new();
        outlet.receive_many(&mut received, 10).await;
        received.clear();
        intake.reserve(756).await.expect("room again");
    }

    /// Polls a wait once; gives what it says if it is over.
    fn over<T>(wait: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        let mut context = Context::from_waker(Waker::noop());
        match wait.poll(&mut context) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn entries_gather_until_there_are_enough_one_is_urgent_or_none_finds_room() {
        let (mut outlet, intake) = open(IntakeLimits {
            entries: 4,
            bytes: 10_000,
        });
        outlet.set_urgent(Arc::new(|kind| kind.as_str() == "queup.user-kick"));
        let mut received = Vec::new();
        let one = || Entry::event(draft(1));
        let mut urgent = draft(1);
        urgent.kind = Kind::from_static("queup.user-kick");
        // One is urgent.
        {
            let mut wait = std::pin::pin!(outlet.gathered(3));
            assert_eq!(over(wait.as_mut()), None);
            intake.send(one()).await.expect("open");
            assert_eq!(over(wait.as_mut()), None);
            intake
                .send(Entry::event(urgent.clone()))
                .await
                .expect("open");
            assert_eq!(over(wait.as_mut()), Some(true));
        }
        // It may have come before the wait began, unseen.
        assert_eq!(
            over(std::pin::pin!(outlet.gathered(3)).as_mut()),
            Some(false)
        );
        outlet.receive_many(&mut received, 10).await;
        received.clear();
        // There are enough, sent one by one or together.
        {
            let mut wait = std::pin::pin!(outlet.gathered(3));
            assert_eq!(over(wait.as_mut()), None);
            intake.send(one()).await.expect("open");
            assert_eq!(over(wait.as_mut()), None);
            let mut two = VecDeque::from(vec![one(), one()]);
            intake.send_group(&mut two).expect("open");
            assert_eq!(over(wait.as_mut()), Some(true));
        }
        assert_eq!(
            over(std::pin::pin!(outlet.gathered(3)).as_mut()),
            Some(true)
        );
        outlet.receive_many(&mut received, 10).await;
        received.clear();
        // A sender finds no room.
        {
            let mut wait = std::pin::pin!(outlet.gathered(4));
            assert_eq!(over(wait.as_mut()), None);
            let large = || Entry::event(draft(5000));
            intake.send(large()).await.expect("open");
            assert_eq!(over(wait.as_mut()), None);
            let mut more = std::pin::pin!(intake.send(large()));
            assert!(over(more.as_mut()).is_none());
            assert_eq!(over(wait.as_mut()), Some(true));
        }
        // What comes while nothing gathers ends no later wait.
        outlet.receive_many(&mut received, 10).await;
        received.clear();
        intake.send(Entry::event(urgent)).await.expect("open");
        outlet.receive_many(&mut received, 10).await;
        assert_eq!(over(std::pin::pin!(outlet.gathered(3)).as_mut()), None);
    }

    #[tokio::test]
    async fn an_entry_larger_than_the_whole_limit_passes_alone() {
        let (mut outlet, intake) = open(IntakeLimits {
            entries: 8,
            bytes: 1000,
        });
        intake
            .send(Entry::event(draft(50_000)))
            .await
            .expect("open");
        let mut received = Vec::new();
        assert_eq!(outlet.receive_many(&mut received, 10).await, 1);
    }

    #[tokio::test]
    async fn a_stored_mark_reaches_whoever_watches_the_part() {
        let (outlet, intake) = open(IntakeLimits::default());
        let part: Part = "room/1".into();
        let mut watch = intake.stored(&part);
        assert_eq!(*watch.borrow_and_update(), None);
        outlet.stored(&"choir".into(), &part, 7);
        assert_eq!(*watch.borrow_and_update(), Some(7));
    }

    #[tokio::test]
    async fn without_a_journal_a_checkpoint_counts_once_it_is_sent() {
        for (mut outlet, stored) in [
            (Outlet::new(IntakeLimits::default()), None),
            (Outlet::without_journal(IntakeLimits::default()), Some(7)),
        ] {
            let clock = Clock::system();
            let rng = &mut fastrand::Rng::with_seed(1);
            let intake = outlet.intake("choir".into(), Vec::new(), clock, rng);
            let checkpoint = Checkpoint {
                part: "room/1".into(),
                state: Bytes::from_static(b"7"),
                mark: 7,
            };
            let part = Arc::clone(&checkpoint.part);
            intake
                .send(Entry::checkpoint(checkpoint))
                .await
                .expect("open");
            assert_eq!(*intake.stored(&part).borrow(), stored);
        }
    }

    #[tokio::test]
    async fn a_sealed_outlet_ends_with_its_last_intake() {
        let (mut outlet, intake) = open(IntakeLimits::default());
        outlet.seal();
        drop(intake);
        assert_eq!(outlet.receive_many(&mut Vec::new(), 10).await, 0);
    }

    #[tokio::test]
    async fn an_opener_opens_intakes_of_a_sealed_outlet_and_keeps_it_from_ending() {
        let (mut outlet, intake) = open(IntakeLimits::default());
        let opener = outlet.opener();
        outlet.seal();
        drop(intake);
        let mut received = Vec::new();
        tokio::select! {
            biased;
            count = outlet.receive_many(&mut received, 10) => panic!("{count}, and another intake may come"),
            () = std::future::ready(()) => {}
        }
        let rng = &mut fastrand::Rng::with_seed(1);
        let later = opener.intake("organ".into(), Vec::new(), Clock::system(), rng);
        drop(opener);
        later.send(Entry::event(draft(1))).await.expect("open");
        assert_eq!(outlet.waiting(), 1);
        drop(later);
        assert_eq!(outlet.receive_many(&mut received, 10).await, 1);
        assert_eq!(received[0].source, "organ".into());
        assert_eq!(outlet.receive_many(&mut received, 10).await, 0);
    }

    #[tokio::test]
    async fn a_source_that_was_connected_once_is_known_to_have_been() {
        let (_outlet, intake) = open(IntakeLimits::default());
        let once = intake.connected_once();
        intake.show_link(LinkState::Closed);
        assert!(!once.is_cancelled());
        let since = Timestamp::UNIX_EPOCH;
        intake.show_link(LinkState::Connected { since });
        intake.show_link(LinkState::Closed);
        assert!(once.is_cancelled());
    }
}
