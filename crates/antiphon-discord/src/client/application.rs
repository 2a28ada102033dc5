//! The application itself: its settings, what users authorized it to do, its activities, and the Gateway's address.
//!
//! A user who authorizes the application by `OAuth2` gives it an access token; the methods that take one act for that user,
//! and Discord refuses a bot's token for them.
//! A wrong or expired access token is [`RequestError::Refused`](crate::RequestError::Refused) with status 401, and has no
//! effect on the bot's own token.
//! Such requests wait under the bot's own rate limits, which is stricter than Discord asks for.
//! [Discord's page](https://discord.com/developers/docs/topics/oauth2)

use std::collections::BTreeMap;

use antiphon_discord_model::{
    ActivityInstance, Application, ApplicationAttachment, ApplicationFlags,
    ApplicationIntegrationType, ApplicationRoleConnection, ApplicationRoleConnectionMetadata,
    ApplicationWebhookEventStatus, ApplicationWebhookEventType, Authorization, Connection,
    GatewayBotInfo, GatewayInfo, InstallParams, IntegrationTypeConfig, Member, PublicKeys, User,
    UserInfo,
    id::{
        Id,
        marker::{ApplicationMarker, GuildMarker},
    },
};

use super::{
    call::{Call, calls},
    fields::Fields,
    files::File,
    routes::routes,
};

routes! {
    /// Reads the Gateway's address, without a token.
    ///
    /// [Discord's page](https://discord.com/developers/docs/events/gateway#get-gateway)
    gateway() -> Call<'_, GatewayInfo> = Get ["gateway"].open();

    /// Reads the Gateway's address, the recommended number of shards, and the budget of identifies.
    ///
    /// [Discord's page](https://discord.com/developers/docs/events/gateway#get-gateway-bot)
    ///
    /// The source asks for it by itself.
    gateway_bot() -> Call<'_, GatewayBotInfo> = Get ["gateway", "bot"];

    /// Changes the bot's user.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/user#modify-current-user)
    ///
    /// The event is `discord.USER_UPDATE`. Discord allows two new names in an hour.
    update_current_user() -> UpdateCurrentUser<'_> = Patch ["users", "@me"];

    /// Reads the bot's application by its id.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/application#get-current-application)
    application(application: Id<ApplicationMarker>) -> Call<'_, Application>
        = Get ["applications", application];

    /// Changes the bot's application.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/application#edit-current-application)
    update_current_user_application() -> UpdateApplication<'_> = Patch ["applications", "@me"];

    /// Changes the bot's application by its id.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/application#edit-current-application)
    update_application(application: Id<ApplicationMarker>) -> UpdateApplication<'_>
        = Patch ["applications", application];

    /// Reads the bot's application as `OAuth2` shows it.
    ///
    /// [Discord's page](https://discord.com/developers/docs/topics/oauth2#get-current-bot-application-information)
    oauth2_application() -> Call<'_, Application> = Get ["oauth2", "applications", "@me"];

    /// Reads the keys by which Discord signs identities of `OpenID` Connect.
    ///
    /// [Discord's page](https://discord.com/developers/docs/topics/oauth2)
    oauth2_keys() -> Call<'_, PublicKeys> = Get ["oauth2", "keys"].open();

    /// Reads a running activity of the application; `NotFound` if it has ended.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/application#get-application-activity-instance)
    activity_instance(application: Id<ApplicationMarker>, instance: &str) -> Call<'_, ActivityInstance>
        = Get ["applications", application, "activity-instances", instance];

    /// Uploads a file that the application's activity shows in Discord.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/application)
    upload_application_attachment(application: Id<ApplicationMarker>, file: &File)
        -> Call<'_, ApplicationAttachment>
        = Post ["applications", application, "attachment"].form("file", file);

    /// Reads by which values of linked accounts guilds give roles.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/application-role-connection-metadata#get-application-role-connection-metadata-records)
    application_role_connection_metadata(application: Id<ApplicationMarker>)
        -> Call<'_, Vec<ApplicationRoleConnectionMetadata>>
        = Get ["applications", application, "role-connections", "metadata"];

    /// Replaces by which values of linked accounts guilds give roles, at most 5.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/application-role-connection-metadata#update-application-role-connection-metadata-records)
    set_application_role_connection_metadata(
        application: Id<ApplicationMarker>,
        records: &[ApplicationRoleConnectionMetadata],
    ) -> Call<'_, Vec<ApplicationRoleConnectionMetadata>>
        = Put ["applications", application, "role-connections", "metadata"].list(0..=5, records);

    /// Reads what an access token allows, and the user who gave it.
    ///
    /// [Discord's page](https://discord.com/developers/docs/topics/oauth2#get-current-authorization-information)
    current_authorization(access_token: &str) -> Call<'_, Authorization>
        = Get ["oauth2", "@me"].bearer(access_token);

    /// Reads the user who gave an access token, as `OpenID` Connect has it. Needs the scope `openid`.
    ///
    /// [Discord's page](https://discord.com/developers/docs/topics/oauth2)
    user_info(access_token: &str) -> Call<'_, UserInfo> = Get ["oauth2", "userinfo"].bearer(access_token);

    /// Reads the accounts that the user has linked. Needs the scope `connections`.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/user#get-current-user-connections)
    current_user_connections(access_token: &str) -> Call<'_, Vec<Connection>>
        = Get ["users", "@me", "connections"].bearer(access_token);

    /// Reads the user's member of a guild. Needs the scope `guilds.members.read`.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/user#get-current-user-guild-member)
    current_user_guild_member(access_token: &str, guild: Id<GuildMarker>) -> Call<'_, Member>
        = Get ["users", "@me", "guilds", guild, "member"].bearer(access_token);

    /// Reads what the user has linked to the application. Needs the scope `role_connections.write`.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/user#get-current-user-application-role-connection)
    role_connection(access_token: &str, application: Id<ApplicationMarker>) -> Call<'_, ApplicationRoleConnection>
        = Get ["users", "@me", "applications", application, "role-connection"].bearer(access_token);

    /// Sets what the user has linked to the application. Needs the scope `role_connections.write`.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/user#update-current-user-application-role-connection)
    set_role_connection(access_token: &str, application: Id<ApplicationMarker>) -> SetRoleConnection<'_>
        = Put ["users", "@me", "applications", application, "role-connection"].bearer(access_token);

    /// Removes what the user has linked to the application. Needs the scope `role_connections.write`.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/user#update-current-user-application-role-connection)
    delete_role_connection(access_token: &str, application: Id<ApplicationMarker>) -> Call<'_, ()>
        = Delete ["users", "@me", "applications", application, "role-connection"].bearer(access_token);
}

