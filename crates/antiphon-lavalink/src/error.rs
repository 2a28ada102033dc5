//! Errors, one type for each kind of operation.
//!
//! An error says which operation failed; its [`source`](std::error::Error::source) says why. Each type has
//! `is_transient`, which a handler's error is judged by: a passing failure is tried again, and any other becomes a dead
//! letter. No type of another library is public, and no secret enters an error.
//!
//! | operation | error |
//! | --- | --- |
//! | a request about tracks or a node | [`RequestError`] |
//! | loading tracks | [`LoadError`] |
//! | an action of a player or its queue | [`PlayerError`] |
//! | an operation of a queue alone | [`QueueError`](crate::QueueError) |
//! | a wait for a node | [`NotConnected`] |
//! | the encoding of a track | [`TrackError`](crate::TrackError) |
//! | a value of [`Extras`](crate::Extras) | [`ExtrasError`] |

use std::{fmt, time::Duration};

pub use antiphon_core::RelayError;
use antiphon_core::{BoxError, ConfigError, LinkState};
use antiphon_net::may_have_arrived;

use crate::{
    model::{GuildId, NodeId, TrackExceptionPayload},
    queue::QueueError,
    wire::Voice,
};

/// Nodes that an error message names.
const NODES_SHOWN: usize = 5;

