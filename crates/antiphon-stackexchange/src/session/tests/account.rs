//! The login, and the link.

use super::*;

#[test]
fn a_login_that_a_person_must_mend_stops_for_good() {
    let mut table = Table::new(&[SANDBOX]);
    let answer = {
        table.session.start();
        table.tasks();
        let challenged = Failure::from(
            OpenFailure::new("a human is asked for").fatal("captcha", "log in with a browser"),
        );
        table.done(Done::LoggedIn(Err(challenged)));
        table.session.take_link()
    };
    let Some(LinkState::Stopped { code, hint, .. }) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(
        (code.as_str(), hint.as_deref()),
        ("captcha", Some("log in with a browser"))
    );
    assert!(table.session.is_stopped() && !table.session.wants_frames());
    assert_eq!(table.session.deadline(), None, "never tried again");
    table.pass(86_400);
    table.deadline();
    assert!(table.tasks().is_empty());
    assert_eq!(table.kinds(), ["antiphon.link"], "said once");
}

#[test]
fn a_login_that_could_not_be_sent_is_tried_again_after_a_growing_pause() {
    let mut table = Table::new(&[SANDBOX]);
    table.session.start();
    table.tasks();
    for _ in 0..8 {
        table.done(Done::LoggedIn(Err(failure("could not reach the server"))));
        let due = table.session.deadline().expect("another try");
        let pause = due - table.now.at;
        assert!(
            pause >= RECONNECT_AFTER && pause <= RECONNECT_AT_MOST,
            "{pause:?}"
        );
        assert!(matches!(
            table.session.take_link(),
            Some(LinkState::Waiting { .. })
        ));
        table.pass(60);
        table.deadline();
        assert!(matches!(table.tasks()[..], [Task::LogIn]));
    }
}

#[test]
fn a_wait_that_the_server_asks_for_is_kept() {
    let mut table = Table::new(&[SANDBOX]);
    table.session.start();
    let asked = Duration::from_secs(600);
    table.done(Done::LoggedIn(Err(OpenFailure::new("slow down")
        .wait(Some(asked))
        .into())));
    assert_eq!(table.session.deadline(), Some(table.now.at + asked));

    let (mut table, id) = Table::served(&[SANDBOX]);
    table.cut(id);
    table.pass(60);
    table.deadline();
    let Task::Announce { room, round } = table.tasks()[0] else {
        panic!("an announcement");
    };
    table.done(Done::Announced {
        room,
        round,
        outcome: Err(AnnounceError::Failed(
            OpenFailure::new("slow down").wait(Some(asked)).into(),
        )),
    });
    assert_eq!(table.session.deadline(), Some(table.now.at + asked));
}

#[test]
fn a_wait_is_not_cut_short_by_joining_a_room() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.cut(id);
    let due = table.session.deadline();
    let mut answer = table.join(TEA);
    assert!(table.tasks().is_empty(), "the server is left alone");
    assert_eq!(table.session.deadline(), due);
    table.reopen(TOP);
    assert!(
        matches!(answer.try_recv(), Ok(Ok(()))),
        "then both are joined"
    );
}

#[test]
fn trouble_that_only_a_person_can_mend_stops_every_line_and_tells_who_waits() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    let mut answer = table.join(TEA);
    let Task::Announce { room, round } = table.tasks()[0] else {
        panic!("an announcement");
    };
    let challenged = Failure::from(
        OpenFailure::new("a human is asked for").fatal("captcha", "log in with a browser"),
    );
    table.done(Done::Announced {
        room,
        round,
        outcome: Err(AnnounceError::Failed(challenged)),
    });
    assert!(table.session.is_stopped());
    assert_eq!(table.closes(), [id]);
    let told = answer.try_recv().expect("an answer");
    assert!(matches!(told, Err(JoinError::NotConnected(_))), "{told:?}");
}

#[test]
fn the_link_is_up_while_any_socket_is_and_is_told_once() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    assert!(matches!(
        table.session.take_link(),
        Some(LinkState::Connected { .. })
    ));
    // The planned replacement fails; the old socket goes on, and so does the link.
    table.pass(7200 - 40);
    table.frame(id, &json!({}));
    table.pass(40);
    table.deadline();
    let Task::Announce { room, round } = table.tasks()[0] else {
        panic!("an announcement");
    };
    table.done(Done::Announced {
        room,
        round,
        outcome: Err(AnnounceError::Failed(failure("busy"))),
    });
    assert_eq!(table.session.take_link(), None);
    assert!(!table.kinds().contains(&"antiphon.link".to_owned()));
}

