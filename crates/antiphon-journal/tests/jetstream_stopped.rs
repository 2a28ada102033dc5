//! Processes that are stopped for longer than their lease (`SIGSTOP`) and then go on, as after a debugger, a frozen
//! container or a machine that slept: they find themselves replaced, and what they acknowledged was stored in time.

#![cfg(all(feature = "jetstream", unix))]

#[allow(dead_code, reason = "the contract's own helpers")]
mod contract;
mod nats;

use std::{
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{Batch, Cursor, Journal, Position, Trouble};
use antiphon_journal::{JetStreamJournal, JetStreamOptions};

use contract::{append, chat, events, numbers};
use nats::{Server, is_there};

/// The server's address, for the process of another test.
const SERVER: &str = "ANTIPHON_TEST_SERVER";

fn options() -> JetStreamOptions {
    JetStreamOptions::new("test")
        .lease(Duration::from_secs(1))
        .wait(Duration::from_secs(60))
        .patience(Duration::from_secs(1))
}

fn app_at(position: u64) -> Arc<Batch> {
    Arc::new(Batch {
        cursors: vec![("app".into(), Cursor::at(Position::new(position)))],
        ..Batch::default()
    })
}

/// Stores one thing after another, and says what is acknowledged, until another process has taken over.
async fn store(journal: &JetStreamJournal, batch: impl Fn(u64) -> Arc<Batch>) {
    let mut number = 1;
    loop {
        match journal.append(batch(number)).await {
            Ok(_) => {
                say(&format!("acknowledged {number}"));
                number += 1;
            }
            Err(error) if error.trouble() == Trouble::TakenOver => {
                say("taken over");
                return;
            }
            Err(error) => assert!(error.is_transient(), "{error:?}"),
        }
    }
}

#[expect(clippy::print_stdout, reason = "another test reads it")]
fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("a pipe");
}

#[tokio::test]
#[ignore = "the process of another test"]
async fn the_ingester() {
    let Ok(url) = std::env::var(SERVER) else {
        return;
    };
    let journal = JetStreamJournal::open(&url, options()).await;
    store(&journal.expect("opened"), |number| events([chat(number)])).await;
}

#[tokio::test]
#[ignore = "the process of another test"]
async fn the_consumer() {
    let Ok(url) = std::env::var(SERVER) else {
        return;
    };
    let journal = JetStreamJournal::for_consumers(&url, options()).await;
    let journal = journal.expect("opened");
    let _claim = journal.claim(&"app".into()).await.expect("nobody has it");
    store(&journal, app_at).await;
}

/// Another process, which is killed when it is dropped.
struct Victim {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// The last number that it said to be acknowledged.
    acknowledged: u64,
}

impl Victim {
    fn start(test: &str, server: &Server) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([test, "--exact", "--ignored", "--nocapture"])
            .env(SERVER, server.url())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self {
            child,
            lines,
            acknowledged: 0,
        }
    }

    /// Reads what it says until it has acknowledged so much, or says that it was taken over.
    fn read(&mut self, enough: u64) {
        while self.acknowledged < enough {
            let line = self.lines.next().expect("it goes on").expect("text");
            if line == "taken over" {
                return;
            }
            if let Some(number) = line.strip_prefix("acknowledged ") {
                self.acknowledged = number.parse().expect("a number");
            }
        }
        assert_ne!(enough, u64::MAX, "it is taken over at last");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.expect("there is `kill`").success());
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ingester_that_was_stopped_appends_nothing_once_it_was_replaced() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let mut victim = Victim::start("the_ingester", &server);
    victim.read(20);
    victim.signal("-STOP");
    let next = JetStreamJournal::open(&server.url(), options()).await;
    let next = next.expect("the lease has run out");
    let stored = numbers(&next).await;
    let count = stored.len() as u64;
    victim.signal("-CONT");
    victim.read(u64::MAX);
    assert!(victim.acknowledged <= count, "{}", victim.acknowledged);
    append(&next, events([chat(count + 1)])).await;
    assert_eq!(numbers(&next).await, (1..=count + 1).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_that_was_stopped_acknowledges_nothing_once_it_was_replaced() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let ingester = JetStreamJournal::open(&server.url(), options()).await;
    let ingester = ingester.expect("opened");
    let mut victim = Victim::start("the_consumer", &server);
    victim.read(20);
    victim.signal("-STOP");
    let next = JetStreamJournal::for_consumers(&server.url(), options()).await;
    let next = next.expect("opened");
    let app = "app".into();
    let claim = next.claim(&app).await.expect("the lease has run out");
    let cursor = next.cursor(&app).await.expect("read").expect("one");
    let far = cursor.read.get() + 1_000_000;
    append(&next, app_at(far)).await;
    victim.signal("-CONT");
    victim.read(u64::MAX);
    assert!(
        victim.acknowledged <= cursor.read.get(),
        "{} after {cursor:?}",
        victim.acknowledged
    );
    let kept = ingester.cursor(&app).await.expect("read").expect("one");
    assert_eq!(kept.read, Position::new(far));
    drop(claim);
}
