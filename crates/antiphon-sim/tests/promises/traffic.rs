//! Ambient traffic: of every kind, at its pace, and the same for the same seed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use antiphon_sim::{Options, Query, Simulator, WorldFile};
use serde_json::Value;

use crate::client::Client;

/// Every event of the protocol page (§6), presence, and one that nobody knows.
const KINDS: [&str; 36] = [
    "chat-message",
    "chat-skip",
    "delete-chat-message",
    "delete-chat-message-global",
    "room_playlist-dub",
    "room_playlist-queue-update-grabs",
    "room_playlist-queue-update-dub",
    "room_playlist-queue-update",
    "room_playlist-update",
    "room_playlist-queue-reorder",
    "room_playlist-queue-remove-user-song",
    "room_playlist-queue-remove-user",
    "room-update",
    "room-lock-queue",
    "room-slow-mode",
    "room-allow-guest-chat",
    "room-allow-guest-embed",
    "user-join",
    "user-leave",
    "user-kick",
    "user-ban",
    "user-unban",
    "user-mute",
    "user-unmute",
    "user-setrole",
    "user-unsetrole",
    "user_update",
    "user-update",
    "user-pause-queue",
    "user-pause-queue-mod",
    "new-message",
    "comment-add",
    "comment-remove",
    "comment-update",
    "presence_change",
    "room-confetti",
];

/// People who are in `choir-loft` at the beginning.
const RESIDENTS: [&str; 24] = [
    "mira", "teo", "iris", "otto", "lena", "bram", "suki", "jonas", "noor", "pablo", "greta",
    "kofi", "anouk", "dmitri", "hana", "silas", "wren", "mateo", "ingrid", "tariq", "odette",
    "finn", "yara", "casper",
];

/// A minute of traffic, heard by the bot.
async fn minute(options: Options, rate: u32) -> (Simulator, Client) {
    let sim = Simulator::over_pipes(&options);
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    client
        .attach(&format!("user:{}", sim.queup().account().id))
        .await;
    sim.queup().traffic(rate);
    tokio::time::sleep(Duration::from_secs(60)).await;
    sim.queup().traffic(0);
    client.drain().await;
    (sim, client)
}

#[tokio::test(start_paused = true)]
async fn every_kind_comes_up_and_is_heard_as_it_is_written_down() {
    let (sim, client) = minute(Options::new().seed(1), 20).await;
    for kind in KINDS {
        assert!(
            client.received.contains_key(&format!("queup.{kind}")),
            "no {kind}"
        );
    }
    assert_eq!(sim.ledger().sent_on(&client.connection), client.received);
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn the_pace_is_kept() {
    let (sim, _) = minute(Options::new().seed(2), 50).await;
    let heard: u64 = sim
        .ledger()
        .due_to(&sim.queup().account().id)
        .values()
        .sum();
    // Timed events, such as the end of a song, are added.
    assert!(
        (2900..3200).contains(&heard),
        "{heard} events in a minute at 50 a second"
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_traffic() {
    let (one, _) = minute(Options::new().seed(3).run(1), 20).await;
    let (two, _) = minute(Options::new().seed(3).run(1), 20).await;
    let (other, _) = minute(Options::new().seed(4).run(1), 20).await;
    assert_eq!(one.transcript(), two.transcript());
    assert_ne!(one.transcript(), other.transcript());
}

#[tokio::test(start_paused = true)]
async fn traffic_goes_on_while_the_line_is_cut() {
    let sim = Simulator::over_pipes(&Options::new().rate(50));
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    sim.queup().cut_connections();
    client.ended().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let missed: BTreeMap<bool, usize> =
        sim.ledger()
            .rows(&Query::default())
            .iter()
            .fold(BTreeMap::new(), |mut counts, row| {
                *counts.entry(row.connection.is_none()).or_default() += 1;
                counts
            });
    assert!(missed[&true] > 90, "{missed:?}");
}

#[tokio::test(start_paused = true)]
async fn traffic_leaves_the_accounts_of_clients_alone() {
    let (sim, mut client) = minute(Options::new().seed(5), 100).await;
    let room = sim.queup().room("choir-loft");
    assert!(room.has("antiphon"));
    let answer = client
        .post(&format!("/chat/{}", room.id()), "message=still+here")
        .await;
    answer.data();
}

#[tokio::test(start_paused = true)]
async fn traffic_makes_no_event_that_queup_cannot_make() {
    let (sim, _) = minute(Options::new().seed(6).outgoing(1 << 20), 100).await;
    let id = |name: &str| sim.queup().user(name);
    let mut present: BTreeSet<String> = RESIDENTS.iter().map(|name| id(name)).collect();
    let staff = ["mira", "teo", "iris"].map(id);
    let mut playing: Option<(String, String)> = None;
    let mut kinds = BTreeSet::new();
    for row in sim.ledger().rows(&Query::default()) {
        let body: Value = serde_json::from_str(&row.body).expect("JSON");
        let kind = row.kind.trim_start_matches("queup.").to_owned();
        let user = body["user"]["_id"].as_str().unwrap_or_default().to_owned();
        let is_staff = staff.contains(&user);
        match &*kind {
            "user-join" => assert!(present.insert(user), "{body} was there"),
            "user-leave" => assert!(present.remove(&user), "{body} was not there"),
            "chat-message" | "room_playlist-queue-update-grabs" => {
                assert!(present.contains(&user), "{body}");
            }
            "room_playlist-update" => {
                let song = &body["song"];
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                playing = Some((text(&song["_id"]), text(&song["userid"])));
            }
            "room_playlist-dub" => {
                let (item, dj) = playing.as_ref().expect("a song plays");
                assert_eq!(body["playlist"]["_id"], **item);
                assert!(user != *dj && present.contains(&user), "{body}");
            }
            "user-setrole" | "user-unsetrole" => assert!(is_staff && user != staff[2], "{body}"),
            "user-kick"
            | "user-ban"
            | "user-mute"
            | "delete-chat-message"
            | "room-lock-queue"
            | "room_playlist-queue-reorder"
            | "room_playlist-queue-remove-user"
            | "room_playlist-queue-remove-user-song" => assert!(is_staff, "{body}"),
            _ => {}
        }
        kinds.insert(kind);
    }
    for kind in [
        "room_playlist-dub",
        "user-setrole",
        "room_playlist-queue-remove-user",
    ] {
        assert!(kinds.contains(kind), "no {kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_moderates_a_room_without_staff() {
    let world = r#"
        inherit = false
        [queup]
        [[queup.rooms]]
        slug = "choir-loft"
        owner = "ada"
        people = [{ name = "ada", present = false }, { name = "hal" }, { name = "vera" }]
        [[queup.songs]]
        name = "Slow Tide"
        length = 60000
    "#;
    let world = WorldFile::from_toml(world).expect("a world");
    let (sim, client) = minute(Options::new().seed(1).world(world), 20).await;
    assert!(client.received.contains_key("queup.chat-message"));
    for kind in ["user-kick", "user-ban", "room-lock-queue", "user-setrole"] {
        assert!(
            !client.received.contains_key(&format!("queup.{kind}")),
            "{kind}"
        );
    }
    let speakers: BTreeSet<String> = sim
        .ledger()
        .rows(&Query::default())
        .iter()
        .filter(|row| &*row.kind == "queup.chat-message")
        .map(|row| {
            let body: Value = serde_json::from_str(&row.body).expect("JSON");
            body["user"]["username"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    assert_eq!(
        speakers,
        BTreeSet::from(["hal".to_owned(), "vera".to_owned()])
    );
}
