//! Events from elsewhere while a line polls.

use super::*;

/// A session that polls for a minute or so, after a socket with two frames.
fn polling() -> (Table, SocketId) {
    let (mut table, id) = Table::served(&[SANDBOX, TEA]);
    table.frame(id, &frame(SANDBOX, &[message(TOP + 1, SANDBOX)]));
    table.pass(1);
    table.frame(id, &json!({"r4242": {}, "r17": {}}));
    table.cut(id);
    table.pass(60);
    table.deadline();
    table.poll();
    table.tasks();
    (table, id)
}

/// A poll whose answer moved every room on.
fn move_on(table: &mut Table, count: i64) {
    table.polled(
        0,
        &json!({"r4242": {"t": TOP + count, "d": count}, "r17": {"t": TOP + count, "d": count}}),
    );
}

#[track_caller]
fn check_edge(edge: &Edge, id: SocketId, frame: u64) {
    let connection = format!("c{}", id.epoch);
    assert_eq!(
        (edge.connection.as_deref(), edge.frame),
        (Some(&*connection), Some(frame))
    );
}

#[track_caller]
fn only_gap(table: &mut Table) -> Gap {
    let mut gaps = table.gaps_elsewhere();
    assert_eq!(gaps.len(), 1, "{gaps:#?}");
    gaps.remove(0)
}

#[test]
fn what_no_poll_brings_is_a_gap_from_the_last_frame_of_a_socket_to_the_first_of_the_next() {
    let (mut table, old) = polling();
    move_on(&mut table, 5);
    table.pass(30);
    move_on(&mut table, 9);
    let new = table.reopen(TOP + 9);
    assert!(table.gaps_elsewhere().is_empty(), "not before it is heard");
    table.pass(1);
    table.frame(new, &json!({"r4242": {}}));
    let gap = only_gap(&mut table);
    check_edge(&gap.from, old, 2);
    check_edge(&gap.to, new, 1);
    assert_eq!(gap.to.at, table.now.wall);
    assert_eq!(
        gap.cause,
        "no socket today; no poll brings what comes from other rooms"
    );
    table.frame(new, &json!({"r4242": {}}));
    table.cut(new);
    let id = table.reopen(TOP + 9);
    table.frame(id, &json!({"r4242": {"t": TOP + 9, "d": 0}}));
    only_gap(&mut table);
    assert_eq!(table.gaps().len(), 1, "nothing of the rooms is missing");
}

#[test]
fn what_the_next_socket_says_again_is_no_gap() {
    // No poll was answered, or none went past what the sockets said.
    for answered in [false, true] {
        let (mut table, _) = polling();
        if answered {
            table.polled(0, &json!({"r4242": {}}));
        }
        let new = table.reopen(TOP + 1);
        table.frame(new, &json!({"r4242": {}}));
        assert!(table.gaps().is_empty());
    }
    // Of two rooms one stands where it stood, so that the socket begins there.
    let (mut table, _) = polling();
    table.polled(0, &json!({"r4242": {"t": TOP + 5, "d": 5}}));
    let new = table.reopen(TOP + 5);
    let invited = json!({"event_type": 17, "id": TOP + 3, "room_id": 5151, "user_id": TEO});
    table.frame(
        new,
        &json!({"r17": {"e": [invited], "t": TOP + 5, "d": 5}, "r4242": {"t": TOP + 5, "d": 5}}),
    );
    assert!(table.gaps().is_empty());
    let entries = table.stored.iter().filter_map(|entry| entry.event.as_ref());
    let invited = entries.filter(|draft| draft.kind.as_str() == "stackexchange.Invitation");
    assert_eq!(invited.count(), 1);
}

#[test]
fn a_socket_that_begins_later_than_it_was_asked_to_says_nothing_again() {
    // Asked for before the poll was answered, from where the rooms stood then; it goes back so far.
    for (back, gaps) in [(5, 0), (0, 1)] {
        let (mut table, old) = polling();
        table.pass(60);
        table.deadline();
        let tasks = table.answer(TOP + 5);
        let asked = tasks.iter().find_map(|task| match task {
            Task::Open { id, after, .. } => Some((*id, *after)),
            _ => None,
        });
        let (new, after) = asked.expect("a socket is asked for");
        assert_eq!(after, TOP);
        move_on(&mut table, 5);
        table.opened(new);
        assert!(table.gaps_elsewhere().is_empty());
        let part = json!({"t": TOP + 5, "d": back});
        table.frame(new, &json!({"r4242": part, "r17": part}));
        let told = table.gaps_elsewhere();
        assert_eq!(told.len(), gaps, "{told:#?}");
        for gap in told {
            check_edge(&gap.from, old, 2);
            check_edge(&gap.to, new, 1);
        }
        assert!(
            table
                .session
                .lines
                .values()
                .all(|line| line.unheard.is_none())
        );
    }
}

