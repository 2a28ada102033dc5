//! Saving and restoring the cache: one byte for the format's version, then compressed JSON.
//!
//! The list of each kind has its oldest entry first, so that reading it back restores the order in which entries are
//! dropped, under the limits of the reading run.
//! Objects are read as leniently as events: one odd value costs itself alone.

use std::{
    io::{self, Read as _, Write as _},
    sync::Arc,
};

use antiphon_core::{BoxError, lenient::Reader};
use antiphon_discord_model::{
    Channel, Emoji, Guild, Member, Message, Presence, Read, Role, User, VoiceState,
};
use serde::Serialize;

use super::{
    limits::CacheLimits,
    store::{GuildId, Store},
};
use crate::event::NO_GUILD;

/// Version of the format; another one is not read.
///
/// A cache of another version is refused, and the source begins a new session instead.
const VERSION: u8 = 1;
/// Fastest level; similar objects compress well at any level.
const LEVEL: i32 = 1;
/// Largest size of an unpacked cache, far more than reasonable limits allow.
///
/// A larger one is cut off and then refused as broken.
const UNPACKED: u64 = 1 << 30;

/// A saved cache; each list has the oldest entry first.
#[derive(Serialize)]
struct Saved<'a> {
    me: Option<&'a User>,
    guilds: Vec<&'a Guild>,
    channels: Vec<&'a Channel>,
    roles: Vec<(GuildId, &'a Role)>,
    emojis: Vec<(GuildId, &'a Emoji)>,
    members: Vec<(GuildId, &'a Member)>,
    users: Vec<&'a User>,
    presences: Vec<&'a Presence>,
    voice_states: Vec<&'a VoiceState>,
    messages: Vec<&'a Message>,
}

impl Store {
    /// Writes all maps; an error can only come from the compressor.
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
        // The encoder is faster with large pieces than with the many small writes of JSON.
        let mut buffer = io::BufWriter::with_capacity(64 << 10, &mut packed);
        serde_json::to_writer(&mut buffer, &saved)?;
        buffer.flush()?;
        drop(buffer);
        packed.finish()
    }

    /// Reads what [`Store::save`] wrote; the error says which part of the format is wrong.
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
        let unpacked = String::from_utf8(unpacked)?;
        let mut from = Reader::new(&unpacked);
        let store = Self::read(&mut from, limits).ok_or("the picture is no object")?;
        let repairs = from.finish().ok_or("the picture is not JSON")?;
        if !repairs.is_empty() {
            tracing::debug!(%repairs, "values of the saved cache were repaired");
        }
        Ok(store)
    }

    /// Reads a saved cache object by object.
    fn read(from: &mut Reader<'_>, limits: CacheLimits) -> Option<Self> {
        let mut store = Self::new(limits);
        let mut fields = from.object()?;
        while let Some(name) = fields.next(from) {
            match &*name {
                "me" => store.me = Option::read(from).flatten().map(Arc::new),
                "guilds" => each(from, |guild| {
                    store.put_guild_alone(guild);
                }),
                "channels" => each(from, |channel: Channel| {
                    let guild = channel.guild_id.unwrap_or(NO_GUILD);
                    store.channels.insert(guild, channel.id, Arc::new(channel));
                }),
                "roles" => each(from, |OfGuild(guild, role): OfGuild<Role>| {
                    store.roles.insert(guild, role.id, Arc::new(role));
                }),
                "emojis" => each(from, |OfGuild(guild, emoji)| {
                    store.put_emojis(guild, vec![emoji]);
                }),
                "members" => each(from, |OfGuild(guild, member): OfGuild<Member>| {
                    let user = member.user.id;
                    store.members.insert(guild, user, Arc::new(member));
                }),
                "users" => each(from, |user: User| {
                    store.users.insert((), user.id, Arc::new(user));
                }),
                "presences" => each(from, |presence: Presence| {
                    let (guild, user) = (presence.guild_id.unwrap_or(NO_GUILD), presence.user.id);
                    store.presences.insert(guild, user, Arc::new(presence));
                }),
                "voice_states" => each(from, |state: VoiceState| {
                    if let Some(guild) = state.guild_id {
                        let user = state.user_id;
                        store.voice_states.insert(guild, user, Arc::new(state));
                    }
                }),
                "messages" => each(from, |message: Message| {
                    let (channel, id) = (message.channel_id, message.id);
                    store.messages.insert(channel, id, Arc::new(message));
                }),
                _ => from.skip(),
            }
        }
        Some(store)
    }
}

/// Reads a list, and hands each item to `put`.
fn each<T: Read>(from: &mut Reader<'_>, mut put: impl FnMut(T)) {
    let Some(mut items) = from.list() else {
        return;
    };
    while items.next(from) {
        if let Some(item) = T::read(from) {
            put(item);
        }
    }
}

/// An object and the guild that it belongs to, saved as a list of the two.
struct OfGuild<T>(GuildId, T);

impl<T: Read> Read for OfGuild<T> {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut items = from.list()?;
        let guild = items.next(from).then(|| GuildId::read(from));
        let object = items.next(from).then(|| T::read(from));
        while items.next(from) {
            from.skip();
        }
        Some(Self(guild??, object??))
    }

    fn stand_in() -> Self {
        Self(NO_GUILD, T::stand_in())
    }
}
