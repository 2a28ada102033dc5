//! Handlers: plain async functions of an event and whatever else they need.
//!
//! A handler is a function; the two traits here say which functions count, and the macro at the end implements them for
//! zero to four extractors, with the payload by value or in an `Arc`. Filters and options wrap a handler in a type of
//! their own ([`When`], [`Configured`]), so that they cost nothing where they are not used. Types are erased only in
//! `table.rs`.

use std::{any::Any, error::Error, fmt, marker::PhantomData, sync::Arc, time::Duration};

use antiphon_core::{BoxError, BoxFuture, Payload};
use futures_util::FutureExt as _;

use crate::context::{Context, FromContext};

/// A call of a handler as a future.
pub type HandlerFuture = BoxFuture<'static, Result<(), HandlerError>>;

/// Options of a handler: a filter, a name, and the limits of its calls.
///
/// It is implemented for every async function whose first argument is a [`Payload`] `P` (by value or as `Arc<P>`),
/// followed by up to four [extractors](FromContext), and for async closures that capture nothing.
/// A closure that captures clones its captures for each call:
/// `move |event: P| { let mine = mine.clone(); async move { … } }`.
/// `M` tells the shapes of functions apart and is always inferred.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon::{App, Gap, HandlerError, HandlerExt};
///
/// async fn report(gap: Gap) -> Result<(), HandlerError> {
///     println!("events are missing: {}", gap.cause);
///     Ok(())
/// }
///
/// let app = App::new(()).on(report
///     .when(|gap| gap.recovered == 0)
///     .named("report")
///     .attempts(5)
///     .deadline(Duration::from_secs(30)));
/// ```
///
/// What happens when a call fails depends on the error alone:
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU32, Ordering}};
///
/// use antiphon::{App, DeadLetterId, Event, HandlerError, HandlerExt, State};
/// use antiphon::{journal::{Journal, MemoryJournal}, testing::{TestApp, script}};
///
/// type Calls = Arc<AtomicU32>;
///
/// /// Fails in a way that may pass, twice.
/// async fn busy(_: Event, State(calls): State<Calls>) -> Result<(), HandlerError> {
///     match calls.fetch_add(1, Ordering::Relaxed) {
///         0 | 1 => Err(HandlerError::retry("the jukebox is busy")),
///         _ => Ok(()),
///     }
/// }
///
/// /// Fails in a way that does not.
/// async fn broken(_: Event) -> Result<(), HandlerError> {
///     Err(HandlerError::message("the score is missing"))
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (calls, journal) = (Calls::default(), Arc::new(MemoryJournal::new()));
/// let (choir, source) = script("choir");
/// let app = App::new(Arc::clone(&calls)).source(source).on(busy).on(broken.named("broken"));
/// let app = TestApp::start(app, Arc::clone(&journal)).await;
/// choir.say("room/loft", "kyrie").await?;
/// app.settle().await;
/// app.stop().await?;
///
/// assert_eq!(calls.load(Ordering::Relaxed), 3, "it was tried again, with pauses, until it worked");
/// let letters = journal.dead_letters(DeadLetterId(0), 10).await?;
/// assert_eq!((letters.len(), &*letters[0].handler, letters[0].attempts), (1, "broken", 1));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    note = "a handler is an async function: `async fn name(event: P, …) -> Result<(), HandlerError>`",
    note = "its first argument is a payload by value (which must be `Clone`) or in an `Arc`, or the stored `Event`",
    note = "up to four extractors may follow: `State<T>`, `Delivery`, `Before<T>`, `Handle<S>`, `Arc<Event>`",
    note = "`#[antiphon::debug_handler]` above the function names the part that does not fit"
)]
pub trait HandlerExt<M>: Sized {
    /// The event it takes.
    type Payload: Payload;

