//! The one connection that writes.
//!
//! Positions come from a counter that is reserved in blocks of 1,024: the file has the last reserved number, and memory
//! the last one given. A crash skips the rest of a block, and no number is given twice, also after rows are gone.
//!
//! Repeats are found by the unique index over source and origin, and those of rows that retention removed by a table of
//! their origins, which is looked at only while it has any.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use antiphon_core::{
    Appended, Batch, ConsumerName, DeadLetter, DeadLetterChange, DeadLetterId, Draft, Event,
    Origin, Position, SourceName, Trouble,
};
use foldhash::fast::RandomState;
use rusqlite::{CachedStatement, Connection, config::DbConfig, params};

use crate::erased::{hashed, origin_key};

use super::{
    bodies::Packer,
    files::Watch,
    lock::Lock,
    names::Ids,
    swept::Memory,
    trouble::Failure,
    value::{form_code, integer, nanoseconds, provenance_code},
};

/// Positions that are reserved at once, so that the counter is not written with every commit.
///
/// That is how many numbers a crash may skip.
const BLOCK: u64 = 1024;

/// Bytes in the write-ahead log at which it is moved into the file. At twice that, commits wait.
///
/// The last step of each move holds commits up for two syncs of the disk, some ten milliseconds. A busy app fills
/// 40 MB of log in a second, so that a shorter log would make more than one event in a hundred wait for it.
pub(super) const LOG_BYTES: u32 = 64 << 20;

/// Rows of one insert: what a statement costs by itself is then shared by so many.
const ROWS: usize = 32;

/// Columns of a row that is inserted, less its position.
const COLUMNS: usize = 11;

/// The connection that writes, with its knowledge of the file.
///
/// After a failed transaction, memory is as it was before it ([`Writer::undo`]).
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) names: Ids,
    /// Present where bodies are compressed.
    pub(super) packer: Option<Packer>,
    inserts: Inserts,
    counter: Counter,
    /// The counter as of the last commit.
    stored: Counter,
    pub(super) page_size: u64,
    /// Whether the origin of any removed row is stored.
    pub(super) any_removed: bool,
    /// Whether the origin of any event is hashed, since its person was erased.
    pub(super) any_erased: bool,
    /// The key of hashed origins.
    pub(super) key: Vec<u8>,
    /// The results of earlier sweeps.
    pub(super) swept: Memory,
    log: Log,
    pub(super) watch: Arc<Watch>,
    /// The lock, held for as long as this is the one appender.
    _lock: Lock,
}

/// The last position, and the last reserved one.
#[derive(Clone, Copy, Debug)]
struct Counter {
    last: u64,
    /// The last number that the file has set aside; `last` is never above it.
    reserved: u64,
}

/// The write-ahead log.
#[derive(Debug)]
struct Log {
    /// Its pages after the last commit.
    pages: Arc<AtomicU32>,
    /// The number of pages at which it is next moved into the file. A long read keeps the log from restarting, and then
    /// the move must not be tried with every commit.
    due_at: u32,
    /// The number of pages at which the log is long.
    long: u32,
}

/// The length of the write-ahead log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogLength {
    Fine,
    /// It should be moved into the file.
    Long,
    /// Commits must wait until it was moved.
    TooLong,
}

/// The result of a commit.
///
/// Shown to watchers by the caller, after the commit.
#[derive(Debug, Default)]
pub(super) struct Committed {
    pub(super) appended: Appended,
    /// Number of requests to replay a dead letter.
    pub(super) replays: u64,
}

