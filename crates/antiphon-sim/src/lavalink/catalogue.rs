//! The catalogue of tracks, made from the seed, and searches in it (protocol §5.2).

use std::collections::BTreeMap;

use antiphon_core::Rng;
use serde_json::{Map, Value, json};

use super::{
    player::Fate,
    track::{Track, TrackInfo},
};
use crate::world::SONGS;

/// Most tracks that a search finds.
const FOUND: usize = 20;
/// Characters of YouTube's ids.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A track of the catalogue.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) track: Track,
    pub(crate) fate: Fate,
}

/// A playlist.
#[derive(Clone, Debug)]
pub(crate) struct Playlist {
    pub(crate) name: String,
    pub(crate) selected: i64,
    pub(crate) plugin_info: Map<String, Value>,
    pub(crate) tracks: Vec<Track>,
}

/// Result of a search.
#[derive(Clone, Debug)]
pub(crate) enum Loaded {
    Track(Box<Track>),
    Playlist(Playlist),
    Search(Vec<Track>),
    Empty,
    Error {
        message: String,
        severity: &'static str,
        cause: String,
    },
}

/// The tracks by identifier, in an order of their own.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    entries: Vec<Entry>,
    by_identifier: BTreeMap<String, usize>,
    by_uri: BTreeMap<String, usize>,
    pub(crate) playlists: BTreeMap<String, Playlist>,
}

impl Catalogue {
    /// The tracks of a seed.
    pub(crate) fn new(mut chance: Rng) -> Self {
        let mut catalogue = Self::default();
        for (number, (artist, title)) in SONGS.into_iter().enumerate() {
            let length = chance.i64(95_000..330_000);
            let video = video_id(&mut chance);
            catalogue.add_video(&video, artist, title, length, Fate::Plays);
            if number % 2 == 0 {
                catalogue.add_sound(artist, title, length + 700);
            }
            if number % 3 == 0 {
                let id: String = (0..22)
                    .map(|_| char::from(ALPHABET[chance.usize(..62)]))
                    .collect();
                catalogue.add_stream_service(&id, artist, title, length - 300, &mut chance);
            }
        }
        catalogue.add_oddities(&mut chance);
        catalogue.add_playlists(&mut chance);
        catalogue
    }

    /// How many tracks there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds a track, or puts it in the place of the one with its identifier.
    pub(crate) fn add(&mut self, track: Track, fate: Fate) {
        let info = &track.info;
        let number = self.entries.len();
        self.by_identifier.insert(info.identifier.clone(), number);
        let identifier = Some(&info.identifier).filter(|text| text.contains("://"));
        if let Some(uri) = info.uri.as_ref().or(identifier) {
            self.by_uri.insert(uri.clone(), number);
        }
        self.entries.push(Entry { track, fate });
    }

    pub(crate) fn add_video(
        &mut self,
        id: &str,
        author: &str,
        title: &str,
        length: i64,
        fate: Fate,
    ) {
        let info = TrackInfo {
            identifier: id.to_owned(),
            is_seekable: true,
            author: author.to_owned(),
            length,
            is_stream: false,
            position: 0,
            title: title.to_owned(),
            uri: Some(format!("https://www.youtube.com/watch?v={id}")),
            artwork_url: Some(format!("https://i.ytimg.com/vi/{id}/maxresdefault.jpg")),
            isrc: None,
            source_name: "youtube".to_owned(),
        };
        self.add(Track::new(info), fate);
    }

    fn add_sound(&mut self, author: &str, title: &str, length: i64) {
        let uri = format!("https://soundcloud.com/{}/{}", slug(author), slug(title));
        let info = TrackInfo {
            identifier: format!("O:https://api-v2.soundcloud.com/media/{}", slug(title)),
            is_seekable: true,
            author: author.to_owned(),
            length,
            is_stream: false,
            position: 0,
            title: title.to_owned(),
            uri: Some(uri),
            artwork_url: None,
            isrc: None,
            source_name: "soundcloud".to_owned(),
        };
        self.add(Track::new(info), Fate::Plays);
    }

