//! Events decoded in a second: typed, viewed, repaired, and by twilight's model; and a chunk of a
//! thousand members, as documented or odd.

mod corpus;

use antiphon_core::{Event, Payload};
use antiphon_discord::{
    GuildMembersChunk, MessageCreate, PresenceUpdate, TypingStart, VoiceStateUpdate,
};
use corpus::{Bodies, EVENTS, chunk, mix};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use twilight_model::gateway::payload::incoming;

/// Runs a function for each event by its kind, and counts the successes.
macro_rules! each {
    ($events:expr, |$event:ident| $message:expr, $presence:expr, $typing:expr, $voice:expr) => {
        $events
            .iter()
            .filter(|$event| match $event.kind().as_str() {
                "discord.MESSAGE_CREATE" => $message,
                "discord.PRESENCE_UPDATE" => $presence,
                "discord.TYPING_START" => $typing,
                _ => $voice,
            })
            .count()
    };
}

fn typed(events: &[Event]) -> usize {
    each!(
        events,
        |event| MessageCreate::decode(event).is_ok(),
        PresenceUpdate::decode(event).is_ok(),
        TypingStart::decode(event).is_ok(),
        VoiceStateUpdate::decode(event).is_ok()
    )
}

fn twilight(events: &[Event]) -> usize {
    each!(
        events,
        |event| event.parse::<incoming::MessageCreate>().is_ok(),
        event.parse::<incoming::PresenceUpdate>().is_ok(),
        event.parse::<incoming::TypingStart>().is_ok(),
        event.parse::<incoming::VoiceStateUpdate>().is_ok()
    )
}

/// About one event in a hundred passes.
fn viewed(events: &[Event]) -> usize {
    each!(
        events,
        |event| MessageCreate::view(event).is_ok_and(|view| view.content.starts_with("la la la")),
        PresenceUpdate::view(event).is_ok_and(|view| view.status == "idle"),
        TypingStart::view(event).is_ok_and(|view| view.guild_id.is_none()),
        VoiceStateUpdate::view(event).is_ok_and(|view| view.self_mute)
    )
}

fn decode(c: &mut Criterion) {
    let (whole, lacking) = (mix(Bodies::Whole), mix(Bodies::Lacking));
    assert_eq!((typed(&whole), twilight(&whole)), (EVENTS, EVENTS));
    assert_eq!((typed(&lacking), twilight(&lacking)), (EVENTS, 0));
    let mut group = c.benchmark_group("discord/mix");
    group.throughput(Throughput::Elements(EVENTS as u64));
    group.bench_function("twilight-model", |b| b.iter(|| twilight(&whole)));
    group.bench_function("typed", |b| b.iter(|| typed(&whole)));
    group.bench_function("view", |b| b.iter(|| viewed(&whole)));
    group.bench_function("repaired", |b| b.iter(|| typed(&lacking)));
    group.finish();
    let mut group = c.benchmark_group("discord/chunk");
    for (name, bodies) in [("clean", Bodies::Whole), ("odd", Bodies::Lacking)] {
        let event = chunk(bodies);
        let members = || GuildMembersChunk::decode(&event).map_or(0, |chunk| chunk.members.len());
        assert_eq!(members(), 1000);
        group.bench_function(name, |b| b.iter(members));
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
