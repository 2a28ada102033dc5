//! Data taken out of a journal and put into another.

mod binary;
mod fixture;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{
    Batch, BodyForm, Checkpoint, Cursor, DeadLetter, DeadLetterChange, DeadLetterId, Draft, Event,
    Journal, Kind, KindPattern, OpenEvent, Origin, Parked, Place, Position, Provenance, Retention,
    Rng, Saved, SourceName,
};
use antiphon_journal::SqliteJournal;
use jiff::Timestamp;
use tempfile::TempDir;

use binary::{Antiphon, Run, antiphon};
use fixture::{at, runtime};

/// A folder in which the binary runs.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run<const N: usize>(&self, arguments: [&str; N]) -> Run {
        Antiphon::new(arguments).within(self.0.path()).run()
    }

    #[track_caller]
    fn done<const N: usize>(&self, arguments: [&str; N]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
        run
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("it is there")
    }
}

async fn append(path: &Path, batches: impl IntoIterator<Item = Batch>) {
    let journal = SqliteJournal::open(path).await.expect("a journal");
    for batch in batches {
        journal.append(Arc::new(batch)).await.expect("it is stored");
    }
    journal.close().await.expect("it closes");
}

fn chat(number: u64, body: impl Into<bytes::Bytes>) -> Draft {
    let mut draft = Draft::new(
        Kind::from_static("queup.chat-message"),
        Place::new("room/5a77aa00bb11cc22dd33ee44"),
        Origin::occurrence("chat", &format!("a-{number}")),
        at(i64::try_from(number).expect("small") * 1000),
        body,
    );
    draft.form = BodyForm::of(&draft.body);
    draft
}

