//! Requests about guilds, their members and roles.

use serde_json::{Value, json};

use super::{
    Answer, Call, Outcome,
    answer::Faulty,
    channels::{describe, named},
};
use crate::discord::{
    model::{Guild, Id, Role},
    permissions::{self as rights, rank},
    state::State,
};

impl State {
    pub(crate) fn own_guilds(&self, account: Id) -> Answer {
        let guilds = self
            .community
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
        let other = other.filter(|id| self.community.users.contains_key(id));
        let other = other.ok_or_else(|| Answer::unknown("User", 10013))?;
        let channel = self.conversation(call.account, other);
        Ok(Answer::json(
            200,
            self.conversation_json(channel, call.account),
        ))
    }

    /// The guild that a request names, if the bot is in it.
    fn guild_at(&self, id: &str, account: Id) -> Result<&Guild, Answer> {
        let guild = id
            .parse()
            .ok()
            .and_then(|id| self.community.guilds.get(&id));
        let guild = guild.ok_or_else(|| Answer::unknown("Guild", 10004))?;
        if guild.members.contains_key(&account) {
            Ok(guild)
        } else {
            Err(Answer::no_access())
        }
    }

    pub(crate) fn guild_right(&self, account: Id, guild: Id, right: u64) -> Result<(), Answer> {
        let guild = self.community.guilds.get(&guild);
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
                    self.community
                        .guilds
                        .get(&id)
                        .map(Guild::json)
                        .unwrap_or_default(),
                ))
            }
            ("GET", ["channels"]) => {
                let channels = self
                    .community
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
    // Roles.

    /// The role of this id, if the bot may manage it.
    pub(crate) fn role_below(&self, guild: Id, role: &str, account: Id) -> Result<Id, Answer> {
        let home = self.community.guilds.get(&guild);
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
                .community
                .guilds
                .get(&guild)
                .and_then(|home| home.roles.get(&id));
            Answer::json(200, role.map(Role::json).unwrap_or_default())
        };
        let body = call.body.clone();
        match (method, rest) {
            ("GET", []) => {
                let roles = self
                    .community
                    .guilds
                    .get(&guild)
                    .into_iter()
                    .flat_map(|home| home.roles.values());
                Ok(Answer::json(200, roles.map(Role::json).collect()))
            }
            ("GET", [role]) => {
                let known = role.parse::<Id>().ok().filter(|id| {
                    self.community
                        .guilds
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
            .community
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
                    (home.members.get(&user), self.community.users.get(&user))
                {
                    state["member"] = member.json(known);
                }
                Ok(Answer::json(200, state))
            }
            "PATCH" => {
                let is_stage = self
                    .community
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
                    .community
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

/// Applies a body's fields to a role.
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
