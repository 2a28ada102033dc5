//! One command of an application at a time, and who may use it in a guild.
//!
//! Replacing all commands at once is in `commands`, and costs fewer requests.
//! [Discord's page](https://discord.com/developers/docs/interactions/application-commands)

use antiphon_discord_model::{
    Command, CommandPermission, GuildCommandPermissions,
    id::{
        Id,
        marker::{ApplicationMarker, CommandMarker, GuildMarker},
    },
};
use serde::Serialize;

use super::{call::Call, routes::routes};

routes! {
    /// Reads a global command.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#get-global-application-command)
    global_command(application: Id<ApplicationMarker>, command: Id<CommandMarker>) -> Call<'_, Command>
        = Get ["applications", application, "commands", command];

    /// Creates a global command, or replaces the one of the same name and type.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#create-global-application-command)
    ///
    /// A command is any value that serializes to the JSON that Discord documents, such as a [`Command`].
    /// Discord takes 200 new ones a day.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::ApplicationMarker}};
    /// # async fn f(client: Client, application: Id<ApplicationMarker>) -> Result<(), RequestError> {
    /// let ping = serde_json::json!({"name": "ping", "description": "answers pong"});
    /// let command = client.create_global_command(application, &ping).await?;
    /// let hint = serde_json::json!({"description": "answers at once"});
    /// client.update_global_command(application, command.id, &hint).await?;
    /// # Ok(()) }
    /// ```
    create_global_command(application: Id<ApplicationMarker>, command: &impl Serialize) -> Call<'_, Command>
        = Post ["applications", application, "commands"].whole(command).safe();

    /// Changes the fields of a global command that the value has.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#edit-global-application-command)
    update_global_command(
        application: Id<ApplicationMarker>,
        command: Id<CommandMarker>,
        change: &impl Serialize,
    ) -> Call<'_, Command>
        = Patch ["applications", application, "commands", command].whole(change).safe();

    /// Reads a command of one guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#get-guild-application-command)
    guild_command(
        application: Id<ApplicationMarker>,
        guild: Id<GuildMarker>,
        command: Id<CommandMarker>,
    ) -> Call<'_, Command>
        = Get ["applications", application, "guilds", guild, "commands", command];

    /// Creates a command of one guild, or replaces the one of the same name and type.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#create-guild-application-command)
    ///
    /// A command is a value as in [`create_global_command`](Self::create_global_command).
    create_guild_command(
        application: Id<ApplicationMarker>,
        guild: Id<GuildMarker>,
        command: &impl Serialize,
    ) -> Call<'_, Command>
        = Post ["applications", application, "guilds", guild, "commands"].whole(command).safe();

    /// Changes the fields of a command of one guild that the value has.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#edit-guild-application-command)
    update_guild_command(
        application: Id<ApplicationMarker>,
        guild: Id<GuildMarker>,
        command: Id<CommandMarker>,
        change: &impl Serialize,
    ) -> Call<'_, Command>
        = Patch ["applications", application, "guilds", guild, "commands", command].whole(change).safe();

    /// Reads who may use the application's commands in a guild; commands without rules of their own are left out.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#get-guild-application-command-permissions)
    guild_command_permissions(application: Id<ApplicationMarker>, guild: Id<GuildMarker>)
        -> Call<'_, Vec<GuildCommandPermissions>>
        = Get ["applications", application, "guilds", guild, "commands", "permissions"];

    /// Reads who may use a command in a guild; `NotFound` with code 10066 if nobody has set it.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#get-application-command-permissions)
    command_permissions(
        application: Id<ApplicationMarker>,
        guild: Id<GuildMarker>,
        command: Id<CommandMarker>,
    ) -> Call<'_, GuildCommandPermissions>
        = Get ["applications", application, "guilds", guild, "commands", command, "permissions"];

    /// Sets who may use a command in a guild, at most 100 rules, for the user whose access token this is.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#edit-application-command-permissions)
    ///
    /// The token has the scope `applications.commands.permissions.update`, and its user `MANAGE_GUILD` and `MANAGE_ROLES`;
    /// Discord refuses a bot's.
    update_command_permissions(
        access_token: &str,
        application: Id<ApplicationMarker>,
        guild: Id<GuildMarker>,
        command: Id<CommandMarker>,
        permissions: &[CommandPermission],
    ) -> Call<'_, GuildCommandPermissions>
        = Put ["applications", application, "guilds", guild, "commands", command, "permissions"]
            .bearer(access_token).bounded("permissions", 0..=100, permissions);
}