fn said(number: u64) -> Draft {
    chat(
        number,
        format!(r#"{{"message":"number {number}","user":{{"username":"mira"}}}}"#),
    )
}

fn batch(drafts: impl IntoIterator<Item = Draft>) -> Batch {
    let source = SourceName::new("choir");
    Batch {
        events: drafts
            .into_iter()
            .map(|draft| (source.clone(), draft))
            .collect(),
        ..Batch::default()
    }
}

/// A journal with four events: JSON on one line and on several, a text and bytes.
fn four(folder: &Folder) {
    let mut deleted = chat(4, vec![0xff, 0x00, b'\n']);
    deleted.deletes = Some(Origin::occurrence("chat", "a-1"));
    deleted.note = Some(bytes::Bytes::from_static(br#"{"edited":null}"#));
    let drafts = [
        said(1),
        chat(2, "{\n \"message\": \"back\"\n}").provenance(Provenance::Backfilled),
        chat(3, "no \u{7} json"),
        deleted,
    ];
    runtime().block_on(append(&folder.path("a.db"), [batch(drafts)]));
}

/// The journal's name, which is another in every file.
fn unnamed(text: &str) -> String {
    match text.split_once(r#""journal":""#) {
        Some((before, after)) => format!("{before}\"journal\":\"NAME{}", &after[32..]),
        None => text.to_owned(),
    }
}

#[test]
fn an_export_has_every_event_byte_for_byte() {
    let folder = Folder::new();
    four(&folder);
    let run = folder.run(["export", "--journal", "a.db"]);
    insta::assert_snapshot!(unnamed(&run.whole()), @r#"
        exit 0
        --- stdout
        {"antiphon":"export","version":1,"journal":"NAME","full":false,"after":0}
        {"position":1,"source":"choir","kind":"queup.chat-message","place":"room/5a77aa00bb11cc22dd33ee44","origin":"chat/a-1","provenance":"live","received_at":"2026-01-31T12:00:01Z","form":"json","body":{"message":"number 1","user":{"username":"mira"}}}
        {"position":2,"source":"choir","kind":"queup.chat-message","place":"room/5a77aa00bb11cc22dd33ee44","origin":"chat/a-2","provenance":"backfilled","received_at":"2026-01-31T12:00:02Z","form":"json","body_base64":"ewogIm1lc3NhZ2UiOiAiYmFjayIKfQ=="}
        {"position":3,"source":"choir","kind":"queup.chat-message","place":"room/5a77aa00bb11cc22dd33ee44","origin":"chat/a-3","provenance":"live","received_at":"2026-01-31T12:00:03Z","form":"text","body_base64":"bm8gByBqc29u"}
        {"position":4,"source":"choir","kind":"queup.chat-message","place":"room/5a77aa00bb11cc22dd33ee44","origin":"chat/a-4","provenance":"live","received_at":"2026-01-31T12:00:04Z","form":"binary","deletes":"chat/a-1","note":{"edited":null},"body_base64":"/wAK"}
        {"end":{"events":4,"through":4}}
        "#);
}

#[track_caller]
fn check_choice<const N: usize>(folder: &Folder, options: [&str; N], expected: &[u64]) {
    let mut arguments = vec!["export", "--journal", "a.db"];
    arguments.extend(options);
    let run = Antiphon::new(arguments).within(folder.0.path()).run();
    let lines = run.objects();
    let positions: Vec<u64> = lines
        .iter()
        .filter_map(|line| line["position"].as_u64())
        .collect();
    assert_eq!((run.code, &*positions), (0, expected), "{options:?}");
    let end = lines.last().expect("an end");
    assert_eq!(end["end"]["events"], expected.len(), "{options:?}");
}

#[test]
fn an_export_takes_a_stretch_and_a_choice() {
    let folder = Folder::new();
    four(&folder);
    check_choice(&folder, ["--since", "2", "--until", "3"], &[2, 3]);
    check_choice(&folder, ["--since", "2026-01-31T12:00:02Z"], &[2, 3, 4]);
    check_choice(&folder, ["--until", "2026-01-31T12:00:02Z"], &[1]);
    check_choice(&folder, ["--kind", "discord.*"], &[]);
    check_choice(
        &folder,
        ["--kind", "queup.*", "--source", "choir"],
        &[1, 2, 3, 4],
    );
    check_choice(&folder, ["--place", "user/*"], &[]);
    check_choice(&folder, ["--since", "99"], &[]);
}

#[test]
fn an_export_into_a_file_is_whole_or_has_another_name() {
    let folder = Folder::new();
    four(&folder);
    let run = folder.run(["export", "--journal", "a.db", "--to", "out.ndjson"]);
    insta::assert_snapshot!(run.whole(), @r#"
        exit 0
        --- stderr
        exported 4 events into out.ndjson
        "#);
    assert!(!folder.path("out.ndjson.part").exists());
    let whole = folder.read("out.ndjson");
    assert_eq!(whole, folder.done(["export", "--journal", "a.db"]).stdout);

    // As `import` takes stdin by that name.
    let stdout = folder.done(["export", "--journal", "a.db", "--to", "-"]);
    assert_eq!(stdout.stdout, whole);
    assert!(!folder.path("-").exists() && !folder.path("-.part").exists());
    insta::assert_snapshot!(folder.run(["export", "--journal", "a.db", "--to", "-", "--resume"]).whole(), @r"
    exit 2
    --- stderr
    error: `-` is stdout, which takes lines from the first to the last
    hint: name a file by `--to`; `./-` is one of that name
    ");

    let again = folder.run(["export", "--journal", "a.db", "--to", "out.ndjson"]);
    insta::assert_snapshot!(again.whole(), @r#"
        exit 1
        --- stderr
        error: out.ndjson is there already
        hint: name another file, or move that one away
        "#);
    let json = folder.run([
        "export",
        "--journal",
        "a.db",
        "--to",
        "b.ndjson",
        "--output",
        "json",
    ]);
    insta::assert_snapshot!(unnamed(&json.whole()), @r#"
        exit 0
        --- stdout
        {"file":"b.ndjson","journal":"NAME","events":4,"through":4}
        "#);
    let nowhere = folder.run(["export", "--journal", "a.db", "--to", "no/b.ndjson"]);
    insta::assert_snapshot!(nowhere.whole(), @r#"
        exit 1
        --- stderr
        error: could not make no/b.ndjson.part: No such file or directory (os error 2)
        hint: name a file in a folder that can be written
        "#);
}

#[cfg(unix)]
#[test]
fn an_exported_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    four(&folder);
    folder.done(["export", "--journal", "a.db", "--to", "out"]);
    let mode = fs::metadata(folder.path("out"))
        .expect("there")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}

#[test]
fn an_export_that_was_cut_anywhere_goes_on_to_the_same_file() {
    let folder = Folder::new();
    four(&folder);
    let whole = folder
        .done(["export", "--full", "--journal", "a.db"])
        .stdout;
    for cut in 0..=whole.len() {
        // Every third length, and each beside a line's end.
        let is_edge = whole.as_bytes()[cut.saturating_sub(1)..].starts_with(b"\n");
        if cut % 37 != 0 && !is_edge {
            continue;
        }
        fs::write(folder.path("out.part"), &whole.as_bytes()[..cut]).expect("written");
        folder.done([
            "export",
            "--full",
            "--journal",
            "a.db",
            "--to",
            "out",
            "--resume",
        ]);
        assert_eq!(folder.read("out"), whole, "cut at {cut}");
        fs::remove_file(folder.path("out")).expect("removed");
    }
}

#[test]
fn a_part_is_not_overwritten_and_belongs_to_one_export() {
    let folder = Folder::new();
    four(&folder);
    let whole = folder.done(["export", "--journal", "a.db"]).stdout;
    fs::write(folder.path("out.part"), &whole).expect("written");
    let without = folder.run(["export", "--journal", "a.db", "--to", "out"]);
    insta::assert_snapshot!(without.whole(), @r#"
        exit 1
        --- stderr
        error: out.part is there already
        hint: go on with it by `--resume`, or remove it to begin anew
        "#);
    let choice = folder.run([
        "export",
        "--journal",
        "a.db",
        "--to",
        "out",
        "--resume",
        "--kind",
        "a.*",
    ]);
    insta::assert_snapshot!(choice.whole(), @r#"
        exit 2
        --- stderr
        warning: `a.*` fits no kind that is known or stored
        error: out.part is the beginning of another export: its kinds, sources, places or states are others
        hint: repeat the command that began it, or remove it to begin anew
        "#);
    runtime().block_on(append(&folder.path("b.db"), [batch([said(1)])]));
    let journal = folder.run(["export", "--journal", "b.db", "--to", "out", "--resume"]);
    insta::assert_snapshot!(journal.whole(), @r#"
        exit 2
        --- stderr
        error: out.part is the beginning of another export: it is of another journal
        hint: repeat the command that began it, or remove it to begin anew
        "#);
    assert_eq!(folder.read("out.part"), whole);
}

#[test]
fn an_export_reads_beside_the_process_that_appends() {
    let folder = Folder::new();
    four(&folder);
    let runtime = runtime();
    let owner = runtime
        .block_on(SqliteJournal::open(folder.path("a.db")))
        .expect("it opens");
    let run = folder.done(["export", "--journal", "a.db"]);
    assert_eq!(run.objects().len(), 6);
    drop(owner);
}

fn letter(event: &Event) -> DeadLetter {
    DeadLetter {
        id: DeadLetterId(0),
        consumer: "bot".into(),
        handler: "greet".to_owned(),
        event: event.clone(),
        error: "no".to_owned(),
        attempts: 3,
        at: at(60_000),
        replay: false,
    }
}

/// Draws events of every form, with holes, and states of every kind.
fn random(seed: u64) -> Vec<Batch> {
    let mut rng = Rng::with_seed(seed);
    let text = |rng: &mut Rng| -> String {
        let length = rng.usize(0..12);
        (0..length)
            .map(|_| {
                rng.choice(['a', 'é', '\u{202e}', '\n', '"', '\\', '😀', '\0', '/'])
                    .expect("some")
            })
            .collect()
    };
    let mut batches = Vec::new();
    for number in 0..200_u64 {
        let body: Vec<u8> = match rng.u8(0..6) {
            0 => (0..rng.usize(0..40)).map(|_| rng.u8(..)).collect(),
            1 => text(&mut rng).into_bytes(),
            2 => format!("{{\n\"a\":{:?}}}", rng.u64(..)).into_bytes(),
            3 => b" {\"a\": 1.0e400 } ".to_vec(),
            4 => "[".repeat(500).into_bytes(),
            _ => serde_json::to_vec(&serde_json::json!({"a": text(&mut rng), "b": [null, 1.5]}))
                .expect("JSON"),
        };
        let form = BodyForm::of(&body);
        let kind = rng.choice(["queup.chat", "x.y", "\u{202e}"]).expect("some");
        let mut draft = Draft::new(
            Kind::new(kind),
            Place::from(text(&mut rng)),
            Origin::from(format!("{}{number}", text(&mut rng))),
            Timestamp::from_nanosecond(i128::from(rng.i64(..))).expect("in range"),
            body,
        );
        draft.form = form;
        draft.provenance = rng
            .choice([
                Provenance::Live,
                Provenance::Replayed,
                Provenance::Backfilled,
                Provenance::Synthetic,
            ])
            .expect("some");
        draft.note = rng.bool().then(|| {
            if rng.bool() {
                serde_json::to_vec(&text(&mut rng)).expect("JSON").into()
            } else {
                bytes::Bytes::from_static(b"\xffnote\n")
            }
        });
        draft.deletes = rng.bool().then(|| Origin::from(text(&mut rng)));
        let source = SourceName::from(rng.choice(["choir", "tea \u{7}"]).expect("some"));
        let mut event = Batch {
            events: vec![(source.clone(), draft)],
            ..Batch::default()
        };
        // Something has to be named.
        let name = format!("{}{number}", text(&mut rng));
        let state: Vec<u8> = (0..rng.usize(0..30)).map(|_| rng.u8(..)).collect();
        let position = Position::new(number / 2);
        match rng.u8(0..8) {
            0 => event.checkpoints.push((
                source,
                Checkpoint {
                    part: name.into(),
                    state: state.into(),
                    mark: rng.i64(..),
                },
            )),
            1 => {
                let mut cursor = Cursor::at(position);
                cursor.open.push(OpenEvent {
                    position,
                    starts: 2,
                });
                cursor.parked.push(Parked {
                    lane: name.clone(),
                    from: position,
                });
                event.cursors.push((name.into(), cursor));
            }
            2 => event.projections.push((name, Saved { position, state })),
            _ => {}
        }
        batches.push(event);
    }
    batches
}

#[test]
fn what_was_exported_and_imported_is_exported_the_same_again() {
    for seed in 1..=3 {
        let folder = Folder::new();
        runtime().block_on(async {
            append(&folder.path("a.db"), random(seed)).await;
            // Holes in the positions and in the numbers of dead letters.
            let journal = SqliteJournal::open(folder.path("a.db"))
                .await
                .expect("opened");
            let events = journal.read(Position::ZERO, 50).await.expect("read");
            let bury = events
                .iter()
                .map(|event| DeadLetterChange::Bury(Box::new(letter(event))));
            let dead = Batch {
                dead: bury.collect(),
                ..Batch::default()
            };
            journal.append(Arc::new(dead)).await.expect("stored");
            let drop = [1, 7, 8].map(|id| DeadLetterChange::Drop(DeadLetterId(id)));
            let dead = Batch {
                dead: drop.into(),
                ..Batch::default()
            };
            journal.append(Arc::new(dead)).await.expect("stored");
            let policy = Retention {
                momentary: vec![(KindPattern::new("x.y"), Duration::ZERO)],
                delete_grace: Duration::MAX,
                ..Retention::default()
            };
            let swept = journal.sweep(Arc::new(policy), Timestamp::MAX).await;
            let swept = swept.expect("swept");
            assert!(swept.removed + swept.expired > 10, "{swept:?}");
            journal.close().await.expect("closed");
        });
        folder.done(["export", "--full", "--journal", "a.db", "--to", "a.ndjson"]);
        let run = folder.done(["import", "a.ndjson", "--journal", "b.db"]);
        assert!(run.stderr.contains("projections: stored"), "{}", run.stderr);
        folder.done(["export", "--full", "--journal", "b.db", "--to", "b.ndjson"]);
        assert_eq!(
            folder.read("b.ndjson"),
            folder.read("a.ndjson"),
            "seed {seed}"
        );
    }
}

#[test]
fn an_import_can_be_repeated_and_keeps_order_and_positions() {
    let folder = Folder::new();
    four(&folder);
    folder.done(["export", "--journal", "a.db", "--to", "a"]);
    let run = folder.run(["import", "a", "--journal", "b.db"]);
    insta::assert_snapshot!(run.whole(), @r#"
        exit 0
        --- stderr
        imported 4 events into b.db
        "#);
    let again = folder.run(["import", "a", "--journal", "b.db"]);
    insta::assert_snapshot!(again.whole(), @r#"
        exit 0
        --- stderr
        imported 0 events into b.db
        known already: 4 events
        "#);
    let json = folder.run(["import", "a", "--journal", "b.db", "--output", "json"]);
    insta::assert_snapshot!(unnamed(&json.whole()), @r#"
        exit 0
        --- stdout
        {"file":"b.db","journal":"NAME","stored":0,"repeats":4,"moved":0,"states":"none"}
        "#);

    // Behind the events of another journal they get the next positions, in the same order.
    runtime().block_on(append(&folder.path("c.db"), [batch([said(7), said(1)])]));
    let run = folder.run(["import", "a", "--journal", "c.db"]);
    insta::assert_snapshot!(run.whole(), @r#"
        exit 0
        --- stderr
        imported 3 events into c.db
        known already: 1 event
        at other positions: 4 events
        "#);
    let lines = folder.done(["export", "--journal", "c.db"]).objects();
    let origins: Vec<_> = lines
        .iter()
        .filter_map(|line| line["origin"].as_str())
        .collect();
    assert_eq!(
        origins,
        ["chat/a-7", "chat/a-1", "chat/a-2", "chat/a-3", "chat/a-4"]
    );
}

#[test]
fn the_states_of_a_journal_in_use_stay_its_own() {
    let folder = Folder::new();
    let cursor = |position| Batch {
        cursors: vec![("bot".into(), Cursor::at(Position::new(position)))],
        ..batch([said(position)])
    };
    runtime().block_on(async {
        append(&folder.path("a.db"), [cursor(1), cursor(2)]).await;
        append(&folder.path("b.db"), [cursor(1)]).await;
        append(&folder.path("c.db"), [batch([said(9)])]).await;
    });
    folder.done(["export", "--full", "--journal", "a.db", "--to", "a"]);
    let run = folder.run(["import", "a", "--journal", "b.db"]);
    insta::assert_snapshot!(run.whole(), @r#"
        exit 0
        --- stderr
        imported 1 event into b.db
        known already: 1 event
        checkpoints, cursors, dead letters and projections: left as they are, since the journal has its own
        "#);
    let run = folder.run(["import", "a", "--journal", "c.db"]);
    insta::assert_snapshot!(run.whole(), @r"
    exit 0
    --- stderr
    imported 2 events into c.db
    at other positions: 2 events
    checkpoints, cursors, dead letters and projections: left out, since they belong to other positions; import into a new journal to have them
    ");
}

#[test]
fn an_import_goes_into_a_configured_journal() {
    let folder = Folder::new();
    four(&folder);
    folder.done(["export", "--journal", "a.db", "--to", "a"]);
    fs::write(
        folder.path("antiphon.toml"),
        "[journal]\npath = \"b.db\"\ncompress = true\n",
    )
    .expect("written");
    folder.done(["import", "a", "--config", "antiphon.toml"]);
    folder.done(["export", "--config", "antiphon.toml", "--to", "b"]);
    assert_eq!(unnamed(&folder.read("b")), unnamed(&folder.read("a")));
}

/// Imports a text; the journal then has so many events.
#[track_caller]
fn check_refused(folder: &Folder, text: &str, expected: Option<u64>) -> String {
    for file in ["b.db", "b.db.lock"] {
        let _ = fs::remove_file(folder.path(file));
    }
    fs::write(folder.path("in"), text).expect("written");
    let run = folder.run(["import", "in", "--journal", "b.db"]);
    let stored = folder.path("b.db").exists().then(|| {
        let lines = folder.done(["export", "--journal", "b.db"]).objects();
        lines.last().expect("an end")["end"]["events"]
            .as_u64()
            .expect("a number")
    });
    assert_eq!(stored, expected, "{}", run.whole());
    run.whole()
}

#[test]
fn a_file_that_is_no_export_makes_no_journal() {
    let folder = Folder::new();
    insta::assert_snapshot!(check_refused(&folder, "", None), @r#"
        exit 2
        --- stderr
        error: in is no file that `antiphon export` wrote
        hint: its first line has `"antiphon":"export"`; `antiphon export` makes one
        "#);
    insta::assert_snapshot!(check_refused(&folder, "a shopping list\n", None), @r#"
        exit 2
        --- stderr
        error: in is no file that `antiphon export` wrote
        hint: its first line has `"antiphon":"export"`; `antiphon export` makes one
        "#);
    insta::assert_snapshot!(
        check_refused(&folder, "{\"antiphon\":\"export\",\"version\":3,\"new\":[]}\n", None), @r#"
        exit 2
        --- stderr
        error: in has version 3 of the form, and 2 is known
        hint: use the version of antiphon that wrote it, or a newer one
        "#);
    insta::assert_snapshot!(
        check_refused(&folder, "{\"antiphon\":\"export\",\"version\":1}\n", None), @r#"
        exit 1
        --- stderr
        error: line 1 of in is damaged: missing field `full` at column 33
        hint: take another copy of the file; what is stored is known when you repeat the command
        "#);
    insta::assert_snapshot!(folder.run(["import", "gone", "--journal", "b.db"]).whole(), @r#"
        exit 1
        --- stderr
        error: could not open gone: No such file or directory (os error 2)
        hint: `antiphon export --to FILE` makes such a file; `-` is stdin
        "#);
    insta::assert_snapshot!(folder.run(["import", "in"]).whole(), @r#"
        exit 2
        --- stderr
        error: the following required arguments were not provided: <--journal <PATH>|--config <FILE>>
        hint: `antiphon import --help` shows what can be written
        "#);
}

/// A full export of a journal of four events.
fn exported(folder: &Folder) -> String {
    four(folder);
    let run = folder.done(["export", "--full", "--journal", "a.db"]);
    run.stdout
}

/// The lines of an export, with their ends.
struct Lines<'a>(Vec<&'a str>);

impl<'a> Lines<'a> {
    fn of(whole: &'a str) -> Self {
        Self(whole.split_inclusive('\n').collect())
    }

    /// The export with another line in the place of this one; the first is 1.
    fn with(&self, number: usize, line: &str) -> String {
        let mut lines = self.0.clone();
        lines[number - 1] = line;
        lines.concat()
    }
}

#[test]
fn an_import_takes_no_line_that_no_export_writes() {
    let folder = Folder::new();
    let whole = exported(&folder);
    let lines = Lines::of(&whole);
    let with = |number, line: &str| lines.with(number, line);
    for (number, from, to, said) in [
        (
            1,
            "\"version\":2",
            "\"version\":0",
            "the first version of the form is 1",
        ),
        (
            4,
            "\"position\":3",
            "\"position\":0",
            "its `position` is 0, and the first one is 1",
        ),
        (
            4,
            "\"kind\":\"queup.chat-message\"",
            "\"kind\":\"\"",
            "its `kind` is empty",
        ),
        (
            4,
            "\"source\":\"choir\"",
            "\"source\":\"\"",
            "its `source` is empty",
        ),
    ] {
        let line = lines.0[number - 1].replace(from, to);
        assert_ne!(line, lines.0[number - 1], "{from}");
        let stored = (number > 1).then_some(0);
        let run = check_refused(&folder, &with(number, &line), stored);
        let damaged = format!("exit 1\n--- stderr\nerror: line {number} of in is damaged: {said}");
        assert!(run.contains(&damaged), "{run}");
    }
}

#[test]
fn a_damaged_line_is_named_and_its_batch_is_not_stored() {
    let folder = Folder::new();
    let whole = exported(&folder);
    let lines = Lines::of(&whole);
    let with = |number, line: &str| lines.with(number, line);
    insta::assert_snapshot!(check_refused(&folder, &with(3, "{\"position\":2}\n"), Some(0)), @r#"
        exit 1
        --- stderr
        error: line 3 of in is damaged: missing field `source` at column 14
        hint: take another copy of the file; what is stored is known when you repeat the command
        "#);
    insta::assert_snapshot!(check_refused(&folder, &with(3, "x\n"), Some(0)), @r#"
        exit 1
        --- stderr
        error: line 3 of in is damaged: expected value at column 1
        hint: take another copy of the file; what is stored is known when you repeat the command
        "#);
    insta::assert_snapshot!(check_refused(&folder, &with(6, "{\"other\":{}}\n"), Some(0)), @r#"
        exit 1
        --- stderr
        error: line 6 of in is damaged: unknown variant `other`, expected one of `checkpoint`, `cursor`, `dead_letter`, `projection`, `removed`, `deletion`, `given`, `end` at column 8
        hint: take another copy of the file; what is stored is known when you repeat the command
        "#);
    let base64 = lines.0[4].replace("\"/wAK\"", "\"/wA\"");
    assert_ne!(base64, lines.0[4]);
    insta::assert_snapshot!(check_refused(&folder, &with(5, &base64), Some(0)), @r#"
        exit 1
        --- stderr
        error: line 5 of in is damaged: `body_base64` is no base64: Invalid padding
        hint: take another copy of the file; what is stored is known when you repeat the command
        "#);
    insta::assert_snapshot!(check_refused(&folder, &whole[..whole.len() / 2], Some(0)), @r#"
        exit 1
        --- stderr
        error: line 3 of in is damaged: it is cut short
        hint: take another copy of the file; what is stored is known when you repeat the command
        "#);
    insta::assert_snapshot!(check_refused(&folder, &lines.0[..5].concat(), Some(0)), @r#"
        exit 1
        --- stderr
        error: in ends behind line 5 without its last line
        hint: end the export with `antiphon export --resume`, or take another copy; what is stored is known when you repeat the command
        "#);
    insta::assert_snapshot!(check_refused(&folder, &with(4, ""), Some(3)), @r#"
        exit 1
        --- stderr
        error: in has 3 events and says that it has 4
        hint: lines are missing: take another copy of the file, and repeat the command
        "#);
    insta::assert_snapshot!(check_refused(&folder, &with(4, &lines.0[3].repeat(2)), Some(4)), @r#"
        exit 1
        --- stderr
        error: in has 5 events and says that it has 4
        hint: lines were added or are there twice: take another copy of the file, and repeat the command
        "#);
    // Two exports one behind the other: the second would be left out.
    insta::assert_snapshot!(check_refused(&folder, &whole.repeat(2), Some(0)), @r"
    exit 1
    --- stderr
    error: line 9 of in is damaged: it stands behind the export's last line; import each file by itself
    hint: take another copy of the file; what is stored is known when you repeat the command
    ");
    let high = lines.0[4].replace("\"position\":4", "\"position\":18446744073709551615");
    insta::assert_snapshot!(check_refused(&folder, &with(5, &high), Some(0)), @r#"
        exit 1
        --- stderr
        error: line 5 of in is damaged: its `position` is above 2^62
        hint: take another copy of the file; what is stored is known when you repeat the command
        "#);
}

#[test]
fn a_copy_is_erased_and_goes_on_whoever_opens_it_first() {
    let folder = Folder::new();
    of_mira(&folder);
    // A copy of the file alone, as a backup has it, without lock and log.
    fs::copy(folder.path("a.db"), folder.path("copy.db")).expect("copied");
    folder.done(["tail", "--journal", "copy.db"]);
    let user = "queup:5f1c0aa1b2c3d4e5f6071829";
    folder.done(["erase", "--journal", "copy.db", "--user", user, "--yes"]);
}

/// A file whose content is not a journal of this version.
fn unreadable(folder: &Folder, name: &str) {
    four(folder);
    let path = folder.path("a.db");
    let mut bytes = fs::read(&path).expect("read");
    match name {
        "damaged" => bytes[..16].fill(b'?'),
        "other" => bytes = "a shopping list\n".repeat(100).into_bytes(),
        // `user_version` of SQLite's header.
        "newer" => bytes[60..64].copy_from_slice(&99_u32.to_be_bytes()),
        _ => unreachable!("there are three"),
    }
    fs::write(path, bytes).expect("written");
}

#[test]
fn a_journal_that_cannot_be_read_has_an_exit_code_of_its_own_in_every_command() {
    let folder = Folder::new();
    for name in ["damaged", "other", "newer"] {
        unreadable(&folder, name);
        for arguments in [
            vec!["tail", "--journal", "a.db"],
            vec!["export", "--journal", "a.db"],
            vec!["dead", "list", "--journal", "a.db"],
        ] {
            let run = Antiphon::new(arguments.clone())
                .within(folder.0.path())
                .run();
            let said = format!("{name}, {arguments:?}: {}", run.stderr);
            assert_eq!(run.code, 6, "{said}");
            assert!(run.stderr.contains("\nhint: "), "{said}");
        }
        fs::remove_file(folder.path("a.db")).expect("removed");
    }
}

#[test]
fn damage_that_is_met_while_reading_has_the_same_exit_code() {
    let folder = Folder::new();
    let large = (1..200).map(|number| chat(number, format!("\"{}\"", "x".repeat(2000))));
    runtime().block_on(append(&folder.path("a.db"), [batch(large)]));
    let mut bytes = fs::read(folder.path("a.db")).expect("read");
    // Pages in the middle, where there is little but the table.
    let from = bytes.len() / 2 / 8192 * 8192;
    bytes[from..from + 4 * 8192].fill(0xff);
    fs::write(folder.path("a.db"), bytes).expect("written");
    for command in ["tail", "export"] {
        let run = folder.run([command, "--journal", "a.db"]);
        assert_eq!(run.code, 6, "{command}: {}", run.stderr);
        assert!(run.stderr.contains("\nhint: "), "{}", run.stderr);
    }
}

#[test]
fn an_empty_file_is_a_journal_to_which_nothing_was_written_yet() {
    let folder = Folder::new();
    fs::write(folder.path("a.db"), "").expect("written");
    insta::assert_snapshot!(folder.run(["tail", "--journal", "a.db"]).whole(), @r#"
        exit 1
        --- stderr
        error: the journal `a.db` could not be opened: nothing was written to it yet
        hint: start the program that writes it, or name another file
        "#);
    four(&folder);
    folder.done(["tail", "--journal", "a.db"]);
}

#[test]
fn the_help_of_each_command_is_whole() {
    insta::assert_snapshot!(antiphon(["export", "--help"]).whole(), @r#"
        exit 0
        --- stdout
        Writes a journal's events to a file or stdout, one JSON object a line

        It also works while `antiphon run` writes to the journal. docs/data.md describes the lines.

        Usage: antiphon export [OPTIONS]

        Options:
              --journal <PATH>
                  The journal's file; without it, the one that the configuration names

              --config <FILE>
                  The configuration that names the journal; `antiphon.toml` if there is one here

              --since <WHEN>
                  Begins here: a length of time (`10m`), a time (`14:05`), a day (`yesterday`) or a position
                  (`4711`)

              --until <WHEN>
                  Ends before this time, or with this position; by default with the last event

              --kind <GLOB>
                  Only kinds like this, written as for `tail`; may be given more than once

              --place <GLOB>
                  Only places like this; may be given more than once

              --source <GLOB>
                  Only sources like this; may be given more than once

              --format <FORMAT>
                  As one JSON object a line, or as a Parquet file, which needs `--to` and an antiphon with
                  the feature `parquet`

                  Possible values:
                  - ndjson:  One JSON object a line; `antiphon import` takes it back
                  - parquet: Rows of columns
                  
                  [default: ndjson]

              --to <FILE>
                  Writes into this file, which must not be there yet; without it or with `-`, to stdout
                  
                  It is named `FILE.part` until it is whole.

              --resume
                  Goes on with the `FILE.part` of an export that did not end, if there is one

              --full
                  Also writes checkpoints, cursors, dead letters and saved projections, so that a bot goes
                  on with the import

              --output <FORM>
                  As text for people, or as one JSON object a line

                  Possible values:
                  - text: For people
                  - json: One JSON object a line, for programs
                  
                  [default: text]

          -h, --help
                  Print help (see a summary with '-h')

          -V, --version
                  Print version
        "#);
    insta::assert_snapshot!(antiphon(["import", "--help"]).whole(), @r#"
        exit 0
        --- stdout
        Stores the events of an exported file in a journal, a new one or one that is there

        Events that the journal has are passed over, so that the command can be repeated.

        Usage: antiphon import [OPTIONS] <--journal <PATH>|--config <FILE>> <FILE>

        Arguments:
          <FILE>
                  The file that `antiphon export` wrote; `-` is stdin

        Options:
              --journal <PATH>
                  The journal's file, which is made if it is not there

              --config <FILE>
                  The configuration that names the journal, its durability and its compression

              --output <FORM>
                  As text for people, or as one JSON object a line

                  Possible values:
                  - text: For people
                  - json: One JSON object a line, for programs
                  
                  [default: text]

          -h, --help
                  Print help (see a summary with '-h')

          -V, --version
                  Print version
        "#);
}

#[test]
fn a_closed_pipe_is_a_normal_end() {
    let folder = Folder::new();
    four(&folder);
    let run = Antiphon::new(["export", "--journal", "a.db"])
        .within(folder.0.path())
        .with_a_closed_stdout()
        .run();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

/// A journal in which mira spoke, was mentioned, and has a place of her own.
fn of_mira(folder: &Folder) {
    let mira = "5f1c0aa1b2c3d4e5f6071829";
    let spoken = |number: u64, id: &str, name: &str, message: &str| {
        let mut draft = chat(
            number,
            serde_json::json!({"message": message, "user": {"_id": id, "username": name}})
                .to_string(),
        );
        draft.origin = Origin::occurrence("chat", &format!("{id}-{number}"));
        draft
    };
    let mut own = chat(4, "{}");
    own.place = Place::root().join("user", mira);
    let drafts = [
        spoken(1, mira, "mira", "only she says this"),
        spoken(2, "5f1c0aa1b2c3d4e5f607182a", "teo", "@mira hello"),
        spoken(3, "5f1c0aa1b2c3d4e5f607182a", "teo", "good evening"),
        own,
    ];
    runtime().block_on(append(&folder.path("a.db"), [batch(drafts)]));
}

#[test]
fn an_erasure_is_counted_first_and_then_done() {
    let folder = Folder::new();
    of_mira(&folder);
    let before = fs::read(folder.path("a.db")).expect("read");
    let user = "queup:5f1c0aa1b2c3d4e5f6071829";
    let dry = folder.run(["erase", "--user", user, "--journal", "a.db"]);
    insta::assert_snapshot!(dry.whole(), @r#"
        exit 0
        --- stdout
        kind                erased  redacted
        queup.chat-message       1         1
        --- stderr
        names: mira
        nothing was changed: `--yes` does it, and there is no way back
        "#);
    assert!(
        fs::read(folder.path("a.db")).expect("read") == before,
        "nothing is changed"
    );

    fs::write(folder.path("old.ndjson"), user).expect("written");
    let run = folder.run(["erase", "--user", user, "--journal", "a.db", "--yes"]);
    insta::assert_snapshot!(run.whole(), @r#"
        exit 0
        --- stdout
        kind                erased  redacted
        queup.chat-message       1         1
        --- stderr
        names: mira
        erased; dead letters: 0, states: 0, places: 1, origins of removed events: 0
        ./old.ndjson still has the person's id or a text of `--name`
        "#);
    for name in ["a.db", "a.db.lock"] {
        let bytes = fs::read(folder.path(name)).expect("read");
        for trace in ["5f1c0aa1b2c3d4e5f6071829", "mira", "only she says this"] {
            let is_there = bytes
                .windows(trace.len())
                .any(|part| part == trace.as_bytes());
            assert!(!is_there, "{trace} in {name}");
        }
    }
    let lines = folder.done(["export", "--journal", "a.db"]).objects();
    assert_eq!(lines[1]["body"], serde_json::Value::Null);
    assert_eq!(lines[2]["body"]["message"], "@erased hello");
    assert_eq!(lines[3]["body"]["message"], "good evening");

    let again = folder.run([
        "erase",
        "--source",
        "choir",
        "--user",
        &user[6..],
        "--journal",
        "a.db",
    ]);
    insta::assert_snapshot!(again.whole(), @r#"
        exit 0
        --- stderr
        no event has anything of this person; `--yes` looks through the rest as well
        "#);
}

#[test]
fn a_text_that_is_named_goes_as_well() {
    let folder = Folder::new();
    of_mira(&folder);
    let user = "queup:5f1c0aa1b2c3d4e5f6071829";
    folder.done([
        "erase",
        "--yes",
        "--user",
        user,
        "--name",
        "evening",
        "--journal",
        "a.db",
    ]);
    let lines = folder.done(["export", "--journal", "a.db"]).objects();
    assert_eq!(lines[3]["body"]["message"], "good erased");
}

#[test]
fn a_person_who_is_nowhere_is_said_to_be_found_nowhere() {
    let folder = Folder::new();
    of_mira(&folder);
    let erase = |options: &[&str]| {
        let user = [
            "erase",
            "--user",
            "queup:5f1c0aa1b2c3d4e5f6071999",
            "--journal",
            "a.db",
        ];
        let all = user.iter().chain(options);
        Antiphon::new(all.copied())
            .within(folder.0.path())
            .run()
            .whole()
    };
    insta::assert_snapshot!(erase(&[]), @r#"
        exit 0
        --- stderr
        no event has anything of this person; `--yes` looks through the rest as well
        "#);
    insta::assert_snapshot!(erase(&["--yes"]), @r#"
        exit 0
        --- stderr
        nothing was found of this person, and nothing was changed
        "#);
}

#[test]
fn a_text_that_every_message_has_is_not_cut() {
    let folder = Folder::new();
    of_mira(&folder);
    let before = folder.done(["export", "--journal", "a.db"]).stdout;
    for name in ["", " ", "a", " a ", "\t", &"x".repeat(1025)] {
        let user = "queup:5f1c0aa1b2c3d4e5f6071829";
        let run = Antiphon::new([
            "erase",
            "--user",
            user,
            "--journal",
            "a.db",
            "--yes",
            "--name",
            name,
        ])
        .within(folder.0.path())
        .run();
        let lines: Vec<_> = run.stderr.lines().collect();
        assert_eq!((run.code, lines.len()), (2, 2), "{name:?}: {}", run.stderr);
        assert!(
            lines[1].starts_with("hint: a name has 2 characters or more"),
            "{}",
            run.stderr
        );
    }
    assert_eq!(folder.done(["export", "--journal", "a.db"]).stdout, before);
}

#[test]
fn a_user_who_is_none_is_wrong_usage() {
    let folder = Folder::new();
    of_mira(&folder);
    let check = |arguments: &[&str]| {
        let all = ["erase", "--journal", "a.db"].iter().chain(arguments);
        Antiphon::new(all.copied())
            .within(folder.0.path())
            .run()
            .whole()
    };
    insta::assert_snapshot!(check(&["--user", "mira"]), @r#"
        exit 2
        --- stderr
        error: `mira` names no platform
        hint: write it as `discord:80351110224678912`, or name the source with `--source`
        "#);
    insta::assert_snapshot!(check(&["--user", "irc:7"]), @r#"
        exit 2
        --- stderr
        error: there is no platform `irc`
        hint: platforms are discord, lavalink, queup, stackexchange
        "#);
    insta::assert_snapshot!(check(&["--user", "queup:"]), @r#"
        exit 2
        --- stderr
        error: `queup:` has no id of a user
        hint: an id of QueUp has 24 digits and letters from a to f: `queup:5f1c0aa1b2c3d4e5f6071829`
        "#);
    // A word that is no id is in other people's events.
    for (user, way_out) in [
        ("queup:user", "24 digits and letters"),
        ("discord:0", "17 to 20 digits"),
        ("stackexchange:mira", "is a number"),
        ("lavalink:80351110224678912", "write `discord:`"),
    ] {
        let refused = check(&["--user", user, "--yes"]);
        assert!(
            refused.starts_with("exit 2") && refused.contains(way_out),
            "{refused}"
        );
    }
    insta::assert_snapshot!(check(&["--user", "7", "--source", "tea"]), @r#"
        exit 2
        --- stderr
        error: the journal has no event of a source `tea`
        hint: `antiphon tail` shows sources; or write the platform before the id
        "#);
    insta::assert_snapshot!(check(&["--help"]), @r#"
        exit 0
        --- stdout
        Erases a person from the journal's file and all its remains

        Without `--yes` it only says what it would do. docs/erasure.md says which events are a person's.

        Usage: antiphon erase [OPTIONS] --user <PLATFORM:ID>

        Options:
              --journal <PATH>
                  The journal's file; without it, the one that the configuration names

              --config <FILE>
                  The configuration that names the journal; `antiphon.toml` if there is one here

              --user <PLATFORM:ID>
                  The person: platform and id, such as `discord:80351110224678912`; the id alone with
                  `--source`

              --source <NAME>
                  Only events of this source; needed where several chat servers count their users alike

              --name <TEXT>
                  Cuts this text as well, wherever it stands as a word, such as a name; may be given more
                  than once

              --yes
                  Does it; there is no way back

              --output <FORM>
                  As text for people, or as one JSON object a line

                  Possible values:
                  - text: For people
                  - json: One JSON object a line, for programs
                  
                  [default: text]

          -h, --help
                  Print help (see a summary with '-h')

          -V, --version
                  Print version
        "#);
}

#[test]
fn a_journal_in_use_is_not_erased_by_another_process() {
    let folder = Folder::new();
    of_mira(&folder);
    let runtime = runtime();
    let owner = runtime
        .block_on(SqliteJournal::open(folder.path("a.db")))
        .expect("it opens");
    let user = "queup:5f1c0aa1b2c3d4e5f6071829";
    let run = folder.run(["erase", "--yes", "--user", user, "--journal", "a.db"]);
    insta::assert_snapshot!(run.whole(), @r#"
        exit 1
        --- stderr
        error: the journal `a.db` could not be opened: another process holds it
        hint: stop the other process that writes to this journal, or use another file
        "#);
    drop(owner);
}

#[test]
fn a_replay_says_first_what_it_would_send() {
    let folder = Folder::new();
    four(&folder);
    let dry = folder.run(["replay", "--journal", "a.db", "--from", "1", "--to", "3"]);
    insta::assert_snapshot!(dry.whole(), @r#"
        exit 0
        --- stderr
        would send 3 events, from 2026-01-31T12:00:01Z to 2026-01-31T12:00:03Z, in 2s
        hint: `--stdout` sends them to stdout, and `-- COMMAND` to a command
        "#);
    let none = folder.run(["replay", "--journal", "a.db", "--from", "99"]);
    insta::assert_snapshot!(none.whole(), @r#"
        exit 0
        --- stderr
        no event is in this stretch
        "#);
    let fast = folder.run([
        "replay",
        "--journal",
        "a.db",
        "--from",
        "1",
        "--speed",
        "max",
    ]);
    insta::assert_snapshot!(fast.whole(), @r#"
        exit 0
        --- stderr
        would send 4 events, from 2026-01-31T12:00:01Z to 2026-01-31T12:00:04Z, as fast as they are read
        hint: `--stdout` sends them to stdout, and `-- COMMAND` to a command
        "#);
    let wrong = folder.run([
        "replay",
        "--journal",
        "a.db",
        "--from",
        "1",
        "--speed",
        "0x",
    ]);
    insta::assert_snapshot!(wrong.whole(), @r#"
        exit 2
        --- stderr
        error: invalid value '0x' for '--speed <SPEED>': `0x` is no speed such as `1x`, `10x` or `max`, above 0 and up to 1000000x
        hint: `antiphon replay --help` shows what can be written
        "#);
    insta::assert_snapshot!(antiphon(["replay", "--help"]).whole(), @r#"
        exit 0
        --- stdout
        Sends a stretch of the journal once more, to stdout or to a command

        Without `--stdout` and without a command it only says what it would send. The events of the journal
        stay as they are.

        Usage: antiphon replay [OPTIONS] --from <WHEN> [-- <COMMAND>...]

        Arguments:
          [COMMAND]...
                  Sends the events to the stdin of this command, one JSON object a line

        Options:
              --journal <PATH>
                  The journal's file; without it, the one that the configuration names

              --config <FILE>
                  The configuration that names the journal; `antiphon.toml` if there is one here

              --from <WHEN>
                  Begins here: a length of time (`10m`), a time (`14:05`), a day (`yesterday`) or a position
                  (`4711`)

              --to <WHEN>
                  Ends before this time, or with this position; by default with the last event

              --kind <GLOB>
                  Only kinds like this, written as for `tail`; may be given more than once

              --place <GLOB>
                  Only places like this; may be given more than once

              --source <GLOB>
                  Only sources like this; may be given more than once

              --speed <SPEED>
                  How fast: as it was received (`1x`), so many times as fast (`10x`, `0.5x`), or without
                  pauses (`max`)
                  
                  [default: 1x]

              --stdout
                  Sends the events to stdout, one JSON object a line, as `tail --output json` prints them

          -h, --help
                  Print help (see a summary with '-h')

          -V, --version
                  Print version
        "#);
}

#[test]
fn a_replay_sends_what_tail_prints() {
    let folder = Folder::new();
    four(&folder);
    let stretch = ["--journal", "a.db", "--kind", "queup.*"];
    let tail = ["tail", "--output", "json", "--since", "2"]
        .iter()
        .chain(&stretch);
    let tail = Antiphon::new(tail.copied()).within(folder.0.path()).run();
    // A million times as fast, the pauses of three seconds are over at once.
    let replay = ["replay", "--stdout", "--from", "2", "--speed", "1000000x"];
    let replay = Antiphon::new(replay.iter().chain(&stretch).copied());
    let replay = replay.within(folder.0.path()).run();
    assert_eq!((replay.code, &replay.stdout), (0, &tail.stdout));
    assert_eq!(tail.stdout.lines().count(), 3);

    folder.done([
        "replay",
        "--journal",
        "a.db",
        "--from",
        "1",
        "--speed",
        "max",
        "--",
        "sh",
        "-c",
        "cat > got",
    ]);
    assert_eq!(folder.read("got").lines().count(), 4);
}

#[test]
fn a_replay_ends_as_its_command_does() {
    let folder = Folder::new();
    four(&folder);
    let run = |command: &[&str]| {
        let all = [
            "replay",
            "--journal",
            "a.db",
            "--from",
            "1",
            "--speed",
            "max",
            "--",
        ];
        Antiphon::new(all.iter().chain(command).copied())
            .within(folder.0.path())
            .run()
            .whole()
    };
    insta::assert_snapshot!(run(&["sh", "-c", "cat > got; exit 7"]), @r#"
        exit 1
        --- stderr
        error: `sh` ended with exit status: 7
        hint: what it read before is done; `--from` begins at any position
        "#);
    insta::assert_snapshot!(run(&["no-such-program"]), @r#"
        exit 1
        --- stderr
        error: could not start `no-such-program`: No such file or directory (os error 2)
        hint: name a program, with its arguments, behind `--`
        "#);
    insta::assert_snapshot!(run(&["head", "-c0"]).lines().next().expect("a line"), @r#"
        exit 0
        "#);
}

#[cfg(unix)]
#[test]
fn a_replay_that_is_interrupted_says_where_to_go_on() {
    let folder = Folder::new();
    let mut late = said(2);
    late.received_at = at(1_000_000_000);
    runtime().block_on(append(&folder.path("a.db"), [batch([said(1), late])]));
    let mut replay = Antiphon::new(["replay", "--journal", "a.db", "--from", "1", "--stdout"])
        .within(folder.0.path())
        .start();
    assert!(replay.line().expect("the first event").contains("number 1"));
    replay.signal("INT");
    insta::assert_snapshot!(replay.end().whole(), @r#"
        exit 130
        --- stderr
        stopping; press Ctrl-C again to stop at once
        stopped behind position 1; `--from 2` goes on there
        "#);
}
