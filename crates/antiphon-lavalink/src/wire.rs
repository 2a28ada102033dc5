//! Frames and answers exactly as sent; the only place with the wire's names.
//!
//! Reading is lenient: unknown keys are passed over, and what is missing or of another type is empty, 0 or absent.
//! What the program hands on without change is public under [`view`](crate::view), with borrowed texts.

mod filters;
mod loose;
mod request;
mod response;
mod saved;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use antiphon_core::{NotJson, Scan, Step};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use self::{
    filters::{
        BANDS, ChannelMix, Distortion, Equalizer, EqualizerBand, Filters, Karaoke, LowPass,
        PluginFilters, Rotation, Timescale, Tremolo, Vibrato,
    },
    response::{
        FailingAddress, Git, Info, IpBlock, PluginInfo, RoutePlanner, RoutePlannerDetails, Version,
    },
};
pub(crate) use self::{
    loose::{id, objects},
    request::{Address, ResumeSession, UpdatePlayer, UpdateTrack, Voice},
    response::{Failure, Loaded, Loader, Player, PlaylistInfo, Resuming},
    saved::{SavedNode, SavedPlayer, SavedQueue, SavedTrack},
};

/// What tells frames apart, read in one pass whatever the order of the keys.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Header<'a> {
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub(crate) op: Option<Cow<'a, str>>,
    #[serde(rename = "type", borrow, deserialize_with = "loose::maybe_text")]
    pub(crate) event: Option<Cow<'a, str>>,
    #[serde(rename = "guildId", deserialize_with = "loose::id")]
    pub(crate) guild: Option<u64>,
}

impl<'a> Header<'a> {
    /// Reads the header of a frame; `None` if it is not a JSON object.
    pub(crate) fn of(frame: &'a [u8]) -> Option<Self> {
        if let Some((guild, _)) = PlayerUpdate::usual(frame) {
            return Some(Self {
                op: Some(Cow::Borrowed("playerUpdate")),
                event: None,
                guild: Some(guild),
            });
        }
        Self::plain(frame).ok().or_else(|| Self::lenient(frame))
    }

    fn lenient(frame: &'a [u8]) -> Option<Self> {
        // A list would be read as a struct by its order.
        let start = frame.iter().find(|byte| !byte.is_ascii_whitespace());
        if start != Some(&b'{') {
            return None;
        }
        serde_json::from_slice(frame).ok()
    }

    /// The header as nodes send it, at a glance; what has another form is an error here and left to the lenient way.
    fn plain(frame: &'a [u8]) -> Step<Self> {
        let mut header = Self::default();
        let mut scan = Scan::new(frame);
        scan.document(|scan, key| match key {
            b"op" => once(&mut header.op, scan.text_or_skip()?),
            b"type" => once(&mut header.event, scan.text_or_skip()?),
            b"guildId" => once(&mut header.guild, scan.id_or_skip()?.filter(|id| *id != 0)),
            _ => scan.skip(),
        })?;
        if scan.is_deep() {
            return Err(NotJson);
        }
        Ok(header)
    }
}

/// Takes a value that is there, and there once.
fn once<T>(field: &mut Option<T>, value: Option<T>) -> Step<()> {
    if value.is_none() || field.is_some() {
        return Err(NotJson);
    }
    *field = value;
    Ok(())
}

/// The `ready` op (protocol §2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Ready<'a> {
    /// Whether the session went on.
    #[serde(deserialize_with = "loose::flag")]
    pub resumed: bool,
    /// Id of the session.
    #[serde(rename = "sessionId", borrow, deserialize_with = "loose::text")]
    pub session_id: Cow<'a, str>,
}

/// How a player stands at its node (protocol §2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PlayerState {
    /// When, by the node's clock, in Unix milliseconds.
    #[serde(deserialize_with = "loose::integer")]
    pub time: i64,
    /// Position in the track, in milliseconds; 0 when nothing plays.
    #[serde(deserialize_with = "loose::integer")]
    pub position: i64,
    /// Whether the node is connected to the voice server.
    #[serde(deserialize_with = "loose::flag")]
    pub connected: bool,
    /// From node to voice server and back, in milliseconds; -1 when not connected.
    #[serde(deserialize_with = "loose::integer")]
    pub ping: i64,
}

/// The `playerUpdate` op (protocol §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PlayerUpdate {
    /// How the player stands.
    #[serde(deserialize_with = "loose::object")]
    pub state: PlayerState,
}

