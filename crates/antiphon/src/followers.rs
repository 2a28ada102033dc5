//! Whether somebody in another process waits for what this one appends.
//!
//! The process that appends asks its journal once a second ([`Journal::followed`]), and not for each event. While the
//! answer is yes, every event counts as one that somebody takes (`pace.rs`), since nobody here knows which kinds the others
//! handle.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::Journal;
use tokio::time::sleep;
use tracing::debug;

/// How often the journal is asked.
const LOOK: Duration = Duration::from_secs(1);

/// The answer of the last look; "no" before the first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Followers(Arc<AtomicBool>);

impl Followers {
    pub(crate) fn are_there(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Looks for as long as the journal can tell.
    pub(crate) fn look(&self, journal: Arc<dyn Journal>) -> impl Future<Output = ()> + use<> {
        let followers = self.clone();
        async move {
            loop {
                match journal.followed().await {
                    Ok(Some(are_there)) => followers.note(are_there),
                    Ok(None) => return,
                    // Nothing is stored meanwhile either, or hardly; the next look tells.
                    Err(error) => debug!(
                        error = &error as &dyn std::error::Error,
                        "it is not known whether another process follows"
                    ),
                }
                sleep(LOOK).await;
            }
        }
    }

    fn note(&self, are_there: bool) {
        match (self.0.swap(are_there, Ordering::Relaxed), are_there) {
            (false, true) => debug!("another process follows; events are stored at once"),
            (true, false) => debug!("no other process follows any more"),
            _ => {}
        }
    }
}
