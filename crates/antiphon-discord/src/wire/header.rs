//! What a frame is, and where: operation, sequence, name, ids and the bytes of `d`, in one pass whatever the order of
//! its keys (protocol §1.1).
//!
//! The pass also checks that the frame is JSON, so that a body's form is known without a second look.
//! It builds nothing, follows no nesting by recursion, and reads eight bytes at a time inside texts.

use std::{borrow::Cow, ops::Range};

use antiphon_core::BodyForm;

/// Nesting that is followed strictly; parsers of bodies give up at this depth too.
const STRICT_DEPTH: u32 = 120;

/// Ids at the top of `d`, as numbers whether they were sent as texts or not; what the event's place is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) id: Option<u64>,
    pub(crate) guild: Option<u64>,
    pub(crate) channel: Option<u64>,
    pub(crate) parent: Option<u64>,
}

/// A frame's envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    /// What kind of frame it is; `None` where there is no such number.
    pub(crate) op: Option<u64>,
    /// Sequence of a dispatch.
    pub(crate) seq: Option<u64>,
    /// Name of a dispatch.
    pub(crate) name: Option<Cow<'a, str>>,
    /// Where `d` lies in the frame; in a broken frame up to its end.
    pub(crate) data: Option<Range<usize>>,
    /// What the bytes of `d` are.
    pub(crate) form: BodyForm,
    /// Ids in `d`.
    pub(crate) ids: Ids,
    /// Whether the frame is one JSON object and nothing else.
    pub(crate) is_whole: bool,
}

impl<'a> Header<'a> {
    /// Reads a frame as far as it can be read; never fails, whatever the bytes are.
    pub(crate) fn read(frame: &'a [u8]) -> Self {
        let mut scan = Scan {
            bytes: frame,
            at: 0,
            is_deep: false,
        };
        let mut header = Self {
            op: None,
            seq: None,
            name: None,
            data: None,
            form: BodyForm::Json,
            ids: Ids::default(),
            is_whole: true,
        };
        if scan.envelope(&mut header).is_err() {
            header.is_whole = false;
        }
        if let Some(data) = &header.data
            && (data.is_empty() || scan.is_deep)
        {
            // It broke off inside, or is nested deeper than anyone reads.
            let data = data.start..if data.is_empty() {
                frame.len()
            } else {
                data.end
            };
            let is_text = std::str::from_utf8(&frame[data.clone()]).is_ok();
            header.form = if is_text {
                BodyForm::Text
            } else {
                BodyForm::Binary
            };
            header.data = Some(data);
        }
        header
    }
}

/// The bytes are not JSON from here on.
struct NotJson;

type Step<T> = Result<T, NotJson>;

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    is_deep: bool,
}

