//! A request to Discord's REST interface failed.

use antiphon_core::BoxError;

/// A request, or its answer, failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The server could not be reached, or the connection broke.
    #[error("could not reach the server")]
    Unreachable(#[source] BoxError),
}

impl RequestError {
    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}