/// Extras could not be serialised or deserialised.
///
/// A value of the caller's own type does not fit, so trying again does not help.
#[derive(Debug, thiserror::Error)]
#[error("the extras are not JSON of this shape")]
pub struct ExtrasError(#[source] BoxError);

impl ExtrasError {
    pub(crate) fn new(source: impl Into<BoxError>) -> Self {
        Self(source.into())
    }
}

/// The body of an [error response](https://lavalink.dev/api/rest.html#error-responses) (protocol §5.1).
///
/// Its text is the status and the node's message: `400: Cannot play a playlist or search result`. The session and token
/// of a voice connection are redacted, since some nodes repeat a request in their message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// Time in Unix milliseconds, by the node's clock.
    pub timestamp: i64,
    /// HTTP status; that of the response where the body has none.
    pub status: u16,
    /// Name of the status, such as `Bad Request`.
    pub error: String,
    /// Stack trace: Lavalink sends it for requests with `?trace=true`, `NodeLink` always.
    pub trace: Option<String>,
    /// Why the request failed, in the node's words; may be empty.
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
///
/// # What to do
/// - [`is_transient`](Self::is_transient): try again later; the node restarts, is busy, or is being resumed.
/// - [`may_have_arrived`](Self::may_have_arrived): look at the player before repeating an action, which may have been
///   done.
/// - [`AuthorizationFailed`](Self::AuthorizationFailed): correct the password in the configuration.
/// - Any other: the node does not take this request; its [`Failure`] says why.
///
/// # Examples
/// ```
/// use antiphon_lavalink::{Failure, RequestError};
///
/// fn advice(error: &RequestError) -> String {
///     match error {
///         RequestError::AuthorizationFailed { .. } => "check the node's password".into(),
///         RequestError::Lavalink(Failure { message, .. }) => format!("the node says: {message}"),
///         error if error.is_transient() => "try again later".into(),
///         error => error.to_string(),
///     }
/// }
///
/// let busy = RequestError::Node { status: 503 };
/// assert_eq!((busy.is_transient(), busy.may_have_arrived(), busy.status()), (true, true, Some(503)));
/// assert_eq!(advice(&busy), "try again later");
/// let wrong = RequestError::AuthorizationFailed { status: 401 };
/// assert!(!wrong.is_transient() && advice(&wrong).contains("password"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The node rejects the password.
    ///
    /// Lavalink responds with 403 to a wrong one and with 401 to none, both without a body (protocol §5.1). A proxy in
    /// front of the node may do so as well.
    #[error("the node does not take the password (status {status})")]
    AuthorizationFailed {
        /// HTTP status: 401 or 403.
        status: u16,
    },
    /// The session does not exist any more, or waits to be resumed (protocol §8).
    ///
    /// It passes: the socket is being connected, and the players are put back in its session.
    #[error("the session at the node has expired, or is not connected")]
    SessionExpired(Failure),
    /// The node refused the request and says why, such as a disabled filter.
    #[error("the node refused with {0}")]
    Lavalink(Failure),
    /// The node responded with an error status and without a readable reason, such as with a proxy's page.
    #[error("the node answered with status {status} and without a reason")]
    Node {
        /// HTTP status.
        status: u16,
    },
    /// The response is not of the protocol; the cause has the position in it, not its content.
    #[error("the answer of the node cannot be read")]
    Undecodable(#[source] BoxError),
    /// The node could not be reached, or the connection broke.
    ///
    /// Whether the request was done is unknown where [`may_have_arrived`](Self::may_have_arrived) says so.
    #[error("node `{node}` did not answer")]
    Unreachable {
        /// Name of the node.
        node: NodeId,
        /// Cause.
        source: BoxError,
    },
    /// The request itself cannot be sent, such as a path with a space.
    #[error("the request cannot be sent: {0}")]
    Invalid(String),
    /// No node can be asked: none is connected, or the one that is named.
    #[error(transparent)]
    InvalidNode(InvalidNodeError),
    /// The node lacks the plugin, or the feature.
    #[error(transparent)]
    Unsupported(Unsupported),
}

/// A node lacks a plugin or a feature: its `info` says so, or it answers 404 to the route.
///
/// ```
/// use antiphon_lavalink::{PlayerError, Unsupported};
///
/// let mut lacks = Unsupported::default();
/// lacks.node = "eu-1".into();
/// lacks.feature = "SponsorBlock (`sponsorblock-plugin`)".into();
/// let error = PlayerError::Unsupported(lacks);
/// assert!(!error.is_transient());
/// assert_eq!(
///     error.to_string(),
///     "node `eu-1` has no SponsorBlock (`sponsorblock-plugin`); install it there, or use another node",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("node `{node}` has no {feature}; install it there, or use another node")]
#[non_exhaustive]
pub struct Unsupported {
    /// The node.
    pub node: NodeId,
    /// The feature, with the name of its plugin, in words for people.
    pub feature: String,
}

impl Default for Unsupported {
    fn default() -> Self {
        Self {
            node: "".into(),
            feature: String::new(),
        }
    }
}

/// A declaration of plugin state cannot be taken ([`Player::declare`](crate::Player::declare)).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeclarationError {
    /// The name is empty or too long; the value is the limit.
    #[error("the name of a declaration has 1 to {0} characters")]
    Name(usize),
    /// The name is that of a part with methods of its own, such as `lyrics`.
    #[error("the name `{0}` is taken; use the player's own method for it")]
    Reserved(String),
    /// The method changes nothing, such as GET.
    #[error("the method {0} sets no state; use PUT, PATCH, POST or DELETE")]
    Method(String),
    /// The path is no path below the player's; the value is the limit of its length.
    #[error(
        "the path is empty or begins with a slash, has no spaces and no `..`, and at most {0} bytes"
    )]
    Path(usize),
    /// The body has a field that is state of the player already.
    #[error("{0} is set by the player's own methods, and cannot be declared")]
    Field(String),
    /// Too many declarations; the value is the limit.
    #[error("a player has at most {0} declarations; retract one first")]
    TooMany(usize),
    /// The declarations are too large together; the value is the limit in bytes.
    #[error("the declarations of a player have at most {0} bytes of JSON in all")]
    TooLarge(usize),
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
    ///
    /// Of statuses, 408, 425, 429 and 502 to 504 may pass; 500 does not, since nodes send it for tracks that they
    /// cannot read.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::SessionExpired(_) => true,
            Self::InvalidNode(error) => error.is_transient(),
            Self::Lavalink(Failure { status, .. }) | Self::Node { status, .. } => {
                matches!(status, 408 | 425 | 429 | 502..=504)
            }
            Self::AuthorizationFailed { .. }
            | Self::Undecodable(_)
            | Self::Invalid(_)
            | Self::Unsupported(_) => false,
        }
    }

    /// Whether the node has no such route. An error about a session, a player or a track that does not exist is none.
    pub(crate) fn is_no_route(&self) -> bool {
        match self {
            Self::Lavalink(failure) => {
                let message = failure.message.to_ascii_lowercase();
                let is_about = ["player", "guild", "session", "track", "lyrics"];
                let is_about = is_about.iter().any(|word| {
                    message.starts_with(word)
                        || message.ends_with("not found") && message.contains(word)
                });
                matches!(failure.status, 404 | 405 | 501) && !is_about
            }
            Self::Node { status } => matches!(status, 404 | 405 | 501),
            _ => false,
        }
    }

    /// Whether the node may have received the request and acted on it.
    ///
    /// True for a connection that broke after the request was sent, for statuses from 500 on, and for a response that
    /// cannot be read.
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Unreachable { source, .. } => may_have_arrived(source),
            Self::Lavalink(Failure { status, .. }) | Self::Node { status, .. } => *status >= 500,
            Self::Undecodable(_) => true,
            Self::AuthorizationFailed { .. }
            | Self::SessionExpired(_)
            | Self::Invalid(_)
            | Self::InvalidNode(_)
            | Self::Unsupported(_) => false,
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
///
/// [`NotConnected`](Self::NotConnected) and [`NoneConnected`](Self::NoneConnected) may pass; the others do not.
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
        matches!(self, Self::NotConnected(_) | Self::NoneConnected)
    }
}

