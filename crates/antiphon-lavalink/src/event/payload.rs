//! The payload types.
//!
//! Each is made from the event's body, its place and its note:
//!
//! - the *body* is the frame as sent, or for antiphon's own events a small object;
//! - the *place* has the node and the player, so that they are right even where the frame is not;
//! - the *note* has the client's facts, and is absent for a frame of a recording.
//!
//! Every type is `#[non_exhaustive]`: match it with `..`. Times of the wire are milliseconds and signed, as sent
//! (protocol §11).

use antiphon_core::{DecodeError, Event, Kind};

use crate::{
    model::{
        Chapter, DiscordVoiceCloseType, GuildId, Lyrics, MoveReason, NodeId, Playable, Segment,
        TimedLine, TrackEndReason, TrackExceptionPayload, playable_from_saved,
    },
    view,
    wire::{self, CPUStats, FrameStats, MemoryStats},
};

/// The note of a stored event; a note of another shape counts as empty.
///
/// `original` is the track as the client gave it, `reason` why something happened, `restored` whether a track goes on.
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
    let note: wire::Note<'_> = antiphon_core::read_json(note).unwrap_or_default();
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

/// Reads an update: nearly all have one form, which is read without a parser.
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
///
/// It is the first frame of every socket. The players of the node need no help of a handler: they are compared with the
/// node's if the session was resumed, and else put back.
///
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_lavalink::{Bytes, NodeReady, read_frame};
///
/// let frame = Bytes::from_static(br#"{"op":"ready","resumed":false,"sessionId":"k3v9x0a1b2c3d4e5"}"#);
/// let draft = read_frame(&"eu-1".into(), "recording", 1, &frame, "2026-01-01T00:00:00Z".parse()?);
/// let ready = NodeReady::decode(&Event::stored(Position::new(1), "lavalink".into(), draft))?;
/// assert_eq!((ready.node.as_str(), ready.resumed), ("eu-1", false));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeReady {
    /// The node.
    pub node: NodeId,
    /// Whether the session was resumed; if not, the players are put back in the new session.
    pub resumed: bool,
    /// Id of the session, 16 letters and digits of Lavalink; empty where none was sent.
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
/// Its players may still play: the session is resumed if the node comes back in time. antiphon makes this event, once
/// for each loss; failed attempts to reconnect make none, and show in `antiphon.link` events at the node's place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeDisconnected {
    /// The node.
    pub node: NodeId,
    /// Why the connection ended, in words for people.
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

