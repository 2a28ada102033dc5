//! The committer: stores the sources' events and the consumer's records in the journal, a batch at a time.
//!
//! All that waits is one batch, so that a busy app commits many events with one transaction and an idle one commits
//! each at once: [`run`](Committer::run) waits for anything to store and, while events flow, for company
//! ([`hold`](Committer::hold)), [`form`] takes what is there up to 1,024 events or 4 MiB,
//! and [`store`](Committer::store) tries until it works, then hands the events to the tail and tells the sources their
//! durable marks.
//!
//! How long events wait for company is the pace's to say (`pace.rs`).
//!
//! Two orders hold. Events are stored as they came out of the intake, per source in the order of that source. A cursor
//! is taken *before* the dead letters that go with it, so that no event counts as done whose letter is not stored.
//!
//! While storing fails, nothing is taken out of the intake any more; it fills, the sources stop reading, and their
//! connections live on.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{
    AppendError, Backoff, Batch, Checkpoint, ConsumerName, Cursor, DeadLetterChange, Event,
    Journal, Outlet, Part, Received, Rng, Saved, SourceName,
};
use foldhash::fast::RandomState;
use futures_util::FutureExt;
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{Level, enabled, error, trace, warn};

use crate::{
    pace::{Hold, Pace},
    pulse::Turn,
    record::Record,
    tail::Tail,
};

/// Events in one batch at most.
const BATCH_EVENTS: usize = 1024;
/// Bytes in one batch at most, unless a single entry weighs more.
const BATCH_BYTES: usize = 4 << 20;
/// How long a changed cursor waits for a commit to go with.
///
/// A crash repeats the events that were handled within that time.
const CURSOR_DUE: Duration = Duration::from_millis(100);
/// How often a cursor travels with the commits of new events, at most.
const CURSOR_OFTEN: Duration = Duration::from_millis(50);
/// A cursor with more open events than this travels only when it is due, since it costs as much as a batch.
const CURSOR_SMALL: usize = 512;
/// Longest wait between tries to store a batch.
const RETRY_CAP: Duration = Duration::from_secs(5);
/// Most writes that wait; at the limit, the lanes of failing handlers wait.
pub(crate) const WRITES: usize = 256;

/// A record of the consumer to be stored.
///
/// The channel holds 256 of them; lanes that fail faster than the journal stores wait there.
#[derive(Debug)]
pub(crate) enum Write {
    /// A change to the dead letters; it is stored no later than the cursor that shows its event as done.
    Dead(DeadLetterChange),
    /// A projection.
    Projection(String, Saved),
    /// The cursor, at once.
    Cursor,
    /// The last cursors of partitions that are given up; no earlier one of them is stored after it.
    Last(Vec<(ConsumerName, Cursor)>),
    /// Told once everything that was sent before is stored, sources' entries too.
    Flush(oneshot::Sender<()>),
}

/// Waits for entries and receives them, with their number; or until those that are missing can be received, with `None`.
async fn arrival(
    outlet: &mut Outlet,
    missing: Option<usize>,
    received: &mut Vec<Received>,
) -> Option<usize> {
    if let Some(missing) = missing
        && outlet.gathered(missing).await
    {
        return None;
    }
    Some(outlet.receive_many(received, BATCH_EVENTS).await)
}

/// The index in a batch of each part's checkpoint.
type Parts = HashMap<(SourceName, Part), usize, RandomState>;

/// A function that returns the present cursors.
pub(crate) type CursorNow = Box<dyn Fn() -> CursorsNow + Send>;

/// The cursors to store at one moment.
pub(crate) struct CursorsNow {
    /// Number of changes that they show.
    pub(crate) changes: u64,
    pub(crate) cursors: Vec<(ConsumerName, Cursor)>,
    /// When there is more to store though nothing changes any more.
    pub(crate) due: Option<Instant>,
}

