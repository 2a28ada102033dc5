//! Faults of sockets, requests and nodes.

use std::{io::ErrorKind, time::Duration};

use antiphon_sim::{Options, Query, RestFault, Simulator};
use http::Method;
use serde_json::{Map, Value, json};
use tokio::{io::AsyncReadExt as _, time::Instant};

use super::{GUILD, client::Client, connected, speaking};

#[tokio::test(start_paused = true)]
async fn a_killed_node_answers_nothing_and_comes_back_with_nothing() {
    let (sim, mut client) = speaking().await;
    client.be_resumable(600).await;
    let node = sim.lavalink().node("eu-1");
    node.kill(Duration::from_secs(30));
    assert_eq!(client.ended().await, None);
    let headers = client.headers();
    let refused = client.try_connect("/v4/websocket", &headers).await;
    assert!(is_refused(&refused.expect_err("a dead node")));
    let call = client.try_call(
        Method::GET,
        "/version",
        &Value::Null,
        Some(&client.password),
    );
    assert!(call.await.is_err());
    Client::connected(&sim, "us-1").await;
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(client.resume().await["resumed"], false);
    assert!(node.players().is_empty());
    let stats = client.frame().await;
    assert_eq!(stats["uptime"], 1000, "its process is a new one");
}

/// Whether an error has a refused connection among its sources.
fn is_refused(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut source = Some(error);
    while let Some(error) = source {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == ErrorKind::ConnectionRefused) {
            return true;
        }
        source = error.source();
    }
    false
}

#[tokio::test]
async fn the_port_of_a_dead_node_refuses_connections_and_opens_again() {
    let options = Options::new().seed(7);
    let sim = Simulator::listen(&options).await.expect("free ports");
    let mut client = Client::connected(&sim, "eu-1").await;
    let node = sim.lavalink().node("eu-1");
    let url: http::Uri = node.url().parse().expect("a URL");
    // A connection that waits for its first request dies with the process.
    let mut idle = sim.network().open(&url).await.expect("a connection");
    node.kill(Duration::from_secs(3600));
    assert_eq!(client.ended().await, None);
    let ended = idle.read_to_end(&mut Vec::new()).await;
    assert!(ended.is_err() || ended.is_ok_and(|read| read == 0));
    loop {
        // The door closes soon after; until then a connection is reset.
        match sim.network().open(&url).await {
            Err(error) if is_refused(&error) => break,
            _ => tokio::task::yield_now().await,
        }
    }
    Client::connected(&sim, "us-1").await;
    // Another death ends sooner.
    node.kill(Duration::from_millis(1));
    let headers = client.headers();
    while client.try_connect("/v4/websocket", &headers).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(client.frame().await["op"], "ready");
}

