//! Frames of the socket, each of which becomes an event or is counted (protocol §3.1, §3.2).
//!
//! | frame | becomes |
//! | --- | --- |
//! | `4` or binary 4, a message packet | an event of its action; action 15 of its inner document |
//! | `0`, the first open packet | nothing: it sets the heartbeat, and is counted as `open` |
//! | `1` to `3`, `5`, `6` without content | nothing: counted |
//! | anything else | `queup.packet`, with the whole frame as its body |
//!
//! `emit` is the one way out: it notes the last frame's edge, holds the event back if its place waits for a history,
//! and otherwise queues it with the checkpoint that it completes.

use antiphon_core::{BodyForm, Draft, Entry, Kind, Place};
use base64::Engine as _;
use bytes::Bytes;

use super::{
    Cut, Moment, Session,
    channel::Held,
    room_action::{Action, RoomAction, inner_body},
};
use crate::{
    event::{MESSAGE, PACKET, action_kind, channel_place, words},
    wire,
};

/// Longest text of a ping that the pong repeats, in bytes.
const LONGEST_ECHO: usize = 125;
/// Bounds on the events of one place that wait for its history.
pub(super) const HOLD_EVENTS: usize = 4096;
/// Weight of the events of one place that may wait, in bytes.
const HOLD_BYTES: usize = 4 << 20;

impl Session {
    /// Takes a text frame: an event, or one of engine.io's own packets without content, which `skipped` counts.
    ///
    /// # Errors
    /// The socket has to be closed.
    pub(crate) fn on_text(&mut self, text: &Bytes, now: Moment) -> Result<(), Cut> {
        let rest = text.slice(text.len().min(1)..);
        match text.first() {
            Some(b'0') => {
                if self.connection.on_open_packet(&rest, now) {
                    self.skipped.note("open");
                } else {
                    self.keep(text, now);
                }
            }
            Some(b'1') => {
                self.control("close", text, now);
                return Err(Cut("the server closed the connection".into()));
            }
            // The server never pings; if it does, it gets a pong.
            Some(b'2') => {
                let echo = if rest.len() <= LONGEST_ECHO {
                    &rest[..]
                } else {
                    b""
                };
                let echo = String::from_utf8_lossy(echo);
                self.replies.push_back(format!("3{echo}"));
                self.control("heartbeat", text, now);
            }
            Some(b'3') => {
                self.connection.on_pong(now);
                self.control("heartbeat", text, now);
            }
            Some(b'4') => self.on_message(&rest, now),
            Some(b'b') if rest.first() == Some(&b'4') => {
                match base64::engine::general_purpose::STANDARD.decode(&rest[1..]) {
                    Ok(body) => self.on_message(&body.into(), now),
                    Err(_) => self.keep(text, now),
                }
            }
            // 5 and 6 belong to polling.
            Some(b'5' | b'6') => self.control("noop", text, now),
            _ => self.keep(text, now),
        }
        Ok(())
    }

    /// Takes a binary frame: its first byte is the packet's number.
    pub(crate) fn on_binary(&mut self, bytes: &Bytes, now: Moment) {
        if bytes.first() == Some(&4) {
            self.on_message(&bytes.slice(1..), now);
        } else {
            self.keep(bytes, now);
        }
    }

    /// Counts one of engine.io's own packets, or keeps it if it has content.
    fn control(&mut self, reason: &'static str, frame: &Bytes, now: Moment) {
        if frame.len() == 1 {
            self.skipped.note(reason);
        } else {
            self.keep(frame, now);
        }
    }

    /// Emits a frame that is no message packet, with the whole frame as the body.
    fn keep(&mut self, frame: &Bytes, now: Moment) {
        let origin = self.connection.packet_origin();
        let kind = Kind::from_static(PACKET);
        let mut draft = Draft::new(kind, self.own_place(), origin, now.wall, frame.clone());
        draft.form = BodyForm::of(frame);
        self.emit(None, Action::Other, draft, None, now);
    }

