//! The work of lanes: one event after another, each through its handlers.
//!
//! A worker drains one lane at a time: [`drain`](Runner::drain) takes an event, [`handle`](Runner::handle) finds the handlers
//! that want it, and [`call_all`](Runner::call_all) calls them in their order. Handlers that failed in a way that may
//! pass are called again after the others, with growing pauses; the lane waits for them, and no other lane does.
//!
//! Everything that user code can do is caught here: an error, a panic in a handler, a filter or a decoder, and a
//! deadline. None of them ends a lane. The worst outcome is a dead letter, with a copy of the event and the error,
//! which is on its way to the journal before the event counts as done.

use std::{
    collections::HashSet,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::{
    Backoff, BoxFuture, Clock, ConsumerName, DeadLetter, DeadLetterChange, DeadLetterId,
    DecodeError, Event, Provenance, Rng, RunId,
};
use futures_util::FutureExt;
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{Instant, sleep, timeout},
};
use tracing::{Instrument as _, debug, error, trace, trace_span, warn};

use crate::{
    context::{Befores, Context},
    handle::Handle,
    handler::{HandlerError, HandlerFuture},
    ingest::Write,
    lanes::{LaneId, Taken},
    metric::Counters,
    record::TIMED,
    rules::Rules,
    share::Share,
    table::{AnyPayload, Chosen, Plan},
    workers::Workers,
};

/// Starts without an end after which an event is given up.
///
/// For events whose handling ends the process: the start of an event that may have been handled before is stored, and
/// counted at the next start.
const CRASHES: u32 = 3;
/// Upper end of the first pause before a failed call is made again.
///
/// Each pause is random up to its end, which doubles.
const RETRY_BASE: Duration = Duration::from_secs(1);
/// Longest pause before a failed call is made again.
const RETRY_CAP: Duration = Duration::from_secs(30);
/// How long the error hook may take.
const HOOK_DEADLINE: Duration = Duration::from_secs(60);

/// An item of a lane.
pub(crate) enum Work<S> {
    /// An event with the handlers it had when the head read it.
    Event {
        event: Arc<Event>,
        plan: Arc<Plan<S>>,
        before: Befores,
    },
    /// A dead letter to be handled again.
    Letter {
        letter: Box<DeadLetter>,
        plan: Arc<Plan<S>>,
    },
}

/// A failed call of a handler, for [`App::on_error`](crate::App::on_error).
///
/// ```
/// use antiphon::{App, Event, HandlerError, HandlerExt, Position};
/// use antiphon::{DeadLetterId, journal::{Journal, MemoryJournal}, testing};
/// use std::sync::Arc;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// async fn sing(_: Event) -> Result<(), HandlerError> {
///     Err(HandlerError::message("the score is missing"))
/// }
///
/// let (script, source) = testing::script("stage");
/// let app = App::new(())
///     .source(source)
///     .on(sing.named("sing"))
///     .on_error(|failure| async move { eprintln!("{}: {}", failure.handler, failure.error) });
/// let journal = Arc::new(MemoryJournal::new());
/// let app = testing::TestApp::start(app, Arc::clone(&journal)).await;
/// script.say("room/loft", "now").await?;
/// app.settle().await;
///
/// // The error is permanent, so the event is a dead letter by now.
/// let letters = journal.dead_letters(DeadLetterId(0), 10).await?;
/// assert_eq!((&*letters[0].handler, &*letters[0].error), ("sing", "the score is missing"));
/// app.stop().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The event.
    pub event: Arc<Event>,
    /// Name of the handler; the names of all handlers of the payload, if the body did not decode.
    pub handler: Arc<str>,
    /// The error.
    pub error: Arc<HandlerError>,
    /// Number of the call, from 1.
    pub attempt: u32,
    /// Whether it was the last call: the event is a dead letter now.
    pub is_final: bool,
}

/// A hook for failures.
pub(crate) type Hook = Arc<dyn Fn(Failure) -> BoxFuture<'static, ()> + Send + Sync>;

