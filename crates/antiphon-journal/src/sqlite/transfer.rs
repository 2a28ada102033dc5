//! Events and states on their way from one journal into another.
//!
//! A program that copies a journal event by event, such as `antiphon export` and `antiphon import`, needs more than
//! appending: positions stay what they were, so that cursors mean the same events in the copy, and the states of all
//! sources and consumers are listed, whoever owns them.

use std::sync::Arc;

use antiphon_core::{
    AppendError, Batch, Checkpoint, ConsumerName, DeadLetterId, Event, Position, ReadError, Saved,
    SourceName, Trouble,
};
use rusqlite::{OptionalExtension, params};

use crate::{Imported, States};

use super::{
    SqliteJournal,
    reader::{Reader, bytes},
    trouble::Failure,
    value::{cursor, integer, position},
    writer::{Committed, Writer, change_dead_letter, store_states},
};

impl SqliteJournal {
    /// The highest position that an event can be imported with: 2⁶². No journal comes near it.
    pub const HIGHEST: Position = Position::new(1 << 62);

    /// Everything beside the events, as of one moment, also while another process appends.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    pub async fn states(&self) -> Result<States, ReadError> {
        self.shared.read(states).await
    }

    /// The name of the journal, which it got at random when it was made; `None` for a file of an older version that
    /// nobody has opened for appending since.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    pub async fn name(&self) -> Result<Option<String>, ReadError> {
        let named = self.shared.read(|reader| identity(reader));
        Ok(named.await?.map(|(name, _)| name))
    }

    /// Stores events of another journal in one transaction, or none of them.
    ///
    /// Each keeps its position if the journal has given none as high yet; otherwise it gets the next, so that the order
    /// is kept. Events of a known origin are left out.
    ///
    /// # Errors
    /// [`AppendError`] if the storage fails, or for a position above [`SqliteJournal::HIGHEST`].
    ///
    /// # Examples
    /// ```
    /// use antiphon_core::{Draft, Event, Journal, Kind, Origin, Place, Position};
    /// use antiphon_journal::SqliteJournal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::TempDir::new()?;
    /// # let path = folder.path().join("events.sqlite");
    /// # let now = "2026-01-01T00:00:00Z".parse()?;
    /// let draft = Draft::new(Kind::from_static("test.said"), Place::root(), Origin::frame("test", 1), now, "{}");
    /// let event = Event::stored(Position::new(4711), "choir".into(), draft);
    ///
    /// let copy = SqliteJournal::open(&path).await?;
    /// assert_eq!(copy.import(vec![event.clone()]).await?.stored, 1);
    /// assert_eq!(copy.import(vec![event.clone()]).await?.repeats, 1);
    /// assert_eq!(*copy.read(Position::ZERO, 10).await?[0], event);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn import(&self, events: Vec<Event>) -> Result<Imported, AppendError> {
        let (imported, log) = self
            .shared
            .write(move |shared, writer| {
                let (imported, committed) = writer.import(&events)?;
                shared.announce(&committed);
                Ok((imported, writer.log_length()))
            })
            .await
            .map_err(Failure::append)?;
        self.checkpoint(log).await;
        Ok(imported)
    }

    /// Stores the states of another journal whose events were imported, in one transaction.
    ///
    /// It does so only where no state is yet, and returns whether it did: those of a journal in use are its own. The
    /// journal then has the name of the other one, and gives positions after its.
    ///
    /// # Errors
    /// [`AppendError`] if the storage fails.
    pub async fn restore(&self, states: States) -> Result<bool, AppendError> {
        self.shared
            .write(move |_, writer| writer.restore(&states))
            .await
            .map_err(Failure::append)
    }
}

/// All in one read transaction.
fn states(reader: &mut Reader) -> Result<States, Failure> {
    reader.connection.execute_batch("begin")?;
    let states = read_states(reader);
    // A reader that cannot end its transaction is dropped with its failure.
    reader.connection.execute_batch("commit")?;
    states
}

