//! Changes of guilds: members, roles and channels.

use serde_json::{Map, Value, json};

use super::{
    audit::{Entry, action as audit},
    community::Scope,
    model::{Channel, Guild, Id, Member, Role, iso, kind},
    state::State,
};

impl State {
    /// The user as an event has it.
    pub(crate) fn user_json(&self, user: Id) -> Value {
        self.community
            .users
            .get(&user)
            .map(super::model::User::json)
            .unwrap_or_default()
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
            let home = self.community.guilds.get(&guild);
            let name = home.and_then(|home| home.roles.get(&role).map(|role| role.name.clone()));
            let mut entry = Entry::new(by, audit::MEMBER_ROLES, user);
            entry.changes = vec![json!({
                "key": if on { "$add" } else { "$remove" },
                "new_value": [{"id": role.to_string(), "name": name}],
            })];
            self.record(guild, entry);
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
        let entry = Entry::new(by, audit::ROLE_CREATE, id).between(&Value::Null, &event["role"]);
        self.record(guild, entry);
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
        let before = role.json();
        change(role);
        let event = json!({"guild_id": guild.to_string(), "role": role.json()});
        self.publish("GUILD_ROLE_UPDATE", Scope::guild(guild), &event);
        let entry = Entry::new(by, audit::ROLE_UPDATE, id).between(&before, &event["role"]);
        self.record(guild, entry);
        true
    }

    /// Takes a role away from everybody; returns whether it was there.
    pub(crate) fn remove_role(&mut self, guild: Id, by: Id, id: Id) -> bool {
        let Some(home) = self.community.guilds.get_mut(&guild) else {
            return false;
        };
        let Some(role) = home.roles.remove(&id) else {
            return false;
        };
        for member in home.members.values_mut() {
            member.roles.remove(&id);
        }
        let event = json!({"guild_id": guild.to_string(), "role_id": id.to_string()});
        self.publish("GUILD_ROLE_DELETE", Scope::guild(guild), &event);
        let entry = Entry::new(by, audit::ROLE_DELETE, id).between(&role.json(), &Value::Null);
        self.record(guild, entry);
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
        let entry = Entry::new(by, audit::CHANNEL_CREATE, id).between(&Value::Null, &event);
        self.record(guild, entry);
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
        let before = channel.json();
        change(channel);
        let (event, guild, is_thread) = (channel.json(), channel.guild, channel.is_thread());
        let name = if is_thread {
            "THREAD_UPDATE"
        } else {
            "CHANNEL_UPDATE"
        };
        self.publish(name, self.community.scope_of(id), &event);
        if let Some(guild) = guild {
            let action = if is_thread {
                audit::THREAD_UPDATE
            } else {
                audit::CHANNEL_UPDATE
            };
            self.record(guild, Entry::new(by, action, id).between(&before, &event));
        }
        true
    }

