//! Whether a journal's file is damaged: SQLite's own check, within a limit of time.

use std::time::Duration;

use antiphon_core::ReadError;
use rusqlite::{ErrorCode, ffi};
use tokio::time::Instant;

use super::{SqliteJournal, reader::Reader, trouble::Failure};

/// Steps of SQLite's virtual machine between two looks at the clock.
const STEPS: i32 = 100;

/// Outcome of [`SqliteJournal::quick_check`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Integrity {
    /// Nothing is damaged.
    Sound,
    /// The file is damaged; the text is SQLite's, about the first fault.
    Damaged(String),
    /// The check did not end in time, and found nothing until then.
    Unfinished,
}

impl SqliteJournal {
    /// Looks whether the file is damaged, for so long at most: SQLite's `pragma quick_check`.
    ///
    /// It reads every page of the file, a second or so for each GiB that is in memory, and holds one of the journal's
    /// readers meanwhile; appending goes on.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use antiphon_journal::{Integrity, SqliteJournal};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::TempDir::new()?;
    /// let journal = SqliteJournal::open(folder.path().join("events.sqlite")).await?;
    /// let found = journal.quick_check(Duration::from_secs(5)).await?;
    /// assert_eq!(found, Integrity::Sound);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails otherwise than by damage that the check reports.
    pub async fn quick_check(&self, limit: Duration) -> Result<Integrity, ReadError> {
        self.shared
            .read(move |reader| reader.quick_check(limit))
            .await
    }
}

impl Reader {
    fn quick_check(&mut self, limit: Duration) -> Result<Integrity, Failure> {
        let deadline = Instant::now() + limit;
        let is_over = move || Instant::now() >= deadline;
        self.connection.progress_handler(STEPS, Some(is_over))?;
        let said = self
            .connection
            .query_row("pragma quick_check(1)", [], |row| row.get::<_, String>(0));
        self.connection.progress_handler(0, None::<fn() -> bool>)?;
        match said {
            Ok(said) if said == "ok" => Ok(Integrity::Sound),
            Ok(said) => Ok(Integrity::Damaged(said)),
            Err(rusqlite::Error::SqliteFailure(
                ffi::Error {
                    code: ErrorCode::OperationInterrupted,
                    ..
                },
                _,
            )) => Ok(Integrity::Unfinished),
            Err(error) => Err(error.into()),
        }
    }
}
