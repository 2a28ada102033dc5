//! The payloads: each holds an object of the model, what had to be repaired in it, and the event's own bytes.

use std::{fmt, ops::Deref};

use antiphon_core::{DecodeError, Event, Payload};
use antiphon_discord_model::{
    Activity, ActivityType, AuditLogEntry, AutoModerationRule, Channel, Entitlement, Guild,
    GuildCommandPermissions, Integration, Interaction, Message, Presence, Raw, Repairs,
    ScheduledEvent, SoundboardSound, StageInstance, Subscription, User, VoiceState, gateway,
    id::{Id, marker::GuildMarker},
};

use crate::view;

/// Makes a payload of each kind: what it holds, and how it is viewed.
macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident($held:ty) = $kind:literal, $view:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq)]
        pub struct $name {
            object: $held,
            repairs: Repairs,
            raw: Raw,
        }

        impl $name {
            /// The object alone.
            pub fn into_inner(self) -> $held {
                self.object
            }

            /// What could not be taken as it was sent, each with its path and the reason; as a rule nothing.
            pub fn repairs(&self) -> &Repairs {
                &self.repairs
            }

            /// The event as it was sent, for what the object does not have; its bytes are shared.
            pub fn raw(&self) -> &Raw {
                &self.raw
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.object).finish()
            }
        }

        impl Deref for $name {
            type Target = $held;

            fn deref(&self) -> &$held {
                &self.object
            }
        }

        impl From<$name> for $held {
            fn from(payload: $name) -> Self {
                payload.object
            }
        }

        impl Payload for $name {
            const KINDS: &'static [&'static str] = &[concat!("discord.", $kind)];
            type View<'a> = payloads!(@view $view 'a);

            fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
                view::$view::of(event)
            }

            fn decode(event: &Event) -> Result<Self, DecodeError> {
                let read = super::read_and_tell(event);
                let (object, repairs) = read.map_err(|error| event.undecodable::<Self>(error))?;
                let raw = Raw::new(event.body().clone());
                Ok(Self { object, repairs, raw })
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
}

