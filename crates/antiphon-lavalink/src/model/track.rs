//! Tracks, playlists and search results.
//!
//! A [`Playable`] goes around the whole crate: loaded by a request, put into a queue, sent to a node, and returned in
//! events. It is immutable and shared by `Arc` there, so a queue of 2,000 tracks is copied by pointers.
//!
//! What plugins and the client add is JSON that this crate does not look into: [`Extras`] carries it byte for byte, so
//! that no number is rounded and no key is lost.
//!
//! `load_result` reads a response by its load type where it must, and else by the shape of its data, since other
//! servers have load types of their own (protocol §5.2).

use std::{borrow::Cow, ops::Deref, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};

use super::TrackExceptionPayload;
use crate::{error::ExtrasError, wire};

/// A JSON object that is carried byte for byte.
///
/// The node returns a track's extras in each event of the track, as `userData`
/// (<https://lavalink.dev/api/rest.html#track>). Write ids in it as texts: other programs read JSON numbers as floating
/// point.
///
/// # Examples
/// ```
/// use antiphon_lavalink::{Extras, Playable};
///
/// let requester = Extras::new(&serde_json::json!({ "requester": "82198898841029460" }))?;
/// let track = Playable::default().with_extras(requester);
/// // Each event of the track brings it back in `track.extras`.
/// assert_eq!(track.extras.get::<String>("requester").as_deref(), Some("82198898841029460"));
/// assert_eq!(track.extras.get::<u8>("volume"), None);
/// # Ok::<(), antiphon_lavalink::ExtrasError>(())
/// ```
///
/// With a type of your own:
///
/// ```
/// use antiphon_lavalink::Extras;
///
/// #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// struct Request {
///     requester: String,
///     dedication: Option<String>,
/// }
///
/// let request = Request { requester: "82198898841029460".into(), dedication: None };
/// let extras = Extras::new(&request)?;
/// assert_eq!(extras.as_str(), r#"{"requester":"82198898841029460","dedication":null}"#);
/// assert_eq!(extras.read::<Request>()?, request);
/// // Only an object has keys.
/// assert!(Extras::new(&[1, 2, 3]).is_err());
/// # Ok::<(), antiphon_lavalink::ExtrasError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Extras(Option<Arc<RawValue>>);

impl Extras {
    /// Serialises a value.
    ///
    /// # Errors
    /// [`ExtrasError`] if the value is no object in JSON.
    pub fn new(value: &impl Serialize) -> Result<Self, ExtrasError> {
        let raw = serde_json::value::to_raw_value(value).map_err(ExtrasError::new)?;
        if !raw.get().starts_with('{') {
            return Err(ExtrasError::new("it is no object"));
        }
        Ok(Self::of(&raw))
    }

    /// Keeps an object; any other value counts as empty.
    pub(crate) fn of(raw: &RawValue) -> Self {
        match raw.get() {
            "{}" => Self(None),
            text if text.starts_with('{') => Self(Some(Arc::from(raw.to_owned()))),
            _ => Self(None),
        }
    }

    pub(crate) fn maybe(raw: Option<&RawValue>) -> Self {
        raw.map(Self::of).unwrap_or_default()
    }

    /// The object as JSON, `{}` where it is empty. Two extras are equal if their texts are.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().map_or("{}", RawValue::get)
    }

    /// Whether there is no object, or one that was written as `{}`.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Deserialises the whole object.
    ///
    /// # Errors
    /// [`ExtrasError`] if it has another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ExtrasError> {
        serde_json::from_str(self.as_str()).map_err(ExtrasError::new)
    }

    /// Deserialises the value of one key; `None` if it is absent or has another shape.
    ///
    /// It parses the whole object each time; [`read`](Self::read) suits several keys.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        self.0.as_ref()?;
        let mut object: Map<String, Value> = serde_json::from_str(self.as_str()).ok()?;
        serde_json::from_value(object.remove(key)?).ok()
    }

    pub(crate) fn raw(&self) -> Option<&RawValue> {
        self.0.as_deref()
    }

    pub(crate) fn shared(&self) -> Option<Arc<RawValue>> {
        self.0.clone()
    }
}

