//! Turns to identify, taken together by the processes of a bot that run different shards of it.
//!
//! Each bucket is a value that all of them share (`shared.rs`), `…identify.BUCKET`: until when it is taken, and by whose
//! turn. A turn is taken before the connection is opened and used when the identify is sent, which frees the bucket five
//! seconds later. One that is neither used nor given back, as of a process that was killed, ends by itself: no identify is
//! sent on it once its time is over, and five seconds after that the bucket is free.
//!
//! While the store is away, a process counts for itself, and leaves the others their share: its own identifies of a bucket
//! are as many times further apart as there are processes like it.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_core::Rng;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use tracing::debug;

use super::{LONGEST_LIFE, SPACING};
use crate::shared::{Failed, Kept, PATIENCE, SharedStore, milliseconds};

/// Time between two identifies of a bucket by different processes: a little more than in one, since their clocks differ.
const APART: Duration = Duration::from_millis(5_500);
/// How often a process looks whether another one has used its turn.
const AGAIN: Duration = Duration::from_millis(500);
/// How long a value is kept behind the time for which it says something.
const KEEP: Duration = Duration::from_secs(60);

/// A bucket, as all processes see it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Bucket {
    /// When the next turn may be taken, in Unix milliseconds.
    free: i64,
    /// The turn that is taken and not used yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    turn: Option<String>,
}

impl Kept for Bucket {
    fn keep(&self, now: i64) -> Duration {
        let left = u64::try_from(self.free - now).unwrap_or_default();
        Duration::from_millis(left) + KEEP
    }
}

/// What a process that wants a turn is told.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Taken,
    /// It has to wait so many milliseconds.
    In(i64),
    /// Another one has a turn, which is used within so many milliseconds, and may be used at once.
    Held(i64),
}

impl Bucket {
    /// Takes a turn that may be used for `life` milliseconds.
    ///
    /// No turn holds the bucket for longer than the longest one; a time beyond that is of a clock that was wrong.
    fn take(&mut self, turn: &str, now: i64, life: i64) -> Told {
        let longest = now + milliseconds(LONGEST_LIFE + APART);
        if self.free <= now || self.free > longest {
            self.free = now + life + milliseconds(APART);
            self.turn = Some(turn.to_owned());
            return Told::Taken;
        }
        let wait = self.free - now;
        if self.turn.is_some() {
            Told::Held(wait)
        } else {
            Told::In(wait)
        }
    }

    /// Ends a turn; a later one of another process stays.
    fn end(&mut self, turn: &str, end: End) {
        if self.turn.as_deref() != Some(turn) {
            return;
        }
        self.turn = None;
        self.free = match end {
            End::Used(at) => at + milliseconds(APART),
            End::GivenBack => 0,
        };
    }
}

/// How a turn ended.
#[derive(Clone, Copy, Debug)]
enum End {
    /// The identify was sent, at this time.
    Used(i64),
    /// None was, and none will be.
    GivenBack,
}

/// The buckets that the processes of a bot share.
#[derive(Debug)]
pub(super) struct Together {
    store: Arc<SharedStore>,
    /// This process among the others.
    process: String,
    /// Turns of this process until now.
    turns: AtomicU64,
    /// Processes that run as many shards as this one.
    processes: u32,
    /// Ended turns, for the task that tells the others; a turn ends once, so that they are as few as turns.
    ended: mpsc::UnboundedSender<(u32, String, End)>,
}

/// The turns of this process that end, of which the others have to be told.
#[derive(Debug)]
pub(crate) struct EndedTurns {
    store: Arc<SharedStore>,
    ended: mpsc::UnboundedReceiver<(u32, String, End)>,
    /// One that is being told, so that a call that was cancelled loses none.
    telling: Option<(u32, String, End)>,
}

/// A turn in a shared bucket; it is given back when it is dropped.
#[derive(Debug)]
pub(super) struct SharedTurn {
    /// Number of the bucket, and of the turn.
    bucket: u32,
    turn: String,
    /// From when its time counts.
    pub(super) taken_at: Instant,
    store: Arc<SharedStore>,
    /// Absent once it has ended.
    ended: Option<mpsc::UnboundedSender<(u32, String, End)>>,
}

