//! The contract that every storage backend keeps.
//!
//! The trait is small because everything that is the same for all backends stands above it: group commit, the tail in
//! memory, retries. A backend promises order, durability and that nothing is stored twice; `tests/contract` of
//! `antiphon-journal` has a function for each promise.

use std::{any::Any, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::Instant};

use crate::{
    BoxError, Checkpoint, ConsumerName, DeadLetter, DeadLetterId, Draft, Erased, Event,
    KindPattern, Partitions, Person, Position, Relay, SharedValues, SourceName,
};

/// A boxed future, for traits that are used as objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A durable, ordered record of events, and of what readers and sources need to go on after a restart.
///
/// One process appends, the *ingester*; any number of others read beside it, and may each be a *consumer* with a cursor
/// of its own. [`Role`] says what a process may do with the journal that it has open, and [`Journal::claim`] keeps two
/// processes from being the same consumer.
/// Every promise below is a function in the contract suite of `antiphon-journal`.
///
/// Methods return boxed futures, so that a journal can be used as an object. All of them may be called at the same
/// time; dropping a future neither loses nor halves a batch.
pub trait Journal: fmt::Debug + Send + Sync + 'static {
    /// What this process may do with the journal: everything, by default.
    fn role(&self) -> Role {
        Role::Ingester
    }

    /// Claims a consumer, so that nobody else is it until the claim is dropped.
    ///
    /// No second claim of the same consumer is granted meanwhile, to this process or another one, whatever the role. A
    /// backend may wait for a claim that is about to end; how long is its own to say.
    ///
    /// A process that ends without dropping its claim, by `kill -9` for instance, loses it: at once where the system
    /// knows of the end, and after the time of a lease where only silence tells. A holder whose lease has ended and was
    /// taken by another one stores nothing more, whatever its clock says: its batches fail with
    /// [`Trouble::TakenOver`], and so does [`Journal::lost`].
    ///
    /// # Errors
    /// [`ClaimError`]: with [`Trouble::Locked`] if somebody has the consumer, with [`Trouble::ReadOnly`] if the journal
    /// is open for reading only.
    fn claim<'a>(&'a self, consumer: &'a ConsumerName) -> BoxFuture<'a, Result<Claim, ClaimError>>;

    /// Claims a consumer as [`Journal::claim`] does, and waits for nobody: `None` if somebody has it.
    ///
    /// # Errors
    /// [`ClaimError`] for any reason but that one. By default it is [`Journal::claim`], with its wait.
    fn try_claim<'a>(
        &'a self,
        consumer: &'a ConsumerName,
    ) -> BoxFuture<'a, Result<Option<Claim>, ClaimError>> {
        Box::pin(async move {
            match self.claim(consumer).await {
                Ok(claim) => Ok(Some(claim)),
                Err(error) if error.trouble() == Trouble::Locked => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    /// Those of these consumers that somebody has claimed, this process or another one, in the order in which they are
    /// asked for.
    ///
    /// It is a look, which may be out of date when it is there: by the time of a lease for a holder that is gone.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails. By default, with [`Trouble::Other`]: a backend that does not say has no workers.
    fn claimed<'a>(
        &'a self,
        consumers: &'a [ConsumerName],
    ) -> BoxFuture<'a, Result<Vec<ConsumerName>, ReadError>> {
        let _ = consumers;
        Box::pin(async {
            let cause = "this journal does not say who has a consumer";
            Err(ReadError::new(Trouble::Other, Some(cause.into())))
        })
    }

    /// Whether somebody else has claimed a consumer of this journal, and waits for what is appended; `None`, the default,
    /// where the backend cannot tell.
    ///
    /// Claims of this open journal do not count. It is a look as [`Journal::claimed`] is, and one for a whole second: an
    /// app asks it once in that time, to know whether events may wait for others that are stored with them.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    fn followed(&self) -> BoxFuture<'_, Result<Option<bool>, ReadError>> {
        Box::pin(async { Ok(None) })
    }

    /// Until when what this process has claimed is its own for sure; `None`, the default, where nobody else can take it.
    ///
    /// Where claims are leases, the time moves on with each renewal. Once it is over, another process may have a consumer
    /// of this one, which cannot know: it was stopped, or cut off. It then starts no handler until the time lies ahead
    /// again, or [`Journal::lost`] says what has happened.
    fn held_until(&self) -> Option<watch::Receiver<Instant>> {
        None
    }

    /// Stores everything in the batch in one transaction, or nothing of it.
    ///
    /// In a journal that is open for consumers ([`Role::Consumer`]) a batch may have cursors, ends of cursors and new dead
    /// letters of consumers that are claimed through this journal, changes of dead letters, and projections. With anything
    /// else it is refused as a whole, with [`Trouble::OtherRole`]. A new dead letter of a consumer with workers may come
    /// from whoever has claimed one of its partitions.
    ///
    /// An event whose `(source, origin)` is stored already, or was within the journal's window, is left out and
    /// counted as a repeat; checkpoints are stored all the same.
    /// On return the batch survives the process (durability `process`), or the machine's power (`power`).
    ///
    /// The whole batch is visible to readers at once. An empty batch is allowed.
    ///
    /// # Errors
    /// [`AppendError`]; the batch can be appended again once its cause is gone.
    fn append(&self, batch: Arc<Batch>) -> BoxFuture<'_, Result<Appended, AppendError>>;

    /// Reads up to `limit` events that follow `after`, in order.
    ///
    /// It returns fewer when a page's bytes reach the backend's bound (8 MiB), but never none while there are more.
    ///
    /// Positions have holes; the page's last position is where the next page begins.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Arc<Event>>, ReadError>>;

    /// Watches the position of the last event stored.
    fn last(&self) -> watch::Receiver<Position>;

    /// The checkpoints of a source.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    fn checkpoints<'a>(
        &'a self,
        source: &'a SourceName,
    ) -> BoxFuture<'a, Result<Vec<Checkpoint>, ReadError>>;

    /// The cursor of a consumer; `None` before its first save.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    fn cursor<'a>(
        &'a self,
        consumer: &'a ConsumerName,
    ) -> BoxFuture<'a, Result<Option<Cursor>, ReadError>>;

    /// A projection as it was saved last.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    fn projection<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Saved>, ReadError>>;

    /// Up to `limit` dead letters that follow `after`, in order.
    ///
    /// Letters that were dropped leave holes in their numbers.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    fn dead_letters(
        &self,
        after: DeadLetterId,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<DeadLetter>, ReadError>>;

    /// Counts the requests to replay dead letters; it changes when there is a new one, also from another process.
    fn replays(&self) -> watch::Receiver<u64>;

    /// Removes what the policy no longer keeps, as far as consumers' cursors allow: those of consumers that are away as
    /// well.
    ///
    /// # Errors
    /// [`AppendError`] if the storage fails, and with [`Trouble::OtherRole`] for any role but the ingester's.
    fn sweep(
        &self,
        policy: Arc<Retention>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Sweep, AppendError>>;

    /// Erases a person from events, places, dead letters, checkpoints, cursors and projections, and from the storage's
    /// own remains.
    ///
    /// An event that is the person's stays with its position, source, kind and time; its origin is hashed, so that a
    /// repeat is still known. Commits go on meanwhile, but for the time in which a file is written anew at the end. A
    /// call that was interrupted has changed some events and not others; the same call again does the rest, with what
    /// [`Person::survey`] finds of the first.
    ///
    /// The person must have [learnt](Person::learn) what the journal knows of them. A backend that cannot erase fails,
    /// which is the default.
    ///
    /// # Errors
    /// [`AppendError`] if the storage fails, and with [`Trouble::OtherRole`] for any role but the ingester's.
    fn erase(&self, person: Arc<Person>) -> BoxFuture<'_, Result<Erased, AppendError>> {
        drop(person);
        Box::pin(async {
            let cause = "this journal cannot erase a person";
            Err(AppendError::new(Trouble::Other, Some(cause.into())))
        })
    }

    /// The way by which commands of consumers' processes reach the process that appends, and runs the sources; `None`
    /// (the default) if the backend has none.
    ///
    /// What needs the connection of a source then fails in the process of a consumer.
    fn relay(&self) -> Option<Arc<dyn Relay>> {
        None
    }

    /// Small values that all processes with this journal share; `None` (the default) if the backend has none.
    ///
    /// Each process then counts for itself.
    fn shared(&self) -> Option<Arc<dyn SharedValues>> {
        None
    }

    /// Waits until the storage is lost: nothing can be stored any more, though nobody closed the journal.
    ///
    /// A backend that cannot lose its storage never resolves, which is the default.
    fn lost(&self) -> BoxFuture<'_, AppendError> {
        Box::pin(std::future::pending())
    }

    /// Finishes what is under way and releases the storage; later calls fail.
    ///
    /// A second call is harmless for the backends of `antiphon-journal`.
    ///
    /// # Errors
    /// [`AppendError`] if the last writes could not be completed.
    fn close(&self) -> BoxFuture<'_, Result<(), AppendError>>;
}

