//! An app and a source for tests.
//!
//! A test starts an app, has a [`Script`] bring events, lets the app settle, and looks at the journal.
//! On a paused clock (`#[tokio::test(start_paused = true)]`) waiting costs nothing.
//!
//! Three kinds of tests, from the smallest up: a handler is a function and can be called by itself; a [`Script`] brings
//! events to an app without any platform; and the simulator (`antiphon-sim`) speaks the platforms' own protocols. In
//! all of them a test waits for a condition ([`TestApp::settle`], [`TestApp::until`]), never for a length of time.
//!
//! A restart and a crash are two calls: [`TestApp::stop`] or [`TestApp::crash`], and another [`TestApp::start`] on the
//! same journal.
//!
//! ```
//! use antiphon::{App, journal::MemoryJournal, testing::{SAID, TestApp, script}};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (choir, source) = script("choir");
//! let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
//! choir.say("room/loft", "good evening").await?;
//! choir.event("test.left", "room/loft", r#"{"who":"mira"}"#).await?;
//! app.settle().await;
//! assert_eq!(app.journal().kinds().await, [SAID, "test.left"]);
//! assert_eq!(app.journal().texts().await, ["good evening"]);
//! app.stop().await?;
//! # Ok(())
//! # }
//! ```

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_core::{
    BoxFuture, Checkpoint, Clock, Closed, Draft, Entry, Event, Intake, IntoJournal, Journal, Judge,
    Kind, KindInfo, LaneOf, LinkState, Origin, Place, Position, Source, SourceError, SourceName,
    Stop,
};
use serde_json::Value;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    error::RunError,
    handle::{Handle, Progress},
};

/// How long nothing must happen before an app counts as settled.
///
/// On a paused clock it passes at once.
const QUIET: Duration = Duration::from_millis(250);

/// An app that runs beside the test, on a task that ends when this is dropped.
///
/// Dropped, it ends like [`TestApp::crash`].
pub struct TestApp<S> {
    handle: Handle<S>,
    journal: Arc<dyn Journal>,
    shutdown: CancellationToken,
    task: JoinSet<Result<(), RunError>>,
}

impl<S> fmt::Debug for TestApp<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestApp")
            .field("journal", &self.journal)
            .finish_non_exhaustive()
    }
}

