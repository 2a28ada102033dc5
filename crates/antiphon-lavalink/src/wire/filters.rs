//! Filters (<https://lavalink.dev/api/rest.html#filters>, protocol §7).
//!
//! A node replaces all filters at once, so [`Filters`] is always the whole: a filter that is absent is removed. Within
//! a filter, an absent number is the server's default, except for the gain of an equalizer's band, whose default
//! differs between the server and its documentation and which is therefore always sent.
//!
//! Values are not checked here, since the node knows its own bounds. Nodes can disable filters:
//! [`Info::filters`](crate::Info::filters) lists those that they have, and another one is refused with status 400 and
//! its name (protocol §5.1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Number of equalizer bands: 25 40 63 100 160 250 400 630 1000 1600 2500 4000 6300 10000 16000 Hz, from band 0 to band
/// 14.
pub const BANDS: usize = 15;

/// Writes a filter of numbers; an absent number is the server's default.
macro_rules! filter {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty as $wire:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$field_doc])*
                #[serde(rename = $wire, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )*
        }

        impl $name {
            /// Creates the filter with the server's defaults.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                $(#[$field_doc])*
                #[must_use]
                pub fn $field(mut self, value: $type) -> Self {
                    self.$field = Some(value);
                    self
                }
            )*

            /// Takes over the values that `other` sets.
            pub fn set(&mut self, other: Self) {
                $(self.$field = other.$field.or(self.$field);)*
            }
        }
    };
}

filter! {
    /// Removes the vocals of a song ([karaoke](https://lavalink.dev/api/rest.html#karaoke)). Its presence enables it.
    Karaoke {
        /// Level, 0 to 1. Server's default: 1.
        level: f32 as "level",
        /// Mono level, 0 to 1. Server's default: 1.
        mono_level: f32 as "monoLevel",
        /// Band to filter, in Hz. Server's default: 220.
        filter_band: f32 as "filterBand",
        /// Width of the band, in Hz. Server's default: 100.
        filter_width: f32 as "filterWidth",
    }
}

filter! {
    /// Changes speed and pitch ([timescale](https://lavalink.dev/api/rest.html#timescale)). Default of each: 1.
    Timescale {
        /// Speed, 0 or more; the pitch stays.
        speed: f64 as "speed",
        /// Pitch, 0 or more; the speed stays.
        pitch: f64 as "pitch",
        /// Speed and pitch together, 0 or more.
        rate: f64 as "rate",
    }
}

filter! {
    /// Oscillates the volume ([tremolo](https://lavalink.dev/api/rest.html#tremolo)).
    Tremolo {
        /// Frequency in Hz, above 0. Server's default: 2.
        frequency: f32 as "frequency",
        /// Depth, above 0 and up to 1. Server's default: 0.5.
        depth: f32 as "depth",
    }
}

filter! {
    /// Oscillates the pitch ([vibrato](https://lavalink.dev/api/rest.html#vibrato)).
    Vibrato {
        /// Frequency in Hz, above 0 and up to 14. Server's default: 2.
        frequency: f32 as "frequency",
        /// Depth, above 0 and up to 1. Server's default: 0.5.
        depth: f32 as "depth",
    }
}

filter! {
    /// Rotates the sound around the listener ([rotation](https://lavalink.dev/api/rest.html#rotation)).
    Rotation {
        /// Rotations per second; 0 disables it.
        rotation_hz: f64 as "rotationHz",
    }
}

filter! {
    /// Distorts the sound ([distortion](https://lavalink.dev/api/rest.html#distortion)). Offsets default to 0, scales
    /// to 1.
    Distortion {
        /// Offset of the sine.
        sin_offset: f32 as "sinOffset",
        /// Scale of the sine.
        sin_scale: f32 as "sinScale",
        /// Offset of the cosine.
        cos_offset: f32 as "cosOffset",
        /// Scale of the cosine.
        cos_scale: f32 as "cosScale",
        /// Offset of the tangent.
        tan_offset: f32 as "tanOffset",
        /// Scale of the tangent.
        tan_scale: f32 as "tanScale",
        /// Offset.
        offset: f32 as "offset",
        /// Scale.
        scale: f32 as "scale",
    }
}