impl Writer {
    /// A writer on a connection to a file of the present schema; `frames` is the number of pages in its log.
    pub(super) fn new(
        mut connection: Connection,
        frames: Arc<AtomicU32>,
        watch: Arc<Watch>,
        lock: Lock,
    ) -> Result<Self, Failure> {
        connection.set_prepared_statement_cache_capacity(64);
        let pages = Arc::clone(&frames);
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
            pages.store(u32::try_from(count).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        let reserved: i64 =
            connection.query_row("select reserved from counter", [], |row| row.get(0))?;
        let reserved = u64::try_from(reserved).unwrap_or(0);
        let any_removed =
            connection.query_row("select exists (select 1 from removed)", [], |row| {
                row.get(0)
            })?;
        let (any_erased, key) =
            connection.query_row("select erased, key from identity", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let page_size: u32 = connection.query_row("pragma page_size", [], |row| row.get(0))?;
        let page_size = page_size.max(1);
        let counter = Counter {
            last: reserved,
            reserved,
        };
        Ok(Self {
            connection,
            names: Ids::default(),
            packer: None,
            inserts: Inserts::new(),
            counter,
            stored: counter,
            page_size: u64::from(page_size),
            any_removed,
            any_erased,
            key,
            swept: Memory::default(),
            log: Log {
                pages: frames,
                due_at: LOG_BYTES / page_size,
                long: LOG_BYTES / page_size,
            },
            watch,
            _lock: lock,
        })
    }

    /// Compresses the bodies that are stored from now on.
    pub(super) fn compress(&mut self) -> Result<(), Failure> {
        self.packer = Some(Packer::new(&self.connection)?);
        Ok(())
    }

    /// Stores a batch and the requests of other processes in one transaction.
    pub(super) fn append(&mut self, batch: &Batch) -> Result<Committed, Failure> {
        self.transaction(|writer| {
            let mut committed = Committed::default();
            writer.events(batch, &mut committed.appended)?;
            store_states(&writer.connection, batch)?;
            for change in &batch.dead {
                committed.replays += u64::from(change_dead_letter(&writer.connection, change)?);
            }
            committed.replays += requests(&writer.connection)?;
            Ok(committed)
        })
    }

    /// Carries out the requests of other processes; returns the number of replays.
    pub(super) fn take_requests(&mut self) -> Result<u64, Failure> {
        let waiting: bool = self
            .connection
            .prepare_cached("select exists (select 1 from request)")?
            .query_row([], |row| row.get(0))?;
        if !waiting {
            return Ok(0);
        }
        self.transaction(|writer| requests(&writer.connection))
    }

    /// Runs `work` in one transaction: all of it is stored, or nothing.
    ///
    /// # Errors
    /// The work's failure or the commit's; in both cases nothing of it is stored.
    pub(super) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        // A job that panicked has left its transaction open.
        if !self.connection.is_autocommit() {
            self.undo();
        }
        self.run("begin immediate")?;
        let done = work(self).and_then(|done| {
            let pages = self.page_count()?;
            self.run("commit")?;
            self.watch.has_pages(pages);
            Ok(done)
        });
        match &done {
            Ok(_) => self.stored = self.counter,
            Err(_) => self.undo(),
        }
        done
    }

    /// Rolls back, in memory and in the file.
    fn undo(&mut self) {
        self.counter = self.stored;
        self.names.forget();
        // One look too many does no harm.
        self.any_removed = true;
        self.any_erased = true;
        // Some failures, such as a full disk, have rolled back by themselves. If the rollback fails, the next
        // transaction does not begin, and says why.
        if !self.connection.is_autocommit() {
            drop(self.run("rollback"));
        }
    }

    /// Prepared once and kept.
    fn run(&self, statement: &str) -> Result<(), Failure> {
        self.connection.prepare_cached(statement)?.execute([])?;
        Ok(())
    }

    /// Makes the next number this one, unless it was given already.
    pub(super) fn give_from(&mut self, position: u64) {
        self.counter.last = self.counter.last.max(position.saturating_sub(1));
    }

    /// The number of a source, which is stored if it was not.
    pub(super) fn source_id(&mut self, name: &str) -> Result<i64, Failure> {
        Ok(self.names.intern(&self.connection, name)?)
    }

    /// Sets aside numbers, within a transaction.
    pub(super) fn reserve(&mut self, count: u64) -> Result<(), Failure> {
        self.counter.reserve(&self.connection, count)?;
        Ok(())
    }

    /// A repeat takes no number.
    ///
    /// The first row gets its number from the counter. Those behind it go into the file in groups, each with one
    /// statement, and the rest one by one.
    pub(super) fn events(&mut self, batch: &Batch, appended: &mut Appended) -> Result<(), Failure> {
        if batch.events.is_empty() {
            return Ok(());
        }
        appended.events.reserve(batch.events.len());
        self.counter
            .reserve(&self.connection, batch.events.len() as u64)?;
        let mut group = Inserting {
            many: self.connection.prepare_cached(&self.inserts.many)?,
            one: self.connection.prepare_cached(&self.inserts.one)?,
            connection: &self.connection,
            packer: &mut self.packer,
            counter: &mut self.counter,
            appended,
            follows: false,
        };
        let mut rows = Vec::with_capacity(ROWS.min(batch.events.len()));
        let mut last_source: Option<(&SourceName, i64)> = None;
        for (source, draft) in &batch.events {
            let source_id = match last_source {
                Some((last, id)) if last == source => id,
                _ => self.names.intern(&self.connection, source.as_str())?,
            };
            last_source = Some((source, source_id));
            if (self.any_removed && was_removed(&self.connection, source_id, &draft.origin)?)
                || (self.any_erased
                    && was_erased(&self.connection, &self.key, source, source_id, draft)?)
            {
                group.appended.repeats += 1;
                continue;
            }
            let row = Row {
                source,
                source_id,
                kind: self.names.intern(&self.connection, draft.kind.as_str())?,
                place: self.names.intern(&self.connection, draft.place.as_str())?,
                draft,
            };
            if !group.follows {
                group.store_one(&row)?;
                continue;
            }
            rows.push(row);
            if rows.len() == ROWS {
                group.store(&rows)?;
                rows.clear();
            }
        }
        for row in &rows {
            group.store_one(row)?;
        }
        Ok(())
    }

    /// Pages of the file.
    pub(super) fn page_count(&self) -> Result<u64, Failure> {
        let mut statement = self.connection.prepare_cached("pragma page_count")?;
        let pages: i64 = statement.query_row([], |row| row.get(0))?;
        Ok(u64::try_from(pages).unwrap_or(0))
    }

    /// Pages of the file, and the free ones among them.
    pub(super) fn pages(&self) -> Result<(i64, i64), Failure> {
        let number = |pragma: &str| {
            let mut statement = self.connection.prepare_cached(pragma)?;
            statement.query_row([], |row| row.get::<_, i64>(0))
        };
        Ok((
            number("pragma page_count")?,
            number("pragma freelist_count")?,
        ))
    }

    /// Bytes of the file that are in use.
    pub(super) fn used_bytes(&self) -> Result<u64, Failure> {
        let (pages, free) = self.pages()?;
        let used = u64::try_from(pages - free).unwrap_or_default();
        Ok(used * self.page_size)
    }

    /// Limits the size of the file.
    ///
    /// A limit below the present size is allowed: the file then grows no further.
    pub(super) fn limit(&self, max_bytes: Option<u64>) -> Result<(), Failure> {
        // The limit of SQLite itself.
        const MOST: u64 = 4_294_967_294;
        let pages = max_bytes.map_or(MOST, |bytes| (bytes / self.page_size).clamp(1, MOST));
        self.connection
            .pragma_update_and_check(None, "max_page_count", integer(pages), |_| Ok(()))?;
        Ok(())
    }

    /// Moves the write-ahead log into the file, as far as no reader needs it.
    pub(super) fn checkpoint(&mut self) -> Result<(), Failure> {
        self.log.due_at = self.log.pages.load(Ordering::Relaxed) + self.log.long;
        self.connection
            .query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()))?;
        Ok(())
    }

    /// The length of the write-ahead log.
    pub(super) fn log_length(&mut self) -> LogLength {
        let pages = self.log.pages.load(Ordering::Relaxed);
        if pages < self.log.long {
            // The log has restarted.
            self.log.due_at = self.log.long;
        }
        if pages < self.log.due_at {
            LogLength::Fine
        } else if pages < 2 * self.log.long {
            LogLength::Long
        } else {
            LogLength::TooLong
        }
    }

    /// Abandons a file whose disk failed, or that is another's by now, without touching it again.
    pub(super) fn abandon(&self) {
        // If this fails, the last connection moves the log into the file once more, which does no harm.
        drop(
            self.connection
                .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true),
        );
    }

    /// Removes a consumer by its cursors, and its projections.
    pub(super) fn forget(
        &mut self,
        consumer: &ConsumerName,
        cursors: &[ConsumerName],
    ) -> Result<(), Failure> {
        self.transaction(|writer| forget(&writer.connection, consumer, cursors))
    }

    /// Leaves the file in good order, as far as the disk allows: no position is skipped, and the log is empty.
    ///
    /// Everything is stored already, so that only a failed sync and changed files are errors.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.watch.check()?;
        match self.tidy() {
            Err(failure) if failure.sync_failed => Err(failure),
            _ => Ok(()),
        }
    }

    /// The counter gives back what it has reserved, so that a clean stop skips no position.
    fn tidy(&mut self) -> Result<(), Failure> {
        if self.counter.reserved != self.counter.last {
            self.connection.execute(
                "update counter set reserved = ?1",
                [integer(self.counter.last)],
            )?;
            self.counter.reserved = self.counter.last;
            self.stored = self.counter;
        }
        self.connection
            .query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The last connection to close moves the log into the file and removes the log by its name, also if another
        // file has that name by now.
        if self.watch.check_beside_lock().is_err() {
            self.abandon();
        }
    }
}

