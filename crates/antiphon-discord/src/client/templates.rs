//! Templates of guilds.
//!
//! A template keeps a guild's settings, roles and channels as they were when it was last synchronized, under a code that
//! anybody may read; a guild has one at most.
//! Bots cannot make guilds of them any more.
//! [Discord's page](https://discord.com/developers/docs/resources/guild-template)

use antiphon_discord_model::{
    Template,
    id::{Id, marker::GuildMarker},
};

use super::{
    call::{Call, calls},
    fields::Fields,
    routes::routes,
};

routes! {
    /// Reads a template by its code.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-template#get-guild-template)
    ///
    /// The bot need not be in the guild.
    get_template(code: &str) -> Call<'_, Template> = Get ["guilds", "templates", code];

    /// Reads a guild's templates.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-template#get-guild-templates)
    ///
    /// Needs `MANAGE_GUILD`.
    get_templates(guild: Id<GuildMarker>) -> Call<'_, Vec<Template>> = Get ["guilds", guild, "templates"];

    /// Creates a template of a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-template#create-guild-template)
    ///
    /// Needs `MANAGE_GUILD`. The name has 1 to 100 characters.
    create_template(guild: Id<GuildMarker>, name: &str) -> CreateTemplate<'_>
        = Post ["guilds", guild, "templates"].bounded("name", 1..=100, name);

    /// Brings a template up to date with its guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-template#sync-guild-template)
    ///
    /// Needs `MANAGE_GUILD`.
    sync_template(guild: Id<GuildMarker>, code: &str) -> Call<'_, Template>
        = Put ["guilds", guild, "templates", code];

    /// Changes name and description of a template.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-template#modify-guild-template)
    ///
    /// Needs `MANAGE_GUILD`.
    update_template(guild: Id<GuildMarker>, code: &str) -> UpdateTemplate<'_>
        = Patch ["guilds", guild, "templates", code];

    /// Deletes a template.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-template#delete-guild-template)
    ///
    /// Needs `MANAGE_GUILD`.
    delete_template(guild: Id<GuildMarker>, code: &str) -> Call<'_, ()>
        = Delete ["guilds", guild, "templates", code];
}

calls! {
    /// A new template; see [`Client::create_template`](crate::Client::create_template).
    CreateTemplate(Fields) -> Template, Never {
        /// Sets the description, at most 120 characters.
        description(description: &str) = "description" [0..=120];
    }

    /// A change of a template; see [`Client::update_template`](crate::Client::update_template).
    UpdateTemplate(Fields) -> Template, Never {
        /// Sets the name, 1 to 100 characters.
        name(name: &str) = "name" [1..=100];
        /// Sets the description, at most 120 characters; `None` removes it.
        description(description: Option<&str>) = "description" [0..=120];
    }
}
