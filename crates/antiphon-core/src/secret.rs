//! Credentials that do not show themselves.
//!
//! A secret is wrapped where it enters the program and unwrapped where it is sent, so that a debug output of anything
//! in between shows nothing. Memory is not wiped: that would promise more than a language with moves can keep.

use std::fmt;

/// A password, token or cookie.
///
/// It shows as `<redacted>` wherever it is printed, and is compared and hashed by nobody.
///
/// ```
/// use antiphon_core::Secret;
///
/// let token = Secret::new("s3cr3t");
/// assert_eq!(format!("{token:?}"), "<redacted>");
/// assert_eq!(token.expose(), "s3cr3t");
/// ```
#[derive(Clone, Default)]
pub struct Secret(Box<str>);

impl Secret {
    /// Wraps the text.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, at the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_itself() {
        let secret = Secret::new("canary-7f3a");
        let printed = format!("{secret} {secret:?} {:?} {:#?}", Some(&secret), [&secret]);
        assert!(!printed.contains("canary"));
        assert_eq!(secret.expose(), "canary-7f3a");
    }
}
