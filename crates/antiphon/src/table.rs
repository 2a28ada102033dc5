//! The table of handlers, by kind.
//!
//! A table is never changed, only replaced by a changed copy, so that an event keeps the handlers that it had when the
//! head read it.
//!
//! Types end here: handlers are filed by the type of their payload ([`Group`], [`Typed`]), so that one decoded payload
//! serves all of them, and a [`Plan`] lists the groups that a kind has. A plan is made once for a kind and version of
//! the table.
//!
//! Within an event, raw handlers come first, then all others in the order in which they were added, whatever their
//! payloads.

use std::{
    any::{Any, TypeId, type_name},
    collections::HashSet,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::{DecodeError, Event, Kind, KindPattern, Payload, Position};
use tracing::trace;

use crate::{
    context::Context,
    handler::{Handler, HandlerFuture, Options},
};

/// Number of a handler's registration, to remove it by; see [`Handle::remove`](crate::Handle::remove).
///
/// Ids are never used again within an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HandlerId(pub(crate) u64);

/// A decoded payload whose type is known to its group only.
pub(crate) type AnyPayload = Arc<dyn Any + Send + Sync>;

/// A handler's name and options, without its types.
///
/// `since` keeps a handler that was added while the app runs from events that were stored before, also when they are
/// read later.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: HandlerId,
    pub(crate) name: Arc<str>,
    pub(crate) attempts: u32,
    pub(crate) deadline: Duration,
    /// Whether the cursor is stored after each event.
    pub(crate) saves: bool,
    filtered: bool,
    /// Whether it takes only events that no other typed handler takes.
    fallback: bool,
    /// The handler takes only events after this position.
    since: Position,
    removed: AtomicBool,
}

impl Entry {
    pub(crate) fn new(id: HandlerId, name: Arc<str>, options: &Options, since: Position) -> Self {
        Self {
            id,
            name,
            attempts: options.attempts,
            deadline: options.deadline,
            saves: options.saves,
            filtered: options.filtered,
            fallback: options.fallback,
            since,
            removed: AtomicBool::new(false),
        }
    }

    fn takes(&self, event: &Event) -> bool {
        let reason = if event.position() <= self.since {
            "it was added later"
        } else if self.removed.load(Ordering::Relaxed) {
            "it was removed"
        } else {
            return true;
        };
        trace!(position = %event.position(), handler = &*self.name, reason, "the handler is passed over");
        false
    }
}

/// A handler whose own type and marker are erased.
trait Call<P: Payload, S>: Send + Sync {
    fn passes(&self, view: &P::View<'_>) -> bool;
    fn call(&self, payload: Arc<P>, context: &Context<'_, S>) -> HandlerFuture;
}

struct Erased<H, M>(H, PhantomData<fn(M)>);

impl<H, M, S> Call<H::Payload, S> for Erased<H, M>
where
    H: Handler<M, S>,
    M: 'static,
{
    fn passes(&self, view: &<H::Payload as Payload>::View<'_>) -> bool {
        self.0.passes(view)
    }

    fn call(&self, payload: Arc<H::Payload>, context: &Context<'_, S>) -> HandlerFuture {
        self.0.call(payload, context)
    }
}

/// One registered handler of payload `P`.
pub(crate) struct Registered<P: Payload, S> {
    entry: Arc<Entry>,
    handler: Arc<dyn Call<P, S>>,
}

impl<P: Payload, S> Clone for Registered<P, S> {
    fn clone(&self) -> Self {
        Self {
            entry: Arc::clone(&self.entry),
            handler: Arc::clone(&self.handler),
        }
    }
}

impl<P: Payload, S: 'static> Registered<P, S> {
    pub(crate) fn new<M: 'static, H: Handler<M, S, Payload = P>>(entry: Entry, handler: H) -> Self {
        Self {
            entry: Arc::new(entry),
            handler: Arc::new(Erased(handler, PhantomData)),
        }
    }

