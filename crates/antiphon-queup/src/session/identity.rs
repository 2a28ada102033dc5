//! What makes origins unique: ids of connections that were not used before, and the rooms of chat ids.

use std::collections::{HashMap, HashSet, VecDeque};

use antiphon_core::Origin;
use serde::{Deserialize, Serialize};

use super::{Session, channel::Room};
use crate::model::ChatId;

/// How many connection ids are remembered; with as many, later ones all count as used.
const CONNECTIONS: usize = 1024;
/// The longest connection id that is taken into an origin.
const LONGEST_CONNECTION: usize = 64;
/// How many chat ids are remembered with their rooms; the oldest go first.
const CHATS: usize = 4096;
/// How many of a room's last chat ids its checkpoint holds.
const CHECKPOINT_CHATS: usize = 8;
/// How many chat ids of a room are remembered, also over restarts, as another room's too.
const APART: usize = 64;
/// The first words of other origins.
const WORDS: [&str; 2] = ["chat", "delete-chat-message"];

/// The connection ids that origins of this account have used.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Connections {
    used: HashSet<String>,
}

impl Connections {
    /// Whether an id may stand in origins by itself: it is none of those used, nor anything but an id.
    ///
    /// Once [`CONNECTIONS`] are remembered, no further one may.
    pub(super) fn is_new(&self, id: &str) -> bool {
        is_plain(id) && self.used.len() < CONNECTIONS && !self.used.contains(id)
    }

    /// Remembers an id.
    pub(super) fn note(&mut self, id: &str) {
        if self.used.len() < CONNECTIONS && id.len() <= LONGEST_CONNECTION {
            self.used.insert(id.to_owned());
        }
    }
}

/// Whether an id can be told from everything else that origins begin with.
pub(super) fn is_plain(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    (1..=LONGEST_CONNECTION).contains(&id.len()) && id.bytes().all(fits) && !WORDS.contains(&id)
}

/// The channel in which each of the last chat ids was used first.
#[derive(Debug, Default)]
pub(super) struct ChatRooms {
    channels: HashMap<ChatId, Box<str>>,
    order: VecDeque<ChatId>,
}

impl ChatRooms {
    /// Gives a chat id to a channel, unless another has it; whether the channel has it now, and whether that is new.
    pub(super) fn claim(&mut self, channel: &str, chat: &str) -> (bool, bool) {
        if let Some(owner) = self.channels.get(chat) {
            return (**owner == *channel, false);
        }
        if self.order.len() >= CHATS
            && let Some(oldest) = self.order.pop_front()
        {
            self.channels.remove(&oldest);
        }
        let chat = ChatId::from(chat);
        self.channels.insert(chat.clone(), channel.into());
        self.order.push_back(chat);
        (true, true)
    }
}

/// The origins of a chat message and of its deletion.
pub(super) struct ChatOrigins {
    pub(super) message: Origin,
    pub(super) deletion: Origin,
}

impl Session {
    /// The origins of a chat id in a channel.
    pub(super) fn chat_origins(&mut self, channel: &str, chat: &str) -> ChatOrigins {
        let room = self
            .channels
            .get_mut(channel)
            .and_then(|it| it.room.as_mut());
        let is_apart = room
            .as_ref()
            .is_some_and(|room| room.apart.iter().any(|apart| *apart == *chat));
        let is_own = !is_apart && {
            let (is_own, is_new) = self.chats.claim(channel, chat);
            match room {
                Some(room) if !is_own => keep(&mut room.apart, chat, APART),
                Some(room) if is_new => keep(&mut room.chats, chat, CHECKPOINT_CHATS),
                _ => {}
            }
            is_own
        };
        let id = if is_own {
            chat.to_owned()
        } else {
            format!("{chat}/{channel}")
        };
        ChatOrigins {
            message: Origin::occurrence(WORDS[0], &id),
            deletion: Origin::occurrence(WORDS[1], &id),
        }
    }

    /// The chat ids that a room's checkpoint holds; a single room has no use for them.
    pub(super) fn chats_to_keep(&self, room: Option<&Room>) -> (Vec<ChatId>, Vec<ChatId>) {
        let rooms = self.channels.values().filter(|it| it.room.is_some());
        match room {
            Some(room) if rooms.take(2).count() > 1 => (
                room.chats.iter().cloned().collect(),
                room.apart.iter().cloned().collect(),
            ),
            _ => (Vec::new(), Vec::new()),
        }
    }
}

/// Remembers a chat id, at most `limit` of them.
fn keep(chats: &mut VecDeque<ChatId>, chat: &str, limit: usize) {
    if chats.len() >= limit {
        chats.pop_front();
    }
    chats.push_back(chat.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_stand_alone_once_and_only_while_all_are_remembered() {
        let mut used = Connections::default();
        assert!(used.is_new("c1"));
        used.note("c1");
        assert!(!used.is_new("c1") && used.is_new("c2"));
        for odd in ["", "chat", "a/b", "a b", &"x".repeat(65)] {
            assert!(!used.is_new(odd), "{odd}");
        }
        for number in 0..CONNECTIONS {
            used.note(&format!("n{number}"));
        }
        assert!(!used.is_new("another"), "it may be a forgotten one");
    }

    #[test]
    fn a_chat_id_belongs_to_the_channel_that_used_it_first() {
        let mut chats = ChatRooms::default();
        assert_eq!(chats.claim("room:a", "u-1"), (true, true));
        assert_eq!(chats.claim("room:a", "u-1"), (true, false));
        assert_eq!(chats.claim("room:b", "u-1"), (false, false));
        for number in 0..CHATS {
            chats.claim("room:c", &format!("u-{number}-2"));
        }
        assert_eq!(chats.channels.len(), CHATS, "bounded");
    }
}
