//! Whose an event of Discord is, for the erasure of a person.
//!
//! Ids of Discord are unique among all things, so that the id alone is proof wherever it stands.

use std::io::{Read as _, Write as _};

use antiphon_core::{Rule, StateVerdict};

/// Where Discord's documents name users; docs/erasure.md has it in words.
pub static ERASURE: Rule = Rule {
    platform: "discord",
    is_id: |id| (17..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()),
    ids: "an id of Discord has 17 to 20 digits: `discord:80351110224678912`",
    unique: true,
    own: &["id", "user_id", "target_id", "creator_id"],
    users: &[],
    by: &["author", "user", "member", "creator", "inviter"],
    about: &[],
    names: &["username", "global_name", "display_name", "nick"],
    before: &[],
    message: |kind| kind.starts_with("discord.MESSAGE_").then_some("id"),
    data: &[],
};

/// Takes a person out of a saved cache, whose bytes are a version and compressed JSON.
///
/// `None` if the bytes are no saved cache; the second argument judges the JSON.
pub fn erase_saved_cache(
    saved: &[u8],
    judge: &mut dyn FnMut(&[u8]) -> StateVerdict,
) -> Option<StateVerdict> {
    /// As much as a saved cache is unpacked to elsewhere.
    const UNPACKED: u64 = 1 << 30;
    let (version, packed) = saved.split_first()?;
    let mut json = Vec::new();
    let decoder = zstd::Decoder::new(packed).ok()?;
    decoder.take(UNPACKED).read_to_end(&mut json).ok()?;
    Some(match judge(&json) {
        StateVerdict::Redact(less) => {
            let mut encoder = zstd::Encoder::new(vec![*version], 1).ok()?;
            encoder.write_all(&less).ok()?;
            StateVerdict::Redact(encoder.finish().ok()?)
        }
        verdict => verdict,
    })
}

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Event, Kind, Origin, Person, Place, Position, Verdict};

    use super::*;

    fn event(name: &str, body: &serde_json::Value) -> Event {
        let draft = Draft::new(
            Kind::new(format!("discord.{name}")),
            Place::root(),
            Origin::frame("c", 1),
            jiff::Timestamp::UNIX_EPOCH,
            body.to_string(),
        );
        Event::stored(Position::new(1), "guild".into(), draft)
    }

    /// Every fixture that has an id somewhere, judged for the person of that id: nothing of the id is left.
    #[test]
    fn an_id_is_left_in_no_fixture() {
        let frames = include_str!("../../../fixtures/discord/frames.ndjson");
        let mut judged = 0;
        for line in frames.lines() {
            let frame: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let name = frame["name"].as_str().expect("a name");
            let event = event(name, &frame["body"]);
            let mut ids = Vec::new();
            collect(&frame["body"], &mut ids);
            for id in ids {
                let mut person = Person::new([&ERASURE], &id);
                person.learn(&event);
                match person.judge(&event) {
                    Verdict::Erase => {}
                    Verdict::Redact { body, .. } => {
                        let body = String::from_utf8(body.to_vec()).expect("UTF-8");
                        let quoted = format!("\"{id}\"");
                        assert!(!body.contains(&quoted), "{id} in {name}: {body}");
                    }
                    verdict => panic!("{id} in {name}: {verdict:?}"),
                }
                judged += 1;
            }
        }
        assert!(judged > 50, "{judged}");
    }

    /// Values of `user_id` and of `id` in a user.
    fn collect(value: &serde_json::Value, ids: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                let own = map.get("user_id");
                let id = own.or_else(|| map.get("username").and(map.get("id")));
                ids.extend(id.and_then(|id| id.as_str()).map(str::to_owned));
                map.values().for_each(|value| collect(value, ids));
            }
            serde_json::Value::Array(list) => list.iter().for_each(|value| collect(value, ids)),
            _ => {}
        }
    }

    #[test]
    fn a_mention_is_cut_and_the_message_stays() {
        let body = serde_json::json!({
            "id": "5", "author": {"id": "8", "username": "teo"}, "content": "<@77> and @mira!",
            "mentions": [{"id": "77", "username": "mira"}, {"id": "9", "username": "bram"}],
            "referenced_message": {"id": "4", "author": {"id": "77"}, "content": "good evening"},
        });
        let event = event("MESSAGE_CREATE", &body);
        let mut person = Person::new([&ERASURE], "77");
        person.learn(&event);
        let Verdict::Redact { body, .. } = person.judge(&event) else {
            panic!("it is teo's");
        };
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(body["content"], "<@erased> and @erased!");
        assert_eq!(body["mentions"].as_array().expect("a list").len(), 1);
        assert!(body["referenced_message"].is_null());
    }
}
