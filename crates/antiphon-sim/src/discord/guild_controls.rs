//! Control of guilds: members, roles, channels, voice and other messages.

use serde_json::json;

use super::{
    controls::Discord,
    messages::Draft,
    model::{Channel, Member, Role, kind},
    state::State,
};

impl Discord {
    // -----------------------------------------------------------------------------------------------------------------
    // Members.

    /// Joins a guild.
    pub fn join(&self, guild: &str, who: &str) {
        self.user_in_guild(guild, who, State::join);
    }

    /// Leaves a guild; a bot receives `GUILD_DELETE`.
    pub fn leave(&self, guild: &str, who: &str) {
        self.user_in_guild(guild, who, State::depart);
    }

    /// Kicks a user.
    pub fn kick(&self, guild: &str, by: &str, who: &str) {
        self.users_in_guild(guild, [by, who], |state, guild, [by, user]| {
            state.kick(guild, by, user, None);
        });
    }

    /// Bans a user.
    pub fn ban(&self, guild: &str, by: &str, who: &str) {
        self.users_in_guild(guild, [by, who], |state, guild, [by, user]| {
            state.ban(guild, by, user, None);
        });
    }

    /// Lifts a ban.
    pub fn unban(&self, guild: &str, by: &str, who: &str) {
        self.users_in_guild(guild, [by, who], |state, guild, [by, user]| {
            state.unban(guild, by, user, None);
        });
    }

    /// Subscribes a user to a scheduled event, or unsubscribes; returns whether that changed something.
    pub fn attend(&self, guild: &str, event: u64, who: &str, on: bool) -> bool {
        let changed = self.user_in_guild(guild, who, |state, guild, user| {
            state.set_attendance(guild, event, user, on)
        });
        changed.unwrap_or_default()
    }

    /// Subscribes a user to what a bot's application sells; returns the id of the subscription.
    pub fn subscribe(&self, bot: &str, who: &str) -> u64 {
        let bot = self.account_named(bot).id;
        self.act(|state| {
            let user = state.someone(who);
            state.subscribe(bot, user)
        })
    }

    /// Sets a member's nickname; `None` removes it.
    pub fn nick(&self, guild: &str, who: &str, nick: Option<&str>) {
        self.change_member(guild, who, |member| member.nick = nick.map(str::to_owned));
    }

    fn change_member(&self, guild: &str, who: &str, change: impl FnOnce(&mut Member)) {
        self.user_in_guild(guild, who, |state, guild, user| {
            state.change_member(guild, user, change);
        });
    }

    /// Gives a member a role by its name, or takes it.
    pub fn give_role(&self, guild: &str, by: &str, who: &str, role: &str, on: bool) {
        self.users_in_guild(guild, [by, who], |state, guild, [by, user]| {
            let roles = state
                .community
                .guilds
                .get(&guild)
                .map(|home| home.roles.values());
            let known = roles
                .into_iter()
                .flatten()
                .find(|known| known.name == role)
                .map(|role| role.id);
            if let Some(role) = known {
                state.set_role(guild, by, user, role, on);
            } else {
                state.note(format!("no role named `{role}`"));
            }
        });
    }

    /// Sets a member's presence: `online`, `idle`, `dnd` or `offline`, with a game or without.
    pub fn appear(&self, guild: &str, who: &str, status: &str, plays: Option<&str>) {
        self.user_in_guild(guild, who, |state, guild, user| {
            let activity = plays.map(
                |name| json!({"id": "game", "name": name, "type": 0, "created_at": state.now()}),
            );
            state.appear(guild, user, status, activity.into_iter().collect());
        });
    }

