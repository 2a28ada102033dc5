//! The handle to an app, and what it shares with the tasks that run it.
//!
//! [`Shared`] is the part of an app that outlives its run and that many threads touch: the table of handlers, the
//! watchers, the links, and a look at the lanes. Each is behind a lock of its own that is held for a look or a small
//! change, never over an await. The table is replaced as a whole with every change ([`Shared::change`]), and its
//! version tells the head to look again.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use antiphon_core::{
    AppendError, Clock, Erased, Event, Journal, KindPattern, LinkState, Payload, Person, Position,
    Retention, Source, SourceName, Trouble,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    asks::Asks,
    erase::EraseError,
    handler::{Handler, Options},
    pulse::Pulse,
    record::{LookAtLanes, Reader, Record},
    sources::{ChangeError, Changes, Wanted},
    status::{Phase, Status},
    table::{Entry, HandlerId, Registered, Table, Wants},
    tail::Tail,
    timing::Timings,
    watchers::{EventStream, WaitFor, Watchers},
};

/// A cloneable handle to an app: handlers and sources that come and go, waiting, streams, links, stopping.
///
/// [`App::handle`](crate::App::handle) gives it before the app runs, and any handler can ask for it.
///
/// ```
/// use antiphon::{App, Edge, Event, Gap, journal::MemoryJournal, testing};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (script, source) = testing::script("stage");
/// let app = testing::TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
/// let handle = app.handle();
///
/// // A handler that comes and goes.
/// let id = handle.add(async |event: Event| println!("{}", event.kind()));
///
/// // Waiting and streaming begin when they are made, before anything is said.
/// let gap = handle.wait_for::<Gap>(|gap| gap.recovered == 0).in_place("room/loft");
/// let mut events = handle.stream_raw("test.*");
/// let edge = Edge::at(jiff::Timestamp::UNIX_EPOCH);
/// let outage = Gap::new(edge.clone(), edge, "the power was out");
/// script.event(Gap::KIND, "room/loft", String::from_utf8(outage.body())?).await?;
/// script.say("room/loft", "amen").await?;
/// assert_eq!(gap.await?.cause, "the power was out");
/// let event = events.next().await.expect("the app runs")?;
/// assert_eq!(event.place().as_str(), "room/loft");
///
/// assert!(handle.remove(id));
/// app.settle().await;
/// assert!(handle.progress().is_some_and(|progress| progress.is_caught_up()));
/// app.stop().await?;
/// # Ok(())
/// # }
/// ```
///
/// What a handler can do with it that a return value cannot: wait for a later event of its own room without blocking
/// it.
///
/// ```
/// use std::{sync::Arc, time::Duration};
///
/// use antiphon::{App, Event, Handle, HandlerError, HandlerExt, WaitError, journal::MemoryJournal, testing::{TestApp, script}};
///
/// /// Asks, and waits for the answer in the same place; the waiter is served before the event's turn in its lane.
/// async fn quiz(question: Event, handle: Handle<()>) -> Result<(), HandlerError> {
///     let answer = handle
///         .wait_for::<Event>(|event: &&Event| event.kind() == &"test.answer")
///         .in_place(question.place().clone())
///         .timeout(Duration::from_secs(30));
///     match answer.await {
///         Ok(answer) => println!("{:?}", answer.body()),
///         Err(WaitError::TimedOut(_)) => println!("too late"),
///         Err(error) => return Err(error.into()),
///     }
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (choir, source) = script("choir");
/// let app = App::new(()).source(source).on_raw("test.question", quiz.named("quiz"));
/// let app = TestApp::start(app, MemoryJournal::new()).await;
/// choir.event("test.question", "room/loft", "{}").await?;
/// choir.event("test.answer", "room/nave", r#""not here""#).await?;
/// choir.event("test.answer", "room/loft", r#""four""#).await?;
/// app.settle().await;
///
/// // The connections, by the names of their sources.
/// let links = app.handle().links();
/// assert!(links.iter().all(|(_, link)| link.is_connected()));
/// let mut link = app.handle().watch_link("choir").expect("there is such a source");
/// app.stop().await?;
/// link.wait_for(|state| state.word() == "closed").await?;
/// # Ok(())
/// # }
/// ```
pub struct Handle<S>(pub(crate) Arc<Shared<S>>);

