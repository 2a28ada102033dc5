//! The consumers that are claimed through a journal of this process.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[cfg(any(feature = "sqlite", feature = "jetstream"))]
use antiphon_core::{Batch, DeadLetterChange};
use antiphon_core::{Claim, ClaimError, ConsumerName, Trouble};

/// The claimed consumers, each with whatever keeps other processes away from it.
#[derive(Debug)]
pub(crate) struct Claims<T>(Arc<Mutex<HashMap<ConsumerName, T>>>);

impl<T> Default for Claims<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for Claims<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Send + 'static> Claims<T> {
    /// Claims a consumer; what is held for it is dropped with the claim.
    ///
    /// # Errors
    /// [`Trouble::Locked`] if it is claimed through this journal already.
    pub(crate) fn claim(&self, consumer: &ConsumerName, held: T) -> Result<Claim, ClaimError> {
        match self.lock().entry(consumer.clone()) {
            Entry::Occupied(_) => Err(ClaimError::new(consumer.clone(), Trouble::Locked, None)),
            Entry::Vacant(entry) => {
                entry.insert(held);
                Ok(Claim::new(Held {
                    claims: self.clone(),
                    consumer: consumer.clone(),
                }))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConsumerName, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(any(feature = "sqlite", feature = "jetstream"))]
impl<T> Claims<T> {
    /// Something of every claim.
    pub(crate) fn map<R>(&self, of: impl Fn(&T) -> R) -> HashMap<ConsumerName, R> {
        let claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        claims
            .iter()
            .map(|(consumer, held)| (consumer.clone(), of(held)))
            .collect()
    }
}

impl<T> Claims<T> {
    /// Whether a consumer is claimed through this journal.
    pub(crate) fn have(&self, consumer: &ConsumerName) -> bool {
        let claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        claims.contains_key(consumer)
    }
}

#[cfg(any(feature = "sqlite", feature = "jetstream"))]
impl<T> Claims<T> {
    /// Why a journal that is open for consumers stores nothing of a batch; `None` if it may.
    pub(crate) fn refusal(&self, batch: &Batch) -> Option<String> {
        if !batch.events.is_empty() || !batch.checkpoints.is_empty() {
            return Some("events and checkpoints are for the process that appends".into());
        }
        let claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stored = stored_for(batch);
        let other = stored.find(|stored| !claims.keys().any(|claimed| stored.is_under(claimed)))?;
        Some(format!(
            "this process has not claimed the consumer `{}`",
            other.consumer
        ))
    }
}

/// A consumer for which a batch stores something.
#[cfg(any(feature = "sqlite", feature = "jetstream"))]
pub(crate) struct StoredFor<'a> {
    pub(crate) consumer: &'a ConsumerName,
    /// Whether it is a dead letter, which a worker stores for the whole consumer.
    is_letter: bool,
}

#[cfg(any(feature = "sqlite", feature = "jetstream"))]
impl StoredFor<'_> {
    /// Whether whoever has claimed this may store it.
    pub(crate) fn is_under(&self, claimed: &ConsumerName) -> bool {
        let is_partition = || {
            self.is_letter
                && claimed.partition_number().is_some()
                && claimed.whole() == Some(self.consumer.as_str())
        };
        claimed == self.consumer || is_partition()
    }
}

/// The consumers whose cursors, or ends of cursors, or new dead letters are in a batch.
#[cfg(any(feature = "sqlite", feature = "jetstream"))]
pub(crate) fn stored_for(batch: &Batch) -> impl Iterator<Item = StoredFor<'_>> {
    let buried = batch.dead.iter().filter_map(|change| match change {
        DeadLetterChange::Bury(letter) => Some(&letter.consumer),
        _ => None,
    });
    let cursors = batch.cursors.iter().map(|(name, _)| name);
    let cursors = cursors.chain(&batch.forgotten);
    let cursors = cursors.map(|consumer| StoredFor {
        consumer,
        is_letter: false,
    });
    cursors.chain(buried.map(|consumer| StoredFor {
        consumer,
        is_letter: true,
    }))
}

#[cfg(feature = "sqlite")]
impl<T> Claims<T> {
    /// Looks at everything that is held, until something is wrong.
    ///
    /// # Errors
    /// The first error of `look`.
    pub(crate) fn check<E>(&self, look: impl FnMut(&T) -> Result<(), E>) -> Result<(), E> {
        let claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        claims.values().try_for_each(look)
    }
}

/// A claim; its drop gives the consumer up.
struct Held<T: Send + 'static> {
    claims: Claims<T>,
    consumer: ConsumerName,
}

impl<T: Send + 'static> Drop for Held<T> {
    fn drop(&mut self) {
        self.claims.lock().remove(&self.consumer);
    }
}
