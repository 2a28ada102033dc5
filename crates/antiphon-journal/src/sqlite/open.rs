//! Opening the file, and holding it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{BoxError, DeadLetterChange, Trouble};
use rusqlite::{OptionalExtension, params};

use super::{
    connection::{read_only, read_write, resolve},
    files::Watch,
    lock::Lock,
    schema,
    trouble::Failure,
    value::integer,
    writer::{Writer, change_dead_letter},
};

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
    pub(super) poll: Duration,
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

    /// A hard limit on the file's size in bytes, without its write-ahead log; none by default.
    ///
    /// At the limit an append fails with [`Trouble::Full`], as on a full disk, until a sweep has made room.
    /// [`Retention::max_bytes`] is the gentle limit, and should be lower.
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
#[non_exhaustive]
pub enum Asked {
    /// It was made.
    Done,
    /// The process that appends will make it, within about a second.
    Queued,
    /// There is no such dead letter.
    Absent,
}

/// Opens a file, which is made if it is not there, for the one appender.
pub(super) fn writer(path: &Path, options: &Options) -> Result<Writer, Failure> {
    let mut lock = Lock::take(path)?;
    let mut connection = lock.open(path)?;
    // Before there is a log: after a kill in between, a log beside a lock that says nothing would never be opened again.
    let lock_length = lock.sign(path)?;
    let found = schema::look(&connection)?;
    schema::upgrade(&mut connection, found)?;
    let synchronous = match options.durability {
        Durability::Process => "normal",
        Durability::Power => "full",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    if options.durability == Durability::Power {
        // Elsewhere than on macOS an ordinary sync reaches the disk, and this does nothing.
        connection.pragma_update(None, "fullfsync", true)?;
    }
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    // After a burst the log is cut back to this.
    connection.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))?;
    // What the platform deleted does not linger in the free part of a page.
    connection.pragma_update_and_check(None, "secure_delete", "fast", |_| Ok(()))?;
    let frames = Arc::default();
    // It looks whether the lock is still the one that is held: from here on another process that asks SQLite whether
    // it is alone with the file meets this connection.
    let watch = Watch::appender(path, lock.id, lock_length, &connection, Arc::clone(&frames))?;
    let writer = Writer::new(connection, frames, Arc::new(watch), lock)?;
    if options.max_bytes.is_some() {
        writer.limit(options.max_bytes)?;
    }
    Ok(writer)
}

/// Makes a change to the dead letters, or leaves a request for the process that appends.
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
    schema::look(&connection)?;
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
