//! Looking into a journal, moving it and tending it, whatever keeps it.
//!
//! An app needs [`Journal`] alone. Programs for operators, such as the command `antiphon`, need more: what consumers have
//! still to do, events by a filter, names, sizes, everything for a copy. [`Inspect`] has it for every backend that
//! outlives its process.

use std::{fmt, sync::Arc};

use antiphon_core::{
    AppendError, BoxFuture, Checkpoint, ConsumerName, Cursor, DeadLetter, DeadLetterChange, Event,
    Journal, Origin, Position, ReadError, Retention, Saved, SourceName,
};
use jiff::Timestamp;

use crate::{Filter, Page};

/// A journal that can be looked into, moved and tended.
///
/// What each backend does is said at its own methods of the same names.
///
/// ```
/// use std::sync::Arc;
///
/// use antiphon_core::Position;
/// use antiphon_journal::{Filter, Inspect, SqliteJournal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::TempDir::new()?;
/// # let path = folder.path().join("events.sqlite");
/// // One name for either: `JetStreamJournal` is another.
/// let journal: Arc<dyn Inspect> = Arc::new(SqliteJournal::open(&path).await?);
/// let page = journal.read_where(Position::ZERO, 100, &Filter::new()).await?;
/// assert!(page.events.is_empty() && journal.overview().await?.consumers.is_empty());
/// journal.close().await?;
/// # Ok(())
/// # }
/// ```
pub trait Inspect: Journal {
    /// Reads the events that follow `after` and that `filter` takes, in order, up to `limit`.
    ///
    /// A page without events is not the end: the end is where [`Page::through`] is the last position of the journal.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    fn read_where<'a>(
        &'a self,
        after: Position,
        limit: usize,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<Page, ReadError>>;

    /// How far each consumer is, which process has it, and how many dead letters it has.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    fn overview(&self) -> BoxFuture<'_, Result<Overview, ReadError>>;

    /// The newest event of each source among the last `among` positions, in the order of the journal.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    fn newest(&self, among: u64) -> BoxFuture<'_, Result<Vec<Arc<Event>>, ReadError>>;

    /// Names that the journal knows: all sources, and up to `limit` texts of sources, kinds and places.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    fn names(&self, limit: usize) -> BoxFuture<'_, Result<Names, ReadError>>;

    /// How large the journal is, how old its events are between these times, and what `policy` removes at `now`.
    ///
    /// `bounds` are in ascending order; each two neighbours are a stretch.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    fn storage<'a>(
        &'a self,
        policy: Retention,
        bounds: &'a [Timestamp],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Storage, ReadError>>;

    /// How many bytes the journal has, and how many it may have.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    fn size(&self) -> BoxFuture<'_, Result<Size, ReadError>>;

    /// Replays or drops a dead letter, also while another process appends.
    ///
    /// # Errors
    /// [`AppendError`] if the storage fails, and for a [`DeadLetterChange::Bury`], which cannot be requested.
    fn change_letter(&self, change: DeadLetterChange) -> BoxFuture<'_, Result<Asked, AppendError>>;

    /// Removes a consumer that no process has: its cursor, those of its partitions, and the projections of its own.
    ///
    /// Retention no longer waits for it, and a consumer of that name that starts again is a new one; its dead letters stay.
    /// A name that no consumer has changes nothing. A journal that is open for consumers can do so beside the process that
    /// appends.
    ///
    /// # Errors
    /// [`AppendError`] if the storage fails, with [`Trouble::Locked`](antiphon_core::Trouble::Locked) while another process
    /// has the consumer or a partition of it, and for a journal that is open for reading alone.
    fn forget<'a>(&'a self, consumer: &'a ConsumerName) -> BoxFuture<'a, Result<(), AppendError>>;

    /// The journal's name and key.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    fn identity(&self) -> BoxFuture<'_, Result<Identity, ReadError>>;

