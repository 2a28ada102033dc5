//! The app: sources, journal and handlers put together, run, and stopped in good order.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, atomic::AtomicBool, atomic::Ordering},
    time::Duration,
};

use antiphon_core::{
    Batch, BoxFuture, Clock, ConsumerName, Cursor, Event, IntakeLimits, Journal, Keep, KindPattern,
    LinkState, OpenEvent, Outlet, Payload, Place, Position, Projection, Retention, Rng, Source,
    SourceError, SourceName, Stopper,
};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::{AbortHandle, Id, JoinError, JoinSet},
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span, warn};

use crate::{
    dispatcher::{self, Dispatcher, Following, HeadError, KeyOf, PAGE, Plans},
    error::RunError,
    handle::{Handle, Shared},
    handler::Handler,
    ingest::{self, Committer, WRITES},
    lanes::{Bounds, LaneId, Lanes},
    metric::Counters,
    runner::{Failure, Hook, Runner, Work},
    table::Wants,
    tail::Tail,
};

/// How long sources get to close after handlers have ended.
const CLOSE: Duration = Duration::from_secs(10);
/// How long the journal gets to store what is left.
const STORE: Duration = Duration::from_secs(10);
/// How often what retention no longer keeps is removed.
const SWEEP: Duration = Duration::from_secs(60);
/// A projection without a save is made again from so many positions back at most.
const REMAKE: u64 = 100_000;

/// What happens to the app when a source ends because trying again would be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStopped {
    /// The app stops in good order and ends with the source's error.
    #[default]
    End,
    /// The app goes on without it.
    GoOn,
}

/// How much an app holds at once.
///
/// Nothing is lost at any of these limits; what is beyond them waits in the journal, or at the platform.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    lane: usize,
    open: usize,
    parked: usize,
    intake: IntakeLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lane: 64,
            open: 8192,
            parked: 1024,
            intake: IntakeLimits::default(),
        }
    }
}

impl Limits {
    /// Events that wait in the lane of one place; 64 by default, at least 1.
    #[must_use]
    pub fn lane(mut self, events: usize) -> Self {
        self.lane = events.max(1);
        self
    }

    /// Events that wait or are being handled in all lanes together; 8,192 by default, at least 1.
    #[must_use]
    pub fn open(mut self, events: usize) -> Self {
        self.open = events.max(1);
        self
    }

    /// Full lanes that are remembered one by one; 1,024 by default.
    ///
    /// When more are full at the same time, the others go on from the journal together, as fast as the slowest.
    #[must_use]
    pub fn parked(mut self, lanes: usize) -> Self {
        self.parked = lanes;
        self
    }

    /// What may wait between the sources and the journal.
    #[must_use]
    pub fn intake(mut self, intake: IntakeLimits) -> Self {
        self.intake = intake;
        self
    }
}

/// Where a consumer begins that the journal does not know yet.
#[derive(Clone, Copy, Debug)]
enum Begin {
    End,
    At(Position),
}

/// Sources, journal and handlers, put together.
///
/// `S` is the state that handlers may ask for.
/// See the [crate's front page](crate) for an example.
pub struct App<S> {
    state: Arc<S>,
    shared: Arc<Shared<S>>,
    name: ConsumerName,
    sources: Vec<Box<dyn Source>>,
    projections: Vec<Box<dyn Projection>>,
    hook: Option<Hook>,
    on_stopped: OnStopped,
    key_of: Option<KeyOf>,
    limits: Limits,
    retention: Retention,
    begin: Begin,
    grace: Duration,
    clock: Clock,
    rng: Rng,
}

