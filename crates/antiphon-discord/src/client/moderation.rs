//! Joining by `OAuth2` or by request, bans of many users at once, pruning, and pauses of invites.
//!
//! [Discord's page](https://discord.com/developers/docs/resources/guild)

use antiphon_discord_model::{
    BulkBan, IncidentsData, JoinRequest, JoinRequests, Member, PruneCount,
    id::{
        Id,
        marker::{GenericMarker, GuildMarker, RoleMarker, UserMarker},
    },
};
use jiff::Timestamp;

use super::{
    call::calls,
    fields::{Fields, joined},
    routes::routes,
};

routes! {
    /// Adds a user who authorized the application for that; `None` if the user is a member already.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#add-guild-member)
    ///
    /// Needs `CREATE_INSTANT_INVITE`, and the user's access token with the scope `guilds.join`.
    add_guild_member(guild: Id<GuildMarker>, user: Id<UserMarker>, access_token: &str) -> AddGuildMember<'_>
        = Put ["guilds", guild, "members", user].set("access_token", access_token);

    /// Bans up to 200 users at once, and returns who was banned and who was not.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#bulk-guild-ban)
    ///
    /// Needs `BAN_MEMBERS` and `MANAGE_GUILD`. If nobody could be banned, it is refused with code 500000.
    bulk_guild_ban(guild: Id<GuildMarker>, users: &[Id<UserMarker>]) -> BulkGuildBan<'_>
        = Post ["guilds", guild, "bulk-ban"].bounded("user_ids", 1..=200, users);

    /// Counts the members who would be pruned.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-prune-count)
    ///
    /// Needs `MANAGE_GUILD` and `KICK_MEMBERS`.
    guild_prune_count(guild: Id<GuildMarker>) -> GuildPruneCount<'_> = Get ["guilds", guild, "prune"];

    /// Kicks the members who were not seen for a while and have no roles.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#begin-guild-prune)
    ///
    /// Needs `MANAGE_GUILD` and `KICK_MEMBERS`.
    /// Each is a `discord.GUILD_MEMBER_REMOVE` of its own.
    create_guild_prune(guild: Id<GuildMarker>) -> CreateGuildPrune<'_> = Post ["guilds", guild, "prune"];

    /// Pauses invites and direct messages of a guild, for 24 hours at most.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#modify-guild-incident-actions)
    ///
    /// Needs `MANAGE_GUILD`.
    update_guild_incident_actions(guild: Id<GuildMarker>) -> UpdateGuildIncidentActions<'_>
        = Put ["guilds", guild, "incident-actions"];

    /// Reads the requests to join a guild, the newest first.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild)
    ///
    /// Needs `KICK_MEMBERS`.
    guild_join_requests(guild: Id<GuildMarker>) -> GuildJoinRequests<'_> = Get ["guilds", guild, "requests"];

    /// Grants or refuses a request to join a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild)
    ///
    /// Needs `KICK_MEMBERS`. A granted one makes the user a member.
    update_guild_join_request(guild: Id<GuildMarker>, request: Id<GenericMarker>, approve: bool)
        -> UpdateGuildJoinRequest<'_>
        = Patch ["guilds", guild, "requests", request]
            .set("action", if approve { "APPROVED" } else { "REJECTED" });
}

calls! {
    /// A user to add; see [`Client::add_guild_member`](crate::Client::add_guild_member).
    AddGuildMember(Fields) -> Option<Member>, Safe {
        /// Sets the nickname, at most 32 characters. Needs `MANAGE_NICKNAMES`.
        nick(nick: &str) = "nick" [0..=32];
        /// Sets the roles. Needs `MANAGE_ROLES`.
        roles(roles: &[Id<RoleMarker>]) = "roles" [0..=250];
        /// Sets whether the guild mutes the member. Needs `MUTE_MEMBERS`.
        mute(mute: bool) = "mute";
        /// Sets whether the guild deafens the member. Needs `DEAFEN_MEMBERS`.
        deaf(deaf: bool) = "deaf";
    }

    /// Users to ban; see [`Client::bulk_guild_ban`](crate::Client::bulk_guild_ban).
    BulkGuildBan(Fields) -> BulkBan, Never, audited {
        /// Deletes the users' messages of the last seconds, at most 604,800 (a week). Default: none.
        delete_message_seconds(seconds: u32) = "delete_message_seconds" [0..=604_800];
    }

    /// Members who would be pruned; see [`Client::guild_prune_count`](crate::Client::guild_prune_count).
    GuildPruneCount(Fields) -> PruneCount, Safe {
        /// Sets the days of absence, 1 to 30. Default: 7.
        days(days: u8) = "days" [1..=30];
        /// Counts members with no roles but these, too.
        include_roles(roles: &[Id<RoleMarker>]) = "include_roles" as joined;
    }

    /// Members to prune; see [`Client::create_guild_prune`](crate::Client::create_guild_prune).
    CreateGuildPrune(Fields) -> PruneCount, Never, audited {
        /// Sets the days of absence, 1 to 30. Default: 7.
        days(days: u8) = "days" [1..=30];
        /// Kicks members with no roles but these, too.
        include_roles(roles: &[Id<RoleMarker>]) = "include_roles" [0..=100];
        /// Sets whether the number is returned. Default: yes; Discord advises against it for large guilds.
        compute_prune_count(compute: bool) = "compute_prune_count";
    }

    /// A pause of invites or messages; see
    /// [`Client::update_guild_incident_actions`](crate::Client::update_guild_incident_actions).
    UpdateGuildIncidentActions(Fields) -> IncidentsData, Safe {
        /// Pauses invites until then; `None` ends the pause.
        invites_disabled_until(until: Option<Timestamp>) = "invites_disabled_until";
        /// Pauses direct messages between members until then; `None` ends the pause.
        dms_disabled_until(until: Option<Timestamp>) = "dms_disabled_until";
    }

    /// Requests to join a guild; see [`Client::guild_join_requests`](crate::Client::guild_join_requests).
    GuildJoinRequests(Fields) -> JoinRequests, Safe {
        /// Returns only those with this status: `STARTED`, `SUBMITTED`, `REJECTED` or `APPROVED`.
        status(status: &str) = "status";
        /// Returns only those with an id below this one.
        before(request: Id<GenericMarker>) = "before";
        /// Returns only those with an id above this one.
        after(request: Id<GenericMarker>) = "after";
        /// Sets the number of results, 1 to 100. Default: 100.
        limit(limit: u8) = "limit" [1..=100];
    }

    /// A decision on a request to join; see
    /// [`Client::update_guild_join_request`](crate::Client::update_guild_join_request).
    UpdateGuildJoinRequest(Fields) -> JoinRequest, Never {
        /// Tells the user why it is refused, at most 160 characters.
        rejection_reason(reason: &str) = "rejection_reason" [0..=160];
    }
}
