//! Polling and history (protocol §6).

use antiphon_sim::Simulator;
use serde_json::{Value, json};

use super::{Client, ROOM, TEA, ids, numbers};

async fn history(client: &mut Client, fields: &[(&str, &str)]) -> Value {
    client.post("/chats/4242/events", fields).await.json()
}

fn events(page: &Value) -> Vec<Value> {
    page["events"].as_array().expect("a list").clone()
}

#[tokio::test(start_paused = true)]
async fn messages_come_newest_page_first_and_can_be_asked_for_before_and_after_one() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let said: Vec<i64> = (0..10)
        .map(|n| chat.say(ROOM, "teo", &format!("{n}")))
        .collect();
    chat.star(said[3], "mira");
    let of = |page: &Value| -> Vec<i64> {
        let events = events(page);
        events
            .iter()
            .filter_map(|event| event["message_id"].as_i64())
            .collect()
    };
    let page = history(
        &mut client,
        &[("since", "0"), ("mode", "Messages"), ("msgCount", "4")],
    )
    .await;
    assert_eq!(of(&page), said[6..]);
    assert_eq!(numbers(&events(&page)), [1; 4]);
    assert_eq!(page["time"], chat.counter());
    let before = said[6].to_string();
    let page = history(
        &mut client,
        &[("mode", "messages"), ("before", &before), ("msgCount", "4")],
    )
    .await;
    assert_eq!(of(&page), said[2..6], "in any case of letters");
    let starred = &events(&page)[1];
    assert_eq!(
        (&starred["message_stars"], &starred["message_starred"]),
        (&json!(1), &json!(false))
    );
    let after = said[7].to_string();
    let page = history(&mut client, &[("mode", "Messages"), ("after", &after)]).await;
    assert_eq!(of(&page), said[8..]);
    let page = history(&mut client, &[("mode", "Messages"), ("count", "2")]).await;
    assert_eq!(of(&page).len(), 10, "the old name has no effect");
}

#[tokio::test(start_paused = true)]
async fn events_of_every_kind_come_since_a_count_and_never_more_than_500() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let since = chat.counter();
    let message = chat.say(ROOM, "teo", "@bram hello");
    chat.edit(message, "hello");
    chat.enter(ROOM, "bram");
    chat.delete(message, "teo");
    let count = since.to_string();
    let page = history(&mut client, &[("since", &count), ("mode", "Events")]).await;
    assert_eq!(
        numbers(&events(&page)),
        [1, 2, 3, 10],
        "and not what others are told"
    );
    for _ in 0..600 {
        chat.say(ROOM, "teo", "x");
    }
    let fields = [("since", &*count), ("mode", "Events"), ("msgCount", "9999")];
    let page = history(&mut client, &fields).await;
    let all = ids(&events(&page));
    assert_eq!((all.len(), all.last()), (500, Some(&chat.counter())));
    let page = history(&mut client, &[("since", &count), ("mode", "Events")]).await;
    assert_eq!(
        events(&page).len(),
        100,
        "unless another number is asked for"
    );
}

#[tokio::test(start_paused = true)]
async fn a_deleted_message_is_in_the_history_without_its_text() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let message = chat.say(ROOM, "teo", "oops");
    chat.delete(message, "teo");
    let page = history(&mut client, &[("mode", "Messages"), ("msgCount", "1")]).await;
    let event = &events(&page)[0];
    assert_eq!(event["message_id"], message);
    assert!(event.get("content").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_poll_tells_several_rooms_as_a_frame_does() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let count = chat.counter().to_string();
    chat.say(ROOM, "teo", "here");
    chat.say(TEA, "teo", "there");
    let frame = client
        .post("/events", &[("r4242", &count), ("r17", &count)])
        .await
        .json();
    for room in ["r4242", "r17"] {
        assert_eq!(frame[room]["e"].as_array().map(Vec::len), Some(1));
        assert_eq!(frame[room]["t"], chat.counter());
        assert_eq!(frame[room]["d"], 2);
    }
    let now = chat.counter().to_string();
    let frame = client
        .post("/events", &[("r4242", &now), ("r99999", &now)])
        .await
        .json();
    assert_eq!(
        frame,
        json!({"r4242": {}}),
        "nothing new, and nothing of no room"
    );
    // A client that polls is in the room: events are due.
    chat.say(ROOM, "teo", "due");
    assert_eq!(sim.ledger().due_to("99")["stackexchange.MessagePosted"], 1);
}

#[tokio::test(start_paused = true)]
async fn anybody_may_read_with_an_anonymous_key_and_nobody_without_one() {
    let sim = Simulator::with_seed(7);
    sim.stackexchange().say(ROOM, "teo", "public");
    let mut stranger = Client::stranger(&sim);
    stranger.enter(super::CHAT).await;
    let page = history(&mut stranger, &[("mode", "Messages")]).await;
    assert_eq!(events(&page).len(), 1);
    let refused = stranger.post("/ws-auth", &[("roomid", "4242")]).await;
    assert_eq!(refused.status, 404);
    let refused = stranger
        .post("/chats/4242/messages/new", &[("text", "hi")])
        .await;
    assert_eq!(refused.status, 404);
    let keyless = stranger
        .send(
            http::Method::POST,
            super::CHAT,
            "/chats/4242/events",
            "mode=Messages",
        )
        .await;
    assert_eq!(keyless.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_private_or_gone_is_not_read() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    chat.private(TEA, true);
    let refused = client.post("/chats/17/events", &[]).await;
    assert_eq!(
        (refused.status, refused.chat.as_deref()),
        (404, Some("error"))
    );
    let page = client.get(super::CHAT, "/rooms/17").await;
    assert!(page.text.contains("<h2>Private Room</h2>"));
    chat.remove_room(TEA);
    assert_eq!(client.get(super::CHAT, "/rooms/17").await.status, 404);
    chat.add_room(31, "New");
    assert!(
        client
            .get(super::CHAT, "/rooms/31")
            .await
            .text
            .contains("New")
    );
}

#[tokio::test(start_paused = true)]
async fn rows_of_messages_have_no_event_id_and_no_name_of_the_room_unless_asked_for() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let since = chat.counter().to_string();
    let message = chat.say(ROOM, "teo", "hello");
    for (messages, events) in [(false, true), (true, false)] {
        if messages {
            chat.history_ids(messages, events);
        }
        for (mode, has_id) in [("Messages", messages), ("Events", events)] {
            let fields = [("since", &*since), ("mode", mode)];
            let row = self::events(&history(&mut client, &fields).await).remove(0);
            assert_eq!(row["message_id"], message);
            assert_eq!(row["room_id"], ROOM);
            assert_eq!(row.get("id").is_some(), has_id, "{row}");
            assert_eq!(row.get("room_name").is_some(), has_id, "{row}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_set_is_given_as_often_as_it_was_set() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    chat.answer("POST /chats/*/events", 2, 200, None, r#"{"events":[]}"#);
    for left in [1, 0] {
        assert_eq!(history(&mut client, &[]).await, json!({"events": []}));
        assert_eq!(chat.answers_left(), left);
    }
    assert!(history(&mut client, &[]).await["time"].is_number());
}
