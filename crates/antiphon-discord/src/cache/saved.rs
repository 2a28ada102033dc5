//! The cache as bytes, and back.

use std::sync::Arc;

use antiphon_core::BoxError;
use serde::{Deserialize, Serialize};
use twilight_model::{
    channel::{Channel, Message},
    gateway::presence::Presence,
    guild::{Emoji, Guild, Member, Role},
    user::{CurrentUser, User},
    voice::VoiceState,
};

use super::{
    limits::CacheLimits,
    store::{GuildId, Store},
};
use crate::event::NO_GUILD;

/// Version of the saved picture; another one's is not read.
const VERSION: u32 = 1;

/// A saved picture, each kind with the oldest first.
///
/// It is borrowed to be written and owned when it was read.
#[derive(Serialize, Deserialize)]
struct Saved<G, C, R, E, M, U, P, V, T, Me> {
    v: u32,
    me: Option<Me>,
    guilds: Vec<G>,
    channels: Vec<C>,
    roles: Vec<(GuildId, R)>,
    emojis: Vec<(GuildId, E)>,
    members: Vec<(GuildId, M)>,
    users: Vec<U>,
    presences: Vec<P>,
    voice_states: Vec<V>,
    messages: Vec<T>,
}

type Read =
    Saved<Guild, Channel, Role, Emoji, Member, User, Presence, VoiceState, Message, CurrentUser>;

#[derive(Deserialize)]
struct Version {
    v: u32,
}

impl Store {
    pub(super) fn save(&self) -> Result<Vec<u8>, serde_json::Error> {
        let saved = Saved {
            v: VERSION,
            me: self.me.as_deref(),
            guilds: self.guilds.iter().map(|((), _, guild)| &**guild).collect(),
            channels: self
                .channels
                .map
                .iter()
                .map(|(_, _, channel)| &**channel)
                .collect(),
            roles: self
                .roles
                .map
                .iter()
                .map(|(guild, _, role)| (guild, &**role))
                .collect(),
            emojis: self
                .emojis
                .map
                .iter()
                .map(|(guild, _, emoji)| (guild, &**emoji))
                .collect(),
            members: self
                .members
                .iter()
                .map(|(guild, _, member)| (guild, &**member))
                .collect(),
            users: self.users.iter().map(|((), _, user)| &**user).collect(),
            presences: self
                .presences
                .iter()
                .map(|(_, _, presence)| &**presence)
                .collect(),
            voice_states: self
                .voice_states
                .iter()
                .map(|(_, _, state)| &**state)
                .collect(),
            messages: self
                .messages
                .map
                .iter()
                .map(|(_, _, message)| &**message)
                .collect(),
        };
        serde_json::to_vec(&saved)
    }

    pub(super) fn restore(saved: &[u8], limits: CacheLimits) -> Result<Self, BoxError> {
        let Version { v } = serde_json::from_slice(saved)?;
        if v != VERSION {
            return Err(
                format!("the picture was saved in format {v}, and this is {VERSION}").into(),
            );
        }
        let saved: Read = serde_json::from_slice(saved)?;
        let mut store = Self::new(limits);
        store.me = saved.me.map(Arc::new);
        for guild in saved.guilds {
            store.put_guild_alone(guild);
        }
        for channel in saved.channels {
            let guild = channel.guild_id.unwrap_or(NO_GUILD);
            store.channels.insert(guild, channel.id, Arc::new(channel));
        }
        for (guild, role) in saved.roles {
            store.roles.insert(guild, role.id, Arc::new(role));
        }
        for (guild, emoji) in saved.emojis {
            store.emojis.insert(guild, emoji.id, Arc::new(emoji));
        }
        // Before the members, which would make their users young again.
        for user in saved.users {
            store.users.insert((), user.id, Arc::new(user));
        }
        for (guild, member) in saved.members {
            store
                .members
                .insert(guild, member.user.id, Arc::new(member));
        }
        for presence in saved.presences {
            let (guild, user) = (presence.guild_id, presence.user.id());
            store.presences.insert(guild, user, Arc::new(presence));
        }
        for state in saved.voice_states {
            if let Some(guild) = state.guild_id {
                store
                    .voice_states
                    .insert(guild, state.user_id, Arc::new(state));
            }
        }
        for message in saved.messages {
            store
                .messages
                .insert(message.channel_id, message.id, Arc::new(message));
        }
        Ok(store)
    }
}
