//! The tasks of an app: their start, their supervision, and the two phases of stopping.
//!
//! Every task of an app is in one [`JoinSet`], with a name for the log: the committer, the head, one for each source,
//! and a few beside them (retention, a watcher for each link, a look for other processes that follow). The lanes' workers
//! are the head's own. Sources may come and go meanwhile ([`Sources`]).
//!
//! Stopping, each step with a limit:
//! 1. Sources stop reading ([`Stopper::stop_reading`](antiphon_core::Stopper::stop_reading)); lanes start nothing new, and running handlers have their grace
//!    with clients that still work.
//! 2. The head ends; sources close in a way they can resume from (10 s).
//! 3. The committer stores what is left and ends (10 s, and 10 s more without further tries).
//! 4. The last cursor, marked clean, and the projections are stored (10 s).
//!
//! A task that misses its limit is cut off and named in the log. A task that panics ends the app with an error.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::{
    AppendError, Batch, BoxFuture, Clock, ConsumerName, Intake, IsUrgent, Journal, LinkState,
    Outlet, Retention, Rng, SourceError, SourceName, error_chain,
};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::{AbortHandle, Id, JoinError, JoinSet},
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span, warn};

use crate::{
    asks::Asks,
    consumer,
    dispatcher::{Dispatcher, Following, HeadError, Letters, Plans},
    error::RunError,
    followers::Followers,
    handle::{Handle, Observed, Probe, Shared},
    ingest::{self, Committer, WRITES, Write},
    keeper::Keeper,
    keys::Keys,
    lanes::LaneId,
    membership::{Claims, Membership},
    metric::Counters,
    pace::Pace,
    parts::{OnStopped, Parts},
    record::Record,
    relay::Served,
    rules::Rules,
    runner::{Runner, Work},
    share::Share,
    sources::{CLOSE, Change, Changed, Changes, Ready, SourceTask, Sources, Tools},
    tail::Tail,
    workers::Workers,
};

/// How long the journal gets to store what is left.
const STORE: Duration = Duration::from_secs(10);

/// How often a sweep removes the events that retention no longer keeps.
const SWEEP: Duration = Duration::from_secs(60);

/// Why a source has stopped, without its name, which the record has already.
fn said(failure: &SourceError) -> String {
    match std::error::Error::source(failure) {
        Some(cause) => format!("{}: {}", failure.message(), error_chain(cause)),
        None => failure.message().to_owned(),
    }
}

/// The end of a task.
enum Ended {
    Source(Arc<SourceTask>, Result<(), SourceError>),
    Committer(Result<(), AppendError>),
    Head(Result<Vec<Following>, HeadError>),
    Keeper(Result<(), RunError>),
    Beside,
}

/// An app whose tasks run.
///
/// Dropping it aborts every task, which is what dropping the future of `App::run` does.
pub(crate) struct Running<S> {
    journal: Arc<dyn Journal>,
    consumer: ConsumerName,
    record: Arc<Record>,
    lanes: Arc<Mutex<Share<Work<S>>>>,
    tasks: JoinSet<Ended>,
    names: HashMap<Id, (Task, AbortHandle)>,
    sources: Sources<S>,
    served: Served,
    /// Changes of the sources that were asked for.
    changes: mpsc::Receiver<Change>,
    making: Making,
    head_stop: CancellationToken,
    give_up: CancellationToken,
    on_stopped: OnStopped,
    grace: Duration,
    rng: Rng,
    /// Results of the head and of the committer, once they have ended.
    head: Option<Result<Vec<Following>, HeadError>>,
    committer: Option<Result<(), AppendError>>,
    /// The consumer, or this process's share of it; given up when all else has ended.
    claims: Claims,
}

/// Changes of the sources that are being made.
#[derive(Default)]
struct Making {
    under_way: FuturesUnordered<BoxFuture<'static, Changed>>,
    /// A change that waits for one of the same source; those behind it wait with it.
    waiting: Option<Change>,
}

