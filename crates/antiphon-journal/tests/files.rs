//! The journal's files when other processes read, change or remove them.

#![cfg(all(feature = "sqlite", unix))]

#[expect(
    dead_code,
    reason = "the words of the contract's tests, not all of its promises"
)]
#[macro_use]
mod contract;
mod file;

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use antiphon_core::{AppendError, Draft, Journal, Position, Trouble};
use antiphon_journal::{Integrity, SqliteJournal};
use contract::{all, append, chat, events, numbers};
use file::{folder, open};
use rusqlite::Connection;
use tokio::time::{Instant, timeout};

/// A file beside the journal.
fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn inode(path: &Path) -> u64 {
    path.metadata().expect("there").ino()
}

/// Environment variables with the file and the statement, for the process that reads a journal.
const VISITED: &str = "ANTIPHON_JOURNAL_VISITED";
const STATEMENT: &str = "ANTIPHON_JOURNAL_STATEMENT";

/// Opens a journal to read and write, as any program may, and closes it.
#[test]
#[ignore = "run by other tests, as a process of its own"]
fn the_visitor() {
    let (Some(file), Ok(statement)) = (std::env::var_os(VISITED), std::env::var(STATEMENT)) else {
        return;
    };
    let connection = Connection::open(file).expect("opened");
    let mut select = connection.prepare(&statement).expect("SQL");
    let mut rows = select.query([]).expect("run");
    while let Some(row) = rows.next().expect("a row") {
        println!("visited {}", row.get::<_, i64>(0).expect("a number"));
    }
}

/// Runs a statement in another process; returns its numbers.
fn visit(file: &Path, statement: &str) -> Vec<u64> {
    let visitor = Command::new(std::env::current_exe().expect("this program"))
        .args(["the_visitor", "--exact", "--ignored", "--nocapture"])
        .env(VISITED, file)
        .env(STATEMENT, statement)
        .stderr(Stdio::inherit())
        .output()
        .expect("started");
    assert!(visitor.status.success(), "{statement}");
    let said = String::from_utf8(visitor.stdout).expect("text");
    // The test harness writes on the same line.
    let numbers = said.split("visited ").skip(1);
    let number = |text: &str| text.split_whitespace().next().map(str::parse);
    numbers
        .map(|text| number(text).expect("a word").expect("a number"))
        .collect()
}

/// Runs a program of this machine; false if there is none.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn ran(program: &str, arguments: &[&std::ffi::OsStr]) -> bool {
    match Command::new(program).args(arguments).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{program}: {said}");
            true
        }
        Err(error) => {
            eprintln!("skipped: {program} cannot be run: {error}");
            false
        }
    }
}

const POSITIONS: &str = "select position from event order by position";

/// Holds a journal, has `look` read it, and checks that nothing has changed.
async fn stays(file: &Path, journal: &SqliteJournal, way: &str, look: impl FnOnce()) {
    let log = beside(file, "-wal");
    let before = (inode(file), inode(&log), inode(&beside(file, "-shm")));
    look();
    let next = numbers(journal).await.len() as u64 + 1;
    append(journal, events([chat(next)])).await;
    let after = (inode(file), inode(&log), inode(&beside(file, "-shm")));
    assert_eq!(after, before, "{way}");
    let own: Vec<u64> = all(journal)
        .await
        .iter()
        .map(|event| event.position().get())
        .collect();
    assert_eq!(own.len() as u64, next, "{way}");
    assert_eq!(visit(file, POSITIONS), own, "{way}");
    let reader = SqliteJournal::read_only(file).await.expect("opened");
    assert_eq!(numbers(&reader).await.len() as u64, next, "{way}");
}

