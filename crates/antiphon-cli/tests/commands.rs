//! Each command as a person or a script meets it: the whole of what the binary prints.

mod binary;
mod fixture;

use antiphon_core::Origin;
use antiphon_journal::SqliteJournal;

use binary::{Antiphon, antiphon};
use fixture::{drafts, journal, runtime, store};

#[test]
fn without_a_command_it_says_what_there_is() {
    insta::assert_snapshot!(antiphon([]).whole(), @r"
    exit 2
    --- stderr
    Typed, durable, ordered events from chat and music rooms

    Usage: antiphon <COMMAND>

    Commands:
      demo         Shows the whole path at work, with nothing to configure
      run          Connects the configured sources and journals what they send, until it is stopped
      check        Finds all mistakes of a configuration, without connecting to anything
      doctor       Examines the configured sources and the journal, online, without changing anything
      sim          Runs the simulator by itself, for any client
      tail         Reads a journal, live or past
      dead         Lists, shows, replays and drops events whose handler failed for good
      consumers    Lists a journal's consumers, and forgets one that never comes back
      export       Writes a journal's events to a file or stdout, one JSON object a line
      import       Stores the events of an exported file in a journal, a new one or one that is there
      status       Says whether the daemon is well, and what it is doing
      top          Shows what the running daemon is doing, on the whole terminal
      dashboard    Shows a journal as a web page, live or past
      erase        Erases a person from the journal's file and all its remains
      replay       Sends a stretch of the journal once more, to stdout or to a command
      kinds        Lists every typed kind of event, with the reference library's name for it
      schema       Lists the JSON Schemas of what `--output json` prints, or prints one of them
      man          Prints the manual page of a command, or writes all of them into a folder
      completions  Writes a completion script for a shell to stdout
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Data goes to stdout, all else to stderr.
    Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 could not reach or log in, 4 events
    were lost, 5 the journal's files were changed by somebody else, 6 the journal is damaged, of a newer
    version or another program's, 130 interrupted.
    ");
}

#[test]
fn a_misspelt_option_is_wrong_usage_with_a_suggestion() {
    insta::assert_snapshot!(antiphon(["tail", "--folow"]).whole(), @r#"
        exit 2
        --- stderr
        error: unexpected argument '--folow' found
        hint: a similar argument exists: '--follow'
        "#);
}

#[test]
fn a_length_of_time_needs_a_unit() {
    insta::assert_snapshot!(antiphon(["demo", "--for", "10"]).whole(), @r#"
        exit 2
        --- stderr
        error: invalid value '10' for '--for <TIME>': `10` has no unit: write `10s` for seconds
        hint: `antiphon demo --help` shows what can be written
        "#);
}

#[test]
fn tail_shows_a_journal_line_by_line() {
    let (_folder, path) = journal();
    insta::assert_snapshot!(antiphon(["tail", "--journal", &path]).whole(), @r#"
        exit 0
        --- stdout
        2026-01-31 12:00:00.000Z choir queup.chat-message room/5a77aa00bb11cc22dd33ee44 mira: hello
        2026-01-31 12:00:00.001Z choir queup.message      user/5f1c0aa1b2c3d4e5f6071829 no \u{7} json
        2026-01-31 12:00:02.503Z choir queup.chat-message room/5a77aa00bb11cc22dd33ee44 teo: back again (backfilled)
        2026-01-31 12:00:02.503Z choir antiphon.gap       room/5a77aa00bb11cc22dd33ee44 2.5s missing, 1 recovered: the line was cut (synthetic)
        "#);
}

#[test]
fn tail_gives_programs_one_object_a_line() {
    let (_folder, path) = journal();
    insta::assert_snapshot!(antiphon(["tail", "--journal", &path, "--output", "json"]).whole(), @r#"
        exit 0
        --- stdout
        {"position":1,"source":"choir","kind":"queup.chat-message","place":"room/5a77aa00bb11cc22dd33ee44","origin":"chat/a-1","provenance":"live","received_at":"2026-01-31T12:00:00Z","body":{"type":"chat-message","message":"hello","user":{"username":"mira"}}}
        {"position":2,"source":"choir","kind":"queup.message","place":"user/5f1c0aa1b2c3d4e5f6071829","origin":"c1/00000002","provenance":"live","received_at":"2026-01-31T12:00:00.001Z","body":"no \u0007 json"}
        {"position":3,"source":"choir","kind":"queup.chat-message","place":"room/5a77aa00bb11cc22dd33ee44","origin":"chat/a-2","provenance":"backfilled","received_at":"2026-01-31T12:00:02.503Z","body":{  "message": "back again",  "user": {"username": "teo"} }}
        {"position":4,"source":"choir","kind":"antiphon.gap","place":"room/5a77aa00bb11cc22dd33ee44","origin":"own/00000001","provenance":"synthetic","received_at":"2026-01-31T12:00:02.503Z","body":{"from":{"at":"2026-01-31T12:00:00.002Z","connection":"c1","frame":7},"to":{"at":"2026-01-31T12:00:02.502Z","connection":"c2","frame":3},"cause":"the line was cut","recovered":1}}
        "#);
}

#[track_caller]
fn check_tail(path: &str, options: &[&str], expected: &[u64]) {
    let mut arguments = vec!["tail", "--output", "json", "--journal", path];
    arguments.extend(options);
    let run = antiphon(arguments);
    let positions: Vec<u64> = run
        .objects()
        .iter()
        .filter_map(|line| line["position"].as_u64())
        .collect();
    assert_eq!(
        (run.code, positions.as_slice()),
        (0, expected),
        "{options:?}"
    );
}

#[test]
fn tail_begins_where_it_is_told_and_shows_what_was_asked_for() {
    let (_folder, path) = journal();
    check_tail(&path, &["--since", "3"], &[3, 4]);
    check_tail(&path, &["--since", "2026-01-31T12:00:00.001Z"], &[2, 3, 4]);
    check_tail(&path, &["--since", "2020-01-31T12:00:00Z"], &[1, 2, 3, 4]);
    check_tail(&path, &["--since", "1s"], &[]);
    check_tail(&path, &["--kind", "queup.chat-*"], &[1, 3]);
    check_tail(
        &path,
        &["--kind", "queup.message", "--kind", "antiphon.*"],
        &[2, 4],
    );
    check_tail(&path, &["--place", "user/*"], &[2]);
    check_tail(&path, &["--source", "choir", "--since", "4"], &[4]);
    check_tail(&path, &["--source", "other"], &[]);
}

#[cfg(unix)]
#[test]
fn tail_follows_a_journal_that_another_process_writes_until_it_is_interrupted() {
    let (_folder, path) = journal();
    let runtime = runtime();
    let owner = runtime
        .block_on(SqliteJournal::open(&path))
        .expect("it opens");
    let follow = ["tail", "--follow", "--journal", &path, "--since", "4"];
    let mut tail = Antiphon::new(follow).start();
    assert!(tail.line().expect("a line").contains("antiphon.gap"));

    let mut news = drafts()[0].clone();
    news.origin = Origin::occurrence("chat", "a-3");
    runtime.block_on(store(&owner, &[news]));
    assert!(tail.line().expect("a line").contains("mira: hello"));

    tail.signal("INT");
    let run = tail.end();
    insta::assert_snapshot!(run.whole(), @r#"
        exit 130
        --- stderr
        stopping; press Ctrl-C again to stop at once
        "#);
}

#[test]
fn tail_without_a_journal_says_where_one_comes_from() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = Antiphon::new(["tail"]).within(folder.path()).run();
    insta::assert_snapshot!(run.whole(), @r#"
        exit 1
        --- stderr
        error: there is no journal antiphon.db
        hint: name one with `--journal`; `antiphon run` makes it
        "#);
}

#[test]
fn tail_refuses_a_file_that_is_no_journal() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("a.db"), "a shopping list\n".repeat(100)).expect("a file");
    let run = Antiphon::new(["tail", "--journal", "a.db"])
        .within(folder.path())
        .run();
    insta::assert_snapshot!(run.whole(), @r#"
        exit 6
        --- stderr
        error: the journal `a.db` could not be opened: it is damaged or not a journal: file is not a database (code 26 of SQLite)
        hint: restore the file from a copy, or move it away to begin a new one
        "#);
}

#[test]
fn a_closed_pipe_is_a_normal_end() {
    let (_folder, path) = journal();
    for arguments in [
        vec!["tail", "--journal", &path],
        vec!["completions", "zsh"],
        vec!["dead", "list", "--journal", &path],
        vec!["--help"],
    ] {
        let run = Antiphon::new(arguments.clone())
            .with_a_closed_stdout()
            .run();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn dead_letters_are_listed_and_shown() {
    let (_folder, path) = journal();
    insta::assert_snapshot!(antiphon(["dead", "list", "--journal", &path]).whole(), @r#"
        exit 0
        --- stdout
        id  given up              consumer  handler  event                  tries  error
         1  2026-01-31T12:01:00Z  bot       greet    queup.chat-message #1      3  could not send the message: the room is \u{1b}[31mred
         2  2026-01-31T12:01:00Z  bot       greet    queup.message #2           3  could not send the message: the room is \u{1b}[31mred
        "#);
    insta::assert_snapshot!(antiphon(["dead", "show", "2", "--journal", &path]).whole(), @r#"
        exit 0
        --- stdout
        id          2
        given up    2026-01-31T12:01:00Z
        consumer    bot
        handler     greet
        tries       3
        error       could not send the message: the room is \u{1b}[31mred
        replay      no
        position    2
        source      choir
        kind        queup.message
        place       user/5f1c0aa1b2c3d4e5f6071829
        origin      c1/00000002
        provenance  live
        received    2026-01-31T12:00:00.001Z
        body        no \u{7} json
        "#);
    insta::assert_snapshot!(
        antiphon(["dead", "list", "--output", "json", "--journal", &path]).whole(), @r#"
            exit 0
            --- stdout
            {"id":1,"consumer":"bot","handler":"greet","error":"could not send the message: the room is \u001b[31mred","attempts":3,"at":"2026-01-31T12:01:00Z","replay":false,"event":{"position":1,"source":"choir","kind":"queup.chat-message","place":"room/5a77aa00bb11cc22dd33ee44","origin":"chat/a-1","provenance":"live","received_at":"2026-01-31T12:00:00Z","body":{"type":"chat-message","message":"hello","user":{"username":"mira"}}}}
            {"id":2,"consumer":"bot","handler":"greet","error":"could not send the message: the room is \u001b[31mred","attempts":3,"at":"2026-01-31T12:01:00Z","replay":false,"event":{"position":2,"source":"choir","kind":"queup.message","place":"user/5f1c0aa1b2c3d4e5f6071829","origin":"c1/00000002","provenance":"live","received_at":"2026-01-31T12:00:00.001Z","body":"no \u0007 json"}}
            "#);
    insta::assert_snapshot!(
        antiphon(["dead", "list", "--consumer", "other", "--journal", &path]).whole(), @r#"
            exit 0
            --- stderr
            no dead letter fits
            "#);
    insta::assert_snapshot!(antiphon(["dead", "show", "9", "--journal", &path]).whole(), @r#"
        exit 1
        --- stderr
        error: there is no dead letter 9
        hint: `antiphon dead list` shows those there are
        "#);
}

#[test]
fn dead_letters_are_dropped_and_given_out_again() {
    let (_folder, path) = journal();
    insta::assert_snapshot!(antiphon(["dead", "replay", "1", "--journal", &path]).whole(), @r#"
        exit 0
        --- stderr
        to be handled again: 1 dead letter
        "#);
    insta::assert_snapshot!(antiphon(["dead", "drop", "2", "--journal", &path]).whole(), @r#"
        exit 0
        --- stderr
        dropped: 1 dead letter
        "#);
    insta::assert_snapshot!(antiphon(["dead", "list", "--journal", &path]).whole(), @r#"
        exit 0
        --- stdout
        id  given up              consumer  handler  event                  tries  error
         1  2026-01-31T12:01:00Z  bot       greet    queup.chat-message #1      3  could not send the message: the room is \u{1b}[31mred (to be handled again)
        "#);
    insta::assert_snapshot!(antiphon(["dead", "drop", "1", "2", "--journal", &path]).whole(), @r#"
        exit 1
        --- stderr
        error: there is no dead letter 2
        hint: `antiphon dead list` shows those there are
        "#);
    insta::assert_snapshot!(antiphon(["dead", "drop", "--all", "--yes", "--journal", &path]).whole(), @r#"
        exit 0
        --- stderr
        dropped: 1 dead letter
        "#);
    insta::assert_snapshot!(antiphon(["dead", "drop", "--journal", &path]).whole(), @r#"
        exit 2
        --- stderr
        error: the following required arguments were not provided: <ID|--all>
        hint: `antiphon dead drop --help` shows what can be written
        "#);
}

#[test]
fn a_journal_in_use_is_changed_by_its_owner() {
    let (_folder, path) = journal();
    let runtime = runtime();
    let owner = runtime
        .block_on(SqliteJournal::open(&path))
        .expect("it opens");
    insta::assert_snapshot!(antiphon(["dead", "replay", "--all", "--journal", &path]).whole(), @r#"
        exit 0
        --- stderr
        to be handled again: 2 dead letters
        the process that owns the journal does so within about a second
        "#);
    drop(owner);
}

#[test]
fn completions_are_a_script_for_the_shell() {
    let run = antiphon(["completions", "bash"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(
        run.stdout.contains("complete -F _antiphon"),
        "{}",
        run.stdout
    );
}
