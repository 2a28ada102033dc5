//! Frames recorded from another project's server: each is typed, unknown, or refused with a reason.

mod stored;
mod typed;

use std::fmt::Write as _;

use serde_json::{Value, value::RawValue};
use stored::event;
use typed::{Outcome, outcome, reason};

#[derive(serde::Deserialize)]
struct Frame<'a> {
    op: u8,
    t: Option<String>,
    #[serde(borrow)]
    d: &'a RawValue,
}

#[test]
fn every_recorded_dispatch_is_typed_or_unknown_or_refused_with_a_reason() {
    let frames = include_str!("../../../fixtures/discord/spacebar.ndjson");
    let mut text = String::new();
    for line in frames.lines() {
        let frame: Frame<'_> = serde_json::from_str(line).expect("a frame");
        let (0, Some(name)) = (frame.op, frame.t) else {
            continue;
        };
        let came = match outcome(&event(&name, frame.d.get().to_owned())) {
            Outcome::Unknown => "unknown".to_owned(),
            Outcome::Typed(typed) => {
                let payload = typed.text;
                let end = payload.find(|character: char| !character.is_alphanumeric());
                payload[..end.unwrap_or(payload.len())].to_owned()
            }
            Outcome::Refused(error) => format!("refused: {}", reason(&error)),
        };
        let _ = writeln!(text, "{name}: {came}");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn no_frame_of_a_busy_server_is_a_dead_letter() {
    let frames = include_str!("../../../fixtures/discord/spacebar-2.ndjson");
    let (mut typed, mut unknown, mut repaired) = (0, 0, 0);
    for line in frames.lines() {
        let frame: Frame<'_> = serde_json::from_str(line).expect("a frame");
        let (0, Some(name)) = (frame.op, frame.t) else {
            continue;
        };
        match outcome(&event(&name, frame.d.get().to_owned())) {
            Outcome::Typed(payload) => {
                typed += 1;
                repaired += usize::from(!payload.repairs.is_empty());
            }
            Outcome::Unknown => unknown += 1,
            Outcome::Refused(error) => panic!("{name}: {}", reason(&error)),
        }
    }
    assert_eq!((typed, unknown), (89, 1), "one is no event of bots");
    assert!(repaired < typed / 4, "{repaired} had to be repaired");
}

#[test]
fn a_recorded_message_keeps_what_was_sent() {
    use antiphon_core::Payload as _;
    let frames = include_str!("../../../fixtures/discord/spacebar.ndjson");
    let frames = frames
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a frame"));
    let updates: Vec<_> = frames
        .filter(|frame| frame["t"] == "MESSAGE_UPDATE")
        .map(|frame| {
            let event = event("MESSAGE_UPDATE", frame["d"].to_string());
            antiphon_discord::MessageUpdate::decode(&event).expect("a message")
        })
        .collect();
    assert_eq!(updates[0].content, "edited");
    assert_eq!(
        updates[0].timestamp.as_second(),
        1_795_238_839,
        "24 characters"
    );
    assert!(!updates[0].is_partial());
    assert!(!updates[1].was_sent("mentions"), "it leaves them out");
    assert!(updates[1].was_sent("content"));
    let flags = updates[1].author.public_flags;
    assert_eq!(
        flags.map(|flags| flags.bits()),
        Some(0),
        "a number in a text"
    );
}
