//! Ambient traffic: actions of simulated users.

use antiphon_core::Rng;
use serde_json::json;

use super::{state::State, text};
use crate::world::LINES;

/// How many recent messages traffic chooses from.
const RECENT: usize = 12;
/// How many messages of all rooms are looked at for them.
const LOOKED_AT: usize = 200;
/// How many absent people traffic chooses from.
const CROWD: usize = 24;
/// People who stay in a room.
const STAY: usize = 4;

/// Room of an action, and who and what is there.
struct Scene {
    room: i64,
    /// People in the room, clients' accounts aside.
    present: Vec<i64>,
    /// Owners among them.
    owners: Vec<i64>,
    /// People who could enter.
    absent: Vec<i64>,
    /// Recent messages with their authors, the newest first.
    recent: Vec<(i64, i64)>,
}

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
        if let Some(scene) = self.scene(state) {
            self.act(state, &scene);
        }
        u32::try_from(state.made - before).unwrap_or(u32::MAX)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        (!all.is_empty()).then(|| all[self.chance.usize(..all.len())])
    }

    /// Chooses a room where a client is, or the bot's, and the people who may act there: never a client's account.
    fn scene(&mut self, state: &State) -> Option<Scene> {
        let server = &state.chats[0];
        let occupied: Vec<i64> = server.occupied.values().flatten().copied().collect();
        let first = || server.rooms.keys().next().copied();
        let home = Some(state.home).filter(|home| server.rooms.contains_key(home));
        let number = self.one_of(&occupied).or(home).or_else(first)?;
        let room = server.rooms.get(&number)?;
        let is_client = |id: &i64| *id == state.bot_id || server.occupied.contains_key(id);
        let people = state.people.keys().copied().filter(|id| !is_client(id));
        let present = room.present.iter().copied();
        let messages = server.messages.iter().rev().take(LOOKED_AT);
        let recent = messages.filter(|(_, message)| message.room == number && !message.deleted);
        Some(Scene {
            room: number,
            present: present.filter(|id| !is_client(id)).collect(),
            owners: room
                .present
                .intersection(&room.owners)
                .copied()
                .filter(|id| !is_client(id))
                .collect(),
            absent: people
                .filter(|id| !room.present.contains(id))
                .take(CROWD)
                .collect(),
            recent: recent
                .take(RECENT)
                .map(|(id, message)| (*id, message.author))
                .collect(),
        })
    }

    fn act(&mut self, state: &mut State, scene: &Scene) {
        let room = scene.room;
        let Some(user) = self.one_of(&scene.present) else {
            return self.enter(state, scene);
        };
        let message = self.one_of(&scene.recent);
        let by_people: Vec<(i64, i64)> = scene
            .recent
            .iter()
            .copied()
            .filter(|(_, author)| scene.present.contains(author))
            .collect();
        let own = self.one_of(&by_people);
        let owner = self.one_of(&scene.owners);
        match (self.chance.u32(0..100), message, owner) {
            // Refusals, such as of an edit that comes too late, make no event.
            (60..68, ..) => {
                if let Some((id, author)) = own {
                    let text = format!("{} (edited)", self.line());
                    let _ = state.edit(0, id, author, &text);
                }
            }
            (68..72, ..) => {
                if let Some((id, author)) = own {
                    let _ = state.delete(0, id, author);
                }
            }
            (72..80, Some((id, _)), _) => {
                let _ = state.star(0, id, user, false);
            }
            (80..82, Some((id, _)), Some(owner)) => {
                let _ = state.star(0, id, owner, true);
            }
            // Owners stay, and so do a few others.
            (82..86, ..) if scene.present.len() > STAY && !scene.owners.contains(&user) => {
                state.enter(0, room, user, false);
            }
            (82..91, ..) => self.enter(state, scene),
            (91..93, ..) => {
                let text = format!("@{} {}", state.bot.replace(' ', ""), self.line());
                state.post(0, room, user, &text);
            }
            (93, Some((id, author)), _) if author != user => {
                let text = format!(":{id} {}", self.line());
                state.post(0, room, user, &text);
            }
            (94, ..) => {
                let content = "A <a href=\"https://feeds.example/1\">new entry</a> in the feed";
                state.raise(0, room, 22, -2, &json!({"content": content}), None);
            }
            (95, ..) => state.raise(0, room, 34, -2, &json!({"target_user_id": user}), None),
            (96, _, Some(owner)) => state.access(0, room, owner, Some(user), "read-write"),
            (97, ..) => {
                let others = state.chats[0].rooms.keys().copied();
                let others: Vec<i64> = others.filter(|other| *other != room).collect();
                if let Some(other) = self.one_of(&others) {
                    state.invite(0, other, user, state.bot_id);
                }
            }
            (98, ..) => state.raise(0, room, 35, user, &json!({"odd": [1, null]}), None),
            (99, _, Some(owner)) => {
                let place = &state.chats[0].rooms[&room];
                let content = format!(
                    "{} / {}",
                    text::escape(&place.name),
                    text::escape(&place.description)
                );
                state.raise(0, room, 5, owner, &json!({"content": content}), None);
            }
            _ => {
                let text = self.line();
                state.post(0, room, user, &text);
            }
        }
    }

    /// Somebody who is not in the room enters it.
    fn enter(&mut self, state: &mut State, scene: &Scene) {
        if let Some(user) = self.one_of(&scene.absent) {
            state.enter(0, scene.room, user, true);
        }
    }

    /// A text, different each time.
    fn line(&mut self) -> String {
        self.said += 1;
        let line = LINES[self.chance.usize(..LINES.len())];
        format!("{line} #{}", self.said)
    }
}
