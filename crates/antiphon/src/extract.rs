//! The extractors: what a handler may ask for beside its event.
//!
//! Each extractor is one `impl FromContext`; the handler's signature picks them, and the compiler refuses one that the
//! app's state cannot give.

use std::{sync::Arc, time::Duration};

use antiphon_core::{Event, Position};

use crate::{
    context::{Context, FromContext},
    handle::Handle,
};

/// A part of the app's state, taken from the whole.
///
/// Every state that is `Clone` can be taken from itself.
///
/// The usual state of a bot is a struct of clients that derives `FromRef`, or simply one client that is `Clone`.
/// The derive makes every field a part, by its type; `#[from_ref(skip)]` leaves a field out.
///
/// ```
/// use antiphon::{App, Event, FromRef, State};
///
/// #[derive(Clone)]
/// struct Greeting(String);
///
/// #[derive(FromRef)]
/// struct Bot {
///     greeting: Greeting,
///     #[from_ref(skip)]
///     name: String,
/// }
///
/// let bot = Bot { greeting: Greeting("good evening".into()), name: "antiphon".into() };
/// # let _ = &bot.name;
/// let app = App::new(bot).on(async |_: Event, State(Greeting(text)): State<Greeting>| {
///     println!("{text}");
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not part of the state `{S}`",
    note = "write `impl FromRef<{S}> for {Self}` to say how it is taken from there"
)]
pub trait FromRef<S> {
    /// Takes the part from the whole, as a rule by cloning a handle.
    fn from_ref(state: &S) -> Self;
}

impl<S: Clone> FromRef<S> for S {
    fn from_ref(state: &S) -> Self {
        state.clone()
    }
}

/// Extracts a part of the app's state; see [`FromRef`].
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use antiphon::{App, Event, State, journal::MemoryJournal, testing::{TestApp, script}};
///
/// // What changes is behind a lock; the state itself is shared and never replaced.
/// #[derive(Clone, Default)]
/// struct Counter(Arc<Mutex<u32>>);
///
/// async fn count(_: Event, State(Counter(count)): State<Counter>) {
///     *count.lock().expect("no panic") += 1;
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let counter = Counter::default();
/// let (choir, source) = script("choir");
/// let app = TestApp::start(App::new(counter.clone()).source(source).on(count), MemoryJournal::new()).await;
/// choir.say("room/loft", "kyrie").await?;
/// choir.say("room/nave", "gloria").await?;
/// app.settle().await;
/// app.stop().await?;
/// assert_eq!(*counter.0.lock().expect("no panic"), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct State<T>(pub T);

impl<S, T: FromRef<S>> FromContext<S> for State<T> {
    fn from_context(context: &Context<'_, S>) -> Self {
        Self(T::from_ref(context.state))
    }
}

/// Extracts how the event was delivered to this handler.
///
/// ```
/// use antiphon::{App, Delivery, Event, HandlerError};
///
/// async fn charge(event: Event, delivery: Delivery) -> Result<(), HandlerError> {
///     if delivery.redelivered {
///         // The event may have been charged by the run before: look it up by its origin first.
///         println!("again: {}", event.origin());
///     }
///     Ok(())
/// }
///
/// let app = App::new(()).on(charge);
/// ```
///
/// A run that is cut off between a handler and the stored cursor delivers the event again:
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use antiphon::{App, Delivery, Event, State, journal::MemoryJournal, testing::{TestApp, script}};
///
/// type Seen = Arc<Mutex<Vec<bool>>>;
///
/// async fn note(_: Event, delivery: Delivery, State(seen): State<Seen>) {
///     seen.lock().expect("no panic").push(delivery.redelivered);
///     // The first run never comes to the end of this call.
///     if !delivery.redelivered {
///         std::future::pending::<()>().await;
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (seen, journal) = (Seen::default(), Arc::new(MemoryJournal::new()));
/// let (choir, source) = script("choir");
/// let app = App::new(Arc::clone(&seen)).source(source).on(note);
/// let app = TestApp::start(app, Arc::clone(&journal)).await;
/// choir.say("room/loft", "kyrie").await?;
/// app.until(|| !seen.lock().expect("no panic").is_empty()).await;
/// app.crash().await;
///
/// let app = TestApp::start(App::new(Arc::clone(&seen)).on(note), journal).await;
/// app.settle().await;
/// app.stop().await?;
/// assert_eq!(*seen.lock().expect("no panic"), [false, true]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// Position of the event in the journal.
    pub position: Position,
    /// Number of this call for this event and handler in this run, from 1.
    ///
    /// 1 for the first call; up to [`HandlerExt::attempts`](crate::HandlerExt::attempts).
    pub attempt: u32,
    /// Whether the event may have been handled before: by a run that was cut off, or before it became a dead letter.
    ///
    /// Its origin is the key for handlers that must not act twice.
    pub redelivered: bool,
    /// Name of the handler.
    ///
    /// The name of [`HandlerExt::named`](crate::HandlerExt::named), or the function's path.
    pub handler: Arc<str>,
    /// How long the call may take.
    pub deadline: Duration,
}

impl<S> FromContext<S> for Delivery {
    fn from_context(context: &Context<'_, S>) -> Self {
        Self {
            position: context.event.position(),
            attempt: context.attempt,
            redelivered: context.redelivered,
            handler: Arc::clone(context.handler),
            deadline: context.deadline,
        }
    }
}

impl<S> FromContext<S> for Arc<Event> {
    fn from_context(context: &Context<'_, S>) -> Self {
        Arc::clone(context.event)
    }
}

impl<S> FromContext<S> for Handle<S> {
    fn from_context(context: &Context<'_, S>) -> Self {
        context.handle.clone()
    }
}

/// Extracts the `T` that the event replaced or removed in a projection, such as the message before it was edited.
///
/// It is absent if nothing was replaced, and also when the event comes from an earlier run: the state of the
/// projection before the event is gone by then.
///
/// The values come from the projections of the app and its sources; [`projection`](crate::projection) shows one that
/// gives them. At most 8,192 of them are kept for events whose lanes are full; beyond that, such an event has none.
///
/// ```
/// # #[cfg(feature = "queup")] {
/// use antiphon::{App, Before, queup};
///
/// async fn keep(gone: queup::ChatDelete, Before(message): Before<queup::Message>) {
///     if let Some(message) = message {
///         println!("{} was deleted: {}", message.id, message.content);
///     }
/// }
///
/// let app = App::new(()).on(keep);
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Before<T>(pub Option<Arc<T>>);

impl<S, T: Send + Sync + 'static> FromContext<S> for Before<T> {
    fn from_context(context: &Context<'_, S>) -> Self {
        Self(context.before.get())
    }
}
