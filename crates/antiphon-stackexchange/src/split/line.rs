//! One line of a long text, and where it is cut.
//!
//! A line is read once ([`Line::of`]), which finds all places where it may be cut: between two graphemes that are in no
//! stretch that stays together. [`Line::cut`] then takes as much as fits, again and again. Of the places that fit, the
//! last one before white space is preferred; a word is cut only where the message would be less than a quarter full
//! without it, and a link or a grapheme only where it alone is longer than a message.
//!
//! Invariants: no part is empty or of white space alone, no part equals the one before it where another cut avoids that
//! (the server refuses twins), and the parts without added marks, with the gaps, are the text.

use std::fmt::Write as _;

use unicode_segmentation::UnicodeSegmentation as _;

use super::{
    INDENT, Part, QUOTE,
    marks::{Pair, Scan, reply},
};

/// The shortest limit that lines are cut for: every mark that may be open fits several times.
pub(super) const SHORTEST: usize = 64;

/// One line, and the places where it may be cut.
pub(super) struct Line<'a> {
    text: &'a str,
    length: usize,
    /// The mark before every part: a quote's, or code's.
    mark: &'static str,
    /// Pairs of marks, in the order in which they open.
    pairs: Vec<Pair>,
    /// Where it may be cut, ascending.
    cuts: Vec<usize>,
}

impl<'a> Line<'a> {
    /// Reads a line that is cut into messages of a given length.
    pub(super) fn of(text: &'a str, length: usize) -> Self {
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
        // A mark is not cut from the text next to it.
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

    /// Adds the parts; at most one more than allowed.
    pub(super) fn cut(&self, most: usize, parts: &mut Vec<Part>) {
        let mut start = 0;
        let mut before = String::new();
        while start < self.text.len() && parts.len() <= most {
            let rest = &self.text[start..];
            let space = rest.len() - rest.trim_start().len();
            if space == rest.len() || units(&rest[..space]) > self.length / 2 {
                // The server refuses a message of white space.
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
                // The server refuses the same message twice in a row.
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

    /// Ends of a part that begins at `start`, the best first; there is at least one.
    fn ends(&self, start: usize, opening: &str) -> Vec<usize> {
        let room = self.length - units(opening).min(self.length);
        let fits = |end: usize| {
            let kept = self.kept(start, end);
            !kept.trim().is_empty() && units(kept) + units(&self.closing(end)) <= room
        };
        let from = self.cuts.partition_point(|cut| *cut <= start);
        // A character has at least one unit, and at most four bytes.
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
        // A word is cut if the message would be mostly empty without it.
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
        // A link or an address that is longer than a message is cut between any two characters.
        let graphemes = self.text[start..].grapheme_indices(true);
        let within = graphemes.map(|(at, grapheme)| start + at + grapheme.len());
        let fitting: Vec<usize> = within
            .take_while(|end| units(&self.text[start..*end]) + units(&self.closing(*end)) <= room)
            .collect();
        if fitting.is_empty() {
            // A grapheme that is longer than a message is cut between its characters.
            let end = self.text[start..].char_indices().find_map(|(at, _)| {
                let end = start + at;
                (units(&self.text[start..end]) >= room / 2).then_some(end)
            });
            return vec![end.unwrap_or(self.text.len())];
        }
        fitting.into_iter().rev().collect()
    }

    /// The text of a part, without white space at the cut.
    fn kept(&self, start: usize, end: usize) -> &str {
        if self.mark == INDENT {
            &self.text[start..end]
        } else {
            self.text[start..end].trim_end()
        }
    }

    /// Makes the message of a stretch of the line.
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

    /// The marks that are open at a place, in the order in which they opened.
    fn open_at(&self, at: usize) -> impl DoubleEndedIterator<Item = &str> {
        let pairs = self.pairs.iter();
        let open = pairs.filter(move |pair| pair.text <= at && at <= pair.close);
        open.map(|pair| &self.text[pair.open..pair.text])
    }

    /// The marks in front of a part that begins at `start`.
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

    /// The marks behind a part that ends at `end`.
    fn closing(&self, end: usize) -> String {
        if end == self.text.len() {
            return String::new();
        }
        self.open_at(end).rev().collect()
    }
}

/// Length of a text as the server counts it, or more: in units of UTF-16 (assumed).
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}
