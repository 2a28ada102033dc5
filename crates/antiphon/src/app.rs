//! The app: sources, journal and handlers, put together and run.
//!
//! Nothing runs before [`App::run`]: the setters fill [`Parts`], and `run` hands them to `Running`, which owns every
//! task. The table of handlers is the one part that is shared from the beginning (`Shared`, behind [`Handle`]), since a
//! handle may add handlers before and while the app runs.
//!
//! An app has no platform of its own: it knows sources by their trait, and everything about an event by its kind, its
//! place and its origin.

use std::{fmt, pin::pin, sync::Arc, time::Duration};

use antiphon_core::{
    BoxFuture, ConsumerName, Event, IntoJournal, KindPattern, Place, Position, Projection, Remote,
    Retention, Source, Tap, Trouble,
};

use crate::{
    error::RunError,
    handle::{Handle, Shared},
    handler::{Fallback, Handler},
    parts::{Begin, Limits, OnStopped, Parts},
    runner::Failure,
    running::Running,
    table::Wants,
};

/// Sources, journal and handlers, put together.
///
/// `S` is the state that handlers may ask for.
///
/// The pieces, and where they are explained:
///
/// | piece | made by | says |
/// | --- | --- | --- |
/// | source | a platform's `connect` | where events come from; [`App::source`] |
/// | journal | [`journal`](crate::journal) | where they are kept; given to [`App::run`] |
/// | handler | an async function | what happens with them; [`App::on`], [`HandlerExt`](crate::HandlerExt) |
/// | state | any value | what handlers share; [`State`](crate::State) |
/// | projection, tap | [`projection`](crate::projection) | caches and observers; [`App::projection`], [`App::tap`] |
/// | handle | [`App::handle`] | the app from outside and inside; [`Handle`] |
///
/// ```
/// use antiphon::{App, HandlerError, State, journal::MemoryJournal, testing};
/// # use antiphon::{DecodeError, Event, Payload};
/// # #[derive(Clone, serde::Deserialize)]
/// # struct Said { message: String }
/// # impl Payload for Said {
/// #     const KINDS: &'static [&'static str] = &[testing::SAID];
/// #     type View<'a> = Self;
/// #     fn view(event: &Event) -> Result<Self, DecodeError> { event.parse() }
/// #     fn decode(event: &Event) -> Result<Self, DecodeError> { event.parse() }
/// # }
///
/// async fn greet(said: Said, State(greeting): State<String>) -> Result<(), HandlerError> {
///     println!("{greeting}: {}", said.message);
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antiphon::RunError> {
/// // A platform's `connect` gives a source; this one says what a test tells it to.
/// let (script, source) = testing::script("stage");
/// let app = App::new("heard".to_owned())
///     .source(source)
///     .on(greet)
///     .on_raw("antiphon.*", async |event: Event| println!("{}", event.kind()));
///
/// let handle = app.handle();
/// let running = app.run(MemoryJournal::new(), std::future::pending::<()>());
/// let scene = async {
///     script.say("choir", "good evening").await.expect("the app runs");
///     handle.stop();
///     std::future::pending::<()>().await;
/// };
/// tokio::select! { ended = running => ended, () = scene => Ok(()) }
/// # }
/// ```
///
/// A job on a timer runs beside the app, and ends with it:
///
/// ```
/// use std::time::Duration;
///
/// use antiphon::{App, journal::MemoryJournal, testing};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), antiphon::RunError> {
/// let (_script, source) = testing::script("stage");
/// let app = App::new(()).source(source);
/// let handle = app.handle();
/// let timer = async {
///     let mut hours = tokio::time::interval(Duration::from_secs(60 * 60));
///     for _ in 0..3 {
///         hours.tick().await;
///         // A client of a platform would post here.
///         println!("{:?}", handle.progress());
///     }
///     handle.stop();
///     std::future::pending::<()>().await;
/// };
/// tokio::select! {
///     ended = app.run(MemoryJournal::new(), std::future::pending::<()>()) => ended,
///     () = timer => Ok(()),
/// }
/// # }
/// ```
pub struct App<S>(Parts<S>);

impl<S> fmt::Debug for App<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("name", &self.0.name)
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}