#[test]
fn a_socket_that_was_asked_to_begin_early_and_dies_unheard_ends_no_gap() {
    let (mut table, old) = polling();
    table.pass(60);
    table.deadline();
    let tasks = table.answer(TOP + 5);
    let Some(Task::Open { id: unheard, .. }) = tasks.first() else {
        panic!("no socket is asked for: {tasks:?}");
    };
    let unheard = *unheard;
    move_on(&mut table, 5);
    table.opened(unheard);
    table.cut(unheard);
    let new = table.reopen(TOP + 5);
    table.frame(new, &json!({"r4242": {}}));
    let gap = only_gap(&mut table);
    check_edge(&gap.from, old, 2);
    check_edge(&gap.to, new, 1);
}

#[test]
fn a_socket_that_dies_before_its_first_frame_ends_no_gap() {
    let (mut table, old) = polling();
    move_on(&mut table, 5);
    let unheard = table.reopen(TOP + 5);
    table.cut(unheard);
    let new = table.reopen(TOP + 5);
    table.frame(new, &json!({"r4242": {}}));
    let gap = only_gap(&mut table);
    check_edge(&gap.from, old, 2);
    check_edge(&gap.to, new, 1);
}

#[test]
fn a_socket_that_tells_no_counter_may_have_begun_anywhere() {
    let (mut table, old) = Table::served(&[SANDBOX]);
    table.frame(old, &json!({"r4242": {"t": TOP, "d": 0}}));
    table.cut(old);
    // Something came from elsewhere between the announcement and the socket, which does not say so.
    let silent = table.reopen(TOP);
    table.pass(1);
    table.frame(silent, &json!({"r4242": {}}));
    table.cut(silent);
    table.pass(60);
    table.deadline();
    table.poll();
    table.tasks();
    table.polled(0, &json!({"r4242": {"t": TOP + 5, "d": 5}}));
    let new = table.reopen(TOP + 5);
    table.frame(new, &json!({"r4242": {}}));
    let gap = only_gap(&mut table);
    check_edge(&gap.from, old, 1);
    check_edge(&gap.to, new, 1);
}

#[test]
fn a_kill_while_polling_forgets_no_gap_and_tells_none_twice() {
    let (mut table, old) = polling();
    move_on(&mut table, 5);
    table.store();
    let mut table = table.restarted();
    table.log_in();
    let new = table.open(TOP + 5);
    table.frame(new, &json!({"r4242": {}}));
    let gap = only_gap(&mut table);
    check_edge(&gap.from, old, 2);
    check_edge(&gap.to, new, 1);
    let mut table = table.restarted();
    table.log_in();
    let id = table.open(TOP + 5);
    table.frame(id, &json!({"r4242": {}}));
    only_gap(&mut table);
}

#[test]
fn a_program_that_was_killed_before_it_polls_begins_the_gap_where_the_run_before_ended() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.frame(id, &frame(SANDBOX, &[message(TOP + 1, SANDBOX)]));
    let last = table.now.wall;
    table.store();
    table.pass(600);
    let mut table = table.restarted();
    table.log_in();
    table.poll();
    table.tasks();
    table.polled(0, &json!({"r4242": {"t": TOP + 5, "d": 4}}));
    let new = table.reopen(TOP + 5);
    table.frame(new, &json!({"r4242": {}}));
    let gap = only_gap(&mut table);
    assert_eq!(gap.from.at, last);
    check_edge(&gap.from, id, 1);
    check_edge(&gap.to, new, 1);
}

