//! What filters look at: events with borrowed texts, cheaper than the full decode.
//!
//! A view skips what it does not show, and takes what it shows as it comes: ids as texts or numbers, and what has
//! another type than expected as absent.

mod loose;

use std::borrow::Cow;

use antiphon_core::{DecodeError, Event};
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{
        ApplicationMarker, ChannelMarker, EmojiMarker, GenericMarker, GuildMarker,
        InteractionMarker, MessageMarker, RoleMarker, UserMarker, WebhookMarker,
    },
};

use crate::event::parse;
use loose::{IdsOf, Inner, Inners, loose};

/// Lets a view be read from any event of this platform.
macro_rules! of {
    ($($view:ty),*) => {$(
        impl<'a> $view {
            /// Looks at an event; what its body does not have is absent.
            ///
            /// # Errors
            /// [`DecodeError`] if the body is not a JSON object.
            pub fn of(event: &'a Event) -> Result<Self, DecodeError> {
                parse(event)
            }
        }
    )*};
}

of!(
    Message<'a>,
    Presence<'a>,
    Typing,
    Voice<'a>,
    Member<'a>,
    Channel<'a>,
    Guild<'a>,
    Ids
);

/// A look at a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Message<'a> {
    /// Id of the message.
    #[serde(deserialize_with = "loose")]
    pub id: Option<Id<MessageMarker>>,
    /// In which channel.
    #[serde(deserialize_with = "loose")]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// In which guild; absent in a private conversation.
    #[serde(deserialize_with = "loose")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Who wrote it; nobody in an update that does not say.
    #[serde(borrow, deserialize_with = "user")]
    pub author: User<'a>,
    /// Text; empty without the intent for message content.
    #[serde(borrow, deserialize_with = "loose")]
    pub content: Cow<'a, str>,
    /// The webhook that wrote it, if one did.
    #[serde(deserialize_with = "loose")]
    pub webhook_id: Option<Id<WebhookMarker>>,
    /// Users that it mentions.
    #[serde(deserialize_with = "ids_of")]
    pub mentions: Vec<Id<UserMarker>>,
    /// Roles that it mentions.
    #[serde(deserialize_with = "loose")]
    pub mention_roles: Vec<Id<RoleMarker>>,
    /// Whether it mentions everyone.
    #[serde(deserialize_with = "loose")]
    pub mention_everyone: bool,
    /// What kind of message it is: 0 for plain ones, 19 for replies.
    #[serde(rename = "type", deserialize_with = "loose")]
    pub kind: Option<u64>,
}

/// A look at a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct User<'a> {
    /// Id of the user.
    #[serde(deserialize_with = "loose")]
    pub id: Option<Id<UserMarker>>,
    /// Name of the user; empty where none was sent.
    #[serde(rename = "username", borrow, deserialize_with = "loose")]
    pub name: Cow<'a, str>,
    /// Name to show, where the user has one.
    #[serde(borrow, deserialize_with = "loose")]
    pub global_name: Option<Cow<'a, str>>,
    /// Whether it is a bot.
    #[serde(deserialize_with = "loose")]
    pub bot: bool,
}

fn user<'de, D: serde::Deserializer<'de>>(from: D) -> Result<User<'de>, D::Error> {
    let Inner(user) = loose(from)?;
    Ok(user.unwrap_or_default())
}

fn ids_of<'de, D: serde::Deserializer<'de>, M>(from: D) -> Result<Vec<Id<M>>, D::Error> {
    let IdsOf(ids) = loose(from)?;
    Ok(ids)
}

/// A look at a presence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Presence<'a> {
    /// Whose; of the user only the id is certain.
    #[serde(borrow, deserialize_with = "user")]
    pub user: User<'a>,
    /// In which guild.
    #[serde(deserialize_with = "loose")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Status as sent: `online`, `idle`, `dnd`, `offline`; empty where none was.
    #[serde(borrow, deserialize_with = "loose")]
    pub status: Cow<'a, str>,
    /// What the user does.
    #[serde(borrow, deserialize_with = "activities")]
    pub activities: Vec<Activity<'a>>,
}

fn activities<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Activity<'de>>, D::Error> {
    let Inners(activities) = loose(from)?;
    Ok(activities)
}

/// A look at what a user does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Activity<'a> {
    /// Name of the activity.
    #[serde(borrow, deserialize_with = "loose")]
    pub name: Cow<'a, str>,
    /// What kind it is: 0 a game, 1 a stream, 2 listening, 3 watching, 4 the user's own text, 5 competing.
    #[serde(rename = "type", deserialize_with = "loose")]
    pub kind: Option<u64>,
    /// Where a stream can be seen.
    #[serde(borrow, deserialize_with = "loose")]
    pub url: Option<Cow<'a, str>>,
}

