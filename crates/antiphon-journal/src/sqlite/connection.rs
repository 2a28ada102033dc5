//! Connections to the database, and the names of its files.
//!
//! Every connection waits up to five seconds for another that holds the file, and has no mutex of its own, since each
//! is used by one thread at a time. A path is resolved through its links first: two names of one file would have two
//! locks.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use antiphon_core::Trouble;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::trouble::Failure;

/// How long a connection waits for another that holds the file.
///
/// Then the call fails with [`Trouble::Locked`], which is transient.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The path without links, so that two names of one file have one lock.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, Failure> {
    // Linux follows as many links in a row.
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
            // The link's target does not exist yet: the file will be made there, and its lock beside it.
            Ok(target) => path = named.with_file_name(target),
            Err(_) => return Ok(named),
        }
    }
    Err(Failure::said(
        Trouble::Other,
        "the path is a link that leads nowhere",
    ))
}

/// A connection to a database that SQLite makes, with the permissions of the lock file.
///
/// SQLite makes the file with the mode of the lock file, which only its owner can read.
pub(super) fn create(path: &Path, lock: &Path) -> Result<Connection, Failure> {
    let mut uri = file_uri(path);
    uri.push_str("?modeof=");
    escape(lock.as_os_str().as_encoded_bytes(), in_uri, &mut uri);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// A connection that may write, beside the appender's.
pub(super) fn read_write(path: &Path) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // SQLite opens a write-protected file for reading.
    if connection.is_readonly("main")? {
        return Err(Failure::new(Trouble::ReadOnly));
    }
    Ok(connection)
}

/// A connection that cannot write.
///
/// # Errors
/// [`Trouble::ReadOnly`] if SQLite cannot open the file, such as for want of permissions.
pub(super) fn read_only(path: &Path) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // SQLite does not say why it cannot open a file. Opening the file here to find out would, on closing, drop the
    // locks of every connection that this process has to it.
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
        // Reading beside an appender needs a file of shared memory. If none can be made, and there is no log, nobody
        // appends, and the file can be read as one that does not change.
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

/// The name of a file as a URI, to which SQLite's options can be added.
fn file_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    escape(path.as_os_str().as_encoded_bytes(), in_uri, &mut uri);
    uri
}

/// Whether a byte of a path means nothing else in a URI.
fn in_uri(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_')
}

/// Appends bytes to a text; those that it does not keep become `%` and two hexadecimal digits.
pub(super) fn escape(bytes: &[u8], keep: impl Fn(u8) -> bool, text: &mut String) {
    for byte in bytes {
        if keep(*byte) {
            text.push(char::from(*byte));
            continue;
        }
        text.push('%');
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
}

/// The path with a suffix appended to its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
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
}