#[test]
fn a_stop_while_polling_tells_what_is_missing_by_then_and_the_next_run_the_rest_if_any() {
    let (mut table, old) = polling();
    move_on(&mut table, 5);
    table.pass(10);
    table.session.report_unheard(table.now);
    let gap = only_gap(&mut table);
    check_edge(&gap.from, old, 2);
    assert_eq!(gap.to.at, table.now.wall);
    let stopped = table.now.wall;
    table.session.report_unheard(table.now);
    only_gap(&mut table);
    table.pass(600);

    // A socket says again what came since.
    let mut next = table.restarted();
    next.log_in();
    let id = next.open(TOP + 5);
    next.frame(id, &json!({"r4242": {}}));
    only_gap(&mut next);

    // Another poll goes past it.
    let mut next = table.restarted();
    next.log_in();
    next.poll();
    next.tasks();
    move_on(&mut next, 9);
    let id = next.reopen(TOP + 9);
    next.frame(id, &json!({"r4242": {}}));
    let gaps = next.gaps_elsewhere();
    assert_eq!(gaps.len(), 2, "{gaps:#?}");
    assert_eq!(gaps[1].from.at, stopped);
    check_edge(&gaps[1].to, id, 1);
}

#[test]
fn lines_that_poll_at_the_same_time_tell_one_gap() {
    let (mut table, ids) = Table::served_each(&[TEA, SANDBOX]);
    let count = json!({"t": TOP, "d": 0});
    for id in &ids {
        table.frame(*id, &json!({"r4242": count, "r17": count}));
        table.pass(10);
    }
    for id in &ids {
        table.cut(*id);
    }
    let refused = || Failure {
        step: Step::Socket,
        ..failure("no socket today")
    };
    let mut last = Vec::new();
    for tries in 0..=REFUSED {
        table.pass(60);
        table.deadline();
        last = table.answer(TOP);
        let opens = last.iter().filter_map(|task| match task {
            Task::Open { id, .. } => Some(*id),
            _ => None,
        });
        for id in opens.collect::<Vec<_>>() {
            if tries < REFUSED {
                table.done(Done::Opened {
                    id,
                    outcome: Err(refused()),
                });
            }
        }
        if tries == REFUSED - 1 {
            for room in [TEA, SANDBOX] {
                table.polled(room, &json!({format!("r{room}"): {"t": TOP + 5, "d": 5}}));
            }
        }
    }
    let opens = last.iter().filter_map(|task| match task {
        Task::Open { id, .. } => Some(*id),
        _ => None,
    });
    let opens: Vec<SocketId> = opens.collect();
    assert_eq!(opens.len(), 2);
    for id in &opens {
        table.opened(*id);
        table.pass(7);
        table.frame(*id, &json!({"r4242": {}, "r17": {}}));
    }
    let gap = only_gap(&mut table);
    check_edge(&gap.from, ids[0], 1);
    check_edge(&gap.to, opens[1], 1);
}

#[test]
fn a_hole_that_a_poll_finds_is_inside_the_same_gap() {
    let (mut table, old) = polling();
    table.polled(
        0,
        &json!({"r4242": {"t": TOP + 9, "d": 2}, "r17": {"t": TOP + 9, "d": 9}}),
    );
    table.answer_history(past(&[], true));
    assert!(table.gaps_elsewhere().is_empty());
    let new = table.reopen(TOP + 9);
    table.frame(new, &json!({"r4242": {}}));
    let gap = only_gap(&mut table);
    check_edge(&gap.from, old, 2);
    check_edge(&gap.to, new, 1);
}

#[test]
fn a_line_without_rooms_tells_its_gap_at_once() {
    let (mut table, old) = polling();
    move_on(&mut table, 5);
    table.leave(None);
    let gap = only_gap(&mut table);
    check_edge(&gap.from, old, 2);
    assert_eq!(gap.to.at, table.now.wall);
    let mut table = table.restarted();
    table.session.rules.rooms.clear();
    table.log_in();
    only_gap(&mut table);
}

#[test]
fn a_link_that_polls_says_so_and_why() {
    let (mut table, _) = polling();
    table.session.take_link();
    move_on(&mut table, 5);
    let since = table.now.wall;
    let expected = LinkState::Polling {
        since,
        reason: "no socket today".into(),
    };
    assert_eq!(table.session.take_link(), Some(expected));
    table.pass(5);
    move_on(&mut table, 6);
    assert_eq!(table.session.take_link(), None, "said once");
    table.reopen(TOP + 6);
    let link = table.session.take_link();
    assert!(
        matches!(link, Some(LinkState::Connected { since }) if since == table.now.wall),
        "{link:?}"
    );
}
