//! Rate limits that the processes of a bot count together, through the journal's store.
//!
//! A process alone counts for itself (`limits`). While there are several, each request that those limits let go also
//! takes its place here, in values that all processes share ([`SharedValues`]), named by a hash of the token:
//!
//! - `…global`: when the next request may go, a block by a global 429, the refusals of the last ten minutes, and the
//!   processes that were heard of in the last minute. Requests go at three quarters of the bot's rate, with bursts of a
//!   fifth of it, so that no second has more than the whole.
//! - `…bucket.HASH`: one bucket's window. A request takes a place in it before it is sent, and its answer says how long
//!   the window is. Of a route without a known limit one process sends one request, and the others wait for what it
//!   learns.
//!
//! Times are those of the machines' clocks, which have to agree within a fraction of a second.
//!
//! | what happens | then |
//! | --- | --- |
//! | the store does not answer within two seconds (ten for the first value, which may have to open it), or refuses | the request goes on, under this process's own share of the rate: the whole by the number of processes heard of last, at least two; after ten seconds the store is asked again |
//! | a process ends with requests under way | their places count against the next window, and no further |
//! | an answer is awaited that says how long a window is | the other requests of the bucket ask anew every 50 ms, until their time is over |

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_core::{Clock, Rng, Secret, SharedValues};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use super::{
    limits::{Key, MOST_REFUSALS, RateLimitHeaders},
    route::Route,
};
use crate::{
    error::{RequestError, Scope},
    shared::{Failed, Kept, SharedStore, hash, lock, milliseconds},
};

/// How often a place is asked for that another process has to free.
const AGAIN: Duration = Duration::from_millis(50);
/// How long the first answer of a window may take; then another process asks.
const PROBE: Duration = Duration::from_secs(10);
/// How long the common value is kept, and which bucket a route belongs to.
const KEEP: Duration = Duration::from_secs(600);
/// How long a bucket is kept behind the end of its window.
const KEEP_WINDOW: Duration = Duration::from_secs(60);
/// How long a process counts after it was heard of.
const HEARD: i64 = 60_000;
/// Most processes that are remembered.
const PROCESSES: usize = 64;
/// How long this process shares after another one was heard of.
const TOGETHER: Duration = Duration::from_secs(20);

/// What all processes count together.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Global {
    /// When the next request may go, if the ones before it did, in Unix microseconds.
    next: i64,
    /// No request before this time, in Unix milliseconds.
    blocked: i64,
    /// Refusals of each minute.
    refused: BTreeMap<i64, u32>,
    /// When each process was heard of.
    seen: BTreeMap<String, i64>,
}

/// The window of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Window {
    /// The bucket that a route turned out to belong to; the rest means nothing then. A bucket has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<String>,
    /// Counts windows.
    number: u64,
    /// Requests in a window; absent until an answer has named it, 0 for no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    /// Places left.
    left: u32,
    /// End of the window, in Unix milliseconds; a guess while it is `open`.
    ends: i64,
    /// Whether no answer has named its end yet.
    open: bool,
    /// Requests of this window without an answer, and those of the one before.
    flying: u32,
    before: u32,
}

/// What a request that wants a place is told.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Go,
    /// There is no limit, and nothing to count.
    Free,
    /// It has to wait until this time.
    At(i64),
    /// It has to ask again soon: an answer to another request is awaited.
    Soon,
    /// The window of another bucket counts.
    Moved(String),
}

impl Window {
    /// Takes a place, if there is one.
    fn take(&mut self, now: i64) -> Told {
        if let Some(bucket) = &self.bucket {
            return Told::Moved(bucket.clone());
        }
        let is_over = now >= self.ends;
        match self.limit {
            Some(0) => return Told::Free,
            None if self.number > 0 && !is_over => return Told::Soon,
            Some(_) if self.left > 0 && !is_over => {
                self.left -= 1;
                self.flying += 1;
                return Told::Go;
            }
            Some(_) if !is_over && self.open => return Told::Soon,
            Some(_) if !is_over => return Told::At(self.ends),
            _ => {}
        }
        // What is on its way may be counted in the server's new window.
        self.before = self.flying;
        let room = self
            .limit
            .map_or(1, |limit| limit.saturating_sub(self.before));
        let is_lost = now >= self.ends + milliseconds(PROBE);
        if room == 0 && !is_lost {
            return Told::Soon;
        }
        self.number += 1;
        self.left = room.max(1) - 1;
        self.flying = 1;
        self.open = true;
        self.ends = now + milliseconds(PROBE);
        Told::Go
    }

