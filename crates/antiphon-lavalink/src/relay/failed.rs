//! Errors of players on their way between processes.

use std::time::Duration;

use antiphon_core::{LinkState, RelayError, RemoteCause, error_chain};
use antiphon_net::may_have_arrived;
use serde::{Deserialize, Serialize};

use crate::{
    error::{
        DeclarationError, Failure, InvalidNodeError, NotConnected, PlayerError, RequestError,
        Unsupported,
    },
    model::{GuildId, NodeId},
    queue::QueueError,
};

/// A [`PlayerError`] on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PlayerFailed {
    InvalidChannelState(GuildId),
    ChannelTimeout(Duration),
    Gateway(String),
    InvalidNode(NodeFailed),
    Request(RequestFailed),
    Disconnected(GuildId),
    Busy(usize),
    Queue(QueueFailed),
    Unsupported {
        node: String,
        feature: String,
    },
    Declaration(DeclarationFailed),
    NotConnected {
        state: LinkState,
        nodes: Vec<(String, LinkState)>,
    },
    TimedOut(Duration),
    Relay(RelayError),
}

impl From<PlayerError> for PlayerFailed {
    fn from(error: PlayerError) -> Self {
        match error {
            PlayerError::InvalidChannelState(guild) => Self::InvalidChannelState(guild),
            PlayerError::ChannelTimeout(limit) => Self::ChannelTimeout(limit),
            PlayerError::Gateway(cause) => Self::Gateway(error_chain(&*cause)),
            PlayerError::InvalidNode(error) => Self::InvalidNode(error.into()),
            PlayerError::Request(error) => Self::Request(error.into()),
            PlayerError::Disconnected(guild) => Self::Disconnected(guild),
            PlayerError::Busy(number) => Self::Busy(number),
            PlayerError::Queue(error) => Self::Queue(error.into()),
            PlayerError::Unsupported(lacks) => Self::Unsupported {
                node: lacks.node.as_str().to_owned(),
                feature: lacks.feature,
            },
            PlayerError::Declaration(error) => Self::Declaration(error.into()),
            PlayerError::NotConnected(error) => {
                let nodes = error.nodes.into_iter();
                Self::NotConnected {
                    state: error.state,
                    nodes: nodes
                        .map(|(node, link)| (node.as_str().to_owned(), link))
                        .collect(),
                }
            }
            PlayerError::TimedOut(limit) => Self::TimedOut(limit),
            PlayerError::Relay(error) => Self::Relay(error),
        }
    }
}

impl From<PlayerFailed> for PlayerError {
    fn from(failed: PlayerFailed) -> Self {
        match failed {
            PlayerFailed::InvalidChannelState(guild) => Self::InvalidChannelState(guild),
            PlayerFailed::ChannelTimeout(limit) => Self::ChannelTimeout(limit),
            PlayerFailed::Gateway(words) => Self::Gateway(words.into()),
            PlayerFailed::InvalidNode(failed) => Self::InvalidNode(failed.into()),
            PlayerFailed::Request(failed) => Self::Request(failed.into()),
            PlayerFailed::Disconnected(guild) => Self::Disconnected(guild),
            PlayerFailed::Busy(number) => Self::Busy(number),
            PlayerFailed::Queue(failed) => Self::Queue(failed.into()),
            PlayerFailed::Unsupported { node, feature } => Self::Unsupported(Unsupported {
                node: NodeId::from(node),
                feature,
            }),
            PlayerFailed::Declaration(failed) => Self::Declaration(failed.into()),
            PlayerFailed::NotConnected { state, nodes } => Self::NotConnected(NotConnected {
                state,
                nodes: nodes
                    .into_iter()
                    .map(|(node, link)| (NodeId::from(node), link))
                    .collect(),
            }),
            PlayerFailed::TimedOut(limit) => Self::TimedOut(limit),
            PlayerFailed::Relay(error) => Self::Relay(error),
        }
    }
}

/// Writes an error of a sum type and the same on its way, with both conversions.
macro_rules! on_its_way {
    ($(#[$doc:meta])* $error:ident as $failed:ident {
        $($variant:ident $(($($value:ident: $type:ty),+))? $({$($field:ident: $of:ty),+})?;)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub(super) enum $failed {
            $($variant $(($($type),+))? $({$($field: $of),+})?,)*
        }

        impl From<$error> for $failed {
            fn from(error: $error) -> Self {
                match error {
                    $($error::$variant $(($($value),+))? $({$($field),+})? =>
                        Self::$variant $(($($value),+))? $({$($field),+})?,)*
                }
            }
        }

        impl From<$failed> for $error {
            fn from(failed: $failed) -> Self {
                match failed {
                    $($failed::$variant $(($($value),+))? $({$($field),+})? =>
                        Self::$variant $(($($value),+))? $({$($field),+})?,)*
                }
            }
        }
    };
}

on_its_way! {
    /// A [`QueueError`] on its way.
    QueueError as QueueFailed {
        QueueEmpty;
        Full(capacity: usize);
        Busy(waiters: usize);
        OutOfRange { index: usize, count: usize };
        Reset;
        Changed;
    }
}

on_its_way! {
    /// A [`DeclarationError`] on its way.
    DeclarationError as DeclarationFailed {
        Name(limit: usize);
        Reserved(name: String);
        Method(method: String);
        Path(limit: usize);
        Field(name: String);
        TooMany(limit: usize);
        TooLarge(limit: usize);
    }
}

/// An [`InvalidNodeError`] on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NodeFailed {
    Unknown(String),
    NotConnected(String),
    NoneConnected,
    Stopped,
    Same(String),
}

