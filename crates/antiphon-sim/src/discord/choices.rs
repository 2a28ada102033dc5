//! Values that a user gives: options of a command, choices of a select menu, fields of a modal, and the objects that
//! they name.

use serde_json::{Map, Value, json};

use super::{
    model::{Channel, Id},
    state::State,
};

/// Types of [command options](https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-option-type).
mod option {
    pub(super) const SUB_COMMAND: u64 = 1;
    pub(super) const SUB_COMMAND_GROUP: u64 = 2;
    pub(super) const STRING: u64 = 3;
    pub(super) const INTEGER: u64 = 4;
    pub(super) const BOOLEAN: u64 = 5;
    pub(super) const USER: u64 = 6;
    pub(super) const CHANNEL: u64 = 7;
    pub(super) const ROLE: u64 = 8;
    pub(super) const MENTIONABLE: u64 = 9;
    pub(super) const NUMBER: u64 = 10;
    pub(super) const ATTACHMENT: u64 = 11;
}

/// Types of [components](https://docs.discord.com/developers/components/reference#component-object-component-types) that
/// a user fills.
pub(crate) mod component {
    pub(crate) const BUTTON: u64 = 2;
    pub(crate) const STRING_SELECT: u64 = 3;
    pub(crate) const TEXT_INPUT: u64 = 4;
    pub(crate) const USER_SELECT: u64 = 5;
    pub(crate) const ROLE_SELECT: u64 = 6;
    pub(crate) const MENTIONABLE_SELECT: u64 = 7;
    pub(crate) const CHANNEL_SELECT: u64 = 8;
    pub(crate) const FILE_UPLOAD: u64 = 19;
    pub(crate) const RADIO_GROUP: u64 = 21;
    pub(crate) const CHECKBOX_GROUP: u64 = 22;
    pub(crate) const CHECKBOX: u64 = 23;
}

/// Largest whole number of an option.
const INTEGER_MAX: u64 = 1 << 53;

/// One option as a command of the simulator gives it.
struct Given {
    name: String,
    kind: Option<u64>,
    value: Value,
    /// Options of a sub-command.
    inner: Value,
    focused: bool,
}

/// Options as a list of Discord's form, or as an object of names and values.
fn given(options: &Value) -> Vec<Given> {
    match options {
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(name, value)| Given {
                name: name.clone(),
                kind: None,
                value: value.clone(),
                inner: value.clone(),
                focused: false,
            });
            fields.collect()
        }
        Value::Array(items) => {
            let items = items.iter();
            let items = items.map(|item| Given {
                name: item["name"].as_str().unwrap_or_default().to_owned(),
                kind: item["type"].as_u64(),
                value: item["value"].clone(),
                inner: item["options"].clone(),
                focused: item["focused"].as_bool().unwrap_or(false),
            });
            items.collect()
        }
        _ => Vec::new(),
    }
}

/// A name or an id as text.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Names of a list's items, for an error.
fn names(items: &Value, field: &str) -> String {
    let items = items.as_array().into_iter().flatten();
    let names: Vec<String> = items
        .map(|item| format!("`{}`", text(&item[field])))
        .collect();
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}

/// Checks values of one interaction and collects the objects that they name.
pub(crate) struct Choices<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) channel: Id,
    pub(crate) guild: Option<Id>,
    /// The option that the user is typing, where this is for autocomplete; empty for the last one that has it.
    pub(crate) focused: Option<String>,
    resolved: Map<String, Value>,
}

impl<'a> Choices<'a> {
    pub(crate) fn new(state: &'a mut State, channel: Id) -> Self {
        let guild = state.guild_of_channel(channel);
        Self {
            state,
            channel,
            guild,
            focused: None,
            resolved: Map::new(),
        }
    }