    /// Calls the handler only for events whose view passes the filter.
    ///
    /// An event that passes no filter is not decoded.
    /// The filter runs once per event, before any handler of the event.
    ///
    /// Several filters may follow one another; all must pass. A filter that panics fails the call, which makes a dead
    /// letter, and harms no other handler. A filter costs a look at a borrowed view, where a decoded payload costs
    /// copies.
    fn when<F>(self, filter: F) -> When<Self, F, M>
    where
        F: for<'a> Fn(&<Self::Payload as Payload>::View<'a>) -> bool + Send + Sync + 'static,
    {
        When {
            handler: self,
            filter,
            marker: PhantomData,
        }
    }

    /// Sets the handler's name, under which its dead letters are kept. Default: the function's path.
    ///
    /// A closure's path changes with the code around it, so name a closure whose dead letters are worth keeping.
    ///
    /// Two handlers with one given name are [`RunError::Configuration`](crate::RunError::Configuration) at the start.
    fn named(self, name: impl Into<Arc<str>>) -> Configured<Self, M> {
        Configured::new(self).named(name)
    }

    /// Sets how often a call that fails transiently is made, all in all. Default: 3; at least 1.
    ///
    /// The pauses are random, at most 1 s before the second call and doubling up to 30 s; the event's lane waits
    /// meanwhile, and its other handlers have run before.
    fn attempts(self, attempts: u32) -> Configured<Self, M> {
        Configured::new(self).attempts(attempts)
    }

    /// Sets how long one call may take before it is cancelled and counts as failed. Default: 10 min.
    ///
    /// The future is dropped at its next await. A missed deadline is permanent, since the call may have acted.
    fn deadline(self, deadline: Duration) -> Configured<Self, M> {
        Configured::new(self).deadline(deadline)
    }

    /// Stores that an event is done as soon as its handlers end, before the lane goes on. Default: within 100 ms.
    ///
    /// A crash makes the events come again, marked as redelivered, that were under way or are not stored as done.
    /// With this option that is at most one event of each lane, the one under way, and without it also those of the last
    /// 100 ms.
    /// It is for effects that a platform cannot be given a key for, such as a chat message of QueUp, and costs a write to
    /// the journal for each event.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use antiphon::{App, Event, HandlerExt, State, journal::MemoryJournal, testing::{TestApp, script}};
    /// use tokio::sync::mpsc;
    ///
    /// async fn say(event: Event, State(said): State<mpsc::UnboundedSender<String>>) {
    ///     let text = String::from_utf8_lossy(event.body()).into_owned();
    ///     let is_endless = text.contains("gloria");
    ///     let _ = said.send(text);
    ///     if is_endless {
    ///         std::future::pending::<()>().await;
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let journal = Arc::new(MemoryJournal::new());
    /// let (sender, mut said) = mpsc::unbounded_channel();
    /// let (choir, source) = script("choir");
    /// let app = App::new(sender.clone()).source(source).on_raw("test.said", say.save_each());
    /// let app = TestApp::start(app, Arc::clone(&journal)).await;
    /// choir.say("room/loft", "kyrie").await?;
    /// choir.say("room/loft", "gloria").await?;
    /// let (first, second) = (said.recv().await, said.recv().await);
    /// app.crash().await;
    ///
    /// let app = TestApp::start(App::new(sender).on_raw("test.said", say.save_each()), journal).await;
    /// assert_eq!(said.recv().await, second, "the first is stored as done");
    /// # drop(first);
    /// # Ok(())
    /// # }
    /// ```
    fn save_each(self) -> Configured<Self, M> {
        Configured::new(self).save_each()
    }
}

