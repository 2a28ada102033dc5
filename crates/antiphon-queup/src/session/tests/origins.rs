//! Origins are unique: no event counts as a repeat of another.

use super::*;

/// The origins of the stored message packets, and their number.
fn frames(stored: &[Entry]) -> (HashSet<String>, usize) {
    let drafts = stored.iter().filter_map(|entry| entry.event.as_ref());
    let origins: Vec<_> = drafts.map(|draft| draft.origin.to_string()).collect();
    (origins.iter().cloned().collect(), origins.len())
}

/// A run with one socket of this id, on the journal of earlier runs.
fn run(stored: &mut Vec<Entry>, nonce: &str, connection: &str) {
    let mut kept = BTreeMap::new();
    for checkpoint in stored.iter().filter_map(|entry| entry.checkpoint.as_ref()) {
        kept.insert(Arc::clone(&checkpoint.part), checkpoint.clone());
    }
    let checkpoints: Vec<_> = kept.into_values().collect();
    let mut table = Table::restored(&checkpoints);
    table.session.nonce = nonce.into();
    table.session.outbox = Outbox::new(1 << 20, nonce);
    table.session.start();
    table.open(connection);
    table.say(&json!({"action": 99}));
    table.store();
    stored.append(&mut table.stored);
}

#[test]
fn a_connection_id_that_comes_again_after_others_and_restarts_makes_no_repeats() {
    let mut stored = Vec::new();
    for (number, connection) in ["a", "b", "a", "a", "b", "c"].into_iter().enumerate() {
        run(&mut stored, &format!("run{number}"), connection);
    }
    let (origins, count) = frames(&stored);
    assert_eq!(origins.len(), count);
    for expected in ["a/00000001", "b/00000002", "c/00000001"] {
        assert!(
            origins.contains(expected),
            "new ids stand alone: {origins:?}"
        );
    }
}

#[test]
fn a_connection_id_that_comes_late_or_twice_makes_no_repeats() {
    let mut table = Table::new();
    table.join();
    table.session.on_closed("it broke", table.now);
    table.pass(60);
    table.deadline().expect("no cut");
    let user = json!({"_id": ME}).to_string();
    table.done(Done::Opened(Ok(user.into())));
    table.say(&json!({"action": 99}));
    for _ in 0..3 {
        table.say(&json!({"action": 4, "connectionId": "c1"}));
    }
    table.store();
    let (origins, count) = frames(&table.stored);
    assert_eq!(origins.len(), count);
}

#[test]
fn an_id_that_says_something_else_in_origins_stands_never_alone() {
    for id in ["chat", "a/b", ""] {
        let mut stored = Vec::new();
        run(&mut stored, "run", id);
        let (origins, _) = frames(&stored);
        assert!(!origins.contains(&format!("{id}/00000001")), "{origins:?}");
    }
}

#[test]
fn the_last_connection_of_a_journal_without_the_list_is_known() {
    let mut table = Table::new();
    table.join();
    let mut checkpoints = table.checkpoints();
    checkpoints.retain(|kept| *kept.part != *CONNECTIONS);
    let mut table = Table::restored(&checkpoints);
    table.session.start();
    table.open("c1");
    let drafts = table.drafts();
    let connected = drafts
        .iter()
        .find(|draft| draft.kind.as_str() == "queup.connected");
    assert_ne!(connected.expect("stored").origin.as_str(), "c1/00000001");
}

const OTHER: &str = "ffaa00bb11cc22dd33ee4455";

fn say_in(table: &mut Table, room: &str, id: &str, time: i64) {
    let data = json!({"chatid": id, "time": time, "user": {"_id": TEO}}).to_string();
    let message = json!({"name": "chat-message", "data": data});
    table.say(&json!({"action": 15, "channel": format!("room:{room}"), "message": message}));
}

