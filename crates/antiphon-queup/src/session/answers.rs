//! Results of requests, and commands of clients.
//!
//! `socket.rs` makes the requests and hands the results here. A result of an earlier socket is told by its epoch, one
//! that an update overtook by the count of updates, and a join by its number; results that are out of date change
//! nothing.
//!
//! Failures that may pass are tried again (30 s; 2 h after too many wrong passwords). Final ones stop the room alone,
//! with a code and a hint in its link. A room whose id the server does not know any more is looked up once more by its
//! name: the room that stands there now is joined, and the link of the old one says so.

use std::time::Duration;

use antiphon_core::{LinkState, error_chain};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    Command, Done, JOIN_RETRY, Moment, Phase, RETRY_AFTER, RoomAnswer, SONG_END_SLACK, Session,
    Snapshot, Task,
    actions::time_left,
    attach::Joining,
    channel::{Attachment, Channel, Room, room_channel},
    echoes::Echo,
    links::slug_place,
};
use crate::{
    error::{ActionError, JoinError, RequestError},
    event::room_place,
    model::RoomId,
    wire,
};

/// Pause until the playing song is asked for again after an answer without one (protocol §4.4).
const NO_SONG_RETRY: Duration = Duration::from_secs(30);
/// Pause after too many wrong passwords (protocol §4.2).
const PASSWORD_REST: Duration = Duration::from_secs(2 * 60 * 60);
/// Number of times that a room's state is asked for again because members came or went meanwhile.
const STATE_TRIES: u8 = 5;
/// Number of conversations that are remembered as known.
const CONVERSATIONS: usize = 4096;

impl Session {
    /// Takes the result of a task.
    pub(crate) fn on_done(&mut self, done: Done, now: Moment) {
        match done {
            Done::Opened(Ok(user)) => self.on_opened(user, now),
            Done::Opened(Err(failure)) => self.on_open_failed(&failure, now),
            Done::Stored { channel, epoch } => self.on_stored(&channel, epoch, now),
            Done::Joined { id, outcome } => self.on_joined(id, outcome, now),
            Done::Rejoined {
                room,
                epoch,
                outcome,
            } => self.on_rejoined(&room, epoch, outcome, now),
            Done::State { room, mut snapshot } => {
                if self.asks_again(&room) {
                    snapshot.users = None;
                }
                self.plan_active(&room, snapshot.active.as_ref(), now);
                self.emit_snapshot(&room_channel(&room), &room_place(&room), snapshot, now);
            }
            Done::Queue { room, outcome } => match outcome {
                Ok(body) => self.own_event("queup.playlist_details", room_place(&room), body, now),
                Err(error) => tracing::debug!(%room, %error, "queue not fetched"),
            },
            Done::Active {
                room,
                updates,
                outcome,
            } => match outcome {
                Ok(body) => {
                    self.plan_active(&room, body.as_ref(), now);
                    let body = body.unwrap_or_else(|| Bytes::from_static(b"null"));
                    let place = room_place(&room);
                    self.own_event("queup.playlist_active", place, body.clone(), now);
                    self.on_song_fetched(&room_channel(&room), &body, updates, now);
                }
                Err(error) => tracing::debug!(%room, %error, "playing song not fetched"),
            },
            Done::Posted { room, outcome } => self.on_posted(&room, outcome, now),
            Done::Left {
                room,
                outcome,
                reply,
            } => self.on_left(&room, outcome, reply, now),
            Done::Conversations(outcome) => self.on_conversations(outcome, now),
        }
    }

    /// A channel's checkpoint is durable: its channel may be attached.
    fn on_stored(&mut self, name: &str, epoch: u64, now: Moment) {
        let is_open = matches!(self.phase, Phase::Open);
        if let Some(channel) = self.channels.get_mut(name) {
            channel.settled = true;
            if epoch == self.connection.epoch
                && is_open
                && channel.attachment == Attachment::Settling
            {
                channel.attachment = Attachment::No;
                self.attach(name, now);
            }
        }
    }

