//! Frames, and what follows from them.

use std::{sync::Arc, time::Duration};

use antiphon_core::{
    BodyForm, Checkpoint, Draft, Edge, Entry, Kind, LinkState, Origin, Part, Place, Provenance,
    Secret,
};
use base64::Engine as _;
use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::{
    ANSWER_WITHIN, CONNECTIONS, Cut, EDGE_SLACK, HOLD_BYTES, HOLD_EVENTS, Heart, Joining,
    LONGEST_ECHO, LONGEST_ID, Moment, OWN, PING_INTERVAL, PING_TIMEOUT, Phase, REFETCH_AFTER,
    REJOIN_AFTER, SANE_INTERVAL, SOCKET, SONG_END_SLACK, Session, Task, VERSION,
    channel::{Attachment, Channel, Held, Hold, Stored},
    identity::is_plain,
};
use crate::{
    error::JoinError,
    event::{
        MESSAGE, PACKET, ROOM_ACTION, SONG_UPDATE, action_kind, channel_place, room_action_kind,
        user_place,
    },
    model::{ChatId, Presence, RoomInfo, Slug, UserId},
    wire,
};

impl Session {
    /// A text frame arrived (protocol §3.1).
    ///
    /// Whatever it is, it becomes an event, or is counted in `skipped` as one of engine.io's own packets without content.
    ///
    /// # Errors
    /// The socket has to be closed.
    pub(crate) fn on_text(&mut self, text: &Bytes, now: Moment) -> Result<(), Cut> {
        let rest = text.slice(text.len().min(1)..);
        match text.first() {
            Some(b'0') => {
                if self.on_handshake(&rest, now) {
                    self.skipped.note("open");
                } else {
                    self.keep(text, now);
                }
            }
            Some(b'1') => {
                self.control("close", text, now);
                return Err(Cut("the server closed the connection".into()));
            }
            // The server never asks; if it does, it is answered.
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
                self.on_pong(now);
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

    /// A binary frame arrived: engine.io's first byte is the packet's number itself.
    pub(crate) fn on_binary(&mut self, bytes: &Bytes, now: Moment) {
        if bytes.first() == Some(&4) {
            self.on_message(&bytes.slice(1..), now);
        } else {
            self.keep(bytes, now);
        }
    }

    /// One of engine.io's own packets: counted without content, kept with any.
    fn control(&mut self, reason: &'static str, frame: &Bytes, now: Moment) {
        if frame.len() == 1 {
            self.skipped.note(reason);
        } else {
            self.keep(frame, now);
        }
    }

    /// A frame that is no message packet becomes an event with the whole frame as its body.
    fn keep(&mut self, frame: &Bytes, now: Moment) {
        self.packets += 1;
        let origin = Origin::frame(&format!("{}/packet", self.connection), self.packets);
        let place = self.place(None);
        let mut draft = Draft::new(
            Kind::from_static(PACKET),
            place,
            origin,
            now.wall,
            frame.clone(),
        );
        draft.form = BodyForm::of(frame);
        self.emit(None, draft, None, now);
    }

    /// The open packet; whether it is one, and the socket's first.
    fn on_handshake(&mut self, body: &[u8], now: Moment) -> bool {
        let open: Option<wire::Open> = (body.first() == Some(&b'{'))
            .then(|| serde_json::from_slice(body).ok())
            .flatten();
        let was_told = self.heart.as_ref().is_some_and(|heart| heart.is_told);
        let is_open = open.is_some();
        if is_open || self.heart.is_none() {
            self.begin_to_beat(open, now);
        }
        is_open && !was_told
    }

    fn begin_to_beat(&mut self, open: Option<wire::Open>, now: Moment) {
        let is_told = open.is_some();
        let open = open.unwrap_or_default();
        let sane = |ms: Option<i64>, default| {
            let ms = ms
                .unwrap_or(default)
                .clamp(SANE_INTERVAL.0, SANE_INTERVAL.1);
            Duration::from_millis(ms.unsigned_abs())
        };
        let interval = sane(open.ping_interval, PING_INTERVAL);
        self.heart = Some(Heart {
            interval,
            timeout: sane(open.ping_timeout, PING_TIMEOUT),
            ping_at: Some(now.at + interval),
            pong: None,
            is_told,
            asked: None,
        });
    }

    fn on_pong(&mut self, now: Moment) {
        if let Some(heart) = &mut self.heart {
            heart.pong = None;
            heart.ping_at = Some(now.at + heart.interval);
            // What the server sent before it read the ping has been read: nothing older is missing.
            if let (Some(asked), Some(last)) = (heart.asked.take(), &mut self.last)
                && last.connection.as_deref() == Some(&*self.connection)
            {
                let asked = asked.checked_sub(EDGE_SLACK).unwrap_or(asked);
                last.at = last.at.max(asked);
            }
        }
        // The server wrote this after everything that went before, and we have read all that.
        self.behind_since = None;
    }

    /// A message packet: it is counted, and becomes an event whatever it holds.
    fn on_message(&mut self, body: &Bytes, now: Moment) {
        self.frame += 1;
        let Ok(mut outer) = serde_json::from_slice::<wire::Outer<'_>>(body) else {
            self.other(Kind::from_static(MESSAGE), None, body, now);
            return;
        };
        let Some(action) = outer.action else {
            self.other(Kind::from_static(MESSAGE), None, body, now);
            return;
        };
        let channel = outer.channel.as_deref().filter(|name| !name.is_empty());
        match action {
            4 => {
                let connection = outer.connection().map(std::borrow::Cow::into_owned);
                let client = outer.client_id.as_deref().map(str::to_owned);
                self.on_connected(connection, client, body, now);
            }
            11 => {
                let channel = channel.unwrap_or_default().to_owned();
                self.on_attached(&channel, body, now);
            }
            13 => {
                let channel = channel.unwrap_or_default().to_owned();
                self.on_detached(&channel, body, now);
            }
            15 => {
                let channel = channel.map(str::to_owned);
                let message = outer
                    .message
                    .take()
                    .and_then(|inner| Said::read(&inner, body));
                match message {
                    Some(said) => self.on_room_action(channel.as_deref(), &said, now),
                    None => self.other(
                        Kind::from_static(ROOM_ACTION),
                        channel.as_deref(),
                        body,
                        now,
                    ),
                }
            }
            9 => {
                let error = outer.error.map(crate::event::words).unwrap_or_default();
                tracing::warn!(error, "the socket server reported an error");
                self.other(action_kind(9), channel, body, now);
            }
            other => self.other(action_kind(other), channel, body, now),
        }
    }

    /// Where what follows this frame begins: dated back, since nobody knows how long the frame was on the way.
    fn edge(&self, now: Moment) -> Edge {
        let read = self
            .behind_since
            .map_or(now.wall, |since| since.min(now.wall));
        let at = read.checked_sub(EDGE_SLACK).unwrap_or(read);
        Edge::frame(at, self.connection.clone(), self.frame)
    }

    fn place(&self, channel: Option<&str>) -> Place {
        match channel {
            Some(name) => match self.channels.get(name) {
                Some(channel) => channel.place.clone(),
                None => channel_place(name),
            },
            None => user_place(&self.me.clone().unwrap_or_default()),
        }
    }

    /// An event with the outer message as its body.
    fn other(&mut self, kind: Kind, channel: Option<&str>, body: &Bytes, now: Moment) {
        let place = self.place(channel);
        let mut draft = Draft::new(
            kind,
            place,
            Origin::frame(&self.connection, self.frame),
            now.wall,
            body.clone(),
        );
        if draft.kind.as_str() == MESSAGE {
            draft.form = BodyForm::of(body);
        }
        self.emit(channel, draft, None, now);
    }

    /// Queues an event, or holds it back with the others of its place.
    ///
    /// `time` is when it was said by the server's clock (ms), for what a room's history has too.
    fn emit(&mut self, channel: Option<&str>, draft: Draft, time: Option<i64>, now: Moment) {
        let edge = self.edge(now);
        self.last = Some(edge);
        let mut update = None;
        if let Some(name) = channel
            && let Some(channel) = self.channels.get_mut(name)
        {
            if draft.kind.as_str() == SONG_UPDATE
                && let Some(room) = &mut channel.room
            {
                room.updates += 1;
                update = Some((name, draft.body.clone()));
            }
            if let Some(hold) = &mut channel.hold {
                hold.bytes += draft.weight();
                hold.events.push_back(Held { draft, time });
                if hold.events.len() > HOLD_EVENTS || hold.bytes > HOLD_BYTES {
                    tracing::warn!(channel = name, "too many events wait for the history");
                    self.release(name, None, now);
                }
                return;
            }
            if draft.kind.as_str() == "queup.chat-message" && channel.room.is_some() {
                // Carries the time of the last message, and the edge as well.
                let checkpoint = self.channel_checkpoint(name);
                self.push(Entry {
                    event: Some(draft),
                    checkpoint,
                });
                return;
            }
        }
        let checkpoint = self.socket_checkpoint();
        self.push(Entry {
            event: Some(draft),
            checkpoint,
        });
        if let Some((name, body)) = update {
            self.on_song_update(name, &body, now);
        }
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.bytes += entry.weight();
        self.entries.push_back(entry);
    }

    pub(super) fn next_mark(&mut self) -> i64 {
        self.mark += 1;
        self.mark
    }

    pub(super) fn socket_checkpoint(&mut self) -> Option<Checkpoint> {
        let state = serde_json::to_vec(self.last.as_ref()?).expect("an edge is plain data");
        Some(Checkpoint {
            part: SOCKET.into(),
            state: state.into(),
            mark: self.next_mark(),
        })
    }

    pub(super) fn channel_checkpoint(&mut self, name: &str) -> Option<Checkpoint> {
        let mark = self.next_mark();
        let channel = self.channels.get(name)?;
        let room = channel.room.as_ref();
        let (chats, apart) = self.chats_to_keep(room);
        let stored = Stored {
            v: VERSION,
            joined: channel.wanted,
            slug: room.map(|room| room.slug.clone()),
            joined_at: channel.joined_at,
            last_chat: room.and_then(|room| room.last_chat),
            chat_floor: room.and_then(|room| room.chat_floor),
            from: channel.from.clone(),
            last: self.last.clone(),
            chats,
            apart,
            playing: room.and_then(|room| room.playing.clone()),
        };
        Some(Checkpoint {
            part: Arc::clone(&channel.part),
            state: serde_json::to_vec(&stored)
                .expect("a checkpoint is plain data")
                .into(),
            mark,
        })
    }

    /// Queues the channel's checkpoint alone.
    pub(super) fn push_channel(&mut self, name: &str) -> Option<(Part, i64)> {
        let checkpoint = self.channel_checkpoint(name)?;
        let key = (Arc::clone(&checkpoint.part), checkpoint.mark);
        self.push(Entry::checkpoint(checkpoint));
        Some(key)
    }

    /// An event that antiphon makes itself.
    pub(super) fn synthetic(
        &mut self,
        kind: &'static str,
        place: Place,
        body: impl Into<Bytes>,
        now: Moment,
    ) {
        let draft = self.made(kind, place, body.into(), now);
        self.push(Entry::event(draft));
    }

    pub(super) fn made(
        &mut self,
        kind: &'static str,
        place: Place,
        body: Bytes,
        now: Moment,
    ) -> Draft {
        self.made += 1;
        let mut draft = Draft::new(
            Kind::from_static(kind),
            place,
            Origin::frame(&self.nonce, self.made),
            now.wall,
            body,
        )
        .provenance(Provenance::Synthetic);
        draft.form = BodyForm::of(&draft.body);
        draft
    }

    /// Action 4: the socket is established.
    fn on_connected(
        &mut self,
        connection: Option<String>,
        client: Option<String>,
        body: &Bytes,
        now: Moment,
    ) {
        let fits = |id: &String| !id.is_empty() && id.len() <= LONGEST_ID;
        // A second greeting changes nothing: the socket is the same.
        let is_first = !matches!(self.phase, Phase::Open);
        if let Some(id) = connection.filter(fits).filter(|_| is_first) {
            self.name_connection(id);
        }
        if let Some(id) = client.filter(fits) {
            self.client_id = id;
        }
        if is_first {
            // The first frame that is stored of this socket becomes the last one that a restart knows of.
            self.push_outages();
        }
        self.other(action_kind(4), None, body, now);
        if !is_first {
            return;
        }
        self.phase = Phase::Open;
        self.backoff.connected(now.at);
        self.set_link(LinkState::Connected { since: now.wall }, now);
        let own = format!("user:{}", self.me.clone().unwrap_or_default());
        self.channels
            .entry(own)
            .or_insert_with_key(|name| Channel::new(name, now.wall));
        let names: Vec<String> = self.channels.keys().cloned().collect();
        for name in names {
            self.attach(&name, now);
        }
        if !std::mem::replace(&mut self.configured, true) {
            self.join_configured();
        }
        if std::mem::replace(&mut self.conversations_wanted, false) {
            self.tasks.push_back(Task::Conversations);
        }
    }

    /// Queues the checkpoints of the channels of which frames may be missing, with where that began.
    fn push_outages(&mut self) {
        let outages = self
            .channels
            .iter()
            .filter(|(_, channel)| channel.from.is_some());
        let names: Vec<String> = outages.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.push_channel(&name);
        }
    }

