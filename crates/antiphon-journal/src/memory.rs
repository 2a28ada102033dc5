//! The journal in memory, for tests and for runs that need not outlive the process.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon_core::{
    AppendError, Appended, Batch, BoxFuture, Checkpoint, ConsumerName, Cursor, DeadLetter,
    DeadLetterChange, DeadLetterId, Event, Journal, Origin, Part, Position, ReadError, Retention,
    Saved, SourceName, Sweep, Trouble,
};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::PAGE_BYTES;

/// A journal that lives and dies with the process.
///
/// It keeps the whole contract but what needs a disk.
/// It keeps every event until a [sweep](Journal::sweep) removes it.
pub struct MemoryJournal {
    state: Mutex<State>,
    last: watch::Sender<Position>,
    replays: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    closed: bool,
    last: u64,
    events: BTreeMap<Position, Arc<Event>>,
    origins: HashMap<SourceName, HashMap<Origin, Position>>,
    checkpoints: BTreeMap<(SourceName, Part), Checkpoint>,
    cursors: BTreeMap<ConsumerName, Cursor>,
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
        }
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, Trouble> {
        // A panic while it was held cannot leave it half changed in a way that matters to a test.
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
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

    fn store(&self, batch: &Batch) -> Result<Appended, AppendError> {
        let mut state = self.writable()?;
        let mut appended = Appended::default();
        for (source, draft) in &batch.events {
            let position = Position::new(state.last + 1);
            let origins = state.origins.entry(source.clone()).or_default();
            if origins.contains_key(&draft.origin) {
                appended.repeats += 1;
                continue;
            }
            origins.insert(draft.origin.clone(), position);
            state.last = position.get();
            let event = Arc::new(Event::stored(position, source.clone(), draft.clone()));
            state.events.insert(position, Arc::clone(&event));
            appended.events.push(event);
        }
        for (source, checkpoint) in &batch.checkpoints {
            let key = (source.clone(), Arc::clone(&checkpoint.part));
            state.checkpoints.insert(key, checkpoint.clone());
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
        _policy: Arc<Retention>,
        _now: Timestamp,
    ) -> BoxFuture<'_, Result<Sweep, AppendError>> {
        Box::pin(async move { self.writable().map(|_| Sweep::default()) })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), AppendError>> {
        Box::pin(async move {
            self.state
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .closed = true;
            Ok(())
        })
    }
}
