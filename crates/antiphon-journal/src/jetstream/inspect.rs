//! A journal looked into: most of it stands in the index, so that few messages are read.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon_core::{
    AppendError, Batch, BoxFuture, ConsumerName, Cursor, DeadLetterChange, DeadLetterId, Event,
    Position, ReadError, Retention, SourceName, Trouble,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::{
    JetStreamJournal, PAGE_BYTES, Shared, Writing,
    appender::Leases,
    corrupt,
    format::{StateName, consumer_key},
    index::{Head, Index},
    server::{Failure, GETS},
    transfer::Transfer,
};
use crate::workers::together;
use crate::{
    Age, Asked, ConsumerOverview, Due, Filter, Identity, Imported, Inspect, Names, Overview, Page,
    RemovedOrigin, Size, States, Storage,
    retention::{Keep, ago, keep},
};

/// Most positions that one page passes over.
const PASSED: usize = 1 << 16;
/// The oldest events that are held against the policy.
const LOOKED_AT: usize = 16_384;

/// What is known of dead letters without their events, each with the number of its message.
///
/// There are as many as dead letters.
#[derive(Default)]
pub(super) struct Letters(Mutex<HashMap<u64, Letter>>);

struct Letter {
    sequence: u64,
    consumer: ConsumerName,
    at: Timestamp,
}

impl Letters {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Letter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which events a filter takes, by the numbers of their names; each name is asked about once.
struct Chosen<'a> {
    filter: &'a Filter,
    sources: HashMap<u32, bool>,
    kinds: HashMap<u32, bool>,
    places: HashMap<u32, bool>,
}

impl<'a> Chosen<'a> {
    fn new(filter: &'a Filter) -> Self {
        Self {
            filter,
            sources: HashMap::new(),
            kinds: HashMap::new(),
            places: HashMap::new(),
        }
    }

    fn takes(&mut self, index: &Index, head: &Head) -> bool {
        let (filter, names) = (self.filter, head.names);
        asked(&mut self.kinds, names.kind, || {
            filter.takes_kind(index.kinds.get(names.kind))
        }) && asked(&mut self.sources, names.source, || {
            filter.takes_source(index.sources.get(names.source))
        }) && asked(&mut self.places, names.place, || {
            filter.takes_place(index.places.get(names.place))
        })
    }
}

fn asked(known: &mut HashMap<u32, bool>, number: u32, ask: impl FnOnce() -> bool) -> bool {
    match known.entry(number) {
        Entry::Occupied(known) => *known.get(),
        Entry::Vacant(unknown) => *unknown.insert(ask()),
    }
}

impl Shared {
    async fn page_where(
        &self,
        after: Position,
        limit: usize,
        filter: &Filter,
    ) -> Result<Page, Failure> {
        self.check_open()?;
        // The index has all events up to this one.
        let last = *self.last.borrow();
        let mut heads = Vec::new();
        let mut through = after;
        let mut is_whole = limit > 0;
        {
            let index = self.index();
            let mut chosen = Chosen::new(filter);
            let mut bytes = 0;
            let rest = (Bound::Excluded(after.get()), Bound::Unbounded);
            for (passed, (position, head)) in index.events.range(rest).enumerate() {
                let is_taken = chosen.takes(&index, head);
                let has_room = heads.len() < limit
                    && (heads.is_empty() || bytes + head.weight() <= PAGE_BYTES as u64);
                if passed >= PASSED || is_taken && !has_room {
                    is_whole = false;
                    break;
                }
                if is_taken {
                    bytes += head.weight();
                    heads.push((*position, *head));
                }
                through = Position::new(*position);
            }
        }
        if is_whole {
            // The last events may be swept.
            through = through.max(last);
        }
        let events = self.fetch(heads).await?;
        Ok(Page {
            events: events.into_iter().map(|(_, event)| event.into()).collect(),
            through,
        })
    }

    /// The cursors of all consumers.
    pub(super) async fn cursors(&self) -> Result<Vec<(ConsumerName, Cursor)>, Failure> {
        let names: Vec<_> = self
            .index()
            .states
            .keys()
            .filter_map(|name| match name {
                StateName::Cursor { consumer } => Some(consumer.clone()),
                _ => None,
            })
            .collect();
        stream::iter(names)
            .map(async |consumer| {
                let name = StateName::Cursor {
                    consumer: consumer.clone(),
                };
                let Some(value) = self.state(&name).await? else {
                    return Ok(None);
                };
                let cursor: Cursor = value.line().map_err(corrupt)?;
                Ok::<_, Failure>(Some((consumer.into(), cursor)))
            })
            .buffered(GETS)
            .try_filter_map(async |cursor| Ok(cursor))
            .try_collect()
            .await
    }

