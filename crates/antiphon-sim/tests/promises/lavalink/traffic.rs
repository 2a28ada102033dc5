//! Ambient traffic: of every kind, at its pace, and the same for the same seed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use antiphon_sim::{Options, Query, Simulator};
use serde_json::Value;

use super::{GUILD, client::Client};

const KINDS: [&str; 12] = [
    "ready",
    "stats",
    "playerUpdate",
    "TrackStartEvent",
    "TrackEndEvent",
    "TrackExceptionEvent",
    "TrackStuckEvent",
    "WebSocketClosedEvent",
    "SegmentSkipped",
    "ChapterStarted",
    "weather",
    "NodeMoodEvent",
];

/// Two minutes of traffic, heard by a client of one node.
async fn minutes(options: Options, rate: u32) -> (Simulator, Client) {
    let sim = Simulator::over_pipes(&options);
    let mut client = Client::connected(&sim, "eu-1").await;
    sim.lavalink().traffic(rate);
    tokio::time::sleep(Duration::from_secs(120)).await;
    sim.lavalink().traffic(0);
    // Playing tracks still send updates.
    sim.lavalink().node("eu-1").close(1000, "");
    client.rest().await;
    (sim, client)
}

#[tokio::test(start_paused = true)]
async fn every_kind_comes_up_and_is_heard_as_it_is_written_down() {
    let (sim, client) = minutes(Options::new().seed(1), 20).await;
    for kind in KINDS {
        let kind = format!("lavalink.{kind}");
        assert!(client.received.contains_key(&kind), "no {kind}");
    }
    assert_eq!(sim.ledger().sent_on(&client.connection), client.received);
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn the_pace_is_kept() {
    let (sim, _) = minutes(Options::new().seed(2), 50).await;
    let heard: u64 = sim.ledger().due_to("77").values().sum();
    // Timed events, such as updates every five seconds, are added.
    assert!(
        (5900..6900).contains(&heard),
        "{heard} frames in two minutes at 50 a second"
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_traffic() {
    let (one, _) = minutes(Options::new().seed(3).run(1), 20).await;
    let (two, _) = minutes(Options::new().seed(3).run(1), 20).await;
    let (other, _) = minutes(Options::new().seed(4).run(1), 20).await;
    assert_eq!(one.transcript(), two.transcript());
    assert_ne!(one.transcript(), other.transcript());
}

#[tokio::test(start_paused = true)]
async fn traffic_goes_on_while_a_client_is_away_and_leaves_its_players_alone() {
    let sim = Simulator::over_pipes(&Options::new().rate(50));
    let mut client = Client::connected(&sim, "eu-1").await;
    client.be_resumable(60).await;
    client.update(GUILD, serde_json::json!({"volume": 7})).await;
    client.leave();
    tokio::time::sleep(Duration::from_secs(3)).await;
    sim.lavalink().traffic(0);
    assert_eq!(client.resume().await["resumed"], true);
    let caught_up = client.rest().await;
    assert!(caught_up.len() > 90, "{} frames", caught_up.len());
    let own = client.get(&client.player(GUILD)).await.ok();
    assert_eq!(
        (&own["volume"], &own["track"]),
        (&7.into(), &serde_json::Value::Null)
    );
}

#[tokio::test(start_paused = true)]
async fn traffic_makes_no_event_that_a_node_cannot_make() {
    let (sim, _) = minutes(Options::new().seed(4), 50).await;
    let mut playing: BTreeMap<String, String> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for row in sim.ledger().rows(&Query::default()) {
        let body: Value = serde_json::from_str(&row.body).expect("JSON");
        let guild = body["guildId"].as_str().unwrap_or_default().to_owned();
        let kind = row.kind.trim_start_matches("lavalink.");
        let track = || {
            body["track"]["info"]["identifier"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        match kind {
            "TrackStartEvent" => assert!(playing.insert(guild, track()).is_none(), "{body}"),
            "TrackEndEvent" => assert_eq!(playing.remove(&guild), Some(track())),
            "TrackExceptionEvent" | "TrackStuckEvent" => {
                assert_eq!(playing.get(&guild), Some(&track()));
            }
            "SegmentSkipped" | "ChapterStarted" => {
                assert!(playing.contains_key(&guild), "no track plays: {body}");
            }
            _ => continue,
        }
        seen.insert(kind.to_owned());
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}
