//! What filters look at: events with borrowed texts, cheaper than the full decode.
//!
//! A view passes over what it does not show, and takes what it shows as it comes: ids as texts or numbers, and what has
//! another type than expected as absent.

mod scan;

use std::borrow::Cow;

use antiphon_core::{DecodeError, Event};
use twilight_model::id::{
    Id,
    marker::{
        ApplicationMarker, ChannelMarker, EmojiMarker, GenericMarker, GuildMarker,
        InteractionMarker, MessageMarker, RoleMarker, UserMarker, WebhookMarker,
    },
};

use scan::{Broken, Value};

/// Says how a view is read: the name on the wire, the view's field, and what it is read as.
macro_rules! reads {
    ($($view:ty { $($key:literal $field:ident $read:ident;)* })*) => {$(
        impl<'a> $view {
            /// Looks at an event; what its body does not have is absent.
            ///
            /// # Errors
            /// [`DecodeError`] if the body is not a JSON object, or breaks off.
            pub fn of(event: &'a Event) -> Result<Self, DecodeError> {
                Self::read(Value::new(event.body()))
                    .ok_or_else(|| event.undecodable::<Self>("the body is not an object"))?
                    .map_err(|Broken| event.undecodable::<Self>("the body is not JSON"))
            }

            fn read(body: Value<'a>) -> Option<Result<Self, Broken>> {
                let mut fields = body.fields()?;
                let mut view = Self::default();
                loop {
                    match fields.next() {
                        Ok(Some((key, value))) => match &*key {
                            $($key => view.$field = value.$read(),)*
                            _ => {}
                        },
                        Ok(None) => return Some(Ok(view)),
                        Err(broken) => return Some(Err(broken)),
                    }
                }
            }
        }
    )*};
}

reads! {
    Message<'a> {
        b"id" id id;
        b"channel_id" channel_id id;
        b"guild_id" guild_id id;
        b"author" author user;
        b"content" content text;
        b"webhook_id" webhook_id id;
        b"mentions" mentions ids_of;
        b"mention_roles" mention_roles ids;
        b"mention_everyone" mention_everyone flag;
        b"type" kind int;
    }
    User<'a> {
        b"id" id id;
        b"username" name text;
        b"global_name" global_name maybe_text;
        b"bot" bot flag;
    }
    Presence<'a> {
        b"user" user user;
        b"guild_id" guild_id id;
        b"status" status text;
        b"activities" activities activities;
    }
    Activity<'a> {
        b"name" name text;
        b"type" kind int;
        b"url" url maybe_text;
    }
    Typing {
        b"user_id" user_id id;
        b"channel_id" channel_id id;
        b"guild_id" guild_id id;
        b"timestamp" timestamp int;
    }
    Voice<'a> {
        b"user_id" user_id id;
        b"guild_id" guild_id id;
        b"channel_id" channel_id id;
        b"session_id" session_id text;
        b"deaf" deaf flag;
        b"mute" mute flag;
        b"self_deaf" self_deaf flag;
        b"self_mute" self_mute flag;
    }
    Member<'a> {
        b"guild_id" guild_id id;
        b"user" user user;
        b"nick" nick maybe_text;
        b"roles" roles ids;
    }
    Reaction<'a> {
        b"message_id" message_id id;
        b"channel_id" channel_id id;
        b"guild_id" guild_id id;
        b"user_id" user_id id;
        b"emoji" emoji emoji;
    }
    Emoji<'a> {
        b"id" id id;
        b"name" name text;
    }
    Interaction<'a> {
        b"id" id id;
        b"application_id" application_id id;
        b"type" kind int;
        b"channel_id" channel_id id;
        b"guild_id" guild_id id;
        b"user" user maybe_user;
        b"member" member maybe_member;
        b"data" data data;
    }
    InteractionData<'a> {
        b"name" name text;
        b"custom_id" custom_id text;
    }
    Channel<'a> {
        b"id" id id;
        b"guild_id" guild_id id;
        b"parent_id" parent_id id;
        b"type" kind int;
        b"name" name text;
    }
    Role<'a> {
        b"guild_id" guild_id id;
        b"role_id" role_id id;
        b"role" role role;
    }
    RoleName<'a> {
        b"id" id id;
        b"name" name text;
    }
    Guild<'a> {
        b"id" id id;
        b"name" name text;
        b"owner_id" owner_id id;
        b"member_count" member_count int;
        b"unavailable" unavailable maybe_flag;
    }
    Ids {
        b"id" id id;
        b"guild_id" guild_id id;
        b"channel_id" channel_id id;
        b"message_id" message_id id;
        b"user_id" user_id id;
    }
}

