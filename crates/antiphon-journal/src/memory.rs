//! The journal in memory, for tests and for runs that need not outlive the process.
//!
//! It is the contract in its shortest form: one lock, one map for each table of the file. What it does not have is
//! durability, readers in other processes, and the ways in which a disk can fail; [`MemoryJournal::limit`] stands for a
//! full one.
//!
//! Use it in tests, for tools that need no past, and as the reading of what `SqliteJournal` promises.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon_core::{
    AppendError, Appended, Batch, BodyForm, BoxFuture, Checkpoint, Claim, ClaimError, Clock,
    ConsumerName, Cursor, DeadLetter, DeadLetterChange, DeadLetterId, Draft, Erased, Event,
    Journal, Origin, Part, Person, Place, Position, ReadError, Retention, Rng, Saved, SharedValue,
    SharedValues, SourceName, StateVerdict, Sweep, Trouble, Verdict,
};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::{
    PAGE_BYTES,
    claims::Claims,
    erased::{hashed, left},
    retention::{ERASED, Keep, ago, keep, until},
};

/// A journal that lives and dies with the process.
///
/// It keeps every promise of the contract that needs no disk.
/// Every event stays until a [sweep](Journal::sweep) removes it; [`MemoryJournal::limit`] bounds their bytes.
///
/// ```
/// use std::sync::Arc;
///
/// use antiphon_core::{Batch, Checkpoint, Journal};
/// use antiphon_journal::MemoryJournal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = MemoryJournal::new();
/// let shard = Checkpoint { part: "shard/0".into(), state: "session 7f3a".into(), mark: 42 };
/// let batch = Batch { checkpoints: vec![("bot".into(), shard)], ..Batch::default() };
/// journal.append(Arc::new(batch)).await?;
/// assert_eq!(journal.checkpoints(&"bot".into()).await?[0].mark, 42);
/// # Ok(())
/// # }
/// ```
///
/// Share it in an `Arc` to look at it beside the app that runs on it, or to run a second app on what the first one
/// left:
///
/// ```
/// use std::sync::Arc;
///
/// use antiphon_core::{AppendError, Batch, Draft, Journal, Kind, Origin, Place, Position, Trouble};
/// use antiphon_journal::MemoryJournal;
///
/// fn said(number: u64) -> Batch {
///     let draft = Draft::new(
///         Kind::from_static("test.said"),
///         Place::new("room/loft"),
///         Origin::frame("test", number),
///         "2026-01-01T00:00:00Z".parse().expect("a time"),
///         r#"{"message":"amen"}"#,
///     );
///     Batch { events: vec![("choir".into(), draft)], ..Batch::default() }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = Arc::new(MemoryJournal::new());
/// let mut last = journal.last();
/// journal.append(Arc::new(said(1))).await?;
/// last.changed().await?;
/// assert_eq!(*last.borrow(), Position::new(1));
///
/// // A full disk, for a test: the batch is refused as a whole, and may be appended again later.
/// journal.limit(Some(300));
/// let refused: AppendError = journal.append(Arc::new(said(2))).await.expect_err("it is full");
/// assert_eq!((refused.trouble(), refused.is_transient()), (Trouble::Full, true));
/// journal.limit(None);
/// journal.append(Arc::new(said(2))).await?;
/// # Ok(())
/// # }
/// ```
pub struct MemoryJournal {
    state: Mutex<State>,
    last: watch::Sender<Position>,
    replays: watch::Sender<u64>,
    claims: Claims<()>,
    values: Arc<Values>,
}

/// Values that the users of a journal share.
#[derive(Debug, Default)]
struct Values(Mutex<Named>);

/// Values by name, each with the time until which it is kept.
#[derive(Debug, Default)]
struct Named {
    /// The last revision that was given.
    last: u64,
    values: BTreeMap<String, (SharedValue, Timestamp)>,
}

impl Values {
    /// The values that have not ended.
    fn lock(&self) -> MutexGuard<'_, Named> {
        let mut named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Clock::system().now();
        named.values.retain(|_, (_, until)| *until > now);
        named
    }
}

impl SharedValues for Values {
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<SharedValue>, ReadError>> {
        Box::pin(async move {
            if let Some(problem) = SharedValue::problem(name, &[]) {
                return Err(ReadError::new(Trouble::Other, Some(problem.into())));
            }
            let named = self.lock();
            Ok(named.values.get(name).map(|(value, _)| value.clone()))
        })
    }

