//! Frames and responses of plugins, and of `NodeLink`'s own features in their place (protocol §5.7, §22).
//!
//! Servers name the same thing in several ways. Each name is a field here, and the step to the model takes the first
//! that is there; a serde alias would refuse an object with two of them.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Loader, Track, loose};

/// Lyrics, in the forms of `LavaLyrics`, java-lyrics-plugin, lyrics.kt and `NodeLink` (protocol §5.7).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Lyrics<'a> {
    /// `timed` or `text`, of java-lyrics-plugin and lyrics.kt.
    #[serde(rename = "type", borrow, deserialize_with = "loose::maybe_text")]
    pub kind: Option<Cow<'a, str>>,
    /// Source, of `LavaLyrics`.
    #[serde(rename = "sourceName", borrow, deserialize_with = "loose::maybe_text")]
    pub source_name: Option<Cow<'a, str>>,
    /// Source, of java-lyrics-plugin and lyrics.kt.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub source: Option<Cow<'a, str>>,
    /// Provider at the source.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub provider: Option<Cow<'a, str>>,
    /// Name of the variant, of `NodeLink`.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub name: Option<Cow<'a, str>>,
    /// Whether lines have times, of `NodeLink`; absent elsewhere.
    #[serde(deserialize_with = "maybe_flag")]
    pub synced: Option<bool>,
    /// The whole text.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub text: Option<Cow<'a, str>>,
    /// Lines.
    #[serde(borrow, deserialize_with = "loose::list")]
    pub lines: Vec<LyricsLine<'a>>,
    /// The song, of java-lyrics-plugin and lyrics.kt.
    #[serde(borrow, deserialize_with = "loose::object")]
    pub track: LyricsTrack<'a>,
    /// JSON that plugins add, as sent.
    #[serde(borrow)]
    pub plugin: Option<&'a RawValue>,
}

/// The song that [`Lyrics`] are of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LyricsTrack<'a> {
    /// Title.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub title: Option<Cow<'a, str>>,
    /// Author.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub author: Option<Cow<'a, str>>,
    /// Album.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub album: Option<Cow<'a, str>>,
}

/// A line of [`Lyrics`]; times in milliseconds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LyricsLine<'a> {
    /// Begin, of `LavaLyrics` and of `NodeLink`'s events.
    #[serde(deserialize_with = "loose::maybe_integer")]
    pub timestamp: Option<i64>,
    /// Begin, of `NodeLink`'s responses.
    #[serde(deserialize_with = "loose::maybe_integer")]
    pub time: Option<i64>,
    /// Begin and end, of java-lyrics-plugin and lyrics.kt.
    #[serde(deserialize_with = "loose::object")]
    pub range: Range,
    /// Duration.
    #[serde(deserialize_with = "loose::maybe_integer")]
    pub duration: Option<i64>,
    /// Text, of all but `NodeLink`'s responses.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub line: Option<Cow<'a, str>>,
    /// Text, of `NodeLink`'s responses.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub text: Option<Cow<'a, str>>,
    /// JSON that plugins add, as sent.
    #[serde(borrow)]
    pub plugin: Option<&'a RawValue>,
}

/// Begin and end of a line, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Range {
    /// Begin.
    #[serde(deserialize_with = "loose::maybe_integer")]
    pub start: Option<i64>,
    /// End.
    #[serde(deserialize_with = "loose::maybe_integer")]
    pub end: Option<i64>,
}

/// An event about lyrics; fields of other events are empty.
///
/// It is the view of [`LyricsFound`](crate::LyricsFound), [`LyricsNotFound`](crate::LyricsNotFound) and
/// [`LyricsLine`](crate::LyricsLine).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LyricsEvent<'a> {
    /// The lyrics; only in a `LyricsFoundEvent`.
    #[serde(borrow, deserialize_with = "loose::object")]
    pub lyrics: Lyrics<'a>,
    /// Index of the line; only in a `LyricsLineEvent`.
    #[serde(rename = "lineIndex", deserialize_with = "loose::integer")]
    pub index: i64,
    /// The line; only in a `LyricsLineEvent`.
    #[serde(borrow, deserialize_with = "loose::object")]
    pub line: LyricsLine<'a>,
    /// Whether the line was passed by a seek; only in a `LyricsLineEvent`.
    #[serde(deserialize_with = "loose::flag")]
    pub skipped: bool,
}