    /// A track of a source that a plugin adds, with all that plugins tell.
    fn add_stream_service(
        &mut self,
        id: &str,
        author: &str,
        title: &str,
        length: i64,
        chance: &mut Rng,
    ) {
        let info = TrackInfo {
            identifier: id.to_owned(),
            is_seekable: true,
            author: author.to_owned(),
            length,
            is_stream: false,
            position: 0,
            title: title.to_owned(),
            uri: Some(format!("https://open.spotify.com/track/{id}")),
            artwork_url: Some(format!("https://i.scdn.co/image/{:016x}", chance.u64(..))),
            isrc: Some(format!(
                "QZAN{}{:05}",
                chance.u32(20..25),
                chance.u32(..99_999)
            )),
            source_name: "spotify".to_owned(),
        };
        let mut track = Track::new(info);
        track.plugin_info = object(json!({
            "albumName": format!("{title} and Others"),
            "albumUrl": format!("https://open.spotify.com/album/{}", slug(title)),
            "artistUrl": format!("https://open.spotify.com/artist/{}", slug(author)),
            "artistArtworkUrl": null,
            "previewUrl": null,
            "isPreview": false,
        }));
        self.add(track, Fate::Plays);
    }

    /// Tracks with faults.
    fn add_oddities(&mut self, chance: &mut Rng) {
        let odd = [
            ("unavailable", "Private Recital", 180_000, Fate::Fails),
            ("half", "Half a Symphony", 240_000, Fate::Breaks(20_000)),
            ("record", "The Broken Record", 200_000, Fate::Sticks(8000)),
            ("second", "One Second of Silence", 1000, Fate::Plays),
            (
                "clef",
                "𝄞 «Ñandú» \"quoted\" \\ שיר ÿÿÿ>>>???",
                61_000,
                Fate::Plays,
            ),
        ];
        for (id, title, length, fate) in odd {
            let id = format!("{id:_<11}");
            self.add_video(&id, "Odd Numbers", title, length, fate);
        }
        let streams = [
            ("https://radio.example/choir.mp3", "Choir Radio", "http"),
            (
                "https://www.twitch.tv/choirmaster",
                "Rehearsal, live",
                "twitch",
            ),
        ];
        for (uri, title, source) in streams {
            self.add(
                Track::new(address(uri, title, i64::MAX, source)),
                Fate::Plays,
            );
        }
        for version in 1..=3 {
            let uri = format!("https://files.example/version-{version}.mp3");
            let length = chance.i64(60_000..200_000);
            let info = address(&uri, "Unknown title", length, "http");
            let mut track = Track::in_version(info, version);
            track.info.uri = (version > 1).then_some(uri);
            self.add(track, Fate::Plays);
        }
    }

    fn add_playlists(&mut self, chance: &mut Rng) {
        let videos: Vec<Track> = self.of_source("youtube").take(12).cloned().collect();
        let list = format!("PL{}", video_id(chance));
        let playlist = Playlist {
            name: "Songs for the Loft".to_owned(),
            selected: -1,
            plugin_info: Map::new(),
            tracks: videos,
        };
        let uri = format!("https://www.youtube.com/playlist?list={list}");
        self.playlists.insert(uri, playlist.clone());
        // Stable names, for people who do not know the seed.
        self.playlists.insert(
            "https://www.youtube.com/playlist?list=PLchoirloft".into(),
            playlist,
        );
        let album = Playlist {
            name: "Windfall and Others".to_owned(),
            selected: -1,
            plugin_info: object(json!({
                "type": "album",
                "url": "https://open.spotify.com/album/windfall",
                "artworkUrl": "https://i.scdn.co/image/windfall",
                "author": "Orchard Radio",
                "totalTracks": 7,
            })),
            tracks: self.of_source("spotify").cloned().collect(),
        };
        self.playlists
            .insert("https://open.spotify.com/album/windfall".into(), album);
    }

    fn of_source<'a>(&'a self, source: &'a str) -> impl Iterator<Item = &'a Track> {
        let tracks = self.entries.iter().map(|entry| &entry.track);
        tracks.filter(move |track| track.info.source_name == source)
    }