/// What a process may do with a journal that it has open.
///
/// It is decided when the journal is opened.
///
/// | | ingester | consumer | reader |
/// | --- | --- | --- | --- |
/// | events | appends and reads | reads | reads |
/// | checkpoints of sources | stores and reads | reads | reads |
/// | cursors and new dead letters | of all consumers | of those it has [claimed](Journal::claim) | reads |
/// | projections, replays and ends of dead letters | yes | yes | reads |
/// | sweeps, erasure | yes | no | no |
/// | processes at a time | one | any number | any number |
///
/// ```
/// use antiphon_core::Role;
///
/// assert!(Role::Ingester.appends() && !Role::Consumer.appends());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// It appends what the sources bring, and may be consumers beside that.
    Ingester,
    /// It follows what another process appends, and stores what consumers keep.
    Consumer,
    /// It reads.
    Reader,
}

impl Role {
    /// Whether events and checkpoints can be appended.
    pub fn appends(self) -> bool {
        self == Self::Ingester
    }
}

/// A consumer that this process has for itself until this is dropped; see [`Journal::claim`].
#[must_use = "the consumer is given up when this is dropped"]
pub struct Claim {
    /// Whatever gives the consumer up when it is dropped.
    _held: Box<dyn Any + Send + Sync>,
}

