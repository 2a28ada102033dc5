//! Errors, one type for each kind of operation.
//!
//! An error says which operation failed, its [`source`](std::error::Error::source) why. Each has `is_transient`, by
//! which a handler's error is judged: a passing one is tried again, any other becomes a dead letter. QueUp's own words
//! are in the error where it sent some, at most 200 characters on one line; pages of proxies are not, since they may
//! hold secrets.
//!
//! | operation | error |
//! | --- | --- |
//! | a request | [`RequestError`] |
//! | a login | [`LoginError`] |
//! | waiting for the socket | [`ConnectError`], [`NotConnected`] |
//! | joining a room | [`JoinError`] |
//! | sending a message | [`SendError`] |
//! | an action on the socket | [`ActionError`] |
//! | reading a time | [`TimeError`] |

use std::time::Duration;

use antiphon_core::{BoxError, SourceName};
pub use antiphon_core::{ConfigError, NotConnected, RelayError};
use antiphon_net::may_have_arrived;

use crate::model::Slug;

/// QueUp refused the account's name or password.
///
/// It is permanent: the same login is never tried again by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("QueUp refused the login: {message}")]
#[non_exhaustive]
pub struct AuthorizationError {
    /// The server's words, such as `Incorrect password`.
    pub message: String,
}

/// A request, or its answer, failed.
///
/// # Examples
/// ```
/// use antiphon_queup::RequestError;
///
/// # fn sent(error: &RequestError) {
/// match error {
///     RequestError::RateLimited { wait, .. } => println!("slow down for {wait:?}"),
///     RequestError::Refused { status: 403, message } => println!("not allowed: {message}"),
///     error if error.may_have_arrived() => println!("look whether it was done before trying again"),
///     error if error.is_transient() => println!("try again later"),
///     error => println!("do not try again: {error}"),
/// }
/// # }
/// # sent(&RequestError::LoggedOut);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The server could not be reached, or the connection broke. An idempotent request was sent once more before.
    #[error("could not reach the server")]
    Unreachable(#[source] BoxError),
    /// No answer came in time; the request may have been done.
    #[error("the server did not answer within {} seconds", .0.as_secs_f32())]
    TimedOut(Duration),
    /// The session had ended, and logging in again failed.
    ///
    /// After a refused password the account's source stops when it opens its next socket.
    #[error("could not log in again")]
    Login(#[source] Box<LoginError>),
    /// The server still asks for a login, right after one.
    #[error("the server asks for a login again right after one")]
    LoggedOut,
    /// Another process runs the account's source, and with it the login and the pace; nothing was sent.
    #[error("this process has no source `{0}`: another one runs it")]
    Elsewhere(SourceName),
    /// Another process runs the account's source, and could not be asked, or its answer was lost.
    #[error("the process that has the account could not send the request")]
    Relay(#[source] RelayError),
    /// The server asked us to slow down, by status 429.
    ///
    /// After one to a chat message, further ones fail with this error, unsent, until the time is over.
    #[error("the server asked us to wait{}", said(.message))]
    RateLimited {
        /// The server's words; empty if it sent a page.
        message: String,
        /// Time to wait, where the words or a header have one.
        wait: Option<Duration>,
    },
    /// Too many requests already wait for their turn; the number is theirs. Nothing was sent.
    #[error("{0} requests wait for their turn already")]
    Busy(usize),
    /// The server refused the request: a right is missing, or its object does not exist. 401 and 403 mean a missing
    /// right as a rule, and 404 a missing object.
    #[error("the server refused with status {status}{}", said(.message))]
    Refused {
        /// HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// The server failed.
    #[error("the server failed with status {status}{}", said(.message))]
    Server {
        /// HTTP status.
        status: u16,
        /// The server's words; empty if it sent a page.
        message: String,
    },
    /// The answer is not the platform's own: HTML, JSON of another shape, or a redirect that leads nowhere. It comes
    /// from something in front of QueUp, and passes as a rule.
    #[error("the answer is not QueUp's: {0}")]
    NotQueUp(String),
    /// The answer has another shape than was asked for.
    #[error("the answer has another shape")]
    Undecodable(#[source] BoxError),
}

/// The server's words behind a colon; nothing if there are none.
fn said(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

impl RequestError {
    /// Whether the same call could succeed later. A refusal, a login that did not help and an answer of another shape
    /// do not pass.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::TimedOut(_)
            | Self::RateLimited { .. }
            | Self::Busy(_)
            | Self::Server { .. }
            | Self::NotQueUp(_) => true,
            Self::Login(error) => error.is_transient(),
            Self::Relay(error) => error.is_transient(),
            Self::LoggedOut | Self::Elsewhere(_) | Self::Refused { .. } | Self::Undecodable(_) => {
                false
            }
        }
    }

    /// Whether the server may have received the request and acted on it.
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Unreachable(error) => may_have_arrived(error),
            Self::Relay(error) => error.may_have_arrived(),
            Self::TimedOut(_) | Self::Server { .. } | Self::NotQueUp(_) | Self::Undecodable(_) => {
                true
            }
            Self::Login(_)
            | Self::LoggedOut
            | Self::Elsewhere(_)
            | Self::RateLimited { .. }
            | Self::Busy(_)
            | Self::Refused { .. } => false,
        }
    }

    /// HTTP status of a refusal or failure; 429 where the server asked to slow down, and absent without an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::Server { status, .. } => Some(*status),
            Self::RateLimited { .. } => Some(429),
            _ => None,
        }
    }

    /// The refused login underneath, if there is one.
    pub fn authorization(&self) -> Option<&AuthorizationError> {
        match self {
            Self::Login(error) => error.authorization(),
            _ => None,
        }
    }
}

