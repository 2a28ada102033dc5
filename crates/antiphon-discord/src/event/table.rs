//! One row for each event: its name, meaning, payload and view, and its place and origin in the journal.
//!
//! ```text
//! lasting "NAME" as "name in the reference library": "meaning"
//!     => Payload(object of the model), view, place: rule, origin: rule;
//! ```
//!
//! A `momentary` event is kept for 15 minutes by default.
//! The rows become [`KINDS`], the payload types and [`known`], the lookup by name.
//! Discord lists the events at <https://discord.com/developers/docs/events/gateway-events#receive-events>.
//!
//! Each row is read by the macro `events!` into four things: an entry of [`KINDS`] for the command line and for docs/parity.md,
//! an arm of [`known`] for the session, a payload type for handlers, and the choice of the view that filters borrow.
//! A name without a row is stored all the same, under `discord.` and the name, at the place of its `guild_id` and
//! `channel_id`; handlers of raw events get it.
//!
//! The place decides which events wait for each other: those of one channel are handled in order.
//! Events of a guild's members, roles and voice states have the guild as their place, so that a user's moves between
//! channels keep their order.
//! The origin decides what counts as a repeat: an object that Discord gives an id once (a message, an interaction, an entry
//! of the audit log) has that id; all others have the session's stream and the sequence.
//!
//! The intents behind each name are those of protocol §7 and of
//! [Discord's list](https://discord.com/developers/docs/events/gateway#list-of-intents).

use std::{fmt, ops::Deref, time::Duration};

use antiphon_core::{DecodeError, Event, KindInfo, Payload};
use antiphon_discord_model::{
    AuditLogEntry, AutoModerationRule, Channel, Entitlement, Guild, GuildCommandPermissions,
    Integration, Interaction, Message, Presence, Raw, Repairs, ScheduledEvent, SoundboardSound,
    StageInstance, Subscription, User, VoiceState, gateway,
};
use serde::Deserialize;

use crate::view;

/// How the ids at the top of `d` name the place of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceRule {
    /// `guild_id` and `channel_id`, where they were sent.
    Channel,
    /// `guild_id` alone, so that a user's moves between channels stay in order.
    Guild,
    /// `id` is the guild's.
    GuildId,
    /// `id` is the channel's.
    ChannelId,
    /// `id` is the thread's, and `parent_id` its channel's.
    ThreadId,
    /// `id` is the user's.
    UserId,
}

/// How the origin of an event is formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OriginRule {
    /// From the session's stream and the sequence.
    Sequence,
    /// From `id`, after this word.
    Id(&'static str),
    /// From the sequence; `id` names the message that was deleted.
    Deleted,
}

/// The rules for the dispatches of one name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// Kind in the journal: `discord.` and the name.
    pub(crate) kind: &'static str,
    /// Where the event happened, as its ids say.
    pub(crate) place: PlaceRule,
    /// How a repeat of it is known.
    pub(crate) origin: OriginRule,
}

/// How long momentary events are kept by default.
///
/// Presences and typing are most of a large bot's traffic and worth nothing a day later; voice servers carry tokens.
const MOMENT: Duration = Duration::from_secs(15 * 60);

const fn lasting(info: KindInfo) -> KindInfo {
    info
}

const fn momentary(info: KindInfo) -> KindInfo {
    info.momentary(MOMENT)
}

