//! Frames and responses exactly as sent; the only file with the wire's names.
//!
//! Reading is lenient: unknown keys are ignored, and a missing value or one of another type is empty, 0 or absent. The
//! types that the crate returns unchanged are public in [`view`](crate::view), with borrowed texts.
//!
//! # Three ways to read a frame
//! 1. Nearly every frame is a `playerUpdate` in one form, which is compared byte by byte ([`PlayerUpdate::usual`]).
//! 2. Any other frame's op, type and guild are found by a scan that builds nothing.
//! 3. A frame in which the scan is not sure (a key twice, an odd value, deep nesting) is read by serde.
//!
//! All three give the same result where more than one can read a frame; property tests hold them against one another.
//!
//! # Why lenient
//! Lavalink, its plugins and `NodeLink` differ in details: ids as numbers, flags as texts, `null` for absent (protocol
//! §2.2, §5.2, §11). An event must not be lost over a value that nobody asked for. The bytes are in the event's body,
//! for whoever needs more.

mod filters;
mod loose;
mod plugin;
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
    plugin::{
        Chapter, ChapterEvent, Lyrics, LyricsEvent, LyricsLine, LyricsTrack, Range, Segment,
        SegmentEvent,
    },
    response::{
        FailingAddress, Git, Info, IpBlock, LyricsApi, PluginInfo, RoutePlanner,
        RoutePlannerDetails, Version,
    },
};
pub(crate) use self::{
    loose::{id, objects},
    plugin::{LoadedLyrics, SearchResult, SponsorBlock, VideoMatch},
    request::{Address, ResumeSession, UpdateCrossfade, UpdatePlayer, UpdateTrack, Voice},
    response::{Failure, Loaded, Loader, Player, PlaylistInfo, Resuming},
    saved::{
        SavedDeclaration, SavedNode, SavedPlayer, SavedQueue, SavedRequest, SavedTrack,
        SavedTransition,
    },
};

/// The fields that tell frames apart, in any order of keys.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Header<'a> {
    /// `ready`, `playerUpdate`, `stats`, `event`, or another word.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub(crate) op: Option<Cow<'a, str>>,
    /// `type`, which only frames with the op `event` need.
    #[serde(rename = "type", borrow, deserialize_with = "loose::maybe_text")]
    pub(crate) event: Option<Cow<'a, str>>,
    /// `guildId`; absent where it is 0 or no id.
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

    /// Reads a header in any form, by serde; `None` if the frame is no JSON object.
    fn lenient(frame: &'a [u8]) -> Option<Self> {
        // Serde would read a list as a struct, by its order.
        let start = frame.iter().find(|byte| !byte.is_ascii_whitespace());
        if start != Some(&b'{') {
            return None;
        }
        antiphon_core::read_json(frame).ok()
    }

    /// Reads a header in the form that nodes send. Any other form is an error here, and read by `lenient`.
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

/// Sets a field that must be present once.
fn once<T>(field: &mut Option<T>, value: Option<T>) -> Step<()> {
    if value.is_none() || field.is_some() {
        return Err(NotJson);
    }
    *field = value;
    Ok(())
}

/// The `ready` op (<https://lavalink.dev/api/websocket.html#ready-op>).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Ready<'a> {
    /// Whether the session was resumed.
    #[serde(deserialize_with = "loose::flag")]
    pub resumed: bool,
    /// Id of the session; empty where none was sent.
    #[serde(rename = "sessionId", borrow, deserialize_with = "loose::text")]
    pub session_id: Cow<'a, str>,
}

/// The state of a player at its node (<https://lavalink.dev/api/websocket.html#player-state>).
///
/// It is in every `playerUpdate` and in every response about a player.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PlayerState {
    /// Time by the node's clock, in Unix milliseconds.
    #[serde(deserialize_with = "loose::integer")]
    pub time: i64,
    /// Position in the track, in milliseconds; 0 without a track.
    #[serde(deserialize_with = "loose::integer")]
    pub position: i64,
    /// Whether the node is connected to the voice server.
    #[serde(deserialize_with = "loose::flag")]
    pub connected: bool,
    /// Round trip between node and voice server, in milliseconds; -1 without a connection.
    #[serde(deserialize_with = "loose::integer")]
    pub ping: i64,
}

/// The `playerUpdate` op (<https://lavalink.dev/api/websocket.html#player-update-op>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PlayerUpdate {
    /// The player's state.
    #[serde(deserialize_with = "loose::object")]
    pub state: PlayerState,
}

