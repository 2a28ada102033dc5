//! Answers to requests, and commands.

use std::time::Duration;

use antiphon_core::LinkState;
use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    AGAIN_AFTER, CONVERSATIONS, Command, Done, ECHOES, Echo, JOIN_AGAIN, Joining, Moment,
    NO_SONG_RETRY, PASSWORD_REST, Phase, Picture, RoomAnswer, SONG_END_SLACK, Session, Task,
    channel::{Attachment, Channel, Room},
    links::slug_place,
};
use crate::{
    error::{ActionError, JoinError, RequestError},
    event::{room_place, user_place},
    model::RoomId,
    wire,
};

impl Session {
    /// A task is done.
    pub(crate) fn on_done(&mut self, done: Done, now: Moment) {
        match done {
            Done::Opened(Ok(user)) => self.on_opened(user, now),
            Done::Opened(Err(failure)) => self.on_open_failed(failure, now),
            Done::Stored { channel, epoch } => self.on_stored(&channel, epoch, now),
            Done::Joined { id, outcome } => self.on_joined(id, outcome, now),
            Done::Rejoined {
                room,
                epoch,
                outcome,
            } => self.on_rejoined(&room, epoch, outcome, now),
            Done::State { room, picture } => {
                self.plan_active(&room, picture.active.as_ref(), now);
                self.show(&format!("room:{room}"), &room_place(&room), picture, now);
            }
            Done::Queue { room, outcome } => match outcome {
                Ok(body) => self.synthetic("queup.playlist_details", room_place(&room), body, now),
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
                    self.synthetic("queup.playlist_active", place, body.clone(), now);
                    self.on_song_fetched(&format!("room:{room}"), &body, updates, now);
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

    fn on_stored(&mut self, name: &str, epoch: u64, now: Moment) {
        let is_open = matches!(self.phase, Phase::Open);
        if let Some(channel) = self.channels.get_mut(name) {
            channel.settled = true;
            if epoch == self.epoch && is_open && channel.attachment == Attachment::Settling {
                channel.attachment = Attachment::No;
                self.attach(name, now);
            }
        }
    }

    fn on_joined(&mut self, id: u64, outcome: Result<RoomAnswer, JoinError>, now: Moment) {
        let Some(index) = self.joins.iter().position(|join| join.id == id) else {
            return;
        };
        match outcome {
            Ok(answer) => {
                let join = self.joins.swap_remove(index);
                self.enter(join, answer, now);
            }
            Err(error) if self.joins[index].reply.is_none() && !error.is_final() => {
                let join = &mut self.joins[index];
                let pause = if matches!(error, JoinError::TooManyPasswords) {
                    PASSWORD_REST
                } else {
                    JOIN_AGAIN
                };
                join.retry_at = Some(now.at + pause);
                let place = slug_place(&join.slug);
                let reason = crate::socket::reason(&error);
                self.room_waits(&place, pause, &reason, now);
            }
            Err(error) => {
                let join = self.joins.swap_remove(index);
                match join.reply {
                    Some(reply) => {
                        let _ = reply.send(Err(error));
                    }
                    None => self.refused(&slug_place(&join.slug), &error, now),
                }
            }
        }
    }

    fn enter(&mut self, join: Joining, answer: RoomAnswer, now: Moment) {
        let id = answer.info.id.clone();
        let name = format!("room:{id}");
        let asked_as = join.slug.clone();
        let channel = self
            .channels
            .entry(name.clone())
            .or_insert_with_key(|name| Channel::new(name, now.wall));
        if !channel.wanted {
            // Joined anew: what happened since it was left does not concern us.
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
        room.asked_as = Some(asked_as);
        room.info = Some(answer.info);
        room.answer = Some(answer.body.clone());
        room.waiters.extend(join.reply);
        let place = channel.place.clone();
        if channel.attachment == Attachment::Yes {
            self.synthetic("queup.room", place, answer.body, now);
            self.room_is_well(&name, now);
            self.admit(&name);
        } else {
            self.attach(&name, now);
        }
    }

    fn on_rejoined(
        &mut self,
        room: &RoomId,
        epoch: u64,
        outcome: Result<Picture, JoinError>,
        now: Moment,
    ) {
        let name = format!("room:{room}");
        if epoch != self.epoch {
            return;
        }
        match outcome {
            Ok(picture) => {
                self.plan_active(room, picture.active.as_ref(), now);
                if let Some(body) = &picture.room
                    && let Ok(wire) = serde_json::from_slice::<wire::Room<'_>>(body)
                    && let Some(room) = self.channels.get_mut(&name).and_then(|c| c.room.as_mut())
                {
                    room.info = Some(wire.into());
                }
                self.release(&name, Some(picture), now);
                if self.is_attached(&name) {
                    self.room_is_well(&name, now);
                }
                self.admit(&name);
            }
            Err(error) => {
                self.release(&name, None, now);
                if error.is_final() {
                    self.removed(&name);
                    self.refused(&room_place(room), &error, now);
                } else if let Some(room) =
                    self.channels.get_mut(&name).and_then(|c| c.room.as_mut())
                {
                    room.again_at = Some(now.at + AGAIN_AFTER);
                    let (place, reason) = (room_place(&room.id), crate::socket::reason(&error));
                    self.room_waits(&place, AGAIN_AFTER, &reason, now);
                }
            }
        }
    }

    fn is_attached(&self, name: &str) -> bool {
        let channel = self.channels.get(name);
        channel.is_some_and(|channel| channel.attachment == Attachment::Yes)
    }

    fn on_posted(&mut self, room: &RoomId, outcome: Result<(), JoinError>, now: Moment) {
        let name = format!("room:{room}");
        match outcome {
            Ok(()) if self.is_attached(&name) => self.room_is_well(&name, now),
            Ok(()) => self.attach(&name, now),
            Err(error) if error.is_final() => {
                self.removed(&name);
                self.refused(&room_place(room), &error, now);
            }
            Err(error) => {
                self.try_later(&name, JOIN_AGAIN, &crate::socket::reason(&error), now);
            }
        }
    }

    fn on_left(
        &mut self,
        room: &RoomId,
        outcome: Result<(), RequestError>,
        reply: Option<oneshot::Sender<Result<(), ActionError>>>,
        now: Moment,
    ) {
        let name = format!("room:{room}");
        let answer = match outcome {
            Ok(()) => {
                // Detached only now, so that nothing that is still ours to hear goes unheard.
                self.removed(&name);
                self.tell_room(&room_place(room), LinkState::Closed, now);
                Ok(())
            }
            Err(error) => {
                if let Some(room) = self.channels.get_mut(&name).and_then(|c| c.room.as_mut()) {
                    room.leaving = false;
                }
                Err(ActionError::Request(error))
            }
        };
        if let Some(reply) = reply {
            let _ = reply.send(answer);
        }
    }

    fn on_conversations(&mut self, outcome: Result<Bytes, RequestError>, now: Moment) {
        let place = user_place(&self.me.clone().unwrap_or_default());
        match outcome {
            Ok(body) => {
                if let Ok(list) =
                    serde_json::from_slice::<wire::List<wire::Conversation<'_>>>(&body)
                {
                    let ids = list.0.iter().filter_map(|item| item.id.as_deref());
                    for id in ids.take(CONVERSATIONS) {
                        if self.conversations.len() >= CONVERSATIONS {
                            self.conversations.clear();
                        }
                        self.conversations.insert(id.into());
                    }
                }
                self.synthetic("queup.conversations", place, body, now);
            }
            Err(error) => tracing::warn!(%error, "conversations not fetched"),
        }
        let own = format!("user:{}", self.me.clone().unwrap_or_default());
        self.release(&own, None, now);
    }

    /// Plans to look again when the playing song should have ended.
    fn plan_active(&mut self, room: &RoomId, body: Option<&Bytes>, now: Moment) {
        let name = format!("room:{room}");
        let Some(room) = self.channels.get_mut(&name).and_then(|c| c.room.as_mut()) else {
            return;
        };
        // Nothing plays, or nobody knows: the next update says more.
        let Some(active) =
            body.and_then(|body| serde_json::from_slice::<wire::Active<'_>>(body).ok())
        else {
            room.active_at = None;
            return;
        };
        room.active_at = match active.song {
            None => Some(now.at + NO_SONG_RETRY),
            Some(song) => song.song_length.map(|length| {
                let gone = active.start_time.unwrap_or_default().max(0);
                let left = length
                    .saturating_sub(gone.saturating_mul(1000))
                    .clamp(0, 86_400_000);
                now.at + Duration::from_millis(left.unsigned_abs()) + SONG_END_SLACK
            }),
        };
    }

    /// A client asks for something.
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
                let name = format!("room:{room}");
                let ours = self
                    .channels
                    .get_mut(&name)
                    .filter(|channel| channel.wanted);
                match ours.and_then(|channel| channel.room.as_mut()) {
                    Some(state) => {
                        state.leaving = true;
                        state.rejoin_at = None;
                        self.tasks.push_back(Task::Leave {
                            room,
                            reply: Some(reply),
                        });
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
                let name = format!("room:{room}");
                let attached = self
                    .channels
                    .get(&name)
                    .is_some_and(|channel| channel.attachment == Attachment::Yes);
                if attached {
                    self.send_presence(&name, presence);
                }
                let answer = attached.then_some(()).ok_or(ActionError::NotJoined);
                let _ = reply.send(answer);
            }
            Command::Echo {
                room,
                time,
                text,
                reply,
            } => {
                if self.echoes.len() < ECHOES {
                    self.echoes.push_back(Echo {
                        room,
                        time,
                        text,
                        reply,
                    });
                }
                self.answer_echoes();
            }
        }
    }
}
