//! Erasing a person from a running app: from its projections at the head, and then from its journal.
//!
//! The head owns the projections, so that it is asked ([`Ask`]). It takes the person out of each and answers; once the
//! committer has stored what was sent to it before ([`Write::Flush`]), no state with the person is under way, and what
//! the journal then erases stays erased.

use std::sync::Arc;

use antiphon_core::{AppendError, Person, ReadError, StateVerdict};
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use crate::{dispatcher::Following, ingest::Write};

/// Questions that wait for the head.
const ASKS: usize = 4;

/// The ways to the head and to the committer of a running app.
#[derive(Clone, Debug)]
pub(crate) struct Asks {
    pub(crate) head: mpsc::Sender<Ask>,
    /// Weak, since the committer ends once nobody can send it anything any more.
    pub(crate) committer: mpsc::WeakSender<Write>,
}

impl Asks {
    /// The ways to the committer of these writes, and to the head that reads what is returned.
    pub(crate) fn new(writes: &mpsc::Sender<Write>) -> (Self, mpsc::Receiver<Ask>) {
        let (head, asked) = mpsc::channel(ASKS);
        let committer = writes.downgrade();
        (Self { head, committer }, asked)
    }

    /// Takes a person out of the projections; then no state with the person is under way to the journal.
    ///
    /// `None` if the app has ended meanwhile.
    pub(crate) async fn erase(&self, person: &Arc<Person>) -> Option<()> {
        let (done, is_done) = oneshot::channel();
        let ask = Ask {
            person: Arc::clone(person),
            done,
        };
        self.head.send(ask).await.ok()?;
        is_done.await.ok()?;
        let (done, is_done) = oneshot::channel();
        let committer = self.committer.upgrade()?;
        committer.send(Write::Flush(done)).await.ok()?;
        drop(committer);
        is_done.await.ok()
    }
}

/// A person to take out of the projections.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) person: Arc<Person>,
    /// Told once it is out of them.
    pub(crate) done: oneshot::Sender<()>,
}

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
