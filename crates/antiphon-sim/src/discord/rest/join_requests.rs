//! Requests to join guilds, and incident actions.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, page::Page, route::Route};
use crate::discord::{
    model::{Id, id_in, iso},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::put(
        "/guilds/{guild_id}/incident-actions",
        "update_guild_incident_actions",
        State::put_incident_actions,
    )
    .in_guild(rights::MANAGE_GUILD)
    .events(&["GUILD_UPDATE"])
    .audit(&["GUILD_UPDATE"]),
    Route::get(
        "/guilds/{guild_id}/requests",
        "get_guild_join_requests",
        State::list_join_requests,
    )
    .in_guild(rights::KICK),
    Route::patch(
        "/guilds/{guild_id}/requests/{request_id}",
        "action_guild_join_request",
        State::act_on_join_request,
    )
    .in_guild(rights::KICK)
    .events(&["GUILD_MEMBER_ADD"]),
];

/// Milliseconds for which invites or direct messages may be paused.
const PAUSE: i64 = 86_400_000;
/// Requests kept of one guild; the oldest goes first.
const REQUESTS: usize = 1000;
const STATUSES: &[&str] = &["STARTED", "SUBMITTED", "REJECTED", "APPROVED"];

impl State {
    fn put_incident_actions(&mut self, call: &Call<'_>) -> Outcome {
        let now = self.now();
        let home = self.guild_of(call)?;
        let mut data = match &home.json()["incidents_data"] {
            Value::Null => json!({"invites_disabled_until": null, "dms_disabled_until": null,
                "dm_spam_detected_at": null, "raid_detected_at": null}),
            known => known.clone(),
        };
        let mut fields = call.fields();
        let names = ["invites_disabled_until", "dms_disabled_until"];
        for name in names {
            let until = fields.time(name);
            if until.is_some_and(|until| until > now + PAUSE) {
                let message = "Incident actions may last 24 hours at most.";
                fields.error(name, "DATE_TIME_TYPE_MAX", message);
            }
            if fields.has(name) {
                data[name] = json!(until.filter(|until| *until > now).map(iso));
            }
        }
        fields.check()?;
        let answer = json!({names[0]: data[names[0]], names[1]: data[names[1]]});
        self.change_guild(call.guild(), call.account, |guild| {
            guild.more.settings.insert("incidents_data".into(), data);
        });
        Ok(Answer::json(200, answer))
    }

    /// A user asks to join a guild; returns the id of the request.
    pub(crate) fn ask_to_join(&mut self, guild: Id, user: Id) -> Id {
        let id = self.new_id();
        let request = json!({
            "id": id.to_string(),
            "created_at": iso(self.now()),
            "reviewed_at": null,
            "application_status": "SUBMITTED",
            "rejection_reason": null,
            "guild_id": guild.to_string(),
            "user_id": user.to_string(),
            "user": self.user_json(user),
            "form_responses": [],
            "actioned_by_user": null,
        });
        if let Some(home) = self.community.guilds.get_mut(&guild) {
            home.more.join_requests.insert(id, request);
            if home.more.join_requests.len() > REQUESTS {
                home.more.join_requests.pop_first();
            }
        }
        id
    }

    fn list_join_requests(&mut self, call: &Call<'_>) -> Outcome {
        let page = Page::of(call, 100, 100)?;
        let mut query = call.query();
        let status = query.choice_of_texts("status", STATUSES);
        query.check()?;
        let requests = self.guild_of(call)?.more.join_requests.iter();
        let requests = requests
            .filter(|(_, one)| status.is_none_or(|status| one["application_status"] == status));
        let total = requests.clone().count();
        let found = page.descending(requests.map(|(id, one)| (*id, one)));
        Ok(Answer::json(
            200,
            json!({"total": total, "guild_join_requests": found}),
        ))
    }

    fn act_on_join_request(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&["action"]);
        let action = fields.choice_of_texts("action", &["APPROVED", "REJECTED"]);
        let reason = fields.text("rejection_reason", 0..=160);
        fields.check()?;
        let is_approved = action == Some("APPROVED");
        let reason = reason.filter(|_| !is_approved);
        let at = iso(self.now());
        let by = self.user_json(call.account);
        let home = self.community.guilds.get_mut(&call.guild());
        let request = home.and_then(|home| home.more.join_requests.get_mut(&call.id("request_id")));
        let request = request.filter(|one| one["application_status"] == "SUBMITTED");
        let request = request.ok_or_else(Answer::missing)?;
        request["application_status"] = json!(action);
        request["rejection_reason"] = json!(reason);
        request["reviewed_at"] = json!(at);
        request["actioned_by_user"] = by;
        let request = request.clone();
        if let Some(user) = id_in(&request["user_id"]).filter(|_| is_approved) {
            self.join(call.guild(), user);
        }
        Ok(Answer::json(200, request))
    }
}
