//! A map of bounded size.
//!
//! The session remembers ids to know repeats ([`Recent`] of 8,192 events and 4,096 messages). What is forgotten here
//! the journal still knows by the event's origin; remembering only saves it the work.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

/// A map that forgets its oldest key when a new one would be too many.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    values: HashMap<K, V>,
    /// The keys of `values`, each once, in the order in which they came.
    order: VecDeque<K>,
    most: usize,
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    /// An empty map that holds `most` keys.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            values: HashMap::new(),
            order: VecDeque::new(),
            most,
        }
    }

    /// Sets the value of a key, and returns whether the key is new. A known key keeps its age.
    pub(crate) fn insert(&mut self, key: K, value: V) -> bool {
        if self.values.insert(key, value).is_some() {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
        true
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: K) -> Option<&V> {
        self.values.get(&key)
    }

    /// The value of a key, to change.
    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.values.get_mut(&key)
    }

    /// Whether the map has a key.
    pub(crate) fn contains(&self, key: K) -> bool {
        self.values.contains_key(&key)
    }

    /// Number of keys.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        assert_eq!(self.values.len(), self.order.len(), "each key once");
        self.values.len()
    }

    /// Forgets every key.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.order.clear();
    }
}
