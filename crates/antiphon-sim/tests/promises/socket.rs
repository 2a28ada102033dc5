//! The socket side: engine.io v3, channels and presence.

use std::time::Duration;

use antiphon_sim::{Options, Simulator};
use serde_json::{Value, json};

use crate::client::Client;

#[tokio::test(start_paused = true)]
async fn the_first_packet_tells_the_intervals() {
    let sim = Simulator::over_pipes(&Options::new().pings(5000, 7000));
    let mut client = Client::logged_in(&sim, "antiphon").await;
    client.connect().await;
    let open = client.next_packet().await;
    let open: Value =
        serde_json::from_str(open.strip_prefix('0').expect("an open packet")).expect("JSON");
    assert_eq!(
        (&open["pingInterval"], &open["pingTimeout"]),
        (&json!(5000), &json!(7000))
    );
    assert_eq!(open["upgrades"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_bad_token_is_refused_at_the_upgrade_and_a_good_one_serves_again() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let error = client
        .try_connect("nonsense")
        .await
        .expect_err("a bad token");
    assert_eq!(error.status(), Some(401));
    let token = client.get("/auth/token").await.data();
    let token = token["token"].as_str().expect("a token");
    client.connect_with(token).await;
    let first = client.connection.clone();
    client.connect_with(token).await;
    assert_ne!(
        client.connection, first,
        "every socket has a connection id of its own"
    );
}

#[tokio::test(start_paused = true)]
async fn each_ping_is_answered_and_who_pings_stays() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::logged_in(&sim, "antiphon").await;
    client.connect().await;
    client.packets.clear();
    for beat in 0..150 {
        tokio::time::sleep(Duration::from_secs(25)).await;
        client.packet(&format!("2{beat}")).await;
        assert_eq!(client.next_packet().await, format!("3{beat}"));
    }
    assert_eq!(
        sim.queup().links().list().len(),
        1,
        "an hour later it is still there"
    );
}

#[tokio::test(start_paused = true)]
async fn who_does_not_ping_is_dropped_after_interval_and_timeout() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let start = tokio::time::Instant::now();
    client.connect().await;
    client.ended().await;
    assert_eq!(start.elapsed().as_secs(), 85);
}

#[tokio::test(start_paused = true)]
async fn messages_in_base64_are_understood() {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let mut client = Client::logged_in(&sim, "antiphon").await;
    client.connect().await;
    let channel = format!("room:{}", room.id());
    let attach = json!({"action": 10, "channel": channel}).to_string();
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, attach);
    client.packet(&format!("b4{encoded}")).await;
    assert_eq!(client.message(11).await["channel"], channel);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_does_not_exist_is_an_error_and_the_socket_lives() {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    client
        .send(&json!({"action": 10, "channel": "room:0"}))
        .await;
    assert!(client.message(9).await["error"].is_string());
    client.send(&json!({"action": 77})).await;
    client.packet("4{").await;
    client.packet("9").await;
    room.say("mira", "still here?");
    client.event("chat-message").await;
    assert_eq!(sim.notes().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn only_attached_rooms_are_heard() {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    sim.queup().room("night-radio").say("mira", "not for you");
    assert!(client.hears_nothing().await);
}

#[tokio::test(start_paused = true)]
async fn a_guest_may_listen() {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let mut guest = Client::stranger(&sim);
    guest.connect().await;
    guest.attach(&format!("room:{}", room.id())).await;
    room.say("mira", "hello, whoever you are");
    guest.event("chat-message").await;
    assert!(
        sim.ledger()
            .rows(&antiphon_sim::Query::default())
            .iter()
            .all(|row| { &*row.kind != "queup.chat-message" || row.due_to.is_none() })
    );
}

#[tokio::test(start_paused = true)]
async fn presence_is_echoed_and_ends_with_the_socket() {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    let mut witness = Client::joined(&sim, "sexton", &room).await;
    let presence = json!({
        "action": 14, "channel": format!("room:{}", room.id()), "presence": {"data": {}},
    });
    client.send(&presence).await;
    for one in [&mut client, &mut witness] {
        let seen = one.message(14).await;
        assert_eq!(seen["presence"]["clientId"], sim.queup().account().id);
        assert_eq!(
            seen["presence"]["action"], 0,
            "a missing action means enter"
        );
    }
    sim.queup().links_of("antiphon").cut();
    assert_eq!(witness.message(14).await["presence"]["action"], 1);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_is_cut_at_the_bound_and_noted() {
    let sim = Simulator::over_pipes(&Options::new().outgoing(200));
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    for number in 0..1000 {
        room.say("mira", &format!("number {number}"));
        // The connection's task runs and fills the pipe.
        tokio::task::yield_now().await;
    }
    client.ended().await;
    assert!(sim.queup().links().list().is_empty());
    let notes = sim.notes();
    assert!(
        notes.len() == 1 && notes[0].text.contains("does not read"),
        "{notes:?}"
    );
    let account = sim.queup().account();
    assert_eq!(sim.ledger().due_to(&account.id)["queup.chat-message"], 1000);
}