impl<S> fmt::Debug for App<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("name", &self.name)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl<S: Send + Sync + 'static> App<S> {
    /// An app with this state, and nothing else yet.
    pub fn new(state: S) -> Self {
        Self {
            state: Arc::new(state),
            shared: Arc::new(Shared::new()),
            name: ConsumerName::new("app"),
            sources: Vec::new(),
            projections: Vec::new(),
            hook: None,
            on_stopped: OnStopped::default(),
            key_of: None,
            limits: Limits::default(),
            retention: Retention::default(),
            begin: Begin::End,
            grace: Duration::from_secs(10),
            clock: Clock::system(),
            rng: Rng::new(),
        }
    }

    /// Adds a source; its name must differ from the others'.
    #[must_use]
    pub fn source(self, source: impl Source) -> Self {
        self.boxed_source(Box::new(source))
    }

    /// Adds a source whose type is not known.
    #[must_use]
    pub fn boxed_source(mut self, source: Box<dyn Source>) -> Self {
        self.sources.push(source);
        self
    }

    /// Adds a handler; its first argument picks the kinds it is called for.
    ///
    /// Handlers of one event run in the order they were added, raw ones first.
    /// One whose first argument is the stored [`Event`] is called for every event.
    #[must_use]
    pub fn on<M: 'static, H: Handler<M, S>>(self, handler: H) -> Self {
        self.shared.add(handler, None);
        self
    }

    /// Adds a handler of stored events whose kind fits the pattern, in which `*` stands for any run of characters.
    ///
    /// It is called before any typed handler, and also when the body does not decode.
    #[must_use]
    pub fn on_raw<M: 'static, H>(self, pattern: impl Into<Box<str>>, handler: H) -> Self
    where
        H: Handler<M, S, Payload = Event>,
    {
        let wants = Wants::Pattern(KindPattern::new(pattern));
        self.shared.add(handler, Some(wants));
        self
    }

    /// Adds a handler of stored events of a platform whose kind has no type.
    #[must_use]
    pub fn on_unknown<M: 'static, H>(self, platform: impl Into<Box<str>>, handler: H) -> Self
    where
        H: Handler<M, S, Payload = Event>,
    {
        self.shared
            .add(handler, Some(Wants::Unknown(platform.into())));
        self
    }

    /// Calls the hook with every call of a handler that fails; the lane waits for it, one minute at most.
    #[must_use]
    pub fn on_error<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(Failure) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.hook = Some(Arc::new(move |failure| {
            let hooked: BoxFuture<'static, ()> = Box::pin(hook(failure));
            hooked
        }));
        self
    }

    /// What happens when a source ends for good; by default the app ends too.
    #[must_use]
    pub fn on_stopped(mut self, on_stopped: OnStopped) -> Self {
        self.on_stopped = on_stopped;
        self
    }

    /// Chooses the lanes: events with the same key are handled in order; by default the key is the event's place.
    ///
    /// Kept positions of full lanes are filed under their keys: who changes what the keys mean should stop in good
    /// order first, or some events may be handled twice.
    #[must_use]
    pub fn lanes<K: Into<Place>>(
        mut self,
        key: impl Fn(&Event) -> K + Send + Sync + 'static,
    ) -> Self {
        self.key_of = Some(Arc::new(move |event| key(event).into()));
        self
    }

    /// Sets how much the app holds at once.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets what the journal keeps; kinds that platforms call momentary are added to it.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Names the consumer whose cursor this app keeps in the journal; `app` by default.
    #[must_use]
    pub fn named(mut self, name: impl Into<ConsumerName>) -> Self {
        self.name = name.into();
        self
    }

    /// Begins with the journal's first event at this consumer's first start.
    ///
    /// By default a new consumer begins with what is stored after its first start began.
    #[must_use]
    pub fn from_start(mut self) -> Self {
        self.begin = Begin::At(Position::ZERO);
        self
    }

    /// Begins with this event at this consumer's first start.
    #[must_use]
    pub fn from(mut self, position: Position) -> Self {
        self.begin = Begin::At(position.previous());
        self
    }

    /// Adds a projection of the app's own; its name must differ from the others'.
    #[must_use]
    pub fn projection(mut self, projection: impl Projection) -> Self {
        self.projections.push(Box::new(projection));
        self
    }

    /// How long running handlers get when the app stops; 10 seconds by default.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Sets the clock that stamps events; the machine's by default.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets where chance comes from, so that pauses repeat in a test.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        self.rng = rng;
        self
    }

    /// A handle to the app, for whoever lives beside it.
    pub fn handle(&self) -> Handle<S> {
        Handle(Arc::clone(&self.shared))
    }

    /// Runs until `shutdown` comes, [`Handle::stop`] is called, or something ends it.
    ///
    /// Stopping has two phases: sources stop reading, lanes start nothing new, and running handlers have a
    /// [grace](App::grace) with working clients; then sources close in a way they can resume from, and the cursor is
    /// stored. A journal that was given by value is closed then; one in an `Arc` is left to its other owners.
    ///
    /// Dropping the future is like a crash: nothing stored is lost, and what was being handled comes again.
    ///
    /// # Errors
    /// [`RunError`]: a source ended for good, the journal can be written or read no longer, a task panicked, or the
    /// app cannot run as it was put together.
    pub async fn run<M, N>(
        self,
        journal: impl IntoJournal<M>,
        shutdown: impl Shutdown<N>,
    ) -> Result<(), RunError> {
        let (journal, owned) = journal.into_journal();
        let shared = Arc::clone(&self.shared);
        let stop = shared.stop.clone();
        // Whoever waits must learn that nothing comes any more, also when this future is dropped.
        let _ending = Ending(shared);
        let running = Running::start(self, Arc::clone(&journal)).await?;
        let shutdown = shutdown.shut_down();
        tokio::pin!(shutdown);
        let ended = running
            .run(async {
                tokio::select! {
                    () = &mut shutdown => {}
                    () = stop.cancelled() => {}
                }
            })
            .await;
        if owned {
            let closed = journal.close().await.map_err(RunError::Append);
            return ended.and(closed);
        }
        ended
    }

    fn check(&self) -> Result<(), RunError> {
        let repeated = |names: Vec<&str>| {
            let mut seen = HashSet::new();
            names
                .into_iter()
                .find(|name| !seen.insert(*name))
                .map(str::to_owned)
        };
        let sources = self.sources.iter().map(|source| source.name().as_str());
        if let Some(name) = repeated(sources.collect()) {
            return Err(RunError::Configuration(format!(
                "two sources are named `{name}`"
            )));
        }
        let names = self.shared.table().names();
        if let Some(name) = repeated(names.iter().map(|name| &**name).collect()) {
            return Err(RunError::Configuration(format!(
                "two handlers are named `{name}`"
            )));
        }
        Ok(())
    }
}