    /// Adds new members without an event.
    pub fn crowd(&self, guild: &str, members: usize) {
        self.in_guild(guild, |state, guild| {
            for number in 0..members {
                let user = state.add_user(&format!("chorister_{number}"), false);
                let joined_at = state.now();
                if let Some(home) = state.community.guilds.get_mut(&guild) {
                    home.members.insert(
                        user,
                        Member {
                            joined_at,
                            ..Member::default()
                        },
                    );
                }
            }
        });
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Roles, channels, threads.

    /// Creates a role; returns its id, or zero if there is no such guild.
    pub fn add_role(&self, guild: &str, by: &str, name: &str) -> u64 {
        let made = self.user_in_guild(guild, by, |state, guild, by| {
            state.add_role(guild, by, |role| name.clone_into(&mut role.name))
        });
        made.unwrap_or_default()
    }

    /// Renames a role.
    pub fn rename_role(&self, guild: &str, by: &str, role: u64, name: &str) {
        self.change_role(guild, by, role, |role| name.clone_into(&mut role.name));
    }

    /// Sets a role's permissions, as Discord's bits.
    pub fn permit_role(&self, guild: &str, by: &str, role: u64, permissions: u64) {
        self.change_role(guild, by, role, |role| role.permissions = permissions);
    }

    fn change_role(&self, guild: &str, by: &str, role: u64, change: impl FnOnce(&mut Role)) {
        self.user_in_guild(guild, by, |state, guild, by| {
            state.change_role(guild, by, role, change);
        });
    }

    /// Deletes a role.
    pub fn remove_role(&self, guild: &str, by: &str, role: u64) {
        self.user_in_guild(guild, by, |state, guild, by| {
            state.remove_role(guild, by, role);
        });
    }

    /// Creates a text channel; returns its id, or zero if there is no such guild.
    pub fn add_channel(&self, guild: &str, by: &str, name: &str) -> u64 {
        let made = self.user_in_guild(guild, by, |state, guild, by| {
            state.add_channel(guild, by, |channel| name.clone_into(&mut channel.name))
        });
        made.unwrap_or_default()
    }

    /// Sets a channel's topic.
    pub fn topic(&self, channel: &str, by: &str, topic: &str) {
        self.change_channel(channel, by, |channel| {
            channel.topic = Some(topic.to_owned());
        });
    }

    /// Sets a voice channel's user limit; zero removes it.
    pub fn user_limit(&self, channel: &str, by: &str, limit: u64) {
        self.change_channel(channel, by, |channel| channel.user_limit = limit);
    }

    fn change_channel(&self, channel: &str, by: &str, change: impl FnOnce(&mut Channel)) {
        self.user_in_channel(channel, by, |state, channel, by| {
            state.change_channel(by, channel, change);
        });
    }

    /// Deletes a channel or a thread.
    pub fn remove_channel(&self, channel: &str, by: &str) {
        self.user_in_channel(channel, by, |state, channel, by| {
            state.remove_channel(by, channel);
        });
    }

    /// Creates a thread; returns its id, or zero if there is no such channel.
    pub fn add_thread(&self, channel: &str, by: &str, name: &str) -> u64 {
        let made = self.user_in_channel(channel, by, |state, channel, by| {
            state.add_thread(channel, by, name)
        });
        made.unwrap_or_default()
    }

    /// Joins a thread, or leaves it.
    pub fn follow_thread(&self, thread: &str, who: &str, on: bool) {
        self.user_in_channel(thread, who, |state, thread, user| {
            state.set_thread_member(thread, user, on);
        });
    }

    /// Makes a webhook of a channel for a user; returns its id and its token, with which anybody posts.
    pub fn webhook(&self, channel: &str, by: &str, name: &str) -> Option<(u64, String)> {
        let made = self.user_in_channel(channel, by, |state, channel, user| {
            state.add_webhook(channel, user, name)
        });
        made.flatten()
    }

    /// Creates an invite; returns its code.
    pub fn invite(&self, channel: &str, by: &str) -> String {
        let made = self.user_in_channel(channel, by, State::invite);
        made.unwrap_or_default()
    }

    /// Joins a guild by an invite, which counts the use; returns whether the invite was good.
    pub fn join_by_invite(&self, guild: &str, who: &str, code: &str) -> bool {
        let joined = self.user_in_guild(guild, who, |state, guild, user| {
            state.join_by_invite(guild, user, code)
        });
        joined.unwrap_or_default()
    }

    /// Asks to join a guild, for a moderator to approve; returns the id of the request.
    pub fn ask_to_join(&self, guild: &str, who: &str) -> Option<u64> {
        self.user_in_guild(guild, who, State::ask_to_join)
    }

    /// Revokes an invite; returns whether it existed.
    pub fn revoke(&self, guild: &str, code: &str) -> bool {
        self.in_guild(guild, |state, guild| state.revoke(guild, code))
            .unwrap_or_default()
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The guild itself.

    /// Renames a guild, which then goes by its new name or its id.
    pub fn rename_guild(&self, guild: &str, by: &str, name: &str) {
        self.user_in_guild(guild, by, |state, guild, by| {
            state.rename_guild(guild, by, name);
        });
    }

    /// Makes a guild unavailable, as an outage does, or available again.
    pub fn available(&self, guild: &str, on: bool) {
        self.in_guild(guild, |state, guild| state.set_available(guild, on));
    }

    /// Makes a guild's description this many bytes longer, so that its `GUILD_CREATE` is huge.
    pub fn swell(&self, guild: &str, bytes: usize) {
        self.in_guild(guild, |state, guild| {
            if let Some(guild) = state.community.guilds.get_mut(&guild) {
                guild.padding = bytes;
            }
        });
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Messages of other kinds.

    /// Replies to a message; returns the reply's id, or zero if there is no such channel.
    pub fn reply(&self, channel: &str, by: &str, to: u64, text: &str) -> u64 {
        let posted = self.user_in_channel(channel, by, |state, channel, author| {
            state.post(
                channel,
                author,
                Draft {
                    reply_to: Some(to),
                    ..Draft::text(text)
                },
            )
        });
        posted.unwrap_or_default()
    }

    /// Posts a poll; returns the id of its message.
    pub fn ask(&self, channel: &str, by: &str, question: &str, answers: &[&str]) -> u64 {
        let posted = self.user_in_channel(channel, by, |state, channel, author| {
            let poll = state.poll(question, answers);
            state.post(
                channel,
                author,
                Draft {
                    poll: Some(poll),
                    ..Draft::text("")
                },
            )
        });
        posted.unwrap_or_default()
    }

    /// Votes for an answer of a poll, counted from 1, or removes the vote; returns whether that changed something.
    pub fn vote(&self, channel: &str, message: u64, by: &str, answer: u64, on: bool) -> bool {
        let voted = self.user_in_channel(channel, by, |state, channel, user| {
            state.vote(channel, message, user, answer, on)
        });
        voted.unwrap_or_default()
    }

    /// Sends a bot a direct message; returns the ids of the channel and of the message.
    pub fn whisper(&self, by: &str, to: &str, text: &str) -> (u64, u64) {
        let bot = self.account_named(to).id;
        self.act(|state| {
            let author = state.someone(by);
            let channel = state.conversation(author, bot);
            (channel, state.post(channel, author, Draft::text(text)))
        })
    }

    /// Pins a message, or unpins it; returns whether it exists.
    pub fn pin(&self, channel: &str, message: u64, on: bool) -> bool {
        self.in_channel(channel, |state, channel| state.pin(channel, message, on))
            .unwrap_or_default()
    }

    /// Deletes several messages at once; returns how many existed.
    pub fn delete_many(&self, channel: &str, messages: &[u64]) -> usize {
        self.in_channel(channel, |state, channel| {
            state.delete_many(channel, messages)
        })
        .unwrap_or_default()
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Voice.

    /// Joins a voice channel, or moves there.
    pub fn join_voice(&self, channel: &str, who: &str) {
        self.user_in_channel(channel, who, |state, channel, user| {
            let guild = state
                .community
                .channels
                .get(&channel)
                .and_then(|channel| channel.guild);
            if let Some(guild) = guild {
                state.join_voice(guild, user, channel, false, false);
            }
        });
    }

    /// Disconnects a user from voice.
    pub fn leave_voice(&self, guild: &str, who: &str) {
        self.user_in_guild(guild, who, State::leave_voice);
    }

    /// Gives a bot another voice server.
    pub fn change_voice_server(&self, guild: &str, bot: &str) {
        let bot = self.account_named(bot).id;
        self.in_guild(guild, |state, guild| state.change_voice_server(guild, bot));
    }

    /// Voice state of a user in a guild: channel, voice session and the voice server's token.
    pub fn voice(&self, guild: &str, who: &str) -> Option<(u64, String, String)> {
        self.in_guild(guild, |state, guild| {
            let user = state.community.user_named(who)?;
            let voice = state.community.guilds.get(&guild)?.voices.get(&user)?;
            Some((voice.channel, voice.session.clone(), voice.token.clone()))
        })?
    }

    /// Sets whether `VOICE_SERVER_UPDATE` precedes `VOICE_STATE_UPDATE`.
    pub fn voice_server_first(&self, on: bool) {
        self.act(|state| state.gateway.faults.voice_server_first = on);
    }

    /// Sets whether a voice channel has no voice server for the first second.
    pub fn voice_server_missing(&self, on: bool) {
        self.act(|state| state.gateway.faults.voice_server_missing = on);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Faults of events.

    /// Sets whether chunks of members come in reverse order.
    pub fn reverse_chunks(&self, on: bool) {
        self.act(|state| state.gateway.faults.chunks_reversed = on);
    }

    /// Withholds the chunk of members with this index; `None` withholds none.
    pub fn withhold_chunk(&self, index: Option<usize>) {
        self.act(|state| state.gateway.faults.chunk_missing = index);
    }

    /// Sets how many members a chunk has, at most 1,000.
    pub fn chunk_size(&self, members: usize) {
        self.act(|state| state.gateway.faults.chunk_size = Some(members));
    }

    /// Sets whether `MESSAGE_UPDATE` has only the changed fields.
    pub fn partial_updates(&self, on: bool) {
        self.act(|state| state.gateway.faults.partial_updates = on);
    }

    /// Sets whether presences have an unknown status and a partial user.
    pub fn odd_presences(&self, on: bool) {
        self.act(|state| state.gateway.faults.odd_presences = on);
    }

    /// Sets whether RESUMED has null in place of an object.
    pub fn null_resumed(&self, on: bool) {
        self.act(|state| state.gateway.faults.resumed_is_null = on);
    }

    /// Creates a channel of any type, such as a forum; returns its id.
    pub fn add_channel_of_kind(&self, guild: &str, by: &str, name: &str, kind: u8) -> u64 {
        let made = self.user_in_guild(guild, by, |state, guild, by| {
            state.add_channel(guild, by, |channel| {
                name.clone_into(&mut channel.name);
                channel.kind = kind;
            })
        });
        made.unwrap_or_default()
    }

    /// Creates a voice channel; returns its id.
    pub fn add_voice_channel(&self, guild: &str, by: &str, name: &str) -> u64 {
        self.add_channel_of_kind(guild, by, name, kind::VOICE)
    }
}