    /// Number and times of the dead letters of each consumer; those that are not known yet are read.
    async fn letters(
        &self,
    ) -> Result<BTreeMap<ConsumerName, (u64, Timestamp, Timestamp)>, Failure> {
        let stored: Vec<_> = self
            .index()
            .states
            .iter()
            .filter_map(|(name, stored)| match name {
                StateName::Dead { id } => Some((*id, stored.sequence)),
                _ => None,
            })
            .collect();
        let unknown: Vec<_> = {
            let known = self.letters.lock();
            let is_known = |(id, sequence): &&(u64, u64)| {
                known
                    .get(id)
                    .is_some_and(|letter| letter.sequence == *sequence)
            };
            stored
                .iter()
                .filter(|one| !is_known(one))
                .copied()
                .collect()
        };
        let read: Vec<_> = stream::iter(unknown)
            .map(async |(id, sequence)| {
                let letter = self.dead_letter(id).await?;
                Ok::<_, Failure>(letter.map(|letter| {
                    let (consumer, at) = (letter.consumer, letter.at);
                    (
                        id,
                        Letter {
                            sequence,
                            consumer,
                            at,
                        },
                    )
                }))
            })
            .buffered(GETS)
            .try_filter_map(async |letter| Ok(letter))
            .try_collect()
            .await?;
        let mut known = self.letters.lock();
        known.extend(read);
        let there: HashMap<u64, u64> = stored.into_iter().collect();
        known.retain(|id, _| there.contains_key(id));
        let mut of = BTreeMap::new();
        for letter in known.values() {
            let (count, since, until) = of
                .entry(letter.consumer.clone())
                .or_insert((0, letter.at, letter.at));
            *count += 1;
            *since = letter.at.min(*since);
            *until = letter.at.max(*until);
        }
        Ok(of)
    }

    /// When the first event from this position on was received.
    fn received_at(&self, from: Position) -> Option<Timestamp> {
        let index = self.index();
        let (_, head) = index.events.range(from.get()..).next()?;
        Some(head.received_at)
    }

    async fn newest(&self, among: u64) -> Result<Vec<Arc<Event>>, Failure> {
        self.check_open()?;
        let from = self.last.borrow().get().saturating_sub(among);
        let mut heads: Vec<(u64, Head)> = Vec::new();
        {
            let index = self.index();
            let newest = (Bound::Excluded(from), Bound::Unbounded);
            for (position, head) in index.events.range(newest).rev() {
                let is_of = |(_, known): &(u64, Head)| known.names.source == head.names.source;
                if !heads.iter().any(is_of) {
                    heads.push((*position, *head));
                }
            }
        }
        heads.reverse();
        let events = self.fetch(heads).await?;
        Ok(events.into_iter().map(|(_, event)| event.into()).collect())
    }

    fn names(&self, limit: usize) -> Names {
        let index = self.index();
        let sources = index.sources.newest();
        let all = [&index.places, &index.kinds, &index.sources];
        Names {
            sources: sources
                .map(|name| SourceName::new(Arc::clone(name)))
                .collect(),
            texts: all
                .into_iter()
                .flat_map(super::texts::Texts::newest)
                .take(limit)
                .cloned()
                .collect(),
        }
    }

    /// What the policy says of the oldest events.
    fn due(
        index: &Index,
        policy: &Retention,
        needed_from: Option<Position>,
        now: Timestamp,
    ) -> Due {
        let keeps: Vec<_> = index.kinds.slots().map(|kind| keep(policy, kind)).collect();
        let mut due = Due::default();
        for (position, head) in index.events.iter().take(LOOKED_AT) {
            due.looked_at += 1;
            let keep = keeps[head.names.kind as usize];
            let (Keep::For(time) | Keep::Momentary(time)) = keep else {
                continue;
            };
            if head.received_at > ago(now, time) {
                continue;
            }
            let is_needed = needed_from.is_some_and(|from| *position >= from.get());
            if is_needed && matches!(keep, Keep::For(_)) {
                due.held += 1;
            } else {
                due.removed += 1;
            }
        }
        due
    }

