//! Sessions: resuming, and the backlog (protocol §8).

use std::time::Duration;

use antiphon_sim::{Options, Query, Simulator};
use http::Method;
use serde_json::{Value, json};

use super::{GUILD, client::Client, connected, speaking};

#[tokio::test(start_paused = true)]
async fn a_resumed_session_gets_what_it_missed_in_order_and_then_its_players() {
    let (sim, mut client) = speaking().await;
    client.be_resumable(60).await;
    client.play(GUILD, "second_____").await;
    assert_eq!(client.names(2).await, ["TrackStartEvent", "playerUpdate"]);
    let session = client.session.clone();
    sim.lavalink().node("eu-1").cut();
    tokio::time::sleep(Duration::from_secs(2)).await;
    sim.lavalink().node("eu-1").frame(r#"{"op":"weather"}"#);

    let ready = client.resume().await;
    assert_eq!(
        (&ready["resumed"], client.session == session),
        (&json!(true), true)
    );
    assert_eq!(
        client.names(3).await,
        ["finished", "weather", "playerUpdate"]
    );
    assert_eq!(sim.ledger().sent_on(&client.connection), client.received);
    let rows = sim.ledger().rows(&Query {
        due_to: Some("77".into()),
        ..Query::default()
    });
    let finished = rows.iter().filter(|row| row.body.contains("finished"));
    let sent: Vec<_> = finished
        .map(|row| (row.connection.as_deref(), row.frame))
        .collect();
    assert_eq!(
        sent,
        [(Some(client.connection.as_str()), Some(2))],
        "one row, sent after all"
    );
}

#[tokio::test(start_paused = true)]
async fn stats_are_kept_for_a_client_that_is_away_and_updates_are_not() {
    let (sim, mut client) = speaking().await;
    client.be_resumable(300).await;
    client.play(GUILD, "https://radio.example/choir.mp3").await;
    client.rest().await;
    client.leave();
    tokio::time::sleep(Duration::from_secs(100)).await;
    let due_before = sim.ledger().due_to("77");
    client.resume().await;
    assert_eq!(client.rest().await, ["stats", "playerUpdate"]);
    assert_eq!(
        due_before["lavalink.stats"], 2,
        "it was due while it waited"
    );
}

#[tokio::test(start_paused = true)]
async fn while_it_waits_a_session_is_not_found() {
    let (sim, mut client) = speaking().await;
    client.be_resumable(60).await;
    client.leave();
    tokio::time::sleep(Duration::from_millis(10)).await;
    for (method, path, body) in [
        (
            Method::GET,
            format!("/v4/sessions/{}/players", client.session),
            Value::Null,
        ),
        (Method::PATCH, client.player(GUILD), json!({"paused": true})),
        (Method::DELETE, client.player(GUILD), Value::Null),
        (
            Method::PATCH,
            format!("/v4/sessions/{}", client.session),
            json!({"resuming": true}),
        ),
    ] {
        assert_eq!(
            client.call(method, &path, &body).await.error(404),
            "Session not found"
        );
    }
    assert_eq!(sim.notes(), []);
    client.resume().await;
    assert_eq!(
        client.get(&client.player(GUILD)).await.ok()["state"]["connected"],
        true
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_that_may_not_be_resumed_ends_with_its_socket() {
    let (sim, mut client) = speaking().await;
    let session = client.session.clone();
    client.leave();
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(sim.lavalink().players().is_empty());
    let ready = client.resume().await;
    assert_eq!(ready["resumed"], false);
    assert_ne!(client.session, session);
}

#[tokio::test(start_paused = true)]
async fn a_session_runs_out_and_what_waited_is_due_and_never_sent() {
    let (sim, mut client) = speaking().await;
    client.be_resumable(10).await;
    client.play(GUILD, "second_____").await;
    client.names(2).await;
    client.leave();
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(sim.lavalink().node("eu-1").sessions().is_empty());
    let ready = client.resume().await;
    assert_eq!(ready["resumed"], false);
    let rows = sim.ledger().rows(&Query::default());
    let ends: Vec<_> = rows
        .iter()
        .filter(|row| row.body.contains("finished"))
        .collect();
    assert_eq!(ends.len(), 1);
    assert_eq!(
        (ends[0].due_to.as_deref(), ends[0].connection.is_none()),
        (Some("77"), true)
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_absence_has_the_whole_time_again() {
    let (sim, mut client) = speaking().await;
    client.be_resumable(10).await;
    for _ in 0..3 {
        client.leave();
        tokio::time::sleep(Duration::from_secs(8)).await;
        assert_eq!(client.resume().await["resumed"], true);
    }
    assert_eq!(sim.lavalink().players().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dead_line_keeps_its_session_from_being_resumed_until_the_node_notices() {
    let sim = Simulator::over_pipes(&Options::new().notices_after(30_000));
    let mut client = Client::connected(&sim, "eu-1").await;
    client.be_resumable(60).await;
    client.speak(GUILD).await;
    let old = client.session.clone();
    sim.lavalink().node("eu-1").half_open();
    let ready = client.resume().await;
    assert_eq!(ready["resumed"], false, "the old id is still live");
    let sessions = || sim.lavalink().node("eu-1").sessions();
    assert_eq!(sessions().len(), 2);
    sim.lavalink().node("eu-1").frame(r#"{"op":"weather"}"#);
    let due = sim.ledger().due_to("77")["lavalink.weather"];
    assert_eq!(due, 1, "only the newest session counts");
    tokio::time::sleep(Duration::from_secs(91)).await;
    assert!(sessions().iter().all(|session| session.id != old));
}

#[tokio::test(start_paused = true)]
async fn more_than_the_bound_does_not_wait_for_a_client() {
    let sim = Simulator::over_pipes(&Options::new().backlog(3));
    let mut client = Client::connected(&sim, "eu-1").await;
    client.be_resumable(60).await;
    client.leave();
    tokio::time::sleep(Duration::from_millis(10)).await;
    for number in 0..5 {
        let text = json!({"op": format!("weather-{number}")}).to_string();
        sim.lavalink().node("eu-1").frame(&text);
    }
    client.resume().await;
    assert_eq!(client.rest().await, ["weather-2", "weather-3", "weather-4"]);
    assert_eq!(sim.notes().len(), 2);
    assert_eq!(sim.ledger().due_to("77").len(), 2 + 5);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_changed_field_by_field() {
    let (sim, client) = connected().await;
    let path = format!("/v4/sessions/{}", client.session);
    let changed = client.patch(&path, &json!({"timeout": 5})).await.ok();
    assert_eq!(changed, json!({"resuming": false, "timeout": 5}));
    let wrong = client.patch(&path, &json!({"timeout": "soon"})).await;
    wrong.error(400);
    let never = client
        .patch("/v4/sessions/0123456789abcdef", &json!({}))
        .await;
    assert_eq!(never.error(404), "Session not found");
    let notes = sim.notes();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].text.contains("`timeout`"), "{notes:?}");
    assert!(notes[1].text.contains("never was"), "{notes:?}");
}
