//! Commands to sources that run in another process, at both of its ends.
//!
//! The process of a consumer leaves its sources to the other one, with the way there. The process that runs them serves
//! what comes, from its first source on that takes commands.

use std::sync::Arc;

use antiphon_core::{BoxFuture, Desk, Journal, Remote, Source, SourceName};
use tracing::warn;

use crate::parts::Parts;

/// The sources of this process that carry out commands of others, or those that were left to another one.
pub(crate) struct Served {
    journal: Arc<dyn Journal>,
    pub(crate) desk: Arc<Desk>,
    is_serving: bool,
    /// What keeps the clients of sources that run elsewhere up to date.
    followed: Vec<BoxFuture<'static, ()>>,
}

impl Served {
    /// Leaves the sources to the process that appends to the journal, unless it is this one.
    ///
    /// Only once they have said what their events are.
    pub(crate) fn begin<S>(parts: &mut Parts<S>, journal: &Arc<dyn Journal>) -> Self {
        let followed = if journal.role().appends() {
            Vec::new()
        } else {
            leave_sources(parts, journal)
        };
        Self {
            journal: Arc::clone(journal),
            desk: Arc::default(),
            is_serving: false,
            followed,
        }
    }

    /// The tasks that keep clients up to date, once.
    pub(crate) fn followed(&mut self) -> Vec<BoxFuture<'static, ()>> {
        std::mem::take(&mut self.followed)
    }

    /// Serves a source, if it takes commands; the first of them gives the task that carries them out.
    pub(crate) fn add(&mut self, source: &mut dyn Source) -> Option<BoxFuture<'static, ()>> {
        let serve = source.serve(self.journal.shared());
        let (relay, serve) = (self.journal.relay()?, serve?);
        self.desk.add(source.name().clone(), serve);
        if std::mem::replace(&mut self.is_serving, true) {
            return None;
        }
        let desk = Arc::clone(&self.desk);
        Some(Box::pin(async move {
            let error = relay.serve(desk).await;
            let error = &*error as &dyn std::error::Error;
            warn!(error, "commands of other processes cannot be taken");
        }))
    }
}

fn leave_sources<S>(
    parts: &mut Parts<S>,
    journal: &Arc<dyn Journal>,
) -> Vec<BoxFuture<'static, ()>> {
    let within = parts.command_timeout;
    let relay = journal.relay();
    let way = relay.map(|relay| {
        let remote = Remote::new(relay, SourceName::new(""), within);
        remote.values(journal.shared())
    });
    let sources = parts.sources.drain(..);
    let followed = sources.filter_map(|source| {
        let remote = way.as_ref().map(|way| way.to(source.name().clone()));
        source.elsewhere(remote)
    });
    followed.collect()
}