impl PartialEq for Extras {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Extras {}

/// Metadata of a track (<https://lavalink.dev/api/rest.html#track-info>).
///
/// All of it is the source's: a title may be anything, and a length may be wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackInfo {
    /// Id of the track at its source, such as a video's id; the URL for `http`.
    pub identifier: String,
    /// Whether the track is seekable: a stream is not.
    pub is_seekable: bool,
    /// Author, mostly the channel or artist.
    pub author: String,
    /// Length in milliseconds; `i64::MAX` or negative where it is unknown. See [`TrackInfo::duration`].
    pub length: i64,
    /// Whether the track is a stream, which has no end.
    pub is_stream: bool,
    /// Start, or position, in milliseconds. A node reports the position at the time of the event.
    pub position: i64,
    /// Title.
    pub title: String,
    /// URL of the track for people; absent where the source has none.
    pub uri: Option<String>,
    /// URL of its artwork; since layout version 3, Lavalink 4.
    pub artwork: Option<String>,
    /// International Standard Recording Code, where the source provides it.
    pub isrc: Option<String>,
    /// Name of the source, such as `youtube`; the plugin's own name for its tracks.
    pub source: String,
}

impl TrackInfo {
    /// Length; absent for streams and where it is unknown.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use antiphon_lavalink::TrackInfo;
    ///
    /// let mut info = TrackInfo { length: 1500, ..TrackInfo::default() };
    /// assert_eq!(info.duration(), Some(Duration::from_millis(1500)));
    /// // Nodes send the largest number for an unknown length.
    /// info.length = i64::MAX;
    /// assert_eq!(info.duration(), None);
    /// ```
    pub fn duration(&self) -> Option<Duration> {
        if self.is_stream || self.length == i64::MAX {
            return None;
        }
        let length = u64::try_from(self.length)
            .ok()
            .filter(|length| *length > 0)?;
        Some(Duration::from_millis(length))
    }

    /// The wire's form, with borrowed texts.
    pub(crate) fn borrowed(&self) -> wire::TrackInfo<'_> {
        fn maybe(text: Option<&String>) -> Option<Cow<'_, str>> {
            text.map(|text| Cow::Borrowed(text.as_str()))
        }
        wire::TrackInfo {
            identifier: Cow::Borrowed(&self.identifier),
            is_seekable: self.is_seekable,
            author: Cow::Borrowed(&self.author),
            length: self.length,
            is_stream: self.is_stream,
            position: self.position,
            title: Cow::Borrowed(&self.title),
            uri: maybe(self.uri.as_ref()),
            artwork: maybe(self.artwork.as_ref()),
            isrc: maybe(self.isrc.as_ref()),
            source: Cow::Borrowed(&self.source),
        }
    }
}

impl From<wire::TrackInfo<'_>> for TrackInfo {
    fn from(wire: wire::TrackInfo<'_>) -> Self {
        Self {
            identifier: wire.identifier.into_owned(),
            is_seekable: wire.is_seekable,
            author: wire.author.into_owned(),
            length: wire.length,
            is_stream: wire.is_stream,
            position: wire.position,
            title: wire.title.into_owned(),
            uri: wire.uri.map(Cow::into_owned),
            artwork: wire.artwork.map(Cow::into_owned),
            isrc: wire.isrc.map(Cow::into_owned),
            source: wire.source.into_owned(),
        }
    }
}

/// An album, where a plugin provides it.
///
/// `LavaSrc` does so for the tracks of its sources. The artist is in [`TrackInfo::author`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Album {
    /// Name.
    pub name: Option<String>,
    /// URL.
    pub url: Option<String>,
}

/// An artist, where a plugin provides it.
///
/// The name is in [`TrackInfo::author`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artist {
    /// URL.
    pub url: Option<String>,
    /// URL of the artist's picture.
    pub artwork: Option<String>,
}

