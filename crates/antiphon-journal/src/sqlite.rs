//! The journal in an SQLite file.

use std::{
    fmt,
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{
    AppendError, Appended, Batch, BoxError, BoxFuture, Checkpoint, ConsumerName, Cursor,
    DeadLetter, DeadLetterId, Event, Journal, Position, ReadError, Retention, Saved, SourceName,
    Sweep, Trouble,
};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};
use tokio::{
    sync::{Mutex, watch},
    task::spawn_blocking,
};

use reader::{READERS, Reader, Readers};
use trouble::Failure;
use writer::Writer;

mod names;
mod reader;
mod schema;
mod trouble;
mod value;
mod writer;

/// What a stored batch survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// The process dying at any instruction; a power failure may cost the last moments, never the file.
    #[default]
    Process,
    /// The machine's power as well, for one fsync per commit.
    Power,
}

/// How a journal is opened.
#[derive(Clone, Debug)]
pub struct Options {
    durability: Durability,
    max_bytes: Option<u64>,
    poll: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Process,
            max_bytes: None,
            poll: Duration::from_millis(100),
        }
    }
}

impl Options {
    /// The defaults, as each setter states them.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a stored batch survives; [`Durability::Process`] by default.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// A hard limit on the file's size in bytes; none by default.
    ///
    /// At the limit an append fails with [`Trouble::Full`], as on a full disk, until a sweep has made room.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = Some(max_bytes);
        self
    }

    /// How often a journal opened for reading looks for what others have appended, while someone watches
    /// [`Journal::last`]; 100 ms by default.
    #[must_use]
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }
}

/// A journal could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("the journal `{}` could not be opened: {trouble}", path.display())]
pub struct OpenError {
    path: PathBuf,
    trouble: Trouble,
    #[source]
    source: Option<BoxError>,
}

impl OpenError {
    fn new(path: &Path, failure: Failure) -> Self {
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

    /// What is wrong.
    pub fn trouble(&self) -> Trouble {
        self.trouble
    }

    /// What the operator can do.
    pub fn hint(&self) -> &'static str {
        self.trouble.hint()
    }
}

/// What became of a change that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It was made.
    Done,
    /// The process that appends will make it, within about a second.
    Queued,
}

/// A journal in an SQLite file.
pub struct SqliteJournal {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    writer: Arc<Mutex<Slot>>,
    readers: Readers,
    last: watch::Sender<Position>,
    replays: watch::Sender<u64>,
}

/// Where the connection that writes is kept.
enum Slot {
    Open(Box<Writer>),
    ReadOnly,
    Closed,
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
    /// Opens a journal for appending and reading; a file that is not there is made.
    ///
    /// # Errors
    /// As [`SqliteJournal::open_with`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, Options::new()).await
    }

    /// Opens a journal for appending and reading, with options.
    ///
    /// # Errors
    /// [`OpenError`]: the file is held by another appender, is damaged, not a journal or of a newer version, or it or
    /// its folder cannot be written.
    pub async fn open_with(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let path = path.as_ref().to_owned();
        let file = path.clone();
        let opened = spawn_blocking(move || {
            let writer = open_writer(&file, &options)?;
            let last = Reader::open(&file)?.last()?;
            Ok((Slot::Open(Box::new(writer)), last))
        });
        Self::opened(path, opened.await)
    }

    /// Opens a journal for reading only, also beside the process that appends.
    ///
    /// # Errors
    /// [`OpenError`]: the file is not there, is damaged, not a journal or of a newer version.
    pub async fn read_only(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref().to_owned();
        let file = path.clone();
        let opened = spawn_blocking(move || {
            let reader = Reader::open(&file)?;
            schema::look(&reader.connection)?;
            Ok((Slot::ReadOnly, reader.last()?))
        });
        Self::opened(path, opened.await)
    }

    fn opened(
        path: PathBuf,
        opened: Result<Result<(Slot, Position), Failure>, tokio::task::JoinError>,
    ) -> Result<Self, OpenError> {
        let (slot, last) = opened
            .map_err(Failure::from)
            .flatten()
            .map_err(|failure| OpenError::new(&path, failure))?;
        Ok(Self {
            shared: Arc::new(Shared {
                readers: Readers::new(path.clone()),
                path,
                writer: Arc::new(Mutex::new(slot)),
                last: watch::Sender::new(last),
                replays: watch::Sender::new(0),
            }),
        })
    }

    /// Runs `work` on the connection that writes, where blocking is allowed.
    ///
    /// If the caller goes away meanwhile, the work is done all the same.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared, &mut Writer) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let shared = Arc::clone(&self.shared);
        let mut slot = Arc::clone(&shared.writer).lock_owned().await;
        spawn_blocking(move || match &mut *slot {
            Slot::Open(writer) => {
                let done = work(&shared, writer);
                if done.as_ref().is_err_and(|failure| failure.sync_failed) {
                    *slot = Slot::Closed;
                }
                done
            }
            Slot::ReadOnly => Err(Failure::said(
                Trouble::ReadOnly,
                "the journal was opened for reading only",
            )),
            Slot::Closed => Err(Failure::new(Trouble::Closed)),
        })
        .await?
    }

    /// Runs `work` on a connection that reads, where blocking is allowed.
    async fn query<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Reader) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, ReadError> {
        let shared = Arc::clone(&self.shared);
        let permit = Arc::clone(&shared.readers.permits)
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
}

