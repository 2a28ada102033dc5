//! The frames in `fixtures/stackexchange`, decoded and kept as snapshots; any other input may fail, but not panic.

mod harness;

use std::fmt::Write as _;

use antiphon_core::{Draft, Event, Kind, Origin, Payload, Place, Position, Provenance};
use antiphon_stackexchange::{self as stackexchange, Html, MessageEvent};
use bytes::Bytes;
use harness::{Begin as _, Running, config, shown};
use jiff::Timestamp;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use serde_json::{Map, Value, json};

/// The texts and contents of an event.
fn read(event: &Event) -> String {
    let kind = event.kind().as_str();
    if MessageEvent::KINDS.contains(&kind) {
        let message = MessageEvent::decode(event).expect("it decodes");
        let content = &message.content;
        format!(
            "{:?} as text, {:?} as Markdown\n",
            content.text(),
            content.markdown()
        )
    } else if stackexchange::AccessLevelChangedEvent::KINDS.contains(&kind) {
        let changed = stackexchange::AccessLevelChangedEvent::decode(event).expect("it decodes");
        format!("{:?}\n", changed.change())
    } else if stackexchange::UserSuspendedEvent::KINDS.contains(&kind) {
        let suspended = stackexchange::UserSuspendedEvent::decode(event).expect("it decodes");
        format!("{:?}\n", suspended.suspension())
    } else if stackexchange::RoomNameChangedEvent::KINDS.contains(&kind) {
        let changed = stackexchange::RoomNameChangedEvent::decode(event).expect("it decodes");
        format!("{:?}, {:?}\n", changed.name(), changed.description())
    } else {
        String::new()
    }
}

fn event(kind: &str, body: impl Into<Bytes>) -> Event {
    let draft = Draft::new(
        Kind::new(kind),
        Place::new("room/4242"),
        Origin::new("event/1"),
        Timestamp::UNIX_EPOCH,
        body,
    );
    Event::stored(Position::new(1), "chat".into(), draft)
}

fn fixtures() -> Vec<(String, String)> {
    let text = include_str!("../../../fixtures/stackexchange/frames.json");
    let rows: Vec<Map<String, Value>> = serde_json::from_str(text).expect("a list of frames");
    rows.into_iter()
        .map(|row| {
            assert!(row["origin"].is_string(), "each says where it came from");
            let text = |name: &str| row[name].as_str().expect("a text").to_owned();
            (text("name"), text("frame"))
        })
        .collect()
}

/// Whether an origin is an id that the server gave.
fn is_of_the_server(origin: &str) -> bool {
    origin.starts_with("event/") || origin.starts_with("message/")
}

/// Every documented frame over a socket in memory: its kind, place, origin and payload.
#[tokio::test(start_paused = true)]
async fn every_documented_frame_decodes_as_it_did() {
    let sim = antiphon_sim::Simulator::with_seed(1);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let chat = sim.stackexchange();
    // The fixtures' ids, moved to where this server counts; and counters without holes.
    let thousands = (chat.counter() / 1000 + 1).to_string();
    let moved = |frame: &str| {
        let frame = frame.replace("165000", &thousands);
        frame.replace("\"d\":", "\"d\":900000000000")
    };
    let mut text = String::new();
    let mut seen = app.journal().events.len();
    for (number, (name, frame)) in fixtures().into_iter().enumerate() {
        chat.frame(&moved(&frame));
        // What follows shows that the frame was read to its end, whatever it had.
        let last = json!({"event_type": 98, "id": chat.counter() + 5_000 + i64::try_from(number).expect("few")});
        chat.frame(&json!({"r4242": {"e": [last]}}).to_string());
        let journal = app
            .until(|journal| journal.of("stackexchange.98").len() > number)
            .await;
        let events = journal.events[seen..].iter();
        seen = journal.events.len();
        let _ = writeln!(text, "# {name}");
        let events: Vec<_> = events
            .filter(|event| event.provenance() != Provenance::Synthetic)
            .filter(|event| event.kind().as_str() != "stackexchange.98")
            .collect();
        for event in &events {
            let origin = match event.origin().as_str() {
                origin if is_of_the_server(origin) => origin,
                _ => "<frame>",
            };
            let _ = writeln!(
                text,
                "{} at {} as {origin}, {}\n{}\n{}",
                event.kind(),
                event.place(),
                event.form().as_str(),
                shown(event),
                read(event),
            );
        }
        // The same frame without an account has the same events.
        let drafts = stackexchange::read_frame(&moved(&frame).into(), Timestamp::UNIX_EPOCH);
        let origins = |origin: &Origin| is_of_the_server(origin.as_str()).then(|| origin.clone());
        let alone: Vec<_> = drafts
            .iter()
            .filter_map(|draft| origins(&draft.origin))
            .collect();
        let stored: Vec<_> = events
            .iter()
            .filter_map(|event| origins(event.origin()))
            .collect();
        assert_eq!(alone, stored, "{name}");
    }
    app.stop().await;
    insta::assert_snapshot!(text.replace(&thousands, "165000"));
}

