//! Requests about applications: commands and interaction responses.

use serde_json::{Value, json};

use super::{
    Answer, Body, Call, Outcome,
    answer::Faulty,
    channels::named,
    messages::{attachments, check_message},
};
use crate::discord::{
    interactions::{FIRST_ANSWER, Interaction, TOKEN_LIFE, interaction},
    messages::{Draft, number_components},
    model::{Id, Message},
    state::State,
};

/// Commands of one application in one place.
const COMMANDS: usize = 100;
/// Options of a command, and choices of an option.
const OPTIONS: usize = 25;
/// The flag of a message that only one user sees.
const EPHEMERAL: u64 = 64;
/// The flag of a message in whose place the application thinks.
const LOADING: u64 = 128;

/// Types of [callbacks](https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type).
mod callback {
    pub(super) const PONG: u64 = 1;
    pub(super) const MESSAGE: u64 = 4;
    pub(super) const DEFERRED_MESSAGE: u64 = 5;
    pub(super) const DEFERRED_UPDATE: u64 = 6;
    pub(super) const UPDATE: u64 = 7;
    pub(super) const CHOICES: u64 = 8;
    pub(super) const MODAL: u64 = 9;
    pub(super) const ACTIVITY: u64 = 12;
}

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
                        "flags": self.application_flags(call.account),
                        "approximate_guild_count": self.community.guilds_of(call.account).len(),
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
            ("GET", ["permissions"]) if guild.is_some() => Ok(Answer::json(200, json!([]))),
            ("GET", [_, "permissions"]) if guild.is_some() => {
                Err(Answer::unknown("application command permissions", 10066))
            }
            // Only a user's own token may change who uses a command.
            ("PUT", [_, "permissions"]) if guild.is_some() => {
                Err(Answer::error(403, 20001, "Bots cannot use this endpoint"))
            }
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
                let mut commands: Vec<Value> = Vec::new();
                for wanted in wanted {
                    let command = self.command(call.account, guild, wanted, &known)?;
                    let same = |one: &Value| {
                        one["name"] == command["name"] && one["type"] == command["type"]
                    };
                    if commands.iter().any(same) {
                        let mut faulty = Faulty::default();
                        let message = "Application command names must be unique";
                        faulty.add("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", message);
                        faulty.check()?;
                    }
                    commands.push(command);
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
                        let mut wanted = commands[at].clone();
                        for (field, value) in changes {
                            wanted[field] = value.clone();
                        }
                        let id = wanted["id"].clone();
                        commands[at] = self.command(call.account, guild, &wanted, &[])?;
                        commands[at]["id"] = id;
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
        if kind == 1 {
            check_names(&mut faulty, "", wanted);
            check_options(&mut faulty, "", wanted);
        }
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
        let defaults = [
            ("description", json!("")),
            ("name_localizations", Value::Null),
            ("description_localizations", Value::Null),
            ("default_member_permissions", Value::Null),
            ("nsfw", json!(false)),
        ];
        let global = [
            ("contexts", Value::Null),
            ("integration_types", json!([0])),
            ("dm_permission", json!(true)),
        ];
        let global = global.into_iter().filter(|_| guild.is_none());
        if let Value::Object(fields) = &mut command {
            for (field, default) in defaults.into_iter().chain(global) {
                fields.entry(field).or_insert(default);
            }
            // Permissions are sent as a number by some clients, and are a text.
            if let Some(number) = fields["default_member_permissions"].as_u64() {
                fields.insert(
                    "default_member_permissions".into(),
                    json!(number.to_string()),
                );
            }
        }
        if let Some(guild) = guild {
            command["guild_id"] = json!(guild.to_string());
        }
        Ok(command)
    }

    /// Registers a command for an application, or replaces the one of its name and type; returns its id.
    pub(crate) fn register(
        &mut self,
        application: Id,
        guild: Option<Id>,
        wanted: &Value,
    ) -> Result<Id, String> {
        let place = (application, guild);
        let mut commands = self.rest.commands.get(&place).cloned().unwrap_or_default();
        let command = self.command(application, guild, wanted, &commands);
        let command = command
            .map_err(|refused| format!("no such command can be registered: {:?}", refused.body))?;
        commands.retain(|one| one["id"] != command["id"]);
        let id = crate::discord::model::id_in(&command["id"]).unwrap_or_default();
        commands.push(command);
        self.rest.commands.insert(place, commands);
        Ok(id)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The first answer.

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
        check_callback(&interaction, kind)?;
        let data = callback_data(call.body);
        match kind {
            callback::CHOICES => check_choices(&data)?,
            callback::MODAL => check_modal(&data)?,
            _ => {}
        }
        let message = match kind {
            callback::MESSAGE => Some(self.answer_message(id, &data, false).map_err(inside_data)?),
            callback::DEFERRED_MESSAGE => Some(self.think(id, &interaction, &data)),
            callback::DEFERRED_UPDATE => interaction.source,
            callback::UPDATE => {
                let source = interaction
                    .source
                    .ok_or_else(|| Answer::unknown("Message", 10008))?;
                self.revise(interaction.channel, source, &data)
                    .map_err(inside_data)?;
                Some(source)
            }
            _ => None,
        };
        if let Some(kept) = self.rest.interactions.get_mut(&id) {
            kept.answered = Some(kind);
            kept.message = message;
            kept.is_loading = kind == callback::DEFERRED_MESSAGE;
            kept.answer = data;
            if kind == callback::MODAL {
                number_components(&mut kept.answer["components"]);
            }
        }
        if !call.get("with_response").is_some_and(is_true) {
            return Ok(Answer::done());
        }
        let mut about = json!({"id": id.to_string(), "type": interaction.kind});
        let mut resource = json!({"type": kind});
        if let Some(message) =
            message.and_then(|message| self.message(interaction.channel, message))
        {
            about["response_message_id"] = json!(message.id.to_string());
            about["response_message_loading"] = json!(kind == callback::DEFERRED_MESSAGE);
            about["response_message_ephemeral"] = json!(message.seen_by.is_some());
            if kind != callback::DEFERRED_UPDATE {
                resource["message"] = self.message_for(message, interaction.application);
            }
        }
        if kind == callback::ACTIVITY {
            // No activity is simulated: the instance has an id and nothing else.
            let instance = format!(
                "i-{id}-gc-{}-{}",
                self.guild_of(interaction.channel).unwrap_or(0),
                interaction.channel
            );
            about["activity_instance_id"] = json!(instance);
            resource["activity_instance"] = json!({"id": instance});
        }
        Ok(Answer::json(
            200,
            json!({"interaction": about, "resource": resource}),
        ))
    }

    /// Posts a message that answers an interaction, or follows its first answer.
    fn answer_message(&mut self, id: Id, data: &Value, follows: bool) -> Result<Id, Answer> {
        let known = self.rest.interactions.get(&id).cloned();
        let interaction = known.ok_or_else(|| Answer::unknown("interaction", 10062))?;
        let mut draft = self.draft(interaction.channel, data)?;
        draft.flags &= !LOADING;
        Ok(self.post_answer(id, &interaction, draft, follows))
    }

    /// Posts the message that says that the application thinks; its first edit fills it.
    fn think(&mut self, id: Id, interaction: &Interaction, data: &Value) -> Id {
        let mut draft = Draft::text("");
        draft.flags = data["flags"].as_u64().unwrap_or(0) & EPHEMERAL | LOADING;
        self.post_answer(id, interaction, draft, false)
    }

    fn post_answer(
        &mut self,
        id: Id,
        interaction: &Interaction,
        mut draft: Draft,
        follows: bool,
    ) -> Id {
        let original = interaction.message.filter(|_| follows);
        // A follow-up is a reply to the first answer, and an answer to a component one to its message.
        draft.reply_to = original.or(interaction.source).filter(|to| {
            let message = self.message(interaction.channel, *to);
            message.is_some_and(|message| message.seen_by.is_none())
        });
        draft.kind = answer_kind(interaction, follows);
        draft.interaction = Some(self.metadata(id, interaction, original));
        draft.application = Some(interaction.application);
        draft.seen_by = (draft.flags & EPHEMERAL != 0).then_some(interaction.user);
        self.post(interaction.channel, interaction.application, draft)
    }

    /// Changes a message by the fields of a body; one in whose place the application thinks is filled.
    fn revise(&mut self, channel: Id, id: Id, body: &Value) -> Result<(), Answer> {
        let mut faulty = Faulty::default();
        check_message(&mut faulty, body);
        faulty.check()?;
        let message = self
            .message(channel, id)
            .ok_or_else(|| Answer::unknown("Message", 10008))?;
        let mut changed = message.clone();
        apply(&mut changed, body);
        let is_empty = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
        let says_nothing = changed.content.is_empty()
            && [&changed.embeds, &changed.components, &changed.attachments]
                .into_iter()
                .all(is_empty)
            && changed.poll.is_none();
        if says_nothing {
            return Err(Answer::error(400, 50006, "Cannot send an empty message"));
        }
        self.edit(channel, id, |message| *message = changed);
        Ok(())
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What follows.

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
        let (channel, account) = (interaction.channel, interaction.application);
        let shown = |state: &Self, message: Id| {
            let message = state
                .message(channel, message)
                .ok_or_else(|| Answer::unknown("Message", 10008))?;
            Ok(Answer::json(200, state.message_for(message, account)))
        };
        match (method, rest) {
            // What follows a deferred answer first is that answer.
            ("POST", []) if interaction.is_loading => {
                let message = interaction.message.unwrap_or_default();
                self.fill(id, channel, message, call.body)?;
                shown(self, message)
            }
            ("POST", []) => {
                let message = self.answer_message(id, call.body, true)?;
                if let Some(kept) = self.rest.interactions.get_mut(&id) {
                    kept.follow_ups.push(message);
                }
                shown(self, message)
            }
            (_, ["messages", which]) => {
                let unknown = || Answer::unknown("Message", 10008);
                let named: Option<Id> = which.parse().ok();
                let own = |message: &Id| {
                    interaction.message == Some(*message)
                        || interaction.follow_ups.contains(message)
                };
                let message = if *which == "@original" {
                    interaction.message
                } else {
                    named.filter(own)
                };
                let message = message.ok_or_else(unknown)?;
                match method {
                    "GET" => shown(self, message),
                    "DELETE" if self.delete(channel, message) => Ok(Answer::done()),
                    "PATCH" if interaction.is_loading && interaction.message == Some(message) => {
                        self.fill(id, channel, message, call.body)?;
                        shown(self, message)
                    }
                    "PATCH" => {
                        self.revise(channel, message, call.body)?;
                        shown(self, message)
                    }
                    _ => Err(unknown()),
                }
            }
            _ => Err(self.unknown_route(method, &["webhooks", &rest.join("/")])),
        }
    }

    /// Fills the message of a deferred answer.
    fn fill(&mut self, id: Id, channel: Id, message: Id, body: &Value) -> Result<(), Answer> {
        self.revise(channel, message, body)?;
        if let Some(kept) = self.rest.interactions.get_mut(&id) {
            kept.is_loading = false;
        }
        Ok(())
    }
}

