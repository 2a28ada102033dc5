//! What a run notes of itself, beside its counters, for [`Handle::status`](crate::Handle::status).
//!
//! The committer notes what it stores, the watchers of the links what they see. Both are once for each stretch of
//! events or change, so that an event costs a look at its kind.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::{
    AppendError, Clock, ConsumerName, Draft, Event, Gap, Journal, Link, LinkState, Payload, Place,
    Position, Provenance, Source, SourceName, error_chain,
};
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use crate::{
    lanes::Look,
    metric::{Counters, SourceCounters},
    rules,
    status::{
        GapStatus, GapsStatus, HandlersStatus, LaneStatus, LanesStatus, LinkStatus, PartStatus,
        Phase, ProgressStatus, RefusedStatus, SourceStatus, Status, StoringStatus, WorkerStatus,
    },
    tail::Tail,
};

/// Most parts of a source whose connections are noted.
const PARTS: usize = 1024;
/// How long the journal has to say when the oldest open event was received.
const OLDEST: Duration = Duration::from_secs(1);

/// One position in so many is timed: a look at the clock costs as much as a good part of an event's way.
pub(crate) const TIMED: u64 = 8;

/// A look at all lanes.
pub(crate) type LookAtLanes = Box<dyn Fn() -> Look + Send + Sync>;

/// What a run notes of itself.
pub(crate) struct Record {
    consumer: ConsumerName,
    clock: Clock,
    started_at: Timestamp,
    pub(crate) counters: Counters,
    /// The sources that are there, and those that were.
    sources: RwLock<Vec<Arc<SourceRecord>>>,
    last_gap: Mutex<Option<GapStatus>>,
    refused: Mutex<Option<RefusedStatus>>,
    /// The share of a worker, as it was seen last.
    worker: Mutex<Option<WorkerStatus>>,
    is_stopping: AtomicBool,
}

/// What is noted of one source.
struct SourceRecord {
    name: SourceName,
    platform: Option<&'static str>,
    counters: SourceCounters,
    /// Whether it was removed; its counts go on if one of its name comes again.
    is_gone: AtomicBool,
    seen: Mutex<Seen>,
}

/// What was seen of a source.
struct Seen {
    link: LinkStatus,
    parts: BTreeMap<Place, LinkStatus>,
    has_more_parts: bool,
    last_event_at: Option<Timestamp>,
}

