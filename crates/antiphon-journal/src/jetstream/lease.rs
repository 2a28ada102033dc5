//! Leases: keys of a bucket, which say who appends and who is a consumer.
//!
//! The key's entry ends by itself after the lease's time, by the server's clock, unless its holder writes it again. Each
//! write names the revision that it follows, so that two processes never both hold it.
//!
//! A lease decides who *should* write. That nobody else *can* is decided by the stream ([`super::run`]), and for a
//! consumer by the one process that appends ([`super::ask`]).

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon_core::{Rng, Trouble};
use async_nats::jetstream::kv::{CreateErrorKind, Operation, Store};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::server::{Failure, GETS, is_overtaken};

/// The key of the process that appends.
pub(super) const APPENDER: &str = "appender";
/// How often opening looks whether the lease is free.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The keys whose leases somebody holds; one that has just ended may be among them.
pub(super) async fn held(store: &Store) -> Result<HashSet<String>, Failure> {
    // A lease that was given up leaves a message that says so, until its time is over.
    let subjects = store
        .stream
        .info_with_subjects(format!("{}>", store.prefix));
    let subjects = subjects
        .await
        .map_err(|error| Failure::unreachable(&error))?;
    let subjects: Vec<(String, usize)> = subjects
        .try_collect()
        .await
        .map_err(|error| Failure::unreachable(&error))?;
    let keys = subjects.into_iter();
    let keys =
        keys.filter_map(|(subject, _)| Some(subject.strip_prefix(&store.prefix)?.to_owned()));
    let keys: Vec<String> = keys.collect();
    stream::iter(keys)
        .map(async |key| {
            let entry = store.entry(&key).await;
            let entry = entry.map_err(|error| Failure::unreachable(&error))?;
            let is_held = entry.is_some_and(|entry| entry.operation == Operation::Put);
            Ok::<_, Failure>(is_held.then_some(key))
        })
        .buffer_unordered(GETS)
        .try_filter_map(async |held| Ok(held))
        .try_collect()
        .await
}