impl Counter {
    /// In the same transaction as the events, so that a rollback takes it back.
    fn reserve(&mut self, connection: &Connection, count: u64) -> rusqlite::Result<()> {
        if self.last + count > self.reserved {
            self.reserved = self.last + count + BLOCK;
            connection
                .prepare_cached("update counter set reserved = ?1")?
                .execute([integer(self.reserved)])?;
        }
        Ok(())
    }
}

/// Only origins whose window is not over, by the time of the last sweep.
fn was_removed(connection: &Connection, source: i64, origin: &Origin) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "select exists (select 1 from removed where source = ?1 and origin = ?2 \
             and until > (select swept_at from counter))",
        )?
        .query_row(params![source, origin.as_str()], |row| row.get(0))
}

/// Whether an event of this origin is stored, or was removed, under the hash of its origin.
fn was_erased(
    connection: &Connection,
    key: &[u8],
    source: &SourceName,
    source_id: i64,
    draft: &Draft,
) -> rusqlite::Result<bool> {
    let origin = hashed(key, source.as_str(), &draft.origin);
    let is_stored: bool = connection
        .prepare_cached("select exists (select 1 from stored where source = ?1 and origin = ?2)")?
        .query_row(params![source_id, origin.as_str()], |row| row.get(0))?;
    if is_stored || was_removed(connection, source_id, &origin)? {
        return Ok(true);
    }
    // Of a journal that was on JetStream before, removed origins are known by their hashes alone.
    let is_known = |origin: &Origin| {
        let half = origin_key(key, source.as_str(), origin.as_str());
        connection
            .prepare_cached(
                "select exists (select 1 from removed where origin = ?1 and source = \
                 (select id from name where text = '') and until > (select swept_at from counter))",
            )?
            .query_row([hashed_text(half)], |row| row.get(0))
    };
    Ok(is_known(&draft.origin)? || is_known(&origin)?)
}

