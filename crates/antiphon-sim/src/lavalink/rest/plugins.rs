//! Requests of the plugins that `/v4/info` lists: `SponsorBlock`, `LavaSearch`, and `LavaLyrics` or java-lyrics-plugin
//! (protocol §5.7); and of what `NodeLink` has in their place (protocol §22).

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use super::{Answer, Call, Refusal, Routed};
use crate::lavalink::{
    catalogue::Loaded, lyrics::Lyrics, quirk::NodeQuirk, state::State, track::Track,
    wire::TrackObject,
};

/// Most categories that a client may set for a player.
const CATEGORIES: usize = 100;

/// Answers with lyrics, or with nothing where there are none.
fn told(lyrics: Option<Lyrics>) -> Answer {
    lyrics.map_or_else(|| Answer::empty(204), |lyrics| Answer::ok(&lyrics))
}

/// The plugins of a node, or what its server has in their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Installed {
    /// `SponsorBlock`, `LavaSearch` and `LavaLyrics`.
    LavaLyrics,
    /// `SponsorBlock`, `LavaSearch` and java-lyrics-plugin.
    JavaLyrics,
    /// None, on `NodeLink`, which has routes of its own.
    NodeLink,
    /// None.
    Nothing,
}

/// Lyrics in the form of java-lyrics-plugin.
fn java(lyrics: &Lyrics, track: &Track) -> Value {
    let lines = lyrics.lines.iter().map(|line| {
        let end = line.timestamp + line.duration.unwrap_or_default();
        json!({"line": line.text, "range": {"start": line.timestamp, "end": end}})
    });
    json!({
        "type": "timed",
        "track": {"title": track.info.title, "author": track.info.author, "album": null, "albumArt": []},
        "source": "LyricFind",
        "lines": lines.collect::<Vec<_>>(),
    })
}

impl State {
    fn installed(&self, node: usize) -> Installed {
        let quirks = &self.nodes[node].quirks;
        if quirks.contains(&NodeQuirk::OtherInfo) {
            Installed::NodeLink
        } else if quirks.contains(&NodeQuirk::NoPlugins) {
            Installed::Nothing
        } else if quirks.contains(&NodeQuirk::JavaLyrics) {
            Installed::JavaLyrics
        } else {
            Installed::LavaLyrics
        }
    }

    /// Whether the node has the plugins that Lavalink's nodes have from the start.
    pub(super) fn has_lava_lyrics(&self, node: usize) -> bool {
        self.installed(node) == Installed::LavaLyrics
    }

    /// Answers a request about a player to a plugin; `None` if no plugin of the node has such a route.
    ///
    /// The steps are the session, the guild and the next part of the path, and then the rest of it.
    pub(super) fn player_plugin_route(
        &mut self,
        call: &Call<'_>,
        method: &Method,
        [session, guild, part]: [&str; 3],
        rest: &[&str],
    ) -> Option<Routed> {
        use Installed::{JavaLyrics, LavaLyrics, NodeLink};
        let installed = self.installed(call.node);
        Some(match (installed, method, part, rest) {
            (LavaLyrics | JavaLyrics, &Method::GET, "sponsorblock", ["categories"]) => {
                self.categories(call, session, guild)
            }
            (LavaLyrics | JavaLyrics, &Method::PUT, "sponsorblock", ["categories"]) => {
                self.set_categories(call, session, guild)
            }
            (LavaLyrics | JavaLyrics, &Method::DELETE, "sponsorblock", ["categories"]) => {
                Ok(self.remove_categories(call, session, guild))
            }
            (LavaLyrics, &Method::GET, "track", ["lyrics"]) => {
                self.lyrics_of_player(call, session, guild)
            }
            (JavaLyrics, &Method::GET, "lyrics", []) => {
                self.java_lyrics_of_player(call, session, guild)
            }
            (LavaLyrics | NodeLink, &Method::POST, "lyrics", ["subscribe"]) => {
                self.subscribe(call, session, guild)
            }
            (LavaLyrics | NodeLink, &Method::DELETE, "lyrics", ["subscribe"]) => {
                Ok(self.unsubscribe(call, session, guild))
            }
            (NodeLink, &Method::GET, "sponsorblock", []) => self.segments(call, session, guild),
            (NodeLink, &Method::PATCH, "sponsorblock", []) => {
                self.set_segments(call, session, guild)
            }
            // Segments go, categories stay.
            (NodeLink, &Method::DELETE, "sponsorblock", []) => Ok(Answer::empty(204)),
            _ => return None,
        })
    }

    /// Answers another request to a plugin; `None` if no plugin of the node has such a route.
    pub(super) fn plugin_route(&mut self, call: &Call<'_>, steps: &[&str]) -> Option<Routed> {
        use Installed::{JavaLyrics, LavaLyrics, NodeLink};
        Some(match (self.installed(call.node), steps) {
            (LavaLyrics, ["lyrics"]) => self.lyrics_of_track(call),
            (JavaLyrics, ["lyrics", "search"]) => self.search_lyrics(call),
            (JavaLyrics, ["lyrics", video]) => self.lyrics_of_video(video),
            (NodeLink, ["loadlyrics"]) => self.node_link_lyrics(call),
            (LavaLyrics | JavaLyrics, ["loadsearch"]) => self.load_search(call),
            _ => return None,
        })
    }