/// Logging in failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// Name or password are wrong.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The request, or its answer, failed.
    #[error("the login could not be sent")]
    Request(#[source] RequestError),
    /// The server accepted the login but set no session cookie, as something in front of it may cause; it passes as a
    /// rule.
    #[error("the server set no session cookie")]
    NoCookie,
}

impl LoginError {
    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Authorization(_) => false,
            Self::Request(error) => error.is_transient(),
            Self::NoCookie => true,
        }
    }

    /// The refusal of the account, if there is one.
    pub fn authorization(&self) -> Option<&AuthorizationError> {
        match self {
            Self::Authorization(error) => Some(error),
            Self::Request(error) => error.authorization(),
            Self::NoCookie => None,
        }
    }
}

/// Waiting for the connection failed.
///
/// ```
/// use antiphon_queup::{self as queup, Account, Config, ConnectError};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let (client, _source) = queup::connect(Config::new(Account::new("mira@example.org", "a password")));
/// // The source was never run, and nobody called `login`.
/// let error = client.connect().await.expect_err("nobody logged in");
/// assert_eq!(error, ConnectError::NotLoggedIn);
/// assert!(!error.is_transient());
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The account has not logged in yet.
    #[error("log in before connecting")]
    NotLoggedIn,
    /// The link did not come up in time.
    #[error(transparent)]
    NotConnected(#[from] NotConnected),
    /// Another process runs the account's source, and could not be asked.
    #[error("the process that has the account could not be asked")]
    Relay(#[source] RelayError),
}

impl ConnectError {
    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotLoggedIn => false,
            Self::NotConnected(error) => error.is_transient(),
            Self::Relay(error) => error.is_transient(),
        }
    }
}

/// Joining a room failed.
///
/// ```no_run
/// use antiphon_queup::{Client, JoinError, Room};
///
/// # async fn example(client: &Client) -> Result<Option<Room>, JoinError> {
/// match client.join_private_room("vault", "open sesame").await {
///     Err(JoinError::WrongPassword | JoinError::TooManyPasswords) => Ok(None),
///     Err(JoinError::Banned(words)) => {
///         println!("banned: {words}");
///         Ok(None)
///     }
///     joined => joined.map(Some),
/// }
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// No room with this name exists, or QueUp answers so to this account.
    #[error("there is no room named `{0}`")]
    NoSuchRoom(Slug),
    /// The account is banned from the room; the text is QueUp's.
    #[error("banned from the room: {0}")]
    Banned(String),
    /// The room is private, and the password is missing or wrong.
    #[error("the room wants another password")]
    WrongPassword,
    /// The room is private, and too many wrong passwords were tried; QueUp takes the next one after two hours.
    #[error("too many wrong passwords were tried")]
    TooManyPasswords,
    /// The account was kicked, banned or left before the room was joined.
    #[error("removed from the room while joining it")]
    Removed,
    /// The socket did not confirm the room in time; the source goes on trying.
    #[error("the socket did not confirm the room within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// There is no socket to join with.
    #[error(transparent)]
    NotConnected(#[from] NotConnected),
    /// The request, or its answer, failed.
    #[error("the room could not be joined")]
    Request(#[source] RequestError),
}

impl JoinError {
    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NoSuchRoom(_) | Self::Banned(_) | Self::WrongPassword | Self::Removed => false,
            Self::TooManyPasswords | Self::TimedOut(_) => true,
            Self::NotConnected(error) => error.is_transient(),
            Self::Request(error) => error.is_transient(),
        }
    }

    /// Whether the room itself refuses the account; other failures are tried again for a wanted room.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::NoSuchRoom(_) | Self::Banned(_) | Self::WrongPassword | Self::Removed => true,
            Self::TooManyPasswords | Self::TimedOut(_) | Self::NotConnected(_) => false,
            Self::Request(error) => matches!(
                error,
                RequestError::Refused { .. } | RequestError::Undecodable(_)
            ),
        }
    }

    /// A stop code: a short stable word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoSuchRoom(_) => "no-such-room",
            Self::Banned(_) => "banned",
            Self::WrongPassword => "wrong-password",
            Self::TooManyPasswords => "too-many-passwords",
            Self::Removed => "removed",
            Self::TimedOut(_) => "timed-out",
            Self::NotConnected(_) => "not-connected",
            Self::Request(RequestError::Refused { .. }) => "refused",
            Self::Request(_) => "request",
        }
    }
}