/// A look at a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message<'a> {
    /// Id of the message.
    pub id: Option<Id<MessageMarker>>,
    /// In which channel.
    pub channel_id: Option<Id<ChannelMarker>>,
    /// In which guild; absent in a private conversation.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Who wrote it; nobody in an update that does not say.
    pub author: User<'a>,
    /// Text; empty without the intent for message content.
    pub content: Cow<'a, str>,
    /// The webhook that wrote it, if one did.
    pub webhook_id: Option<Id<WebhookMarker>>,
    /// Users that it mentions.
    pub mentions: Vec<Id<UserMarker>>,
    /// Roles that it mentions.
    pub mention_roles: Vec<Id<RoleMarker>>,
    /// Whether it mentions everyone.
    pub mention_everyone: bool,
    /// What kind of message it is: 0 for plain ones, 19 for replies.
    pub kind: Option<u64>,
}

/// A look at a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct User<'a> {
    /// Id of the user.
    pub id: Option<Id<UserMarker>>,
    /// Name of the user; empty where none was sent.
    pub name: Cow<'a, str>,
    /// Name to show, where the user has one.
    pub global_name: Option<Cow<'a, str>>,
    /// Whether it is a bot.
    pub bot: bool,
}

impl<'a> Value<'a> {
    fn user(self) -> User<'a> {
        inner(User::read(self))
    }

    fn maybe_user(self) -> Option<User<'a>> {
        User::read(self)?.ok()
    }

    fn maybe_member(self) -> Option<Member<'a>> {
        Member::read(self)?.ok()
    }

    fn emoji(self) -> Emoji<'a> {
        inner(Emoji::read(self))
    }

    fn data(self) -> InteractionData<'a> {
        inner(InteractionData::read(self))
    }

    fn role(self) -> RoleName<'a> {
        inner(RoleName::read(self))
    }

    fn activities(self) -> Vec<Activity<'a>> {
        let items = self.items().into_iter().flatten();
        items
            .filter_map(|item| Activity::read(item)?.ok())
            .collect()
    }
}

/// What is no object is one without fields.
fn inner<T: Default>(read: Option<Result<T, Broken>>) -> T {
    read.and_then(Result::ok).unwrap_or_default()
}

/// A look at a presence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Presence<'a> {
    /// Whose; of the user only the id is certain.
    pub user: User<'a>,
    /// In which guild.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Status as sent: `online`, `idle`, `dnd`, `offline`; empty where none was.
    pub status: Cow<'a, str>,
    /// What the user does.
    pub activities: Vec<Activity<'a>>,
}

/// A look at what a user does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity<'a> {
    /// Name of the activity.
    pub name: Cow<'a, str>,
    /// What kind it is: 0 a game, 1 a stream, 2 listening, 3 watching, 4 the user's own text, 5 competing.
    pub kind: Option<u64>,
    /// Where a stream can be seen.
    pub url: Option<Cow<'a, str>>,
}

/// A look at someone who types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Typing {
    /// Who types.
    pub user_id: Option<Id<UserMarker>>,
    /// In which channel.
    pub channel_id: Option<Id<ChannelMarker>>,
    /// In which guild; absent in a private conversation.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Since when, in seconds since 1970.
    pub timestamp: Option<u64>,
}

