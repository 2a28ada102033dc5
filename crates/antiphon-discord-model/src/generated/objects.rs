//! Written by tools/discord-model from discord-api-types 0.38.57; not to be edited by hand.

use std::collections::BTreeMap;

use antiphon_core::lenient::Json;
use jiff::Timestamp;

use super::{flags::*, numbers::*, words::*};
use crate::{component::Component, id::*, interaction::*, mention::Mention, values::*};

objects! {
/// A user's or a bot's account.
///
/// [Discord's page](https://discord.com/developers/docs/resources/user#user-object)
#[non_exhaustive]
User {
    "accent_color" => accent_color: Option<i64>,
    "avatar" => avatar: Option<ImageHash>,
    /// Deprecated by Discord.
    "avatar_decoration" => avatar_decoration: Option<ImageHash>,
    "avatar_decoration_data" => avatar_decoration_data: Option<Box<AvatarDecorationData>>,
    "banner" => banner: Option<ImageHash>,
    "bot" => bot: bool [Maybe],
    "collectibles" => collectibles: Option<Box<Collectibles>>,
    "discriminator" => discriminator: Discriminator,
    "email" => email: Option<String>,
    "flags" => flags: Option<UserFlags>,
    "global_name" => global_name: Option<String>,
    "id" => id: Id<UserMarker>,
    "locale" => locale: Option<String>,
    "mfa_enabled" => mfa_enabled: Option<bool>,
    "username" => name: String,
    "premium_type" => premium_type: Option<PremiumType>,
    "primary_guild" => primary_guild: Option<Box<PrimaryGuild>>,
    "public_flags" => public_flags: Option<UserFlags>,
    "system" => system: Option<bool>,
    "verified" => verified: Option<bool>,
}

/// A user of whom only the id is certain, as in a presence.
///
/// [Discord's page](https://discord.com/developers/docs/resources/user#user-object)
#[non_exhaustive]
PartialUser {
    "accent_color" => accent_color: Option<i64>,
    "avatar" => avatar: Option<ImageHash>,
    /// Deprecated by Discord.
    "avatar_decoration" => avatar_decoration: Option<ImageHash>,
    "avatar_decoration_data" => avatar_decoration_data: Option<Box<AvatarDecorationData>>,
    "banner" => banner: Option<ImageHash>,
    "bot" => bot: bool [Maybe],
    "collectibles" => collectibles: Option<Box<Collectibles>>,
    "discriminator" => discriminator: Option<Discriminator>,
    "email" => email: Option<String>,
    "flags" => flags: Option<UserFlags>,
    "global_name" => global_name: Option<String>,
    "id" => id: Id<UserMarker>,
    "locale" => locale: Option<String>,
    "mfa_enabled" => mfa_enabled: Option<bool>,
    "username" => name: Option<String>,
    "premium_type" => premium_type: Option<PremiumType>,
    "primary_guild" => primary_guild: Option<Box<PrimaryGuild>>,
    "public_flags" => public_flags: Option<UserFlags>,
    "system" => system: Option<bool>,
    "verified" => verified: Option<bool>,
}

/// What a user wears around the avatar.
///
/// [Discord's page](https://discord.com/developers/docs/resources/user#avatar-decoration-data-object)
#[non_exhaustive]
AvatarDecorationData {
    "asset" => asset: ImageHash,
    "sku_id" => sku_id: Option<Id<AvatarDecorationDataSkuMarker>>,
}

/// Things a user collected and shows.
///
/// [Discord's page](https://discord.com/developers/docs/resources/user#collectibles)
#[non_exhaustive]
Collectibles {
    "nameplate" => nameplate: Option<Nameplate>,
}

/// What is behind a user's name in lists.
///
/// [Discord's page](https://discord.com/developers/docs/resources/user#nameplate)
#[non_exhaustive]
Nameplate {
    "asset" => asset: ImageHash,
    "label" => label: String,
    "palette" => palette: NameplatePalette,
    "sku_id" => sku_id: Option<Id<SkuMarker>>,
}

/// The guild whose tag a user shows.
///
/// [Discord's page](https://discord.com/developers/docs/resources/user#user-object-user-primary-guild)
#[non_exhaustive]
PrimaryGuild {
    "badge" => badge: Option<ImageHash>,
    "identity_enabled" => identity_enabled: Option<bool>,
    "identity_guild_id" => identity_guild_id: Option<Id<GuildMarker>>,
    "tag" => tag: Option<String>,
}

/// A user as a member of a guild.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-member-object)
#[non_exhaustive]
Member {
    "avatar" => avatar: Option<ImageHash>,
    "avatar_decoration_data" => avatar_decoration_data: Option<Box<AvatarDecorationData>>,
    "banner" => banner: Option<ImageHash>,
    "collectibles" => collectibles: Option<Box<Collectibles>>,
    "communication_disabled_until" => communication_disabled_until: Option<Timestamp>,
    "deaf" => deaf: bool,
    "flags" => flags: MemberFlags,
    "joined_at" => joined_at: Option<Timestamp>,
    "mute" => mute: bool,
    "nick" => nick: Option<String>,
    "pending" => pending: bool [Maybe],
    /// Known from: Discord's `OpenAPI` description.
    "permissions" => permissions: Option<Permissions>,
    "premium_since" => premium_since: Option<Timestamp>,
    "roles" => roles: Vec<Id<RoleMarker>>,
    "user" => user: User,
}

/// A member as sent beside a message, a mention or an interaction: perhaps without the user, and with permissions in interactions.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-member-object)
#[non_exhaustive]
PartialMember {
    "avatar" => avatar: Option<ImageHash>,
    "avatar_decoration_data" => avatar_decoration_data: Option<Box<AvatarDecorationData>>,
    "banner" => banner: Option<ImageHash>,
    "collectibles" => collectibles: Option<Box<Collectibles>>,
    "communication_disabled_until" => communication_disabled_until: Option<Timestamp>,
    "deaf" => deaf: Option<bool>,
    "flags" => flags: Option<MemberFlags>,
    "joined_at" => joined_at: Option<Timestamp>,
    "mute" => mute: Option<bool>,
    "nick" => nick: Option<String>,
    "pending" => pending: Option<bool>,
    "permissions" => permissions: Option<Permissions>,
    "premium_since" => premium_since: Option<Timestamp>,
    "roles" => roles: Vec<Id<RoleMarker>>,
    "user" => user: Option<User>,
}

/// A user who may not join a guild.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#ban-object)
#[non_exhaustive]
Ban {
    "reason" => reason: Option<String>,
    "user" => user: User,
}

/// An account elsewhere that a user has linked.
///
/// [Discord's page](https://discord.com/developers/docs/resources/user#connection-object)
#[non_exhaustive]
Connection {
    "friend_sync" => friend_sync: bool,
    "id" => id: String,
    "integrations" => integrations: Option<Json>,
    "type" => kind: ConnectionService,
    "name" => name: String [Maybe],
    "revoked" => revoked: Option<bool>,
    "show_activity" => show_activity: bool,
    "two_way_link" => two_way_link: bool,
    "verified" => verified: bool,
    "visibility" => visibility: ConnectionVisibility,
}

/// A rule by which linked accounts get roles.
///
/// [Discord's page](https://discord.com/developers/docs/resources/application-role-connection-metadata#application-role-connection-metadata-object-application-role-connection-metadata-structure)
ApplicationRoleConnectionMetadata {
    /// 1 to 200 characters.
    "description" => description: String,
    "description_localizations" => description_localizations: Option<BTreeMap<String, Option<String>>>,
    "key" => key: String,
    "type" => kind: ApplicationRoleConnectionMetadataType,
    /// 1 to 100 characters.
    "name" => name: String,
    "name_localizations" => name_localizations: Option<BTreeMap<String, Option<String>>>,
}

/// A guild, as requests and `GUILD_CREATE` give it.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#guild-create)
#[non_exhaustive]
Guild {
    "afk_channel_id" => afk_channel_id: Option<Id<ChannelMarker>>,
    /// In seconds.
    "afk_timeout" => afk_timeout: i64,
    "application_id" => application_id: Option<Id<ApplicationMarker>>,
    "approximate_member_count" => approximate_member_count: Option<i64>,
    "approximate_presence_count" => approximate_presence_count: Option<i64>,
    "banner" => banner: Option<ImageHash>,
    "channels" => channels: Vec<Channel> [Maybe],
    "default_message_notifications" => default_message_notifications: DefaultMessageNotificationLevel,
    "description" => description: Option<String>,
    "discovery_splash" => discovery_splash: Option<ImageHash>,
    "emojis" => emojis: Vec<Emoji>,
    "explicit_content_filter" => explicit_content_filter: ExplicitContentFilter,
    "features" => features: Vec<GuildFeature>,
    "guild_scheduled_events" => guild_scheduled_events: Vec<ScheduledEvent> [Maybe],
    /// Known from: Discord's `OpenAPI` description.
    "home_header" => home_header: Option<ImageHash>,
    "hub_type" => hub_type: Option<HubType>,
    "icon" => icon: Option<ImageHash>,
    "icon_hash" => icon_hash: Option<ImageHash>,
    "id" => id: Id<GuildMarker>,
    "incidents_data" => incidents_data: Option<IncidentsData>,
    "joined_at" => joined_at: Option<Timestamp>,
    "large" => large: Option<bool>,
    "max_members" => max_members: Option<i64>,
    "max_presences" => max_presences: Option<i64>,
    "max_stage_video_channel_users" => max_stage_video_channel_users: Option<i64>,
    "max_video_channel_users" => max_video_channel_users: Option<i64>,
    "member_count" => member_count: Option<i64>,
    "members" => members: Vec<Member> [Maybe],
    "mfa_level" => mfa_level: MfaLevel,
    "name" => name: String,
    /// Known from: Discord's `OpenAPI` description.
    "nsfw" => nsfw: Option<bool>,
    "nsfw_level" => nsfw_level: NsfwLevel,
    "owner" => owner: Option<bool>,
    "owner_id" => owner_id: Option<Id<UserMarker>>,
    "permissions" => permissions: Option<Permissions>,
    "preferred_locale" => preferred_locale: Locale,
    "premium_progress_bar_enabled" => premium_progress_bar_enabled: bool,
    /// Known from: Discord's `OpenAPI` description.
    "premium_progress_bar_enabled_user_updated_at" => premium_progress_bar_enabled_user_updated_at: Option<Timestamp>,
    "premium_subscription_count" => premium_subscription_count: Option<i64>,
    "premium_tier" => premium_tier: PremiumTier,
    "presences" => presences: Vec<Presence> [Maybe],
    "public_updates_channel_id" => public_updates_channel_id: Option<Id<ChannelMarker>>,
    /// Deprecated by Discord.
    "region" => region: Option<String>,
    "roles" => roles: Vec<Role>,
    "rules_channel_id" => rules_channel_id: Option<Id<ChannelMarker>>,
    "safety_alerts_channel_id" => safety_alerts_channel_id: Option<Id<ChannelMarker>>,
    "soundboard_sounds" => soundboard_sounds: Vec<SoundboardSound> [Maybe],
    "splash" => splash: Option<ImageHash>,
    "stage_instances" => stage_instances: Vec<StageInstance> [Maybe],
    "stickers" => stickers: Vec<Sticker> [Maybe],
    "system_channel_flags" => system_channel_flags: SystemChannelFlags,
    "system_channel_id" => system_channel_id: Option<Id<ChannelMarker>>,
    "threads" => threads: Vec<Channel> [Maybe],
    "unavailable" => unavailable: Option<bool>,
    "vanity_url_code" => vanity_url_code: Option<String>,
    "verification_level" => verification_level: VerificationLevel,
    "voice_states" => voice_states: Vec<VoiceState> [Maybe],
    "welcome_screen" => welcome_screen: Option<WelcomeScreen>,
    "widget_channel_id" => widget_channel_id: Option<Id<ChannelMarker>>,
    "widget_enabled" => widget_enabled: Option<bool>,
}

/// A guild that is in an outage, or not yet sent.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#unavailable-guild-object)
#[non_exhaustive]
UnavailableGuild {
    "id" => id: Id<GuildMarker>,
    "unavailable" => unavailable: bool,
}

/// A guild as sent beside an application or a template.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-object-guild-structure)
#[non_exhaustive]
PartialGuild {
    "banner" => banner: Option<ImageHash>,
    "description" => description: Option<String>,
    "features" => features: Vec<GuildFeature> [Maybe],
    "icon" => icon: Option<ImageHash>,
    "id" => id: Id<GuildMarker>,
    "name" => name: String,
    "splash" => splash: Option<ImageHash>,
    "vanity_url_code" => vanity_url_code: Option<String>,
    "verification_level" => verification_level: Option<VerificationLevel>,
    "welcome_screen" => welcome_screen: Option<WelcomeScreen>,
}

/// The guild that an interaction came from.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-object-guild-structure)
#[non_exhaustive]
InteractionGuild {
    "features" => features: Vec<GuildFeature>,
    "id" => id: Id<GuildMarker>,
    "locale" => locale: Locale,
}

/// A guild as listed for one of its members.
#[non_exhaustive]
CurrentUserGuild {
    "approximate_member_count" => approximate_member_count: Option<i64>,
    "approximate_presence_count" => approximate_presence_count: Option<i64>,
    "banner" => banner: Option<ImageHash>,
    "features" => features: Vec<GuildFeature>,
    "icon" => icon: Option<ImageHash>,
    "id" => id: Id<GuildMarker>,
    "name" => name: String,
    "owner" => owner: bool,
    "permissions" => permissions: Permissions,
}

/// What everyone may see of a discoverable guild.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-preview-object)
#[non_exhaustive]
GuildPreview {
    "approximate_member_count" => approximate_member_count: i64,
    "approximate_presence_count" => approximate_presence_count: i64,
    "description" => description: Option<String>,
    "discovery_splash" => discovery_splash: Option<ImageHash>,
    "emojis" => emojis: Vec<Emoji>,
    "features" => features: Vec<GuildFeature>,
    /// Known from: Discord's `OpenAPI` description.
    "home_header" => home_header: Option<ImageHash>,
    "icon" => icon: Option<ImageHash>,
    "id" => id: Id<GuildMarker>,
    /// 2 to 100 characters.
    "name" => name: String,
    "splash" => splash: Option<ImageHash>,
    "stickers" => stickers: Vec<Sticker>,
}

/// What a guild has stopped for a while, such as invites.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#incidents-data-object)
#[non_exhaustive]
IncidentsData {
    "dm_spam_detected_at" => dm_spam_detected_at: Option<Timestamp>,
    "dms_disabled_until" => dms_disabled_until: Option<Timestamp>,
    "invites_disabled_until" => invites_disabled_until: Option<Timestamp>,
    "raid_detected_at" => raid_detected_at: Option<Timestamp>,
}

/// What new members see first.
#[non_exhaustive]
WelcomeScreen {
    "description" => description: Option<String>,
    "welcome_channels" => welcome_channels: Vec<WelcomeScreenChannel>,
}

/// A channel on the welcome screen.
WelcomeScreenChannel {
    "channel_id" => channel_id: Id<ChannelMarker>,
    "description" => description: String,
    "emoji_id" => emoji_id: Option<Id<EmojiMarker>>,
    "emoji_name" => emoji_name: Option<String>,
}

/// A guild's widget for other sites.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-widget-object)
#[non_exhaustive]
GuildWidget {
    "channels" => channels: Vec<GuildWidgetChannel>,
    "id" => id: Id<GuildMarker>,
    "instant_invite" => instant_invite: Option<String>,
    "members" => members: Vec<GuildWidgetMember>,
    "name" => name: String,
    "presence_count" => presence_count: i64,
}

/// A channel in a widget.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-widget-object-example-guild-widget)
#[non_exhaustive]
GuildWidgetChannel {
    "id" => id: Id<ChannelMarker>,
    "name" => name: String,
    "position" => position: i64,
}

/// Someone in a widget, under a made-up id.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-widget-object-example-guild-widget)
#[non_exhaustive]
GuildWidgetMember {
    "activity" => activity: Option<Json>,
    "avatar" => avatar: Option<ImageHash>,
    "avatar_url" => avatar_url: String,
    /// Known from: Discord's `OpenAPI` description.
    "channel_id" => channel_id: Option<Id<ChannelMarker>>,
    /// Known from: Discord's `OpenAPI` description.
    "deaf" => deaf: Option<bool>,
    "discriminator" => discriminator: Discriminator,
    "id" => id: String,
    /// Known from: Discord's `OpenAPI` description.
    "mute" => mute: Option<bool>,
    /// Known from: Discord's `OpenAPI` description.
    "self_deaf" => self_deaf: Option<bool>,
    /// Known from: Discord's `OpenAPI` description.
    "self_mute" => self_mute: Option<bool>,
    "status" => status: Status,
    /// Known from: Discord's `OpenAPI` description.
    "suppress" => suppress: Option<bool>,
    "username" => username: String,
}

/// Whether a guild has a widget.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-widget-object)
#[non_exhaustive]
GuildWidgetSettings {
    "channel_id" => channel_id: Option<Id<ChannelMarker>>,
    "enabled" => enabled: bool,
}

/// What someone must agree to before talking.
///
/// [Discord's page](https://github.com/discord/discord-api-docs/pull/2547)
#[non_exhaustive]
MembershipScreening {
    "description" => description: Option<String>,
    "form_fields" => form_fields: Vec<MembershipScreeningField>,
    "version" => version: String,
}

/// A question of the membership screening.
///
/// [Discord's page](https://github.com/discord/discord-api-docs/pull/2547)
#[non_exhaustive]
MembershipScreeningField {
    "field_type" => field_type: MembershipScreeningFieldType,
    "label" => label: String,
    "required" => required: bool,
    "values" => values: Vec<String> [Maybe],
}

/// What new members are asked.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-onboarding-object-guild-onboarding-structure)
#[non_exhaustive]
Onboarding {
    "default_channel_ids" => default_channel_ids: Vec<Id<ChannelMarker>>,
    "enabled" => enabled: bool,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "mode" => mode: OnboardingMode,
    "prompts" => prompts: Vec<OnboardingPrompt>,
}

/// A question to new members.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-onboarding-object-onboarding-prompt-structure)
#[non_exhaustive]
OnboardingPrompt {
    "id" => id: Id<OnboardingPromptMarker>,
    "in_onboarding" => in_onboarding: bool,
    "type" => kind: OnboardingPromptType,
    "options" => options: Vec<OnboardingPromptOption>,
    "required" => required: bool,
    "single_select" => single_select: bool,
    "title" => title: String,
}

/// An answer to such a question.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#guild-onboarding-object-prompt-option-structure)
#[non_exhaustive]
OnboardingPromptOption {
    "channel_ids" => channel_ids: Vec<Id<ChannelMarker>>,
    "description" => description: Option<String>,
    "emoji" => emoji: Option<PartialEmoji>,
    /// Known from: the form in requests.
    "emoji_animated" => emoji_animated: Option<bool>,
    /// Known from: the form in requests.
    "emoji_id" => emoji_id: Option<Id<EmojiMarker>>,
    /// Known from: the form in requests.
    "emoji_name" => emoji_name: Option<String>,
    "id" => id: Id<OnboardingPromptOptionMarker>,
    "role_ids" => role_ids: Vec<Id<RoleMarker>>,
    "title" => title: String,
}

/// A role of a guild.
///
/// [Discord's page](https://discord.com/developers/docs/topics/permissions#role-object)
#[non_exhaustive]
Role {
    /// Deprecated by Discord.
    "color" => color: i64,
    "colors" => colors: RoleColors,
    "flags" => flags: RoleFlags,
    "hoist" => hoist: bool,
    "icon" => icon: Option<ImageHash>,
    "id" => id: Id<RoleMarker>,
    "managed" => managed: bool,
    "mentionable" => mentionable: bool,
    "name" => name: String,
    "permissions" => permissions: Permissions,
    "position" => position: i64,
    "tags" => tags: Option<RoleTags>,
    "unicode_emoji" => unicode_emoji: Option<String>,
}

/// The colours of a role; two make a gradient, three are the holographic style.
///
/// [Discord's page](https://discord.com/developers/docs/topics/permissions#role-colors-object)
RoleColors {
    "primary_color" => primary_color: i64,
    "secondary_color" => secondary_color: Option<i64>,
    "tertiary_color" => tertiary_color: Option<i64>,
}

/// To whom a role belongs.
///
/// [Discord's page](https://discord.com/developers/docs/topics/permissions#role-object-role-tags-structure)
#[non_exhaustive]
RoleTags {
    "available_for_purchase" => available_for_purchase: Present,
    "bot_id" => bot_id: Option<Id<UserMarker>>,
    "guild_connections" => guild_connections: Present,
    "integration_id" => integration_id: Option<Id<IntegrationMarker>>,
    "premium_subscriber" => premium_subscriber: Present,
    "subscription_listing_id" => subscription_listing_id: Option<Id<RoleSubscriptionSkuMarker>>,
}

/// An integration of a guild, such as a bot's.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#integration-object)
#[non_exhaustive]
Integration {
    "account" => account: IntegrationAccount,
    "application" => application: Option<IntegrationApplication>,
    /// Known from: Discord's `OpenAPI` description.
    "application_id" => application_id: Option<Id<ApplicationMarker>>,
    "enable_emoticons" => enable_emoticons: Option<bool>,
    "enabled" => enabled: bool [Maybe],
    "expire_behavior" => expire_behavior: Option<IntegrationExpireBehavior>,
    "expire_grace_period" => expire_grace_period: Option<i64>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "id" => id: Id<IntegrationMarker> [Spare],
    "type" => kind: String,
    "name" => name: String [Maybe],
    "revoked" => revoked: Option<bool>,
    "role_id" => role_id: Option<Id<RoleMarker>>,
    "scopes" => scopes: Vec<OauthScope> [Maybe],
    "subscriber_count" => subscriber_count: Option<i64>,
    "synced_at" => synced_at: Option<Timestamp>,
    "syncing" => syncing: Option<bool>,
    "user" => user: Option<User>,
}

/// The account behind an integration.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#integration-account-object)
#[non_exhaustive]
IntegrationAccount {
    "id" => id: String,
    "name" => name: String [Maybe],
}

/// The application behind an integration.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#integration-application-object)
#[non_exhaustive]
IntegrationApplication {
    "bot" => bot: Option<User>,
    /// Known from: Discord's `OpenAPI` description.
    "cover_image" => cover_image: Option<ImageHash>,
    "description" => description: String,
    "icon" => icon: Option<ImageHash>,
    "id" => id: Id<ApplicationMarker>,
    /// Known from: Discord's `OpenAPI` description.
    "type" => kind: Option<i64>,
    "name" => name: String,
    /// Known from: Discord's `OpenAPI` description.
    "primary_sku_id" => primary_sku_id: Option<Id<OauthSkuMarker>>,
}

/// A template that guilds can be made from.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild-template#guild-template-object)
#[non_exhaustive]
Template {
    "code" => code: String,
    "created_at" => created_at: Timestamp,
    "creator" => creator: Option<User>,
    "creator_id" => creator_id: Option<Id<UserMarker>>,
    "description" => description: Option<String>,
    "is_dirty" => is_dirty: Option<bool>,
    "name" => name: String,
    "serialized_source_guild" => serialized_source_guild: Option<Json>,
    "source_guild_id" => source_guild_id: Option<Id<GuildMarker>>,
    "updated_at" => updated_at: Timestamp,
    "usage_count" => usage_count: i64,
}

/// A region that voice can be spoken in.
///
/// [Discord's page](https://discord.com/developers/docs/resources/voice#voice-region-object)
#[non_exhaustive]
VoiceRegion {
    "custom" => custom: bool,
    "deprecated" => deprecated: bool,
    "id" => id: String,
    "name" => name: String,
    "optimal" => optimal: bool,
}

/// In which voice channel a user is, and how.
///
/// [Discord's page](https://discord.com/developers/docs/resources/voice#voice-state-object)
#[non_exhaustive]
VoiceState {
    "channel_id" => channel_id: Option<Id<ChannelMarker>>,
    "deaf" => deaf: bool,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "member" => member: Option<Member>,
    "mute" => mute: bool,
    "request_to_speak_timestamp" => request_to_speak_timestamp: Option<Timestamp>,
    "self_deaf" => self_deaf: bool,
    "self_mute" => self_mute: bool,
    "self_stream" => self_stream: bool [Maybe],
    "self_video" => self_video: bool,
    "session_id" => session_id: String,
    "suppress" => suppress: bool,
    "user_id" => user_id: Id<UserMarker>,
}

/// A stage that is open.
///
/// [Discord's page](https://discord.com/developers/docs/resources/stage-instance#stage-instance-object)
#[non_exhaustive]
StageInstance {
    "channel_id" => channel_id: Id<ChannelMarker>,
    /// Deprecated by Discord.
    "discoverable_disabled" => discoverable_disabled: bool,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "guild_scheduled_event_id" => guild_scheduled_event_id: Option<Id<ScheduledEventMarker>>,
    "id" => id: Id<StageMarker>,
    "privacy_level" => privacy_level: StageInstancePrivacyLevel,
    /// 1 to 120 characters.
    "topic" => topic: String,
}

/// Something that a guild has scheduled.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-object-guild-scheduled-event-structure)
#[non_exhaustive]
ScheduledEvent {
    "channel_id" => channel_id: Option<Id<ChannelMarker>>,
    "creator" => creator: Option<User>,
    "creator_id" => creator_id: Option<Id<UserMarker>>,
    "description" => description: Option<String>,
    "entity_id" => entity_id: Option<Id<ScheduledEventEntityMarker>>,
    "entity_metadata" => entity_metadata: Option<ScheduledEventEntityMetadata>,
    "entity_type" => entity_type: ScheduledEventEntityType,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    /// Known from: Discord's `OpenAPI` description.
    "guild_scheduled_event_exceptions" => guild_scheduled_event_exceptions: Vec<Json> [Maybe],
    "id" => id: Id<ScheduledEventMarker>,
    "image" => image: Option<ImageHash>,
    "name" => name: String,
    "privacy_level" => privacy_level: ScheduledEventPrivacyLevel,
    "recurrence_rule" => recurrence_rule: Option<RecurrenceRule>,
    "scheduled_end_time" => scheduled_end_time: Option<Timestamp>,
    "scheduled_start_time" => scheduled_start_time: Timestamp,
    /// Known from: answers of requests.
    "sku_ids" => sku_ids: Vec<Id<SkuMarker>> [Maybe],
    "status" => status: ScheduledEventStatus,
    "user_count" => user_count: Option<i64>,
    /// Known from: Discord's `OpenAPI` description.
    "user_rsvp" => user_rsvp: Option<Json>,
}

/// Where a scheduled event takes place, if not in a channel.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-object-guild-scheduled-event-entity-metadata)
ScheduledEventEntityMetadata {
    "location" => location: Option<String>,
}

/// How often a scheduled event is repeated.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object-guild-scheduled-event-recurrence-rule-structure)
RecurrenceRule {
    "by_month" => by_month: Option<Vec<RecurrenceRuleMonth>>,
    "by_month_day" => by_month_day: Option<Vec<i64>>,
    /// 1 to 5.
    "by_n_weekday" => by_n_weekday: Option<Vec<RecurrenceRuleNWeekday>>,
    "by_weekday" => by_weekday: Option<Vec<RecurrenceRuleWeekday>>,
    /// 1 to 364.
    "by_year_day" => by_year_day: Option<Vec<i64>>,
    "count" => count: Option<i64>,
    "end" => end: Option<Timestamp>,
    "frequency" => frequency: RecurrenceRuleFrequency,
    "interval" => interval: i64,
    "start" => start: Timestamp,
}

/// A weekday of a certain week of the month.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object-guild-scheduled-event-recurrence-rule-nweekday-structure)
RecurrenceRuleNWeekday {
    "day" => day: RecurrenceRuleWeekday,
    "n" => n: i64,
}

/// Someone who wants to come to a scheduled event.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-user-object-guild-scheduled-event-user-structure)
#[non_exhaustive]
ScheduledEventUser {
    /// Known from: Discord's `OpenAPI` description.
    "guild_scheduled_event_exception_id" => guild_scheduled_event_exception_id: Option<Id<GenericMarker>>,
    "guild_scheduled_event_id" => guild_scheduled_event_id: Id<ScheduledEventMarker>,
    "member" => member: Option<Member>,
    /// Known from: Discord's `OpenAPI` description.
    "response" => response: Option<i64>,
    "user" => user: Option<User>,
    /// Known from: Discord's `OpenAPI` description.
    "user_id" => user_id: Option<Id<UserMarker>>,
}

/// A rule of automatic moderation.
///
/// [Discord's page](https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-auto-moderation-rule-structure)
#[non_exhaustive]
AutoModerationRule {
    "actions" => actions: Vec<AutoModerationAction>,
    "creator_id" => creator_id: Option<Id<UserMarker>>,
    "enabled" => enabled: bool,
    "event_type" => event_type: AutoModerationEventType,
    /// At most 50.
    "exempt_channels" => exempt_channels: Vec<Id<ChannelMarker>>,
    /// At most 20.
    "exempt_roles" => exempt_roles: Vec<Id<RoleMarker>>,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "id" => id: Id<AutoModerationRuleMarker>,
    "name" => name: String,
    "trigger_metadata" => trigger_metadata: AutoModerationTriggerMetadata,
    "trigger_type" => trigger_type: AutoModerationTriggerType,
}

/// What a rule of automatic moderation looks for.
///
/// [Discord's page](https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-trigger-metadata)
AutoModerationTriggerMetadata {
    /// At most 1000.
    "allow_list" => allow_list: Option<Vec<String>>,
    /// At most 1000.
    "keyword_filter" => keyword_filter: Option<Vec<String>>,
    "mention_raid_protection_enabled" => mention_raid_protection_enabled: Option<bool>,
    /// At most 50.
    "mention_total_limit" => mention_total_limit: Option<i64>,
    "presets" => presets: Option<Vec<AutoModerationKeywordPresetType>>,
    /// At most 10.
    "regex_patterns" => regex_patterns: Option<Vec<String>>,
}

/// What a rule of automatic moderation does.
///
/// [Discord's page](https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-action-object-auto-moderation-action-structure)
AutoModerationAction {
    "type" => kind: AutoModerationActionType,
    "metadata" => metadata: Option<AutoModerationActionMetadata>,
}

/// Details of such an action.
///
/// [Discord's page](https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-action-object-action-metadata)
AutoModerationActionMetadata {
    "channel_id" => channel_id: Option<Id<ChannelMarker>>,
    /// At most 150 characters.
    "custom_message" => custom_message: Option<String>,
    /// At most 4; in seconds.
    "duration_seconds" => duration_seconds: Option<i64>,
}

/// What was done in a guild, and the objects it was done to.
///
/// [Discord's page](https://discord.com/developers/docs/resources/audit-log#audit-log-object-audit-log-structure)
#[non_exhaustive]
AuditLog {
    "application_commands" => application_commands: Vec<Command>,
    "audit_log_entries" => audit_log_entries: Vec<AuditLogEntry>,
    "auto_moderation_rules" => auto_moderation_rules: Vec<AutoModerationRule>,
    "guild_scheduled_events" => guild_scheduled_events: Vec<ScheduledEvent>,
    "integrations" => integrations: Vec<Integration>,
    "threads" => threads: Vec<Channel>,
    "users" => users: Vec<User>,
    "webhooks" => webhooks: Vec<Webhook>,
}

/// Something that was done in a guild.
///
/// [Discord's page](https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-audit-log-entry-structure)
#[non_exhaustive]
AuditLogEntry {
    "action_type" => action_type: AuditLogEventType,
    "changes" => changes: Vec<AuditLogChange> [Maybe],
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "id" => id: Id<AuditLogEntryMarker>,
    "options" => options: Option<AuditLogOptions>,
    /// 0 to 512 characters.
    "reason" => reason: Option<String>,
    "target_id" => target_id: Option<Id<GenericMarker>>,
    "user_id" => user_id: Option<Id<UserMarker>>,
}

/// A change of one key, with the values before and after as they were sent.
///
/// [Discord's page](https://discord.com/developers/docs/resources/audit-log#audit-log-change-object-audit-log-change-structure)
#[non_exhaustive]
AuditLogChange {
    "key" => key: String [Maybe],
    "new_value" => new_value: Option<Json>,
    "old_value" => old_value: Option<Json>,
}

/// What else is known about an entry of the audit log.
///
/// [Discord's page](https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-optional-audit-entry-info)
#[non_exhaustive]
AuditLogOptions {
    "application_id" => application_id: Option<Id<ApplicationMarker>>,
    "auto_moderation_rule_name" => auto_moderation_rule_name: Option<String>,
    "auto_moderation_rule_trigger_type" => auto_moderation_rule_trigger_type: Option<AutoModerationTriggerType>,
    "channel_id" => channel_id: Option<Id<ChannelMarker>>,
    "count" => count: Option<i64>,
    "delete_member_days" => delete_member_days: Option<i64>,
    "id" => id: Option<Id<GenericMarker>>,
    "integration_type" => integration_type: Option<String>,
    "type" => kind: Option<AuditLogOptionsType>,
    "members_removed" => members_removed: Option<i64>,
    "message_id" => message_id: Option<Id<MessageMarker>>,
    "role_name" => role_name: Option<String>,
    "status" => status: Option<String>,
}

/// A channel or a thread of any type; which fields there are depends on `kind`.
///
/// [Discord's page](https://discord.com/developers/docs/resources/channel#channel-object-channel-structure)
#[non_exhaustive]
Channel {
    /// Known from: channels of interactions.
    "app_permissions" => app_permissions: Option<Permissions>,
    "application_id" => application_id: Option<Id<ApplicationMarker>>,
    "applied_tags" => applied_tags: Vec<Id<TagMarker>> [Maybe],
    "available_tags" => available_tags: Vec<ForumTag> [Maybe],
    "bitrate" => bitrate: Option<i64>,
    /// In minutes.
    "default_auto_archive_duration" => default_auto_archive_duration: Option<AutoArchiveDuration>,
    "default_forum_layout" => default_forum_layout: Option<ForumLayout>,
    "default_reaction_emoji" => default_reaction_emoji: Option<DefaultReaction>,
    "default_sort_order" => default_sort_order: Option<ForumSortOrder>,
    /// Known from: Discord's `OpenAPI` description.
    "default_tag_setting" => default_tag_setting: Option<String>,
    "default_thread_rate_limit_per_user" => default_thread_rate_limit_per_user: Option<i64>,
    "flags" => flags: Option<ChannelFlags>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "icon" => icon: Option<ImageHash>,
    /// Known from: Discord's `OpenAPI` description.
    "icon_emoji" => icon_emoji: Option<Json>,
    "id" => id: Id<ChannelMarker>,
    /// Known from: threads.
    "invitable" => invitable: Option<bool>,
    "type" => kind: ChannelType,
    "last_message_id" => last_message_id: Option<Id<GenericMarker>>,
    "last_pin_timestamp" => last_pin_timestamp: Option<Timestamp>,
    "managed" => managed: Option<bool>,
    "member" => member: Option<ThreadMember>,
    "member_count" => member_count: Option<i64>,
    "message_count" => message_count: Option<i64>,
    /// 1 to 100 characters.
    "name" => name: Option<String>,
    "newly_created" => newly_created: Option<bool>,
    "nsfw" => nsfw: Option<bool>,
    "owner_id" => owner_id: Option<Id<UserMarker>>,
    "parent_id" => parent_id: Option<Id<ChannelMarker>>,
    "permission_overwrites" => permission_overwrites: Vec<PermissionOverwrite> [Maybe],
    /// Known from: channels of interactions.
    "permissions" => permissions: Option<Permissions>,
    "position" => position: Option<i64>,
    /// 0 to 21600; in seconds.
    "rate_limit_per_user" => rate_limit_per_user: Option<i64>,
    "recipients" => recipients: Vec<User> [Maybe],
    "rtc_region" => rtc_region: Option<String>,
    /// Known from: `CHANNEL_UPDATE` of voice channels since 2026.
    "status" => status: Option<String>,
    /// Known from: Discord's `OpenAPI` description.
    "theme_color" => theme_color: Option<i64>,
    "thread_metadata" => thread_metadata: Option<ThreadMetadata>,
    /// 0 to 4096 characters.
    "topic" => topic: Option<String>,
    "total_message_sent" => total_message_sent: Option<i64>,
    "user_limit" => user_limit: Option<i64>,
    "video_quality_mode" => video_quality_mode: Option<VideoQualityMode>,
    /// Known from: `GUILD_CREATE` and `CHANNEL_INFO`.
    "voice_start_time" => voice_start_time: Option<i64>,
}

/// What a role or a member may do in one channel beyond or below their usual rights.
///
/// [Discord's page](https://discord.com/developers/docs/resources/channel#overwrite-object-overwrite-structure)
PermissionOverwrite {
    "allow" => allow: Permissions,
    "deny" => deny: Permissions,
    "id" => id: Id<GenericMarker>,
    "type" => kind: PermissionOverwriteType,
}

/// A tag for posts of a forum.
///
/// [Discord's page](https://docs.discord.com/developers/resources/channel#forum-tag-object)
#[non_exhaustive]
ForumTag {
    "emoji_id" => emoji_id: Option<Id<EmojiMarker>>,
    "emoji_name" => emoji_name: Option<String>,
    "id" => id: Id<TagMarker>,
    "moderated" => moderated: bool,
    /// 0 to 20 characters.
    "name" => name: String,
}

/// The reaction that posts of a forum begin with.
///
/// [Discord's page](https://discord.com/developers/docs/resources/channel#default-reaction-object-default-reaction-structure)
DefaultReaction {
    "emoji_id" => emoji_id: Option<Id<EmojiMarker>>,
    "emoji_name" => emoji_name: Option<String>,
}

/// What only threads have.
///
/// [Discord's page](https://discord.com/developers/docs/resources/channel#thread-metadata-object-thread-metadata-structure)
#[non_exhaustive]
ThreadMetadata {
    "archive_timestamp" => archive_timestamp: Option<Timestamp>,
    "archived" => archived: bool,
    /// In minutes.
    "auto_archive_duration" => auto_archive_duration: AutoArchiveDuration,
    "create_timestamp" => create_timestamp: Option<Timestamp>,
    "invitable" => invitable: Option<bool>,
    "locked" => locked: bool,
}

/// Someone in a thread.
///
/// [Discord's page](https://discord.com/developers/docs/resources/channel#thread-member-object-thread-member-structure)
#[non_exhaustive]
ThreadMember {
    "flags" => flags: ThreadMemberFlags,
    "id" => id: Option<Id<ChannelMarker>>,
    "join_timestamp" => join_timestamp: Timestamp,
    "member" => member: Option<Box<Member>>,
    /// Known from: `THREAD_MEMBERS_UPDATE`, with the intent for presences.
    "presence" => presence: Option<Box<Presence>>,
    "user_id" => user_id: Option<Id<UserMarker>>,
}

/// Threads of a channel or a guild.
#[non_exhaustive]
ThreadsListing {
    /// Known from: lists of forum posts.
    "first_messages" => first_messages: Vec<Message> [Maybe],
    /// Known from: lists of archived threads.
    "has_more" => has_more: bool [Maybe],
    "members" => members: Vec<ThreadMember>,
    "threads" => threads: Vec<Channel>,
    /// Known from: the search of threads.
    "total_results" => total_results: Option<i64>,
}

/// A channel that another one's announcements go to.
///
/// [Discord's page](https://discord.com/developers/docs/resources/channel#followed-channel-object)
#[non_exhaustive]
FollowedChannel {
    "channel_id" => channel_id: Id<ChannelMarker>,
    "webhook_id" => webhook_id: Id<WebhookMarker>,
}

/// A channel that a message mentions.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#channel-mention-object-channel-mention-structure)
#[non_exhaustive]
ChannelMention {
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "id" => id: Id<ChannelMarker>,
    "type" => kind: ChannelType,
    "name" => name: String,
}

/// A webhook of a channel.
///
/// [Discord's page](https://discord.com/developers/docs/resources/webhook#webhook-object)
#[non_exhaustive]
Webhook {
    "application_id" => application_id: Option<Id<ApplicationMarker>>,
    "avatar" => avatar: Option<ImageHash>,
    "channel_id" => channel_id: Option<Id<ChannelMarker>>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "id" => id: Id<WebhookMarker>,
    "type" => kind: WebhookType,
    "name" => name: Option<String>,
    "source_channel" => source_channel: Option<WebhookChannel>,
    "source_guild" => source_guild: Option<WebhookGuild>,
    "token" => token: Option<String>,
    "url" => url: Option<String>,
    "user" => user: Option<User>,
}

/// The guild that a webhook takes announcements from.
#[non_exhaustive]
WebhookGuild {
    "icon" => icon: Option<ImageHash>,
    "id" => id: Id<GuildMarker>,
    "name" => name: String,
}

/// The channel that a webhook takes announcements from.
#[non_exhaustive]
WebhookChannel {
    "id" => id: Id<ChannelMarker>,
    /// 1 to 100 characters.
    "name" => name: Option<String>,
}

/// A sound that can be played in voice channels.
///
/// [Discord's page](https://discord.com/developers/docs/resources/soundboard#soundboard-sound-object)
#[non_exhaustive]
SoundboardSound {
    "available" => available: bool,
    "emoji_id" => emoji_id: Option<Id<EmojiMarker>>,
    "emoji_name" => emoji_name: Option<String>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "name" => name: String,
    "sound_id" => sound_id: Id<GenericMarker>,
    "user" => user: Option<User>,
    /// 0 to 1.
    "volume" => volume: f64,
}

/// A message, as requests and events give it.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#message-object-message-structure)
#[non_exhaustive]
Message {
    "activity" => activity: Option<Box<MessageActivity>>,
    "application" => application: Option<Box<PartialApplication>>,
    "application_id" => application_id: Option<Id<ApplicationMarker>>,
    "attachments" => attachments: Vec<Attachment>,
    "author" => author: User [Spare],
    "call" => call: Option<Box<MessageCall>>,
    "channel_id" => channel_id: Id<ChannelMarker>,
    "channel_type" => channel_type: Option<ChannelType>,
    "components" => components: Vec<Component> [Maybe],
    "content" => content: String,
    "edited_timestamp" => edited_timestamp: Option<Timestamp>,
    "embeds" => embeds: Vec<Embed>,
    "flags" => flags: Option<MessageFlags>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "id" => id: Id<MessageMarker>,
    /// Deprecated by Discord.
    "interaction" => interaction: Option<Box<MessageInteraction>>,
    "interaction_metadata" => interaction_metadata: Option<Box<MessageInteractionMetadata>>,
    "type" => kind: MessageType,
    /// Known from: Discord's `OpenAPI` description.
    "lobby_member" => lobby_member: Option<Json>,
    "member" => member: Option<PartialMember>,
    "mention_channels" => mention_channels: Vec<ChannelMention> [Maybe],
    "mention_everyone" => mention_everyone: bool,
    "mention_roles" => mention_roles: Vec<Id<RoleMarker>>,
    "mentions" => mentions: Vec<Mention>,
    "message_reference" => message_reference: Option<Box<MessageReference>>,
    "message_snapshots" => message_snapshots: Vec<MessageSnapshot> [Maybe],
    /// At most 25 characters.
    "nonce" => nonce: Option<Nonce>,
    "pinned" => pinned: bool,
    "poll" => poll: Option<Box<Poll>>,
    "position" => position: Option<i64>,
    /// Known from: Discord's `OpenAPI` description.
    "purchase_notification" => purchase_notification: Option<Json>,
    "reactions" => reactions: Vec<Reaction> [Maybe],
    "referenced_message" => referenced_message: Option<Box<Message>>,
    "resolved" => resolved: Option<Box<ResolvedData>>,
    "role_subscription_data" => role_subscription_data: Option<Box<RoleSubscriptionData>>,
    "shared_client_theme" => shared_client_theme: Option<Box<SharedClientTheme>>,
    "sticker_items" => sticker_items: Vec<StickerItem> [Maybe],
    /// Deprecated by Discord.
    "stickers" => stickers: Vec<Sticker> [Maybe],
    "thread" => thread: Option<Box<Channel>>,
    "timestamp" => timestamp: Timestamp,
    "tts" => tts: bool,
    "webhook_id" => webhook_id: Option<Id<WebhookMarker>>,
}

/// An invitation to an activity in a message.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#message-object-message-activity-structure)
#[non_exhaustive]
MessageActivity {
    "type" => kind: MessageActivityType,
    "party_id" => party_id: Option<String>,
}

/// Which message a message answers, forwards or comes from.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#message-reference-structure)
MessageReference {
    "channel_id" => channel_id: Option<Id<ChannelMarker>>,
    /// Known from: requests.
    "fail_if_not_exists" => fail_if_not_exists: Option<bool>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "type" => kind: Option<MessageReferenceType>,
    "message_id" => message_id: Option<Id<MessageMarker>>,
}

/// A call in a private channel.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#message-call-object-message-call-object-structure)
#[non_exhaustive]
MessageCall {
    "ended_timestamp" => ended_timestamp: Option<Timestamp>,
    "participants" => participants: Vec<Id<UserMarker>>,
}

/// A theme of the client, shared in a message.
///
/// [Discord's page](https://docs.discord.com/developers/resources/message#shared-client-theme-object)
SharedClientTheme {
    /// At most 100.
    "base_mix" => base_mix: i64,
    "base_theme" => base_theme: Option<BaseThemeType>,
    /// At most 5.
    "colors" => colors: Vec<String>,
    /// At most 360.
    "gradient_angle" => gradient_angle: i64,
}

/// Which subscription a message tells of.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#role-subscription-data-object-role-subscription-data-object-structure)
#[non_exhaustive]
RoleSubscriptionData {
    "is_renewal" => is_renewal: bool,
    "role_subscription_listing_id" => role_subscription_listing_id: Option<Id<RoleSubscriptionSkuMarker>>,
    "tier_name" => tier_name: String,
    "total_months_subscribed" => total_months_subscribed: i64,
}

/// The interaction a message answers, in the old form.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#message-interaction-object)
#[non_exhaustive]
MessageInteraction {
    "id" => id: Id<InteractionMarker>,
    "type" => kind: InteractionType,
    "member" => member: Option<PartialMember>,
    "name" => name: String,
    /// Known from: Discord's `OpenAPI` description.
    "name_localized" => name_localized: Option<String>,
    "user" => user: Option<User>,
}

/// The interaction a message answers.
///
/// [Discord's page](https://discord.com/developers/docs/resources/channel#message-interaction-metadata-object)
#[non_exhaustive]
MessageInteractionMetadata {
    "authorizing_integration_owners" => authorizing_integration_owners: BTreeMap<ApplicationIntegrationType, Snowflake>,
    "id" => id: Id<InteractionMarker>,
    "interacted_message_id" => interacted_message_id: Option<Id<MessageMarker>>,
    "type" => kind: InteractionType,
    "original_response_message_id" => original_response_message_id: Option<Id<MessageMarker>>,
    "target_message_id" => target_message_id: Option<Id<MessageMarker>>,
    "target_user" => target_user: Option<User>,
    "triggering_interaction_metadata" => triggering_interaction_metadata: Option<Box<MessageInteractionMetadata>>,
    "user" => user: Option<User>,
}

/// A message as it was when it was forwarded.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#message-snapshot-object)
#[non_exhaustive]
MessageSnapshot {
    /// Deprecated by Discord.
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "message" => message: SnapshotMessage,
}

/// What a forward has of the forwarded message.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#message-snapshot-object)
#[non_exhaustive]
SnapshotMessage {
    "attachments" => attachments: Vec<Attachment>,
    "components" => components: Vec<Component> [Maybe],
    "content" => content: String,
    "edited_timestamp" => edited_timestamp: Option<Timestamp>,
    "embeds" => embeds: Vec<Embed>,
    "flags" => flags: Option<MessageFlags>,
    "type" => kind: MessageType,
    "mention_roles" => mention_roles: Vec<Id<RoleMarker>>,
    "mentions" => mentions: Vec<Mention>,
    "sticker_items" => sticker_items: Vec<StickerItem> [Maybe],
    /// Deprecated by Discord.
    "stickers" => stickers: Vec<Sticker> [Maybe],
    "timestamp" => timestamp: Timestamp,
}

/// A message and when it was pinned.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#message-pin-object)
#[non_exhaustive]
MessagePin {
    "message" => message: Message,
    "pinned_at" => pinned_at: Timestamp,
}

/// Pinned messages of a channel.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#get-channel-pins)
#[non_exhaustive]
PinsListing {
    "has_more" => has_more: bool,
    "items" => items: Vec<MessagePin>,
}

/// How often a message got one reaction.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#reaction-object-reaction-structure)
#[non_exhaustive]
Reaction {
    "burst_colors" => burst_colors: Vec<String>,
    "count" => count: i64,
    "count_details" => count_details: ReactionCountDetails,
    "emoji" => emoji: PartialEmoji,
    "me" => me: bool,
    "me_burst" => me_burst: bool,
}

/// How many of a message's reactions are of which type.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#reaction-count-details-object-reaction-count-details-structure)
#[non_exhaustive]
ReactionCountDetails {
    "burst" => burst: i64,
    "normal" => normal: i64,
}

/// A file of a message.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#attachment-object-attachment-structure)
#[non_exhaustive]
Attachment {
    "application" => application: Option<Box<PartialApplication>>,
    "clip_created_at" => clip_created_at: Option<Timestamp>,
    "clip_participants" => clip_participants: Vec<User> [Maybe],
    "content_type" => content_type: Option<String>,
    /// At most 1024 characters.
    "description" => description: Option<String>,
    "duration_secs" => duration_secs: Option<f64>,
    "ephemeral" => ephemeral: Option<bool>,
    "filename" => filename: String,
    "flags" => flags: Option<AttachmentFlags>,
    "height" => height: Option<i64>,
    "id" => id: Id<AttachmentMarker>,
    "placeholder" => placeholder: Option<String>,
    "placeholder_version" => placeholder_version: Option<i64>,
    "proxy_url" => proxy_url: String,
    /// In bytes.
    "size" => size: i64,
    "title" => title: Option<String>,
    "url" => url: String,
    "waveform" => waveform: Option<String>,
    "width" => width: Option<i64>,
}

/// A box with text and pictures in a message.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#embed-object-embed-structure)
Embed {
    "author" => author: Option<EmbedAuthor>,
    "color" => color: Option<i64>,
    /// Known from: Discord's `OpenAPI` description.
    "components" => components: Option<Vec<Component>>,
    "description" => description: Option<String>,
    "fields" => fields: Option<Vec<EmbedField>>,
    "flags" => flags: Option<EmbedFlags>,
    "footer" => footer: Option<EmbedFooter>,
    "image" => image: Option<EmbedMedia>,
    "type" => kind: Option<EmbedType>,
    "provider" => provider: Option<EmbedProvider>,
    "thumbnail" => thumbnail: Option<EmbedMedia>,
    "timestamp" => timestamp: Option<Timestamp>,
    "title" => title: Option<String>,
    "url" => url: Option<String>,
    "video" => video: Option<EmbedMedia>,
}

/// A picture or a video of an embed.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#embed-object-embed-video-structure)
EmbedMedia {
    "content_type" => content_type: Option<String>,
    "description" => description: Option<String>,
    "flags" => flags: Option<EmbedMediaFlags>,
    "height" => height: Option<i64>,
    "placeholder" => placeholder: Option<String>,
    "placeholder_version" => placeholder_version: Option<i64>,
    "proxy_url" => proxy_url: Option<String>,
    "url" => url: Option<String>,
    "width" => width: Option<i64>,
}

/// Where the content of an embed is from.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#embed-object-embed-provider-structure)
EmbedProvider {
    "name" => name: Option<String>,
    "url" => url: Option<String>,
}

/// Who wrote what an embed shows.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#embed-object-embed-author-structure)
EmbedAuthor {
    "icon_url" => icon_url: Option<String>,
    "name" => name: String,
    "proxy_icon_url" => proxy_icon_url: Option<String>,
    "url" => url: Option<String>,
}

/// The last line of an embed.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#embed-object-embed-footer-structure)
EmbedFooter {
    "icon_url" => icon_url: Option<String>,
    "proxy_icon_url" => proxy_icon_url: Option<String>,
    "text" => text: String,
}

/// A field of an embed.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#embed-object-embed-field-structure)
EmbedField {
    "inline" => inline: Option<bool>,
    "name" => name: String,
    "value" => value: String,
}

/// Whom a message may ping.
///
/// [Discord's page](https://discord.com/developers/docs/resources/message#allowed-mentions-object-allowed-mentions-structure)
AllowedMentions {
    "parse" => parse: Option<Vec<MentionType>>,
    "replied_user" => replied_user: Option<bool>,
    "roles" => roles: Option<Vec<Id<RoleMarker>>>,
    "users" => users: Option<Vec<Id<UserMarker>>>,
}

/// A poll of a message.
///
/// [Discord's page](https://discord.com/developers/docs/resources/poll#poll-object-poll-object-structure)
#[non_exhaustive]
Poll {
    "allow_multiselect" => allow_multiselect: bool,
    /// At most 10.
    "answers" => answers: Vec<PollAnswer>,
    "expiry" => expiry: Option<Timestamp>,
    "layout_type" => layout_type: PollLayoutType,
    "question" => question: PollMedia,
    "results" => results: Option<PollResults>,
}

/// Text and emoji of a question or an answer.
///
/// [Discord's page](https://discord.com/developers/docs/resources/poll#poll-media-object-poll-media-object-structure)
PollMedia {
    "emoji" => emoji: Option<PartialEmoji>,
    "text" => text: Option<String>,
}

/// An answer to choose in a poll.
///
/// [Discord's page](https://discord.com/developers/docs/resources/poll#poll-answer-object-poll-answer-object-structure)
#[non_exhaustive]
PollAnswer {
    "answer_id" => answer_id: i64,
    "poll_media" => poll_media: PollMedia,
}

/// How a poll stands.
///
/// [Discord's page](https://discord.com/developers/docs/resources/poll#poll-results-object-poll-results-object-structure)
#[non_exhaustive]
PollResults {
    "answer_counts" => answer_counts: Vec<PollAnswerCount>,
    "is_finalized" => is_finalized: bool,
}

/// Votes for one answer.
///
/// [Discord's page](https://discord.com/developers/docs/resources/poll#poll-results-object-poll-answer-count-object-structure)
#[non_exhaustive]
PollAnswerCount {
    "count" => count: i64,
    "id" => id: i64,
    "me_voted" => me_voted: bool,
}

/// An emoji of a guild or an application, or a character.
///
/// [Discord's page](https://discord.com/developers/docs/resources/emoji#emoji-object-emoji-structure)
#[non_exhaustive]
Emoji {
    "animated" => animated: Option<bool>,
    "available" => available: Option<bool>,
    "id" => id: Option<Id<EmojiMarker>>,
    "managed" => managed: Option<bool>,
    "name" => name: Option<String>,
    "require_colons" => require_colons: Option<bool>,
    "roles" => roles: Vec<Id<RoleMarker>> [Maybe],
    "user" => user: Option<User>,
}

/// An emoji by id and name; without an id its name is a character.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#activity-object-activity-emoji)
PartialEmoji {
    "animated" => animated: Option<bool>,
    "id" => id: Option<Id<EmojiMarker>>,
    "name" => name: Option<String>,
}

/// A sticker of a guild or of Discord's own.
///
/// [Discord's page](https://discord.com/developers/docs/resources/sticker#sticker-object)
#[non_exhaustive]
Sticker {
    /// Deprecated by Discord.
    "asset" => asset: Option<String>,
    "available" => available: Option<bool>,
    "description" => description: Option<String>,
    "format_type" => format_type: StickerFormatType [Maybe],
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "id" => id: Id<StickerMarker>,
    "type" => kind: StickerType,
    "name" => name: String,
    "pack_id" => pack_id: Option<Id<StickerPackMarker>>,
    "sort_value" => sort_value: Option<i64>,
    "tags" => tags: String,
    "user" => user: Option<User>,
}

/// A sticker in a message.
///
/// [Discord's page](https://discord.com/developers/docs/resources/sticker#sticker-item-object)
#[non_exhaustive]
StickerItem {
    "format_type" => format_type: StickerFormatType,
    "id" => id: Id<StickerMarker>,
    "name" => name: String,
}

/// A pack of Discord's own stickers.
///
/// [Discord's page](https://discord.com/developers/docs/resources/sticker#sticker-pack-object)
#[non_exhaustive]
StickerPack {
    "banner_asset_id" => banner_asset_id: Option<Id<StickerBannerAssetMarker>>,
    "cover_sticker_id" => cover_sticker_id: Option<Id<StickerMarker>>,
    "description" => description: String [Maybe],
    "id" => id: Id<StickerPackMarker>,
    "name" => name: String,
    "sku_id" => sku_id: Option<Id<SkuMarker>>,
    "stickers" => stickers: Vec<Sticker>,
}

/// A row of buttons, or one menu.
ActionRow {
    "components" => components: Vec<Component>,
    "id" => id: Option<i64>,
}

/// A button; pressed, it is an interaction, opens an address, or offers something to buy.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#button)
Button {
    "custom_id" => custom_id: Option<String>,
    "disabled" => disabled: Option<bool>,
    "emoji" => emoji: Option<PartialEmoji>,
    "id" => id: Option<i64>,
    "label" => label: Option<String>,
    "sku_id" => sku_id: Option<Id<SkuMarker>>,
    "style" => style: ButtonStyle,
    "url" => url: Option<String>,
}

/// A menu of texts, users, roles, mentionables or channels, by `kind`; in a sent form with what was chosen.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference)
SelectMenu {
    "channel_types" => channel_types: Option<Vec<ChannelType>>,
    /// At most 100 characters.
    "custom_id" => custom_id: String,
    "default_values" => default_values: Option<Vec<SelectDefaultValue>>,
    "disabled" => disabled: Option<bool>,
    "id" => id: Option<i64>,
    "type" => kind: ComponentType,
    /// At most 25.
    "max_values" => max_values: Option<i64>,
    /// At most 25.
    "min_values" => min_values: Option<i64>,
    /// At most 25.
    "options" => options: Option<Vec<SelectMenuOption>>,
    /// At most 150 characters.
    "placeholder" => placeholder: Option<String>,
    "required" => required: Option<bool>,
    "values" => values: Option<Vec<String>>,
}

/// A line of a text menu.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#string-select-select-option-structure)
SelectMenuOption {
    "default" => default: Option<bool>,
    /// At most 100.
    "description" => description: Option<String>,
    "emoji" => emoji: Option<PartialEmoji>,
    /// At most 100.
    "label" => label: String,
    /// At most 100.
    "value" => value: String,
}

/// What a menu of users, roles or channels begins with.
SelectDefaultValue {
    "id" => id: Snowflake,
    "type" => kind: SelectDefaultValueType,
}

/// A field for text in a form; in a sent form with what was written.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#text-input)
TextInput {
    "custom_id" => custom_id: String,
    "id" => id: Option<i64>,
    /// At most 45 characters.
    "label" => label: Option<String>,
    "max_length" => max_length: Option<i64>,
    "min_length" => min_length: Option<i64>,
    "placeholder" => placeholder: Option<String>,
    "required" => required: Option<bool>,
    "style" => style: Option<TextInputStyle>,
    "value" => value: Option<String>,
}

/// Texts with a picture or a button beside them.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#section)
Section {
    "accessory" => accessory: Option<Box<Component>>,
    "components" => components: Vec<Component>,
    "id" => id: Option<i64>,
}

/// Text with formatting.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#text-display)
TextDisplay {
    "content" => content: String,
    "id" => id: Option<i64>,
}

/// A small picture beside a section.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#thumbnail)
Thumbnail {
    "description" => description: Option<String>,
    "id" => id: Option<i64>,
    "media" => media: UnfurledMediaItem,
    "spoiler" => spoiler: Option<bool>,
}

/// Pictures and videos side by side.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#media-gallery)
MediaGallery {
    "id" => id: Option<i64>,
    "items" => items: Vec<MediaGalleryItem>,
}

/// A picture or a video of a gallery.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#media-gallery-media-gallery-item-structure)
MediaGalleryItem {
    "description" => description: Option<String>,
    "media" => media: UnfurledMediaItem,
    "spoiler" => spoiler: Option<bool>,
}

/// A file of the message.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#file)
FileDisplay {
    "file" => file: UnfurledMediaItem,
    "id" => id: Option<i64>,
    "name" => name: Option<String>,
    /// In bytes.
    "size" => size: Option<i64>,
    "spoiler" => spoiler: Option<bool>,
}

/// A gap or a line between components.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#separator)
Separator {
    "divider" => divider: Option<bool>,
    "id" => id: Option<i64>,
    "spacing" => spacing: Option<SeparatorSpacingSize>,
}

/// A box around components.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#container)
Container {
    "accent_color" => accent_color: Option<i64>,
    /// At most 10.
    "components" => components: Vec<Component>,
    "id" => id: Option<i64>,
    "spoiler" => spoiler: Option<bool>,
}

/// A component of a form with its title.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#label)
Label {
    "component" => component: Option<Box<Component>>,
    /// At most 100 characters.
    "description" => description: Option<String>,
    "id" => id: Option<i64>,
    /// At most 45 characters.
    "label" => label: Option<String>,
}

/// A place for files in a form; in a sent form with their ids.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#file-upload)
FileUpload {
    /// At most 100 characters.
    "custom_id" => custom_id: String,
    /// At most 10.
    "file_types" => file_types: Option<Vec<String>>,
    "id" => id: Option<i64>,
    /// At most 10.
    "max_values" => max_values: Option<i64>,
    /// At most 10.
    "min_values" => min_values: Option<i64>,
    "required" => required: Option<bool>,
    "values" => values: Option<Vec<Id<AttachmentMarker>>>,
}

/// A choice of one in a form; in a sent form with what was chosen.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#radio-group)
RadioGroup {
    /// At most 100 characters.
    "custom_id" => custom_id: String,
    "id" => id: Option<i64>,
    "options" => options: Option<Vec<RadioGroupOption>>,
    "required" => required: Option<bool>,
    "value" => value: Option<String>,
}

/// A line of a choice of one.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#radio-group-option-structure)
RadioGroupOption {
    "default" => default: Option<bool>,
    /// At most 100 characters.
    "description" => description: Option<String>,
    /// At most 100 characters.
    "label" => label: String,
    /// At most 100 characters.
    "value" => value: String,
}

/// A choice of several in a form; in a sent form with what was chosen.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#checkbox-group)
CheckboxGroup {
    /// At most 100 characters.
    "custom_id" => custom_id: String,
    "id" => id: Option<i64>,
    /// At most 10.
    "max_values" => max_values: Option<i64>,
    /// At most 10.
    "min_values" => min_values: Option<i64>,
    /// At most 10.
    "options" => options: Option<Vec<CheckboxGroupOption>>,
    "required" => required: Option<bool>,
    "values" => values: Option<Vec<String>>,
}

/// A line of a choice of several.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#checkbox-group-option-structure)
CheckboxGroupOption {
    "default" => default: Option<bool>,
    /// At most 100 characters.
    "description" => description: Option<String>,
    /// At most 100 characters.
    "label" => label: String,
    /// At most 100 characters.
    "value" => value: String,
}

/// A box to tick in a form; in a sent form with whether it was.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#checkbox)
Checkbox {
    /// At most 100 characters.
    "custom_id" => custom_id: String,
    "default" => default: Option<bool>,
    "id" => id: Option<i64>,
    "value" => value: Option<bool>,
}

/// A picture, a video or a file by its address; `attachment://name` is one that is uploaded with the message.
///
/// [Discord's page](https://discord.com/developers/docs/components/reference#unfurled-media-item-structure)
UnfurledMediaItem {
    "attachment_id" => attachment_id: Option<Id<GenericMarker>>,
    "content_type" => content_type: Option<String>,
    "flags" => flags: Option<UnfurledMediaItemFlags>,
    "height" => height: Option<i64>,
    /// Known from: Discord's `OpenAPI` description.
    "id" => id: Option<Id<GenericMarker>>,
    "loading_state" => loading_state: Option<UnfurledMediaItemLoadingState>,
    "placeholder" => placeholder: Option<String>,
    "placeholder_version" => placeholder_version: Option<i64>,
    "proxy_url" => proxy_url: Option<String>,
    "url" => url: String,
    "width" => width: Option<i64>,
}

/// An application, with what only its owners see.
///
/// [Discord's page](https://docs.discord.com/developers/resources/application#application-object)
#[non_exhaustive]
Application {
    "approximate_guild_count" => approximate_guild_count: Option<i64>,
    "approximate_user_authorization_count" => approximate_user_authorization_count: Option<i64>,
    "approximate_user_install_count" => approximate_user_install_count: Option<i64>,
    "bot" => bot: Option<Box<User>>,
    "bot_public" => bot_public: bool [Maybe],
    "bot_require_code_grant" => bot_require_code_grant: bool [Maybe],
    "cover_image" => cover_image: Option<ImageHash>,
    "custom_install_url" => custom_install_url: Option<String>,
    "description" => description: String,
    /// Known from: Discord's `OpenAPI` description.
    "eligible_oauth2_scopes" => eligible_oauth2_scopes: Vec<OauthScope> [Maybe],
    "event_webhooks_status" => event_webhooks_status: Option<ApplicationWebhookEventStatus>,
    "event_webhooks_types" => event_webhooks_types: Vec<ApplicationWebhookEventType> [Maybe],
    "event_webhooks_url" => event_webhooks_url: Option<String>,
    /// Known from: Discord's `OpenAPI` description.
    "explicit_content_filter" => explicit_content_filter: Option<i64>,
    "flags" => flags: ApplicationFlags,
    "flags_new" => flags_new: Option<String>,
    "guild" => guild: Option<Box<PartialGuild>>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "icon" => icon: Option<ImageHash>,
    "id" => id: Id<ApplicationMarker>,
    "install_params" => install_params: Option<InstallParams>,
    "integration_types_config" => integration_types_config: BTreeMap<ApplicationIntegrationType, IntegrationTypeConfig> [Maybe],
    "interactions_endpoint_url" => interactions_endpoint_url: Option<String>,
    /// Known from: Discord's `OpenAPI` description.
    "type" => kind: Option<i64>,
    /// Known from: Discord's `OpenAPI` description.
    "max_participants" => max_participants: Option<i64>,
    "name" => name: String,
    "owner" => owner: Option<Box<User>>,
    "primary_sku_id" => primary_sku_id: Option<Id<OauthSkuMarker>>,
    "privacy_policy_url" => privacy_policy_url: Option<String>,
    "redirect_uris" => redirect_uris: Vec<String> [Maybe],
    "role_connections_verification_url" => role_connections_verification_url: Option<String>,
    "rpc_origins" => rpc_origins: Vec<String> [Maybe],
    "slug" => slug: Option<String>,
    /// Deprecated by Discord.
    "summary" => summary: Option<String>,
    /// At most 5.
    "tags" => tags: Vec<String> [Maybe],
    "team" => team: Option<Box<Team>>,
    "terms_of_service_url" => terms_of_service_url: Option<String>,
    "verify_key" => verify_key: String,
}

/// An application as sent beside a message, an invite or at the start of a session: only the id is certain.
///
/// [Discord's page](https://docs.discord.com/developers/resources/application#application-object)
#[non_exhaustive]
PartialApplication {
    "approximate_guild_count" => approximate_guild_count: Option<i64>,
    "approximate_user_authorization_count" => approximate_user_authorization_count: Option<i64>,
    "approximate_user_install_count" => approximate_user_install_count: Option<i64>,
    "bot" => bot: Option<Box<User>>,
    "bot_public" => bot_public: Option<bool>,
    "bot_require_code_grant" => bot_require_code_grant: Option<bool>,
    "cover_image" => cover_image: Option<ImageHash>,
    "custom_install_url" => custom_install_url: Option<String>,
    "description" => description: Option<String>,
    "event_webhooks_status" => event_webhooks_status: Option<ApplicationWebhookEventStatus>,
    "event_webhooks_types" => event_webhooks_types: Vec<ApplicationWebhookEventType> [Maybe],
    "event_webhooks_url" => event_webhooks_url: Option<String>,
    "flags" => flags: Option<ApplicationFlags>,
    "flags_new" => flags_new: Option<String>,
    "guild" => guild: Option<Box<PartialGuild>>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "icon" => icon: Option<ImageHash>,
    "id" => id: Id<ApplicationMarker>,
    "install_params" => install_params: Option<InstallParams>,
    "integration_types_config" => integration_types_config: BTreeMap<ApplicationIntegrationType, IntegrationTypeConfig> [Maybe],
    "interactions_endpoint_url" => interactions_endpoint_url: Option<String>,
    /// Known from: Discord's `OpenAPI` description.
    "type" => kind: Option<i64>,
    /// Known from: Discord's `OpenAPI` description.
    "max_participants" => max_participants: Option<i64>,
    "name" => name: Option<String>,
    "owner" => owner: Option<Box<User>>,
    "primary_sku_id" => primary_sku_id: Option<Id<OauthSkuMarker>>,
    "privacy_policy_url" => privacy_policy_url: Option<String>,
    "redirect_uris" => redirect_uris: Vec<String> [Maybe],
    "role_connections_verification_url" => role_connections_verification_url: Option<String>,
    "rpc_origins" => rpc_origins: Vec<String> [Maybe],
    "slug" => slug: Option<String>,
    /// Deprecated by Discord.
    "summary" => summary: Option<String>,
    /// At most 5.
    "tags" => tags: Vec<String> [Maybe],
    "team" => team: Option<Box<Team>>,
    "terms_of_service_url" => terms_of_service_url: Option<String>,
    "verify_key" => verify_key: Option<String>,
}

/// Who was banned at once, and who was not.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#bulk-guild-ban)
#[non_exhaustive]
BulkBan {
    "banned_users" => banned_users: Vec<Id<UserMarker>>,
    "failed_users" => failed_users: Vec<Id<UserMarker>>,
}

/// How many members were or would be removed.
///
/// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-prune-count)
#[non_exhaustive]
PruneCount {
    "pruned" => pruned: Option<i64>,
}

/// A guild's own invite.
#[non_exhaustive]
VanityUrl {
    "code" => code: Option<String>,
    /// Known from: Discord's `OpenAPI` description.
    "error" => error: Option<Json>,
    "uses" => uses: i64,
}

/// What became of an answer to an interaction.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback-interaction-callback-response-object)
#[non_exhaustive]
InteractionCallbackResponse {
    "interaction" => interaction: InteractionCallback,
    "resource" => resource: Option<InteractionCallbackResource>,
}

/// The interaction that was answered.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback-interaction-callback-object)
#[non_exhaustive]
InteractionCallback {
    "activity_instance_id" => activity_instance_id: Option<String>,
    "channel_id" => channel_id: Option<Id<ChannelMarker>>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "id" => id: Id<InteractionMarker>,
    "type" => kind: InteractionType,
    "response_message_ephemeral" => response_message_ephemeral: Option<bool>,
    "response_message_id" => response_message_id: Option<Id<MessageMarker>>,
    "response_message_loading" => response_message_loading: Option<bool>,
}

/// What an answer to an interaction made.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback-interaction-callback-resource-object)
#[non_exhaustive]
InteractionCallbackResource {
    "activity_instance" => activity_instance: Option<Json>,
    "type" => kind: InteractionResponseType,
    "message" => message: Option<Box<Message>>,
}

/// What an application asks for when it is installed.
#[non_exhaustive]
InstallParams {
    "permissions" => permissions: Permissions,
    "scopes" => scopes: Vec<OauthScope>,
}

/// How an application is installed for guilds or for users.
#[non_exhaustive]
IntegrationTypeConfig {
    "oauth2_install_params" => oauth2_install_params: Option<InstallParams>,
}

/// A team of developers.
///
/// [Discord's page](https://discord.com/developers/docs/topics/teams#data-models-team-object)
#[non_exhaustive]
Team {
    "icon" => icon: Option<ImageHash>,
    "id" => id: Id<OauthTeamMarker>,
    "members" => members: Vec<TeamMember>,
    "name" => name: String,
    "owner_user_id" => owner_user_id: Option<Id<UserMarker>>,
}

/// Someone in a team.
///
/// [Discord's page](https://discord.com/developers/docs/topics/teams#data-models-team-member-object)
#[non_exhaustive]
TeamMember {
    "membership_state" => membership_state: TeamMembershipState,
    /// Deprecated by Discord.
    "permissions" => permissions: Vec<String>,
    "role" => role: TeamMemberRole,
    "team_id" => team_id: Option<Id<OauthTeamMarker>>,
    "user" => user: User,
}

/// A command of an application.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#application-command-object)
#[non_exhaustive]
Command {
    "application_id" => application_id: Option<Id<ApplicationMarker>>,
    "contexts" => contexts: Vec<InteractionContextType> [Maybe],
    "default_member_permissions" => default_member_permissions: Option<Permissions>,
    /// Deprecated by Discord.
    "default_permission" => default_permission: Option<bool>,
    "description" => description: String,
    "description_localizations" => description_localizations: BTreeMap<String, Option<String>> [Maybe],
    "description_localized" => description_localized: Option<String>,
    /// Deprecated by Discord.
    "dm_permission" => dm_permission: Option<bool>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "handler" => handler: Option<EntryPointHandlerType>,
    "id" => id: Id<CommandMarker>,
    "integration_types" => integration_types: Vec<ApplicationIntegrationType> [Maybe],
    "type" => kind: CommandType,
    "name" => name: String,
    "name_localizations" => name_localizations: BTreeMap<String, Option<String>> [Maybe],
    "name_localized" => name_localized: Option<String>,
    "nsfw" => nsfw: Option<bool>,
    /// At most 25.
    "options" => options: Vec<CommandOption> [Maybe],
    "version" => version: Option<Id<CommandVersionMarker>>,
}

/// An option of a command.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-structure)
CommandOption {
    "autocomplete" => autocomplete: Option<bool>,
    "channel_types" => channel_types: Option<Vec<ChannelType>>,
    "choices" => choices: Option<Vec<CommandOptionChoice>>,
    "description" => description: String,
    "description_localizations" => description_localizations: Option<BTreeMap<String, Option<String>>>,
    /// Known from: Discord's `OpenAPI` description.
    "description_localized" => description_localized: Option<String>,
    "file_types" => file_types: Option<Vec<String>>,
    "type" => kind: CommandOptionType,
    "max_length" => max_length: Option<i64>,
    "max_value" => max_value: Option<Number>,
    "min_length" => min_length: Option<i64>,
    "min_value" => min_value: Option<Number>,
    "name" => name: String,
    "name_localizations" => name_localizations: Option<BTreeMap<String, Option<String>>>,
    /// Known from: Discord's `OpenAPI` description.
    "name_localized" => name_localized: Option<String>,
    "options" => options: Option<Vec<CommandOption>>,
    "required" => required: Option<bool>,
}

/// A value that an option offers.
CommandOptionChoice {
    "name" => name: String,
    "name_localizations" => name_localizations: Option<BTreeMap<String, Option<String>>>,
    /// Known from: Discord's `OpenAPI` description.
    "name_localized" => name_localized: Option<String>,
    "value" => value: ChoiceValue,
}

/// Who may use a command in a guild.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#application-command-permissions-object-guild-application-command-permissions-structure)
#[non_exhaustive]
GuildCommandPermissions {
    "application_id" => application_id: Id<ApplicationMarker>,
    "guild_id" => guild_id: Id<GuildMarker> [Spare],
    "id" => id: Id<GenericMarker>,
    "permissions" => permissions: Vec<CommandPermission>,
}

/// Whether a role, a user or a channel may use a command.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#application-command-permissions-object-application-command-permissions-structure)
CommandPermission {
    "id" => id: Id<GenericMarker>,
    "type" => kind: CommandPermissionType,
    "permission" => permission: bool,
}

/// A command, a button, a menu or a form that somebody used.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object)
#[non_exhaustive]
Interaction {
    "app_permissions" => app_permissions: Option<Permissions>,
    "application_id" => application_id: Id<ApplicationMarker>,
    /// In bytes.
    "attachment_size_limit" => attachment_size_limit: i64,
    "authorizing_integration_owners" => authorizing_integration_owners: BTreeMap<ApplicationIntegrationType, Snowflake>,
    "channel" => channel: Option<Box<Channel>>,
    /// Deprecated by Discord.
    "channel_id" => channel_id: Option<Id<ChannelMarker>>,
    "context" => context: Option<InteractionContextType>,
    "data" => data: Option<InteractionData>,
    /// Known from: `INTERACTION_CREATE`, in the old form of entitlements.
    "entitlement_sku_ids" => entitlement_sku_ids: Vec<Id<SkuMarker>> [Maybe],
    "entitlements" => entitlements: Vec<Entitlement>,
    "guild" => guild: Option<Box<InteractionGuild>>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "guild_locale" => guild_locale: Option<Locale>,
    "id" => id: Id<InteractionMarker>,
    "type" => kind: InteractionType,
    "locale" => locale: Option<Locale>,
    "member" => member: Option<Box<PartialMember>>,
    "message" => message: Option<Box<Message>>,
    "token" => token: String,
    "user" => user: Option<Box<User>>,
    "version" => version: i64,
}

/// Which command was used, and with what.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-data)
#[non_exhaustive]
CommandData {
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "id" => id: Id<CommandMarker>,
    "type" => kind: CommandType,
    "name" => name: String,
    "options" => options: Vec<CommandDataOption> [Maybe],
    "resolved" => resolved: Option<Box<ResolvedData>>,
    "target_id" => target_id: Option<Id<GenericMarker>>,
}

/// Which component was used, and what was chosen.
#[non_exhaustive]
ComponentData {
    "component_type" => component_type: ComponentType,
    "custom_id" => custom_id: String,
    /// Known from: `INTERACTION_CREATE` of components.
    "id" => id: Option<i64>,
    "resolved" => resolved: Option<Box<ResolvedData>>,
    "values" => values: Vec<String> [Maybe],
}

/// Which form was sent, and what is in it.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-modal-submit-data-structure)
#[non_exhaustive]
ModalData {
    "components" => components: Vec<Component>,
    /// At most 100 characters.
    "custom_id" => custom_id: String,
    "resolved" => resolved: Option<Box<ResolvedData>>,
}

/// The objects behind the ids of an interaction.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-resolved-data-structure)
#[non_exhaustive]
ResolvedData {
    "attachments" => attachments: BTreeMap<Id<AttachmentMarker>, Attachment> [Maybe],
    "channels" => channels: BTreeMap<Id<ChannelMarker>, Channel> [Maybe],
    "members" => members: BTreeMap<Id<UserMarker>, PartialMember> [Maybe],
    "messages" => messages: BTreeMap<Id<MessageMarker>, Message> [Maybe],
    "roles" => roles: BTreeMap<Id<RoleMarker>, Role> [Maybe],
    "users" => users: BTreeMap<Id<UserMarker>, User> [Maybe],
}

/// An activity that is running.
///
/// [Discord's page](https://discord.com/developers/docs/resources/application#get-application-activity-instance-activity-instance-object)
#[non_exhaustive]
ActivityInstance {
    "application_id" => application_id: Option<Id<ApplicationMarker>>,
    "instance_id" => instance_id: String,
    "launch_id" => launch_id: Option<Id<GenericMarker>>,
    "location" => location: Option<ActivityLocation>,
    "users" => users: Vec<Id<UserMarker>>,
}

/// Where an activity is running.
///
/// [Discord's page](https://discord.com/developers/docs/resources/application#get-application-activity-instance-activity-location-object)
#[non_exhaustive]
ActivityLocation {
    "channel_id" => channel_id: Id<ChannelMarker>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "id" => id: String,
    "kind" => kind: ActivityLocationKind,
}

/// An invite to a guild or a group.
///
/// [Discord's page](https://discord.com/developers/docs/resources/invite#invite-object)
#[non_exhaustive]
Invite {
    "approximate_member_count" => approximate_member_count: Option<i64>,
    "approximate_presence_count" => approximate_presence_count: Option<i64>,
    "channel" => channel: Option<InviteChannel>,
    "code" => code: String,
    "created_at" => created_at: Option<Timestamp>,
    "expires_at" => expires_at: Option<Timestamp>,
    "flags" => flags: Option<InviteFlags>,
    /// Known from: Discord's `OpenAPI` description.
    "friends_count" => friends_count: Option<i64>,
    "guild" => guild: Option<InviteGuild>,
    /// Known from: Discord's `OpenAPI` description.
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "guild_scheduled_event" => guild_scheduled_event: Option<ScheduledEvent>,
    "inviter" => inviter: Option<User>,
    /// Known from: Discord's `OpenAPI` description.
    "is_contact" => is_contact: Option<bool>,
    /// Known from: Discord's `OpenAPI` description.
    "is_nickname_changeable" => is_nickname_changeable: Option<bool>,
    "type" => kind: InviteType,
    /// Known from: Discord's `OpenAPI` description.
    "liveliness" => liveliness: Option<Json>,
    /// In seconds.
    "max_age" => max_age: Option<i64>,
    "max_uses" => max_uses: Option<i64>,
    "roles" => roles: Vec<InviteRole> [Maybe],
    /// Deprecated by Discord.
    "stage_instance" => stage_instance: Option<Json>,
    "target_application" => target_application: Option<PartialApplication>,
    /// Known from: Discord's `OpenAPI` description.
    "target_channel_id" => target_channel_id: Option<Id<ChannelMarker>>,
    /// Known from: Discord's `OpenAPI` description.
    "target_message_id" => target_message_id: Option<Id<MessageMarker>>,
    "target_type" => target_type: Option<InviteTargetType>,
    "target_user" => target_user: Option<User>,
    "temporary" => temporary: Option<bool>,
    "uses" => uses: Option<i64>,
}

/// The guild that an invite leads to.
#[non_exhaustive]
InviteGuild {
    "banner" => banner: Option<ImageHash>,
    "description" => description: Option<String>,
    "features" => features: Vec<GuildFeature>,
    "icon" => icon: Option<ImageHash>,
    "id" => id: Id<GuildMarker>,
    "name" => name: String,
    /// Known from: Discord's `OpenAPI` description.
    "nsfw" => nsfw: Option<bool>,
    "nsfw_level" => nsfw_level: NsfwLevel [Maybe],
    "premium_subscription_count" => premium_subscription_count: Option<i64>,
    "splash" => splash: Option<ImageHash>,
    "vanity_url_code" => vanity_url_code: Option<String>,
    "verification_level" => verification_level: VerificationLevel [Maybe],
}

/// The channel that an invite leads to.
#[non_exhaustive]
InviteChannel {
    "icon" => icon: Option<ImageHash>,
    "id" => id: Id<ChannelMarker>,
    "type" => kind: ChannelType,
    /// 1 to 100 characters.
    "name" => name: Option<String>,
    "recipients" => recipients: Option<Json>,
}

/// A role that an invite gives.
#[non_exhaustive]
InviteRole {
    /// Deprecated by Discord.
    "color" => color: i64,
    "colors" => colors: RoleColors,
    "icon" => icon: Option<ImageHash>,
    "id" => id: Id<RoleMarker>,
    "name" => name: String,
    /// Known from: Discord's `OpenAPI` description.
    "permissions" => permissions: Option<Permissions>,
    "position" => position: i64,
    "unicode_emoji" => unicode_emoji: Option<String>,
}

/// That a user or a guild may use something paid for.
///
/// [Discord's page](https://discord.com/developers/docs/monetization/entitlements#entitlement-object-entitlement-structure)
#[non_exhaustive]
Entitlement {
    "application_id" => application_id: Option<Id<ApplicationMarker>>,
    "consumed" => consumed: Option<bool>,
    "deleted" => deleted: bool,
    "ends_at" => ends_at: Option<Timestamp>,
    /// Known from: Discord's `OpenAPI` description.
    "fulfilled_at" => fulfilled_at: Option<Timestamp>,
    /// Known from: Discord's `OpenAPI` description.
    "fulfillment_status" => fulfillment_status: Option<i64>,
    /// Known from: Discord's `OpenAPI` description.
    "gifter_user_id" => gifter_user_id: Option<Id<UserMarker>>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "id" => id: Id<EntitlementMarker>,
    "type" => kind: EntitlementType,
    /// Known from: Discord's `OpenAPI` description.
    "parent_id" => parent_id: Option<Id<GenericMarker>>,
    "sku_id" => sku_id: Option<Id<SkuMarker>>,
    "starts_at" => starts_at: Option<Timestamp>,
    "user_id" => user_id: Option<Id<UserMarker>>,
}

/// Something that is sold.
///
/// [Discord's page](https://discord.com/developers/docs/monetization/skus#sku-object-sku-structure)
#[non_exhaustive]
Sku {
    "application_id" => application_id: Option<Id<ApplicationMarker>>,
    "flags" => flags: SkuFlags,
    "id" => id: Id<SkuMarker>,
    "type" => kind: SkuType,
    "name" => name: String,
    "slug" => slug: String,
}

/// Something that a user pays for again and again.
///
/// [Discord's page](https://discord.com/developers/docs/resources/subscription#subscription-object)
#[non_exhaustive]
Subscription {
    "canceled_at" => canceled_at: Option<Timestamp>,
    "country" => country: Option<String>,
    "current_period_end" => current_period_end: Timestamp,
    "current_period_start" => current_period_start: Timestamp,
    "entitlement_ids" => entitlement_ids: Vec<Id<EntitlementMarker>>,
    "id" => id: Id<SubscriptionMarker>,
    "renewal_sku_ids" => renewal_sku_ids: Vec<Id<SkuMarker>> [Maybe],
    "sku_ids" => sku_ids: Vec<Id<SkuMarker>>,
    "status" => status: SubscriptionStatus,
    "user_id" => user_id: Id<UserMarker>,
}

/// A user's status and what the user does.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#presence-update-presence-update-event-fields)
#[non_exhaustive]
Presence {
    "activities" => activities: Vec<Activity> [Maybe],
    "client_status" => client_status: ClientStatus [Maybe],
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "status" => status: Status [Maybe],
    "user" => user: PartialUser,
}

/// A user's status by kind of client.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#client-status-object)
#[non_exhaustive]
ClientStatus {
    "desktop" => desktop: Option<Status>,
    "mobile" => mobile: Option<Status>,
    "vr" => vr: Option<Status>,
    "web" => web: Option<Status>,
}

/// What a user does, says or listens to.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#activity-object-activity-structure)
#[non_exhaustive]
Activity {
    "application_id" => application_id: Option<Id<ApplicationMarker>>,
    "assets" => assets: Option<ActivityAssets>,
    /// At most 2.
    "buttons" => buttons: Vec<ActivityButton> [Maybe],
    "created_at" => created_at: Option<i64>,
    "details" => details: Option<String>,
    "details_url" => details_url: Option<String>,
    "emoji" => emoji: Option<PartialEmoji>,
    "flags" => flags: Option<ActivityFlags>,
    "id" => id: Option<String>,
    "instance" => instance: Option<bool>,
    "type" => kind: ActivityType,
    "name" => name: String,
    "party" => party: Option<ActivityParty>,
    "platform" => platform: Option<String>,
    "secrets" => secrets: Option<ActivitySecrets>,
    "session_id" => session_id: Option<String>,
    "state" => state: Option<String>,
    "state_url" => state_url: Option<String>,
    "status_display_type" => status_display_type: Option<StatusDisplayType>,
    "sync_id" => sync_id: Option<String>,
    "timestamps" => timestamps: Option<ActivityTimestamps>,
    "url" => url: Option<String>,
}

/// When an activity began and ends, in milliseconds since 1970; Discord does not check them.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#activity-object-activity-timestamps)
#[non_exhaustive]
ActivityTimestamps {
    /// In milliseconds.
    "end" => end: Option<i64>,
    /// In milliseconds.
    "start" => start: Option<i64>,
}

/// With how many a user plays.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#activity-object-activity-party)
#[non_exhaustive]
ActivityParty {
    "id" => id: Option<String>,
    "size" => size: Vec<i64> [Maybe],
}

/// Pictures of an activity.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#activity-object-activity-assets)
#[non_exhaustive]
ActivityAssets {
    "invite_cover_image" => invite_cover_image: Option<String>,
    "large_image" => large_image: Option<String>,
    "large_text" => large_text: Option<String>,
    "large_url" => large_url: Option<String>,
    "small_image" => small_image: Option<String>,
    "small_text" => small_text: Option<String>,
    "small_url" => small_url: Option<String>,
}

/// What joins or watches an activity.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway-events#activity-object-activity-secrets)
#[non_exhaustive]
ActivitySecrets {
    "join" => join: Option<String>,
    "match" => r#match: Option<String>,
    "spectate" => spectate: Option<String>,
}

/// The Gateway's address, and how many shards and sessions to open.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway#get-gateway-bot)
#[non_exhaustive]
GatewayBotInfo {
    "session_start_limit" => session_start_limit: SessionStartLimit,
    "shards" => shards: i64,
    "url" => url: String,
}

/// How many sessions may still begin.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway#session-start-limit-object)
#[non_exhaustive]
SessionStartLimit {
    /// In seconds.
    "max_concurrency" => max_concurrency: i64,
    "remaining" => remaining: i64,
    /// In milliseconds.
    "reset_after" => reset_after: i64,
    "total" => total: i64,
}

/// The Gateway's address.
///
/// [Discord's page](https://discord.com/developers/docs/topics/gateway#get-gateway)
#[non_exhaustive]
GatewayInfo {
    "url" => url: String,
}

/// The emojis of an application.
///
/// [Discord's page](https://discord.com/developers/docs/resources/emoji#list-application-emojis)
#[non_exhaustive]
EmojiList {
    "items" => items: Vec<Emoji>,
}

/// Discord's own packs of stickers.
///
/// [Discord's page](https://discord.com/developers/docs/resources/sticker#list-sticker-packs)
#[non_exhaustive]
StickerPackList {
    "sticker_packs" => sticker_packs: Vec<StickerPack>,
}

/// The sounds of a guild.
///
/// [Discord's page](https://discord.com/developers/docs/resources/soundboard#list-guild-soundboard-sounds)
#[non_exhaustive]
SoundboardSoundList {
    "items" => items: Vec<SoundboardSound>,
}

/// Users who voted for one answer of a poll.
///
/// [Discord's page](https://discord.com/developers/docs/resources/poll#get-answer-voters)
#[non_exhaustive]
PollAnswerVoters {
    "users" => users: Vec<User>,
}

/// Messages of a guild that were found, each in a list of its own.
///
/// [Discord's page](https://docs.discord.com/developers/resources/message#search-guild-messages-response-body)
#[non_exhaustive]
MessageSearch {
    "documents_indexed" => documents_indexed: Option<i64>,
    "doing_deep_historical_index" => doing_deep_historical_index: bool,
    "members" => members: Vec<ThreadMember> [Maybe],
    "messages" => messages: Vec<Vec<Message>>,
    "threads" => threads: Vec<Channel> [Maybe],
    "total_results" => total_results: i64,
}

/// How far Discord is with the users that an invite is for.
///
/// [Discord's page](https://docs.discord.com/developers/resources/invite#get-target-users-job-status)
#[non_exhaustive]
InviteTargetUsersJob {
    "completed_at" => completed_at: Option<Timestamp>,
    "created_at" => created_at: Option<Timestamp>,
    "error_message" => error_message: Option<String>,
    "processed_users" => processed_users: i64,
    "status" => status: InviteTargetUsersJobStatus,
    "total_users" => total_users: i64,
}

/// What a user allowed an application.
///
/// [Discord's page](https://discord.com/developers/docs/topics/oauth2#get-current-authorization-information)
#[non_exhaustive]
Authorization {
    "application" => application: Box<PartialApplication> [Spare],
    "expires" => expires: Option<Timestamp>,
    "scopes" => scopes: Vec<OauthScope>,
    "user" => user: Option<User>,
}

/// What a user linked to an application, by which guilds give roles.
///
/// [Discord's page](https://discord.com/developers/docs/resources/user#application-role-connection-object-application-role-connection-structure)
#[non_exhaustive]
ApplicationRoleConnection {
    /// At most 100 characters.
    "metadata" => metadata: BTreeMap<String, String> [Maybe],
    /// At most 50 characters.
    "platform_name" => platform_name: Option<String>,
    /// At most 100 characters.
    "platform_username" => platform_username: Option<String>,
}

/// A file that an application uploaded for its activity.
#[non_exhaustive]
ApplicationAttachment {
    "attachment" => attachment: Attachment,
}

/// Keys by which Discord signs the identities of users.
#[non_exhaustive]
PublicKeys {
    "keys" => keys: Vec<PublicKey>,
}

/// A key of Discord's, as JSON Web Keys are written.
#[non_exhaustive]
PublicKey {
    "alg" => alg: String,
    "e" => e: String,
    "kid" => kid: String,
    "kty" => kty: String,
    "n" => n: String,
    "use" => r#use: String,
}

/// A user by the standard claims of an identity provider.
#[non_exhaustive]
UserInfo {
    "email" => email: Option<String>,
    "email_verified" => email_verified: Option<bool>,
    "locale" => locale: Option<String>,
    "nickname" => nickname: Option<String>,
    "picture" => picture: Option<String>,
    "preferred_username" => preferred_username: Option<String>,
    "sub" => sub: String,
}

/// One recurrence of a scheduled event that is otherwise than the rule says.
#[non_exhaustive]
ScheduledEventException {
    "event_exception_id" => event_exception_id: Id<GenericMarker>,
    "event_id" => event_id: Option<Id<ScheduledEventMarker>>,
    "is_canceled" => is_canceled: bool,
    "scheduled_end_time" => scheduled_end_time: Option<Timestamp>,
    "scheduled_start_time" => scheduled_start_time: Option<Timestamp>,
}

/// How many users want to come to a scheduled event, and to those of its recurrences that were asked for.
#[non_exhaustive]
ScheduledEventUserCounts {
    "guild_scheduled_event_count" => guild_scheduled_event_count: i64,
    "guild_scheduled_event_exception_counts" => guild_scheduled_event_exception_counts: BTreeMap<Id<GenericMarker>, i64>,
}

/// Requests to join a guild.
#[non_exhaustive]
JoinRequests {
    "guild_join_requests" => guild_join_requests: Vec<JoinRequest> [Maybe],
    "total" => total: Option<i64>,
}

/// A user's request to join a guild.
#[non_exhaustive]
JoinRequest {
    "actioned_by_user" => actioned_by_user: Option<User>,
    "application_status" => application_status: Option<String>,
    "created_at" => created_at: Option<Timestamp>,
    "form_responses" => form_responses: Option<Json>,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "id" => id: Id<GenericMarker>,
    "rejection_reason" => rejection_reason: Option<String>,
    "reviewed_at" => reviewed_at: Option<Timestamp>,
    "user" => user: Option<User>,
    "user_id" => user_id: Id<UserMarker>,
}

/// What new members are told and shown in the guide of a guild.
#[non_exhaustive]
NewMemberWelcome {
    "enabled" => enabled: bool,
    "guild_id" => guild_id: Option<Id<GuildMarker>>,
    "new_member_actions" => new_member_actions: Vec<NewMemberAction>,
    "resource_channels" => resource_channels: Vec<ResourceChannel>,
    "welcome_message" => welcome_message: Option<NewMemberMessage>,
}

/// The words that greet new members.
#[non_exhaustive]
NewMemberMessage {
    "author_ids" => author_ids: Vec<Id<UserMarker>>,
    "message" => message: String,
}

/// Something that new members are asked to do.
#[non_exhaustive]
NewMemberAction {
    "action_type" => action_type: i64,
    "channel_id" => channel_id: Id<ChannelMarker>,
    "description" => description: String,
    "emoji" => emoji: Option<Json>,
    "icon" => icon: Option<ImageHash>,
    "title" => title: String,
}

/// A channel that new members are shown.
#[non_exhaustive]
ResourceChannel {
    "channel_id" => channel_id: Id<ChannelMarker>,
    "description" => description: String,
    "emoji" => emoji: Option<Json>,
    "icon" => icon: Option<ImageHash>,
    "title" => title: String,
}

/// A lobby of a game.
#[non_exhaustive]
Lobby {
    "application_id" => application_id: Option<Id<ApplicationMarker>>,
    "flags" => flags: i64,
    "id" => id: Id<GenericMarker>,
    "linked_channel" => linked_channel: Option<Box<Channel>>,
    "members" => members: Vec<LobbyMember>,
    "metadata" => metadata: BTreeMap<String, String> [Maybe],
    "override_event_webhooks_url" => override_event_webhooks_url: Option<String>,
}

/// A user in a lobby.
#[non_exhaustive]
LobbyMember {
    "additional_name" => additional_name: Option<String>,
    "flags" => flags: i64,
    "id" => id: Id<UserMarker>,
    "metadata" => metadata: BTreeMap<String, String> [Maybe],
}

/// A message in a lobby.
#[non_exhaustive]
LobbyMessage {
    "application_id" => application_id: Option<Id<ApplicationMarker>>,
    "author" => author: Option<User>,
    "channel_id" => channel_id: Option<Id<ChannelMarker>>,
    "content" => content: String,
    "flags" => flags: MessageFlags,
    "id" => id: Id<MessageMarker>,
    "type" => kind: MessageType,
    "lobby_id" => lobby_id: Option<Id<GenericMarker>>,
    "lobby_member" => lobby_member: Option<Json>,
    "metadata" => metadata: BTreeMap<String, String> [Maybe],
    "moderation_metadata" => moderation_metadata: BTreeMap<String, String> [Maybe],
}

/// An invite to the guild of a lobby's linked channel.
#[non_exhaustive]
LobbyInvite {
    "code" => code: String,
}

/// The token of an account that a game made for a user without one.
#[non_exhaustive]
ProvisionalToken {
    "access_token" => access_token: String,
    "expires_at_s" => expires_at_s: Option<i64>,
    "expires_in" => expires_in: i64,
    "id_token" => id_token: String,
    "refresh_token" => refresh_token: Option<String>,
    "scope" => scope: String,
    "scopes" => scopes: Vec<String> [Maybe],
    "token_type" => token_type: String,
}
}

