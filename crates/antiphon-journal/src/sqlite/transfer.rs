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

use crate::{
    Identity, Imported, KnownOrigin, PendingDeletion, RemovedOrigin, States,
    erased::is_hashed,
    inspect::{OTHER_IMPORT, UNFINISHED},
};

use super::{
    SqliteJournal,
    open::refuse_unfinished,
    reader::{Reader, bytes},
    trouble::Failure,
    value::{cursor, integer, nanoseconds, position, timestamp},
    writer::{Committed, Writer, change_dead_letter, hash_in, hashed_text, store_states},
};

impl SqliteJournal {
    /// The highest position that an event can be imported with: 2⁶². No journal comes near it.
    pub const HIGHEST: Position = crate::HIGHEST;

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

    pub(super) async fn read_identity(&self) -> Result<Identity, ReadError> {
        let read = self.shared.read(|reader| {
            Ok(match whole_identity(reader)? {
                None => Identity::default(),
                Some((journal, key, _)) => Identity {
                    journal: Some(journal),
                    key: Some(key),
                },
            })
        });
        read.await
    }

    pub(super) async fn read_removed(
        &self,
        after: Option<RemovedOrigin>,
        limit: usize,
    ) -> Result<Vec<RemovedOrigin>, ReadError> {
        let read = self
            .shared
            .read(move |reader| removed(reader, after.as_ref(), limit));
        read.await
    }

    pub(super) async fn mark_import(&self, from: Identity) -> Result<bool, AppendError> {
        let marked = self
            .shared
            .write(move |_, writer| writer.begin_import(&from));
        marked.await.map_err(Failure::append)
    }

