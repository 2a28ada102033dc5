//! The base64 layout of tracks: decodes what Lavaplayer decodes, and encodes it as it was, without a node (protocol
//! §10).
//!
//! ```
//! use antiphon_lavalink::EncodedTrack;
//!
//! let text = "QAAANgMABFRvbmUAA0xhYgAAAAAAAAXcAAJ0MQABAAR4OnQxAAAACnNvdW5kY2xvdWQAAAAAAAAAAA==";
//! let track = EncodedTrack::decode(text)?;
//! assert_eq!((&*track.info.title, track.info.length), ("Tone", 1500));
//! assert_eq!(track.encode()?, text);
//! # Ok::<(), antiphon_lavalink::TrackError>(())
//! ```
//!
//! # The layout
//! A word of 32 bits with two flags and the length of the message, then the message: a version, texts and numbers in a
//! fixed order, bytes that only the source can read, and the position. Numbers are big-endian. Texts are Java's
//! *modified UTF-8* with a length of 16 bits: NUL is two bytes, and a character beyond the first plane two surrogates
//! of three bytes each
//! ([Java](https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/io/DataInput.html#modified-utf-8)).
//!
//! # What holds
//! - Decoding and encoding give the same text back where nothing changed, whoever wrote it: `Form` notes each deviation
//!   from Java's way.
//! - The work is linear in the input, which is at most 1 MiB.
//! - The source's bytes are never interpreted beyond their length, which a table of known sources gives; for others the
//!   position is what ends the message.

use std::fmt;

use base64::{
    Engine as _,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, GeneralPurposeConfig},
    },
};

use crate::model::{Playable, TrackInfo};

/// Version that nodes write today.
const LATEST: u8 = 3;
/// Flag of the first word: a version follows.
const VERSIONED: u32 = 1 << 30;
/// The other flag of the first word, which has no meaning.
const OTHER_FLAG: u32 = 1 << 31;
/// Bits of the length in the first word.
const LENGTH: u32 = VERSIONED - 1;
/// Longest input; real tracks have some hundred bytes.
const LONGEST: usize = 1 << 20;
/// Bytes of a position.
const POSITION: usize = 8;

/// Padding is written but not required, and unused bits of the last symbol may be set, as in Java's decoder.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A decoded track.
///
/// It decodes whatever Lavaplayer decodes. [`EncodedTrack::encode`] returns the same bytes: unknown versions and flags,
/// texts in plain UTF-8, bytes after the position and after the message, and missing padding are kept. A changed value
/// is written as Java writes it.
///
/// # Examples
/// Start a track at another position, or give it another title:
///
/// ```
/// use antiphon_lavalink::{EncodedTrack, TrackError};
///
/// let text = "QAAANgMABFRvbmUAA0xhYgAAAAAAAAXcAAJ0MQABAAR4OnQxAAAACnNvdW5kY2xvdWQAAAAAAAAAAA==";
/// let mut track = EncodedTrack::decode(text)?;
/// assert_eq!(track.version, 3);
/// track.info.position = 500;
/// track.info.title = "Tone 🎵".into();
/// let changed = track.encode()?;
/// assert_eq!(EncodedTrack::decode(&changed)?.info, track.info);
///
/// // A track of one's own, such as for a test.
/// let own = EncodedTrack::new(track.info.clone());
/// assert_eq!(own.to_string(), "Tone 🎵 by Lab");
///
/// assert_eq!(EncodedTrack::decode("no base64!"), Err(TrackError::NotBase64));
/// assert_eq!(EncodedTrack::decode("AAAAAA=="), Err(TrackError::End));
/// # Ok::<(), TrackError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodedTrack {
    /// Version of the layout. Versions 0 and 1 have no `uri`; `artwork` and `isrc` need version 3.
    ///
    /// Higher versions are unknown, and read and written as version 3.
    pub version: u8,
    /// Metadata; `is_seekable` is always the opposite of `is_stream`.
    pub info: TrackInfo,
    /// Bytes of the source, unread: a container's name for `http` and `local`, album and artist for sources of the
    /// plugin `LavaSrc`, nothing for most.
    pub details: Vec<u8>,
    /// Bytes after the position, unread; only some versions of `NodeLink` write any. Mostly empty.
    pub trailer: Vec<u8>,
    /// Deviations from Java's way, so that the track can be encoded as it was.
    form: Form,
}

