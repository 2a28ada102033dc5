//! Ambient traffic: actions of simulated users.

use antiphon_core::Rng;
use serde_json::json;

use super::state::State;
use crate::world::LINES;

/// Draws the next action.
#[derive(Debug)]
pub(crate) struct Traffic {
    chance: Rng,
    said: u64,
}

impl Traffic {
    pub(crate) fn new(chance: Rng) -> Self {
        Self { chance, said: 0 }
    }

    /// Does one action on the first chat server; returns how many events it made.
    pub(crate) fn play(&mut self, state: &mut State) -> u32 {
        let before = state.made;
        let occupied: Vec<i64> = state.chats[0]
            .occupied
            .values()
            .flatten()
            .copied()
            .collect();
        let room = if occupied.is_empty() {
            4242
        } else {
            occupied[self.chance.usize(..occupied.len())]
        };
        let user = self.chance.i64(101..113);
        let recent: Vec<i64> = state.chats[0]
            .messages
            .iter()
            .rev()
            .filter(|(_, message)| message.room == room && !message.deleted)
            .take(12)
            .map(|(id, _)| *id)
            .collect();
        let message = (!recent.is_empty()).then(|| recent[self.chance.usize(..recent.len())]);
        match (self.chance.u32(0..100), message) {
            (60..68, Some(id)) => {
                let author = state.chats[0].messages[&id].author;
                let _ = state.edit(0, id, author, &format!("{} (edited)", self.line()));
            }
            (68..72, Some(id)) => {
                let author = state.chats[0].messages[&id].author;
                let _ = state.delete(0, id, author);
            }
            (72..80, Some(id)) => {
                let _ = state.star(0, id, user, false);
            }
            (80..82, Some(id)) => {
                let _ = state.star(0, id, 101, true);
            }
            (82..86, _) => state.enter(0, room, user, false),
            (86..91, _) => state.enter(0, room, user, true),
            (91..93, _) => {
                let text = format!("@{} {}", State::BOT, self.line());
                state.post(0, room, user, &text);
            }
            (93, Some(id)) => {
                let text = format!(":{id} {}", self.line());
                state.post(0, room, user, &text);
            }
            (94, _) => {
                let content = "A <a href=\"https://feeds.example/1\">new entry</a> in the feed";
                state.raise(0, room, 22, -2, &json!({"content": content}), None);
            }
            (95, _) => state.raise(0, room, 34, -2, &json!({"target_user_id": user}), None),
            (96, _) => state.access(0, room, 101, Some(user), "read-write"),
            (97, _) => {
                let other = if room == 17 { 5151 } else { 17 };
                state.invite(0, other, user, State::BOT_ID);
            }
            (98, _) => state.raise(0, room, 35, user, &json!({"odd": [1, null]}), None),
            (99, _) => {
                let content = json!({"content": "Sandbox / a place to try things"});
                state.raise(0, room, 5, user, &content, None);
            }
            _ => {
                let text = self.line();
                state.post(0, room, user, &text);
            }
        }
        u32::try_from(state.made - before).unwrap_or(u32::MAX)
    }

    /// A text, different each time.
    fn line(&mut self) -> String {
        self.said += 1;
        let line = LINES[self.chance.usize(..LINES.len())];
        format!("{line} #{}", self.said)
    }
}