    /// Takes up the server's id of the connection; in origins only if no earlier socket had it.
    fn name_connection(&mut self, id: String) {
        if self.used.is_new(&id) {
            self.used.note(&id);
            let state = serde_json::to_vec(&self.used).expect("ids are texts");
            let checkpoint = Checkpoint {
                part: CONNECTIONS.into(),
                state: state.into(),
                mark: self.next_mark(),
            };
            // Before the first event that bears the id.
            self.push(Entry::checkpoint(checkpoint));
            self.connection.clone_from(&id);
        } else if is_plain(&id) {
            self.connection = format!("{id}-{}", self.connection);
        }
        self.connection_id = id;
    }

    fn join_configured(&mut self) {
        for slug in self.rules.rooms.clone() {
            let known = self.channels.values().any(|channel| {
                let room = channel.room.as_ref();
                channel.wanted
                    && room.is_some_and(|room| {
                        room.slug == slug || *room.id.as_str() == *slug.as_str()
                    })
            });
            if !known {
                self.join(slug, None, None);
            }
        }
    }

    pub(super) fn join(
        &mut self,
        slug: Slug,
        password: Option<Secret>,
        reply: Option<oneshot::Sender<Result<RoomInfo, JoinError>>>,
    ) {
        self.next_join += 1;
        let id = self.next_join;
        self.tasks.push_back(Task::Join {
            id,
            slug: slug.clone(),
            password: password.clone(),
        });
        self.joins.push(Joining {
            id,
            slug,
            password,
            reply,
            retry_at: None,
        });
    }