impl<S> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// The progress of an app through its journal.
///
/// ```
/// use antiphon::{Position, Progress};
///
/// let mut progress = Progress::default();
/// assert!(progress.is_caught_up());
/// progress.stored = Position::new(7);
/// assert!(!progress.is_caught_up(), "seven events are stored, and none is read");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Position of the last stored event.
    pub stored: Position,
    /// Position of the last event that the app has read: all up to it are handled, but those that are open or parked.
    pub read: Position,
    /// Number of events that wait in lanes or are being handled.
    ///
    /// At most [`Limits::open`](crate::Limits::open), and as much again in lanes that were empty.
    pub open: usize,
    /// Whether full lanes have left events in the journal for later.
    pub is_parked: bool,
}

impl Progress {
    /// Whether every stored event is handled.
    pub fn is_caught_up(&self) -> bool {
        self.read >= self.stored && self.open == 0 && !self.is_parked
    }
}

/// A look at the lanes: the last position read, the number of open events, whether anything is parked.
pub(crate) type Probe = Box<dyn Fn() -> (Position, usize, bool) + Send>;

/// The running app, as its status is taken.
pub(crate) struct Observed {
    pub(crate) record: Arc<Record>,
    pub(crate) tail: Arc<Tail>,
    pub(crate) look: LookAtLanes,
}

/// The state that the handle and the running app share.
///
/// `S` is the app's state, which only handlers need; the rest is the same for every app.
pub(crate) struct Shared<S> {
    /// Replaced as a whole; whoever holds an old table goes on with it.
    table: Mutex<Arc<Table<S>>>,
    /// Number of changes of the table.
    version: AtomicU64,
    next_id: AtomicU64,
    pub(crate) watchers: Arc<Watchers>,
    links: Mutex<Vec<(SourceName, watch::Receiver<LinkState>)>>,
    /// The journal's last position; absent before the app runs.
    last: Mutex<Option<watch::Receiver<Position>>>,
    /// The journal of the running app, for waits that begin in the past.
    journal: Mutex<Option<Arc<dyn Journal>>>,
    /// A look at the lanes of the running app.
    probe: Mutex<Option<Probe>>,
    /// The ways to the head and the committer of the running app.
    asks: Mutex<Option<Asks>>,
    changes: Mutex<Option<Changes>>,
    /// What the running app notes of itself.
    observed: Mutex<Option<Arc<Observed>>>,
    has_ended: AtomicBool,
    pub(crate) stop: CancellationToken,
    /// Cancelled once the sources have been started.
    pub(crate) started: CancellationToken,
    pub(crate) pulse: Pulse,
    /// The owner's policy; the next sweep follows it.
    pub(crate) retention: watch::Sender<Retention>,
}

/// A lock that was poisoned is taken all the same.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No change under these locks can panic half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Send + Sync + 'static> Shared<S> {
    pub(crate) fn new() -> Self {
        Self {
            table: Mutex::new(Arc::new(Table::new())),
            version: AtomicU64::new(0),
            next_id: AtomicU64::new(1),
            watchers: Arc::default(),
            links: Mutex::default(),
            last: Mutex::default(),
            journal: Mutex::default(),
            probe: Mutex::default(),
            asks: Mutex::default(),
            changes: Mutex::default(),
            observed: Mutex::default(),
            has_ended: AtomicBool::new(false),
            stop: CancellationToken::new(),
            started: CancellationToken::new(),
            pulse: Pulse::new(),
            retention: watch::Sender::new(Retention::default()),
        }
    }

    /// Number of changes of the table.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(crate) fn table(&self) -> Arc<Table<S>> {
        Arc::clone(&lock(&self.table))
    }

    /// Two changes never overlap; readers see the table before or after.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Table<S>) -> R) -> R {
        let mut table = lock(&self.table);
        let mut next = Table::clone(&table);
        let result = change(&mut next);
        *table = Arc::new(next);
        self.version.fetch_add(1, Ordering::Release);
        result
    }

    /// Position of the last event stored; zero before the app runs.
    fn last(&self) -> Position {
        lock(&self.last)
            .as_ref()
            .map_or(Position::ZERO, |last| *last.borrow())
    }

    /// Begins a run on a journal.
    pub(crate) fn begin(
        &self,
        journal: &Arc<dyn Journal>,
        probe: Probe,
        asks: Asks,
        changes: Changes,
    ) {
        let last = journal.last();
        self.watchers.begin_at(*last.borrow());
        *lock(&self.last) = Some(last);
        *lock(&self.journal) = Some(Arc::clone(journal));
        *lock(&self.probe) = Some(probe);
        *lock(&self.asks) = Some(asks);
        *lock(&self.changes) = Some(changes);
    }

    /// Makes the run visible to [`Handle::status`].
    pub(crate) fn observe(&self, observed: Observed) {
        *lock(&self.observed) = Some(Arc::new(observed));
    }

    /// Ends the run, also one that was dropped.
    pub(crate) fn end(&self) {
        self.watchers.close();
        *lock(&self.observed) = None;
        *lock(&self.journal) = None;
        *lock(&self.probe) = None;
        *lock(&self.asks) = None;
        *lock(&self.changes) = None;
        self.has_ended.store(true, Ordering::Release);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    pub(crate) fn add_link(&self, source: SourceName, link: watch::Receiver<LinkState>) {
        let mut links = lock(&self.links);
        match links.iter_mut().find(|(name, _)| *name == source) {
            Some((_, before)) => *before = link,
            None => links.push((source, link)),
        }
    }

    pub(crate) fn remove_link(&self, source: &SourceName) {
        lock(&self.links).retain(|(name, _)| name != source);
    }

    /// Registers a handler; a default name that is taken gets a number.
    pub(crate) fn add<M: 'static, H: Handler<M, S>>(
        &self,
        handler: H,
        wants: Option<Wants>,
    ) -> HandlerId {
        let id = HandlerId(self.next_id.fetch_add(1, Ordering::Relaxed));
        let options = handler.options();
        let since = self.last();
        self.change(|table| {
            let name = unused(table, &options);
            let entry = Entry::new(id, name, &options, since);
            let registered = Registered::new(entry, handler);
            let wants = wants.or_else(everything::<H::Payload>);
            match wants {
                None => table.add(registered),
                Some(wants) => {
                    let any: Box<dyn std::any::Any> = Box::new(registered);
                    let raw = any
                        .downcast::<Registered<Event, S>>()
                        .expect("only handlers of events are raw");
                    table.add_raw(wants, *raw);
                }
            }
        });
        id
    }
}

