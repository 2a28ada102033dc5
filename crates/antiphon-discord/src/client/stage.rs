//! Stages: what is open in a stage channel, and the words that a voice channel shows.
//!
//! All changes of a stage need `MANAGE_CHANNELS`, `MUTE_MEMBERS` and `MOVE_MEMBERS` in its channel, which make a stage
//! moderator.
//! They come as `discord.STAGE_INSTANCE_CREATE`, `_UPDATE` and `_DELETE`, under the intent `GUILDS`.
//! [Discord's page](https://discord.com/developers/docs/resources/stage-instance)

use antiphon_discord_model::{
    StageInstance, StageInstancePrivacyLevel,
    id::{
        Id,
        marker::{ChannelMarker, ScheduledEventMarker},
    },
};

use super::{
    call::{AuditedCall, Call, calls},
    fields::Fields,
    routes::routes,
};

routes! {
    /// Opens a stage in a stage channel.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/stage-instance#create-stage-instance)
    ///
    /// Needs to be a stage moderator. The topic has 1 to 120 characters.
    create_stage_instance(channel: Id<ChannelMarker>, topic: &str) -> CreateStageInstance<'_>
        = Post ["stage-instances"].set("channel_id", channel).bounded("topic", 1..=120, topic);

    /// Reads the stage of a channel; `NotFound` with code 10067 if none is open.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/stage-instance#get-stage-instance)
    stage_instance(channel: Id<ChannelMarker>) -> Call<'_, StageInstance> = Get ["stage-instances", channel];

    /// Changes the stage of a channel.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/stage-instance#modify-stage-instance)
    ///
    /// Needs to be a stage moderator.
    update_stage_instance(channel: Id<ChannelMarker>) -> UpdateStageInstance<'_>
        = Patch ["stage-instances", channel];

    /// Closes the stage of a channel.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/stage-instance#delete-stage-instance)
    ///
    /// Needs to be a stage moderator.
    delete_stage_instance(channel: Id<ChannelMarker>) -> AuditedCall<'_, ()>
        = Delete ["stage-instances", channel];

    /// Sets the words that a voice channel shows, at most 500 characters; `None` removes them.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#set-voice-channel-status)
    ///
    /// Needs `SET_VOICE_CHANNEL_STATUS`, and `MANAGE_CHANNELS` while the bot is not in the channel.
    /// The event is `discord.VOICE_CHANNEL_STATUS_UPDATE`.
    update_voice_channel_status(channel: Id<ChannelMarker>, status: Option<&str>) -> AuditedCall<'_, ()>
        = Put ["channels", channel, "voice-status"].bounded("status", 0..=500, status);
}

calls! {
    /// A new stage; see [`Client::create_stage_instance`](crate::Client::create_stage_instance).
    CreateStageInstance(Fields) -> StageInstance, Never, audited {
        /// Sets who may hear it. Default: the guild alone.
        privacy_level(level: StageInstancePrivacyLevel) = "privacy_level";
        /// Notifies everybody that the stage begins. Default: no. Needs `MENTION_EVERYONE`.
        send_start_notification(send: bool) = "send_start_notification";
        /// Sets the scheduled event that takes place in it.
        guild_scheduled_event_id(event: Id<ScheduledEventMarker>) = "guild_scheduled_event_id";
    }

    /// A change of a stage; see [`Client::update_stage_instance`](crate::Client::update_stage_instance).
    UpdateStageInstance(Fields) -> StageInstance, Never, audited {
        /// Sets the topic, 1 to 120 characters.
        topic(topic: &str) = "topic" [1..=120];
        /// Sets who may hear it.
        privacy_level(level: StageInstancePrivacyLevel) = "privacy_level";
    }
}
