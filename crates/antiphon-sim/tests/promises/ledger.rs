//! The ledger has what was due, and what was sent is what was received.

use antiphon_sim::{Options, Query, Row, Simulator};
use serde_json::json;

use crate::client::Client;

fn due(sim: &Simulator, username: &str, kind: &str) -> Vec<Row> {
    let query = Query {
        due_to: Some(sim.queup().user(username)),
        ..Query::default()
    };
    let rows = sim.ledger().rows(&query).into_iter();
    rows.filter(|row| &*row.kind == kind).collect()
}

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
    client.connect().await;
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

#[tokio::test(start_paused = true)]
async fn an_account_is_due_a_room_from_its_first_attached_to_its_leaving() {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let mut client = Client::logged_in(&sim, "sexton").await;
    room.say("mira", "before the join");
    client
        .post(&format!("/room/{}/users", room.id()), "")
        .await
        .data();
    room.say("mira", "before the attach");
    client.connect().await;
    client.attach(&format!("room:{}", room.id())).await;
    room.say("mira", "inside");
    client.event("chat-message").await;
    client
        .form(
            http::Method::DELETE,
            &format!("/room/{}/users", room.id()),
            "",
        )
        .await
        .data();
    room.say("mira", "after the leave");
    assert_eq!(
        client.event("chat-message").await["message"],
        "after the leave"
    );

    let chats = due(&sim, "sexton", "queup.chat-message");
    assert_eq!(chats.len(), 1, "{chats:?}");
    assert!(chats[0].body.contains("inside"));
    let all = sim.ledger().sent_on(&client.connection);
    assert_eq!(
        all, client.received,
        "what is not due has a row too, if it was sent"
    );
}

#[tokio::test(start_paused = true)]
async fn detaching_ends_what_is_due_and_so_does_being_kicked() {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let channel = format!("room:{}", room.id());
    let mut leaver = Client::joined(&sim, "sexton", &room).await;
    let mut kicked = Client::joined(&sim, "verger", &room).await;
    leaver
        .send(&json!({"action": 12, "channel": channel}))
        .await;
    leaver.message(13).await;
    room.kick("mira", "verger", "out");
    assert_eq!(
        kicked.event("user-kick").await["kickedUser"]["username"],
        "verger"
    );
    room.say("mira", "who is left?");

    assert!(leaver.hears_nothing().await && kicked.hears_nothing().await);
    assert_eq!(due(&sim, "verger", "queup.user-kick").len(), 1);
    for username in ["sexton", "verger"] {
        assert!(due(&sim, username, "queup.chat-message").is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_sockets_of_one_account_the_newer_one_counts() {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let older = Client::joined(&sim, "antiphon", &room).await;
    let newer = Client::joined(&sim, "antiphon", &room).await;
    room.say("mira", "hello, both of you");

    let chats = due(&sim, "antiphon", "queup.chat-message");
    assert_eq!(chats.len(), 1);
    assert_eq!(
        chats[0].connection.as_deref(),
        Some(newer.connection.as_str())
    );
    assert_eq!(
        sim.ledger().sent_on(&older.connection)["queup.chat-message"],
        1
    );
}

#[tokio::test(start_paused = true)]
async fn two_runs_of_a_seed_are_alike_to_the_letter_and_another_run_has_other_ids() {
    async fn story(run: u64) -> (String, String) {
        let sim = Simulator::over_pipes(&Options::new().seed(7).run(run));
        let room = sim.queup().room("choir-loft");
        let mut client = Client::joined(&sim, "antiphon", &room).await;
        room.say("mira", "hello");
        room.queue("teo", "Low Orbit - Perigee");
        sim.queup().cut_connections();
        room.say("iris", "anyone?");
        client.ended().await;
        (sim.transcript(), room.id().to_owned())
    }
    let (first, room) = story(1).await;
    assert_eq!((first.clone(), room.clone()), story(1).await);
    let (_, other_room) = story(2).await;
    assert_ne!(room, other_room);
    assert!(
        first.contains("room/choir-loft") && first.contains("missed"),
        "{first}"
    );
}