/// A node was closed by its user (`lavalink.NodeClosed`), by [`Node::close`](crate::Node::close) or
/// [`Pool::close`](crate::Pool::close).
///
/// antiphon makes this event. A node that is given up is not closed, and has none.
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
///
/// Lavalink sends it when it takes the track, before audio flows, so an unplayable track begins as well and fails then.
/// After an outage the track begins again at its node: `restored` tells it apart, so that a bot does not announce it
/// twice.
///
/// # Examples
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_lavalink::{Bytes, TrackStart, read_frame};
///
/// let frame = Bytes::from_static(
///     br#"{"op":"event","type":"TrackStartEvent","guildId":"7","track":{"encoded":"QAAA","info":{"title":"Tone"},
///         "userData":{"requester":"82198898841029460"}}}"#,
/// );
/// let draft = read_frame(&"eu-1".into(), "recording", 1, &frame, "2026-01-01T00:00:00Z".parse()?);
/// let start = TrackStart::decode(&Event::stored(Position::new(1), "lavalink".into(), draft))?;
/// if !start.restored {
///     let requester: Option<String> = start.track.extras.get("requester");
///     assert_eq!(requester.as_deref(), Some("82198898841029460"));
/// }
/// // A recording has no client that played the track.
/// assert!(start.original.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackStart {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// The track as the node sent it.
    pub track: Playable,
    /// The track as the client queued or played it, with its playlist and whether it was recommended, which nodes do
    /// not know; absent if another program began it.
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
///
/// The next track of the queue follows by itself, depending on [`AutoPlayMode`](crate::AutoPlayMode); a handler that
/// plays tracks of its own asks [`may_start_next`](TrackEndReason::may_start_next).
///
/// The end of a track may be missing where frames were lost: a gap covers it then, and the player knows all the same.
///
/// # Examples
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_lavalink::{Bytes, TrackEnd, TrackEndReason, read_frame};
///
/// let frame = Bytes::from_static(
///     br#"{"op":"event","type":"TrackEndEvent","guildId":"7","reason":"loadFailed","track":{"info":{"title":"Tone"}}}"#,
/// );
/// let draft = read_frame(&"eu-1".into(), "recording", 1, &frame, "2026-01-01T00:00:00Z".parse()?);
/// let end = TrackEnd::decode(&Event::stored(Position::new(1), "lavalink".into(), draft))?;
/// let words = match end.reason {
///     TrackEndReason::Finished => "was heard to its end",
///     TrackEndReason::LoadFailed => "could not be loaded",
///     _ => "was cut off",
/// };
/// assert_eq!(format!("{} {words}", end.track.title), "Tone could not be loaded");
/// assert!(end.reason.may_start_next());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
/// end follows, with [`LoadFailed`](TrackEndReason::LoadFailed) if no audio was sent and
/// [`Finished`](TrackEndReason::Finished) otherwise.
///
/// After three tracks in a row that could not be loaded the queue stops, so that a broken source does not empty it.
///
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_lavalink::{Bytes, Severity, TrackException, read_frame};
///
/// let frame = Bytes::from_static(
///     br#"{"op":"event","type":"TrackExceptionEvent","guildId":"7","track":{"info":{"title":"Tone"}},
///         "exception":{"message":"This video is private","severity":"common","cause":"com.sedmelluq.Friendly"}}"#,
/// );
/// let draft = read_frame(&"eu-1".into(), "recording", 1, &frame, "2026-01-01T00:00:00Z".parse()?);
/// let failed = TrackException::decode(&Event::stored(Position::new(1), "lavalink".into(), draft))?;
/// // `common` is for people to read; the other severities are for the operator.
/// assert_eq!(failed.exception.severity, Severity::Common);
/// assert_eq!(failed.exception.message.as_deref(), Some("This video is private"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackException {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// The track as the node sent it.
    pub track: Playable,
    /// The error, with its severity; empty and a fault where the frame has none.
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
///
/// Skip it, or wait: [`Player::skip`](crate::Player::skip) plays the next one. Lavalink sends it once for each track;
/// `NodeLink` never does.
///
/// ```no_run
/// use antiphon_lavalink::{PlayerError, Pool, TrackStuck};
///
/// /// Goes on with the queue, unless another track plays already.
/// async fn go_on(stuck: TrackStuck, pool: &Pool) -> Result<(), PlayerError> {
///     let Some(player) = stuck.player.and_then(|guild| pool.player(guild)) else {
///         return Ok(());
///     };
///     if player.current().is_some_and(|current| current.is_same(&stuck.track)) {
///         player.skip(true).await?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackStuck {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// The track as the node sent it.
    pub track: Playable,
    /// Time without audio, in milliseconds; 10,000 by default of the node, and 0 where the frame has none.
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
///
/// A handler need not act. The player requests a new voice connection after 4006 and 4009, and waits 10 s for one after
/// 4014 and 4015; if none comes, it asks once more and then leaves (protocol §9).
///
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_lavalink::{Bytes, DiscordVoiceCloseType, WebsocketClosed, read_frame};
///
/// let frame = Bytes::from_static(
///     br#"{"op":"event","type":"WebSocketClosedEvent","guildId":"7","code":4014,"reason":"Disconnected.","byRemote":true}"#,
/// );
/// let draft = read_frame(&"eu-1".into(), "recording", 1, &frame, "2026-01-01T00:00:00Z".parse()?);
/// let closed = WebsocketClosed::decode(&Event::stored(Position::new(1), "lavalink".into(), draft))?;
/// assert_eq!(closed.code, DiscordVoiceCloseType::DISCONNECTED);
/// assert!(closed.by_remote, "Discord moved or kicked the bot");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebsocketClosed {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// Close code; 0 where the frame has none that fits.
    pub code: DiscordVoiceCloseType,
    /// Discord's reason in words; may be empty.
    pub reason: String,
    /// Whether Discord closed it; false if the node closed or lost it.
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
///
/// Nearly all frames of a node are these. They are kept for ten minutes, and need no handler:
/// [`Player::position`](crate::Player::position) follows them. Nodes send none for a pause or a change of volume
/// (protocol §12.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlayerUpdate {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// Time by the node's clock, in Unix milliseconds; it may differ from the machine's.
    pub time: i64,
    /// Position in the track, in milliseconds; 0 without a track.
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
/// They count the whole server, not this session alone. They are kept for ten minutes, and decide which node gets the
/// next player ([`Node::penalty`](crate::Node::penalty)).
///
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_lavalink::{Bytes, Stats, read_frame};
///
/// let frame = Bytes::from_static(
///     br#"{"op":"stats","players":3,"playingPlayers":2,"uptime":90000,
///         "memory":{"free":1,"used":2,"allocated":3,"reservable":4},
///         "cpu":{"cores":4,"systemLoad":0.25,"lavalinkLoad":0.03},"frameStats":null}"#,
/// );
/// let draft = read_frame(&"eu-1".into(), "recording", 1, &frame, "2026-01-01T00:00:00Z".parse()?);
/// let stats = Stats::decode(&Event::stored(Position::new(1), "lavalink".into(), draft))?;
/// assert_eq!((stats.players, stats.playing, stats.cpu.cores), (3, 2, 4));
/// assert!(stats.frames.is_none(), "nobody has played for a minute");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// Memory of the server, in bytes.
    pub memory: MemoryStats,
    /// Cores and loads.
    pub cpu: CPUStats,
    /// Audio frames; absent until a player has played for a minute. `null`, an absent key and an object are all read
    /// (protocol §2.2).
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
///
/// antiphon makes this event, at the player's node; a player without a node has none. The player stays in its channel:
/// a handler decides.
///
/// ```no_run
/// use antiphon_lavalink::{InactivePlayer, PlayerError, Pool};
///
/// /// Leaves the channel, unless somebody played a track meanwhile.
/// async fn leave(idle: InactivePlayer, pool: Pool) -> Result<(), PlayerError> {
///     let Some(player) = idle.player.and_then(|guild| pool.player(guild)) else {
///         return Ok(());
///     };
///     if player.playing() {
///         return Ok(());
///     }
///     player.disconnect().await
/// }
/// ```
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
/// Its place is at the new node. antiphon makes this event once the new node has taken the player over; the
/// [`TrackStart`] of the new node has `restored` set.
///
/// ```
/// use antiphon_core::{Draft, Event, Kind, Origin, Payload as _, Place, Position};
/// use antiphon_lavalink::{MoveReason, PlayerMigrated};
///
/// let body = r#"{"guildId":"7","from":"eu-1","to":"us-1","position":4200}"#;
/// let place = Place::from("node/us-1/player/7".to_owned());
/// let time = "2026-01-01T00:00:00Z".parse()?;
/// let mut draft = Draft::new(Kind::from_static("lavalink.PlayerMigrated"), place, Origin::frame("n", 1), time, body);
/// // The reason stands in the note, beside the body.
/// draft.note = Some(r#"{"reason":"nodeLost"}"#.into());
/// let moved = PlayerMigrated::decode(&Event::stored(Position::new(1), "lavalink".into(), draft))?;
/// assert_eq!((moved.from.as_str(), moved.to.as_str()), ("eu-1", "us-1"));
/// assert_eq!((moved.reason, moved.position), (MoveReason::NodeLost, Some(4200)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlayerMigrated {
    /// The player.
    pub player: Option<GuildId>,
    /// The node that it left.
    pub from: NodeId,
    /// The node that it is at.
    pub to: NodeId,
    /// Position in its track at which it goes on, in milliseconds; absent without a track.
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

