//! From the fields of a form to a command of the simulator.
//!
//! The name of a field says what becomes of it, so that every command has a form without code of its own:
//!
//! | field | in the command |
//! | --- | --- |
//! | `s.NAME` | text; left out if empty |
//! | `n.NAME` | number; left out if empty |
//! | `b.NAME` | `true` or `false`; left out if empty |
//! | `l.NAME` | list with this text, of as many fields as there are; without empty ones |
//! | `m.NAME` | list with this number, likewise |
//! | `f.NAME` | text within `fields`, of a modal |
//! | `F.NAME` | list within `fields`, of a modal's menu |
//! | `o.NAME`, `p.NAME` | text, or number or flag, within `options`, of a command; left out if empty |
//! | `e.NAME` | entry of `fault`: a status |
//!
//! `platform` and `do` stand for themselves; `at` and `as` say which page to go back to.

use serde_json::{Map, Value, json};

/// A form that was sent.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// The command, with its platform.
    pub(super) command: Map<String, Value>,
    /// Platform of the page to go back to, which is the command's own.
    pub(super) platform: String,
    /// Place and person of the page to go back to.
    pub(super) place: String,
    pub(super) person: String,
}

impl Form {
    /// Reads the body of a form.
    ///
    /// # Errors
    /// What is wrong, as a sentence: a field that no form of these pages has, and a whole command that is no object.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "at" => form.place = value.into_owned(),
                "as" => form.person = value.into_owned(),
                "command" => {
                    let whole = serde_json::from_str(&value);
                    form.command = whole
                        .map_err(|error| format!("The command is no JSON object: {error}."))?;
                }
                "platform" | "do" => {
                    form.command
                        .insert(name.into_owned(), value.into_owned().into());
                }
                other => form.take(other, &value)?,
            }
        }
        form.platform = match form.command.get("platform").and_then(Value::as_str) {
            Some(platform) => platform.to_owned(),
            // As the simulator has it.
            None => "queup".to_owned(),
        };
        Ok(form)
    }

    /// Takes a field of the command.
    fn take(&mut self, name: &str, text: &str) -> Result<(), String> {
        let unknown = || format!("No form of this page has a field `{name}`.");
        let (kind, name) = name.split_once('.').ok_or_else(unknown)?;
        let command = &mut self.command;
        match kind {
            "f" => inside(command, "fields").insert(name.to_owned(), json!(text)),
            "F" => {
                let list = inside(command, "fields")
                    .entry(name)
                    .or_insert_with(|| json!([]));
                add(list, text, json!(text));
                None
            }
            "l" | "m" => {
                let list = command.entry(name).or_insert_with(|| json!([]));
                let value = if kind == "m" {
                    scalar(text)
                } else {
                    json!(text)
                };
                add(list, text, value);
                None
            }
            "s" | "n" | "b" | "o" | "p" | "e" if text.is_empty() => None,
            "s" => command.insert(name.to_owned(), json!(text)),
            "n" | "b" => command.insert(name.to_owned(), scalar(text)),
            "o" => inside(command, "options").insert(name.to_owned(), json!(text)),
            "p" => inside(command, "options").insert(name.to_owned(), scalar(text)),
            "e" => inside(command, "fault").insert(name.to_owned(), scalar(text)),
            _ => return Err(unknown()),
        };
        Ok(())
    }
}

/// The object of this name within a command.
fn inside<'a>(command: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    let object = command.entry(name).or_insert_with(|| json!({}));
    if !object.is_object() {
        *object = json!({});
    }
    object.as_object_mut().expect("it is an object by now")
}

fn add(list: &mut Value, text: &str, value: Value) {
    if let Some(list) = list.as_array_mut().filter(|_| !text.is_empty()) {
        list.push(value);
    }
}

/// A number or a flag; any other text as it is, which the simulator refuses with a sentence.
fn scalar(text: &str) -> Value {
    match serde_json::from_str(text.trim()) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
        _ => json!(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(form: &str, command: &Value) {
        let form = Form::read(form.as_bytes()).expect(form);
        assert_eq!(Value::Object(form.command), *command);
    }

    #[test]
    fn fields_become_a_command_by_their_names() {
        check(
            "platform=discord&do=say&s.place=guild%2F1%2Fchannel%2F2&s.by=mira&s.text=hello+%26+bye&s.reply_to=&at=x&as=mira",
            &json!({"platform": "discord", "do": "say", "place": "guild/1/channel/2", "by": "mira", "text": "hello & bye"}),
        );
        check(
            "platform=stackexchange&do=move&n.room=4242&n.to=17&m.messages=1&m.messages=2",
            &json!({"platform": "stackexchange", "do": "move", "room": 4242, "to": 17, "messages": [1, 2]}),
        );
        check(
            "do=select&l.values=alto&l.values=&b.on=true",
            &json!({"do": "select", "values": ["alto"], "on": true}),
        );
        check(
            "do=submit&f.name=Mira&f.note=&F.voice=alto",
            &json!({"do": "submit", "fields": {"name": "Mira", "note": "", "voice": ["alto"]}}),
        );
        check(
            "do=command&s.name=roll&p.sides=6&o.why=6&p.loud=true&o.none=",
            &json!({"do": "command", "name": "roll", "options": {"sides": 6, "why": "6", "loud": true}}),
        );
        check(
            "command=%7B%22do%22%3A%22cut%22%2C%22platform%22%3A%22discord%22%7D",
            &json!({"do": "cut", "platform": "discord"}),
        );
        // What is no number is left to the simulator, which says so.
        check("n.times=often", &json!({"times": "often"}));
    }

    #[test]
    fn other_fields_are_refused() {
        for form in ["colour=red", "x.name=1", "command=%5B%5D", "command=x"] {
            assert!(Form::read(form.as_bytes()).is_err(), "{form}");
        }
    }
}
