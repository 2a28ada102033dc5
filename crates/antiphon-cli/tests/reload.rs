//! Reloads of the daemon's sources, over real sockets.
#![cfg(unix)]

mod binary;

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use binary::{Antiphon, Running, post};

/// A simulator, a folder with a configuration of its accounts, and a daemon.
struct Stage {
    folder: TempDir,
    addresses: Value,
    daemon: Running,
    _sim: Running,
}

impl Stage {
    /// With these of the simulated sources; each secret is a file.
    fn new(sources: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let arguments = ["sim", "--seed", "7", "--write", "antiphon.toml"];
        let mut sim = Antiphon::new(arguments).within(folder.path()).start();
        let addresses = serde_json::from_str(&sim.line().expect("a line")).expect("JSON");
        std::fs::copy(
            folder.path().join("antiphon.toml"),
            folder.path().join("whole.toml"),
        )
        .expect("it is written");
        write(folder.path(), sources, |_| {});
        let daemon = Antiphon::new(["run", "--log-format", "json", "--print", "--output", "json"])
            .within(folder.path())
            .start();
        let mut stage = Self {
            folder,
            addresses,
            daemon,
            _sim: sim,
        };
        stage.record(|record| message(record).starts_with("journaling into"));
        stage
    }

    /// Rewrites the configuration with these sources, changed, and reloads.
    fn reload(&mut self, sources: &[&str], change: impl FnOnce(&mut toml::Table)) -> Value {
        write(self.folder.path(), sources, change);
        self.hangup()
    }

    /// Reloads; gives the record that sums it up.
    fn hangup(&mut self) -> Value {
        self.daemon.signal("HUP");
        self.record(|record| message(record).starts_with("reloaded"))
    }

    /// Waits for a record of the log.
    fn record(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.daemon.said().expect("the daemon runs");
            let record: Value =
                serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            assert!(!line.contains("canary"), "{line}");
            if is_it(&record) {
                return record;
            }
        }
    }

    /// Waits for an event.
    fn event(&mut self, mut is_it: impl FnMut(&Value) -> bool) -> Value {
        loop {
            let line = self.daemon.line().expect("the daemon runs");
            let event: Value = serde_json::from_str(&line).expect("one JSON object a line");
            if is_it(&event) {
                return event;
            }
        }
    }

    fn connected(&mut self, source: &str) {
        self.event(|event| {
            event["kind"] == "antiphon.link"
                && event["source"] == source
                && event["place"] == ""
                && event["body"]["state"] == "connected"
        });
    }

    fn tell(&self, command: &Value) {
        post(&self.addresses, "/do", &command.to_string());
    }

    /// The names and states of the sources, as `antiphon status` has them.
    fn status(&self) -> Vec<(String, String)> {
        // The configuration may have a mistake.
        let status = ["status", "--journal", "antiphon-sim.db", "--output", "json"];
        let status = Antiphon::new(status).within(self.folder.path());
        let status = status.run().objects().remove(0);
        let sources = status["daemon"]["app"]["sources"].as_array().cloned();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        sources
            .expect("a list")
            .iter()
            .map(|source| (text(&source["name"]), text(&source["link"]["state"])))
            .collect()
    }

    fn end(self) {
        self.daemon.signal("TERM");
        let run = self.daemon.end();
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
}

fn message(record: &Value) -> &str {
    record["message"].as_str().expect("a text")
}

/// Sets a key of a source.
fn set(sources: &mut toml::Table, source: &str, key: &str, value: toml::Value) {
    let table = sources[source].as_table_mut().expect("a table");
    table.insert(key.to_owned(), value);
}

/// Writes a configuration with these of the simulated sources.
fn write(folder: &Path, sources: &[&str], change: impl FnOnce(&mut toml::Table)) {
    let text = std::fs::read_to_string(folder.join("whole.toml")).expect("it is there");
    let mut config: toml::Table = text.parse().expect("TOML");
    let all = config["sources"].as_table_mut().expect("a table");
    all.retain(|name, _| sources.contains(&name));
    change(all);
    std::fs::write(folder.join("antiphon.toml"), config.to_string()).expect("it is ours");
}

