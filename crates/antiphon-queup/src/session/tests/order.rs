//! History and held messages in the server's order.

use antiphon_core::Provenance;
use proptest::prelude::*;

use super::*;

/// A room whose history is awaited, with nothing stored before.
fn waiting() -> Table {
    let mut table = Table::new();
    table.join();
    table.chat("a-1000", 1000);
    let channels = table.session.channels.values_mut();
    channels.for_each(|channel| channel.joined_at = Timestamp::UNIX_EPOCH);
    table.outage("c2");
    table.store();
    table
}

/// A row of the history page.
fn row(id: &str, time: i64) -> Value {
    json!({"type": "chat-message", "chatid": id, "time": time})
}

/// The stored messages of the room, in order: their ids, those of the history in brackets.
fn said(drafts: &[Draft]) -> Vec<String> {
    let place = format!("room/{ROOM}");
    let drafts = drafts.iter().filter(|draft| draft.place.as_str() == place);
    let drafts = drafts.filter(|draft| draft.provenance != Provenance::Synthetic);
    let name = |draft: &Draft| {
        let origin = draft.origin.as_str();
        match origin.strip_prefix("chat/") {
            Some(id) if draft.provenance == Provenance::Backfilled => format!("({id})"),
            Some(id) => id.to_owned(),
            None => draft.kind.name().to_owned(),
        }
    };
    drafts.map(name).collect()
}

#[test]
fn history_that_is_younger_than_a_held_message_comes_after_it() {
    let mut table = waiting();
    table.chat("d-3000", 3000);
    table.event("user-join", &json!({"user": {"_id": TEO}}));
    table.chat("e-5000", 5000);
    // The page was made while frames were on their way.
    let page = [
        row("f-6000", 6000),
        row("e-5000", 5000),
        row("x-4000", 4000),
        row("d-3000", 3000),
        row("b-2000", 2000),
        row("a-1000", 1000),
    ];
    table.rejoined(Some(&json!(page)));
    let drafts = table.drafts();
    let expected = [
        "(b-2000)",
        "joined_room",
        "d-3000",
        "(x-4000)",
        "user-join",
        "e-5000",
        "(f-6000)",
    ];
    assert_eq!(said(&drafts), expected);
    let at = |kind: &str| drafts.iter().position(|draft| draft.kind.as_str() == kind);
    assert!(at("antiphon.gap") > Some(0) && at("antiphon.gap") < at("queup.joined_room"));
    let gaps = table.gaps();
    assert_eq!(
        gaps.last().expect("a gap").recovered,
        1,
        "the rest is no part of it"
    );
    // A frame on its way is a repeat, which the journal knows.
    table.chat("f-6000", 6000);
    assert_eq!(table.drafts()[0].origin.as_str(), "chat/f-6000");
}

#[test]
fn of_equal_times_the_page_tells_the_order() {
    let mut table = waiting();
    table.chat("m-1", 3000);
    let page = [row("a-1", 3000), row("m-1", 3000), row("z-1", 3000)];
    table.rejoined(Some(&json!(page)));
    assert_eq!(
        said(&table.drafts()),
        ["(z-1)", "joined_room", "m-1", "(a-1)"]
    );
    // A message that the page lacks was said after it was made.
    let mut table = waiting();
    table.chat("m-1", 3000);
    table.rejoined(Some(&json!([row("z-1", 3000), row("a-1", 3000)])));
    assert_eq!(
        said(&table.drafts()),
        ["(a-1)", "(z-1)", "joined_room", "m-1"]
    );
}

#[test]
fn a_deletion_comes_after_its_message_wherever_either_was_found() {
    let mut table = waiting();
    table.event("delete-chat-message", &json!({"chatid": "b-2000"}));
    table.chat("c-3000", 3000);
    let page = json!([
        row("c-3000", 3000),
        {"type": "delete-chat-message", "chatid": "b-2000", "time": 2500},
        row("b-2000", 2000),
        {"type": "delete-chat-message", "chatid": "a-1000", "time": 1500},
    ]);
    table.rejoined(Some(&page));
    let drafts = table.drafts();
    let origins: Vec<_> = drafts.iter().map(|draft| draft.origin.as_str()).collect();
    let at = |origin| {
        origins
            .iter()
            .position(|found| *found == origin)
            .expect("stored")
    };
    assert!(at("chat/b-2000") < at("delete-chat-message/b-2000"));
    assert!(at("delete-chat-message/a-1000") < at("chat/b-2000"));
    assert_eq!(
        origins
            .iter()
            .filter(|origin| origin.contains("b-2000"))
            .count(),
        2
    );
}

#[test]
fn messages_without_a_time_hold_nothing_up_and_keep_their_places() {
    let mut table = waiting();
    table.event(
        "chat-message",
        &json!({"chatid": "no time", "message": "x"}),
    );
    table.event("chat-skip", &json!({}));
    table.rejoined(Some(&json!([row("b-2000", 2000)])));
    let expected = ["(b-2000)", "joined_room", "no time", "chat-skip"];
    assert_eq!(said(&table.drafts()), expected);
}

