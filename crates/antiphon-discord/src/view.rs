//! Views for filters: events with borrowed texts, cheaper than the full decode.
//!
//! A view skips all other fields. Ids may be texts or numbers; a field of an unexpected type is absent.
//!
//! ```
//! use antiphon_core::Payload as _;
//! use antiphon_discord::MessageCreate;
//! # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
//! # fn event(kind: &'static str, body: &'static str) -> Event {
//! #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
//! #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
//! #     Event::stored(Position::new(1), "bot".into(), draft)
//! # }
//!
//! let body = r#"{"id":"1","author":{"id":"33","username":"eve","bot":true},"content":"!ping"}"#;
//! let event = event("discord.MESSAGE_CREATE", body);
//! let message = MessageCreate::view(&event)?;
//! assert!(message.author.bot && message.content.starts_with('!'));
//! # Ok::<(), antiphon_core::DecodeError>(())
//! ```
//!
//! Every payload has one as its `Payload::View`; a filter of a handler gets it for every event of its kind, and only the
//! events that pass are decoded in full.
//! A view reads one pass over the body, copies a text only if it has escapes, and stops at nothing but bytes that are no
//! JSON object.
//! Nothing is repaired or counted here: what cannot be used is absent, an absent text is empty, and an absent flag is false.
//!
//! | view | events |
//! | --- | --- |
//! | [`Message`] | new and edited messages |
//! | [`Reaction`] | reactions, added and removed |
//! | [`Interaction`] | interactions |
//! | [`Member`] | members and bans |
//! | [`Presence`], [`Typing`], [`Voice`] | presences, typing, voice states |
//! | [`Channel`], [`Role`], [`Guild`] | channels and threads, roles, guilds |
//! | [`Ids`] | every other event, and any event by hand |
//!
//! The ids of any event, without a table of kinds:
//!
//! ```
//! use antiphon_discord::view::Ids;
//! # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
//! # fn event(kind: &'static str, body: &'static str) -> Event {
//! #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
//! #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
//! #     Event::stored(Position::new(1), "bot".into(), draft)
//! # }
//!
//! // An event that antiphon does not know, with an id as a number.
//! let ids = Ids::of(&event("discord.CHOIR_SINGS", r#"{"guild_id":11,"user_id":"33","user":{}}"#))?;
//! assert_eq!(ids.guild_id.map(|id| id.get()), Some(11));
//! assert_eq!((ids.user_id.map(|id| id.get()), ids.channel_id), (Some(33), None));
//! # Ok::<(), antiphon_core::DecodeError>(())
//! ```

use std::borrow::Cow;

use antiphon_core::{DecodeError, Event, Scan, Step};
use antiphon_discord_model::InteractionType;
use twilight_model::id::{
    Id,
    marker::{
        ApplicationMarker, ChannelMarker, EmojiMarker, GenericMarker, GuildMarker,
        InteractionMarker, MessageMarker, RoleMarker, UserMarker, WebhookMarker,
    },
};

/// A view that is read field by field.
///
/// Its fields are skipped, not collected: the scan never holds more than the view.
trait Fields<'a>: Default {
    /// Reads the value of one key, or skips it.
    fn field(&mut self, key: &[u8], scan: &mut Scan<'a>) -> Step<()>;
}

/// Writes the reader of a view: the name on the wire, the view's field, and the function that reads it.
macro_rules! reads {
    ($($view:ty { $($key:literal $field:ident $read:ident;)* })*) => {$(
        impl<'a> $view {
            /// Reads the view of an event; fields that were not sent are absent.
            ///
            /// # Errors
            /// [`DecodeError`] if the body is not a JSON object, or breaks off.
            pub fn of(event: &'a Event) -> Result<Self, DecodeError> {
                let mut view = Self::default();
                let mut scan = Scan::new(event.body());
                match scan.document(|scan, key| view.field(key, scan)) {
                    Ok(()) => Ok(view),
                    Err(_) => Err(event.undecodable::<Self>("the body is not a JSON object")),
                }
            }
        }

        impl<'a> Fields<'a> for $view {
            fn field(&mut self, key: &[u8], scan: &mut Scan<'a>) -> Step<()> {
                match key {
                    $($key => self.$field = $read(scan)?,)*
                    _ => scan.skip()?,
                }
                Ok(())
            }
        }
    )*};
}