#[test]
fn a_reload_starts_replaces_and_stops_sources_and_loses_nothing_between() {
    let mut stage = Stage::new(&["queup"]);
    stage.connected("queup");
    let say = |stage: &Stage, text: &str| {
        let say = json!({"do": "say", "platform": "stackexchange", "by": "mira", "text": text});
        stage.tell(&say);
    };
    let summary = stage.reload(&["queup", "stackexchange"], |_| {});
    assert_eq!(summary["message"], "reloaded");
    assert_eq!(summary["fields"]["started"], "stackexchange");
    stage.connected("stackexchange");
    say(&stage, "one");
    let heard = |text: &'static str| {
        move |event: &Value| {
            event["kind"] == "stackexchange.MessagePosted" && event["body"]["content"] == text
        }
    };
    stage.event(heard("one"));

    // Any change of its table replaces it; what is said meanwhile is heard.
    write(stage.folder.path(), &["queup", "stackexchange"], |all| {
        set(all, "stackexchange", "user_agent", "choirbot/1".into());
    });
    stage.daemon.signal("HUP");
    say(&stage, "two");
    let summary = stage.record(|record| message(record).starts_with("reloaded"));
    assert_eq!(summary["fields"]["replaced"], "stackexchange");
    assert_eq!(summary["fields"]["applied"], 1);
    stage.record(|record| message(record) == "`sources.stackexchange.user_agent` is applied");
    stage.event(heard("two"));
    say(&stage, "three");
    stage.event(heard("three"));
    let summary = stage.hangup();
    assert_eq!(summary["message"], "reloaded; nothing has changed");

    let summary = stage.reload(&["stackexchange"], |all| {
        set(all, "stackexchange", "user_agent", "choirbot/1".into());
    });
    assert_eq!(summary["fields"]["stopped"], "queup");
    assert_eq!(
        stage.status(),
        [("stackexchange".to_owned(), "connected".to_owned())]
    );
    say(&stage, "four");
    stage.event(heard("four"));
    stage.end();
}

#[test]
fn a_secret_that_has_changed_on_disk_replaces_its_source_and_is_not_shown() {
    let mut stage = Stage::new(&["discord", "queup"]);
    stage.connected("queup");
    let secret = stage.folder.path().join("antiphon.secrets/queup-password");
    let right = std::fs::read_to_string(&secret).expect("it is there");
    std::fs::write(&secret, "canary-7f3a").expect("it is ours");
    let summary = stage.hangup();
    assert_eq!(summary["fields"]["replaced"], "queup");
    stage.record(|record| message(record) == "the secret of `sources.queup.password` has changed");

    // The daemon goes on without it, and says why.
    let refused = stage.record(|record| record["source"] == "queup" && record["level"] == "error");
    assert!(
        message(&refused).contains("QueUp refused the login"),
        "{refused}"
    );
    assert_eq!(
        refused["hint"],
        "check the account's e-mail address and password"
    );
    let states = stage.status();
    assert!(
        states.contains(&("queup".to_owned(), "stopped".to_owned())),
        "{states:?}"
    );

    // Each reload tries again, whether or not anything has changed.
    let summary = stage.hangup();
    assert_eq!(summary["fields"]["replaced"], "queup");
    stage.record(|record| record["source"] == "queup" && record["level"] == "error");
    std::fs::write(&secret, right).expect("it is ours");
    stage.hangup();
    stage.record(|record| record["source"] == "queup" && record["fields"]["link"] == "connected");
    let summary = stage.hangup();
    assert_eq!(summary["message"], "reloaded; nothing has changed");
    stage.end();
}

#[test]
fn a_reload_with_a_mistake_changes_nothing_at_all() {
    let mut stage = Stage::new(&["queup", "stackexchange"]);
    stage.connected("queup");
    stage.connected("stackexchange");
    let wrong: [fn(&mut toml::Table); 3] = [
        |all| set(all, "queup", "roms", toml::Value::Array(Vec::new())),
        |all| all["queup"]["password"]["file"] = "not there".into(),
        // A file without a source.
        |all| all.clear(),
    ];
    for change in wrong {
        // What is right in it is not applied either.
        write(stage.folder.path(), &["queup"], change);
        stage.daemon.signal("HUP");
        let refused = "the configuration was not reloaded, and nothing has changed";
        let record = stage.record(|record| message(record) == refused);
        assert_eq!(record["level"], "error");
        assert_eq!(stage.status().len(), 2);
    }
    let summary = stage.reload(&["queup", "stackexchange"], |_| {});
    assert_eq!(summary["message"], "reloaded; nothing has changed");
    stage.end();
}

