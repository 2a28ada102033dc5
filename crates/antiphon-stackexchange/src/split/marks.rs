//! Marks of formatting in a line, and stretches that belong together (protocol §9).
//!
//! What counts as formatting is what the chat's own Markdown takes: `**`, `__`, `*`, `_`, `---` and runs of backticks.
//! A mark opens before a character other than white space and closes behind one; an underscore inside a word is text.
//! Marks that never close are text. A backslash escapes the next character.

use crate::config::Config;

/// Backticks that open code at most; a longer run is text.
const FENCE: usize = 8;
/// Bytes of a link that may fit into a message at most.
const LONGEST: usize = 4 * Config::LINE_LENGTH;

/// A pair of marks around formatted text, by offsets in the line.
///
/// Pairs may nest and never cross: when a mark closes, those that opened within it and did not close become text.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// Where the opening mark begins, and the text behind it.
    pub(super) open: usize,
    pub(super) text: usize,
    /// Where the closing mark begins.
    pub(super) close: usize,
}

/// Finds pairs of marks, and stretches that belong together.
pub(super) struct Scan<'a> {
    pub(super) text: &'a str,
    pub(super) pairs: Vec<Pair>,
    /// Marks that may open formatting: offsets of the mark and of the text behind it.
    pub(super) open: Vec<(usize, usize)>,
    /// Stretches that are not cut.
    pub(super) together: Vec<(usize, usize)>,
}

impl Scan<'_> {
    /// Reads the whole line.
    pub(super) fn run(&mut self, from: usize) {
        let mut at = from;
        while at < self.text.len() {
            at = self.step(at);
        }
    }

    /// Reads the mark or character at an offset, and returns the next offset.
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
        // Of three marks in a row the one that was opened last is closed first.
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

    /// Reads a run of backticks, and the code up to a run of the same length.
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

    /// Reads a mark that opens formatting, or closes it, or neither.
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
            // Marks that opened since and did not close are text.
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

/// Length of the prefix `:<message> ` of a reply.
pub(super) fn reply(text: &str) -> Option<usize> {
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
        // A link begins at the last bracket.
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
    // Neither the end of a link nor a mark behind it is a part of the address.
    let end = text[..end]
        .trim_end_matches(['*', '_', ')', ']', '.', ',', '`', '-'])
        .len();
    (end > scheme.len()).then_some(end)
}