    /// The objects that were named, as `resolved` has them; absent if there were none.
    pub(crate) fn resolved(self) -> Option<Value> {
        (!self.resolved.is_empty()).then_some(Value::Object(self.resolved))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Commands.

    /// The options of a command or a sub-command, checked by its description.
    pub(crate) fn options(
        &mut self,
        command: &Value,
        options: &Value,
    ) -> Result<Vec<Value>, String> {
        let described = command["options"].as_array().cloned().unwrap_or_default();
        let mut given = given(options);
        // Without a name, the last option that has autocomplete is typed.
        if self.focused.as_deref() == Some("") && !given.iter().any(|one| one.focused) {
            let completes = |one: &Given| {
                let known = described.iter().find(|other| other["name"] == one.name);
                known.is_some_and(|known| known["autocomplete"] == true)
            };
            if let Some(last) = given.iter_mut().rfind(|one| completes(one)) {
                last.focused = true;
            }
        }
        let mut options = Vec::new();
        for one in given {
            let Some(known) = described.iter().find(|other| other["name"] == one.name) else {
                return Err(format!(
                    "`{}` has no option `{}`; it has {}",
                    text(&command["name"]),
                    one.name,
                    names(&command["options"], "name")
                ));
            };
            options.push(self.option(known, &one)?);
        }
        let subs = described.iter().any(is_sub);
        if subs && options.len() != 1 {
            return Err(format!(
                "`{}` is used by one of its sub-commands: {}",
                text(&command["name"]),
                names(&command["options"], "name")
            ));
        }
        let lacks = |one: &&Value| {
            one["required"] == true && !options.iter().any(|option| option["name"] == one["name"])
        };
        match described.iter().find(lacks) {
            Some(missing) if !subs && self.focused.is_none() => Err(format!(
                "`{}` needs its option `{}`",
                text(&command["name"]),
                text(&missing["name"])
            )),
            _ => Ok(options),
        }
    }

    fn option(&mut self, described: &Value, given: &Given) -> Result<Value, String> {
        let kind = described["type"].as_u64().unwrap_or(option::STRING);
        if given.kind.is_some_and(|said| said != kind) {
            return Err(format!("option `{}` is of type {kind}", given.name));
        }
        let mut option = json!({"name": given.name, "type": kind});
        if is_sub(described) {
            option["options"] = json!(self.options(described, &given.inner)?);
            return Ok(option);
        }
        let is_focused = given.focused || self.focused.as_deref() == Some(&given.name);
        if self.focused.is_some() && is_focused {
            if described["autocomplete"] != true {
                return Err(format!("option `{}` has no autocomplete", given.name));
            }
            option["value"] = given.value.clone();
            option["focused"] = json!(true);
            return Ok(option);
        }
        let value = self.value(described, kind, &given.value);
        option["value"] = value.map_err(|why| format!("option `{}` {why}", given.name))?;
        Ok(option)
    }

    fn value(&mut self, described: &Value, kind: u64, given: &Value) -> Result<Value, String> {
        let choices = described["choices"]
            .as_array()
            .filter(|choices| !choices.is_empty());
        if let Some(choices) = choices
            && !choices.iter().any(|choice| choice["value"] == *given)
        {
            return Err(format!(
                "is one of {}",
                names(&described["choices"], "value")
            ));
        }
        let within = |least: &str, most: &str, value: f64| {
            described[least].as_f64().is_none_or(|least| value >= least)
                && described[most].as_f64().is_none_or(|most| value <= most)
        };
        match kind {
            option::STRING => {
                let text = given.as_str().ok_or("is a text")?;
                let length = f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX));
                let fits = length <= 6000.0 && within("min_length", "max_length", length);
                fits.then(|| given.clone())
                    .ok_or_else(|| "is a text of another length".to_owned())
            }
            option::INTEGER => {
                let number = given
                    .as_i64()
                    .filter(|number| number.unsigned_abs() <= INTEGER_MAX);
                number.ok_or("is a whole number within ±2^53")?;
                let fits = given
                    .as_f64()
                    .is_some_and(|number| within("min_value", "max_value", number));
                fits.then(|| given.clone())
                    .ok_or_else(|| "is outside of its range".to_owned())
            }
            option::NUMBER => {
                let number = given.as_f64().ok_or("is a number")?;
                let fits = within("min_value", "max_value", number);
                fits.then(|| given.clone())
                    .ok_or_else(|| "is outside of its range".to_owned())
            }
            option::BOOLEAN => {
                given.as_bool().ok_or("is true or false")?;
                Ok(given.clone())
            }
            option::USER => self.user(given),
            option::CHANNEL => self.channel(given, &described["channel_types"]),
            option::ROLE => self.role(given),
            option::MENTIONABLE => self.role(given).or_else(|_| self.user(given)),
            option::ATTACHMENT => Ok(self.attachment(given)),
            other => Err(format!("has a type that is not simulated: {other}")),
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Components.

    /// The values of a select menu, a file upload or a group of boxes.
    pub(crate) fn values(
        &mut self,
        menu: &Value,
        given: &[Value],
        least: u64,
    ) -> Result<Vec<Value>, String> {
        let least = menu["min_values"].as_u64().unwrap_or(least);
        let kind = menu["type"].as_u64().unwrap_or_default();
        let many = menu["options"].as_array().map_or(1, Vec::len);
        let most = match kind {
            component::CHECKBOX_GROUP => u64::try_from(many).unwrap_or(1),
            _ => 1,
        };
        let most = menu["max_values"].as_u64().unwrap_or(most);
        let count = u64::try_from(given.len()).unwrap_or(u64::MAX);
        if count < least || count > most {
            return Err(format!("takes {least} to {most} values, and not {count}"));
        }
        let mut values = Vec::new();
        for one in given {
            let value = match kind {
                component::USER_SELECT => self.user(one)?,
                component::ROLE_SELECT => self.role(one)?,
                component::MENTIONABLE_SELECT => self.role(one).or_else(|_| self.user(one))?,
                component::CHANNEL_SELECT => self.channel(one, &menu["channel_types"])?,
                component::FILE_UPLOAD => self.attachment(one),
                _ => {
                    let options = menu["options"].as_array().into_iter().flatten();
                    let known = options
                        .map(|option| &option["value"])
                        .any(|value| value == one);
                    if !known {
                        return Err(format!("is one of {}", names(&menu["options"], "value")));
                    }
                    one.clone()
                }
            };
            if values.contains(&value) {
                return Err(format!("takes {} once", text(one)));
            }
            values.push(value);
        }
        Ok(values)
    }

    /// The components of a modal as they are submitted, with the values that the user gives by custom id.
    pub(crate) fn submitted(
        &mut self,
        modal: &Value,
        fields: &Value,
    ) -> Result<Vec<Value>, String> {
        let mut left: Vec<String> = fields
            .as_object()
            .into_iter()
            .flat_map(|fields| fields.keys().cloned())
            .collect();
        let mut components = Vec::new();
        for outer in modal["components"].as_array().into_iter().flatten() {
            let mut shown = json!({"type": outer["type"], "id": outer["id"]});
            if let Some(inner) = outer.get("component") {
                shown["component"] = self.field(inner, fields, &mut left)?;
            }
            if let Some(inner) = outer["components"].as_array() {
                let inner = inner.iter().map(|one| self.field(one, fields, &mut left));
                shown["components"] = json!(inner.collect::<Result<Vec<_>, _>>()?);
            }
            components.push(shown);
        }
        match left.first() {
            Some(unknown) => Err(format!("the modal has no field `{unknown}`")),
            None => Ok(components),
        }
    }

    fn field(
        &mut self,
        field: &Value,
        fields: &Value,
        left: &mut Vec<String>,
    ) -> Result<Value, String> {
        let kind = field["type"].as_u64().unwrap_or_default();
        let mut shown = json!({"type": kind, "id": field["id"]});
        let Some(custom_id) = field["custom_id"].as_str() else {
            return Ok(shown);
        };
        left.retain(|name| name != custom_id);
        shown["custom_id"] = json!(custom_id);
        let given = fields.get(custom_id).unwrap_or(&Value::Null);
        let wrong = |why: &str| format!("field `{custom_id}` {why}");
        let is_required = field["required"].as_bool().unwrap_or(true);
        match kind {
            component::TEXT_INPUT => {
                let text = match given {
                    Value::Null => field["value"].as_str().unwrap_or_default(),
                    given => given.as_str().ok_or_else(|| wrong("is a text"))?,
                };
                let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
                if length == 0 && is_required {
                    return Err(wrong("is required"));
                }
                let least = field["min_length"].as_u64().unwrap_or(0);
                let most = field["max_length"].as_u64().unwrap_or(4000);
                if length > most || length > 0 && length < least {
                    return Err(wrong(&format!("has {least} to {most} characters")));
                }
                shown["value"] = json!(text);
            }
            component::CHECKBOX => {
                let default = field["default"].as_bool().unwrap_or(false);
                shown["value"] = json!(given.as_bool().unwrap_or(default));
            }
            component::RADIO_GROUP => {
                let options = field["options"].as_array().into_iter().flatten();
                let known = options
                    .map(|option| &option["value"])
                    .any(|value| value == given);
                if !known && (is_required || !given.is_null()) {
                    return Err(wrong(&format!(
                        "is one of {}",
                        names(&field["options"], "value")
                    )));
                }
                shown["value"] = given.clone();
            }
            _ => {
                let given = match given {
                    Value::Null => Vec::new(),
                    Value::Array(values) => values.clone(),
                    one => vec![one.clone()],
                };
                let values = if given.is_empty() && !is_required {
                    Vec::new()
                } else {
                    self.values(field, &given, 1).map_err(|why| wrong(&why))?
                };
                shown["values"] = json!(values);
            }
        }
        Ok(shown)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Objects that values name.

    fn resolve(&mut self, kind: &str, id: Id, object: Value) -> Value {
        let id = id.to_string();
        self.resolved.entry(kind).or_insert_with(|| json!({}))[&id] = object;
        json!(id)
    }

    /// Adds a user, and the member that the user is.
    pub(crate) fn user(&mut self, given: &Value) -> Result<Value, String> {
        let name = text(given);
        let user = self.state.community.user_named(&name);
        let user = user.ok_or_else(|| format!("names no user: `{name}`"))?;
        if let Some(mut member) = self.state.member_json(self.channel, user) {
            if let Value::Object(fields) = &mut member {
                for absent in ["user", "deaf", "mute"] {
                    fields.remove(absent);
                }
            }
            member["permissions"] = json!(self.state.rights(user, self.channel).to_string());
            self.resolve("members", user, member);
        }
        Ok(self.resolve("users", user, self.state.user_json(user)))
    }

    fn role(&mut self, given: &Value) -> Result<Value, String> {
        let name = text(given);
        let guild = self
            .guild
            .and_then(|id| self.state.community.guilds.get(&id));
        let mut roles = guild.into_iter().flat_map(|guild| guild.roles.values());
        let role = roles.find(|role| role.name == name || role.id.to_string() == name);
        let role = role.ok_or_else(|| format!("names no role: `{name}`"))?;
        let (id, json) = (role.id, role.json());
        Ok(self.resolve("roles", id, json))
    }

    fn channel(&mut self, given: &Value, types: &Value) -> Result<Value, String> {
        let name = text(given);
        let channel = self.state.community.channel_named(&name);
        let channel = channel.and_then(|id| self.state.community.channels.get(&id));
        let channel =
            channel.filter(|channel| channel.guild.is_some() && channel.guild == self.guild);
        let channel = channel.ok_or_else(|| format!("names no channel of this guild: `{name}`"))?;
        let types = types.as_array().filter(|types| !types.is_empty());
        if types.is_some_and(|types| !types.contains(&json!(channel.kind))) {
            return Err(format!("takes no channel of type {}", channel.kind));
        }
        let (id, mut json) = (channel.id, shortened(channel));
        json["permissions"] = json!(self.state.rights(self.state.home.bot, id).to_string());
        Ok(self.resolve("channels", id, json))
    }

    /// Adds a file: a name, or an object with `filename` and other fields of an attachment.
    fn attachment(&mut self, given: &Value) -> Value {
        let id = self.state.new_id();
        let filename = given["filename"]
            .as_str()
            .or(given.as_str())
            .unwrap_or("file.txt");
        let url = format!("https://cdn.discordapp.com/ephemeral-attachments/{id}/{filename}");
        let mut attachment = json!({
            "id": id.to_string(), "filename": filename, "size": 1024, "url": url, "proxy_url": url,
            "content_type": "text/plain; charset=utf-8", "ephemeral": true,
        });
        for (name, value) in given.as_object().into_iter().flatten() {
            if name != "id" {
                attachment[name] = value.clone();
            }
        }
        self.resolve("attachments", id, attachment)
    }
}

/// Whether an option is a sub-command or a group of them.
fn is_sub(option: &Value) -> bool {
    matches!(
        option["type"].as_u64(),
        Some(option::SUB_COMMAND | option::SUB_COMMAND_GROUP)
    )
}

/// A channel as interactions have it.
pub(crate) fn shortened(channel: &Channel) -> Value {
    let mut json = channel.json();
    if let Value::Object(fields) = &mut json {
        fields.remove("permission_overwrites");
    }
    json
}
