use antiphon_core::{Edge, Gap, Provenance};
use jiff::Timestamp;

use super::*;

const CHAT: &str = "queup.chat-message";

/// A row due to `me` at 1000 ms and its number; without a frame it was never sent.
fn row(n: u64, origin: Option<&str>, frame: Option<(&str, u64)>) -> Row {
    Row {
        n,
        platform: "queup",
        kind: CHAT.into(),
        place: "room/1".into(),
        origin: origin.map(Into::into),
        due_to: Some("me".into()),
        at: 1000 + i64::try_from(n).expect("small"),
        body: "{}".into(),
        connection: frame.map(|(connection, _)| connection.into()),
        frame: frame.map(|(_, frame)| frame),
        sent: frame.is_some(),
    }
}

fn event(origin: &str) -> StoredEvent<'_> {
    StoredEvent {
        kind: CHAT,
        place: "room/1",
        origin,
        provenance: Provenance::Live,
        received_at: 2000,
        body: b"{}",
        handled: None,
    }
}

fn edge(connection: &str, frame: u64) -> Edge {
    Edge::frame(Timestamp::UNIX_EPOCH, connection, frame)
}

fn at(milliseconds: i64) -> Edge {
    Edge::at(Timestamp::from_millisecond(milliseconds).expect("a time"))
}

/// A gap's body; its event goes by the origin `gap`.
fn gap(from: Edge, to: Edge) -> Vec<u8> {
    Gap::new(from, to, "cut").body()
}

fn gap_at<'a>(place: &'a str, body: &'a [u8]) -> StoredEvent<'a> {
    StoredEvent {
        kind: Gap::KIND,
        place,
        body,
        ..event("gap")
    }
}