defaults! { AvatarDecorationData, Collectibles, Nameplate, PrimaryGuild, PartialMember, Connection, ApplicationRoleConnectionMetadata, IncidentsData, WelcomeScreen, WelcomeScreenChannel, GuildWidgetMember, GuildWidgetSettings, MembershipScreening, MembershipScreeningField, RoleColors, RoleTags, IntegrationAccount, Template, VoiceRegion, ScheduledEventEntityMetadata, RecurrenceRule, RecurrenceRuleNWeekday, AutoModerationTriggerMetadata, AutoModerationAction, AutoModerationActionMetadata, AuditLog, AuditLogChange, AuditLogOptions, PermissionOverwrite, DefaultReaction, ThreadMetadata, ThreadMember, ThreadsListing, MessageActivity, MessageReference, MessageCall, SharedClientTheme, RoleSubscriptionData, MessageSnapshot, SnapshotMessage, PinsListing, Reaction, ReactionCountDetails, Embed, EmbedMedia, EmbedProvider, EmbedAuthor, EmbedFooter, EmbedField, AllowedMentions, Poll, PollMedia, PollAnswer, PollResults, PollAnswerCount, Emoji, PartialEmoji, ActionRow, Button, SelectMenu, SelectMenuOption, SelectDefaultValue, TextInput, Section, TextDisplay, Thumbnail, MediaGallery, MediaGalleryItem, FileDisplay, Separator, Container, Label, FileUpload, RadioGroup, RadioGroupOption, CheckboxGroup, CheckboxGroupOption, Checkbox, UnfurledMediaItem, BulkBan, PruneCount, VanityUrl, InteractionCallbackResource, InstallParams, IntegrationTypeConfig, CommandOption, CommandOptionChoice, CommandPermission, ComponentData, ModalData, ResolvedData, ActivityInstance, Invite, ClientStatus, Activity, ActivityTimestamps, ActivityParty, ActivityAssets, ActivitySecrets, GatewayBotInfo, SessionStartLimit, GatewayInfo, EmojiList, StickerPackList, SoundboardSoundList, PollAnswerVoters, MessageSearch, InviteTargetUsersJob, ApplicationRoleConnection, PublicKeys, PublicKey, UserInfo, ScheduledEventUserCounts, JoinRequests, NewMemberWelcome, NewMemberMessage, LobbyInvite, ProvisionalToken }
