//! Splitting long texts into messages (protocol §9, §10).
//!
//! A message of one line has 500 characters at most. A line break lifts that limit and turns Markdown off: a text of
//! several lines is one message however long, unless its lines are to be messages of their own.
//!
//! The order of the work: [`Splitter::split`] decides line by line, [`line`] finds where a line may be cut and cuts it,
//! and [`marks`] finds formatting and the stretches that stay together. A line whose words alone need too many messages
//! is refused before it is read.

mod line;
mod marks;

use self::line::{Line, units};
use crate::{config::Config, error::TextError};

/// Messages that a text may become, by default.
const MOST: usize = 20;
/// The mark before a line of code.
const INDENT: &str = "    ";
/// The mark before a quoted line.
const QUOTE: &str = "> ";

/// Splits long texts into messages.
///
/// A line is cut at white space where there is any. Formatting that is open at a cut (`**bold**`, `__bold__`, `*italic*`,
/// `_italic_`, `---struck---`, `` `code` ``) is closed there and opened again in the next message, and a quoted or
/// indented line stays one. No cut is inside a character as people see it, an escape, an entity, an address or a link,
/// unless that alone is longer than a message.
///
/// Lengths are counted in UTF-16 units, as the server does (assumed), so that a part is never longer than the server
/// allows.
///
/// ```
/// # use antiphon_stackexchange::Splitter;
/// let parts = Splitter::new().split(&format!("**{}**", "tea ".repeat(300).trim_end()))?;
/// assert_eq!(parts.len(), 3);
/// assert!(parts.iter().all(|part| part.starts_with("**tea") && part.ends_with("tea**")));
///
/// // Several lines are one message, unless each is to be a message of its own.
/// let lines = "*one*\n*two*";
/// assert_eq!(Splitter::new().split(lines)?.len(), 1);
/// let parts = Splitter::new().lines_apart(true).split(lines)?;
/// assert_eq!(parts.iter().collect::<Vec<_>>(), ["*one*", "*two*"]);
/// assert_eq!(parts.joined(), lines);
/// # Ok::<(), antiphon_stackexchange::TextError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Splitter {
    most: usize,
    lines_apart: bool,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Splitter {
    /// A splitter that makes 20 messages at most, and a single message of a text of several lines.
    pub const fn new() -> Self {
        Self {
            most: MOST,
            lines_apart: false,
        }
    }

    /// Sets how many messages a text may become. Default: 20; a text that needs more is refused as a whole.
    ///
    /// 0 refuses every text.
    #[must_use]
    pub const fn most(mut self, messages: usize) -> Self {
        self.most = messages;
        self
    }

    /// Sets whether each line is a message of its own, with Markdown. Default: `false`.
    ///
    /// Lines of code, indented by four, stay together.
    #[must_use]
    pub const fn lines_apart(mut self, apart: bool) -> Self {
        self.lines_apart = apart;
        self
    }

    /// Splits a text.
    ///
    /// # Errors
    /// [`TextError::Empty`] for an empty text, and [`TextError::TooManyParts`] if it needs more messages than
    /// [`Splitter::most`].
    pub fn split(&self, text: &str) -> Result<Parts, TextError> {
        self.split_at(text, Config::LINE_LENGTH)
    }

    /// Splits a text into messages of a given length.
    fn split_at(&self, text: &str, length: usize) -> Result<Parts, TextError> {
        if text.trim().is_empty() {
            return Err(TextError::Empty);
        }
        let is_line = !text.contains(['\n', '\r']);
        let mut parts = Vec::new();
        if is_line {
            let words = text.split_whitespace().map(units).sum::<usize>();
            if words > self.most.saturating_mul(length) {
                return Err(TextError::TooManyParts { limit: self.most });
            }
            Line::of(text, length).cut(self.most, &mut parts);
        } else if self.lines_apart {
            self.split_lines(text, length, &mut parts);
        } else {
            parts.push(Part::whole(text));
        }
        if parts.len() > self.most {
            return Err(TextError::TooManyParts { limit: self.most });
        }
        Ok(Parts(parts))
    }

    /// Makes each line a message, and each block of code.
    fn split_lines(&self, text: &str, length: usize, parts: &mut Vec<Part>) {
        let is_code = |line: &str| line.starts_with(INDENT) && !line.trim().is_empty();
        let mut rest = text;
        let mut before = String::new();
        while !rest.is_empty() && parts.len() <= self.most {
            let mut end = 0;
            for (number, line) in rest.split_inclusive('\n').enumerate() {
                if number > 0 && !(is_code(line) && is_code(rest)) {
                    break;
                }
                end += line.len();
            }
            let (block, after) = rest.split_at(end);
            let kept = block.trim_end_matches(['\n', '\r']);
            let gap = &block[kept.len()..];
            if kept.trim().is_empty() {
                // White space belongs to the message before it.
                match parts.last_mut() {
                    Some(part) => part.gap.push_str(block),
                    None => before.push_str(block),
                }
            } else {
                let first = parts.len();
                if kept.contains(['\n', '\r']) {
                    parts.push(Part::whole(kept));
                } else {
                    Line::of(kept, length).cut(self.most, parts);
                }
                if let Some(part) = parts.get_mut(first) {
                    part.before.insert_str(0, &before);
                    before.clear();
                }
                if let Some(part) = parts.last_mut() {
                    part.gap.push_str(gap);
                }
            }
            rest = after;
        }
    }
}