/// The origin under which a hash stands among the removed ones, with a source without a name.
pub(super) fn hashed_text(half: u128) -> String {
    format!("{HASHED}{half:032x}")
}

/// The hash in such an origin.
pub(super) fn hash_in(origin: &str) -> Option<u128> {
    u128::from_str_radix(origin.strip_prefix(HASHED)?, 16).ok()
}

/// How the origin of a hash begins; no platform's origin does.
const HASHED: &str = "hashed/";

/// The texts of the statements that insert rows.
///
/// SQLite copies every page that a statement of several rows changes into a file of its own first, so that it can take
/// back one that fails half-way. It does not where the rows get their numbers from it and the statement says `or fail`;
/// a failure takes back the whole transaction anyway.
struct Inserts {
    /// One row with a given position.
    one: String,
    /// [`ROWS`] rows whose positions follow that of the table's last row.
    many: String,
}

impl Inserts {
    fn new() -> Self {
        let columns = "source, kind, place, provenance, form, received_at, origin, deletes, note, packed, body";
        let values = "?,?,?,?,?,?,?,?,?,?,?";
        let repeats = "on conflict (source, origin) do nothing";
        let rows = vec![format!("({values})"); ROWS].join(",");
        Self {
            one: format!("insert into stored (position, {columns}) values (?,{values}) {repeats}"),
            many: format!("insert or fail into stored ({columns}) values {rows} {repeats}"),
        }
    }
}

