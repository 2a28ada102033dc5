//! A request to Discord's REST interface failed.

use std::{fmt, time::Duration};

use antiphon_core::BoxError;

/// A request, or its answer, failed.
///
/// No variant holds a token or the text of an answer, but for Discord's words when it refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Nothing was sent: a value is not right, and the source says which and why.
    #[error("the request was not sent")]
    Invalid(#[source] BoxError),
    /// Discord does not accept the token; nothing more is sent with it.
    #[error("Discord does not accept the bot's token")]
    Unauthorized,
    /// The bot may not do this: it lacks a permission (50013), an access (50001), or is refused for another reason.
    #[error("the bot may not do this: {0}")]
    Forbidden(ApiError),
    /// There is no such thing, or the bot cannot see it.
    #[error("not found: {0}")]
    NotFound(ApiError),
    /// Discord refused for another reason.
    #[error("Discord refused: {0}")]
    Refused(ApiError),
    /// A rate limit holds longer than the request may wait ([`Config::request_timeout`](crate::Config::request_timeout)).
    #[error("a rate limit ({scope}) holds for another {} seconds", retry_after.as_secs_f32())]
    RateLimited {
        /// How long, from now.
        retry_after: Duration,
        /// Whose limit it is.
        scope: Scope,
    },
    /// So many requests were refused that Discord would soon shut out this address; nothing more is sent for a while.
    #[error(
        "{refusals} requests were refused within ten minutes, and Discord shuts an address out at 10,000; nothing is \
         sent for another {} seconds",
        retry_after.as_secs()
    )]
    TooManyRefusals {
        /// Answers with status 401, 403 or 429 within the last ten minutes.
        refusals: u32,
        /// When requests may go out again, from now.
        retry_after: Duration,
    },
    /// More requests wait for their turn than may ([`Config::max_queued_requests`](crate::Config::max_queued_requests)); this one was not sent.
    #[error("{0} requests wait for their turn already")]
    Busy(usize),
    /// The server failed; what was asked may be asked again.
    #[error("the server failed with status {status}: {message}")]
    Server {
        /// HTTP status, 500 or above.
        status: u16,
        /// Discord's words, or the length and type of what came in their place.
        message: String,
    },
    /// The server could not be reached, or the connection broke; what was asked may be asked again.
    #[error("could not reach the server")]
    Unreachable(#[source] BoxError),
    /// The turn or the answer did not come in time; what was asked may be asked again.
    #[error("no answer within {} seconds", .0.as_secs_f32())]
    TimedOut(Duration),
    /// The request was sent and its answer lost: Discord may or may not have done what was asked.
    ///
    /// It is not sent again by itself, since that could do it twice.
    #[error("the request was sent, but whether Discord did it is unknown")]
    OutcomeUnknown(#[source] BoxError),
    /// The answer is a page of HTML, or a redirect, in place of an answer.
    #[error("the answer with status {status} is not Discord's: {answer}")]
    NotAnAnswer {
        /// HTTP status.
        status: u16,
        /// Length and type of what came, or the host that the redirect leads to; never its text.
        answer: String,
    },
    /// Discord accepted the request, and did what was asked, but its answer has another shape than was expected.
    ///
    /// Asked again, it could do twice what was asked once.
    #[error("Discord accepted the request, but its answer has another shape ({answer})")]
    Undecodable {
        /// Status, length and type of the answer; never its text.
        answer: String,
        /// Where reading it failed.
        #[source]
        source: BoxError,
    },
}

impl RequestError {
    /// Whether the same call could succeed later, and does nothing twice.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::TooManyRefusals { .. }
            | Self::Busy(_)
            | Self::Server { .. }
            | Self::Unreachable(_)
            | Self::TimedOut(_) => true,
            Self::NotAnAnswer { status, .. } => *status == 429,
            Self::Invalid(_)
            | Self::Unauthorized
            | Self::Forbidden(_)
            | Self::NotFound(_)
            | Self::Refused(_)
            | Self::OutcomeUnknown(_)
            | Self::Undecodable { .. } => false,
        }
    }

    /// HTTP status of a refusal, failure or page.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Unauthorized => Some(401),
            Self::RateLimited { .. } => Some(429),
            Self::Forbidden(error) | Self::NotFound(error) | Self::Refused(error) => {
                Some(error.status)
            }
            Self::Server { status, .. } | Self::NotAnAnswer { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// What Discord said when it refused.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Forbidden(error) | Self::NotFound(error) | Self::Refused(error) => Some(error),
            _ => None,
        }
    }

    /// A code for programs and what the operator can do, where no waiting helps.
    pub(crate) fn way_out(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Unauthorized => Some((
                "authorization",
                "copy the token again from the application's page \"Bot\" at https://discord.com/developers/applications",
            )),
            _ => None,
        }
    }
}

/// Whose rate limit a request met (`X-RateLimit-Scope`, protocol §13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// The bot's, for this route.
    User,
    /// The bot's, for all routes.
    Global,
    /// That of the resource, whoever asks; it does not count as a refusal.
    Shared,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "the bot's for this route",
            Self::Global => "the bot's for all routes",
            Self::Shared => "shared with others",
        })
    }
}

/// What Discord said when it refused a request (protocol §13).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// Discord's own code, e.g. 50013 for missing permissions; zero where it has none.
    pub code: u64,
    /// Discord's words.
    pub message: String,
    /// What is wrong with single fields, at most 64 of them.
    pub fields: Vec<FieldError>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (code {}, status {})",
            self.message, self.code, self.status
        )?;
        for (index, field) in self.fields.iter().enumerate() {
            write!(f, "{} {field}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// Where it is, e.g. `embeds[0].title`; empty for the request as a whole.
    pub path: String,
    /// Discord's code, e.g. `BASE_TYPE_MAX_LENGTH`.
    pub code: String,
    /// Discord's words.
    pub message: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.path, self.message)
    }
}
