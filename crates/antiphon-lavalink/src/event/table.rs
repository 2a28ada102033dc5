//! The table of events: one row for each kind. No other file lists the kinds.
//!
//! A row says where the name comes from, how long the journal keeps the event, the reference library's name and the
//! meaning. The macro makes of it [`KINDS`], which the command and the documentation show, and the implementation
//! of `Payload` for each type.
//!
//! How long a kind is kept: positions and statistics for ten minutes, since each replaces the one before; everything
//! else for as long as the journal.

use std::time::Duration;

use antiphon_core::{DecodeError, Event, Keep, Kind, KindInfo, Payload};

use super::payload::{
    ChapterStarted, ChaptersLoaded, Extra, InactivePlayer, LyricsFound, LyricsLine, LyricsNotFound,
    Malformed, NodeClosed, NodeDisconnected, NodeReady, PlayerMigrated, PlayerUpdate,
    PluginStateLost, SegmentSkipped, SegmentsLoaded, Stats, TrackEnd, TrackException, TrackStart,
    TrackStuck, WebsocketClosed, itself, player_update,
};
use crate::{view, wire::Header};

/// Longest name of a frame that becomes a part of a kind, since the journal keeps names for ever.
const LONGEST_NAME: usize = 64;

/// Events that are kept for good.
const LASTING: Keep = Keep::Lasting;
/// Statistics of nodes and positions of players are kept for ten minutes.
const MOMENT: Keep = Keep::Momentary(Duration::from_secs(10 * 60));

/// Where the name of a kind comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    /// `op` of a frame (<https://lavalink.dev/api/websocket.html#op-types>).
    Op,
    /// `type` of a frame whose `op` is `event` (<https://lavalink.dev/api/websocket.html#event-types>).
    Event,
    /// antiphon.
    Own,
    /// `op` or `type` of a frame that a plugin or another server sends.
    Plugin,
}
use Name::{Event as E, Op, Own, Plugin};

/// `Payload as View: how the view is read, how the payload is made of it { rows }`, and in each row: where the name
/// comes from, the name, how long to keep the event, the reference library's name, and the meaning.
macro_rules! events {
    ($($payload:ident as $view:ty: $read:expr, $make:path {
        $($from:ident $name:literal => $keep:ident, $reference:literal, $about:literal;)+
    })+) => {
        /// Every typed kind of this platform.
        ///
        /// ```
        /// use antiphon_lavalink::KINDS;
        ///
        /// let start = KINDS.iter().find(|info| info.kind == "lavalink.TrackStartEvent").expect("a row");
        /// assert_eq!((start.payload, start.about), ("TrackStart", "a track began"));
        /// ```
        pub const KINDS: &[KindInfo] = &[$($(KindInfo {
            kind: concat!("lavalink.", $name),
            payload: stringify!($payload),
            reference: $reference,
            about: $about,
            keep: $keep,
        },)+)+];

        /// Reads an event as every payload of its kind, as filters and handlers do.
        #[cfg(any(test, fuzzing))]
        pub(crate) fn read_all(event: &Event) {
            fn read<P: Payload>(event: &Event) {
                if P::KINDS.contains(&event.kind().as_str()) && P::concerns(event) {
                    let _ = (P::view(event).is_ok(), P::decode(event).is_ok());
                }
            }
            $(read::<$payload>(event);)+
        }

        /// The names of [`KINDS`], in the same order.
        const NAMES: &[(Name, &str)] = &[$($(($from, $name),)+)+];

        $(impl Payload for $payload {
            const KINDS: &'static [&'static str] = &[$(concat!("lavalink.", $name),)+];
            type View<'a> = $view;

            fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
                ($read)(event)
            }

            fn decode(event: &Event) -> Result<Self, DecodeError> {
                Ok($make(event, ($read)(event)?))
            }
        })+
    };
}