/// The state that all workers share, behind an `Arc`.
pub(crate) struct Runner<S> {
    pub(crate) lanes: Arc<Mutex<Share<Work<S>>>>,
    /// Whether the lanes are those of partitions.
    pub(crate) is_split: bool,
    pub(crate) workers: Workers,
    pub(crate) state: Arc<S>,
    pub(crate) handle: Handle<S>,
    pub(crate) writes: mpsc::Sender<Write>,
    /// Until when no other process can have the consumer; absent where none ever can.
    pub(crate) held_until: Option<watch::Receiver<Instant>>,
    /// Number of changes in the cursor that was saved last.
    pub(crate) saved: watch::Receiver<u64>,
    /// Whether the committer knows that the cursor changed.
    pub(crate) dirty: Arc<AtomicBool>,
    pub(crate) changed: Arc<Notify>,
    /// Notified when there is room for parked lanes.
    pub(crate) room: Notify,
    /// Notified when a partition has come.
    pub(crate) came: Notify,
    pub(crate) rules: Arc<Rules>,
    pub(crate) hook: Option<Hook>,
    pub(crate) counters: Counters,
    pub(crate) consumer: ConsumerName,
    pub(crate) clock: Clock,
    pub(crate) rng: Mutex<Rng>,
    /// Dead letters that wait in lanes or are being handled.
    pub(crate) letters: Mutex<HashSet<DeadLetterId>>,
}

/// Buffers that a worker uses for each event.
///
/// They keep their capacity from event to event, so that a worker allocates for its handlers' futures alone.
#[derive(Default)]
struct Scratch {
    chosen: Vec<Chosen>,
    undecodable: Vec<(u32, DecodeError)>,
    payloads: Vec<Option<AnyPayload>>,
    again: Vec<Chosen>,
}

impl Scratch {
    /// Whether no handler is left for the event.
    fn is_empty(&self) -> bool {
        self.chosen.is_empty() && self.undecodable.is_empty()
    }
}

/// A dead letter that is being handled; another replay of it may come once this is dropped.
struct HandledLetter<'a>(&'a Mutex<HashSet<DeadLetterId>>, DeadLetterId);

impl Drop for HandledLetter<'_> {
    fn drop(&mut self) {
        let mut letters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        letters.remove(&self.1);
    }
}

/// One event on its way through its handlers.
struct Passage<'a, S> {
    event: &'a Arc<Event>,
    plan: &'a Plan<S>,
    before: &'a Befores,
    redelivered: bool,
}

/// The outcome of one call.
///
/// `Again` only while attempts are left.
enum Called {
    Done,
    Again,
    Buried,
}

