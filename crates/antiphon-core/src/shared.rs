//! Small values that the processes of a bot share through the journal's store.
//!
//! They are for what has to be counted together: rate limits, budgets, who is there. They are no part of the journal:
//! neither ordered with events nor exported, and a value that was lost is made anew.

use std::{fmt, time::Duration};

use bytes::Bytes;

use crate::{AppendError, BoxFuture, ReadError};

/// Most bytes of a value.
const MOST_BYTES: usize = 64 << 10;
/// Most bytes of a name.
const MOST_NAME: usize = 200;

/// Named values that the processes of a bot share; each has a revision, and ends by itself.
///
/// A name is made of parts of letters, digits, `-` and `_` that are separated by dots: `discord.choir.global`. It has at
/// most 200 bytes, and a value at most 64 KiB; others are refused with an error.
///
/// Whether a value has ended is told by the clock of the store, or of the machine, where it has none.
pub trait SharedValues: fmt::Debug + Send + Sync + 'static {
    /// The value of a name; `None` if there is none, or if it has ended.
    ///
    /// # Errors
    /// [`ReadError`] if the store cannot be reached.
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<SharedValue>, ReadError>>;

    /// Stores a value for the time `keep`, if nobody has done so since `expected`; gives its revision, and `None` if
    /// somebody else was faster.
    ///
    /// `expected` is the revision of the value that it replaces, and `None` where there is none.
    ///
    /// # Errors
    /// [`AppendError`] if the store cannot be reached; the value may be stored then.
    fn put<'a>(
        &'a self,
        name: &'a str,
        value: Bytes,
        expected: Option<u64>,
        keep: Duration,
    ) -> BoxFuture<'a, Result<Option<u64>, AppendError>>;

    /// The names that have a value and begin so, in no order.
    ///
    /// # Errors
    /// [`ReadError`] if the store cannot be reached.
    fn names<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, ReadError>>;
}

/// A value, as somebody stored it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedValue {
    /// Number of this value; each value of a name has a greater one than the one before.
    pub revision: u64,
    /// The value itself.
    pub value: Bytes,
}

impl SharedValue {
    /// Says what is wrong with a name or with the length of a value; for backends.
    pub fn problem(name: &str, value: &[u8]) -> Option<String> {
        let is_part = |part: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            !part.is_empty() && part.bytes().all(fits)
        };
        if name.len() > MOST_NAME || !name.split('.').all(is_part) {
            return Some(format!(
                "`{}` is no name of a shared value",
                name.escape_debug()
            ));
        }
        (value.len() > MOST_BYTES).then(|| {
            let bytes = value.len();
            format!("a shared value has {bytes} bytes, and may have {MOST_BYTES}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_have_bounds() {
        for name in ["a", "discord.choir.global", "A-1._"] {
            assert_eq!(SharedValue::problem(name, b""), None, "{name}");
        }
        for name in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a b",
            "ä",
            "a/b",
            &"a".repeat(201),
        ] {
            assert!(SharedValue::problem(name, b"").is_some(), "{name}");
        }
        assert_eq!(SharedValue::problem("a", &vec![0; MOST_BYTES]), None);
        assert!(SharedValue::problem("a", &vec![0; MOST_BYTES + 1]).is_some());
    }
}
