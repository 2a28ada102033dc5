//! Registration of commands: their checks and the fields that Discord adds.

use serde_json::{Value, json};

use super::{Answer, answer::Faulty, channels::named};
use crate::discord::{
    model::{Id, id_in},
    state::State,
};

/// Options of a command, and choices of an option.
const OPTIONS: usize = 25;

impl State {
    /// Builds a stored command; one of the same name and type keeps its id.
    pub(super) fn command(
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
        if let Value::Object(fields) = &mut command {
            // A guild's command is only there, so that it has no contexts.
            if guild.is_some() {
                for (field, _) in &global {
                    fields.remove(*field);
                }
            }
            let global = global.into_iter().filter(|_| guild.is_none());
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
        let id = id_in(&command["id"]).unwrap_or_default();
        commands.push(command);
        self.rest.commands.insert(place, commands);
        Ok(id)
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
    faulty.length(
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
