//! Payloads that `twilight-model` does not have, or reads from another shape than the documented one.

use std::ops::Deref;

use antiphon_core::{DecodeError, Event, Payload};
use serde::{Deserialize, Serialize};
use twilight_model::{
    channel::message::EmojiReactionType,
    id::{
        Id,
        marker::{ChannelMarker, EmojiMarker, GenericMarker, GuildMarker, UserMarker},
    },
    user::User,
};

use super::{mend, shape};
use crate::view;

/// Makes payloads of types of our own.
macro_rules! own {
    ($($name:ident = $kind:literal, $shape:ident;)*) => {$(
        impl Payload for $name {
            const KINDS: &'static [&'static str] = &[concat!("discord.", $kind)];
            type View<'a> = view::Ids;

            fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
                view::Ids::of(event)
            }

            fn decode(event: &Event) -> Result<Self, DecodeError> {
                mend::read(event, &shape::$shape)
            }
        }
    )*};
}

own! {
    RateLimited = "RATE_LIMITED", RATE_LIMITED;
    ChannelInfo = "CHANNEL_INFO", CHANNEL_INFO;
    GuildSoundboardSoundCreate = "GUILD_SOUNDBOARD_SOUND_CREATE", SOUND;
    GuildSoundboardSoundUpdate = "GUILD_SOUNDBOARD_SOUND_UPDATE", SOUND;
    GuildSoundboardSoundDelete = "GUILD_SOUNDBOARD_SOUND_DELETE", SOUND_DELETE;
    GuildSoundboardSoundsUpdate = "GUILD_SOUNDBOARD_SOUNDS_UPDATE", SOUNDS;
    SoundboardSounds = "SOUNDBOARD_SOUNDS", SOUNDS;
    VoiceChannelEffectSend = "VOICE_CHANNEL_EFFECT_SEND", VOICE_EFFECT;
    VoiceChannelStatusUpdate = "VOICE_CHANNEL_STATUS_UPDATE", VOICE_STATUS;
    VoiceChannelStartTimeUpdate = "VOICE_CHANNEL_START_TIME_UPDATE", VOICE_START;
}

/// A command was not carried out, since too many like it were sent (`RATE_LIMITED`, protocol §8).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RateLimited {
    /// The command's opcode: 8 for a request of guild members.
    pub opcode: u8,
    /// Seconds after which the same command may be sent again.
    pub retry_after: f64,
    /// What it was about.
    #[serde(default)]
    pub meta: RateLimitedMeta,
}

/// What a command that was not carried out was about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RateLimitedMeta {
    /// Which guild it asked of.
    pub guild_id: Option<Id<GuildMarker>>,
    /// Its nonce, if it had one.
    pub nonce: Option<String>,
}

/// Status and start of a guild's voice channels, as asked for (`CHANNEL_INFO`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelInfo {
    /// Which guild.
    pub guild_id: Id<GuildMarker>,
    /// Its voice channels.
    #[serde(default)]
    pub channels: Vec<VoiceChannelInfo>,
}

/// Status and start of one voice channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VoiceChannelInfo {
    /// Which channel.
    pub id: Id<ChannelMarker>,
    /// What its users say it is about.
    #[serde(default)]
    pub status: Option<String>,
    /// When the voice session began, in seconds since 1970.
    #[serde(default)]
    pub voice_start_time: Option<u64>,
}

/// A sound that can be played in voice channels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SoundboardSound {
    /// Id of the sound; those that Discord gives everyone have small ones.
    pub sound_id: Id<GenericMarker>,
    /// Name of the sound.
    #[serde(default)]
    pub name: String,
    /// How loud it is, from 0 to 1.
    #[serde(default = "loudest")]
    pub volume: f64,
    /// Its emoji, if that is a guild's own.
    #[serde(default)]
    pub emoji_id: Option<Id<EmojiMarker>>,
    /// Its emoji, if that is a character.
    #[serde(default)]
    pub emoji_name: Option<String>,
    /// The guild it belongs to.
    #[serde(default)]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Whether it can be played; a guild that loses boosts may lose sounds.
    #[serde(default = "yes")]
    pub available: bool,
    /// Who made it.
    #[serde(default)]
    pub user: Option<User>,
}

/// A guild got a sound (`GUILD_SOUNDBOARD_SOUND_CREATE`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuildSoundboardSoundCreate(pub SoundboardSound);

/// A guild's sound was changed (`GUILD_SOUNDBOARD_SOUND_UPDATE`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuildSoundboardSoundUpdate(pub SoundboardSound);

/// A guild's sound was deleted (`GUILD_SOUNDBOARD_SOUND_DELETE`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildSoundboardSoundDelete {
    /// Which sound.
    pub sound_id: Id<GenericMarker>,
    /// In which guild.
    pub guild_id: Id<GuildMarker>,
}

/// Several sounds of a guild, or all that it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sounds {
    /// Which guild.
    pub guild_id: Id<GuildMarker>,
    /// The sounds.
    #[serde(default)]
    pub soundboard_sounds: Vec<SoundboardSound>,
}

/// Several sounds of a guild were changed (`GUILD_SOUNDBOARD_SOUNDS_UPDATE`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuildSoundboardSoundsUpdate(pub Sounds);

/// All sounds of a guild, as asked for (`SOUNDBOARD_SOUNDS`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoundboardSounds(pub Sounds);

/// Someone played a sound or an emoji in a voice channel (`VOICE_CHANNEL_EFFECT_SEND`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VoiceChannelEffectSend {
    /// In which channel.
    pub channel_id: Id<ChannelMarker>,
    /// In which guild.
    pub guild_id: Id<GuildMarker>,
    /// Who did.
    pub user_id: Id<UserMarker>,
    /// The emoji that is shown.
    #[serde(default)]
    pub emoji: Option<EmojiReactionType>,
    /// How it moves: 0 as premium users have it, 1 plainly.
    #[serde(default)]
    pub animation_type: Option<u8>,
    /// Which movement.
    #[serde(default)]
    pub animation_id: Option<u64>,
    /// The sound that is played.
    #[serde(default)]
    pub sound_id: Option<Id<GenericMarker>>,
    /// How loud, from 0 to 1.
    #[serde(default)]
    pub sound_volume: Option<f64>,
}

/// What a voice channel is about was changed (`VOICE_CHANNEL_STATUS_UPDATE`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VoiceChannelStatusUpdate {
    /// Which channel.
    pub id: Id<ChannelMarker>,
    /// In which guild.
    pub guild_id: Id<GuildMarker>,
    /// What it is about; absent once that was taken away.
    #[serde(default)]
    pub status: Option<String>,
}

/// The voice session of a channel began or ended (`VOICE_CHANNEL_START_TIME_UPDATE`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VoiceChannelStartTimeUpdate {
    /// Which channel.
    pub id: Id<ChannelMarker>,
    /// In which guild.
    pub guild_id: Id<GuildMarker>,
    /// When it began, in seconds since 1970; absent once it ended.
    #[serde(default)]
    pub voice_start_time: Option<u64>,
}

/// Lets a payload be used as the object it holds.
macro_rules! holds {
    ($($name:ident => $held:ty;)*) => {$(
        impl Deref for $name {
            type Target = $held;

            fn deref(&self) -> &$held {
                &self.0
            }
        }
    )*};
}

holds! {
    GuildSoundboardSoundCreate => SoundboardSound;
    GuildSoundboardSoundUpdate => SoundboardSound;
    GuildSoundboardSoundsUpdate => Sounds;
    SoundboardSounds => Sounds;
}

fn loudest() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}
