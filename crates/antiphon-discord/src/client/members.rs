//! A guild's members: reading and changing them, their roles, kicks and bans.

use std::future::IntoFuture;

use antiphon_discord_model::{
    Ban, Member,
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, RoleMarker, UserMarker},
    },
};
use jiff::Timestamp;
use serde_json::json;
use twilight_http::{
    request::guild::{
        UpdateCurrentMember as TwilightUpdateCurrentMember,
        ban::{CreateBan as TwilightCreateBan, GetBans},
        member::{GetGuildMembers, SearchGuildMembers as TwilightSearch},
    },
    routing::Route,
};

use super::{
    Client,
    call::{AuditedCall, Call, calls},
    fields::Fields,
};
use crate::http::Repeat;

impl Client {
    /// Reads a member.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-member)
    pub fn guild_member(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Call<'_, Member> {
        let request = self.http().builders().guild_member(guild, user);
        Call::new(self.http(), Repeat::Safe, request).known("user", json!({ "id": user }))
    }

    /// Reads a guild's members, sorted by id. Needs the intent `GUILD_MEMBERS`.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#list-guild-members)
    pub fn guild_members(&self, guild: Id<GuildMarker>) -> GuildMembers<'_> {
        GuildMembers::new(self.http(), self.http().builders().guild_members(guild))
    }

    /// Finds members by the beginning of their name or nickname.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#search-guild-members)
    pub fn search_guild_members<'a>(
        &'a self,
        guild: Id<GuildMarker>,
        query: &'a str,
    ) -> SearchGuildMembers<'a> {
        let request = self.http().builders().search_guild_members(guild, query);
        SearchGuildMembers::new(self.http(), request)
    }

    /// Changes a member: nickname, roles, voice, time-out.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#modify-guild-member)
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::{GuildMarker, UserMarker}}};
    /// # async fn f(client: Client, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<(), RequestError> {
    /// let hour = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    /// client.update_guild_member(guild, user).communication_disabled_until(Some(hour)).reason("noise").await?;
    /// # Ok(()) }
    /// ```
    pub fn update_guild_member(
        &self,
        guild: Id<GuildMarker>,
        user: Id<UserMarker>,
    ) -> UpdateGuildMember<'_> {
        let route = Route::UpdateMember {
            guild_id: guild.get(),
            user_id: user.get(),
        };
        let fields = Fields::new(route).known("user", json!({ "id": user }));
        UpdateGuildMember::new(self.http(), fields)
    }

    /// Changes the bot's own member.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#modify-current-member)
    pub fn update_current_member(&self, guild: Id<GuildMarker>) -> UpdateCurrentMember<'_> {
        let request = self.http().builders().update_current_member(guild);
        UpdateCurrentMember::new(self.http(), request)
    }

    /// Kicks a member.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#remove-guild-member)
    pub fn remove_guild_member(
        &self,
        guild: Id<GuildMarker>,
        user: Id<UserMarker>,
    ) -> AuditedCall<'_, ()> {
        let request = self.http().builders().remove_guild_member(guild, user);
        AuditedCall::new(self.http(), Repeat::Safe, request)
    }

    /// Adds a role to a member.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#add-guild-member-role)
    pub fn add_guild_member_role(
        &self,
        guild: Id<GuildMarker>,
        user: Id<UserMarker>,
        role: Id<RoleMarker>,
    ) -> AuditedCall<'_, ()> {
        let builders = self.http().builders();
        let request = builders.add_guild_member_role(guild, user, role);
        AuditedCall::new(self.http(), Repeat::Safe, request)
    }

    /// Removes a role from a member.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#remove-guild-member-role)
    pub fn remove_guild_member_role(
        &self,
        guild: Id<GuildMarker>,
        user: Id<UserMarker>,
        role: Id<RoleMarker>,
    ) -> AuditedCall<'_, ()> {
        let builders = self.http().builders();
        let request = builders.remove_guild_member_role(guild, user, role);
        AuditedCall::new(self.http(), Repeat::Safe, request)
    }

    /// Bans a user, who need not be a member.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#create-guild-ban)
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::{GuildMarker, UserMarker}}};
    /// # async fn f(client: Client, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<(), RequestError> {
    /// client.create_ban(guild, user).delete_message_seconds(3600).reason("spam").await?;
    /// # Ok(()) }
    /// ```
    pub fn create_ban(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> CreateBan<'_> {
        CreateBan::new(self.http(), self.http().builders().create_ban(guild, user))
    }

    /// Lifts a ban.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#remove-guild-ban)
    pub fn delete_ban(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> AuditedCall<'_, ()> {
        let request = self.http().builders().delete_ban(guild, user);
        AuditedCall::new(self.http(), Repeat::Safe, request)
    }

    /// Reads one ban.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-ban)
    pub fn ban(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Call<'_, Ban> {
        let request = self.http().builders().ban(guild, user);
        Call::new(self.http(), Repeat::Safe, request).known("user", json!({ "id": user }))
    }

    /// Reads a guild's bans, sorted by user id.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-bans)
    pub fn bans(&self, guild: Id<GuildMarker>) -> Bans<'_> {
        Bans::new(self.http(), self.http().builders().bans(guild))
    }
}

