//! Reasons for a guild's audit log (`X-Audit-Log-Reason`, protocol §13).
//!
//! A header holds ASCII, so every other byte is percent-encoded; the limit counts the characters of the reason itself
//! ([Discord's page](https://discord.com/developers/docs/resources/audit-log)).

use std::fmt::Write as _;

use http::{HeaderName, HeaderValue};

use crate::error::RequestError;

pub(super) const HEADER: HeaderName = HeaderName::from_static("x-audit-log-reason");
/// Longest reason that Discord accepts, in characters.
const LONGEST: usize = 512;

/// Encodes a reason for the header: percent-encoded UTF-8.
pub(super) fn encoded(reason: &str) -> Result<HeaderValue, RequestError> {
    let length = reason.chars().count();
    if length > LONGEST {
        let why = format!("a reason has at most {LONGEST} characters, this one {length}");
        return Err(RequestError::Invalid(why.into()));
    }
    let mut text = String::with_capacity(reason.len());
    for byte in reason.bytes() {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    HeaderValue::try_from(text).map_err(|error| RequestError::Invalid(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_may_hold_any_letter() {
        let value = encoded("Spam\r\nX: é & ☕").expect("short enough");
        assert_eq!(value, "Spam%0D%0AX%3A%20%C3%A9%20%26%20%E2%98%95");
    }

    #[test]
    fn a_reason_that_discord_would_refuse_is_refused() {
        assert!(encoded(&"é".repeat(512)).is_ok());
        assert!(encoded(&"é".repeat(513)).is_err());
    }
}