/// The one task that appends to the journal.
pub(crate) struct Committer {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) tail: Arc<Tail>,
    pub(crate) outlet: Outlet,
    pub(crate) writes: mpsc::Receiver<Write>,
    /// Asked only when cursors are stored: it copies the positions of all open events.
    pub(crate) cursor: CursorNow,
    /// Notified at the first change of the cursor since it was saved.
    pub(crate) changed: Arc<Notify>,
    /// Number of changes in the cursor that was saved last.
    pub(crate) saved: watch::Sender<u64>,
    pub(crate) record: Arc<Record>,
    pub(crate) rng: Rng,
    pub(crate) pace: Pace,
    /// Ends the tries to store a batch that cannot be stored.
    pub(crate) give_up: CancellationToken,
    /// It comes round with every batch and with every try to store one.
    pub(crate) turn: Turn,
}

/// The records that wait to be stored.
///
/// It is bounded by the intake and by the channel of writes: it holds at most what one look takes out of both.
#[derive(Default)]
struct Waiting {
    received: VecDeque<Received>,
    dead: VecDeque<DeadLetterChange>,
    projections: Vec<(String, Saved)>,
    cursor: bool,
    last: Vec<(ConsumerName, Cursor)>,
    /// Entries that were taken out of the intake, over all batches.
    taken: u64,
    /// Told once so many entries are stored.
    flushes: Vec<(u64, oneshot::Sender<()>)>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.received.is_empty()
            && self.dead.is_empty()
            && self.projections.is_empty()
            && !self.cursor
            && self.last.is_empty()
            && self.flushes.is_empty()
    }

    /// Whether a record of the consumer waits.
    fn is_urgent(&self) -> bool {
        !self.dead.is_empty()
            || !self.projections.is_empty()
            || self.cursor
            || !self.last.is_empty()
            || !self.flushes.is_empty()
    }

    fn receive(&mut self, received: &mut Vec<Received>) {
        self.taken += received.len() as u64;
        self.received.extend(received.drain(..));
    }

    /// Takes those who are told once all that waits here is stored but the entries.
    fn flushed(&mut self) -> Vec<oneshot::Sender<()>> {
        let stored = self.taken - self.received.len() as u64;
        let flushed = self.flushes.extract_if(.., |(until, _)| *until <= stored);
        flushed.map(|(_, done)| done).collect()
    }

    /// A newer state of a projection takes the older one's place; `sent` is the number of entries in the intake.
    fn take(&mut self, write: Write, sent: usize) {
        match write {
            Write::Dead(change) => self.dead.push_back(change),
            Write::Projection(name, saved) => {
                self.projections.retain(|(other, _)| *other != name);
                self.projections.push((name, saved));
            }
            Write::Cursor => self.cursor = true,
            Write::Last(mut cursors) => self.last.append(&mut cursors),
            Write::Flush(done) => self.flushes.push((self.taken + sent as u64, done)),
        }
    }
}

/// When cursors are stored.
struct CursorTimes {
    /// When those that have changed are due.
    changed: Option<Instant>,
    /// When those that have only read on are due.
    quiet: Option<Instant>,
    saved_at: Instant,
    /// How often they travel with commits of events, at most.
    often: Duration,
}

impl CursorTimes {
    fn new() -> Self {
        Self {
            changed: None,
            quiet: None,
            saved_at: Instant::now(),
            often: CURSOR_OFTEN,
        }
    }

    /// When any are due.
    fn due(&self) -> Option<Instant> {
        self.changed.or(self.quiet)
    }

    /// From when on they travel with a commit of events.
    fn soon(&self) -> Instant {
        self.saved_at + self.often
    }

    /// Notes that these were stored.
    fn saved(&mut self, now: &CursorsNow) {
        let open = now.cursors.iter().map(|(_, cursor)| cursor.open.len());
        *self = Self {
            changed: None,
            quiet: now.due,
            saved_at: Instant::now(),
            often: if open.sum::<usize>() > CURSOR_SMALL {
                CURSOR_DUE
            } else {
                CURSOR_OFTEN
            },
        };
    }
}

