//! The lock files that keep two processes of one machine from being the same consumer.
//!
//! Each consumer has one beside the journal, `<file>.<name>.consumer`. Its lock is held from the claim to the claim's
//! end and is gone with the process, so that nobody has to guess whether a holder still lives. The file itself stays:
//! who removed it could remove the one that the next process holds.

use std::{
    collections::HashSet,
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use antiphon_core::{
    AppendError, BoxError, BoxFuture, Claim, ClaimError, ConsumerName, ReadError, Trouble,
};
use ring::digest;
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};

use super::{
    SqliteJournal,
    connection::{beside, escape},
    files::Watched,
    lock::private,
    trouble::Failure,
};

/// How often a claim that waits for another one looks whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Longest name of a consumer in the name of its file; longer ones are named by a hash.
const NAME_BYTES: usize = 100;

/// Most bytes of a lock file that are read.
const HOLDER: u64 = 64;

/// The lock file of a consumer, locked until this is dropped.
#[derive(Debug)]
pub(super) struct ClaimLock {
    file: File,
    watched: Watched,
}

impl ClaimLock {
    /// Takes the lock and makes its file if there is none; `None` if somebody holds it.
    fn take(path: &Path, consumer: &ConsumerName) -> Result<Option<Self>, Failure> {
        let path = path_of(path, consumer);
        let mut file = private(&mut File::options())
            .create(true)
            .truncate(false)
            .open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let watched = Watched::opened("lock", path, &file.metadata()?);
        // Between opening and locking the file may have been replaced, and another process may hold the new one.
        if watched.length().is_err() {
            return Ok(None);
        }
        // For people, and for whoever asks who holds it; the lock alone decides.
        let holder = format!("{}\n", std::process::id());
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(holder.as_bytes())?;
        Ok(Some(Self { file, watched }))
    }

    /// Checks that the file is still the one that is locked.
    ///
    /// # Errors
    /// [`Trouble::Changed`].
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.watched.length().map(drop)
    }
}

impl Drop for ClaimLock {
    fn drop(&mut self) {
        // Closing alone is not enough: a program that is just being started has a copy of the handle until it runs.
        let _ = self.file.unlock();
    }
}

/// A lock file that a process holds; `None` if nobody does.
fn held(path: &Path) -> Option<File> {
    let file = File::open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(file),
        // Nobody has it; whoever claims it at this moment looks again.
        Ok(()) => {
            let _ = file.unlock();
            None
        }
        Err(TryLockError::Error(_)) => None,
    }
}

/// The process that has a consumer; `None` if nobody has, 0 if it cannot be told which.
pub(super) fn holder(path: &Path, consumer: &ConsumerName) -> Option<u32> {
    let file = held(&path_of(path, consumer))?;
    let mut text = String::new();
    // On some systems a file that is locked cannot be read.
    let read = file.take(HOLDER).read_to_string(&mut text);
    Some(
        read.ok()
            .and_then(|_| text.trim().parse().ok())
            .unwrap_or(0),
    )
}

