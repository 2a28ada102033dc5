//! What plays in guilds and rooms, as the events of the journal tell.
//!
//! Bounded: [`PLAYERS`] players, [`ROOMS`] rooms, [`NAMES`] names of users and of songs, and [`QUEUE`] songs of a queue. Further
//! players and rooms are counted and not kept.

use std::collections::{HashMap, HashSet};

use antiphon::{
    Payload as _,
    lavalink::{self, TrackEndReason},
    queup,
};
use antiphon_core::Event;
use jiff::{SignedDuration, Timestamp};

/// Players that are kept.
const PLAYERS: usize = 4096;
/// Rooms that are kept.
const ROOMS: usize = 1024;
/// Names of users, and of songs, that are kept.
const NAMES: usize = 8192;
/// Songs of a queue that are kept, from its front.
pub(super) const QUEUE: usize = 25;

/// What plays, by source.
#[derive(Debug, Default)]
pub(super) struct Playing {
    /// Players by source and guild.
    pub(super) players: HashMap<(String, u64), Player>,
    /// Rooms by source and id.
    pub(super) rooms: HashMap<(String, String), Room>,
    /// Names of users by id.
    users: HashMap<String, String>,
    /// Names of songs by the id of their media; a queue has the ids alone.
    songs: HashMap<String, String>,
    /// Players and rooms for which there was no place.
    left_out: HashSet<(String, String)>,
}

/// A player, as a node tells of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Player {
    pub(super) node: String,
    /// Absent while nothing plays, and while no event has told.
    pub(super) track: Option<Track>,
    /// Position that the node told last, and when it was received.
    pub(super) position: Option<(i64, Timestamp)>,
    /// Whether the node is connected to the voice server, as it told last.
    pub(super) is_connected: Option<bool>,
}

/// A track, or a song.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Track {
    pub(super) title: String,
    pub(super) author: String,
    /// In milliseconds; absent for streams and where it is unknown.
    pub(super) length: Option<i64>,
}

impl From<&lavalink::Playable> for Track {
    fn from(track: &lavalink::Playable) -> Self {
        let length = track.duration();
        Self {
            title: track.info.title.clone(),
            author: track.info.author.clone(),
            length: length.and_then(|length| i64::try_from(length.as_millis()).ok()),
        }
    }
}

/// A room's song and queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    pub(super) name: String,
    pub(super) song: Option<Song>,
    /// When the song began.
    pub(super) began: Option<Timestamp>,
    /// The songs at the front of the queue, as fetched last.
    pub(super) queue: Vec<Song>,
    /// Number of songs in it.
    pub(super) waiting: usize,
    /// When it was fetched.
    pub(super) fetched: Option<Timestamp>,
}

/// A song of a room.
#[derive(Clone, Debug, Default)]
pub(super) struct Song {
    pub(super) id: String,
    /// Id of its media.
    media: String,
    pub(super) track: Track,
    /// Id of the user who queued it; empty for one whose account is deleted.
    pub(super) dj: String,
    pub(super) up: i64,
    pub(super) down: i64,
    pub(super) grabs: Option<i64>,
}

impl From<&queup::Song> for Song {
    fn from(song: &queup::Song) -> Self {
        let length = song
            .song_info
            .as_ref()
            .map_or(song.length, |info| info.length);
        Self {
            id: song.id.to_string(),
            media: song.song_info_id.to_string(),
            track: Track {
                title: song.name().to_owned(),
                author: String::new(),
                length: Some(length).filter(|length| *length > 0),
            },
            dj: song
                .user
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            up: song.up_dubs,
            down: song.down_dubs,
            grabs: song.grabs,
        }
    }
}

impl Playing {
    /// Takes what an event tells; events that cannot be read tell nothing.
    pub(super) fn add(&mut self, event: &Event) {
        match event.kind().as_str().split_once('.') {
            Some(("lavalink", kind)) => self.add_player(event, kind),
            Some(("queup", kind)) => self.add_room(event, kind),
            _ => {}
        }
    }

    /// Number of players and rooms that are not kept.
    pub(super) fn left_out(&self) -> usize {
        self.left_out.len()
    }

