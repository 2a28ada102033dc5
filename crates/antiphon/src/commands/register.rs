//! Registration by difference.
//!
//! What is registered is read, held against the declarations, and only what differs is sent.
//! Up to five differences go one by one: a command that did not change keeps its version, and one that Discord refuses
//! stops no other. More go as one bulk overwrite, since Discord takes five creations in 20 seconds.
//! Discord counts 200 created commands a day and guild; editing one costs nothing of that.

use std::collections::BTreeMap;

use antiphon_discord::{
    Client, RequestError,
    model::{
        CommandType,
        id::{
            Id,
            marker::{ApplicationMarker, CommandMarker, GuildMarker},
        },
    },
};
use serde_json::{Map, Value, json};

/// Most differences that are sent one by one.
const ONE_BY_ONE: usize = 5;

/// What a registration did.
///
/// Commands are named with a slash, and those of a guild with its id: `/sing`, `/ban in guild 11`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Registered {
    /// Commands that were new.
    pub created: Vec<String>,
    /// Commands that had changed.
    pub updated: Vec<String>,
    /// Commands that are not declared any more.
    pub deleted: Vec<String>,
    /// How many commands were registered as they are declared.
    pub unchanged: usize,
}

/// Commands that could not be registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The application could not be read.
    #[error("could not read the bot's application")]
    Application(#[source] RequestError),
    /// The registered commands could not be read.
    #[error("could not read the registered commands{}", in_guild(*.0))]
    Read(Option<Id<GuildMarker>>, #[source] RequestError),
    /// A command was refused; the others were registered.
    #[error("could not register {0}")]
    Command(String, #[source] RequestError),
}

/// A command's place in an error.
fn in_guild(guild: Option<Id<GuildMarker>>) -> String {
    guild.map_or_else(String::new, |id| format!(" in guild {id}"))
}

/// A difference.
#[derive(Debug, PartialEq)]
enum Change {
    Create(Value),
    Update(Id<CommandMarker>, Value),
    Delete(Id<CommandMarker>, Value),
}

/// Registers the commands of one place: everywhere, or in a guild.
pub(super) async fn register(
    client: &Client,
    application: Id<ApplicationMarker>,
    guild: Option<Id<GuildMarker>>,
    wanted: &[Value],
    done: &mut Registered,
) -> Vec<RegisterError> {
    let known = match guild {
        None => client.global_commands(application).await,
        Some(guild) => client.guild_commands(application, guild).await,
    };
    let known: Vec<Value> = match known {
        Ok(known) => known.iter().map(|command| json!(command)).collect(),
        Err(error) => return vec![RegisterError::Read(guild, error)],
    };
    let changes = changes(wanted, &known, guild.is_some());
    let deleted = changes
        .iter()
        .filter(|one| matches!(one, Change::Delete(..)))
        .count();
    done.unchanged += wanted.len() + deleted - changes.len();
    if changes.len() <= ONE_BY_ONE {
        return one_by_one(client, application, guild, changes, done).await;
    }
    // The entry point of an activity is not ours to remove, and a bulk overwrite without it is refused.
    let kept = known.iter().filter(|command| !is_ours(command));
    let all: Vec<&Value> = wanted.iter().chain(kept).collect();
    let sent = match guild {
        None => client.set_global_commands(application, &all).await,
        Some(guild) => client.set_guild_commands(application, guild, &all).await,
    };
    match sent {
        Ok(_) => {
            for change in &changes {
                done.note(change, guild);
            }
            Vec::new()
        }
        Err(error) => {
            let what = format!("{} commands at once{}", all.len(), in_guild(guild));
            vec![RegisterError::Command(what, error)]
        }
    }
}

async fn one_by_one(
    client: &Client,
    application: Id<ApplicationMarker>,
    guild: Option<Id<GuildMarker>>,
    changes: Vec<Change>,
    done: &mut Registered,
) -> Vec<RegisterError> {
    let mut errors = Vec::new();
    for change in changes {
        let sent = match (&change, guild) {
            (Change::Create(command), None) => {
                let created = client.create_global_command(application, command).await;
                created.map(drop)
            }
            (Change::Create(command), Some(guild)) => {
                let created = client
                    .create_guild_command(application, guild, command)
                    .await;
                created.map(drop)
            }
            (Change::Update(id, command), None) => {
                let updated = client
                    .update_global_command(application, *id, command)
                    .await;
                updated.map(drop)
            }
            (Change::Update(id, command), Some(guild)) => {
                let updated = client
                    .update_guild_command(application, guild, *id, command)
                    .await;
                updated.map(drop)
            }
            (Change::Delete(id, _), None) => client.delete_global_command(application, *id).await,
            (Change::Delete(id, _), Some(guild)) => {
                client.delete_guild_command(application, guild, *id).await
            }
        };
        match sent {
            Ok(()) => done.note(&change, guild),
            // Somebody else deleted it meanwhile.
            Err(RequestError::NotFound(_)) if matches!(change, Change::Delete(..)) => {
                done.note(&change, guild);
            }
            Err(error) => errors.push(RegisterError::Command(change.name(guild), error)),
        }
    }
    errors
}

impl Change {
    fn name(&self, guild: Option<Id<GuildMarker>>) -> String {
        let (Self::Create(command) | Self::Update(_, command) | Self::Delete(_, command)) = self;
        let name = command["name"].as_str().unwrap_or_default();
        let slash = if kind_of(command) == 1 { "/" } else { "" };
        format!("{slash}{name}{}", in_guild(guild))
    }
}

impl Registered {
    fn note(&mut self, change: &Change, guild: Option<Id<GuildMarker>>) {
        let list = match change {
            Change::Create(_) => &mut self.created,
            Change::Update(..) => &mut self.updated,
            Change::Delete(..) => &mut self.deleted,
        };
        list.push(change.name(guild));
    }
}

/// Type of a command; a slash command's may be left out.
fn kind_of(command: &Value) -> i64 {
    command["type"].as_i64().unwrap_or(1)
}

/// Whether a registered command is of a type that is declared here.
fn is_ours(command: &Value) -> bool {
    matches!(
        CommandType::from(kind_of(command)),
        CommandType::ChatInput | CommandType::User | CommandType::Message
    )
}

/// The differences: deletions first, since Discord takes a limited number of commands.
fn changes(wanted: &[Value], known: &[Value], is_guild: bool) -> Vec<Change> {
    let key = |command: &Value| {
        (
            kind_of(command),
            command["name"].as_str().map(str::to_owned),
        )
    };
    let id = |command: &Value| command["id"].as_str().and_then(|id| id.parse().ok());
    let mut left: BTreeMap<_, &Value> = known
        .iter()
        .filter(|command| is_ours(command))
        .map(|command| (key(command), command))
        .collect();
    let (mut created, mut updated) = (Vec::new(), Vec::new());
    for command in wanted {
        match left.remove(&key(command)) {
            None => created.push(Change::Create(command.clone())),
            Some(known) if is_same(command, known, is_guild) => {}
            Some(known) => match id(known) {
                Some(id) => updated.push(Change::Update(id, complete(command, is_guild))),
                None => created.push(Change::Create(command.clone())),
            },
        }
    }
    let deleted = left.into_values();
    let deleted = deleted.filter_map(|known| Some(Change::Delete(id(known)?, known.clone())));
    deleted.chain(updated).chain(created).collect()
}

/// A command with each field that an edit has to reset.
fn complete(command: &Value, is_guild: bool) -> Value {
    let mut all = command.clone();
    if let Value::Object(fields) = &mut all {
        // A command's type cannot be edited.
        fields.remove("type");
        for field in ["name_localizations", "description_localizations"] {
            fields.entry(field).or_insert(Value::Null);
        }
        if is_guild {
            fields.remove("contexts");
            fields.remove("integration_types");
        }
    }
    all
}

/// Whether a declaration is what is registered, whatever Discord added to it.
fn is_same(wanted: &Value, known: &Value, is_guild: bool) -> bool {
    let (mut wanted, mut known) = (essence(wanted), essence(known));
    let says_no_types = wanted.get("integration_types").is_none();
    let mut drop = |field: &str| {
        for command in [&mut wanted, &mut known] {
            command
                .as_object_mut()
                .and_then(|fields| fields.remove(field));
        }
    };
    if is_guild {
        // A guild's command has neither.
        drop("contexts");
        drop("integration_types");
    } else if says_no_types {
        // Discord fills in the application's own default.
        drop("integration_types");
    }
    wanted == known
}

/// Fields that a declaration has.
const FIELDS: &[&str] = &[
    "autocomplete",
    "channel_types",
    "choices",
    "contexts",
    "default_member_permissions",
    "description",
    "description_localizations",
    "integration_types",
    "max_length",
    "max_value",
    "min_length",
    "min_value",
    "name",
    "name_localizations",
    "nsfw",
    "options",
    "required",
    "type",
    "value",
];

/// A command, option or choice without what says nothing: other fields, nulls, `false`, empty lists and texts.
fn essence(described: &Value) -> Value {
    let Value::Object(fields) = described else {
        return described.clone();
    };
    let mut kept = Map::new();
    for (field, value) in fields {
        if !FIELDS.contains(&&**field) {
            continue;
        }
        let value = match (&**field, value) {
            ("options" | "choices", Value::Array(items)) => items.iter().map(essence).collect(),
            ("name_localizations" | "description_localizations", Value::Object(texts)) => {
                let texts = texts.iter().filter(|(_, text)| !text.is_null());
                Value::Object(
                    texts
                        .map(|(locale, text)| (locale.clone(), text.clone()))
                        .collect(),
                )
            }
            ("contexts" | "integration_types" | "channel_types", Value::Array(items)) => {
                let mut numbers: Vec<_> = items.iter().filter_map(Value::as_i64).collect();
                numbers.sort_unstable();
                json!(numbers)
            }
            // 1 and 1.0 are one number.
            (_, Value::Number(number)) => json!(number.as_f64()),
            _ => value.clone(),
        };
        let says_nothing = match &value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        };
        // All contexts are Discord's default, and a slash command is the default type.
        let is_default = (field == "contexts" && value == json!([0, 1, 2]))
            || (field == "type" && value == json!(1.0));
        if !says_nothing && !is_default {
            kept.insert(field.clone(), value);
        }
    }
    Value::Object(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sing() -> Value {
        json!({
            "type": 1, "name": "sing", "description": "Sings a song", "nsfw": false,
            "default_member_permissions": null, "contexts": null,
            "options": [{
                "type": 4, "name": "volume", "description": "How loud", "required": false, "min_value": 1,
                "name_localizations": {"de": "lautstärke"},
            }],
        })
    }

    /// The same as Discord's `GET` gives it back, by the fields of
    /// <https://discord.com/developers/docs/interactions/application-commands#application-command-object>.
    fn as_registered() -> Value {
        json!({
            "id": "5", "application_id": "9", "version": "6", "type": 1, "name": "sing",
            "description": "Sings a song", "nsfw": false, "default_permission": true,
            "default_member_permissions": null, "dm_permission": true, "contexts": [0, 1, 2],
            "integration_types": [0, 1], "name_localizations": null, "description_localizations": null,
            "options": [{
                "type": 4, "name": "volume", "description": "How loud", "min_value": 1.0,
                "name_localizations": {"de": "lautstärke"}, "description_localizations": null,
            }],
        })
    }

    #[test]
    fn what_discord_fills_in_is_no_difference() {
        assert!(is_same(&sing(), &as_registered(), false));
        assert_eq!(changes(&[sing()], &[as_registered()], false), []);
    }

    #[test]
    fn each_declared_field_is_a_difference() {
        let changes_of = |pointer: &str, value: Value| {
            let mut wanted = sing();
            let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
            wanted.pointer_mut(parent).expect("a place")[field] = value;
            !is_same(&wanted, &as_registered(), false)
        };
        for (pointer, value) in [
            ("/description", json!("Sings")),
            ("/nsfw", json!(true)),
            ("/default_member_permissions", json!("8")),
            ("/default_member_permissions", json!("0")),
            ("/contexts", json!([0])),
            ("/integration_types", json!([0])),
            ("/name_localizations", json!({"de": "singen"})),
            ("/description_localizations", json!({"de": "Singt"})),
            ("/options", json!([])),
            ("/options/0/name", json!("loudness")),
            ("/options/0/type", json!(10)),
            ("/options/0/required", json!(true)),
            ("/options/0/min_value", json!(2)),
            ("/options/0/max_value", json!(2)),
            ("/options/0/autocomplete", json!(true)),
            ("/options/0/name_localizations", json!({"de": "laut"})),
            ("/options/0/choices", json!([{"name": "a", "value": 1}])),
        ] {
            assert!(changes_of(pointer, value), "{pointer}");
        }
    }

    #[test]
    fn a_subcommand_and_an_option_are_told_apart_by_their_type() {
        let with = |kind: i64| json!({"name": "a", "description": "b", "options": [{"name": "c", "description": "d", "type": kind}]});
        assert!(!is_same(&with(1), &with(2), false));
        assert!(is_same(&with(1), &with(1), false));
    }

    #[test]
    fn deletions_come_first_and_an_entry_point_stays() {
        let old = json!({"id": "7", "type": 1, "name": "wave", "description": "Waves"});
        let menu = json!({"id": "8", "type": 2, "name": "sing", "description": ""});
        let entry =
            json!({"id": "9", "type": 4, "name": "launch", "description": "", "handler": 2});
        let mut changed = as_registered();
        changed["description"] = json!("Hums a song");
        let found = changes(
            &[sing()],
            &[changed, old.clone(), menu.clone(), entry],
            false,
        );
        let names: Vec<_> = found.iter().map(|change| change.name(None)).collect();
        assert_eq!(names, ["/wave", "sing", "/sing"]);
        let Change::Update(_, sent) = &found[2] else {
            panic!("an update")
        };
        assert!(sent["description_localizations"].is_null() && sent.get("type").is_none());
    }

    #[test]
    fn a_guilds_command_has_no_contexts() {
        let mut known = as_registered();
        known["guild_id"] = json!("11");
        known.as_object_mut().expect("an object").remove("contexts");
        let mut wanted = sing();
        wanted["contexts"] = json!([0]);
        assert!(is_same(&wanted, &known, true) && !is_same(&wanted, &known, false));
    }
}