impl Together {
    pub(super) fn new(store: Arc<SharedStore>, processes: u32) -> (Self, EndedTurns) {
        let (ended, received) = mpsc::unbounded_channel();
        let told = EndedTurns {
            store: Arc::clone(&store),
            ended: received,
            telling: None,
        };
        let together = Self {
            store,
            process: format!("{:016x}", Rng::new().u64(..)),
            turns: AtomicU64::new(0),
            processes: processes.max(2),
            ended,
        };
        (together, told)
    }

    /// Time between two identifies of a bucket by this process, while the store is away.
    pub(super) fn spacing_alone(&self) -> Duration {
        SPACING * self.processes
    }

    /// Waits for a turn in a bucket, which may be used for `life`; `None` while the store is away.
    ///
    /// `expected` is called with the time of the turn, as far as it is known.
    pub(super) async fn take(
        &self,
        bucket: u32,
        life: Duration,
        mut expected: impl FnMut(Instant),
    ) -> Option<SharedTurn> {
        let number = self.turns.fetch_add(1, Ordering::Relaxed);
        // Made before it is asked for, so that a turn is given back that came when nobody waited any more.
        let mut turn = SharedTurn {
            bucket,
            turn: format!("{}.{number}", self.process),
            taken_at: Instant::now(),
            store: Arc::clone(&self.store),
            ended: Some(self.ended.clone()),
        };
        let name = name_of(&self.store, bucket);
        loop {
            if self.store.is_alone() {
                return None;
            }
            // Before the time that the store is told, so that it does not end later than others think.
            turn.taken_at = Instant::now();
            let change = |bucket: &mut Bucket| {
                let now = self.store.now();
                Ok::<_, Infallible>(bucket.take(&turn.turn, now, milliseconds(life)))
            };
            let wait = match self.store.changed(&name, change).await {
                Ok(Told::Taken) => return Some(turn),
                Ok(Told::In(wait)) => {
                    let wait = Duration::from_millis(wait.unsigned_abs());
                    expected(Instant::now() + wait);
                    wait
                }
                Ok(Told::Held(wait)) => {
                    expected(Instant::now() + APART);
                    AGAIN.min(Duration::from_millis(wait.unsigned_abs()))
                }
                Err(Failed::Store(error)) => {
                    self.store.count_alone(&error);
                    return None;
                }
                Err(Failed::Refused(never)) => match never {},
            };
            sleep(wait).await;
        }
    }
}

impl SharedTurn {
    /// Notes that the identify is being sent.
    pub(super) fn used(mut self) {
        let now = self.store.now();
        self.end(End::Used(now));
    }

    fn end(&mut self, end: End) {
        if let Some(ended) = self.ended.take() {
            // Without the task the shards are ending, and the turn ends by itself.
            let _ = ended.send((self.bucket, std::mem::take(&mut self.turn), end));
        }
    }
}

impl Drop for SharedTurn {
    fn drop(&mut self) {
        self.end(End::GivenBack);
    }
}

impl EndedTurns {
    /// Tells the other processes of each turn that ends; it never returns, and may be cancelled at any time.
    pub(crate) async fn tell(&mut self) {
        loop {
            self.tell_one().await;
            let Some(ended) = self.ended.recv().await else {
                return std::future::pending().await;
            };
            self.telling = Some(ended);
        }
    }

    /// Tells them of those that have ended by now.
    pub(crate) async fn tell_rest(&mut self) {
        let rest = async {
            self.tell_one().await;
            while let Ok(ended) = self.ended.try_recv() {
                self.telling = Some(ended);
                self.tell_one().await;
            }
        };
        // What is not told ends by itself.
        let _ = timeout(PATIENCE, rest).await;
    }

    async fn tell_one(&mut self) {
        let Some((bucket, turn, end)) = &self.telling else {
            return;
        };
        if !self.store.is_alone() {
            let change = |bucket: &mut Bucket| {
                bucket.end(turn, *end);
                Ok::<_, Infallible>(())
            };
            match self
                .store
                .changed(&name_of(&self.store, *bucket), change)
                .await
            {
                Ok(()) => {}
                Err(Failed::Store(error)) => {
                    debug!(
                        error,
                        "others wait until a turn to identify has ended by itself"
                    );
                    self.store.count_alone(&error);
                }
                Err(Failed::Refused(never)) => match never {},
            }
        }
        self.telling = None;
    }
}

fn name_of(store: &SharedStore, bucket: u32) -> String {
    store.name(&format!("identify.{bucket}"))
}

#[cfg(test)]
mod tests;
