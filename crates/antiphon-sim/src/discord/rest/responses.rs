//! Responses to interactions: the callback, and what follows it.

use serde_json::{Value, json};

use super::{
    Answer, Body, Call, Outcome,
    answer::Faulty,
    fields::Fields,
    messages::{change_content, check_message},
};
use crate::discord::{
    interactions::{FIRST_ANSWER, Interaction, TOKEN_LIFE, interaction},
    messages::Draft,
    model::{Id, Message},
    state::State,
};

/// Choices of an autocomplete.
const CHOICES: usize = 25;
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
    // The first answer.

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
                crate::discord::components::number(&mut kept.answer["components"]);
            }
        }
        if !call.flag("with_response") {
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
                self.guild_of_channel(interaction.channel).unwrap_or(0),
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
        let mut fields = Fields::of(body);
        check_message(&mut fields);
        fields.check()?;
        let message = self
            .message(channel, id)
            .ok_or_else(|| Answer::unknown("Message", 10008))?;
        let mut changed = message.clone();
        apply(&mut changed, body);
        if changed.says_nothing() {
            return Err(Answer::empty_message());
        }
        self.edit(channel, id, |message| *message = changed);
        Ok(())
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What follows.

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
                    "DELETE" if self.delete(channel, message) => {
                        // Nothing is left for what follows to take the place of.
                        if interaction.message == Some(message)
                            && let Some(kept) = self.rest.interactions.get_mut(&id)
                        {
                            kept.is_loading = false;
                        }
                        Ok(Answer::done())
                    }
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
            _ => Err(Answer::missing()),
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
    change_content(message, body);
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
    if fits {
        return Ok(());
    }
    let known = matches!(kind, 1 | 4..=9 | 12);
    let message = if known {
        "This callback type does not fit the type of the interaction."
    } else {
        "Value must be one of {1, 4, 5, 6, 7, 8, 9, 12}."
    };
    Err(Answer::invalid("type", "BASE_TYPE_CHOICES", message))
}

/// Checks the choices of an autocomplete.
fn check_choices(data: &Value) -> Result<(), Answer> {
    let mut faulty = Faulty::default();
    let Some(choices) = data["choices"].as_array() else {
        faulty.required("data.choices");
        return faulty.check();
    };
    if choices.len() > CHOICES {
        let message = format!("Must be {CHOICES} or fewer in length.");
        faulty.add("data.choices", "BASE_TYPE_MAX_LENGTH", &message);
    }
    for (index, choice) in choices.iter().enumerate() {
        faulty.length(
            &format!("data.choices.{index}.name"),
            &choice["name"],
            1,
            100,
        );
        let value = format!("data.choices.{index}.value");
        match &choice["value"] {
            Value::Number(_) => {}
            text => faulty.length(&value, text, 1, 100),
        }
    }
    faulty.check()
}

/// Checks a modal: its id, its title, and that each of its one to five components has what it needs.
fn check_modal(data: &Value) -> Result<(), Answer> {
    let mut faulty = Faulty::default();
    faulty.length("data.custom_id", &data["custom_id"], 1, 100);
    faulty.length("data.title", &data["title"], 1, 45);
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
                faulty.length(&format!("{at}.label"), &inner["label"], 1, 45);
                (inner, at)
            }
            Some(18) => {
                faulty.length(&format!("{at}.label"), &outer["label"], 1, 45);
                (&outer["component"], format!("{at}.component"))
            }
            Some(10) => continue,
            _ => {
                let message = "Value of field \"type\" must be one of (1, 10, 18).";
                faulty.add(&format!("{at}.type"), "UNION_TYPE_CHOICES", message);
                continue;
            }
        };
        faulty.length(&format!("{at}.custom_id"), &inner["custom_id"], 1, 100);
        // A row holds a text input, a label any component that a user fills.
        let fits = match (outer["type"].as_u64(), inner["type"].as_u64()) {
            (Some(1), kind) => kind == Some(4),
            (_, kind) => matches!(kind, Some(3..=8 | 19 | 21..=23)),
        };
        if !fits {
            let message = "This component cannot be used in a modal.";
            faulty.add(&format!("{at}.type"), "UNION_TYPE_CHOICES", message);
        }
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

/// The errors of a callback's message, which are those of its `data`.
fn inside_data(mut answer: Answer) -> Answer {
    if let Body::Json(body) = &mut answer.body
        && let Some(errors) = body.get_mut("errors")
    {
        *errors = json!({"data": errors.take()});
    }
    answer
}
