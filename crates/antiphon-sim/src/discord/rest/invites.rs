//! Invites.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    Answer, Call, Outcome,
    fields::{Fields, instant},
    route::Route,
};
use crate::discord::{
    audit::{Entry, action},
    model::{Id, id_in, iso},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::post(
        "/channels/{channel_id}/invites",
        "create_channel_invite",
        State::create_invite,
    )
    .in_channel(rights::CREATE_INVITE)
    .also("`MANAGE_ROLES` for roles, below the bot's highest")
    .events(&["INVITE_CREATE"])
    .audit(&["INVITE_CREATE"])
    .simplified("whether a stream or an activity is there is not checked"),
    Route::get(
        "/channels/{channel_id}/invites",
        "list_channel_invites",
        State::list_invites_of_channel,
    )
    .in_channel(rights::MANAGE_CHANNELS),
    Route::get(
        "/guilds/{guild_id}/invites",
        "list_guild_invites",
        State::list_invites_of_guild,
    )
    .in_guild(0)
    .also("`MANAGE_GUILD`; with `VIEW_AUDIT_LOG` alone there are no numbers of uses"),
    Route::get("/invites/{code}", "invite_resolve", State::get_invite).open(),
    Route::delete("/invites/{code}", "invite_revoke", State::delete_invite)
        .also("`MANAGE_CHANNELS` in its channel, or `MANAGE_GUILD`")
        .events(&["INVITE_DELETE"])
        .audit(&["INVITE_DELETE"]),
    Route::get(
        "/invites/{code}/target-users",
        "get_invite_target_users",
        State::get_invite_targets,
    )
    .also("own invite, `MANAGE_GUILD` or `VIEW_AUDIT_LOG`"),
    Route::put(
        "/invites/{code}/target-users",
        "update_invite_target_users",
        State::put_invite_targets,
    )
    .also("own invite, or `MANAGE_GUILD`")
    .audit(&["INVITE_UPDATE"])
    .simplified("users need not exist"),
    Route::get(
        "/invites/{code}/target-users/job-status",
        "get_invite_target_users_job_status",
        State::get_invite_targets_status,
    )
    .also("own invite, `MANAGE_GUILD` or `VIEW_AUDIT_LOG`")
    .simplified("the work is done at once"),
];

/// Invites of one guild.
const INVITES: usize = 1000;
/// Seconds that an invite may live (`CreateGuildInviteRequest` of Discord's description).
const AGE: i64 = 60 * 86_400;
/// Users whom an invite may be for.
const TARGETS: usize = 1000;
/// Field of a form that names the users whom an invite is for.
pub(super) const TARGETS_FILE: &str = "target_users_file";
/// Fields that only those see who manage the guild.
const NUMBERS: [&str; 5] = ["uses", "max_uses", "max_age", "temporary", "created_at"];

/// Users of a CSV file with one column, with a heading or without
/// (<https://docs.discord.com/developers/resources/invite#update-target-users>).
fn targets(fields: &mut Fields<'_>) -> Option<Vec<Id>> {
    let file = fields.text(TARGETS_FILE, 0..=usize::MAX)?;
    let mut lines = file
        .lines()
        .map(|line| line.trim().trim_matches(['"', ',']))
        .filter(|line| !line.is_empty())
        .peekable();
    if lines
        .peek()
        .is_some_and(|first| first.chars().any(char::is_alphabetic))
    {
        lines.next();
    }
    let ids: Result<BTreeSet<Id>, _> = lines.map(str::parse).collect();
    let Ok(ids) = ids else {
        fields.error(
            TARGETS_FILE,
            "TARGET_USERS_FILE_INVALID",
            "The file must have a user id in each row.",
        );
        return None;
    };
    if !(1..=TARGETS).contains(&ids.len()) {
        let message = format!("Must be between 1 and {TARGETS} in length.");
        fields.error(TARGETS_FILE, "BASE_TYPE_BAD_LENGTH", &message);
        return None;
    }
    Some(ids.into_iter().collect())
}

