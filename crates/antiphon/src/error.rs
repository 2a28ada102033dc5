//! The error with which an app ends.
//!
//! An app that was stopped by its owner ends with `Ok`; everything else is a [`RunError`]. Which task ended first
//! decides which error it is; the others are stopped in good order all the same, and their own failures are logged.

use antiphon_core::{AppendError, ClaimError, ReadError, SourceError, SourceName, Trouble};

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
    ///
    /// Two sources, handlers, projections or taps with one name, or sources with different clocks. Nothing was started.
    #[error("{0}")]
    Configuration(String),
    /// Another process is this consumer, or the journal lets nobody be one. Nothing was started.
    #[error("the app cannot handle events")]
    Claim(#[source] ClaimError),
    /// A source ended by itself, since trying again would be wrong.
    ///
    /// Only with [`OnStopped::End`](crate::OnStopped::End), the default. [`SourceError::code`] is for programs.
    #[error("a source has stopped")]
    Source(#[source] SourceError),
    /// A source's task panicked, which is a defect.
    #[error("the task of source `{0}` panicked")]
    SourcePanicked(SourceName),
    /// The journal can store nothing any more.
    ///
    /// Batches are tried again while the cause may pass (a full disk, for instance), so this is one that does not pass,
    /// or that had not passed when the app stopped.
    #[error("events cannot be stored any more")]
    Append(#[source] AppendError),
    /// The journal cannot be read any more.
    ///
    /// As for storing, reads are tried again while the cause may pass.
    #[error("events cannot be read any more")]
    Read(#[source] ReadError),
    /// The app could not do this in time while it stopped; open events come again at its next start.
    ///
    /// Each step of stopping has ten seconds, and handlers have their grace besides.
    #[error("the app could not {0} in time")]
    Unfinished(&'static str),
    /// One of the app's own tasks panicked, which is a defect.
    #[error("the app's task `{0}` panicked")]
    TaskPanicked(String),
}

impl RunError {
    /// What is wrong with the journal; `None` for an error that is not of the journal.
    ///
    /// ```
    /// use antiphon::{RunError, journal::Trouble};
    ///
    /// assert_eq!(RunError::Unfinished("stop").trouble(), None::<Trouble>);
    /// ```
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Claim(error) => Some(error.trouble()),
            Self::Append(error) => Some(error.trouble()),
            Self::Read(error) => Some(error.trouble()),
            Self::Configuration(_)
            | Self::Source(_)
            | Self::SourcePanicked(_)
            | Self::TaskPanicked(_)
            | Self::Unfinished(_) => None,
        }
    }

    /// The operator's way out, if there is one.
    ///
    /// A sentence for the person who runs the program; `None` where only the message helps.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Source(error) => error.way_out(),
            Self::Claim(error) => Some(error.hint()),
            Self::Append(error) => Some(error.trouble().hint()),
            Self::Read(error) => Some(error.trouble().hint()),
            Self::Configuration(_)
            | Self::SourcePanicked(_)
            | Self::TaskPanicked(_)
            | Self::Unfinished(_) => None,
        }
    }
}
