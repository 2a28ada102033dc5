//! Counters: the proofs that they give, and the claims of checkpoints.

use super::*;

#[test]
fn an_event_is_stored_once_however_often_it_comes() {
    let (mut table, id) = Table::served(&[SANDBOX, TEA]);
    let once = frame(SANDBOX, &[message(TOP + 1, SANDBOX)]);
    table.frame(id, &once);
    table.frame(id, &once);
    let both = [message(TOP + 1, SANDBOX), message(TOP + 2, SANDBOX)];
    table.frame(id, &frame(SANDBOX, &both));
    table.frame(id, &frame(TEA, &[message(TOP + 2, SANDBOX)]));
    let expected = [1, 2].map(|n| format!("event/{}", TOP + n));
    assert_eq!(table.origins(), expected);
}

#[test]
fn the_memory_of_events_is_bounded_and_forgets_the_oldest() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    let many = i64::try_from(SEEN).expect("few") + 100;
    let events: Vec<Value> = (1..=many).map(|n| message(TOP + n, SANDBOX)).collect();
    table.frame(id, &frame(SANDBOX, &events));
    assert_eq!(table.session.identities.seen.len(), SEEN);
    assert!(
        !table
            .session
            .identities
            .seen
            .contains(EventId::new(TOP + 100))
    );
    assert!(
        table
            .session
            .identities
            .seen
            .contains(EventId::new(TOP + 101))
    );
}

#[test]
fn a_checkpoint_never_claims_more_than_what_stands_before_it() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    let events: Vec<Value> = (1..=5).map(|n| message(TOP + n, SANDBOX)).collect();
    table.frame(id, &json!({"r4242": {"e": events, "t": TOP + 9, "d": 9}}));
    let entries = table.store();
    let claims: Vec<Option<i64>> = entries
        .iter()
        .map(|entry| entry.checkpoint.as_ref().map(|checkpoint| checkpoint.mark))
        .collect();
    assert_eq!(claims, [None, None, None, None, Some(TOP + 9)]);
}

#[test]
fn a_count_without_events_is_stored_now_and_then() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    let mut marks = Vec::new();
    for second in 1..=25 {
        table.pass(1);
        table.frame(id, &json!({"r4242": {"t": TOP + second, "d": 1}}));
        let entries = table.store().iter();
        marks.extend(entries.map(|entry| entry.checkpoint.as_ref().expect("no events").mark));
    }
    assert_eq!(marks, [TOP + 10, TOP + 20]);
}

#[test]
fn a_count_that_leaps_beyond_reason_is_not_believed() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.frame(id, &json!({"r4242": {"t": TOP + LEAP + 1, "d": 1}}));
    table.frame(id, &json!({"r4242": {"e": [event(99, i64::MAX, SANDBOX)]}}));
    assert_eq!(table.origins(), [format!("event/{}", i64::MAX)], "but kept");
    assert!(table.tasks().is_empty());
    table.frame(id, &frame(SANDBOX, &[message(TOP + 1, SANDBOX)]));
    assert_eq!(table.mark(SANDBOX), Some(TOP + 1));
    table.frame(id, &json!({"r4242": {"t": TOP + LEAP, "d": LEAP}}));
    assert_eq!(
        table.session.rooms[&RoomId::new(SANDBOX)].t,
        Some(TOP + LEAP)
    );
}

#[test]
fn a_server_a_little_behind_is_waited_for_and_one_that_counts_anew_is_followed() {
    let check = |top: i64, gaps: usize, t: i64| {
        let (mut table, id) = Table::served(&[SANDBOX]);
        table.frame(id, &json!({"r4242": {"t": TOP + 20_000, "d": 20_000}}));
        table.cut(id);
        if gaps > 0 {
            // One odd answer is asked for once more.
            table.pass(60);
            table.deadline();
            assert!(table.answer(TOP).is_empty());
            assert_eq!(table.gaps_of(SANDBOX).len(), 0);
        }
        table.reopen(top);
        assert_eq!(table.gaps_of(SANDBOX).len(), gaps, "at {top}");
        assert_eq!(table.session.rooms[&RoomId::new(SANDBOX)].t, Some(t));
    };
    check(TOP + 20_000 - LAG, 0, TOP + 20_000);
    check(TOP + 20_000 - LAG - 1, 1, TOP + 20_000 - LAG - 1);
}

#[test]
fn counters_of_any_sort_are_survived() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    for (t, d) in [
        (0, 0),
        (-1, 1),
        (i64::MIN, i64::MAX),
        (i64::MAX, i64::MIN),
        (TOP, -5),
        (TOP - 1, 1_000_000),
    ] {
        table.frame(id, &json!({"r4242": {"t": t, "d": d}}));
    }
    assert_eq!(table.session.rooms[&RoomId::new(SANDBOX)].t, Some(TOP));
    assert!(table.tasks().is_empty());
}

#[test]
fn a_room_that_is_not_served_yet_does_not_move_on() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.join(TEA);
    for task in table.tasks() {
        if let Task::Announce { room, round } = task {
            table.done(Done::Announced {
                room,
                round,
                outcome: Ok(top(TOP)),
            });
        }
    }
    // The old socket has something of the new room already, but not all of it.
    table.frame(id, &frame(TEA, &[message(TOP + 2, TEA)]));
    assert!(table.origins().is_empty(), "it comes again, with the rest");
    let tasks = table.answer(TOP);
    assert!(
        matches!(tasks[..], [Task::Open { after, .. }] if after == TOP),
        "{tasks:?}"
    );
}

