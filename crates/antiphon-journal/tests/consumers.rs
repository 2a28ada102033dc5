//! A journal's file as processes open it that have consumers alone.

#![cfg(feature = "sqlite")]

#[expect(
    dead_code,
    reason = "the words of the contract's tests, not all of its promises"
)]
mod contract;
mod file;

use std::{path::Path, sync::Arc, time::Duration};

use antiphon_core::{Batch, Cursor, Journal, Position, Role, Trouble};
use antiphon_journal::{OpenError, Options, SqliteJournal};
use contract::{append, chat, events, numbers};
use file::{folder, open};
use rusqlite::Connection;

async fn for_consumers(file: &Path) -> Result<SqliteJournal, OpenError> {
    let options = Options::new().wait(Duration::ZERO);
    SqliteJournal::for_consumers_with(file, options).await
}

#[track_caller]
fn refused(opened: Result<SqliteJournal, OpenError>, trouble: Trouble) {
    let error = opened.expect_err("it must not open");
    let cause = std::error::Error::source(&error);
    assert_eq!(error.trouble(), trouble, "{error}: {cause:?}");
}

fn cursor(read: u64) -> Arc<Batch> {
    Arc::new(Batch {
        cursors: vec![("app".into(), Cursor::at(Position::new(read)))],
        ..Batch::default()
    })
}

#[tokio::test]
async fn what_is_no_journal_yet_or_another_thing_is_not_made_one_by_a_consumer() {
    let (_folder, file) = folder();
    refused(for_consumers(&file).await, Trouble::Other);
    assert!(!file.exists());
    std::fs::write(&file, "").expect("written");
    refused(for_consumers(&file).await, Trouble::Empty);
    assert_eq!(file.metadata().expect("there").len(), 0);
    std::fs::write(&file, "dear diary, ".repeat(1000)).expect("written");
    refused(for_consumers(&file).await, Trouble::Corrupt);
}

#[tokio::test]
async fn an_older_file_is_upgraded_for_consumers_unless_somebody_appends_to_it() {
    let (_folder, file) = folder();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/journal");
    std::fs::copy(root.join("v2.sqlite"), &file).expect("copied");
    let before = {
        let reader = SqliteJournal::read_only(&file).await.expect("opened");
        assert_eq!(reader.role(), Role::Reader);
        reader.read(Position::ZERO, 1000).await.expect("read")
    };
    // As an older version holds it.
    let lock = std::fs::File::create(file.with_extension("sqlite.lock")).expect("made");
    lock.lock().expect("free");
    refused(for_consumers(&file).await, Trouble::Locked);
    lock.unlock().expect("given up");
    let journal = for_consumers(&file).await.expect("upgraded");
    assert_eq!(
        journal.read(Position::ZERO, 1000).await.expect("read"),
        before
    );
    let claim = journal.claim(&"app".into()).await.expect("free");
    journal.append(cursor(1)).await.expect("stored");
    drop(claim);
}

#[tokio::test]
async fn a_file_beside_another_ones_lock_is_not_written() {
    let (folder, file) = folder();
    let journal = open(&file).await;
    append(&journal, events([chat(1)])).await;
    journal.close().await.expect("closed");
    // A copy takes its place, as a restore does: the log that a kill left would be the former file's.
    let copy = folder.path().join("copy.sqlite");
    std::fs::copy(&file, &copy).expect("copied");
    std::fs::rename(&copy, &file).expect("moved");
    refused(for_consumers(&file).await, Trouble::Changed);
    // The process that appends decides, and signs the lock.
    let journal = open(&file).await;
    for_consumers(&file).await.expect("opened");
    journal.close().await.expect("closed");
}

#[tokio::test]
async fn a_consumer_whose_lock_file_is_gone_stores_nothing_more() {
    let (folder, file) = folder();
    let ingester = open(&file).await;
    append(&ingester, events([chat(1)])).await;
    let journal = for_consumers(&file).await.expect("opened");
    let claim = journal.claim(&"app".into()).await.expect("free");
    journal.append(cursor(1)).await.expect("stored");
    let lock = folder.path().join("journal.sqlite.app.consumer");
    std::fs::remove_file(lock).expect("removed");
    let lost = journal.lost().await;
    assert_eq!(lost.trouble(), Trouble::Changed);
    let error = journal.append(cursor(2)).await.expect_err("refused");
    assert_eq!(error.trouble(), Trouble::Changed);
    assert!(!error.is_transient());
    // Reading, and the process that appends, go on.
    assert_eq!(numbers(&journal).await, [1]);
    append(&ingester, events([chat(2)])).await;
    drop(claim);
}

#[tokio::test]
async fn a_consumer_waits_for_the_one_before_it_to_end() {
    let (_folder, file) = folder();
    let ingester = open(&file).await;
    let patient = SqliteJournal::for_consumers(&file).await.expect("opened");
    let claim = ingester.claim(&"app".into()).await.expect("free");
    let app = "app".into();
    let mut next = patient.claim(&app);
    // It has looked once, and waits.
    let polled =
        std::future::poll_fn(|context| std::task::Poll::Ready(next.as_mut().poll(context)));
    assert!(polled.await.is_pending());
    drop(claim);
    let claim = next.await;
    drop(claim.expect("it was given up in time"));
}

#[tokio::test]
async fn a_write_that_is_under_way_elsewhere_is_waited_for_and_named() {
    let (_folder, file) = folder();
    let ingester = open(&file).await;
    append(&ingester, events([chat(1)])).await;
    let journal = for_consumers(&file).await.expect("opened");
    let claim = journal.claim(&"app".into()).await.expect("free");
    let tool = Connection::open(&file).expect("opened");
    tool.execute_batch("begin immediate").expect("begun");
    let error = journal.append(cursor(1)).await.expect_err("it is held");
    assert_eq!(error.trouble(), Trouble::Locked);
    assert!(error.is_transient());
    tool.execute_batch("rollback").expect("ended");
    journal.append(cursor(1)).await.expect("stored");
    drop(claim);
}

#[tokio::test]
async fn a_consumer_that_is_away_can_be_forgotten_and_one_that_is_there_cannot() {
    let (_folder, file) = folder();
    let ingester = open(&file).await;
    append(&ingester, events([chat(1)])).await;
    let journal = for_consumers(&file).await.expect("opened");
    let other = for_consumers(&file).await.expect("opened");
    let app = "app".into();
    let claim = journal.claim(&app).await.expect("free");
    journal.append(cursor(1)).await.expect("stored");
    let error = other.forget(&app).await.expect_err("it is there");
    assert_eq!(error.trouble(), Trouble::Locked);
    assert!(journal.cursor(&app).await.expect("read").is_some());
    drop(claim);
    other.forget(&app).await.expect("forgotten");
    assert_eq!(ingester.cursor(&app).await.expect("read"), None);
}
