//! A source's events as a stream, for those who want one platform without an app.
//!
//! The other way to run a [`Source`]: an `Outlet` whose reader is the program itself. A checkpoint counts as stored as
//! soon as it waits for the reader, so that a source that waits for one goes on while the stream is not read.

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    Event, IntakeLimits, Origin, Outlet, Position, Projection, Received, Rng, Source, SourceError,
    Stopper, Tap,
};

/// How many origins a stream remembers to leave out repeats.
const REMEMBERED: usize = 4096;

/// One source's events, in the order in which they came, without an app and without a journal.
///
/// It owns the task that keeps the connection, so that a slow reader costs no heartbeat; the task ends with the stream,
/// or when the shutdown it was made with is cancelled.
/// Nothing is durable here: a restart begins afresh, and what was not read is lost.
///
/// The last item is an error if the source ended by itself, such as on a wrong password.
///
/// Repeats are left out as a journal would, as far as the last 4,096 origins tell. At most 1,024 entries or 16 MiB wait
/// for the reader; beyond that the source stops reading its sockets, and keeps them.
pub struct Events {
    outlet: Outlet,
    projections: Vec<Box<dyn Projection>>,
    taps: Vec<Box<dyn Tap>>,
    task: JoinSet<Result<(), SourceError>>,
    waiting: std::vec::IntoIter<Received>,
    /// Positions count from 1 within the stream, and mean nothing beyond it.
    position: Position,
    /// The origins of `order`, each once.
    known: HashSet<Origin>,
    order: VecDeque<Origin>,
    /// Whether the last item was given.
    is_over: bool,
}

impl Events {
    /// Runs a source until the stream is dropped or `shutdown` is cancelled.
    ///
    /// The source's projections and taps follow the stream as they would follow a journal.
    ///
    /// Platform crates have it as `Source::events`.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn of(mut source: impl Source, mut rng: Rng, shutdown: CancellationToken) -> Self {
        let mut outlet = Outlet::without_journal(IntakeLimits::default());
        let (name, clock) = (source.name().clone(), source.clock());
        let intake = outlet.intake(name, Vec::new(), clock, &mut rng);
        outlet.seal();
        let projections = source.projections();
        let taps = source.taps();
        let stopper = Stopper::new();
        let stop = stopper.stop();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let run = Box::new(source).run(intake, stop);
            tokio::pin!(run);
            tokio::select! {
                ended = &mut run => return ended,
                () = shutdown.cancelled() => stopper.close(),
            }
            run.await
        });
        Self {
            outlet,
            projections,
            taps,
            task,
            waiting: Vec::new().into_iter(),
            position: Position::ZERO,
            known: HashSet::new(),
            order: VecDeque::new(),
            is_over: false,
        }
    }

    /// Makes an event of what was received, unless it is a repeat or a checkpoint alone.
    fn take(&mut self, received: Received) -> Option<Event> {
        let Received { source, entry, .. } = received;
        let draft = entry.event.filter(|draft| self.is_new(&draft.origin))?;
        self.position = self.position.next();
        let event = Event::stored(self.position, source, draft);
        for projection in &mut self.projections {
            projection.apply(&event);
        }
        for tap in &mut self.taps {
            tap.see(&event);
        }
        Some(event)
    }

    fn is_new(&mut self, origin: &Origin) -> bool {
        let is_new = self.known.insert(origin.clone());
        if is_new {
            self.order.push_back(origin.clone());
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        is_new
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("position", &self.position)
            .field("is_over", &self.is_over)
            .finish_non_exhaustive()
    }
}

impl Stream for Events {
    type Item = Result<Event, SourceError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(received) = this.waiting.next() {
                if let Some(event) = this.take(received) {
                    return Poll::Ready(Some(Ok(event)));
                }
                continue;
            }
            if this.is_over {
                return Poll::Ready(None);
            }
            let mut batch = Vec::new();
            let received = {
                let receive = this.outlet.receive_many(&mut batch, 64);
                tokio::pin!(receive);
                // Safe to drop at any point, so that a future made anew at each poll loses nothing.
                receive.poll(context)
            };
            match received {
                Poll::Ready(0) => {}
                Poll::Ready(_) => {
                    this.waiting = batch.into_iter();
                    continue;
                }
                Poll::Pending => return Poll::Pending,
            }
            // The source has dropped its end, so its task is at its own.
            match this.task.poll_join_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(ended) => {
                    this.is_over = true;
                    match ended {
                        Some(Ok(Err(error))) => return Poll::Ready(Some(Err(error))),
                        Some(Err(error)) if error.is_panic() => {
                            std::panic::resume_unwind(error.into_panic())
                        }
                        _ => return Poll::Ready(None),
                    }
                }
            }
        }
    }
}
