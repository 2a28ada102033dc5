//! What can go wrong, one type for each kind of operation.

use std::time::Duration;

use antiphon_core::BoxError;
pub use antiphon_core::{ConfigError, NotConnected};

use crate::model::{MessageId, RoomId, UserId};

/// Logging in failed (protocol §3.4).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The site refused the e-mail address or the password.
    #[error("{host} refused the e-mail address or the password")]
    BadCredentials {
        /// Where the login was tried.
        host: &'static str,
    },
    /// The site asks for a human; nothing here answers for one.
    #[error("{host} asks for a human: {location}")]
    Captcha {
        /// Where the login was tried.
        host: &'static str,
        /// Where the site wanted to lead us.
        location: String,
    },
    /// A page has not what the protocol says.
    #[error("the page {page} has no {missing}; the site may have changed")]
    PageChanged {
        /// Which page.
        page: String,
        /// What is missing.
        missing: &'static str,
    },
    /// The site answered with a status in place of a page, as a protective proxy in front of it does for moments.
    #[error("the page {page} answered with status {status}{to}")]
    Status {
        /// Which page.
        page: String,
        /// HTTP status.
        status: u16,
        /// In words where a redirect leads; empty if it is none.
        to: String,
    },
    /// The site let us in, but the chat server does not know the account.
    #[error("{host} does not accept the login")]
    NotAccepted {
        /// Which chat server.
        host: &'static str,
    },
    /// The kept cookies belong to somebody else.
    #[error("the kept cookies are those of user {found}, not of {expected}")]
    AnotherUser {
        /// Whose they are.
        found: UserId,
        /// Whose they were when they were kept.
        expected: UserId,
    },
    /// The request, or its answer, failed.
    #[error("the login could not be sent")]
    Request(#[source] RequestError),
}

impl LoginError {
    /// Whether the same call could succeed later.
    ///
    /// A challenge passes only when a person has answered it, so that it is not tried again by itself.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Request(error) => error.is_transient(),
            Self::Status { .. } => true,
            _ => false,
        }
    }

    /// The same refusal once more, if only a person can end it.
    pub(crate) fn lasting(&self) -> Option<Self> {
        match self {
            Self::BadCredentials { host } => Some(Self::BadCredentials { host }),
            Self::Captcha { host, location } => Some(Self::Captcha {
                host,
                location: location.clone(),
            }),
            Self::PageChanged { page, missing } => Some(Self::PageChanged {
                page: page.clone(),
                missing,
            }),
            Self::NotAccepted { host } => Some(Self::NotAccepted { host }),
            Self::AnotherUser { found, expected } => Some(Self::AnotherUser {
                found: *found,
                expected: *expected,
            }),
            Self::Status { .. } | Self::Request(_) => None,
        }
    }

    /// A code for programs, and what the operator can do.
    pub(crate) fn way_out(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::BadCredentials { .. } => Some((
                "authorization",
                "check the account's e-mail address and password",
            )),
            Self::Captcha { .. } => Some((
                "captcha",
                "log in once with a browser from this machine's network, wait some minutes, and start again; keep a \
                 cookie file so that logins are rare",
            )),
            Self::PageChanged { .. } => Some((
                "protocol",
                "look whether a newer version of antiphon knows the page",
            )),
            Self::NotAccepted { .. } => Some((
                "authorization",
                "open the chat server once with a browser as this account; it may need a profile on the site",
            )),
            Self::AnotherUser { .. } => Some((
                "authorization",
                "remove the cookie file, or name another one for this account",
            )),
            Self::Status { .. } | Self::Request(_) => None,
        }
    }
}

