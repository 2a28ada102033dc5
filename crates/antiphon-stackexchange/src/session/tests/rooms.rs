//! Joining and leaving rooms, their links, and mentions.

use super::*;

#[test]
fn a_room_is_joined_beside_the_others_and_the_old_socket_goes_on_meanwhile() {
    let (mut table, old) = Table::served(&[SANDBOX]);
    let mut answer = table.join(TEA);
    table.frame(old, &frame(SANDBOX, &[message(TOP + 1, SANDBOX)]));
    assert_eq!(table.origins().len(), 1);
    let tasks = table.answer(TOP + 1);
    let Some(Task::Open { id, rooms, after }) = tasks.first() else {
        panic!("{tasks:?}");
    };
    assert_eq!((rooms.len(), *after), (2, TOP + 1));
    assert!(answer.try_recv().is_err(), "not yet heard");
    table.opened(*id);
    assert!(matches!(answer.try_recv(), Ok(Ok(()))));
    let mut again = table.join(TEA);
    assert!(matches!(again.try_recv(), Ok(Ok(()))), "already joined");
    assert!(table.tasks().is_empty());
}

#[test]
fn a_room_joined_while_a_socket_is_being_opened_gets_another() {
    let mut table = Table::new(&[SANDBOX]);
    table.log_in();
    let tasks = table.answer(TOP);
    let Some(Task::Open { id, .. }) = tasks.first() else {
        panic!("{tasks:?}");
    };
    let mut answer = table.join(TEA);
    assert!(table.tasks().is_empty(), "one after the other");
    table.opened(*id);
    assert!(answer.try_recv().is_err(), "this socket began without it");
    table.open(TOP + 5);
    assert!(matches!(answer.try_recv(), Ok(Ok(()))));
    assert_eq!(table.closes(), [*id]);
}

#[test]
fn a_room_that_is_closed_to_the_account_is_given_up_and_does_not_hold_up_the_others() {
    let mut table = Table::new(&[SANDBOX, TEA]);
    table.log_in();
    let mut answer = table.join(TEA);
    for task in table.tasks() {
        let Task::Announce { room, round } = task else {
            continue;
        };
        let outcome = if room.get() == TEA {
            Err(AnnounceError::Closed)
        } else {
            Ok(top(TOP))
        };
        table.done(Done::Announced {
            room,
            round,
            outcome,
        });
    }
    let told = answer.try_recv().expect("an answer");
    assert!(matches!(told, Err(JoinError::NoSuchRoom(_))), "{told:?}");
    let tasks = table.answer(TOP);
    assert!(
        matches!(&tasks[..], [Task::Open { rooms, .. }] if rooms.len() == 1),
        "{tasks:?}"
    );
}

#[test]
fn joining_is_refused_beyond_a_bound() {
    let rooms: Vec<i64> = (1..=i64::try_from(ROOMS).expect("few")).collect();
    let (mut table, _) = Table::served(&rooms);
    let told = table.join(99_999).try_recv().expect("an answer");
    assert!(
        matches!(told, Err(JoinError::Request(RequestError::Busy(ROOMS)))),
        "{told:?}"
    );
    table.leave(Some(1));
    let mut answer = table.join(99_999);
    table.tasks();
    assert!(answer.try_recv().is_err(), "there is a place again");
}

#[test]
fn a_room_that_is_left_is_not_read_again_after_a_restart() {
    let (mut table, id) = Table::served(&[SANDBOX, TEA]);
    table.leave(Some(TEA));
    assert!(matches!(
        table.tasks()[..],
        [Task::Leave { room: Some(room), .. }] if room.get() == TEA
    ));
    assert!(table.closes().is_empty(), "the other one is still heard");
    table.session.rules.rooms.clear();
    let mut table = table.restarted();
    table.log_in();
    let tasks = table.tasks();
    assert!(
        matches!(&tasks[..], [Task::Announce { room, .. }] if room.get() == SANDBOX),
        "{tasks:?}"
    );
    let id = SocketId { epoch: 0, ..id };
    table.leave(None);
    assert!(!table.closes().contains(&id));
    assert!(table.restarted().session.rooms.is_empty());
}

