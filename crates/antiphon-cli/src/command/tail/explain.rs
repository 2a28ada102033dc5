//! What became of an event: what each consumer has made of it, as far as the journal tells.
//!
//! The journal has a cursor for each consumer, the events that are open or wait for a full lane, and the dead letters. It
//! has no word about calls: whether a handler took an event, none was registered for its kind, a filter said no or an
//! interaction was too late to be answered is known to the program alone, and said in its log at `trace`.

use std::collections::HashMap;

use antiphon_core::{Cursor, DeadLetterId, Event, Position};
use antiphon_journal::{Inspect, Overview};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{failure::Failure, platform::all_kinds};

/// Dead letters of a page.
const PAGE: usize = 200;

/// What a consumer has made of an event, as far as the journal tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Handling {
    /// Name of the consumer.
    consumer: String,
    /// How far it is with the event.
    state: State,
    /// The same in a sentence, with what else is known.
    about: String,
}

/// How far a consumer is with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub(crate) enum State {
    /// It has not read the event yet.
    Unread,
    /// The event is queued, or a handler has it.
    Open,
    /// The event waits for room in its lane.
    Waiting,
    /// A handler failed for good.
    Dead,
    /// It is done with the event; whether a handler took it is not stored.
    Done,
}

impl Handling {
    /// The sentence with its consumer, for people.
    pub(crate) fn line(&self) -> String {
        format!("{}: {}", self.consumer, self.about)
    }
}

/// A dead letter without its event.
#[derive(Debug)]
struct Letter {
    consumer: String,
    about: String,
}

/// Consumers and dead letters of a journal.
#[derive(Debug)]
pub(super) struct Explainer {
    overview: Overview,
    letters: HashMap<Position, Vec<Letter>>,
}

impl Explainer {
    /// # Errors
    /// The journal cannot be read.
    pub(super) async fn read(journal: &dyn Inspect) -> Result<Self, Failure> {
        let overview = journal.overview().await?;
        let mut letters: HashMap<_, Vec<_>> = HashMap::new();
        let mut after = DeadLetterId(0);
        loop {
            let page = journal.dead_letters(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for letter in page {
                let handler = match &*letter.handler {
                    "" => "no handler, since it ended the process".to_owned(),
                    handler => format!("`{handler}`"),
                };
                let again = if letter.replay {
                    ", and is to be handled again"
                } else {
                    ""
                };
                let (id, tries, error) = (letter.id, letter.attempts, letter.error);
                letters.entry(letter.event.position()).or_default().push(Letter {
                    consumer: letter.consumer.to_string(),
                    about: format!("given up as dead letter {id} after {tries} tries by {handler}{again}: {error}"),
                });
            }
        }
        Ok(Self { overview, letters })
    }

    /// What each consumer has made of an event; empty if the journal has none.
    pub(super) fn handling(&self, event: &Event) -> Vec<Handling> {
        let letters = self.letters.get(&event.position());
        let mut handling = Vec::new();
        for consumer in &self.overview.consumers {
            let name = consumer.name.as_str();
            let one = |state, about| Handling {
                consumer: name.to_owned(),
                state,
                about,
            };
            let mut is_dead = false;
            for letter in letters.into_iter().flatten() {
                if letter.consumer == name {
                    is_dead = true;
                    handling.push(one(State::Dead, letter.about.clone()));
                }
            }
            if let Some(cursor) = consumer.cursor.as_ref().filter(|_| !is_dead) {
                let (state, about) = by_cursor(cursor, event);
                handling.push(one(state, about));
            }
        }
        handling
    }
}

/// What a cursor says of an event.
fn by_cursor(cursor: &Cursor, event: &Event) -> (State, String) {
    let position = event.position();
    if let Some(open) = cursor.open.iter().find(|open| open.position == position) {
        let about = match open.starts {
            0 => "queued, not begun".to_owned(),
            1 => "being handled, or it was when the program ended".to_owned(),
            starts => format!("begun {starts} times without an end"),
        };
        return (State::Open, about);
    }
    if position > cursor.read {
        let read = cursor.read;
        return (
            State::Unread,
            format!("not read yet: it has read up to position {read}"),
        );
    }
    let place = event.place().as_str();
    let lane = cursor.parked.iter().find(|parked| parked.lane == place);
    let from = lane.map(|parked| parked.from).or(cursor.parked_all);
    if from.is_some_and(|from| from <= position) {
        let certain = if lane.is_some() { "waits" } else { "may wait" };
        return (
            State::Waiting,
            format!("{certain} for room in its lane, which is full"),
        );
    }
    (State::Done, done(event))
}

/// What there is to know of an event that a consumer is done with.
fn done(event: &Event) -> String {
    const NOT_STORED: &str = "done: a handler took it, or none did; the journal does not say which";
    let kind = event.kind().as_str();
    if kind == "discord.INTERACTION_CREATE" {
        return format!("{NOT_STORED} (an interaction that is too late to be answered is skipped)");
    }
    if all_kinds().all(|info| info.kind != kind) {
        return format!(
            "{NOT_STORED} (its kind has no type, so that only raw handlers can take it)"
        );
    }
    NOT_STORED.to_owned()
}

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Kind, OpenEvent, Origin, Parked, Place};
    use jiff::Timestamp;

    use super::*;

    fn state(cursor: &Cursor, position: u64) -> State {
        let draft = Draft::new(
            Kind::from_static("queup.chat-message"),
            Place::new("room/1"),
            Origin::frame("c", 1),
            Timestamp::UNIX_EPOCH,
            "{}",
        );
        let event = Event::stored(Position::new(position), "choir".into(), draft);
        by_cursor(cursor, &event).0
    }

    #[test]
    fn a_cursor_says_what_is_open_waits_is_unread_or_done() {
        let mut cursor = Cursor::at(Position::new(10));
        assert_eq!(state(&cursor, 10), State::Done);
        assert_eq!(state(&cursor, 11), State::Unread);
        cursor.open.push(OpenEvent {
            position: Position::new(7),
            starts: 2,
        });
        assert_eq!(state(&cursor, 7), State::Open);
        cursor.parked.push(Parked {
            lane: "room/1".into(),
            from: Position::new(8),
        });
        assert_eq!(state(&cursor, 8), State::Waiting);
        assert_eq!(state(&cursor, 6), State::Done);
        cursor.parked[0].lane = "room/2".into();
        assert_eq!(state(&cursor, 8), State::Done);
        cursor.parked_all = Some(Position::new(9));
        assert_eq!(state(&cursor, 9), State::Waiting);
        assert_eq!(state(&cursor, 8), State::Done);
    }
}