impl<S: Send + Sync + 'static> Runner<S> {
    pub(crate) fn lanes(&self) -> MutexGuard<'_, Share<Work<S>>> {
        // The lanes' code does not panic half-way through a change.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The dead letters that wait in lanes or are being handled.
    pub(crate) fn letters(&self) -> MutexGuard<'_, HashSet<DeadLetterId>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notifies the committer of a changed cursor, once until it looks.
    pub(crate) fn touch(&self) {
        if !self.dirty.load(Ordering::Relaxed) && !self.dirty.swap(true, Ordering::AcqRel) {
            self.changed.notify_one();
        }
    }

    /// Takes one ready lane after another, until no more workers are needed.
    pub(crate) async fn work(self: Arc<Self>) {
        self.workers.begun();
        let mut scratch = Scratch::default();
        while let Some(lane) = self.workers.next().await {
            let span = trace_span!("lane", number = ?lane);
            if !self.is_split {
                self.drain(lane, &mut scratch).instrument(span).await;
                continue;
            }
            let Some(stay) = self.lanes().enter(lane) else {
                continue;
            };
            let is_cut_off = tokio::select! {
                biased;
                () = stay.cut_off() => true,
                () = self.drain(lane, &mut scratch).instrument(span) => false,
            };
            if is_cut_off {
                scratch = Scratch::default();
            }
        }
    }

    /// Drains a lane.
    async fn drain(&self, lane: LaneId, scratch: &mut Scratch) {
        loop {
            if self.held_until.is_some() && !self.hold_on(lane).await {
                return;
            }
            let step = self.lanes().next(lane);
            self.touch();
            if step.room {
                self.room.notify_one();
            }
            let Some(taken) = step.taken else { return };
            if let Some(change) = taken.cautious
                && !self.settle(change).await
            {
                return;
            }
            if self.handle(taken, scratch).await {
                // The lane stays with this worker until the end is stored.
                let change = self.lanes().end(lane);
                if !self.settle(change).await {
                    return;
                }
            }
            tokio::task::consume_budget().await;
        }
    }

    /// Waits while another process may have the consumer; false if this one never has it again.
    async fn hold_on(&self, lane: LaneId) -> bool {
        let Some(held_until) = &self.held_until else {
            return true;
        };
        if Instant::now() < *held_until.borrow() {
            return true;
        }
        self.lanes().end(lane);
        self.touch();
        let mut held_until = held_until.clone();
        let held = held_until.wait_for(|until| Instant::now() < *until).await;
        held.is_ok()
    }

    /// Waits until a cursor with this change is stored; false if none will be.
    async fn settle(&self, change: u64) -> bool {
        if self.writes.send(Write::Cursor).await.is_err() {
            return false;
        }
        let mut saved = self.saved.clone();
        saved.wait_for(|saved| *saved >= change).await.is_ok()
    }

    /// Handles an event; returns whether one of its handlers wants the end of it stored at once.
    async fn handle(&self, taken: Taken<Work<S>>, scratch: &mut Scratch) -> bool {
        let mut saves = false;
        let Taken {
            item,
            starts,
            redelivered,
            ..
        } = taken;
        match item {
            Work::Letter { letter, plan } => {
                let _handled = HandledLetter(&self.letters, letter.id);
                self.handle_letter(*letter, &plan, scratch).await;
            }
            Work::Event { event, .. } if starts >= CRASHES => {
                error!(
                    position = %event.position(),
                    kind = %event.kind(),
                    starts,
                    "an event was started again and again without an end, and is given up"
                );
                let why = format!("handling was started {starts} times and never ended");
                self.bury(&event, "", why, starts).await;
            }
            Work::Event {
                event,
                plan,
                before,
            } => {
                plan.choose(&event, &mut scratch.chosen, &mut scratch.undecodable);
                if scratch.is_empty() {
                    self.unhandled(&event, "none of its handlers wants it");
                    return false;
                }
                self.leave_out_late(&event, &plan, redelivered, scratch);
                if scratch.is_empty() {
                    return false;
                }
                let mut chosen = scratch.chosen.iter();
                saves = chosen.any(|one| plan.group(one.group).entry(one.handler).saves);
                let passage = Passage {
                    event: &event,
                    plan: &plan,
                    before: &before,
                    redelivered,
                };
                self.call_all(&passage, scratch).await;
                // A look at the clock costs as much as a good part of the way here.
                if event.position().get() % TIMED == 0 && event.provenance() == Provenance::Live {
                    let taken = self.clock.now().duration_since(event.received_at());
                    self.counters.handled_after.record(taken.as_secs_f64());
                }
            }
        }
        self.counters.handled.increment(1);
        saves
    }

    /// Leaves out the typed handlers of an event that came too late for them to act on it.
    ///
    /// Raw handlers act on nothing, and have the event all the same.
    fn leave_out_late(
        &self,
        event: &Event,
        plan: &Plan<S>,
        redelivered: bool,
        scratch: &mut Scratch,
    ) {
        let Some(expiry) = self.rules.expiry(event.source()) else {
            return;
        };
        if !(expiry.event)(event, self.clock.now(), redelivered) {
            return;
        }
        let before = scratch.chosen.len() + scratch.undecodable.len();
        scratch.chosen.retain(|one| plan.is_raw(one.group));
        scratch.undecodable.retain(|(group, _)| plan.is_raw(*group));
        if scratch.chosen.len() + scratch.undecodable.len() < before {
            self.late(event, "its handlers are skipped");
        }
    }

    /// Whether a handler's error says that it came too late for the event.
    fn came_too_late(&self, event: &Event, error: &HandlerError) -> bool {
        let expiry = self.rules.expiry(event.source());
        expiry.is_some_and(|expiry| error.chain().any(|error| (expiry.error)(event, error)))
    }

    /// Counts and logs an event that came too late.
    fn late(&self, event: &Event, outcome: &str) {
        self.counters.late.increment(1);
        warn!(
            position = %event.position(),
            kind = %event.kind(),
            origin = %event.origin(),
            outcome,
            "an event came too late to be acted on"
        );
    }

    /// Counts and traces an event that ends without a call.
    pub(crate) fn unhandled(&self, event: &Event, reason: &str) {
        self.counters.unhandled.increment(1);
        trace!(
            position = %event.position(),
            kind = %event.kind(),
            place = %event.place(),
            origin = %event.origin(),
            reason,
            "not handled"
        );
    }

    /// Handles a dead letter again: by the handlers that it names, or by all if it names none.
    ///
    /// The letter goes once its handlers have succeeded. If they fail again, a letter under the same name takes its
    /// place.
    async fn handle_letter(&self, letter: DeadLetter, plan: &Plan<S>, scratch: &mut Scratch) {
        // The request is removed before the handler begins: a letter that ends the process is not handled again until
        // the next request.
        let begun = DeadLetter {
            replay: false,
            ..letter.clone()
        };
        self.write(DeadLetterChange::Bury(Box::new(begun))).await;
        let change = self.lanes().changes();
        if !self.settle(change).await {
            return;
        }
        let DeadLetter {
            id, handler, event, ..
        } = letter;
        let event = Arc::new(event);
        plan.choose(&event, &mut scratch.chosen, &mut scratch.undecodable);
        let named = |name: &str| {
            handler.is_empty() || name == handler || handler.split(", ").any(|one| one == name)
        };
        scratch
            .chosen
            .retain(|one| named(&plan.group(one.group).entry(one.handler).name));
        scratch.undecodable.retain(|(group, _)| {
            let entries = plan.group(*group).entries();
            entries.iter().any(|entry| named(&entry.name))
        });
        if scratch.is_empty() {
            warn!(letter = %id, handler, "a dead letter names a handler that does not want it; it stays");
            return;
        }
        self.leave_out_late(&event, plan, true, scratch);
        if scratch.is_empty() {
            // No later replay could succeed.
            self.write(DeadLetterChange::Drop(id)).await;
            return;
        }
        let passage = Passage {
            event: &event,
            plan,
            before: &Befores::default(),
            redelivered: true,
        };
        let failed = self.call_all(&passage, scratch).await;
        // A failure under the same name has replaced the letter; any other has left letters of its own.
        if !failed.iter().any(|name| **name == *handler) {
            self.write(DeadLetterChange::Drop(id)).await;
        }
    }

    /// Calls the chosen handlers in order, and those that failed transiently again after the others.
    ///
    /// It returns the names under which dead letters were left.
    async fn call_all(&self, passage: &Passage<'_, S>, scratch: &mut Scratch) -> Vec<Arc<str>> {
        let Scratch {
            chosen,
            undecodable,
            payloads,
            again,
        } = scratch;
        payloads.clear();
        payloads.resize(passage.plan.groups(), None);
        again.clear();
        let mut failed = Vec::new();
        let mut attempt = 1;
        let mut backoff: Option<Backoff> = None;
        loop {
            let run = RunId::unique();
            for number in 0..chosen.len() {
                let one = chosen[number];
                if undecodable.iter().any(|(group, _)| *group == one.group) {
                    continue;
                }
                let slot = &mut payloads[one.group as usize];
                let payload = match slot.take() {
                    Some(payload) => payload,
                    None => match decode(passage, one.group) {
                        Ok(payload) => payload,
                        Err(error) => {
                            undecodable.push((one.group, error));
                            continue;
                        }
                    },
                };
                // The last handler gets the payload itself, which saves a clone.
                if chosen[number + 1..]
                    .iter()
                    .any(|later| later.group == one.group)
                {
                    *slot = Some(Arc::clone(&payload));
                }
                match run.scope(self.call(passage, one, payload, attempt)).await {
                    Called::Done => {}
                    Called::Again => again.push(one),
                    Called::Buried => {
                        let entry = passage.plan.group(one.group).entry(one.handler);
                        failed.push(Arc::clone(&entry.name));
                    }
                }
            }
            if again.is_empty() {
                break;
            }
            let backoff = backoff.get_or_insert_with(|| self.backoff());
            sleep(backoff.next(Instant::now())).await;
            attempt += 1;
            std::mem::swap(chosen, again);
            again.clear();
        }
        for (group, error) in undecodable.drain(..) {
            failed.push(self.bury_undecodable(passage, group, error).await);
        }
        failed
    }

    async fn call(
        &self,
        passage: &Passage<'_, S>,
        one: Chosen,
        payload: AnyPayload,
        attempt: u32,
    ) -> Called {
        let group = passage.plan.group(one.group);
        let entry = group.entry(one.handler);
        let context = Context {
            event: passage.event,
            state: &*self.state,
            handle: &self.handle,
            before: passage.before,
            handler: &entry.name,
            attempt,
            redelivered: passage.redelivered,
            deadline: entry.deadline,
        };
        let begun = catch_unwind(AssertUnwindSafe(|| {
            assert!(!one.filter_panicked, "its filter panicked");
            group.call(one.handler, payload, &context)
        }));
        let result = match begun {
            Ok(future) => finish(future, entry.deadline).await,
            Err(panic) => Err(panicked(&*panic)),
        };
        let Err(error) = result else {
            return Called::Done;
        };
        if self.came_too_late(passage.event, &error) {
            self.late(passage.event, "its handler gave up");
            debug!(handler = &*entry.name, %error, "a handler came too late");
            return Called::Done;
        }
        self.counters.failures.increment(1);
        let is_final = attempt >= entry.attempts || !self.is_transient(&error);
        self.report(passage.event, &entry.name, error, attempt, is_final)
            .await;
        if is_final {
            Called::Buried
        } else {
            Called::Again
        }
    }

    /// Whether the same call could succeed later, by the handler's word or the judgement of the error's platform.
    fn is_transient(&self, error: &HandlerError) -> bool {
        error.is_retry()
            || error
                .chain()
                .find_map(|error| self.rules.judge(error))
                .unwrap_or(false)
    }

    /// The letter names all handlers of the payload, joined by `, `, and a replay calls them all.
    async fn bury_undecodable(
        &self,
        passage: &Passage<'_, S>,
        group: u32,
        error: DecodeError,
    ) -> Arc<str> {
        let entries = passage.plan.group(group).entries();
        let names: Vec<&str> = entries.iter().map(|entry| &*entry.name).collect();
        let names: Arc<str> = names.join(", ").into();
        self.counters.failures.increment(1);
        self.report(passage.event, &names, error.into(), 1, true)
            .await;
        names
    }

    /// Logs a failure, calls the hook, and makes the event a dead letter if the call was the last.
    async fn report(
        &self,
        event: &Arc<Event>,
        handler: &Arc<str>,
        error: HandlerError,
        attempt: u32,
        is_final: bool,
    ) {
        let position = event.position();
        if is_final {
            error!(%position, kind = %event.kind(), %handler, attempt, %error, "a handler failed; the event is a dead letter");
        } else {
            warn!(%position, kind = %event.kind(), %handler, attempt, %error, "a handler failed and is tried again");
        }
        let error = Arc::new(error);
        if let Some(hook) = &self.hook {
            let failure = Failure {
                event: Arc::clone(event),
                handler: Arc::clone(handler),
                error: Arc::clone(&error),
                attempt,
                is_final,
            };
            let hooked = AssertUnwindSafe(async { hook(failure).await }).catch_unwind();
            match timeout(HOOK_DEADLINE, hooked).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => error!("the error hook panicked"),
                Err(_) => error!("the error hook took too long and was cancelled"),
            }
        }
        if is_final {
            self.bury(event, handler, error.to_string(), attempt).await;
        }
    }

    async fn bury(&self, event: &Event, handler: &str, error: String, attempts: u32) {
        self.counters.dead.increment(1);
        let letter = DeadLetter {
            id: DeadLetterId(0),
            consumer: self.consumer.clone(),
            handler: handler.to_owned(),
            event: event.clone(),
            error,
            attempts,
            at: self.clock.now(),
            replay: false,
        };
        self.write(DeadLetterChange::Bury(Box::new(letter))).await;
    }

    async fn write(&self, change: DeadLetterChange) {
        if self.writes.send(Write::Dead(change)).await.is_err() {
            debug!("a change to the dead letters came after the journal's end");
            // Without a dead letter the event must not count as done: it stays open for the next run.
            std::future::pending::<()>().await;
        }
    }

    fn backoff(&self) -> Backoff {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        Backoff::new(Rng::with_seed(rng.u64(..)))
            .base(RETRY_BASE)
            .cap(RETRY_CAP)
    }
}