/// A track that can be played.
///
/// It derefs to its metadata: `track.title` is its title. A track never changes; [`with_extras`](Self::with_extras)
/// makes another one. It comes from [`Pool::search`](crate::Pool::search), from an event, or from its encoding, which
/// programs keep in playlists of their own.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use antiphon_lavalink::{Playable, TrackError};
///
/// // Without a request to a node.
/// let track = Playable::decode("QAAANgMABFRvbmUAA0xhYgAAAAAAAAXcAAJ0MQABAAR4OnQxAAAACnNvdW5kY2xvdWQAAAAAAAAAAA==")?;
/// assert_eq!((&*track.title, &*track.author, &*track.source), ("Tone", "Lab", "soundcloud"));
/// assert_eq!(track.duration(), Some(Duration::from_millis(1500)));
/// assert!(Playable::decode("no track").is_err());
/// # Ok::<(), TrackError>(())
/// ```
///
/// The same audio in two encodings, and the track as JSON:
///
/// ```
/// use antiphon_lavalink::{EncodedTrack, Playable};
///
/// let track = Playable::decode("QAAANgMABFRvbmUAA0xhYgAAAAAAAAXcAAJ0MQABAAR4OnQxAAAACnNvdW5kY2xvdWQAAAAAAAAAAA==")?;
/// // The position is inside the encoding, so that it differs while the track plays.
/// let mut later = EncodedTrack::decode(&track.encoded)?;
/// later.info.position = 700;
/// let later = Playable::decode(&later.encode()?)?;
/// assert_ne!(track.encoded, later.encoded);
/// assert!(track.is_same(&later));
///
/// let json: serde_json::Value = serde_json::from_str(&track.raw_data())?;
/// assert_eq!(json["info"]["sourceName"], "soundcloud");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Playable {
    /// The track in the node's encoding, base64: all that a node needs to play it.
    /// [`EncodedTrack`](crate::EncodedTrack) reads it.
    pub encoded: Arc<str>,
    /// Metadata; [`Deref`] gives it.
    pub info: TrackInfo,
    /// JSON that plugins add, as sent; empty for a track that was decoded here. Nodes before 4.0.2 send none.
    pub plugin_info: Extras,
    /// JSON of the client, which the node returns in each event of the track.
    ///
    /// It is sent with the track and stored with the queue. Do not put secrets into it.
    pub extras: Extras,
    /// Name of the playlist that it was loaded with. Nodes do not return it: an event has it in `original`.
    pub playlist: Option<Arc<str>>,
    /// Whether autoplay found it. Nodes do not return it: an event has it in `original`.
    pub recommended: bool,
}

impl Deref for Playable {
    type Target = TrackInfo;

    fn deref(&self) -> &TrackInfo {
        &self.info
    }
}

impl Playable {
    /// Replaces its extras; the track in a queue or with a node keeps those that it has.
    #[must_use]
    pub fn with_extras(mut self, extras: Extras) -> Self {
        self.extras = extras;
        self
    }

    /// Whether it is the same audio: the same encoding, or the same id at the same source (protocol §10).
    pub fn is_same(&self, other: &Self) -> bool {
        (!self.encoded.is_empty() && self.encoded == other.encoded)
            || (!self.identifier.is_empty()
                && self.identifier == other.identifier
                && self.source == other.source)
    }

    /// Its album, where a plugin provides it: `albumName` and `albumUrl` of `pluginInfo`.
    pub fn album(&self) -> Album {
        Album {
            name: self.plugin_info.get("albumName"),
            url: self.plugin_info.get("albumUrl"),
        }
    }

    /// Its artist, where a plugin provides it: `artistUrl` and `artistArtworkUrl` of `pluginInfo`.
    pub fn artist(&self) -> Artist {
        Artist {
            url: self.plugin_info.get("artistUrl"),
            artwork: self.plugin_info.get("artistArtworkUrl"),
        }
    }

