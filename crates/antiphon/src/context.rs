//! One call of a handler, as its extractors see it.
//!
//! A [`Context`] lives for the call alone and borrows everything; extractors clone what they want to keep. It is made
//! by `runner.rs` for each call of each handler, so that what an extractor does costs each call.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_core::{Before, Event};

use crate::handle::Handle;

/// One call of a handler, as extractors see it.
///
/// Extractors cannot fail and cannot wait: whatever may fail belongs in the handler, where it becomes an error of that
/// handler.
///
/// A type of your own becomes an argument of handlers by [`FromContext`]:
/// ```
/// use antiphon::{App, Context, Event, FromContext};
///
/// /// The first part of the event's place, such as `room` or `guild`.
/// struct Area(String);
///
/// impl<S> FromContext<S> for Area {
///     fn from_context(context: &Context<'_, S>) -> Self {
///         let place = context.event().place().as_str();
///         Self(place.split('/').next().unwrap_or_default().to_owned())
///     }
/// }
///
/// let app = App::new(()).on(async |event: Event, Area(area): Area| {
///     println!("{area}: {}", event.kind());
/// });
/// ```
pub struct Context<'a, S> {
    pub(crate) event: &'a Arc<Event>,
    pub(crate) state: &'a S,
    pub(crate) handle: &'a Handle<S>,
    pub(crate) before: &'a Befores,
    pub(crate) handler: &'a Arc<str>,
    pub(crate) attempt: u32,
    pub(crate) redelivered: bool,
    pub(crate) deadline: Duration,
}

impl<S> Context<'_, S> {
    /// The stored event.
    ///
    /// The event behind the payload, whatever the handler's first argument is.
    pub fn event(&self) -> &Arc<Event> {
        self.event
    }

    /// The app's state.
    ///
    /// The whole state, also the parts that [`State`](crate::State) takes out of it.
    pub fn state(&self) -> &S {
        self.state
    }
}

impl<S> fmt::Debug for Context<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("event", self.event)
            .field("handler", self.handler)
            .field("attempt", &self.attempt)
            .field("redelivered", &self.redelivered)
            .finish_non_exhaustive()
    }
}

/// An extractor: an argument of a handler, beside its event, in an app with state `S`.
///
/// See [`Context`] for an extractor of your own.
#[diagnostic::on_unimplemented(
    message = "a handler in an app with state `{S}` cannot ask for `{Self}`",
    note = "an event is the first argument; what follows are extractors",
    note = "`State<T>` needs `T: FromRef<{S}>`",
    note = "the others are `Delivery`, `Before<T>`, `Handle<S>` and `Arc<Event>`"
)]
pub trait FromContext<S>: Sized {
    /// Takes it from the call's context.
    fn from_context(context: &Context<'_, S>) -> Self;
}

/// The values that one event replaced or removed, in all projections.
///
/// Absent for nearly every event, and then without an allocation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Befores(Option<Arc<[Before]>>);

impl Befores {
    pub(crate) fn of(befores: Vec<Before>) -> Self {
        Self((!befores.is_empty()).then(|| befores.into()))
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0
            .iter()
            .flat_map(|all| all.iter())
            .find_map(Before::get)
    }
}
