//! Events decoded, and frames turned into events, in a second.

use antiphon_core::{Draft, Event, Kind, Origin, Payload, Place, Position};
use antiphon_stackexchange::{
    Html, MentionEvent, MessageEvent, MessageStarredEvent, UnknownEvent, UserEnteredEvent,
    read_frame,
};
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// The frame of the fixtures that has this name.
fn frame(name: &str) -> Bytes {
    let text = include_str!("../../../fixtures/stackexchange/frames.json");
    let rows: Vec<Map<String, Value>> = serde_json::from_str(text).expect("a list of frames");
    let row = rows.into_iter().find(|row| row["name"] == name);
    let frame = row.expect("a frame of this name")["frame"].clone();
    frame.as_str().expect("a text").to_owned().into()
}

/// The first event of a fixture, stored.
fn event(name: &str) -> Event {
    let drafts = read_frame(&frame(name), Timestamp::UNIX_EPOCH);
    let draft = drafts.into_iter().next().expect("an event");
    Event::stored(Position::new(1), "chat".into(), draft)
}

fn one<P: Payload>(c: &mut Criterion, name: &str) {
    let event = event(name);
    let mut group = c.benchmark_group(format!("stackexchange/{name}"));
    group.throughput(Throughput::Elements(1));
    group.bench_function("typed", |b| b.iter(|| P::decode(&event).is_ok()));
    group.bench_function("view", |b| b.iter(|| P::view(&event).is_ok()));
    group.finish();
}

fn decode(c: &mut Criterion) {
    one::<MessageEvent>(c, "MessagePosted");
    one::<MentionEvent>(c, "UserMentioned");
    one::<MessageStarredEvent>(c, "MessageStarred");
    one::<UserEnteredEvent>(c, "UserEntered");
    let event = event("35");
    c.bench_function("stackexchange/unknown", |b| {
        b.iter(|| UnknownEvent::of(&event).is_ok());
    });
}

/// From a frame's text to the drafts of its events, beside a parse into a tree.
fn frames(c: &mut Criterion) {
    for name in ["MessagePosted", "pair", "heartbeat"] {
        let frame = frame(name);
        let mut group = c.benchmark_group(format!("stackexchange/frame/{name}"));
        group.throughput(Throughput::Elements(1));
        group.bench_function("events", |b| {
            b.iter(|| read_frame(&frame, Timestamp::UNIX_EPOCH).len());
        });
        group.bench_function("tree", |b| {
            b.iter(|| serde_json::from_slice::<Value>(&frame).is_ok());
        });
        group.finish();
    }
}

/// Texts of messages, of which most have no markup.
fn contents(c: &mut Criterion) {
    let mut group = c.benchmark_group("stackexchange/content");
    let plain = "a line such as most people write, without any markup";
    let marked =
        r#"a <b>line</b> with <a href="https://a.example/b" rel="nofollow">a link</a> &amp; more"#;
    for (name, text) in [("plain", plain), ("marked", marked)] {
        let html = Html::new(text);
        group.bench_function(format!("{name}/text"), |b| b.iter(|| html.text().len()));
        group.bench_function(format!("{name}/markdown"), |b| {
            b.iter(|| html.markdown().len());
        });
    }
    group.finish();
}

/// The cost of one draft.
fn draft(c: &mut Criterion) {
    let body = Bytes::from_static(b"{}");
    c.bench_function("stackexchange/draft", |b| {
        b.iter(|| {
            Draft::new(
                Kind::from_static("stackexchange.MessagePosted"),
                Place::from(format!("room/{}", 4242)),
                Origin::from(format!("event/{}", 165_000_101)),
                Timestamp::UNIX_EPOCH,
                body.clone(),
            )
        });
    });
}

criterion_group!(benches, decode, frames, contents, draft);
criterion_main!(benches);
