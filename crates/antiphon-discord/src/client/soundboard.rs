//! Sounds of guilds and of Discord, and playing them in voice channels.
//!
//! A guild's sound is MP3 or Ogg as a data URI, which [`File::data_uri`](crate::File::data_uri) makes, of at most
//! 512 KiB and 5.2 seconds; a guild has 8 to 48 of them, by its boosts.
//! Changes come as `discord.GUILD_SOUNDBOARD_SOUND_CREATE`, `_UPDATE` and `_DELETE`, under the intent `GUILD_EXPRESSIONS`.
//! [Discord's page](https://discord.com/developers/docs/resources/soundboard)

use antiphon_discord_model::{
    SoundboardSound, SoundboardSoundList,
    id::{
        Id,
        marker::{ChannelMarker, EmojiMarker, GenericMarker, GuildMarker},
    },
};

use super::{
    call::{AuditedCall, Call, calls},
    fields::Fields,
    routes::routes,
};

routes! {
    /// Reads the sounds that every guild has.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/soundboard#list-default-soundboard-sounds)
    soundboard_default_sounds() -> Call<'_, Vec<SoundboardSound>> = Get ["soundboard-default-sounds"];

    /// Plays a sound in the voice channel in which the bot is.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/soundboard#send-soundboard-sound)
    ///
    /// Needs `SPEAK` and `USE_SOUNDBOARD`, and `USE_EXTERNAL_SOUNDS` for a sound of another guild; the bot is neither muted,
    /// deafened nor suppressed.
    /// The event is `discord.VOICE_CHANNEL_EFFECT_SEND`.
    send_soundboard_sound(channel: Id<ChannelMarker>, sound: Id<GenericMarker>) -> SendSoundboardSound<'_>
        = Post ["channels", channel, "send-soundboard-sound"].set("sound_id", sound);

    /// Reads a guild's sounds.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/soundboard#list-guild-soundboard-sounds)
    ///
    /// Who made each is in it with `CREATE_GUILD_EXPRESSIONS` or `MANAGE_GUILD_EXPRESSIONS`.
    guild_soundboard_sounds(guild: Id<GuildMarker>) -> Call<'_, SoundboardSoundList>
        = Get ["guilds", guild, "soundboard-sounds"];

    /// Reads a sound of a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/soundboard#get-guild-soundboard-sound)
    guild_soundboard_sound(guild: Id<GuildMarker>, sound: Id<GenericMarker>) -> Call<'_, SoundboardSound>
        = Get ["guilds", guild, "soundboard-sounds", sound];

    /// Creates a sound of a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/soundboard#create-guild-soundboard-sound)
    ///
    /// Needs `CREATE_GUILD_EXPRESSIONS`. The name has 2 to 32 characters; `sound` is a data URI.
    create_guild_soundboard_sound(guild: Id<GuildMarker>, name: &str, sound: &str)
        -> CreateGuildSoundboardSound<'_>
        = Post ["guilds", guild, "soundboard-sounds"].bounded("name", 2..=32, name).set("sound", sound);

    /// Changes a sound of a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/soundboard#modify-guild-soundboard-sound)
    ///
    /// Needs `MANAGE_GUILD_EXPRESSIONS`, or `CREATE_GUILD_EXPRESSIONS` for one that the bot made.
    update_guild_soundboard_sound(guild: Id<GuildMarker>, sound: Id<GenericMarker>)
        -> UpdateGuildSoundboardSound<'_>
        = Patch ["guilds", guild, "soundboard-sounds", sound];

    /// Deletes a sound of a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/soundboard#delete-guild-soundboard-sound)
    ///
    /// Needs `MANAGE_GUILD_EXPRESSIONS`, or `CREATE_GUILD_EXPRESSIONS` for one that the bot made.
    delete_guild_soundboard_sound(guild: Id<GuildMarker>, sound: Id<GenericMarker>) -> AuditedCall<'_, ()>
        = Delete ["guilds", guild, "soundboard-sounds", sound];
}

calls! {
    /// A sound to play; see [`Client::send_soundboard_sound`](crate::Client::send_soundboard_sound).
    SendSoundboardSound(Fields) -> (), Never {
        /// Sets the guild that the sound is from. Required for a sound of another guild.
        source_guild_id(guild: Id<GuildMarker>) = "source_guild_id";
    }

    /// A new sound; see [`Client::create_guild_soundboard_sound`](crate::Client::create_guild_soundboard_sound).
    CreateGuildSoundboardSound(Fields) -> SoundboardSound, Never, audited {
        /// Sets the volume, from 0 to 1. Default: 1.
        volume(volume: f64) = "volume" [0..=1];
        /// Shows a guild's emoji beside it.
        emoji_id(emoji: Id<EmojiMarker>) = "emoji_id";
        /// Shows a character as an emoji beside it.
        emoji_name(emoji: &str) = "emoji_name" [1..=32];
    }

    /// A change of a sound; see [`Client::update_guild_soundboard_sound`](crate::Client::update_guild_soundboard_sound).
    UpdateGuildSoundboardSound(Fields) -> SoundboardSound, Never, audited {
        /// Sets the name, 2 to 32 characters.
        name(name: &str) = "name" [2..=32];
        /// Sets the volume, from 0 to 1; `None` sets it to 1.
        volume(volume: Option<f64>) = "volume" [0..=1];
        /// Shows a guild's emoji beside it; `None` removes it.
        emoji_id(emoji: Option<Id<EmojiMarker>>) = "emoji_id";
        /// Shows a character as an emoji beside it; `None` removes it.
        emoji_name(emoji: Option<&str>) = "emoji_name" [1..=32];
    }
}
