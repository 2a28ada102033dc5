//! Answers to requests (protocol §5).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Exception, Filters, PlayerState, Track, loose};

/// A text of an answer, owned.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    loose::text(deserializer).map(Cow::into_owned)
}

fn maybe_text<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(loose::maybe_text(deserializer)?.map(Cow::into_owned))
}

/// A player as its node has it (protocol §5.3).
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
    /// Read by itself, since servers of other make put other things here.
    #[serde(borrow)]
    pub(crate) filters: Option<&'a RawValue>,
}

impl Player<'_> {
    /// The filters, where they are of the known form.
    pub(crate) fn filters(&self) -> Option<Filters> {
        serde_json::from_str(self.filters?.get()).ok()
    }
}

/// The voice part of a [`Player`].
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

/// `{loadType, data}` (protocol §5.2); `exception` stands beside it at `NodeLink`.
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

/// `data` of whatever loads several tracks, or one, told apart by shape.
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

/// What is known of a playlist (protocol §4).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PlaylistInfo<'a> {
    #[serde(borrow, deserialize_with = "loose::text")]
    pub(crate) name: Cow<'a, str>,
    #[serde(rename = "selectedTrack", deserialize_with = "loose::maybe_integer")]
    pub(crate) selected: Option<i64>,
}

/// An error's body (protocol §5.1).
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

/// The answer to [`ResumeSession`](super::ResumeSession).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Resuming {
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) resuming: bool,
}

/// What a node is and can do (protocol §5.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Info {
    /// Version of the server; never a sign of the protocol's version.
    #[serde(deserialize_with = "loose::object")]
    pub version: Version,
    /// When it was built, in Unix milliseconds; -1 where it is not told.
    #[serde(rename = "buildTime", deserialize_with = "loose::integer")]
    pub build_time: i64,
    /// What it was built from.
    #[serde(deserialize_with = "loose::object")]
    pub git: Git,
    /// Version of the Java machine; empty where there is none.
    #[serde(deserialize_with = "text")]
    pub jvm: String,
    /// Version of lavaplayer; empty where there is none.
    #[serde(deserialize_with = "text")]
    pub lavaplayer: String,
    /// Names of its sources.
    #[serde(rename = "sourceManagers", deserialize_with = "loose::texts")]
    pub source_managers: Vec<String>,
    /// Names of its filters.
    #[serde(deserialize_with = "loose::texts")]
    pub filters: Vec<String>,
    /// Its plugins.
    #[serde(deserialize_with = "loose::list")]
    pub plugins: Vec<PluginInfo>,
    /// Whether it is a `NodeLink`.
    #[serde(
        rename = "isNodeLink",
        alias = "isNodelink",
        deserialize_with = "loose::flag"
    )]
    pub is_node_link: bool,
}

impl Info {
    /// Whether it has a source of this name, in any case.
    pub fn has_source(&self, name: &str) -> bool {
        let mut names = self.source_managers.iter();
        names.any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Whether it has a plugin of this name, in any case.
    pub fn has_plugin(&self, name: &str) -> bool {
        let mut plugins = self.plugins.iter();
        plugins.any(|known| known.name.eq_ignore_ascii_case(name))
    }
}

/// A version by its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Version {
    /// As a whole.
    #[serde(deserialize_with = "text")]
    pub semver: String,
    /// First number.
    #[serde(deserialize_with = "loose::integer")]
    pub major: i64,
    /// Second number.
    #[serde(deserialize_with = "loose::integer")]
    pub minor: i64,
    /// Third number.
    #[serde(deserialize_with = "loose::integer")]
    pub patch: i64,
    /// What follows a hyphen.
    #[serde(
        rename = "preRelease",
        alias = "prerelease",
        deserialize_with = "maybe_text"
    )]
    pub pre_release: Option<String>,
    /// What follows a plus.
    #[serde(deserialize_with = "maybe_text")]
    pub build: Option<String>,
}

/// What a server was built from.
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
    /// When it was committed, in Unix milliseconds.
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

/// How a node spreads its requests over its addresses (protocol §5.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RoutePlanner {
    /// Which way, such as `RotatingIpRoutePlanner`; open to others.
    #[serde(deserialize_with = "text")]
    pub class: String,
    /// How it stands.
    #[serde(deserialize_with = "loose::object")]
    pub details: RoutePlannerDetails,
}

/// How a route planner stands; each class has some of the last fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RoutePlannerDetails {
    /// The addresses it has.
    #[serde(rename = "ipBlock", deserialize_with = "loose::object")]
    pub ip_block: IpBlock,
    /// Addresses that were refused.
    #[serde(rename = "failingAddresses", deserialize_with = "loose::list")]
    pub failing_addresses: Vec<FailingAddress>,
    /// How often it has turned.
    #[serde(rename = "rotateIndex", deserialize_with = "maybe_text")]
    pub rotate_index: Option<String>,
    /// Where in the block it is.
    #[serde(rename = "ipIndex", deserialize_with = "maybe_text")]
    pub ip_index: Option<String>,
    /// Which address it uses.
    #[serde(rename = "currentAddress", deserialize_with = "maybe_text")]
    pub current_address: Option<String>,
    /// Which address of the block it uses.
    #[serde(rename = "currentAddressIndex", deserialize_with = "maybe_text")]
    pub current_address_index: Option<String>,
    /// Which block it uses.
    #[serde(rename = "blockIndex", deserialize_with = "maybe_text")]
    pub block_index: Option<String>,
}

/// A block of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct IpBlock {
    /// `Inet4Address` or `Inet6Address`.
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: String,
    /// How many addresses.
    #[serde(deserialize_with = "text")]
    pub size: String,
}

/// An address that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FailingAddress {
    /// Which.
    #[serde(rename = "failingAddress", deserialize_with = "text")]
    pub address: String,
    /// When, in Unix milliseconds.
    #[serde(rename = "failingTimestamp", deserialize_with = "loose::integer")]
    pub timestamp: i64,
    /// When, in words.
    #[serde(rename = "failingTime", deserialize_with = "text")]
    pub time: String,
}