    /// Notes that a request of the window with this number is no longer on its way.
    fn landed(&mut self, number: u64) {
        if number == self.number {
            self.flying = self.flying.saturating_sub(1);
        } else if number + 1 == self.number {
            self.before = self.before.saturating_sub(1);
        }
    }

    /// Notes an answer to a request of the window with this number.
    fn answered(&mut self, number: u64, headers: &RateLimitHeaders, now: i64) {
        self.landed(number);
        if let Some(limited) = headers.limited.filter(|it| it.scope != Scope::Global) {
            self.left = 0;
            self.open = false;
            self.ends = now + milliseconds(limited.wait);
            let named = headers.window().map(|(limit, ..)| limit);
            self.limit = named.or(self.limit).or(Some(1));
            return;
        }
        // An answer of an earlier window says nothing of this one.
        if number != self.number {
            return;
        }
        match headers.window() {
            Some((limit, remaining, reset_after)) => {
                self.left = match self.limit {
                    Some(_) => self.left.min(remaining),
                    None => remaining,
                };
                self.limit = Some(limit);
                if self.open {
                    self.open = false;
                    self.ends = now + milliseconds(reset_after);
                }
            }
            None if headers.limited.is_none() && self.limit.is_none() => self.limit = Some(0),
            None => {}
        }
    }
}

impl Kept for Global {
    fn keep(&self, _: i64) -> Duration {
        KEEP
    }
}

impl Kept for Window {
    fn keep(&self, now: i64) -> Duration {
        if self.bucket.is_some() {
            return KEEP;
        }
        let left = u64::try_from(self.ends - now).unwrap_or_default();
        Duration::from_millis(left) + KEEP_WINDOW
    }
}

/// A place in a bucket that a request has.
#[derive(Debug)]
pub(super) struct Taken {
    name: String,
    top: String,
    /// The route's own value, where that leads to the bucket or may learn it.
    route: Option<String>,
    /// Number of its window.
    number: u64,
}

/// The limits that the processes of a bot share.
#[derive(Debug)]
pub(crate) struct SharedLimits {
    store: Arc<SharedStore>,
    /// This process among the others.
    process: String,
    /// Requests a second of the whole bot.
    a_second: usize,
    /// Until when other processes are known to be there; `None` for good.
    until: Mutex<Option<Instant>>,
    /// Processes that were heard of last, at least 2.
    processes: AtomicU64,
    /// When this process may send its next request while it counts for itself.
    next_alone: Mutex<Instant>,
    /// One change of the common value at a time, so that the requests of a process do not refuse one another.
    turn: tokio::sync::Mutex<()>,
}