/// Whether somebody holds a lock file of the journal's consumers that is not among `own`.
///
/// It reads the names of the journal's folder, since a consumer that has stored nothing yet is known by its file alone.
fn is_followed(path: &Path, own: &HashSet<PathBuf>) -> io::Result<bool> {
    let (Some(folder), Some(journal)) = (path.parent(), path.file_name()) else {
        return Ok(false);
    };
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let of = name.as_encoded_bytes();
        let of = of.strip_prefix(journal.as_encoded_bytes());
        let of = of.and_then(|rest| rest.strip_prefix(b".")?.strip_suffix(b".consumer"));
        // A name has no dot in its file; `a.sqlite.old` is another journal beside `a.sqlite`.
        if of.is_some_and(|of| !of.contains(&b'.')) {
            let file = folder.join(name);
            if !own.contains(&file) && held(&file).is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The path of a consumer's lock file.
fn path_of(path: &Path, consumer: &ConsumerName) -> PathBuf {
    let mut name = String::new();
    let text = consumer.as_str();
    let keep = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    escape(text.as_bytes(), keep, &mut name);
    if name.len() > NAME_BYTES {
        name = String::from("%");
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        escape(&hash.as_ref()[..16], |_| false, &mut name);
    }
    beside(path, &format!(".{name}.consumer"))
}

impl SqliteJournal {
    /// Waits for another claim to end ([`Options::wait`](super::Options::wait)).
    pub(super) fn claim_consumer<'a>(
        &'a self,
        consumer: &'a ConsumerName,
    ) -> BoxFuture<'a, Result<Claim, ClaimError>> {
        Box::pin(async move {
            let until = Instant::now() + self.shared.wait;
            loop {
                if let Some(claim) = self.try_claim_consumer(consumer).await? {
                    return Ok(claim);
                }
                if Instant::now() >= until {
                    let holder = holder(&self.shared.path, consumer).filter(|holder| *holder > 0);
                    let said = holder.map(|holder| format!("process {holder} has it").into());
                    return Err(ClaimError::new(consumer.clone(), Trouble::Locked, said));
                }
                sleep(LOOK_EVERY).await;
            }
        })
    }

    /// `None` if somebody has it.
    pub(super) fn try_claim_consumer<'a>(
        &'a self,
        consumer: &'a ConsumerName,
    ) -> BoxFuture<'a, Result<Option<Claim>, ClaimError>> {
        Box::pin(async move {
            let error = |failure: Failure| {
                ClaimError::new(consumer.clone(), failure.trouble, failure.source)
            };
            self.shared.may_write().await.map_err(error)?;
            let (path, name) = (self.shared.path.clone(), consumer.clone());
            let taken = spawn_blocking(move || ClaimLock::take(&path, &name)).await;
            let Some(lock) = taken.map_err(Failure::from).flatten().map_err(error)? else {
                return Ok(None);
            };
            self.shared.claims.claim(consumer, lock).map(Some)
        })
    }

    /// Those of the consumers that a process has; looked up in their lock files.
    pub(super) fn claimed_consumers<'a>(
        &'a self,
        consumers: &'a [ConsumerName],
    ) -> BoxFuture<'a, Result<Vec<ConsumerName>, ReadError>> {
        Box::pin(async move {
            let (path, names) = (self.shared.path.clone(), consumers.to_vec());
            let look = spawn_blocking(move || {
                let claimed = names
                    .into_iter()
                    .filter(|name| holder(&path, name).is_some());
                claimed.collect()
            });
            look.await.map_err(|error| Failure::from(error).read())
        })
    }

    /// Whether somebody else has a consumer; looked up in the lock files beside the journal.
    pub(super) fn followed_by_others(&self) -> BoxFuture<'_, Result<Option<bool>, ReadError>> {
        Box::pin(async move {
            let path = self.shared.path.clone();
            let own = self.shared.claims.map(|_| ());
            let look = move || {
                let own = own
                    .keys()
                    .map(|consumer| path_of(&path, consumer))
                    .collect();
                is_followed(&path, &own).map_err(Failure::from)
            };
            let look = spawn_blocking(look).await.map_err(Failure::from);
            look.flatten().map(Some).map_err(Failure::read)
        })
    }
}

impl SqliteJournal {
    /// Claims every consumer that is in no process, so that none begins meanwhile.
    ///
    /// # Errors
    /// As [`SqliteJournal::claim_if_free`], and any failure of a read.
    pub(super) async fn claim_others(&self) -> Result<Vec<Claim>, AppendError> {
        let read = self.shared.read(|reader| reader.consumers()).await;
        let names = read.map_err(|error| AppendError::new(error.trouble(), Some(error.into())))?;
        let mut claims = Vec::new();
        for consumer in names {
            claims.extend(self.claim_if_free(&consumer).await?);
        }
        Ok(claims)
    }

