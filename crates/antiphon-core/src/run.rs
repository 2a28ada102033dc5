//! Runs of an event through its handlers, told apart from inside them.

use std::{
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
};

tokio::task_local! {
    static CURRENT: RunId;
}

/// Id of one run of an event through its handlers, unlike that of every other run in this process.
///
/// An event that is handled again, because a handler failed, the program was restarted or a dead letter is replayed, is
/// handled in another run.
/// A client that must tell the two calls of one handler from two requests of one call asks for
/// [`current`](Self::current): Discord's does so for the first answers to an interaction.
///
/// ```
/// use antiphon_core::RunId;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(RunId::current(), None);
/// let (first, second) = (RunId::unique(), RunId::unique());
/// assert_ne!(first, second);
/// let inside = first.scope(async { RunId::current() }).await;
/// assert_eq!(inside, Some(first));
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RunId(u64);

impl RunId {
    /// Makes an id that no other run of this process has.
    pub fn unique() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Id of the run that the caller is part of; absent outside of handlers, and in a task that a handler spawned.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|run| *run).ok()
    }

    /// Makes a future part of the run.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }
}
