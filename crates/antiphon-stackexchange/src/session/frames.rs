//! What frames say.

use std::sync::Arc;

use antiphon_core::{BodyForm, Draft, Edge, Entry, Kind, Origin, Place, Provenance};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::{
    ACKS_WAITING, HOLD_EVENTS, LEAP, LEFT_OUT, LineId, Moment, Posted, RENEW_AFTER, Session,
    SocketId,
    room::{Coming, Counted, Ending, Held},
};
use crate::{
    event::{
        AccessChange, EXIT, MALFORMED, RESET, TIMEOUT, elsewhere_place, event_origin, kind_of,
        message_origin, note, room_place,
    },
    model::{EventId, EventType, MessageId, RoomId, Server, UserId},
    wire::{self, Frame, Header, RoomBody, RoomFrame, Shape},
};

/// The frame that is being read.
pub(super) struct Reading<'a> {
    pub(super) line: LineId,
    /// The connection's name in edges.
    pub(super) connection: &'a Arc<str>,
    /// The connection's name in origins.
    pub(super) name: &'a str,
    pub(super) frame: u64,
    /// When a poll asked for it; absent for a socket's.
    pub(super) asked_at: Option<Timestamp>,
    pub(super) bytes: &'a Bytes,
    pub(super) now: Moment,
    /// Counts what has no id of its own.
    pub(super) index: u32,
}

impl Reading<'_> {
    /// The identity of what has no id: its place in the connection.
    fn origin(&mut self) -> Origin {
        let origin = Origin::frame(self.name, self.frame);
        self.index += 1;
        if self.index == 1 {
            origin
        } else {
            Origin::from(format!("{origin}/{}", self.index - 1))
        }
    }

    fn edge(&self) -> Edge {
        Edge::frame(self.now.wall, &**self.connection, self.frame)
    }

    /// A part of the frame, without copying it.
    fn slice(&self, raw: &RawValue) -> Bytes {
        self.bytes.slice_ref(raw.get().as_bytes())
    }
}

