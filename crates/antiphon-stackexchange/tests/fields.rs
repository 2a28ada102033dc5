//! Holds `docs/stackexchange-fields.md` to the code: which fields were recorded, and which of them the typed form has.
//!
//! `UPDATE_FIELDS=1 cargo test -p antiphon-stackexchange --test fields` writes the page anew. Fields come from
//! `fixtures/stackexchange/shapes.json` (recordings of public projects) and from the frames beside it. A typed form has a
//! field if the field's value changes the form.

mod harness;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
use antiphon_sim::Simulator;
use antiphon_stackexchange::{self as stackexchange, Client, EventType, HistoryQuery, UserId};
use harness::{ROOM, config, shown};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Fields that the typed forms leave out, and the reasons.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    (
        "history",
        "time",
        "the server's count, which the source takes; no event has it",
    ),
    ("history", "sync", "the server's clock, in seconds"),
    ("history", "ms", "how long the server took"),
    (
        "frame",
        "t",
        "the server's count, which the source takes; a room's checkpoint has it",
    ),
    (
        "frame",
        "d",
        "how many counts the frame covers, which the source takes",
    ),
    ("frame", "ms", "how long the server took"),
    ("new", "time", "the message's own event has it"),
    (
        "thumb",
        "usage",
        "a picture of the room's activity for the web client, as HTML",
    ),
];

/// Two values for a field that are read differently.
fn value_of(field: &str) -> Value {
    match field {
        "show_parent"
        | "moved"
        | "message_starred"
        | "message_owner_starred"
        | "message_flagged"
        | "is_moderator"
        | "is_owner"
        | "isFavorite"
        | "reset"
        | "exit" => json!(true),
        "room_name" | "user_name" | "content" | "parent_username" | "parent_text" | "name"
        | "email_hash" | "description" | "usage" | "tags" | "dn" | "hash" | "timeout"
        | "user_email_hash" | "1" => json!("a text"),
        "events" | "e" => json!([{"event_type": 1, "id": 1_770_000_007_i64, "message_id": 7}]),
        // Every number is a time as well.
        _ => json!(1_770_000_000),
    }
}

fn event(number: i64, body: &Map<String, Value>) -> Event {
    let name = EventType(number).name();
    let kind = name.map_or_else(|| number.to_string(), str::to_owned);
    let draft = Draft::new(
        Kind::new(format!("stackexchange.{kind}")),
        Place::new("room/4242"),
        Origin::new("event/1"),
        Timestamp::UNIX_EPOCH,
        Value::from(body.clone()).to_string(),
    );
    Event::stored(Position::new(1), "chat".into(), draft)
}

/// The fields of an object whose values change its reading.
async fn typed<F: Future<Output = String>>(
    fields: &BTreeSet<String>,
    read: impl Fn(Map<String, Value>) -> F,
) -> BTreeSet<String> {
    let all: Map<String, Value> = fields
        .iter()
        .map(|field| (field.clone(), value_of(field)))
        .collect();
    let whole = read(all.clone()).await;
    let mut typed = BTreeSet::new();
    for field in fields {
        let mut rest = all.clone();
        rest.remove(field);
        if read(rest).await != whole {
            typed.insert(field.clone());
        }
    }
    typed
}

/// The values that a client reads from answers.
struct Asked {
    sim: Simulator,
    client: Client,
}

impl Asked {
    async fn new() -> Self {
        let sim = Simulator::with_seed(7);
        let (client, _source) = stackexchange::connect(config(&sim));
        client.log_in().await.expect("logged in");
        client.users([UserId::new(101)], None).await.expect("users");
        Self { sim, client }
    }

    fn answer(&self, requests: &str, answer: &Value) {
        let chat = self.sim.stackexchange();
        chat.answer(requests, 1, 200, None, &answer.to_string());
    }

