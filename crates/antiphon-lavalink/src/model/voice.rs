//! Values of Discord's voice protocol.

use std::fmt;

use antiphon_core::Secret;

use super::{ChannelId, GuildId, UserId};

/// A user's voice state, from Discord's
/// [`VOICE_STATE_UPDATE`](https://discord.com/developers/docs/events/gateway-events#voice-state-update).
#[derive(Clone, PartialEq, Eq)]
pub struct VoiceState {
    /// The guild.
    pub guild: GuildId,
    /// The user; states of other users than the bot are ignored.
    pub user: UserId,
    /// The channel; absent once the user left.
    pub channel: Option<ChannelId>,
    /// Id of the voice session.
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
#[derive(Clone, Debug)]
pub struct VoiceServer {
    /// The guild.
    pub guild: GuildId,
    /// Token of the voice connection.
    pub token: Secret,
    /// Host and port, without a scheme; absent while Discord has no server for the guild.
    pub endpoint: Option<String>,
}

/// A voice request to Discord: [Update Voice
/// State](https://discord.com/developers/docs/events/gateway-events#update-voice-state), op 4 of the Gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VoiceRequest {
    /// The guild.
    pub guild: GuildId,
    /// The channel to join; `None` to leave.
    pub channel: Option<ChannelId>,
    /// Whether the bot is deafened.
    pub self_deaf: bool,
    /// Whether the bot is muted.
    pub self_mute: bool,
}

/// Why Discord closed the voice connection, by its [close
/// code](https://discord.com/developers/docs/topics/opcodes-and-status-codes#voice-voice-close-event-codes) (protocol
/// §9); unknown codes are kept.
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
