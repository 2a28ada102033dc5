//! The kinds of events.

use std::time::Duration;

use antiphon_core::{Keep, Kind, KindInfo};

use crate::wire::Header;

pub(crate) const NODE_DISCONNECTED: &str = "lavalink.NodeDisconnected";
pub(crate) const NODE_CLOSED: &str = "lavalink.NodeClosed";
pub(crate) const INACTIVE_PLAYER: &str = "lavalink.InactivePlayer";
pub(crate) const PLAYER_MIGRATED: &str = "lavalink.PlayerMigrated";
/// What is no frame of the protocol, or not even JSON.
pub(crate) const MALFORMED: &str = "lavalink.malformed";

/// Longest name that becomes a part of a kind; names are kept for as long as the journal is.
const LONGEST_NAME: usize = 64;

/// How long a node's figures and players' positions are kept: ten minutes.
const MOMENT: Duration = Duration::from_secs(10 * 60);

const fn info(
    kind: &'static str,
    payload: &'static str,
    reference: &'static str,
    about: &'static str,
) -> KindInfo {
    KindInfo {
        kind,
        payload,
        reference,
        about,
        keep: Keep::Lasting,
    }
}

const fn moment(
    kind: &'static str,
    payload: &'static str,
    reference: &'static str,
    about: &'static str,
) -> KindInfo {
    KindInfo {
        keep: Keep::Momentary(MOMENT),
        ..info(kind, payload, reference, about)
    }
}

/// Every typed kind of this platform, with the reference library's word for it.
#[rustfmt::skip]
pub const KINDS: &[KindInfo] = &[
    info("lavalink.ready", "NodeReady", "on_revvlink_node_ready", "a node is connected or reconnected"),
    info(NODE_DISCONNECTED, "NodeDisconnected", "on_revvlink_node_disconnected", "a node that was connected is lost"),
    info(NODE_CLOSED, "NodeClosed", "on_revvlink_node_closed", "a node was closed by its user"),
    info("lavalink.TrackStartEvent", "TrackStart", "on_revvlink_track_start", "a track began"),
    info("lavalink.TrackEndEvent", "TrackEnd", "on_revvlink_track_end", "a track ended"),
    info("lavalink.TrackExceptionEvent", "TrackException", "on_revvlink_track_exception", "a track failed"),
    info("lavalink.TrackStuckEvent", "TrackStuck", "on_revvlink_track_stuck", "a track brings nothing any more"),
    info("lavalink.WebSocketClosedEvent", "WebsocketClosed", "on_revvlink_websocket_closed", "Discord's voice socket of a node was closed"),
    moment("lavalink.playerUpdate", "PlayerUpdate", "on_revvlink_player_update", "how a player stands"),
    moment("lavalink.stats", "Stats", "on_revvlink_stats_update", "how a node stands"),
    info(INACTIVE_PLAYER, "InactivePlayer", "on_revvlink_inactive_player", "a player has played nothing for a while"),
    info(PLAYER_MIGRATED, "PlayerMigrated", "", "a player goes on at another node"),
    info(MALFORMED, "Malformed", "", "something that is no frame of the protocol"),
    info("lavalink.PlayerCreatedEvent", "Extra", "on_revvlink_extra_event", "NodeLink: a player was made"),
    info("lavalink.PlayerConnectedEvent", "Extra", "on_revvlink_extra_event", "NodeLink: a player entered its channel"),
    info("lavalink.PlayerReconnectingEvent", "Extra", "on_revvlink_extra_event", "NodeLink: a player enters its channel again"),
    info("lavalink.PlayerDestroyedEvent", "Extra", "on_revvlink_extra_event", "NodeLink: a player is gone"),
    info("lavalink.VolumeChangedEvent", "Extra", "on_revvlink_extra_event", "NodeLink: a player's volume changed"),
    info("lavalink.FiltersChangedEvent", "Extra", "on_revvlink_extra_event", "NodeLink: a player's filters changed"),
    info("lavalink.PauseEvent", "Extra", "on_revvlink_extra_event", "NodeLink: a player paused, or went on"),
    info("lavalink.SeekEvent", "Extra", "on_revvlink_extra_event", "NodeLink: a player sought"),
    info("lavalink.SegmentsLoaded", "Extra", "on_revvlink_extra_event", "SponsorBlock: segments of a track"),
    info("lavalink.SegmentSkipped", "Extra", "on_revvlink_extra_event", "SponsorBlock: a segment was left out"),
    info("lavalink.ChaptersLoaded", "Extra", "on_revvlink_extra_event", "SponsorBlock: chapters of a track"),
    info("lavalink.ChapterStarted", "Extra", "on_revvlink_extra_event", "SponsorBlock: a chapter began"),
    info("lavalink.LyricsFoundEvent", "Extra", "on_revvlink_extra_event", "LavaLyrics: lyrics of a track"),
    info("lavalink.LyricsNotFoundEvent", "Extra", "on_revvlink_extra_event", "LavaLyrics: no lyrics"),
    info("lavalink.LyricsLineEvent", "Extra", "on_revvlink_extra_event", "LavaLyrics: a line of lyrics"),
];

/// The kind of a frame: the op, or for events their type, verbatim (protocol §2, §3).
pub(crate) fn kind_of(header: &Header<'_>) -> Kind {
    let is_event = header.op.as_deref() == Some("event");
    let name = if is_event { &header.event } else { &header.op };
    let Some(name) = name.as_deref() else {
        return Kind::from_static(MALFORMED);
    };
    match (is_event, name) {
        (true, "TrackStartEvent") => Kind::from_static("lavalink.TrackStartEvent"),
        (true, "TrackEndEvent") => Kind::from_static("lavalink.TrackEndEvent"),
        (true, "TrackExceptionEvent") => Kind::from_static("lavalink.TrackExceptionEvent"),
        (true, "TrackStuckEvent") => Kind::from_static("lavalink.TrackStuckEvent"),
        (true, "WebSocketClosedEvent") => Kind::from_static("lavalink.WebSocketClosedEvent"),
        (false, "playerUpdate") => Kind::from_static("lavalink.playerUpdate"),
        (false, "stats") => Kind::from_static("lavalink.stats"),
        (false, "ready") => Kind::from_static("lavalink.ready"),
        (_, name) if is_plausible(is_event, name) => Kind::new(format!("lavalink.{name}")),
        _ => Kind::from_static(MALFORMED),
    }
}

/// Whether a name nobody knows may become a kind: not of any length, and not one that means something else here.
fn is_plausible(is_event: bool, name: &str) -> bool {
    let own = [
        NODE_DISCONNECTED,
        NODE_CLOSED,
        INACTIVE_PLAYER,
        PLAYER_MIGRATED,
    ];
    let ops = ["ready", "playerUpdate", "stats"];
    let events = [
        "TrackStartEvent",
        "TrackEndEvent",
        "TrackExceptionEvent",
        "TrackStuckEvent",
        "WebSocketClosedEvent",
    ];
    let taken = if is_event {
        ops.contains(&name)
    } else {
        events.contains(&name)
    };
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && !name.chars().any(|c| c.is_control() || c.is_whitespace())
        && !taken
        && !own
            .iter()
            .any(|kind| kind.strip_prefix("lavalink.") == Some(name))
}