#[test]
fn a_room_left_while_the_others_are_prepared_does_not_hold_them_up() {
    let mut table = Table::new(&[SANDBOX, TEA]);
    table.log_in();
    for task in table.tasks() {
        if let Task::Announce { room, round } = task
            && room.get() == SANDBOX
        {
            table.done(Done::Announced {
                room,
                round,
                outcome: Ok(top(TOP)),
            });
        }
    }
    table.answer(TOP);
    table.leave(Some(TEA));
    let tasks = table.answer(TOP);
    assert!(
        tasks.iter().any(|task| matches!(task, Task::Open { .. })),
        "{tasks:?}"
    );
}

#[test]
fn what_a_room_missed_before_it_was_left_is_inside_a_gap() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.frame(id, &frame(SANDBOX, &[message(TOP + 1, SANDBOX)]));
    let cut_at = table.now.wall;
    table.cut(id);
    table.pass(30);
    table.leave(Some(SANDBOX));
    let gaps = table.gaps_of(SANDBOX);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(gaps[0].from.at <= cut_at && gaps[0].to.at == table.now.wall);
    // One that missed nothing says nothing.
    let (mut table, _) = Table::served(&[SANDBOX]);
    table.leave(Some(SANDBOX));
    assert!(table.gaps().is_empty());
}

#[test]
fn an_exit_key_and_a_kick_end_the_room_and_are_not_fought() {
    let kick = [
        json!({"event_type": 4, "id": TOP + 1, "room_id": TEA, "user_id": ME, "target_user_id": ME}),
        json!({"event_type": 15, "id": TOP + 2, "room_id": TEA, "user_id": TEO, "target_user_id": ME,
               "content": "priv 13 created"}),
    ];
    for told in [json!({"r17": {"exit": true}}), frame(TEA, &kick)] {
        let (mut table, id) = Table::served(&[SANDBOX, TEA]);
        table.frame(id, &told);
        assert!(!table.session.rooms.contains_key(&RoomId::new(TEA)));
        assert!(!table.kinds().is_empty(), "what ended it is kept");
        let id = {
            table.cut(id);
            table.pass(60);
            table.deadline();
            let tasks = table.tasks();
            assert!(
                matches!(&tasks[..], [Task::Announce { room, .. }] if room.get() == SANDBOX),
                "{tasks:?}"
            );
            id
        };
        table.frame(id, &told);
    }
}

#[test]
fn leaving_by_oneself_or_the_kick_of_another_ends_nothing() {
    let left = json!({"event_type": 4, "id": TOP + 1, "room_id": TEA, "user_id": ME, "target_user_id": ME});
    let other = json!({"event_type": 15, "id": TOP + 2, "room_id": TEA, "user_id": 101,
                       "target_user_id": TEO, "content": "priv 13 created"});
    let (mut table, id) = Table::served(&[TEA]);
    table.frame(id, &frame(TEA, &[left, other]));
    assert!(table.session.rooms.contains_key(&RoomId::new(TEA)));
}

#[test]
fn a_kick_that_is_only_replayed_is_over() {
    let (mut table, id) = Table::served(&[TEA]);
    table.cut(id);
    let id = table.reopen(TOP + 5);
    let kick = [
        json!({"event_type": 4, "id": TOP + 1, "room_id": TEA, "user_id": ME, "target_user_id": ME}),
        json!({"event_type": 15, "id": TOP + 2, "room_id": TEA, "user_id": TEO, "target_user_id": ME,
               "content": "priv 13 created"}),
    ];
    table.frame(id, &json!({"r17": {"e": kick, "t": TOP + 5, "d": 5}}));
    assert_eq!(table.origins().len(), 2);
    assert!(
        table.session.rooms.contains_key(&RoomId::new(TEA)),
        "the room let us in since"
    );
}

#[test]
fn a_timeout_key_is_kept_as_an_event_of_its_room() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.frame(id, &json!({"r4242": {"timeout": "ending in 58 seconds"}}));
    let entry = table.store()[0].clone();
    let draft = entry.event.expect("an event");
    assert_eq!(
        (draft.kind.as_str(), draft.place.as_str()),
        ("stackexchange.timeout", "room/4242")
    );
    assert!(table.session.rooms.contains_key(&RoomId::new(SANDBOX)));
}

