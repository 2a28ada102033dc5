//! How many events are decoded in a second: typed, viewed, mended, and by the bare model.
//!
//! The mix is seeded: `MESSAGE_CREATE`, `PRESENCE_UPDATE`, `TYPING_START` and `VOICE_STATE_UPDATE` in the proportion
//! 4 : 5 : 2 : 1.

use antiphon_core::{Draft, Event, Kind, Origin, Payload, Place, Position, Rng};
use antiphon_discord::{
    MessageCreate, PresenceUpdate, TypingStart, VoiceStateUpdate, model::gateway::payload::incoming,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

/// Events of the mix.
const EVENTS: usize = 1200;

/// How much of what is promised the bodies have.
#[derive(Clone, Copy)]
enum Bodies {
    Whole,
    /// Without what the model insists on.
    Lacking,
}

fn user(rng: &mut Rng) -> Value {
    let id = rng.u64(1 << 40..1 << 60);
    json!({"id": id.to_string(), "username": format!("singer{}", id % 977), "discriminator": "0",
        "global_name": "Singer", "avatar": "b2a6536641da91a0b59bd66557c56c36", "public_flags": 0,
        "avatar_decoration_data": null, "primary_guild": null})
}

fn member() -> Value {
    json!({"nick": null, "avatar": null, "banner": null, "roles": ["501", "502"], "deaf": false, "mute": false,
        "joined_at": "2024-05-01T10:00:00.000000+00:00", "premium_since": null, "flags": 0, "pending": false,
        "communication_disabled_until": null})
}

fn body(kind: &str, rng: &mut Rng) -> Value {
    match kind {
        "MESSAGE_CREATE" => {
            let words = rng.usize(3..40);
            let text: Vec<_> = (0..words)
                .map(|_| ["la", "do", "re", "mi"][rng.usize(0..4)])
                .collect();
            json!({"id": rng.u64(1 << 50..1 << 60).to_string(), "channel_id": "22", "guild_id": "11",
                "author": user(rng), "member": member(), "content": text.join(" "),
                "timestamp": "2024-05-01T10:00:00.000000+00:00", "edited_timestamp": null, "tts": false,
                "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
                "nonce": "1234567890123456789", "pinned": false, "type": 0, "flags": 0, "components": [],
                "channel_type": 0})
        }
        "PRESENCE_UPDATE" => {
            json!({"user": {"id": rng.u64(1 << 40..1 << 60).to_string()}, "guild_id": "11",
            "status": "dnd", "activities": [{"id": "ec0b28a579ecb4bd", "name": "Custom Status", "type": 4,
            "state": "humming", "created_at": 1_714_557_600_000_u64}], "client_status": {"desktop": "dnd"}})
        }
        "TYPING_START" => {
            let mut member = member();
            member["user"] = user(rng);
            json!({"channel_id": "22", "guild_id": "11", "user_id": member["user"]["id"],
                "timestamp": 1_714_557_600, "member": member})
        }
        _ => {
            let mut member = member();
            member["user"] = user(rng);
            json!({"guild_id": "11", "channel_id": "77", "user_id": member["user"]["id"], "member": member,
                "session_id": "90326bd25d71d39b9ef95b299e3872ff", "deaf": false, "mute": false, "self_deaf": true,
                "self_mute": false, "self_video": false, "suppress": false, "request_to_speak_timestamp": null})
        }
    }
}

/// Takes away what the model insists on.
fn lack(body: &mut Value) {
    for path in ["/author", "/member", "/user", "/member/user", ""] {
        if let Some(Value::Object(fields)) = body.pointer_mut(path) {
            for name in [
                "flags",
                "discriminator",
                "client_status",
                "mentions",
                "suppress",
            ] {
                fields.remove(name);
            }
        }
    }
}

fn mix(bodies: Bodies) -> Vec<Event> {
    let mut rng = Rng::with_seed(7);
    let kinds = [
        "MESSAGE_CREATE",
        "PRESENCE_UPDATE",
        "PRESENCE_UPDATE",
        "MESSAGE_CREATE",
        "TYPING_START",
        "PRESENCE_UPDATE",
        "MESSAGE_CREATE",
        "PRESENCE_UPDATE",
        "TYPING_START",
        "MESSAGE_CREATE",
        "PRESENCE_UPDATE",
        "VOICE_STATE_UPDATE",
    ];
    let kinds = kinds.iter().cycle().take(EVENTS);
    kinds
        .map(|kind| {
            let mut body = body(kind, &mut rng);
            if let Bodies::Lacking = bodies {
                lack(&mut body);
            }
            let draft = Draft::new(
                Kind::new(format!("discord.{kind}")),
                Place::new("guild/11/channel/22"),
                Origin::sequence("a1b2", 1),
                "2026-01-01T00:00:00Z".parse().expect("a time"),
                body.to_string(),
            );
            Event::stored(Position::new(1), "discord".into(), draft)
        })
        .collect()
}

/// Does one thing with each event by its kind, and counts those with which it went well.
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

fn model(events: &[Event]) -> usize {
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
    assert_eq!((typed(&whole), model(&whole)), (EVENTS, EVENTS));
    assert_eq!((typed(&lacking), model(&lacking)), (EVENTS, 0));
    let mut group = c.benchmark_group("discord/mix");
    group.throughput(Throughput::Elements(EVENTS as u64));
    group.bench_function("twilight-model", |b| b.iter(|| model(&whole)));
    group.bench_function("typed", |b| b.iter(|| typed(&whole)));
    group.bench_function("view", |b| b.iter(|| viewed(&whole)));
    group.bench_function("mended", |b| b.iter(|| typed(&lacking)));
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
