//! The payloads that hold an object of `twilight-model`'s.

use std::ops::Deref;

use antiphon_core::{DecodeError, Event, Payload};
use twilight_model::{
    application::{
        command::permissions::GuildCommandPermissions,
        interaction::Interaction,
        monetization::{Entitlement, Subscription},
    },
    channel::{Channel, Message, StageInstance},
    gateway::{
        GatewayReaction,
        payload::incoming,
        presence::{Activity, ActivityType, Presence},
    },
    guild::{
        Guild, GuildIntegration, PartialGuild, audit_log::AuditLogEntry,
        auto_moderation::AutoModerationRule, scheduled_event::GuildScheduledEvent,
    },
    id::{Id, marker::GuildMarker},
    user::CurrentUser,
    voice::VoiceState,
};

use super::{NO_GUILD, mend, shape, wire};
use crate::view;

/// Makes a payload of each kind: what it holds, how it is viewed, and the shape that a refused body is laid over.
macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident($held:ty) = $kind:literal, $view:ident, $shape:ident $(via $wire:ty)?;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name(pub $held);

        payloads!(@holds $name $held);

        impl Payload for $name {
            const KINDS: &'static [&'static str] = &[concat!("discord.", $kind)];
            type View<'a> = payloads!(@view $view 'a);

            fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
                view::$view::of(event)
            }

            fn decode(event: &Event) -> Result<Self, DecodeError> {
                payloads!(@read event $shape $held $(, $wire)?)
            }
        }
    )*};
    (@view Ids $life:lifetime) => {
        view::Ids
    };
    (@view Typing $life:lifetime) => {
        view::Typing
    };
    (@view $view:ident $life:lifetime) => {
        view::$view<$life>
    };
    (@read $event:ident $shape:ident $held:ty) => {
        mend::read($event, &shape::$shape).map(Self)
    };
    (@read $event:ident $shape:ident $held:ty, $wire:ty) => {
        mend::read::<$wire>($event, &shape::$shape).map(|wire| Self(wire.into()))
    };
    (@holds $name:ident $held:ty) => {
        impl Deref for $name {
            type Target = $held;

            fn deref(&self) -> &$held {
                &self.0
            }
        }

        impl From<$name> for $held {
            fn from(payload: $name) -> Self {
                payload.0
            }
        }
    };
}