struct Ending<S: Send + Sync + 'static>(Arc<Shared<S>>);

impl<S: Send + Sync + 'static> Drop for Ending<S> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What a task of the app came to.
enum Ended {
    Source(SourceName, Result<(), SourceError>),
    Committer(Result<(), antiphon_core::AppendError>),
    Head(Result<Vec<Following>, HeadError>),
    Beside,
}

/// An app whose tasks run.
struct Running<S> {
    journal: Arc<dyn Journal>,
    consumer: ConsumerName,
    lanes: Arc<Mutex<Lanes<Work<S>>>>,
    tasks: JoinSet<Ended>,
    names: HashMap<Id, (Task, AbortHandle)>,
    stopper: Stopper,
    head_stop: CancellationToken,
    give_up: CancellationToken,
    on_stopped: OnStopped,
    grace: Duration,
    rng: Rng,
    /// What has ended so far.
    head: Option<Result<Vec<Following>, HeadError>>,
    committer: Option<Result<(), antiphon_core::AppendError>>,
}

/// What a task is, for the log and for the order of stopping.
#[derive(Clone, Debug)]
enum Task {
    Source(SourceName),
    Committer,
    Head,
    Beside(&'static str),
}

impl<S: Send + Sync + 'static> Running<S> {
    async fn start(mut app: App<S>, journal: Arc<dyn Journal>) -> Result<Self, RunError> {
        app.check()?;
        let known = app.sources.iter().flat_map(|source| source.kinds());
        let known: HashSet<&'static str> = known.map(|info| info.kind).chain(own_kinds()).collect();
        app.shared.change(|table| table.know(known));
        let give_up = CancellationToken::new();

        let last = *journal.last().borrow();
        let stored = journal.cursor(&app.name).await.map_err(RunError::Read)?;
        let doubtful = match &stored {
            Some(cursor) if !cursor.clean => last,
            _ => Position::ZERO,
        };
        let begin = match app.begin {
            Begin::End => last,
            Begin::At(position) => position.min(last),
        };
        let mut cursor = stored.unwrap_or_else(|| Cursor::at(begin));
        // From here on something may be handled that the stored cursor does not show.
        cursor.clean = false;
        let batch = Arc::new(Batch {
            cursors: vec![(app.name.clone(), cursor.clone())],
            ..Batch::default()
        });
        ingest::append(&journal, &batch, app.rng.fork(), &give_up)
            .await
            .map_err(RunError::Append)?;

        let projections = restore_projections(&mut app, &journal, cursor.read, last).await?;
        let (lanes, begun, plans) = {
            let bounds = Bounds {
                queue: app.limits.lane,
                open: app.limits.open,
                parked: app.limits.parked,
            };
            let open = load(&journal, &cursor.open).await?;
            let lanes = Lanes::restore(bounds, &cursor, doubtful);
            restore_lanes(&app, lanes, open)
        };
        let seen = Arc::clone(&lanes);
        let probe = move || {
            let lanes = lock(&seen);
            (lanes.read(), lanes.open(), lanes.is_parked())
        };
        app.shared.begin(journal.last(), Box::new(probe));

        let tail = Arc::new(Tail::new());
        let mut outlet = Outlet::new(app.limits.intake);
        let mut intakes = Vec::new();
        let names = app.sources.iter().map(|source| source.name().clone());
        for name in names.collect::<Vec<_>>() {
            let checkpoints = journal.checkpoints(&name).await.map_err(RunError::Read)?;
            let intake = outlet.intake(name.clone(), checkpoints, app.clock, &mut app.rng);
            app.shared.add_link(name, intake.link());
            intakes.push(intake);
        }
        outlet.seal();

        let (writes, written) = mpsc::channel(WRITES);
        let (saved, saved_seen) = watch::channel(0);
        let dirty = Arc::new(AtomicBool::new(false));
        let changed = Arc::new(Notify::new());
        let counters = Counters::new();
        let committer = Committer {
            journal: Arc::clone(&journal),
            tail: Arc::clone(&tail),
            outlet,
            writes: written,
            consumer: app.name.clone(),
            cursor: cursor_now(&lanes, &dirty),
            changed: Arc::clone(&changed),
            saved,
            counters: counters.clone(),
            rng: app.rng.fork(),
            give_up: give_up.clone(),
        };
        let runner = Runner {
            lanes: Arc::clone(&lanes),
            state: Arc::clone(&app.state),
            handle: app.handle(),
            writes,
            saved: saved_seen,
            dirty,
            changed,
            room: Notify::new(),
            judges: app.sources.iter().map(|source| source.judge()).collect(),
            hook: app.hook.clone(),
            counters: counters.clone(),
            consumer: app.name.clone(),
            clock: app.clock,
            rng: Mutex::new(app.rng.fork()),
        };
        let head_stop = CancellationToken::new();
        let head = Dispatcher {
            journal: Arc::clone(&journal),
            tail,
            shared: Arc::clone(&app.shared),
            runner: Arc::new(runner),
            key_of: app.key_of.clone(),
            projections,
            stop: head_stop.clone(),
            grace: app.grace,
            rng: app.rng.fork(),
            plans,
            tasks: JoinSet::new(),
            befores: HashMap::new(),
            letters: dispatcher::Letters::default(),
        };
        let policy = Arc::new(retention(&app));
        let mut running = Self {
            journal,
            consumer: app.name.clone(),
            lanes,
            tasks: JoinSet::new(),
            names: HashMap::new(),
            stopper: Stopper::new(),
            head_stop,
            give_up,
            on_stopped: app.on_stopped,
            grace: app.grace,
            rng: app.rng.fork(),
            head: None,
            committer: None,
        };
        running.spawn(Task::Committer, async move {
            Ended::Committer(committer.run().await)
        });
        running.spawn(
            Task::Head,
            async move { Ended::Head(head.run(begun).await) },
        );
        let sweeper = sweep(Arc::clone(&running.journal), policy, app.clock, counters);
        running.spawn(Task::Beside("retention"), sweeper);
        for (source, intake) in app.sources.into_iter().zip(intakes) {
            let name = source.name().clone();
            running.spawn(Task::Beside("link"), show_link(name.clone(), intake.link()));
            let stop = running.stopper.stop();
            let task = Task::Source(name.clone());
            let run = source.run(intake, stop);
            running.spawn(task, async move { Ended::Source(name, run.await) });
        }
        info!(consumer = %running.consumer, read = %cursor.read, open = cursor.open.len(), "started");
        Ok(running)
    }

