//! Changes of guilds: members, roles and channels.

use serde_json::{Value, json};

use super::{
    community::Scope,
    model::{Channel, Id, Member, Role, iso, kind},
    state::State,
};

/// Numbers of what an audit log records.
pub(crate) mod audit {
    pub(crate) const GUILD_UPDATE: u32 = 1;
    pub(crate) const CHANNEL_CREATE: u32 = 10;
    pub(crate) const CHANNEL_UPDATE: u32 = 11;
    pub(crate) const CHANNEL_DELETE: u32 = 12;
    pub(crate) const MEMBER_KICK: u32 = 20;
    pub(crate) const BAN_ADD: u32 = 22;
    pub(crate) const BAN_REMOVE: u32 = 23;
    pub(crate) const MEMBER_UPDATE: u32 = 24;
    pub(crate) const MEMBER_ROLES: u32 = 25;
    pub(crate) const ROLE_CREATE: u32 = 30;
    pub(crate) const ROLE_UPDATE: u32 = 31;
    pub(crate) const ROLE_DELETE: u32 = 32;
}

impl State {
    /// The user as an event has it.
    pub(crate) fn user_json(&self, user: Id) -> Value {
        self.community
            .users
            .get(&user)
            .map(super::model::User::json)
            .unwrap_or_default()
    }

