//! The app: sources, journal and handlers put together, run, and stopped in good order.

use std::{collections::HashSet, fmt, sync::Arc, time::Duration};

use antiphon_core::{
    BoxFuture, Clock, ConsumerName, Event, IntakeLimits, Journal, KindPattern, Place, Position,
    Projection, Retention, Rng, Source,
};
use tokio_util::sync::CancellationToken;

use crate::{
    error::RunError,
    handle::{Handle, Shared},
    handler::Handler,
    keys::KeyOf,
    lanes::Bounds,
    runner::{Failure, Hook},
    running::Running,
    table::Wants,
};

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
    pub(crate) intake: IntakeLimits,
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

    /// The part of them that the lanes keep to.
    pub(crate) fn lanes(self) -> Bounds {
        Bounds {
            queue: self.lane,
            open: self.open,
            parked: self.parked,
        }
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
pub(crate) enum Begin {
    End,
    At(Position),
}

/// Sources, journal and handlers, put together.
///
/// `S` is the state that handlers may ask for.
/// See the [crate's front page](crate) for an example.
pub struct App<S> {
    pub(crate) state: Arc<S>,
    pub(crate) shared: Arc<Shared<S>>,
    pub(crate) name: ConsumerName,
    pub(crate) sources: Vec<Box<dyn Source>>,
    pub(crate) projections: Vec<Box<dyn Projection>>,
    pub(crate) hook: Option<Hook>,
    pub(crate) on_stopped: OnStopped,
    pub(crate) key_of: Option<KeyOf>,
    pub(crate) limits: Limits,
    pub(crate) retention: Retention,
    pub(crate) begin: Begin,
    pub(crate) grace: Duration,
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
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

    /// Chooses the lanes: events with the same key are handled in order.
    ///
    /// By default an event's key is its place, so that events of one room are handled in order. What its source gives
    /// a lane of its own ([`Source::lane`]) is the exception: a Discord interaction waits only for earlier presses of
    /// the same user on the same message.
    /// This function replaces both.
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

    pub(crate) fn check(&self) -> Result<(), RunError> {
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