/// A look at someone who types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Typing {
    /// Who types.
    #[serde(deserialize_with = "loose")]
    pub user_id: Option<Id<UserMarker>>,
    /// In which channel.
    #[serde(deserialize_with = "loose")]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// In which guild; absent in a private conversation.
    #[serde(deserialize_with = "loose")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Since when, in seconds since 1970.
    #[serde(deserialize_with = "loose")]
    pub timestamp: Option<u64>,
}

/// A look at a user's place in voice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, as on the wire"
)]
pub struct Voice<'a> {
    /// Whose.
    #[serde(deserialize_with = "loose")]
    pub user_id: Option<Id<UserMarker>>,
    /// In which guild.
    #[serde(deserialize_with = "loose")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// In which channel; absent once the user left.
    #[serde(deserialize_with = "loose")]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Id of the voice session.
    #[serde(borrow, deserialize_with = "loose")]
    pub session_id: Cow<'a, str>,
    /// Whether the guild deafened the user.
    #[serde(deserialize_with = "loose")]
    pub deaf: bool,
    /// Whether the guild muted the user.
    #[serde(deserialize_with = "loose")]
    pub mute: bool,
    /// Whether the user deafened themselves.
    #[serde(deserialize_with = "loose")]
    pub self_deaf: bool,
    /// Whether the user muted themselves.
    #[serde(deserialize_with = "loose")]
    pub self_mute: bool,
}

/// A look at a member of a guild, or at someone who was banned from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Member<'a> {
    /// In which guild.
    #[serde(deserialize_with = "loose")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Who.
    #[serde(borrow, deserialize_with = "user")]
    pub user: User<'a>,
    /// Name in the guild, where the member has one.
    #[serde(borrow, deserialize_with = "loose")]
    pub nick: Option<Cow<'a, str>>,
    /// The member's roles.
    #[serde(deserialize_with = "loose")]
    pub roles: Vec<Id<RoleMarker>>,
}

/// A look at a reaction to a message, or at the removal of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reaction<'a> {
    /// To which message.
    pub message_id: Option<Id<MessageMarker>>,
    /// In which channel.
    pub channel_id: Option<Id<ChannelMarker>>,
    /// In which guild; absent in a private conversation.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Whose; absent where all were removed.
    pub user_id: Option<Id<UserMarker>>,
    /// The emoji's id, if it is a guild's own.
    pub emoji_id: Option<Id<EmojiMarker>>,
    /// The emoji itself, or the name of a guild's own; empty where none was sent.
    pub emoji: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReactionWire<'a> {
    #[serde(deserialize_with = "loose")]
    message_id: Option<Id<MessageMarker>>,
    #[serde(deserialize_with = "loose")]
    channel_id: Option<Id<ChannelMarker>>,
    #[serde(deserialize_with = "loose")]
    guild_id: Option<Id<GuildMarker>>,
    #[serde(deserialize_with = "loose")]
    user_id: Option<Id<UserMarker>>,
    #[serde(borrow, deserialize_with = "loose")]
    emoji: Inner<EmojiWire<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct EmojiWire<'a> {
    #[serde(deserialize_with = "loose")]
    id: Option<Id<EmojiMarker>>,
    #[serde(borrow, deserialize_with = "loose")]
    name: Cow<'a, str>,
}

impl<'a> Reaction<'a> {
    /// Looks at an event; what its body does not have is absent.
    ///
    /// # Errors
    /// [`DecodeError`] if the body is not a JSON object.
    pub fn of(event: &'a Event) -> Result<Self, DecodeError> {
        let wire: ReactionWire<'a> = parse(event)?;
        let emoji = wire.emoji.0.unwrap_or_default();
        Ok(Self {
            message_id: wire.message_id,
            channel_id: wire.channel_id,
            guild_id: wire.guild_id,
            user_id: wire.user_id,
            emoji_id: emoji.id,
            emoji: emoji.name,
        })
    }
}

/// A look at an interaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interaction<'a> {
    /// Id of the interaction.
    pub id: Option<Id<InteractionMarker>>,
    /// Which application it is meant for.
    pub application_id: Option<Id<ApplicationMarker>>,
    /// What kind it is: 2 a command, 3 a component, 4 a text to complete, 5 a form.
    pub kind: Option<u64>,
    /// In which channel.
    pub channel_id: Option<Id<ChannelMarker>>,
    /// In which guild; absent in a private conversation.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Whose it is.
    pub user: User<'a>,
    /// Name of the command; empty where it is none.
    pub command: Cow<'a, str>,
    /// The bot's own id of the component or form; empty where it is none.
    pub custom_id: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InteractionWire<'a> {
    #[serde(deserialize_with = "loose")]
    id: Option<Id<InteractionMarker>>,
    #[serde(deserialize_with = "loose")]
    application_id: Option<Id<ApplicationMarker>>,
    #[serde(rename = "type", deserialize_with = "loose")]
    kind: Option<u64>,
    #[serde(deserialize_with = "loose")]
    channel_id: Option<Id<ChannelMarker>>,
    #[serde(deserialize_with = "loose")]
    guild_id: Option<Id<GuildMarker>>,
    #[serde(borrow, deserialize_with = "loose")]
    user: Inner<User<'a>>,
    #[serde(borrow, deserialize_with = "loose")]
    member: Inner<Member<'a>>,
    #[serde(borrow, deserialize_with = "loose")]
    data: Inner<InteractionData<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InteractionData<'a> {
    #[serde(borrow, deserialize_with = "loose")]
    name: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "loose")]
    custom_id: Cow<'a, str>,
}