    /// URL of a preview, where a plugin provides it.
    pub fn preview_url(&self) -> Option<String> {
        self.plugin_info.get("previewUrl")
    }

    /// Whether it is a preview and not the whole track, where a plugin says so.
    pub fn is_preview(&self) -> bool {
        self.plugin_info.get("isPreview").unwrap_or_default()
    }

    /// The track as JSON, in the wire's form, with the bytes of `pluginInfo` and `userData` as they were sent.
    pub fn raw_data(&self) -> String {
        let track = wire::Track {
            encoded: Cow::Borrowed(&self.encoded),
            info: self.info.borrowed(),
            plugin_info: self.plugin_info.raw(),
            user_data: self.extras.raw(),
        };
        serde_json::to_string(&track).expect("only texts, numbers and JSON that was read before")
    }

    pub(crate) fn saved(&self) -> wire::SavedTrack<'_> {
        wire::SavedTrack {
            encoded: Cow::Borrowed(&self.encoded),
            info: self.info.borrowed(),
            plugin_info: self.plugin_info.raw(),
            user_data: self.extras.raw(),
            playlist: self.playlist.as_deref().map(Cow::Borrowed),
            recommended: self.recommended,
        }
    }

    /// Approximate size in a checkpoint, in bytes.
    pub(crate) fn weight(&self) -> usize {
        // The constant stands for keys and numbers.
        let option = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        220 + self.encoded.len()
            + self.identifier.len()
            + self.author.len()
            + self.title.len()
            + self.source.len()
            + option(&self.uri)
            + option(&self.artwork)
            + option(&self.isrc)
            + self.plugin_info.as_str().len()
            + self.extras.as_str().len()
            + self.playlist.as_deref().map_or(0, str::len)
    }
}

impl From<wire::Track<'_>> for Playable {
    fn from(wire: wire::Track<'_>) -> Self {
        Self {
            encoded: wire.encoded.into(),
            info: wire.info.into(),
            plugin_info: Extras::maybe(wire.plugin_info),
            extras: Extras::maybe(wire.user_data),
            playlist: None,
            recommended: false,
        }
    }
}

/// Restores a stored track.
pub(crate) fn playable_from_saved(saved: wire::SavedTrack<'_>) -> Playable {
    Playable {
        encoded: saved.encoded.into(),
        info: saved.info.into(),
        plugin_info: Extras::maybe(saved.plugin_info),
        extras: Extras::maybe(saved.user_data),
        playlist: saved.playlist.map(Into::into),
        recommended: saved.recommended,
    }
}

/// A playlist (<https://lavalink.dev/api/rest.html#playlist-result-data>).
///
/// It derefs to its tracks, so `list.len()` and `list.iter()` work. Albums and artists of plugins are playlists too.
///
/// # Examples
/// ```no_run
/// use antiphon_lavalink::{Extras, Player, Pool, Search};
///
/// # async fn example(pool: Pool, player: Player, requester: u64) -> Result<(), Box<dyn std::error::Error>> {
/// let found = pool.fetch_tracks("https://www.youtube.com/watch?v=abc&list=PLchoirloft").await?;
/// if let Search::Playlist(mut list) = found {
///     // Every track remembers who asked for it.
///     list.track_extras(&Extras::new(&serde_json::json!({ "requester": requester.to_string() }))?);
///     // The track that the URL names plays first.
///     if let Some(track) = list.selected.and_then(|index| list.pop(index)) {
///         player.play(track).await?;
///     }
///     let count = player.queue().put(list).await?;
///     println!("{count} more queued");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Playlist {
    /// Name.
    pub name: String,
    /// Index of the selected track, where the URL names one; nodes send -1 for none. It may lie beyond the tracks if a
    /// node sends fewer.
    pub selected: Option<usize>,
    /// Its tracks, as many as the node's limit allows; an element that is no object is left out.
    pub tracks: Vec<Playable>,
    /// JSON that plugins add, as sent.
    pub plugin_info: Extras,
    /// JSON of the client, which nodes do not see and the queue does not keep; see
    /// [`track_extras`](Self::track_extras).
    pub extras: Extras,
}