/// The type of a message that answers an interaction: 20 and 23 for the answer to a command, 19 for a reply.
fn answer_kind(interaction: &Interaction, follows: bool) -> u8 {
    match interaction.command_type {
        _ if follows || interaction.source.is_some() => 19,
        2 | 3 => 23,
        1 => 20,
        // The answer to a modal that a command opened.
        _ => 0,
    }
}

/// Changes a message by the fields that a body has.
fn apply(message: &mut Message, body: &Value) {
    if let Some(content) = body.get("content") {
        content
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut message.content);
    }
    let lists = [
        ("embeds", &mut message.embeds),
        ("components", &mut message.components),
    ];
    for (name, list) in lists {
        if let Some(given) = body.get(name) {
            *list = given
                .as_array()
                .map_or_else(|| json!([]), |items| json!(items));
        }
    }
    if let Some(given) = body.get("attachments") {
        message.attachments = attachments(&message.attachments, given);
    }
    if body["poll"].is_object() {
        message.poll = Some(body["poll"].clone());
    }
    // Whether a message is ephemeral is decided by its first form.
    let stays = message.flags & EPHEMERAL;
    let flags = body["flags"].as_u64().unwrap_or(message.flags);
    message.flags = flags & !(EPHEMERAL | LOADING) | stays;
}

