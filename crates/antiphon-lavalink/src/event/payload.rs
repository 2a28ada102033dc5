//! The payload types.

use antiphon_core::{DecodeError, Event, Kind};

use crate::{
    model::{
        DiscordVoiceCloseType, GuildId, MoveReason, NodeId, Playable, TrackEndReason,
        TrackExceptionPayload, playable_from_saved,
    },
    view,
    wire::{self, CPUStats, FrameStats, MemoryStats},
};

/// The note of a stored event; a note of another shape counts as empty.
#[derive(Default)]
struct EventNote {
    original: Option<Playable>,
    reason: Option<String>,
    restored: bool,
}

/// Reads the note of an event.
fn noted(event: &Event) -> EventNote {
    let Some(note) = event.note() else {
        return EventNote::default();
    };
    let note: wire::Note<'_> = serde_json::from_slice(note).unwrap_or_default();
    EventNote {
        original: note.original.map(playable_from_saved),
        reason: note.reason.map(Into::into),
        restored: note.restored,
    }
}

/// The node that an event's place names; empty if it names none.
fn node(event: &Event) -> NodeId {
    NodeId::from(event.place().id("node").unwrap_or_default())
}

/// The player that an event's place names.
fn player(event: &Event) -> Option<GuildId> {
    let (before, id) = event.place().as_str().rsplit_once('/')?;
    before.ends_with("/player").then(|| id.parse().ok())?
}

pub(super) fn player_update(event: &Event) -> Result<view::PlayerUpdate, DecodeError> {
    match wire::PlayerUpdate::usual(event.body()) {
        Some((_, update)) => Ok(update),
        None => event.parse_object(),
    }
}

/// Returns a view that already is the payload.
pub(super) fn itself<T>(_: &Event, view: T) -> T {
    view
}

/// A node is connected or reconnected (`lavalink.ready`, <https://lavalink.dev/api/websocket.html#ready-op>).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeReady {
    /// The node.
    pub node: NodeId,
    /// Whether the session was resumed; if not, the players are put back in the new session.
    pub resumed: bool,
    /// Id of the session.
    pub session_id: String,
}

impl NodeReady {
    pub(super) fn of(event: &Event, wire: view::Ready<'_>) -> Self {
        Self {
            node: node(event),
            resumed: wire.resumed,
            session_id: wire.session_id.into_owned(),
        }
    }
}

/// A connected node is lost (`lavalink.NodeDisconnected`).
///
/// Its players may still play: the session is resumed if the node comes back in time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeDisconnected {
    /// The node.
    pub node: NodeId,
    /// Why the connection ended.
    pub reason: Option<String>,
}

impl NodeDisconnected {
    pub(super) fn of(event: &Event) -> Self {
        Self {
            node: node(event),
            reason: noted(event).reason,
        }
    }
}

/// A node was closed by its user (`lavalink.NodeClosed`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeClosed {
    /// The node.
    pub node: NodeId,
    /// Players that were disconnected, since no other node took them over.
    pub disconnected: Vec<GuildId>,
}

impl NodeClosed {
    pub(super) fn read(event: &Event) -> Result<Self, DecodeError> {
        let body: wire::Own<'_> = event.parse_object()?;
        Ok(Self {
            node: node(event),
            disconnected: body.disconnected.into_iter().map(GuildId::new).collect(),
        })
    }
}

/// A track began (`lavalink.TrackStartEvent`, <https://lavalink.dev/api/websocket.html#trackstartevent>).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackStart {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// The track as the node sent it.
    pub track: Playable,
    /// The track as the client queued or played it; absent if another program began it.
    pub original: Option<Playable>,
    /// Whether the track goes on after a move to another node or session.
    pub restored: bool,
}

impl TrackStart {
    pub(super) fn of(event: &Event, wire: view::TrackEvent<'_>) -> Self {
        let noted = noted(event);
        Self {
            node: node(event),
            player: player(event),
            track: wire.track.into(),
            original: noted.original,
            restored: noted.restored,
        }
    }
}