/// Reads an id, as a text of digits or a number.
fn id<M>(scan: &mut Scan<'_>) -> Step<Option<Id<M>>> {
    Ok(int(scan)?.and_then(Id::new_checked))
}

/// Reads a number that is whole and not negative, also in a text.
fn int(scan: &mut Scan<'_>) -> Step<Option<u64>> {
    scan.id_or_skip()
}

/// Reads the type of an interaction; a value that is no number is absent.
fn interaction_type(scan: &mut Scan<'_>) -> Step<Option<InteractionType>> {
    let number = int(scan)?.and_then(|number| i64::try_from(number).ok());
    Ok(number.map(InteractionType::from))
}

/// Reads a boolean; any other value is false.
fn flag(scan: &mut Scan<'_>) -> Step<bool> {
    Ok(maybe_flag(scan)?.unwrap_or_default())
}

/// Reads a boolean; any other value is absent.
fn maybe_flag(scan: &mut Scan<'_>) -> Step<Option<bool>> {
    let flag = match scan.peek()? {
        b't' => Some(true),
        b'f' => Some(false),
        _ => None,
    };
    scan.skip()?;
    Ok(flag)
}

/// Reads a text; any other value is empty.
fn text<'a>(scan: &mut Scan<'a>) -> Step<Cow<'a, str>> {
    Ok(scan.text_or_skip()?.unwrap_or_default())
}

/// Reads a text; any other value is absent.
fn maybe_text<'a>(scan: &mut Scan<'a>) -> Step<Option<Cow<'a, str>>> {
    scan.text_or_skip()
}

/// Reads an object; any other value is one without fields.
fn object<'a, V: Fields<'a>>(scan: &mut Scan<'a>) -> Step<V> {
    Ok(maybe_object(scan)?.unwrap_or_default())
}

/// Reads an object; any other value is absent.
fn maybe_object<'a, V: Fields<'a>>(scan: &mut Scan<'a>) -> Step<Option<V>> {
    if scan.peek()? != b'{' {
        scan.skip()?;
        return Ok(None);
    }
    let mut view = V::default();
    scan.object(|scan, key| view.field(key, scan))?;
    Ok(Some(view))
}

/// Reads a list; items that `read` cannot take are left out, and any other value is an empty list.
fn list<'a, T>(
    scan: &mut Scan<'a>,
    read: impl Fn(&mut Scan<'a>) -> Step<Option<T>>,
) -> Step<Vec<T>> {
    let mut items = Vec::new();
    if scan.peek()? == b'[' {
        scan.list(|scan, _| {
            items.extend(read(scan)?);
            Ok(())
        })?;
    } else {
        scan.skip()?;
    }
    Ok(items)
}

/// Reads a list of ids; items that are none are left out.
fn ids<M>(scan: &mut Scan<'_>) -> Step<Vec<Id<M>>> {
    list(scan, id)
}

/// Reads the `id`s of the objects in a list.
fn user_ids(scan: &mut Scan<'_>) -> Step<Vec<Id<UserMarker>>> {
    list(scan, |scan| {
        Ok(maybe_object::<Ids>(scan)?
            .and_then(|ids| ids.id)
            .map(Id::cast))
    })
}

/// Reads a list of objects; items that are none are left out.
fn objects<'a, V: Fields<'a>>(scan: &mut Scan<'a>) -> Step<Vec<V>> {
    list(scan, maybe_object)
}

