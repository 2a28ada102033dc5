//! The maps of the cache, and their changes.
//!
//! Objects are shared (`Arc`): a reader's copy stays as it was, and a change clones an object only if a reader holds it.

use std::sync::Arc;

use antiphon_discord_model::{
    Channel, Emoji, Guild, Member, Message, PartialMember, Presence, Role, User, VoiceState,
    id::{
        Id,
        marker::{ChannelMarker, EmojiMarker, GuildMarker, MessageMarker, RoleMarker, UserMarker},
    },
};

use super::{
    bounded::{Indexed, Scoped},
    limits::CacheLimits,
};
use crate::event::NO_GUILD;

pub(super) type GuildId = Id<GuildMarker>;
pub(super) type UserId = Id<UserMarker>;
pub(super) type ChannelId = Id<ChannelMarker>;

/// All cached objects of one bot.
///
/// A guild's channels, roles, emojis, members, presences and voice states are not in the guild but beside it; its
/// stickers, stages and scheduled events are in it.
#[derive(Clone, Debug)]
pub(super) struct Store {
    pub(super) me: Option<Arc<User>>,
    pub(super) guilds: Scoped<(), GuildId, Arc<Guild>>,
    pub(super) channels: Indexed<GuildId, ChannelId, Arc<Channel>>,
    pub(super) roles: Indexed<GuildId, Id<RoleMarker>, Arc<Role>>,
    pub(super) emojis: Indexed<GuildId, Id<EmojiMarker>, Arc<Emoji>>,
    pub(super) members: Scoped<GuildId, UserId, Arc<Member>>,
    pub(super) users: Scoped<(), UserId, Arc<User>>,
    pub(super) presences: Scoped<GuildId, UserId, Arc<Presence>>,
    pub(super) voice_states: Scoped<GuildId, UserId, Arc<VoiceState>>,
    pub(super) messages: Indexed<ChannelId, Id<MessageMarker>, Arc<Message>>,
}

impl Store {
    pub(super) fn new(limits: CacheLimits) -> Self {
        Self {
            me: None,
            guilds: Scoped::new(limits.guilds, None),
            channels: Indexed::new(limits.channels, None),
            roles: Indexed::new(limits.roles, None),
            emojis: Indexed::new(limits.emojis, None),
            members: Scoped::new(limits.members, Some(limits.members_per_guild)),
            users: Scoped::new(limits.users, None),
            presences: Scoped::new(limits.presences, None),
            voice_states: Scoped::new(limits.voice_states, None),
            messages: Indexed::new(limits.messages, Some(limits.messages_per_channel)),
        }
    }

    /// Keeps a user, unless the same form is known or the user has no name.
    pub(super) fn see_user(&mut self, user: &User) {
        if !self.users.is_on() || user.name.is_empty() {
            return;
        }
        if self
            .users
            .get((), user.id)
            .is_some_and(|known| **known == *user)
        {
            return;
        }
        self.users.insert((), user.id, Arc::new(user.clone()));
    }

    /// Inserts a member and its user; a member that did not change is left alone, so that nothing is allocated.
    pub(super) fn put_member(&mut self, guild: GuildId, member: Member) -> Option<Arc<Member>> {
        self.see_user(&member.user);
        let known = self.members.get(guild, member.user.id);
        if known.is_some_and(|known| **known == member) {
            return None;
        }
        self.members.insert(guild, member.user.id, Arc::new(member))
    }

    /// Merges the member fields of a message or an interaction into the known member.
    pub(super) fn see_partial_member(
        &mut self,
        guild: GuildId,
        user: &User,
        partial: &PartialMember,
    ) {
        if !self.members.is_on() {
            return;
        }
        let mut member = partial.to_member(user.clone());
        if let Some(known) = self.members.get(guild, user.id) {
            member.pending = partial.pending.unwrap_or(known.pending);
            member.deaf = partial.deaf.unwrap_or(known.deaf);
            member.mute = partial.mute.unwrap_or(known.mute);
            member.flags = partial.flags.unwrap_or(known.flags);
        }
        self.put_member(guild, member);
    }

    /// Inserts a guild's emojis; Unicode emojis are not kept.
    pub(super) fn put_emojis(&mut self, guild: GuildId, emojis: Vec<Emoji>) {
        for emoji in emojis {
            if let Some(id) = emoji.id {
                self.emojis.insert(guild, id, Arc::new(emoji));
            }
        }
    }

    /// Inserts a guild with all its objects, in place of the known ones.
    pub(super) fn put_guild(&mut self, mut guild: Guild) -> Option<Arc<Guild>> {
        let id = guild.id;
        self.forget_parts(id);
        for channel in guild.channels.drain(..).chain(guild.threads.drain(..)) {
            self.channels.insert(id, channel.id, Arc::new(channel));
        }
        for role in guild.roles.drain(..) {
            self.roles.insert(id, role.id, Arc::new(role));
        }
        self.put_emojis(id, std::mem::take(&mut guild.emojis));
        for member in guild.members.drain(..) {
            self.put_member(id, member);
        }
        for presence in guild.presences.drain(..) {
            self.put_presence(id, presence);
        }
        for state in guild.voice_states.drain(..) {
            self.put_voice_state(id, state);
        }
        self.put_guild_alone(guild)
    }