fn open_writer(path: &Path, options: &Options) -> Result<Writer, Failure> {
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock = private_file(Path::new(&lock_path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => return Err(Failure::new(Trouble::Locked)),
        Err(std::fs::TryLockError::Error(error)) => return Err(error.into()),
    }
    // Made by us and not by SQLite, so that it and the files beside it are for the owner's eyes only.
    drop(private_file(path)?);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let found = schema::look(&connection)?;
    schema::upgrade(&mut connection, found)?;
    let synchronous = match options.durability {
        Durability::Process => "normal",
        Durability::Power => "full",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    if let Some(max_bytes) = options.max_bytes {
        let page: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = i64::try_from(max_bytes / u64::from(page.max(1))).unwrap_or(i64::MAX);
        connection.pragma_update(None, "max_page_count", pages.max(1))?;
    }
    Writer::new(connection, lock)
}

/// Opens a file for writing; one that is not there is made for its owner only.
fn private_file(path: &Path) -> Result<File, Failure> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?)
}

impl Journal for SqliteJournal {
    fn append(&self, batch: Arc<Batch>) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            self.write(move |shared, writer| {
                let committed = writer.append(&batch)?;
                if let Some(event) = committed.appended.events.last() {
                    shared.last.send_replace(event.position());
                }
                if committed.replays > 0 {
                    shared
                        .replays
                        .send_modify(|count| *count += committed.replays);
                }
                Ok(committed.appended)
            })
            .await
            .map_err(Failure::append)
        })
    }

    fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Arc<Event>>, ReadError>> {
        Box::pin(self.query(move |reader| reader.read(after, limit)))
    }

    fn last(&self) -> watch::Receiver<Position> {
        self.shared.last.subscribe()
    }

    fn checkpoints<'a>(
        &'a self,
        source: &'a SourceName,
    ) -> BoxFuture<'a, Result<Vec<Checkpoint>, ReadError>> {
        let source = source.clone();
        Box::pin(self.query(move |reader| reader.checkpoints(&source)))
    }

    fn cursor<'a>(
        &'a self,
        consumer: &'a ConsumerName,
    ) -> BoxFuture<'a, Result<Option<Cursor>, ReadError>> {
        let consumer = consumer.clone();
        Box::pin(self.query(move |reader| reader.cursor(consumer.as_str())))
    }

    fn projection<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Saved>, ReadError>> {
        let name = name.to_owned();
        Box::pin(self.query(move |reader| reader.projection(&name)))
    }

    fn dead_letters(
        &self,
        after: DeadLetterId,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<DeadLetter>, ReadError>> {
        Box::pin(self.query(move |reader| reader.dead_letters(after, limit)))
    }

    fn replays(&self) -> watch::Receiver<u64> {
        self.shared.replays.subscribe()
    }

    fn sweep(
        &self,
        _policy: Arc<Retention>,
        _now: Timestamp,
    ) -> BoxFuture<'_, Result<Sweep, AppendError>> {
        Box::pin(async move { Ok(Sweep::default()) })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), AppendError>> {
        Box::pin(async move {
            let shared = Arc::clone(&self.shared);
            let mut slot = Arc::clone(&shared.writer).lock_owned().await;
            // Reads that are under way end first; later ones find the door closed.
            let all = u32::try_from(READERS).expect("a handful");
            if let Ok(permits) = shared.readers.permits.acquire_many(all).await {
                shared.readers.permits.close();
                drop(permits);
            }
            let shared = Arc::clone(&shared);
            spawn_blocking(move || {
                shared.readers.close();
                let slot = std::mem::replace(&mut *slot, Slot::Closed);
                if let Slot::Open(mut writer) = slot {
                    writer.settle_counter()?;
                    writer
                        .connection
                        .query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
                }
                Ok(())
            })
            .await
            .map_err(Failure::from)
            .flatten()
            .map_err(Failure::append)
        })
    }
}