filter! {
    /// Mixes the channels, each factor 0 to 1 ([channel mix](https://lavalink.dev/api/rest.html#channel-mix)). By
    /// default each channel stays.
    ChannelMix {
        /// Left to left.
        left_to_left: f32 as "leftToLeft",
        /// Left to right.
        left_to_right: f32 as "leftToRight",
        /// Right to left.
        right_to_left: f32 as "rightToLeft",
        /// Right to right.
        right_to_right: f32 as "rightToRight",
    }
}

filter! {
    /// Suppresses high frequencies ([low pass](https://lavalink.dev/api/rest.html#low-pass)).
    LowPass {
        /// Smoothing; up to 1 disables it. Server's default: 20.
        smoothing: f32 as "smoothing",
    }
}

/// One band of the [equalizer](https://lavalink.dev/api/rest.html#equalizer), as a node reports it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EqualizerBand {
    /// Band, 0 to 14.
    pub band: u8,
    /// Gain, -0.25 (mute) to 1; 0 changes nothing and 0.25 doubles.
    // Always sent: the server's default is 1, where its documentation says 0.
    #[serde(default = "unheard_gain")]
    pub gain: f32,
}

/// The gain of a band that was reported without one: the server's default.
fn unheard_gain() -> f32 {
    1.0
}

/// Changes the volume of bands ([equalizer](https://lavalink.dev/api/rest.html#equalizer)).
///
/// A node may report any number of bands in any order; the last entry of a band counts.
///
/// ```
/// use antiphon_lavalink::{BANDS, Equalizer};
///
/// let bass = Equalizer::new([(0, 0.2), (1, 0.15)]).band(2, 0.1);
/// assert_eq!((bass.gain(1), bass.gain(14)), (0.15, 0.0));
/// assert_eq!(bass.bands().len(), 3);
/// // There is no band 15.
/// assert_eq!(Equalizer::new([(15, 0.2)]).bands().len(), 0);
///
/// // Quieter from the lowest band to the highest.
/// let slope = Equalizer::new((0_u8..).take(BANDS).map(|band| (band, -0.01 * f32::from(band))));
/// assert_eq!(slope.bands().len(), BANDS);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Equalizer(Vec<EqualizerBand>);

impl Equalizer {
    /// Creates an equalizer with these bands; an invalid band is left out.
    pub fn new(bands: impl IntoIterator<Item = (u8, f32)>) -> Self {
        let mut equalizer = Self::default();
        for (band, gain) in bands {
            equalizer = equalizer.band(band, gain);
        }
        equalizer
    }

    /// Sets one band, 0 to 14; an invalid band is ignored.
    #[must_use]
    pub fn band(mut self, band: u8, gain: f32) -> Self {
        if usize::from(band) < BANDS {
            self.0.retain(|known| known.band != band);
            self.0.push(EqualizerBand { band, gain });
        }
        self
    }

    /// Gain of a band, -0.25 to 1; 0 where none was set.
    pub fn gain(&self, band: u8) -> f32 {
        let known = self.0.iter().rev().find(|known| known.band == band);
        known.map_or(0.0, |known| known.gain)
    }

    /// The bands that were set.
    pub fn bands(&self) -> &[EqualizerBand] {
        &self.0
    }
}

/// Filters of plugins: JSON by plugin name, sent as it is.
///
/// ```
/// use antiphon_lavalink::{Filters, PluginFilters};
///
/// let mut plugins = PluginFilters::new();
/// plugins.insert("echo".into(), serde_json::json!({ "echoLength": 0.5, "decay": 0.3 }));
/// let filters = Filters::new().plugin_filters(plugins);
/// assert_eq!(filters.payload()["pluginFilters"]["echo"]["decay"], 0.3);
/// ```
pub type PluginFilters = BTreeMap<String, Value>;

