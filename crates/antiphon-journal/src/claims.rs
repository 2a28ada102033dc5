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

#[cfg(feature = "jetstream")]
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

#[cfg(any(feature = "sqlite", feature = "jetstream"))]
impl<T> Claims<T> {
    /// Whether a consumer is claimed through this journal.
    pub(crate) fn have(&self, consumer: &ConsumerName) -> bool {
        let claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        claims.contains_key(consumer)
    }

    /// Why a journal that is open for consumers stores nothing of a batch; `None` if it may.
    pub(crate) fn refusal(&self, batch: &Batch) -> Option<String> {
        if !batch.events.is_empty() || !batch.checkpoints.is_empty() {
            return Some("events and checkpoints are for the process that appends".into());
        }
        let other = consumers(batch).find(|name| !self.have(name))?;
        Some(format!(
            "this process has not claimed the consumer `{other}`"
        ))
    }
}

/// The consumers whose cursors or new dead letters are in a batch.
#[cfg(any(feature = "sqlite", feature = "jetstream"))]
pub(crate) fn consumers(batch: &Batch) -> impl Iterator<Item = &ConsumerName> {
    let buried = batch.dead.iter().filter_map(|change| match change {
        DeadLetterChange::Bury(letter) => Some(&letter.consumer),
        _ => None,
    });
    batch.cursors.iter().map(|(name, _)| name).chain(buried)
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