/// Sending a message failed.
///
/// ```
/// use antiphon_queup::{RequestError, SendError};
///
/// assert!(!SendError::TooLong { pieces: 5, allowed: 2 }.is_transient());
/// assert!(SendError::Request(RequestError::Busy(64)).is_transient());
/// assert_eq!(SendError::Empty.to_string(), "the message is empty");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The message has no text.
    #[error("the message is empty")]
    Empty,
    /// The text needs more pieces than are allowed; nothing was sent.
    #[error("the message needs {pieces} pieces, and {allowed} are allowed")]
    TooLong {
        /// Number of pieces that the text needs.
        pieces: usize,
        /// Number of pieces that are allowed.
        allowed: usize,
    },
    /// The request, or its answer, failed; earlier pieces may have been sent.
    #[error("the message could not be sent")]
    Request(#[source] RequestError),
}

impl SendError {
    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Empty | Self::TooLong { .. } => false,
            Self::Request(error) => error.is_transient(),
        }
    }
}

/// An action on the socket failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActionError {
    /// The room is not joined: it was left, or the account was removed from it.
    #[error("the room is not joined")]
    NotJoined,
    /// There is no socket to act on.
    #[error(transparent)]
    NotConnected(#[from] NotConnected),
    /// The request of the action failed.
    #[error("the request failed")]
    Request(#[source] RequestError),
}

impl ActionError {
    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotJoined => false,
            Self::NotConnected(error) => error.is_transient(),
            Self::Request(error) => error.is_transient(),
        }
    }
}

/// A text is not a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a time")]
#[non_exhaustive]
pub struct TimeError {
    /// The text, or the number.
    pub text: String,
}

/// Whether an error of this platform is transient; `None` for an error of another kind.
pub(crate) fn is_transient(error: &(dyn std::error::Error + 'static)) -> Option<bool> {
    macro_rules! ask {
        ($($type:ty),*) => {$(
            if let Some(error) = error.downcast_ref::<$type>() {
                return Some(error.is_transient());
            }
        )*};
    }
    ask!(
        RequestError,
        LoginError,
        JoinError,
        SendError,
        ActionError,
        ConnectError,
        NotConnected
    );
    let permanent =
        error.is::<AuthorizationError>() || error.is::<ConfigError>() || error.is::<TimeError>();
    permanent.then_some(false)
}

#[cfg(test)]
mod tests {
    use antiphon_core::LinkState;

    use super::*;

    #[test]
    fn each_error_tells_whether_it_passes() {
        let refused = RequestError::Refused {
            status: 403,
            message: "missing right".into(),
        };
        assert_eq!(is_transient(&refused), Some(false));
        let waiting = NotConnected::new(LinkState::Connecting);
        assert_eq!(is_transient(&JoinError::NotConnected(waiting)), Some(true));
        let wrong = AuthorizationError {
            message: "Incorrect password".into(),
        };
        let error = RequestError::Login(Box::new(LoginError::Authorization(wrong.clone())));
        assert_eq!(is_transient(&error), Some(false));
        assert_eq!(error.authorization(), Some(&wrong));
        assert_eq!(is_transient(&std::fmt::Error), None);
    }
}