    /// The name of a user, or the id.
    pub(super) fn user<'a>(&'a self, id: &'a str) -> &'a str {
        self.users.get(id).map_or(id, |name| name)
    }

    /// The track of a song, by the name under which it was played if it has none here.
    pub(super) fn track(&self, song: &Song) -> Track {
        let mut track = song.track.clone();
        if track.title.is_empty() {
            let known = self.songs.get(&song.media).cloned();
            track.title = known.unwrap_or_else(|| format!("song {}", song.media));
        }
        track
    }

    fn add_player(&mut self, event: &Event, kind: &str) {
        match kind {
            "playerUpdate" => {
                let Ok(update) = lavalink::PlayerUpdate::decode(event) else {
                    return;
                };
                if let Some(player) = self.player(event, update.player, &update.node) {
                    player.position = Some((update.position, event.received_at()));
                    player.is_connected = Some(update.connected);
                }
            }
            "TrackStartEvent" => {
                let Ok(start) = lavalink::TrackStart::decode(event) else {
                    return;
                };
                if let Some(player) = self.player(event, start.player, &start.node) {
                    let track = Track::from(&start.track);
                    // A start that is told twice, or after a move to another node, is none.
                    if player.track.as_ref() != Some(&track) {
                        player.position = Some((0, event.received_at()));
                        player.track = Some(track);
                    }
                }
            }
            "TrackEndEvent" => {
                let Ok(end) = lavalink::TrackEnd::decode(event) else {
                    return;
                };
                // Another track plays by then.
                if matches!(
                    end.reason,
                    TrackEndReason::Replaced
                        | TrackEndReason::Gapless
                        | TrackEndReason::Crossfading
                ) {
                    return;
                }
                let ended = Track::from(&end.track);
                if let Some(player) = self.player(event, end.player, &end.node)
                    && player.track.as_ref() == Some(&ended)
                {
                    (player.track, player.position) = (None, None);
                }
            }
            _ => {}
        }
    }

    fn player(
        &mut self,
        event: &Event,
        guild: Option<lavalink::GuildId>,
        node: &lavalink::NodeId,
    ) -> Option<&mut Player> {
        let guild = guild?.get();
        let key = (event.source().to_string(), guild);
        if self.players.len() >= PLAYERS && !self.players.contains_key(&key) {
            self.leave_out(key.0, guild.to_string());
            return None;
        }
        let player = self.players.entry(key).or_default();
        if player.node != node.as_str() {
            node.as_str().clone_into(&mut player.node);
        }
        Some(player)
    }

    fn leave_out(&mut self, source: String, which: String) {
        // The number is told to be at least so many.
        if self.left_out.len() < PLAYERS {
            self.left_out.insert((source, which));
        }
    }

    fn add_room(&mut self, event: &Event, kind: &str) {
        let at = event.received_at();
        match kind {
            "song_change" => {
                let Ok(change) = queup::SongChange::decode(event) else {
                    return;
                };
                self.song(
                    event,
                    &change.room,
                    change.song.as_ref(),
                    Some(change.start_time.unwrap_or(0)),
                );
            }
            "playlist_active" => {
                let Ok(active) = queup::PlaylistActive::decode(event) else {
                    return;
                };
                self.song(event, &active.room, active.song.as_ref(), active.start_time);
            }
            "room_playlist-update" => {
                let Ok(update) = queup::PlaylistSongAdd::decode(event) else {
                    return;
                };
                self.song(event, &update.room, Some(&update.song), update.start_time);
            }
            "room_playlist-dub" => {
                let Ok(dub) = queup::Dub::decode(event) else {
                    return;
                };
                self.remember(&dub.user);
                if let Some(room) = self.room(event, &dub.room)
                    && let Some(song) = &mut room.song
                    && song.id == dub.song.id.as_str()
                {
                    (song.up, song.down) = (dub.song.up_dubs, dub.song.down_dubs);
                }
            }
            "room_playlist-queue-update-grabs" => {
                let Ok(grab) = queup::Grab::decode(event) else {
                    return;
                };
                if let Some(room) = self.room(event, &grab.room)
                    && let Some(song) = &mut room.song
                    && song.id == grab.song.id.as_str()
                {
                    song.grabs = grab.song.grabs;
                }
            }
            "playlist_details" => {
                let Ok(details) = queup::PlaylistDetails::decode(event) else {
                    return;
                };
                for user in details
                    .songs
                    .iter()
                    .filter_map(|song| song.embedded.as_ref())
                {
                    self.remember(user);
                }
                if let Some(room) = self.room(event, &details.room) {
                    room.waiting = details.songs.len();
                    room.queue = details.songs.iter().take(QUEUE).map(Song::from).collect();
                    room.fetched = Some(at);
                }
            }
            "room" => {
                let Ok(state) = queup::RoomState::decode(event) else {
                    return;
                };
                if let Some(room) = self.room(event, &state.info.id) {
                    room.name = state.info.name;
                }
            }
            "room_users" => {
                let Ok(users) = queup::RoomUsers::decode(event) else {
                    return;
                };
                for user in users
                    .members
                    .iter()
                    .filter_map(|member| member.embedded.as_ref())
                {
                    self.remember(user);
                }
            }
            "user-join" => {
                let Ok(join) = queup::MemberJoin::decode(event) else {
                    return;
                };
                self.remember(&join.user);
            }
            _ => {}
        }
    }