    fn put<'a>(
        &'a self,
        name: &'a str,
        value: Bytes,
        expected: Option<u64>,
        keep: Duration,
    ) -> BoxFuture<'a, Result<Option<u64>, AppendError>> {
        Box::pin(async move {
            if let Some(problem) = SharedValue::problem(name, &value) {
                return Err(AppendError::new(Trouble::Other, Some(problem.into())));
            }
            let mut named = self.lock();
            let there = named.values.get(name).map(|(value, _)| value.revision);
            if there != expected {
                return Ok(None);
            }
            let until = Clock::system().now().saturating_add(keep);
            named.last += 1;
            let revision = named.last;
            let value = SharedValue { revision, value };
            let until = until.unwrap_or(Timestamp::MAX);
            named.values.insert(name.to_owned(), (value, until));
            Ok(Some(revision))
        })
    }

    fn names<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, ReadError>> {
        Box::pin(async move {
            let known = self.lock();
            let names = known.values.keys();
            Ok(names
                .filter(|name| name.starts_with(prefix))
                .cloned()
                .collect())
        })
    }
}

/// `bytes` is the sum of the weights of `events`; `origins` has exactly their origins.
#[derive(Default)]
struct State {
    /// Once set, every call fails with [`Trouble::Closed`].
    closed: bool,
    /// See [`MemoryJournal::limit`].
    max_bytes: Option<u64>,
    bytes: u64,
    /// The last position that was given; it is never given again.
    last: u64,
    events: BTreeMap<Position, Arc<Event>>,
    origins: HashMap<SourceName, HashMap<Origin, Position>>,
    /// Origins of events that retention removed, and until when they are recognised (Unix seconds).
    removed: HashMap<(SourceName, Origin), i64>,
    /// Deletions by the platform whose grace is not over, with their time.
    deletions: Vec<(SourceName, Origin, Timestamp)>,
    /// The key of hashed origins; set by the first erasure.
    key: Option<[u8; 32]>,
    /// The time of the last sweep, which is the only clock that decides about windows.
    swept_at: Option<i64>,
    checkpoints: BTreeMap<(SourceName, Part), Checkpoint>,
    cursors: BTreeMap<ConsumerName, Cursor>,
    /// The last number of a dead letter.
    last_dead: u64,
    dead: BTreeMap<DeadLetterId, DeadLetter>,
    projections: BTreeMap<String, Saved>,
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryJournal")
            .field("last", &*self.last.borrow())
            .finish_non_exhaustive()
    }
}

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> Self {
        Self {
            state: Mutex::default(),
            last: watch::Sender::new(Position::ZERO),
            replays: watch::Sender::new(0),
            claims: Claims::default(),
            values: Arc::default(),
        }
    }

    /// Sets how many bytes all events may have together, by [`Draft::weight`](antiphon_core::Draft::weight). Default:
    /// no limit.
    ///
    /// At the limit an append fails with [`Trouble::Full`], as on a full disk, until a sweep has made room or the
    /// limit is raised.
    ///
    /// A batch without new events (checkpoints, cursors, dead letters, repeats) always has room.
    pub fn limit(&self, max_bytes: Option<u64>) {
        self.lock().max_bytes = max_bytes;
    }

    /// Removes a consumer and its cursor, so that retention no longer waits for it.
    ///
    /// A consumer of that name that starts again is a new one. Its partitions, if it has workers, go with it.
    pub fn forget(&self, consumer: &ConsumerName) {
        let whole = Some(consumer.as_str());
        let mut state = self.lock();
        state
            .cursors
            .retain(|name, _| name != consumer && name.whole() != whole);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, Trouble> {
        let state = self.lock();
        if state.closed {
            return Err(Trouble::Closed);
        }
        Ok(state)
    }

    fn readable(&self) -> Result<MutexGuard<'_, State>, ReadError> {
        self.state()
            .map_err(|trouble| ReadError::new(trouble, None))
    }

    fn writable(&self) -> Result<MutexGuard<'_, State>, AppendError> {
        self.state()
            .map_err(|trouble| AppendError::new(trouble, None))
    }

    /// All under one lock, so that readers see the whole batch or nothing of it.
    fn store(&self, batch: &Batch) -> Result<Appended, AppendError> {
        let mut state = self.writable()?;
        state.make_sure_of_room(batch)?;
        let mut appended = Appended::default();
        for (source, draft) in &batch.events {
            match state.add(source, draft) {
                Some(event) => appended.events.push(event),
                None => appended.repeats += 1,
            }
        }
        for (source, checkpoint) in &batch.checkpoints {
            let key = (source.clone(), Arc::clone(&checkpoint.part));
            state.checkpoints.insert(key, checkpoint.clone());
        }
        for consumer in &batch.forgotten {
            state.cursors.remove(consumer);
        }
        for (consumer, cursor) in &batch.cursors {
            state.cursors.insert(consumer.clone(), cursor.clone());
        }
        for (name, saved) in &batch.projections {
            state.projections.insert(name.clone(), saved.clone());
        }
        let replays = batch
            .dead
            .iter()
            .filter(|change| state.change(change))
            .count();
        let last = state.last;
        drop(state);
        if !appended.events.is_empty() {
            self.last.send_replace(Position::new(last));
        }
        if replays > 0 {
            self.replays.send_modify(|count| *count += replays as u64);
        }
        Ok(appended)
    }
}

