//! Reads some fields of an object and passes over the others, eight bytes at a time.
//!
//! Skipped values are not checked: a frame of the Gateway is checked when it comes.

use std::borrow::Cow;

use twilight_model::id::Id;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Error for a body that breaks off or is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// One value, as it was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a>(&'a [u8]);

/// A field's name and its value.
pub(super) type Field<'a> = (Cow<'a, [u8]>, Value<'a>);

/// The fields of an object, in their order.
pub(super) struct Fields<'a>(Scan<'a>);

/// The items of a list, in their order.
pub(super) struct Items<'a>(Scan<'a>);

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    is_over: bool,
}

impl<'a> Value<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self(body.trim_ascii_start())
    }

    /// An id, as a text of digits or a number.
    pub(super) fn id<M>(self) -> Option<Id<M>> {
        self.int().and_then(Id::new_checked)
    }

    /// A number that is whole and not negative, also in a text.
    pub(super) fn int(self) -> Option<u64> {
        let quoted = self.0.strip_prefix(b"\"");
        number(match quoted.and_then(|digits| digits.strip_suffix(b"\"")) {
            Some(digits) => digits,
            None => self.0,
        })
    }

    pub(super) fn flag(self) -> bool {
        self.0 == b"true"
    }

    pub(super) fn maybe_flag(self) -> Option<bool> {
        match self.0 {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// A text without its escapes.
    pub(super) fn maybe_text(self) -> Option<Cow<'a, str>> {
        let [b'"', text @ .., b'"'] = self.0 else {
            return None;
        };
        if text.contains(&b'\\') {
            return serde_json::from_slice(self.0).ok().map(Cow::Owned);
        }
        std::str::from_utf8(text).ok().map(Cow::Borrowed)
    }

    /// A text without its escapes; empty where there is none.
    pub(super) fn text(self) -> Cow<'a, str> {
        self.maybe_text().unwrap_or_default()
    }

    /// Ids in a list; other items are left out.
    pub(super) fn ids<M>(self) -> Vec<Id<M>> {
        let items = self.items().into_iter().flatten();
        items.filter_map(Value::id).collect()
    }

    /// The `id`s of the objects in a list.
    pub(super) fn ids_of<M>(self) -> Vec<Id<M>> {
        let items = self.items().into_iter().flatten();
        items.filter_map(|item| item.field(b"id")?.id()).collect()
    }

    /// One field of an object.
    fn field(self, name: &[u8]) -> Option<Value<'a>> {
        let mut fields = self.fields()?;
        while let Ok(Some((key, value))) = fields.next() {
            if *key == *name {
                return Some(value);
            }
        }
        None
    }

    /// The fields, if it is an object.
    pub(super) fn fields(self) -> Option<Fields<'a>> {
        (self.0.first() == Some(&b'{')).then(|| Fields(Scan::inside(self.0)))
    }

    /// The items, if it is a list.
    pub(super) fn items(self) -> Option<Items<'a>> {
        (self.0.first() == Some(&b'[')).then(|| Items(Scan::inside(self.0)))
    }
}

impl<'a> Fields<'a> {
    /// The next field's name and value; `None` after the last.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "what it gives is as large as a cache line, and would go through memory: a third of a view's time"
    )]
    pub(super) fn next(&mut self) -> Result<Option<Field<'a>>, Broken> {
        let scan = &mut self.0;
        if !scan.goes_on(b'}')? {
            return Ok(None);
        }
        let start = scan.at;
        if scan.peek()? != b'"' {
            return Err(Broken);
        }
        let is_plain = scan.string()?;
        let name = &scan.bytes[start + 1..scan.at - 1];
        let quoted = &scan.bytes[start..scan.at];
        scan.space();
        scan.take(b':')?;
        scan.space();
        let value = Value(scan.value()?);
        if is_plain {
            return Ok(Some((Cow::Borrowed(name), value)));
        }
        let name: String = serde_json::from_slice(quoted).map_err(|_| Broken)?;
        Ok(Some((Cow::Owned(name.into_bytes()), value)))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let scan = &mut self.0;
        let item = match scan.goes_on(b']') {
            Ok(true) => scan.value(),
            Ok(false) => return None,
            Err(broken) => Err(broken),
        };
        scan.is_over |= item.is_err();
        item.ok().map(Value)
    }
}

