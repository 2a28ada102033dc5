//! The payload types.

use antiphon_core::{DecodeError, Event, Kind};

use super::make::noted;
use crate::{
    model::{
        DiscordVoiceCloseType, GuildId, MoveReason, NodeId, Playable, TrackEndReason,
        TrackExceptionPayload,
    },
    view,
    wire::{self, CPUStats, FrameStats, MemoryStats},
};

/// The node of an event, by its place; empty if the place names none.
fn node(event: &Event) -> NodeId {
    NodeId::from(event.place().id("node").unwrap_or_default())
}

/// The player of an event, by its place.
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

/// Makes the payload of a view that is the payload.
pub(super) fn itself<T>(_: &Event, view: T) -> T {
    view
}

/// A node is connected or reconnected (`lavalink.ready`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeReady {
    /// Which node.
    pub node: NodeId,
    /// Whether its session went on; if not, its players are made anew.
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

/// A node that was connected is lost (`lavalink.NodeDisconnected`).
///
/// Its players may still play: it is asked to go on with its session first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeDisconnected {
    /// Which node.
    pub node: NodeId,
    /// Why, in words.
    pub reason: Option<String>,
}

impl NodeDisconnected {
    pub(super) fn read(event: &Event) -> Result<Self, DecodeError> {
        Ok(Self {
            node: node(event),
            reason: noted(event).reason,
        })
    }
}

/// A node was closed by its user (`lavalink.NodeClosed`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeClosed {
    /// Which node.
    pub node: NodeId,
    /// Players that no other node took over.
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

/// A track began (`lavalink.TrackStartEvent`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackStart {
    /// At which node.
    pub node: NodeId,
    /// Of which player; absent where the node names none.
    pub player: Option<GuildId>,
    /// Which track, as the node sent it.
    pub track: Playable,
    /// The track that was given to play or queued; absent if another program began it.
    pub original: Option<Playable>,
    /// Whether it goes on after a move to another node or session, instead of beginning.
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

/// A track ended (`lavalink.TrackEndEvent`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackEnd {
    /// At which node.
    pub node: NodeId,
    /// Of which player; absent where the node names none.
    pub player: Option<GuildId>,
    /// Which track, as the node sent it.
    pub track: Playable,
    /// Why.
    pub reason: TrackEndReason,
    /// The track that was given to play or queued; of a replaced track its own, not the new one's.
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

/// A track failed (`lavalink.TrackExceptionEvent`); its end follows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackException {
    /// At which node.
    pub node: NodeId,
    /// Of which player; absent where the node names none.
    pub player: Option<GuildId>,
    /// Which track, as the node sent it.
    pub track: Playable,
    /// What went wrong.
    pub exception: TrackExceptionPayload,
    /// The track that was given to play or queued.
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

/// A track brings nothing any more (`lavalink.TrackStuckEvent`); no end follows by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackStuck {
    /// At which node.
    pub node: NodeId,
    /// Of which player; absent where the node names none.
    pub player: Option<GuildId>,
    /// Which track, as the node sent it.
    pub track: Playable,
    /// For how long it brought nothing, in milliseconds.
    pub threshold: i64,
    /// The track that was given to play or queued.
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

/// Discord's voice socket of a node was closed (`lavalink.WebSocketClosedEvent`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebsocketClosed {
    /// Of which node.
    pub node: NodeId,
    /// Of which player; absent where the node names none.
    pub player: Option<GuildId>,
    /// Why, as a number; 0 where it was none that fits.
    pub code: DiscordVoiceCloseType,
    /// Why, in words; may be empty.
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

/// How a player stands (`lavalink.playerUpdate`): some seconds apart while it plays, and whenever that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlayerUpdate {
    /// At which node.
    pub node: NodeId,
    /// Which player; absent where the node names none.
    pub player: Option<GuildId>,
    /// When, by the node's clock, in Unix milliseconds.
    pub time: i64,
    /// Position in the track, in milliseconds.
    pub position: i64,
    /// Whether the node is connected to the voice server.
    pub connected: bool,
    /// From node to voice server and back, in milliseconds; -1 when not connected.
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

/// How a node stands (`lavalink.stats`): once a minute.
///
/// The counts are those of the whole server, not of this session.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Which node.
    pub node: NodeId,
    /// Its players.
    pub players: i64,
    /// Its players with a track that are not paused.
    pub playing: i64,
    /// How long it has run, in milliseconds.
    pub uptime: i64,
    /// Its memory.
    pub memory: MemoryStats,
    /// Its processors.
    pub cpu: CPUStats,
    /// Its audio frames; absent as long as no player has played for a whole minute.
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

/// A player has played nothing for a while (`lavalink.InactivePlayer`), or nobody listens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InactivePlayer {
    /// At which node.
    pub node: NodeId,
    /// Which player.
    pub player: Option<GuildId>,
}

impl InactivePlayer {
    pub(super) fn read(event: &Event) -> Result<Self, DecodeError> {
        Ok(Self {
            node: node(event),
            player: player(event),
        })
    }
}

/// A player goes on at another node (`lavalink.PlayerMigrated`).
///
/// Its place is at the new node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlayerMigrated {
    /// Which player.
    pub player: Option<GuildId>,
    /// Where it was.
    pub from: NodeId,
    /// Where it is.
    pub to: NodeId,
    /// Where in its track it goes on, in milliseconds; absent if it has none.
    pub position: Option<i64>,
    /// Why.
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

/// A frame without a type of its own, mostly of a plugin.
///
/// It is registered for the frames of well-known plugins; any other that nobody knows reaches handlers of unknown
/// kinds, and can be read as one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extra {
    /// What it is called.
    pub kind: Kind,
    /// At which node.
    pub node: NodeId,
    /// Of which player; absent where it names none.
    pub player: Option<GuildId>,
    /// The frame, byte for byte.
    pub data: bytes::Bytes,
}

impl Extra {
    pub(super) fn of(event: &Event) -> Result<Self, DecodeError> {
        Ok(Self {
            kind: event.kind().clone(),
            node: node(event),
            player: player(event),
            data: event.body().clone(),
        })
    }

    /// Reads the frame.
    ///
    /// # Errors
    /// [`DecodeError`] if it has another shape.
    pub fn read<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, DecodeError> {
        serde_json::from_slice(&self.data)
            .map_err(|error| DecodeError::new(&self.kind, "a plugin's frame", error))
    }
}

/// Something that is no frame of the protocol (`lavalink.malformed`), byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Malformed {
    /// Which node sent it.
    pub node: NodeId,
    /// What it sent; it may not be JSON.
    pub data: bytes::Bytes,
}

impl Malformed {
    pub(super) fn read(event: &Event) -> Result<Self, DecodeError> {
        Ok(Self {
            node: node(event),
            data: event.body().clone(),
        })
    }
}
