//! Sockets: admission and frames (protocol §1, §2).

use std::time::Duration;

use antiphon_sim::{Query, Simulator};
use serde_json::json;
use tokio::time::Instant;

use super::{GUILD, client::Client, connected, speaking};

#[tokio::test(start_paused = true)]
async fn a_new_session_begins_with_ready_and_stats_that_come_every_minute() {
    let (_sim, mut client) = connected().await;
    assert_eq!(client.session.len(), 16);
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    assert!(client.session.bytes().all(is_plain));
    let start = Instant::now();
    for minute in 1..=3 {
        let stats = client.frame().await;
        assert_eq!(
            (&stats["op"], start.elapsed().as_secs()),
            (&json!("stats"), minute * 60)
        );
        assert!(stats["frameStats"].is_null() && stats.get("frameStats").is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn frames_have_the_fields_of_the_sheet_and_their_op_first() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::of(&sim, "us-1");
    let headers = client.headers();
    client
        .try_connect("/v4/websocket", &headers)
        .await
        .expect("a socket");
    let ready = client.text().await;
    assert!(
        ready.starts_with(r#"{"op":"ready","resumed":false,"sessionId":""#),
        "{ready}"
    );
    let stats = client.text().await;
    assert!(
        stats.starts_with(r#"{"op":"stats","players":0,"playingPlayers":0,"uptime":"#),
        "{stats}"
    );
    assert!(stats.ends_with(r#","frameStats":null}"#), "{stats}");
}

#[tokio::test(start_paused = true)]
async fn who_has_no_password_or_no_user_gets_no_socket() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::of(&sim, "eu-1");
    let good = client.headers();
    let without = |name: &str| {
        let headers = good.iter().filter(|(other, _)| *other != name);
        headers.cloned().collect::<Vec<_>>()
    };
    let with = |name: &'static str, value: &str| {
        let mut headers = without(name);
        headers.push((name, value.to_owned()));
        headers
    };
    for (headers, status) in [
        (without("authorization"), 401),
        (with("authorization", "wrong"), 401),
        (without("user-id"), 400),
        (with("user-id", "0"), 400),
    ] {
        let refused = client.try_connect("/v4/websocket", &headers).await;
        assert_eq!(refused.expect_err("refused").status(), Some(status));
    }
    let refused = client.try_connect("/", &good).await;
    assert_eq!(
        refused.expect_err("another version's path").status(),
        Some(404)
    );
    let nonsense = with("user-id", "me");
    client
        .try_connect("/v4/websocket", &nonsense)
        .await
        .expect("it is closed later");
    assert_eq!(client.ended().await, Some(1011));
    assert!(sim.lavalink().node("eu-1").sessions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_client_says_is_noted_and_changes_nothing() {
    let (sim, mut client) = connected().await;
    client.say(r#"{"op":"play"}"#).await;
    sim.lavalink().node("eu-1").frame(r#"{"op":"weather"}"#);
    assert_eq!(client.names(1).await, ["weather"]);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(sim.notes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_frame_is_in_the_ledger_with_its_place_and_number() {
    let (sim, mut client) = speaking().await;
    client.play(GUILD, "second_____").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    sim.lavalink().node("eu-1").frame("{not json");
    client.rest().await;
    assert_eq!(sim.ledger().sent_on(&client.connection), client.received);
    assert_eq!(sim.ledger().due_to("77"), client.received);
    let rows = sim.ledger().rows(&Query::default());
    let numbers: Vec<_> = rows.iter().filter_map(|row| row.frame).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let start = rows
        .iter()
        .find(|row| &*row.kind == "lavalink.TrackStartEvent");
    assert_eq!(&*start.expect("a row").place, "node/eu-1/player/42");
    let odd = rows.last().expect("a row");
    assert_eq!((&*odd.kind, &*odd.place), ("lavalink.frame", "node/eu-1"));
}

#[tokio::test(start_paused = true)]
async fn stats_count_the_whole_node_and_have_frames_after_a_full_minute() {
    let (sim, client) = speaking().await;
    let mut other = Client::connected(&sim, "eu-1").await;
    other.update(7, json!({"paused": true})).await;
    client.play(GUILD, "https://radio.example/choir.mp3").await;
    let node = sim.lavalink().node("eu-1");
    node.set_loads(0.5, 7.0);
    tokio::time::sleep(Duration::from_secs(59)).await;
    other.rest().await;
    node.tell_stats();
    let stats = other.frame().await;
    assert_eq!(
        (&stats["players"], &stats["playingPlayers"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        stats["cpu"],
        json!({"cores": 4, "systemLoad": 0.5, "lavalinkLoad": 1.0})
    );
    tokio::time::sleep(Duration::from_secs(2)).await;
    node.set_frames(20, -10);
    other.rest().await;
    node.tell_stats();
    let frames = other.frame().await["frameStats"].take();
    assert_eq!(frames, json!({"sent": 2990, "nulled": 20, "deficit": -10}));
    let asked = other.get("/v4/stats").await.ok();
    assert!(asked.get("frameStats").is_none() && asked.get("op").is_none());
}