/// A node did not take a part of a player's plugin state, after a move or in a new session (`lavalink.PluginStateLost`).
///
/// antiphon makes this event, once for each part and node: the node lacks the plugin, or refuses the request. The part
/// stays declared, and is sent to the next node. Withdraw it, or move the player to another node:
///
/// ```no_run
/// use antiphon_lavalink::{PlayerError, PluginStateLost, Pool};
///
/// async fn go_on_without(lost: PluginStateLost, pool: &Pool) -> Result<(), PlayerError> {
///     println!("{} does not take {}: {}", lost.node, lost.declaration, lost.reason.unwrap_or_default());
///     if let Some(player) = lost.player.and_then(|guild| pool.player(guild)) {
///         player.retract(&lost.declaration).await?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PluginStateLost {
    /// The node that did not take it.
    pub node: NodeId,
    /// The player.
    pub player: Option<GuildId>,
    /// The part: `sponsorblock`, `lyrics`, or the name of a [`Declaration`](crate::Declaration).
    pub declaration: String,
    /// Why, in words for people.
    pub reason: Option<String>,
}

impl PluginStateLost {
    pub(super) fn read(event: &Event) -> Result<Self, DecodeError> {
        let body: wire::Own<'_> = event.parse_object()?;
        Ok(Self {
            node: node(event),
            player: player(event),
            declaration: body.declaration.unwrap_or_default().into_owned(),
            reason: noted(event).reason,
        })
    }
}

