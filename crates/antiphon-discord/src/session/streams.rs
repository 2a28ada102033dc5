//! Names of event streams: an origin consists of a stream's name and a sequence.
//!
//! Each READY begins a stream with new sequences; a RESUME continues it.
//! Its name is the session id, unless an earlier stream of this bot had that id.
//! A server may repeat an id (Spacebar does), so a later stream is named `id~shard.epoch`: a shard counts its
//! sessions in its checkpoint's mark, and the count is stored in one transaction with the stream's first event.
//! Streams after a checkpoint of version 0.1.0, which does not list the used ids, are named in this way too.
//!
//! | origin | unique because |
//! | --- | --- |
//! | `stream/sequence` | a server counts the dispatches of a stream, and no two streams share a name |
//! | `message/id`, `interaction/id`, `audit/id` | Discord gives an id once; only the event that creates it has this origin |
//! | `nonce-connection/frame` | the nonce is new with every run, and we count its connections and their frames |

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// Number of ids that a shard remembers; after that every stream is named `id~shard.epoch`.
pub(super) const REMEMBERED: usize = 64;
/// Longest remembered id in bytes; streams with longer ids are named `id~shard.epoch`.
const LONGEST: usize = 64;
/// Separator before shard and epoch; an id that contains it is never a name by itself.
const MARK: char = '~';

/// Names of all streams of a source's shards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// Session ids that are names of streams, of every shard of this source.
    names: HashSet<Arc<str>>,
    /// Whether there may be unknown names: a checkpoint is of an earlier version, or unreadable.
    has_others: bool,
}

impl Streams {
    /// Adds a shard's names from earlier runs; with `None` (unknown) no id counts as new any more.
    pub(crate) fn remember(&self, names: Option<&[String]>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match names {
            Some(names) => known
                .names
                .extend(names.iter().map(|name| Arc::from(&**name))),
            None => known.has_others = true,
        }
    }

    /// Names the stream of a READY; `used` are the ids that this shard remembers.
    pub(super) fn begin(
        &self,
        id: &str,
        [shard, epoch]: [u32; 2],
        used: &mut Option<Vec<String>>,
    ) -> Arc<str> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_rememberable = id.len() <= LONGEST && !id.contains(MARK);
        if let Some(used) = used
            && is_rememberable
            && used.len() < REMEMBERED
            && !known.has_others
            && known.names.insert(id.into())
        {
            used.push(id.to_owned());
            return id.into();
        }
        // The name need not be remembered, because no other stream has this shard and epoch.
        format!("{id}{MARK}{shard}.{epoch}").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_streams_share_a_name() {
        let streams = Streams::default();
        let (mut first, mut second) = (Some(Vec::new()), Some(Vec::new()));
        let mut names = HashSet::new();
        let mut epoch = 0;
        // The second id is what the first one's second stream is called.
        for id in ["a", "b", "a", "a~0.3", &"x".repeat(99)] {
            for _ in 0..40 {
                epoch += 1;
                assert!(names.insert(streams.begin(id, [0, epoch], &mut first)));
                assert!(names.insert(streams.begin(id, [1, epoch], &mut second)));
            }
        }
        for used in [first, second] {
            assert!(used.is_some_and(|used| used.len() <= REMEMBERED));
        }
    }

    #[test]
    fn a_fresh_id_is_a_name_as_it_is() {
        let streams = Streams::default();
        let mut used = Some(Vec::new());
        assert_eq!(&*streams.begin("a", [0, 1], &mut used), "a");
        let later = Streams::default();
        later.remember(used.as_deref());
        assert_eq!(&*later.begin("a", [0, 2], &mut used), "a~0.2");
        assert_eq!(&*later.begin("b", [0, 3], &mut used), "b");
    }
}
