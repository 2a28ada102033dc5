//! Maps that drop their oldest entries once they are full.
//!
//! A map has a bound for all entries and may have one for each scope, such as members of one guild.
//! Inserting one more drops the oldest of the scope or of all, so that the maps never hold more than their bounds; nothing
//! waits and nothing fails.
//!
//! The order of a map and the places of its values are numbers in one type that no value is part of, so that its trees are
//! compiled once and not for every kind of object.

use std::{
    collections::{BTreeMap, HashMap},
    marker::PhantomData,
};

use antiphon_discord_model::id::Id;
use slab::Slab;

use super::size::MemorySize;

/// Bytes of an entry beside its value: its measured share of two or three tree nodes that are not quite full, and its
/// place among the values.
///
/// A size of a cache is therefore an estimate, and good enough to compare with a limit of memory.
const ENTRY: usize = 192;

/// A scope or an id, as a number.
pub(crate) trait Key: Copy {
    fn number(self) -> u64;

    /// Reverses [`number`](Self::number).
    fn of_number(number: u64) -> Self;
}

impl<M> Key for Id<M> {
    fn number(self) -> u64 {
        self.get()
    }

    fn of_number(number: u64) -> Self {
        Self::new(number)
    }
}

/// The scope of a map that has only one.
impl Key for () {
    fn number(self) -> u64 {
        0
    }

    fn of_number(_number: u64) -> Self {}
}

/// A scope and an id in it, as numbers.
type Pair = (u64, u64);

/// The order of entries: where each value is, and which entry is the oldest of all and of its scope.
#[derive(Clone, Debug)]
struct Order {
    /// Sequence number of each entry, and the slot of its value.
    entries: BTreeMap<Pair, (u64, usize)>,
    /// Entries by sequence number; the first is the oldest.
    by_age: BTreeMap<u64, Pair>,
    /// Order within each scope, kept only if scopes have a bound.
    in_scope: BTreeMap<Pair, u64>,
    /// Entries of each scope, kept only if scopes have a bound.
    counts: BTreeMap<u64, usize>,
    /// Most entries of all scopes; 0 keeps none.
    limit: usize,
    /// Most entries of one scope, if there is such a bound.
    scope_limit: Option<usize>,
    /// Sequence number of the next entry.
    next: u64,
}

impl Order {
    fn new(limit: usize, scope_limit: Option<usize>) -> Self {
        Self {
            entries: BTreeMap::new(),
            by_age: BTreeMap::new(),
            in_scope: BTreeMap::new(),
            counts: BTreeMap::new(),
            limit,
            scope_limit,
            next: 0,
        }
    }

    fn slot(&self, pair: Pair) -> Option<usize> {
        self.entries.get(&pair).map(|(_, slot)| *slot)
    }

    /// Appends a new entry.
    fn push(&mut self, pair: Pair, slot: usize) {
        let seq = self.next;
        self.next += 1;
        self.entries.insert(pair, (seq, slot));
        self.by_age.insert(seq, pair);
        if self.scope_limit.is_some() {
            self.in_scope.insert((pair.0, seq), pair.1);
            *self.counts.entry(pair.0).or_default() += 1;
        }
    }

    /// The entry that a bound drops after an entry was pushed to a scope.
    fn over(&self, scope: u64) -> Option<Pair> {
        let count = self.counts.get(&scope).copied().unwrap_or_default();
        if self.scope_limit.is_some_and(|limit| count > limit) {
            let (_, id) = self.in_scope.range((scope, 0)..).next()?;
            return Some((scope, *id));
        }
        if self.entries.len() > self.limit {
            return self.by_age.values().next().copied();
        }
        None
    }

    /// Removes an entry; returns the slot of its value.
    fn remove(&mut self, pair: Pair) -> Option<usize> {
        let (seq, slot) = self.entries.remove(&pair)?;
        self.by_age.remove(&seq);
        if self.scope_limit.is_some() {
            self.in_scope.remove(&(pair.0, seq));
            if let Some(count) = self.counts.get_mut(&pair.0) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&pair.0);
                }
            }
        }
        Some(slot)
    }

    /// Ids and slots of one scope, sorted by id.
    fn of(&self, scope: u64) -> impl Iterator<Item = (u64, usize)> {
        self.entries
            .range((scope, 0)..=(scope, u64::MAX))
            .map(|((_, id), (_, slot))| (*id, *slot))
    }

    /// All entries and their slots, the oldest first.
    fn iter(&self) -> impl Iterator<Item = (Pair, usize)> {
        self.by_age
            .values()
            .filter_map(|pair| Some((*pair, self.slot(*pair)?)))
    }
}

