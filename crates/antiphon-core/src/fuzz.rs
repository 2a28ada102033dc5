//! Entries of the fuzzers: any bytes are taken, and a panic tells of a promise that does not hold.
//!
//! Compiled for tests and by cargo-fuzz (`fuzz/`) alone. The corpora of `fuzz/corpus` go through them as tests.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    Cursor, Gap, Scan,
    lenient::{Raw, Reader},
    read_json, read_utf8, unescape_html,
};

/// Deepest nesting that both readers follow.
const DEEP: usize = 100;

/// The deepest nesting of brackets, those in texts counted too.
fn depth(data: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in data {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Takes a text for an object by the scanner and by `serde_json`, which must agree, and for a lenient value.
pub fn json(data: &[u8]) {
    let Ok(text) = read_utf8(data) else {
        assert!(std::str::from_utf8(data).is_err(), "UTF-8 was refused");
        return;
    };
    let mut scan = Scan::new(data);
    let is_object = scan.document(|scan, _| scan.skip()).is_ok();
    if depth(data) < DEEP {
        let is_json = serde_json::from_str::<&RawValue>(text).is_ok();
        let begins = text
            .trim_start_matches([' ', '\t', '\r', '\n'])
            .starts_with('{');
        assert_eq!(is_object, is_json && begins, "{text}");
        assert_eq!(read_json::<&RawValue>(data).is_ok(), is_json, "{text}");
        if is_json {
            lenient(text);
        }
    }
}

/// Reads JSON as every type, and finds its parts by their paths.
fn lenient(text: &str) {
    let mut reader = Reader::new(text);
    reader.skip();
    assert_eq!(
        reader.finish().map(|repairs| repairs.len()),
        Some(0),
        "{text}"
    );
    for read in [
        |reader: &mut Reader<'_>| drop(reader.string()),
        |reader: &mut Reader<'_>| _ = reader.integer(),
        |reader: &mut Reader<'_>| _ = reader.unsigned("a number"),
        |reader: &mut Reader<'_>| _ = reader.float(),
        |reader: &mut Reader<'_>| _ = reader.boolean(),
        |reader: &mut Reader<'_>| _ = reader.time(),
        |reader: &mut Reader<'_>| drop(reader.json()),
    ] {
        let mut reader = Reader::new(text);
        read(&mut reader);
        drop(reader.finish());
    }
    let raw = Raw::new(Bytes::copy_from_slice(text.as_bytes()));
    for path in ["", "/", "/id", "/a/0", "/0"] {
        if let Some(part) = raw.pointer(path) {
            assert!(
                serde_json::from_slice::<&RawValue>(part.as_bytes()).is_ok(),
                "{text}"
            );
        }
    }
}

/// Takes a text for HTML: nothing grows, and a text without entities stays as it is.
pub fn html(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let plain = unescape_html(&text);
    assert!(plain.len() <= text.len(), "{text}");
    assert!(text.contains('&') || plain == text, "{text}");
}

/// Takes bytes for a value of the journal, which is written and read again.
fn kept<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(data: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<T>(data) {
        let written = serde_json::to_vec(&value).expect("plain data");
        let again: T = serde_json::from_slice(&written).expect("what was written");
        assert_eq!(again, value);
    }
}

/// Takes bytes for what a journal keeps of consumers and sources.
pub fn states(data: &[u8]) {
    kept::<Cursor>(data);
    kept::<Gap>(data);
    if let Ok(cursor) = serde_json::from_slice::<Cursor>(data) {
        let _ = cursor.needs();
    }
}
