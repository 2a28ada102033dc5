//! Holes in the stream, and what the rooms' history has of them.

use std::collections::VecDeque;

use antiphon_core::{Draft, Edge, Entry, Gap, Provenance};
use bytes::Bytes;
use jiff::Timestamp;

use super::{
    AGAIN_AFTER, AGAIN_TRIES, FALSE_ALARMS, HOLD_BYTES, HOLD_EVENTS, HOLD_TIME, Moment, Session,
    Task,
    room::{Catching, Held},
};
use crate::{
    error::RequestError,
    event::{room_place, user_place},
    model::{EventId, RoomId},
    wire::Header,
};

/// What a room's history had.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// Events, ascending by id, none twice.
    pub(crate) events: Vec<(Header, Bytes)>,
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
        let mut events = self.recovered(id, past.events, since, now);
        let recovered = events.len() as u64;
        if let Some(room) = self.rooms.get_mut(&id) {
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
            if id.get() > since && self.is_new(id) {
                let draft = self.draft(room, &header, body, now);
                drafts.push((id, draft.provenance(Provenance::Backfilled)));
            }
        }
        drafts
    }

    /// What comes from other rooms, such as mentions and invitations, no history has.
    ///
    /// They come under any room's key, so any room's hole may have had some; one outage of several rooms is said once.
    fn lose_notifications(
        &mut self,
        room: RoomId,
        from: Edge,
        to: Edge,
        outage: &str,
        now: Moment,
    ) {
        let line = self.line_of(room);
        let (Some(me), Some(line)) = (&self.me, self.lines.get_mut(&line)) else {
            return;
        };
        let is_told = |(since, until): (Timestamp, Timestamp)| since <= from.at && to.at <= until;
        if line.told_missing.is_some_and(is_told) {
            return;
        }
        line.told_missing = Some((from.at, to.at));
        let place = user_place(me.id);
        let cause = format!("{outage}; no history has what comes from other rooms");
        let gap = Gap::new(from, to, cause);
        self.synthetic(Gap::KIND, place, gap.body(), now);
    }
}