#[test]
fn what_comes_from_a_room_the_account_is_not_in_has_a_place_of_its_own() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    let invited = json!({"event_type": 17, "id": TOP + 1, "room_id": 5151, "user_id": TEO, "target_user_id": ME});
    table.frame(id, &frame(SANDBOX, &[invited]));
    let entry = table.store()[0].clone();
    assert_eq!(
        entry.event.expect("an event").place.as_str(),
        "user/99/room/5151"
    );
}

/// A mention of the account.
fn mention(id: i64, room: i64) -> Value {
    json!({"event_type": 8, "id": id, "room_id": room, "user_id": TEO, "target_user_id": ME,
           "message_id": 50_000 + id})
}

/// The acknowledgement that is asked for: its size and first message, and the part and mark that it waits for.
fn acks(table: &mut Table) -> Option<(usize, i64, Part, i64)> {
    table.tasks().into_iter().find_map(|task| match task {
        Task::Ack { ids, part, mark } => Some((ids.len(), ids[0].get(), part, mark)),
        _ => None,
    })
}

#[test]
fn a_mention_is_acknowledged_once_the_checkpoint_behind_it_is_durable() {
    let (mut table, id) = Table::served(&[TEA, SANDBOX]);
    table.frame(id, &frame(SANDBOX, &[mention(TOP + 1, SANDBOX)]));
    let (count, first, part, mark) = acks(&mut table).expect("one");
    assert_eq!((count, first), (1, 50_000 + TOP + 1));
    assert_eq!((&*part, mark), ("room/4242", TOP + 1));
    assert_eq!(
        table.mark(SANDBOX),
        Some(TOP + 1),
        "that mark will be reached"
    );
}

#[test]
fn a_mention_that_waits_for_the_history_is_not_acknowledged_before_it_is_stored() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.frame(
        id,
        &json!({"r4242": {"e": [mention(TOP + 9, SANDBOX)], "t": TOP + 9, "d": 1}}),
    );
    let (room, round, _) = table.history();
    table.frame(id, &json!({"r4242": {}}));
    assert_eq!(acks(&mut table), None, "it is held");
    table.done(Done::History {
        room,
        round,
        outcome: Ok(past(&[], true)),
    });
    table.frame(id, &json!({"r4242": {}}));
    assert_eq!(acks(&mut table).map(|ack| ack.3), Some(TOP + 9));
}

#[test]
fn acknowledgements_go_one_request_at_a_time_and_are_bounded() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    let some = |from: i64, count: i64| -> Vec<Value> {
        (from..from + count)
            .map(|n| mention(TOP + n, SANDBOX))
            .collect()
    };
    table.frame(id, &frame(SANDBOX, &some(1, 1)));
    assert_eq!(acks(&mut table).map(|ack| ack.0), Some(1));
    table.frame(id, &frame(SANDBOX, &some(2, 2000)));
    assert_eq!(acks(&mut table), None, "one is under way");
    assert_eq!(
        table.session.mentions.len(),
        ACKS_WAITING,
        "the oldest are let go"
    );
    let mut requests = Vec::new();
    loop {
        table.done(Done::Acked);
        let Some((count, first, ..)) = acks(&mut table) else {
            break;
        };
        requests.push((count, first - 50_000 - TOP));
    }
    let expected: Vec<_> = (0..10).map(|n| (ACKS, 1002 + n * 100)).collect();
    assert_eq!(
        requests, expected,
        "every one that waited, the oldest first"
    );
}

#[test]
fn only_own_mentions_are_acknowledged_and_none_if_so_configured() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    let mut other = mention(TOP + 1, SANDBOX);
    other["target_user_id"] = TEO.into();
    table.frame(id, &frame(SANDBOX, &[other]));
    assert_eq!(acks(&mut table), None);
    table.session.rules.acknowledge = false;
    table.frame(id, &frame(SANDBOX, &[mention(TOP + 2, SANDBOX)]));
    assert_eq!(acks(&mut table), None);
}

#[test]
fn a_deletion_names_the_event_that_posted_the_message() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    let posted = message(TOP + 1, SANDBOX);
    let mut deleted = event(10, TOP + 2, SANDBOX);
    deleted["message_id"] = posted["message_id"].clone();
    table.frame(id, &frame(SANDBOX, &[posted, deleted]));
    let drafts = table.store();
    let names = drafts[1]
        .event
        .as_ref()
        .and_then(|draft| draft.deletes.clone());
    let expected = format!("message/{}", TOP + 1 + 50_000);
    assert_eq!(names.expect("named").as_str(), expected);
    let more = (0..POSTED + 10).map(|n| message(TOP + 3 + i64::try_from(n).expect("few"), SANDBOX));
    table.frame(id, &frame(SANDBOX, &more.collect::<Vec<_>>()));
    assert_eq!(
        table.session.identities.posted.len(),
        POSTED,
        "a bounded memory"
    );
}

