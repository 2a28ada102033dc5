//! How the daemon lives on a machine: its log, reloads, the service manager.
#![cfg(unix)]

mod binary;
mod fixture;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::net::UnixDatagram,
    path::Path,
};

use serde_json::Value;
use tempfile::TempDir;

use binary::{Antiphon, Running, ask, post};

/// A simulator, and a folder with a configuration of its accounts.
fn simulated() -> (Running, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments = ["sim", "--seed", "7", "--write", "antiphon.toml"];
    let mut simulator = Antiphon::new(arguments).within(folder.path()).start();
    simulator.line().expect("the first line");
    (simulator, folder)
}

/// Rewrites the configuration.
fn change(folder: &Path, change: impl FnOnce(String) -> String) {
    let path = folder.join("antiphon.toml");
    let text = std::fs::read_to_string(&path).expect("it is there");
    std::fs::write(path, change(text)).expect("it is ours");
}

fn run<'a>(folder: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Antiphon {
    Antiphon::new(["run"].into_iter().chain(arguments)).within(folder)
}

/// Reads the log until a record with this message; gives all records up to it.
fn records_until(daemon: &mut Running, message: &str) -> Vec<Value> {
    records_to(daemon, |said| said == message)
}

/// Reads the log until a record whose message has this text; gives all records up to it.
fn records_with(daemon: &mut Running, text: &str) -> Vec<Value> {
    records_to(daemon, |said| said.contains(text))
}

/// Others may log meanwhile, so that the record after the awaited one may be anybody's.
fn records_to(daemon: &mut Running, is_last: impl Fn(&str) -> bool) -> Vec<Value> {
    let mut records = Vec::new();
    loop {
        let line = daemon.said().expect("the daemon runs");
        let record: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        let is_last = record["message"].as_str().is_some_and(&is_last);
        records.push(record);
        if is_last {
            return records;
        }
    }
}

fn messages(records: &[Value]) -> Vec<&str> {
    let messages = records.iter().map(|record| record["message"].as_str());
    messages.map(|message| message.expect("a text")).collect()
}

#[test]
fn every_line_of_a_json_log_is_a_record_also_the_last_error() {
    let (_sim, folder) = simulated();
    change(folder.path(), |text| {
        format!("{text}\n[log]\nformat = \"json\"\n")
    });
    let secrets = folder.path().join("antiphon.secrets/queup-password");
    std::fs::write(secrets, "canary-7f3a").expect("it is ours");
    let ended = run(folder.path(), []).with("RUST_LOG", "debug").run();
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
    let records: Vec<Value> = ended
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let times: Vec<_> = records
        .iter()
        .map(|record| record["time"].as_str().expect("a time"))
        .collect();
    assert!(times.is_sorted(), "one clock, one order: {times:?}");
    let last = records.last().expect("records");
    assert_eq!(last["level"], "error");
    assert_eq!(last["fields"]["exit_code"], 3);
    assert!(
        last["message"]
            .as_str()
            .is_some_and(|text| text.contains("QueUp refused the login")),
        "{last}"
    );
    assert_eq!(
        last["hint"],
        "check the account's e-mail address and password"
    );
    assert!(
        records
            .iter()
            .any(|record| record["source"] == "queup" && record["target"] != "antiphon::daemon")
    );
}

#[test]
fn a_mistake_of_the_configuration_is_a_record_if_the_command_line_asks_for_json() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("antiphon.toml"), "[jurnal]\n").expect("a file");
    let refused = run(folder.path(), ["--log-format", "json"]).run();
    assert_eq!(refused.code, 2);
    let records: Vec<Value> = refused
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object a line"))
        .collect();
    let unknown = records.iter().find(|record| {
        let message = record["message"].as_str().expect("a text");
        message.contains("the configuration knows no table `jurnal`")
    });
    let unknown = unknown.expect("the mistake");
    assert_eq!(unknown["hint"], "did you mean `journal`?");
    assert_eq!(unknown["fields"]["exit_code"], 2);
}

