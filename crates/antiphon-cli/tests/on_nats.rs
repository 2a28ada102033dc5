//! The command on a journal that is on NATS JetStream.

#![cfg(all(unix, feature = "jetstream"))]

mod binary;
mod fixture;
#[path = "../../antiphon-journal/tests/nats/mod.rs"]
mod nats;

use std::{fs, path::Path, sync::Arc};

use antiphon_core::{
    Batch, Cursor, DeadLetter, DeadLetterChange, DeadLetterId, Journal as _, Position,
};
use antiphon_journal::{JetStreamJournal, JetStreamOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

use binary::{Antiphon, Running, configured, post};
use nats::Server;

/// A simulator, and what its QueUp asks for.
struct Sim {
    _running: Running,
    addresses: Value,
}

impl Sim {
    fn start() -> Self {
        let mut running = Antiphon::new(["sim", "--seed", "7"]).start();
        let line = running.line().expect("the first line");
        Self {
            addresses: serde_json::from_str(&line).expect("one JSON object"),
            _running: running,
        }
    }

    /// A folder with a configuration for it, and these further lines in `[journal]`.
    fn folder(&self, journal: &str) -> TempDir {
        let folder = configured(&self.addresses);
        let file = folder.path().join("antiphon.toml");
        let sources = fs::read_to_string(&file).expect("it was written");
        fs::write(file, format!("[journal]\n{journal}\n\n{sources}")).expect("a file");
        folder
    }

    fn command(&self, folder: &Path, arguments: &[&str]) -> Antiphon {
        let password = self.addresses["queup"]["password"].as_str();
        Antiphon::new(arguments.iter().copied())
            .within(folder)
            .with("CHOIR_PASSWORD", password.expect("a text"))
    }

    fn say(&self, text: &str) {
        let say = json!({"do": "say", "place": "room/choir-loft", "by": "mira", "text": text});
        post(&self.addresses, "/do", &say.to_string());
    }

    fn status(&self, folder: &Path) -> Value {
        let status = self.command(folder, &["status", "--output", "json"]).run();
        status.objects().pop().unwrap_or_default()
    }

    /// Starts the daemon and waits until it is in the room.
    fn daemon(&self, folder: &Path) -> Running {
        let daemon = self.command(folder, &["run"]).start();
        binary::until("the daemon is connected", || {
            let status = self.status(folder);
            let links = status["daemon"]["app"]["sources"].as_array();
            links.is_some_and(|links| links.iter().all(|one| one["link"]["state"] == "connected"))
        });
        // What is said before that is nobody's to hear.
        let users = ["tail", "--kind", "queup.room_users", "--output", "json"];
        binary::until("it has joined the room", || {
            !self.command(folder, &users).run().stdout.is_empty()
        });
        daemon
    }

    /// The texts of the chat in the journal, in order.
    fn texts(&self, folder: &Path) -> Vec<String> {
        let tail = ["tail", "--kind", "queup.chat-message", "--output", "json"];
        let tail = self.command(folder, &tail).run();
        assert_eq!(tail.code, 0, "{}", tail.stderr);
        let text = |event: Value| event["body"]["message"].as_str().map(str::to_owned);
        tail.objects().into_iter().filter_map(text).collect()
    }
}

/// A server, a simulator, and a folder whose configuration has the journal `choir` on that server.
async fn choir() -> (Server, Sim, TempDir) {
    let server = Server::start().await;
    let sim = Sim::start();
    let folder = sim.folder(&format!("url = \"{}\"\nname = \"choir\"", server.url()));
    (server, sim, folder)
}

/// The journal as another program opens it.
async fn opened(server: &Server, name: &str) -> JetStreamJournal {
    let journal = JetStreamJournal::open(&server.url(), JetStreamOptions::new(name)).await;
    journal.expect("a journal")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_line_of_the_configuration_moves_the_journal_to_nats() {
    if !nats::is_there() {
        return;
    }
    let (server, sim, folder) = choir().await;
    let folder = folder.path();
    let run = |arguments: &[&str]| sim.command(folder, arguments).run();

    let check = run(&["check"]);
    assert_eq!(check.code, 0, "{}", check.whole());
    let doctor = run(&["doctor"]);
    assert_eq!(doctor.code, 0, "{}", doctor.whole());
    assert!(
        doctor.stdout.contains("is nats-server 2."),
        "{}",
        doctor.whole()
    );
    assert!(doctor.stdout.contains("there is no journal `choir` yet"));
    let tail = run(&["tail"]);
    assert_eq!(tail.code, 1);
    assert!(
        tail.stderr
            .contains("there is no journal `choir` on the servers")
    );

    let daemon = sim.daemon(folder);
    for verse in ["first", "second", "third"] {
        sim.say(verse);
    }
    binary::until("all is stored", || sim.texts(folder).len() == 3);
    assert_eq!(sim.texts(folder), ["first", "second", "third"]);
    let status = sim.status(folder);
    assert_eq!(status["well"], true, "{status:#}");
    let path = status["daemon"]["journal"]["path"].as_str();
    assert_eq!(path, Some(format!("`choir` at {}", server.url()).as_str()));
    assert!(
        status["daemon"]["journal"]["bytes"]
            .as_u64()
            .is_some_and(|bytes| bytes > 0)
    );
    let doctor = run(&["doctor"]);
    assert!(
        doctor.stdout.contains("[journal-in-use]"),
        "{}",
        doctor.whole()
    );
    assert!(doctor.stdout.contains("the stream `antiphon-choir` has"));
    assert!(folder.join("antiphon-choir.sock").exists());

    // A second daemon waits for its turn, and ends if none comes.
    let other = sim.folder(&format!(
        "url = \"{}\"\nname = \"choir\"\nwait = \"1s\"",
        server.url()
    ));
    let second = sim.command(other.path(), &["run"]).run();
    assert_eq!(second.code, 1, "{}", second.stderr);
    assert!(
        second.stderr.contains("holds the journal"),
        "{}",
        second.stderr
    );
    assert!(
        second.stderr.contains("stop the other process"),
        "{}",
        second.stderr
    );

    daemon.signal("TERM");
    let ended = daemon.end();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let status = sim.status(folder);
    let sources = status["offline"]["sources"].as_array().expect("a list");
    assert_eq!(sources[0]["name"], "choir");
    assert!(!folder.join("antiphon.db").exists(), "there is no file");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_on_nats_are_shown_replayed_and_dropped_with_a_daemon_and_without() {
    if !nats::is_there() {
        return;
    }
    let (server, sim, folder) = choir().await;
    let folder = folder.path();
    let journal = opened(&server, "choir").await;
    let events = fixture::drafts().map(|draft| ("choir".into(), draft));
    let stored = journal.append(Arc::new(Batch {
        events: events.into(),
        ..Batch::default()
    }));
    let stored = stored.await.expect("stored").events;
    let letter = |event: &Arc<antiphon_core::Event>| {
        DeadLetterChange::Bury(Box::new(DeadLetter {
            id: DeadLetterId(0),
            consumer: "bot".into(),
            handler: "greet".into(),
            event: (**event).clone(),
            error: "the greeting is missing".into(),
            attempts: 3,
            at: fixture::at(60_000),
            replay: false,
        }))
    };
    let dead = stored.iter().take(3).map(letter).collect();
    let bury = Batch {
        dead,
        ..Batch::default()
    };
    journal.append(Arc::new(bury)).await.expect("stored");
    journal.close().await.expect("closed");

    let run = |arguments: &[&str]| sim.command(folder, arguments).run();
    let list = || -> Vec<(u64, bool)> {
        let list = run(&["dead", "list", "--output", "json"]);
        assert_eq!(list.code, 0, "{}", list.stderr);
        let of = |line: Value| {
            (
                line["id"].as_u64().expect("a number"),
                line["replay"].as_bool().expect("a flag"),
            )
        };
        list.objects().into_iter().map(of).collect()
    };
    assert_eq!(list(), [(1, false), (2, false), (3, false)]);
    let replayed = run(&["dead", "replay", "1"]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    assert_eq!(list(), [(1, true), (2, false), (3, false)]);

    let _daemon = sim.daemon(folder);
    let dropped = run(&["dead", "drop", "1", "2"]);
    assert_eq!(dropped.code, 0, "{}", dropped.stderr);
    assert_eq!(list(), [(3, false)]);
    let missing = run(&["dead", "drop", "2"]);
    assert_eq!(missing.code, 1);
    let status = sim.status(folder);
    let bot = &status["daemon"]["journal"]["consumers"][0];
    assert_eq!(
        (&bot["name"], &bot["dead_letters"]),
        (&json!("bot"), &json!(1)),
        "{status:#}"
    );

    // Everything else that reads works as on a file.
    let replay = run(&["replay", "--from", "1", "--speed", "max", "--stdout"]);
    assert!(replay.objects().len() >= 4, "{}", replay.whole());
    let by_source = run(&["tail", "--source", "choir", "-n", "2", "--output", "json"]);
    assert_eq!(by_source.objects().len(), 2, "{}", by_source.whole());
    let doubted = run(&["tail", "--place", "room/nowhere"]);
    assert!(
        doubted.stderr.contains("fits no place"),
        "{}",
        doubted.whole()
    );
    let explained = run(&["tail", "--explain", "-n", "1"]);
    assert_eq!(explained.code, 0, "{}", explained.whole());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_on_nats_is_forgotten_beside_the_daemon_and_without_one_and_never_while_it_is_there()
 {
    if !nats::is_there() {
        return;
    }
    let (server, sim, folder) = choir().await;
    let folder = folder.path();
    let journal = opened(&server, "choir").await;
    let events = fixture::drafts().map(|draft| ("choir".into(), draft));
    let cursor = |name: &str| (name.into(), Cursor::at(Position::new(2)));
    let batch = Batch {
        events: events.into(),
        cursors: vec![cursor("old"), cursor("older")],
        projections: vec![fixture::saved("cache@old"), fixture::saved("cache@older")],
        ..Batch::default()
    };
    journal.append(Arc::new(batch)).await.expect("stored");
    journal.close().await.expect("closed");

    let run = |arguments: &[&str]| sim.command(folder, arguments).run();
    let names = || -> Vec<String> {
        let list = run(&["consumers", "list", "--output", "json"]);
        assert_eq!(list.code, 0, "{}", list.stderr);
        let name = |line: Value| line["name"].as_str().expect("a name").to_owned();
        list.objects().into_iter().map(name).collect()
    };
    assert_eq!(names(), ["old", "older"]);
    // Nobody appends: the command does so for a moment.
    let alone = run(&["consumers", "forget", "older", "--yes"]);
    assert_eq!(alone.code, 0, "{}", alone.whole());
    assert_eq!(names(), ["old"]);

    let _daemon = sim.daemon(folder);
    let options = JetStreamOptions::new("choir");
    let bot = JetStreamJournal::for_consumers(&server.url(), options).await;
    let bot = bot.expect("a journal");
    let claim = bot.claim(&"old".into()).await.expect("free");
    let refused = run(&["consumers", "forget", "old", "--yes"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
    assert!(refused.stderr.contains("is in use"), "{}", refused.stderr);
    drop(claim);
    bot.close().await.expect("closed");
    let beside = run(&["consumers", "forget", "old", "--yes"]);
    assert_eq!(beside.code, 0, "{}", beside.whole());
    assert!(!names().contains(&"old".to_owned()));
    let options = JetStreamOptions::new("choir");
    let reader = JetStreamJournal::read_only(&server.url(), options).await;
    let reader = reader.expect("a journal");
    for name in ["cache@old", "cache@older"] {
        assert_eq!(reader.projection(name).await.expect("read"), None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_erased_from_a_journal_on_nats() {
    if !nats::is_there() {
        return;
    }
    let (_server, sim, folder) = choir().await;
    let folder = folder.path();
    let daemon = sim.daemon(folder);
    sim.say("nobody hears this");
    binary::until("it is stored", || sim.texts(folder).len() == 1);
    let tail = ["tail", "--kind", "queup.chat-message", "--output", "json"];
    let line = sim.command(folder, &tail).run().objects().remove(0);
    let user = line["body"]["user"]["_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let whom = format!("queup:{user}");
    let erase = [
        "erase",
        "--user",
        whom.as_str(),
        "--yes",
        "--output",
        "json",
    ];
    let erased = sim.command(folder, &erase).run();
    assert_eq!(erased.code, 0, "{}", erased.stderr);
    assert_eq!(erased.objects()[0]["done"], true);
    let everything = sim.command(folder, &["tail", "--output", "json"]).run();
    assert!(!everything.stdout.contains(&user));
    assert!(!everything.stdout.contains("nobody hears this"));
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, 0);
    // Without a daemon the command does it.
    let again = sim.command(folder, &erase).run();
    assert_eq!(again.code, 0, "{}", again.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_was_replaced_ends_with_a_sentence_and_exit_code_1() {
    if !nats::is_there() {
        return;
    }
    let server = Server::start().await;
    let sim = Sim::start();
    let journal = format!(
        "url = \"{}\"\nname = \"choir\"\nlease = \"1s\"\nwait = \"5m\"",
        server.url()
    );
    let (first, second) = (sim.folder(&journal), sim.folder(&journal));
    let mut replaced = sim.daemon(first.path());
    sim.say("before");
    binary::until("it is stored", || sim.texts(first.path()).len() == 1);
    replaced.signal("STOP");
    let next = sim.daemon(second.path());
    sim.say("after");
    binary::until("it is stored", || sim.texts(second.path()).len() == 2);
    replaced.signal("CONT");
    let said = replaced.said_until("another process has taken it over");
    let ended = replaced.end();
    assert_eq!(ended.code, 1, "{said}{}", ended.stderr);
    let said = format!("{said}{}", ended.stderr);
    assert!(
        said.contains("start this one again: it waits for its turn"),
        "{said}"
    );
    // The one in its place is not disturbed, and holds everything once.
    sim.say("and on");
    binary::until("it is stored", || sim.texts(second.path()).len() == 3);
    assert_eq!(sim.texts(second.path()), ["before", "after", "and on"]);
    next.signal("TERM");
    assert_eq!(next.end().code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_at_the_servers_is_shown_nowhere() {
    if !nats::is_there() {
        return;
    }
    let login = "authorization { user: mira, password: canary-7f3a }";
    let server = Server::start_with(login).await;
    let address = server.url();
    let host = address
        .strip_prefix("nats://")
        .expect("an address")
        .to_owned();
    let sim = Sim::start();
    let run = |folder: &Path, arguments: &[&str], variable: (&str, &str)| {
        let run = sim
            .command(folder, arguments)
            .with(variable.0, variable.1)
            .run();
        let whole = run.whole();
        assert!(!whole.contains("canary"), "{whole}");
        run
    };
    // The login stands in the URL, which is a secret then.
    let in_url = sim.folder("url = { env = \"NATS_URL\" }\nname = \"choir\"");
    let url = format!("nats://mira:canary-7f3a@{host}");
    let doctor = run(in_url.path(), &["doctor"], ("NATS_URL", &url));
    assert_eq!(doctor.code, 0, "{}", doctor.whole());
    let wrong = format!("nats://mira:canary-0000@{host}");
    for arguments in [&["run"][..], &["tail"], &["doctor"], &["status"]] {
        let refused = run(in_url.path(), arguments, ("NATS_URL", &wrong));
        assert_eq!(refused.code, 3, "{arguments:?} {}", refused.whole());
        assert!(
            refused.whole().contains("refused the login"),
            "{}",
            refused.whole()
        );
    }
    let no_url = run(in_url.path(), &["tail"], ("NATS_URL", "canary-7f3a@"));
    assert_eq!(no_url.code, 2, "{}", no_url.whole());

    // Or it has keys of its own.
    let journal =
        format!("url = \"{address}\"\nuser = \"mira\"\npassword = {{ env = \"NATS_PASSWORD\" }}");
    let keys = sim.folder(&journal);
    let doctor = run(keys.path(), &["doctor"], ("NATS_PASSWORD", "canary-7f3a"));
    assert_eq!(doctor.code, 0, "{}", doctor.whole());

    let journal = format!("url = \"nats://mira:canary-7f3a@{host}\"");
    let plain = sim.folder(&journal);
    let check = run(plain.path(), &["check"], ("NO", ""));
    assert_eq!(check.code, 2, "{}", check.whole());
    assert!(
        check.stdout.contains("[url-with-login]"),
        "{}",
        check.whole()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_beside_others_is_told() {
    if !nats::is_there() {
        return;
    }
    let server = Server::start().await;
    let sim = Sim::start();
    let servers = format!("{},nats://127.0.0.1:1", server.url());
    let folder = sim.folder(&format!("url = \"{servers}\""));
    let doctor = sim.command(folder.path(), &["doctor"]).run();
    assert_eq!(doctor.code, 0, "{}", doctor.whole());
    let line = doctor
        .stdout
        .lines()
        .find(|line| line.contains("[journal-server-down]"));
    assert!(
        line.is_some_and(|line| line.contains("127.0.0.1:1 ")),
        "{}",
        doctor.whole()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_not_there_and_what_a_file_alone_has_are_told_with_a_way_out() {
    let sim = Sim::start();
    // Nobody listens on a port that was just given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("bound").port();
    drop(free);
    let folder = sim.folder(&format!("url = \"nats://127.0.0.1:{port}\""));
    let run = |arguments: &[&str]| sim.command(folder.path(), arguments).run();
    for arguments in [&["run"][..], &["tail"], &["dead", "list"], &["doctor"]] {
        let run = run(arguments);
        assert_eq!(run.code, 3, "{arguments:?} {}", run.whole());
        let whole = run.whole();
        assert!(whole.contains("hint: start"), "{whole}");
    }
    let file = run(&["tail", "--journal", "nats://127.0.0.1:4222"]);
    assert_eq!(file.code, 2);
    assert!(
        file.stderr.contains("`--journal` names a file"),
        "{}",
        file.stderr
    );
}

/// The position and the text of a printed message of Discord's.
fn message(line: &str) -> Option<(u64, String)> {
    let event: Value = serde_json::from_str(line).expect("one JSON object a line");
    let text = event["body"]["content"].as_str()?.to_owned();
    let is_message = event["kind"] == "discord.MESSAGE_CREATE";
    is_message.then(|| (event["position"].as_u64().expect("a number"), text))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_moves_to_nats_and_back_and_goes_on_where_it_was() {
    if !nats::is_there() {
        return;
    }
    let server = Server::start().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let written = folder.join("written.toml");
    let write = written.to_str().expect("a plain path");
    let mut sim = Antiphon::new(["sim", "--seed", "7", "--write", write]).start();
    let addresses = sim.line().expect("the first line");
    let addresses: Value = serde_json::from_str(&addresses).expect("one JSON object");
    let written = fs::read_to_string(written).expect("it was written");
    let (_, sources) = written.split_once("[sources.discord]").expect("a bot");
    let (discord, _) = sources.split_once("[sources.").expect("further sources");
    let journals = [
        ("file.toml", "path = \"first.db\"".to_owned()),
        (
            "nats.toml",
            format!("url = \"{}\"\nname = \"choir\"", server.url()),
        ),
        ("back.toml", "path = \"last.db\"".to_owned()),
    ];
    for (name, journal) in &journals {
        let text = format!("[journal]\n{journal}\n\n[sources.discord]{discord}");
        fs::write(folder.join(name), text).expect("a file");
    }
    let command = |arguments: &[&str]| Antiphon::new(arguments.iter().copied()).within(folder);
    let say = |text: &str| {
        let say = json!({"platform": "discord", "do": "say", "by": "mira", "text": text});
        post(&addresses, "/do", &say.to_string());
    };
    let mut handled = Vec::new();
    let mut said = Vec::new();
    for (number, (config, _)) in journals.iter().enumerate() {
        if let Some((before, _)) = number.checked_sub(1).map(|before| &journals[before]) {
            // What is said while no bot runs is the session's, which waits.
            for verse in 0..5 {
                said.push(format!("between {number}.{verse}"));
                say(said.last().expect("just said"));
            }
            let lines = format!("{before}.ndjson");
            let export = command(&["export", "--full", "--config", before, "--to", &lines]).run();
            assert_eq!(export.code, 0, "{}", export.whole());

            // A part of it makes no journal that anybody could take for a whole one.
            let whole = fs::read_to_string(folder.join(&lines)).expect("a file");
            let (part, _) = whole.trim_end().rsplit_once('\n').expect("lines");
            fs::write(folder.join("part"), format!("{part}\n")).expect("a file");
            let half = command(&["import", "part", "--config", config]).run();
            assert_eq!(half.code, 1, "{}", half.whole());
            for arguments in [&["run"][..], &["export", "--full"]] {
                let arguments = [arguments, &["--config", config]].concat();
                let refused = command(&arguments).run();
                assert_eq!(refused.code, 6, "{}", refused.whole());
                assert!(
                    refused
                        .stderr
                        .contains("an import into it was not finished"),
                    "{}",
                    refused.whole()
                );
            }

            let import = command(&["import", &lines, "--config", config]).run();
            assert_eq!(import.code, 0, "{}", import.whole());
            assert!(
                import
                    .stderr
                    .contains("dead letters and projections: stored"),
                "{}",
                import.whole()
            );
        }
        let run = ["run", "--config", config, "--print", "--output", "json"];
        let mut daemon = command(&run).start();
        if number == 0 {
            // It is connected once it hears something.
            daemon.line().expect("an event");
            binary::until("it has its guild", || {
                let line = daemon.line().expect("an event");
                line.contains("\"discord.GUILD_CREATE\"")
            });
        }
        for verse in 0..5 {
            said.push(format!("verse {number}.{verse}"));
            say(said.last().expect("just said"));
        }
        while handled.len() < said.len() {
            handled.extend(message(&daemon.line().expect("it runs")));
        }
        daemon.signal("TERM");
        let ended = daemon.end();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(ended.stdout.lines().filter_map(message).count(), 0);
    }
    // Each was handled once, in order, whichever journal it went through.
    let texts: Vec<_> = handled.iter().map(|(_, text)| text.clone()).collect();
    assert_eq!(texts, said);
    let tail = command(&["tail", "--config", "back.toml", "--output", "json"]).run();
    let stored: Vec<_> = tail.stdout.lines().filter_map(message).collect();
    assert_eq!(stored, handled);
    assert!(
        !tail.stdout.contains("\"antiphon.gap\""),
        "nothing was missed"
    );
    one_session_was_resumed(&addresses);
}

/// Looks at what the bot has sent: one session was begun, and resumed by each run after the first.
fn one_session_was_resumed(addresses: &Value) {
    let control = addresses["control"].as_str().expect("a text");
    let address = control.strip_prefix("http://").expect("a URL");
    let wire = "GET /wire?platform=discord&from=client&limit=10000";
    let wire = binary::ask(address, wire, &[], "");
    assert_eq!(wire.matches(r#"{\"op\":2,"#).count(), 1, "identifies");
    assert!(wire.matches(r#"{\"op\":6,"#).count() >= 2, "resumes");
}
