//! Commands for a simulation: JSON objects, from a script or from the control address.
//!
//! Each platform has one table of its commands, made by [`commands!`]: a row has a command's name, help, fields and
//! execution.
//!
//! A command is what a control handle does, in JSON: the same names, the same effects, and an answer instead of a return value.
//! Scripts give commands at times of their own, and the control address takes one at a time.
//! What a command may be is decided when it is read, before anything happens, and `GET /commands` lists all of them with
//! their fields.

use std::{any::Any, fmt, sync::Arc, time::Duration};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// A command was not executed.
///
/// The text names what is wrong and what there is instead:
///
/// ```
/// use antiphon_sim::{Command, CommandError};
///
/// assert!(matches!(Command::parse("no JSON"), Err(CommandError::Shape)));
/// assert!(matches!(Command::parse(r#"{"do":"say","platform":"telegraph"}"#), Err(CommandError::Platform(_))));
/// let unknown = Command::parse(r#"{"do":"sing","platform":"queup"}"#).unwrap_err();
/// assert!(unknown.to_string().contains("expected one of"));
/// let too_much = Command::parse(r#"{"do":"traffic","platform":"queup","rate":1000000}"#).unwrap_err();
/// assert!(matches!(too_much, CommandError::TooMuch { most: 5_000, .. }));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The text is no JSON object with a `do`.
    #[error(
        "a command is a JSON object with a \"do\", such as {{\"do\":\"say\",\"platform\":\"queup\",\"place\":\"room/choir-loft\",\"by\":\"mira\",\"text\":\"hello\"}}"
    )]
    Shape,
    /// The platform has no such command, or the command has other fields.
    #[error("{0}")]
    Unknown(String),
    /// No platform of this name is simulated.
    #[error("no platform named `{0}` is simulated")]
    Platform(String),
    /// The platform has no such place.
    #[error(
        "no place `{0}`: a room is `room/<slug or id>`, a channel `channel/<name or id>`, a guild `guild/<name or id>`"
    )]
    Place(String),
    /// The command names an object that does not exist.
    #[error("no {what} named `{name}`")]
    Missing {
        /// Kind of the object, such as `role`.
        what: &'static str,
        /// The name given.
        name: String,
    },
    /// The platform's own client would not offer this: the text says why.
    #[error("{0}")]
    Refused(String),
    /// The command asks for more than the simulator makes or keeps.
    #[error("too many: {what}, of which there can be {most}")]
    TooMuch {
        /// Kind of the objects, such as `guilds`.
        what: String,
        /// How many there can be.
        most: u64,
    },
    /// A line of a script is wrong.
    #[error("line {line} of the script is wrong")]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// Why it is wrong.
        #[source]
        error: Box<Self>,
    },
}

/// A command, and the time at which a script executes it.
///
/// `at` counts from the start of the simulation and is for scripts only; `platform` is `queup` where it is left out.
/// Lengths of time are written `2s` or `500ms`.
///
/// ```
/// use antiphon_sim::{Command, Simulator};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antiphon_sim::CommandError> {
/// let sim = Simulator::with_seed(7);
/// let say = r#"{"do":"say","platform":"queup","place":"room/choir-loft","by":"mira","text":"hello"}"#;
/// let outcome = sim.execute(&Command::parse(say)?)?;
/// assert!(outcome["chat"].is_string());
/// assert_eq!(sim.queup().room("choir-loft").texts(), ["hello"]);
///
/// let error = Command::parse(r#"{"do":"say","txt":"hello"}"#).expect_err("it has no such field");
/// assert!(error.to_string().starts_with("unknown field `txt`"));
/// # Ok(())
/// # }
/// ```
///
/// Kinds of commands, of which each platform has its own list:
///
/// | kind | examples |
/// | --- | --- |
/// | simulated users | `say`, `join`, `kick`, `queue`, `react` |
/// | state of the platform | `room`, `crowd`, `setting`, `account` |
/// | faults of sockets | `cut`, `reset`, `close`, `half_open`, `stall`, `duplicate`, `refuse` |
/// | faults of requests | `fail`, with a pattern over `METHOD /path` and a [`RestFault`](crate::RestFault) |
/// | what a platform does of itself | `traffic`, `quirk`, `expire_sessions` |
///
/// ```
/// use antiphon_sim::{Command, Simulator};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// for line in [
///     r#"{"do":"room","platform":"queup","place":"room/tower"}"#,
///     r#"{"do":"set_role","platform":"queup","place":"room/choir-loft","by":"mira","user":"bram","role":"vip"}"#,
///     r#"{"do":"fail","platform":"queup","requests":"POST /chat/*","times":2,"fault":{"status":429}}"#,
///     r#"{"do":"cut","platform":"queup","for":"2s"}"#,
/// ] {
///     sim.execute(&Command::parse(line)?)?;
/// }
/// assert!(sim.queup().find_room("tower").is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Command {
    /// Time of a script's command, from the start of the simulation; 0 for others.
    pub(crate) at: Duration,
    /// Name of the platform that executes it.
    pub(crate) platform: &'static str,
    /// Name on the wire, for its `Debug`.
    name: &'static str,
    /// Execution on the platform's control handle, with the fields that were read.
    pub(crate) action: Action,
}

/// Executes a command on the control handle of its platform.
pub(crate) type Action = Arc<dyn Fn(&dyn Any) -> Result<Value, CommandError> + Send + Sync>;

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("at", &self.at)
            .field("platform", &self.platform)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// One command of a platform whose control handle is `P`.
