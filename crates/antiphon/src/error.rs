//! How a run of an app can end badly.

use antiphon_core::{AppendError, ReadError, SourceError, SourceName};

/// The app ended before it was asked to, or could not end in good order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The app cannot run as it was put together.
    #[error("{0}")]
    Configuration(String),
    /// A source ended by itself, since trying again would be wrong.
    #[error("a source has stopped")]
    Source(#[source] SourceError),
    /// A source's task broke, which is a defect.
    #[error("the task of source `{0}` panicked")]
    SourcePanicked(SourceName),
    /// The journal takes nothing any more.
    #[error("events cannot be stored any more")]
    Append(#[source] AppendError),
    /// The journal cannot be read any more.
    #[error("events cannot be read any more")]
    Read(#[source] ReadError),
    /// The app could not do this in time while it stopped; what was open comes again at its next start.
    #[error("the app could not {0} in time")]
    Unfinished(&'static str),
    /// One of the app's own tasks broke, which is a defect.
    #[error("the app's task `{0}` panicked")]
    TaskPanicked(String),
}

impl RunError {
    /// What the operator can do, where there is something.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Source(error) => error.way_out(),
            Self::Append(error) => Some(error.trouble().hint()),
            Self::Read(error) => Some(error.trouble().hint()),
            Self::Configuration(_)
            | Self::SourcePanicked(_)
            | Self::TaskPanicked(_)
            | Self::Unfinished(_) => None,
        }
    }
}