    /// Every track.
    pub(crate) fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.entries.iter().map(|entry| &entry.track)
    }

    /// Every entry that can be found: the newest one of each identifier.
    pub(crate) fn found(&self) -> impl Iterator<Item = &Entry> {
        let entries = self.entries.iter().enumerate();
        let found = entries.filter(|(number, entry)| {
            self.by_identifier.get(&entry.track.info.identifier) == Some(number)
        });
        found.map(|(_, entry)| entry)
    }

    /// The track with this identifier.
    pub(crate) fn entry(&self, identifier: &str) -> Option<&Entry> {
        self.entries.get(*self.by_identifier.get(identifier)?)
    }

    /// Result of a search.
    pub(crate) fn load(&self, identifier: &str) -> Loaded {
        if identifier.contains("://") {
            return self.load_address(identifier);
        }
        match identifier.split_once(':') {
            Some(("ytsearch" | "ytmsearch", words)) => self.search("youtube", words),
            Some(("scsearch", words)) => self.search("soundcloud", words),
            Some(("spsearch", words)) => self.search("spotify", words),
            Some(("sprec", seeds)) => self.recommend(seeds),
            _ => match self.entry(identifier) {
                Some(entry) => Loaded::Track(Box::new(entry.track.clone())),
                None => Loaded::Empty,
            },
        }
    }

    fn load_address(&self, address: &str) -> Loaded {
        if let Some(playlist) = self.playlists.get(address) {
            return Loaded::Playlist(playlist.clone());
        }
        if let Some(number) = self.by_uri.get(address) {
            return Loaded::Track(Box::new(self.entries[*number].track.clone()));
        }
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let field = |name: &str| {
            let mut fields = form_urlencoded::parse(query.as_bytes());
            fields.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
        };
        if let Some(severity) = path.strip_prefix("https://error.example/") {
            return failed(severity);
        }
        if path.contains("youtube.com/watch") {
            if let Some(seed) = field("list")
                .as_deref()
                .and_then(|list| list.strip_prefix("RD"))
            {
                return self.mix(seed);
            }
            return match field("v").and_then(|id| self.entry(&id)) {
                Some(entry) => Loaded::Track(Box::new(entry.track.clone())),
                None => Loaded::Error {
                    message: "This video is unavailable".to_owned(),
                    severity: "common",
                    cause: "com.sedmelluq.discord.lavaplayer.tools.FriendlyException: This video is unavailable".to_owned(),
                },
            };
        }
        let host = path.split("://").nth(1).unwrap_or_default();
        let host = host.split('/').next().unwrap_or_default();
        Loaded::Error {
            message: "Connecting to the URL failed.".to_owned(),
            severity: "suspicious",
            cause: format!("java.net.UnknownHostException: {host}: Name or service not known"),
        }
    }

    /// The tracks whose names have all the words.
    fn search(&self, source: &str, words: &str) -> Loaded {
        let words = words.to_lowercase();
        let words: Vec<&str> = words.split_whitespace().collect();
        let fits = |track: &&Track| {
            let name = format!("{} {}", track.info.author, track.info.title).to_lowercase();
            words.iter().all(|word| name.contains(word))
        };
        let found: Vec<Track> = self
            .of_source(source)
            .filter(fits)
            .take(FOUND)
            .cloned()
            .collect();
        if words.is_empty() || found.is_empty() {
            return Loaded::Empty;
        }
        Loaded::Search(found)
    }

    /// Tracks that go with others: `seed_tracks=a,b&limit=10`.
    fn recommend(&self, query: &str) -> Loaded {
        let mut fields = form_urlencoded::parse(query.as_bytes());
        let seeds =
            fields.find_map(|(key, value)| (key == "seed_tracks").then(|| value.into_owned()));
        let seeds: Vec<String> = seeds
            .unwrap_or_default()
            .split(',')
            .map(str::to_owned)
            .collect();
        let limit = form_urlencoded::parse(query.as_bytes())
            .find_map(|(key, value)| (key == "limit").then(|| value.parse().ok())?)
            .unwrap_or(20);
        let is_new = |track: &&Track| !seeds.contains(&track.info.identifier);
        let tracks = self
            .of_source("spotify")
            .filter(is_new)
            .take(limit)
            .cloned();
        Loaded::Playlist(Playlist {
            name: "Spotify Recommendations:".to_owned(),
            selected: -1,
            plugin_info: object(json!({"type": "recommendations", "totalTracks": limit})),
            tracks: tracks.collect(),
        })
    }

    /// A list that begins with this video.
    fn mix(&self, seed: &str) -> Loaded {
        let Some(first) = self.entry(seed) else {
            return Loaded::Empty;
        };
        let is_other = |track: &&Track| track.info.identifier != seed;
        let plays = |track: &&Track| {
            let entry = self.entry(&track.info.identifier);
            entry.is_some_and(|entry| entry.fate == Fate::Plays)
        };
        let others = self.of_source("youtube").filter(is_other).filter(plays);
        let tracks = std::iter::once(&first.track).chain(others).take(25);
        Loaded::Playlist(Playlist {
            name: format!("Mix - {}", first.track.info.title),
            selected: 0,
            plugin_info: Map::new(),
            tracks: tracks.cloned().collect(),
        })
    }
}

