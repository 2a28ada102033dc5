//! What `antiphon tail` and `antiphon kinds` show of what was asked for.

mod binary;
mod fixture;

use std::sync::Arc;

use antiphon_core::{Batch, Checkpoint, Draft, Journal as _, Kind, Origin, Place, SourceName};
use antiphon_journal::SqliteJournal;
use tempfile::TempDir;

use binary::{Antiphon, Run, antiphon};
use fixture::{at, journal, runtime};

/// The options of `tail` for a journal.
fn tail<'a>(path: &'a str, options: &[&'a str]) -> Run {
    antiphon(
        ["tail", "--journal", path]
            .into_iter()
            .chain(options.iter().copied()),
    )
}

/// Positions of the events that `tail` shows.
#[track_caller]
fn check(path: &str, options: &[&str], expected: &[u64]) {
    let options: Vec<_> = options
        .iter()
        .copied()
        .chain(["--output", "json"])
        .collect();
    let run = tail(path, &options);
    let lines = run.objects();
    let positions: Vec<_> = lines.iter().map(|line| line["position"].as_u64()).collect();
    let expected: Vec<_> = expected.iter().copied().map(Some).collect();
    assert_eq!(
        (run.code, positions),
        (0, expected),
        "{options:?}: {}",
        run.stderr
    );
}

/// A journal with these events, and checkpoints.
fn journal_of(
    events: Vec<(&str, &'static str, &str, String)>,
    checkpoints: Vec<(SourceName, Checkpoint)>,
) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("events.db");
    let events = events.into_iter().enumerate();
    let events = events.map(|(number, (source, kind, place, body))| {
        let number = u64::try_from(number).expect("a few");
        let (kind, place) = (Kind::from_static(kind), Place::new(place));
        let draft = Draft::new(kind, place, Origin::frame("c", number), at(0), body);
        (SourceName::new(source), draft)
    });
    let batch = Batch {
        events: events.collect(),
        checkpoints,
        ..Batch::default()
    };
    runtime().block_on(async {
        let journal = SqliteJournal::open(&path).await.expect("a journal");
        journal.append(Arc::new(batch)).await.expect("it is stored");
        journal.close().await.expect("it closes");
    });
    let path = path.to_str().expect("a plain path").to_owned();
    (folder, path)
}

#[test]
fn a_stretch_begins_and_ends_at_local_times_and_positions() {
    let (_folder, path) = journal();
    check(&path, &["--since", "2026-01-31 12:00:01"], &[3, 4]);
    check(
        &path,
        &["--since", "2026-01-31", "--until", "2026-01-31 12:00:01"],
        &[1, 2],
    );
    check(&path, &["--until", "3"], &[1, 2, 3]);
    check(&path, &["--since", "2", "--until", "2"], &[2]);
    check(&path, &["--until", "2026-01-31"], &[]);
    check(&path, &["--since", "yesterday"], &[]);
    // East of Greenwich the clock showed one hour more.
    let zone = "TST-1";
    let run = |options: &[&str]| {
        let arguments = ["tail", "--journal", &path]
            .into_iter()
            .chain(options.iter().copied());
        Antiphon::new(arguments).with("TZ", zone).run().stdout
    };
    assert_eq!(run(&["--since", "2026-01-31 12:30"]).lines().count(), 4);
    assert_eq!(run(&["--since", "2026-01-31 12:30", "--utc"]), "");
    let first = run(&["-n", "1", "--until", "1"]);
    assert!(
        first.starts_with("2026-01-31 13:00:00.000 choir "),
        "{first}"
    );
    let first = run(&["-n", "1", "--until", "1", "--utc"]);
    assert!(
        first.starts_with("2026-01-31 12:00:00.000Z choir "),
        "{first}"
    );
}

#[test]
fn a_time_that_cannot_be_read_names_the_forms() {
    insta::assert_snapshot!(antiphon(["tail", "--since", "soon"]).whole());
    insta::assert_snapshot!(antiphon(["tail", "--follow", "--until", "12:00"]).whole());
    insta::assert_snapshot!(antiphon(["tail", "-n", "0"]).whole());
    let (_folder, path) = fixture::journal();
    for end in ["--since", "--until"] {
        let run = antiphon(["tail", "--journal", &path, end, "9999-12-31"]);
        let said = "error: the day is beyond the calendar, which goes from -009999-01-02 to 9999-12-30\n\
                    hint: name a day of the calendar, or a position such as `4711`\n";
        assert_eq!((run.code, &*run.stderr), (2, said));
    }
}

