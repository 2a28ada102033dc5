//! The projection that keeps the cache of one source.
//!
//! It takes events of its own source alone; an app with two bots has two of them, under the names `discord/<source>`.

use std::fmt;

use antiphon_core::{Before, BoxError, Event, Projection, SourceName};

use super::Cache;

pub(crate) struct CacheProjection {
    /// Name under which the app saves it.
    name: String,
    /// Events of other sources are passed over.
    source: SourceName,
    cache: Cache,
}

impl CacheProjection {
    pub(crate) fn new(source: SourceName, cache: Cache) -> Self {
        Self {
            name: format!("discord/{source}"),
            source,
            cache,
        }
    }
}

impl fmt::Debug for CacheProjection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheProjection")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Projection for CacheProjection {
    fn name(&self) -> &str {
        &self.name
    }

    fn apply(&mut self, event: &Event) -> Before {
        if *event.source() != self.source || event.kind().platform() != "discord" {
            return Before::NOTHING;
        }
        self.cache.apply(event).unwrap_or_else(|error| {
            tracing::debug!(%error, position = %event.position(), "event passed over by the cache");
            Before::NOTHING
        })
    }

    fn save(&self) -> Option<Vec<u8>> {
        self.cache.save()
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), BoxError> {
        self.cache.restore(saved)
    }
}