impl<S: Send + Sync + 'static> App<S> {
    /// Makes an app with this state, and nothing else yet.
    ///
    /// The state is shared by reference among all handlers; put a `Mutex` or a channel into it for what changes.
    pub fn new(state: S) -> Self {
        Self(Parts {
            state: Arc::new(state),
            shared: Arc::new(Shared::new()),
            name: ConsumerName::new("app"),
            sources: Vec::new(),
            projections: Vec::new(),
            taps: Vec::new(),
            hook: None,
            on_stopped: OnStopped::default(),
            key_of: None,
            limits: Limits::default(),
            begin: Begin::End,
            is_worker: false,
            partitions: None,
            grace: Duration::from_secs(10),
            command_timeout: Remote::WITHIN,
            group_commit: Duration::from_millis(20),
            problem: None,
        })
    }

    /// Adds a source; its name must differ from the others', and its clock must be theirs.
    ///
    /// The source's task starts in [`App::run`]; until then it holds no connection. On a journal that is open for
    /// consumers ([`Role::Consumer`](crate::journal::Role)) it does not start, since another process runs the source:
    /// the app then has from it what its events are (kinds, lanes, caches, which errors pass), and its client refuses
    /// what needs the connection.
    ///
    /// Two sources with one name, or with different clocks, are [`RunError::Configuration`] at the start.
    #[must_use]
    pub fn source(self, source: impl Source) -> Self {
        self.boxed_source(Box::new(source))
    }

    /// Adds a source whose type is not known.
    ///
    /// For programs that choose their platforms at run time:
    ///
    /// ```
    /// use antiphon::{App, Source, testing};
    ///
    /// let names = ["choir", "organ"];
    /// let app = names.into_iter().fold(App::new(()), |app, name| {
    ///     let (_script, source) = testing::script(name);
    ///     let source: Box<dyn Source> = Box::new(source);
    ///     app.boxed_source(source)
    /// });
    /// # drop(app);
    /// ```
    #[must_use]
    pub fn boxed_source(mut self, source: Box<dyn Source>) -> Self {
        self.0.sources.push(source);
        self
    }

    /// Adds a handler; its first argument picks the kinds it is called for.
    ///
    /// Handlers of one event run in the order they were added, raw ones first.
    /// A handler whose first argument is the stored [`Event`] is called for every event.
    ///
    /// Every handler of an event gets it, not only the first. An event whose body cannot be read as the payload is a
    /// dead letter of all handlers of that payload at once, and the others run.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use antiphon::{App, Delivery, Event, Gap, Handle, HandlerError, Link, State};
    ///
    /// /// By value, with a part of the state.
    /// async fn on_gap(gap: Gap, State(owner): State<String>) {
    ///     println!("{owner}: {}", gap.cause);
    /// }
    ///
    /// /// Shared, without a copy, with everything that a handler may ask for.
    /// async fn on_link(
    ///     link: Arc<Link>,
    ///     event: Arc<Event>,
    ///     delivery: Delivery,
    ///     handle: Handle<String>,
    /// ) -> Result<(), HandlerError> {
    ///     println!("{}: {} (attempt {})", event.source(), link.state, delivery.attempt);
    ///     if link.state.word() == "stopped" {
    ///         handle.stop();
    ///     }
    ///     Ok(())
    /// }
    ///
    /// let app = App::new("mira".to_owned()).on(on_gap).on(on_link);
    /// # drop(app);
    /// ```
    #[must_use]
    pub fn on<M: 'static, H: Handler<M, S>>(self, handler: H) -> Self {
        self.0.shared.add(handler, None);
        self
    }

    /// Adds a handler of events that no other typed handler takes.
    ///
    /// A handler takes an event if its payload concerns it and its filters pass. Raw handlers do not count, so that a log of
    /// everything changes nothing.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    ///
    /// use antiphon::{App, DecodeError, Event, HandlerExt, Payload, State, journal::MemoryJournal, testing::{TestApp, script}};
    ///
    /// #[derive(Clone, serde::Deserialize)]
    /// struct Said { message: String }
    ///
    /// impl Payload for Said {
    ///     const KINDS: &'static [&'static str] = &["test.said"];
    ///     type View<'a> = Self;
    ///     fn view(event: &Event) -> Result<Self, DecodeError> { event.parse() }
    ///     fn decode(event: &Event) -> Result<Self, DecodeError> { event.parse() }
    /// }
    ///
    /// type Lines = Arc<Mutex<Vec<String>>>;
    ///
    /// async fn ping(said: Said, State(lines): State<Lines>) {
    ///     lines.lock().expect("no panic").push(format!("pong to {}", said.message));
    /// }
    ///
    /// async fn other(said: Said, State(lines): State<Lines>) {
    ///     lines.lock().expect("no panic").push(format!("what is {}?", said.message));
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (lines, (choir, source)) = (Lines::default(), script("choir"));
    /// let app = App::new(Arc::clone(&lines)).source(source).on(ping.when(|said| said.message == "ping")).fallback(other);
    /// let app = TestApp::start(app, MemoryJournal::new()).await;
    /// choir.say("room/loft", "ping").await?;
    /// choir.say("room/loft", "pang").await?;
    /// app.settle().await;
    /// app.stop().await?;
    /// assert_eq!(*lines.lock().expect("no panic"), ["pong to ping", "what is pang?"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A handler of the same events without a filter takes them all, so that the fallback is never called; the log says
    /// at `trace` which handler took an event in its place.
    #[must_use]
    pub fn fallback<M: 'static, H: Handler<M, S>>(self, handler: H) -> Self {
        self.on(Fallback::new(handler))
    }

    /// Adds a handler of stored events whose kind fits the pattern, in which `*` stands for any run of characters.
    ///
    /// It is called before any typed handler, and also when the body does not decode.
    ///
    /// `*` alone takes every event, also antiphon's own (`antiphon.gap`, `antiphon.link`). A pattern is compared with
    /// the whole kind; see [`KindPattern`].
    #[must_use]
    pub fn on_raw<M: 'static, H>(self, pattern: impl Into<Box<str>>, handler: H) -> Self
    where
        H: Handler<M, S, Payload = Event>,
    {
        let wants = Wants::Pattern(KindPattern::new(pattern));
        self.0.shared.add(handler, Some(wants));
        self
    }

    /// Adds a handler of a platform's stored events whose kind has no type.
    ///
    /// Platforms add kinds of events without a word; here they show up before anybody has written a type for them. A
    /// kind has a type if a source of the app lists it.
    ///
    /// ```
    /// use antiphon::{App, Event, journal::MemoryJournal, testing::{TestApp, script}};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (choir, source) = script("choir");
    /// let app = App::new(())
    ///     .source(source)
    ///     // The event itself, with its bytes as the platform sent them.
    ///     .on_unknown("test", async |event: Event| println!("{}: {:?}", event.kind(), event.body()))
    ///     .on_raw("test.st*", async |event: Event| println!("{}", event.kind().name()));
    /// let app = TestApp::start(app, MemoryJournal::new()).await;
    /// choir.event("test.stranger", "room/loft", r#"{"who": "nobody"}"#).await?;
    /// app.settle().await;
    /// app.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_unknown<M: 'static, H>(self, platform: impl Into<Box<str>>, handler: H) -> Self
    where
        H: Handler<M, S, Payload = Event>,
    {
        let wants = Wants::Unknown(platform.into());
        self.0.shared.add(handler, Some(wants));
        self
    }

    /// Sets a hook that is called with every failed call of a handler; the lane waits for it, at most one minute.
    ///
    /// It is called for every failed call, also for those that are tried again; [`Failure::is_final`] tells them apart.
    /// A hook that panics or takes longer is logged, and the lane goes on.
    ///
    /// ```
    /// use antiphon::{App, Failure};
    ///
    /// let app = App::new(()).on_error(|failure: Failure| async move {
    ///     if failure.is_final {
    ///         eprintln!("{} is a dead letter: {}", failure.event.position(), failure.error);
    ///     }
    /// });
    /// ```
    #[must_use]
    pub fn on_error<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(Failure) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.0.hook = Some(Arc::new(move |failure| {
            let hooked: BoxFuture<'static, ()> = Box::pin(hook(failure));
            hooked
        }));
        self
    }

    /// Sets what happens when a source ends for good. Default: [`OnStopped::End`].
    ///
    /// A source ends for good when trying again would be wrong: a wrong password, a challenge, a ban. Its link says why
    /// before.
    #[must_use]
    pub fn on_stopped(mut self, on_stopped: OnStopped) -> Self {
        self.0.on_stopped = on_stopped;
        self
    }

    /// Sets the lanes: events with the same key are handled in order.
    ///
    /// By default an event's key is its place, so that events of one room are handled in order. Events that their
    /// source gives a lane of its own ([`Source::lane`]) are the exception: a Discord interaction waits only for
    /// earlier presses of the same user on the same message.
    /// This function replaces both.
    ///
    /// The positions of full lanes are stored under their keys: stop in good order before you change the meaning of
    /// the keys, or some events may be handled twice.
    ///
    /// Handlers of different lanes run side by side, and each lane is one task while it has events. One lane for
    /// everything gives the journal's order and the speed of one handler at a time.
    ///
    /// ```
    /// use antiphon::{App, Place};
    ///
    /// let in_one_line = App::new(()).lanes(|_| Place::root());
    /// let by_source = App::new(()).lanes(|event| Place::new(event.source().as_str()));
    /// ```
    #[must_use]
    pub fn lanes<K: Into<Place>>(
        mut self,
        key: impl Fn(&Event) -> K + Send + Sync + 'static,
    ) -> Self {
        self.0.key_of = Some(Arc::new(move |event| key(event).into()));
        self
    }

    /// Sets how much the app holds at once. Default: [`Limits::default`].
    ///
    /// At each limit something waits, and nothing is lost; [`Limits`] says what waits where.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.0.limits = limits;
        self
    }

    /// Sets what the journal keeps. Default: everything; kinds that platforms call momentary are added to the policy.
    ///
    /// A sweep runs every minute, in slices between which events are stored. Events that this consumer or any other has
    /// not handled stay, except those of momentary kinds. [`Handle::set_retention`] changes the policy later.
    ///
    /// On a journal that is open for consumers nothing is swept: the policy of the process that appends counts.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use antiphon::{App, KindPattern, journal::Retention};
    ///
    /// const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    /// let policy = Retention {
    ///     keep: Some(90 * DAY),
    ///     rules: vec![(KindPattern::new("discord.PRESENCE_*"), DAY)],
    ///     ..Retention::default()
    /// };
    /// let app = App::new(()).retention(policy);
    /// ```
    #[must_use]
    pub fn retention(self, retention: Retention) -> Self {
        self.handle().set_retention(retention);
        self
    }

    /// Names the consumer whose cursor this app keeps in the journal. Default: `app`.
    ///
    /// Two apps with one name on one journal would share a cursor: the second one, in whichever process, ends with
    /// [`RunError::Claim`]. The name is part of dead letters, which only the consumer of that name handles again.
    #[must_use]
    pub fn named(mut self, name: impl Into<ConsumerName>) -> Self {
        self.0.name = name.into();
        self
    }

    /// Makes this process one of several of its consumer, its *workers*, which share its places.
    ///
    /// Each event is handled by one of them, and those of one place in order, whatever comes and goes. A place belongs to
    /// one of the consumer's [partitions](App::partitions), and a partition to one worker at a time. When a worker comes,
    /// the others give it some of theirs, with their running handlers' [grace](App::grace); when one ends, they take its
    /// over: within about a second after a clean end and on one machine, and within ten seconds on JetStream after a kill.
    /// Only what was open comes again then, marked as redelivered, as after any crash.
    ///
    /// Every worker follows *all* events for its projections, waits and streams, so that a cache is whole in each of them
    /// and a wait sees what happens in any place. It begins with the projections that the process saved which has the
    /// sources, and saves none of its own. What handlers keep in memory is each process's own.
    ///
    /// All workers need the same rules of lanes ([`App::lanes`], and the sources whose events have lanes of their own).
    /// To change those, run the consumer once without this. A consumer that had none becomes one with workers at its next
    /// start, and back; while a process of the other sort runs, the start ends with [`RunError::Claim`].
    ///
    /// ```no_run
    /// use antiphon::{App, Event, journal::SqliteJournal};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Beside `antiphon run`, and as often as there are processors: start this program three times.
    /// let journal = SqliteJournal::for_consumers("antiphon.sqlite").await?;
    /// let bot = App::new(()).named("choir").worker();
    /// let bot = bot.on_raw("discord.MESSAGE_CREATE", async |event: Event| println!("{}", event.place()));
    /// bot.run(journal, tokio::signal::ctrl_c()).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn worker(mut self) -> Self {
        self.0.is_worker = true;
        self
    }

    /// Sets into how many partitions the consumer of a [worker](App::worker) is split. Default: 32; from 1 to 256.
    ///
    /// There can be as many workers as partitions. Each partition is a cursor that is stored, and on JetStream a lease that
    /// is renewed, so that more of them cost more. The first worker decides: another number is refused with
    /// [`RunError::Configuration`] until the consumer was run without workers.
    #[must_use]
    pub fn partitions(mut self, number: u16) -> Self {
        self.0.partitions = Some(number);
        self
    }

    /// Begins with the journal's first event at this consumer's first start.
    ///
    /// By default a new consumer begins with the events that are stored after its first start began.
    ///
    /// Once the journal has a cursor of this name, it decides, and this option changes nothing.
    #[must_use]
    pub fn from_start(mut self) -> Self {
        self.0.begin = Begin::At(Position::ZERO);
        self
    }

    /// Begins with this event at this consumer's first start.
    ///
    /// As for [`App::from_start`], only the first start counts. A position beyond the last event counts as the last.
    #[must_use]
    pub fn from(mut self, position: Position) -> Self {
        self.0.begin = Begin::At(position.previous());
        self
    }

    /// Adds a projection; its name must differ from those of the other projections and taps.
    ///
    /// [`projection`](crate::projection) has an example. Sources bring projections of their own, such as Discord's
    /// cache.
    ///
    /// Two projections or taps with one name are [`RunError::Configuration`] at the start.
    #[must_use]
    pub fn projection(mut self, projection: impl Projection) -> Self {
        self.0.projections.push(Box::new(projection));
        self
    }

    /// Adds a tap; its name must differ from those of the other taps and projections.
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
    ///
    /// use antiphon::{App, Event, journal::MemoryJournal, projection::Tap, testing::{TestApp, script}};
    ///
    /// /// Counts events for a dashboard.
    /// struct Count(Arc<AtomicU64>);
    ///
    /// impl Tap for Count {
    ///     fn name(&self) -> &str {
    ///         "dashboard/count"
    ///     }
    ///
    ///     fn see(&mut self, _: &Event) {
    ///         self.0.fetch_add(1, Ordering::Relaxed);
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let count = Arc::new(AtomicU64::new(0));
    /// let (choir, source) = script("choir");
    /// let app = App::new(()).source(source).tap(Count(Arc::clone(&count)));
    /// let app = TestApp::start(app, MemoryJournal::new()).await;
    /// choir.say("room/loft", "kyrie").await?;
    /// app.settle().await;
    /// assert_eq!(count.load(Ordering::Relaxed), 1);
    /// app.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn tap(mut self, tap: impl Tap) -> Self {
        self.0.taps.push(Box::new(tap));
        self
    }

    /// Sets how long running handlers get when the app stops. Default: 10 s.
    ///
    /// Handlers that still run then are cut off; their events stay open and come again at the next start, marked as
    /// redelivered.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.0.grace = grace;
        self
    }

    /// Sets how long a command to a source in another process may take, from the call to its answer. Default: 60 s; at
    /// least 1 s and at most an hour.
    ///
    /// For a consumer whose journal another process appends to
    /// ([`Role::Consumer`](antiphon_core::Role::Consumer)). A command that was not begun by then is never begun later;
    /// one that was begun may have been carried out, and the error says so
    /// ([`RelayError`](antiphon_core::RelayError)).
    #[must_use]
    pub fn command_timeout(mut self, timeout: Duration) -> Self {
        let hour = Duration::from_secs(60 * 60);
        self.0.command_timeout = timeout.clamp(Duration::from_secs(1), hour);
        self
    }

    /// Sets how long events may wait at most for others that are stored with them. Default: 20 ms.
    ///
    /// A commit costs as much as storing ten events. Events of kinds that nobody takes (no handler, tap, stream or
    /// waiter, and no [consumer](antiphon_core::Role::Consumer) in another process) are therefore stored this long after
    /// the commit before, or once 256 of them wait.
    /// An event that somebody takes waits until 1 ms has passed since the last commit ended, or twice the usual time of a
    /// commit if that is more, or until eight events wait, and never longer than this. In a journal in memory it waits
    /// for nothing.
    /// An event that comes after a pause is stored at once, and so are dead letters and cursors.
    /// [`Duration::ZERO`] stores whatever waits as soon as the commit before it has ended.
    ///
    /// What is promised does not change: no handler sees an event before it is stored.
    #[must_use]
    pub fn group_commit(mut self, longest: Duration) -> Self {
        self.0.group_commit = longest;
        self
    }

    /// Keeps a mistake of the configuration, with which [`App::run`] ends.
    #[cfg(feature = "discord")]
    pub(crate) fn refused(mut self, problem: String) -> Self {
        self.0.problem = Some(problem);
        self
    }

    /// The app's handle, for the program around it.
    ///
    /// It is the same handle before, during and after the run; clones are cheap.
    pub fn handle(&self) -> Handle<S> {
        Handle(Arc::clone(&self.0.shared))
    }

    /// Runs until `shutdown` completes, [`Handle::stop`] is called, or something ends it.
    ///
    /// A `CancellationToken` is a shutdown by its `cancelled_owned()`.
    ///
    /// Stopping has two phases: sources stop reading, lanes start nothing new, and running handlers have a
    /// [grace](App::grace) with working clients; then sources close in a way they can resume from, and the cursor is
    /// stored. A journal that was given by value is closed then; a journal in an `Arc` is left to its other owners.
    ///
    /// Where the journal's servers cannot be reached, or nobody there serves it, when the app asks for its consumer, it
    /// waits, with a warning for each try, until they can or the shutdown.
    ///
    /// Dropping the future is like a crash: nothing stored is lost, and the events whose handlers ran come again.
    ///
    /// # Errors
    /// [`RunError`]: a source ended for good, the journal can be written or read no longer, a task panicked, or the
    /// app cannot run as it was put together.
    ///
    /// ```no_run
    /// use antiphon::{App, RunError, journal::SqliteJournal};
    ///
    /// # async fn example(app: App<()>) -> Result<(), Box<dyn std::error::Error>> {
    /// let journal = SqliteJournal::open("bot.sqlite").await?;
    /// // Ctrl-C stops in good order; a second signal could end the process.
    /// match app.run(journal, tokio::signal::ctrl_c()).await {
    ///     Err(RunError::Source(error)) => eprintln!("{error}; {}", error.way_out().unwrap_or("no hint")),
    ///     ended => ended?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run(
        self,
        journal: impl IntoJournal,
        shutdown: impl Future + Send,
    ) -> Result<(), RunError> {
        let (journal, owned) = journal.into_journal();
        let shared = Arc::clone(&self.0.shared);
        let stop = shared.stop.clone();
        // Waiters and streams must learn that nothing comes any more, also when this future is dropped.
        let _ending = Ending(shared);
        let mut shutdown = pin!(async {
            tokio::select! {
                _ = shutdown => {}
                () = stop.cancelled() => {}
            }
        });
        let mut start = pin!(Running::start(self.0, Arc::clone(&journal)));
        let started = tokio::select! {
            biased;
            started = &mut start => started,
            () = &mut shutdown => {
                // It waits for no server any more.
                stop.cancel();
                start.await
            }
        };
        let shutdown = async {
            if !stop.is_cancelled() {
                shutdown.await;
            }
        };
        let ended = match started {
            Ok(running) => running.run(shutdown).await,
            Err(error) if stop.is_cancelled() && error.trouble() == Some(Trouble::Unreachable) => {
                Ok(())
            }
            Err(error) => return Err(error),
        };
        if owned {
            let closed = journal.close().await.map_err(RunError::Append);
            return ended.and(closed);
        }
        ended
    }
}

/// A drop guard, so that a future that is dropped in the middle ends its waiters and streams as a finished one does.
struct Ending<S: Send + Sync + 'static>(Arc<Shared<S>>);

impl<S: Send + Sync + 'static> Drop for Ending<S> {
    fn drop(&mut self) {
        self.0.end();
    }
}
