//! Values that processes share, in a small database of their own beside the file.
//!
//! It is `<file>.shared` unless [`Options::shared`](super::Options::shared) names another, so that a value is stored without waiting for the journal's writer, and the writer never waits
//! for a value. It is made by the first process that shares something, and may be removed while no process runs.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon_core::{AppendError, BoxFuture, Clock, ReadError, SharedValue, SharedValues, Trouble};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use tokio::task::spawn_blocking;

use super::{
    connection::{beside, create},
    trouble::Failure,
};

/// How long a process waits for another one that stores a value at the same moment.
const PATIENCE: Duration = Duration::from_secs(1);
/// Most values; more are refused as on a full disk.
const MOST_VALUES: i64 = 10_000;

/// The database beside a journal.
#[derive(Clone, Debug)]
pub(super) struct Values {
    journal: PathBuf,
    /// Its own file.
    file: PathBuf,
    /// Opened by its first use.
    connection: Arc<Mutex<Option<Connection>>>,
}

impl Values {
    /// The values of the journal at this path: in that file, or beside it.
    pub(super) fn new(journal: PathBuf, file: Option<PathBuf>) -> Self {
        let file = file.unwrap_or_else(|| beside(&journal, ".shared"));
        Self {
            journal,
            file,
            connection: Arc::default(),
        }
    }

    /// Runs `work` on the database, where blocking is allowed.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, i64) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let values = self.clone();
        spawn_blocking(move || {
            let connection = values.connection.lock();
            let mut connection = connection.unwrap_or_else(PoisonError::into_inner);
            let connection = match &mut *connection {
                Some(connection) => connection,
                none => none.insert(values.open()?),
            };
            let now = Clock::system().now().as_millisecond();
            work(connection, now)
        })
        .await?
    }

    fn open(&self) -> Result<Connection, Failure> {
        let lock = beside(&self.journal, ".lock");
        let connection = create(&self.file, &lock)?;
        connection.busy_timeout(PATIENCE)?;
        let others =
            "select count(*) from sqlite_schema where tbl_name not in ('shared', 'revisions')";
        let others: i64 = connection.query_row(others, [], |row| row.get(0))?;
        if others > 0 {
            let file = self.file.display();
            let cause = format!("`{file}` has other tables than those of shared values");
            return Err(Failure::said(Trouble::Corrupt, cause));
        }
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.execute_batch(
            "create table if not exists shared (
                name text primary key, value blob not null, revision integer not null, until integer not null
             ) without rowid;
             create table if not exists revisions (last integer not null);
             insert into revisions select 0 where not exists (select 1 from revisions);",
        )?;
        Ok(connection)
    }
}

/// Refuses names and values that cannot be shared.
fn check(name: &str, value: &[u8]) -> Result<(), Failure> {
    match SharedValue::problem(name, value) {
        Some(problem) => Err(Failure::said(Trouble::Other, problem)),
        None => Ok(()),
    }
}

impl SharedValues for Values {
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<SharedValue>, ReadError>> {
        Box::pin(async move {
            check(name, &[]).map_err(Failure::read)?;
            let name = name.to_owned();
            let read = self.run(move |connection, now| {
                let row = "select revision, value from shared where name = ?1 and until > ?2";
                let mut row = connection.prepare_cached(row)?;
                let row = row.query_row(params![name, now], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
                });
                Ok(row.optional()?.map(|(revision, value)| SharedValue {
                    revision: revision.unsigned_abs(),
                    value: value.into(),
                }))
            });
            read.await.map_err(Failure::read)
        })
    }

    fn put<'a>(
        &'a self,
        name: &'a str,
        value: Bytes,
        expected: Option<u64>,
        keep: Duration,
    ) -> BoxFuture<'a, Result<Option<u64>, AppendError>> {
        Box::pin(async move {
            check(name, &value).map_err(Failure::append)?;
            let name = name.to_owned();
            let stored = self.run(move |connection, now| {
                let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
                let until = now.saturating_add(keep);
                let change =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                change.execute("delete from shared where until <= ?1", [now])?;
                let row = "select revision from shared where name = ?1";
                let row = change.query_row(row, [&name], |row| row.get::<_, i64>(0));
                let there = row.optional()?.map(i64::unsigned_abs);
                if there != expected {
                    return Ok(None);
                }
                let count = "select count(*) from shared";
                let count: i64 = change.query_row(count, [], |row| row.get(0))?;
                if there.is_none() && count >= MOST_VALUES {
                    let cause = format!("{MOST_VALUES} values are shared already");
                    return Err(Failure::said(Trouble::Full, cause));
                }
                let next = "update revisions set last = last + 1 returning last";
                let next: i64 = change.query_row(next, [], |row| row.get(0))?;
                change.execute(
                    "insert or replace into shared values (?1, ?2, ?3, ?4)",
                    params![name, &value[..], next, until],
                )?;
                change.commit()?;
                Ok(Some(next.unsigned_abs()))
            });
            stored.await.map_err(Failure::append)
        })
    }

    fn names<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, ReadError>> {
        Box::pin(async move {
            let prefix = prefix.to_owned();
            let read = self.run(move |connection, now| {
                let rows =
                    "select name from shared where until > ?1 and substr(name, 1, length(?2)) = ?2";
                let mut rows = connection.prepare_cached(rows)?;
                let names = rows.query_map(params![now, prefix], |row| row.get(0))?;
                Ok(names.collect::<Result<Vec<String>, _>>()?)
            });
            read.await.map_err(Failure::read)
        })
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn what_is_no_store_is_left_as_it_is() {
        let folder = TempDir::new().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("journal.lock"), "").expect("a lock");
        let notes = Connection::open(path("notes")).expect("a database");
        let made = notes.execute_batch("create table note (text text)");
        made.expect("a table");
        std::fs::write(
            path("text"),
            "no database, and longer than a header of one".repeat(9),
        )
        .expect("a file");
        for name in ["notes", "text"] {
            let before = std::fs::read(path(name)).expect("it is there");
            let values = Values::new(path("journal"), Some(path(name)));
            let error = values.get("turn").await.expect_err("it is something else");
            assert_eq!(error.trouble(), Trouble::Corrupt, "{error:?}");
            assert_eq!(std::fs::read(path(name)).expect("still"), before, "{name}");
        }
        // One in a folder that is not there, and one that is made.
        let values = Values::new(path("journal"), Some(path("away/store")));
        values.get("turn").await.expect_err("there is no folder");
        let values = Values::new(path("journal"), Some(path("store")));
        assert_eq!(values.get("turn").await.expect("made"), None);
    }
}
