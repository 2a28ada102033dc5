//! The error with which an app ends.

use antiphon_core::{AppendError, ReadError, SourceError, SourceName};

/// The app ended before it was asked to, or could not end in good order.
///
/// ```
/// use antiphon::RunError;
///
/// let error = RunError::Configuration("two sources are named `choir`".into());
/// eprintln!("error: {error}");
/// if let Some(hint) = error.hint() {
///     eprintln!("hint: {hint}");
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The app cannot run as it was put together.
    #[error("{0}")]
    Configuration(String),
    /// A source ended by itself, since trying again would be wrong.
    #[error("a source has stopped")]
    Source(#[source] SourceError),
    /// A source's task panicked, which is a defect.
    #[error("the task of source `{0}` panicked")]
    SourcePanicked(SourceName),
    /// The journal can store nothing any more.
    #[error("events cannot be stored any more")]
    Append(#[source] AppendError),
    /// The journal cannot be read any more.
    #[error("events cannot be read any more")]
    Read(#[source] ReadError),
    /// The app could not do this in time while it stopped; open events come again at its next start.
    #[error("the app could not {0} in time")]
    Unfinished(&'static str),
    /// One of the app's own tasks panicked, which is a defect.
    #[error("the app's task `{0}` panicked")]
    TaskPanicked(String),
}

impl RunError {
    /// The operator's way out, if there is one.
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
