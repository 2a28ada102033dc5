//! Rooms that the configuration does not name any more, and clients that join them.

use super::*;

/// A session of the configured rooms alone, which has left the login behind and is told to leave `TEA`, joined before.
fn leaving(rooms: &[i64]) -> Table {
    let before = [rooms, &[TEA]].concat();
    let (mut table, _) = Table::served(&before);
    table.session.rules.only_rooms = true;
    table.session.rules.rooms = rooms.iter().copied().map(RoomId::new).collect();
    let mut table = table.restarted();
    table.log_in();
    assert!(matches!(table.tasks()[..], [Task::LeaveUnlisted { .. }]));
    // The server could not be told, and is told again in half a minute.
    answered(&mut table, Err(RequestError::Busy(1)));
    table.open(TOP);
    table.store();
    table
}

fn answered(table: &mut Table, outcome: Result<(), RequestError>) {
    let room = RoomId::new(TEA);
    table.done(Done::LeftUnlisted { room, outcome });
}

/// The requests for a room but the one that leaves it.
fn announced(tasks: &[Task], id: i64) -> usize {
    let of = |task: &&Task| matches!(task, Task::Announce { room, .. } if room.get() == id);
    tasks.iter().filter(of).count()
}

/// A session whose second request to leave `TEA` is under way.
fn leaving_again(rooms: &[i64]) -> Table {
    let mut table = leaving(rooms);
    table.pass(31);
    table.deadline();
    let tasks = table.tasks();
    let is_told = |task: &Task| matches!(task, Task::LeaveUnlisted { .. });
    assert!(tasks.iter().any(is_told), "{tasks:?}");
    table
}

#[test]
fn a_room_that_is_joined_while_it_is_being_left_is_joined_behind_the_answer() {
    let mut table = leaving_again(&[SANDBOX]);
    let mut answer = table.join(TEA);
    assert_eq!(announced(&table.tasks(), TEA), 0, "the leave would undo it");
    answered(&mut table, Ok(()));
    // It was left, and begins anew.
    assert!(matches!(table.links_of(TEA)[..], [LinkState::Closed]));
    let tasks = table.answer(TOP + 5);
    let Some(Task::Open { id, rooms, .. }) = tasks.first() else {
        panic!("{tasks:?}");
    };
    assert_eq!(rooms.len(), 2);
    table.opened(*id);
    assert!(matches!(answer.try_recv(), Ok(Ok(()))));
}

#[test]
fn a_room_that_could_not_be_left_and_is_joined_goes_on_where_it_was_heard() {
    let mut table = leaving_again(&[SANDBOX]);
    let mut answer = table.join(TEA);
    answered(&mut table, Err(RequestError::Busy(1)));
    let tasks = table.answer(TOP + 5);
    let Some(Task::Open { id, .. }) = tasks.first() else {
        panic!("{tasks:?}");
    };
    table.opened(*id);
    assert!(matches!(answer.try_recv(), Ok(Ok(()))));
    assert!(
        table.links_of(TEA).is_empty(),
        "it was never left: {:?}",
        table.links_of(TEA)
    );
    table.pass(120);
    table.deadline();
    let tasks = table.tasks();
    let is_told = |task: &Task| matches!(task, Task::LeaveUnlisted { .. });
    assert!(!tasks.iter().any(is_told), "{tasks:?}");
}

#[test]
fn an_unlisted_room_takes_no_257th_place() {
    let rooms: Vec<i64> = (1000..1255).collect();
    let mut table = leaving_again(&rooms);
    let mut held = table.join(TEA);
    let mut last = table.join(SANDBOX);
    answered(&mut table, Err(RequestError::Busy(1)));
    let told = held.try_recv().expect("an answer");
    assert!(
        matches!(told, Err(JoinError::Request(RequestError::Busy(ROOMS)))),
        "{told:?}"
    );
    assert_eq!(table.session.rooms.len(), ROOMS);
    assert!(last.try_recv().is_err(), "it is being joined");
    // It is still to be left.
    assert!(table.session.unlisted.contains_key(&RoomId::new(TEA)));
    // One that is read already has its place.
    let mut again = table.join(1000);
    assert!(!matches!(again.try_recv(), Ok(Err(_))));
}

#[test]
fn a_client_that_leaves_a_room_ends_the_wait_of_those_who_join_it() {
    let mut table = leaving_again(&[SANDBOX]);
    let mut answer = table.join(TEA);
    table.leave(Some(TEA));
    let told = answer.try_recv().expect("an answer");
    assert!(matches!(told, Err(JoinError::NoSuchRoom(_))), "{told:?}");
}
