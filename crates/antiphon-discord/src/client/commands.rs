//! An application's slash commands and context menus.
//!
//! Commands are declared once, usually at the start, and stay until they are replaced; a bot without changes need not send
//! them again ([Discord's page](https://discord.com/developers/docs/interactions/application-commands)).
//! Global commands are in every guild and in direct messages; a guild's own are there at once, which is handy while a
//! command is written.
//! Using one brings an [`InteractionCreate`](crate::InteractionCreate), without any intent.
//!
//! The application's id is in READY, in [`Client::current_user_application`], and for most bots equal to the bot's user id.

use antiphon_discord_model::{
    Command,
    id::{
        Id,
        marker::{ApplicationMarker, CommandMarker, GuildMarker},
    },
};
use serde::Serialize;
use twilight_http::{request::Request, routing::Route};

use super::{Client, call::Call};
use crate::http::{Repeat, UnsentRequest};

impl Client {
    /// Reads the global commands, with their translations.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#get-global-application-commands)
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::ApplicationMarker}};
    /// # async fn f(client: Client, application: Id<ApplicationMarker>) -> Result<(), RequestError> {
    /// for command in client.global_commands(application).await? {
    ///     println!("/{}: {}", command.name, command.description);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn global_commands(&self, application: Id<ApplicationMarker>) -> Call<'_, Vec<Command>> {
        let interactions = self.http().builders().interaction(application);
        let request = interactions.global_commands().with_localizations(true);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Replaces all global commands, and returns the new ones with their ids.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#bulk-overwrite-global-application-commands)
    ///
    /// A command is any value that serializes to the JSON that Discord documents, such as a [`Command`].
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::ApplicationMarker}};
    /// # async fn f(client: Client, application: Id<ApplicationMarker>) -> Result<(), RequestError> {
    /// let ping = serde_json::json!({"name": "ping", "description": "answers pong"});
    /// client.set_global_commands(application, &[ping]).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// An empty list removes all commands.
    /// A command that was there before keeps its id and its permissions, by its name and type.
    /// Discord takes 100 slash commands and a smaller number of user and message commands, and 200 new ones a day.
    /// The client does not check the values: an error of Discord's names the field, such as `[0].description`.
    ///
    /// A command with an option and choices:
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::ApplicationMarker}};
    /// # async fn f(client: Client, application: Id<ApplicationMarker>) -> Result<(), RequestError> {
    /// let sing = serde_json::json!({
    ///     "name": "sing",
    ///     "description": "sings a song",
    ///     "options": [{
    ///         "type": 3,
    ///         "name": "song",
    ///         "description": "which one",
    ///         "required": true,
    ///         "choices": [{"name": "Miserere", "value": "miserere"}, {"name": "Lux aeterna", "value": "lux"}],
    ///     }],
    /// });
    /// let declared = client.set_global_commands(application, &[sing]).await?;
    /// println!("/{} has the id {}", declared[0].name, declared[0].id);
    /// # Ok(()) }
    /// ```
    pub fn set_global_commands(
        &self,
        application: Id<ApplicationMarker>,
        commands: &[impl Serialize],
    ) -> Call<'_, Vec<Command>> {
        let application_id = application.get();
        let request = Request::builder(&Route::SetGlobalCommands { application_id });
        let request = request.json(&commands).build();
        Call::of(
            self.http(),
            UnsentRequest::new(request.map_err(Into::into), Repeat::Safe),
        )
    }

    /// Deletes a global command.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#delete-global-application-command)
    ///
    /// Users who still see the command get an error of Discord's own.
    pub fn delete_global_command(
        &self,
        application: Id<ApplicationMarker>,
        command: Id<CommandMarker>,
    ) -> Call<'_, ()> {
        let interactions = self.http().builders().interaction(application);
        let request = interactions.delete_global_command(command);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads the commands of one guild, with their translations.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#get-guild-application-commands)
    pub fn guild_commands(
        &self,
        application: Id<ApplicationMarker>,
        guild: Id<GuildMarker>,
    ) -> Call<'_, Vec<Command>> {
        let interactions = self.http().builders().interaction(application);
        let request = interactions.guild_commands(guild).with_localizations(true);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Replaces all commands of one guild, and returns the new ones with their ids.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#bulk-overwrite-guild-application-commands)
    ///
    /// Commands are values as in [`set_global_commands`](Self::set_global_commands).
    ///
    /// A global command of the same name stays, and users of the guild see both.
    /// Needs the scope `applications.commands` in the guild, or is refused with code 50001.
    pub fn set_guild_commands(
        &self,
        application: Id<ApplicationMarker>,
        guild: Id<GuildMarker>,
        commands: &[impl Serialize],
    ) -> Call<'_, Vec<Command>> {
        let route = Route::SetGuildCommands {
            application_id: application.get(),
            guild_id: guild.get(),
        };
        let request = Request::builder(&route).json(&commands).build();
        Call::of(
            self.http(),
            UnsentRequest::new(request.map_err(Into::into), Repeat::Safe),
        )
    }

    /// Deletes a command of one guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/application-commands#delete-guild-application-command)
    pub fn delete_guild_command(
        &self,
        application: Id<ApplicationMarker>,
        guild: Id<GuildMarker>,
        command: Id<CommandMarker>,
    ) -> Call<'_, ()> {
        let interactions = self.http().builders().interaction(application);
        let request = interactions.delete_guild_command(guild, command);
        Call::new(self.http(), Repeat::Safe, request)
    }
}
