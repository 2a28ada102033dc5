//! Emojis of guilds and of the application.
//!
//! A picture is a data URI, which [`File::data_uri`](crate::File::data_uri) makes: PNG, JPEG, GIF, `WebP` or AVIF, at most
//! 256 KiB, and shown at 128 pixels.
//! A guild has 50 to 250 emojis and as many animated ones, by its boosts; an application has 2,000, which it may use
//! everywhere without a permission.
//! Changes of a guild's come as `discord.GUILD_EMOJIS_UPDATE` with all of them, under the intent `GUILD_EXPRESSIONS`;
//! changes of an application's come as no event.
//! [Discord's page](https://discord.com/developers/docs/resources/emoji)

use antiphon_discord_model::{
    Emoji, EmojiList,
    id::{
        Id,
        marker::{ApplicationMarker, EmojiMarker, GuildMarker, RoleMarker},
    },
};

use super::{
    call::{AuditedCall, Call, calls},
    fields::Fields,
    routes::routes,
};

routes! {
    /// Reads a guild's emojis.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/emoji#list-guild-emojis)
    ///
    /// Who made each is in it with `CREATE_GUILD_EXPRESSIONS` or `MANAGE_GUILD_EXPRESSIONS`.
    emojis(guild: Id<GuildMarker>) -> Call<'_, Vec<Emoji>> = Get ["guilds", guild, "emojis"];

    /// Reads an emoji of a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/emoji#get-guild-emoji)
    emoji(guild: Id<GuildMarker>, emoji: Id<EmojiMarker>) -> Call<'_, Emoji>
        = Get ["guilds", guild, "emojis", emoji];

    /// Creates an emoji of a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/emoji#create-guild-emoji)
    ///
    /// Needs `CREATE_GUILD_EXPRESSIONS`. The name has 2 to 32 characters.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, File, model::id::{Id, marker::GuildMarker}};
    /// # async fn f(client: Client, guild: Id<GuildMarker>) -> Result<(), Box<dyn std::error::Error>> {
    /// let note = File::new("note.png", std::fs::read("note.png")?);
    /// let emoji = client.create_emoji(guild, "note", &note.data_uri()).reason("for the choir").await?;
    /// println!("<:{}:{:?}>", emoji.name.as_deref().unwrap_or_default(), emoji.id);
    /// # Ok(()) }
    /// ```
    create_emoji(guild: Id<GuildMarker>, name: &str, image: &str) -> CreateEmoji<'_>
        = Post ["guilds", guild, "emojis"].bounded("name", 2..=32, name).set("image", image);

    /// Changes an emoji of a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/emoji#modify-guild-emoji)
    ///
    /// Needs `MANAGE_GUILD_EXPRESSIONS`, or `CREATE_GUILD_EXPRESSIONS` for one that the bot made.
    update_emoji(guild: Id<GuildMarker>, emoji: Id<EmojiMarker>) -> UpdateEmoji<'_>
        = Patch ["guilds", guild, "emojis", emoji];

    /// Deletes an emoji of a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/emoji#delete-guild-emoji)
    ///
    /// Needs `MANAGE_GUILD_EXPRESSIONS`, or `CREATE_GUILD_EXPRESSIONS` for one that the bot made.
    delete_emoji(guild: Id<GuildMarker>, emoji: Id<EmojiMarker>) -> AuditedCall<'_, ()>
        = Delete ["guilds", guild, "emojis", emoji];

    /// Reads the application's emojis.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/emoji#list-application-emojis)
    get_application_emojis(application: Id<ApplicationMarker>) -> Call<'_, EmojiList>
        = Get ["applications", application, "emojis"];

    /// Reads an emoji of the application.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/emoji#get-application-emoji)
    get_application_emoji(application: Id<ApplicationMarker>, emoji: Id<EmojiMarker>) -> Call<'_, Emoji>
        = Get ["applications", application, "emojis", emoji];

    /// Creates an emoji of the application.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/emoji#create-application-emoji)
    ///
    /// The name has 2 to 32 characters.
    add_application_emoji(application: Id<ApplicationMarker>, name: &str, image: &str) -> Call<'_, Emoji>
        = Post ["applications", application, "emojis"].bounded("name", 2..=32, name).set("image", image);

    /// Renames an emoji of the application.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/emoji#modify-application-emoji)
    ///
    /// The name has 2 to 32 characters.
    update_application_emoji(application: Id<ApplicationMarker>, emoji: Id<EmojiMarker>, name: &str)
        -> Call<'_, Emoji>
        = Patch ["applications", application, "emojis", emoji].bounded("name", 2..=32, name);

    /// Deletes an emoji of the application.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/emoji#delete-application-emoji)
    delete_application_emoji(application: Id<ApplicationMarker>, emoji: Id<EmojiMarker>) -> Call<'_, ()>
        = Delete ["applications", application, "emojis", emoji];
}

calls! {
    /// A new emoji; see [`Client::create_emoji`](crate::Client::create_emoji).
    CreateEmoji(Fields) -> Emoji, Never, audited {
        /// Sets the roles that may use it. Default: everybody.
        roles(roles: &[Id<RoleMarker>]) = "roles";
    }

    /// A change of an emoji; see [`Client::update_emoji`](crate::Client::update_emoji).
    UpdateEmoji(Fields) -> Emoji, Never, audited {
        /// Sets the name, 2 to 32 characters.
        name(name: &str) = "name" [2..=32];
        /// Sets the roles that may use it; `None` lets everybody.
        roles(roles: Option<&[Id<RoleMarker>]>) = "roles";
    }
}