#[test]
fn a_history_that_failed_leaves_what_was_held_as_it_came() {
    let mut table = waiting();
    table.chat("e-5000", 5000);
    table.chat("d-4000", 4000);
    table.rejoined(None);
    assert_eq!(said(&table.drafts()), ["joined_room", "e-5000", "d-4000"]);
    // The history comes later, and each missing message is stored once.
    table.rejoined(Some(&json!([
        row("e-5000", 5000),
        row("d-4000", 4000),
        row("b-2000", 2000)
    ])));
    assert_eq!(said(&table.drafts()), ["(b-2000)"]);
}

#[test]
fn a_checkpoint_before_the_held_messages_still_asks_for_the_history() {
    let mut table = waiting();
    table.chat("d-3000", 3000);
    table.rejoined(Some(&json!([
        row("e-9000000", 9_000_000),
        row("b-2000", 2000)
    ])));
    let part = format!("room/{ROOM}");
    let entries = table.store().to_vec();
    let gap = entries.iter().find(|entry| {
        let event = entry.event.as_ref();
        event.is_some_and(|draft| draft.kind.as_str() == Gap::KIND)
    });
    let checkpoint = gap
        .and_then(|entry| entry.checkpoint.clone())
        .expect("kept");
    assert_eq!(*checkpoint.part, *part);
    let stored: Stored = serde_json::from_slice(&checkpoint.state).expect("JSON");
    assert_eq!(stored.chat_floor, Some(1000), "the rest is not stored yet");
    let last = table
        .checkpoints()
        .into_iter()
        .find(|kept| *kept.part == *part);
    let stored: Stored = serde_json::from_slice(&last.expect("kept").state).expect("JSON");
    assert_eq!(
        (stored.chat_floor, stored.last_chat),
        (None, Some(9_000_000))
    );
}

/// The way of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// By the history alone.
    Missed,
    /// Live and by the history.
    Both,
    /// Live, after the page was made.
    Held,
}

proptest! {
    #[test]
    fn the_merge_keeps_the_servers_order(
        said_at in proptest::collection::vec((1_i64..12, 0_u8..3), 0..40),
        swaps in proptest::collection::vec(0_usize..40, 0..6),
        others in proptest::collection::vec(0_usize..40, 0..6),
    ) {
        // The server's order: by time, and for equal times as they come.
        let mut all: Vec<(String, i64, Way)> = said_at
            .iter()
            .enumerate()
            .map(|(number, (time, way))| {
                let way = [Way::Missed, Way::Both, Way::Held][usize::from(*way)];
                // Ids whose order is not that of the messages.
                (format!("u{}-x", (number * 37) % 101), 1000 + time, way)
            })
            .collect();
        all.sort_by_key(|(_, time, way)| (*time, *way == Way::Held));
        let mut held: Vec<_> = all.iter().filter(|it| it.2 != Way::Missed).cloned().collect();
        for at in swaps {
            if at + 1 < held.len() {
                held.swap(at, at + 1);
            }
        }
        let mut table = waiting();
        for (number, (id, time, _)) in held.iter().enumerate() {
            table.chat(id, *time);
            if others.contains(&number) {
                table.event("chat-skip", &json!({}));
            }
        }
        let page = all.iter().filter(|it| it.2 != Way::Held);
        let page: Vec<Value> = page.rev().map(|(id, time, _)| row(id, *time)).collect();
        table.rejoined(Some(&json!(page)));
        let stored = said(&table.drafts());
        let time = |id: &str| all.iter().find(|it| it.0 == id).map(|it| it.1).expect("said");
        let chat = |name: &str| !matches!(name, "chat-skip" | "joined_room");
        // (id, its time, its place in the server's order, whether it is of the history)
        let merged: Vec<(&str, i64, usize, bool)> = stored
            .iter()
            .filter(|name| chat(name))
            .map(|name| {
                let id = name.trim_matches(['(', ')']);
                let rank = all.iter().position(|it| it.0 == id).expect("said");
                (id, time(id), rank, name.starts_with('('))
            })
            .collect();
        let mut ids: Vec<_> = merged.iter().map(|it| it.0).collect();
        ids.sort_unstable();
        let mut expected: Vec<_> = all.iter().map(|it| it.0.as_str()).collect();
        expected.sort_unstable();
        prop_assert_eq!(ids, expected, "each once");
        let live: Vec<_> = merged.iter().filter(|it| !it.3).map(|it| it.0).collect();
        let came: Vec<_> = held.iter().map(|it| it.0.as_str()).collect();
        prop_assert_eq!(live, came, "live ones as they came");
        for (at, item) in merged.iter().enumerate().filter(|(_, it)| it.3) {
            for later in &merged[at + 1..] {
                prop_assert!(later.2 > item.2, "{:?} before the older {:?}: {:?}", item, later, stored);
            }
        }
        for (at, item) in merged.iter().enumerate().filter(|(_, it)| it.3) {
            // A younger message stands before it only where an older live one came even later.
            for (before, younger) in merged[..at].iter().enumerate().filter(|(_, it)| it.2 > item.2) {
                let is_forced = merged[before..at].iter().any(|it| !it.3 && it.2 < item.2);
                prop_assert!(is_forced, "{:?} behind {:?}: {:?}", item, younger, stored);
            }
        }
    }
}
