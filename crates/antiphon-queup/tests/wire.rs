//! The frames in `fixtures/queup` decode as their snapshots say; any other JSON may fail but not panic.

mod harness;
#[path = "harness/payloads.rs"]
mod payloads;

use harness::Begin as _;
use payloads::shown;

use std::fmt::Write as _;

use antiphon_core::{Checkpoint, Draft, Event, IntakeLimits, Kind, Origin, Place, Position};
use antiphon_queup as queup;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use serde_json::{Map, Value};

fn event(kind: &str, place: &str, body: impl Into<bytes::Bytes>) -> Event {
    let time = "2026-01-01T00:00:00Z".parse().expect("a time");
    let draft = Draft::new(
        Kind::new(kind),
        Place::new(place),
        Origin::frame("c", 1),
        time,
        body,
    );
    Event::stored(Position::new(1), "queup".into(), draft)
}

fn fixtures() -> Vec<(String, String)> {
    let text = include_str!("../../../fixtures/queup/frames.json");
    let rows: Vec<Map<String, Value>> = serde_json::from_str(text).expect("a list of frames");
    rows.into_iter()
        .map(|row| {
            assert!(row["origin"].is_string(), "each says where it came from");
            let text = |name: &str| row[name].as_str().expect("a text").to_owned();
            (text("name"), text("frame"))
        })
        .collect()
}

/// Sends every documented frame over a socket in memory; prints kind, place, origin and payload.
#[tokio::test(start_paused = true)]
async fn every_documented_frame_decodes_as_it_did() {
    let sim = antiphon_sim::Simulator::with_seed(1);
    let config = harness::config(&sim)
        .rooms::<&str>([])
        .recent_conversations(false);
    let stored = harness::Journal {
        checkpoints: Vec::<Checkpoint>::new(),
        ..Default::default()
    };
    let app = harness::Running::with_limits(&sim, config, stored, IntakeLimits::default());
    app.until(|journal| !journal.of("queup.joined_room").is_empty())
        .await;
    let me = app.client.me().expect("logged in").id.clone();
    let before = app.journal().events.len();
    let frames = fixtures();
    let mut messages = 0;
    for (_, frame) in &frames {
        match frame.strip_prefix('4') {
            Some(message) => {
                messages += 1;
                sim.queup().links().raw_message(message);
            }
            None => sim.queup().links().packet(frame),
        }
    }
    // A second open packet is kept whole.
    let journal = app
        .until(|journal| journal.events.len() >= before + messages)
        .await;
    let packets = journal.of("queup.packet");
    assert_eq!(packets.len(), 1, "{packets:?}");
    assert!(packets[0].body().starts_with(b"0{"));
    let names = frames.iter().filter(|(_, frame)| frame.starts_with('4'));
    let mut text = String::new();
    let mut stored = journal.events[before..]
        .iter()
        .filter(|event| event.kind().as_str() != "queup.packet");
    for (name, _) in names {
        // The bare message repeats the id before it, and is stored once.
        if name == "chat-message-bare" {
            continue;
        }
        let event = stored.next().expect("stored");
        let origin = match event.origin().as_str().split_once('/') {
            Some(("chat" | "delete-chat-message", _)) => event.origin().as_str(),
            _ => "<frame>",
        };
        let _ = writeln!(
            text,
            "{name}\n  {} at {} as {origin}, {}\n{}\n",
            event.kind(),
            event.place(),
            event.form().as_str(),
            shown(event),
        );
    }
    app.stop().await;
    insta::assert_snapshot!(text.replace(me.as_str(), "<me>"));
}

#[test]
fn every_typed_kind_is_listed_and_every_listed_kind_typed() {
    for info in queup::KINDS {
        let body = if info.kind.ends_with('s') { "[]" } else { "{}" };
        let place = "room/5a77aa00bb11cc22dd33ee44";
        assert_ne!(
            shown(&event(info.kind, place, body)),
            "no type",
            "{}",
            info.kind
        );
    }
}

/// Values of any shape, under the wire's own names.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        Just("_id"),
        Just("user"),
        Just("_user"),
        Just("song"),
        Just("songInfo"),
        Just("_song"),
        Just("chatid"),
        Just("message"),
        Just("time"),
        Just("played"),
        Just("created"),
        Just("roleid"),
        Just("queue_object"),
        Just("playlist"),
        Just("room"),
        Just("roomUser"),
        Just("kickedUser"),
        Just("modUser"),
        Just("role_object"),
        Just("usersid"),
        Just("presence"),
        Just("action"),
        Just("startTime"),
        Just("profileImage"),
        Just("images"),
        Just("currentSong"),
        Just("upDubs"),
        Just("img"),
        Just("type"),
        Just("error"),
        Just("songLength"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[0-9]{1,30}".prop_map(Value::from),
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

proptest! {
    #[test]
    fn decoding_any_json_never_panics_and_any_object_decodes(body in any_json()) {
        for info in queup::KINDS {
            let event = event(info.kind, "room/5a77aa00bb11cc22dd33ee44", body.to_string());
            let shown = shown(&event);
            if body.is_object() {
                assert!(!shown.starts_with("error"), "{} {shown}: {body}", info.kind);
            }
        }
    }

    #[test]
    fn decoding_any_bytes_never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        for info in queup::KINDS {
            let _ = shown(&event(info.kind, "user/5f1c0aa1b2c3d4e5f6071829", body.clone()));
        }
    }
}
