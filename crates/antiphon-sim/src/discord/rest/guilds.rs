//! Requests about guilds, their members and roles.

use serde_json::{Value, json};

use super::{
    Answer, Call, Outcome,
    answer::Faulty,
    channels::{describe, named},
};
use crate::discord::{
    guilds::audit,
    model::{Guild, Id, Role},
    permissions::{self as rights, rank},
    state::State,
};

/// Seconds of the past whose messages a ban can delete.
const BAN_DELETES: u64 = 604_800;

impl State {
    pub(crate) fn own_guilds(&self, account: Id) -> Answer {
        let guilds = self
            .guilds
            .values()
            .filter(|guild| guild.members.contains_key(&account));
        let guilds = guilds.map(|guild| {
            json!({
                "id": guild.id.to_string(),
                "name": guild.name,
                "icon": null,
                "banner": null,
                "owner": guild.owner == account,
                "permissions": rights::of(guild, account, None).to_string(),
                "features": ["COMMUNITY"],
            })
        });
        Answer::json(200, guilds.collect())
    }

    pub(crate) fn begin_conversation(&mut self, call: &Call<'_>) -> Outcome {
        let other = call.body["recipient_id"]
            .as_str()
            .and_then(|id| id.parse().ok());
        let other = other.filter(|id| self.users.contains_key(id));
        let other = other.ok_or_else(|| Answer::unknown("User", 10013))?;
        let channel = self.conversation(call.account, other);
        Ok(Answer::json(
            200,
            self.conversation_json(channel, call.account),
        ))
    }

    /// The guild that a request names, if the bot is in it.
    fn guild_at(&self, id: &str, account: Id) -> Result<&Guild, Answer> {
        let guild = id.parse().ok().and_then(|id| self.guilds.get(&id));
        let guild = guild.ok_or_else(|| Answer::unknown("Guild", 10004))?;
        if guild.members.contains_key(&account) {
            Ok(guild)
        } else {
            Err(Answer::no_access())
        }
    }

    fn guild_right(&self, account: Id, guild: Id, right: u64) -> Result<(), Answer> {
        let guild = self.guilds.get(&guild);
        if guild.is_some_and(|guild| rights::of(guild, account, None) & right != 0) {
            Ok(())
        } else {
            Err(Answer::not_permitted())
        }
    }