macro_rules! events {
    (
        made by the client {$(
            $own_keep:ident $own_name:literal as $own_reference:literal: $own_about:literal => $own:ident;
        )*}
        without an object {$(
            $bare_keep:ident $bare_name:literal as $bare_reference:literal: $bare_about:literal
                => $bare:ident, place: $bare_place:ident, origin: $bare_origin:expr;
        )*}
        sent by Discord {$(
            $(#[$doc:meta])*
            $keep:ident $name:literal $(as $reference:literal)?: $about:literal
                => $payload:ident($object:ty), $view:ty, place: $place:ident, origin: $origin:expr;
        )*}
    ) => {
        /// Every typed kind of this platform, with the reference library's name for it.
        ///
        /// ```
        /// let kinds = antiphon_discord::KINDS;
        /// let message = kinds.iter().find(|info| info.payload == "MessageCreate").expect("typed");
        /// assert_eq!((message.kind, message.reference), ("discord.MESSAGE_CREATE", "on_message"));
        /// ```
        ///
        /// A bot or a tool that lists events reads them here:
        ///
        /// ```
        /// use antiphon_discord::KINDS;
        ///
        /// let names: Vec<&str> = KINDS.iter().map(|info| info.kind).collect();
        /// assert!(names.contains(&"discord.PRESENCE_UPDATE") && names.contains(&"discord.SHARD_RESUME"));
        /// assert!(names.iter().all(|name| name.starts_with("discord.")));
        /// ```
        pub const KINDS: &[KindInfo] = &[
            $($own_keep(KindInfo::new(
                concat!("discord.", $own_name), stringify!($own), $own_reference, $own_about,
            )),)*
            $($bare_keep(KindInfo::new(
                concat!("discord.", $bare_name), stringify!($bare), $bare_reference, $bare_about,
            )),)*
            $($keep(KindInfo::new(
                concat!("discord.", $name), stringify!($payload), concat!($($reference)?), $about,
            )),)*
        ];

        /// Reads an event as every payload of its kind, as filters and handlers do.
        #[cfg(any(test, fuzzing))]
        pub(crate) fn read_all(event: &Event) {
            fn read<P: Payload>(event: &Event) {
                if P::KINDS.contains(&event.kind().as_str()) && P::concerns(event) {
                    let _ = (P::view(event).is_ok(), P::decode(event).is_ok());
                }
            }
            $(read::<$own>(event);)*
            $(read::<super::payload::$bare>(event);)*
            $(read::<$payload>(event);)*
        }

        /// The rules for dispatches of this name; `None` for a name that is not in the table.
        pub(crate) fn known(name: &str) -> Option<Known> {
            use OriginRule::{Deleted, Id, Sequence};
            let (kind, place, origin) = match name {
                $($bare_name => (concat!("discord.", $bare_name), PlaceRule::$bare_place, $bare_origin),)*
                $($name => (concat!("discord.", $name), PlaceRule::$place, $origin),)*
                _ => return None,
            };
            Some(Known { kind, place, origin })
        }

        $(
            #[doc = concat!("`", $own_name, "`: ", $own_about, ".")]
            ///
            /// The client makes this event itself (protocol §14.1).
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
            #[non_exhaustive]
            pub struct $own {
                /// Number of the shard; absent if the bot has only one.
                #[serde(default)]
                pub shard_id: Option<u32>,
            }

            impl Payload for $own {
                const KINDS: &'static [&'static str] = &[concat!("discord.", $own_name)];
                type View<'a> = Self;

                fn view(event: &Event) -> Result<Self, DecodeError> {
                    Self::decode(event)
                }

                fn decode(event: &Event) -> Result<Self, DecodeError> {
                    event.parse_object()
                }
            }
        )*

        $(
            #[doc = concat!("`", $name, "`: ", $about, ".")]
            $(#[doc = concat!("The reference library calls it `", $reference, "`.")])?
            ///
            $(#[$doc])*
            #[derive(Clone, PartialEq)]
            pub struct $payload {
                object: $object,
                repairs: Repairs,
                raw: Raw,
            }

            impl $payload {
                /// The object alone.
                pub fn into_inner(self) -> $object {
                    self.object
                }

                /// Values that could not be taken as they were sent, each with its path and the reason; mostly none.
                pub fn repairs(&self) -> &Repairs {
                    &self.repairs
                }

                /// The event as it was sent, for fields that the object does not have; its bytes are shared.
                pub fn raw(&self) -> &Raw {
                    &self.raw
                }
            }

            impl fmt::Debug for $payload {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_tuple(stringify!($payload)).field(&self.object).finish()
                }
            }

            impl Deref for $payload {
                type Target = $object;

                fn deref(&self) -> &$object {
                    &self.object
                }
            }

            impl From<$payload> for $object {
                fn from(payload: $payload) -> Self {
                    payload.object
                }
            }

            impl Payload for $payload {
                const KINDS: &'static [&'static str] = &[concat!("discord.", $name)];
                type View<'a> = $view;

                fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
                    <Self::View<'_>>::of(event)
                }

                fn decode(event: &Event) -> Result<Self, DecodeError> {
                    let read = super::read_and_tell(event);
                    let (object, repairs) = read.map_err(|error| event.undecodable::<Self>(error))?;
                    let raw = Raw::new(event.body().clone());
                    Ok(Self { object, repairs, raw })
                }
            }
        )*
    };
}

