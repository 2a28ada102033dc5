//! Filters of players (protocol §7).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::number::{Double, Float, Int};

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
    volume: Option<Float>,
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
    band: Int,
    #[serde(default = "whole")]
    gain: Float,
}

/// Gain of an equalizer band that has none (protocol §7), unlike the documentation.
fn whole() -> Float {
    Float(1.0)
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Karaoke {
    level: Float,
    mono_level: Float,
    filter_band: Float,
    filter_width: Float,
}

impl Default for Karaoke {
    fn default() -> Self {
        Self {
            level: Float(1.0),
            mono_level: Float(1.0),
            filter_band: Float(220.0),
            filter_width: Float(100.0),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Timescale {
    speed: Double,
    pitch: Double,
    rate: Double,
}

impl Default for Timescale {
    fn default() -> Self {
        Self {
            speed: Double(1.0),
            pitch: Double(1.0),
            rate: Double(1.0),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Wave {
    frequency: Float,
    depth: Float,
}

impl Default for Wave {
    fn default() -> Self {
        Self {
            frequency: Float(2.0),
            depth: Float(0.5),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Distortion {
    sin_offset: Float,
    sin_scale: Float,
    cos_offset: Float,
    cos_scale: Float,
    tan_offset: Float,
    tan_scale: Float,
    offset: Float,
    scale: Float,
}

impl Default for Distortion {
    fn default() -> Self {
        Self {
            sin_offset: Float(0.0),
            sin_scale: Float(1.0),
            cos_offset: Float(0.0),
            cos_scale: Float(1.0),
            tan_offset: Float(0.0),
            tan_scale: Float(1.0),
            offset: Float(0.0),
            scale: Float(1.0),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rotation {
    rotation_hz: Double,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ChannelMix {
    left_to_left: Float,
    left_to_right: Float,
    right_to_left: Float,
    right_to_right: Float,
}

impl Default for ChannelMix {
    fn default() -> Self {
        Self {
            left_to_left: Float(1.0),
            left_to_right: Float(0.0),
            right_to_left: Float(0.0),
            right_to_right: Float(1.0),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct LowPass {
    smoothing: Float,
}

impl Default for LowPass {
    fn default() -> Self {
        Self {
            smoothing: Float(20.0),
        }
    }
}

/// Bands of the equalizer.
const BANDS: i32 = 15;

impl Filters {
    /// Reads filters from JSON; the error says why a node cannot.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let given: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        // These two fields, and no others, may not be null (protocol §7).
        for name in ["volume", "equalizer"] {
            if given.get(name).is_some_and(Value::is_null) {
                return Err(format!("`{name}` is null"));
            }
        }
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// A band that the equalizer does not have, if one is set.
    pub(crate) fn odd_band(&self) -> Option<i32> {
        let mut bands = self.equalizer.iter().flatten().map(|band| band.band.0);
        bands.find(|band| !(0..BANDS).contains(band))
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
        (timescale.speed.0 * timescale.rate.0).max(0.0)
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
        let filters = Filters::read(&filters.to_string()).expect("filters");
        assert_eq!(
            serde_json::to_string(&filters).expect("JSON"),
            r#"{"equalizer":[{"band":3,"gain":1.0}],"timescale":{"speed":1.1,"pitch":1.0,"rate":1.0}}"#
        );
        assert!((filters.speed() - 1.1).abs() < 1e-9);
    }

    #[test]
    fn quoted_numbers_are_the_same_as_unquoted_ones() {
        let quoted = r#"{"volume":"0.9","equalizer":[{"band":"3","gain":"0.2"}],"karaoke":{"level":"1","filterBand":"220"},
            "timescale":{"speed":"1.2"},"tremolo":{"depth":"0.5"},"vibrato":{"frequency":"2"},"distortion":{"scale":"1"},
            "rotation":{"rotationHz":"0.2"},"channelMix":{"leftToRight":"0.5"},"lowPass":{"smoothing":"20"}}"#;
        let read = |text: &str| Filters::read(text).expect(text);
        let once = serde_json::to_string(&read(quoted)).expect("JSON");
        assert!(!once.contains(r#":"0"#), "{once}");
        assert_eq!(read(quoted), read(&once));
    }

    #[test]
    fn what_is_no_filter_is_refused_or_named() {
        for wrong in [
            json!({"volume": null}),
            json!({"equalizer": null}),
            json!({"equalizer": [{"band": "x", "gain": 0.1}]}),
            json!({"equalizer": [{"gain": 0.1}]}),
            json!({"timescale": {"speed": "fast"}}),
            json!([1]),
        ] {
            assert!(Filters::read(&wrong.to_string()).is_err(), "{wrong}");
        }
        for (band, odd) in [(0, None), (14, None), (15, Some(15)), (-1, Some(-1))] {
            let filters = json!({"equalizer": [{"band": band}]}).to_string();
            let filters = Filters::read(&filters).expect("filters");
            assert_eq!(filters.odd_band(), odd);
        }
        assert_eq!(
            Filters::unknown(&json!({"reverb": {}, "lowPass": {}})),
            ["reverb"]
        );
    }
}
