//! Text from outside, made safe to show: hidden characters are written out.
//!
//! Everything that the command prints for people goes through here, and so do the texts of its JSON.
//!
//! A chat message may hold a terminal's escape sequences, or characters that reverse the text around them. Written out,
//! they are seen and harmless; a line is always one line.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
    io,
};

/// Whether a character is written out.
///
/// These are the control characters (C0, DEL, C1: terminals obey them), the line and paragraph separators, and what has
/// no shape of its own: bidirectional controls (which reorder the text around them), zero-width spaces, tags, and the
/// other format characters.
/// The zero-width joiner and non-joiner are shown as they are, as emoji and several scripts are wrong without them, and
/// so are variation selectors and combining marks.
pub(crate) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// The text with hidden characters written out, such as `\n` and `\u{202e}`; always one line.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.contains(is_hidden) {
        Cow::Owned(Plain(text).to_string())
    } else {
        Cow::Borrowed(text)
    }
}

/// Shows a value with hidden characters written out.
///
/// Formatting widths are those of the text inside, before anything is written out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Plain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(WriteOut(f), "{}", self.0)
    }
}

/// It works piece by piece, so that nothing is collected.
struct WriteOut<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for WriteOut<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (seen, hidden) in parts(text) {
            self.0.write_str(seen)?;
            if let Some(hidden) = hidden {
                // Letters for line end, return and tab; the number for all others.
                write!(self.0, "{}", hidden.escape_default())?;
            }
        }
        Ok(())
    }
}

/// Splits a text behind each hidden character: the text before it, and the character.
fn parts(mut text: &str) -> impl Iterator<Item = (&str, Option<char>)> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let hidden = text
            .char_indices()
            .find(|(_, character)| is_hidden(*character));
        let Some((at, character)) = hidden else {
            return Some((std::mem::take(&mut text), None));
        };
        let seen = &text[..at];
        text = &text[at + character.len_utf8()..];
        Some((seen, Some(character)))
    })
}

/// JSON formatter that writes one line with hidden characters as `\u` escapes; the value stays the same.
///
/// Only the spelling changes: a parser reads the same text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainJson;

impl serde_json::ser::Formatter for PlainJson {
    /// A part of a text; what JSON itself asks to escape never comes here.
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        to: &mut W,
        text: &str,
    ) -> io::Result<()> {
        for (seen, hidden) in parts(text) {
            to.write_all(seen.as_bytes())?;
            for unit in hidden.iter().flat_map(|hidden| units(*hidden)) {
                write!(to, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }

    /// A whole document.
    fn write_raw_fragment<W: io::Write + ?Sized>(
        &mut self,
        to: &mut W,
        json: &str,
    ) -> io::Result<()> {
        // Line ends and tabs stand between its parts only, and all other hidden characters in texts only.
        let mut between = json.split(['\n', '\r', '\t']);
        if let Some(first) = between.next() {
            self.write_string_fragment(to, first)?;
        }
        for next in between {
            to.write_all(b" ")?;
            self.write_string_fragment(to, next)?;
        }
        Ok(())
    }
}

/// The UTF-16 units of a character, as JSON escapes them.
fn units(character: char) -> impl Iterator<Item = u16> {
    let mut units = [0; 2];
    let count = character.encode_utf16(&mut units).len();
    units.into_iter().take(count)
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    /// Whether a terminal may be given the character: the rule above in other words.
    fn is_safe(character: char) -> bool {
        let number = u32::from(character);
        let control = number < 0x20 || (0x7f..0xa0).contains(&number);
        let bidirectional = [0x61c, 0x200e, 0x200f].contains(&number)
            || (0x202a..=0x202e).contains(&number)
            || (0x2066..=0x2069).contains(&number);
        let separator = [0x2028, 0x2029].contains(&number);
        let unseen = [0xad, 0x180e, 0x200b, 0x2060, 0xfeff].contains(&number);
        let tag = (0xe0000..=0xe007f).contains(&number);
        !(control || bidirectional || separator || unseen || tag)
    }

    fn json(value: &(impl serde::Serialize + ?Sized)) -> String {
        let mut written = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut written, PlainJson);
        value.serialize(&mut serializer).expect("memory");
        String::from_utf8(written).expect("UTF-8")
    }

    #[test]
    fn no_character_reaches_a_terminal_hidden_and_none_is_lost() {
        let all: Vec<char> = ('\0'..=char::MAX).collect();
        for some in all.chunks(1024) {
            let text: String = some.iter().collect();
            let shown = plain(&text);
            assert!(shown.chars().all(is_safe), "{text:?}");
            assert_eq!(shown.lines().count(), 1, "{text:?}");
            assert_eq!(plain(&shown), shown, "once is enough");

            let written = json(&text);
            assert!(written.chars().all(is_safe), "{text:?}");
            let read: String = serde_json::from_str(&written).expect("JSON");
            assert_eq!(read, text, "the same value");

            // A platform's own document may hold most of them as they are.
            let allowed = |character: &char| *character >= ' ' && !"\"\\".contains(*character);
            let text: String = text.chars().filter(allowed).collect();
            let document = format!("{{\n\t\"a\":\r\n [\"{text}\", \"{text}\"]}}");
            let raw: &RawValue = serde_json::from_str(&document).expect("JSON");
            let written = json(raw);
            assert!(written.chars().all(is_safe), "{text:?}");
            let read: serde_json::Value = serde_json::from_str(&written).expect("JSON");
            assert_eq!(read["a"], serde_json::json!([text, text]), "the same value");
        }
    }

    #[test]
    fn hidden_characters_are_written_out_and_others_are_not() {
        assert_eq!(
            plain("a\x1b[2Jb\nc\u{202e}d\u{9b}31m \u{feff}é"),
            r"a\u{1b}[2Jb\nc\u{202e}d\u{9b}31m \u{feff}é"
        );
        // A family of emoji has joiners, a Persian word a non-joiner.
        for kept in [
            "👩\u{200d}👧 ❤\u{fe0f}",
            "می\u{200c}خواهم",
            "e\u{301}",
            "日本 ok",
        ] {
            assert_eq!(plain(kept), kept);
        }
    }

    #[test]
    fn a_document_on_several_lines_is_printed_on_one() {
        let document: &RawValue =
            serde_json::from_str("{\"a\":\n\t[1,\r\n \"\u{e0041}\"]}").unwrap();
        assert_eq!(json(document), "{\"a\":  [1,   \"\\udb40\\udc41\"]}");
    }
}