    /// Asks for a channel, once a checkpoint says that the account has it.
    pub(super) fn attach(&mut self, name: &str, now: Moment) {
        let last = self.last.clone();
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        if !channel.wanted
            || channel.attachment != Attachment::No
            || !matches!(self.phase, Phase::Open)
        {
            return;
        }
        if channel.settled {
            self.ask(name, 1, now);
            return;
        }
        // What happens between the server's yes and ours must be seen as missing after a crash.
        channel
            .from
            .get_or_insert_with(|| last.unwrap_or_else(|| Edge::at(now.wall)));
        channel.attachment = Attachment::Settling;
        if let Some((part, mark)) = self.push_channel(name) {
            self.tasks.push_back(Task::Stored {
                channel: name.to_owned(),
                epoch: self.epoch,
                part,
                mark,
            });
        }
    }

    /// Sends actions 10 and 14.
    pub(super) fn ask(&mut self, name: &str, tries: u8, now: Moment) {
        if let Some(channel) = self.channels.get_mut(name) {
            channel.attachment = Attachment::Asked {
                by: now.at + ANSWER_WITHIN,
                tries,
            };
            let is_room = channel.room.is_some();
            let join = serde_json::json!({ "action": 10, "channel": name });
            self.replies.push_back(format!("4{join}"));
            if is_room {
                self.send_presence(name, Presence::Enter);
            }
        }
    }

