//! A request to Discord's REST interface failed.
//!
//! One type for all requests, because a handler treats them alike: repeat, give up, or tell the operator.

use std::{fmt, time::Duration};

use antiphon_core::BoxError;
use antiphon_discord_model::id::{Id, marker::InteractionMarker};

/// A request failed.
///
/// No variant holds a token, or any text of a response other than Discord's own error message.
///
/// ```no_run
/// use antiphon_discord::{Client, RequestError, model::id::{Id, marker::{ChannelMarker, MessageMarker}}};
///
/// async fn delete(client: &Client, channel: Id<ChannelMarker>, message: Id<MessageMarker>) -> Result<(), RequestError> {
///     match client.delete_message(channel, message).await {
///         Err(RequestError::NotFound(_)) => Ok(()),
///         Err(error) if error.is_transient() => client.delete_message(channel, message).await,
///         outcome => outcome,
///     }
/// }
/// ```
///
/// Showing Discord's own reason for each field:
///
/// ```
/// use antiphon_discord::RequestError;
///
/// fn explain(error: &RequestError) -> String {
///     let Some(refusal) = error.api() else {
///         return error.to_string();
///     };
///     let fields = refusal.fields.iter().map(|field| format!("{}: {}", field.path, field.message));
///     std::iter::once(refusal.message.clone()).chain(fields).collect::<Vec<_>>().join("\n")
/// }
/// assert_eq!(explain(&RequestError::Unauthorized), "Discord does not accept the bot's token");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Nothing was sent: the source names the wrong value and the reason.
    #[error("the request was not sent")]
    Invalid(#[source] BoxError),
    /// Discord does not accept the token; nothing more is sent with it.
    #[error("Discord does not accept the bot's token")]
    Unauthorized,
    /// The bot may not do this: it lacks a permission (50013), an access (50001), or is refused for another reason.
    #[error("the bot may not do this: {0}")]
    Forbidden(ApiError),
    /// The object does not exist, or the bot cannot see it.
    #[error("not found: {0}")]
    NotFound(ApiError),
    /// The interaction can no longer be answered: its three seconds for the first answer, or its fifteen minutes, are over.
    ///
    /// A handler that ends with it makes no dead letter; the event is counted in the metric `antiphon_events_late_total`.
    #[error("the interaction can no longer be answered: {error}")]
    Expired {
        /// The interaction.
        interaction: Id<InteractionMarker>,
        /// Discord's error: 10062 (unknown interaction) or 50027 (invalid webhook token).
        error: ApiError,
    },
    /// The interaction got its first answer in the same run of its handlers; nothing was sent.
    ///
    /// What follows the first answer is an edit ([`Answers::update_response`](crate::client::Answers::update_response)) or a
    /// message of its own ([`Answers::create_followup`](crate::client::Answers::create_followup)). In a later run, after a
    /// crash or a failure, a first answer is no mistake: it edits the one that was given.
    #[error(
        "the interaction has its first answer already: edit it with `update_response`, or add a message with \
         `create_followup`"
    )]
    AlreadyAnswered {
        /// The interaction.
        interaction: Id<InteractionMarker>,
    },
    /// Discord refused for another reason.
    #[error("Discord refused: {0}")]
    Refused(ApiError),
    /// A rate limit holds longer than the request may wait ([`Config::request_timeout`](crate::Config::request_timeout)).
    #[error("a rate limit ({scope}) holds for another {} seconds", retry_after.as_secs_f32())]
    RateLimited {
        /// Time to wait, from now.
        retry_after: Duration,
        /// Scope of the limit.
        scope: Scope,
    },
    /// So many requests were refused that Discord would soon ban this address; nothing is sent for a while.
    #[error(
        "{refusals} requests were refused within ten minutes, and Discord shuts an address out at 10,000; nothing is \
         sent for another {} seconds",
        retry_after.as_secs()
    )]
    TooManyRefusals {
        /// Answers with status 401, 403 or 429 within the last ten minutes.
        refusals: u32,
        /// Time until requests may be sent again, from now.
        retry_after: Duration,
    },
    /// The request was not sent: [`Config::max_queued_requests`](crate::Config::max_queued_requests) are queued already.
    #[error("{0} requests wait for their turn already")]
    Busy(usize),
    /// The server failed. The request may be repeated.
    #[error("the server failed with status {status}: {message}")]
    Server {
        /// HTTP status, 500 or above.
        status: u16,
        /// Discord's message, or the length and type of a body that is no error of Discord's.
        message: String,
    },
    /// The server could not be reached, or the connection broke. The request may be repeated.
    #[error("could not reach the server")]
    Unreachable(#[source] BoxError),
    /// The request found no place under the rate limits, or no response, in time. It may be repeated.
    #[error("no answer within {} seconds", .0.as_secs_f32())]
    TimedOut(Duration),
    /// The request was sent and its response lost: Discord may or may not have carried it out.
    ///
    /// The client does not repeat it, because Discord could then carry it out twice.
    #[error("the request was sent, but whether Discord did it is unknown")]
    OutcomeUnknown(#[source] BoxError),
    /// The response is a page of HTML or a redirect, not one of Discord's API.
    #[error("the answer with status {status} is not Discord's: {answer}")]
    NotAnAnswer {
        /// HTTP status.
        status: u16,
        /// Length and type of the body, or the host of the redirect; never the text.
        answer: String,
    },
    /// Discord carried out the request, but the response has an unexpected shape.
    ///
    /// Repeating the request could carry it out twice.
    #[error("Discord accepted the request, but its answer has another shape ({answer})")]
    Undecodable {
        /// Status, length and type of the response; never its text.
        answer: String,
        /// The place in the answer that could not be read.
        #[source]
        source: BoxError,
    },
}

impl RequestError {
    /// Whether the same call could succeed later without carrying anything out twice.
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
            | Self::Expired { .. }
            | Self::AlreadyAnswered { .. }
            | Self::Refused(_)
            | Self::OutcomeUnknown(_)
            | Self::Undecodable { .. } => false,
        }
    }

    /// HTTP status, if there was a response.
    ///
    /// Absent where the request was not sent, and where its response was lost.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Unauthorized => Some(401),
            Self::RateLimited { .. } => Some(429),
            Self::Forbidden(error)
            | Self::NotFound(error)
            | Self::Expired { error, .. }
            | Self::Refused(error) => Some(error.status),
            Self::Server { status, .. } | Self::NotAnAnswer { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Discord's error, if it refused the request.
    ///
    /// All codes are in [Discord's list](https://discord.com/developers/docs/topics/opcodes-and-status-codes#json).
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Forbidden(error)
            | Self::NotFound(error)
            | Self::Expired { error, .. }
            | Self::Refused(error) => Some(error),
            _ => None,
        }
    }

    /// Code and hint for the operator, if waiting does not help.
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

/// Scope of a rate limit (`X-RateLimit-Scope`, protocol §13).
///
/// Without the header the body's `global` decides. A 429 without Discord's body counts as global, because the proxy before
/// Discord sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// The bot's limit for this route.
    User,
    /// The bot's limit for all routes.
    Global,
    /// The limit of the resource, shared by all clients; it does not count as a refusal.
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

/// Discord's error for a refused request (protocol §13).
///
/// Its text is at most 400 characters of Discord's message, on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// Discord's error code, e.g. 50013 for missing permissions; zero if there is none.
    ///
    /// A code that was sent as a text of digits is read too.
    pub code: u64,
    /// Discord's message.
    pub message: String,
    /// Errors of single fields, at most 64.
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

/// Discord's error for one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// Path of the field, e.g. `embeds[0].title`; empty for the request as a whole.
    pub path: String,
    /// Discord's code, e.g. `BASE_TYPE_MAX_LENGTH`.
    pub code: String,
    /// Discord's message.
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
