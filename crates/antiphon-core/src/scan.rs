//! A look at JSON that builds nothing: for what must be known of every frame before anybody reads it.
//!
//! It follows no nesting by recursion, and reads eight bytes at a time inside texts.
//!
//! A frame has to be told apart before its event is stored: operation, sequence, ids. Parsing it for that would cost
//! more than all the rest, and a body that nobody handles would be built for nothing.

use std::borrow::Cow;

/// Nesting that is followed strictly; parsers of bodies give up at this depth too.
const STRICT_DEPTH: u32 = 120;

/// The bytes are not JSON from here on.
///
/// It does not say where: the whole frame is kept as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson;

/// One step of a [`Scan`].
pub type Step<T> = Result<T, NotJson>;

/// A place in a JSON document, which moves on as values are read or passed over.
///
/// What it passes over is found to be JSON; texts may hold bytes that are no UTF-8.
///
/// ```
/// use antiphon_core::Scan;
///
/// let frame = br#"{"op": 0, "s": 42, "d": {"id": "7", "text": "amen"}}"#;
/// let (mut sequence, mut body) = (None, 0..0);
/// let mut scan = Scan::new(frame);
/// scan.document(|scan, key| {
///     match key {
///         b"s" => sequence = scan.number_or_skip()?,
///         b"d" => {
///             let start = scan.at();
///             scan.skip()?;
///             body = start..scan.at();
///         }
///         _ => scan.skip()?,
///     }
///     Ok(())
/// })
/// .expect("one JSON object");
/// assert_eq!(sequence, Some(42));
/// assert_eq!(&frame[body], br#"{"id": "7", "text": "amen"}"#);
/// assert!(Scan::new(b"[1]").document(|scan, _| scan.skip()).is_err());
/// ```
#[derive(Debug)]
pub struct Scan<'a> {
    bytes: &'a [u8],
    /// Index of the next byte; at most the length.
    at: usize,
    is_deep: bool,
}

