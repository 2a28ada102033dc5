//! Decodes the bench's mix of events a given number of times, to be counted under `valgrind --tool=callgrind`.

#[path = "../benches/corpus/mod.rs"]
mod corpus;

use antiphon_core::Payload as _;
use antiphon_discord::{MessageCreate, PresenceUpdate, TypingStart, VoiceStateUpdate};

fn main() {
    let rounds = std::env::args().nth(1).and_then(|word| word.parse().ok());
    let events = corpus::mix(corpus::Bodies::Whole);
    let mut typed = 0;
    for _ in 0..rounds.unwrap_or(1) {
        for event in &events {
            typed += usize::from(match event.kind().as_str() {
                "discord.MESSAGE_CREATE" => MessageCreate::decode(event).is_ok(),
                "discord.PRESENCE_UPDATE" => PresenceUpdate::decode(event).is_ok(),
                "discord.TYPING_START" => TypingStart::decode(event).is_ok(),
                _ => VoiceStateUpdate::decode(event).is_ok(),
            });
        }
    }
    assert_eq!(typed % corpus::EVENTS, 0, "all of them are typed");
}
