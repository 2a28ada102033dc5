//! The rows that a filter takes, in SQL.
//!
//! A row has its source, kind and place by number, so that a filter is three lists of numbers: those of the names that
//! its patterns match. SQLite then passes over all other rows without reading their bodies. Names are only ever added,
//! so that each is matched once.

use std::fmt::Write as _;

use rusqlite::Connection;

use super::trouble::Failure;
use crate::Filter;

/// The statement of the filter that was asked for last.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    filter: Filter,
    /// The last name that was matched; 0 before the first.
    matched: i64,
    kinds: Vec<i64>,
    places: Vec<i64>,
    sources: Vec<i64>,
    /// A select of the rows between two positions, up to a limit.
    pub(super) select: String,
}

impl Chosen {
    /// Brings the statement up to date; false if no row can fit.
    pub(super) fn follow(
        &mut self,
        connection: &Connection,
        filter: &Filter,
    ) -> Result<bool, Failure> {
        if self.filter != *filter {
            *self = Self {
                filter: filter.clone(),
                ..Self::default()
            };
        }
        let before = self.matched;
        let mut names =
            connection.prepare_cached("select id, text from name where id > ?1 order by id")?;
        let mut rows = names.query([self.matched])?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let text = row.get_ref(1)?.as_str().unwrap_or_default();
            // A text may be a kind and a place; a number too many takes no other row.
            for (numbers, takes) in [
                (&mut self.kinds, filter.takes_kind(text)),
                (&mut self.places, filter.takes_place(text)),
                (&mut self.sources, filter.takes_source(text)),
            ] {
                if takes {
                    numbers.push(id);
                }
            }
            self.matched = id;
        }
        if self.select.is_empty() || self.matched > before {
            self.select = self.statement();
        }
        let numbers = [&self.kinds, &self.places, &self.sources];
        let mut fields = filter.takes_all().into_iter().zip(numbers);
        Ok(fields.all(|(all, numbers)| all || !numbers.is_empty()))
    }

    /// The plus signs keep SQLite from the index over origins, whose order is another.
    fn statement(&self) -> String {
        let mut statement =
            String::from("select * from stored where position > ?1 and position <= ?2");
        let [all_kinds, all_places, all_sources] = self.filter.takes_all();
        for (column, all, numbers) in [
            ("kind", all_kinds, &self.kinds),
            ("place", all_places, &self.places),
            ("source", all_sources, &self.sources),
        ] {
            if !all {
                let numbers: Vec<_> = numbers.iter().map(i64::to_string).collect();
                let _ = write!(statement, " and +{column} in ({})", numbers.join(","));
            }
        }
        statement + " order by position limit ?3"
    }
}
