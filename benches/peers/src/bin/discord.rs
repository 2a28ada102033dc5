//! Reads Gateway frames, one a line, from the file it is given, and prints how many events a second each library reads
//! from the frame's text to a handler.
//!
//! All take turns for several rounds in this one process, on the same frames; each line has the middle of the rounds.

use std::{env, fs, hint::black_box, time::{Duration, Instant}};

use antiphon_core::{Event, Payload, Position, SourceName};
use antiphon_discord as discord;
use bytes::Bytes;
use jiff::Timestamp;
use serenity::model::event::GatewayEvent;
use twilight_gateway::EventTypeFlags;

/// How long each way is timed in a round.
const LENGTH: Duration = Duration::from_millis(700);
const ROUNDS: usize = 7;

/// Frames a second, each taken from a text of its own as a socket hands it over.
fn time(frames: &[String], mut take: impl FnMut(&str)) -> f64 {
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

/// Makes events of frames, as a journal hands them to handlers.
struct Journal {
    reader: discord::FrameReader,
    source: SourceName,
}

impl Journal {
    fn event(&mut self, frame: &str) -> Event {
        let frame = Bytes::copy_from_slice(frame.as_bytes());
        let draft = self.reader.read(&frame, Timestamp::UNIX_EPOCH).expect("a dispatch");
        Event::stored(Position::new(1), self.source.clone(), draft)
    }
}

/// Hands the event to the handler of its kind, decoded.
fn typed(event: &Event) {
    match event.kind().name() {
        "MESSAGE_CREATE" => drop(black_box(discord::MessageCreate::decode(event).expect("a message"))),
        "PRESENCE_UPDATE" => drop(black_box(discord::PresenceUpdate::decode(event).expect("a presence"))),
        "TYPING_START" => drop(black_box(discord::TypingStart::decode(event).expect("typing"))),
        "VOICE_STATE_UPDATE" => drop(black_box(discord::VoiceStateUpdate::decode(event).expect("a voice state"))),
        other => panic!("{other} is not in the corpus"),
    }
}

/// A handler of messages with a filter that one in a hundred passes.
fn filtered(event: &Event, matched: &mut u64) {
    if event.kind() == &"discord.MESSAGE_CREATE" {
        let view = discord::MessageCreate::view(event).expect("a message");
        if view.content.starts_with("!ping") {
            *matched += 1;
            black_box(discord::MessageCreate::decode(event).expect("a message"));
        }
    }
}

fn twilight(frame: &str, wanted: EventTypeFlags) {
    black_box(twilight_gateway::parse(frame.to_owned(), wanted).expect("it parses"));
}

fn main() {
    let path = env::args().nth(1).expect("a file of frames");
    let text = fs::read_to_string(path).expect("a file of frames");
    let frames: Vec<String> = text.lines().map(str::to_owned).collect();
    let journal = || Journal {
        reader: discord::FrameReader::new("a1b2"),
        source: SourceName::new("peers"),
    };
    let (mut raw, mut whole, mut sieve) = (journal(), journal(), journal());
    let mut matched = 0;
    let mut ways: Vec<(&str, Box<dyn FnMut(&str) + '_>)> = vec![
        ("antiphon, raw", Box::new(|frame| drop(black_box(raw.event(frame))))),
        ("antiphon, typed", Box::new(|frame| typed(&whole.event(frame)))),
        ("antiphon, filtered", Box::new(|frame| filtered(&sieve.event(frame), &mut matched))),
        ("twilight, all", Box::new(|frame| twilight(frame, EventTypeFlags::all()))),
        ("twilight, messages", Box::new(|frame| twilight(frame, EventTypeFlags::MESSAGE_CREATE))),
        ("serenity", Box::new(|frame| {
            let frame = frame.to_owned();
            black_box(serde_json::from_str::<GatewayEvent>(&frame).expect("it parses"));
        })),
    ];
    let mut rounds = vec![Vec::new(); ways.len()];
    for _ in 0..ROUNDS {
        for (way, rates) in ways.iter_mut().zip(&mut rounds) {
            rates.push(time(&frames, &mut way.1));
        }
    }
    for ((name, _), rates) in ways.iter().zip(&mut rounds) {
        rates.sort_by(f64::total_cmp);
        println!("{name}\t{}", rates[ROUNDS / 2]);
    }
}
