//! Waiters and streams, which the head serves as it reads, without waiting for them.
//!
//! Both kinds of watchers are served by the head with each event, synchronously: a check runs there and must be quick,
//! and the result goes into a bounded channel. A waiter that has its answer, a stream that was dropped and a check that
//! panics are removed with the event that shows it.

use std::{
    fmt,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use antiphon_core::{BoxFuture, Event, Journal, Kind, KindPattern, Payload, Place, Position};
use futures_core::Stream;
use tokio::sync::mpsc;
use tracing::error;

use crate::dispatcher::{PAGE, READ_AGAIN};

/// Events that wait in one stream before it lags.
pub(crate) const STREAM: usize = 256;
/// Events that wait for a waiter that has not looked yet.
const ANSWERS: usize = 32;

/// All waiters and streams.
///
/// `count` is read without the lock for every event; it is nearly always 0.
#[derive(Default)]
pub(crate) struct Watchers {
    /// Their number, so that the head need not lock while there are none.
    count: AtomicUsize,
    all: Mutex<All>,
}

#[derive(Default)]
struct All {
    next: u64,
    closed: bool,
    watchers: Vec<Watcher>,
}

struct Watcher {
    number: u64,
    kinds: Kinds,
    since: Position,
    place: Option<Place>,
    serve: Serve,
}

/// The function that gives an event to a watcher.
type Serve = Box<dyn FnMut(&Arc<Event>) -> Served + Send>;

/// The function that gives the payload of an event that a waiter wants; the head and the waiter itself call it.
type Wanted<P> = Arc<Mutex<dyn FnMut(&Event) -> Option<P> + Send>>;

/// Whether a watcher wants more.
enum Served {
    More,
    Done,
}

#[derive(Clone)]
enum Kinds {
    These(&'static [&'static str]),
    Pattern(KindPattern),
}

impl Kinds {
    fn of<P: Payload>() -> Self {
        Self::These(P::KINDS)
    }

    fn matches(&self, kind: &Kind) -> bool {
        match self {
            Self::These(kinds) => kinds.iter().any(|one| *one == "*" || kind == one),
            Self::Pattern(pattern) => pattern.matches(kind.as_str()),
        }
    }
}

impl Watchers {
    /// Whether anybody waits for events of a kind, or listens to them.
    pub(crate) fn take(&self, kind: &Kind) -> bool {
        self.are_any()
            && self
                .lock()
                .watchers
                .iter()
                .any(|watcher| watcher.kinds.matches(kind))
    }