/// Lyrics of the track that began were found (`lavalink.LyricsFoundEvent`), for a player that
/// [subscribed](crate::Player::subscribe_lyrics) to them. Of `LavaLyrics` and `NodeLink`.
///
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_lavalink::{Bytes, LyricsFound, read_frame};
///
/// // The form of LavaLyrics (<https://github.com/topi314/LavaLyrics#lyricsfoundevent>).
/// let frame = Bytes::from_static(
///     br#"{"op":"event","type":"LyricsFoundEvent","guildId":"7","lyrics":{"sourceName":"spotify","provider":"MusixMatch",
///         "text":null,"lines":[{"timestamp":16770,"duration":null,"line":"Took a walk","plugin":{}}],"plugin":{}}}"#,
/// );
/// let draft = read_frame(&"eu-1".into(), "recording", 1, &frame, "2026-01-01T00:00:00Z".parse()?);
/// let found = LyricsFound::decode(&Event::stored(Position::new(1), "lavalink".into(), draft))?;
/// assert_eq!((&*found.lyrics.source, found.lyrics.lines[0].timestamp), ("spotify", 16770));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LyricsFound {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// The lyrics.
    pub lyrics: Lyrics,
}

impl LyricsFound {
    pub(super) fn of(event: &Event, wire: view::LyricsEvent<'_>) -> Self {
        Self {
            node: node(event),
            player: player(event),
            lyrics: wire.lyrics.into(),
        }
    }
}

/// No lyrics of the track that began were found (`lavalink.LyricsNotFoundEvent`), for a player that
/// [subscribed](crate::Player::subscribe_lyrics) to them. Of `LavaLyrics` and `NodeLink`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LyricsNotFound {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
}

impl LyricsNotFound {
    pub(super) fn of(event: &Event, _: view::LyricsEvent<'_>) -> Self {
        Self {
            node: node(event),
            player: player(event),
        }
    }
}

/// A line of lyrics is sung now (`lavalink.LyricsLineEvent`), for a player that
/// [subscribed](crate::Player::subscribe_lyrics) to them. Of `LavaLyrics` and `NodeLink`.
///
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_lavalink::{Bytes, LyricsLine, read_frame};
///
/// let frame = Bytes::from_static(
///     br#"{"op":"event","type":"LyricsLineEvent","guildId":"7","lineIndex":3,
///         "line":{"timestamp":4200,"duration":900,"line":"Respond, respond"},"skipped":false}"#,
/// );
/// let draft = read_frame(&"eu-1".into(), "recording", 1, &frame, "2026-01-01T00:00:00Z".parse()?);
/// let sung = LyricsLine::decode(&Event::stored(Position::new(1), "lavalink".into(), draft))?;
/// assert_eq!((sung.index, &*sung.line.text, sung.skipped), (3, "Respond, respond", false));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LyricsLine {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// Index of the line in [`Lyrics::lines`]; 0 for the first.
    pub index: i64,
    /// The line.
    pub line: TimedLine,
    /// Whether the line was passed, by a seek or before the subscription.
    pub skipped: bool,
}

impl LyricsLine {
    pub(super) fn of(event: &Event, wire: view::LyricsEvent<'_>) -> Self {
        Self {
            node: node(event),
            player: player(event),
            index: wire.index,
            line: wire.line.into(),
            skipped: wire.skipped,
        }
    }
}

/// Segments of the track that began are known (`lavalink.SegmentsLoaded`, and `SponsorBlockSegmentsLoadedEvent` of
/// `NodeLink`), for a player with [categories](crate::Player::set_sponsorblock).
///
/// The plugin sends it only where there are segments.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentsLoaded {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// The segments that will be skipped.
    pub segments: Vec<Segment>,
}

impl SegmentsLoaded {
    pub(super) fn of(event: &Event, wire: view::SegmentEvent<'_>) -> Self {
        Self {
            node: node(event),
            player: player(event),
            segments: wire.segments.into_iter().map(Into::into).collect(),
        }
    }
}

/// A segment was skipped (`lavalink.SegmentSkipped`, and `SponsorBlockSegmentSkippedEvent` of `NodeLink`).
///
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_lavalink::{Bytes, SegmentSkipped, read_frame};
///
/// // The plugin's form (<https://github.com/topi314/Sponsorblock-Plugin#segmentskipped>).
/// let frame = Bytes::from_static(
///     br#"{"op":"event","type":"SegmentSkipped","guildId":"7","segment":{"category":"sponsor","start":0,"end":3000}}"#,
/// );
/// let draft = read_frame(&"eu-1".into(), "recording", 1, &frame, "2026-01-01T00:00:00Z".parse()?);
/// let skipped = SegmentSkipped::decode(&Event::stored(Position::new(1), "lavalink".into(), draft))?;
/// assert_eq!((&*skipped.segment.category, skipped.segment.end), ("sponsor", 3000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentSkipped {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// The segment.
    pub segment: Segment,
}

