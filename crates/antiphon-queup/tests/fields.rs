//! Every recorded or documented field of QueUp is typed, or left out for a reason.
//!
//! `fixtures/queup/recorded.json` has the fields that other projects recorded, and `frames.json` the documented ones. A
//! field is typed if another value of it changes the typed form. `docs/queup-fields.md` lists the others, and why. To make
//! the page: `ANTIPHON_WRITE_FIELDS=1 cargo test -p antiphon-queup --test fields`.

#[path = "harness/payloads.rs"]
mod payloads;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
use antiphon_queup as queup;
use serde_json::Value;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/queup-fields.md");

/// Fields that are left out: the ends of their paths, and the reason.
const LEFT_OUT: [(&[&str], &str); 14] = [
    (&["type"], "the event's kind"),
    (
        &["room", "room._id", "roomid", "realTimeChannel"],
        "the event's place",
    ),
    (
        &[
            "__v",
            "_force_updated",
            "updated",
            "ot_token",
            "otSession",
            "lastLogin",
            "status",
            "userInfo.*",
        ],
        "the database's own, or without a documented meaning",
    ),
    (
        &["_user", "_song"],
        "repeats the id that `user` and `song_info_id` have, where it is a text",
    ),
    (
        &["profileImage.*", "img.*"],
        "properties of the same picture at the image host, of which `avatar_url` is the address",
    ),
    (&["background.*"], "the picture behind the room's page"),
    (
        &["role_object.*", "roleid.*"],
        "label and rights of the role, which `Role` knows by its id",
    ),
    (
        &[
            "displayDJinQueue",
            "displayInLobby",
            "displayInSearch",
            "displayQueue",
            "displayUserGrab",
            "displayUserJoin",
            "displayUserLeave",
            "metaDescription",
            "roomEmbed",
        ],
        "how the web page shows the room",
    ),
    (
        &[
            "allowedDjs",
            "limitQueueLength",
            "recycleDJ",
            "waitListRandom",
        ],
        "rules of the queue that the server keeps by itself; nobody has documented their values",
    ),
    (&["password"], "a secret, and `null` in what was recorded"),
    (
        &["userRole"],
        "only in the answer to an own message; `Client::member` knows the role",
    ),
    (
        &["songInfo"],
        "`null` where QueUp sent no media; `song_info` is absent then",
    ),
    (
        &["default.*", "high.*", "medium.*", "standard.*"],
        "the source's pictures of a song in other sizes than `thumbnail`",
    ),
    (
        &["streamUrl"],
        "sound that only QueUp's own key opens; `Client::fetch_song_link` tells the song's page",
    ),
];

/// A body of a kind.
struct Shape {
    kind: String,
    body: Value,
}

fn shapes() -> Vec<Shape> {
    let recorded: Vec<Value> =
        serde_json::from_str(include_str!("../../../fixtures/queup/recorded.json")).expect("rows");
    let mut shapes: Vec<Shape> = recorded
        .into_iter()
        .map(|mut row| {
            assert!(row["origin"].is_string(), "each says where it came from");
            Shape {
                kind: row["kind"].as_str().expect("a kind").to_owned(),
                body: row["body"].take(),
            }
        })
        .collect();
    let documented: Vec<Value> =
        serde_json::from_str(include_str!("../../../fixtures/queup/frames.json")).expect("rows");
    for row in documented {
        let frame = row["frame"].as_str().expect("a text");
        let Ok(outer) = serde_json::from_str::<Value>(&frame[1..]) else {
            continue;
        };
        let data = outer["message"]["data"].as_str().unwrap_or_default();
        let (Ok(body), Some(name)) = (serde_json::from_str(data), row["name"].as_str()) else {
            continue;
        };
        // The name of a row is that of its action, with a suffix for a special case.
        let known = queup::KINDS.iter().map(|info| info.kind);
        let mut known = known.filter(|kind| format!("queup.{name}").starts_with(kind));
        if let Some(kind) = known.by_ref().max_by_key(|kind| kind.len()) {
            let kind = kind.to_owned();
            shapes.push(Shape { kind, body });
        }
    }
    shapes
}

/// The typed form of a body.
fn shown(kind: &str, body: &Value) -> String {
    let time = "2026-01-01T00:00:00Z".parse().expect("a time");
    let origin = Origin::frame("c", 1);
    let place = Place::new("room/5a77aa00bb11cc22dd33ee44");
    let draft = Draft::new(Kind::new(kind), place, origin, time, body.to_string());
    let event = Event::stored(Position::new(1), "queup".into(), draft);
    let shown = payloads::shown(&event);
    let typed = !shown.starts_with("error") && shown != "no type";
    assert!(typed, "{kind}: {shown}");
    shown
}

