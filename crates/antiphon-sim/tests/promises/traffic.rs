//! Ambient traffic: of every kind, at its pace, and the same for the same seed.

use std::{collections::BTreeMap, time::Duration};

use antiphon_sim::{Options, Query, Simulator};

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
