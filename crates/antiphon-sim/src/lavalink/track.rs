//! Tracks and their encoding (protocol §10).

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};
use serde::Serialize;
use serde_json::{Map, Value};

/// Takes texts with and without padding, and with any unused bits in the last symbol, as Java's decoder does.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// The bit of the first word that says that a version follows.
const VERSIONED: u32 = 1 << 30;
/// Bits of the first word that are flags, not a length.
const FLAGS: u32 = 0b11 << 30;
/// Sources that write a probe behind their name.
const PROBED: [&str; 2] = ["http", "local"];
/// Sources of the plugin `LavaSrc`, which write what they know of album and artist there.
const EXTENDED: [&str; 8] = [
    "spotify",
    "applemusic",
    "deezer",
    "yandexmusic",
    "vkmusic",
    "tidal",
    "qobuz",
    "jiosaavn",
];
/// Sources of Lavaplayer that write nothing there.
const PLAIN: [&str; 9] = [
    "youtube",
    "soundcloud",
    "bandcamp",
    "twitch",
    "vimeo",
    "niconico",
    "getyarn.io",
    "yandex-music",
    "beam.pro",
];
/// Trailer that another server wrote behind the position.
const TRAILERS: [&[u8]; 2] = [b"\x01\x00\x0dNLK:seekableY", b"\x01\x00\x0dNLK:seekableN"];

/// Information about a track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrackInfo {
    pub(crate) identifier: String,
    pub(crate) is_seekable: bool,
    pub(crate) author: String,
    /// Milliseconds; `i64::MAX` for streams.
    pub(crate) length: i64,
    pub(crate) is_stream: bool,
    pub(crate) position: i64,
    pub(crate) title: String,
    pub(crate) uri: Option<String>,
    pub(crate) artwork_url: Option<String>,
    pub(crate) isrc: Option<String>,
    pub(crate) source_name: String,
}

/// A track: its encoded bytes and their content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Track {
    bytes: Vec<u8>,
    /// Where in the bytes the position begins.
    position_at: usize,
    pub(crate) info: TrackInfo,
    pub(crate) plugin_info: Map<String, Value>,
    pub(crate) user_data: Map<String, Value>,
}

/// Error of a text that is no encoded track.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum TrackError {
    #[error("Illegal base64 character or length")]
    Base64,
    #[error("the message says {said} bytes follow, and there are {found}")]
    Length { said: usize, found: usize },
    #[error("the message ends too early")]
    Short,
    #[error("the message is an end marker")]
    End,
}

impl Track {
    /// A track in the newest layout, with a probe where its source writes one.
    pub(crate) fn new(info: TrackInfo) -> Self {
        Self::in_version(info, 3)
    }

    /// A track in an older layout, which leaves out what that did not have.
    pub(crate) fn in_version(info: TrackInfo, version: u8) -> Self {
        let mut bytes = encode(&info, version);
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX) & !FLAGS;
        let flags = if version > 1 { VERSIONED } else { 0 };
        let mut whole = (length | flags).to_be_bytes().to_vec();
        whole.append(&mut bytes);
        Self {
            position_at: whole.len() - 8,
            bytes: whole,
            info,
            plugin_info: Map::new(),
            user_data: Map::new(),
        }
    }

    /// Version of the layout.
    pub(crate) fn version(&self) -> u8 {
        let is_versioned = self.bytes[0] & 0x40 != 0;
        if is_versioned { self.bytes[4] } else { 1 }
    }

    /// Reads an encoded track.
    pub(crate) fn decode(text: &str) -> Result<Self, TrackError> {
        let bytes = LENIENT.decode(text).map_err(|_| TrackError::Base64)?;
        let (info, position_at) = decode(&bytes)?;
        Ok(Self {
            bytes,
            position_at,
            info,
            plugin_info: Map::new(),
            user_data: Map::new(),
        })
    }

    /// Whether a node has the source that the track is from.
    pub(crate) fn has_known_source(&self) -> bool {
        let known = [&PROBED[..], &EXTENDED[..], &PLAIN[..]].concat();
        known.contains(&self.info.source_name.as_str())
    }

    /// The encoded text, with this position inside.
    pub(crate) fn encoded(&self, position: i64, padded: bool) -> String {
        let mut bytes = self.bytes.clone();
        bytes[self.position_at..][..8].copy_from_slice(&position.to_be_bytes());
        if padded {
            general_purpose::STANDARD.encode(bytes)
        } else {
            general_purpose::STANDARD_NO_PAD.encode(bytes)
        }
    }
}

fn encode(info: &TrackInfo, version: u8) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    if version > 1 {
        bytes.push(version);
    }
    put(&mut bytes, &info.title);
    put(&mut bytes, &info.author);
    bytes.extend(info.length.to_be_bytes());
    put(&mut bytes, &info.identifier);
    bytes.push(u8::from(info.is_stream));
    if version >= 2 {
        put_optional(&mut bytes, info.uri.as_deref());
    }
    if version >= 3 {
        put_optional(&mut bytes, info.artwork_url.as_deref());
        put_optional(&mut bytes, info.isrc.as_deref());
    }
    put(&mut bytes, &info.source_name);
    if PROBED.contains(&info.source_name.as_str()) {
        put(&mut bytes, "mp3");
    }
    bytes.extend(info.position.to_be_bytes());
    bytes
}

