//! The error shapes that more than one crate returns.
//!
//! Errors here follow three rules that hold in every crate: a message is one sentence in lower case and does not repeat
//! its cause, the cause is the `source()`, and no message holds a secret or a value from outside that may be one.

use std::{error::Error, fmt};

use serde_json::error::Category;
use tokio::sync::watch;

use crate::{LinkState, SourceError, SourceName, StopCode};

/// Any error, boxed: what a `source()` is made of where the cause's type is not ours to name.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A stored body could not be read as the payload asked for.
///
/// It is permanent: the bytes will not change, so decoding is never tried again by itself.
///
/// A typed handler whose payload fails to decode makes a dead letter; raw handlers of the same event still run.
///
/// ```
/// use antiphon_core::{DecodeError, error_chain};
///
/// let error = DecodeError::new("queup.chat-message", "Chat", "`message` is missing");
/// assert_eq!((error.kind(), error.target()), ("queup.chat-message", "Chat"));
/// assert_eq!(
///     error_chain(&error),
///     "`queup.chat-message` could not be decoded as Chat: `message` is missing",
/// );
/// ```
#[derive(Debug, thiserror::Error)]
#[error("`{kind}` could not be decoded as {target}")]
pub struct DecodeError {
    kind: String,
    target: &'static str,
    #[source]
    source: BoxError,
}

impl DecodeError {
    /// Notes that an event of `kind` could not become a `target`, and why.
    pub fn new(kind: impl fmt::Display, target: &'static str, source: impl Into<BoxError>) -> Self {
        Self {
            kind: kind.to_string(),
            target,
            source: source.into(),
        }
    }

    /// Kind of the event that did not decode.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Name of the type it should have become.
    pub fn target(&self) -> &'static str {
        self.target
    }
}

/// A value of a configuration makes no sense.
///
/// ```
/// use antiphon_core::ConfigError;
///
/// let error = ConfigError::new("rooms", "must have at least one room");
/// assert_eq!(error.to_string(), "`rooms`: must have at least one room");
/// assert_eq!(error.link().word(), "stopped");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{option}`: {reason}")]
pub struct ConfigError {
    option: &'static str,
    reason: String,
}

impl ConfigError {
    /// Names an option, as its setter is called, and what is wrong with its value.
    pub fn new(option: &'static str, reason: impl Into<String>) -> Self {
        Self {
            option,
            reason: reason.into(),
        }
    }

    /// Name of the option, as its setter is called.
    pub fn option(&self) -> &'static str {
        self.option
    }

    /// What is wrong with the value.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Ends a source that cannot begin because of this: shows it on `link`, and returns the error to end with.
    ///
    /// The watchers of the link see the state before the source's task ends.
    pub fn stop(&self, source: SourceName, link: &watch::Sender<LinkState>) -> SourceError {
        let state = self.link();
        let error = SourceError::of_link(source, &state);
        link.send_replace(state);
        error
    }

    /// The state of a link that cannot begin because of this.
    pub fn link(&self) -> LinkState {
        LinkState::Stopped {
            code: StopCode::CONFIGURATION,
            reason: self.to_string(),
            hint: Some("correct the source's configuration".into()),
        }
    }
}

/// Writes an error and its causes in one line, with colons between them.
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

/// Writes where and why JSON could not be read, without the values that stand there: the parser's own words repeat
/// them, and an answer may hold secrets.
pub fn json_position(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let why = match error.classify() {
        Category::Data => "another kind of value was expected",
        Category::Eof => "it breaks off",
        Category::Syntax | Category::Io => "no JSON",
    };
    format!("{why} (line {line}, column {column})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_names_every_cause_once() {
        let cause = DecodeError::new("queup.chat", "Chat", "no text");
        assert_eq!(
            error_chain(&cause),
            "`queup.chat` could not be decoded as Chat: no text"
        );
    }

    #[test]
    fn a_position_in_json_shows_none_of_its_values() {
        #[track_caller]
        fn check(json: &str, expected: &str) {
            let error = serde_json::from_str::<u8>(json).expect_err("no small number");
            assert_eq!(json_position(&error), expected);
        }
        check(
            "\"canary-4711\"",
            "another kind of value was expected (line 1, column 13)",
        );
        check("", "it breaks off (line 1, column 0)");
        check("{", "another kind of value was expected (line 1, column 0)");
        check("canary", "no JSON (line 1, column 1)");
    }
}
