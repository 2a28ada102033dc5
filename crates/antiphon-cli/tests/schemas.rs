//! Each line of `--output json`, of the real binary, against its schema in `docs/schema`.
//!
//! `RENEW=1` writes the files anew, from what `antiphon schema` prints.

mod binary;
mod fixture;

use std::{path::PathBuf, sync::Arc};

use antiphon_core::{Batch, Cursor, Journal as _, Position};
use antiphon_journal::SqliteJournal;
use boon::{Compiler, Draft, SchemaIndex, Schemas};
use serde_json::Value;

use binary::{Antiphon, antiphon};
use fixture::{journal, runtime};

/// A schema's file.
fn file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    folder.join(format!("{name}.schema.json"))
}

/// Names of all schemas, as the binary lists them.
fn names() -> Vec<String> {
    let rows = antiphon(["schema", "--output", "json"]).objects();
    let names = rows.iter().map(|row| row["name"].as_str());
    names.map(|name| name.expect("a text").to_owned()).collect()
}

/// A schema that refuses fields which it does not describe.
///
/// The schemas themselves allow them, since a later version may print more.
struct Strict(Schemas, SchemaIndex);

impl Strict {
    fn new(name: &str) -> Self {
        let text = std::fs::read_to_string(file(name)).expect("`just schemas` writes it");
        let mut schema: Value = serde_json::from_str(&text).expect("JSON");
        close(&mut schema);
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        compiler.add_resource(name, schema).expect("a schema");
        let mut schemas = Schemas::new();
        let index = compiler.compile(name, &mut schemas).expect("a schema");
        Self(schemas, index)
    }

    fn check(&self, line: &Value) -> Result<(), String> {
        let checked = self.0.validate(line, self.1);
        checked.map_err(|error| format!("{error:#} in {line}"))
    }
}

fn close(schema: &mut Value) {
    if let Value::Object(object) = schema {
        if object.contains_key("properties") {
            object
                .entry("additionalProperties")
                .or_insert(Value::Bool(false));
        }
        object.values_mut().for_each(close);
    } else if let Value::Array(items) = schema {
        items.iter_mut().for_each(close);
    }
}

#[track_caller]
fn check(name: &str, lines: &[Value]) {
    assert!(!lines.is_empty(), "{name}: no line");
    let schema = Strict::new(name);
    for line in lines {
        let checked = schema.check(line);
        assert!(checked.is_ok(), "{name}: {checked:?}");
    }
}

/// Checks all lines of a command that ends well.
#[track_caller]
fn check_output(name: &str, arguments: &[&str]) {
    let json = ["--output", "json"];
    let run = antiphon(arguments.iter().copied().chain(json));
    assert_eq!(run.code, 0, "{}", run.stderr);
    check(name, &run.objects());
}

#[test]
fn the_schemas_in_the_documentation_are_those_the_command_prints() {
    for name in names() {
        let printed = antiphon(["schema", &name]).stdout;
        let path = file(&name);
        if std::env::var_os("RENEW").is_some() {
            std::fs::write(&path, &printed).expect("a folder `docs/schema`");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == printed,
            "{} is stale: run `just schemas`",
            path.display()
        );
    }
}

#[test]
fn every_schema_is_held_against_real_lines() {
    // Without blanks, since a long call is written on several lines.
    let tests: String = include_str!("schemas.rs").split_whitespace().collect();
    for name in names() {
        assert!(
            tests.contains(&format!("\"{name}\",")),
            "{name} has no test here"
        );
    }
    let folder = file("event");
    let files = std::fs::read_dir(folder.parent().expect("a folder")).expect("the folder");
    assert_eq!(files.count(), names().len(), "a file without a schema");
}

#[test]
fn a_field_that_the_schema_lacks_or_a_wrong_value_is_found() {
    let (_folder, path) = journal();
    let mut lines = antiphon(["tail", "--output", "json", "--journal", &path]).objects();
    let schema = Strict::new("event");
    assert!(schema.check(&lines[0]).is_ok());
    lines[0]["mood"] = "calm".into();
    assert!(schema.check(&lines[0]).is_err());
    lines[1]["received_at"] = "yesterday".into();
    assert!(schema.check(&lines[1]).is_err());
}

