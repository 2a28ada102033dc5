//! Joining rooms, and attaching their channels to the socket (protocol §3.3, §3.4).
//!
//! ```text
//!   join ──Task::Join──▶ enter ──▶ Settling ──checkpoint stored──▶ Asked ──action 11──▶ Yes
//!                                     ▲                              │ 10 s, twice
//!        action 13, a new socket ─────┘                              ▼
//!                                                            No, again after 30 s
//! ```
//!
//! A channel is attached only once a checkpoint with its name is durable. After a crash, the next run then knows that
//! frames of it may have come, and reports them as missing.
//!
//! A room that is not attached in time is tried again alone if the own account's channel works; otherwise the socket
//! itself may be at fault, and is replaced.

use antiphon_core::{Edge, LinkState, Secret};
use bytes::Bytes;
use tokio::{sync::oneshot, time::Instant};

use super::{
    ANSWER_WITHIN, LONGEST_ID, Moment, Phase, REJOIN_AFTER, Session, Task,
    channel::{Attachment, Channel, Hold, room_channel},
};
use crate::{
    error::JoinError,
    event::{action_kind, room_place},
    model::{Presence, RoomId, RoomInfo, Slug},
};

/// Number of times that a channel is asked for on one socket.
pub(super) const ATTACH_TRIES: u8 = 2;

/// A room that is being found and joined by requests.
#[derive(Debug)]
pub(super) struct Joining {
    id: u64,
    pub(super) slug: Slug,
    password: Option<Secret>,
    /// Client that asked for it; absent for a room of the configuration.
    pub(super) reply: Option<oneshot::Sender<Result<RoomInfo, JoinError>>>,
    /// Room that stood under this name, which the server does not know any more.
    pub(super) instead_of: Option<RoomId>,
    /// Time of the next try; absent while a request is on its way.
    pub(super) retry_at: Option<Instant>,
}

impl Joining {
    /// The request to make.
    fn task(&self) -> Task {
        Task::Join {
            id: self.id,
            slug: self.slug.clone(),
            password: self.password.clone(),
            is_asked: self.reply.is_some(),
        }
    }
}

/// The rooms that are being joined by requests.
#[derive(Debug, Default)]
pub(super) struct Joins {
    /// Rooms whose request is on its way or planned.
    waiting: Vec<Joining>,
    /// Number of the newest join.
    pub(super) last_id: u64,
    /// Whether the rooms of the configuration were asked for in this run.
    configured: bool,
}

impl Joins {
    /// Begins to join a room; gives the first request.
    fn begin(
        &mut self,
        slug: Slug,
        password: Option<Secret>,
        reply: Option<oneshot::Sender<Result<RoomInfo, JoinError>>>,
    ) -> Task {
        self.last_id += 1;
        let joining = Joining {
            id: self.last_id,
            slug,
            password,
            reply,
            instead_of: None,
            retry_at: None,
        };
        let task = joining.task();
        self.waiting.push(joining);
        task
    }

    /// Begins to look for the room that stands under the name of one that is gone; gives the first request.
    fn look_up(&mut self, gone: RoomId, slug: Slug) -> Task {
        let task = self.begin(slug, None, None);
        if let Some(joining) = self.waiting.last_mut() {
            joining.instead_of = Some(gone);
        }
        task
    }

    /// Whether the name of a room is being looked up.
    fn is_looking_for(&self, gone: &RoomId) -> bool {
        let mut waiting = self.waiting.iter();
        waiting.any(|joining| joining.instead_of.as_ref() == Some(gone))
    }

    /// Whether the rooms of the configuration are to be asked for: once in a run.
    fn is_first(&mut self) -> bool {
        !std::mem::replace(&mut self.configured, true)
    }

    /// Whether each room of the configuration was found, or finally refused.
    pub(super) fn are_configured_known(&self) -> bool {
        let mut waiting = self.waiting.iter();
        let is_configured = |join: &Joining| join.reply.is_none() && join.instead_of.is_none();
        self.configured && !waiting.any(is_configured)
    }

    /// Takes out the room of an answer.
    pub(super) fn take(&mut self, id: u64) -> Option<Joining> {
        let index = self.waiting.iter().position(|join| join.id == id)?;
        Some(self.waiting.swap_remove(index))
    }

    /// Puts back a room that is tried again.
    pub(super) fn retry(&mut self, joining: Joining) {
        self.waiting.push(joining);
    }