payloads! {
    /// A session began (`READY`, protocol §3.1).
    ///
    /// Its guilds follow as [`GuildCreate`]s.
    Ready(incoming::Ready) = "READY", Ids, READY;
    /// Who may use a command was changed (`APPLICATION_COMMAND_PERMISSIONS_UPDATE`).
    ApplicationCommandPermissionsUpdate(GuildCommandPermissions) = "APPLICATION_COMMAND_PERMISSIONS_UPDATE", Ids, COMMAND_PERMISSIONS;
    /// A rule of automatic moderation was made (`AUTO_MODERATION_RULE_CREATE`).
    AutoModerationRuleCreate(AutoModerationRule) = "AUTO_MODERATION_RULE_CREATE", Ids, AUTO_MODERATION_RULE;
    /// A rule of automatic moderation was changed (`AUTO_MODERATION_RULE_UPDATE`).
    AutoModerationRuleUpdate(AutoModerationRule) = "AUTO_MODERATION_RULE_UPDATE", Ids, AUTO_MODERATION_RULE;
    /// A rule of automatic moderation was deleted (`AUTO_MODERATION_RULE_DELETE`).
    AutoModerationRuleDelete(AutoModerationRule) = "AUTO_MODERATION_RULE_DELETE", Ids, AUTO_MODERATION_RULE;
    /// Automatic moderation acted (`AUTO_MODERATION_ACTION_EXECUTION`).
    AutoModerationActionExecution(incoming::AutoModerationActionExecution) = "AUTO_MODERATION_ACTION_EXECUTION", Ids, AUTO_MODERATION_EXECUTION;
    /// A channel was made (`CHANNEL_CREATE`).
    ChannelCreate(Channel) = "CHANNEL_CREATE", Channel, CHANNEL;
    /// A channel's settings were changed (`CHANNEL_UPDATE`, the reference's `on_channel_update`).
    ///
    /// It is not sent for a new last message.
    ChannelUpdate(Channel) = "CHANNEL_UPDATE", Channel, CHANNEL;
    /// A channel was deleted (`CHANNEL_DELETE`).
    ChannelDelete(Channel) = "CHANNEL_DELETE", Channel, CHANNEL;
    /// A message was pinned or unpinned (`CHANNEL_PINS_UPDATE`).
    ChannelPinsUpdate(incoming::ChannelPinsUpdate) = "CHANNEL_PINS_UPDATE", Ids, PINS;
    /// A thread was made, or the bot was added to one (`THREAD_CREATE`).
    ThreadCreate(Channel) = "THREAD_CREATE", Channel, CHANNEL;
    /// A thread's settings were changed (`THREAD_UPDATE`).
    ThreadUpdate(Channel) = "THREAD_UPDATE", Channel, CHANNEL;
    /// A thread was deleted (`THREAD_DELETE`).
    ThreadDelete(incoming::ThreadDelete) = "THREAD_DELETE", Channel, THREAD_DELETE;
    /// The bot may see a channel now, and these are its threads (`THREAD_LIST_SYNC`).
    ThreadListSync(incoming::ThreadListSync) = "THREAD_LIST_SYNC", Ids, THREAD_LIST_SYNC;
    /// The bot's own membership in a thread changed (`THREAD_MEMBER_UPDATE`).
    ThreadMemberUpdate(incoming::ThreadMemberUpdate) = "THREAD_MEMBER_UPDATE", Ids, THREAD_MEMBER_UPDATE;
    /// Users joined or left a thread (`THREAD_MEMBERS_UPDATE`).
    ThreadMembersUpdate(incoming::ThreadMembersUpdate) = "THREAD_MEMBERS_UPDATE", Ids, THREAD_MEMBERS_UPDATE;
    /// Someone may use something paid for (`ENTITLEMENT_CREATE`).
    EntitlementCreate(Entitlement) = "ENTITLEMENT_CREATE", Ids, ENTITLEMENT;
    /// An entitlement was changed, as when its subscription ends (`ENTITLEMENT_UPDATE`).
    EntitlementUpdate(Entitlement) = "ENTITLEMENT_UPDATE", Ids, ENTITLEMENT;
    /// An entitlement was taken away (`ENTITLEMENT_DELETE`).
    EntitlementDelete(Entitlement) = "ENTITLEMENT_DELETE", Ids, ENTITLEMENT;
    /// A guild was changed (`GUILD_UPDATE`).
    GuildUpdate(PartialGuild) = "GUILD_UPDATE", Guild, GUILD_UPDATE;
    /// Something was noted in a guild's audit log (`GUILD_AUDIT_LOG_ENTRY_CREATE`).
    GuildAuditLogEntryCreate(AuditLogEntry) = "GUILD_AUDIT_LOG_ENTRY_CREATE", Ids, AUDIT_LOG_ENTRY;
    /// A user was banned (`GUILD_BAN_ADD`, the reference's `on_guild_ban_add`).
    GuildBanAdd(incoming::BanAdd) = "GUILD_BAN_ADD", Member, OF_USER;
    /// A user's ban was lifted (`GUILD_BAN_REMOVE`, the reference's `on_guild_ban_remove`).
    GuildBanRemove(incoming::BanRemove) = "GUILD_BAN_REMOVE", Member, OF_USER;
    /// A guild's emojis were changed; these are all of them (`GUILD_EMOJIS_UPDATE`).
    GuildEmojisUpdate(incoming::GuildEmojisUpdate) = "GUILD_EMOJIS_UPDATE", Ids, EMOJIS;
    /// A guild's stickers were changed; these are all of them (`GUILD_STICKERS_UPDATE`).
    GuildStickersUpdate(incoming::GuildStickersUpdate) = "GUILD_STICKERS_UPDATE", Ids, STICKERS;
    /// A guild's integrations were changed (`GUILD_INTEGRATIONS_UPDATE`).
    GuildIntegrationsUpdate(incoming::GuildIntegrationsUpdate) = "GUILD_INTEGRATIONS_UPDATE", Ids, OF_GUILD;
    /// A user joined a guild (`GUILD_MEMBER_ADD`, the reference's `on_guild_member_add`).
    ///
    /// It may come again for one who is a member already.
    GuildMemberAdd(incoming::MemberAdd) = "GUILD_MEMBER_ADD", Member, MEMBER_ADD via wire::MemberAdd;
    /// A member left, or was removed (`GUILD_MEMBER_REMOVE`, the reference's `on_guild_member_remove`).
    GuildMemberRemove(incoming::MemberRemove) = "GUILD_MEMBER_REMOVE", Member, OF_USER;
    /// A member was changed (`GUILD_MEMBER_UPDATE`).
    GuildMemberUpdate(incoming::MemberUpdate) = "GUILD_MEMBER_UPDATE", Member, MEMBER_UPDATE;
    /// Some of the members that were asked for (`GUILD_MEMBERS_CHUNK`, protocol §8).
    GuildMembersChunk(incoming::MemberChunk) = "GUILD_MEMBERS_CHUNK", Ids, MEMBER_CHUNK;
    /// A guild got a role (`GUILD_ROLE_CREATE`).
    GuildRoleCreate(incoming::RoleCreate) = "GUILD_ROLE_CREATE", Role, ROLE_SET;
    /// A guild's role was changed (`GUILD_ROLE_UPDATE`, the reference's `on_guild_role_update`).
    GuildRoleUpdate(incoming::RoleUpdate) = "GUILD_ROLE_UPDATE", Role, ROLE_SET;
    /// A guild's role was deleted (`GUILD_ROLE_DELETE`).
    GuildRoleDelete(incoming::RoleDelete) = "GUILD_ROLE_DELETE", Role, ROLE_DELETE;
    /// An event was scheduled (`GUILD_SCHEDULED_EVENT_CREATE`).
    GuildScheduledEventCreate(GuildScheduledEvent) = "GUILD_SCHEDULED_EVENT_CREATE", Ids, SCHEDULED_EVENT;
    /// A scheduled event was changed (`GUILD_SCHEDULED_EVENT_UPDATE`).
    GuildScheduledEventUpdate(GuildScheduledEvent) = "GUILD_SCHEDULED_EVENT_UPDATE", Ids, SCHEDULED_EVENT;
    /// A scheduled event was called off (`GUILD_SCHEDULED_EVENT_DELETE`).
    GuildScheduledEventDelete(GuildScheduledEvent) = "GUILD_SCHEDULED_EVENT_DELETE", Ids, SCHEDULED_EVENT;
    /// A user wants to come to a scheduled event (`GUILD_SCHEDULED_EVENT_USER_ADD`).
    GuildScheduledEventUserAdd(incoming::GuildScheduledEventUserAdd) = "GUILD_SCHEDULED_EVENT_USER_ADD", Ids, SCHEDULED_EVENT_USER;
    /// A user does not want to come to a scheduled event any more (`GUILD_SCHEDULED_EVENT_USER_REMOVE`).
    GuildScheduledEventUserRemove(incoming::GuildScheduledEventUserRemove) = "GUILD_SCHEDULED_EVENT_USER_REMOVE", Ids, SCHEDULED_EVENT_USER;
    /// A guild got an integration (`INTEGRATION_CREATE`).
    IntegrationCreate(GuildIntegration) = "INTEGRATION_CREATE", Ids, INTEGRATION;
    /// A guild's integration was changed (`INTEGRATION_UPDATE`).
    IntegrationUpdate(GuildIntegration) = "INTEGRATION_UPDATE", Ids, INTEGRATION;
    /// A guild's integration was removed (`INTEGRATION_DELETE`).
    IntegrationDelete(incoming::IntegrationDelete) = "INTEGRATION_DELETE", Ids, INTEGRATION_DELETE;
    /// Someone used a command, a button, a menu or a form of the bot's (`INTERACTION_CREATE`).
    ///
    /// It must be answered within three seconds; its token is good for fifteen minutes.
    InteractionCreate(Interaction) = "INTERACTION_CREATE", Interaction, INTERACTION;
    /// An invite was made (`INVITE_CREATE`).
    InviteCreate(incoming::InviteCreate) = "INVITE_CREATE", Ids, INVITE_CREATE;
    /// An invite was deleted (`INVITE_DELETE`).
    InviteDelete(incoming::InviteDelete) = "INVITE_DELETE", Ids, INVITE_DELETE;
    /// A message was written (`MESSAGE_CREATE`).
    ///
    /// Without the intent for message content its text, embeds, files and components are empty (protocol §7).
    MessageCreate(incoming::MessageCreate) = "MESSAGE_CREATE", Message, MESSAGE via wire::MessageCreate;
    /// A message was deleted (`MESSAGE_DELETE`).
    MessageDelete(incoming::MessageDelete) = "MESSAGE_DELETE", Ids, MESSAGE_DELETE;
    /// Several messages of a channel were deleted at once (`MESSAGE_DELETE_BULK`).
    MessageDeleteBulk(incoming::MessageDeleteBulk) = "MESSAGE_DELETE_BULK", Ids, MESSAGE_DELETE_BULK;
    /// A user reacted to a message (`MESSAGE_REACTION_ADD`).
    MessageReactionAdd(GatewayReaction) = "MESSAGE_REACTION_ADD", Reaction, GATEWAY_REACTION;
    /// A reaction was taken back (`MESSAGE_REACTION_REMOVE`).
    MessageReactionRemove(GatewayReaction) = "MESSAGE_REACTION_REMOVE", Reaction, GATEWAY_REACTION;
    /// All reactions to a message were removed (`MESSAGE_REACTION_REMOVE_ALL`).
    MessageReactionRemoveAll(incoming::ReactionRemoveAll) = "MESSAGE_REACTION_REMOVE_ALL", Reaction, REACTIONS_GONE;
    /// All reactions with one emoji were removed from a message (`MESSAGE_REACTION_REMOVE_EMOJI`).
    MessageReactionRemoveEmoji(incoming::ReactionRemoveEmoji) = "MESSAGE_REACTION_REMOVE_EMOJI", Reaction, REACTION_GONE;
    /// A user's status or activities changed (`PRESENCE_UPDATE`, the reference's `on_presence_update`).
    ///
    /// Of the user only the id is certain, and no field is checked by Discord: a status that is missing or not known
    /// is the busiest of the user's clients, and [`PresenceUpdate::guild`] is absent if none was sent.
    PresenceUpdate(Presence) = "PRESENCE_UPDATE", Presence, PRESENCE via wire::PresenceUpdate;
    /// A stage was opened (`STAGE_INSTANCE_CREATE`).
    StageInstanceCreate(StageInstance) = "STAGE_INSTANCE_CREATE", Ids, STAGE;
    /// A stage was changed (`STAGE_INSTANCE_UPDATE`).
    StageInstanceUpdate(StageInstance) = "STAGE_INSTANCE_UPDATE", Ids, STAGE;
    /// A stage was closed (`STAGE_INSTANCE_DELETE`).
    StageInstanceDelete(StageInstance) = "STAGE_INSTANCE_DELETE", Ids, STAGE;
    /// Someone subscribed (`SUBSCRIPTION_CREATE`).
    SubscriptionCreate(Subscription) = "SUBSCRIPTION_CREATE", Ids, SUBSCRIPTION;
    /// A subscription was changed (`SUBSCRIPTION_UPDATE`).
    SubscriptionUpdate(Subscription) = "SUBSCRIPTION_UPDATE", Ids, SUBSCRIPTION;
    /// A subscription ended (`SUBSCRIPTION_DELETE`).
    SubscriptionDelete(Subscription) = "SUBSCRIPTION_DELETE", Ids, SUBSCRIPTION;
    /// A user began to type (`TYPING_START`, the reference's `on_typing_start`).
    ///
    /// `timestamp` is in seconds since 1970.
    TypingStart(incoming::TypingStart) = "TYPING_START", Typing, TYPING;
    /// The bot's own account was changed (`USER_UPDATE`).
    UserUpdate(CurrentUser) = "USER_UPDATE", Ids, CURRENT_USER;
    /// A user joined, left or moved between voice channels, or was muted (`VOICE_STATE_UPDATE`, the reference's
    /// `on_voice_state_update`).
    VoiceStateUpdate(VoiceState) = "VOICE_STATE_UPDATE", Voice, VOICE_STATE;
    /// Where a guild's voice is spoken (`VOICE_SERVER_UPDATE`, protocol §12).
    ///
    /// An absent endpoint says that another event with one will follow.
    VoiceServerUpdate(incoming::VoiceServerUpdate) = "VOICE_SERVER_UPDATE", Ids, VOICE_SERVER;
    /// A channel's webhooks were changed (`WEBHOOKS_UPDATE`).
    WebhooksUpdate(incoming::WebhooksUpdate) = "WEBHOOKS_UPDATE", Ids, WEBHOOKS;
    /// A user voted in a poll (`MESSAGE_POLL_VOTE_ADD`).
    MessagePollVoteAdd(incoming::MessagePollVoteAdd) = "MESSAGE_POLL_VOTE_ADD", Ids, POLL_VOTE;
    /// A user took back a vote in a poll (`MESSAGE_POLL_VOTE_REMOVE`).
    MessagePollVoteRemove(incoming::MessagePollVoteRemove) = "MESSAGE_POLL_VOTE_REMOVE", Ids, POLL_VOTE;
}