    async fn read(&self, what: &str, object: Map<String, Value>) -> String {
        let room = self.client.room(ROOM);
        let object = Value::from(object);
        match what {
            "history" => {
                self.answer("POST /chats/4242/events", &object);
                format!("{:?}", room.history(HistoryQuery::new()).await)
            }
            "new" => {
                self.answer("POST /chats/4242/messages/new", &object);
                format!("{:?}", room.send("hello").await)
            }
            "user" => {
                self.answer("POST /user/info", &json!({"users": [object]}));
                format!("{:?}", self.client.users([UserId::new(1)], None).await)
            }
            "thumb" => {
                self.answer("GET /rooms/thumbs/4242", &object);
                format!("{:?}", room.info().await)
            }
            "found" => {
                self.answer("GET /users/search", &object);
                format!("{:?}", self.client.search_users("a").await)
            }
            "pingable" => {
                let row: Vec<Value> = (0..4)
                    .map(|index| object[index.to_string()].clone())
                    .collect();
                self.answer("GET /rooms/pingable/4242", &json!([row]));
                format!("{:?}", room.pingable().await)
            }
            "frame" => {
                let frame = json!({"r4242": object}).to_string().into();
                let drafts = stackexchange::read_frame(&frame, Timestamp::UNIX_EPOCH);
                // These become events of their own, which the source makes.
                let keys = ["timeout", "reset", "exit"];
                let keys: Vec<_> = keys
                    .iter()
                    .filter(|key| object.get(key).is_some())
                    .collect();
                format!("{} {keys:?}", drafts.len())
            }
            other => panic!("{other} is nothing that anybody asks for"),
        }
    }
}

/// The title of a form on the page.
fn title(what: &str, number: Option<i64>) -> (String, String) {
    let number = number.unwrap_or_default();
    let named = EventType(number).name().unwrap_or("?");
    let kind = format!("stackexchange.{named}");
    let payload = stackexchange::KINDS.iter().find(|info| info.kind == kind);
    let payload = payload.map_or("UnknownEvent", |info| info.payload);
    match what {
        "event" => (format!("{number} {named}"), format!("`{payload}`")),
        "row" => ("row of `mode=Messages`".into(), "`MessageEvent`".into()),
        "history" => (
            "`POST /chats/<room>/events`".into(),
            "`Room::history`".into(),
        ),
        "frame" => ("a room's part of a frame".into(), "the source".into()),
        "new" => (
            "`POST /chats/<room>/messages/new`".into(),
            "`Room::send`".into(),
        ),
        "user" => ("`POST /user/info`".into(), "`UserInfo`".into()),
        "thumb" => ("`GET /rooms/thumbs/<room>`".into(), "`RoomInfo`".into()),
        "found" => ("`GET /users/search`".into(), "`FoundUser`".into()),
        "pingable" => (
            "`GET /rooms/pingable/<room>`, by place".into(),
            "`Pingable`".into(),
        ),
        other => panic!("{other} has no title"),
    }
}

type Shapes = BTreeMap<(String, Option<i64>), (BTreeSet<String>, BTreeSet<String>)>;

/// Fields and sources of every recorded or documented object.
fn shapes() -> Shapes {
    let mut shapes = Shapes::new();
    let recorded = include_str!("../../../fixtures/stackexchange/shapes.json");
    let recorded: Vec<Value> = serde_json::from_str(recorded).expect("a list");
    for shape in recorded {
        let what = shape["what"].as_str().expect("a text").to_owned();
        let entry = shapes.entry((what, shape["type"].as_i64())).or_default();
        let fields = shape["fields"].as_array().expect("a list");
        entry.0.extend(
            fields
                .iter()
                .map(|field| field.as_str().expect("a text").to_owned()),
        );
        entry
            .1
            .insert(shape["source"].as_str().expect("a text").to_owned());
    }
    let frames = include_str!("../../../fixtures/stackexchange/frames.json");
    let frames: Vec<Value> = serde_json::from_str(frames).expect("a list");
    for row in frames {
        let frame: Value =
            serde_json::from_str(row["frame"].as_str().expect("a text")).unwrap_or_default();
        let parts = frame.as_object().into_iter().flatten();
        for event in parts.flat_map(|(_, part)| part["e"].as_array().into_iter().flatten()) {
            let number = event["event_type"]
                .as_i64()
                .filter(|number| EventType(*number).name().is_some());
            let (Some(number), Some(fields)) = (number, event.as_object()) else {
                continue;
            };
            let entry = shapes.entry(("event".into(), Some(number))).or_default();
            entry.0.extend(fields.keys().cloned());
            entry.1.insert("`frames.json`".into());
        }
    }
    shapes
}

