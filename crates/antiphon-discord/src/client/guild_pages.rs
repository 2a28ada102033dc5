//! What a guild shows to newcomers and to others: preview, welcome screen, onboarding, widget.
//!
//! [Discord's page](https://discord.com/developers/docs/resources/guild)

use antiphon_discord_model::{
    GuildPreview, GuildWidget, GuildWidgetSettings, NewMemberWelcome, Onboarding, OnboardingMode,
    WelcomeScreen, WelcomeScreenChannel,
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker},
    },
};
use bytes::Bytes;
use serde::Serialize;

use super::{
    call::{Call, calls},
    fields::Fields,
    routes::routes,
};

routes! {
    /// Reads a guild's preview.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-preview)
    ///
    /// The bot is in the guild, or the guild is discoverable.
    guild_preview(guild: Id<GuildMarker>) -> Call<'_, GuildPreview> = Get ["guilds", guild, "preview"];

    /// Reads a guild's welcome screen.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-welcome-screen)
    ///
    /// Needs `MANAGE_GUILD` while it is not enabled.
    guild_welcome_screen(guild: Id<GuildMarker>) -> Call<'_, WelcomeScreen>
        = Get ["guilds", guild, "welcome-screen"];

    /// Changes a guild's welcome screen.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#modify-guild-welcome-screen)
    ///
    /// Needs `MANAGE_GUILD`.
    update_guild_welcome_screen(guild: Id<GuildMarker>) -> UpdateGuildWelcomeScreen<'_>
        = Patch ["guilds", guild, "welcome-screen"];

    /// Reads what the guide of a guild shows to new members; absent if the guild has none.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild)
    guild_new_member_welcome(guild: Id<GuildMarker>) -> Call<'_, Option<NewMemberWelcome>>
        = Get ["guilds", guild, "new-member-welcome"];

    /// Reads a guild's onboarding.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-onboarding)
    guild_onboarding(guild: Id<GuildMarker>) -> Call<'_, Onboarding> = Get ["guilds", guild, "onboarding"];

    /// Changes a guild's onboarding.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#modify-guild-onboarding)
    ///
    /// Needs `MANAGE_GUILD` and `MANAGE_ROLES`.
    /// An onboarding that is on has at least 7 default channels, of which everybody may write in 5.
    update_guild_onboarding(guild: Id<GuildMarker>) -> UpdateGuildOnboarding<'_>
        = Put ["guilds", guild, "onboarding"];

    /// Reads a guild's widget, as other sites see it.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-widget)
    ///
    /// A guild without a widget is [`RequestError::Forbidden`](crate::RequestError::Forbidden) with code 50004.
    guild_widget(guild: Id<GuildMarker>) -> Call<'_, GuildWidget> = Get ["guilds", guild, "widget.json"];

    /// Reads a picture of a guild's widget, as PNG.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-widget-image)
    guild_widget_image(guild: Id<GuildMarker>) -> GuildWidgetImage<'_> = Get ["guilds", guild, "widget.png"];

    /// Reads whether a guild has a widget, and for which channel it invites.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-widget-settings)
    ///
    /// Needs `MANAGE_GUILD`.
    guild_widget_settings(guild: Id<GuildMarker>) -> Call<'_, GuildWidgetSettings>
        = Get ["guilds", guild, "widget"];

    /// Changes whether a guild has a widget, and for which channel it invites.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#modify-guild-widget)
    ///
    /// Needs `MANAGE_GUILD`.
    update_guild_widget_settings(guild: Id<GuildMarker>) -> UpdateGuildWidgetSettings<'_>
        = Patch ["guilds", guild, "widget"];
}

calls! {
    /// A change of a welcome screen; see
    /// [`Client::update_guild_welcome_screen`](crate::Client::update_guild_welcome_screen).
    UpdateGuildWelcomeScreen(Fields) -> WelcomeScreen, Never, audited {
        /// Sets whether it is shown.
        enabled(enabled: bool) = "enabled";
        /// Sets the description, at most 140 characters; `None` removes it.
        description(description: Option<&str>) = "description" [0..=140];
        /// Sets the channels that it shows, at most 5, each described with 1 to 50 characters.
        welcome_channels(channels: &[WelcomeScreenChannel]) = "welcome_channels" [0..=5];
    }

    /// A change of an onboarding; see [`Client::update_guild_onboarding`](crate::Client::update_guild_onboarding).
    ///
    /// A field that is not set stays as it is.
    UpdateGuildOnboarding(Fields) -> Onboarding, Safe, audited {
        /// Sets the questions, at most 15: values that serialize to the JSON that Discord documents, such as
        /// [`OnboardingPrompt`](crate::model::OnboardingPrompt).
        prompts(prompts: &[impl Serialize]) = "prompts" [0..=15];
        /// Sets the channels that every member sees, at most 500.
        default_channel_ids(channels: &[Id<ChannelMarker>]) = "default_channel_ids" [0..=500];
        /// Sets whether it is on.
        enabled(enabled: bool) = "enabled";
        /// Sets whether channels of answers count for what an onboarding needs.
        mode(mode: OnboardingMode) = "mode";
    }

    /// A picture of a widget; see [`Client::guild_widget_image`](crate::Client::guild_widget_image).
    GuildWidgetImage(Fields) -> Bytes, Safe {
        /// Sets the style: `shield`, or `banner1` to `banner4`. Default: `shield`.
        style(style: &str) = "style";
    }

    /// A change of a widget; see
    /// [`Client::update_guild_widget_settings`](crate::Client::update_guild_widget_settings).
    UpdateGuildWidgetSettings(Fields) -> GuildWidgetSettings, Never, audited {
        /// Sets whether the guild has a widget.
        enabled(enabled: bool) = "enabled";
        /// Sets the channel to which it invites; `None` is none.
        channel_id(channel: Option<Id<ChannelMarker>>) = "channel_id";
    }
}
