//! A watch on the journal's files, which may be removed, replaced or cut while it is open.
//!
//! Nothing here opens a file: closing it would drop the locks that SQLite has on it.
//!
//! What is compared is device, inode and length, by `stat` alone. Another inode means that the file was replaced; no
//! file, that it was removed; and a length below what SQLite has committed, that it was cut. SQLite itself makes files
//! shorter at times (a checkpoint, a vacuum), so that each alarm is confirmed by asking SQLite on a separate connection
//! before it counts.
//!
//! What is not seen: a cut of the log while a commit is being written, which that commit makes long again, and anything
//! done to the shared memory.

use std::{
    fs::Metadata,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use antiphon_core::Trouble;
use rusqlite::{Connection, ErrorCode, config::DbConfig, ffi};

use super::{
    connection::{beside, read_write},
    trouble::Failure,
};

/// Bytes of the write-ahead log's own header.
const LOG_HEADER: u64 = 32;

/// Bytes before each page in the write-ahead log.
const FRAME_HEADER: u64 = 24;

/// Most comparisons of the log's length with SQLite's count in one check.
///
/// The count changes only while another process commits or checkpoints.
const TRIES: usize = 100;

/// The file behind a path: device and inode. All files are equal on systems without inodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId {
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl FileId {
    pub(super) fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Self {
                device: metadata.dev(),
                inode: metadata.ino(),
            }
        }
        #[cfg(not(unix))]
        {
            let _ = metadata;
            Self {
                device: 0,
                inode: 0,
            }
        }
    }
}

/// One of the journal's files.
#[derive(Debug)]
pub(super) struct Watched {
    /// As it is called in errors: `file`, `log` or `lock`.
    name: &'static str,
    /// The name under which it was opened; only the name is looked at again.
    path: PathBuf,
    id: FileId,
}

impl Watched {
    fn new(name: &'static str, path: PathBuf) -> Result<Self, Failure> {
        let id = FileId::of(&path.metadata()?);
        Ok(Self { name, path, id })
    }

    /// A file that is open, with its metadata.
    pub(super) fn opened(name: &'static str, path: PathBuf, metadata: &Metadata) -> Self {
        let id = FileId::of(metadata);
        Self { name, path, id }
    }

    /// The length of the file; `None` if it cannot be found out now.
    ///
    /// # Errors
    /// [`Trouble::Changed`] if it was removed or replaced.
    pub(super) fn length(&self) -> Result<Option<u64>, Failure> {
        match self.path.metadata() {
            Ok(metadata) if FileId::of(&metadata) == self.id => Ok(Some(metadata.len())),
            Ok(_) => Err(self.was("replaced")),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Err(self.was("removed"))
            }
            // A folder without permissions, or a disk that does not answer, says nothing of the file.
            Err(_) => Ok(None),
        }
    }

    /// `what` is `removed`, `replaced` or `cut`.
    fn was(&self, what: &str) -> Failure {
        let path = self.path.display();
        Failure::said(
            Trouble::Changed,
            format!("the {} `{path}` was {what}", self.name),
        )
    }
}

/// The journal's files, compared with those that were opened.
#[derive(Debug)]
pub(super) struct Watch {
    database: Watched,
    /// The further files that the appender watches.
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    log: Watched,
    lock: Watched,
    /// Bytes in the lock file.
    lock_length: u64,
    /// Bytes of one page of the database.
    page_size: u64,
    /// Pages in the log after the last commit of this process.
    frames: Arc<AtomicU32>,
    seen: Mutex<Seen>,
}

/// The database at the last check.
///
/// `fewest` tells a file that another program vacuumed from one that was cut.
#[derive(Debug)]
struct Seen {
    /// Its length in bytes at the last check.
    length: u64,
    /// Its pages after the last commit of this process.
    pages: u64,
    /// The fewest pages that it had since the last check.
    fewest: u64,
}

impl Watch {
    /// A watch on the database alone, for a process that reads it.
    pub(super) fn reader(path: &Path) -> Result<Self, Failure> {
        Ok(Self {
            database: Watched::new("file", path.to_owned())?,
            own: None,
        })
    }

    /// A watch on all files, for the process that appends; its connection must be open already.
    ///
    /// `frames` is the number of pages in the log after each commit.
    pub(super) fn appender(
        path: &Path,
        lock: FileId,
        lock_length: u64,
        connection: &Connection,
        frames: Arc<AtomicU32>,
    ) -> Result<Self, Failure> {
        let number = |pragma: &str| -> rusqlite::Result<u64> {
            let number = connection.query_row(pragma, [], |row| row.get::<_, i64>(0))?;
            Ok(u64::try_from(number).unwrap_or(0))
        };
        let pages = number("pragma page_count")?;
        let page_size = number("pragma page_size")?.max(1);
        frames.store(frames_in_log(connection)?, Ordering::Relaxed);
        let database = Watched::new("file", path.to_owned())?;
        let length = database.length()?.unwrap_or(0);
        let watch = Self {
            database,
            own: Some(Own {
                log: Watched::new("log", beside(path, "-wal"))?,
                lock: Watched {
                    name: "lock",
                    path: beside(path, ".lock"),
                    id: lock,
                },
                lock_length,
                page_size,
                frames,
                seen: Mutex::new(Seen {
                    length,
                    pages,
                    fewest: pages,
                }),
            }),
        };
        watch.check()?;
        Ok(watch)
    }

