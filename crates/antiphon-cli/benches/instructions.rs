//! Work whose instructions `tools/instructions.py` counts with callgrind: `instructions WORKLOAD EVENTS`.
//!
//! | workload | is |
//! | --- | --- |
//! | `frame` | a Discord frame, from the bytes of the connection to the entry that the committer receives |
//! | `append` | an event of a batch of 64, each with a checkpoint, in an SQLite journal |
//! | `handler` | a stored event, from the head of the journal through its lane to a raw handler |
//! | `decode NAME` | one typed decode of an event of that name |
//! | `view` | a message's view and a filter on its content |
//!
//! Everything is prepared for the largest number of events whatever EVENTS is, so that the difference of two runs
//! divided by the difference of their EVENTS is what one event costs.
//! `frame`, `append` and `handler` take multiples of [`UNIT`].

#![expect(
    clippy::print_stdout,
    reason = "a bench tells where its figures come from"
)]

use std::{env, hint::black_box, sync::Arc, time::Duration};

use antiphon::{
    App, Event, HandlerError, Payload as _, State,
    discord::{
        Compression, Config, FrameReader, Intents, MessageCreate, MessageReactionAdd,
        PresenceUpdate, Shards, TypingStart, VoiceStateUpdate,
    },
    journal::{Batch, Journal, MemoryJournal, SqliteJournal},
    net::{Network, Route, Stream, accept_upgrade, pipe},
};
use antiphon_core::{
    Checkpoint, Draft, IntakeLimits, Outlet, Position, Received, Rng, Source as _, SourceName,
    Stopper,
};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    runtime::Runtime,
    sync::Semaphore,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// Events of which `EVENTS` is a multiple.
const UNIT: usize = 512;
/// Most events of a run.
const MOST: usize = 8 * UNIT;
/// Events of a batch.
const BATCH: usize = 64;

const MEMBER: &str = r#""roles":["81384788765712385","81384788765712390","81384788765712399"],"premium_since":null,"pending":false,"nick":null,"mute":false,"joined_at":"2021-05-27T17:10:11.093000+00:00","flags":0,"deaf":false,"communication_disabled_until":null,"banner":null,"avatar":null"#;
const USER: &str = r#"{"username":"mira","public_flags":0,"primary_guild":null,"id":"80351110224678912","global_name":"Mira","display_name_styles":null,"discriminator":"0","collectibles":null,"clan":null,"avatar_decoration_data":null,"avatar":"8342729096ea3675442027381ff50dfe"}"#;

/// The names of the decoded events, in the proportion in which a stream has them; the last is only decoded.
const NAMES: [&str; 5] = [
    "MESSAGE_CREATE",
    "PRESENCE_UPDATE",
    "TYPING_START",
    "VOICE_STATE_UPDATE",
    "MESSAGE_REACTION_ADD",
];

/// The body of an event, as Discord documents it (<https://docs.discord.com/developers/events/gateway-events>).
fn body(name: &str, number: usize) -> String {
    let (id, channel) = (
        1_290_000_000_000_000_000 + number,
        81_384_788_765_712_484 + number % 21,
    );
    let guild = "81384788765712384";
    match name {
        "MESSAGE_CREATE" => format!(
            r#"{{"type":0,"tts":false,"timestamp":"2026-01-05T20:10:11.093000+00:00","pinned":false,"nonce":"{id}","mentions":[],"mention_roles":[],"mention_everyone":false,"member":{{{MEMBER}}},"id":"{id}","flags":0,"embeds":[],"edited_timestamp":null,"content":"the quick choir sings again tonight about rooms and rain, so bring a lamp","components":[],"channel_type":0,"channel_id":"{channel}","author":{USER},"attachments":[],"guild_id":"{guild}"}}"#
        ),
        "PRESENCE_UPDATE" => format!(
            r#"{{"user":{{"id":"80351110224678912"}},"status":"dnd","processed_at_timestamp":1767643812000,"guild_id":"{guild}","client_status":{{"desktop":"dnd"}},"broadcast":null,"activities":[{{"type":0,"timestamps":{{"start":1767643811093}},"session_id":"c6e2ff8d2e5a4d6f8c0b1a3e5d7f9b1c","name":"Evensong","id":"8f2c4b1d7a9e0c3f","created_at":1767643812000,"application_id":"700136079562375258","state":"in the loft","details":"second voice"}}]}}"#
        ),
        "TYPING_START" => format!(
            r#"{{"user_id":"80351110224678912","timestamp":1767643812,"member":{{"user":{USER},{MEMBER}}},"channel_id":"{channel}","guild_id":"{guild}"}}"#
        ),
        "VOICE_STATE_UPDATE" => format!(
            r#"{{"member":{{"user":{USER},{MEMBER}}},"user_id":"80351110224678912","suppress":false,"session_id":"30f32c5d54ae86130fc4a215c7474263","self_video":false,"self_mute":true,"self_deaf":false,"request_to_speak_timestamp":null,"mute":false,"guild_id":"{guild}","deaf":false,"channel_id":"{channel}"}}"#
        ),
        "MESSAGE_REACTION_ADD" => format!(
            r#"{{"user_id":"80351110224678912","type":0,"message_id":"{id}","message_author_id":"80351110224678913","member":{{"user":{USER},{MEMBER}}},"emoji":{{"name":"lamp","id":"41771983429993937","animated":false}},"channel_id":"{channel}","burst":false,"burst_colors":[],"guild_id":"{guild}"}}"#
        ),
        other => panic!("`{other}` is no event of this bench"),
    }
}