    pub(super) fn send_presence(&mut self, name: &str, presence: Presence) {
        let presence = serde_json::json!({
            "action": 14,
            "channel": name,
            "presence": {
                "action": presence.number(),
                "clientId": self.client_id,
                "connectionId": self.connection_id,
                "data": {},
            },
        });
        self.replies.push_back(format!("4{presence}"));
    }

    /// Action 11: a channel is attached.
    fn on_attached(&mut self, name: &str, body: &Bytes, now: Moment) {
        // Not dated back: whatever was sent before this frame was sent before now.
        let to = Edge::frame(now.wall, self.connection.clone(), self.frame);
        let epoch = self.epoch;
        let history = self.rules.backfill > 0;
        let Some(channel) = self.channels.get_mut(name) else {
            self.other(action_kind(11), Some(name), body, now);
            return;
        };
        let asked = matches!(channel.attachment, Attachment::Asked { .. });
        if !asked || !channel.wanted {
            self.other(action_kind(11), Some(name), body, now);
            return;
        }
        channel.attachment = Attachment::Yes;
        channel.settled = true;
        match (&channel.room, channel.outage.is_some()) {
            (Some(room), true) => {
                self.tasks.push_back(Task::Rejoin {
                    room: room.id.clone(),
                    slug: room.slug.clone(),
                    epoch,
                    history,
                    updates: room.updates,
                });
                channel.hold = Some(Hold::new(Some(to), now));
                self.other(action_kind(11), Some(name), body, now);
            }
            (None, true) => {
                self.report_gap(name, to, 0, now);
                self.other(action_kind(11), Some(name), body, now);
                self.clear_gap(name);
            }
            (Some(room), false) => {
                let (id, updates) = (room.id.clone(), room.updates);
                let (answer, place) = (room.answer.clone(), channel.place.clone());
                self.other(action_kind(11), Some(name), body, now);
                self.clear_gap(name);
                self.room_is_well(name, now);
                if let Some(answer) = answer {
                    self.synthetic("queup.room", place, answer, now);
                }
                self.tasks.push_back(Task::State { room: id, updates });
                self.admit(name);
            }
            (None, false) => {
                self.other(action_kind(11), Some(name), body, now);
                self.clear_gap(name);
            }
        }
    }

