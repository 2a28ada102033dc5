use antiphon_core::{Draft, Event, Payload as _, Position};
use jiff::Timestamp;

use super::*;
use crate::{
    class::{self, BaseMessageEvent as _, RoomEvent as _, UserEvent as _},
    model::{EventId, EventType, MessageId, RoomId, UserId},
};

fn event(number: i64, body: &str) -> Event {
    let draft = Draft::new(
        kind_of(number),
        room_place(RoomId::new(4242)),
        event_origin(0, EventId::new(7)),
        Timestamp::UNIX_EPOCH,
        body.to_owned(),
    );
    Event::stored(Position::new(1), "sandbox".into(), draft)
}

fn told(number: i64, body: &str, me: i64) -> Event {
    let mut draft = event(number, body).draft().clone();
    draft.note = note(Some(UserId::new(me)), None);
    Event::stored(Position::new(1), "sandbox".into(), draft)
}

#[test]
fn no_kind_is_listed_twice_and_every_named_type_is_listed() {
    let mut kinds: Vec<_> = KINDS.iter().map(|info| info.kind).collect();
    for named in EventType::NAMED {
        let kind = kind_of(named.0);
        assert!(kinds.contains(&kind.as_str()), "{kind} is not listed");
        assert_eq!(Some(kind.name()), named.name());
    }
    kinds.sort_unstable();
    let count = kinds.len();
    kinds.dedup();
    assert_eq!(kinds.len(), count);
}

#[test]
fn quirk_24_numbers_are_open_and_the_old_ones_are_not_mistaken() {
    assert_eq!(kind_of(35).as_str(), "stackexchange.35");
    assert_eq!(kind_of(23).as_str(), "stackexchange.23");
    assert_eq!(kind_of(29).as_str(), "stackexchange.UserSuspended");
    assert_eq!(EventType(99).name(), None);
    assert_eq!(EventType(99).to_string(), "99");
    assert_eq!(EventType::MESSAGE_POSTED.to_string(), "MessagePosted");
}

