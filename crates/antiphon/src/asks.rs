//! Questions to the head and to the committer of a running app, by those who must not touch what the two own.
//!
//! The head owns the projections and the rules of lanes. It is asked ([`Ask`]) to take a person out of them, to give
//! those of a source away, and to take those of another one over. The committer is asked to say when all that was sent
//! before is stored ([`Write::Flush`]): a source's entries, its checkpoints, and states of projections.

use std::sync::Arc;

use antiphon_core::{LaneOf, Person, Position, SourceName};
use tokio::sync::{mpsc, oneshot};

use crate::{dispatcher::Following, ingest::Write};

/// Questions that wait for the head.
const ASKS: usize = 4;

/// The ways to the head and to the committer of a running app.
///
/// An answer of `None` means that the app has ended meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Asks {
    head: mpsc::Sender<Ask>,
    /// Weak, since the committer ends once nobody can send it anything any more.
    committer: mpsc::WeakSender<Write>,
}

/// A question to the head.
pub(crate) enum Ask {
    /// Takes a person out of the projections; told once it is done.
    Erase(Arc<Person>, oneshot::Sender<()>),
    /// Gives the projections of these names away.
    Release(Vec<String>, oneshot::Sender<Vec<Following>>),
    /// Takes projections over.
    Adopt(Adoption),
}

/// Projections for the head, with the rule of the lanes of their source.
pub(crate) struct Adoption {
    pub(crate) projections: Vec<Following>,
    pub(crate) lane: Option<(SourceName, LaneOf)>,
    /// Told once the head has them; it gives them back where it has read on, further than its memory reaches.
    pub(crate) done: oneshot::Sender<Result<(), Behind>>,
}

/// Projections that must apply the events up to a position before the head can take them over.
pub(crate) struct Behind {
    pub(crate) projections: Vec<Following>,
    pub(crate) head: Position,
}

impl Asks {
    /// The ways to the committer of these writes, and to the head that reads what is returned.
    pub(crate) fn new(writes: &mpsc::Sender<Write>) -> (Self, mpsc::Receiver<Ask>) {
        let (head, asked) = mpsc::channel(ASKS);
        let committer = writes.downgrade();
        (Self { head, committer }, asked)
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Option<T> {
        let (done, is_done) = oneshot::channel();
        self.head.send(ask(done)).await.ok()?;
        is_done.await.ok()
    }

    /// Takes a person out of the projections; then no state with the person is under way to the journal.
    pub(crate) async fn erase(&self, person: &Arc<Person>) -> Option<()> {
        self.ask(|done| Ask::Erase(Arc::clone(person), done))
            .await?;
        self.stored().await
    }

    /// Takes projections away from the head, and stores their states.
    pub(crate) async fn release(&self, names: Vec<String>) -> Option<()> {
        if names.is_empty() {
            return Some(());
        }
        let released = self.ask(|done| Ask::Release(names, done)).await?;
        for mut following in released {
            if let Some((name, saved)) = following.save() {
                self.write(Write::Projection(name, saved)).await?;
            }
        }
        self.stored().await
    }

    /// Hands projections to the head; it gives them back if they are behind.
    pub(crate) async fn adopt(
        &self,
        projections: Vec<Following>,
        lane: Option<(SourceName, LaneOf)>,
    ) -> Option<Result<(), Behind>> {
        let adoption = |done| {
            Ask::Adopt(Adoption {
                projections,
                lane,
                done,
            })
        };
        self.ask(adoption).await
    }

    /// Waits until everything that was sent to the committer before is stored.
    pub(crate) async fn stored(&self) -> Option<()> {
        let (done, is_done) = oneshot::channel();
        self.write(Write::Flush(done)).await?;
        is_done.await.ok()
    }

    async fn write(&self, write: Write) -> Option<()> {
        // Held for the call alone.
        let committer = self.committer.upgrade()?;
        committer.send(write).await.ok()
    }
}
