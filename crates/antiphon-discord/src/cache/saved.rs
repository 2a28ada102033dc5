//! The cache as bytes, and back: one byte that names the format, and compressed JSON.

use std::{
    io::{self, Read as _, Write as _},
    sync::Arc,
};

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
const VERSION: u8 = 1;
/// The quickest level: so many objects that are alike become a small part of their size at any.
const LEVEL: i32 = 1;
/// Bytes that a picture is unpacked to at most; far more than one has within limits that a machine can hold.
const UNPACKED: u64 = 1 << 30;

/// A saved picture, each kind with the oldest first.
///
/// It is borrowed to be written and owned when it was read.
#[derive(Serialize, Deserialize)]
struct Saved<G, C, R, E, M, U, P, V, T, Me> {
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

impl Store {
    pub(super) fn save(&self) -> io::Result<Vec<u8>> {
        let saved = Saved {
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
        let mut packed = zstd::Encoder::new(vec![VERSION], LEVEL)?;
        // The encoder takes large pieces more readily than the many small ones that JSON is written in.
        let mut buffer = io::BufWriter::with_capacity(64 << 10, &mut packed);
        serde_json::to_writer(&mut buffer, &saved)?;
        buffer.flush()?;
        drop(buffer);
        packed.finish()
    }

    pub(super) fn restore(saved: &[u8], limits: CacheLimits) -> Result<Self, BoxError> {
        let (version, packed) = saved.split_first().ok_or("the picture is empty")?;
        if *version != VERSION {
            return Err(format!(
                "the picture was saved in format {version}, and this is {VERSION}"
            )
            .into());
        }
        let mut unpacked = Vec::new();
        let mut decoder = zstd::Decoder::new(packed)?.take(UNPACKED);
        decoder.read_to_end(&mut unpacked)?;
        let saved: Read = serde_json::from_slice(&unpacked)?;
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
