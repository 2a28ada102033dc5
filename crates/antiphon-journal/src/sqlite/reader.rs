//! The connections that only read.
//!
//! Readers see the file as of the beginning of each statement, beside the writer and without waiting for it.
//! Connections are kept for the next read; one whose read failed is dropped. A read first asks the watch whether the
//! files are still those that were opened, both before a connection is opened and before it is used.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use antiphon_core::{
    Checkpoint, ConsumerName, Cursor, DeadLetter, DeadLetterId, Draft, Event, Kind, Origin, Place,
    Position, Saved, SourceName, Trouble,
};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, Rows, params, types::ValueRef};
use tokio::sync::Semaphore;

use super::{
    bodies::Unpacker,
    chosen::Chosen,
    connection::read_only,
    files::Watch,
    names::Texts,
    trouble::Failure,
    value::{cursor, form, integer, position, provenance, timestamp},
};
use crate::{Filter, PAGE_BYTES, Page};

/// Most reads at the same time; more wait.
///
/// An app reads pages for the head, for parked lanes, and dead letters; a fourth is for the program beside it.
pub(super) const READERS: usize = 4;

/// A page of events; the columns are those of `stored` in their order, and a file of the first version has no 13th.
const SELECT: &str = "select * from stored where position > ?1 order by position limit ?2";

/// Events in a page for which there is room at once; a longer one grows.
const USUAL: usize = 256;

/// Positions that one page of a filter looks at.
const LOOKED_AT: u64 = 65_536;

/// A connection that only reads.
pub(super) struct Reader {
    pub(super) connection: Connection,
    names: Texts,
    bodies: Unpacker,
    chosen: Chosen,
}