#[tokio::test]
async fn whoever_looks_in_from_another_process_leaves_the_log_where_it_is() {
    let (folder, file) = folder();
    let journal = open(&file).await;
    append(&journal, events([chat(1), chat(2)])).await;
    stays(&file, &journal, "a process of ours", || {
        assert_eq!(visit(&file, POSITIONS), [1, 2]);
    })
    .await;
    stays(&file, &journal, "another writer", || {
        visit(&file, "create table song (name text)");
        visit(&file, "insert into song values ('a song') returning 1");
    })
    .await;
    stays(&file, &journal, "python3", || {
        let script = "import sqlite3, sys\n\
                      c = sqlite3.connect(sys.argv[1])\n\
                      print(c.execute('select count(*) from event').fetchall())\n\
                      c.close()\n";
        ran("python3", &["-c".as_ref(), script.as_ref(), file.as_ref()]);
    })
    .await;
    stays(&file, &journal, "sqlite3", || {
        let select = "select count(*) from event";
        ran("sqlite3", &[file.as_ref(), select.as_ref()]);
    })
    .await;
    let copy = folder.path().join("copy.sqlite");
    stays(&file, &journal, ".backup", || {
        let backup = format!(".backup '{}'", copy.display());
        if ran("sqlite3", &[file.as_ref(), backup.as_ref()]) {
            let copied = visit(&copy, POSITIONS);
            let own = visit(&file, POSITIONS);
            assert!(own.starts_with(&copied) && !copied.is_empty());
        }
    })
    .await;
    journal.close().await.expect("closed");
    assert_eq!(visit(&file, POSITIONS).len(), 7);
}

#[tokio::test]
async fn other_journals_of_the_same_process_leave_the_log_where_it_is() {
    let (folder, file) = folder();
    let journal = open(&file).await;
    append(&journal, events([chat(1)])).await;
    let visited = |file: &Path| visit(file, "select count(*) from event");
    // A refused appender, a reader that closes, a reader by another name, and a request about a dead letter.
    SqliteJournal::open(&file).await.expect_err("held");
    let reader = SqliteJournal::read_only(&file).await.expect("opened");
    assert_eq!(numbers(&reader).await, [1]);
    reader.close().await.expect("closed");
    let alias = folder.path().join("alias.sqlite");
    std::os::unix::fs::symlink(&file, &alias).expect("linked");
    drop(SqliteJournal::read_only(&alias).await.expect("opened"));
    SqliteJournal::open(&alias).await.expect_err("held");
    let change = antiphon_core::DeadLetterChange::Drop(antiphon_core::DeadLetterId(1));
    SqliteJournal::ask(&file, change).await.expect("asked");
    stays(&file, &journal, "other journals", || {
        visited(&file);
    })
    .await;
}

/// Changes the files of an open journal, and checks that it stops with these words.
///
/// The journal has some pages in its file and some in its log.
#[track_caller]
fn is_noticed(words: &str, change: impl Fn(&Path)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let (_folder, file) = folder();
    let error = runtime.block_on(async {
        let journal = open(&file).await;
        let large = |n| Draft {
            body: vec![b'x'; 6000].into(),
            ..chat(n)
        };
        append(&journal, events((1..50).map(large))).await;
        visit(&file, "pragma wal_checkpoint(passive)");
        append(&journal, events([chat(50)])).await;
        let mut lost = journal.lost();
        // The files are checked again and again, and nothing is wrong.
        timeout(Duration::from_secs(10), &mut lost)
            .await
            .expect_err("nothing is wrong");

        change(&file);
        let changed_at = Instant::now();
        let error = lost.await;
        assert!(changed_at.elapsed() <= Duration::from_secs(2), "{words}");
        let refused = journal.append(events([chat(51)])).await;
        assert_eq!(refused.expect_err(words).trouble(), Trouble::Changed);
        journal.close().await.expect("nothing is left to do");
        error
    });
    assert_changed(&error, words);
    // If nobody waits for `lost`, the next append notices.
    let (_folder, file) = folder();
    let error = runtime.block_on(async {
        let journal = open(&file).await;
        append(&journal, events((1..50).map(chat))).await;
        change(&file);
        let error = journal.append(events([chat(50)])).await.expect_err(words);
        journal.close().await.expect("nothing is left to do");
        error
    });
    assert_changed(&error, words);
}

#[track_caller]
fn assert_changed(error: &AppendError, words: &str) {
    assert_eq!(error.trouble(), Trouble::Changed);
    assert!(!error.is_transient());
    let cause = std::error::Error::source(error).expect("a cause");
    assert!(cause.to_string().ends_with(words), "{cause}");
}

