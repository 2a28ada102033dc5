//! The platform's traps (protocol §11), beside those in the scenarios, requests and logins.

mod harness;

use std::time::Duration;

use antiphon_core::{Draft, Event, Kind, Origin, Payload as _, Place, Position, Provenance};
use antiphon_sim::{RestFault, Simulator};
use antiphon_stackexchange::{
    self as stackexchange, MentionEvent, MessageEvent, MessageId, MessageMovedIn, MessageMovedOut,
    MessageStarredEvent, UnknownEvent, UserId, class::RoomEvent as _,
};
use bytes::Bytes;
use harness::{Begin as _, ROOM, Running, Said as _, config, lost};
use jiff::Timestamp;
use proptest::prelude::*;
use tokio::time::sleep;

fn event(kind: &'static str, body: &str) -> Event {
    let draft = Draft::new(
        Kind::from_static(kind),
        Place::new("room/1"),
        Origin::new("event/1"),
        Timestamp::UNIX_EPOCH,
        body.to_owned(),
    );
    Event::stored(Position::new(1), "tea".into(), draft)
}

#[tokio::test(start_paused = true)]
async fn quirk_04_own_messages_come_back_with_the_own_id() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    app.client.send(ROOM, "mine").await.expect("sent");
    sim.stackexchange().say(ROOM, "teo", "theirs");
    let journal = app.until(|journal| journal.texts().len() == 2).await;
    let me = app.client.me().expect("logged in").id;
    let own: Vec<bool> = journal
        .decoded::<MessageEvent>()
        .iter()
        .map(|message| message.user_id == Some(me))
        .collect();
    assert_eq!(own, [true, false]);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_13_the_socket_names_its_origin_and_edits_their_room() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let mine = app.client.send(ROOM, "one").await.expect("sent");
    app.client
        .room(ROOM)
        .edit(mine, "two")
        .await
        .expect("edited");
    app.stop().await;
    assert_eq!(sim.notes(), [], "the simulator notes what lacks either");
}

#[tokio::test(start_paused = true)]
async fn quirk_14_a_socket_begins_where_its_rooms_were_heard_not_at_the_time_of_day() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    for number in 0..50 {
        chat.say(ROOM, "teo", &format!("old {number}"));
    }
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    for round in 0..5 {
        chat.cut();
        chat.say(ROOM, "teo", &format!("round {round}"));
        app.until(|journal| journal.texts().len() == round + 1)
            .await;
    }
    let journal = app.stop().await;
    let rounds: Vec<String> = (0..5).map(|round| format!("round {round}")).collect();
    assert_eq!(journal.texts(), rounds);
    let replayed = journal.texts_by(ROOM, Provenance::Replayed);
    assert_eq!(replayed, rounds, "the socket itself had what was missed");
    let sent = sim.ledger().rows(&antiphon_sim::Query::default());
    let flood = sent
        .iter()
        .filter(|row| row.connection.is_some() && row.body.contains("\"old "));
    assert_eq!(flood.count(), 0, "the past was not asked for");
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[test]
fn quirk_18_a_room_is_known_by_its_id_whatever_its_name() {
    let body =
        r#"{"event_type":1,"id":1,"room_id":7,"room_name":"R&amp;D <b>lab</b>","message_id":2}"#;
    let message = MessageEvent::decode(&event("stackexchange.MessagePosted", body)).expect("it");
    assert_eq!(message.room_id(), Some(stackexchange::RoomId::new(7)));
    assert_eq!(message.room_name(), "R&amp;D <b>lab</b>", "as sent");
}

#[tokio::test(start_paused = true)]
async fn quirk_20_lines_and_positional_lists_are_read() {
    let sim = Simulator::with_seed(7);
    let (client, _source) = stackexchange::connect(config(&sim));
    let found = client.search_users("m").await.expect("lines");
    assert!(found.len() > 1 && found.iter().all(|user| user.name.starts_with('m')));
    let pingable = client.room(ROOM).pingable().await.expect("lists");
    assert!(
        pingable.iter().any(|user| user.name == "mira"),
        "not the empty list of strangers"
    );
    assert!(pingable.iter().all(|user| user.last_post.is_some()));
}

#[tokio::test(start_paused = true)]
async fn quirk_21_an_owner_may_be_unknown_and_a_hash_an_address() {
    let sim = Simulator::with_seed(7);
    let (client, _source) = stackexchange::connect(config(&sim));
    let users = client
        .users([UserId::new(101)], None)
        .await
        .expect("a user");
    assert_eq!(users[0].is_owner, None);
    let hash = users[0].email_hash.as_deref().expect("a hash");
    assert!(hash.starts_with("!https://"), "{hash}");
}

#[tokio::test(start_paused = true)]
async fn quirk_23_leaving_is_quiet() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim).rooms([ROOM, 17]));
    app.connected().await;
    app.client.leave(17).await.expect("left");
    app.client.leave_all().await.expect("left");
    app.stop().await;
    assert_eq!(sim.notes(), [], "the simulator notes a loud one");
}