fn audited(rows: &[Row], events: &[StoredEvent<'_>]) -> Audit {
    audited_until(u64::MAX, rows, events)
}

fn audited_until(last: u64, rows: &[Row], events: &[StoredEvent<'_>]) -> Audit {
    let mut stored = StoredEvents::default();
    for event in events {
        stored.add(event);
    }
    judge(rows, last, "me", &stored)
}

fn numbers(rows: &[Row]) -> Vec<u64> {
    rows.iter().map(|row| row.n).collect()
}

/// What is gapped and what is lost of rows of which none is stored, with one gap.
#[track_caller]
fn check_gap(rows: &[Row], from: Edge, to: Edge, gapped: &[u64], lost: &[u64]) {
    let body = gap(from, to);
    let audit = audited(rows, &[gap_at("room/1", &body)]);
    assert_eq!(
        (&*numbers(&audit.gapped), &*numbers(&audit.lost)),
        (gapped, lost)
    );
}

/// Five messages: one live, one lost on a dying line and two while there was none, of which one is recovered, and two
/// live again.
fn story() -> Vec<Row> {
    vec![
        row(1, Some("chat/1-1"), Some(("c1", 7))),
        row(2, Some("c1/8"), Some(("c1", 8))),
        row(3, Some("chat/3-3"), None),
        row(4, None, None),
        row(5, Some("chat/5-5"), Some(("c2", 2))),
        row(6, Some("chat/6-6"), Some(("c2", 3))),
    ]
}

#[test]
fn what_is_due_is_stored_or_in_a_gap_or_lost() {
    let body = gap(edge("c1", 7), edge("c2", 2));
    let backfilled = StoredEvent {
        provenance: Provenance::Backfilled,
        ..event("chat/3-3")
    };
    let events = [
        event("chat/1-1"),
        backfilled,
        event("chat/5-5"),
        event("chat/6-6"),
        gap_at("room/1", &body),
    ];
    let whole = audited(&story(), &events);
    assert_eq!((whole.due, whole.stored, whole.sent_again), (6, 4, 1));
    assert_eq!(
        (numbers(&whole.gapped), numbers(&whole.lost)),
        (vec![2, 4], vec![])
    );
    assert_eq!((whole.repeated, whole.disordered.len()), (0, 0));

    let without_gap = audited(&story(), &events[..4]);
    assert_eq!(numbers(&without_gap.lost), [2, 4]);
    assert!(without_gap.gapped.is_empty());
}

#[test]
fn the_frames_of_a_gaps_edges_are_outside_of_it() {
    let rows = story();
    check_gap(&rows, edge("c1", 7), edge("c2", 2), &[2, 3, 4], &[1, 5, 6]);
}

#[test]
fn an_edge_that_names_a_frame_is_found_in_the_ledger_whatever_the_clock_says() {
    let rows = story();
    let early = Edge::frame(Timestamp::UNIX_EPOCH, "c1", 8);
    let late = Edge::frame(Timestamp::from_second(60).expect("a time"), "c2", 3);
    check_gap(&rows, early, late, &[3, 4, 5], &[1, 2, 6]);
}

#[test]
fn an_edge_without_a_frame_is_a_time() {
    check_gap(&story(), at(1002), at(1004), &[2, 3, 4], &[1, 5, 6]);
}

#[test]
fn a_frame_that_no_row_tells_of_lies_between_its_neighbours_and_the_clock_decides_on_the_rest() {
    let between = |milliseconds| {
        let at = Timestamp::from_millisecond(milliseconds).expect("a time");
        Edge::frame(at, "c2", 1)
    };
    // Before frame 2 of the same connection, and not behind the time that the edge tells.
    check_gap(
        &story(),
        edge("c1", 7),
        between(9999),
        &[2, 3, 4],
        &[1, 5, 6],
    );
    check_gap(
        &story(),
        edge("c1", 7),
        between(1003),
        &[2, 3],
        &[1, 4, 5, 6],
    );
    let behind = Edge::frame(Timestamp::from_millisecond(1004).expect("a time"), "c1", 9);
    check_gap(&story(), behind, at(9999), &[4, 5, 6], &[1, 2, 3]);
}

#[test]
fn a_frame_with_several_events_is_outside_of_the_gap_with_all_of_them() {
    let rows: Vec<Row> = (1..=6)
        .zip([1, 2, 2, 3, 4, 4])
        .map(|(n, frame)| Row {
            platform: "stackexchange",
            ..row(n, None, Some(("c1", frame)))
        })
        .collect();
    check_gap(&rows, edge("c1", 2), edge("c1", 4), &[4], &[1, 2, 3, 5, 6]);
    // The same by numbers, for rows of no connection.
    let mut rows = rows;
    rows[3].connection = None;
    rows[3].frame = None;
    check_gap(&rows, edge("c1", 2), edge("c1", 4), &[4], &[1, 2, 3, 5, 6]);
}

#[test]
fn what_a_session_sends_again_stands_where_it_was_first() {
    let mut rows: Vec<Row> = [("s", 1), ("s", 2), ("s", 3), ("s", 1), ("t", 1)]
        .into_iter()
        .zip(1..)
        .map(|(frame, n)| Row {
            platform: "discord",
            ..row(n, None, Some(frame))
        })
        .collect();
    rows[3].due_to = None;
    rows[2].sent = false;
    rows.push(Row {
        n: 3,
        ..row(6, None, None)
    });
    // Sequence 3 was never sent, and yet the session says where it stands.
    check_gap(&rows, edge("s", 1), edge("t", 1), &[2, 3, 3], &[1, 5]);
    check_gap(&rows, edge("s", 2), edge("s", 3), &[], &[1, 2, 3, 5, 3]);
}

#[test]
fn a_gap_covers_what_lies_within_its_place_but_on_queup_its_own_place_alone() {
    let body = gap(at(0), at(9999));
    let rows = |platform| {
        ["room/1", "room/1/user/2", "room/12"].map(|place| Row {
            platform,
            place: place.into(),
            ..row(1, None, None)
        })
    };
    let covered = |platform| {
        let audit = audited(&rows(platform), &[gap_at("room/1", &body)]);
        audit.gapped.len()
    };
    assert_eq!(covered("queup"), 1);
    assert_eq!(covered("stackexchange"), 2);
    assert_eq!(
        audited(&rows("discord"), &[gap_at("", &body)]).gapped.len(),
        3
    );
}

#[test]
fn a_gap_that_cannot_be_read_covers_nothing() {
    let audit = audited(&story(), &[gap_at("room/1", b"{}")]);
    assert_eq!((audit.gaps, audit.lost.len()), (0, 6));
}

#[test]
fn rows_due_to_others_are_passed_over() {
    let mut rows = story();
    rows[0].due_to = Some("you".into());
    rows[1].due_to = None;
    assert_eq!(audited(&rows, &[]).due, 4);
}

#[test]
fn what_is_stored_or_handled_twice_is_counted() {
    let mut stored = StoredEvents::default();
    stored.handled("chat/1-1");
    for _ in 0..2 {
        stored.add(&StoredEvent {
            handled: Some(0),
            ..event("chat/1-1")
        });
    }
    stored.handled("chat/1-1");
    let audit = judge(&story()[..1], 1, "me", &stored);
    assert_eq!((audit.stored, audit.repeated), (1, 1));
    assert_eq!((audit.handled, audit.handled_again), (1, 1));
}

#[test]
fn a_message_that_is_stored_under_two_names_is_a_repeat() {
    let posted = |origin, body| StoredEvent {
        kind: POSTED,
        body,
        ..event(origin)
    };
    let events = [
        posted("message/5", br#"{"message_id":5}"#),
        posted("event/77", br#"{"message_id":5}"#),
        posted("message/6", br#"{"message_id":6}"#),
    ];
    assert_eq!(audited(&[], &events).repeated, 1);
}

#[test]
fn an_event_that_was_never_handled_is_told_where_somebody_counts() {
    let counted = |origin, handled| StoredEvent {
        handled,
        ..event(origin)
    };
    let events = [
        counted("chat/1-1", Some(1)),
        counted("chat/3-3", Some(0)),
        counted("chat/5-5", None),
    ];
    let audit = audited(&story(), &events);
    assert_eq!((audit.handled, audit.unhandled), (1, 1));
}

/// What is out of order when the rows' events are stored in the order of these numbers.
#[track_caller]
fn check_order(rows: &[Row], journal: &[u64], disordered: &[u64]) {
    let of = |n: &u64| rows.iter().find(|row| row.n == *n).expect("a row");
    let events: Vec<_> = journal
        .iter()
        .map(of)
        .map(|row| StoredEvent {
            kind: &row.kind,
            place: &row.place,
            ..event(row.origin.as_deref().expect("an origin"))
        })
        .collect();
    let audit = audited(rows, &events);
    assert_eq!(numbers(&audit.disordered), disordered);
}

fn rows_at(platform: &'static str, places: [&str; 3]) -> Vec<Row> {
    (1..)
        .zip(places)
        .map(|(n, place)| Row {
            platform,
            kind: "some.kind".into(),
            place: place.into(),
            ..row(n, Some(&n.to_string()), Some(("c", n)))
        })
        .collect()
}

#[test]
fn events_of_one_place_are_stored_in_the_order_in_which_they_were_sent() {
    let rows = rows_at("discord", ["a", "a", "b"]);
    check_order(&rows, &[1, 2, 3], &[]);
    check_order(&rows, &[3, 1, 2], &[]);
    check_order(&rows, &[2, 1, 3], &[2]);
}

#[test]
fn what_a_fault_sent_in_the_wrong_order_may_stand_in_that_of_its_session() {
    let mut rows = rows_at("discord", ["a", "a", "a"]);
    (rows[1].frame, rows[2].frame) = (Some(3), Some(2));
    check_order(&rows, &[1, 2, 3], &[]);
    check_order(&rows, &[1, 3, 2], &[]);
    check_order(&rows, &[3, 2, 1], &[2, 3]);
    rows[2].connection = Some("d".into());
    check_order(&rows, &[1, 3, 2], &[3]);
}

#[test]
fn a_nodes_events_are_stored_in_the_order_of_its_sockets() {
    let mut rows = rows_at("lavalink", ["a", "b", "a"]);
    check_order(&rows, &[2, 1, 3], &[2]);
    rows[1].connection = Some("d".into());
    check_order(&rows, &[2, 1, 3], &[]);
}

#[test]
fn chat_of_a_history_is_stored_in_the_order_of_the_servers_times() {
    let chat = |n, time: &str, frame| row(n, Some(&format!("chat/{n}-{time}")), frame);
    let rows = [
        chat(1, "10", Some(("c", 1))),
        chat(2, "30", None),
        chat(3, "20", Some(("c", 2))),
    ];
    check_order(&rows, &[1, 3, 2], &[]);
    check_order(&rows, &[3, 1, 2], &[3]);
    // A fault turned the last two round; they may stand as they were sent.
    check_order(&rows, &[1, 2, 3], &[]);
    let tied = [chat(1, "10", None), chat(2, "10", None)];
    check_order(&tied, &[2, 1], &[2]);
}

#[test]
fn deletions_of_a_history_have_no_order_and_chat_none_beside_other_events() {
    let mut rows = story();
    for (row, kind) in rows.iter_mut().zip(["queup.delete-chat-message"; 2]) {
        row.kind = kind.into();
        row.place = "room/1".into();
    }
    let stored = |provenance| {
        ["c1/8", "chat/1-1"].map(|origin| StoredEvent {
            kind: "queup.delete-chat-message",
            provenance,
            ..event(origin)
        })
    };
    let disordered = |events: &[StoredEvent<'_>]| audited(&rows, events).disordered.len();
    assert_eq!(disordered(&stored(Provenance::Live)), 1);
    assert_eq!(disordered(&stored(Provenance::Backfilled)), 0);
    let chat = event("chat/5-5");
    let [first, second] = stored(Provenance::Live);
    assert_eq!(disordered(&[chat, second, first]), 0);
}

#[test]
fn an_event_takes_its_turn_from_the_row_that_was_sent() {
    let mut rows = rows_at("discord", ["a", "a", "a"]);
    // The first event was missed by one session, and sent by the next behind the second one.
    rows[2].origin = rows[0].origin.clone();
    check_order(&rows, &[2, 1], &[2]);
    rows[0].sent = false;
    check_order(&rows, &[2, 1], &[]);
    check_order(&rows, &[1, 2], &[3]);
}

#[test]
fn a_nodes_frames_are_known_by_the_session_and_the_time_of_its_greetings() {
    let greeting = |origin, received_at| StoredEvent {
        kind: GREETING,
        place: "node/eu-1",
        received_at,
        body: br#"{"op":"ready","resumed":false,"sessionId":"abc"}"#,
        ..event(origin)
    };
    let frames = [
        ("abc.1", 1),
        ("abc.1", 2),
        ("abc.2", 1),
        ("abc.2", 2),
        ("abc.3", 1),
        ("abc.3", 2),
    ];
    let rows: Vec<Row> = (1..)
        .zip(frames)
        .map(|(n, frame)| Row {
            platform: "lavalink",
            kind: if frame.1 == 1 {
                GREETING
            } else {
                "lavalink.stats"
            }
            .into(),
            place: "node/eu-1".into(),
            ..row(n, Some("the node's own"), Some(frame))
        })
        .collect();
    let events = [
        greeting("n-000001/00000001", 1001),
        event("n-000001/00000002"),
        // The second socket was lost before its greeting was read.
        greeting("n-000004/00000001", 1005),
        event("n-000004/00000002"),
    ];
    let audit = audited(&rows, &events);
    assert_eq!((audit.stored, numbers(&audit.lost)), (4, vec![3, 4]));
    let body = gap(edge("n-000001", 2), at(1005));
    let with_gap = [&events[..], &[gap_at("node/eu-1", &body)]].concat();
    let audit = audited(&rows, &with_gap);
    assert_eq!((numbers(&audit.gapped), audit.lost.len()), (vec![3, 4], 0));
    // Rows behind the last one that counts still name the sockets of a journal that went on.
    let audit = audited_until(2, &rows, &events[..3]);
    assert_eq!((audit.due, audit.stored, audit.lost.len()), (2, 2, 0));
}

#[test]
fn an_audit_in_json_has_counts_and_the_first_rows() {
    let rows: Vec<Row> = (1..=30).map(|n| row(n, None, None)).collect();
    let shown = serde_json::to_value(audited(&rows, &[])).expect("plain data");
    assert_eq!((&shown["due"], &shown["lost"]), (&30.into(), &30.into()));
    assert_eq!(shown["first_lost"].as_array().map(Vec::len), Some(20));
    assert_eq!(shown["first_lost"][0]["kind"], CHAT);
}

#[tokio::test]
async fn posted_events_are_read_line_by_line_and_judged() {
    let ledger = Ledger::default();
    let body = concat!(
        r#"{"position":1,"source":"choir","kind":"queup.chat-message","place":"room/1","origin":"chat/1-1","#,
        r#""provenance":"live","received_at":"2026-01-31T12:00:00.123456Z","body":{},"handled":0}"#,
        "\n\n",
        r#"{"kind":"antiphon.link","place":"","origin":"a","received_at":"2026-01-31T12:00:00Z"}"#,
    );
    let ask = async |query: &str, body: String| {
        let audit = posted(&ledger, query, http_body_util::Full::from(body)).await;
        audit.map_err(|error| error.to_string())
    };
    let audit = ask("platform=queup&account=me", body.to_owned()).await;
    let audit = audit.expect("a judgement");
    assert_eq!((audit.unhandled, audit.due), (1, 0));
    for (query, body, expected) in [
        (
            "account=me",
            body,
            "an audit needs `platform` and `account`",
        ),
        (
            "platform=queup&account=me&of=1",
            body,
            "no parameter named `of`",
        ),
        (
            "platform=queup&account=me&until=x",
            body,
            "`until` is not a number: x",
        ),
        (
            "platform=queup&account=me",
            "{}",
            "event 1 is wrong: missing field `kind` at line 1 column 2",
        ),
    ] {
        let refused = ask(query, body.to_owned()).await;
        assert_eq!(refused.expect_err("it is wrong"), expected);
    }
    let long = "x".repeat((1 << 20) + 1);
    let refused = ask("platform=queup&account=me", long).await;
    assert_eq!(
        refused.expect_err("it is too long"),
        "an event takes at most 1048576 bytes"
    );
}
