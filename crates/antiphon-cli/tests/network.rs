//! The commands that open sockets, on loopback and in real time.

mod binary;

use std::{io::Write as _, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use binary::{Antiphon, Running, antiphon, ask, configured, post};

/// A simulator that runs, and its addresses.
fn simulator(options: &[&str]) -> (Running, Value) {
    let mut arguments = vec!["sim"];
    arguments.extend(options);
    let mut simulator = Antiphon::new(arguments).start();
    let line = simulator.line().expect("the first line");
    let addresses = serde_json::from_str(&line).expect("one JSON object");
    (simulator, addresses)
}

fn run(folder: &Path, addresses: &Value) -> Antiphon {
    let password = addresses["queup"]["password"].as_str().expect("a text");
    Antiphon::new(["run", "--print", "--output", "json"])
        .within(folder)
        .with("CHOIR_PASSWORD", password)
}

/// Sends the control address a command.
fn tell(addresses: &Value, command: &Value) {
    post(addresses, "/do", &command.to_string());
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

#[cfg(unix)]
#[test]
fn the_daemon_shows_what_it_stores_and_tail_reads_it_meanwhile() {
    let (sim, addresses) = simulator(&["--seed", "7"]);
    let folder = configured(&addresses);
    let mut daemon = run(folder.path(), &addresses).start();
    next(&mut daemon, "queup.playlist_details");
    let say =
        serde_json::json!({"do": "say", "place": "room/choir-loft", "by": "mira", "text": "hello"});
    tell(&addresses, &say);
    let chat = next(&mut daemon, "queup.chat-message");
    assert_eq!(chat["source"], "choir");
    assert_eq!(chat["body"]["message"], "hello");
    assert_eq!(
        chat["origin"],
        format!("chat/{}", chat["body"]["chatid"].as_str().expect("an id"))
    );

    let tail = Antiphon::new(["tail", "--kind", "queup.chat-*", "--output", "json"])
        .within(folder.path())
        .run();
    assert_eq!(tail.objects(), [chat]);

    daemon.signal("TERM");
    let run = daemon.end();
    assert_eq!(run.code, 0, "{}", run.stderr);
    insta::assert_snapshot!(without_times(&run.stderr), @r#"
        [TIME] INFO  journaling into antiphon.db
        [TIME] INFO  choir: connected since [TIME]
        "#);

    sim.signal("INT");
    insta::assert_snapshot!(sim.end().whole(), @r#"
        exit 130
        --- stderr
        the simulator runs; Ctrl-C stops it
        stopping; press Ctrl-C again to stop at once
        "#);
}

/// Runs the line that `antiphon sim --write` says to run next, as a shell does.
fn next_step(folder: &Path, said: &str) -> Antiphon {
    let line = said.lines().find(|line| line.starts_with("  "));
    let line = line.expect("a line to copy").trim().to_owned();
    Antiphon::shell(&format!("exec {line} --output json")).within(folder)
}

/// Starts a simulator that writes a configuration; gives its addresses and what it said.
fn writing(folder: &Path, options: &[&str]) -> (Running, Value, String) {
    let mut arguments = vec!["sim", "--seed", "7"];
    arguments.extend(options);
    let mut simulator = Antiphon::new(arguments).within(folder).start();
    let line = simulator.line().expect("the first line");
    let said = simulator.said_until("Ctrl-C stops it");
    let addresses = serde_json::from_str(&line).expect("one JSON object");
    (simulator, addresses, said)
}

/// Runs the next step until every platform has told something, by the name of its source.
#[cfg(unix)]
fn hears_everything(folder: &Path, said: &str) {
    let mut daemon = next_step(folder, said).start();
    let mut awaited = vec![
        ("discord", "discord.MESSAGE_CREATE"),
        ("lavalink", "lavalink.ready"),
        ("queup", "queup.chat-message"),
        ("stackexchange", "stackexchange.MessagePosted"),
    ];
    while !awaited.is_empty() {
        let line = daemon.line().expect("the daemon runs");
        let event: Value = serde_json::from_str(&line).expect("one JSON object a line");
        // The texts are there, since the configuration asks for `MESSAGE_CONTENT`.
        let is_empty = event["kind"] == "discord.MESSAGE_CREATE" && event["body"]["content"] == "";
        awaited.retain(|(source, kind)| {
            is_empty || event["source"] != *source || event["kind"] != *kind
        });
    }
    daemon.signal("TERM");
    let run = daemon.end();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_written_configuration_works_at_once() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = ["--rate", "50", "--write", "my choir's.toml"];
    let (sim, addresses, said) = writing(folder.path(), &options);
    let text = std::fs::read_to_string(folder.path().join("my choir's.toml")).expect("it is there");
    for secret in [
        &addresses["discord"]["token"],
        &addresses["queup"]["password"],
    ] {
        assert!(!text.contains(secret.as_str().expect("a text")), "{text}");
    }
    for file in std::fs::read_dir(folder.path().join("my choir's.secrets")).expect("a folder") {
        let mode = file
            .expect("a file")
            .metadata()
            .expect("its mode")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    hears_everything(folder.path(), &said);
    drop(sim);

    // A file that is there is refused, and nothing of it is touched; `--force` takes the next simulation.
    let refused = Antiphon::new(["sim", "--write", "my choir's.toml"])
        .within(folder.path())
        .run();
    insta::assert_snapshot!(refused.whole(), @r"
    exit 2
    --- stderr
    error: my choir's.toml is there already
    hint: choose another name, or replace the configuration and its secrets by `--force`
    ");
    let kept = std::fs::read_to_string(folder.path().join("my choir's.toml")).expect("it is there");
    assert_eq!(kept, text);
    let options = ["--rate", "50", "--write", "my choir's.toml", "--force"];
    let (_sim, _, said) = writing(folder.path(), &options);
    hears_everything(folder.path(), &said);
}

#[cfg(unix)]
#[test]
fn a_written_configuration_trusts_the_simulation_with_tls() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = ["--rate", "50", "--tls", "--write", "antiphon.toml"];
    let (_sim, _, said) = writing(folder.path(), &options);
    hears_everything(folder.path(), &said);
}

#[test]
fn a_configuration_is_not_written_where_it_cannot_be() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let refused = Antiphon::new(["sim", "--write", "no/antiphon.toml"])
        .within(folder.path())
        .run();
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(
        refused
            .stderr
            .contains("could not write no/antiphon.secrets"),
        "{}",
        refused.stderr
    );
    let refused = Antiphon::new(["sim", "--force"]).run();
    assert_eq!(refused.code, 2, "{}", refused.stderr);
}

/// The text with `0` for every digit.
fn without_digits(text: &str) -> String {
    let is_digit = |character: char| character.is_ascii_digit();
    text.replace(is_digit, "0")
}

/// The text with `[TIME]` for times.
fn without_times(text: &str) -> String {
    without_digits(text)
        .replace("0000-00-00T00:00:00.000+00:00", "[TIME]")
        .replace("0000-00-00T00:00:00Z", "[TIME]")
        .replace("00:00:00.000", "[TIME]")
}

#[cfg(unix)]
#[test]
fn what_was_stored_and_not_shown_is_shown_after_a_kill() {
    let (_sim, addresses) = simulator(&["--seed", "7", "--rate", "100"]);
    let folder = configured(&addresses);
    let mut shown = std::collections::HashSet::new();
    for _ in 0..2 {
        let mut daemon = run(folder.path(), &addresses).start();
        for _ in 0..100 {
            shown.insert(next_origin(&mut daemon));
        }
        daemon.signal("KILL");
        while let Some(line) = daemon.line() {
            // The last line may be half a line.
            if let Ok(event) = serde_json::from_str::<Value>(&line) {
                shown.insert(origin(&event));
            }
        }
    }
    tell(&addresses, &serde_json::json!({"do": "traffic", "rate": 0}));
    let mut daemon = run(folder.path(), &addresses).start();
    let last = serde_json::json!({"do": "say", "place": "room/choir-loft", "by": "mira", "text": "the last word"});
    loop {
        let line = daemon.line().expect("the daemon runs");
        let event: Value = serde_json::from_str(&line).expect("one JSON object a line");
        shown.insert(origin(&event));
        if event["kind"] == "queup.playlist_details" {
            tell(&addresses, &last);
        }
        if event["body"]["message"] == "the last word" {
            break;
        }
    }
    daemon.signal("TERM");
    let run = daemon.end();
    shown.extend(run.objects().iter().map(origin));

    let tail = Antiphon::new(["tail", "--output", "json"])
        .within(folder.path())
        .run();
    let stored = tail.objects();
    let missing: Vec<_> = stored
        .iter()
        .filter(|event| !shown.contains(&origin(event)))
        .collect();
    assert!(stored.len() > 200, "{} events", stored.len());
    assert!(missing.is_empty(), "{missing:?}");
}

fn next_origin(daemon: &mut Running) -> String {
    let line = daemon.line().expect("the daemon runs");
    origin(&serde_json::from_str(&line).expect("one JSON object a line"))
}

fn origin(event: &Value) -> String {
    event["origin"].as_str().expect("a text").to_owned()
}

#[test]
fn a_wrong_password_is_the_servers_no_with_a_way_out() {
    let (_sim, addresses) = simulator(&[]);
    let folder = configured(&addresses);
    let run = Antiphon::new(["run"])
        .within(folder.path())
        .with("CHOIR_PASSWORD", "canary-7f3a")
        .run();
    assert!(!run.stderr.contains("canary"), "{}", run.stderr);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!(without_times(&run.stderr), @r#"
        [TIME] INFO  journaling into antiphon.db
        [TIME] ERROR choir: QueUp refused the login: Incorrect username or password
        hint: check the account's e-mail address and password
        "#);
}

#[cfg(unix)]
#[test]
fn the_password_is_neither_logged_nor_stored() {
    let (_sim, addresses) = simulator(&[]);
    let folder = configured(&addresses);
    let mut daemon = run(folder.path(), &addresses)
        .with("RUST_LOG", "trace")
        .start();
    next(&mut daemon, "queup.playlist_details");
    daemon.signal("TERM");
    let run = daemon.end();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.len() > 1000, "the log is on");
    let password = addresses["queup"]["password"].as_str().expect("a text");
    assert!(!run.stderr.contains(password) && !run.stdout.contains(password));
    let stored = std::fs::read(folder.path().join("antiphon.db")).expect("a journal");
    assert!(
        !stored
            .windows(password.len())
            .any(|bytes| bytes == password.as_bytes())
    );
}

#[cfg(unix)]
#[test]
fn what_nobody_read_is_shown_by_the_next_run() {
    let (_sim, addresses) = simulator(&[]);
    let folder = configured(&addresses);
    let unread = run(folder.path(), &addresses).with_a_closed_stdout().run();
    assert_eq!(unread.code, 0, "{}", unread.stderr);
    let mut daemon = run(folder.path(), &addresses).start();
    for position in 1..=5 {
        let line = daemon.line().expect("the daemon runs");
        let event: Value = serde_json::from_str(&line).expect("one JSON object a line");
        assert_eq!(event["position"], position, "in the journal's order");
    }
}

#[test]
fn a_configuration_error_is_told_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = "[sources.choir]\nplatform = \"queup\"\nemail = \"m\"\npassword = { env = \"NOT_SET\" }\nroms = []\n";
    std::fs::write(folder.path().join("antiphon.toml"), text).expect("a file");
    let wrong = Antiphon::new(["run"]).within(folder.path()).run();
    insta::assert_snapshot!(wrong.whole(), @r#"
        exit 2
        --- stderr
        warning: antiphon.toml:1:10: [sources.choir] joins no room
        hint: list rooms in `rooms`
        error: antiphon.toml:4:12: the password of [sources.choir]: the environment has no `NOT_SET`
        hint: set it, for instance with `export NOT_SET=…`
        error: antiphon.toml:5:1: [sources.choir] knows no key `roms`
        hint: did you mean `rooms`?
        "#);

    let text = text.replace("roms", "rooms");
    std::fs::write(folder.path().join("antiphon.toml"), text).expect("a file");
    let unset = Antiphon::new(["run"]).within(folder.path()).run();
    insta::assert_snapshot!(unset.whole(), @r#"
        exit 2
        --- stderr
        warning: antiphon.toml:5:9: [sources.choir] joins no room
        hint: list rooms in `rooms`
        error: antiphon.toml:4:12: the password of [sources.choir]: the environment has no `NOT_SET`
        hint: set it, for instance with `export NOT_SET=…`
        "#);

    let missing = Antiphon::new(["run", "--config", "no.toml"])
        .within(folder.path())
        .run();
    insta::assert_snapshot!(missing.whole(), @r#"
        exit 2
        --- stderr
        error: could not read the configuration no.toml: No such file or directory (os error 2)
        hint: name one with `--config`; docs/configuration.md has an example
        "#);
    assert!(!folder.path().join("antiphon.db").exists());
}

#[test]
fn the_schema_in_the_documentation_is_the_one_the_daemon_prints() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/antiphon.schema.json"
    );
    let kept = std::fs::read_to_string(file).expect("it is there");
    let printed = antiphon(["run", "--schema"]).stdout;
    assert!(
        kept == printed,
        "docs/antiphon.schema.json is stale: run `RENEW=1 cargo test -p antiphon-cli reference`"
    );
}

#[cfg(unix)]
#[test]
fn the_simulator_speaks_tls_to_a_daemon_that_trusts_its_certificate() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("authority.pem");
    let option = format!("--tls={}", path.display());
    let (_sim, addresses) = simulator(&[&option]);
    let certificate = std::fs::read_to_string(&path).expect("the certificate");
    assert_eq!(addresses["certificate"], certificate);
    let queup = addresses["queup"]["rest"].as_str().expect("a text");
    assert!(queup.starts_with("https://"), "{queup}");
    let configured = configured(&addresses);
    let mut daemon = run(configured.path(), &addresses)
        .with("SSL_CERT_FILE", path.to_str().expect("a path"))
        .start();
    next(&mut daemon, "queup.playlist_details");
    let address = queup.strip_prefix("https://").expect("a URL");
    let mut plain = std::net::TcpStream::connect(address).expect("it listens");
    write!(plain, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").expect("it reads");
    plain
        .shutdown(std::net::Shutdown::Write)
        .expect("an open connection");
    let answer = std::io::read_to_string(plain).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("this port speaks TLS only"), "{answer}");
}

#[test]
fn the_simulator_listens_on_loopback_unless_credentials_are_set() {
    insta::assert_snapshot!(antiphon(["sim", "--listen", "0.0.0.0"]).whole(), @r#"
        exit 2
        --- stderr
        error: 0.0.0.0 can be reached by other machines
        hint: set `ANTIPHON_SIM_TOKEN`, which the control address then asks for, or listen on 127.0.0.1
        "#);
    let said = antiphon(["sim", "--port", "queue=7006"]).whole();
    // The names that follow are those of the platforms.
    assert!(
        said.contains("error: no server named `queue`: there are `control`, `")
            && said.ends_with("hint: write `--port queup=7006`\n"),
        "{said}"
    );
    insta::assert_snapshot!(antiphon(["sim", "--port", "7006"]).whole(), @r#"
        exit 2
        --- stderr
        error: invalid value '7006' for '--port <PLATFORM=N>': `7006` is not of the form `queup=7006`, with a port up to 65535
        hint: `antiphon sim --help` shows what can be written
        "#);
}

#[test]
fn a_token_for_the_control_address_is_asked_for() {
    let mut sim = Antiphon::new(["sim"])
        .with("ANTIPHON_SIM_TOKEN", "canary-7f3a")
        .start();
    let line = sim.line().expect("the first line");
    assert!(!line.contains("canary"), "{line}");
    let addresses: Value = serde_json::from_str(&line).expect("one JSON object");
    let control = addresses["control"].as_str().expect("a text");
    let address = control.strip_prefix("http://").expect("a URL");
    assert!(ask(address, "GET /ledger", &[], "").starts_with("HTTP/1.1 401"));
    assert!(
        ask(address, "GET /ledger", &["Authorization: Bearer guess"], "")
            .starts_with("HTTP/1.1 401")
    );
    assert!(
        ask(
            address,
            "GET /ledger",
            &["Authorization: Bearer canary-7f3a"],
            ""
        )
        .starts_with("HTTP/1.1 200")
    );
}

#[test]
fn a_script_with_a_wrong_line_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let script = "{\"at\":\"2s\",\"do\":\"say\",\"place\":\"room/choir-loft\",\"by\":\"mira\",\"text\":\"hello\"}\n{\"do\":\"sing\"}\n";
    std::fs::write(folder.path().join("story.ndjson"), script).expect("a file");
    let run = Antiphon::new(["sim", "--script", "story.ndjson"])
        .within(folder.path())
        .run();
    assert_eq!(run.code, 2);
    assert!(
        run.stderr
            .starts_with("error: story.ndjson: line 2 of the script is wrong: "),
        "{}",
        run.stderr
    );
}

#[test]
fn a_world_file_is_begun_with_and_a_wrong_one_refused() {
    let example = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/observatory.toml"
    );
    let (_sim, addresses) = simulator(&["--world", example]);
    assert_eq!(addresses["discord"]["token"], "orrery.for.tests");
    assert_eq!(addresses["queup"]["room"], "star-party");
    assert_eq!(addresses["stackexchange"]["room"], 1610);
    assert_eq!(addresses["lavalink"][0]["password"], "open sesame");

    let folder = tempfile::tempdir().expect("a temporary folder");
    let wrong = "[[discord.guilds]]\nname = \"dome\"\nowner = \"ada\"\nmembers = [{ name = \"hal\", roles = [\"Keeper\"] }]\nroles = [{ name = \"Keepers\" }]\n";
    std::fs::write(folder.path().join("world.toml"), wrong).expect("a file");
    std::fs::write(folder.path().join("world.json"), "{\n\"quep\": {}}").expect("a file");
    let refused = |file: &str| {
        let run = Antiphon::new(["sim", "--world", file]);
        run.within(folder.path()).run().whole()
    };
    insta::assert_snapshot!(refused("world.toml"), @r#"
        exit 2
        --- stderr
        error: world.toml:4: discord.guilds[0].members[0].roles[0]: guild `dome` has no role `Keeper`
        hint: did you mean `Keepers`?
        "#);
    insta::assert_snapshot!(refused("world.json"), @r#"
        exit 2
        --- stderr
        error: world.json:2: the world: there is no key `quep`
        hint: did you mean `queup`?
        "#);
    assert!(refused("missing.toml").contains("error: could not read the world missing.toml: "));
}

#[test]
fn the_schema_of_the_world_file_is_printed() {
    let run = antiphon(["sim", "--world-schema"]);
    let known = include_str!("../../../docs/world.schema.json");
    assert_eq!((run.code, &*run.stdout), (0, known));
}

#[test]
fn the_demo_loses_nothing_and_recovers_chat_in_order() {
    let run = antiphon(["demo", "--for", "4s", "--rate", "50", "--output", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines = run.objects();
    let (summary, events) = lines.split_last().expect("a summary");
    let queup = &summary["summary"]["queup"];
    let count = |name: &str| queup[name].as_u64().expect("a number");
    assert_eq!(summary["lost"], 0);
    assert_eq!((count("lost"), count("repeats")), (0, 0));
    assert_eq!(count("sent"), count("journaled") + count("gapped"));
    assert_eq!(count("handled"), count("journaled"));
    assert!(count("gapped") > 0, "{summary}");
    assert!(summary["seconds"].as_f64() >= Some(4.0), "{summary}");

    let positions: Vec<_> = events
        .iter()
        .map(|event| event["position"].as_u64())
        .collect();
    assert!(positions.is_sorted(), "events come in the journal's order");
    let recovered = events
        .iter()
        .filter(|event| event["provenance"] == "backfilled");
    let times: Vec<_> = recovered
        .map(|event| event["body"]["time"].as_i64())
        .collect();
    // How many depends on the machine: a slow one has a longer cut, and the history's page reaches back only so far.
    assert!(!times.is_empty(), "no message was recovered");
    assert!(times.is_sorted(), "recovered chat is in order");
    assert!(events.iter().any(|event| event["kind"] == "antiphon.gap"));
    let said = |text: &str| {
        let queup = events.iter().filter(|event| event["source"] == "queup");
        queup
            .filter(|event| event["body"]["message"] == text)
            .count()
    };
    // Each `!ping` that was heard is answered once; of those around the cut the question may lie in the gap, or, on a
    // slow machine, the answer's own echo.
    assert!(
        (1..=said("!ping")).contains(&said("pong")),
        "{} answers to {}",
        said("pong"),
        said("!ping")
    );

    let moves: Vec<_> = events
        .iter()
        .filter(|event| event["kind"] == "lavalink.PlayerMigrated")
        .collect();
    assert!(!moves.is_empty(), "a node was lost, and it had a player");
    for moved in moves {
        // The place is the new node's.
        let heard = |event: &&Value| {
            event["kind"] == "lavalink.playerUpdate"
                && event["place"] == moved["place"]
                && event["body"]["state"]["connected"] == true
        };
        let later = |event: &&Value| event["position"].as_u64() > moved["position"].as_u64();
        assert!(
            events.iter().filter(later).any(|event| heard(&event)),
            "{moved}"
        );
    }
}

#[test]
fn a_demo_without_a_terminal_tells_its_course_in_the_same_lines_every_time() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let temporary = folder.path().to_str().expect("UTF-8");
    let run = Antiphon::new(["demo", "--for", "3s"])
        .with("TMPDIR", temporary)
        .run();
    assert_eq!((run.code, &*run.stderr), (0, ""));
    let (course, outcome) = run.stdout.split_once("\n\n").expect("a table follows");
    let course = without_digits(course);
    // A slow machine needs ten seconds and more, so that the times begin in one column or another.
    let course: Vec<_> = course.lines().map(str::trim_start).collect();
    insta::assert_snapshot!(course.join("\n").replace("00.0 s", "0.0 s"), @r"
    0.0 s  connected to discord, lavalink, queup and stackexchange; people talk
    0.0 s  every connection is cut for 0 s; people talk on
    0.0 s  every connection is back, the last one after 0.0 s
    0.0 s  people have stopped talking; waiting for what is under way
    ");
    assert!(outcome.contains("Nothing was lost: "), "{outcome}");

    // The journal is kept where it says, and can be looked at as it says.
    let mut kept = outcome
        .lines()
        .filter_map(|line| line.strip_prefix("The journal is kept in "));
    let kept = kept.next().expect("it says where").trim_end_matches('.');
    assert!(kept.starts_with(temporary), "{kept}");
    let tail = antiphon(["tail", "--journal", kept, "--kind", "antiphon.gap"]);
    assert_eq!(tail.code, 0, "{}", tail.stderr);
    assert!(tail.stdout.contains("antiphon.gap"), "{}", tail.stdout);
}

#[cfg(unix)]
#[test]
fn a_demo_shows_each_event_if_it_is_asked_to_and_leaves_nothing_without_a_reader() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let temporary = folder.path().to_str().expect("UTF-8");
    let mut demo = Antiphon::new(["demo", "--events"])
        .with("TMPDIR", temporary)
        .start();
    let line = demo.line().expect("an event");
    let sources = ["discord", "lavalink", "queup", "stackexchange"];
    assert!(sources.iter().any(|source| line.contains(source)), "{line}");
    // Stopped, it has no outcome, and its journal goes with it.
    demo.signal("INT");
    assert_eq!(demo.end().code, 130);
    let left = std::fs::read_dir(folder.path())
        .expect("it is there")
        .count();
    assert_eq!(left, 0, "files are left");
}

#[cfg(unix)]
#[test]
fn a_demo_goes_on_with_the_journal_of_one_that_was_interrupted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let demo = [
        "demo",
        "--for",
        "3s",
        "--journal",
        "demo.db",
        "--output",
        "json",
    ];
    let mut first = Antiphon::new(demo).within(folder.path()).start();
    let chat = next(&mut first, "queup.chat-message");
    first.signal("INT");
    let first = first.end();
    assert_eq!(first.code, 130, "{}", first.stderr);
    let first = first.objects();
    assert!(first.iter().all(|line| line.get("summary").is_none()));

    let second = Antiphon::new(demo).within(folder.path()).run();
    assert_eq!(second.code, 0, "{}", second.stderr);
    let second = second.objects();
    let summary = second.last().expect("a summary");
    assert_eq!(
        (&summary["lost"], &summary["summary"]["queup"]["repeats"]),
        (&0.into(), &0.into())
    );
    assert!(second[0]["position"].as_u64() > chat["position"].as_u64());
    assert_ne!(second[0]["source"], chat["source"]);
}

#[test]
fn a_demo_without_a_reader_ends_well() {
    let run = Antiphon::new(["demo", "--output", "json"])
        .with_a_closed_stdout()
        .run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    insta::assert_snapshot!(antiphon(["demo", "--for", "1s"]).whole(), @r#"
        exit 2
        --- stderr
        error: the demo is too short to cut the line and heal it
        hint: give it at least `--for 3s`
        "#);
}

/// A folder with a configuration for the simulator's chat.
fn chatting(addresses: &Value) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let chat = &addresses["stackexchange"];
    let text = format!(
        "[sources.tea]\n\
         platform = \"stackexchange\"\n\
         email = {}\n\
         password = {{ env = \"TEA_PASSWORD\" }}\n\
         rooms = [{}]\n\
         cookie_file = \"tea.cookies\"\n\
         url = {}\n",
        chat["email"], chat["room"], chat["url"]
    );
    std::fs::write(folder.path().join("antiphon.toml"), text).expect("a file");
    folder
}

fn run_chat(folder: &Path, password: &str) -> Antiphon {
    Antiphon::new(["run", "--print", "--output", "json"])
        .within(folder)
        .with("TEA_PASSWORD", password)
}

#[cfg(unix)]
#[test]
fn the_daemon_journals_chat_and_goes_on_with_what_it_missed() {
    let (sim, addresses) = simulator(&["--seed", "7"]);
    let folder = chatting(&addresses);
    let chat = &addresses["stackexchange"];
    let password = chat["password"].as_str().expect("a text");
    let say = |text: &str| {
        tell(
            &addresses,
            &serde_json::json!({"do": "say", "platform": "stackexchange", "by": "mira", "text": text}),
        );
    };
    let mut daemon = run_chat(folder.path(), password).start();
    while next(&mut daemon, "antiphon.link")["body"]["state"] != "connected" {}
    say("hello");
    let heard = next(&mut daemon, "stackexchange.MessagePosted");
    assert_eq!(heard["body"]["content"], "hello");
    assert_eq!(heard["place"], "room/4242");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, 0);
    say("meanwhile");
    let mut daemon = run_chat(folder.path(), password).start();
    let heard = next(&mut daemon, "stackexchange.MessagePosted");
    assert_eq!(heard["body"]["content"], "meanwhile");
    assert_eq!(heard["provenance"], "replayed");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, 0);
    sim.signal("INT");
    sim.end();
}

#[cfg(unix)]
#[test]
fn a_challenge_for_humans_ends_the_daemon_with_a_way_out() {
    let (sim, addresses) = simulator(&["--seed", "7"]);
    let folder = chatting(&addresses);
    let captcha = serde_json::json!({"do": "captcha", "platform": "stackexchange", "logins": 9});
    tell(&addresses, &captcha);
    let password = addresses["stackexchange"]["password"]
        .as_str()
        .expect("a text");
    let ended = run_chat(folder.path(), password).run();
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("asks for a human"),
        "{}",
        ended.stderr
    );
    assert!(
        ended
            .stderr
            .contains(r#""hint":"log in once with a browser"#),
        "{}",
        ended.stderr
    );
    sim.signal("INT");
    sim.end();
}

/// A folder with a configuration for the simulator's nodes.
fn nodes(addresses: &Value) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let nodes = addresses["lavalink"].as_array().expect("nodes");
    let nodes: Vec<_> = nodes
        .iter()
        .map(|node| {
            let (name, url) = (node["name"].as_str().expect("a name"), &node["url"]);
            format!("{name} = {{ url = {url}, password = {{ env = \"NODES\" }} }}\n")
        })
        .collect();
    let text = format!(
        "[sources.organ]\nplatform = \"lavalink\"\nuser = {}\n\n[sources.organ.nodes]\n{}",
        addresses["discord"]["user_id"],
        nodes.concat()
    );
    std::fs::write(folder.path().join("antiphon.toml"), text).expect("a file");
    folder
}

#[cfg(unix)]
#[test]
fn the_daemon_journals_what_nodes_tell() {
    let (sim, addresses) = simulator(&["--seed", "7"]);
    let folder = nodes(&addresses);
    let password = addresses["lavalink"][0]["password"].as_str();
    let mut daemon = Antiphon::new(["run", "--print", "--output", "json"])
        .within(folder.path())
        .with("NODES", password.expect("a text"))
        .start();
    let ready = next(&mut daemon, "lavalink.ready");
    assert_eq!(ready["body"]["resumed"], false);
    tell(
        &addresses,
        &serde_json::json!({"do": "stats", "platform": "lavalink"}),
    );
    let stats = next(&mut daemon, "lavalink.stats");
    assert_eq!(stats["body"]["players"], 0);
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, 0);
    sim.signal("INT");
    sim.end();
}

#[test]
fn a_wrong_password_of_every_node_ends_the_daemon_with_a_way_out() {
    let (_sim, addresses) = simulator(&[]);
    let folder = nodes(&addresses);
    let run = Antiphon::new(["run"])
        .within(folder.path())
        .with("NODES", "canary-7f3a")
        .run();
    assert!(!run.stderr.contains("canary"), "{}", run.stderr);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(
        run.stderr.ends_with("hint: check the node's password\n"),
        "{}",
        run.stderr
    );
}

/// What a peer may try on a terminal: a title, a colour, a line that runs backwards, a forged line, and a C1 colour.
const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[31m red\u{202e}\nforged\u{9b}31m";

/// The same, written out.
const SHOWN: &str = r"\u{1b}]0;owned\u{7}\u{1b}[31m red\u{202e}\nforged\u{9b}31m";

/// A daemon with one source of this platform, whose table has these lines.
fn source(folder: &Path, lines: &str, secret: &str) -> Antiphon {
    let text = format!("[sources.one]\n{lines}\n");
    std::fs::write(folder.join("antiphon.toml"), text).expect("a file");
    Antiphon::new(["run", "--print", "--output", "json"])
        .within(folder)
        .with("SECRET", secret)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Has the platform close the connection with a hostile reason, and gives what the daemon printed until it had read it.
#[cfg(unix)]
#[track_caller]
fn closed_by(addresses: &Value, lines: &str, secret: &str, mut close: Value) -> binary::Run {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut daemon = source(folder.path(), lines, secret).start();
    while next(&mut daemon, "antiphon.link")["body"]["state"] != "connected" {}
    close["do"] = "close".into();
    close["reason"] = HOSTILE.into();
    tell(addresses, &close);
    // A source that stops ends the daemon.
    while let Some(line) = daemon.line() {
        let event: Value = serde_json::from_str(&line).expect("one JSON object a line");
        if event["body"]["state"] == "waiting" {
            daemon.signal("TERM");
            break;
        }
    }
    let run = daemon.end();
    let is_hidden = |character: char| {
        character.is_control() && character != '\n'
            || ('\u{202a}'..='\u{202e}').contains(&character)
    };
    for printed in [&run.stdout, &run.stderr] {
        assert!(!printed.contains(is_hidden), "{printed:?}");
        assert!(
            !printed.lines().any(|line| line.starts_with("forged")),
            "{printed}"
        );
    }
    assert!(said(&run) > 0, "{}", run.stderr);
    run
}

/// How many lines of stderr have the hostile text written out, the error among them as JSON.
fn said(run: &binary::Run) -> usize {
    let is_error = |line: &str| {
        let error: Option<Value> = serde_json::from_str(line).ok();
        error.is_some_and(|error| text(&error["error"]).contains(HOSTILE))
    };
    let lines = run.stderr.lines();
    lines
        .filter(|line| line.contains(SHOWN) || is_error(line))
        .count()
}

#[cfg(unix)]
#[test]
fn a_close_reason_writes_nothing_to_the_terminal_but_its_own_text() {
    let (_sim, addresses) = simulator(&["--seed", "7"]);
    let (queup, chat) = (&addresses["queup"], &addresses["stackexchange"]);
    let lines = format!(
        "platform = \"queup\"\nemail = {}\npassword = {{ env = \"SECRET\" }}\nrooms = [{}]\nrest = {}\nsocket = {}",
        queup["email"], queup["room"], queup["rest"], queup["socket"]
    );
    let close = serde_json::json!({"platform": "queup", "code": 4000});
    closed_by(&addresses, &lines, text(&queup["password"]), close);

    let lines = format!(
        "platform = \"stackexchange\"\nemail = {}\npassword = {{ env = \"SECRET\" }}\nrooms = [{}]\nurl = {}",
        chat["email"], chat["room"], chat["url"]
    );
    let close = serde_json::json!({"platform": "stackexchange", "code": 4000});
    closed_by(&addresses, &lines, text(&chat["password"]), close);

    let node = &addresses["lavalink"][0];
    let lines = format!(
        "platform = \"lavalink\"\nuser = {}\nnodes.eu-1 = {{ url = {}, password = {{ env = \"SECRET\" }} }}",
        addresses["discord"]["user_id"], node["url"]
    );
    let close = serde_json::json!({"platform": "lavalink", "node": node["name"], "code": 4000});
    closed_by(&addresses, &lines, text(&node["password"]), close);

    let discord = &addresses["discord"];
    let lines = format!(
        "platform = \"discord\"\ntoken = {{ env = \"SECRET\" }}\nrest = {}",
        discord["rest"]
    );
    let close = serde_json::json!({"platform": "discord", "code": 4004});
    let run = closed_by(&addresses, &lines, text(&discord["token"]), close);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(said(&run), 1, "once, as the error: {}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_log_line_shows_hidden_characters() {
    let (sim, addresses) = simulator(&[]);
    let rest = text(&addresses["queup"]["rest"]);
    let host = rest.strip_prefix("http://").expect("a URL");
    let mut stream = std::net::TcpStream::connect(host).expect("it listens");
    // A path that the simulator does not know is noted, with its name.
    write!(
        stream,
        "GET /a%1b%5b31m HTTP/1.1\r\nHost: x\u{9b}31m\u{202e}\r\nConnection: close\r\n\r\n"
    )
    .expect("it reads");
    let _ = std::io::read_to_string(stream);
    sim.signal("TERM");
    let run = sim.end();
    assert!(run.stderr.contains("did not expect"), "{}", run.stderr);
    let hidden = |character: char| character.is_control() && character != '\n';
    assert!(!run.stderr.contains(hidden), "{:?}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_node_that_stops_is_told_with_its_code_and_way_out_while_the_others_go_on() {
    let (_sim, addresses) = simulator(&["--seed", "7"]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let nodes = &addresses["lavalink"];
    let lines = format!(
        "platform = \"lavalink\"\nuser = {}\n[sources.one.nodes]\n\
         good = {{ url = {}, password = {{ env = \"SECRET\" }} }}\n\
         bad = {{ url = {}, password = {{ env = \"SECRET\" }} }}",
        addresses["discord"]["user_id"], nodes[0]["url"], nodes[1]["url"]
    );
    let mut daemon = source(folder.path(), &lines, text(&nodes[0]["password"])).start();
    let mut states = std::collections::BTreeMap::new();
    while states
        .get("node/good")
        .is_none_or(|state| state != "connected")
        || states
            .get("node/bad")
            .is_none_or(|state| state != "stopped")
    {
        let link = next(&mut daemon, "antiphon.link");
        let state = text(&link["body"]["state"]).to_owned();
        states.insert(text(&link["place"]).to_owned(), state);
    }
    daemon.signal("TERM");
    let run = daemon.end();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines: Vec<_> = run.stderr.lines().collect();
    let stopped = lines
        .iter()
        .position(|line| line.contains(" one node/bad: stopped (authorization): "))
        .unwrap_or_else(|| panic!("{}", run.stderr));
    assert!(lines[stopped + 1].starts_with("hint: "), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_secret_in_place_of_its_name_is_not_shown() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let token = "MTU4NzkyNTgwOTc2MDEwMzM5NDU.canary.Y4CnJM4KZKNJRNx9zqRSSEazbpsP86A";
    let run = |value: &str| {
        let lines = format!("platform = \"discord\"\ntoken = {value}");
        source(folder.path(), &lines, "").run().whole()
    };
    insta::assert_snapshot!(run(&format!("{{ env = \"{token}\" }}")), @r#"
        exit 2
        --- stderr
        warning: antiphon.toml:1:10: texts of messages will be empty: [sources.one] does not ask for `MESSAGE_CONTENT`
        hint: list the intents with `MESSAGE_CONTENT`, and switch it on for the application at https://discord.com/developers/applications
        {"error":"antiphon.toml:3:9: the token of [sources.one]: the environment has no variable of the name that `env` gives","hint":"`env` takes the name of a variable, such as \"CHOIR_TOKEN\"; the secret itself belongs in the variable","exit":2}
        "#);
    insta::assert_snapshot!(run(&format!("{{ file = \"{token}\" }}")), @r#"
        exit 2
        --- stderr
        warning: antiphon.toml:1:10: texts of messages will be empty: [sources.one] does not ask for `MESSAGE_CONTENT`
        hint: list the intents with `MESSAGE_CONTENT`, and switch it on for the application at https://discord.com/developers/applications
        {"error":"antiphon.toml:3:9: the token of [sources.one]: could not read the file that `file` names: No such file or directory (os error 2)","hint":"`file` takes a file's name; put the secret on its first line, readable by you alone","exit":2}
        "#);
    let empty = run("{ env = \"SECRET\" }");
    assert!(empty.contains("`SECRET` is empty"), "{empty}");
}

#[cfg(unix)]
#[test]
fn a_secret_file_that_others_can_read_is_warned_of_once() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("a password");
    std::fs::write(&file, "canary-7f3a\n").expect("a file");
    let lines = "platform = \"lavalink\"\nuser = 1\nproxy = { env = \"NOT_SET\" }\n[sources.one.nodes]\n\
                 a = { url = \"http://127.0.0.1:1\", password = { file = \"a password\" } }\n\
                 b = { url = \"http://127.0.0.1:2\", password = { file = \"a password\" } }";
    let with = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&file, mode).expect("it is ours");
        let run = source(folder.path(), lines, "").run();
        assert!(!run.stderr.contains("canary"), "{}", run.stderr);
        run.stderr
    };
    let open = with(0o644);
    assert_eq!(
        open.lines().take(2).collect::<Vec<_>>(),
        [
            "warning: antiphon.toml:6:46: the secret in a password is open to others",
            "hint: chmod 600 'a password'"
        ]
    );
    assert_eq!(open.matches("warning:").count(), 1, "{open}");
    assert!(!with(0o600).contains("warning:"));
}
