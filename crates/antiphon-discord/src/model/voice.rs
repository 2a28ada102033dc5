//! The bot's own place in voice channels.

use antiphon_core::Secret;
use antiphon_discord_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

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
pub(crate) struct UpdateVoiceState {
    pub(crate) guild: u64,
    pub(crate) channel: Option<u64>,
    pub(crate) mute: bool,
    pub(crate) deaf: bool,
}