events! {
    NodeReady as view::Ready<'a>: Event::parse_object, NodeReady::of {
        Op "ready" => LASTING, "on_revvlink_node_ready", "a node is connected or reconnected";
    }
    NodeDisconnected as Self: |event| Ok(NodeDisconnected::of(event)), itself {
        Own "NodeDisconnected" => LASTING, "on_revvlink_node_disconnected", "a node that was connected is lost";
    }
    NodeClosed as Self: NodeClosed::read, itself {
        Own "NodeClosed" => LASTING, "on_revvlink_node_closed", "a node was closed by its user";
    }
    TrackStart as view::TrackEvent<'a>: Event::parse_object, TrackStart::of {
        E "TrackStartEvent" => LASTING, "on_revvlink_track_start", "a track began";
    }
    TrackEnd as view::TrackEvent<'a>: Event::parse_object, TrackEnd::of {
        E "TrackEndEvent" => LASTING, "on_revvlink_track_end", "a track ended";
    }
    TrackException as view::TrackEvent<'a>: Event::parse_object, TrackException::of {
        E "TrackExceptionEvent" => LASTING, "on_revvlink_track_exception", "a track failed";
    }
    TrackStuck as view::TrackEvent<'a>: Event::parse_object, TrackStuck::of {
        E "TrackStuckEvent" => LASTING, "on_revvlink_track_stuck", "a track sends no audio any more";
    }
    WebsocketClosed as view::VoiceClosed<'a>: Event::parse_object, WebsocketClosed::of {
        E "WebSocketClosedEvent" => LASTING, "on_revvlink_websocket_closed", "Discord's voice socket of a node was closed";
    }
    PlayerUpdate as view::PlayerUpdate: player_update, PlayerUpdate::of {
        Op "playerUpdate" => MOMENT, "on_revvlink_player_update", "position and connection of a player";
    }
    Stats as view::StatsOP: Event::parse_object, Stats::of {
        Op "stats" => MOMENT, "on_revvlink_stats_update", "load and players of a node";
    }
    InactivePlayer as Self: |event| Ok(InactivePlayer::of(event)), itself {
        Own "InactivePlayer" => LASTING, "on_revvlink_inactive_player", "a player has played nothing for a while";
    }
    PlayerMigrated as Self: PlayerMigrated::read, itself {
        Own "PlayerMigrated" => LASTING, "", "a player goes on at another node";
    }
    PluginStateLost as Self: PluginStateLost::read, itself {
        Own "PluginStateLost" => LASTING, "", "a node did not take a part of a player's plugin state";
    }
    LyricsFound as view::LyricsEvent<'a>: Event::parse_object, LyricsFound::of {
        Plugin "LyricsFoundEvent" => LASTING, "on_revvlink_extra_event", "LavaLyrics, NodeLink: lyrics of a track";
    }
    LyricsNotFound as view::LyricsEvent<'a>: Event::parse_object, LyricsNotFound::of {
        Plugin "LyricsNotFoundEvent" => LASTING, "on_revvlink_extra_event", "LavaLyrics, NodeLink: a track has no lyrics";
    }
    LyricsLine as view::LyricsEvent<'a>: Event::parse_object, LyricsLine::of {
        Plugin "LyricsLineEvent" => LASTING, "on_revvlink_extra_event", "LavaLyrics, NodeLink: a line of lyrics is sung";
    }
    SegmentsLoaded as view::SegmentEvent<'a>: Event::parse_object, SegmentsLoaded::of {
        Plugin "SegmentsLoaded" => LASTING, "on_revvlink_extra_event", "SponsorBlock: segments of a track";
        Plugin "SponsorBlockSegmentsLoadedEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: segments of a track";
    }
    SegmentSkipped as view::SegmentEvent<'a>: Event::parse_object, SegmentSkipped::of {
        Plugin "SegmentSkipped" => LASTING, "on_revvlink_extra_event", "SponsorBlock: a segment was skipped";
        Plugin "SponsorBlockSegmentSkippedEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: a segment was skipped";
    }
    ChaptersLoaded as view::ChapterEvent<'a>: Event::parse_object, ChaptersLoaded::of {
        Plugin "ChaptersLoaded" => LASTING, "on_revvlink_extra_event", "SponsorBlock: chapters of a track";
    }
    ChapterStarted as view::ChapterEvent<'a>: Event::parse_object, ChapterStarted::of {
        Plugin "ChapterStarted" => LASTING, "on_revvlink_extra_event", "SponsorBlock: a chapter began";
    }
    Malformed as Self: |event| Ok(Malformed::of(event)), itself {
        Own "malformed" => LASTING, "", "something that is no frame of the protocol";
    }
    Extra as Self: |event| Ok(Extra::of(event)), itself {
        Plugin "PlayerCreatedEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: a player was made";
        Plugin "PlayerConnectedEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: a player entered its channel";
        Plugin "PlayerReconnectingEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: a player enters its channel again";
        Plugin "PlayerDestroyedEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: a player is gone";
        Plugin "VolumeChangedEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: a player's volume changed";
        Plugin "FiltersChangedEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: a player's filters changed";
        Plugin "PauseEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: a player paused, or went on";
        Plugin "SeekEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: a player sought";
        Plugin "ConnectionStatusEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: the voice connection of a player changed";
        Plugin "MixStartedEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: a second track is mixed in";
        Plugin "MixEndedEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: a track that was mixed in ended";
        Plugin "StreamMetadataEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: a stream tells what it plays";
        Plugin "EternalBoxInfoEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: a track plays in an endless loop";
        Plugin "EternalBoxJumpEvent" => LASTING, "on_revvlink_extra_event", "NodeLink: an endless track jumped";
    }
}

/// The kind of a frame: `lavalink.` and its op, or for an event its type, verbatim (protocol §2, §3).
///
/// A frame that takes the name of another row counts as malformed: a node cannot speak for antiphon, and an event is
/// no op.
pub(super) fn kind_of(header: &Header<'_>) -> Kind {
    let (from, name) = match header.op.as_deref() {
        Some("event") => (E, header.event.as_deref()),
        op => (Op, op),
    };
    let name = name.unwrap_or_default();
    let mut names = NAMES.iter().zip(KINDS);
    match names.find(|((from, known), _)| *known == name && *from != Plugin) {
        Some(((known, _), info)) if *known == from => Kind::from_static(info.kind),
        None if is_plausible(name) => Kind::new(format!("lavalink.{name}")),
        _ => Kind::from_static(Malformed::KINDS[0]),
    }
}

/// Whether an unknown name may become a part of a kind.
fn is_plausible(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && !name.chars().any(|c| c.is_control() || c.is_whitespace())
}
