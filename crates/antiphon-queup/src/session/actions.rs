//! Events of room actions, and their consequences (protocol §6).
//!
//! Each room action becomes one event first. Only then follows what the session itself does about it: it gives up a
//! room after a kick or ban, joins again after a leave that nobody asked for, and plans to fetch queue or song.
//!
//! Chat messages and deletions have the server's id as their origin, so that the history after an outage names the same
//! ones; every other action has the number of its frame.

use std::time::Duration;

use antiphon_core::{Draft, Edge};

use super::{
    LONGEST_ID, Moment, REFETCH_AFTER, REJOIN_AFTER, SONG_END_SLACK, Session, Task,
    channel::Hold,
    echoes::OwnMessage,
    room_action::{Action, RoomAction},
};
use crate::{
    model::{ChatId, UserId},
    wire,
};

/// Longest reason of a kick or ban that a link repeats, in characters.
const LONGEST_REASON: usize = 200;
/// Longest song, in ms: a day.
const LONGEST_SONG: u64 = 86_400_000;

impl Session {
    /// Action 15: something happened in a room, or to the account.
    pub(super) fn on_room_action(
        &mut self,
        channel: Option<&str>,
        room_action: &RoomAction<'_>,
        now: Moment,
    ) {
        let (action, fields) = (room_action.action, &room_action.fields);
        let chat = fields.chatid.as_deref();
        let chat = chat.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID);
        let chat = chat.filter(|_| matches!(action, Action::Message | Action::Deletion));
        let (origin, deletes) = match chat {
            Some(chat) => {
                let origins = self.chat_origins(channel.unwrap_or_default(), chat);
                if action == Action::Message {
                    (origins.message, None)
                } else {
                    (origins.deletion, Some(origins.message))
                }
            }
            None => (self.connection.origin(), None),
        };
        // The id of a message has its time as well; the id in a deletion has the message's.
        let in_id = || ChatId::from(chat?).parts().map(|(_, ms)| ms);
        let time = fields
            .time
            .or_else(|| in_id().filter(|_| action == Action::Message));
        let time = time.filter(|_| chat.is_some());
        let (kind, place) = (room_action.kind.clone(), self.place(channel));
        let mut draft = Draft::new(kind, place, origin, now.wall, room_action.body.clone());
        draft.form = room_action.form;
        draft.deletes = deletes;
        let Some(name) = channel.filter(|name| self.channels.contains_key(*name)) else {
            // Nothing follows from events of another channel.
            self.emit(channel, action, draft, None, now);
            return;
        };
        if let Some(chat) = chat {
            self.note_chat(name, chat, &draft, fields);
        }
        if action == Action::PrivateMessage
            && let Some(conversation) = fields.messageid.as_deref()
        {
            self.await_conversation(name, conversation, now);
        }
        self.emit(Some(name), action, draft, time, now);
        self.consequences(name, action, fields, now);
    }

    /// Remembers a message or its deletion, and answers a request that waits for the message.
    fn note_chat(
        &mut self,
        name: &str,
        chat: &str,
        draft: &Draft,
        fields: &wire::ActionFields<'_>,
    ) {
        let is_message = draft.deletes.is_none();
        let Some(room) = self.room_mut(name) else {
            return;
        };
        room.remember(draft.origin.clone(), fields.time.filter(|_| is_message));
        let room = room.id.clone();
        let author = fields.user.id().map(UserId::from);
        let author = author.or_else(|| ChatId::from(chat).parts().map(|(user, _)| user));
        if is_message && author.is_some() && author == self.me {
            self.echoes.hear(OwnMessage {
                room,
                time: fields.time.unwrap_or_default(),
                text: fields.message.as_deref().unwrap_or_default().to_owned(),
                id: chat.into(),
            });
        }
    }

    /// Holds the account's events back until an unknown conversation was fetched (protocol §9, 17).
    fn await_conversation(&mut self, name: &str, conversation: &str, now: Moment) {
        if self.conversations.ids.contains(conversation) {
            return;
        }
        let before = self.connection.last.clone();
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        if channel.room.is_some() || channel.hold.is_some() {
            return;
        }
        channel.hold = Some(Hold::new(None, now));
        // After a crash the events that wait count as missing from here on.
        channel.from = before.or_else(|| Some(Edge::at(now.wall)));
        self.push_channel(name);
        self.tasks.push_back(Task::Conversations);
    }

    /// Plans requests after a room action, and gives up a room that the account was removed from.
    fn consequences(
        &mut self,
        name: &str,
        action: Action,
        fields: &wire::ActionFields<'_>,
        now: Moment,
    ) {
        let me = self.me.clone();
        let is_me = |id: Option<&str>| id.is_some() && id == me.as_ref().map(UserId::as_str);
        let channel = self.channels.get_mut(name);
        let wanted = channel.filter(|channel| channel.wanted);
        let Some(room) = wanted.and_then(|channel| channel.room.as_mut()) else {
            return;
        };
        match action {
            // The server sometimes drops a user without cause (protocol §3.4).
            Action::Leave if is_me(fields.user.id()) && !room.leaving => {
                room.rejoin_at = Some(now.at + REJOIN_AFTER);
            }
            Action::Kick if is_me(fields.kicked_user.id()) => {
                self.expelled(name, "kicked", fields, now);
            }
            Action::Ban if is_me(fields.kicked_user.id()) => {
                self.expelled(name, "banned", fields, now);
            }
            Action::SongUpdate => {
                if let Some(song) = &fields.song {
                    let left = time_left(song.song_length, fields.start_time);
                    room.active_at = left.map(|left| now.at + left + SONG_END_SLACK);
                    room.queue_at.get_or_insert(now.at + REFETCH_AFTER);
                }
            }
            // As a rule an update follows, and plans this anew.
            Action::Skip => {
                let by = now.at + REFETCH_AFTER;
                room.active_at = Some(room.active_at.map_or(by, |at| at.min(by)));
            }
            Action::QueueChange => {
                room.queue_at.get_or_insert(now.at + REFETCH_AFTER);
            }
            _ => {}
        }
    }

    /// Gives up a room that the account was kicked or banned from, and emits that.
    fn expelled(
        &mut self,
        name: &str,
        code: &'static str,
        fields: &wire::ActionFields<'_>,
        now: Moment,
    ) {
        let place = self.place(Some(name));
        let words = fields.message.as_deref().unwrap_or_default();
        let words: String = words.chars().take(LONGEST_REASON).collect();
        let reason = if words.is_empty() {
            format!("the account was {code} from the room")
        } else {
            format!("the account was {code} from the room: {words}")
        };
        let hint = "ask a moderator of the room, then join it again or restart";
        self.give_up(name);
        self.room_stops(&place, code, &reason, hint, now);
    }
}

/// Time until a song ends, by its length in ms and the seconds since it began; `None` for an unknown length. At most a
/// day, so that a wrong length plans nothing for ever.
pub(super) fn time_left(length: Option<i64>, since_start: Option<i64>) -> Option<Duration> {
    let gone = since_start.unwrap_or_default().max(0).saturating_mul(1000);
    let left = u64::try_from(length?.saturating_sub(gone)).ok()?;
    Some(Duration::from_millis(left.min(LONGEST_SONG)))
}