impl From<InvalidNodeError> for NodeFailed {
    fn from(error: InvalidNodeError) -> Self {
        let text = |node: NodeId| node.as_str().to_owned();
        match error {
            InvalidNodeError::Unknown(node) => Self::Unknown(text(node)),
            InvalidNodeError::NotConnected(node) => Self::NotConnected(text(node)),
            InvalidNodeError::NoneConnected => Self::NoneConnected,
            InvalidNodeError::Stopped => Self::Stopped,
            InvalidNodeError::Same(node) => Self::Same(text(node)),
        }
    }
}

impl From<NodeFailed> for InvalidNodeError {
    fn from(failed: NodeFailed) -> Self {
        match failed {
            NodeFailed::Unknown(node) => Self::Unknown(node.into()),
            NodeFailed::NotConnected(node) => Self::NotConnected(node.into()),
            NodeFailed::NoneConnected => Self::NoneConnected,
            NodeFailed::Stopped => Self::Stopped,
            NodeFailed::Same(node) => Self::Same(node.into()),
        }
    }
}

/// A node's refusal on its way.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Failure")]
struct SentFailure {
    timestamp: i64,
    status: u16,
    error: String,
    trace: Option<String>,
    message: String,
    path: String,
}

/// A [`RequestError`] on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RequestFailed {
    AuthorizationFailed(u16),
    SessionExpired(#[serde(with = "SentFailure")] Failure),
    Lavalink(#[serde(with = "SentFailure")] Failure),
    Node(u16),
    Undecodable(String),
    Unreachable { node: String, cause: RemoteCause },
    Invalid(String),
    InvalidNode(NodeFailed),
    Unsupported { node: String, feature: String },
}

impl From<RequestError> for RequestFailed {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::AuthorizationFailed { status } => Self::AuthorizationFailed(status),
            RequestError::SessionExpired(failure) => Self::SessionExpired(failure),
            RequestError::Lavalink(failure) => Self::Lavalink(failure),
            RequestError::Node { status } => Self::Node(status),
            RequestError::Undecodable(cause) => Self::Undecodable(error_chain(&*cause)),
            RequestError::Unreachable { node, source } => Self::Unreachable {
                node: node.as_str().to_owned(),
                cause: RemoteCause::new(error_chain(&*source), may_have_arrived(&source)),
            },
            RequestError::Invalid(words) => Self::Invalid(words),
            RequestError::InvalidNode(error) => Self::InvalidNode(error.into()),
            RequestError::Unsupported(lacks) => Self::Unsupported {
                node: lacks.node.as_str().to_owned(),
                feature: lacks.feature,
            },
        }
    }
}

impl From<RequestFailed> for RequestError {
    fn from(failed: RequestFailed) -> Self {
        match failed {
            RequestFailed::AuthorizationFailed(status) => Self::AuthorizationFailed { status },
            RequestFailed::SessionExpired(failure) => Self::SessionExpired(failure),
            RequestFailed::Lavalink(failure) => Self::Lavalink(failure),
            RequestFailed::Node(status) => Self::Node { status },
            RequestFailed::Undecodable(words) => Self::Undecodable(words.into()),
            RequestFailed::Unreachable { node, cause } => Self::Unreachable {
                node: NodeId::from(node),
                source: cause.into(),
            },
            RequestFailed::Invalid(words) => Self::Invalid(words),
            RequestFailed::InvalidNode(failed) => Self::InvalidNode(failed.into()),
            RequestFailed::Unsupported { node, feature } => Self::Unsupported(Unsupported {
                node: NodeId::from(node),
                feature,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_the_same_for_handlers_after_its_way() {
        let guild = GuildId::new(7);
        let node = || NodeId::from("eu-1");
        let failure = |status| Failure {
            status,
            message: "no".into(),
            ..Failure::default()
        };
        let all: Vec<Box<dyn Fn() -> PlayerError>> = vec![
            Box::new(move || PlayerError::InvalidChannelState(guild)),
            Box::new(|| PlayerError::ChannelTimeout(Duration::from_secs(3))),
            Box::new(|| PlayerError::Gateway("not connected".into())),
            Box::new(move || PlayerError::InvalidNode(InvalidNodeError::NotConnected(node()))),
            Box::new(move || PlayerError::InvalidNode(InvalidNodeError::Same(node()))),
            Box::new(move || PlayerError::Request(RequestError::Lavalink(failure(400)))),
            Box::new(move || PlayerError::Request(RequestError::SessionExpired(failure(404)))),
            Box::new(|| PlayerError::Request(RequestError::Node { status: 503 })),
            Box::new(move || {
                PlayerError::Request(RequestError::Unreachable {
                    node: node(),
                    source: "cut".into(),
                })
            }),
            Box::new(move || PlayerError::Disconnected(guild)),
            Box::new(|| PlayerError::Busy(32)),
            Box::new(|| PlayerError::Queue(QueueError::OutOfRange { index: 3, count: 1 })),
            Box::new(|| PlayerError::Queue(QueueError::Changed)),
            Box::new(|| PlayerError::Declaration(DeclarationError::Reserved("lyrics".into()))),
            Box::new(move || {
                PlayerError::NotConnected(NotConnected {
                    state: LinkState::Connecting,
                    nodes: vec![(node(), LinkState::Connecting)],
                })
            }),
            Box::new(|| PlayerError::TimedOut(Duration::from_secs(10))),
            Box::new(|| PlayerError::Relay(RelayError::Lost)),
        ];
        for error in all {
            let sent = serde_json::to_vec(&PlayerFailed::from(error())).expect("plain data");
            let failed: PlayerFailed = serde_json::from_slice(&sent).expect("the same shape");
            let (before, after) = (error(), PlayerError::from(failed));
            assert_eq!(error_chain(&before), error_chain(&after));
            assert_eq!(before.is_transient(), after.is_transient(), "{before}");
        }
    }
}