/// A lock that was poisoned is taken all the same.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No change under these locks can panic half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Record {
    /// A record of a run that begins now.
    pub(crate) fn new(consumer: ConsumerName, clock: Clock, sources: &[Box<dyn Source>]) -> Self {
        let now = clock.now();
        let records = sources.iter().map(|source| {
            let counters = SourceCounters::new(source.name());
            Arc::new(SourceRecord::new(&**source, counters, now))
        });
        Self {
            consumer,
            clock,
            started_at: now,
            counters: Counters::new(),
            sources: RwLock::new(records.collect()),
            last_gap: Mutex::default(),
            refused: Mutex::default(),
            worker: Mutex::default(),
            is_stopping: AtomicBool::new(false),
        }
    }

    /// Begins to note a source; one of its name leaves its place and its counts to it.
    pub(crate) fn add(&self, source: &dyn Source) {
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        let before = sources.iter().position(|one| one.name == *source.name());
        let counters = match before {
            Some(index) => sources[index].counters.clone(),
            None => SourceCounters::new(source.name()),
        };
        let record = Arc::new(SourceRecord::new(source, counters, self.clock.now()));
        match before {
            Some(index) if sources[index].is_gone() => {
                sources.remove(index);
                sources.push(record);
            }
            Some(index) => sources[index] = record,
            None => sources.push(record),
        }
    }

    /// Leaves a source out of the status from now on.
    pub(crate) fn remove(&self, source: &SourceName) {
        if let Some(record) = self.source(source) {
            record.is_gone.store(true, Ordering::Relaxed);
        }
    }

    fn all(&self) -> RwLockReadGuard<'_, Vec<Arc<SourceRecord>>> {
        self.sources.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn source(&self, name: &SourceName) -> Option<Arc<SourceRecord>> {
        let sources = self.all();
        sources.iter().find(|source| source.name == *name).cloned()
    }

    /// Counts the events of a batch by their sources: those that were sent, and those of them that were new.
    pub(crate) fn stored(&self, sent: &[(SourceName, Draft)], new: &[Arc<Event>]) {
        self.time(new);
        for stretch in new.chunk_by(|one, next| one.source() == next.source()) {
            let source = stretch[0].source();
            let Some(record) = self.source(source) else {
                continue;
            };
            let counters = &record.counters;
            counters.stored.increment(stretch.len() as u64);
            let mut last = None;
            for event in stretch {
                match event.kind().as_str() {
                    Link::KIND => record.part(event),
                    Gap::KIND => {
                        counters.gaps.increment(1);
                        self.gap(event);
                    }
                    _ => last = Some(event.received_at()),
                }
            }
            if last.is_some() {
                lock(&record.seen).last_event_at = last;
            }
        }
        if sent.len() > new.len() {
            self.repeated(sent, new);
        }
    }

    /// Measures how long some live events took from their receipt to here.
    fn time(&self, new: &[Arc<Event>]) {
        let is_timed = |event: &&Arc<Event>| {
            event.position().get().is_multiple_of(TIMED) && event.provenance() == Provenance::Live
        };
        let mut timed = new.iter().filter(is_timed).peekable();
        if timed.peek().is_none() {
            return;
        }
        let now = self.clock.now();
        for event in timed {
            let taken = now.duration_since(event.received_at()).as_secs_f64();
            self.counters.stored_after.record(taken);
        }
    }

    fn repeated(&self, sent: &[(SourceName, Draft)], new: &[Arc<Event>]) {
        let mut counts: HashMap<&SourceName, u64> = HashMap::new();
        for (source, _) in sent {
            *counts.entry(source).or_default() += 1;
        }
        for event in new {
            if let Some(count) = counts.get_mut(event.source()) {
                *count = count.saturating_sub(1);
            }
        }
        for (source, count) in counts {
            if let Some(record) = self.source(source)
                && count > 0
            {
                record.counters.repeated.increment(count);
            }
        }
    }

    fn gap(&self, event: &Event) {
        let Ok(gap) = Gap::decode(event) else { return };
        *lock(&self.last_gap) = Some(GapStatus {
            source: event.source().to_string(),
            place: event.place().to_string(),
            from: gap.from.at,
            to: gap.to.at,
            cause: gap.cause,
            recovered: gap.recovered,
        });
    }

    /// Notes the state of a source's connection.
    pub(crate) fn link(&self, source: &SourceName, state: &LinkState) {
        if let Some(record) = self.source(source) {
            let mut seen = lock(&record.seen);
            seen.link = seen.link.then(state, self.clock.now());
        }
    }

    /// Notes that the app has begun to stop.
    pub(crate) fn stopping(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Notes the share of a worker.
    pub(crate) fn worker(&self, worker: WorkerStatus) {
        *lock(&self.worker) = Some(worker);
    }

    /// Notes a try to store that failed.
    pub(crate) fn refused(&self, failure: &AppendError) {
        self.counters.refused.increment(1);
        let mut refused = lock(&self.refused);
        let (since, tries) = refused
            .as_ref()
            .map_or((self.clock.now(), 0), |before| (before.since, before.tries));
        *refused = Some(RefusedStatus {
            since,
            tries: tries + 1,
            error: error_chain(failure),
            hint: failure.trouble().hint().to_owned(),
        });
    }

    /// Notes that the journal stores again; returns since when it did not.
    pub(crate) fn stores_again(&self) -> Option<Timestamp> {
        lock(&self.refused).take().map(|refused| refused.since)
    }

    /// The run at this moment.
    pub(crate) async fn status(&self, last: Position, look: Look, reader: Reader) -> Status {
        let at = self.clock.now();
        let is_caught_up = look.needs > last;
        let lag = (last.get() + 1).saturating_sub(look.needs.get());
        let lag_seconds = if is_caught_up {
            Some(0.0)
        } else {
            let oldest = reader.received_at(look.needs).await;
            oldest.map(|oldest| {
                let age = at.duration_since(oldest);
                age.max(SignedDuration::ZERO).as_secs_f64()
            })
        };
        let sources = self.all();
        let gaps = sources.iter().map(|source| source.counters.gaps.total());
        let phase = if self.is_stopping.load(Ordering::Relaxed) {
            Phase::Stopping
        } else {
            Phase::Running
        };
        Status {
            at,
            phase,
            consumer: self.consumer.to_string(),
            started_at: Some(self.started_at),
            worker: *lock(&self.worker),
            progress: ProgressStatus {
                stored: last.get(),
                read: look.read.get(),
                open: look.open as u64,
                is_parked: look.is_parked,
                lag,
                lag_seconds,
            },
            lanes: look.into_status(),
            handlers: HandlersStatus {
                handled: self.counters.handled.total(),
                unhandled: self.counters.unhandled.total(),
                late: self.counters.late.total(),
                expired: self.counters.expired.total(),
                failures: self.counters.failures.total(),
                dead_letters: self.counters.dead.total(),
            },
            gaps: GapsStatus {
                seen: gaps.sum(),
                last: lock(&self.last_gap).clone(),
            },
            storing: StoringStatus {
                failures: self.counters.refused.total(),
                refused: lock(&self.refused).clone(),
            },
            sources: sources
                .iter()
                .filter(|source| !source.is_gone())
                .map(|source| source.status())
                .collect(),
        }
    }
}