/// The kind of a task, for the log and for the order of stopping.
///
/// `Beside` are tasks whose end means nothing and that are aborted without a word.
#[derive(Clone, Debug)]
enum Task {
    Source(SourceName),
    Committer,
    Head,
    Keeper,
    Beside(&'static str),
}

impl<S> Drop for Running<S> {
    fn drop(&mut self) {
        // The keeper, which is aborted, may be dropped later.
        self.claims.give_up();
    }
}

impl<S: Send + Sync + 'static> Running<S> {
    pub(crate) async fn start(
        mut parts: Parts<S>,
        journal: Arc<dyn Journal>,
    ) -> Result<Self, RunError> {
        parts.check()?;
        let kinds = parts.kinds();
        parts.shared.change(|table| table.know(kinds));
        let clock = parts.clock();
        let mut rng = Rng::new();
        let record = record(&parts, &journal, clock);
        let (rules, followers) = (Arc::new(Rules::of(&parts.sources)), Followers::default());
        let begun = consumer::begin(&mut parts, &journal, &rules, &record, &mut rng).await?;
        let (lanes, keys, projections) = (begun.lanes, begun.keys, begun.projections);
        let served = Served::begin(&mut parts, &journal);
        let (writes, written) = mpsc::channel(WRITES);
        let ((asks, asked), (way, changes)) = (Asks::new(&writes), Changes::new());
        let (shared, tail) = (&parts.shared, Arc::new(Tail::new()));
        shared.begin(&journal, probe(&lanes), asks.clone(), way);
        shared.observe(observed(&record, &tail, &lanes));
        let (mut outlet, intakes) = open_intakes(&mut parts, &journal, clock, &mut rng).await?;
        let (give_up, head_stop) = (CancellationToken::new(), CancellationToken::new());
        let (saved, saved_seen) = watch::channel(0);
        let tools = Tools {
            journal: Arc::clone(&journal),
            asks,
            opener: outlet.opener(),
            rules: Arc::clone(&rules),
            record: Arc::clone(&record),
            shared: Arc::clone(&parts.shared),
            lanes: Arc::clone(&lanes),
            desk: Arc::clone(&served.desk),
            saved: saved_seen,
            clock,
            grace: parts.grace,
            rng: Arc::new(Mutex::new(rng.fork())),
        };
        outlet.seal();
        let (dirty, touched) = (Arc::<AtomicBool>::default(), Arc::<Notify>::default());
        let committer = Committer {
            journal: Arc::clone(&journal),
            tail: Arc::clone(&tail),
            outlet,
            writes: written,
            cursor: cursor_now(&lanes, &dirty, &parts.name),
            changed: Arc::clone(&touched),
            saved,
            record: Arc::clone(&record),
            rng: rng.fork(),
            pace: pace(&parts, &rules, &followers),
            give_up: give_up.clone(),
            turn: parts.shared.pulse.committer(),
        };
        let runner = Arc::new(runner(&parts, &tools, writes, (dirty, touched), rng.fork()));
        let worker = begun.membership;
        let worker = worker.map(|joined| (joined, Arc::clone(&runner), keys.clone()));
        let head = Dispatcher {
            journal: Arc::clone(&journal),
            tail,
            shared: Arc::clone(&parts.shared),
            runner,
            keys,
            projections: projections.following,
            stop: head_stop.clone(),
            grace: parts.grace,
            rng: rng.fork(),
            plans: Plans::new(),
            tasks: JoinSet::new(),
            befores: HashMap::new(),
            letters: Letters::default(),
            late: None,
            turn: parts.shared.pulse.head(),
            asks: asked,
        };
        let mut running = Self {
            journal,
            consumer: parts.name.clone(),
            record,
            lanes,
            tasks: JoinSet::new(),
            names: HashMap::new(),
            sources: Sources::new(tools, projections.own),
            served,
            changes,
            making: Making::default(),
            head_stop,
            give_up,
            on_stopped: parts.on_stopped,
            grace: parts.grace,
            rng: rng.fork(),
            head: None,
            committer: None,
            claims: begun.claims,
        };
        running.spawn_own(committer, head, begun.active);
        if let Some((membership, runner, keys)) = worker {
            running.spawn_keeper(membership, runner, keys);
        }
        running.spawn_appenders(&parts, rules, clock, &followers);
        running.spawn_sources(parts, intakes, projections.of_sources);
        let (read, open, _) = lock(&running.lanes).progress();
        info!(consumer = %running.consumer, %read, open, "started");
        Ok(running)
    }

