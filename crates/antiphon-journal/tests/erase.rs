//! A person who is erased is in no file of the journal's folder.

#![cfg(feature = "sqlite")]

#[expect(dead_code, reason = "the other promises are kept elsewhere")]
mod contract;

use std::{
    future::{Future, poll_fn},
    path::Path,
    pin::pin,
    sync::Arc,
    task::Poll,
};

use antiphon_core::{Draft, Journal, Person, Position, Retention};
use antiphon_journal::{Options, SqliteJournal};
use rusqlite::Connection;
use tempfile::TempDir;

use contract::{MIRA, RULE, at, chat_at, erase, events, said, seconds};

/// What must be found nowhere.
const TRACES: [&str; 3] = [MIRA, "mira of the choir", "nobody else says this"];

async fn open(folder: &TempDir, compress: bool) -> SqliteJournal {
    let options = Options::new().compress(compress);
    SqliteJournal::open_with(folder.path().join("journal.sqlite"), options)
        .await
        .expect("opened")
}

fn of_mira(n: u64) -> Draft {
    let text = format!(
        "nobody else says this {n} {}",
        "la ".repeat(usize::try_from(n % 900).expect("small"))
    );
    said(n, MIRA, "mira of the choir", &text)
}

/// A life of a journal: events of many, some removed by retention before anybody is erased, so that free pages and
/// pages that were split have remains.
async fn fill(journal: &SqliteJournal) {
    for round in 0..40_u64 {
        let drafts = (0..25).map(|n| {
            let number = round * 25 + n;
            let mut draft = if number % 3 == 0 {
                of_mira(number)
            } else {
                said(number, "u8", "teo", "hello @mira of the choir, how are you")
            };
            // Origins in no order, so that the index is split.
            draft.origin = antiphon_core::Origin::from(format!(
                "{:03}/{}",
                (number * 7919) % 1000,
                draft.origin
            ));
            draft.received_at = at(i64::try_from(number).expect("small"));
            draft
        });
        journal.append(events(drafts)).await.expect("stored");
    }
    let policy = Retention {
        keep: Some(seconds(700)),
        ..Retention::default()
    };
    let swept = journal.sweep(Arc::new(policy), at(1000)).await;
    assert!(swept.expect("swept").removed > 200);
}

/// Every file of the folder, in its raw bytes, and every body, expanded.
#[track_caller]
fn is_nowhere(folder: &Path) {
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("read");
        for trace in TRACES {
            let found = bytes
                .windows(trace.len())
                .position(|window| window == trace.as_bytes());
            assert_eq!(found, None, "`{trace}` in {}", path.display());
        }
    }
    let file = Connection::open(folder.join("journal.sqlite")).expect("opened");
    let mut dictionaries = file
        .prepare("select bytes from dictionary")
        .expect("a table");
    let dictionaries: Vec<Vec<u8>> = dictionaries
        .query_map([], |row| row.get(0))
        .expect("read")
        .collect::<Result<_, _>>()
        .expect("read");
    for dictionary in dictionaries {
        let text = String::from_utf8_lossy(&dictionary);
        assert!(TRACES.iter().all(|trace| !text.contains(trace)));
    }
}

async fn is_in_no_event(journal: &SqliteJournal) {
    let mut after = Position::ZERO;
    let mut read = 0;
    loop {
        let page = journal.read(after, 1000).await.expect("read");
        let Some(last) = page.last() else { break };
        after = last.position();
        for event in &page {
            let text = format!("{event:?}{}", String::from_utf8_lossy(event.body()));
            for trace in TRACES {
                assert!(!text.contains(trace), "{trace} in {text}");
            }
            read += 1;
        }
    }
    assert!(read > 500, "the rest is there");
}

#[tokio::test]
async fn an_erased_person_is_in_no_file() {
    for compress in [false, true] {
        let folder = TempDir::new().expect("a folder");
        let journal = open(&folder, compress).await;
        fill(&journal).await;
        let erased = erase(&journal).await;
        let (gone, cut) = erased.total();
        assert!(gone > 100 && cut > 200, "{erased:?}");
        assert!(erased.origins > 50 && erased.log_is_empty, "{erased:?}");
        is_in_no_event(&journal).await;
        journal.close().await.expect("closed");
        is_nowhere(folder.path());

        // What retention had removed before is known as well.
        let journal = open(&folder, compress).await;
        let mut early = of_mira(3);
        early.origin =
            antiphon_core::Origin::from(format!("{:03}/{}", 3 * 7919 % 1000, early.origin));
        let again = journal.append(events([early])).await.expect("stored");
        assert_eq!(again.repeats, 1);
        // And the journal goes on.
        let next = journal.append(events([chat_at(5000, 5000)])).await;
        assert_eq!(next.expect("stored").events.len(), 1);
    }
}

#[tokio::test]
async fn an_erasure_that_was_cut_off_anywhere_is_finished_by_the_next() {
    for polls in [1, 2, 3, 5, 8, 13] {
        let folder = TempDir::new().expect("a folder");
        let journal = open(&folder, false).await;
        fill(&journal).await;
        let mut mira = Person::new([&RULE], MIRA);
        mira.survey(&journal).await.expect("read");
        {
            let mut erasing = pin!(journal.erase(Arc::new(mira)));
            let mut left = polls;
            poll_fn(|context| {
                if erasing.as_mut().poll(context).is_ready() || left == 0 {
                    return Poll::Ready(());
                }
                left -= 1;
                Poll::Pending
            })
            .await;
        }
        // It waits for the job that is under way, which ends by itself.
        journal.close().await.expect("closed");
        let journal = open(&folder, false).await;
        erase(&journal).await;
        is_in_no_event(&journal).await;
        journal.close().await.expect("closed");
        is_nowhere(folder.path());
    }
}

#[tokio::test]
async fn commits_go_on_while_a_person_is_erased() {
    let folder = TempDir::new().expect("a folder");
    let journal = open(&folder, false).await;
    fill(&journal).await;
    let mut mira = Person::new([&RULE], MIRA);
    mira.survey(&journal).await.expect("read");
    let mut erasing = pin!(journal.erase(Arc::new(mira)));
    let mut stored = 0;
    let erased = loop {
        let batch = events([chat_at(10_000 + stored, 5000)]);
        tokio::select! {
            biased;
            erased = &mut erasing => break erased.expect("erased"),
            appended = journal.append(batch) => {
                stored += appended.expect("stored").events.len() as u64;
            }
        }
    };
    assert!(stored > 3, "{stored} commits beside {erased:?}");
}

#[tokio::test]
async fn a_vacuum_leaves_nothing_that_other_programs_left() {
    let folder = TempDir::new().expect("a folder");
    let journal = open(&folder, false).await;
    journal
        .append(events([chat_at(1, 1)]))
        .await
        .expect("stored");
    let tool = Connection::open(folder.path().join("journal.sqlite")).expect("opened");
    tool.pragma_update_and_check(None, "secure_delete", "off", |_| Ok(()))
        .expect("set");
    tool.execute_batch(&format!(
        "create table note (text text); insert into note values ('{MIRA}'); insert into note values ('x'); \
         delete from note where text <> 'x'; pragma wal_checkpoint(truncate)"
    ))
    .expect("written");
    drop(tool);
    assert!(journal.vacuum().await.expect("done"));
    journal
        .append(events([chat_at(2, 2)]))
        .await
        .expect("stored");
    journal.close().await.expect("closed");
    is_nowhere(folder.path());
}
