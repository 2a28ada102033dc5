//! The decoded events: a seeded mix of `MESSAGE_CREATE`, `PRESENCE_UPDATE`, `TYPING_START` and `VOICE_STATE_UPDATE` in the
//! proportion 4 : 5 : 2 : 1, and a chunk of a thousand members.

use antiphon_core::{Draft, Event, Kind, Origin, Place, Position, Rng};
use serde_json::{Value, json};

/// Events of the mix.
pub(crate) const EVENTS: usize = 1200;

/// Whether bodies have all documented fields.
#[derive(Clone, Copy)]
pub(crate) enum Bodies {
    /// As documented.
    Whole,
    /// Without required fields, or with odd values.
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

/// Removes required fields.
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

/// The mix.
pub(crate) fn mix(bodies: Bodies) -> Vec<Event> {
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
            event(kind, &body)
        })
        .collect()
}

/// A thousand members, of whom every second one may have an odd decoration.
pub(crate) fn chunk(bodies: Bodies) -> Event {
    let mut rng = Rng::with_seed(7);
    let members: Vec<_> = (0..1000)
        .map(|number| {
            let mut member = member();
            member["user"] = user(&mut rng);
            member["user"]["avatar_decoration_data"] =
                json!({"asset": "v2_a_0123456789abcdef0123456789abcdef", "sku_id": "1144058522808614923"});
            if matches!(bodies, Bodies::Lacking) && number % 2 == 1 {
                member["user"]["avatar_decoration_data"] = json!(["odd"]);
            }
            member
        })
        .collect();
    event(
        "GUILD_MEMBERS_CHUNK",
        &json!({"guild_id": "11", "members": members, "chunk_index": 0, "chunk_count": 1, "not_found": []}),
    )
}

fn event(kind: &str, body: &Value) -> Event {
    let draft = Draft::new(
        Kind::new(format!("discord.{kind}")),
        Place::new("guild/11/channel/22"),
        Origin::sequence("a1b2", 1),
        "2026-01-01T00:00:00Z".parse().expect("a time"),
        body.to_string(),
    );
    Event::stored(Position::new(1), "discord".into(), draft)
}
