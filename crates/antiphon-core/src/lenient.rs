//! Reads JSON whose values may be of another kind than documented.
//!
//! A [`Reader`] goes over a document once. A value that cannot be used is passed over and noted, and whoever asked
//! for it goes on without it, so that one odd value never costs its neighbours.
//! Scalars are converted where that changes nothing: `"5"` and `5.0` are 5, `"true"` and 1 are yes.
//! Only a document that is no JSON ends the reading.
//!
//! Notes hold byte offsets while the document is read; [`Repairs`] have paths, which are found in a second pass that
//! only documents with notes pay for. Reading takes time in proportion to the document, whatever is wrong in it.
//!
//! Where a struct is read by serde, its fields have the types [`Text`], [`Int`], [`Flag`], [`Time`], [`IdOr`], [`Object`]
//! and [`List`], which take any value and are absent where it cannot be used.

mod json;
mod repairs;
mod time;
mod values;

use std::borrow::Cow;

use jiff::Timestamp;

use self::repairs::{MOST_NOTES, Note};
pub use self::{
    json::{Json, Raw},
    repairs::{Reason, Repair, Repairs},
    values::{Flag, IdOr, Int, List, Object, Scalar, Text, Time},
};
use crate::scan::{Scan, Step, unescaped};

/// Objects and lists nest this deep at most; what lies deeper is passed over and noted.
const DEEPEST: u32 = 40;

/// A place in a JSON document, which moves on as values are read.
///
/// After a breach of JSON's rules everything is absent and every list is at its end; [`Reader::finish`] tells.
///
/// ```
/// use antiphon_core::lenient::Reader;
///
/// let mut reader = Reader::new(r#"{"name": "nave", "position": "3", "topic": [7]}"#);
/// let (mut name, mut position, mut topic) = (None, None, None);
/// let mut fields = reader.object().expect("an object");
/// while let Some(field) = fields.next(&mut reader) {
///     match &*field {
///         "name" => name = reader.string(),
///         "position" => position = reader.integer(),
///         "topic" => topic = reader.string(),
///         _ => reader.skip(),
///     }
/// }
/// assert_eq!((name.as_deref(), position, topic), (Some("nave"), Some(3), None));
/// let repairs = reader.finish().expect("a JSON document");
/// assert_eq!(repairs.iter().next().map(|repair| repair.path.as_str()), Some("/topic"));
/// ```
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a str,
    scan: Scan<'a>,
    /// Objects and lists that are open here; 40 at most.
    depth: u32,
    /// Set once, at the first breach of JSON's rules; nothing is read after it.
    is_broken: bool,
    notes: Vec<Note>,
    /// Notes beyond those that are kept.
    unlisted: usize,
}

impl<'a> Reader<'a> {
    /// At the first value of the document.
    pub fn new(text: &'a str) -> Self {
        let mut scan = Scan::new(text.as_bytes());
        scan.space();
        Self {
            text,
            scan,
            depth: 0,
            is_broken: false,
            notes: Vec::new(),
            unlisted: 0,
        }
    }

    /// What had to be repaired, after the one value that the document is; `None` for what is no JSON document.
    pub fn finish(mut self) -> Option<Repairs> {
        self.scan.space();
        let is_whole = !self.is_broken && self.scan.at() == self.text.len();
        is_whole.then(|| repairs::located(self.text, self.notes, self.unlisted))
    }

    /// Where it is, in bytes.
    #[inline]
    pub fn at(&self) -> usize {
        self.scan.at()
    }

    /// Goes to a place that [`Reader::at`] gave at the beginning or the end of a value of the same object.
    #[inline]
    pub fn seek(&mut self, at: usize) {
        if !self.is_broken {
            self.scan.seek(at);
        }
    }

    /// First byte of the value here; 0 at the end.
    #[inline]
    pub fn peek(&self) -> u8 {
        self.scan.peek().unwrap_or(0)
    }