#[test]
fn a_reload_applies_what_it_can_and_says_what_needs_a_restart() {
    let (_sim, folder) = simulated();
    let mut daemon = run(folder.path(), ["--log-format", "json"]).start();
    records_until(&mut daemon, "journaling into antiphon-sim.db");

    daemon.signal("HUP");
    let records = records_until(&mut daemon, "reloaded; nothing has changed");
    assert_eq!(records.last().expect("a record")["level"], "info");

    change(folder.path(), |text| {
        let text = text.replace(
            "[journal]\n",
            "[journal]\nkeep = \"30d\"\ncompress = true\n",
        );
        format!("{text}\n[log]\nlevel = \"debug\"\n")
    });
    daemon.signal("HUP");
    records_until(&mut daemon, "reloaded");
    let records = records_until(
        &mut daemon,
        "`journal.compress` has changed and needs a restart",
    );
    let told = messages(&records);
    assert!(
        told.contains(&"`journal.keep` is applied") && told.contains(&"`log.level` is applied"),
        "{told:?}"
    );
    assert_eq!(records.last().expect("a record")["level"], "warn");

    // The log is at `debug` now, and the retention is no change any more.
    daemon.signal("HUP");
    let records = records_until(
        &mut daemon,
        "`journal.compress` has changed and needs a restart",
    );
    assert!(!messages(&records).contains(&"`journal.keep` is applied"));

    change(folder.path(), |text| {
        text.replace("keep = \"30d\"", "keep = \"soon\"")
    });
    daemon.signal("HUP");
    let records = records_until(
        &mut daemon,
        "the configuration was not reloaded, and nothing has changed",
    );
    assert_eq!(records.last().expect("a record")["level"], "error");
    records_with(&mut daemon, "`keep` of [journal] is not a length of time");

    daemon.signal("TERM");
    let ended = daemon.end();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn a_reload_changes_what_the_log_shows() {
    let (_sim, folder) = simulated();
    let mut daemon = run(folder.path(), ["--log-format", "json"]).start();
    let before = records_until(&mut daemon, "journaling into antiphon-sim.db");
    assert!(before.iter().all(|record| record["level"] != "debug"));
    change(folder.path(), |text| {
        format!("{text}\n[log]\nlevel = \"off,antiphon::app=info,antiphon::running=info\"\n")
    });
    daemon.signal("HUP");
    records_until(&mut daemon, "`log.level` is applied");
    daemon.signal("TERM");
    let ended = daemon.end();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("\"antiphon::running\""),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_reload_says_what_counts_before_the_file() {
    let (_sim, folder) = simulated();
    let mut daemon = run(folder.path(), ["--log-format", "json"])
        .with("RUST_LOG", "info")
        .start();
    records_until(&mut daemon, "journaling into antiphon-sim.db");
    change(folder.path(), |text| {
        format!("{text}\n[log]\nformat = \"text\"\nlevel = \"warn\"\n")
    });
    // A difference is told again, since it is one.
    for _ in 0..2 {
        daemon.signal("HUP");
        let summary = records_until(&mut daemon, "reloaded").pop();
        let fields = &summary.expect("a record")["fields"];
        assert_eq!(
            (&fields["applied"], &fields["waiting"]),
            (&0.into(), &2.into())
        );
        for said in [
            "`log.format` has changed, and `--log-format` counts before it",
            "`log.level` has changed, and `RUST_LOG` counts before it",
        ] {
            let record = records_until(&mut daemon, said).pop();
            assert_eq!(record.expect("a record")["level"], "warn");
        }
    }
}

#[test]
fn the_service_manager_hears_ready_reloading_and_stopping_in_order() {
    let (_sim, folder) = simulated();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    let daemon = run(folder.path(), [])
        .with("NOTIFY_SOCKET", path.to_str().expect("a plain path"))
        .with("WATCHDOG_USEC", "300000")
        .start();
    let next = || {
        let mut datagram = [0; 4096];
        let length = socket.recv(&mut datagram).expect("a message");
        String::from_utf8(datagram[..length].to_vec()).expect("UTF-8")
    };
    let until = |begin: &str| loop {
        let message = next();
        if message.starts_with(begin) {
            break message;
        }
        assert!(
            message.starts_with("STATUS=") || message.starts_with("WATCHDOG=1"),
            "{message}"
        );
    };
    let ready = until("READY=1\n");
    assert!(
        ready.contains("STATUS=") && ready.contains(" of 4 connected"),
        "{ready}"
    );
    until("STATUS=4 of 4 connected\n");
    until("WATCHDOG=1\n");
    daemon.signal("HUP");
    let reloading = until("RELOADING=1\n");
    assert!(reloading.contains("\nMONOTONIC_USEC="), "{reloading}");
    until("READY=1\n");
    daemon.signal("TERM");
    until("STOPPING=1\n");
    assert_eq!(daemon.end().code, 0);
}

#[test]
fn a_service_manager_that_is_not_there_is_told_of_once() {
    let (_sim, folder) = simulated();
    let mut daemon = run(folder.path(), ["--log-format", "json"])
        .with("NOTIFY_SOCKET", "/nowhere/notify")
        .start();
    let records = records_until(&mut daemon, "could not tell the service manager");
    assert_eq!(records.last().expect("a record")["level"], "warn");
    daemon.signal("HUP");
    daemon.signal("TERM");
    let ended = daemon.end();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!ended.stderr.contains("could not tell"), "{}", ended.stderr);
}

/// Waits until a proxy was asked for a host with each of these ends.
fn asked_for(proxy: &TcpListener, mut hosts: Vec<&str>) {
    while !hosts.is_empty() {
        let (mut stream, _) = proxy.accept().expect("a connection");
        let mut line = String::new();
        if BufReader::new(&stream).read_line(&mut line).is_err() {
            continue;
        }
        let asked = line
            .strip_prefix("CONNECT ")
            .and_then(|rest| rest.split(' ').next());
        hosts.retain(|host| !asked.is_some_and(|asked| asked.ends_with(host)));
        // The client may have given up by now.
        let _ = stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    }
}

const EVERYWHERE: &str = "
    [sources.nave]
    platform = \"discord\"
    token = { env = \"SECRET\" }

    [sources.organ]
    platform = \"lavalink\"
    user = 7
    nodes.eu = { url = \"http://node.example:2333\", password = { env = \"SECRET\" } }

    [sources.choir]
    platform = \"queup\"
    email = \"mira\"
    password = { env = \"SECRET\" }

    [sources.tea]
    platform = \"stackexchange\"
    email = \"mira\"
    password = { env = \"SECRET\" }
";

#[test]
fn all_four_platforms_go_through_the_proxies_of_the_environment() {
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = proxy.local_addr().expect("its address").to_string();
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("antiphon.toml"), EVERYWHERE).expect("a file");
    let mut daemon = run(folder.path(), [])
        .with("SECRET", "canary-7f3a")
        .with("HTTPS_PROXY", &format!("http://mira:canary-9b@{address}"))
        .with("http_proxy", &address)
        .start();
    let said = daemon.said_until("as `http_proxy` says");
    assert!(
        said.contains(&format!(
            "use http://<redacted>@{address}, as `HTTPS_PROXY` says"
        )) && said.contains("as `http_proxy` says"),
        "{said}"
    );
    asked_for(
        &proxy,
        vec![
            "discord.com:443",
            "node.example:2333",
            "api.queup.net:443",
            "stackexchange.com:443",
        ],
    );
    daemon.signal("TERM");
    let ended = daemon.end();
    assert!(
        !format!("{said}{}", ended.stderr).contains("canary"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_wrong_proxy_of_the_environment_is_refused_unless_no_source_asks_for_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = "[sources.nave]\nplatform = \"discord\"\ntoken = { env = \"SECRET\" }\nrest = \"http://127.0.0.1:1\"\n";
    std::fs::write(folder.path().join("antiphon.toml"), text).expect("a file");
    let daemon = || {
        run(folder.path(), [])
            .with("SECRET", "t")
            .with("HTTPS_PROXY", "htp://mira:canary@nowhere")
    };
    let refused = daemon().run();
    assert_eq!(refused.code, 2);
    let lines: Vec<_> = refused.stderr.lines().collect();
    assert_eq!(
        lines[lines.len() - 2..],
        [
            "error: antiphon.toml:1:10: [sources.nave] has no proxy of its own, and `HTTPS_PROXY` in the environment \
             names no proxy: a proxy's scheme is one of http, https, socks5, socks5h, socks4 and socks4a",
            "hint: mend `HTTPS_PROXY` or unset it; `proxy = \"none\"` of a source does without"
        ]
    );
    change(folder.path(), |text| format!("{text}proxy = \"none\"\n"));
    let mut daemon = daemon().start();
    daemon.said_until("journaling into antiphon.db");
}

#[test]
fn a_reader_of_printed_events_that_goes_away_is_a_normal_end_without_a_warning() {
    let (_sim, folder) = simulated();
    let run = run(folder.path(), ["--print"]).with_a_closed_stdout().run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    for level in [" warn", " error", "error:", "panicked"] {
        // The simulated accounts' own warnings come before the daemon begins.
        let said = run.stderr.split_once("journaling into");
        let (_, said) = said.expect("it began");
        assert!(!said.contains(level), "{}", run.stderr);
    }
}

/// An HTTP answer.
fn get(address: &str, path: &str) -> String {
    ask(address, &format!("GET {path}"), &[], "")
}

/// The value of a series, such as `antiphon_gaps_total{source="queup"}`; 0 if there is none.
fn value(text: &str, series: &str) -> f64 {
    let mut lines = text.lines();
    let found = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.map_or(0.0, |value| value.parse().expect("a number"))
}

/// Where metrics or dashboard are, as the log says.
fn logged_address(daemon: &mut Running) -> String {
    loop {
        let line = daemon.said().expect("the daemon runs");
        let record: Value = serde_json::from_str(&line).expect("one JSON object a line");
        if let Some(address) = record["fields"]["address"].as_str() {
            return address.to_owned();
        }
    }
}

#[test]
fn the_metrics_count_what_the_simulator_sent() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments = ["sim", "--seed", "7", "--write", "antiphon.toml"];
    let mut sim = Antiphon::new(arguments).within(folder.path()).start();
    let addresses: Value = serde_json::from_str(&sim.line().expect("a line")).expect("JSON");
    let control = addresses["control"]
        .as_str()
        .and_then(|url| url.strip_prefix("http://"));
    let control = control.expect("a URL");
    change(folder.path(), |text| {
        format!("{text}\n[metrics]\nlisten = \"127.0.0.1:0\"\n")
    });
    let mut daemon = run(
        folder.path(),
        ["--print", "--output", "json", "--log-format", "json"],
    )
    .start();
    let address = logged_address(&mut daemon);
    let mut printed = 0;
    let mut next = |kind: &str| loop {
        let line = daemon.line().expect("the daemon runs");
        let event: Value = serde_json::from_str(&line).expect("one JSON object a line");
        printed += u32::from(event["source"] == "queup");
        if event["kind"] == kind {
            break event;
        }
    };
    next("queup.playlist_details");
    let before = get(&address, "/metrics");
    assert!(before.contains("text/plain; version=0.0.4"), "{before}");
    for number in 0..20 {
        let say = serde_json::json!({"do": "say", "place": "room/choir-loft", "by": "mira", "text": number.to_string()});
        post(&addresses, "/do", &say.to_string());
    }
    while next("queup.chat-message")["body"]["message"] != "19" {}
    let ledger = get(control, "/ledger?after=0");
    let said = ledger
        .lines()
        .filter(|line| line.contains("\"queup.chat-message\""))
        .count();
    assert_eq!(said, 20, "the ledger has each once");
    let after = get(&address, "/metrics");
    // Every event that was printed is counted by now, and more may have been stored since.
    let counted = value(&after, "antiphon_events_stored_total{source=\"queup\"}");
    let tail = ["tail", "--source", "queup", "--output", "json"];
    let tail = Antiphon::new(tail).within(folder.path()).run();
    let stored = u32::try_from(tail.objects().len()).expect("few");
    assert!(
        (f64::from(printed)..=f64::from(stored)).contains(&counted) && printed > 20,
        "{counted} of {printed} to {stored}"
    );
    assert!(
        after.contains("antiphon_link_connected{source=\"queup\"} 1"),
        "{after}"
    );
    assert!(
        value(&after, "antiphon_journal_bytes") > 0.0
            && value(&after, "antiphon_commit_seconds_count") > 0.0
    );
    assert!(get(&address, "/").starts_with("HTTP/1.1 404"));

    // A reload closes the endpoint, and one on a port that is taken leaves it closed.
    change(folder.path(), |text| {
        text.replace("[metrics]\nlisten = \"127.0.0.1:0\"\n", "")
    });
    daemon.signal("HUP");
    records_until(&mut daemon, "`metrics.listen` is applied");
    assert!(TcpStream::connect(&address).is_err(), "it is closed");
    change(folder.path(), |text| {
        format!("{text}\n[metrics]\nlisten = \"{control}\"\n")
    });
    daemon.signal("HUP");
    records_with(&mut daemon, "could not listen on");
    let summary = records_until(&mut daemon, "reloaded in part").pop();
    let fields = summary.expect("a record")["fields"].clone();
    assert_eq!(
        (&fields["applied"], &fields["failed"]),
        (&0.into(), &1.into())
    );
    let failed = records_until(&mut daemon, "`metrics.listen` could not be applied").pop();
    assert_eq!(failed.expect("a record")["level"], "error");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, 0);

    let refused = run(folder.path(), []).run();
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(
        refused
            .stderr
            .contains("hint: choose another address in `[metrics] listen`"),
        "{}",
        refused.stderr
    );
    change(folder.path(), |text| text.replace(control, "0.0.0.0:9464"));
    let refused = run(folder.path(), []).run();
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("or add `allow_remote = true`"),
        "{}",
        refused.stderr
    );
}

/// Rewrites the table of the dashboard.
fn dashboard(folder: &Path, keys: &str) {
    change(folder, |text| {
        let (before, _) = text.split_once("\n[dashboard]\n").unwrap_or((&text, ""));
        format!("{before}\n[dashboard]\n{keys}\n")
    });
}

#[test]
fn the_daemon_serves_the_dashboard_and_a_reload_changes_who_may_look() {
    let (_sim, folder) = simulated();
    let folder = folder.path();
    let (_kept, journal) = fixture::journal();
    change(folder, |text| text.replace("antiphon-sim.db", &journal));
    dashboard(folder, "listen = \"127.0.0.1:0\"");
    let mut daemon = run(folder, ["--log-format", "json"]).start();
    let address = logged_address(&mut daemon);

    // What the daemon alone knows comes from itself, as soon as it runs.
    binary::until("the page shows the daemon", || {
        let page = get(&address, "/");
        assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
        page.contains("runs since")
    });
    let read = get(&address, "/events/1");
    assert!(read.contains("a dead letter"), "{read}");
    // A change goes the way of every other process, and the daemon takes it up.
    let own = ["Content-Length: 0", &format!("Origin: http://{address}")];
    let asked = ask(&address, "POST /dead/1/drop", &own, "");
    assert!(asked.contains("location: /dead?done=queued"), "{asked}");
    binary::until("the letter is dropped", || {
        !get(&address, "/dead").contains("/dead/1/drop")
    });
    assert!(get(&address, "/dead").contains("/dead/2/drop"));

    // A reload changes names and login of a server that stays where it is.
    let named = || ask(&address, "GET /events", &["Host: bot.example.org"], "");
    assert!(named().starts_with("HTTP/1.1 421 "));
    std::fs::write(folder.join("login"), "mira:evensong1\n").expect("a file");
    dashboard(
        folder,
        "listen = \"127.0.0.1:0\"\nhosts = [\"bot.example.org\"]\nlogin = \"login\"",
    );
    daemon.signal("HUP");
    records_until(&mut daemon, "`dashboard.login` is applied");
    assert!(named().starts_with("HTTP/1.1 401 "), "{}", named());
    let login = [
        "Host: bot.example.org",
        "Authorization: Basic bWlyYTpldmVuc29uZzE=",
    ];
    let answer = ask(&address, "GET /events", &login, "");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    // The file of the login alone has changed, and the record says so.
    std::fs::write(folder.join("login"), "mira:magnificat\n").expect("a file");
    daemon.signal("HUP");
    let records = records_until(&mut daemon, "the secret of `dashboard.login` has changed");
    assert!(messages(&records).contains(&"reloaded"), "{records:?}");
    let answer = ask(&address, "GET /events", &login, "");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, 0);
    let left = Path::new(&journal).with_extension("db-wal");
    assert!(!left.exists(), "the last reader was gone when it closed");
}

#[test]
fn a_reload_moves_and_closes_the_dashboard_and_a_taken_port_leaves_it() {
    let (_sim, folder) = simulated();
    let folder = folder.path();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("its address");
    let mut daemon = run(folder, ["--log-format", "json"]).start();
    records_until(&mut daemon, "journaling into antiphon-sim.db");

    dashboard(folder, "listen = \"127.0.0.1:0\"");
    daemon.signal("HUP");
    let first = logged_address(&mut daemon);
    assert!(get(&first, "/events").starts_with("HTTP/1.1 200 "));
    // A live page does not keep the server that it came from.
    let mut live = TcpStream::connect(&first).expect("it listens");
    write!(live, "GET /events/live HTTP/1.1\r\nHost: {first}\r\n\r\n").expect("it reads");

    dashboard(folder, &format!("listen = \"{taken}\""));
    daemon.signal("HUP");
    let records = records_until(&mut daemon, "`dashboard.listen` could not be applied");
    let told = messages(&records).join("\n");
    let refused = format!("the dashboard: could not listen on {taken}");
    assert!(told.contains(&refused), "{told}");
    assert!(
        get(&first, "/events").starts_with("HTTP/1.1 200 "),
        "it stays"
    );

    dashboard(folder, "listen = \"[::1]:0\"");
    daemon.signal("HUP");
    let second = logged_address(&mut daemon);
    records_until(&mut daemon, "`dashboard.listen` is applied");
    assert!(get(&second, "/events").starts_with("HTTP/1.1 200 "));
    std::io::read_to_string(live).expect("it ends");
    assert!(TcpStream::connect(&first).is_err(), "it has moved");

    dashboard(folder, "");
    daemon.signal("HUP");
    records_until(&mut daemon, "`dashboard.listen` is applied");
    assert!(TcpStream::connect(&second).is_err(), "it is closed");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, 0);
}

#[test]
fn a_page_waits_no_longer_than_a_second_for_a_daemon_that_does_not_answer() {
    let (_sim, folder) = simulated();
    let mut daemon = run(folder.path(), ["--log-format", "json"]).start();
    records_until(&mut daemon, "journaling into antiphon-sim.db");
    let pages = ["dashboard", "--listen", "127.0.0.1:0", "--output", "json"];
    let mut pages = Antiphon::new(pages).within(folder.path()).start();
    let line: Value = serde_json::from_str(&pages.line().expect("a line")).expect("JSON");
    let url = line["url"].as_str().expect("a text");
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    daemon.signal("STOP");
    let page = get(address, "/");
    daemon.signal("CONT");
    assert!(
        page.contains("the daemon did not answer within 1 s"),
        "{page}"
    );
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, 0);
}

