//! What is asked over the Gateway, and what comes of it.

use antiphon_core::{DecodeError, Draft, Event, Position, Secret, SourceName};
use antiphon_discord_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};
use tokio::sync::oneshot;

use crate::{
    config::Presence,
    error::{MembersError, VoiceError},
};

/// A request for members of a guild (op 8, protocol §8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberQuery {
    guild: Id<GuildMarker>,
    wanted: Wanted,
    presences: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Named { prefix: String, limit: u64 },
    Users(Vec<Id<UserMarker>>),
}

impl MemberQuery {
    /// All members; needs the intent `GUILD_MEMBERS`, and is answered once in 30 seconds for each guild.
    pub fn all(guild: Id<GuildMarker>) -> Self {
        Self::named(guild, "", 0)
    }

    /// Members whose name begins with `prefix`, at most `limit` of them, from 1 to 100.
    pub fn named(guild: Id<GuildMarker>, prefix: impl Into<String>, limit: u64) -> Self {
        Self {
            guild,
            wanted: Wanted::Named {
                prefix: prefix.into(),
                limit,
            },
            presences: false,
        }
    }

    /// These users, at most 100.
    pub fn users(guild: Id<GuildMarker>, users: impl IntoIterator<Item = Id<UserMarker>>) -> Self {
        Self {
            guild,
            wanted: Wanted::Users(users.into_iter().collect()),
            presences: false,
        }
    }

    /// Asks for presences too; needs the intent `GUILD_PRESENCES`.
    #[must_use]
    pub fn with_presences(mut self) -> Self {
        self.presences = true;
        self
    }

    pub(crate) fn guild(&self) -> u64 {
        self.guild.get()
    }

    pub(crate) fn has_presences(&self) -> bool {
        self.presences
    }

    /// Prefix, limit and users, as the frame has them.
    pub(crate) fn parts(&self) -> (Option<&str>, u64, Option<&[Id<UserMarker>]>) {
        match &self.wanted {
            Wanted::Named { prefix, limit } => (Some(prefix), *limit, None),
            Wanted::Users(users) => (None, 0, Some(users)),
        }
    }

    /// How many users are named.
    pub(crate) fn user_count(&self) -> usize {
        match &self.wanted {
            Wanted::Named { .. } => 0,
            Wanted::Users(users) => users.len(),
        }
    }
}

/// The chunks that answered a request for members, in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub struct Members {
    pub(crate) source: Option<SourceName>,
    pub(crate) chunks: Vec<Draft>,
}

impl Members {
    /// The chunks as events, for whoever reads them as raw bodies.
    ///
    /// They have no position, since the journal stores them on another way.
    pub fn chunks(&self) -> impl Iterator<Item = Event> + '_ {
        self.chunks.iter().map(|chunk| {
            let source = self.source.clone().unwrap_or_else(|| "discord".into());
            Event::stored(Position::ZERO, source, chunk.clone())
        })
    }

    /// The chunks, decoded as a payload of `GUILD_MEMBERS_CHUNK` or any other type that fits.
    ///
    /// # Errors
    /// [`DecodeError`] for the first chunk of another shape.
    pub fn decode<P: antiphon_core::Payload>(&self) -> Result<Vec<P>, DecodeError> {
        self.chunks().map(|event| P::decode(&event)).collect()
    }

    /// How many chunks came.
    pub fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Whether none came.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}

/// What a voice server or a Lavalink node needs to speak in a channel (protocol §12).
///
/// It is good until the bot moves, or Discord names another server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VoiceConnection {
    /// In which guild.
    pub guild: Id<GuildMarker>,
    /// In which channel.
    pub channel: Id<ChannelMarker>,
    /// The bot's own user.
    pub user: Id<UserMarker>,
    /// Id of the voice session.
    pub session_id: String,
    /// Token of the voice server.
    pub token: Secret,
    /// Host of the voice server, perhaps with a port, without a scheme.
    pub endpoint: String,
}

/// Where the bot is to be in a guild's voice channels (op 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VoiceWish {
    pub(crate) guild: u64,
    pub(crate) channel: Option<u64>,
    pub(crate) mute: bool,
    pub(crate) deaf: bool,
}

/// What a client asks of a shard.
#[derive(Debug)]
pub(crate) enum Command {
    /// Show this presence; a later one takes its place while it waits.
    Presence {
        presence: Presence,
        reply: oneshot::Sender<()>,
    },
    /// Send this frame, which was checked.
    Send {
        frame: String,
        /// The guild whose pending join it takes the place of.
        voice: Option<u64>,
        reply: oneshot::Sender<()>,
    },
    /// Ask for members and collect them.
    Members {
        query: MemberQuery,
        reply: oneshot::Sender<Result<Members, MembersError>>,
    },
    /// Join a voice channel and wait for both halves of the answer.
    Join {
        wish: VoiceWish,
        reply: oneshot::Sender<Result<VoiceConnection, VoiceError>>,
    },
}

impl Command {
    /// Whether nobody waits for it any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        match self {
            Self::Presence { reply, .. } | Self::Send { reply, .. } => reply.is_closed(),
            Self::Members { reply, .. } => reply.is_closed(),
            Self::Join { reply, .. } => reply.is_closed(),
        }
    }
}