    /// A song that plays, or none; `since_start` is in seconds.
    fn song(
        &mut self,
        event: &Event,
        room: &queup::RoomId,
        song: Option<&queup::Song>,
        since_start: Option<i64>,
    ) {
        if let Some(user) = song.and_then(|song| song.embedded.as_ref()) {
            self.remember(user);
        }
        if let Some(song) = song.filter(|song| !song.name().is_empty()) {
            let media = song.song_info_id.to_string();
            if self.songs.len() < NAMES || self.songs.contains_key(&media) {
                self.songs.insert(media, song.name().to_owned());
            }
        }
        let at = event.received_at();
        let Some(room) = self.room(event, room) else {
            return;
        };
        let Some(song) = song
            .filter(|song| !song.id.as_str().is_empty())
            .map(Song::from)
        else {
            (room.song, room.began) = (None, None);
            return;
        };
        let is_another = room.song.as_ref().is_none_or(|before| before.id != song.id);
        match since_start {
            Some(seconds) => room.began = at.checked_sub(SignedDuration::from_secs(seconds)).ok(),
            None if is_another => room.began = Some(at),
            None => {}
        }
        room.song = Some(song);
    }

    fn room(&mut self, event: &Event, room: &queup::RoomId) -> Option<&mut Room> {
        let key = (event.source().to_string(), room.to_string());
        if self.rooms.len() >= ROOMS && !self.rooms.contains_key(&key) {
            self.leave_out(key.0, key.1);
            return None;
        }
        Some(self.rooms.entry(key).or_default())
    }

