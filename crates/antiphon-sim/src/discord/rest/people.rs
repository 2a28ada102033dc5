//! Requests about members and bans.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, answer::Faulty};
use crate::discord::{
    guilds::audit,
    model::Id,
    permissions::{self as rights, rank},
    state::State,
};

/// Longest past, in seconds, whose messages a ban can delete.
const BAN_DELETES: u64 = 604_800;

impl State {
    // -----------------------------------------------------------------------------------------------------------------
    // Members.

    pub(crate) fn member_at(&self, guild: Id, user: &str, own: Id) -> Result<Id, Answer> {
        let user = if user == "@me" {
            Some(own)
        } else {
            user.parse().ok()
        };
        let is_member = |user: &Id| {
            self.community
                .guilds
                .get(&guild)
                .is_some_and(|home| home.members.contains_key(user))
        };
        user.filter(is_member)
            .ok_or_else(|| Answer::unknown("Member", 10007))
    }

    fn member_answer(&self, guild: Id, user: Id) -> Outcome {
        let member = self
            .community
            .guilds
            .get(&guild)
            .and_then(|home| home.members.get(&user))
            .zip(self.community.users.get(&user));
        let (member, user) = member.ok_or_else(|| Answer::unknown("Member", 10007))?;
        Ok(Answer::json(200, member.json(user)))
    }

    /// Whether a bot's highest role is above a member's.
    fn is_above(&self, account: Id, guild: Id, user: Id) -> Result<(), Answer> {
        let home = self.community.guilds.get(&guild);
        if home.is_some_and(|home| home.owner == account || rank(home, account) > rank(home, user))
        {
            Ok(())
        } else {
            Err(Answer::not_permitted())
        }
    }

    pub(crate) fn member_route(
        &mut self,
        method: &str,
        guild: Id,
        rest: &[&str],
        call: &Call<'_>,
    ) -> Outcome {
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
                let home = self.community.guilds.get(&guild);
                let members = home
                    .into_iter()
                    .flat_map(|home| home.members.range(after + 1..));
                let members = members
                    .filter_map(|(user, member)| Some((self.community.users.get(user)?, member)));
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

    /// Whether a bot may change the fields of a member that a body has.
    fn may_edit_member(&self, guild: Id, user: Id, call: &Call<'_>) -> Result<(), Answer> {
        let body = call.body;
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
        Ok(())
    }

    fn edit_member(&mut self, guild: Id, user: Id, call: &Call<'_>) -> Outcome {
        let body = call.body.clone();
        self.may_edit_member(guild, user, call)?;
        let mut faulty = Faulty::default();
        faulty.text(&body, "nick", 32);
        faulty.check()?;
        let in_voice = self
            .community
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
                    .community
                    .guilds
                    .get(&guild)
                    .and_then(|home| home.voices.get(&user))
                    .cloned();
                let (mute, deaf) =
                    voice.map_or((false, false), |voice| (voice.self_mute, voice.self_deaf));
                self.join_voice(guild, user, channel, mute, deaf);
            }
            None if in_voice && (mute.is_some() || deaf.is_some()) => {
                self.tell_voice_state(guild, user);
            }
            None => {}
        }
        self.member_answer(guild, user)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Bans.

    pub(crate) fn ban_route(
        &mut self,
        method: &str,
        guild: Id,
        rest: &[&str],
        call: &Call<'_>,
    ) -> Outcome {
        self.guild_right(call.account, guild, rights::BAN)?;
        let home = self.community.guilds.get(&guild);
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
                    .filter(|user| self.community.users.contains_key(user));
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

    /// Deletes a user's messages of the last seconds in a guild.
    fn delete_messages_of(&mut self, guild: Id, user: Id, seconds: u64) {
        let since = self.now() - i64::try_from(seconds).unwrap_or(0) * 1000;
        let channels: Vec<Id> = self
            .community
            .channels_of(guild, false)
            .map(|channel| channel.id)
            .collect();
        for channel in channels {
            let kept = self
                .community
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
}
