//! The journal in an SQLite file.
//!
//! The parts, and who touches what:
//!
//! | file | has |
//! | --- | --- |
//! | `open` | options, opening for appending, requests of other processes |
//! | `lock` | the lock file, which decides who appends |
//! | `files` | the watch: are the files still those that were opened? |
//! | `connection` | SQLite's connections and the names of files |
//! | `schema` | tables, versions, upgrades |
//! | `writer` | the one connection that writes events: batches, dead letters, the write-ahead log |
//! | `saver` | a connection that writes what consumers of another process keep |
//! | `claim` | the lock files of consumers |
//! | `reader` | up to four connections that read |
//! | `sweep`, `swept` | retention, in slices |
//! | `inspect` | the methods of [`Inspect`](crate::Inspect) |
//! | `overview` | how far consumers are, and the newest event of each source |
//! | `storage` | size, age of the events, what retention removes next |
//! | `erase` | a person is erased, in slices |
//! | `relay` | commands of consumers' processes, over a socket beside the file |
//! | `shared` | values that processes share, in a database of their own |
//! | `transfer` | events and states on their way into another journal |
//! | `chosen` | the rows that a filter takes, in SQL |
//! | `known` | the names that a journal knows |
//! | `bodies` | bodies compressed, and expanded |
//! | `names`, `value`, `trouble` | texts by number, conversions, errors |
//!
//! An append takes the writer's lock, checks the files, and runs one transaction on a thread where blocking is allowed:
//! the batch's events, checkpoints, cursors, dead letters and projections, and the requests that other processes left.
//! Then the log is moved into the file if it is long, beside the commits that follow.
//!
//! Invariants:
//! - One process appends, and one transaction runs at a time, those of consumers in other processes among them.
//! - No file is opened but by SQLite: closing any handle drops the process's locks on it.
//! - After a failed sync, or once the files have changed, nothing more is written (`Slot::Failed`).
//! - The future of a call may be dropped at any point: its job ends by itself, whole.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_core::{
    AppendError, Appended, Batch, BoxFuture, Checkpoint, Claim, ClaimError, ConsumerName, Cursor,
    DeadLetter, DeadLetterChange, DeadLetterId, Erased, Event, Journal, Partitions, Person,
    Position, ReadError, Relay, Retention, Role, Saved, SharedValues, SourceName, Sweep, Trouble,
};
use jiff::Timestamp;
use tokio::{
    runtime::Handle,
    sync::{Mutex, watch},
    task::{JoinError, JoinSet, spawn_blocking},
    time::Instant,
};

use crate::{Asked, Filter, Page, claims::Claims};
use claim::ClaimLock;
use files::Watch;
use reader::{READERS, Reader, Readers};
use saver::Saver;
use shared::Values;
use trouble::Failure;
use worker::Worker;
use writer::{Committed, LogLength, Writer};

mod bodies;
mod chosen;
mod claim;
mod connection;
mod erase;
mod files;
mod inspect;
mod integrity;
mod known;
mod lock;
mod names;
mod open;
mod overview;
mod reader;
#[cfg(unix)]
mod relay;
mod saver;
mod schema;
mod shared;
mod storage;
mod sweep;
mod swept;
mod transfer;
mod trouble;
mod value;
mod worker;
mod writer;

pub use integrity::Integrity;
pub use open::{Durability, OpenError, Options};

/// How often an idle appender looks for requests of other processes, and a consumer for replays, while someone watches
/// for replays.
///
/// A request waits longer only while nobody watches [`Journal::replays`]; an app always does.
const REQUESTS_EVERY: Duration = Duration::from_secs(1);

/// Most passes over the log beside the commits; a long read may keep any number of them from getting further.
const PASSES: usize = 4;

/// Pages in the log that are moved between two commits.
const FEW_PAGES: i64 = 64;

/// How often consumers look for new events of the process that appends, by default.
///
/// A hundred looks in a second cost less than two hundredths of a processor, measured without optimisation.
const FOLLOW_EVERY: Duration = Duration::from_millis(10);

/// How much sooner consumers look again after a look that found something; each that finds nothing doubles the pause.
///
/// Where an event came, the next ones are near.
const SOONER: u32 = 4;

/// How often readers do.
const READ_EVERY: Duration = Duration::from_millis(100);

