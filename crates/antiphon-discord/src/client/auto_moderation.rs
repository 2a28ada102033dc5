//! Rules of automatic moderation.
//!
//! A guild has at most six rules for keywords, one each for spam, presets and mentions, and one for profiles.
//! All routes need `MANAGE_GUILD`, and `MODERATE_MEMBERS` for a rule that times members out.
//! Changes come as `discord.AUTO_MODERATION_RULE_CREATE`, `_UPDATE` and `_DELETE`, under the intent
//! `AUTO_MODERATION_CONFIGURATION`; what a rule does comes as `discord.AUTO_MODERATION_ACTION_EXECUTION`.
//! [Discord's page](https://discord.com/developers/docs/resources/auto-moderation)

use antiphon_discord_model::{
    AutoModerationAction, AutoModerationEventType, AutoModerationRule,
    AutoModerationTriggerMetadata, AutoModerationTriggerType,
    id::{
        Id,
        marker::{AutoModerationRuleMarker, ChannelMarker, GuildMarker, RoleMarker},
    },
};

use super::{
    call::{AuditedCall, Call, calls},
    fields::Fields,
    routes::routes,
};

routes! {
    /// Reads a guild's rules of automatic moderation.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/auto-moderation#list-auto-moderation-rules-for-guild)
    ///
    /// Needs `MANAGE_GUILD`.
    auto_moderation_rules(guild: Id<GuildMarker>) -> Call<'_, Vec<AutoModerationRule>>
        = Get ["guilds", guild, "auto-moderation", "rules"];

    /// Reads a rule of automatic moderation.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/auto-moderation#get-auto-moderation-rule)
    ///
    /// Needs `MANAGE_GUILD`.
    auto_moderation_rule(guild: Id<GuildMarker>, rule: Id<AutoModerationRuleMarker>)
        -> Call<'_, AutoModerationRule>
        = Get ["guilds", guild, "auto-moderation", "rules", rule];

    /// Creates a rule of automatic moderation.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/auto-moderation#create-auto-moderation-rule)
    ///
    /// Needs `MANAGE_GUILD`, and `MODERATE_MEMBERS` for time-outs.
    /// The name has 1 to 100 characters, and a rule 1 to 5 actions.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{AutoModerationAction, AutoModerationActionType, AutoModerationEventType, AutoModerationTriggerMetadata, AutoModerationTriggerType, id::{Id, marker::GuildMarker}}};
    /// # async fn f(client: Client, guild: Id<GuildMarker>) -> Result<(), RequestError> {
    /// let words = AutoModerationTriggerMetadata {
    ///     keyword_filter: Some(vec!["flat*".into()]),
    ///     ..AutoModerationTriggerMetadata::default()
    /// };
    /// let block = AutoModerationAction { kind: AutoModerationActionType::BlockMessage, ..AutoModerationAction::default() };
    /// let rule = client
    ///     .create_auto_moderation_rule(
    ///         guild,
    ///         "no flat notes",
    ///         AutoModerationEventType::MessageSend,
    ///         AutoModerationTriggerType::Keyword,
    ///         &[block],
    ///     )
    ///     .trigger_metadata(&words)
    ///     .enabled(true)
    ///     .await?;
    /// # let _ = rule; Ok(()) }
    /// ```
    create_auto_moderation_rule(
        guild: Id<GuildMarker>,
        name: &str,
        event_type: AutoModerationEventType,
        trigger_type: AutoModerationTriggerType,
        actions: &[AutoModerationAction],
    ) -> CreateAutoModerationRule<'_>
        = Post ["guilds", guild, "auto-moderation", "rules"]
            .bounded("name", 1..=100, name).set("event_type", event_type)
            .set("trigger_type", trigger_type).bounded("actions", 1..=5, actions);

    /// Changes a rule of automatic moderation.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/auto-moderation#modify-auto-moderation-rule)
    ///
    /// Needs `MANAGE_GUILD`, and `MODERATE_MEMBERS` for time-outs. The type of the trigger stays.
    update_auto_moderation_rule(guild: Id<GuildMarker>, rule: Id<AutoModerationRuleMarker>)
        -> UpdateAutoModerationRule<'_>
        = Patch ["guilds", guild, "auto-moderation", "rules", rule];

    /// Deletes a rule of automatic moderation.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/auto-moderation#delete-auto-moderation-rule)
    ///
    /// Needs `MANAGE_GUILD`.
    delete_auto_moderation_rule(guild: Id<GuildMarker>, rule: Id<AutoModerationRuleMarker>)
        -> AuditedCall<'_, ()>
        = Delete ["guilds", guild, "auto-moderation", "rules", rule];
}

calls! {
    /// A new rule; see [`Client::create_auto_moderation_rule`](crate::Client::create_auto_moderation_rule).
    CreateAutoModerationRule(Fields) -> AutoModerationRule, Never, audited {
        /// Sets what the rule looks for. Required for keywords, presets and mentions.
        trigger_metadata(metadata: &AutoModerationTriggerMetadata) = "trigger_metadata";
        /// Sets whether the rule is on. Default: no.
        enabled(enabled: bool) = "enabled";
        /// Sets the roles that the rule does not touch, at most 20.
        exempt_roles(roles: &[Id<RoleMarker>]) = "exempt_roles" [0..=20];
        /// Sets the channels that the rule does not touch, at most 50.
        exempt_channels(channels: &[Id<ChannelMarker>]) = "exempt_channels" [0..=50];
    }

    /// A change of a rule; see [`Client::update_auto_moderation_rule`](crate::Client::update_auto_moderation_rule).
    ///
    /// A field that is not set stays as it is.
    UpdateAutoModerationRule(Fields) -> AutoModerationRule, Never, audited {
        /// Sets the name, 1 to 100 characters.
        name(name: &str) = "name" [1..=100];
        /// Sets by what the rule is called.
        event_type(kind: AutoModerationEventType) = "event_type";
        /// Sets what the rule looks for.
        trigger_metadata(metadata: &AutoModerationTriggerMetadata) = "trigger_metadata";
        /// Sets what the rule does, 1 to 5 actions.
        actions(actions: &[AutoModerationAction]) = "actions" [1..=5];
        /// Sets whether the rule is on.
        enabled(enabled: bool) = "enabled";
        /// Sets the roles that the rule does not touch, at most 20.
        exempt_roles(roles: &[Id<RoleMarker>]) = "exempt_roles" [0..=20];
        /// Sets the channels that the rule does not touch, at most 50.
        exempt_channels(channels: &[Id<ChannelMarker>]) = "exempt_channels" [0..=50];
    }
}
