//! A journal's file in a folder of its own.

use std::path::{Path, PathBuf};

use antiphon_journal::SqliteJournal;
use tempfile::TempDir;

pub(crate) fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("journal.sqlite");
    (folder, file)
}

pub(crate) async fn open(file: &Path) -> SqliteJournal {
    SqliteJournal::open(file).await.expect("opened")
}
