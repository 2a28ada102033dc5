//! Payloads: every documented event is typed whole, and an odd one has its repairs and the bytes as sent.

mod stored;
mod typed;

use antiphon_core::Payload as _;
use antiphon_discord::{self as discord, model::InteractionData};
use serde_json::{Value, json};
use stored::event;
use typed::{Outcome, Typed, outcome, reason};

#[track_caller]
fn typed(name: &str, body: &Value) -> Typed {
    match outcome(&event(name, body.to_string())) {
        Outcome::Typed(typed) => typed,
        Outcome::Refused(error) => panic!("{name}: {}", reason(&error)),
        Outcome::Unknown => panic!("{name} has no type"),
    }
}

/// Paths of sent values that are not written back.
fn lacking(sent: &Value, written: Option<&Value>, path: &str, lacks: &mut Vec<String>) {
    match (sent, written) {
        (Value::Object(sent), Some(Value::Object(written))) => {
            for (name, value) in sent {
                lacking(value, written.get(name), &format!("{path}/{name}"), lacks);
            }
        }
        (Value::Array(sent), Some(Value::Array(written))) if sent.len() == written.len() => {
            for (sent, written) in sent.iter().zip(written) {
                lacking(sent, Some(written), path, lacks);
            }
        }
        (Value::Array(items), None) if items.is_empty() => {}
        // Times and digits may be written in another way, and the list of fields looks at the values.
        (Value::Null, _) | (_, Some(_)) => {}
        (_, None) => lacks.push(path.to_owned()),
    }
}

#[test]
fn every_documented_event_is_typed_without_a_repair_and_with_every_field() {
    let text = include_str!("../../antiphon-discord-model/fixtures/documented/events.ndjson");
    let mut names = std::collections::BTreeSet::new();
    for line in text.lines().skip(1) {
        let line: Value = serde_json::from_str(line).expect("a line");
        let name = line["event"].as_str().expect("a name");
        for body in [&line["whole"], &line["bare"]] {
            let payload = typed(name, body);
            assert_eq!(payload.repairs, [""; 0], "{name} of {}", line["from"]);
            let mut lacks = Vec::new();
            lacking(body, Some(&payload.written), "", &mut lacks);
            // These are described for the emoji of a reaction and not sent; docs/discord-fields.md has them.
            lacks.retain(|path| !path.starts_with("/emoji/"));
            assert_eq!(lacks, [""; 0], "{name}");
        }
        names.insert(name.to_owned());
    }
    let listed = discord::KINDS
        .iter()
        .filter_map(|info| info.kind.strip_prefix("discord."));
    let made = [
        "CONNECT",
        "DISCONNECT",
        "SHARD_CONNECT",
        "SHARD_DISCONNECT",
        "SHARD_RESUME",
        "RESUMED",
    ];
    let listed = listed
        .filter(|name| !made.contains(name))
        .map(str::to_owned);
    assert_eq!(listed.collect::<std::collections::BTreeSet<_>>(), names);
}

#[test]
fn a_payload_says_what_was_repaired_and_has_all_that_was_sent() {
    let body = json!({
        "id": "1", "channel_id": "22", "content": ["odd"], "new_field": {"deep": [1, 2.50]},
        "author": {"id": "33", "username": "eve", "avatar": {}, "discriminator": "0"},
    });
    let event = event("MESSAGE_CREATE", body.to_string());
    let message = discord::MessageCreate::decode(&event).expect("a message");
    assert_eq!(
        (message.author.name.as_str(), message.content.as_str()),
        ("eve", "")
    );
    let repairs: Vec<_> = message.repairs().iter().map(ToString::to_string).collect();
    for repair in [
        "/content: expected a text, found a list",
        "/author/avatar: expected the name of a picture, found an object",
        "/: `timestamp` is missing",
    ] {
        assert!(repairs.iter().any(|named| named == repair), "{repairs:#?}");
    }
    let new = message.raw().pointer("/new_field/deep/1").expect("sent");
    assert_eq!(new.decode::<f64>().ok(), Some(2.5));
    let avatar = message.raw().pointer("/author/avatar").expect("sent");
    assert_eq!(format!("{avatar:?}"), "{}");
    let (whole, part) = (
        event.body().as_ptr_range(),
        avatar.as_bytes().as_ptr_range(),
    );
    assert!(
        whole.contains(&part.start) && part.end <= whole.end,
        "its bytes are the event's"
    );
}

#[test]
fn a_clean_event_has_no_repairs() {
    let text = include_str!("../../../fixtures/discord/frames.ndjson");
    let row = text
        .lines()
        .find(|line| line.contains("\"MESSAGE_CREATE\""))
        .expect("a row");
    let row: Value = serde_json::from_str(row).expect("JSON");
    let message = typed("MESSAGE_CREATE", &row["body"]);
    assert_eq!(message.repairs, [""; 0]);
}

#[test]
fn an_interaction_of_a_kind_that_is_not_known_keeps_its_data() {
    let body = json!({
        "id": "1", "application_id": "9", "type": 9, "token": "t", "version": 1, "user": {"id": "33", "username": "eve", "discriminator": "0"},
        "data": {"later": [1.50]},
    });
    let event = event("INTERACTION_CREATE", body.to_string());
    let interaction = discord::InteractionCreate::decode(&event).expect("an interaction");
    assert_eq!(interaction.kind.number(), 9);
    let Some(InteractionData::Unknown(json)) = &interaction.data else {
        panic!("{:?}", interaction.data);
    };
    assert_eq!(json.as_str(), r#"{"later":[1.5]}"#);
}

#[test]
fn every_case_is_typed_as_an_event() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../antiphon-discord-model/fixtures/cases"
    );
    let mut count = 0;
    for file in std::fs::read_dir(folder).expect("the cases") {
        let text = std::fs::read(file.expect("a file").path()).expect("a case");
        let case: Value = serde_json::from_slice(&text).expect("JSON");
        if let Some(name) = case["t"].as_str() {
            typed(name, &case["d"]);
            count += 1;
        }
    }
    assert_eq!(count, 11);
}

/// A metrics recorder that keeps counters by kind.
struct Counting(std::sync::Arc<std::sync::atomic::AtomicU64>);

impl metrics::Recorder for Counting {
    fn describe_counter(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }
    fn describe_gauge(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }
    fn describe_histogram(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }

    fn register_counter(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        assert_eq!(key.name(), "antiphon_discord_repairs_total");
        let kinds: Vec<_> = key
            .labels()
            .map(|label| (label.key(), label.value()))
            .collect();
        assert_eq!(kinds, [("kind", "discord.USER_UPDATE")]);
        metrics::Counter::from_arc(std::sync::Arc::clone(&self.0))
    }

    fn register_gauge(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        metrics::Gauge::noop()
    }

    fn register_histogram(
        &self,
        _: &metrics::Key,
        _: &metrics::Metadata<'_>,
    ) -> metrics::Histogram {
        metrics::Histogram::noop()
    }
}

#[test]
fn repairs_are_counted_by_kind() {
    let count = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    metrics::with_local_recorder(&Counting(std::sync::Arc::clone(&count)), || {
        let odd = json!({"id": "33", "username": [], "discriminator": "0", "global_name": null, "avatar": 7.5});
        typed("USER_UPDATE", &odd);
        let clean = json!({"id": "33", "username": "mira", "discriminator": "0", "global_name": null, "avatar": null});
        typed("USER_UPDATE", &clean);
    });
    assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 2);
}
