//! Erasing a person: in slices, between which commits have their turn.
//!
//! The steps, in order: events, dead letters, names of places, origins of removed events, checkpoints with cursors and
//! projections, and then the file's own remains: the file is written anew, and the write-ahead log is cut to nothing.
//! Nothing less would do: SQLite leaves copies of rows in the unused part of pages that are in use, where it has moved
//! rows from one page to another, and `secure_delete` does not overwrite those.
//!
//! Each step finds what is left to do by itself: an erasure that was interrupted is finished by the next one.

use std::{collections::HashMap, sync::Arc, time::Duration};

use antiphon_core::{
    AppendError, DeadLetterId, Draft, Erased, Journal as _, Origin, Person, Position, StateVerdict,
    Trouble, Verdict,
};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    Shared, SqliteJournal,
    bodies::Unpacker,
    names::Texts,
    reader::{self, dead_letters},
    trouble::Failure,
    value::{cursor, form_code, integer, nanoseconds},
    writer::Writer,
};
use crate::erased::{hashed, left, record};

/// Rows that one slice looks at.
const LOOKED_AT: usize = 256;

/// How often the log is tried to be cut, while readers need it.
const TRIES: usize = 50;

/// The pause between two tries.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// An erasure under way.
struct Run {
    person: Arc<Person>,
    now: Timestamp,
    step: Step,
    names: Texts,
    bodies: Unpacker,
    /// Places by their former texts, since lanes have the same names.
    places: HashMap<String, String>,
    erased: Erased,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Begin,
    /// Events after this position.
    Events(Position),
    DeadLetters,
    Places,
    Origins,
    States,
    Done,
}

impl SqliteJournal {
    /// The whole of an erasure.
    pub(super) async fn erase_person(&self, person: Arc<Person>) -> Result<Erased, AppendError> {
        // A consumer of another process would store what it knows of the person again.
        let _claims = self.claim_others().await?;
        self.append(record(&person)).await?;
        let mut run = Run {
            person,
            now: Timestamp::now(),
            step: Step::Begin,
            names: Texts::default(),
            bodies: Unpacker::default(),
            places: HashMap::new(),
            erased: Erased::default(),
        };
        loop {
            let (back, log) = self
                .shared
                .write(move |_, writer| {
                    run.slice(writer)?;
                    Ok((run, writer.log_length()))
                })
                .await
                .map_err(Failure::append)?;
            run = back;
            self.checkpoint(log).await;
            if matches!(run.step, Step::Done) {
                break;
            }
        }
        // Readers remember places by number.
        self.shared.readers.close();
        let mut erased = run.erased;
        erased.log_is_empty = self.shared.write_anew().await.map_err(Failure::append)?;
        Ok(erased)
    }
}

impl Shared {
    /// Writes the file anew without anything that was deleted, and cuts the log; returns whether that could be cut.
    ///
    /// Commits wait for as long as it takes, about a second for each 100 MB.
    async fn write_anew(self: &Arc<Self>) -> Result<bool, Failure> {
        self.write(|_, writer| {
            writer.connection.execute_batch("vacuum")?;
            writer.watch.has_pages(writer.page_count()?);
            Ok(())
        })
        .await?;
        self.cut_log().await
    }

