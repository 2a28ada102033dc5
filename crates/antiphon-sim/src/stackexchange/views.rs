//! What there is, as a person in a room would see it: rooms, people and messages.

use serde_json::{Value, json};

use super::controls::StackExchange;

impl StackExchange {
    /// Every room, the bot's own first.
    pub(super) fn places_json(&self, limit: usize) -> Value {
        self.act(|state, chat| {
            let mut rooms: Vec<_> = state.chats[chat].rooms.iter().collect();
            rooms.sort_by_key(|(id, _)| **id != state.home);
            let rooms = rooms.into_iter().take(limit).map(
                |(id, room)| json!({"place": format!("room/{id}"), "room": id, "name": room.name}),
            );
            json!({"places": rooms.collect::<Vec<_>>()})
        })
    }

    /// Users who are in a room.
    pub(super) fn people_json(&self, room: i64, limit: usize) -> Value {
        self.act(|state, chat| {
            let present = state.chats[chat].rooms.get(&room);
            let present = present.into_iter().flat_map(|room| &room.present);
            let people = present.filter_map(|id| state.people.get(id));
            let names = people.map(|person| &person.name).take(limit);
            json!({"people": names.collect::<Vec<_>>()})
        })
    }

    /// The newest messages of a room, the oldest first, without those that were deleted.
    pub(super) fn messages_json(&self, room: i64, limit: usize) -> Value {
        self.act(|state, chat| {
            let messages = state.chats[chat].messages.iter().rev();
            let here = messages.filter(|(_, message)| message.room == room && !message.deleted);
            let mut shown: Vec<Value> = here
                .take(limit)
                .map(|(id, message)| {
                    json!({
                        "message": id,
                        "by": state.people.get(&message.author).map(|person| &person.name),
                        "at": message.posted_at,
                        "text": message.text,
                        "edits": message.edits.len(),
                        "stars": message.stars.len(),
                    })
                })
                .collect();
            shown.reverse();
            json!({"messages": shown})
        })
    }
}
