//! The event for another song.

use super::*;
use crate::event::SongChange;

fn entry(id: &str) -> Value {
    json!({"_id": id, "songid": "m1", "songLength": 200_000})
}

fn update(id: &str, start: i64) -> Value {
    json!({"type": "room_playlist-update", "startTime": start, "song": entry(id),
        "songInfo": {"_id": "m1", "name": "Tune", "type": "youtube", "fkid": "abc"}})
}

fn active(id: &str) -> Value {
    json!({"song": entry(id), "songInfo": null, "startTime": 40})
}

impl Table {
    fn update(&mut self, id: &str, start: i64) {
        self.event("room_playlist-update", &update(id, start));
    }

    fn updates(&self) -> u64 {
        let room = &self.session.channels[&format!("room:{ROOM}")].room;
        room.as_ref().expect("a room").updates
    }

    /// Answers a request that was made after this number of updates.
    fn fetched(&mut self, active: &Value, updates: u64) {
        let snapshot = Snapshot {
            active: Some(active.to_string().into()),
            updates,
            ..Snapshot::default()
        };
        self.done(Done::State {
            room: ROOM.into(),
            snapshot,
        });
    }

    fn rejoined_with(&mut self, active: &Value, updates: u64) {
        let snapshot = Snapshot {
            active: Some(active.to_string().into()),
            history: Some("[]".into()),
            updates,
            ..Snapshot::default()
        };
        let epoch = self.session.connection.epoch;
        self.done(Done::Rejoined {
            room: ROOM.into(),
            epoch,
            outcome: Ok(snapshot),
        });
    }

    /// The songs that began since the last call: ids of the entries, `-` for none; each right behind its cause.
    fn changes(&mut self) -> Vec<String> {
        let drafts = self.drafts();
        let mut changes = Vec::new();
        for (index, draft) in drafts.iter().enumerate() {
            if draft.kind.as_str() != "queup.song_change" {
                continue;
            }
            let cause = &drafts[index - 1];
            assert!(
                ["queup.room_playlist-update", "queup.playlist_active"]
                    .contains(&cause.kind.as_str()),
                "{}",
                cause.kind
            );
            assert_eq!(draft.place, cause.place);
            let event = Event::stored(Position::new(1), "queup".into(), draft.clone());
            let change = SongChange::decode(&event).expect("typed");
            assert_eq!(change.room, ROOM);
            changes.push(change.song.map_or("-".into(), |song| song.id.to_string()));
        }
        changes
    }
}

#[test]
fn another_song_is_told_once_and_the_one_at_joining_is_none() {
    let mut table = Table::new();
    table.join();
    table.fetched(&active("1"), 0);
    table.update("1", 65);
    assert_eq!(table.changes(), [""; 0], "it played before");
    table.update("2", -1);
    table.update("2", -1);
    table.update("2", 3);
    assert_eq!(table.changes(), ["2"]);
    // The same media twice in a row is two entries.
    table.update("3", -1);
    table.event("user-pause-queue", &json!({"user": {"_id": TEO}}));
    table.update("3", 10);
    assert_eq!(table.changes(), ["3"]);
    table.update("4", -1);
    table.update("5", -1);
    assert_eq!(table.changes(), ["4", "5"]);
}

#[test]
fn a_first_update_tells_a_song_only_if_it_begins() {
    for (start, expected) in [(-1, vec!["1"]), (0, vec![]), (70, vec![])] {
        let mut table = Table::new();
        table.join();
        table.update("1", start);
        assert_eq!(table.changes(), expected, "{start}");
        table.update("2", 4);
        assert_eq!(
            table.changes(),
            ["2"],
            "one that was missed at its beginning"
        );
    }
}

#[test]
fn the_end_of_the_queue_is_told_once_and_what_says_nothing_is_asked_for() {
    let mut table = Table::new();
    table.join();
    table.update("1", -1);
    table.fetched(&json!(null), table.updates());
    table.fetched(&json!(null), table.updates());
    assert_eq!(table.changes(), ["1", "-"]);
    for odd in [
        json!({}),
        json!({"song": null}),
        json!({"song": {"_id": ""}}),
        json!(7),
    ] {
        table.fetched(&odd, table.updates());
        table.event("room_playlist-update", &odd);
    }
    assert_eq!(table.changes(), [""; 0]);
    table.tasks();
    table.pass(5);
    table.deadline().expect("no cut");
    let asks = |task: &Task| matches!(task, Task::Active { .. });
    assert!(table.tasks().iter().any(asks));
    table.update("1", -1);
    assert_eq!(table.changes(), ["1"], "again after silence");
}