    fn spawn(&mut self, task: Task, future: impl Future<Output = Ended> + Send + 'static) {
        let span = match &task {
            Task::Source(name) => info_span!("source", %name),
            Task::Committer => info_span!("committer"),
            Task::Head => info_span!("head"),
            Task::Beside(name) => info_span!("beside", name),
        };
        let abort = self.tasks.spawn(future.instrument(span));
        self.names.insert(abort.id(), (task, abort));
    }

    /// Runs until it is told to stop or something ends it, and stops in good order.
    async fn run(mut self, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
        tokio::pin!(shutdown);
        let mut outcome = Ok(());
        while outcome.is_ok() {
            tokio::select! {
                () = &mut shutdown => break,
                Some(ended) = self.tasks.join_next_with_id() => outcome = self.ended(ended, false),
            }
            if self.head.is_some() || self.committer.is_some() {
                break;
            }
        }
        info!("stopping");
        let stopped = self.stop().await;
        outcome.and(stopped)
    }

    /// Notes what a task came to; an error if the app cannot go on without it.
    fn ended(
        &mut self,
        ended: Result<(Id, Ended), JoinError>,
        stopping: bool,
    ) -> Result<(), RunError> {
        let (id, ended) = match ended {
            Ok(ended) => ended,
            Err(failure) => {
                let task = self.names.remove(&failure.id()).map(|(task, _)| task);
                if failure.is_cancelled() {
                    return Ok(());
                }
                error!(?task, "a task panicked");
                return Err(match task {
                    Some(Task::Source(name)) => RunError::SourcePanicked(name),
                    Some(Task::Beside(name)) => RunError::TaskPanicked(name.to_owned()),
                    Some(Task::Committer) => RunError::TaskPanicked("committer".to_owned()),
                    Some(Task::Head) | None => RunError::TaskPanicked("head".to_owned()),
                });
            }
        };
        self.names.remove(&id);
        match ended {
            Ended::Source(name, Ok(())) => info!(source = %name, "a source has ended"),
            Ended::Source(name, Err(failure)) => {
                error!(
                    source = %name,
                    code = failure.code(),
                    hint = failure.way_out(),
                    error = &failure as &dyn std::error::Error,
                    "a source has stopped"
                );
                // While stopping, its end is what was wanted, however it came.
                if self.on_stopped == OnStopped::End && !stopping {
                    return Err(RunError::Source(failure));
                }
            }
            Ended::Committer(result) => self.committer = Some(result),
            Ended::Head(result) => self.head = Some(result),
            Ended::Beside => {}
        }
        Ok(())
    }