impl<'a> Interaction<'a> {
    /// Looks at an event; what its body does not have is absent.
    ///
    /// # Errors
    /// [`DecodeError`] if the body is not a JSON object.
    pub fn of(event: &'a Event) -> Result<Self, DecodeError> {
        let wire: InteractionWire<'a> = parse(event)?;
        let member = wire.member.0.map(|member| member.user);
        let data = wire.data.0.unwrap_or_default();
        Ok(Self {
            id: wire.id,
            application_id: wire.application_id,
            kind: wire.kind,
            channel_id: wire.channel_id,
            guild_id: wire.guild_id,
            user: member.or(wire.user.0).unwrap_or_default(),
            command: data.name,
            custom_id: data.custom_id,
        })
    }
}

/// A look at a channel or thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Channel<'a> {
    /// Id of the channel.
    #[serde(deserialize_with = "loose")]
    pub id: Option<Id<ChannelMarker>>,
    /// In which guild; absent in a private conversation.
    #[serde(deserialize_with = "loose")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Its category, or the channel of a thread.
    #[serde(deserialize_with = "loose")]
    pub parent_id: Option<Id<ChannelMarker>>,
    /// What kind it is (protocol §10.1): 0 text, 2 voice, 4 a category, 10 to 12 threads.
    #[serde(rename = "type", deserialize_with = "loose")]
    pub kind: Option<u64>,
    /// Name of the channel; empty where none was sent.
    #[serde(borrow, deserialize_with = "loose")]
    pub name: Cow<'a, str>,
}

/// A look at a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Role<'a> {
    /// In which guild.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Id of the role.
    pub id: Option<Id<RoleMarker>>,
    /// Name of the role; empty where none was sent.
    pub name: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RoleWire<'a> {
    #[serde(deserialize_with = "loose")]
    guild_id: Option<Id<GuildMarker>>,
    #[serde(deserialize_with = "loose")]
    role_id: Option<Id<RoleMarker>>,
    #[serde(borrow, deserialize_with = "loose")]
    role: Inner<RoleInner<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RoleInner<'a> {
    #[serde(deserialize_with = "loose")]
    id: Option<Id<RoleMarker>>,
    #[serde(borrow, deserialize_with = "loose")]
    name: Cow<'a, str>,
}

impl<'a> Role<'a> {
    /// Looks at an event; what its body does not have is absent.
    ///
    /// # Errors
    /// [`DecodeError`] if the body is not a JSON object.
    pub fn of(event: &'a Event) -> Result<Self, DecodeError> {
        let wire: RoleWire<'a> = parse(event)?;
        let role = wire.role.0.unwrap_or_default();
        Ok(Self {
            guild_id: wire.guild_id,
            id: role.id.or(wire.role_id),
            name: role.name,
        })
    }
}

/// A look at a guild.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Guild<'a> {
    /// Id of the guild.
    #[serde(deserialize_with = "loose")]
    pub id: Option<Id<GuildMarker>>,
    /// Name of the guild; empty where none was sent.
    #[serde(borrow, deserialize_with = "loose")]
    pub name: Cow<'a, str>,
    /// Whose it is.
    #[serde(deserialize_with = "loose")]
    pub owner_id: Option<Id<UserMarker>>,
    /// How many members it has.
    #[serde(deserialize_with = "loose")]
    pub member_count: Option<u64>,
    /// Whether it has an outage; absent in a [`GuildDelete`](crate::GuildDelete) that removes the bot.
    #[serde(deserialize_with = "loose")]
    pub unavailable: Option<bool>,
}

/// A look at the ids in any event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Ids {
    /// Id of the thing itself.
    #[serde(deserialize_with = "loose")]
    pub id: Option<Id<GenericMarker>>,
    /// In which guild.
    #[serde(deserialize_with = "loose")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// In which channel.
    #[serde(deserialize_with = "loose")]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Which message.
    #[serde(deserialize_with = "loose")]
    pub message_id: Option<Id<MessageMarker>>,
    /// Which user.
    #[serde(deserialize_with = "loose")]
    pub user_id: Option<Id<UserMarker>>,
}