/// The `data` of a callback, with the files of its form.
fn callback_data(body: &Value) -> Value {
    let mut data = body["data"].clone();
    let files = body["attachments"]
        .as_array()
        .filter(|files| !files.is_empty());
    let Some(files) = files else {
        return data;
    };
    let described = data["attachments"].as_array().cloned().unwrap_or_default();
    let described_by = |number: usize| {
        let number = number.to_string();
        described
            .iter()
            .find(|one| one["id"].to_string().trim_matches('"') == number)
    };
    let files = files.iter().enumerate().map(|(number, file)| {
        let mut file = file.clone();
        if let Some(description) = described_by(number).and_then(|one| one.get("description")) {
            file["description"] = description.clone();
        }
        file
    });
    data["attachments"] = files.collect();
    data
}

/// Whether a query's value is true (reference, *Boolean Query Strings*).
fn is_true(value: &str) -> bool {
    matches!(value, "1" | "true" | "True")
}

/// Checks that an interaction can have a callback of this type.
fn check_callback(interaction: &Interaction, kind: u64) -> Result<(), Answer> {
    let is_autocomplete = interaction.kind == interaction::AUTOCOMPLETE;
    let has_source = interaction.source.is_some();
    let fits = match kind {
        callback::PONG => true,
        callback::MESSAGE | callback::DEFERRED_MESSAGE | callback::ACTIVITY => !is_autocomplete,
        callback::DEFERRED_UPDATE | callback::UPDATE => has_source,
        callback::CHOICES => is_autocomplete,
        callback::MODAL => !is_autocomplete && interaction.kind != interaction::MODAL_SUBMIT,
        _ => false,
    };
    let mut faulty = Faulty::default();
    if !fits {
        let known = matches!(kind, 1 | 4..=9 | 12);
        let message = if known {
            "This callback type does not fit the type of the interaction."
        } else {
            "Value must be one of {1, 4, 5, 6, 7, 8, 9, 12}."
        };
        faulty.add("type", "BASE_TYPE_CHOICES", message);
    }
    faulty.check()
}