/// The page, and the fields that are left out without a reason.
async fn page() -> (String, Vec<String>) {
    let mut page = String::from(
        "# Fields of Stack Exchange chat\n\n\
         What was recorded from the servers, and what the typed forms have of it.\n\
         This page is made by `UPDATE_FIELDS=1 cargo test -p antiphon-stackexchange --test fields`, from \
         `fixtures/stackexchange/shapes.json` and `frames.json`; each entry there names its source.\n\
         A form has a field if the field makes it another value; an event's type is its kind, and is not listed. An event's body is stored byte for byte: what the typed \
         form leaves out is read with `UnknownEvent::of(&event)?.field(\"name\")`.\n\n\
         | on the wire | typed as | fields it has | stays out |\n| --- | --- | --- | --- |\n",
    );
    let mut unexplained = Vec::new();
    let mut sources = BTreeSet::new();
    let asked = Asked::new().await;
    for ((what, number), (fields, from)) in shapes() {
        let has = match what.as_str() {
            "event" | "row" => {
                let number = number.unwrap_or_default();
                typed(&fields, |mut body| async move {
                    body.insert("event_type".into(), number.into());
                    shown(&event(number, &body))
                })
                .await
            }
            _ => typed(&fields, |object| asked.read(&what, object)).await,
        };
        let (wire, form) = title(&what, number);
        let mut out = String::new();
        for field in fields
            .difference(&has)
            .filter(|field| *field != "event_type")
        {
            let reason = LEFT_OUT
                .iter()
                .find(|(of, name, _)| *of == what && name == field);
            match reason {
                Some((_, name, reason)) => {
                    let comma = if out.is_empty() { "" } else { "; " };
                    let _ = write!(out, "{comma}`{name}`: {reason}");
                }
                None => unexplained.push(format!("{field} of {wire}")),
            }
        }
        let has: Vec<String> = has.iter().map(|field| format!("`{field}`")).collect();
        let _ = writeln!(page, "| {wire} | {form} | {} | {out} |", has.join(", "));
        sources.extend(from);
    }
    page.push_str("\nSources: ");
    page.push_str(&sources.into_iter().collect::<Vec<_>>().join("; "));
    page.push_str(
        ".\n\nOf the pages of HTML the reader takes what `RoomInfo`, `AccessSections`, `RoomUsage`, `MessageVersion`, \
         `PresentUser` and `Room::starred` have; no page of a message's history, of stars or of access levels was recorded \
         in public.\nTypes 5, 7, 11 to 14, 20 to 22, 29 and 30 were not recorded either: their fields are the documented ones.\n",
    );
    (page, unexplained)
}

#[tokio::test(start_paused = true)]
async fn the_page_of_fields_is_what_the_code_has() {
    let (page, unexplained) = page().await;
    assert!(
        unexplained.is_empty(),
        "left out without a reason: {unexplained:?}"
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/stackexchange-fields.md");
    if std::env::var_os("UPDATE_FIELDS").is_some() {
        fs::write(&path, &page).expect("written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/stackexchange-fields.md is not what the code has; write it anew with UPDATE_FIELDS=1 cargo test -p \
         antiphon-stackexchange --test fields"
    );
}
