//! Chat in rooms and private conversations.
//!
//! A text is escaped before it comes here, once, as it is on the wire (protocol §9, 14); events and history pages show it as it
//! is kept.
//! The history has messages, deletions and bans, newest last, up to [`Options::history`](crate::Options::history) items.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Value, json};

use super::{
    model::{Conversation, PrivateMessage, Shown},
    state::State,
};

impl State {
    /// Posts a message in a room; `text` is escaped already. Returns the announced message.
    ///
    /// Whether the user may speak is checked by the request, not here: a simulated user may do everything.
    pub(crate) fn say(&mut self, room: &str, user: &str, text: &str) -> Option<Value> {
        let now = self.now();
        let place = self.rooms.get_mut(room)?;
        // Chat ids consist of author and time: two messages need two times, even in two rooms, or the ledger could not
        // tell them apart.
        let time = now.max(place.last_chat + 1).max(self.last_said + 1);
        place.last_chat = time;
        self.last_said = time;
        if let Some(member) = place.members.get_mut(user) {
            member.spoke = now;
        }
        let place = self.rooms.get(room)?;
        let mut message = json!({
            "type": "chat-message",
            "chatid": format!("{user}-{time}"),
            "message": text,
            "time": time,
            "user": self.user_json(user),
            "realTimeChannel": place.real_time_channel(),
        });
        let member = self.member_json(place, user, Shown::Id, Shown::Id);
        if !member.is_null() {
            message["queue_object"] = member;
        }
        self.remember(room, message.clone());
        self.announce_in(room, "chat-message", message.clone());
        Some(message)
    }

    /// Keeps an item on the room's history page.
    ///
    /// The oldest item goes when there are more than the history keeps.
    fn remember(&mut self, room: &str, item: Value) {
        let kept = self.settings.history;
        if let Some(room) = self.rooms.get_mut(room) {
            room.chat.push_back(item);
            while room.chat.len() > kept {
                room.chat.pop_front();
            }
        }
    }

    /// Whether a message of this id is on the history page.
    pub(crate) fn has_said(&self, room: &str, chatid: &str) -> bool {
        self.rooms.get(room).is_some_and(|room| {
            room.chat
                .iter()
                .any(|item| item["type"] == "chat-message" && item["chatid"] == chatid)
        })
    }

    /// Deletes one message.
    ///
    /// The message stays on the history page, with the deletion behind it.
    pub(crate) fn delete_message(&mut self, room: &str, by: &str, chatid: &str) {
        let event = json!({
            "type": "delete-chat-message",
            "chatid": chatid,
            "user": self.user_json(by),
        });
        self.remember_timed(room, &event);
        self.announce_in(room, "delete-chat-message", event);
    }

    /// Deletes all messages of a user.
    pub(crate) fn delete_messages_of(&mut self, room: &str, by: &str, author: &str) {
        let event = json!({
            "type": "delete-chat-message-global",
            "userdid": author,
            "user": self.user_json(by),
        });
        self.remember_timed(room, &event);
        self.announce_in(room, "delete-chat-message-global", event);
    }

    /// Keeps an event on the history page, with a time of its own.
    pub(crate) fn remember_timed(&mut self, room: &str, event: &Value) {
        let now = self.now();
        let Some(place) = self.rooms.get_mut(room) else {
            return;
        };
        let time = now.max(place.last_chat + 1);
        place.last_chat = time;
        let mut item = event.clone();
        // A ban's own `time` is its length.
        if item.get("time").is_none() {
            item["time"] = json!(time);
        }
        self.remember(room, item);
    }

    /// The conversation of just these users, made if there is none.
    ///
    /// The first user has read it; the others have not.
    pub(crate) fn conversation_of(&mut self, users: &[String]) -> String {
        let wanted: BTreeSet<&String> = users.iter().collect();
        let found = self
            .conversations
            .values()
            .find(|conversation| conversation.users.iter().collect::<BTreeSet<_>>() == wanted);
        if let Some(conversation) = found {
            return conversation.id.clone();
        }
        let id = self.ids.next();
        let now = self.now();
        let conversation = Conversation {
            id: id.clone(),
            created: now,
            latest: now,
            latest_text: String::new(),
            users: users.to_vec(),
            read: users.first().cloned().into_iter().collect(),
            messages: VecDeque::new(),
        };
        self.conversations.insert(id.clone(), conversation);
        id
    }

    /// Writes into a conversation; `text` is escaped already. Tells everyone else in it.
    ///
    /// The event has ids and no text, so that a client must read the conversation (protocol §9, 17).
    pub(crate) fn write_privately(&mut self, id: &str, author: &str, text: &str) -> Option<Value> {
        let message = PrivateMessage {
            id: self.ids.next(),
            text: text.to_owned(),
            created: self.now(),
            author: author.to_owned(),
        };
        let conversation = self.conversations.get_mut(id)?;
        conversation.latest = message.created;
        text.clone_into(&mut conversation.latest_text);
        conversation.read = BTreeSet::from([author.to_owned()]);
        let stored = json!({
            "_id": message.id,
            "message": message.text,
            "created": message.created,
            "userid": author,
            "messageid": id,
            "__v": 0,
        });
        conversation.messages.push_back(message);
        if conversation.messages.len() > Conversation::KEPT {
            conversation.messages.pop_front();
        }
        let others: Vec<String> = conversation
            .users
            .iter()
            .filter(|user| *user != author)
            .cloned()
            .collect();
        for user in others {
            self.announce(
                &format!("user:{user}"),
                "new-message",
                json!({"userid": author, "messageid": id}),
            );
        }
        Some(stored)
    }
}
