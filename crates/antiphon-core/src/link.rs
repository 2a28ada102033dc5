//! The truth about a connection.
//!
//! The state of a connection is told three times, to three kinds of readers: on a watch channel for programs that look
//! now, as an event in the journal for those that want the history, and in the log for people. All three say the same.

use std::{borrow::Cow, fmt, ops::Deref};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{DecodeError, Event, Payload, SourceName};

/// A short stable word for programs that says why a connection stopped for good: `authorization`.
///
/// Platforms have words of their own; those that several share are constants here.
///
/// ```
/// use antiphon_core::StopCode;
///
/// assert_eq!(StopCode::from("captcha"), "captcha");
/// assert_eq!(StopCode::AUTHORIZATION.as_str(), "authorization");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StopCode(Cow<'static, str>);

impl StopCode {
    /// The server does not accept the token, the password or the account.
    pub const AUTHORIZATION: Self = Self(Cow::Borrowed("authorization"));
    /// A value of the configuration cannot be used.
    pub const CONFIGURATION: Self = Self(Cow::Borrowed("configuration"));
    /// The server speaks another protocol than expected.
    pub const PROTOCOL: Self = Self(Cow::Borrowed("protocol"));

    /// The source is another process's to run; see [`Source::elsewhere`](crate::Source::elsewhere).
    pub const ELSEWHERE: Self = Self(Cow::Borrowed("elsewhere"));

    /// The word itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for StopCode {
    fn from(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }
}

impl From<String> for StopCode {
    fn from(code: String) -> Self {
        Self(Cow::Owned(code))
    }
}

impl Deref for StopCode {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for StopCode {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for StopCode {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for StopCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Where a connection stands; never silently absent.
///
/// ```
/// use antiphon_core::LinkState;
///
/// let state = LinkState::Stopped {
///     code: "authorization".into(),
///     reason: "the token was not accepted".into(),
///     hint: Some("copy the token again".into()),
/// };
/// assert!(!state.is_connected());
/// assert_eq!(state.to_string(), "stopped (authorization): the token was not accepted");
/// ```
///
/// ```text
///  idle ──▶ connecting ──▶ connected ◀──▶ polling
///               ▲              │
///               └── waiting ◀──┘           stopped (for good), closed (in good order)
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
#[non_exhaustive]
pub enum LinkState {
    /// Not begun yet.
    #[default]
    Idle,
    /// Logging in, opening the socket, or joining.
    Connecting,
    /// Events flow.
    Connected {
        /// Since when.
        since: Timestamp,
    },
    /// Events flow by asking for them again and again, since no socket can be had; what only a socket brings is missing.
    ///
    /// Trying for a socket goes on.
    Polling {
        /// Since when.
        since: Timestamp,
        /// Why there is no socket, in one sentence.
        reason: String,
    },
    /// Not connected, and trying again later.
    ///
    /// The source tries again by itself; nobody has to act.
    Waiting {
        /// When the next try begins.
        until: Timestamp,
        /// Why, in one sentence.
        reason: String,
    },
    /// Not connected, and not trying again by itself.
    ///
    /// A person has to act: the hint says how. [`SourceError`](crate::SourceError) has the same code, reason and hint.
    Stopped {
        /// A word for programs, such as `authorization`.
        code: StopCode,
        /// Why, in one sentence.
        reason: String,
        /// What the operator can do.
        hint: Option<String>,
    },
    /// Ended in good order.
    ///
    /// After this nothing changes any more.
    Closed,
}

impl LinkState {
    /// The state of a source that another process runs, as the clients in this one see it.
    ///
    /// ```
    /// use antiphon_core::{LinkState, NotConnected};
    ///
    /// let error = NotConnected::new(LinkState::elsewhere(&"choir".into()));
    /// assert!(!error.is_transient());
    /// assert!(error.to_string().ends_with("this process has no source `choir`: another one runs it"));
    /// ```
    pub fn elsewhere(source: &SourceName) -> Self {
        Self::Stopped {
            code: StopCode::ELSEWHERE,
            reason: format!("this process has no source `{source}`: another one runs it"),
            hint: Some("ask for it in the process that runs the source".to_owned()),
        }
    }

