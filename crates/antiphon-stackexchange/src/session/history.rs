//! Holes in the stream, and the history that fills them.
//!
//! A hole is noticed in one of three ways: a frame begins after a later count than the last one heard
//! (`note_counters`), a new socket does not show in ten seconds that it began where it should (`Proof`), or a restart's
//! checkpoint lies behind the server. Then the room *catches up*: its history is asked, what comes live meanwhile is
//! held back, and both are merged in the order of their ids. Live events wait 60 s, 4,096 events or 4 MiB at most, and
//! are then released before the history.
//!
//! A history that could not be had is asked for again every 30 s, 20 times; after that, and wherever it is not whole, a
//! gap says what is missing and how much was recovered. Rules: docs/protocol/stackexchange.md §6.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use antiphon_core::{BodyForm, Draft, Edge, Gap, Kind, Moment, Provenance};
use bytes::Bytes;

use super::{
    FALSE_ALARMS, Session,
    room::{Arrival, Catching, Held},
    task::{Past, Row, Task},
};
use crate::{
    error::RequestError,
    event::{MALFORMED, room_place, row_origin},
    model::{EventId, RoomId},
    wire::Shape,
};

/// How long live events wait for the history at most.
///
/// Longer, and a room that is busy would be silent for its handlers.
const HOLD_TIME: Duration = Duration::from_secs(60);
/// The pause before a history that could not be had is asked for again.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
/// Requests for one history at most.
///
/// Ten minutes in all, with the pauses.
pub(super) const AGAIN_TRIES: u8 = 20;

impl Session {
    /// Asks the history of a room that misses events, and holds back the events that come meanwhile.
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

    /// Asks the history of a room that is catching up.
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

    /// Queues the events that were held back; the history, if it comes, follows them.
    pub(super) fn release_held(&mut self, id: RoomId) {
        let Some(held) = self
            .rooms
            .get_mut(&id)
            .and_then(|room| room.catching.as_mut())
            .and_then(|catching| catching.held.take())
        else {
            return;
        };
        for coming in held.events {
            self.outbox.event(coming.draft);
        }
    }

    /// Handles the answer of a history: queues its events, the gap if it is not whole, and the events held back.
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
        let outage = room.outage.take();
        let (from, outage) = outage.map_or_else(
            || (catching.to.clone(), String::new()),
            |outage| (outage.from, outage.cause),
        );
        room.proof = None;
        for _ in 0..past.old {
            self.skipped.note("repeat");
        }
        for body in past.malformed {
            self.queue_malformed(id, body, now);
        }
        let recovered = self.recovered(id, past.rows, since, now);
        let count = recovered.len() as u64;
        let time = self.plausible(id, past.time).unwrap_or_default();
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
                Some(Arrival { id: Some(id), .. }) => {
                    format!(
                        "{outage}; the history is not whole between event {since} and event {id}"
                    )
                }
                Some(Arrival {
                    message: Some(message),
                    ..
                }) => format!(
                    "{outage}; the history is not whole between event {since} and message {message}"
                ),
                Some(_) => format!("{outage}; the history is not whole after event {since}"),
                None => format!("{outage}; the history has nothing after event {since}"),
            };
            let gap = Gap::new(from.clone(), catching.to.clone(), cause).recovered(count);
            self.own_event(Gap::KIND, room_place(id), gap.body(), None, now);
        }
        self.note_hole(id, from, catching.to, &outage, now);
        let held = catching.held.map(|held| held.events).unwrap_or_default();
        for coming in merge_by_id(recovered, held) {
            self.outbox.event(coming.draft);
        }
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        room.reach(since.max(room.heard));
        let checkpoint = room.checkpoint(now);
        self.outbox.checkpoint(checkpoint);
    }

    /// Makes events of the rows that were not heard yet.
    ///
    /// `since` is the count up to which the room was heard; a row at or before it is a repeat.
    fn recovered(&mut self, room: RoomId, rows: Vec<Row>, since: i64, now: Moment) -> Vec<Arrival> {
        let mut recovered = Vec::with_capacity(rows.len());
        let mut shapes: HashMap<Shape, usize> = HashMap::new();
        for (header, body) in rows {
            let id = header.id.map(EventId::new);
            let message = header.posted();
            let is_known = match (id, message) {
                (Some(id), _) if id.get() <= since || !self.identities.is_new(id) => true,
                (Some(_), Some(_)) => self.was_fetched(room, &header, &body),
                (None, Some(message)) => self.identities.posted.contains(message),
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
                row_origin(self.identities.count, room, shape, *nth - 1)
            } else {
                self.identities.origin(&header)
            };
            let draft = self.draft(room, &header, origin, body, now);
            recovered.push(Arrival {
                id,
                message,
                draft: draft.provenance(Provenance::Backfilled),
            });
        }
        recovered
    }

    /// Whether a row without any id is an event that was heard while the history was asked; each is found once.
    fn was_heard(&mut self, room: RoomId, body: &Bytes) -> bool {
        let room = self.rooms.get_mut(&room);
        room.is_some_and(|room| Shape::take(&mut room.overlap, body))
    }

    /// Queues an element of a history that is no event.
    fn queue_malformed(&mut self, room: RoomId, body: Bytes, now: Moment) {
        let (kind, place) = (Kind::from_static(MALFORMED), room_place(room));
        let form = BodyForm::of(&body);
        let mut draft = Draft::new(kind, place, self.outbox.own_origin(), now.wall, body);
        draft.form = form;
        self.outbox.event(draft.provenance(Provenance::Backfilled));
    }
}

/// Merges rows of the history and live events in the order in which they happened.
///
/// Event ids tell the order, and message ids where there are none; a row without either was before the live event.
fn merge_by_id(rows: Vec<Arrival>, live: VecDeque<Arrival>) -> Vec<Arrival> {
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
