#![doc = include_str!("../README.md")]

mod claims;
mod erased;
#[cfg(feature = "sqlite")]
mod filter;
#[cfg(feature = "jetstream")]
mod jetstream;
mod memory;
mod retention;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "sqlite")]
pub use filter::{Filter, Page};
#[cfg(feature = "jetstream")]
pub use jetstream::{JetStreamJournal, JetStreamOpenError, JetStreamOptions};
pub use memory::MemoryJournal;
#[cfg(feature = "sqlite")]
pub use sqlite::{
    Age, Asked, Bodies, ConsumerOverview, Due, Durability, Imported, Integrity, Names, OpenError,
    Options, Overview, SqliteJournal, States, Storage,
};

/// Most bytes in one page of [`Journal::read`](antiphon_core::Journal::read), unless a single event weighs more.
///
/// Both backends end a page there, so that a reader of large events never holds more than this and one event.
const PAGE_BYTES: usize = 8 << 20;
