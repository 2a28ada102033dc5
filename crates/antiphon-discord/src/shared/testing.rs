//! A store for tests of what is counted together.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use antiphon_core::{AppendError, BoxFuture, ReadError, Trouble};
use bytes::Bytes;
use tokio::time::sleep;

use super::*;

/// A store in memory that takes a moment, and can fail.
#[derive(Debug, Default)]
pub(crate) struct Store {
    values: Mutex<BTreeMap<String, (u64, Bytes)>>,
    pub(crate) fails: AtomicBool,
    pub(crate) reads: AtomicU64,
    /// Seconds that a read takes.
    pub(crate) slow: AtomicU64,
}

impl Store {
    /// All values, with their revisions.
    pub(crate) fn values(&self) -> MutexGuard<'_, BTreeMap<String, (u64, Bytes)>> {
        lock(&self.values)
    }
}

impl SharedValues for Store {
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<SharedValue>, ReadError>> {
        Box::pin(async move {
            self.reads.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(1)).await;
            sleep(Duration::from_secs(self.slow.load(Ordering::Relaxed))).await;
            if self.fails.load(Ordering::Relaxed) {
                return Err(ReadError::new(Trouble::Unreachable, None));
            }
            assert_eq!(SharedValue::problem(name, b""), None);
            let values = lock(&self.values);
            Ok(values.get(name).map(|(revision, value)| SharedValue {
                revision: *revision,
                value: value.clone(),
            }))
        })
    }

    fn put<'a>(
        &'a self,
        name: &'a str,
        value: Bytes,
        expected: Option<u64>,
        _: Duration,
    ) -> BoxFuture<'a, Result<Option<u64>, AppendError>> {
        Box::pin(async move {
            sleep(Duration::from_millis(1)).await;
            let mut values = lock(&self.values);
            let there = values.get(name).map(|(revision, _)| *revision);
            if there != expected {
                return Ok(None);
            }
            let revision = there.unwrap_or_default() + 1;
            values.insert(name.to_owned(), (revision, value));
            Ok(Some(revision))
        })
    }

    fn names<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<String>, ReadError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}