/// Refuses the announcements of one room, and answers all others.
fn refuse(table: &mut Table, closed: i64) -> Vec<Task> {
    let mut others = Vec::new();
    for task in table.tasks() {
        match task {
            Task::Announce { room, round } => {
                let outcome = if room.get() == closed {
                    Err(AnnounceError::Closed)
                } else {
                    Ok(top(TOP))
                };
                table.done(Done::Announced {
                    room,
                    round,
                    outcome,
                });
            }
            other => others.push(other),
        }
    }
    others.extend(table.answer(TOP));
    others
}

#[track_caller]
fn check_stopped(state: &LinkState, expected: &str) {
    let LinkState::Stopped { code, hint, .. } = state else {
        panic!("{state}");
    };
    assert_eq!(code, expected);
    assert!(hint.is_some(), "it says what to do");
}

#[test]
fn the_link_of_a_room_tells_that_it_is_not_open_and_that_it_is_read_again() {
    let mut table = Table::new(&[SANDBOX, TEA]);
    table.log_in();
    let tasks = refuse(&mut table, TEA);
    let links = table.links_of(TEA);
    assert_eq!(links.len(), 1, "{links:?}");
    check_stopped(&links[0], "not-open");
    assert!(table.links_of(SANDBOX).is_empty(), "the others go on");
    let Some(Task::Open { id, .. }) = tasks.last() else {
        panic!("{tasks:?}");
    };
    table.opened(*id);

    // The next run tries again, and says so again; then the client joins it.
    let mut table = table.restarted();
    table.log_in();
    let tasks = refuse(&mut table, TEA);
    assert_eq!(table.links_of(TEA).len(), 2);
    let Some(Task::Open { id, .. }) = tasks.last() else {
        panic!("{tasks:?}");
    };
    table.opened(*id);
    table.join(TEA);
    table.open(TOP);
    let links = table.links_of(TEA);
    assert_eq!(links.len(), 3);
    let since = table.now.wall;
    assert_eq!(links[2], LinkState::Connected { since });
    table.cut(SocketId { line: 0, epoch: 0 });
    assert_eq!(table.links_of(TEA).len(), 3, "said once");
}

#[test]
fn the_link_of_a_room_is_remembered_over_a_restart() {
    let mut table = Table::new(&[SANDBOX, TEA]);
    table.log_in();
    refuse(&mut table, TEA);
    let mut table = table.restarted();
    table.log_in();
    table.open(TOP);
    let links = table.links_of(TEA);
    assert!(links.len() == 2 && links[1].is_connected(), "{links:?}");
    assert!(table.links_of(SANDBOX).is_empty());
}

#[test]
fn the_link_of_a_room_tells_that_the_account_was_removed_or_left() {
    let (mut table, id) = Table::served(&[SANDBOX, TEA]);
    table.frame(id, &json!({"r17": {"exit": true}}));
    check_stopped(&table.links_of(TEA)[0], "removed");
    table.leave(Some(SANDBOX));
    check_stopped(&table.links_of(SANDBOX)[0], "left");
    table.leave(Some(SANDBOX));
    assert_eq!(table.links_of(SANDBOX).len(), 1, "said once");
}

#[test]
fn rooms_that_were_only_tried_leave_nothing_behind_and_the_memory_of_them_is_bounded() {
    let (mut table, _) = Table::served(&[SANDBOX]);
    let count = i64::try_from(ENDED).expect("few") + 50;
    for room in 0..count {
        table.join(100_000 + room);
        for task in refuse(&mut table, 100_000 + room) {
            if let Task::Open { id, .. } = task {
                table.opened(id);
            }
        }
    }
    assert_eq!(table.session.ended.len(), ENDED);
    let parts: Vec<Part> = table
        .checkpoints()
        .into_iter()
        .map(|kept| kept.part)
        .collect();
    assert_eq!(parts, ["account".into(), "room/4242".into()]);
}