    /// Takes a channel or a thread away, with all that was said there.
    pub(crate) fn remove_channel(&mut self, by: Id, id: Id) {
        let Some(channel) = self.community.channels.get(&id) else {
            return;
        };
        let (mut event, guild, is_thread) = (channel.json(), channel.guild, channel.is_thread());
        let before = event.clone();
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
            let action = if is_thread {
                audit::THREAD_DELETE
            } else {
                audit::CHANNEL_DELETE
            };
            self.record(
                guild,
                Entry::new(by, action, id).between(&before, &Value::Null),
            );
        }
    }

    /// Begins a thread; returns its id.
    pub(crate) fn add_thread(&mut self, parent: Id, by: Id, name: &str) -> Id {
        let id = self.new_id();
        self.begin_thread(parent, by, id, |thread| name.clone_into(&mut thread.name))
    }

    /// Begins a thread with this id, which is that of its message if it begins from one; returns the id.
    pub(crate) fn begin_thread(
        &mut self,
        parent: Id,
        by: Id,
        id: Id,
        make: impl FnOnce(&mut Channel),
    ) -> Id {
        let mut thread = Channel {
            id,
            kind: kind::PUBLIC_THREAD,
            guild: self
                .community
                .channels
                .get(&parent)
                .and_then(|channel| channel.guild),
            parent: Some(parent),
            owner: Some(by),
            members: [by].into(),
            created_at: self.now(),
            ..Channel::default()
        };
        make(&mut thread);
        let (whole, guild) = (thread.json(), thread.guild);
        let mut event = whole.clone();
        event["newly_created"] = json!(true);
        self.community.channels.insert(id, thread);
        self.publish("THREAD_CREATE", self.community.scope_of(id), &event);
        if let Some(guild) = guild {
            let entry = Entry::new(by, audit::THREAD_CREATE, id).between(&Value::Null, &whole);
            self.record(guild, entry);
        }
        id
    }

    /// Puts a user into a thread, or takes them out.
    pub(crate) fn set_thread_member(&mut self, thread: Id, user: Id, on: bool) {
        let now = self.now();
        let at = iso(now);
        let Some(channel) = self
            .community
            .channels
            .get_mut(&thread)
            .filter(|channel| channel.is_thread())
        else {
            return;
        };
        let changed = if on {
            channel.joined.insert(user, now);
            channel.members.insert(user)
        } else {
            channel.joined.remove(&user);
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
        self.change_guild(guild, by, |home| name.clone_into(&mut home.name));
    }

    /// Changes a guild's own fields.
    pub(crate) fn change_guild(&mut self, guild: Id, by: Id, change: impl FnOnce(&mut Guild)) {
        let Some(home) = self.community.guilds.get_mut(&guild) else {
            return;
        };
        let before = home.json();
        change(home);
        let event = home.json();
        self.publish("GUILD_UPDATE", Scope::guild(guild), &event);
        let entry = Entry::new(by, audit::GUILD_UPDATE, guild).between(&before, &event);
        self.record(guild, entry);
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

    /// Creates an invite for a day; returns its code.
    pub(crate) fn invite(&mut self, channel: Id, by: Id) -> String {
        self.invite_for(channel, by, 86_400, 0, false, Map::new())
    }

    /// Creates an invite for `max_age` seconds and `max_uses` uses, where 0 is no limit, with further fields; returns its
    /// code.
    pub(crate) fn invite_for(
        &mut self,
        channel: Id,
        by: Id,
        max_age: i64,
        max_uses: u64,
        temporary: bool,
        extra: Map<String, Value>,
    ) -> String {
        let code: String = (0..8).map(|_| self.secrets.alphanumeric()).collect();
        let now = self.now();
        let mut event = self.about_channel(channel);
        event["code"] = json!(code);
        event["created_at"] = json!(iso(now));
        event["inviter"] = self.user_json(by);
        event["max_age"] = json!(max_age);
        event["max_uses"] = json!(max_uses);
        event["temporary"] = json!(temporary);
        event["uses"] = json!(0);
        event["expires_at"] = json!((max_age > 0).then(|| iso(now + max_age * 1000)));
        event["type"] = json!(0);
        for (name, value) in extra {
            event[name] = value;
        }
        let known = self.community.channels.get(&channel);
        let guild = known.and_then(|channel| channel.guild);
        if let Some(home) = guild.and_then(|id| self.community.guilds.get_mut(&id)) {
            home.invites.insert(code.clone(), channel);
            home.more.invites.insert(code.clone(), event.clone());
        }
        self.publish("INVITE_CREATE", self.community.scope_of(channel), &event);
        if let Some(guild) = guild {
            let shown = json!({"code": code, "channel_id": event["channel_id"], "inviter_id": by.to_string(), "uses": 0, "max_uses": max_uses, "max_age": max_age, "temporary": temporary});
            let entry = Entry {
                target: None,
                ..Entry::new(by, audit::INVITE_CREATE, channel).between(&Value::Null, &shown)
            };
            self.record(guild, entry);
        }
        code
    }

    /// Revokes an invite; returns whether it existed.
    pub(crate) fn revoke(&mut self, guild: Id, code: &str) -> bool {
        let Some(channel) = self.community.guilds.get_mut(&guild).and_then(|home| {
            home.more.invites.remove(code);
            home.more.invite_targets.remove(code);
            home.invites.remove(code)
        }) else {
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