/// The messages of a long text, in order.
///
/// ```
/// use antiphon_stackexchange::Splitter;
///
/// let text = "tea ".repeat(400);
/// let parts = Splitter::new().split(&text)?;
/// assert_eq!(parts.len(), 4);
/// assert!(parts.iter().all(|part| part.chars().count() <= 500));
/// // Nothing is lost between the parts but white space, which `joined` puts back.
/// assert_eq!(parts.joined(), text);
/// # Ok::<(), antiphon_stackexchange::TextError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts(Vec<Part>);

impl Parts {
    /// Number of messages.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no message; a splitter always makes one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Texts of the messages.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|part| part.text.as_str())
    }

    /// Returns the text that was split: the messages without added marks, with the white space at the cuts.
    pub fn joined(&self) -> String {
        let mut text = String::new();
        for part in &self.0 {
            text.push_str(&part.before);
            text.push_str(&part.text[part.opened..part.text.len() - part.closed]);
            text.push_str(&part.gap);
        }
        text
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    /// The message as it is sent.
    text: String,
    /// Bytes of marks that were added in front.
    opened: usize,
    /// Bytes of marks that were added behind.
    closed: usize,
    /// White space of the text before and behind the message, which is in no message.
    before: String,
    gap: String,
}

impl Part {
    /// A message that is the text itself.
    fn whole(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            opened: 0,
            closed: 0,
            before: String::new(),
            gap: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, prop_oneof, proptest};

    use super::{line::SHORTEST, *};

    fn split(text: &str, length: usize) -> Vec<String> {
        let parts = Splitter::new()
            .most(1000)
            .split_at(text, length)
            .expect("parts");
        assert_eq!(parts.joined(), text);
        assert_eq!(parts.len(), parts.iter().count());
        let parts: Vec<String> = parts.iter().map(str::to_owned).collect();
        for part in &parts {
            assert!(!part.trim().is_empty(), "{parts:#?}");
        }
        parts
    }