#[test]
fn what_reads_a_journal_prints_lines_of_its_schema() {
    let (_folder, path) = journal();
    let at = ["--journal", &path];
    check_output("event", &["tail", at[0], at[1]]);
    let replay = antiphon([
        "replay", "--stdout", "--speed", "max", "--from", "1", at[0], at[1],
    ]);
    check("event", &replay.objects());
    check_output("dead-letter", &["dead", "list", at[0], at[1]]);
    check_output("dead-letter", &["dead", "show", "2", at[0], at[1]]);
    let to = format!("{path}.ndjson");
    check_output("export-report", &["export", "--to", &to, at[0], at[1]]);
    let copy = format!("{path}.copy");
    check_output("import-report", &["import", &to, "--journal", &copy]);
    let user = ["--user", "queup:5f1c0aa1b2c3d4e5f6071829"];
    check_output("erasure-report", &["erase", user[0], user[1], at[0], at[1]]);
    check_output(
        "erasure-report",
        &["erase", "--yes", user[0], user[1], "--journal", &copy],
    );
    check_output("consumer", &["consumers", "list", at[0], at[1]]);
    check_output("dead-change", &["dead", "replay", "1", at[0], at[1]]);
    check_output("dead-change", &["dead", "drop", "1", "2", at[0], at[1]]);
}

#[test]
fn a_consumer_that_is_given_up_is_a_line_of_its_schema() {
    let (_folder, path) = journal();
    runtime().block_on(async {
        let journal = SqliteJournal::open(&path).await.expect("a journal");
        let batch = Batch {
            cursors: vec![("old".into(), Cursor::at(Position::new(2)))],
            ..Batch::default()
        };
        journal.append(Arc::new(batch)).await.expect("stored");
        journal.close().await.expect("closed");
    });
    let forget = ["consumers", "forget", "old", "--journal", &path];
    check_output("consumer-forgotten", &forget);
    let done: Vec<_> = forget.into_iter().chain(["--yes"]).collect();
    check_output("consumer-forgotten", &done);
}

#[test]
fn the_dashboard_says_where_it_is_by_its_schema() {
    let (_folder, path) = journal();
    let at = [
        "--journal",
        &path,
        "--listen",
        "127.0.0.1:0",
        "--output",
        "json",
    ];
    let mut dashboard = Antiphon::new(["dashboard"].into_iter().chain(at)).start();
    let line = dashboard.line().expect("an address");
    let line = serde_json::from_str(&line).expect("one JSON object");
    check("dashboard", &[line]);
}

#[test]
fn what_the_command_knows_by_itself_is_printed_by_its_schema() {
    check_output("kind", &["kinds"]);
    check_output("schema-name", &["schema"]);
}

#[test]
fn check_and_doctor_print_findings_and_codes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = "[journal]\npth = 5\nmax_bytes = 1\n[sources.nave]\nplatform = \"discord\"\ntoken = { file = \"no\" }";
    std::fs::write(folder.path().join("antiphon.toml"), text).expect("a file");
    let run = Antiphon::new(["check", "--output", "json"])
        .within(folder.path())
        .run();
    assert_eq!((run.code, run.stderr.as_str()), (2, ""));
    check("finding", &run.objects());
    check_output("finding-code", &["check", "--explain", "syntax"]);
    let run = Antiphon::new(["doctor", "--output", "json"])
        .within(folder.path())
        .run();
    assert_eq!((run.code, run.stderr.as_str()), (2, ""));
    check("examined", &run.objects());
}