pub(crate) struct Row<P> {
    /// The command's name on the wire, its `do`.
    pub(crate) name: &'static str,
    /// Help: a sentence.
    pub(crate) help: &'static str,
    /// The fields that it takes.
    pub(crate) fields: &'static [&'static str],
    /// Reads the fields, and gives the execution.
    pub(crate) parse: fn(&mut Fields) -> Result<Execution<P>, CommandError>,
}

/// A command whose fields are read, to be executed on a control handle.
pub(crate) type Execution<P> = Box<dyn Fn(&P) -> Result<Value, CommandError> + Send + Sync>;

/// Reads a command from its name and fields by the platform's table.
pub(crate) fn parse<P: 'static>(
    platform: &'static str,
    rows: &'static [Row<P>],
    name: &str,
    fields: Map<String, Value>,
) -> Result<Command, CommandError> {
    let quoted = |names: Vec<&str>| format!("`{}`", names.join("`, `"));
    let Some(row) = rows.iter().find(|row| row.name == name) else {
        let known = quoted(rows.iter().map(|row| row.name).collect());
        return Err(CommandError::Unknown(format!(
            "unknown variant `{name}`, expected one of {known}"
        )));
    };
    if let Some(unknown) = fields.keys().find(|field| !row.fields.contains(&&***field)) {
        return Err(CommandError::Unknown(if row.fields.is_empty() {
            format!("unknown field `{unknown}`: `{name}` has none")
        } else {
            let known = quoted(row.fields.to_vec());
            format!("unknown field `{unknown}`, expected one of {known}")
        }));
    }
    let execution = (row.parse)(&mut Fields(fields))?;
    Ok(Command {
        at: Duration::ZERO,
        platform,
        name: row.name,
        action: Arc::new(move |on| {
            let on = on.downcast_ref();
            execution(on.ok_or_else(|| CommandError::Platform(platform.to_owned()))?)
        }),
    })
}

/// The fields of a command that is being read.
///
/// A field that is left over is an error that names it.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Takes a field; an absent one reads like null, which only optional types accept.
    pub(crate) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, CommandError> {
        match self.0.remove(name) {
            Some(value) => serde_json::from_value(value)
                .map_err(|error| CommandError::Unknown(format!("field `{name}`: {error}"))),
            None => serde_json::from_value(Value::Null)
                .map_err(|_| CommandError::Unknown(format!("missing field `{name}`"))),
        }
    }

    /// Takes a field that may be left out.
    pub(crate) fn take_or<T: DeserializeOwned>(
        &mut self,
        name: &str,
        default: T,
    ) -> Result<T, CommandError> {
        if self.0.contains_key(name) {
            self.take(name)
        } else {
            Ok(default)
        }
    }
}

/// A result that the execution of a command may have.
///
/// `()` becomes an empty object, and JSON goes through.
pub(crate) trait Outcome {
    fn into_value(self) -> Value;
}

impl Outcome for () {
    fn into_value(self) -> Value {
        json!({})
    }
}

impl Outcome for Value {
    fn into_value(self) -> Value {
        self
    }
}

/// Makes a table of commands.
///
/// A row is `/// Help.` and then `"name"(field: Type, field: Type = default, field as "wire name": Type) => execution;`.
/// The execution sees the fields and the control handle under the name that stands before the rows; it gives `()` or
/// JSON, and may use `?`.
macro_rules! commands {
    ($on:ident: $Controls:ty; $(
        #[doc = $help:literal]
        $name:literal ( $( $field:ident $(as $wire:literal)? : $Type:ty $(= $default:expr)? ),* ) => $run:expr;
    )+) => {
        pub(super) const COMMANDS: &[$crate::command::Row<$Controls>] = &[$(
            $crate::command::Row {
                name: $name,
                help: $help,
                fields: &[$( commands!(@name $field $($wire)?) ),*],
                parse: |_fields| {
                    $( let $field: $Type =
                        commands!(@take _fields, commands!(@name $field $($wire)?) $(, $default)?)?; )*
                    Ok(Box::new(move |$on: &$Controls| {
                        $( let $field = Clone::clone(&$field); )*
                        Ok($crate::command::Outcome::into_value($run))
                    }))
                },
            },
        )+];
    };
    (@name $field:ident $wire:literal) => { $wire };
    (@name $field:ident) => { stringify!($field) };
    (@take $fields:ident, $name:expr, $default:expr) => { $fields.take_or($name, $default) };
    (@take $fields:ident, $name:expr) => { $fields.take($name) };
}
pub(crate) use commands;

/// Lengths of time as text, such as `2s` or `500ms`.
pub(crate) mod period {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Reads `250ms`, `2s`, `1.5s`, `3m` or `1h`; a number without a unit is seconds.
    ///
    /// `None` for anything else, such as a negative length.
    pub(crate) fn parse(text: &str) -> Option<Duration> {
        let text = text.trim();
        let digits = text
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: f64 = number.parse().ok()?;
        let seconds = match unit.trim() {
            "ms" => number / 1000.0,
            "" | "s" => number,
            "m" => number * 60.0,
            "h" => number * 3600.0,
            _ => return None,
        };
        Duration::try_from_secs_f64(seconds).ok()
    }

    pub(crate) fn serialize<S: Serializer>(
        period: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}ms", period.as_millis()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        parse(&text)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no length of time such as `2s`")))
    }
}

/// A length of time in a command.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Period(#[serde(with = "period")] pub(crate) Duration);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_units() {
        assert_eq!(period::parse("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(period::parse("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(period::parse("2"), Some(Duration::from_secs(2)));
        assert_eq!(period::parse("soon"), None);
        assert_eq!(period::parse("-1s"), None);
    }
}