    /// Goes on after a step, or to the end if the document breaks JSON's rules.
    #[inline]
    fn step<T>(&mut self, step: Step<T>) -> Option<T> {
        match step {
            Ok(value) => Some(value),
            Err(_) => self.breaks(),
        }
    }

    #[cold]
    fn breaks<T>(&mut self) -> Option<T> {
        self.is_broken = true;
        self.scan.seek(self.text.len());
        None
    }

    /// Enters an object; anything else is passed over and noted.
    #[inline]
    pub fn object(&mut self) -> Option<Fields> {
        if self.peek() == b'{' {
            self.enter()?;
            Some(Fields { is_first: true })
        } else {
            self.wrong("an object")
        }
    }

    /// Enters a list; anything else is passed over and noted.
    #[inline]
    pub fn list(&mut self) -> Option<Items> {
        if self.peek() == b'[' {
            self.enter()?;
            Some(Items { is_first: true })
        } else {
            self.wrong("a list")
        }
    }

    #[inline]
    fn enter(&mut self) -> Option<()> {
        if self.depth == DEEPEST {
            self.note(Reason::TooDeep);
            self.skip();
            return None;
        }
        self.depth += 1;
        let _ = self.scan.next();
        self.scan.space();
        Some(())
    }

    /// Passes over the value here.
    #[inline]
    pub fn skip(&mut self) {
        let step = self.scan.skip();
        self.step(step);
    }

    /// Passes over null, if it is here.
    #[inline]
    pub fn null(&mut self) -> bool {
        let is_null = self.peek() == b'n';
        if is_null {
            let step = self.scan.literal(b"null");
            self.step(step);
        }
        is_null
    }

    /// Notes that the value here is of another kind, and passes over it.
    #[cold]
    pub fn wrong<T>(&mut self, expected: &'static str) -> Option<T> {
        let found = match self.peek() {
            b'{' => "an object",
            b'[' => "a list",
            b'"' => "a text",
            b't' | b'f' => "yes or no",
            b'n' => "null",
            _ => "a number",
        };
        self.note(Reason::Wrong { expected, found });
        self.skip();
        None
    }

    /// Notes something about the value here.
    #[cold]
    pub fn note(&mut self, reason: Reason) {
        self.note_at(self.at(), reason);
    }

    /// Notes something about the value that begins at an offset.
    #[cold]
    pub fn note_at(&mut self, at: usize, reason: Reason) {
        if self.is_broken {
            return;
        }
        if self.notes.len() < MOST_NOTES {
            self.notes.push(Note { at, reason });
        } else {
            self.unlisted += 1;
        }
    }

    /// The text here; anything else is passed over and noted.
    #[inline]
    pub fn text(&mut self, expected: &'static str) -> Option<Cow<'a, str>> {
        if self.peek() == b'"' {
            self.quoted()
        } else {
            self.wrong(expected)
        }
    }

    #[inline]
    fn quoted(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at() + 1;
        let step = self.scan.string();
        let is_plain = self.step(step)?;
        let text = self.text.get(start..self.at() - 1)?;
        Some(if is_plain {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(self.unescaped(start - 1, text))
        })
    }

    fn unescaped(&mut self, at: usize, text: &str) -> String {
        unescaped(text.as_bytes()).unwrap_or_else(|| {
            self.note_at(at, Reason::BrokenEscape);
            json::unescaped_lossily(text)
        })
    }

    /// The number here as it is written; the caller has seen its first byte.
    #[inline]
    fn number(&mut self) -> Option<&'a str> {
        let start = self.at();
        let step = self.scan.number();
        self.step(step)?;
        self.text.get(start..self.at())
    }

    /// A text; numbers become one as they are written.
    #[inline]
    pub fn string(&mut self) -> Option<String> {
        match self.peek() {
            b'"' => self.quoted().map(Cow::into_owned),
            b'0'..=b'9' | b'-' => self.number().map(str::to_owned),
            _ => self.wrong("a text"),
        }
    }

