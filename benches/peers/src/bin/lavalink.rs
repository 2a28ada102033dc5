//! Reads a node's frames, one a line, from the file it is given, and prints how many events a second each library reads
//! from the frame's text: of all frames, then of each kind alone.
//!
//! All take turns for several rounds in this one process, on the same frames; each figure is the middle of the rounds.

use std::{env, fs, hint::black_box, time::{Duration, Instant}};

use antiphon_core::{Event, Payload, Position, SourceName};
use antiphon_lavalink as lavalink;
use bytes::Bytes;
use jiff::Timestamp;
use lavalink_rs::model::events;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How long each way is timed in a round.
const LENGTH: Duration = Duration::from_millis(500);
const ROUNDS: usize = 7;

/// A frame as sockets hand it over, to one library as bytes and to the other as text; and its op, or its event's type.
struct Frame {
    bytes: Bytes,
    text: String,
    kind: String,
}

impl Frame {
    fn of(text: &str) -> Self {
        let frame: Value = serde_json::from_str(text).expect("a frame");
        let kind = frame.get("type").unwrap_or(&frame["op"]);
        let kind = kind.as_str().expect("an op").to_owned();
        Self { bytes: Bytes::copy_from_slice(text.as_bytes()), text: text.to_owned(), kind }
    }
}

/// Frames a second.
fn time(frames: &[&Frame], take: &dyn Fn(&Frame)) -> f64 {
    let begin = Instant::now();
    let mut events = 0_u32;
    while begin.elapsed() < LENGTH {
        for frame in frames {
            take(frame);
            events += 1;
        }
    }
    f64::from(events) / begin.elapsed().as_secs_f64()
}

/// The event of a frame, as a journal hands it to handlers.
fn event(frame: &Frame, node: &lavalink::NodeId, source: &SourceName) -> Event {
    let draft = lavalink::read_frame(node, "a1b2", 7, &frame.bytes, Timestamp::UNIX_EPOCH);
    Event::stored(Position::new(1), source.clone(), draft)
}

/// Hands the event to the handler of its kind, decoded.
fn typed(event: &Event) {
    fn handle<P: Payload>(event: &Event) {
        drop(black_box(P::decode(event).expect("it decodes")));
    }
    match event.kind().name() {
        "playerUpdate" => handle::<lavalink::PlayerUpdate>(event),
        "stats" => handle::<lavalink::Stats>(event),
        "TrackStartEvent" => handle::<lavalink::TrackStart>(event),
        "TrackEndEvent" => handle::<lavalink::TrackEnd>(event),
        "TrackExceptionEvent" => handle::<lavalink::TrackException>(event),
        "TrackStuckEvent" => handle::<lavalink::TrackStuck>(event),
        "WebSocketClosedEvent" => handle::<lavalink::WebsocketClosed>(event),
        other => panic!("{other} is not in the corpus"),
    }
}

/// As lavalink-rs's reader does, less the task it spawns for each: a tree, a copy of it for handlers of raw events,
/// and the model of its op.
fn reader(frame: &Frame) {
    fn model<T: DeserializeOwned>(tree: Value) {
        drop(black_box(serde_json::from_value::<T>(tree).expect("it parses")));
    }
    let tree: Value = serde_json::from_str(&frame.text).expect("it parses");
    let raw = tree.clone();
    match tree["op"].as_str().expect("an op") {
        "playerUpdate" => model::<events::PlayerUpdate>(tree),
        "stats" => model::<events::Stats>(tree),
        "event" => match tree["type"].as_str().expect("a type") {
            "TrackStartEvent" => model::<events::TrackStart>(tree),
            "TrackEndEvent" => model::<events::TrackEnd>(tree),
            "TrackExceptionEvent" => model::<events::TrackException>(tree),
            "TrackStuckEvent" => model::<events::TrackStuck>(tree),
            "WebSocketClosedEvent" => model::<events::WebSocketClosed>(tree),
            other => panic!("{other} is not in the corpus"),
        },
        other => panic!("{other} is not in the corpus"),
    }
    black_box(raw);
}

/// lavalink-rs's model alone, straight from the text, by somebody who knows beforehand which it is.
fn model(frame: &Frame) {
    fn model<T: DeserializeOwned>(frame: &Frame) {
        drop(black_box(serde_json::from_str::<T>(&frame.text).expect("it parses")));
    }
    match frame.kind.as_str() {
        "playerUpdate" => model::<events::PlayerUpdate>(frame),
        "stats" => model::<events::Stats>(frame),
        "TrackStartEvent" => model::<events::TrackStart>(frame),
        "TrackEndEvent" => model::<events::TrackEnd>(frame),
        "TrackExceptionEvent" => model::<events::TrackException>(frame),
        "TrackStuckEvent" => model::<events::TrackStuck>(frame),
        "WebSocketClosedEvent" => model::<events::WebSocketClosed>(frame),
        other => panic!("{other} is not in the corpus"),
    }
}

fn main() {
    let path = env::args().nth(1).expect("a file of frames");
    let text = fs::read_to_string(path).expect("a file of frames");
    let frames: Vec<Frame> = text.lines().map(Frame::of).collect();
    let mut kinds: Vec<&str> = frames.iter().map(|frame| frame.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut sets = vec![("all", frames.iter().collect::<Vec<_>>())];
    sets.extend(kinds.into_iter().map(|kind| {
        (kind, frames.iter().filter(|frame| frame.kind == kind).collect())
    }));

    let (node, source) = (lavalink::NodeId::from("eu-1"), SourceName::new("peers"));
    let raw = |frame: &Frame| drop(black_box(event(frame, &node, &source)));
    let whole = |frame: &Frame| typed(&event(frame, &node, &source));
    let ways: [(&str, &dyn Fn(&Frame)); 4] = [
        ("antiphon, raw", &raw),
        ("antiphon, typed", &whole),
        ("lavalink-rs, reader", &reader),
        ("lavalink-rs, model", &model),
    ];
    for (set, frames) in &sets {
        let mut rounds = [[0.0; ROUNDS]; 4];
        for round in 0..ROUNDS {
            for (way, rates) in ways.iter().zip(&mut rounds) {
                rates[round] = time(frames, way.1);
            }
        }
        for ((name, _), rates) in ways.iter().zip(&mut rounds) {
            rates.sort_by(f64::total_cmp);
            println!("{set}\t{name}\t{}", rates[ROUNDS / 2]);
        }
    }
}
