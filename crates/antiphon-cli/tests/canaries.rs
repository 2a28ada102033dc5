//! No secret shows in anything that is written, at any level of the log, whatever happens.

#![cfg(unix)]

mod binary;

use std::{ffi::OsStr, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use binary::{Antiphon, ask, post, until};

/// Login of the dashboard.
const LOGIN: &str = "warden:canary-4c1e";

/// What was written, by what wrote it.
#[derive(Default)]
struct Written(Vec<(String, Vec<u8>)>);

impl Written {
    fn add(&mut self, by: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((by.into(), bytes.into()));
    }

    /// Adds every file of a folder but those that are there to keep a secret.
    fn add_files(&mut self, folder: &Path) {
        for file in std::fs::read_dir(folder).expect("the folder") {
            let path = file.expect("a file").path();
            let keeps = ["cookies.json", "dashboard.login"].map(OsStr::new);
            if path.is_file() && path.file_name().is_none_or(|name| !keeps.contains(&name)) {
                self.add(
                    path.display().to_string(),
                    std::fs::read(&path).expect("a file"),
                );
            }
        }
    }

    /// Holds all of it against secrets, and against what a header for a login makes of them.
    fn check(&self, secrets: &[String]) {
        for secret in secrets {
            let encoded = STANDARD.encode(secret);
            for (by, bytes) in &self.0 {
                for form in [secret, &encoded] {
                    let found = bytes
                        .windows(form.len())
                        .any(|part| part == form.as_bytes());
                    assert!(!found, "{by} shows a secret");
                }
            }
        }
    }
}

/// The secrets of a configuration, and of the login that it led to.
fn secrets(folder: &Path) -> Vec<String> {
    let mut secrets = vec![LOGIN.to_owned(), LOGIN.replace("warden:", "")];
    for file in std::fs::read_dir(folder.join("antiphon.secrets")).expect("secrets") {
        let secret = std::fs::read_to_string(file.expect("a file").path()).expect("UTF-8");
        secrets.push(secret.trim().to_owned());
    }
    let cookies = std::fs::read(folder.join("cookies.json")).expect("the login is kept");
    let cookies: Value = serde_json::from_slice(&cookies).expect("JSON");
    for cookie in cookies["cookies"].as_array().expect("cookies") {
        secrets.push(cookie["value"].as_str().expect("a text").to_owned());
    }
    // A shorter one could be anywhere by chance.
    assert!(secrets.len() > 8 && secrets.iter().all(|secret| secret.len() >= 8));
    secrets
}

#[test]
fn no_secret_of_any_platform_shows_in_anything_that_is_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let arguments = [
        "sim",
        "--seed",
        "7",
        "--rate",
        "50",
        "--write",
        "antiphon.toml",
    ];
    let mut sim = Antiphon::new(arguments).within(folder).start();
    let line = sim.line().expect("the first line");
    let addresses: Value = serde_json::from_str(&line).expect("one JSON object");
    std::fs::write(folder.join("dashboard.login"), LOGIN).expect("a file");
    let configuration = folder.join("antiphon.toml");
    let toml = std::fs::read_to_string(&configuration).expect("it was written");
    let chat = "platform = \"stackexchange\"\n";
    let mut toml = toml.replace(chat, &format!("{chat}cookie_file = \"cookies.json\"\n"));
    toml.push_str("\n[metrics]\nlisten = \"127.0.0.1:0\"\n[dashboard]\nlisten = \"127.0.0.1:0\"\nlogin = \"dashboard.login\"\n");
    std::fs::write(&configuration, toml).expect("a file");

    let command = |arguments: &[&str]| {
        let command = Antiphon::new(arguments.iter().copied());
        command.within(folder).with("RUST_LOG", "trace").run()
    };
    let status = || {
        let status = command(&["status", "--output", "json"]);
        status.objects().pop().unwrap_or_default()
    };
    let are_connected = || {
        let status = status();
        let sources = status["daemon"]["app"]["sources"].as_array();
        sources.is_some_and(|all| {
            all.len() == 4 && all.iter().all(|one| one["link"]["state"] == "connected")
        })
    };
    let mut written = Written::default();
    for arguments in [&["check"][..], &["doctor"]] {
        written.add(arguments[0], command(arguments).whole());
    }
    // Once with each form of the log, ended by a kill and in good order.
    for (form, end) in [("text", "KILL"), ("json", "TERM")] {
        let log = folder.join(form);
        let line = format!(
            "exec {} run --print --output json --log-format {form} >{form}.events 2>{form}",
            env!("CARGO_BIN_EXE_antiphon")
        );
        let daemon = Antiphon::shell(&line)
            .within(folder)
            .with("RUST_LOG", "trace")
            .start();
        until("all sources are connected", are_connected);
        for platform in ["discord", "lavalink", "queup", "stackexchange"] {
            post(
                &addresses,
                "/do",
                &json!({"platform": platform, "do": "cut"}).to_string(),
            );
        }
        until("all sources are connected again", are_connected);
        let log = std::fs::read_to_string(log).expect("a log");
        assert!(
            log.to_uppercase().contains("TRACE"),
            "the log has every level"
        );
        let address = |of: &str| {
            let (_, rest) = log
                .split_once(&format!("{of} http://"))
                .expect("it is logged");
            rest.split('/').next().expect("an address").to_owned()
        };
        let (metrics, dashboard) = (address("metrics are at"), address("the dashboard is at"));
        let pages = [
            "/", "/events", "/places", "/dead", "/storage", "/latency", "/players",
        ];
        let pages = pages.map(|path| (&dashboard, path));
        for (address, path) in pages.into_iter().chain([(&metrics, "/metrics")]) {
            let login = format!("Authorization: Basic {}", STANDARD.encode(LOGIN));
            let answer = ask(address, &format!("GET {path}"), &[&login], "");
            assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
            written.add(path, answer);
        }
        written.add("status", status().to_string());
        daemon.signal(end);
        until("the daemon has ended", || status()["daemon"].is_null());
    }
    for arguments in [
        &["status"][..],
        &["tail", "--output", "json"],
        &["dead", "list"],
        &["export", "--output", "json"],
    ] {
        written.add(arguments[0], command(arguments).whole());
    }
    written.add_files(folder);
    written.check(&secrets(folder));
}