    /// Nothing is missing from here on.
    fn clear_gap(&mut self, name: &str) {
        if let Some(channel) = self.channels.get_mut(name) {
            channel.from = None;
            channel.outage = None;
            self.push_channel(name);
        }
    }

    /// Tells those who asked for the room that it is joined.
    pub(super) fn admit(&mut self, name: &str) {
        let room = self
            .channels
            .get_mut(name)
            .and_then(|channel| channel.room.as_mut());
        if let Some(room) = room
            && let Some(info) = &room.info
        {
            for waiter in room.waiters.drain(..) {
                let _ = waiter.send(Ok(info.clone()));
            }
        }
    }

    /// Action 13: a channel is detached; unless we asked, it is attached again after a pause.
    fn on_detached(&mut self, name: &str, body: &Bytes, now: Moment) {
        self.other(action_kind(13), Some(name), body, now);
        let last = self.last.clone();
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        if channel.wanted && channel.attachment == Attachment::Yes {
            self.release(name, None, now);
            if let Some(channel) = self.channels.get_mut(name) {
                channel.attachment = Attachment::No;
                channel.lose(last, "the server detached the channel", now.wall);
                self.push_channel(name);
                self.try_later(name, REJOIN_AFTER, "the server detached the channel", now);
            }
        }
    }

