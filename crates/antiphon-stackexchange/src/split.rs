//! Long texts in several messages (protocol §9, §10).
//!
//! A message of one line has 500 characters at most. Any line break lifts that, and turns Markdown off: a text of several
//! lines is one message however long, unless its lines are to be messages of their own.

use std::fmt::Write as _;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::{config::Config, error::TextError};

/// Messages that a text may become by default.
const MOST: usize = 20;
/// Longest run of backticks that opens code; a longer one is text.
const FENCE: usize = 8;
/// The shortest message that parts are made for: every mark that may be open fits several times.
const SHORTEST: usize = 64;
/// Bytes of a link beyond which it fits no message.
const LONGEST: usize = 4 * Config::LINE_LENGTH;
/// What stands before a line of code.
const INDENT: &str = "    ";
/// What stands before a quoted line.
const QUOTE: &str = "> ";

/// Splits long texts into messages.
///
/// A line is cut at white space where there is any. Formatting that is open at a cut (`**bold**`, `__bold__`, `*italic*`,
/// `_italic_`, `---struck---`, `` `code` ``) is closed there and opened again in the next message, and a quoted or
/// indented line stays one. No cut is inside a character as people see it, an escape, an entity, an address or a link,
/// unless that alone is longer than a message.
///
/// ```
/// # use antiphon_stackexchange::Splitter;
/// let parts = Splitter::new().split(&format!("**{}**", "tea ".repeat(300).trim_end()))?;
/// assert_eq!(parts.len(), 3);
/// assert!(parts.iter().all(|part| part.starts_with("**tea") && part.ends_with("tea**")));
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
    /// A splitter that makes 20 messages at most, and one of a text of several lines.
    pub const fn new() -> Self {
        Self {
            most: MOST,
            lines_apart: false,
        }
    }

    /// Sets how many messages a text may become; the default is 20. A text that needs more is refused as a whole.
    #[must_use]
    pub const fn most(mut self, messages: usize) -> Self {
        self.most = messages;
        self
    }

    /// Sets whether each line is a message of its own, in which Markdown counts; the default is no.
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
    /// [`TextError::Empty`] if there is nothing in it, and [`TextError::TooManyParts`] if it needs more messages than it may
    /// become.
    pub fn split(&self, text: &str) -> Result<Parts, TextError> {
        self.split_at(text, Config::LINE_LENGTH)
    }

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
                // White space belongs to whatever stands before it.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts(Vec<Part>);

impl Parts {
    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none; a splitter always makes one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The messages' texts.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|part| part.text.as_str())
    }

    /// The text that was split: the messages without the marks that were added, with the white space at the cuts.
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
    text: String,
    /// Bytes that were added in front, to open what was open.
    opened: usize,
    /// Bytes that were added behind, to close it.
    closed: usize,
    /// White space of the text that stands before it, and behind it, in no message.
    before: String,
    gap: String,
}

impl Part {
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

/// A pair of marks around formatted text, by where they begin and end.
#[derive(Clone, Debug)]
struct Pair {
    /// Where the opening mark begins, and the text behind it.
    open: usize,
    text: usize,
    /// Where the closing mark begins.
    close: usize,
}

/// One line, and what of it belongs together.
struct Line<'a> {
    text: &'a str,
    length: usize,
    /// What stands before every part: a quote's or code's mark.
    mark: &'static str,
    /// Pairs of marks, in the order in which they open.
    pairs: Vec<Pair>,
    /// Where it may be cut, ascending.
    cuts: Vec<usize>,
}