#[test]
fn the_last_lines_are_the_last_of_those_that_fit_also_far_from_the_end() {
    let (_folder, path) = journal();
    check(&path, &["-n", "1"], &[4]);
    check(&path, &["-n", "2", "--kind", "queup.chat-*"], &[1, 3]);
    check(&path, &["-n", "9"], &[1, 2, 3, 4]);
    check(&path, &["-n", "2", "--until", "3"], &[2, 3]);
    check(&path, &["-n", "2", "--since", "4"], &[4]);
    let events = (0..5000).map(|number| {
        let kind = if number % 2000 == 7 {
            "queup.chat-message"
        } else {
            "queup.presence"
        };
        ("choir", kind, "room/1", format!("{{\"n\":{number}}}"))
    });
    let (_folder, path) = journal_of(events.collect(), Vec::new());
    check(&path, &["-n", "2", "--kind", "*.chat-*"], &[2008, 4008]);
    check(&path, &["-n", "3"], &[4998, 4999, 5000]);
    check(&path, &["-n", "2", "--where", ".body.n < 3"], &[2, 3]);
}

#[cfg(unix)]
#[test]
fn the_last_lines_come_before_what_is_followed() {
    let (_folder, path) = journal();
    let owner = runtime();
    let journal = owner
        .block_on(SqliteJournal::open(&path))
        .expect("it opens");
    let mut tail = Antiphon::new(["tail", "-f", "-n", "1", "--journal", &path]).start();
    assert!(tail.line().expect("a line").contains("antiphon.gap"));
    let mut news = fixture::drafts()[0].clone();
    news.origin = Origin::occurrence("chat", "a-3");
    owner.block_on(fixture::store(&journal, &[news]));
    assert!(tail.line().expect("a line").contains("mira: hello"));
}

#[test]
fn a_text_is_looked_for_in_any_case() {
    let (_folder, path) = journal();
    check(&path, &["--grep", "HELLO"], &[1]);
    check(
        &path,
        &["--grep", "hello", "--grep", "line was cut"],
        &[1, 4],
    );
    check(&path, &["--grep", "no \u{7} json"], &[2]);
    check(&path, &["--grep", "h.llo"], &[]);
    check(&path, &["--grep", "back", "--kind", "queup.message"], &[]);
}

