//! The identify queue that all shards of a source share.
//!
//! An identify is spent before it is sent: the checkpoint `identifies` is durable when [`IdentifyQueue::acquire`] returns, so
//! that a crash in between costs a number and never a session start too many. The same checkpoint says which buckets an
//! earlier run used last, so that a process that takes over leaves five seconds behind its identifies.
//!
//! A permit is for its time alone: whoever was held up for longer, by a slow connection or because its
//! process was stopped, asks anew, since others count on its end.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use antiphon_core::{Checkpoint, Entry, Intake, Moment, OpenFailure, Part, error_chain};
use tokio::{
    sync::{Mutex as AsyncMutex, Notify, watch},
    time::{Duration, Instant, sleep_until},
};
use tracing::{debug, warn};
use twilight_model::gateway::{SessionStartLimit, connection_info::BotConnectionInfo};

use super::{
    Buckets, Budget, IdentifiesLeft, LONGEST_LIFE, SPACING, Turn,
    together::{EndedTurns, SharedTurn, Together},
};
use crate::{error::RequestError, http::Http};

/// How long the answer of `GET /gateway/bot` is reused.
///
/// A shard that reconnects asks again after it; the URL itself is used for longer.
const FRESH: Duration = Duration::from_secs(60);
/// How long connecting may take, of the time in which a permit may be used; the rest is the server's for its greeting.
const CONNECTING: Duration = Duration::from_secs(10);
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
    /// How long a permit may be used.
    life: Duration,
    /// What other processes of the bot share with this one, if it runs some of the shards alone.
    together: Option<Together>,
}

#[derive(Debug)]
struct State {
    /// Which shard may identify now.
    buckets: Buckets,
    /// What is left of the day's identifies.
    budget: Budget,
    /// Whether an identify was sent since the last checkpoint.
    is_news: bool,
}

impl IdentifyQueue {
    /// Creates a queue with the budget and the buckets that an earlier run left.
    ///
    /// A permit ends ten seconds after the time in which a server has to greet.
    pub(crate) fn new(
        http: Arc<Http>,
        intake: Intake,
        gateway: Option<String>,
        hello_timeout: Duration,
    ) -> Self {
        let life = hello_timeout.saturating_add(CONNECTING).min(LONGEST_LIFE);
        let part: Part = "identifies".into();
        let stored = intake.checkpoint(&part);
        let budget: Option<Budget> = stored.and_then(|stored| {
            antiphon_core::read_json(&stored.state)
                .inspect_err(|error| warn!(%error, "the spent identifies cannot be read"))
                .ok()
        });
        let budget = budget.unwrap_or_default();
        let mark = stored.map_or(0, |stored| stored.mark);
        let (mut buckets, now) = (Buckets::default(), intake.moment());
        for (bucket, left) in budget.free_at(now.wall, life) {
            buckets.hold(bucket, now.at + left);
        }
        Self {
            http,
            intake,
            gateway,
            state: Mutex::new(State {
                buckets,
                budget,
                is_news: false,
            }),
            changed: Notify::new(),
            info: AsyncMutex::new(None),
            part,
            mark: AtomicI64::new(mark),
            life,
            together: None,
        }
    }

    /// Takes turns together with other processes, if the journal's store is one that they share.
    ///
    /// `processes` is how many there are, if all run as many shards. Gives what has to be told to them while shards run.
    pub(crate) fn share(&mut self, processes: u32) -> Option<EndedTurns> {
        let store = self.http.shared_store()?;
        let (together, ended) = Together::new(store, processes);
        self.together = Some(together);
        Some(ended)
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
        let mut permit = Permit {
            queue: Some(Arc::clone(self)),
            shard,
            bucket: 0,
            until: None,
            spacing: SPACING,
            shared: None,
        };
        let mut told: Option<Instant> = None;
        let mut tell = |at| {
            // A shown time stays until it has passed, so that many shards do not write an event for each change.
            if told.is_none_or(|told| told <= Instant::now()) {
                told = Some(at);
                turn.send_replace(told);
            }
            told.map_or(at, |told| at.min(told))
        };
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
            let again = tell(at);
            tokio::select! {
                () = sleep_until(again) => {}
                () = changed => {}
            }
        }
        let bucket = self.state().buckets.number(shard);
        permit.bucket = bucket;
        if let Some(together) = &self.together {
            let expected = |at| {
                tell(at);
            };
            permit.shared = together.take(bucket, self.life, expected).await;
            if permit.shared.is_none() {
                permit.spacing = together.spacing_alone();
            }
        }
        // Before it is stored: an earlier end is a safe one.
        let taken_at = permit.shared.as_ref().map(|turn| turn.taken_at);
        permit.until = Some(taken_at.unwrap_or_else(Instant::now) + self.life);
        turn.send_if_modified(|turn| turn.take().is_some());
        self.spend(bucket).await?;
        Ok(permit)
    }

    async fn spend(&self, bucket: u32) -> Result<(), OpenFailure> {
        let now = self.intake.now();
        let spent = self.state().budget.spend(now, bucket, self.life);
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

    /// Notes that a session began; returns the checkpoint to store, if the budget changed or an identify was sent.
    pub(crate) fn succeed(&self) -> Option<Checkpoint> {
        let is_news = {
            let mut state = self.state();
            let was_sent = std::mem::take(&mut state.is_news);
            state.budget.succeed() || was_sent
        };
        is_news.then(|| self.checkpoint())
    }
}

/// A shard's permit to identify; an unused one goes to the next shard when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    /// Absent once the permit is used.
    queue: Option<Arc<IdentifyQueue>>,
    shard: u32,
    bucket: u32,
    /// When it ends; it does not, for tests.
    until: Option<Instant>,
    /// Time until the next identify of its bucket.
    spacing: Duration,
    /// The turn among other processes.
    shared: Option<SharedTurn>,
}

impl Permit {
    /// A permit without a queue, for tests.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn for_test() -> Self {
        Self {
            queue: None,
            shard: 0,
            bucket: 0,
            until: None,
            spacing: SPACING,
            shared: None,
        }
    }

    /// Whether it is too late to identify, since others count on the end of this permit.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Notes that the identify was sent.
    pub(crate) fn used(mut self, now: Moment) {
        if let Some(shared) = self.shared.take() {
            shared.used();
        }
        if let Some(queue) = self.queue.take() {
            {
                let mut state = queue.state();
                state.buckets.sent(self.shard, now.at, self.spacing);
                state.budget.sent(now.wall, self.bucket);
                state.is_news = true;
            }
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
