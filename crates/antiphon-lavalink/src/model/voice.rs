//! Values of Discord's voice protocol.
//!
//! The bot's own voice state and the guild's voice server are the two halves of a voice connection. The bot receives
//! them on Discord's Gateway, hands them to the pool, and the node connects with them (protocol §9,
//! <https://lavalink.dev/api/rest.html#voice-state>). Session id and token open a voice channel: both are left out of
//! debug output and of everything that is stored.

use std::fmt;

use antiphon_core::Secret;

use super::{ChannelId, GuildId, UserId};

/// A user's voice state, from Discord's
/// [`VOICE_STATE_UPDATE`](https://discord.com/developers/docs/events/gateway-events#voice-state-update).
///
/// ```
/// use antiphon_lavalink::VoiceState;
///
/// let state = VoiceState {
///     guild: 41771983423143937.into(),
///     user: 77.into(),
///     channel: Some(6.into()),
///     session_id: "90326bd25d71d39b9ef95b299e3872ff".into(),
/// };
/// assert!(!format!("{state:?}").contains("90326"), "the session is a secret");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct VoiceState {
    /// The guild.
    pub guild: GuildId,
    /// The user; states of other users than the bot are ignored.
    pub user: UserId,
    /// The channel; absent once the user left. The bot's own leaving ends the player.
    pub channel: Option<ChannelId>,
    /// Id of the voice session, a secret.
    pub session_id: String,
}

impl fmt::Debug for VoiceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VoiceState")
            .field("guild", &self.guild)
            .field("user", &self.user)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

/// A guild's voice server, from Discord's
/// [`VOICE_SERVER_UPDATE`](https://discord.com/developers/docs/events/gateway-events#voice-server-update).
///
/// ```
/// use antiphon_lavalink::{VoiceServer, region_from_endpoint};
///
/// let server = VoiceServer {
///     guild: 41771983423143937.into(),
///     token: "66d29164ee8cd919".into(),
///     endpoint: Some("c-fra01-9f2a.discord.media:443".into()),
/// };
/// assert_eq!(server.endpoint.as_deref().and_then(region_from_endpoint), Some("eu"));
/// assert!(!format!("{server:?}").contains("66d29164"), "the token is a secret");
/// ```
#[derive(Clone, Debug)]
pub struct VoiceServer {
    /// The guild.
    pub guild: GuildId,
    /// Token of the voice connection; each move to another channel has a new one.
    pub token: Secret,
    /// Host and port, without a scheme; absent while Discord has no server for the guild.
    pub endpoint: Option<String>,
}

/// A voice request to Discord: [Update Voice
/// State](https://discord.com/developers/docs/events/gateway-events#update-voice-state), op 4 of the Gateway.
///
/// A [`VoiceGateway`](crate::VoiceGateway) receives it. Its four fields are those of the payload `d`, with ids as texts
/// there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VoiceRequest {
    /// The guild.
    pub guild: GuildId,
    /// The channel to join; `None` to leave.
    pub channel: Option<ChannelId>,
    /// Whether the bot is deafened, `self_deaf` of the payload.
    pub self_deaf: bool,
    /// Whether the bot is muted, `self_mute` of the payload.
    pub self_mute: bool,
}

/// Why Discord closed the voice connection, by its [close
/// code](https://discord.com/developers/docs/topics/opcodes-and-status-codes#voice-voice-close-event-codes) (protocol
/// §9); unknown codes are kept.
///
/// Any number is a value, so that a code of tomorrow is read as well.
///
/// ```
/// use antiphon_lavalink::DiscordVoiceCloseType;
///
/// assert_eq!(DiscordVoiceCloseType(4014), DiscordVoiceCloseType::DISCONNECTED);
/// assert_eq!(DiscordVoiceCloseType(4014).to_string(), "4014 DISCONNECTED");
/// assert_eq!(DiscordVoiceCloseType(4999).name(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DiscordVoiceCloseType(pub u16);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        impl DiscordVoiceCloseType {
            $(
                $(#[$doc])*
                pub const $name: Self = Self($code);
            )*

            /// Its name; `None` for an unknown code.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// Normal closure.
    CLOSE_NORMAL = 1000,
    /// Unknown opcode.
    UNKNOWN_OPCODE = 4001,
    /// Payload that could not be decoded.
    FAILED_DECODE_PAYLOAD = 4002,
    /// Payload before authentication.
    NOT_AUTHENTICATED = 4003,
    /// Invalid token.
    AUTHENTICATION_FAILED = 4004,
    /// Second authentication.
    ALREADY_AUTHENTICATED = 4005,
    /// Session not valid any more; the player requests a new one.
    SESSION_INVALID = 4006,
    /// Session timed out; the player requests a new one.
    SESSION_TIMEOUT = 4009,
    /// Server not found.
    SERVER_NOT_FOUND = 4011,
    /// Unknown protocol.
    UNKNOWN_PROTOCOL = 4012,
    /// Kicked or moved, or the main Gateway session ended.
    DISCONNECTED = 4014,
    /// Voice server crashed.
    VOICE_SERVER_CRASHED = 4015,
    /// Unknown encryption mode.
    UNKNOWN_ENCRYPTION_MODE = 4016,
    /// End-to-end encryption required, which the node does not support.
    DAVE_PROTOCOL_REQUIRED = 4017,
    /// Malformed request.
    BAD_REQUEST = 4020,
    /// Rate limited; do not reconnect.
    RATE_LIMITED = 4021,
    /// Call ended; do not reconnect.
    CALL_TERMINATED = 4022,
}

impl From<u16> for DiscordVoiceCloseType {
    fn from(code: u16) -> Self {
        Self(code)
    }
}

impl fmt::Display for DiscordVoiceCloseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} {name}", self.0),
            None => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_close_code_nobody_knows_is_kept() {
        let code = DiscordVoiceCloseType(4999);
        assert_eq!((code.name(), code.to_string()), (None, "4999".into()));
        assert_eq!(
            DiscordVoiceCloseType::from(4022),
            DiscordVoiceCloseType::CALL_TERMINATED
        );
    }

    #[test]
    fn what_opens_a_voice_channel_is_not_printed() {
        let state = VoiceState {
            guild: 1.into(),
            user: 2.into(),
            channel: None,
            session_id: "canary-1".into(),
        };
        let server = VoiceServer {
            guild: 1.into(),
            token: "canary-2".into(),
            endpoint: None,
        };
        assert!(!format!("{state:?} {server:?}").contains("canary"));
    }
}