/// An event of a batch with the numbers of its names.
struct Row<'a> {
    source: &'a SourceName,
    source_id: i64,
    kind: i64,
    place: i64,
    draft: &'a Draft,
}

/// The events of one batch on their way into the file.
struct Inserting<'a> {
    connection: &'a Connection,
    many: CachedStatement<'a>,
    one: CachedStatement<'a>,
    packer: &'a mut Option<Packer>,
    counter: &'a mut Counter,
    appended: &'a mut Appended,
    /// Whether the table's last row has the last number, so that SQLite gives the next ones.
    follows: bool,
}

impl Inserting<'_> {
    /// Stores [`ROWS`] rows with one statement if all of them are new.
    fn store(&mut self, rows: &[Row<'_>]) -> Result<(), Failure> {
        let before = self.counter.last;
        for (number, row) in rows.iter().enumerate() {
            bind(&mut self.many, self.packer, 1 + number * COLUMNS, row)?;
        }
        let stored = self.many.raw_execute()?;
        if stored == rows.len() {
            let last = integer(before + rows.len() as u64);
            if self.connection.last_insert_rowid() != last {
                let said = "a row has a position that the counter did not give";
                return Err(Failure::said(Trouble::Corrupt, said));
            }
            for row in rows {
                self.is_stored(row)?;
            }
        } else if stored == 0 {
            self.appended.repeats += rows.len();
        } else {
            // The statement does not say which rows are repeats: once more, one by one.
            self.connection
                .prepare_cached("delete from stored where position > ?1")?
                .execute([integer(before)])?;
            for row in rows {
                self.store_one(row)?;
            }
        }
        Ok(())
    }

    fn store_one(&mut self, row: &Row<'_>) -> Result<(), Failure> {
        let position = integer(self.counter.last + 1);
        self.one.raw_bind_parameter(1, position)?;
        bind(&mut self.one, self.packer, 2, row)?;
        if self.one.raw_execute()? == 0 {
            self.appended.repeats += 1;
            return Ok(());
        }
        self.follows = true;
        self.is_stored(row)
    }

    /// Gives the row its number, which is the next.
    fn is_stored(&mut self, row: &Row<'_>) -> Result<(), Failure> {
        self.counter.last += 1;
        if let Some(target) = &row.draft.deletes {
            self.connection
                .prepare_cached(
                    "insert into deletion (position, source, origin, received_at) values (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    integer(self.counter.last),
                    row.source_id,
                    target.as_str(),
                    nanoseconds(row.draft.received_at)
                ])?;
        }
        self.appended.events.push(Arc::new(Event::stored(
            Position::new(self.counter.last),
            row.source.clone(),
            row.draft.clone(),
        )));
        Ok(())
    }
}