/// How often the journal's files are checked, while someone waits for [`Journal::lost`].
///
/// Before each commit they are checked as well.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// A journal in an SQLite file.
///
/// One process appends, and holds `<file>.lock` while it has the journal open; any number of processes read beside it, or
/// handle its events ([`SqliteJournal::for_consumers`]).
/// Reads run on tokio's blocking threads, four at a time; commits run on a thread of the journal, one at a time. In a
/// current-thread runtime they run on blocking threads as well, so that a paused clock waits for them.
///
/// Dropping it without [`Journal::close`] loses nothing; the next positions then skip some thousand numbers at most.
///
/// What it costs: a batch is one transaction. In batches of 256 an event costs 0.86 of the instructions that bare SQLite
/// takes row by row with the same table (docs/performance.md). With [`Durability::Power`] each commit also waits for one
/// sync of the disk.
///
/// ```
/// use antiphon_core::{Journal, Position};
/// use antiphon_journal::SqliteJournal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::TempDir::new()?;
/// # let path = folder.path().join("events.sqlite");
/// let journal = SqliteJournal::open(&path).await?;
///
/// // Another program can read the file meanwhile, and follow what is appended.
/// let reader = SqliteJournal::read_only(&path).await?;
/// let mut last = reader.last();
/// assert_eq!(*last.borrow_and_update(), Position::ZERO);
/// assert!(reader.read(Position::ZERO, 100).await?.is_empty());
///
/// journal.close().await?;
/// # Ok(())
/// # }
/// ```
///
/// Append, end, and go on where the last run ended:
///
/// ```
/// use std::sync::Arc;
///
/// use antiphon_core::{Batch, Checkpoint, Draft, Journal, Kind, Origin, Place, Position};
/// use antiphon_journal::SqliteJournal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::TempDir::new()?;
/// # let path = folder.path().join("events.sqlite");
/// let said = Draft::new(
///     Kind::from_static("test.said"),
///     Place::new("room/loft"),
///     Origin::occurrence("chat", "5f1c"),
///     "2026-01-01T00:00:00Z".parse()?,
///     r#"{"message":"amen"}"#,
/// );
/// let state = Checkpoint { part: "room/loft".into(), state: "seen 5f1c".into(), mark: 1 };
/// let batch = Arc::new(Batch {
///     events: vec![("choir".into(), said)],
///     checkpoints: vec![("choir".into(), state)],
///     ..Batch::default()
/// });
/// let journal = SqliteJournal::open(&path).await?;
/// journal.append(Arc::clone(&batch)).await?;
/// journal.close().await?;
///
/// // The next run: the checkpoint is there, and the same origin is a repeat.
/// let journal = SqliteJournal::open(&path).await?;
/// assert_eq!(journal.checkpoints(&"choir".into()).await?[0].mark, 1);
/// assert_eq!(journal.append(batch).await?.repeats, 1);
/// assert_eq!(journal.read(Position::ZERO, 10).await?[0].place().as_str(), "room/loft");
/// # Ok(())
/// # }
/// ```
///
/// Any SQLite tool reads the file, by the view `event`; docs/journal.md describes its columns. `vacuum into` makes a
/// copy while the journal is in use, where copying the file alone would miss what is in the log:
///
/// ```
/// use antiphon_core::{Journal, Position};
/// use antiphon_journal::SqliteJournal;
/// # use std::sync::Arc;
/// # use antiphon_core::{Batch, Draft, Kind, Origin, Place};
/// # fn said(number: u64, room: &str) -> Batch {
/// #     let (kind, origin) = (Kind::from_static("test.said"), Origin::frame("test", number));
/// #     let now = "2026-01-01T12:30:00Z".parse().expect("a time");
/// #     let draft = Draft::new(kind, Place::new(room), origin, now, r#"{"message":"amen"}"#);
/// #     Batch { events: vec![("choir".into(), draft)], ..Batch::default() }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::TempDir::new()?;
/// # let (path, copy) = (folder.path().join("events.sqlite"), folder.path().join("copy.sqlite"));
/// let journal = SqliteJournal::open(&path).await?;
/// # for (number, room) in [(1, "room/loft"), (2, "room/loft"), (3, "room/nave")] {
/// #     journal.append(Arc::new(said(number, room))).await?;
/// # }
/// let sql = rusqlite::Connection::open(&path)?;
/// let (room, messages): (String, i64) = sql.query_row(
///     "select place, count(*) from event where kind = 'test.said' group by place order by 2 desc limit 1",
///     [],
///     |row| Ok((row.get(0)?, row.get(1)?)),
/// )?;
/// assert_eq!((room.as_str(), messages), ("room/loft", 2));
/// let said: String = sql.query_row("select body ->> '$.message' from event order by position limit 1", [], |row| row.get(0))?;
/// assert_eq!(said, "amen");
///
/// sql.execute("vacuum into ?1", [copy.to_str().ok_or("the path is no text")?])?;
/// drop(sql);
/// let backup = SqliteJournal::read_only(&copy).await?;
/// assert_eq!(backup.read(Position::ZERO, 10).await?.len(), 3);
/// # Ok(())
/// # }
/// ```
///
/// Retention is a policy that a sweep carries out; an app sweeps every minute:
///
/// ```
/// use std::{sync::Arc, time::Duration};
///
/// use antiphon_core::{ConsumerName, Cursor, Journal, KindPattern, Position, Retention};
/// use antiphon_journal::SqliteJournal;
/// # use antiphon_core::{Batch, Draft, Kind, Origin, Place};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::TempDir::new()?;
/// # let journal = SqliteJournal::open(folder.path().join("events.sqlite")).await?;
/// # let received: jiff::Timestamp = "2026-01-01T00:00:00Z".parse()?;
/// # for (number, kind) in [(1, "test.said"), (2, "test.typing")] {
/// #     let draft = Draft::new(Kind::new(kind), Place::root(), Origin::frame("test", number), received, "{}");
/// #     journal.append(Arc::new(Batch { events: vec![("choir".into(), draft)], ..Batch::default() })).await?;
/// # }
/// const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// let policy = Arc::new(Retention {
///     keep: Some(90 * DAY),
///     momentary: vec![(KindPattern::new("test.typing"), DAY)],
///     ..Retention::default()
/// });
/// // A consumer that has read nothing yet holds what is kept for it, but not what is worthless by now.
/// let consumer = ConsumerName::new("bot");
/// let cursor = Cursor::at(Position::ZERO);
/// journal.append(Arc::new(Batch { cursors: vec![(consumer.clone(), cursor)], ..Batch::default() })).await?;
/// let sweep = journal.sweep(Arc::clone(&policy), received + 100 * DAY).await?;
/// assert_eq!((sweep.removed, sweep.expired), (0, 1));
///
/// // A consumer that never comes back is forgotten, and holds nothing any more.
/// journal.forget(&consumer).await?;
/// assert_eq!(journal.sweep(policy, received + 100 * DAY).await?.removed, 1);
/// # Ok(())
/// # }
/// ```
pub struct SqliteJournal {
    shared: Arc<Shared>,
    /// Tasks are started on it, wherever a method is called.
    runtime: Handle,
    tasks: std::sync::Mutex<Tasks>,
}

/// The tasks of a journal, which end when it is dropped.
#[derive(Default)]
struct Tasks {
    /// Tasks that look at intervals, and can be stopped at any time.
    polling: JoinSet<()>,
    /// The task that moves the log into the file, which `close` waits for.
    checkpoint: JoinSet<()>,
}

