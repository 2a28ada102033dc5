//! Errors, one type for each kind of operation.

mod command;
mod request;

pub use self::{
    command::{CommandError, MembersError, VoiceError},
    request::{ApiError, FieldError, RequestError, Scope},
};

use antiphon_core::LinkState;

/// An option has an invalid value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{option}` {reason}")]
pub struct ConfigError {
    option: &'static str,
    reason: String,
}

impl ConfigError {
    pub(crate) fn new(option: &'static str, reason: impl Into<String>) -> Self {
        Self {
            option,
            reason: reason.into(),
        }
    }

    /// Name of the option, as its setter is called.
    pub fn option(&self) -> &str {
        self.option
    }
}

/// A command needed the Gateway, and there was no connection within the timeout.
#[derive(Clone, Debug, thiserror::Error)]
#[error("not connected: {state}")]
pub struct NotConnected {
    /// State of the connection.
    pub state: LinkState,
}

/// Whether the same call could succeed later; `None` for an error of another crate.
pub(crate) fn is_transient(error: &(dyn std::error::Error + 'static)) -> Option<bool> {
    error
        .downcast_ref::<RequestError>()
        .map(RequestError::is_transient)
        .or_else(|| error.downcast_ref::<NotConnected>().map(|_| true))
        .or_else(|| error.downcast_ref().map(CommandError::is_transient))
        .or_else(|| error.downcast_ref().map(MembersError::is_transient))
        .or_else(|| error.downcast_ref().map(VoiceError::is_transient))
}

/// An error and its causes in one line.
pub(crate) fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