/// Writes a text in Java's modified UTF-8, behind its length.
fn put(bytes: &mut Vec<u8>, text: &str) {
    let mut written = Vec::with_capacity(text.len());
    for unit in text.encode_utf16() {
        let [high, low] = unit.to_be_bytes();
        match unit {
            0x0001..=0x007f => written.push(low),
            0 | 0x0080..=0x07ff => {
                written.push(0xc0 | (high << 2) | (low >> 6));
                written.push(0x80 | (low & 0x3f));
            }
            _ => {
                written.push(0xe0 | (high >> 4));
                written.push(0x80 | ((high & 0x0f) << 2) | (low >> 6));
                written.push(0x80 | (low & 0x3f));
            }
        }
    }
    // Longer texts do not fit; the catalogue has none.
    written.truncate(usize::from(u16::MAX));
    bytes.extend(
        u16::try_from(written.len())
            .unwrap_or(u16::MAX)
            .to_be_bytes(),
    );
    bytes.append(&mut written);
}

fn put_optional(bytes: &mut Vec<u8>, text: Option<&str>) {
    bytes.push(u8::from(text.is_some()));
    if let Some(text) = text {
        put(bytes, text);
    }
}

/// Reads a message as Lavaplayer does, and says where its position begins.
///
/// Bytes behind the position or the message are ignored, and so is an unknown version.
fn decode(bytes: &[u8]) -> Result<(TrackInfo, usize), TrackError> {
    let mut rest = Rest(bytes);
    let first = u32::from_be_bytes(rest.array()?);
    let said = usize::try_from(first & !FLAGS).map_err(|_| TrackError::Short)?;
    let found = rest.0.len();
    if said == 0 {
        return Err(TrackError::End);
    }
    rest.0 = rest
        .0
        .get(..said)
        .ok_or(TrackError::Length { said, found })?;
    let version = if first & VERSIONED == 0 {
        1
    } else {
        rest.byte()?
    };
    let title = rest.text()?;
    let author = rest.text()?;
    let length = i64::from_be_bytes(rest.array()?);
    let identifier = rest.text()?;
    let is_stream = rest.byte()? != 0;
    let uri = if version >= 2 { rest.optional()? } else { None };
    let (artwork_url, isrc) = if version >= 3 {
        (rest.optional()?, rest.optional()?)
    } else {
        (None, None)
    };
    let source_name = rest.text()?;
    let details = rest.details(&source_name);
    rest.0 = rest.0.get(details..).ok_or(TrackError::Short)?;
    let position_at = 4 + said - rest.0.len();
    let position = i64::from_be_bytes(rest.array()?);
    let info = TrackInfo {
        identifier,
        is_seekable: !is_stream,
        author,
        length,
        is_stream,
        position,
        title,
        uri,
        artwork_url,
        isrc,
        source_name,
    };
    Ok((info, position_at))
}

/// Rest of a message.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], TrackError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(TrackError::Short)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, TrackError> {
        self.array().map(|[byte]| byte)
    }

    fn text(&mut self) -> Result<String, TrackError> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        let (text, rest) = self.0.split_at_checked(length).ok_or(TrackError::Short)?;
        self.0 = rest;
        Ok(read(text))
    }

    fn optional(&mut self) -> Result<Option<String>, TrackError> {
        if self.byte()? == 0 {
            return Ok(None);
        }
        self.text().map(Some)
    }

    /// How many bytes the source writes before the position; all but the last eight where its form is not known.
    fn details(&self, source: &str) -> usize {
        let trailer = TRAILERS.into_iter().find(|end| self.0.ends_with(end));
        let end = self.0.len() - trailer.map_or(0, <[u8]>::len);
        let most = end.saturating_sub(8);
        let mut probe = Rest(&self.0[..end]);
        let read = if most == 0 || PLAIN.contains(&source) {
            Ok(())
        } else if PROBED.contains(&source) {
            probe.text().map(drop)
        } else if EXTENDED.contains(&source) {
            let mut texts = (0..5).map(|_| probe.optional());
            let texts = texts.try_for_each(|text| text.map(drop));
            texts.and_then(|()| probe.byte().map(drop))
        } else {
            return most;
        };
        let used = end - probe.0.len();
        if read.is_ok() { used.min(most) } else { most }
    }
}