#[tokio::test(start_paused = true)]
async fn quirk_26_an_acknowledgement_that_fails_stops_nothing() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let chat = sim.stackexchange();
    chat.fail("POST /messages/ack", 2, RestFault::Html(500));
    let mut mentions = Vec::new();
    for number in 0..5 {
        mentions.push(chat.say(ROOM, "teo", &format!("@antiphon {number}")));
        sleep(Duration::from_secs(1)).await;
    }
    let journal = app.until(|journal| journal.texts().len() == 5).await;
    assert_eq!(journal.decoded::<MentionEvent>().len(), 5);
    assert!(app.client.link().borrow().is_connected());
    assert_eq!(chat.acknowledged(), mentions[2..], "nor those that follow");
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_mention_is_acknowledged_once_it_is_stored_and_not_before() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let chat = sim.stackexchange();
    app.pause_journal(true);
    // The journal takes what it waited for when it was told to pause.
    chat.say(ROOM, "teo", "not for anybody");
    sleep(Duration::from_secs(1)).await;
    let first = chat.say(ROOM, "teo", "@antiphon one");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(chat.acknowledged(), [0_i64; 0]);
    app.pause_journal(false);
    app.until(|journal| journal.texts().len() == 2).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(chat.acknowledged(), [first]);
    let second = chat.say(ROOM, "teo", "@antiphon two");
    chat.say(ROOM, "teo", "@mira not for us");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(chat.acknowledged(), [first, second]);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_27_moved_messages_come_as_a_notice_and_one_event_each() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim).rooms([ROOM, 17]));
    app.connected().await;
    let chat = sim.stackexchange();
    let moved: Vec<i64> = (0..3)
        .map(|number| chat.say(ROOM, "teo", &format!("{number}")))
        .collect();
    chat.move_messages(ROOM, 17, &moved);
    let journal = app
        .until(|journal| journal.of("stackexchange.MessageMovedIn").len() == 3)
        .await;
    assert_eq!(journal.decoded::<MessageMovedOut>().len(), 3);
    let arrived = journal.decoded::<MessageMovedIn>();
    assert_eq!(arrived[0].field("moved"), Some(&true.into()));
    let texts = journal.texts();
    assert!(
        texts.iter().any(|text| text == "→ 3 messages moved to Tea"),
        "{texts:?}"
    );
    assert!(
        texts
            .iter()
            .any(|text| text == "← 3 messages moved from Sandbox"),
        "{texts:?}"
    );
    app.stop().await;
}

#[test]
fn what_is_only_told_by_history_is_kept() {
    let body =
        r#"{"event_type":1,"id":1,"message_id":2,"message_starred":true,"user_email_hash":"!x"}"#;
    let message = MessageEvent::decode(&event("stackexchange.MessagePosted", body)).expect("it");
    assert_eq!(message.message_starred, Some(true));
    assert_eq!(message.user_email_hash.as_deref(), Some("!x"));
    let star = MessageStarredEvent::decode(&event("stackexchange.MessageStarred", body));
    assert_eq!(star.expect("it").message_id, MessageId::new(2));
}

/// Any JSON value.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        let key = prop_oneof![
            Just("r4242".to_owned()),
            Just("e".to_owned()),
            Just("t".to_owned()),
            Just("d".to_owned()),
            Just("id".to_owned()),
            Just("event_type".to_owned()),
            Just("content".to_owned()),
            ".{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(key, inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_a_frame_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = stackexchange::read_frame(&Bytes::from(bytes), Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn no_json_makes_a_frame_or_an_event_panic(value in json()) {
        let text = value.to_string();
        let frame = Bytes::from(text.clone());
        for draft in stackexchange::read_frame(&frame, Timestamp::UNIX_EPOCH) {
            let event = Event::stored(Position::new(1), "tea".into(), draft);
            UnknownEvent::of(&event).expect("every event is an object");
        }
        let event = event("stackexchange.MessagePosted", &text);
        if let Ok(message) = MessageEvent::decode(&event) {
            let _ = (message.content.text(), message.content.markdown());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_counter_beyond_reason_hides_nothing_that_follows() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let chat = sim.stackexchange();
    chat.frame(r#"{"r4242":{"t":9223372036854775807,"d":1}}"#);
    chat.frame(r#"{"r4242":{"e":[{"event_type":99,"id":9223372036854775806}],"t":1,"d":1}}"#);
    chat.say(ROOM, "teo", "one");
    app.until(|journal| journal.texts().len() == 1).await;
    chat.cut();
    chat.say(ROOM, "teo", "two");
    let journal = app.until(|journal| journal.texts().len() == 2).await;
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_counts_anew_is_followed_and_the_break_is_a_gap() {
    let before = Simulator::over_pipes(&antiphon_sim::Options::new().seed(7).run(1));
    let app = Running::start(&before, config(&before));
    app.connected().await;
    before.stackexchange().say(ROOM, "teo", "before");
    app.until(|journal| journal.texts().len() == 1).await;
    let journal = app.kill().await;
    let counted = before.stackexchange().counter();
    let after = (2..50)
        .map(|run| Simulator::over_pipes(&antiphon_sim::Options::new().seed(7).run(run)))
        .find(|sim| sim.stackexchange().counter() + 1_000_000 < counted)
        .expect("some run counts from lower");
    let app = Running::resume(&after, config(&after), journal);
    app.connected().await;
    after.stackexchange().say(ROOM, "teo", "after");
    let journal = app.until(|journal| journal.texts().len() == 2).await;
    let gaps = journal.gaps();
    assert!(
        gaps.iter()
            .any(|(_, gap)| gap.cause.contains("counts anew")),
        "{gaps:?}"
    );
    app.stop().await;
}

/// Frames of any sort, in any order, between real events: nothing panics, nothing real is lost or stored twice.
#[tokio::test(start_paused = true)]
async fn a_storm_of_odd_frames_loses_no_real_event() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let chat = sim.stackexchange();
    for number in 0..200 {
        let odd = json().new_tree(&mut runner).expect("a value").current();
        chat.frame(&serde_json::json!({"r4242": odd}).to_string());
        chat.frame(&odd.to_string());
        chat.say(ROOM, "teo", &format!("real {number}"));
        sleep(Duration::from_millis(200)).await;
    }
    sleep(Duration::from_secs(120)).await;
    let journal = app.stop().await;
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    assert_eq!(journal.repeats, 0);
}
