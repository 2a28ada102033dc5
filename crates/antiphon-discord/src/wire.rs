//! Frames as they are sent and received. Only this file has the wire's spelling.
//!
//! Received frames are read leniently, a field at a time, because the session needs a few of them and handlers need the rest;
//! nothing here decides anything.
//! Sent frames are at most 4,096 bytes (protocol §1), and each is written from a struct of its own, so that no field is set
//! by accident.

mod header;

use std::borrow::Cow;

use antiphon_discord_model::{ActivityType, Status};
use serde::{Deserialize, Deserializer, Serialize};

pub(crate) use self::header::{Header, Ids};
use crate::model::{
    members::MemberQuery, presence::Presence, properties::Properties, voice::UpdateVoiceState,
};

/// Longest frame that a client may send, in bytes (protocol §1); Discord closes with 4002 after a longer one.
pub(crate) const LONGEST_FRAME: usize = 4096;

/// Operations (protocol §1.2, <https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway>).
pub(crate) mod op {
    pub(crate) const DISPATCH: u64 = 0;
    pub(crate) const HEARTBEAT: u64 = 1;
    pub(crate) const IDENTIFY: u64 = 2;
    pub(crate) const PRESENCE: u64 = 3;
    pub(crate) const VOICE_STATE: u64 = 4;
    pub(crate) const RESUME: u64 = 6;
    pub(crate) const RECONNECT: u64 = 7;
    pub(crate) const REQUEST_MEMBERS: u64 = 8;
    pub(crate) const INVALID_SESSION: u64 = 9;
    pub(crate) const HELLO: u64 = 10;
    pub(crate) const HEARTBEAT_ACK: u64 = 11;
    pub(crate) const REQUEST_SOUNDBOARD_SOUNDS: u64 = 31;
    pub(crate) const REQUEST_CHANNEL_INFO: u64 = 43;
}

/// Version of the Gateway.
///
/// It is in the query of the connection, and in the path of requests.
pub(crate) const VERSION: u8 = 10;

// ---------------------------------------------------------------------------------------------------------------------
// Sent.

/// Envelope of a sent frame: an operation and its object.
#[derive(Serialize)]
struct Frame<T> {
    op: u64,
    d: T,
}

fn frame<T: Serialize>(op: u64, d: T) -> String {
    serde_json::to_string(&Frame { op, d }).expect("numbers, texts and lists are JSON")
}

/// `d` of op 2 (protocol §3).
#[derive(Serialize)]
pub(crate) struct Identify<'a> {
    pub(crate) token: &'a str,
    pub(crate) properties: SentProperties<'a>,
    pub(crate) intents: u64,
    pub(crate) large_threshold: u16,
    pub(crate) shard: [u32; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) presence: Option<UpdatePresence<'a>>,
}

#[derive(Serialize)]
pub(crate) struct SentProperties<'a> {
    os: &'a str,
    browser: &'a str,
    device: &'a str,
}

impl<'a> From<&'a Properties> for SentProperties<'a> {
    fn from(properties: &'a Properties) -> Self {
        Self {
            os: &properties.os,
            browser: &properties.browser,
            device: &properties.device,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct UpdatePresence<'a> {
    since: Option<u64>,
    activities: Vec<SentActivity<'a>>,
    status: &'a Status,
    afk: bool,
}

#[derive(Serialize)]
struct SentActivity<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: ActivityType,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
}

impl<'a> From<&'a Presence> for UpdatePresence<'a> {
    fn from(presence: &'a Presence) -> Self {
        let activities = presence.activities.iter().map(|activity| SentActivity {
            name: &activity.name,
            kind: activity.kind,
            url: activity.url.as_deref(),
            state: activity.state.as_deref(),
        });
        Self {
            since: presence.since,
            activities: activities.collect(),
            status: &presence.status,
            afk: presence.afk,
        }
    }
}

/// Op 2 (protocol §3). It holds the token, so it is never logged.
/// <https://discord.com/developers/docs/events/gateway-events#identify>
pub(crate) fn identify(identify: &Identify<'_>) -> String {
    frame(op::IDENTIFY, identify)
}

/// Op 6 (protocol §4). It holds the token, so it is never logged.
/// <https://discord.com/developers/docs/events/gateway-events#resume>
pub(crate) fn resume(token: &str, session: &str, seq: u64) -> String {
    #[derive(Serialize)]
    struct Resume<'a> {
        token: &'a str,
        session_id: &'a str,
        seq: u64,
    }
    let resume = Resume {
        token,
        session_id: session,
        seq,
    };
    frame(op::RESUME, resume)
}

/// Op 1 (protocol §2).
/// <https://discord.com/developers/docs/events/gateway-events#heartbeat>
pub(crate) fn heartbeat(seq: Option<u64>) -> String {
    frame(op::HEARTBEAT, seq)
}

/// Op 3 (protocol §8).
/// <https://discord.com/developers/docs/events/gateway-events#update-presence>
pub(crate) fn presence(presence: &Presence) -> String {
    frame(op::PRESENCE, UpdatePresence::from(presence))
}

