//! Invites.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, route::Route};
use crate::discord::{model::Id, permissions as rights, state::State};

pub(crate) const ROUTES: &[Route] = &[
    Route::post(
        "/channels/{channel_id}/invites",
        "create_channel_invite",
        State::create_invite,
    )
    .in_channel(rights::CREATE_INVITE)
    .events(&["INVITE_CREATE"])
    .audit(&["INVITE_CREATE"])
    .simplified("no invites to streams, activities or chosen users"),
    Route::unserved(
        "GET",
        "/channels/{channel_id}/invites",
        "list_channel_invites",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/invites",
        "list_guild_invites",
        "not built yet",
    ),
    Route::unserved("GET", "/invites/{code}", "invite_resolve", "not built yet"),
    Route::unserved(
        "DELETE",
        "/invites/{code}",
        "invite_revoke",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/invites/{code}/target-users",
        "get_invite_target_users",
        "not built yet",
    ),
    Route::unserved(
        "PUT",
        "/invites/{code}/target-users",
        "update_invite_target_users",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/invites/{code}/target-users/job-status",
        "get_invite_target_users_job_status",
        "not built yet",
    ),
];

impl State {
    fn create_invite(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let max_age = fields.number("max_age", 0..=604_800).unwrap_or(86_400);
        let max_uses = fields.count("max_uses", 0..=100).unwrap_or(0);
        let temporary = fields.flag("temporary").unwrap_or(false);
        fields.flag("unique");
        fields.check()?;
        let channel = self.visible_channel(call.channel(), call.account)?;
        if channel.guild.is_none() || channel.is_thread() {
            return Err(Answer::error(
                400,
                50024,
                "Cannot execute action on this channel type",
            ));
        }
        let code = self.invite_for(call.channel(), call.account, max_age, max_uses, temporary);
        let guild = self.guild_of_channel(call.channel()).unwrap_or_default();
        Ok(Answer::json(200, self.invite_json(guild, &code)))
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
        invite["guild_id"] = json!(guild.to_string());
        invite["channel"] = channel.map_or(Value::Null, |channel| {
            json!({"id": channel.id.to_string(), "name": channel.name, "type": channel.kind})
        });
        if let Some(fields) = invite.as_object_mut() {
            fields.remove("channel_id");
        }
        invite
    }
}