#[test]
fn every_event_number_has_a_frame() {
    let frames: String = fixtures().into_iter().map(|(_, frame)| frame).collect();
    for number in stackexchange::EventType::NAMED {
        let field = format!("\"event_type\":{},", number.0);
        assert!(frames.contains(&field), "{number}");
    }
}

#[test]
fn every_typed_kind_is_listed_and_every_listed_kind_typed() {
    for info in stackexchange::KINDS {
        let shown = shown(&event(info.kind, "{}"));
        let name = info.payload;
        assert!(shown.starts_with(name), "{}: {shown}", info.kind);
    }
}

/// Values of any shape, under the wire's own names and others.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        Just("r4242"),
        Just("r17"),
        Just("e"),
        Just("t"),
        Just("d"),
        Just("reset"),
        Just("exit"),
        Just("timeout"),
        Just("event_type"),
        Just("id"),
        Just("time_stamp"),
        Just("room_id"),
        Just("room_name"),
        Just("user_id"),
        Just("user_name"),
        Just("target_user_id"),
        Just("message_id"),
        Just("content"),
        Just("parent_id"),
        Just("show_parent"),
        Just("message_stars"),
        Just("message_edits"),
        Just("moved"),
        Just("old"),
        Just("odd"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[0-9]{1,30}".prop_map(Value::from),
        Just(Value::from("priv 9 created")),
        Just(Value::from("3 {\"old\":null}")),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        let names = names.clone().prop_map(str::to_owned);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(names, inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Fragments as chat sends them, and hostile ones.
fn any_html() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("<b>"),
        Just("</b>"),
        Just("<i>"),
        Just("</i>"),
        Just("<strike>"),
        Just("<code>"),
        Just("</code>"),
        Just("<br>"),
        Just("<pre class='full'>"),
        Just("</pre>"),
        Just("<div class='full'>"),
        Just("<div class='partial'>"),
        Just("</div>"),
        Just("<a href=\"//a.example/(x)\">"),
        Just("</a>"),
        Just("<div class=\"onebox\">"),
        Just("<img src=x>"),
        Just("<script>"),
        Just("<table><td>"),
        Just("<p>"),
        Just("<!--"),
        Just("&amp;"),
        Just("&#x1F600"),
        Just("&#0;"),
        Just("<"),
        Just("text *with* _marks_"),
        Just("\n    "),
        Just("é"),
    ];
    let part = prop_oneof![8 => part.prop_map(str::to_owned), 1 => ".{0,8}"];
    proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn decoding_any_json_never_panics_and_any_object_decodes(body in any_json()) {
        for info in stackexchange::KINDS {
            let event = event(info.kind, body.to_string());
            let shown = shown(&event);
            let _ = (!shown.contains("error: ")).then(|| read(&event));
            if body.is_object() {
                assert!(!shown.starts_with("error"), "{} {shown}: {body}", info.kind);
            }
        }
    }

    #[test]
    fn decoding_any_bytes_never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        for info in stackexchange::KINDS {
            let _ = shown(&event(info.kind, body.clone()));
        }
    }

    #[test]
    fn reading_any_frame_never_panics_and_gives_no_more_than_it_has(frame in any_json()) {
        let frame = Bytes::from(json!({"r4242": frame, "r17": {"e": [frame]}}).to_string());
        let drafts = stackexchange::read_frame(&frame, Timestamp::UNIX_EPOCH);
        let bodies: usize = drafts.iter().map(|draft| draft.body.len()).sum();
        assert!(bodies <= frame.len());
    }

    #[test]
    fn any_fragment_becomes_text_and_markdown_of_a_bounded_length(html in any_html()) {
        let length = html.len();
        let html = Html::new(html);
        assert!(html.text().len() <= 4 * length + 16, "{html}: {:?}", html.text());
        assert!(html.markdown().len() <= 8 * length + 16, "{html}: {:?}", html.markdown());
    }
}

/// Formatting that is reopened in every block would make more elements than there are bytes.
#[test]
fn a_fragment_that_multiplies_itself_is_held_to_its_size() {
    let open: Vec<String> = (0..2_000).map(|n| format!("<b x={n}>")).collect();
    let open = open.concat();
    let html = Html::new(format!("<p>{open}</p>{}", "<p>x</p>".repeat(2_000)));
    let length = html.as_html().len();
    assert!(html.text().len() <= 4 * length);
    assert!(html.markdown().len() <= 8 * length);
}