    fn remember(&mut self, user: &queup::User) {
        let id = user.id.as_str();
        if !user.username.is_empty() && (self.users.len() < NAMES || self.users.contains_key(id)) {
            self.users.insert(id.to_owned(), user.username.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Kind, Origin, Place, Position};

    use super::*;

    fn event(second: i64, kind: &str, place: &str, body: &str) -> Event {
        let draft = Draft::new(
            Kind::new(kind),
            Place::new(place),
            Origin::frame("c", second.unsigned_abs()),
            Timestamp::from_second(second).expect("in range"),
            body.to_owned(),
        );
        Event::stored(
            Position::new(second.unsigned_abs() + 1),
            "organ".into(),
            draft,
        )
    }

    fn track(kind: &str, second: i64, title: &str, reason: &str) -> Event {
        let body = format!(
            r#"{{"op":"event","type":"{kind}","guildId":"7","reason":"{reason}","track":{{"encoded":"QAAA","info":{{"title":"{title}","author":"Lantern","length":215000}}}}}}"#
        );
        event(
            second,
            &format!("lavalink.{kind}"),
            "node/eu/player/7",
            &body,
        )
    }

    fn title(playing: &Playing) -> Option<&str> {
        let player = playing.players.get(&("organ".to_owned(), 7))?;
        player.track.as_ref().map(|track| &*track.title)
    }

    #[test]
    fn a_player_has_the_track_that_began_last_until_it_ends() {
        let mut playing = Playing::default();
        playing.add(&track("TrackStartEvent", 1, "Slow Tide", ""));
        assert_eq!(title(&playing), Some("Slow Tide"));
        let update = r#"{"op":"playerUpdate","guildId":"7","state":{"time":1,"position":4200,"connected":true,"ping":2}}"#;
        playing.add(&event(
            5,
            "lavalink.playerUpdate",
            "node/eu/player/7",
            update,
        ));
        // Told twice, as NodeLink does.
        playing.add(&track("TrackStartEvent", 6, "Slow Tide", ""));
        let player = &playing.players[&("organ".to_owned(), 7)];
        assert_eq!(player.position.map(|(position, _)| position), Some(4200));
        assert_eq!((&*player.node, player.is_connected), ("eu", Some(true)));
        // The end of the one before comes after the start of the next.
        playing.add(&track("TrackStartEvent", 7, "Evensong", ""));
        playing.add(&track("TrackEndEvent", 8, "Slow Tide", "finished"));
        assert_eq!(title(&playing), Some("Evensong"));
        playing.add(&track("TrackEndEvent", 9, "Evensong", "replaced"));
        assert_eq!(title(&playing), Some("Evensong"));
        playing.add(&track("TrackEndEvent", 10, "Evensong", "stopped"));
        assert_eq!(title(&playing), None);
    }

    const SONG: &str = r#"{"song":{"_id":"5f1c0aa1b2c3d4e5f6071830","userid":"5f1c0aa1b2c3d4e5f6071829","updubs":1,"downdubs":0},"songInfo":{"_id":"5f1c0aa1b2c3d4e5f6071831","name":"Lantern & Co - Slow Tide","songLength":215000},"startTime":30}"#;

    #[test]
    fn a_room_has_its_song_with_the_votes_that_were_heard_last() {
        let mut playing = Playing::default();
        let room = "room/5a77aa00bb11cc22dd33ee44";
        playing.add(&event(100, "queup.playlist_active", room, SONG));
        let key = ("organ".to_owned(), "5a77aa00bb11cc22dd33ee44".to_owned());
        let seen = &playing.rooms[&key];
        let song = seen.song.as_ref().expect("it plays");
        assert_eq!(
            (&*song.track.title, song.track.length),
            ("Lantern & Co - Slow Tide", Some(215_000))
        );
        assert_eq!(
            seen.began,
            Some(Timestamp::from_second(70).expect("in range"))
        );
        let join = r#"{"user":{"_id":"5f1c0aa1b2c3d4e5f6071829","username":"mira"}}"#;
        playing.add(&event(101, "queup.user-join", room, join));
        assert_eq!(playing.user("5f1c0aa1b2c3d4e5f6071829"), "mira");
        let dub = r#"{"playlist":{"_id":"5f1c0aa1b2c3d4e5f6071830","updubs":5,"downdubs":2},"user":{},"dubtype":"updub"}"#;
        playing.add(&event(102, "queup.room_playlist-dub", room, dub));
        let song = playing.rooms[&key].song.as_ref().expect("it plays");
        assert_eq!((song.up, song.down), (5, 2));
        playing.add(&event(103, "queup.song_change", room, "null"));
        assert!(playing.rooms[&key].song.is_none());
    }

    #[test]
    fn what_is_kept_is_bounded_and_broken_events_tell_nothing() {
        let mut playing = Playing::default();
        for guild in 0..10_000 {
            let body = format!(r#"{{"op":"playerUpdate","guildId":"{guild}","state":{{}}}}"#);
            playing.add(&event(
                1,
                "lavalink.playerUpdate",
                &format!("node/eu/player/{guild}"),
                &body,
            ));
            let place = format!("room/{guild}");
            playing.add(&event(1, "queup.playlist_active", &place, SONG));
        }
        assert_eq!(
            (playing.players.len(), playing.rooms.len()),
            (PLAYERS, ROOMS)
        );
        assert_eq!(playing.left_out(), PLAYERS);
        let mut playing = Playing::default();
        for kind in [
            "lavalink.playerUpdate",
            "lavalink.TrackStartEvent",
            "queup.song_change",
            "queup.room",
        ] {
            for body in ["", "{", "[1]", "7"] {
                playing.add(&event(1, kind, "", body));
            }
        }
        assert!(playing.players.is_empty());
    }
}
