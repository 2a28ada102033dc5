//! The dashboard over real sockets.

mod binary;
mod fixture;

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    path::Path,
};

use antiphon_core::{Batch, Draft, Journal as _, Kind, Origin, Place};
use antiphon_journal::SqliteJournal;
use binary::{Antiphon, Running, antiphon, ask, dashboard_of};
use fixture::{journal, runtime};

/// A dashboard of a journal, and its address.
fn dashboard(journal: &str, options: &[&str]) -> (Running, String) {
    let mut arguments = vec!["dashboard", "--listen", "127.0.0.1:0", "--journal", journal];
    arguments.extend(options);
    dashboard_of(Antiphon::new(arguments))
}

#[track_caller]
fn check(address: &str, request: &str, lines: &[&str], status: u16) {
    let answer = ask(address, request, lines, "");
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
    // Whatever is answered, a browser runs nothing of it.
    assert!(
        answer.contains("content-security-policy: default-src 'none'; "),
        "{answer}"
    );
}

#[test]
fn every_page_opens_and_has_neither_script_nor_style_within() {
    let (_folder, path) = journal();
    let (_dashboard, address) = dashboard(&path, &[]);
    for page in [
        "/",
        "/?span=24h",
        "/?span=15m",
        "/events",
        "/events/1",
        "/events?kind=queup.*&text=hello",
        "/places",
        "/players",
        "/latency",
        "/latency?span=15m",
        "/storage",
        "/dead",
    ] {
        let answer = ask(&address, &format!("GET {page}"), &[], "");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{page}: {answer}");
        for inside in ["<style", " style=", "<script>", " onclick=", "\u{1b}"] {
            assert!(!answer.contains(inside), "{page} has {inside}");
        }
    }
    let event = ask(&address, "GET /events/1", &[], "");
    assert!(event.contains("a dead letter"), "{event}");
    let found = ask(&address, "GET /events?text=BACK+again", &[], "");
    assert!(
        found.contains("teo: back again") && !found.contains("mira: hello"),
        "{found}"
    );
    let long = format!("GET /events?text={}", "x".repeat(2000));
    let refused = ask(&address, &long, &[], "");
    assert!(
        refused.starts_with("HTTP/1.1 400 ") && refused.contains("1024 bytes at most"),
        "{refused}"
    );
    check(&address, "GET /events/4711", &[], 404);
    check(&address, "GET /events/x", &[], 400);
    for (address_of, wrong) in [
        ("/events/x", "Cannot parse"),
        ("/events?before=x", "invalid digit"),
        ("/events?before=1&before=2", "duplicate field `before`"),
        ("/?span=1h&span=2h", "duplicate field `span`"),
        ("/?span=7y", "There is no span `7y`"),
        ("/latency?span=", "There is no span ``"),
        ("/events/live?after=-1", "invalid digit"),
    ] {
        let answer = ask(&address, &format!("GET {address_of}"), &[], "");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(
            answer.contains("<h1>The address cannot be read</h1>") && answer.contains(wrong),
            "{answer}"
        );
    }
    // A field shows what nobody would see.
    let answer = ask(&address, "GET /events?text=a%00b%E2%80%AEc", &[], "");
    assert!(answer.contains("value=\"a\\u{0}b\\u{202e}c\""), "{answer}");
    check(&address, "GET /etc/passwd", &[], 404);
    check(&address, "GET /../secret", &[], 404);
    check(
        &address,
        "DELETE /events",
        &["Origin: http://localhost"],
        403,
    );
}

#[test]
fn foreign_names_and_sites_are_refused() {
    let (_folder, path) = journal();
    let (_dashboard, address) = dashboard(&path, &["--host", "bot.example.org"]);
    check(&address, "GET /", &["Host: evil.example.org"], 421);
    check(&address, "GET /", &["Host: bot.example.org"], 200);
    let two = ["Host: bot.example.org", "Host: bot.example.org"];
    check(&address, "GET /", &two, 421);
    check(&address, "GET /", &["Origin: http://evil.example.org"], 403);
    check(
        &address,
        "GET /events/live",
        &["Sec-Fetch-Site: cross-site"],
        403,
    );
    check(&address, "POST /dead/1/drop", &["Content-Length: 0"], 403);
    let evil = ["Content-Length: 0", "Origin: http://evil.example.org"];
    check(&address, "POST /dead/1/drop", &evil, 403);
    assert_eq!(
        antiphon(["dead", "show", "1", "--journal", &path]).code,
        0,
        "it is still there"
    );
}

#[test]
fn a_dead_letter_is_handled_again_or_dropped_from_its_page() {
    let (_folder, path) = journal();
    let (_dashboard, address) = dashboard(&path, &[]);
    let origin = format!("Origin: http://{address}");
    let own = ["Content-Length: 0", &origin];
    let answer = ask(&address, "POST /dead/1/drop", &own, "");
    assert!(
        answer.starts_with("HTTP/1.1 303 ") && answer.contains("location: /dead?done=done"),
        "{answer}"
    );
    let answer = ask(&address, "POST /dead/1/drop", &own, "");
    assert!(answer.contains("location: /dead?done=absent"), "{answer}");
    ask(&address, "POST /dead/2/replay", &own, "");
    let left = antiphon(["dead", "list", "--journal", &path, "--output", "json"]).objects();
    assert_eq!(left.len(), 1);
    assert_eq!(
        (&left[0]["id"], &left[0]["replay"]),
        (&2.into(), &true.into())
    );
    check(&address, "POST /dead/2/burn", &own, 404);
}

