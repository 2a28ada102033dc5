//! Every frame leaves a row with its bytes, or a count.

use antiphon_sim::mutation::Mutator;
use base64::Engine as _;

use super::*;

/// Gives a frame to an open session; returns the event that it became, if any.
#[track_caller]
fn heard(table: &mut Table, frame: &[u8], is_text: bool) -> Option<Draft> {
    table.store();
    let frame = Bytes::copy_from_slice(frame);
    if is_text {
        if let Err(cut) = table.session.on_text(&frame, table.now) {
            table.session.on_closed(&cut.0, table.now);
        }
    } else {
        table.session.on_binary(&frame, table.now);
    }
    // Held events are released without their history.
    let names: Vec<String> = table.session.channels.keys().cloned().collect();
    for name in names {
        table.session.release(&name, None, table.now);
    }
    let mut drafts = table.drafts();
    drafts.retain(|draft| draft.provenance == antiphon_core::Provenance::Live);
    assert!(drafts.len() <= 1, "{drafts:?}");
    drafts.pop()
}

#[test]
fn a_frame_that_is_no_message_packet_is_kept_whole() {
    let mut table = Table::new();
    table.join();
    let texts = [
        "7hello",
        "b{\"x\":1}",
        "-1abc",
        "{\"action\":15,\"channel\":\"room:1\"}",
        "",
        "b",
        "b4",
        "b4***",
        "b4eyJhY3Rpb24iOjk5fQ",
        "b0e30=",
        "2probe",
        "3probe",
        "5x",
        "6{}",
        "0not json",
        "0{\"sid\":\"a second one\"}",
        "\u{e9}",
    ];
    for text in texts {
        // An empty base64 packet is an empty message.
        let (kind, body) = if text == "b4" {
            ("queup.message", "")
        } else {
            ("queup.packet", text)
        };
        let draft = heard(&mut table, text.as_bytes(), true).expect("an event");
        assert_eq!(
            (draft.kind.as_str(), &draft.body[..]),
            (kind, body.as_bytes())
        );
        assert_eq!(
            draft.form,
            antiphon_core::BodyForm::of(&draft.body),
            "{text}"
        );
    }
    for bytes in [&b"\x00\xff"[..], b"\x02", b"4{}", b"", b"\x07x", b"{}"] {
        let draft = heard(&mut table, bytes, false).expect("an event");
        assert_eq!(
            (draft.kind.as_str(), &draft.body[..]),
            ("queup.packet", bytes)
        );
    }
    let draft = heard(&mut table, b"1bye", true).expect("an event");
    assert_eq!(&draft.body[..], b"1bye");
    assert_eq!(table.session.skipped().total(), 1, "the open packet alone");
}

#[test]
fn packets_without_content_are_counted() {
    let mut table = Table::new();
    table.join();
    for text in ["2", "3", "5", "6", "1"] {
        assert_eq!(heard(&mut table, text.as_bytes(), true), None, "{text}");
    }
    let counts: Vec<_> = table.session.skipped().iter().collect();
    let expected = [("close", 1), ("heartbeat", 2), ("noop", 2), ("open", 1)];
    assert_eq!(counts, expected);
}

#[test]
fn packets_have_origins_of_their_own_and_do_not_count_as_messages() {
    let mut table = Table::new();
    table.join();
    let mut origins = Vec::new();
    for text in ["7a", "7a", "4{\"action\":99}", "7a"] {
        let draft = heard(&mut table, text.as_bytes(), true).expect("an event");
        origins.push(draft.origin.to_string());
    }
    let expected = [
        "c1/packet/00000001",
        "c1/packet/00000002",
        "c1/00000004",
        "c1/packet/00000003",
    ];
    assert_eq!(origins, expected);
}

#[test]
fn a_room_action_that_cannot_be_read_is_kept_as_the_message_it_is() {
    let mut table = Table::new();
    table.join();
    for message in [
        json!({"action": 15, "message": {"name": "x", "data": 7}}),
        json!({"action": 15, "message": {"data": "no name"}}),
        json!({"action": 15, "message": "x"}),
        json!({"action": 15}),
        json!({"action": 15, "message": {"name": "room", "data": "{}"}}),
    ] {
        let text = message.to_string();
        let draft = heard(&mut table, format!("4{text}").as_bytes(), true).expect("an event");
        assert_eq!(draft.kind.as_str(), "queup.room_action");
        assert_eq!(&draft.body[..], text.as_bytes());
    }
    let lone = r#"{"action":15,"message":{"name":"x","data":"\ud800"}}"#;
    let draft = heard(&mut table, format!("4{lone}").as_bytes(), true).expect("an event");
    assert_eq!(&draft.body[..], lone.as_bytes());
    let text = r#"4{"action":15,"message":{"name":"x","type":"string","data":"plain \"text\""}}"#;
    let draft = heard(&mut table, text.as_bytes(), true).expect("an event");
    assert_eq!(
        (draft.kind.as_str(), &draft.body[..]),
        ("queup.x", &b"plain \"text\""[..])
    );
}