impl Playlist {
    /// Its type, such as `album` or `artist`, where a plugin provides it.
    pub fn kind(&self) -> Option<String> {
        self.plugin_info.get("type")
    }

    /// Its URL, where a plugin provides it.
    pub fn url(&self) -> Option<String> {
        self.plugin_info.get("url")
    }

    /// URL of its artwork, where a plugin provides it.
    pub fn artwork(&self) -> Option<String> {
        self.plugin_info.get("artworkUrl")
    }

    /// Its author, where a plugin provides it.
    pub fn author(&self) -> Option<String> {
        self.plugin_info.get("author")
    }

    /// Sets the extras of every track, and replaces those that it has.
    pub fn track_extras(&mut self, extras: &Extras) {
        for track in &mut self.tracks {
            track.extras = extras.clone();
        }
    }

    /// Removes a track; `None` if there is none at `index`.
    pub fn pop(&mut self, index: usize) -> Option<Playable> {
        (index < self.tracks.len()).then(|| self.tracks.remove(index))
    }
}

impl Deref for Playlist {
    type Target = [Playable];

    fn deref(&self) -> &[Playable] {
        &self.tracks
    }
}

impl<'a> IntoIterator for &'a Playlist {
    type Item = &'a Playable;
    type IntoIter = std::slice::Iter<'a, Playable>;

    fn into_iter(self) -> Self::IntoIter {
        self.tracks.iter()
    }
}

/// The result of loading tracks (<https://lavalink.dev/api/rest.html#track-loading-result>).
///
/// [`Pool::fetch_tracks`](crate::Pool::fetch_tracks) joins the variants to a [`Search`]. A load that fails is no failed
/// request: nodes respond with 200 (protocol §5).
///
/// ```no_run
/// use antiphon_lavalink::{LoadError, LoadResult, Node};
///
/// async fn describe(node: &Node, url: &str) -> Result<String, LoadError> {
///     Ok(match node.load_tracks(url).await? {
///         LoadResult::Track(track) => format!("one track: {}", track.title),
///         LoadResult::Playlist(list) => format!("{} tracks of {}", list.len(), list.name),
///         LoadResult::Search(tracks) => format!("{} results", tracks.len()),
///         LoadResult::Empty => "nothing".into(),
///         LoadResult::Error(why) => format!("the source refuses: {why}"),
///         other => format!("something new: {other:?}"),
///     })
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadResult {
    /// One track.
    Track(Playable),
    /// A playlist, or an `album`, `artist`, `station`, `show` or `podcast` of a plugin.
    Playlist(Playlist),
    /// Search results, the best first; may be empty.
    Search(Vec<Playable>),
    /// No match; nodes send `null`, an empty object or no data.
    Empty,
    /// The node could not load the track; the source's own reason.
    Error(TrackExceptionPayload),
    /// An unknown load type whose data is neither a list, nor a playlist, nor a track.
    Unknown {
        /// The load type, as sent.
        load_type: String,
        /// The data, as sent.
        data: String,
    },
}