#[tokio::test(start_paused = true)]
async fn a_dead_node_behind_a_proxy_closes_connections_without_an_answer() {
    let (sim, mut client) = connected().await;
    let node = sim.lavalink().node("eu-1");
    node.kill_behind_proxy(Duration::from_secs(30));
    assert_eq!(client.ended().await, None);
    let headers = client.headers();
    let refused = client.try_connect("/v4/websocket", &headers).await;
    assert!(!is_refused(&refused.expect_err("a dead node")));
    tokio::time::sleep(Duration::from_secs(31)).await;
    client.connect().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_shut_down_says_so() {
    let (sim, mut client) = speaking().await;
    client.be_resumable(600).await;
    sim.lavalink()
        .node("eu-1")
        .shut_down(Duration::from_secs(5));
    assert_eq!(client.ended().await, Some(1001));
    assert!(sim.lavalink().node("eu-1").sessions().is_empty());
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(client.resume().await["resumed"], false);
}

#[tokio::test(start_paused = true)]
async fn sockets_are_cut_reset_closed_and_refused() {
    let (sim, mut client) = connected().await;
    let node = sim.lavalink().node("eu-1");
    node.cut();
    assert_eq!(client.ended().await, None);
    client.connect().await;
    node.reset();
    assert_eq!(client.ended().await, None);
    client.connect().await;
    node.close(4000, "enough");
    assert_eq!(client.ended().await, Some(4000));
    node.refuse_upgrades(1, 503);
    let headers = client.headers();
    let refused = client.try_connect("/v4/websocket", &headers).await;
    assert_eq!(refused.expect_err("refused").status(), Some(503));
    node.refuse_sockets(Duration::from_secs(2));
    assert!(client.try_connect("/v4/websocket", &headers).await.is_err());
    client.get("/version").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    client.connect().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_on_its_way_when_a_line_was_cut_is_due_and_lost() {
    let (sim, mut client) = connected().await;
    client.be_resumable(60).await;
    let node = sim.lavalink().node("eu-1");
    node.frame(r#"{"op":"weather"}"#);
    node.cut();
    client.ended().await;
    assert_eq!(client.resume().await["resumed"], true);
    assert_eq!(client.rest().await, [""; 0]);
    assert_eq!(sim.ledger().due_to("77")["lavalink.weather"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_line_delivers_late_and_in_order() {
    let (sim, mut client) = connected().await;
    let node = sim.lavalink().node("eu-1");
    node.stall(Duration::from_secs(7));
    let start = Instant::now();
    node.frame(r#"{"op":"one"}"#);
    node.frame(r#"{"op":"two"}"#);
    assert_eq!(client.names(2).await, ["one", "two"]);
    assert_eq!(start.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn frames_are_doubled_and_each_copy_is_a_frame() {
    let (sim, mut client) = connected().await;
    let node = sim.lavalink().node("eu-1");
    node.duplicate(1);
    node.frame(r#"{"op":"one"}"#);
    node.frame(r#"{"op":"two"}"#);
    assert_eq!(client.names(3).await, ["one", "one", "two"]);
    assert_eq!(sim.ledger().sent_on(&client.connection), client.received);
}

#[tokio::test(start_paused = true)]
async fn a_frame_of_a_hundred_megabytes_begins_and_the_client_may_leave() {
    let (sim, mut client) = connected().await;
    sim.lavalink().node("eu-1").oversized(100_000_000);
    client.ended().await;
    client.connect().await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_is_cut_at_the_bound_and_noted() {
    let sim = Simulator::over_pipes(&Options::new().outgoing(50));
    let mut client = Client::connected(&sim, "eu-1").await;
    let text = json!({"op": "x".repeat(4000)}).to_string();
    for _ in 0..300 {
        sim.lavalink().node("eu-1").frame(&text);
        // The connection's task runs and fills the pipe.
        tokio::task::yield_now().await;
    }
    client.ended().await;
    let notes = sim.notes();
    assert!(
        notes.len() == 1 && notes[0].text.contains("does not read"),
        "{notes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn another_password_and_another_version_are_found_at_the_door() {
    let (sim, mut client) = connected().await;
    let node = sim.lavalink().node("eu-1");
    node.change_password("hunter3");
    client.get("/version").await.empty(403);
    let headers = client.headers();
    let refused = client.try_connect("/v4/websocket", &headers).await;
    assert_eq!(refused.expect_err("refused").status(), Some(401));
    client.password = "hunter3".to_owned();
    node.other_version(true);
    let headers = client.headers();
    let refused = client.try_connect("/v4/websocket", &headers).await;
    assert_eq!(refused.expect_err("refused").status(), Some(404));
    node.other_version(false);
    client.connect().await;
}

#[tokio::test(start_paused = true)]
async fn requests_fail_as_asked_and_as_often_as_asked() {
    let (sim, client) = connected().await;
    let node = sim.lavalink().node("eu-1");
    let ask = || client.get("/v4/info");
    node.fail_rest("GET /v4/*", 2, RestFault::Status(500));
    for _ in 0..2 {
        assert_eq!(ask().await.error(500), "a fault that was asked for");
    }
    ask().await.ok();
    for status in [401, 403] {
        node.fail_rest("*", 1, RestFault::Status(status));
        ask().await.empty(status);
    }
    node.fail_rest("*", 1, RestFault::CodeInside(404));
    ask().await.empty(404);
    node.fail_rest("*", 1, RestFault::Html(502));
    let page = ask().await;
    assert!(page.status == 502 && page.text.starts_with("<html>"));
    node.fail_rest("*", 1, RestFault::NotJson);
    assert!(serde_json::from_str::<Value>(&ask().await.text).is_err());
    node.fail_rest("*", 1, RestFault::Slow(Duration::from_secs(9)));
    let start = Instant::now();
    ask().await.ok();
    assert_eq!(start.elapsed().as_secs(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_answer_is_lost_was_obeyed_all_the_same() {
    let (sim, mut client) = speaking().await;
    sim.lavalink()
        .node("eu-1")
        .fail_rest("PATCH *", 1, RestFault::Dropped);
    let body = json!({"track": {"identifier": "clef_______"}});
    let path = client.player(GUILD);
    let call = client.try_call(Method::PATCH, &path, &body, Some(&client.password));
    assert!(call.await.is_err());
    let started = ["TrackStartEvent", "playerUpdate", "playerUpdate"];
    assert_eq!(client.names(3).await, started);
}

#[tokio::test(start_paused = true)]
async fn frames_nobody_knows_come_as_they_are() {
    let (sim, mut client) = speaking().await;
    let node = sim.lavalink().node("eu-1");
    let texts = [
        r#"{"op":"dave","protocolVersion":1}"#,
        r#"{"op":"event","type":"NodeMoodEvent","mood":"content"}"#,
        r#"{"op":"event","type":"TrackStartEvent","guildId":"42"}"#,
        "{not json",
        "",
    ];
    for text in texts {
        node.frame(text);
    }
    for text in texts {
        assert_eq!(client.text().await, text);
    }
    let mut fields = Map::new();
    fields.insert("segment".into(), json!({"start": 0}));
    node.plugin_event(GUILD, "SegmentSkipped", &fields);
    let event = client.event("SegmentSkipped").await;
    assert_eq!(
        (&event["guildId"], &event["segment"]["start"]),
        (&json!("42"), &json!(0))
    );
    let rows = sim.ledger().rows(&Query::default());
    assert!(rows.iter().all(|row| row.due_to.is_some()));
}

#[tokio::test(start_paused = true)]
async fn tracks_end_in_every_way_on_demand() {
    let (sim, mut client) = speaking().await;
    let node = sim.lavalink().node("eu-1");
    for (way, expected) in [
        (0, vec!["finished"]),
        (1, vec!["TrackExceptionEvent", "loadFailed"]),
        (2, vec!["cleanup"]),
        (3, vec!["WebSocketClosedEvent", "playerUpdate"]),
    ] {
        client.play(GUILD, "clef_______").await;
        client.names(3).await;
        assert!(match way {
            0 => node.finish(GUILD),
            1 => node.break_off(GUILD, "as was asked for"),
            2 => node.clean_up(GUILD),
            _ => node.close_voice(GUILD, 4099, "", true),
        });
        assert_eq!(client.names(expected.len()).await, expected);
    }
    assert!(!node.finish(9), "there is no such player");
}
