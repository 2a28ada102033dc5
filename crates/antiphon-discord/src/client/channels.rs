//! Channels and threads.

use std::future::IntoFuture;

use twilight_http::request::{
    channel::{
        UpdateChannel as TwilightUpdateChannel,
        thread::{
            CreateThread as TwilightCreateThread, CreateThreadFromMessage as TwilightFromMessage,
            GetThreadMembers, UpdateThread as TwilightUpdateThread,
        },
    },
    guild::CreateGuildChannel as TwilightCreateChannel,
};
use twilight_model::{
    channel::{
        self, Channel, ChannelType,
        thread::{AutoArchiveDuration, ThreadMember},
    },
    http::permission_overwrite::PermissionOverwrite,
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, MessageMarker, UserMarker},
    },
};

use super::{
    Client,
    call::{AuditedCall, Call, calls},
};
use crate::http::Repeat;

impl Client {
    /// Reads a channel or a thread.
    pub fn channel(&self, channel: Id<ChannelMarker>) -> Call<'_, Channel> {
        let request = self.http().builders().channel(channel);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Makes a channel in a guild.
    pub fn create_guild_channel<'a>(
        &'a self,
        guild: Id<GuildMarker>,
        name: &'a str,
    ) -> CreateGuildChannel<'a> {
        let request = self.http().builders().create_guild_channel(guild, name);
        CreateGuildChannel::new(self.http(), request)
    }

    /// Changes a channel; threads have [`update_thread`](Self::update_thread).
    pub fn update_channel(&self, channel: Id<ChannelMarker>) -> UpdateChannel<'_> {
        UpdateChannel::new(self.http(), self.http().builders().update_channel(channel))
    }

    /// Deletes a channel or a thread, or closes a direct conversation.
    pub fn delete_channel(&self, channel: Id<ChannelMarker>) -> AuditedCall<'_, ()> {
        let request = self.http().builders().delete_channel(channel);
        AuditedCall::new(self.http(), Repeat::Safe, request)
    }

    /// Sets what a role or a member may do in a channel.
    pub fn update_channel_permission(
        &self,
        channel: Id<ChannelMarker>,
        overwrite: &PermissionOverwrite,
    ) -> AuditedCall<'_, ()> {
        let builders = self.http().builders();
        let request = builders.update_channel_permission(channel, overwrite);
        AuditedCall::new(self.http(), Repeat::Safe, request)
    }

    /// Begins a thread in a channel, of one of the thread types.
    pub fn create_thread<'a>(
        &'a self,
        channel: Id<ChannelMarker>,
        name: &'a str,
        kind: ChannelType,
    ) -> CreateThread<'a> {
        let request = self.http().builders().create_thread(channel, name, kind);
        CreateThread::new(self.http(), request)
    }

    /// Begins a thread from a message.
    pub fn create_thread_from_message<'a>(
        &'a self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        name: &'a str,
    ) -> CreateThreadFromMessage<'a> {
        let builders = self.http().builders();
        let request = builders.create_thread_from_message(channel, message, name);
        CreateThreadFromMessage::new(self.http(), request)
    }

    /// Changes a thread.
    pub fn update_thread(&self, thread: Id<ChannelMarker>) -> UpdateThread<'_> {
        UpdateThread::new(self.http(), self.http().builders().update_thread(thread))
    }

    /// Lets the bot join a thread, whose messages it then gets.
    pub fn join_thread(&self, thread: Id<ChannelMarker>) -> Call<'_, ()> {
        let request = self.http().builders().join_thread(thread);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Lets the bot leave a thread.
    pub fn leave_thread(&self, thread: Id<ChannelMarker>) -> Call<'_, ()> {
        let request = self.http().builders().leave_thread(thread);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Brings somebody into a thread.
    pub fn add_thread_member(
        &self,
        thread: Id<ChannelMarker>,
        user: Id<UserMarker>,
    ) -> Call<'_, ()> {
        let request = self.http().builders().add_thread_member(thread, user);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Takes somebody out of a thread.
    pub fn remove_thread_member(
        &self,
        thread: Id<ChannelMarker>,
        user: Id<UserMarker>,
    ) -> Call<'_, ()> {
        let request = self.http().builders().remove_thread_member(thread, user);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads who is in a thread; needs the intent `GUILD_MEMBERS`.
    pub fn thread_members(&self, thread: Id<ChannelMarker>) -> ThreadMembers<'_> {
        ThreadMembers::new(self.http(), self.http().builders().thread_members(thread))
    }
}

