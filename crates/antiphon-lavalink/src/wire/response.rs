//! Responses (protocol §5).
//!
//! Texts are borrowed from the body where the crate turns them into something else, and owned in the types that users
//! receive: [`Info`], [`RoutePlanner`] and what is in them. Every field may be absent: a node of another version leaves
//! fields out.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Exception, Filters, PlayerState, Track, loose};

/// An owned text.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    loose::text(deserializer).map(Cow::into_owned)
}

fn maybe_text<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(loose::maybe_text(deserializer)?.map(Cow::into_owned))
}

/// A player (<https://lavalink.dev/api/rest.html#player>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Player<'a> {
    #[serde(rename = "guildId", deserialize_with = "loose::id")]
    pub(crate) guild: Option<u64>,
    #[serde(borrow, deserialize_with = "loose::maybe_object")]
    pub(crate) track: Option<Track<'a>>,
    #[serde(deserialize_with = "loose::maybe_integer")]
    pub(crate) volume: Option<i64>,
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) paused: bool,
    #[serde(deserialize_with = "loose::object")]
    pub(crate) state: PlayerState,
    #[serde(borrow, deserialize_with = "loose::object")]
    pub(crate) voice: PlayerVoice<'a>,
    /// Read later, since other servers send another form.
    #[serde(borrow)]
    pub(crate) filters: Option<&'a RawValue>,
}

impl Player<'_> {
    /// The filters, where they have the known form.
    pub(crate) fn filters(&self) -> Option<Filters> {
        serde_json::from_str(self.filters?.get()).ok()
    }
}

/// The voice state of a [`Player`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PlayerVoice<'a> {
    #[serde(borrow, deserialize_with = "loose::text")]
    pub(crate) token: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "loose::text")]
    pub(crate) endpoint: Cow<'a, str>,
    #[serde(rename = "sessionId", borrow, deserialize_with = "loose::text")]
    pub(crate) session_id: Cow<'a, str>,
    #[serde(rename = "channelId", deserialize_with = "loose::id")]
    pub(crate) channel: Option<u64>,
}

/// `{loadType, data}` (<https://lavalink.dev/api/rest.html#track-loading-result>); `NodeLink` sends `exception` beside
/// it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Loaded<'a> {
    #[serde(rename = "loadType", borrow, deserialize_with = "loose::text")]
    pub(crate) load_type: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) data: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "loose::maybe_object")]
    pub(crate) exception: Option<Exception<'a>>,
}

/// `data` of a track, a playlist or search results, told apart by shape.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Loader<'a> {
    #[serde(borrow, deserialize_with = "loose::maybe_object")]
    pub(crate) info: Option<PlaylistInfo<'a>>,
    #[serde(rename = "pluginInfo", borrow)]
    pub(crate) plugin_info: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "loose::maybe_list")]
    pub(crate) tracks: Option<Vec<Track<'a>>>,
}

/// Metadata of a playlist (<https://lavalink.dev/api/rest.html#playlist-info>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PlaylistInfo<'a> {
    #[serde(borrow, deserialize_with = "loose::text")]
    pub(crate) name: Cow<'a, str>,
    #[serde(rename = "selectedTrack", deserialize_with = "loose::maybe_integer")]
    pub(crate) selected: Option<i64>,
}

/// An error (<https://lavalink.dev/api/rest.html#error-responses>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Failure {
    #[serde(deserialize_with = "loose::integer")]
    pub(crate) timestamp: i64,
    #[serde(deserialize_with = "loose::integer")]
    pub(crate) status: i64,
    #[serde(deserialize_with = "text")]
    pub(crate) error: String,
    #[serde(deserialize_with = "maybe_text")]
    pub(crate) trace: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) message: String,
    #[serde(deserialize_with = "text")]
    pub(crate) path: String,
}

/// The response to [`ResumeSession`](super::ResumeSession).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Resuming {
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) resuming: bool,
}

/// Version, plugins and features of a node (<https://lavalink.dev/api/rest.html#get-lavalink-info>).
///
/// ```no_run
/// use antiphon_lavalink::{Node, RequestError};
///
/// /// Why a bot's features would not work at a node; empty if all do.
/// async fn lacking(node: &Node) -> Result<Vec<&'static str>, RequestError> {
///     let info = node.fetch_info().await?;
///     let mut lacking = Vec::new();
///     if (info.version.major, info.version.minor) < (4, 2) {
///         lacking.push("end-to-end encrypted voice needs Lavalink 4.2");
///     }
///     if !info.has_source("spotify") {
///         lacking.push("no Spotify: the plugin LavaSrc is missing");
///     }
///     if !info.filters.iter().any(|filter| filter == "timescale") {
///         lacking.push("the timescale filter is disabled");
///     }
///     Ok(lacking)
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "SentInfo")]
#[non_exhaustive]
pub struct Info {
    /// Version of the server; it does not tell the protocol's version.
    pub version: Version,
    /// Build time in Unix milliseconds; -1 where it is not sent.
    pub build_time: i64,
    /// Commit of the build.
    pub git: Git,
    /// Version of the JVM; empty where there is none.
    pub jvm: String,
    /// Version of Lavaplayer; empty where there is none.
    pub lavaplayer: String,
    /// Enabled sources.
    pub source_managers: Vec<String>,
    /// Enabled filters.
    pub filters: Vec<String>,
    /// Plugins, by their own names and versions.
    pub plugins: Vec<PluginInfo>,
    /// Whether the server is `NodeLink`.
    pub is_node_link: bool,
}