impl<'a> Scan<'a> {
    /// Begins behind an opening bracket.
    fn inside(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 1,
            is_over: false,
        }
    }

    /// Whether there is another item before the closing bracket; goes to it.
    #[inline]
    fn goes_on(&mut self, end: u8) -> Result<bool, Broken> {
        if self.is_over {
            return Ok(false);
        }
        let is_first = self.at == 1;
        self.space();
        let byte = self.peek()?;
        if byte == end {
            self.is_over = true;
            return Ok(false);
        }
        if !is_first {
            self.take(b',')?;
            self.space();
        }
        Ok(true)
    }

    /// Skips one value and returns its bytes.
    #[inline]
    fn value(&mut self) -> Result<&'a [u8], Broken> {
        let start = self.at;
        match self.peek()? {
            b'"' => {
                self.string()?;
            }
            b'{' | b'[' => self.nested()?,
            _ => {
                let rest = &self.bytes[start..];
                let is_end = |byte: &u8| {
                    matches!(byte, b',' | b'}' | b']' | b':') || byte.is_ascii_whitespace()
                };
                let length = rest.iter().position(is_end).ok_or(Broken)?;
                if length == 0 {
                    return Err(Broken);
                }
                self.at += length;
            }
        }
        Ok(&self.bytes[start..self.at])
    }

    /// Skips a text; returns whether it has no escapes.
    #[inline]
    fn string(&mut self) -> Result<bool, Broken> {
        self.at += 1;
        let mut is_plain = true;
        loop {
            while let Some(word) = self.bytes[self.at..].first_chunk::<8>() {
                let word = u64::from_le_bytes(*word);
                let found = equal(word, b'"') | equal(word, b'\\');
                if found != 0 {
                    self.at += found.trailing_zeros() as usize / 8;
                    break;
                }
                self.at += 8;
            }
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => return Ok(is_plain),
                // The escaped byte does not end the text; the digits of `\u` are skipped as plain text.
                b'\\' => {
                    is_plain = false;
                    self.peek()?;
                    self.at += 1;
                }
                _ => {}
            }
        }
    }

    /// Skips an object or list by counting brackets.
    fn nested(&mut self) -> Result<(), Broken> {
        let mut depth = 0_usize;
        loop {
            while let Some(word) = self.bytes[self.at..].first_chunk::<8>() {
                // `[` and `{` differ by one bit, and so do `]` and `}`.
                let word = u64::from_le_bytes(*word) | (ONES * 0x20);
                let found = equal(word, b'"') | equal(word, b'{') | equal(word, b'}');
                if found != 0 {
                    self.at += found.trailing_zeros() as usize / 8;
                    break;
                }
                self.at += 8;
            }
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return Ok(());
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    #[inline]
    fn space(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    #[inline]
    fn take(&mut self, byte: u8) -> Result<(), Broken> {
        if self.peek()? != byte {
            return Err(Broken);
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn peek(&self) -> Result<u8, Broken> {
        self.bytes.get(self.at).copied().ok_or(Broken)
    }
}

/// Marks the bytes of a word that are `byte`; only the lowest mark is exact, and only it is used.
#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    let word = word ^ (ONES * u64::from(byte));
    word.wrapping_sub(ONES) & !word & HIGH
}

/// Reads a number of digits alone that fits.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 20 {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        if !byte.is_ascii_digit() {
            return None;
        }
        number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
    use serde_json::json;
    use twilight_model::id::marker::GenericMarker;

    use super::*;

    #[test]
    fn fields_are_found_whatever_lies_between() {
        let body = br#" { "a" : {"id":"1","x":["]","}",{"y":"\"}"}]} , "id":"2","\u0074":"\u00e9","list":[{"id":3},7,{"id":"4"}] }"#;
        let body = Value::new(body);
        assert_eq!(
            body.field(b"id").and_then(Value::id::<GenericMarker>),
            Some(Id::new(2))
        );
        assert_eq!(body.field(b"t").expect("there").text(), "é");
        let ids: Vec<Id<GenericMarker>> = body.field(b"list").expect("there").ids_of();
        assert_eq!(ids, [Id::new(3), Id::new(4)]);
    }

    #[test]
    fn what_breaks_off_is_broken() {
        for body in [
            "{",
            r#"{"a""#,
            r#"{"a":"#,
            r#"{"a":"b"#,
            r#"{"a":{"b":1}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a\"#,
        ] {
            let mut fields = Value::new(body.as_bytes())
                .fields()
                .expect("it begins as one");
            let end = loop {
                match fields.next() {
                    Ok(Some(_)) => {}
                    end => break end.map(|_| ()),
                }
            };
            assert_eq!(end, Err(Broken), "{body}");
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<u64>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            ".{0,20}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
                proptest::collection::btree_map(".{0,8}", inner, 0..6).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_json_library(object in proptest::collection::btree_map(".{0,12}", any_json(), 0..8), pretty: bool) {
            let text = if pretty {
                serde_json::to_string_pretty(&object)
            } else {
                serde_json::to_string(&object)
            };
            let text = text.expect("JSON");
            let mut fields = Value::new(text.as_bytes()).fields().expect("an object");
            let mut seen = std::collections::BTreeMap::new();
            while let Some((key, value)) = fields.next().expect("whole") {
                let value: serde_json::Value = serde_json::from_slice(value.0).expect("a value");
                seen.insert(String::from_utf8(key.into_owned()).expect("a text"), value);
            }
            assert_eq!(seen, object);
        }

        #[test]
        fn any_bytes_are_survived(body in proptest::collection::vec(any::<u8>(), 0..100)) {
            let body = [b"{", &*body].concat();
            let mut fields = Value::new(&body).fields().expect("it begins as one");
            while let Ok(Some((_, value))) = fields.next() {
                let _ = (value.int(), value.maybe_text(), value.ids_of::<GenericMarker>());
            }
        }
    }
}