calls! {
    /// A new channel; see [`Client::create_guild_channel`].
    CreateGuildChannel(TwilightCreateChannel<'a>) -> Channel, Never, audited {
        /// Sets the type; the default is a text channel.
        kind(kind: ChannelType);
        /// Sets the topic, at most 1,024 characters.
        topic(topic: &'a str);
        /// Puts it into a category.
        parent_id(category: Id<ChannelMarker>);
        /// Sets where it stands in the list.
        position(position: u64);
        /// Sets who may do what in it.
        permission_overwrites(overwrites: &'a [channel::permission_overwrite::PermissionOverwrite]);
        /// Sets whether it is age-restricted; the default is no.
        nsfw(nsfw: bool);
        /// Sets how many seconds a user waits between messages, 0 to 21,600.
        rate_limit_per_user(seconds: u16);
        /// Sets a voice channel's bit rate.
        bitrate(bitrate: u32);
        /// Sets how many may be in a voice channel; 0 is any number.
        user_limit(limit: u16);
    }

    /// A change of a channel; see [`Client::update_channel`].
    ///
    /// What is not set stays as it is.
    UpdateChannel(TwilightUpdateChannel<'a>) -> Channel, Never, audited {
        /// Sets the name, 1 to 100 characters.
        name(name: &'a str);
        /// Sets the topic, at most 1,024 characters.
        topic(topic: &'a str);
        /// Puts it into a category; `None` takes it out.
        parent_id(category: Option<Id<ChannelMarker>>);
        /// Sets where it stands in the list.
        position(position: u64);
        /// Sets who may do what in it.
        permission_overwrites(overwrites: &'a [channel::permission_overwrite::PermissionOverwrite]);
        /// Sets whether it is age-restricted.
        nsfw(nsfw: bool);
        /// Sets how many seconds a user waits between messages, 0 to 21,600.
        rate_limit_per_user(seconds: u16);
        /// Sets a voice channel's bit rate.
        bitrate(bitrate: u32);
        /// Sets how many may be in a voice channel; 0 is any number.
        user_limit(limit: u16);
        /// Makes a text channel an announcement channel, or the other way round.
        kind(kind: ChannelType);
    }

    /// A new thread; see [`Client::create_thread`].
    CreateThread(TwilightCreateThread<'a>) -> Channel, Never, audited {
        /// Sets after which silence it leaves the list; the default is the channel's.
        auto_archive_duration(duration: AutoArchiveDuration);
        /// Sets whether members may invite others to a private thread; the default is yes.
        invitable(invitable: bool);
    }

    /// A new thread from a message; see [`Client::create_thread_from_message`].
    CreateThreadFromMessage(TwilightFromMessage<'a>) -> Channel, Never, audited {
        /// Sets after which silence it leaves the list; the default is the channel's.
        auto_archive_duration(duration: AutoArchiveDuration);
    }

    /// A change of a thread; see [`Client::update_thread`].
    ///
    /// What is not set stays as it is.
    UpdateThread(TwilightUpdateThread<'a>) -> Channel, Never, audited {
        /// Sets the name, 1 to 100 characters.
        name(name: &'a str);
        /// Archives it, or takes it out of the archive.
        archived(archived: bool);
        /// Locks it, so that only moderators take it out of the archive.
        locked(locked: bool);
        /// Sets after which silence it leaves the list.
        auto_archive_duration(duration: AutoArchiveDuration);
        /// Sets whether members may invite others to a private thread.
        invitable(invitable: bool);
        /// Sets how many seconds a user waits between messages, 0 to 21,600.
        rate_limit_per_user(seconds: u16);
    }

    /// Who is in a thread; see [`Client::thread_members`].
    ThreadMembers(GetThreadMembers<'a>) -> Vec<ThreadMember>, Safe {
        /// Only those whose id comes after this one.
        after(user: Id<UserMarker>);
        /// Sets how many, 1 to 100; the default is 100.
        limit(limit: u32);
        /// Sets whether the guild's members come with them; the default is no.
        with_member(with: bool);
    }
}