/// [`Info`] as sent: `NodeLink` has written `isNodelink` and `isNodeLink`, and both in one response.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SentInfo {
    #[serde(deserialize_with = "loose::object")]
    version: Version,
    #[serde(deserialize_with = "loose::integer")]
    build_time: i64,
    #[serde(deserialize_with = "loose::object")]
    git: Git,
    #[serde(deserialize_with = "text")]
    jvm: String,
    #[serde(deserialize_with = "text")]
    lavaplayer: String,
    #[serde(deserialize_with = "loose::texts")]
    source_managers: Vec<String>,
    #[serde(deserialize_with = "loose::texts")]
    filters: Vec<String>,
    #[serde(deserialize_with = "loose::list")]
    plugins: Vec<PluginInfo>,
    #[serde(rename = "isNodeLink", deserialize_with = "loose::flag")]
    is_node_link: bool,
    #[serde(rename = "isNodelink", deserialize_with = "loose::flag")]
    is_nodelink: bool,
}

impl From<SentInfo> for Info {
    fn from(sent: SentInfo) -> Self {
        Self {
            version: sent.version,
            build_time: sent.build_time,
            git: sent.git,
            jvm: sent.jvm,
            lavaplayer: sent.lavaplayer,
            source_managers: sent.source_managers,
            filters: sent.filters,
            plugins: sent.plugins,
            is_node_link: sent.is_node_link || sent.is_nodelink,
        }
    }
}

/// The plugin, or the server, that a node's lyrics come from ([`Info::lyrics`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LyricsApi {
    /// The plugin [LavaLyrics](https://github.com/topi314/LavaLyrics): lyrics of a track, and lines as they are sung.
    LavaLyrics,
    /// The plugin [java-lyrics-plugin](https://github.com/DuncteBot/java-timed-lyrics): lyrics of a video, searches.
    JavaLyrics,
    /// The plugin [lyrics.kt](https://github.com/DRSchlaubi/lyrics.kt), with the routes of the one before.
    LyricsKt,
    /// [NodeLink](https://github.com/PerformanC/NodeLink)'s own: lyrics of a track, and lines as they are sung.
    NodeLink,
}

impl LyricsApi {
    /// Whether it sends lines as they are sung ([`Player::subscribe_lyrics`](crate::Player::subscribe_lyrics)).
    pub fn is_live(self) -> bool {
        matches!(self, Self::LavaLyrics | Self::NodeLink)
    }
}

impl Info {
    /// The plugin or server that its lyrics come from; `None` if it has none.
    ///
    /// `LavaLyrics` comes first where a node has several.
    pub fn lyrics(&self) -> Option<LyricsApi> {
        if self.has_plugin("lavalyrics-plugin") || self.has_plugin("lavalyrics") {
            Some(LyricsApi::LavaLyrics)
        } else if self.is_node_link {
            Some(LyricsApi::NodeLink)
        } else if self.has_plugin("java-lyrics-plugin") {
            Some(LyricsApi::JavaLyrics)
        } else {
            self.has_plugin("lyrics").then_some(LyricsApi::LyricsKt)
        }
    }

    /// Whether it skips segments of `SponsorBlock`: by the plugin, or as `NodeLink` from version 3 on.
    pub fn has_sponsorblock(&self) -> bool {
        self.has_plugin("sponsorblock-plugin") || self.is_node_link_3()
    }

    /// Whether it takes the next track of a player beforehand (`nextTrack`): `NodeLink` from version 3 on.
    pub fn has_next_track(&self) -> bool {
        self.is_node_link_3()
    }

    fn is_node_link_3(&self) -> bool {
        self.is_node_link && self.version.major >= 3
    }

