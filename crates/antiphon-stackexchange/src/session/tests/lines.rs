//! Sockets: opening, silence, planned resets, polling in their place.

use super::*;

/// The counts after which the requested sockets begin.
fn after(tasks: &[Task]) -> Vec<i64> {
    let opens = tasks.iter().filter_map(|task| match task {
        Task::Open { after, .. } => Some(*after),
        _ => None,
    });
    opens.collect()
}

#[test]
fn a_socket_is_asked_for_only_once_the_checkpoints_of_its_rooms_are_durable() {
    let mut table = Table::new(&[SANDBOX, TEA]);
    table.log_in();
    for task in table.tasks() {
        let Task::Announce { room, round } = task else {
            panic!("{task:?}");
        };
        table.done(Done::Announced {
            room,
            round,
            outcome: Ok(top(TOP)),
        });
    }
    let waits = table.tasks();
    assert!(after(&waits).is_empty(), "nothing is durable yet");
    assert_eq!(
        (table.mark(SANDBOX), table.mark(TEA)),
        (Some(TOP), Some(TOP))
    );
    for (number, wait) in waits.into_iter().enumerate() {
        let Task::Stored { room, mark, .. } = wait else {
            panic!("{wait:?}");
        };
        assert_eq!(mark, TOP);
        table.done(Done::Stored { room });
        assert_eq!(after(&table.tasks()).len(), number, "once both are");
    }
}

#[test]
fn a_shared_socket_resumes_from_the_smallest_count_of_its_rooms() {
    let (mut table, id) = Table::served(&[SANDBOX, TEA]);
    table.frame(id, &frame(SANDBOX, &[message(TOP + 7, SANDBOX)]));
    table.frame(id, &json!({"r17": {"t": TOP + 5, "d": 5}}));
    table.cut(id);
    table.pass(60);
    table.deadline();
    assert_eq!(after(&table.answer(TOP + 7)), [TOP + 5]);
}

#[test]
fn with_a_socket_each_every_room_resumes_from_its_own_count() {
    let mut rules = rules(&[SANDBOX, TEA]);
    rules.sockets = Sockets::PerRoom;
    let mut table = Table::with(rules, &[]);
    table.log_in();
    assert_eq!(after(&table.answer(TOP)), [TOP, TOP]);
    let sockets = [(TEA, 5), (SANDBOX, 9)].map(|(room, more)| {
        let line = table.session.lines.get(&room).expect("a line");
        let super::line::Phase::Opening { epoch, .. } = line.phase else {
            panic!("{:?}", line.phase);
        };
        (SocketId { line: room, epoch }, room, more)
    });
    for (id, room, more) in sockets {
        table.opened(id);
        table.frame(
            id,
            &json!({format!("r{room}"): {"t": TOP + more, "d": more}}),
        );
    }
    for (id, ..) in sockets {
        table.cut(id);
    }
    table.pass(60);
    table.deadline();
    assert_eq!(after(&table.answer(TOP + 9)), [TOP + 5, TOP + 9]);
}

#[test]
fn with_a_socket_each_a_room_is_heard_on_its_own_alone() {
    let mut rules = rules(&[SANDBOX, TEA]);
    rules.sockets = Sockets::PerRoom;
    let mut table = Table::with(rules, &[]);
    table.log_in();
    let opens: Vec<SocketId> = table
        .answer(TOP)
        .iter()
        .filter_map(|task| match task {
            Task::Open { id, .. } => Some(*id),
            _ => None,
        })
        .collect();
    let [tea, sandbox] = opens[..] else {
        panic!("{opens:?}");
    };
    table.opened(tea);
    table.opened(sandbox);
    table.store();
    // Every socket tells every room, and the sandbox's own is slower here.
    let both = [message(TOP + 8, SANDBOX), message(TOP + 9, SANDBOX)];
    table.frame(tea, &frame(SANDBOX, &both[1..]));
    assert!(table.origins().is_empty());
    table.frame(sandbox, &frame(SANDBOX, &both));
    let expected = [8, 9].map(|n| format!("event/{}", TOP + n));
    assert_eq!(table.origins(), expected);
    assert!(table.tasks().is_empty(), "there was no hole");
}

#[test]
fn a_restart_resumes_from_the_checkpoint() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.frame(id, &frame(SANDBOX, &[message(TOP + 1, SANDBOX)]));
    let mut table = table.restarted();
    table.log_in();
    assert_eq!(after(&table.answer(TOP + 40)), [TOP + 1]);
}