    /// Whether a task of this sort still runs.
    fn runs(&self, wanted: impl Fn(&Task) -> bool) -> bool {
        self.names.values().any(|(task, _)| wanted(task))
    }

    /// Waits until no task of this sort runs, or the deadline; the first panic meanwhile is kept.
    async fn wait_for(
        &mut self,
        deadline: Instant,
        outcome: &mut Result<(), RunError>,
        wanted: impl Fn(&Task) -> bool,
    ) {
        while self.runs(&wanted) {
            let Ok(Some(ended)) = timeout_at(deadline, self.tasks.join_next_with_id()).await else {
                return;
            };
            let ended = self.ended(ended, true);
            if outcome.is_ok() {
                *outcome = ended;
            }
        }
    }

    async fn stop(mut self) -> Result<(), RunError> {
        let mut outcome = Ok(());
        self.stopper.stop_reading();
        self.head_stop.cancel();
        // The head keeps to the grace by itself; the rest is for the machine to be slow in.
        let head = Instant::now() + self.grace + STORE;
        self.wait_for(head, &mut outcome, |task| matches!(task, Task::Head))
            .await;
        self.abort(|task| matches!(task, Task::Head));

        self.stopper.close();
        let closed = Instant::now() + CLOSE;
        self.wait_for(closed, &mut outcome, |task| matches!(task, Task::Source(_)))
            .await;
        self.abort(|task| !matches!(task, Task::Committer));

        let stored = Instant::now() + STORE;
        self.wait_for(stored, &mut outcome, |task| matches!(task, Task::Committer))
            .await;
        self.give_up.cancel();
        let stored = Instant::now() + STORE;
        self.wait_for(stored, &mut outcome, |task| matches!(task, Task::Committer))
            .await;
        self.abort(|_| true);

        let head = self.head.take();
        match self.committer.take() {
            Some(Ok(())) => {}
            Some(Err(failure)) => return outcome.and(Err(RunError::Append(failure))),
            None => return outcome.and(Err(RunError::Unfinished("store what was left"))),
        }
        match head {
            Some(Ok(projections)) => outcome.and(self.store_last(projections).await),
            Some(Err(HeadError::Read(failure))) => outcome.and(Err(RunError::Read(failure))),
            Some(Err(HeadError::Lane)) => {
                outcome.and(Err(RunError::TaskPanicked("lane".to_owned())))
            }
            None => outcome.and(Err(RunError::Unfinished("end the handlers"))),
        }
    }

