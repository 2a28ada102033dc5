//! Members of guilds.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, page::Page, route::Route};
use crate::discord::{
    audit::{Entry, action},
    model::{Id, iso, kind},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/guilds/{guild_id}/members",
        "list_guild_members",
        State::list_members,
    )
    .in_guild(0)
    .simplified("the intent GUILD_MEMBERS is not asked for"),
    Route::get(
        "/guilds/{guild_id}/members/search",
        "search_guild_members",
        State::search_members,
    )
    .in_guild(0),
    Route::get(
        "/guilds/{guild_id}/members/{user_id}",
        "get_guild_member",
        State::get_member,
    )
    .in_guild(0),
    Route::put(
        "/guilds/{guild_id}/members/{user_id}",
        "add_guild_member",
        State::put_member,
    )
    .in_guild(rights::CREATE_INVITE)
    .also("`MANAGE_NICKNAMES`, `MANAGE_ROLES`, `MUTE_MEMBERS`, `DEAFEN_MEMBERS` by field")
    .events(&["GUILD_MEMBER_ADD"])
    .simplified("every `access_token` is taken for the user's"),
    Route::patch(
        "/guilds/{guild_id}/members/{user_id}",
        "update_guild_member",
        State::edit_member_named,
    )
    .in_guild(0)
    .also("`MANAGE_NICKNAMES`, `MANAGE_ROLES`, `MUTE_MEMBERS`, `DEAFEN_MEMBERS`, `MOVE_MEMBERS`, `MODERATE_MEMBERS` by field; a higher role")
    .events(&["GUILD_MEMBER_UPDATE", "VOICE_STATE_UPDATE"])
    .audit(&["MEMBER_UPDATE", "MEMBER_ROLE_UPDATE", "MEMBER_MOVE", "MEMBER_DISCONNECT"]),
    Route::patch(
        "/guilds/{guild_id}/members/@me",
        "update_my_guild_member",
        State::edit_own_member,
    )
    .in_guild(0)
    .also("`CHANGE_NICKNAME` for `nick`")
    .events(&["GUILD_MEMBER_UPDATE"])
    .audit(&["MEMBER_UPDATE"])
    .simplified("`avatar`, `banner` and `bio` are taken, and not shown"),
    Route::patch(
        "/guilds/{guild_id}/members/@me/nick",
        "",
        State::edit_own_nick,
    )
    .in_guild(rights::CHANGE_NICKNAME)
    .events(&["GUILD_MEMBER_UPDATE"])
    .audit(&["MEMBER_UPDATE"]),
    Route::delete(
        "/guilds/{guild_id}/members/{user_id}",
        "delete_guild_member",
        State::kick_member,
    )
    .in_guild(rights::KICK)
    .also("a higher role than the member's")
    .events(&["GUILD_MEMBER_REMOVE"])
    .audit(&["MEMBER_KICK"]),
    Route::put(
        "/guilds/{guild_id}/members/{user_id}/roles/{role_id}",
        "add_guild_member_role",
        State::give_role,
    )
    .without_body()
    .in_guild(rights::MANAGE_ROLES)
    .also("a higher role")
    .events(&["GUILD_MEMBER_UPDATE"])
    .audit(&["MEMBER_ROLE_UPDATE"]),
    Route::delete(
        "/guilds/{guild_id}/members/{user_id}/roles/{role_id}",
        "delete_guild_member_role",
        State::take_role,
    )
    .in_guild(rights::MANAGE_ROLES)
    .also("a higher role")
    .events(&["GUILD_MEMBER_UPDATE"])
    .audit(&["MEMBER_ROLE_UPDATE"]),
];

/// Members of one page.
const MEMBERS: usize = 1000;
/// Milliseconds for which a member can be silenced.
const SILENCE: i64 = 28 * 86_400_000;

