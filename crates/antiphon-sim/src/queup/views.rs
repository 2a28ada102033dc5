//! What there is, as a person in a room would see it: rooms, people, chat and the queue.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    controls::{QueUp, Room},
    model::QueueItem,
    state::State,
    text,
};

impl QueUp {
    /// Every room, the bot's own first.
    pub(super) fn places_json(&self, limit: usize) -> Value {
        self.server.with(|state| {
            let mut rooms: Vec<_> = state.rooms.values().collect();
            rooms.sort_by_key(|room| room.slug != state.home);
            let rooms = rooms.into_iter().take(limit).map(|room| {
                json!({
                    "place": format!("room/{}", room.id),
                    "name": room.slug,
                    "title": room.settings.get("name"),
                })
            });
            json!({"places": rooms.collect::<Vec<_>>()})
        })
    }
}

impl Room {
    /// Users who are in the room.
    pub(super) fn people_json(&self, limit: usize) -> Value {
        self.look(|state, room| {
            let present = room
                .present()
                .filter_map(|member| state.users.get(&member.userid));
            let names = present.map(|user| &user.username).take(limit);
            json!({"people": names.collect::<Vec<_>>()})
        })
    }

    /// The newest messages, the oldest first, without those that were deleted.
    pub(super) fn messages_json(&self, limit: usize) -> Value {
        self.look(|_, room| {
            let items = room.chat.iter();
            let items = items.filter(|item| item["type"] == "delete-chat-message");
            let deleted: BTreeSet<_> = items.filter_map(|item| item["chatid"].as_str()).collect();
            let chat = room.chat.iter().rev();
            let chat = chat.filter(|item| item["type"] == "chat-message");
            let left = chat.filter(|item| {
                item["chatid"]
                    .as_str()
                    .is_none_or(|id| !deleted.contains(id))
            });
            let mut messages: Vec<Value> = left
                .take(limit)
                .map(|item| {
                    let text = item["message"].as_str().unwrap_or_default();
                    json!({
                        "chat": item["chatid"],
                        "by": item.pointer("/user/username"),
                        "at": item["time"],
                        "text": text::unescape(text),
                    })
                })
                .collect();
            messages.reverse();
            json!({"messages": messages})
        })
    }

    /// The song that plays, with its votes, and those that wait, in their order.
    pub(super) fn songs_json(&self, limit: usize) -> Value {
        self.look(|state, room| {
            let shown = |item: &QueueItem| {
                let song = state.songs.get(&item.songid);
                json!({
                    "song": song.map(|song| text::unescape(&song.name)),
                    "by": state.users.get(&item.userid).map(|user| &user.username),
                    "updubs": item.updubs.len(),
                    "downdubs": item.downdubs.len(),
                    "grabs": item.grabs,
                    "began": item.played,
                    "length": item.length,
                })
            };
            let waiting = room.djs.iter().filter_map(|dj| room.members.get(dj));
            let waiting = waiting.filter_map(|member| member.queue.front());
            json!({
                "playing": room.playing.as_ref().map(shown),
                "waiting": waiting.take(limit).map(shown).collect::<Vec<_>>(),
            })
        })
    }

    fn look(&self, look: impl FnOnce(&State, &super::model::Room) -> Value) -> Value {
        self.with_state(|state, id| {
            state
                .rooms
                .get(id)
                .map_or_else(|| json!({}), |room| look(state, room))
        })
    }
}
