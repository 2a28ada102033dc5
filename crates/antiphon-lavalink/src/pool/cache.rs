//! A cache of search results (protocol §14).
//!
//! Handles use it, not the loop: [`Pool::fetch_tracks`](crate::Pool::fetch_tracks) looks here first, and puts here what
//! a node found. The key is the query as it is sent, prefix included.
//!
//! It holds 100 results by default. The oldest of the least used goes when another one needs room, which takes time
//! linear in the size. Tracks are copied out, so that nobody's extras reach another user.

use std::collections::HashMap;

use crate::model::Search;

/// Search results with their uses: the oldest of the least used is evicted first.
///
/// A result is never out of date by itself: it stays until it is evicted.
#[derive(Debug)]
pub(crate) struct Cache {
    /// 0 for no cache.
    capacity: usize,
    entries: HashMap<String, Kept>,
    /// Number of the newest entry.
    clock: u64,
}

/// A result, how often it was used, and when it came.
#[derive(Debug)]
struct Kept {
    found: Search,
    uses: u64,
    since: u64,
}

impl Cache {
    /// Creates a cache for so many results; 0 disables it.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: HashMap::new(),
            clock: 0,
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Sets how many results it holds, and evicts the rest.
    pub(crate) fn resize(&mut self, capacity: usize) {
        self.capacity = capacity;
        while self.entries.len() > capacity {
            self.evict();
        }
    }

    /// The result of a query.
    pub(crate) fn get(&mut self, query: &str) -> Option<Search> {
        let kept = self.entries.get_mut(query)?;
        kept.uses += 1;
        Some(kept.found.clone())
    }

    /// Stores a result, unless it is empty or a single stream, which may be another tomorrow.
    pub(crate) fn put(&mut self, query: &str, found: &Search) {
        let is_stream =
            matches!(found, Search::Tracks(tracks) if tracks.len() == 1 && tracks[0].is_stream);
        if self.capacity == 0 || found.is_empty() || is_stream {
            return;
        }
        if !self.entries.contains_key(query) && self.entries.len() >= self.capacity {
            self.evict();
        }
        self.clock += 1;
        let kept = Kept {
            found: found.clone(),
            uses: 1,
            since: self.clock,
        };
        self.entries.insert(query.to_owned(), kept);
    }

    /// Removes one result.
    fn evict(&mut self) {
        let least = self
            .entries
            .iter()
            .min_by_key(|(_, kept)| (kept.uses, kept.since));
        if let Some(query) = least.map(|(query, _)| query.clone()) {
            self.entries.remove(&query);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Playable;

    fn found(title: &str) -> Search {
        let mut track = Playable::default();
        track.info.title = title.into();
        Search::Tracks(vec![track])
    }

    #[test]
    fn what_is_asked_for_least_goes_first_and_of_these_the_oldest() {
        let mut cache = Cache::new(2);
        cache.put("a", &found("a"));
        cache.put("b", &found("b"));
        assert!(cache.get("a").is_some());
        cache.put("c", &found("c"));
        assert!(cache.get("b").is_none());
        assert_eq!(
            cache
                .get("a")
                .and_then(|found| found.first().cloned())
                .map(|track| track.info.title),
            Some("a".into())
        );
        cache.resize(1);
        assert!(cache.get("c").is_none() && cache.get("a").is_some());
    }

    #[test]
    fn nothing_streams_and_disabled_caches_keep_nothing() {
        let mut cache = Cache::new(8);
        cache.put("empty", &Search::Tracks(Vec::new()));
        let mut stream = Playable::default();
        stream.info.is_stream = true;
        cache.put("radio", &Search::Tracks(vec![stream]));
        assert!(cache.get("empty").is_none() && cache.get("radio").is_none());
        let mut none = Cache::new(0);
        none.put("a", &found("a"));
        assert!(none.get("a").is_none());
    }
}
