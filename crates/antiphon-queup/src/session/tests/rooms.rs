//! The link of a single room.

use super::*;

/// The word of a state, and the code of a stop.
fn short(state: &LinkState) -> String {
    match state {
        LinkState::Stopped { code, hint, .. } => {
            assert!(hint.is_some());
            format!("stopped {code}")
        }
        other => other.word().to_owned(),
    }
}

#[track_caller]
fn check_links(table: &mut Table, expected: &[(&str, &str)]) {
    let links = table.links();
    let links: Vec<_> = links
        .iter()
        .map(|(place, state)| (place.as_str(), short(state)))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(place, state)| (*place, (*state).to_owned()))
        .collect();
    assert_eq!(links, expected);
}

fn here() -> String {
    format!("room/{ROOM}")
}

/// A session that has asked for its configured room.
fn asking() -> (Table, u64) {
    let mut table = Table::new();
    table.session.start();
    table.open("c1");
    table.settle();
    table.say(&json!({"action": 11, "channel": format!("user:{ME}")}));
    table.store();
    let tasks = table.tasks();
    let id = tasks.iter().find_map(|task| match task {
        Task::Join { id, .. } => Some(*id),
        _ => None,
    });
    (table, id.expect("asked"))
}

fn refused(status: u16) -> JoinError {
    JoinError::Request(RequestError::Refused {
        status,
        message: "closed".into(),
    })
}

#[test]
fn a_room_that_is_well_has_no_link_of_its_own() {
    let mut table = Table::new();
    table.join();
    table.outage("c2");
    table.rejoined(None);
    check_links(&mut table, &[]);
}

#[test]
fn a_configured_room_that_cannot_be_had_stops_alone() {
    let cases = [
        (JoinError::NoSuchRoom("loft".into()), "stopped no-such-room"),
        (JoinError::Banned("no".into()), "stopped banned"),
        (JoinError::WrongPassword, "stopped wrong-password"),
        (refused(410), "stopped refused"),
    ];
    for (error, expected) in cases {
        let (mut table, id) = asking();
        table.done(Done::Joined {
            id,
            outcome: Err(error),
        });
        check_links(&mut table, &[("room/loft", expected)]);
        let rooms = table.session.take_rooms().expect("changed");
        assert_eq!(rooms.len(), 1);
        table.pass(3600);
        table.session.connection.heartbeat = None;
        table.deadline().expect("the socket goes on");
        assert!(table.tasks().is_empty(), "not tried again by itself");
        // A client joins it after all.
        table.join_other_as_loft();
        check_links(&mut table, &[("room/loft", "connected")]);
        assert_eq!(table.session.take_rooms(), Some(Vec::new()));
    }
}

impl Table {
    fn join_other_as_loft(&mut self) {
        let (reply, _answer) = oneshot::channel();
        self.session.on_command(Command::Join {
            slug: "loft".into(),
            password: None,
            reply,
        });
        let id = self.session.joins.last_id;
        self.answer_join(id);
        self.settle();
        self.say(&json!({"action": 11, "channel": format!("room:{ROOM}")}));
    }
}

#[test]
fn a_room_that_cannot_be_had_for_the_moment_waits_and_says_so() {
    let (mut table, id) = asking();
    let error = JoinError::Request(RequestError::LoggedOut);
    table.done(Done::Joined {
        id,
        outcome: Err(error),
    });
    check_links(&mut table, &[("room/loft", "waiting")]);
    table.session.connection.heartbeat = None;
    table.pass(30);
    table.deadline().expect("no cut");
    assert!(matches!(table.tasks()[..], [Task::Join { .. }]));
    let outcome = Err(JoinError::TooManyPasswords);
    table.done(Done::Joined { id, outcome });
    check_links(&mut table, &[("room/loft", "waiting")]);
    table.pass(2 * 60 * 60 - 1);
    table.deadline().expect("no cut");
    assert!(table.tasks().is_empty(), "QueUp wants two hours of rest");
    table.pass(1);
    table.deadline().expect("no cut");
    table.answer_join(id);
    table.settle();
    table.attach();
    check_links(&mut table, &[("room/loft", "connected")]);
}

