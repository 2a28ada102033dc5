//! Every documented field against the typed forms.
//!
//! `fixtures/lavalink/protocol.json` has an instance of every message and object of `lavalink-protocol`, with every
//! field present; `tools/lavalink-instances` makes it. A field is typed if changing its value changes the typed form.
//! `docs/lavalink-fields.md` lists the fields that are not typed, with the reason. To write the page:
//! `ANTIPHON_WRITE_FIELDS=1 cargo test -p antiphon-lavalink --lib fields`.

use std::{collections::BTreeMap, fmt::Write as _};

use antiphon_core::{Event, Payload, Position};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    client::PlayerInfo,
    event::{self, read_frame},
    http,
    model::{Playable, load_result},
    player::RemotePlayer,
    wire,
};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/lavalink-fields.md");

/// Fields that are not typed, with the reason.
const LEFT_OUT: [(&str, &str, &str); 6] = [
    (
        "LoadResult",
        "loadType",
        "picks the variant of `LoadResult`; the words of other servers (`album`, `artist`, `short`, …) are read by the shape of their data",
    ),
    (
        "Player",
        "voice.token",
        "a secret that opens the voice channel; the source takes it up when it finds a player again, and shows it to nobody",
    ),
    (
        "Player",
        "voice.endpoint",
        "goes with the token; `Pool` knows the region",
    ),
    ("Player", "voice.sessionId", "a secret, as the token is"),
    (
        "RESTPatchAPIPlayerJSONBody",
        "track.identifier",
        "a track is loaded first, by `Pool::fetch_tracks`, so that a load that fails is an error of its own; `Node::send` takes any body",
    ),
    (
        "RESTPatchAPISessionResult",
        "timeout",
        "repeats what the source has just sent, by `Config::resume_timeout`",
    ),
];

/// Types whose fields are part of another type's instance.
const PARTS: [&str; 40] = [
    "BalancingIpRoutePlanner",
    "Band",
    "BasicMessage",
    "CPU",
    "ChannelMix",
    "Distortion",
    "EmptyLoadResult",
    "EncodedTracks",
    "Equalizer",
    "ErrorLoadResult",
    "Exception",
    "FailingAddress",
    "FrameStats",
    "Git",
    "IpBlock",
    "Karaoke",
    "LowPass",
    "Memory",
    "NanoIpRoutePlanner",
    "Playlist",
    "PlaylistInfo",
    "PlaylistLoaded",
    "Plugin",
    "Plugins",
    "PlayerState",
    "PlayerUpdate",
    "RESTPostAPIDecodeTracksJSONBody",
    "Ready",
    "Rotation",
    "RotatingIpRoutePlanner",
    "RotatingNanoIpRoutePlanner",
    "SearchLoadResult",
    "Timescale",
    "TrackInfo",
    "TrackLoaded",
    "Tremolo",
    "UpdatePlayerTrack",
    "Version",
    "Vibrato",
    "VoiceState",
];

fn instances() -> (String, Vec<(String, Value)>) {
    let made: Value =
        serde_json::from_str(include_str!("../../../fixtures/lavalink/protocol.json"))
            .expect("JSON");
    let instances = made["instances"].as_array().expect("a list").iter();
    let instances = instances.map(|instance| {
        let name = instance["type"].as_str().expect("a name");
        (name.to_owned(), instance["value"].clone())
    });
    let from = made["from"].as_str().expect("a text").to_owned();
    (from, instances.collect())
}

/// The typed event of a frame.
fn shown_frame(frame: &Value) -> String {
    let frame = frame.to_string().into();
    let draft = read_frame(&"n".into(), "c", 1, &frame, Timestamp::UNIX_EPOCH);
    let stored = Event::stored(Position::new(1), "lavalink".into(), draft);
    let kind = stored.kind().as_str();
    macro_rules! one_of {
        ($($payload:ident),*) => {
            $(if event::$payload::KINDS.contains(&kind) {
                return format!("{:?}", event::$payload::decode(&stored).expect("typed"));
            })*
        };
    }
    one_of!(
        NodeReady,
        PlayerUpdate,
        Stats,
        TrackStart,
        TrackEnd,
        TrackException,
        TrackStuck,
        WebsocketClosed
    );
    format!("untyped {kind}")
}