    /// A room was found and joined by requests, or not.
    fn on_joined(&mut self, id: u64, outcome: Result<RoomAnswer, JoinError>, now: Moment) {
        let Some(mut join) = self.joins.take(id) else {
            return;
        };
        let error = match outcome {
            Ok(answer) => {
                if let Some(gone) = &join.instead_of {
                    self.replaced(gone, &answer.info, now);
                }
                self.enter(join, answer, now);
                return self.leave_unlisted();
            }
            Err(error) => error,
        };
        let place = match &join.instead_of {
            Some(gone) => room_place(gone),
            None => slug_place(&join.slug),
        };
        if let Some(reply) = join.reply {
            let _ = reply.send(Err(error));
        } else if error.is_final() {
            if let Some(gone) = &join.instead_of {
                self.give_up(&room_channel(gone));
            }
            self.refused(&place, &error, now);
        } else {
            let pause = if matches!(error, JoinError::TooManyPasswords) {
                PASSWORD_REST
            } else {
                JOIN_RETRY
            };
            join.retry_at = Some(now.at + pause);
            self.joins.retry(join);
            self.room_waits(&place, pause, &error_chain(&error), now);
        }
        self.leave_unlisted();
    }

    /// Takes up a room that the server let the account into, and attaches its channel.
    fn enter(&mut self, join: Joining, answer: RoomAnswer, now: Moment) {
        let id = answer.info.id.clone();
        let name = room_channel(&id);
        let asked_as = join.slug.clone();
        let channel = self
            .channels
            .entry(name.clone())
            .or_insert_with_key(|name| Channel::new(name, now.wall));
        if !channel.wanted {
            // Events since the room was left are not missing.
            let mut anew = Channel::new(&name, now.wall);
            anew.room = channel.room.take();
            if let Some(room) = &mut anew.room {
                room.playing = None;
            }
            *channel = anew;
        }
        let room = channel
            .room
            .get_or_insert_with(|| Room::new(id, join.slug.clone()));
        room.slug = if answer.info.slug.is_empty() {
            join.slug
        } else {
            answer.info.slug.clone()
        };
        room.leaving = false;
        room.unlisted = false;
        room.leave_at = None;
        room.asked_as = Some(asked_as);
        room.info = Some(answer.info);
        room.body = Some(answer.body.clone());
        room.waiters.extend(join.reply);
        let place = channel.place.clone();
        if channel.attachment == Attachment::Yes {
            self.own_event("queup.room", place, answer.body, now);
            self.room_connected(&name, now);
            self.admit(&name);
        } else {
            self.attach(&name, now);
        }
    }

    /// A room's state after an outage came: the events that waited go on.
    fn on_rejoined(
        &mut self,
        room: &RoomId,
        epoch: u64,
        outcome: Result<Snapshot, JoinError>,
        now: Moment,
    ) {
        let name = room_channel(room);
        if epoch != self.connection.epoch {
            return;
        }
        match outcome {
            Ok(snapshot) => {
                self.plan_active(room, snapshot.active.as_ref(), now);
                if let Some(body) = &snapshot.room
                    && let Ok(wire) = antiphon_core::read_json::<wire::Room<'_>>(body)
                    && let Some(room) = self.room_mut(&name)
                {
                    room.info = Some(wire.into());
                }
                self.release(&name, Some(snapshot), now);
                if self.is_attached(&name) {
                    self.room_connected(&name, now);
                }
                self.admit(&name);
            }
            Err(error) => {
                self.release(&name, None, now);
                if matches!(error, JoinError::NoSuchRoom(_)) {
                    self.look_up_anew(&name);
                } else if error.is_final() {
                    self.give_up(&name);
                    self.refused(&room_place(room), &error, now);
                } else if let Some(room) = self.room_mut(&name) {
                    room.retry_at = Some(now.at + RETRY_AFTER);
                    let (place, reason) = (room_place(&room.id), error_chain(&error));
                    self.room_waits(&place, RETRY_AFTER, &reason, now);
                }
            }
        }
    }

    /// Whether action 11 of a channel came on this socket.
    fn is_attached(&self, name: &str) -> bool {
        let channel = self.channels.get(name);
        channel.is_some_and(|channel| channel.attachment == Attachment::Yes)
    }

    /// The server took the account into a room again, or not.
    fn on_posted(&mut self, room: &RoomId, outcome: Result<(), JoinError>, now: Moment) {
        let name = room_channel(room);
        match outcome {
            Ok(()) if self.is_attached(&name) => self.room_connected(&name, now),
            Ok(()) => self.attach(&name, now),
            Err(JoinError::NoSuchRoom(_)) => self.look_up_anew(&name),
            Err(error) if error.is_final() => {
                self.give_up(&name);
                self.refused(&room_place(room), &error, now);
            }
            Err(error) => {
                self.try_later(&name, JOIN_RETRY, &error_chain(&error), now);
            }
        }
    }