    fn are_any(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    /// Serves one event to all watchers of its kind and place.
    pub(crate) fn serve(&self, event: &Arc<Event>) {
        if !self.are_any() {
            return;
        }
        let mut all = self.lock();
        all.watchers.retain_mut(|watcher| {
            let wanted = event.position() > watcher.since
                && watcher.kinds.matches(event.kind())
                && watcher
                    .place
                    .as_ref()
                    .is_none_or(|place| place.contains(event.place()));
            if !wanted {
                return true;
            }
            // A check that panics ends its waiter, and the head goes on.
            let served = catch_unwind(AssertUnwindSafe(|| (watcher.serve)(event)));
            matches!(served, Ok(Served::More))
        });
        self.count.store(all.watchers.len(), Ordering::Release);
    }

    /// Ends all watchers.
    pub(crate) fn close(&self) {
        let mut all = self.lock();
        all.closed = true;
        all.watchers.clear();
        self.count.store(0, Ordering::Release);
    }

    /// Begins a run: watchers made before it see only events after this position.
    pub(crate) fn begin_at(&self, position: Position) {
        let mut all = self.lock();
        all.closed = false;
        for watcher in &mut all.watchers {
            watcher.since = watcher.since.max(position);
        }
    }

    fn add(&self, kinds: Kinds, since: Position, serve: Serve) -> u64 {
        let mut all = self.lock();
        all.next += 1;
        let number = all.next;
        if !all.closed {
            all.watchers.push(Watcher {
                number,
                kinds,
                since,
                place: None,
                serve,
            });
            self.count.store(all.watchers.len(), Ordering::Release);
        }
        number
    }

    fn narrow(&self, number: u64, place: Place) {
        let mut all = self.lock();
        let watcher = all.watchers.iter_mut().find(|one| one.number == number);
        if let Some(watcher) = watcher {
            watcher.place = Some(place);
        }
    }

    fn remove(&self, number: u64) {
        let mut all = self.lock();
        all.watchers.retain(|one| one.number != number);
        self.count.store(all.watchers.len(), Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes a watcher when its waiter or stream is dropped.
struct Registration {
    watchers: Arc<Watchers>,
    number: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.watchers.remove(self.number);
    }
}

/// A wait for one event; made by [`Handle::wait_for`](crate::Handle::wait_for).
///
/// It listens from the moment it is made: make it, ask the question, then await the answer.
/// Without a timeout it waits as long as the app runs.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon::{App, Event, WaitError, journal::MemoryJournal, testing::{TestApp, script}};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (choir, source) = script("choir");
/// let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
/// let answer = app.handle().wait_for::<Event>(|_: &&Event| true).in_place("room/loft");
/// choir.say("room/nave", "elsewhere").await?;
/// choir.say("room/loft", "here").await?;
/// assert_eq!(answer.await?.place().as_str(), "room/loft");
///
/// let nothing = app.handle().wait_for::<Event>(|_: &&Event| true).timeout(Duration::from_secs(5));
/// assert!(matches!(nothing.await, Err(WaitError::TimedOut(_))));
/// app.stop().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "it must be awaited"]
pub struct WaitFor<P> {
    answers: mpsc::Receiver<(Place, P)>,
    registration: Registration,
    place: Option<Place>,
    timeout: Option<Duration>,
    wanted: Wanted<P>,
    /// Last event stored before the wait was made.
    since: Position,
    /// Event after which stored events count.
    after: Option<Position>,
    /// Journal of the run; absent before the app runs.
    journal: Option<Arc<dyn Journal>>,
}

impl<P> fmt::Debug for WaitFor<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitFor")
            .field("place", &self.place)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// No event came.
///
/// A handler that returns it becomes a dead letter: it is permanent unless the handler says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// No such event came in time.
    #[error("no such event came within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The app has ended, its journal cannot be read, or the check panicked.
    #[error("nothing more will come: the app has ended, or the check panicked")]
    Ended,
}

impl<P: Payload> WaitFor<P> {
    pub(crate) fn new<F>(
        watchers: &Arc<Watchers>,
        since: Position,
        journal: Option<Arc<dyn Journal>>,
        check: F,
    ) -> Self
    where
        F: for<'a> Fn(&P::View<'a>) -> bool + Send + 'static,
    {
        let (sender, answers) = mpsc::channel(ANSWERS);
        let wanted: Wanted<P> = Arc::new(Mutex::new(move |event: &Event| {
            let passes = P::concerns(event) && P::view(event).is_ok_and(|view| check(&view));
            passes.then(|| P::decode(event).ok()).flatten()
        }));
        let of_event = Arc::clone(&wanted);
        let serve = move |event: &Arc<Event>| {
            if let Some(payload) = call(&of_event, event) {
                // Only the first one that fits is used; a full channel loses nothing that is wanted.
                let _ = sender.try_send((event.place().clone(), payload));
            }
            if sender.is_closed() {
                Served::Done
            } else {
                Served::More
            }
        };
        let number = watchers.add(Kinds::of::<P>(), since, Box::new(serve));
        Self {
            answers,
            registration: Registration {
                watchers: Arc::clone(watchers),
                number,
            },
            place: None,
            timeout: None,
            wanted,
            since,
            after: None,
            journal,
        }
    }

    /// Counts events that are stored already, if they came after the one at this position. Default: only events stored
    /// after the wait was made count.
    ///
    /// With the position of the event that is being handled ([`Delivery::position`](crate::Delivery::position)) a wait
    /// outlives a crash: the event is handled again, and the answer counts although it came before the new wait was made.
    /// The journal is read from there in pages of 256 events when the wait is awaited.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use antiphon::{App, Delivery, Event, Handle, State, WaitError, journal::MemoryJournal, testing::{TestApp, script}};
    /// use tokio::sync::mpsc;
    ///
    /// type Answers = mpsc::UnboundedSender<Event>;
    ///
    /// async fn ask(
    ///     _: Event,
    ///     delivery: Delivery,
    ///     handle: Handle<Answers>,
    ///     State(answers): State<Answers>,
    /// ) -> Result<(), WaitError> {
    ///     let answer = handle.wait_for::<Event>(|event| event.kind().name() == "answer").after(delivery.position);
    ///     let _ = answers.send(answer.await?);
    ///     // The first run never comes to the end of this call.
    ///     if !delivery.redelivered {
    ///         std::future::pending::<()>().await;
    ///     }
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let journal = Arc::new(MemoryJournal::new());
    /// let (sender, mut answers) = mpsc::unbounded_channel();
    /// let (choir, source) = script("choir");
    /// let app = App::new(sender.clone()).source(source).on_raw("test.question", ask);
    /// let app = TestApp::start(app, Arc::clone(&journal)).await;
    /// choir.event("test.question", "room/loft", "{}").await?;
    /// choir.event("test.answer", "room/loft", "{}").await?;
    /// let first = answers.recv().await.expect("an answer");
    /// app.crash().await;
    ///
    /// // The answer is in the journal, and will not come again.
    /// let app = TestApp::start(App::new(sender).on_raw("test.question", ask), journal).await;
    /// assert_eq!(answers.recv().await.expect("an answer").position(), first.position());
    /// app.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn after(mut self, position: Position) -> Self {
        self.after = Some(position);
        self
    }