payloads! {
    /// A session began (`READY`, protocol §3.1).
    ///
    /// Its guilds follow as [`GuildCreate`]s.
    Ready(gateway::Ready) = "READY", Ids;
    /// Who may use a command was changed (`APPLICATION_COMMAND_PERMISSIONS_UPDATE`).
    ApplicationCommandPermissionsUpdate(GuildCommandPermissions) = "APPLICATION_COMMAND_PERMISSIONS_UPDATE", Ids;
    /// A rule of automatic moderation was made (`AUTO_MODERATION_RULE_CREATE`).
    AutoModerationRuleCreate(AutoModerationRule) = "AUTO_MODERATION_RULE_CREATE", Ids;
    /// A rule of automatic moderation was changed (`AUTO_MODERATION_RULE_UPDATE`).
    AutoModerationRuleUpdate(AutoModerationRule) = "AUTO_MODERATION_RULE_UPDATE", Ids;
    /// A rule of automatic moderation was deleted (`AUTO_MODERATION_RULE_DELETE`).
    AutoModerationRuleDelete(AutoModerationRule) = "AUTO_MODERATION_RULE_DELETE", Ids;
    /// Automatic moderation acted (`AUTO_MODERATION_ACTION_EXECUTION`).
    AutoModerationActionExecution(gateway::AutoModerationActionExecution) = "AUTO_MODERATION_ACTION_EXECUTION", Ids;
    /// A channel was made (`CHANNEL_CREATE`).
    ChannelCreate(Channel) = "CHANNEL_CREATE", Channel;
    /// A channel's settings were changed (`CHANNEL_UPDATE`, the reference's `on_channel_update`).
    ///
    /// It is not sent for a new last message.
    ChannelUpdate(Channel) = "CHANNEL_UPDATE", Channel;
    /// A channel was deleted (`CHANNEL_DELETE`).
    ChannelDelete(Channel) = "CHANNEL_DELETE", Channel;
    /// A message was pinned or unpinned (`CHANNEL_PINS_UPDATE`).
    ChannelPinsUpdate(gateway::ChannelPinsUpdate) = "CHANNEL_PINS_UPDATE", Ids;
    /// A thread was made, or the bot was added to one (`THREAD_CREATE`).
    ThreadCreate(Channel) = "THREAD_CREATE", Channel;
    /// A thread's settings were changed (`THREAD_UPDATE`).
    ThreadUpdate(Channel) = "THREAD_UPDATE", Channel;
    /// A thread was deleted (`THREAD_DELETE`).
    ThreadDelete(gateway::ThreadDelete) = "THREAD_DELETE", Channel;
    /// The bot may see a channel now, and these are its threads (`THREAD_LIST_SYNC`).
    ThreadListSync(gateway::ThreadListSync) = "THREAD_LIST_SYNC", Ids;
    /// The bot's own membership in a thread changed (`THREAD_MEMBER_UPDATE`).
    ThreadMemberUpdate(gateway::ThreadMemberUpdate) = "THREAD_MEMBER_UPDATE", Ids;
    /// Users joined or left a thread (`THREAD_MEMBERS_UPDATE`).
    ThreadMembersUpdate(gateway::ThreadMembersUpdate) = "THREAD_MEMBERS_UPDATE", Ids;
    /// Someone may use something paid for (`ENTITLEMENT_CREATE`).
    EntitlementCreate(Entitlement) = "ENTITLEMENT_CREATE", Ids;
    /// An entitlement was changed, as when its subscription ends (`ENTITLEMENT_UPDATE`).
    EntitlementUpdate(Entitlement) = "ENTITLEMENT_UPDATE", Ids;
    /// An entitlement was taken away (`ENTITLEMENT_DELETE`).
    EntitlementDelete(Entitlement) = "ENTITLEMENT_DELETE", Ids;
    /// A guild was changed (`GUILD_UPDATE`).
    GuildUpdate(Guild) = "GUILD_UPDATE", Guild;
    /// Something was noted in a guild's audit log (`GUILD_AUDIT_LOG_ENTRY_CREATE`).
    GuildAuditLogEntryCreate(AuditLogEntry) = "GUILD_AUDIT_LOG_ENTRY_CREATE", Ids;
    /// A user was banned (`GUILD_BAN_ADD`, the reference's `on_guild_ban_add`).
    GuildBanAdd(gateway::BanAdd) = "GUILD_BAN_ADD", Member;
    /// A user's ban was lifted (`GUILD_BAN_REMOVE`, the reference's `on_guild_ban_remove`).
    GuildBanRemove(gateway::BanRemove) = "GUILD_BAN_REMOVE", Member;
    /// A guild's emojis were changed; these are all of them (`GUILD_EMOJIS_UPDATE`).
    GuildEmojisUpdate(gateway::GuildEmojisUpdate) = "GUILD_EMOJIS_UPDATE", Ids;
    /// A guild's stickers were changed; these are all of them (`GUILD_STICKERS_UPDATE`).
    GuildStickersUpdate(gateway::GuildStickersUpdate) = "GUILD_STICKERS_UPDATE", Ids;
    /// A guild's integrations were changed (`GUILD_INTEGRATIONS_UPDATE`).
    GuildIntegrationsUpdate(gateway::GuildIntegrationsUpdate) = "GUILD_INTEGRATIONS_UPDATE", Ids;
    /// A user joined a guild (`GUILD_MEMBER_ADD`, the reference's `on_guild_member_add`).
    ///
    /// It may come again for one who is a member already.
    GuildMemberAdd(gateway::MemberAdd) = "GUILD_MEMBER_ADD", Member;
    /// A member left, or was removed (`GUILD_MEMBER_REMOVE`, the reference's `on_guild_member_remove`).
    GuildMemberRemove(gateway::MemberRemove) = "GUILD_MEMBER_REMOVE", Member;
    /// A member was changed (`GUILD_MEMBER_UPDATE`).
    GuildMemberUpdate(gateway::MemberUpdate) = "GUILD_MEMBER_UPDATE", Member;
    /// Some of the members that were asked for (`GUILD_MEMBERS_CHUNK`, protocol §8).
    GuildMembersChunk(gateway::MemberChunk) = "GUILD_MEMBERS_CHUNK", Ids;
    /// A guild got a role (`GUILD_ROLE_CREATE`).
    GuildRoleCreate(gateway::RoleCreate) = "GUILD_ROLE_CREATE", Role;
    /// A guild's role was changed (`GUILD_ROLE_UPDATE`, the reference's `on_guild_role_update`).
    GuildRoleUpdate(gateway::RoleUpdate) = "GUILD_ROLE_UPDATE", Role;
    /// A guild's role was deleted (`GUILD_ROLE_DELETE`).
    GuildRoleDelete(gateway::RoleDelete) = "GUILD_ROLE_DELETE", Role;
    /// An event was scheduled (`GUILD_SCHEDULED_EVENT_CREATE`).
    GuildScheduledEventCreate(ScheduledEvent) = "GUILD_SCHEDULED_EVENT_CREATE", Ids;
    /// A scheduled event was changed (`GUILD_SCHEDULED_EVENT_UPDATE`).
    GuildScheduledEventUpdate(ScheduledEvent) = "GUILD_SCHEDULED_EVENT_UPDATE", Ids;
    /// A scheduled event was called off (`GUILD_SCHEDULED_EVENT_DELETE`).
    GuildScheduledEventDelete(ScheduledEvent) = "GUILD_SCHEDULED_EVENT_DELETE", Ids;
    /// A user wants to come to a scheduled event (`GUILD_SCHEDULED_EVENT_USER_ADD`).
    GuildScheduledEventUserAdd(gateway::GuildScheduledEventUserAdd) = "GUILD_SCHEDULED_EVENT_USER_ADD", Ids;
    /// A user does not want to come to a scheduled event any more (`GUILD_SCHEDULED_EVENT_USER_REMOVE`).
    GuildScheduledEventUserRemove(gateway::GuildScheduledEventUserRemove) = "GUILD_SCHEDULED_EVENT_USER_REMOVE", Ids;
    /// A guild got an integration (`INTEGRATION_CREATE`).
    IntegrationCreate(Integration) = "INTEGRATION_CREATE", Ids;
    /// A guild's integration was changed (`INTEGRATION_UPDATE`).
    IntegrationUpdate(Integration) = "INTEGRATION_UPDATE", Ids;
    /// A guild's integration was removed (`INTEGRATION_DELETE`).
    IntegrationDelete(gateway::IntegrationDelete) = "INTEGRATION_DELETE", Ids;
    /// Someone used a command, a button, a menu or a form of the bot's (`INTERACTION_CREATE`).
    ///
    /// It must be answered within three seconds; its token is good for fifteen minutes.
    InteractionCreate(Interaction) = "INTERACTION_CREATE", Interaction;
    /// An invite was made (`INVITE_CREATE`).
    InviteCreate(gateway::InviteCreate) = "INVITE_CREATE", Ids;
    /// An invite was deleted (`INVITE_DELETE`).
    InviteDelete(gateway::InviteDelete) = "INVITE_DELETE", Ids;
    /// A message was written (`MESSAGE_CREATE`).
    ///
    /// Without the intent for message content its text, embeds, files and components are empty (protocol §7).
    MessageCreate(Message) = "MESSAGE_CREATE", Message;
    /// A message was deleted (`MESSAGE_DELETE`).
    MessageDelete(gateway::MessageDelete) = "MESSAGE_DELETE", Ids;
    /// Several messages of a channel were deleted at once (`MESSAGE_DELETE_BULK`).
    MessageDeleteBulk(gateway::MessageDeleteBulk) = "MESSAGE_DELETE_BULK", Ids;
    /// A user reacted to a message (`MESSAGE_REACTION_ADD`).
    MessageReactionAdd(gateway::GatewayReaction) = "MESSAGE_REACTION_ADD", Reaction;
    /// A reaction was taken back (`MESSAGE_REACTION_REMOVE`).
    MessageReactionRemove(gateway::GatewayReaction) = "MESSAGE_REACTION_REMOVE", Reaction;
    /// All reactions to a message were removed (`MESSAGE_REACTION_REMOVE_ALL`).
    MessageReactionRemoveAll(gateway::ReactionRemoveAll) = "MESSAGE_REACTION_REMOVE_ALL", Reaction;
    /// All reactions with one emoji were removed from a message (`MESSAGE_REACTION_REMOVE_EMOJI`).
    MessageReactionRemoveEmoji(gateway::ReactionRemoveEmoji) = "MESSAGE_REACTION_REMOVE_EMOJI", Reaction;
    /// A user's status or activities changed (`PRESENCE_UPDATE`, the reference's `on_presence_update`).
    ///
    /// Of the user only the id is certain, and no field is checked by Discord: a status that is missing or not known
    /// is the busiest of the user's clients, and [`PresenceUpdate::guild`] is absent if none was sent.
    PresenceUpdate(Presence) = "PRESENCE_UPDATE", Presence;
    /// A stage was opened (`STAGE_INSTANCE_CREATE`).
    StageInstanceCreate(StageInstance) = "STAGE_INSTANCE_CREATE", Ids;
    /// A stage was changed (`STAGE_INSTANCE_UPDATE`).
    StageInstanceUpdate(StageInstance) = "STAGE_INSTANCE_UPDATE", Ids;
    /// A stage was closed (`STAGE_INSTANCE_DELETE`).
    StageInstanceDelete(StageInstance) = "STAGE_INSTANCE_DELETE", Ids;
    /// Someone subscribed (`SUBSCRIPTION_CREATE`).
    SubscriptionCreate(Subscription) = "SUBSCRIPTION_CREATE", Ids;
    /// A subscription was changed (`SUBSCRIPTION_UPDATE`).
    SubscriptionUpdate(Subscription) = "SUBSCRIPTION_UPDATE", Ids;
    /// A subscription ended (`SUBSCRIPTION_DELETE`).
    SubscriptionDelete(Subscription) = "SUBSCRIPTION_DELETE", Ids;
    /// A user began to type (`TYPING_START`, the reference's `on_typing_start`).
    ///
    /// `timestamp` is in seconds since 1970.
    TypingStart(gateway::TypingStart) = "TYPING_START", Typing;
    /// The bot's own account was changed (`USER_UPDATE`).
    UserUpdate(User) = "USER_UPDATE", Ids;
    /// A user joined, left or moved between voice channels, or was muted (`VOICE_STATE_UPDATE`, the reference's
    /// `on_voice_state_update`).
    VoiceStateUpdate(VoiceState) = "VOICE_STATE_UPDATE", Voice;
    /// Where a guild's voice is spoken (`VOICE_SERVER_UPDATE`, protocol §12).
    ///
    /// An absent endpoint says that another event with one will follow.
    VoiceServerUpdate(gateway::VoiceServerUpdate) = "VOICE_SERVER_UPDATE", Ids;
    /// A channel's webhooks were changed (`WEBHOOKS_UPDATE`).
    WebhooksUpdate(gateway::WebhooksUpdate) = "WEBHOOKS_UPDATE", Ids;
    /// A user voted in a poll (`MESSAGE_POLL_VOTE_ADD`).
    MessagePollVoteAdd(gateway::MessagePollVote) = "MESSAGE_POLL_VOTE_ADD", Ids;
    /// A user took back a vote in a poll (`MESSAGE_POLL_VOTE_REMOVE`).
    MessagePollVoteRemove(gateway::MessagePollVote) = "MESSAGE_POLL_VOTE_REMOVE", Ids;
    /// A command was not carried out, since too many like it were sent (`RATE_LIMITED`, protocol §8).
    RateLimited(gateway::RateLimited) = "RATE_LIMITED", Ids;
    /// Status and start of a guild's voice channels, as asked for (`CHANNEL_INFO`).
    ChannelInfo(gateway::ChannelInfo) = "CHANNEL_INFO", Ids;
    /// A guild got a sound (`GUILD_SOUNDBOARD_SOUND_CREATE`).
    GuildSoundboardSoundCreate(SoundboardSound) = "GUILD_SOUNDBOARD_SOUND_CREATE", Ids;
    /// A guild's sound was changed (`GUILD_SOUNDBOARD_SOUND_UPDATE`).
    GuildSoundboardSoundUpdate(SoundboardSound) = "GUILD_SOUNDBOARD_SOUND_UPDATE", Ids;
    /// A guild's sound was deleted (`GUILD_SOUNDBOARD_SOUND_DELETE`).
    GuildSoundboardSoundDelete(gateway::GuildSoundboardSoundDelete) = "GUILD_SOUNDBOARD_SOUND_DELETE", Ids;
    /// Several sounds of a guild were changed (`GUILD_SOUNDBOARD_SOUNDS_UPDATE`).
    GuildSoundboardSoundsUpdate(gateway::Sounds) = "GUILD_SOUNDBOARD_SOUNDS_UPDATE", Ids;
    /// All sounds of a guild, as asked for (`SOUNDBOARD_SOUNDS`).
    SoundboardSounds(gateway::Sounds) = "SOUNDBOARD_SOUNDS", Ids;
    /// Someone played a sound or an emoji in a voice channel (`VOICE_CHANNEL_EFFECT_SEND`).
    VoiceChannelEffectSend(gateway::VoiceChannelEffectSend) = "VOICE_CHANNEL_EFFECT_SEND", Ids;
    /// What a voice channel is about was changed (`VOICE_CHANNEL_STATUS_UPDATE`).
    VoiceChannelStatusUpdate(gateway::VoiceChannelStatusUpdate) = "VOICE_CHANNEL_STATUS_UPDATE", Ids;
    /// The voice session of a channel began or ended (`VOICE_CHANNEL_START_TIME_UPDATE`).
    VoiceChannelStartTimeUpdate(gateway::VoiceChannelStartTimeUpdate) = "VOICE_CHANNEL_START_TIME_UPDATE", Ids;
    /// A guild is there: the bot joined it, or it came back, or the session began (`GUILD_CREATE`).
    ///
    /// A guild in an outage comes as one that is not available, with its id alone.
    /// Without the intent for presences, or above 75,000 members, its members are the bot and those in voice.
    GuildCreate(gateway::GuildCreate) = "GUILD_CREATE", Guild;
    /// A guild is gone: the bot was removed from it, or it has an outage (`GUILD_DELETE`).
    GuildDelete(gateway::GuildDelete) = "GUILD_DELETE", Guild;
    /// A message was edited, or an embed was added to it (`MESSAGE_UPDATE`).
    ///
    /// Discord documents a whole message; fields that a partial one leaves out have stand-ins, which
    /// [`MessageUpdate::was_sent`] tells from what was sent.
    MessageUpdate(Message) = "MESSAGE_UPDATE", Message;
}