/// A handler that can run in an app with state `S`.
///
/// It is implemented for every function that [`HandlerExt`] describes, if each extractor is [`FromContext<S>`]; there is
/// no reason to implement it by hand.
///
/// Use it as a bound for functions of your own that add handlers; `M` is inferred there too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler for an app with state `{S}`",
    note = "a handler is an async function: `async fn name(event: P, …) -> Result<(), HandlerError>`",
    note = "its first argument is a payload by value (which must be `Clone`) or in an `Arc`, or the stored `Event`",
    note = "up to four extractors may follow: `State<T>`, `Delivery`, `Before<T>`, `Handle<S>`, `Arc<Event>`",
    note = "`State<T>` needs `T: FromRef<{S}>`; the future must be `Send`",
    note = "`#[antiphon::debug_handler(state = {S})]` above the function names the part that does not fit"
)]
pub trait Handler<M, S>: HandlerExt<M> + Send + Sync + 'static {
    /// Calls the function with its arguments.
    fn call(&self, payload: Arc<Self::Payload>, context: &Context<'_, S>) -> HandlerFuture;

    /// Whether the event passes its filter.
    #[doc(hidden)]
    fn passes(&self, view: &<Self::Payload as Payload>::View<'_>) -> bool {
        let _ = view;
        true
    }

    /// Its name and limits.
    #[doc(hidden)]
    fn options(&self) -> Options {
        Options::of::<Self>()
    }
}

/// A handler's name and limits.
#[doc(hidden)]
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub struct Options {
    pub(crate) name: Arc<str>,
    /// Whether the user gave the name.
    pub(crate) named: bool,
    pub(crate) attempts: u32,
    pub(crate) deadline: Duration,
    pub(crate) filtered: bool,
    /// Whether it takes only events that no other typed handler takes.
    pub(crate) fallback: bool,
    /// Whether the cursor is stored after each event.
    pub(crate) saves: bool,
}

impl Options {
    const ATTEMPTS: u32 = 3;
    const DEADLINE: Duration = Duration::from_secs(600);

    fn of<H>() -> Self {
        Self {
            name: std::any::type_name::<H>().into(),
            named: false,
            attempts: Self::ATTEMPTS,
            deadline: Self::DEADLINE,
            filtered: false,
            fallback: false,
            saves: false,
        }
    }
}

/// A handler with a filter; see [`HandlerExt::when`].
///
/// ```
/// use antiphon::{App, Gap, HandlerExt};
///
/// let app = App::new(()).on((async |gap: Gap| println!("{}", gap.cause))
///     .when(|gap| gap.recovered == 0)
///     .when(|gap| gap.to.frame.is_some()));
/// # drop(app);
/// ```
pub struct When<H, F, M> {
    handler: H,
    filter: F,
    marker: PhantomData<fn(M)>,
}

impl<H, F, M> fmt::Debug for When<H, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "When({})", std::any::type_name::<H>())
    }
}

/// Marks handlers that are wrapped.
#[derive(Debug)]
pub struct Wrapped<M>(PhantomData<fn(M)>);

impl<H, F, M> HandlerExt<Wrapped<M>> for When<H, F, M>
where
    H: HandlerExt<M>,
{
    type Payload = H::Payload;
}

impl<H, F, M, S> Handler<Wrapped<M>, S> for When<H, F, M>
where
    H: Handler<M, S>,
    F: for<'a> Fn(&<H::Payload as Payload>::View<'a>) -> bool + Send + Sync + 'static,
    M: 'static,
{
    fn call(&self, payload: Arc<H::Payload>, context: &Context<'_, S>) -> HandlerFuture {
        self.handler.call(payload, context)
    }

    fn passes(&self, view: &<H::Payload as Payload>::View<'_>) -> bool {
        self.handler.passes(view) && (self.filter)(view)
    }

    fn options(&self) -> Options {
        Options {
            filtered: true,
            ..self.handler.options()
        }
    }
}

/// A handler with a name or limits of its own; see [`HandlerExt::named`], [`HandlerExt::attempts`],
/// [`HandlerExt::deadline`] and [`HandlerExt::save_each`].
///
/// What is not set here comes from the handler inside, so that options may be set one after another and around a
/// filter.
pub struct Configured<H, M> {
    handler: H,
    name: Option<Arc<str>>,
    attempts: Option<u32>,
    deadline: Option<Duration>,
    saves: bool,
    marker: PhantomData<fn(M)>,
}

