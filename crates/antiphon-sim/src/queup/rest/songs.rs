//! Songs and personal playlists.
//!
//! Songs are found among those that the server knows; one that is named by its id at a source is looked up there, which here
//! means that it is made (protocol §4.5).

use http::Method;
use serde_json::{Value, json};

use super::{Answer, Call, State, call::Routed};
use crate::queup::model::{Playlist, Song};

/// Songs found at a time.
///
/// Playlists have pages of the same size.
const FOUND: usize = 20;

impl State {
    pub(super) fn find_songs(&mut self, call: &Call) -> Routed {
        Self::me(call)?;
        let source = call.query.get("type").unwrap_or("youtube");
        let name = call.query.get("name").unwrap_or_default().to_lowercase();
        let items: Vec<Value> = self
            .songs
            .values()
            .filter(|song| song.source == source && song.name.to_lowercase().contains(&name))
            .take(FOUND)
            .map(Song::json)
            .collect();
        Ok(Answer::ok(json!({"items": items, "nextPageToken": null})))
    }

    /// By its own id, or by that of its source.
    fn known_song(&self, song: &str) -> Result<&Song, Answer> {
        self.songs
            .get(song)
            .or_else(|| self.songs.values().find(|other| other.fkid == song))
            .ok_or_else(|| Answer::error(404, "Song not found"))
    }

    pub(super) fn show_song(&self, song: &str) -> Routed {
        self.known_song(song).map(|song| Answer::ok(song.json()))
    }

    pub(super) fn song_redirect(&self, song: &str) -> Routed {
        let song = self.known_song(song)?;
        Ok(Answer::redirect(&match song.source.as_str() {
            "youtube" => format!("https://www.youtube.com/watch?v={}", song.fkid),
            _ => format!("https://api.soundcloud.com/tracks/{}", song.fkid),
        }))
    }

    pub(super) fn personal_playlists(&mut self, call: &Call, rest: &[&str]) -> Routed {
        let me = Self::me(call)?;
        match (&call.method, rest) {
            (&Method::GET, []) => {
                let mine: Vec<Value> = self
                    .playlists
                    .values()
                    .filter(|list| list.userid == me)
                    .map(Playlist::json)
                    .collect();
                Ok(Answer::ok(json!(mine)))
            }
            (&Method::POST, []) => {
                let name = self.required(call, "name")?;
                let list = Playlist {
                    id: self.ids.next(),
                    name: name.to_owned(),
                    public: call.body.flag("isPublic").unwrap_or(false),
                    created: self.now(),
                    userid: me,
                    songs: Vec::new(),
                };
                let shown = list.json();
                self.playlists.insert(list.id.clone(), list);
                Ok(Answer::ok(shown))
            }
            (&Method::POST, ["import", "youtube" | "soundcloud"]) => Ok(Answer::ok(json!({}))),
            (_, [list, rest @ ..]) => self.one_playlist(call, &me, list, rest),
            _ => Err(Answer::error(404, "not found")),
        }
    }

    fn one_playlist(&mut self, call: &Call, me: &str, list: &str, rest: &[&str]) -> Routed {
        let not_found = || Answer::error(404, "Playlist not found");
        let mine = |list: &&mut Playlist| list.userid == me;
        if (&call.method, rest) == (&Method::POST, &["songs"]) {
            return self.add_to_playlist(call, me, list);
        }
        let place = self
            .playlists
            .get_mut(list)
            .filter(mine)
            .ok_or_else(not_found)?;
        match (&call.method, rest) {
            (&Method::PUT, []) => {
                if let Some(name) = call.body.get("name") {
                    name.clone_into(&mut place.name);
                }
                place.public = call.body.flag("isPublic").unwrap_or(place.public);
                Ok(Answer::ok(place.json()))
            }
            (&Method::DELETE, []) => {
                self.playlists.remove(list);
                Ok(Answer::ok(json!({})))
            }
            (&Method::GET, ["songs"]) => {
                let page = call.query.get("page").and_then(|page| page.parse().ok());
                let songs: Vec<Value> = place
                    .songs
                    .iter()
                    .skip(page.unwrap_or(1_usize).saturating_sub(1).saturating_mul(FOUND))
                    .take(FOUND)
                    .filter_map(|song| self.songs.get(song))
                    .map(|song| json!({"_id": song.id, "songid": song.id, "_song": song.json(), "playlistid": list}))
                    .collect();
                Ok(Answer::ok(json!(songs)))
            }
            (&Method::DELETE, ["songs", song]) => {
                place.songs.retain(|other| other != song);
                Ok(Answer::ok(json!({})))
            }
            (&Method::POST, ["order"]) => {
                let order = call.body.list("order");
                let rank = |song: &String| {
                    order
                        .iter()
                        .position(|other| other == song)
                        .unwrap_or(usize::MAX)
                };
                place.songs.sort_by_key(rank);
                Ok(Answer::ok(json!({})))
            }
            (&Method::POST, ["order", "randomize"]) => {
                self.chance.shuffle(&mut place.songs);
                Ok(Answer::ok(json!({})))
            }
            _ => Err(Answer::error(404, "not found")),
        }
    }

    /// Adds a song to a playlist; if it plays in a room the caller is in, that is a grab.
    fn add_to_playlist(&mut self, call: &Call, me: &str, list: &str) -> Routed {
        let song = match (
            call.body.get("songid"),
            call.body.get("type"),
            call.body.get("fkid"),
        ) {
            (Some(id), _, _) => self.known_song(id)?.id.clone(),
            (None, Some(source), Some(fkid)) => self.song_by_source(source, fkid),
            _ => {
                self.note(format!(
                    "{}: neither `songid` nor `type` and `fkid`",
                    call.path
                ));
                return Err(Answer::error(400, "songid is required"));
            }
        };
        let place = self
            .playlists
            .get_mut(list)
            .filter(|list| list.userid == me)
            .ok_or_else(|| Answer::error(404, "Playlist not found"))?;
        if place.songs.contains(&song) {
            return Err(Answer::error(400, "this song is in the playlist already"));
        }
        place.songs.push(song.clone());
        let playing: Vec<String> = self
            .rooms
            .values()
            .filter(|room| room.is_present(me))
            .filter(|room| {
                room.playing
                    .as_ref()
                    .is_some_and(|item| item.songid == song)
            })
            .map(|room| room.id.clone())
            .collect();
        for room in playing {
            self.grab(&room, me);
        }
        Ok(Answer::ok(
            json!({"_id": song, "songid": song, "playlistid": list}),
        ))
    }
}