    /// Notes how many pages the database has after a commit of this process.
    pub(super) fn has_pages(&self, pages: u64) {
        if let Some(own) = &self.own {
            let mut seen = own.seen();
            seen.pages = pages;
            seen.fewest = seen.fewest.min(pages);
        }
    }

    /// Checks that the files are those that were opened, and no shorter than they must be.
    ///
    /// # Errors
    /// [`Trouble::Changed`], with the file and its change.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if let Some(own) = &self.own
            && own
                .lock
                .length()?
                .is_some_and(|length| length < own.lock_length)
        {
            return Err(own.lock.was("cut"));
        }
        self.check_beside_lock()
    }

    /// Checks every file but the lock, which SQLite does not need.
    ///
    /// # Errors
    /// As [`Watch::check`].
    pub(super) fn check_beside_lock(&self) -> Result<(), Failure> {
        let length = self.database.length()?;
        let Some(own) = &self.own else { return Ok(()) };
        if let Some(length) = length {
            self.check_database(own, length)?;
        }
        self.check_log(own)
    }

    /// Checks the database, which SQLite makes shorter only by a complete checkpoint with fewer pages.
    ///
    /// It was cut if it is shorter than before, and its pages at every moment since would have filled it. Pages that
    /// are only in the log do not count: the file need not be as long as its pages say.
    fn check_database(&self, own: &Own, length: u64) -> Result<(), Failure> {
        let mut seen = own.seen();
        // SQLite is not asked about an empty file: it would remove the log, as a log without a database.
        if length == 0 && seen.length > 0 {
            return Err(self.database.was("cut"));
        }
        if length < seen.length && seen.fewest.saturating_mul(own.page_size) >= seen.length {
            // Another program may have given pages back.
            let pages = self.ask(|connection| {
                connection.query_row("pragma page_count", [], |row| row.get::<_, i64>(0))
            });
            match pages {
                Answer::Is(pages) => {
                    let pages = u64::try_from(pages).unwrap_or(0);
                    if pages.saturating_mul(own.page_size) >= seen.length {
                        return Err(self.database.was("cut"));
                    }
                }
                Answer::Damaged => return Err(self.database.was("cut")),
                Answer::Unknown => return Ok(()),
            }
        }
        seen.length = length;
        seen.fewest = seen.pages;
        Ok(())
    }

    /// Checks the log, which is never shorter than the pages that SQLite has committed to it since its last restart.
    ///
    /// A checkpoint of another process may have restarted the log, and even cut it to nothing; SQLite's count of pages
    /// falls before the file does. The log was cut if it is shorter than a count that did not change meanwhile.
    fn check_log(&self, own: &Own) -> Result<(), Failure> {
        let frames = own.frames.load(Ordering::Relaxed);
        let is_short = |frames: u32| -> Result<bool, Failure> {
            let length = own.log.length()?;
            let least = match frames {
                0 => 0,
                frames => LOG_HEADER + u64::from(frames) * (FRAME_HEADER + own.page_size),
            };
            Ok(length.is_some_and(|length| length < least))
        };
        if !is_short(frames)? {
            return Ok(());
        }
        let cut = self.ask(|connection| {
            let version =
                || connection.query_row("pragma data_version", [], |row| row.get::<_, i64>(0));
            for _ in 0..TRIES {
                let before = version()?;
                let counted = frames_in_log(connection)?;
                let short = is_short(counted);
                if let Ok(false) = short {
                    // The exchange fails if a commit of this process has set a new count.
                    let _ = own.frames.compare_exchange(
                        frames,
                        counted,
                        Ordering::Relaxed,
                        Ordering::Relaxed,
                    );
                    return Ok(Ok(false));
                }
                if before == version()? {
                    return Ok(short);
                }
            }
            Ok(Ok(false))
        });
        match cut {
            Answer::Is(Ok(false)) | Answer::Unknown => Ok(()),
            Answer::Is(Err(failure)) => Err(failure),
            Answer::Is(Ok(true)) | Answer::Damaged => Err(own.log.was("cut")),
        }
    }

    /// Asks SQLite on a separate connection, which waits for no other.
    fn ask<T>(&self, question: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Answer<T> {
        let Ok(connection) = read_write(&self.database.path) else {
            return Answer::Unknown;
        };
        let asked = connection
            .busy_timeout(Duration::ZERO)
            // It must not move a log into a file that may be another by now.
            .and_then(|()| {
                connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
            })
            .and_then(|_| question(&connection));
        match asked {
            Ok(answer) => Answer::Is(answer),
            Err(rusqlite::Error::SqliteFailure(error, _))
                if matches!(
                    error.code,
                    ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
                ) || error.extended_code == ffi::SQLITE_IOERR_SHORT_READ =>
            {
                Answer::Damaged
            }
            Err(_) => Answer::Unknown,
        }
    }
}

impl Own {
    /// Held for one comparison.
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// SQLite's answer about a file that looks cut.
enum Answer<T> {
    Is(T),
    /// Bytes that SQLite must read are missing.
    Damaged,
    /// SQLite cannot answer now.
    Unknown,
}

/// Pages in the log that are committed, by SQLite's own count.
fn frames_in_log(connection: &Connection) -> rusqlite::Result<u32> {
    let frames: i64 = connection.query_row("pragma wal_checkpoint(noop)", [], |row| row.get(1))?;
    Ok(u32::try_from(frames).unwrap_or(0))
}