    /// Whether the view passes the filter; an error if the filter panics, which the call then fails with.
    fn passes(&self, view: &P::View<'_>) -> Result<bool, ()> {
        if !self.entry.filtered {
            return Ok(true);
        }
        catch_unwind(AssertUnwindSafe(|| self.handler.passes(view))).map_err(drop)
    }
}

/// A handler chosen for an event.
///
/// An index pair into the plan, so that choosing copies nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chosen {
    pub(crate) id: HandlerId,
    pub(crate) group: u32,
    pub(crate) handler: u32,
    /// Whether its filter panicked.
    pub(crate) filter_panicked: bool,
}

/// All handlers of one payload type that an event's kind has.
///
/// # Errors
/// [`DecodeError`] from `choose` for a view, and from `decode` for the payload: both make a dead letter of the group's
/// handlers.
pub(crate) trait Group<S>: Any + Send + Sync {
    /// Appends the handlers that take the event to `chosen`.
    fn choose(
        &self,
        event: &Event,
        group: u32,
        chosen: &mut Vec<Chosen>,
    ) -> Result<(), DecodeError>;
    fn decode(&self, event: &Arc<Event>) -> Result<AnyPayload, DecodeError>;
    fn entry(&self, handler: u32) -> &Arc<Entry>;
    fn entries(&self) -> Vec<Arc<Entry>>;
    fn call(&self, handler: u32, payload: AnyPayload, context: &Context<'_, S>) -> HandlerFuture;
    /// The group without that handler; `None` if the handler is in another.
    fn without(&self, id: HandlerId) -> Option<Arc<dyn Group<S>>>;
}

struct Typed<P: Payload, S> {
    handlers: Vec<Registered<P, S>>,
    filtered: bool,
}

impl<P: Payload, S: 'static> Typed<P, S> {
    fn new(handlers: Vec<Registered<P, S>>) -> Self {
        Self {
            filtered: handlers.iter().any(|one| one.entry.filtered),
            handlers,
        }
    }
}

impl<P: Payload, S: 'static> Group<S> for Typed<P, S> {
    fn choose(
        &self,
        event: &Event,
        group: u32,
        chosen: &mut Vec<Chosen>,
    ) -> Result<(), DecodeError> {
        if !P::concerns(event) {
            trace!(position = %event.position(), payload = type_name::<P>(), "the payload does not concern it");
            return Ok(());
        }
        let mut choose = |number: usize, entry: &Entry, filter_panicked: bool| {
            chosen.push(Chosen {
                id: entry.id,
                group,
                handler: u32::try_from(number).unwrap_or(u32::MAX),
                filter_panicked,
            });
        };
        let mut view = None;
        for (number, one) in self.handlers.iter().enumerate() {
            if !one.entry.takes(event) {
                continue;
            }
            if !self.filtered {
                choose(number, &one.entry, false);
                continue;
            }
            let view = match &mut view {
                Some(view) => view,
                none => none.insert(P::view(event)?),
            };
            match one.passes(view) {
                Ok(true) => choose(number, &one.entry, false),
                Ok(false) => {
                    let handler = &*one.entry.name;
                    trace!(position = %event.position(), handler, "the filter said no");
                }
                Err(()) => choose(number, &one.entry, true),
            }
        }
        Ok(())
    }

    fn decode(&self, event: &Arc<Event>) -> Result<AnyPayload, DecodeError> {
        if TypeId::of::<P>() == TypeId::of::<Event>() {
            return Ok(Arc::clone(event) as AnyPayload);
        }
        P::decode(event).map(|payload| Arc::new(payload) as AnyPayload)
    }

    fn entry(&self, handler: u32) -> &Arc<Entry> {
        &self.handlers[handler as usize].entry
    }

    fn entries(&self) -> Vec<Arc<Entry>> {
        let entries = self.handlers.iter().map(|one| Arc::clone(&one.entry));
        entries.collect()
    }

    fn call(&self, handler: u32, payload: AnyPayload, context: &Context<'_, S>) -> HandlerFuture {
        let payload = payload
            .downcast::<P>()
            .expect("a group is called with what it decoded");
        self.handlers[handler as usize]
            .handler
            .call(payload, context)
    }

    fn without(&self, id: HandlerId) -> Option<Arc<dyn Group<S>>> {
        let found = self.handlers.iter().find(|one| one.entry.id == id)?;
        found.entry.removed.store(true, Ordering::Relaxed);
        let rest = self.handlers.iter().filter(|one| one.entry.id != id);
        Some(Arc::new(Self::new(rest.cloned().collect())))
    }
}