/// A segment of `SponsorBlock`; times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Segment<'a> {
    /// Category, such as `sponsor`.
    #[serde(borrow, deserialize_with = "loose::text")]
    pub category: Cow<'a, str>,
    /// Begin.
    #[serde(deserialize_with = "loose::integer")]
    pub start: i64,
    /// End.
    #[serde(deserialize_with = "loose::integer")]
    pub end: i64,
    /// Id at `SponsorBlock`; `NodeLink` sends it.
    #[serde(borrow, deserialize_with = "loose::maybe_text")]
    pub uuid: Option<Cow<'a, str>>,
}

/// An event about segments: the view of [`SegmentsLoaded`](crate::SegmentsLoaded) and
/// [`SegmentSkipped`](crate::SegmentSkipped); fields of the other one are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SegmentEvent<'a> {
    /// Segments that were loaded.
    #[serde(borrow, deserialize_with = "loose::list")]
    pub segments: Vec<Segment<'a>>,
    /// The segment that was skipped.
    #[serde(borrow, deserialize_with = "loose::object")]
    pub segment: Segment<'a>,
}

/// A chapter of a video; times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Chapter<'a> {
    /// Name.
    #[serde(borrow, deserialize_with = "loose::text")]
    pub name: Cow<'a, str>,
    /// Begin.
    #[serde(deserialize_with = "loose::integer")]
    pub start: i64,
    /// End.
    #[serde(deserialize_with = "loose::integer")]
    pub end: i64,
    /// Duration; the plugin's page shows a text, its source sends a number.
    #[serde(deserialize_with = "loose::integer")]
    pub duration: i64,
}

/// An event about chapters: the view of [`ChaptersLoaded`](crate::ChaptersLoaded) and
/// [`ChapterStarted`](crate::ChapterStarted); fields of the other one are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChapterEvent<'a> {
    /// Chapters that were loaded.
    #[serde(borrow, deserialize_with = "loose::list")]
    pub chapters: Vec<Chapter<'a>>,
    /// The chapter that began.
    #[serde(borrow, deserialize_with = "loose::object")]
    pub chapter: Chapter<'a>,
}

/// The response to `GET /v4/loadlyrics` of `NodeLink`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LoadedLyrics<'a> {
    #[serde(rename = "loadType", borrow, deserialize_with = "loose::text")]
    pub(crate) load_type: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "loose::object")]
    pub(crate) data: Lyrics<'a>,
}

/// A result of a search for lyrics.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct VideoMatch<'a> {
    #[serde(rename = "videoId", borrow, deserialize_with = "loose::text")]
    pub(crate) video: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "loose::text")]
    pub(crate) title: Cow<'a, str>,
}

/// The response to `GET /v4/loadsearch` of `LavaSearch`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SearchResult<'a> {
    #[serde(borrow, deserialize_with = "loose::list")]
    pub(crate) tracks: Vec<Track<'a>>,
    #[serde(borrow, deserialize_with = "loose::list")]
    pub(crate) albums: Vec<Loader<'a>>,
    #[serde(borrow, deserialize_with = "loose::list")]
    pub(crate) artists: Vec<Loader<'a>>,
    #[serde(borrow, deserialize_with = "loose::list")]
    pub(crate) playlists: Vec<Loader<'a>>,
    #[serde(borrow, deserialize_with = "loose::list")]
    pub(crate) texts: Vec<SearchText<'a>>,
    #[serde(borrow)]
    pub(crate) plugin: Option<&'a RawValue>,
}

/// A text of a [`SearchResult`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SearchText<'a> {
    #[serde(borrow, deserialize_with = "loose::text")]
    pub(crate) text: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) plugin: Option<&'a RawValue>,
}

/// The `SponsorBlock` state of a `NodeLink` player.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SponsorBlock {
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) enabled: bool,
    #[serde(deserialize_with = "loose::texts")]
    pub(crate) categories: Vec<String>,
}

/// A flag; absent for any value that is none.
fn maybe_flag<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let raw: Option<&RawValue> = Deserialize::deserialize(deserializer)?;
    Ok(raw.and_then(|raw| serde_json::from_str(raw.get()).ok()))
}