/// A track ended (`lavalink.TrackEndEvent`, <https://lavalink.dev/api/websocket.html#trackendevent>).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackEnd {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// The track as the node sent it.
    pub track: Playable,
    /// Why it ended.
    pub reason: TrackEndReason,
    /// The track as the client queued or played it; a replaced track has its own.
    pub original: Option<Playable>,
}

impl TrackEnd {
    pub(super) fn of(event: &Event, wire: view::TrackEvent<'_>) -> Self {
        Self {
            node: node(event),
            player: player(event),
            track: wire.track.into(),
            reason: TrackEndReason::from(wire.reason.as_deref().unwrap_or_default()),
            original: noted(event).original,
        }
    }
}

/// A track failed (`lavalink.TrackExceptionEvent`, <https://lavalink.dev/api/websocket.html#trackexceptionevent>); its
/// end follows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackException {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// The track as the node sent it.
    pub track: Playable,
    /// The error.
    pub exception: TrackExceptionPayload,
    /// The track as the client queued or played it.
    pub original: Option<Playable>,
}

impl TrackException {
    pub(super) fn of(event: &Event, wire: view::TrackEvent<'_>) -> Self {
        Self {
            node: node(event),
            player: player(event),
            track: wire.track.into(),
            exception: wire.exception.unwrap_or_default().into(),
            original: noted(event).original,
        }
    }
}

/// A track sends no audio any more (`lavalink.TrackStuckEvent`,
/// <https://lavalink.dev/api/websocket.html#trackstuckevent>); no end follows by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackStuck {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// The track as the node sent it.
    pub track: Playable,
    /// Time without audio, in milliseconds.
    pub threshold: i64,
    /// The track as the client queued or played it.
    pub original: Option<Playable>,
}

impl TrackStuck {
    pub(super) fn of(event: &Event, wire: view::TrackEvent<'_>) -> Self {
        Self {
            node: node(event),
            player: player(event),
            track: wire.track.into(),
            threshold: wire.threshold.unwrap_or_default(),
            original: noted(event).original,
        }
    }
}

/// Discord closed or lost the node's voice connection (`lavalink.WebSocketClosedEvent`,
/// <https://lavalink.dev/api/websocket.html#websocketclosedevent>).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebsocketClosed {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// Close code; 0 where the frame has none that fits.
    pub code: DiscordVoiceCloseType,
    /// Reason; may be empty.
    pub reason: String,
    /// Whether Discord closed it.
    pub by_remote: bool,
}

impl WebsocketClosed {
    pub(super) fn of(event: &Event, wire: view::VoiceClosed<'_>) -> Self {
        Self {
            node: node(event),
            player: player(event),
            code: DiscordVoiceCloseType(u16::try_from(wire.code).unwrap_or_default()),
            reason: wire.reason.into_owned(),
            by_remote: wire.by_remote,
        }
    }
}

/// Position and connection of a player (`lavalink.playerUpdate`,
/// <https://lavalink.dev/api/websocket.html#player-update-op>), every few seconds while it plays and at every change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlayerUpdate {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// Time by the node's clock, in Unix milliseconds.
    pub time: i64,
    /// Position in the track, in milliseconds.
    pub position: i64,
    /// Whether the node is connected to the voice server.
    pub connected: bool,
    /// Round trip between node and voice server, in milliseconds; -1 without a connection.
    pub ping: i64,
}

impl PlayerUpdate {
    pub(super) fn of(event: &Event, wire: view::PlayerUpdate) -> Self {
        Self {
            node: node(event),
            player: player(event),
            time: wire.state.time,
            position: wire.state.position,
            connected: wire.state.connected,
            ping: wire.state.ping,
        }
    }
}

/// Statistics of a node (`lavalink.stats`, <https://lavalink.dev/api/websocket.html#stats-op>), once a minute.
///
/// They count the whole server, not this session alone.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// The node.
    pub node: NodeId,
    /// Number of players.
    pub players: i64,
    /// Number of players with a track that are not paused.
    pub playing: i64,
    /// Uptime in milliseconds.
    pub uptime: i64,
    /// Memory.
    pub memory: MemoryStats,
    /// Processors.
    pub cpu: CPUStats,
    /// Audio frames; absent until a player has played for a minute.
    pub frames: Option<FrameStats>,
}