    /// Sets the place: only events in this place or inside it count. Default: every place.
    ///
    /// The place's own events and those of places inside it: `guild/1` takes `guild/1/channel/2`.
    pub fn in_place(mut self, place: impl Into<Place>) -> Self {
        let place = place.into();
        let Registration { watchers, number } = &self.registration;
        watchers.narrow(*number, place.clone());
        self.place = Some(place);
        self
    }

    /// Sets how long it waits, counted from when it is awaited. Default: as long as the app runs.
    ///
    /// A wait that is made again after a crash counts anew.
    ///
    /// Events that came between making the wait and awaiting it count, and their time does not.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn answer(mut self) -> Result<P, WaitError> {
        let timeout = self.timeout;
        let first = async move {
            if let Some(payload) = self.stored().await? {
                return Ok(payload);
            }
            while let Some((place, payload)) = self.answers.recv().await {
                if self.is_in(&place) {
                    return Ok(payload);
                }
            }
            Err(WaitError::Ended)
        };
        match timeout {
            None => first.await,
            Some(timeout) => tokio::time::timeout(timeout, first)
                .await
                .unwrap_or(Err(WaitError::TimedOut(timeout))),
        }
    }

    fn is_in(&self, place: &Place) -> bool {
        let wanted = self.place.as_ref();
        wanted.is_none_or(|wanted| wanted.contains(place))
    }

    /// The first event that fits of those that were stored before the wait was made.
    async fn stored(&self) -> Result<Option<P>, WaitError> {
        let (Some(mut after), Some(journal)) = (self.after, &self.journal) else {
            return Ok(None);
        };
        let kinds = Kinds::of::<P>();
        while after < self.since {
            let page = match journal.read(after, PAGE).await {
                Ok(page) => page,
                Err(failure) if failure.is_transient() => {
                    tokio::time::sleep(READ_AGAIN).await;
                    continue;
                }
                Err(failure) => {
                    let failure = &failure as &dyn std::error::Error;
                    error!(error = failure, "a wait ends: the journal cannot be read");
                    return Err(WaitError::Ended);
                }
            };
            let Some(last) = page.last() else { break };
            after = last.position();
            for event in page {
                // The head gives the later ones.
                if event.position() > self.since {
                    return Ok(None);
                }
                if !kinds.matches(event.kind()) || !self.is_in(event.place()) {
                    continue;
                }
                let wanted = catch_unwind(AssertUnwindSafe(|| call(&self.wanted, &event)));
                match wanted {
                    Ok(None) => {}
                    Ok(payload) => return Ok(payload),
                    Err(_) => return Err(WaitError::Ended),
                }
            }
        }
        Ok(None)
    }
}