    pub(crate) fn guild_route(
        &mut self,
        method: &str,
        guild: &str,
        rest: &[&str],
        call: &Call<'_>,
    ) -> Outcome {
        let guild = self.guild_at(guild, call.account)?;
        let id = guild.id;
        match (method, rest) {
            ("GET", []) => {
                let mut json = guild.json();
                if call.get("with_counts") == Some("true") {
                    json["approximate_member_count"] = json!(guild.members.len());
                    json["approximate_presence_count"] = json!(guild.presences.len());
                }
                Ok(Answer::json(200, json))
            }
            ("PATCH", []) => {
                self.guild_right(call.account, id, rights::MANAGE_GUILD)?;
                let name = named(call.body, 100)?;
                self.rename_guild(id, call.account, name);
                Ok(Answer::json(
                    200,
                    self.guilds.get(&id).map(Guild::json).unwrap_or_default(),
                ))
            }
            ("GET", ["channels"]) => {
                let channels = self
                    .channels_of(id, false)
                    .map(crate::discord::model::Channel::json);
                Ok(Answer::json(200, channels.collect()))
            }
            ("POST", ["channels"]) => {
                self.guild_right(call.account, id, rights::MANAGE_CHANNELS)?;
                let name = named(call.body, 100)?.to_owned();
                let kind = call.body["type"]
                    .as_u64()
                    .and_then(|kind| u8::try_from(kind).ok())
                    .unwrap_or(0);
                let body = call.body.clone();
                let channel = self.add_channel(id, call.account, |channel| {
                    channel.kind = kind;
                    describe(channel, &body);
                    channel.name = name;
                });
                Ok(Answer {
                    status: 201,
                    ..self.channel_answer(channel)
                })
            }
            (_, ["members", rest @ ..]) => self.member_route(method, id, rest, call),
            (_, ["bans", rest @ ..]) => self.ban_route(method, id, rest, call),
            (_, ["roles", rest @ ..]) => self.role_route(method, id, rest, call),
            (_, ["voice-states", user]) => self.voice_route(method, id, user, call),
            _ => Err(self.unknown_route(method, &["guilds", &rest.join("/")])),
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Members.

    fn member_at(&self, guild: Id, user: &str, own: Id) -> Result<Id, Answer> {
        let user = if user == "@me" {
            Some(own)
        } else {
            user.parse().ok()
        };
        let is_member = |user: &Id| {
            self.guilds
                .get(&guild)
                .is_some_and(|home| home.members.contains_key(user))
        };
        user.filter(is_member)
            .ok_or_else(|| Answer::unknown("Member", 10007))
    }

    fn member_answer(&self, guild: Id, user: Id) -> Outcome {
        let member = self
            .guilds
            .get(&guild)
            .and_then(|home| home.members.get(&user))
            .zip(self.users.get(&user));
        let (member, user) = member.ok_or_else(|| Answer::unknown("Member", 10007))?;
        Ok(Answer::json(200, member.json(user)))
    }

    /// Whether a bot stands above somebody.
    fn is_above(&self, account: Id, guild: Id, user: Id) -> Result<(), Answer> {
        let home = self.guilds.get(&guild);
        if home.is_some_and(|home| home.owner == account || rank(home, account) > rank(home, user))
        {
            Ok(())
        } else {
            Err(Answer::not_permitted())
        }
    }

    fn member_route(&mut self, method: &str, guild: Id, rest: &[&str], call: &Call<'_>) -> Outcome {
        match (method, rest) {
            ("GET", [] | ["search"]) => {
                let limit = call
                    .get("limit")
                    .and_then(|limit| limit.parse().ok())
                    .unwrap_or(1)
                    .clamp(1, 1000);
                let after = call
                    .get("after")
                    .and_then(|id| id.parse::<Id>().ok())
                    .unwrap_or(0);
                let prefix = call.get("query").unwrap_or_default().to_lowercase();
                let home = self.guilds.get(&guild);
                let members = home
                    .into_iter()
                    .flat_map(|home| home.members.range(after + 1..));
                let members =
                    members.filter_map(|(user, member)| Some((self.users.get(user)?, member)));
                let members =
                    members.filter(|(user, _)| user.name.to_lowercase().starts_with(&prefix));
                Ok(Answer::json(
                    200,
                    members
                        .take(limit)
                        .map(|(user, member)| member.json(user))
                        .collect(),
                ))
            }
            ("GET", [user]) => {
                let user = self.member_at(guild, user, call.account)?;
                self.member_answer(guild, user)
            }
            ("DELETE", [user]) => {
                let user = self.member_at(guild, user, call.account)?;
                self.guild_right(call.account, guild, rights::KICK)?;
                self.is_above(call.account, guild, user)?;
                self.kick(guild, call.account, user, call.reason.as_deref());
                Ok(Answer::done())
            }
            ("PATCH", [user]) => {
                let user = self.member_at(guild, user, call.account)?;
                self.edit_member(guild, user, call)
            }
            ("PUT" | "DELETE", [user, "roles", role]) => {
                let user = self.member_at(guild, user, call.account)?;
                let role = self.role_below(guild, role, call.account)?;
                self.set_role(guild, call.account, user, role, method == "PUT");
                Ok(Answer::done())
            }
            _ => Err(self.unknown_route(method, &["guilds", "members", &rest.join("/")])),
        }
    }

    fn edit_member(&mut self, guild: Id, user: Id, call: &Call<'_>) -> Outcome {
        let body = call.body.clone();
        let is_own = user == call.account;
        let asked = [
            (
                "nick",
                if is_own {
                    rights::CHANGE_NICKNAME
                } else {
                    rights::MANAGE_NICKNAMES
                },
            ),
            ("roles", rights::MANAGE_ROLES),
            ("mute", rights::MUTE_MEMBERS),
            ("deaf", rights::DEAFEN_MEMBERS),
            ("channel_id", rights::MOVE_MEMBERS),
            ("communication_disabled_until", rights::MODERATE_MEMBERS),
        ];
        for (field, right) in asked {
            if body.get(field).is_some() {
                self.guild_right(call.account, guild, right)?;
            }
        }
        if !is_own
            && ["nick", "roles", "communication_disabled_until"]
                .iter()
                .any(|field| body.get(field).is_some())
        {
            self.is_above(call.account, guild, user)?;
        }
        let mut faulty = Faulty::default();
        faulty.text(&body, "nick", 32);
        faulty.check()?;
        let in_voice = self
            .guilds
            .get(&guild)
            .is_some_and(|home| home.voices.contains_key(&user));
        if ["mute", "deaf", "channel_id"]
            .iter()
            .any(|field| body.get(field).is_some())
            && !in_voice
        {
            return Err(Answer::error(
                400,
                40032,
                "Target user is not connected to voice.",
            ));
        }
        let mut roles = Vec::new();
        for role in body["roles"].as_array().into_iter().flatten() {
            roles.push(self.role_below(guild, role.as_str().unwrap_or_default(), call.account)?);
        }
        let text = |field: &str| {
            body.get(field).map(|value| {
                value
                    .as_str()
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned)
            })
        };
        let (nick, silenced) = (text("nick"), text("communication_disabled_until"));
        let has_roles = body["roles"].is_array();
        let (mute, deaf) = (body["mute"].as_bool(), body["deaf"].as_bool());
        let changes =
            nick.is_some() || silenced.is_some() || has_roles || mute.is_some() || deaf.is_some();
        if changes {
            self.change_member(guild, user, |member| {
                if let Some(nick) = nick {
                    member.nick = nick;
                }
                if let Some(silenced) = silenced {
                    member.silenced_until = silenced;
                }
                if has_roles {
                    member.roles = roles.into_iter().collect();
                }
                member.mute = mute.unwrap_or(member.mute);
                member.deaf = deaf.unwrap_or(member.deaf);
            });
            self.audit(
                guild,
                call.account,
                audit::MEMBER_UPDATE,
                user,
                call.reason.as_deref(),
            );
        }
        match body.get("channel_id") {
            Some(Value::Null) => self.leave_voice(guild, user),
            Some(channel) => {
                let channel = channel
                    .as_str()
                    .and_then(|id| id.parse().ok())
                    .unwrap_or_default();
                let voice = self
                    .guilds
                    .get(&guild)
                    .and_then(|home| home.voices.get(&user))
                    .cloned();
                let (mute, deaf) =
                    voice.map_or((false, false), |voice| (voice.self_mute, voice.self_deaf));
                self.join_voice(guild, user, channel, mute, deaf);
            }
            None if in_voice && (mute.is_some() || deaf.is_some()) => {
                self.tell_voice_state(guild, user)
            }
            None => {}
        }
        self.member_answer(guild, user)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Bans.

    fn ban_route(&mut self, method: &str, guild: Id, rest: &[&str], call: &Call<'_>) -> Outcome {
        self.guild_right(call.account, guild, rights::BAN)?;
        let home = self.guilds.get(&guild);
        let bans = home.into_iter().flat_map(|home| home.bans.iter());
        let shown = |user: Id, reason: &Option<String>| json!({"reason": reason, "user": self.user_json(user)});
        match (method, rest) {
            ("GET", []) => Ok(Answer::json(
                200,
                bans.map(|(user, reason)| shown(*user, reason)).collect(),
            )),
            ("GET", [user]) => {
                let user = user.parse::<Id>().ok();
                let ban = bans.into_iter().find(|(banned, _)| Some(**banned) == user);
                let (user, reason) = ban.ok_or_else(|| Answer::unknown("Ban", 10026))?;
                Ok(Answer::json(200, shown(*user, reason)))
            }
            ("PUT", [user]) => {
                let user = user
                    .parse()
                    .ok()
                    .filter(|user| self.users.contains_key(user));
                let user = user.ok_or_else(|| Answer::unknown("User", 10013))?;
                if home.is_some_and(|home| home.members.contains_key(&user)) {
                    self.is_above(call.account, guild, user)?;
                }
                let seconds = call.body["delete_message_seconds"].as_u64().unwrap_or(0);
                if seconds > BAN_DELETES {
                    let mut faulty = Faulty::default();
                    let message = "int value should be less than or equal to 604800.";
                    faulty.add("delete_message_seconds", "NUMBER_TYPE_MAX", message);
                    faulty.check()?;
                }
                self.ban(guild, call.account, user, call.reason.as_deref());
                self.delete_messages_of(guild, user, seconds);
                Ok(Answer::done())
            }
            ("DELETE", [user]) => {
                let user = user.parse().unwrap_or_default();
                if self.unban(guild, call.account, user, call.reason.as_deref()) {
                    Ok(Answer::done())
                } else {
                    Err(Answer::unknown("Ban", 10026))
                }
            }
            _ => Err(self.unknown_route(method, &["guilds", "bans", &rest.join("/")])),
        }
    }

    /// Deletes what somebody said in a guild within the last seconds.
    fn delete_messages_of(&mut self, guild: Id, user: Id, seconds: u64) {
        let since = self.now() - i64::try_from(seconds).unwrap_or(0) * 1000;
        let channels: Vec<Id> = self
            .channels_of(guild, false)
            .map(|channel| channel.id)
            .collect();
        for channel in channels {
            let kept = self
                .messages
                .get(&channel)
                .into_iter()
                .flat_map(|kept| kept.values());
            let theirs: Vec<Id> = kept
                .filter(|message| message.author == user && message.at > since)
                .map(|message| message.id)
                .collect();
            self.delete_many(channel, &theirs);
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Roles.

    /// The role of this id, if the bot may deal with it.
    fn role_below(&self, guild: Id, role: &str, account: Id) -> Result<Id, Answer> {
        let home = self.guilds.get(&guild);
        let role = role.parse::<Id>().ok().and_then(|id| home?.roles.get(&id));
        let role = role.ok_or_else(|| Answer::unknown("Role", 10011))?;
        self.guild_right(account, guild, rights::MANAGE_ROLES)?;
        if home.is_some_and(|home| rank(home, account) <= role.position) {
            return Err(Answer::not_permitted());
        }
        Ok(role.id)
    }

    fn role_route(&mut self, method: &str, guild: Id, rest: &[&str], call: &Call<'_>) -> Outcome {
        let answer = |state: &Self, id: Id| {
            let role = state
                .guilds
                .get(&guild)
                .and_then(|home| home.roles.get(&id));
            Answer::json(200, role.map(Role::json).unwrap_or_default())
        };
        let body = call.body.clone();
        match (method, rest) {
            ("GET", []) => {
                let roles = self
                    .guilds
                    .get(&guild)
                    .into_iter()
                    .flat_map(|home| home.roles.values());
                Ok(Answer::json(200, roles.map(Role::json).collect()))
            }
            ("GET", [role]) => {
                let known = role.parse::<Id>().ok().filter(|id| {
                    self.guilds
                        .get(&guild)
                        .is_some_and(|home| home.roles.contains_key(id))
                });
                Ok(answer(
                    self,
                    known.ok_or_else(|| Answer::unknown("Role", 10011))?,
                ))
            }
            ("POST", []) => {
                self.guild_right(call.account, guild, rights::MANAGE_ROLES)?;
                let mut faulty = Faulty::default();
                faulty.text(&body, "name", 100);
                faulty.check()?;
                let id = self.add_role(guild, call.account, |role| describe_role(role, &body));
                Ok(answer(self, id))
            }
            ("PATCH", [role]) => {
                let id = self.role_below(guild, role, call.account)?;
                let mut faulty = Faulty::default();
                faulty.text(&body, "name", 100);
                faulty.check()?;
                self.change_role(guild, call.account, id, |role| describe_role(role, &body));
                Ok(answer(self, id))
            }
            ("DELETE", [role]) => {
                let id = self.role_below(guild, role, call.account)?;
                self.remove_role(guild, call.account, id);
                Ok(Answer::done())
            }
            _ => Err(self.unknown_route(method, &["guilds", "roles", &rest.join("/")])),
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Voice.

    fn voice_route(&mut self, method: &str, guild: Id, user: &str, call: &Call<'_>) -> Outcome {
        let user = self.member_at(guild, user, call.account)?;
        let home = self
            .guilds
            .get(&guild)
            .ok_or_else(|| Answer::unknown("Guild", 10004))?;
        let Some(voice) = home.voices.get(&user) else {
            return Err(Answer::unknown("Voice State", 10065));
        };
        match method {
            "GET" => {
                let mut state = home.voice_json(user, Some(voice));
                if let (Some(member), Some(known)) =
                    (home.members.get(&user), self.users.get(&user))
                {
                    state["member"] = member.json(known);
                }
                Ok(Answer::json(200, state))
            }
            "PATCH" => {
                let is_stage = self
                    .channels
                    .get(&voice.channel)
                    .is_some_and(|channel| channel.kind == 13);
                if !is_stage {
                    return Err(Answer::error(
                        400,
                        50024,
                        "Cannot execute action on this channel type",
                    ));
                }
                if user != call.account || call.body["suppress"] == false {
                    self.guild_right(call.account, guild, rights::MUTE_MEMBERS)?;
                }
                let body = call.body.clone();
                if let Some(voice) = self
                    .guilds
                    .get_mut(&guild)
                    .and_then(|home| home.voices.get_mut(&user))
                {
                    voice.suppress = body["suppress"].as_bool().unwrap_or(voice.suppress);
                    if let Some(asks) = body.get("request_to_speak_timestamp") {
                        voice.asks_to_speak = asks.as_str().map(str::to_owned);
                    }
                }
                self.tell_voice_state(guild, user);
                Ok(Answer::done())
            }
            _ => Err(self.unknown_route(method, &["guilds", "voice-states"])),
        }
    }
}

/// Changes what a body names of a role.
fn describe_role(role: &mut Role, body: &Value) {
    if let Some(name) = body["name"].as_str() {
        name.clone_into(&mut role.name);
    }
    if let Some(color) = body["color"].as_u64().or(body
        .pointer("/colors/primary_color")
        .and_then(Value::as_u64))
    {
        role.color = color;
    }
    if let Some(permissions) = body["permissions"]
        .as_str()
        .and_then(|text| text.parse().ok())
    {
        role.permissions = permissions;
    }
    role.hoist = body["hoist"].as_bool().unwrap_or(role.hoist);
    role.mentionable = body["mentionable"].as_bool().unwrap_or(role.mentionable);
}