/// Op 4 (protocol §8).
/// <https://discord.com/developers/docs/events/gateway-events#update-voice-state>
pub(crate) fn voice_state(update: &UpdateVoiceState) -> String {
    #[derive(Serialize)]
    struct VoiceState {
        guild_id: String,
        channel_id: Option<String>,
        self_mute: bool,
        self_deaf: bool,
    }
    let state = VoiceState {
        guild_id: update.guild.to_string(),
        channel_id: update.channel.map(|channel| channel.to_string()),
        self_mute: update.mute,
        self_deaf: update.deaf,
    };
    frame(op::VOICE_STATE, state)
}

/// Op 8 (protocol §8).
/// <https://discord.com/developers/docs/events/gateway-events#request-guild-members>
pub(crate) fn request_members(query: &MemberQuery, nonce: &str) -> String {
    #[derive(Serialize)]
    struct RequestMembers<'a> {
        guild_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        query: Option<&'a str>,
        limit: u64,
        presences: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_ids: Option<Vec<String>>,
        nonce: &'a str,
    }
    let (prefix, limit, users) = query.parts();
    let request = RequestMembers {
        guild_id: query.guild().to_string(),
        query: prefix,
        limit,
        presences: query.has_presences(),
        user_ids: users.map(|users| users.iter().map(ToString::to_string).collect()),
        nonce,
    };
    frame(op::REQUEST_MEMBERS, request)
}

/// Op 31 (protocol §1.2).
/// <https://discord.com/developers/docs/events/gateway-events#request-soundboard-sounds>
pub(crate) fn request_soundboard_sounds(guilds: &[u64]) -> String {
    #[derive(Serialize)]
    struct Request {
        guild_ids: Vec<String>,
    }
    let guild_ids = guilds.iter().map(ToString::to_string).collect();
    frame(op::REQUEST_SOUNDBOARD_SOUNDS, Request { guild_ids })
}

/// Op 43 (protocol §1.2).
pub(crate) fn request_channel_info(guild: u64) -> String {
    #[derive(Serialize)]
    struct Request {
        guild_id: String,
        fields: [&'static str; 2],
    }
    let request = Request {
        guild_id: guild.to_string(),
        fields: ["status", "voice_start_time"],
    };
    frame(op::REQUEST_CHANNEL_INFO, request)
}

/// Body of `CONNECT`, `SHARD_CONNECT`, `SHARD_RESUME`, `SHARD_DISCONNECT` and `DISCONNECT` (protocol §14.1).
pub(crate) fn shard_event(shard: Option<u32>) -> String {
    #[derive(Serialize)]
    struct ShardEvent {
        shard_id: Option<u32>,
    }
    let event = ShardEvent { shard_id: shard };
    serde_json::to_string(&event).expect("a number is JSON")
}

// ---------------------------------------------------------------------------------------------------------------------
// Received.

/// `d` of op 10.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Hello {
    #[serde(deserialize_with = "lenient")]
    pub(crate) heartbeat_interval: Option<f64>,
}

/// Fields of READY that the session needs (protocol §3.1).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Ready<'a> {
    /// Without it the session cannot be resumed.
    #[serde(borrow)]
    pub(crate) session_id: Option<Cow<'a, str>>,
    /// Host on which a resume goes; absent for servers that have none.
    #[serde(borrow, deserialize_with = "lenient")]
    pub(crate) resume_gateway_url: Option<Cow<'a, str>>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) user: Option<Identified>,
}

#[derive(Default, Deserialize)]
pub(crate) struct Identified {
    #[serde(deserialize_with = "id")]
    pub(crate) id: Option<u64>,
}

/// Fields of `GUILD_MEMBERS_CHUNK` that a request for members needs (protocol §8).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Chunk<'a> {
    #[serde(borrow)]
    pub(crate) nonce: Option<Cow<'a, str>>,
    /// Number of the chunk, from 0.
    #[serde(rename = "chunk_index")]
    pub(crate) index: u32,
    /// Number of chunks of this request.
    #[serde(rename = "chunk_count")]
    pub(crate) count: u32,
}

/// `RATE_LIMITED` (protocol §8).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RateLimited<'a> {
    /// Operation that was refused; 8 for a request for members.
    pub(crate) opcode: u64,
    /// Seconds to wait, with a fraction.
    pub(crate) retry_after: f64,
    #[serde(borrow)]
    pub(crate) meta: RateLimitedMeta<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RateLimitedMeta<'a> {
    #[serde(deserialize_with = "id")]
    pub(crate) guild_id: Option<u64>,
    #[serde(borrow)]
    pub(crate) nonce: Option<Cow<'a, str>>,
}

/// Fields of `VOICE_STATE_UPDATE` and `VOICE_SERVER_UPDATE` that a voice join needs (protocol §12).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Voice<'a> {
    #[serde(deserialize_with = "id")]
    pub(crate) user_id: Option<u64>,
    #[serde(borrow)]
    pub(crate) session_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) token: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) endpoint: Option<Cow<'a, str>>,
}

/// A value of the right type, or none.
fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either<T> {
        Right(T),
        Wrong(serde::de::IgnoredAny),
    }
    Ok(match Either::deserialize(from)? {
        Either::Right(value) => Some(value),
        Either::Wrong(_) => None,
    })
}

/// An id as a text or as a number.
fn id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id<'a> {
        Text(#[serde(borrow)] Cow<'a, str>),
        Number(u64),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Id::deserialize(from)? {
        Id::Text(text) => text.parse().ok(),
        Id::Number(number) => Some(number),
        Id::Other(_) => None,
    })
}
