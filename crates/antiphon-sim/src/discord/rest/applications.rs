//! Applications.

use serde_json::json;

use super::{Answer, Call, Outcome, route::Route};
use crate::discord::state::State;

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/applications/@me",
        "get_my_application",
        State::own_application,
    ),
    Route::get(
        "/oauth2/applications/@me",
        "get_my_oauth2_application",
        State::own_application,
    ),
    Route::get(
        "/applications/{application_id}",
        "get_application",
        State::own_application,
    )
    .of_application(),
    Route::bearer_only("GET", "/oauth2/@me", "get_my_oauth2_authorization"),
    Route::bearer_only("GET", "/oauth2/userinfo", "get_openid_connect_userinfo"),
    Route::patch(
        "/applications/@me",
        "update_my_application",
        State::edit_application,
    )
    .simplified("an endpoint for interactions is kept, and not asked"),
    Route::patch(
        "/applications/{application_id}",
        "update_application",
        State::edit_application,
    )
    .of_application()
    .simplified("an endpoint for interactions is kept, and not asked"),
    Route::get(
        "/applications/{application_id}/activity-instances/{instance_id}",
        "applications_get_activity_instance",
        State::get_activity_instance,
    )
    .of_application()
    .simplified("there are no activities: 404"),
    Route::post(
        "/applications/{application_id}/attachment",
        "upload_application_attachment",
        State::upload_attachment,
    )
    .of_application(),
    Route::get(
        "/applications/{application_id}/role-connections/metadata",
        "get_application_role_connections_metadata",
        State::list_role_metadata,
    )
    .of_application(),
    Route::put(
        "/applications/{application_id}/role-connections/metadata",
        "update_application_role_connections_metadata",
        State::put_role_metadata,
    )
    .of_application(),
    Route::get("/oauth2/keys", "get_public_keys", State::list_oauth2_keys)
        .open()
        .simplified("no keys, since no user's token is signed"),
];

impl State {
    pub(super) fn own_application(&mut self, call: &Call<'_>) -> Outcome {
        let id = call.account.to_string();
        let user = self.user_json(call.account);
        let guilds = self.community.guilds_of(call.account).len();
        let mut json = json!({
            "id": id,
            "name": user["username"],
            "icon": null,
            "description": "",
            "bot_public": false,
            "bot_require_code_grant": false,
            "verify_key": "0".repeat(64),
            "owner": self.community.guilds.get(&self.home.guild).map(|guild| self.user_json(guild.owner)),
            "team": null,
            "flags": self.application_flags(call.account),
            "flags_new": self.application_flags(call.account).to_string(),
            "rpc_origins": [],
            "redirect_uris": [],
            "summary": "",
            "hook": true,
            "interactions_endpoint_url": null,
            "role_connections_verification_url": null,
            "event_webhooks_status": 1,
            "event_webhooks_url": null,
            "integration_types_config": {"0": {}},
            "approximate_guild_count": guilds,
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "bot": user,
        });
        self.complete_application(call.account, &mut json);
        Ok(Answer::json(200, json))
    }
}
