//! Whose an event of Stack Exchange chat is, for the erasure of a person.
//!
//! Ids of users are small numbers, which messages and rooms have as well: only a key says whose an id is. Events about a
//! message, such as a star, repeat its text without its author: they go by the message's id.

use antiphon_core::Rule;

/// Where the chat's documents name users; docs/erasure.md has it in words.
pub static ERASURE: Rule = Rule {
    platform: "stackexchange",
    is_id: |id| (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()),
    ids: "an id of Stack Exchange chat is a number: `stackexchange:77`",
    unique: false,
    own: &["user_id", "userId", "owner_user_id"],
    users: &["user", "users", "owner", "owners", "current_user"],
    by: &["user"],
    about: &["target_user_id", "parent_user_id"],
    names: &["user_name", "username", "name"],
    before: &["/users/", "/user/"],
    message: |_| Some("message_id"),
    data: &[],
};

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Event, Kind, Origin, Person, Place, Position, Verdict};

    use super::*;

    fn event(body: &'static str) -> Event {
        let draft = Draft::new(
            Kind::from_static("stackexchange.MessagePosted"),
            Place::root(),
            Origin::frame("c", 1),
            jiff::Timestamp::UNIX_EPOCH,
            body,
        );
        Event::stored(Position::new(1), "tea".into(), draft)
    }

    #[test]
    fn a_star_goes_with_the_message_that_it_quotes() {
        let said = event(
            r#"{"user_id":77,"user_name":"Mira Doe","content":"good evening","message_id":66}"#,
        );
        let star = event(r#"{"room_id":77,"content":"good evening","message_id":66}"#);
        let other = event(r#"{"room_id":77,"content":"77 is a number","message_id":77}"#);
        let mention = event(
            r#"{"user_id":8,"target_user_id":77,"content":"@MiraDoe <a href=\"/users/77/mira\">hi</a>","message_id":9}"#,
        );
        let mut person = Person::new([&ERASURE], "77");
        for event in [&said, &star, &other, &mention] {
            person.learn(event);
        }
        assert_eq!(person.judge(&said), Verdict::Erase);
        assert_eq!(person.judge(&star), Verdict::Erase);
        assert_eq!(person.judge(&other), Verdict::Keep);
        let Verdict::Redact { body, .. } = person.judge(&mention) else {
            panic!("it is somebody else's");
        };
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert!(body["target_user_id"].is_null());
        assert_eq!(body["content"], "@erased <a href=\"/users/erased\">hi</a>");
    }

    /// Every event of the fixtures, judged for each user that it names.
    #[test]
    fn an_event_of_the_fixtures_is_its_users() {
        let list = include_str!("../../../fixtures/stackexchange/frames.json");
        let list: serde_json::Value = serde_json::from_str(list).expect("JSON");
        let mut judged = 0;
        for frame in list.as_array().into_iter().flatten() {
            let text = frame["frame"].as_str().unwrap_or_default();
            let frame: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
            let rooms = frame.as_object().into_iter().flat_map(|map| map.values());
            let bodies = rooms.flat_map(|room| room["e"].as_array().into_iter().flatten());
            for body in bodies {
                let Some(id) = body["user_id"].as_i64() else {
                    continue;
                };
                let event = event(body.to_string().leak());
                let person = Person::new([&ERASURE], &id.to_string());
                assert_eq!(person.judge(&event), Verdict::Erase, "{body}");
                judged += 1;
            }
        }
        assert!(judged > 20, "{judged}");
    }
}
