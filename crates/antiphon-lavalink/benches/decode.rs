//! Frames to events, and events to payloads, per second.

use std::collections::HashMap;

use antiphon_core::{Event, Payload, Position};
use antiphon_lavalink::{
    EncodedTrack, NodeId, PlayerUpdate, Stats, TrackEnd, TrackStart, read_frame,
};
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use serde_json::value::RawValue;

/// The frames of the recording.
fn frames() -> Vec<Bytes> {
    let text = include_str!("../../../fixtures/lavalink/nodelink.ndjson");
    let rows = text
        .lines()
        .map(|line| serde_json::from_str::<HashMap<&str, &RawValue>>(line).expect("a row"));
    let frames = rows.filter(|row| row["kind"].get() == r#""frame""#);
    // Byte for byte, since the usual form is read faster.
    frames.map(|row| row["data"].get().into()).collect()
}

fn event(frame: &Bytes) -> Event {
    let draft = read_frame(&NodeId::from("eu-1"), "c", 1, frame, Timestamp::UNIX_EPOCH);
    Event::stored(Position::new(1), "lavalink".into(), draft)
}

fn one<P: Payload>(c: &mut Criterion, name: &str) {
    let events: Vec<Event> = frames().iter().map(event).collect();
    let events: Vec<Event> = events
        .into_iter()
        .filter(|event| P::KINDS.contains(&event.kind().as_str()))
        .collect();
    let mut group = c.benchmark_group(format!("lavalink/{name}"));
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
    let frames = frames();
    let mut group = c.benchmark_group("lavalink/frames");
    group.throughput(Throughput::Elements(frames.len() as u64));
    group.bench_function("to events", |b| b.iter(|| frames.iter().map(event).count()));
    group.finish();
    one::<PlayerUpdate>(c, "playerUpdate");
    one::<Stats>(c, "stats");
    one::<TrackStart>(c, "TrackStartEvent");
    one::<TrackEnd>(c, "TrackEndEvent");
    let text = "QAAANgMABFRvbmUAA0xhYgAAAAAAAAXcAAJ0MQABAAR4OnQxAAAACnNvdW5kY2xvdWQAAAAAAAAAAA==";
    c.bench_function("lavalink/encoded track", |b| {
        b.iter(|| EncodedTrack::decode(text));
    });
}

criterion_group!(benches, decode);
criterion_main!(benches);
