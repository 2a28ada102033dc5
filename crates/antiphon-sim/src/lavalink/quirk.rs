//! Quirks of nodes.

use serde::{Deserialize, Serialize};

/// A quirk of a node, as older versions and other servers have it.
///
/// Sections are those of the protocol page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NodeQuirk {
    /// §2.2: the `stats` op has no `frameStats` where there are none.
    FrameStatsAbsent,
    /// §2.2: `frameStats` is always an object, with `expected`, and counts the deficit the other way round.
    FrameStatsAlways,
    /// §2.2: `cpu` has `nodelinkLoad` instead of `lavalinkLoad`.
    OtherCpu,
    /// §4: tracks have no `pluginInfo`.
    NoPluginInfo,
    /// §4: tracks have no `userData`.
    NoUserData,
    /// §10: encoded tracks are not padded.
    Unpadded,
    /// §3.2: exceptions have no `causeStackTrace`.
    NoStackTrace,
    /// §5.2: nothing found is `{}`.
    EmptyObject,
    /// §5.2: nothing found has no `data`.
    EmptyAbsent,
    /// §5.2: a load error is beside `loadType`, as `exception`, and there is no `data`.
    ErrorBeside,
    /// §5.1: a wrong password is answered with 401 and `Unauthorized` as plain text.
    PlainUnauthorized,
    /// §5.4: the version in `info` is another one, whose major number is 3, with lists for `prerelease` and `build`.
    OtherInfo,
    /// §8: no session is ever resumed.
    NoResume,
    /// §3: changes of a player are sent as events that Lavalink does not have.
    OtherEvents,
    /// §6: events of a request are sent after its response.
    EventsAfterAnswer,
    /// §11: guilds are numbers in events of plugins.
    GuildAsNumber,
    /// §22: `TrackStartEvent` comes twice: when the track is accepted, and when its sound flows (100 ms later).
    StartTwice,
    /// §22: `cpu.systemLoad` is the load average of the machine, which has no upper end.
    LoadAverage,
    /// §22: `frameStats` counts the frames since the node's start.
    FrameTotals,
    /// §22: `nextTrack` in an update of a player is played where the current track ends, whose end is `gapless`; with
    /// `crossfade` before it, it begins that much earlier, and the end is `crossfading`.
    Gapless,
    /// §5.7: no plugin is installed, so that `info` lists none and their routes are 404.
    NoPlugins,
    /// §5.7: java-lyrics-plugin is installed in place of `LavaLyrics`.
    JavaLyrics,
}

impl NodeQuirk {
    /// Every quirk.
    pub const ALL: [Self; 22] = [
        Self::FrameStatsAbsent,
        Self::FrameStatsAlways,
        Self::OtherCpu,
        Self::NoPluginInfo,
        Self::NoUserData,
        Self::Unpadded,
        Self::NoStackTrace,
        Self::EmptyObject,
        Self::EmptyAbsent,
        Self::ErrorBeside,
        Self::PlainUnauthorized,
        Self::OtherInfo,
        Self::NoResume,
        Self::OtherEvents,
        Self::EventsAfterAnswer,
        Self::GuildAsNumber,
        Self::StartTwice,
        Self::LoadAverage,
        Self::FrameTotals,
        Self::Gapless,
        Self::NoPlugins,
        Self::JavaLyrics,
    ];

    /// The quirks of `NodeLink`, another server of the same protocol.
    pub const NODELINK: [Self; 12] = [
        Self::FrameStatsAlways,
        Self::OtherCpu,
        Self::NoPluginInfo,
        Self::NoStackTrace,
        Self::ErrorBeside,
        Self::PlainUnauthorized,
        Self::OtherInfo,
        Self::OtherEvents,
        Self::StartTwice,
        Self::LoadAverage,
        Self::FrameTotals,
        Self::Gapless,
    ];
}
