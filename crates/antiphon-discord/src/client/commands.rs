//! An application's slash commands and context menus.

use twilight_model::{
    application::command::Command,
    id::{
        Id,
        marker::{ApplicationMarker, CommandMarker, GuildMarker},
    },
};

use super::{Client, call::Call};
use crate::http::Repeat;

impl Client {
    /// Reads the commands that all guilds have.
    pub fn global_commands(&self, application: Id<ApplicationMarker>) -> Call<'_, Vec<Command>> {
        let interactions = self.http().builders().interaction(application);
        Call::new(self.http(), Repeat::Safe, interactions.global_commands())
    }

    /// Sets the commands that all guilds have, in place of those that there were, and gives them with their ids.
    pub fn set_global_commands(
        &self,
        application: Id<ApplicationMarker>,
        commands: &[Command],
    ) -> Call<'_, Vec<Command>> {
        let interactions = self.http().builders().interaction(application);
        let request = interactions.set_global_commands(commands);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Deletes a command that all guilds have.
    pub fn delete_global_command(
        &self,
        application: Id<ApplicationMarker>,
        command: Id<CommandMarker>,
    ) -> Call<'_, ()> {
        let interactions = self.http().builders().interaction(application);
        let request = interactions.delete_global_command(command);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads the commands that one guild has.
    pub fn guild_commands(
        &self,
        application: Id<ApplicationMarker>,
        guild: Id<GuildMarker>,
    ) -> Call<'_, Vec<Command>> {
        let interactions = self.http().builders().interaction(application);
        Call::new(
            self.http(),
            Repeat::Safe,
            interactions.guild_commands(guild),
        )
    }

    /// Sets the commands that one guild has, in place of those that there were, and gives them with their ids.
    pub fn set_guild_commands(
        &self,
        application: Id<ApplicationMarker>,
        guild: Id<GuildMarker>,
        commands: &[Command],
    ) -> Call<'_, Vec<Command>> {
        let interactions = self.http().builders().interaction(application);
        let request = interactions.set_guild_commands(guild, commands);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Deletes a command that one guild has.
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