fn cut(path: &Path, length: u64) {
    // Another process truncates the file by its name, since opening it here would drop locks.
    let length = length.to_string();
    assert!(ran(
        "truncate",
        &["-s".as_ref(), length.as_ref(), path.as_ref()]
    ));
}

fn replace(path: &Path) {
    // In one step, and by another process, as above.
    let aside = beside(path, ".aside");
    assert!(ran("cp", &["-p".as_ref(), path.as_ref(), aside.as_ref()]));
    fs::rename(&aside, path).expect("renamed");
}

#[test]
fn a_file_that_is_removed_is_noticed() {
    is_noticed("journal.sqlite` was removed", |file| {
        fs::remove_file(file).expect("removed");
    });
    is_noticed("journal.sqlite-wal` was removed", |file| {
        fs::remove_file(beside(file, "-wal")).expect("removed");
    });
    is_noticed("journal.sqlite.lock` was removed", |file| {
        fs::remove_file(beside(file, ".lock")).expect("removed");
    });
    is_noticed("was removed", |file| {
        fs::remove_dir_all(file.parent().expect("a folder")).expect("removed");
    });
}

#[test]
fn a_file_that_is_replaced_is_noticed() {
    is_noticed("journal.sqlite` was replaced", replace);
    is_noticed("journal.sqlite-wal` was replaced", |file| {
        replace(&beside(file, "-wal"));
    });
    is_noticed("journal.sqlite.lock` was replaced", |file| {
        replace(&beside(file, ".lock"));
    });
}

#[test]
fn a_file_that_is_cut_is_noticed() {
    is_noticed("journal.sqlite` was cut", |file| cut(file, 0));
    is_noticed("journal.sqlite` was cut", |file| {
        cut(file, file.metadata().expect("there").len() / 2);
    });
    is_noticed("journal.sqlite-wal` was cut", |file| {
        cut(&beside(file, "-wal"), 0);
    });
    is_noticed("journal.sqlite-wal` was cut", |file| {
        // Within its first page: the log has restarted, and the rest of the file may be older.
        cut(&beside(file, "-wal"), 100);
    });
    is_noticed("journal.sqlite.lock` was cut", |file| {
        cut(&beside(file, ".lock"), 0);
    });
}

#[tokio::test(start_paused = true)]
async fn what_sqlite_does_to_its_files_is_no_alarm() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    let mut next = 0;
    let mut add = |count: u64| {
        let large = (next..next + count).map(|n| Draft {
            body: vec![b'x'; 6000].into(),
            ..chat(n)
        });
        next += count;
        events(large)
    };
    let log = beside(&file, "-wal");
    for statement in [
        // The log is cut to nothing, and restarts.
        "pragma wal_checkpoint(truncate)",
        "pragma wal_checkpoint(restart)",
        "pragma wal_checkpoint(passive)",
        // The file becomes shorter.
        "create table song as select zeroblob(3000000) as name",
        "drop table song",
        "vacuum",
        "pragma wal_checkpoint(truncate)",
    ] {
        append(&journal, add(20)).await;
        visit(&file, statement);
        // Idle, then with a commit after it.
        let mut lost = journal.lost();
        timeout(Duration::from_secs(3), &mut lost)
            .await
            .expect_err(statement);
        append(&journal, add(20)).await;
        timeout(Duration::from_secs(3), &mut lost)
            .await
            .expect_err(statement);
    }
    visit(&file, "pragma wal_checkpoint(truncate)");
    assert_eq!(log.metadata().expect("there").len(), 0);
    assert_eq!(numbers(&journal).await.len(), 280);
    journal.close().await.expect("closed");
}

/// Checks that another appender is refused, also in another process, and that nothing is lost once the first ends.
async fn keeps_others_away(change: impl FnOnce(&Path) -> PathBuf) {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    append(&journal, events([chat(1), chat(2)])).await;
    let name = change(&file);
    // The second try meets the lock that the first has left.
    for _ in 0..2 {
        let refused = SqliteJournal::open(&name).await.expect_err("held");
        let trouble = refused.trouble();
        assert!(
            matches!(trouble, Trouble::Locked | Trouble::Changed),
            "{trouble:?}"
        );
    }
    drop(journal);
    let journal = open(&file).await;
    assert_eq!(numbers(&journal).await, [1, 2]);
    append(&journal, events([chat(3)])).await;
    journal.close().await.expect("closed");
}