#[test]
fn a_skip_is_looked_after_where_no_update_follows() {
    let mut table = Table::new();
    table.join();
    table.update("1", -1);
    table.event("chat-skip", &json!({"username": "teo"}));
    table.tasks();
    table.pass(5);
    table.deadline().expect("no cut");
    let tasks = table.tasks();
    let updates = tasks.iter().find_map(|task| match task {
        Task::Active { updates, .. } => Some(*updates),
        _ => None,
    });
    table.done(Done::Active {
        room: ROOM.into(),
        updates: updates.expect("asked"),
        outcome: Ok(None),
    });
    assert_eq!(table.changes(), ["1", "-"]);
}

#[test]
fn an_answer_that_an_update_overtook_tells_nothing() {
    let mut table = Table::new();
    table.join();
    table.update("1", -1);
    let before = table.updates();
    table.update("2", -1);
    table.fetched(&active("1"), before);
    table.done(Done::Active {
        room: ROOM.into(),
        updates: before,
        outcome: Ok(None),
    });
    table.update("2", 8);
    assert_eq!(table.changes(), ["1", "2"]);
    // Nor does an update of a song that began before.
    let played = |id: &str, at: i64| json!({"startTime": -1, "song": {"_id": id, "songid": "m", "played": at}});
    table.event("room_playlist-update", &played("4", 4000));
    table.event("room_playlist-update", &played("3", 3000));
    table.event("room_playlist-update", &played("4", 4000));
    table.event("room_playlist-update", &played("4", 9000));
    assert_eq!(table.changes(), ["4", "4"], "the last one plays it again");
}

#[test]
fn an_outage_hides_no_song_and_repeats_none() {
    let mut table = Table::new();
    table.join();
    table.update("1", -1);
    table.changes();
    table.outage("c2");
    table.rejoined_with(&active("1"), table.updates());
    assert_eq!(table.changes(), [""; 0]);
    table.outage("c3");
    table.rejoined_with(&active("3"), table.updates());
    table.update("3", 50);
    assert_eq!(table.changes(), ["3"]);
    // A held update changes the song in its own order.
    table.outage("c4");
    let before = table.updates();
    table.update("4", -1);
    table.update("5", -1);
    assert_eq!(table.changes(), [""; 0], "held back");
    table.rejoined_with(&active("5"), before);
    assert_eq!(table.changes(), ["4", "5"]);
}

#[test]
fn a_restart_hides_no_song_and_repeats_none() {
    for (now, expected) in [("2", vec![]), ("3", vec!["3"])] {
        let mut table = Table::new();
        table.join();
        table.fetched(&active("1"), 0);
        table.update("2", -1);
        assert_eq!(table.changes(), ["2"]);
        // A crash: only the entries up to the event are stored.
        let kept = table.checkpoints();
        let mut table = Table::restored(&kept);
        table.session.start();
        table.tasks();
        table.open("c2");
        table.settle();
        table.attach();
        table.rejoined_with(&active(now), 0);
        table.update(now, 60);
        assert_eq!(table.changes(), expected);
    }
}

#[test]
fn the_checkpoint_of_a_change_is_stored_with_it() {
    let mut table = Table::new();
    table.join();
    table.update("1", -1);
    let entries = table.store();
    let change = entries.last().expect("an entry");
    let event = change.event.as_ref().expect("the event");
    assert_eq!(event.kind.as_str(), "queup.song_change");
    assert_eq!(event.provenance, antiphon_core::Provenance::Synthetic);
    let checkpoint = change.checkpoint.as_ref().expect("its checkpoint");
    assert!(String::from_utf8_lossy(&checkpoint.state).contains(r#""playing":{"id":"1"}"#));
}

#[test]
fn a_room_that_was_left_is_unknown_when_it_is_joined_again() {
    let mut table = Table::new();
    table.join();
    table.update("1", -1);
    table.changes();
    table.event("user-kick", &json!({"kickedUser": {"_id": ME}}));
    table.update("2", -1);
    assert_eq!(table.changes(), [""; 0], "it is no room of ours");
    let (reply, _answer) = oneshot::channel();
    table.session.on_command(Command::Join {
        slug: "loft".into(),
        password: None,
        reply,
    });
    let id = table.session.joins.last_id;
    table.answer_join(id);
    table.settle();
    table.say(&json!({"action": 11, "channel": format!("room:{ROOM}")}));
    table.fetched(&active("9"), table.updates());
    assert_eq!(table.changes(), [""; 0]);
    table.update("10", -1);
    assert_eq!(table.changes(), ["10"]);
}