reads! {
    Message<'a> {
        b"id" id id;
        b"channel_id" channel_id id;
        b"guild_id" guild_id id;
        b"author" author object;
        b"content" content text;
        b"webhook_id" webhook_id id;
        b"mentions" mentions user_ids;
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
        b"user" user object;
        b"guild_id" guild_id id;
        b"status" status text;
        b"activities" activities objects;
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
        b"user" user object;
        b"nick" nick maybe_text;
        b"roles" roles ids;
    }
    Reaction<'a> {
        b"message_id" message_id id;
        b"channel_id" channel_id id;
        b"guild_id" guild_id id;
        b"user_id" user_id id;
        b"emoji" emoji object;
    }
    Emoji<'a> {
        b"id" id id;
        b"name" name text;
    }
    Interaction<'a> {
        b"id" id id;
        b"application_id" application_id id;
        b"type" kind interaction_type;
        b"channel_id" channel_id id;
        b"guild_id" guild_id id;
        b"user" user maybe_object;
        b"member" member maybe_object;
        b"data" data object;
    }
    InteractionData<'a> {
        b"name" name text;
        b"type" kind int;
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
        b"role" role object;
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

/// View of a message.
///
/// A filter for commands that ignores bots, webhooks and replies:
///
/// ```
/// use antiphon_discord::view;
///
/// fn is_command(message: &view::Message<'_>) -> bool {
///     !message.author.bot
///         && message.webhook_id.is_none()
///         && message.kind == Some(0)
///         && message.content.starts_with('!')
/// }
/// assert!(!is_command(&view::Message::default()), "an empty view is no command");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message<'a> {
    /// Id of the message.
    pub id: Option<Id<MessageMarker>>,
    /// Channel.
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Guild; absent in a direct message.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Author; empty in an update that does not name one.
    pub author: User<'a>,
    /// Text; empty without the intent for message content.
    ///
    /// The bot's own messages, direct messages and messages that mention the bot have it without the intent.
    pub content: Cow<'a, str>,
    /// Webhook that wrote it, if one did.
    ///
    /// An answer of an interaction has one too: the application's id.
    pub webhook_id: Option<Id<WebhookMarker>>,
    /// Users that it mentions.
    ///
    /// The author of the message that it replies to is among them, if the reply mentions.
    pub mentions: Vec<Id<UserMarker>>,
    /// Roles that it mentions.
    pub mention_roles: Vec<Id<RoleMarker>>,
    /// Whether it mentions everyone.
    ///
    /// Covers `@here` as well.
    pub mention_everyone: bool,
    /// Type of the message: 0 for plain ones, 19 for replies.
    ///
    /// All of them are in [Discord's list](https://discord.com/developers/docs/resources/message#message-object-message-types).
    pub kind: Option<u64>,
}

/// View of a user.
///
/// A presence has only the id of its user for certain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct User<'a> {
    /// Id of the user.
    pub id: Option<Id<UserMarker>>,
    /// Name of the user; empty if none was sent.
    pub name: Cow<'a, str>,
    /// Display name, if the user has one.
    pub global_name: Option<Cow<'a, str>>,
    /// Whether it is a bot.
    ///
    /// Webhooks are users without this mark; see [`Message::webhook_id`].
    pub bot: bool,
}

/// View of a presence.
///
/// A filter for users who begin to stream:
///
/// ```
/// use antiphon_discord::view;
///
/// fn is_live(presence: &view::Presence<'_>) -> bool {
///     presence.activities.iter().any(|activity| activity.kind == Some(1) && activity.url.is_some())
/// }
/// assert!(!is_live(&view::Presence::default()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Presence<'a> {
    /// User; only the id is certain.
    pub user: User<'a>,
    /// Guild.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Status as sent: `online`, `idle`, `dnd`, `offline`; empty if none was sent.
    ///
    /// It is not repaired here, as the decoded presence's is.
    pub status: Cow<'a, str>,
    /// Activities of the user.
    pub activities: Vec<Activity<'a>>,
}

