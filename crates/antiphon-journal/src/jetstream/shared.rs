//! Values that processes share, in a bucket of their own.
//!
//! The server orders the changes of a key by its revision. A value has the time behind which it has ended before it, in
//! milliseconds, by the clock of the machine that stored it; the bucket forgets every value after a day.

use std::{sync::Arc, time::Duration};

use antiphon_core::{AppendError, BoxFuture, Clock, ReadError, SharedValue, SharedValues, Trouble};
use async_nats::jetstream::kv::{CreateErrorKind, Entry, Operation, Store};
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use futures_util::TryStreamExt as _;
use tokio::sync::OnceCell;

use super::server::{Failure, Link, is_overtaken};

/// Longest time that a value is kept.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The bucket of a journal's values, which is made or opened by its first use.
#[derive(Debug)]
pub(super) struct Values {
    link: Arc<Link>,
    store: OnceCell<Store>,
}

impl Values {
    pub(super) fn new(link: Arc<Link>) -> Arc<Self> {
        Arc::new(Self {
            link,
            store: OnceCell::new(),
        })
    }

    async fn store(&self) -> Result<&Store, Failure> {
        let make = async || {
            let bucket = self.link.shared.clone();
            let description = "values that the processes of an antiphon bot share";
            self.link.store(bucket, description, LONGEST).await
        };
        self.store.get_or_try_init(make).await
    }

    /// What a key has, ended or not.
    async fn entry(&self, name: &str) -> Result<Option<Entry>, Failure> {
        check(name, &[])?;
        let entry = self.store().await?.entry(name).await;
        let entry = entry.map_err(|error| Failure::unreachable(&error))?;
        Ok(entry.filter(|entry| entry.operation == Operation::Put))
    }

    async fn stored(
        &self,
        name: &str,
        value: Bytes,
        expected: Option<u64>,
        keep: Duration,
    ) -> Result<Option<u64>, Failure> {
        check(name, &value)?;
        let there = self.entry(name).await?;
        let revision = there.as_ref().map(|entry| entry.revision);
        if there.as_ref().and_then(read).map(|value| value.revision) != expected {
            return Ok(None);
        }
        let keep = u64::try_from(keep.min(LONGEST).as_millis()).unwrap_or(u64::MAX);
        let mut message = BytesMut::with_capacity(value.len() + 8);
        message.put_u64(now().saturating_add(keep));
        message.put(value);
        let (store, message) = (self.store().await?, message.freeze());
        match revision {
            Some(revision) => match store.update(name, message, revision).await {
                Ok(revision) => Ok(Some(revision)),
                Err(error) if is_overtaken(&error) => Ok(None),
                Err(error) => Err(Failure::unreachable(&error)),
            },
            None => match store.create(name, message).await {
                Ok(revision) => Ok(Some(revision)),
                Err(error)
                    if error.kind() == CreateErrorKind::AlreadyExists || is_overtaken(&error) =>
                {
                    Ok(None)
                }
                Err(error) => Err(Failure::unreachable(&error)),
            },
        }
    }

    async fn named(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        let keys = self.store().await?.keys().await;
        let keys = keys.map_err(|error| Failure::unreachable(&error))?;
        let keys: Result<Vec<_>, _> = keys.try_collect().await;
        let keys = keys.map_err(|error| Failure::unreachable(&error))?;
        let mut names = Vec::new();
        for key in keys.into_iter().filter(|key| key.starts_with(prefix)) {
            if self.entry(&key).await?.as_ref().and_then(read).is_some() {
                names.push(key);
            }
        }
        Ok(names)
    }
}

/// Refuses names and values that cannot be shared.
fn check(name: &str, value: &[u8]) -> Result<(), Failure> {
    match SharedValue::problem(name, value) {
        Some(problem) => Err(Failure::said(Trouble::Other, problem)),
        None => Ok(()),
    }
}

/// The value of an entry; `None` if it has ended, or is none of ours.
fn read(entry: &Entry) -> Option<SharedValue> {
    let mut value = entry.value.clone();
    let until = value.try_get_u64().ok()?;
    (until > now()).then_some(SharedValue {
        revision: entry.revision,
        value,
    })
}

fn now() -> u64 {
    let now = Clock::system().now().as_millisecond();
    u64::try_from(now).unwrap_or_default()
}

impl SharedValues for Values {
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<SharedValue>, ReadError>> {
        Box::pin(async move {
            let entry = self.entry(name).await.map_err(Failure::read)?;
            Ok(entry.as_ref().and_then(read))
        })
    }

    fn put<'a>(
        &'a self,
        name: &'a str,
        value: Bytes,
        expected: Option<u64>,
        keep: Duration,
    ) -> BoxFuture<'a, Result<Option<u64>, AppendError>> {
        Box::pin(async move {
            let stored = self.stored(name, value, expected, keep).await;
            stored.map_err(Failure::append)
        })
    }

    fn names<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, ReadError>> {
        Box::pin(async move { self.named(prefix).await.map_err(Failure::read) })
    }
}