    fn spawn_own(&mut self, committer: Committer, head: Dispatcher<S>, active: Vec<LaneId>) {
        self.spawn(Task::Committer, async move {
            Ended::Committer(committer.run().await)
        });
        let head = async move { Ended::Head(head.run(active).await) };
        self.spawn(Task::Head, head);
    }

    /// Only for a worker, whose partitions come and go.
    fn spawn_keeper(&mut self, membership: Membership, runner: Arc<Runner<S>>, keys: Keys) {
        let keeper = Keeper {
            journal: Arc::clone(&self.journal),
            consumer: self.consumer.clone(),
            membership,
            claims: self.claims.clone(),
            runner,
            keys,
            stop: self.head_stop.clone(),
            grace: self.grace,
            record: Arc::clone(&self.record),
            rng: self.rng.fork(),
        };
        let keeper = async move { Ended::Keeper(keeper.run().await) };
        self.spawn(Task::Keeper, keeper);
    }

    /// What only the process that appends does: retention, and the look for others that follow.
    fn spawn_appenders(
        &mut self,
        parts: &Parts<S>,
        rules: Arc<Rules>,
        clock: Clock,
        followers: &Followers,
    ) {
        if !self.journal.role().appends() {
            return;
        }
        let look = followers.look(Arc::clone(&self.journal));
        self.spawn_beside("followers", Box::pin(look));
        let counters = self.record.counters.clone();
        let policy = parts.shared.retention.subscribe();
        let journal = Arc::clone(&self.journal);
        let sweeper = sweep(journal, policy, rules, clock, counters);
        self.spawn(Task::Beside("retention"), sweeper);
    }

    fn spawn_sources(&mut self, parts: Parts<S>, intakes: Vec<Intake>, names: Vec<Vec<String>>) {
        let sources = parts.sources.into_iter().zip(intakes).zip(names);
        for ((source, intake), names) in sources {
            self.spawn_source(Ready::new(source, intake, names, false));
        }
        for follow in self.served.followed() {
            self.spawn_beside("remote", follow);
        }
        parts.shared.started.cancel();
    }

    fn spawn_source(&mut self, ready: Ready) {
        let Ready {
            mut source,
            intake,
            task,
        } = ready;
        if let Some(serve) = self.served.add(&mut *source) {
            self.spawn_beside("relay", serve);
        }
        let task = Arc::new(task);
        let name = task.name.clone();
        let link = show_link(name.clone(), intake.link(), Arc::clone(&self.record));
        let link_ended = task.link_ended.clone().drop_guard();
        self.spawn(Task::Beside("link"), async move {
            let _ended = link_ended;
            link.await
        });
        let run = source.run(intake, task.stopper.stop());
        let (of, ended) = (Arc::clone(&task), task.ended.clone().drop_guard());
        let abort = self.spawn(Task::Source(name), async move {
            let _ended = ended;
            Ended::Source(of, run.await)
        });
        // It is set here alone.
        let _ = task.abort.set(abort);
        self.sources.begun(task);
    }

    fn spawn_beside(&mut self, name: &'static str, task: BoxFuture<'static, ()>) {
        self.spawn(Task::Beside(name), async move {
            task.await;
            Ended::Beside
        });
    }

    fn spawn(
        &mut self,
        task: Task,
        future: impl Future<Output = Ended> + Send + 'static,
    ) -> AbortHandle {
        let span = match &task {
            Task::Source(name) => info_span!("source", %name),
            Task::Committer => info_span!("committer"),
            Task::Head => info_span!("head"),
            Task::Keeper => info_span!("partitions"),
            Task::Beside(name) => info_span!("beside", name),
        };
        let abort = self.tasks.spawn(future.instrument(span));
        self.names.insert(abort.id(), (task, abort.clone()));
        abort
    }