#[tokio::test]
async fn a_second_appender_is_refused_also_where_the_lock_is_gone() {
    keeps_others_away(|file| {
        fs::remove_file(beside(file, ".lock")).expect("removed");
        file.to_owned()
    })
    .await;
    keeps_others_away(|file| {
        replace(&beside(file, ".lock"));
        file.to_owned()
    })
    .await;
}

#[tokio::test]
async fn a_second_appender_is_refused_by_another_name_of_the_same_file() {
    keeps_others_away(|file| {
        let alias = file.with_file_name("alias.sqlite");
        fs::hard_link(file, &alias).expect("linked");
        alias
    })
    .await;
}

#[tokio::test]
async fn a_second_appender_is_refused_where_lock_and_log_are_gone() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    append(&journal, events([chat(1)])).await;
    fs::remove_file(beside(&file, ".lock")).expect("removed");
    fs::remove_file(beside(&file, "-wal")).expect("removed");
    let refused = SqliteJournal::open(&file).await.expect_err("held");
    assert_eq!(refused.trouble(), Trouble::Locked);
    let error = journal.append(events([chat(2)])).await.expect_err("gone");
    assert_eq!(error.trouble(), Trouble::Changed);
}

#[tokio::test]
async fn two_journals_in_one_folder_are_used_at_the_same_time() {
    let (folder, file) = folder();
    let journal = open(&file).await;
    let other = open(&folder.path().join("other.sqlite")).await;
    append(&journal, events([chat(1)])).await;
    append(&other, events([chat(2)])).await;
    assert_eq!(numbers(&journal).await, [1]);
    assert_eq!(numbers(&other).await, [2]);
}

#[tokio::test]
async fn a_journal_begun_anew_is_not_harmed_by_the_one_that_was_removed() {
    // The first appender's files when the second begins.
    for left in [&[][..], &["-shm"], &["-wal", "-shm"]] {
        let (_folder, file) = folder();
        let first = open(&file).await;
        append(&first, events([chat(1), chat(2)])).await;
        for suffix in ["", "-wal", "-shm", ".lock"] {
            if !left.contains(&suffix) {
                fs::remove_file(beside(&file, suffix)).expect("removed");
            }
        }
        let second = open(&file).await;
        append(&second, events([chat(3)])).await;
        let error = first.append(events([chat(4)])).await.expect_err("gone");
        assert_eq!(error.trouble(), Trouble::Changed);
        let error = first.read(Position::ZERO, 9).await.expect_err("gone");
        assert_eq!(error.trouble(), Trouble::Changed);
        let log = inode(&beside(&file, "-wal"));
        first.close().await.expect("nothing is left to do");
        drop(first);
        assert_eq!(inode(&beside(&file, "-wal")), log);
        append(&second, events([chat(5)])).await;
        assert_eq!(visit(&file, "select count(*) from event"), [2], "{left:?}");
        drop(second);
        let second = open(&file).await;
        assert_eq!(numbers(&second).await, [3, 5]);
    }
}

#[tokio::test]
async fn a_copy_put_back_beside_the_log_of_another_file_is_not_opened_with_it() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    append(&journal, events([chat(1)])).await;
    let copy = file.with_file_name("copy.sqlite");
    visit(&file, &format!("vacuum into '{}'", copy.display()));
    append(&journal, events([chat(2)])).await;
    fs::rename(&copy, &file).expect("put back");
    let error = journal.append(events([chat(3)])).await.expect_err("gone");
    assert_eq!(error.trouble(), Trouble::Changed);
    drop(journal);
    let refused = SqliteJournal::open(&file).await.expect_err("not its log");
    assert_eq!(refused.trouble(), Trouble::Changed);
    fs::remove_file(beside(&file, "-wal")).expect("removed");
    let journal = open(&file).await;
    assert_eq!(numbers(&journal).await, [1]);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_follows_learns_that_the_file_is_gone() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    append(&journal, events([chat(1)])).await;
    let reader = SqliteJournal::read_only(&file).await.expect("opened");
    let mut last = reader.last();
    last.mark_unchanged();
    fs::remove_file(&file).expect("removed");
    last.changed().await.expect("it looks");
    let error = reader.read(Position::ZERO, 9).await.expect_err("gone");
    assert_eq!(error.trouble(), Trouble::Changed);
}

