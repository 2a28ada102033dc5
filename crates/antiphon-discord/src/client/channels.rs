//! Channels and threads.
//!
//! A thread is a channel of its own: its id goes wherever a channel's goes, its type is `AnnouncementThread`,
//! `PublicThread` or `PrivateThread`, and its `parent_id` is the channel in which it was begun.
//! [Discord's page on threads](https://discord.com/developers/docs/topics/threads) tells when they are archived and who
//! sees them.
//!
//! | wish | permissions |
//! | --- | --- |
//! | create, change, delete a channel | `MANAGE_CHANNELS`; `MANAGE_ROLES` for its overwrites |
//! | begin a thread | `CREATE_PUBLIC_THREADS` or `CREATE_PRIVATE_THREADS` |
//! | archive or rename another's thread, lock or delete one | `MANAGE_THREADS` |
//! | add a user to a thread | `SEND_MESSAGES` in it; `MANAGE_THREADS` if `invitable` is off |
//!
//! Changes arrive as events: `discord.CHANNEL_CREATE`, `_UPDATE` and `_DELETE`, `discord.THREAD_CREATE`, `_UPDATE` and
//! `_DELETE`, all under the intent `GUILDS`.

use std::future::IntoFuture;

use antiphon_discord_model::{
    AutoArchiveDuration, Channel, ChannelFlags, ChannelType, DefaultReaction, ForumLayout,
    ForumSortOrder, PermissionOverwrite, ThreadMember, VideoQualityMode,
    id::{
        Id,
        marker::{ChannelMarker, GenericMarker, GuildMarker, MessageMarker, TagMarker, UserMarker},
    },
};
use serde::Serialize;
use twilight_http::{request::channel::thread::GetThreadMembers, routing::Route};

use super::{
    Client,
    call::{AuditedCall, Call, calls},
    fields::Fields,
};
use crate::http::Repeat;