    /// Splits a line at its 64 characters.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let parts = split(text, SHORTEST);
        assert_eq!(parts, expected);
        assert!(parts.iter().all(|part| units(part) <= SHORTEST));
    }

    #[test]
    fn a_short_text_and_one_of_several_lines_are_one_message() {
        check("tea", &["tea"]);
        let lines = "x".repeat(700) + "\n**y**";
        assert_eq!(split(&lines, 500), [lines]);
        assert_eq!(Splitter::new().split(" \n"), Err(TextError::Empty));
    }

    #[test]
    fn formatting_is_closed_at_a_cut_and_opened_again() {
        check(
            "one **two three four five six seven eight nine ten eleven twelve thirteen** fourteen",
            &[
                "one **two three four five six seven eight nine ten eleven**",
                "**twelve thirteen** fourteen",
            ],
        );
        check(
            "a ---b *c `code that is long enough to be cut somewhere in the middle of it` d* e---",
            &[
                "a ---b *c `code that is long enough to be cut somewhere in`*---",
                "---*`the middle of it` d* e---",
            ],
        );
        check(
            "***both of them are open here, and both of them are closed and opened again***",
            &[
                "***both of them are open here, and both of them are closed***",
                "***and opened again***",
            ],
        );
    }

    #[test]
    fn quotes_and_code_stay_what_they_are() {
        check(
            "> who said that this line would fit into a single message of the chat, and why?",
            &[
                "> who said that this line would fit into a single message of the",
                "> chat, and why?",
            ],
        );
        check(
            "    let everything = that(stands * here) + is * code; // and has no *formatting*",
            &[
                "    let everything = that(stands * here) + is * code; // and has",
                "     no *formatting*",
            ],
        );
    }

    #[test]
    fn marks_that_pair_with_nothing_are_text() {
        check(
            "2 * 3 * 4 is not italic, snake_case_name neither, and * has no end here",
            &[
                "2 * 3 * 4 is not italic, snake_case_name neither, and * has no",
                "end here",
            ],
        );
    }

    #[test]
    fn links_entities_escapes_and_addresses_are_kept_whole() {
        let link = "[a link with some words](https://example.org/q/12)";
        check(
            &format!("twenty characters at {link}"),
            &["twenty characters at", link],
        );
        let address = format!("https://example.org/{}", "x".repeat(30));
        check(
            &format!("look here, now: {address}"),
            &["look here, now:", &address],
        );
        for atom in [
            "&amp;",
            "&#233;",
            r"\*",
            "e\u{301}",
            "👩\u{200d}🚀",
            "🇩🇪",
            "👍🏽",
        ] {
            for before in 40..SHORTEST {
                let text = format!("{}{atom}{}", "x".repeat(before), "y".repeat(40));
                let parts = split(&text, SHORTEST);
                assert_eq!(
                    parts.iter().filter(|part| part.contains(atom)).count(),
                    1,
                    "{parts:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_longer_than_a_message_is_cut_between_characters() {
        let address = format!("https://example.org/{}", "0123456789".repeat(20));
        let parts = split(&address, SHORTEST);
        assert_eq!(parts.concat(), address);
        let zalgo = format!("a{}", "\u{301}".repeat(300));
        assert_eq!(split(&zalgo, SHORTEST).concat(), zalgo);
        // The chat counts in units of UTF-16, of which these have two.
        let parts = split(&"😀".repeat(100), SHORTEST);
        assert!(
            parts.iter().all(|part| units(part) <= SHORTEST),
            "{parts:?}"
        );
    }

    #[test]
    fn no_two_messages_in_a_row_are_the_same() {
        let parts = split(&"x".repeat(10 * SHORTEST), SHORTEST);
        assert!(parts.windows(2).all(|pair| pair[0] != pair[1]), "{parts:?}");
        let parts = split(&"tea ".repeat(100), SHORTEST);
        assert!(parts.windows(2).all(|pair| pair[0] != pair[1]), "{parts:?}");
    }

    #[test]
    fn white_space_alone_is_no_message() {
        for space in [10, 100, 100_000] {
            for start in ["", "    ", "> ", "x"] {
                let text = format!("{start}{0}tea{0}and{0}", " ".repeat(space));
                assert!(split(&text, SHORTEST).len() <= 3);
            }
        }
    }

    #[test]
    fn a_reply_is_not_cut_from_its_message() {
        let text = format!(":66000001 {}", "x".repeat(100));
        let parts = split(&text, SHORTEST);
        assert!(parts[0].starts_with(":66000001 x"), "{parts:?}");
    }

    #[test]
    fn lines_may_be_messages_of_their_own() {
        let text = "\n**one**\n\n    let a = 1;\n    let b = 2;\ntwo\r\n";
        let splitter = Splitter::new().lines_apart(true);
        let parts = splitter.split(text).expect("parts");
        let texts: Vec<&str> = parts.iter().collect();
        assert_eq!(texts, ["**one**", "    let a = 1;\n    let b = 2;", "two"]);
        assert_eq!(parts.joined(), text);
    }

    #[test]
    fn a_text_that_needs_too_many_messages_is_refused_as_a_whole() {
        let too_many = Err(TextError::TooManyParts { limit: 2 });
        let splitter = Splitter::new().most(2);
        assert_eq!(splitter.split(&"tea ".repeat(300)), too_many);
        assert_eq!(splitter.split(&"x".repeat(1 << 20)), too_many);
        assert_eq!(splitter.lines_apart(true).split("a\nb\nc"), too_many);
        assert_eq!(
            splitter.split(&"tea ".repeat(200)).map(|parts| parts.len()),
            Ok(2)
        );
    }

    /// Texts of what chat has, in any order.
    fn any_line() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("**"),
            Just("*"),
            Just("__"),
            Just("_"),
            Just("---"),
            Just("`"),
            Just("``"),
            Just(" "),
            Just(" "),
            Just(" "),
            Just("word"),
            Just("a longer word"),
            Just("é"),
            Just("😀"),
            Just("👩\u{200d}🚀"),
            Just("&amp;"),
            Just("\\*"),
            Just("[a link](https://example.org/(x))"),
            Just("[tag:tea]"),
            Just("http://example.org/a_b"),
            Just("@mira"),
            Just("["),
            Just(")"),
            Just("\t"),
        ];
        let start =
            prop_oneof![8 => Just(""), 1 => Just("> "), 1 => Just("    "), 1 => Just(":66000001 ")];
        let text = (start, proptest::collection::vec(piece, 1..120));
        text.prop_map(|(start, pieces)| format!("{start}{}", pieces.concat()))
            .prop_filter("a text", |text| !text.trim().is_empty())
    }

    proptest! {
        #[test]
        fn the_parts_of_any_line_give_it_again_and_each_is_short_enough(text in any_line()) {
            for length in [SHORTEST, 100, Config::LINE_LENGTH] {
                let parts = split(&text, length);
                for part in &parts {
                    assert!(units(part) <= length, "{part:?} of {text:?}");
                }
                // What fits into a message is in one, whole.
                for atom in ["&amp;", "[a link](https://example.org/(x))", "[tag:tea]", "👩\u{200d}🚀"] {
                    let is_code = text.starts_with(INDENT) || text.contains('`') || text.contains('\\');
                    let has: usize = parts.iter().map(|part| part.matches(atom).count()).sum();
                    assert!(is_code || has == text.matches(atom).count(), "{atom} in {parts:#?}");
                }
            }
        }

        #[test]
        fn every_part_closes_what_it_opens(
            words in proptest::collection::vec(("[a-z]{1,12}", 0..5_usize), 1..80),
        ) {
            let words = words.iter().map(|(word, mark)| {
                let mark = ["", "**", "*", "---", "`"][*mark];
                format!("{mark}{word} {word}{mark}")
            });
            let text = words.collect::<Vec<_>>().join(" ");
            for part in split(&text, SHORTEST) {
                for mark in ["*", "---", "`"] {
                    assert!(part.matches(mark).count() % 2 == 0, "{part}");
                }
            }
        }

        #[test]
        fn the_parts_of_any_text_give_it_again(text in ".{0,900}", apart in proptest::bool::ANY) {
            let splitter = Splitter::new().most(2000).lines_apart(apart);
            match splitter.split_at(&text, SHORTEST) {
                Ok(parts) => assert_eq!(parts.joined(), text),
                Err(error) => assert!(text.trim().is_empty(), "{error}"),
            }
        }
    }
}