impl Committer {
    /// Stores until every source and the consumer are done.
    ///
    /// # Errors
    /// [`AppendError`] if the journal can store nothing any more, or could not until `give_up`.
    pub(crate) async fn run(mut self) -> Result<(), AppendError> {
        let mut waiting = Waiting::default();
        let mut received = Vec::new();
        let (mut sources, mut consumer) = (true, true);
        let mut times = CursorTimes::new();
        let journal = Arc::clone(&self.journal);
        let mut lost = journal.lost();
        self.outlet.set_urgent(self.pace.heard());
        loop {
            self.turn.answer();
            let hold = self.hold(&waiting, sources);
            if waiting.is_empty() || hold.is_some() {
                if waiting.is_empty() && !sources && !consumer {
                    return Ok(());
                }
                let until = hold.as_ref().map(|hold| hold.until);
                let missing = hold.and_then(|hold| hold.missing);
                let mut has_gathered = false;
                tokio::select! {
                    count = arrival(&mut self.outlet, missing, &mut received), if sources => match count {
                        Some(count) => sources = count > 0,
                        None => has_gathered = true,
                    },
                    write = self.writes.recv(), if consumer => match write {
                        Some(write) => waiting.take(write, self.outlet.waiting()),
                        None => consumer = false,
                    },
                    () = self.changed.notified(), if times.changed.is_none() => {
                        times.changed = Some(Instant::now() + CURSOR_DUE);
                    }
                    () = sleep_until(times.due().unwrap_or_else(Instant::now)), if times.due().is_some() => {
                        waiting.cursor = true;
                    }
                    () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {}
                    () = self.give_up.cancelled(), if until.is_some() => {}
                    () = self.turn.asked() => {}
                    failure = &mut lost => return Err(log_lost(failure)),
                }
                waiting.receive(&mut received);
                if !has_gathered && self.hold(&waiting, sources).is_some() {
                    continue;
                }
            }
            // All that waits by now goes into the same batch.
            if sources
                && waiting.received.len() + received.len() < BATCH_EVENTS
                && let Some(0) = self
                    .outlet
                    .receive_many(&mut received, BATCH_EVENTS)
                    .now_or_never()
            {
                sources = false;
            }
            waiting.receive(&mut received);
            if times.changed.is_some() || self.changed.notified().now_or_never().is_some() {
                let now = Instant::now();
                waiting.cursor |= now >= times.soon() && !waiting.received.is_empty();
                times.changed.get_or_insert(now + CURSOR_DUE);
            }
            // The cursor is taken first, and the writes after it: a dead letter is sent before its event is done, and must
            // not be stored later than a cursor without the event.
            let now = std::mem::take(&mut waiting.cursor).then(|| (self.cursor)());
            for _ in 0..WRITES {
                match self.writes.try_recv() {
                    Ok(write) => waiting.take(write, self.outlet.waiting()),
                    Err(_) => break,
                }
            }
            let batch = form(&mut waiting, now.as_ref());
            let flushed = waiting.flushed();
            if batch.is_empty() {
                tell(flushed);
                if let Some(now) = now {
                    times.saved(&now);
                    self.saved.send_replace(now.changes);
                }
                // Those who wait for entries that are about to be taken must not keep this task from them.
                tokio::task::yield_now().await;
                continue;
            }
            let has_entries = !batch.events.is_empty() || !batch.checkpoints.is_empty();
            let begun = Instant::now();
            // Storing may wait long for another process, and the journal can be lost meanwhile.
            tokio::select! {
                biased;
                failure = &mut lost => return Err(log_lost(failure)),
                stored = self.store(batch) => stored?,
            }
            tell(flushed);
            if has_entries {
                self.pace.committed(begun);
            }
            if let Some(now) = now {
                times.saved(&now);
                self.saved.send_replace(now.changes);
            }
        }
    }

