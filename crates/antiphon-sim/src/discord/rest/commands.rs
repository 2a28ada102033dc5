//! Application commands.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, route::Route};
use crate::discord::{model::Id, state::State};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/applications/{application_id}/commands",
        "list_application_commands",
        State::list_commands,
    )
    .of_application(),
    Route::put(
        "/applications/{application_id}/commands",
        "bulk_set_application_commands",
        State::set_commands,
    )
    .of_application(),
    Route::post(
        "/applications/{application_id}/commands",
        "create_application_command",
        State::create_command,
    )
    .of_application(),
    Route::get(
        "/applications/{application_id}/commands/{command_id}",
        "get_application_command",
        State::get_command,
    )
    .of_application(),
    Route::patch(
        "/applications/{application_id}/commands/{command_id}",
        "update_application_command",
        State::edit_command,
    )
    .of_application(),
    Route::delete(
        "/applications/{application_id}/commands/{command_id}",
        "delete_application_command",
        State::delete_command,
    )
    .of_application(),
    Route::get(
        "/applications/{application_id}/guilds/{guild_id}/commands",
        "list_guild_application_commands",
        State::list_commands,
    )
    .of_application(),
    Route::put(
        "/applications/{application_id}/guilds/{guild_id}/commands",
        "bulk_set_guild_application_commands",
        State::set_commands,
    )
    .of_application(),
    Route::post(
        "/applications/{application_id}/guilds/{guild_id}/commands",
        "create_guild_application_command",
        State::create_command,
    )
    .of_application(),
    Route::get(
        "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}",
        "get_guild_application_command",
        State::get_command,
    )
    .of_application(),
    Route::patch(
        "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}",
        "update_guild_application_command",
        State::edit_command,
    )
    .of_application(),
    Route::delete(
        "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}",
        "delete_guild_application_command",
        State::delete_command,
    )
    .of_application(),
    Route::get(
        "/applications/{application_id}/guilds/{guild_id}/commands/permissions",
        "list_guild_application_command_permissions",
        State::list_command_permissions,
    )
    .of_application()
    .simplified("nobody changes them, so the list is empty"),
    Route::get(
        "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
        "get_guild_application_command_permissions",
        State::get_command_permissions,
    )
    .of_application()
    .simplified("nobody changes them: 404 with code 10066"),
    Route::bearer_only(
        "PUT",
        "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",
        "set_guild_application_command_permissions",
    ),
];

/// Commands of one application in one place.
const COMMANDS: usize = 100;

/// Commands of an application, in one guild or everywhere.
type Place = (Id, Option<Id>);

impl State {
    /// The place of a path, and its commands.
    fn commands_of(&self, call: &Call<'_>) -> Result<(Place, Vec<Value>), Answer> {
        let guild = match call.guild() {
            0 => None,
            guild if self.community.guilds_of(call.account).contains(&guild) => Some(guild),
            _ => return Err(Answer::no_access()),
        };
        let place = (call.account, guild);
        let known = self.rest.commands.get(&place).cloned().unwrap_or_default();
        Ok((place, known))
    }

    fn list_commands(&mut self, call: &Call<'_>) -> Outcome {
        let (_, mut commands) = self.commands_of(call)?;
        if !call.flag("with_localizations") {
            commands.iter_mut().for_each(without_localizations);
        }
        Ok(Answer::json(200, json!(commands)))
    }

    fn set_commands(&mut self, call: &Call<'_>) -> Outcome {
        let (place, known) = self.commands_of(call)?;
        let Value::Array(wanted) = call.body else {
            return Err(Answer::not_a_list());
        };
        if wanted.len() > COMMANDS {
            return Err(too_many());
        }
        let mut commands: Vec<Value> = Vec::new();
        for wanted in wanted {
            let command = self.command(call.account, place.1, wanted, &known)?;
            let same =
                |one: &Value| one["name"] == command["name"] && one["type"] == command["type"];
            if commands.iter().any(same) {
                let message = "Application command names must be unique";
                let code = "APPLICATION_COMMANDS_DUPLICATE_NAME";
                return Err(Answer::invalid("name", code, message));
            }
            commands.push(command);
        }
        self.rest.commands.insert(place, commands.clone());
        Ok(Answer::json(200, json!(commands)))
    }

    fn create_command(&mut self, call: &Call<'_>) -> Outcome {
        let (place, known) = self.commands_of(call)?;
        let command = self.command(call.account, place.1, call.body, &known)?;
        let is_new = !known.iter().any(|one| one["id"] == command["id"]);
        if is_new && known.len() >= COMMANDS {
            return Err(too_many());
        }
        let mut commands: Vec<Value> = known
            .into_iter()
            .filter(|one| one["id"] != command["id"])
            .collect();
        commands.push(command.clone());
        self.rest.commands.insert(place, commands);
        Ok(Answer::json(if is_new { 201 } else { 200 }, command))
    }

    /// The position of the command that a path names.
    fn command_at(call: &Call<'_>, known: &[Value]) -> Result<usize, Answer> {
        let id = call.step("command_id");
        let at = known.iter().position(|command| command["id"] == id);
        at.ok_or_else(|| Answer::unknown("application command", 10063))
    }

    fn get_command(&mut self, call: &Call<'_>) -> Outcome {
        let (_, known) = self.commands_of(call)?;
        let at = Self::command_at(call, &known)?;
        Ok(Answer::json(200, known[at].clone()))
    }

    fn edit_command(&mut self, call: &Call<'_>) -> Outcome {
        let (place, mut commands) = self.commands_of(call)?;
        let at = Self::command_at(call, &commands)?;
        let mut wanted = commands[at].clone();
        for (field, value) in call.body.as_object().into_iter().flatten() {
            wanted[field] = value.clone();
        }
        let known = vec![commands[at].clone()];
        let mut command = self.command(call.account, place.1, &wanted, &known)?;
        command["id"] = commands[at]["id"].clone();
        commands[at] = command.clone();
        self.rest.commands.insert(place, commands);
        Ok(Answer::json(200, command))
    }

    fn delete_command(&mut self, call: &Call<'_>) -> Outcome {
        let (place, mut commands) = self.commands_of(call)?;
        let at = Self::command_at(call, &commands)?;
        commands.remove(at);
        self.rest.commands.insert(place, commands);
        Ok(Answer::done())
    }

    fn list_command_permissions(&mut self, call: &Call<'_>) -> Outcome {
        self.commands_of(call)?;
        Ok(Answer::json(200, json!([])))
    }

    fn get_command_permissions(&mut self, call: &Call<'_>) -> Outcome {
        self.commands_of(call)?;
        Err(Answer::unknown("application command permissions", 10066))
    }
}

/// Takes the translations away, which a list has only on request.
fn without_localizations(described: &mut Value) {
    if let Value::Object(fields) = described {
        fields.remove("name_localizations");
        fields.remove("description_localizations");
    }
    for list in ["options", "choices"] {
        if let Some(items) = described.get_mut(list).and_then(Value::as_array_mut) {
            items.iter_mut().for_each(without_localizations);
        }
    }
}

fn too_many() -> Answer {
    Answer::error(
        400,
        30032,
        "Maximum number of application commands reached (100).",
    )
}
