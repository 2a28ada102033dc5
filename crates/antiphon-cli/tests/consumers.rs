//! Consumers of a journal: how far they are, who has them, and how one is given up.

mod binary;
mod fixture;

use std::sync::Arc;

use antiphon_core::{Batch, Cursor, Journal as _, OpenEvent, Position, Retention};
use antiphon_journal::SqliteJournal;
use jiff::Timestamp;
use serde_json::{Value, json};

use binary::antiphon;
use fixture::{journal, runtime, saved};

/// Saves what a consumer `old` keeps that has read two of the journal's four events and has one open, and what a
/// projection of everybody's and one of its own keep.
async fn save(path: &str) {
    let journal = SqliteJournal::open(path).await.expect("a journal");
    let mut cursor = Cursor::at(Position::new(2));
    cursor.open.push(OpenEvent {
        position: Position::new(2),
        starts: 1,
    });
    let batch = Batch {
        cursors: vec![("old".into(), cursor)],
        projections: vec![saved("cache"), saved("cache@old")],
        ..Batch::default()
    };
    journal.append(Arc::new(batch)).await.expect("stored");
    journal.close().await.expect("closed");
}

fn list(path: &str) -> Vec<Value> {
    let run = antiphon(["consumers", "list", "--output", "json", "--journal", path]);
    assert_eq!(run.code, 0, "{}", run.whole());
    run.objects()
}

fn names(path: &str) -> Vec<String> {
    let name = |line: &Value| line["name"].as_str().expect("a name").to_owned();
    list(path).iter().map(name).collect()
}

#[test]
fn each_consumer_is_listed_with_its_place_and_what_it_has_open() {
    let (_folder, path) = journal();
    runtime().block_on(save(&path));
    assert_eq!(names(&path), ["bot", "old"]);
    let lines = list(&path);
    let (bot, old) = (&lines[0], &lines[1]);
    // It has dead letters alone.
    assert_eq!(
        (&bot["read"], &bot["dead_letters"], &bot["process"]),
        (&Value::Null, &json!(2), &Value::Null)
    );
    assert_eq!(
        (&old["read"], &old["lag"], &old["open"], &old["parked"]),
        (&json!(2), &json!(3), &json!(1), &json!(0))
    );
    assert!(old["lag_seconds"].as_f64().expect("a number") > 86_400.0);
    assert_eq!(
        old["read_received_at"],
        json!(fixture::drafts()[1].received_at)
    );
    let run = antiphon(["consumers", "list", "--journal", &path]);
    let told: Vec<_> = run.stdout.lines().collect();
    assert_eq!(told.len(), 3, "{}", run.whole());
    assert!(
        run.stderr
            .starts_with("warning: retention has waited for `old` for "),
        "{}",
        run.stderr
    );
}

#[test]
fn a_consumer_is_forgotten_only_with_leave_and_retention_waits_for_it_no_longer() {
    let (_folder, path) = journal();
    runtime().block_on(save(&path));
    let at = ["--journal", path.as_str(), "--output", "json"];
    let forget = ["consumers", "forget", "old"];
    let shown = antiphon(forget.into_iter().chain(at));
    assert_eq!(
        (shown.code, &shown.objects()[0]["done"]),
        (0, &json!(false))
    );
    let told = antiphon(["consumers", "forget", "old", "--journal", &path]);
    assert!(told.stdout.contains("lag           3\n"), "{}", told.stdout);
    assert!(
        told.stderr.starts_with("nothing was changed"),
        "{}",
        told.stderr
    );
    assert_eq!(names(&path), ["bot", "old"]);

    let done = antiphon(forget.into_iter().chain(["--yes"]).chain(at));
    assert_eq!((done.code, &done.objects()[0]["done"]), (0, &json!(true)));
    assert_eq!(
        names(&path),
        ["bot"],
        "its dead letters are another consumer's"
    );
    runtime().block_on(async {
        let journal = SqliteJournal::open(&path).await.expect("a journal");
        let there = async |name: &str| journal.projection(name).await.expect("read").is_some();
        assert!(there("cache").await);
        assert!(!there("cache@old").await);
        let policy = Retention {
            keep: Some(std::time::Duration::from_secs(60)),
            ..Retention::default()
        };
        let sweep = journal.sweep(Arc::new(policy), Timestamp::now()).await;
        assert_eq!(sweep.expect("swept").removed, 4);
        journal.close().await.expect("closed");
    });
}

#[test]
fn a_consumer_that_a_process_has_is_not_forgotten_and_one_beside_the_ingester_is() {
    let (_folder, path) = journal();
    runtime().block_on(async {
        save(&path).await;
        let ingester = SqliteJournal::open(&path).await.expect("a journal");
        let bot = SqliteJournal::for_consumers(&path).await.expect("a journal");
        let claim = bot.claim(&"old".into()).await.expect("free");
        let forget = ["consumers", "forget", "old", "--yes", "--journal", &path];
        let refused = antiphon(forget);
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
        let process = std::process::id();
        assert_eq!(
            refused.stderr,
            format!(
                "error: the consumer `old` is in use: {process}\nhint: stop its program, and repeat the command\n"
            )
        );
        assert!(bot.cursor(&"old".into()).await.expect("read").is_some());
        drop(claim);
        let done = antiphon(forget);
        assert_eq!(done.code, 0, "{}", done.whole());
        assert!(ingester.cursor(&"old".into()).await.expect("read").is_none());
    });
}

#[test]
fn a_wrong_name_and_a_consumer_of_dead_letters_alone_are_told_with_a_way_out() {
    let (_folder, path) = journal();
    for (name, error) in [
        (
            "odl\u{1b}[31m",
            "error: there is no consumer `odl\\u{1b}[31m`\nhint: `antiphon consumers list` shows those there are\n",
        ),
        (
            "bot",
            "error: the consumer `bot` has nothing but dead letters\nhint: `antiphon dead drop --all --consumer NAME` forgets those\n",
        ),
    ] {
        let run = antiphon(["consumers", "forget", name, "--yes", "--journal", &path]);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""));
        assert_eq!(run.stderr, error);
    }
    let run = antiphon(["consumers", "list", "--journal", "no.db"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("\nhint: "), "{}", run.stderr);
}
