//! What a journal's readers have still to do, and what was stored last, without reading the events.

use std::{collections::BTreeMap, sync::Arc};

use antiphon_core::{ConsumerName, Cursor, Event, Position, ReadError};
use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

use super::{
    SqliteJournal, claim,
    reader::Reader,
    trouble::Failure,
    value::{cursor, integer, position, timestamp},
};

/// How far the consumers of a journal are.
///
/// ```
/// use std::sync::Arc;
///
/// use antiphon_core::{Batch, Cursor, Draft, Journal, Kind, Origin, Place, Position};
/// use antiphon_journal::SqliteJournal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::TempDir::new()?;
/// let journal = SqliteJournal::open(folder.path().join("events.sqlite")).await?;
/// let at = "2026-01-01T00:00:00Z".parse()?;
/// let said = Draft::new(Kind::from_static("test.said"), Place::root(), Origin::frame("c", 1), at, "{}");
/// let batch = Batch {
///     events: vec![("choir".into(), said)],
///     cursors: vec![("audit".into(), Cursor::at(Position::ZERO))],
///     ..Batch::default()
/// };
/// journal.append(Arc::new(batch)).await?;
///
/// let overview = journal.overview().await?;
/// let audit = &overview.consumers[0];
/// assert_eq!((&*audit.name.to_string(), audit.dead_letters), ("audit", 0));
/// // It has not read the one event yet.
/// assert_eq!(audit.waits_since, Some(at));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Overview {
    /// Position of the last event.
    pub last: Position,
    /// Every consumer that has a cursor or dead letters, by name.
    pub consumers: Vec<ConsumerOverview>,
}

/// How far one consumer is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConsumerOverview {
    /// Its name.
    pub name: ConsumerName,
    /// Its cursor as it was saved last; absent for one that has only dead letters.
    pub cursor: Option<Cursor>,
    /// When the oldest event that it still needs was received; absent if it needs none.
    pub waits_since: Option<Timestamp>,
    /// The process that has it now ([`Journal::claim`](antiphon_core::Journal::claim)), also where that is this one; absent
    /// if nobody has it, and 0 if the system does not say who.
    pub process: Option<u32>,
    /// Number of its dead letters.
    pub dead_letters: u64,
    /// When the oldest of them was given up.
    pub dead_since: Option<Timestamp>,
    /// When the newest of them was given up.
    pub dead_until: Option<Timestamp>,
}

impl ConsumerOverview {
    fn new(name: String) -> Self {
        Self {
            name: name.into(),
            cursor: None,
            waits_since: None,
            process: None,
            dead_letters: 0,
            dead_since: None,
            dead_until: None,
        }
    }
}

impl SqliteJournal {
    /// How far each consumer is, which process has it, and how many dead letters it has.
    ///
    /// It reads cursors and an index, and one event's time and a lock file for each consumer: cheap enough for once a
    /// second.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    pub async fn overview(&self) -> Result<Overview, ReadError> {
        let path = self.shared.path.clone();
        let read = self.shared.read(move |reader| {
            let mut overview = reader.overview()?;
            for one in &mut overview.consumers {
                one.process = claim::holder(&path, &one.name);
            }
            Ok(overview)
        });
        read.await
    }

    /// The newest event of each source among the last `among` positions, in the order of the journal.
    ///
    /// It passes over that many rows, a few hundred milliseconds for 100,000; a source that was silent for longer is
    /// missing.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    pub async fn newest(&self, among: u64) -> Result<Vec<Arc<Event>>, ReadError> {
        self.shared.read(move |reader| reader.newest(among)).await
    }
}

impl Reader {
    fn overview(&mut self) -> Result<Overview, Failure> {
        let mut consumers = BTreeMap::new();
        let connection = &self.connection;
        let mut select = connection.prepare_cached("select consumer, cursor from cursor")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            let cursor = cursor(&row.get::<_, String>(1)?)?;
            let mut one = ConsumerOverview::new(name.clone());
            one.waits_since = self.received_at(cursor.needs())?;
            one.cursor = Some(cursor);
            consumers.insert(name, one);
        }
        // All columns stand in the index by consumer, so that no letter is read.
        let mut select = connection.prepare_cached(
            "select consumer, count(*), min(id), max(id) from dead_letter group by consumer",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            let one = consumers
                .entry(name.clone())
                .or_insert_with(|| ConsumerOverview::new(name));
            one.dead_letters = row.get::<_, i64>(1)?.unsigned_abs();
            one.dead_since = self.given_up_at(row.get(2)?)?;
            one.dead_until = self.given_up_at(row.get(3)?)?;
        }
        Ok(Overview {
            last: self.last()?,
            consumers: consumers.into_values().collect(),
        })
    }

    /// When the first event from this position on was received.
    fn received_at(&self, from: Position) -> Result<Option<Timestamp>, Failure> {
        let nanoseconds: Option<i64> = self
            .connection
            .prepare_cached(
                "select received_at from stored where position >= ?1 order by position limit 1",
            )?
            .query_row([integer(from.get())], |row| row.get(0))
            .optional()?;
        Ok(nanoseconds.map(timestamp))
    }

    /// When the dead letter of this number was made.
    fn given_up_at(&self, id: i64) -> Result<Option<Timestamp>, Failure> {
        let nanoseconds: Option<i64> = self
            .connection
            .prepare_cached("select at from dead_letter where id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(nanoseconds.map(timestamp))
    }

    fn newest(&mut self, among: u64) -> Result<Vec<Arc<Event>>, Failure> {
        let from = self.last()?.get().saturating_sub(among);
        let mut newest: Vec<Position> = {
            let mut select = self.connection.prepare_cached(
                "select max(position) from stored where position > ?1 group by source",
            )?;
            let rows = select.query_map([integer(from)], |row| row.get::<_, i64>(0))?;
            rows.map(|row| position(row?))
                .collect::<Result<_, Failure>>()?
        };
        newest.sort_unstable();
        let mut events = Vec::with_capacity(newest.len());
        for at in newest {
            events.extend(self.read(at.previous(), 1)?);
        }
        Ok(events)
    }
}
