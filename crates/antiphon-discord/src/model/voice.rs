//! The bot's own voice state.

use antiphon_core::Secret;
use antiphon_discord_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

/// Credentials with which a voice server or a Lavalink node speaks in a channel (protocol §12).
///
/// The credentials are valid until the bot moves or Discord names another server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VoiceConnection {
    /// Guild.
    pub guild: Id<GuildMarker>,
    /// Channel.
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

/// A change of the bot's voice state in a guild (op 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UpdateVoiceState {
    pub(crate) guild: u64,
    pub(crate) channel: Option<u64>,
    pub(crate) mute: bool,
    pub(crate) deaf: bool,
}
