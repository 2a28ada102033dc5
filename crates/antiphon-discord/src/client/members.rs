//! A guild's members: reading and changing them, their roles, kicks and bans.
//!
//! A bot may change only members whose highest role is below its own highest role, and never the guild's owner; Discord
//! refuses everything else with [`RequestError::Forbidden`](crate::RequestError::Forbidden) and code 50013.
//!
//! | wish | permission |
//! | --- | --- |
//! | nickname | `MANAGE_NICKNAMES`; the bot's own: `CHANGE_NICKNAME` |
//! | roles | `MANAGE_ROLES` |
//! | mute, deafen, move or disconnect | `MUTE_MEMBERS`, `DEAFEN_MEMBERS`, `MOVE_MEMBERS` |
//! | time out | `MODERATE_MEMBERS` |
//! | kick | `KICK_MEMBERS` |
//! | ban, lift a ban, read bans | `BAN_MEMBERS` |
//!
//! All members of a guild come either over HTTP, page by page ([`Client::guild_members`]), or over the Gateway in chunks of
//! 1,000 ([`Client::request_members`]); both need the privileged intent `GUILD_MEMBERS`.

use std::future::IntoFuture;

use antiphon_discord_model::{
    Ban, Member, MemberFlags,
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, RoleMarker, UserMarker},
    },
};
use jiff::Timestamp;
use serde_json::json;
use twilight_http::{
    request::{
        Method,
        guild::{
            ban::{CreateBan as TwilightCreateBan, GetBans},
            member::{GetGuildMembers, SearchGuildMembers as TwilightSearch},
        },
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
    ///
    /// A user who is not in the guild is [`RequestError::NotFound`](crate::RequestError::NotFound) with code 10007.
    /// Needs no intent.
    pub fn guild_member(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Call<'_, Member> {
        let request = self.http().builders().guild_member(guild, user);
        Call::new(self.http(), Repeat::Safe, request).known("user", json!({ "id": user }))
    }

    /// Reads a guild's members, sorted by id. Needs the intent `GUILD_MEMBERS`.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#list-guild-members)
    ///
    /// One request brings one page:
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{Member, id::{Id, marker::GuildMarker}}};
    /// async fn all(client: &Client, guild: Id<GuildMarker>) -> Result<Vec<Member>, RequestError> {
    ///     let mut members: Vec<Member> = Vec::new();
    ///     let mut page = client.guild_members(guild).limit(1_000).await?;
    ///     while let Some(last) = page.last().map(|member| member.user.id) {
    ///         members.append(&mut page);
    ///         page = client.guild_members(guild).after(last).limit(1_000).await?;
    ///     }
    ///     Ok(members)
    /// }
    /// ```
    pub fn guild_members(&self, guild: Id<GuildMarker>) -> GuildMembers<'_> {
        GuildMembers::new(self.http(), self.http().builders().guild_members(guild))
    }

    /// Finds members by the beginning of their name or nickname.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#search-guild-members)
    ///
    /// Upper and lower case are the same. Needs no intent.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::GuildMarker}};
    /// # async fn f(client: Client, guild: Id<GuildMarker>) -> Result<(), RequestError> {
    /// for member in client.search_guild_members(guild, "mi").limit(10).await? {
    ///     println!("{:?}", member.nick);
    /// }
    /// # Ok(()) }
    /// ```
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
    ///
    /// Each field needs its permission, and one that lacks it fails the whole change.
    /// The event is `discord.GUILD_MEMBER_UPDATE`; moves come as `discord.VOICE_STATE_UPDATE`.
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
    ///
    /// Needs `CHANGE_NICKNAME`.
    pub fn update_current_member(&self, guild: Id<GuildMarker>) -> UpdateCurrentMember<'_> {
        let fields = Fields::to(Method::Patch, &[&"guilds", &guild, &"members", &"@me"]);
        UpdateCurrentMember::new(self.http(), fields)
    }

    /// Kicks a member.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#remove-guild-member)
    ///
    /// Needs `KICK_MEMBERS`. The user may come back by an invite.
    /// The event is `discord.GUILD_MEMBER_REMOVE`, which does not tell a kick from a leave; the audit log does.
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
    ///
    /// Needs `MANAGE_ROLES`, and a role below the bot's highest.
    /// A member who has the role already keeps it, and the call succeeds.
    /// It is safe beside other changes, where setting the whole list
    /// ([`UpdateGuildMember::roles`](crate::client::UpdateGuildMember::roles)) would undo them.
    ///
    /// ```
    /// use antiphon_discord::{Config, Intents, model::id::Id};
    /// use antiphon_sim::Simulator;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::with_seed(7);
    /// let discord = sim.discord();
    /// let token = discord.account_named("cantor").token;
    /// let config = Config::new(token, Intents::empty()).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = antiphon_discord::connect(config);
    ///
    /// let (choir, teo) = (Id::new(discord.guild_id()), Id::new(discord.user("teo")));
    /// let descant = client.create_role(choir).name("descant").reason("new voices").await?;
    /// client.add_guild_member_role(choir, teo, descant.id).await?;
    /// assert!(client.guild_member(choir, teo).await?.roles.contains(&descant.id));
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// Needs `MANAGE_ROLES`, and a role below the bot's highest.
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
    ///
    /// Needs `BAN_MEMBERS`. Banning twice is no error.
    /// The event is `discord.GUILD_BAN_ADD`, and for a member `discord.GUILD_MEMBER_REMOVE` beside it.
    ///
    /// A bot without the permission learns its name:
    ///
    /// ```
    /// use antiphon_discord::{Config, Intents, RequestError, model::id::Id};
    /// use antiphon_sim::Simulator;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let sim = Simulator::with_seed(7);
    /// let discord = sim.discord();
    /// let token = discord.account_named("lector").token;
    /// let config = Config::new(token, Intents::empty()).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = antiphon_discord::connect(config);
    ///
    /// let mira = Id::new(discord.user("mira"));
    /// let error = client.create_ban(Id::new(discord.guild_id()), mira).await.unwrap_err();
    /// assert!(matches!(error, RequestError::Forbidden(refusal) if refusal.code == 50013));
    /// # }
    /// ```
    pub fn create_ban(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> CreateBan<'_> {
        CreateBan::new(self.http(), self.http().builders().create_ban(guild, user))
    }

    /// Lifts a ban.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#remove-guild-ban)
    ///
    /// Needs `BAN_MEMBERS`. The event is `discord.GUILD_BAN_REMOVE`.
    pub fn delete_ban(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> AuditedCall<'_, ()> {
        let request = self.http().builders().delete_ban(guild, user);
        AuditedCall::new(self.http(), Repeat::Safe, request)
    }

    /// Reads one ban.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-ban)
    ///
    /// Needs `BAN_MEMBERS`. A user without a ban is [`RequestError::NotFound`](crate::RequestError::NotFound) with code 10026.
    pub fn ban(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Call<'_, Ban> {
        let request = self.http().builders().ban(guild, user);
        Call::new(self.http(), Repeat::Safe, request).known("user", json!({ "id": user }))
    }

    /// Reads a guild's bans, sorted by user id.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-bans)
    ///
    /// Needs `BAN_MEMBERS`.
    pub fn bans(&self, guild: Id<GuildMarker>) -> Bans<'_> {
        Bans::new(self.http(), self.http().builders().bans(guild))
    }
}

