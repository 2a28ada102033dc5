//! Values of plugins: lyrics, segments and chapters, and the results of an advanced search (protocol §5.7, §22).

use std::time::Duration;

use super::track::{Extras, Playable, Playlist, playlist};
use crate::wire;

/// Lyrics of a song, by whichever plugin or server the node has ([`Info::lyrics`](crate::Info::lyrics)).
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use antiphon_lavalink::{Lyrics, TimedLine};
///
/// let mut lyrics = Lyrics::default();
/// lyrics.lines = vec![TimedLine::new(1000, "Respond"), TimedLine::new(4000, "and respond")];
/// assert_eq!(lyrics.plain_text(), "Respond\nand respond");
/// assert_eq!(lyrics.line_at(Duration::from_secs(5)).map(|(index, _)| index), Some(1));
/// assert!(lyrics.line_at(Duration::ZERO).is_none(), "before the first line");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lyrics {
    /// Source that was asked, such as `spotify` or `LyricFind`; empty where none was sent.
    pub source: String,
    /// Provider at the source, such as `MusixMatch`.
    pub provider: Option<String>,
    /// Title of the song; of java-lyrics-plugin and lyrics.kt.
    pub title: Option<String>,
    /// Author of the song; of java-lyrics-plugin and lyrics.kt.
    pub author: Option<String>,
    /// Album of the song; of java-lyrics-plugin and lyrics.kt.
    pub album: Option<String>,
    /// The whole text, where the source has it; [`plain_text`](Self::plain_text) makes it of the lines otherwise.
    pub text: Option<String>,
    /// Lines in their order; empty where the source has the text alone.
    pub lines: Vec<TimedLine>,
    /// Whether the lines have times.
    pub synced: bool,
    /// JSON that plugins add, as sent.
    pub plugin_info: Extras,
}

impl Lyrics {
    /// The whole text: as sent, or else the lines.
    pub fn plain_text(&self) -> String {
        if let Some(text) = self.text.as_ref().filter(|text| !text.is_empty()) {
            return text.clone();
        }
        let lines: Vec<&str> = self.lines.iter().map(|line| line.text.as_str()).collect();
        lines.join("\n")
    }

    /// The line that is sung at a position, with its index: the last one that has begun.
    ///
    /// `None` before the first line, and for lyrics whose lines have no times.
    pub fn line_at(&self, position: Duration) -> Option<(usize, &TimedLine)> {
        let position = i64::try_from(position.as_millis()).unwrap_or(i64::MAX);
        let begun = |(_, line): &(usize, &TimedLine)| line.timestamp <= position;
        let untimed = self.lines.iter().all(|line| line.timestamp == 0);
        if untimed {
            return None;
        }
        self.lines.iter().enumerate().take_while(begun).last()
    }
}

impl From<wire::Lyrics<'_>> for Lyrics {
    fn from(wire: wire::Lyrics<'_>) -> Self {
        let lines: Vec<TimedLine> = wire.lines.into_iter().map(Into::into).collect();
        let synced = wire
            .synced
            .unwrap_or_else(|| !lines.is_empty() && wire.kind.as_deref() != Some("text"));
        let owned =
            |text: Option<std::borrow::Cow<'_, str>>| text.map(std::borrow::Cow::into_owned);
        Self {
            source: owned(wire.source_name.or(wire.source).or(wire.name)).unwrap_or_default(),
            provider: owned(wire.provider),
            title: owned(wire.track.title),
            author: owned(wire.track.author),
            album: owned(wire.track.album),
            text: owned(wire.text),
            lines,
            synced,
            plugin_info: Extras::maybe(wire.plugin),
        }
    }
}

/// A line of [`Lyrics`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimedLine {
    /// Begin in the track, in milliseconds; 0 for lyrics without times.
    pub timestamp: i64,
    /// Duration in milliseconds, where it is known.
    pub duration: Option<i64>,
    /// Text; may be empty, as between two verses.
    pub text: String,
    /// JSON that plugins add, as sent.
    pub plugin_info: Extras,
}

impl TimedLine {
    /// Creates a line that begins at `timestamp` milliseconds.
    pub fn new(timestamp: i64, text: impl Into<String>) -> Self {
        Self {
            timestamp,
            text: text.into(),
            ..Self::default()
        }
    }
}

impl From<wire::LyricsLine<'_>> for TimedLine {
    fn from(wire: wire::LyricsLine<'_>) -> Self {
        let begin = wire.timestamp.or(wire.time).or(wire.range.start);
        let timestamp = begin.unwrap_or_default();
        let lasts = wire.range.end.map(|end| end.saturating_sub(timestamp));
        Self {
            timestamp,
            duration: wire.duration.or(lasts),
            text: wire.line.or(wire.text).unwrap_or_default().into_owned(),
            plugin_info: Extras::maybe(wire.plugin),
        }
    }
}

/// A video whose lyrics a search found; [`Node::fetch_video_lyrics`](crate::Node::fetch_video_lyrics) gets them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LyricsMatch {
    /// Id of the video at YouTube.
    pub video_id: String,
    /// Title of the song.
    pub title: String,
}