impl Client {
    /// Reads a channel or a thread.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#get-channel)
    ///
    /// [`Cache::channel`](crate::Cache::channel) answers the same without a request, as far as the cache goes.
    pub fn channel(&self, channel: Id<ChannelMarker>) -> Call<'_, Channel> {
        let request = self.http().builders().channel(channel);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Creates a channel in a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#create-guild-channel)
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{ChannelType, id::{Id, marker::GuildMarker}}};
    /// # async fn f(client: Client, guild: Id<GuildMarker>) -> Result<(), RequestError> {
    /// let loft = client.create_guild_channel(guild, "loft").topic("singing").reason("a new choir").await?;
    /// let thread = client.create_thread(loft.id, "Miserere", ChannelType::PublicThread).await?;
    /// client.update_thread(thread.id).archived(true).await?;
    /// client.delete_channel(loft.id).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// Needs `MANAGE_CHANNELS`.
    /// The name has 1 to 100 characters; Discord writes that of a text channel in small letters with hyphens.
    /// A guild has at most 500 channels, and a category 50.
    pub fn create_guild_channel<'a>(
        &'a self,
        guild: Id<GuildMarker>,
        name: &'a str,
    ) -> CreateGuildChannel<'a> {
        let guild_id = guild.get();
        let fields = Fields::new(Route::CreateChannel { guild_id }).set("name", name);
        CreateGuildChannel::new(self.http(), fields)
    }

    /// Changes a channel; threads have [`update_thread`](Self::update_thread).
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#modify-channel)
    ///
    /// Needs `MANAGE_CHANNELS`.
    /// Discord limits changes of a channel's name and topic more narrowly than other changes, to a few in ten minutes: a call
    /// that would wait longer than [`Config::request_timeout`](crate::Config::request_timeout) fails at once with
    /// [`RequestError::RateLimited`](crate::RequestError::RateLimited) and its time.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::ChannelMarker}};
    /// # async fn f(client: Client, channel: Id<ChannelMarker>) -> Result<(), RequestError> {
    /// client.update_channel(channel).topic("Vespers at six").rate_limit_per_user(10).reason("quiet").await?;
    /// # Ok(()) }
    /// ```
    pub fn update_channel(&self, channel: Id<ChannelMarker>) -> UpdateChannel<'_> {
        let channel_id = channel.get();
        UpdateChannel::new(
            self.http(),
            Fields::new(Route::UpdateChannel { channel_id }),
        )
    }

    /// Deletes a channel or a thread, or closes a direct message channel.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#deleteclose-channel)
    ///
    /// Needs `MANAGE_CHANNELS`, or `MANAGE_THREADS` for a thread.
    /// It cannot be undone, except that a direct message channel opens again.
    /// The channels of a deleted category stay, each with a `discord.CHANNEL_UPDATE` of its own.
    pub fn delete_channel(&self, channel: Id<ChannelMarker>) -> AuditedCall<'_, ()> {
        let request = self.http().builders().delete_channel(channel);
        AuditedCall::new(self.http(), Repeat::Safe, request)
    }

    /// Sets the permissions of a role or a member in a channel.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#edit-channel-permissions)
    ///
    /// Needs `MANAGE_ROLES`, and allows or denies only what the bot may do itself in the channel.
    /// The overwrite is replaced as a whole.
    /// Bits that antiphon has no name for are sent as they were read.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{PermissionOverwrite, PermissionOverwriteType, Permissions, id::{Id, marker::{ChannelMarker, RoleMarker}}}};
    /// # async fn f(client: Client, channel: Id<ChannelMarker>, role: Id<RoleMarker>) -> Result<(), RequestError> {
    /// let overwrite = PermissionOverwrite {
    ///     id: role.cast(),
    ///     kind: PermissionOverwriteType::Role,
    ///     allow: Permissions::VIEW_CHANNEL,
    ///     deny: Permissions::SEND_MESSAGES,
    /// };
    /// client.update_channel_permission(channel, &overwrite).reason("only listening").await?;
    /// # Ok(()) }
    /// ```
    pub fn update_channel_permission(
        &self,
        channel: Id<ChannelMarker>,
        overwrite: &PermissionOverwrite,
    ) -> AuditedCall<'_, ()> {
        let route = Route::UpdatePermissionOverwrite {
            channel_id: channel.get(),
            target_id: overwrite.id.get(),
        };
        let fields = Fields::new(route)
            .set("type", overwrite.kind)
            .set("allow", overwrite.allow)
            .set("deny", overwrite.deny);
        AuditedCall::new(self.http(), Repeat::Safe, fields)
    }

    /// Deletes the permissions of a role or a member in a channel.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#delete-channel-permission)
    ///
    /// Needs `MANAGE_ROLES`. What the role or the member may do is then what the category and the guild say.
    pub fn delete_channel_permission(
        &self,
        channel: Id<ChannelMarker>,
        overwrite: Id<GenericMarker>,
    ) -> AuditedCall<'_, ()> {
        let route = Route::DeletePermissionOverwrite {
            channel_id: channel.get(),
            target_id: overwrite.get(),
        };
        AuditedCall::new(self.http(), Repeat::Safe, Fields::new(route))
    }

    /// Begins a thread in a channel, of one of the thread types.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#start-thread-without-message)
    ///
    /// The bot is in the thread that it begins.
    /// A channel of type forum or media takes no thread without a message; Discord refuses it there.
    /// Needs `CREATE_PUBLIC_THREADS` for `PublicThread` and `AnnouncementThread`, and `CREATE_PRIVATE_THREADS` for
    /// `PrivateThread`.
    pub fn create_thread<'a>(
        &'a self,
        channel: Id<ChannelMarker>,
        name: &'a str,
        kind: ChannelType,
    ) -> CreateThread<'a> {
        let channel_id = channel.get();
        let fields = Fields::new(Route::CreateThread { channel_id });
        CreateThread::new(self.http(), fields.set("name", name).set("type", kind))
    }

    /// Begins a thread from a message.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#start-thread-from-message)
    ///
    /// The thread has the message's id, so that both are found by one; a message has one thread at most.
    /// Its type follows from the channel's.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{AutoArchiveDuration, Message}};
    /// # async fn f(client: Client, question: Message) -> Result<(), RequestError> {
    /// let thread = client
    ///     .create_thread_from_message(question.channel_id, question.id, "Tuning")
    ///     .auto_archive_duration(AutoArchiveDuration::OneDay)
    ///     .await?;
    /// client.create_message(thread.id).content("here, please").await?;
    /// # Ok(()) }
    /// ```
    pub fn create_thread_from_message<'a>(
        &'a self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        name: &'a str,
    ) -> CreateThreadFromMessage<'a> {
        let route = Route::CreateThreadFromMessage {
            channel_id: channel.get(),
            message_id: message.get(),
        };
        CreateThreadFromMessage::new(self.http(), Fields::new(route).set("name", name))
    }

    /// Changes a thread.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#modify-channel-json-params-thread)
    ///
    /// Needs `MANAGE_THREADS`, except for what the thread's creator may: rename it, archive it, and open an archived one that
    /// is not locked.
    /// An archived thread takes no other change until it is opened again.
    pub fn update_thread(&self, thread: Id<ChannelMarker>) -> UpdateThread<'_> {
        let channel_id = thread.get();
        UpdateThread::new(
            self.http(),
            Fields::new(Route::UpdateChannel { channel_id }),
        )
    }

    /// Joins a thread, whose messages the bot then gets.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#join-thread)
    ///
    /// Joining twice is no error; an archived thread is refused.
    /// A bot that may see a public thread gets its messages without joining it.
    pub fn join_thread(&self, thread: Id<ChannelMarker>) -> Call<'_, ()> {
        let request = self.http().builders().join_thread(thread);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Leaves a thread.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#leave-thread)
    pub fn leave_thread(&self, thread: Id<ChannelMarker>) -> Call<'_, ()> {
        let request = self.http().builders().leave_thread(thread);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Adds a user to a thread.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#add-thread-member)
    ///
    /// Discord refuses a user who cannot see the thread's channel.
    pub fn add_thread_member(
        &self,
        thread: Id<ChannelMarker>,
        user: Id<UserMarker>,
    ) -> Call<'_, ()> {
        let request = self.http().builders().add_thread_member(thread, user);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Removes a user from a thread.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#remove-thread-member)
    ///
    /// Needs `MANAGE_THREADS`, or to have begun a private thread.
    pub fn remove_thread_member(
        &self,
        thread: Id<ChannelMarker>,
        user: Id<UserMarker>,
    ) -> Call<'_, ()> {
        let request = self.http().builders().remove_thread_member(thread, user);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads a thread's members. Needs the intent `GUILD_MEMBERS`.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#list-thread-members)
    ///
    /// Discord refuses it without the privileged intent, which is switched on in the application's settings too.
    pub fn thread_members(&self, thread: Id<ChannelMarker>) -> ThreadMembers<'_> {
        ThreadMembers::new(self.http(), self.http().builders().thread_members(thread))
    }
}