/// The typed form of an instance; for a request, the body with every field set.
fn shown(name: &str, value: &Value) -> Option<String> {
    fn read<'a, T: serde::Deserialize<'a>>(text: &'a str) -> T {
        serde_json::from_str(text).expect("readable")
    }
    let text = value.to_string();
    let (first, rest) = name.split_once('.').unwrap_or((name, ""));
    Some(match first {
        "Message" => shown_frame(value),
        "Event" => {
            let mut frame = value.clone();
            frame["op"] = "event".into();
            shown_frame(&frame)
        }
        "TrackStartEvent"
        | "TrackEndEvent"
        | "TrackExceptionEvent"
        | "TrackStuckEvent"
        | "WebSocketClosedEvent" => {
            let mut frame = value.clone();
            frame["op"] = "event".into();
            frame["type"] = first.into();
            shown_frame(&frame)
        }
        "LoadResult" | "RESTGetAPILoadTracksResult" => {
            format!("{rest} {:?}", load_result(read(&text)).expect("readable"))
        }
        "Track" | "RESTGetAPIDecodeTrackResult" => {
            format!("{:?}", Playable::from(read::<wire::Track<'_>>(&text)))
        }
        "Tracks" | "RESTPostAPIDecodeTracksResult" => {
            let tracks: Vec<wire::Track<'_>> = wire::objects(text.as_bytes()).expect("a list");
            let tracks: Vec<Playable> = tracks.into_iter().map(Into::into).collect();
            format!("{tracks:?}")
        }
        "Player" | "RESTGetAPIPlayerResult" | "RESTPatchAPIPlayerResult" => {
            let player = RemotePlayer::from(read::<wire::Player<'_>>(&text));
            format!("{:?}", PlayerInfo::from(player))
        }
        "RESTGetAPINodeInfoResult" => format!("{:?}", read::<wire::Info>(&text)),
        "Stats" | "RESTGetAPINodeStatsResult" => format!("{:?}", read::<wire::StatsOP>(&text)),
        "IpRoutePlanner" | "RESTGetAPIRoutePlannerStatusResult" => {
            format!("{:?}", read::<wire::RoutePlanner>(&text))
        }
        "Filters" => format!("{:?}", read::<wire::Filters>(&text)),
        "Error" => {
            // A status beyond HTTP's range is kept.
            let error = http::amounts_to(::http::StatusCode::BAD_REQUEST, text.into());
            format!("{error:?}")
        }
        "RESTPatchAPISessionResult" => format!("{:?}", read::<wire::Resuming>(&text)),
        "RESTPatchAPISessionJSONBody" => sent(&wire::ResumeSession {
            resuming: value["resuming"] == true,
            timeout: value["timeout"].as_u64().expect("a number"),
        }),
        "RESTPatchAPIPlayerJSONBody" => sent(&update(value)),
        _ => return None,
    })
}

fn sent(body: &impl serde::Serialize) -> String {
    serde_json::to_string(body).expect("JSON")
}

/// A request with the values of an instance.
fn update(value: &Value) -> wire::UpdatePlayer {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let voice = &value["voice"];
    let user_data = serde_json::value::to_raw_value(&value["track"]["userData"]).expect("JSON");
    wire::UpdatePlayer {
        track: Some(wire::UpdateTrack {
            encoded: Some(text(&value["track"]["encoded"]).into()),
            user_data: Some(user_data.into()),
        }),
        position: value["position"].as_i64(),
        end_time: value["endTime"].as_i64(),
        volume: value["volume"].as_u64().and_then(|it| it.try_into().ok()),
        paused: value["paused"].as_bool(),
        filters: Some(serde_json::from_value(value["filters"].clone()).expect("filters")),
        voice: Some(wire::Voice {
            token: text(&voice["token"]),
            endpoint: text(&voice["endpoint"]),
            session_id: text(&voice["sessionId"]),
            channel_id: text(&voice["channelId"]),
        }),
        // Fields of NodeLink alone.
        next_track: None,
        crossfade: None,
    }
}

/// JSON pointers to the values of an instance.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                leaves(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                leaves(value, &format!("{at}/{index}"), found);
            }
        }
        Value::Null => {}
        _ => found.push(at.to_owned()),
    }
}

/// Another value of the same type.
fn other(value: &Value) -> Value {
    match value {
        Value::Bool(value) => (!value).into(),
        Value::Number(value) => (value.as_i64().expect("whole") + 1).into(),
        Value::String(value) => match value.parse::<u64>() {
            Ok(id) => (id + 1).to_string().into(),
            Err(_) => format!("{value}x").into(),
        },
        other => panic!("{other} is no leaf"),
    }
}