#[test]
fn a_reload_swaps_the_ports_of_metrics_and_dashboard() {
    let (_sim, folder) = simulated();
    let folder = folder.path();
    let tables = |metrics: &str, pages: &str| {
        change(folder, |text| {
            let (before, _) = text.split_once("\n[metrics]\n").unwrap_or((&text, ""));
            format!(
                "{before}\n[metrics]\nlisten = \"{metrics}\"\n[dashboard]\nlisten = \"{pages}\"\n"
            )
        });
    };
    let any = "127.0.0.1:0";
    tables(any, any);
    let mut daemon = run(folder, ["--log-format", "json"]).start();
    let (one, other) = (logged_address(&mut daemon), logged_address(&mut daemon));
    let answers = |metrics: &str, pages: &str| {
        assert!(get(metrics, "/metrics").contains("antiphon_info"));
        assert!(get(pages, "/events").starts_with("HTTP/1.1 200 "));
    };
    answers(&one, &other);
    for (metrics, pages) in [(&other, &one), (&one, &other)] {
        tables(metrics, pages);
        daemon.signal("HUP");
        records_until(&mut daemon, "`dashboard.listen` is applied");
        answers(metrics, pages);
    }
    // One follows the other to where it was.
    tables(&other, any);
    daemon.signal("HUP");
    let moved = logged_address(&mut daemon);
    records_until(&mut daemon, "`metrics.listen` is applied");
    answers(&other, &moved);

    // The other is where it was if it cannot leave, and the record does not speak of another program.
    let taken = TcpListener::bind(any).expect("a port");
    let taken = taken.local_addr().expect("its address").to_string();
    tables(&moved, &taken);
    daemon.signal("HUP");
    let records = records_until(&mut daemon, "`metrics.listen` could not be applied");
    let cause = format!("the metrics cannot move to {moved}, which the dashboard could not leave");
    assert!(messages(&records).contains(&&*cause), "{records:?}");
    answers(&other, &moved);
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, 0);
}

