//! The payload types.

use antiphon_core::{DecodeError, Event, Kind, Payload};

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

/// Reads the body as an object; a list would be read by its order.
fn object<'a, T: serde::Deserialize<'a>>(event: &'a Event) -> Result<T, DecodeError> {
    let start = event.body().iter().find(|byte| !byte.is_ascii_whitespace());
    if start != Some(&b'{') {
        return Err(event.undecodable::<T>("the body is not an object"));
    }
    event.parse()
}

fn update(event: &Event) -> Result<view::PlayerUpdate, DecodeError> {
    match wire::PlayerUpdate::usual(event.body()) {
        Some((_, update)) => Ok(update),
        None => object(event),
    }
}

/// A payload that is read from one kind by way of a view, which borrows where `&` says so.
macro_rules! payload {
    ($name:ident, $kind:literal, &$view:ident, |$event:ident, $wire:ident| $value:expr) => {
        payload!(@ $name, $kind, [view::$view<'a>], object, |$event, $wire| $value);
    };
    ($name:ident, $kind:literal, $view:ident, $read:ident, |$event:ident, $wire:ident| $value:expr) => {
        payload!(@ $name, $kind, [view::$view], $read, |$event, $wire| $value);
    };
    (@ $name:ident, $kind:literal, [$view:ty], $read:ident, |$event:ident, $wire:ident| $value:expr) => {
        impl Payload for $name {
            const KINDS: &'static [&'static str] = &[$kind];
            type View<'a> = $view;

            fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
                $read(event)
            }

            fn decode($event: &Event) -> Result<Self, DecodeError> {
                let $wire = Self::view($event)?;
                Ok($value)
            }
        }
    };
}

/// A payload that is its own view.
macro_rules! whole {
    ($name:ident, $kinds:expr, |$event:ident| $value:expr) => {
        impl Payload for $name {
            const KINDS: &'static [&'static str] = $kinds;
            type View<'a> = Self;

            fn view(event: &Event) -> Result<Self, DecodeError> {
                Self::decode(event)
            }

            fn decode($event: &Event) -> Result<Self, DecodeError> {
                $value
            }
        }
    };
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

payload!(NodeReady, "lavalink.ready", &Ready, |event, wire| Self {
    node: node(event),
    resumed: wire.resumed,
    session_id: wire.session_id.into_owned(),
});

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

whole!(
    NodeDisconnected,
    &["lavalink.NodeDisconnected"],
    |event| Ok(Self {
        node: node(event),
        reason: noted(event).reason,
    })
);

/// A node was closed by its user (`lavalink.NodeClosed`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeClosed {
    /// Which node.
    pub node: NodeId,
    /// Players that no other node took over.
    pub disconnected: Vec<GuildId>,
}

whole!(NodeClosed, &["lavalink.NodeClosed"], |event| {
    let body: wire::Own<'_> = object(event)?;
    Ok(Self {
        node: node(event),
        disconnected: body.disconnected.into_iter().map(GuildId::new).collect(),
    })
});

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

payload!(
    TrackStart,
    "lavalink.TrackStartEvent",
    &TrackEvent,
    |event, wire| {
        let noted = noted(event);
        Self {
            node: node(event),
            player: player(event),
            track: wire.track.into(),
            original: noted.original,
            restored: noted.restored,
        }
    }
);

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

payload!(
    TrackEnd,
    "lavalink.TrackEndEvent",
    &TrackEvent,
    |event, wire| Self {
        node: node(event),
        player: player(event),
        track: wire.track.into(),
        reason: TrackEndReason::from(wire.reason.as_deref().unwrap_or_default()),
        original: noted(event).original,
    }
);

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

payload!(
    TrackException,
    "lavalink.TrackExceptionEvent",
    &TrackEvent,
    |event, wire| Self {
        node: node(event),
        player: player(event),
        track: wire.track.into(),
        exception: wire.exception.unwrap_or_default().into(),
        original: noted(event).original,
    }
);

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

payload!(
    TrackStuck,
    "lavalink.TrackStuckEvent",
    &TrackEvent,
    |event, wire| Self {
        node: node(event),
        player: player(event),
        track: wire.track.into(),
        threshold: wire.threshold.unwrap_or_default(),
        original: noted(event).original,
    }
);

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

payload!(
    WebsocketClosed,
    "lavalink.WebSocketClosedEvent",
    &VoiceClosed,
    |event, wire| Self {
        node: node(event),
        player: player(event),
        code: DiscordVoiceCloseType(u16::try_from(wire.code).unwrap_or_default()),
        reason: wire.reason.into_owned(),
        by_remote: wire.by_remote,
    }
);

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

payload!(
    PlayerUpdate,
    "lavalink.playerUpdate",
    PlayerUpdate,
    update,
    |event, wire| Self {
        node: node(event),
        player: player(event),
        time: wire.state.time,
        position: wire.state.position,
        connected: wire.state.connected,
        ping: wire.state.ping,
    }
);

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

payload!(Stats, "lavalink.stats", StatsOP, object, |event, wire| {
    Self {
        node: node(event),
        players: wire.players,
        playing: wire.playing,
        uptime: wire.uptime,
        memory: wire.memory,
        cpu: wire.cpu,
        frames: wire.frames,
    }
});

/// A player has played nothing for a while (`lavalink.InactivePlayer`), or nobody listens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InactivePlayer {
    /// At which node.
    pub node: NodeId,
    /// Which player.
    pub player: Option<GuildId>,
}

whole!(InactivePlayer, &["lavalink.InactivePlayer"], |event| Ok(
    Self {
        node: node(event),
        player: player(event),
    }
));

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

whole!(PlayerMigrated, &["lavalink.PlayerMigrated"], |event| {
    let body: wire::Own<'_> = object(event)?;
    Ok(Self {
        player: body.guild.map(GuildId::new),
        from: body.from.as_deref().unwrap_or_default().into(),
        to: body.to.as_deref().unwrap_or_default().into(),
        position: body.position,
        reason: MoveReason::from(noted(event).reason.as_deref().unwrap_or_default()),
    })
});

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

whole!(
    Extra,
    &[
        "lavalink.PlayerCreatedEvent",
        "lavalink.PlayerConnectedEvent",
        "lavalink.PlayerReconnectingEvent",
        "lavalink.PlayerDestroyedEvent",
        "lavalink.VolumeChangedEvent",
        "lavalink.FiltersChangedEvent",
        "lavalink.PauseEvent",
        "lavalink.SeekEvent",
        "lavalink.SegmentsLoaded",
        "lavalink.SegmentSkipped",
        "lavalink.ChaptersLoaded",
        "lavalink.ChapterStarted",
        "lavalink.LyricsFoundEvent",
        "lavalink.LyricsNotFoundEvent",
        "lavalink.LyricsLineEvent",
    ],
    |event| Ok(Self {
        kind: event.kind().clone(),
        node: node(event),
        player: player(event),
        data: event.body().clone(),
    })
);

impl Extra {
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

whole!(Malformed, &["lavalink.malformed"], |event| Ok(Self {
    node: node(event),
    data: event.body().clone(),
}));