    fn java_lyrics_of_player(&self, call: &Call<'_>, session: &str, guild: &str) -> Routed {
        let key = self.key(call, session, guild)?;
        let session = self.nodes[key.node].sessions.get(&*key.session);
        let player = session.and_then(|session| session.players.get(&key.guild));
        let playing = player.and_then(|player| player.playing.as_ref());
        let playing = playing.ok_or_else(|| Refusal::bad("Not currently playing anything"))?;
        let track = &playing.track;
        let lyrics = Lyrics::of(track).ok_or_else(|| Refusal::new(404, "Lyrics were not found"))?;
        Ok(Answer::ok(&java(&lyrics, track)))
    }

    fn lyrics_of_video(&self, video: &str) -> Routed {
        let missing = || Refusal::new(404, "Lyrics were not found");
        let track = &self.catalogue.entry(video).ok_or_else(missing)?.track;
        let lyrics = Lyrics::of(track).ok_or_else(missing)?;
        Ok(Answer::ok(&java(&lyrics, track)))
    }

    /// Videos whose lyrics fit, or the lyrics of the first one at Genius.
    fn search_lyrics(&self, call: &Call<'_>) -> Routed {
        let words = call
            .field("query")
            .ok_or_else(|| Refusal::bad("Required parameter 'query' is not present."))?;
        let source = call.field("source").unwrap_or("youtube");
        let found = match self.catalogue.load(&format!("ytsearch:{words}")) {
            Loaded::Search(tracks) => tracks,
            _ => Vec::new(),
        };
        match source {
            "youtube" => {
                let found = found.iter().map(
                    |track| json!({"videoId": track.info.identifier, "title": track.info.title}),
                );
                Ok(Answer::ok(&found.collect::<Vec<_>>()))
            }
            "genius" => {
                let track = found.first();
                let track = track.ok_or_else(|| Refusal::new(404, "Lyrics were not found"))?;
                let lines = Lyrics::of(track)
                    .map(|lyrics| lyrics.lines)
                    .unwrap_or_default();
                let lines: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
                Ok(Answer::ok(&json!({
                    "type": "text",
                    "track": {"title": track.info.title, "author": track.info.author, "album": null, "albumArt": []},
                    "source": "genius",
                    "text": lines.join("\n"),
                })))
            }
            other => Err(Refusal::new(404, format!("Unknown source type: {other}"))),
        }
    }

    fn node_link_lyrics(&self, call: &Call<'_>) -> Routed {
        let encoded = call
            .field("encodedTrack")
            .ok_or_else(|| Refusal::bad("Missing encodedTrack parameter."))?;
        let Some(lyrics) = Lyrics::of(&self.read_track(encoded)?) else {
            return Ok(Answer::ok(&json!({"loadType": "empty", "data": {}})));
        };
        let lines = lyrics.lines.iter().map(|line| {
            json!({"text": line.text, "time": line.timestamp, "duration": line.duration, "words": []})
        });
        let lines: Vec<Value> = lines.collect();
        Ok(Answer::ok(&json!({
            "loadType": "lyrics",
            "data": {"name": "Simulated", "synced": true, "provider": "lrclib", "lines": lines},
        })))
    }

    /// Results of `LavaSearch`: tracks of the catalogue, their authors and titles; a query without any type has all.
    fn load_search(&mut self, call: &Call<'_>) -> Routed {
        let query = call
            .field("query")
            .ok_or_else(|| Refusal::bad("Required parameter 'query' is not present."))?;
        let types = call.field("types").unwrap_or_default();
        let wants =
            |kind: &str| types.is_empty() || types.split(',').any(|word| word.trim() == kind);
        let found = match self.catalogue.load(query) {
            Loaded::Search(tracks) => tracks,
            _ => Vec::new(),
        };
        if found.is_empty() {
            return Ok(Answer::empty(204));
        }
        let quirks = &self.nodes[call.node].quirks;
        let list = |name: &str, kind: &str| {
            json!({
                "info": {"name": name, "selectedTrack": -1},
                "pluginInfo": {"type": kind, "url": format!("https://music.example/{kind}/1")},
                "tracks": [],
            })
        };
        let author = found
            .first()
            .map(|track| track.info.author.clone())
            .unwrap_or_default();
        let when = |kind: &str, value: Vec<Value>| if wants(kind) { value } else { Vec::new() };
        let tracks = found
            .iter()
            .map(|track| json!(TrackObject::new(track, 0, quirks)));
        let texts = found
            .iter()
            .map(|track| json!({"text": track.info.title, "plugin": {}}));
        Ok(Answer::ok(&json!({
            "tracks": when("track", tracks.collect()),
            "albums": when("album", vec![list(&format!("Best of {author}"), "album")]),
            "artists": when("artist", vec![list(&format!("{author}'s Top Tracks"), "artist")]),
            "playlists": when("playlist", vec![list(&format!("100% {author}"), "playlist")]),
            "texts": when("text", texts.collect()),
            "plugin": {},
        })))
    }