/// Binds the columns of a row behind its position, of which the first is the statement's parameter `at`.
fn bind(
    insert: &mut CachedStatement<'_>,
    packer: &mut Option<Packer>,
    at: usize,
    row: &Row<'_>,
) -> rusqlite::Result<()> {
    let draft = row.draft;
    let (body, dictionary) = match packer {
        Some(packer) => packer.pack(&draft.body),
        None => (&*draft.body, None),
    };
    insert.raw_bind_parameter(at, row.source_id)?;
    insert.raw_bind_parameter(at + 1, row.kind)?;
    insert.raw_bind_parameter(at + 2, row.place)?;
    insert.raw_bind_parameter(at + 3, provenance_code(draft.provenance))?;
    insert.raw_bind_parameter(at + 4, form_code(draft.form))?;
    insert.raw_bind_parameter(at + 5, nanoseconds(draft.received_at))?;
    insert.raw_bind_parameter(at + 6, draft.origin.as_str())?;
    insert.raw_bind_parameter(at + 7, draft.deletes.as_ref().map(Origin::as_str))?;
    insert.raw_bind_parameter(at + 8, draft.note.as_deref())?;
    insert.raw_bind_parameter(at + 9, dictionary)?;
    insert.raw_bind_parameter(at + 10, body)
}

/// Stores checkpoints, cursors and projections of a batch, within a transaction.
///
/// Each is an insert or an update; the newest state of a part is all that is kept.
pub(super) fn store_states(connection: &Connection, batch: &Batch) -> Result<(), Failure> {
    let mut parts: HashSet<_, RandomState> = HashSet::default();
    for (source, checkpoint) in batch.checkpoints.iter().rev() {
        if !parts.insert((source.as_str(), &*checkpoint.part)) {
            continue;
        }
        connection
            .prepare_cached(
                "insert into checkpoint (source, part, mark, state) values (?1, ?2, ?3, ?4) \
                 on conflict (source, part) do update set mark = ?3, state = ?4",
            )?
            .execute(params![
                source.as_str(),
                &*checkpoint.part,
                checkpoint.mark,
                &*checkpoint.state
            ])?;
    }
    for consumer in &batch.forgotten {
        connection
            .prepare_cached("delete from cursor where consumer = ?1")?
            .execute([consumer.as_str()])?;
    }
    for (consumer, cursor) in &batch.cursors {
        let text = serde_json::to_string(cursor).expect("a cursor is plain data");
        connection
            .prepare_cached(
                "insert into cursor (consumer, cursor) values (?1, ?2) \
                 on conflict (consumer) do update set cursor = ?2",
            )?
            .execute(params![consumer.as_str(), text])?;
    }
    for (name, saved) in &batch.projections {
        connection
            .prepare_cached(
                "insert into projection (name, position, state) values (?1, ?2, ?3) \
                 on conflict (name) do update set position = ?2, state = ?3",
            )?
            .execute(params![name, integer(saved.position.get()), saved.state])?;
    }
    Ok(())
}

/// Removes a consumer: its cursors, and the projections that it has for itself.
pub(super) fn forget(
    connection: &Connection,
    consumer: &ConsumerName,
    cursors: &[ConsumerName],
) -> Result<(), Failure> {
    for name in cursors {
        connection.execute("delete from cursor where consumer = ?1", [name.as_str()])?;
    }
    connection.execute(
        "delete from projection where substr(name, -length(?1)) = ?1",
        [format!("@{consumer}")],
    )?;
    Ok(())
}

