//! One record of the log, as text and as JSON.

use std::fmt::{self, Write as _};

use jiff::Zoned;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    output::Paint,
    plain::{PlainJson, plain},
};

/// One record of the log of `antiphon run`, as `--log-format json` writes it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "log")]
pub(crate) struct LogLine {
    /// When the record was written: RFC 3339 in local time with its offset, with milliseconds.
    pub(super) time: String,
    /// `error`: data was lost, or a person is needed; `warn`: something went wrong and the program goes on; `info`:
    /// started, connected, stopped; `debug` and `trace`: details.
    #[schemars(extend("enum" = ["error", "warn", "info", "debug", "trace"]))]
    pub(super) level: &'static str,
    /// What happened, in one sentence; details are in the other keys.
    pub(super) message: String,
    /// Name of the source that the record is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    /// Place within the source, such as a room or a node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<String>,
    /// Error behind the record, with its causes joined by colons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// What the operator can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
    /// Part of the program that wrote the record; `antiphon::daemon` for notices of the daemon itself.
    pub(super) target: String,
    /// Further details by name. Which there are depends on the record.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) fields: Map<String, Value>,
}

/// Fields that repeat for programs what the message says in words; text leaves them out.
const FOR_PROGRAMS: [&str; 3] = ["exit_code", "key", "link"];

/// Now, as the log writes it.
pub(super) fn now() -> String {
    Zoned::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%3f%:z")
        .to_string()
}

impl LogLine {
    /// One JSON object and a line end; hidden characters are escapes.
    pub(super) fn json(&self) -> Vec<u8> {
        let mut line = Vec::new();
        self.serialize(&mut serde_json::Serializer::with_formatter(
            &mut line, PlainJson,
        ))
        .expect("a record is plain data, and memory takes it");
        line.push(b'\n');
        line
    }

    /// One line for people, and a second one for the hint.
    ///
    /// With `paint`, the time is faint and the level of warnings and errors bold.
    pub(super) fn text(&self, paint: bool) -> String {
        let mut text = String::new();
        let level = format!("{:5}", self.level.to_ascii_uppercase());
        let weight = match self.level {
            "error" | "warn" => Paint::Bold,
            _ => Paint::No,
        };
        Paint::Faint.put(&mut text, paint, &self.time);
        text.push(' ');
        weight.put(&mut text, paint, &level);
        text.push(' ');
        self.write_record(&mut text).expect("memory");
        text.push('\n');
        if let Some(hint) = &self.hint {
            writeln!(text, "hint: {}", plain(hint)).expect("memory");
        }
        text
    }

    fn write_record(&self, text: &mut String) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(text, "{}", plain(source))?;
            if let Some(place) = &self.place {
                write!(text, " {}", plain(place))?;
            }
            write!(text, ": ")?;
        }
        write!(text, "{}", plain(&self.message))?;
        if let Some(error) = &self.error {
            write!(text, ": {}", plain(error))?;
        }
        if let (None, Some(place)) = (&self.source, &self.place) {
            write!(text, " place={}", word(place))?;
        }
        let shown = self.fields.iter();
        for (name, value) in shown.filter(|(name, _)| !FOR_PROGRAMS.contains(&name.as_str())) {
            match value {
                Value::String(value) => write!(text, " {name}={}", word(value))?,
                value => write!(text, " {name}={value}")?,
            }
        }
        Ok(())
    }
}

/// A value as one word: in quotes if it has blanks or quotes.
fn word(value: &str) -> String {
    let value = plain(value);
    if value.is_empty() || value.contains([' ', '"', '=']) {
        format!("\"{}\"", value.replace('"', "\\\""))
    } else {
        value.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> LogLine {
        let mut fields = Map::new();
        fields.insert("tries".to_owned(), 3.into());
        fields.insert("exit_code".to_owned(), 3.into());
        fields.insert("trouble".to_owned(), "the disk is full".into());
        LogLine {
            time: "2026-01-31T12:00:00.123+01:00".to_owned(),
            level: "warn",
            message: "a request\nfailed".to_owned(),
            source: Some("choir".to_owned()),
            place: Some("room/\u{202e}loft".to_owned()),
            error: Some("no answer".to_owned()),
            hint: Some("wait".to_owned()),
            target: "antiphon_queup::http".to_owned(),
            fields,
        }
    }

    #[test]
    fn a_record_is_one_line_and_its_hint_another() {
        assert_eq!(
            record().text(false),
            "2026-01-31T12:00:00.123+01:00 WARN  choir room/\\u{202e}loft: a request\\nfailed: no answer tries=3 \
             trouble=\"the disk is full\"\nhint: wait\n"
        );
        let painted = record().text(true);
        assert!(
            painted.starts_with(
                "\x1b[2m2026-01-31T12:00:00.123+01:00\x1b[0m \x1b[1mWARN \x1b[0m choir"
            )
        );
    }

    #[test]
    fn a_record_is_one_object_whose_hidden_characters_are_escapes() {
        let line = String::from_utf8(record().json()).expect("UTF-8");
        assert_eq!(line.matches('\n').count(), 1);
        assert!(
            line.contains("a request\\nfailed") && line.contains("room/\\u202eloft"),
            "{line}"
        );
        let value: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(value["fields"]["tries"], 3);
        assert_eq!(value["place"], "room/\u{202e}loft");
    }

    #[test]
    fn the_time_has_milliseconds_and_an_offset() {
        let now = now();
        let time: jiff::Timestamp = now.parse().expect("RFC 3339");
        assert!(now.len() == "2026-01-31T12:00:00.123+01:00".len(), "{now}");
        assert!(time > jiff::Timestamp::UNIX_EPOCH);
    }
}
