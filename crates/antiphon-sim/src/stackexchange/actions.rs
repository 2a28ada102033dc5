//! Actions of users, by requests and by control handles.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    state::{Draft, Message, State},
    text,
};

/// How long a message can be changed by its author.
const WINDOW: i64 = 120_000;
/// How long a repeated text is refused.
const TWINS: i64 = 60_000;
/// Stars a day.
const STARS: u32 = 20;
/// How long a kick lasts.
const KICK: i64 = 60_000;
/// Messages that a server keeps; the oldest go first.
pub(super) const MESSAGES: usize = 20_000;

/// Refusal of an action: status and message.
pub(crate) type Refused = (u16, &'static str);

impl State {
    /// The fields that events of a room share.
    fn event(&self, chat: usize, room: i64, number: i64, user: i64) -> Value {
        let name = self.chats[chat]
            .rooms
            .get(&room)
            .map(|room| room.name.clone());
        json!({
            "event_type": number,
            "user_id": user,
            "user_name": self.name_of(user),
            "room_id": room,
            "room_name": name.unwrap_or_default(),
        })
    }

    pub(crate) fn message_event(&self, chat: usize, number: i64, id: i64) -> Value {
        let Some(message) = self.chats[chat].messages.get(&id) else {
            return Value::Null;
        };
        let mut event = self.event(chat, message.room, number, message.author);
        event["message_id"] = json!(id);
        if !message.deleted {
            event["content"] = json!(message.content);
        }
        if let Some(parent) = message.parent {
            event["parent_id"] = json!(parent);
            event["show_parent"] = json!(true);
        }
        let counts = [
            ("message_edits", message.edits.len()),
            ("message_stars", message.stars.len()),
            ("message_owner_stars", message.pins.len()),
        ];
        for (name, count) in counts {
            if count > 0 {
                event[name] = json!(count);
            }
        }
        event
    }

    /// Posts a message; returns its id.
    pub(crate) fn post(&mut self, chat: usize, room: i64, user: i64, text: &str) -> i64 {
        let last = (text.to_owned(), self.now());
        self.chats[chat].last_texts.insert((user, room), last);
        let (parent, said) = match text::reply(text) {
            Some((parent, rest)) if self.chats[chat].messages.contains_key(&parent) => {
                let author = self.chats[chat].messages[&parent].author;
                let name = self.name_of(author).replace(' ', "");
                (Some(parent), format!("@{name} {rest}"))
            }
            _ => (None, text.to_owned()),
        };
        self.post_to(chat, room, user, &said, parent)
    }

    pub(crate) fn post_to(
        &mut self,
        chat: usize,
        room: i64,
        user: i64,
        said: &str,
        parent: Option<i64>,
    ) -> i64 {
        let now = self.now();
        let server = &mut self.chats[chat];
        server.next_message += 1;
        let id = server.next_message;
        let message = Message {
            room,
            author: user,
            posted_at: now,
            text: said.to_owned(),
            content: text::shown(said),
            parent,
            edits: Vec::new(),
            stars: BTreeSet::new(),
            pins: BTreeSet::new(),
            deleted: false,
            event: server.counter + 1,
        };
        server.messages.insert(id, message);
        if server.messages.len() > MESSAGES {
            server.messages.pop_first();
        }
        if let Some(room) = server.rooms.get_mut(&room)
            && user > 0
        {
            room.present.insert(user);
        }
        let events = self.with_pings(chat, id, 1);
        self.happen(chat, room, events);
        id
    }

    /// A message's event, and those of the accounts that it mentions or replies to.
    fn with_pings(&self, chat: usize, id: i64, number: i64) -> Vec<(Value, Option<i64>)> {
        let event = self.message_event(chat, number, id);
        let message = &self.chats[chat].messages[&id];
        let mut events = vec![(event.clone(), None)];
        let replied = message
            .parent
            .and_then(|parent| self.chats[chat].messages.get(&parent))
            .map(|parent| parent.author)
            .filter(|author| *author != message.author);
        let mut told = BTreeSet::new();
        if let Some(author) = replied {
            let mut reply = event.clone();
            reply["event_type"] = json!(18);
            reply["target_user_id"] = json!(author);
            told.insert(author);
            events.push((reply, Some(author)));
        }
        for name in text::mentions(&message.text) {
            let name = name.to_lowercase();
            let meant = self.people.values().filter(|person| {
                let whole = person.name.replace(' ', "").to_lowercase();
                whole.starts_with(&name) && person.id != message.author
            });
            for person in meant.map(|person| person.id).collect::<Vec<_>>() {
                if told.insert(person) {
                    let mut mention = event.clone();
                    mention["event_type"] = json!(8);
                    mention["target_user_id"] = json!(person);
                    if let Some(fields) = mention.as_object_mut() {
                        fields.remove("show_parent");
                    }
                    events.push((mention, Some(person)));
                }
            }
        }
        events
    }

    /// Whether the account may still change a message.
    fn change(&self, chat: usize, id: i64, user: i64, what: &str) -> Result<(), Refused> {
        let is_edit = what == "edit";
        let Some(message) = self.chats[chat].messages.get(&id) else {
            return Err((302, "/error?aspxerrorpath=/messages"));
        };
        let is_moderator = self
            .people
            .get(&user)
            .is_some_and(|person| person.is_moderator);
        let refused = if message.deleted {
            if is_edit {
                "This message has already been deleted and cannot be edited"
            } else {
                "This message has already been deleted."
            }
        } else if message.author != user && !is_moderator {
            if is_edit {
                "You can only edit your own messages"
            } else {
                "You can only delete your own messages"
            }
        } else if self.now() - message.posted_at > WINDOW && !is_moderator {
            if is_edit {
                "It is too late to edit this message"
            } else {
                "It is too late to delete this message"
            }
        } else {
            return Ok(());
        };
        Err((200, refused))
    }

    pub(crate) fn edit(
        &mut self,
        chat: usize,
        id: i64,
        user: i64,
        text: &str,
    ) -> Result<(), Refused> {
        self.change(chat, id, user, "edit")?;
        let Some(message) = self.chats[chat].messages.get_mut(&id) else {
            return Ok(());
        };
        let old = std::mem::replace(&mut message.text, text.to_owned());
        message.edits.push(old);
        message.content = text::shown(text);
        let room = message.room;
        let events = self.with_pings(chat, id, 2);
        self.happen(chat, room, events);
        Ok(())
    }

    pub(crate) fn delete(&mut self, chat: usize, id: i64, user: i64) -> Result<(), Refused> {
        self.change(chat, id, user, "delete")?;
        let Some(message) = self.chats[chat].messages.get_mut(&id) else {
            return Ok(());
        };
        message.deleted = true;
        let (room, author) = (message.room, message.author);
        let mut event = self.message_event(chat, 10, id);
        event["user_id"] = json!(user);
        event["user_name"] = json!(self.name_of(user));
        if author != user {
            event["target_user_id"] = json!(author);
        }
        self.happen(chat, room, vec![(event, None)]);
        Ok(())
    }

    /// Stars or unstars, or pins or unpins.
    pub(crate) fn star(
        &mut self,
        chat: usize,
        id: i64,
        user: i64,
        pin: bool,
    ) -> Result<(), Refused> {
        let day = self.now().div_euclid(86_400_000);
        let server = &mut self.chats[chat];
        let Some(message) = server.messages.get_mut(&id) else {
            return Err((404, "No such message"));
        };
        if pin {
            let owners = server.rooms.get(&message.room).map(|room| &room.owners);
            if !owners.is_some_and(|owners| owners.contains(&user)) {
                return Err((200, "You do not have permission to pin messages"));
            }
            if !message.pins.remove(&user) {
                message.pins.insert(user);
            }
        } else if message.author == user {
            return Err((200, "You cannot star your own messages"));
        } else if !message.stars.remove(&user) {
            let (of, given) = server.star_days.entry(user).or_insert((day, 0));
            if *of != day {
                (*of, *given) = (day, 0);
            }
            if *given >= STARS {
                return Err((200, "You have used all your stars for today"));
            }
            *given += 1;
            message.stars.insert(user);
        }
        self.tell_stars(chat, id, user);
        Ok(())
    }

    /// Removes all stars or pins.
    pub(crate) fn clear(
        &mut self,
        chat: usize,
        id: i64,
        user: i64,
        pin: bool,
    ) -> Result<(), Refused> {
        let server = &mut self.chats[chat];
        let Some(message) = server.messages.get_mut(&id) else {
            return Err((404, "No such message"));
        };
        let owners = server.rooms.get(&message.room).map(|room| &room.owners);
        if !owners.is_some_and(|owners| owners.contains(&user)) {
            return Err((200, "You do not have permission"));
        }
        if pin {
            message.pins.clear();
        } else {
            message.stars.clear();
        }
        self.tell_stars(chat, id, user);
        Ok(())
    }

    /// Tells a change of stars; only the account that made it is told whose it is (protocol §8.2).
    fn tell_stars(&mut self, chat: usize, id: i64, user: i64) {
        let mut event = self.message_event(chat, 6, id);
        if let Some(fields) = event.as_object_mut() {
            fields.remove("user_id");
            fields.remove("user_name");
        }
        let Some(message) = self.chats[chat].messages.get(&id) else {
            return;
        };
        // The message's time, not the star's (protocol §8.5).
        event["time_stamp"] = json!(message.posted_at.div_euclid(1000));
        let room = message.room;
        let mut own = Map::new();
        own.insert("user_id".to_owned(), json!(user));
        own.insert("user_name".to_owned(), json!(self.name_of(user)));
        for (name, marks) in [
            ("message_starred", &message.stars),
            ("message_owner_starred", &message.pins),
        ] {
            if marks.contains(&user) {
                own.insert(name.to_owned(), json!(true));
            }
        }
        let draft = Draft {
            body: event,
            only: None,
            own: Some((user, own)),
        };
        self.happen(chat, room, vec![draft]);
    }

    /// Moves messages; returns how many.
    pub(crate) fn move_messages(
        &mut self,
        chat: usize,
        user: i64,
        from: i64,
        to: i64,
        ids: &[i64],
    ) -> usize {
        let here = |state: &Self, id: &i64| {
            let message = state.chats[chat].messages.get(id);
            message.is_some_and(|message| message.room == from)
        };
        let ids: Vec<i64> = ids.iter().copied().filter(|id| here(self, id)).collect();
        if ids.is_empty() || !self.chats[chat].rooms.contains_key(&to) {
            return 0;
        }
        let counted = if ids.len() == 1 {
            "1 message".to_owned()
        } else {
            format!("{} messages", ids.len())
        };
        let host = self.chats[chat].host;
        let link = |state: &Self, room: i64| {
            let name = &state.chats[chat].rooms[&room].name;
            let (name, slug) = (text::escape(name), text::slug(name));
            format!(r#"<a href="https://{host}/rooms/{room}/{slug}">{name}</a>"#)
        };
        let (from_link, to_link) = (link(self, from), link(self, to));
        let first = ids[0];
        let mut out = self.moved_events(chat, user, 19, &ids);
        out.push(self.notice(chat, from, user, format!(
            r#"&rarr; <i><a href="https://{host}/transcript/message/{first}#{first}">{counted}</a> moved to {to_link}</i>"#
        ), ids.len()));
        self.happen(chat, from, out);
        for id in &ids {
            if let Some(message) = self.chats[chat].messages.get_mut(id) {
                message.room = to;
            }
        }
        let mut into = self.moved_events(chat, user, 20, &ids);
        let words = format!("&larr; <i>{counted} moved from {from_link}</i>");
        into.push(self.notice(chat, to, user, words, ids.len()));
        self.happen(chat, to, into);
        ids.len()
    }

    /// Events of moved messages: their user is who moved them, their time the message's own (protocol §8.2).
    fn moved_events(
        &self,
        chat: usize,
        user: i64,
        number: i64,
        ids: &[i64],
    ) -> Vec<(Value, Option<i64>)> {
        let moved = ids.iter().map(|id| {
            let mut event = self.message_event(chat, number, *id);
            event["user_id"] = json!(user);
            event["user_name"] = json!(self.name_of(user));
            event["moved"] = json!(true);
            if let Some(message) = self.chats[chat].messages.get(id) {
                event["time_stamp"] = json!(message.posted_at.div_euclid(1000));
            }
            if let Some(fields) = event.as_object_mut() {
                fields.remove("show_parent");
            }
            (event, None)
        });
        moved.collect()
    }

    /// Makes a system message about a move, and its event.
    fn notice(
        &mut self,
        chat: usize,
        room: i64,
        user: i64,
        content: String,
        ahead: usize,
    ) -> (Value, Option<i64>) {
        let id = self.post_to_quietly(chat, room, user, content, ahead);
        (self.message_event(chat, 1, id), None)
    }

    /// Posts a message whose event is the one after the next `ahead` events.
    fn post_to_quietly(
        &mut self,
        chat: usize,
        room: i64,
        user: i64,
        content: String,
        ahead: usize,
    ) -> i64 {
        let now = self.now();
        let server = &mut self.chats[chat];
        server.next_message += 1;
        let message = Message {
            room,
            author: user,
            posted_at: now,
            text: content.clone(),
            content,
            parent: None,
            edits: Vec::new(),
            stars: BTreeSet::new(),
            pins: BTreeSet::new(),
            deleted: false,
            event: server.counter + 1 + i64::try_from(ahead).unwrap_or_default(),
        };
        server.messages.insert(server.next_message, message);
        if server.messages.len() > MESSAGES {
            server.messages.pop_first();
        }
        server.next_message
    }

    pub(crate) fn enter(&mut self, chat: usize, room: i64, user: i64, enters: bool) {
        if let Some(room) = self.chats[chat].rooms.get_mut(&room) {
            if enters {
                room.present.insert(user);
            } else {
                room.present.remove(&user);
            }
        }
        let mut event = self.event(chat, room, if enters { 3 } else { 4 }, user);
        event["target_user_id"] = json!(user);
        self.happen(chat, room, vec![(event, None)]);
    }

    /// Kicks a user: events 4 and 15 in one frame, and the key `exit` for the user.
    pub(crate) fn kick(&mut self, chat: usize, room: i64, by: i64, user: i64) {
        let until = self.now() + KICK;
        let number = self.secrets.i64(1..1000);
        if let Some(room) = self.chats[chat].rooms.get_mut(&room) {
            room.present.remove(&user);
            room.kicked.insert(user, until);
        }
        let mut left = self.event(chat, room, 4, user);
        left["target_user_id"] = json!(user);
        let mut access = self.event(chat, room, 15, by);
        access["target_user_id"] = json!(user);
        access["content"] = json!(format!("priv {number} created"));
        self.happen(chat, room, vec![(left, None), (access, None)]);
        self.tell_key(chat, room, user, "exit");
        self.unoccupy(chat, user, Some(room));
    }

    /// Sends an account a key of a room, such as `exit`.
    pub(crate) fn tell_key(&mut self, chat: usize, room: i64, user: i64, key: &str) {
        let value = if key == "timeout" {
            json!("The room is in timeout, ending in 58 seconds")
        } else {
            json!(true)
        };
        let frame = json!({format!("r{room}"): {key: value}}).to_string();
        for number in self.sockets_of(chat, user) {
            self.frame(number, &frame);
        }
    }

    pub(crate) fn unoccupy(&mut self, chat: usize, user: i64, room: Option<i64>) {
        let occupied = &mut self.chats[chat].occupied;
        match room {
            Some(room) => {
                if let Some(rooms) = occupied.get_mut(&user) {
                    rooms.remove(&room);
                }
            }
            None => {
                occupied.remove(&user);
            }
        }
    }

    pub(crate) fn access(
        &mut self,
        chat: usize,
        room: i64,
        by: i64,
        user: Option<i64>,
        level: &str,
    ) {
        if let (Some(room), Some(user)) = (self.chats[chat].rooms.get_mut(&room), user) {
            match level {
                "owner" => {
                    room.owners.insert(user);
                }
                "remove" => {
                    room.owners.remove(&user);
                    room.access.remove(&user);
                }
                level => {
                    room.access.insert(user, level.to_owned());
                }
            }
        }
        let mut event = self.event(chat, room, 15, by);
        match user {
            Some(user) => {
                event["target_user_id"] = json!(user);
                let words = if level == "remove" {
                    "(default)"
                } else {
                    level
                };
                event["content"] = json!(format!("Access now {words}"));
            }
            None => event["target_user_id"] = Value::Null,
        }
        self.happen(chat, room, vec![(event, None)]);
    }

    /// Invites an account, wherever it is.
    pub(crate) fn invite(&mut self, chat: usize, room: i64, by: i64, user: i64) {
        let mut event = self.event(chat, room, 17, by);
        event["target_user_id"] = json!(user);
        let (who, name) = (
            self.name_of(by),
            event["room_name"].as_str().unwrap_or_default().to_owned(),
        );
        event["content"] = json!(format!(
            "{who} invites you to <a href=\"/rooms/{room}\">{name}</a>"
        ));
        self.happen(chat, room, vec![(event, Some(user))]);
    }

    /// Any event, as a moderator or the system would cause it.
    pub(crate) fn raise(
        &mut self,
        chat: usize,
        room: i64,
        number: i64,
        user: i64,
        fields: &Value,
        only: Option<i64>,
    ) {
        let mut event = self.event(chat, room, number, user);
        if let Some(event) = event.as_object_mut().filter(|_| number == 16) {
            // A notification names no room.
            event.remove("room_id");
            event.remove("room_name");
        }
        for (name, value) in fields.as_object().into_iter().flatten() {
            event[name.as_str()] = value.clone();
        }
        self.happen(chat, room, vec![(event, only)]);
    }

    /// Whether a text is the same as the account's last in the room.
    pub(crate) fn is_twin(&mut self, chat: usize, room: i64, user: i64, text: &str) -> bool {
        let now = self.now();
        let last = self.chats[chat]
            .last_texts
            .insert((user, room), (text.to_owned(), now));
        last.is_some_and(|(last, at)| last == text && now - at < TWINS)
    }

    pub(crate) fn sockets_of(&self, chat: usize, account: i64) -> Vec<u64> {
        let connections = self.chats[chat].connections.iter();
        let own = connections.filter(|(_, connection)| connection.account == account);
        own.map(|(number, _)| *number).collect()
    }
}