    /// The `SponsorBlock` state of a `NodeLink` player.
    fn segments(&self, call: &Call<'_>, session: &str, guild: &str) -> Routed {
        let key = self.key(call, session, guild)?;
        let session = self.nodes[key.node].sessions.get(&*key.session);
        let session = session.filter(|session| session.players.contains_key(&key.guild));
        let session = session.ok_or_else(|| Refusal::new(404, "Player not found."))?;
        let categories = session.categories.get(&key.guild);
        Ok(Answer::ok(&json!({
            "enabled": categories.is_some(),
            "categories": categories.cloned().unwrap_or_default(),
            "actionTypes": ["skip"],
            "skipMarginMs": 150,
            "segments": [],
            "lastSkippedUuid": null,
        })))
    }

    fn set_segments(&mut self, call: &Call<'_>, session: &str, guild: &str) -> Routed {
        let body: Value = call.body()?;
        let key = self.key(call, session, guild)?;
        let here = self.nodes[key.node].sessions.get_mut(&*key.session);
        let here = here.filter(|session| session.players.contains_key(&key.guild));
        let here = here.ok_or_else(|| Refusal::new(404, "Player not found."))?;
        if let Some(categories) = body.get("categories").and_then(Value::as_array) {
            let categories = categories
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned);
            here.categories
                .insert(key.guild, categories.take(CATEGORIES).collect());
        }
        if body.get("enabled") == Some(&Value::Bool(false)) {
            here.categories.remove(&key.guild);
        }
        self.segments(call, session, guild)
    }

    fn categories(&self, call: &Call<'_>, session: &str, guild: &str) -> Routed {
        let key = self.key(call, session, guild)?;
        let session = self.nodes[key.node].sessions.get(&*key.session);
        let categories = session.and_then(|session| session.categories.get(&key.guild));
        let categories = categories.ok_or_else(|| Refusal::new(404, "Guild not found"))?;
        Ok(Answer::ok(categories))
    }

    /// Sets the categories of a player, which need not exist yet.
    fn set_categories(&mut self, call: &Call<'_>, session: &str, guild: &str) -> Routed {
        let categories: BTreeSet<String> = call.body()?;
        let key = self.key(call, session, guild)?;
        if categories.len() > CATEGORIES {
            let why = format!("more than {CATEGORIES} categories");
            return Err(Refusal::unreadable(why));
        }
        if let Some(session) = self.nodes[key.node].sessions.get_mut(&*key.session) {
            session.categories.insert(key.guild, categories);
        }
        Ok(Answer::empty(200))
    }

    fn remove_categories(&mut self, call: &Call<'_>, session: &str, guild: &str) -> Answer {
        // An unknown session is no error here.
        if let Ok(key) = self.key(call, session, guild)
            && let Some(session) = self.nodes[key.node].sessions.get_mut(&*key.session)
        {
            session.categories.remove(&key.guild);
        }
        Answer::empty(200)
    }

    /// Lyrics of an encoded track.
    fn lyrics_of_track(&self, call: &Call<'_>) -> Routed {
        let encoded = call
            .field("track")
            .ok_or_else(|| Refusal::bad("Required parameter 'track' is not present."))?;
        Ok(told(Lyrics::of(&self.read_track(encoded)?)))
    }

    fn lyrics_of_player(&self, call: &Call<'_>, session: &str, guild: &str) -> Routed {
        let key = self.key(call, session, guild)?;
        let session = self.nodes[key.node].sessions.get(&*key.session);
        let player = session.and_then(|session| session.players.get(&key.guild));
        let player = player.ok_or_else(|| Refusal::new(404, "Player not found"))?;
        let playing = player.playing.as_ref();
        let playing = playing.ok_or_else(|| Refusal::new(404, "No track playing"))?;
        Ok(told(Lyrics::of(&playing.track)))
    }

    /// Subscribes a player to lines; one that does not exist yet has them from its beginning, in spite of the 404.
    fn subscribe(&mut self, call: &Call<'_>, session: &str, guild: &str) -> Routed {
        let key = self.key(call, session, guild)?;
        if let Some(session) = self.nodes[key.node].sessions.get_mut(&*key.session) {
            session.lyrics.insert(key.guild);
        }
        let begun = self.with_player(&key, |player, writer, now| {
            player.has_lyrics = true;
            player.begin_lyrics(now, writer);
        });
        begun.ok_or_else(|| Refusal::new(404, "Player not found"))?;
        Ok(Answer::empty(204))
    }

    fn unsubscribe(&mut self, call: &Call<'_>, session: &str, guild: &str) -> Answer {
        if let Ok(key) = self.key(call, session, guild) {
            if let Some(session) = self.nodes[key.node].sessions.get_mut(&*key.session) {
                session.lyrics.remove(&key.guild);
            }
            // Lines of the track that plays still come, as from the plugin.
            self.with_player(&key, |player, _, _| player.has_lyrics = false);
        }
        Answer::empty(204)
    }
}
