//! Decoding: events in a second, as payloads and as views.

use antiphon_core::{Draft, Event, Kind, Origin, Payload, Place, Position};
use antiphon_queup::{Chat, Dub, PlaylistSongAdd};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Map, Value};

/// The fixtures of this name as stored events.
fn events(name: &str) -> Vec<Event> {
    let text = include_str!("../../../fixtures/queup/frames.json");
    let rows: Vec<Map<String, Value>> = serde_json::from_str(text).expect("a list of frames");
    let frames = rows.iter().filter(|row| row["name"] == name);
    let bodies = frames.map(|row| {
        let frame = row["frame"].as_str().expect("a text");
        let message: Value = serde_json::from_str(&frame[1..]).expect("JSON");
        message["message"]["data"]
            .as_str()
            .expect("a text")
            .to_owned()
    });
    bodies
        .map(|body| {
            let draft = Draft::new(
                Kind::new(format!("queup.{name}")),
                Place::new("room/5a77aa00bb11cc22dd33ee44"),
                Origin::frame("c", 1),
                "2026-01-01T00:00:00Z".parse().expect("a time"),
                body,
            );
            Event::stored(Position::new(1), "queup".into(), draft)
        })
        .collect()
}

fn one<P: Payload>(c: &mut Criterion, name: &str) {
    let events = events(name);
    let mut group = c.benchmark_group(format!("queup/{name}"));
    group.throughput(Throughput::Elements(events.len() as u64));
    group.bench_function("typed", |b| {
        b.iter(|| {
            events
                .iter()
                .filter(|event| P::decode(event).is_ok())
                .count()
        });
    });
    group.bench_function("view", |b| {
        b.iter(|| events.iter().filter(|event| P::view(event).is_ok()).count());
    });
    group.finish();
}

fn decode(c: &mut Criterion) {
    one::<Chat>(c, "chat-message");
    one::<PlaylistSongAdd>(c, "room_playlist-update");
    one::<Dub>(c, "room_playlist-dub");
}

criterion_group!(benches, decode);
criterion_main!(benches);
