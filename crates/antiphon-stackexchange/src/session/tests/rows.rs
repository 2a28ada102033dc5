//! Rows of a history that have no event ids, beside the same events from sockets.

use super::*;

/// A session whose room has a hole before event `TOP + 6`, which is held back.
fn with_hole() -> (Table, SocketId) {
    let (mut table, id) = Table::served(&[SANDBOX, TEA]);
    table.frame(
        id,
        &json!({"r4242": {"e": [message(TOP + 6, SANDBOX)], "t": TOP + 6, "d": 1}}),
    );
    (table, id)
}

/// Number of the message that an event posts.
fn posted_by(event: i64) -> i64 {
    message(event, SANDBOX)["message_id"]
        .as_i64()
        .expect("a number")
}

/// The origins of the events that were stored now.
fn names(table: &mut Table) -> Vec<String> {
    let drafts = table
        .store()
        .iter()
        .filter_map(|entry| entry.event.as_ref());
    drafts
        .filter(|draft| draft.provenance != Provenance::Synthetic)
        .map(|draft| draft.origin.to_string())
        .collect()
}

fn named(events: &[i64]) -> Vec<String> {
    let events = events.iter().map(|event| posted_by(TOP + event));
    events.map(|message| format!("message/{message}")).collect()
}

/// A row of an event that is no message, without an id.
fn entered(at: i64) -> Value {
    json!({"event_type": 3, "time_stamp": at, "room_id": SANDBOX, "user_id": TEO, "target_user_id": TEO})
}

#[test]
fn a_message_has_one_name_however_it_comes() {
    let (mut table, id) = with_hole();
    let rows = [2, 3, 6, 7].map(|event| row(posted_by(TOP + event)));
    table.answer_history(past(&rows, true));
    assert_eq!(
        names(&mut table),
        named(&[2, 3, 6, 7]),
        "in their order, each once"
    );
    // What was on its way while the history was asked.
    table.frame(
        id,
        &frame(
            SANDBOX,
            &[message(TOP + 7, SANDBOX), message(TOP + 8, SANDBOX)],
        ),
    );
    assert_eq!(names(&mut table), named(&[8]));
    assert_eq!(table.session.skipped.of("repeat"), 2);

    // Another run forgot what it heard, and names all as the journal knows them.
    let mut table = table.restarted();
    table.log_in();
    let id = table.open(TOP + 8);
    let events = [2, 3, 6, 7, 8].map(|event| message(TOP + event, SANDBOX));
    table.frame(id, &frame(SANDBOX, &events));
    assert_eq!(names(&mut table), named(&[2, 3, 6, 7, 8]));
}

#[test]
fn the_history_is_asked_from_the_newest_message_that_was_heard() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    let asked = |table: &mut Table| {
        let tasks = table.tasks();
        let asked = tasks.iter().find_map(|task| match task {
            Task::History { since, message, .. } => Some((*since, *message)),
            _ => None,
        });
        asked.expect("a history is asked for")
    };
    table.frame(
        id,
        &frame(
            SANDBOX,
            &[message(TOP + 2, SANDBOX), event(3, TOP + 4, SANDBOX)],
        ),
    );
    table.frame(id, &json!({"r4242": {"t": TOP + 9, "d": 1}}));
    let heard = Some(posted_by(TOP + 2));
    assert_eq!(asked(&mut table), (TOP + 4, heard));
    // Nor does a restart forget it, or what came behind the hole pass for it.
    table.frame(id, &frame(SANDBOX, &[message(TOP + 10, SANDBOX)]));
    table.cut(id);
    table.store();
    let mut table = table.restarted();
    table.log_in();
    let id = table.open(TOP + 20);
    table.frame(id, &json!({"r4242": {"t": TOP + 20, "d": 1}}));
    assert_eq!(asked(&mut table), (TOP + 4, heard));
}

#[test]
fn a_fresh_room_begins_behind_the_newest_message_of_its_announcement() {
    let mut table = Table::new(&[SANDBOX]);
    table.log_in();
    for task in table.tasks() {
        if let Task::Announce { room, round } = task {
            let newest = Some(777);
            table.done(Done::Announced {
                room,
                round,
                outcome: Ok(Top { count: TOP, newest }),
            });
        }
    }
    let id = table.open(TOP);
    table.frame(id, &json!({"r4242": {"t": TOP + 9, "d": 1}}));
    let tasks = table.tasks();
    assert!(
        matches!(
            tasks[..],
            [Task::History {
                message: Some(777),
                ..
            }]
        ),
        "{tasks:?}"
    );
}

