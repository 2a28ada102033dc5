//! Opening the file, and holding it.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use antiphon_core::{BoxError, DeadLetterChange, Trouble};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

use super::{
    Durability, Options, schema,
    trouble::Failure,
    value::integer,
    writer::{Writer, change_dead_letter},
};

/// How long one process waits while another has the file for a moment.
const PATIENCE: Duration = Duration::from_secs(5);

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

/// The path without links, so that two names of one file meet at one lock.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, Failure> {
    match path.canonicalize() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        resolved => return Ok(resolved?),
    }
    let name = path
        .file_name()
        .ok_or_else(|| Failure::said(Trouble::Other, "the path names no file"))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    Ok(folder.canonicalize()?.join(name))
}

/// Opens a file, which is made if it is not there, for the one appender.
pub(super) fn writer(path: &Path, options: &Options) -> Result<Writer, Failure> {
    let lock = lock(path)?;
    // Made by us and not by SQLite, so that it and the files beside it are for the owner's eyes only.
    drop(private_file(path)?);
    let mut connection = read_write(path)?;
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
    let writer = Writer::new(connection, lock)?;
    if options.max_bytes.is_some() {
        writer.limit(options.max_bytes)?;
    }
    Ok(writer)
}

/// Keeps every other appender away from a file until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone would not do: a program that is just being started has a copy of the handle until it runs.
        let _ = self.0.unlock();
    }
}

/// Becomes the one appender of a file.
fn lock(path: &Path) -> Result<Lock, Failure> {
    let lock = private_file(&beside(path, ".lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(Lock(lock)),
        Err(TryLockError::WouldBlock) => Err(Failure::new(Trouble::Locked)),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// A connection that may write, though it is not the appender's.
pub(super) fn read_write(path: &Path) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// A connection that cannot write.
pub(super) fn read_only(path: &Path) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // SQLite says only that it cannot open a file, and not why.
    if File::open(path)?.metadata()?.is_dir() {
        return Err(std::io::Error::from(std::io::ErrorKind::IsADirectory).into());
    }
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    let readable = connection.query_row("pragma user_version", [], |_| Ok(()));
    match readable {
        // Reading beside an appender needs a file of shared memory. Where none can be made, and nothing waits in a
        // log, nobody appends, and the file can be read as one that does not change.
        Err(error)
            if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
            ) && !beside(path, "-wal").exists() =>
        {
            let uri = unchanging(path)?;
            Ok(Connection::open_with_flags(
                uri,
                flags | OpenFlags::SQLITE_OPEN_URI,
            )?)
        }
        readable => {
            readable?;
            Ok(connection)
        }
    }
}

/// The name of a file that does not change, as SQLite understands it.
fn unchanging(path: &Path) -> Result<String, Failure> {
    let path = path
        .to_str()
        .ok_or_else(|| Failure::said(Trouble::Other, "the path is not text"))?;
    let mut uri = String::from("file:");
    for character in path.chars() {
        match character {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            _ => uri.push(character),
        }
    }
    uri.push_str("?immutable=1");
    Ok(uri)
}

/// The file of this name with something appended to it.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens a file for writing; one that is not there is made for its owner only.
fn private_file(path: &Path) -> Result<File, Failure> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_any_characters_names_the_same_file_as_one_that_does_not_change() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("a?b#c%20 d.sqlite");
        let made = Connection::open(&path).expect("made");
        made.execute_batch("create table song (name text)")
            .expect("made");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let uri = unchanging(&path).expect("text");
        let connection = Connection::open_with_flags(uri, flags).expect("opened");
        let songs: i64 = connection
            .query_row("select count(*) from song", [], |row| row.get(0))
            .expect("the same file");
        assert_eq!(songs, 0);
    }

    #[test]
    fn a_lock_that_was_given_up_is_free_although_a_copy_of_its_handle_is_held() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("events.db");
        let held = lock(&path).expect("free");
        let refused = lock(&path).expect_err("held");
        assert_eq!(refused.trouble, Trouble::Locked);
        let copy = held.0.try_clone().expect("a copy");
        drop(held);
        lock(&path).expect("free again");
        drop(copy);
    }
}
