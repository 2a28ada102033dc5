//! Checkpoints, and restarts on them.

use super::*;

#[test]
fn a_checkpoint_never_claims_more_than_is_stored_before_it() {
    let mut table = Table::new();
    table.join();
    assert_eq!(
        resumes_after(&table.checkpoints()),
        (Some("c1".into()), Some(3))
    );
    table.event("chat-skip", &json!({}));
    table.chat("a-1000", 1000);
    // A crash at every entry: the checkpoints so far name the last frame so far.
    let entries: Vec<Entry> = table.store().to_vec();
    let before = table.stored.len() - entries.len();
    let mut frame = 3;
    for (index, entry) in entries.iter().enumerate() {
        let mut kept = BTreeMap::new();
        for entry in &table.stored[..=before + index] {
            if let Some(checkpoint) = &entry.checkpoint {
                kept.insert(Arc::clone(&checkpoint.part), checkpoint.clone());
            }
        }
        frame += u64::from(entry.event.is_some());
        let kept: Vec<_> = kept.into_values().collect();
        assert_eq!(resumes_after(&kept), (Some("c1".into()), Some(frame)));
    }
}

#[test]
fn what_is_held_back_is_not_claimed_by_other_places() {
    let mut table = Table::new();
    table.join();
    table.session.on_closed("it broke", table.now);
    table.pass(30);
    table.deadline().expect("no cut");
    table.open("c2");
    table.attach();
    table.chat("b-2000", 2000);
    // An event of another place is stored meanwhile, with a later frame.
    table.say(&json!({"action": 9, "error": "x"}));
    let checkpoints = table.checkpoints();
    assert_eq!(resumes_after(&checkpoints), (Some("c1".into()), Some(3)));
    let epoch = table.session.connection.epoch;
    let outcome = Ok(Snapshot::default());
    table.done(Done::Rejoined {
        room: ROOM.into(),
        epoch,
        outcome,
    });
    assert_eq!(
        resumes_after(&table.checkpoints()),
        (Some("c2".into()), Some(5))
    );
}

#[test]
fn a_restart_attaches_at_once_and_reports_a_gap() {
    let mut table = Table::new();
    table.join();
    let checkpoints = table.checkpoints();
    let mut table = Table::restored(&checkpoints);
    table.session.start();
    table.open("c2");
    assert_eq!(
        table.replies().len(),
        3,
        "the checkpoints are durable already"
    );
    table.attach();
    let tasks = table.tasks();
    assert!(
        tasks
            .iter()
            .any(|task| matches!(task, Task::Rejoin { history: true, .. })),
        "{tasks:?}"
    );
    assert!(
        !tasks.iter().any(|task| matches!(task, Task::Join { .. })),
        "known by its name"
    );
    table.store();
    let gaps = table.gaps();
    assert_eq!(
        gaps.len(),
        1,
        "the account's; the room's comes with its history"
    );
    assert_eq!(gaps[0].cause, "the program was restarted");
}

#[test]
fn a_restart_that_ends_before_it_attaches_keeps_where_the_outage_began() {
    let mut table = Table::new();
    table.join();
    let before = table.checkpoints();
    let began = resumes_after(&before);
    let mut table = Table::restored(&before);
    table.session.start();
    table.open("c2");
    table.store();
    // Cut short at every entry.
    for end in 0..=table.stored.len() {
        let mut kept: BTreeMap<_, _> = before
            .iter()
            .map(|kept| (Arc::clone(&kept.part), kept.clone()))
            .collect();
        let entries = table.stored[..end].iter();
        for checkpoint in entries.filter_map(|entry| entry.checkpoint.as_ref()) {
            kept.insert(Arc::clone(&checkpoint.part), checkpoint.clone());
        }
        let kept: Vec<_> = kept.into_values().collect();
        assert_eq!(resumes_after(&kept), began, "after {end} entries");
    }
}

#[test]
fn a_crash_right_after_attaching_is_seen() {
    let mut table = Table::new();
    table.session.start();
    table.open("c1");
    table.settle();
    let id = 1;
    table.answer_join(id);
    let checkpoints = table.checkpoints();
    let mut table = Table::restored(&checkpoints);
    table.session.start();
    table.open("c2");
    table.attach();
    let tasks = table.tasks();
    assert!(
        tasks.iter().any(|task| matches!(task, Task::Rejoin { .. })),
        "{tasks:?}"
    );
}

#[test]
fn unreadable_checkpoints_are_passed_over() {
    let checkpoint = |part: &str, state: &str| Checkpoint {
        part: part.into(),
        state: Bytes::copy_from_slice(state.as_bytes()),
        mark: 9,
    };
    let table = Table::restored(&[
        checkpoint("socket", "{"),
        checkpoint("room/1", "[]"),
        checkpoint("odd", "{}"),
        checkpoint(
            "room/2",
            "{\"v\":1,\"joined\":false,\"joined_at\":\"2026-01-01T00:00:00Z\"}",
        ),
    ]);
    assert!(table.session.channels.is_empty());
    assert_eq!(table.session.mark, 9);
}

#[test]
fn a_channel_of_another_version_is_left_out() {
    for (version, channels) in [(1, 1), (0, 0), (2, 0)] {
        let state =
            json!({"v": version, "joined": true, "joined_at": "2026-01-01T00:00:00Z"}).to_string();
        let checkpoint = Checkpoint {
            part: "room/1".into(),
            state: state.into(),
            mark: 9,
        };
        let table = Table::restored(&[checkpoint]);
        assert_eq!(table.session.channels.len(), channels, "{version}");
    }
}
