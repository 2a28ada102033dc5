//! The tables, and the upgrade of files of older versions.
//!
//! `v1.sql` has the tables and the view `event`, `v2.sql` what came with compressed bodies, and `v3.sql` the file's
//! identity. The tables may change
//! with a version of this crate; the view keeps its columns. An upgrade runs in one transaction when the file is opened
//! for appending, and looks at no row; a reader takes a file of an older version as it is, and refuses a newer one.

use rusqlite::{Connection, TransactionBehavior};

use super::trouble::Failure;
use antiphon_core::Trouble;

/// `application_id` of a journal: `anti` in ASCII.
///
/// A database without it is another program's, unless it is empty.
const APPLICATION_ID: i64 = 0x616e_7469;

/// The steps of the schema's history, in order; the first makes version 1.
///
/// A released step is never changed: a test opens the file that it wrote, which is in `fixtures/journal`.
const MIGRATIONS: &[&str] = &[
    include_str!("v1.sql"),
    include_str!("v2.sql"),
    include_str!("v3.sql"),
];

/// Bytes of a page in a new file; an older file keeps its own.
///
/// Rows of half a kilobyte fill larger pages better; a commit of one event writes four whole pages.
const PAGE_SIZE: u32 = 8192;

/// The version this program writes.
pub(super) fn version() -> i64 {
    i64::try_from(MIGRATIONS.len()).expect("a handful")
}

/// The content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// No content yet.
    Empty,
    /// A journal of this schema version.
    Journal(i64),
}

/// Finds out the content of a file, without changing it.
///
/// # Errors
/// [`Trouble::NewerSchema`] for a later version, and [`Trouble::Corrupt`] for a database that is not a journal.
pub(super) fn content(connection: &Connection) -> Result<Content, Failure> {
    // One state of the file: another process may just be writing its first version.
    let state = connection.unchecked_transaction()?;
    let number = |pragma: &str| state.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let application = number("pragma application_id")?;
    let found = number("pragma user_version")?;
    if application == APPLICATION_ID {
        if found > version() {
            return Err(Failure::said(
                Trouble::NewerSchema,
                format!("its schema is version {found}, and {} is known", version()),
            ));
        }
        return Ok(Content::Journal(found));
    }
    let things = number("select count(*) from sqlite_schema")?;
    if application == 0 && found == 0 && things == 0 {
        return Ok(Content::Empty);
    }
    Err(Failure::said(
        Trouble::Corrupt,
        "it is a database of another program",
    ))
}

/// Checks that a file can be read as it is.
///
/// # Errors
/// [`Trouble::Empty`] for a file without content, and as [`content`].
pub(super) fn readable(connection: &Connection) -> Result<(), Failure> {
    match content(connection)? {
        Content::Journal(_) => Ok(()),
        Content::Empty => Err(Failure::new(Trouble::Empty)),
    }
}

/// Upgrades a file that [`content`] accepted to the version of this program, in one transaction.
///
/// # Errors
/// [`Trouble::Other`] on a file system without shared memory, such as many network file systems.
pub(super) fn upgrade(connection: &mut Connection, found: Content) -> Result<(), Failure> {
    if found == Content::Empty {
        // Only an empty file takes these options, and the second begins it: it lets a sweep give space back to the disk.
        connection.pragma_update(None, "page_size", PAGE_SIZE)?;
        connection.pragma_update(None, "auto_vacuum", "incremental")?;
    }
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Failure::said(
            Trouble::Other,
            "its file system has no shared memory, which the write-ahead log needs",
        ));
    }
    let done = match found {
        Content::Empty => 0,
        Content::Journal(found) => usize::try_from(found).unwrap_or(0),
    };
    if done == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in &MIGRATIONS[done..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", version())?;
    transaction.commit()?;
    Ok(())
}