#[test]
fn an_expression_chooses_events_by_their_fields() {
    let (_folder, path) = journal();
    check(
        &path,
        &["--where", r#".body.user.username? == "teo""#],
        &[3],
    );
    check(&path, &["--where", r#".provenance != "live""#], &[3, 4]);
    // A text has no fields: that event is no match, and is counted.
    let run = tail(&path, &["--where", ".body.user.username", "--ids"]);
    insta::assert_snapshot!(run.whole());
    insta::assert_snapshot!(tail(&path, &["--where", ".body.user ==="]).whole());
    insta::assert_snapshot!(
        tail(
            &path,
            &["--where", ".kind | startwith(\"a\")", "--output", "json"]
        )
        .whole()
    );
}

#[test]
fn an_expression_makes_the_lines() {
    let (_folder, path) = journal();
    let run = tail(
        &path,
        &[
            "--select",
            r#""\(.kind) \(.body.message? // "-")", (.body | type)"#,
        ],
    );
    insta::assert_snapshot!(run.whole());
    let run = tail(
        &path,
        &[
            "--select",
            "{kind, n: .position}, .source",
            "--output",
            "json",
            "-n",
            "1",
        ],
    );
    insta::assert_snapshot!(run.whole());
}

#[test]
fn patterns_take_either_leave_out_and_pass_over_the_case() {
    let (_folder, path) = journal();
    check(&path, &["--kind", "QueUp.Chat-*"], &[1, 3]);
    check(&path, &["--kind", "{queup.message,antiphon.*}"], &[2, 4]);
    check(&path, &["--kind", "!queup.chat-*"], &[2, 4]);
    check(&path, &["--kind", "queup.*", "--kind", "!*message"], &[]);
    check(&path, &["--place", "!user/*"], &[1, 3, 4]);
    check(&path, &["--source", "ch*"], &[1, 2, 3, 4]);
    insta::assert_snapshot!(tail(&path, &["--kind", "{queup"]).whole());
}

#[test]
fn a_pattern_that_fits_nothing_is_doubted_aloud() {
    let (_folder, path) = journal();
    let options = [
        "--kind",
        "discord.MESAGE_CREATE",
        "--kind",
        "quep.chat-*",
        "--kind",
        "queup.user-*",
        "--kind",
        "x",
        "--place",
        "channel/*",
        "--source",
        "chior",
    ];
    insta::assert_snapshot!(tail(&path, &options).whole());
}

#[test]
fn places_are_shown_by_the_names_that_the_journal_tells() {
    let guild = r#"{"id":"42","name":"The Choir","channels":[{"id":"7","name":"loft"}]}"#;
    let message = r#"{"content":"hi","author":{"id":"1","username":"mira"}}"#;
    let chat =
        r#"{"event_type":1,"room_id":1,"room_name":"Sandbox","user_name":"ada","content":"tea?"}"#;
    let mut events = vec![
        ("bot", "discord.GUILD_CREATE", "guild/42", guild.to_owned()),
        (
            "tea",
            "stackexchange.MessagePosted",
            "room/1",
            chat.to_owned(),
        ),
    ];
    // More than one step back and one page lie between the names and what is shown.
    for _ in 0..3000 {
        events.push(("choir", "queup.presence", "room/5a", "{}".to_owned()));
    }
    events.extend([
        (
            "bot",
            "discord.MESSAGE_CREATE",
            "guild/42/channel/7",
            message.to_owned(),
        ),
        (
            "node",
            "lavalink.stats",
            "node/eu-1/player/42",
            "{}".to_owned(),
        ),
        ("tea", "antiphon.gap", "room/1", "{}".to_owned()),
        ("choir", "queup.presence", "room/5a", "{}".to_owned()),
        ("choir", "queup.presence", "room/5b", "{}".to_owned()),
    ]);
    let room = Checkpoint {
        part: "room/5a".into(),
        state: r#"{"v":1,"slug":"choir-loft"}"#.into(),
        mark: 1,
    };
    let (_folder, path) = journal_of(events, vec![("choir".into(), room)]);
    insta::assert_snapshot!(tail(&path, &["-n", "5", "--utc"]).whole());
    insta::assert_snapshot!(tail(&path, &["-n", "5", "--utc", "--ids"]).whole());
}

#[test]
fn columns_are_aligned_by_what_a_terminal_shows() {
    let guild = r#"{"id":"42","name":"東京","channels":[{"id":"7","name":"雑談"}]}"#;
    let message = r#"{"content":"hi","author":{"id":"1","username":"mira"}}"#;
    let events = vec![
        ("bot", "discord.GUILD_CREATE", "guild/42", guild.to_owned()),
        (
            "bot",
            "discord.MESSAGE_CREATE",
            "guild/42/channel/7",
            message.to_owned(),
        ),
        (
            "a-long-name",
            "discord.MESSAGE_CREATE",
            "guild/1/channel/2",
            message.to_owned(),
        ),
        (
            "a-very-long-name-of-a-source",
            "queup.x",
            "room/1",
            "text\u{202e}".to_owned(),
        ),
    ];
    let (_folder, path) = journal_of(events, Vec::new());
    insta::assert_snapshot!(tail(&path, &["--utc"]).whole());
}

#[test]
fn kinds_are_listed_by_pattern() {
    let run = antiphon(["kinds", "queup.room-{update,lock*}", "antiphon.*", "!*.gap"]);
    insta::assert_snapshot!(run.whole());
    insta::assert_snapshot!(antiphon(["kinds", "tea.*"]).whole());
    assert!(antiphon(["kinds", "discord.*"]).stdout.lines().count() > 70);
}

/// Runs each line of the blocks of `sh` in a page, within a folder that has a journal.
#[track_caller]
fn run_page(page: &str) {
    let (folder, path) = journal();
    std::fs::rename(&path, folder.path().join("antiphon.db")).expect("its name");
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_antiphon"));
    let binaries = binary
        .parent()
        .expect("a folder")
        .to_str()
        .expect("a plain path");
    let mut count = 0;
    for block in page.split("\n```sh\n").skip(1) {
        let (block, _) = block.split_once("\n```").expect("an end");
        for line in block.lines() {
            // One that goes on until it is stopped shows what there is instead.
            let line = line.replace("--follow", "");
            let run = Antiphon::shell(&format!("PATH='{binaries}':$PATH; {line}"))
                .within(folder.path())
                .run();
            assert_eq!(run.code, 0, "{line}\n{}", run.stderr);
            let is_wrong = run.stderr.contains("failed") || run.stderr.contains("is it");
            assert!(!is_wrong, "{line}\n{}", run.stderr);
            count += 1;
        }
    }
    assert!(count > 5, "{count} commands");
}

#[test]
fn every_command_of_the_page_on_reading_does_something() {
    run_page(include_str!("../../../docs/reading.md"));
}

#[test]
fn an_event_is_explained_by_what_consumers_have_made_of_it() {
    let (_folder, path) = journal();
    // Two letters of the consumer `bot`, which has no cursor.
    let run = tail(&path, &["--explain", "--utc", "--ids"]);
    insta::assert_snapshot!(run.whole());
    runtime().block_on(async {
        let journal = SqliteJournal::open(&path).await.expect("it opens");
        let mut cursor = antiphon_core::Cursor::at(antiphon_core::Position::new(3));
        cursor.open.push(antiphon_core::OpenEvent {
            position: antiphon_core::Position::new(3),
            starts: 1,
        });
        let batch = Batch {
            cursors: vec![("audit".into(), cursor)],
            ..Batch::default()
        };
        journal.append(Arc::new(batch)).await.expect("it is stored");
        journal.close().await.expect("it closes");
    });
    let lines = tail(&path, &["--explain", "--output", "json"]).objects();
    let states: Vec<Vec<_>> = lines
        .iter()
        .map(|line| {
            let handling = line["handling"].as_array().expect("a list");
            let state = |one: &serde_json::Value| format!("{} {}", one["consumer"], one["state"]);
            handling.iter().map(state).collect()
        })
        .collect();
    let (audit, bot) = (
        |state: &str| format!("\"audit\" \"{state}\""),
        "\"bot\" \"dead\"".to_owned(),
    );
    assert_eq!(
        states,
        [
            vec![audit("done"), bot.clone()],
            vec![audit("done"), bot],
            vec![audit("open")],
            vec![audit("unread")],
        ]
    );
}

/// Whether a program can be run.
#[cfg(unix)]
fn is_there(program: &str) -> bool {
    let run = std::process::Command::new(program)
        .arg("--version")
        .output();
    run.is_ok_and(|run| run.status.success())
}

/// Runs a program of docs/journal.md in a folder with a journal, until it has caught up.
#[cfg(unix)]
fn check_consumer(block: &str, interpreter: &[&str]) {
    let page = include_str!("../../../docs/journal.md");
    let program = page
        .split_once(block)
        .and_then(|(_, rest)| rest.split_once("```"))
        .expect(block)
        .0;
    let program = program.replace("journal.sqlite", "events.db");
    let (folder, path) = journal();
    let file = folder.path().join("follow");
    std::fs::write(&file, program).expect("a file");
    let run = || {
        let run = std::process::Command::new(interpreter[0])
            .args(&interpreter[1..])
            .args(["follow", "--once"])
            .current_dir(folder.path())
            .output()
            .expect("it runs");
        let said = String::from_utf8(run.stderr).expect("UTF-8");
        assert!(run.status.success() && said.is_empty(), "{said}");
        let lines = String::from_utf8(run.stdout).expect("UTF-8");
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        let positions = lines.map(|line: serde_json::Value| line["position"].as_u64());
        positions
            .map(|position| position.expect("a number"))
            .collect::<Vec<_>>()
    };
    assert_eq!(run(), [1, 2, 3, 4]);
    assert!(run().is_empty(), "each once");
    // More than one page, beside the process that appends.
    let runtime = runtime();
    let journal = runtime.block_on(SqliteJournal::open(&path));
    let journal = journal.expect("it opens");
    let news: Vec<_> = (0..1200)
        .map(|number| {
            let mut draft = fixture::drafts()[0].clone();
            draft.origin = Origin::frame("news", number);
            draft
        })
        .collect();
    let stored = runtime.block_on(fixture::store(&journal, &news));
    let stored: Vec<_> = stored.iter().map(|event| event.position().get()).collect();
    assert_eq!(run(), stored);
}

#[cfg(unix)]
#[test]
fn a_consumer_in_python_skips_nothing_and_repeats_nothing() {
    if !is_there("python3") {
        eprintln!("skipped: there is no `python3`");
        return;
    }
    check_consumer("```python follow.py\n", &["python3"]);
}

#[cfg(unix)]
#[test]
fn a_consumer_in_shell_skips_nothing_and_repeats_nothing() {
    if !is_there("sqlite3") {
        eprintln!("skipped: there is no `sqlite3`");
        return;
    }
    check_consumer("```sh follow.sh\n", &["sh"]);
}
