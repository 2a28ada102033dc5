//! The contract, kept in memory.

#[macro_use]
mod contract;

use antiphon_core::Journal;
use antiphon_journal::MemoryJournal;

impl contract::Backend for MemoryJournal {
    async fn fresh() -> Self {
        Self::new()
    }

    fn journal(&self) -> &dyn Journal {
        self
    }
}

keeps_the_contract!(MemoryJournal);
