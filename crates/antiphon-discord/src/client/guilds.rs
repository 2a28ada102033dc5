//! Guilds, their audit log, and who is in their voice channels.

use std::future::IntoFuture;

use super::{
    Client,
    call::{Call, calls},
};
use crate::http::Repeat;
use antiphon_discord_model::{
    AuditLog as AuditLogEntries, AuditLogEventType, Channel, CurrentUserGuild, Guild,
    ThreadsListing, VoiceRegion, VoiceState,
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, UserMarker},
    },
};
use twilight_http::request::{
    guild::{
        GetAuditLog, GetGuild,
        user::{
            UpdateCurrentUserVoiceState as TwilightUpdateOwn,
            UpdateUserVoiceState as TwilightUpdate,
        },
    },
    user::GetCurrentUserGuilds,
};

impl Client {
    /// Reads a guild; its channels, members and presences come over the Gateway only.
    pub fn guild(&self, guild: Id<GuildMarker>) -> GuildCall<'_> {
        GuildCall::new(self.http(), self.http().builders().guild(guild))
    }

    /// Reads a guild's channels, without threads.
    pub fn guild_channels(&self, guild: Id<GuildMarker>) -> Call<'_, Vec<Channel>> {
        let request = self.http().builders().guild_channels(guild);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads a guild's threads that are not archived.
    pub fn active_threads(&self, guild: Id<GuildMarker>) -> Call<'_, ThreadsListing> {
        let request = self.http().builders().active_threads(guild);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads a guild's audit log, the newest entry first.
    pub fn audit_log(&self, guild: Id<GuildMarker>) -> AuditLog<'_> {
        AuditLog::new(self.http(), self.http().builders().audit_log(guild))
    }

    /// Reads the guilds that the bot is in.
    pub fn current_user_guilds(&self) -> CurrentUserGuilds<'_> {
        CurrentUserGuilds::new(self.http(), self.http().builders().current_user_guilds())
    }

    /// Leaves a guild.
    pub fn leave_guild(&self, guild: Id<GuildMarker>) -> Call<'_, ()> {
        let request = self.http().builders().leave_guild(guild);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads in which voice channel of a guild somebody is; not found if in none.
    pub fn user_voice_state(
        &self,
        guild: Id<GuildMarker>,
        user: Id<UserMarker>,
    ) -> Call<'_, VoiceState> {
        let request = self.http().builders().user_voice_state(guild, user);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads in which voice channel of a guild the bot is; not found if in none.
    pub fn current_user_voice_state(&self, guild: Id<GuildMarker>) -> Call<'_, VoiceState> {
        let request = self.http().builders().current_user_voice_state(guild);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Changes somebody's place on a stage, in the channel where they are.
    pub fn update_user_voice_state(
        &self,
        guild: Id<GuildMarker>,
        user: Id<UserMarker>,
        channel: Id<ChannelMarker>,
    ) -> UpdateUserVoiceState<'_> {
        let builders = self.http().builders();
        let request = builders.update_user_voice_state(guild, user, channel);
        UpdateUserVoiceState::new(self.http(), request)
    }

    /// Changes the bot's own place on a stage.
    pub fn update_current_user_voice_state(
        &self,
        guild: Id<GuildMarker>,
    ) -> UpdateCurrentUserVoiceState<'_> {
        let request = self
            .http()
            .builders()
            .update_current_user_voice_state(guild);
        UpdateCurrentUserVoiceState::new(self.http(), request)
    }

    /// Reads the regions that voice channels can be in.
    pub fn voice_regions(&self) -> Call<'_, Vec<VoiceRegion>> {
        let request = self.http().builders().voice_regions();
        Call::new(self.http(), Repeat::Safe, request)
    }
}

/// As twilight has it; no type has a number beyond.
fn event_type(kind: AuditLogEventType) -> twilight_model::guild::audit_log::AuditLogEventType {
    u16::try_from(kind.number()).unwrap_or(u16::MAX).into()
}

calls! {
    /// A guild; see [`Client::guild`].
    GuildCall(GetGuild<'a>) -> Guild, Safe {
        /// Sets whether approximate counts of members come with it; the default is no.
        with_counts(with: bool);
    }

    /// A guild's audit log; see [`Client::audit_log`].
    AuditLog(GetAuditLog<'a>) -> AuditLogEntries, Safe {
        /// Only entries of this type.
        action_type(kind: AuditLogEventType) as event_type;
        /// Only entries whose id comes after this one.
        after(entry: u64);
        /// Only entries whose id comes before this one.
        before(entry: u64);
        /// Only entries of what this user did.
        user_id(user: Id<UserMarker>);
        /// Sets how many, 1 to 100; the default is 50.
        limit(limit: u16);
    }

    /// The guilds that the bot is in; see [`Client::current_user_guilds`].
    CurrentUserGuilds(GetCurrentUserGuilds<'a>) -> Vec<CurrentUserGuild>, Safe {
        /// Only those whose id comes after this one.
        after(guild: Id<GuildMarker>);
        /// Only those whose id comes before this one.
        before(guild: Id<GuildMarker>);
        /// Sets how many, 1 to 200; the default is 200.
        limit(limit: u16);
    }

    /// A change of somebody's place on a stage; see [`Client::update_user_voice_state`].
    UpdateUserVoiceState(TwilightUpdate<'a>) -> (), Never {
        /// Takes the word from them.
        suppress();
    }

    /// A change of the bot's place on a stage; see [`Client::update_current_user_voice_state`].
    UpdateCurrentUserVoiceState(TwilightUpdateOwn<'a>) -> (), Never {
        /// Names the stage, where the bot must be.
        channel_id(channel: Id<ChannelMarker>);
        /// Asks to speak from this time on, in ISO 8601; an empty text takes the request back.
        request_to_speak_timestamp(time: &'a str);
        /// Takes the word from the bot.
        suppress();
    }
}