#[test]
fn a_dashboard_that_cannot_be_or_that_all_could_read_ends_the_daemon_before_it_runs() {
    let (_sim, folder) = simulated();
    let folder = folder.path();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("its address");
    dashboard(folder, &format!("listen = \"{taken}\""));
    let refused = run(folder, []).run();
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(
        refused
            .stderr
            .contains("the dashboard: could not listen on")
            && refused
                .stderr
                .contains("hint: choose another address in `[dashboard] listen`"),
        "{}",
        refused.stderr
    );
    dashboard(folder, "listen = \"0.0.0.0:0\"");
    for command in ["run", "check"] {
        let refused = Antiphon::new([command]).within(folder).run();
        assert_eq!(refused.code, 2, "{}", refused.whole());
        let said = "`listen` of [dashboard]: other machines can reach 0.0.0.0:0";
        assert!(refused.whole().contains(said), "{}", refused.whole());
        let hint = "or name a file with `user:password` by `login`";
        assert!(refused.whole().contains(hint), "{}", refused.whole());
    }
    std::fs::write(folder.join("login"), "canary-7f3a\n").expect("a file");
    dashboard(folder, "listen = \"0.0.0.0:0\"\nlogin = \"login\"");
    let refused = run(folder, []).run();
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("is no login") && !refused.stderr.contains("canary"),
        "{}",
        refused.stderr
    );
}