    /// Ends the tasks of this sort that are still there, and names them.
    fn abort(&mut self, wanted: impl Fn(&Task) -> bool) {
        for (task, abort) in self.names.values() {
            if wanted(task) {
                match task {
                    Task::Beside(_) => {}
                    task => warn!(?task, "a task did not end in time and was cut off"),
                }
                abort.abort();
            }
        }
    }

    /// Stores the last cursor and the projections.
    async fn store_last(&mut self, mut projections: Vec<Following>) -> Result<(), RunError> {
        let mut cursor = lock(&self.lanes).cursor();
        cursor.clean = true;
        let (read, open, parked) = (cursor.read, cursor.open.len(), cursor.parked.len());
        let batch = Arc::new(Batch {
            cursors: vec![(self.consumer.clone(), cursor)],
            projections: projections.iter_mut().filter_map(Following::save).collect(),
            ..Batch::default()
        });
        let rng = self.rng.fork();
        let appended = ingest::append(&self.journal, &batch, rng, &self.give_up);
        match timeout(STORE, appended).await {
            Ok(appended) => appended.map_err(RunError::Append)?,
            Err(_) => return Err(RunError::Unfinished("store the last cursor")),
        };
        info!(consumer = %self.consumer, %read, open, parked, "stopped");
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The kinds of antiphon's own that have a type.
fn own_kinds() -> impl Iterator<Item = &'static str> {
    let gap = antiphon_core::Gap::KINDS.iter();
    gap.chain(antiphon_core::Link::KINDS).copied()
}

/// The cursor as the lanes have it, for the committer.
fn cursor_now<S: Send + Sync + 'static>(
    lanes: &Arc<Mutex<Lanes<Work<S>>>>,
    dirty: &Arc<AtomicBool>,
) -> ingest::CursorNow {
    let (lanes, dirty) = (Arc::clone(lanes), Arc::clone(dirty));
    Box::new(move || {
        // Before the look: what changes from here on must be told again.
        dirty.store(false, Ordering::Release);
        let lanes = lock(&lanes);
        (lanes.changes(), lanes.cursor())
    })
}

