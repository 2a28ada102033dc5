//! Errors, one type for each kind of operation.

use std::{fmt, time::Duration};

use antiphon_core::{BoxError, ConfigError, LinkState};
use antiphon_net::HttpError;

use crate::{
    model::{GuildId, NodeId, TrackExceptionPayload},
    queue::QueueError,
    wire::Voice,
};

/// Nodes that an error message names.
const NODES_SHOWN: usize = 5;

/// Extras could not be serialised or deserialised.
#[derive(Debug, thiserror::Error)]
#[error("the extras are not JSON of this shape")]
pub struct ExtrasError(#[source] BoxError);

impl ExtrasError {
    pub(crate) fn new(source: impl Into<BoxError>) -> Self {
        Self(source.into())
    }
}

/// The body of an [error response](https://lavalink.dev/api/rest.html#error-responses) (protocol §5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// Time in Unix milliseconds, by the node's clock.
    pub timestamp: i64,
    /// HTTP status.
    pub status: u16,
    /// Name of the status.
    pub error: String,
    /// Stack trace, where the request asked for one.
    pub trace: Option<String>,
    /// Why the request failed.
    pub message: String,
    /// Path of the request.
    pub path: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = if self.message.is_empty() {
            &self.error
        } else {
            &self.message
        };
        write!(f, "{}: {why}", self.status)
    }
}

/// A request to a node failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The node rejects the password.
    #[error("the node does not take the password (status {status})")]
    AuthorizationFailed {
        /// HTTP status: 401 or 403.
        status: u16,
    },
    /// The session does not exist any more, or waits to be resumed.
    #[error("the session at the node has expired, or is not connected")]
    SessionExpired(Failure),
    /// The node refused the request and says why.
    #[error("the node refused with {0}")]
    Lavalink(Failure),
    /// The node responded with an error status and without a readable reason, such as with a proxy's page.
    #[error("the node answered with status {status} and without a reason")]
    Node {
        /// HTTP status.
        status: u16,
    },
    /// The response is not of the protocol.
    #[error("the answer of the node cannot be read")]
    Undecodable(#[source] BoxError),
    /// The node could not be reached, or the connection broke.
    #[error("node `{node}` did not answer")]
    Unreachable {
        /// Name of the node.
        node: NodeId,
        /// Cause.
        source: BoxError,
    },
    /// The request itself cannot be sent.
    #[error("the request cannot be sent: {0}")]
    Invalid(String),
    /// No node can be asked.
    #[error(transparent)]
    InvalidNode(InvalidNodeError),
}

impl RequestError {
    /// Redacts the secrets of the request, which nodes repeat in their messages.
    pub(crate) fn without(mut self, voice: Option<&Voice>) -> Self {
        if let (Self::Lavalink(failure) | Self::SessionExpired(failure), Some(voice)) =
            (&mut self, voice)
        {
            let words = [&mut failure.message, &mut failure.error];
            for words in words.into_iter().chain(&mut failure.trace) {
                for secret in [&voice.token, &voice.session_id] {
                    if !secret.is_empty() {
                        *words = words.replace(&**secret, "<redacted>");
                    }
                }
            }
        }
        self
    }

    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::SessionExpired(_) => true,
            Self::InvalidNode(error) => error.is_transient(),
            Self::Lavalink(Failure { status, .. }) | Self::Node { status, .. } => {
                matches!(status, 408 | 425 | 429 | 502..=504)
            }
            Self::AuthorizationFailed { .. } | Self::Undecodable(_) | Self::Invalid(_) => false,
        }
    }

    /// Whether the node may have received the request and acted on it.
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Unreachable { source, .. } => source
                .downcast_ref::<HttpError>()
                .is_none_or(HttpError::may_have_arrived),
            Self::Lavalink(Failure { status, .. }) | Self::Node { status, .. } => *status >= 500,
            Self::Undecodable(_) => true,
            Self::AuthorizationFailed { .. }
            | Self::SessionExpired(_)
            | Self::Invalid(_)
            | Self::InvalidNode(_) => false,
        }
    }

    /// HTTP status of the response, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::AuthorizationFailed { status } | Self::Node { status, .. } => Some(*status),
            Self::SessionExpired(failure) | Self::Lavalink(failure) => Some(failure.status),
            _ => None,
        }
    }
}

/// No usable node: none of this name, or none that is connected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidNodeError {
    /// No node has this name.
    #[error("no node is called `{0}`")]
    Unknown(NodeId),
    /// This node is not connected.
    #[error("node `{0}` is not connected")]
    NotConnected(NodeId),
    /// No node is connected.
    #[error("no node is connected")]
    NoneConnected,
    /// The source has ended, so that no node will be connected any more.
    #[error("the lavalink source has ended")]
    Stopped,
    /// The player is at this node already.
    #[error("the player is at node `{0}` already")]
    Same(NodeId),
}