/// Reads plain UTF-8, or else Java's modified UTF-8, in which characters beyond the first plane are two surrogates.
fn read(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let low = |byte: u8| u16::from(byte & 0x3f);
        let (unit, after) = match (first, after) {
            (0x00..=0x7f, _) => (u16::from(first), after),
            (0xc0..=0xdf, [a, after @ ..]) => ((u16::from(first & 0x1f) << 6) | low(*a), after),
            (0xe0..=0xef, [a, b, after @ ..]) => (
                (u16::from(first & 0x0f) << 12) | (low(*a) << 6) | low(*b),
                after,
            ),
            _ => (0xfffd, after),
        };
        units.push(unit);
        rest = after;
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone() -> TrackInfo {
        TrackInfo {
            identifier: "t1".into(),
            is_seekable: true,
            author: "Lab".into(),
            length: 1500,
            is_stream: false,
            position: 0,
            title: "Tone".into(),
            uri: Some("x:t1".into()),
            artwork_url: None,
            isrc: None,
            source_name: "soundcloud".into(),
        }
    }

    #[test]
    fn the_vectors_of_the_sheet_are_met() {
        let plain =
            "QAAANgMABFRvbmUAA0xhYgAAAAAAAAXcAAJ0MQABAAR4OnQxAAAACnNvdW5kY2xvdWQAAAAAAAAAAA==";
        assert_eq!(Track::new(tone()).encoded(0, true), plain);
        assert_eq!(Track::decode(plain).map(|track| track.info), Ok(tone()));
        let bare = plain.trim_end_matches('=');
        assert_eq!(Track::new(tone()).encoded(0, false), bare);
        assert_eq!(Track::decode(bare).map(|track| track.info), Ok(tone()));

        let probed = TrackInfo {
            uri: None,
            source_name: "http".into(),
            ..tone()
        };
        let text = "QAAALwMABFRvbmUAA0xhYgAAAAAAAAXcAAJ0MQAAAAAABGh0dHAAA21wMwAAAAAAAAAA";
        assert_eq!(Track::new(probed.clone()).encoded(0, true), text);
        assert_eq!(Track::decode(text).map(|track| track.info), Ok(probed));
    }

    #[test]
    fn every_version_comes_back_with_what_it_can_hold() {
        for version in 1..=3 {
            let info = TrackInfo {
                uri: (version >= 2).then(|| "x:t1".into()),
                isrc: (version >= 3).then(|| "QZES71982312".into()),
                title: "nul \0, ümlaut, 𝄞 clef".into(),
                position: 77,
                ..tone()
            };
            let track = Track::in_version(info.clone(), version);
            let back = Track::decode(&track.encoded(77, true)).expect("a track");
            assert_eq!(back.info, info, "version {version}");
        }
    }

    #[test]
    fn a_position_is_written_over_and_nothing_else() {
        let track = Track::new(tone());
        let later = Track::decode(&track.encoded(900, true)).expect("a track");
        assert_eq!(
            later.info,
            TrackInfo {
                position: 900,
                ..tone()
            }
        );
    }

    #[test]
    fn what_is_no_track_is_told_apart() {
        assert_eq!(Track::decode("*"), Err(TrackError::Base64));
        assert_eq!(Track::decode("AA=="), Err(TrackError::Short));
        assert_eq!(
            Track::decode("QAAANgMABFRvbmU="),
            Err(TrackError::Length { said: 54, found: 7 })
        );
        assert_eq!(Track::decode("AAAAAA=="), Err(TrackError::End));
    }

    #[test]
    fn whatever_lavaplayer_reads_is_read_and_its_position_is_written_over() {
        for file in [
            include_str!("../../../../fixtures/lavalink/cases/track-bytes-after-message.json"),
            include_str!("../../../../fixtures/lavalink/cases/track-declared-shorter.json"),
            include_str!("../../../../fixtures/lavalink/cases/track-nodelink-trailer.json"),
            include_str!("../../../../fixtures/lavalink/cases/track-v1-with-flag.json"),
        ] {
            let file: Value = serde_json::from_str(file).expect("JSON");
            for case in file["vectors"].as_array().expect("a list") {
                let text = case["encoded"].as_str().expect("a text");
                let track = Track::decode(text).expect("a track");
                let info = serde_json::to_value(&track.info).expect("JSON");
                assert_eq!(info, case["right"], "{case}");
                assert_eq!(track.encoded(track.info.position, true), text, "{case}");
                let later = Track::decode(&track.encoded(900, true)).expect("a track");
                assert_eq!(later.info.position, 900, "{case}");
                assert_eq!(later.info.title, track.info.title, "{case}");
            }
        }
    }

    #[test]
    fn a_version_that_is_not_known_is_read_as_the_newest() {
        let mut bytes = Track::new(tone()).bytes;
        for version in [4, 255] {
            bytes[4] = version;
            let track = Track::decode(&general_purpose::STANDARD.encode(&bytes)).expect("a track");
            assert_eq!(track.info, tone());
        }
    }

    #[test]
    fn names_in_plain_utf8_are_read_as_well() {
        assert_eq!(read("𝄞".as_bytes()), "𝄞");
        let mut modified = Vec::new();
        put(&mut modified, "𝄞\0");
        assert_eq!(modified.len(), 2 + 6 + 2);
        assert_eq!(read(&modified[2..]), "𝄞\0");
    }
}