impl State {
    pub(super) fn member_answer(&self, guild: Id, user: Id) -> Outcome {
        let member = self
            .community
            .guilds
            .get(&guild)
            .and_then(|home| home.members.get(&user))
            .zip(self.community.users.get(&user));
        let (member, user) = member.ok_or_else(|| Answer::unknown("Member", 10007))?;
        Ok(Answer::json(200, member.json(user)))
    }

    fn list_members(&mut self, call: &Call<'_>) -> Outcome {
        let page = Page::of(call, 1, MEMBERS)?;
        let members = self.guild_of(call)?.members.iter();
        let members = members.filter_map(|(id, member)| {
            let user = self.community.users.get(id)?;
            Some((*id, (member, user)))
        });
        let members = page.ascending(members).into_iter();
        Ok(Answer::json(
            200,
            members.map(|(member, user)| member.json(user)).collect(),
        ))
    }

    fn search_members(&mut self, call: &Call<'_>) -> Outcome {
        let page = Page::of(call, 1, MEMBERS)?;
        let mut query = call.query();
        query.require(&["query"]);
        let prefix = query.text("query", 1..=100).unwrap_or_default();
        query.check()?;
        let prefix = prefix.to_lowercase();
        let members = self.guild_of(call)?.members.iter();
        let members = members.filter_map(|(id, member)| {
            let user = self.community.users.get(id)?;
            let names = [
                Some(&user.name),
                user.display_name.as_ref(),
                member.nick.as_ref(),
            ];
            let mut names = names.into_iter().flatten();
            names
                .any(|name| name.to_lowercase().starts_with(&prefix))
                .then(|| (*id, member.json(user)))
        });
        Ok(Answer::json(200, page.ascending(members).into()))
    }

    fn get_member(&mut self, call: &Call<'_>) -> Outcome {
        self.member_answer(call.guild(), call.id("user_id"))
    }