/// Everything is behind its own lock; jobs on other threads hold the `Arc` for as long as they run.
struct Shared {
    /// Without links.
    path: PathBuf,
    watch: Arc<Watch>,
    /// A fair lock: commits run in the order of their calls.
    writer: Arc<Mutex<Slot>>,
    worker: Worker,
    readers: Readers,
    /// Moved by commits, or by polling in a journal that only reads.
    last: watch::Sender<Position>,
    replays: watch::Sender<u64>,
    role: Role,
    /// The consumers that this process has, with their lock files.
    claims: Claims<ClaimLock>,
    /// How long a claim waits for another one.
    wait: Duration,
    /// Requests that were carried out when a consumer looked last.
    requests: AtomicU64,
    /// How often to look for events of another appender; `None` if this is the appender.
    follow: Option<Duration>,
    /// A lock that is held while the log is moved into the file.
    moving: Arc<Mutex<()>>,
    /// Whether a task looks at intervals.
    polling: std::sync::Mutex<bool>,
    /// What processes share.
    values: Values,
    /// The way of commands to the process that appends.
    #[cfg(unix)]
    socket: Arc<relay::Socket>,
}

/// An opened file.
struct Opened {
    path: PathBuf,
    watch: Arc<Watch>,
    slot: Slot,
    last: Position,
    /// Requests that were carried out.
    requests: u64,
    /// How long a claim waits for another one.
    wait: Duration,
}

/// The connection that writes, or the reason why there is none.
///
/// Only [`Slot::Open`] can become another state, and none becomes open again: a journal that failed is opened anew.
enum Slot {
    Open(Box<Writer>),
    /// Events are another process's to append.
    Consumers(Saver),
    ReadOnly,
    Closed,
    /// A state in which nothing may be written: a sync failed, or the files have changed.
    Failed(Trouble, Arc<str>),
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJournal")
            .field("path", &self.shared.path)
            .field("last", &*self.shared.last.borrow())
            .finish_non_exhaustive()
    }
}

