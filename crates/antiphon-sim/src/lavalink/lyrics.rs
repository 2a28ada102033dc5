//! Lyrics of tracks, as the plugin `LavaLyrics` gives them (protocol §5.7).

use serde::Serialize;
use serde_json::{Map, Value};

use super::track::Track;

/// Milliseconds before the first line, and between two lines.
const PACE: (i64, i64) = (2000, 5000);
/// Most lines of a track.
const LINES: usize = 100;
/// Sources without lyrics.
const WORDLESS: [&str; 2] = ["http", "local"];

/// Lyrics of one track.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lyrics {
    source_name: String,
    provider: &'static str,
    text: Option<String>,
    pub(crate) lines: Vec<Line>,
    plugin: Map<String, Value>,
}

/// A line, and when it is sung.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    /// Milliseconds from the beginning of the track.
    pub(crate) timestamp: i64,
    pub(crate) duration: Option<i64>,
    #[serde(rename = "line")]
    pub(crate) text: String,
    plugin: Map<String, Value>,
}

impl Lyrics {
    /// Lyrics of a track; streams, short tracks and files have none.
    pub(crate) fn of(track: &Track) -> Option<Self> {
        let info = &track.info;
        if info.is_stream || WORDLESS.contains(&info.source_name.as_str()) {
            return None;
        }
        let mut lines = Vec::new();
        let mut at = PACE.0;
        while at < info.length && lines.len() < LINES {
            lines.push(Line {
                timestamp: at,
                duration: Some(PACE.1.min(info.length - at)),
                text: format!("{}, line {}", info.title, lines.len() + 1),
                plugin: Map::new(),
            });
            at += PACE.1;
        }
        (!lines.is_empty()).then(|| Self {
            source_name: info.source_name.clone(),
            provider: "Simulated",
            text: None,
            lines,
            plugin: Map::new(),
        })
    }
}