impl State {
    fn create_invite(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let max_age = fields.number("max_age", 0..=AGE).unwrap_or(86_400);
        let max_uses = fields.count("max_uses", 0..=100).unwrap_or(0);
        let temporary = fields.flag("temporary").unwrap_or(false);
        let unique = fields.flag("unique").unwrap_or(false);
        let target = fields.choice("target_type", &[1, 2]);
        match target {
            Some(1) => fields.require(&["target_user_id"]),
            Some(_) => fields.require(&["target_application_id"]),
            None => {}
        }
        let user = fields.id("target_user_id").filter(|_| target == Some(1));
        let application = fields.id("target_application_id");
        let application = application.filter(|_| target == Some(2));
        let roles = fields.ids("role_ids", 0..=250).unwrap_or_default();
        let users = targets(&mut fields);
        fields.check()?;
        let channel = self.visible_channel(call.channel(), call.account)?;
        let (guild, is_voice) = (channel.guild, channel.is_voice());
        let guild = guild.filter(|_| !channel.is_thread() && channel.kind != 4);
        let guild = guild.ok_or_else(|| {
            Answer::error(400, 50024, "Cannot execute action on this channel type")
        })?;
        if target.is_some() && !is_voice {
            return Err(Answer::error(
                400,
                50024,
                "Cannot execute action on this channel type",
            ));
        }
        if !roles.is_empty() {
            self.needs_in_guild(call.account, guild, rights::MANAGE_ROLES)?;
        }
        for role in &roles {
            self.role_below(guild, *role, call.account)?;
        }
        let mut extra = Map::new();
        if let Some(target) = target {
            extra.insert("target_type".into(), json!(target));
        }
        if let Some(user) = user {
            self.known_user(user)?;
            extra.insert("target_user".into(), self.user_json(user));
        }
        if let Some(application) = application {
            let name = self.user_json(application)["username"].take();
            let name = name.as_str().unwrap_or("an activity").to_owned();
            extra.insert(
                "target_application".into(),
                json!({"id": application.to_string(), "name": name, "icon": null, "description": "", "type": null,
                    "verify_key": "0".repeat(64), "flags": 0, "flags_new": "0"}),
            );
        }
        if !roles.is_empty() {
            let roles = crate::discord::model::ids(&roles);
            extra.insert("role_ids".into(), json!(roles));
        }
        self.prune_invites(guild);
        let home = self.community.guilds.get(&guild);
        let wanted = [
            ("channel_id", json!(call.channel().to_string())),
            ("max_age", json!(max_age)),
            ("max_uses", json!(max_uses)),
            ("temporary", json!(temporary)),
        ];
        let similar = home.and_then(|home| {
            let mut known = home.more.invites.iter();
            known.find(|(_, one)| {
                id_in(&one["inviter"]["id"]) == Some(call.account)
                    && wanted.iter().all(|(name, value)| one[*name] == *value)
                    && one.get("target_type").is_none()
                    && one.get("role_ids").is_none()
            })
        });
        if let Some((code, _)) = similar
            && !unique
            && extra.is_empty()
            && users.is_none()
        {
            return Ok(Answer::json(200, self.invite_json(guild, code)));
        }
        if home.is_some_and(|home| home.invites.len() >= INVITES) {
            return Err(Answer::error(
                400,
                30016,
                "Maximum number of invites reached (1000)",
            ));
        }
        let (channel, by) = (call.channel(), call.account);
        let code = self.invite_for(channel, by, max_age, max_uses, temporary, extra);
        if let Some(users) = users {
            self.set_invite_targets(guild, &code, users);
        }
        Ok(Answer::json(200, self.invite_json(guild, &code)))
    }

    /// Removes the invites of a guild that are over, or whose channel is gone; Discord sends no event for them.
    fn prune_invites(&mut self, guild: Id) {
        let now = self.now();
        let channels = &self.community.channels;
        let Some(home) = self.community.guilds.get_mut(&guild) else {
            return;
        };
        let (more, known) = (&mut home.more, &home.invites);
        more.invites.retain(|code, invite| {
            let ends = invite["expires_at"].as_str().and_then(instant);
            let channel = known.get(code);
            ends.is_none_or(|ends| ends > now)
                && channel.is_some_and(|channel| channels.contains_key(channel))
        });
        home.invites
            .retain(|code, _| home.more.invites.contains_key(code));
        home.more
            .invite_targets
            .retain(|code, _| home.more.invites.contains_key(code));
    }

    /// The guild and the channel of an invite.
    fn invite_of(&mut self, call: &Call<'_>) -> Result<(Id, Id), Answer> {
        let code = call.step("code");
        let guilds: Vec<Id> = self.community.guilds.keys().copied().collect();
        for guild in guilds {
            self.prune_invites(guild);
        }
        let mut guilds = self.community.guilds.values();
        let found = guilds.find_map(|guild| Some((guild.id, *guild.invites.get(code)?)));
        found.ok_or_else(|| Answer::unknown("Invite", 10006))
    }

    /// Invites of a guild that fit, as a list has them.
    fn invites_json(
        &mut self,
        guild: Id,
        with_numbers: bool,
        fits: impl Fn(Id) -> bool,
    ) -> Vec<Value> {
        self.prune_invites(guild);
        let Some(home) = self.community.guilds.get(&guild) else {
            return Vec::new();
        };
        let invites = home.invites.iter().filter(|(_, channel)| fits(**channel));
        invites
            .map(|(code, _)| {
                let mut invite = self.invite_json(guild, code);
                if !with_numbers {
                    without_numbers(&mut invite);
                }
                invite
            })
            .collect()
    }

