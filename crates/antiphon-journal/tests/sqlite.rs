//! The promises of a file alone: permissions, locks, other processes, damage, power.

#![cfg(feature = "sqlite")]

#[expect(
    dead_code,
    reason = "the words of the contract's tests, not all of its promises"
)]
#[macro_use]
mod contract;
mod file;

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{
    Batch, Cursor, DeadLetterChange, DeadLetterId, Draft, Journal, Position, Retention, Trouble,
};
use antiphon_journal::{Asked, Durability, Filter, Options, SqliteJournal};
use contract::{
    all, append, at, bury, chat, checkpoint, choir, dead, events, letter, letters, numbers, seconds,
};
use file::{folder, open};
use rusqlite::Connection;

/// A closed journal with one event in it.
async fn written(file: &Path) {
    let journal = open(file).await;
    append(&journal, events([chat(1)])).await;
    journal.close().await.expect("closed");
}

#[track_caller]
fn refused(opened: Result<SqliteJournal, antiphon_journal::OpenError>, trouble: Trouble) -> String {
    let error = opened.expect_err("it must not open");
    assert_eq!(
        error.trouble(),
        trouble,
        "{error}: {:?}",
        std::error::Error::source(&error)
    );
    assert_eq!(error.hint(), trouble.hint());
    error.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_set_beside_many_workers_may_append() {
    let (_folder, file) = folder();
    let local = tokio::task::LocalSet::new();
    let stored = local.run_until(async {
        let journal = open(&file).await;
        append(&journal, events([chat(1)])).await;
        numbers(&journal).await
    });
    assert_eq!(stored.await, [1]);
}

#[tokio::test]
async fn any_sqlite_tool_shows_events_readably() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    let mut text = chat(1);
    text.body = r#"{"message":"hé"}"#.into();
    text.received_at = "2026-01-02T03:04:05.678901Z".parse().expect("a time");
    text.note = Some(r#"{"n":1}"#.into());
    let mut binary = chat(2);
    binary.body = vec![0, 255].into();
    binary.form = antiphon_core::BodyForm::Binary;
    append(&journal, events([text, binary])).await;
    let tool = Connection::open(&file).expect("opened");
    let row: (String, String, String) = tool
        .query_row("select kind, place, body from event limit 5", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .expect("a row");
    assert_eq!(row.0, "queup.chat-message");
    assert_eq!(row.1, "room/loft");
    assert_eq!(row.2, r#"{"message":"hé"}"#);
    let row: (i64, String, String, String, String, String, String) = tool
        .query_row(
            "select position, source, origin, provenance, received_at, form, note from event",
            [],
            |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get(5)?,
                    row.get(6)?,
                ))
            },
        )
        .expect("a row");
    assert_eq!(
        (row.0, row.1.as_str(), row.2.as_str()),
        (1, "choir", "chat/000001")
    );
    assert_eq!(
        (row.3.as_str(), row.4.as_str()),
        ("live", "2026-01-02T03:04:05.678901Z")
    );
    assert_eq!((row.5.as_str(), row.6.as_str()), ("json", r#"{"n":1}"#));
    let body: String = tool
        .query_row("select body from event where form = 'binary'", [], |row| {
            row.get(0)
        })
        .expect("a row");
    assert_eq!(body, "X'00FF'");
}

#[cfg(unix)]
#[tokio::test]
async fn every_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, file) = folder();
    let journal = open(&file).await;
    append(&journal, events([chat(1)])).await;
    let mut names = Vec::new();
    for entry in folder.path().read_dir().expect("a folder") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().expect("plain"));
    }
    names.sort_unstable();
    let expected = [
        "journal.sqlite",
        "journal.sqlite-shm",
        "journal.sqlite-wal",
        "journal.sqlite.lock",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_second_appender_is_refused_until_the_first_is_closed() {
    let (folder, file) = folder();
    let journal = open(&file).await;
    let error = refused(SqliteJournal::open(&file).await, Trouble::Locked);
    assert!(
        error.ends_with("journal.sqlite` could not be opened: another process holds it"),
        "{error}"
    );
    // The same file by another name.
    #[cfg(unix)]
    {
        let alias = folder.path().join("alias.sqlite");
        std::os::unix::fs::symlink(&file, &alias).expect("linked");
        refused(SqliteJournal::open(&alias).await, Trouble::Locked);
    }
    let around = folder.path().join(".").join("journal.sqlite");
    refused(SqliteJournal::open(&around).await, Trouble::Locked);
    journal.close().await.expect("closed");
    let journal = open(&file).await;
    drop(journal);
    open(&file).await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_beside_the_appender_follows_it() {
    let (_folder, file) = folder();
    let daemon = open(&file).await;
    append(&daemon, events([chat(1)])).await;
    let tail = SqliteJournal::read_only(&file).await.expect("opened");
    assert_eq!(numbers(&tail).await, [1]);
    for n in 2..5 {
        let mut last = tail.last();
        let known = *last.borrow_and_update();
        append(&daemon, events([chat(n)])).await;
        last.wait_for(|last| *last > known).await.expect("open");
        assert_eq!(all(&tail).await.len() as u64, n);
        // Nobody watches between two rounds, so that the polling ends and begins again.
        drop(last);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    daemon.close().await.expect("closed");
    assert_eq!(numbers(&tail).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let (_folder, file) = folder();
    written(&file).await;
    let reader = SqliteJournal::read_only(&file).await.expect("opened");
    let error = reader.append(events([chat(2)])).await.expect_err("refused");
    assert_eq!(error.trouble(), Trouble::ReadOnly);
    let error = reader
        .sweep(Arc::default(), at(0))
        .await
        .expect_err("refused");
    assert_eq!(error.trouble(), Trouble::ReadOnly);
    // A reader does not keep an appender away.
    let journal = open(&file).await;
    append(&journal, events([chat(2)])).await;
    reader.close().await.expect("closed");
    let error = reader.read(Position::ZERO, 1).await.expect_err("closed");
    assert_eq!(error.trouble(), Trouble::Closed);
}

#[tokio::test]
async fn reading_makes_no_file() {
    let (folder, file) = folder();
    refused(SqliteJournal::read_only(&file).await, Trouble::Other);
    let ask = SqliteJournal::ask(&file, DeadLetterChange::Drop(DeadLetterId(1)));
    assert_eq!(ask.await.expect_err("not there").trouble(), Trouble::Other);
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 0);
}

#[tokio::test]
async fn another_process_changes_dead_letters_while_nobody_appends() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    let stored = append(&journal, events([chat(1)])).await;
    append(&journal, dead([bury(letter("announce", &stored[0]))])).await;
    journal.close().await.expect("closed");
    let ask = |change| SqliteJournal::ask(&file, change);
    let one = DeadLetterId(1);
    assert_eq!(
        ask(DeadLetterChange::Replay(one)).await.expect("asked"),
        Asked::Done
    );
    let reader = SqliteJournal::read_only(&file).await.expect("opened");
    assert!(letters(&reader).await[0].replay);
    assert_eq!(
        ask(DeadLetterChange::Drop(one)).await.expect("asked"),
        Asked::Done
    );
    assert_eq!(letters(&reader).await, []);
    assert_eq!(
        ask(DeadLetterChange::Drop(one)).await.expect("asked"),
        Asked::Absent
    );
    let bury = bury(letter("announce", &stored[0]));
    assert_eq!(
        ask(bury).await.expect_err("refused").trouble(),
        Trouble::Other
    );
    // Positions go on where they were.
    let next = append(&open(&file).await, events([chat(2)])).await;
    assert_eq!(next[0].position(), stored[0].position().next());
}

#[tokio::test(start_paused = true)]
async fn another_process_asks_the_one_that_appends() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    let stored = append(&journal, events([chat(1), chat(2)])).await;
    append(
        &journal,
        dead(stored.iter().map(|event| bury(letter("announce", event)))),
    )
    .await;
    let ask = |change| SqliteJournal::ask(&file, change);
    let mut replays = journal.replays();
    let asked = ask(DeadLetterChange::Replay(DeadLetterId(2))).await;
    assert_eq!(asked.expect("asked"), Asked::Queued);
    // The journal is idle, and its watchers see the request all the same.
    replays
        .wait_for(|replays| *replays == 1)
        .await
        .expect("open");
    let replayed: Vec<_> = letters(&journal)
        .await
        .iter()
        .map(|letter| letter.replay)
        .collect();
    assert_eq!(replayed, [false, true]);
    drop(replays);
    tokio::time::sleep(Duration::from_secs(2)).await;
    // Nobody watches; the next commit carries the request out.
    let asked = ask(DeadLetterChange::Drop(DeadLetterId(1))).await;
    assert_eq!(asked.expect("asked"), Asked::Queued);
    assert_eq!(letters(&journal).await.len(), 2);
    append(&journal, events([chat(3)])).await;
    assert_eq!(letters(&journal).await.len(), 1);
    let tool = Connection::open(&file).expect("opened");
    let waiting: i64 = tool
        .query_row("select count(*) from request", [], |row| row.get(0))
        .expect("a row");
    assert_eq!(waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn watching_an_idle_journal_does_not_stop_a_paused_clock() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    let _replays = journal.replays();
    tokio::time::sleep(Duration::from_secs(600)).await;
    journal.close().await.expect("closed");
    tokio::time::sleep(Duration::from_secs(600)).await;
}

#[tokio::test]
async fn a_full_file_takes_events_again_once_there_is_room() {
    let (_folder, file) = folder();
    let options = Options::new().max_bytes(300_000);
    let journal = SqliteJournal::open_with(&file, options)
        .await
        .expect("opened");
    let batch = |from: u64| {
        events((from..from + 10).map(|n| Draft {
            body: vec![b'x'; 2000].into(),
            ..chat(n)
        }))
    };
    let mut from = 0;
    let refused = loop {
        let batch = batch(from);
        match journal.append(Arc::clone(&batch)).await {
            Ok(_) => from += 10,
            Err(error) => {
                assert_eq!(error.trouble(), Trouble::Full);
                break batch;
            }
        }
    };
    assert!(from > 50, "{from}");
    assert_eq!(numbers(&journal).await.len() as u64, from);
    // Retention makes room, and the same batch is stored.
    let policy = Retention {
        max_bytes: Some(150_000),
        ..Retention::default()
    };
    let sweep = journal
        .sweep(Arc::new(policy), at(0))
        .await
        .expect("sweeping needs no room");
    assert!(sweep.removed > 10, "{sweep:?}");
    assert_eq!(append(&journal, refused).await.len(), 10);
    let length = file.metadata().expect("there").len();
    assert!(length <= 300_000, "{length}");
}

/// Environment variable with a folder on a file system of a few megabytes, for the test that fills it.
const SMALL_DISK: &str = "ANTIPHON_JOURNAL_SMALL_DISK";

#[tokio::test]
#[ignore = "needs a file system of a few megabytes, named by ANTIPHON_JOURNAL_SMALL_DISK"]
async fn a_full_disk_takes_events_again_once_there_is_room() {
    let folder = PathBuf::from(std::env::var_os(SMALL_DISK).expect("a folder"));
    let (file, filler) = (folder.join("journal.sqlite"), folder.join("filler"));
    std::fs::write(&filler, vec![0; 1 << 20]).expect("written");
    let journal = open(&file).await;
    let mut n = 0;
    let refused = loop {
        let batch = events((n..n + 10).map(|n| Draft {
            body: vec![b'x'; 3000].into(),
            ..chat(n)
        }));
        match journal.append(Arc::clone(&batch)).await {
            Ok(_) => n += 10,
            Err(error) => {
                assert_eq!(error.trouble(), Trouble::Full);
                break batch;
            }
        }
    };
    journal
        .append(Arc::clone(&refused))
        .await
        .expect_err("still full");
    assert_eq!(every_number(&journal).await.len() as u64, n);
    std::fs::remove_file(&filler).expect("removed");
    append(&journal, refused).await;
    assert_eq!(every_number(&journal).await.len() as u64, n + 10);
    journal.close().await.expect("closed");
    assert_eq!(every_number(&open(&file).await).await.len() as u64, n + 10);
}

#[tokio::test]
async fn a_folder_in_the_journals_place_is_named_as_such() {
    let (folder, _) = folder();
    let error = SqliteJournal::read_only(folder.path())
        .await
        .expect_err("not a file");
    let cause = std::error::Error::source(&error).expect("a cause");
    assert!(cause.to_string().contains("directory"), "{cause}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named_as_such() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, file) = folder();
    let permissions = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(folder.path(), permissions(0o500)).expect("set");
    if std::fs::write(folder.path().join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write everywhere");
        return;
    }
    refused(SqliteJournal::open(&file).await, Trouble::ReadOnly);
    std::fs::set_permissions(folder.path(), permissions(0o700)).expect("set");
    written(&file).await;
    // A file that cannot be written.
    std::fs::set_permissions(&file, permissions(0o400)).expect("set");
    refused(SqliteJournal::open(&file).await, Trouble::ReadOnly);
    std::fs::set_permissions(&file, permissions(0o600)).expect("set");
    let journal = open(&file).await;
    assert_eq!(numbers(&journal).await, [1]);
    journal.close().await.expect("closed");
    // Reading needs no right to write.
    std::fs::set_permissions(folder.path(), permissions(0o500)).expect("set");
    let reader = SqliteJournal::read_only(&file).await.expect("opened");
    assert_eq!(numbers(&reader).await, [1]);
    std::fs::set_permissions(folder.path(), permissions(0o700)).expect("set");
}

#[tokio::test]
async fn a_file_of_another_kind_is_named_as_such_and_left_alone() {
    let (folder, file) = folder();
    let alone = || {
        let beside = std::fs::read_dir(folder.path()).expect("the folder");
        beside.count() == 1
    };
    let text = "dear diary, ".repeat(1000);
    std::fs::write(&file, &text).expect("written");
    refused(SqliteJournal::open(&file).await, Trouble::Corrupt);
    refused(SqliteJournal::read_only(&file).await, Trouble::Corrupt);
    assert_eq!(std::fs::read_to_string(&file).expect("read"), text);
    assert!(alone(), "no lock is left beside it");
    std::fs::remove_file(&file).expect("removed");

    Connection::open(&file)
        .and_then(|other| other.execute_batch("create table song (name text)"))
        .expect("made");
    let before = std::fs::read(&file).expect("read");
    refused(SqliteJournal::open(&file).await, Trouble::Corrupt);
    refused(SqliteJournal::read_only(&file).await, Trouble::Corrupt);
    assert!(std::fs::read(&file).expect("read") == before);
    assert!(alone(), "no lock is left beside it");
}

#[tokio::test]
async fn an_empty_file_has_nothing_to_read_and_becomes_a_journal() {
    let (_folder, file) = folder();
    std::fs::write(&file, "").expect("written");
    refused(SqliteJournal::read_only(&file).await, Trouble::Empty);
    written(&file).await;
    SqliteJournal::read_only(&file).await.expect("opened");
}

#[tokio::test]
async fn a_damaged_header_is_named_as_such() {
    let (_folder, file) = folder();
    written(&file).await;
    let mut bytes = std::fs::read(&file).expect("read");
    bytes[..16].fill(b'?');
    std::fs::write(&file, &bytes).expect("written");
    refused(SqliteJournal::open(&file).await, Trouble::Corrupt);
    refused(SqliteJournal::read_only(&file).await, Trouble::Corrupt);
}

#[tokio::test]
async fn a_truncated_file_is_named_as_such() {
    let (_folder, file) = folder();
    written(&file).await;
    let length = file.metadata().expect("there").len();
    let cut = std::fs::File::options()
        .write(true)
        .open(&file)
        .expect("opened");
    cut.set_len(length / 2).expect("cut");
    refused(SqliteJournal::open(&file).await, Trouble::Corrupt);
    refused(SqliteJournal::read_only(&file).await, Trouble::Corrupt);
    cut.set_len(50).expect("cut");
    refused(SqliteJournal::open(&file).await, Trouble::Corrupt);
}

#[tokio::test]
async fn damage_in_the_middle_is_met_as_an_error_and_not_as_a_hole() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    let drafts = (1..200).map(|n| Draft {
        body: vec![b'x'; 2000].into(),
        ..chat(n)
    });
    append(&journal, events(drafts)).await;
    journal.close().await.expect("closed");
    let mut bytes = std::fs::read(&file).expect("read");
    // A few pages in the middle, where there is little but the table.
    let from = bytes.len() / 2 / 4096 * 4096;
    bytes[from..from + 4 * 4096].fill(0xff);
    std::fs::write(&file, &bytes).expect("written");
    let journal = open(&file).await;
    let error = journal
        .read(Position::ZERO, 1000)
        .await
        .expect_err("damaged");
    assert_eq!(error.trouble(), Trouble::Corrupt);
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_newer_schema_is_named_as_such_and_left_alone() {
    let (_folder, file) = folder();
    written(&file).await;
    let tool = Connection::open(&file).expect("opened");
    tool.pragma_update(None, "user_version", 99).expect("set");
    drop(tool);
    let error = refused(SqliteJournal::open(&file).await, Trouble::NewerSchema);
    assert!(
        error.ends_with("it was written by a newer version"),
        "{error}"
    );
    refused(SqliteJournal::read_only(&file).await, Trouble::NewerSchema);
    let ask = SqliteJournal::ask(&file, DeadLetterChange::Drop(DeadLetterId(1)));
    assert_eq!(
        ask.await.expect_err("refused").trouble(),
        Trouble::NewerSchema
    );
}

/// Folder of the files that each released version has written.
fn fixture(version: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/journal");
    root.join(format!("{version}.sqlite"))
}

/// A body that shrinks, with the number in it.
fn typing(n: u64) -> Draft {
    let body = format!(
        r#"{{"user_id":"8035111022467891{n}","timestamp":1767643812,"member":{{"roles":[],"premium_since":null,"pending":false,"nick":null,"mute":false,"flags":0,"deaf":false,"banner":null,"avatar":null}},"channel_id":"81384788765712484","guild_id":"81384788765712384"}}"#
    );
    Draft {
        body: body.into(),
        ..chat(n)
    }
}

async fn open_compressed(file: &Path) -> SqliteJournal {
    let options = Options::new().compress(true);
    SqliteJournal::open_with(file, options)
        .await
        .expect("opened")
}

fn count(file: &Path, condition: &str) -> i64 {
    let tool = Connection::open(file).expect("opened");
    let select = format!("select count(*) from event where {condition}");
    tool.query_row(&select, [], |row| row.get(0))
        .expect("a row")
}

#[tokio::test]
async fn compressed_and_plain_bodies_stand_side_by_side_in_one_file() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    append(&journal, events((0..40).map(typing))).await;
    journal.close().await.expect("closed");
    assert_eq!(count(&file, "body is not null and dictionary is null"), 40);

    let journal = open_compressed(&file).await;
    // The last is too short to be compressed.
    append(&journal, events((40..80).map(typing).chain([chat(80)]))).await;
    journal.close().await.expect("closed");
    let journal = open(&file).await;
    append(&journal, events([typing(81)])).await;
    let read = all(&journal).await;
    assert_eq!(read.len(), 82);
    for (n, event) in (0..).zip(&read) {
        let expected = if n == 80 { chat(n) } else { typing(n) };
        assert_eq!(event.body(), &expected.body);
    }
    // The view shows plain bodies, and the others as they are.
    assert_eq!(
        count(
            &file,
            "body is not null and dictionary is null and compressed is null"
        ),
        42
    );
    assert_eq!(
        count(
            &file,
            "body is null and dictionary = 1 and length(compressed) < 150"
        ),
        40
    );
    assert_eq!(count(&file, "body ->> '$.message' = '80'"), 1);
}

#[tokio::test]
async fn a_compressed_body_is_erased_like_any_other() {
    let (_folder, file) = folder();
    let journal = open_compressed(&file).await;
    let mut deletion = typing(2);
    deletion.deletes = Some(typing(1).origin);
    append(&journal, events([typing(1), deletion])).await;
    let policy = Arc::new(Retention::default());
    let sweep = journal.sweep(policy, at(100 * 3600)).await.expect("swept");
    assert_eq!(sweep.erased, 1);
    let read = all(&journal).await;
    assert_eq!(read[0].body(), "null");
    assert_eq!(read[1].body(), &typing(2).body);
}

#[tokio::test]
async fn an_unknown_dictionary_is_an_error_that_names_the_way_out() {
    let (_folder, file) = folder();
    let journal = open_compressed(&file).await;
    append(&journal, events([typing(1)])).await;
    journal.close().await.expect("closed");
    let tool = Connection::open(&file).expect("opened");
    // A dictionary that this program has is not needed in the file.
    tool.execute("delete from dictionary", []).expect("removed");
    let reader = SqliteJournal::read_only(&file).await.expect("opened");
    assert_eq!(all(&reader).await.len(), 1);
    tool.execute("update stored set packed = 77", [])
        .expect("set");
    let error = reader.read(Position::ZERO, 1).await.expect_err("refused");
    assert_eq!(error.trouble(), Trouble::Corrupt);
    let cause = std::error::Error::source(&error)
        .expect("a cause")
        .to_string();
    assert!(
        cause.contains("dictionary 77") && cause.contains("with the version that wrote it"),
        "{cause}"
    );
}

/// The version that this program writes.
const NEWEST: i64 = 3;

async fn check_read_as_it_is(version: i64) {
    let (_folder, file) = folder();
    std::fs::copy(fixture(&format!("v{version}")), &file).expect("the fixture");
    // An empty lock says that a log beside the file is its own.
    std::fs::write(file.with_file_name("journal.sqlite.lock"), "").expect("written");
    let reader = SqliteJournal::read_only(&file).await.expect("opened");
    assert_eq!(numbers(&reader).await, [2, 3]);
    let found = |file: &Path| -> i64 {
        let tool = Connection::open(file).expect("opened");
        tool.query_row("pragma user_version", [], |row| row.get(0))
            .expect("a row")
    };
    assert_eq!(found(&file), version, "reading changes nothing");
    assert_eq!(reader.name().await.expect("read"), None);

    let journal = open_compressed(&file).await;
    append(&journal, events([typing(4)])).await;
    assert_eq!(found(&file), NEWEST);
    let name = reader.name().await.expect("read").expect("it has one now");
    assert_eq!(name.len(), 32);
    // The same connection, with the statement that it has prepared for the first version.
    let read = all(&reader).await;
    assert_eq!(read.len(), 3);
    assert_eq!(read[2].body(), &typing(4).body);
}

#[tokio::test]
async fn a_file_of_an_older_version_is_read_as_it_is_also_while_it_becomes_newer() {
    for version in 1..NEWEST {
        check_read_as_it_is(version).await;
    }
}

#[tokio::test]
async fn a_new_file_has_larger_pages_and_an_old_one_keeps_its_own() {
    let page_size = |file: &Path| -> i64 {
        let tool = Connection::open(file).expect("opened");
        tool.query_row("pragma page_size", [], |row| row.get(0))
            .expect("a row")
    };
    let (_folder, file) = folder();
    written(&file).await;
    assert_eq!(page_size(&file), 8192);
    let (_folder, file) = folder();
    std::fs::copy(fixture("v1"), &file).expect("the fixture");
    open(&file).await.close().await.expect("closed");
    assert_eq!(page_size(&file), 4096);
}

#[tokio::test]
async fn a_filter_takes_what_fits_all_its_fields_and_says_how_far_it_looked() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    let drafts = (0..500).map(|n| Draft {
        kind: antiphon_core::Kind::new(
            ["queup.chat-message", "queup.chat-skip", "discord.READY"]
                [usize::try_from(n % 3).expect("small")],
        ),
        place: antiphon_core::Place::new(format!("room/{}", n % 5)),
        ..chat(n)
    });
    append(&journal, events(drafts)).await;
    let read = async |filter: &Filter, limit| {
        let (mut after, mut found) = (Position::ZERO, Vec::new());
        loop {
            let page = journal
                .read_where(after, limit, filter)
                .await
                .expect("read");
            assert!(page.events.len() <= limit);
            found.extend(page.events.iter().map(|event| event.position().get() - 1));
            if page.through == after {
                return found;
            }
            after = page.through;
        }
    };
    let pattern = antiphon_core::KindPattern::new;
    let chat_in_3 = Filter::new()
        .kind(pattern("queup.chat-*"))
        .place(pattern("room/3"));
    let expected: Vec<_> = (0..500).filter(|n| n % 3 < 2 && n % 5 == 3).collect();
    for limit in [1, 7, 1000] {
        assert_eq!(read(&chat_in_3, limit).await, expected);
    }
    let either = Filter::new()
        .kind(pattern("discord.*"))
        .kind(pattern("*-skip"))
        .source(choir());
    let expected: Vec<_> = (0..500).filter(|n| n % 3 > 0).collect();
    assert_eq!(read(&either, 100).await, expected);
    assert_eq!(read(&Filter::new(), 100).await.len(), 500);
    for nothing in [
        Filter::new().kind(pattern("room/3")),
        Filter::new().source("nobody".into()),
    ] {
        let page = journal
            .read_where(Position::ZERO, 10, &nothing)
            .await
            .expect("read");
        assert_eq!((page.events.len(), page.through), (0, Position::new(500)));
    }
    let conditions = Filter::new()
        .kind_if(|kind| kind.ends_with("-skip"))
        .place_if(|place| place != "room/3")
        .source_if(|source| source.len() == "choir".len());
    let expected: Vec<_> = (0..500).filter(|n| n % 3 == 1 && n % 5 != 3).collect();
    assert_eq!(read(&conditions, 100).await, expected);
    assert!(read(&conditions.source_if(|_| false), 100).await.is_empty());
    // A kind that comes later is found by the same filter.
    let late = Filter::new().kind(pattern("late.*"));
    assert!(read(&late, 10).await.is_empty());
    let draft = Draft {
        kind: antiphon_core::Kind::from_static("late.one"),
        ..chat(500)
    };
    append(&journal, events([draft])).await;
    assert_eq!(read(&late, 10).await, [500]);
}

#[tokio::test]
async fn a_journal_names_its_sources_and_the_newest_of_its_texts() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    let names = journal.names(10).await.expect("read");
    assert_eq!((names.sources.len(), names.texts.len()), (0, 0));
    append(&journal, events((0..5).map(chat))).await;
    let other: antiphon_core::SourceName = "other".into();
    let batch = antiphon_core::Batch {
        events: vec![(other.clone(), chat(5)), (choir(), chat(6))],
        ..antiphon_core::Batch::default()
    };
    append(&journal, batch.into()).await;
    let names = journal.names(10).await.expect("read");
    assert_eq!(names.sources, [choir(), other]);
    let newest = journal.names(1).await.expect("read");
    assert_eq!(newest.sources.len(), 2);
    assert_eq!(newest.texts, [std::sync::Arc::from("other")]);
    assert!(names.texts.len() > 1 && names.texts[0] == newest.texts[0]);
}