/// Checks the choices of an autocomplete.
fn check_choices(data: &Value) -> Result<(), Answer> {
    let mut faulty = Faulty::default();
    let Some(choices) = data["choices"].as_array() else {
        faulty.add(
            "data.choices",
            "BASE_TYPE_REQUIRED",
            "This field is required",
        );
        return faulty.check();
    };
    if choices.len() > OPTIONS {
        let message = format!("Must be {OPTIONS} or fewer in length.");
        faulty.add("data.choices", "BASE_TYPE_MAX_LENGTH", &message);
    }
    for (index, choice) in choices.iter().enumerate() {
        length(
            &mut faulty,
            &format!("data.choices.{index}.name"),
            &choice["name"],
            1,
            100,
        );
        let value = format!("data.choices.{index}.value");
        match &choice["value"] {
            Value::Number(_) => {}
            text => length(&mut faulty, &value, text, 1, 100),
        }
    }
    faulty.check()
}

/// Checks a modal: its id, its title, and that each of its one to five components has what it needs.
fn check_modal(data: &Value) -> Result<(), Answer> {
    let mut faulty = Faulty::default();
    length(&mut faulty, "data.custom_id", &data["custom_id"], 1, 100);
    length(&mut faulty, "data.title", &data["title"], 1, 45);
    let components = data["components"].as_array().cloned().unwrap_or_default();
    if !(1..=5).contains(&components.len()) {
        let message = "Must be between 1 and 5 in length.";
        faulty.add("data.components", "BASE_TYPE_BAD_LENGTH", message);
    }
    let mut seen = Vec::new();
    for (index, outer) in components.iter().enumerate() {
        let at = format!("data.components.{index}");
        let (inner, at) = match outer["type"].as_u64() {
            Some(1) => {
                let inner = &outer["components"][0];
                let at = format!("{at}.components.0");
                length(&mut faulty, &format!("{at}.label"), &inner["label"], 1, 45);
                (inner, at)
            }
            Some(18) => {
                length(&mut faulty, &format!("{at}.label"), &outer["label"], 1, 45);
                (&outer["component"], format!("{at}.component"))
            }
            Some(10) => continue,
            _ => {
                let message = "Value of field \"type\" must be one of (1, 10, 18).";
                faulty.add(&format!("{at}.type"), "UNION_TYPE_CHOICES", message);
                continue;
            }
        };
        length(
            &mut faulty,
            &format!("{at}.custom_id"),
            &inner["custom_id"],
            1,
            100,
        );
        if inner["type"] == 4 && !matches!(inner["style"].as_u64(), Some(1 | 2)) {
            let message = "Value must be one of {1, 2}.";
            faulty.add(&format!("{at}.style"), "BASE_TYPE_CHOICES", message);
        }
        if seen.contains(&&inner["custom_id"]) {
            let message = "Component custom id cannot be duplicated";
            faulty.add(
                &format!("{at}.custom_id"),
                "COMPONENT_CUSTOM_ID_DUPLICATED",
                message,
            );
        }
        seen.push(&inner["custom_id"]);
    }
    faulty.check()
}