/// The connections that only read, opened as they are needed and kept.
pub(super) struct Readers {
    path: PathBuf,
    watch: Arc<Watch>,
    idle: Mutex<Vec<Reader>>,
    pub(super) permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, watch: Arc<Watch>) -> Self {
        Self {
            path,
            watch,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(READERS)),
        }
    }

    /// Runs `work` on a connection; only where blocking is allowed.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&mut Reader) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        // Before SQLite opens anything: beside a database that was cut to nothing it would remove the log.
        self.watch.check()?;
        let idle = self.idle().pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => Reader::open(&self.path).map_err(|failure| self.changed_or(failure))?,
        };
        // The name might be another file's by now.
        self.watch.check()?;
        let done = work(&mut reader).map_err(|failure| self.changed_or(failure))?;
        // A connection that failed is dropped, and a new one opened next time.
        self.idle().push(reader);
        Ok(done)
    }

    /// The failure, or the change of the files that explains it.
    fn changed_or(&self, failure: Failure) -> Failure {
        self.watch.check().err().unwrap_or(failure)
    }

    /// Closes the idle connections.
    pub(super) fn close(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Reader>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        Ok(Self {
            connection: read_only(path)?,
            names: Texts::default(),
            bodies: Unpacker::default(),
            chosen: Chosen::default(),
        })
    }

    /// The position of the last event that is stored.
    pub(super) fn last(&self) -> Result<Position, Failure> {
        last(&self.connection)
    }

    /// Number of requests to replay a dead letter that were carried out in all times, or a little more.
    ///
    /// Those that still wait are not counted.
    pub(super) fn requests(&self) -> Result<u64, Failure> {
        let done: Option<i64> = self
            .connection
            .prepare_cached(
                "select coalesce((select min(id) - 1 from request), \
                 (select seq from sqlite_sequence where name = 'request'))",
            )?
            .query_row([], |row| row.get(0))?;
        Ok(done.unwrap_or(0).unsigned_abs())
    }

    /// The page ends before an event with which it would weigh more than 8 MiB, unless it is the first.
    pub(super) fn read(
        &mut self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Arc<Event>>, Failure> {
        page_after(
            &self.connection,
            &mut self.names,
            &mut self.bodies,
            after,
            limit,
        )
    }

    /// As [`Reader::read`], of the events that a filter takes.
    pub(super) fn read_where(
        &mut self,
        after: Position,
        limit: usize,
        filter: &Filter,
    ) -> Result<Page, Failure> {
        // Before the names, so that each row up to here has its names among them.
        let end = self.last()?;
        let until = Position::new(after.get().saturating_add(LOOKED_AT)).min(end);
        let through = until.max(after);
        if !self.chosen.follow(&self.connection, filter)? {
            return Ok(Page {
                events: Vec::new(),
                through,
            });
        }
        let mut select = self.connection.prepare_cached(&self.chosen.select)?;
        let rows = select.query(params![
            integer(after.get()),
            integer(until.get()),
            i64::try_from(limit).unwrap_or(i64::MAX)
        ])?;
        let (events, is_cut) = page(
            &self.connection,
            &mut self.names,
            &mut self.bodies,
            rows,
            limit,
        )?;
        let last = events.last().map(|event| event.position());
        let is_full = is_cut || events.len() >= limit;
        Ok(Page {
            through: last.filter(|_| is_full).unwrap_or(through),
            events,
        })
    }

    pub(super) fn checkpoints(&self, source: &SourceName) -> Result<Vec<Checkpoint>, Failure> {
        let mut select = self.connection.prepare_cached(
            "select part, mark, state from checkpoint where source = ?1 order by part",
        )?;
        let mut rows = select.query([source.as_str()])?;
        let mut checkpoints = Vec::new();
        while let Some(row) = rows.next()? {
            checkpoints.push(Checkpoint {
                part: row.get(0)?,
                mark: row.get(1)?,
                state: bytes(row.get_ref(2)?)?,
            });
        }
        Ok(checkpoints)
    }

    pub(super) fn cursor(&self, consumer: &str) -> Result<Option<Cursor>, Failure> {
        let text: Option<String> = self
            .connection
            .prepare_cached("select cursor from cursor where consumer = ?1")?
            .query_row([consumer], |row| row.get(0))
            .optional()?;
        text.map(|text| cursor(&text)).transpose()
    }

    /// Every consumer that has a cursor.
    pub(super) fn consumers(&self) -> Result<Vec<ConsumerName>, Failure> {
        let mut select = self
            .connection
            .prepare_cached("select consumer from cursor order by consumer")?;
        let names =
            select.query_map([], |row| Ok(ConsumerName::new(row.get::<_, Arc<str>>(0)?)))?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    pub(super) fn projection(&self, name: &str) -> Result<Option<Saved>, Failure> {
        let saved: Option<(i64, Vec<u8>)> = self
            .connection
            .prepare_cached("select position, state from projection where name = ?1")?
            .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        saved
            .map(|(at, state)| {
                Ok(Saved {
                    position: position(at)?,
                    state,
                })
            })
            .transpose()
    }

    pub(super) fn dead_letters(
        &self,
        after: DeadLetterId,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, Failure> {
        dead_letters(&self.connection, after, limit)
    }
}

/// Up to `limit` events that follow `after`, or 8 MiB of them.
pub(super) fn page_after(
    connection: &Connection,
    names: &mut Texts,
    bodies: &mut Unpacker,
    after: Position,
    limit: usize,
) -> Result<Vec<Arc<Event>>, Failure> {
    let mut select = connection.prepare_cached(SELECT)?;
    let rows = select.query([
        integer(after.get()),
        i64::try_from(limit).unwrap_or(i64::MAX),
    ])?;
    let (events, _) = page(connection, names, bodies, rows, limit)?;
    Ok(events)
}

/// Up to `limit` dead letters that follow `after`.
pub(super) fn dead_letters(
    connection: &Connection,
    after: DeadLetterId,
    limit: usize,
) -> Result<Vec<DeadLetter>, Failure> {
    let mut select = connection.prepare_cached(
        "select id, consumer, handler, error, attempts, at, replay, position, source, kind, \
         place, provenance, form, received_at, origin, deletes, note, body \
         from dead_letter where id > ?1 order by id limit ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = select.query([integer(after.0), limit])?;
    let mut letters = Vec::new();
    while let Some(row) = rows.next()? {
        let kind = Kind::new(row.get::<_, Arc<str>>(9)?);
        let place = Place::new(row.get::<_, Arc<str>>(10)?);
        let source = SourceName::new(row.get::<_, Arc<str>>(8)?);
        let draft = draft(row, kind, place)?;
        letters.push(DeadLetter {
            id: DeadLetterId(position(row.get(0)?)?.get()),
            consumer: row.get::<_, String>(1)?.into(),
            handler: row.get(2)?,
            event: Event::stored(position(row.get(7)?)?, source, draft),
            error: row.get(3)?,
            attempts: row.get(4)?,
            at: timestamp(row.get(5)?),
            replay: row.get(6)?,
        });
    }
    Ok(letters)
}

/// The position of the last event that is stored.
pub(super) fn last(connection: &Connection) -> Result<Position, Failure> {
    let last: Option<i64> = connection
        .prepare_cached("select max(position) from stored")?
        .query_row([], |row| row.get(0))?;
    last.map_or(Ok(Position::ZERO), position)
}

/// Reads rows of `stored` up to 8 MiB, at least one; returns whether more rows are left.
fn page(
    connection: &Connection,
    names: &mut Texts,
    bodies: &mut Unpacker,
    mut rows: Rows<'_>,
    limit: usize,
) -> Result<(Vec<Arc<Event>>, bool), Failure> {
    let (mut page, mut weight) = (Vec::with_capacity(limit.min(USUAL)), 0);
    while let Some(row) = rows.next()? {
        let event = event(connection, names, bodies, row)?;
        weight += event.draft().weight();
        if weight > PAGE_BYTES && !page.is_empty() {
            return Ok((page, true));
        }
        page.push(Arc::new(event));
    }
    Ok((page, false))
}

/// Reads a row of `stored`.
fn event(
    connection: &Connection,
    names: &mut Texts,
    bodies: &mut Unpacker,
    row: &Row<'_>,
) -> Result<Event, Failure> {
    let source = SourceName::new(names.text(connection, number(row, 1)?)?);
    let draft = Draft {
        kind: Kind::new(names.text(connection, number(row, 2)?)?),
        place: Place::new(names.text(connection, number(row, 3)?)?),
        provenance: provenance(number(row, 4)?),
        form: form(number(row, 5)?),
        received_at: timestamp(number(row, 6)?),
        origin: Origin::new(text(row.get_ref(8)?)?),
        deletes: optional(row.get_ref(9)?, text)?.map(Origin::new),
        note: optional(row.get_ref(10)?, bytes)?,
        body: match packed(row)? {
            None => bytes(row.get_ref(11)?)?,
            Some(dictionary) => bodies.unpack(connection, dictionary, raw(row.get_ref(11)?)?)?,
        },
    };
    Ok(Event::stored(position(number(row, 0)?)?, source, draft))
}

/// An integer as it lies in the row: `Row::get` converts and checks what is certain here.
fn number(row: &Row<'_>, column: usize) -> Result<i64, Failure> {
    row.get_ref(column)?.as_i64().map_err(corrupt)
}

/// The number of the dictionary that the row's body is compressed with; a file of the first version has no such column.
fn packed(row: &Row<'_>) -> Result<Option<i64>, Failure> {
    match row.get_ref(12) {
        Err(rusqlite::Error::InvalidColumnIndex(_)) | Ok(ValueRef::Null) => Ok(None),
        dictionary => Ok(Some(dictionary?.as_i64().map_err(corrupt)?)),
    }
}

/// Reads a dead letter's draft: provenance, form, time, origin, deletes, note and body, from column 11 on.
fn draft(row: &Row<'_>, kind: Kind, place: Place) -> Result<Draft, Failure> {
    Ok(Draft {
        kind,
        place,
        provenance: provenance(row.get(11)?),
        form: form(row.get(12)?),
        received_at: timestamp(row.get(13)?),
        origin: Origin::new(text(row.get_ref(14)?)?),
        deletes: optional(row.get_ref(15)?, text)?.map(Origin::new),
        note: optional(row.get_ref(16)?, bytes)?,
        body: bytes(row.get_ref(17)?)?,
    })
}

fn optional<T>(
    value: ValueRef<'_>,
    read: impl FnOnce(ValueRef<'_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    match value {
        ValueRef::Null => Ok(None),
        value => read(value).map(Some),
    }
}

fn text(value: ValueRef<'_>) -> Result<Arc<str>, Failure> {
    Ok(value.as_str().map_err(corrupt)?.into())
}

fn raw(value: ValueRef<'_>) -> Result<&[u8], Failure> {
    value.as_bytes().map_err(corrupt)
}

/// The one copy of a value: SQLite's memory ends with the row.
pub(super) fn bytes(value: ValueRef<'_>) -> Result<Bytes, Failure> {
    Ok(Bytes::copy_from_slice(raw(value)?))
}

fn corrupt(error: rusqlite::types::FromSqlError) -> Failure {
    Failure::said(Trouble::Corrupt, error)
}