#[test]
fn a_lost_socket_is_opened_anew_after_two_seconds_at_least() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.session.take_link();
    table.cut(id);
    assert!(matches!(
        table.session.take_link(),
        Some(LinkState::Waiting { reason, .. }) if reason == "it broke"
    ));
    let due = table.session.deadline().expect("a wait");
    assert!(due >= table.now.at + RECONNECT_AFTER);
    assert!(due <= table.now.at + RECONNECT_AT_MOST);
    table.now.at = due;
    table.deadline();
    assert!(matches!(table.tasks()[..], [Task::Announce { .. }]));
}

#[test]
fn a_socket_that_says_nothing_for_45_seconds_is_given_up() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.pass(30);
    table.frame(id, &json!({"r4242": {}}));
    table.pass(44);
    table.deadline();
    assert!(table.closes().is_empty(), "a heartbeat counts");
    table.pass(1);
    assert_eq!(table.session.deadline(), Some(table.now.at));
    table.deadline();
    assert_eq!(table.closes(), [id]);
}

#[test]
fn waits_for_frames_stand_still_while_nothing_is_read() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.pass(20);
    table.session.stop_reading();
    table.deadline();
    table.pass(3600);
    table.deadline();
    assert!(table.closes().is_empty(), "the silence is our own");
    table.session.over = false;
    table.deadline();
    table.pass(24);
    table.deadline();
    assert!(table.closes().is_empty(), "it takes up where it stood");
    table.pass(1);
    table.deadline();
    assert_eq!(table.closes(), [id]);
}

#[test]
fn a_socket_opened_while_nothing_was_read_is_not_trusted_for_longer() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.session.stop_reading();
    table.deadline();
    table.cut(id);
    table.pass(3600);
    table.deadline();
    let id = table.open(TOP);
    table.session.over = false;
    table.deadline();
    table.pass(45);
    table.deadline();
    assert_eq!(table.closes().last(), Some(&id), "45 s, not an hour more");
}

#[test]
fn the_planned_reset_opens_the_new_socket_before_the_old_one_goes() {
    let (mut table, old) = Table::served(&[SANDBOX]);
    table.session.take_link();
    table.pass(7200 - 20);
    table.frame(old, &frame(SANDBOX, &[message(TOP + 1, SANDBOX)]));
    table.pass(20);
    table.deadline();
    let tasks = table.answer(TOP + 1);
    assert_eq!(after(&tasks), [TOP + 1]);
    let Some(Task::Open { id, .. }) = tasks.first() else {
        panic!("{tasks:?}");
    };
    // What the old one still says is heard, and what the new one repeats is not stored twice.
    table.frame(old, &frame(SANDBOX, &[message(TOP + 2, SANDBOX)]));
    table.opened(*id);
    assert_eq!(table.closes(), [old]);
    table.frame(old, &frame(SANDBOX, &[message(TOP + 4, SANDBOX)]));
    let both = [message(TOP + 2, SANDBOX), message(TOP + 3, SANDBOX)];
    table.frame(*id, &frame(SANDBOX, &both));
    let origins = table.origins();
    let expected = [1, 2, 3].map(|n| format!("event/{}", TOP + n));
    assert_eq!(origins, expected, "the old one is not read any more");
    assert!(table.gaps().is_empty());
    assert_eq!(table.session.take_link(), None, "the link never went down");
}

#[test]
fn a_reset_key_brings_a_new_socket_but_not_at_every_frame() {
    for reset in [json!({"reset": true}), json!({"r4242": {"reset": true}})] {
        let (mut table, id) = Table::served(&[SANDBOX]);
        table.pass(3);
        table.frame(id, &reset);
        table.frame(id, &reset);
        table.deadline();
        assert!(table.tasks().is_empty(), "not at once: it is new");
        assert_eq!(table.kinds(), ["stackexchange.reset"; 2], "each is kept");
        table.pass(7);
        table.deadline();
        assert_eq!(
            after(&table.answer(TOP)),
            [TOP],
            "but ten seconds after it began"
        );
    }
}