/// The consumer of docs/journal.md, in Python.
#[tokio::test]
async fn a_program_in_python_reads_compressed_bodies_as_the_page_shows() {
    let page = include_str!("../../../docs/journal.md");
    let program = page
        .split_once("```python\n")
        .and_then(|(_, rest)| rest.split_once("```"))
        .expect("the page has a program")
        .0;
    let imports = std::process::Command::new("python3")
        .args(["-c", "import zstandard"])
        .output();
    if !imports.is_ok_and(|imports| imports.status.success()) {
        eprintln!("skipped: there is no python3 with the package zstandard");
        return;
    }
    let (folder, file) = folder();
    let journal = open_compressed(&file).await;
    append(&journal, events((1..5).map(typing).chain([chat(5)]))).await;
    journal.close().await.expect("closed");
    let ran = std::process::Command::new("python3")
        .args(["-c", program])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let expected: Vec<String> = (1..6)
        .map(|n| if n == 5 { chat(n) } else { typing(n) })
        .map(|draft| {
            format!(
                "queup.chat-message {}\n",
                String::from_utf8_lossy(&draft.body)
            )
        })
        .collect();
    assert_eq!(said, expected.concat());
}

async fn check_opens(version: i64) {
    let (_folder, file) = folder();
    std::fs::copy(fixture(&format!("v{version}")), &file).expect("the fixture");
    let journal = open(&file).await;
    let stored = all(&journal).await;
    assert_eq!(numbers(&journal).await, [2, 3]);
    assert_eq!(stored[0].body(), r#"{"message":"2"}"#);
    assert_eq!(stored[0].received_at(), at(100));
    assert_eq!(
        journal.checkpoints(&choir()).await.expect("read"),
        [checkpoint("room/loft", 7)]
    );
    let cursor = journal
        .cursor(&"app".into())
        .await
        .expect("read")
        .expect("saved");
    assert_eq!(cursor.read, Position::new(2));
    let saved = journal
        .projection("queup/choir")
        .await
        .expect("read")
        .expect("saved");
    assert_eq!(saved.state, [1, 2, 3]);
    assert_eq!(
        letters(&journal).await[0].error,
        "the song was gone: not found"
    );
    // Retention has removed the first event, within its window.
    assert_eq!(
        journal
            .append(events([chat(1)]))
            .await
            .expect("stored")
            .repeats,
        1
    );
    let next = append(&journal, events([chat(9)])).await;
    assert_eq!(next[0].position(), Position::new(4));
}

#[tokio::test]
async fn a_file_of_each_older_version_opens_with_everything_in_it() {
    for version in 1..NEWEST {
        check_opens(version).await;
    }
}

/// Writes `fixtures/journal/v1.sqlite`; run by hand, and never after the release of that version. `v2.sqlite` is that
/// file after `v2.sql`.
#[tokio::test]
#[ignore = "writes the fixture of this schema version"]
async fn write_the_fixture() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    let mut deletion = contract::chat_at(3, 100);
    deletion.deletes = Some(chat(2).origin);
    let stored = append(
        &journal,
        events([chat(1), contract::chat_at(2, 100), deletion]),
    )
    .await;
    let rest = Batch {
        checkpoints: vec![(choir(), checkpoint("room/loft", 7))],
        cursors: vec![("app".into(), antiphon_core::Cursor::at(Position::new(2)))],
        dead: vec![bury(letter("announce", &stored[0]))],
        projections: vec![(
            "queup/choir".into(),
            antiphon_core::Saved {
                position: Position::new(2),
                state: vec![1, 2, 3],
            },
        )],
        ..Batch::default()
    };
    append(&journal, Arc::new(rest)).await;
    let policy = Retention {
        keep: Some(seconds(50)),
        window: seconds(1_000_000_000),
        ..Retention::default()
    };
    journal
        .sweep(Arc::new(policy), at(60))
        .await
        .expect("swept");
    journal.close().await.expect("closed");
    std::fs::create_dir_all(fixture("v1").parent().expect("a folder")).expect("made");
    std::fs::copy(&file, fixture("v1")).expect("copied");
}