    /// Time of the next call of [`Joins::due`].
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting.iter().filter_map(|join| join.retry_at).min()
    }

    /// The requests that are due.
    pub(super) fn due(&mut self, now: Moment) -> Vec<Task> {
        let due = |join: &mut Joining| join.retry_at.take_if(|at| *at <= now.at).is_some();
        let waiting = self.waiting.iter_mut();
        waiting
            .filter_map(|join| due(join).then(|| join.task()))
            .collect()
    }
}

impl Session {
    /// Action 4: the socket is established.
    pub(super) fn on_connected(
        &mut self,
        connection: Option<String>,
        client: Option<String>,
        body: &Bytes,
        now: Moment,
    ) {
        let fits = |id: &String| !id.is_empty() && id.len() <= LONGEST_ID;
        // A second greeting changes nothing: the socket is the same.
        let is_first = !matches!(self.phase, Phase::Open);
        if let Some(id) = connection.filter(fits).filter(|_| is_first)
            && self.connection.rename(id)
        {
            // Before the first event whose origin has the id.
            self.push_connections();
        }
        if let Some(id) = client.filter(fits) {
            self.connection.client_id = id;
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
        self.channels
            .entry(self.own_channel())
            .or_insert_with_key(|name| Channel::new(name, now.wall));
        for name in self.channel_names() {
            self.attach(&name, now);
        }
        if self.joins.is_first() {
            self.join_configured();
        }
        if std::mem::take(&mut self.conversations.wanted) {
            self.tasks.push_back(Task::Conversations);
        }
    }

    /// Joins the rooms of the configuration that no checkpoint has.
    fn join_configured(&mut self) {
        for slug in self.rules.rooms.clone() {
            let mut joined = self.channels.values().filter(|channel| channel.wanted);
            let is_known = joined.any(|channel| {
                let room = channel.room.as_ref();
                room.is_some_and(|room| room.is_named(&slug))
            });
            if !is_known {
                self.join(slug, None, None);
            }
        }
        self.leave_unlisted();
    }

    /// Begins to join a room by requests.
    pub(super) fn join(
        &mut self,
        slug: Slug,
        password: Option<Secret>,
        reply: Option<oneshot::Sender<Result<RoomInfo, JoinError>>>,
    ) {
        let task = self.joins.begin(slug, password, reply);
        self.tasks.push_back(task);
    }

    /// Asks for a channel, once its checkpoint is durable.
    pub(super) fn attach(&mut self, name: &str, now: Moment) {
        let last = self.connection.last.clone();
        let is_open = matches!(self.phase, Phase::Open);
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        if !channel.wanted || channel.attachment != Attachment::No || !is_open {
            return;
        }
        if channel.room.as_ref().is_some_and(|room| room.unlisted) {
            return;
        }
        if channel.settled {
            self.ask(name, 1, now);
            return;
        }
        // Frames after the server's confirmation count as missing after a crash.
        channel
            .from
            .get_or_insert_with(|| last.unwrap_or_else(|| Edge::at(now.wall)));
        channel.attachment = Attachment::Settling;
        if let Some((part, mark)) = self.push_channel(name) {
            self.tasks.push_back(Task::Stored {
                channel: name.to_owned(),
                epoch: self.connection.epoch,
                part,
                mark,
            });
        }
    }

    /// Sends action 10, and for a room action 14.
    pub(super) fn ask(&mut self, name: &str, tries: u8, now: Moment) {
        if let Some(channel) = self.channels.get_mut(name) {
            channel.attachment = Attachment::Asked {
                by: now.at + ANSWER_WITHIN,
                tries,
            };
            let is_room = channel.room.is_some();
            self.send(&serde_json::json!({ "action": 10, "channel": name }));
            if is_room {
                self.send_presence(name, Presence::Enter);
            }
        }
    }

    /// Sends action 14.
    pub(super) fn send_presence(&mut self, name: &str, presence: Presence) {
        self.send(&serde_json::json!({
            "action": 14,
            "channel": name,
            "presence": {
                "action": presence.number(),
                "clientId": self.connection.client_id,
                "connectionId": self.connection.id,
                "data": {},
            },
        }));
    }

    /// Queues a message packet.
    fn send(&mut self, message: &serde_json::Value) {
        self.replies.push_back(format!("4{message}"));
    }

    /// Action 11: a channel is attached.
    pub(super) fn on_attached(&mut self, name: &str, body: &Bytes, now: Moment) {
        let to = self.connection.far_edge(now);
        let epoch = self.connection.epoch;
        let history = self.rules.backfill > 0;
        let channel = self.channels.get_mut(name).filter(|channel| {
            channel.wanted && matches!(channel.attachment, Attachment::Asked { .. })
        });
        let Some(channel) = channel else {
            self.other(action_kind(11), Some(name), body, now);
            return;
        };
        channel.attachment = Attachment::Yes;
        channel.settled = true;
        let after_outage = channel.outage.is_some();
        match &mut channel.room {
            Some(room) if after_outage => {
                self.tasks.push_back(room.rejoin(epoch, history));
                channel.hold = Some(Hold::new(Some(to), now));
                self.other(action_kind(11), Some(name), body, now);
            }
            None if after_outage => {
                self.report_gap(name, to, 0, now);
                self.other(action_kind(11), Some(name), body, now);
                self.clear_gap(name);
            }
            Some(room) => {
                room.state_tries = 0;
                let state = room.state();
                let (answer, place) = (room.body.clone(), channel.place.clone());
                self.other(action_kind(11), Some(name), body, now);
                self.clear_gap(name);
                self.room_connected(name, now);
                if let Some(answer) = answer {
                    self.own_event("queup.room", place, answer, now);
                }
                self.tasks.push_back(state);
                self.admit(name);
            }
            None => {
                self.other(action_kind(11), Some(name), body, now);
                self.clear_gap(name);
            }
        }
    }

    /// Notes that nothing is missing from here on.
    fn clear_gap(&mut self, name: &str) {
        if let Some(channel) = self.channels.get_mut(name) {
            channel.from = None;
            channel.outage = None;
            self.push_channel(name);
        }
    }

    /// Answers the clients that asked for a room which is joined now.
    pub(super) fn admit(&mut self, name: &str) {
        if let Some(room) = self.room_mut(name)
            && let Some(info) = room.info.clone()
        {
            room.answer(|| Ok(info.clone()));
        }
    }

    /// Action 13: a channel is detached; one that is wanted is attached again after a pause.
    pub(super) fn on_detached(&mut self, name: &str, body: &Bytes, now: Moment) {
        self.other(action_kind(13), Some(name), body, now);
        let last = self.connection.last.clone();
        let Some(channel) = self.channels.get(name) else {
            return;
        };
        if !channel.wanted || channel.attachment != Attachment::Yes {
            return;
        }
        self.release(name, None, now);
        if let Some(channel) = self.channels.get_mut(name) {
            let cause = "the server detached the channel";
            channel.attachment = Attachment::No;
            channel.lose(last, cause, now.wall);
            self.push_channel(name);
            self.try_later(name, REJOIN_AFTER, cause, now);
        }
    }

    /// Looks up the name of a room whose id the server does not know any more, since another room may stand under it.
    ///
    /// The room stays wanted meanwhile, so that a restart looks it up too.
    pub(super) fn look_up_anew(&mut self, name: &str) {
        if let Some(room) = self.channels.get_mut(name).and_then(|it| it.room.as_mut()) {
            room.forget_plans();
            if !self.joins.is_looking_for(&room.id) {
                let task = self.joins.look_up(room.id.clone(), room.slug.clone());
                self.tasks.push_back(task);
            }
        }
    }

    /// Gives up a room under whose name another one stands now, and emits that.
    ///
    /// Events of the old room that may be missing are a gap at its place, if it is not told yet.
    pub(super) fn replaced(&mut self, gone: &RoomId, by: &RoomInfo, now: Moment) {
        if by.id == *gone {
            return;
        }
        let name = room_channel(gone);
        self.release(&name, None, now);
        let to = self.connection.far_edge(now);
        self.report_gap(&name, to, 0, now);
        self.give_up(&name);
        let reason = format!(
            "the name `{}` belongs to another room now, which is joined instead: {}",
            by.slug, by.id
        );
        let hint = "use the id of the new room wherever that of the old one is kept";
        self.room_stops(&room_place(gone), "replaced", &reason, hint, now);
    }

    /// Gives up a room, which is not joined again by itself, and sends action 12.
    pub(super) fn give_up(&mut self, name: &str) {
        if self.channels.contains_key(name) {
            self.forget(name);
            self.send(&serde_json::json!({ "action": 12, "channel": name }));
        }
    }

    /// Notes, in its checkpoint too, that a room is not to be joined again by itself.
    pub(super) fn forget(&mut self, name: &str) {
        if let Some(channel) = self.channels.get_mut(name) {
            channel.wanted = false;
            channel.attachment = Attachment::No;
            if let Some(room) = &mut channel.room {
                room.forget_plans();
                room.answer(|| Err(JoinError::Removed));
            }
            self.push_channel(name);
        }
    }
}
