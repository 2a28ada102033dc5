//! The bot's own voice state.
//!
//! A join has two answers in either order, the bot's voice state and the voice server, and both belong together
//! (protocol §12); a move has new ones of both.

use antiphon_core::Secret;
use antiphon_discord_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

/// Credentials with which a voice server or a Lavalink node speaks in a channel (protocol §12).
///
/// The credentials are valid until the bot moves or Discord names another server.
///
/// ```no_run
/// use antiphon_discord::{Client, VoiceError, model::id::{Id, marker::{ChannelMarker, GuildMarker}}};
///
/// async fn visit(client: &Client, guild: Id<GuildMarker>, channel: Id<ChannelMarker>) -> Result<(), VoiceError> {
///     let (mute, deaf) = (false, true);
///     let voice = client.join_voice(guild, channel, mute, deaf).await?;
///     println!("session {} at {}", voice.session_id, voice.endpoint);
///     client.leave_voice(guild).await.map_err(VoiceError::Command)
/// }
/// ```
///
/// Of the token nothing is printed.
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
    ///
    /// The bot's own voice state has it; it changes with every join.
    pub session_id: String,
    /// Token of the voice server.
    pub token: Secret,
    /// Host of the voice server, perhaps with a port, without a scheme.
    ///
    /// Discord names it as a host, so a client adds the scheme itself.
    pub endpoint: String,
}

/// A change of the bot's voice state in a guild (op 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UpdateVoiceState {
    pub(crate) guild: u64,
    /// `None` leaves the guild's voice channel.
    pub(crate) channel: Option<u64>,
    pub(crate) mute: bool,
    pub(crate) deaf: bool,
}