impl State {
    /// Refuses a batch whose new events are too large, before any of it is stored.
    fn make_sure_of_room(&self, batch: &Batch) -> Result<(), AppendError> {
        let Some(limit) = self.max_bytes else {
            return Ok(());
        };
        let mut seen = HashSet::new();
        let new = batch.events.iter().filter(|(source, draft)| {
            !self.is_repeat(source, &draft.origin) && seen.insert((source, &draft.origin))
        });
        let weight: u64 = new.map(|(_, draft)| draft.weight() as u64).sum();
        if weight > 0 && self.bytes + weight > limit {
            return Err(AppendError::new(Trouble::Full, None));
        }
        Ok(())
    }

    /// Whether an event of this origin is stored, or was removed and is still recognised.
    ///
    /// An erased event is stored under the hash of its origin.
    fn is_repeat(&self, source: &SourceName, origin: &Origin) -> bool {
        self.is_known(source, origin)
            || self
                .key
                .is_some_and(|key| self.is_known(source, &hashed(&key, source.as_str(), origin)))
    }

    fn is_known(&self, source: &SourceName, origin: &Origin) -> bool {
        let swept_at = self.swept_at.unwrap_or(i64::MIN);
        let removed = self.removed.get(&(source.clone(), origin.clone()));
        let stored = self.origins.get(source);
        removed.is_some_and(|until| *until > swept_at)
            || stored.is_some_and(|origins| origins.contains_key(origin))
    }

    /// Stores an event; `None` if it is a repeat.
    fn add(&mut self, source: &SourceName, draft: &Draft) -> Option<Arc<Event>> {
        if self.is_repeat(source, &draft.origin) {
            return None;
        }
        self.last += 1;
        let position = Position::new(self.last);
        let origins = self.origins.entry(source.clone()).or_default();
        origins.insert(draft.origin.clone(), position);
        self.bytes += draft.weight() as u64;
        if let Some(target) = &draft.deletes {
            self.deletions
                .push((source.clone(), target.clone(), draft.received_at));
        }
        let event = Arc::new(Event::stored(position, source.clone(), draft.clone()));
        self.events.insert(position, Arc::clone(&event));
        Some(event)
    }

    /// Erasing comes first, then age, then size; the order is that of the file's backend.
    fn sweep(&mut self, policy: &Retention, now: Timestamp) -> Sweep {
        let mut sweep = Sweep::default();
        self.swept_at = self.swept_at.max(Some(now.as_second()));
        self.erase(policy, now, &mut sweep);
        let needed_from = self.cursors.values().map(Cursor::needs).min();
        let needed = |position: Position| needed_from.is_some_and(|from| position >= from);
        let mut gone = Vec::new();
        for (position, event) in &self.events {
            let old = |time| event.received_at() <= ago(now, time);
            match keep(policy, event.kind().as_str()) {
                Keep::Momentary(time) if old(time) && needed(*position) => sweep.expired += 1,
                Keep::Momentary(time) if old(time) => sweep.removed += 1,
                Keep::For(time) if old(time) && !needed(*position) => sweep.removed += 1,
                _ => continue,
            }
            gone.push(*position);
        }
        for position in gone {
            self.remove(position, policy, now);
        }
        while policy.max_bytes.is_some_and(|limit| self.bytes > limit) {
            match self.events.first_key_value().map(|(position, _)| *position) {
                Some(oldest) if !needed(oldest) => self.remove(oldest, policy, now),
                _ => break,
            }
            sweep.removed += 1;
        }
        self.removed.retain(|_, until| *until > now.as_second());
        sweep
    }