calls! {
    /// A guild's members; see [`Client::guild_members`].
    ///
    /// A number of results out of its range is [`RequestError::Invalid`](crate::RequestError::Invalid).
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
    UpdateGuildMember(Fields) -> Member, Never, audited {
        /// Sets the nickname, at most 32 characters; `None` removes it.
        nick(nick: Option<&'a str>) = "nick";
        /// Replaces the member's roles.
        ///
        /// Roles that Discord manages itself, such as a bot's own, cannot be taken away.
        roles(roles: &'a [Id<RoleMarker>]) = "roles";
        /// Sets whether the guild mutes the member; refused unless the member is in a voice channel.
        mute(mute: bool) = "mute";
        /// Sets whether the guild deafens the member; refused unless the member is in a voice channel.
        deaf(deaf: bool) = "deaf";
        /// Moves the member to a voice channel; `None` disconnects the member.
        ///
        /// Refused with code 40032 while the member is in no voice channel.
        channel_id(channel: Option<Id<ChannelMarker>>) = "channel_id";
        /// Times the member out until then, at most 28 days from now; `None` ends the time-out.
        ///
        /// A member timed out can read, and neither write, react nor speak; members with `ADMINISTRATOR` cannot be timed out.
        communication_disabled_until(until: Option<Timestamp>) = "communication_disabled_until";
        /// Sets the flags that may be changed: `BYPASSES_VERIFICATION`.
        flags(flags: MemberFlags) = "flags";
    }

    /// A change of the bot's own member; see [`Client::update_current_member`].
    UpdateCurrentMember(Fields) -> Member, Never, audited {
        /// Sets the nickname, at most 32 characters; `None` removes it. Needs `CHANGE_NICKNAME`.
        nick(nick: Option<&'a str>) = "nick";
        /// Sets the bot's picture in the guild as a data URI; `None` removes it.
        avatar(avatar: Option<&str>) = "avatar";
        /// Sets the bot's banner in the guild as a data URI; `None` removes it.
        banner(banner: Option<&str>) = "banner";
        /// Sets the words about the bot in the guild, at most 190 characters; `None` removes them.
        bio(bio: Option<&str>) = "bio" [0..=190];
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