/// View of an activity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity<'a> {
    /// Name of the activity.
    pub name: Cow<'a, str>,
    /// Type of the activity: 0 a game, 1 a stream, 2 listening, 3 watching, 4 the user's own text, 5 competing.
    pub kind: Option<u64>,
    /// URL of a stream.
    pub url: Option<Cow<'a, str>>,
}

/// View of a user who types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Typing {
    /// User who types.
    pub user_id: Option<Id<UserMarker>>,
    /// Channel.
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Guild; absent in a direct message.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Start, in seconds since 1970.
    pub timestamp: Option<u64>,
}

/// View of a voice state.
///
/// Whether a state is a join, a move or a mute is told by the state before it, which the cache has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, as on the wire"
)]
pub struct Voice<'a> {
    /// User.
    pub user_id: Option<Id<UserMarker>>,
    /// Guild.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Channel; absent once the user left.
    ///
    /// A field of another kind is absent too.
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Id of the voice session.
    ///
    /// Only the bot's own is of use: it is half of a voice connection (protocol §12).
    pub session_id: Cow<'a, str>,
    /// Whether the guild has deafened the user.
    pub deaf: bool,
    /// Whether the guild has muted the user.
    pub mute: bool,
    /// Whether the user has deafened themselves.
    pub self_deaf: bool,
    /// Whether the user has muted themselves.
    pub self_mute: bool,
}

/// View of a member of a guild, or of a banned user.
///
/// A ban has the guild and the user alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member<'a> {
    /// Guild.
    pub guild_id: Option<Id<GuildMarker>>,
    /// User.
    pub user: User<'a>,
    /// Nickname in the guild, if the member has one.
    pub nick: Option<Cow<'a, str>>,
    /// The member's roles.
    ///
    /// Without `@everyone`, whose id is the guild's.
    pub roles: Vec<Id<RoleMarker>>,
}

/// View of a reaction to a message, or of the removal of all reactions.
///
/// ```
/// use antiphon_discord::view;
///
/// fn is_vote(reaction: &view::Reaction<'_>) -> bool {
///     reaction.emoji.id.is_none() && reaction.emoji.name == "👍"
/// }
/// assert!(!is_vote(&view::Reaction::default()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reaction<'a> {
    /// Message.
    pub message_id: Option<Id<MessageMarker>>,
    /// Channel.
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Guild; absent in a direct message.
    pub guild_id: Option<Id<GuildMarker>>,
    /// User who reacted; absent where all reactions were removed.
    pub user_id: Option<Id<UserMarker>>,
    /// Emoji; empty where all reactions were removed.
    pub emoji: Emoji<'a>,
}

/// View of an emoji.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Emoji<'a> {
    /// Id, if the emoji is a guild's own.
    pub id: Option<Id<EmojiMarker>>,
    /// The emoji itself, or the name of a guild's own; empty if none was sent.
    pub name: Cow<'a, str>,
}

/// View of an interaction.
///
/// A filter that leaves everything but one command to other handlers:
///
/// ```
/// use antiphon_core::Payload as _;
/// use antiphon_discord::{InteractionCreate, model::InteractionType};
/// # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
/// # fn event(kind: &'static str, body: &'static str) -> Event {
/// #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
/// #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
/// #     Event::stored(Position::new(1), "bot".into(), draft)
/// # }
///
/// let event = event("discord.INTERACTION_CREATE", r#"{"id":"7","type":2,"data":{"name":"sing"},"user":{"id":"33"}}"#);
/// let used = InteractionCreate::view(&event)?;
/// assert!(used.is_command("sing") && used.kind == Some(InteractionType::ApplicationCommand));
/// assert_eq!(used.author().and_then(|user| user.id).map(|id| id.get()), Some(33));
/// # Ok::<(), antiphon_core::DecodeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interaction<'a> {
    /// Id of the interaction.
    pub id: Option<Id<InteractionMarker>>,
    /// Application that receives it.
    pub application_id: Option<Id<ApplicationMarker>>,
    /// Type of the interaction; absent if Discord sent none.
    ///
    /// The autocomplete of a command has the command's name too: [`is_command`](Self::is_command) tells them apart.
    pub kind: Option<InteractionType>,
    /// Channel.
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Guild; absent in a direct message.
    pub guild_id: Option<Id<GuildMarker>>,
    /// User in a direct message.
    ///
    /// Absent in a guild, where [`member`](Self::member) has it.
    pub user: Option<User<'a>>,
    /// Member in a guild.
    ///
    /// Absent in a direct message.
    pub member: Option<Member<'a>>,
    /// The command or component that was used.
    pub data: InteractionData<'a>,
}

