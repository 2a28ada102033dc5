//! Opening a journal's file, and its options.
//!
//! Opening for appending goes in this order, and each step fails the whole: the lock, the database, the signature in
//! the lock file, the schema and its upgrade, the pragmas, the watch, the writer. A failure drops what was opened
//! before it.
//!
//! Pragmas: the write-ahead log with `synchronous=normal` (process) or `full` (power), no automatic checkpoints, since
//! moving the log is a task of its own, a log that is cut to 96 MiB after a burst, and `secure_delete=fast`, so that a
//! body that was erased is overwritten.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{BoxError, DeadLetterChange, Trouble};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    Asked,
    inspect::{IS_UNFINISHED, UNFINISHED},
};

use super::{
    connection::{PATIENCE, read_only, read_write, resolve},
    files::Watch,
    lock::Lock,
    schema,
    trouble::Failure,
    value::integer,
    writer::{Writer, change_dead_letter},
};

/// What a stored batch survives.
///
/// | | after `kill -9` | after a power failure | a commit costs |
/// | --- | --- | --- | --- |
/// | `Process` | everything | the last moments may be missing | a write |
/// | `Power` | everything | everything | a write and a sync of the disk |
///
/// Events that wait at the same time are one commit, so that `Power` costs less under load than it seems.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// The end of the process at any instruction. A power failure may cost the last moments, never the file.
    #[default]
    Process,
    /// A power failure as well, for one fsync per commit.
    Power,
}

/// Options for opening a journal.
///
/// ```
/// use antiphon_journal::{Durability, Options, SqliteJournal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::TempDir::new()?;
/// # let path = folder.path().join("events.sqlite");
/// let options = Options::new().durability(Durability::Power).max_bytes(4 << 30);
/// let journal = SqliteJournal::open_with(&path, options).await?;
///
/// // A second appender is refused, with a way out for the operator.
/// let refused = SqliteJournal::open(&path).await.expect_err("it is open already");
/// eprintln!("{refused} (hint: {})", refused.hint());
/// # Ok(())
/// # }
/// ```
///
/// The hard limit, as a program meets it:
///
/// ```
/// use std::sync::Arc;
///
/// use antiphon_core::{Batch, Draft, Journal, Kind, Origin, Place, Trouble};
/// use antiphon_journal::{Options, SqliteJournal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::TempDir::new()?;
/// # let path = folder.path().join("events.sqlite");
/// let journal = SqliteJournal::open_with(&path, Options::new().max_bytes(256 << 10)).await?;
/// let now = "2026-01-01T00:00:00Z".parse()?;
/// let body = format!(r#"{{"text":"{}"}}"#, "x".repeat(1 << 20));
/// let draft = Draft::new(Kind::from_static("test.said"), Place::root(), Origin::frame("test", 1), now, body);
/// let batch = Arc::new(Batch { events: vec![("choir".into(), draft)], ..Batch::default() });
/// let full = journal.append(Arc::clone(&batch)).await.expect_err("more than the file may have");
/// assert_eq!(full.trouble(), Trouble::Full);
/// eprintln!("{full}; {}", full.trouble().hint());
///
/// journal.limit(None).await?;
/// assert_eq!(journal.append(batch).await?.events.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    durability: Durability,
    max_bytes: Option<u64>,
    compress: bool,
    importing: bool,
    poll: Option<Duration>,
    pub(super) wait: Duration,
    pub(super) shared: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Process,
            max_bytes: None,
            compress: false,
            importing: false,
            poll: None,
            wait: PATIENCE,
            shared: None,
        }
    }
}

