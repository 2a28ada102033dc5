//! Reading frames.
//!
//! A frame is read in this order: counters first, since they tell whether something is missing before the frame; then
//! events; then the keys that are no events (`timeout`, `reset`, `exit`); and at last the room's counts move, with a
//! checkpoint behind the frame's events. Rules: docs/protocol/stackexchange.md §5.3, §5.4, §11.1, §11.2, §11.15,
//! §11.22.
//!
//! Every element leaves a row, or a count under one of the reasons that the crate's front page lists. Elements that are
//! no events keep the name of the socket and the frame's number as their origin, so that no two of them are taken for
//! one.

use std::{sync::Arc, time::Duration};

use antiphon_core::{BodyForm, Draft, Edge, Kind, Moment, Origin, Place, Provenance};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::{
    HOLD_EVENTS, LEAP, LineId, Session, SocketId,
    mentions::Mention,
    room::{Arrival, Counted, Ending},
};
use crate::{
    event::{
        AccessChange, EXIT, MALFORMED, RESET, TIMEOUT, elsewhere_place, kind_of, note, room_place,
    },
    model::{EventId, EventType, MessageId, RoomId, Server, UserId},
    wire::{self, Frame, Header, RoomBody, RoomFrame, Shape},
};

/// The outage of a hole that was found while the socket was open.
pub(super) const LEFT_OUT: &str = "the server left out a stretch";
/// The age that a socket has reached before the server's wish for a new one is followed.
///
/// A server that asks to load again with every frame would otherwise cost a socket each time.
const RENEW_AFTER: Duration = Duration::from_secs(10);

/// The frame that is being read.
///
/// It lives for the reading of one frame.
pub(super) struct Reading<'a> {
    pub(super) line: LineId,
    /// The connection's name in edges.
    pub(super) connection: &'a Arc<str>,
    /// The connection's name in origins.
    pub(super) name: &'a str,
    /// Number of the frame on its connection, from 1.
    pub(super) frame: u64,
    /// When a poll asked for it; absent for a socket's.
    pub(super) asked_at: Option<Timestamp>,
    pub(super) bytes: &'a Bytes,
    /// When its last byte was read, by both clocks; every event of the frame is dated by it.
    pub(super) now: Moment,
    /// Number of elements so far that have no id of their own.
    pub(super) index: u32,
    /// Whether an event was queued for the room that is being read.
    pub(super) queued: bool,
}

impl Reading<'_> {
    /// The origin of an element without an id: its place in the connection.
    fn origin(&mut self) -> Origin {
        let origin = Origin::frame(self.name, self.frame);
        self.index += 1;
        if self.index == 1 {
            origin
        } else {
            Origin::from(format!("{origin}/{}", self.index - 1))
        }
    }

    /// The edge of a gap at this frame.
    fn edge(&self) -> Edge {
        Edge::frame(self.now.wall, &**self.connection, self.frame)
    }

    /// A part of the frame, for an event's body.
    fn slice(&self, raw: &RawValue) -> Bytes {
        antiphon_core::keep_part(self.bytes, raw.get().as_bytes())
    }
}

impl Session {
    /// Reads a frame of a socket.
    pub(crate) fn on_bytes(&mut self, id: SocketId, bytes: &Bytes, now: Moment) {
        let Some(line) = self.lines.get_mut(&id.line) else {
            return;
        };
        let Some(stream) = line.stream.as_mut().filter(|stream| stream.id == id) else {
            return;
        };
        stream.frame += 1;
        stream.heard_at = now.at;
        let (connection, frame) = (Arc::clone(&stream.connection), stream.frame);
        let name = Arc::clone(&stream.name);
        let edge = Edge::frame(now.wall, &*connection, frame);
        // The frame itself may show it, so it is looked at before it is read.
        let repeats = self.repeats_unheard(id.line, bytes);
        if !repeats {
            self.end_unheard(id.line, edge.clone(), now);
        }
        self.on_frame(Reading {
            line: id.line,
            connection: &connection,
            name: &name,
            frame,
            asked_at: None,
            bytes,
            now,
            index: 0,
            queued: false,
        });
        self.heard(id.line, edge, repeats);
    }

