//! Faults that a control handle injects.

use std::time::Duration;

use antiphon_sim::{RestFault, Simulator};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::{CHAT, Client, ROOM, ids};

async fn hearing() -> (Simulator, Client) {
    let sim = Simulator::with_seed(7);
    let mut client = Client::hearing(&sim, "antiphon", &[ROOM]).await;
    assert_eq!(client.frame().await.as_deref(), Some("{\"r4242\":{}}"));
    (sim, client)
}

#[tokio::test(start_paused = true)]
async fn sockets_are_cut_closed_and_refused() {
    let (sim, mut client) = hearing().await;
    let chat = sim.stackexchange();
    assert_eq!(chat.connections().len(), 1);
    chat.cut();
    client.ended().await;
    assert!(chat.connections().is_empty());
    client.listen(&[ROOM], chat.counter()).await;
    chat.close(1001, "going away");
    client.ended().await;
    chat.refuse_sockets(Duration::from_secs(30));
    let address = client.address(ROOM).await;
    assert!(
        client
            .open(&address, Some("https://x.example"))
            .await
            .is_err()
    );
    tokio::time::advance(Duration::from_secs(31)).await;
    chat.refuse_upgrades(1, 503);
    let error = client.open(&address, Some("https://x.example")).await;
    assert_eq!(error.expect_err("refused").status(), Some(503));
    client
        .open(&address, Some("https://x.example"))
        .await
        .expect("the address was not used");
    chat.withhold_addresses(1);
    assert_eq!(
        client.post("/ws-auth", &[("roomid", "4242")]).await.status,
        404
    );
    client.address(ROOM).await;
}

#[tokio::test(start_paused = true)]
async fn on_a_half_open_line_nothing_comes_through_and_all_is_written_down() {
    let (sim, mut client) = hearing().await;
    let chat = sim.stackexchange();
    chat.half_open();
    chat.say(ROOM, "teo", "into the void");
    assert!(
        timeout(Duration::from_secs(600), client.frame())
            .await
            .is_err()
    );
    assert_eq!(sim.ledger().due_to("99")["stackexchange.MessagePosted"], 1);
}

#[tokio::test(start_paused = true)]
async fn frames_are_doubled_and_the_copy_is_due_to_nobody() {
    let (sim, mut client) = hearing().await;
    let chat = sim.stackexchange();
    chat.duplicate(1);
    chat.say(ROOM, "teo", "echo");
    chat.say(ROOM, "teo", "no echo");
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.extend(ids(&client.events(ROOM).await));
    }
    assert_eq!(heard[0], heard[1]);
    assert_ne!(heard[1], heard[2]);
    assert_eq!(sim.ledger().due_to("99")["stackexchange.MessagePosted"], 2);
}

#[tokio::test(start_paused = true)]
async fn frames_and_events_of_any_sort_are_sent() {
    let (sim, mut client) = hearing().await;
    let chat = sim.stackexchange();
    chat.frame("{\"r4242\":{\"e\":[{\"event_ty");
    assert_eq!(
        client.frame().await.as_deref(),
        Some("{\"r4242\":{\"e\":[{\"event_ty")
    );
    chat.event(ROOM, 35, 101, &json!({"odd": [1]}), None);
    let unknown = client.events(ROOM).await;
    assert_eq!(
        (&unknown[0]["event_type"], &unknown[0]["odd"]),
        (&json!(35), &json!([1]))
    );
    for key in ["reset", "exit", "timeout"] {
        chat.tell_key(ROOM, "antiphon", key);
        assert!(client.part(ROOM).await.get(key).is_some(), "{key}");
    }
    chat.tell_key(ROOM, "bram", "exit");
    assert!(client.hears_no_event(ROOM).await, "told to another");
}

#[tokio::test(start_paused = true)]
async fn requests_fail_as_asked_and_as_often_as_asked() {
    let (sim, mut client) = hearing().await;
    let chat = sim.stackexchange();
    let path = "/chats/4242/messages/new";
    let mut number = 0;
    let mut say = async |client: &mut Client| {
        number += 1;
        let text = number.to_string();
        client.try_post(path, &[("text", &text)]).await
    };
    chat.fail("POST /chats/*", 2, RestFault::Html(500));
    for _ in 0..2 {
        let page = say(&mut client).await.expect("a page");
        assert!(page.status == 500 && page.text.starts_with("<html>"));
    }
    assert_eq!(say(&mut client).await.expect("an answer").status, 200);
    chat.fail("*", 1, RestFault::Status(409));
    assert_eq!(say(&mut client).await.expect("an answer").status, 409);
    chat.fail("*", 1, RestFault::LoggedOut);
    let away = say(&mut client).await.expect("an answer");
    assert!(away.location.is_some_and(|to| to.starts_with("/error")));
    chat.fail("*", 1, RestFault::NotJson);
    let broken = say(&mut client).await.expect("an answer");
    assert!(serde_json::from_str::<Value>(&broken.text).is_err());
    chat.fail("*", 1, RestFault::CodeInside(500));
    assert!(
        say(&mut client)
            .await
            .expect("an answer")
            .json()
            .is_string()
    );
    chat.fail("*", 1, RestFault::Slow(Duration::from_secs(9)));
    let start = Instant::now();
    say(&mut client).await.expect("late");
    assert_eq!(start.elapsed().as_secs(), 9);
    let before = chat.texts(ROOM).len();
    chat.fail("*", 1, RestFault::Dropped);
    assert!(say(&mut client).await.is_err());
    assert_eq!(chat.texts(ROOM).len(), before + 1, "done, but not answered");
    chat.fail("GET *", 1, RestFault::Huge(100_000_000));
    let huge = client.try_send(http::Method::GET, CHAT, "/", "").await;
    assert!(huge.is_err(), "more than a client takes");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut_after_so_many_frames() {
    let sim = Simulator::over_pipes(&antiphon_sim::Options::new().seed(7).outgoing(16));
    let mut client = Client::hearing(&sim, "antiphon", &[ROOM]).await;
    let text = "x".repeat(400);
    for _ in 0..5_000 {
        sim.stackexchange().say(ROOM, "teo", &text);
        tokio::task::yield_now().await;
    }
    client.ended().await;
    assert!(sim.stackexchange().connections().is_empty());
    let notes = super::notes(&sim);
    assert!(
        notes.len() == 1 && notes[0].contains("does not read"),
        "{notes:?}"
    );
    assert_eq!(
        sim.ledger().due_to("99")["stackexchange.MessagePosted"],
        5_000
    );
}
