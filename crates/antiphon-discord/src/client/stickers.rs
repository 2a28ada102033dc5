//! Stickers of guilds, and Discord's own.
//!
//! A guild's sticker is a file: PNG, APNG or GIF of 320 × 320 pixels, or Lottie JSON in guilds that may, at most 512 KiB.
//! Changes come as `discord.GUILD_STICKERS_UPDATE` with all of them, under the intent `GUILD_EXPRESSIONS`.
//! [Discord's page](https://discord.com/developers/docs/resources/sticker)

use antiphon_discord_model::{
    Sticker, StickerPack, StickerPackList,
    id::{
        Id,
        marker::{GuildMarker, StickerMarker, StickerPackMarker},
    },
};

use super::{
    call::{AuditedCall, Call, calls},
    fields::Fields,
    files::File,
    routes::routes,
};

routes! {
    /// Reads a sticker of any guild, or one of Discord's own.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/sticker#get-sticker)
    sticker(sticker: Id<StickerMarker>) -> Call<'_, Sticker> = Get ["stickers", sticker];

    /// Reads Discord's own packs of stickers.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/sticker#list-sticker-packs)
    nitro_sticker_packs() -> Call<'_, StickerPackList> = Get ["sticker-packs"];

    /// Reads a pack of Discord's own stickers.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/sticker#get-sticker-pack)
    sticker_pack(pack: Id<StickerPackMarker>) -> Call<'_, StickerPack> = Get ["sticker-packs", pack];

    /// Reads a guild's stickers.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/sticker#list-guild-stickers)
    ///
    /// Who made each is in it with `CREATE_GUILD_EXPRESSIONS` or `MANAGE_GUILD_EXPRESSIONS`.
    guild_stickers(guild: Id<GuildMarker>) -> Call<'_, Vec<Sticker>> = Get ["guilds", guild, "stickers"];

    /// Reads a sticker of a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/sticker#get-guild-sticker)
    guild_sticker(guild: Id<GuildMarker>, sticker: Id<StickerMarker>) -> Call<'_, Sticker>
        = Get ["guilds", guild, "stickers", sticker];

    /// Creates a sticker of a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/sticker#create-guild-sticker)
    ///
    /// Needs `CREATE_GUILD_EXPRESSIONS`.
    /// The name has 2 to 30 characters; `tags` are words that find it, by custom the name of an emoji, with 1 to 200
    /// characters; the description is empty or has 2 to 100.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, File, model::id::{Id, marker::GuildMarker}};
    /// # async fn f(client: Client, guild: Id<GuildMarker>) -> Result<(), Box<dyn std::error::Error>> {
    /// let wave = File::new("wave.png", std::fs::read("wave.png")?);
    /// let sticker = client.create_guild_sticker(guild, "wave", "a hand that waves", "wave", &wave).await?;
    /// # let _ = sticker; Ok(()) }
    /// ```
    create_guild_sticker(guild: Id<GuildMarker>, name: &str, description: &str, tags: &str, file: &File)
        -> AuditedCall<'_, Sticker>
        = Post ["guilds", guild, "stickers"]
            .bounded("name", 2..=30, name).bounded("description", 0..=100, description)
            .bounded("tags", 1..=200, tags).form("file", file);

    /// Changes a sticker of a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/sticker#modify-guild-sticker)
    ///
    /// Needs `MANAGE_GUILD_EXPRESSIONS`, or `CREATE_GUILD_EXPRESSIONS` for one that the bot made.
    update_guild_sticker(guild: Id<GuildMarker>, sticker: Id<StickerMarker>) -> UpdateGuildSticker<'_>
        = Patch ["guilds", guild, "stickers", sticker];

    /// Deletes a sticker of a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/sticker#delete-guild-sticker)
    ///
    /// Needs `MANAGE_GUILD_EXPRESSIONS`, or `CREATE_GUILD_EXPRESSIONS` for one that the bot made.
    delete_guild_sticker(guild: Id<GuildMarker>, sticker: Id<StickerMarker>) -> AuditedCall<'_, ()>
        = Delete ["guilds", guild, "stickers", sticker];
}

calls! {
    /// A change of a sticker; see [`Client::update_guild_sticker`](crate::Client::update_guild_sticker).
    UpdateGuildSticker(Fields) -> Sticker, Never, audited {
        /// Sets the name, 2 to 30 characters.
        name(name: &str) = "name" [2..=30];
        /// Sets the description, 2 to 100 characters; `None` removes it.
        description(description: Option<&str>) = "description" [0..=100];
        /// Sets the words that find it, 1 to 200 characters.
        tags(tags: &str) = "tags" [1..=200];
    }
}
