//! JSON documents of a node (protocol §2 to §5).

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    filters::Filters,
    quirk::NodeQuirk,
    track::{Track, TrackInfo},
    voice::Claim,
};

/// The quirks a node has.
pub(crate) type Quirks = BTreeSet<NodeQuirk>;

#[derive(Serialize)]
pub(crate) struct Ready<'a> {
    pub(crate) op: &'static str,
    pub(crate) resumed: bool,
    #[serde(rename = "sessionId")]
    pub(crate) session: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlayerUpdate {
    pub(crate) op: &'static str,
    pub(crate) guild_id: String,
    pub(crate) state: PlayerState,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct PlayerState {
    /// The node's clock, in Unix milliseconds.
    pub(crate) time: i64,
    pub(crate) position: i64,
    pub(crate) connected: bool,
    pub(crate) ping: i64,
}

/// An event of a player; what belongs to its type stands behind.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event<'a, T> {
    pub(crate) op: &'static str,
    pub(crate) r#type: &'a str,
    pub(crate) guild_id: String,
    #[serde(flatten)]
    pub(crate) rest: T,
}

#[derive(Serialize)]
pub(crate) struct Started {
    pub(crate) track: TrackObject,
}

#[derive(Serialize)]
pub(crate) struct Ended {
    pub(crate) track: TrackObject,
    pub(crate) reason: &'static str,
}

#[derive(Serialize)]
pub(crate) struct Failed {
    pub(crate) track: TrackObject,
    pub(crate) exception: Exception,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stuck {
    pub(crate) track: TrackObject,
    pub(crate) threshold_ms: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VoiceClosed<'a> {
    pub(crate) code: u16,
    pub(crate) reason: &'a str,
    pub(crate) by_remote: bool,
}

/// An exception, in events and load results alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Exception {
    pub(crate) message: Option<String>,
    pub(crate) severity: &'static str,
    pub(crate) cause: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cause_stack_trace: Option<String>,
}

impl Exception {
    pub(crate) fn new(message: &str, severity: &'static str, cause: &str, quirks: &Quirks) -> Self {
        let trace = format!("{cause}\n\tat com.sedmelluq.discord.lavaplayer.Simulated.java:1");
        Self {
            message: Some(message.to_owned()),
            severity,
            cause: cause.to_owned(),
            cause_stack_trace: (!quirks.contains(&NodeQuirk::NoStackTrace)).then_some(trace),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrackObject {
    pub(crate) encoded: String,
    pub(crate) info: TrackInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plugin_info: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_data: Option<Map<String, Value>>,
}

impl TrackObject {
    /// A track as it is at this position.
    pub(crate) fn new(track: &Track, position: i64, quirks: &Quirks) -> Self {
        let unless =
            |quirk, map: &Map<String, Value>| (!quirks.contains(&quirk)).then(|| map.clone());
        Self {
            encoded: track.encoded(position, !quirks.contains(&NodeQuirk::Unpadded)),
            info: TrackInfo {
                position,
                ..track.info.clone()
            },
            plugin_info: unless(NodeQuirk::NoPluginInfo, &track.plugin_info),
            user_data: unless(NodeQuirk::NoUserData, &track.user_data),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlayerObject {
    pub(crate) guild_id: String,
    pub(crate) track: Option<TrackObject>,
    pub(crate) volume: u16,
    pub(crate) paused: bool,
    pub(crate) state: PlayerState,
    pub(crate) voice: VoiceObject,
    pub(crate) filters: Filters,
}

/// Voice state of a player: empty texts where the client gave none (protocol §5.3).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VoiceObject {
    pub(crate) token: String,
    pub(crate) endpoint: String,
    pub(crate) session_id: String,
    pub(crate) channel_id: Option<String>,
}

impl From<Option<&Claim>> for VoiceObject {
    fn from(claim: Option<&Claim>) -> Self {
        Self {
            token: claim.map(|claim| claim.token.clone()).unwrap_or_default(),
            endpoint: claim
                .map(|claim| claim.endpoint.clone())
                .unwrap_or_default(),
            session_id: claim.map(|claim| claim.session.clone()).unwrap_or_default(),
            channel_id: claim.and_then(|claim| claim.channel.clone()),
        }
    }
}

#[expect(clippy::struct_field_names, reason = "the wire's own names")]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stats {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) op: Option<&'static str>,
    pub(crate) players: usize,
    pub(crate) playing_players: usize,
    pub(crate) uptime: i64,
    pub(crate) memory: Memory,
    pub(crate) cpu: Cpu,
    /// Absent, null or there, in this order.
    #[expect(clippy::option_option, reason = "the wire knows all three")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) frame_stats: Option<Option<FrameStats>>,
}

#[derive(Serialize)]
pub(crate) struct Memory {
    pub(crate) free: i64,
    pub(crate) used: i64,
    pub(crate) allocated: i64,
    pub(crate) reservable: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cpu {
    pub(crate) cores: u32,
    pub(crate) system_load: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lavalink_load: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nodelink_load: Option<f64>,
}

#[derive(Serialize)]
pub(crate) struct FrameStats {
    pub(crate) sent: i64,
    pub(crate) nulled: i64,
    pub(crate) deficit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<i64>,
}

/// A document as text; the types here have nothing that JSON could not hold.
pub(crate) fn text(document: &impl Serialize) -> String {
    serde_json::to_string(document).unwrap_or_default()
}