    /// Erases the bodies of events that the platform deleted and whose grace is over.
    fn erase(&mut self, policy: &Retention, now: Timestamp, sweep: &mut Sweep) {
        let grace_over = ago(now, policy.delete_grace);
        let due = self
            .deletions
            .extract_if(.., |(_, _, received_at)| *received_at <= grace_over);
        for (source, target, _) in due {
            let position = self.origins.get(&source).and_then(|of| of.get(&target));
            let event = position.and_then(|position| self.events.get_mut(position));
            if let Some(event) = event
                && *event.body() != ERASED
            {
                let mut draft = event.draft().clone();
                self.bytes -= draft.weight() as u64;
                draft.body = ERASED;
                draft.form = BodyForm::Json;
                draft.note = None;
                self.bytes += draft.weight() as u64;
                *event = Arc::new(Event::stored(event.position(), source, draft));
                sweep.erased += 1;
            }
        }
    }

    fn remove(&mut self, position: Position, policy: &Retention, now: Timestamp) {
        let Some(event) = self.events.remove(&position) else {
            return;
        };
        self.bytes -= event.draft().weight() as u64;
        if let Some(origins) = self.origins.get_mut(event.source()) {
            origins.remove(event.origin());
        }
        let until = until(event.received_at(), policy.window);
        if until > now.as_second() {
            self.removed
                .insert((event.source().clone(), event.origin().clone()), until);
        }
    }

    /// Erases a person; the order of the steps is that of the file's backend.
    fn erase_person(&mut self, person: &Person) -> Erased {
        let mut erased = Erased {
            log_is_empty: true,
            ..Erased::default()
        };
        let key = *self.key.get_or_insert_with(|| {
            let mut rng = Rng::new();
            std::array::from_fn(|_| rng.u8(..))
        });
        let mut places = HashMap::new();
        let events = std::mem::take(&mut self.events);
        for (position, event) in events {
            let verdict = person.judge(&event);
            erased.count(event.kind().as_str(), &verdict);
            let mut draft = left(person, &key, &event, &verdict);
            if let Some(less) = person.text(draft.place.as_str()) {
                let number = places.len() + 1;
                let place = places
                    .entry(draft.place.as_str().to_owned())
                    .or_insert_with(|| format!("{less}-{number}"));
                draft.place = Place::from(place.as_str());
            }
            self.bytes = self.bytes - event.draft().weight() as u64 + draft.weight() as u64;
            if draft.origin != *event.origin()
                && let Some(origins) = self.origins.get_mut(event.source())
            {
                origins.remove(event.origin());
                origins.insert(draft.origin.clone(), position);
            }
            let event = Event::stored(position, event.source().clone(), draft);
            self.events.insert(position, Arc::new(event));
        }
        erased.places = places.len() as u64;
        self.dead.retain(|_, letter| {
            let verdict = person.judge(&letter.event);
            let place = person.text(letter.event.place().as_str());
            let error = person.text(&letter.error);
            let is_changed = verdict != Verdict::Keep || place.is_some() || error.is_some();
            erased.dead_letters += u64::from(is_changed);
            if is_changed {
                let mut draft = left(person, &key, &letter.event, &verdict);
                draft.place = place.map_or(draft.place, Place::from);
                letter.error = error.unwrap_or_else(|| letter.error.clone());
                let event = &letter.event;
                letter.event = Event::stored(event.position(), event.source().clone(), draft);
            }
            verdict != Verdict::Erase
        });
        let removed = std::mem::take(&mut self.removed);
        for ((source, mut origin), until) in removed {
            if person.text(origin.as_str()).is_some() {
                origin = hashed(&key, source.as_str(), &origin);
                erased.origins += 1;
            }
            self.removed.insert((source, origin), until);
        }
        self.deletions
            .retain(|(_, target, _)| person.text(target.as_str()).is_none());
        self.checkpoints.retain(|(source, part), checkpoint| {
            let verdict = match person.text(part) {
                Some(_) => StateVerdict::Erase,
                None => person.state(source.as_str(), &checkpoint.state),
            };
            erased.states += u64::from(verdict != StateVerdict::Keep);
            if let StateVerdict::Redact(less) = &verdict {
                checkpoint.state = less.clone().into();
            }
            verdict != StateVerdict::Erase
        });
        self.projections.remove(&person.record());
        self.projections.retain(|name, saved| {
            let verdict = person.state(name, &saved.state);
            erased.states += u64::from(verdict != StateVerdict::Keep);
            if let StateVerdict::Redact(less) = &verdict {
                saved.state.clone_from(less);
            }
            verdict != StateVerdict::Erase
        });
        for cursor in self.cursors.values_mut() {
            for parked in &mut cursor.parked {
                let known = places.get(&parked.lane).cloned();
                if let Some(lane) = known.or_else(|| person.text(&parked.lane)) {
                    parked.lane = lane;
                    erased.states += 1;
                }
            }
        }
        erased
    }