/// A map from a scope and an id in it, such as a guild and a user, with a bound for all entries and one for each scope.
///
/// A replaced value keeps its place in the order; entries over a bound are dropped, the oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Scoped<S, I, V> {
    order: Order,
    values: Slab<V>,
    /// Sum of the estimated sizes of all entries.
    bytes: usize,
    keys: PhantomData<(S, I)>,
}

impl<S: Key, I: Key, V: MemorySize> Scoped<S, I, V> {
    pub(crate) fn new(limit: usize, scope_limit: Option<usize>) -> Self {
        Self {
            order: Order::new(limit, scope_limit),
            values: Slab::new(),
            bytes: 0,
            keys: PhantomData,
        }
    }

    /// Whether the bounds allow any entry.
    pub(crate) fn is_on(&self) -> bool {
        self.order.limit > 0 && self.order.scope_limit != Some(0)
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Estimated bytes of all entries.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn get(&self, scope: S, id: I) -> Option<&V> {
        self.values.get(self.order.slot(pair(scope, id))?)
    }

    /// Inserts a value, and returns the one it replaced.
    pub(crate) fn insert(&mut self, scope: S, id: I, value: V) -> Option<V> {
        if !self.is_on() {
            return None;
        }
        let pair = pair(scope, id);
        self.bytes += entry_size(&value);
        if let Some(slot) = self.order.slot(pair) {
            let replaced = std::mem::replace(self.values.get_mut(slot)?, value);
            self.bytes -= entry_size(&replaced);
            return Some(replaced);
        }
        let slot = self.values.insert(value);
        self.order.push(pair, slot);
        while let Some(over) = self.order.over(pair.0) {
            self.take(over);
        }
        None
    }

    /// Changes a value in place; returns the result of `change`, if the value exists.
    pub(crate) fn change<R>(
        &mut self,
        scope: S,
        id: I,
        change: impl FnOnce(&mut V) -> R,
    ) -> Option<R> {
        let value = self.values.get_mut(self.order.slot(pair(scope, id))?)?;
        self.bytes -= entry_size(value);
        let result = change(value);
        self.bytes += entry_size(value);
        Some(result)
    }

    pub(crate) fn remove(&mut self, scope: S, id: I) -> Option<V> {
        self.take(pair(scope, id))
    }

    fn take(&mut self, pair: Pair) -> Option<V> {
        let value = self.values.try_remove(self.order.remove(pair)?)?;
        self.bytes -= entry_size(&value);
        Some(value)
    }

    /// All entries, the oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (S, I, &V)> {
        self.order.iter().filter_map(|((scope, id), slot)| {
            Some((
                S::of_number(scope),
                I::of_number(id),
                self.values.get(slot)?,
            ))
        })
    }

    /// Entries of one scope, sorted by id.
    pub(crate) fn of(&self, scope: S) -> impl Iterator<Item = (I, &V)> {
        self.order
            .of(scope.number())
            .filter_map(|(id, slot)| Some((I::of_number(id), self.values.get(slot)?)))
    }

    /// Removes all entries of one scope.
    pub(crate) fn clear(&mut self, scope: S) {
        let scope = scope.number();
        let ids: Vec<u64> = self.order.of(scope).map(|(id, _)| id).collect();
        for id in ids {
            self.take((scope, id));
        }
    }
}

fn pair(scope: impl Key, id: impl Key) -> Pair {
    (scope.number(), id.number())
}

fn entry_size<V: MemorySize>(value: &V) -> usize {
    ENTRY + value.memory_size()
}

/// A map whose ids are found without their scope.
///
/// The index may name entries that the map has dropped; it is swept when it is twice as long as the map.
#[derive(Clone, Debug)]
pub(crate) struct Indexed<S, I, V> {
    pub(crate) map: Scoped<S, I, V>,
    /// Scope of each id; an id of a dropped entry leads nowhere and is harmless.
    scope_of: HashMap<u64, u64>,
}