/// A guild is there: the bot joined it, or it came back, or the session began (`GUILD_CREATE`).
///
/// A guild in an outage comes as one that is not available, with its id alone.
/// Without the intent for presences, or above 75,000 members, its members are the bot and those in voice.
#[derive(Clone, Debug, PartialEq)]
pub struct GuildCreate(pub incoming::GuildCreate);

payloads!(@holds GuildCreate incoming::GuildCreate);

impl GuildCreate {
    /// The guild, if it is available.
    pub fn guild(&self) -> Option<&Guild> {
        match &self.0 {
            incoming::GuildCreate::Available(guild) => Some(guild),
            incoming::GuildCreate::Unavailable(_) => None,
        }
    }
}

impl Payload for GuildCreate {
    const KINDS: &'static [&'static str] = &["discord.GUILD_CREATE"];
    type View<'a> = view::Guild<'a>;

    fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
        view::Guild::of(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        match wire::GuildCreate::of(mend::object::<Guild>(event)?) {
            Ok(wire) => Ok(Self(wire.into())),
            Err(refusal) => mend::mended::<Guild>(event, &shape::GUILD, &refusal)
                .map(|(guild, _)| Self(incoming::GuildCreate::Available(guild))),
        }
    }
}

/// A guild is gone: the bot was removed from it, or it has an outage (`GUILD_DELETE`).
#[derive(Clone, Debug, PartialEq)]
pub struct GuildDelete(pub incoming::GuildDelete);