    /// Everything beside the events and the origins of removed ones, also while another process appends.
    ///
    /// No cursor is ahead of the events up to [`States::last`].
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails, and with [`Trouble::Corrupt`](antiphon_core::Trouble::Corrupt) for a journal
    /// whose import was not finished.
    fn states(&self) -> BoxFuture<'_, Result<States, ReadError>>;

    /// Up to `limit` origins of events that retention removed and that are still recognised, behind `after`.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    fn removed<'a>(
        &'a self,
        after: Option<&'a RemovedOrigin>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RemovedOrigin>, ReadError>>;

    /// Begins an import with states into an empty journal, which becomes the other one by name and key; `false` if it is
    /// not empty, and then it stays what it is.
    ///
    /// From then on it is refused to everybody but an import ([`Options::importing`](crate::Options::importing)), until
    /// [`restore`](Self::restore) has ended it. The same import goes on after a stop.
    ///
    /// # Errors
    /// [`AppendError`] if the storage fails, or an import from another journal was begun.
    fn begin_import(&self, from: Identity) -> BoxFuture<'_, Result<bool, AppendError>>;

    /// Stores events of another journal in one transaction, or none of them.
    ///
    /// Each keeps its position if the journal has given none as high yet; otherwise it gets the next, so that the order
    /// is kept. Events of a known origin are left out.
    ///
    /// # Errors
    /// [`AppendError`] if the storage fails, or for a position above [`HIGHEST`].
    fn import(&self, events: Vec<Event>) -> BoxFuture<'_, Result<Imported, AppendError>>;

    /// Stores origins of events that another journal has removed, so that their repeats are recognised here too.
    ///
    /// # Errors
    /// [`AppendError`] if the storage fails.
    fn import_removed(&self, removed: Vec<RemovedOrigin>)
    -> BoxFuture<'_, Result<(), AppendError>>;

    /// Stores the states of another journal whose events were imported, in one transaction, and ends the import.
    ///
    /// It does so only where no state is yet, and returns whether it did: those of a journal in use are its own.
    ///
    /// # Errors
    /// [`AppendError`] if the storage fails.
    fn restore(&self, states: States) -> BoxFuture<'_, Result<bool, AppendError>>;
}

/// The highest position that an event can be imported with: 2⁶². No journal comes near it.
pub const HIGHEST: Position = Position::new(1 << 62);

/// Name of the projection that marks a journal whose import was not finished.
pub(crate) const UNFINISHED: &str = "import@antiphon";
/// What is wrong with such a journal, and the way out.
pub(crate) const IS_UNFINISHED: &str =
    "an import into it was not finished; repeat the import to its end, or begin anew elsewhere";
/// What is wrong with an import into such a journal.
pub(crate) const OTHER_IMPORT: &str = "an import from another journal was begun and not finished; repeat that one, or import elsewhere";

/// What a journal has of its own, whatever its events are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The name, which it got at random when it was made; `None` for one of an older version.
    pub journal: Option<String>,
    /// The secret with which origins are hashed; `None` for one of an older version.
    pub key: Option<Vec<u8>>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("journal", &self.journal)
            .finish_non_exhaustive()
    }
}

/// An origin that is recognised though its event was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedOrigin {
    /// Which.
    pub origin: KnownOrigin,
    /// Until when it is recognised, in Unix seconds.
    pub until: i64,
}

/// An origin, or what is left of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownOrigin {
    /// As it came.
    Named(SourceName, Origin),
    /// The first half of its HMAC-SHA-256 with its source, by the journal's key.
    Hashed(u128),
}

/// A deletion by the platform whose grace is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingDeletion {
    /// Source of both events.
    pub source: SourceName,
    /// Origin of the event that it deletes.
    pub origin: Origin,
    /// When it was received.
    pub at: Timestamp,
}

