//! The origins of chat messages: unique although an author who speaks in two rooms at once has one chat id twice.
//!
//! A chat id is author and millisecond, and the journal stores an origin once. So the first room in which an id is
//! heard owns it, and a second room's origin gets the channel's name behind it. The owner must be found again in the
//! history after an outage or a restart: ids are remembered with their channels, and the last few are in the rooms'
//! checkpoints.

use std::collections::{HashMap, VecDeque};

use antiphon_core::Origin;

use super::{Session, channel::Room};
use crate::model::ChatId;

/// Number of chat ids that are remembered with their channels; the oldest go first.
const CHATS: usize = 4096;
/// Number of a room's last chat ids that its checkpoint holds.
const CHECKPOINT_CHATS: usize = 8;
/// Number of a room's chat ids that another room had before, in its checkpoint as well.
const APART: usize = 64;
/// First words of the origins of chat messages and of their deletions.
pub(super) const ORIGINS: [&str; 2] = ["chat", "delete-chat-message"];

/// The channel in which each of the last chat ids was used first.
#[derive(Debug, Default)]
pub(super) struct ChatRooms {
    /// Owner of each id.
    channels: HashMap<ChatId, Box<str>>,
    /// Ids, the oldest first.
    order: VecDeque<ChatId>,
}

/// Owner of a chat id, seen from one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// The channel owns it from now on.
    New,
    /// The channel owns it already.
    Known,
    /// Another channel owns it.
    Elsewhere,
}

impl ChatRooms {
    /// Gives a chat id to a channel, unless another channel has it.
    pub(super) fn claim(&mut self, channel: &str, chat: &str) -> Claim {
        if let Some(owner) = self.channels.get(chat) {
            return if **owner == *channel {
                Claim::Known
            } else {
                Claim::Elsewhere
            };
        }
        if self.order.len() >= CHATS
            && let Some(oldest) = self.order.pop_front()
        {
            self.channels.remove(&oldest);
        }
        let chat = ChatId::from(chat);
        self.channels.insert(chat.clone(), channel.into());
        self.order.push_back(chat);
        Claim::New
    }
}

/// The origins of a chat message and of its deletion.
pub(super) struct ChatOrigins {
    /// Origin of the message, live and in the history.
    pub(super) message: Origin,
    /// Origin of its deletion.
    pub(super) deletion: Origin,
}

impl Session {
    /// The origins of a chat id in a channel.
    pub(super) fn chat_origins(&mut self, channel: &str, chat: &str) -> ChatOrigins {
        let mut room = self
            .channels
            .get_mut(channel)
            .and_then(|it| it.room.as_mut());
        let is_apart = room
            .as_ref()
            .is_some_and(|room| room.apart.iter().any(|apart| *apart == *chat));
        let claim = if is_apart {
            Claim::Elsewhere
        } else {
            self.chats.claim(channel, chat)
        };
        match (claim, &mut room) {
            (Claim::Elsewhere, Some(room)) if !is_apart => keep(&mut room.apart, chat, APART),
            (Claim::New, Some(room)) => keep(&mut room.chats, chat, CHECKPOINT_CHATS),
            _ => {}
        }
        let id = if claim == Claim::Elsewhere {
            format!("{chat}/{channel}")
        } else {
            chat.to_owned()
        };
        ChatOrigins {
            message: Origin::occurrence(ORIGINS[0], &id),
            deletion: Origin::occurrence(ORIGINS[1], &id),
        }
    }

    /// The chat ids that a room's checkpoint holds, own ones and those of others; a single room needs none.
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
    fn a_chat_id_belongs_to_the_channel_that_used_it_first() {
        let mut chats = ChatRooms::default();
        assert_eq!(chats.claim("room:a", "u-1"), Claim::New);
        assert_eq!(chats.claim("room:a", "u-1"), Claim::Known);
        assert_eq!(chats.claim("room:b", "u-1"), Claim::Elsewhere);
        for number in 0..CHATS {
            chats.claim("room:c", &format!("u-{number}-2"));
        }
        assert_eq!(chats.channels.len(), CHATS, "bounded");
    }
}