    /// Digits in a text, or a number, as they are written.
    #[inline]
    fn digits(&mut self, expected: &'static str) -> Option<Cow<'a, str>> {
        match self.peek() {
            b'"' => self.quoted(),
            b'0'..=b'9' | b'-' => self.number().map(Cow::Borrowed),
            _ => self.wrong(expected),
        }
    }

    /// A whole number that is not negative; digits in a text count, also those of an id.
    #[inline]
    pub fn unsigned(&mut self, expected: &'static str) -> Option<u64> {
        let at = self.at();
        let digits = self.digits(expected)?;
        if let Some(number) = crate::scan::digits(digits.as_bytes()) {
            return Some(number);
        }
        let number = self.unusual(&digits, at, expected)?;
        u64::try_from(number).ok().or_else(|| {
            self.note_at(at, Reason::OutOfRange);
            None
        })
    }

    /// A whole number; digits in a text count, and a fraction is rounded and noted.
    #[inline]
    pub fn integer(&mut self) -> Option<i64> {
        let at = self.at();
        let digits = self.digits("a whole number")?;
        if let Some(number) = crate::scan::digits(digits.as_bytes())
            && let Ok(number) = i64::try_from(number)
        {
            return Some(number);
        }
        let number = self.unusual(&digits, at, "a whole number")?;
        i64::try_from(number).ok().or_else(|| {
            self.note_at(at, Reason::OutOfRange);
            None
        })
    }

    /// A whole number that is not digits alone: with a sign, a fraction, an exponent or blanks.
    fn unusual(&mut self, digits: &str, at: usize, expected: &'static str) -> Option<i128> {
        let digits = digits.trim();
        if let Ok(number) = digits.parse() {
            return Some(number);
        }
        let number = digits
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite());
        let Some(number) = number else {
            let found = "a text";
            self.note_at(at, Reason::Wrong { expected, found });
            return None;
        };
        let rounded = number.round();
        #[expect(
            clippy::float_cmp,
            reason = "whether the rounding changed anything at all is what is asked"
        )]
        if rounded != number {
            self.note_at(at, Reason::Rounded);
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float that is too great becomes the greatest number, which then is out of range"
        )]
        Some(rounded as i128)
    }

    /// A number; digits in a text count.
    pub fn float(&mut self) -> Option<f64> {
        let at = self.at();
        let digits = self.digits("a number")?;
        let number = digits.trim().parse::<f64>().ok();
        number.filter(|number| number.is_finite()).or_else(|| {
            let (expected, found) = ("a number", "a text");
            self.note_at(at, Reason::Wrong { expected, found });
            None
        })
    }

    /// Yes or no, also as 1 and 0, and in texts.
    #[inline]
    pub fn boolean(&mut self) -> Option<bool> {
        let at = self.at();
        let word = match self.peek() {
            b't' => {
                let step = self.scan.literal(b"true");
                return self.step(step).map(|()| true);
            }
            b'f' => {
                let step = self.scan.literal(b"false");
                return self.step(step).map(|()| false);
            }
            _ => self.digits("yes or no")?,
        };
        match &*word {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => {
                let (expected, found) = ("yes or no", "something else");
                self.note_at(at, Reason::Wrong { expected, found });
                None
            }
        }
    }

    /// A time: as RFC 3339 has it, with or without a fraction and an offset, or in milliseconds since 1970.
    pub fn time(&mut self) -> Option<Timestamp> {
        let at = self.at();
        let expected = "a time";
        let read = match self.peek() {
            b'"' => time::parse(&self.quoted()?),
            b'0'..=b'9' | b'-' => Timestamp::from_millisecond(self.integer()?).ok(),
            _ => return self.wrong(expected),
        };
        read.or_else(|| {
            let found = "a text";
            self.note_at(at, Reason::Wrong { expected, found });
            None
        })
    }

    /// The value here as it is written.
    pub fn json(&mut self) -> Option<Json> {
        let start = self.at();
        self.skip();
        if self.is_broken {
            return None;
        }
        self.text.get(start..self.at()).map(Json::of)
    }

    /// How many notes there are; see [`Reader::forget`].
    pub fn notes(&self) -> usize {
        self.notes.len() + self.unlisted
    }

    /// Forgets the notes made since there were this many, before a value is read again.
    pub fn forget(&mut self, notes: usize) {
        self.unlisted = notes.saturating_sub(MOST_NOTES);
        self.notes.truncate(notes);
    }

    /// A whole number of at most 65,535; digits in a text count.
    #[inline]
    pub fn small(&mut self, expected: &'static str) -> Option<u16> {
        let at = self.at();
        let number = self.unsigned(expected)?;
        u16::try_from(number).ok().or_else(|| {
            self.note_at(at, Reason::OutOfRange);
            None
        })
    }

    /// Whether the value here is a number without fraction and exponent.
    pub fn is_whole(&self) -> bool {
        let rest = self.text.as_bytes().get(self.at()..).unwrap_or_default();
        let rest = rest.strip_prefix(b"-").unwrap_or(rest);
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        digits > 0 && !matches!(rest.get(digits), Some(b'.' | b'e' | b'E'))
    }

    /// Which of these fields the object here has, without moving on.
    pub fn glance_all<const N: usize>(&mut self, names: [&str; N]) -> [bool; N] {
        let mut has = [false; N];
        if self.peek() == b'{' {
            let start = self.at();
            let _ = self.scan.object(|scan, key| {
                for (name, has) in names.iter().zip(&mut has) {
                    *has |= key == name.as_bytes();
                }
                scan.skip()
            });
            self.seek(start);
        }
        has
    }

    /// A field's value in the object here, by its name, without moving on; the last one if it is there twice.
    ///
    /// What the choice between several kinds of objects is made by.
    pub fn glance<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        if self.peek() != b'{' {
            return None;
        }
        let start = self.at();
        let mut found = None;
        let _ = self.scan.object(|scan, key| {
            if key == name.as_bytes() {
                found = Some(scan.at());
            }
            scan.skip()
        });
        let value = found.and_then(|at| {
            self.scan.seek(at);
            let notes = self.notes();
            let value = read(self);
            // They are made again when the object is read.
            self.forget(notes);
            value
        });
        self.seek(start);
        value
    }
}

