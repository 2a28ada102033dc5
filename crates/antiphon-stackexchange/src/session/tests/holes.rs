//! Holes in the stream: found, filled from the history, or reported as a gap.

use super::*;

/// A session whose room has a hole between `TOP` and `TOP + 5`, found by a frame that has event `TOP + 6`.
fn with_hole() -> (Table, SocketId) {
    let (mut table, id) = Table::served(&[SANDBOX, TEA]);
    table.frame(id, &json!({"r4242": {}}));
    table.pass(1);
    table.frame(
        id,
        &json!({"r4242": {"e": [message(TOP + 6, SANDBOX)], "t": TOP + 6, "d": 1}}),
    );
    (table, id)
}

#[test]
fn a_stretch_that_the_server_left_out_is_fetched_and_comes_before_what_followed() {
    let (mut table, id) = with_hole();
    table.frame(id, &frame(SANDBOX, &[message(TOP + 7, SANDBOX)]));
    table.frame(id, &frame(TEA, &[message(TOP + 8, TEA)]));
    assert_eq!(
        table.origins(),
        [format!("event/{}", TOP + 8)],
        "the room waits, and only it"
    );
    assert_eq!(table.mark(SANDBOX), Some(TOP), "it claims nothing yet");
    let known = [message(TOP + 2, SANDBOX), message(TOP + 6, SANDBOX)];
    let since = table.answer_history(past(&known, true));
    assert_eq!(since, TOP);
    let expected = [2, 6, 7].map(|n| format!("event/{}", TOP + n));
    assert_eq!(table.origins(), expected, "in the order of their ids");
    assert_eq!(table.mark(SANDBOX), Some(TOP + 7));
    assert!(table.gaps_of(SANDBOX).is_empty());
    let drafts = table.stored.iter().filter_map(|entry| entry.event.as_ref());
    let backfilled = drafts.filter(|draft| draft.provenance == Provenance::Backfilled);
    assert_eq!(backfilled.count(), 1);
}

#[test]
fn a_history_that_is_not_whole_is_a_gap_that_names_the_range() {
    let (mut table, id) = with_hole();
    let connection = format!("c{}", id.epoch);
    table.answer_history(past(&[message(TOP + 4, SANDBOX)], false));
    let gaps = table.gaps_of(SANDBOX);
    let [gap] = &gaps[..] else {
        panic!("{gaps:?}");
    };
    assert_eq!(gap.recovered, 1);
    assert_eq!(
        gap.cause,
        format!(
            "{LEFT_OUT}; the history is not whole between event {TOP} and event {}",
            TOP + 4
        )
    );
    assert_eq!(
        (gap.to.connection.as_deref(), gap.to.frame),
        (Some(connection.as_str()), Some(2))
    );
    assert_eq!(table.mark(SANDBOX), Some(TOP + 6));
}

#[test]
fn a_gap_found_on_an_open_socket_begins_at_the_last_frame_that_counted() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    let began = table.now.wall;
    for _ in 0..3 {
        // Heartbeats without counters prove nothing.
        table.pass(15);
        table.frame(id, &json!({"r4242": {}}));
    }
    table.pass(15);
    table.frame(id, &json!({"r4242": {"t": TOP + 6, "d": 1}}));
    table.answer_history(past(&[], false));
    let gaps = table.gaps_of(SANDBOX);
    assert!(gaps[0].from.at <= began, "{gaps:?}");
    assert_eq!(gaps[0].to.at, table.now.wall);
}

#[test]
fn after_an_outage_the_socket_has_ten_seconds_to_show_that_nothing_is_missing() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.cut(id);
    let id = table.reopen(TOP + 3);
    table.frame(id, &json!({"r4242": {"t": TOP + 3, "d": 3}}));
    table.pass(10);
    table.deadline();
    assert!(table.tasks().is_empty(), "it did");
    table.cut(id);
    let id = table.reopen(TOP + 5);
    table.frame(id, &json!({"r4242": {}}));
    table.pass(9);
    table.deadline();
    assert!(table.tasks().is_empty());
    table.pass(1);
    assert_eq!(table.session.deadline(), Some(table.now.at));
    table.deadline();
    assert_eq!(table.answer_history(past(&[], true)), TOP + 3);
}

#[test]
fn the_proof_stands_still_while_nothing_is_read() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.cut(id);
    let id = table.reopen(TOP + 3);
    table.session.stop_reading();
    table.deadline();
    table.pass(600);
    table.deadline();
    table.session.over = false;
    table.deadline();
    table.frame(id, &json!({"r4242": {"t": TOP + 3, "d": 3}}));
    assert!(
        table.tasks().is_empty(),
        "the frame was waiting all the time"
    );
}