/// The frame with this number, in the proportion 7 : 3 : 2 : 1 of the first four names.
fn frame(number: usize) -> String {
    let name = match number % 13 {
        0..=6 => NAMES[0],
        7..=9 => NAMES[1],
        10 | 11 => NAMES[2],
        _ => NAMES[3],
    };
    let (sequence, body) = (number + 2, body(name, number));
    format!(r#"{{"t":"{name}","s":{sequence},"op":0,"d":{body}}}"#)
}

/// The stored form of frames.
fn drafts(frames: impl IntoIterator<Item = String>) -> Vec<Draft> {
    let mut reader = FrameReader::new("a1b2");
    let draft = |frame: String| reader.read(&frame.into(), Timestamp::UNIX_EPOCH);
    frames
        .into_iter()
        .map(draft)
        .collect::<Option<_>>()
        .expect("dispatches")
}

/// A WebSocket frame of a server.
fn text_frame(text: &str, into: &mut Vec<u8>) {
    into.push(0x81);
    match u16::try_from(text.len()).expect("a short frame") {
        length @ 0..126 => into.push(u8::try_from(length).expect("in range")),
        length => {
            into.push(126);
            into.extend_from_slice(&length.to_be_bytes());
        }
    }
    into.extend_from_slice(text.as_bytes());
}

/// The head of a request.
async fn request(stream: &mut Stream) -> http::Request<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).await.expect("a request");
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("a request in text");
    let mut request = http::Request::get("/");
    for field in head.lines().skip(1) {
        if let Some((name, value)) = field.split_once(": ") {
            request = request.header(name, value);
        }
    }
    request.body(()).expect("a request")
}

/// Answers a connection: `GET /gateway/bot`, or the upgrade to a socket on which the bytes follow the identify.
async fn serve(mut stream: Stream, frames: &[u8]) {
    let Some(answer) = accept_upgrade(&request(&mut stream).await) else {
        let body = r#"{"url":"ws://gateway.example","shards":1,"session_start_limit":{"total":1000,"remaining":1000,"reset_after":0,"max_concurrency":1}}"#;
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        return stream.write_all(answer.as_bytes()).await.expect("sent");
    };
    let mut bytes = b"HTTP/1.1 101 Switching Protocols\r\n".to_vec();
    for (name, value) in answer.headers() {
        bytes.extend_from_slice(format!("{name}: ").as_bytes());
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    let hello = r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":600000}}"#;
    text_frame(hello, &mut bytes);
    stream.write_all(&bytes).await.expect("sent");
    stream.read_exact(&mut [0]).await.expect("an identify");
    let ready = format!(
        r#"{{"t":"READY","s":1,"op":0,"d":{{"v":10,"user":{USER},"session_id":"a1b2","resume_gateway_url":"ws://gateway.example","guilds":[],"shard":[0,1],"application":{{"id":"80351110224678912","flags":0}}}}}}"#
    );
    bytes.clear();
    text_frame(&ready, &mut bytes);
    bytes.extend_from_slice(frames);
    stream.write_all(&bytes).await.expect("sent");
    // The client ends first.
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

/// The source of one shard, over a connection in memory, to a committer that stores nothing.
async fn frame_to_entry(events: usize) {
    let frames: Vec<String> = (0..MOST).map(frame).collect();
    let mut bytes = Vec::new();
    frames[..events]
        .iter()
        .for_each(|frame| text_frame(frame, &mut bytes));

    let (connector, mut listener) = pipe::listen(64 << 10);
    let network = Network::new().route("*", Route::connector(Arc::new(connector)));
    let config = Config::new("token", Intents::all())
        .network(network)
        .rest("http://gateway.example/api/v10")
        .gateway("ws://gateway.example")
        .shards(Shards::Count(1))
        .compression(Compression::None)
        .rng(Rng::with_seed(7));
    let (_client, source) = antiphon::discord::connect(config);
    let name = source.name().clone();
    let mut outlet = Outlet::new(IntakeLimits::default());
    let intake = outlet.intake(name, Vec::new(), source.clock(), &mut Rng::with_seed(7));
    let stopper = Stopper::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Some((stream, _, _)) = listener.accept().await {
            serve(stream, &bytes).await;
        }
    });
    let run = Box::new(source).run(intake, stopper.stop());
    tasks.spawn(async move { run.await.expect("a source that ends when it is asked to") });

    let (mut received, mut dispatches) = (Vec::new(), 0);
    while dispatches < events {
        assert!(
            outlet.receive_many(&mut received, 256).await > 0,
            "the source goes on"
        );
        if let Some((source, checkpoint)) = received.iter().rev().find_map(checkpoint) {
            outlet.stored(source, &checkpoint.part, checkpoint.mark);
        }
        dispatches += received.drain(..).filter(is_dispatch).count();
    }
    stopper.close();
    tasks.abort_all();
    while tasks.join_next().await.is_some() {}
}