/// Brings the projections up to where the head begins.
async fn restore_projections<S>(
    app: &mut App<S>,
    journal: &Arc<dyn Journal>,
    head: Position,
    last: Position,
) -> Result<Vec<Following>, RunError> {
    let own = std::mem::take(&mut app.projections);
    let of_sources = app
        .sources
        .iter_mut()
        .flat_map(|source| source.projections());
    let mut projections = Vec::new();
    for mut projection in of_sources.chain(own) {
        let name = projection.name().to_owned();
        if projections
            .iter()
            .any(|other: &Following| other.projection.name() == name)
        {
            return Err(RunError::Configuration(format!(
                "two projections are named `{name}`"
            )));
        }
        let saved = journal.projection(&name).await.map_err(RunError::Read)?;
        let restored = saved.and_then(|saved| match projection.restore(&saved.state) {
            Ok(()) => Some(saved.position.min(last)),
            Err(failure) => {
                warn!(projection = name, %failure, "a saved projection cannot be read and is made again");
                None
            }
        });
        let applied = restored.unwrap_or_else(|| Position::new(head.get().saturating_sub(REMAKE)));
        projections.push(Following {
            projection,
            applied,
            saved: applied,
        });
    }
    let behind = projections.iter().map(|following| following.applied).min();
    let mut read = behind.unwrap_or(head);
    while read < head {
        let page = journal.read(read, PAGE).await.map_err(RunError::Read)?;
        let Some(end) = page.last() else { break };
        read = end.position();
        for event in page.iter().filter(|event| event.position() <= head) {
            dispatcher::apply(&mut projections, event);
        }
    }
    Ok(projections)
}

type Restored<S> = (Arc<Mutex<Lanes<Work<S>>>>, Vec<LaneId>, Plans<S>);

/// Puts what was open back into the lanes.
fn restore_lanes<S: Send + Sync + 'static>(
    app: &App<S>,
    mut lanes: Lanes<Work<S>>,
    open: Vec<(Arc<Event>, u32)>,
) -> Restored<S> {
    let mut plans = Plans::new();
    for (event, starts) in open {
        let plan = plans.of(event.kind(), &app.shared);
        if plan.is_empty() {
            continue;
        }
        let key = app
            .key_of
            .as_ref()
            .map_or_else(|| event.place().clone(), |key_of| key_of(&event));
        let position = event.position();
        let work = Work::Event {
            event,
            plan: Arc::clone(plan),
            before: crate::extract::Befores::default(),
        };
        lanes.reopen(&key, position, starts, work);
    }
    let begun = lanes.begin_all();
    (Arc::new(Mutex::new(lanes)), begun, plans)
}

/// Reads the cursor's open events; those that retention has removed are left out.
async fn load(
    journal: &Arc<dyn Journal>,
    open: &[OpenEvent],
) -> Result<Vec<(Arc<Event>, u32)>, RunError> {
    let mut loaded = Vec::with_capacity(open.len());
    let mut open = open.iter().peekable();
    while let Some(first) = open.peek() {
        let page = journal
            .read(first.position.previous(), PAGE)
            .await
            .map_err(RunError::Read)?;
        let Some(end) = page.last().map(|event| event.position()) else {
            break;
        };
        let mut events = page.into_iter();
        while let Some(wanted) = open.next_if(|open| open.position <= end) {
            let found = events.find(|event| event.position() >= wanted.position);
            match found {
                Some(event) if event.position() == wanted.position => {
                    loaded.push((event, wanted.starts));
                }
                // What was found lies beyond the wanted one, and is looked for again with the next page.
                Some(_) => break,
                None => {}
            }
        }
    }
    Ok(loaded)
}