#[test]
fn a_history_that_could_not_be_had_is_asked_for_again_and_at_last_a_gap() {
    let (mut table, id) = with_hole();
    for tries in 1..=AGAIN_TRIES {
        let (room, round, since) = table.history();
        assert_eq!(since, TOP);
        table.done(Done::History {
            room,
            round,
            outcome: Err(RequestError::TimedOut(Duration::from_secs(30))),
        });
        let given_up = tries == AGAIN_TRIES;
        assert_eq!(table.gaps_of(SANDBOX).len(), usize::from(given_up));
        table.pass(20);
        table.frame(id, &json!({}));
        table.deadline();
        table.pass(10);
        table.deadline();
    }
    assert_eq!(table.mark(SANDBOX), Some(TOP + 6));
}

#[test]
fn what_is_held_goes_on_after_a_minute_even_without_the_history() {
    let (mut table, id) = with_hole();
    let history = table.history();
    table.pass(30);
    table.frame(id, &json!({}));
    table.pass(29);
    table.deadline();
    assert!(table.origins().is_empty());
    table.pass(1);
    table.deadline();
    assert_eq!(table.origins(), [format!("event/{}", TOP + 6)]);
    assert_eq!(table.mark(SANDBOX), Some(TOP), "the hole is still open");
    let (room, round, _) = history;
    table.done(Done::History {
        room,
        round,
        outcome: Ok(past(&[message(TOP + 2, SANDBOX)], true)),
    });
    assert_eq!(
        table.origins(),
        [format!("event/{}", TOP + 2)],
        "late, but there"
    );
    assert_eq!(table.mark(SANDBOX), Some(TOP + 6));
}

#[test]
fn what_is_held_is_bounded_in_number_and_bytes() {
    let (mut table, id) = with_hole();
    let count = i64::try_from(HOLD_EVENTS).expect("few");
    let events: Vec<Value> = (7..7 + count).map(|n| message(TOP + n, SANDBOX)).collect();
    table.frame(id, &frame(SANDBOX, &events));
    assert_eq!(
        table.origins().len(),
        HOLD_EVENTS + 1,
        "all of them, at once"
    );

    let (mut table, id) = with_hole();
    let mut large = message(TOP + 7, SANDBOX);
    large["content"] = "x".repeat(HOLD_BYTES).into();
    table.frame(id, &frame(SANDBOX, &[large]));
    assert_eq!(table.origins().len(), 2);
}

#[test]
fn a_cut_while_the_history_is_fetched_asks_again_with_the_next_socket() {
    let (mut table, id) = with_hole();
    let (room, round, _) = table.history();
    table.cut(id);
    assert_eq!(
        table.origins(),
        [format!("event/{}", TOP + 6)],
        "what was held"
    );
    table.done(Done::History {
        room,
        round,
        outcome: Ok(past(&[message(TOP + 2, SANDBOX)], true)),
    });
    assert!(table.origins().is_empty(), "of another socket's time");
    table.pass(60);
    table.deadline();
    let tasks = table.answer(TOP + 6);
    assert!(
        tasks
            .iter()
            .any(|task| matches!(task, Task::Open { after, .. } if *after == TOP)),
        "{tasks:?}"
    );
}

#[test]
fn a_second_hole_while_the_history_is_fetched_is_not_passed_over() {
    let (mut table, id) = with_hole();
    let (room, round, _) = table.history();
    // The answer is on its way, and does not have what is left out now.
    table.pass(1);
    table.frame(
        id,
        &json!({"r4242": {"e": [message(TOP + 20, SANDBOX)], "t": TOP + 20, "d": 1}}),
    );
    table.done(Done::History {
        room,
        round,
        outcome: Ok(past(&[message(TOP + 2, SANDBOX)], true)),
    });
    assert_ne!(
        table.mark(SANDBOX),
        Some(TOP + 20),
        "not before it was asked for"
    );
    let all = [message(TOP + 2, SANDBOX), message(TOP + 15, SANDBOX)];
    table.answer_history(past(&all, true));
    let expected = [2, 6, 15, 20].map(|n| format!("event/{}", TOP + n));
    assert_eq!(table.origins(), expected);
    assert_eq!(table.mark(SANDBOX), Some(TOP + 20));
}

#[test]
fn a_server_that_leaves_out_with_every_frame_is_not_followed_without_end() {
    let (mut table, id) = with_hole();
    let mut asked = 0;
    for n in 2..100 {
        let t = TOP + n * 10;
        table.frame(id, &json!({"r4242": {"t": t, "d": 1}}));
        for task in table.tasks() {
            if let Task::History { room, round, .. } = task {
                asked += 1;
                // The next hole is there before the answer.
                table.frame(id, &json!({"r4242": {"t": t + 5, "d": 1}}));
                table.done(Done::History {
                    room,
                    round,
                    outcome: Ok(past(&[], true)),
                });
            }
        }
    }
    assert!(asked < 30, "{asked} requests");
    let t = table.session.rooms[&RoomId::new(SANDBOX)].t;
    assert!(t > Some(TOP + 900), "it goes on");
}