/// The filters of a player.
///
/// A player always gets all filters: an absent one is removed. [`Player::set_filters`](crate::Player::set_filters)
/// sends them, and [`PlayOptions::filters`](crate::PlayOptions::filters) sends them with a track.
///
/// A reported filter that is unknown, or of another form than documented, is in `other` and sent as it is.
///
/// # Examples
/// ```
/// use antiphon_lavalink::{Equalizer, Filters, Karaoke, Timescale};
///
/// let mut filters = Filters::new()
///     .timescale(Timescale::new().speed(1.2).pitch(0.9))
///     .equalizer(Equalizer::new([(0, 0.25)]));
/// assert!((filters.speed() - 1.2).abs() < 1e-6);
///
/// // Later settings replace those of the same filter and keep the others.
/// filters.set_filters(Filters::new().karaoke(Karaoke::new()).timescale(Timescale::new()));
/// assert!(filters.equalizer.is_some() && filters.karaoke.is_some());
/// assert!((filters.speed() - 1.0).abs() < 1e-6);
/// ```
///
/// The effects that bots offer by name:
///
/// ```
/// use antiphon_lavalink::{ChannelMix, Equalizer, Filters, LowPass, Rotation, Timescale, Tremolo, Vibrato};
///
/// fn effect(name: &str) -> Option<Filters> {
///     let filters = Filters::new();
///     Some(match name {
///         "none" => filters,
///         "nightcore" => filters.timescale(Timescale::new().speed(1.2).pitch(1.2)),
///         "vaporwave" => filters.timescale(Timescale::new().speed(0.85).pitch(0.8)),
///         "8d" => filters.rotation(Rotation::new().rotation_hz(0.2)),
///         "bass" => filters.equalizer(Equalizer::new([(0, 0.3), (1, 0.25), (2, 0.15)])),
///         "soft" => filters.low_pass(LowPass::new().smoothing(20.0)),
///         "shaky" => filters.tremolo(Tremolo::new().frequency(4.0)).vibrato(Vibrato::new().depth(0.8)),
///         "mono" => filters.channel_mix(
///             ChannelMix::new().left_to_left(0.5).left_to_right(0.5).right_to_left(0.5).right_to_right(0.5),
///         ),
///         _ => return None,
///     })
/// }
///
/// assert_eq!(effect("none").map(|none| none.payload()), Some(serde_json::json!({})));
/// assert_eq!(
///     effect("8d").map(|filters| filters.payload()),
///     Some(serde_json::json!({ "rotation": { "rotationHz": 0.2 } }))
/// );
/// assert_eq!(effect("louder"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, Value>")]
#[non_exhaustive]
pub struct Filters {
    /// Volume, 0 to 5; 1 changes nothing, and more may distort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<f32>,
    /// Changes the volume of bands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equalizer: Option<Equalizer>,
    /// Removes the vocals of a song.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub karaoke: Option<Karaoke>,
    /// Changes speed and pitch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timescale: Option<Timescale>,
    /// Oscillates the volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tremolo: Option<Tremolo>,
    /// Oscillates the pitch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vibrato: Option<Vibrato>,
    /// Rotates the sound around the listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// Distorts the sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distortion: Option<Distortion>,
    /// Mixes the channels.
    #[serde(rename = "channelMix", skip_serializing_if = "Option::is_none")]
    pub channel_mix: Option<ChannelMix>,
    /// Suppresses high frequencies.
    #[serde(rename = "lowPass", skip_serializing_if = "Option::is_none")]
    pub low_pass: Option<LowPass>,
    /// Filters of plugins.
    #[serde(rename = "pluginFilters", skip_serializing_if = "Option::is_none")]
    pub plugin_filters: Option<PluginFilters>,
    /// Filters of other servers, and filters of an undocumented form: JSON by filter name.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// Takes a filter that has its documented form; `null` is none.
fn take<T: serde::de::DeserializeOwned>(
    filters: &mut BTreeMap<String, Value>,
    name: &str,
) -> Option<T> {
    let found = filters.get(name)?;
    let filter = Option::<T>::deserialize(found).ok()?;
    filters.remove(name);
    filter
}

impl From<BTreeMap<String, Value>> for Filters {
    fn from(mut filters: BTreeMap<String, Value>) -> Self {
        let all = &mut filters;
        Self {
            volume: take(all, "volume"),
            equalizer: take(all, "equalizer"),
            karaoke: take(all, "karaoke"),
            timescale: take(all, "timescale"),
            tremolo: take(all, "tremolo"),
            vibrato: take(all, "vibrato"),
            rotation: take(all, "rotation"),
            distortion: take(all, "distortion"),
            channel_mix: take(all, "channelMix"),
            low_pass: take(all, "lowPass"),
            plugin_filters: take(all, "pluginFilters"),
            other: filters,
        }
    }
}

/// Writes one chained setter for each filter.
macro_rules! setters {
    ($($field:ident: $type:ty as $wire:literal, $doc:literal;)*) => {
        impl Filters {
            /// Creates the absence of filters.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                #[doc = $doc]
                #[must_use]
                pub fn $field(mut self, $field: $type) -> Self {
                    self.$field = Some($field);
                    self.other.remove($wire);
                    self
                }
            )*

            /// Takes over the filters that `other` sets, each as a whole, and keeps the rest.
            pub fn set_filters(&mut self, other: Self) {
                $(
                    if other.$field.is_some() {
                        self.$field = other.$field;
                        self.other.remove($wire);
                    }
                )*
                self.other.extend(other.other);
            }

            /// Removes all filters.
            pub fn reset(&mut self) {
                *self = Self::default();
            }
        }
    };
}