#[tokio::test]
async fn the_log_is_moved_into_the_file_while_commits_go_on() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    let mut log = file.clone().into_os_string();
    log.push("-wal");
    let mut largest = 0;
    let mut written = 0;
    // Small commits without a pause would fill 160 MB of log.
    for round in 0..160 {
        let batch = events((round * 16..round * 16 + 16).map(|n| Draft {
            body: vec![b'x'; 60_000].into(),
            ..chat(n)
        }));
        append(&journal, batch).await;
        written += 16 * 60_000;
        largest = largest.max(std::fs::metadata(&log).expect("there").len());
    }
    assert!(largest < 140 << 20, "{largest} of {written}");
    journal.close().await.expect("closed");
    assert!(!Path::new(&log).exists(), "nothing is left beside the file");
    assert_eq!(
        open(&file)
            .await
            .read(Position::new(2559), 10)
            .await
            .expect("read")
            .len(),
        1
    );
}

#[tokio::test]
async fn space_is_given_back_to_the_disk() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    for round in 0..20 {
        let drafts = (round * 100..round * 100 + 100).map(|n| Draft {
            body: vec![b'x'; 6000].into(),
            ..chat(n)
        });
        append(&journal, events(drafts)).await;
    }
    let policy = Retention {
        max_bytes: Some(1_000_000),
        ..Retention::default()
    };
    journal.sweep(Arc::new(policy), at(0)).await.expect("swept");
    let left = numbers(&journal).await;
    assert!((50..300).contains(&left.len()), "{}", left.len());
    journal.close().await.expect("closed");
    let length = file.metadata().expect("there").len();
    assert!(length < 8_000_000, "{length}");
}