calls! {
    /// A change of the bot's user; see [`Client::update_current_user`](crate::Client::update_current_user).
    UpdateCurrentUser(Fields) -> User, Never {
        /// Sets the name, 2 to 32 characters.
        username(name: &str) = "username" [2..=32];
        /// Sets the picture as a data URI; `None` removes it.
        avatar(avatar: Option<&str>) = "avatar";
        /// Sets the banner as a data URI; `None` removes it.
        banner(banner: Option<&str>) = "banner";
    }

    /// A change of the application; see
    /// [`Client::update_current_user_application`](crate::Client::update_current_user_application).
    ///
    /// A field that is not set stays as it is.
    UpdateApplication(Fields) -> Application, Never {
        /// Sets the description, at most 400 characters.
        description(description: &str) = "description" [0..=400];
        /// Sets the icon as a data URI; `None` removes it.
        icon(icon: Option<&str>) = "icon";
        /// Sets the picture of invitations to activities as a data URI; `None` removes it.
        cover_image(image: Option<&str>) = "cover_image";
        /// Sets the URL to which Discord sends interactions instead of the Gateway; `None` goes back to the Gateway.
        interactions_endpoint_url(url: Option<&str>) = "interactions_endpoint_url";
        /// Sets the URL at which users verify their linked roles; `None` removes it.
        role_connections_verification_url(url: Option<&str>) = "role_connections_verification_url";
        /// Sets the URL that adds the application; `None` removes it.
        custom_install_url(url: Option<&str>) = "custom_install_url";
        /// Sets what the application asks for when it is installed.
        install_params(params: &InstallParams) = "install_params";
        /// Sets how the application is installed for guilds and for users.
        integration_types_config(config: &BTreeMap<ApplicationIntegrationType, IntegrationTypeConfig>)
            = "integration_types_config";
        /// Sets the flags of limited intents, which unverified applications may have.
        flags(flags: ApplicationFlags) = "flags";
        /// Sets the words that describe it, at most 5 of 20 characters.
        tags(tags: &[&str]) = "tags" [0..=5];
        /// Sets the URL to which Discord sends events of the application.
        event_webhooks_url(url: Option<&str>) = "event_webhooks_url";
        /// Sets whether Discord sends events of the application.
        event_webhooks_status(status: ApplicationWebhookEventStatus) = "event_webhooks_status";
        /// Sets which events of the application Discord sends.
        event_webhooks_types(types: &[ApplicationWebhookEventType]) = "event_webhooks_types";
    }

    /// What a user links; see [`Client::set_role_connection`](crate::Client::set_role_connection).
    SetRoleConnection(Fields) -> ApplicationRoleConnection, Safe {
        /// Sets the name of the platform, at most 50 characters.
        platform_name(name: &str) = "platform_name" [0..=50];
        /// Sets the user's name there, at most 100 characters.
        platform_username(name: &str) = "platform_username" [0..=100];
        /// Sets values by the keys of the application's records, each at most 100 characters.
        metadata(values: &BTreeMap<String, String>) = "metadata";
    }
}
