//! Requests about applications: commands and interaction responses.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, answer::Faulty};
use crate::discord::{model::Id, state::State};

/// Commands of one application in one place.
const COMMANDS: usize = 100;
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
                        "flags_new": self.application_flags(call.account).to_string(),
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
}