impl<'a> Line<'a> {
    fn of(text: &'a str, length: usize) -> Self {
        let mark = [INDENT, QUOTE]
            .into_iter()
            .find(|mark| text.starts_with(mark));
        let mark = mark.unwrap_or_default();
        let mut scan = Scan {
            text,
            pairs: Vec::new(),
            open: Vec::new(),
            together: Vec::new(),
        };
        if mark != INDENT {
            scan.run(mark.len());
        }
        let Scan {
            mut pairs,
            mut together,
            ..
        } = scan;
        pairs.sort_by_key(|pair| pair.open);
        // A mark belongs to the text that it is at.
        together.extend(pairs.iter().map(|pair| (pair.open, pair.text + 1)));
        together.extend(pairs.iter().map(|pair| {
            let mark = pair.text - pair.open;
            (pair.close.saturating_sub(1), pair.close + mark)
        }));
        let first = reply(text).unwrap_or(mark.len());
        together.push((0, first + 1));
        together.sort_unstable();
        let mut cuts = Vec::new();
        let mut whole = together.into_iter().peekable();
        let mut until = 0;
        for (at, _) in text.grapheme_indices(true).skip(1) {
            while let Some((_, end)) = whole.next_if(|(start, _)| *start < at) {
                until = until.max(end);
            }
            if at >= until {
                cuts.push(at);
            }
        }
        cuts.push(text.len());
        Self {
            text,
            length: length.max(SHORTEST),
            mark,
            pairs,
            cuts,
        }
    }

    /// Adds the parts, one more than allowed at most.
    fn cut(&self, most: usize, parts: &mut Vec<Part>) {
        let mut start = 0;
        let mut before = String::new();
        while start < self.text.len() && parts.len() <= most {
            let rest = &self.text[start..];
            let space = rest.len() - rest.trim_start().len();
            if space == rest.len() || units(&rest[..space]) > self.length / 2 {
                // The server takes no message of white space.
                match parts.last_mut() {
                    Some(last) => last.gap.push_str(&rest[..space]),
                    None => before.push_str(&rest[..space]),
                }
                start += space;
                continue;
            }
            let opening = self.opening(start);
            let ends = self.ends(start, &opening);
            let twin = parts.last().map(|part| part.text.clone());
            let mut chosen = None;
            for end in ends {
                let part = self.part(start, end, &opening);
                // The server takes no message twice in a row.
                let is_twin = twin.as_ref() == Some(&part.text);
                chosen = Some(part);
                if !is_twin {
                    break;
                }
            }
            let Some(mut part) = chosen else {
                return;
            };
            part.before = std::mem::take(&mut before);
            start += part.text.len() - part.opened - part.closed + part.gap.len();
            parts.push(part);
        }
    }

    /// Where a part that begins here may end, the best first; there is one at least.
    fn ends(&self, start: usize, opening: &str) -> Vec<usize> {
        let room = self.length - units(opening).min(self.length);
        let fits = |end: usize| {
            let kept = self.kept(start, end);
            !kept.trim().is_empty() && units(kept) + units(&self.closing(end)) <= room
        };
        let from = self.cuts.partition_point(|cut| *cut <= start);
        // No character has less than one unit, nor more than four bytes.
        let window = start + 4 * room;
        let near = self.cuts[from..].iter().copied();
        let near = near.take_while(|cut| *cut <= window);
        let near = near.take_while(|cut| self.kept(start, *cut).chars().count() <= room);
        let fitting: Vec<usize> = near.filter(|cut| fits(*cut)).collect();
        if fitting.last() == Some(&self.text.len()) {
            return fitting.into_iter().rev().collect();
        }
        let is_soft = |cut: &usize| self.text[*cut..].starts_with(char::is_whitespace);
        let (mut soft, mut hard): (Vec<usize>, Vec<usize>) = fitting.into_iter().partition(is_soft);
        soft.reverse();
        hard.reverse();
        // A word that would leave most of the message empty is cut.
        let size = |ends: &[usize]| ends.first().map_or(0, |end| units(&self.text[start..*end]));
        let cuts_word = size(&soft) < room / 4 && size(&hard) > room / 2;
        let ends = if cuts_word {
            [hard, soft].concat()
        } else {
            [soft, hard].concat()
        };
        if !ends.is_empty() {
            return ends;
        }
        // A link or an address that is longer than a message: between any two characters.
        let graphemes = self.text[start..].grapheme_indices(true);
        let within = graphemes.map(|(at, grapheme)| start + at + grapheme.len());
        let fitting: Vec<usize> = within
            .take_while(|end| units(&self.text[start..*end]) + units(&self.closing(*end)) <= room)
            .collect();
        if fitting.is_empty() {
            // One that people see as one character, of many characters.
            let end = self.text[start..].char_indices().find_map(|(at, _)| {
                let end = start + at;
                (units(&self.text[start..end]) >= room / 2).then_some(end)
            });
            return vec![end.unwrap_or(self.text.len())];
        }
        fitting.into_iter().rev().collect()
    }