/// How the bytes differ from what Java writes for the same values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Form {
    /// Version 1 with the flag and a version byte.
    is_versioned: bool,
    other_flag: bool,
    /// Number of missing padding characters.
    unpadded: usize,
    /// Bytes after the message.
    rest: Vec<u8>,
    /// Texts that are not in modified UTF-8: field, bytes, value.
    texts: Vec<(&'static str, String, Vec<u8>)>,
    /// Bytes for *true* other than 1, with their fields.
    truths: Vec<(&'static str, u8)>,
}

/// A track could not be decoded or encoded. No error of this kind passes: the text is wrong, or cut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrackError {
    /// Not base64.
    #[error("the track is not base64")]
    NotBase64,
    /// Longer than 1 MiB.
    #[error("the track has {0} bytes, more than any real one")]
    TooLong(usize),
    /// Shorter than its length field says.
    #[error("the track says it has {declared} bytes and has {found}")]
    Length {
        /// Declared length.
        declared: usize,
        /// Actual length.
        found: usize,
    },
    /// The end mark of a list of tracks.
    #[error("there is no track, only the mark of an end")]
    End,
    /// It ends before this field.
    #[error("the track ends before its {0}")]
    Cut(&'static str),
    /// A text is longer than the layout allows: 65,535 bytes.
    #[error("the track's {0} is too long for the layout")]
    Text(&'static str),
}

impl EncodedTrack {
    /// Creates a track in the newest layout, without bytes of the source.
    ///
    /// Nodes can play it if its source needs none. [`details`](Self::details) can be set afterwards.
    pub fn new(info: TrackInfo) -> Self {
        Self {
            version: LATEST,
            info,
            details: Vec::new(),
            trailer: Vec::new(),
            form: Form::default(),
        }
    }

    /// Decodes a track; padding may be missing.
    ///
    /// # Errors
    /// [`TrackError`] if it is not of this layout; [`TrackError::TooLong`] beyond 1 MiB, unread.
    pub fn decode(encoded: &str) -> Result<Self, TrackError> {
        if encoded.len() > LONGEST {
            return Err(TrackError::TooLong(encoded.len()));
        }
        let bytes = BASE64.decode(encoded).map_err(|_| TrackError::NotBase64)?;
        let mut reader = Reader {
            rest: &bytes,
            form: Form::default(),
        };
        let head = u32::from_be_bytes(reader.array("length")?);
        let declared = (head & LENGTH) as usize;
        if declared == 0 {
            return Err(TrackError::End);
        }
        let Some((message, rest)) = reader.rest.split_at_checked(declared) else {
            return Err(TrackError::Length {
                declared,
                found: reader.rest.len(),
            });
        };
        reader.rest = message;
        reader.form.rest = rest.to_vec();
        reader.form.other_flag = head & OTHER_FLAG != 0;
        reader.form.unpadded = encoded.len().next_multiple_of(4) - encoded.len();
        let version = if head & VERSIONED == 0 {
            1
        } else {
            reader.byte("version")?
        };
        reader.form.is_versioned = version == 1 && head & VERSIONED != 0;
        let mut info = TrackInfo {
            title: reader.text("title")?,
            author: reader.text("author")?,
            length: i64::from_be_bytes(reader.array("length in time")?),
            identifier: reader.text("identifier")?,
            is_stream: reader.truth("kind")?,
            ..TrackInfo::default()
        };
        info.is_seekable = !info.is_stream;
        if version >= 2 {
            info.uri = reader.maybe_text("address")?;
        }
        if version >= 3 {
            info.artwork = reader.maybe_text("picture")?;
            info.isrc = reader.maybe_text("recording code")?;
        }
        info.source = reader.text("source")?;
        let details = reader.take(details(&info.source, reader.rest), "position")?;
        info.position = i64::from_be_bytes(reader.array("position")?);
        Ok(Self {
            version,
            info,
            details: details.to_vec(),
            trailer: reader.rest.to_vec(),
            form: reader.form,
        })
    }

    /// Encodes the track: byte for byte as it was decoded where nothing changed.
    ///
    /// A value that the version has no room for is left out: `uri` before version 2, `artwork` and `isrc` before
    /// version 3. `is_seekable` is no part of the layout.
    ///
    /// # Errors
    /// [`TrackError`] if a text is too long for the layout, or the track is longer than 1 MiB.
    pub fn encode(&self) -> Result<String, TrackError> {
        let (info, form) = (&self.info, &self.form);
        let mut writer = Writer {
            bytes: vec![0; 4],
            form,
        };
        let is_versioned = self.version != 1 || form.is_versioned;
        if is_versioned {
            writer.bytes.push(self.version);
        }
        writer.text("title", &info.title)?;
        writer.text("author", &info.author)?;
        writer.bytes.extend_from_slice(&info.length.to_be_bytes());
        writer.text("identifier", &info.identifier)?;
        writer.truth("kind", info.is_stream);
        if self.version >= 2 {
            writer.maybe_text("address", info.uri.as_deref())?;
        }
        if self.version >= 3 {
            writer.maybe_text("picture", info.artwork.as_deref())?;
            writer.maybe_text("recording code", info.isrc.as_deref())?;
        }
        writer.text("source", &info.source)?;
        let mut bytes = writer.bytes;
        bytes.extend_from_slice(&self.details);
        bytes.extend_from_slice(&info.position.to_be_bytes());
        bytes.extend_from_slice(&self.trailer);
        let length = bytes.len() - 4;
        bytes.extend_from_slice(&form.rest);
        if bytes.len() > LONGEST {
            return Err(TrackError::TooLong(bytes.len()));
        }
        let mut head = u32::try_from(length).expect("at most a mebibyte");
        head |= if is_versioned { VERSIONED } else { 0 };
        head |= if form.other_flag { OTHER_FLAG } else { 0 };
        bytes[..4].copy_from_slice(&head.to_be_bytes());
        let mut text = BASE64.encode(bytes);
        for _ in 0..form.unpadded {
            if text.ends_with('=') {
                text.pop();
            }
        }
        Ok(text)
    }
}

impl Playable {
    /// Decodes a track from its base64 form, without a request to a node.
    ///
    /// `plugin_info` and `extras` are not part of the encoding, and empty.
    ///
    /// # Errors
    /// [`TrackError`] if it is not of this layout.
    pub fn decode(encoded: &str) -> Result<Self, TrackError> {
        Ok(Self {
            encoded: encoded.into(),
            info: EncodedTrack::decode(encoded)?.info,
            ..Self::default()
        })
    }
}

/// Number of bytes of the source before the position; `rest` is the message after the source's name.
///
/// Only the source knows the form of its bytes. Those of Lavaplayer and `LavaSrc` are read as they read them. For
/// others the position ends the message, except for the known trailers of `NodeLink`.
fn details(source: &str, rest: &[u8]) -> usize {
    let end = rest.len() - node_link_trailer(rest);
    let before_the_last = end.saturating_sub(POSITION);
    if before_the_last == 0 {
        return 0;
    }
    let mut reader = Reader {
        rest: &rest[..end],
        form: Form::default(),
    };
    let read = match source {
        // Container's name with parameters.
        "http" | "local" => reader.text("details").map(drop),
        // Album's name and URL, artist's URL and picture, preview's URL, and whether it is a preview.
        "spotify" | "applemusic" | "deezer" | "yandexmusic" | "vkmusic" | "tidal" | "qobuz"
        | "jiosaavn" => (0..5)
            .try_for_each(|_| reader.maybe_text("details").map(drop))
            .and_then(|()| reader.truth("details").map(drop)),
        // These sources write nothing; `NodeLink` writes texts for some, and so does `yt-dlp` of `LavaSrc`.
        "youtube" | "soundcloud" | "bandcamp" | "twitch" | "vimeo" | "niconico" | "getyarn.io"
        | "yandex-music" | "beam.pro" | "flowery-tts"
            if !are_texts(&rest[..before_the_last]) =>
        {
            Ok(())
        }
        _ => return before_the_last,
    };
    let taken = end - reader.rest.len();
    if read.is_ok() && taken <= before_the_last {
        taken
    } else {
        before_the_last
    }
}

/// Whether these bytes are optional texts, with at least one present.
fn are_texts(mut bytes: &[u8]) -> bool {
    let mut any = false;
    while let Some((first, rest)) = bytes.split_first() {
        bytes = rest;
        if *first == 0 {
            continue;
        }
        let Some((length, rest)) = rest.split_first_chunk().filter(|_| *first == 1) else {
            return false;
        };
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((text, rest)) = rest.split_at_checked(length) else {
            return false;
        };
        if std::str::from_utf8(text).is_err() {
            return false;
        }
        any = true;
        bytes = rest;
    }
    any
}

/// Bytes of the text that `NodeLink` 3 wrote after the position for some months; 0 without one.
fn node_link_trailer(rest: &[u8]) -> usize {
    const TRAILERS: [&[u8]; 2] = [b"\x01\x00\x0dNLK:seekableY", b"\x01\x00\x0dNLK:seekableN"];
    let trailer = TRAILERS.into_iter().find(|trailer| rest.ends_with(trailer));
    trailer.map_or(0, <[u8]>::len)
}

/// Remaining bytes, and how they differ from what Java writes.
struct Reader<'a> {
    rest: &'a [u8],
    form: Form,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], TrackError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(TrackError::Cut(what))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], TrackError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(TrackError::Cut(what))?;
        self.rest = rest;
        Ok(*taken)
    }

    fn byte(&mut self, what: &'static str) -> Result<u8, TrackError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    /// Any byte but 0 is *true*.
    fn truth(&mut self, what: &'static str) -> Result<bool, TrackError> {
        let byte = self.byte(what)?;
        if byte > 1 {
            self.form.truths.push((what, byte));
        }
        Ok(byte != 0)
    }

    fn text(&mut self, what: &'static str) -> Result<String, TrackError> {
        let length = u16::from_be_bytes(self.array(what)?);
        let bytes = self.take(length.into(), what)?;
        let text = text(bytes);
        let is_plain = bytes.is_ascii() && !bytes.contains(&0);
        if !is_plain && modified(&text) != bytes {
            self.form.texts.push((what, text.clone(), bytes.to_vec()));
        }
        Ok(text)
    }

    fn maybe_text(&mut self, what: &'static str) -> Result<Option<String>, TrackError> {
        if self.truth(what)? {
            self.text(what).map(Some)
        } else {
            Ok(None)
        }
    }
}