    async fn storage(
        &self,
        policy: &Retention,
        bounds: &[Timestamp],
        now: Timestamp,
    ) -> Result<Storage, Failure> {
        let size = self.size().await?;
        let cursors = self.cursors().await?;
        let needed_from = cursors.iter().map(|(_, cursor)| cursor.needs()).min();
        let index = self.index();
        let mut storage = Storage {
            bytes: size.bytes,
            ..Storage::default()
        };
        let oldest = index.events.first_key_value();
        storage.oldest = oldest.map(|(at, head)| (Position::new(*at), head.received_at));
        storage.ages = bounds
            .windows(2)
            .map(|pair| Age {
                from: pair[0],
                to: pair[1],
                events: 0,
                bytes: 0,
                is_exact: true,
            })
            .collect();
        for head in index.events.values() {
            let next = bounds.partition_point(|bound| *bound <= head.received_at);
            let age = next
                .checked_sub(1)
                .and_then(|age| storage.ages.get_mut(age));
            if let Some(age) = age {
                age.events += 1;
                age.bytes += head.weight();
            }
        }
        storage.due = Self::due(&index, policy, needed_from, now);
        let now = now.as_second();
        storage.origins = index.removed.len() as u64;
        let over = index.removed.values().filter(|until| **until <= now);
        storage.origins_over = over.count() as u64;
        storage.deletions = index.deletions.len() as u64;
        Ok(storage)
    }

    async fn size(&self) -> Result<Size, Failure> {
        self.check_open()?;
        let info = self.link.stream.get_info().await;
        let info = info.map_err(|error| Failure::unreachable(&error))?;
        let limit = u64::try_from(info.config.max_bytes).ok();
        let limit = limit.filter(|limit| *limit > 0);
        Ok(Size {
            bytes: info.state.bytes,
            log_bytes: 0,
            free_bytes: limit.map(|limit| limit.saturating_sub(info.state.bytes)),
        })
    }
}

impl JetStreamJournal {
    async fn look_at_consumers(&self) -> Result<Overview, Failure> {
        self.shared.check_open()?;
        let last = *self.shared.last.borrow();
        let mut consumers = BTreeMap::new();
        for (name, cursor) in self.shared.cursors().await? {
            let mut one = ConsumerOverview::new(name.clone());
            one.waits_since = self.shared.received_at(cursor.needs());
            one.cursor = Some(cursor);
            consumers.insert(name, one);
        }
        for (name, (count, since, until)) in self.shared.letters().await? {
            let one = consumers
                .entry(name.clone())
                .or_insert_with(|| ConsumerOverview::new(name));
            one.dead_letters = count;
            one.dead_since = Some(since);
            one.dead_until = Some(until);
        }
        let consumers: Vec<_> = stream::iter(consumers.into_values())
            .map(async |mut one| {
                let holder = self.holder(&consumer_key(one.name.as_str())).await?;
                one.process = holder.map(|holder| process_of(&holder));
                Ok::<_, Failure>(one)
            })
            .buffered(GETS)
            .try_collect()
            .await?;
        Ok(Overview {
            last,
            consumers: together(consumers),
        })
    }

    async fn change(&self, change: DeadLetterChange) -> Result<Asked, Failure> {
        self.check()?;
        let id = match &change {
            DeadLetterChange::Replay(id) | DeadLetterChange::Drop(id) => *id,
            _ => {
                let cause = "only a replay or a drop can be asked for";
                return Err(Failure::said(Trouble::Other, cause));
            }
        };
        let DeadLetterId(number) = id;
        let is_there = |index: &Index| index.states.contains_key(&StateName::Dead { id: number });
        if !is_there(&self.shared.index()) {
            return Ok(Asked::Absent);
        }
        let batch = Batch {
            dead: vec![change],
            ..Batch::default()
        };
        match &self.writer {
            Writing::Ingester(_) => drop(self.store(batch.into()).await?),
            Writing::Beside { asker, .. } => {
                let kept = asker.keep(&batch, &Leases::default()).await;
                self.see(kept).await?;
            }
        }
        Ok(Asked::Done)
    }
}