impl<H, M> fmt::Debug for Configured<H, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configured")
            .field("handler", &std::any::type_name::<H>())
            .field("name", &self.name)
            .field("attempts", &self.attempts)
            .field("deadline", &self.deadline)
            .field("saves", &self.saves)
            .finish()
    }
}

impl<H, M> Configured<H, M> {
    fn new(handler: H) -> Self {
        Self {
            handler,
            name: None,
            attempts: None,
            deadline: None,
            saves: false,
            marker: PhantomData,
        }
    }

    /// See [`HandlerExt::named`].
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// See [`HandlerExt::attempts`].
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts.max(1));
        self
    }

    /// See [`HandlerExt::deadline`].
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// See [`HandlerExt::save_each`].
    #[must_use]
    pub fn save_each(mut self) -> Self {
        self.saves = true;
        self
    }
}

impl<H: HandlerExt<M>, M> HandlerExt<Wrapped<M>> for Configured<H, M> {
    type Payload = H::Payload;
}

impl<H, M, S> Handler<Wrapped<M>, S> for Configured<H, M>
where
    H: Handler<M, S>,
    M: 'static,
{
    fn call(&self, payload: Arc<H::Payload>, context: &Context<'_, S>) -> HandlerFuture {
        self.handler.call(payload, context)
    }

    fn passes(&self, view: &<H::Payload as Payload>::View<'_>) -> bool {
        self.handler.passes(view)
    }

    fn options(&self) -> Options {
        let inner = self.handler.options();
        Options {
            named: inner.named || self.name.is_some(),
            name: self.name.clone().unwrap_or(inner.name),
            attempts: self.attempts.unwrap_or(inner.attempts),
            deadline: self.deadline.unwrap_or(inner.deadline),
            filtered: inner.filtered,
            fallback: inner.fallback,
            saves: inner.saves || self.saves,
        }
    }
}

/// A handler of events that no other typed handler takes; see [`App::fallback`](crate::App::fallback).
pub(crate) struct Fallback<H, M>(H, PhantomData<fn(M)>);

impl<H, M> Fallback<H, M> {
    pub(crate) fn new(handler: H) -> Self {
        Self(handler, PhantomData)
    }
}

impl<H: HandlerExt<M>, M> HandlerExt<Wrapped<M>> for Fallback<H, M> {
    type Payload = H::Payload;
}

impl<H, M, S> Handler<Wrapped<M>, S> for Fallback<H, M>
where
    H: Handler<M, S>,
    M: 'static,
{
    fn call(&self, payload: Arc<H::Payload>, context: &Context<'_, S>) -> HandlerFuture {
        self.0.call(payload, context)
    }

    fn passes(&self, view: &<H::Payload as Payload>::View<'_>) -> bool {
        self.0.passes(view)
    }

    fn options(&self) -> Options {
        Options {
            fallback: true,
            ..self.0.options()
        }
    }
}

/// The result of a handler: nothing, or a `Result` whose error becomes a [`HandlerError`].
///
/// A handler that returns nothing never fails, but by a panic or its deadline.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    note = "a handler returns nothing, or `Result<(), E>`",
    note = "`E` is any error that is `Send + Sync + 'static`, `HandlerError`, `anyhow::Error` or `antiphon::BoxError`",
    note = "`Box<dyn Error>` alone cannot be sent between threads: write `Box<dyn Error + Send + Sync>`"
)]
pub trait Outcome {
    /// The call's result.
    ///
    /// # Errors
    /// The handler's own error.
    fn into_result(self) -> Result<(), HandlerError>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), HandlerError> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<HandlerError>> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), HandlerError> {
        self.map_err(Into::into)
    }
}

/// A payload that a handler may take by value; checked by `#[debug_handler]`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a handler takes `{Self}` by value, which is not `Clone`",
    note = "derive `Clone` for `{Self}`, or take `Arc<{Self}>`"
)]
pub trait ByValue {}

#[diagnostic::do_not_recommend]
impl<P: Clone> ByValue for P {}