#[test]
fn three_refused_sockets_bring_polling_and_a_socket_ends_it() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.cut(id);
    table.pass(60);
    table.deadline();
    table.poll();
    let tasks = table.tasks();
    let [Task::Poll { line: 0, rooms }] = &tasks[..] else {
        panic!("{tasks:?}");
    };
    assert_eq!(rooms[..], [(RoomId::new(SANDBOX), TOP)]);
    table.session.take_link();
    table.polled(0, &frame(SANDBOX, &[message(TOP + 1, SANDBOX)]));
    assert_eq!(table.origins(), [format!("event/{}", TOP + 1)]);
    assert!(
        table
            .session
            .take_link()
            .is_some_and(|state| state.is_connected())
    );
    let mut tasks = Vec::new();
    for _ in 0..20 {
        // A poll under way is not joined by another.
        table.pass(5);
        table.deadline();
        tasks.extend(table.answer(TOP + 1));
    }
    let polls: Vec<i64> = tasks
        .iter()
        .filter_map(|task| match task {
            Task::Poll { rooms, .. } => Some(rooms[0].1),
            _ => None,
        })
        .collect();
    assert_eq!(polls, [TOP + 1]);
    assert_eq!(after(&tasks), [TOP + 1], "the next socket, meanwhile");
    let id = tasks.iter().find_map(|task| match task {
        Task::Open { id, .. } => Some(*id),
        _ => None,
    });
    let id = id.expect("asked for");
    table.opened(id);
    assert!(!table.session.is_polling());
    table.frame(id, &frame(SANDBOX, &[message(TOP + 2, SANDBOX)]));
    assert_eq!(table.origins(), [format!("event/{}", TOP + 2)]);
    assert!(table.gaps_of(SANDBOX).is_empty());
    assert_eq!(
        table.gaps_elsewhere().len(),
        1,
        "no poll brings invitations"
    );
}

#[test]
fn a_poll_that_begins_to_work_does_not_undo_what_is_prepared_for_a_socket() {
    let (mut table, id) = Table::served(&[SANDBOX, TEA]);
    table.cut(id);
    table.pass(60);
    table.deadline();
    table.poll();
    table.tasks();
    // The next socket is being prepared when the poll is answered.
    table.pass(60);
    table.deadline();
    let mut announced = table.tasks().into_iter().filter_map(|task| match task {
        Task::Announce { room, round } => Some((room, round)),
        _ => None,
    });
    let mut answer = |table: &mut Table| {
        let (room, round) = announced.next().expect("two announcements");
        table.done(Done::Announced {
            room,
            round,
            outcome: Ok(top(TOP)),
        });
    };
    answer(&mut table);
    table.polled(0, &json!({}));
    answer(&mut table);
    assert_eq!(
        after(&table.tasks()),
        [TOP],
        "the socket is still asked for"
    );
}

#[test]
fn a_room_joined_while_polling_is_polled_and_its_joining_answered() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.cut(id);
    table.pass(60);
    table.deadline();
    table.poll();
    table.polled(0, &json!({"r4242": {}}));
    table.tasks();
    let mut answer = table.join(TEA);
    table.pass(60);
    table.deadline();
    table.answer(TOP);
    table.polled(0, &json!({"r4242": {}}));
    table.pass(5);
    table.deadline();
    let tasks = table.tasks();
    assert!(
        tasks
            .iter()
            .any(|task| matches!(task, Task::Poll { rooms, .. } if rooms.len() == 2)),
        "{tasks:?}"
    );
    table.polled(0, &json!({"r4242": {}, "r17": {}}));
    assert!(matches!(answer.try_recv(), Ok(Ok(()))));
}

#[test]
fn lines_that_poll_have_names_of_their_own() {
    let mut rules = rules(&[SANDBOX, TEA]);
    rules.sockets = Sockets::PerRoom;
    let mut table = Table::with(rules, &[]);
    table.log_in();
    for _ in 0..REFUSED {
        for task in table.answer(TOP) {
            if let Task::Open { id, .. } = task {
                let refused = Failure {
                    step: Step::Socket,
                    ..failure("no socket today")
                };
                table.done(Done::Opened {
                    id,
                    outcome: Err(refused),
                });
            }
        }
        table.pass(60);
        table.deadline();
    }
    table.store();
    table.polled(TEA, &json!({"mystery": 1}));
    table.polled(SANDBOX, &json!({"mystery": 1}));
    let origins = table.origins();
    assert_eq!(origins.len(), 2);
    assert_ne!(origins[0], origins[1], "the second would count as a repeat");
}

#[test]
fn a_socket_that_comes_too_late_is_closed() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    let late = SocketId {
        epoch: id.epoch + 100,
        ..id
    };
    table.opened(late);
    assert_eq!(table.closes(), [late]);
    table.leave(Some(SANDBOX));
    assert_eq!(table.closes(), [id], "no room is left");
    table.opened(late);
    assert_eq!(table.closes(), [late]);
}
