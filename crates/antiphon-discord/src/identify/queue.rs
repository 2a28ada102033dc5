//! The identify queue that all shards of a source share.
//!
//! An identify is spent before it is sent: the checkpoint `identifies` is durable when [`IdentifyQueue::acquire`] returns, so
//! that a crash in between costs a number and never a session start too many.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use antiphon_core::{Checkpoint, Entry, Intake, OpenFailure, Part, error_chain};
use tokio::{
    sync::{Mutex as AsyncMutex, Notify, watch},
    time::{Duration, Instant, sleep_until},
};
use tracing::{debug, warn};
use twilight_model::gateway::{SessionStartLimit, connection_info::BotConnectionInfo};

use super::{Buckets, Budget, IdentifiesLeft, Turn};
use crate::{error::RequestError, http::Http};

/// How long the answer of `GET /gateway/bot` is reused.
///
/// A shard that reconnects asks again after it; the URL itself is used for longer.
const FRESH: Duration = Duration::from_secs(60);
/// Limit that is assumed if a custom server does not answer `GET /gateway/bot`.
///
/// Only a server named by `Config::gateway` may lack that request; Discord's own answer is required.
const ASSUMED: SessionStartLimit = SessionStartLimit {
    max_concurrency: 1,
    remaining: 1000,
    reset_after: 86_400_000,
    total: 1000,
};

/// Lets the shards identify in turn, and knows the URL of the Gateway.
#[derive(Debug)]
pub(crate) struct IdentifyQueue {
    http: Arc<Http>,
    intake: Intake,
    /// URL of the Gateway, if `Config::gateway` sets one.
    gateway: Option<String>,
    state: Mutex<State>,
    /// Wakes the shards that wait whenever the order may have changed.
    changed: Notify,
    /// Last answer of `GET /gateway/bot`, and its age; held while it is asked for, so that shards ask once.
    info: AsyncMutex<Option<(Instant, BotConnectionInfo)>>,
    /// Part of the checkpoint, `identifies`.
    part: Part,
    /// Mark of the newest checkpoint of that part.
    mark: AtomicI64,
}

#[derive(Debug)]
struct State {
    /// Which shard may identify now.
    buckets: Buckets,
    /// What is left of the day's identifies.
    budget: Budget,
}

