//! Erasing a person from a running app: from its projections at the head, and then from its journal.
//!
//! The head owns the projections, so that it is asked ([`Asks::erase`](crate::asks::Asks::erase)). It takes the person
//! out of each and answers; once the committer has stored what was sent to it before, no state with the person is under
//! way, and what the journal then erases stays erased.

use antiphon_core::{AppendError, Person, ReadError, StateVerdict};
use tracing::warn;

use crate::dispatcher::Following;

/// Why a person could not be erased.
///
/// A call that failed half-way can be repeated: what is gone stays gone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EraseError {
    /// The app does not run.
    #[error("the app does not run")]
    NotRunning,
    /// The journal could not be read.
    #[error("the journal cannot be read")]
    Read(#[from] ReadError),
    /// The journal could not be changed.
    #[error("the journal cannot be changed")]
    Append(#[from] AppendError),
}

/// Takes a person out of projections; the changed ones are due to be saved.
///
/// A state that cannot be read without the person stays as it is in memory, with a warning; the journal drops what was
/// saved of it.
pub(crate) fn erase(projections: &mut [Following], person: &Person) {
    for following in projections {
        let name = following.projection.name().to_owned();
        let Some(state) = following.projection.save() else {
            continue;
        };
        let restored = match person.state(&name, &state) {
            StateVerdict::Redact(less) => following.projection.restore(&less),
            StateVerdict::Erase => Err("it cannot be read without the person".into()),
            _ => continue,
        };
        if let Err(error) = restored {
            warn!(projection = name, %error, "a projection keeps a person who is erased until it is made anew");
        }
        following.is_due();
    }
}