#[test]
fn a_message_number_beyond_reason_hides_no_row() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.frame(id, &frame(SANDBOX, &[message(TOP + 1, SANDBOX)]));
    let mut odd = message(TOP + 2, SANDBOX);
    odd["message_id"] = i64::MAX.into();
    table.frame(id, &frame(SANDBOX, &[odd]));
    assert_eq!(names(&mut table).len(), 2, "but it is kept");
    let room = &table.session.rooms[&RoomId::new(SANDBOX)];
    assert_eq!(room.message, Some(posted_by(TOP + 1)));
}

#[test]
fn two_events_that_claim_the_same_message_are_two() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    let mut again = message(TOP + 2, SANDBOX);
    again["message_id"] = posted_by(TOP + 1).into();
    let both = frame(SANDBOX, &[message(TOP + 1, SANDBOX), again]);
    table.frame(id, &both);
    let first = named(&[1]).remove(0);
    assert_eq!(names(&mut table), [first, format!("event/{}", TOP + 2)]);
    table.frame(id, &both);
    assert!(names(&mut table).is_empty());
}

#[test]
fn rows_of_events_without_ids_are_stored_once() {
    let (mut table, id) = with_hole();
    // One is heard while the history is asked, of two that say the same.
    let mut live = entered(5);
    live["id"] = (TOP + 7).into();
    table.frame(id, &frame(SANDBOX, &[live.clone()]));
    let rows = [row(posted_by(TOP + 2)), entered(4), entered(5), entered(5)];
    table.answer_history(Past {
        time: Some(TOP + 9),
        ..past(&rows, true)
    });
    let message = named(&[2]).remove(0);
    let expected = [
        message,
        "row/4242/3.4.102.102....".into(),
        "row/4242/3.5.102.102....".into(),
        named(&[6]).remove(0),
        format!("event/{}", TOP + 7),
    ];
    assert_eq!(names(&mut table), expected);
    // The other one was on its way.
    live["id"] = (TOP + 8).into();
    table.frame(id, &frame(SANDBOX, &[live.clone()]));
    assert!(names(&mut table).is_empty());
    live["id"] = (TOP + 10).into();
    table.frame(id, &frame(SANDBOX, &[live]));
    assert_eq!(
        names(&mut table),
        [format!("event/{}", TOP + 10)],
        "a third is new"
    );
}

#[test]
fn what_the_history_fetched_is_no_hole_again_on_this_socket() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.cut(id);
    let id = table.reopen(TOP + 9);
    table.frame(id, &json!({"r4242": {}}));
    table.pass(10);
    table.deadline();
    table.answer_history(Past {
        time: Some(TOP + 9),
        ..past(&[row(posted_by(TOP + 3))], false)
    });
    assert_eq!(
        table.gaps().len(),
        2,
        "of the room and of elsewhere: {:?}",
        table.gaps()
    );
    table.frame(
        id,
        &json!({"r4242": {"e": [message(TOP + 10, SANDBOX)], "t": TOP + 10, "d": 1}}),
    );
    assert!(table.tasks().is_empty(), "it is not asked for again");
    assert_eq!(table.gaps().len(), 2);
    assert_eq!(table.mark(SANDBOX), Some(TOP + 10));
    // A hole behind it is one.
    table.frame(id, &json!({"r4242": {"t": TOP + 20, "d": 1}}));
    assert_eq!(table.history().2, TOP + 10);
}

#[test]
fn after_an_update_old_messages_keep_their_names_and_new_ones_have_the_new() {
    let state = json!({
        "v": 1, "joined": true, "joined_at": "2025-12-31T00:00:00Z", "t": TOP + 5, "began": TOP,
    });
    let checkpoint = Checkpoint {
        part: "room/4242".into(),
        state: state.to_string().into(),
        mark: TOP + 5,
    };
    let mut table = Table::with(rules(&[SANDBOX]), &[checkpoint]);
    table.log_in();
    let id = table.open(TOP + 8);
    let events = [5, 8, 9].map(|event| message(TOP + event, SANDBOX));
    table.frame(id, &frame(SANDBOX, &events));
    let old = [5, 8].map(|event| format!("event/{}", TOP + event));
    let new = named(&[9]);
    assert_eq!(names(&mut table), [&old[..], &new[..]].concat());
    // The next run knows where the names changed.
    let mut table = table.restarted();
    table.log_in();
    let id = table.open(TOP + 50);
    table.frame(id, &frame(SANDBOX, &events));
    assert_eq!(names(&mut table), [&old[..], &new[..]].concat());
}

#[test]
fn a_deletion_names_the_message_also_where_its_posting_is_forgotten() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    let mut deleted = event(10, TOP + 1, SANDBOX);
    deleted["message_id"] = 777.into();
    table.frame(id, &frame(SANDBOX, &[deleted]));
    let draft = table.store()[0].event.clone().expect("a deletion");
    assert_eq!(draft.deletes.expect("named").as_str(), "message/777");
}