fn decode<S: 'static>(passage: &Passage<'_, S>, group: u32) -> Result<AnyPayload, DecodeError> {
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        passage.plan.group(group).decode(passage.event)
    }));
    decoded.unwrap_or_else(|_| Err(passage.event.undecodable::<S>("its decoder panicked")))
}

/// Runs a handler's future to its end, to a panic, or to its deadline.
///
/// The first poll is made without a timer.
async fn finish(future: HandlerFuture, deadline: Duration) -> Result<(), HandlerError> {
    let mut future = Guarded(future);
    // Most handlers end at once, and need no timer.
    if let std::task::Poll::Ready(result) = futures_util::poll!(&mut future) {
        return result;
    }
    timeout(deadline, future).await.unwrap_or_else(|_| {
        Err(HandlerError::message(format!(
            "it did not end within its deadline of {} s",
            deadline.as_secs_f64()
        )))
    })
}

/// A handler's future whose panic is an error.
///
/// The future is not polled again after a panic.
struct Guarded(HandlerFuture);

impl Future for Guarded {
    type Output = Result<(), HandlerError>;

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        let future = self.0.as_mut();
        catch_unwind(AssertUnwindSafe(|| future.poll(context)))
            .unwrap_or_else(|panic| std::task::Poll::Ready(Err(panicked(&*panic))))
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> HandlerError {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    HandlerError::message(match said {
        Some(said) => format!("it panicked: {said}"),
        None => "it panicked".to_owned(),
    })
}