/// The kinds that a raw handler takes.
///
/// A handler whose payload is the stored event and that was added by `on` wants the pattern `*`.
#[derive(Clone, Debug)]
pub(crate) enum Wants {
    /// Kinds that fit a pattern.
    Pattern(KindPattern),
    /// A platform's kinds that have no type.
    Unknown(Box<str>),
}

impl Wants {
    fn matches(&self, kind: &Kind, known: &HashSet<&'static str>) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.matches(kind.as_str()),
            Self::Unknown(platform) => {
                kind.platform() == &**platform && !known.contains(kind.as_str())
            }
        }
    }
}

/// The handlers of one kind, raw ones first.
///
/// Empty for a kind that nobody handles: such events pass the head without a lane.
pub(crate) struct Plan<S> {
    groups: Vec<Arc<dyn Group<S>>>,
    /// Whether `groups[0]` is the raw handlers.
    raw: bool,
    /// Whether a handler takes only what the others leave.
    fallback: bool,
}

impl<S: 'static> Plan<S> {
    /// Whether no handler takes events of this kind.
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Whether a group is that of the raw handlers.
    pub(crate) fn is_raw(&self, number: u32) -> bool {
        self.raw && number == 0
    }

    pub(crate) fn group(&self, number: u32) -> &dyn Group<S> {
        &*self.groups[number as usize]
    }

    pub(crate) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Chooses the handlers that take the event, in the order they run.
    ///
    /// Groups whose view does not decode are left out, and added to `undecodable`.
    pub(crate) fn choose(
        &self,
        event: &Event,
        chosen: &mut Vec<Chosen>,
        undecodable: &mut Vec<(u32, DecodeError)>,
    ) {
        chosen.clear();
        for (number, group) in (0_u32..).zip(&self.groups) {
            let looked = catch_unwind(AssertUnwindSafe(|| group.choose(event, number, chosen)));
            match looked {
                Ok(Ok(())) => {}
                Ok(Err(error)) => undecodable.push((number, error)),
                Err(_) => {
                    undecodable.push((number, event.undecodable::<S>("its decoder panicked")));
                }
            }
        }
        if self.fallback {
            self.leave_to_others(event, chosen, undecodable);
        }
        let typed = self.groups.len() - usize::from(self.raw);
        if typed > 1 {
            let raw = chosen
                .iter()
                .take_while(|one| self.raw && one.group == 0)
                .count();
            chosen[raw..].sort_by_key(|one| one.id);
        }
    }
}

impl<S: 'static> Plan<S> {
    /// Takes the fallbacks out if another typed handler takes the event, or would if it could be read.
    fn leave_to_others(
        &self,
        event: &Event,
        chosen: &mut Vec<Chosen>,
        undecodable: &[(u32, DecodeError)],
    ) {
        let is_raw = |group: u32| self.raw && group == 0;
        let entry = |one: &Chosen| self.group(one.group).entry(one.handler);
        let taken = chosen
            .iter()
            .find(|one| !is_raw(one.group) && !entry(one).fallback);
        let (taken_by, reason) = match taken {
            Some(one) => (&*entry(one).name, "another handler takes the event"),
            None if undecodable.iter().any(|(group, _)| !is_raw(*group)) => {
                ("", "another handler could not read the event")
            }
            None => return,
        };
        chosen.retain(|one| {
            let entry = entry(one);
            if entry.fallback {
                trace!(position = %event.position(), handler = &*entry.name, taken_by, reason, "the handler is passed over");
            }
            !entry.fallback
        });
    }
}