/// The fields of an instance that its typed form lacks, by path, and the number of all fields.
fn lacking(name: &str, value: &Value) -> (Vec<String>, usize) {
    let mut all = Vec::new();
    leaves(value, "", &mut all);
    let whole = shown(name, value).expect("known");
    let count = all.len();
    let is_lacking = |at: &String| {
        let mut changed = value.clone();
        let leaf = changed.pointer_mut(at).expect("there");
        *leaf = other(leaf);
        shown(name, &changed).as_ref() == Some(&whole)
    };
    let path = |at: String| {
        let steps = at
            .split('/')
            .skip(1)
            .filter(|step| step.parse::<u64>().is_err());
        steps.collect::<Vec<_>>().join(".")
    };
    let lacking = all.into_iter().filter(is_lacking).map(path);
    (lacking.collect(), count)
}

#[test]
fn every_documented_field_is_typed_or_left_out_for_a_reason() {
    let (from, instances) = instances();
    let mut left: BTreeMap<(String, String), &str> = BTreeMap::new();
    let (mut objects, mut fields) = (0, 0);
    for (name, value) in &instances {
        if shown(name, value).is_none() {
            assert!(
                PARTS.contains(&name.as_str()),
                "{name} is neither typed nor a part"
            );
            continue;
        }
        let (lacking, count) = lacking(name, value);
        objects += 1;
        fields += count;
        // Responses are these objects.
        let of = match name.split('.').next().unwrap_or(name) {
            "RESTGetAPIPlayerResult" | "RESTPatchAPIPlayerResult" => "Player",
            "RESTGetAPILoadTracksResult" => "LoadResult",
            name => name,
        };
        for field in lacking {
            let why = LEFT_OUT
                .iter()
                .find(|(name, path, _)| *name == of && *path == field);
            let (_, _, why) = why.unwrap_or_else(|| panic!("{of}: {field} is not typed"));
            left.insert((of.to_owned(), field), why);
        }
    }
    assert_eq!(left.len(), LEFT_OUT.len(), "one of them is typed: {left:?}");
    let mut page = format!(
        "# Documented fields of Lavalink that are not typed\n\n\
         Held against {from}: {objects} instances of its messages, objects and requests with {fields} values, \
         each present.\n\
         `crates/antiphon-lavalink/src/fields.rs` changes one value after the other and looks whether the typed form changes with it.\n\
         Every field that it documents is typed but for these:\n\n\
         | object | field | why |\n| --- | --- | --- |\n"
    );
    for ((name, field), why) in &left {
        let _ = writeln!(page, "| `{name}` | `{field}` | {why} |");
    }
    page.push_str(
        "\nBeyond it, `causeStackTrace` of exceptions (since 4.1), `userData`, the old names of other servers and filters of any name are typed.\n\
         What a server sends beside that stays in the event's body, byte for byte, and events without a type are `Extra`.\n\n\
         The instances are made by `npm ci && npm run make` in `tools/lavalink-instances`, and this page by \
         `ANTIPHON_WRITE_FIELDS=1 cargo test -p antiphon-lavalink --lib fields`.\n",
    );
    if std::env::var_os("ANTIPHON_WRITE_FIELDS").is_some() {
        std::fs::write(PAGE, &page).expect("written");
    }
    let written = std::fs::read_to_string(PAGE).expect("docs/lavalink-fields.md");
    assert_eq!(written, page, "make the page anew");
}

#[test]
fn every_documented_object_is_read_where_any_field_is_absent_or_null() {
    let (_, instances) = instances();
    for (name, value) in instances {
        let request = name.ends_with("JSONBody");
        if request || shown(&name, &value).is_none() {
            continue;
        }
        let mut all = Vec::new();
        leaves(&value, "", &mut all);
        for at in all {
            let mut changed = value.clone();
            *changed.pointer_mut(&at).expect("there") = Value::Null;
            shown(&name, &changed).expect("readable");
            let (parent, field) = at.rsplit_once('/').expect("a path");
            if let Some(Value::Object(fields)) = changed.pointer_mut(parent) {
                let fields: &mut Map<String, Value> = fields;
                fields.remove(field);
                shown(&name, &changed).expect("readable");
            }
        }
    }
}
