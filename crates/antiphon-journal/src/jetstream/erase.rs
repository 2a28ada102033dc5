//! A person is erased: events in slices beside the appends that go on, then everything else in one run.

use std::collections::{BTreeMap, HashMap};

use antiphon_core::{
    Cursor, DeadLetter, Draft, Erased, Event, Person, Place, Position, StateVerdict, Trouble,
    Verdict,
};
use bytes::Bytes;

use super::{
    JetStreamJournal,
    appender::{Command, Trash},
    format::{ProjectionLine, StateName, StateValue, cursor_value, dead_value, read_dead},
    open::state,
    server::Failure,
};
use crate::erased::left;

/// Events that are read and written together.
const SLICE: usize = 256;

/// What an erasure has found so far.
#[derive(Default)]
struct Erasure {
    erased: Erased,
    /// Places that had the person's id, and what they are called now.
    places: HashMap<String, String>,
}

impl Erasure {
    /// The event without the person; `None` if it has nothing of them.
    fn event(&mut self, person: &Person, key: &[u8], event: &Event) -> Option<Event> {
        let verdict = person.judge(event);
        let mut draft = left(person, key, event, &verdict);
        if let Some(less) = person.text(draft.place.as_str()) {
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
}

impl JetStreamJournal {
    pub(super) async fn erase_person(&self, person: &Person) -> Result<Erased, Failure> {
        let key = self.shared.index().secret.bytes;
        let mut erasure = Erasure::default();
        let mut counted = Position::ZERO;
        let mut after = Position::ZERO;
        loop {
            let page = self.shared.page(after, SLICE).await?;
            let Some((_, last)) = page.last() else { break };
            after = last.position();
            let mut slice = Vec::new();
            for (sequence, event) in &page {
                if event.position() > counted {
                    erasure
                        .erased
                        .count(event.kind().as_str(), &person.judge(event));
                }
                if let Some(less) = erasure.event(person, &key, event) {
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
        let states = self.states_without(person, &key, &mut erasure).await?;
        if !states.is_empty() {
            self.ask(|done| Command::States(states, done)).await?;
        }
        // What was replaced is overwritten before anybody hears that it is gone.
        let (flushed, flush) = tokio::sync::oneshot::channel();
        if self.shared.trash.send(Trash::Flush(flushed)).is_ok() && flush.await.is_err() {
            return Err(Failure::new(Trouble::Closed));
        }
        erasure.erased.log_is_empty = true;
        Ok(erasure.erased)
    }

    /// The states that have something of the person, as they are without.
    async fn states_without(
        &self,
        person: &Person,
        key: &[u8],
        erasure: &mut Erasure,
    ) -> Result<Vec<(StateName, Option<StateValue>)>, Failure> {
        let states: BTreeMap<_, _> = self.shared.index().states.clone();
        let mut changed = Vec::new();
        for (name, stored) in states {
            let Some((_, value)) = state(&self.shared.link, stored).await? else {
                continue;
            };
            let damaged = |error| Failure::damaged(stored.sequence, error);
            match &name {
                StateName::Checkpoint { source, part } => {
                    let verdict = match person.text(part) {
                        Some(_) => StateVerdict::Erase,
                        None => person.state(source, value.bytes()),
                    };
                    let line: super::format::CheckpointLine = value.line().map_err(damaged)?;
                    changed.extend(judged(name, verdict, &line, erasure));
                }
                StateName::Projection { name: of } => {
                    let verdict = person.state(of, value.bytes());
                    let line: ProjectionLine = value.line().map_err(damaged)?;
                    changed.extend(judged(name, verdict, &line, erasure));
                }
                StateName::Cursor { .. } => {
                    let mut cursor: Cursor = value.line().map_err(damaged)?;
                    let mut count = 0;
                    for parked in &mut cursor.parked {
                        let known = erasure.places.get(&parked.lane).cloned();
                        if let Some(lane) = known.or_else(|| person.text(&parked.lane)) {
                            parked.lane = lane;
                            count += 1;
                        }
                    }
                    erasure.erased.states += count;
                    if count > 0 {
                        changed.push((name, Some(cursor_value(&cursor))));
                    }
                }
                StateName::Dead { id } => {
                    let letter = read_dead(*id, &value).map_err(damaged)?;
                    let left = match letter_without(person, key, &letter) {
                        Left::Whole => continue,
                        Left::Rest(letter) => Some(dead_value(&letter)),
                        Left::Nothing => None,
                    };
                    erasure.erased.dead_letters += 1;
                    changed.push((name, left));
                }
                StateName::Swept { .. } | StateName::Identity => {}
            }
        }
        Ok(changed)
    }
}

/// A state as a verdict leaves it; `None` if it stays as it is.
fn judged(
    name: StateName,
    verdict: StateVerdict,
    line: &impl serde::Serialize,
    erasure: &mut Erasure,
) -> Option<(StateName, Option<StateValue>)> {
    let left = match verdict {
        StateVerdict::Redact(less) => Some(StateValue::new(line, Bytes::from(less))),
        StateVerdict::Erase => None,
        _ => return None,
    };
    erasure.erased.states += 1;
    Some((name, left))
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