    pub(super) async fn add_removed(&self, removed: Vec<RemovedOrigin>) -> Result<(), AppendError> {
        let added = self
            .shared
            .write(move |_, writer| writer.import_removed(&removed));
        added.await.map_err(Failure::append)
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
    refuse_unfinished(&reader.connection)?;
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
    let mut select = connection.prepare_cached(
        "select distinct text, origin, received_at from deletion join name on name.id = source \
         order by text, origin, received_at",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        states.deletions.push(PendingDeletion {
            source: row.get::<_, String>(0)?.into(),
            origin: row.get::<_, String>(1)?.into(),
            at: timestamp(row.get(2)?),
        });
    }
    states.dead_letters = reader.dead_letters(DeadLetterId(0), usize::MAX)?;
    Ok(states)
}

/// The name, and the key if anything was erased; `None` for a file of an older version.
#[expect(clippy::type_complexity, reason = "the columns of one row")]
fn identity(reader: &Reader) -> Result<Option<(String, Option<Vec<u8>>)>, Failure> {
    let identity = whole_identity(reader)?;
    Ok(identity.map(|(name, key, is_erased)| (name, is_erased.then_some(key))))
}

/// The name, the key, and whether anything was erased; `None` for a file of an older version.
fn whole_identity(reader: &Reader) -> Result<Option<(String, Vec<u8>, bool)>, Failure> {
    let there = reader
        .connection
        .prepare_cached("select 1 from sqlite_schema where name = 'identity'")?
        .query_row([], |_| Ok(()))
        .optional()?;
    if there.is_none() {
        return Ok(None);
    }
    let identity =
        reader
            .connection
            .query_row("select journal, key, erased from identity", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
    Ok(Some(identity))
}

/// Removed origins in the order of their numbers.
fn removed(
    reader: &Reader,
    after: Option<&RemovedOrigin>,
    limit: usize,
) -> Result<Vec<RemovedOrigin>, Failure> {
    let connection = &reader.connection;
    let (source, origin) = match after.map(|after| &after.origin) {
        None => (None, String::new()),
        Some(KnownOrigin::Named(source, origin)) => {
            (Some(source.as_str().to_owned()), origin.as_str().to_owned())
        }
        Some(KnownOrigin::Hashed(half)) => (Some(String::new()), hashed_text(*half)),
    };
    let mut select = connection.prepare_cached(
        "select text, origin, until from removed join name on name.id = source \
         where (source, origin) > (ifnull((select id from name where text = ?1), -1), ?2) \
         order by source, origin limit ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = select.query(params![source, origin, limit])?;
    let mut removed = Vec::new();
    while let Some(row) = rows.next()? {
        let (source, origin): (String, String) = (row.get(0)?, row.get(1)?);
        let half = hash_in(&origin).filter(|_| source.is_empty());
        let origin = match half {
            Some(half) => KnownOrigin::Hashed(half),
            None => KnownOrigin::Named(source.into(), origin.into()),
        };
        removed.push(RemovedOrigin {
            origin,
            until: row.get(2)?,
        });
    }
    Ok(removed)
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

    /// As [`Inspect::begin_import`](crate::Inspect::begin_import).
    fn begin_import(&mut self, from: &Identity) -> Result<bool, Failure> {
        self.transaction(|writer| {
            let name = from.journal.as_deref().unwrap_or_default();
            let mark: Option<Vec<u8>> = writer
                .connection
                .query_row(
                    "select state from projection where name = ?1",
                    [UNFINISHED],
                    |row| row.get(0),
                )
                .optional()?;
            match mark {
                Some(mark) if mark == name.as_bytes() => return Ok(true),
                Some(_) => return Err(Failure::said(Trouble::Other, OTHER_IMPORT)),
                None => {}
            }
            let is_used: bool = writer.connection.query_row(
                "select exists (select 1 from stored) or exists (select 1 from checkpoint) \
                 or exists (select 1 from cursor) or exists (select 1 from projection) \
                 or exists (select 1 from dead_letter) or exists (select 1 from removed)",
                [],
                |row| row.get(0),
            )?;
            if is_used {
                return Ok(false);
            }
            let mark = Batch {
                projections: vec![(
                    UNFINISHED.to_owned(),
                    Saved {
                        position: Position::ZERO,
                        state: name.as_bytes().to_vec(),
                    },
                )],
                ..Batch::default()
            };
            store_states(&writer.connection, &mark)?;
            if let Some(name) = &from.journal {
                writer
                    .connection
                    .execute("update identity set journal = ?1", [name])?;
            }
            if let Some(key) = &from.key {
                writer
                    .connection
                    .execute("update identity set key = ?1", [key])?;
                writer.key.clone_from(key);
            }
            Ok(true)
        })
    }

    /// As [`Inspect::import_removed`](crate::Inspect::import_removed).
    fn import_removed(&mut self, removed: &[RemovedOrigin]) -> Result<(), Failure> {
        self.transaction(|writer| {
            for one in removed {
                let (source, origin) = match &one.origin {
                    KnownOrigin::Named(source, origin) => {
                        writer.any_erased |= is_hashed(origin.as_str());
                        (source.as_str(), origin.as_str().to_owned())
                    }
                    KnownOrigin::Hashed(half) => {
                        writer.any_erased = true;
                        ("", hashed_text(*half))
                    }
                };
                let source = writer.source_id(source)?;
                writer
                    .connection
                    .prepare_cached(
                        "insert or ignore into removed (source, origin, until) values (?1, ?2, ?3)",
                    )?
                    .execute(params![source, origin, one.until])?;
            }
            if writer.any_erased {
                writer
                    .connection
                    .execute("update identity set erased = 1", [])?;
            }
            writer.any_removed = true;
            Ok(())
        })
    }

    /// As [`SqliteJournal::restore`].
    fn restore(&mut self, states: &States) -> Result<bool, Failure> {
        self.transaction(|writer| {
            let used: bool = writer.connection.query_row(
                "select exists (select 1 from checkpoint) or exists (select 1 from cursor) \
                 or exists (select 1 from projection where name <> ?1) or exists (select 1 from dead_letter)",
                [UNFINISHED],
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
                writer.key.clone_from(key);
                writer.any_erased = true;
            }
            for (deletion, number) in states.deletions.iter().zip(1_i64..) {
                let source = writer.source_id(deletion.source.as_str())?;
                // Those of events that are stored have their positions.
                writer.connection.execute(
                    "insert or ignore into deletion (position, source, origin, received_at) \
                     select ?1, ?2, ?3, ?4 where not exists \
                     (select 1 from deletion where source = ?2 and origin = ?3 and received_at = ?4)",
                    params![
                        -number,
                        source,
                        deletion.origin.as_str(),
                        nanoseconds(deletion.at)
                    ],
                )?;
            }
            writer
                .connection
                .execute("delete from projection where name = ?1", [UNFINISHED])?;
            writer.give_from(states.given.min(SqliteJournal::HIGHEST).next().get());
            writer.reserve(1)?;
            Ok(true)
        })
    }
}
