//! A person who is erased is in no file of the journal's folder.

#![cfg(feature = "sqlite")]

#[expect(dead_code, reason = "the other promises are kept elsewhere")]
mod contract;

use std::{
    collections::BTreeSet,
    future::{Future, poll_fn},
    io::{BufRead as _, BufReader},
    path::Path,
    pin::pin,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};

use antiphon_core::{Draft, Journal, Person, Position, Retention, Rng};
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

/// A message each second, of which each fifth is hers.
fn draft(number: u64) -> Draft {
    Draft {
        received_at: at(number.cast_signed()),
        ..if number.is_multiple_of(5) {
            of_mira(number)
        } else {
            said(number, "u8", "teo", "hello @mira of the choir")
        }
    }
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
    for polls in [1, 2, 3, 5, 8, 13, 21] {
        let folder = TempDir::new().expect("a folder");
        let journal = open(&folder, false).await;
        fill(&journal).await;
        // Long after her own events, so that those are gone before these are reached.
        let mentions = (2000..2600).map(|n| said(n, "u8", "teo", "where is @mira of the choir"));
        journal.append(events(mentions)).await.expect("stored");
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

/// SQLite moves rows from page to page while a sweep follows what is stored, and leaves copies in the unused part of
/// pages, which `secure_delete` does not overwrite: these seeds left some with it.
#[tokio::test]
async fn rows_that_were_moved_leave_nothing() {
    for seed in [101, 103, 133, 203, 213, 231] {
        let folder = TempDir::new().expect("a folder");
        let journal = open(&folder, false).await;
        let mut rng = Rng::with_seed(seed);
        let policy = Arc::new(Retention {
            keep: Some(seconds(KEPT)),
            ..Retention::default()
        });
        let mut newest = 0;
        for _ in 0..60 {
            let first = newest + 1;
            newest += rng.u64(1..=40);
            let drafts = (first..=newest).map(draft);
            journal.append(events(drafts)).await.expect("stored");
            if rng.u8(..5) < 3 {
                let now = at(newest.cast_signed());
                journal
                    .sweep(Arc::clone(&policy), now)
                    .await
                    .expect("swept");
            }
            if rng.u8(..10) == 0 {
                erase(&journal).await;
            }
        }
        // Her name is known by a message of hers.
        let drafts = (newest + 1..=newest + 5).map(draft);
        journal.append(events(drafts)).await.expect("stored");
        erase(&journal).await;
        journal.close().await.expect("closed");
        is_nowhere(folder.path());
    }
}

/// The journal of the process that is killed, and the first number that it stores.
const KILLED: &str = "ANTIPHON_JOURNAL_KILLED";
const FIRST: &str = "ANTIPHON_JOURNAL_FIRST";
/// Numbers that retention keeps at least.
const KEPT: u64 = 300;

/// Stores, sweeps and erases without an end, and says what is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by other tests, as a process of its own"]
async fn the_killed() {
    let (Some(file), Ok(first)) = (std::env::var_os(KILLED), std::env::var(FIRST)) else {
        return;
    };
    let journal = SqliteJournal::open(file).await.expect("opened");
    let newest = AtomicU64::new(first.parse().expect("a number"));
    let storing = async {
        loop {
            let first = newest.load(Ordering::Relaxed) + 1;
            let drafts = (first..first + 5).map(draft);
            journal.append(events(drafts)).await.expect("stored");
            newest.store(first + 4, Ordering::Relaxed);
            println!("\nstored {}", first + 4);
        }
    };
    let sweeping = async {
        let policy = Arc::new(Retention {
            keep: Some(seconds(KEPT)),
            ..Retention::default()
        });
        loop {
            let now = at(newest.load(Ordering::Relaxed).cast_signed());
            journal
                .sweep(Arc::clone(&policy), now)
                .await
                .expect("swept");
            tokio::task::yield_now().await;
        }
    };
    let erasing = async {
        loop {
            erase(&journal).await;
            println!("\nerased");
        }
    };
    tokio::join!(storing, sweeping, erasing);
}

/// Runs that process until it has said `word` so many times; gives the last number that it said was stored.
fn killed_after(file: &Path, first: u64, word: &str, times: usize) -> u64 {
    let mut killed = Command::new(std::env::current_exe().expect("this program"))
        .args(["the_killed", "--exact", "--ignored", "--nocapture"])
        .env(KILLED, file)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("started");
    let lines = BufReader::new(killed.stdout.take().expect("piped")).lines();
    let (mut last, mut left) = (first, times);
    for line in lines.map(|line| line.expect("text")) {
        if let Some(number) = line.strip_prefix("stored ") {
            last = number.parse().expect("a number");
        }
        left -= usize::from(line.starts_with(word));
        if left == 0 {
            killed.kill().expect("it runs");
            break;
        }
    }
    killed.wait().expect("ended");
    assert_eq!(left, 0, "it ended by itself");
    last
}

/// Numbers of the events that are not hers.
async fn others(journal: &SqliteJournal) -> Vec<u64> {
    let mut after = Position::ZERO;
    let mut numbers = Vec::new();
    loop {
        let page = journal.read(after, 1000).await.expect("read");
        let Some(last) = page.last() else { break };
        after = last.position();
        numbers.extend(page.iter().filter_map(|event| {
            let (_, number) = event.origin().as_str().split_once("u8-")?;
            number.parse::<u64>().ok()
        }));
    }
    numbers
}

#[tokio::test]
async fn kills_beside_traffic_retention_and_an_erasure_cost_nobody_elses_event() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("journal.sqlite");
    let (mut first, mut due) = (0, Vec::new());
    for (word, times) in [
        ("stored", 2),
        ("stored", 31),
        ("erased", 1),
        ("stored", 87),
        ("erased", 2),
        ("stored", 140),
        ("erased", 3),
        ("stored", 53),
    ] {
        let last = killed_after(&file, first, word, times);
        due.extend(first + 1..=last);
        let journal = open(&folder, false).await;
        let stored = others(&journal).await;
        assert!(stored.is_sorted(), "each once, in order");
        let set: BTreeSet<u64> = stored.iter().copied().collect();
        assert_eq!(set.len(), stored.len(), "none twice");
        let newest = stored.last().copied().unwrap_or_default().max(last);
        for number in &due {
            let is_due = number + KEPT > newest && !number.is_multiple_of(5);
            assert!(!is_due || set.contains(number), "{number} is lost");
        }
        // Behind what was stored and not said any more.
        first = newest - newest % 5 + 5;
        journal.close().await.expect("closed");
    }
    let journal = open(&folder, false).await;
    let oldest = others(&journal).await.first().copied();
    assert!(
        oldest > Some(KEPT),
        "retention removed what was old: {oldest:?}"
    );
    erase(&journal).await;
    journal.close().await.expect("closed");
    is_nowhere(folder.path());
}

#[tokio::test]
async fn an_erasure_leaves_nothing_that_other_programs_left() {
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
    assert!(erase(&journal).await.log_is_empty);
    journal
        .append(events([chat_at(2, 2)]))
        .await
        .expect("stored");
    journal.close().await.expect("closed");
    is_nowhere(folder.path());
}