impl Claim {
    /// A claim that is given up by the drop of `held`, for backends.
    pub fn new(held: impl Any + Send + Sync) -> Self {
        Self {
            _held: Box::new(held),
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").finish_non_exhaustive()
    }
}

/// A consumer could not be claimed.
///
/// ```
/// use antiphon_core::{ClaimError, Trouble};
///
/// let error = ClaimError::new("choir".into(), Trouble::Locked, None);
/// assert_eq!(error.to_string(), "the consumer `choir` could not be claimed: another process holds it");
/// assert!(error.hint().contains("give this one another name"));
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the consumer `{consumer}` could not be claimed: {trouble}")]
pub struct ClaimError {
    consumer: ConsumerName,
    trouble: Trouble,
    #[source]
    source: Option<BoxError>,
}

impl ClaimError {
    /// Files the cause under its trouble.
    pub fn new(consumer: ConsumerName, trouble: Trouble, source: Option<BoxError>) -> Self {
        Self {
            consumer,
            trouble,
            source,
        }
    }

    /// The consumer.
    pub fn consumer(&self) -> &ConsumerName {
        &self.consumer
    }

    /// What is wrong; [`Trouble::Locked`] if somebody else has the consumer.
    pub fn trouble(&self) -> Trouble {
        self.trouble
    }

    /// What the operator can do.
    pub fn hint(&self) -> &'static str {
        match self.trouble {
            Trouble::Locked => {
                "stop the other process of this consumer, or give this one another name"
            }
            Trouble::ReadOnly => {
                "open the journal for a consumer, and make the file and its folder writable"
            }
            trouble => trouble.hint(),
        }
    }
}

/// A journal to run on: by value, or in an `Arc` that others share.
///
/// A journal by value is closed when the app ends; one in an `Arc` is left to its other owners.
pub trait IntoJournal {
    /// The journal, and whether the caller is its only owner and therefore closes it.
    fn into_journal(self) -> (Arc<dyn Journal>, bool);
}

impl<J: Journal> IntoJournal for J {
    fn into_journal(self) -> (Arc<dyn Journal>, bool) {
        (Arc::new(self), true)
    }
}

impl<J: Journal> IntoJournal for Arc<J> {
    fn into_journal(self) -> (Arc<dyn Journal>, bool) {
        (self, false)
    }
}

impl IntoJournal for Arc<dyn Journal> {
    fn into_journal(self) -> (Arc<dyn Journal>, bool) {
        (self, false)
    }
}

