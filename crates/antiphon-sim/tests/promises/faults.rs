//! Faults that a control handle injects.

use std::time::Duration;

use antiphon_sim::{RestFault, Simulator, queup::Room};
use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::Client;

async fn joined() -> (Simulator, Room, Client) {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let client = Client::joined(&sim, "antiphon", &room).await;
    (sim, room, client)
}

#[tokio::test(start_paused = true)]
async fn a_cut_line_is_refused_again_for_a_while() {
    let (sim, _, mut client) = joined().await;
    let token = client.get("/auth/token").await.data();
    let token = token["token"].as_str().expect("a token");
    sim.queup().refuse_sockets(Duration::from_secs(2));
    sim.queup().cut_connections();
    client.ended().await;
    assert!(client.try_connect(token).await.is_err());
    tokio::time::advance(Duration::from_secs(2)).await;
    client.connect_with(token).await;
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_is_refused_with_the_status_asked_for() {
    let (sim, _, mut client) = joined().await;
    let token = client.get("/auth/token").await.data();
    let token = token["token"].as_str().expect("a token");
    sim.queup().refuse_upgrades(1, 503);
    let error = client.try_connect(token).await.expect_err("refused");
    assert_eq!(error.status(), Some(503));
    client.connect_with(token).await;
}

#[tokio::test(start_paused = true)]
async fn a_clean_close_comes_after_what_was_said_before() {
    let (sim, room, mut client) = joined().await;
    room.say("mira", "last words");
    sim.queup().links().close(1001, "going away");
    client.event("chat-message").await;
    client.ended().await;
}

#[tokio::test(start_paused = true)]
async fn on_a_half_open_line_nothing_comes_through_and_all_is_written_down() {
    let (sim, room, mut client) = joined().await;
    let account = sim.queup().account();
    sim.queup().links_of("antiphon").half_open();
    room.say("mira", "into the void");
    client.packet("2").await;
    assert!(client.hears_nothing().await);
    assert_eq!(sim.queup().links().list().len(), 1);
    assert_eq!(sim.ledger().due_to(&account.id)["queup.chat-message"], 1);
    // The client reconnects while the half-open connection still stands.
    client.connect().await;
    client.attach(&format!("room:{}", room.id())).await;
    room.say("mira", "again");
    assert_eq!(client.event("chat-message").await["message"], "again");
    assert_eq!(sim.ledger().due_to(&account.id)["queup.chat-message"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_line_delivers_late_and_in_order() {
    let (sim, room, mut client) = joined().await;
    let start = Instant::now();
    sim.queup().links().stall(Duration::from_secs(7));
    room.say("mira", "one");
    room.say("mira", "two");
    assert_eq!(client.event("chat-message").await["message"], "one");
    assert_eq!(client.event("chat-message").await["message"], "two");
    assert_eq!(start.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn pongs_can_be_withheld() {
    let (sim, _, mut client) = joined().await;
    client.packets.clear();
    sim.queup().links_of("antiphon").withhold_pongs(true);
    client.packet("2").await;
    assert!(client.hears_nothing().await);
    sim.queup().links_of("antiphon").withhold_pongs(false);
    client.packet("2").await;
    assert_eq!(client.next_packet().await, "3");
}

#[tokio::test(start_paused = true)]
async fn pongs_can_be_withheld_on_one_connection() {
    let (sim, room, mut client) = joined().await;
    let mut other = Client::joined(&sim, "antiphon", &room).await;
    client.packets.clear();
    other.packets.clear();
    let link = sim.queup().links_of(&client.connection);
    link.withhold_pongs(true);
    client.packet("2").await;
    assert!(client.hears_nothing().await);
    other.packet("2").await;
    assert_eq!(other.next_packet().await, "3", "of the same account");
    link.withhold_pongs(false);
    client.packet("2").await;
    assert_eq!(client.next_packet().await, "3");
}

#[tokio::test(start_paused = true)]
async fn events_are_doubled_and_each_copy_is_a_frame() {
    let (sim, room, mut client) = joined().await;
    sim.queup().links().duplicate(1);
    room.say("mira", "echo");
    room.say("mira", "no echo");
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(client.event("chat-message").await["message"].clone());
    }
    assert_eq!(heard, ["echo", "echo", "no echo"]);
    assert_eq!(sim.ledger().sent_on(&client.connection), client.received);
}

#[tokio::test(start_paused = true)]
async fn events_overtake_one_another_and_are_numbered_as_they_are_sent() {
    let (sim, room, mut client) = joined().await;
    sim.queup().links().reorder(1);
    room.say("mira", "one");
    room.say("mira", "two");
    room.say("mira", "three");
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(client.event("chat-message").await["message"].clone());
    }
    assert_eq!(heard, ["two", "one", "three"]);
    let rows = sim.ledger().rows(&antiphon_sim::Query {
        connection: Some(client.connection.clone()),
        ..Default::default()
    });
    let frames: Vec<u64> = rows.iter().filter_map(|row| row.frame).collect();
    assert_eq!(frames, [1, 2, 3, 4, 5]);
    assert!(rows[2].body.contains("two"));
}

#[tokio::test(start_paused = true)]
async fn messages_nobody_knows_are_numbered_and_garbage_is_not() {
    let (sim, room, mut client) = joined().await;
    client.packets.clear();
    let links = sim.queup().links();
    links.message(&json!({"action": 99}));
    links.message(&json!({"action": 15, "channel": format!("room:{}", room.id())}));
    links.raw_message("{not json");
    links.packet("zzz");
    room.announce("room-confetti", json!({"colour": "gold"}));
    assert_eq!(client.event("room-confetti").await["colour"], "gold");
    assert_eq!(client.packets, ["zzz"]);
    let sent = sim.ledger().sent_on(&client.connection);
    for kind in [
        "queup.99",
        "queup.room_action",
        "queup.message",
        "queup.room-confetti",
    ] {
        assert_eq!(sent[kind], 1, "{kind}");
    }
    let row = sim
        .ledger()
        .rows(&antiphon_sim::Query::default())
        .into_iter()
        .find(|row| &*row.kind == "queup.message")
        .expect("a row");
    assert_eq!(
        (&*row.body, &*row.place),
        (
            "{not json",
            format!("user/{}", sim.queup().account().id).as_str()
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_frame_of_a_hundred_megabytes_begins_and_the_client_may_leave() {
    let (sim, room, mut client) = joined().await;
    let start = Instant::now();
    sim.queup().links().oversized(100_000_000);
    // The client's own limit ends it, and not the server's patience.
    client.ended().await;
    assert_eq!(start.elapsed().as_secs(), 0);
    client.connect().await;
    client.attach(&format!("room:{}", room.id())).await;
    room.say("mira", "that was large");
    client.event("chat-message").await;
}

#[tokio::test(start_paused = true)]
async fn requests_fail_as_asked_and_as_often_as_asked() {
    let (sim, room, mut client) = joined().await;
    let path = format!("/chat/{}", room.id());
    let queup = sim.queup();

    queup.fail_rest("POST /chat/*", 2, RestFault::Status(429));
    for _ in 0..2 {
        let wait = client.post(&path, "message=hello").await.details(429);
        assert!(
            wait.as_str().is_some_and(|text| text.contains("10 mins")),
            "{wait}"
        );
    }
    client.post(&path, "message=hello").await.data();

    queup.fail_rest("GET /chat/*", 1, RestFault::Status(500));
    client.get(&path).await.error(500);
    queup.fail_rest("*", 1, RestFault::Html(502));
    let page = client.get(&path).await;
    assert!(page.status == 502 && page.text.starts_with("<html>"));
    queup.fail_rest("*", 2, RestFault::LoggedOut);
    for _ in 0..2 {
        let answer = client.get("/auth/session").await;
        assert_eq!(
            (answer.status, answer.location.as_deref()),
            (302, Some("/auth/login"))
        );
    }
    queup.fail_rest("*", 1, RestFault::NotJson);
    assert!(serde_json::from_str::<Value>(&client.get(&path).await.text).is_err());
    queup.fail_rest("*", 1, RestFault::CodeInside(401));
    let inside = client.get(&path).await;
    assert_eq!((inside.status, &inside.json()["code"]), (200, &json!(401)));
    queup.fail_rest("*", 1, RestFault::Slow(Duration::from_secs(9)));
    let start = Instant::now();
    client.get(&path).await.data();
    assert_eq!(start.elapsed().as_secs(), 9);
    queup.fail_rest("*", 1, RestFault::Dropped);
    assert!(client.try_call(Method::POST, &path, "", "").await.is_err());
    queup.fail_rest_of("sexton", "*", 1, RestFault::Status(503));
    Client::logged_in(&sim, "sexton")
        .await
        .get(&path)
        .await
        .error(503);
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_answer_is_dropped_is_carried_out() {
    let (sim, room, mut client) = joined().await;
    sim.queup().fail_rest("POST /chat/*", 1, RestFault::Dropped);
    let path = format!("/chat/{}", room.id());
    let form = "application/x-www-form-urlencoded";
    let sent = client.try_call(Method::POST, &path, form, "message=amen");
    assert!(sent.await.is_err());
    assert_eq!(client.event("chat-message").await["message"], "amen");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_large_is_more_than_a_client_takes() {
    let (sim, _, mut client) = joined().await;
    sim.queup().fail_rest("*", 1, RestFault::Huge(100_000_000));
    assert!(
        client
            .try_call(Method::GET, "/auth/session", "", "")
            .await
            .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn leaving_in_error_is_announced_while_one_stays() {
    let (sim, room, mut client) = joined().await;
    room.leave_in_error("antiphon");
    assert_eq!(
        client.event("user-leave").await["user"]["_id"],
        sim.queup().account().id
    );
    assert!(room.has("antiphon"));
    room.say("mira", "still due");
    client.event("chat-message").await;
}

#[tokio::test(start_paused = true)]
async fn people_whom_nobody_met_speak_and_change_their_names() {
    let (sim, room, mut client) = joined().await;
    room.say_from_outside("passer-by", "hello");
    let said = client.event("chat-message").await;
    assert_eq!(said["user"]["username"], "passer-by");
    assert!(said.get("queue_object").is_none());
    assert!(sim.queup().rename("mira", "mirabel"));
    room.say("mirabel", "it is still me");
    let said = client.event("chat-message").await;
    assert_eq!(said["user"]["username"], "mirabel");
    assert_eq!(said["user"]["_id"], sim.queup().user("mirabel"));
}

#[tokio::test(start_paused = true)]
async fn guests_come_and_go_with_ids_of_their_own() {
    let (_sim, room, mut client) = joined().await;
    room.guest(0);
    let presence = client.message(14).await;
    assert_eq!(
        presence["presence"]["clientId"].as_str().map(str::len),
        Some(32)
    );
}

#[tokio::test(start_paused = true)]
async fn tokens_expire_when_told_to() {
    let (sim, _, mut client) = joined().await;
    let token = client.get("/auth/token").await.data();
    sim.queup().expire_tokens();
    let error = client
        .try_connect(token["token"].as_str().expect("a token"))
        .await;
    assert_eq!(error.expect_err("expired").status(), Some(401));
}