impl<'a> Scan<'a> {
    fn envelope(&mut self, header: &mut Header<'a>) -> Step<()> {
        self.space();
        self.object(|scan, key| {
            match key {
                b"op" => header.op = scan.number_or_skip()?,
                b"s" => header.seq = scan.number_or_skip()?,
                b"t" => header.name = scan.text_or_skip()?,
                b"d" => {
                    let start = scan.at;
                    // Empty until its end is known.
                    header.data = Some(start..start);
                    header.ids = scan.data()?;
                    header.data = Some(start..scan.at);
                }
                _ => scan.skip()?,
            }
            Ok(())
        })?;
        self.space();
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(NotJson)
        }
    }

    /// Reads `d`, and the ids in it where it is an object.
    fn data(&mut self) -> Step<Ids> {
        let mut ids = Ids::default();
        if self.peek()? != b'{' {
            self.skip()?;
            return Ok(ids);
        }
        self.object(|scan, key| {
            match key {
                b"id" => ids.id = scan.id_or_skip()?,
                b"guild_id" => ids.guild = scan.id_or_skip()?,
                b"channel_id" => ids.channel = scan.id_or_skip()?,
                b"parent_id" => ids.parent = scan.id_or_skip()?,
                _ => scan.skip()?,
            }
            Ok(())
        })?;
        Ok(ids)
    }

    /// Reads an object, with `value` called at each value's first byte.
    fn object(&mut self, mut value: impl FnMut(&mut Self, &[u8]) -> Step<()>) -> Step<()> {
        if self.next()? != b'{' {
            return Err(NotJson);
        }
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            let start = self.at + 1;
            let is_plain = self.string()?;
            let key = &self.bytes[start..self.at - 1];
            self.colon()?;
            if is_plain {
                value(self, key)?;
            } else {
                // A key that cannot be resolved is none that we know.
                let key = unescaped(key).unwrap_or_default();
                value(self, key.as_bytes())?;
            }
            self.space();
            match self.next()? {
                b',' => self.space(),
                b'}' => return Ok(()),
                _ => return Err(NotJson),
            }
        }
    }

    /// A whole number that is not negative, or any other value as `None`.
    fn number_or_skip(&mut self) -> Step<Option<u64>> {
        let start = self.at;
        let is_number = self.peek()?.is_ascii_digit();
        self.skip()?;
        Ok(if is_number {
            digits(&self.bytes[start..self.at])
        } else {
            None
        })
    }

    /// An id, which is a text of digits and is also taken as a number, or any other value as `None`.
    fn id_or_skip(&mut self) -> Step<Option<u64>> {
        if self.peek()? != b'"' {
            return self.number_or_skip();
        }
        let start = self.at + 1;
        self.string()?;
        Ok(digits(&self.bytes[start..self.at - 1]))
    }

    /// A text, or any other value as `None`.
    fn text_or_skip(&mut self) -> Step<Option<Cow<'a, str>>> {
        if self.peek()? != b'"' {
            self.skip()?;
            return Ok(None);
        }
        let start = self.at + 1;
        let is_plain = self.string()?;
        let text = &self.bytes[start..self.at - 1];
        Ok(if is_plain {
            std::str::from_utf8(text).ok().map(Cow::Borrowed)
        } else {
            unescaped(text).map(Cow::Owned)
        })
    }

    /// Passes over one value.
    fn skip(&mut self) -> Step<()> {
        // One bit for each level that is open: whether it is an object.
        let mut levels: u128 = 0;
        let mut depth = 0;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                open @ (b'{' | b'[') => {
                    let is_object = open == b'{';
                    self.at += 1;
                    self.space();
                    if self.peek()? == if is_object { b'}' } else { b']' } {
                        self.at += 1;
                    } else if depth == STRICT_DEPTH {
                        self.deep()?;
                    } else {
                        levels = levels << 1 | u128::from(is_object);
                        depth += 1;
                        if is_object {
                            self.string()?;
                            self.colon()?;
                        }
                        continue;
                    }
                }
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                _ => self.number()?,
            }
            loop {
                if depth == 0 {
                    return Ok(());
                }
                self.space();
                let is_object = levels & 1 == 1;
                match self.next()? {
                    b',' => {
                        self.space();
                        if is_object {
                            self.string()?;
                            self.colon()?;
                        }
                        break;
                    }
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return Err(NotJson),
                }
                levels >>= 1;
                depth -= 1;
            }
        }
    }

    /// Passes over what is nested too deeply, by counting brackets; the opening one is behind us.
    fn deep(&mut self) -> Step<()> {
        self.is_deep = true;
        let mut depth = 1_usize;
        while depth > 0 {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Passes over a text and its quotes; says whether it has no escapes.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "a frame has a hundred short texts, and the call costs as much as most of them"
    )]
    fn string(&mut self) -> Step<bool> {
        if self.next()? != b'"' {
            return Err(NotJson);
        }
        let mut is_plain = true;
        loop {
            while let Some(word) = self.bytes[self.at..].first_chunk::<8>() {
                let found = remarkable(u64::from_le_bytes(*word));
                if found != 0 {
                    self.at += found.trailing_zeros() as usize / 8;
                    break;
                }
                self.at += 8;
            }
            match self.next()? {
                b'"' => return Ok(is_plain),
                b'\\' => {
                    is_plain = false;
                    self.escape()?;
                }
                0..0x20 => return Err(NotJson),
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Step<()> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => {
                let digits = self.bytes.get(self.at..self.at + 4).ok_or(NotJson)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(NotJson);
                }
                self.at += 4;
                Ok(())
            }
            _ => Err(NotJson),
        }
    }

    fn number(&mut self) -> Step<()> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        if self.peek()? == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Step<()> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            Err(NotJson)
        }
    }

    fn literal(&mut self, word: &[u8]) -> Step<()> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(NotJson);
        }
        self.at += word.len();
        Ok(())
    }

    fn colon(&mut self) -> Step<()> {
        self.space();
        if self.next()? != b':' {
            return Err(NotJson);
        }
        self.space();
        Ok(())
    }

    #[inline]
    fn space(&mut self) {
        // Discord sends none.
        if self.bytes.get(self.at).is_some_and(|byte| *byte > b' ') {
            return;
        }
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    #[inline]
    fn peek(&self) -> Step<u8> {
        self.bytes.get(self.at).copied().ok_or(NotJson)
    }

    #[inline]
    fn next(&mut self) -> Step<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }
}

/// Marks the bytes of a word that end a run of plain text: quotes, backslashes and control characters.
///
/// Only the lowest mark is exact, which is all that is asked for.
#[inline]
fn remarkable(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    let quote = below(word ^ (ONES * u64::from(b'"')), 1);
    let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
    (below(word, 0x20) | quote | backslash) & HIGH
}

/// A number of digits alone that fits.
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut number = 0_u64;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number
            .checked_mul(10)?
            .checked_add(u64::from(byte - b'0'))?;
    }
    Some(number)
}

/// A text with its escapes resolved; rare enough to be left to the JSON library.
fn unescaped(text: &[u8]) -> Option<String> {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    quoted.push(b'"');
    quoted.extend_from_slice(text);
    quoted.push(b'"');
    serde_json::from_slice(&quoted).ok()
}

#[cfg(test)]
mod tests;