    /// Reads a frame of a socket, or the answer to a poll.
    ///
    /// The frame becomes rows with the events' own bytes, or one row with the whole frame, or a count in `skipped`.
    pub(super) fn on_frame(&mut self, mut reading: Reading<'_>) {
        let (line, bytes, now) = (reading.line, reading.bytes, reading.now);
        match Frame::parse(bytes) {
            Ok(frame) => {
                if frame.rooms.is_empty() && !frame.has_unknown && !frame.reset {
                    self.skipped.note("heartbeat");
                }
                let unknown = self.unknown_place(&reading, &frame);
                for (room, part) in &frame.rooms {
                    self.on_part(&mut reading, *room, part);
                }
                if let Some(place) = unknown {
                    self.queue_element(&mut reading, MALFORMED, place, bytes.clone());
                }
                if frame.reset {
                    self.queue_element(&mut reading, RESET, Place::root(), bytes.clone());
                    self.renew(line, now);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a frame that is none");
                let place = Place::root();
                self.queue_element(&mut reading, MALFORMED, place, bytes.clone());
            }
        }
        self.acknowledge();
    }

    /// The place of a frame that has unknown keys or values: a room if they are under its key alone.
    ///
    /// `None` for a frame in which everything is known, or left to another line.
    fn unknown_place(&self, reading: &Reading<'_>, frame: &Frame<'_>) -> Option<Place> {
        let rooms = frame.rooms.iter();
        let mut unknown = rooms
            .filter(|(id, part)| part.has_unknown() && !self.is_left_to_another(*id, reading.line))
            .map(|(id, _)| *id);
        match (frame.has_unknown, unknown.next(), unknown.next()) {
            (false, None, _) => None,
            (false, Some(room), None) => Some(self.place(room)),
            _ => Some(Place::root()),
        }
    }

    /// Whether a room is read, but not on this line, or not yet.
    ///
    /// Its own line brings the same in its own order, from where the room was heard last (protocol §5.4).
    fn is_left_to_another(&self, room: RoomId, line: LineId) -> bool {
        self.rooms.contains_key(&room) && !self.is_served(room, line)
    }

    /// Reads the part of a frame for one room.
    fn on_part(&mut self, reading: &mut Reading<'_>, id: RoomId, part: &RoomFrame<'_>) {
        if self.is_left_to_another(id, reading.line) {
            self.skipped.note("other-line");
            return;
        }
        let Some(body) = &part.body else {
            // The frame is kept as a whole.
            return;
        };
        let asks = body.timeout.is_some() || body.reset == Some(true) || body.exit == Some(true);
        if body.e.is_empty() && !asks && !body.has_unknown {
            let counts = body.t.is_some() || body.d.is_some();
            self.skipped
                .note(if counts { "counter" } else { "heartbeat" });
        }
        reading.queued = false;
        self.note_counters(reading, id, body);
        let mut highest = self.plausible(id, body.t).unwrap_or_default();
        let mut left = false;
        let mut kicked = None;
        for element in &body.e {
            if element.get() == "null" {
                self.skipped.note("null");
                continue;
            }
            let Some(header) = Header::of(element) else {
                let raw = reading.slice(element);
                let place = self.place(id);
                self.queue_element(reading, MALFORMED, place, raw);
                continue;
            };
            highest = highest.max(self.plausible(id, header.id.0).unwrap_or_default());
            left |= self.is_me(header.target_user_id.or(header.user_id.0))
                && header.event_type.0 == Some(EventType::USER_LEFT.0);
            if self.is_kick(&header, element) {
                kicked = header.id.0;
            }
            let raw = reading.slice(element);
            self.on_event(reading, id, &header, raw);
        }
        if body.timeout.is_some() {
            let raw = reading.slice(part.raw);
            let place = self.place(id);
            self.queue_element(reading, TIMEOUT, place, raw);
        }
        if body.reset == Some(true) {
            let raw = reading.slice(part.raw);
            let place = self.place(id);
            self.queue_element(reading, RESET, place, raw);
            self.renew(reading.line, reading.now);
        }
        let exit = body.exit == Some(true);
        if exit {
            let raw = reading.slice(part.raw);
            let place = self.place(id);
            self.queue_element(reading, EXIT, place, raw);
        }
        self.advance(reading, id, highest);
        // A kick that is only replayed may be over: the room was announced since, and let the account in.
        let now_kicked = left
            && kicked.is_some_and(|event| {
                self.rooms
                    .get(&id)
                    .is_some_and(|room| event > room.announcement.top)
            });
        if exit || now_kicked {
            tracing::warn!(room = %id, "the account was removed from the room");
            self.remove_room(id, Ending::Removed, reading.now);
        }
    }

    /// Returns a counter, unless it is beyond anything the server can have reached: it would hide every later event.
    pub(super) fn plausible(&self, room: RoomId, count: Option<i64>) -> Option<i64> {
        let known = self
            .rooms
            .get(&room)
            .map(|room| room.announcement.top.max(room.heard));
        count.filter(|count| known.is_none_or(|known| *count <= known.saturating_add(LEAP)))
    }

    /// Whether a line serves the room, and has begun to.
    fn is_served(&self, room: RoomId, line: LineId) -> bool {
        self.line_of(room) == line && self.rooms.get(&room).is_some_and(|room| room.attached)
    }

    /// Whether a user is the account.
    fn is_me(&self, user: Option<i64>) -> bool {
        user.is_some() && user == self.me.as_ref().map(|me| me.id.get())
    }

    /// Whether an event says that the account may not come back for now (protocol §8.3).
    fn is_kick(&self, header: &Header, element: &RawValue) -> bool {
        if header.event_type.0 != Some(EventType::ACCESS_LEVEL_CHANGED.0)
            || !self.is_me(header.target_user_id.0)
        {
            return false;
        }
        let event: wire::Event<'_> = serde_json::from_str(element.get()).unwrap_or_default();
        matches!(
            AccessChange::of(event.content.as_deref()),
            AccessChange::PrivCreated(_)
        )
    }

    /// Finds a hole between the frame and the last count that was heard (protocol §5.3).
    fn note_counters(&mut self, reading: &Reading<'_>, id: RoomId, body: &RoomBody<'_>) {
        let (Some(t), Some(d)) = (self.plausible(id, body.t), body.d) else {
            return;
        };
        if !self.rooms.contains_key(&id) {
            return;
        }
        let line = self.lines.get_mut(&reading.line);
        if let Some(stream) = line.and_then(|line| line.stream.as_mut())
            && reading.asked_at.is_none()
        {
            stream.counts = true;
        }
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        let begins_after = t.saturating_sub(d.max(0));
        let is_hole = begins_after > room.heard.max(room.fetched) && room.is_credible();
        if let Some(catching) = room.catching.as_mut().filter(|_| is_hole) {
            catching.missed = true;
            catching.to = reading.edge();
        } else if is_hole {
            room.proof = None;
            room.may_miss(LEFT_OUT, reading.now);
            let to = reading.edge();
            self.catch_up(id, to, reading.now);
        } else if room.proof.as_ref().is_some_and(|proof| t >= proof.until) {
            room.is_whole();
        }
        if let Some(room) = self.rooms.get_mut(&id).filter(|room| t >= room.heard) {
            room.counted = Some(match reading.asked_at {
                None => Counted {
                    at: reading.now.wall,
                    by: Some((Arc::clone(reading.connection), reading.frame)),
                },
                // The server may have answered long before the answer arrived.
                Some(at) => Counted { at, by: None },
            });
        }
    }

    /// Moves the room's counts after all its events of a frame were queued, and queues the checkpoint that covers them.
    fn advance(&mut self, reading: &Reading<'_>, id: RoomId, highest: i64) {
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        room.heard = room.heard.max(highest);
        if room.catching.is_some() || room.proof.is_some() {
            // Events below `heard` may be missing; `t` waits for them.
            return;
        }
        room.reach(room.t.unwrap_or_default().max(room.heard));
        if room.heard >= room.fetched {
            // Every event that was under way when the history was asked has come.
            room.rows.clear();
        }
        if reading.queued || room.is_unsaved(reading.now) {
            self.outbox.checkpoint(room.checkpoint(reading.now));
        }
    }

    /// Queues an event, or holds it back, or skips it as a repeat.
    fn on_event(&mut self, reading: &mut Reading<'_>, key: RoomId, header: &Header, body: Bytes) {
        let id = EventId::new(header.id.unwrap_or_default());
        let its = header.room_id.map_or(key, RoomId::new);
        if self
            .rooms
            .get(&its)
            .is_some_and(|room| id.get() <= room.began)
        {
            // A shared socket begins where its room that was heard least begins.
            tracing::trace!(room = %its, %id, "an event from before the room was joined");
            self.skipped.note("before-join");
            return;
        }
        let plausible = self.plausible(key, header.id.0).is_some();
        if let Some(message) = header.posted().filter(|_| its == key && plausible)
            && let Some(room) = self.rooms.get_mut(&key)
        {
            room.hear_message(message.get());
        }
        if !self.identities.is_new(id) || self.was_fetched(key, header, &body) {
            tracing::trace!(room = %its, %id, "an event that came before");
            self.skipped.note("repeat");
            return;
        }
        let room = self.rooms.get_mut(&key);
        // Up to the count at which the room was announced the server repeats events on request, and an event that the
        // history went past is late.
        let top = room.map(|room| {
            let overlaps = room.catching.is_some() || room.proof.is_some();
            if overlaps && header.posted().is_none() && room.overlap.len() < HOLD_EVENTS {
                room.overlap.push(Shape::of(&body));
            }
            room.announcement.top.max(room.recovered)
        });
        let provenance = if top.is_some_and(|top| id.get() <= top) {
            Provenance::Replayed
        } else {
            Provenance::Live
        };
        let origin = self.identities.origin(header);
        let draft = self
            .draft(key, header, origin, body, reading.now)
            .provenance(provenance);
        let held = self
            .rooms
            .get_mut(&key)
            .and_then(|room| room.catching.as_mut())
            .and_then(|catching| catching.held.as_mut())
            .filter(|_| draft.place == room_place(key));
        let Some(held) = held else {
            self.outbox.event(draft);
            reading.queued = true;
            return;
        };
        held.bytes += draft.weight();
        held.events.push_back(Arrival {
            id: Some(id),
            message: header.posted(),
            draft,
        });
        if held.is_full() {
            tracing::warn!(room = %key, "too much came while the history was fetched");
            self.release_held(key);
            reading.queued = true;
        }
    }

    /// Whether the history gave an event before, in a row without its id.
    pub(super) fn was_fetched(&mut self, key: RoomId, header: &Header, body: &Bytes) -> bool {
        if let Some(message) = header.posted() {
            let event = header.id.map(EventId::new);
            return self.identities.was_fetched(message, event);
        }
        let room = self.rooms.get_mut(&key);
        room.is_some_and(|room| Shape::take(&mut room.rows, body))
    }

    /// Makes the draft of an event, live or from a history.
    pub(super) fn draft(
        &mut self,
        key: RoomId,
        header: &Header,
        origin: Origin,
        body: Bytes,
        now: Moment,
    ) -> Draft {
        let number = header.event_type.unwrap_or_default();
        let room = header.room_id.map_or(key, RoomId::new);
        let place = self.place(room);
        let mut draft = Draft::new(kind_of(number), place, origin, now.wall, body);
        let message = header.message_id.map(MessageId::new);
        let mut me = None;
        match (EventType(number), message) {
            (EventType::MESSAGE_POSTED, Some(message)) => {
                let (origin, event) = (draft.origin.clone(), header.id.map(EventId::new));
                self.identities.posted(message, origin, event);
            }
            (EventType::MESSAGE_DELETED, Some(message)) => {
                draft.deletes = Some(self.identities.origin_of(message));
            }
            (EventType::USER_MENTIONED | EventType::MESSAGE_REPLY, _) => {
                me = self.me.as_ref().map(|me| me.id);
                if let Some(message) = message.filter(|_| self.is_me(header.target_user_id.0))
                    && let Some(id) = header.id.map(EventId::new)
                    && self.rules.acknowledge
                {
                    self.mentions.push(Mention {
                        room: key,
                        event: id,
                        message,
                    });
                }
            }
            _ => {}
        }
        // A text without a note is of the most common server.
        let server = self.rules.server;
        let server = (server != Server::default() && links(&draft.body)).then_some(server);
        draft.note = note(me, server);
        draft
    }

    /// The place of an event of a room: the room if the account reads it, else the account.
    fn place(&self, room: RoomId) -> Place {
        if self.rooms.contains_key(&room) {
            return room_place(room);
        }
        let me = self.me.as_ref().map_or(UserId::default(), |me| me.id);
        elsewhere_place(me, room)
    }

    /// Queues an element without an id.
    fn queue_element(
        &mut self,
        reading: &mut Reading<'_>,
        kind: &'static str,
        place: Place,
        body: Bytes,
    ) {
        let origin = reading.origin();
        let form = BodyForm::of(&body);
        let mut draft = Draft::new(
            Kind::from_static(kind),
            place,
            origin,
            reading.now.wall,
            body,
        );
        draft.form = form;
        self.outbox.event(draft);
        reading.queued = true;
    }

    /// Replaces a socket because the server asks to load again; the new one begins where the rooms were heard last.
    fn renew(&mut self, id: LineId, now: Moment) {
        let line = self.lines.get_mut(&id);
        let Some(stream) = line.and_then(|line| line.stream.as_mut()) else {
            return;
        };
        // A server that asks with every frame is not followed into a loop.
        stream.lives_for = stream.lives_for.min(RENEW_AFTER);
        self.line_deadline(id, now);
    }
}

/// Whether an event's text may have addresses.
fn links(body: &[u8]) -> bool {
    body.windows(4)
        .any(|window| window == b"href" || window == b"src=")
}