/// Whether a consumer's lease is held whose key is not among `own`; one that has just ended may count.
///
/// One question to the server, where [`held`] asks for each key.
pub(super) async fn held_beside(store: &Store, own: &HashSet<String>) -> Result<bool, Failure> {
    let subjects = format!("{}>", store.prefix);
    let subjects = store.stream.info_with_subjects(subjects).await;
    let mut subjects = subjects.map_err(|error| Failure::unreachable(&error))?;
    while let Some((subject, _)) = subjects
        .try_next()
        .await
        .map_err(|error| Failure::unreachable(&error))?
    {
        let key = subject.strip_prefix(&store.prefix);
        if key.is_some_and(|key| key != APPENDER && !own.contains(key)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A lease that is held, or was.
#[derive(Debug)]
pub(super) struct Lease {
    store: Store,
    key: String,
    /// What the entry says: the process, and a random number that tells two of its journals apart.
    holder: String,
    /// The revision of the entry as it was written last; `None` once the lease was given up.
    revision: tokio::sync::Mutex<Option<u64>>,
    /// The revision at which the lease was taken: greater than that of every earlier holder.
    pub(super) epoch: u64,
    pub(super) time: Duration,
    /// When it was asked for; it does not end before its time from then on.
    pub(super) taken_at: Instant,
}

/// Until when the leases of consumers last at least, as far as this process knows.
#[derive(Clone, Debug)]
pub(super) struct Lasting {
    by_key: Arc<Mutex<HashMap<String, Instant>>>,
    /// The first end of them all.
    until: watch::Sender<Instant>,
}

impl Default for Lasting {
    fn default() -> Self {
        Self {
            by_key: Arc::default(),
            until: watch::Sender::new(never()),
        }
    }
}

/// An end that no process sees: that of no lease.
fn never() -> Instant {
    const YEARS: u64 = 30;
    Instant::now() + Duration::from_secs(YEARS * 365 * 24 * 60 * 60)
}

impl Lasting {
    pub(super) fn until(&self) -> watch::Receiver<Instant> {
        self.until.subscribe()
    }

    /// Notes that a lease was asked for, and granted, at this time.
    pub(super) fn note(&self, lease: &Lease, asked_at: Instant) {
        self.change(|by_key| {
            by_key.insert(lease.key.clone(), asked_at + lease.time);
        });
    }

    /// Notes that a lease is given up.
    pub(super) fn forget(&self, lease: &Lease) {
        self.change(|by_key| {
            by_key.remove(&lease.key);
        });
    }

    fn change(&self, change: impl FnOnce(&mut HashMap<String, Instant>)) {
        let mut by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut by_key);
        let first = by_key.values().min().copied();
        self.until.send_replace(first.unwrap_or_else(never));
    }
}

/// Why the lease could not be taken.
pub(super) enum NotTaken {
    Held(String),
    Failed(Failure),
}

impl Lease {
    /// Takes the lease, and waits for its holder to give it up or to be silent for the lease's time.
    pub(super) async fn take(
        store: Store,
        key: String,
        time: Duration,
        wait: Duration,
    ) -> Result<Self, NotTaken> {
        let mut rng = Rng::new();
        let holder = format!("process {} ({:08x})", std::process::id(), rng.u32(..));
        let until = Instant::now() + wait;
        loop {
            let taken_at = Instant::now();
            match store.create(&key, Bytes::from(holder.clone())).await {
                Ok(revision) => {
                    return Ok(Self {
                        store,
                        key,
                        holder,
                        revision: Some(revision).into(),
                        epoch: revision,
                        time,
                        taken_at,
                    });
                }
                Err(error)
                    if error.kind() == CreateErrorKind::AlreadyExists || is_overtaken(&error) =>
                {
                    if Instant::now() >= until {
                        let holder = match store.entry(&key).await {
                            Ok(Some(entry)) => String::from_utf8_lossy(&entry.value).into_owned(),
                            _ => "another process".into(),
                        };
                        return Err(NotTaken::Held(holder));
                    }
                    sleep(LOOK_EVERY).await;
                }
                Err(error) => return Err(NotTaken::Failed(Failure::unreachable(&error))),
            }
        }
    }

    /// Writes the entry again, so that the lease goes on.
    ///
    /// # Errors
    /// [`Trouble::TakenOver`] if another process holds it, [`Trouble::Unreachable`] if nobody can say.
    pub(super) async fn renew(&self) -> Result<(), Failure> {
        let mut revision = self.revision.lock().await;
        let Some(last) = *revision else { return Ok(()) };
        let value = Bytes::from(self.holder.clone());
        match self.store.update(&self.key, value, last).await {
            Ok(next) => {
                *revision = Some(next);
                Ok(())
            }
            Err(error) if is_overtaken(&error) => self.claim(&mut revision).await,
            Err(error) => Err(Failure::unreachable(&error)),
        }
    }

    /// Looks who holds the lease, and takes it again if it has ended and nobody does.
    pub(super) async fn check(&self) -> Result<(), Failure> {
        let mut revision = self.revision.lock().await;
        self.claim(&mut revision).await
    }

    async fn claim(&self, revision: &mut Option<u64>) -> Result<(), Failure> {
        let entry = self.store.entry(&self.key).await;
        let entry = entry.map_err(|error| Failure::unreachable(&error))?;
        match entry.filter(|entry| entry.operation == Operation::Put) {
            Some(entry) if entry.value == self.holder.as_bytes() => {
                *revision = Some(entry.revision);
                Ok(())
            }
            Some(entry) => {
                let holder = String::from_utf8_lossy(&entry.value).into_owned();
                Err(Failure::said(Trouble::TakenOver, holder))
            }
            None => match self
                .store
                .create(&self.key, self.holder.clone().into())
                .await
            {
                Ok(next) => {
                    *revision = Some(next);
                    Ok(())
                }
                Err(error) => Err(Failure::unreachable(&error)),
            },
        }
    }

    /// Gives the lease up; another process can take it at once, and this one does not renew it any more.
    pub(super) async fn release(&self) -> Result<(), Failure> {
        let Some(revision) = self.revision.lock().await.take() else {
            return Ok(());
        };
        let released = self.store.delete_expect_revision(&self.key, Some(revision));
        let released = released.await;
        released.map_err(|error| Failure::unreachable(&error))
    }
}