#[test]
fn a_replacement_that_fails_does_not_bring_the_link_down_when_another_line_speaks() {
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
    let [first, second] = opens[..] else {
        panic!("{opens:?}");
    };
    table.opened(first);
    table.opened(second);
    assert!(
        table
            .session
            .take_link()
            .is_some_and(|state| state.is_connected())
    );
    table.pass(7200 - 40);
    table.frame(first, &json!({}));
    table.frame(second, &json!({}));
    table.pass(40);
    table.deadline();
    for task in table.tasks() {
        let Task::Announce { room, round } = task else {
            panic!("{task:?}");
        };
        let outcome = if room.get() == first.line {
            Err(AnnounceError::Failed(failure("busy")))
        } else {
            Ok(top(TOP))
        };
        table.done(Done::Announced {
            room,
            round,
            outcome,
        });
    }
    table.open(TOP);
    assert_eq!(table.session.take_link(), None, "both are heard");
}

#[test]
fn a_full_buffer_stops_the_reading_and_is_counted_as_it_empties() {
    let mut rules = rules(&[SANDBOX]);
    rules.buffer_bytes = 4000;
    let mut table = Table::with(rules, &[]);
    table.log_in();
    let id = table.open(TOP);
    table.store();
    for round in 0..200 {
        let mut id_of = TOP + round * 100;
        while table.session.wants_frames() {
            id_of += 1;
            table.frame(id, &frame(SANDBOX, &[message(id_of, SANDBOX)]));
        }
        // Never quite empty: reading goes on as soon as there is room again.
        while !table.session.wants_frames() {
            let entry = table.session.outbox.take();
            assert!(
                entry.is_some(),
                "counted in, and not counted out, in round {round}"
            );
        }
    }
}

#[test]
fn nothing_is_read_before_the_login_and_after_the_stop() {
    let mut table = Table::new(&[SANDBOX]);
    table.session.start();
    assert!(!table.session.wants_frames() && !table.session.wants_command());
    let (mut table, _) = Table::served(&[SANDBOX]);
    assert!(table.session.wants_frames() && table.session.wants_command());
    table.session.stop_reading();
    assert!(!table.session.wants_frames() && !table.session.wants_command());
}

/// A status in place of the login page.
fn status() -> Failure {
    Failure {
        step: Step::LoginPage,
        ..failure("the page https://x.example/users/login answered with status 403")
    }
}

#[test]
fn a_status_in_place_of_the_login_page_is_a_growing_wait_and_ten_in_a_row_are_the_end() {
    let mut table = Table::new(&[SANDBOX]);
    table.session.start();
    let mut pauses = Vec::new();
    for _ in 1..STATUSES {
        table.tasks();
        table.done(Done::LoggedIn(Err(status())));
        let link = table.session.take_link();
        assert!(
            matches!(&link, Some(LinkState::Waiting { reason, .. }) if reason.contains("status 403")),
            "{link:?}"
        );
        let pause = table.session.deadline().expect("another try") - table.now.at;
        pauses.push(pause.as_secs());
        table.pass(pause.as_secs() + 1);
        table.deadline();
    }
    let expected = [30, 60, 120, 240, 480, 900, 900, 900, 900];
    assert_eq!(pauses, expected, "in seconds");
    table.done(Done::LoggedIn(Err(status())));
    let link = table.session.take_link();
    let Some(LinkState::Stopped { code, reason, hint }) = link else {
        panic!("{link:?}");
    };
    assert_eq!(code, "refused");
    assert!(reason.contains("status 403, 10 times in a row"), "{reason}");
    assert!(hint.expect("a hint").contains("browser"));
}

#[test]
fn a_login_that_works_ends_the_row_of_statuses() {
    let mut table = Table::new(&[SANDBOX]);
    table.session.start();
    for _ in 0..STATUSES - 1 {
        table.done(Done::LoggedIn(Err(status())));
        table.pass(1000);
        table.deadline();
        table.tasks();
    }
    table.log_in();
    let mut id = table.open(TOP);
    for _ in 0..STATUSES - 1 {
        table.cut(id);
        table.pass(1000);
        table.deadline();
        let tasks = table.answer(TOP);
        let Some(Task::Open { id: refused, .. }) = tasks.last() else {
            panic!("{tasks:?}");
        };
        table.done(Done::Opened {
            id: *refused,
            outcome: Err(status()),
        });
        assert!(!table.session.is_stopped());
        table.pass(1000);
        table.deadline();
        id = table.open(TOP);
    }
}

#[test]
fn lines_that_meet_the_same_status_count_it_once() {
    let (mut table, ids) = Table::served_each(&[TEA, SANDBOX]);
    for id in ids {
        table.cut(id);
    }
    for number in 1..STATUSES {
        table.pass(1000);
        table.deadline();
        for task in table.answer(TOP) {
            if let Task::Open { id, .. } = task {
                table.done(Done::Opened {
                    id,
                    outcome: Err(status()),
                });
            }
        }
        assert_eq!(table.session.login.statuses, number);
    }
    assert!(!table.session.is_stopped());
}
