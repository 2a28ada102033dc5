//! Payload types, and the kinds they are read from.
//!
//! A payload holds the object of `twilight-model` that its body is; where the model's own payload only wraps an
//! object, it holds that object, so that [`ChannelUpdate`] derefs to a channel.
//! A body is read straight into the model; one that the model refuses is mended and read again.

mod beside;
mod kinds;
mod made;
mod mend;
mod own;
mod payload;
mod shape;
mod wire;

use antiphon_core::{DecodeError, Event};
use serde::Deserialize;
use twilight_model::{
    channel::StageInstance,
    guild::{Member, PartialMember, scheduled_event::GuildScheduledEvent},
    id::{Id, marker::GuildMarker},
    user::User,
};

pub use self::{
    kinds::KINDS,
    made::{Connect, Disconnect, Resumed, ShardConnect, ShardDisconnect, ShardResume},
    own::{
        ChannelInfo, GuildSoundboardSoundCreate, GuildSoundboardSoundDelete,
        GuildSoundboardSoundUpdate, GuildSoundboardSoundsUpdate, RateLimited, RateLimitedMeta,
        SoundboardSound, SoundboardSounds, Sounds, VoiceChannelEffectSend, VoiceChannelInfo,
        VoiceChannelStartTimeUpdate, VoiceChannelStatusUpdate,
    },
    payload::*,
};

/// Stands for a guild in events that the model gives one and Discord did not; no guild has this id.
pub const NO_GUILD: Id<GuildMarker> = Id::new(1);

/// Reads a body that must be an object.
pub(crate) fn parse<'a, T: Deserialize<'a>>(event: &'a Event) -> Result<T, DecodeError> {
    mend::object::<T>(event)?;
    event.parse()
}

/// Reads a stage, whatever happened to it.
pub(crate) fn parse_stage(event: &Event) -> Result<StageInstance, DecodeError> {
    mend::read(event, &shape::STAGE)
}

/// Reads a scheduled event, whatever happened to it.
pub(crate) fn parse_scheduled(event: &Event) -> Result<GuildScheduledEvent, DecodeError> {
    mend::read(event, &shape::SCHEDULED_EVENT)
}

/// When the thing with this id was made: every id of Discord's says so.
pub fn moment_of(id: u64) -> jiff::Timestamp {
    let since_2015 = i64::try_from(id >> 22).expect("42 bits");
    jiff::Timestamp::from_millisecond(1_420_070_400_000 + since_2015)
        .expect("42 bits of milliseconds are 139 years")
}

/// The name that others see: of a member the nickname, else the display name, else the user's name.
pub trait DisplayName {
    /// The name that others see.
    fn display_name(&self) -> &str;
}

impl DisplayName for User {
    fn display_name(&self) -> &str {
        self.global_name.as_deref().unwrap_or(&self.name)
    }
}

impl DisplayName for Member {
    fn display_name(&self) -> &str {
        self.nick
            .as_deref()
            .unwrap_or_else(|| self.user.display_name())
    }
}

impl DisplayName for PartialMember {
    /// Empty for a member without a nickname whose user was not sent.
    fn display_name(&self) -> &str {
        let user = || self.user.as_ref().map_or("", DisplayName::display_name);
        self.nick.as_deref().unwrap_or_else(user)
    }
}
