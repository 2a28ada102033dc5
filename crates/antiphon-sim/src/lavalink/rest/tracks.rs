//! Tracks: loaded and decoded (protocol §5, §5.2).

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Answer, Call, Refusal, Routed};
use crate::lavalink::{
    catalogue::{Loaded, Playlist},
    quirk::NodeQuirk,
    state::State,
    track::Track,
    wire::{Exception, Quirks, TrackObject, text},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LoadResult<T> {
    load_type: &'static str,
    data: T,
}

/// A load error as another server writes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBeside {
    load_type: &'static str,
    exception: Exception,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlaylistObject {
    info: PlaylistInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin_info: Option<Map<String, Value>>,
    tracks: Vec<TrackObject>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlaylistInfo {
    name: String,
    selected_track: i64,
}

impl PlaylistObject {
    fn new(playlist: Playlist, quirks: &Quirks) -> Self {
        let tracks = playlist.tracks.iter();
        Self {
            info: PlaylistInfo {
                name: playlist.name,
                selected_track: playlist.selected,
            },
            plugin_info: (!quirks.contains(&NodeQuirk::NoPluginInfo))
                .then_some(playlist.plugin_info),
            tracks: tracks
                .map(|track| TrackObject::new(track, 0, quirks))
                .collect(),
        }
    }
}

fn found<T: Serialize>(load_type: &'static str, data: T) -> Answer {
    Answer::ok(&LoadResult { load_type, data })
}

impl State {
    pub(crate) fn load_tracks(&mut self, call: &Call<'_>) -> Routed {
        let Some(identifier) = call.field("identifier") else {
            let message = "Required parameter 'identifier' is not present.";
            return Err(Refusal::bad(message));
        };
        let quirks = &self.nodes[call.node].quirks;
        Ok(match self.catalogue.load(identifier) {
            Loaded::Track(track) => found("track", TrackObject::new(&track, 0, quirks)),
            Loaded::Playlist(playlist) => found("playlist", PlaylistObject::new(playlist, quirks)),
            Loaded::Search(tracks) => {
                let tracks = tracks
                    .iter()
                    .map(|track| TrackObject::new(track, 0, quirks));
                found("search", tracks.collect::<Vec<_>>())
            }
            Loaded::Empty if quirks.contains(&NodeQuirk::EmptyAbsent) => {
                Answer::json(200, r#"{"loadType":"empty"}"#)
            }
            Loaded::Empty if quirks.contains(&NodeQuirk::EmptyObject) => {
                found("empty", Map::<String, Value>::new())
            }
            Loaded::Empty => found("empty", Value::Null),
            Loaded::Error {
                message,
                severity,
                cause,
            } => {
                let exception = Exception::new(&message, severity, &cause, quirks);
                if quirks.contains(&NodeQuirk::ErrorBeside) {
                    let beside = ErrorBeside {
                        load_type: "error",
                        exception,
                    };
                    Answer::json(200, text(&beside))
                } else {
                    found("error", exception)
                }
            }
        })
    }

    /// Reads an encoded track, with what plugins know of it.
    pub(crate) fn read_track(&self, encoded: &str) -> Result<Track, Refusal> {
        // Neither exception is caught by the server, so both are answered with 500.
        let mut track =
            Track::decode(encoded).map_err(|error| Refusal::new(500, error.to_string()))?;
        if !track.has_known_source() {
            let words =
                "Failed to decode track due to a mismatching version or missing source manager";
            return Err(Refusal::new(500, words));
        }
        if let Some(entry) = self.catalogue.entry(&track.info.identifier) {
            track.plugin_info.clone_from(&entry.track.plugin_info);
        }
        Ok(track)
    }

    pub(crate) fn decode_track(&self, call: &Call<'_>) -> Routed {
        let encoded = call
            .field("encodedTrack")
            .or_else(|| call.field("track"))
            .ok_or_else(|| Refusal::bad("No track to decode provided"))?;
        let track = self.read_track(encoded)?;
        let position = track.info.position;
        let quirks = &self.nodes[call.node].quirks;
        Ok(Answer::ok(&TrackObject::new(&track, position, quirks)))
    }

    pub(crate) fn decode_tracks(&self, call: &Call<'_>) -> Routed {
        let encoded: Vec<String> = call.body()?;
        if encoded.is_empty() {
            return Err(Refusal::bad("No tracks to decode provided"));
        }
        let quirks = &self.nodes[call.node].quirks;
        let mut objects = Vec::with_capacity(encoded.len());
        for encoded in encoded {
            let track = self.read_track(&encoded)?;
            objects.push(TrackObject::new(&track, track.info.position, quirks));
        }
        Ok(Answer::ok(&objects))
    }
}