#[test]
fn counters_that_raise_three_false_alarms_are_not_believed_on_this_socket() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    for alarm in 1..=FALSE_ALARMS {
        let t = TOP + i64::from(alarm) * 10;
        table.frame(id, &json!({"r4242": {"t": t, "d": 1}}));
        table.answer_history(past(&[], true));
    }
    assert!(
        table.gaps_of(SANDBOX).is_empty(),
        "nothing of the room was missing"
    );
    table.frame(id, &json!({"r4242": {"t": TOP + 90, "d": 1}}));
    assert!(table.tasks().is_empty());
    table.cut(id);
    let id = table.reopen(TOP + 90);
    table.frame(id, &json!({"r4242": {"t": TOP + 99, "d": 1}}));
    table.history();
}

#[test]
fn what_comes_from_elsewhere_is_reported_as_missing_once_for_an_outage() {
    let (mut table, id) = Table::served(&[SANDBOX, TEA]);
    table.cut(id);
    let id = table.reopen(TOP + 9);
    table.frame(
        id,
        &json!({"r4242": {"t": TOP + 9, "d": 1}, "r17": {"t": TOP + 9, "d": 1}}),
    );
    for task in table.tasks() {
        let Task::History { room, round, .. } = task else {
            panic!("{task:?}");
        };
        table.done(Done::History {
            room,
            round,
            outcome: Ok(past(&[message(TOP + 3, room.get())], true)),
        });
    }
    let gaps = table.gaps();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0].0, "user/99");
    assert_eq!(
        gaps[0].1.cause,
        "it broke; no history has what comes from other rooms"
    );
}

#[test]
fn what_came_from_elsewhere_may_be_missing_in_the_hole_of_any_room() {
    for room in [SANDBOX, TEA] {
        let (mut table, id) = Table::served(&[SANDBOX, TEA]);
        table.frame(id, &json!({format!("r{room}"): {"t": TOP + 9, "d": 1}}));
        table.answer_history(past(&[message(TOP + 3, room)], true));
        let gaps = table.gaps();
        assert_eq!(gaps.len(), 1, "of room {room}: {gaps:?}");
    }
}

#[test]
fn a_socket_that_does_not_prove_itself_after_a_planned_reset_leaves_no_empty_gap() {
    let (mut table, old) = Table::served(&[SANDBOX]);
    table.pass(7200 - 20);
    table.frame(old, &json!({"r4242": {"t": TOP + 1, "d": 1}}));
    let heard = table.now.wall;
    table.pass(20);
    table.deadline();
    let id = table.open(TOP + 9);
    table.frame(id, &json!({"r4242": {}}));
    table.pass(10);
    table.deadline();
    table.answer_history(past(&[], false));
    let gaps = table.gaps_of(SANDBOX);
    assert!(gaps[0].from.at <= heard, "{gaps:?}");
    assert!(!gaps[0].cause.starts_with(';'), "{gaps:?}");
}

#[test]
fn an_old_answer_to_an_announcement_proves_nothing_after_a_later_cut() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.pass(7200);
    table.frame(id, &json!({"r4242": {"t": TOP + 2, "d": 2}}));
    table.deadline();
    let tasks = table.answer(TOP + 2);
    let Some(Task::Open { id: new, .. }) = tasks.first() else {
        panic!("{tasks:?}");
    };
    // The old socket breaks after the announcement; what comes now is not in that answer.
    table.cut(id);
    table.pass(30);
    table.opened(*new);
    table.frame(*new, &json!({"r4242": {}}));
    table.pass(10);
    table.deadline();
    assert_eq!(table.answer_history(past(&[], true)), TOP + 2);
}

#[test]
fn a_gap_after_a_poll_begins_when_the_poll_was_asked_for_and_not_when_its_answer_came() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.cut(id);
    table.pass(60);
    table.deadline();
    table.poll();
    let asked_at = table.now.wall;
    table.tasks();
    table.pass(20);
    table.polled(0, &frame(SANDBOX, &[message(TOP + 3, SANDBOX)]));
    let id = table.reopen(TOP + 9);
    table.frame(id, &json!({"r4242": {"t": TOP + 9, "d": 1}}));
    table.answer_history(past(&[], false));
    let gaps = table.gaps_of(SANDBOX);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(gaps[0].from.at <= asked_at, "{gaps:?}");
}

#[test]
fn a_gap_after_waiting_begins_at_the_last_frame_and_not_at_the_end_of_the_wait() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.frame(id, &frame(SANDBOX, &[message(TOP + 1, SANDBOX)]));
    let heard_at = table.now.wall;
    table.cut(id);
    for _ in 0..10 {
        table.pass(60);
        table.deadline();
        for task in table.tasks() {
            if let Task::Announce { room, round } = task {
                table.done(Done::Announced {
                    room,
                    round,
                    outcome: Err(AnnounceError::Failed(failure("could not reach the server"))),
                });
            }
        }
    }
    let id = table.reopen(TOP + 9);
    table.frame(id, &json!({"r4242": {"t": TOP + 9, "d": 1}}));
    table.answer_history(past(&[], false));
    let gaps = table.gaps();
    assert_eq!(
        gaps.len(),
        2,
        "of the room, and of what comes from elsewhere: {gaps:?}"
    );
    for (_, gap) in gaps {
        assert_eq!(gap.from.at, heard_at);
        assert_eq!(gap.from.frame, Some(1));
    }
}