    /// What a part from here to there keeps of the text: white space at the cut is left out.
    fn kept(&self, start: usize, end: usize) -> &str {
        if self.mark == INDENT {
            &self.text[start..end]
        } else {
            self.text[start..end].trim_end()
        }
    }

    fn part(&self, start: usize, end: usize, opening: &str) -> Part {
        let kept = self.kept(start, end);
        let closing = self.closing(end);
        let behind = start + kept.len();
        let gap_end = if self.mark == INDENT || end == self.text.len() {
            end
        } else {
            let rest = &self.text[end..];
            end + rest.len() - rest.trim_start().len()
        };
        Part {
            text: format!("{opening}{kept}{closing}"),
            opened: opening.len(),
            closed: closing.len(),
            before: String::new(),
            gap: self.text[behind..gap_end].to_owned(),
        }
    }

    /// The marks that are open at a place, in their order.
    fn open_at(&self, at: usize) -> impl DoubleEndedIterator<Item = &str> {
        let pairs = self.pairs.iter();
        let open = pairs.filter(move |pair| pair.text <= at && at <= pair.close);
        open.map(|pair| &self.text[pair.open..pair.text])
    }

    fn opening(&self, start: usize) -> String {
        let mut opening = String::new();
        if start > 0 {
            opening.push_str(self.mark);
        }
        for mark in self.open_at(start) {
            let _ = write!(opening, "{mark}");
        }
        opening
    }

    fn closing(&self, end: usize) -> String {
        if end == self.text.len() {
            return String::new();
        }
        self.open_at(end).rev().collect()
    }
}

/// Length as the server counts it, or more: in units of UTF-16 (assumed).
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Finds pairs of marks, and what belongs together.
struct Scan<'a> {
    text: &'a str,
    pairs: Vec<Pair>,
    /// Marks that may open something: where they begin, and where their text does.
    open: Vec<(usize, usize)>,
    /// Stretches that are not cut.
    together: Vec<(usize, usize)>,
}

