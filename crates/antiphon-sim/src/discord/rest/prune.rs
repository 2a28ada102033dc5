//! Pruning and banning many members at once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, fields::Fields, route::Route};
use crate::discord::{
    audit::{Entry, action},
    model::Id,
    permissions as rights,
    state::State,
};

const INACTIVE: &str = "inactive are members who joined before these days, wrote nothing that is kept since, are offline, and are not in voice";

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/guilds/{guild_id}/prune",
        "preview_prune_guild",
        State::count_prune,
    )
    .in_guild(rights::MANAGE_GUILD | rights::KICK)
    .simplified(INACTIVE),
    Route::post(
        "/guilds/{guild_id}/prune",
        "prune_guild",
        State::prune_guild,
    )
    .in_guild(rights::MANAGE_GUILD | rights::KICK)
    .events(&["GUILD_MEMBER_REMOVE"])
    .audit(&["MEMBER_PRUNE"])
    .simplified(INACTIVE),
    Route::post(
        "/guilds/{guild_id}/bulk-ban",
        "bulk_ban_users_from_guild",
        State::ban_many,
    )
    .in_guild(rights::BAN | rights::MANAGE_GUILD)
    .also("a higher role than the users'; others are in `failed_users`")
    .events(&[
        "GUILD_BAN_ADD",
        "GUILD_MEMBER_REMOVE",
        "MESSAGE_DELETE_BULK",
    ])
    .audit(&["MEMBER_BAN_ADD"]),
];

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;
/// Roles that a prune can include.
const ROLES: usize = 100;
/// Users of one ban.
const USERS: usize = 200;
/// Longest past, in seconds, whose messages a ban can delete.
const BAN_DELETES: i64 = 604_800;

/// Reads the days and the included roles of a prune.
fn read_prune(fields: &mut Fields<'_>) -> (i64, BTreeSet<Id>) {
    let days = fields.number("days", 1..=30).unwrap_or(7);
    // An empty text names no role.
    let named = fields.value("include_roles");
    let roles = match named {
        Some(Value::String(text)) if text.is_empty() => None,
        _ => fields.ids("include_roles", 0..=ROLES),
    };
    (days, roles.into_iter().flatten().collect())
}

impl State {
    /// Members whom a prune removes: inactive, without other roles than these.
    fn inactive(
        &self,
        call: &Call<'_>,
        days: i64,
        roles: &BTreeSet<Id>,
    ) -> Result<Vec<Id>, Answer> {
        let home = self.guild_of(call)?;
        let unknown = roles.iter().any(|role| !home.roles.contains_key(role));
        if unknown {
            return Err(Answer::unknown("Role", 10011));
        }
        let since = self.now() - days * DAY;
        let channels = self.community.channels.values();
        let channels = channels.filter(|channel| channel.guild == Some(home.id));
        let messages = channels.filter_map(|channel| self.community.messages.get(&channel.id));
        let recent = messages.flat_map(|kept| kept.values());
        let recent = recent.filter(|message| message.at > since);
        let active: BTreeSet<Id> = recent.map(|message| message.author).collect();
        let is_offline = |user: &Id| {
            let presence = home.presences.get(user);
            presence.is_none_or(|presence| presence.status == "offline")
        };
        let members = home.members.iter().filter(|(user, member)| {
            member.joined_at < since
                && member.roles.is_subset(roles)
                && is_offline(user)
                && !active.contains(user)
                && !home.voices.contains_key(user)
                && !self.community.bots.contains_key(user)
                && home.owner != **user
        });
        Ok(members.map(|(user, _)| *user).collect())
    }

    fn count_prune(&mut self, call: &Call<'_>) -> Outcome {
        let mut query = call.query();
        let (days, roles) = read_prune(&mut query);
        query.check()?;
        let found = self.inactive(call, days, &roles)?;
        Ok(Answer::json(200, json!({"pruned": found.len()})))
    }

    fn prune_guild(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let (days, roles) = read_prune(&mut fields);
        let counts = fields.flag("compute_prune_count").unwrap_or(true);
        let reason = fields.text("reason", 0..=512).map(str::to_owned);
        fields.check()?;
        let found = self.inactive(call, days, &roles)?;
        for user in &found {
            self.depart(call.guild(), *user);
        }
        if !found.is_empty() {
            let entry = Entry {
                target: None,
                reason: call.reason.as_deref().or(reason.as_deref()),
                ..Entry::new(call.account, action::MEMBER_PRUNE, call.guild())
            };
            let entry = entry.options(json!({
                "delete_member_days": days.to_string(),
                "members_removed": found.len().to_string(),
            }));
            self.record(call.guild(), entry);
        }
        let pruned = counts.then_some(found.len());
        Ok(Answer::json(200, json!({"pruned": pruned})))
    }

    fn ban_many(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&["user_ids"]);
        let users = fields.ids("user_ids", 1..=USERS).unwrap_or_default();
        let seconds = fields.number("delete_message_seconds", 0..=BAN_DELETES);
        fields.check()?;
        let guild = call.guild();
        let (mut banned, mut failed) = (Vec::new(), Vec::new());
        for user in users {
            let home = self.guild_of(call)?;
            let is_member = home.members.contains_key(&user);
            let may = self.known_user(user).is_ok()
                && user != call.account
                && !home.bans.contains_key(&user)
                && (!is_member || self.is_above(call.account, guild, user).is_ok());
            if may {
                self.ban(guild, call.account, user, call.reason.as_deref());
                self.delete_messages_of(guild, user, seconds.unwrap_or(0));
                banned.push(user.to_string());
            } else {
                failed.push(user.to_string());
            }
        }
        if banned.is_empty() {
            return Err(Answer::error(400, 500_000, "Failed to ban users"));
        }
        Ok(Answer::json(
            200,
            json!({"banned_users": banned, "failed_users": failed}),
        ))
    }
}
