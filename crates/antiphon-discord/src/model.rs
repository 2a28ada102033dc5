//! Discord's objects, and the values that a program exchanges with the client.
//!
//! Everything of `antiphon-discord-model` is here, beside the values that only this crate has: activities and presences to
//! send, requests for members, and the credentials of a voice connection.
//! Reading and writing JSON of an object needs no client:
//!
//! ```
//! use antiphon_discord::model::{Channel, ChannelType, from_str};
//!
//! let sent = r#"{"id":"22","type":2,"name":"loft","bitrate":64000,"guild_id":"11"}"#;
//! let (channel, repairs) = from_str::<Channel>(sent)?;
//! assert!(channel.kind == ChannelType::GuildVoice && repairs.is_empty());
//! assert_eq!(channel.bitrate, Some(64_000));
//! # Ok::<(), antiphon_discord::model::ReadError>(())
//! ```

pub(crate) mod members;
pub(crate) mod presence;
pub(crate) mod properties;
pub(crate) mod voice;

pub use antiphon_discord_model::*;