payloads!(@holds GuildDelete incoming::GuildDelete);

impl GuildDelete {
    /// Whether the bot was removed; if not, the guild has an outage and will come back.
    pub fn is_removal(&self) -> bool {
        self.0.unavailable != Some(true)
    }
}

impl Payload for GuildDelete {
    const KINDS: &'static [&'static str] = &["discord.GUILD_DELETE"];
    type View<'a> = view::Guild<'a>;

    fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
        view::Guild::of(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        mend::read(event, &shape::GUILD_DELETE).map(Self)
    }
}

/// A message was edited, or an embed was added to it (`MESSAGE_UPDATE`).
///
/// Discord documents a whole message; fields that a partial one leaves out have stand-ins, which
/// [`MessageUpdate::was_sent`] tells from what was sent.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MessageUpdate {
    /// The message as it is now.
    pub message: Message,
    left_out: Vec<&'static str>,
}

impl MessageUpdate {
    /// Whether fields that every message has were left out.
    pub fn is_partial(&self) -> bool {
        !self.left_out.is_empty()
    }

    /// Whether the field was sent, by its name on the wire, such as `content`; one that a message may lack counts as
    /// sent.
    pub fn was_sent(&self, field: &str) -> bool {
        !self.left_out.contains(&field)
    }
}

impl Deref for MessageUpdate {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

impl From<MessageUpdate> for Message {
    fn from(update: MessageUpdate) -> Self {
        update.message
    }
}

impl Payload for MessageUpdate {
    const KINDS: &'static [&'static str] = &["discord.MESSAGE_UPDATE"];
    type View<'a> = view::Message<'a>;

    fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
        view::Message::of(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let (message, left_out) = mend::read_partial(event, &shape::MESSAGE_UPDATE)?;
        Ok(Self { message, left_out })
    }
}

impl PresenceUpdate {
    /// In which guild, if one was sent.
    pub fn guild(&self) -> Option<Id<GuildMarker>> {
        Some(self.0.guild_id).filter(|guild| *guild != NO_GUILD)
    }

    /// What the user does of one type: games are [`ActivityType::Playing`], streams with their `url`
    /// [`ActivityType::Streaming`].
    pub fn activities_of(&self, kind: ActivityType) -> impl Iterator<Item = &Activity> {
        self.0
            .activities
            .iter()
            .filter(move |activity| activity.kind == kind)
    }
}
