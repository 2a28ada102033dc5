//! The names that a journal knows: its sources, and the texts of its kinds and places.

use antiphon_core::{ReadError, SourceName};

use super::{SqliteJournal, reader::Reader, trouble::Failure};
use crate::inspect::Names;

impl SqliteJournal {
    /// Names that the journal knows: all sources, and up to `limit` texts of sources, kinds and places.
    ///
    /// It reads the list of names and one row of an index for each source, and no event.
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    pub async fn names(&self, limit: usize) -> Result<Names, ReadError> {
        self.shared.read(move |reader| reader.names(limit)).await
    }
}

impl Reader {
    fn names(&self, limit: usize) -> Result<Names, Failure> {
        // From source to source along the index over origins, whose first column is the source.
        let mut select = self.connection.prepare_cached(
            "with recursive brought(source) as (
               select min(source) from stored
               union all
               select (select min(source) from stored where source > brought.source) from brought
               where brought.source is not null
             )
             select text from brought join name on id = source",
        )?;
        let sources = select
            .query_map([], |row| row.get::<_, String>(0))?
            .map(|text| Ok(SourceName::from(text?)))
            .collect::<Result<_, Failure>>()?;
        let mut select = self
            .connection
            .prepare_cached("select text from name order by id desc limit ?1")?;
        let texts = select
            .query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        Ok(Names { sources, texts })
    }
}