impl PlayerUpdate {
    /// One whose form is Lavalink's own to the byte, and its guild; any other is left to the ways that take every form.
    ///
    /// Nearly all that a node says is this, and reading it so takes a ninth of the time.
    pub(crate) fn usual(frame: &[u8]) -> Option<(u64, Self)> {
        let rest = frame.strip_prefix(br#"{"op":"playerUpdate","guildId":""#)?;
        let (guild, rest) = digits(rest)?;
        let (time, rest) = integer(rest.strip_prefix(br#"","state":{"time":"#)?)?;
        let (position, rest) = integer(rest.strip_prefix(br#","position":"#)?)?;
        let rest = rest.strip_prefix(br#","connected":"#)?;
        let (connected, rest) = match rest.strip_prefix(b"true") {
            Some(rest) => (true, rest),
            None => (false, rest.strip_prefix(b"false")?),
        };
        let (ping, rest) = integer(rest.strip_prefix(br#","ping":"#)?)?;
        let state = PlayerState {
            time,
            position,
            connected,
            ping,
        };
        (rest == b"}}" && guild != 0).then_some((guild, Self { state }))
    }
}

/// The number that the bytes begin with, and what follows; at most nineteen digits, which always fit.
fn digits(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (mut number, mut count) = (0, 0);
    for byte in bytes.iter().take(19) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number * 10 + u64::from(digit);
        count += 1;
    }
    (count > 0).then_some((number, &bytes[count..]))
}

/// The same for a number in JSON, which may be negative and has no zeros before it.
fn integer(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (is_negative, bytes) = match bytes.strip_prefix(b"-") {
        Some(bytes) => (true, bytes),
        None => (false, bytes),
    };
    let (number, rest) = digits(bytes)?;
    if bytes[0] == b'0' && (is_negative || bytes.len() - rest.len() > 1) {
        return None;
    }
    let number = i64::try_from(number).ok()?;
    Some((if is_negative { -number } else { number }, rest))
}

/// A node's memory, in bytes (protocol §2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MemoryStats {
    /// Free.
    #[serde(deserialize_with = "loose::integer")]
    pub free: i64,
    /// Used.
    #[serde(deserialize_with = "loose::integer")]
    pub used: i64,
    /// Allocated.
    #[serde(deserialize_with = "loose::integer")]
    pub allocated: i64,
    /// Reservable.
    #[serde(deserialize_with = "loose::integer")]
    pub reservable: i64,
}

/// A node's processors (protocol §2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct CPUStats {
    /// How many cores.
    #[serde(deserialize_with = "loose::integer")]
    pub cores: i64,
    /// Load of the machine, 0 to 1; `NodeLink` sends a load average, which may be any number.
    #[serde(rename = "systemLoad", deserialize_with = "loose::float")]
    pub system_load: f64,
    /// Load by the node itself, 0 to 1; `NodeLink` has its own name for it.
    #[serde(
        rename = "lavalinkLoad",
        alias = "nodelinkLoad",
        deserialize_with = "loose::float"
    )]
    pub lavalink_load: f64,
}

/// Audio frames of the last minute, averaged over the players that play (protocol §2.2); `NodeLink` counts since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FrameStats {
    /// Sent.
    #[serde(deserialize_with = "loose::integer")]
    pub sent: i64,
    /// Without sound because none was ready.
    #[serde(deserialize_with = "loose::integer")]
    pub nulled: i64,
    /// Expected less sent; negative where too many were sent.
    ///
    /// `NodeLink` counts the other way round.
    #[serde(deserialize_with = "loose::integer")]
    pub deficit: i64,
}

/// What a node tells about itself: the `stats` op, and the answer to a request for them (protocol §2.2).
///
/// The counts are those of the whole server, not of this session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct StatsOP {
    /// Players.
    #[serde(deserialize_with = "loose::integer")]
    pub players: i64,
    /// Players with a track that are not paused.
    #[serde(rename = "playingPlayers", deserialize_with = "loose::integer")]
    pub playing: i64,
    /// How long the server has run, in milliseconds.
    #[serde(deserialize_with = "loose::integer")]
    pub uptime: i64,
    /// Memory.
    #[serde(deserialize_with = "loose::object")]
    pub memory: MemoryStats,
    /// Processors.
    #[serde(deserialize_with = "loose::object")]
    pub cpu: CPUStats,
    /// Audio frames; absent as long as no player has played for a whole minute.
    #[serde(rename = "frameStats", deserialize_with = "loose::maybe_object")]
    pub frames: Option<FrameStats>,
}

/// What is known of a track (protocol §4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TrackInfo<'a> {
    /// Id of the track at its source.
    #[serde(borrow, deserialize_with = "loose::text")]
    pub identifier: Cow<'a, str>,
    /// Whether it can be sought in.
    #[serde(rename = "isSeekable", deserialize_with = "loose::flag")]
    pub is_seekable: bool,
    /// Author.
    #[serde(borrow, deserialize_with = "loose::text")]
    pub author: Cow<'a, str>,
    /// Length in milliseconds; `i64::MAX` or negative where it is not known.
    #[serde(deserialize_with = "loose::integer")]
    pub length: i64,
    /// Whether it is a stream.
    #[serde(rename = "isStream", deserialize_with = "loose::flag")]
    pub is_stream: bool,
    /// Where it begins, or where it was, in milliseconds.
    #[serde(deserialize_with = "loose::integer")]
    pub position: i64,
    /// Title.
    #[serde(borrow, deserialize_with = "loose::text")]
    pub title: Cow<'a, str>,
    /// Address.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub uri: Option<Cow<'a, str>>,
    /// Address of a picture.
    #[serde(rename = "artworkUrl", borrow, deserialize_with = "loose::maybe_text")]
    pub artwork: Option<Cow<'a, str>>,
    /// International standard recording code.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub isrc: Option<Cow<'a, str>>,
    /// Name of the source, such as `youtube`.
    #[serde(rename = "sourceName", borrow, deserialize_with = "loose::text")]
    pub source: Cow<'a, str>,
}