impl SegmentSkipped {
    pub(super) fn of(event: &Event, wire: view::SegmentEvent<'_>) -> Self {
        Self {
            node: node(event),
            player: player(event),
            segment: wire.segment.into(),
        }
    }
}

/// Chapters of the video that began are known (`lavalink.ChaptersLoaded`), for a player with
/// [categories](crate::Player::set_sponsorblock). Of `SponsorBlock`'s plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChaptersLoaded {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// The chapters, in their order.
    pub chapters: Vec<Chapter>,
}

impl ChaptersLoaded {
    pub(super) fn of(event: &Event, wire: view::ChapterEvent<'_>) -> Self {
        Self {
            node: node(event),
            player: player(event),
            chapters: wire.chapters.into_iter().map(Into::into).collect(),
        }
    }
}

/// A chapter began (`lavalink.ChapterStarted`). Of `SponsorBlock`'s plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChapterStarted {
    /// The node.
    pub node: NodeId,
    /// The player; absent where the frame names no guild.
    pub player: Option<GuildId>,
    /// The chapter.
    pub chapter: Chapter,
}

impl ChapterStarted {
    pub(super) fn of(event: &Event, wire: view::ChapterEvent<'_>) -> Self {
        Self {
            node: node(event),
            player: player(event),
            chapter: wire.chapter.into(),
        }
    }
}

/// A frame without a payload type of its own, mostly of a plugin.
///
/// It is registered for the further events of `NodeLink`; those of `SponsorBlock` and `LavaLyrics` have payloads of their
/// own. Any other unknown frame reaches handlers of unknown kinds, and can be decoded as this type.
///
/// # Examples
/// The metadata of a radio stream, which [NodeLink](https://github.com/PerformanC/NodeLink) sends, and a frame that nobody
/// knows:
///
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_lavalink::{Bytes, Extra, KINDS, read_frame};
///
/// #[derive(serde::Deserialize)]
/// struct StreamMetadata {
///     stream: Stream,
/// }
///
/// #[derive(serde::Deserialize)]
/// struct Stream {
///     title: String,
/// }
///
/// let read = |number, frame: &'static str| -> Result<Extra, Box<dyn std::error::Error>> {
///     let at = "2026-01-01T00:00:00Z".parse()?;
///     let draft = read_frame(&"eu-1".into(), "recording", number, &Bytes::from_static(frame.as_bytes()), at);
///     Ok(Extra::decode(&Event::stored(Position::new(number), "lavalink".into(), draft))?)
/// };
/// let metadata = read(
///     1,
///     r#"{"op":"event","type":"StreamMetadataEvent","guildId":"7","stream":{"title":"Evensong"}}"#,
/// )?;
/// assert_eq!(metadata.kind.as_str(), "lavalink.StreamMetadataEvent");
/// assert_eq!(metadata.read::<StreamMetadata>()?.stream.title, "Evensong");
///
/// // An op that no page lists keeps its own name and every byte.
/// let unknown = read(2, r#"{"op":"visualiser","bands":[1,2,3]}"#)?;
/// assert_eq!(unknown.kind.as_str(), "lavalink.visualiser");
/// assert!(KINDS.iter().all(|info| info.kind != unknown.kind.as_str()));
/// assert_eq!(unknown.player, None);
/// assert_eq!(unknown.data, &br#"{"op":"visualiser","bands":[1,2,3]}"#[..]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extra {
    /// Kind of the event: `lavalink.` and the frame's type, or its op.
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

    /// Deserialises the frame, with `op`, `type` and `guildId` beside the plugin's own keys.
    ///
    /// # Errors
    /// [`DecodeError`] if it has another shape.
    pub fn read<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, DecodeError> {
        antiphon_core::read_json(&self.data)
            .map_err(|error| DecodeError::new(&self.kind, "a plugin's frame", error))
    }
}

/// A frame that is not of the protocol (`lavalink.malformed`), byte for byte.
///
/// It is no JSON object, has no op, has a name that cannot be a kind, or takes the name of an event that antiphon
/// makes. Nothing of it was acted on. A node that sends many of them is mostly another server, or a proxy in between.
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