/// The owner's policy, with what the sources' platforms call momentary.
fn retention<S>(app: &App<S>) -> Retention {
    let mut policy = app.retention.clone();
    for info in app.sources.iter().flat_map(|source| source.kinds()) {
        let named = policy
            .rules
            .iter()
            .chain(&policy.momentary)
            .any(|(pattern, _)| pattern.matches(info.kind));
        if let Keep::Momentary(keep) = info.keep
            && !named
        {
            policy.momentary.push((KindPattern::new(info.kind), keep));
        }
    }
    policy
}

async fn sweep(
    journal: Arc<dyn Journal>,
    policy: Arc<Retention>,
    clock: Clock,
    counters: Counters,
) -> Ended {
    loop {
        sleep(SWEEP).await;
        match journal.sweep(Arc::clone(&policy), clock.now()).await {
            Ok(swept) => {
                counters.expired.increment(swept.expired);
                if swept.expired > 0 {
                    warn!(
                        expired = swept.expired,
                        "momentary events were removed before they were read"
                    );
                }
            }
            Err(failure) => {
                warn!(
                    error = &failure as &dyn std::error::Error,
                    "retention could not remove anything"
                );
            }
        }
    }
}

/// Follows the connection of one source, for log and metrics.
async fn show_link(source: SourceName, mut link: watch::Receiver<LinkState>) -> Ended {
    let gauge = metrics::gauge!("antiphon_link_connected", "source" => source.as_str().to_owned());
    loop {
        let state = link.borrow_and_update().clone();
        gauge.set(if state.is_connected() { 1.0 } else { 0.0 });
        match &state {
            LinkState::Connected { .. } => info!(%source, "connected"),
            LinkState::Waiting { .. } => warn!(%source, state = %state, "the connection waits"),
            LinkState::Stopped { hint, .. } => {
                error!(%source, state = %state, hint, "the connection has stopped");
            }
            _ => info!(%source, state = state.word(), "the connection changed"),
        }
        if link.changed().await.is_err() {
            return Ended::Beside;
        }
    }
}

/// A journal for [`App::run`]: by value, in an `Arc`, or as `Arc<dyn Journal>`.
///
/// `M` tells these apart and is always inferred.
pub trait IntoJournal<M> {
    /// The journal, and whether nobody else has it.
    fn into_journal(self) -> (Arc<dyn Journal>, bool);
}

/// Marks a journal given by value.
#[derive(Debug)]
pub struct ByValue;

/// Marks a journal given in an `Arc`.
#[derive(Debug)]
pub struct InArc;

/// Marks a journal whose type is not known.
#[derive(Debug)]
pub struct AsObject;

impl<J: Journal> IntoJournal<ByValue> for J {
    fn into_journal(self) -> (Arc<dyn Journal>, bool) {
        (Arc::new(self), true)
    }
}

impl<J: Journal> IntoJournal<InArc> for Arc<J> {
    fn into_journal(self) -> (Arc<dyn Journal>, bool) {
        (self, false)
    }
}

impl IntoJournal<AsObject> for Arc<dyn Journal> {
    fn into_journal(self) -> (Self, bool) {
        (self, false)
    }
}

/// What ends [`App::run`]: a `CancellationToken`, or any future.
///
/// `M` tells these apart and is always inferred.
pub trait Shutdown<M> {
    /// Ends when the app should stop.
    fn shut_down(self) -> impl Future<Output = ()> + Send;
}

/// Marks a token.
#[derive(Debug)]
pub struct Token;

/// Marks a future.
#[derive(Debug)]
pub struct AnyFuture;

impl Shutdown<Token> for CancellationToken {
    async fn shut_down(self) {
        self.cancelled_owned().await;
    }
}

impl<F: Future + Send> Shutdown<AnyFuture> for F {
    async fn shut_down(self) {
        self.await;
    }
}