/// The process in what a holder wrote about itself; 0 if it does not say.
fn process_of(holder: &str) -> u32 {
    let rest = holder.strip_prefix("process ").unwrap_or_default();
    let number = rest.split_once(' ').map_or(rest, |(number, _)| number);
    number.parse().unwrap_or(0)
}

impl Inspect for JetStreamJournal {
    /// Names are in the index, so that only the messages of events that fit are read; a page ends at `limit` events, at
    /// 8 MiB, or after 65,536 events.
    fn read_where<'a>(
        &'a self,
        after: Position,
        limit: usize,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<Page, ReadError>> {
        Box::pin(async move {
            let page = self.shared.page_where(after, limit, filter).await;
            page.map_err(Failure::read)
        })
    }

    /// It reads the cursor and the lease of each consumer, and the dead letters that are new since the last call.
    fn overview(&self) -> BoxFuture<'_, Result<Overview, ReadError>> {
        Box::pin(async move { self.look_at_consumers().await.map_err(Failure::read) })
    }

    fn newest(&self, among: u64) -> BoxFuture<'_, Result<Vec<Arc<Event>>, ReadError>> {
        Box::pin(async move { self.shared.newest(among).await.map_err(Failure::read) })
    }

    /// All are in the index; those of events that are not stored any more are gone.
    fn names(&self, limit: usize) -> BoxFuture<'_, Result<Names, ReadError>> {
        let open = self.shared.check_open().map_err(Failure::read);
        Box::pin(std::future::ready(open.map(|()| self.shared.names(limit))))
    }

    /// Every event is counted.
    fn storage<'a>(
        &'a self,
        policy: Retention,
        bounds: &'a [Timestamp],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Storage, ReadError>> {
        Box::pin(async move {
            let storage = self.shared.storage(&policy, bounds, now).await;
            storage.map_err(Failure::read)
        })
    }

    /// The bytes of the stream on one server, which has what is under way to be deleted in it.
    fn size(&self) -> BoxFuture<'_, Result<Size, ReadError>> {
        Box::pin(async move { self.shared.size().await.map_err(Failure::read) })
    }

    /// A journal that is open for reading or for consumers asks the process that appends; without one it fails as
    /// unreachable.
    fn change_letter(&self, change: DeadLetterChange) -> BoxFuture<'_, Result<Asked, AppendError>> {
        Box::pin(async move { self.change(change).await.map_err(Failure::append) })
    }

    fn forget<'a>(&'a self, consumer: &'a ConsumerName) -> BoxFuture<'a, Result<(), AppendError>> {
        Box::pin(self.forget(consumer))
    }

    /// A journal of an older version has no name.
    fn identity(&self) -> BoxFuture<'_, Result<Identity, ReadError>> {
        Box::pin(self.read_identity())
    }

    /// States are read one after another, cursors first and the last position at the end: what is stored meanwhile may be
    /// in them or not.
    fn states(&self) -> BoxFuture<'_, Result<States, ReadError>> {
        Box::pin(self.read_states())
    }

    /// They are hashes, in their order; the stream has nothing else of them.
    fn removed<'a>(
        &'a self,
        after: Option<&'a RemovedOrigin>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RemovedOrigin>, ReadError>> {
        Box::pin(self.read_removed(after, limit))
    }

    fn begin_import(&self, from: Identity) -> BoxFuture<'_, Result<bool, AppendError>> {
        Box::pin(self.transfer(|done| Transfer::Begin(from, done)))
    }

    fn import(&self, events: Vec<Event>) -> BoxFuture<'_, Result<Imported, AppendError>> {
        Box::pin(self.transfer(|done| Transfer::Events(events, done)))
    }

    fn import_removed(
        &self,
        removed: Vec<RemovedOrigin>,
    ) -> BoxFuture<'_, Result<(), AppendError>> {
        Box::pin(self.transfer(|done| Transfer::Removed(removed, done)))
    }

    fn restore(&self, states: States) -> BoxFuture<'_, Result<bool, AppendError>> {
        Box::pin(self.transfer(|done| Transfer::Restore(Box::new(states), done)))
    }
}

#[cfg(test)]
mod tests {
    use super::process_of;

    #[test]
    fn a_holder_tells_its_process() {
        assert_eq!(process_of("process 4711 (00c0ffee)"), 4711);
        assert_eq!(process_of("process 4711"), 4711);
        assert_eq!(process_of("another process"), 0);
    }
}