    /// Runs until the shutdown or until something ends it, and stops in good order.
    pub(crate) async fn run(mut self, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
        tokio::pin!(shutdown);
        let mut outcome = Ok(());
        while outcome.is_ok() {
            tokio::select! {
                () = &mut shutdown => break,
                Some(ended) = self.tasks.join_next_with_id() => outcome = self.ended(ended, false),
                Some(change) = self.changes.recv(), if self.takes_changes() => self.change(change),
                Some(changed) = self.making.under_way.next() => self.changed(changed),
            }
            if self.head.is_some() || self.committer.is_some() {
                break;
            }
        }
        info!("stopping");
        let stopped = self.stop().await;
        outcome.and(stopped)
    }

    /// Whether a further change of the sources can be taken.
    fn takes_changes(&self) -> bool {
        self.making.waiting.is_none() && self.sources.has_room()
    }

    /// Begins a change of the sources, unless one of the same source is being made.
    fn change(&mut self, change: Change) {
        if self.sources.must_wait(&change) {
            self.making.waiting = Some(change);
        } else {
            self.making.under_way.push(self.sources.begin(change));
        }
    }

    /// Ends a change of the sources, and begins the one that may have waited for it.
    fn changed(&mut self, changed: Changed) {
        if let Some((ready, begun)) = self.sources.finish(changed) {
            self.spawn_source(ready);
            begun.tell();
        }
        if let Some(change) = self.making.waiting.take() {
            self.change(change);
        }
    }

    /// Takes the end of a task; an error if the app cannot go on without it.
    ///
    /// A source's own error ends the app unless the owner chose `OnStopped::GoOn`, the source does not
    /// [count](SourceTask::counts), or the app is stopping anyway.
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
                    Some(Task::Keeper) => RunError::TaskPanicked("partitions".to_owned()),
                    Some(Task::Head) | None => RunError::TaskPanicked("head".to_owned()),
                });
            }
        };
        self.names.remove(&id);
        match ended {
            Ended::Source(task, Ok(())) => info!(source = %task.name, "a source has ended"),
            // While stopping, every end of a source is wanted.
            Ended::Source(task, Err(failure))
                if self.on_stopped == OnStopped::End && !stopping && task.counts() =>
            {
                return Err(RunError::Source(failure));
            }
            Ended::Source(task, Err(failure)) if !task.counts() && !stopping => error!(
                target: LINK,
                source = %task.name,
                code = failure.code(),
                hint = failure.way_out(),
                error = said(&failure),
                "a source has not begun, and the app goes on without it"
            ),
            Ended::Source(task, Err(failure)) => error!(
                source = %task.name,
                code = failure.code(),
                hint = failure.way_out(),
                error = said(&failure),
                "a source has stopped"
            ),
            Ended::Committer(result) => self.committer = Some(result),
            Ended::Head(result) => self.head = Some(result),
            Ended::Keeper(result) => return result,
            Ended::Beside => {}
        }
        Ok(())
    }

    /// Whether any such task still runs.
    fn runs(&self, wanted: impl Fn(&Task) -> bool) -> bool {
        self.names.values().any(|(task, _)| wanted(task))
    }

    /// Waits until no such task runs, or until the deadline; keeps the first panic meanwhile.
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
        self.record.stopping();
        // A change that is not made yet is none: what it has stopped or begun ends here like the others.
        self.making = Making::default();
        self.changes.close();
        while let Ok(refused) = self.changes.try_recv() {
            drop(refused);
        }
        self.sources.stop_reading();
        self.head_stop.cancel();
        // The head ends after the grace by itself; the rest of the time is for a slow machine.
        let head = Instant::now() + self.grace + STORE;
        let is_consumer = |task: &Task| matches!(task, Task::Head | Task::Keeper);
        self.wait_for(head, &mut outcome, is_consumer).await;
        self.abort(is_consumer);

        self.sources.close();
        let closed = Instant::now() + CLOSE;
        self.wait_for(closed, &mut outcome, |task| matches!(task, Task::Source(_)))
            .await;
        self.abort(|task| !matches!(task, Task::Committer));
        // The committer ends once no source can come any more.
        self.sources.seal();

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

    /// Aborts all such tasks, and logs their names.
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
    ///
    /// Only after the committer has ended, so that there is one writer at any time.
    async fn store_last(&mut self, mut projections: Vec<Following>) -> Result<(), RunError> {
        let (read, cursors) = {
            let lanes = lock(&self.lanes);
            (lanes.read(), lanes.last_cursors(&self.consumer))
        };
        let open: usize = cursors.iter().map(|(_, cursor)| cursor.open.len()).sum();
        let parked = cursors.iter().map(|(_, cursor)| cursor.parked.len());
        let parked: usize = parked.sum();
        let batch = Arc::new(Batch {
            cursors,
            projections: projections.iter_mut().filter_map(Following::save).collect(),
            ..Batch::default()
        });
        let rng = self.rng.fork();
        let (give_up, record) = (&self.give_up, &self.record);
        let appended = ingest::append(&self.journal, &batch, rng, give_up, record, || {});
        match timeout(STORE, appended).await {
            Ok(appended) => appended.map_err(RunError::Append)?,
            Err(_) => return Err(RunError::Unfinished("store the last cursor")),
        };
        info!(consumer = %self.consumer, %read, open, parked, "stopped");
        Ok(())
    }
}

