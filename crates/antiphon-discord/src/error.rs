//! What can go wrong, one type for each kind of operation.

mod request;

pub use self::request::RequestError;

use antiphon_core::LinkState;

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct ConfigError {
    pub(crate) what: String,
}

/// A command needed the Gateway, and there was no connection within the timeout.
#[derive(Clone, Debug, thiserror::Error)]
#[error("not connected: {state}")]
pub struct NotConnected {
    /// How the link stood.
    pub state: LinkState,
}

/// Whether an error of this crate could pass if the same call were made later; `None` for others' errors.
pub(crate) fn is_transient(error: &(dyn std::error::Error + 'static)) -> Option<bool> {
    error
        .downcast_ref::<RequestError>()
        .map(RequestError::is_transient)
        .or_else(|| error.downcast_ref::<NotConnected>().map(|_| true))
}