/// Everything that one transaction stores.
///
/// All of it or nothing; the order of the fields means nothing but for `events`.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// New events, in order, each with its source.
    pub events: Vec<(SourceName, Draft)>,
    /// Checkpoints; the last of a part wins.
    pub checkpoints: Vec<(SourceName, Checkpoint)>,
    /// Cursors of consumers; the last of a consumer wins.
    pub cursors: Vec<(ConsumerName, Cursor)>,
    /// Consumers whose cursors are removed, so that retention no longer waits for them.
    pub forgotten: Vec<ConsumerName>,
    /// Changes to the dead letters.
    pub dead: Vec<DeadLetterChange>,
    /// Projections to save, by name.
    pub projections: Vec<(String, Saved)>,
}

impl Batch {
    /// Whether there is nothing to store.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.checkpoints.is_empty()
            && self.cursors.is_empty()
            && self.forgotten.is_empty()
            && self.dead.is_empty()
            && self.projections.is_empty()
    }
}

/// What an append did.
#[derive(Clone, Debug, Default)]
pub struct Appended {
    /// The events that were new, in order, with their positions.
    pub events: Vec<Arc<Event>>,
    /// How many of the batch's events were stored before.
    pub repeats: usize,
}

/// One change to the dead letters.
///
/// A change of a letter that is not there changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeadLetterChange {
    /// Keeps one more; its id is given by the journal.
    ///
    /// One with the same consumer, handler and event takes the place of the earlier one.
    Bury(Box<DeadLetter>),
    /// Asks for it to be handled again.
    Replay(DeadLetterId),
    /// Forgets it.
    Drop(DeadLetterId),
}

/// How far a consumer is.
///
/// Everything up to and including `read` is done, except what is `open` or `parked`.
///
/// ```
/// use antiphon_core::{Cursor, OpenEvent, Position};
///
/// let mut cursor = Cursor::at(Position::new(100));
/// assert_eq!(cursor.needs(), Position::new(101));
/// // An event that is still being handled holds retention back.
/// cursor.open.push(OpenEvent { position: Position::new(97), starts: 1 });
/// assert_eq!(cursor.needs(), Position::new(97));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cursor {
    /// The last event the consumer has read.
    pub read: Position,
    /// Events that are queued or being handled, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<OpenEvent>,
    /// Lanes that were full, with the first event each still has to be given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parked: Vec<Parked>,
    /// Where every lane that is not listed is parked from, when too many were full to list them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked_all: Option<Position>,
    /// Sources' own lanes ([`Source::lane`](crate::Source::lane)) count for events after this position; earlier ones
    /// are in the lanes of their places.
    ///
    /// Absent in the cursor of a version that knew no such lanes: then they count from `read` on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lanes_since: Option<Position>,
    /// Whether the consumer stopped in good order after this; nothing was handled since.
    #[serde(default)]
    pub clean: bool,
    /// Present for a consumer that is split for workers: its partitions have the cursors, and this one needs no event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<Partitions>,
}

impl Cursor {
    /// A consumer that has read up to `read` and has nothing open.
    pub fn at(read: Position) -> Self {
        Self {
            read,
            ..Self::default()
        }
    }

    /// The position from which sources' own lanes count, also for a cursor that does not say.
    pub fn sources_lanes_since(&self) -> Position {
        self.lanes_since.unwrap_or(self.read)
    }

    /// The cursor of a consumer that is split for workers, as of `read`.
    pub fn split(read: Position, partitions: Partitions) -> Self {
        Self {
            partitions: Some(partitions),
            ..Self::at(read)
        }
    }

    /// The first position this consumer still needs; retention keeps from here on.
    ///
    /// A consumer that is split for workers needs none by itself: that is the greatest number.
    pub fn needs(&self) -> Position {
        if self.partitions.is_some() {
            return Position::new(u64::MAX);
        }
        let open = self.open.iter().map(|open| open.position);
        let parked = self.parked.iter().map(|parked| parked.from);
        open.chain(parked)
            .chain(self.parked_all)
            .min()
            .map_or(self.read.next(), |first| first.min(self.read.next()))
    }
}

/// An event that is queued or being handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenEvent {
    /// Which.
    pub position: Position,
    /// How often handling it was started without an end.
    #[serde(default)]
    pub starts: u32,
}

/// A lane that was full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The lane's key, by default the place.
    pub lane: String,
    /// The first event it still has to be given.
    pub from: Position,
}