    fn put_member(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&["access_token"]);
        fields.text("access_token", 1..=4096);
        let nick = fields.text("nick", 0..=32).map(str::to_owned);
        let roles = fields.ids("roles", 0..=250);
        let (mute, deaf) = (fields.flag("mute"), fields.flag("deaf"));
        fields.check()?;
        let (guild, user) = (call.guild(), self.known_user(call.id("user_id"))?);
        if self.guild_of(call)?.members.contains_key(&user) {
            return Ok(Answer::done());
        }
        if self.guild_of(call)?.bans.contains_key(&user) {
            return Err(Answer::error(
                403,
                40007,
                "The user is banned from this guild",
            ));
        }
        for (is_set, right) in [
            (nick.is_some(), rights::MANAGE_NICKNAMES),
            (roles.is_some(), rights::MANAGE_ROLES),
            (mute.is_some(), rights::MUTE_MEMBERS),
            (deaf.is_some(), rights::DEAFEN_MEMBERS),
        ] {
            if is_set {
                self.needs_in_guild(call.account, guild, right)?;
            }
        }
        for role in roles.iter().flatten() {
            self.role_below(guild, *role, call.account)?;
        }
        self.join(guild, user);
        if let Some(member) = self
            .community
            .guilds
            .get_mut(&guild)
            .and_then(|home| home.members.get_mut(&user))
        {
            member.nick = nick.filter(|nick| !nick.is_empty());
            member.roles = roles.unwrap_or_default().into_iter().collect();
            member.mute = mute.unwrap_or(false);
            member.deaf = deaf.unwrap_or(false);
        }
        Ok(Answer {
            status: 201,
            ..self.member_answer(guild, user)?
        })
    }

    fn kick_member(&mut self, call: &Call<'_>) -> Outcome {
        let (guild, user) = (call.guild(), call.id("user_id"));
        self.member_of(guild, user)?;
        self.is_above(call.account, guild, user)?;
        self.kick(guild, call.account, user, call.reason.as_deref());
        Ok(Answer::done())
    }

    fn give_role(&mut self, call: &Call<'_>) -> Outcome {
        self.change_roles_of(call, true)
    }

    fn take_role(&mut self, call: &Call<'_>) -> Outcome {
        self.change_roles_of(call, false)
    }

    fn change_roles_of(&mut self, call: &Call<'_>, on: bool) -> Outcome {
        let (guild, user) = (call.guild(), call.id("user_id"));
        let had = self.member_of(guild, user)?.roles.clone();
        let role = self.role_below(guild, call.id("role_id"), call.account)?;
        if had.contains(&role) != on {
            self.set_role(guild, call.account, user, role, on);
        }
        Ok(Answer::done())
    }

    fn edit_own_nick(&mut self, call: &Call<'_>) -> Outcome {
        self.edit_member(call, call.account)?;
        let nick = self.member_of(call.guild(), call.account)?.nick.clone();
        Ok(Answer::json(200, json!({"nick": nick})))
    }

    fn edit_own_member(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.image("avatar", super::FILE);
        fields.image("banner", super::FILE);
        fields.text("bio", 0..=190);
        fields.check()?;
        self.edit_member(call, call.account)
    }

    fn edit_member_named(&mut self, call: &Call<'_>) -> Outcome {
        let user = call.id("user_id");
        self.member_of(call.guild(), user)?;
        self.edit_member(call, user)
    }

    /// Whether a bot may change the fields of a member that a body has.
    fn may_edit_member(&self, call: &Call<'_>, user: Id) -> Result<(), Answer> {
        let (body, guild) = (call.body, call.guild());
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
                self.needs_in_guild(call.account, guild, right)?;
            }
        }
        let of_lower = ["nick", "roles", "communication_disabled_until"];
        if !is_own && of_lower.iter().any(|field| body.get(field).is_some()) {
            self.is_above(call.account, guild, user)?;
        }
        Ok(())
    }

    fn edit_member(&mut self, call: &Call<'_>, user: Id) -> Outcome {
        let guild = call.guild();
        let change = self.member_change(call)?;
        self.may_edit_member(call, user)?;
        let home = self.guild_of(call)?;
        let voice = home.voices.get(&user).cloned();
        let had = self.member_of(guild, user)?.clone();
        let in_voice = change.mute.is_some() || change.deaf.is_some() || change.channel.is_some();
        if in_voice && voice.is_none() {
            return Err(Answer::error(
                400,
                40032,
                "Target user is not connected to voice.",
            ));
        }
        if let Some(Some(channel)) = change.channel {
            let known = self.community.channels.get(&channel);
            let known = known.filter(|channel| channel.guild == Some(guild));
            let known = known.ok_or_else(|| Answer::unknown("Channel", 10003))?;
            if !matches!(known.kind, kind::VOICE | kind::STAGE) {
                return Err(Answer::error(
                    400,
                    50024,
                    "Cannot execute action on this channel type",
                ));
            }
        }
        for role in change.roles.iter().flatten() {
            let home = self.guild_of(call)?;
            if !home.roles.contains_key(role) {
                return Err(Answer::unknown("Role", 10011));
            }
        }
        if let Some(roles) = &change.roles {
            let wanted = roles.iter().filter(|role| !had.roles.contains(role));
            let lost = had.roles.iter().filter(|role| !roles.contains(role));
            for role in wanted.chain(lost) {
                self.role_below(guild, *role, call.account)?;
            }
        }
        self.apply_to_member(call, user, &change);
        match change.channel {
            Some(None) => {
                self.leave_voice(guild, user);
                self.audit(
                    guild,
                    call.account,
                    action::MEMBER_DISCONNECT,
                    user,
                    call.reason.as_deref(),
                );
            }
            Some(Some(channel)) => {
                let (mute, deaf) =
                    voice.map_or((false, false), |voice| (voice.self_mute, voice.self_deaf));
                self.join_voice(guild, user, channel, mute, deaf);
                self.audit(
                    guild,
                    call.account,
                    action::MEMBER_MOVE,
                    user,
                    call.reason.as_deref(),
                );
            }
            None if change.mute.is_some() || change.deaf.is_some() => {
                self.tell_voice_state(guild, user);
            }
            None => {}
        }
        self.member_answer(guild, user)
    }

    /// Reads the fields of a member from a body.
    fn member_change(&self, call: &Call<'_>) -> Result<MemberChange, Answer> {
        let mut fields = call.fields();
        let text = |fields: &mut super::fields::Fields<'_>| {
            let nick = fields.text("nick", 0..=32);
            nick.filter(|nick| !nick.is_empty()).map(str::to_owned)
        };
        let nick = fields.has("nick").then(|| text(&mut fields));
        let silenced = fields
            .has("communication_disabled_until")
            .then(|| fields.time("communication_disabled_until"));
        if let Some(Some(until)) = silenced
            && until > self.now() + SILENCE
        {
            fields.error(
                "communication_disabled_until",
                "BASE_TYPE_MAX_LENGTH",
                "Timeout must be 28 days or fewer.",
            );
        }
        let roles = fields.ids("roles", 0..=250);
        let roles = if roles.is_none() && call.body.get("roles") == Some(&Value::Null) {
            Some(Vec::new())
        } else {
            roles
        };
        let change = MemberChange {
            nick,
            silenced: silenced.map(|until| until.map(iso)),
            roles,
            mute: fields.flag("mute"),
            deaf: fields.flag("deaf"),
            channel: fields.has("channel_id").then(|| fields.id("channel_id")),
            flags: fields.count("flags", 0..=i64::from(u32::MAX)),
        };
        fields.check()?;
        Ok(change)
    }

    /// Changes a member, and writes into the audit log what differs.
    fn apply_to_member(&mut self, call: &Call<'_>, user: Id, change: &MemberChange) {
        let guild = call.guild();
        let Ok(before) = self.member_of(guild, user).cloned() else {
            return;
        };
        if !change.is_of_member() {
            return;
        }
        self.change_member(guild, user, |member| {
            if let Some(nick) = &change.nick {
                member.nick.clone_from(nick);
            }
            if let Some(silenced) = &change.silenced {
                member.silenced_until.clone_from(silenced);
            }
            if let Some(roles) = &change.roles {
                member.roles = roles.iter().copied().collect();
            }
            member.mute = change.mute.unwrap_or(member.mute);
            member.deaf = change.deaf.unwrap_or(member.deaf);
            member.flags = change.flags.unwrap_or(member.flags);
        });
        let Ok(after) = self.member_of(guild, user).cloned() else {
            return;
        };
        let entry = Entry::new(call.account, action::MEMBER_UPDATE, user)
            .between(&before.partial(), &after.partial());
        if !entry.changes.is_empty() {
            self.record(guild, entry);
        }
        if before.roles != after.roles {
            let home = self.community.guilds.get(&guild);
            let named = |role: &Id| {
                let known = home.and_then(|home| home.roles.get(role));
                json!({"id": role.to_string(), "name": known.map(|role| &role.name)})
            };
            let added: Vec<Value> = after.roles.difference(&before.roles).map(named).collect();
            let removed: Vec<Value> = before.roles.difference(&after.roles).map(named).collect();
            let mut entry = Entry::new(call.account, action::MEMBER_ROLES, user);
            entry.changes = [("$add", added), ("$remove", removed)]
                .into_iter()
                .filter(|(_, roles)| !roles.is_empty())
                .map(|(key, roles)| json!({"key": key, "new_value": roles}))
                .collect();
            self.record(guild, entry);
        }
    }
}

/// Fields of a member in a body; of two options the outer one says whether the field is there.
struct MemberChange {
    nick: Option<Option<String>>,
    silenced: Option<Option<String>>,
    roles: Option<Vec<Id>>,
    mute: Option<bool>,
    deaf: Option<bool>,
    channel: Option<Option<Id>>,
    flags: Option<u64>,
}

impl MemberChange {
    /// Whether a field of the member itself is there, not of its voice state alone.
    fn is_of_member(&self) -> bool {
        self.nick.is_some()
            || self.silenced.is_some()
            || self.roles.is_some()
            || self.mute.is_some()
            || self.deaf.is_some()
            || self.flags.is_some()
    }
}