    /// Writes into a guild's audit log.
    pub(crate) fn audit(
        &mut self,
        guild: Id,
        by: Id,
        action: u32,
        target: Id,
        reason: Option<&str>,
    ) {
        let id = self.new_id();
        let mut entry = json!({
            "id": id.to_string(),
            "guild_id": guild.to_string(),
            "user_id": by.to_string(),
            "target_id": target.to_string(),
            "action_type": action,
            "changes": [],
        });
        if let Some(reason) = reason {
            entry["reason"] = json!(reason);
        }
        self.publish("GUILD_AUDIT_LOG_ENTRY_CREATE", Scope::guild(guild), &entry);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Members.

    /// Adds a user to a guild; a bot receives `GUILD_CREATE` instead of its own member event.
    pub(crate) fn join(&mut self, guild: Id, user: Id) {
        let joined_at = self.now();
        let Some(home) = self.community.guilds.get_mut(&guild) else {
            return;
        };
        if home.members.contains_key(&user) || home.bans.contains_key(&user) {
            return;
        }
        let member = Member {
            joined_at,
            ..Member::default()
        };
        home.members.insert(user, member.clone());
        if let Some(known) = self.community.users.get(&user) {
            let mut event = member.json(known);
            event["guild_id"] = json!(guild.to_string());
            self.publish("GUILD_MEMBER_ADD", Scope::guild(guild), &event);
        }
        if self.community.bots.contains_key(&user) {
            self.tell_guild(guild, user);
        }
    }

    /// Takes a user out of a guild; returns whether they were in it.
    pub(crate) fn depart(&mut self, guild: Id, user: Id) -> bool {
        let Some(home) = self.community.guilds.get_mut(&guild) else {
            return false;
        };
        if home.members.remove(&user).is_none() {
            return false;
        }
        home.presences.remove(&user);
        self.leave_voice(guild, user);
        if self.community.bots.contains_key(&user) {
            let event = json!({"id": guild.to_string()});
            self.publish("GUILD_DELETE", Scope::guild(guild).only(user), &event);
        }
        let event = json!({"guild_id": guild.to_string(), "user": self.user_json(user)});
        self.publish("GUILD_MEMBER_REMOVE", Scope::guild(guild), &event);
        true
    }

    /// Throws a user out; returns whether they were there.
    pub(crate) fn kick(&mut self, guild: Id, by: Id, user: Id, reason: Option<&str>) -> bool {
        let was_there = self.depart(guild, user);
        if was_there {
            self.audit(guild, by, audit::MEMBER_KICK, user, reason);
        }
        was_there
    }

    /// Throws a user out for good.
    pub(crate) fn ban(&mut self, guild: Id, by: Id, user: Id, reason: Option<&str>) {
        let Some(home) = self.community.guilds.get_mut(&guild) else {
            return;
        };
        if home.bans.insert(user, reason.map(str::to_owned)).is_some() {
            return;
        }
        let event = json!({"guild_id": guild.to_string(), "user": self.user_json(user)});
        self.publish("GUILD_BAN_ADD", Scope::guild(guild), &event);
        self.audit(guild, by, audit::BAN_ADD, user, reason);
        self.depart(guild, user);
    }

    /// Lifts a ban; returns whether there was one.
    pub(crate) fn unban(&mut self, guild: Id, by: Id, user: Id, reason: Option<&str>) -> bool {
        let was_banned = self
            .community
            .guilds
            .get_mut(&guild)
            .is_some_and(|home| home.bans.remove(&user).is_some());
        if was_banned {
            let event = json!({"guild_id": guild.to_string(), "user": self.user_json(user)});
            self.publish("GUILD_BAN_REMOVE", Scope::guild(guild), &event);
            self.audit(guild, by, audit::BAN_REMOVE, user, reason);
        }
        was_banned
    }

    /// Changes what a guild knows of a user; returns whether they are in it.
    pub(crate) fn change_member(
        &mut self,
        guild: Id,
        user: Id,
        change: impl FnOnce(&mut Member),
    ) -> bool {
        let Some(member) = self
            .community
            .guilds
            .get_mut(&guild)
            .and_then(|home| home.members.get_mut(&user))
        else {
            return false;
        };
        change(member);
        let member = member.clone();
        if let Some(known) = self.community.users.get(&user) {
            let mut event = member.json(known);
            event["guild_id"] = json!(guild.to_string());
            self.publish("GUILD_MEMBER_UPDATE", Scope::guild(guild), &event);
        }
        true
    }

    /// Gives a user a role, or takes it; returns whether they are there.
    pub(crate) fn set_role(&mut self, guild: Id, by: Id, user: Id, role: Id, on: bool) -> bool {
        let changed = self.change_member(guild, user, |member| {
            if on {
                member.roles.insert(role);
            } else {
                member.roles.remove(&role);
            }
        });
        if changed {
            self.audit(guild, by, audit::MEMBER_ROLES, user, None);
        }
        changed
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Roles.

    /// Makes a role; returns its id.
    pub(crate) fn add_role(&mut self, guild: Id, by: Id, make: impl FnOnce(&mut Role)) -> Id {
        let id = self.new_id();
        let mut role = Role {
            id,
            name: "new role".into(),
            color: 0,
            hoist: false,
            position: 1,
            permissions: super::permissions::EVERYONE,
            mentionable: false,
            bot: None,
        };
        make(&mut role);
        let event = json!({"guild_id": guild.to_string(), "role": role.json()});
        if let Some(home) = self.community.guilds.get_mut(&guild) {
            home.roles.insert(id, role);
        }
        self.publish("GUILD_ROLE_CREATE", Scope::guild(guild), &event);
        self.audit(guild, by, audit::ROLE_CREATE, id, None);
        id
    }

    /// Changes a role; returns whether it was there.
    pub(crate) fn change_role(
        &mut self,
        guild: Id,
        by: Id,
        id: Id,
        change: impl FnOnce(&mut Role),
    ) -> bool {
        let Some(role) = self
            .community
            .guilds
            .get_mut(&guild)
            .and_then(|home| home.roles.get_mut(&id))
        else {
            return false;
        };
        change(role);
        let event = json!({"guild_id": guild.to_string(), "role": role.json()});
        self.publish("GUILD_ROLE_UPDATE", Scope::guild(guild), &event);
        self.audit(guild, by, audit::ROLE_UPDATE, id, None);
        true
    }

    /// Takes a role away from everybody; returns whether it was there.
    pub(crate) fn remove_role(&mut self, guild: Id, by: Id, id: Id) -> bool {
        let Some(home) = self.community.guilds.get_mut(&guild) else {
            return false;
        };
        if home.roles.remove(&id).is_none() {
            return false;
        }
        for member in home.members.values_mut() {
            member.roles.remove(&id);
        }
        let event = json!({"guild_id": guild.to_string(), "role_id": id.to_string()});
        self.publish("GUILD_ROLE_DELETE", Scope::guild(guild), &event);
        self.audit(guild, by, audit::ROLE_DELETE, id, None);
        true
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Channels.

    /// Makes a channel; returns its id.
    pub(crate) fn add_channel(&mut self, guild: Id, by: Id, make: impl FnOnce(&mut Channel)) -> Id {
        let id = self.new_id();
        let position = i64::try_from(self.community.channels_of(guild, false).count()).unwrap_or(0);
        let created_at = self.now();
        let mut channel = Channel {
            id,
            guild: Some(guild),
            position,
            created_at,
            ..Channel::default()
        };
        make(&mut channel);
        let event = channel.json();
        self.community.channels.insert(id, channel);
        self.publish("CHANNEL_CREATE", self.community.scope_of(id), &event);
        self.audit(guild, by, audit::CHANNEL_CREATE, id, None);
        id
    }

    /// Changes a channel or a thread; returns whether it was there.
    pub(crate) fn change_channel(
        &mut self,
        by: Id,
        id: Id,
        change: impl FnOnce(&mut Channel),
    ) -> bool {
        let Some(channel) = self.community.channels.get_mut(&id) else {
            return false;
        };
        change(channel);
        let (event, guild, is_thread) = (channel.json(), channel.guild, channel.is_thread());
        let name = if is_thread {
            "THREAD_UPDATE"
        } else {
            "CHANNEL_UPDATE"
        };
        self.publish(name, self.community.scope_of(id), &event);
        if let Some(guild) = guild.filter(|_| !is_thread) {
            self.audit(guild, by, audit::CHANNEL_UPDATE, id, None);
        }
        true
    }

    /// Takes a channel or a thread away, with all that was said there.
    pub(crate) fn remove_channel(&mut self, by: Id, id: Id) {
        let Some(channel) = self.community.channels.get(&id) else {
            return;
        };
        let (mut event, guild, is_thread) = (channel.json(), channel.guild, channel.is_thread());
        let scope = self.community.scope_of(id);
        if is_thread {
            let fields = ["id", "guild_id", "parent_id", "type"]
                .map(|name| (name.to_owned(), event[name].take()));
            event = Value::Object(fields.into_iter().collect());
        } else if let Some(guild) = guild {
            let inside: Vec<Id> = self
                .community
                .guilds
                .get(&guild)
                .map_or_else(Vec::new, |home| {
                    home.voices
                        .iter()
                        .filter(|(_, voice)| voice.channel == id)
                        .map(|(user, _)| *user)
                        .collect()
                });
            for user in inside {
                self.leave_voice(guild, user);
            }
        }
        // The audience is computed while the channel still exists.
        self.publish(
            if is_thread {
                "THREAD_DELETE"
            } else {
                "CHANNEL_DELETE"
            },
            scope,
            &event,
        );
        self.community.channels.remove(&id);
        self.community.messages.remove(&id);
        if let Some(guild) = guild {
            if let Some(home) = self.community.guilds.get_mut(&guild) {
                home.invites.retain(|_, channel| *channel != id);
            }
            self.community
                .channels
                .retain(|_, channel| channel.parent != Some(id) || !channel.is_thread());
            if !is_thread {
                self.audit(guild, by, audit::CHANNEL_DELETE, id, None);
            }
        }
    }

    /// Begins a thread; returns its id.
    pub(crate) fn add_thread(&mut self, parent: Id, by: Id, name: &str) -> Id {
        let id = self.new_id();
        let thread = Channel {
            id,
            kind: kind::PUBLIC_THREAD,
            guild: self
                .community
                .channels
                .get(&parent)
                .and_then(|channel| channel.guild),
            parent: Some(parent),
            name: name.to_owned(),
            owner: Some(by),
            members: [by].into(),
            created_at: self.now(),
            ..Channel::default()
        };
        let mut event = thread.json();
        event["newly_created"] = json!(true);
        self.community.channels.insert(id, thread);
        self.publish("THREAD_CREATE", self.community.scope_of(id), &event);
        id
    }

    /// Puts a user into a thread, or takes them out.
    pub(crate) fn set_thread_member(&mut self, thread: Id, user: Id, on: bool) {
        let at = iso(self.now());
        let Some(channel) = self
            .community
            .channels
            .get_mut(&thread)
            .filter(|channel| channel.is_thread())
        else {
            return;
        };
        let changed = if on {
            channel.members.insert(user)
        } else {
            channel.members.remove(&user)
        };
        let (count, guild) = (channel.members.len(), channel.guild.unwrap_or_default());
        if !changed {
            return;
        }
        let member = json!({"id": thread.to_string(), "user_id": user.to_string(), "join_timestamp": at, "flags": 0});
        if on && self.community.bots.contains_key(&user) {
            let mut event = member.clone();
            event["guild_id"] = json!(guild.to_string());
            self.publish(
                "THREAD_MEMBER_UPDATE",
                self.community.scope_of(thread).only(user),
                &event,
            );
        }
        let mut added = member;
        if on {
            let presence = self
                .community
                .guilds
                .get(&guild)
                .and_then(|home| home.presences.get(&user));
            added["presence"] = presence.map_or(Value::Null, |one| one.json(user, Some(guild)));
            added["member"] = self.member_json(thread, user).unwrap_or_default();
        }
        let event = json!({
            "id": thread.to_string(),
            "guild_id": guild.to_string(),
            "member_count": count.min(50),
            "added_members": if on { json!([added]) } else { json!([]) },
            "removed_member_ids": if on { json!([]) } else { json!([user.to_string()]) },
        });
        self.publish(
            "THREAD_MEMBERS_UPDATE",
            self.community.scope_of(thread),
            &event,
        );
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The guild itself.

    /// Renames a guild.
    pub(crate) fn rename_guild(&mut self, guild: Id, by: Id, name: &str) {
        if let Some(home) = self.community.guilds.get_mut(&guild) {
            name.clone_into(&mut home.name);
            let event = home.json();
            self.publish("GUILD_UPDATE", Scope::guild(guild), &event);
            self.audit(guild, by, audit::GUILD_UPDATE, guild, None);
        }
    }

    /// Takes a guild from everybody for a while, as an outage does, or gives it back.
    pub(crate) fn set_available(&mut self, guild: Id, is_available: bool) {
        let Some(home) = self.community.guilds.get_mut(&guild) else {
            return;
        };
        home.is_available = is_available;
        if is_available {
            let bots: Vec<Id> = self.community.bots.keys().copied().collect();
            for bot in bots {
                if self.community.guilds_of(bot).contains(&guild) {
                    self.tell_guild(guild, bot);
                }
            }
        } else {
            let event = json!({"id": guild.to_string(), "unavailable": true});
            self.publish("GUILD_DELETE", Scope::guild(guild), &event);
        }
    }

    /// Creates an invite; returns its code.
    pub(crate) fn invite(&mut self, channel: Id, by: Id) -> String {
        let code: String = (0..8).map(|_| self.secrets.alphanumeric()).collect();
        let mut event = self.about_channel(channel);
        let guild = self
            .community
            .channels
            .get(&channel)
            .and_then(|channel| channel.guild);
        if let Some(home) = guild.and_then(|id| self.community.guilds.get_mut(&id)) {
            home.invites.insert(code.clone(), channel);
        }
        event["code"] = json!(code);
        event["created_at"] = json!(iso(self.now()));
        event["inviter"] = self.user_json(by);
        event["max_age"] = json!(86_400);
        event["max_uses"] = json!(0);
        event["temporary"] = json!(false);
        event["uses"] = json!(0);
        event["expires_at"] = json!(iso(self.now() + 86_400_000));
        event["type"] = json!(0);
        self.publish("INVITE_CREATE", self.community.scope_of(channel), &event);
        code
    }

    /// Revokes an invite; returns whether it existed.
    pub(crate) fn revoke(&mut self, guild: Id, code: &str) -> bool {
        let Some(channel) = self
            .community
            .guilds
            .get_mut(&guild)
            .and_then(|home| home.invites.remove(code))
        else {
            return false;
        };
        let mut event = self.about_channel(channel);
        event["guild_id"] = json!(guild.to_string());
        event["code"] = json!(code);
        self.publish("INVITE_DELETE", self.community.scope_of(channel), &event);
        true
    }

    /// The direct conversation of two, which begins if there was none.
    pub(crate) fn conversation(&mut self, one: Id, other: Id) -> Id {
        let known = self.community.channels.values().find(|channel| {
            channel.kind == kind::DM
                && channel.recipients.contains(&one)
                && channel.recipients.contains(&other)
        });
        if let Some(known) = known {
            return known.id;
        }
        let id = self.new_id();
        let channel = Channel {
            id,
            kind: kind::DM,
            recipients: vec![one, other],
            created_at: self.now(),
            ..Channel::default()
        };
        self.community.channels.insert(id, channel);
        id
    }

    /// A direct conversation as one of the two sees it.
    pub(crate) fn conversation_json(&self, channel: Id, seen_by: Id) -> Value {
        let Some(channel) = self.community.channels.get(&channel) else {
            return Value::Null;
        };
        let mut json = channel.json();
        let others = channel.recipients.iter().filter(|user| **user != seen_by);
        json["recipients"] = others.map(|user| self.user_json(*user)).collect();
        json
    }
}
