//! The names that a journal knows: its sources, and the texts of its kinds and places.

use std::sync::Arc;

use antiphon_core::{ReadError, SourceName};

use super::{SqliteJournal, reader::Reader, trouble::Failure};

/// Names of a journal, for a choice among them.
///
/// ```
/// use std::sync::Arc;
///
/// use antiphon_core::{Batch, Draft, Journal, Kind, Origin, Place};
/// use antiphon_journal::SqliteJournal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::TempDir::new()?;
/// let journal = SqliteJournal::open(folder.path().join("events.sqlite")).await?;
/// let at = "2026-01-01T00:00:00Z".parse()?;
/// let said = Draft::new(Kind::from_static("test.said"), Place::new("room/1"), Origin::frame("c", 1), at, "{}");
/// let batch = Batch { events: vec![("choir".into(), said)], ..Batch::default() };
/// journal.append(Arc::new(batch)).await?;
///
/// let names = journal.names(100).await?;
/// assert_eq!(names.sources, ["choir".into()]);
/// assert!(names.texts.iter().any(|text| &**text == "room/1"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Names {
    /// Sources that have brought an event which is still stored, in no particular order.
    pub sources: Vec<SourceName>,
    /// Texts of sources, kinds and places, the newest first; also of events that are not stored any more.
    pub texts: Vec<Arc<str>>,
}

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