/// Loading tracks failed.
///
/// ```
/// use antiphon_lavalink::{LoadError, TrackExceptionPayload};
///
/// // The source's own reason is for people; the same request would fail again.
/// let mut why = TrackExceptionPayload::default();
/// why.message = Some("This video is not available".into());
/// let error = LoadError::Failed(why);
/// assert!(!error.is_transient());
/// assert_eq!(error.to_string(), "the tracks could not be loaded: This video is not available (fault)");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The node could not load the track: the source's own reason, such as a private video.
    #[error("the tracks could not be loaded: {0}")]
    Failed(TrackExceptionPayload),
    /// The response has a load type that the protocol does not know, and data of an unknown shape.
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
/// # Examples
/// ```
/// use antiphon_lavalink::{GuildId, InvalidNodeError, PlayerError};
///
/// // A handler's error is retried if it may pass.
/// assert!(PlayerError::InvalidNode(InvalidNodeError::NoneConnected).is_transient());
/// assert!(!PlayerError::InvalidNode(InvalidNodeError::Stopped).is_transient());
/// let misspelt = InvalidNodeError::Unknown("eu-l".into());
/// assert!(!misspelt.is_transient());
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
    /// Discord or the node did not complete the voice connection in time, which is the value.
    ///
    /// Discord gives no reason: the channel may be full, closed to the bot, or gone.
    #[error("the voice channel could not be entered within {} seconds", .0.as_secs_f32())]
    ChannelTimeout(Duration),
    /// The voice request could not be sent to Discord; the cause is [`VoiceGateway`](crate::VoiceGateway)'s error.
    #[error("discord could not be asked for the voice channel")]
    Gateway(#[source] BoxError),
    /// No usable node: the chosen one is unknown, or the player's own is away.
    #[error(transparent)]
    InvalidNode(InvalidNodeError),
    /// The request to the node failed.
    #[error("the request to the node failed")]
    Request(#[source] RequestError),
    /// The player was disconnected before the action was done, by a call, by a kick, or by the end of its node.
    #[error("the player of guild {0} was disconnected")]
    Disconnected(GuildId),
    /// Too many requests wait for the player: its node is away, or responds slower than it is asked.
    #[error("{0} requests wait for the player already")]
    Busy(usize),
    /// The queue refused the action.
    #[error(transparent)]
    Queue(QueueError),
    /// The node lacks the plugin that the action needs.
    #[error(transparent)]
    Unsupported(Unsupported),
    /// The declaration of plugin state is not sound, or has no room.
    #[error(transparent)]
    Declaration(DeclarationError),
    /// No node is connected, or the source does not run.
    #[error(transparent)]
    NotConnected(NotConnected),
    /// No result arrived in time; the action may have been done all the same.
    #[error("no result arrived within {} seconds; the action may have been done all the same", .0.as_secs_f32())]
    TimedOut(Duration),
    /// Another process runs the source, and could not be asked, or its answer was lost.
    ///
    /// [`RelayError::may_have_arrived`] tells whether the action may have been done.
    #[error("the process that has the nodes did not do it")]
    Relay(#[source] RelayError),
}

impl PlayerError {
    /// The error of a request about a player.
    pub(crate) fn of_request(error: RequestError) -> Self {
        match error {
            RequestError::Unsupported(lacks) => Self::Unsupported(lacks),
            RequestError::InvalidNode(error) => Self::InvalidNode(error),
            error => Self::Request(error),
        }
    }

    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Request(error) => error.is_transient(),
            Self::InvalidNode(error) => error.is_transient(),
            Self::Relay(error) => error.is_transient(),
            Self::NotConnected(error) => error.is_transient(),
            Self::Queue(error) => error.is_transient(),
            Self::ChannelTimeout(_) | Self::Gateway(_) | Self::Busy(_) | Self::TimedOut(_) => true,
            Self::InvalidChannelState(_)
            | Self::Disconnected(_)
            | Self::Unsupported(_)
            | Self::Declaration(_) => false,
        }
    }
}

/// No node is connected, or the source does not run.
///
/// Its text names up to five nodes and the state of each, and says how many more there are.
///
/// ```
/// use antiphon_core::LinkState;
/// use antiphon_lavalink::{Config, NodeConfig, connect};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let node = NodeConfig::new("eu-1", "http://127.0.0.1:2333", "youshallnotpass");
/// let (pool, _source) = connect(Config::new(7, [node]));
/// // The source was never run.
/// let error = pool.connect().await.expect_err("nobody connects");
/// assert_eq!(error.state, LinkState::Idle);
/// assert_eq!(error.nodes[0].0.as_str(), "eu-1");
/// assert!(error.to_string().starts_with("the lavalink source is not running"));
/// # }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub struct NotConnected {
    /// State of the source: the best of its nodes.
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
        if self.state == LinkState::Closed {
            return f.write_str(
                "the lavalink source is not running, or each of its nodes was closed; `Pool::reconnect` connects closed nodes",
            );
        }
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
    if let Some(error) = error.downcast_ref::<QueueError>() {
        return Some(error.is_transient());
    }
    if error.is::<ExtrasError>() || error.is::<ConfigError>() {
        return Some(false);
    }
    None
}