    /// The wait of the entries for company; `None` if they are stored now.
    ///
    /// Records of the consumer, a whole group, and the last entries of all sources wait for nothing.
    fn hold(&self, waiting: &Waiting, sources: bool) -> Option<Hold> {
        let may_wait = sources
            && !waiting.is_urgent()
            && !waiting.received.is_empty()
            && !self.give_up.is_cancelled();
        let drafts = waiting
            .received
            .iter()
            .filter_map(|one| one.entry.event.as_ref());
        let count = waiting.received.len();
        may_wait
            .then(|| self.pace.hold(count, drafts.map(|draft| &draft.kind)))
            .flatten()
    }

    /// Stores the batch, with as many tries as it takes, and gives it to the tail and the sources.
    async fn store(&mut self, batch: Arc<Batch>) -> Result<(), AppendError> {
        if !batch.events.is_empty() {
            self.tail.storing();
        }
        let rng = Rng::with_seed(self.rng.u64(..));
        let (journal, turn) = (&self.journal, &mut self.turn);
        let tried = || turn.answer();
        let appended = append(journal, &batch, rng, &self.give_up, &self.record, tried).await?;
        self.record.stored(&batch.events, &appended.events);
        if appended.repeats > 0 && enabled!(Level::TRACE) {
            trace_repeats(&batch, &appended.events);
        }
        if !batch.events.is_empty() {
            self.tail.stored(appended.events);
        }
        for (source, checkpoint) in &batch.checkpoints {
            self.outlet
                .stored(source, &checkpoint.part, checkpoint.mark);
        }
        Ok(())
    }
}

/// Makes one batch of what waits.
///
/// Writes of the consumer always go into it, whatever their number: they are bounded by their channel.
fn form(waiting: &mut Waiting, now: Option<&CursorsNow>) -> Arc<Batch> {
    let mut batch = Batch::default();
    let mut parts = Parts::default();
    let mut bytes = 0;
    while let Some(next) = waiting.received.front() {
        bytes += next.entry.weight();
        if batch.events.len() + batch.checkpoints.len() > 0
            && (bytes > BATCH_BYTES || batch.events.len() >= BATCH_EVENTS)
        {
            break;
        }
        if let Some(Received { source, entry, .. }) = waiting.received.pop_front() {
            if let Some(checkpoint) = entry.checkpoint {
                put_checkpoint(&mut batch, &mut parts, &source, checkpoint);
            }
            if let Some(draft) = entry.event {
                batch.events.push((source, draft));
            }
        }
    }
    batch.dead.extend(waiting.dead.drain(..));
    batch.projections.append(&mut waiting.projections);
    if let Some(now) = now {
        batch.cursors.extend(now.cursors.iter().cloned());
    }
    // Behind those, of which one may be an earlier cursor of the same partition.
    batch.cursors.append(&mut waiting.last);
    Arc::new(batch)
}

/// Tells those who wait for what they sent to be stored; they may have given up.
fn tell(flushes: Vec<oneshot::Sender<()>>) {
    for done in flushes {
        let _ = done.send(());
    }
}

/// Puts a checkpoint into a batch, in place of an earlier one of its part.
///
/// Only the last checkpoint of a part matters, since the batch is stored as a whole.
fn put_checkpoint(
    batch: &mut Batch,
    parts: &mut Parts,
    source: &SourceName,
    checkpoint: Checkpoint,
) {
    // In most batches a part's entries follow one another.
    if let Some((last, before)) = batch.checkpoints.last_mut()
        && before.part == checkpoint.part
        && last == source
    {
        *before = checkpoint;
        return;
    }
    match parts.entry((source.clone(), Arc::clone(&checkpoint.part))) {
        Entry::Occupied(known) => batch.checkpoints[*known.get()].1 = checkpoint,
        Entry::Vacant(unknown) => {
            unknown.insert(batch.checkpoints.len());
            batch.checkpoints.push((source.clone(), checkpoint));
        }
    }
}

