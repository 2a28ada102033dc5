use antiphon_core::{BodyForm, Draft, Event, Origin, Payload, Position};
use bytes::Bytes;
use jiff::Timestamp;

use super::*;
use crate::model::{DiscordVoiceCloseType, Extras, GuildId, NodeId, Playable, TrackEndReason};

fn event(frame: &'static str) -> Event {
    let frame = Bytes::from_static(frame.as_bytes());
    stored(read_frame(
        &"eu-1".into(),
        "c",
        1,
        &frame,
        Timestamp::UNIX_EPOCH,
    ))
}

fn stored(draft: Draft) -> Event {
    Event::stored(Position::new(1), "lavalink".into(), draft)
}

#[track_caller]
fn check(frame: &'static str, kind: &str, place: &str) {
    let event = event(frame);
    assert_eq!(event.kind().as_str(), kind, "{frame}");
    assert_eq!(event.place().as_str(), place, "{frame}");
}

#[test]
fn a_frame_is_named_by_its_op_and_an_event_by_its_type_whatever_the_order_of_keys() {
    check(
        r#"{"op":"ready","sessionId":"a"}"#,
        "lavalink.ready",
        "node/eu-1",
    );
    check(r#"{"op":"stats"}"#, "lavalink.stats", "node/eu-1");
    check(
        r#"{"guildId":"7","state":{},"op":"playerUpdate"}"#,
        "lavalink.playerUpdate",
        "node/eu-1/player/7",
    );
    check(
        r#"{"track":{"op":"x","type":"y","guildId":"1"},"type":"TrackStartEvent","guildId":7,"op":"event"}"#,
        "lavalink.TrackStartEvent",
        "node/eu-1/player/7",
    );
}

#[test]
fn frames_nobody_knows_keep_their_name_and_their_bytes() {
    let frame = r#"{"op":"event","type":"SegmentsLoaded","guildId":"7","segments":[1, 2]}"#;
    check(frame, "lavalink.SegmentsLoaded", "node/eu-1/player/7");
    let extra = Extra::decode(&event(frame)).expect("any frame");
    assert_eq!(
        (&extra.data[..], extra.player),
        (frame.as_bytes(), Some(GuildId::new(7)))
    );
    check(
        r#"{"op":"dave","guildId":"7"}"#,
        "lavalink.dave",
        "node/eu-1/player/7",
    );
    check(r#"{"op":"event","type":"X"}"#, "lavalink.X", "node/eu-1");
    check(
        r#"{"op":"event","type":"X","guildId":""}"#,
        "lavalink.X",
        "node/eu-1",
    );
}

#[test]
fn what_is_no_frame_is_kept_as_malformed() {
    for (frame, form) in [
        ("{}", BodyForm::Json),
        ("[1]", BodyForm::Json),
        (r#"{"op":"event"}"#, BodyForm::Json),
        (r#"{"op":7"#, BodyForm::Text),
        ("<html>", BodyForm::Text),
        // A node cannot speak for antiphon, and an event is no op.
        (r#"{"op":"NodeDisconnected"}"#, BodyForm::Json),
        (r#"{"op":"event","type":"ready"}"#, BodyForm::Json),
        (r#"{"op":"TrackEndEvent"}"#, BodyForm::Json),
        (r#"{"op":"a b"}"#, BodyForm::Json),
    ] {
        let event = event(frame);
        assert_eq!(event.kind().as_str(), "lavalink.malformed", "{frame}");
        assert_eq!(event.form(), form, "{frame}");
        assert_eq!(
            Malformed::decode(&event).expect("any").data,
            frame.as_bytes()
        );
    }
}

#[test]
fn a_voice_close_code_of_tomorrow_is_an_event_like_any_other() {
    let frame = r#"{"op":"event","type":"WebSocketClosedEvent","guildId":"1","code":4999,"reason":"","byRemote":true}"#;
    let closed = WebsocketClosed::decode(&event(frame)).expect("typed");
    assert_eq!(
        (closed.code, closed.by_remote),
        (DiscordVoiceCloseType(4999), true)
    );
}

#[test]
fn frame_stats_are_read_in_all_three_encodings() {
    let none = [r#"{"op":"stats","frameStats":null}"#, r#"{"op":"stats"}"#];
    for frame in none {
        assert_eq!(Stats::decode(&event(frame)).expect("typed").frames, None);
    }
    let some = r#"{"op":"stats","players":3,"cpu":{"cores":2,"systemLoad":0,"nodelinkLoad":0.5},"frameStats":{"sent":198,"nulled":1,"deficit":-7,"expected":198}}"#;
    let stats = Stats::decode(&event(some)).expect("typed");
    let frames = stats.frames.expect("there");
    assert_eq!((frames.sent, frames.nulled, frames.deficit), (198, 1, -7));
    assert_eq!((stats.cpu.cores, stats.cpu.lavalink_load), (2, 0.5));
}

#[test]
fn tracks_without_plugin_info_and_of_endless_length_are_read() {
    let frame = r#"{"op":"event","type":"TrackEndEvent","guildId":"9","reason":"evicted","track":{"encoded":"QAAA","info":{"identifier":"t1","length":9223372036854775807,"isStream":true,"title":"T","uri":null}}}"#;
    let end = TrackEnd::decode(&event(frame)).expect("typed");
    assert_eq!(end.reason, TrackEndReason::Other("evicted".into()));
    assert_eq!((end.track.length, end.track.duration()), (i64::MAX, None));
    assert!(end.track.plugin_info.is_empty() && end.original.is_none());
    let view = TrackEnd::view(&event(frame)).map(|view| view.track.info.title.into_owned());
    assert_eq!(view.expect("a view"), "T");
}

#[test]
fn the_original_rides_beside_the_body_with_its_extras() {
    let original = Playable {
        encoded: "QAAA".into(),
        extras: Extras::new(&serde_json::json!({"by": "42"})).expect("an object"),
        playlist: Some("Mix".into()),
        recommended: true,
        ..Playable::default()
    };
    let frame =
        Bytes::from_static(br#"{"op":"event","type":"TrackStartEvent","guildId":"9","track":{}}"#);
    let mut draft = read_frame(&NodeId::from("eu-1"), "c", 1, &frame, Timestamp::UNIX_EPOCH);
    draft.note = note(Some(&original), None, true);
    let start = TrackStart::decode(&stored(draft)).expect("typed");
    assert_eq!(start.original, Some(original));
    assert!(start.restored);
}

#[test]
fn origins_of_frames_grow_with_their_number() {
    let frame = Bytes::from_static(b"{}");
    let draft = |number| read_frame(&"n".into(), "c", number, &frame, Timestamp::UNIX_EPOCH);
    assert!(draft(9).origin < draft(10).origin);
    assert_eq!(draft(3).origin, Origin::frame("c", 3));
}