events! {
    made by the client {
        lasting "CONNECT" as "on_connect": "a socket to the Gateway was opened" => Connect;
        lasting "DISCONNECT" as "on_disconnect": "a socket to the Gateway was closed" => Disconnect;
        lasting "SHARD_CONNECT" as "on_shard_connect": "a shard has its connection" => ShardConnect;
        lasting "SHARD_DISCONNECT" as "on_shard_disconnect": "a shard's connection was closed" => ShardDisconnect;
        lasting "SHARD_RESUME" as "on_shard_resume": "a shard resumed its session" => ShardResume;
    }

    without an object {
        lasting "RESUMED" as "on_resumed": "all missed events have been replayed"
            => Resumed, place: Channel, origin: Sequence;
    }

    sent by Discord {
        /// The guilds follow as [`GuildCreate`]s (protocol §3.1).
        ///
        /// It is the first event of each session that was begun by an identify, and none of a resumed one.
        /// No intent governs it.
        ///
        /// [Discord's page](https://discord.com/developers/docs/events/gateway-events#ready)
        ///
        /// ```
        /// use antiphon_core::Payload as _;
        /// use antiphon_discord::Ready;
        /// # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
        /// # fn event(kind: &'static str, body: &'static str) -> Event {
        /// #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
        /// #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
        /// #     Event::stored(Position::new(1), "bot".into(), draft)
        /// # }
        ///
        /// let body = r#"{"v":10,"user":{"id":"9","username":"bot","bot":true},"session_id":"a1b2",
        ///     "guilds":[{"id":"11","unavailable":true}],"application":{"id":"9","flags":0}}"#;
        /// let ready = Ready::decode(&event("discord.READY", body))?;
        /// assert_eq!((&*ready.user.name, ready.guilds.len()), ("bot", 1));
        /// # Ok::<(), antiphon_core::DecodeError>(())
        /// ```
        lasting "READY" as "on_ready": "a session began"
            => Ready(gateway::Ready), view::Ids, place: Channel, origin: Sequence;
        /// See protocol §8.
        ///
        /// `retry_after` is in seconds, `meta` names the guild and the nonce of the request.
        /// [`Client::request_members`](crate::Client::request_members) takes it for its own requests as well.
        ///
        /// [Discord's page](https://discord.com/developers/docs/events/gateway-events#rate-limited)
        lasting "RATE_LIMITED" as "on_rate_limited": "a command was refused, because too many like it were sent"
            => RateLimited(gateway::RateLimited), view::Ids, place: Channel, origin: Sequence;
        /// No intent governs it.
        ///
        /// [Discord's page](https://discord.com/developers/docs/events/gateway-events#application-command-permissions-update)
        lasting "APPLICATION_COMMAND_PERMISSIONS_UPDATE": "a command's permissions were changed"
            => ApplicationCommandPermissionsUpdate(GuildCommandPermissions), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `AUTO_MODERATION_CONFIGURATION` and the permission `MANAGE_GUILD`.
        lasting "AUTO_MODERATION_RULE_CREATE": "a rule of automatic moderation was made"
            => AutoModerationRuleCreate(AutoModerationRule), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `AUTO_MODERATION_CONFIGURATION` and the permission `MANAGE_GUILD`.
        lasting "AUTO_MODERATION_RULE_UPDATE": "a rule of automatic moderation was changed"
            => AutoModerationRuleUpdate(AutoModerationRule), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `AUTO_MODERATION_CONFIGURATION` and the permission `MANAGE_GUILD`.
        lasting "AUTO_MODERATION_RULE_DELETE": "a rule of automatic moderation was deleted"
            => AutoModerationRuleDelete(AutoModerationRule), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `AUTO_MODERATION_EXECUTION` and the permission `MANAGE_GUILD`.
        /// The text that matched is empty without the intent `MESSAGE_CONTENT`.
        ///
        /// [Discord's page](https://discord.com/developers/docs/events/gateway-events#auto-moderation-action-execution)
        lasting "AUTO_MODERATION_ACTION_EXECUTION": "automatic moderation acted"
            => AutoModerationActionExecution(gateway::AutoModerationActionExecution), view::Ids, place: Channel, origin: Sequence;
        /// Needs the intent `GUILDS`. Channels that the bot cannot see send none.
        lasting "CHANNEL_CREATE" as "on_channel_create": "a channel was made"
            => ChannelCreate(Channel), view::Channel<'a>, place: ChannelId, origin: Sequence;
        /// A new last message does not send it.
        ///
        /// Needs the intent `GUILDS`.
        /// The body is the whole channel; a handler finds the channel as it was in `Before`, if the cache is on.
        lasting "CHANNEL_UPDATE" as "on_channel_update": "a channel's settings were changed"
            => ChannelUpdate(Channel), view::Channel<'a>, place: ChannelId, origin: Sequence;
        /// Needs the intent `GUILDS`. The body is the channel as it was last.
        lasting "CHANNEL_DELETE": "a channel was deleted"
            => ChannelDelete(Channel), view::Channel<'a>, place: ChannelId, origin: Sequence;
        /// It answers [`Client::request_channel_info`](crate::Client::request_channel_info) (protocol §1.2, op 43).
        /// A channel has only the fields that are known of it.
        lasting "CHANNEL_INFO": "status and start time of a guild's voice channels, as requested"
            => ChannelInfo(gateway::ChannelInfo), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILDS`, and `DIRECT_MESSAGES` for direct messages.
        /// It does not name the message, and deleting a pinned message sends none.
        lasting "CHANNEL_PINS_UPDATE": "a message was pinned or unpinned"
            => ChannelPinsUpdate(gateway::ChannelPinsUpdate), view::Ids, place: Channel, origin: Sequence;
        /// Needs the intent `GUILDS`. `newly_created` is true only for a thread that was just made.
        lasting "THREAD_CREATE" as "on_thread_create": "a thread was made, or the bot was added to one"
            => ThreadCreate(Channel), view::Channel<'a>, place: ThreadId, origin: Sequence;
        /// Needs the intent `GUILDS`. Archiving and opening a thread is an update too.
        lasting "THREAD_UPDATE" as "on_thread_update": "a thread's settings were changed"
            => ThreadUpdate(Channel), view::Channel<'a>, place: ThreadId, origin: Sequence;
        /// Needs the intent `GUILDS`. The body has the ids and the type, not the name.
        lasting "THREAD_DELETE" as "on_thread_delete": "a thread was deleted"
            => ThreadDelete(gateway::ThreadDelete), view::Channel<'a>, place: ThreadId, origin: Sequence;
        /// Needs the intent `GUILDS`.
        /// `channel_ids` names the parents that are synchronised, and is absent for the whole guild.
        lasting "THREAD_LIST_SYNC": "the bot gained access to a channel; these are its threads"
            => ThreadListSync(gateway::ThreadListSync), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILDS`.
        lasting "THREAD_MEMBER_UPDATE": "the bot's own membership in a thread changed"
            => ThreadMemberUpdate(gateway::ThreadMemberUpdate), view::Ids, place: ThreadId, origin: Sequence;
        /// Needs the intent `GUILD_MEMBERS`; with `GUILDS` alone only changes of the bot itself come.
        lasting "THREAD_MEMBERS_UPDATE": "users joined or left a thread"
            => ThreadMembersUpdate(gateway::ThreadMembersUpdate), view::Ids, place: ThreadId, origin: Sequence;
        /// No intent governs it; entitlements of users come to shard 0.
        ///
        /// [Discord's page](https://discord.com/developers/docs/resources/entitlement)
        lasting "ENTITLEMENT_CREATE": "a user gained access to a paid feature"
            => EntitlementCreate(Entitlement), view::Ids, place: Guild, origin: Sequence;
        /// No intent governs it. `ends_at` is the time after which the feature is no longer paid for.
        lasting "ENTITLEMENT_UPDATE": "an entitlement was changed, for example because its subscription ends"
            => EntitlementUpdate(Entitlement), view::Ids, place: Guild, origin: Sequence;
        /// No intent governs it. It comes for refunds and for test entitlements, not when an entitlement expires.
        lasting "ENTITLEMENT_DELETE": "an entitlement was taken away"
            => EntitlementDelete(Entitlement), view::Ids, place: Guild, origin: Sequence;
        /// A guild in an outage comes as an unavailable guild, with its id alone.
        /// Without the intent for presences, or above 75,000 members, its members are the bot and those in voice.
        ///
        /// Needs the intent `GUILDS`.
        /// [`GuildCreate::guild`] is the guild if it is available; [`Cache`](crate::Cache) keeps it.
        ///
        /// [Discord's page](https://discord.com/developers/docs/events/gateway-events#guild-create)
        lasting "GUILD_CREATE" as "on_guild_create": "a guild became available: the bot joined it, it recovered, or the session began"
            => GuildCreate(gateway::GuildCreate), view::Guild<'a>, place: GuildId, origin: Sequence;
        /// Needs the intent `GUILDS`.
        /// The body has settings, roles and emojis, and none of the lists that only [`GuildCreate`] has.
        lasting "GUILD_UPDATE": "a guild was changed"
            => GuildUpdate(Guild), view::Guild<'a>, place: GuildId, origin: Sequence;
        /// Needs the intent `GUILDS`. [`GuildDelete::is_removal`] tells the two apart.
        lasting "GUILD_DELETE": "the bot left a guild or was removed, or the guild has an outage"
            => GuildDelete(gateway::GuildDelete), view::Guild<'a>, place: GuildId, origin: Sequence;
        /// Needs the intent `GUILD_MODERATION` and the permission `VIEW_AUDIT_LOG`.
        /// It is the only event that says who did something and why.
        ///
        /// ```
        /// use antiphon_core::Payload as _;
        /// use antiphon_discord::{GuildAuditLogEntryCreate, model::AuditLogEventType};
        /// # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
        /// # fn event(kind: &'static str, body: &'static str) -> Event {
        /// #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
        /// #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
        /// #     Event::stored(Position::new(1), "bot".into(), draft)
        /// # }
        ///
        /// let body = r#"{"id":"70","guild_id":"11","user_id":"33","target_id":"44","action_type":22,"reason":"spam"}"#;
        /// let entry = GuildAuditLogEntryCreate::decode(&event("discord.GUILD_AUDIT_LOG_ENTRY_CREATE", body))?;
        /// assert_eq!(entry.action_type, AuditLogEventType::MemberBanAdd);
        /// assert_eq!(entry.reason.as_deref(), Some("spam"));
        /// # Ok::<(), antiphon_core::DecodeError>(())
        /// ```
        lasting "GUILD_AUDIT_LOG_ENTRY_CREATE": "an entry was added to a guild's audit log"
            => GuildAuditLogEntryCreate(AuditLogEntry), view::Ids, place: Guild, origin: Id("audit");
        /// Needs the intent `GUILD_MODERATION` and the permission `BAN_MEMBERS` or `VIEW_AUDIT_LOG`.
        /// A banned member leaves as well, with a [`GuildMemberRemove`].
        lasting "GUILD_BAN_ADD" as "on_guild_ban_add": "a user was banned"
            => GuildBanAdd(gateway::BanAdd), view::Member<'a>, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_MODERATION` and the permission `BAN_MEMBERS` or `VIEW_AUDIT_LOG`.
        lasting "GUILD_BAN_REMOVE" as "on_guild_ban_remove": "a user's ban was lifted"
            => GuildBanRemove(gateway::BanRemove), view::Member<'a>, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_EXPRESSIONS`, which [`Intents`](crate::Intents) calls `GUILD_EMOJIS_AND_STICKERS`.
        lasting "GUILD_EMOJIS_UPDATE": "a guild's emojis were changed; these are all of them"
            => GuildEmojisUpdate(gateway::GuildEmojisUpdate), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_EXPRESSIONS`, which [`Intents`](crate::Intents) calls `GUILD_EMOJIS_AND_STICKERS`.
        lasting "GUILD_STICKERS_UPDATE": "a guild's stickers were changed; these are all of them"
            => GuildStickersUpdate(gateway::GuildStickersUpdate), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_INTEGRATIONS`. It names the guild and nothing else.
        lasting "GUILD_INTEGRATIONS_UPDATE": "a guild's integrations were changed"
            => GuildIntegrationsUpdate(gateway::GuildIntegrationsUpdate), view::Ids, place: Guild, origin: Sequence;
        /// It may come again for a user who is a member already.
        ///
        /// Needs the privileged intent `GUILD_MEMBERS`.
        lasting "GUILD_MEMBER_ADD" as "on_guild_member_add": "a user joined a guild"
            => GuildMemberAdd(gateway::MemberAdd), view::Member<'a>, place: Guild, origin: Sequence;
        /// Needs the privileged intent `GUILD_MEMBERS`.
        /// A kick, a ban and a leave look the same here; the audit log tells them apart.
        lasting "GUILD_MEMBER_REMOVE" as "on_guild_member_remove": "a member left or was removed"
            => GuildMemberRemove(gateway::MemberRemove), view::Member<'a>, place: Guild, origin: Sequence;
        /// Needs the privileged intent `GUILD_MEMBERS`; of the bot itself it comes without.
        /// Fields that the update leaves out are those of the member before, which [`Cache::member`](crate::Cache::member) keeps.
        lasting "GUILD_MEMBER_UPDATE": "a member was changed"
            => GuildMemberUpdate(gateway::MemberUpdate), view::Member<'a>, place: Guild, origin: Sequence;
        /// See [`Client::request_members`](crate::Client::request_members) and protocol §8.
        ///
        /// `chunk_index` counts from 0 to below `chunk_count`, and chunks of one request share its `nonce`.
        lasting "GUILD_MEMBERS_CHUNK": "some of the requested members of a guild"
            => GuildMembersChunk(gateway::MemberChunk), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILDS`.
        lasting "GUILD_ROLE_CREATE": "a guild got a role"
            => GuildRoleCreate(gateway::RoleCreate), view::Role<'a>, place: Guild, origin: Sequence;
        /// Needs the intent `GUILDS`. Moving one role sends an update of every role that moved.
        lasting "GUILD_ROLE_UPDATE" as "on_guild_role_update": "a guild's role was changed"
            => GuildRoleUpdate(gateway::RoleUpdate), view::Role<'a>, place: Guild, origin: Sequence;
        /// Needs the intent `GUILDS`. Members lose the role without events of their own.
        lasting "GUILD_ROLE_DELETE": "a guild's role was deleted"
            => GuildRoleDelete(gateway::RoleDelete), view::Role<'a>, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_SCHEDULED_EVENTS`.
        lasting "GUILD_SCHEDULED_EVENT_CREATE": "an event was scheduled"
            => GuildScheduledEventCreate(ScheduledEvent), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_SCHEDULED_EVENTS`. Starting and ending it is an update of its `status`.
        lasting "GUILD_SCHEDULED_EVENT_UPDATE": "a scheduled event was changed"
            => GuildScheduledEventUpdate(ScheduledEvent), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_SCHEDULED_EVENTS`.
        lasting "GUILD_SCHEDULED_EVENT_DELETE": "a scheduled event was cancelled"
            => GuildScheduledEventDelete(ScheduledEvent), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_SCHEDULED_EVENTS`.
        lasting "GUILD_SCHEDULED_EVENT_USER_ADD": "a user subscribed to a scheduled event"
            => GuildScheduledEventUserAdd(gateway::GuildScheduledEventUserAdd), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_SCHEDULED_EVENTS`.
        lasting "GUILD_SCHEDULED_EVENT_USER_REMOVE": "a user unsubscribed from a scheduled event"
            => GuildScheduledEventUserRemove(gateway::GuildScheduledEventUserRemove), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_EXPRESSIONS`.
        lasting "GUILD_SOUNDBOARD_SOUND_CREATE": "a guild got a sound"
            => GuildSoundboardSoundCreate(SoundboardSound), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_EXPRESSIONS`.
        lasting "GUILD_SOUNDBOARD_SOUND_UPDATE": "a guild's sound was changed"
            => GuildSoundboardSoundUpdate(SoundboardSound), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_EXPRESSIONS`.
        lasting "GUILD_SOUNDBOARD_SOUND_DELETE": "a guild's sound was deleted"
            => GuildSoundboardSoundDelete(gateway::GuildSoundboardSoundDelete), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_EXPRESSIONS`.
        lasting "GUILD_SOUNDBOARD_SOUNDS_UPDATE": "several sounds of a guild were changed"
            => GuildSoundboardSoundsUpdate(gateway::Sounds), view::Ids, place: Guild, origin: Sequence;
        /// It answers [`Client::request_soundboard_sounds`](crate::Client::request_soundboard_sounds), once for each guild.
        lasting "SOUNDBOARD_SOUNDS": "all sounds of a guild, as requested"
            => SoundboardSounds(gateway::Sounds), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_INTEGRATIONS`.
        lasting "INTEGRATION_CREATE": "a guild got an integration"
            => IntegrationCreate(Integration), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_INTEGRATIONS`.
        lasting "INTEGRATION_UPDATE": "a guild's integration was changed"
            => IntegrationUpdate(Integration), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_INTEGRATIONS`.
        lasting "INTEGRATION_DELETE": "a guild's integration was removed"
            => IntegrationDelete(gateway::IntegrationDelete), view::Ids, place: Guild, origin: Sequence;
        /// Discord takes the first answer within three seconds; the token is good for fifteen minutes
        /// (<https://discord.com/developers/docs/interactions/receiving-and-responding>).
        ///
        /// No intent governs it.
        /// It is handled in a lane of its own ([`interaction_lane`](crate::interaction_lane)), so that a slow handler elsewhere does
        /// not use up the three seconds; [`Client::interaction`](crate::Client::interaction) answers it.
        ///
        /// ```
        /// use antiphon_core::Payload as _;
        /// use antiphon_discord::{InteractionCreate, model::{CommandOptionValue, InteractionData}};
        /// # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
        /// # fn event(kind: &'static str, body: &'static str) -> Event {
        /// #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
        /// #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
        /// #     Event::stored(Position::new(1), "bot".into(), draft)
        /// # }
        ///
        /// let body = r#"{"id":"7","application_id":"9","type":2,"token":"t","version":1,"guild_id":"11","channel_id":"22",
        ///     "member":{"user":{"id":"33","username":"eve"},"roles":[]},
        ///     "data":{"id":"5","name":"sing","type":1,"options":[{"name":"song","type":3,"value":"Miserere"}]}}"#;
        /// let interaction = InteractionCreate::decode(&event("discord.INTERACTION_CREATE", body))?;
        /// assert_eq!(interaction.author().map(|user| &*user.name), Some("eve"));
        /// let Some(InteractionData::ApplicationCommand(command)) = &interaction.data else {
        ///     panic!("a command");
        /// };
        /// assert_eq!(command.options[0].value, CommandOptionValue::String("Miserere".into()));
        /// # Ok::<(), antiphon_core::DecodeError>(())
        /// ```
        lasting "INTERACTION_CREATE" as "on_interaction_create": "a user used a command, a button, a menu or a form of the bot"
            => InteractionCreate(Interaction), view::Interaction<'a>, place: Channel, origin: Id("interaction");
        /// Needs the intent `GUILD_INVITES` and the permission `MANAGE_CHANNELS`.
        lasting "INVITE_CREATE" as "on_invite_create": "an invite was made"
            => InviteCreate(gateway::InviteCreate), view::Ids, place: Channel, origin: Sequence;
        /// Needs the intent `GUILD_INVITES` and the permission `MANAGE_CHANNELS`.
        lasting "INVITE_DELETE" as "on_invite_delete": "an invite was deleted"
            => InviteDelete(gateway::InviteDelete), view::Ids, place: Channel, origin: Sequence;
        /// Without the intent for message content its text, embeds, files and components are empty (protocol §7).
        ///
        /// Needs the intent `GUILD_MESSAGES`, and `DIRECT_MESSAGES` for direct messages.
        /// The bot's own messages come too, and those of webhooks and other bots: compare the author with
        /// [`Client::current_user_id`](crate::Client::current_user_id) before answering.
        /// `member` has no user inside, because the author is beside it, and is absent for webhooks.
        ///
        /// [Discord's page](https://discord.com/developers/docs/events/gateway-events#message-create)
        lasting "MESSAGE_CREATE" as "on_message": "a message was written"
            => MessageCreate(Message), view::Message<'a>, place: Channel, origin: Id("message");
        /// Discord documents a whole message; a partial one has stand-ins for fields that were not sent, which
        /// [`MessageUpdate::was_sent`] tells apart.
        ///
        /// Needs the intent `GUILD_MESSAGES`, and `DIRECT_MESSAGES` for direct messages.
        /// The message as it was is in `Before`, if the cache had it.
        lasting "MESSAGE_UPDATE" as "on_message_edit": "a message was edited, or an embed was added to it"
            => MessageUpdate(Message), view::Message<'a>, place: Channel, origin: Sequence;
        /// Needs the intent `GUILD_MESSAGES`, and `DIRECT_MESSAGES` for direct messages.
        /// The body has ids alone; the message is in `Before`, if the cache had it.
        /// It deletes the origin of its [`MessageCreate`], so that a journal can drop the text.
        lasting "MESSAGE_DELETE" as "on_message_delete": "a message was deleted"
            => MessageDelete(gateway::MessageDelete), view::Ids, place: Channel, origin: Deleted;
        /// Needs the intent `GUILD_MESSAGES`.
        /// The messages that the cache had are in `Before`, as a list.
        lasting "MESSAGE_DELETE_BULK": "several messages of a channel were deleted at once"
            => MessageDeleteBulk(gateway::MessageDeleteBulk), view::Ids, place: Channel, origin: Sequence;
        /// Needs the intent `GUILD_MESSAGE_REACTIONS`, and `DIRECT_MESSAGE_REACTIONS` for direct messages.
        /// An emoji has an id if it is a guild's own, and else its text is its name.
        ///
        /// ```
        /// use antiphon_core::Payload as _;
        /// use antiphon_discord::{Emoji, MessageReactionAdd};
        /// # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
        /// # fn event(kind: &'static str, body: &'static str) -> Event {
        /// #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
        /// #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
        /// #     Event::stored(Position::new(1), "bot".into(), draft)
        /// # }
        ///
        /// let body = r#"{"user_id":"33","channel_id":"22","message_id":"1","emoji":{"id":null,"name":"👍"},
        ///     "burst":false,"type":0}"#;
        /// let reaction = MessageReactionAdd::decode(&event("discord.MESSAGE_REACTION_ADD", body))?;
        /// assert_eq!(Emoji::from(&reaction.emoji), Emoji::Unicode("👍"));
        /// # Ok::<(), antiphon_core::DecodeError>(())
        /// ```
        lasting "MESSAGE_REACTION_ADD" as "on_reaction_add": "a user reacted to a message"
            => MessageReactionAdd(gateway::GatewayReaction), view::Reaction<'a>, place: Channel, origin: Sequence;
        /// Needs the same intents as [`MessageReactionAdd`]. Who removed it is not said.
        lasting "MESSAGE_REACTION_REMOVE" as "on_reaction_remove": "a user's reaction was removed"
            => MessageReactionRemove(gateway::GatewayReaction), view::Reaction<'a>, place: Channel, origin: Sequence;
        /// Needs the same intents as [`MessageReactionAdd`].
        lasting "MESSAGE_REACTION_REMOVE_ALL": "all reactions to a message were removed"
            => MessageReactionRemoveAll(gateway::ReactionRemoveAll), view::Reaction<'a>, place: Channel, origin: Sequence;
        /// Needs the same intents as [`MessageReactionAdd`].
        lasting "MESSAGE_REACTION_REMOVE_EMOJI": "all reactions with one emoji were removed from a message"
            => MessageReactionRemoveEmoji(gateway::ReactionRemoveEmoji), view::Reaction<'a>, place: Channel, origin: Sequence;
        /// Needs the intent `GUILD_MESSAGE_POLLS`, and `DIRECT_MESSAGE_POLLS` for direct messages.
        /// A poll with several answers sends one for each answer.
        lasting "MESSAGE_POLL_VOTE_ADD": "a user voted in a poll"
            => MessagePollVoteAdd(gateway::MessagePollVote), view::Ids, place: Channel, origin: Sequence;
        /// Needs the same intents as [`MessagePollVoteAdd`].
        lasting "MESSAGE_POLL_VOTE_REMOVE": "a user took back a vote in a poll"
            => MessagePollVoteRemove(gateway::MessagePollVote), view::Ids, place: Channel, origin: Sequence;
        /// Of the user only the id is certain, and Discord checks no field: a status that is missing or unknown is replaced by
        /// the status of the most active client, and [`PresenceUpdate::guild`] is absent if none was sent.
        ///
        /// Needs the privileged intent `GUILD_PRESENCES`.
        /// A user who shares several guilds with the bot sends one for each.
        ///
        /// [Discord's page](https://discord.com/developers/docs/events/gateway-events#presence-update)
        momentary "PRESENCE_UPDATE" as "on_presence_update": "a user's status or activities changed"
            => PresenceUpdate(Presence), view::Presence<'a>, place: Guild, origin: Sequence;
        /// Needs the intent `GUILDS`.
        lasting "STAGE_INSTANCE_CREATE": "a stage was opened"
            => StageInstanceCreate(StageInstance), view::Ids, place: Channel, origin: Sequence;
        /// Needs the intent `GUILDS`.
        lasting "STAGE_INSTANCE_UPDATE": "a stage was changed"
            => StageInstanceUpdate(StageInstance), view::Ids, place: Channel, origin: Sequence;
        /// Needs the intent `GUILDS`.
        lasting "STAGE_INSTANCE_DELETE": "a stage was closed"
            => StageInstanceDelete(StageInstance), view::Ids, place: Channel, origin: Sequence;
        /// No intent governs it; it comes to shard 0.
        ///
        /// [Discord's page](https://discord.com/developers/docs/resources/subscription)
        lasting "SUBSCRIPTION_CREATE": "a user subscribed"
            => SubscriptionCreate(Subscription), view::Ids, place: Channel, origin: Sequence;
        /// No intent governs it; it comes to shard 0.
        lasting "SUBSCRIPTION_UPDATE": "a subscription was changed"
            => SubscriptionUpdate(Subscription), view::Ids, place: Channel, origin: Sequence;
        /// No intent governs it; it comes to shard 0.
        lasting "SUBSCRIPTION_DELETE": "a subscription ended"
            => SubscriptionDelete(Subscription), view::Ids, place: Channel, origin: Sequence;
        /// `timestamp` is in seconds since 1970.
        ///
        /// Needs the intent `GUILD_MESSAGE_TYPING`, and `DIRECT_MESSAGE_TYPING` for direct messages.
        /// It lasts ten seconds, or until the user posts; the end sends no event.
        momentary "TYPING_START" as "on_typing_start": "a user began to type"
            => TypingStart(gateway::TypingStart), view::Typing, place: Channel, origin: Sequence;
        /// No intent governs it.
        lasting "USER_UPDATE": "the bot's own account was changed"
            => UserUpdate(User), view::Ids, place: UserId, origin: Sequence;
        /// Needs the intent `GUILD_VOICE_STATES`, and the bot in the channel.
        momentary "VOICE_CHANNEL_EFFECT_SEND": "a user played a sound or an emoji in a voice channel"
            => VoiceChannelEffectSend(gateway::VoiceChannelEffectSend), view::Ids, place: Channel, origin: Sequence;
        /// Needs the intent `GUILDS`. Without a time the channel is empty again.
        lasting "VOICE_CHANNEL_START_TIME_UPDATE": "the voice session of a channel began or ended"
            => VoiceChannelStartTimeUpdate(gateway::VoiceChannelStartTimeUpdate), view::Ids, place: ChannelId, origin: Sequence;
        /// Needs the intent `GUILDS`. Without a status the text was removed.
        lasting "VOICE_CHANNEL_STATUS_UPDATE": "a voice channel's status text was changed"
            => VoiceChannelStatusUpdate(gateway::VoiceChannelStatusUpdate), view::Ids, place: ChannelId, origin: Sequence;
        /// Needs the intent `GUILD_VOICE_STATES`.
        /// Without a channel the user left; the state before is in `Before`, if the cache had it.
        ///
        /// ```
        /// use antiphon_core::Payload as _;
        /// use antiphon_discord::VoiceStateUpdate;
        /// # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
        /// # fn event(kind: &'static str, body: &'static str) -> Event {
        /// #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
        /// #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
        /// #     Event::stored(Position::new(1), "bot".into(), draft)
        /// # }
        ///
        /// let body = r#"{"guild_id":"11","channel_id":null,"user_id":"33","session_id":"vs1","self_mute":true}"#;
        /// let state = VoiceStateUpdate::decode(&event("discord.VOICE_STATE_UPDATE", body))?;
        /// assert!(state.channel_id.is_none() && state.self_mute, "the user left, still muted");
        /// # Ok::<(), antiphon_core::DecodeError>(())
        /// ```
        lasting "VOICE_STATE_UPDATE" as "on_voice_state_update": "a user joined, left or moved between voice channels, or was muted"
            => VoiceStateUpdate(VoiceState), view::Voice<'a>, place: Guild, origin: Sequence;
        /// An absent endpoint says that another event with one follows (protocol §12).
        ///
        /// No intent governs it, but a join needs `GUILD_VOICE_STATES` for the other half of the answer.
        momentary "VOICE_SERVER_UPDATE": "a guild's voice server; it carries a token, so it is kept briefly"
            => VoiceServerUpdate(gateway::VoiceServerUpdate), view::Ids, place: Guild, origin: Sequence;
        /// Needs the intent `GUILD_WEBHOOKS`. It does not name the webhook.
        lasting "WEBHOOKS_UPDATE": "a channel's webhooks were changed"
            => WebhooksUpdate(gateway::WebhooksUpdate), view::Ids, place: Channel, origin: Sequence;
    }
}