/// A look at a user's place in voice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, as on the wire"
)]
pub struct Voice<'a> {
    /// Whose.
    pub user_id: Option<Id<UserMarker>>,
    /// In which guild.
    pub guild_id: Option<Id<GuildMarker>>,
    /// In which channel; absent once the user left.
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Id of the voice session.
    pub session_id: Cow<'a, str>,
    /// Whether the guild deafened the user.
    pub deaf: bool,
    /// Whether the guild muted the user.
    pub mute: bool,
    /// Whether the user deafened themselves.
    pub self_deaf: bool,
    /// Whether the user muted themselves.
    pub self_mute: bool,
}

/// A look at a member of a guild, or at someone who was banned from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member<'a> {
    /// In which guild.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Who.
    pub user: User<'a>,
    /// Name in the guild, where the member has one.
    pub nick: Option<Cow<'a, str>>,
    /// The member's roles.
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
    /// With which emoji; nothing where all were removed.
    pub emoji: Emoji<'a>,
}

/// A look at an emoji.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Emoji<'a> {
    /// Its id, if it is a guild's own.
    pub id: Option<Id<EmojiMarker>>,
    /// The emoji itself, or the name of a guild's own; empty where none was sent.
    pub name: Cow<'a, str>,
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
    /// Whose it is, in a private conversation.
    pub user: Option<User<'a>>,
    /// Whose it is, in a guild.
    pub member: Option<Member<'a>>,
    /// What was used.
    pub data: InteractionData<'a>,
}

impl<'a> Interaction<'a> {
    /// Whose it is, wherever it is.
    pub fn author(&self) -> Option<&User<'a>> {
        let member = self.member.as_ref().map(|member| &member.user);
        member.or(self.user.as_ref())
    }
}

/// A look at what was used in an interaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InteractionData<'a> {
    /// Name of the command; empty where it is none.
    pub name: Cow<'a, str>,
    /// The bot's own id of the component or form; empty where it is none.
    pub custom_id: Cow<'a, str>,
}

/// A look at a channel or thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Channel<'a> {
    /// Id of the channel.
    pub id: Option<Id<ChannelMarker>>,
    /// In which guild; absent in a private conversation.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Its category, or the channel of a thread.
    pub parent_id: Option<Id<ChannelMarker>>,
    /// What kind it is (protocol §10.1): 0 text, 2 voice, 4 a category, 10 to 12 threads.
    pub kind: Option<u64>,
    /// Name of the channel; empty where none was sent.
    pub name: Cow<'a, str>,
}

/// A look at a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Role<'a> {
    /// In which guild.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Which role, of one that was deleted.
    pub role_id: Option<Id<RoleMarker>>,
    /// The role, unless it was deleted.
    pub role: RoleName<'a>,
}

impl Role<'_> {
    /// Which role.
    pub fn id(&self) -> Option<Id<RoleMarker>> {
        self.role.id.or(self.role_id)
    }
}

/// A look at what a role is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleName<'a> {
    /// Id of the role.
    pub id: Option<Id<RoleMarker>>,
    /// Name of the role; empty where none was sent.
    pub name: Cow<'a, str>,
}

/// A look at a guild.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Guild<'a> {
    /// Id of the guild.
    pub id: Option<Id<GuildMarker>>,
    /// Name of the guild; empty where none was sent.
    pub name: Cow<'a, str>,
    /// Whose it is.
    pub owner_id: Option<Id<UserMarker>>,
    /// How many members it has.
    pub member_count: Option<u64>,
    /// Whether it has an outage; absent in a [`GuildDelete`](crate::GuildDelete) that removes the bot.
    pub unavailable: Option<bool>,
}

/// A look at the ids in any event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ids {
    /// Id of the thing itself.
    pub id: Option<Id<GenericMarker>>,
    /// In which guild.
    pub guild_id: Option<Id<GuildMarker>>,
    /// In which channel.
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Which message.
    pub message_id: Option<Id<MessageMarker>>,
    /// Which user.
    pub user_id: Option<Id<UserMarker>>,
}