/// The record of a run, with the sources that it runs.
fn record<S>(parts: &Parts<S>, journal: &Arc<dyn Journal>, clock: Clock) -> Arc<Record> {
    let runs_sources = journal.role().appends();
    let run = if runs_sources { &*parts.sources } else { &[] };
    Arc::new(Record::new(parts.name.clone(), clock, run))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the workers share; the last but one are the marks by which they tell the committer of a changed cursor.
fn runner<S: Send + Sync + 'static>(
    parts: &Parts<S>,
    tools: &Tools<S>,
    writes: mpsc::Sender<Write>,
    (dirty, changed): (Arc<AtomicBool>, Arc<Notify>),
    rng: Rng,
) -> Runner<S> {
    Runner {
        lanes: Arc::clone(&tools.lanes),
        is_split: parts.is_worker,
        workers: Workers::default(),
        state: Arc::clone(&parts.state),
        handle: Handle(Arc::clone(&parts.shared)),
        writes,
        held_until: tools.journal.held_until(),
        saved: tools.saved.clone(),
        dirty,
        changed,
        room: Notify::new(),
        came: Notify::new(),
        rules: Arc::clone(&tools.rules),
        hook: parts.hook.clone(),
        counters: tools.record.counters.clone(),
        consumer: parts.name.clone(),
        clock: tools.clock,
        rng: Mutex::new(rng),
        letters: Mutex::default(),
    }
}

/// Opens an intake for each source, with the source's stored checkpoints.
async fn open_intakes<S: Send + Sync + 'static>(
    parts: &mut Parts<S>,
    journal: &Arc<dyn Journal>,
    clock: Clock,
    rng: &mut Rng,
) -> Result<(Outlet, Vec<Intake>), RunError> {
    let mut outlet = Outlet::new(parts.limits.intake);
    let mut intakes = Vec::new();
    let names = parts.sources.iter().map(|source| source.name().clone());
    for name in names.collect::<Vec<_>>() {
        let checkpoints = journal.checkpoints(&name).await.map_err(RunError::Read)?;
        let intake = outlet.intake(name.clone(), checkpoints, clock, rng);
        parts.shared.add_link(name, intake.link());
        intakes.push(intake);
    }
    Ok((outlet, intakes))
}

/// The function by which the handle looks at the lanes.
fn probe<S: Send + Sync + 'static>(lanes: &Arc<Mutex<Share<Work<S>>>>) -> Probe {
    let lanes = Arc::clone(lanes);
    Box::new(move || lock(&lanes).progress())
}