#[test]
fn a_demo_prints_events_and_ends_with_its_summary() {
    let run = antiphon(["demo", "--for", "3s", "--rate", "5", "--output", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines = run.objects();
    let (summary, events) = lines.split_last().expect("lines");
    check("event", events);
    check("demo-summary", std::slice::from_ref(summary));
}

#[test]
fn a_simulator_prints_its_addresses_and_a_daemon_the_events_it_stores() {
    for tls in [false, true] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut arguments = vec!["sim", "--rate", "20", "--write", "antiphon.toml"];
        arguments.extend(tls.then_some("--tls"));
        let mut sim = Antiphon::new(arguments).within(folder.path()).start();
        let addresses = sim.line().expect("the first line");
        check(
            "addresses",
            &[serde_json::from_str(&addresses).expect("JSON")],
        );
        let mut daemon = Antiphon::new(["run", "--print", "--output", "json"])
            .within(folder.path())
            .start();
        let line = || daemon.line().expect("the daemon runs");
        let lines: Vec<_> = std::iter::repeat_with(line)
            .take(20)
            .map(|line| serde_json::from_str(&line).expect("JSON"))
            .collect();
        check("event", &lines);
        let run = Antiphon::new(["status", "--config", "antiphon.toml", "--output", "json"])
            .within(folder.path())
            .run();
        let status = run.objects();
        assert!(status[0]["daemon"].is_object(), "{}", run.whole());
        check("status", &status);
    }
}

#[test]
fn a_status_without_a_daemon_is_a_line_of_the_same_schema() {
    let (_folder, path) = journal();
    let arguments = ["status", "--journal", &path, "--output", "json"];
    check("status", &antiphon(arguments).objects());
}

#[test]
fn an_error_is_one_object_where_json_is_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (arguments, code) in [
        // Wrong usage that clap finds, with a tip and without, and over several lines.
        (&["tail", "--folow"][..], 2),
        (&["demo", "--for", "10"], 2),
        (&["dead", "drop"], 2),
        // What the command itself finds.
        (&["tail"], 1),
        (&["run"], 2),
        (&["schema", "evnt"], 2),
    ] {
        let json = ["--output", "json"];
        let run = Antiphon::new(arguments.iter().copied().chain(json))
            .within(folder.path())
            .run();
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{arguments:?}");
        let said: Value = serde_json::from_str(&run.stderr).expect("one object");
        check("error", std::slice::from_ref(&said));
        assert_eq!(said["exit"], code, "{arguments:?}");
        let sentence = said["error"].as_str().expect("a text");
        assert!(
            !sentence.contains('\n') && !sentence.starts_with("error"),
            "{sentence}"
        );
        assert!(said["hint"].is_string(), "{said}");
    }
}

#[test]
fn a_daemon_logs_records_of_their_schema() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut sim = Antiphon::new(["sim", "--write", "antiphon.toml"])
        .within(folder.path())
        .start();
    sim.line().expect("the first line");
    let password = folder.path().join("antiphon.secrets/queup-password");
    std::fs::write(password, "wrong").expect("it is ours");
    let run = Antiphon::new(["run", "--log-format", "json"])
        .within(folder.path())
        .with("RUST_LOG", "debug")
        .run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    let records = run.stderr.lines();
    let records: Vec<_> = records
        .map(|record| serde_json::from_str(record).expect("one JSON object a line"))
        .collect();
    check("log", &records);
}

#[cfg(unix)]
#[test]
fn a_daemon_tells_its_samples_by_their_schema_and_so_does_the_page_of_the_socket() {
    use std::{io::Write as _, os::unix::net::UnixStream};

    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut sim = Antiphon::new(["sim", "--rate", "20", "--write", "antiphon.toml"])
        .within(folder.path())
        .start();
    sim.line().expect("the first line");
    let mut daemon = Antiphon::new(["run", "--print"])
        .within(folder.path())
        .start();
    let socket = folder.path().join("antiphon-sim.db.sock");
    // The socket may come after the first event.
    let mut stream = loop {
        if let Ok(stream) = UnixStream::connect(&socket) {
            break stream;
        }
        daemon.line().expect("the daemon runs");
    };
    let request = b"GET /v1/samples HTTP/1.1\r\nHost: antiphon\r\nConnection: close\r\n\r\n";
    stream.write_all(request).expect("it reads");
    let answer = std::io::read_to_string(stream).expect("it answers");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let told: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(told["every_seconds"], 10);

    let page = include_str!("../../../docs/control-socket.md");
    let (_, rest) = page.split_once("### `GET /v1/samples`").expect("a section");
    let (_, rest) = rest.split_once("```json\n").expect("an example");
    let (example, _) = rest.split_once('\n').expect("a line");
    let example: Value = serde_json::from_str(example).expect("JSON");
    check("samples", &[told, example]);
}
