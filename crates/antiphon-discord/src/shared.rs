//! The store in which the processes of a bot count together, and what happens while it is away.
//!
//! Values are JSON, named by a hash of the token, and changed by whoever read them last ([`SharedValues`]). Two things are
//! counted so: requests (`http/shared.rs`) and identifies (`identify/together.rs`). Times in them are those of the machines'
//! clocks, which have to agree within a fraction of a second.
//!
//! A store that does not answer within two seconds (ten for the first value, which may have to open it), or refuses, is
//! left alone for ten seconds; whoever counts does so alone meanwhile.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon_core::{Clock, Secret, SharedValue, SharedValues, error_chain};
use ring::digest;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout},
};
use tracing::warn;

/// How long the store may take for one change of a value.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// How long it may take for the first value; a store is opened, or even made, by its first use.
const OPENING: Duration = Duration::from_secs(10);
/// How long this process counts for itself after the store has failed.
pub(crate) const ALONE: Duration = Duration::from_secs(10);

/// A value of the store.
pub(crate) trait Kept: Default + Serialize + DeserializeOwned {
    /// How long it is kept from now on.
    fn keep(&self, now: i64) -> Duration;
}

/// Why a value could not be changed.
#[derive(Debug)]
pub(crate) enum Failed<E> {
    /// The store failed, or took too long.
    Store(String),
    /// What wanted to change it gave up.
    Refused(E),
}

/// The values that the processes of a bot share.
#[derive(Debug)]
pub(crate) struct SharedStore {
    values: Arc<dyn SharedValues>,
    clock: Clock,
    /// Beginning of the names.
    prefix: String,
    /// When the store may be asked again.
    alone_until: Mutex<Option<Instant>>,
    /// Whether the store has answered yet.
    is_open: OnceCell<()>,
}

impl SharedStore {
    /// The values of the bot with this token.
    pub(crate) fn new(values: Arc<dyn SharedValues>, token: &Secret, clock: Clock) -> Self {
        Self {
            values,
            clock,
            prefix: format!("discord.{}", hash(token.expose())),
            alone_until: Mutex::default(),
            is_open: OnceCell::new(),
        }
    }

    /// The whole name of a value.
    pub(crate) fn name(&self, rest: &str) -> String {
        format!("{}.{rest}", self.prefix)
    }

    /// The present time in Unix milliseconds.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// Whether the store has failed a moment ago, so that this process counts for itself.
    pub(crate) fn is_alone(&self) -> bool {
        lock(&self.alone_until).is_some_and(|until| until > Instant::now())
    }

    /// Leaves the store alone for a while, which has failed.
    pub(crate) fn count_alone(&self, error: &str) {
        if !self.is_alone() {
            warn!(
                error,
                "the shared rate limits cannot be reached; this process counts for itself"
            );
            *lock(&self.alone_until) = Some(Instant::now() + ALONE);
        }
    }

    /// Changes a value; again, if another process was faster.
    ///
    /// # Errors
    /// [`Failed`]; the value may be changed where the store has failed.
    pub(crate) async fn changed<V: Kept, T, E>(
        &self,
        name: &str,
        mut change: impl FnMut(&mut V) -> Result<T, E>,
    ) -> Result<T, Failed<E>> {
        let changing = async {
            loop {
                let failed =
                    |error: &(dyn std::error::Error + 'static)| Failed::Store(error_chain(error));
                let before = self
                    .values
                    .get(name)
                    .await
                    .map_err(|error| failed(&error))?;
                let (mut value, revision): (V, _) = match &before {
                    // What another version wrote is begun anew.
                    Some(SharedValue { value, revision }) => (
                        serde_json::from_slice(value).unwrap_or_default(),
                        Some(*revision),
                    ),
                    None => (V::default(), None),
                };
                let outcome = change(&mut value).map_err(Failed::Refused)?;
                let keep = value.keep(self.now());
                let value = serde_json::to_vec(&value).expect("numbers and short texts");
                if before.is_some_and(|before| before.value == value) {
                    return Ok(outcome);
                }
                let stored = self.values.put(name, value.into(), revision, keep).await;
                if stored.map_err(|error| failed(&error))?.is_some() {
                    return Ok(outcome);
                }
            }
        };
        self.open().await?;
        answer(PATIENCE, changing).await
    }

    /// Waits until the store has answered once; the first requests wait together.
    async fn open<E>(&self) -> Result<(), Failed<E>> {
        let asking = || async {
            // The requests that waited with the first one need not wait for ten seconds each.
            if self.is_alone() {
                return Err(Failed::Store("it failed for the request before".into()));
            }
            let name = self.name("global");
            let answer = answer(OPENING, async {
                let value = self.values.get(&name).await;
                value.map_err(|error| Failed::Store(error_chain(&error)))
            });
            let answer = answer.await.map(drop);
            if let Err(Failed::Store(error)) = &answer {
                self.count_alone(error);
            }
            answer
        };
        self.is_open.get_or_try_init(asking).await.map(drop)
    }
}

/// Waits for what the store answers.
async fn answer<T, E>(
    within: Duration,
    asking: impl Future<Output = Result<T, Failed<E>>>,
) -> Result<T, Failed<E>> {
    let late = || Failed::Store(format!("no answer within {} s", within.as_secs()));
    timeout(within, asking)
        .await
        .unwrap_or_else(|_| Err(late()))
}

/// A length of time in whole milliseconds.
pub(crate) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX >> 1)
}

/// A short name for a text; the text cannot be found from it.
pub(crate) fn hash(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let mut name = String::with_capacity(32);
    for byte in &hash.as_ref()[..16] {
        for digit in [byte >> 4, byte & 15] {
            name.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    name
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod testing;