/// Writes a message in the form of the one that was read.
struct Writer<'a> {
    bytes: Vec<u8>,
    form: &'a Form,
}

impl Writer<'_> {
    fn truth(&mut self, what: &'static str, value: bool) {
        let mut truths = self.form.truths.iter();
        let as_read = truths.find(|(field, _)| *field == what && value);
        self.bytes
            .push(as_read.map_or(value.into(), |(_, byte)| *byte));
    }

    fn text(&mut self, what: &'static str, text: &str) -> Result<(), TrackError> {
        let mut texts = self.form.texts.iter();
        let as_read = texts.find(|(field, read, _)| *field == what && read == text);
        let written = as_read.map_or_else(|| modified(text), |(_, _, bytes)| bytes.clone());
        let length = u16::try_from(written.len()).map_err(|_| TrackError::Text(what))?;
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(&written);
        Ok(())
    }

    fn maybe_text(&mut self, what: &'static str, text: Option<&str>) -> Result<(), TrackError> {
        self.truth(what, text.is_some());
        text.map_or(Ok(()), |text| self.text(what, text))
    }
}

/// Decodes modified or plain UTF-8.
fn text(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    // Only bytes that plain UTF-8 forbids need a second look: NUL as two bytes, and surrogates as three each.
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let follow = |index: usize| {
            let byte = after
                .get(index)
                .copied()
                .filter(|byte| byte & 0xc0 == 0x80)?;
            Some(u32::from(byte & 0x3f))
        };
        let first = u32::from(first);
        let (unit, used) = match first {
            0..0x80 => (Some(first), 0),
            0xc0..0xe0 => (follow(0).map(|low| (first & 0x1f) << 6 | low), 1),
            0xe0..0xf0 => {
                let middle = follow(0).zip(follow(1));
                let unit = middle.map(|(middle, low)| (first & 0x0f) << 12 | middle << 6 | low);
                (unit, 2)
            }
            0xf0..0xf8 => {
                let follows = follow(0).zip(follow(1)).zip(follow(2));
                let unit = follows.map(|((high, middle), low)| {
                    (first & 7) << 18 | high << 12 | middle << 6 | low
                });
                (unit, 3)
            }
            _ => (None, 0),
        };
        let Some(unit) = unit else {
            rest = after;
            units.push(0xfffd);
            continue;
        };
        rest = &after[used..];
        if let Ok(unit) = u16::try_from(unit) {
            units.push(unit);
        } else {
            let whole = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
            units.extend_from_slice(whole.encode_utf16(&mut [0; 2]));
        }
    }
    String::from_utf16_lossy(&units)
}