#[test]
fn a_kick_and_a_ban_stop_the_room_until_it_is_joined_again() {
    for (name, code) in [("user-kick", "kicked"), ("user-ban", "banned")] {
        let mut table = Table::new();
        table.join();
        let data = json!({"user": {"_id": TEO}, "kickedUser": {"_id": ME}, "message": "off"});
        table.event(name, &data);
        let links = table.links();
        let (place, state) = &links[0];
        assert_eq!(
            (place.as_str(), short(state)),
            (here().as_str(), format!("stopped {code}"))
        );
        assert!(state.to_string().contains("off"), "{state}");
        // Another run emits it as well.
        let checkpoints = table.checkpoints();
        let mut table = Table::restored(&checkpoints);
        assert_eq!(table.session.take_rooms().expect("restored").len(), 1);
        table.join();
        let stored = std::mem::take(&mut table.stored);
        let links = stored.iter().filter_map(|entry| entry.event.as_ref());
        let links = links.filter(|draft| draft.place.as_str() == here());
        let links: Vec<_> = links
            .filter(|draft| draft.kind.as_str() == Link::KIND)
            .collect();
        assert!(
            links[0].body.starts_with(b"{\"state\":\"connected\""),
            "{links:?}"
        );
    }
}

#[test]
fn a_room_that_was_detached_or_left_waits_until_it_is_joined_again() {
    for event in ["detached", "left"] {
        let mut table = Table::new();
        table.join();
        if event == "detached" {
            table.say(&json!({"action": 13, "channel": format!("room:{ROOM}")}));
        } else {
            table.event("user-leave", &json!({"user": {"_id": ME}}));
        }
        // A leave is undone without a link: it comes before a kick as well.
        let expected = [(here(), "waiting")];
        let expected: Vec<_> = expected
            .iter()
            .filter(|_| event == "detached")
            .map(|(place, state)| (place.as_str(), *state))
            .collect();
        check_links(&mut table, &expected);
        table.pass(5);
        table.deadline().expect("no cut");
        let error = JoinError::Request(RequestError::LoggedOut);
        table.done(Done::Posted {
            room: ROOM.into(),
            outcome: Err(error),
        });
        check_links(&mut table, &[(&here(), "waiting")]);
        table.done(Done::Posted {
            room: ROOM.into(),
            outcome: Ok(()),
        });
        if event == "detached" {
            table.say(&json!({"action": 11, "channel": format!("room:{ROOM}")}));
            table.rejoined(None);
        }
        check_links(&mut table, &[(&here(), "connected")]);
    }
}

#[test]
fn a_room_that_is_refused_after_an_outage_stops_alone() {
    let mut table = Table::new();
    table.join();
    table.outage("c2");
    let epoch = table.session.connection.epoch;
    table.done(Done::Rejoined {
        room: ROOM.into(),
        epoch,
        outcome: Err(JoinError::Banned("no".into())),
    });
    check_links(&mut table, &[(&here(), "stopped banned")]);
    assert!(table.session.wants_frame());
}

/// The number of the request that looks the room's name up, if it is made.
fn look_up(table: &mut Table) -> Option<u64> {
    table.tasks().iter().find_map(|task| match task {
        Task::Join { id, slug, .. } if *slug == "loft" => Some(*id),
        _ => None,
    })
}