impl SharedLimits {
    /// The limits of the bot with this token; `always` where other processes are there for certain.
    pub(super) fn new(
        values: Arc<dyn SharedValues>,
        token: &Secret,
        a_second: usize,
        clock: Clock,
        always: bool,
    ) -> Self {
        let mut rng = Rng::new();
        Self {
            store: Arc::new(SharedStore::new(values, token, clock)),
            process: format!("{:016x}", rng.u64(..)),
            a_second: a_second.max(1),
            until: Mutex::new((!always).then(Instant::now)),
            processes: AtomicU64::new(2),
            next_alone: Mutex::new(Instant::now()),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Notes that another process of the bot was heard of.
    pub(crate) fn heard(&self) {
        if let Some(until) = &mut *lock(&self.until) {
            *until = Instant::now() + TOGETHER;
        }
    }

    /// Whether there are other processes.
    fn is_together(&self) -> bool {
        lock(&self.until).is_none_or(|until| until > Instant::now())
    }

    /// The store, for what else is counted together.
    pub(super) fn store(&self) -> &Arc<SharedStore> {
        &self.store
    }

    fn now(&self) -> i64 {
        self.store.now()
    }

    /// Waits until a request may go beside those of the other processes; `None` where nothing is to be told afterwards.
    ///
    /// # Errors
    /// [`RequestError::RateLimited`] if that is known to be after the deadline, and
    /// [`RequestError::TooManyRefusals`].
    pub(super) async fn take(
        &self,
        route: &Route,
        key: &Key,
        deadline: Instant,
    ) -> Result<Option<Taken>, RequestError> {
        // What an interaction's or webhook's token opens is one process's, and the global limit does not apply.
        if !route.is_global || !self.is_together() {
            return Ok(None);
        }
        let failure = if self.store.is_alone() {
            None
        } else {
            match self.take_shared(route, key, deadline).await {
                Ok(taken) => return Ok(taken),
                Err(Failed::Refused(error)) => return Err(error),
                Err(Failed::Store(error)) => Some(error),
            }
        };
        if let Some(error) = failure {
            self.store.count_alone(&error);
        }
        self.own_share(deadline).await?;
        Ok(None)
    }

    /// Waits for this process's own share of the bot's rate.
    async fn own_share(&self, deadline: Instant) -> Result<(), RequestError> {
        let at = {
            let mut next = lock(&self.next_alone);
            let rate = u32::try_from(self.a_second).unwrap_or(u32::MAX);
            let processes = u32::try_from(self.processes.load(Ordering::Relaxed)).unwrap_or(1);
            let at = (*next).max(Instant::now());
            *next = at + Duration::from_secs(1) / rate * processes;
            at
        };
        within(at, deadline, Scope::Global)?;
        sleep_until(at).await;
        Ok(())
    }

    async fn take_shared(
        &self,
        route: &Route,
        key: &Key,
        deadline: Instant,
    ) -> Result<Option<Taken>, Failed<RequestError>> {
        let taken = self.take_bucket(route, key, deadline).await?;
        let at = self.take_global(deadline).await?;
        sleep_until(at).await;
        Ok(taken)
    }

    /// Takes the next time of all processes; gives it.
    async fn take_global(&self, deadline: Instant) -> Result<Instant, Failed<RequestError>> {
        let name = self.store.name("global");
        let rate = i64::try_from(self.a_second).unwrap_or(i64::MAX);
        // Three quarters of the rate, in microseconds; bursts of a fifth.
        let (pause, burst) = (4_000_000 / (3 * rate), (rate / 5).max(1));
        let _turn = self.turn.lock().await;
        if self.store.is_alone() {
            return Err(Failed::Store("it failed for the request before".into()));
        }
        let change = |global: &mut Global| {
            let now = self.now();
            self.see(global, now);
            let refused: u32 = global.refused.values().sum();
            if refused >= MOST_REFUSALS {
                let retry_after = Duration::from_secs(60);
                return Err(RequestError::TooManyRefusals {
                    refusals: refused,
                    retry_after,
                });
            }
            // In microseconds, since a pause is shorter than whole milliseconds tell.
            let now = now * 1000;
            let next = global.next.max(now) + pause;
            let at = (next - pause * burst).max(now).max(global.blocked * 1000);
            let wait = Duration::from_micros(u64::try_from(at - now).unwrap_or_default());
            let at = Instant::now() + wait;
            within(at, deadline, Scope::Global)?;
            global.next = next;
            Ok(at)
        };
        self.store.changed(&name, change).await
    }

    /// Notes this process, and forgets what is over.
    fn see(&self, global: &mut Global, now: i64) {
        global
            .refused
            .retain(|minute, _| *minute > now / 60_000 - 11);
        global.seen.retain(|_, at| *at > now - HEARD);
        if global.seen.len() < PROCESSES {
            global.seen.insert(self.process.clone(), now);
        }
        let processes = u64::try_from(global.seen.len()).unwrap_or(u64::MAX);
        self.processes.store(processes.max(2), Ordering::Relaxed);
    }

    /// Takes a place in the window of a bucket, waiting for one until the deadline.
    async fn take_bucket(
        &self,
        route: &Route,
        key: &Key,
        deadline: Instant,
    ) -> Result<Option<Taken>, Failed<RequestError>> {
        let mut name = self.bucket(&key.bucket, &key.top);
        let is_routes = *key.bucket == *route.template;
        let routes = is_routes.then(|| name.clone());
        loop {
            let may_lead = routes.as_ref() == Some(&name);
            let told = self.store.changed(&name, |window: &mut Window| {
                // Only a route leads elsewhere; buckets that led to one another would be gone through for ever.
                if !may_lead && window.bucket.take().is_some() {
                    window.limit = None;
                }
                let told = window.take(self.now());
                Ok((told, window.number))
            });
            match told.await? {
                (Told::Go, number) => {
                    return Ok(Some(Taken {
                        name,
                        top: key.top.clone(),
                        route: routes,
                        number,
                    }));
                }
                (Told::Free, _) => return Ok(None),
                (Told::Moved(bucket), _) => name = self.bucket(&bucket, &key.top),
                (told, _) => {
                    let wait = match told {
                        Told::At(at) => u64::try_from(at - self.now()).unwrap_or_default(),
                        _ => u64::try_from(AGAIN.as_millis()).unwrap_or_default(),
                    };
                    let at = Instant::now() + Duration::from_millis(wait);
                    within(at, deadline, Scope::User).map_err(Failed::Refused)?;
                    sleep_until(at).await;
                }
            }
        }
    }

    /// Tells the other processes of an answer.
    pub(super) async fn answered(&self, taken: Option<&Taken>, headers: &RateLimitHeaders) {
        if !self.is_together() {
            return;
        }
        if let Err(Failed::Store(error)) = self.tell(taken, headers).await {
            // The places of this window are free again with the next but one.
            warn!(
                error,
                "the other processes could not be told of a rate limit"
            );
        }
    }

    async fn tell(
        &self,
        taken: Option<&Taken>,
        headers: &RateLimitHeaders,
    ) -> Result<(), Failed<RequestError>> {
        let global = headers.limited.filter(|it| it.scope == Scope::Global);
        if headers.is_refusal() || global.is_some() {
            let name = self.store.name("global");
            let _turn = self.turn.lock().await;
            let change = |shared: &mut Global| {
                let now = self.now();
                self.see(shared, now);
                *shared.refused.entry(now / 60_000).or_default() += u32::from(headers.is_refusal());
                if let Some(limited) = global {
                    shared.blocked = now + milliseconds(limited.wait);
                }
                Ok(())
            };
            self.store.changed(&name, change).await?;
        }
        let Some(taken) = taken else { return Ok(()) };
        let named = headers.bucket().map(|id| (id, self.bucket(id, &taken.top)));
        let moved = named.filter(|(_, name)| *name != taken.name);
        let (name, number) = match &moved {
            Some((id, name)) => {
                self.leave(taken, id).await?;
                (name, None)
            }
            None => (&taken.name, Some(taken.number)),
        };
        self.store
            .changed(name, |window: &mut Window| {
                let now = self.now();
                // A bucket that was not known begins with this request.
                let number = number.unwrap_or_else(|| {
                    if window.limit.is_none() {
                        window.number = window.number.max(1);
                        window.open = true;
                        window.flying += 1;
                    } else {
                        // One more request of its window than were counted.
                        window.left = window.left.saturating_sub(1);
                        window.flying += 1;
                    }
                    window.number
                });
                window.answered(number, headers, now);
                Ok(())
            })
            .await
    }

    /// Leads a request's route to another bucket than the one in which the request has a place.
    async fn leave(&self, taken: &Taken, bucket: &str) -> Result<(), Failed<RequestError>> {
        if let Some(route) = &taken.route {
            let lead = |window: &mut Window| {
                *window = Window {
                    bucket: Some(bucket.to_owned()),
                    number: window.number,
                    ..Window::default()
                };
                Ok(())
            };
            self.store.changed(route, lead).await?;
            if *route == taken.name {
                return Ok(());
            }
        }
        let landed = |window: &mut Window| {
            window.landed(taken.number);
            Ok(())
        };
        self.store.changed(&taken.name, landed).await
    }

    fn bucket(&self, bucket: &str, top: &str) -> String {
        let text = format!("{bucket}\n{top}");
        self.store.name(&format!("bucket.{}", hash(&text)))
    }
}

/// Fails if a time is behind the deadline.
fn within(at: Instant, deadline: Instant, scope: Scope) -> Result<(), RequestError> {
    if at > deadline {
        return Err(RequestError::RateLimited {
            retry_after: at.saturating_duration_since(Instant::now()),
            scope,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
