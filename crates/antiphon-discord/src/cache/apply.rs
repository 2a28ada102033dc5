//! Changes of the cache by each event.
//!
//! The three functions are one `match` in three parts: `apply` for guilds and their people, `apply_message` for messages,
//! `apply_rest` for stages and scheduled events.
//! An event of a kind that is not kept, or whose map is off, is not decoded at all.
//! An event that cannot be decoded changes nothing; it is a dead letter of the handlers, and one line in the log here.

use std::sync::Arc;

use antiphon_core::{Before, DecodeError, Event, Payload};
use antiphon_discord_model::{
    Emoji, Guild, Message, ScheduledEvent, StageInstance,
    gateway::{self, GatewayReaction},
    id::{Id, marker::GuildMarker},
};

use super::{
    patch::{count_reaction, is_same, merged, patch_guild},
    store::Store,
};
use crate::event::{self, NO_GUILD};

/// Largest number of scheduled events kept for a guild; Discord allows 100.
///
/// Further ones are left out, so that a guild's own object stays bounded.
const SCHEDULED: usize = 256;

/// The replaced value, copied only if a reader still holds it.
///
/// A handler's `Before` is a value of its own, so that it may be kept.
fn was<T: Clone + Send + Sync + 'static>(old: Option<Arc<T>>) -> Before {
    old.map_or(Before::NOTHING, |old| {
        Before::was(Arc::unwrap_or_clone(old))
    })
}