impl SqliteJournal {
    /// Opens a journal for appending and reading; creates the file if it does not exist.
    ///
    /// It must be called within a tokio runtime.
    ///
    /// The file is created for its owner only. Its folder must exist.
    ///
    /// # Errors
    /// As [`SqliteJournal::open_with`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, Options::new()).await
    }

    /// Opens a journal for appending and reading, with options; upgrades a file of an older version.
    ///
    /// Opening takes the lock first, so that a second process is refused before it has touched anything, and checks
    /// neither all rows nor the indexes: `pragma integrity_check` of any SQLite tool does.
    ///
    /// # Errors
    /// [`OpenError`]: another appender holds the file; it is damaged, no journal, or of a newer version; or it or its
    /// folder cannot be written.
    pub async fn open_with(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let path = path.as_ref().to_owned();
        let values = options.shared.clone();
        let opened = spawn_blocking(move || {
            let file =
                connection::resolve(&path).map_err(|failure| OpenError::new(&path, failure))?;
            let open = || {
                let writer = open::writer(&file, &options)?;
                let last = reader::last(&writer.connection)?;
                let watch = Arc::clone(&writer.watch);
                Ok((watch, Slot::Open(Box::new(writer)), last))
            };
            let (watch, slot, last) = open().map_err(|failure| OpenError::new(&path, failure))?;
            Ok(Opened {
                path: file,
                watch,
                slot,
                last,
                requests: 0,
                wait: options.wait,
            })
        });
        Self::opened(opened.await, Role::Ingester, None, values)
    }

    /// Opens a journal for reading only, also beside the process that appends.
    ///
    /// It takes no lock, and needs write access to neither file nor folder if nobody appends.
    ///
    /// # Errors
    /// As [`SqliteJournal::read_only_with`].
    pub async fn read_only(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::read_only_with(path, Options::new()).await
    }

    /// Opens a journal for reading only, also beside the process that appends, with options.
    ///
    /// [`Journal::last`] moves when another process appends; the file is polled only while someone watches, see
    /// [`Options::poll`]. [`Journal::replays`] never changes, and calls that write fail with [`Trouble::ReadOnly`].
    ///
    /// # Errors
    /// [`OpenError`]: the file does not exist, holds nothing yet ([`Trouble::Empty`]), cannot be read, is damaged, is no
    /// journal, or is of a newer version.
    pub async fn read_only_with(
        path: impl AsRef<Path>,
        options: Options,
    ) -> Result<Self, OpenError> {
        let path = path.as_ref().to_owned();
        let (follow, values) = (options.polled(READ_EVERY), options.shared.clone());
        let opened = spawn_blocking(move || {
            let opened = Opened::beside(&path, Duration::ZERO, |_| Ok(Slot::ReadOnly));
            opened.map_err(|failure| OpenError::new(&path, failure))
        });
        Self::opened(opened.await, Role::Reader, Some(follow), values)
    }

    /// Opens a journal for consumers: it follows what another process appends, and stores how far consumers are, their
    /// dead letters and their projections.
    ///
    /// A bot runs on it beside `antiphon run`, or beside any other process that has the sources, and restarts as often as
    /// it likes. Any number of processes may have the journal open so; each consumer is one process's at a time
    /// ([`Journal::claim`]), by a lock file `<file>.<name>.consumer`.
    ///
    /// # Errors
    /// As [`SqliteJournal::for_consumers_with`].
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use antiphon_core::{Batch, Cursor, Journal, Position, Trouble};
    /// use antiphon_journal::SqliteJournal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::TempDir::new()?;
    /// # let path = folder.path().join("events.sqlite");
    /// let ingester = SqliteJournal::open(&path).await?;
    ///
    /// // In another process:
    /// let journal = SqliteJournal::for_consumers(&path).await?;
    /// let choir = "choir".into();
    /// let claim = journal.claim(&choir).await?;
    /// let cursor = Cursor::at(Position::ZERO);
    /// let save = Batch { cursors: vec![(choir.clone(), cursor.clone())], ..Batch::default() };
    /// journal.append(Arc::new(save)).await?;
    /// assert_eq!(ingester.cursor(&choir).await?, Some(cursor));
    ///
    /// let sweep = journal.sweep(Arc::default(), "2026-01-01T00:00:00Z".parse()?).await;
    /// assert_eq!(sweep.expect_err("that is the ingester's").trouble(), Trouble::OtherRole);
    /// # drop(claim);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn for_consumers(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::for_consumers_with(path, Options::new()).await
    }

    /// Opens a journal for consumers, with options.
    ///
    /// [`Options::durability`] is that of what consumers store, [`Options::poll`] bounds how late they see an event, and
    /// [`Options::wait`] says how long a claim waits for the process that has the consumer. The other options are those of the process that appends.
    ///
    /// # Errors
    /// [`OpenError`]: the file does not exist, or holds nothing yet ([`Trouble::Empty`]); it cannot be written; it is
    /// damaged, no journal, of a newer version, or of an older one that a process still appends to ([`Trouble::Locked`]);
    /// or its lock is another file's ([`Trouble::Changed`]).
    pub async fn for_consumers_with(
        path: impl AsRef<Path>,
        options: Options,
    ) -> Result<Self, OpenError> {
        let path = path.as_ref().to_owned();
        let (follow, values) = (options.polled(FOLLOW_EVERY), options.shared.clone());
        let opened = spawn_blocking(move || {
            let opened = Opened::beside(&path, options.wait, |file| {
                Ok(Slot::Consumers(Saver::open(file, &options)?))
            });
            opened.map_err(|failure| OpenError::new(&path, failure))
        });
        Self::opened(opened.await, Role::Consumer, Some(follow), values)
    }

    /// # Errors
    /// The failure of opening, or a runtime that is shutting down.
    fn opened(
        opened: Result<Result<Opened, OpenError>, JoinError>,
        role: Role,
        follow: Option<Duration>,
        values: Option<PathBuf>,
    ) -> Result<Self, OpenError> {
        let Opened {
            path,
            watch,
            slot,
            last,
            requests,
            wait,
        } = opened
            .map_err(|error| OpenError::new(Path::new(""), error.into()))
            .flatten()?;
        Ok(Self {
            shared: Arc::new(Shared {
                readers: Readers::new(path.clone(), Arc::clone(&watch)),
                values: Values::new(path.clone(), values),
                #[cfg(unix)]
                socket: relay::Socket::beside(&path),
                path,
                watch,
                writer: Arc::new(Mutex::new(slot)),
                worker: Worker::default(),
                last: watch::Sender::new(last),
                replays: watch::Sender::new(0),
                role,
                claims: Claims::default(),
                wait,
                requests: AtomicU64::new(requests),
                follow,
                moving: Arc::default(),
                polling: std::sync::Mutex::new(false),
            }),
            runtime: Handle::current(),
            tasks: std::sync::Mutex::default(),
        })
    }

    /// Replays or drops a dead letter, also while another process appends.
    ///
    /// If no process appends, the change is made at once. Otherwise the request is left in the file, and the appender
    /// makes the change with its next commit, or within a second if someone there watches [`Journal::replays`].
    ///
    /// A replay is handled by an app of the letter's consumer; without one, the request waits.
    ///
    /// ```no_run
    /// use antiphon_core::{DeadLetterChange, DeadLetterId};
    /// use antiphon_journal::{Asked, SqliteJournal};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let change = DeadLetterChange::Replay(DeadLetterId(7));
    /// match SqliteJournal::ask("events.sqlite", change).await? {
    ///     Asked::Done => println!("it is handled at the next start"),
    ///     Asked::Queued => println!("the running app handles it within a second or so"),
    ///     _ => println!("there is no such dead letter"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`OpenError`] as for opening, and for a [`DeadLetterChange::Bury`], which cannot be requested.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use antiphon_core::{Batch, DeadLetter, DeadLetterChange, DeadLetterId, Draft, Event, Journal, Kind, Origin, Place, Position};
    /// use antiphon_journal::{Asked, SqliteJournal};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::TempDir::new()?;
    /// # let path = folder.path().join("events.sqlite");
    /// # let now = "2026-01-01T00:00:00Z".parse()?;
    /// # let draft = Draft::new(Kind::from_static("test.said"), Place::root(), Origin::frame("test", 1), now, "{}");
    /// # let letter = DeadLetter {
    /// #     id: DeadLetterId(0),
    /// #     consumer: "bot".into(),
    /// #     handler: "greet".into(),
    /// #     event: Event::stored(Position::new(1), "choir".into(), draft),
    /// #     error: "the greeting is missing".into(),
    /// #     attempts: 3,
    /// #     at: now,
    /// #     replay: false,
    /// # };
    /// let journal = SqliteJournal::open(&path).await?;
    /// let bury = Batch { dead: vec![DeadLetterChange::Bury(Box::new(letter))], ..Batch::default() };
    /// journal.append(Arc::new(bury)).await?;
    /// let letters = journal.dead_letters(DeadLetterId(0), 10).await?;
    /// assert_eq!((letters[0].id, &*letters[0].handler), (DeadLetterId(1), "greet"));
    ///
    /// // While it is open, another process leaves its request in the file; the next commit takes it up.
    /// let change = DeadLetterChange::Replay(DeadLetterId(1));
    /// assert_eq!(SqliteJournal::ask(&path, change).await?, Asked::Queued);
    /// journal.append(Arc::new(Batch::default())).await?;
    /// assert!(journal.dead_letters(DeadLetterId(0), 10).await?[0].replay);
    ///
    /// journal.close().await?;
    /// assert_eq!(SqliteJournal::ask(&path, DeadLetterChange::Drop(DeadLetterId(1))).await?, Asked::Done);
    /// assert_eq!(SqliteJournal::ask(&path, DeadLetterChange::Drop(DeadLetterId(1))).await?, Asked::Absent);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ask(path: impl AsRef<Path>, change: DeadLetterChange) -> Result<Asked, OpenError> {
        let path = path.as_ref().to_owned();
        let file = path.clone();
        spawn_blocking(move || open::ask(&file, &change))
            .await
            .map_err(Failure::from)
            .flatten()
            .map_err(|failure| OpenError::new(&path, failure))
    }

    /// Reads the events that follow `after` and that `filter` takes, in order, up to `limit`.
    ///
    /// Rows that the filter does not take are passed over by SQLite, which reads neither their body nor their note.
    /// A page ends at `limit` events, at 8 MiB, or after 65,536 positions, so that a rare kind in a large file holds no
    /// reader for long; a page without events is therefore not the end. The end is where [`Page::through`] is the last
    /// position of the journal.
    ///
    /// ```
    /// use antiphon_core::{Journal, KindPattern, Position};
    /// use antiphon_journal::{Filter, SqliteJournal};
    /// # use std::sync::Arc;
    /// # use antiphon_core::{Batch, Draft, Kind, Origin, Place};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::TempDir::new()?;
    /// # let journal = SqliteJournal::open(folder.path().join("events.sqlite")).await?;
    /// # let received: jiff::Timestamp = "2026-01-01T00:00:00Z".parse()?;
    /// # for (number, kind) in [(1, "test.said"), (2, "test.typing"), (3, "test.said")] {
    /// #     let draft = Draft::new(Kind::new(kind), Place::root(), Origin::frame("test", number), received, "{}");
    /// #     journal.append(Arc::new(Batch { events: vec![("choir".into(), draft)], ..Batch::default() })).await?;
    /// # }
    /// let said = Filter::new().kind(KindPattern::new("test.said"));
    /// let end = *journal.last().borrow();
    /// let (mut after, mut count) = (Position::ZERO, 0);
    /// while after < end {
    ///     let page = journal.read_where(after, 100, &said).await?;
    ///     count += page.events.len();
    ///     after = page.through;
    /// }
    /// assert_eq!(count, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    pub async fn read_where(
        &self,
        after: Position,
        limit: usize,
        filter: &Filter,
    ) -> Result<Page, ReadError> {
        let filter = filter.clone();
        self.shared
            .read(move |reader| reader.read_where(after, limit, &filter))
            .await
    }

    /// Changes the hard limit on the file's size; see [`Options::max_bytes`].
    ///
    /// A larger file stays as it is and grows no further.
    ///
    /// It counts pages of the file; `None` lifts it.
    ///
    /// # Errors
    /// [`AppendError`] if the journal is closed or was opened for reading only.
    pub async fn limit(&self, max_bytes: Option<u64>) -> Result<(), AppendError> {
        self.shared
            .write(move |_, writer| writer.limit(max_bytes))
            .await
            .map_err(Failure::append)
    }

    /// Removes a consumer, its cursor and the projections of its own, so that retention no longer waits for it.
    ///
    /// Its dead letters stay. Its partitions, if it has workers, go with it. A journal that is open for consumers can forget
    /// one as well, also while another process appends.
    ///
    /// # Errors
    /// [`AppendError`] if the storage fails, and with [`Trouble::Locked`] while another process has the consumer, or a
    /// partition of it.
    pub async fn forget(&self, consumer: &ConsumerName) -> Result<(), AppendError> {
        let unread = |error: ReadError| AppendError::new(error.trouble(), Some(error.into()));
        let cursor = self.cursor(consumer).await.map_err(unread)?;
        let partitions = cursor.and_then(|cursor| cursor.partitions);
        let partitions = 0..partitions.map_or(0, Partitions::get);
        let partitions = partitions.map(|number| consumer.partition(number));
        let forgotten: Vec<_> = std::iter::once(consumer.clone())
            .chain(partitions)
            .collect();
        // Their cursors would be there again with the next event.
        let mut claims = Vec::new();
        for name in &forgotten {
            claims.extend(self.claim_if_free(name).await?);
        }
        let name = consumer.clone();
        let gone = if self.shared.role == Role::Consumer {
            let gone = move |saver: &mut Saver| saver.forget(&name, &forgotten);
            self.shared.save(gone).await
        } else {
            let gone = move |_: &Shared, writer: &mut Writer| writer.forget(&name, &forgotten);
            self.shared.write(gone).await
        };
        gone.map_err(Failure::append)
    }

    /// Starts the task that looks at intervals for changes of other processes, unless it runs.
    ///
    /// The task ends by itself once nobody watches, and is started again by the next watcher.
    fn start_polling(&self) {
        let mut polling = lock(&self.shared.polling);
        if !*polling {
            *polling = true;
            let shared = Arc::clone(&self.shared);
            let mut tasks = lock(&self.tasks);
            while tasks.polling.try_join_next().is_some() {}
            tasks.polling.spawn_on(shared.poll(), &self.runtime);
        }
    }

    /// Moves a long log into the file, while commits go on.
    ///
    /// One move at a time; a commit waits for it only beyond 128 MiB of log.
    async fn checkpoint(&self, length: LogLength) {
        if length == LogLength::Fine {
            return;
        }
        {
            let mut tasks = lock(&self.tasks);
            while tasks.checkpoint.try_join_next().is_some() {}
            if tasks.checkpoint.is_empty() {
                let moving = Arc::clone(&self.shared.moving).try_lock_owned();
                let checkpoint = Arc::clone(&self.shared).checkpoint();
                let checkpoint = async move {
                    let _moving = moving;
                    checkpoint.await;
                };
                tasks.checkpoint.spawn_on(checkpoint, &self.runtime);
            }
        }
        if length == LogLength::TooLong {
            drop(self.shared.moving.lock().await);
        }
    }
}

