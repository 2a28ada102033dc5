//! Holes in the stream, and what the rooms' history has of them.

use std::collections::{HashMap, VecDeque};

use antiphon_core::{BodyForm, Draft, Edge, Entry, Gap, Kind, Provenance};
use bytes::Bytes;

use super::{
    AGAIN_AFTER, AGAIN_TRIES, FALSE_ALARMS, HOLD_BYTES, HOLD_EVENTS, HOLD_TIME, Moment, Session,
    Task,
    room::{Catching, Coming, Held},
};
use crate::{
    error::RequestError,
    event::{MALFORMED, room_place, row_origin},
    model::{EventId, RoomId},
    wire::{Header, Shape},
};

/// A row of a history: its header, and its bytes.
pub(crate) type Row = (Header, Bytes);

/// What a room's history had.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// Events, in order, none twice; posted messages may have no event id.
    pub(crate) rows: Vec<Row>,
    /// What is no event: elements that name none, or an answer without a list.
    pub(crate) odd: Vec<Bytes>,
    /// How many events it had beside them that were heard before.
    pub(crate) old: usize,
    /// Whether it reaches back to the count that was asked for, for events of every kind.
    pub(crate) whole: bool,
    /// The server's count when the newest of it was asked for.
    pub(crate) time: Option<i64>,
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
            message: room.message,
            at: room.since(),
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
        for coming in held.events {
            self.push(Entry::event(coming.draft));
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
        let recovered = self.recovered(id, past.rows, since, now);
        let count = recovered.len() as u64;
        let time = self.believed(id, past.time).unwrap_or_default();
        if let Some(room) = self.rooms.get_mut(&id) {
            let newest = recovered.iter().filter_map(|coming| coming.id).max();
            let reached = newest.map_or(0, EventId::get).max(time);
            room.fetched = room.fetched.max(reached);
            room.recovered = room.recovered.max(reached);
            room.overlap.clear();
            for message in recovered.iter().filter_map(|coming| coming.message) {
                room.hear_message(message.get());
            }
            room.false_alarms = if count == 0 && past.whole {
                room.false_alarms.saturating_add(1)
            } else {
                0
            };
        }
        if !whole {
            let cause = match recovered.first() {
                Some(Coming { id: Some(id), .. }) => {
                    format!(
                        "{outage}; the history is not whole between event {since} and event {id}"
                    )
                }
                Some(Coming {
                    message: Some(message),
                    ..
                }) => format!(
                    "{outage}; the history is not whole between event {since} and message {message}"
                ),
                Some(_) => format!("{outage}; the history is not whole after event {since}"),
                None => format!("{outage}; the history has nothing after event {since}"),
            };
            let gap = Gap::new(from.clone(), catching.to.clone(), cause).recovered(count);
            self.synthetic(Gap::KIND, room_place(id), gap.body(), now);
        }
        self.lose_notifications(id, from, catching.to, &outage, now);
        let held = catching.held.map(|held| held.events).unwrap_or_default();
        for coming in merged(recovered, held) {
            self.push(Entry::event(coming.draft));
        }
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        room.reach(since.max(room.heard));
        let checkpoint = room.checkpoint(now);
        self.push(Entry::checkpoint(checkpoint));
    }

    /// What the history has and nobody has heard yet.
    fn recovered(&mut self, room: RoomId, rows: Vec<Row>, since: i64, now: Moment) -> Vec<Coming> {
        let mut recovered = Vec::with_capacity(rows.len());
        let mut shapes: HashMap<Shape, usize> = HashMap::new();
        for (header, body) in rows {
            let id = header.id.map(EventId::new);
            let message = header.posted();
            let is_known = match (id, message) {
                (Some(id), _) if id.get() <= since || !self.is_new(id) => true,
                (Some(_), Some(_)) => self.was_fetched(room, &header, &body),
                (None, Some(message)) => self.posted.contains_key(&message),
                (None, None) => self.was_heard(room, &body),
                (Some(_), None) => false,
            };
            if is_known {
                self.skipped.note("repeat");
                continue;
            }
            let origin = if id.is_none() && message.is_none() {
                let shape = Shape::of(&body);
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.rows.push(shape);
                }
                let nth = shapes.entry(shape).or_default();
                *nth += 1;
                row_origin(self.count, room, shape, *nth - 1)
            } else {
                self.origin(&header)
            };
            let draft = self.draft(room, &header, origin, body, now);
            recovered.push(Coming {
                id,
                message,
                draft: draft.provenance(Provenance::Backfilled),
            });
        }
        recovered
    }

    /// Whether a row without any id is an event that was heard while the history was asked; each counts once.
    fn was_heard(&mut self, room: RoomId, body: &Bytes) -> bool {
        let room = self.rooms.get_mut(&room);
        room.is_some_and(|room| Shape::take(&mut room.overlap, body))
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

/// Rows of the history and live events as one list, in the order in which they happened.
///
/// Event ids tell the order, and message ids where there are none; what neither tells of was before the live event.
fn merged(rows: Vec<Coming>, live: VecDeque<Coming>) -> Vec<Coming> {
    let mut all = Vec::with_capacity(rows.len() + live.len());
    let mut rows = rows.into_iter().peekable();
    let mut live = live.into_iter().peekable();
    while let (Some(row), Some(event)) = (rows.peek(), live.peek()) {
        let is_first = match (row.id, event.id, row.message, event.message) {
            (Some(row), Some(event), ..) => row < event,
            (_, _, Some(row), Some(event)) => row < event,
            _ => true,
        };
        all.extend(if is_first { rows.next() } else { live.next() });
    }
    all.extend(rows);
    all.extend(live);
    all
}
