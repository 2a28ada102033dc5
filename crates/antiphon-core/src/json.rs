//! Reading JSON from bytes.

use serde::{Deserialize, de::Error as _};

/// Reads a JSON document into `T`, which may borrow from the bytes.
///
/// The bytes are looked at once as UTF-8 and then read as text, which is quicker than a look at each text in them. Every
/// type is so read from one kind of input, and its decoder is compiled once: `serde_json::from_slice` beside
/// `serde_json::from_str` would compile it twice.
///
/// # Errors
/// The JSON library's, if the bytes are not JSON in UTF-8 ([RFC 8259 §8.1](https://www.rfc-editor.org/rfc/rfc8259#section-8.1))
/// or have another shape.
///
/// # Examples
///
/// ```
/// let names: Vec<&str> = antiphon_core::read_json(br#"["ada", "eve"]"#)?;
/// assert_eq!(names, ["ada", "eve"]);
/// assert!(antiphon_core::read_json::<String>(b"\"\xff\"").is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn read_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, serde_json::Error> {
    serde_json::from_str(std::str::from_utf8(bytes).map_err(serde_json::Error::custom)?)
}
