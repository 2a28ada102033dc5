//! What a handler may ask for beside its event.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_core::{Event, Position};

use crate::handle::Handle;

/// One call of a handler, as extractors see it.
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
    pub fn event(&self) -> &Arc<Event> {
        self.event
    }

    /// The app's state.
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

/// An extractor: something a handler can ask for in an app with state `S`.
#[diagnostic::on_unimplemented(
    message = "a handler in an app with state `{S}` cannot ask for `{Self}`",
    note = "`State<T>` needs `T: FromRef<{S}>`",
    note = "the others are `Delivery`, `Before<T>`, `Handle<S>` and `Arc<Event>`"
)]
pub trait FromContext<S>: Sized {
    /// Takes it from the call's context.
    fn from_context(context: &Context<'_, S>) -> Self;
}

/// A part of the app's state that can be had from the whole.
///
/// Every state that is `Clone` can be had from itself.
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

/// Part of the app's state.
#[derive(Clone, Copy, Debug, Default)]
pub struct State<T>(pub T);

impl<S, T: FromRef<S>> FromContext<S> for State<T> {
    fn from_context(context: &Context<'_, S>) -> Self {
        Self(T::from_ref(context.state))
    }
}

/// How the event was delivered to this handler.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// Position of the event in the journal.
    pub position: Position,
    /// Which call this is for this event and handler in this run, from 1.
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

/// What the event replaced or removed in a projection, if that was a `T`.
///
/// It is absent if nothing was replaced, and also when the event comes from an earlier run: the picture that it
/// changed is gone by then.
#[derive(Clone, Debug, Default)]
pub struct Before<T>(pub Option<Arc<T>>);

impl<S, T: Send + Sync + 'static> FromContext<S> for Before<T> {
    fn from_context(context: &Context<'_, S>) -> Self {
        Self(context.before.get())
    }
}

/// What one event replaced or removed, in all projections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Befores(Option<Arc<[antiphon_core::Before]>>);

impl Befores {
    pub(crate) fn of(befores: Vec<antiphon_core::Before>) -> Self {
        Self((!befores.is_empty()).then(|| befores.into()))
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.0.is_none()
    }

    fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0
            .iter()
            .flat_map(|all| all.iter())
            .find_map(antiphon_core::Before::get)
    }
}