/// A projection as it was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The last event it has taken in.
    pub position: Position,
    /// Its state, in its own encoding.
    pub state: Vec<u8>,
}

/// What the journal keeps, and for how long.
///
/// | rule | removes | waits for consumers |
/// | --- | --- | --- |
/// | `keep`, `rules` | events that are older | yes |
/// | `momentary` | events of these kinds that are older | no |
/// | `max_bytes` | the oldest events above the size | yes |
/// | `delete_grace` | the bodies of events that the platform deleted, when it is over | no |
/// | `window` | what is remembered of removed events to know their repeats | no |
#[derive(Clone, Debug)]
pub struct Retention {
    /// How long events are kept that no rule names; `None`, the default, keeps them for good.
    pub keep: Option<Duration>,
    /// How long events of these kinds are kept; the first rule that matches counts. They wait for cursors.
    pub rules: Vec<(KindPattern, Duration)>,
    /// Kinds worthless after their moment: they are removed after this long, past any cursor, and counted as expired.
    pub momentary: Vec<(KindPattern, Duration)>,
    /// Above this many bytes the oldest events go first, as far as cursors allow; `None`, the default, is no limit.
    pub max_bytes: Option<u64>,
    /// How long after a platform's deletion the deleted event's body is kept; 24 hours by default.
    pub delete_grace: Duration,
    /// How long repeats are recognised, also after the row was removed; 7 days by default.
    pub window: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        const HOUR: u64 = 60 * 60;
        Self {
            keep: None,
            rules: Vec::new(),
            momentary: Vec::new(),
            max_bytes: None,
            delete_grace: Duration::from_secs(24 * HOUR),
            window: Duration::from_secs(7 * 24 * HOUR),
        }
    }
}

impl Retention {
    /// With these momentary kinds, except those that its rules name: what an owner says of a kind counts before what its
    /// platform does.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use antiphon_core::{KindPattern, Retention};
    ///
    /// let minute = Duration::from_secs(60);
    /// let rules = vec![(KindPattern::new("tea.*"), minute)];
    /// let policy = Retention { rules, ..Retention::default() };
    /// let policy = policy.with_momentary([("tea.poured", minute), ("choir.hum", minute)]);
    /// assert_eq!(policy.momentary.len(), 1);
    /// assert!(policy.momentary[0].0.matches("choir.hum"));
    /// ```
    #[must_use]
    pub fn with_momentary(
        mut self,
        kinds: impl IntoIterator<Item = (&'static str, Duration)>,
    ) -> Self {
        for (kind, keep) in kinds {
            let mut named = self.rules.iter().chain(&self.momentary);
            if !named.any(|(pattern, _)| pattern.matches(kind)) {
                self.momentary.push((KindPattern::new(kind), keep));
            }
        }
        self
    }
}

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Events removed by age or size.
    pub removed: u64,
    /// Momentary events removed before a consumer had read them.
    pub expired: u64,
    /// Events whose body was taken out because the platform deleted them.
    pub erased: u64,
}

/// What is wrong with a journal's storage.
///
/// Each has a hint for the operator. Those that are transient pass without opening the journal anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trouble {
    /// No room is left on the disk.
    Full,
    /// The file or its folder cannot be written.
    ReadOnly,
    /// Another process holds the lock.
    Locked,
    /// The file is damaged, or not a journal.
    Corrupt,
    /// Nothing was written to the file yet, so that there is nothing to read; opening it for appending begins it.
    Empty,
    /// The file was written by a newer version of antiphon.
    NewerSchema,
    /// The file, its log or its lock was removed, replaced or cut by somebody else.
    Changed,
    /// The server that keeps the journal cannot be reached, or does not answer.
    Unreachable,
    /// Another process has taken the journal or the consumer over; this one can store nothing any more.
    TakenOver,
    /// The journal was opened for a role that does not store this.
    OtherRole,
    /// The journal was closed.
    Closed,
    /// Anything else; the source says more.
    Other,
}