/// Marks handlers that take their payload by value.
#[derive(Debug)]
pub struct Owned;

/// Marks handlers that take their payload in an `Arc`.
#[derive(Debug)]
pub struct Shared;

macro_rules! functions {
    ($($extractor:ident),*) => {
        impl<F, Fut, P, $($extractor,)*> HandlerExt<(Owned, P, ($($extractor,)*))> for F
        where
            F: Fn(P, $($extractor,)*) -> Fut,
            Fut: Future,
            P: Payload + Clone,
        {
            type Payload = P;
        }

        impl<F, Fut, P, S, $($extractor,)*> Handler<(Owned, P, ($($extractor,)*)), S> for F
        where
            F: Fn(P, $($extractor,)*) -> Fut + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            Fut::Output: Outcome,
            P: Payload + Clone,
            $($extractor: FromContext<S>,)*
        {
            fn call(&self, payload: Arc<P>, context: &Context<'_, S>) -> HandlerFuture {
                let _ = context;
                let payload = Arc::unwrap_or_clone(payload);
                let future = self(payload, $($extractor::from_context(context),)*);
                Box::pin(future.map(Outcome::into_result))
            }
        }

        impl<F, Fut, P, $($extractor,)*> HandlerExt<(Shared, P, ($($extractor,)*))> for F
        where
            F: Fn(Arc<P>, $($extractor,)*) -> Fut,
            Fut: Future,
            P: Payload,
        {
            type Payload = P;
        }

        impl<F, Fut, P, S, $($extractor,)*> Handler<(Shared, P, ($($extractor,)*)), S> for F
        where
            F: Fn(Arc<P>, $($extractor,)*) -> Fut + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            Fut::Output: Outcome,
            P: Payload,
            $($extractor: FromContext<S>,)*
        {
            fn call(&self, payload: Arc<P>, context: &Context<'_, S>) -> HandlerFuture {
                let _ = context;
                let future = self(payload, $($extractor::from_context(context),)*);
                Box::pin(future.map(Outcome::into_result))
            }
        }
    };
}

functions!();
functions!(A);
functions!(A, B);
functions!(A, B, C);
functions!(A, B, C, D);

/// The failure of a handler.
///
/// `?` turns into one any error that is `Send + Sync + 'static`, a [`BoxError`], an `anyhow::Error`, and a text.
/// A handler may as well return one of these itself: `anyhow::Result<()>`, `Result<(), BoxError>`, `Result<(), MyError>`.
/// The sources judge whether the call is tried again ([`Source::judge`](antiphon_core::Source::judge)); an error that no
/// source knows is permanent, since a retry repeats side effects. [`HandlerError::retry`] makes it transient, and so does
/// a [`Retry`] anywhere among its causes.
///
/// An error keeps its type on the way through `anyhow::Error`, with and without a context, and through a box, so that it
/// is judged there as well. The exception is an `anyhow::Error` that was boxed before: `anyhow` hides the type of the
/// outermost error then.
///
/// ```
/// use antiphon::{App, Event, HandlerError};
///
/// fn read() -> anyhow::Result<u8> {
///     Ok("seven".parse()?)
/// }
///
/// async fn typed(_: Event) -> Result<(), HandlerError> {
///     read()?;
///     Ok(())
/// }
///
/// async fn any(_: Event) -> anyhow::Result<()> {
///     anyhow::ensure!(read()? < 10, "the score has too many voices");
///     Ok(())
/// }
///
/// async fn boxed(_: Event) -> Result<(), antiphon::BoxError> {
///     let _: u8 = "seven".parse()?;
///     Ok(())
/// }
///
/// let app = App::new(()).on(typed).on(any).on(boxed);
/// ```
///
/// Like `anyhow::Error` it is not itself an [`Error`], so that the conversion from every error can exist.
///
/// ```
/// use antiphon::HandlerError;
///
/// let busy = HandlerError::retry("the jukebox is busy");
/// assert!(busy.is_retry());
///
/// let wrong = HandlerError::from("seven?".parse::<u8>().unwrap_err());
/// assert_eq!(wrong.to_string(), "invalid digit found in string");
/// assert!(!wrong.is_retry());
/// ```
///
/// The message that is kept with a dead letter is the error and its causes, joined by `: `:
///
/// ```
/// use antiphon::{BoxError, HandlerError};
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("the score could not be read")]
/// struct Unreadable(#[source] std::num::ParseIntError);
///
/// fn parse(text: &str) -> Result<u8, HandlerError> {
///     Ok(text.parse().map_err(Unreadable)?)
/// }
///
/// let error = parse("seven").expect_err("no number");
/// assert_eq!(error.to_string(), "the score could not be read: invalid digit found in string");
/// assert_eq!(error.chain().count(), 2);
/// // A reason to try again can be laid over any error.
/// let again = HandlerError::retry(error.to_string());
/// assert!(again.is_retry() && again.source().to_string().starts_with("the score"));
/// ```
pub struct HandlerError {
    source: BoxError,
    retry: bool,
}