    /// Makes one change to the dead letters; whether it asks for a replay.
    fn change(&mut self, change: &DeadLetterChange) -> bool {
        match change {
            DeadLetterChange::Bury(letter) => {
                let same = self.dead.values().find(|earlier| {
                    earlier.consumer == letter.consumer
                        && earlier.handler == letter.handler
                        && earlier.event.position() == letter.event.position()
                });
                let id = same.map_or_else(
                    || {
                        self.last_dead += 1;
                        DeadLetterId(self.last_dead)
                    },
                    |earlier| earlier.id,
                );
                let letter = DeadLetter {
                    id,
                    ..(**letter).clone()
                };
                self.dead.insert(id, letter);
                false
            }
            DeadLetterChange::Replay(id) => self.dead.get_mut(id).is_some_and(|letter| {
                letter.replay = true;
                true
            }),
            DeadLetterChange::Drop(id) => {
                self.dead.remove(id);
                false
            }
            _ => false,
        }
    }
}

impl Journal for MemoryJournal {
    fn claim<'a>(&'a self, consumer: &'a ConsumerName) -> BoxFuture<'a, Result<Claim, ClaimError>> {
        Box::pin(async move { self.claims.claim(consumer, ()) })
    }

    fn claimed<'a>(
        &'a self,
        consumers: &'a [ConsumerName],
    ) -> BoxFuture<'a, Result<Vec<ConsumerName>, ReadError>> {
        Box::pin(async move {
            let claimed = consumers.iter().filter(|name| self.claims.have(name));
            Ok(claimed.cloned().collect())
        })
    }

    fn shared(&self) -> Option<Arc<dyn SharedValues>> {
        let values: Arc<dyn SharedValues> = Arc::<Values>::clone(&self.values);
        Some(values)
    }

    fn append(&self, batch: Arc<Batch>) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move { self.store(&batch) })
    }

    fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Arc<Event>>, ReadError>> {
        Box::pin(async move {
            let state = self.readable()?;
            let mut bytes = 0;
            let page = state
                .events
                .range(after.next()..)
                .take(limit)
                .take_while(|(_, event)| {
                    let first = bytes == 0;
                    bytes += event.draft().weight();
                    first || bytes <= PAGE_BYTES
                })
                .map(|(_, event)| Arc::clone(event))
                .collect();
            Ok(page)
        })
    }

    fn last(&self) -> watch::Receiver<Position> {
        self.last.subscribe()
    }

    fn checkpoints<'a>(
        &'a self,
        source: &'a SourceName,
    ) -> BoxFuture<'a, Result<Vec<Checkpoint>, ReadError>> {
        Box::pin(async move {
            let state = self.readable()?;
            let of_source = state.checkpoints.iter().filter(|((of, _), _)| of == source);
            Ok(of_source
                .map(|(_, checkpoint)| checkpoint.clone())
                .collect())
        })
    }

    fn cursor<'a>(
        &'a self,
        consumer: &'a ConsumerName,
    ) -> BoxFuture<'a, Result<Option<Cursor>, ReadError>> {
        Box::pin(async move { Ok(self.readable()?.cursors.get(consumer).cloned()) })
    }

    fn projection<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Saved>, ReadError>> {
        Box::pin(async move { Ok(self.readable()?.projections.get(name).cloned()) })
    }

    fn dead_letters(
        &self,
        after: DeadLetterId,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<DeadLetter>, ReadError>> {
        Box::pin(async move {
            let state = self.readable()?;
            let letters = state.dead.values().filter(|letter| letter.id > after);
            Ok(letters.take(limit).cloned().collect())
        })
    }

    fn replays(&self) -> watch::Receiver<u64> {
        self.replays.subscribe()
    }

    fn sweep(
        &self,
        policy: Arc<Retention>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Sweep, AppendError>> {
        Box::pin(async move { Ok(self.writable()?.sweep(&policy, now)) })
    }

    fn erase(&self, person: Arc<Person>) -> BoxFuture<'_, Result<Erased, AppendError>> {
        Box::pin(async move { Ok(self.writable()?.erase_person(&person)) })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), AppendError>> {
        Box::pin(async move {
            self.lock().closed = true;
            Ok(())
        })
    }
}
