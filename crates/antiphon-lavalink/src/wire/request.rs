//! Bodies of requests (protocol §5, §6).
//!
//! An absent key and `null` mean different things to a node: an absent one keeps the value. So every key is left out
//! unless it is set, except for `encoded`, where `null` stops.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::Filters;

/// `PATCH …/players/{guild}` (<https://lavalink.dev/api/rest.html#update-player>): absent fields stay as they are.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct UpdatePlayer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) track: Option<UpdateTrack>,
    /// In milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<i64>,
    /// In milliseconds, above 0; nodes refuse 0 and less.
    #[serde(rename = "endTime", skip_serializing_if = "Option::is_none")]
    pub(crate) end_time: Option<i64>,
    /// In percent, 0 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) volume: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) paused: Option<bool>,
    /// All filters: those that are absent in it are removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) filters: Option<Filters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) voice: Option<Voice>,
    /// The track that follows; `Some(None)` takes it back. `NodeLink` alone knows it (protocol §22).
    #[expect(
        clippy::option_option,
        reason = "absent, null and a track are three things"
    )]
    #[serde(rename = "nextTrack", skip_serializing_if = "Option::is_none")]
    pub(crate) next_track: Option<Option<UpdateTrack>>,
    /// How the next track follows. `NodeLink` alone knows it (protocol §22).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) crossfade: Option<UpdateCrossfade>,
}

/// The crossfade of an update (protocol §22).
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct UpdateCrossfade {
    pub(crate) enabled: bool,
    /// In milliseconds, at most 30,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) curve: Option<&'static str>,
}

/// The track of an update (<https://lavalink.dev/api/rest.html#update-player-track>).
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct UpdateTrack {
    /// `null` stops; an absent key would keep the track.
    #[serde(serialize_with = "text_or_null")]
    pub(crate) encoded: Option<std::sync::Arc<str>>,
    /// Extras of the track, which come back in its events.
    #[serde(rename = "userData", skip_serializing_if = "Option::is_none")]
    pub(crate) user_data: Option<std::sync::Arc<RawValue>>,
}

#[expect(clippy::ref_option, reason = "serde passes the field as it is")]
fn text_or_null<S: Serializer>(
    text: &Option<std::sync::Arc<str>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    text.as_deref().serialize(serializer)
}

/// The voice state of a node (<https://lavalink.dev/api/rest.html#voice-state>); `channelId` since 4.2, where nodes
/// refuse a blank one. Older nodes ignore it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Voice {
    pub(crate) token: String,
    pub(crate) endpoint: String,
    #[serde(rename = "sessionId")]
    pub(crate) session_id: String,
    #[serde(rename = "channelId")]
    pub(crate) channel_id: String,
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Token and session id give access to a voice channel.
        f.debug_struct("Voice")
            .field("endpoint", &self.endpoint)
            .field("channel_id", &self.channel_id)
            .finish_non_exhaustive()
    }
}

/// `PATCH /v4/sessions/{session}` (<https://lavalink.dev/api/rest.html#update-session>).
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct ResumeSession {
    pub(crate) resuming: bool,
    /// In seconds.
    pub(crate) timeout: u64,
}

/// `POST /v4/routeplanner/free/address` (<https://lavalink.dev/api/rest.html#unmark-a-failed-address>).
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Address<'a> {
    pub(crate) address: &'a str,
}
