//! The control socket of a running daemon, and `antiphon status`, which asks it.

#![cfg(unix)]

mod binary;
mod fixture;

use std::{
    io::{Read as _, Write as _},
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use binary::{Antiphon, Run, Running, configured, post};
use fixture::journal;

/// A folder with a simulator's QueUp room, and a configuration for it.
struct Choir {
    folder: TempDir,
    addresses: Value,
    _sim: Running,
}

impl Choir {
    fn new() -> Self {
        let mut sim = Antiphon::new(["sim", "--seed", "7"]).start();
        let line = sim.line().expect("the first line");
        let addresses: Value = serde_json::from_str(&line).expect("one JSON object");
        let folder = configured(&addresses);
        Self {
            folder,
            addresses,
            _sim: sim,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn socket(&self) -> PathBuf {
        self.path("antiphon.db.sock")
    }

    fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Antiphon {
        let password = self.addresses["queup"]["password"].as_str();
        Antiphon::new(arguments)
            .within(self.folder.path())
            .with("CHOIR_PASSWORD", password.expect("a text"))
    }

    /// Whether a file of the journal has a text in its raw bytes.
    fn holds(&self, text: &str) -> bool {
        let files = std::fs::read_dir(self.folder.path()).expect("the folder");
        let files = files.map(|file| file.expect("a file").path());
        let mut bytes = files.filter_map(|path| std::fs::read(path).ok());
        bytes.any(|bytes| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        })
    }

    /// A daemon that has joined its room.
    fn daemon(&self) -> Running {
        let mut daemon = self.command(["run", "--print", "--output", "json"]).start();
        next(&mut daemon, "queup.playlist_details");
        daemon
    }

    fn status(&self) -> Run {
        self.command(["status", "--output", "json"]).run()
    }

    /// What a daemon says that must be well.
    #[track_caller]
    fn well(&self) -> Value {
        let status = self.status();
        assert_eq!(status.code, 0, "{}", status.whole());
        status.objects().remove(0)
    }

    /// Asks the simulator's control address.
    fn ask(&self, path: &str, body: &str) -> String {
        post(&self.addresses, path, body)
    }

    fn say(&self, text: &str) {
        let say = json!({"do": "say", "place": "room/choir-loft", "by": "mira", "text": text});
        self.ask("/do", &say.to_string());
    }
}

/// The next event of a kind that the daemon shows.
fn next(daemon: &mut Running, kind: &str) -> Value {
    loop {
        let line = daemon.line().expect("the daemon runs");
        let event: Value = serde_json::from_str(&line).expect("one JSON object a line");
        if event["kind"] == kind {
            return event;
        }
    }
}

/// What a raw request is answered.
fn raw(socket: &Path, request: &[u8]) -> String {
    let mut stream = UnixStream::connect(socket).expect("it listens");
    // It may answer and close before all of a hostile request is written.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn the_status_of_a_daemon_agrees_with_the_ledger() {
    let choir = Choir::new();
    let mut daemon = choir.daemon();
    for number in 0..20 {
        choir.say(&format!("verse {number}"));
    }
    for _ in 0..20 {
        next(&mut daemon, "queup.chat-message");
    }

    // A line is printed a moment before its event counts as handled.
    let mut status = choir.well();
    binary::until("it has handled all", || {
        status = choir.well();
        status["daemon"]["app"]["progress"]["lag"] == 0
    });
    let app = &status["daemon"]["app"];
    let tail = choir.command(["tail", "--output", "json"]).run();
    let until = app["progress"]["stored"].as_u64();
    let stored = tail.objects();
    let stored = stored
        .iter()
        .filter(|event| event["position"].as_u64() <= until);
    assert_eq!(app["sources"][0]["stored"], stored.count());
    assert_eq!(app["sources"][0]["link"]["state"], "connected");
    assert_eq!(app["phase"], "running");
    assert_eq!(status["daemon"]["journal"]["consumers"][0]["name"], "run");
    assert!(status["daemon"]["journal"]["bytes"].as_u64() > Some(0));
    assert!(status["daemon"]["journal"]["free_bytes"].as_u64() > Some(0));

    let account = choir.addresses["queup"]["user_id"].as_str();
    let audit = format!("/audit?platform=queup&account={}", account.expect("a text"));
    let audit: Value = serde_json::from_str(&choir.ask(&audit, &tail.stdout)).expect("JSON");
    assert_eq!(
        (&audit["lost"], &audit["due"]),
        (&json!(0), &audit["stored"])
    );
    assert!(audit["stored"].as_u64() >= Some(20), "{audit}");
}

#[test]
fn the_socket_is_its_owners_alone_and_goes_with_the_daemon() {
    let choir = Choir::new();
    let line = format!(
        "umask 0; exec '{}' run --print --output json",
        env!("CARGO_BIN_EXE_antiphon")
    );
    let password = choir.addresses["queup"]["password"].as_str();
    let mut daemon = Antiphon::shell(&line)
        .within(choir.folder.path())
        .with("CHOIR_PASSWORD", password.expect("a text"))
        .start();
    next(&mut daemon, "queup.playlist_details");
    let file = std::fs::symlink_metadata(choir.socket()).expect("it is there");
    assert!(file.file_type().is_socket());
    assert_eq!(file.mode() & 0o777, 0o600);
    daemon.signal("TERM");
    let run = daemon.end();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let left: Vec<_> = std::fs::read_dir(choir.folder.path())
        .expect("a folder")
        .map(|file| file.expect("a file").file_name())
        .filter(|name| name != "antiphon.toml")
        .collect();
    // Nothing is left of the socket, nor of the folder in which it was made.
    assert!(
        left.iter()
            .all(|name| name.to_string_lossy().starts_with("antiphon.db")
                && !name.to_string_lossy().ends_with(".sock")),
        "{left:?}"
    );
}

#[test]
fn a_socket_that_a_killed_daemon_left_is_replaced() {
    let choir = Choir::new();
    let daemon = choir.daemon();
    let killed = choir.well()["daemon"]["process"]["id"].clone();
    daemon.signal("KILL");
    drop(daemon);
    assert!(choir.socket().exists());
    let status = choir.status();
    assert_eq!(status.code, 1);
    assert_eq!(status.objects()[0]["reasons"][0]["code"], "no-daemon");

    let _daemon = choir.daemon();
    assert_ne!(choir.well()["daemon"]["process"]["id"], killed);
}

#[test]
fn a_second_daemon_does_not_take_the_socket() {
    let choir = Choir::new();
    let _first = choir.daemon();
    let id = choir.well()["daemon"]["process"]["id"].clone();
    let second = choir.command(["run"]).run();
    assert_eq!(second.code, 1, "{}", second.stderr);
    assert!(
        second.stderr.contains("another process"),
        "{}",
        second.stderr
    );
    assert_eq!(choir.well()["daemon"]["process"]["id"], id);
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let choir = Choir::new();
    std::fs::write(choir.socket(), "my notes").expect("a file");
    let daemon = choir.daemon();
    daemon.signal("TERM");
    let run = daemon.end();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let said = " WARN  `antiphon status` cannot ask this daemon: antiphon.db.sock is there and is no socket\n\
                hint: move it away and start again; it is not touched\n";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    let kept = std::fs::read_to_string(choir.socket()).expect("it is there");
    assert_eq!(kept, "my notes");
}

#[test]
fn a_hostile_client_disturbs_nobody() {
    let choir = Choir::new();
    let mut daemon = choir.daemon();
    let socket = choir.socket();

    // More connections than there may be, none of which asks.
    let silent: Vec<_> = (0..100)
        .map(|_| UnixStream::connect(&socket).expect("it listens"))
        .collect();
    choir.well();

    let garbage = raw(&socket, &vec![0xff; 200_000]);
    assert!(
        garbage.is_empty() || garbage.starts_with("HTTP/1.1 4"),
        "{garbage}"
    );
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000));
    let long = raw(&socket, long.as_bytes());
    assert!(long.is_empty() || long.starts_with("HTTP/1.1 4"), "{long}");
    let mut huge = b"GET /v1/status HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n".to_vec();
    huge.resize(1 << 20, b' ');
    raw(&socket, &huge);
    for (request, status, error) in [
        ("GET /v1/choir", "404", "there is no such path"),
        ("GET /v2/status", "404", "this daemon speaks version 1"),
        ("DELETE /v1/status", "405", "this path takes no DELETE"),
    ] {
        let answer = raw(
            &socket,
            format!("{request} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes(),
        );
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        let problem: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(
            (&problem["version"], &problem["error"]),
            (&json!(1), &json!(error))
        );
    }

    choir.well();
    choir.say("still here");
    next(&mut daemon, "queup.chat-message");
    drop(silent);
}

#[test]
fn without_a_daemon_the_journal_is_read_alone() {
    let (_folder, path) = journal();
    let run = Antiphon::new(["status", "--journal", &path, "--output", "json"]).run();
    assert_eq!(run.code, 1, "{}", run.whole());
    let status = run.objects().remove(0);
    assert_eq!(status["reasons"].as_array().map(Vec::len), Some(1));
    assert_eq!(status["reasons"][0]["code"], "no-daemon");
    assert_eq!(status["daemon"], Value::Null);
    let offline = &status["offline"];
    assert_eq!(offline["last"], 4);
    let letters: u64 = offline["journal"]["consumers"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["dead_letters"].as_u64())
        .sum();
    assert_eq!(letters, 2);

    // A daemon that does not run is what a script may expect.
    let run = Antiphon::new(["status", "--journal", &path, "--offline"]).run();
    assert_eq!(run.code, 0, "{}", run.whole());
    assert!(run.stdout.starts_with("well\n"), "{}", run.stdout);
}

#[test]
fn a_new_dead_letter_is_a_reason_for_as_long_as_it_is_told_to_be() {
    let (_folder, path) = journal();
    let status = |dead| {
        let arguments = ["status", "--offline", "--journal", &path, "--dead", dead];
        Antiphon::new(arguments).run()
    };
    assert_eq!(status("1h").code, 0);
    let run = status("3650d");
    assert_eq!(run.code, 1, "{}", run.whole());
    assert!(run.stdout.contains("dead-letters: "), "{}", run.stdout);
    assert!(
        run.stdout.contains("hint: `antiphon dead list`"),
        "{}",
        run.stdout
    );
}

/// Answers one connection at the socket of a journal with these bytes, after the request came.
#[track_caller]
fn answered(bytes: &'static [u8]) -> Run {
    let (_folder, path) = journal();
    let listener = UnixListener::bind(format!("{path}.sock")).expect("it listens");
    let daemon = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(bytes);
    });
    let run = Antiphon::new(["status", "--journal", &path]).run();
    daemon.join().expect("no panic");
    assert_eq!(run.code, 1, "{}", run.whole());
    assert!(run.stdout.is_empty(), "{}", run.stdout);
    Run {
        stderr: run.stderr.replace(&path, "a.db"),
        ..run
    }
}