/// Checks a required text and its length.
fn length(faulty: &mut Faulty, field: &str, value: &Value, least: usize, most: usize) {
    let Some(text) = value.as_str() else {
        return faulty.add(field, "BASE_TYPE_REQUIRED", "This field is required");
    };
    if !(least..=most).contains(&text.chars().count()) {
        let message = format!("Must be between {least} and {most} in length.");
        faulty.add(field, "BASE_TYPE_BAD_LENGTH", &message);
    }
}

/// Checks the name and the description of a slash command or of an option.
fn check_names(faulty: &mut Faulty, at: &str, described: &Value) {
    let name = described["name"].as_str().unwrap_or_default();
    let is_good =
        |one: char| one.is_alphanumeric() && !one.is_uppercase() || matches!(one, '-' | '_' | '\'');
    if name.is_empty() || name.chars().count() > 32 || !name.chars().all(is_good) {
        let message = "Command name is invalid";
        faulty.add(
            &format!("{at}name"),
            "APPLICATION_COMMAND_INVALID_NAME",
            message,
        );
    }
    length(
        faulty,
        &format!("{at}description"),
        &described["description"],
        1,
        100,
    );
}

/// Checks the options of a slash command or of a sub-command.
fn check_options(faulty: &mut Faulty, at: &str, described: &Value) {
    let options = described["options"].as_array().cloned().unwrap_or_default();
    if options.len() > OPTIONS {
        let message = format!("Must be {OPTIONS} or fewer in length.");
        faulty.add(&format!("{at}options"), "BASE_TYPE_MAX_LENGTH", &message);
    }
    let mut names = Vec::new();
    let mut optional = false;
    for (index, option) in options.iter().enumerate() {
        let at = format!("{at}options.{index}.");
        check_names(faulty, &at, option);
        if !matches!(option["type"].as_u64(), Some(1..=11)) {
            let message = "Value must be one of {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}.";
            faulty.add(&format!("{at}type"), "BASE_TYPE_CHOICES", message);
        }
        if names.contains(&&option["name"]) {
            let message = "Option names must be unique";
            faulty.add(
                &format!("{at}name"),
                "APPLICATION_COMMAND_OPTIONS_NAME_INVALID",
                message,
            );
        }
        names.push(&option["name"]);
        let is_required = option["required"] == true;
        if is_required && optional {
            let message = "Required options must be placed before non-required options";
            faulty.add(
                &format!("{at}required"),
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                message,
            );
        }
        optional |= !is_required;
        if option["choices"]
            .as_array()
            .is_some_and(|choices| choices.len() > OPTIONS)
        {
            let message = format!("Must be {OPTIONS} or fewer in length.");
            faulty.add(&format!("{at}choices"), "BASE_TYPE_MAX_LENGTH", &message);
        }
        check_options(faulty, &at, option);
    }
}

/// The errors of a callback's message, which are those of its `data`.
fn inside_data(mut answer: Answer) -> Answer {
    if let Body::Json(body) = &mut answer.body
        && let Some(errors) = body.get_mut("errors")
    {
        *errors = json!({"data": errors.take()});
    }
    answer
}
