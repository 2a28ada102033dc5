//! Errors, one type for each kind of operation.
//!
//! Two questions decide about an error, and each type answers both: may the same call succeed later (`is_transient`),
//! and may it have been carried out already (the variants named `MayHaveHappened`)? The app asks the first of every
//! error of a handler through [`is_transient`], which finds the types of this platform by downcasting, and tries the
//! handler again.
//!
//! Words of the server are kept for people in the variants that hold a `String`; they are not secret, and they are in
//! the language of the site. Answers that may hold a key are never repeated.

use std::time::Duration;

use antiphon_core::{BoxError, SourceName};
pub use antiphon_core::{ConfigError, NotConnected, RelayError};
use antiphon_net::may_have_arrived;

use crate::model::{MessageId, RoomId, UserId};

/// Logging in failed (protocol §3.4).
///
/// Each is a step of the login that failed; docs/protocol/stackexchange.md §3.4 has the whole matrix. The source stops
/// at those that only a person can mend, with the code and hint that [`SourceError`](antiphon_core::SourceError) shows:
/// `authorization`, `captcha` or `protocol`.
///
/// ```
/// use antiphon_stackexchange::{Client, LoginError};
///
/// async fn log_in(client: &Client) -> Result<(), LoginError> {
///     match client.log_in().await {
///         Err(LoginError::Captcha { host, .. }) => println!("log in once at {host} with a browser"),
///         Err(error) if error.is_transient() => println!("{error}; the source tries again"),
///         outcome => drop(outcome?),
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The site refused the e-mail address or the password.
    ///
    /// Trying again would only bring a challenge; the source stops.
    #[error("{host} refused the e-mail address or the password")]
    BadCredentials {
        /// The site that refused.
        host: &'static str,
    },
    /// The site asks for a human; antiphon does not answer for one.
    ///
    /// Many logins in a short time bring it, and so does an unusual network. A cookie file makes logins rare.
    #[error("{host} asks for a human: {location}")]
    Captcha {
        /// The site that refused.
        host: &'static str,
        /// The address of the challenge.
        location: String,
    },
    /// A page lacks an element that the login needs.
    ///
    /// A newer version of this crate may know the page.
    #[error("the page {page} has no {missing}; the site may have changed")]
    PageChanged {
        /// The page.
        page: String,
        /// The missing element.
        missing: &'static str,
    },
    /// The site answered with a status in place of a page, as a protective proxy in front of it does at times.
    ///
    /// The source waits and tries again, up to ten times in a row.
    #[error("the page {page} answered with status {status}{to}")]
    Status {
        /// The page.
        page: String,
        /// HTTP status.
        status: u16,
        /// The address of a redirect, in words; empty for other statuses.
        to: String,
    },
    /// The site accepted the login, but the chat server does not know the account.
    ///
    /// The account may lack a profile on the site that the chat server belongs to.
    #[error("{host} does not accept the login")]
    NotAccepted {
        /// The chat server.
        host: &'static str,
    },
    /// The kept cookies belong to another user.
    ///
    /// Remove the cookie file, or name another one.
    #[error("the kept cookies are those of user {found}, not of {expected}")]
    AnotherUser {
        /// The user they belong to.
        found: UserId,
        /// The user they belonged to when they were kept.
        expected: UserId,
    },
    /// The request, or its answer, failed.
    #[error("the login could not be sent")]
    Request(#[source] RequestError),
}