/// A request, or its answer, failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The server could not be reached, or the connection broke.
    #[error("could not reach the server")]
    Unreachable(#[source] BoxError),
    /// No answer came in time.
    #[error("the server did not answer within {} seconds", .0.as_secs_f32())]
    TimedOut(Duration),
    /// The session had ended, and logging in again failed.
    #[error("could not log in again")]
    Login(#[source] Box<LoginError>),
    /// The server asked us to wait, again and again.
    #[error("the server asked us to wait {} more seconds", wait.as_secs())]
    Throttled {
        /// How long.
        wait: Duration,
    },
    /// Too many requests wait for their turn already.
    #[error("{0} requests wait for their turn already")]
    Busy(usize),
    /// The server refused.
    #[error("the server refused with status {status}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// The server failed.
    #[error("the server failed with status {status}: {message}")]
    Server {
        /// HTTP status.
        status: u16,
        /// The beginning of the words that it showed, without markup.
        message: String,
    },
    /// The answer is a page of HTML, or a redirect, in place of an answer.
    #[error("the answer with status {status} is a page, not an answer: {body}")]
    NotAnAnswer {
        /// HTTP status.
        status: u16,
        /// The beginning of the words that the page shows, without markup, or the path that the redirect leads to.
        body: String,
    },
    /// The answer holds something else than was asked for.
    ///
    /// The answer itself is not repeated: it may hold a key.
    #[error("the answer has another shape")]
    Undecodable {
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
}

impl RequestError {
    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::TimedOut(_)
            | Self::Throttled { .. }
            | Self::Busy(_)
            | Self::Server { .. }
            | Self::NotAnAnswer { .. } => true,
            Self::Login(error) => error.is_transient(),
            Self::Refused { .. } | Self::Undecodable { .. } => false,
        }
    }

    /// HTTP status of a refusal, failure or page.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. }
            | Self::Server { status, .. }
            | Self::NotAnAnswer { status, .. } => Some(*status),
            Self::Throttled { .. } => Some(409),
            _ => None,
        }
    }

    /// The failed login underneath, if that is what happened.
    pub fn login(&self) -> Option<&LoginError> {
        match self {
            Self::Login(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the server may have done what was asked.
    pub(crate) fn may_have_happened(&self) -> bool {
        match self {
            Self::Unreachable(error) => error
                .downcast_ref::<antiphon_net::HttpError>()
                .is_none_or(antiphon_net::HttpError::may_have_arrived),
            Self::TimedOut(_) | Self::Server { .. } | Self::Undecodable { .. } => true,
            // A stale key, and a message that never was, are answered by a page or a redirect with these.
            Self::NotAnAnswer { status, body } => {
                !matches!(status, 401 | 403 | 404 | 410)
                    && !["/error", "/users/login"]
                        .iter()
                        .any(|to| body.contains(to))
            }
            _ => false,
        }
    }
}

/// Joining a room failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The room does not exist, or is closed to this account.
    #[error("no room {0} is open to this account")]
    NoSuchRoom(RoomId),
    /// The room did not begin in time; the source goes on trying.
    #[error("the room did not begin within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// There is no connection to join by.
    #[error(transparent)]
    NotConnected(#[from] NotConnected),
    /// A request, or its answer, failed.
    #[error("could not join the room")]
    Request(#[source] RequestError),
}

impl JoinError {
    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NoSuchRoom(_) => false,
            Self::TimedOut(_) => true,
            Self::NotConnected(error) => error.is_transient(),
            Self::Request(error) => error.is_transient(),
        }
    }
}

/// A text cannot be sent as a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// There is nothing in it.
    #[error("a message needs a text")]
    Empty,
    /// A single line may have 500 characters; several lines have no such limit (protocol §10).
    #[error(
        "a message of one line may have {limit} characters, this has {length}; break the line or shorten it"
    )]
    TooLong {
        /// Characters it has.
        length: usize,
        /// Characters it may have.
        limit: usize,
    },
    /// The text needs more messages than it may become; none was sent.
    #[error("the text needs more than {limit} messages; shorten it, or allow more")]
    TooManyParts {
        /// Messages it may become.
        limit: usize,
    },
}

/// Sending a long text in several messages failed at one of them; those before it were posted, and none behind it.
#[derive(Debug, thiserror::Error)]
#[error("message {part} of {parts} was not sent")]
#[non_exhaustive]
pub struct PartsError {
    /// Messages that were posted, in order.
    pub sent: Vec<MessageId>,
    /// Which message failed, from 1.
    pub part: usize,
    /// How many messages there are; 1 if the text could not be split.
    pub parts: usize,
    /// Why it failed; it says whether that message may have been posted.
    #[source]
    pub source: SendError,
}