#[test]
fn quirk_05_absent_counters_are_zero() {
    let body =
        r#"{"event_type":6,"id":7,"room_id":4242,"message_id":5,"content":"hi","message_stars":1}"#;
    let starred = MessageStarredEvent::decode(&event(6, body)).expect("a star");
    assert_eq!((starred.message_stars, starred.message_owner_stars), (1, 0));
    let unstarred =
        MessageStarredEvent::decode(&event(6, r#"{"event_type":6,"id":7,"message_id":5}"#));
    assert_eq!(unstarred.expect("a star").message_stars, 0);
}

#[test]
fn quirk_17_system_users_have_negative_ids() {
    let body = r#"{"event_type":34,"id":7,"user_id":-2,"target_user_id":77,"user_name":"Feeds"}"#;
    let changed = UserNameOrAvatarChangedEvent::decode(&event(34, body)).expect("a change");
    assert!(changed.user_id.is_some_and(UserId::is_system));
    assert_eq!(changed.whose(), Some(UserId::new(77)));
    let body = r#"{"event_type":34,"id":7,"user_id":77}"#;
    let changed = UserNameOrAvatarChangedEvent::decode(&event(34, body)).expect("a change");
    assert_eq!(changed.whose(), Some(UserId::new(77)));
}

#[test]
fn quirk_19_a_parent_alone_is_no_reply_and_others_mentions_concern_nobody() {
    let mention = r#"{"event_type":8,"id":7,"user_id":77,"target_user_id":99,"message_id":5,"parent_id":4,"content":"@bot hi"}"#;
    let event = told(8, mention, 99);
    assert!(MentionEvent::concerns(&event));
    assert!(!MentionEvent::decode(&event).expect("a mention").is_reply());
    assert!(!MentionEvent::concerns(&told(8, mention, 98)));
    assert!(MentionEvent::concerns(&self::event(8, mention)));
    let reply = r#"{"event_type":18,"id":7,"user_id":77,"target_user_id":99,"message_id":5,"parent_id":4,"show_parent":true,"content":"@bot hi"}"#;
    let reply = ReplyEvent::decode(&told(18, reply, 99)).expect("a reply");
    assert!(reply.is_reply());
}

#[test]
fn a_message_without_content_is_empty_and_numbers_may_be_texts() {
    let body = r#"{"event_type":1,"id":"7","user_id":"77","room_id":4242,"message_id":5,"time_stamp":1720000000}"#;
    let message = MessageEvent::decode(&event(1, body)).expect("a message");
    assert!(message.content.is_empty());
    assert_eq!(message.id, Some(EventId::new(7)));
    assert_eq!(message.user_id, Some(UserId::new(77)));
}

#[test]
fn a_body_that_is_no_object_is_an_error() {
    assert!(MessageEvent::decode(&event(1, "[1]")).is_err());
    assert!(MessageEvent::decode(&event(1, "null")).is_err());
}

#[test]
fn the_classes_show_in_the_types() {
    fn who(event: &impl class::UserEvent) -> (Option<UserId>, Option<RoomId>) {
        (event.user_id(), event.room_id())
    }
    fn which(event: &impl class::BaseMessageEvent) -> MessageId {
        event.message_id()
    }
    let body = r#"{"event_type":2,"id":7,"user_id":77,"user_name":"mira","room_id":4242,"room_name":"Sandbox","message_id":5,"content":"x","message_edits":1}"#;
    let edit = EditEvent::decode(&event(2, body)).expect("an edit");
    assert_eq!(who(&edit), (Some(UserId::new(77)), Some(RoomId::new(4242))));
    assert_eq!(which(&edit), MessageId::new(5));
    assert_eq!(edit.message_edits(), 1);
    assert_eq!((edit.user_name(), edit.room_name()), ("mira", "Sandbox"));
    let message: &MessageEvent = &edit;
    assert_eq!(message.content.text(), "x");
}

#[track_caller]
fn access(content: &str, expected: AccessChange<'_>) {
    let body = format!(r#"{{"event_type":15,"id":7,"target_user_id":5,"content":{content}}}"#);
    let changed = AccessLevelChangedEvent::decode(&event(15, &body)).expect("a change");
    assert_eq!(changed.change(), expected);
}

#[test]
fn every_known_access_content_is_parsed() {
    access(r#""Access now read-write""#, AccessChange::ReadWrite);
    access(r#""Access now read-only""#, AccessChange::ReadOnly);
    access(r#""Access now owner""#, AccessChange::Owner);
    access(r#""Access now request""#, AccessChange::Request);
    access(r#""Access now (default)""#, AccessChange::Default);
    access(r#""priv 13 created""#, AccessChange::PrivCreated(13));
    access(r#""priv 13 deleted""#, AccessChange::PrivDeleted(13));
    access("null", AccessChange::Room);
    access(r#""priv x created""#, AccessChange::Other("priv x created"));
}

#[test]
fn a_suspension_is_parsed_and_another_form_is_not_guessed() {
    let suspended = |content: &str| {
        let body = serde_json::json!({"event_type": 29, "id": 7, "content": content}).to_string();
        UserSuspendedEvent::decode(&event(29, &body))
            .expect("a suspension")
            .suspension()
    };
    let now = suspended(r#"3 {"old":null,"new":1720003700}"#).expect("parsed");
    assert_eq!(
        (now.number, now.old, now.new),
        (3, None, Some(1_720_003_700.into()))
    );
    let lifted = suspended(r#"3 {"old":"2024-01-01","new":null}"#).expect("parsed");
    assert_eq!((lifted.old, lifted.new), (Some("2024-01-01".into()), None));
    assert_eq!(suspended("something"), None);
}

#[track_caller]
fn name(room: &str, content: &str, name: &str, description: Option<&str>) {
    let body = serde_json::json!({"event_type": 5, "id": 7, "room_name": room, "content": content});
    let changed = RoomNameChangedEvent::decode(&event(5, &body.to_string())).expect("a name");
    assert_eq!((changed.name(), changed.description()), (name, description));
}

#[test]
fn a_room_name_with_slashes_is_told_from_its_description() {
    name(
        "Tea / Coffee",
        "Tea / Coffee / hot drinks",
        "Tea / Coffee",
        Some("hot drinks"),
    );
    name("Old", "Tea / hot / drinks", "Tea", Some("hot / drinks"));
    name("Tea", "Tea", "Tea", None);
    name("", "Tea", "Tea", None);
}

#[test]
fn an_unknown_event_keeps_every_field() {
    let body = r#"{"event_type":99,"id":7,"room_id":4242,"odd":[1,{"x":null}]}"#;
    let unknown = UnknownEvent::of(&event(99, body)).expect("an object");
    assert_eq!(unknown.event_type, EventType(99));
    assert_eq!(
        unknown.field("odd"),
        Some(&serde_json::json!([1, {"x": null}]))
    );
    assert_eq!(unknown.fields.len(), 4);
    let flagged = MessageFlagged::decode(&event(9, body)).expect("an object");
    assert_eq!(flagged.id, Some(EventId::new(7)));
}

#[test]
fn a_frame_from_elsewhere_gives_its_events_in_order() {
    let frame = bytes::Bytes::from_static(
        br#"{"r1":{"e":[{"event_type":1,"id":5,"room_id":1},null,{"event_type":99,"id":6}],"t":6},"r2":{}}"#,
    );
    let drafts = read_frame(&frame, Timestamp::UNIX_EPOCH);
    let kinds: Vec<_> = drafts.iter().map(|draft| draft.kind.as_str()).collect();
    assert_eq!(kinds, ["stackexchange.MessagePosted", "stackexchange.99"]);
    assert_eq!(drafts[1].place.as_str(), "room/1");
    assert!(read_frame(&bytes::Bytes::from_static(b"[]"), Timestamp::UNIX_EPOCH).is_empty());
}
