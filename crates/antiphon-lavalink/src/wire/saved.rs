//! Stored forms of checkpoints and notes: versioned, and without secrets.
//!
//! These are the only forms that outlive a version of the crate. A field may be added, with a default for older parts;
//! a change of meaning needs a new version number, and older parts are then not read. Keys of tracks are one letter,
//! since a queue has thousands.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Filters, TrackInfo};

/// A stored track: all that is needed to play and to show it again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SavedTrack<'a> {
    #[serde(rename = "e", borrow)]
    pub(crate) encoded: Cow<'a, str>,
    #[serde(rename = "i", borrow)]
    pub(crate) info: TrackInfo<'a>,
    #[serde(rename = "p", borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) plugin_info: Option<&'a RawValue>,
    #[serde(rename = "u", borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) user_data: Option<&'a RawValue>,
    #[serde(rename = "l", borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) playlist: Option<Cow<'a, str>>,
    #[serde(rename = "r", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) recommended: bool,
}

/// A stored queue.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SavedQueue<'a> {
    /// Number of the mode.
    pub(crate) mode: u8,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) loaded: Option<SavedTrack<'a>>,
    #[serde(borrow, skip_serializing_if = "Vec::is_empty")]
    pub(crate) items: Vec<SavedTrack<'a>>,
    #[serde(borrow, skip_serializing_if = "Vec::is_empty")]
    pub(crate) history: Vec<SavedTrack<'a>>,
}

/// The part `player/<guild>`.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SavedPlayer<'a> {
    pub(crate) version: u8,
    /// Set once the player is deleted, since a part cannot be removed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) gone: bool,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) node: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) self_deaf: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) self_mute: bool,
    pub(crate) volume: u16,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) paused: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) filters: Option<Filters>,
    /// Number of the mode.
    pub(crate) autoplay: u8,
    /// In milliseconds; absent for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inactive_timeout: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<SavedTrack<'a>>,
    /// In milliseconds, at the time of the checkpoint.
    pub(crate) position: i64,
    /// In milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_time: Option<i64>,
    #[serde(borrow)]
    pub(crate) queue: SavedQueue<'a>,
    #[serde(borrow, skip_serializing_if = "Vec::is_empty")]
    pub(crate) auto_queue: Vec<SavedTrack<'a>>,
    /// The track that ended last.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<SavedTrack<'a>>,
    /// Parts of the plugin state, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) declared: Vec<SavedDeclaration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) transition: Option<SavedTransition>,
    /// The track that the node was given as the next one.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<SavedTrack<'a>>,
}

/// A part of a player's plugin state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SavedDeclaration {
    /// The categories that `SponsorBlock` skips.
    SponsorBlock(Vec<String>),
    /// The subscription to lyrics.
    Lyrics { skip_track_source: bool },
    /// A request of the client's own.
    Request {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plugin: Option<String>,
        put: SavedRequest,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<SavedRequest>,
    },
}

/// A request below a player's path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedRequest {
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<serde_json::Value>,
}

/// How one track follows another; a crossfade has a duration in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SavedTransition {
    Gapless,
    Crossfade {
        duration: u64,
        /// Number of the curve.
        curve: u8,
    },
}

/// The part `node/<id>`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SavedNode<'a> {
    pub(crate) version: u8,
    /// Id of the session to resume; empty for none. It opens nothing without the node's password.
    #[serde(borrow)]
    pub(crate) session_id: Cow<'a, str>,
    /// Wall time of the last stored frame, in Unix milliseconds.
    pub(crate) at: i64,
    /// Its connection, and its number there.
    #[serde(borrow)]
    pub(crate) connection: Cow<'a, str>,
    pub(crate) frame: u64,
}