calls! {
    /// A guild's members; see [`Client::guild_members`].
    GuildMembers(GetGuildMembers<'a>) -> Vec<Member>, Safe {
        /// Returns only those with an id above this one.
        after(user: Id<UserMarker>);
        /// Sets the number of results, 1 to 1,000. Default: 1.
        limit(limit: u16);
    }

    /// Members found by name; see [`Client::search_guild_members`].
    SearchGuildMembers(TwilightSearch<'a>) -> Vec<Member>, Safe {
        /// Sets the number of results, 1 to 1,000. Default: 1.
        limit(limit: u16);
    }

    /// A change of a member; see [`Client::update_guild_member`].
    ///
    /// A field that is not set stays as it is.
    UpdateGuildMember(Fields<'a>) -> Member, Never, audited {
        /// Sets the nickname, at most 32 characters; `None` removes it.
        nick(nick: Option<&'a str>) = "nick";
        /// Replaces the member's roles.
        roles(roles: &'a [Id<RoleMarker>]) = "roles";
        /// Sets whether the guild mutes the member; refused unless the member is in a voice channel.
        mute(mute: bool) = "mute";
        /// Sets whether the guild deafens the member; refused unless the member is in a voice channel.
        deaf(deaf: bool) = "deaf";
        /// Moves the member to a voice channel; `None` disconnects the member.
        channel_id(channel: Option<Id<ChannelMarker>>) = "channel_id";
        /// Times the member out until then, at most 28 days from now; `None` ends the time-out.
        communication_disabled_until(until: Option<Timestamp>) = "communication_disabled_until";
    }

    /// A change of the bot's own member; see [`Client::update_current_member`].
    UpdateCurrentMember(TwilightUpdateCurrentMember<'a>) -> (), Never, audited {
        /// Sets the nickname, at most 32 characters; `None` removes it.
        nick(nick: Option<&'a str>);
    }

    /// A ban; see [`Client::create_ban`].
    CreateBan(TwilightCreateBan<'a>) -> (), Safe, audited {
        /// Deletes the user's messages of the last seconds, at most 604,800 (a week). Default: none.
        delete_message_seconds(seconds: u32);
    }

    /// A guild's bans; see [`Client::bans`].
    Bans(GetBans<'a>) -> Vec<Ban>, Safe {
        /// Returns only bans of users with an id above this one.
        after(user: Id<UserMarker>);
        /// Returns only bans of users with an id below this one.
        before(user: Id<UserMarker>);
        /// Sets the number of results, 1 to 1,000. Default: 1,000.
        limit(limit: u16);
    }
}
