//! Names of sources, kinds and places: each text is stored once, under a number.
//!
//! A row has three texts that repeat from row to row: source, kind and place. Stored as numbers, they cost a few bytes
//! each. The numbers are never removed, since a text that was used once is used again.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, OptionalExtension};

/// Most names in a cache; at the limit it is emptied and filled again.
const REMEMBERED: usize = 16_384;

/// The numbers of texts, for the writer.
///
/// A number that was given in a transaction that failed is forgotten with it.
#[derive(Debug, Default)]
pub(super) struct Ids(HashMap<Arc<str>, i64>);

impl Ids {
    /// The number of a text, which is stored if it was not.
    pub(super) fn intern(&mut self, connection: &Connection, text: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.0.get(text) {
            return Ok(*id);
        }
        let id = match find(connection, text)? {
            Some(id) => id,
            None => connection
                .prepare_cached("insert into name (text) values (?1)")?
                .insert([text])?,
        };
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(text.into(), id);
        Ok(id)
    }

    /// Empties the cache: after a rollback some numbers were never stored.
    pub(super) fn forget(&mut self) {
        self.0.clear();
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
pub(super) struct Texts(HashMap<i64, Arc<str>>);

impl Texts {
    pub(super) fn text(&mut self, connection: &Connection, id: i64) -> rusqlite::Result<Arc<str>> {
        if let Some(text) = self.0.get(&id) {
            return Ok(Arc::clone(text));
        }
        let text: Arc<str> = connection
            .prepare_cached("select text from name where id = ?1")?
            .query_row([id], |row| row.get(0))?;
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(id, Arc::clone(&text));
        Ok(text)
    }
}