/// Good frames of every kind.
fn good() -> Vec<Vec<u8>> {
    let room = format!("room:{ROOM}");
    let action = |name: &str, data: Value| {
        let message = json!({"name": name, "type": "json", "data": data.to_string()});
        format!(
            "4{}",
            json!({"action": 15, "channel": room, "message": message})
        )
    };
    let user = json!({"_id": TEO, "username": "teo \u{1f3b6}"});
    let chat = json!({"type": "chat-message", "chatid": format!("{TEO}-17"), "time": 17, "message": "hi", "user": user});
    let mut frames = vec![
        action("chat-message", chat),
        action(
            "delete-chat-message",
            json!({"chatid": format!("{TEO}-17"), "user": user}),
        ),
        action(
            "user-kick",
            json!({"user": user, "kickedUser": {"_id": TEO}}),
        ),
        action("user-leave", json!({"user": user})),
        action(
            "room_playlist-update",
            json!({"startTime": 3, "song": {"_id": "s", "songLength": 9}}),
        ),
        action(
            "user_update_5f1c0aa1b2c3d4e5f607182a",
            json!({"user": user}),
        ),
        action("brand-new", json!([1, {"a": null}])),
        format!(
            "4{}",
            json!({"action": 15, "channel": room, "message": {"data": {"type": "x"}}})
        ),
        format!(
            "4{}",
            json!({"action": 15, "channel": format!("user:{ME}"), "message": {"name": "new-message", "data": json!({"messageid": "c"}).to_string()}})
        ),
        format!(
            "4{}",
            json!({"action": 4, "clientId": ME, "connectionId": "c9"})
        ),
        format!("4{}", json!({"action": 11, "channel": room})),
        format!("4{}", json!({"action": 13, "channel": room})),
        format!(
            "4{}",
            json!({"action": 14, "channel": room, "presence": {"action": 1, "clientId": TEO}})
        ),
        format!("4{}", json!({"action": 9, "error": {"x": 1}})),
        format!("4{}", json!({"action": 99, "x": "\u{7f}"})),
        "0{\"sid\":\"s\",\"pingInterval\":25000,\"pingTimeout\":60000}".into(),
        "2".into(),
        "3".into(),
        "3probe".into(),
        "6".into(),
        "1".into(),
    ];
    let packet = base64::engine::general_purpose::STANDARD.encode(&frames[0][1..]);
    frames.push(format!("b4{packet}"));
    let mut frames: Vec<Vec<u8>> = frames.into_iter().map(String::into_bytes).collect();
    let mut binary = frames[0].clone();
    binary[0] = 4;
    frames.push(binary);
    frames
}

/// The message in a frame, if it is a message packet.
fn message_of(frame: &[u8], is_text: bool) -> Option<Vec<u8>> {
    match (is_text, frame) {
        (true, [b'4', rest @ ..]) | (false, [4, rest @ ..]) => Some(rest.to_vec()),
        (true, [b'b', b'4', rest @ ..]) => {
            base64::engine::general_purpose::STANDARD.decode(rest).ok()
        }
        _ => None,
    }
}

/// The checked part of a room action; the rest may be anything.
#[derive(serde::Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    message: Data<'a>,
}

#[derive(serde::Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    data: &'a serde_json::value::RawValue,
}

/// Whether a body is the data of a room action, as it stands or with one level of escaping undone.
fn is_data_of(body: &[u8], message: &[u8]) -> bool {
    let Ok(said) = serde_json::from_slice::<Said<'_>>(message) else {
        return false;
    };
    let data = said.message.data.get();
    match serde_json::from_str::<String>(data) {
        Ok(text) => text.as_bytes() == body,
        Err(_) => data.as_bytes() == body,
    }
}

#[test]
fn a_hundred_thousand_damaged_frames_leave_their_bytes_or_a_count() {
    let good = good();
    let mut mutator = Mutator::new(20_261_129);
    let mut table = Table::new();
    table.join();
    let mut origins = HashSet::new();
    let (mut rows, mut counted, mut whole) = (0, 0, 0);
    for round in 0..100_000 {
        let frame = mutator.damage(&good[round % good.len()]);
        let is_text = round % 7 != 0 && std::str::from_utf8(&frame).is_ok();
        let before = table.session.skipped().total();
        let draft = heard(&mut table, &frame, is_text);
        let skipped = table.session.skipped().total() - before;
        let what = String::from_utf8_lossy(&frame);
        if let Some(draft) = draft {
            rows += 1;
            assert_eq!(skipped, 0, "{what}");
            let body = &draft.body[..];
            if let Some(message) = message_of(&frame, is_text) {
                let is_own = body == message || is_data_of(body, &message);
                assert!(is_own, "{what} became {draft:?}");
            } else {
                whole += 1;
                assert_eq!((draft.kind.as_str(), body), ("queup.packet", &frame[..]));
            }
            // Only ids of the server may come again.
            let is_chat = draft.kind.as_str().ends_with("chat-message");
            assert!(
                origins.insert(draft.origin) || is_chat,
                "{what} is a repeat"
            );
        } else {
            counted += 1;
            assert!(is_text && skipped == 1, "{what} vanished");
            let is_bare = matches!(&frame[..], b"1" | b"2" | b"3" | b"5" | b"6");
            assert!(is_bare || frame.starts_with(b"0{"), "{what}");
        }
        if !table.session.wants_frame() {
            // The socket was closed; another one is opened.
            table.tasks();
            table.pass(60);
            table.deadline().expect("no cut");
            table.tasks();
            table.done(Done::Opened(Ok(json!({"_id": ME}).to_string().into())));
            table.replies();
        }
    }
    assert_eq!(rows + counted, 100_000);
    assert!(
        whole > 5000 && counted > 100,
        "{whole} whole, {counted} counted"
    );
}