impl Trouble {
    /// Whether the same call may succeed once the cause is gone, without opening the journal anew.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Full | Self::ReadOnly | Self::Locked | Self::Unreachable | Self::Other
        )
    }

    /// What the operator can do.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Full => "free some space; storing goes on by itself",
            Self::ReadOnly => "make the file and its folder writable; storing goes on by itself",
            Self::Locked => {
                "stop the other process that writes to this journal, or use another file"
            }
            Self::Corrupt => "restore the file from a copy, or move it away to begin a new one",
            Self::Empty => "start the program that writes it, or name another file",
            Self::NewerSchema => "use the version of antiphon that wrote it, or a newer one",
            Self::Changed => {
                "leave its files alone while it is in use; docs/journal.md, \"When its files changed\", says how to go on"
            }
            Self::Unreachable => {
                "start the server, or look at the network; storing goes on by itself"
            }
            Self::TakenOver => {
                "leave the work to the other process, or start this one again: it waits for its turn"
            }
            Self::OtherRole => {
                "do it in the process that runs the sources; docs/scale-out.md, \"Two roles\", says who stores what"
            }
            Self::Closed => "open the journal again",
            Self::Other => {
                "look at the disk and the system's log, and try again; `antiphon doctor` searches the file for damage"
            }
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the disk is full",
            Self::ReadOnly => "it cannot be written",
            Self::Locked => "another process holds it",
            Self::Corrupt => "it is damaged or not a journal",
            Self::Empty => "nothing was written to it yet",
            Self::NewerSchema => "it was written by a newer version",
            Self::Changed => "its files were removed, replaced or cut by somebody else",
            Self::Unreachable => "its server cannot be reached",
            Self::TakenOver => "another process has taken it over",
            Self::OtherRole => "it was opened for another role",
            Self::Closed => "it is closed",
            Self::Other => "its storage failed",
        })
    }
}

/// The journal could not store a batch.
///
/// ```
/// use antiphon_core::{AppendError, Trouble};
///
/// let error = AppendError::new(Trouble::Full, None);
/// assert_eq!(error.to_string(), "the journal could not store: the disk is full");
/// assert!(error.is_transient());
/// assert_eq!(error.trouble().hint(), "free some space; storing goes on by itself");
/// assert!(!Trouble::Changed.is_transient());
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the journal could not store: {trouble}")]
pub struct AppendError {
    trouble: Trouble,
    #[source]
    source: Option<BoxError>,
}

impl AppendError {
    /// Files the cause under its trouble.
    pub fn new(trouble: Trouble, source: Option<BoxError>) -> Self {
        Self { trouble, source }
    }

    /// What is wrong.
    pub fn trouble(&self) -> Trouble {
        self.trouble
    }

    /// Whether the same batch may be appended once the cause is gone.
    pub fn is_transient(&self) -> bool {
        self.trouble.is_transient()
    }
}

/// The journal could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the journal could not be read: {trouble}")]
pub struct ReadError {
    trouble: Trouble,
    #[source]
    source: Option<BoxError>,
}

impl ReadError {
    /// Files the cause under its trouble.
    pub fn new(trouble: Trouble, source: Option<BoxError>) -> Self {
        Self { trouble, source }
    }

    /// What is wrong.
    pub fn trouble(&self) -> Trouble {
        self.trouble
    }

    /// Whether the same read may succeed later.
    pub fn is_transient(&self) -> bool {
        self.trouble.is_transient()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_needs_its_first_open_or_parked_event() {
        let mut cursor = Cursor::at(Position::new(10));
        assert_eq!(cursor.needs(), Position::new(11));
        cursor.parked.push(Parked {
            lane: "room/1".into(),
            from: Position::new(7),
        });
        cursor.open.push(OpenEvent {
            position: Position::new(9),
            starts: 1,
        });
        assert_eq!(cursor.needs(), Position::new(7));
        cursor.parked_all = Some(Position::new(5));
        assert_eq!(cursor.needs(), Position::new(5));
    }

    #[test]
    fn a_consumer_that_is_split_holds_retention_by_its_partitions_alone() {
        let cursor = Cursor::split(Position::new(7), Partitions::default());
        assert_eq!(cursor.needs(), Position::new(u64::MAX));
        let text = serde_json::to_string(&cursor).expect("plain data");
        assert!(text.contains(r#""partitions":32"#), "{text}");
    }

    #[test]
    fn a_cursor_survives_its_encoding() {
        let mut cursor = Cursor::at(Position::new(3));
        cursor.parked_all = Some(Position::new(2));
        let text = serde_json::to_string(&cursor).expect("plain data");
        assert_eq!(
            serde_json::from_str::<Cursor>(&text).expect("same shape"),
            cursor
        );
    }
}