    /// The variant's name in lower case.
    ///
    /// The same word stands in the event's body as `state`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Connected { .. } => "connected",
            Self::Polling { .. } => "polling",
            Self::Waiting { .. } => "waiting",
            Self::Stopped { .. } => "stopped",
            Self::Closed => "closed",
        }
    }

    /// Whether events flow: over a socket, or by polling.
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. } | Self::Polling { .. })
    }
}

impl std::fmt::Display for LinkState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Waiting { until, reason } => write!(f, "waiting until {until:.0}: {reason}"),
            Self::Polling { since, reason } => write!(f, "polling since {since:.0}: {reason}"),
            Self::Stopped { code, reason, .. } => write!(f, "stopped ({code}): {reason}"),
            Self::Connected { since } => write!(f, "connected since {since:.0}"),
            Self::Idle | Self::Connecting | Self::Closed => f.write_str(self.word()),
        }
    }
}

/// A call needed a connection, and there was none within its timeout.
///
/// ```
/// use antiphon_core::{LinkState, NotConnected};
///
/// assert!(NotConnected::new(LinkState::Connecting).is_transient());
/// assert!(!NotConnected::new(LinkState::Closed).is_transient());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not connected: {state}")]
#[non_exhaustive]
pub struct NotConnected {
    /// How the link stood.
    pub state: LinkState,
}

impl NotConnected {
    /// Notes how the link stood when the call gave up.
    pub fn new(state: LinkState) -> Self {
        Self { state }
    }

    /// Whether the same call could succeed later: not once the connection has ended, in good order or for a reason that
    /// only a person can mend.
    pub fn is_transient(&self) -> bool {
        !matches!(self.state, LinkState::Stopped { .. } | LinkState::Closed)
    }
}

/// A connection changed its state (`antiphon.link`).
///
/// Its place is the part of the source that the connection serves; the root for a source with one connection.
///
/// A part of a source that has a state of its own, such as a room, has it at its place.
///
/// ```
/// use antiphon_core::{Draft, Event, Kind, Link, LinkState, Origin, Payload, Place, Position};
///
/// let state = LinkState::Waiting {
///     until: "2026-01-01T00:00:30Z".parse()?,
///     reason: "the server closed the socket".into(),
/// };
/// let now = "2026-01-01T00:00:00Z".parse()?;
/// let draft = Draft::new(Kind::from_static(Link::KIND), Place::root(), Origin::frame("run", 1), now, Link::body(&state));
/// let event = Event::stored(Position::new(1), "choir".into(), draft);
/// assert_eq!(Link::decode(&event)?.state, state);
/// # Ok::<(), antiphon_core::BoxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Link {
    /// The state since this event.
    #[serde(flatten)]
    pub state: LinkState,
}

impl Link {
    /// The kind of these events.
    pub const KIND: &'static str = "antiphon.link";

    /// The event's body for a state.
    pub fn body(state: &LinkState) -> Vec<u8> {
        serde_json::to_vec(state).expect("a link state has only texts and times")
    }
}

impl Payload for Link {
    const KINDS: &'static [&'static str] = &[Self::KIND];
    type View<'a> = Self;

    fn view(event: &Event) -> Result<Self, DecodeError> {
        Self::decode(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        event.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_polls_is_connected_and_says_so_and_old_states_are_read() {
        let since = Timestamp::UNIX_EPOCH;
        let polling = LinkState::Polling {
            since,
            reason: "no socket today".into(),
        };
        assert!(polling.is_connected());
        assert_eq!(
            polling.to_string(),
            "polling since 1970-01-01T00:00:00Z: no socket today"
        );
        let body = Link::body(&polling);
        let link: Link = serde_json::from_slice(&body).expect("it reads what it writes");
        assert_eq!(link.state, polling);
        let old = br#"{"state":"connected","since":"1970-01-01T00:00:00Z"}"#;
        let link: Link = serde_json::from_slice(old).expect("a link of an earlier version");
        assert_eq!(link.state, LinkState::Connected { since });
    }
}