/// A group under its payload's type and kinds.
type Filed<S> = (TypeId, &'static [&'static str], Arc<dyn Group<S>>);

/// All handlers of an app.
pub(crate) struct Table<S> {
    raw: Vec<(Wants, Registered<Event, S>)>,
    typed: Vec<Filed<S>>,
    known: Arc<HashSet<&'static str>>,
}

impl<S> Clone for Table<S> {
    fn clone(&self) -> Self {
        let raw = self.raw.iter();
        let typed = self.typed.iter();
        Self {
            raw: raw
                .map(|(wants, one)| (wants.clone(), one.clone()))
                .collect(),
            typed: typed
                .map(|(payload, kinds, group)| (*payload, *kinds, Arc::clone(group)))
                .collect(),
            known: Arc::clone(&self.known),
        }
    }
}

impl<S: Send + Sync + 'static> Table<S> {
    pub(crate) fn new() -> Self {
        Self {
            raw: Vec::new(),
            typed: Vec::new(),
            known: Arc::default(),
        }
    }

    /// Adds kinds that have a type.
    pub(crate) fn know(&mut self, kinds: impl IntoIterator<Item = &'static str>) {
        Arc::make_mut(&mut self.known).extend(kinds);
    }

    pub(crate) fn add_raw(&mut self, wants: Wants, handler: Registered<Event, S>) {
        self.raw.push((wants, handler));
    }

    pub(crate) fn add<P: Payload>(&mut self, handler: Registered<P, S>) {
        let payload = TypeId::of::<P>();
        let existing = self.typed.iter_mut().find(|(known, ..)| *known == payload);
        let Some((_, _, group)) = existing else {
            let group = Arc::new(Typed::new(vec![handler]));
            self.typed.push((payload, P::KINDS, group));
            return;
        };
        let earlier: &dyn Any = &**group;
        let earlier = earlier
            .downcast_ref::<Typed<P, S>>()
            .expect("groups are filed under their payload's type");
        let mut handlers = earlier.handlers.clone();
        handlers.push(handler);
        *group = Arc::new(Typed::new(handlers));
    }

    /// Removes a handler; returns whether it was there.
    pub(crate) fn remove(&mut self, id: HandlerId) -> bool {
        if let Some(number) = self.raw.iter().position(|(_, one)| one.entry.id == id) {
            let (_, removed) = self.raw.remove(number);
            removed.entry.removed.store(true, Ordering::Relaxed);
            return true;
        }
        for (_, _, group) in &mut self.typed {
            if let Some(rest) = group.without(id) {
                *group = rest;
                self.typed
                    .retain(|(_, _, group)| !group.entries().is_empty());
                return true;
            }
        }
        false
    }

    /// The names of all handlers.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        let raw = self.raw.iter().map(|(_, one)| Arc::clone(&one.entry.name));
        let typed = self.typed.iter().flat_map(|(_, _, group)| group.entries());
        raw.chain(typed.map(|entry| Arc::clone(&entry.name)))
            .collect()
    }

    /// The handlers of one kind.
    pub(crate) fn plan(&self, kind: &Kind) -> Plan<S> {
        let raw = self.raw.iter();
        let raw: Vec<_> = raw
            .filter(|(wants, _)| wants.matches(kind, &self.known))
            .map(|(_, handler)| handler.clone())
            .collect();
        let mut groups: Vec<Arc<dyn Group<S>>> = Vec::new();
        let has_raw = !raw.is_empty();
        if has_raw {
            groups.push(Arc::new(Typed::new(raw)));
        }
        let typed = self.typed.iter();
        let typed = typed.filter(|(_, kinds, _)| kinds.contains(&kind.as_str()));
        groups.extend(typed.map(|(_, _, group)| Arc::clone(group)));
        let entries = groups.iter().flat_map(|group| group.entries());
        let fallback = entries.into_iter().any(|entry| entry.fallback);
        Plan {
            groups,
            raw: has_raw,
            fallback,
        }
    }
}
