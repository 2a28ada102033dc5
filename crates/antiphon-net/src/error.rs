//! Errors, one type per kind of operation.
//!
//! No message holds a secret: a URI is shown without its query and without path segments that are long enough to be
//! tokens, and a proxy without its login.
//!
//! Three types for three operations: opening ([`ConnectError`]), a socket that is open ([`SocketError`]), and a request
//! ([`HttpError`]). Each says whether a new try could succeed; a request also says whether the server may have acted on
//! it.

use std::{borrow::Cow, error::Error, fmt, io, sync::Arc, time::Duration};

use ::http::Uri;
use antiphon_core::{BoxError, RemoteCause};

use crate::url;

/// A path segment longer than this may be a token (a Discord webhook has one of 68 letters) and is not shown.
const LONGEST_SHOWN_SEGMENT: usize = 40;

/// The parts of a URI that may be printed.
pub(crate) fn shown(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or("?");
    let host = uri.host().unwrap_or("?");
    let port = url::written_port(uri)
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let path: Vec<&str> = uri
        .path()
        .split('/')
        .map(|part| {
            if part.len() > LONGEST_SHOWN_SEGMENT {
                "…"
            } else {
                part
            }
        })
        .collect();
    format!("{scheme}://{host}{port}{}", path.join("/"))
}

/// The step at which a connection failed.
///
/// ```
/// use antiphon_net::{Network, Phase};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let network = Network::new();
/// let error = network.open(&"gopher://example.org/".parse()?).await.expect_err("another scheme");
/// assert_eq!((error.phase(), error.is_transient()), (Phase::Address, false));
///
/// // Nobody listens on port 1 of this machine.
/// let error = network.open(&"http://127.0.0.1:1/".parse()?).await.expect_err("a closed port");
/// assert_eq!((error.phase(), error.is_transient()), (Phase::Connect, true));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Reading the URI or the request, before anything was sent.
    Address,
    /// Looking whether connections may be opened at all: see [`Network::closed`](crate::Network::closed).
    Configuration,
    /// Finding the host's addresses.
    Resolve,
    /// Opening the connection.
    Connect,
    /// Asking a proxy for a tunnel.
    Proxy,
    /// Agreeing on TLS.
    Tls,
    /// Upgrading to a WebSocket.
    Upgrade,
}

impl Phase {
    fn failed(self) -> &'static str {
        match self {
            Self::Address => "could not use",
            Self::Configuration => "nothing was sent to",
            Self::Resolve => "could not resolve",
            Self::Connect => "could not connect to",
            Self::Proxy => "could not get a tunnel to",
            Self::Tls => "could not agree on TLS with",
            Self::Upgrade => "could not open a WebSocket at",
        }
    }
}

/// A connection, or the WebSocket on it, could not be opened.
///
/// It is cheap to clone.
///
/// Its cause, where there is one, is [`source`](std::error::Error::source); the message has the host and the step.
///
/// ```
/// use antiphon_net::{ConnectError, Phase};
///
/// /// What to tell the operator.
/// fn advice(error: &ConnectError) -> &'static str {
///     match error.phase() {
///         _ if error.is_transient() => "trying again",
///         Phase::Proxy => "look at the proxy's address and login",
///         Phase::Tls => "look at the certificate",
///         _ => "look at the configuration",
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ConnectError(Arc<Failure>);

#[derive(Debug)]
struct Failure {
    phase: Phase,
    target: String,
    why: Cow<'static, str>,
    is_transient: bool,
    status: Option<u16>,
    retry_after: Option<Duration>,
    source: Option<BoxError>,
}

impl ConnectError {
    fn build(phase: Phase, target: &str, why: Cow<'static, str>, is_transient: bool) -> Failure {
        Failure {
            phase,
            target: target.to_owned(),
            why,
            is_transient,
            status: None,
            retry_after: None,
            source: None,
        }
    }

    /// A failure that a new try meets again.
    pub(crate) fn permanent(phase: Phase, target: &str, why: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Self::build(phase, target, why.into(), false)))
    }

    /// A failure that may pass by itself.
    pub(crate) fn transient(phase: Phase, target: &str, why: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Self::build(phase, target, why.into(), true)))
    }

    /// A wait that reached its limit.
    pub(crate) fn timed_out(phase: Phase, target: &str, limit: Duration) -> Self {
        Self::transient(phase, target, format!("no answer within {limit:?}"))
    }

    /// A failure of the connection underneath.
    pub(crate) fn io(phase: Phase, target: &str, source: io::Error) -> Self {
        Self::caused(phase, target, "", true, source)
    }

    /// A failure with a cause of its own.
    pub(crate) fn caused(
        phase: Phase,
        target: &str,
        why: impl Into<Cow<'static, str>>,
        is_transient: bool,
        source: impl Into<BoxError>,
    ) -> Self {
        Self(Arc::new(Failure {
            source: Some(source.into()),
            ..Self::build(phase, target, why.into(), is_transient)
        }))
    }

    /// An upgrade that the server answered with another status than 101.
    pub(crate) fn refused(target: &str, status: u16, retry_after: Option<Duration>) -> Self {
        let is_transient = matches!(status, 408 | 425 | 429 | 500..=599);
        let why = format!("the server answered with status {status}").into();
        Self(Arc::new(Failure {
            status: Some(status),
            retry_after,
            ..Self::build(Phase::Upgrade, target, why, is_transient)
        }))
    }

    /// The step that failed.
    ///
    /// The first step that failed; later ones were not begun.
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// Whether the same call could succeed later.
    ///
    /// False for a URI or request that cannot be used, a certificate that is not trusted, a proxy that refuses us,
    /// and an upgrade refused with a status other than 408, 425, 429 and 5xx.
    pub fn is_transient(&self) -> bool {
        self.0.is_transient
    }

    /// The HTTP status with which the server refused the upgrade to a WebSocket.
    ///
    /// Absent for every other failure.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The wait before the next try that the server asked for in seconds, when it refused the upgrade.
    ///
    /// Absent if it did not ask, or asked by a date.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.phase.failed(), self.0.target)?;
        if self.0.why.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.0.why)
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