impl Opened {
    /// A journal beside the process that appends; `slot` says how it is written, if at all.
    fn beside(
        path: &Path,
        wait: Duration,
        slot: impl FnOnce(&Path) -> Result<Slot, Failure>,
    ) -> Result<Self, Failure> {
        let path = connection::resolve(path)?;
        let slot = slot(&path)?;
        let reader = Reader::open(&path)?;
        schema::readable(&reader.connection)?;
        Ok(Self {
            last: reader.last()?,
            requests: reader.requests()?,
            watch: Arc::new(Watch::reader(&path)?),
            slot,
            path,
            wait,
        })
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Runs `work` on the connection that writes, where blocking is allowed.
    ///
    /// The work ends also if the caller is dropped meanwhile.
    ///
    /// # Errors
    /// The failure of the check or of the work; one that leaves doubt about the file closes the slot.
    async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self, &mut Writer) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let shared = Arc::clone(self);
        let mut slot = Arc::clone(&self.writer).lock_owned().await;
        let job = move || {
            slot.run(|writer| {
                shared.watch.check()?;
                work(&shared, writer)
            })
        };
        self.worker.run(job).await?
    }

    /// Runs `work` on the connection of consumers, beside the process that appends; as [`Shared::write`].
    async fn save<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Saver) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let shared = Arc::clone(self);
        let mut slot = Arc::clone(&self.writer).lock_owned().await;
        let job = move || {
            slot.save(|saver| {
                shared.check_all()?;
                work(saver)
            })
        };
        self.worker.run(job).await?
    }

    /// Checks that something can be written at all.
    ///
    /// # Errors
    /// Why nothing can: the journal is open for reading only, was closed, or has failed.
    async fn may_write(&self) -> Result<(), Failure> {
        match &*self.writer.lock().await {
            Slot::Open(_) | Slot::Consumers(_) => Ok(()),
            slot => Err(slot.refusal()),
        }
    }

    /// Checks the journal's files, and the lock files of the consumers that this process has.
    fn check_all(&self) -> Result<(), Failure> {
        self.watch.check()?;
        self.claims.check(ClaimLock::check)
    }

    /// Checks the journal's files; once they have changed, nothing more is written.
    ///
    /// It does not wait for the writer, since a commit that runs has checked the files itself.
    fn check_files(&self) -> Result<(), Failure> {
        let checked = self.check_all();
        if let Err(failure) = &checked
            // A job that holds the slot now is the last one: the next checks the files first.
            && let Ok(mut slot) = self.writer.try_lock()
        {
            slot.fail(failure);
        }
        checked
    }

    /// Runs `work` on a connection that reads, where blocking is allowed.
    ///
    /// It waits while four reads are under way.
    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Reader) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, ReadError> {
        let shared = Arc::clone(self);
        let permit = Arc::clone(&self.readers.permits)
            .acquire_owned()
            .await
            .map_err(|_| ReadError::new(Trouble::Closed, None))?;
        spawn_blocking(move || {
            let done = shared.readers.with(work);
            drop(permit);
            done
        })
        .await
        .map_err(Failure::from)
        .flatten()
        .map_err(Failure::read)
    }

    /// Shows a commit to the watchers of `last` and `replays`.
    fn announce(&self, committed: &Committed) {
        if let Some(event) = committed.appended.events.last() {
            self.last.send_replace(event.position());
        }
        if committed.replays > 0 {
            self.replays
                .send_modify(|count| *count += committed.replays);
        }
    }

    /// Looks at intervals for changes of other processes, as long as someone watches.
    ///
    /// It never ends while somebody watches; a read that failed is tried again at the next look.
    async fn poll(self: Arc<Self>) {
        let mut looked_at: Option<Instant> = None;
        let mut pause = self.follow.unwrap_or_default();
        loop {
            if let Some(every) = self.follow {
                let is_due = looked_at.is_none_or(|at| at.elapsed() >= REQUESTS_EVERY);
                if self.role == Role::Consumer && is_due {
                    looked_at = Some(Instant::now());
                    self.look_for_replays().await;
                }
                let last = self.read(|reader| reader.last()).await;
                // A failed read is tried again; the watcher will read as well and see the error.
                let is_gone = matches!(&last, Err(error) if error.trouble() == Trouble::Changed);
                let has_moved = self.last.send_if_modified(|known| {
                    let last = last.unwrap_or(*known);
                    let moved = *known < last;
                    *known = last.max(*known);
                    // A waiter for the next event would wait for ever.
                    moved || is_gone
                });
                pause = if has_moved && !is_gone && self.role == Role::Consumer {
                    every / SOONER
                } else {
                    (pause * 2).min(every)
                };
                tokio::select! {
                    () = self.last.closed(), if self.role != Role::Consumer => {}
                    () = async { tokio::join!(self.last.closed(), self.replays.closed()); } => {}
                    () = tokio::time::sleep(pause) => continue,
                }
            } else {
                let asked = self.write(|shared, writer| {
                    let replays = writer.take_requests()?;
                    shared.announce(&Committed {
                        replays,
                        ..Committed::default()
                    });
                    Ok(())
                });
                // A request that cannot be done now waits in the file.
                drop(asked.await);
                tokio::select! {
                    () = self.replays.closed() => {}
                    () = tokio::time::sleep(REQUESTS_EVERY) => continue,
                }
            }
            // Under the lock, so that a new watcher either is seen here or starts a new task.
            let mut polling = lock(&self.polling);
            let nobody_watches = match self.role {
                Role::Ingester => self.replays.is_closed(),
                Role::Consumer => self.last.is_closed() && self.replays.is_closed(),
                _ => self.last.is_closed(),
            };
            if nobody_watches {
                *polling = false;
                return;
            }
        }
    }

    /// Tells of requests that were carried out since the last look, for whichever consumer.
    ///
    /// A look that failed is made again a second later.
    async fn look_for_replays(self: &Arc<Self>) {
        let Ok(requests) = self.read(|reader| reader.requests()).await else {
            return;
        };
        let before = self.requests.swap(requests, Ordering::Relaxed);
        if requests > before {
            self.replays
                .send_modify(|count| *count += requests - before);
        }
    }

    /// Moves the log into the file: most of it while commits go on, the rest between two of them.
    ///
    /// Each pass leaves what was committed meanwhile, so that a few of them leave next to nothing for the last one, in
    /// which commits wait.
    ///
    /// The log starts again from its beginning only once nothing is left in it; until then it grows.
    async fn checkpoint(self: Arc<Self>) {
        let (path, watch) = (self.path.clone(), Arc::clone(&self.watch));
        let most = spawn_blocking(move || {
            watch.check()?;
            let connection = connection::read_write(&path)?;
            // The name might be another file's by now, and a database that was cut must not become long again.
            watch.check()?;
            for _ in 0..PASSES {
                let left: i64 =
                    connection.query_row("pragma wal_checkpoint(passive)", [], |row| {
                        Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?)
                    })?;
                if left <= FEW_PAGES {
                    break;
                }
            }
            Ok(())
        });
        let most = most.await.map_err(Failure::from).flatten();
        // A failure is tried again when the log has grown; a failed sync closes the journal.
        drop(
            self.write(move |_, writer| {
                most?;
                writer.checkpoint()
            })
            .await,
        );
    }
}