    /// Claims a consumer, unless this process has it.
    ///
    /// # Errors
    /// [`Trouble::Locked`] if another process has it, and any failure of a claim.
    pub(super) async fn claim_if_free(
        &self,
        consumer: &ConsumerName,
    ) -> Result<Option<Claim>, AppendError> {
        if self.shared.claims.have(consumer) {
            return Ok(None);
        }
        let claim = self.claim_consumer(consumer).await;
        claim.map(Some).map_err(|error| {
            let trouble = error.trouble();
            let cause = match trouble {
                Trouble::Locked => {
                    format!("the consumer `{consumer}` is another process's: stop it first").into()
                }
                _ => BoxError::from(error),
            };
            AppendError::new(trouble, Some(cause))
        })
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_consumer_is_held_until_its_lock_is_dropped_and_its_holder_is_told() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("events.db");
        let choir = ConsumerName::new("choir");
        assert_eq!(holder(&path, &choir), None, "nobody ever had it");
        let lock = ClaimLock::take(&path, &choir)
            .expect("a lock")
            .expect("free");
        assert!(ClaimLock::take(&path, &choir).expect("a lock").is_none());
        assert_eq!(holder(&path, &choir), Some(std::process::id()));
        assert_eq!(holder(&path, &"organ".into()), None);
        drop(lock);
        assert_eq!(holder(&path, &choir), None);
        assert!(ClaimLock::take(&path, &choir).expect("a lock").is_some());
    }

    #[test]
    fn a_lock_file_that_was_removed_or_replaced_is_noticed() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("events.db");
        let choir = ConsumerName::new("choir");
        let lock = ClaimLock::take(&path, &choir)
            .expect("a lock")
            .expect("free");
        lock.check().expect("it is there");
        std::fs::remove_file(path_of(&path, &choir)).expect("removed");
        assert_eq!(lock.check().expect_err("gone").trouble, Trouble::Changed);
        let other = ClaimLock::take(&path, &choir)
            .expect("a lock")
            .expect("free");
        assert_eq!(lock.check().expect_err("another").trouble, Trouble::Changed);
        other.check().expect("its own");
    }

    #[test]
    fn only_claims_of_others_and_of_the_same_journal_are_told() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("events.db");
        let told = |own: &[&str]| {
            let own = own.iter().map(|name| path_of(&path, &(*name).into()));
            is_followed(&path, &own.collect()).expect("a look")
        };
        let take = |path: &Path, name: &str| {
            let lock = ClaimLock::take(path, &name.into()).expect("a lock");
            lock.expect("free")
        };
        // Names of other journals, and of none.
        let others = ["events.db.old", "events.db.choir.consumer", "other.db"];
        let _others = others.map(|other| take(&folder.path().join(other), "choir"));
        std::fs::write(folder.path().join("events.db..consumer"), "").expect("a file");
        drop(take(&path, "gone"));
        let _own = take(&path, "choir");
        assert!(!told(&["choir"]));
        // Any name, also one that stands as a hash.
        for name in ["organ", "choir#17", "", "Ö/..", &"l".repeat(1 << 10)] {
            let lock = take(&path, name);
            assert!(told(&["choir"]), "{name}");
            assert!(!told(&["choir", name]), "{name}");
            drop(lock);
            assert!(!told(&["choir"]), "{name}");
        }
    }

    #[test]
    fn any_name_has_a_file_of_its_own() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("events.db");
        let names = ["", ".", "..", "a/b", "a%2Fb", "A", "a", "\0", "\u{202e}"];
        let long = "l".repeat(1 << 16);
        let longer = "l".repeat((1 << 16) + 1);
        let names = names.into_iter().chain([&*long, &*longer]);
        let locks: Vec<_> = names
            .map(|name| ClaimLock::take(&path, &name.to_owned().into()).expect("a lock"))
            .collect();
        assert!(locks.iter().all(Option::is_some));
        let files = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(files, locks.len(), "all are beside the journal");
    }
}