setters! {
    volume: f32 as "volume", "Sets the volume, 0 to 5.";
    equalizer: Equalizer as "equalizer", "Sets the equalizer.";
    karaoke: Karaoke as "karaoke", "Sets the karaoke filter.";
    timescale: Timescale as "timescale", "Sets speed and pitch.";
    tremolo: Tremolo as "tremolo", "Sets the tremolo.";
    vibrato: Vibrato as "vibrato", "Sets the vibrato.";
    rotation: Rotation as "rotation", "Sets the rotation.";
    distortion: Distortion as "distortion", "Sets the distortion.";
    channel_mix: ChannelMix as "channelMix", "Sets the channel mix.";
    low_pass: LowPass as "lowPass", "Sets the low pass.";
    plugin_filters: PluginFilters as "pluginFilters", "Sets the filters of plugins.";
}

impl Filters {
    /// Speed of the track's position: speed times rate of [`Timescale`]. The pitch has no part in it.
    ///
    /// An invalid value counts as 1.
    pub fn speed(&self) -> f64 {
        let timescale = self.timescale.unwrap_or_default();
        let speed = timescale.speed.unwrap_or(1.0) * timescale.rate.unwrap_or(1.0);
        if speed.is_finite() && speed > 0.0 {
            speed
        } else {
            1.0
        }
    }

    /// The preset *nightcore*: a third faster and higher. It merges with other presets by
    /// [`set_filters`](Self::set_filters), as every preset does.
    ///
    /// ```
    /// use antiphon_lavalink::Filters;
    ///
    /// let mut filters = Filters::nightcore();
    /// filters.set_filters(Filters::bass_boost());
    /// assert!(filters.timescale.is_some() && filters.equalizer.is_some());
    /// assert!(filters.speed() > 1.2);
    /// ```
    pub fn nightcore() -> Self {
        Self::new().timescale(Timescale::new().speed(1.3).pitch(1.3))
    }

    /// The preset *vaporwave*: slower and lower.
    pub fn vaporwave() -> Self {
        Self::new().timescale(Timescale::new().speed(0.85).pitch(0.8))
    }

