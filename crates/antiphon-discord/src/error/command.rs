//! Errors of commands over the Gateway.
//!
//! A command is either not sent, or sent and not answered in time; the two are different errors, because the second may have
//! had its effect.

use std::time::Duration;

use super::{ConfigError, NotConnected, RelayError};
use crate::model::members::Members;

/// A command was not sent.
///
/// ```
/// use antiphon_discord::{Client, CommandError, Presence};
///
/// async fn show(client: &Client, presence: Presence) -> Result<(), CommandError> {
///     match client.update_presence(presence).await {
///         // Nothing is wrong with the presence; the bot is on its way back.
///         Err(error) if error.is_transient() => Ok(()),
///         outcome => outcome,
///     }
/// }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// There was no connection within [`Config::action_timeout`](crate::Config::action_timeout).
    ///
    /// The text has the state of the link.
    #[error(transparent)]
    NotConnected(NotConnected),
    /// A value is invalid.
    ///
    /// The text names the value and the reason; the same call fails again.
    #[error(transparent)]
    Invalid(ConfigError),
    /// The frame would be longer than the 4096 bytes that Discord takes.
    #[error("the command is {0} bytes long, where Discord takes 4096")]
    TooLong(usize),
    /// The shard that the guild belongs to does not run here.
    #[error("shard {shard} of {count} does not run in this source")]
    ShardElsewhere {
        /// The shard.
        shard: u32,
        /// Number of shards.
        count: u32,
    },
    /// Another process runs the source, and could not be asked, or its answer was lost.
    ///
    /// [`RelayError::may_have_arrived`] tells whether the command may have been sent.
    #[error("the process that has the connection did not send the command")]
    Relay(#[source] RelayError),
}

impl CommandError {
    /// Whether the same call could succeed later; not once the source has stopped.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotConnected(error) => error.is_transient(),
            Self::Relay(error) => error.is_transient(),
            Self::Invalid(_) | Self::TooLong(_) | Self::ShardElsewhere { .. } => false,
        }
    }
}

/// A request for a guild's members was not answered in full.
///
/// What came before the error is in [`partial`](Self::partial), and its chunks have reached handlers in any case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MembersError {
    /// The request was not sent.
    #[error(transparent)]
    Command(CommandError),
    /// Not all chunks came in time.
    #[error("{} of {} chunks of members came before the time was over", .received, .expected.map_or_else(|| "an unknown number".into(), |count| count.to_string()))]
    TimedOut {
        /// Number of chunks received.
        received: u32,
        /// Number of chunks announced, once one has come.
        expected: Option<u32>,
        /// Members that came in time.
        members: Members,
    },
    /// Discord asks to wait; it sends all members of a guild once in 30 seconds.
    #[error("Discord asks to wait {} seconds before members are asked for again", .retry_after.as_secs_f32())]
    RateLimited {
        /// Time to wait, from now.
        retry_after: Duration,
    },
    /// The answer is larger than 10,000 chunks or 256 MiB.
    #[error(
        "the answer has more members than are collected; the rest reaches handlers of GUILD_MEMBERS_CHUNK alone"
    )]
    TooMany {
        /// Members that came before.
        members: Members,
    },
    /// The session ended before the answer was complete.
    #[error("the session ended before all members came")]
    SessionLost {
        /// Members that came before.
        members: Members,
    },
}

impl MembersError {
    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Command(error) => error.is_transient(),
            Self::TimedOut { .. } | Self::RateLimited { .. } | Self::SessionLost { .. } => true,
            Self::TooMany { .. } => false,
        }
    }

    /// Members that came before the error.
    pub fn partial(&self) -> Option<&Members> {
        match self {
            Self::TimedOut { members, .. }
            | Self::TooMany { members }
            | Self::SessionLost { members } => Some(members),
            Self::Command(_) | Self::RateLimited { .. } => None,
        }
    }
}

/// Joining a voice channel failed.
///
/// Discord answers a join with two events and a refusal with nothing (protocol §12), so a full channel looks like a slow one.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VoiceError {
    /// The command was not sent.
    #[error(transparent)]
    Command(CommandError),
    /// The intent `GUILD_VOICE_STATES` is missing, without which Discord never answers.
    #[error(
        "the intent GUILD_VOICE_STATES (bit 7) is missing, and without it a join is never answered: add it to the intents"
    )]
    IntentMissing,
    /// Discord did not answer in full. It sends no error for a channel that is full or closed to the bot.
    #[error("the join was not answered in time ({}); the channel may be full, or closed to the bot", what_came(*.has_state, *.has_server))]
    TimedOut {
        /// Whether the bot's voice state came.
        has_state: bool,
        /// Whether a voice server was named.
        has_server: bool,
    },
    /// Another join or leave in the same guild replaced this one.
    #[error("another join or leave in the same guild took its place")]
    Superseded,
    /// The session ended before the answer was complete.
    #[error("the session ended before the join was answered")]
    SessionLost,
}

impl VoiceError {
    /// Whether the same call could succeed later.
    ///
    /// A superseded join is not: the other command decides where the bot is.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Command(error) => error.is_transient(),
            Self::TimedOut { .. } | Self::SessionLost => true,
            Self::IntentMissing | Self::Superseded => false,
        }
    }
}

/// The halves of a join's answer, in words.
fn what_came(has_state: bool, has_server: bool) -> &'static str {
    match (has_state, has_server) {
        (true, true) => "all came",
        (true, false) => "the voice state came, the voice server did not",
        (false, true) => "the voice server came, the voice state did not",
        (false, false) => "nothing came",
    }
}