/// Changes one dead letter; returns whether the change is a replay.
pub(super) fn change_dead_letter(
    connection: &Connection,
    change: &DeadLetterChange,
) -> Result<bool, Failure> {
    match change {
        DeadLetterChange::Bury(letter) => {
            bury(connection, letter)?;
            Ok(false)
        }
        DeadLetterChange::Replay(DeadLetterId(id)) => {
            let marked = connection
                .prepare_cached("update dead_letter set replay = 1 where id = ?1")?
                .execute([integer(*id)])?;
            if marked > 0 {
                count_request(connection, *id)?;
            }
            Ok(marked > 0)
        }
        DeadLetterChange::Drop(DeadLetterId(id)) => {
            connection
                .prepare_cached("delete from dead_letter where id = ?1")?
                .execute([integer(*id)])?;
            Ok(false)
        }
        _ => Ok(false),
    }
}

/// Counts a replay among the requests of all times, by which consumers of other processes learn of it.
///
/// SQLite keeps the highest number that a row of the table ever had; see [`Reader::requests`](super::reader::Reader).
fn count_request(connection: &Connection, letter: u64) -> Result<(), Failure> {
    connection
        .prepare_cached("insert into request (change, letter) values ('replay', ?1)")?
        .execute([integer(letter)])?;
    connection
        .prepare_cached("delete from request where id = ?1")?
        .execute([connection.last_insert_rowid()])?;
    Ok(())
}