#[tokio::test]
async fn an_append_whose_caller_goes_away_is_done_all_the_same() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    let mut last = journal.last();
    let mut append_one = journal.append(events([chat(1)]));
    // The first poll begins the commit.
    std::future::poll_fn(|context| {
        let _ = append_one.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
    drop(append_one);
    last.wait_for(|last| *last > Position::ZERO)
        .await
        .expect("open");
    assert_eq!(
        journal
            .append(events([chat(1)]))
            .await
            .expect("stored")
            .repeats,
        1
    );
}

#[tokio::test]
async fn power_durability_stores_as_well() {
    let (_folder, file) = folder();
    let options = Options::new().durability(Durability::Power);
    let journal = SqliteJournal::open_with(&file, options)
        .await
        .expect("opened");
    append(&journal, events([chat(1)])).await;
    assert_eq!(numbers(&journal).await, [1]);
}

#[tokio::test]
async fn a_forgotten_consumer_holds_nothing_back() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    append(&journal, events([chat(1)])).await;
    let batch = Batch {
        cursors: vec![("gone".into(), antiphon_core::Cursor::default())],
        ..Batch::default()
    };
    append(&journal, Arc::new(batch)).await;
    let policy = Arc::new(Retention {
        keep: Some(seconds(1)),
        ..Retention::default()
    });
    let sweep = || journal.sweep(Arc::clone(&policy), at(10));
    assert_eq!(sweep().await.expect("swept").removed, 0);
    journal.forget(&"gone".into()).await.expect("forgotten");
    assert_eq!(sweep().await.expect("swept").removed, 1);
}

