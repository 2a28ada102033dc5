//! Applications, and the answers to their interactions.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, answer::Faulty, route::Route};
use crate::discord::{
    interactions::{FIRST_ANSWER, TOKEN_LIFE},
    messages::Draft,
    model::{Id, Message},
    state::State,
};

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

/// The flag of a message that only one user sees.
const EPHEMERAL: u64 = 64;

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
            "flags": 0,
            "rpc_origins": [],
            "redirect_uris": [],
            "summary": "",
            "tags": [],
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

    // -----------------------------------------------------------------------------------------------------------------
    // Answers.

    pub(super) fn answer_interaction(&mut self, id: &str, token: &str, call: &Call<'_>) -> Outcome {
        let id: Id = id.parse().unwrap_or_default();
        let known = self
            .rest
            .interactions
            .get(&id)
            .filter(|interaction| interaction.token == token)
            .cloned();
        let interaction = known.ok_or_else(|| Answer::unknown("interaction", 10062))?;
        let age = self.now() - interaction.asked_at;
        if age > TOKEN_LIFE || interaction.answered.is_none() && age > FIRST_ANSWER {
            return Err(Answer::unknown("interaction", 10062));
        }
        if interaction.answered.is_some() {
            return Err(Answer::error(
                400,
                40060,
                "Interaction has already been acknowledged.",
            ));
        }
        let kind = call.body["type"].as_u64().unwrap_or_default();
        if !matches!(kind, 1 | 4..=10 | 12) {
            let mut faulty = Faulty::default();
            faulty.add(
                "type",
                "BASE_TYPE_CHOICES",
                "Value must be one of {1, 4, 5, 6, 7, 8, 9, 12}.",
            );
            faulty.check()?;
        }
        let message = match kind {
            4 => Some(self.answer_message(id, &call.body["data"])?),
            _ => None,
        };
        if let Some(interaction) = self.rest.interactions.get_mut(&id) {
            interaction.answered = Some(kind);
            interaction.message = message.or(interaction.message);
        }
        if call.flag("with_response") {
            let shown = message.and_then(|message| {
                self.community
                    .messages
                    .get(&interaction.channel)?
                    .get(&message)
            });
            let shown = shown.map(|message| self.message_json(message));
            let response = json!({
                "interaction": {"id": id.to_string(), "type": 2, "response_message_id": message.map(|id| id.to_string())},
                "resource": {"type": kind, "message": shown},
            });
            return Ok(Answer::json(200, response));
        }
        Ok(Answer::done())
    }

    /// Posts the message that answers an interaction.
    fn answer_message(&mut self, id: Id, data: &Value) -> Result<Id, Answer> {
        let known = self.rest.interactions.get(&id).cloned();
        let interaction = known.ok_or_else(|| Answer::unknown("interaction", 10062))?;
        let mut draft = self.draft(interaction.channel, data)?;
        draft.kind = 20;
        draft.interaction = Some(json!({
            "id": id.to_string(),
            "type": 2,
            "user": self.user_json(interaction.user),
            "authorizing_integration_owners": {},
            "name": interaction.name,
        }));
        if draft.flags & EPHEMERAL != 0 {
            return Ok(self.keep_unseen(interaction.channel, interaction.application, draft));
        }
        Ok(self.post(interaction.channel, interaction.application, draft))
    }

    /// Stores an ephemeral message, without an event.
    fn keep_unseen(&mut self, channel: Id, author: Id, draft: Draft) -> Id {
        let id = self.new_id();
        let message = Message {
            id,
            channel,
            author,
            sender: None,
            allowed_mentions: draft.allowed_mentions,
            content: draft.content,
            at: self.now(),
            edited_at: None,
            kind: draft.kind,
            flags: draft.flags,
            is_pinned: false,
            nonce: None,
            reply_to: None,
            embeds: draft.embeds,
            components: draft.components,
            attachments: draft.attachments,
            poll: None,
            reactions: Vec::new(),
            interaction: draft.interaction,
            forwarded: None,
        };
        self.community
            .messages
            .entry(channel)
            .or_default()
            .insert(id, message);
        id
    }

    pub(super) fn follow_up(
        &mut self,
        method: &str,
        application: &str,
        token: &str,
        rest: &[&str],
        call: &Call<'_>,
    ) -> Outcome {
        let known = self
            .rest
            .interactions
            .iter()
            .find(|(_, one)| one.token == token);
        let known = known.filter(|(_, one)| application.parse() == Ok(one.application));
        let Some((id, interaction)) = known.map(|(id, one)| (*id, one.clone())) else {
            return Err(Answer::error(404, 10015, "Unknown Webhook"));
        };
        if self.now() - interaction.asked_at > TOKEN_LIFE {
            return Err(Answer::error(401, 50027, "Invalid Webhook Token"));
        }
        if interaction.answered.is_none() {
            return Err(Answer::error(404, 10015, "Unknown Webhook"));
        }
        let shown = |state: &Self, message: Id| {
            let message = state
                .community
                .messages
                .get(&interaction.channel)
                .and_then(|kept| kept.get(&message));
            let message = message.ok_or_else(|| Answer::unknown("Message", 10008))?;
            Ok(Answer::json(200, state.message_json(message)))
        };
        match (method, rest) {
            ("POST", []) => {
                let message = self.answer_message(id, call.body)?;
                shown(self, message)
            }
            // A deferred response becomes visible with its first edit.
            ("PATCH", ["messages", "@original"]) if interaction.message.is_none() => {
                let message = self.answer_message(id, call.body)?;
                if let Some(interaction) = self.rest.interactions.get_mut(&id) {
                    interaction.message = Some(message);
                }
                shown(self, message)
            }
            (_, ["messages", which]) => {
                let message = if *which == "@original" {
                    interaction.message
                } else {
                    which.parse().ok()
                };
                let message = message.ok_or_else(|| Answer::unknown("Message", 10008))?;
                match method {
                    "GET" => shown(self, message),
                    "DELETE" if self.delete(interaction.channel, message) => Ok(Answer::done()),
                    "PATCH" => {
                        let content = call.body["content"].as_str().map(str::to_owned);
                        self.edit(interaction.channel, message, |message| {
                            message.content = content.unwrap_or_else(|| message.content.clone());
                        });
                        shown(self, message)
                    }
                    _ => Err(Answer::unknown("Message", 10008)),
                }
            }
            _ => Err(Answer::missing()),
        }
    }
}