/// Calls the function of a waiter; one that panicked before is called again by nobody.
fn call<P>(wanted: &Wanted<P>, event: &Event) -> Option<P> {
    let mut wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
    wanted(event)
}

impl<P: Payload> IntoFuture for WaitFor<P> {
    type Output = Result<P, WaitError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.answer())
    }
}

/// The stream was read too slowly, and missed this many events here.
///
/// The events are in the journal: read them there, from the position of the last event that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stream was read too slowly and missed {0} events")]
pub struct Lagged(pub u64);

enum Item {
    Event(Arc<Event>),
    Lagged(Lag),
}

/// The number of events missed at one point of a stream; it grows until the reader comes to that point.
///
/// While the reader stays behind, all further events are counted in the one place at the end of the channel.
#[derive(Clone)]
struct Lag(Arc<Mutex<Option<u64>>>);

impl Lag {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Some(1))))
    }

    /// Counts one more event; false if the reader has passed that point.
    fn grow(&self) -> bool {
        let mut missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *missed = missed.map(|missed| missed + 1);
        missed.is_some()
    }

    fn take(&self) -> u64 {
        let mut missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        missed.take().unwrap_or_default()
    }
}

/// Events of one payload type as they are stored; made by [`Handle::stream`](crate::Handle::stream).
///
/// It sees the events that are stored after it was made, and ends with the app.
/// It holds at most 256 events. A stream that is read too slowly misses events, and has a [`Lagged`] in their place.
/// Events whose body does not decode are left out.
///
/// It is a [`Stream`](futures_core::Stream), for programs that use the `futures` adapters, and has
/// [`EventStream::next`] for those that do not.
pub struct EventStream<P> {
    items: mpsc::Receiver<Item>,
    _registration: Registration,
    payload: PhantomData<fn() -> P>,
}

impl<P> fmt::Debug for EventStream<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").finish_non_exhaustive()
    }
}

impl<P: Payload> EventStream<P> {
    pub(crate) fn new(watchers: &Arc<Watchers>, since: Position) -> Self {
        Self::open(watchers, since, Kinds::of::<P>())
    }

    fn open(watchers: &Arc<Watchers>, since: Position, kinds: Kinds) -> Self {
        let (sender, items) = mpsc::channel(STREAM + 1);
        let mut lag: Option<Lag> = None;
        let serve = move |event: &Arc<Event>| {
            if lag.as_ref().is_none_or(|lag| !lag.grow()) {
                lag = None;
                // The last place is kept for `Lagged`.
                let item = if sender.capacity() > 1 {
                    Item::Event(Arc::clone(event))
                } else {
                    Item::Lagged(lag.insert(Lag::new()).clone())
                };
                let _ = sender.try_send(item);
            }
            if sender.is_closed() {
                Served::Done
            } else {
                Served::More
            }
        };
        let number = watchers.add(kinds, since, Box::new(serve));
        Self {
            items,
            _registration: Registration {
                watchers: Arc::clone(watchers),
                number,
            },
            payload: PhantomData,
        }
    }

    /// The next event; `None` once the app has ended.
    ///
    /// It is safe to cancel.
    pub async fn next(&mut self) -> Option<Result<P, Lagged>> {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<P, Lagged>>> {
        loop {
            let Some(item) = ready!(self.items.poll_recv(context)) else {
                return Poll::Ready(None);
            };
            match item {
                Item::Lagged(lag) => return Poll::Ready(Some(Err(Lagged(lag.take())))),
                Item::Event(event) if !P::concerns(&event) => {}
                Item::Event(event) => {
                    if let Ok(payload) = P::decode(&event) {
                        return Poll::Ready(Some(Ok(payload)));
                    }
                }
            }
        }
    }
}

impl EventStream<Event> {
    pub(crate) fn raw(watchers: &Arc<Watchers>, since: Position, pattern: KindPattern) -> Self {
        Self::open(watchers, since, Kinds::Pattern(pattern))
    }
}

impl<P: Payload> Stream for EventStream<P> {
    type Item = Result<P, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}
