#![doc = include_str!("../README.md")]

mod claims;
mod erased;
#[cfg(any(feature = "sqlite", feature = "jetstream"))]
mod filter;
/// Entries of the fuzzers in `fuzz/`, which their corpora go through as ordinary tests.
#[cfg(all(feature = "jetstream", any(test, fuzzing)))]
pub mod fuzz {
    pub use crate::jetstream::fuzz::message;
}
#[cfg(any(feature = "sqlite", feature = "jetstream"))]
mod inspect;
#[cfg(feature = "jetstream")]
mod jetstream;
mod memory;
mod retention;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlite", feature = "jetstream"))]
mod workers;

#[cfg(any(feature = "sqlite", feature = "jetstream"))]
pub use filter::{Filter, Page};
#[cfg(any(feature = "sqlite", feature = "jetstream"))]
pub use inspect::{
    Age, Asked, Bodies, ConsumerOverview, Due, HIGHEST, Identity, Imported, Inspect, KnownOrigin,
    Names, Overview, PendingDeletion, RemovedOrigin, Size, States, Storage, WorkerOverview,
};
#[cfg(feature = "jetstream")]
pub use jetstream::{
    JetStreamJournal, JetStreamOpenError, JetStreamOptions, JetStreamPeer, JetStreamServer,
    JetStreamStream,
};
pub use memory::MemoryJournal;
#[cfg(feature = "sqlite")]
pub use sqlite::{Durability, Integrity, OpenError, Options, SqliteJournal};

/// Most bytes in one page of [`Journal::read`](antiphon_core::Journal::read), unless a single event weighs more.
///
/// Both backends end a page there, so that a reader of large events never holds more than this and one event.
const PAGE_BYTES: usize = 8 << 20;
