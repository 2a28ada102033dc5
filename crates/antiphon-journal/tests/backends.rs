//! The contract, kept by every backend, and the backends compared with one another.

#[macro_use]
mod contract;

mod memory {
    use antiphon_core::Journal;
    use antiphon_journal::MemoryJournal;

    use crate::contract::Backend;

    impl Backend for MemoryJournal {
        async fn fresh() -> Self {
            Self::new()
        }

        fn journal(&self) -> &dyn Journal {
            self
        }

        async fn cramp(&self, cramped: bool) {
            self.limit(cramped.then_some(100_000));
        }
    }

    keeps_the_contract!(MemoryJournal);
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use antiphon_core::Journal;
    use antiphon_journal::SqliteJournal;
    use tempfile::TempDir;

    use crate::contract::{Backend, OnDisk};

    pub(crate) struct Sqlite {
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

    impl Backend for Sqlite {
        async fn fresh() -> Self {
            Self::open(TempDir::new().expect("a folder")).await
        }

        fn journal(&self) -> &dyn Journal {
            &self.journal
        }

        async fn cramp(&self, cramped: bool) {
            let limit = self.journal.limit(cramped.then_some(0));
            limit.await.expect("limited");
        }
    }

    impl OnDisk for Sqlite {
        async fn reopened(self) -> Self {
            self.journal.close().await.expect("closed");
            Self::open(self.folder).await
        }

        async fn dropped(self) -> Self {
            drop(self.journal);
            Self::open(self.folder).await
        }
    }

    keeps_the_contract!(Sqlite, disk);
}