impl LoginError {
    /// Whether the same call could succeed later.
    ///
    /// A challenge passes only when a person has answered it, so that it is not tried again automatically.
    ///
    /// True for a request that failed transiently and for [`LoginError::Status`].
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Request(error) => error.is_transient(),
            Self::Status { .. } => true,
            _ => false,
        }
    }

    /// A copy of a refusal that only a person can end.
    ///
    /// `http/login.rs` keeps it, so that no request of the program asks the site again and again with a wrong password.
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

    /// The code of a refusal that only a person can end, and a hint for the operator.
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
///
/// Every request may fail with [`Unreachable`](Self::Unreachable), [`TimedOut`](Self::TimedOut),
/// [`Login`](Self::Login) and [`Server`](Self::Server); those that write also with [`Throttled`](Self::Throttled) and
/// [`Busy`](Self::Busy). The others say something about the one that was made, and stand at its method.
///
/// A request that reads may be repeated after any of them. For one that writes, [`SendError`] and [`ActionError`] say
/// whether it may have been carried out.
///
/// ```
/// use antiphon_stackexchange::{self as stackexchange, Account, Config, RequestError};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sim = antiphon_sim::Simulator::with_seed(7);
/// # let bot = sim.stackexchange().account();
/// # let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
/// let (client, _source) = stackexchange::connect(config);
/// client.log_in().await?;
/// # sim.stackexchange().fail("GET /rooms/*", 1, antiphon_sim::RestFault::Html(500));
/// // A page in place of an answer is an error with its status, and never an empty list.
/// let failed = client.room(4242).users().await.expect_err("the server failed");
/// assert!(matches!(failed, RequestError::Server { status: 500, .. }));
/// assert!(failed.is_transient() && failed.status() == Some(500));
/// assert!(!client.room(4242).users().await?.is_empty());
/// # Ok(())
/// # }
/// ```
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
    /// Another process runs the account's source, and with it the login and the pace; nothing was sent.
    #[error("this process has no source `{0}`: another one runs it")]
    Elsewhere(SourceName),
    /// Another process runs the account's source, and could not be asked, or its answer was lost.
    #[error("the process that has the account could not send the request")]
    Relay(#[source] RelayError),
    /// The server asked to wait, again and again.
    ///
    /// Five tries were made, each after the wait that the server asked for; only writes are tried so often.
    #[error("the server asked us to wait {} more seconds", wait.as_secs())]
    Throttled {
        /// The wait that the last answer asked for.
        wait: Duration,
    },
    /// Too many requests wait for their turn already; see
    /// [`Config::max_queued_requests`](crate::Config::max_queued_requests).
    ///
    /// [`Client::join`](crate::Client::join) has it for a 257th room. The number is that of requests that wait, or of
    /// rooms.
    #[error("{0} requests wait for their turn already")]
    Busy(usize),
    /// The server refused.
    #[error("the server refused with status {status}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Text of the answer.
        message: String,
    },
    /// The server failed.
    #[error("the server failed with status {status}: {message}")]
    Server {
        /// HTTP status.
        status: u16,
        /// The beginning of the page's text, without markup.
        message: String,
    },
    /// The answer is a page of HTML, or a redirect, in place of an answer.
    #[error("the answer with status {status} is a page, not an answer: {body}")]
    NotAnAnswer {
        /// HTTP status.
        status: u16,
        /// The beginning of the page's text, without markup, or the path of the redirect.
        body: String,
    },
    /// The answer could not be read.
    ///
    /// The error does not repeat the answer, which may hold a key.
    ///
    /// Some shapes that the site has today may be missing here: an issue with the request's name helps.
    #[error("the answer has another shape")]
    Undecodable {
        /// Where and why the answer could not be read.
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
            Self::Relay(error) => error.is_transient(),
            Self::Elsewhere(_) | Self::Refused { .. } | Self::Undecodable { .. } => false,
        }
    }

    /// HTTP status of a refusal, failure or page; absent for other errors.
    ///
    /// 409 for [`RequestError::Throttled`], whichever status asked for the wait.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. }
            | Self::Server { status, .. }
            | Self::NotAnAnswer { status, .. } => Some(*status),
            Self::Throttled { .. } => Some(409),
            _ => None,
        }
    }

    /// The failed login, if that is the cause.
    pub fn login(&self) -> Option<&LoginError> {
        match self {
            Self::Login(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the server may have carried out the request.
    ///
    /// A refusal, a full queue and a failed login came before the request was carried out; a broken connection, a
    /// timeout, a failure of the server and an answer of another shape may have come after it.
    pub(crate) fn may_have_happened(&self) -> bool {
        match self {
            Self::Unreachable(error) => may_have_arrived(error),
            Self::Relay(error) => error.may_have_arrived(),
            Self::TimedOut(_) | Self::Server { .. } | Self::Undecodable { .. } => true,
            // A stale key, and a message that does not exist, are answered by a page or a redirect with these.
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
///
/// ```
/// use antiphon_stackexchange::{Client, JoinError, Room};
///
/// /// Joins a room, and says what to do if that does not work.
/// async fn join(client: &Client, room: i64) -> Result<Option<Room>, JoinError> {
///     match client.join(room).await {
///         Err(JoinError::NoSuchRoom(room)) => {
///             println!("room {room} is missing or private: ask its owners, then join again");
///             Ok(None)
///         }
///         // The source goes on trying; its link says when the room begins.
///         Err(error) if error.is_transient() => Ok(Some(client.room(room))),
///         outcome => outcome.map(Some),
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The room does not exist, or is closed to this account.
    ///
    /// The server does not tell the two apart. An account that was kicked from the room sees it closed too.
    #[error("no room {0} is open to this account")]
    NoSuchRoom(RoomId),
    /// The room did not begin in time; the source goes on trying.
    #[error("the room did not begin within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// The source is not connected.
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
///
/// Nothing was sent: the text is checked before the request.
///
/// ```
/// use antiphon_stackexchange::{Splitter, TextError};
///
/// assert_eq!(Splitter::new().split(" "), Err(TextError::Empty));
/// assert_eq!(
///     Splitter::new().most(2).split(&"tea ".repeat(500)),
///     Err(TextError::TooManyParts { limit: 2 }),
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The text is empty.
    #[error("a message needs a text")]
    Empty,
    /// A text of one line has more than 500 characters; several lines have no such limit (protocol §10).
    #[error(
        "a message of one line may have {limit} characters, this has {length}; break the line or shorten it"
    )]
    TooLong {
        /// Characters of the text.
        length: usize,
        /// Characters that it may have.
        limit: usize,
    },
    /// The text needs more messages than [`Splitter::most`](crate::Splitter::most) allows; none was sent.
    #[error("the text needs more than {limit} messages; shorten it, or allow more")]
    TooManyParts {
        /// Messages that it may become.
        limit: usize,
    },
}

/// Sending a long text failed at one of its messages: those before it were posted, and none after it.
///
/// ```
/// use antiphon_stackexchange::{MessageId, Parts, PartsError, Room, SendError};
///
/// /// Posts the parts of a text; the ids of those that are there, even if a later one failed.
/// async fn post(room: &Room, parts: &Parts) -> Vec<MessageId> {
///     match room.send_parts(parts).await {
///         Ok(ids) => ids,
///         Err(PartsError { sent, part, source: SendError::MayHaveHappened(_), .. }) => {
///             println!("look into the history whether message {part} is there");
///             sent
///         }
///         Err(error) => error.sent,
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("message {part} of {parts} was not sent")]
#[non_exhaustive]
pub struct PartsError {
    /// Messages that were posted, in order.
    pub sent: Vec<MessageId>,
    /// Number of the message that failed, from 1.
    pub part: usize,
    /// Number of messages; 1 if the text could not be split.
    pub parts: usize,
    /// The cause; it says whether that message may have been posted.
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
///
/// | error | the message is there | the same call later |
/// | --- | --- | --- |
/// | `Text`, `NoSuchRoom`, `Blocked`, `Frozen`, `Refused` | no | fails again until somebody acts |
/// | `Duplicate` | yes, from before | succeeds after a minute or so, or with another text |
/// | `RoomTimeout` | no | succeeds when the time-out is over |
/// | `MayHaveHappened` | perhaps | might post it twice |
/// | `Request` | no | succeeds if the error is transient |
///
/// ```
/// use antiphon_stackexchange::{Room, SendError};
///
/// /// Posts a message that the room may have already.
/// async fn remind(room: &Room, text: &str) -> Result<(), SendError> {
///     match room.send(text).await {
///         Err(SendError::Duplicate) => Ok(()),
///         // Sent again, it could be there twice.
///         Err(SendError::MayHaveHappened(_)) => Ok(()),
///         sent => sent.map(drop),
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The text cannot be sent.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The text is the same as that of the message before; the server refuses it within a minute or so.
    #[error("the server takes no message twice in a row")]
    Duplicate,
    /// The room does not exist, or the account may not write there.
    ///
    /// The server has one sentence for both.
    #[error("the room does not exist, or the account may not write there: {0}")]
    NoSuchRoom(String),
    /// The account is suspended from chat.
    ///
    /// The words say until when (`ending in 5 hours`).
    #[error("the account is blocked: {0}")]
    Blocked(String),
    /// The room is in time-out.
    ///
    /// The words say how long it lasts.
    #[error("the room is in time-out: {0}")]
    RoomTimeout(String),
    /// The room is frozen.
    ///
    /// Rooms freeze after 14 days without a message; moderators thaw them ([MSE
    /// 208589](https://meta.stackexchange.com/q/208589)).
    #[error("the room is frozen: {0}")]
    Frozen(String),
    /// The server refused for another reason.
    #[error("the server refused: {0}")]
    Refused(String),
    /// The answer was lost, or says neither yes nor no: the message may have been posted.
    #[error("the answer was lost or odd; the message may have been posted")]
    MayHaveHappened(#[source] RequestError),
    /// The request failed.
    #[error("the message could not be sent")]
    Request(#[source] RequestError),
}

impl SendError {
    /// Whether the same call could succeed later, without doing it twice.
    ///
    /// [`SendError::MayHaveHappened`] is not: a handler that is tried again would post twice.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RoomTimeout(_) => true,
            Self::Request(error) => error.is_transient(),
            _ => false,
        }
    }
}

/// An action on a message or a room failed.
///
/// ```
/// use antiphon_stackexchange::{ActionError, MessageId, Room};
///
/// /// Deletes a message that may be too old, or gone.
/// async fn clean_up(room: &Room, message: MessageId) -> Result<(), ActionError> {
///     match room.delete(message).await {
///         Err(ActionError::TooLate(_) | ActionError::NoSuchMessage) => Ok(()),
///         Err(ActionError::NotYours(words)) => {
///             println!("only its author or a moderator may: {words}");
///             Ok(())
///         }
///         outcome => outcome,
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActionError {
    /// The text cannot be sent.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The message was posted more than two minutes ago; only moderators may still change it.
    ///
    /// The limit is 120 s on the server (protocol §10).
    #[error("too late: {0}")]
    TooLate(String),
    /// The message is another user's.
    #[error("not the account's own message: {0}")]
    NotYours(String),
    /// The message was deleted.
    #[error("the message was deleted: {0}")]
    Deleted(String),
    /// The message does not exist.
    ///
    /// The server redirects to an error page, or answers 404.
    #[error("there is no such message")]
    NoSuchMessage,
    /// The account lacks the right, or the server refused for another reason.
    #[error("the server refused: {0}")]
    Refused(String),
    /// The server carried out only a part.
    #[error("{done} of {asked} were done")]
    Partly {
        /// Messages that were to be moved.
        asked: usize,
        /// Messages that the server says it moved.
        done: usize,
    },
    /// The arguments make no sense.
    ///
    /// No request was made.
    #[error("{0}")]
    Impossible(&'static str),
    /// The answer was lost, or says neither yes nor no: the action may have been carried out.
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

/// Whether an error of this platform is transient; `None` for an error of another crate.
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
