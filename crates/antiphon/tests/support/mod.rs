//! Helpers of the app's tests: a payload, a log that handlers write to, a source that runs a function, and a journal
//! with faults.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unused_async,
    clippy::unwrap_used,
    reason = "each test file uses a part of it, a handler is async, and a test may unwrap"
)]

use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon::{
    AppendError, BoxFuture, Checkpoint, ConsumerName, DeadLetter, DeadLetterId, DecodeError, Event,
    HandlerError, Intake, Judge, KindInfo, Payload, Position, ReadError, Source, SourceError,
    SourceName, State, Stop,
    journal::{Batch, Cursor, Journal, MemoryJournal, Retention, Sweep, Trouble},
    projection::Saved,
    testing::SAID,
};
use antiphon_core::{Appended, Claim, ClaimError};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::{Notify, watch};

/// The payload of a script's `say`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Said {
    pub message: String,
}

/// The same, borrowed.
#[derive(Debug, Deserialize)]
pub struct SaidView<'a> {
    pub message: &'a str,
}

impl Payload for Said {
    const KINDS: &'static [&'static str] = &[SAID];
    type View<'a> = SaidView<'a>;

    fn view(event: &Event) -> Result<SaidView<'_>, DecodeError> {
        event.parse()
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        event.parse()
    }
}

/// A source without typed kinds that runs a function.
pub struct Running<F> {
    name: SourceName,
    run: F,
}

/// A source of this name that runs a function.
pub fn running<F, R>(name: &str, run: F) -> Running<F>
where
    F: FnOnce(Intake, Stop) -> R + Send + 'static,
    R: Future<Output = Result<(), SourceError>> + Send + 'static,
{
    let name = SourceName::new(name);
    Running { name, run }
}

impl<F, R> Source for Running<F>
where
    F: FnOnce(Intake, Stop) -> R + Send + 'static,
    R: Future<Output = Result<(), SourceError>> + Send + 'static,
{
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn kinds(&self) -> &'static [KindInfo] {
        &[]
    }

    fn judge(&self) -> Judge {
        |_| None
    }

    fn run(
        self: Box<Self>,
        intake: Intake,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin((self.run)(intake, stop))
    }
}

/// The lines that handlers noted, in order.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// A handler that notes the message.
pub async fn note(said: Said, State(log): State<Log>) -> Result<(), HandlerError> {
    log.note(said.message);
    Ok(())
}

/// A journal in memory that can be made slow, full, or broken.
#[derive(Debug, Default)]
pub struct Troubled {
    pub inner: MemoryJournal,
    trouble: Mutex<Option<Trouble>>,
    length: Mutex<Duration>,
    closed: AtomicBool,
    gate: Notify,
    pub reads: AtomicUsize,
    pub refused: AtomicUsize,
    pub sweeps: AtomicUsize,
    /// Checkpoints that were stored, however often.
    pub checkpoints: AtomicUsize,
    /// The number of events in each append that had any.
    pub batches: Mutex<Vec<usize>>,
    pub closes: Arc<AtomicUsize>,
    /// Whether another process follows; nobody can tell at first.
    pub followed: Mutex<Option<bool>>,
    /// How often that was asked.
    pub looks: AtomicUsize,
    /// Claims that find no server, before one is answered.
    pub unanswered: AtomicUsize,
    /// One of them was made.
    pub asked: Notify,
}

impl Troubled {
    /// Appends fail with this from now on.
    pub fn trouble(&self, trouble: impl Into<Option<Trouble>>) {
        *self.trouble.lock().unwrap() = trouble.into();
    }

    /// Appends take this long from now on.
    pub fn takes(&self, length: Duration) {
        *self.length.lock().unwrap() = length;
    }

    /// Appends wait until the gate is opened.
    pub fn close_gate(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub fn open_gate(&self) {
        self.closed.store(false, Ordering::SeqCst);
        self.gate.notify_waiters();
    }
}

impl Journal for Troubled {
    fn claim<'a>(&'a self, consumer: &'a ConsumerName) -> BoxFuture<'a, Result<Claim, ClaimError>> {
        let is_left = |left: usize| left.checked_sub(1);
        let (order, unanswered) = (Ordering::SeqCst, &self.unanswered);
        if unanswered.fetch_update(order, order, is_left).is_ok() {
            self.asked.notify_one();
            let error = ClaimError::new(consumer.clone(), Trouble::Unreachable, None);
            return Box::pin(async { Err(error) });
        }
        self.inner.claim(consumer)
    }

    fn followed(&self) -> BoxFuture<'_, Result<Option<bool>, ReadError>> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        let followed = *self.followed.lock().unwrap();
        Box::pin(async move { Ok(followed) })
    }

    fn append(&self, batch: Arc<Batch>) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            loop {
                let opened = self.gate.notified();
                if !self.closed.load(Ordering::SeqCst) {
                    break;
                }
                opened.await;
            }
            let length = *self.length.lock().unwrap();
            if !length.is_zero() {
                tokio::time::sleep(length).await;
            }
            if let Some(trouble) = *self.trouble.lock().unwrap() {
                self.refused.fetch_add(1, Ordering::SeqCst);
                return Err(AppendError::new(trouble, None));
            }
            self.checkpoints
                .fetch_add(batch.checkpoints.len(), Ordering::SeqCst);
            if !batch.events.is_empty() {
                self.batches.lock().unwrap().push(batch.events.len());
            }
            self.inner.append(batch).await
        })
    }

    fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Arc<Event>>, ReadError>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.inner.read(after, limit)
    }

    fn last(&self) -> watch::Receiver<Position> {
        self.inner.last()
    }

    fn checkpoints<'a>(
        &'a self,
        source: &'a SourceName,
    ) -> BoxFuture<'a, Result<Vec<Checkpoint>, ReadError>> {
        self.inner.checkpoints(source)
    }

    fn cursor<'a>(
        &'a self,
        consumer: &'a ConsumerName,
    ) -> BoxFuture<'a, Result<Option<Cursor>, ReadError>> {
        self.inner.cursor(consumer)
    }

    fn projection<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Saved>, ReadError>> {
        self.inner.projection(name)
    }

    fn dead_letters(
        &self,
        after: DeadLetterId,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<DeadLetter>, ReadError>> {
        self.inner.dead_letters(after, limit)
    }

    fn replays(&self) -> watch::Receiver<u64> {
        self.inner.replays()
    }

    fn sweep(
        &self,
        policy: Arc<Retention>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Sweep, AppendError>> {
        self.sweeps.fetch_add(1, Ordering::SeqCst);
        self.inner.sweep(policy, now)
    }

    fn close(&self) -> BoxFuture<'_, Result<(), AppendError>> {
        self.closes.fetch_add(1, Ordering::SeqCst);
        self.inner.close()
    }
}