impl Stats {
    pub(super) fn of(event: &Event, wire: view::StatsOP) -> Self {
        Self {
            node: node(event),
            players: wire.players,
            playing: wire.playing,
            uptime: wire.uptime,
            memory: wire.memory,
            cpu: wire.cpu,
            frames: wire.frames,
        }
    }
}

/// A player has been idle for [`Config::inactive_timeout`](crate::Config::inactive_timeout), or three tracks in a row
/// ended without a listener (`lavalink.InactivePlayer`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InactivePlayer {
    /// The node.
    pub node: NodeId,
    /// The player.
    pub player: Option<GuildId>,
}

impl InactivePlayer {
    pub(super) fn of(event: &Event) -> Self {
        Self {
            node: node(event),
            player: player(event),
        }
    }
}

/// A player goes on at another node (`lavalink.PlayerMigrated`).
///
/// Its place is at the new node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlayerMigrated {
    /// The player.
    pub player: Option<GuildId>,
    /// The node that it left.
    pub from: NodeId,
    /// The node that it is at.
    pub to: NodeId,
    /// Position in its track, in milliseconds; absent without a track.
    pub position: Option<i64>,
    /// Why it moved.
    pub reason: MoveReason,
}

impl PlayerMigrated {
    pub(super) fn read(event: &Event) -> Result<Self, DecodeError> {
        let body: wire::Own<'_> = event.parse_object()?;
        Ok(Self {
            player: body.guild.map(GuildId::new),
            from: body.from.as_deref().unwrap_or_default().into(),
            to: body.to.as_deref().unwrap_or_default().into(),
            position: body.position,
            reason: MoveReason::from(noted(event).reason.as_deref().unwrap_or_default()),
        })
    }
}

/// A frame without a payload type of its own, mostly of a plugin.
///
/// It is registered for the frames of well-known plugins. Any other unknown frame reaches handlers of unknown kinds,
/// and can be decoded as this type.
///
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_lavalink::{Bytes, Extra, read_frame};
///
/// #[derive(serde::Deserialize)]
/// struct ChapterStarted {
///     chapter: Chapter,
/// }
///
/// #[derive(serde::Deserialize)]
/// struct Chapter {
///     name: String,
/// }
///
/// let frame = Bytes::from_static(
///     br#"{"op":"event","type":"ChapterStarted","guildId":"7","chapter":{"name":"Intro"}}"#,
/// );
/// let draft = read_frame(&"eu-1".into(), "recording", 1, &frame, "2026-01-01T00:00:00Z".parse()?);
/// let extra = Extra::decode(&Event::stored(Position::new(1), "lavalink".into(), draft))?;
/// assert_eq!(extra.kind.as_str(), "lavalink.ChapterStarted");
/// assert_eq!(extra.read::<ChapterStarted>()?.chapter.name, "Intro");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extra {
    /// Kind of the event.
    pub kind: Kind,
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// The frame, byte for byte.
    pub data: bytes::Bytes,
}

impl Extra {
    pub(super) fn of(event: &Event) -> Self {
        Self {
            kind: event.kind().clone(),
            node: node(event),
            player: player(event),
            data: event.body().clone(),
        }
    }

    /// Deserialises the frame.
    ///
    /// # Errors
    /// [`DecodeError`] if it has another shape.
    pub fn read<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, DecodeError> {
        serde_json::from_slice(&self.data)
            .map_err(|error| DecodeError::new(&self.kind, "a plugin's frame", error))
    }
}

/// A frame that is not of the protocol (`lavalink.malformed`), byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Malformed {
    /// The node that sent it.
    pub node: NodeId,
    /// The bytes, which may not be JSON.
    pub data: bytes::Bytes,
}

impl Malformed {
    pub(super) fn of(event: &Event) -> Self {
        Self {
            node: node(event),
            data: event.body().clone(),
        }
    }
}