impl<'a> Scan<'a> {
    /// At the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            is_deep: false,
        }
    }

    /// Where it is, as an index.
    #[inline]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Goes to another place, which must be one that it was at before.
    #[inline]
    pub(crate) fn seek(&mut self, at: usize) {
        self.at = at;
    }

    /// Whether something that it passed over is nested deeper than is followed strictly.
    pub fn is_deep(&self) -> bool {
        self.is_deep
    }

    /// Reads one object and nothing else, with `value` called at each value's first byte.
    ///
    /// # Errors
    /// [`NotJson`], also for JSON that is no object.
    pub fn document(&mut self, value: impl FnMut(&mut Self, &[u8]) -> Step<()>) -> Step<()> {
        self.space();
        self.object(value)?;
        self.space();
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(NotJson)
        }
    }

    /// Reads an object, with `value` called at each value's first byte.
    ///
    /// # Errors
    /// [`NotJson`], also for JSON that is no object.
    pub fn object(&mut self, mut value: impl FnMut(&mut Self, &[u8]) -> Step<()>) -> Step<()> {
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

    /// Reads a list, with `item` called at each item's first byte and given its index.
    ///
    /// # Errors
    /// [`NotJson`], also for JSON that is no list.
    pub fn list(&mut self, mut item: impl FnMut(&mut Self, usize) -> Step<()>) -> Step<()> {
        if self.next()? != b'[' {
            return Err(NotJson);
        }
        self.space();
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(());
        }
        for index in 0.. {
            item(self, index)?;
            self.space();
            match self.next()? {
                b',' => self.space(),
                b']' => break,
                _ => return Err(NotJson),
            }
        }
        Ok(())
    }

    /// A whole number that is not negative, or any other value as `None`.
    ///
    /// # Errors
    /// [`NotJson`] if it breaks off or breaks the rules.
    pub fn number_or_skip(&mut self) -> Step<Option<u64>> {
        if !self.peek()?.is_ascii_digit() {
            self.skip()?;
            return Ok(None);
        }
        let start = self.at;
        self.number()?;
        Ok(digits(&self.bytes[start..self.at]))
    }

    /// An id, which is a text of digits and is also taken as a number, or any other value as `None`.
    ///
    /// # Errors
    /// [`NotJson`] if it breaks off or breaks the rules.
    pub fn id_or_skip(&mut self) -> Step<Option<u64>> {
        if self.peek()? != b'"' {
            return self.number_or_skip();
        }
        let start = self.at + 1;
        self.string()?;
        Ok(digits(&self.bytes[start..self.at - 1]))
    }

    /// A text, or any other value as `None`.
    ///
    /// # Errors
    /// [`NotJson`] if it breaks off or breaks the rules.
    pub fn text_or_skip(&mut self) -> Step<Option<Cow<'a, str>>> {
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
    ///
    /// # Errors
    /// [`NotJson`] if it breaks off or breaks the rules.
    #[inline]
    pub fn skip(&mut self) -> Step<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'0'..=b'9' | b'-' => self.number(),
            _ => self.skip_nested(),
        }
    }

    /// One bit of state for each level, and no recursion: 120 levels are followed strictly, and deeper ones by counting
    /// brackets.
    fn skip_nested(&mut self) -> Step<()> {
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
    pub(crate) fn string(&mut self) -> Step<bool> {
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

    /// Halves of characters are let pass: the text as a whole may be kept as it came.
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

    pub(crate) fn number(&mut self) -> Step<()> {
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
        let rest = &self.bytes[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count > 0 { Ok(()) } else { Err(NotJson) }
    }

    pub(crate) fn literal(&mut self, word: &[u8]) -> Step<()> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(NotJson);
        }
        self.at += word.len();
        Ok(())
    }

    #[inline]
    pub(crate) fn colon(&mut self) -> Step<()> {
        self.space();
        if self.next()? != b':' {
            return Err(NotJson);
        }
        self.space();
        Ok(())
    }

    #[inline]
    pub(crate) fn space(&mut self) {
        // Platforms send none.
        if self.bytes.get(self.at).is_some_and(|byte| *byte > b' ') {
            return;
        }
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    #[inline]
    /// The byte here.
    ///
    /// # Errors
    /// [`NotJson`] at the end.
    pub fn peek(&self) -> Step<u8> {
        self.bytes.get(self.at).copied().ok_or(NotJson)
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Step<u8> {
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
    // A byte below the limit borrows into its highest bit; bytes that have that bit themselves end nothing.
    let control = word.wrapping_sub(ONES * 0x20);
    let quote = (word ^ (ONES * u64::from(b'"'))).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
    (control | quote | backslash) & !word & HIGH
}

/// A number of digits alone that fits.
pub(crate) fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut number = 0_u64;
    // Nineteen digits always fit.
    if text.len() < 20 {
        for byte in text {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            number = number * 10 + u64::from(digit);
        }
        return Some(number);
    }
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
pub(crate) fn unescaped(text: &[u8]) -> Option<String> {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    quoted.push(b'"');
    quoted.extend_from_slice(text);
    quoted.push(b'"');
    crate::json::read_json(&quoted).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_to_their_bounds_and_passed_over_beyond() {
        for (json, number) in [
            ("0", Some(0)),
            ("9999999999999999999", Some(9_999_999_999_999_999_999)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("-1", None),
            ("1.5", None),
            ("[7]", None),
        ] {
            let mut scan = Scan::new(json.as_bytes());
            assert_eq!(scan.number_or_skip(), Ok(number), "{json}");
            assert_eq!(scan.at(), json.len(), "{json}");
        }
    }

    #[test]
    fn the_end_of_a_run_of_plain_text_is_found_at_every_place() {
        for byte in 0..=u8::MAX {
            let ends = byte < 0x20 || byte == b'"' || byte == b'\\';
            for filler in [b' ', b'a', 0x7f, 0x80, 0xc3, 0xff] {
                for at in 0..8 {
                    let mut word = [filler; 8];
                    word[at] = byte;
                    let bits = remarkable(u64::from_le_bytes(word));
                    assert_eq!(bits != 0, ends, "{byte:#x} at {at} in {filler:#x}");
                    let found = bits.trailing_zeros() as usize / 8;
                    assert!(!ends || found == at, "{byte:#x} at {at} in {filler:#x}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_json_is_told() {
        for broken in ["", "-", "01x", "tru", "{\"a\":}", "[1,]", "\"a"] {
            let mut scan = Scan::new(broken.as_bytes());
            let passed = scan.skip().is_ok() && scan.at() == broken.len();
            assert!(!passed, "{broken}");
        }
        for other in ["[]", "{} {}", "7"] {
            let read = Scan::new(other.as_bytes()).document(|scan, _| scan.skip());
            assert_eq!(read, Err(NotJson), "{other}");
        }
    }
}