impl Options {
    /// The defaults, as each setter states them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what a stored batch survives. Default: [`Durability::Process`].
    ///
    /// It may change from run to run; the file is the same.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets a hard limit on the file's size in bytes, without its write-ahead log. Default: no limit.
    ///
    /// At the limit an append fails with [`Trouble::Full`], as on a full disk, until a sweep has made room.
    /// [`Retention::max_bytes`](antiphon_core::Retention::max_bytes) is the gentle limit, and should be lower.
    ///
    /// It is rounded down to whole pages of the file.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = Some(max_bytes);
        self
    }

    /// Sets whether the bodies of new events are compressed. Default: false.
    ///
    /// The file then takes 0.4 of the space, and an append up to a sixth more of the processor (docs/performance.md). The view `event` has no text
    /// for a compressed body; docs/journal.md says how other programs read it. Either way the journal reads
    /// both kinds of rows, and the option may change from run to run.
    #[must_use]
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// Sets how often a journal that another process appends to is looked at for new events, while someone watches
    /// [`Journal::last`](antiphon_core::Journal::last). Default: 10 ms if it is open for consumers, 100 ms if it is open for
    /// reading only.
    ///
    /// At least 1 ms. Nothing is polled while nobody watches. An event is seen at most this long after it was stored, and
    /// the time of a read.
    #[must_use]
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = Some(poll);
        self
    }

    /// Sets how long a claim waits for the process that has the consumer, which may be about to end. Default: 5 s.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Sets the file of the values that processes share ([`Journal::shared`](antiphon_core::Journal::shared)). Default:
    /// `<file>.shared`, beside the journal.
    ///
    /// Processes with different journals name the same file, so that they count together: the groups of a large bot's
    /// shards, each with a journal of its own, then take turns to identify. Its first use makes it; its folder must exist. A file
    /// that is something else is left as it is, and each process then counts for itself.
    ///
    /// ```
    /// use antiphon_core::Journal;
    /// use antiphon_journal::{Options, SqliteJournal};
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::TempDir::new()?;
    /// # let path = |name: &str| folder.path().join(name);
    /// let options = Options::new().shared(path("bot.shared"));
    /// let first = SqliteJournal::open_with(path("shards-0-to-7.sqlite"), options.clone()).await?;
    /// let second = SqliteJournal::open_with(path("shards-8-to-15.sqlite"), options).await?;
    ///
    /// let (here, there) = (first.shared().expect("a store"), second.shared().expect("a store"));
    /// here.put("turn", "first".into(), None, Duration::from_secs(60)).await?;
    /// assert_eq!(there.get("turn").await?.map(|kept| kept.value), Some("first".into()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn shared(mut self, file: impl Into<PathBuf>) -> Self {
        self.shared = Some(file.into());
        self
    }

    /// Sets whether a journal is opened whose import was not finished, to go on with it. Default: it is refused.
    #[must_use]
    pub fn importing(mut self, importing: bool) -> Self {
        self.importing = importing;
        self
    }

    /// How often to look for events of another process; `default` if it was not set.
    pub(super) fn polled(&self, default: Duration) -> Duration {
        self.poll.unwrap_or(default).max(Duration::from_millis(1))
    }
}

/// A journal could not be opened.
///
/// ```
/// use antiphon_core::Trouble;
/// use antiphon_journal::SqliteJournal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::TempDir::new()?;
/// # let path = folder.path().join("notes.txt");
/// std::fs::write(&path, "not a journal, and far from it")?;
/// let error = SqliteJournal::open(&path).await.expect_err("it is no database");
/// assert_eq!((error.trouble(), error.path()), (Trouble::Corrupt, path.as_path()));
/// println!("{error}; hint: {}", error.hint());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the journal `{}` could not be opened: {trouble}", path.display())]
pub struct OpenError {
    path: PathBuf,
    trouble: Trouble,
    #[source]
    source: Option<BoxError>,
}

