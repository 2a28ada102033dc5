//! What passes between Discord's voice and a player, as plain values.

use std::fmt;

use antiphon_core::Secret;

use super::{ChannelId, GuildId, UserId};

/// A user's place in a guild's voice channels, as Discord's `VOICE_STATE_UPDATE` tells it.
#[derive(Clone, PartialEq, Eq)]
pub struct VoiceState {
    /// In which guild.
    pub guild: GuildId,
    /// Whose; those of others than the bot are passed over.
    pub user: UserId,
    /// In which channel; absent once the user left.
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

/// A guild's voice server, as Discord's `VOICE_SERVER_UPDATE` tells it.
#[derive(Clone, Debug)]
pub struct VoiceServer {
    /// Of which guild.
    pub guild: GuildId,
    /// Token for it.
    pub token: Secret,
    /// Where it is, without a scheme; absent while the old one is gone and no new one is there.
    pub endpoint: Option<String>,
}

/// What Discord is to be asked: the Gateway's op 4, Update Voice State.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VoiceRequest {
    /// In which guild.
    pub guild: GuildId,
    /// Which channel to enter; none to leave.
    pub channel: Option<ChannelId>,
    /// Whether to hear nothing.
    pub self_deaf: bool,
    /// Whether to say nothing.
    pub self_mute: bool,
}

/// Why Discord's voice server closed the node's socket (protocol §9); open to codes nobody knows yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DiscordVoiceCloseType(pub u16);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        impl DiscordVoiceCloseType {
            $(
                $(#[$doc])*
                pub const $name: Self = Self($code);
            )*

            /// Its name; codes that nobody named have none.
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
    /// In good order.
    CLOSE_NORMAL = 1000,
    /// An operation nobody knows.
    UNKNOWN_OPCODE = 4001,
    /// A message that could not be read.
    FAILED_DECODE_PAYLOAD = 4002,
    /// A message before the login.
    NOT_AUTHENTICATED = 4003,
    /// A wrong token.
    AUTHENTICATION_FAILED = 4004,
    /// A second login.
    ALREADY_AUTHENTICATED = 4005,
    /// The session is not valid any more; the player asks for a new one.
    SESSION_INVALID = 4006,
    /// The session timed out; the player asks for a new one.
    SESSION_TIMEOUT = 4009,
    /// No such server.
    SERVER_NOT_FOUND = 4011,
    /// A protocol nobody knows.
    UNKNOWN_PROTOCOL = 4012,
    /// Kicked, moved, or the bot's main session is gone.
    DISCONNECTED = 4014,
    /// The voice server crashed.
    VOICE_SERVER_CRASHED = 4015,
    /// An encryption nobody knows.
    UNKNOWN_ENCRYPTION_MODE = 4016,
    /// The channel is encrypted from end to end, and the node is not able to.
    DAVE_PROTOCOL_REQUIRED = 4017,
    /// A malformed request.
    BAD_REQUEST = 4020,
    /// Too many requests; not to be tried again by itself.
    RATE_LIMITED = 4021,
    /// The call was ended; not to be tried again by itself.
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
