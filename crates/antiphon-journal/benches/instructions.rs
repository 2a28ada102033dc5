//! Instructions per event of the journal, beside bare rusqlite's.
//!
//! `cargo bench -p antiphon-journal --bench instructions` runs itself under valgrind, case by case, and prints a table.
//! A count belongs to one compiler and one machine's libraries; the ratios beside bare SQLite hold on a busy machine
//! too, which times do not. Making the corpus is measured alone and taken off. Without valgrind it says so and ends.
//!
//! Bare SQLite stores row by row and has no checkpoints; it reads one ordered select to its end, and looks at every
//! column. Work of the kernel, such as writing pages, is not counted: the bytes on disk stand for it.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{path::Path, process::Command, sync::Arc};

use antiphon_core::{Batch, Journal, KindPattern, Position};
use antiphon_journal::{Filter, Options, SqliteJournal};
use tempfile::TempDir;

mod ground;

/// Events of a run; those of the smallest batches are fewer.
const COUNT: usize = 20_000;

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "--case") {
        Some(at) => case(&arguments[at + 1], &arguments[at + 2]),
        None => table(),
    }
}

/// Runs one case; all but the corpus depends on its name alone.
fn case(name: &str, count: &str) {
    let count: usize = count.parse().expect("a number");
    let events = ground::corpus(count);
    let (what, size) = name.split_once('/').unwrap_or((name, "256"));
    let size: usize = size.parse().expect("a number");
    let batches = ground::batches(&events, size, what.ends_with("-each"));
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let bodies: usize = events.iter().map(|(_, draft)| draft.body.len()).sum();
    let report = |path: &Path| {
        let bytes = path.metadata().expect("a file").len();
        println!("disk {bytes} {bodies}");
    };
    match what {
        "corpus" | "corpus-each" => {}
        "bare" => {
            let mut connection = ground::bare(&path);
            ground::append_bare(&mut connection, &batches);
            drop(connection);
            report(&path);
        }
        "bare-read" => {
            let mut connection = ground::bare(&path);
            ground::append_bare(&mut connection, &batches);
            assert!(ground::read_bare(&connection) > bodies);
        }
        "append" | "append-each" | "filtered-read" | "packed" | "packed-read" | "read"
        | "repeat" => {
            ours(&path, &batches, what);
            report(&path);
        }
        _ => panic!("no such case"),
    }
}

fn ours(path: &Path, batches: &[Arc<Batch>], what: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let options = Options::new().compress(what.starts_with("packed"));
        let journal = SqliteJournal::open_with(path, options)
            .await
            .expect("opened");
        for batch in batches {
            journal.append(Arc::clone(batch)).await.expect("stored");
        }
        if what == "repeat" {
            for batch in batches {
                journal.append(Arc::clone(batch)).await.expect("stored");
            }
        }
        if what.ends_with("read") {
            let filter = match what {
                "filtered-read" => Filter::new().kind(KindPattern::new("discord.VOICE*")),
                _ => Filter::new(),
            };
            read(&journal, &filter).await;
        }
        journal.close().await.expect("closed");
    });
}

/// Reads the whole journal in pages, as an app does or with a filter.
async fn read(journal: &SqliteJournal, filter: &Filter) {
    let end = *journal.last().borrow();
    let mut after = Position::ZERO;
    while after < end {
        after = if *filter == Filter::new() {
            let page = journal.read(after, 256).await.expect("read");
            page.last().expect("more").position()
        } else {
            let page = journal.read_where(after, 256, filter).await;
            page.expect("read").through
        };
    }
}

/// The instructions of a case, and the bytes of its file and of its bodies.
fn count(name: &str, count: usize) -> Option<(f64, Option<(f64, f64)>)> {
    let folder = TempDir::new().expect("a folder");
    let out = folder.path().join("callgrind.out");
    let ran = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe().expect("a path"))
        .args(["--case", name, &count.to_string()])
        .output()
        .ok()?;
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let said = String::from_utf8_lossy(&ran.stderr);
    let collected = said
        .lines()
        .find_map(|line| line.split_once("Collected : "))?
        .1;
    let printed = String::from_utf8_lossy(&ran.stdout);
    let disk = printed
        .lines()
        .find_map(|line| line.strip_prefix("disk "))
        .map(|line| {
            let (file, bodies) = line.split_once(' ').expect("two numbers");
            (
                file.parse().expect("a number"),
                bodies.trim().parse().expect("a number"),
            )
        });
    Some((collected.trim().parse().expect("a number"), disk))
}

fn table() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind is not installed");
        return;
    }
    println!(
        "{:<22} {:>12} {:>14} {:>14}",
        "case", "per event", "/ bare", "disk / bodies"
    );
    // A case, what is taken off, and what it stands beside.
    let cases = [
        ("bare/256", "corpus/256", ""),
        ("append/256", "corpus/256", "bare/256"),
        ("append-each/256", "corpus-each/256", "bare/256"),
        ("packed/256", "corpus/256", "bare/256"),
        ("bare/8", "corpus/8", ""),
        ("append/8", "corpus/8", "bare/8"),
        ("bare/1", "corpus/1", ""),
        ("append/1", "corpus/1", "bare/1"),
        ("repeat/256", "append/256", ""),
        ("bare-read/256", "bare/256", ""),
        ("read/256", "append/256", "bare-read/256"),
        ("packed-read/256", "packed/256", "bare-read/256"),
        ("filtered-read/256", "append/256", "bare-read/256"),
    ];
    let asked: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let mut known: Vec<(&str, f64, f64)> = Vec::new();
    for (name, base, peer) in cases {
        if !asked.is_empty() && !asked.iter().any(|asked| name.contains(asked.as_str())) {
            continue;
        }
        let events = if name.ends_with("/1") {
            COUNT / 10
        } else {
            COUNT
        };
        let Some((all, disk)) = count(name, events) else {
            continue;
        };
        let before = match known.iter().find(|(known, ..)| *known == base) {
            Some((_, all, _)) => *all,
            None => count(base, events).map_or(0.0, |(all, _)| all),
        };
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let each = (all - before) / events as f64;
        known.push((name, all, each));
        let beside = known.iter().find(|(known, ..)| *known == peer);
        let beside = beside.map_or(String::new(), |(.., peer)| format!("{:.2}", each / peer));
        let disk = disk.map_or(String::new(), |(file, bodies)| {
            format!("{:.2}", file / bodies)
        });
        println!("{name:<22} {each:>12.0} {beside:>14} {disk:>14}");
    }
}
