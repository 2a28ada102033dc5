//! [`Inspect`] by the methods of the same names.

use std::sync::Arc;

use antiphon_core::{
    AppendError, BoxFuture, ConsumerName, DeadLetterChange, Event, Position, ReadError, Retention,
};
use jiff::Timestamp;

use super::{SqliteJournal, connection::beside};
use crate::{
    Asked, Filter, Identity, Imported, Inspect, Names, Overview, Page, RemovedOrigin, Size, States,
    Storage,
};

impl Inspect for SqliteJournal {
    fn read_where<'a>(
        &'a self,
        after: Position,
        limit: usize,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<Page, ReadError>> {
        Box::pin(self.read_where(after, limit, filter))
    }

    fn overview(&self) -> BoxFuture<'_, Result<Overview, ReadError>> {
        Box::pin(self.overview())
    }

    fn newest(&self, among: u64) -> BoxFuture<'_, Result<Vec<Arc<Event>>, ReadError>> {
        Box::pin(self.newest(among))
    }

    fn names(&self, limit: usize) -> BoxFuture<'_, Result<Names, ReadError>> {
        Box::pin(self.names(limit))
    }

    fn storage<'a>(
        &'a self,
        policy: Retention,
        bounds: &'a [Timestamp],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Storage, ReadError>> {
        Box::pin(self.storage(policy, bounds, now))
    }

    fn size(&self) -> BoxFuture<'_, Result<Size, ReadError>> {
        let length = |ending| {
            let file = std::fs::metadata(beside(&self.shared.path, ending));
            file.map_or(0, |file| file.len())
        };
        let size = Size {
            bytes: length(""),
            log_bytes: length("-wal"),
            free_bytes: None,
        };
        Box::pin(std::future::ready(Ok(size)))
    }

    fn change_letter(&self, change: DeadLetterChange) -> BoxFuture<'_, Result<Asked, AppendError>> {
        Box::pin(async move {
            let asked = Self::ask(&self.shared.path, change).await;
            asked.map_err(|error| AppendError::new(error.trouble(), Some(error.into())))
        })
    }

    fn forget<'a>(&'a self, consumer: &'a ConsumerName) -> BoxFuture<'a, Result<(), AppendError>> {
        Box::pin(self.forget(consumer))
    }

    fn identity(&self) -> BoxFuture<'_, Result<Identity, ReadError>> {
        Box::pin(self.read_identity())
    }

    fn states(&self) -> BoxFuture<'_, Result<States, ReadError>> {
        Box::pin(self.states())
    }

    fn removed<'a>(
        &'a self,
        after: Option<&'a RemovedOrigin>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RemovedOrigin>, ReadError>> {
        Box::pin(self.read_removed(after.cloned(), limit))
    }

    fn begin_import(&self, from: Identity) -> BoxFuture<'_, Result<bool, AppendError>> {
        Box::pin(self.mark_import(from))
    }

    fn import(&self, events: Vec<Event>) -> BoxFuture<'_, Result<Imported, AppendError>> {
        Box::pin(self.import(events))
    }

    fn import_removed(
        &self,
        removed: Vec<RemovedOrigin>,
    ) -> BoxFuture<'_, Result<(), AppendError>> {
        Box::pin(self.add_removed(removed))
    }

    fn restore(&self, states: States) -> BoxFuture<'_, Result<bool, AppendError>> {
        Box::pin(self.restore(states))
    }
}