/// A letter with the same consumer, handler and position takes the place of the earlier one, and keeps its number.
fn bury(connection: &Connection, letter: &DeadLetter) -> Result<(), Failure> {
    let event = &letter.event;
    let store = |statement: &str| {
        connection.prepare_cached(statement)?.execute(params![
            letter.consumer.as_str(),
            letter.handler,
            integer(event.position().get()),
            letter.error,
            letter.attempts,
            nanoseconds(letter.at),
            letter.replay,
            event.source().as_str(),
            event.kind().as_str(),
            event.place().as_str(),
            provenance_code(event.provenance()),
            form_code(event.form()),
            nanoseconds(event.received_at()),
            event.origin().as_str(),
            event.deletes().map(Origin::as_str),
            event.note().map(|note| &**note),
            &**event.body(),
        ])
    };
    // Two statements, since an insert that becomes an update would use up a number.
    let replaced = store(
        "update dead_letter set error = ?4, attempts = ?5, at = ?6, replay = ?7, source = ?8, \
         kind = ?9, place = ?10, provenance = ?11, form = ?12, received_at = ?13, origin = ?14, \
         deletes = ?15, note = ?16, body = ?17 \
         where consumer = ?1 and handler = ?2 and position = ?3",
    )?;
    if replaced == 0 {
        store(
            "insert into dead_letter (consumer, handler, position, error, attempts, at, replay, \
             source, kind, place, provenance, form, received_at, origin, deletes, note, body) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?;
    }
    Ok(())
}

/// Carries out the requests of other processes; returns the number of replays.
fn requests(connection: &Connection) -> Result<u64, Failure> {
    let mut asked = Vec::new();
    let mut select = connection.prepare_cached("select change, letter from request order by id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let letter: i64 = row.get(1)?;
        let letter = DeadLetterId(u64::try_from(letter).unwrap_or(0));
        asked.push(match row.get_ref(0)?.as_str().unwrap_or_default() {
            "replay" => Some(DeadLetterChange::Replay(letter)),
            "drop" => Some(DeadLetterChange::Drop(letter)),
            // An unknown word of a newer version is dropped, or it would stay for ever.
            _ => None,
        });
    }
    drop(rows);
    if asked.is_empty() {
        return Ok(0);
    }
    let mut replays = 0;
    for change in asked.iter().flatten() {
        replays += u64::from(change_dead_letter(connection, change)?);
    }
    connection
        .prepare_cached("delete from request")?
        .execute([])?;
    Ok(replays)
}

#[cfg(test)]
pub(super) mod tests {
    use antiphon_core::{Kind, Place};
    use jiff::Timestamp;
    use tempfile::TempDir;

    use super::*;
    use crate::{Options, sqlite::open};

    pub(in crate::sqlite) fn writer() -> (TempDir, Writer) {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("journal.sqlite");
        let writer = open::writer(&path, &Options::new()).expect("opened");
        (folder, writer)
    }

    /// A batch of events of 500 bytes with these numbers as their origins.
    pub(in crate::sqlite) fn batch(numbers: impl IntoIterator<Item = u64>) -> Batch {
        let body = " ".repeat(500);
        let event = |number| {
            let (kind, origin) = (Kind::from_static("test.said"), Origin::frame("c", number));
            let draft = Draft::new(
                kind,
                Place::root(),
                origin,
                Timestamp::UNIX_EPOCH,
                body.clone(),
            );
            (SourceName::new("choir"), draft)
        };
        Batch {
            events: numbers.into_iter().map(event).collect(),
            ..Batch::default()
        }
    }

    fn positions(committed: &Committed) -> Vec<u64> {
        let events = committed.appended.events.iter();
        events.map(|event| event.position().get()).collect()
    }

    #[test]
    fn repeats_among_new_events_take_no_position() {
        let (_folder, mut writer) = writer();
        let first = writer.append(&batch(0..50)).expect("stored");
        assert_eq!(positions(&first), (1..=50).collect::<Vec<_>>());
        // Groups of 32 with some, with nothing but, and without repeats.
        let mixed = (0..100).chain(200..210).chain(0..50).chain(300..400);
        let second = writer.append(&batch(mixed)).expect("stored");
        assert_eq!(positions(&second), (51..=210).collect::<Vec<_>>());
        assert_eq!(second.appended.repeats, 100);
        let stored = |event: &Event| -> String {
            let position = integer(event.position().get());
            let select = "select origin from stored where position = ?1";
            let origin = writer
                .connection
                .query_row(select, [position], |row| row.get(0));
            origin.expect("stored")
        };
        for event in &second.appended.events {
            assert_eq!(stored(event), event.origin().as_str());
        }
    }

    #[test]
    fn positions_are_the_counters_where_rows_are_missing_before_them() {
        let (_folder, mut writer) = writer();
        writer.append(&batch(0..100)).expect("stored");
        let gone = writer
            .connection
            .execute("delete from stored where position > 10", []);
        assert_eq!(gone.expect("removed"), 90);
        let next = writer.append(&batch(100..200)).expect("stored");
        assert_eq!(positions(&next), (101..=200).collect::<Vec<_>>());
    }

    #[test]
    fn a_row_that_the_counter_does_not_know_stops_the_batch() {
        let (_folder, mut writer) = writer();
        writer.append(&batch(0..2)).expect("stored");
        let moved = writer
            .connection
            .execute("update stored set position = 5000 where position = 2", []);
        assert_eq!(moved.expect("moved"), 1);
        let refused = writer.append(&batch(10..60)).expect_err("refused");
        assert_eq!(refused.trouble, Trouble::Corrupt);
        let rows: i64 = writer
            .connection
            .query_row("select count(*) from stored", [], |row| row.get(0))
            .expect("read");
        assert_eq!(rows, 2);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_batch_writes_each_page_once() {
        // Calls of this thread that write.
        let calls = || -> u64 {
            let io = std::fs::read_to_string("/proc/thread-self/io").expect("Linux has it");
            let line = io.lines().find_map(|line| line.strip_prefix("syscw: "));
            line.expect("it counts writes").parse().expect("a number")
        };
        let (_folder, mut writer) = writer();
        writer.append(&batch(0..100)).expect("stored");
        let (pages, before) = (writer.log.pages.load(Ordering::Relaxed), calls());
        writer.append(&batch(100..1124)).expect("stored");
        let pages = writer.log.pages.load(Ordering::Relaxed) - pages;
        // The log has a header before each page.
        assert!(calls() - before <= 2 * u64::from(pages) + 4);
    }
}
