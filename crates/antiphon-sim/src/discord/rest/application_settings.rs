//! The bot's own application: its settings, role connections, attachments and activities.

use serde_json::{Map, Value, json};

use super::{
    Answer, Call, Outcome,
    fields::{Fields, each_of},
};
use crate::discord::{model::Id, state::State, webhooks::picture_hash};

/// Flags that a bot may change itself: those of the limited privileged intents.
const LIMITED: u64 = 1 << 13 | 1 << 15 | 1 << 19;
/// Records of role connections.
const RECORDS: usize = 5;
/// Scopes that an installation may ask for.
const SCOPES: usize = 30;

/// Reads an address; an empty one is none.
fn address(fields: &mut Fields<'_>, name: &str) -> Value {
    let url = fields.text(name, 0..=2048).filter(|url| !url.is_empty());
    if url.is_some_and(|url| !url.starts_with("https://")) {
        fields.error(name, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
    }
    json!(url)
}

/// Reads scopes and permissions of an installation.
fn install_params(fields: &mut Fields<'_>, name: &str) -> Option<Value> {
    fields.object(name, |params| {
        params.require(&["scopes", "permissions"]);
        let scopes = params.list("scopes", 0..=SCOPES).unwrap_or_default();
        if !scopes.iter().all(Value::is_string) {
            let message = "Could not interpret value as string.";
            params.error("scopes", "STRING_TYPE_CONVERT", message);
        }
        let permissions = params.permissions("permissions").unwrap_or(0);
        json!({"scopes": scopes, "permissions": permissions.to_string()})
    })
}

/// Reads texts by their languages.
fn localizations(fields: &mut Fields<'_>, name: &str, most: usize) -> Option<Value> {
    let given = fields.value(name)?;
    let locales: Vec<&String> = given.as_object().into_iter().flat_map(Map::keys).collect();
    fields.object(name, |texts| {
        for locale in locales {
            texts.text(locale, 1..=most);
        }
    });
    Some(given.clone())
}

/// Settings in a body, as an answer has them.
fn settings(fields: &mut Fields<'_>) -> Map<String, Value> {
    let mut set = Map::new();
    if let Some(text) = fields.text("description", 0..=400) {
        set.insert("description".into(), json!(text));
    }
    for name in ["icon", "cover_image"] {
        if fields.has(name) {
            let image = fields.image(name, super::FILE);
            let hash = image.and_then(|_| fields.value(name)?.as_str().map(picture_hash));
            set.insert(name.into(), json!(hash));
        }
    }
    for name in [
        "custom_install_url",
        "interactions_endpoint_url",
        "role_connections_verification_url",
        "event_webhooks_url",
    ] {
        if fields.has(name) {
            let url = address(fields, name);
            set.insert(name.into(), url);
        }
    }
    if let Some(flags) = fields.count("flags", 0..=i64::MAX) {
        set.insert("flags".into(), json!(flags & LIMITED));
    }
    if fields.has("tags") {
        let tags = fields.list("tags", 0..=5).unwrap_or_default();
        for (index, tag) in tags.iter().enumerate() {
            if tag
                .as_str()
                .is_none_or(|tag| tag.is_empty() || tag.chars().count() > 20)
            {
                let message = "Must be between 1 and 20 in length.";
                fields.error(&format!("tags.{index}"), "BASE_TYPE_BAD_LENGTH", message);
            }
        }
        set.insert("tags".into(), json!(tags));
    }
    if fields.has("install_params") {
        let params = install_params(fields, "install_params");
        set.insert("install_params".into(), json!(params));
    }
    let configured = fields.object("integration_types_config", |config| {
        let mut found = Map::new();
        for kind in ["0", "1"] {
            if config.has(kind) {
                let params =
                    config.object(kind, |one| install_params(one, "oauth2_install_params"));
                let params = params.flatten();
                let params = params.map_or(json!({}), |one| json!({"oauth2_install_params": one}));
                found.insert(kind.into(), params);
            }
        }
        Value::Object(found)
    });
    if let Some(configured) = configured {
        set.insert("integration_types_config".into(), configured);
    }
    if let Some(status) = fields.choice("event_webhooks_status", &[1, 2]) {
        set.insert("event_webhooks_status".into(), json!(status));
    }
    if let Some(types) = fields.list("event_webhooks_types", 0..=100) {
        set.insert("event_webhooks_types".into(), json!(types));
    }
    if let Some(filter) = fields.choice("explicit_content_filter", &[0, 1]) {
        set.insert("explicit_content_filter".into(), json!(filter));
    }
    if let Some(most) = fields.number("max_participants", -1..=i64::from(i32::MAX)) {
        set.insert("max_participants".into(), json!(most));
    }
    set
}

/// Fields that an answer leaves out where they are not set.
const ABSENT: [&str; 3] = ["custom_install_url", "cover_image", "install_params"];

impl State {
    /// Puts the settings of an application into its JSON.
    pub(super) fn complete_application(&self, application: Id, json: &mut Value) {
        json["type"] = Value::Null;
        json["explicit_content_filter"] = json!(0);
        json["event_webhooks_types"] = json!([]);
        json["max_participants"] = Value::Null;
        json["eligible_oauth2_scopes"] = json!(["bot", "applications.commands", "identify"]);
        for (name, value) in self
            .rest
            .applications
            .get(&application)
            .into_iter()
            .flatten()
        {
            if !(value.is_null() && ABSENT.contains(&name.as_str())) {
                json[name] = value.clone();
            }
        }
        json["flags_new"] = json!(json["flags"].to_string());
    }

    pub(super) fn edit_application(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let mut set = settings(&mut fields);
        fields.check()?;
        let known = self.rest.applications.entry(call.account).or_default();
        known.append(&mut set);
        self.own_application(call)
    }

    pub(super) fn list_role_metadata(&mut self, call: &Call<'_>) -> Outcome {
        let kept = self.rest.role_metadata.get(&call.account);
        Ok(Answer::json(200, json!(kept.cloned().unwrap_or_default())))
    }

    pub(super) fn put_role_metadata(&mut self, call: &Call<'_>) -> Outcome {
        let none = json!([]);
        let body = if call.body.is_null() {
            &none
        } else {
            call.body
        };
        if body.as_array().is_some_and(|all| all.len() > RECORDS) {
            let message = format!("Must be {RECORDS} or fewer in length.");
            return Err(Answer::invalid("", "BASE_TYPE_MAX_LENGTH", &message));
        }
        let records = each_of(body, |record| {
            record.require(&["type", "key", "name", "description"]);
            let kind = record.choice("type", &[1, 2, 3, 4, 5, 6, 7, 8]);
            let key = record.text("key", 1..=50).unwrap_or_default();
            let is_plain =
                |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_';
            if !key.chars().all(is_plain) {
                record.error(
                    "key",
                    "STRING_TYPE_REGEX",
                    "String value did not match validation regex.",
                );
            }
            let mut json = json!({
                "type": kind,
                "key": key,
                "name": record.text("name", 1..=100),
                "description": record.text("description", 1..=200),
            });
            for (name, most) in [
                ("name_localizations", 100),
                ("description_localizations", 200),
            ] {
                if let Some(texts) = localizations(record, name, most) {
                    json[name] = texts;
                }
            }
            json
        })?;
        let kept = self.rest.role_metadata.entry(call.account).or_default();
        kept.clone_from(&records);
        Ok(Answer::json(200, json!(records)))
    }

    pub(super) fn upload_attachment(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let file = &call.body["attachments"][0];
        if file.is_null() {
            fields.require(&["file"]);
        }
        fields.check()?;
        let mut attachment = file.clone();
        attachment["ephemeral"] = json!(true);
        Ok(Answer::json(200, json!({"attachment": attachment})))
    }

    pub(super) fn get_activity_instance(&mut self, _call: &Call<'_>) -> Outcome {
        Err(Answer::missing())
    }

    pub(super) fn list_oauth2_keys(&mut self, _call: &Call<'_>) -> Outcome {
        Ok(Answer::json(200, json!({"keys": []})))
    }
}