#[test]
fn what_the_new_socket_repeats_is_replayed_and_what_follows_is_live() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.cut(id);
    let id = table.reopen(TOP + 2);
    let events: Vec<Value> = (1..=3).map(|n| message(TOP + n, SANDBOX)).collect();
    table.frame(id, &frame(SANDBOX, &events));
    let entries = table.store();
    let events = entries.iter().filter_map(|entry| entry.event.as_ref());
    let said: Vec<Provenance> = events
        .filter(|event| event.provenance != Provenance::Synthetic)
        .map(|event| event.provenance)
        .collect();
    assert_eq!(
        said,
        [Provenance::Replayed, Provenance::Replayed, Provenance::Live]
    );
}

#[test]
fn what_is_no_event_is_kept_and_numbered_by_its_frame() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.frame(id, &json!({"r4242": {"e": [null, {"no": "id"}, 7]}}));
    let bytes = Bytes::from_static(b"{\"r4242\":{\"e\":[{\"event_ty");
    table.session.on_bytes(id, &bytes, table.now);
    let connection = format!("run0-{}", id.epoch);
    let expected = ["00000001", "00000001/1", "00000002"];
    assert_eq!(
        table.origins(),
        expected.map(|frame| format!("{connection}/{frame}"))
    );
}

#[test]
fn what_has_no_id_is_no_repeat_though_the_server_names_two_sockets_the_same() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.frame(id, &json!({"mystery": 1}));
    table.cut(id);
    table.pass(60);
    table.deadline();
    let tasks = table.answer(TOP);
    let Some(Task::Open { id: again, .. }) = tasks.first() else {
        panic!("{tasks:?}");
    };
    let again = *again;
    table.done(Done::Opened {
        id: again,
        outcome: Ok(format!("c{}", id.epoch)),
    });
    table.frame(again, &json!({"mystery": 2}));
    let origins = table.origins();
    assert_eq!(origins.len(), 2);
    assert_ne!(origins[0], origins[1], "the second would count as a repeat");
}

/// Lets the server count anew from `top`, and opens a socket.
fn count_anew(table: &mut Table, id: SocketId, top: i64) -> SocketId {
    table.cut(id);
    table.pass(60);
    table.deadline();
    assert!(table.answer(top).is_empty(), "it is asked once more");
    table.reopen(top)
}

#[test]
fn ids_that_a_server_gives_again_are_no_repeats() {
    let (mut table, id) = Table::served(&[SANDBOX, TEA]);
    table.frame(id, &frame(SANDBOX, &[message(TOP + 5, SANDBOX)]));
    let all = json!({"t": TOP + 20_000, "d": 20_000});
    table.frame(id, &json!({"r4242": all, "r17": all}));
    let id = count_anew(&mut table, id, TOP);
    table.frame(id, &frame(SANDBOX, &[message(TOP + 5, SANDBOX)]));
    table.frame(id, &frame(TEA, &[message(TOP + 6, TEA)]));
    let expected = ["event/1005", "event/1/1005", "event/1/1006"];
    assert_eq!(table.origins(), expected, "both rooms count alike");
    assert_eq!(table.gaps_of(SANDBOX).len(), 1);
    assert_eq!(table.gaps_of(TEA).len(), 1);
    assert_eq!(table.gaps_elsewhere().len(), 1);

    // The next run knows which count it is, and a replay is one.
    let mut table = table.restarted();
    table.log_in();
    let id = table.open(TOP + 6);
    table.frame(id, &frame(SANDBOX, &[message(TOP + 5, SANDBOX)]));
    table.frame(id, &frame(SANDBOX, &[message(TOP + 7, SANDBOX)]));
    assert_eq!(table.origins(), ["event/1/1005", "event/1/1007"]);
}

#[test]
fn a_checkpoint_of_another_encoding_is_left_out() {
    for (version, is_known) in [(1, true), (0, false), (2, false)] {
        let state = format!(
            r#"{{"v":{version},"joined":true,"joined_at":"2025-12-31T00:00:00Z","t":5,"began":5}}"#
        );
        let room = Checkpoint {
            part: "room/4242".into(),
            state: state.into(),
            mark: 5,
        };
        let account = Checkpoint {
            part: "account".into(),
            state: format!(r#"{{"v":{version},"count":3}}"#).into(),
            mark: 5,
        };
        let table = Table::with(rules(&[]), &[room, account]);
        assert_eq!(table.session.rooms.contains_key(&SANDBOX.into()), is_known);
        let count = if is_known { 3 } else { 0 };
        assert_eq!(table.session.identities.count, count, "{version}");
    }
}

#[test]
fn a_journal_of_an_earlier_version_goes_on_without_doubles() {
    let state = format!(
        r#"{{"v":1,"joined":true,"joined_at":"2025-12-31T00:00:00Z","t":{},"began":{TOP}}}"#,
        TOP + 5
    );
    let checkpoint = Checkpoint {
        part: "room/4242".into(),
        state: state.into(),
        mark: TOP + 5,
    };
    let mut table = Table::with(rules(&[SANDBOX]), &[checkpoint]);
    table.log_in();
    let id = table.open(TOP + 5);
    table.frame(id, &frame(SANDBOX, &[message(TOP + 5, SANDBOX)]));
    assert_eq!(table.origins(), [format!("event/{}", TOP + 5)]);
    assert!(table.gaps().is_empty() && table.links_of(SANDBOX).is_empty());
}