/// The pattern of every kind, for a handler of the stored event itself.
fn everything<P: Payload>() -> Option<Wants> {
    let raw = std::any::TypeId::of::<P>() == std::any::TypeId::of::<Event>();
    raw.then(|| Wants::Pattern(KindPattern::new("*")))
}

/// A name that the user gave is never changed: two of them are an error at the start.
fn unused<S: Send + Sync + 'static>(table: &Table<S>, options: &Options) -> Arc<str> {
    let names = table.names();
    if !names.contains(&options.name) || options.named {
        return Arc::clone(&options.name);
    }
    let mut numbered = (2_u32..).map(|number| Arc::from(format!("{}#{number}", options.name)));
    numbered
        .find(|name| !names.contains(name))
        .unwrap_or_else(|| Arc::clone(&options.name))
}

impl<S: Send + Sync + 'static> Handle<S> {
    /// Adds a handler; it sees events that are stored after the call.
    ///
    /// It takes effect at once, also within a handler. A name that another handler has gets a number behind it, unless
    /// it was given by [`HandlerExt::named`](crate::HandlerExt::named).
    pub fn add<M: 'static, H: Handler<M, S>>(&self, handler: H) -> HandlerId {
        self.0.add(handler, None)
    }

    /// Adds a handler of stored events whose kind fits the pattern; see [`App::on_raw`](crate::App::on_raw).
    ///
    /// The options are those of [`App::on_raw`](crate::App::on_raw); it sees events that are stored after the call.
    pub fn add_raw<M: 'static, H>(&self, pattern: impl Into<Box<str>>, handler: H) -> HandlerId
    where
        H: Handler<M, S, Payload = Event>,
    {
        self.0
            .add(handler, Some(Wants::Pattern(KindPattern::new(pattern))))
    }

    /// Removes a handler; returns whether it was there.
    ///
    /// A call that has begun goes on; no new one begins.
    ///
    /// Dead letters of the handler stay and can be replayed once a handler of that name is there again.
    pub fn remove(&self, id: HandlerId) -> bool {
        self.0.change(|table| table.remove(id))
    }

    /// Waits for an event of payload `P` whose view passes the check.
    ///
    /// It needs no handler of that kind, works inside a handler of the same place, and sees only events that are stored
    /// after it was made, or after a position ([`WaitFor::after`](crate::WaitFor::after)). The check runs at the head of the journal and must be quick.
    ///
    /// A check that panics ends the wait with [`WaitError::Ended`](crate::WaitError::Ended), and nothing else. Dropping
    /// the wait removes it.
    pub fn wait_for<P: Payload>(
        &self,
        check: impl for<'a> Fn(&P::View<'a>) -> bool + Send + 'static,
    ) -> WaitFor<P> {
        let journal = lock(&self.0.journal).clone();
        WaitFor::new(&self.0.watchers, self.0.last(), journal, check)
    }

    /// Streams the events of payload `P` that are stored after the call.
    ///
    /// The stream holds 256 events; one that is read too slowly says how many it missed, and nothing waits for it.
    ///
    /// ```
    /// use antiphon::{App, Event, Lagged, journal::MemoryJournal, testing::{TestApp, script}};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (choir, source) = script("choir");
    /// let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
    /// let mut events = app.handle().stream::<Event>();
    /// for number in 0..300 {
    ///     choir.say("room/loft", &number.to_string()).await?;
    /// }
    /// app.settle().await;
    /// for _ in 0..256 {
    ///     assert!(events.next().await.is_some_and(|event| event.is_ok()));
    /// }
    /// // The journal has all 300; whoever needs each of them is a handler or reads the journal.
    /// assert_eq!(events.next().await, Some(Err(Lagged(44))));
    /// app.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream<P: Payload>(&self) -> EventStream<P> {
        EventStream::new(&self.0.watchers, self.0.last())
    }

    /// Streams the events, stored after the call, whose kind fits the pattern.
    ///
    /// For whole events; [`KindPattern`] says what a pattern takes.
    pub fn stream_raw(&self, pattern: impl Into<Box<str>>) -> EventStream<Event> {
        EventStream::raw(&self.0.watchers, self.0.last(), KindPattern::new(pattern))
    }

    /// The state of each source's connection.
    ///
    /// A source that has not begun is `idle`. A part of a source, such as a room, has no state of its own here: it is
    /// told by `antiphon.link` events at its place.
    pub fn links(&self) -> Vec<(SourceName, LinkState)> {
        let links = lock(&self.0.links);
        links
            .iter()
            .map(|(source, link)| (source.clone(), link.borrow().clone()))
            .collect()
    }

    /// Watches the connection of one source; `None` if there is no such source, or the app does not run yet.
    ///
    /// The receiver wakes at each change; a state that was replaced meanwhile is not seen. It ends with the source: one
    /// that takes its place has another.
    pub fn watch_link(&self, source: &str) -> Option<watch::Receiver<LinkState>> {
        let links = lock(&self.0.links);
        let found = links.iter().find(|(name, _)| name.as_str() == source);
        found.map(|(_, link)| link.clone())
    }

    /// Adds a source while the app runs, and begins it; gives the state of its connection.
    ///
    /// It goes on at the checkpoints that the journal has under its name, as after a restart. The call ends once the
    /// source runs, which is before it is connected. Clock and names must be as for [`App::source`](crate::App::source).
    ///
    /// A source that was added and ends before it was ever connected, such as one whose password is refused, does not
    /// end the app, whatever [`App::on_stopped`](crate::App::on_stopped) says: the log tells why, its link is
    /// `stopped`, and it can be replaced or removed. Once it has been connected, it is a source like the others.
    ///
    /// Changes of one source are made one after another, in the order of the calls, and those of different sources side by
    /// side, 16 at most. A call that is dropped is made all
    /// the same, unless the app stops. What says how a source's events are handled (its lanes, what is too late) is kept
    /// when it goes, a few hundred bytes for each name that there ever was.
    ///
    /// ```
    /// use antiphon::{App, journal::MemoryJournal, testing::{TestApp, script}};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = TestApp::start(App::new(()), MemoryJournal::new()).await;
    /// let (choir, source) = script("choir");
    /// let mut link = app.handle().add_source(source).await?;
    /// link.wait_for(|state| state.is_connected()).await?;
    /// choir.say("room/loft", "kyrie").await?;
    ///
    /// // The same name, with other settings: it goes on where the first one was, and what it sends again is known.
    /// let (choir, source) = script("choir");
    /// app.handle().replace_source(source).await?;
    /// choir.say("room/loft", "kyrie").await?;
    /// choir.say("room/loft", "gloria").await?;
    /// app.settle().await;
    /// app.handle().remove_source("choir").await?;
    /// assert!(app.handle().links().is_empty());
    /// assert_eq!(app.journal().texts().await, ["kyrie", "gloria"]);
    /// // Without a source the app goes on until it is stopped.
    /// app.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ChangeError`]; nothing was changed.
    pub async fn add_source(
        &self,
        source: impl Source,
    ) -> Result<watch::Receiver<LinkState>, ChangeError> {
        self.begin_source(Wanted::Add(Box::new(source))).await
    }

    /// Adds a source whose type is not known; see [`Handle::add_source`].
    ///
    /// # Errors
    /// [`ChangeError`]; nothing was changed.
    pub async fn add_boxed_source(
        &self,
        source: Box<dyn Source>,
    ) -> Result<watch::Receiver<LinkState>, ChangeError> {
        self.begin_source(Wanted::Add(source)).await
    }

    /// Puts a source in the place of the one of its name, also of one that has stopped for good.
    ///
    /// The one before is removed as [`Handle::remove_source`] does. When all that it sent is stored, the new one begins
    /// with its checkpoints and projections as after a restart: a session that the platform keeps is resumed, and what
    /// the platform cannot give again is a gap.
    ///
    /// The client of the source before works no more, since a client belongs to its source: a program whose handlers use
    /// one keeps it where it can be exchanged, such as behind a lock in its state. The nodes of a
    /// [`music`](crate::music) bot know their bot by its client, and are replaced with it.
    ///
    /// # Errors
    /// [`ChangeError`]. Nothing was changed, except after [`ChangeError::Read`]: the source before was removed, and
    /// [`Handle::add_source`] adds another.
    pub async fn replace_source(
        &self,
        source: impl Source,
    ) -> Result<watch::Receiver<LinkState>, ChangeError> {
        self.begin_source(Wanted::Replace(Box::new(source))).await
    }

    /// Puts a source whose type is not known in the place of another; see [`Handle::replace_source`].
    ///
    /// # Errors
    /// As those of [`Handle::replace_source`].
    pub async fn replace_boxed_source(
        &self,
        source: Box<dyn Source>,
    ) -> Result<watch::Receiver<LinkState>, ChangeError> {
        self.begin_source(Wanted::Replace(source)).await
    }

    /// Ends a source in two phases, as a stop of the app does: it takes nothing new from its platform, handlers of the
    /// events that it brought have the app's [grace](crate::App::grace) with a client that works, and it closes in a
    /// way that it can be resumed from, within ten seconds.
    ///
    /// On its return all that it sent is stored, with its checkpoints, and handled as ever; its name is free. An app
    /// without a source goes on until it is stopped.
    ///
    /// In a handler, the call waits for that handler until the grace is over.
    ///
    /// # Errors
    /// [`ChangeError::Unknown`], [`ChangeError::NotRunning`].
    pub async fn remove_source(&self, name: impl Into<SourceName>) -> Result<(), ChangeError> {
        self.change_sources(Wanted::Remove(name.into())).await?;
        Ok(())
    }

    async fn begin_source(
        &self,
        wanted: Wanted,
    ) -> Result<watch::Receiver<LinkState>, ChangeError> {
        let begun = self.change_sources(wanted).await?;
        // A source that comes has a link.
        begun.ok_or(ChangeError::NotRunning)
    }

    async fn change_sources(
        &self,
        wanted: Wanted,
    ) -> Result<Option<watch::Receiver<LinkState>>, ChangeError> {
        let changes = lock(&self.0.changes).clone();
        changes.ok_or(ChangeError::NotRunning)?.make(wanted).await
    }

    /// The app's progress; `None` while it does not run.
    ///
    /// The figures are taken one after another, so that they may differ by what happened in between.
    pub fn progress(&self) -> Option<Progress> {
        let stored = self.0.last();
        let probe = lock(&self.0.probe);
        let (read, open, is_parked) = probe.as_ref()?();
        Some(Progress {
            stored,
            read,
            open,
            is_parked,
        })
    }

    /// How the app does at this moment: its sources, lanes, lag, failures and gaps.
    ///
    /// It costs a look at every open event, and up to one read of the journal: made for once a second, not for every
    /// event. A journal that does not answer holds it up for a second at most.
    pub async fn status(&self) -> Status {
        let observed = lock(&self.0.observed).clone();
        let journal = lock(&self.0.journal).clone();
        let (Some(observed), Some(journal)) = (observed, journal) else {
            let phase = if self.0.has_ended() {
                Phase::Ended
            } else {
                Phase::Starting
            };
            return Status {
                at: Clock::system().now(),
                phase,
                ..Status::default()
            };
        };
        let last = self.0.last();
        let look = (observed.look)();
        let reader = Reader {
            tail: Arc::clone(&observed.tail),
            journal,
        };
        observed.record.status(last, look, reader).await
    }

    /// How long events took to be stored and handled since the run began; nothing in an app that does not run.
    ///
    /// ```
    /// use antiphon::{App, journal::MemoryJournal, testing::{TestApp, script}};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (choir, source) = script("choir");
    /// let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
    /// choir.say("room/loft", "amen").await?;
    /// app.settle().await;
    ///
    /// let before = app.handle().timings();
    /// choir.say("room/loft", "amen").await?;
    /// app.settle().await;
    /// let between = app.handle().timings().since(&before);
    /// assert!(between.commit.count() > 0 && between.commit.quantile(0.99).is_some());
    /// app.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn timings(&self) -> Timings {
        let observed = lock(&self.0.observed).clone();
        observed.map_or_else(Timings::default, |observed| {
            observed.record.counters.timings()
        })
    }

    /// Waits until the app runs: its journal was read as far as the start needs it, and its sources were started.
    ///
    /// A source may take longer to connect; [`Handle::links`] says how far each is. The call does not end for an app that
    /// never starts.
    pub async fn started(&self) {
        self.0.started.cancelled().await;
    }

    /// Waits until the task that stores events and the one that gives them to handlers have both come round.
    ///
    /// For watchdogs, with a limit around it: in an app that is well it takes no time worth mentioning, also while
    /// nothing happens, while handlers are slow, and while the journal cannot store and tries again. It does not end
    /// while one of the two tasks is stuck, as in a call to a disk that never answers, and in an app that does not run.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use antiphon::{App, journal::MemoryJournal, testing::{TestApp, script}};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (_choir, source) = script("choir");
    /// let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
    /// tokio::time::timeout(Duration::from_secs(10), app.handle().pulse()).await?;
    /// app.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn pulse(&self) {
        self.0.pulse.beat().await;
    }

    /// Changes what the journal keeps; see [`App::retention`](crate::App::retention).
    ///
    /// A running app sweeps by the new policy at once. What an earlier policy removed does not come back.
    pub fn set_retention(&self, retention: Retention) {
        self.0.retention.send_replace(retention);
    }

    /// What the journal keeps, as it was set last; an app adds the kinds that its sources call momentary.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use antiphon::{App, journal::Retention};
    ///
    /// let hour = Some(Duration::from_secs(3600));
    /// let app = App::new(()).retention(Retention { keep: hour, ..Retention::default() });
    /// assert_eq!(app.handle().retention().keep, hour);
    /// ```
    pub fn retention(&self) -> Retention {
        self.0.retention.borrow().clone()
    }

    /// Erases a person from the app's projections and from its journal, beside everything else that the app does.
    ///
    /// First the journal is read twice, to learn the person's names and messages ([`Person::survey`]). What the person
    /// does afterwards is stored and handled as ever; docs/erasure.md has the rules. What handlers, clients and other
    /// programs keep is theirs to erase.
    ///
    /// ```
    /// use antiphon::{App, erasure::Person, journal::MemoryJournal, queup, testing::{TestApp, script}};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (choir, source) = script("choir");
    /// let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
    /// for user in ["5f1c0aa1b2c3d4e5f6071829", "5f1c0aa1b2c3d4e5f6071830"] {
    ///     let body = format!(r#"{{"user":{{"_id":"{user}"}}}}"#);
    ///     choir.event("queup.user-join", "room/loft", body).await?;
    /// }
    /// app.settle().await;
    ///
    /// let person = Person::new(vec![&queup::ERASURE], "5f1c0aa1b2c3d4e5f6071829");
    /// let erased = app.handle().erase(person).await?;
    /// assert_eq!(erased.events["queup.user-join"], (1, 0));
    /// app.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`EraseError`]; the call can be repeated.
    pub async fn erase(&self, mut person: Person) -> Result<Erased, EraseError> {
        let journal = lock(&self.0.journal).clone();
        let journal = journal.ok_or(EraseError::NotRunning)?;
        if !journal.role().appends() {
            return Err(AppendError::new(Trouble::OtherRole, None).into());
        }
        person.survey(&*journal).await?;
        let person = Arc::new(person);
        let asks = lock(&self.0.asks).clone().ok_or(EraseError::NotRunning)?;
        asks.erase(&person).await.ok_or(EraseError::NotRunning)?;
        Ok(journal.erase(person).await?)
    }

    /// Asks the app to stop in good order.
    ///
    /// It returns at once; [`App::run`](crate::App::run) returns when everything has ended. A handler may call it.
    pub fn stop(&self) {
        self.0.stop.cancel();
    }
}