impl Store {
    /// Applies one event, and returns the objects that it replaced or removed.
    ///
    /// An event of a kind that is not kept is not decoded.
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of event")]
    pub(super) fn apply(&mut self, event: &Event) -> Result<Before, DecodeError> {
        let name = event.kind().name();
        Ok(match name {
            "READY" => {
                let ready = event::Ready::decode(event)?;
                self.begin(&ready);
                was(self.me.replace(Arc::new(ready.into_inner().user)))
            }
            "USER_UPDATE" => {
                let user = event::UserUpdate::decode(event)?;
                was(self.me.replace(Arc::new(user.into_inner())))
            }
            "GUILD_CREATE" => match event::GuildCreate::decode(event)?.into_inner() {
                gateway::GuildCreate::Available(guild) => was(self.put_guild(*guild)),
                gateway::GuildCreate::Unavailable(guild) => self.outage(guild.id),
            },
            "GUILD_UPDATE" => {
                let update = event::GuildUpdate::decode(event)?;
                self.update_guild(update.into_inner())
            }
            "GUILD_DELETE" => {
                let gone = event::GuildDelete::decode(event)?;
                if gone.is_removal() {
                    was(self.remove_guild(gone.id))
                } else {
                    self.outage(gone.id)
                }
            }
            "GUILD_EMOJIS_UPDATE" => {
                let update = event::GuildEmojisUpdate::decode(event)?.into_inner();
                let known: Vec<Emoji> = self
                    .emojis
                    .map
                    .of(update.guild_id)
                    .map(|(_, emoji)| (**emoji).clone())
                    .collect();
                self.emojis.clear(update.guild_id);
                self.put_emojis(update.guild_id, update.emojis);
                Before::was(known)
            }
            "GUILD_STICKERS_UPDATE" => {
                let update = event::GuildStickersUpdate::decode(event)?.into_inner();
                let known = self.change_guild(update.guild_id, |guild| {
                    std::mem::replace(&mut guild.stickers, update.stickers)
                });
                known.map_or(Before::NOTHING, Before::was)
            }
            "GUILD_ROLE_CREATE" => {
                let set = event::GuildRoleCreate::decode(event)?.into_inner();
                was(self
                    .roles
                    .insert(set.guild_id, set.role.id, Arc::new(set.role)))
            }
            "GUILD_ROLE_UPDATE" => {
                let set = event::GuildRoleUpdate::decode(event)?.into_inner();
                was(self
                    .roles
                    .insert(set.guild_id, set.role.id, Arc::new(set.role)))
            }
            "GUILD_ROLE_DELETE" => {
                self.delete_role(&event::GuildRoleDelete::decode(event)?.into_inner())
            }
            "CHANNEL_CREATE" => {
                was(self.put_channel(event::ChannelCreate::decode(event)?.into_inner()))
            }
            "CHANNEL_UPDATE" => {
                was(self.put_channel(event::ChannelUpdate::decode(event)?.into_inner()))
            }
            "THREAD_CREATE" => {
                was(self.put_channel(event::ThreadCreate::decode(event)?.into_inner()))
            }
            "THREAD_UPDATE" => {
                was(self.put_channel(event::ThreadUpdate::decode(event)?.into_inner()))
            }
            "CHANNEL_DELETE" => {
                let gone = event::ChannelDelete::decode(event)?.into_inner();
                was(self.remove_channel(gone.guild_id.unwrap_or(NO_GUILD), gone.id))
            }
            "THREAD_DELETE" => {
                let gone = event::ThreadDelete::decode(event)?.into_inner();
                was(self.remove_channel(gone.guild_id, gone.id))
            }
            "THREAD_LIST_SYNC" => {
                self.sync_threads(event::ThreadListSync::decode(event)?.into_inner());
                Before::NOTHING
            }
            "CHANNEL_PINS_UPDATE" => {
                let pins = event::ChannelPinsUpdate::decode(event)?;
                self.channels.change(pins.channel_id, |channel| {
                    Arc::make_mut(channel).last_pin_timestamp = pins.last_pin_timestamp;
                });
                Before::NOTHING
            }
            "GUILD_MEMBER_ADD" => {
                let add = event::GuildMemberAdd::decode(event)?.into_inner();
                let is_new = self.members.get(add.guild_id, add.member.user.id).is_none();
                if is_new {
                    self.count(add.guild_id, 1);
                }
                was(self.put_member(add.guild_id, add.member))
            }
            "GUILD_MEMBER_UPDATE" => {
                let update = event::GuildMemberUpdate::decode(event)?;
                self.update_member(&update)
            }
            "GUILD_MEMBER_REMOVE" => {
                let gone = event::GuildMemberRemove::decode(event)?.into_inner();
                self.count(gone.guild_id, -1);
                self.presences.remove(gone.guild_id, gone.user.id);
                self.voice_states.remove(gone.guild_id, gone.user.id);
                was(self.members.remove(gone.guild_id, gone.user.id))
            }
            "GUILD_MEMBERS_CHUNK" => {
                let chunk = event::GuildMembersChunk::decode(event)?.into_inner();
                for member in chunk.members {
                    self.put_member(chunk.guild_id, member);
                }
                for presence in chunk.presences {
                    self.put_presence(chunk.guild_id, presence);
                }
                Before::NOTHING
            }
            "PRESENCE_UPDATE" if self.presences.is_on() => {
                let presence = event::PresenceUpdate::decode(event)?.into_inner();
                match presence.guild_id {
                    Some(guild) => was(self.put_presence(guild, presence)),
                    None => Before::NOTHING,
                }
            }
            "VOICE_STATE_UPDATE" if self.voice_states.is_on() => {
                let state = event::VoiceStateUpdate::decode(event)?.into_inner();
                match state.guild_id {
                    Some(guild) => was(self.put_voice_state(guild, state)),
                    None => Before::NOTHING,
                }
            }
            "TYPING_START" if self.members.is_on() => {
                let typing = event::TypingStart::decode(event)?.into_inner();
                if let (Some(guild), Some(member)) = (typing.guild_id, typing.member) {
                    self.put_member(guild, member);
                }
                Before::NOTHING
            }
            _ => return self.apply_message(name, event),
        })
    }