/// Reads a response by its load type, or else by the shape of its data.
pub(crate) fn load_result(wire: wire::Loaded<'_>) -> Result<LoadResult, serde_json::Error> {
    let data = wire.data.map_or("null", RawValue::get);
    match &*wire.load_type {
        "empty" => return Ok(LoadResult::Empty),
        "error" => {
            let exception = match wire.exception {
                Some(exception) => exception,
                None if data.starts_with('{') => serde_json::from_str(data)?,
                None => wire::Exception::default(),
            };
            return Ok(LoadResult::Error(exception.into()));
        }
        _ => {}
    }
    if data.starts_with('[') {
        let tracks: Vec<wire::Track<'_>> = wire::objects(data.as_bytes())?;
        return Ok(LoadResult::Search(
            tracks.into_iter().map(Into::into).collect(),
        ));
    }
    if data.starts_with('{') {
        let loader: wire::Loader<'_> = serde_json::from_str(data)?;
        if let Some(tracks) = loader.tracks {
            return Ok(LoadResult::Playlist(playlist(
                loader.info.unwrap_or_default(),
                loader.plugin_info,
                tracks,
            )));
        }
        let track: wire::Track<'_> = serde_json::from_str(data)?;
        if !track.encoded.is_empty() {
            return Ok(LoadResult::Track(track.into()));
        }
    }
    Ok(LoadResult::Unknown {
        load_type: wire.load_type.into_owned(),
        data: data.to_owned(),
    })
}

/// Makes a playlist, whose tracks remember its name.
pub(super) fn playlist(
    info: wire::PlaylistInfo<'_>,
    plugin_info: Option<&RawValue>,
    tracks: Vec<wire::Track<'_>>,
) -> Playlist {
    let name: Arc<str> = (*info.name).into();
    let tracks = tracks.into_iter().map(|track| Playable {
        playlist: Some(Arc::clone(&name)),
        ..track.into()
    });
    Playlist {
        tracks: tracks.collect(),
        selected: info.selected.and_then(|index| usize::try_from(index).ok()),
        plugin_info: Extras::maybe(plugin_info),
        extras: Extras::default(),
        name: info.name.into_owned(),
    }
}

/// The result of a search, without the load type: [`Pool::search`](crate::Pool::search) returns it, and a queue takes
/// it whole.
///
/// ```
/// use antiphon_lavalink::{Playable, Queue, Search};
///
/// let found = Search::Tracks(vec![Playable::default(), Playable::default()]);
/// assert_eq!(found.tracks().len(), 2);
///
/// let mut queue = Queue::new();
/// assert_eq!(queue.put(found)?, 2);
/// assert!(Search::Tracks(Vec::new()).first().is_none());
/// # Ok::<(), antiphon_lavalink::QueueError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// Tracks; empty if there is no match.
    Tracks(Vec<Playable>),
    /// A playlist.
    Playlist(Playlist),
}

impl Search {
    /// The tracks of either.
    pub fn tracks(&self) -> &[Playable] {
        match self {
            Self::Tracks(tracks) => tracks,
            Self::Playlist(playlist) => &playlist.tracks,
        }
    }

    /// Whether there is no track.
    pub fn is_empty(&self) -> bool {
        self.tracks().is_empty()
    }

    /// The first track: the best match of a search. A playlist's [`selected`](Playlist::selected) track may be another.
    pub fn first(&self) -> Option<&Playable> {
        self.tracks().first()
    }
}

/// A source for search terms (<https://lavalink.dev/api/rest.html#track-loading>).
///
/// Whether a node has it shows [`Info::has_source`](crate::Info::has_source); a prefix that no source knows finds
/// nothing.
///
/// # Examples
/// ```
/// use antiphon_lavalink::TrackSource;
///
/// assert_eq!(TrackSource::YouTube.identifier("riddim"), "ytsearch:riddim");
/// assert_eq!(TrackSource::Other("spsearch".into()).identifier("riddim"), "spsearch:riddim");
/// // A URL needs no prefix.
/// assert_eq!(TrackSource::YouTube.identifier("https://example.org/a"), "https://example.org/a");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrackSource {
    /// `ytsearch:`
    YouTube,
    /// `ytmsearch:`
    #[default]
    YouTubeMusic,
    /// `scsearch:`
    SoundCloud,
    /// Another prefix, of a plugin, with or without its colon.
    Other(String),
    /// No prefix: the term goes to the node as it is.
    None,
}

