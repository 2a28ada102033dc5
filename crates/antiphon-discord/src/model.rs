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
//!
//! The common ids have short names, which are those of `Id` with the marker:
//!
//! ```
//! use antiphon_discord::model::{ChannelId, id::{Id, marker::ChannelMarker}};
//!
//! let loft: ChannelId = Id::<ChannelMarker>::new(22);
//! assert_eq!("22".parse::<ChannelId>().ok(), Some(loft));
//! ```

pub(crate) mod members;
pub(crate) mod presence;
pub(crate) mod properties;
pub(crate) mod voice;

pub use antiphon_discord_model::*;

use self::id::{Id, marker};

/// Writes the names of ids by what they are the id of.
macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $marker:ident;)*) => {$(
        $(#[$meta])*
        pub type $name = Id<marker::$marker>;
    )*};
}

ids! {
    /// Id of an application.
    ApplicationId = ApplicationMarker;
    /// Id of a channel or a thread.
    ChannelId = ChannelMarker;
    /// Id of a command.
    CommandId = CommandMarker;
    /// Id of a guild's or an application's own emoji.
    EmojiId = EmojiMarker;
    /// Id of a guild.
    GuildId = GuildMarker;
    /// Id of an interaction.
    InteractionId = InteractionMarker;
    /// Id of a message.
    MessageId = MessageMarker;
    /// Id of a role.
    RoleId = RoleMarker;
    /// Id of a user.
    UserId = UserMarker;
    /// Id of a webhook.
    WebhookId = WebhookMarker;
}
