//! The error shapes that more than one crate returns.

use std::fmt;

/// Any error, boxed: what a `source()` is made of where the cause's type is not ours to name.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A stored body could not be read as the payload asked for.
///
/// It is permanent: the bytes will not change, so decoding is never tried again by itself.
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
