//! Guilds, their audit log, and their voice states.
//!
//! What changes in a guild comes as events, and [`Cache`](crate::Cache) keeps the guilds' state from them; the requests here
//! are for bots without a cache and for what no event has, such as the audit log of the past.

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
    ///
    /// Roles and emojis are in it.
    /// A guild without the bot is [`RequestError::NotFound`](crate::RequestError::NotFound) with code 10004, or `Forbidden` with
    /// code 50001.
    pub fn guild(&self, guild: Id<GuildMarker>) -> GuildCall<'_> {
        GuildCall::new(self.http(), self.http().builders().guild(guild))
    }

    /// Reads a guild's channels, without threads.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-channels)
    ///
    /// Threads are in [`active_threads`](Self::active_threads).
    pub fn guild_channels(&self, guild: Id<GuildMarker>) -> Call<'_, Vec<Channel>> {
        let request = self.http().builders().guild_channels(guild);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads a guild's active threads.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#list-active-guild-threads)
    ///
    /// Public ones, and private ones that the bot may see; the answer has the bot's own memberships beside the threads.
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
    ///
    /// Needs `VIEW_AUDIT_LOG`.
    /// Discord keeps entries for 45 days.
    /// New entries come as `discord.GUILD_AUDIT_LOG_ENTRY_CREATE` too, with the intent `GUILD_MODERATION`.
    /// An entry of a type that antiphon does not know has its number, and its changes as JSON.
    pub fn audit_log(&self, guild: Id<GuildMarker>) -> AuditLog<'_> {
        AuditLog::new(self.http(), self.http().builders().audit_log(guild))
    }

    /// Reads the guilds that the bot is in.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/user#get-current-user-guilds)
    ///
    /// A bot in more than 200 guilds reads them in pages, sorted by id.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError};
    /// async fn count(client: &Client) -> Result<usize, RequestError> {
    ///     let mut count = 0;
    ///     let mut page = client.current_user_guilds().await?;
    ///     while let Some(last) = page.last() {
    ///         count += page.len();
    ///         page = client.current_user_guilds().after(last.id).await?;
    ///     }
    ///     Ok(count)
    /// }
    /// ```
    pub fn current_user_guilds(&self) -> CurrentUserGuilds<'_> {
        CurrentUserGuilds::new(self.http(), self.http().builders().current_user_guilds())
    }

    /// Leaves a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/user#leave-guild)
    ///
    /// The event is `discord.GUILD_DELETE` without `unavailable`, and the guild leaves the cache with it.
    pub fn leave_guild(&self, guild: Id<GuildMarker>) -> Call<'_, ()> {
        let request = self.http().builders().leave_guild(guild);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads a user's voice state; `NotFound` if the user is in no voice channel.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/voice#get-user-voice-state)
    ///
    /// Discord answers with code 10065 then.
    /// With the intent `GUILD_VOICE_STATES`, [`Cache::voice_state`](crate::Cache::voice_state) has it without a request.
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
    ///
    /// Needs `MUTE_MEMBERS`; the channel is the stage in which the user is.
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
    ///
    /// Speaking needs `MUTE_MEMBERS` and asking to speak `REQUEST_TO_SPEAK`.
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
    ///
    /// A channel's `rtc_region` is the id of one of them, or absent for Discord's own choice.
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
        ///
        /// They are `approximate_member_count` and `approximate_presence_count`.
        with_counts(with: bool);
    }

    /// A guild's audit log; see [`Client::audit_log`].
    AuditLog(GetAuditLog<'a>) -> AuditLogEntries, Safe {
        /// Returns only entries of this type.
        action_type(kind: AuditLogEventType) as event_type;
        /// Returns only entries with an id above this one.
        ///
        /// Discord lists the oldest entries first then.
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