impl OpenError {
    pub(super) fn new(path: &Path, failure: Failure) -> Self {
        Self {
            path: path.to_owned(),
            trouble: failure.trouble,
            source: failure.source,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The kind of trouble.
    ///
    /// For programs; [`Trouble::is_transient`] says whether opening again later may help.
    pub fn trouble(&self) -> Trouble {
        self.trouble
    }

    /// What the operator can do.
    pub fn hint(&self) -> &'static str {
        self.trouble.hint()
    }
}

/// Opens a file for the one appender; creates it if it does not exist.
pub(super) fn writer(path: &Path, options: &Options) -> Result<Writer, Failure> {
    let mut lock = Lock::take(path)?;
    let opened = lock.open(path);
    let mut connection = opened.inspect_err(|failure| lock.leave(path, failure))?;
    // The lock is signed before there is a log: a log beside an unsigned lock, as a kill would leave it, is refused.
    let lock_length = lock.sign(path)?;
    let found = schema::content(&connection);
    let found = found.inspect_err(|failure| lock.leave(path, failure))?;
    schema::upgrade(&mut connection, found)?;
    settle(&connection, options)?;
    if !options.importing {
        refuse_unfinished(&connection)?;
    }
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    // The size to which the log is cut after a burst.
    connection.pragma_update_and_check(None, "journal_size_limit", 96 << 20, |_| Ok(()))?;
    let frames = Arc::default();
    // The watch checks that the lock file is still the one that is held: from here on another process that asks SQLite
    // for the file alone meets this connection.
    let watch = Watch::appender(path, lock.id, lock_length, &connection, Arc::clone(&frames))?;
    let mut writer = Writer::new(connection, frames, Arc::new(watch), lock)?;
    if options.compress {
        writer.compress()?;
    }
    if options.max_bytes.is_some() {
        writer.limit(options.max_bytes)?;
    }
    Ok(writer)
}

/// Looks whether an import into the journal was begun and not finished.
///
/// # Errors
/// [`Trouble::Corrupt`].
pub(super) fn refuse_unfinished(connection: &Connection) -> Result<(), Failure> {
    let is_marked: bool = connection.query_row(
        "select exists (select 1 from projection where name = ?1)",
        [UNFINISHED],
        |row| row.get(0),
    )?;
    if is_marked {
        return Err(Failure::said(Trouble::Corrupt, IS_UNFINISHED));
    }
    Ok(())
}

/// Sets what every connection that writes has: the durability, and that deleted bodies are overwritten, also in the free
/// part of a page.
pub(super) fn settle(connection: &Connection, options: &Options) -> Result<(), Failure> {
    let synchronous = match options.durability {
        Durability::Process => "normal",
        Durability::Power => "full",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    if options.durability == Durability::Power {
        // Elsewhere than on macOS an ordinary sync reaches the disk, and this does nothing.
        connection.pragma_update(None, "fullfsync", true)?;
    }
    connection.pragma_update_and_check(None, "secure_delete", "fast", |_| Ok(()))?;
    Ok(())
}

/// Changes a dead letter, or leaves a request for the process that appends.
///
/// # Errors
/// [`Trouble::Other`] for a [`DeadLetterChange::Bury`], and any failure of opening other than a held lock.
pub(super) fn ask(path: &Path, change: &DeadLetterChange) -> Result<Asked, Failure> {
    let (word, letter) = match change {
        DeadLetterChange::Replay(letter) => ("replay", letter),
        DeadLetterChange::Drop(letter) => ("drop", letter),
        _ => {
            return Err(Failure::said(
                Trouble::Other,
                "only a replay or a drop can be asked for",
            ));
        }
    };
    let path = resolve(path)?;
    let connection = read_only(&path)?;
    schema::content(&connection)?;
    let absent = connection
        .query_row(
            "select 1 from dead_letter where id = ?1",
            [integer(letter.0)],
            |_| Ok(()),
        )
        .optional()?
        .is_none();
    if absent {
        return Ok(Asked::Absent);
    }
    drop(connection);
    match writer(&path, &Options::new()) {
        Ok(mut writer) => {
            writer.take_requests()?;
            writer.transaction(|writer| change_dead_letter(&writer.connection, change))?;
            writer.finish()?;
            Ok(Asked::Done)
        }
        Err(failure) if failure.trouble == Trouble::Locked => {
            read_write(&path)?.execute(
                "insert into request (change, letter) values (?1, ?2)",
                params![word, integer(letter.0)],
            )?;
            Ok(Asked::Queued)
        }
        Err(failure) => Err(failure),
    }
}
