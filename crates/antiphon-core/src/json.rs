//! Reading JSON from bytes, and keeping parts of it.

use bytes::Bytes;
use serde::{Deserialize, de::Error as _};

/// Returns a part of a document for keeping: shared with the document if it is at least half of it, else copied.
///
/// A shared part keeps the whole document in memory, so that a small part of a large one would weigh more than its
/// length says.
///
/// # Panics
/// If `part` does not lie in `whole`.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
///
/// let answer = Bytes::from_static(br#"{"code":200,"message":"OK","data":null}"#);
/// let data = antiphon_core::keep_part(&answer, &answer[34..38]);
/// assert_eq!(&*data, b"null");
/// assert_ne!(data.as_ptr(), answer[34..].as_ptr(), "a copy of four bytes");
/// ```
pub fn keep_part(whole: &Bytes, part: &[u8]) -> Bytes {
    if part.len() < whole.len() / 2 {
        Bytes::copy_from_slice(part)
    } else {
        whole.slice_ref(part)
    }
}

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
    serde_json::from_str(read_utf8(bytes).map_err(serde_json::Error::custom)?)
}

/// The bytes are no UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not UTF-8")]
pub struct NotUtf8;

/// Reads bytes as text, with the processor's vector instructions where it has them.
///
/// # Errors
/// [`NotUtf8`], for bytes that are none ([RFC 3629](https://www.rfc-editor.org/rfc/rfc3629)).
///
/// # Examples
///
/// ```
/// use antiphon_core::{NotUtf8, read_utf8};
///
/// assert_eq!(read_utf8("nähe".as_bytes()), Ok("nähe"));
/// assert_eq!(read_utf8(&[0xff]), Err(NotUtf8));
/// ```
#[inline]
pub fn read_utf8(bytes: &[u8]) -> Result<&str, NotUtf8> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| NotUtf8)
}