impl PartsError {
    /// Whether the same call could succeed later, without doing it twice: only if nothing was posted.
    pub fn is_transient(&self) -> bool {
        self.sent.is_empty() && self.source.is_transient()
    }
}

/// Sending a message failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The text cannot be sent.
    #[error(transparent)]
    Text(#[from] TextError),
    /// It is the same as the message before; chat takes no such twins within a minute or so.
    #[error("the server takes no message twice in a row")]
    Duplicate,
    /// The room does not exist, or the account may not write there.
    #[error("the room does not exist, or the account may not write there: {0}")]
    NoSuchRoom(String),
    /// The account is suspended from chat.
    #[error("the account is blocked: {0}")]
    Blocked(String),
    /// The room is in time-out.
    #[error("the room is in time-out: {0}")]
    RoomTimeout(String),
    /// The room is frozen.
    #[error("the room is frozen: {0}")]
    Frozen(String),
    /// The server refused for another reason.
    #[error("the server refused: {0}")]
    Refused(String),
    /// The answer was lost, or says neither yes nor no: the message may be there.
    #[error("the answer was lost or odd; the message may have been posted")]
    MayHaveHappened(#[source] RequestError),
    /// The request failed.
    #[error("the message could not be sent")]
    Request(#[source] RequestError),
}

impl SendError {
    /// Whether the same call could succeed later, without doing it twice.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RoomTimeout(_) => true,
            Self::Request(error) => error.is_transient(),
            _ => false,
        }
    }
}

/// An action on a message or a room failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActionError {
    /// The text cannot be sent.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Two minutes after it was posted only moderators may still change a message.
    #[error("too late: {0}")]
    TooLate(String),
    /// The message is somebody else's.
    #[error("not the account's own message: {0}")]
    NotYours(String),
    /// The message was deleted.
    #[error("the message was deleted: {0}")]
    Deleted(String),
    /// There was never such a message.
    #[error("there is no such message")]
    NoSuchMessage,
    /// The account has not the right, or the server refused for another reason.
    #[error("the server refused: {0}")]
    Refused(String),
    /// Only a part was done.
    #[error("{done} of {asked} were done")]
    Partly {
        /// How many were asked for.
        asked: usize,
        /// How many the server says it did.
        done: usize,
    },
    /// What was asked for cannot be.
    #[error("{0}")]
    Impossible(&'static str),
    /// The answer was lost, or says neither yes nor no: it may have been done. What toggles is never tried again by itself.
    #[error("the answer was lost or odd; it may have been done")]
    MayHaveHappened(#[source] RequestError),
    /// The request failed.
    #[error("the request failed")]
    Request(#[source] RequestError),
}

impl ActionError {
    /// Whether the same call could succeed later, without doing it twice.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Request(error) => error.is_transient(),
            _ => false,
        }
    }
}

/// Looks through this platform's errors for one, and asks it whether it is transient.
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
        PartsError,
        ActionError,
        NotConnected
    );
    (error.is::<TextError>() || error.is::<ConfigError>()).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_tells_whether_it_passes() {
        let captcha = LoginError::Captcha {
            host: "meta.stackexchange.com",
            location: "/nocaptcha".into(),
        };
        assert_eq!(is_transient(&captcha), Some(false));
        let throttled = RequestError::Throttled {
            wait: Duration::from_secs(4),
        };
        assert_eq!(is_transient(&SendError::Request(throttled)), Some(true));
        let lost = RequestError::TimedOut(Duration::from_secs(30));
        assert_eq!(
            is_transient(&ActionError::MayHaveHappened(lost)),
            Some(false)
        );
        assert_eq!(is_transient(&TextError::Empty), Some(false));
        assert_eq!(is_transient(&std::fmt::Error), None);
    }
}
