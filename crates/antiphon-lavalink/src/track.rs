//! The base64 layout of tracks, versions 1 to 3, read and written without asking a node (protocol §10).
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

use std::fmt;

use base64::{
    Engine as _,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, GeneralPurposeConfig},
    },
};

use crate::model::{Playable, TrackInfo};

/// The version that nodes write today.
const LATEST: u8 = 3;
/// The flag in the top two bits of the first word: a version follows.
const VERSIONED: u32 = 1 << 30;
/// Where the declared length stops and the flags begin.
const LENGTH: u32 = VERSIONED - 1;
/// Longest text that is looked at; real tracks have some hundred bytes.
const LONGEST: usize = 1 << 20;

/// Padding is written, and not asked for.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A track in a node's own form, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodedTrack {
    /// Version of the layout, 1 to 3. Version 1 has no `uri`, and version 2 neither `artwork` nor `isrc`.
    pub version: u8,
    /// What is known of the track; its `is_seekable` is always the opposite of `is_stream`.
    pub info: TrackInfo,
    /// What the source itself keeps with it, unread: a container's name for `http` and `local`, nothing for most.
    pub details: Vec<u8>,
}

/// A track cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrackError {
    /// It is not base64.
    #[error("the track is not base64")]
    NotBase64,
    /// It is longer than any track: above 1 MiB.
    #[error("the track has {0} bytes, more than any real one")]
    TooLong(usize),
    /// Its length is another than it says itself.
    #[error("the track says it has {declared} bytes and has {found}")]
    Length {
        /// What it says.
        declared: usize,
        /// What is there.
        found: usize,
    },
    /// It marks the end of a list of tracks.
    #[error("there is no track, only the mark of an end")]
    End,
    /// Its version is not known.
    #[error("version {0} of the layout is not known; 1 to 3 are")]
    Version(u8),
    /// It ends before this.
    #[error("the track ends before its {0}")]
    Cut(&'static str),
    /// A text is longer than the layout can hold: 65,535 bytes.
    #[error("the track's {0} is too long for the layout")]
    Text(&'static str),
}

impl EncodedTrack {
    /// The newest layout for this track, without details.
    pub fn new(info: TrackInfo) -> Self {
        Self {
            version: LATEST,
            info,
            details: Vec::new(),
        }
    }

    /// Takes a track apart; its padding may be missing.
    ///
    /// # Errors
    /// [`TrackError`] if it is not of this layout.
    pub fn decode(encoded: &str) -> Result<Self, TrackError> {
        if encoded.len() > LONGEST {
            return Err(TrackError::TooLong(encoded.len()));
        }
        let bytes = BASE64.decode(encoded).map_err(|_| TrackError::NotBase64)?;
        let mut reader = Reader(&bytes);
        let head = u32::from_be_bytes(reader.array("length")?);
        let declared = (head & LENGTH) as usize;
        if declared == 0 {
            return Err(TrackError::End);
        }
        if declared != reader.0.len() {
            return Err(TrackError::Length {
                declared,
                found: reader.0.len(),
            });
        }
        let version = if head & VERSIONED == 0 {
            1
        } else {
            reader.byte("version")?
        };
        if !(1..=LATEST).contains(&version) {
            return Err(TrackError::Version(version));
        }
        let mut info = TrackInfo {
            title: reader.text("title")?,
            author: reader.text("author")?,
            length: i64::from_be_bytes(reader.array("length in time")?),
            identifier: reader.text("identifier")?,
            is_stream: reader.byte("kind")? != 0,
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
        // What a source keeps is of any form, so the position is found from the end.
        let Some((details, position)) = reader.0.split_last_chunk() else {
            return Err(TrackError::Cut("position"));
        };
        info.position = i64::from_be_bytes(*position);
        Ok(Self {
            version,
            info,
            details: details.to_vec(),
        })
    }

    /// Puts a track together.
    ///
    /// # Errors
    /// [`TrackError`] if a text is too long or the version not known.
    pub fn encode(&self) -> Result<String, TrackError> {
        let mut body = Vec::with_capacity(256);
        if !(1..=LATEST).contains(&self.version) {
            return Err(TrackError::Version(self.version));
        }
        if self.version > 1 {
            body.push(self.version);
        }
        let info = &self.info;
        put_text(&mut body, "title", &info.title)?;
        put_text(&mut body, "author", &info.author)?;
        body.extend_from_slice(&info.length.to_be_bytes());
        put_text(&mut body, "identifier", &info.identifier)?;
        body.push(info.is_stream.into());
        if self.version >= 2 {
            put_maybe(&mut body, "address", info.uri.as_deref())?;
        }
        if self.version >= 3 {
            put_maybe(&mut body, "picture", info.artwork.as_deref())?;
            put_maybe(&mut body, "recording code", info.isrc.as_deref())?;
        }
        put_text(&mut body, "source", &info.source)?;
        body.extend_from_slice(&self.details);
        body.extend_from_slice(&info.position.to_be_bytes());
        if body.len() > LONGEST {
            return Err(TrackError::TooLong(body.len()));
        }
        let length = u32::try_from(body.len()).expect("at most a mebibyte");
        let flag = if self.version > 1 { VERSIONED } else { 0 };
        let mut bytes = (length | flag).to_be_bytes().to_vec();
        bytes.append(&mut body);
        Ok(BASE64.encode(bytes))
    }
}

impl Playable {
    /// A track made from its base64 form alone, without asking a node.
    ///
    /// # Errors
    /// [`TrackError`] if it is not of the known layout.
    pub fn decode(encoded: &str) -> Result<Self, TrackError> {
        Ok(Self {
            encoded: encoded.into(),
            info: EncodedTrack::decode(encoded)?.info,
            ..Self::default()
        })
    }
}

/// The bytes not read yet.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], TrackError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(TrackError::Cut(what))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], TrackError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(TrackError::Cut(what))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self, what: &'static str) -> Result<u8, TrackError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    fn text(&mut self, what: &'static str) -> Result<String, TrackError> {
        let length = u16::from_be_bytes(self.array(what)?);
        self.take(length.into(), what).map(text)
    }

    fn maybe_text(&mut self, what: &'static str) -> Result<Option<String>, TrackError> {
        match self.byte(what)? {
            0 => Ok(None),
            _ => self.text(what).map(Some),
        }
    }
}

