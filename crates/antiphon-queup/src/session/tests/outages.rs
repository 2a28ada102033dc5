//! Lost sockets, and the events that wait for a history.

use super::*;

#[test]
fn a_lost_socket_is_opened_anew_after_five_seconds_at_least() {
    let mut table = Table::new();
    table.join();
    table.session.on_closed("it broke", table.now);
    assert!(
        matches!(table.session.take_link(), Some(LinkState::Waiting { reason, .. }) if reason == "it broke")
    );
    let due = table.session.deadline().expect("a wait");
    assert!(due >= table.now.at + Duration::from_secs(5));
    table.pass(60);
    table.deadline().expect("no cut");
    assert!(matches!(table.tasks()[..], [Task::Open]));
}

#[test]
fn after_an_outage_come_history_gap_state_and_what_was_held_in_this_order() {
    let mut table = Table::new();
    table.join();
    table.chat("a-1000", 1000);
    table.session.on_closed("it broke", table.now);
    table.kinds();
    table.pass(30);
    table.deadline().expect("no cut");
    table.tasks();
    table.open("c2");
    assert_eq!(
        table.replies().len(),
        3,
        "both channels at once, and presence"
    );
    table.attach();
    table.chat("d-4000", 4000);
    table.event("user-join", &json!({"user": {"_id": TEO}}));
    table.kinds();
    let epoch = table.session.connection.epoch;
    let history = json!([
        {"type": "chat-message", "chatid": "d-4000", "time": 4000},
        {"type": "user-ban", "time": 3500},
        {"type": "delete-chat-message", "chatid": "a-1000", "time": 3000},
        {"type": "chat-message", "chatid": "b-2000", "time": 2000},
        {"type": "chat-message", "chatid": "a-1000", "time": 1000},
    ]);
    let snapshot = Snapshot {
        users: Some("[]".into()),
        history: Some(history.to_string().into()),
        ..Snapshot::default()
    };
    table
        .session
        .channels
        .values_mut()
        .for_each(|channel| channel.joined_at = Timestamp::UNIX_EPOCH);
    table.done(Done::Rejoined {
        room: ROOM.into(),
        epoch,
        outcome: Ok(snapshot),
    });
    let drafts: Vec<Draft> = table
        .store()
        .iter()
        .filter_map(|entry| entry.event.clone())
        .collect();
    let said: Vec<_> = drafts
        .iter()
        .map(|draft| (draft.kind.as_str(), draft.origin.as_str()))
        .collect();
    assert_eq!(said[0], ("queup.chat-message", "chat/b-2000"));
    assert_eq!(
        said[1],
        ("queup.delete-chat-message", "delete-chat-message/a-1000")
    );
    let kinds: Vec<_> = said.iter().map(|(kind, _)| *kind).collect();
    let rest = [
        "antiphon.gap",
        "queup.room_users",
        "queup.joined_room",
        "queup.chat-message",
        "queup.user-join",
    ];
    assert_eq!(kinds[2..], rest);
    let gaps = table.gaps();
    assert_eq!(gaps.len(), 2, "one for the account, one for the room");
    assert_eq!(gaps[1].recovered, 2);
    assert_eq!(gaps[1].cause, "it broke");
    assert_eq!(
        (gaps[1].from.connection.as_deref(), gaps[1].from.frame),
        (Some("c1"), Some(4))
    );
    assert_eq!(
        (gaps[1].to.connection.as_deref(), gaps[1].to.frame),
        (Some("c2"), Some(3))
    );
}

#[test]
fn a_history_that_does_not_come_is_not_waited_for_without_end() {
    let mut table = Table::new();
    table.join();
    table.session.on_closed("it broke", table.now);
    table.pass(30);
    table.deadline().expect("no cut");
    table.open("c2");
    table.attach();
    table.chat("d-4000", 4000);
    assert!(
        !table.kinds().contains(&"queup.chat-message".to_owned()),
        "held back"
    );
    table.frame("3").expect("a pong");
    table.session.connection.heartbeat = None;
    table.pass(60);
    table.deadline().expect("no cut");
    let kinds = table.kinds();
    assert_eq!(
        kinds,
        ["antiphon.gap", "queup.joined_room", "queup.chat-message"]
    );
}

#[test]
fn too_many_events_are_not_held_back() {
    let mut table = Table::new();
    table.join();
    table.session.on_closed("it broke", table.now);
    table.pass(30);
    table.deadline().expect("no cut");
    table.open("c2");
    table.attach();
    table.session.outbox = Outbox::new(usize::MAX, "run");
    for _ in 0..=HOLD_EVENTS {
        table.event("chat-skip", &json!({}));
    }
    assert!(table.kinds().len() > HOLD_EVENTS);
}