#[test]
fn a_login_is_asked_for_and_needed_beyond_loopback() {
    let (folder, path) = journal();
    let login = folder.path().join("login");
    let login = login.to_str().expect("UTF-8");
    let run = antiphon(["dashboard", "--listen", "0.0.0.0:0", "--journal", &path]);
    insta::assert_snapshot!(run.whole(), @r"
    exit 2
    --- stderr
    error: 0.0.0.0:0 can be reached by others, and no login is asked for
    hint: name a file with `user:password` by `--login FILE`, or listen on 127.0.0.1
    ");
    std::fs::write(login, "mira:short\n").expect("a file");
    let run = antiphon(["dashboard", "--journal", &path, "--login", login]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("is no login") && !run.stderr.contains("short"),
        "{}",
        run.stderr
    );

    std::fs::write(login, "mira:evensong1\n").expect("a file");
    let (_dashboard, address) = dashboard(&path, &["--login", login]);
    check(&address, "GET /", &[], 401);
    check(&address, "GET /events/live", &[], 401);
    check(
        &address,
        "GET /",
        &["Authorization: Basic bWlyYTpldmVuc29uZzI="],
        401,
    );
    check(
        &address,
        "GET /",
        &["Authorization: Basic bWlyYTpldmVuc29uZzE="],
        200,
    );
}

#[test]
fn a_journal_that_cannot_be_read_is_a_page_that_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("events.db");
    let name = path.to_str().expect("UTF-8");
    let (_dashboard, address) = dashboard(name, &[]);
    let answer = ask(&address, "GET /", &[], "");
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("there is no journal"),
        "{answer}"
    );
    std::fs::write(
        &path,
        "this is no database, and long enough to look like one",
    )
    .expect("a file");
    let answer = ask(&address, "GET /events", &[], "");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    // Once there is one, the pages open.
    std::fs::remove_file(&path).expect("it is there");
    runtime().block_on(async {
        append(&SqliteJournal::open(&path).await.expect("a journal"), 1, 1).await;
    });
    check(&address, "GET /", &[], 200);
}

/// Stores events with these numbers.
async fn append(journal: &SqliteJournal, from: u64, count: u64) {
    let drafts = (from..from + count).map(|number| {
        let draft = Draft::new(
            Kind::from_static("test.said"),
            Place::new("room/1"),
            Origin::frame("c", number),
            "2026-01-31T12:00:00Z".parse().expect("a time"),
            format!("{{\"message\":\"number {number}\"}}"),
        );
        ("choir".into(), draft)
    });
    let batch = Batch {
        events: drafts.collect(),
        ..Batch::default()
    };
    journal.append(batch.into()).await.expect("it stores");
}

/// Reads rows from a live page until `enough`; returns their positions and the last id.
fn rows(address: &str, last: u64, enough: usize) -> (Vec<u64>, u64) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let head =
        format!("GET /events/live HTTP/1.1\r\nHost: {address}\r\nLast-Event-ID: {last}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("it reads");
    let mut lines = BufReader::new(stream).lines();
    let (mut seen, mut id, mut is_row) = (Vec::new(), last, false);
    while seen.len() < enough {
        let line = lines.next().expect("it goes on").expect("UTF-8");
        if let Some(value) = line.strip_prefix("id: ") {
            id = value.parse().expect("a position");
        } else if line.starts_with("data: <tr") {
            is_row = true;
        } else if line.is_empty() && std::mem::take(&mut is_row) {
            seen.push(id);
        }
    }
    (seen, id)
}

#[test]
fn a_hundred_reconnects_show_every_event_once_and_in_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("events.db");
    let (started, is_started) = std::sync::mpsc::channel();
    let writing = path.clone();
    // It stores while the page is read, cut and read again.
    let writer = std::thread::spawn(move || {
        runtime().block_on(async {
            let journal = SqliteJournal::open(&writing).await.expect("a journal");
            for batch in 0..200 {
                append(&journal, batch * 10, 10).await;
                if batch == 0 {
                    started.send(()).expect("the test waits");
                }
            }
            journal.close().await.expect("it closes");
        });
    });
    is_started.recv().expect("the first are stored");
    let (_dashboard, address) = dashboard(path.to_str().expect("UTF-8"), &[]);
    let (mut all, mut last) = (Vec::new(), 0);
    for cut in 0..100 {
        // Each connection ends in the middle of what was sent to it.
        let (seen, id) = rows(&address, last, cut % 7 * 6);
        all.extend(seen);
        last = id;
    }
    writer.join().expect("it stores all");
    let stored = positions(&path);
    let (seen, _) = rows(&address, last, stored.len() - all.len());
    all.extend(seen);
    assert!(all.is_sorted(), "out of order");
    assert_eq!(
        all.iter().copied().collect::<BTreeSet<_>>().len(),
        all.len(),
        "a row came twice"
    );
    assert_eq!(all, stored, "a row is missing");
}

/// The positions of all events of a journal.
fn positions(path: &Path) -> Vec<u64> {
    let path = path.to_str().expect("UTF-8");
    let events = antiphon(["tail", "--journal", path, "--output", "json"]).objects();
    let positions = events.iter().map(|event| event["position"].as_u64());
    positions
        .map(|position| position.expect("a number"))
        .collect()
}
