//! Tracks, playlists and what a search brings.

use std::{borrow::Cow, ops::Deref, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};

use super::TrackExceptionPayload;
use crate::{error::ExtrasError, wire};

/// A JSON object that is carried along unread, byte for byte.
///
/// As a track's extras it goes to the node and comes back in each of the track's events (protocol §4).
/// Ids in it should be texts: other programs read JSON numbers as floating point.
#[derive(Clone, Debug, Default)]
pub struct Extras(Option<Arc<RawValue>>);

impl Extras {
    /// Makes an object of a value.
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

    /// Keeps an object; anything else counts as empty.
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

    /// The object as JSON.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().map_or("{}", RawValue::get)
    }

    /// Whether it has no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Reads the whole object.
    ///
    /// # Errors
    /// [`ExtrasError`] if it has another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ExtrasError> {
        serde_json::from_str(self.as_str()).map_err(ExtrasError::new)
    }

    /// Reads the value of one key; `None` if it is not there or has another shape.
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

/// What is known of a track (protocol §4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackInfo {
    /// Id of the track at its source.
    pub identifier: String,
    /// Whether it can be sought in.
    pub is_seekable: bool,
    /// Author.
    pub author: String,
    /// Length in milliseconds; `i64::MAX` or negative where it is not known. See [`TrackInfo::duration`].
    pub length: i64,
    /// Whether it is a stream.
    pub is_stream: bool,
    /// Where it begins, or where it was, in milliseconds.
    pub position: i64,
    /// Title.
    pub title: String,
    /// Address.
    pub uri: Option<String>,
    /// Address of a picture.
    pub artwork: Option<String>,
    /// International standard recording code.
    pub isrc: Option<String>,
    /// Name of the source, such as `youtube`.
    pub source: String,
}

impl TrackInfo {
    /// How long it is; absent for streams and where it is not known.
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

/// An album, as far as a plugin tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Album {
    /// Name.
    pub name: Option<String>,
    /// Address.
    pub url: Option<String>,
}

/// An artist, as far as a plugin tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artist {
    /// Address.
    pub url: Option<String>,
    /// Address of a picture.
    pub artwork: Option<String>,
}

/// Something that can be played: a track.
///
/// It derefs to what is known of it, so that `track.title` is its title.
/// Tracks do not change; who wants other extras makes another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Playable {
    /// The node's own form of it, in base64.
    pub encoded: Arc<str>,
    /// What is known of it.
    pub info: TrackInfo,
    /// What plugins add, as sent.
    pub plugin_info: Extras,
    /// What the bot gives along with it; comes back in each of its events.
    pub extras: Extras,
    /// Name of the playlist it was loaded with.
    pub playlist: Option<Arc<str>>,
    /// Whether autoplay found it.
    pub recommended: bool,
}

impl Deref for Playable {
    type Target = TrackInfo;

    fn deref(&self) -> &TrackInfo {
        &self.info
    }
}

impl Playable {
    /// Other extras.
    #[must_use]
    pub fn with_extras(mut self, extras: Extras) -> Self {
        self.extras = extras;
        self
    }

    /// Whether it is the same audio: the same form, or the same id at the same source (protocol §10).
    pub fn is_same(&self, other: &Self) -> bool {
        (!self.encoded.is_empty() && self.encoded == other.encoded)
            || (!self.identifier.is_empty()
                && self.identifier == other.identifier
                && self.source == other.source)
    }

    /// Its album, as far as a plugin tells.
    pub fn album(&self) -> Album {
        Album {
            name: self.plugin_info.get("albumName"),
            url: self.plugin_info.get("albumUrl"),
        }
    }

    /// Its artist, as far as a plugin tells.
    pub fn artist(&self) -> Artist {
        Artist {
            url: self.plugin_info.get("artistUrl"),
            artwork: self.plugin_info.get("artistArtworkUrl"),
        }
    }

    /// Address of a sample, as far as a plugin tells.
    pub fn preview_url(&self) -> Option<String> {
        self.plugin_info.get("previewUrl")
    }

    /// Whether it is a sample, as far as a plugin tells.
    pub fn is_preview(&self) -> bool {
        self.plugin_info.get("isPreview").unwrap_or_default()
    }

    /// The track in the wire's form, as JSON.
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

    /// Bytes it takes in a checkpoint, roughly.
    pub(crate) fn weight(&self) -> usize {
        // The fixed part stands for the keys and numbers.
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

/// A kept track, for use.
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

/// Tracks that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Playlist {
    /// Name.
    pub name: String,
    /// Which track the address pointed at.
    pub selected: Option<usize>,
    /// Its tracks.
    pub tracks: Vec<Playable>,
    /// What plugins add, as sent.
    pub plugin_info: Extras,
    /// What the bot keeps beside it; it stays here.
    pub extras: Extras,
}

impl Playlist {
    /// What it is, as far as a plugin tells: `album`, `artist`, ….
    pub fn kind(&self) -> Option<String> {
        self.plugin_info.get("type")
    }

    /// Its address, as far as a plugin tells.
    pub fn url(&self) -> Option<String> {
        self.plugin_info.get("url")
    }

    /// Address of a picture, as far as a plugin tells.
    pub fn artwork(&self) -> Option<String> {
        self.plugin_info.get("artworkUrl")
    }

    /// Its author, as far as a plugin tells.
    pub fn author(&self) -> Option<String> {
        self.plugin_info.get("author")
    }

    /// Gives every track these extras.
    pub fn track_extras(&mut self, extras: &Extras) {
        for track in &mut self.tracks {
            track.extras = extras.clone();
        }
    }

    /// Takes a track out; `None` if there is none at `index`.
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

/// What a request to load tracks brought (protocol §5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadResult {
    /// One track.
    Track(Playable),
    /// A playlist, or what plugins call `album`, `artist`, `station`, `show` or `podcast`.
    Playlist(Playlist),
    /// The results of a search.
    Search(Vec<Playable>),
    /// Nothing.
    Empty,
    /// It failed.
    Error(TrackExceptionPayload),
    /// A form nobody knows.
    Unknown {
        /// The wire's word for it.
        load_type: String,
        /// Its content, as sent.
        data: String,
    },
}

/// Reads an answer, by its word and then by its shape.
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

fn playlist(
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

/// What a search brought: what the reference calls the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// Tracks; none if nothing was found.
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

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.tracks().is_empty()
    }

    /// The first track.
    pub fn first(&self) -> Option<&Playable> {
        self.tracks().first()
    }
}

/// Where words are searched.
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
    /// A plugin's prefix, with or without its colon.
    Other(String),
    /// Nowhere: the words go to the node as they are.
    None,
}

impl TrackSource {
    /// What a node is asked for these words; an address with a host is asked for as it is.
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