    /// Takes a message packet, which always becomes an event.
    fn on_message(&mut self, body: &Bytes, now: Moment) {
        self.connection.count_frame();
        let outer = antiphon_core::read_json::<wire::Outer<'_>>(body).ok();
        let Some((action, mut outer)) = outer.and_then(|outer| Some((outer.action?, outer))) else {
            self.other(Kind::from_static(MESSAGE), None, body, now);
            return;
        };
        let channel = outer.channel.take().filter(|name| !name.is_empty());
        let channel = channel.as_deref();
        match action {
            4 => {
                let connection = outer.connection().map(std::borrow::Cow::into_owned);
                let client = outer.client_id.as_deref().map(str::to_owned);
                self.on_connected(connection, client, body, now);
            }
            11 => self.on_attached(channel.unwrap_or_default(), body, now),
            13 => self.on_detached(channel.unwrap_or_default(), body, now),
            15 => {
                let inner = outer.message.unwrap_or_default();
                let data = inner_body(&inner, body);
                let room_action = data
                    .as_ref()
                    .and_then(|data| RoomAction::read(inner.name.as_deref(), data));
                match room_action {
                    Some(room_action) => self.on_room_action(channel, &room_action, now),
                    None => self.other(action_kind(15), channel, body, now),
                }
            }
            9 => {
                let error = outer.error.map(words).unwrap_or_default();
                tracing::warn!(error, "the socket server reported an error");
                self.other(action_kind(9), channel, body, now);
            }
            other => self.other(action_kind(other), channel, body, now),
        }
    }

    /// Place of a channel's frames; of the own account without one.
    pub(super) fn place(&self, channel: Option<&str>) -> Place {
        match channel {
            Some(name) => match self.channels.get(name) {
                Some(channel) => channel.place.clone(),
                None => channel_place(name),
            },
            None => self.own_place(),
        }
    }

    /// Emits a message packet that is no room action, with the outer message as the body.
    pub(super) fn other(&mut self, kind: Kind, channel: Option<&str>, body: &Bytes, now: Moment) {
        let origin = self.connection.origin();
        let mut draft = Draft::new(kind, self.place(channel), origin, now.wall, body.clone());
        if draft.kind.as_str() == MESSAGE {
            draft.form = BodyForm::of(body);
        }
        self.emit(channel, Action::Other, draft, None, now);
    }

    /// Queues an event, or holds it back with the others of its place.
    ///
    /// `time` is its time by the server's clock (ms), for messages and deletions.
    pub(super) fn emit(
        &mut self,
        channel: Option<&str>,
        action: Action,
        draft: Draft,
        time: Option<i64>,
        now: Moment,
    ) {
        self.connection.last = Some(self.connection.edge(now));
        let own = channel.and_then(|name| Some((name, self.channels.get_mut(name)?)));
        let Some((name, channel)) = own else {
            let checkpoint = self.socket_checkpoint();
            self.push_with(draft, checkpoint);
            return;
        };
        let is_room = channel.room.is_some();
        if let Some(room) = &mut channel.room {
            room.updates += u64::from(action == Action::SongUpdate);
            room.members_moved |= action.moves_members();
        }
        if let Some(hold) = &mut channel.hold {
            hold.bytes += draft.weight();
            hold.events.push_back(Held {
                action,
                draft,
                time,
            });
            if hold.events.len() > HOLD_EVENTS || hold.bytes > HOLD_BYTES {
                tracing::warn!(channel = name, "too many events wait for the history");
                self.release(name, None, now);
            }
            return;
        }
        let update = (action == Action::SongUpdate && is_room).then(|| draft.body.clone());
        let checkpoint = if action == Action::Message && is_room {
            // It has the time of the last message, and the edge as well.
            self.channel_checkpoint(name)
        } else {
            self.socket_checkpoint()
        };
        self.push_with(draft, checkpoint);
        if let Some(body) = update {
            self.on_song_update(name, &body, now);
        }
    }

    /// Queues an event with the checkpoint that it completes.
    pub(super) fn push_with(
        &mut self,
        draft: Draft,
        checkpoint: Option<antiphon_core::Checkpoint>,
    ) {
        self.outbox.push(Entry {
            event: Some(draft),
            checkpoint,
        });
    }
}
