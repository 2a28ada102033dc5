//! What the simulated QueUp promises, checked by a raw client over the network's own HTTP and WebSocket.

mod client;

use antiphon_sim::{Query, Simulator};
use client::Client;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn who_logs_in_and_joins_hears_what_is_said_and_finds_it_in_the_history() {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;

    let said = client
        .post(
            &format!("/chat/{}", room.id()),
            "type=chat-message&message=hello",
        )
        .await;
    assert_eq!(said.status, 200);
    assert_eq!(said.data()["req"]["message"], "hello");
    room.say("mira", "it's <fine>");

    let own = client.event("chat-message").await;
    assert_eq!(own["chatid"], said.data()["chatid"]);
    assert_eq!(own["user"]["username"], "antiphon");
    let other = client.event("chat-message").await;
    assert_eq!(other["message"], "it&#39;s &lt;fine&gt;");

    let history = client.get(&format!("/chat/{}", room.id())).await;
    assert_eq!(
        history.data()[0]["message"],
        other["message"],
        "newest first"
    );
    assert_eq!(history.data()[1]["chatid"], own["chatid"]);
}

#[tokio::test(start_paused = true)]
async fn the_ledger_has_every_frame_that_was_received() {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    room.queue("mira", "Low Orbit - Perigee");
    room.dub("teo", true);
    room.say("teo", "oh yes");
    while client.event("chat-message").await["message"] != "oh yes" {}

    assert_eq!(sim.ledger().sent_on(&client.connection), client.received);
    let account = sim.queup().account();
    assert_eq!(sim.ledger().due_to(&account.id), client.received);
    let rows = sim.ledger().rows(&Query::default());
    let first = rows.first().expect("a row");
    assert_eq!((&*first.kind, first.frame), ("queup.connected", Some(1)));
    assert_eq!(
        first.origin.as_deref(),
        Some(format!("{}/00000001", client.connection).as_str())
    );
}

#[tokio::test(start_paused = true)]
async fn what_happens_while_the_line_is_cut_is_due_and_not_sent() {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    room.say("mira", "first");
    client.event("chat-message").await;
    sim.queup().cut_connections();
    room.say("mira", "second");
    client.ended().await;
    client.connect(&sim).await;
    client.attach(&format!("room:{}", room.id())).await;
    room.say("mira", "third");
    assert_eq!(client.event("chat-message").await["message"], "third");

    let account = sim.queup().account();
    let chats: Vec<_> = sim
        .ledger()
        .rows(&Query::default())
        .into_iter()
        .filter(|row| {
            &*row.kind == "queup.chat-message" && row.due_to.as_deref() == Some(&account.id)
        })
        .map(|row| row.connection.is_some())
        .collect();
    assert_eq!(chats, [true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_attached_and_detached_and_presence_is_echoed() {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    let channel = format!("room:{}", room.id());
    client
        .send(&json!({"action": 14, "channel": channel, "presence": {"action": 0, "data": {}}}))
        .await;
    let presence = client.message(14).await;
    assert_eq!(presence["presence"]["clientId"], sim.queup().account().id);
    client
        .send(&json!({"action": 12, "channel": channel}))
        .await;
    assert_eq!(client.message(13).await["channel"], channel);
    assert_eq!(sim.notes(), []);
}