impl<S: Key, I: Key, V: MemorySize> Indexed<S, I, V> {
    pub(crate) fn new(limit: usize, scope_limit: Option<usize>) -> Self {
        Self {
            map: Scoped::new(limit, scope_limit),
            scope_of: HashMap::new(),
        }
    }

    /// Scope of an object.
    pub(crate) fn scope(&self, id: I) -> Option<S> {
        self.scope_of.get(&id.number()).copied().map(S::of_number)
    }

    pub(crate) fn get(&self, id: I) -> Option<&V> {
        self.map.get(self.scope(id)?, id)
    }

    /// Inserts a value, and returns the one it replaced.
    pub(crate) fn insert(&mut self, scope: S, id: I, value: V) -> Option<V> {
        if !self.map.is_on() {
            return None;
        }
        // An object that moved to another scope is still the same object.
        let moved = match self.scope_of.insert(id.number(), scope.number()) {
            Some(before) if before != scope.number() => self.map.take((before, id.number())),
            _ => None,
        };
        let replaced = self.map.insert(scope, id, value).or(moved);
        // The map drops entries at its bounds; the index is swept from time to time instead of each time.
        if self.scope_of.len() > 2 * self.map.len() + 64 {
            let order = &self.map.order;
            self.scope_of
                .retain(|id, scope| order.slot((*scope, *id)).is_some());
        }
        replaced
    }

    pub(crate) fn change<R>(&mut self, id: I, change: impl FnOnce(&mut V) -> R) -> Option<R> {
        let scope = self.scope(id)?;
        self.map.change(scope, id, change)
    }

    pub(crate) fn remove(&mut self, id: I) -> Option<V> {
        let scope = self.scope_of.remove(&id.number())?;
        self.map.take((scope, id.number()))
    }

    pub(crate) fn clear(&mut self, scope: S) {
        let ids: Vec<u64> = self
            .map
            .order
            .of(scope.number())
            .map(|(id, _)| id)
            .collect();
        for id in ids {
            self.remove(I::of_number(id));
        }
    }
}

#[cfg(test)]
mod tests {
    use antiphon_discord_model::id::{Id, marker::GenericMarker};

    use super::*;

    impl MemorySize for u32 {
        fn memory_size(&self) -> usize {
            4
        }
    }

    impl Key for u64 {
        fn number(self) -> u64 {
            self
        }

        fn of_number(number: u64) -> Self {
            number
        }
    }

    fn id(number: u64) -> Id<GenericMarker> {
        Id::new(number)
    }

    #[test]
    fn a_full_map_forgets_the_oldest_and_a_full_scope_its_own() {
        let mut map = Scoped::new(4, Some(2));
        for (scope, number) in [(1_u64, 9), (1, 8), (1, 7), (2, 1), (2, 2)] {
            map.insert(scope, id(number), 0_u32);
        }
        let kept: Vec<_> = map.iter().map(|(scope, id, _)| (scope, id.get())).collect();
        assert_eq!(
            kept,
            [(1, 8), (1, 7), (2, 1), (2, 2)],
            "the scope's oldest went"
        );
        map.insert(3, id(1), 0);
        assert_eq!(map.len(), 4);
        assert!(map.get(1, id(8)).is_none(), "the oldest of all went");
    }

    #[test]
    fn a_replaced_value_keeps_its_place_and_an_emptied_map_weighs_nothing() {
        let mut map = Scoped::new(2, Some(2));
        map.insert(1_u64, id(1), 1_u32);
        map.insert(1, id(2), 2);
        assert_eq!(map.insert(1, id(1), 3), Some(1));
        map.insert(1, id(3), 4);
        assert!(map.get(1, id(1)).is_none());
        map.clear(1);
        assert_eq!((map.len(), map.bytes()), (0, 0));
        let order = &map.order;
        assert!(order.by_age.is_empty() && order.in_scope.is_empty() && order.counts.is_empty());
        assert!(map.values.is_empty());
    }

    #[test]
    fn a_limit_of_nothing_keeps_nothing() {
        let mut map = Scoped::new(0, None);
        map.insert(1_u64, id(1), 1_u32);
        assert!(!map.is_on() && map.len() == 0);
    }
}
