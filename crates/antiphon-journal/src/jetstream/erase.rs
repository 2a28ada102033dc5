//! A person is erased: events in slices beside the appends that go on, then everything else in one run.
//!
//! States are read and judged beside the appends too. The appender compares what was read with what is there, and judges
//! a state again that was saved meanwhile: nothing older is put in its place, and nothing of the person stays in it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use antiphon_core::{
    Cursor, DeadLetter, Draft, Erased, Event, Person, Place, Position, StateVerdict, Trouble,
    Verdict,
};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    JetStreamJournal,
    appender::{Appender, Command, Trash},
    format::{
        CheckpointLine, ProjectionLine, StateName, StateValue, cursor_value, dead_value, read_dead,
    },
    open::state,
    server::{Failure, GETS},
};
use crate::erased::{left, record};

/// Events that are read and written together.
const SLICE: usize = 256;

/// What an erasure has found so far.
pub(super) struct Erasure {
    person: Arc<Person>,
    /// The journal's secret, with which origins are hashed.
    key: [u8; 32],
    erased: Erased,
    /// Places that had the person's id, and what they are called now.
    places: HashMap<String, String>,
    /// States that were read: the sequence number of the message, and what is to be written, if anything.
    judged: BTreeMap<StateName, (u64, Option<Rest>)>,
}

/// What is left of a state that had something of the person.
struct Rest {
    /// `None` if nothing is.
    value: Option<StateValue>,
    /// Places of a cursor where the person stood; 1 for every other state.
    count: u64,
}

impl Rest {
    fn one(value: Option<StateValue>) -> Self {
        Self { value, count: 1 }
    }
}

impl Erasure {
    /// The event without the person; `None` if it has nothing of them.
    fn event(&mut self, event: &Event, verdict: &Verdict) -> Option<Event> {
        let mut draft = left(&self.person, &self.key, event, verdict);
        if let Some(less) = self.person.text(draft.place.as_str()) {
            let number = self.places.len() + 1;
            let place = self
                .places
                .entry(draft.place.as_str().to_owned())
                .or_insert_with(|| format!("{less}-{number}"));
            draft.place = Place::from(place.as_str());
        }
        (draft != *event.draft())
            .then(|| Event::stored(event.position(), event.source().clone(), draft))
    }

    /// The state without the person; `None` if it has nothing of them.
    fn state(&self, name: &StateName, value: &StateValue) -> Result<Option<Rest>, Failure> {
        let damaged = |error| Failure::said(Trouble::Corrupt, error);
        let person = &self.person;
        Ok(match name {
            StateName::Checkpoint { source, part } => {
                let verdict = match person.text(part) {
                    Some(_) => StateVerdict::Erase,
                    None => person.state(source, value.bytes()),
                };
                let line: CheckpointLine = value.line().map_err(damaged)?;
                judged(verdict, &line)
            }
            StateName::Projection { name } if **name == *person.record() => Some(Rest {
                value: None,
                count: 0,
            }),
            StateName::Projection { name } => {
                let line: ProjectionLine = value.line().map_err(damaged)?;
                judged(person.state(name, value.bytes()), &line)
            }
            StateName::Cursor { .. } => {
                let mut cursor: Cursor = value.line().map_err(damaged)?;
                let mut count = 0;
                for parked in &mut cursor.parked {
                    let known = self.places.get(&parked.lane).cloned();
                    if let Some(lane) = known.or_else(|| person.text(&parked.lane)) {
                        parked.lane = lane;
                        count += 1;
                    }
                }
                (count > 0).then(|| Rest {
                    value: Some(cursor_value(&cursor)),
                    count,
                })
            }
            StateName::Dead { id } => {
                let letter = read_dead(*id, value).map_err(damaged)?;
                match letter_without(person, &self.key, &letter) {
                    Left::Whole => None,
                    Left::Rest(letter) => Some(Rest::one(Some(dead_value(&letter)))),
                    Left::Nothing => Some(Rest::one(None)),
                }
            }
            StateName::Swept { .. } | StateName::Identity | StateName::Claim { .. } => None,
        })
    }
}

impl JetStreamJournal {
    pub(super) async fn erase_person(&self, person: Arc<Person>) -> Result<Erased, Failure> {
        // A consumer of another process would store what it knows of the person again.
        let _claims = self.claim_others(&self.known_consumers()).await?;
        self.store(record(&person)).await?;
        let mut erasure = Erasure {
            person,
            key: self.shared.index().secret.bytes,
            erased: Erased::default(),
            places: HashMap::new(),
            judged: BTreeMap::new(),
        };
        self.erase_events(&mut erasure).await?;
        self.judge_states(&mut erasure).await?;
        let asked = |done| Command::Erase(Box::new(erasure), done);
        let mut erased = self.ask(asked).await?;
        // What was replaced is overwritten before anybody hears that it is gone.
        let (flushed, flush) = tokio::sync::oneshot::channel();
        if self.shared.trash.send(Trash::Flush(flushed)).is_ok() && flush.await.is_err() {
            return Err(Failure::new(Trouble::Closed));
        }
        erased.log_is_empty = true;
        Ok(erased)
    }