impl GuildCreate {
    /// The guild, if it is available.
    pub fn guild(&self) -> Option<&Guild> {
        match &self.object {
            gateway::GuildCreate::Available(guild) => Some(guild),
            gateway::GuildCreate::Unavailable(_) => None,
        }
    }
}

impl GuildDelete {
    /// Whether the bot was removed; if not, the guild has an outage and will come back.
    pub fn is_removal(&self) -> bool {
        self.object.unavailable != Some(true)
    }
}

/// Fields that every message has as Discord documents it.
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
    /// Whether fields that every message has were left out.
    pub fn is_partial(&self) -> bool {
        !OF_EVERY_MESSAGE.iter().all(|field| self.was_sent(field))
    }

    /// Whether the field was sent, by its name on the wire, such as `content`; one that is null was.
    pub fn was_sent(&self, field: &str) -> bool {
        self.raw.pointer(&format!("/{field}")).is_some()
    }
}

impl PresenceUpdate {
    /// In which guild, if one was sent.
    pub fn guild(&self) -> Option<Id<GuildMarker>> {
        self.object.guild_id
    }

    /// What the user does of one type: games are [`ActivityType::Playing`], streams with their `url`
    /// [`ActivityType::Streaming`].
    pub fn activities_of(&self, kind: ActivityType) -> impl Iterator<Item = &Activity> {
        let activities = self.object.activities.iter();
        activities.filter(move |activity| activity.kind == kind)
    }
}