/// A track (protocol §4).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Track<'a> {
    /// The node's own form of it, in base64.
    #[serde(borrow, deserialize_with = "loose::text")]
    pub encoded: Cow<'a, str>,
    /// What is known of it.
    #[serde(borrow, deserialize_with = "loose::object")]
    pub info: TrackInfo<'a>,
    /// What plugins add, as sent.
    #[serde(rename = "pluginInfo", borrow, skip_serializing_if = "Option::is_none")]
    pub plugin_info: Option<&'a RawValue>,
    /// What the bot gave along with it, as sent.
    #[serde(rename = "userData", borrow, skip_serializing_if = "Option::is_none")]
    pub user_data: Option<&'a RawValue>,
}

/// The error of a track (protocol §3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Exception<'a> {
    /// What went wrong.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub message: Option<Cow<'a, str>>,
    /// How bad it is: `common`, `suspicious` or `fault`.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub severity: Option<Cow<'a, str>>,
    /// Its cause.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub cause: Option<Cow<'a, str>>,
    /// The cause's stack trace; nodes before 4.1 send none.
    #[serde(
        rename = "causeStackTrace",
        borrow,
        deserialize_with = "loose::maybe_text"
    )]
    pub cause_stack_trace: Option<Cow<'a, str>>,
}

/// Any event about a track (protocol §3); what the event does not have is absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TrackEvent<'a> {
    /// Which track.
    #[serde(borrow, deserialize_with = "loose::object")]
    pub track: Track<'a>,
    /// Why it ended.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub reason: Option<Cow<'a, str>>,
    /// What went wrong with it.
    #[serde(borrow, deserialize_with = "loose::maybe_object")]
    pub exception: Option<Exception<'a>>,
    /// For how long it brought nothing, in milliseconds.
    #[serde(rename = "thresholdMs", deserialize_with = "loose::maybe_integer")]
    pub threshold: Option<i64>,
}

/// The `WebSocketClosedEvent` (protocol §3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VoiceClosed<'a> {
    /// Why, as a number (protocol §9).
    #[serde(deserialize_with = "loose::integer")]
    pub code: i64,
    /// Why, in words; may be empty.
    #[serde(borrow, deserialize_with = "loose::text")]
    pub reason: Cow<'a, str>,
    /// Whether Discord closed it.
    #[serde(rename = "byRemote", deserialize_with = "loose::flag")]
    pub by_remote: bool,
}

/// The body of antiphon's own events about a node or a player.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Own<'a> {
    #[serde(
        rename = "guildId",
        deserialize_with = "loose::id",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) guild: Option<u64>,
    #[serde(
        borrow,
        deserialize_with = "loose::maybe_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) from: Option<Cow<'a, str>>,
    #[serde(
        borrow,
        deserialize_with = "loose::maybe_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) to: Option<Cow<'a, str>>,
    #[serde(
        deserialize_with = "loose::maybe_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) position: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) disconnected: Vec<u64>,
}

/// What is added beside the body of an event.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Note<'a> {
    /// The track that was given to play or queued.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) original: Option<SavedTrack<'a>>,
    /// Why, where we know it.
    #[serde(
        borrow,
        deserialize_with = "loose::maybe_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) reason: Option<Cow<'a, str>>,
    /// Whether a track goes on after a move instead of beginning.
    #[serde(
        deserialize_with = "loose::flag",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub(crate) restored: bool,
}