    /// Action 15: something happened in a room, or to the account.
    fn on_room_action(&mut self, channel: Option<&str>, said: &Said, now: Moment) {
        let glance = if said.is_looked_into() {
            serde_json::from_slice::<wire::Glance<'_>>(&said.body).unwrap_or_default()
        } else {
            wire::Glance::default()
        };
        let chat = glance
            .chatid
            .as_deref()
            .filter(|id| !id.is_empty() && id.len() <= LONGEST_ID);
        let is_message = said.kind.as_str() == "queup.chat-message";
        let is_deletion = said.kind.as_str() == "queup.delete-chat-message";
        let chat = chat.filter(|_| is_message || is_deletion);
        let (origin, deletes) = match chat {
            Some(chat) => {
                let origins = self.chat_origins(channel.unwrap_or_default(), chat);
                if is_message {
                    (origins.message, None)
                } else {
                    (origins.deletion, Some(origins.message))
                }
            }
            None => (Origin::frame(&self.connection, self.frame), None),
        };
        // A message's id tells its time as well; in that of a deletion stands the message's.
        let in_id = || ChatId::from(chat?).parts().map(|(_, ms)| ms);
        let time = glance.time.or_else(|| in_id().filter(|_| is_message));
        let time = time.filter(|_| chat.is_some());
        let mut draft = Draft::new(
            said.kind.clone(),
            self.place(channel),
            origin,
            now.wall,
            said.body.clone(),
        );
        draft.form = said.form;
        draft.deletes = deletes;
        let Some(name) = channel.filter(|name| self.channels.contains_key(*name)) else {
            // A channel that is not ours: kept, but nothing follows from it.
            self.emit(channel, draft, None, now);
            return;
        };
        if let Some(chat) = chat {
            self.note_chat(name, chat, &draft, &glance);
        }
        if said.kind.as_str() == "queup.new-message"
            && let Some(conversation) = glance.messageid.as_deref()
        {
            self.await_conversation(name, conversation, now);
        }
        self.emit(Some(name), draft, time, now);
        self.consequences(name, said.kind.name(), &glance, now);
    }

    /// Remembers a message or its deletion, and tells a request that waits for the message.
    fn note_chat(&mut self, name: &str, chat: &str, draft: &Draft, glance: &wire::Glance<'_>) {
        let is_message = draft.deletes.is_none();
        let author = glance.user.id().map(UserId::from);
        let author = author.or_else(|| ChatId::from(chat).parts().map(|(user, _)| user));
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        let Some(room) = &mut channel.room else {
            return;
        };
        room.see(draft.origin.clone(), glance.time.filter(|_| is_message));
        if !is_message || author.is_none() || author != self.me {
            return;
        }
        let (time, text) = (
            glance.time.unwrap_or_default(),
            glance.message.as_deref().unwrap_or_default().to_owned(),
        );
        let own = (room.id.clone(), time, text, ChatId::from(chat));
        if self.own.len() >= OWN {
            self.own.pop_front();
        }
        self.own.push_back(own);
        self.answer_echoes();
    }

    pub(super) fn answer_echoes(&mut self) {
        let waiting = std::mem::take(&mut self.echoes);
        for echo in waiting {
            if echo.reply.is_closed() {
                continue;
            }
            let found = self.own.iter().rfind(|(room, time, text, _)| {
                *room == echo.room && (*time == echo.time || *text == echo.text)
            });
            match found {
                Some((_, _, _, chat)) => {
                    let _ = echo.reply.send(chat.clone());
                }
                None => self.echoes.push_back(echo),
            }
        }
    }

    /// Holds the account's events back until an unknown conversation was fetched (protocol §9, 17).
    fn await_conversation(&mut self, name: &str, conversation: &str, now: Moment) {
        if self.conversations.contains(conversation) {
            return;
        }
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        if channel.room.is_some() || channel.hold.is_some() {
            return;
        }
        let before = self.last.clone();
        channel.hold = Some(Hold::new(None, now));
        // The events that wait lie behind this, should we not live to store them.
        channel.from = before.or_else(|| Some(Edge::at(now.wall)));
        self.push_channel(name);
        self.tasks.push_back(Task::Conversations);
    }