/// Where the values of a body stand, as JSON pointers.
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
        _ => found.push(at.to_owned()),
    }
}

/// Other values for a field; at least one of them changes the typed form of a typed field.
fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec![true.into(), 7.into(), "text".into()],
        Value::Bool(value) => vec![(!value).into()],
        Value::Number(value) => {
            let value = value.as_i64().expect("whole");
            vec![(value + 1).into(), (value + 1_000_000).into(), 0.into()]
        }
        Value::String(value) => vec![
            format!("{value}x").into(),
            format!("x{value}").into(),
            "2022-03-04T10:17:30.329Z".into(),
            "".into(),
        ],
        other => panic!("{other} is no leaf"),
    }
}

#[test]
fn every_recorded_field_is_typed_or_left_out_for_a_reason() {
    let shapes = shapes();
    let (mut typed, mut left) = (BTreeSet::new(), BTreeMap::<String, BTreeSet<String>>::new());
    for Shape { kind, body } in &shapes {
        let whole = shown(kind, body);
        let mut all = Vec::new();
        leaves(body, "", &mut all);
        for at in all {
            let is_told = others(body.pointer(&at).expect("there"))
                .into_iter()
                .any(|other| {
                    let mut changed = body.clone();
                    *changed.pointer_mut(&at).expect("there") = other;
                    shown(kind, &changed) != whole
                });
            let steps = at
                .split('/')
                .skip(1)
                .filter(|step| step.parse::<u64>().is_err());
            let path = steps.collect::<Vec<_>>().join(".");
            if is_told {
                typed.insert((kind.clone(), path));
            } else {
                left.entry(path).or_default().insert(kind.clone());
            }
        }
    }
    let mut unknown = Vec::new();
    let mut used = BTreeSet::new();
    for (path, kinds) in left {
        match pattern(&path) {
            Some(pattern) => drop(used.insert(pattern)),
            None => unknown.push(format!("{path} in {kinds:?}")),
        }
    }
    assert!(unknown.is_empty(), "not typed: {unknown:#?}");
    let mut page = format!(
        "# Recorded fields of QueUp that are not typed\n\n\
         Held against {} answers and room actions: those that txomon/abot recorded in 2018 (`fixtures/queup/recorded.json`, \
         with invented values) and those that are documented (`fixtures/queup/frames.json`).\n\
         `crates/antiphon-queup/tests/fields.rs` changes one value after the other and looks whether the typed form changes \
         with it: {} fields do.\n\
         The others stay in the event's body, as sent:\n\n\
         | fields | why |\n| --- | --- |\n",
        shapes.len(),
        typed.len(),
    );
    for (patterns, why) in LEFT_OUT {
        for pattern in patterns {
            assert!(used.contains(pattern), "{pattern} is typed, or not there");
        }
        let fields: Vec<String> = patterns.iter().map(|it| format!("`{it}`")).collect();
        let _ = writeln!(page, "| {} | {why} |", fields.join(", "));
    }
    page.push_str(
        "\nThis page is made by `ANTIPHON_WRITE_FIELDS=1 cargo test -p antiphon-queup --test fields`.\n",
    );
    if std::env::var_os("ANTIPHON_WRITE_FIELDS").is_some() {
        std::fs::write(PAGE, &page).expect("written");
    }
    let written = std::fs::read_to_string(PAGE).expect("docs/queup-fields.md");
    assert_eq!(written, page, "make the page anew");
}

/// The pattern that leaves a field out: the end of its path, or all fields of an object.
fn pattern(path: &str) -> Option<&'static str> {
    let ends = |end: &str| {
        let before = path.strip_suffix(end);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    let is_it = |pattern: &&&str| match pattern.strip_suffix(".*") {
        Some(object) => path
            .rsplit_once('.')
            .is_some_and(|(before, _)| before == object || before.ends_with(&format!(".{object}"))),
        None => ends(pattern),
    };
    // Patterns of whole objects go before those of single fields.
    let all = || LEFT_OUT.iter().flat_map(|(patterns, _)| patterns.iter());
    let objects = all().filter(|pattern| pattern.ends_with(".*"));
    objects.chain(all()).find(is_it).copied()
}
