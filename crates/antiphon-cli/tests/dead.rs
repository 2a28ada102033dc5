//! Dead letters chosen by filters, the question before all are forgotten, and warnings of old ones.

mod binary;
mod fixture;

use std::sync::Arc;

use antiphon_core::{
    Batch, DeadLetter, DeadLetterChange, DeadLetterId, Draft, Event, Journal as _, Kind, Origin,
    Place, Position,
};
use antiphon_journal::SqliteJournal;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use binary::{Antiphon, antiphon};
use fixture::runtime;

/// A journal with five dead letters of two consumers: of chat, of typing, and of interactions, a fresh one among them.
fn journal() -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("antiphon.db");
    let now = Timestamp::now();
    let ago = |hours: i64| now - SignedDuration::from_hours(hours);
    let letter =
        |consumer: &str, handler: &str, kind: &'static str, source: &str, at: Timestamp| {
            let draft = Draft::new(
                Kind::from_static(kind),
                Place::new("room/1"),
                Origin::frame("c", 1),
                at,
                "{}",
            );
            DeadLetterChange::Bury(Box::new(DeadLetter {
                id: DeadLetterId(0),
                consumer: consumer.into(),
                handler: handler.to_owned(),
                event: Event::stored(Position::new(1), source.into(), draft),
                error: "the room is gone".to_owned(),
                attempts: 3,
                at,
                replay: false,
            }))
        };
    let interaction = "discord.INTERACTION_CREATE";
    let dead = vec![
        letter("bot", "greet", "queup.chat-message", "choir", ago(48)),
        letter("bot", "greet_all", "queup.chat-skip", "choir", ago(1)),
        letter("audit", "count", "discord.TYPING_START", "guild", ago(2)),
        letter("audit", "press", interaction, "guild", ago(0)),
        letter("bot", "press", interaction, "guild", ago(3)),
    ];
    runtime().block_on(async {
        let journal = SqliteJournal::open(&path).await.expect("a journal");
        let batch = Batch {
            dead,
            ..Batch::default()
        };
        journal.append(Arc::new(batch)).await.expect("it is stored");
        journal.close().await.expect("it closes");
    });
    let path = path.to_str().expect("a plain path").to_owned();
    (folder, path)
}

#[track_caller]
fn check(path: &str, filters: &[&str], expected: &[u64]) {
    let list = ["dead", "list", "--output", "json", "--journal", path];
    let run = antiphon(list.into_iter().chain(filters.iter().copied()));
    let lines = run.objects();
    let ids: Vec<_> = lines
        .iter()
        .filter_map(|line| line["id"].as_u64())
        .collect();
    assert_eq!(
        (run.code, &*ids),
        (0, expected),
        "{filters:?}: {}",
        run.stderr
    );
}

#[test]
fn a_filter_takes_letters_by_event_handler_and_age() {
    let (_folder, path) = journal();
    check(&path, &[], &[1, 2, 3, 4, 5]);
    check(&path, &["--kind", "queup.*"], &[1, 2]);
    check(&path, &["--kind", "QUEUP.CHAT-*", "--kind", "!*skip"], &[1]);
    check(&path, &["--handler", "greet"], &[1]);
    check(&path, &["--handler", "greet*"], &[1, 2]);
    check(
        &path,
        &["--source", "guild", "--consumer", "audit"],
        &[3, 4],
    );
    check(&path, &["--older-than", "90m"], &[1, 3, 5]);
    check(&path, &["--older-than", "1d"], &[1]);
    check(&path, &["--consumer", "nobody"], &[]);
    let run = antiphon(["dead", "list", "--kind", "x", "--journal", &path]);
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        (
            "",
            "warning: `x` fits no kind that is known or stored\nno dead letter fits\n"
        )
    );
}

#[test]
fn all_that_a_filter_takes_are_replayed_or_dropped_and_no_others() {
    let (_folder, path) = journal();
    let run = antiphon([
        "dead",
        "drop",
        "--all",
        "--kind",
        "queup.*",
        "--yes",
        "--journal",
        &path,
    ]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (0, "dropped: 2 dead letters\n")
    );
    check(&path, &[], &[3, 4, 5]);
    insta::assert_snapshot!(
        antiphon([
            "dead",
            "replay",
            "--all",
            "--source",
            "guild",
            "--journal",
            &path
        ])
        .whole()
    );
    insta::assert_snapshot!(
        antiphon([
            "dead",
            "replay",
            "3",
            "--kind",
            "queup.*",
            "--journal",
            &path
        ])
        .whole()
    );
}

#[test]
fn all_letters_are_forgotten_only_by_somebody_who_was_asked() {
    let (_folder, path) = journal();
    insta::assert_snapshot!(antiphon(["dead", "drop", "--all", "--journal", &path]).whole());
    let json = [
        "dead",
        "drop",
        "--all",
        "--output",
        "json",
        "--journal",
        &path,
    ];
    insta::assert_snapshot!(antiphon(json).whole());
    check(&path, &[], &[1, 2, 3, 4, 5]);
    // Numbers say what is meant.
    assert_eq!(antiphon(["dead", "drop", "1", "--journal", &path]).code, 0);
    check(&path, &[], &[2, 3, 4, 5]);
    // A script that lacks `--yes` fails on the day on which there is nothing to forget, too.
    let sure = ["dead", "drop", "--all", "--yes", "--journal", &path];
    assert_eq!(antiphon(sure).code, 0);
    let run = antiphon(["dead", "drop", "--all", "--journal", &path]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(
        run.stderr.ends_with("hint: add `--yes`\n"),
        "{}",
        run.stderr
    );
    assert_eq!(antiphon(sure).code, 0);
}

/// `script` of util-linux gives the command a terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_is_asked_and_yes_alone_is_yes() {
    let has_script = std::process::Command::new("script")
        .arg("--version")
        .output();
    if !has_script.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: there is no `script`");
        return;
    }
    let (_folder, path) = journal();
    let answer = |answer: &str| {
        let binary = env!("CARGO_BIN_EXE_antiphon");
        let line = format!(
            "printf '{answer}\\n' | script -qec \"{binary} dead drop --all --journal '{path}'\" /dev/null"
        );
        Antiphon::shell(&line).run()
    };
    for no in ["", "n", "yess", "Y E S"] {
        let run = answer(no);
        assert_eq!(run.code, 1, "{no}");
        assert!(
            run.stdout
                .contains("Forget 5 dead letters for good? [y/N] "),
            "{}",
            run.stdout
        );
        assert!(
            run.stdout.contains("error: nothing was forgotten"),
            "{}",
            run.stdout
        );
    }
    check(&path, &[], &[1, 2, 3, 4, 5]);
    let run = answer("y");
    assert_eq!(run.code, 0, "{}", run.stdout);
    check(&path, &[], &[]);
}

#[test]
fn letters_that_are_too_old_to_be_of_use_are_counted_aloud() {
    let (folder, path) = journal();
    let warnings = |options: &[&str]| {
        let list = ["dead", "list"].into_iter().chain(options.iter().copied());
        Antiphon::new(list).within(folder.path()).run().stderr
    };
    // Named by its file, the journal has no configuration; typing is kept for minutes all the same.
    insta::assert_snapshot!(warnings(&["--journal", &path]));
    std::fs::write(
        folder.path().join("antiphon.toml"),
        "[journal]\nkeep = \"1d\"\n",
    )
    .expect("a file");
    insta::assert_snapshot!(warnings(&[]));
    assert_eq!(warnings(&["--handler", "greet_all"]), "");
}