/// What the handle's status is taken from.
fn observed<S: Send + Sync + 'static>(
    record: &Arc<Record>,
    tail: &Arc<Tail>,
    lanes: &Arc<Mutex<Share<Work<S>>>>,
) -> Observed {
    /// Most lanes that a status names.
    const DEEPEST: usize = 5;
    let lanes = Arc::clone(lanes);
    Observed {
        record: Arc::clone(record),
        tail: Arc::clone(tail),
        look: Box::new(move || lock(&lanes).look(DEEPEST)),
    }
}

/// The function by which the committer reads the lanes' cursors.
fn cursor_now<S: Send + Sync + 'static>(
    lanes: &Arc<Mutex<Share<Work<S>>>>,
    dirty: &Arc<AtomicBool>,
    consumer: &ConsumerName,
) -> ingest::CursorNow {
    let (lanes, dirty) = (Arc::clone(lanes), Arc::clone(dirty));
    let consumer = consumer.clone();
    Box::new(move || {
        // Before the look: later changes must be notified again.
        dirty.store(false, Ordering::Release);
        lock(&lanes).cursors(&consumer)
    })
}

/// The committer's pace.
fn pace<S: Send + Sync + 'static>(
    parts: &Parts<S>,
    rules: &Arc<Rules>,
    followers: &Followers,
) -> Pace {
    let heard = heard(&parts.shared, rules, followers.clone());
    Pace::new(parts.group_commit, heard)
}

/// The function by which the committer learns whether anybody takes events of a kind.
///
/// Projections do not count: nobody looks at them for an event that nobody takes. Processes that follow do, for every
/// kind.
fn heard<S: Send + Sync + 'static>(
    shared: &Arc<Shared<S>>,
    rules: &Arc<Rules>,
    followers: Followers,
) -> IsUrgent {
    let (shared, rules) = (Arc::clone(shared), Arc::clone(rules));
    let plans = Mutex::new(Plans::new());
    Arc::new(move |kind| {
        if rules.have_taps() || shared.watchers.take(kind) {
            return true;
        }
        let mut plans = lock(&plans);
        plans.refresh(&shared);
        !plans.of(kind, &shared).is_empty() || followers.are_there()
    })
}

/// Sweeps every minute, and at once when the policy has changed; a failed sweep is logged and tried again a minute later.
async fn sweep(
    journal: Arc<dyn Journal>,
    mut policy: watch::Receiver<Retention>,
    rules: Arc<Rules>,
    clock: Clock,
    counters: Counters,
) -> Ended {
    loop {
        tokio::select! {
            () = sleep(SWEEP) => {}
            Ok(()) = policy.changed() => {}
        }
        let now = rules.added_to(policy.borrow_and_update().clone());
        match journal.sweep(Arc::new(now), clock.now()).await {
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

/// Log target of the connections' states, for programs that show them in another way.
const LINK: &str = "antiphon::link";

/// Logs and records the state of one source's connection, and sets its metric.
async fn show_link(
    source: SourceName,
    mut link: watch::Receiver<LinkState>,
    record: Arc<Record>,
) -> Ended {
    let gauge = metrics::gauge!("antiphon_link_connected", "source" => source.as_str().to_owned());
    loop {
        let state = link.borrow_and_update().clone();
        record.link(&source, &state);
        gauge.set(if state.is_connected() { 1.0 } else { 0.0 });
        match &state {
            LinkState::Connected { .. } => info!(target: LINK, %source, "connected"),
            LinkState::Polling { .. } => {
                warn!(target: LINK, %source, state = %state, "the connection polls");
            }
            LinkState::Waiting { .. } => {
                warn!(target: LINK, %source, state = %state, "the connection waits");
            }
            LinkState::Stopped { hint, .. } => {
                error!(target: LINK, %source, state = %state, hint, "the connection has stopped");
            }
            _ => info!(target: LINK, %source, state = state.word(), "the connection changed"),
        }
        if link.changed().await.is_err() {
            return Ended::Beside;
        }
    }
}