impl TrackSource {
    /// The identifier for a search term; a URL with a host stays as it is, and so does everything with
    /// [`TrackSource::None`].
    pub fn identifier<'a>(&self, query: &'a str) -> Cow<'a, str> {
        let is_address = query.split_once("://").is_some_and(|(scheme, rest)| {
            !scheme.is_empty()
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && !rest.is_empty()
                && !rest.starts_with('/')
        });
        let prefix = match self {
            _ if is_address => return Cow::Borrowed(query),
            Self::None => return Cow::Borrowed(query),
            Self::YouTube => "ytsearch",
            Self::YouTubeMusic => "ytmsearch",
            Self::SoundCloud => "scsearch",
            Self::Other(prefix) => prefix.trim_end_matches(':'),
        };
        Cow::Owned(format!("{prefix}:{query}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &TrackSource, query: &str, expected: &str) {
        assert_eq!(source.identifier(query), expected);
    }

    #[test]
    fn words_get_their_prefix_and_addresses_do_not() {
        check(&TrackSource::default(), "dub", "ytmsearch:dub");
        check(&TrackSource::YouTube, "dub", "ytsearch:dub");
        check(&TrackSource::SoundCloud, "a: b", "scsearch:a: b");
        check(&TrackSource::Other("sprec:".into()), "x", "sprec:x");
        check(&TrackSource::Other("dzsearch".into()), "x", "dzsearch:x");
        check(&TrackSource::None, "x", "x");
        check(&TrackSource::YouTube, "https://a.b/c", "https://a.b/c");
        check(&TrackSource::YouTube, "what ://", "ytsearch:what ://");
    }

    #[test]
    fn extras_are_kept_byte_for_byte() {
        let extras = Extras::new(&serde_json::json!({"by": "42", "n": 1})).expect("an object");
        assert_eq!(extras.get::<String>("by").as_deref(), Some("42"));
        assert_eq!(extras.get::<String>("n"), None);
        assert_eq!(extras.as_str(), r#"{"by":"42","n":1}"#);
        Extras::new(&[1]).expect_err("a list");
        assert!(
            Extras::new(&serde_json::json!({}))
                .expect("empty")
                .is_empty()
        );
    }

    #[track_caller]
    fn loaded(answer: &str) -> LoadResult {
        let wire: wire::Loaded<'_> = serde_json::from_str(answer).expect("an answer");
        load_result(wire).expect("readable")
    }

    #[test]
    fn every_answer_to_a_search_is_understood_by_its_shape() {
        for empty in [
            r#"{"loadType":"empty","data":null}"#,
            r#"{"loadType":"empty","data":{}}"#,
            r#"{"loadType":"empty"}"#,
        ] {
            assert_eq!(loaded(empty), LoadResult::Empty);
        }
        let short =
            loaded(r#"{"loadType":"short","data":{"encoded":"QAAA","info":{"title":"T"}}}"#);
        assert!(matches!(short, LoadResult::Track(track) if track.title == "T"));
        let album = loaded(
            r#"{"loadType":"album","data":{"info":{"name":"A","selectedTrack":-1},"tracks":[{"encoded":"Q"}]}}"#,
        );
        let LoadResult::Playlist(album) = album else {
            panic!("{album:?}")
        };
        assert_eq!(
            (album.selected, album[0].playlist.as_deref()),
            (None, Some("A"))
        );
        let new = loaded(r#"{"loadType":"hologram","data":7}"#);
        assert!(matches!(new, LoadResult::Unknown { load_type, .. } if load_type == "hologram"));
    }

    #[test]
    fn an_odd_element_of_a_list_costs_none_of_its_neighbours() {
        let found = loaded(
            r#"{"loadType":"search","data":[null,{"encoded":"A"},7,["x"],{"encoded":"B","info":3}]}"#,
        );
        assert!(matches!(found, LoadResult::Search(tracks) if tracks.len() == 2));
        let list = loaded(
            r#"{"loadType":"playlist","data":{"info":{"name":"L"},"tracks":[{"encoded":"A"},null,{"encoded":"B"}]}}"#,
        );
        assert!(matches!(list, LoadResult::Playlist(list) if list.len() == 2));
        let info: wire::Info = serde_json::from_str(
            r#"{"sourceManagers":["http",null,7],"filters":null,"plugins":[1,{"name":"p"}]}"#,
        )
        .expect("an info");
        assert_eq!(info.source_managers, ["http", "7"]);
        assert!(info.filters.is_empty() && info.has_plugin("P"));
        let players = crate::pool::remotes(br#"[null,{"guildId":"1"},{"guildId":2}]"#);
        assert_eq!(players.expect("players").len(), 2);
        crate::pool::remotes(b"{}").expect_err("no list");
    }

    #[test]
    fn a_failed_search_says_why_wherever_the_reason_stands() {
        let beside =
            loaded(r#"{"loadType":"error","exception":{"message":"m","severity":"common"}}"#);
        let within = loaded(
            r#"{"loadType":"error","data":{"message":"m","severity":"common","cause":"c","causeStackTrace":"s"}}"#,
        );
        let (LoadResult::Error(beside), LoadResult::Error(within)) = (beside, within) else {
            panic!("both are errors")
        };
        assert_eq!(beside.message, within.message);
        assert_eq!(within.to_string(), "m (common; c)");
    }

    #[test]
    fn a_length_nobody_knows_is_none() {
        let of = |length, is_stream| TrackInfo {
            length,
            is_stream,
            ..TrackInfo::default()
        };
        assert_eq!(
            of(1500, false).duration(),
            Some(Duration::from_millis(1500))
        );
        for unknown in [
            of(i64::MAX, false),
            of(-1, false),
            of(0, false),
            of(5, true),
        ] {
            assert_eq!(unknown.duration(), None);
        }
    }

    #[test]
    fn what_plugins_add_to_a_track_is_read_by_name() {
        let wire: wire::Track<'_> = serde_json::from_str(
            r#"{"encoded":"Q","info":{"title":"T"},"pluginInfo":{"albumName":"A","artistUrl":"u","isPreview":true,"previewUrl":"p"},"userData":{"by":"1"}}"#,
        )
        .expect("a track");
        let track = Playable::from(wire);
        assert_eq!(track.album().name.as_deref(), Some("A"));
        assert_eq!(
            (track.artist().url.as_deref(), track.artist().artwork),
            (Some("u"), None)
        );
        assert_eq!(
            (track.preview_url().as_deref(), track.is_preview()),
            (Some("p"), true)
        );
        let raw = track.raw_data();
        let again: wire::Track<'_> = serde_json::from_str(&raw).expect("a track");
        assert_eq!(Playable::from(again), track, "{raw}");
    }

    #[test]
    fn what_plugins_add_to_a_playlist_is_read_by_name() {
        let answer = r#"{"loadType":"playlist","data":{"info":{"name":"A","selectedTrack":1},"pluginInfo":{"type":"album","url":"u","artworkUrl":"p","author":"b"},"tracks":[{"encoded":"Q"},{"encoded":"R"}]}}"#;
        let LoadResult::Playlist(list) = loaded(answer) else {
            panic!("a playlist")
        };
        assert_eq!((&*list.name, list.selected), ("A", Some(1)));
        assert_eq!(list.tracks.len(), 2);
        let told = [list.kind(), list.url(), list.artwork(), list.author()];
        assert_eq!(told, ["album", "u", "p", "b"].map(|word| Some(word.into())));
    }

    #[test]
    fn a_playlist_gives_its_tracks_extras_and_away() {
        let mut playlist = Playlist {
            tracks: vec![Playable::default(), Playable::default()],
            ..Playlist::default()
        };
        let extras = Extras::new(&serde_json::json!({"by": "1"})).expect("an object");
        playlist.track_extras(&extras);
        assert!(playlist.iter().all(|track| track.extras == extras));
        assert!(playlist.pop(1).is_some() && playlist.pop(1).is_none());
        assert_eq!(playlist.len(), 1);
    }
}