impl<S: Send + Sync + 'static> TestApp<S> {
    /// Starts the app on the journal, and waits until it runs or has failed to start.
    ///
    /// An app that cannot start has [ended](TestApp::has_ended); [`TestApp::stop`] then returns its error.
    ///
    /// ```
    /// use antiphon::{App, RunError, journal::MemoryJournal, testing::{TestApp, script}};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let ((_, one), (_, two)) = (script("choir"), script("choir"));
    /// let app = TestApp::start(App::new(()).source(one).source(two), MemoryJournal::new()).await;
    /// assert!(app.has_ended());
    /// assert!(matches!(app.stop().await, Err(RunError::Configuration(_))));
    /// # }
    /// ```
    pub async fn start(app: App<S>, journal: impl IntoJournal) -> Self {
        let (journal, _) = journal.into_journal();
        let handle = app.handle();
        let shutdown = CancellationToken::new();
        let mut task = JoinSet::new();
        task.spawn(app.run(Arc::clone(&journal), shutdown.clone().cancelled_owned()));
        let started = Self {
            handle,
            journal,
            shutdown,
            task,
        };
        while started.handle.progress().is_none() && !started.has_ended() {
            sleep(Duration::from_millis(1)).await;
        }
        started
    }

    /// The app's handle.
    pub fn handle(&self) -> &Handle<S> {
        &self.handle
    }

    /// The app's journal.
    ///
    /// It reads on, whatever the app does.
    pub fn journal(&self) -> Stored {
        Stored(Arc::clone(&self.journal))
    }

    /// Whether the app has ended by itself; [`TestApp::stop`] returns its result.
    pub fn has_ended(&self) -> bool {
        let task = &self.task;
        // The app is the only task.
        task.is_empty() || self.handle.0.has_ended()
    }

    /// Waits until all links are up or stopped, all stored events are handled, and nothing new happens.
    ///
    /// It returns also when the app ends.
    ///
    /// Nothing new means that a quarter of a second passes without an event stored, read or handled. A source that
    /// keeps talking by itself, such as the simulator with traffic, never settles: wait for a condition with
    /// [`TestApp::until`].
    pub async fn settle(&self) {
        let mut before: Option<Progress> = None;
        loop {
            sleep(QUIET).await;
            if self.has_ended() {
                return;
            }
            let links = self.handle.links();
            let up = !links
                .iter()
                .any(|(_, link)| matches!(link, LinkState::Connecting | LinkState::Waiting { .. }));
            let now = self.handle.progress();
            if up && now == before && now.is_some_and(|now| now.is_caught_up()) {
                return;
            }
            before = now;
        }
    }

    /// Waits until the condition holds, or the app ends.
    ///
    /// The condition is looked at every 5 ms of the clock; it must be cheap.
    pub async fn until(&self, condition: impl Fn() -> bool) {
        while !condition() && !self.has_ended() {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops the app in good order.
    ///
    /// # Errors
    /// The app's own error.
    ///
    /// # Panics
    /// If the app's task panicked, with that panic.
    pub async fn stop(mut self) -> Result<(), RunError> {
        self.shutdown.cancel();
        match self.task.join_next().await {
            Some(Ok(ended)) => ended,
            Some(Err(failure)) => std::panic::resume_unwind(failure.into_panic()),
            None => Ok(()),
        }
    }

    /// Ends the app at once, as a crash does: nothing is finished, nothing is saved.
    ///
    /// Handlers are dropped where they stand; what the journal has stored stays.
    pub async fn crash(mut self) {
        self.task.shutdown().await;
    }
}

/// The content of a journal, for assertions.
///
/// It reads the whole journal with each call, which is for tests.
#[derive(Clone, Debug)]
pub struct Stored(Arc<dyn Journal>);

impl Stored {
    /// Every event.
    ///
    /// # Panics
    /// If the journal cannot be read.
    pub async fn events(&self) -> Vec<Arc<Event>> {
        let mut events: Vec<Arc<Event>> = Vec::new();
        loop {
            let after = events
                .last()
                .map_or(Position::ZERO, |event| event.position());
            let page = self.0.read(after, 1000).await;
            let page = page.unwrap_or_else(|failure| panic!("{failure}"));
            if page.is_empty() {
                return events;
            }
            events.extend(page);
        }
    }

    /// The kind of every event.
    ///
    /// # Panics
    /// If the journal cannot be read.
    pub async fn kinds(&self) -> Vec<String> {
        let events = self.events().await;
        events
            .iter()
            .map(|event| event.kind().to_string())
            .collect()
    }

    /// The text `message` or `content` of every event whose body has one.
    ///
    /// # Panics
    /// If the journal cannot be read.
    pub async fn texts(&self) -> Vec<String> {
        let events = self.events().await;
        let text = |event: &Arc<Event>| {
            let body: Value = event.parse().ok()?;
            let text = body.get("message").or_else(|| body.get("content"))?;
            text.as_str().map(str::to_owned)
        };
        events.iter().filter_map(text).collect()
    }
}

/// The kind of the events of [`Script::say`].
///
/// Its body is `{"message": "…"}`.
pub const SAID: &str = "test.said";

/// A source that brings the events of a test, and the test's handle to it.
///
/// Its platform is `test`.
///
/// Events wait in the script until the app runs: [`Script::say`] returns once the source has taken the event.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon::{App, Keep, KindInfo, journal::MemoryJournal, testing::{SAID, Script, TestApp, script}};
/// use antiphon::Entry;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// const KINDS: &[KindInfo] = &[KindInfo::new(SAID, "Said", "", "somebody said something")];
/// let (choir, source) = script("choir");
/// // As a platform would: typed kinds, a judge for errors, and lanes of its own.
/// let source = source.with_kinds(KINDS).with_judge(|_| Some(true));
/// let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
///
/// // The same origin twice is one event; a checkpoint travels with it.
/// let draft = choir.draft(SAID, "room/loft", r#"{"message": "once"}"#);
/// choir.send(Entry::event(draft.clone()).with(Script::checkpoint("socket", 7))).await?;
/// choir.send(Entry::event(draft)).await?;
/// app.settle().await;
/// assert_eq!(app.journal().events().await.len(), 1);
/// assert_eq!(choir.stored("socket"), Some(7));
/// app.stop().await?;
/// # Ok(())
/// # }
/// ```
pub fn script(name: impl Into<SourceName>) -> (Script, ScriptedSource) {
    let (lines, told) = mpsc::channel(64);
    let intake = Arc::default();
    let source = ScriptedSource {
        name: name.into(),
        told,
        intake: Arc::clone(&intake),
        kinds: &[],
        judge: |_| None,
        lane: None,
        clock: Clock::system(),
    };
    let script = Script {
        lines,
        said: Arc::default(),
        intake,
    };
    (script, source)
}

/// The test's handle to a [`ScriptedSource`].
///
/// Clones speak for the same source. The source ends when the last of them is dropped.
#[derive(Clone, Debug)]
pub struct Script {
    lines: mpsc::Sender<Line>,
    said: Arc<AtomicU64>,
    intake: Running,
}

#[derive(Debug)]
enum Line {
    Entry(Box<Entry>, oneshot::Sender<()>),
    End(Box<SourceError>),
    Panic,
}

impl Script {
    /// Brings an entry; returns once it is on its way to the journal.
    ///
    /// It waits while the intake is full, as a platform's source does.
    ///
    /// # Errors
    /// [`Closed`] if the source has ended.
    pub async fn send(&self, entry: Entry) -> Result<(), Closed> {
        let (sent, done) = oneshot::channel();
        let line = Line::Entry(Box::new(entry), sent);
        self.lines.send(line).await.map_err(|_| Closed)?;
        done.await.map_err(|_| Closed)
    }

    /// Brings an event of this kind with an origin of its own.
    ///
    /// Origins count from 1 within the script.
    ///
    /// # Errors
    /// [`Closed`] if the source has ended.
    pub async fn event(
        &self,
        kind: &str,
        place: &str,
        body: impl Into<String>,
    ) -> Result<(), Closed> {
        self.send(Entry::event(self.draft(kind, place, body))).await
    }

    /// Brings an event of kind [`SAID`] with body `{"message": text}`.
    ///
    /// # Errors
    /// [`Closed`] if the source has ended.
    pub async fn say(&self, place: &str, text: &str) -> Result<(), Closed> {
        let body = serde_json::json!({ "message": text });
        self.event(SAID, place, body.to_string()).await
    }

    /// An event of this kind with an origin of its own, which is not sent.
    ///
    /// Received at the beginning of 1970, so that nothing depends on the clock.
    pub fn draft(&self, kind: &str, place: &str, body: impl Into<String>) -> Draft {
        let number = self.said.fetch_add(1, Ordering::Relaxed);
        Draft::new(
            Kind::new(kind),
            Place::new(place),
            Origin::frame("script", number + 1),
            jiff::Timestamp::UNIX_EPOCH,
            body.into(),
        )
    }

    /// A checkpoint to send with an entry.
    pub fn checkpoint(part: &str, mark: i64) -> Checkpoint {
        Checkpoint {
            part: part.into(),
            state: "state".into(),
            mark,
        }
    }

    /// The mark of this part that is durable, as the source knows it.
    ///
    /// `None` before the first, and while the source does not run.
    pub fn stored(&self, part: &str) -> Option<i64> {
        let running = self.intake.lock().unwrap_or_else(PoisonError::into_inner);
        *running.as_ref()?.stored(&part.into()).borrow()
    }

    /// Ends the source with an error, as after a refused login.
    pub async fn end(&self, error: SourceError) {
        let _ = self.lines.send(Line::End(Box::new(error))).await;
    }

    /// Makes the source's task panic.
    ///
    /// The app ends with [`RunError::SourcePanicked`].
    pub async fn panic(&self) {
        let _ = self.lines.send(Line::Panic).await;
    }
}

/// The intake of a source that runs.
type Running = Arc<Mutex<Option<Intake>>>;

/// The intake that the script sees until the source ends, since the app waits for every copy of it.
struct Shown(Running);

impl Shown {
    fn new(running: &Running, intake: &Intake) -> Self {
        *running.lock().unwrap_or_else(PoisonError::into_inner) = Some(intake.clone());
        Self(Arc::clone(running))
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A source that brings the events of a [`Script`].
///
/// It shows `connected` from its start to its end.
#[derive(Debug)]
pub struct ScriptedSource {
    name: SourceName,
    told: mpsc::Receiver<Line>,
    intake: Running,
    kinds: &'static [KindInfo],
    judge: Judge,
    lane: Option<LaneOf>,
    clock: Clock,
}

impl ScriptedSource {
    /// Sets the kinds that have a type. Default: none.
    #[must_use]
    pub fn with_kinds(mut self, kinds: &'static [KindInfo]) -> Self {
        self.kinds = kinds;
        self
    }

    /// Sets how errors are judged. Default: no error is this platform's.
    #[must_use]
    pub fn with_judge(mut self, judge: Judge) -> Self {
        self.judge = judge;
        self
    }

    /// Sets which events have a lane of their own. Default: none.
    #[must_use]
    pub fn with_lane(mut self, lane: LaneOf) -> Self {
        self.lane = Some(lane);
        self
    }

    /// Sets the clock that stamps its events. Default: the machine's.
    ///
    /// A clock other than the one of the app's other sources is an error at the start.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    async fn play(mut self, intake: Intake, stop: Stop) -> Result<(), SourceError> {
        let _running = Shown::new(&self.intake, &intake);
        intake.show_link(LinkState::Connected {
            since: intake.now(),
        });
        loop {
            let line = tokio::select! {
                () = stop.reading() => break,
                line = self.told.recv() => line,
            };
            match line {
                None => break,
                Some(Line::Entry(entry, sent)) => {
                    let permit = tokio::select! {
                        () = stop.closing() => break,
                        permit = intake.reserve(entry.weight()) => permit,
                    };
                    let Ok(permit) = permit else { break };
                    permit.send(*entry);
                    let _ = sent.send(());
                }
                Some(Line::End(error)) => {
                    intake.show_link(LinkState::Stopped {
                        code: error.code().to_owned().into(),
                        reason: error.message().to_owned(),
                        hint: error.way_out().map(str::to_owned),
                    });
                    return Err(*error);
                }
                Some(Line::Panic) => panic!("the script says so"),
            }
        }
        stop.closing().await;
        intake.show_link(LinkState::Closed);
        Ok(())
    }
}

impl Source for ScriptedSource {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn kinds(&self) -> &'static [KindInfo] {
        self.kinds
    }

    fn clock(&self) -> Clock {
        self.clock
    }

    fn judge(&self) -> Judge {
        self.judge
    }

    fn lane(&self) -> Option<LaneOf> {
        self.lane
    }

    fn run(
        self: Box<Self>,
        intake: Intake,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(self.play(intake, stop))
    }
}
