//! Opening the file, and holding it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{BoxError, DeadLetterChange, Trouble};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

use super::{
    Durability, Options,
    files::{FileId, Watch},
    schema,
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
    // As many links in a row as Linux follows.
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
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
        let named = folder.canonicalize()?.join(name);
        match named.read_link() {
            // What a link names is not there yet: the file will be made there, and its lock beside it.
            Ok(target) => path = named.with_file_name(target),
            Err(_) => return Ok(named),
        }
    }
    Err(Failure::said(
        Trouble::Other,
        "the path is a link that leads nowhere",
    ))
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

/// Keeps every other appender away from a file until it is dropped.
///
/// The lock file says which lock file and which database were last used together. Where it does not say so, it may be
/// a new one beside a database that another process still has open.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    /// Which file the lock is.
    id: FileId,
    /// What the last appender wrote into it.
    text: String,
}

/// What stands in a lock file until its maker has the database for itself.
const UNSIGNED: &str = "new\n";

/// Most bytes of a lock file that are read.
const SIGNATURE: u64 = 256;

impl Lock {
    /// Becomes the one that holds the lock file, which is made if it is not there.
    fn take(path: &Path) -> Result<Self, Failure> {
        let path = beside(path, ".lock");
        let (mut file, is_made) = match private(&mut File::options()).create_new(true).open(&path) {
            Ok(made) => (made, true),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                (File::options().read(true).write(true).open(&path)?, false)
            }
            Err(error) => return Err(error.into()),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Failure::new(Trouble::Locked)),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let id = FileId::of(&file.metadata()?);
        if is_made {
            // An empty one is an earlier version's, and trusted. Only who holds the lock writes into it.
            file.write_all(UNSIGNED.as_bytes())?;
        }
        file.seek(SeekFrom::Start(0))?;
        let mut text = Vec::new();
        (&file).take(SIGNATURE).read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(Self { file, id, text })
    }

    /// Opens the database through SQLite alone, once no other process can be appending to it.
    fn open(&self, path: &Path) -> Result<Connection, Failure> {
        let metadata = match path.metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                forget_shared_memory(path)?;
                return self.create(path);
            }
            metadata => metadata?,
        };
        if metadata.is_dir() {
            return Err(std::io::Error::from(std::io::ErrorKind::IsADirectory).into());
        }
        let known = self.text.is_empty() || self.text == signature(self.id, FileId::of(&metadata));
        if known || metadata.len() == 0 {
            return read_write(path);
        }
        if beside(path, "-wal").exists() {
            // SQLite would take it for this file's, whoever wrote it, and perhaps while he writes on.
            return Err(Failure::said(
                Trouble::Changed,
                "a log is beside it, and its lock is of another file; if file and log were copied here together, make \
                 the lock file empty",
            ));
        }
        alone(path)?;
        read_write(path)
    }

    /// Has SQLite make the database, for its owner only, as the lock file is.
    ///
    /// It is not made here: to close a file drops the locks that another thread may have on it by then.
    fn create(&self, path: &Path) -> Result<Connection, Failure> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            if self.file.metadata()?.permissions().mode() & 0o077 != 0 {
                self.file
                    .set_permissions(std::fs::Permissions::from_mode(0o600))?;
            }
        }
        let mut uri = file_uri(path);
        uri.push_str("?modeof=");
        escape(&beside(path, ".lock"), &mut uri);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(uri, flags)?;
        connection.busy_timeout(PATIENCE)?;
        Ok(connection)
    }

    /// Writes down that this lock and the database belong together; the length of what it wrote.
    fn sign(&mut self, path: &Path) -> Result<u64, Failure> {
        let text = signature(self.id, FileId::of(&path.metadata()?));
        if self.text != text {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(text.as_bytes())?;
            self.text = text;
        }
        Ok(self.text.len() as u64)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone would not do: a program that is just being started has a copy of the handle until it runs.
        let _ = self.file.unlock();
    }
}

/// What a lock file says. Without devices: they may have other numbers after the machine was started again.
fn signature(lock: FileId, database: FileId) -> String {
    format!("lock {} of file {}\n", lock.inode, database.inode)
}

/// Makes sure that no other connection, of whatever process, is open to the database, and removes the shared memory of
/// those that were.
fn alone(path: &Path) -> Result<(), Failure> {
    // Nothing is read before the lock is had: what another process has open need not be readable from here.
    let connection = read_write(path)?;
    connection.pragma_update_and_check(None, "locking_mode", "exclusive", |_| Ok(()))?;
    connection
        .execute_batch("begin exclusive; rollback")
        .map_err(|error| match Failure::from(error) {
            failure if failure.trouble == Trouble::Locked => Failure::said(
                Trouble::Locked,
                "its lock is new, and somebody has the file open",
            ),
            failure => failure,
        })?;
    // While the database is still held: whoever opens it next makes its own.
    forget_shared_memory(path)
}

/// Removes shared memory that belonged to a database which is not there any more: whoever has it goes on with it.
fn forget_shared_memory(path: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(beside(path, "-shm")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// A connection that may write, though it is not the appender's.
pub(super) fn read_write(path: &Path) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // SQLite opens a file that may not be written for reading.
    if connection.is_readonly("main")? {
        return Err(Failure::new(Trouble::ReadOnly));
    }
    Ok(connection)
}

/// A connection that cannot write.
pub(super) fn read_only(path: &Path) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // SQLite says only that it cannot open a file, and not why. Opening it here to find out would, on closing, drop
    // the locks of every connection that this process has to it.
    if path.metadata()?.is_dir() {
        return Err(std::io::Error::from(std::io::ErrorKind::IsADirectory).into());
    }
    let connection = Connection::open_with_flags(path, flags).map_err(|error| {
        match error.sqlite_error_code() {
            Some(ErrorCode::CannotOpen) => Failure {
                source: Some(error.into()),
                ..Failure::new(Trouble::ReadOnly)
            },
            _ => error.into(),
        }
    })?;
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
            let mut uri = file_uri(path);
            uri.push_str("?immutable=1");
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

/// The name of a file as SQLite understands it where options may follow.
fn file_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    escape(path, &mut uri);
    uri
}

/// Appends a path to an address, with every byte escaped that could mean something there.
fn escape(path: &Path, uri: &mut String) {
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte));
            }
            byte => {
                uri.push('%');
                for digit in [byte >> 4, byte & 15] {
                    uri.extend(char::from_digit(u32::from(digit), 16));
                }
            }
        }
    }
}

/// The file of this name with something appended to it.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Options to make a file for its owner only, and to read and write it.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.read(true).write(true)
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
        let path = folder.path().join("a?b#c%20 d&e=\u{e9}.sqlite");
        let made = Connection::open(&path).expect("made");
        made.execute_batch("create table song (name text)")
            .expect("made");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let uri = file_uri(&path) + "?immutable=1";
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
        let held = Lock::take(&path).expect("free");
        let refused = Lock::take(&path).expect_err("held");
        assert_eq!(refused.trouble, Trouble::Locked);
        let copy = held.file.try_clone().expect("a copy");
        drop(held);
        Lock::take(&path).expect("free again");
        drop(copy);
    }
}