/// Java's modified UTF-8 and the plain one, whichever was written.
fn text(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    // Only what plain UTF-8 forbids needs a second look: NUL as two bytes, and surrogates as three each.
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

fn put_text(body: &mut Vec<u8>, what: &'static str, text: &str) -> Result<(), TrackError> {
    let start = body.len();
    body.extend_from_slice(&[0; 2]);
    for character in text.chars() {
        match character {
            '\0' => body.extend_from_slice(&[0xc0, 0x80]),
            '\u{10000}'.. => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let [high, low] = unit.to_be_bytes();
                    body.extend_from_slice(&[
                        0xe0 | high >> 4,
                        0x80 | (high & 0x0f) << 2 | low >> 6,
                        0x80 | low & 0x3f,
                    ]);
                }
            }
            other => body.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    let length = u16::try_from(body.len() - start - 2).map_err(|_| TrackError::Text(what))?;
    body[start..start + 2].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

fn put_maybe(body: &mut Vec<u8>, what: &'static str, text: Option<&str>) -> Result<(), TrackError> {
    body.push(text.is_some().into());
    text.map_or(Ok(()), |text| put_text(body, what, text))
}

impl fmt::Display for EncodedTrack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.info.title, self.info.author)
    }
}

#[cfg(test)]
mod tests {
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
        let bare = PLAIN.trim_end_matches('=');
        assert_eq!(EncodedTrack::decode(bare), EncodedTrack::decode(PLAIN));
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
        check("QAAAAQk=", TrackError::Version(9));
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
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(track in any_track()) {
            let encoded = track.encode().expect("short texts");
            prop_assert_eq!(EncodedTrack::decode(&encoded), Ok(track.clone()));
            prop_assert_eq!(EncodedTrack::decode(encoded.trim_end_matches('=')), Ok(track));
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