#[test]
fn the_same_chat_id_in_two_rooms_is_two_messages() {
    let mut table = Table::new();
    table.join();
    table.join_other(OTHER);
    say_in(&mut table, ROOM, "t-7", 7);
    say_in(&mut table, OTHER, "t-7", 7);
    say_in(&mut table, ROOM, "t-7", 7);
    say_in(&mut table, OTHER, "t-7", 7);
    let origins = |table: &mut Table| -> Vec<String> {
        let drafts = table.drafts();
        let chats = drafts
            .iter()
            .filter(|draft| draft.kind.as_str().ends_with("chat-message"));
        chats.map(|draft| draft.origin.to_string()).collect()
    };
    let apart = format!("chat/t-7/room:{OTHER}");
    let expected = ["chat/t-7", &apart, "chat/t-7", &apart];
    assert_eq!(origins(&mut table), expected);
    let data = json!({"chatid": "t-7"}).to_string();
    let message = json!({"name": "delete-chat-message", "data": data});
    table.say(&json!({"action": 15, "channel": format!("room:{OTHER}"), "message": message}));
    let deletion = table.drafts().remove(0);
    assert_eq!(deletion.deletes.expect("the message").as_str(), apart);

    // A restart knows which room was second, in whatever order the histories come.
    let checkpoints = table.checkpoints();
    let mut table = Table::restored(&checkpoints);
    table.session.start();
    table.open("c2");
    table.attach();
    table.say(&json!({"action": 11, "channel": format!("room:{OTHER}")}));
    for room in [OTHER, ROOM] {
        let channel = table.session.channels.get_mut(&format!("room:{room}"));
        channel.expect("restored").joined_at = Timestamp::UNIX_EPOCH;
        let history = json!([{"type": "chat-message", "chatid": "t-7", "time": 7}]);
        let snapshot = Snapshot {
            history: Some(history.to_string().into()),
            ..Snapshot::default()
        };
        let epoch = table.session.connection.epoch;
        table.done(Done::Rejoined {
            room: room.into(),
            epoch,
            outcome: Ok(snapshot),
        });
    }
    assert_eq!(origins(&mut table), [apart.as_str(), "chat/t-7"]);
}

#[test]
fn a_message_of_one_room_has_the_same_origin_live_and_in_the_history() {
    let mut table = Table::new();
    table.join();
    table.chat("b-2000", 2000);
    let live = table.drafts().remove(0).origin;
    let mut table = Table::new();
    table.join();
    let channel = table.session.channels.get_mut(&format!("room:{ROOM}"));
    channel.expect("joined").joined_at = Timestamp::UNIX_EPOCH;
    table.outage("c2");
    table.rejoined(Some(
        &json!([{"type": "chat-message", "chatid": "b-2000", "time": 2000}]),
    ));
    let drafts = table.drafts();
    assert!(drafts.iter().any(|draft| draft.origin == live));
}

#[test]
fn the_last_frame_is_known_by_the_order_of_the_checkpoints_and_not_by_the_clock() {
    let mut table = Table::new();
    table.join();
    table.chat("a-1000", 1000);
    // The clock is set back, and more is stored.
    table.now.wall -= Duration::from_secs(3600);
    table.say(&json!({"action": 99}));
    let checkpoints = table.checkpoints();
    assert_eq!(resumes_after(&checkpoints), (Some("c1".into()), Some(5)));
}

#[test]
fn a_gap_begins_where_the_last_pong_proved_that_all_was_read() {
    let mut table = Table::new();
    table.join();
    let quiet = table.now.wall;
    for _ in 0..100 {
        table.pass(25);
        table.deadline().expect("no cut");
        table.frame("3").expect("a pong");
    }
    let last_ping = table.now.wall;
    table.outage("c2");
    table.rejoined(None);
    table.store();
    let gaps = table.gaps();
    assert_eq!(gaps.len(), 2);
    for gap in gaps {
        assert!(gap.from.at > quiet + Duration::from_secs(2000), "{gap:?}");
        assert_eq!(gap.from.at, last_ping - EDGE_SLACK);
        let frame = (gap.from.connection.as_deref(), gap.from.frame);
        assert_eq!(frame, (Some("c1"), Some(3)));
    }
}
