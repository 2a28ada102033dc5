//! Methods of payloads beside the fields of their objects.
//!
//! The types themselves are written by the table; here is what a handler would otherwise write again for each of them.

use antiphon_core::{DecodeError, Event, Payload};
use antiphon_discord_model::{
    Activity, ActivityType, Guild, gateway,
    id::{Id, marker::GuildMarker},
};

use super::{GuildCreate, GuildDelete, MessageUpdate, PresenceUpdate};

/// `RESUMED`: all missed events have been replayed (protocol §3.2).
///
/// It comes after the last replayed event, and [`ShardResume`](crate::ShardResume) follows it.
/// Whatever its body is, it decodes, because Discord documents none.
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

impl GuildCreate {
    /// The guild, if it is available.
    ///
    /// ```
    /// use antiphon_core::Payload as _;
    /// use antiphon_discord::GuildCreate;
    /// # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
    /// # fn event(kind: &'static str, body: &'static str) -> Event {
    /// #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
    /// #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
    /// #     Event::stored(Position::new(1), "bot".into(), draft)
    /// # }
    ///
    /// let away = GuildCreate::decode(&event("discord.GUILD_CREATE", r#"{"id":"11","unavailable":true}"#))?;
    /// assert!(away.guild().is_none() && away.id().get() == 11);
    /// let here = GuildCreate::decode(&event("discord.GUILD_CREATE", r#"{"id":"11","name":"choir"}"#))?;
    /// assert_eq!(here.guild().map(|guild| &*guild.name), Some("choir"));
    /// # Ok::<(), antiphon_core::DecodeError>(())
    /// ```
    pub fn guild(&self) -> Option<&Guild> {
        match &**self {
            gateway::GuildCreate::Available(guild) => Some(guild),
            gateway::GuildCreate::Unavailable(_) => None,
        }
    }
}

impl GuildDelete {
    /// Whether the bot was removed. If not, the guild has an outage and will come back.
    ///
    /// Discord leaves `unavailable` out where the bot was removed
    /// ([Discord's page](https://discord.com/developers/docs/events/gateway-events#guild-delete)).
    ///
    /// ```
    /// use antiphon_core::Payload as _;
    /// use antiphon_discord::GuildDelete;
    /// # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
    /// # fn event(kind: &'static str, body: &'static str) -> Event {
    /// #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
    /// #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
    /// #     Event::stored(Position::new(1), "bot".into(), draft)
    /// # }
    ///
    /// assert!(GuildDelete::decode(&event("discord.GUILD_DELETE", r#"{"id":"11"}"#))?.is_removal());
    /// let outage = GuildDelete::decode(&event("discord.GUILD_DELETE", r#"{"id":"11","unavailable":true}"#))?;
    /// assert!(!outage.is_removal());
    /// # Ok::<(), antiphon_core::DecodeError>(())
    /// ```
    pub fn is_removal(&self) -> bool {
        self.unavailable != Some(true)
    }
}

/// Fields that every message has, as Discord documents it.
const OF_EVERY_MESSAGE: [&str; 12] = [
    "attachments",
    "author",
    "content",
    "edited_timestamp",
    "embeds",
    "mention_everyone",
    "mention_roles",
    "mentions",
    "pinned",
    "timestamp",
    "tts",
    "type",
];

impl MessageUpdate {
    /// Whether a field that every message has was left out.
    ///
    /// ```
    /// use antiphon_core::Payload as _;
    /// use antiphon_discord::MessageUpdate;
    /// # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
    /// # fn event(kind: &'static str, body: &'static str) -> Event {
    /// #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
    /// #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
    /// #     Event::stored(Position::new(1), "bot".into(), draft)
    /// # }
    ///
    /// let body = r#"{"id":"1","channel_id":"22","author":{"id":"33"},"content":"la la"}"#;
    /// let update = MessageUpdate::decode(&event("discord.MESSAGE_UPDATE", body))?;
    /// assert!(update.is_partial() && update.was_sent("content") && !update.was_sent("embeds"));
    /// # Ok::<(), antiphon_core::DecodeError>(())
    /// ```
    ///
    /// A field that was sent as null counts as sent.
    pub fn is_partial(&self) -> bool {
        !OF_EVERY_MESSAGE.iter().all(|field| self.was_sent(field))
    }

    /// Whether the field with this name on the wire, such as `content`, was sent, even as null.
    ///
    /// Only fields at the top of the body are asked for; `raw().pointer` reaches deeper ones.
    pub fn was_sent(&self, field: &str) -> bool {
        self.raw().pointer(&format!("/{field}")).is_some()
    }
}

impl PresenceUpdate {
    /// Id of the guild, if one was sent.
    ///
    /// Discord documents it for every presence and validates no field of this event.
    pub fn guild(&self) -> Option<Id<GuildMarker>> {
        self.guild_id
    }

    /// Activities of one type: games are [`ActivityType::Playing`], streams with their `url`
    /// [`ActivityType::Streaming`].
    ///
    /// ```
    /// use antiphon_core::Payload as _;
    /// use antiphon_discord::{PresenceUpdate, model::ActivityType};
    /// # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
    /// # fn event(kind: &'static str, body: &'static str) -> Event {
    /// #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
    /// #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
    /// #     Event::stored(Position::new(1), "bot".into(), draft)
    /// # }
    ///
    /// let body = r#"{"user":{"id":"33"},"status":"online","activities":[{"name":"chess","type":0},{"name":"jazz","type":2}]}"#;
    /// let presence = PresenceUpdate::decode(&event("discord.PRESENCE_UPDATE", body))?;
    /// let games: Vec<_> = presence.activities_of(ActivityType::Playing).map(|game| &*game.name).collect();
    /// assert_eq!(games, ["chess"]);
    /// # Ok::<(), antiphon_core::DecodeError>(())
    /// ```
    pub fn activities_of(&self, kind: ActivityType) -> impl Iterator<Item = &Activity> {
        let activities = self.activities.iter();
        activities.filter(move |activity| activity.kind == kind)
    }
}
