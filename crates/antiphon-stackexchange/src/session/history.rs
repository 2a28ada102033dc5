//! Holes in the stream, and what the rooms' history has of them.

use std::collections::VecDeque;

use antiphon_core::{BodyForm, Draft, Edge, Entry, Gap, Kind, Provenance};
use bytes::Bytes;

use super::{
    AGAIN_AFTER, AGAIN_TRIES, FALSE_ALARMS, HOLD_BYTES, HOLD_EVENTS, HOLD_TIME, Moment, Session,
    Task,
    room::{Catching, Held},
};
use crate::{
    error::RequestError,
    event::{MALFORMED, room_place},
    model::{EventId, RoomId},
    wire::Header,
};

/// What a room's history had.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// Events, ascending by id, none twice.
    pub(crate) events: Vec<(Header, Bytes)>,
    /// What is no event: elements without an id, or an answer without a list.
    pub(crate) odd: Vec<Bytes>,
    /// How many events it had beside them that were heard before.
    pub(crate) old: usize,
    /// Whether it reaches back to the count that was asked for, for events of every kind.
    pub(crate) whole: bool,
}

impl Held {
    /// Whether no more can wait.
    pub(super) fn is_full(&self) -> bool {
        self.events.len() >= HOLD_EVENTS || self.bytes >= HOLD_BYTES
    }
}

impl Session {
    /// Something is missing of a room: asks its history, and holds back what comes meanwhile.
    pub(super) fn catch_up(&mut self, id: RoomId, to: Edge, now: Moment) {
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        room.catching = Some(Catching {
            round: 0,
            to,
            held: Some(Held {
                events: VecDeque::new(),
                bytes: 0,
                until: now.at + HOLD_TIME,
            }),
            tries: 0,
            missed: false,
            renewed: 0,
            again_at: None,
        });
        self.ask_history(id);
    }

    pub(super) fn ask_history(&mut self, id: RoomId) {
        self.round += 1;
        let round = self.round;
        let most = self.rules.backfill;
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        let Some(catching) = &mut room.catching else {
            return;
        };
        catching.round = round;
        catching.tries += 1;
        catching.missed = false;
        catching.again_at = None;
        self.tasks.push_back(Task::History {
            room: id,
            round,
            since: room.t.unwrap_or_default(),
            most,
        });
    }

    /// Lets held events go on; the history, if it comes, comes after them.
    pub(super) fn release(&mut self, id: RoomId, now: Moment) {
        let Some(held) = self
            .rooms
            .get_mut(&id)
            .and_then(|room| room.catching.as_mut())
            .and_then(|catching| catching.held.take())
        else {
            return;
        };
        for (_, draft) in held.events {
            self.push(Entry::event(draft));
        }
        let _ = now;
    }

    pub(super) fn on_history(
        &mut self,
        id: RoomId,
        round: u64,
        outcome: Result<Past, RequestError>,
        now: Moment,
    ) {
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        let Some(catching) = room.catching.as_mut().filter(|c| c.round == round) else {
            return;
        };
        let past = match outcome {
            // The answer may be from before the other hole.
            Ok(_) if catching.missed && catching.renewed < FALSE_ALARMS => {
                catching.renewed += 1;
                self.ask_history(id);
                return;
            }
            Ok(past) => past,
            Err(error) if error.is_transient() && catching.tries < AGAIN_TRIES => {
                tracing::warn!(room = %id, %error, "history not fetched; asked for again later");
                catching.again_at = Some(now.at + AGAIN_AFTER);
                return;
            }
            Err(error) => {
                tracing::warn!(room = %id, %error, "history not fetched");
                Past::default()
            }
        };
        let Some(catching) = room.catching.take() else {
            return;
        };
        let whole = past.whole && !catching.missed;
        let since = room.t.unwrap_or_default();
        let outage = room.outage.take().unwrap_or_default();
        let from = room.from.take().unwrap_or_else(|| catching.to.clone());
        room.proof = None;
        for _ in 0..past.old {
            self.skipped.note("repeat");
        }
        for body in past.odd {
            self.odd_of_history(id, body, now);
        }
        let mut events = self.recovered(id, past.events, since, now);
        let recovered = events.len() as u64;
        if let Some(room) = self.rooms.get_mut(&id) {
            let newest = events.last().map_or(0, |(id, _)| id.get());
            room.recovered = room.recovered.max(newest);
            room.false_alarms = if recovered == 0 && past.whole {
                room.false_alarms.saturating_add(1)
            } else {
                0
            };
        }
        if !whole {
            let first = events.first().map(|(id, _)| *id);
            let cause = match first {
                Some(first) => {
                    format!(
                        "{outage}; the history is not whole between event {since} and event {first}"
                    )
                }
                None => format!("{outage}; the history has nothing after event {since}"),
            };
            let gap = Gap::new(from.clone(), catching.to.clone(), cause).recovered(recovered);
            self.synthetic(Gap::KIND, room_place(id), gap.body(), now);
        }
        self.lose_notifications(id, from, catching.to, &outage, now);
        // By id, live ones among those from the history: that is the order in which things happened.
        events.extend(catching.held.map(|held| held.events).unwrap_or_default());
        events.sort_by_key(|(id, _)| *id);
        for (_, draft) in events {
            self.push(Entry::event(draft));
        }
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        room.t = Some(since.max(room.heard));
        let checkpoint = room.checkpoint(now);
        self.push(Entry::checkpoint(checkpoint));
    }

    /// Drafts of what the history has and nobody has heard yet.
    fn recovered(
        &mut self,
        room: RoomId,
        events: Vec<(Header, Bytes)>,
        since: i64,
        now: Moment,
    ) -> Vec<(EventId, Draft)> {
        let mut drafts = Vec::with_capacity(events.len());
        for (header, body) in events {
            let id = EventId::new(header.id.unwrap_or_default());
            if id.get() <= since || !self.is_new(id) {
                self.skipped.note("repeat");
                continue;
            }
            let draft = self.draft(room, &header, body, now);
            drafts.push((id, draft.provenance(Provenance::Backfilled)));
        }
        drafts
    }

    /// Something of a history that is no event.
    fn odd_of_history(&mut self, room: RoomId, body: Bytes, now: Moment) {
        let (kind, place) = (Kind::from_static(MALFORMED), room_place(room));
        let form = BodyForm::of(&body);
        let mut draft = Draft::new(kind, place, self.own_origin(), now.wall, body);
        draft.form = form;
        self.push(Entry::event(draft.provenance(Provenance::Backfilled)));
    }
}