impl HandlerError {
    /// An error after which the call should be tried again.
    ///
    /// It is tried again up to [`HandlerExt::attempts`] times in all, whatever the platforms think of the error.
    pub fn retry(error: impl Into<BoxError>) -> Self {
        Self {
            source: error.into(),
            retry: true,
        }
    }

    /// An error that is only a sentence.
    ///
    /// It is permanent. A value that is an error already keeps more when `?` makes the conversion.
    pub fn message(message: impl Into<String>) -> Self {
        Self {
            source: message.into().into(),
            retry: false,
        }
    }

    /// The error itself.
    pub fn source(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.source
    }

    /// Whether the handler asked for another try, by [`HandlerError::retry`] or a [`Retry`].
    pub fn is_retry(&self) -> bool {
        self.retry || self.chain().any(<dyn Error>::is::<Retry>)
    }

    /// The error and all its causes.
    ///
    /// The first is the error itself; causes follow, as far as they are told by [`Error::source`].
    pub fn chain(&self) -> impl Iterator<Item = &(dyn Error + 'static)> {
        fn cause<'a>(error: &&'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
            (**error).source()
        }
        let first: &(dyn Error + 'static) = &*self.source;
        std::iter::successors(Some(first), cause)
    }
}

impl<E> From<E> for HandlerError
where
    E: Into<BoxError> + 'static,
{
    fn from(error: E) -> Self {
        let mut error = Some(error);
        // The `Into` of `anyhow::Error` hides the type of its error, by which platforms judge.
        let source = match (&mut error as &mut dyn Any).downcast_mut::<Option<anyhow::Error>>() {
            Some(error) => error
                .take()
                .map(anyhow::Error::reallocate_into_boxed_dyn_error_without_backtrace),
            None => error.take().map(Into::into),
        };
        Self {
            source: source.expect("nobody took it before"),
            retry: false,
        }
    }
}

/// An error after which the call should be tried again, for functions whose error is not [`HandlerError`].
///
/// It shows the error that it is made of, and counts wherever it stands among the causes:
///
/// ```
/// use antiphon::{HandlerError, Retry};
///
/// fn turn() -> anyhow::Result<()> {
///     Err(Retry::new("the jukebox is busy"))?
/// }
///
/// use anyhow::Context as _;
/// let error = HandlerError::from(turn().context("could not play").unwrap_err());
/// assert!(error.is_retry());
/// assert_eq!(error.to_string(), "could not play: the jukebox is busy");
/// ```
#[derive(Debug)]
pub struct Retry(BoxError);

impl Retry {
    /// Wraps an error, or a sentence.
    pub fn new(error: impl Into<BoxError>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Retry {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// The error and its causes, joined by `: `.
impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.chain().enumerate() {
            let joint = if number == 0 { "" } else { ": " };
            write!(f, "{joint}{error}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerError")
            .field("source", &self.source)
            .field("retry", &self.retry)
            .finish()
    }
}
