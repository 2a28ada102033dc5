//! The truth about a connection.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{DecodeError, Event, Payload};

/// Where a connection stands; never silently absent.
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
    /// Not connected, and trying again later.
    Waiting {
        /// When the next try begins.
        until: Timestamp,
        /// Why, in one sentence.
        reason: String,
    },
    /// Not connected, and not trying again by itself.
    Stopped {
        /// A short stable word for programs, such as `authorization`.
        code: String,
        /// Why, in one sentence.
        reason: String,
        /// What the operator can do.
        hint: Option<String>,
    },
    /// Ended in good order.
    Closed,
}

impl LinkState {
    /// The variant's name in lower case.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Connected { .. } => "connected",
            Self::Waiting { .. } => "waiting",
            Self::Stopped { .. } => "stopped",
            Self::Closed => "closed",
        }
    }

    /// Whether events flow.
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }
}

impl std::fmt::Display for LinkState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Waiting { until, reason } => write!(f, "waiting until {until:.0}: {reason}"),
            Self::Stopped { code, reason, .. } => write!(f, "stopped ({code}): {reason}"),
            Self::Connected { since } => write!(f, "connected since {since:.0}"),
            Self::Idle | Self::Connecting | Self::Closed => f.write_str(self.word()),
        }
    }
}

/// A connection changed its state (`antiphon.link`).
///
/// Its place is the part of the source that the connection serves; the root for a source with one connection.
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