impl InvalidNodeError {
    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Same(_) | Self::Stopped)
    }
}

/// Loading tracks failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The node could not load the track.
    #[error("the tracks could not be loaded: {0}")]
    Failed(TrackExceptionPayload),
    /// The response has a load type that the protocol does not know.
    #[error("the node sent the unknown load type `{0}`")]
    Unknown(String),
    /// The request failed.
    #[error("the tracks could not be asked for")]
    Request(#[source] RequestError),
}

impl LoadError {
    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Request(error) if error.is_transient())
    }
}

/// An action of a player failed.
///
/// ```
/// use antiphon_lavalink::{GuildId, InvalidNodeError, PlayerError};
///
/// // A handler's error is retried if it may pass.
/// assert!(PlayerError::InvalidNode(InvalidNodeError::NoneConnected).is_transient());
/// assert!(!PlayerError::InvalidNode(InvalidNodeError::Stopped).is_transient());
/// let error = PlayerError::InvalidChannelState(GuildId::new(7));
/// assert!(!error.is_transient());
/// assert_eq!(error.to_string(), "the player of guild 7 is in no voice channel; connect it first");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlayerError {
    /// The player is in no voice channel; call [`connect`](crate::Player::connect) first.
    #[error("the player of guild {0} is in no voice channel; connect it first")]
    InvalidChannelState(GuildId),
    /// Discord or the node did not complete the voice connection in time.
    #[error("the voice channel could not be entered within {} seconds", .0.as_secs_f32())]
    ChannelTimeout(Duration),
    /// The voice request could not be sent to Discord.
    #[error("discord could not be asked for the voice channel")]
    Gateway(#[source] BoxError),
    /// No usable node.
    #[error(transparent)]
    InvalidNode(InvalidNodeError),
    /// The request to the node failed.
    #[error("the request to the node failed")]
    Request(#[source] RequestError),
    /// The player was disconnected before the action was done.
    #[error("the player of guild {0} was disconnected")]
    Disconnected(GuildId),
    /// Too many requests wait for the player.
    #[error("{0} requests wait for the player already")]
    Busy(usize),
    /// The queue refused the action.
    #[error(transparent)]
    Queue(QueueError),
    /// No node is connected, or the source does not run.
    #[error(transparent)]
    NotConnected(NotConnected),
    /// No result arrived in time; the action may have been done all the same.
    #[error("no result arrived within {} seconds; the action may have been done all the same", .0.as_secs_f32())]
    TimedOut(Duration),
}

impl PlayerError {
    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Request(error) => error.is_transient(),
            Self::InvalidNode(error) => error.is_transient(),
            Self::NotConnected(error) => error.is_transient(),
            Self::ChannelTimeout(_) | Self::Gateway(_) | Self::Busy(_) | Self::TimedOut(_) => true,
            Self::InvalidChannelState(_) | Self::Disconnected(_) | Self::Queue(_) => false,
        }
    }
}

/// No node is connected, or the source does not run.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub struct NotConnected {
    /// State of the source.
    pub state: LinkState,
    /// State of each node.
    pub nodes: Vec<(NodeId, LinkState)>,
}

impl NotConnected {
    /// Whether the same call could succeed later: not once the source has stopped or was closed.
    pub fn is_transient(&self) -> bool {
        antiphon_core::NotConnected::new(self.state.clone()).is_transient()
    }
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !matches!(
            self.state,
            LinkState::Connecting | LinkState::Waiting { .. }
        ) {
            return write!(f, "the lavalink source is not running: {}", self.state);
        }
        f.write_str("no lavalink node is connected")?;
        let (first, rest) = self.nodes.split_at(self.nodes.len().min(NODES_SHOWN));
        for (index, (node, state)) in first.iter().enumerate() {
            let before = if index == 0 { ": " } else { "; " };
            write!(f, "{before}node `{node}` is {state}")?;
        }
        if rest.is_empty() {
            return Ok(());
        }
        write!(f, "; and {} more", rest.len())
    }
}

/// Whether an error of this crate may pass; `None` for any other error.
pub(crate) fn is_transient(error: &(dyn std::error::Error + 'static)) -> Option<bool> {
    if let Some(error) = error.downcast_ref::<PlayerError>() {
        return Some(error.is_transient());
    }
    if let Some(error) = error.downcast_ref::<RequestError>() {
        return Some(error.is_transient());
    }
    if let Some(error) = error.downcast_ref::<LoadError>() {
        return Some(error.is_transient());
    }
    if let Some(error) = error.downcast_ref::<NotConnected>() {
        return Some(error.is_transient());
    }
    if error.is::<QueueError>() || error.is::<ExtrasError>() || error.is::<ConfigError>() {
        return Some(false);
    }
    None
}