    /// Erases the person from the events that are stored at this moment; on a busy journal there would be no end else.
    async fn erase_events(&self, erasure: &mut Erasure) -> Result<(), Failure> {
        let end = *self.shared.last.borrow();
        let mut counted = Position::ZERO;
        let mut after = Position::ZERO;
        while after < end {
            let page = self.shared.page(after, SLICE).await?;
            let Some((_, last)) = page.last() else { break };
            after = last.position();
            let mut slice = Vec::new();
            for (sequence, event) in &page {
                let verdict = erasure.person.judge(event);
                if event.position() > counted {
                    erasure.erased.count(event.kind().as_str(), &verdict);
                }
                if let Some(less) = erasure.event(event, &verdict) {
                    slice.push((*sequence, less));
                }
            }
            counted = counted.max(after);
            if slice.is_empty() {
                continue;
            }
            let stale = self.ask(|done| Command::Rewrite(slice, done)).await?;
            // A sweep has changed it meanwhile: it is read again, and not counted again.
            if let Some(position) = stale.first() {
                after = Position::new(position - 1);
            }
        }
        erasure.erased.places = erasure.places.len() as u64;
        Ok(())
    }

    /// Reads and judges every state; one that is replaced meanwhile is left to the appender.
    async fn judge_states(&self, erasure: &mut Erasure) -> Result<(), Failure> {
        let states = self.shared.index().states.clone();
        let known = &*erasure;
        let judged = stream::iter(states)
            .map(async |(name, stored)| {
                let Some((_, value)) = state(&self.shared.link, stored).await? else {
                    return Ok(None);
                };
                let rest = known.state(&name, &value)?;
                Ok::<_, Failure>(Some((name, (stored.sequence, rest))))
            })
            .buffered(GETS)
            .try_filter_map(async |judged| Ok(judged))
            .try_collect()
            .await?;
        erasure.judged = judged;
        Ok(())
    }
}

impl Appender {
    /// Writes what is left of the states, as they are now.
    pub(super) async fn erase(&mut self, mut erasure: Erasure) -> Result<Erased, Failure> {
        self.settle().await?;
        let states = self.shared.index().states.clone();
        let mut left = Vec::new();
        for (name, stored) in states {
            let rest = match erasure.judged.remove(&name) {
                Some((read, rest)) if read == stored.sequence => rest,
                _ => {
                    let read = state(&self.shared.link, stored).await?;
                    let missing = || Failure::damaged(stored.sequence, "it is not there");
                    let (_, value) = read.ok_or_else(missing)?;
                    erasure.state(&name, &value)?
                }
            };
            let Some(Rest { value, count }) = rest else {
                continue;
            };
            match name {
                StateName::Dead { .. } => erasure.erased.dead_letters += count,
                _ => erasure.erased.states += count,
            }
            left.push((name, value));
        }
        self.write_states(left).await?;
        Ok(erasure.erased)
    }
}

/// What a verdict leaves of a state.
fn judged(verdict: StateVerdict, line: &impl serde::Serialize) -> Option<Rest> {
    let value = match verdict {
        StateVerdict::Redact(less) => Some(StateValue::new(line, Bytes::from(less))),
        StateVerdict::Erase => None,
        _ => return None,
    };
    Some(Rest::one(value))
}

/// What is left of a dead letter.
enum Left {
    /// All of it: it has nothing of the person.
    Whole,
    /// The letter without them.
    Rest(Box<DeadLetter>),
    /// Nothing.
    Nothing,
}

fn letter_without(person: &Person, key: &[u8], letter: &DeadLetter) -> Left {
    let event = &letter.event;
    let verdict = person.judge(event);
    let place = person.text(event.place().as_str());
    let error = person.text(&letter.error);
    if verdict == Verdict::Keep && place.is_none() && error.is_none() {
        return Left::Whole;
    }
    if verdict == Verdict::Erase {
        return Left::Nothing;
    }
    let mut draft: Draft = left(person, key, event, &verdict);
    draft.place = place.map_or(draft.place, Place::from);
    Left::Rest(Box::new(DeadLetter {
        error: error.unwrap_or_else(|| letter.error.clone()),
        event: Event::stored(event.position(), event.source().clone(), draft),
        ..letter.clone()
    }))
}