    /// Whether a source is enabled, such as `youtube`; ignores case.
    pub fn has_source(&self, name: &str) -> bool {
        let mut names = self.source_managers.iter();
        names.any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Whether a plugin is installed, such as `lavasrc-plugin`; ignores case.
    pub fn has_plugin(&self, name: &str) -> bool {
        let mut plugins = self.plugins.iter();
        plugins.any(|known| known.name.eq_ignore_ascii_case(name))
    }
}

/// A [semantic version](https://semver.org).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "SentVersion")]
#[non_exhaustive]
pub struct Version {
    /// The whole text.
    pub semver: String,
    /// Major.
    pub major: i64,
    /// Minor.
    pub minor: i64,
    /// Patch.
    pub patch: i64,
    /// Pre-release, after a hyphen; `preRelease` counts where `prerelease` is sent as well.
    pub pre_release: Option<String>,
    /// Build metadata, after a plus.
    pub build: Option<String>,
}

/// [`Version`] as sent. A serde alias would refuse an object with both spellings of the pre-release.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SentVersion {
    #[serde(deserialize_with = "text")]
    semver: String,
    #[serde(deserialize_with = "loose::integer")]
    major: i64,
    #[serde(deserialize_with = "loose::integer")]
    minor: i64,
    #[serde(deserialize_with = "loose::integer")]
    patch: i64,
    #[serde(rename = "preRelease", deserialize_with = "maybe_text")]
    pre_release: Option<String>,
    #[serde(deserialize_with = "maybe_text")]
    prerelease: Option<String>,
    #[serde(deserialize_with = "maybe_text")]
    build: Option<String>,
}

impl From<SentVersion> for Version {
    fn from(sent: SentVersion) -> Self {
        Self {
            semver: sent.semver,
            major: sent.major,
            minor: sent.minor,
            patch: sent.patch,
            pre_release: sent.pre_release.or(sent.prerelease),
            build: sent.build,
        }
    }
}

/// The commit that a server was built from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Git {
    /// Branch.
    #[serde(deserialize_with = "text")]
    pub branch: String,
    /// Commit.
    #[serde(deserialize_with = "text")]
    pub commit: String,
    /// Commit time in Unix milliseconds.
    #[serde(rename = "commitTime", deserialize_with = "loose::integer")]
    pub commit_time: i64,
}

/// A plugin of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PluginInfo {
    /// Name.
    #[serde(deserialize_with = "text")]
    pub name: String,
    /// Version.
    #[serde(deserialize_with = "text")]
    pub version: String,
}

/// The route planner of a node (<https://lavalink.dev/api/rest.html#get-routeplanner-status>): it sends requests to
/// sources from many addresses in turn, so that none of them is blocked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RoutePlanner {
    /// Its class, such as `RotatingIpRoutePlanner`.
    #[serde(deserialize_with = "text")]
    pub class: String,
    /// Its state.
    #[serde(deserialize_with = "loose::object")]
    pub details: RoutePlannerDetails,
}

/// State of a route planner; the last fields depend on the class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RoutePlannerDetails {
    /// Its IP block.
    #[serde(rename = "ipBlock", deserialize_with = "loose::object")]
    pub ip_block: IpBlock,
    /// Addresses that failed.
    #[serde(rename = "failingAddresses", deserialize_with = "loose::list")]
    pub failing_addresses: Vec<FailingAddress>,
    /// Number of rotations; of `RotatingIpRoutePlanner`.
    #[serde(rename = "rotateIndex", deserialize_with = "maybe_text")]
    pub rotate_index: Option<String>,
    /// Current index in the block; of `RotatingIpRoutePlanner`.
    #[serde(rename = "ipIndex", deserialize_with = "maybe_text")]
    pub ip_index: Option<String>,
    /// Current address; of `RotatingIpRoutePlanner`.
    #[serde(rename = "currentAddress", deserialize_with = "maybe_text")]
    pub current_address: Option<String>,
    /// Current address index in the block; of `NanoIpRoutePlanner` and `RotatingNanoIpRoutePlanner`.
    #[serde(rename = "currentAddressIndex", deserialize_with = "maybe_text")]
    pub current_address_index: Option<String>,
    /// Current block index; of `RotatingNanoIpRoutePlanner`.
    #[serde(rename = "blockIndex", deserialize_with = "maybe_text")]
    pub block_index: Option<String>,
}

/// An IP block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct IpBlock {
    /// `Inet4Address` or `Inet6Address`.
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: String,
    /// Number of addresses, as a text: a block of IPv6 may have more than an integer holds.
    #[serde(deserialize_with = "text")]
    pub size: String,
}

/// An address that failed; [`Node::unmark_failed_address`](crate::Node::unmark_failed_address) puts it back to use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FailingAddress {
    /// The address.
    #[serde(rename = "failingAddress", deserialize_with = "text")]
    pub address: String,
    /// Time of the failure in Unix milliseconds.
    #[serde(rename = "failingTimestamp", deserialize_with = "loose::integer")]
    pub timestamp: i64,
    /// Time of the failure as a text.
    #[serde(rename = "failingTime", deserialize_with = "text")]
    pub time: String,
}