impl IdentifyQueue {
    /// Creates a queue with the budget that an earlier run left.
    pub(crate) fn new(http: Arc<Http>, intake: Intake, gateway: Option<String>) -> Self {
        let part: Part = "identifies".into();
        let stored = intake.checkpoint(&part);
        let budget = stored.and_then(|stored| {
            antiphon_core::read_json(&stored.state)
                .inspect_err(|error| warn!(%error, "the spent identifies cannot be read"))
                .ok()
        });
        let mark = stored.map_or(0, |stored| stored.mark);
        Self {
            http,
            intake,
            gateway,
            state: Mutex::new(State {
                buckets: Buckets::default(),
                budget: budget.unwrap_or_default(),
            }),
            changed: Notify::new(),
            info: AsyncMutex::new(None),
            part,
            mark: AtomicI64::new(mark),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is left of the day's identifies; `None` while no number is known.
    pub(crate) fn left(&self) -> Option<IdentifiesLeft> {
        self.state().budget.left(self.intake.now())
    }

    /// Answer of `GET /gateway/bot`, requested at most once a minute.
    pub(crate) async fn info(&self) -> Result<BotConnectionInfo, OpenFailure> {
        let mut known = self.info.lock().await;
        if let Some((at, info)) = &*known
            && at.elapsed() < FRESH
        {
            return Ok(info.clone());
        }
        let info = match self.http.gateway_bot().await {
            Ok(info) => info,
            Err(error) => self.assumed(&error)?,
        };
        {
            let mut state = self.state();
            let limit = &info.session_start_limit;
            state.budget.learn(limit, self.intake.now());
            state
                .buckets
                .set_concurrency(u32::from(limit.max_concurrency));
        }
        *known = Some((Instant::now(), info.clone()));
        Ok(info)
    }

    /// Returns the usual limits for a custom server that does not know the request.
    fn assumed(&self, error: &RequestError) -> Result<BotConnectionInfo, OpenFailure> {
        match &self.gateway {
            Some(url) if !error.is_transient() && error.way_out().is_none() => {
                debug!(error = %error_chain(error), "no word on shards and identifies");
                Ok(BotConnectionInfo {
                    session_start_limit: ASSUMED,
                    shards: 1,
                    url: url.clone(),
                })
            }
            _ => {
                let failure = OpenFailure::new(error_chain(error));
                Err(match (error, error.way_out()) {
                    (_, Some((code, hint))) => failure.fatal(code, hint),
                    (RequestError::RateLimited { retry_after, .. }, None) => {
                        failure.wait(Some(*retry_after))
                    }
                    _ => failure,
                })
            }
        }
    }

    /// URL of the Gateway; an old answer is good enough for this.
    pub(crate) async fn gateway(&self) -> Result<String, OpenFailure> {
        if let Some(gateway) = &self.gateway {
            return Ok(gateway.clone());
        }
        let known = self
            .info
            .lock()
            .await
            .as_ref()
            .map(|(_, info)| info.url.clone());
        match known {
            Some(url) => Ok(url),
            None => self.info().await.map(|info| info.url),
        }
    }

    /// Waits for the shard's turn, and spends one of the day's identifies; the spending is durable before this returns.
    ///
    /// If cancelled, the turn goes to the next shard.
    ///
    /// `turn` shows when the turn is expected.
    pub(crate) async fn acquire(
        self: &Arc<Self>,
        shard: u32,
        turn: &watch::Sender<Option<Instant>>,
    ) -> Result<Permit, OpenFailure> {
        self.info().await?;
        let permit = Permit {
            queue: Some(Arc::clone(self)),
            shard,
        };
        let mut told: Option<Instant> = None;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let asked = self.state().buckets.ask(shard, Instant::now());
            let now = Instant::now();
            let at = match asked {
                Turn::Now => break,
                Turn::At(at) => at,
                Turn::Later => self.state().buckets.expected(shard, now),
            };
            // A shown time stays until it has passed, so that many shards do not write an event for each change.
            if told.is_none_or(|told| told <= now) {
                told = Some(at);
                turn.send_replace(told);
            }
            let again = told.map_or(at, |told| at.min(told));
            tokio::select! {
                () = sleep_until(again) => {}
                () = changed => {}
            }
        }
        turn.send_if_modified(|turn| turn.take().is_some());
        self.spend().await?;
        Ok(permit)
    }

    async fn spend(&self) -> Result<(), OpenFailure> {
        let now = self.intake.now();
        let spent = self.state().budget.spend(now);
        if let Err(held) = spent {
            // The next try requests the limits again.
            self.info.lock().await.take();
            let wait = held.until.duration_since(now).try_into().ok();
            return Err(OpenFailure::new(held.reason).wait(wait));
        }
        let checkpoint = self.checkpoint();
        let mark = checkpoint.mark;
        let mut stored = self.intake.stored(&self.part);
        let handed = self.intake.send(Entry::checkpoint(checkpoint)).await;
        // Checkpoints of several shards may be stored together; then only the newest mark is shown.
        let reached = stored.wait_for(|stored| stored.is_some_and(|stored| stored >= mark));
        if handed.is_err() || reached.await.is_err() {
            return Err(OpenFailure::new("the journal takes no more events"));
        }
        Ok(())
    }

    fn checkpoint(&self) -> Checkpoint {
        let state = serde_json::to_vec(&self.state().budget).expect("numbers and times are JSON");
        Checkpoint {
            part: Arc::clone(&self.part),
            state: state.into(),
            mark: self.mark.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }

    /// Notes that a session began; returns the checkpoint to store, if the budget changed.
    pub(crate) fn succeed(&self) -> Option<Checkpoint> {
        let is_news = self.state().budget.succeed();
        is_news.then(|| self.checkpoint())
    }
}

/// A shard's permit to identify; an unused one goes to the next shard when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    /// Absent once the permit is used.
    queue: Option<Arc<IdentifyQueue>>,
    shard: u32,
}

impl Permit {
    /// A permit without a queue, for tests.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn for_test() -> Self {
        Self {
            queue: None,
            shard: 0,
        }
    }

    /// Notes that the identify was sent.
    pub(crate) fn used(mut self, now: Instant) {
        if let Some(queue) = self.queue.take() {
            queue.state().buckets.sent(self.shard, now);
            queue.changed.notify_waiters();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.state().buckets.leave(self.shard);
            queue.changed.notify_waiters();
        }
    }
}