#[tokio::test]
async fn a_lock_of_an_earlier_version_is_trusted() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    append(&journal, events([chat(1)])).await;
    journal.close().await.expect("closed");
    fs::write(beside(&file, ".lock"), "").expect("emptied");
    let reader = SqliteJournal::read_only(&file).await.expect("opened");
    let journal = open(&file).await;
    append(&journal, events([chat(2)])).await;
    assert_eq!(numbers(&reader).await, [1, 2]);
}

#[tokio::test]
async fn a_link_to_a_file_that_is_not_there_yet_makes_it_there() {
    let (folder, _) = folder();
    let place = folder.path().join("disk");
    fs::create_dir(&place).expect("made");
    let link = folder.path().join("journal.sqlite");
    std::os::unix::fs::symlink("disk/events.sqlite", &link).expect("linked");
    let journal = open(&link).await;
    append(&journal, events([chat(1)])).await;
    assert!(place.join("events.sqlite.lock").exists());
    let target = place.join("events.sqlite");
    SqliteJournal::open(&target).await.expect_err("held");
}

#[tokio::test]
async fn a_file_made_beside_a_readable_lock_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, file) = folder();
    let lock = beside(&file, ".lock");
    fs::write(&lock, "").expect("made");
    fs::set_permissions(&lock, fs::Permissions::from_mode(0o644)).expect("set");
    let journal = open(&file).await;
    append(&journal, events([chat(1)])).await;
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let mode = beside(&file, suffix).metadata().expect("there").mode();
        assert_eq!(mode & 0o777, 0o600, "{suffix}");
    }
}

/// A start that is killed before it has signed its lock leaves an empty file and no log.
#[tokio::test]
async fn a_first_start_that_was_killed_is_begun_again() {
    let (_folder, file) = folder();
    fs::write(beside(&file, ".lock"), "new\n").expect("written");
    fs::write(&file, "").expect("written");
    let journal = open(&file).await;
    append(&journal, events([chat(1)])).await;
    assert_eq!(numbers(&journal).await, [1]);
    let lock = fs::read_to_string(beside(&file, ".lock")).expect("read");
    assert!(lock.starts_with("lock "), "{lock}");
}

#[tokio::test]
async fn a_journal_that_is_just_being_made_is_no_other_programs() {
    for _ in 0..40 {
        let (_folder, file) = folder();
        let read = async {
            loop {
                match SqliteJournal::read_only(&file).await {
                    Ok(journal) => return journal,
                    Err(error) => assert_ne!(error.trouble(), Trouble::Corrupt, "{error:?}"),
                }
            }
        };
        let (_appends, _reads) = tokio::join!(open(&file), read);
    }
}

#[tokio::test]
async fn a_damaged_page_is_found_and_a_check_ends_in_time() {
    let (_folder, file) = folder();
    let journal = open(&file).await;
    append(&journal, events((1..200).map(chat))).await;
    let check = async |limit| {
        let journal = SqliteJournal::read_only(&file).await.expect("opened");
        journal.quick_check(limit).await
    };
    let long = Duration::from_secs(60);
    assert_eq!(check(long).await.expect("read"), Integrity::Sound);
    assert_eq!(
        check(Duration::ZERO).await.expect("read"),
        Integrity::Unfinished
    );
    journal.close().await.expect("closed");

    let mut bytes = fs::read(&file).expect("read");
    let third = bytes.len() / 3;
    bytes[third..third + 4096].fill(0xa5);
    fs::write(&file, bytes).expect("written");
    let found = check(long).await;
    assert!(
        matches!(&found, Ok(Integrity::Damaged(_)))
            || found
                .as_ref()
                .is_err_and(|error| error.trouble() == Trouble::Corrupt),
        "{found:?}"
    );
}