    fn apply_message(&mut self, name: &str, event: &Event) -> Result<Before, DecodeError> {
        let knows_messages = self.messages.map.is_on();
        Ok(match name {
            "MESSAGE_CREATE" if knows_messages || self.members.is_on() || self.users.is_on() => {
                let message = event::MessageCreate::decode(event)?.into_inner();
                self.channels.change(message.channel_id, |channel| {
                    Arc::make_mut(channel).last_message_id = Some(message.id.cast());
                });
                was(self.put_message(message))
            }
            "MESSAGE_UPDATE" if knows_messages => {
                let update = event::MessageUpdate::decode(event)?;
                self.update_message(update)
            }
            "MESSAGE_DELETE" if knows_messages => was(self
                .messages
                .remove(event::MessageDelete::decode(event)?.id)),
            "MESSAGE_DELETE_BULK" if knows_messages => {
                let gone = event::MessageDeleteBulk::decode(event)?;
                let gone = gone.ids.iter().filter_map(|id| self.messages.remove(*id));
                let gone: Vec<Message> = gone.map(Arc::unwrap_or_clone).collect();
                Before::was(gone)
            }
            "MESSAGE_REACTION_ADD" if knows_messages => {
                let reaction = event::MessageReactionAdd::decode(event)?.into_inner();
                if let (Some(guild), Some(member)) = (reaction.guild_id, &reaction.member) {
                    self.put_member(guild, member.clone());
                }
                self.react(reaction, 1);
                Before::NOTHING
            }
            "MESSAGE_REACTION_REMOVE" if knows_messages => {
                self.react(
                    event::MessageReactionRemove::decode(event)?.into_inner(),
                    -1,
                );
                Before::NOTHING
            }
            "MESSAGE_REACTION_REMOVE_ALL" if knows_messages => {
                let gone = event::MessageReactionRemoveAll::decode(event)?;
                self.messages.change(gone.message_id, |message| {
                    Arc::make_mut(message).reactions.clear();
                });
                Before::NOTHING
            }
            "MESSAGE_REACTION_REMOVE_EMOJI" if knows_messages => {
                let gone = event::MessageReactionRemoveEmoji::decode(event)?;
                self.messages.change(gone.message_id, |message| {
                    let reactions = &mut Arc::make_mut(message).reactions;
                    reactions.retain(|reaction| !is_same(&reaction.emoji, &gone.emoji));
                });
                Before::NOTHING
            }
            "INTERACTION_CREATE" if self.users.is_on() || self.members.is_on() => {
                let interaction = event::InteractionCreate::decode(event)?.into_inner();
                if let Some(user) = interaction.author() {
                    self.see_user(user);
                    if let (Some(guild), Some(member)) = (interaction.guild_id, &interaction.member)
                    {
                        self.see_partial_member(guild, user, member);
                    }
                }
                Before::NOTHING
            }
            _ => return self.apply_rest(name, event),
        })
    }

    fn apply_rest(&mut self, name: &str, event: &Event) -> Result<Before, DecodeError> {
        match name {
            "STAGE_INSTANCE_CREATE" | "STAGE_INSTANCE_UPDATE" => {
                let stage: StageInstance = event::read(event)?;
                self.change_guild(stage.guild_id, |guild| {
                    guild.stage_instances.retain(|known| known.id != stage.id);
                    guild.stage_instances.push(stage);
                });
            }
            "STAGE_INSTANCE_DELETE" => {
                let stage: StageInstance = event::read(event)?;
                self.change_guild(stage.guild_id, |guild| {
                    guild.stage_instances.retain(|known| known.id != stage.id);
                });
            }
            "GUILD_SCHEDULED_EVENT_CREATE" | "GUILD_SCHEDULED_EVENT_UPDATE" => {
                let scheduled: ScheduledEvent = event::read(event)?;
                self.change_guild(scheduled.guild_id, |guild| {
                    let known = &mut guild.guild_scheduled_events;
                    known.retain(|known| known.id != scheduled.id);
                    if known.len() < SCHEDULED {
                        known.push(scheduled);
                    }
                });
            }
            "GUILD_SCHEDULED_EVENT_DELETE" => {
                let scheduled: ScheduledEvent = event::read(event)?;
                self.change_guild(scheduled.guild_id, |guild| {
                    let known = &mut guild.guild_scheduled_events;
                    known.retain(|known| known.id != scheduled.id);
                });
            }
            _ => {}
        }
        Ok(Before::NOTHING)
    }

    /// Takes a READY: guilds of its shard that it does not name are removed, and the others are sent again.
    fn begin(&mut self, ready: &gateway::Ready) {
        let is_of_shard = |guild: Id<GuildMarker>| match ready.shard[..] {
            [number, total] if total > 0 => {
                i64::try_from(guild.get() >> 22).is_ok_and(|time| time % total == number)
            }
            _ => true,
        };
        let known = self
            .guilds
            .iter()
            .map(|((), id, _)| id)
            .filter(|id| is_of_shard(*id));
        for id in known.collect::<Vec<_>>() {
            if ready.guilds.iter().any(|guild| guild.id == id) {
                self.outage(id);
            } else {
                self.remove_guild(id);
            }
        }
    }

    /// Marks a guild as unavailable; its objects are kept until it comes back.
    fn outage(&mut self, id: Id<GuildMarker>) -> Before {
        let before = self.change_guild(id, |guild| {
            let before = guild.clone();
            guild.unavailable = Some(true);
            before
        });
        before.map_or(Before::NOTHING, Before::was::<Guild>)
    }