    fn list_invites_of_channel(&mut self, call: &Call<'_>) -> Outcome {
        let channel = call.channel();
        let guild = self.guild_of_channel(channel).unwrap_or_default();
        let invites = self.invites_json(guild, true, |one| one == channel);
        Ok(Answer::json(200, invites.into()))
    }

    fn list_invites_of_guild(&mut self, call: &Call<'_>) -> Outcome {
        let guild = call.guild();
        let manages = self.needs_in_guild(call.account, guild, rights::MANAGE_GUILD);
        if manages.is_err() {
            self.needs_in_guild(call.account, guild, rights::VIEW_AUDIT_LOG)?;
        }
        let invites = self.invites_json(guild, manages.is_ok(), |_| true);
        Ok(Answer::json(200, invites.into()))
    }

    fn get_invite(&mut self, call: &Call<'_>) -> Outcome {
        let mut query = call.query();
        let counts = query.flag("with_counts").unwrap_or(false);
        query.flag("with_expiration");
        let event = query.id("guild_scheduled_event_id");
        query.check()?;
        let (guild, _) = self.invite_of(call)?;
        let mut invite = self.invite_json(guild, call.step("code"));
        without_numbers(&mut invite);
        let Some(home) = self.community.guilds.get(&guild) else {
            return Err(Answer::unknown("Invite", 10006));
        };
        if counts {
            let present = home.presences.values();
            let present = present.filter(|presence| presence.status != "offline");
            invite["approximate_member_count"] = json!(home.members.len());
            invite["approximate_presence_count"] = json!(present.count());
        }
        if let Some(event) = event {
            let known = home.things.get(&event).filter(|(what, _)| *what == "event");
            let (_, known) =
                known.ok_or_else(|| Answer::unknown("Guild Scheduled Event", 10070))?;
            invite["guild_scheduled_event"] = known.clone();
        }
        Ok(Answer::json(200, invite))
    }

    fn delete_invite(&mut self, call: &Call<'_>) -> Outcome {
        let (guild, channel) = self.invite_of(call)?;
        let code = call.step("code");
        let home = self.needs_in_guild(call.account, guild, rights::MANAGE_GUILD);
        home.or_else(|_| self.needs_in_channel(call.account, channel, rights::MANAGE_CHANNELS))?;
        let gone = self.invite_json(guild, code);
        self.revoke(guild, code);
        let shown = json!({
            "code": code, "channel_id": channel.to_string(), "inviter_id": gone["inviter"]["id"], "uses": gone["uses"],
            "max_uses": gone["max_uses"], "max_age": gone["max_age"], "temporary": gone["temporary"],
        });
        let entry = Entry {
            target: None,
            ..Entry::new(call.account, action::INVITE_DELETE, channel).between(&shown, &Value::Null)
        };
        self.record(guild, entry);
        Ok(Answer::json(200, gone))
    }

