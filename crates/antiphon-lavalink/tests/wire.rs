//! The frames of `fixtures/lavalink` as decoded snapshots; other JSON may fail to decode but not panic.

use std::fmt::Write as _;

use antiphon_core::{Event, Payload, Position};
use antiphon_lavalink as lavalink;
use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use serde_json::{Map, Value};

/// Decodes an event as its kind says; returns the result for the snapshot.
fn shown(event: &Event) -> String {
    macro_rules! one_of {
        ($($payload:ident),* $(,)?) => {
            $(if lavalink::$payload::KINDS.contains(&event.kind().as_str()) {
                let view = lavalink::$payload::view(event).is_ok();
                return match lavalink::$payload::decode(event) {
                    Ok(payload) => {
                        assert!(view, "what decodes has a view");
                        format!("{payload:#?}")
                    }
                    Err(error) => format!("error: {error}"),
                };
            })*
        };
    }
    one_of!(
        LyricsFound,
        LyricsNotFound,
        LyricsLine,
        SegmentsLoaded,
        SegmentSkipped,
        ChaptersLoaded,
        ChapterStarted,
        Extra,
        InactivePlayer,
        Malformed,
        NodeClosed,
        NodeDisconnected,
        NodeReady,
        PlayerMigrated,
        PlayerUpdate,
        Stats,
        TrackEnd,
        TrackException,
        TrackStart,
        TrackStuck,
        WebsocketClosed,
    );
    "no type".into()
}

fn event(frame: impl Into<Bytes>) -> Event {
    let draft = lavalink::read_frame(&"eu-1".into(), "c", 1, &frame.into(), Timestamp::UNIX_EPOCH);
    Event::stored(Position::new(1), "lavalink".into(), draft)
}

#[test]
fn every_documented_frame_decodes_as_it_did() {
    let text = include_str!("../../../fixtures/lavalink/frames.json");
    let rows: Vec<Map<String, Value>> = serde_json::from_str(text).expect("a list of frames");
    let mut all = String::new();
    for row in rows {
        assert!(row["origin"].is_string(), "each says where it came from");
        let text = |name: &str| row[name].as_str().expect("a text").to_owned();
        let event = event(text("frame"));
        let _ = writeln!(
            all,
            "{}\n  {} at {}, {}\n{}\n",
            text("name"),
            event.kind(),
            event.place(),
            event.form().as_str(),
            shown(&event),
        );
    }
    insta::assert_snapshot!(all);
}

#[test]
fn every_typed_kind_is_listed_and_every_listed_kind_typed() {
    for info in lavalink::KINDS {
        let name = info
            .kind
            .strip_prefix("lavalink.")
            .expect("this platform's");
        let op = serde_json::json!({"op": name}).to_string();
        let typed = serde_json::json!({"op": "event", "type": name}).to_string();
        // antiphon's own events have no frame, and are checked by their scenarios.
        let own = [
            "NodeDisconnected",
            "NodeClosed",
            "InactivePlayer",
            "PlayerMigrated",
            "PluginStateLost",
            "malformed",
        ];
        if own.contains(&name) {
            continue;
        }
        let of = [op, typed]
            .map(event)
            .into_iter()
            .find(|event| event.kind() == info.kind);
        let event = of.expect("a frame of this kind");
        let type_of = shown(&event);
        assert!(
            type_of.starts_with(info.payload),
            "{} is {type_of}",
            info.kind
        );
    }
}

/// Values of any shape under the wire's names, and others.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        Just("op"),
        Just("type"),
        Just("guildId"),
        Just("track"),
        Just("encoded"),
        Just("info"),
        Just("identifier"),
        Just("length"),
        Just("isStream"),
        Just("pluginInfo"),
        Just("userData"),
        Just("state"),
        Just("position"),
        Just("connected"),
        Just("frameStats"),
        Just("memory"),
        Just("cpu"),
        Just("systemLoad"),
        Just("exception"),
        Just("severity"),
        Just("code"),
        Just("reason"),
        Just("byRemote"),
        Just("thresholdMs"),
        Just("resumed"),
        Just("sessionId"),
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
        for info in lavalink::KINDS {
            let name = info.kind.strip_prefix("lavalink.").expect("this platform's");
            let mut frame = body.clone();
            if let Some(object) = frame.as_object_mut() {
                object.insert("op".into(), name.into());
                let as_op = shown(&event(frame.to_string()));
                frame["op"] = "event".into();
                frame["type"] = name.into();
                let as_event = shown(&event(frame.to_string()));
                for shown in [as_op, as_event] {
                    assert!(!shown.starts_with("error"), "{shown}: {frame}");
                }
            } else {
                assert!(shown(&event(frame.to_string())).starts_with("Malformed"));
            }
        }
    }

    #[test]
    fn decoding_any_bytes_never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        shown(&event(body));
    }
}