impl From<wire::VideoMatch<'_>> for LyricsMatch {
    fn from(wire: wire::VideoMatch<'_>) -> Self {
        Self {
            video_id: wire.video.into_owned(),
            title: wire.title.into_owned(),
        }
    }
}

/// Options of [`Node::fetch_lyrics`](crate::Node::fetch_lyrics) and
/// [`Player::fetch_lyrics`](crate::Player::fetch_lyrics). A server without an option ignores it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LyricsOptions {
    pub(crate) skip_track_source: bool,
    pub(crate) language: Option<String>,
    pub(crate) source: Option<String>,
}

impl LyricsOptions {
    /// Creates the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the source of the track itself is left out. Default: no. Of `LavaLyrics`.
    #[must_use]
    pub fn skip_track_source(mut self, skip: bool) -> Self {
        self.skip_track_source = skip;
        self
    }

    /// Sets the language, such as `en`. Default: the source's. Of `NodeLink`.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// Sets the source, such as `genius` or `lrclib`. Default: the server's order. Of `NodeLink`.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// Categories of segments that [SponsorBlock](https://wiki.sponsor.ajay.app/w/Segment_Categories) knows.
pub const SPONSORBLOCK_CATEGORIES: [&str; 8] = [
    "sponsor",
    "selfpromo",
    "interaction",
    "intro",
    "outro",
    "preview",
    "music_offtopic",
    "filler",
];

/// A segment of a video that `SponsorBlock` knows; times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Segment {
    /// Category, such as `sponsor`; see [`SPONSORBLOCK_CATEGORIES`].
    pub category: String,
    /// Begin in the track.
    pub start: i64,
    /// End in the track.
    pub end: i64,
    /// Id at `SponsorBlock`; `NodeLink` sends it.
    pub uuid: Option<String>,
}

impl From<wire::Segment<'_>> for Segment {
    fn from(wire: wire::Segment<'_>) -> Self {
        Self {
            category: wire.category.into_owned(),
            start: wire.start,
            end: wire.end,
            uuid: wire.uuid.map(Into::into),
        }
    }
}

/// A chapter of a video; times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chapter {
    /// Name.
    pub name: String,
    /// Begin in the track.
    pub start: i64,
    /// End in the track.
    pub end: i64,
    /// Duration.
    pub duration: i64,
}

impl From<wire::Chapter<'_>> for Chapter {
    fn from(wire: wire::Chapter<'_>) -> Self {
        Self {
            name: wire.name.into_owned(),
            start: wire.start,
            end: wire.end,
            duration: wire.duration,
        }
    }
}

/// What [`Node::load_search`](crate::Node::load_search) looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SearchType {
    /// Tracks.
    Track,
    /// Albums.
    Album,
    /// Artists.
    Artist,
    /// Playlists.
    Playlist,
    /// Suggestions of texts, for the completion of a command's option.
    Text,
}

impl SearchType {
    /// Every type.
    pub const ALL: [Self; 5] = [
        Self::Track,
        Self::Album,
        Self::Artist,
        Self::Playlist,
        Self::Text,
    ];

    /// The wire's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Album => "album",
            Self::Artist => "artist",
            Self::Playlist => "playlist",
            Self::Text => "text",
        }
    }
}

/// The result of an advanced search ([LavaSearch](https://github.com/topi314/LavaSearch)). Each list is empty where its
/// type was not asked for, or nothing matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchResults {
    /// Tracks.
    pub tracks: Vec<Playable>,
    /// Albums, whose tracks are not loaded: load them by [`Playlist::url`].
    pub albums: Vec<Playlist>,
    /// Artists, as playlists of their top tracks, which are not loaded.
    pub artists: Vec<Playlist>,
    /// Playlists, whose tracks are not loaded.
    pub playlists: Vec<Playlist>,
    /// Suggestions.
    pub texts: Vec<SearchText>,
    /// JSON that plugins add, as sent.
    pub plugin_info: Extras,
}

/// A suggestion of an advanced search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchText {
    /// Text.
    pub text: String,
    /// JSON that plugins add, as sent.
    pub plugin_info: Extras,
}

impl SearchResults {
    /// Whether nothing matches.
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
            && self.albums.is_empty()
            && self.artists.is_empty()
            && self.playlists.is_empty()
            && self.texts.is_empty()
    }
}

impl From<wire::SearchResult<'_>> for SearchResults {
    fn from(wire: wire::SearchResult<'_>) -> Self {
        let lists = |lists: Vec<wire::Loader<'_>>| {
            let lists = lists.into_iter().map(|list| {
                playlist(
                    list.info.unwrap_or_default(),
                    list.plugin_info,
                    list.tracks.unwrap_or_default(),
                )
            });
            lists.collect()
        };
        let texts = wire.texts.into_iter().map(|text| SearchText {
            text: text.text.into_owned(),
            plugin_info: Extras::maybe(text.plugin),
        });
        Self {
            tracks: wire.tracks.into_iter().map(Into::into).collect(),
            albums: lists(wire.albums),
            artists: lists(wire.artists),
            playlists: lists(wire.playlists),
            texts: texts.collect(),
            plugin_info: Extras::maybe(wire.plugin),
        }
    }
}
