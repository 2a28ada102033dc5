//! What a journal's readers have still to do, and what was stored last, without reading the events.

use std::{collections::BTreeMap, sync::Arc};

use antiphon_core::{Event, Position, ReadError};
use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

use crate::{
    inspect::{ConsumerOverview, Overview},
    workers::together,
};

use super::{
    SqliteJournal, claim,
    reader::Reader,
    trouble::Failure,
    value::{cursor, integer, position, timestamp},
};

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
            overview.consumers = together(overview.consumers);
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
