//! Texts that are looked for in events.
//!
//! A text is no pattern: every character stands for itself, in both cases. It is looked for in what is shown of an event
//! and in its body, there also in texts that JSON spells with escapes.

use std::ops::Range;

use antiphon_core::Event;
use serde_json::Value;

use crate::show;

/// Longest text, in bytes.
const LONGEST: usize = 1024;

/// A text that is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    /// In lower case, never empty.
    lower: Vec<char>,
    /// The same where each of its characters is a byte.
    ascii: Option<Vec<u8>>,
}

impl Words {
    /// # Errors
    /// One sentence: an empty text, and one that is too long.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("every event has an empty text: write what to look for".to_owned());
        }
        if text.len() > LONGEST {
            return Err(format!("a text to look for has {LONGEST} bytes at most"));
        }
        let lower = text.chars().flat_map(char::to_lowercase).collect();
        let ascii = text
            .is_ascii()
            .then(|| text.to_ascii_lowercase().into_bytes());
        Ok(Self { lower, ascii })
    }

    /// The first place of the text in another one.
    pub(crate) fn find(&self, text: &str) -> Option<Range<usize>> {
        // Most texts by far: a byte is a character, and both cases are one apart.
        if let Some(ascii) = self.ascii.as_deref().filter(|_| text.is_ascii()) {
            let mut windows = text.as_bytes().windows(ascii.len());
            let start = windows.position(|part| part.eq_ignore_ascii_case(ascii))?;
            return Some(start..start + ascii.len());
        }
        text.char_indices().find_map(|(start, _)| {
            let length = self.begins(&text[start..])?;
            Some(start..start + length)
        })
    }

    /// How many bytes of `text` are the text, if it begins with it.
    fn begins(&self, text: &str) -> Option<usize> {
        let mut wanted = self.lower.as_slice();
        for (at, character) in text.char_indices() {
            if wanted.is_empty() {
                return Some(at);
            }
            for lower in character.to_lowercase() {
                wanted = wanted.strip_prefix(&[lower])?;
            }
        }
        wanted.is_empty().then_some(text.len())
    }

    /// Whether the text is in an event.
    pub(crate) fn is_in(&self, event: &Event) -> bool {
        let body = String::from_utf8_lossy(event.body());
        self.find(&body).is_some()
            || self.find(&show::whole_gist(event)).is_some()
            || body.contains('\\') && event.parse().is_ok_and(|body| self.is_in_texts(&body))
    }

    /// Whether the text is in a text or a key of a document.
    fn is_in_texts(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.find(text).is_some(),
            Value::Array(items) => items.iter().any(|item| self.is_in_texts(item)),
            Value::Object(fields) => fields
                .iter()
                .any(|(key, value)| self.find(key).is_some() || self.is_in_texts(value)),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Kind, Origin, Place, Position};
    use jiff::Timestamp;

    use super::*;

    #[track_caller]
    fn check(words: &str, text: &str, expected: Option<&str>) {
        let found = Words::parse(words).expect("a text").find(text);
        assert_eq!(
            found.map(|range| &text[range]),
            expected,
            "{words} in {text}"
        );
    }

    #[test]
    fn a_text_is_found_in_any_case_and_every_character_stands_for_itself() {
        check("hello", "well, HELLO there", Some("HELLO"));
        check("ÉTÉ", "un été", Some("été"));
        check("a.c", "abc a.c", Some("a.c"));
        check("aab", "aaab", Some("aab"));
        // Two characters in lower case.
        check("i\u{307}st", "İstanbul", Some("İst"));
        check("i", "İ", None);
        check("hello", "hell", None);
        check("x", "", None);
        assert!(Words::parse("").is_err());
        assert!(Words::parse(&"x".repeat(1025)).is_err());
    }

    #[test]
    fn a_text_is_found_in_the_body_however_json_spells_it() {
        let event = |body: &'static str| {
            let draft = Draft::new(
                Kind::from_static("queup.chat-message"),
                Place::root(),
                Origin::frame("c", 1),
                Timestamp::UNIX_EPOCH,
                body,
            );
            Event::stored(Position::new(1), "choir".into(), draft)
        };
        let holds = |words: &str, body| Words::parse(words).expect("a text").is_in(&event(body));
        let escaped = r#"{"a":[{"mood":"caf\u00e9 \"noir\""}]}"#;
        assert!(holds("Café \"NOIR\"", escaped));
        assert!(holds("mood", escaped));
        assert!(!holds("latte", escaped));
        // As people read it: the payload has no HTML escapes.
        assert!(holds(
            "R&B",
            r#"{"message":"R&amp;B","user":{"username":"mira"}}"#
        ));
        assert!(holds("plain", "a Plain text \\ and no JSON"));
    }
}