impl PlayerUpdate {
    /// Reads an update in Lavalink's own form, to the byte, and its guild; `None` for any other form.
    ///
    /// Nearly all frames of a node are these. Callgrind counts 650 instructions for one read this way, 1,880 with
    /// [`Scan`] and 3,450 with serde; for the [header](Header) alone 670, 1,800 and 3,220.
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

/// Reads up to nineteen digits, which always fit, and returns the bytes after them.
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

/// Reads a JSON integer, which may be negative and has no leading zeros.
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

/// A node's memory in bytes (<https://lavalink.dev/api/websocket.html#memory>): that of its Java machine, or of the
/// process for `NodeLink`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MemoryStats {
    /// Free part of the allocated memory.
    #[serde(deserialize_with = "loose::integer")]
    pub free: i64,
    /// Used part of the allocated memory.
    #[serde(deserialize_with = "loose::integer")]
    pub used: i64,
    /// Memory that the process has taken from the system so far.
    #[serde(deserialize_with = "loose::integer")]
    pub allocated: i64,
    /// Memory that it may take at most.
    #[serde(deserialize_with = "loose::integer")]
    pub reservable: i64,
}

/// A node's processors (<https://lavalink.dev/api/websocket.html#cpu>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "SentCPUStats")]
#[non_exhaustive]
pub struct CPUStats {
    /// Number of cores.
    pub cores: i64,
    /// Load of the machine, 0 to 1; `NodeLink` sends a load average, which may be any number.
    pub system_load: f64,
    /// Load by the node, 0 to 1; `NodeLink` has its own name for it, and the larger one counts where both are sent.
    pub lavalink_load: f64,
}

/// [`CPUStats`] as sent. A serde alias would refuse an object with both names of the node's load.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SentCPUStats {
    #[serde(deserialize_with = "loose::integer")]
    cores: i64,
    #[serde(deserialize_with = "loose::float")]
    system_load: f64,
    #[serde(deserialize_with = "loose::float")]
    lavalink_load: f64,
    #[serde(deserialize_with = "loose::float")]
    nodelink_load: f64,
}

impl From<SentCPUStats> for CPUStats {
    fn from(sent: SentCPUStats) -> Self {
        Self {
            cores: sent.cores,
            system_load: sent.system_load,
            lavalink_load: sent.lavalink_load.max(sent.nodelink_load),
        }
    }
}

/// Audio frames of the last minute, averaged over playing players
/// (<https://lavalink.dev/api/websocket.html#frame-stats>); `NodeLink` counts since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FrameStats {
    /// Frames sent; 3,000 a minute for a player that plays without a break.
    #[serde(deserialize_with = "loose::integer")]
    pub sent: i64,
    /// Silent frames, because no audio was ready.
    #[serde(deserialize_with = "loose::integer")]
    pub nulled: i64,
    /// Expected frames minus sent ones; negative where too many were sent.
    ///
    /// `NodeLink` has the opposite sign.
    #[serde(deserialize_with = "loose::integer")]
    pub deficit: i64,
}

/// Statistics of a node: the `stats` op, and the response to a request for them
/// (<https://lavalink.dev/api/websocket.html#stats-op>).
///
/// They count the whole server, not this session alone. Lavalink measures the processors every 30 s, so two requests in
/// between return the same loads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct StatsOP {
    /// Players of all sessions.
    #[serde(deserialize_with = "loose::integer")]
    pub players: i64,
    /// Players with a track that are not paused.
    #[serde(rename = "playingPlayers", deserialize_with = "loose::integer")]
    pub playing: i64,
    /// Uptime of the server in milliseconds.
    #[serde(deserialize_with = "loose::integer")]
    pub uptime: i64,
    /// Memory.
    #[serde(deserialize_with = "loose::object")]
    pub memory: MemoryStats,
    /// Processors.
    #[serde(deserialize_with = "loose::object")]
    pub cpu: CPUStats,
    /// Audio frames; absent until a player has played for a minute, and in the response to a request.
    #[serde(rename = "frameStats", deserialize_with = "loose::maybe_object")]
    pub frames: Option<FrameStats>,
}