calls! {
    /// A new channel; see [`Client::create_guild_channel`].
    CreateGuildChannel(Fields) -> Channel, Never, audited {
        /// Sets the type. Default: a text channel.
        kind(kind: ChannelType) = "type";
        /// Sets the topic, at most 1,024 characters.
        ///
        /// Forum and media channels take 4,096, which is the length above which nothing is sent.
        topic(topic: &'a str) = "topic";
        /// Puts the channel into a category.
        parent_id(category: Id<ChannelMarker>) = "parent_id";
        /// Sets the position in the list of channels.
        ///
        /// Counted from the top, from 0, separately for voice and other channels; equal positions are sorted by id.
        position(position: u64) = "position";
        /// Sets the permission overwrites.
        ///
        /// Default: those of the category, or none.
        permission_overwrites(overwrites: &'a [PermissionOverwrite]) = "permission_overwrites";
        /// Sets whether the channel is age-restricted. Default: no.
        nsfw(nsfw: bool) = "nsfw";
        /// Sets the slow mode: seconds between two messages of a user, 0 to 21,600.
        ///
        /// Moderators and bots are exempt. A larger number is [`RequestError::Invalid`](crate::RequestError::Invalid).
        rate_limit_per_user(seconds: u16) = "rate_limit_per_user";
        /// Sets the bit rate of a voice channel, in bits per second.
        ///
        /// At least 8,000; the largest depends on the guild's boosts, from 96,000 to 384,000.
        bitrate(bitrate: u32) = "bitrate";
        /// Sets how many users may be in a voice channel; 0 is any number.
        ///
        /// At most 99 for voice channels and 10,000 for stages. Default: 0.
        user_limit(limit: u16) = "user_limit";
        /// Sets the region of a voice channel; see [`Client::voice_regions`]. Default: Discord's choice.
        rtc_region(region: &str) = "rtc_region";
        /// Sets the quality of cameras in a voice channel. Default: Discord's choice.
        video_quality_mode(mode: VideoQualityMode) = "video_quality_mode";
        /// Sets the inactivity after which new threads are archived.
        default_auto_archive_duration(duration: AutoArchiveDuration) = "default_auto_archive_duration";
        /// Sets the slow mode of new threads: seconds between two messages of a user, 0 to 21,600.
        default_thread_rate_limit_per_user(seconds: u16) = "default_thread_rate_limit_per_user" [0..=21_600];
        /// Sets the tags of a forum, at most 20: values that serialize to the JSON that Discord documents, such as a
        /// [`ForumTag`](crate::model::ForumTag); a new one has no id.
        available_tags(tags: &[impl Serialize]) = "available_tags" [0..=20];
        /// Sets the reaction that posts of a forum begin with.
        default_reaction_emoji(emoji: &DefaultReaction) = "default_reaction_emoji";
        /// Sets the order of a forum's posts.
        default_sort_order(order: ForumSortOrder) = "default_sort_order";
        /// Sets how a forum's posts are shown.
        default_forum_layout(layout: ForumLayout) = "default_forum_layout";
    }

    /// A change of a channel; see [`Client::update_channel`].
    ///
    /// A field that is not set stays as it is.
    UpdateChannel(Fields) -> Channel, Never, audited {
        /// Sets the name, 1 to 100 characters.
        name(name: &'a str) = "name";
        /// Sets the topic, at most 1,024 characters.
        topic(topic: &'a str) = "topic";
        /// Puts the channel into a category; `None` takes it out.
        ///
        /// The channel keeps its own overwrites.
        parent_id(category: Option<Id<ChannelMarker>>) = "parent_id";
        /// Sets the position in the list of channels.
        position(position: u64) = "position";
        /// Sets the permission overwrites.
        ///
        /// Replaces all of them: begin with those of the channel to add one.
        permission_overwrites(overwrites: &'a [PermissionOverwrite]) = "permission_overwrites";
        /// Sets whether the channel is age-restricted.
        nsfw(nsfw: bool) = "nsfw";
        /// Sets the slow mode: seconds between two messages of a user, 0 to 21,600.
        rate_limit_per_user(seconds: u16) = "rate_limit_per_user";
        /// Sets the bit rate of a voice channel, in bits per second.
        bitrate(bitrate: u32) = "bitrate";
        /// Sets how many users may be in a voice channel; 0 is any number.
        user_limit(limit: u16) = "user_limit";
        /// Makes a text channel an announcement channel, or the reverse.
        kind(kind: ChannelType) = "type";
        /// Sets the region of a voice channel; see [`Client::voice_regions`]. Default: Discord's choice.
        rtc_region(region: &str) = "rtc_region";
        /// Sets the quality of cameras in a voice channel. Default: Discord's choice.
        video_quality_mode(mode: VideoQualityMode) = "video_quality_mode";
        /// Sets the inactivity after which new threads are archived.
        default_auto_archive_duration(duration: AutoArchiveDuration) = "default_auto_archive_duration";
        /// Sets the slow mode of new threads: seconds between two messages of a user, 0 to 21,600.
        default_thread_rate_limit_per_user(seconds: u16) = "default_thread_rate_limit_per_user" [0..=21_600];
        /// Sets the tags of a forum, at most 20: values that serialize to the JSON that Discord documents, such as a
        /// [`ForumTag`](crate::model::ForumTag); a new one has no id.
        available_tags(tags: &[impl Serialize]) = "available_tags" [0..=20];
        /// Sets the reaction that posts of a forum begin with.
        default_reaction_emoji(emoji: &DefaultReaction) = "default_reaction_emoji";
        /// Sets the order of a forum's posts.
        default_sort_order(order: ForumSortOrder) = "default_sort_order";
        /// Sets how a forum's posts are shown.
        default_forum_layout(layout: ForumLayout) = "default_forum_layout";
        /// Sets the flags: `REQUIRE_TAG` in forums, `HIDE_MEDIA_DOWNLOAD_OPTIONS` in media channels.
        flags(flags: ChannelFlags) = "flags";
    }

    /// A new thread; see [`Client::create_thread`].
    CreateThread(Fields) -> Channel, Never, audited {
        /// Sets the inactivity after which the thread is archived. Default: the channel's.
        auto_archive_duration(duration: AutoArchiveDuration) = "auto_archive_duration";
        /// Sets whether members may invite others to a private thread. Default: yes.
        ///
        /// Only for `PrivateThread`.
        invitable(invitable: bool) = "invitable";
        /// Sets the slow mode: seconds between two messages of a user, 0 to 21,600. Default: the channel's.
        rate_limit_per_user(seconds: u16) = "rate_limit_per_user";
    }

    /// A new thread from a message; see [`Client::create_thread_from_message`].
    CreateThreadFromMessage(Fields) -> Channel, Never, audited {
        /// Sets the inactivity after which the thread is archived. Default: the channel's.
        auto_archive_duration(duration: AutoArchiveDuration) = "auto_archive_duration";
        /// Sets the slow mode: seconds between two messages of a user, 0 to 21,600. Default: the channel's.
        rate_limit_per_user(seconds: u16) = "rate_limit_per_user";
    }

    /// A change of a thread; see [`Client::update_thread`].
    ///
    /// A field that is not set stays as it is.
    UpdateThread(Fields) -> Channel, Never, audited {
        /// Sets the name, 1 to 100 characters.
        name(name: &'a str) = "name";
        /// Archives the thread, or takes it out of the archive.
        ///
        /// A message in an archived thread opens it again by itself.
        archived(archived: bool) = "archived";
        /// Locks the thread, so that only moderators may unarchive it.
        locked(locked: bool) = "locked";
        /// Sets the inactivity after which the thread is archived.
        auto_archive_duration(duration: AutoArchiveDuration) = "auto_archive_duration";
        /// Sets whether members may invite others to a private thread.
        invitable(invitable: bool) = "invitable";
        /// Sets the slow mode: seconds between two messages of a user, 0 to 21,600.
        rate_limit_per_user(seconds: u16) = "rate_limit_per_user";
        /// Sets the tags of a forum's post, at most 5.
        applied_tags(tags: &[Id<TagMarker>]) = "applied_tags" [0..=5];
        /// Sets the flags: `PINNED` in forums.
        flags(flags: ChannelFlags) = "flags";
    }

    /// Members of a thread; see [`Client::thread_members`].
    ///
    /// Sorted by user id; the last id of a page is where the next one goes on ([`after`](Self::after)).
    ThreadMembers(GetThreadMembers<'a>) -> Vec<ThreadMember>, Safe {
        /// Returns only those with an id above this one.
        after(user: Id<UserMarker>);
        /// Sets the number of results, 1 to 100. Default: 100.
        limit(limit: u32);
        /// Sets whether guild members are included. Default: no.
        ///
        /// Only with them does Discord divide the list into pages; without, all members come at once.
        with_member(with: bool);
    }
}