#[test]
fn an_answer_that_is_none_is_told_from_a_daemon_that_does_not_run() {
    insta::assert_snapshot!(answered(b"").stderr, @r#"
        error: the answer on a.db.sock cannot be read: connection closed before message completed
        hint: another program may listen there; docs/control-socket.md has what to expect
        "#);
    insta::assert_snapshot!(answered(b"220 smtp.example ESMTP\r\n").stderr, @r#"
        error: the answer on a.db.sock cannot be read: invalid HTTP version parsed
        hint: another program may listen there; docs/control-socket.md has what to expect
        "#);
    insta::assert_snapshot!(answered(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>").stderr, @r#"
        error: the answer on a.db.sock cannot be read: status 200 OK without a version
        hint: another program may listen there; docs/control-socket.md has what to expect
        "#);
    insta::assert_snapshot!(answered(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"version\":2}").stderr, @r#"
        error: the daemon speaks version 2 of the control socket, and this command version 1
        hint: use the antiphon that the daemon was started with, or start the daemon again
        "#);
    insta::assert_snapshot!(answered(b"HTTP/1.1 503 No\r\nContent-Length: 41\r\n\r\n{\"version\":1,\"error\":\"it is\",\"hint\":\"no\"}").stderr, @r#"
        error: the daemon refused: it is
        hint: no
        "#);
}

#[test]
fn a_daemon_that_does_not_answer_is_told_from_one_that_does_not_run() {
    let (_folder, path) = journal();
    let _listener = UnixListener::bind(format!("{path}.sock")).expect("it listens");
    let run = Antiphon::new(["status", "--journal", &path]).run();
    insta::assert_snapshot!(run.whole(), @r#"
        exit 1
        --- stderr
        error: the daemon did not answer within 5 s
        hint: it may be overloaded or stopped by a debugger; its log says more
        "#);
}

#[test]
fn top_needs_a_terminal() {
    let (_folder, path) = journal();
    insta::assert_snapshot!(Antiphon::new(["top", "--journal", &path]).run().whole(), @r#"
        exit 2
        --- stderr
        error: `antiphon top` needs a terminal
        hint: `antiphon status` prints the same once, and takes `--output json`
        "#);
}

/// `script` of util-linux gives the command a terminal.
#[cfg(target_os = "linux")]
#[test]
fn top_gives_the_terminal_back_without_a_word_when_it_is_interrupted() {
    use std::{
        io::Read as _,
        process::{Command, Stdio},
    };
    let has_script = Command::new("script").arg("--version").output();
    if !has_script.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: there is no `script`");
        return;
    }
    let (folder, path) = journal();
    let pid = folder.path().join("pid");
    let binary = env!("CARGO_BIN_EXE_antiphon");
    let line = format!(
        "stty rows 24 cols 80; echo $$ > '{}'; exec {binary} top --journal '{path}'",
        pid.display()
    );
    let mut top = Command::new("script")
        .args(["-qefc", &line, "/dev/null"])
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it was there");
    let mut screen = top.stdout.take().expect("it is a pipe");
    let mut shown = Vec::new();
    let has = |shown: &[u8], text: &str| shown.windows(text.len()).any(|at| at == text.as_bytes());
    let mut block = [0; 4096];
    while !has(&shown, "asking") {
        let read = screen.read(&mut block).expect("it draws");
        assert!(read > 0, "{}", String::from_utf8_lossy(&shown));
        shown.extend(&block[..read]);
    }
    let pid = std::fs::read_to_string(pid).expect("it was written first");
    let sent = Command::new("kill")
        .args(["-s", "INT", pid.trim()])
        .status();
    assert!(sent.expect("there is a `kill`").success());
    screen.read_to_end(&mut shown).expect("it ends");
    assert_eq!(top.wait().expect("it ends").code(), Some(130));
    assert!(has(&shown, "\x1b[?1049l") && !has(&shown, "stopping"));
}

#[test]
fn a_connection_that_is_down_is_a_reason_until_it_is_up_again() {
    let choir = Choir::new();
    let mut daemon = choir.daemon();
    let refuse = json!({"do": "refuse", "for": "600s"});
    choir.ask("/do", &refuse.to_string());
    choir.ask("/do", &json!({"do": "cut"}).to_string());
    let link = |daemon: &mut Running, state: &str| {
        while next(daemon, "antiphon.link")["body"]["state"] != state {}
    };
    link(&mut daemon, "waiting");

    // Within the bound it is shown and no reason.
    let source = choir.well()["daemon"]["app"]["sources"][0].clone();
    assert_eq!(source["link"]["state"], "waiting");
    assert!(source["link"]["down_since"].is_string(), "{source}");
    let arguments = ["status", "--down", "0s", "--output", "json"];
    let run = choir.command(arguments).run();
    assert_eq!(run.code, 1, "{}", run.whole());
    let reason = run.objects()[0]["reasons"][0].clone();
    assert_eq!(
        (&reason["code"], &reason["about"]),
        (&json!("link-down"), &json!("choir"))
    );

    choir.ask("/do", &json!({"do": "refuse", "for": "0s"}).to_string());
    link(&mut daemon, "connected");
    let run = choir.command(arguments).run();
    assert_eq!(run.code, 0, "{}", run.whole());
}

#[test]
fn a_running_daemon_erases_a_person_and_goes_on() {
    let choir = Choir::new();
    let mut daemon = choir.daemon();
    choir.say("evensong is at seven");
    let chat = next(&mut daemon, "queup.chat-message");
    let id = chat["body"]["user"]["_id"].as_str().expect("an id");
    let user = format!("queup:{id}");

    let counted = choir.command(["erase", "--user", &user]).run();
    assert_eq!(counted.code, 0, "{}", counted.whole());
    assert!(choir.holds(id), "nothing is changed before `--yes`");
    let erase = ["erase", "--user", &user, "--yes", "--output", "json"];
    let erased = choir.command(erase).run();
    assert_eq!(erased.code, 0, "{}", erased.whole());
    let report = &erased.objects()[0];
    assert_eq!(
        (&report["done"], &report["remains"]),
        (&true.into(), &json!([]))
    );
    assert!(
        !choir.holds(id) && !choir.holds("evensong"),
        "something is left"
    );

    // The daemon has gone on, and what others say is stored.
    let say = json!({"do": "say", "place": "room/choir-loft", "by": "teo", "text": "amen"});
    choir.ask("/do", &say.to_string());
    let chat = next(&mut daemon, "queup.chat-message");
    assert_eq!(chat["body"]["message"], "amen");
    daemon.signal("TERM");
    let end = daemon.end();
    assert_eq!(end.code, 0, "{}", end.stderr);
    assert!(!choir.holds(id) && !choir.holds("evensong"), "it came back");
}

#[test]
fn a_wrong_request_to_erase_changes_nothing_and_is_told() {
    let choir = Choir::new();
    let _daemon = choir.daemon();
    let ask = |body: &str| {
        let head = format!(
            "POST /v1/erase HTTP/1.1\r\nHost: antiphon\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        raw(&choir.socket(), head.as_bytes())
    };
    let answer = ask(r#"{"whom":{"user":"nobody"}}"#);
    assert!(
        answer.starts_with("HTTP/1.1 400") && answer.contains("names no platform"),
        "{answer}"
    );
    let answer = ask(r#"{"whom":{"user":"queup:1","everybody":true}}"#);
    assert!(
        answer.starts_with("HTTP/1.1 422") && answer.contains("unknown field"),
        "{answer}"
    );
    let answer = ask("no json");
    assert!(
        answer.starts_with("HTTP/1.1 400") && answer.contains("\"version\":1"),
        "{answer}"
    );
    choir.well();
}