/// Traces the repeats in a batch; `stored` has the other events, in the batch's order.
fn trace_repeats(batch: &Batch, stored: &[Arc<Event>]) {
    let mut stored = stored.iter().peekable();
    for (source, draft) in &batch.events {
        let is_new =
            stored.next_if(|event| event.source() == source && event.origin() == &draft.origin);
        if is_new.is_none() {
            trace!(%source, kind = %draft.kind, place = %draft.place, origin = %draft.origin, "stored before");
        }
    }
}

/// Logs that the journal is lost.
fn log_lost(failure: AppendError) -> AppendError {
    error!(
        trouble = %failure.trouble(),
        hint = failure.trouble().hint(),
        error = &failure as &dyn std::error::Error,
        "the journal is lost; nothing more is stored"
    );
    failure
}

/// Appends the batch, trying again while the cause may pass.
///
/// Pauses grow from 10 ms to 5 s. The first failure is logged with its hint, so is every tenth minute of failures, and so
/// is the success after them. `record` has every failure, and `tried` is called after each.
///
/// # Errors
/// The last [`AppendError`], if it is permanent or `give_up` is cancelled.
pub(crate) async fn append(
    journal: &Arc<dyn Journal>,
    batch: &Arc<Batch>,
    rng: Rng,
    give_up: &CancellationToken,
    record: &Record,
    mut tried: impl FnMut(),
) -> Result<antiphon_core::Appended, AppendError> {
    let mut trouble: Option<Outage> = None;
    let mut backoff = Backoff::new(rng)
        .base(Duration::from_millis(100))
        .floor(Duration::from_millis(10))
        .cap(RETRY_CAP);
    loop {
        let begun = Instant::now();
        let failure = match journal.append(Arc::clone(batch)).await {
            Ok(appended) => {
                let commit = &record.counters.commit;
                commit.record(begun.elapsed().as_secs_f64());
                if let Some(outage) = trouble {
                    record.stores_again();
                    outage.log_end(backoff.attempt());
                }
                return Ok(appended);
            }
            Err(failure) => failure,
        };
        record.refused(&failure);
        if !failure.is_transient() || give_up.is_cancelled() {
            error!(
                events = batch.events.len(),
                trouble = %failure.trouble(),
                error = &failure as &dyn std::error::Error,
                "a batch could not be stored"
            );
            return Err(failure);
        }
        trouble
            .get_or_insert_with(Outage::new)
            .log(&failure, backoff.attempt());
        tried();
        let wait = backoff.next(Instant::now());
        tokio::select! {
            () = sleep(wait) => {}
            () = give_up.cancelled() => {}
        }
    }
}

/// A time during which the journal cannot store.
struct Outage {
    since: Instant,
    /// When it is next logged.
    due: Instant,
}

impl Outage {
    /// How often an outage that goes on is logged.
    const OFTEN: Duration = Duration::from_secs(600);

    fn new() -> Self {
        let now = Instant::now();
        Self {
            since: now,
            due: now,
        }
    }

    /// Logs a failed try, if it is the first or the first for ten minutes; `tries` were before it.
    fn log(&mut self, failure: &AppendError, tries: u32) {
        let now = Instant::now();
        if now < self.due {
            return;
        }
        self.due = now + Self::OFTEN;
        let (trouble, error) = (failure.trouble(), failure as &dyn std::error::Error);
        if tries == 0 {
            error!(%trouble, hint = trouble.hint(), error, "the journal cannot store; no more events are taken until it can");
        } else {
            let (seconds, hint) = (self.since.elapsed().as_secs(), trouble.hint());
            error!(%trouble, hint, error, seconds, tries, "the journal still cannot store");
        }
    }

    fn log_end(&self, tries: u32) {
        let seconds = self.since.elapsed().as_secs_f64();
        warn!(
            seconds = (seconds * 10.0).round() / 10.0,
            tries, "the journal stores again, and events are taken again"
        );
    }
}
