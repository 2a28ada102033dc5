//! Filters of players (protocol §7).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Names of all filters of a node without plugins.
pub(crate) const NAMES: [&str; 10] = [
    "volume",
    "equalizer",
    "karaoke",
    "timescale",
    "tremolo",
    "vibrato",
    "distortion",
    "rotation",
    "channelMix",
    "lowPass",
];

/// The filters of a player; read back with every default filled in.
#[expect(clippy::struct_field_names, reason = "the wire's own names")]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Filters {
    #[serde(skip_serializing_if = "Option::is_none")]
    volume: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    equalizer: Option<Vec<Band>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    karaoke: Option<Karaoke>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timescale: Option<Timescale>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tremolo: Option<Wave>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vibrato: Option<Wave>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distortion: Option<Distortion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation: Option<Rotation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_mix: Option<ChannelMix>,
    #[serde(skip_serializing_if = "Option::is_none")]
    low_pass: Option<LowPass>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    plugin_filters: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Band {
    band: u8,
    #[serde(default = "whole")]
    gain: f32,
}

/// Gain of an equalizer band that has none (protocol §7), unlike the documentation.
fn whole() -> f32 {
    1.0
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Karaoke {
    level: f32,
    mono_level: f32,
    filter_band: f32,
    filter_width: f32,
}

impl Default for Karaoke {
    fn default() -> Self {
        Self {
            level: 1.0,
            mono_level: 1.0,
            filter_band: 220.0,
            filter_width: 100.0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Timescale {
    speed: f64,
    pitch: f64,
    rate: f64,
}

impl Default for Timescale {
    fn default() -> Self {
        Self {
            speed: 1.0,
            pitch: 1.0,
            rate: 1.0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Wave {
    frequency: f32,
    depth: f32,
}

impl Default for Wave {
    fn default() -> Self {
        Self {
            frequency: 2.0,
            depth: 0.5,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Distortion {
    sin_offset: f32,
    sin_scale: f32,
    cos_offset: f32,
    cos_scale: f32,
    tan_offset: f32,
    tan_scale: f32,
    offset: f32,
    scale: f32,
}

impl Default for Distortion {
    fn default() -> Self {
        Self {
            sin_offset: 0.0,
            sin_scale: 1.0,
            cos_offset: 0.0,
            cos_scale: 1.0,
            tan_offset: 0.0,
            tan_scale: 1.0,
            offset: 0.0,
            scale: 1.0,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rotation {
    rotation_hz: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ChannelMix {
    left_to_left: f32,
    left_to_right: f32,
    right_to_left: f32,
    right_to_right: f32,
}

impl Default for ChannelMix {
    fn default() -> Self {
        Self {
            left_to_left: 1.0,
            left_to_right: 0.0,
            right_to_left: 0.0,
            right_to_right: 1.0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct LowPass {
    smoothing: f32,
}

impl Default for LowPass {
    fn default() -> Self {
        Self { smoothing: 20.0 }
    }
}

impl Filters {
    /// Reads filters; the error is what the node says.
    pub(crate) fn read(given: &Value) -> Result<Self, String> {
        if !given.is_object() {
            return Err("Expected a JSON object for `filters`".to_owned());
        }
        // These two fields, and no others, may not be null (protocol §7).
        for name in ["volume", "equalizer"] {
            if given.get(name).is_some_and(Value::is_null) {
                return Err(format!("Unexpected JSON null for `{name}`"));
            }
        }
        let filters: Self = Deserialize::deserialize(given).map_err(|error| error.to_string())?;
        let is_odd = |band: &Band| band.band > 14;
        match filters.equalizer.iter().flatten().find(|band| is_odd(band)) {
            Some(band) => Err(format!("Invalid equalizer band: {}", band.band)),
            None => Ok(filters),
        }
    }

    /// Names in a request that no filter has.
    pub(crate) fn unknown(given: &Value) -> Vec<String> {
        let names = given.as_object().into_iter().flat_map(Map::keys);
        let unknown = names
            .filter(|name| !NAMES.contains(&name.as_str()) && name.as_str() != "pluginFilters");
        unknown.cloned().collect()
    }

    /// How many milliseconds of a track pass in one of the clock.
    pub(crate) fn speed(&self) -> f64 {
        let timescale = self.timescale.unwrap_or_default();
        (timescale.speed * timescale.rate).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_left_out_is_read_back() {
        let filters =
            json!({"timescale": {"speed": 1.1}, "equalizer": [{"band": 3}], "karaoke": null});
        let filters = Filters::read(&filters).expect("filters");
        assert_eq!(
            serde_json::to_string(&filters).expect("JSON"),
            r#"{"equalizer":[{"band":3,"gain":1.0}],"timescale":{"speed":1.1,"pitch":1.0,"rate":1.0}}"#
        );
        assert!((filters.speed() - 1.1).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_filter_is_refused_or_named() {
        for wrong in [
            json!({"volume": null}),
            json!({"equalizer": [{"band": 15, "gain": 0.1}]}),
            json!({"timescale": {"speed": "fast"}}),
            json!([1]),
        ] {
            assert!(Filters::read(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            Filters::unknown(&json!({"reverb": {}, "lowPass": {}})),
            ["reverb"]
        );
    }
}
