//! Data in the shapes that public projects recorded (`fixtures/cases`; each names its source), and their right reading.

mod harness;

use antiphon_core::{Event, Payload, Position};
use antiphon_sim::Simulator;
use antiphon_stackexchange::{
    self as stackexchange, Client, HistoryQuery, Html, MessageId, MessageStarredEvent,
    RequestError, RoomId, SendError, UserId, UserNotificationEvent, class::RoomEvent as _,
};
use bytes::Bytes;
use harness::{ROOM, config};
use jiff::Timestamp;
use serde_json::Value;

macro_rules! case {
    ($name:literal) => {{
        let case = include_str!(concat!("../fixtures/cases/", $name, ".json"));
        serde_json::from_str::<Value>(case).expect("a case")
    }};
}

async fn client(sim: &Simulator) -> Client {
    let (client, _source) = stackexchange::connect(config(sim));
    client.log_in().await.expect("logged in");
    // The key for writing is fetched before an answer is set.
    client.users([UserId::new(101)], None).await.expect("users");
    client
}

/// The only event of a frame, as a payload.
fn decoded<P: Payload>(frame: &Value) -> P {
    let frame = Bytes::from(frame.to_string());
    let mut drafts = stackexchange::read_frame(&frame, Timestamp::UNIX_EPOCH);
    assert_eq!(drafts.len(), 1);
    let event = Event::stored(Position::new(1), "chat".into(), drafts.remove(0));
    P::decode(&event).expect("it decodes")
}

#[tokio::test(start_paused = true)]
async fn rows_of_a_history_have_no_event_id_and_the_requests_room() {
    let sim = Simulator::with_seed(7);
    let client = client(&sim).await;
    let answer = case!("history-rows-without-id")["answer"].to_string();
    sim.stackexchange()
        .answer("POST /chats/4242/events", 1, 200, None, &answer);
    let room = client.room(ROOM);
    let history = room.history(HistoryQuery::new()).await.expect("history");
    let ids: Vec<i64> = history.iter().map(|row| row.message_id.get()).collect();
    let expected = [101, 104, 108, 115, 121].map(|number| 66_000_000 + number);
    assert_eq!(ids, expected);
    for row in &history {
        assert_eq!((row.id, row.room_id), (None, RoomId::new(ROOM)));
    }
    assert_eq!(history[1].parent_id, Some(MessageId::new(66_000_101)));
    assert!(history[2].content.is_empty(), "deleted, and listed still");
    assert_eq!((history[3].message_stars, history[4].message_edits), (1, 2));
    assert_eq!(history[3].content.text(), "a question about cafés");
}

