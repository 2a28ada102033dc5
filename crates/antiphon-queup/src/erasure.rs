//! Whose an event of QueUp is, for the erasure of a person.
//!
//! Ids of QueUp are unique among all things. The id of a chat message begins with its author's.

use antiphon_core::Rule;

/// Where QueUp's documents name users; docs/erasure.md has it in words.
pub static ERASURE: Rule = Rule {
    platform: "queup",
    is_id: |id| id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
    ids: "an id of QueUp has 24 digits and letters from a to f: `queup:5f1c0aa1b2c3d4e5f6071829`",
    unique: true,
    own: &["_id", "userid", "userId", "clientId"],
    users: &[],
    by: &[
        "user",
        "song",
        "kickedUser",
        "mutedUser",
        "bannedUser",
        "removedUser",
        "modUser",
        "presence",
    ],
    about: &["userdid"],
    names: &["username"],
    before: &[],
    message: |_| None,
    data: &[],
};

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Event, Kind, Origin, Person, Place, Position, Verdict};

    use super::*;

    fn judge(id: &str, kind: &'static str, body: &'static str) -> Verdict {
        let draft = Draft::new(
            Kind::from_static(kind),
            Place::root(),
            Origin::frame("c", 1),
            jiff::Timestamp::UNIX_EPOCH,
            body,
        );
        let event = Event::stored(Position::new(1), "choir".into(), draft);
        let mut person = Person::new([&ERASURE], id);
        person.learn(&event);
        person.judge(&event)
    }

    /// The recorded and the documented frames: the id of each user in them is left in none.
    #[test]
    fn an_id_is_left_in_no_fixture() {
        let frames = [
            include_str!("../../../fixtures/queup/frames.json"),
            include_str!("../../../fixtures/queup/recorded.json"),
        ];
        let mut judged = 0;
        for id in ["5f1c0aa1b2c3d4e5f6071829", "5f1c0aa1b2c3d4e5f607182a"] {
            for list in frames {
                let list: serde_json::Value = serde_json::from_str(list).expect("JSON");
                for frame in list.as_array().into_iter().flatten() {
                    let Some(text) = frame["frame"].as_str() else {
                        continue;
                    };
                    let Ok(frame) = serde_json::from_str::<serde_json::Value>(&text[1..]) else {
                        continue;
                    };
                    let Some(body) = frame["message"]["data"].as_str() else {
                        continue;
                    };
                    if !body.contains(id) {
                        continue;
                    }
                    let body: &'static str = body.to_owned().leak();
                    match judge(id, "queup.any", body) {
                        Verdict::Erase => {}
                        Verdict::Redact { body, .. } => {
                            let body = String::from_utf8(body.to_vec()).expect("UTF-8");
                            assert!(!body.contains(id), "{body}");
                        }
                        verdict => panic!("{body}: {verdict:?}"),
                    }
                    judged += 1;
                }
            }
        }
        assert!(judged > 20, "{judged}");
    }

    #[test]
    fn a_message_is_its_authors_and_a_kick_is_everyones_in_it() {
        const SAID: &str =
            r#"{"message":"hi","user":{"_id":"5f1c0aa1b2c3d4e5f6071829","username":"mira"}}"#;
        const KICK: &str =
            r#"{"user":{"_id":"1"},"kickedUser":{"_id":"5f1c0aa1b2c3d4e5f6071829"}}"#;
        let id = "5f1c0aa1b2c3d4e5f6071829";
        assert_eq!(judge(id, "queup.chat-message", SAID), Verdict::Erase);
        assert_eq!(judge(id, "queup.user-kick", KICK), Verdict::Erase);
        assert_eq!(judge("other", "queup.user-kick", KICK), Verdict::Keep);
    }
}
