//! The frames in `fixtures/discord`, decoded and kept as snapshots; and any other JSON, which may fail but not panic.

mod stored;
mod typed;

use std::{collections::BTreeSet, fmt::Write as _};

use antiphon_core::{Keep, Payload as _};
use antiphon_discord as discord;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use stored::event;
use typed::{Outcome, outcome, reason};

/// Events that the client makes itself (protocol §14.1).
const MADE: &str = "CONNECT DISCONNECT SHARD_CONNECT SHARD_DISCONNECT SHARD_RESUME";

#[derive(Deserialize)]
struct Row<'a> {
    name: String,
    #[serde(default)]
    about: String,
    origin: String,
    #[serde(borrow)]
    body: &'a RawValue,
}

fn fixtures() -> Vec<Row<'static>> {
    let text = include_str!("../../../fixtures/discord/frames.ndjson");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a row"))
        .collect()
}

/// A payload's text without the fields that are absent.
fn brief(payload: &str) -> String {
    let parts = payload
        .split(", ")
        .filter(|part| !(part.ends_with(": None") || part.ends_with(": []")) || part.contains('{'));
    parts.collect::<Vec<_>>().join(", ")
}

#[test]
fn every_name_of_the_protocol_is_listed_once_and_typed() {
    let rows = fixtures();
    let names: BTreeSet<_> = rows.iter().map(|row| &*row.name).collect();
    assert_eq!(names.len(), 79 + MADE.split_whitespace().count());
    let listed: Vec<_> = discord::KINDS
        .iter()
        .map(|info| {
            info.kind
                .strip_prefix("discord.")
                .expect("a kind of Discord's")
        })
        .collect();
    assert_eq!(listed.len(), names.len(), "listed twice");
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), names);
    for info in discord::KINDS {
        let name = info
            .kind
            .strip_prefix("discord.")
            .expect("a kind of Discord's");
        let camel: String = name
            .split('_')
            .map(|word| word[..1].to_owned() + &word[1..].to_lowercase())
            .collect();
        assert_eq!(info.payload, camel, "under Discord's own name");
        assert!(!matches!(outcome(&event(name, "{}")), Outcome::Unknown));
    }
}

#[test]
fn what_is_worthless_after_its_moment_is_kept_for_minutes() {
    let momentary = discord::KINDS
        .iter()
        .filter(|info| matches!(info.keep, Keep::Momentary(_)))
        .map(|info| info.payload);
    assert_eq!(
        momentary.collect::<Vec<_>>(),
        [
            "PresenceUpdate",
            "TypingStart",
            "VoiceChannelEffectSend",
            "VoiceServerUpdate"
        ]
    );
}

