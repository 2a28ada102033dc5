//! Guilds, their audit log, and their voice states.

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
    /// Reads a guild. Its channels, members and presences come over the Gateway only.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild)
    pub fn guild(&self, guild: Id<GuildMarker>) -> GuildCall<'_> {
        GuildCall::new(self.http(), self.http().builders().guild(guild))
    }

    /// Reads a guild's channels, without threads.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-channels)
    pub fn guild_channels(&self, guild: Id<GuildMarker>) -> Call<'_, Vec<Channel>> {
        let request = self.http().builders().guild_channels(guild);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads a guild's active threads.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#list-active-guild-threads)
    pub fn active_threads(&self, guild: Id<GuildMarker>) -> Call<'_, ThreadsListing> {
        let request = self.http().builders().active_threads(guild);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads a guild's audit log, the newest entry first.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/audit-log#get-guild-audit-log)
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{AuditLogEventType, id::{Id, marker::GuildMarker}}};
    /// # async fn f(client: Client, guild: Id<GuildMarker>) -> Result<(), RequestError> {
    /// let bans = client.audit_log(guild).action_type(AuditLogEventType::MemberBanAdd).limit(10).await?;
    /// for entry in &bans.audit_log_entries {
    ///     println!("{:?} banned {:?}: {:?}", entry.user_id, entry.target_id, entry.reason);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn audit_log(&self, guild: Id<GuildMarker>) -> AuditLog<'_> {
        AuditLog::new(self.http(), self.http().builders().audit_log(guild))
    }

    /// Reads the guilds that the bot is in.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/user#get-current-user-guilds)
    pub fn current_user_guilds(&self) -> CurrentUserGuilds<'_> {
        CurrentUserGuilds::new(self.http(), self.http().builders().current_user_guilds())
    }

    /// Leaves a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/user#leave-guild)
    pub fn leave_guild(&self, guild: Id<GuildMarker>) -> Call<'_, ()> {
        let request = self.http().builders().leave_guild(guild);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads a user's voice state; `NotFound` if the user is in no voice channel.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/voice#get-user-voice-state)
    pub fn user_voice_state(
        &self,
        guild: Id<GuildMarker>,
        user: Id<UserMarker>,
    ) -> Call<'_, VoiceState> {
        let request = self.http().builders().user_voice_state(guild, user);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads the bot's voice state; `NotFound` if it is in no voice channel.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/voice#get-current-user-voice-state)
    pub fn current_user_voice_state(&self, guild: Id<GuildMarker>) -> Call<'_, VoiceState> {
        let request = self.http().builders().current_user_voice_state(guild);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Changes a user's voice state on a stage.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/voice#modify-user-voice-state)
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

    /// Changes the bot's own voice state on a stage.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/voice#modify-current-user-voice-state)
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
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/voice#list-voice-regions)
    pub fn voice_regions(&self) -> Call<'_, Vec<VoiceRegion>> {
        let request = self.http().builders().voice_regions();
        Call::new(self.http(), Repeat::Safe, request)
    }
}

/// Converts to twilight's type; no type has a larger number.
fn event_type(kind: AuditLogEventType) -> twilight_model::guild::audit_log::AuditLogEventType {
    u16::try_from(kind.number()).unwrap_or(u16::MAX).into()
}

calls! {
    /// A guild; see [`Client::guild`].
    GuildCall(GetGuild<'a>) -> Guild, Safe {
        /// Sets whether approximate member counts are included. Default: no.
        with_counts(with: bool);
    }

    /// A guild's audit log; see [`Client::audit_log`].
    AuditLog(GetAuditLog<'a>) -> AuditLogEntries, Safe {
        /// Returns only entries of this type.
        action_type(kind: AuditLogEventType) as event_type;
        /// Returns only entries with an id above this one.
        after(entry: u64);
        /// Returns only entries with an id below this one.
        before(entry: u64);
        /// Returns only entries for actions of this user.
        user_id(user: Id<UserMarker>);
        /// Sets the number of results, 1 to 100. Default: 50.
        limit(limit: u16);
    }

    /// The guilds that the bot is in; see [`Client::current_user_guilds`].
    CurrentUserGuilds(GetCurrentUserGuilds<'a>) -> Vec<CurrentUserGuild>, Safe {
        /// Returns only those with an id above this one.
        after(guild: Id<GuildMarker>);
        /// Returns only those with an id below this one.
        before(guild: Id<GuildMarker>);
        /// Sets the number of results, 1 to 200. Default: 200.
        limit(limit: u16);
    }

    /// A change of a user's voice state; see [`Client::update_user_voice_state`].
    UpdateUserVoiceState(TwilightUpdate<'a>) -> (), Never {
        /// Suppresses the user.
        suppress();
    }

    /// A change of the bot's voice state; see [`Client::update_current_user_voice_state`].
    UpdateCurrentUserVoiceState(TwilightUpdateOwn<'a>) -> (), Never {
        /// Sets the stage channel; the bot must be in it.
        channel_id(channel: Id<ChannelMarker>);
        /// Requests to speak from this time on, in ISO 8601; an empty text withdraws the request.
        request_to_speak_timestamp(time: &'a str);
        /// Suppresses the bot.
        suppress();
    }
}