    /// A user joins by an invite; returns whether the invite was good.
    pub(crate) fn join_by_invite(&mut self, guild: Id, user: Id, code: &str) -> bool {
        self.prune_invites(guild);
        let now = self.now();
        let Some(home) = self.community.guilds.get_mut(&guild) else {
            return false;
        };
        let paused = home.more.settings.get("incidents_data");
        let paused = paused.and_then(|data| instant(data["invites_disabled_until"].as_str()?));
        if home.members.contains_key(&user)
            || home.bans.contains_key(&user)
            || paused.is_some_and(|until| until > now)
        {
            return false;
        }
        let chosen = home.more.invite_targets.get(code);
        if chosen.is_some_and(|(_, users)| !users.contains(&user)) {
            return false;
        }
        let Some(invite) = home.more.invites.get_mut(code) else {
            return false;
        };
        let count = invite["uses"].as_u64().unwrap_or(0) + 1;
        let most = invite["max_uses"].as_u64().unwrap_or(0);
        invite["uses"] = json!(count);
        let roles: Vec<Id> = invite["role_ids"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(id_in)
            .collect();
        self.join(guild, user);
        if !roles.is_empty() {
            self.change_member(guild, user, |member| member.roles.extend(roles));
        }
        if most > 0 && count >= most {
            self.revoke(guild, code);
        }
        true
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The users whom an invite is for.

    /// The guild of an invite that the bot made, or for which it has one of these permissions.
    fn own_invite(&mut self, call: &Call<'_>, rights: &[u64]) -> Result<Id, Answer> {
        let (guild, _) = self.invite_of(call)?;
        let home = self.community.guilds.get(&guild);
        let invite = home.and_then(|home| home.more.invites.get(call.step("code")));
        let inviter = invite.and_then(|invite| id_in(&invite["inviter"]["id"]));
        let may = |needed: &u64| self.needs_in_guild(call.account, guild, *needed).is_ok();
        if inviter == Some(call.account) || rights.iter().any(may) {
            Ok(guild)
        } else {
            Err(Answer::not_permitted())
        }
    }

    fn set_invite_targets(&mut self, guild: Id, code: &str, users: Vec<Id>) {
        let now = self.now();
        if let Some(home) = self.community.guilds.get_mut(&guild) {
            home.more
                .invite_targets
                .insert(code.to_owned(), (now, users));
        }
    }

    /// When the users of an invite were chosen, and who they are.
    fn targets_of(&mut self, call: &Call<'_>) -> Result<(i64, Vec<Id>), Answer> {
        let guild = self.own_invite(call, &[rights::MANAGE_GUILD, rights::VIEW_AUDIT_LOG])?;
        let home = self.community.guilds.get(&guild);
        let targets = home.and_then(|home| home.more.invite_targets.get(call.step("code")));
        targets
            .cloned()
            .ok_or_else(|| Answer::unknown("Invite", 10006))
    }

    fn get_invite_targets(&mut self, call: &Call<'_>) -> Outcome {
        let (_, users) = self.targets_of(call)?;
        let mut rows = vec!["user_id".to_owned()];
        rows.extend(users.iter().map(ToString::to_string));
        let file = rows.join("\n") + "\n";
        Ok(Answer::file("text/csv", file.into_bytes()))
    }

    fn put_invite_targets(&mut self, call: &Call<'_>) -> Outcome {
        let guild = self.own_invite(call, &[rights::MANAGE_GUILD])?;
        let mut fields = call.fields();
        fields.require(&[TARGETS_FILE]);
        let users = targets(&mut fields);
        fields.check()?;
        self.set_invite_targets(guild, call.step("code"), users.unwrap_or_default());
        let entry = Entry {
            target: None,
            ..Entry::new(call.account, action::INVITE_UPDATE, guild)
                .options(json!({"code": call.step("code")}))
        };
        self.record(guild, entry);
        Ok(Answer::done())
    }

    fn get_invite_targets_status(&mut self, call: &Call<'_>) -> Outcome {
        let (at, users) = self.targets_of(call)?;
        Ok(Answer::json(
            200,
            json!({
                "status": 2,
                "total_users": users.len(),
                "processed_users": users.len(),
                "created_at": iso(at),
                "completed_at": iso(at),
                "error_message": null,
            }),
        ))
    }

    /// An invite as an answer has it.
    pub(super) fn invite_json(&self, guild: Id, code: &str) -> Value {
        let Some(home) = self.community.guilds.get(&guild) else {
            return Value::Null;
        };
        let mut invite = home.more.invites.get(code).cloned().unwrap_or_default();
        let whole = home.json();
        let names = [
            "id",
            "name",
            "splash",
            "banner",
            "description",
            "icon",
            "features",
            "verification_level",
            "vanity_url_code",
            "nsfw_level",
            "premium_subscription_count",
        ];
        let fields = names.map(|name| (name.to_owned(), whole[name].clone()));
        let channel = home.invites.get(code);
        let channel = channel.and_then(|id| self.community.channels.get(id));
        invite["guild"] = Value::Object(fields.into_iter().collect());
        // Levels 1 and 3 are for adults.
        let level = whole["nsfw_level"].as_u64();
        invite["guild"]["nsfw"] = json!(matches!(level, Some(1 | 3)));
        invite["guild_id"] = json!(guild.to_string());
        invite["channel"] = channel.map_or(Value::Null, |channel| {
            json!({"id": channel.id.to_string(), "name": channel.name, "type": channel.kind})
        });
        if let Some(fields) = invite.as_object_mut() {
            fields.remove("channel_id");
            if let Some(roles) = fields.remove("role_ids") {
                let roles = roles.as_array().into_iter().flatten();
                let roles = roles.filter_map(|id| home.roles.get(&id_in(id)?));
                let roles = roles.map(|role| {
                    json!({"id": role.id.to_string(), "name": role.name, "position": role.position, "color": role.color,
                        "colors": role.json()["colors"], "icon": null, "unicode_emoji": null, "permissions": role.permissions.to_string()})
                });
                fields.insert("roles".into(), roles.collect());
            }
        }
        invite
    }
}

fn without_numbers(invite: &mut Value) {
    if let Some(fields) = invite.as_object_mut() {
        for name in NUMBERS {
            fields.remove(name);
        }
    }
}