/// Bytes of a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Size {
    /// Bytes of the file without its write-ahead log, or of the stream on one server.
    pub bytes: u64,
    /// Bytes of the write-ahead log; 0 where there is none.
    pub log_bytes: u64,
    /// Bytes that are left under a limit of the storage's own, such as a stream's; `None` without one.
    pub free_bytes: Option<u64>,
}

/// What became of a requested change.
///
/// For the person who asked: with [`Asked::Queued`] the change has not been made yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Asked {
    /// The change was made.
    Done,
    /// The process that appends will make the change, within about a second.
    Queued,
    /// There is no such dead letter.
    Absent,
}

/// How far the consumers of a journal are.
///
/// ```
/// use std::sync::Arc;
///
/// use antiphon_core::{Batch, Cursor, Draft, Journal, Kind, Origin, Place, Position};
/// use antiphon_journal::SqliteJournal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::TempDir::new()?;
/// let journal = SqliteJournal::open(folder.path().join("events.sqlite")).await?;
/// let at = "2026-01-01T00:00:00Z".parse()?;
/// let said = Draft::new(Kind::from_static("test.said"), Place::root(), Origin::frame("c", 1), at, "{}");
/// let batch = Batch {
///     events: vec![("choir".into(), said)],
///     cursors: vec![("audit".into(), Cursor::at(Position::ZERO))],
///     ..Batch::default()
/// };
/// journal.append(Arc::new(batch)).await?;
///
/// let overview = journal.overview().await?;
/// let audit = &overview.consumers[0];
/// assert_eq!((&*audit.name.to_string(), audit.dead_letters), ("audit", 0));
/// // It has not read the one event yet.
/// assert_eq!(audit.waits_since, Some(at));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Overview {
    /// Position of the last event.
    pub last: Position,
    /// Every consumer that has a cursor or dead letters, by name.
    pub consumers: Vec<ConsumerOverview>,
}

/// How far one consumer is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConsumerOverview {
    /// Its name.
    pub name: ConsumerName,
    /// Its cursor as it was saved last; absent for one that has only dead letters.
    pub cursor: Option<Cursor>,
    /// When the oldest event that it still needs was received; absent if it needs none.
    pub waits_since: Option<Timestamp>,
    /// The process that has it now ([`Journal::claim`](antiphon_core::Journal::claim)), also where that is this one; absent
    /// if nobody has it, and 0 if the system does not say who.
    pub process: Option<u32>,
    /// Number of partitions into which it is split for workers; 0 if it has none. Its cursor is then that of the partition
    /// which is the furthest behind, with what is open and parked in all.
    pub partitions: u16,
    /// Its workers.
    pub workers: Vec<WorkerOverview>,
    /// Number of its dead letters.
    pub dead_letters: u64,
    /// When the oldest of them was given up.
    pub dead_since: Option<Timestamp>,
    /// When the newest of them was given up.
    pub dead_until: Option<Timestamp>,
}

/// One of several processes of a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerOverview {
    /// The process; 0 if it cannot be told which.
    pub process: u32,
    /// Number of partitions that it has.
    pub partitions: u16,
    /// The first position that one of them still needs.
    pub needs: Position,
}

impl ConsumerOverview {
    pub(crate) fn new(name: impl Into<ConsumerName>) -> Self {
        Self {
            name: name.into(),
            cursor: None,
            waits_since: None,
            process: None,
            partitions: 0,
            workers: Vec::new(),
            dead_letters: 0,
            dead_since: None,
            dead_until: None,
        }
    }
}