fn read_states(reader: &Reader) -> Result<States, Failure> {
    let identity = identity(reader)?;
    let connection = &reader.connection;
    let given: i64 = connection.query_row("select reserved from counter", [], |row| row.get(0))?;
    let mut states = States {
        erasure_key: identity.as_ref().and_then(|(_, key)| key.clone()),
        journal: identity.map(|(name, _)| name),
        last: reader.last()?,
        given: position(given)?,
        ..States::default()
    };
    let mut select = connection
        .prepare_cached("select source, part, mark, state from checkpoint order by source, part")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let source = SourceName::new(row.get::<_, Arc<str>>(0)?);
        let checkpoint = Checkpoint {
            part: row.get(1)?,
            mark: row.get(2)?,
            state: bytes(row.get_ref(3)?)?,
        };
        states.checkpoints.push((source, checkpoint));
    }
    let mut select =
        connection.prepare_cached("select consumer, cursor from cursor order by consumer")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let consumer = ConsumerName::new(row.get::<_, Arc<str>>(0)?);
        let text: String = row.get(1)?;
        states.cursors.push((consumer, cursor(&text)?));
    }
    let mut select =
        connection.prepare_cached("select name, position, state from projection order by name")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let saved = Saved {
            position: position(row.get(1)?)?,
            state: row.get(2)?,
        };
        states.projections.push((row.get(0)?, saved));
    }
    states.dead_letters = reader.dead_letters(DeadLetterId(0), usize::MAX)?;
    Ok(states)
}

/// The name, and the key if anything was erased; `None` for a file of an older version.
#[expect(clippy::type_complexity, reason = "the columns of one row")]
fn identity(reader: &Reader) -> Result<Option<(String, Option<Vec<u8>>)>, Failure> {
    let there = reader
        .connection
        .prepare_cached("select 1 from sqlite_schema where name = 'identity'")?
        .query_row([], |_| Ok(()))
        .optional()?;
    if there.is_none() {
        return Ok(None);
    }
    let identity = reader.connection.query_row(
        "select journal, case when erased then key end from identity",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(Some(identity))
}

impl Writer {
    /// As [`SqliteJournal::import`]; the second value is for watchers.
    fn import(&mut self, events: &[Event]) -> Result<(Imported, Committed), Failure> {
        self.transaction(|writer| {
            let mut imported = Imported::default();
            let mut committed = Committed::default();
            for event in events {
                let position = event.position().get();
                if event.position() > SqliteJournal::HIGHEST {
                    return Err(Failure::said(
                        Trouble::Other,
                        format!("position {position} is above 2^62"),
                    ));
                }
                writer.give_from(position);
                let batch = Batch {
                    events: vec![(event.source().clone(), event.draft().clone())],
                    ..Batch::default()
                };
                let before = committed.appended.events.len();
                writer.events(&batch, &mut committed.appended)?;
                let here = match committed.appended.events.get(before) {
                    Some(stored) => {
                        imported.stored += 1;
                        Some(stored.position())
                    }
                    None => writer.position_of(event)?,
                };
                imported.moved += u64::from(here != Some(event.position()));
            }
            imported.repeats = committed.appended.repeats as u64;
            Ok((imported, committed))
        })
    }

    /// The position of the event with the same origin; `None` if retention has removed it.
    fn position_of(&self, event: &Event) -> Result<Option<Position>, Failure> {
        let found: Option<i64> = self
            .connection
            .prepare_cached(
                "select position from stored \
                 where source = (select id from name where text = ?1) and origin = ?2",
            )?
            .query_row([event.source().as_str(), event.origin().as_str()], |row| {
                row.get(0)
            })
            .optional()?;
        found.map(position).transpose()
    }

    /// As [`SqliteJournal::restore`].
    fn restore(&mut self, states: &States) -> Result<bool, Failure> {
        self.transaction(|writer| {
            let used: bool = writer.connection.query_row(
                "select exists (select 1 from checkpoint) or exists (select 1 from cursor) \
                 or exists (select 1 from projection) or exists (select 1 from dead_letter)",
                [],
                |row| row.get(0),
            )?;
            if used {
                return Ok(false);
            }
            let batch = Batch {
                checkpoints: states.checkpoints.clone(),
                cursors: states.cursors.clone(),
                projections: states.projections.clone(),
                ..Batch::default()
            };
            store_states(&writer.connection, &batch)?;
            let mut letters: Vec<_> = states.dead_letters.iter().collect();
            letters.sort_by_key(|letter| letter.id);
            for letter in letters {
                let bury = antiphon_core::DeadLetterChange::Bury(Box::new(letter.clone()));
                change_dead_letter(&writer.connection, &bury)?;
                let buried = writer.connection.last_insert_rowid();
                writer.connection.execute(
                    "update dead_letter set id = ?1 where id = ?2",
                    params![integer(letter.id.0), buried],
                )?;
            }
            if let Some(name) = &states.journal {
                writer
                    .connection
                    .execute("update identity set journal = ?1", [name])?;
            }
            if let Some(key) = &states.erasure_key {
                writer
                    .connection
                    .execute("update identity set key = ?1, erased = 1", [key])?;
            }
            writer.give_from(states.given.min(SqliteJournal::HIGHEST).next().get());
            writer.reserve(1)?;
            Ok(true)
        })
    }
}