/// Encodes modified UTF-8: NUL as two bytes, and characters beyond the first plane as two surrogates of three bytes
/// each.
fn modified(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\0' => bytes.extend_from_slice(&[0xc0, 0x80]),
            '\u{10000}'.. => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let [high, low] = unit.to_be_bytes();
                    bytes.extend_from_slice(&[
                        0xe0 | high >> 4,
                        0x80 | (high & 0x0f) << 2 | low >> 6,
                        0x80 | low & 0x3f,
                    ]);
                }
            }
            other => bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

impl fmt::Display for EncodedTrack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.info.title, self.info.author)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    const PLAIN: &str =
        "QAAANgMABFRvbmUAA0xhYgAAAAAAAAXcAAJ0MQABAAR4OnQxAAAACnNvdW5kY2xvdWQAAAAAAAAAAA==";
    const PROBED: &str = "QAAALwMABFRvbmUAA0xhYgAAAAAAAAXcAAJ0MQAAAAAABGh0dHAAA21wMwAAAAAAAAAA";

    #[test]
    fn the_documented_vectors_are_read_and_written_back() {
        let plain = EncodedTrack::decode(PLAIN).expect("a track");
        assert_eq!(plain.version, 3);
        assert_eq!(plain.to_string(), "Tone by Lab");
        assert_eq!(plain.info.uri.as_deref(), Some("x:t1"));
        assert_eq!(plain.info.source, "soundcloud");
        let probed = EncodedTrack::decode(PROBED).expect("a track");
        assert_eq!(probed.details, b"\0\x03mp3");
        for (track, text) in [(plain, PLAIN), (probed, PROBED)] {
            assert_eq!(track.encode().expect("the same"), text);
        }
    }

    #[test]
    fn padding_may_be_missing() {
        let whole = EncodedTrack::decode(PLAIN).expect("a track");
        for missing in 1..=2 {
            let text = &PLAIN[..PLAIN.len() - missing];
            let bare = EncodedTrack::decode(text).expect("a track");
            assert_eq!(bare.info, whole.info);
            assert_eq!(bare.encode().as_deref(), Ok(text));
        }
    }

    /// Tracks and their metadata as Lavaplayer reads them; each file names its source.
    fn cases() -> impl Iterator<Item = serde_json::Value> {
        let files = [
            include_str!("../../../fixtures/lavalink/cases/track-bytes-after-message.json"),
            include_str!("../../../fixtures/lavalink/cases/track-declared-shorter.json"),
            include_str!("../../../fixtures/lavalink/cases/track-nodelink-trailer.json"),
            include_str!("../../../fixtures/lavalink/cases/track-v1-with-flag.json"),
        ];
        files.into_iter().flat_map(|file| {
            let mut file: serde_json::Value = serde_json::from_str(file).expect("JSON");
            let vectors = std::mem::take(&mut file["vectors"]);
            vectors.as_array().cloned().expect("a list")
        })
    }

    #[test]
    fn whatever_lavaplayer_reads_is_read_and_written_back() {
        for case in cases() {
            let text = case["encoded"].as_str().expect("a text");
            let track = EncodedTrack::decode(text).expect("a track");
            let right = case["right"].to_string();
            let info: crate::wire::TrackInfo<'_> = serde_json::from_str(&right).expect("an info");
            assert_eq!(track.info, info.into(), "{case}");
            assert_eq!(track.version, case["version"], "{case}");
            let mut details = String::new();
            for byte in &track.details {
                let _ = write!(details, "{byte:02x}");
            }
            assert_eq!(details, case["details_hex"].as_str().unwrap_or_default());
            assert_eq!(track.encode().as_deref(), Ok(text), "{case}");
        }
    }

    #[test]
    fn a_changed_position_changes_nothing_else() {
        for case in cases() {
            let text = case["encoded"].as_str().expect("a text");
            let mut track = EncodedTrack::decode(text).expect("a track");
            let was = std::mem::replace(&mut track.info.position, 0x0102_0304_0506);
            let changed = track.encode().expect("no longer");
            let mut again = EncodedTrack::decode(&changed).expect("a track");
            assert_eq!(again, track, "{case}");
            again.info.position = was;
            assert_eq!(again.encode().as_deref(), Ok(text), "{case}");
        }
    }

    /// Builds a track: flags, bytes before the title, title, URL, and bytes after the source's name.
    fn made(flags: u32, version: &[u8], title: &[u8], address: &[u8], tail: &[u8]) -> Vec<u8> {
        let mut bytes = version.to_vec();
        let put = |bytes: &mut Vec<u8>, text: &[u8]| {
            bytes.extend_from_slice(&u16::try_from(text.len()).expect("short").to_be_bytes());
            bytes.extend_from_slice(text);
        };
        put(&mut bytes, title);
        put(&mut bytes, b"Lab");
        bytes.extend_from_slice(&1500_i64.to_be_bytes());
        put(&mut bytes, b"t1");
        bytes.push(2);
        bytes.extend_from_slice(address);
        put(&mut bytes, b"soundcloud");
        bytes.extend_from_slice(tail);
        let head = u32::try_from(bytes.len()).expect("short") | flags << 30;
        [&head.to_be_bytes()[..], &bytes].concat()
    }

    #[test]
    fn unknown_versions_flags_and_odd_bytes_are_read_and_written_back() {
        let none = [0; 8];
        let odd = [&none[..], b"more"].concat();
        let texts: [(&[u8], &str); 6] = [
            (b"Tone", "Tone"),
            ("♪🎵".as_bytes(), "♪🎵"),
            (b"\xed\xa0\xbc\xed\xbe\xb5", "🎵"),
            (b"a\0b\xc0\x80", "a\0b\0"),
            (b"\xed\xa0\xbc!", "\u{fffd}!"),
            (b"\xc1\x81\xff", "A\u{fffd}"),
        ];
        for (title, shown) in texts {
            for (flags, version, address) in [
                (0, &[][..], &[][..]),
                (2, &[], &[]),
                (1, &[0], &[]),
                (3, &[1], &[]),
                (1, &[2], &[0]),
                (1, &[3], &[7, 0, 1, b'x', 0, 0]),
                (1, &[4], &[0, 0, 0]),
                (1, &[255], &[0, 1, 0, 1, b'y', 0]),
            ] {
                for tail in [&none[..], &odd] {
                    let bytes = made(flags, version, title, address, tail);
                    let text = BASE64.encode(bytes);
                    let track = EncodedTrack::decode(&text).expect("a track");
                    assert_eq!(track.version, version.first().copied().unwrap_or(1));
                    assert_eq!(track.info.title, shown);
                    assert!(track.info.is_stream);
                    assert_eq!((track.info.position, &*track.details), (0, &[][..]));
                    assert_eq!(track.encode().as_deref(), Ok(&*text));
                }
            }
        }
    }

    #[test]
    fn unused_bits_of_the_last_symbol_are_passed_over() {
        let text = PLAIN.replace("AA==", "AP==");
        let track = EncodedTrack::decode(&text).expect("Java reads it");
        assert_eq!(track.encode().as_deref(), Ok(PLAIN));
    }

    #[test]
    fn a_known_trailer_is_no_part_of_details_whatever_the_source() {
        for (source, details) in [
            ("mixcloud", &b""[..]),
            ("mixcloud", b"\x01\x02"),
            ("spotify", b""),
            ("http", b"\x01\x00\x02ab"),
            ("soundcloud", b"\x01\x00\x02ab"),
        ] {
            let mut track = EncodedTrack::new(TrackInfo {
                source: source.into(),
                is_seekable: true,
                position: 77,
                ..TrackInfo::default()
            });
            track.details = details.to_vec();
            track.trailer = b"\x01\x00\x0dNLK:seekableN".to_vec();
            let text = track.encode().expect("short");
            assert_eq!(EncodedTrack::decode(&text), Ok(track), "{source}");
        }
    }

    #[test]
    fn texts_that_a_node_keeps_for_any_source_are_details() {
        let tail = [&b"\x01\x00\x02ab\x00"[..], &77_i64.to_be_bytes()].concat();
        let text = BASE64.encode(made(1, &[1], b"T", b"", &tail));
        let track = EncodedTrack::decode(&text).expect("a track");
        assert_eq!((track.info.position, track.details.len()), (77, 6));
        assert!(track.trailer.is_empty());
    }

    #[track_caller]
    fn check(encoded: &str, expected: TrackError) {
        assert_eq!(EncodedTrack::decode(encoded), Err(expected));
    }

    #[test]
    fn what_is_no_track_says_why() {
        check("!", TrackError::NotBase64);
        check("", TrackError::Cut("length"));
        check("AAAAAA==", TrackError::End);
        check(
            "QAAABwM=",
            TrackError::Length {
                declared: 7,
                found: 1,
            },
        );
        check("QAAAAQk=", TrackError::Cut("title"));
        check("QAAAAQM=", TrackError::Cut("title"));
        check(&"A".repeat(LONGEST + 1), TrackError::TooLong(LONGEST + 1));
        let long = EncodedTrack::new(TrackInfo {
            title: "x".repeat(70_000),
            ..TrackInfo::default()
        });
        assert_eq!(long.encode(), Err(TrackError::Text("title")));
    }

    #[test]
    fn both_ways_of_writing_texts_are_read() {
        assert_eq!(text("♪🎵".as_bytes()), "♪🎵");
        assert_eq!(text(b"a\xc0\x80\xed\xa0\xbc\xed\xbe\xb5b"), "a\0🎵b");
        assert_eq!(text(b"\xff\xc0"), "\u{fffd}\u{fffd}");
        assert_eq!(text(b"\xed\xa0\xbc"), "\u{fffd}", "half a pair");
        assert_eq!(text(b"\xff\xf0\x9f\x8e\xb5"), "\u{fffd}🎵");
    }

    fn any_track() -> impl Strategy<Value = EncodedTrack> {
        let texts = (".{0,40}", ".{0,40}", ".{0,40}", "[a-z.-]{0,12}");
        let maybe = || proptest::option::of(".{0,60}");
        let numbers = (any::<i64>(), any::<i64>(), any::<bool>(), 1_u8..=3);
        let details = proptest::collection::vec(any::<u8>(), 0..40);
        (texts, (maybe(), maybe(), maybe()), numbers, details).prop_map(
            |((title, author, identifier, source), (uri, artwork, isrc), numbers, details)| {
                let (length, position, is_stream, version) = numbers;
                EncodedTrack {
                    version,
                    info: TrackInfo {
                        identifier,
                        is_seekable: !is_stream,
                        author,
                        length,
                        is_stream,
                        position,
                        title,
                        uri: uri.filter(|_| version >= 2),
                        artwork: artwork.filter(|_| version >= 3),
                        isrc: isrc.filter(|_| version >= 3),
                        source,
                    },
                    details,
                    trailer: Vec::new(),
                    form: Form::default(),
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(track in any_track()) {
            let encoded = track.encode().expect("short texts");
            prop_assert_eq!(EncodedTrack::decode(&encoded), Ok(track.clone()));
            let bare = encoded.trim_end_matches('=');
            let read = EncodedTrack::decode(bare).expect("a track");
            prop_assert_eq!(read.encode(), Ok(bare.to_owned()));
            prop_assert_eq!(read.info, track.info);
        }

        #[test]
        fn whatever_is_read_is_written_back(number in any::<usize>(), changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..4)) {
            let texts: Vec<String> = cases().map(|case| case["encoded"].as_str().expect("a text").to_owned()).collect();
            let mut bytes = BASE64.decode(&texts[number % texts.len()]).expect("base64");
            for (place, byte) in changes {
                let place = place % bytes.len();
                bytes[place] = byte;
            }
            let text = BASE64.encode(bytes);
            if let Ok(track) = EncodedTrack::decode(&text) {
                prop_assert_eq!(track.encode(), Ok(text));
            }
        }

        #[test]
        fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut framed = (u32::try_from(bytes.len()).expect("short") | VERSIONED).to_be_bytes().to_vec();
            framed.extend_from_slice(&bytes);
            let _ = EncodedTrack::decode(&BASE64.encode(&framed));
            let _ = EncodedTrack::decode(&BASE64.encode(&bytes));
        }

        #[test]
        fn reading_any_text_never_panics(text in ".{0,200}") {
            let _ = EncodedTrack::decode(&text);
        }
    }
}