#[tokio::test(start_paused = true)]
async fn a_history_names_the_room_where_rows_do_not_and_takes_rows_in_any_order() {
    let sim = Simulator::with_seed(7);
    let client = client(&sim).await;
    let answer = r#"{"events":[{"event_type":1,"message_id":"9"},{"event_type":1,"message_id":7,"id":0},null,{"event_type":1,"content":"?"}],"time":5}"#;
    sim.stackexchange()
        .answer("POST /chats/4242/events", 1, 200, None, answer);
    let history = client.room(ROOM).history(HistoryQuery::new()).await;
    let history = history.expect("history");
    let ids: Vec<i64> = history.iter().map(|row| row.message_id.get()).collect();
    assert_eq!(ids[..2], [7, 9]);
    assert_eq!(history.len(), 3, "only an object can be a message");
    assert!(history.iter().all(|row| row.id.is_none()));
    assert!(
        history
            .iter()
            .all(|row| row.room_id() == Some(RoomId::new(ROOM)))
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_the_list_that_was_asked_for_is_an_error_and_repeats_no_key() {
    const KEY: &str = "0123456789abcdef0123456789abcdef";
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let client = client(&sim).await;
    let room = client.room(ROOM);
    let odd = format!(r#"{{"events":"{KEY}","users":"{KEY}"}}"#);
    chat.answer("POST /chats/*/events", 1, 200, None, &odd);
    let history = room
        .history(HistoryQuery::new())
        .await
        .expect_err("no list");
    chat.answer("POST /user/info", 1, 200, None, &odd);
    let users = client
        .users([UserId::new(1)], None)
        .await
        .expect_err("no list");
    chat.answer("GET /users/ignorelist", 1, 200, None, &odd);
    let ignored = client.ignored().await.expect_err("no list");
    chat.answer("GET /rooms/pingable/4242", 1, 200, None, &odd);
    let pingable = room.pingable().await.expect_err("no list");
    let page = format!("<html><body><input name=fkey value={KEY}><h1>Oops</h1></body></html>");
    chat.answer("GET /rooms/4242", 1, 200, None, &page);
    let present = room.users().await.expect_err("another page");
    chat.answer("GET /rooms/info/4242", 1, 200, None, &page);
    let access = room.access().await.expect_err("another page");
    chat.answer("GET /rooms/info/4242", 1, 404, None, &page);
    let failed = room.access().await.expect_err("a page");
    assert!(failed.to_string().contains("Oops"), "{failed}");
    for error in [history, users, ignored, pingable, present, access, failed] {
        assert!(!format!("{error} {error:?}").contains(KEY), "{error:?}");
    }
    chat.answer("GET /users/ignorelist", 1, 200, None, r#"[5,"6"]"#);
    let ignored = client.ignored().await.expect("a list");
    assert_eq!(ignored, [UserId::new(5), UserId::new(6)]);
}

#[tokio::test(start_paused = true)]
async fn a_long_page_is_read_whole_or_refused_and_never_empty() {
    let case = case!("access-page-many-cards");
    let text = |name: &str| case[name].as_str().expect("a text").to_owned();
    let (before, card, after) = (text("before"), text("card"), text("after"));
    let sim = Simulator::with_seed(7);
    let client = client(&sim).await;
    let room = client.room(4242);
    for count in [0, 10, 500, 620, 2000] {
        let mut page = before.clone();
        for number in 700_001..=700_000 + count {
            page.push_str(&card.replace("{n}", &number.to_string()));
        }
        page.push_str(&after);
        sim.stackexchange()
            .answer("GET /rooms/info/4242", 1, 200, None, &page);
        let access = room.access().await.expect("levels");
        assert_eq!(access.owners, [UserId::new(7001)]);
        let expected: Vec<UserId> = (700_001..=700_000 + count).map(UserId::new).collect();
        assert_eq!(access.read_write, expected);
    }
    let page = before + &"<i></i>".repeat(300_000) + &after;
    sim.stackexchange()
        .answer("GET /rooms/info/4242", 1, 200, None, &page);
    let refused = room.access().await;
    assert!(
        matches!(refused, Err(RequestError::Undecodable { .. })),
        "{refused:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn cards_without_a_number_are_known_by_their_link() {
    let sim = Simulator::with_seed(7);
    let client = client(&sim).await;
    let page = r#"<div id="access-section-read-only"><div class="usercard" id="user--2"></div><div class="usercard"><h3><a class="username" href="/users/7010/tess">tess</a></h3></div></div>"#;
    sim.stackexchange()
        .answer("GET /rooms/info/4242", 1, 200, None, page);
    let access = client.room(4242).access().await.expect("levels");
    assert_eq!(access.read_only, [UserId::FEEDS, UserId::new(7010)]);
}

#[tokio::test(start_paused = true)]
async fn the_digits_of_a_name_are_none_of_the_count() {
    let case = case!("room-usage-title");
    let sim = Simulator::with_seed(7);
    let client = client(&sim).await;
    let page = case["html"].as_str().expect("a page");
    sim.stackexchange()
        .answer("GET /users/90000017", 1, 200, None, page);
    let rooms = client.rooms_of(UserId::new(90_000_017)).await;
    let rooms: Vec<_> = rooms
        .expect("rooms")
        .into_iter()
        .map(|room| (room.room_id.get(), room.messages))
        .collect();
    assert_eq!(rooms, [(4242, Some(1235)), (17, Some(20))]);
}

#[tokio::test(start_paused = true)]
async fn entities_in_what_is_found_are_undone_once() {
    let case = case!("users-search-escaped");
    let sim = Simulator::with_seed(7);
    let client = client(&sim).await;
    let lines = case["answer_text"].as_str().expect("lines");
    sim.stackexchange()
        .answer("GET /users/search", 1, 200, None, lines);
    let found = client.search_users("te").await.expect("found");
    let hash = found[0].hash.as_deref();
    assert_eq!(hash, Some("!https://img.example/a.png?s=128&g=1"));
    assert_eq!((found.len(), found[1].name.as_str()), (2, "tea & co"));
    sim.stackexchange()
        .answer("GET /users/search", 1, 200, None, "{\"id\":1}\n{\"id");
    let broken = client.search_users("te").await;
    assert!(broken.is_err(), "a line is not dropped: {broken:?}");
}

#[tokio::test(start_paused = true)]
async fn of_many_users_all_are_asked_for() {
    let sim = Simulator::with_seed(7);
    let client = client(&sim).await;
    let mut asked: Vec<UserId> = (101..110).map(UserId::new).collect();
    asked.extend((1_000_000..1_000_200).map(UserId::new));
    asked.extend((110..113).map(UserId::new));
    let users = client.users(asked, None).await.expect("users");
    assert_eq!(users.len(), 12, "the last as well as the first");
}

#[test]
fn a_star_or_pin_of_ones_own_tells_who_did_it() {
    let case = case!("own-star");
    let own: MessageStarredEvent = decoded(&case["frame"]);
    assert_eq!(
        (own.user_id, own.user_name.as_deref()),
        (Some(UserId::new(7001)), Some("mira"))
    );
    assert_eq!(
        (own.message_starred, own.message_owner_starred),
        (Some(true), None)
    );
    assert_eq!(own.message_stars, 1);
    let other: MessageStarredEvent = decoded(&case["also"]["frame"]);
    assert_eq!((other.user_id, other.user_name), (None, None));
    assert_eq!((other.message_starred, other.message_stars), (None, 2));
    let pin: MessageStarredEvent = decoded(&case!("own-pin")["frame"]);
    assert_eq!(
        (pin.user_id, pin.user_name.as_deref()),
        (Some(UserId::new(7001)), Some("mira"))
    );
    assert_eq!(
        (pin.message_starred, pin.message_owner_starred),
        (Some(true), Some(true))
    );
    assert_eq!((pin.message_stars, pin.message_owner_stars), (1, 1));
}

#[test]
fn a_notification_that_names_no_room_has_none() {
    let case = case!("notification-without-room");
    let notification: UserNotificationEvent = decoded(&case["frame"]);
    assert_eq!(
        (notification.room_id, notification.room_name.clone()),
        (None, None)
    );
    assert_eq!(notification.room_id(), None);
    assert_eq!(notification.user_id, Some(UserId::new(7009)));
    assert_eq!(notification.target_user_id, Some(UserId::new(7001)));
    assert_eq!(
        notification.content.markdown(),
        "[newcomer](https://chat.stackexchange.com/users/7009/newcomer) has requested access to \
         [Tea and Sandbox](https://chat.stackexchange.com/rooms/info/4242?tab=access)."
    );
}

#[test]
fn contents_read_as_they_should() {
    let case = case!("onebox-quoted-message");
    let content = |index: usize| Html::new(case["contents"][index].as_str().expect("a text"));
    assert_eq!(
        content(0).text(),
        "https://chat.stackexchange.com/transcript/message/66000101#66000101"
    );
    assert_eq!(
        content(1).markdown(),
        "[teo](https://chat.stackexchange.com/users/7002/teo) invites you to \
         [Old Kettle](https://chat.stackexchange.com/rooms/17/old-kettle)"
    );
    for case in case!("multiline-double-quotes")["contents"]
        .as_array()
        .expect("a list")
    {
        let html = Html::new(case["content"].as_str().expect("a text"));
        assert_eq!(
            Value::from(html.is_multiline()),
            case["multiline"],
            "{html}"
        );
        assert_eq!(Value::from(html.is_partial()), case["partial"], "{html}");
        if let Some(text) = case["text"].as_str() {
            assert_eq!(html.text(), text);
        }
    }
}

/// Reads the pages of a room and a user that are answered by a redirect first.
async fn redirected(to: &dyn Fn(&str, &str) -> String) -> Vec<Result<(), RequestError>> {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let client = client(&sim).await;
    let room = client.room(ROOM);
    let lead = |path: &str, query: &str| {
        let to = to(path, query);
        chat.answer(&format!("GET {path}"), 1, 302, Some(&to), "");
    };
    lead("/rooms/4242", "");
    let users = room.users().await.map(|users| assert!(!users.is_empty()));
    lead("/rooms/4242", "");
    let may_post = room.may_post().await.map(|may_post| assert!(may_post));
    lead("/rooms/info/4242", "?tab=general");
    let info = room
        .info()
        .await
        .map(|info| assert!(!info.owners.is_empty()));
    lead("/rooms/info/4242", "?tab=access");
    let access = room.access().await.map(drop);
    lead("/users/101", "");
    let rooms = client.rooms_of(UserId::new(101)).await;
    let rooms = rooms.map(|rooms| assert!(!rooms.is_empty()));
    assert_eq!(sim.notes(), []);
    vec![users, may_post, info, access, rooms]
}

#[tokio::test(start_paused = true)]
async fn pages_that_lead_to_their_full_address_are_followed_there() {
    let relative = |path: &str, query: &str| format!("{path}/a-slug{query}");
    let absolute = |path: &str, query: &str| {
        format!("https://CHAT.stackexchange.com:443{path}/schöner-tee{query}#top")
    };
    let bare = |path: &str, query: &str| format!("//chat.stackexchange.com{path}/x{query}");
    for outcome in [
        redirected(&relative).await,
        redirected(&absolute).await,
        redirected(&bare).await,
    ] {
        for outcome in outcome {
            outcome.expect("a page");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn redirects_to_elsewhere_are_not_followed_and_none_is_followed_for_ever() {
    for to in [
        "https://example.org/rooms/4242/x",
        "http://chat.stackexchange.com/rooms/4242/x",
        "https://chat.stackexchange.com@example.org/rooms/4242/x",
        "https://chat.stackexchange.com.example.org/rooms/4242",
        "javascript:alert(1)",
        "/users/login?returnurl=x",
        "/nocaptcha?s=1",
        "/error?aspxerrorpath=/rooms/4242",
        "",
    ] {
        for outcome in redirected(&|_, _| to.to_owned()).await {
            assert!(
                matches!(outcome, Err(RequestError::NotAnAnswer { status: 302, .. })),
                "{to}: {outcome:?}"
            );
        }
    }
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let client = client(&sim).await;
    chat.answer("GET /rooms/*", 100, 302, Some("/rooms/4242/again"), "");
    let outcome = client.room(ROOM).users().await;
    assert!(
        matches!(outcome, Err(RequestError::NotAnAnswer { status: 302, .. })),
        "{outcome:?}"
    );
    assert_eq!(chat.answers_left(), 94, "the first, and five behind it");
    // What changes something is never sent elsewhere.
    chat.answer("POST /chats/*", 1, 302, Some("/rooms/4242/x"), "");
    let posted = client.room(ROOM).send("hello").await;
    assert!(
        matches!(posted, Err(SendError::MayHaveHappened(_))),
        "{posted:?}"
    );
    assert_eq!(chat.answers_left(), 94);
}

#[tokio::test(start_paused = true)]
async fn a_post_whose_answer_is_odd_may_have_happened_and_is_sent_once() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let client = client(&sim).await;
    let room = client.room(ROOM);
    let post = "POST /chats/4242/messages/new";
    for (odd, number) in [
        "{\"oops",
        "{}",
        "[]",
        r#"{"id":"oops","time":1}"#,
        r#"{"id":0}"#,
        r#"{"id":-5}"#,
        r#"{"id":1.5}"#,
        r#"{"id":[1]}"#,
        "<html><h1>One moment</h1></html>",
    ]
    .into_iter()
    .zip(1..)
    {
        chat.answer(post, 1, 200, None, odd);
        chat.answer(post, 1, 200, None, &format!(r#"{{"id":"{number}"}}"#));
        let outcome = room.send(format!("hello {odd}")).await;
        let Err(error @ SendError::MayHaveHappened(_)) = outcome else {
            panic!("{odd}: {outcome:?}");
        };
        assert!(!error.is_transient(), "nobody is to send it again unseen");
        assert_eq!(chat.answers_left(), 1, "{odd}: sent once");
        let next = room.send("next").await.expect("sent");
        assert_eq!(next, MessageId::new(number));
    }
    chat.answer(post, 1, 200, None, r#"{"id":null,"time":null}"#);
    let twin = room.send("twin").await;
    assert!(matches!(twin, Err(SendError::Duplicate)), "{twin:?}");
    chat.answer(post, 1, 200, None, "\"Something went wrong\"");
    let refused = room.send("refused").await;
    assert!(matches!(refused, Err(SendError::Refused(_))), "{refused:?}");
    assert_eq!(chat.answers_left(), 0);
}