/// Fields of the object that the reader is in.
#[derive(Debug)]
pub struct Fields {
    is_first: bool,
}

impl Fields {
    /// Name of the next field, with the reader at its value; `None` behind the object's end.
    #[inline]
    pub fn next<'a>(&mut self, from: &mut Reader<'a>) -> Option<Cow<'a, str>> {
        let is_first = std::mem::replace(&mut self.is_first, false);
        from.go_on(is_first, b'}')?;
        let name = from.text_of_key()?;
        let step = from.scan.colon();
        from.step(step)?;
        Some(name)
    }
}

/// Items of the list that the reader is in.
#[derive(Debug)]
pub struct Items {
    is_first: bool,
}

impl Items {
    /// Whether there is another item, with the reader at it; if not, it is behind the list's end.
    #[inline]
    pub fn next(&mut self, from: &mut Reader<'_>) -> bool {
        let is_first = std::mem::replace(&mut self.is_first, false);
        from.go_on(is_first, b']').is_some()
    }
}

impl<'a> Reader<'a> {
    /// Goes to the next part of an object or a list, or behind its end.
    #[inline]
    fn go_on(&mut self, is_first: bool, end: u8) -> Option<()> {
        self.scan.space();
        let next = self.peek();
        if next == end {
            let _ = self.scan.next();
            self.depth -= 1;
            return None;
        }
        if is_first {
            return Some(());
        }
        if next != b',' {
            return self.breaks();
        }
        let _ = self.scan.next();
        self.scan.space();
        Some(())
    }

    #[inline]
    fn text_of_key(&mut self) -> Option<Cow<'a, str>> {
        if self.peek() == b'"' {
            self.quoted()
        } else {
            self.breaks()
        }
    }
}

#[cfg(test)]
mod tests;
