//! Invites to channels and guilds.
//!
//! An invite is named by its code, the last part of its link `https://discord.gg/…`.
//! Changes come as `discord.INVITE_CREATE` and `discord.INVITE_DELETE`, under the intent `GUILD_INVITES`.
//! [Discord's page](https://discord.com/developers/docs/resources/invite)

use antiphon_discord_model::{
    Invite, InviteTargetType, InviteTargetUsersJob, VanityUrl,
    id::{
        Id,
        marker::{
            ApplicationMarker, ChannelMarker, GuildMarker, MessageMarker, RoleMarker,
            ScheduledEventMarker, UserMarker,
        },
    },
};

use super::{
    call::{AuditedCall, Call, calls},
    fields::Fields,
    files::File,
    routes::routes,
};

routes! {
    /// Reads the invites to a channel, with their uses.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#get-channel-invites)
    ///
    /// Needs `MANAGE_CHANNELS`.
    channel_invites(channel: Id<ChannelMarker>) -> Call<'_, Vec<Invite>> = Get ["channels", channel, "invites"];

    /// Reads the invites to a guild, with their uses.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-invites)
    ///
    /// Needs `MANAGE_GUILD` or `VIEW_AUDIT_LOG`; the uses need `MANAGE_GUILD`.
    guild_invites(guild: Id<GuildMarker>) -> Call<'_, Vec<Invite>> = Get ["guilds", guild, "invites"];

    /// Reads a guild's own invite; its code is absent if the guild has none.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-vanity-url)
    ///
    /// Needs `MANAGE_GUILD`.
    guild_vanity_url(guild: Id<GuildMarker>) -> Call<'_, VanityUrl> = Get ["guilds", guild, "vanity-url"];

    /// Creates an invite to a channel, or returns an equal one.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#create-channel-invite)
    ///
    /// Needs `CREATE_INSTANT_INVITE`.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::ChannelMarker}};
    /// # async fn f(client: Client, channel: Id<ChannelMarker>) -> Result<(), RequestError> {
    /// let invite = client.create_invite(channel).max_age(3_600).max_uses(1).unique(true).await?;
    /// println!("https://discord.gg/{}", invite.code);
    /// # Ok(()) }
    /// ```
    create_invite(channel: Id<ChannelMarker>) -> CreateInvite<'_> = Post ["channels", channel, "invites"];

    /// Reads an invite by its code.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/invite#get-invite)
    ///
    /// The bot need not be in the guild. A code that names none is
    /// [`RequestError::NotFound`](crate::RequestError::NotFound) with code 10006.
    invite(code: &str) -> GetInvite<'_> = Get ["invites", code];

    /// Deletes an invite.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/invite#delete-invite)
    ///
    /// Needs `MANAGE_CHANNELS` in its channel, or `MANAGE_GUILD`.
    delete_invite(code: &str) -> AuditedCall<'_, ()> = Delete ["invites", code];

    /// Reads the users for whom alone an invite is.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/invite#get-target-users)
    ///
    /// Needs to have created the invite, or `MANAGE_GUILD` or `VIEW_AUDIT_LOG`.
    invite_target_users(code: &str) -> Call<'_, Vec<Id<UserMarker>>> = Get ["invites", code, "target-users"];

    /// Replaces the users for whom alone an invite is, by a file of CSV with the column `Users`.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/invite#update-target-users)
    ///
    /// Needs to have created the invite, or `MANAGE_GUILD`.
    /// Discord reads the file afterwards: [`invite_target_users_job_status`](Self::invite_target_users_job_status).
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, File, RequestError};
    /// # async fn f(client: Client, code: &str) -> Result<(), RequestError> {
    /// let users = File::new("users.csv", "Users\n80351110224678912\n");
    /// client.update_invite_target_users(code, &users).await?;
    /// # Ok(()) }
    /// ```
    update_invite_target_users(code: &str, users: &File) -> Call<'_, ()>
        = Put ["invites", code, "target-users"].upload("target_users_file", users);

    /// Reads how far Discord is with the users for whom alone an invite is.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/invite#get-target-users-job-status)
    ///
    /// Needs to have created the invite, or `MANAGE_GUILD` or `VIEW_AUDIT_LOG`.
    invite_target_users_job_status(code: &str) -> Call<'_, InviteTargetUsersJob>
        = Get ["invites", code, "target-users", "job-status"];
}

calls! {
    /// A new invite; see [`Client::create_invite`](crate::Client::create_invite).
    CreateInvite(Fields) -> Invite, Never, audited {
        /// Sets after how many seconds it ends, 0 to 5,184,000; 0 is never. Default: 86,400 (a day).
        max_age(seconds: u32) = "max_age" [0..=5_184_000];
        /// Sets how often it may be used, 0 to 100; 0 is any number. Default: 0.
        max_uses(uses: u16) = "max_uses" [0..=100];
        /// Sets whether members lose their membership when they disconnect without a role. Default: no.
        temporary(temporary: bool) = "temporary";
        /// Sets whether an equal invite is not used again. Default: no.
        unique(unique: bool) = "unique";
        /// Sets for what it is, beside a channel: a stream or an activity.
        target_type(kind: InviteTargetType) = "target_type";
        /// Sets the user whose stream it shows; the user is streaming in the channel.
        target_user_id(user: Id<UserMarker>) = "target_user_id";
        /// Sets the activity that it opens.
        target_application_id(application: Id<ApplicationMarker>) = "target_application_id";
        /// Sets the roles that new members get. Needs `MANAGE_ROLES`.
        role_ids(roles: &[Id<RoleMarker>]) = "role_ids" [0..=250];
        /// Sets the users for whom alone it is, by a file of CSV with the column `Users`.
        target_users_file(users: &File) = "target_users_file" by upload;
    }

    /// An invite; see [`Client::invite`](crate::Client::invite).
    GetInvite(Fields) -> Invite, Safe {
        /// Sets whether approximate member counts are included. Default: no.
        with_counts(with: bool) = "with_counts";
        /// Sets the scheduled event that is included.
        guild_scheduled_event_id(event: Id<ScheduledEventMarker>) = "guild_scheduled_event_id";
        /// Sets the channel that the link leads to.
        target_channel_id(channel: Id<ChannelMarker>) = "target_channel_id";
        /// Sets the message that the link leads to.
        target_message_id(message: Id<MessageMarker>) = "target_message_id";
    }
}