impl<'a> Interaction<'a> {
    /// Whether somebody used the command of this name: not its autocomplete, which a user causes by typing.
    ///
    /// A user or message command counts as well.
    pub fn is_command(&self, name: &str) -> bool {
        self.kind == Some(InteractionType::ApplicationCommand) && self.data.name == name
    }

    /// User of the interaction, in a guild or a direct message.
    ///
    /// Absent only if Discord sent neither.
    pub fn author(&self) -> Option<&User<'a>> {
        let member = self.member.as_ref().map(|member| &member.user);
        member.or(self.user.as_ref())
    }
}

/// View of the command or component of an interaction.
///
/// Both are empty for a ping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InteractionData<'a> {
    /// Name of the command; empty for components and forms.
    pub name: Cow<'a, str>,
    /// Type of the command: 1 a slash command, 2 a user's, 3 a message's; absent for components and forms.
    pub kind: Option<u64>,
    /// `custom_id` of the component or form; empty for commands.
    pub custom_id: Cow<'a, str>,
}

/// View of a channel or thread.
///
/// A deleted thread has ids and type alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Channel<'a> {
    /// Id of the channel.
    pub id: Option<Id<ChannelMarker>>,
    /// Guild; absent in a direct message.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Its category, or the channel of a thread.
    ///
    /// Absent for a channel outside of categories.
    pub parent_id: Option<Id<ChannelMarker>>,
    /// Type of the channel (protocol §10.1): 0 text, 2 voice, 4 a category, 10 to 12 threads.
    pub kind: Option<u64>,
    /// Name of the channel; empty if none was sent.
    pub name: Cow<'a, str>,
}

/// View of an event about a role.
///
/// [`id`](Self::id) is the role's in all three events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Role<'a> {
    /// Guild.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Id of a deleted role.
    pub role_id: Option<Id<RoleMarker>>,
    /// The role, unless it was deleted.
    pub role: RoleName<'a>,
}

impl Role<'_> {
    /// Id of the role.
    pub fn id(&self) -> Option<Id<RoleMarker>> {
        self.role.id.or(self.role_id)
    }
}

/// View of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleName<'a> {
    /// Id of the role.
    pub id: Option<Id<RoleMarker>>,
    /// Name of the role; empty if none was sent.
    pub name: Cow<'a, str>,
}

/// View of a guild.
///
/// A guild in an outage has only its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Guild<'a> {
    /// Id of the guild.
    pub id: Option<Id<GuildMarker>>,
    /// Name of the guild; empty if none was sent.
    pub name: Cow<'a, str>,
    /// Id of the owner.
    pub owner_id: Option<Id<UserMarker>>,
    /// Number of members.
    ///
    /// Sent only when the guild becomes available.
    pub member_count: Option<u64>,
    /// Whether it has an outage; absent in a [`GuildDelete`](crate::GuildDelete) that removes the bot.
    pub unavailable: Option<bool>,
}

/// View of the ids in any event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ids {
    /// Id of the object itself.
    pub id: Option<Id<GenericMarker>>,
    /// Guild.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Channel.
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Message.
    pub message_id: Option<Id<MessageMarker>>,
    /// User.
    pub user_id: Option<Id<UserMarker>>,
}