impl Slot {
    fn run<T>(
        &mut self,
        work: impl FnOnce(&mut Writer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self {
            Self::Open(writer) => {
                let done = work(writer);
                if let Err(failure) = &done {
                    self.fail(failure);
                }
                done
            }
            slot => Err(slot.refusal()),
        }
    }

    fn save<T>(
        &mut self,
        work: impl FnOnce(&mut Saver) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self {
            Self::Consumers(saver) => {
                let done = work(saver);
                if let Err(failure) = &done {
                    self.fail(failure);
                }
                done
            }
            slot => Err(slot.refusal()),
        }
    }

    /// Why work of another role cannot be done.
    fn refusal(&self) -> Failure {
        match self {
            Self::Open(_) | Self::Consumers(_) => Failure::said(
                Trouble::OtherRole,
                "the journal was opened for consumers, and that is for the process that appends",
            ),
            Self::ReadOnly => {
                Failure::said(Trouble::ReadOnly, "the journal was opened for reading only")
            }
            Self::Closed => Failure::new(Trouble::Closed),
            Self::Failed(trouble, reason) => Failure::said(*trouble, reason.to_string()),
        }
    }

    /// Ends writing after a failure that may have left anything behind.
    ///
    /// A failed sync and changed files end writing for good; any other failure leaves the slot open, since the same
    /// batch may succeed later.
    fn fail(&mut self, failure: &Failure) {
        if !matches!(self, Self::Open(_) | Self::Consumers(_)) {
            return;
        }
        let reason = failure.source.as_ref().map(ToString::to_string);
        let reason = reason.unwrap_or_default();
        if failure.sync_failed {
            if let Self::Open(writer) = self {
                writer.abandon();
            }
            let reason = format!("the disk failed to keep what was written before: {reason}");
            *self = Self::Failed(Trouble::Closed, reason.into());
        } else if failure.trouble == Trouble::Changed {
            // The writer is dropped here, and abandons a file that is not its own.
            *self = Self::Failed(Trouble::Changed, reason.into());
        }
    }
}

impl Journal for SqliteJournal {
    fn role(&self) -> Role {
        self.shared.role
    }