    /// What follows from a room action.
    fn consequences(&mut self, name: &str, kind: &str, glance: &wire::Glance<'_>, now: Moment) {
        let me = self.me.clone();
        let is_me = |id: Option<&str>| id.is_some() && id == me.as_ref().map(UserId::as_str);
        let Some(room) = self
            .channels
            .get_mut(name)
            .filter(|channel| channel.wanted)
            .and_then(|channel| channel.room.as_mut())
        else {
            return;
        };
        match kind {
            // The server sometimes drops us without cause: wait, then join again (protocol §3.4).
            "user-leave" if is_me(glance.user.id()) && !room.leaving => {
                room.rejoin_at = Some(now.at + REJOIN_AFTER);
            }
            "user-kick" if is_me(glance.kicked_user.id()) => {
                self.expelled(name, "kicked", glance, now);
            }
            "user-ban" if is_me(glance.kicked_user.id()) => {
                self.expelled(name, "banned", glance, now);
            }
            "room_playlist-update" => {
                let Some(song) = &glance.song else {
                    return;
                };
                let left = song.song_length;
                let gone = glance.start_time.unwrap_or_default().max(0);
                let left = left.map(|length| length.saturating_sub(gone.saturating_mul(1000)));
                room.active_at = left
                    .and_then(|ms| u64::try_from(ms).ok())
                    .map(|ms| now.at + Duration::from_millis(ms.min(86_400_000)) + SONG_END_SLACK);
                room.queue_at.get_or_insert(now.at + REFETCH_AFTER);
            }
            // What follows is told by an update, unless nothing does.
            "chat-skip" => {
                let by = now.at + REFETCH_AFTER;
                room.active_at = Some(room.active_at.map_or(by, |at| at.min(by)));
            }
            "room_playlist-queue-update-dub"
            | "room_playlist-queue-update"
            | "room_playlist-queue-reorder"
            | "room_playlist-queue-remove-user-song"
            | "room_playlist-queue-remove-user" => {
                room.queue_at.get_or_insert(now.at + REFETCH_AFTER);
            }
            _ => {}
        }
    }

    /// The account was kicked or banned, which its user must learn.
    fn expelled(&mut self, name: &str, code: &str, glance: &wire::Glance<'_>, now: Moment) {
        let Some(channel) = self.channels.get(name) else {
            return;
        };
        let place = channel.place.clone();
        let words: String = glance
            .message
            .as_deref()
            .unwrap_or_default()
            .chars()
            .take(200)
            .collect();
        let reason = if words.is_empty() {
            format!("the account was {code} from the room")
        } else {
            format!("the account was {code} from the room: {words}")
        };
        let hint = "ask a moderator of the room, then join it again or restart";
        self.removed(name);
        self.room_stops(&place, code, &reason, hint, now);
    }

    /// The room is no longer ours, and is not joined again by itself.
    pub(super) fn removed(&mut self, name: &str) {
        if let Some(channel) = self.channels.get_mut(name) {
            channel.wanted = false;
            channel.attachment = Attachment::No;
            if let Some(room) = &mut channel.room {
                room.rejoin_at = None;
                room.again_at = None;
                room.queue_at = None;
                room.active_at = None;
                room.leaving = false;
                for waiter in room.waiters.drain(..) {
                    let _ = waiter.send(Err(JoinError::Removed));
                }
            }
            self.replies.push_back(format!(
                "4{}",
                serde_json::json!({ "action": 12, "channel": name })
            ));
            self.push_channel(name);
        }
    }
}

/// The inside of an action 15.
struct Said {
    kind: Kind,
    body: Bytes,
    form: BodyForm,
}

impl Said {
    /// Decodes `message.data`, which is JSON inside a JSON string; `None` if there is nothing usable.
    fn read(inner: &wire::Inner<'_>, frame: &Bytes) -> Option<Self> {
        let data: &RawValue = inner.data?;
        let body = match data.get().as_bytes().first()? {
            b'"' => Bytes::from(serde_json::from_str::<String>(data.get()).ok()?),
            // Not as documented, but plain enough.
            b'{' | b'[' => frame.slice_ref(data.get().as_bytes()),
            _ => return None,
        };
        let form = BodyForm::of(&body);
        let kind = if let Some(name) = inner.name.as_deref().filter(|name| !name.is_empty()) {
            room_action_kind(name)?
        } else {
            let glance: wire::Glance<'_> = serde_json::from_slice(&body).ok()?;
            room_action_kind(glance.kind.as_deref()?)?
        };
        Some(Self { kind, body, form })
    }

    /// Whether the session needs to know what it says.
    fn is_looked_into(&self) -> bool {
        matches!(
            self.kind.name(),
            "chat-message"
                | "delete-chat-message"
                | "user-leave"
                | "user-kick"
                | "user-ban"
                | "new-message"
                | "room_playlist-update"
        )
    }
}
