//! The contract, kept in an SQLite file.

#![cfg(feature = "sqlite")]

#[macro_use]
mod contract;

use antiphon_core::Journal;
use antiphon_journal::SqliteJournal;
use tempfile::TempDir;

struct Sqlite {
    folder: TempDir,
    journal: SqliteJournal,
}

impl Sqlite {
    async fn open(folder: TempDir) -> Self {
        let journal = SqliteJournal::open(folder.path().join("journal.sqlite"))
            .await
            .expect("opened");
        Self { folder, journal }
    }
}

impl contract::Backend for Sqlite {
    async fn fresh() -> Self {
        Self::open(TempDir::new().expect("a folder")).await
    }

    fn journal(&self) -> &dyn Journal {
        &self.journal
    }
}

impl contract::OnDisk for Sqlite {
    async fn reopened(self) -> Self {
        self.journal.close().await.expect("closed");
        Self::open(self.folder).await
    }
}

keeps_the_contract!(Sqlite, disk);
