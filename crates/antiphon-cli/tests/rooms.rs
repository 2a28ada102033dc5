//! What `antiphon run` does about rooms that do not exist.
#![cfg(unix)]

mod binary;

use tempfile::TempDir;

use binary::{Antiphon, Running};

/// A simulator, and a folder with the configuration of one of its sources, whose rooms are replaced.
fn with_rooms(source: &str, rooms: &str) -> (Running, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut sim = Antiphon::new(["sim", "--write", "antiphon.toml"])
        .within(folder.path())
        .start();
    sim.line().expect("the first line");
    let path = folder.path().join("antiphon.toml");
    let text = std::fs::read_to_string(&path).expect("it is written");
    let mut config: toml::Table = text.parse().expect("TOML");
    let sources = config["sources"].as_table_mut().expect("a table");
    sources.retain(|name, _| name == source);
    let rooms: toml::Table = format!("rooms = {rooms}").parse().expect("TOML");
    sources[source]["rooms"] = rooms["rooms"].clone();
    std::fs::write(&path, config.to_string()).expect("it is ours");
    (sim, folder)
}

#[test]
fn a_wrong_room_that_is_the_only_one_of_its_source_ends_the_daemon() {
    for (source, rooms, said) in [
        (
            "queup",
            "['nowhere']",
            "ERROR queup: no room is left: there is no room named `nowhere`\n\
             hint: check the name in the room's URL\n",
        ),
        (
            "stackexchange",
            "[999999]",
            "ERROR stackexchange: no room is left: the room does not exist, or is closed to the account\n\
             hint: check the room's number, or ask an owner of the room for access; then join it again\n",
        ),
    ] {
        let (_sim, folder) = with_rooms(source, rooms);
        let run = Antiphon::new(["run"]).within(folder.path()).run();
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.stderr.ends_with(said), "{}", run.stderr);
    }
}

#[test]
fn a_wrong_room_beside_a_good_one_is_told_and_the_daemon_goes_on() {
    for (source, rooms, said) in [
        (
            "queup",
            "['nowhere', 'choir-loft']",
            "room/nowhere: stopped (no-such-room)",
        ),
        (
            "stackexchange",
            "[999999, 4242]",
            "room/999999: stopped (not-open)",
        ),
    ] {
        let (_sim, folder) = with_rooms(source, rooms);
        let mut daemon = Antiphon::new(["run", "--print", "--output", "json"])
            .within(folder.path())
            .start();
        daemon.said_until(said);
        // It still hears: a room that is well connects after the other has stopped, or was connected before.
        let is_well = |line: &str| line.contains("\"state\":\"connected\"");
        while !is_well(&daemon.line().expect("the daemon runs")) {}
    }
}
