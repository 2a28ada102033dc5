//! Settings of guilds, the order of their channels, and their integrations.
//!
//! Changes come as `discord.GUILD_UPDATE`, `discord.CHANNEL_UPDATE` and `discord.INTEGRATION_DELETE`.
//! [Discord's page](https://discord.com/developers/docs/resources/guild)

use std::collections::BTreeMap;

use antiphon_discord_model::{
    DefaultMessageNotificationLevel, ExplicitContentFilter, Guild, GuildFeature, Integration,
    MfaLevel, SystemChannelFlags, VerificationLevel, VoiceRegion,
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, IntegrationMarker, RoleMarker},
    },
};
use serde::Serialize;

use super::{
    call::{AuditedCall, Call, calls},
    fields::Fields,
    routes::routes,
};

/// A channel and its new place in a guild's list.
///
/// Used by [`Client::update_guild_channel_positions`](crate::Client::update_guild_channel_positions).
///
/// ```
/// use antiphon_discord::{client::ChannelPosition, model::id::Id};
///
/// let first = ChannelPosition::new(Id::new(22), 0);
/// let moved = ChannelPosition { parent_id: Some(Id::new(77)), lock_permissions: Some(true), ..first };
/// # let _ = moved;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelPosition {
    /// Channel to move.
    pub id: Id<ChannelMarker>,
    /// Position from the top, from 0; absent leaves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// Category to move it into; absent leaves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<Id<ChannelMarker>>,
    /// Whether it takes the overwrites of its new category; absent means no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_permissions: Option<bool>,
}

impl ChannelPosition {
    /// Moves a channel to this position.
    pub fn new(id: Id<ChannelMarker>, position: u64) -> Self {
        Self {
            id,
            position: Some(position),
            parent_id: None,
            lock_permissions: None,
        }
    }
}

routes! {
    /// Changes a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#modify-guild)
    ///
    /// Needs `MANAGE_GUILD`.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::{ChannelMarker, GuildMarker}}};
    /// # async fn f(client: Client, guild: Id<GuildMarker>, quiet: Id<ChannelMarker>) -> Result<(), RequestError> {
    /// client.update_guild(guild).name("choir").afk_channel_id(Some(quiet)).afk_timeout(300).reason("order").await?;
    /// # Ok(()) }
    /// ```
    update_guild(guild: Id<GuildMarker>) -> UpdateGuild<'_> = Patch ["guilds", guild];

    /// Moves channels in a guild's list.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#modify-guild-channel-positions)
    ///
    /// Needs `MANAGE_CHANNELS`. Channels that are not listed keep their order.
    update_guild_channel_positions(guild: Id<GuildMarker>, channels: &[ChannelPosition]) -> AuditedCall<'_, ()>
        = Patch ["guilds", guild, "channels"].whole(channels);

    /// Sets whether moderators need two-factor authentication.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#modify-guild-mfa-level)
    ///
    /// Only the guild's owner may: a bot is refused with code 50013 unless it owns the guild.
    update_guild_mfa(guild: Id<GuildMarker>, level: MfaLevel) -> AuditedCall<'_, ()>
        = Post ["guilds", guild, "mfa"].set("level", level);

    /// Reads the regions that a guild's voice channels can be in.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-voice-regions)
    guild_voice_regions(guild: Id<GuildMarker>) -> Call<'_, Vec<VoiceRegion>> = Get ["guilds", guild, "regions"];

    /// Reads a guild's integrations, at most 50.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-integrations)
    ///
    /// Needs `MANAGE_GUILD`.
    guild_integrations(guild: Id<GuildMarker>) -> Call<'_, Vec<Integration>>
        = Get ["guilds", guild, "integrations"];

    /// Removes an integration with its webhooks, and kicks its bot.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#delete-guild-integration)
    ///
    /// Needs `MANAGE_GUILD`.
    delete_guild_integration(guild: Id<GuildMarker>, integration: Id<IntegrationMarker>) -> AuditedCall<'_, ()>
        = Delete ["guilds", guild, "integrations", integration];

    /// Counts the members of each of a guild's roles; `@everyone` is left out.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-role-member-counts)
    role_member_counts(guild: Id<GuildMarker>) -> Call<'_, BTreeMap<Id<RoleMarker>, i64>>
        = Get ["guilds", guild, "roles", "member-counts"];
}

calls! {
    /// A change of a guild; see [`Client::update_guild`](crate::Client::update_guild).
    ///
    /// A field that is not set stays as it is; `None` removes it.
    UpdateGuild(Fields) -> Guild, Never, audited {
        /// Sets the name, 2 to 100 characters.
        name(name: &str) = "name" [2..=100];
        /// Sets the description, at most 300 characters.
        description(description: Option<&str>) = "description" [0..=300];
        /// Sets what a user needs for writing.
        verification_level(level: VerificationLevel) = "verification_level";
        /// Sets what members are notified of by default.
        default_message_notifications(level: DefaultMessageNotificationLevel) = "default_message_notifications";
        /// Sets whose pictures are looked at.
        explicit_content_filter(filter: ExplicitContentFilter) = "explicit_content_filter";
        /// Sets the voice channel to which silent members are moved.
        afk_channel_id(channel: Option<Id<ChannelMarker>>) = "afk_channel_id";
        /// Sets after how many seconds of silence: 60, 300, 900, 1,800 or 3,600.
        afk_timeout(seconds: u16) = "afk_timeout" [60..=3_600];
        /// Sets the icon as a data URI.
        icon(icon: Option<&str>) = "icon";
        /// Sets the picture behind invites as a data URI. Needs the feature `INVITE_SPLASH`.
        splash(splash: Option<&str>) = "splash";
        /// Sets the picture in the list of guilds as a data URI. Needs the feature `DISCOVERABLE`.
        discovery_splash(splash: Option<&str>) = "discovery_splash";
        /// Sets the banner as a data URI. Needs the feature `BANNER`.
        banner(banner: Option<&str>) = "banner";
        /// Sets the channel for messages of the guild itself, such as joins.
        system_channel_id(channel: Option<Id<ChannelMarker>>) = "system_channel_id";
        /// Sets which of these messages are left out.
        system_channel_flags(flags: SystemChannelFlags) = "system_channel_flags";
        /// Sets the channel for rules.
        rules_channel_id(channel: Option<Id<ChannelMarker>>) = "rules_channel_id";
        /// Sets the channel for Discord's notes to the moderators.
        public_updates_channel_id(channel: Option<Id<ChannelMarker>>) = "public_updates_channel_id";
        /// Sets the channel for Discord's warnings to the moderators.
        safety_alerts_channel_id(channel: Option<Id<ChannelMarker>>) = "safety_alerts_channel_id";
        /// Sets the language, such as `de`. Default: `en-US`.
        preferred_locale(locale: Option<&str>) = "preferred_locale";
        /// Replaces the features that may be changed: `COMMUNITY`, `DISCOVERABLE`, `INVITES_DISABLED`,
        /// `RAID_ALERTS_DISABLED`.
        features(features: &[GuildFeature]) = "features";
        /// Sets whether the progress of boosts is shown.
        premium_progress_bar_enabled(enabled: bool) = "premium_progress_bar_enabled";
    }
}