impl Session {
    /// A frame came over a socket.
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
        // What the frame says is not heard yet, and may be what tells.
        let says_all = self.says_all_again(id.line, bytes);
        if !says_all {
            self.heard_again(id.line, edge.clone(), now);
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
        });
        self.heard(id.line, edge, says_all);
    }

    /// A frame came, over a socket or as the answer to a poll.
    ///
    /// It becomes rows with the events' own bytes, or one row with the whole frame, or a count in [`Session::skipped`].
    pub(super) fn on_frame(&mut self, mut reading: Reading<'_>) {
        let (line, bytes, now) = (reading.line, reading.bytes, reading.now);
        match Frame::parse(bytes) {
            Ok(frame) => {
                if frame.rooms.is_empty() && !frame.odd && !frame.reset {
                    self.skipped.note("heartbeat");
                }
                let odd = self.odd_place(&reading, &frame);
                for (room, part) in &frame.rooms {
                    self.on_part(&mut reading, *room, part);
                }
                if let Some(place) = odd {
                    self.odd(&mut reading, MALFORMED, place, bytes.clone());
                }
                if frame.reset {
                    self.odd(&mut reading, RESET, Place::root(), bytes.clone());
                    self.renew(line, now);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a frame that is none");
                let place = Place::root();
                self.odd(&mut reading, MALFORMED, place, bytes.clone());
            }
        }
        self.acknowledge();
    }

    /// The place of a frame that has something nobody knows: its room if that is of one room alone.
    ///
    /// `None` for a frame in which everything is known, or left to another line.
    fn odd_place(&self, reading: &Reading<'_>, frame: &Frame<'_>) -> Option<Place> {
        let rooms = frame.rooms.iter();
        let mut odd = rooms
            .filter(|(id, part)| part.is_odd() && !self.is_left_to_another(*id, reading.line))
            .map(|(id, _)| *id);
        match (frame.odd, odd.next(), odd.next()) {
            (false, None, _) => None,
            (false, Some(room), None) => Some(self.place(room)),
            _ => Some(Place::root()),
        }
    }

    /// Whether a room of ours is not read on this line, or not yet.
    ///
    /// Its own line says the same in its own order, from where the room was heard last (protocol §5.4).
    fn is_left_to_another(&self, room: RoomId, line: LineId) -> bool {
        self.rooms.contains_key(&room) && !self.is_served(room, line)
    }

    /// What a frame has for one room.
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
        if body.e.is_empty() && !asks && !body.odd {
            let counts = body.t.is_some() || body.d.is_some();
            self.skipped
                .note(if counts { "counter" } else { "heartbeat" });
        }
        let queued = self.entries.len();
        self.note_counters(reading, id, body);
        let mut highest = self.believed(id, body.t).unwrap_or_default();
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
                self.odd(reading, MALFORMED, place, raw);
                continue;
            };
            highest = highest.max(self.believed(id, header.id).unwrap_or_default());
            left |= self.is_me(header.target_user_id.or(header.user_id))
                && header.event_type == Some(EventType::USER_LEFT.0);
            if self.is_kick(&header, element) {
                kicked = header.id;
            }
            let raw = reading.slice(element);
            self.on_event(reading, id, &header, raw);
        }
        if body.timeout.is_some() {
            let raw = reading.slice(part.raw);
            let place = self.place(id);
            self.odd(reading, TIMEOUT, place, raw);
        }
        if body.reset == Some(true) {
            let raw = reading.slice(part.raw);
            let place = self.place(id);
            self.odd(reading, RESET, place, raw);
            self.renew(reading.line, reading.now);
        }
        let exit = body.exit == Some(true);
        if exit {
            let raw = reading.slice(part.raw);
            let place = self.place(id);
            self.odd(reading, EXIT, place, raw);
        }
        self.advance(reading, id, highest, queued);
        // A kick that is only replayed may be over: the room was announced since, and let us in.
        let now_kicked = left
            && kicked.is_some_and(|event| self.rooms.get(&id).is_some_and(|room| event > room.top));
        if exit || now_kicked {
            tracing::warn!(room = %id, "the account was removed from the room");
            self.forget(id, Ending::Removed, reading.now);
        }
    }

    /// A counter, unless it is beyond anything the server can have reached: it would hide all that follows.
    pub(super) fn believed(&self, room: RoomId, count: Option<i64>) -> Option<i64> {
        let known = self.rooms.get(&room).map(|room| room.top.max(room.heard));
        count.filter(|count| known.is_none_or(|known| *count <= known.saturating_add(LEAP)))
    }

    /// Whether a line serves the room, and has begun to.
    fn is_served(&self, room: RoomId, line: LineId) -> bool {
        self.line_of(room) == line && self.rooms.get(&room).is_some_and(|room| room.attached)
    }

    fn is_me(&self, user: Option<i64>) -> bool {
        user.is_some() && user == self.me.as_ref().map(|me| me.id.get())
    }

    /// Whether an event says that the account may not come back for now (protocol §8.3).
    fn is_kick(&self, header: &Header, element: &RawValue) -> bool {
        if header.event_type != Some(EventType::ACCESS_LEVEL_CHANGED.0)
            || !self.is_me(header.target_user_id)
        {
            return false;
        }
        let event: wire::Event<'_> = serde_json::from_str(element.get()).unwrap_or_default();
        matches!(
            AccessChange::of(event.content.as_deref()),
            AccessChange::PrivCreated(_)
        )
    }

    /// Looks whether the frame follows what was heard before (protocol §5.3).
    fn note_counters(&mut self, reading: &Reading<'_>, id: RoomId, body: &RoomBody<'_>) {
        let (Some(t), Some(d)) = (self.believed(id, body.t), body.d) else {
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
                // The server may have answered long before the answer came.
                Some(at) => Counted { at, by: None },
            });
        }
    }

    /// Everything that the frame has for the room stands in the queue; says so in a checkpoint.
    fn advance(&mut self, reading: &Reading<'_>, id: RoomId, highest: i64, queued: usize) {
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        room.heard = room.heard.max(highest);
        let had_events = self.entries.len() > queued;
        if room.catching.is_some() || room.proof.is_some() {
            // Below `heard` something may be missing; `t` waits for it.
            return;
        }
        room.reach(room.t.unwrap_or_default().max(room.heard));
        if room.heard >= room.fetched {
            // Whatever was under way when the history was asked has come.
            room.rows.clear();
        }
        if had_events {
            let checkpoint = room.checkpoint(reading.now);
            if let Some(last) = self.entries.back_mut() {
                let before = last.weight();
                last.checkpoint = Some(checkpoint);
                self.bytes += last.weight() - before;
            }
        } else if room.is_unsaved(reading.now) {
            let checkpoint = room.checkpoint(reading.now);
            self.push(Entry::checkpoint(checkpoint));
        }
    }

    /// One event.
    fn on_event(&mut self, reading: &Reading<'_>, key: RoomId, header: &Header, body: Bytes) {
        let id = EventId::new(header.id.unwrap_or_default());
        let its = header.room_id.map_or(key, RoomId::new);
        if self
            .rooms
            .get(&its)
            .is_some_and(|room| id.get() <= room.began)
        {
            // A shared socket begins where the room heard least begins.
            tracing::trace!(room = %its, %id, "an event from before the room was joined");
            self.skipped.note("before-join");
            return;
        }
        let believed = self.believed(key, header.id).is_some();
        if let Some(message) = header.posted().filter(|_| its == key && believed)
            && let Some(room) = self.rooms.get_mut(&key)
        {
            room.hear_message(message.get());
        }
        if !self.is_new(id) || self.was_fetched(key, header, &body) {
            tracing::trace!(room = %its, %id, "an event that came before");
            self.skipped.note("repeat");
            return;
        }
        let room = self.rooms.get_mut(&key);
        // Up to the count at which the room was announced the server sends what we asked for again, and what the
        // history went past is late.
        let top = room.map(|room| {
            let overlaps = room.catching.is_some() || room.proof.is_some();
            if overlaps && header.posted().is_none() && room.overlap.len() < HOLD_EVENTS {
                room.overlap.push(Shape::of(&body));
            }
            room.top.max(room.recovered)
        });
        let provenance = if top.is_some_and(|top| id.get() <= top) {
            Provenance::Replayed
        } else {
            Provenance::Live
        };
        let origin = self.origin(header);
        let draft = self
            .draft(key, header, origin, body, reading.now)
            .provenance(provenance);
        let held = self
            .rooms
            .get_mut(&key)
            .and_then(|room| room.catching.as_mut())
            .and_then(|catching| catching.held.as_mut())
            .filter(|_| draft.place == room_place(key));
        match held {
            Some(held) => {
                held.bytes += draft.weight();
                held.events.push_back(Coming {
                    id: Some(id),
                    message: header.posted(),
                    draft,
                });
                let full = Held::is_full(held);
                if full {
                    tracing::warn!(room = %key, "too much came while the history was fetched");
                    self.release(key, reading.now);
                }
            }
            None => self.push(Entry::event(draft)),
        }
    }

    /// Whether an event is the one of a row that the history gave without its id.
    pub(super) fn was_fetched(&mut self, key: RoomId, header: &Header, body: &Bytes) -> bool {
        if let Some(message) = header.posted() {
            let Some(posted) = self.posted.get_mut(&message) else {
                return false;
            };
            let was_fetched = posted.event.is_none();
            posted.event = posted.event.or(header.id.map(EventId::new));
            return was_fetched;
        }
        let room = self.rooms.get_mut(&key);
        room.is_some_and(|room| Shape::take(&mut room.rows, body))
    }

    /// The identity of an event that has an id, or of a posted message.
    pub(super) fn origin(&self, header: &Header) -> Origin {
        let id = EventId::new(header.id.unwrap_or_default());
        let by_event = || event_origin(self.count, id);
        let Some(message) = header.posted() else {
            return by_event();
        };
        match self.posted.get(&message) {
            // Another event claims the same message.
            Some(posted) if header.id.is_some() && posted.event != Some(id) => by_event(),
            // An earlier version may have stored it.
            _ if header.id.is_some() && self.named_after.is_none_or(|after| id.get() <= after) => {
                by_event()
            }
            _ => message_origin(self.count, message),
        }
    }

    /// An event as the journal takes it, live or from history.
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
                let posted = Posted {
                    origin: draft.origin.clone(),
                    event: header.id.map(EventId::new),
                };
                self.remember(message, posted);
            }
            (EventType::MESSAGE_DELETED, Some(message)) => {
                let posted = self.posted.get(&message);
                draft.deletes = Some(match posted {
                    Some(posted) => posted.origin.clone(),
                    None => message_origin(self.count, message),
                });
            }
            (EventType::USER_MENTIONED | EventType::MESSAGE_REPLY, _) => {
                me = self.me.as_ref().map(|me| me.id);
                if let Some(message) = message.filter(|_| self.is_me(header.target_user_id))
                    && let Some(id) = header.id.map(EventId::new)
                    && self.rules.acknowledge
                {
                    self.acks.push_back((key, id, message));
                    if self.acks.len() > ACKS_WAITING {
                        self.acks.pop_front();
                    }
                }
            }
            _ => {}
        }
        // Where nothing else is said, a text is of the server that is most common.
        let server = self.rules.server;
        let server = (server != Server::default() && links(&draft.body)).then_some(server);
        draft.note = note(me, server);
        draft
    }

    /// Where something of a room happened: in the room if the account is in it, else wherever the account is.
    fn place(&self, room: RoomId) -> Place {
        if self.rooms.contains_key(&room) {
            return room_place(room);
        }
        let me = self.me.as_ref().map_or(UserId::default(), |me| me.id);
        elsewhere_place(me, room)
    }

    /// Something without an id.
    fn odd(&mut self, reading: &mut Reading<'_>, kind: &'static str, place: Place, body: Bytes) {
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
        self.push(Entry::event(draft));
    }

    /// The server asks to load again: a new socket does that, from where the rooms were heard last.
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