/// A load error of this severity; `fault` where that is none.
fn failed(severity: &str) -> Loaded {
    let severity = ["common", "suspicious", "fault"]
        .into_iter()
        .find(|known| *known == severity)
        .unwrap_or("fault");
    Loaded::Error {
        message: format!("An error of severity {severity}, as was asked for"),
        severity,
        cause: "java.lang.IllegalStateException: as was asked for".to_owned(),
    }
}

fn video_id(chance: &mut Rng) -> String {
    (0..11)
        .map(|_| char::from(ALPHABET[chance.usize(..ALPHABET.len())]))
        .collect()
}

/// A track that is found at an address and nowhere else.
fn address(uri: &str, title: &str, length: i64, source: &str) -> TrackInfo {
    TrackInfo {
        identifier: uri.to_owned(),
        is_seekable: length != i64::MAX,
        author: "Unknown artist".to_owned(),
        length,
        is_stream: length == i64::MAX,
        position: 0,
        title: title.to_owned(),
        uri: Some(uri.to_owned()),
        artwork_url: None,
        isrc: None,
        source_name: source.to_owned(),
    }
}

fn slug(text: &str) -> String {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::new(Rng::with_seed(7))
    }

    #[track_caller]
    fn found(identifier: &str) -> Vec<String> {
        match catalogue().load(identifier) {
            Loaded::Search(tracks) => tracks.into_iter().map(|track| track.info.title).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_search_finds_what_has_all_the_words() {
        assert_eq!(found("ytsearch:slow TIDE"), ["Slow Tide"]);
        assert_eq!(found("ytmsearch:odd numbers").len(), 5);
        assert!(matches!(catalogue().load("scsearch:xyzzy"), Loaded::Empty));
        assert!(matches!(catalogue().load("ytsearch:"), Loaded::Empty));
        assert!(matches!(
            catalogue().load("nosuchprefix:tide"),
            Loaded::Empty
        ));
    }

    #[test]
    fn every_track_is_found_by_its_address_and_reads_back_whole() {
        let catalogue = catalogue();
        for track in catalogue.tracks() {
            let address = track.info.uri.as_ref().unwrap_or(&track.info.identifier);
            assert!(
                matches!(catalogue.load(address), Loaded::Track(found) if found.info == track.info)
            );
            let back = Track::decode(&track.encoded(0, true)).expect("a track");
            assert_eq!(back.info, track.info);
        }
        let encoded: String = catalogue
            .tracks()
            .map(|track| track.encoded(0, true))
            .collect();
        assert!(encoded.contains('+') && encoded.contains('/') && encoded.contains('='));
    }

    #[test]
    fn lists_and_errors_are_found_as_well() {
        let catalogue = catalogue();
        for address in [
            "https://www.youtube.com/playlist?list=PLchoirloft",
            "https://open.spotify.com/album/windfall",
            "https://music.youtube.com/watch?v=second_____8&list=RDsecond_____",
            "sprec:seed_tracks=a,b&limit=3",
        ] {
            assert!(
                matches!(catalogue.load(address), Loaded::Playlist(list) if list.tracks.len() >= 3),
                "{address}"
            );
        }
        for (address, expected) in [
            ("https://error.example/common", "common"),
            ("https://www.youtube.com/watch?v=nosuchvideo", "common"),
            ("https://nowhere.example/a.mp3", "suspicious"),
        ] {
            assert!(
                matches!(catalogue.load(address), Loaded::Error { severity, .. } if severity == expected)
            );
        }
    }
}