    /// Inserts the guild alone; a guild that is dropped for it takes its objects along.
    pub(super) fn put_guild_alone(&mut self, mut guild: Guild) -> Option<Arc<Guild>> {
        // Gives back the capacity of the drained lists.
        (guild.channels, guild.threads, guild.members) = (Vec::new(), Vec::new(), Vec::new());
        (guild.roles, guild.emojis) = (Vec::new(), Vec::new());
        (guild.presences, guild.voice_states) = (Vec::new(), Vec::new());
        let id = guild.id;
        let oldest = self.guilds.iter().next().map(|((), oldest, _)| oldest);
        let replaced = self.guilds.insert((), id, Arc::new(guild));
        for id in oldest.into_iter().chain([id]) {
            if self.guilds.is_on() && self.guilds.get((), id).is_none() {
                self.forget_parts(id);
            }
        }
        replaced
    }

    /// Removes a guild with its objects and the messages of its channels.
    pub(super) fn remove_guild(&mut self, id: GuildId) -> Option<Arc<Guild>> {
        let channels: Vec<_> = self.channels.map.of(id).map(|(id, _)| id).collect();
        for channel in channels {
            self.messages.clear(channel);
        }
        self.forget_parts(id);
        self.guilds.remove((), id)
    }

    /// Removes a guild's objects and leaves the guild itself.
    fn forget_parts(&mut self, id: GuildId) {
        self.channels.clear(id);
        self.roles.clear(id);
        self.emojis.clear(id);
        self.members.clear(id);
        self.presences.clear(id);
        self.voice_states.clear(id);
    }

    /// Inserts a channel or a thread; one without a guild is filed under [`NO_GUILD`](crate::event::NO_GUILD).
    pub(super) fn put_channel(&mut self, channel: Channel) -> Option<Arc<Channel>> {
        for user in &channel.recipients {
            self.see_user(user);
        }
        let guild = channel.guild_id.unwrap_or(NO_GUILD);
        self.channels.insert(guild, channel.id, Arc::new(channel))
    }

    /// Removes a channel with its threads and messages.
    pub(super) fn remove_channel(&mut self, guild: GuildId, id: ChannelId) -> Option<Arc<Channel>> {
        let threads = self.channels.map.of(guild).filter_map(|(thread, channel)| {
            (channel.kind.is_thread() && channel.parent_id == Some(id)).then_some(thread)
        });
        for thread in threads.collect::<Vec<_>>() {
            self.messages.clear(thread);
            self.channels.remove(thread);
        }
        self.messages.clear(id);
        self.channels.remove(id)
    }

    /// Inserts a presence, and the user that it names in full.
    pub(super) fn put_presence(
        &mut self,
        guild: GuildId,
        mut presence: Presence,
    ) -> Option<Arc<Presence>> {
        // A list of one item has capacity for four after it was read.
        presence.activities.shrink_to_fit();
        presence.guild_id = Some(guild);
        let user = presence.user.id;
        if let Some(sent) = presence.user.to_user() {
            self.see_user(&sent);
            let is_news = self
                .members
                .get(guild, user)
                .is_some_and(|member| member.user != sent);
            if is_news {
                self.members.change(guild, user, |member| {
                    Arc::make_mut(member).user = sent;
                });
            }
        }
        self.presences.insert(guild, user, Arc::new(presence))
    }

    /// A voice state without a channel means that the user left.
    pub(super) fn put_voice_state(
        &mut self,
        guild: GuildId,
        mut state: VoiceState,
    ) -> Option<Arc<VoiceState>> {
        if let Some(member) = state.member.take() {
            self.put_member(guild, member);
        }
        let user = state.user_id;
        if state.channel_id.is_none() {
            return self.voice_states.remove(guild, user);
        }
        state.guild_id = Some(guild);
        self.voice_states.insert(guild, user, Arc::new(state))
    }

    /// Inserts a message, its author and its author's member; a webhook's author is no user.
    pub(super) fn put_message(&mut self, mut message: Message) -> Option<Arc<Message>> {
        if message.webhook_id.is_none() {
            self.see_user(&message.author);
        }
        if let (Some(guild), Some(member)) = (message.guild_id, &message.member) {
            self.see_partial_member(guild, &message.author, member);
        }
        if !self.messages.map.is_on() {
            return None;
        }
        message.embeds.shrink_to_fit();
        message.attachments.shrink_to_fit();
        message.components.shrink_to_fit();
        message.mentions.shrink_to_fit();
        message.reactions.shrink_to_fit();
        self.messages
            .insert(message.channel_id, message.id, Arc::new(message))
    }

    /// Changes a guild in place; a reader's copy stays as it was.
    pub(super) fn change_guild<R>(
        &mut self,
        id: GuildId,
        change: impl FnOnce(&mut Guild) -> R,
    ) -> Option<R> {
        self.guilds
            .change((), id, |guild| change(Arc::make_mut(guild)))
    }

    /// Estimated bytes of all objects.
    pub(super) fn bytes(&self) -> usize {
        self.guilds.bytes()
            + self.channels.map.bytes()
            + self.roles.map.bytes()
            + self.emojis.map.bytes()
            + self.members.bytes()
            + self.users.bytes()
            + self.presences.bytes()
            + self.voice_states.bytes()
            + self.messages.map.bytes()
    }
}
