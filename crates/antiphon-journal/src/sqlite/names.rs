//! Names of sources, kinds and places: each text is stored once, under a number.
//!
//! A row has three texts that repeat from row to row: source, kind and place. Stored as numbers, they cost a few bytes
//! each. The numbers are never removed, since a text that was used once is used again.

use std::{borrow::Borrow, collections::HashMap, hash::Hash, sync::Arc};

use foldhash::fast::RandomState;
use rusqlite::{Connection, OptionalExtension};

/// Most names in a cache; at the limit the half that was not used for longest is forgotten.
const REMEMBERED: usize = 16_384;

/// A bounded map, made of two halves: the younger one, and the one that was full before it.
///
/// An entry of the older half moves to the younger one when it is used.
#[derive(Debug)]
struct Remembered<K, V> {
    young: HashMap<K, V, RandomState>,
    old: HashMap<K, V, RandomState>,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self {
            young: HashMap::default(),
            old: HashMap::default(),
        }
    }
}

impl<K: Hash + Eq, V: Clone> Remembered<K, V> {
    fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.insert(key, value.clone());
        Some(value)
    }

    fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= REMEMBERED / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

/// The numbers of texts, for the writer.
///
/// A number that was given in a transaction that failed is forgotten with it.
#[derive(Debug, Default)]
pub(super) struct Ids(Remembered<Arc<str>, i64>);

impl Ids {
    /// The number of a text, which is stored if it was not.
    pub(super) fn intern(&mut self, connection: &Connection, text: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.0.get(text) {
            return Ok(id);
        }
        let id = match find(connection, text)? {
            Some(id) => id,
            None => connection
                .prepare_cached("insert into name (text) values (?1)")?
                .insert([text])?,
        };
        self.0.insert(text.into(), id);
        Ok(id)
    }

    /// Empties the cache: after a rollback some numbers were never stored.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// The number of a text, if it was ever stored.
pub(super) fn find(connection: &Connection, text: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("select id from name where text = ?1")?
        .query_row([text], |row| row.get(0))
        .optional()
}

/// The texts of numbers, for readers.
#[derive(Debug, Default)]
pub(super) struct Texts(Remembered<i64, Arc<str>>);

impl Texts {
    pub(super) fn text(&mut self, connection: &Connection, id: i64) -> rusqlite::Result<Arc<str>> {
        if let Some(text) = self.0.get(&id) {
            return Ok(text);
        }
        let text: Arc<str> = connection
            .prepare_cached("select text from name where id = ?1")?
            .query_row([id], |row| row.get(0))?;
        self.0.insert(id, Arc::clone(&text));
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_use_outlives_any_number_of_others() {
        let mut names = Remembered::default();
        names.insert(0, "used");
        for number in 1..10 * REMEMBERED {
            names.insert(number, "once");
            assert_eq!(names.get(&0), Some("used"));
            assert!(names.young.len() + names.old.len() <= REMEMBERED + 1);
        }
        assert_eq!(names.get(&1), None);
    }
}