impl Scan<'_> {
    fn run(&mut self, from: usize) {
        let mut at = from;
        while at < self.text.len() {
            at = self.step(at);
        }
    }

    /// Looks at what stands here; gives where to go on.
    fn step(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        let first = rest.chars().next().map_or(1, char::len_utf8);
        if let Some(escaped) = rest.strip_prefix('\\') {
            let next = escaped.chars().next().map_or(0, char::len_utf8);
            self.together.push((at, at + 1 + next));
            return at + 1 + next;
        }
        if rest.starts_with('`') {
            return self.code(at);
        }
        let whole = link(rest).or_else(|| entity(rest)).or_else(|| {
            let before = self.text[..at].chars().next_back();
            address(rest).filter(|_| !before.is_some_and(char::is_alphanumeric))
        });
        if let Some(length) = whole {
            self.together.push((at, at + length));
            return at + length;
        }
        // Of three in a row the one that was opened last is closed first.
        let last = self
            .open
            .last()
            .map(|(open, text)| &self.text[*open..*text]);
        let marks = match last {
            Some("*") => ["*", "---", "**", "__", "_"],
            Some("_") => ["_", "---", "**", "__", "*"],
            _ => ["---", "**", "__", "*", "_"],
        };
        let is_run = ["***", "___"].iter().any(|run| rest.starts_with(run));
        let marks = if is_run {
            marks
        } else {
            ["---", "**", "__", "*", "_"]
        };
        if let Some(mark) = marks.into_iter().find(|mark| rest.starts_with(mark)) {
            self.mark(at, mark);
            return at + mark.len();
        }
        at + first
    }

    /// A run of backticks, and the code up to a run of the same length.
    fn code(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        let fence = rest.len() - rest.trim_start_matches('`').len();
        let text = at + fence;
        let mut close = text;
        while let Some(found) = self.text[close..].find('`') {
            let run = close + found;
            let length = self.text[run..].len() - self.text[run..].trim_start_matches('`').len();
            if length == fence && fence <= FENCE && run > text {
                self.pairs.push(Pair {
                    open: at,
                    text,
                    close: run,
                });
                return run + length;
            }
            close = run + length;
        }
        text
    }

    /// A mark that opens formatting, or closes it, or neither.
    fn mark(&mut self, at: usize, mark: &str) {
        let end = at + mark.len();
        let before = self.text[..at].chars().next_back();
        let after = self.text[end..].chars().next();
        let is_space = |character: Option<char>| character.is_none_or(char::is_whitespace);
        let is_word = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
        let same = |(open, text): &(usize, usize)| &self.text[*open..*text] == mark;
        if !is_space(before)
            && let Some(index) = self.open.iter().rposition(same)
            && self.open[index].1 < at
        {
            let (open, text) = self.open[index];
            // Whatever opened since and did not close is text.
            self.open.truncate(index);
            self.pairs.push(Pair {
                open,
                text,
                close: at,
            });
        } else if !(is_space(after) || mark.starts_with('_') && is_word(before)) {
            self.open.push((at, end));
        }
    }
}

/// Length of what makes a text a reply, `:<message> `, at its beginning.
fn reply(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(':')?;
    let digits = rest.len()
        - rest
            .trim_start_matches(|digit: char| digit.is_ascii_digit())
            .len();
    (digits > 0 && rest[digits..].starts_with(' ')).then_some(digits + 2)
}

/// Length of a link `[text](address)` or a tag `[tag:name]` at the beginning of a text.
fn link(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('[')?;
    let close = rest.bytes().take(LONGEST).position(|byte| byte == b']')?;
    if rest[..close].contains('[') {
        // The link, if there is one, begins at the last of them.
        return None;
    }
    let behind = &rest[close + 1..];
    let tag = rest.starts_with("tag:") || rest.starts_with("meta-tag:");
    if tag {
        return Some(close + 2);
    }
    let address = behind.strip_prefix('(')?;
    let mut depth = 1;
    for (at, character) in address.char_indices().take(LONGEST) {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(close + 3 + at + 1);
        }
    }
    None
}

/// Length of an entity such as `&amp;` at the beginning of a text.
fn entity(text: &str) -> Option<usize> {
    let name = text.strip_prefix('&')?;
    let end = name.bytes().take(32).position(|byte| byte == b';')?;
    let digits = name[..end].trim_start_matches('#');
    let is_name = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then_some(end + 2)
}

/// Length of an address at the beginning of a text.
fn address(text: &str) -> Option<usize> {
    let schemes = ["https://", "http://", "ftp://", "//", "www."];
    let scheme = schemes
        .into_iter()
        .find(|scheme| text.starts_with(scheme))?;
    let ends = |character: char| character.is_whitespace() || "[]<>\"".contains(character);
    let end = text.find(ends).unwrap_or(text.len());
    // A link's end is none of its address, nor is a mark behind it.
    let end = text[..end]
        .trim_end_matches(['*', '_', ')', ']', '.', ',', '`', '-'])
        .len();
    (end > scheme.len()).then_some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, prop_oneof, proptest};

    use super::*;

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
