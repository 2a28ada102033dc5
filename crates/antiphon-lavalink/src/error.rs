//! What can go wrong, one type for each kind of operation.

use antiphon_core::BoxError;

/// Extras could not be made or read.
#[derive(Debug, thiserror::Error)]
#[error("the extras are not JSON of this shape")]
pub struct ExtrasError(#[source] BoxError);

impl ExtrasError {
    pub(crate) fn new(source: impl Into<BoxError>) -> Self {
        Self(source.into())
    }
}