#[test]
fn a_room_whose_id_is_gone_is_looked_up_once_by_its_name() {
    for after_outage in [true, false] {
        let mut table = Table::new();
        table.join();
        table.outage("c2");
        let gone = || JoinError::NoSuchRoom("loft".into());
        if after_outage {
            let epoch = table.session.connection.epoch;
            table.done(Done::Rejoined {
                room: ROOM.into(),
                epoch,
                outcome: Err(gone()),
            });
        } else {
            table.done(Done::Posted {
                room: ROOM.into(),
                outcome: Err(gone()),
            });
        }
        let id = look_up(&mut table).expect("looked up");
        // A second answer of the same kind looks nothing up again.
        table.done(Done::Posted {
            room: ROOM.into(),
            outcome: Err(gone()),
        });
        assert_eq!(look_up(&mut table), None);
        // For the moment it cannot be found out.
        table.done(Done::Joined {
            id,
            outcome: Err(JoinError::Request(RequestError::LoggedOut)),
        });
        check_links(&mut table, &[(&here(), "waiting")]);
        table.done(Done::Joined {
            id,
            outcome: Err(gone()),
        });
        check_links(&mut table, &[(&here(), "stopped no-such-room")]);
        assert_eq!(look_up(&mut table), None);
    }
}

#[test]
fn a_room_that_is_never_attached_costs_the_others_nothing() {
    let mut table = Table::new();
    table.join();
    table.session.on_closed("it broke", table.now);
    table.pass(60);
    table.deadline().expect("no cut");
    table.open("c2");
    table.say(&json!({"action": 11, "channel": format!("user:{ME}")}));
    table.store();
    for _ in 0..2 {
        table.pass(10);
        table.deadline().expect("the socket works");
    }
    check_links(&mut table, &[(&here(), "waiting")]);
    table.tasks();
    table.session.connection.heartbeat = None;
    table.pass(30);
    table.deadline().expect("no cut");
    assert!(matches!(table.tasks()[..], [Task::Post { .. }]));
    table.done(Done::Posted {
        room: ROOM.into(),
        outcome: Ok(()),
    });
    table.say(&json!({"action": 11, "channel": format!("room:{ROOM}")}));
    table.rejoined(None);
    check_links(&mut table, &[(&here(), "connected")]);
    let gaps = table.gaps();
    assert_eq!(
        gaps.last().expect("the room's").from.connection.as_deref(),
        Some("c1")
    );
}

#[test]
fn a_room_that_its_user_left_is_closed() {
    let mut table = Table::new();
    table.join();
    table.done(Done::Left {
        room: ROOM.into(),
        outcome: Ok(()),
        reply: Some(oneshot::channel().0),
    });
    check_links(&mut table, &[(&here(), "closed")]);
    table.join_other_as_loft();
    check_links(&mut table, &[(&here(), "connected")]);
}

#[test]
fn a_room_that_the_configuration_means_by_a_new_name_is_not_left() {
    for is_found in [true, false] {
        let mut table = Table::new();
        table.join();
        let checkpoints = table.checkpoints();
        let rules = Rules {
            rooms: vec!["attic".into()],
            only_rooms: true,
            ..rules()
        };
        let mut table = Table::with(rules, &checkpoints);
        table.session.start();
        table.tasks();
        table.open("c2");
        table.settle();
        let tasks = table.tasks();
        let [Task::Join { id, .. }] = tasks[..] else {
            panic!("which room is meant is asked first: {tasks:?}");
        };
        let replies = table.replies().concat();
        assert!(!replies.contains("room:"), "not attached yet: {replies}");
        if is_found {
            table.answer_join(id);
            table.settle();
            table.attach();
            let tasks = table.tasks();
            assert!(
                matches!(tasks[..], [Task::Rejoin { history: true, .. }]),
                "it goes on where it was heard last: {tasks:?}"
            );
        } else {
            let outcome = Err(JoinError::NoSuchRoom("attic".into()));
            table.done(Done::Joined { id, outcome });
            let tasks = table.tasks();
            assert!(
                matches!(&tasks[..], [Task::Leave { room, .. }] if room.as_str() == ROOM),
                "{tasks:?}"
            );
        }
    }
}
