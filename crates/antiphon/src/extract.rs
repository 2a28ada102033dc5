//! The extractors: what a handler may ask for beside its event.

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
/// ```
/// use antiphon::{App, Event, FromRef, State};
///
/// #[derive(Clone)]
/// struct Greeting(String);
///
/// struct Bot {
///     greeting: Greeting,
/// }
///
/// impl FromRef<Bot> for Greeting {
///     fn from_ref(bot: &Bot) -> Self {
///         bot.greeting.clone()
///     }
/// }
///
/// let bot = Bot { greeting: Greeting("good evening".into()) };
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
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// Position of the event in the journal.
    pub position: Position,
    /// Number of this call for this event and handler in this run, from 1.
    pub attempt: u32,
    /// Whether the event may have been handled before: by a run that was cut off, or before it became a dead letter.
    ///
    /// Its origin is the key for handlers that must not act twice.
    pub redelivered: bool,
    /// Name of the handler.
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