fn checkpoint(received: &Received) -> Option<(&SourceName, &Checkpoint)> {
    Some((&received.source, received.entry.checkpoint.as_ref()?))
}

/// Whether an entry is one of the stream's events.
fn is_dispatch(received: &Received) -> bool {
    let event = received.entry.event.as_ref();
    event.is_some_and(|draft| NAMES.contains(&draft.kind.name()))
}

async fn append(events: usize) {
    let source = SourceName::new("discord");
    let mut mark = 0;
    let drafts = drafts((0..MOST).map(frame));
    let batches: Vec<_> = drafts
        .chunks(BATCH)
        .map(|drafts| {
            let checkpoint = |_| {
                mark += 1;
                let state = Bytes::from(format!("{mark:0160}"));
                let checkpoint = Checkpoint {
                    part: "shard/0".into(),
                    state,
                    mark,
                };
                (source.clone(), checkpoint)
            };
            Arc::new(Batch {
                events: drafts
                    .iter()
                    .map(|draft| (source.clone(), draft.clone()))
                    .collect(),
                checkpoints: drafts.iter().map(checkpoint).collect(),
                ..Batch::default()
            })
        })
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let journal = SqliteJournal::open(path).await.expect("opened");
    for batch in &batches[..events / BATCH] {
        journal.append(Arc::clone(batch)).await.expect("stored");
    }
    journal.close().await.expect("closed");
}

async fn count(
    _event: Arc<Event>,
    State(handled): State<Arc<Semaphore>>,
) -> Result<(), HandlerError> {
    handled.add_permits(1);
    Ok(())
}

/// The app over the same [`UNIT`] events in memory, as often as it takes.
async fn head_to_handler(events: usize) {
    let journal = Arc::new(MemoryJournal::new());
    for drafts in drafts((0..UNIT).map(frame)).chunks(BATCH) {
        let events = drafts
            .iter()
            .map(|draft| ("discord".into(), draft.clone()))
            .collect();
        let batch = Batch {
            events,
            ..Batch::default()
        };
        journal
            .append(Arc::new(batch))
            .await
            .expect("it is in memory");
    }
    for round in 0..events / UNIT {
        let handled = Arc::new(Semaphore::new(0));
        let app = App::new(Arc::clone(&handled))
            .named(format!("bench {round}"))
            .from_start()
            .on_raw("discord.*", count);
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        running.spawn(app.run(Arc::clone(&journal), stop.clone().cancelled_owned()));
        let all = u32::try_from(UNIT).expect("few events");
        drop(handled.acquire_many(all).await.expect("it stays open"));
        stop.cancel();
        while let Some(ended) = running.join_next().await {
            ended.expect("no panic").expect("a clean end");
        }
    }
}

/// [`UNIT`] events of one name, each used as often as it takes.
fn each(name: &str, events: usize, work: impl Fn(&Event)) {
    let frames = (0..UNIT).map(|number| {
        let (sequence, body) = (number + 2, body(name, number));
        format!(r#"{{"t":"{name}","s":{sequence},"op":0,"d":{body}}}"#)
    });
    let stored = |draft| Event::stored(Position::new(1), "discord".into(), draft);
    let stored: Vec<Event> = drafts(frames).into_iter().map(stored).collect();
    for event in stored.iter().cycle().take(events) {
        work(event);
    }
}

fn decode(name: &str, events: usize) {
    each(name, events, |event| match name {
        "MESSAGE_CREATE" => drop(black_box(MessageCreate::decode(event).expect("a message"))),
        "PRESENCE_UPDATE" => drop(black_box(
            PresenceUpdate::decode(event).expect("a presence"),
        )),
        "TYPING_START" => drop(black_box(TypingStart::decode(event).expect("typing"))),
        "VOICE_STATE_UPDATE" => drop(black_box(VoiceStateUpdate::decode(event).expect("a state"))),
        _ => drop(black_box(
            MessageReactionAdd::decode(event).expect("a reaction"),
        )),
    });
}

fn view(events: usize) {
    each(NAMES[0], events, |event| {
        let view = MessageCreate::view(event).expect("a message");
        assert!(!black_box(view.content.starts_with("!ping")));
    });
}

/// One thread beside the blocking pool's, so that the order of the work is the same in every run.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_keep_alive(Duration::from_secs(600))
        .build()
        .expect("a runtime")
}

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |text: &str| -> usize { text.parse().expect("a number of events") };
    match words[..] {
        ["frame", events] => runtime().block_on(frame_to_entry(number(events))),
        ["append", events] => runtime().block_on(append(number(events))),
        ["handler", events] => runtime().block_on(head_to_handler(number(events))),
        ["decode", name, events] => decode(name, number(events)),
        ["view", events] => view(number(events)),
        // `cargo bench` passes `--bench`: the counts come from `tools/instructions.py`.
        _ => println!("counted by tools/instructions.py"),
    }
}
