//! The side that carries commands out.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use super::{
    ANSWER, COMMAND, CommandHead, Greeting, HELLO, MOST_ANSWER, MOST_BYTES, Outcome, RelayError,
    VERSION, message, parts,
};
use crate::{BoxFuture, Rng, SourceName};

/// Most commands that are carried out at a time.
const COMMANDS: usize = 256;
/// Most bytes of the commands that are carried out at a time.
const BYTES: usize = 64 << 20;

/// Carries out a command of a source's client in another process, and gives its answer.
///
/// The future is dropped when the command's time is over; a command that it has handed on and that has not begun by
/// then must not begin any more. [`RelayError::Unknown`] is for a command that cannot be read.
pub type Serve = Arc<dyn Fn(Bytes) -> BoxFuture<'static, Result<Bytes, RelayError>> + Send + Sync>;

/// The sources of this process, for commands of others.
pub struct Desk {
    nonce: String,
    begun: Instant,
    sources: Mutex<HashMap<SourceName, Serve>>,
    commands: Semaphore,
    /// In units of 1,024 bytes.
    bytes: Arc<Semaphore>,
}

impl Desk {
    /// Most bytes of a message that [`Desk::answer`] takes.
    pub const MOST_MESSAGE: usize = MOST_BYTES + (64 << 10);
    /// Most bytes of an answer.
    pub const MOST_ANSWER: usize = MOST_ANSWER + (64 << 10);

    /// A desk without sources.
    pub fn new() -> Self {
        let mut rng = Rng::new();
        Self {
            nonce: format!("{:016x}{:016x}", rng.u64(..), rng.u64(..)),
            begun: Instant::now(),
            sources: Mutex::default(),
            commands: Semaphore::new(COMMANDS),
            bytes: Arc::new(Semaphore::new(BYTES >> 10)),
        }
    }

    /// Serves a source from now on, in place of another one of its name.
    pub fn add(&self, source: SourceName, serve: Serve) {
        self.lock().insert(source, serve);
    }

    /// Serves a source no longer. Commands that are under way go on.
    pub fn remove(&self, source: &SourceName) {
        self.lock().remove(source);
    }

    /// Waits until there is room for a message of this length, for a backend that reads messages from a stream.
    ///
    /// The room is taken until the permit is dropped.
    pub async fn room(&self, bytes: usize) -> OwnedSemaphorePermit {
        let units = bytes.min(BYTES).div_ceil(1 << 10);
        let units = u32::try_from(units).expect("at most 65,536");
        let permit = Arc::clone(&self.bytes).acquire_many_owned(units).await;
        permit.expect("it is never closed")
    }

    /// Takes room for a message of this length, if there is any.
    pub fn try_room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(1 << 10)).ok()?;
        Arc::clone(&self.bytes).try_acquire_many_owned(units).ok()
    }

    /// The answer to a message for which there is no room.
    pub fn busy() -> Bytes {
        message(ANSWER, &Outcome::Failed(RelayError::Busy), &[])
    }

    /// Tells this desk from every other one, by which a message can be sent to it alone.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Carries a message out, and gives the answer for whoever sent it.
    pub async fn answer(&self, message: Bytes) -> Bytes {
        if message.as_ref() == [HELLO] {
            let greeting = Greeting {
                version: VERSION,
                nonce: self.nonce.clone(),
                now: self.now(),
            };
            return serde_json::to_vec(&greeting)
                .expect("a greeting is plain data")
                .into();
        }
        let (outcome, body) = match self.carry_out(message).await {
            Ok(Some(body)) if body.len() > MOST_ANSWER => {
                (Outcome::Failed(RelayError::AnswerTooLarge), Bytes::new())
            }
            Ok(Some(body)) => (Outcome::Done, body),
            Ok(None) => (Outcome::Other, Bytes::new()),
            Err(error) => (Outcome::Failed(error), Bytes::new()),
        };
        super::message(ANSWER, &outcome, &body)
    }

    /// Carries a command out; `None` if it is for another process.
    async fn carry_out(&self, message: Bytes) -> Result<Option<Bytes>, RelayError> {
        let (head, body): (CommandHead, _) = parts(COMMAND, message).ok_or(RelayError::Unknown)?;
        if head.version != VERSION {
            return Err(RelayError::Unknown);
        }
        if head.to != self.nonce {
            return Ok(None);
        }
        let now = self.now();
        if now >= head.until {
            return Err(RelayError::Expired);
        }
        let _under_way = self.commands.try_acquire().map_err(|_| RelayError::Busy)?;
        let serve = self.lock().get(&SourceName::new(head.source)).cloned();
        let serve = serve.ok_or(RelayError::NoSuchSource)?;
        let left = Duration::from_millis(head.until - now);
        // No time that this clock can have is too far away.
        let until = Instant::now() + left.min(Duration::from_secs(24 * 60 * 60));
        let done = timeout_at(until, serve(body)).await;
        done.unwrap_or(Err(RelayError::TimedOut(left))).map(Some)
    }

    /// Milliseconds since it was made.
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SourceName, Serve>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources: Vec<_> = self.lock().keys().cloned().collect();
        f.debug_struct("Desk")
            .field("sources", &sources)
            .finish_non_exhaustive()
    }
}
