//! Values that are kept as they are written.
//!
//! [`Json`] owns its text, for fields of payloads whose shape is the sender's own; [`Raw`] shares the document's bytes,
//! for looking things up. Both find values by JSON pointers ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) in one
//! pass and build nothing.

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::scan::Scan;

/// A JSON value, kept as it was written.
///
/// It is written back the same, byte for byte; two are equal if they are written the same.
///
/// ```
/// use antiphon_core::lenient::Json;
///
/// let options: Json = Json::from(&serde_json::json!({"volume": 7, "song": {"name": "Aubade"}}));
/// assert_eq!(options.pointer("/song/name"), Some("\"Aubade\""));
/// assert_eq!(options.parse::<serde_json::Value>()?["volume"], 7);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Box<str>);

impl Json {
    /// The text is known to be one value.
    pub(super) fn of(text: &str) -> Self {
        Self(text.into())
    }

    /// The value as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads it into `T`.
    ///
    /// # Errors
    /// The JSON library's, if it has another shape.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// A value inside, by a JSON pointer such as `/options/0/value`, as it is written.
    pub fn pointer(&self, path: &str) -> Option<&str> {
        self.0.get(pointer(self.0.as_bytes(), path)?)
    }
}

impl Default for Json {
    /// Null.
    fn default() -> Self {
        Self::of("null")
    }
}

impl std::fmt::Debug for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        Self(value.to_string().into())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // A copy, since the library owns what it writes as it is.
        match RawValue::from_string(self.0.to_string()) {
            Ok(raw) => raw.serialize(to),
            Err(error) => Err(serde::ser::Error::custom(error)),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(from).map(|value| Self::from(&value))
    }
}

/// A JSON document, or a value inside one, as it was sent: it shares the document's bytes.
///
/// ```
/// use antiphon_core::lenient::Raw;
///
/// let body = Raw::new(br#"{"mentions": [{"id": "7", "new_field": true}]}"#.to_vec().into());
/// // A field that no type knows yet.
/// let field = body.pointer("/mentions/0/new_field").ok_or("it is not there")?;
/// assert!(field.decode::<bool>()?);
/// assert!(body.pointer("/mentions/1").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Raw(Bytes);

impl Raw {
    /// The whole document.
    pub fn new(document: Bytes) -> Self {
        Self(document)
    }

    /// The bytes as they were sent.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// A value inside, by a JSON pointer such as `/mentions/0/avatar`; the empty one is the whole document.
    ///
    /// It goes over the document up to the value, and builds nothing.
    #[must_use]
    pub fn pointer(&self, path: &str) -> Option<Self> {
        let value = pointer(&self.0, path)?;
        Some(Self(self.0.slice(value)))
    }

    /// Reads it into `T`.
    ///
    /// # Errors
    /// The JSON library's, if it has another shape.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        crate::json::read_json(&self.0)
    }
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// Where a value lies inside a document, by a JSON pointer.
fn pointer(document: &[u8], path: &str) -> Option<Range<usize>> {
    let mut scan = Scan::new(document);
    scan.space();
    let start = scan.at();
    scan.skip().ok()?;
    let mut value = start..scan.at();
    let mut parts = path.split('/');
    if !parts.next()?.is_empty() {
        return None;
    }
    for part in parts {
        let part = part.replace("~1", "/").replace("~0", "~");
        let found = inside(document.get(value.clone())?, &part)?;
        value = value.start + found.start..value.start + found.end;
    }
    Some(value)
}

fn inside(value: &[u8], part: &str) -> Option<Range<usize>> {
    let mut scan = Scan::new(value);
    let mut found = None;
    let mut take = |scan: &mut Scan<'_>, is_it: bool| {
        let start = scan.at();
        scan.skip()?;
        if is_it {
            found = Some(start..scan.at());
        }
        Ok(())
    };
    match scan.peek().ok()? {
        b'{' => scan.object(|scan, key| take(scan, key == part.as_bytes())),
        b'[' => {
            let wanted: usize = part.parse().ok()?;
            scan.list(|scan, index| take(scan, index == wanted))
        }
        _ => return None,
    }
    .ok()?;
    found
}

/// A text with its escapes resolved, and replacement characters for halves of characters.
pub(super) fn unescaped_lossily(text: &str) -> String {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        resolved.push_str(&rest[..at]);
        let escape = &rest[at..];
        // A pair of halves is resolved together, if it is one.
        let whole = [12, 6, 2].into_iter().find_map(|length| {
            let part = escape.get(..length)?;
            let quoted = format!("\"{part}\"");
            Some((serde_json::from_str::<String>(&quoted).ok()?, length))
        });
        let (read, length) = whole.unwrap_or_else(|| ('\u{fffd}'.to_string(), 6.min(escape.len())));
        resolved.push_str(&read);
        rest = rest.get(at + length..).unwrap_or_default();
    }
    resolved.push_str(rest);
    resolved
}
