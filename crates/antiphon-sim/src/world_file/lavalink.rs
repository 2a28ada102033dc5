//! The section of Lavalink.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::is_no;

/// Nodes, and the tracks that they know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Section {
    /// Nodes; the three default ones where it is left out, with `inherit = false` as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nodes: Option<Vec<Node>>,
    /// Tracks that a search or an address finds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracks: Option<Vec<Track>>,
    /// Playlists. Default: those of the default world where `tracks` is left out too, else none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) playlists: Option<Vec<Playlist>>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Node {
    /// Name of the node: small letters, digits and hyphens.
    pub(crate) name: String,
    /// Password of the node; made where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
}

/// A track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Track {
    /// Identifier of the track at its source.
    pub(crate) identifier: String,
    /// Title of the track.
    pub(crate) title: String,
    /// Artist of the track.
    pub(crate) author: String,
    /// Length in milliseconds; a stream, which never ends, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) length: Option<u32>,
    /// Source of the track. Default: `youtube`.
    #[serde(default = "youtube")]
    pub(crate) source: String,
    /// Address of the track. Default: that of the video for `youtube`, else none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) uri: Option<String>,
    /// Address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) artwork_url: Option<String>,
    /// International Standard Recording Code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) isrc: Option<String>,
    /// Version of the track's encoding, from 1 to 3. Default: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3))]
    pub(crate) version: Option<u8>,
    /// What plugins tell of the track.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) plugin_info: Map<String, Value>,
    /// Whether the track cannot be loaded once it is to be played.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) fails: bool,
    /// Position in milliseconds at which the track breaks off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) breaks_at: Option<u32>,
    /// Position in milliseconds at which the track gets stuck.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sticks_at: Option<u32>,
}

fn youtube() -> String {
    "youtube".to_owned()
}

/// A playlist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Playlist {
    /// Name of the playlist.
    pub(crate) name: String,
    /// Address of the playlist.
    pub(crate) uri: String,
    /// Identifiers of its tracks.
    pub(crate) tracks: Vec<String>,
    /// What plugins tell of the playlist.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) plugin_info: Map<String, Value>,
}