    fn claim<'a>(&'a self, consumer: &'a ConsumerName) -> BoxFuture<'a, Result<Claim, ClaimError>> {
        self.claim_consumer(consumer)
    }

    fn try_claim<'a>(
        &'a self,
        consumer: &'a ConsumerName,
    ) -> BoxFuture<'a, Result<Option<Claim>, ClaimError>> {
        self.try_claim_consumer(consumer)
    }

    fn claimed<'a>(
        &'a self,
        consumers: &'a [ConsumerName],
    ) -> BoxFuture<'a, Result<Vec<ConsumerName>, ReadError>> {
        self.claimed_consumers(consumers)
    }

    fn followed(&self) -> BoxFuture<'_, Result<Option<bool>, ReadError>> {
        self.followed_by_others()
    }

    #[cfg(unix)]
    fn relay(&self) -> Option<Arc<dyn Relay>> {
        let socket: Arc<dyn Relay> = Arc::<relay::Socket>::clone(&self.shared.socket);
        Some(socket)
    }

    fn shared(&self) -> Option<Arc<dyn SharedValues>> {
        Some(Arc::new(self.shared.values.clone()))
    }

    fn append(&self, batch: Arc<Batch>) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            if self.shared.role == Role::Consumer {
                if let Some(cause) = self.shared.claims.refusal(&batch) {
                    return Err(Failure::said(Trouble::OtherRole, cause).append());
                }
                let saved = self.shared.save(move |saver| saver.save(&batch)).await;
                return saved.map(|()| Appended::default()).map_err(Failure::append);
            }
            let (appended, log) = self
                .shared
                .write(move |shared, writer| {
                    let committed = writer.append(&batch)?;
                    shared.announce(&committed);
                    Ok((committed.appended, writer.log_length()))
                })
                .await
                .map_err(Failure::append)?;
            self.checkpoint(log).await;
            Ok(appended)
        })
    }

    fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Arc<Event>>, ReadError>> {
        Box::pin(self.shared.read(move |reader| reader.read(after, limit)))
    }

    fn last(&self) -> watch::Receiver<Position> {
        let receiver = self.shared.last.subscribe();
        if self.shared.follow.is_some() {
            self.start_polling();
        }
        receiver
    }

    fn checkpoints<'a>(
        &'a self,
        source: &'a SourceName,
    ) -> BoxFuture<'a, Result<Vec<Checkpoint>, ReadError>> {
        let source = source.clone();
        Box::pin(self.shared.read(move |reader| reader.checkpoints(&source)))
    }

    fn cursor<'a>(
        &'a self,
        consumer: &'a ConsumerName,
    ) -> BoxFuture<'a, Result<Option<Cursor>, ReadError>> {
        let consumer = consumer.clone();
        Box::pin(
            self.shared
                .read(move |reader| reader.cursor(consumer.as_str())),
        )
    }

    fn projection<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Saved>, ReadError>> {
        let name = name.to_owned();
        Box::pin(self.shared.read(move |reader| reader.projection(&name)))
    }

    fn dead_letters(
        &self,
        after: DeadLetterId,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<DeadLetter>, ReadError>> {
        Box::pin(
            self.shared
                .read(move |reader| reader.dead_letters(after, limit)),
        )
    }

    fn replays(&self) -> watch::Receiver<u64> {
        let receiver = self.shared.replays.subscribe();
        if self.shared.role != Role::Reader {
            self.start_polling();
        }
        receiver
    }

    fn sweep(
        &self,
        policy: Arc<Retention>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Sweep, AppendError>> {
        Box::pin(async move {
            let mut run = sweep::Run::new(policy, now);
            loop {
                let (back, more, log) = self
                    .shared
                    .write(move |_, writer| {
                        let more = run.slice(writer)?;
                        Ok((run, more, writer.log_length()))
                    })
                    .await
                    .map_err(Failure::append)?;
                self.checkpoint(log).await;
                if !more {
                    return Ok(back.sweep);
                }
                run = back;
            }
        })
    }

    fn erase(&self, person: Arc<Person>) -> BoxFuture<'_, Result<Erased, AppendError>> {
        Box::pin(self.erase_person(person))
    }

    fn lost(&self) -> BoxFuture<'_, AppendError> {
        Box::pin(async move {
            loop {
                let shared = Arc::clone(&self.shared);
                // A check that could not run means that the runtime is shutting down.
                if let Ok(Err(failure)) = spawn_blocking(move || shared.check_files()).await {
                    return failure.append();
                }
                tokio::time::sleep(CHECK_EVERY).await;
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), AppendError>> {
        Box::pin(async move {
            let mut tasks = std::mem::take(&mut *lock(&self.tasks));
            tasks.polling.shutdown().await;
            while tasks.checkpoint.join_next().await.is_some() {}
            let shared = Arc::clone(&self.shared);
            // Reads under way end first; later reads fail.
            let all = u32::try_from(READERS).expect("a handful");
            if let Ok(permits) = shared.readers.permits.acquire_many(all).await {
                shared.readers.permits.close();
                drop(permits);
            }
            let shared = Arc::clone(&self.shared);
            let mut slot = Arc::clone(&shared.writer).lock_owned().await;
            spawn_blocking(move || {
                shared.readers.close();
                match std::mem::replace(&mut *slot, Slot::Closed) {
                    Slot::Open(mut writer) => writer.finish(),
                    _ => Ok(()),
                }
            })
            .await
            .map_err(Failure::from)
            .flatten()
            .map_err(Failure::append)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use antiphon_core::{Draft, Kind, Origin, Place};
    use tempfile::TempDir;

    use super::*;

    async fn journal() -> (TempDir, SqliteJournal) {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("journal.sqlite");
        let journal = SqliteJournal::open(path).await.expect("opened");
        (folder, journal)
    }

    fn one_event() -> Arc<Batch> {
        let draft = Draft::new(
            Kind::from_static("queup.chat-skip"),
            Place::root(),
            Origin::frame("c", 1),
            Timestamp::UNIX_EPOCH,
            "{}",
        );
        Arc::new(Batch {
            events: vec![("choir".into(), draft)],
            ..Batch::default()
        })
    }

    #[tokio::test]
    async fn after_a_failed_sync_every_append_is_refused_with_the_reason() {
        let (_folder, journal) = journal().await;
        let failed = journal
            .shared
            .write(|_, _| {
                Err::<(), _>(Failure {
                    sync_failed: true,
                    ..Failure::said(Trouble::Other, "disk I/O error")
                })
            })
            .await;
        assert_eq!(failed.expect_err("made up").trouble, Trouble::Other);
        for _ in 0..2 {
            let error = journal.append(one_event()).await.expect_err("refused");
            assert_eq!(error.trouble(), Trouble::Closed);
            assert!(!error.is_transient());
            let source = error.source().expect("the reason").to_string();
            assert!(source.ends_with("disk I/O error"), "{source}");
        }
        // What was stored can still be read.
        journal.read(Position::ZERO, 1).await.expect("read");
        journal.close().await.expect("closed");
    }

    #[tokio::test]
    async fn a_file_that_became_read_only_takes_events_again_once_it_is_not() {
        let (_folder, journal) = journal().await;
        let read_only = async |on: bool| {
            let set = journal.shared.write(move |_, writer| {
                writer.connection.pragma_update(None, "query_only", on)?;
                Ok(())
            });
            set.await.expect("set");
        };
        read_only(true).await;
        let batch = one_event();
        let error = journal
            .append(Arc::clone(&batch))
            .await
            .expect_err("refused");
        assert_eq!(error.trouble(), Trouble::ReadOnly);
        assert!(error.is_transient());
        read_only(false).await;
        assert_eq!(journal.append(batch).await.expect("stored").events.len(), 1);
    }

    #[tokio::test]
    async fn a_job_that_panics_leaves_the_journal_usable() {
        let (_folder, journal) = journal().await;
        let panicked = journal
            .shared
            .write(|_, writer| {
                writer.transaction(|_| -> Result<(), Failure> { panic!("on purpose") })
            })
            .await;
        assert_eq!(panicked.expect_err("a panic").trouble, Trouble::Other);
        let appended = journal.append(one_event()).await.expect("stored");
        assert_eq!(appended.events.len(), 1);
    }

    #[test]
    fn a_journal_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<SqliteJournal>();
    }
}
