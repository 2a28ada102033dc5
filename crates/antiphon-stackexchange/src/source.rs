//! The source to run, and the stream for those who want one platform without an app.

use std::{
    collections::{HashSet, VecDeque},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use antiphon_core::{
    BoxFuture, Event, Intake, IntakeLimits, Judge, KindInfo, Origin, Outlet, Position, Received,
    Source as _, SourceError, SourceName, Stop, Stopper,
};
use futures_core::Stream;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{client::Shared, config::Config, error, event::KINDS, session::Command, socket};

/// How many origins a stream remembers to leave out repeats.
const REMEMBERED: usize = 4096;

/// One chat account's connection: run it in an app, or take its events as a stream.
///
/// Dropped without being run, it leaves its client without a connection.
#[derive(Debug)]
pub struct Source {
    config: Config,
    shared: Arc<Shared>,
    commands: mpsc::Receiver<Command>,
}

impl Source {
    pub(crate) fn new(
        config: Config,
        shared: Arc<Shared>,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        Self {
            config,
            shared,
            commands,
        }
    }

    /// The account's events as a stream, without an app and without a journal.
    ///
    /// The stream owns the task that keeps the connection, so that a slow reader costs no heartbeat; the task ends with
    /// the stream, or when `shutdown` is cancelled.
    /// Nothing is durable here: a restart begins afresh, and what was not read is lost.
    ///
    /// The last item is an error if the source ended by itself, such as on a wrong password.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn events(self, shutdown: CancellationToken) -> Events {
        let mut outlet = Outlet::new(IntakeLimits::default());
        let mut rng = self.config.rng.clone().unwrap_or_default();
        let intake = outlet.intake(
            self.config.name.clone(),
            Vec::new(),
            self.config.clock,
            &mut rng,
        );
        outlet.seal();
        let stopper = Stopper::new();
        let stop = stopper.stop();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let run = Box::new(self).run(intake, stop);
            tokio::pin!(run);
            tokio::select! {
                ended = &mut run => return ended,
                () = shutdown.cancelled() => stopper.close(),
            }
            run.await
        });
        Events {
            outlet,
            task,
            waiting: Vec::new().into_iter(),
            position: Position::ZERO,
            known: HashSet::new(),
            order: VecDeque::new(),
            is_over: false,
        }
    }
}

impl antiphon_core::Source for Source {
    fn name(&self) -> &SourceName {
        &self.config.name
    }

    fn kinds(&self) -> &'static [KindInfo] {
        KINDS
    }

    fn judge(&self) -> Judge {
        error::is_transient
    }

    fn run(
        self: Box<Self>,
        intake: Intake,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            if let Err(error) = self.config.check() {
                let name = self.config.name.clone();
                self.shared.stopped("configuration", &error.to_string());
                return Err(SourceError::new(name, "configuration", error.to_string())
                    .hint("correct the source's configuration"));
            }
            socket::run(self.config, self.shared, self.commands, intake, stop).await
        })
    }
}

/// One account's events, in the order in which they came.
#[derive(Debug)]
pub struct Events {
    outlet: Outlet,
    task: JoinSet<Result<(), SourceError>>,
    waiting: std::vec::IntoIter<Received>,
    position: Position,
    known: HashSet<Origin>,
    order: VecDeque<Origin>,
    is_over: bool,
}

impl Events {
    /// Makes an event of what was received, unless it is a repeat or a checkpoint alone.
    fn take(&mut self, received: Received) -> Option<Event> {
        let Received { source, entry, .. } = received;
        let draft = entry.event.filter(|draft| self.is_new(&draft.origin));
        if let Some(checkpoint) = entry.checkpoint {
            // As durable as it gets here.
            self.outlet
                .stored(&source, &checkpoint.part, checkpoint.mark);
        }
        let draft = draft?;
        self.position = self.position.next();
        Some(Event::stored(self.position, source, draft))
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
