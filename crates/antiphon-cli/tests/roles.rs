//! A bot in a process of its own beside the daemon, which has the connection.

#![cfg(unix)]

mod binary;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader, Lines, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use antiphon::{App, Delivery, Event, HandlerExt as _, journal::SqliteJournal};
use serde_json::{Value, json};

use binary::{Antiphon, Running, configured, post};

/// Environment variable with the journal, for the bot's process.
const JOURNAL: &str = "ANTIPHON_ROLES_JOURNAL";

/// Prints every event that it handles, until it is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run and killed by `kill_9_of_the_daemon_and_of_a_bot_beside_it_loses_nothing`"]
async fn the_bot() {
    let Some(file) = std::env::var_os(JOURNAL) else {
        return;
    };
    let print = async |event: Event, delivery: Delivery| {
        let again = if delivery.redelivered {
            "again"
        } else {
            "once"
        };
        let mut output = std::io::stdout().lock();
        writeln!(
            output,
            "handled {} {} {again}",
            event.place(),
            event.position()
        )
        .expect("it is read");
        output.flush().expect("it is read");
    };
    let journal = SqliteJournal::for_consumers(Path::new(&file)).await;
    let app = App::new(()).named("bot").from_start();
    let app = app.on_raw("*", print.named("print").save_each());
    let ended = app.run(journal.expect("a journal"), std::future::pending::<()>());
    ended.await.expect("it is killed before");
}

/// The bot's process, which is killed with this.
struct Bot {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Bot {
    fn start(file: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["the_bot", "--exact", "--ignored", "--nocapture"])
            .env(JOURNAL, file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let stdout = child.stdout.take().expect("it is a pipe");
        Self {
            child,
            lines: BufReader::new(stdout).lines(),
        }
    }

    /// The next event that it handled.
    fn next(&mut self) -> Option<Handled> {
        self.lines.by_ref().find_map(Handled::read)
    }

    /// Kills it; gives what it handled and nobody has read of.
    fn kill(mut self) -> Vec<Handled> {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
        self.lines.by_ref().filter_map(Handled::read).collect()
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // It has ended already, or the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug)]
struct Handled {
    place: String,
    position: u64,
    is_again: bool,
}

impl Handled {
    fn read(line: std::io::Result<String>) -> Option<Self> {
        let line = line.expect("UTF-8");
        let (place, rest) = line.strip_prefix("handled ")?.split_once(' ')?;
        let (position, again) = rest.split_once(' ')?;
        Some(Self {
            place: place.to_owned(),
            position: position.parse().expect("a number"),
            is_again: again == "again",
        })
    }
}

#[test]
fn kill_9_of_the_daemon_and_of_a_bot_beside_it_loses_nothing() {
    let mut sim = Antiphon::new(["sim", "--seed", "7"]).start();
    let line = sim.line().expect("the first line");
    let addresses: Value = serde_json::from_str(&line).expect("one JSON object");
    let folder = configured(&addresses);
    let file = folder.path().join("antiphon.db");
    let command = |arguments: &[&'static str]| {
        let password = addresses["queup"]["password"].as_str();
        Antiphon::new(arguments.iter().copied())
            .within(folder.path())
            .with("CHOIR_PASSWORD", password.expect("a text"))
    };
    let status = || {
        let status = command(&["status", "--output", "json"]).run();
        // There is no journal before the daemon has made it.
        status.objects().pop().unwrap_or_default()
    };
    let daemon = || -> Running {
        let daemon = command(&["run"]).start();
        binary::until("the daemon is connected", || {
            let status = status();
            let links = status["daemon"]["app"]["sources"].as_array();
            links.is_some_and(|links| links.iter().all(|one| one["link"]["state"] == "connected"))
        });
        daemon
    };
    let say = |round: u32| {
        for number in 0..25 {
            let text = format!("verse {round}.{number}");
            let say = json!({"do": "say", "place": "room/choir-loft", "by": "mira", "text": text});
            post(&addresses, "/do", &say.to_string());
        }
    };

    let mut running = daemon();
    let mut bot = Bot::start(&file);
    let mut seen = Vec::new();
    for round in 0..8 {
        say(round);
        // In the middle of what is said.
        for _ in 0..=round {
            seen.push(bot.next().expect("the bot runs"));
        }
        if round % 2 == 0 {
            seen.extend(bot.kill());
            bot = Bot::start(&file);
        } else {
            // It is killed by this.
            drop(running);
            running = daemon();
        }
    }
    let bot_is = |status: &Value| -> Value {
        let consumers = status["daemon"]["journal"]["consumers"].as_array();
        let mut consumers = consumers.into_iter().flatten();
        let bot = consumers.find(|one| one["name"] == "bot");
        bot.cloned().unwrap_or_default()
    };
    // A daemon that is connected again has still to fetch what was said meanwhile.
    let account = addresses["queup"]["user_id"].as_str().expect("a text");
    let path = format!("/audit?platform=queup&account={account}");
    let (mut stored, mut audit) = (Vec::new(), Value::Null);
    binary::until("all that was said is stored or lies in a gap", || {
        let tail = command(&["tail", "--output", "json"]).run();
        audit = serde_json::from_str(&post(&addresses, &path, &tail.stdout)).expect("JSON");
        stored = tail.objects();
        audit["lost"] == 0
    });
    let position = |event: &Value| event["position"].as_u64().expect("a number");
    let end = stored.iter().map(position).max();
    binary::until("all of it is handled", || {
        let bot = bot_is(&status());
        bot["read"].as_u64() >= end && bot["lag"] == 0
    });
    assert_eq!(bot_is(&status())["process"], bot.child.id());
    seen.extend(bot.kill());
    assert_eq!(bot_is(&status())["process"], Value::Null);

    assert_eq!(audit["lost"], 0, "{audit}");
    // What was said while the daemon was away may lie in a gap, which is at most a part of every second round.
    assert!(audit["stored"].as_u64() >= Some(100), "{audit}");

    let handled: BTreeSet<u64> = seen.iter().map(|one| one.position).collect();
    let missing: Vec<_> = stored
        .iter()
        .map(position)
        .filter(|one| !handled.contains(one))
        .collect();
    assert!(missing.is_empty(), "never handled: {missing:?}");
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for one in &seen {
        let last = last.entry(&one.place).or_default();
        if one.position <= *last {
            assert_eq!(one.position, *last, "only what was open comes again");
            assert!(one.is_again, "{one:?} is not marked");
        }
        *last = one.position;
    }
}