impl SourceRecord {
    fn new(source: &dyn Source, counters: SourceCounters, now: Timestamp) -> Self {
        Self {
            name: source.name().clone(),
            platform: rules::platform(source),
            counters,
            is_gone: AtomicBool::new(false),
            seen: Mutex::new(Seen {
                link: LinkStatus::new(&LinkState::Idle, now),
                parts: BTreeMap::new(),
                has_more_parts: false,
                last_event_at: None,
            }),
        }
    }

    fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }

    fn status(&self) -> SourceStatus {
        let counters = &self.counters;
        let seen = lock(&self.seen);
        let parts = seen.parts.iter().map(|(place, link)| PartStatus {
            place: place.to_string(),
            link: link.clone(),
        });
        SourceStatus {
            name: self.name.to_string(),
            platform: self.platform.map(str::to_owned),
            link: seen.link.clone(),
            stored: counters.stored.total(),
            repeated: counters.repeated.total(),
            gaps: counters.gaps.total(),
            last_event_at: seen.last_event_at,
            parts: parts.collect(),
            has_more_parts: seen.has_more_parts,
        }
    }

    /// Notes the connection of a part; that of the source as a whole is watched.
    fn part(&self, event: &Event) {
        if *event.place() == Place::root() {
            return;
        }
        let Ok(link) = Link::decode(event) else {
            return;
        };
        let (state, now) = (&link.state, event.received_at());
        let mut seen = lock(&self.seen);
        let has_room = seen.parts.len() < PARTS;
        match seen.parts.get_mut(event.place()) {
            // A part that was left in good order is one no more.
            Some(_) if matches!(state, LinkState::Closed) => {
                seen.parts.remove(event.place());
            }
            Some(part) => *part = part.then(state, now),
            None if matches!(state, LinkState::Closed) => {}
            None if has_room => {
                let part = LinkStatus::new(state, now);
                seen.parts.insert(event.place().clone(), part);
            }
            None => seen.has_more_parts = true,
        }
    }
}

/// Finds an event's time, in memory or in the journal.
pub(crate) struct Reader {
    pub(crate) tail: Arc<Tail>,
    pub(crate) journal: Arc<dyn Journal>,
}

impl Reader {
    /// When the first event from this position on was received; `None` if the journal does not say in time.
    async fn received_at(&self, position: Position) -> Option<Timestamp> {
        if let Some(event) = self.tail.first_after(position.previous()) {
            return Some(event.received_at());
        }
        let page = timeout(OLDEST, self.journal.read(position.previous(), 1)).await;
        page.ok()?.ok()?.first().map(|event| event.received_at())
    }
}

impl Look {
    fn into_status(self) -> LanesStatus {
        let lane = |lane: crate::lanes::Depth| LaneStatus {
            place: lane.key.to_string(),
            waiting: lane.waiting as u64,
            is_busy: lane.is_busy,
            is_parked: lane.is_parked,
        };
        LanesStatus {
            busy: self.busy as u64,
            waiting: self.waiting as u64,
            parked: self.parked as u64,
            deepest: self.deepest.into_iter().map(lane).collect(),
        }
    }
}
