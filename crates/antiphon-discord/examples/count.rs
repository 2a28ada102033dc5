//! Decodes the bench's events a number of times, to count instructions with `valgrind --tool=callgrind`.
//!
//! The first argument is `typed`, `twilight`, `chunk` or `odd-chunk`; the second is the number of rounds.

#[path = "../benches/corpus/mod.rs"]
mod corpus;

use antiphon_core::{Event, Payload as _};
use antiphon_discord::{
    GuildMembersChunk, MessageCreate, PresenceUpdate, TypingStart, VoiceStateUpdate,
};
use corpus::{Bodies, chunk, mix};
use twilight_model::gateway::payload::incoming;

fn typed(event: &Event) -> bool {
    match event.kind().name() {
        "MESSAGE_CREATE" => MessageCreate::decode(event).is_ok(),
        "PRESENCE_UPDATE" => PresenceUpdate::decode(event).is_ok(),
        "TYPING_START" => TypingStart::decode(event).is_ok(),
        "VOICE_STATE_UPDATE" => VoiceStateUpdate::decode(event).is_ok(),
        _ => GuildMembersChunk::decode(event).is_ok_and(|chunk| chunk.members.len() == 1000),
    }
}

fn twilight(event: &Event) -> bool {
    match event.kind().name() {
        "MESSAGE_CREATE" => event.parse::<incoming::MessageCreate>().is_ok(),
        "PRESENCE_UPDATE" => event.parse::<incoming::PresenceUpdate>().is_ok(),
        "TYPING_START" => event.parse::<incoming::TypingStart>().is_ok(),
        _ => event.parse::<incoming::VoiceStateUpdate>().is_ok(),
    }
}

fn main() {
    let mut words = std::env::args().skip(1);
    let what = words.next().unwrap_or_default();
    let rounds: usize = words.next().and_then(|word| word.parse().ok()).unwrap_or(1);
    let events = match &*what {
        "chunk" => vec![chunk(Bodies::Whole)],
        "odd-chunk" => vec![chunk(Bodies::Lacking)],
        _ => mix(Bodies::Whole),
    };
    let decode = if what == "twilight" { twilight } else { typed };
    for _ in 0..rounds {
        assert!(events.iter().all(decode));
    }
}