    /// Moves the whole log into the file and cuts it to nothing; false if a reader needs it for long.
    async fn cut_log(self: &Arc<Self>) -> Result<bool, Failure> {
        for _ in 0..TRIES {
            let is_cut = self.write(|_, writer| cut(&writer.connection)).await?;
            if is_cut {
                return Ok(true);
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
        Ok(false)
    }
}

/// Commits wait for this, so that it waits for nobody.
fn cut(connection: &Connection) -> Result<bool, Failure> {
    connection.busy_timeout(Duration::ZERO)?;
    let cut = connection.query_row("pragma wal_checkpoint(truncate)", [], |row| {
        Ok(row.get::<_, i64>(0)? == 0)
    });
    connection.busy_timeout(super::connection::PATIENCE)?;
    match cut.map_err(Failure::from) {
        Err(failure) if failure.trouble == Trouble::Locked => Ok(false),
        cut => cut,
    }
}

impl Run {
    /// Does one slice in a transaction of its own.
    fn slice(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        match self.step {
            Step::Begin => {
                // From here on appends look for hashed origins.
                writer
                    .connection
                    .execute("update identity set erased = 1", [])?;
                writer.any_erased = true;
                self.step = Step::Events(Position::ZERO);
                Ok(())
            }
            Step::Done => Ok(()),
            step => writer.transaction(|writer| match step {
                Step::Events(after) => self.events(writer, after),
                Step::DeadLetters => self.dead_letters(writer),
                Step::Places => self.places(writer),
                Step::Origins => self.origins(writer),
                _ => self.states(writer),
            }),
        }
    }

    fn events(&mut self, writer: &mut Writer, after: Position) -> Result<(), Failure> {
        let events = reader::page_after(
            &writer.connection,
            &mut self.names,
            &mut self.bodies,
            after,
            LOOKED_AT,
        )?;
        let Some(last) = events.last() else {
            self.step = Step::DeadLetters;
            return Ok(());
        };
        for event in &events {
            let verdict = self.person.judge(event);
            self.erased.count(event.kind().as_str(), &verdict);
            if verdict != Verdict::Keep {
                let draft = left(&self.person, &writer.key, event, &verdict);
                self.replace(writer, event.position(), &draft, verdict == Verdict::Erase)?;
            }
        }
        self.step = Step::Events(last.position());
        Ok(())
    }

    fn replace(
        &self,
        writer: &mut Writer,
        position: Position,
        draft: &Draft,
        is_erased: bool,
    ) -> Result<(), Failure> {
        let (body, dictionary) = match &mut writer.packer {
            Some(packer) => packer.pack(&draft.body),
            None => (&*draft.body, None),
        };
        let erased_at = is_erased.then(|| nanoseconds(self.now));
        writer
            .connection
            .prepare_cached(
                "update stored set body = ?2, packed = ?3, form = ?4, note = ?5, origin = ?6, deletes = ?7, \
                 erased_at = ifnull(?8, erased_at) where position = ?1",
            )?
            .execute(params![
                integer(position.get()),
                body,
                dictionary,
                form_code(draft.form),
                draft.note.as_deref(),
                draft.origin.as_str(),
                draft.deletes.as_ref().map(Origin::as_str),
                erased_at,
            ])?;
        // What the event deletes is erased by now, or by the platform's grace through the hashed origin no more.
        if draft.deletes.is_none() || is_erased {
            writer
                .connection
                .prepare_cached("delete from deletion where position = ?1")?
                .execute([integer(position.get())])?;
        }
        Ok(())
    }

    fn dead_letters(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        let letters = dead_letters(&writer.connection, DeadLetterId(0), usize::MAX)?;
        for letter in &letters {
            let id = integer(letter.id.0);
            let verdict = self.person.judge(&letter.event);
            let place = self.person.text(letter.event.place().as_str());
            let error = self.person.text(&letter.error);
            if verdict == Verdict::Keep && place.is_none() && error.is_none() {
                continue;
            }
            self.erased.dead_letters += 1;
            if verdict == Verdict::Erase {
                writer
                    .connection
                    .execute("delete from dead_letter where id = ?1", [id])?;
                continue;
            }
            let draft = left(&self.person, &writer.key, &letter.event, &verdict);
            writer.connection.execute(
                "update dead_letter set body = ?2, note = ?3, origin = ?4, deletes = ?5, place = ?6, error = ?7 \
                 where id = ?1",
                params![
                    id,
                    &*draft.body,
                    draft.note.as_deref(),
                    draft.origin.as_str(),
                    draft.deletes.as_ref().map(Origin::as_str),
                    place.as_deref().unwrap_or(draft.place.as_str()),
                    error.as_deref().unwrap_or(&letter.error),
                ],
            )?;
        }
        self.step = Step::Places;
        Ok(())
    }

    /// Renames places, and whatever else is stored as a name: all rows with the name have the new one at once.
    fn places(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        let mut select = writer
            .connection
            .prepare("select id, text from name where instr(text, ?1)")?;
        let found = select
            .query_map([self.person.id()], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<Vec<(i64, String)>, _>>()?;
        drop(select);
        for (id, text) in found {
            let Some(less) = self.person.text(&text) else {
                continue;
            };
            // The number keeps two people's places apart, and says nothing about either.
            let less = format!("{less}-{id}");
            writer
                .connection
                .execute("update name set text = ?2 where id = ?1", params![id, less])?;
            self.erased.places += 1;
            self.places.insert(text, less);
        }
        writer.names.forget();
        self.step = Step::Origins;
        Ok(())
    }

    /// Origins of events that retention has removed, and deletions that wait for their grace.
    fn origins(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        let mut select = writer.connection.prepare(
            "select source, text, origin from removed join name on name.id = source \
             where instr(origin, ?1) limit ?2",
        )?;
        let found = select
            .query_map(
                params![self.person.id(), integer(LOOKED_AT as u64)],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?
            .collect::<Result<Vec<(i64, String, String)>, _>>()?;
        drop(select);
        let mut changed = 0;
        for (source, name, origin) in &found {
            if self.person.text(origin).is_none() {
                continue;
            }
            let hash = hashed(&writer.key, name, &Origin::from(origin.as_str()));
            writer.connection.execute(
                "update or replace removed set origin = ?3 where source = ?1 and origin = ?2",
                params![source, origin, hash.as_str()],
            )?;
            changed += 1;
        }
        self.erased.origins += changed;
        writer.connection.execute(
            "delete from deletion where instr(origin, ?1)",
            [self.person.id()],
        )?;
        if found.len() < LOOKED_AT || changed == 0 {
            self.step = Step::States;
        }
        Ok(())
    }

    fn states(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        let connection = &writer.connection;
        let mut select = connection.prepare("select source, part, state from checkpoint")?;
        let checkpoints = select
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<Vec<(String, String, Vec<u8>)>, _>>()?;
        for (source, part, state) in checkpoints {
            let verdict = match self.person.text(&part) {
                Some(_) => StateVerdict::Erase,
                None => self.person.state(&source, &state),
            };
            self.state(
                &verdict,
                |state| {
                    connection.execute(
                        "update checkpoint set state = ?3 where source = ?1 and part = ?2",
                        params![source, part, state],
                    )
                },
                || {
                    connection.execute(
                        "delete from checkpoint where source = ?1 and part = ?2",
                        [&source, &part],
                    )
                },
            )?;
        }
        connection.execute(
            "delete from projection where name = ?1",
            [self.person.record()],
        )?;
        let mut select = connection.prepare("select name, state from projection")?;
        let projections = select
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<Vec<(String, Vec<u8>)>, _>>()?;
        for (name, state) in projections {
            let verdict = self.person.state(&name, &state);
            self.state(
                &verdict,
                |state| {
                    connection.execute(
                        "update projection set state = ?2 where name = ?1",
                        params![name, state],
                    )
                },
                || connection.execute("delete from projection where name = ?1", [&name]),
            )?;
        }
        let mut select = connection.prepare("select consumer, cursor from cursor")?;
        let cursors = select
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<Vec<(String, String)>, _>>()?;
        for (consumer, text) in cursors {
            let mut cursor = cursor(&text)?;
            let mut is_changed = false;
            for parked in &mut cursor.parked {
                let known = self.places.get(&parked.lane).cloned();
                if let Some(lane) = known.or_else(|| self.person.text(&parked.lane)) {
                    parked.lane = lane;
                    is_changed = true;
                }
            }
            if is_changed {
                let text = serde_json::to_string(&cursor).expect("a cursor is plain data");
                connection.execute(
                    "update cursor set cursor = ?2 where consumer = ?1",
                    [consumer, text],
                )?;
                self.erased.states += 1;
            }
        }
        self.step = Step::Done;
        Ok(())
    }

    fn state(
        &mut self,
        verdict: &StateVerdict,
        update: impl FnOnce(&[u8]) -> rusqlite::Result<usize>,
        delete: impl FnOnce() -> rusqlite::Result<usize>,
    ) -> Result<(), Failure> {
        match verdict {
            StateVerdict::Redact(less) => update(less)?,
            StateVerdict::Erase => delete()?,
            _ => return Ok(()),
        };
        self.erased.states += 1;
        Ok(())
    }
}