    /// The server took the leave, or not; only then is the channel detached.
    fn on_left(
        &mut self,
        room: &RoomId,
        outcome: Result<(), RequestError>,
        reply: Option<oneshot::Sender<Result<(), ActionError>>>,
        now: Moment,
    ) {
        let Some(reply) = reply else {
            return self.on_left_unlisted(room, &outcome, now);
        };
        let name = room_channel(room);
        let answer = match outcome {
            Ok(()) => {
                // Detached only now: events until the answer are still the account's.
                self.give_up(&name);
                self.set_room_link(&room_place(room), &LinkState::Closed, now);
                Ok(())
            }
            Err(error) => {
                if let Some(room) = self.room_mut(&name) {
                    room.leaving = false;
                }
                Err(ActionError::Request(error))
            }
        };
        let _ = reply.send(answer);
    }

    /// The list of conversations came: notices that waited for it go on, whether it came or not.
    fn on_conversations(&mut self, outcome: Result<Bytes, RequestError>, now: Moment) {
        let place = self.own_place();
        match outcome {
            Ok(body) => {
                if let Ok(list) =
                    antiphon_core::read_json::<wire::List<wire::Conversation<'_>>>(&body)
                {
                    let ids = list.0.iter().filter_map(|item| item.id.as_deref());
                    for id in ids.take(CONVERSATIONS) {
                        if self.conversations.ids.len() >= CONVERSATIONS {
                            self.conversations.ids.clear();
                        }
                        self.conversations.ids.insert(id.into());
                    }
                }
                self.own_event("queup.conversations", place, body, now);
            }
            Err(error) => tracing::warn!(%error, "conversations not fetched"),
        }
        self.release(&self.own_channel(), None, now);
    }

    /// Asks for a room's state again if members came or went since it was asked for.
    ///
    /// The list of members may be older than an event that is stored already. After [`STATE_TRIES`] it counts all the
    /// same.
    fn asks_again(&mut self, room: &RoomId) -> bool {
        let channel = self.channels.get_mut(&room_channel(room));
        let wanted = channel.filter(|channel| channel.wanted);
        let Some(room) = wanted.and_then(|channel| channel.room.as_mut()) else {
            return false;
        };
        if !room.members_moved || room.state_tries >= STATE_TRIES {
            return false;
        }
        room.state_tries += 1;
        let task = room.state();
        self.tasks.push_back(task);
        true
    }

    /// Plans to fetch the playing song again when it should have ended.
    fn plan_active(&mut self, room: &RoomId, body: Option<&Bytes>, now: Moment) {
        let Some(room) = self.room_mut(&room_channel(room)) else {
            return;
        };
        let active = body.and_then(|body| antiphon_core::read_json::<wire::Active<'_>>(body).ok());
        // Without an answer, or with `null`, the next update says more.
        let Some(active) = active else {
            room.active_at = None;
            return;
        };
        room.active_at = match active.song {
            None => Some(now.at + NO_SONG_RETRY),
            Some(song) => song.song_length.map(|length| {
                let left = time_left(Some(length), active.start_time);
                now.at + left.unwrap_or_default() + SONG_END_SLACK
            }),
        };
    }

    /// Carries out a client's command.
    pub(crate) fn on_command(&mut self, command: Command) {
        match command {
            Command::Join {
                slug,
                password,
                reply,
            } => {
                if !reply.is_closed() {
                    self.join(slug, password, Some(reply));
                }
            }
            Command::Leave { room, reply } => {
                let channel = self.channels.get_mut(&room_channel(&room));
                let wanted = channel.filter(|channel| channel.wanted);
                match wanted.and_then(|channel| channel.room.as_mut()) {
                    Some(state) => {
                        state.leaving = true;
                        state.rejoin_at = None;
                        let reply = Some(reply);
                        self.tasks.push_back(Task::Leave { room, reply });
                    }
                    None => {
                        let _ = reply.send(Err(ActionError::NotJoined));
                    }
                }
            }
            Command::Presence {
                room,
                presence,
                reply,
            } => {
                let name = room_channel(&room);
                let attached = self.is_attached(&name);
                if attached {
                    self.send_presence(&name, presence);
                }
                let _ = reply.send(attached.then_some(()).ok_or(ActionError::NotJoined));
            }
            Command::Echo {
                room,
                time,
                text,
                reply,
            } => self.echoes.wait(Echo {
                room,
                time,
                text,
                reply,
            }),
        }
    }
}
