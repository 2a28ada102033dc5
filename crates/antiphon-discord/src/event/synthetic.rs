//! Events about the connection, which the client makes itself (protocol §14.1), and the end of a replay.

use antiphon_core::{DecodeError, Event, Payload};
use serde::Deserialize;

/// The client's own events: which shard, if the bot has several.
macro_rules! made {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            /// Which shard; absent if the bot has only one.
            #[serde(default)]
            pub shard_id: Option<u32>,
        }

        impl Payload for $name {
            const KINDS: &'static [&'static str] = &[concat!("discord.", $kind)];
            type View<'a> = Self;

            fn view(event: &Event) -> Result<Self, DecodeError> {
                Self::decode(event)
            }

            fn decode(event: &Event) -> Result<Self, DecodeError> {
                super::parse(event)
            }
        }
    )*};
}

made! {
    /// A socket to the Gateway was opened (`CONNECT`); nothing was said over it yet.
    Connect = "CONNECT";
    /// A socket to the Gateway was closed, by whomever (`DISCONNECT`).
    Disconnect = "DISCONNECT";
    /// A shard has its connection (`SHARD_CONNECT`): right after [`Connect`], before the session is there.
    ShardConnect = "SHARD_CONNECT";
    /// A shard lost or closed its connection (`SHARD_DISCONNECT`): right after [`Disconnect`], once for each.
    ShardDisconnect = "SHARD_DISCONNECT";
    /// A shard took up its session again (`SHARD_RESUME`): right after [`Resumed`].
    ShardResume = "SHARD_RESUME";
}

/// The Gateway has sent again all that was missed (`RESUMED`, protocol §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Resumed;

impl Payload for Resumed {
    const KINDS: &'static [&'static str] = &["discord.RESUMED"];
    type View<'a> = Self;

    fn view(event: &Event) -> Result<Self, DecodeError> {
        Self::decode(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        // `{}`, null, or fields that nobody documents.
        event.parse::<serde::de::IgnoredAny>().map(|_| Self)
    }
}
