//! Audit logs of guilds.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, page::Page, route::Route};
use crate::discord::{
    model::Id,
    permissions as rights,
    state::State,
    things::{EVENT, RULE},
};

pub(crate) const ROUTES: &[Route] = &[Route::get(
    "/guilds/{guild_id}/audit-logs",
    "list_guild_audit_log_entries",
    State::list_audit_log,
)
.in_guild(rights::VIEW_AUDIT_LOG)
.simplified("the last 1000 entries; of the objects that they name, users, threads, webhooks, events and rules")];

impl State {
    /// Objects of a kind that entries name.
    fn things_named(&self, call: &Call<'_>, what: &'static str, ids: &BTreeSet<Id>) -> Vec<Value> {
        let things = self.things(call.guild(), what);
        let things = things.filter(|(id, _)| ids.contains(id));
        things.map(|(_, thing)| thing.clone()).collect()
    }

    fn list_audit_log(&mut self, call: &Call<'_>) -> Outcome {
        let page = Page::of(call, 50, 100)?;
        let mut query = call.query();
        let by = query.id("user_id");
        let target = query.id("target_id");
        let action = query.number("action_type", 0..=i64::from(u32::MAX));
        query.check()?;
        let named = |id: Option<Id>, value: &Value| {
            id.is_none_or(|id| value.as_str() == Some(&id.to_string()))
        };
        let log = self.guild_of(call)?.more.audit_log.iter();
        let log = log.filter(|(_, entry)| {
            named(by, &entry["user_id"])
                && named(target, &entry["target_id"])
                && action.is_none_or(|action| entry["action_type"] == action)
        });
        let log = log.map(|(id, entry)| (*id, entry));
        let found = if page.goes_on() {
            page.ascending(log)
        } else {
            page.descending(log)
        };
        let ids: BTreeSet<Id> = found
            .iter()
            .flat_map(|entry| [&entry["user_id"], &entry["target_id"]])
            .filter_map(|id| id.as_str()?.parse().ok())
            .collect();
        let users = ids.iter().filter_map(|id| self.community.users.get(id));
        let threads = ids.iter().filter_map(|id| self.community.channels.get(id));
        let threads = threads.filter(|channel| channel.is_thread());
        let webhooks = ids.iter().filter_map(|id| self.webhook(*id));
        let webhooks = webhooks.map(|webhook| self.webhook_json(webhook, Some(call.account)));
        Ok(Answer::json(
            200,
            json!({
                "audit_log_entries": found,
                "users": users.map(crate::discord::model::User::json).collect::<Vec<_>>(),
                "threads": threads.map(crate::discord::model::Channel::json).collect::<Vec<_>>(),
                "integrations": [],
                "webhooks": webhooks.collect::<Vec<_>>(),
                "guild_scheduled_events": self.things_named(call, EVENT, &ids),
                "application_commands": [],
                "auto_moderation_rules": self.things_named(call, RULE, &ids),
            }),
        ))
    }
}