/// Whether an event is the link of a place in this state.
fn is_link<'a>(source: &'a str, place: &'a str, state: &'a str) -> impl Fn(&Value) -> bool + 'a {
    move |event| {
        event["kind"] == "antiphon.link"
            && event["source"] == source
            && event["place"] == place
            && event["body"]["state"] == state
    }
}

#[test]
fn a_room_that_a_reload_takes_out_is_left_and_is_joined_again_once_it_is_back() {
    let all = ["queup", "stackexchange"];
    let mut stage = Stage::new(&all);
    let both = |sources: &mut toml::Table| {
        for (source, room) in [
            ("queup", toml::Value::from("night-radio")),
            ("stackexchange", toml::Value::from(17)),
        ] {
            let rooms = sources[source]["rooms"].as_array_mut();
            rooms.expect("a list").push(room);
        }
    };
    let sing = |stage: &Stage, text: &str| {
        let place = "room/night-radio";
        stage.tell(
            &json!({"do": "say", "platform": "queup", "place": place, "by": "mira", "text": text}),
        );
    };
    let say = |stage: &Stage, room: i64, text: &str| {
        let platform = "stackexchange";
        stage.tell(
            &json!({"do": "say", "platform": platform, "room": room, "by": "mira", "text": text}),
        );
    };
    let heard = |text: &'static str| {
        move |event: &Value| event["body"]["message"] == text || event["body"]["content"] == text
    };
    stage.connected("stackexchange");
    stage.reload(&all, both);
    let (mut night, mut connected) = (None, false);
    stage.event(|event| {
        connected |= is_link("stackexchange", "", "connected")(event);
        if event["kind"] == "queup.room" && event["body"]["roomUrl"] == "night-radio" {
            night = event["place"].as_str().map(str::to_owned);
        }
        connected && night.is_some()
    });
    let night = night.expect("a place");
    say(&stage, 17, "one");
    stage.event(heard("one"));

    let summary = stage.reload(&all, |_| {});
    assert_eq!(summary["message"], "reloaded");
    stage.record(|record| message(record) == "`sources.queup.rooms` is applied");
    let (mut queup, mut chat, mut connected) = (false, false, false);
    stage.event(|event| {
        queup |= is_link("queup", &night, "closed")(event);
        chat |= is_link("stackexchange", "room/17", "closed")(event);
        connected |= is_link("stackexchange", "", "connected")(event);
        queup && chat && connected
    });
    sing(&stage, "two");
    say(&stage, 17, "two");
    // Neither ends the daemon, and the other rooms are still heard.
    say(&stage, 4242, "three");
    stage.event(|event| {
        assert!(!heard("two")(event), "{event}");
        heard("three")(event)
    });

    stage.reload(&all, both);
    let (mut queup, mut chat) = (false, false);
    stage.event(|event| {
        queup |= is_link("queup", &night, "connected")(event);
        chat |= is_link("stackexchange", "room/17", "connected")(event);
        queup && chat
    });
    sing(&stage, "four");
    stage.event(heard("four"));
    say(&stage, 17, "five");
    stage.event(heard("five"));
    stage.end();
}

#[test]
fn a_wrong_room_of_a_reload_is_told_and_the_daemon_goes_on() {
    let mut stage = Stage::new(&["queup", "stackexchange"]);
    stage.connected("queup");
    stage.connected("stackexchange");
    let all = ["queup", "stackexchange"];
    let room = |room: &str| toml::Value::Array(vec![room.into()]);
    stage.reload(&all, |all| all["queup"]["rooms"] = room("nowhere"));
    let record = stage.record(|record| message(record).contains("no room is left"));
    assert_eq!(record["level"], "error");
    assert_eq!(record["hint"], "check the name in the room's URL");
    let summary = stage.reload(&all, |_| {});
    assert_eq!(summary["fields"]["replaced"], "queup");
    let say = json!({"do": "say", "place": "room/choir-loft", "by": "mira", "text": "amen"});
    // The reload with the wrong room has left it.
    stage.event(|event| event["body"]["state"] == "closed" && event["source"] == "queup");
    stage.event(|event| event["kind"] == "queup.playlist_details");
    stage.tell(&say);
    stage.event(|event| event["body"]["message"] == "amen");
    stage.end();
}