    /// The preset *bass boost*: the lowest bands are raised by up to 5 dB.
    pub fn bass_boost() -> Self {
        let bands = [
            (0, 0.2),
            (1, 0.15),
            (2, 0.1),
            (3, 0.05),
            (4, 0.0),
            (5, -0.05),
        ];
        Self::new().equalizer(Equalizer::new(bands))
    }

    /// The preset *8D*: the sound turns around the listener once in five seconds.
    pub fn eight_d() -> Self {
        Self::new().rotation(Rotation::new().rotation_hz(0.2))
    }

    /// The preset *karaoke*: the voice in the middle is removed, with the server's own values.
    pub fn without_voice() -> Self {
        Self::new().karaoke(
            Karaoke::new()
                .level(1.0)
                .mono_level(1.0)
                .filter_band(220.0)
                .filter_width(100.0),
        )
    }

    /// The preset *mono*: both channels have the same sound.
    pub fn mono() -> Self {
        let mix = ChannelMix::new().left_to_left(0.5).left_to_right(0.5);
        Self::new().channel_mix(mix.right_to_left(0.5).right_to_right(0.5))
    }

    /// The filters as they are sent: `{}` for none, which removes all.
    pub fn payload(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_merge_and_are_sent_as_filters() {
        let mut filters = Filters::nightcore();
        filters.set_filters(Filters::eight_d());
        filters.set_filters(Filters::mono());
        let sent = filters.payload();
        assert_eq!(
            sent["timescale"],
            serde_json::json!({"speed": 1.3, "pitch": 1.3})
        );
        assert_eq!(sent["rotation"]["rotationHz"], 0.2);
        assert_eq!(sent["channelMix"]["leftToRight"], 0.5);
        assert!(Filters::vaporwave().speed() < 1.0);
        assert_eq!(
            Filters::bass_boost()
                .equalizer
                .expect("bands")
                .bands()
                .len(),
            6
        );
        assert_eq!(
            Filters::without_voice().payload()["karaoke"]["filterBand"],
            220.0
        );
    }

    #[test]
    fn filters_are_sent_as_documented_and_merged_by_what_they_set() {
        let mut filters = Filters::new()
            .volume(0.0)
            .equalizer(Equalizer::new([(0, 0.25), (14, -0.25), (15, 1.0)]))
            .timescale(Timescale::new().speed(1.5))
            .channel_mix(ChannelMix::new().left_to_right(0.5))
            .low_pass(LowPass::new().smoothing(20.0));
        assert_eq!(
            filters.payload().to_string(),
            r#"{"channelMix":{"leftToRight":0.5},"equalizer":[{"band":0,"gain":0.25},{"band":14,"gain":-0.25}],"lowPass":{"smoothing":20.0},"timescale":{"speed":1.5},"volume":0.0}"#
        );
        filters.set_filters(Filters::new().karaoke(Karaoke::new().level(1.0)));
        assert!(filters.karaoke.is_some() && filters.timescale.is_some());
        let mut timescale = Timescale::new().speed(1.5);
        timescale.set(Timescale::new().rate(2.0));
        filters = filters.timescale(timescale);
        assert!((filters.speed() - 3.0).abs() < 1e-9);
        filters.reset();
        assert_eq!(filters.payload(), serde_json::json!({}));
    }

    #[test]
    fn every_field_of_every_filter_has_the_name_of_the_protocol() {
        let karaoke = Karaoke::new()
            .level(1.0)
            .mono_level(0.5)
            .filter_band(220.0)
            .filter_width(100.0);
        let distortion = Distortion::new()
            .sin_offset(1.0)
            .sin_scale(2.0)
            .cos_offset(3.0)
            .cos_scale(4.0)
            .tan_offset(5.0)
            .tan_scale(6.0)
            .offset(7.0)
            .scale(8.0);
        let channel_mix = ChannelMix::new()
            .left_to_left(0.0)
            .left_to_right(0.25)
            .right_to_left(0.5)
            .right_to_right(1.0);
        let filters = Filters::new()
            .volume(1.0)
            .equalizer(Equalizer::new([(3, 0.25)]))
            .karaoke(karaoke)
            .timescale(Timescale::new().speed(1.5).pitch(0.5).rate(2.0))
            .tremolo(Tremolo::new().frequency(2.0).depth(0.5))
            .vibrato(Vibrato::new().frequency(4.0).depth(0.25))
            .rotation(Rotation::new().rotation_hz(0.5))
            .distortion(distortion)
            .channel_mix(channel_mix)
            .low_pass(LowPass::new().smoothing(20.0))
            .plugin_filters([("echo".into(), serde_json::json!({"delay": 1}))].into());
        let expected = serde_json::json!({
            "volume": 1.0,
            "equalizer": [{"band": 3, "gain": 0.25}],
            "karaoke": {"level": 1.0, "monoLevel": 0.5, "filterBand": 220.0, "filterWidth": 100.0},
            "timescale": {"speed": 1.5, "pitch": 0.5, "rate": 2.0},
            "tremolo": {"frequency": 2.0, "depth": 0.5},
            "vibrato": {"frequency": 4.0, "depth": 0.25},
            "rotation": {"rotationHz": 0.5},
            "distortion": {
                "sinOffset": 1.0, "sinScale": 2.0, "cosOffset": 3.0, "cosScale": 4.0,
                "tanOffset": 5.0, "tanScale": 6.0, "offset": 7.0, "scale": 8.0,
            },
            "channelMix": {
                "leftToLeft": 0.0, "leftToRight": 0.25, "rightToLeft": 0.5, "rightToRight": 1.0,
            },
            "lowPass": {"smoothing": 20.0},
            "pluginFilters": {"echo": {"delay": 1}},
        });
        assert_eq!(filters.payload(), expected);
    }

    #[test]
    fn what_a_node_reads_back_is_the_same_with_its_defaults_and_unknown_filters() {
        let read = r#"{"volume":1.0,"equalizer":[{"band":3},{"band":1,"gain":0.5}],"karaoke":null,"tremolo":{"frequency":2.0,"depth":0.5},"pluginFilters":{"echo":{"delay":1}},"chorus":{}}"#;
        let filters: Filters = serde_json::from_str(read).expect("filters");
        let equalizer = filters.equalizer.expect("there");
        let gains = [0, 1, 3].map(|band| equalizer.gain(band).to_string());
        assert_eq!(gains, ["0", "0.5", "1"]);
        assert_eq!(equalizer.bands().len(), 2);
        assert!(filters.karaoke.is_none() && filters.plugin_filters.is_some());
        assert_eq!(filters.other["chorus"], serde_json::json!({}));
    }

    #[test]
    fn a_filter_that_cannot_be_read_costs_no_other_and_is_sent_as_it_was() {
        let read = serde_json::json!({
            "volume": 0.5,
            "equalizer": [{"band": 900, "gain": 0.5}],
            "karaoke": {"level": {}},
            "timescale": {"speed": 1.5},
            "spatial": {"depth": 0.25},
        });
        let filters: Filters = serde_json::from_str(&read.to_string()).expect("filters");
        assert_eq!(filters.volume, Some(0.5));
        assert!((filters.speed() - 1.5).abs() < 1e-9);
        assert!(filters.karaoke.is_none());
        assert_eq!(filters.payload(), read);
        let set = filters.karaoke(Karaoke::new().level(1.0));
        assert_eq!(set.payload()["karaoke"], serde_json::json!({"level": 1.0}));
    }

    #[test]
    fn a_speed_that_makes_no_sense_counts_as_one() {
        for speed in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let filters = Filters::new().timescale(Timescale::new().speed(speed));
            assert!((filters.speed() - 1.0).abs() < 1e-9, "{speed}");
        }
    }
}