#[test]
fn every_documented_frame_decodes_as_it_did() {
    let mut text = String::new();
    for row in fixtures() {
        assert!(!row.origin.is_empty(), "each says where it came from");
        let about = if row.about.is_empty() {
            String::new()
        } else {
            format!(" ({})", row.about)
        };
        let _ = match outcome(&event(&row.name, row.body.get().to_owned())) {
            Outcome::Typed(payload) => {
                writeln!(text, "{}{about}\n  {}\n", row.name, brief(&payload.text))
            }
            Outcome::Refused(error) => panic!("{}{about}: {}", row.name, reason(&error)),
            Outcome::Unknown => panic!("{} has no type", row.name),
        };
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_dispatch_has_its_place_and_origin() {
    let mut reader = discord::FrameReader::new("a1b2");
    let names: BTreeSet<_> = fixtures().into_iter().map(|row| row.name).collect();
    let made: BTreeSet<_> = MADE.split_whitespace().map(str::to_owned).collect();
    let mut text = String::new();
    for name in names.difference(&made) {
        // With every id that a rule may look at.
        let body = r#"{"id":"1","guild_id":"2","channel_id":"3","parent_id":"4"}"#;
        let frame = format!(r#"{{"op":0,"s":41,"t":"{name}","d":{body}}}"#);
        let draft = reader.read(&frame.into(), jiff::Timestamp::UNIX_EPOCH);
        let draft = draft.expect("a dispatch");
        let _ = write!(text, "{name} {:?} {}", draft.place.as_str(), draft.origin);
        if let Some(deleted) = draft.deletes {
            let _ = write!(text, ", deletes {deleted}");
        }
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}

#[track_caller]
fn refused(name: &str, body: &str, why: &str) {
    match outcome(&event(name, body.to_owned())) {
        Outcome::Refused(error) => assert_eq!(reason(&error), why),
        _ => panic!("{name} was not refused: {body}"),
    }
}

#[test]
fn a_refusal_names_what_is_missing() {
    refused(
        "MESSAGE_CREATE",
        r#"{"id":"one","channel_id":"22","author":{"username":"eve"}}"#,
        "`discord.MESSAGE_CREATE` could not be decoded as MessageCreate: /: `id` is missing, so it was left out, \
        /id: expected an id, found a text, /author: `id` is missing, so it was left out",
    );
}

/// Fields without which an event is refused: ids, the objects with them, and the data of an interaction.
fn is_indispensable(name: &str, path: &str) -> bool {
    let field = path.rsplit('/').next().unwrap_or_default();
    field == "id"
        || field.ends_with("_id")
        || matches!(field, "user" | "author" | "emoji" | "role" | "action")
        || path.starts_with("/emoji/")
        || (name == "GUILD_CREATE" && path == "/unavailable")
        || (name == "INTERACTION_CREATE" && (path == "/type" || path.starts_with("/data")))
}

#[test]
fn one_odd_field_refuses_an_event_only_where_nothing_can_stand_for_it() {
    let mut refused = BTreeSet::new();
    for row in fixtures() {
        let body: Value = serde_json::from_str(row.body.get()).expect("JSON");
        let mut paths = Vec::new();
        collect(&body, String::new(), &mut paths);
        paths.retain(|path| !path.is_empty() && !is_indispensable(&row.name, path));
        for path in paths {
            for with in [
                Value::Null,
                "odd".into(),
                serde_json::json!({}),
                (-3).into(),
            ] {
                let mut body = body.clone();
                *body.pointer_mut(&path).expect("it is there") = with;
                if let Outcome::Refused(error) = outcome(&event(&row.name, body.to_string())) {
                    refused.insert(format!("{path} of {}", reason(&error)));
                }
            }
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

/// Values of any shape under the wire's own names, and others.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        Just("id"),
        Just("guild_id"),
        Just("channel_id"),
        Just("user_id"),
        Just("message_id"),
        Just("author"),
        Just("user"),
        Just("member"),
        Just("members"),
        Just("roles"),
        Just("role"),
        Just("role_id"),
        Just("type"),
        Just("content"),
        Just("timestamp"),
        Just("mentions"),
        Just("embeds"),
        Just("attachments"),
        Just("emoji"),
        Just("status"),
        Just("client_status"),
        Just("activities"),
        Just("unavailable"),
        Just("channels"),
        Just("presences"),
        Just("voice_states"),
        Just("data"),
        Just("options"),
        Just("permissions"),
        Just("referenced_message"),
        Just("tags"),
        Just("colors"),
        Just("owner_id"),
        Just("name"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[0-9]{1,21}".prop_map(Value::from),
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

/// A documented frame in which one value is another.
fn a_damaged_frame() -> impl Strategy<Value = (String, Value)> {
    let rows = fixtures();
    (0..rows.len(), any::<proptest::sample::Index>(), any_json()).prop_map(
        move |(row, which, with)| {
            let mut body: Value = serde_json::from_str(rows[row].body.get()).expect("JSON");
            let mut paths = Vec::new();
            collect(&body, String::new(), &mut paths);
            let path = which.get(&paths);
            *body.pointer_mut(path).expect("it is there") = with;
            (rows[row].name.clone(), body)
        },
    )
}

fn collect(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(value, format!("{path}/{name}"), paths);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect(value, format!("{path}/{index}"), paths);
            }
        }
        _ => {}
    }
    paths.push(path);
}

proptest! {
    #[test]
    fn decoding_any_json_never_panics(body in any_json()) {
        for info in discord::KINDS {
            let name = info.kind.strip_prefix("discord.").expect("a kind of Discord's");
            let _ = outcome(&event(name, body.to_string()));
        }
    }

    #[test]
    fn decoding_any_bytes_never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        for info in discord::KINDS {
            let name = info.kind.strip_prefix("discord.").expect("a kind of Discord's");
            let _ = outcome(&event(name, body.clone()));
        }
    }

    #[test]
    fn a_damaged_frame_decodes_or_says_why((name, body) in a_damaged_frame()) {
        if let Outcome::Refused(error) = outcome(&event(&name, body.to_string())) {
            assert!(reason(&error).len() > 60, "{error}");
        }
    }
}

#[test]
fn a_role_says_by_absence_what_it_is_not() {
    let body = |tags: &str| format!(r#"{{"guild_id":"11","role":{{"id":"5","tags":{tags}}}}}"#);
    let booster = |tags: &str| {
        let event = event("GUILD_ROLE_UPDATE", body(tags));
        let update = discord::GuildRoleUpdate::decode(&event).expect("a role");
        update
            .role
            .tags
            .as_ref()
            .map(|tags| tags.premium_subscriber.0)
    };
    assert_eq!(booster(r#"{"premium_subscriber":null}"#), Some(true));
    assert_eq!(booster(r#"{"bot_id":"9"}"#), Some(false));
    assert_eq!(booster("null"), None);
}

#[test]
fn a_deleted_guild_is_told_from_one_in_an_outage() {
    let is_removal = |body: &'static str| {
        let event = event("GUILD_DELETE", body);
        discord::GuildDelete::decode(&event)
            .expect("a guild")
            .is_removal()
    };
    assert!(is_removal(r#"{"id":"11"}"#));
    assert!(!is_removal(r#"{"id":"11","unavailable":true}"#));
}

#[test]
fn a_partial_update_says_what_was_sent() {
    let event = event(
        "MESSAGE_UPDATE",
        r#"{"id":"1234567890123456789","channel_id":"22","content":"x"}"#,
    );
    let update = discord::MessageUpdate::decode(&event).expect("a message");
    assert!(update.is_partial());
    assert!(update.was_sent("content") && !update.was_sent("author"));
    assert_eq!(
        update.timestamp.as_second(),
        1_714_414_322,
        "what its id says"
    );
}

#[test]
fn the_channels_of_a_guild_know_their_guild() {
    let rows = fixtures();
    let row = rows
        .iter()
        .find(|row| row.name == "GUILD_CREATE")
        .expect("a guild");
    let event = event("GUILD_CREATE", row.body.get().to_owned());
    let created = discord::GuildCreate::decode(&event).expect("a guild");
    let guild = created.guild().expect("available");
    assert!(
        guild
            .channels
            .iter()
            .chain(&guild.threads)
            .all(|channel| channel.guild_id == Some(guild.id))
    );
    assert!(
        guild
            .voice_states
            .iter()
            .all(|state| state.guild_id == Some(guild.id))
    );
    assert!(
        guild
            .presences
            .iter()
            .all(|presence| presence.guild_id == Some(guild.id))
    );
}
