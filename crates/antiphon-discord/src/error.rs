//! Errors, one type for each kind of operation.
//!
//! Each says what was tried, and its source why that failed; none holds a token or the text of a response.
//! A handler that returns one of them is repeated where [`is_transient`] says so.

mod command;
mod download;
mod request;

pub use self::{
    command::{CommandError, MembersError, VoiceError},
    download::DownloadError,
    request::{ApiError, FieldError, RequestError, Scope},
};

pub use antiphon_core::{ConfigError, NotConnected, RelayError};

/// Whether the same call could succeed later; `None` for an error of another crate.
pub(crate) fn is_transient(error: &(dyn std::error::Error + 'static)) -> Option<bool> {
    error
        .downcast_ref::<RequestError>()
        .map(RequestError::is_transient)
        .or_else(|| error.downcast_ref().map(NotConnected::is_transient))
        .or_else(|| error.downcast_ref().map(CommandError::is_transient))
        .or_else(|| error.downcast_ref().map(MembersError::is_transient))
        .or_else(|| error.downcast_ref().map(VoiceError::is_transient))
        .or_else(|| error.downcast_ref().map(DownloadError::is_transient))
}