/// Metadata of a track (<https://lavalink.dev/api/rest.html#track-info>).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TrackInfo<'a> {
    /// Id of the track at its source.
    #[serde(borrow, deserialize_with = "loose::text")]
    pub identifier: Cow<'a, str>,
    /// Whether the track is seekable.
    #[serde(rename = "isSeekable", deserialize_with = "loose::flag")]
    pub is_seekable: bool,
    /// Author.
    #[serde(borrow, deserialize_with = "loose::text")]
    pub author: Cow<'a, str>,
    /// Length in milliseconds; `i64::MAX` or negative where it is unknown.
    #[serde(deserialize_with = "loose::integer")]
    pub length: i64,
    /// Whether the track is a stream.
    #[serde(rename = "isStream", deserialize_with = "loose::flag")]
    pub is_stream: bool,
    /// Start, or position, in milliseconds.
    #[serde(deserialize_with = "loose::integer")]
    pub position: i64,
    /// Title.
    #[serde(borrow, deserialize_with = "loose::text")]
    pub title: Cow<'a, str>,
    /// URL of the track.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub uri: Option<Cow<'a, str>>,
    /// URL of its artwork.
    #[serde(rename = "artworkUrl", borrow, deserialize_with = "loose::maybe_text")]
    pub artwork: Option<Cow<'a, str>>,
    /// International Standard Recording Code.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub isrc: Option<Cow<'a, str>>,
    /// Name of the source, such as `youtube`.
    #[serde(rename = "sourceName", borrow, deserialize_with = "loose::text")]
    pub source: Cow<'a, str>,
}

/// A track (<https://lavalink.dev/api/rest.html#track>).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Track<'a> {
    /// The track in the node's encoding, base64.
    #[serde(borrow, deserialize_with = "loose::text")]
    pub encoded: Cow<'a, str>,
    /// Metadata.
    #[serde(borrow, deserialize_with = "loose::object")]
    pub info: TrackInfo<'a>,
    /// JSON that plugins add, as sent.
    #[serde(rename = "pluginInfo", borrow, skip_serializing_if = "Option::is_none")]
    pub plugin_info: Option<&'a RawValue>,
    /// JSON of the client that played it, as sent.
    #[serde(rename = "userData", borrow, skip_serializing_if = "Option::is_none")]
    pub user_data: Option<&'a RawValue>,
}

/// The error of a track (<https://lavalink.dev/api/websocket.html#exception-object>).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Exception<'a> {
    /// Message.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub message: Option<Cow<'a, str>>,
    /// Severity: `common`, `suspicious` or `fault`.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub severity: Option<Cow<'a, str>>,
    /// Cause.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub cause: Option<Cow<'a, str>>,
    /// Stack trace of the cause; nodes before 4.1 send none.
    #[serde(
        rename = "causeStackTrace",
        borrow,
        deserialize_with = "loose::maybe_text"
    )]
    pub cause_stack_trace: Option<Cow<'a, str>>,
}

/// Any track event (<https://lavalink.dev/api/websocket.html#event-op>); fields of other events are absent.
///
/// It is the view of [`TrackStart`](crate::TrackStart), [`TrackEnd`](crate::TrackEnd),
/// [`TrackException`](crate::TrackException) and [`TrackStuck`](crate::TrackStuck).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TrackEvent<'a> {
    /// The track.
    #[serde(borrow, deserialize_with = "loose::object")]
    pub track: Track<'a>,
    /// Why it ended, in the wire's word; only in a `TrackEndEvent`.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub reason: Option<Cow<'a, str>>,
    /// The error; only in a `TrackExceptionEvent`.
    #[serde(borrow, deserialize_with = "loose::maybe_object")]
    pub exception: Option<Exception<'a>>,
    /// Time without audio, in milliseconds; only in a `TrackStuckEvent`.
    #[serde(rename = "thresholdMs", deserialize_with = "loose::maybe_integer")]
    pub threshold: Option<i64>,
}

/// The `WebSocketClosedEvent` (<https://lavalink.dev/api/websocket.html#websocketclosedevent>).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VoiceClosed<'a> {
    /// Close code (protocol §9).
    #[serde(deserialize_with = "loose::integer")]
    pub code: i64,
    /// Reason; may be empty.
    #[serde(borrow, deserialize_with = "loose::text")]
    pub reason: Cow<'a, str>,
    /// Whether Discord closed it.
    #[serde(rename = "byRemote", deserialize_with = "loose::flag")]
    pub by_remote: bool,
}

/// The body of antiphon's own events about a node or a player. Keys that an event has no use for are left out.
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
    #[serde(
        borrow,
        deserialize_with = "loose::maybe_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) declaration: Option<Cow<'a, str>>,
}

/// The note beside an event's body: facts of the client, stored with the event.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Note<'a> {
    /// The track as the client played or queued it.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) original: Option<SavedTrack<'a>>,
    /// Why, where it is known.
    #[serde(
        borrow,
        deserialize_with = "loose::maybe_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) reason: Option<Cow<'a, str>>,
    /// Whether a track goes on after a move.
    #[serde(
        deserialize_with = "loose::flag",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub(crate) restored: bool,
}