/// Names of a journal, for a choice among them.
///
/// ```
/// use std::sync::Arc;
///
/// use antiphon_core::{Batch, Draft, Journal, Kind, Origin, Place};
/// use antiphon_journal::SqliteJournal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::TempDir::new()?;
/// let journal = SqliteJournal::open(folder.path().join("events.sqlite")).await?;
/// let at = "2026-01-01T00:00:00Z".parse()?;
/// let said = Draft::new(Kind::from_static("test.said"), Place::new("room/1"), Origin::frame("c", 1), at, "{}");
/// let batch = Batch { events: vec![("choir".into(), said)], ..Batch::default() };
/// journal.append(Arc::new(batch)).await?;
///
/// let names = journal.names(100).await?;
/// assert_eq!(names.sources, ["choir".into()]);
/// assert!(names.texts.iter().any(|text| &**text == "room/1"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Names {
    /// Sources that have brought an event which is still stored, in no particular order.
    pub sources: Vec<SourceName>,
    /// Texts of sources, kinds and places, the newest first; in a file also of events that are not stored any more.
    pub texts: Vec<Arc<str>>,
}

/// How large a journal is, and how old its events are: [`Inspect::storage`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Storage {
    /// Bytes of the file without its write-ahead log, or of the stream on one server.
    pub bytes: u64,
    /// Bytes of the file that are free for further rows; 0 on JetStream.
    pub spare: u64,
    /// Position of the oldest event, and when it was received; absent without events.
    pub oldest: Option<(Position, Timestamp)>,
    /// The events of each stretch of time that was asked for.
    pub ages: Vec<Age>,
    /// Bodies in samples of all stretches.
    pub bodies: Bodies,
    /// What retention removes next.
    pub due: Due,
    /// Origins of removed events that are still recognised as repeats, up to 100,000.
    pub origins: u64,
    /// Origins among them whose window is over; the next sweep forgets them.
    pub origins_over: u64,
    /// Events that the platform deleted and whose body is kept until the grace is over, up to 100,000.
    pub deletions: u64,
}

/// The events of a stretch of time.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Age {
    /// When it begins.
    pub from: Timestamp,
    /// When the next one begins.
    pub to: Timestamp,
    /// Number of its events.
    pub events: u64,
    /// Bytes of their rows without the indexes, or of their messages, roughly.
    pub bytes: u64,
    /// Whether every row was counted; else the numbers are estimates from samples.
    pub is_exact: bool,
}

/// Bodies of events, as far as they were looked at.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Bodies {
    /// Number of bodies that were looked at.
    pub looked_at: u64,
    /// Those of them that are compressed.
    pub compressed: u64,
    /// Bytes that they take in the file.
    pub stored: u64,
    /// Bytes of them when they are expanded.
    pub expanded: u64,
}

/// What a sweep would remove of the oldest events by their age.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Due {
    /// Number of events that were looked at: the oldest, up to 16,384.
    pub looked_at: u64,
    /// Those of them that are too old, and that no consumer needs.
    pub removed: u64,
    /// Those of them that are too old, and that a consumer still needs.
    pub held: u64,
}

/// Everything that a journal holds beside its events, as of one moment.
///
/// All of it is in memory: some kilobytes for each source and consumer, and the saved projections, which their own
/// limits bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct States {
    /// The name of the journal, which it got at random when it was made; `None` for a file of an older version.
    pub journal: Option<String>,
    /// The key with which origins of erased events are hashed; `None` if nothing was erased.
    pub erasure_key: Option<Vec<u8>>,
    /// The position of the last event that was stored.
    pub last: Position,
    /// The last position that may have been given; later events get higher ones.
    pub given: Position,
    /// Checkpoints of every source, by source and part.
    pub checkpoints: Vec<(SourceName, Checkpoint)>,
    /// Cursors, by consumer.
    pub cursors: Vec<(ConsumerName, Cursor)>,
    /// Dead letters, by number.
    pub dead_letters: Vec<DeadLetter>,
    /// Saved projections, by name.
    pub projections: Vec<(String, Saved)>,
    /// Deletions by the platform whose grace is not over.
    pub deletions: Vec<PendingDeletion>,
}

/// The result of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Events that were new.
    pub stored: u64,
    /// Events whose origin was known.
    pub repeats: u64,
    /// Events that have another position here than they came with, known ones among them.
    pub moved: u64,
}
