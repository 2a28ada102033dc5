//! Maps that drop their oldest entries once they are full.
//!
//! A map has a bound for all entries and may have one for each scope, such as members of one guild.
//! Inserting one more drops the oldest of the scope or of all, so that the maps never hold more than their bounds; nothing
//! waits and nothing fails.

use std::collections::BTreeMap;

use super::size::MemorySize;

/// Bytes of an entry beside its value: its measured share of two or three tree nodes that are not quite full.
///
/// A size of a cache is therefore an estimate, and good enough to compare with a limit of memory.
const ENTRY: usize = 176;

/// A map from a scope and an id in it, such as a guild and a user, with a bound for all entries and one for each scope.
///
/// A replaced value keeps its place in the order; entries over a bound are dropped, the oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Scoped<S, I, V> {
    /// Entries by scope and id, each with its number in the order.
    entries: BTreeMap<(S, I), (u64, V)>,
    /// Scope and id by the order of insertion; the first is the oldest.
    order: BTreeMap<u64, (S, I)>,
    /// Order within each scope, kept only if scopes have a bound.
    scopes: BTreeMap<(S, u64), I>,
    /// Most entries of all scopes; 0 keeps none.
    limit: usize,
    /// Most entries of one scope, if there is such a bound.
    scope_limit: Option<usize>,
    /// Entries of each scope, kept only if scopes have a bound.
    counts: BTreeMap<S, usize>,
    /// Number of the next entry that is inserted.
    next: u64,
    /// Sum of the estimated sizes of all entries.
    bytes: usize,
}

impl<S: Copy + Ord, I: Copy + Ord, V: MemorySize> Scoped<S, I, V> {
    pub(crate) fn new(limit: usize, scope_limit: Option<usize>) -> Self {
        Self {
            entries: BTreeMap::new(),
            order: BTreeMap::new(),
            scopes: BTreeMap::new(),
            limit,
            scope_limit,
            counts: BTreeMap::new(),
            next: 0,
            bytes: 0,
        }
    }

    /// Whether the bounds allow any entry.
    pub(crate) fn is_on(&self) -> bool {
        self.limit > 0 && self.scope_limit != Some(0)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Estimated bytes of all entries.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn get(&self, scope: S, id: I) -> Option<&V> {
        self.entries.get(&(scope, id)).map(|(_, value)| value)
    }

    /// Inserts a value, and returns the one it replaced.
    pub(crate) fn insert(&mut self, scope: S, id: I, value: V) -> Option<V> {
        if !self.is_on() {
            return None;
        }
        let added = entry_size(&value);
        if let Some((_, known)) = self.entries.get_mut(&(scope, id)) {
            self.bytes += added;
            self.bytes -= entry_size(known);
            return Some(std::mem::replace(known, value));
        }
        let seq = self.next;
        self.next += 1;
        self.bytes += added;
        self.entries.insert((scope, id), (seq, value));
        self.order.insert(seq, (scope, id));
        if let Some(limit) = self.scope_limit {
            self.scopes.insert((scope, seq), id);
            let count = self.counts.entry(scope).or_default();
            *count += 1;
            if *count > limit {
                let oldest = self.scopes.range((scope, 0)..).next();
                let oldest = oldest.map(|(_, id)| *id).expect("one was just put in");
                self.remove(scope, oldest);
            }
        }
        if self.entries.len() > self.limit
            && let Some((_, (scope, id))) = self.order.first_key_value()
        {
            let (scope, id) = (*scope, *id);
            self.remove(scope, id);
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
        let (_, value) = self.entries.get_mut(&(scope, id))?;
        self.bytes -= entry_size(value);
        let result = change(value);
        self.bytes += entry_size(value);
        Some(result)
    }

    /// Removes an entry, with its place in the order.
    pub(crate) fn remove(&mut self, scope: S, id: I) -> Option<V> {
        let (seq, value) = self.entries.remove(&(scope, id))?;
        self.bytes -= entry_size(&value);
        self.order.remove(&seq);
        if self.scope_limit.is_some() {
            self.scopes.remove(&(scope, seq));
            if let Some(count) = self.counts.get_mut(&scope) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&scope);
                }
            }
        }
        Some(value)
    }

    /// All entries, the oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (S, I, &V)> {
        self.order.values().filter_map(|(scope, id)| {
            let (_, value) = self.entries.get(&(*scope, *id))?;
            Some((*scope, *id, value))
        })
    }
}

fn entry_size<V: MemorySize>(value: &V) -> usize {
    ENTRY + value.memory_size()
}

impl<S: Copy + Ord, I: Copy + Ord + Lowest, V: MemorySize> Scoped<S, I, V> {
    /// Entries of one scope, sorted by id.
    pub(crate) fn of(&self, scope: S) -> impl Iterator<Item = (I, &V)> {
        self.entries
            .range((scope, I::LOWEST)..)
            .take_while(move |((of, _), _)| *of == scope)
            .map(|((_, id), (_, value))| (*id, value))
    }

    /// Removes all entries of one scope.
    pub(crate) fn clear(&mut self, scope: S) {
        let ids: Vec<I> = self.of(scope).map(|(id, _)| id).collect();
        for id in ids {
            self.remove(scope, id);
        }
    }
}

/// A type with a lowest value.
pub(crate) trait Lowest {
    const LOWEST: Self;
}

impl<M> Lowest for antiphon_discord_model::id::Id<M> {
    const LOWEST: Self = Self::new(1);
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

    fn id(number: u64) -> Id<GenericMarker> {
        Id::new(number)
    }

    #[test]
    fn a_full_map_forgets_the_oldest_and_a_full_scope_its_own() {
        let mut map = Scoped::new(4, Some(2));
        for (scope, number) in [(1, 9), (1, 8), (1, 7), (2, 1), (2, 2)] {
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
        let mut map = Scoped::new(2, None);
        map.insert(1, id(1), 1_u32);
        map.insert(1, id(2), 2);
        assert_eq!(map.insert(1, id(1), 3), Some(1));
        map.insert(1, id(3), 4);
        assert!(map.get(1, id(1)).is_none());
        map.clear(1);
        assert_eq!((map.len(), map.bytes()), (0, 0));
        assert!(map.order.is_empty() && map.scopes.is_empty() && map.counts.is_empty());
    }

    #[test]
    fn a_limit_of_nothing_keeps_nothing() {
        let mut map = Scoped::new(0, None);
        map.insert(1, id(1), 1_u32);
        assert!(!map.is_on() && map.len() == 0);
    }
}
