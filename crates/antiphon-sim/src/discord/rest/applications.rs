//! Requests about applications: commands and interaction responses.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, answer::Faulty, channels::named};
use crate::discord::{
    interactions::{FIRST_ANSWER, TOKEN_LIFE},
    messages::Draft,
    model::{Id, Message},
    state::State,
};

/// Commands of one application in one place.
const COMMANDS: usize = 100;
/// The flag of a message that only one user sees.
const EPHEMERAL: u64 = 64;

impl State {
    pub(crate) fn application_route(
        &mut self,
        method: &str,
        steps: &[&str],
        call: &Call<'_>,
    ) -> Outcome {
        match (method, steps) {
            ("GET", ["oauth2", "applications", "@me"] | ["applications", "@me"]) => {
                let id = call.account.to_string();
                let user = self.user_json(call.account);
                Ok(Answer::json(
                    200,
                    json!({
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
                        "summary": "",
                        "bot": user,
                    }),
                ))
            }
            (_, ["applications", application, "commands", rest @ ..]) => {
                self.command_route(method, application, None, rest, call)
            }
            (
                _,
                [
                    "applications",
                    application,
                    "guilds",
                    guild,
                    "commands",
                    rest @ ..,
                ],
            ) => {
                let guild = guild
                    .parse()
                    .ok()
                    .filter(|guild| self.community.guilds_of(call.account).contains(guild));
                let guild = guild.ok_or_else(Answer::no_access)?;
                self.command_route(method, application, Some(guild), rest, call)
            }
            ("POST", ["interactions", id, token, "callback"]) => {
                self.answer_interaction(id, token, call)
            }
            (_, ["webhooks", application, token, rest @ ..]) => {
                self.follow_up(method, application, token, rest, call)
            }
            _ => Err(self.unknown_route(method, steps)),
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Commands.

    fn command_route(
        &mut self,
        method: &str,
        application: &str,
        guild: Option<Id>,
        rest: &[&str],
        call: &Call<'_>,
    ) -> Outcome {
        if application.parse() != Ok(call.account) {
            return Err(Answer::error(
                403,
                20012,
                "You are not authorized to perform this action on this application",
            ));
        }
        let place = (call.account, guild);
        let known = self.rest.commands.get(&place).cloned().unwrap_or_default();
        match (method, rest) {
            ("GET", []) => Ok(Answer::json(200, json!(known))),
            ("PUT", []) => {
                let Value::Array(wanted) = call.body else {
                    let mut faulty = Faulty::default();
                    faulty.add(
                        "_",
                        "LIST_TYPE_CONVERT",
                        "Only iterables may be used in a ListType",
                    );
                    faulty.check()?;
                    return Ok(Answer::json(200, json!([])));
                };
                if wanted.len() > COMMANDS {
                    return Err(Answer::error(
                        400,
                        30032,
                        "Maximum number of application commands reached (100).",
                    ));
                }
                let mut commands = Vec::new();
                for wanted in wanted {
                    commands.push(self.command(call.account, guild, wanted, &known)?);
                }
                self.rest.commands.insert(place, commands.clone());
                Ok(Answer::json(200, json!(commands)))
            }
            ("POST", []) => {
                let command = self.command(call.account, guild, call.body, &known)?;
                let is_new = !known.iter().any(|one| one["id"] == command["id"]);
                let mut commands: Vec<Value> = known
                    .into_iter()
                    .filter(|one| one["id"] != command["id"])
                    .collect();
                commands.push(command.clone());
                self.rest.commands.insert(place, commands);
                Ok(Answer::json(if is_new { 201 } else { 200 }, command))
            }
            ("GET" | "PATCH" | "DELETE", [id]) => {
                let at = known.iter().position(|command| command["id"] == *id);
                let at = at.ok_or_else(|| Answer::unknown("Application Command", 10063))?;
                let mut commands = known;
                match (method, call.body) {
                    ("DELETE", _) => {
                        commands.remove(at);
                        self.rest.commands.insert(place, commands);
                        return Ok(Answer::done());
                    }
                    ("PATCH", Value::Object(changes)) => {
                        for (field, value) in changes {
                            commands[at][field] = value.clone();
                        }
                    }
                    _ => {}
                }
                let command = commands[at].clone();
                self.rest.commands.insert(place, commands);
                Ok(Answer::json(200, command))
            }
            _ => Err(self.unknown_route(method, &["applications", "commands", &rest.join("/")])),
        }
    }

    /// Builds a stored command; one of the same name and type keeps its id.
    fn command(
        &mut self,
        application: Id,
        guild: Option<Id>,
        wanted: &Value,
        known: &[Value],
    ) -> Result<Value, Answer> {
        let name = named(wanted, 32)?;
        let kind = wanted["type"].as_u64().unwrap_or(1);
        let mut faulty = Faulty::default();
        if kind == 1
            && name
                .chars()
                .any(|one| one.is_uppercase() || one.is_whitespace())
        {
            faulty.add(
                "name",
                "APPLICATION_COMMAND_INVALID_NAME",
                "Command name is invalid",
            );
        }
        if kind == 1 && wanted["description"].as_str().is_none_or(str::is_empty) {
            faulty.add(
                "description",
                "BASE_TYPE_REQUIRED",
                "This field is required",
            );
        }
        faulty.list(wanted, "options", 25);
        faulty.check()?;
        let same = known
            .iter()
            .find(|one| one["name"] == name && one["type"] == kind);
        let id = same.map_or_else(|| json!(self.new_id().to_string()), |one| one["id"].clone());
        let mut command = wanted.clone();
        command["id"] = id;
        command["type"] = json!(kind);
        command["application_id"] = json!(application.to_string());
        command["version"] = json!(self.new_id().to_string());
        if command.get("options").is_none() {
            command["options"] = json!([]);
        }
        if command.get("default_member_permissions").is_none() {
            command["default_member_permissions"] = Value::Null;
        }
        if let Some(guild) = guild {
            command["guild_id"] = json!(guild.to_string());
        }
        Ok(command)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Answers.

    fn answer_interaction(&mut self, id: &str, token: &str, call: &Call<'_>) -> Outcome {
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
        if call.get("with_response") == Some("true") {
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
        };
        self.community
            .messages
            .entry(channel)
            .or_default()
            .insert(id, message);
        id
    }

    fn follow_up(
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
            _ => Err(self.unknown_route(method, &["webhooks", &rest.join("/")])),
        }
    }
}