/// Environment variable with the file, for the process that will be killed.
const VICTIM: &str = "ANTIPHON_JOURNAL_VICTIM";

/// Appends without end, and prints each event that the journal has acknowledged.
#[tokio::test]
#[ignore = "run and killed by `nothing_acknowledged_is_lost_by_kill_9`"]
async fn the_victim() {
    let Some(file) = std::env::var_os(VICTIM) else {
        return;
    };
    let journal = open(Path::new(&file)).await;
    let stored = journal.checkpoints(&choir()).await.expect("read");
    let mut next = stored
        .first()
        .map_or(1, |checkpoint| checkpoint.mark.unsigned_abs() + 1);
    let mut rng = antiphon_core::Rng::new();
    loop {
        // The process begins a little before the last event, as a platform that replays does.
        let from = next.saturating_sub(rng.u64(0..5)).max(1);
        let to = next + rng.u64(0..8);
        let batch = Batch {
            events: (from..=to).map(|n| (choir(), chat(n))).collect(),
            checkpoints: vec![(
                choir(),
                checkpoint("room/loft", i64::try_from(to).expect("small")),
            )],
            ..Batch::default()
        };
        append(&journal, Arc::new(batch)).await;
        println!("acknowledged {to}");
        std::io::stdout().flush().expect("a pipe");
        next = to + 1;
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_kill_9() {
    let (_folder, file) = folder();
    let mut rng = antiphon_core::Rng::new();
    for round in 0..10 {
        let mut victim = Command::new(std::env::current_exe().expect("this program"))
            .args(["the_victim", "--exact", "--ignored", "--nocapture"])
            .env(VICTIM, &file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(victim.stdout.take().expect("piped")).lines();
        let acknowledged = |line: std::io::Result<String>| {
            let line = line.expect("text");
            let number = line.strip_prefix("acknowledged ")?;
            Some(number.parse::<u64>().expect("a number"))
        };
        let read = rng.usize(1..300);
        let mut last = lines.by_ref().filter_map(acknowledged).take(read).last();
        victim.kill().expect("killed");
        // The rest of its output.
        last = lines.filter_map(acknowledged).last().or(last);
        victim.wait().expect("gone");
        let last = last.expect("it said something");

        let journal = open(&file).await;
        let numbers = every_number(&journal).await;
        assert!(
            numbers.len() as u64 >= last,
            "round {round}: {} of {last}",
            numbers.len()
        );
        let expected: Vec<u64> = (1..=numbers.len() as u64).collect();
        assert!(
            numbers == expected,
            "round {round}: each once, and in order"
        );
        let mark = journal.checkpoints(&choir()).await.expect("read")[0].mark;
        assert_eq!(
            mark.unsigned_abs(),
            numbers.len() as u64,
            "round {round}: the checkpoint came with its events"
        );
    }
}

async fn every_number(journal: &SqliteJournal) -> Vec<u64> {
    let mut numbers = Vec::new();
    let mut after = Position::ZERO;
    loop {
        let page = journal.read(after, 1000).await.expect("read");
        let Some(last) = page.last() else {
            return numbers;
        };
        after = last.position();
        for event in &page {
            let (_, number) = event.origin().as_str().rsplit_once('/').expect("two parts");
            numbers.push(number.parse().expect("a number"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overview_has_every_consumers_backlog_and_dead_letters() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    let mut late = chat(2);
    late.received_at = at(30);
    let stored = append(&journal, events([chat(1), late])).await;
    let mut other = letter("greet", &stored[1]);
    other.consumer = "bot".into();
    other.at = at(90);
    let batch = Batch {
        cursors: vec![
            ("app".into(), Cursor::at(stored[1].position())),
            ("audit".into(), Cursor::at(stored[0].position())),
        ],
        dead: vec![
            bury(letter("sing", &stored[0])),
            bury(letter("sing", &stored[1])),
            bury(other),
        ],
        ..Batch::default()
    };
    append(&journal, Arc::new(batch)).await;
    let consumers = SqliteJournal::for_consumers(&file).await.expect("opened");
    let claim = consumers
        .claim(&"audit".into())
        .await
        .expect("nobody has it");

    let overview = journal.overview().await.expect("read");
    let processes = overview.consumers.iter().map(|one| one.process);
    let own = Some(std::process::id());
    assert_eq!(processes.collect::<Vec<_>>(), [None, own, None]);
    drop(claim);
    let after = journal.overview().await.expect("read");
    assert!(after.consumers.iter().all(|one| one.process.is_none()));
    assert_eq!(overview.last, stored[1].position());
    let consumers: Vec<_> = overview
        .consumers
        .iter()
        .map(|one| {
            (
                one.name.as_str(),
                one.waits_since,
                one.dead_letters,
                one.dead_since,
            )
        })
        .collect();
    assert_eq!(
        consumers,
        [
            ("app", None, 2, Some(at(60))),
            ("audit", Some(at(30)), 0, None),
            ("bot", None, 1, Some(at(90))),
        ]
    );
    assert!(overview.consumers[2].cursor.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_event_of_each_source_is_found_among_the_last() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    let organ = Batch {
        events: vec![("organ".into(), chat(1))],
        ..Batch::default()
    };
    append(&journal, Arc::new(organ)).await;
    append(&journal, events([chat(2), chat(3)])).await;
    let newest = async |among| {
        let events = journal.newest(among).await.expect("read");
        let named = |event: &Arc<antiphon_core::Event>| {
            (event.source().to_string(), event.origin().to_string())
        };
        events.iter().map(named).collect::<Vec<_>>()
    };
    let organ = ("organ".to_owned(), "chat/000001".to_owned());
    let choir = ("choir".to_owned(), "chat/000003".to_owned());
    assert_eq!(newest(100).await, [organ, choir.clone()]);
    // The organ was silent for longer than that.
    assert_eq!(newest(2).await, [choir]);
    assert!(newest(0).await.is_empty());
}

#[tokio::test]
async fn storage_counts_short_stretches_and_estimates_long_ones() {
    const DAY: i64 = 86_400;
    let (_folder, file) = folder();
    let options = Options::new().compress(true);
    let journal = SqliteJournal::open_with(&file, options)
        .await
        .expect("opened");
    let draft = |n: u64| {
        let mut draft = chat(n);
        draft.received_at = at(if n <= 5000 { 0 } else { DAY });
        draft.body = format!("{{\"message\":\"{}\"}}", "amen ".repeat(40)).into();
        draft
    };
    append(&journal, events((1..=5000).map(draft))).await;
    append(&journal, events((5001..=5100).map(draft))).await;
    let days = [at(-DAY), at(0), at(DAY), at(2 * DAY)];
    let keep = |seconds: i64| Retention {
        keep: Some(Duration::from_secs(seconds.unsigned_abs())),
        ..Retention::default()
    };
    let storage = journal.storage(keep(DAY), &days, at(DAY + 1)).await;
    let storage = storage.expect("read");
    let counted: Vec<_> = storage
        .ages
        .iter()
        .map(|age| (age.events, age.is_exact))
        .collect();
    // Positions have no holes here, so that the estimate is right.
    assert_eq!(counted, [(0, true), (5000, false), (100, true)]);
    assert_eq!(storage.oldest, Some((Position::new(1), at(0))));
    assert_eq!(
        (storage.due.looked_at, storage.due.removed, storage.due.held),
        (5100, 5000, 0)
    );
    let bodies = storage.bodies;
    assert_eq!(bodies.compressed, bodies.looked_at);
    assert!(bodies.stored * 3 < bodies.expanded, "{bodies:?}");
    assert_eq!(bodies.expanded, bodies.looked_at * 214);
    assert!(storage.bytes > storage.spare, "{storage:?}");

    // What a consumer still needs stays, and is told apart.
    let cursor = Cursor::at(Position::new(4000));
    let batch = Batch {
        cursors: vec![("bot".into(), cursor)],
        ..Batch::default()
    };
    append(&journal, Arc::new(batch)).await;
    let storage = journal
        .storage(keep(DAY), &days, at(DAY + 1))
        .await
        .expect("read");
    assert_eq!((storage.due.removed, storage.due.held), (4000, 1000));
    assert_eq!((storage.origins, storage.origins_over), (0, 0));

    // Once removed, their origins are recognised until the window is over.
    while journal
        .sweep(Arc::new(keep(DAY)), at(DAY + 1))
        .await
        .expect("swept")
        .removed
        > 0
    {}
    let storage = journal
        .storage(keep(DAY), &days, at(DAY + 1))
        .await
        .expect("read");
    assert_eq!(
        (storage.due.removed, storage.due.held, storage.origins),
        (0, 1000, 4000)
    );
    let storage = journal
        .storage(keep(DAY), &days, at(9 * DAY))
        .await
        .expect("read");
    assert_eq!(storage.origins_over, 4000);
}

#[tokio::test]
async fn the_storage_of_a_journal_without_events_is_empty() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    let storage = journal
        .storage(Retention::default(), &[], at(0))
        .await
        .expect("read");
    assert!(storage.oldest.is_none() && storage.ages.is_empty() && storage.bytes > 0);
    let days = [at(0), at(1)];
    let storage = journal
        .storage(Retention::default(), &days, at(0))
        .await
        .expect("read");
    assert_eq!((storage.ages[0].events, storage.due.looked_at), (0, 0));
}