/// A WebSocket failed.
///
/// The socket is closed after it, except after [`SocketError::InvalidClose`].
///
/// A broken or closed socket is transient: a new one may succeed. Whether the peer will accept a resumed session is the
/// protocol's own question.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// The peer announced or sent more than the limits allow; nothing beyond them was kept.
    #[error("the peer sent {size} bytes where {limit} are allowed")]
    TooLarge {
        /// Size of the frame as its header says, or of the message so far, in bytes.
        size: usize,
        /// The limit it broke: [`Limits::frame`](crate::Limits::frame) or [`Limits::message`](crate::Limits::message).
        limit: usize,
    },
    /// The peer sent a text that is not UTF-8.
    #[error("the peer sent a text that is not UTF-8")]
    NotUtf8,
    /// The peer broke the WebSocket protocol in another way.
    #[error("the peer broke the WebSocket protocol: {0}")]
    Protocol(String),
    /// The socket was closed before the message was sent.
    #[error("the socket is closed")]
    Closed,
    /// The peer did not take a message in time.
    #[error("the peer took no data for {0:?}")]
    TimedOut(Duration),
    /// The close code or its reason may not be sent; nothing was sent.
    #[error("a socket cannot be closed with code {0:?} and this reason")]
    InvalidClose(Option<u16>),
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
}

impl SocketError {
    /// Whether a new connection could succeed; false only for a caller's own mistake.
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::InvalidClose(_))
    }
}

/// An HTTP request got no whole answer.
///
/// An answer with an error status is an answer, not an error.
///
/// | error | the server acted | the same request later |
/// | --- | --- | --- |
/// | `Invalid`, `Connect` | no | `Connect`: if it is transient |
/// | `TimedOut` | perhaps | may succeed |
/// | `BodyTooLarge`, `HeaderTooLarge` | yes, or it read the request | meets the same answer |
/// | `Broken` | [`HttpError::may_have_arrived`] says | may succeed |
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The request cannot be sent at all.
    #[error("cannot send {request}: {why}")]
    Invalid {
        /// Method, scheme, host and path.
        request: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// No connection could be opened.
    #[error(transparent)]
    Connect(ConnectError),
    /// The answer did not come in time.
    #[error("no whole answer to {request} within {limit:?}")]
    TimedOut {
        /// Method, scheme, host and path.
        request: String,
        /// The limit, [`Limits::request`](crate::Limits::request).
        limit: Duration,
    },
    /// The answer's body is longer than allowed.
    #[error("the answer to {request} has more than {limit} bytes")]
    BodyTooLarge {
        /// Method, scheme, host and path.
        request: String,
        /// The limit, [`Limits::body`](crate::Limits::body), in bytes.
        limit: usize,
    },
    /// The answer's head is longer than allowed, or has more than 100 fields.
    #[error("the head of the answer to {request} has more than {limit} bytes or 100 fields")]
    HeaderTooLarge {
        /// Method, scheme, host and path.
        request: String,
        /// The limit, [`Limits::header`](crate::Limits::header), in bytes.
        limit: usize,
    },
    /// The connection broke, or the answer was not HTTP.
    #[error("the exchange of {request} broke off")]
    Broken {
        /// Method, scheme, host and path.
        request: String,
        /// Whether the request, or a part of it, may have reached the server.
        may_have_arrived: bool,
        /// The cause.
        source: BoxError,
    },
}

impl HttpError {
    /// Whether the same request could succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect(error) => error.is_transient(),
            Self::TimedOut { .. } | Self::Broken { .. } => true,
            Self::Invalid { .. } | Self::BodyTooLarge { .. } | Self::HeaderTooLarge { .. } => false,
        }
    }

    /// Whether the server may have seen the request, and acted on it.
    ///
    /// An action that must not happen twice is repeated only if this is false.
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Invalid { .. } | Self::Connect(_) => false,
            Self::Broken {
                may_have_arrived, ..
            } => *may_have_arrived,
            Self::TimedOut { .. } | Self::BodyTooLarge { .. } | Self::HeaderTooLarge { .. } => true,
        }
    }
}

/// Whether a request may have arrived before this cause kept its answer away: here, or in the process that sent it.
///
/// Clients of platforms keep the cause in an error of their own. One that is neither an [`HttpError`] nor a
/// [`RemoteCause`] tells nothing, so that the request may have arrived.
///
/// ```
/// use antiphon_core::{BoxError, RemoteCause};
/// use antiphon_net::may_have_arrived;
///
/// let refused: BoxError = RemoteCause::new("nobody listens".to_owned(), false).into();
/// assert!(!may_have_arrived(&refused) && may_have_arrived(&"it broke".into()));
/// ```
pub fn may_have_arrived(cause: &BoxError) -> bool {
    let here = cause.downcast_ref::<HttpError>();
    let there = cause.downcast_ref::<RemoteCause>();
    let arrived = here.map(HttpError::may_have_arrived);
    arrived
        .or(there.map(RemoteCause::may_have_arrived))
        .unwrap_or(true)
}
