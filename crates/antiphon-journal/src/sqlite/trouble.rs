//! SQLite's errors as the journal's.
//!
//! Two questions are answered for each error of SQLite: which [`Trouble`] it is, for the operator, and whether a sync
//! failed, for the journal's own conduct: what was written before a failed sync may be lost without a further error.

use antiphon_core::{AppendError, BoxError, ReadError, Trouble};
use rusqlite::{ErrorCode, ffi};

/// A failure, before it becomes the error of an append, a read or an opening.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) trouble: Trouble,
    pub(super) source: Option<BoxError>,
    /// Whether a sync failed, so that written bytes may be lost and nothing more may be promised on top of them.
    pub(super) sync_failed: bool,
}

impl Failure {
    pub(super) fn new(trouble: Trouble) -> Self {
        Self {
            trouble,
            source: None,
            sync_failed: false,
        }
    }

    pub(super) fn said(trouble: Trouble, cause: impl Into<BoxError>) -> Self {
        Self {
            source: Some(cause.into()),
            ..Self::new(trouble)
        }
    }

    pub(super) fn append(self) -> AppendError {
        AppendError::new(self.trouble, self.source)
    }

    pub(super) fn read(self) -> ReadError {
        ReadError::new(self.trouble, self.source)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
        Self {
            trouble: trouble(&error),
            sync_failed: matches!(
                extended,
                ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC
            ),
            source: Some(said(error)),
        }
    }
}

/// What SQLite said, once: its library's error repeats the text in its cause.
fn said(error: rusqlite::Error) -> BoxError {
    match error {
        rusqlite::Error::SqliteFailure(code, Some(text)) => {
            format!("{text} (code {} of SQLite)", code.extended_code).into()
        }
        rusqlite::Error::SqliteFailure(code, None) => code.into(),
        error => error.into(),
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        let trouble = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Trouble::Full,
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Trouble::ReadOnly,
            _ => Trouble::Other,
        };
        Self::said(trouble, error)
    }
}

impl From<tokio::task::JoinError> for Failure {
    fn from(error: tokio::task::JoinError) -> Self {
        // A cancelled job means that the runtime is shutting down.
        let trouble = if error.is_cancelled() {
            Trouble::Closed
        } else {
            Trouble::Other
        };
        Self::said(trouble, error)
    }
}

fn trouble(error: &rusqlite::Error) -> Trouble {
    use rusqlite::Error;
    match error {
        Error::SqliteFailure(error, _) => match error.code {
            ErrorCode::DiskFull => Trouble::Full,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Trouble::ReadOnly,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Trouble::Locked,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Trouble::Corrupt,
            // Only a full disk keeps the file of shared memory from growing.
            _ if error.extended_code == ffi::SQLITE_IOERR_SHMSIZE => Trouble::Full,
            _ => Trouble::Other,
        },
        // This crate writes no value of such a type: another program did.
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => Trouble::Corrupt,
        _ => Trouble::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: i32, trouble: Trouble, sync_failed: bool) {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let failure = Failure::from(error);
        assert_eq!(
            (failure.trouble, failure.sync_failed),
            (trouble, sync_failed)
        );
    }

    #[test]
    fn what_sqlite_says_is_said_once() {
        let text = "file is not a database";
        let code = ffi::Error::new(ffi::SQLITE_NOTADB);
        let error = rusqlite::Error::SqliteFailure(code, Some(text.to_owned()));
        let read = Failure::from(error).read();
        let said = antiphon_core::error_chain(&read);
        assert_eq!(said.matches(text).count(), 1, "{said}");
        assert!(said.ends_with("(code 26 of SQLite)"), "{said}");
    }

    #[test]
    fn every_cause_has_its_own_trouble() {
        check(ffi::SQLITE_FULL, Trouble::Full, false);
        check(ffi::SQLITE_IOERR_SHMSIZE, Trouble::Full, false);
        check(ffi::SQLITE_READONLY_DIRECTORY, Trouble::ReadOnly, false);
        check(ffi::SQLITE_PERM, Trouble::ReadOnly, false);
        check(ffi::SQLITE_BUSY_SNAPSHOT, Trouble::Locked, false);
        check(ffi::SQLITE_CORRUPT_INDEX, Trouble::Corrupt, false);
        check(ffi::SQLITE_NOTADB, Trouble::Corrupt, false);
        check(ffi::SQLITE_IOERR_WRITE, Trouble::Other, false);
        check(ffi::SQLITE_IOERR_FSYNC, Trouble::Other, true);
        check(ffi::SQLITE_IOERR_DIR_FSYNC, Trouble::Other, true);
    }
}