    fn update_guild(&mut self, mut update: Guild) -> Before {
        let id = update.id;
        // Every guild has a role, so an update without roles has left out its lists.
        if !update.roles.is_empty() {
            self.roles.clear(id);
            for role in update.roles.drain(..) {
                self.roles.insert(id, role.id, Arc::new(role));
            }
            self.emojis.clear(id);
            let emojis = std::mem::take(&mut update.emojis);
            self.put_emojis(id, emojis);
        }
        let before = self.change_guild(id, |guild| {
            let before = guild.clone();
            patch_guild(guild, update);
            before
        });
        before.map_or(Before::NOTHING, Before::was::<Guild>)
    }

    /// Removes a role, from its members too; Discord sends no event for each member.
    fn delete_role(&mut self, gone: &gateway::RoleDelete) -> Before {
        let holders = self
            .members
            .of(gone.guild_id)
            .filter_map(|(user, member)| member.roles.contains(&gone.role_id).then_some(user));
        for user in holders.collect::<Vec<_>>() {
            self.members.change(gone.guild_id, user, |member| {
                Arc::make_mut(member)
                    .roles
                    .retain(|role| *role != gone.role_id);
            });
        }
        was(self.roles.remove(gone.role_id))
    }

    /// Takes the list of all active threads of the named channels, or of the guild if none is named.
    fn sync_threads(&mut self, sync: gateway::ThreadListSync) {
        let is_meant = |parent| sync.channel_ids.is_empty() || sync.channel_ids.contains(&parent);
        let gone = self
            .channels
            .map
            .of(sync.guild_id)
            .filter_map(|(id, channel)| {
                let is_stale = channel.kind.is_thread()
                    && channel.parent_id.is_some_and(is_meant)
                    && !sync.threads.iter().any(|thread| thread.id == id);
                is_stale.then_some(id)
            });
        for id in gone.collect::<Vec<_>>() {
            self.remove_channel(sync.guild_id, id);
        }
        for mut thread in sync.threads {
            thread.guild_id = thread.guild_id.or(Some(sync.guild_id));
            self.put_channel(thread);
        }
    }

    /// Changes a guild's number of members, which Discord names only in `GUILD_CREATE`; it never falls below 0.
    fn count(&mut self, guild: Id<GuildMarker>, by: i64) {
        self.change_guild(guild, |guild| {
            guild.member_count = guild
                .member_count
                .map(|count| count.saturating_add(by).max(0));
        });
    }

    /// Replaces a member; fields that an update may leave out are those of the known member.
    fn update_member(&mut self, update: &gateway::MemberUpdate) -> Before {
        let known = self
            .members
            .get(update.guild_id, update.user.id)
            .map(Arc::as_ref);
        let mut member = update.to_member();
        if let Some(known) = known {
            member.avatar_decoration_data = member
                .avatar_decoration_data
                .or_else(|| known.avatar_decoration_data.clone());
            member.collectibles = member.collectibles.or_else(|| known.collectibles.clone());
            member.deaf = update.deaf.unwrap_or(known.deaf);
            member.mute = update.mute.unwrap_or(known.mute);
            member.flags = update.flags.unwrap_or(known.flags);
            member.joined_at = member.joined_at.or(known.joined_at);
            member.pending = update.pending.unwrap_or(known.pending);
        }
        was(self.put_member(update.guild_id, member))
    }

    /// Keeps fields that a partial update leaves out; a partial update of an unknown message is ignored.
    fn update_message(&mut self, update: event::MessageUpdate) -> Before {
        let known = self.messages.get(update.id).cloned();
        if known.is_none() && update.is_partial() {
            return Before::NOTHING;
        }
        let message = match known {
            Some(known) if update.is_partial() => merged(&known, update),
            _ => update.into_inner(),
        };
        was(self.put_message(message))
    }

    /// Counts a reaction at its message, if the message is kept.
    fn react(&mut self, reaction: GatewayReaction, by: i64) {
        let is_me = self.me.as_ref().is_some_and(|me| me.id == reaction.user_id);
        self.messages.change(reaction.message_id, |message| {
            count_reaction(Arc::make_mut(message), reaction, by, is_me);
        });
    }
}
