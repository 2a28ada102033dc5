//! What plays: Lavalink's players, and the rooms of QueUp with their queues.
//!
//! A player's volume, pause, filters and queue are in its checkpoint, which the journal stores with each change; its
//! position comes from its node's updates. A room's song, votes and queue come from its events.

use std::{collections::BTreeMap, sync::Arc};

use antiphon::lavalink::{NodeId, StoredPlayer};

use antiphon_journal::Inspect;
use axum::{Router, extract::State, routing::get};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Site,
    overview::counted,
    pages::{Answer, ROWS, link, page, time},
    playing::{Player, Playing, QUEUE, Room, Song, Track},
};
use crate::{failure::Failure, plain::plain};

/// Sources whose checkpoints are looked through.
const SOURCES: usize = 64;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/players", get(players))
}

/// The stored players by source and guild.
type Stored = BTreeMap<(String, u64), StoredPlayer>;

async fn players(State(site): State<Arc<Site>>) -> Answer {
    let journal = site.journal().await?;
    let stored = stored(&*journal).await?;
    let now = Timestamp::now();
    let body = site.figures().await.look(|figures| {
        let playing = &figures.playing;
        html! {
            h1 { "Players and queues" }
            div data-renew="5" {
                h2 { "Players" }
                (guilds(playing, &stored, now))
                h2 { "Rooms" }
                (rooms(playing, now))
                @if playing.left_out() > 0 { p.note { "At least " (playing.left_out()) " further players and rooms are not kept." } }
                (counted(figures))
            }
        }
    });
    Ok(page("Players and queues", "/players", &body))
}

/// # Errors
/// The journal cannot be read.
async fn stored(journal: &dyn Inspect) -> Result<Stored, Failure> {
    let mut stored = Stored::new();
    for source in journal.names(0).await?.sources.into_iter().take(SOURCES) {
        let checkpoints = journal.checkpoints(&source).await?;
        let players = checkpoints.iter().filter_map(StoredPlayer::read);
        stored.extend(players.map(|player| ((source.to_string(), player.guild.get()), player)));
    }
    Ok(stored)
}

/// A player as checkpoint and events together tell.
struct Shown<'a> {
    source: &'a str,
    guild: u64,
    stored: Option<&'a StoredPlayer>,
    heard: Option<&'a Player>,
    /// The track that plays.
    track: Option<Track>,
}

impl<'a> Shown<'a> {
    fn new(
        (source, guild): &'a (String, u64),
        stored: Option<&'a StoredPlayer>,
        heard: Option<&'a Player>,
    ) -> Self {
        let of_stored = stored
            .and_then(|stored| stored.current.as_ref())
            .map(Track::from);
        let track = match (stored, heard) {
            (Some(_), _) => of_stored,
            (None, heard) => heard.and_then(|heard| heard.track.clone()),
        };
        Self {
            source,
            guild: *guild,
            stored,
            heard,
            track,
        }
    }

    fn is_paused(&self) -> bool {
        self.stored.is_some_and(|stored| stored.is_paused)
    }

    fn node(&self) -> Option<&str> {
        let stored = self.stored.and_then(|stored| stored.node.as_ref());
        stored
            .map(NodeId::as_str)
            .or(self.heard.map(|heard| &*heard.node))
            .filter(|node| !node.is_empty())
    }

    /// Milliseconds of the track that were played, by what was told last.
    fn position(&self, now: Timestamp) -> Option<i64> {
        let track = self.track.as_ref()?;
        let told = [
            self.stored.map(|stored| (stored.position, stored.at)),
            self.heard.and_then(|heard| heard.position),
        ];
        let (position, at) = told.into_iter().flatten().max_by_key(|(_, at)| *at)?;
        let moved = if self.is_paused() { 0 } else { since(at, now) };
        let position = position.saturating_add(moved).max(0);
        Some(track.length.map_or(position, |length| position.min(length)))
    }

    fn state(&self) -> &'static str {
        let is_away = self.heard.and_then(|heard| heard.is_connected) == Some(false);
        match &self.track {
            None => "silent",
            Some(_) if self.is_paused() => "paused",
            Some(_) if is_away => "not connected to voice",
            Some(_) => "plays",
        }
    }
}

/// Milliseconds from one moment to another.
fn since(then: Timestamp, now: Timestamp) -> i64 {
    now.as_millisecond()
        .saturating_sub(then.as_millisecond())
        .max(0)
}

fn guilds(playing: &Playing, stored: &Stored, now: Timestamp) -> Markup {
    let keys: std::collections::BTreeSet<_> = stored.keys().chain(playing.players.keys()).collect();
    let mut shown: Vec<_> = keys
        .into_iter()
        .map(|key| Shown::new(key, stored.get(key), playing.players.get(key)))
        .collect();
    // What plays comes first.
    shown.sort_by_key(|player| player.track.is_none());
    html! {
        @if shown.is_empty() { p.none { "No player is known." } } @else {
            table.cards {
                thead { tr { th { "guild" } th { "node" } th { "track" } th { "position" } th { "state" } th { "queue" } } }
                tbody { @for player in shown.iter().take(ROWS) { (guild(player, now)) } }
            }
            @if shown.len() > ROWS { p.note { (shown.len() - ROWS) " further players are not shown." } }
        }
    }
}

fn guild(player: &Shown<'_>, now: Timestamp) -> Markup {
    let place = format!("*/player/{}", player.guild);
    let waiting = player.stored.map(|stored| &stored.queue);
    html! { tr {
        td { a href=(link("/events", &[("source", player.source), ("place", &place)])) { (player.guild) } " " span.note { (plain(player.source)) } }
        td { @if let Some(node) = player.node() { (plain(node)) } @else { "none" } }
        td.gist { @match &player.track { Some(track) => (title(track)), None => span.note { "nothing plays" } } }
        td.time { @if let Some(track) = &player.track { (progress(player.position(now), track.length)) } }
        td {
            (player.state())
            @if let Some(stored) = player.stored {
                ", " (stored.volume) " %"
                @if !stored.filters.is_empty() { ", " (plain(&stored.filters.join(", "))) }
            }
        }
        td { @match waiting {
            None => span.note { "not known" },
            Some(queue) if queue.is_empty() => "empty",
            Some(queue) => (queued(queue.len(), queue.iter().take(QUEUE).map(|track| title(&Track::from(track))))),
        } }
    } }
}

fn title(track: &Track) -> Markup {
    html! {
        @if track.title.is_empty() { "unnamed" } @else { (plain(&track.title)) }
        @if !track.author.is_empty() { " " span.note { (plain(&track.author)) } }
    }
}

/// How many wait, and the first of them by their names.
fn queued(count: usize, songs: impl Iterator<Item = Markup>) -> Markup {
    html! { details {
        summary { (count) @if count == 1 { " track" } @else { " tracks" } }
        ol { @for song in songs { li { (song) } } }
        @if count > QUEUE { p.note { "and " (count - QUEUE) " more" } }
    } }
}

/// A position, with the length and a bar where it is known.
fn progress(position: Option<i64>, length: Option<i64>) -> Markup {
    html! {
        @match (position, length) {
            (Some(position), Some(length)) => {
                (minutes(position)) " of " (minutes(length)) " "
                progress max=(length) value=(position.min(length)) aria-label="position in the track" {}
            }
            (Some(position), None) => { (minutes(position)) }
            (None, Some(length)) => { "of " (minutes(length)) }
            (None, None) => {}
        }
    }
}

/// Milliseconds as `3:35` or `1:02:03`.
fn minutes(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

fn rooms(playing: &Playing, now: Timestamp) -> Markup {
    let mut rooms: Vec<_> = playing.rooms.iter().collect();
    rooms.sort_by_key(|(key, room)| (room.song.is_none(), *key));
    html! {
        @if rooms.is_empty() { p.none { "No room is known." } } @else {
            table.cards {
                thead { tr { th { "room" } th { "song" } th { "position" } th { "DJ" } th { "votes" } th { "queue" } } }
                tbody { @for (key, room) in rooms.iter().take(ROWS) { (one_room(playing, key, room, now)) } }
            }
            @if rooms.len() > ROWS { p.note { (rooms.len() - ROWS) " further rooms are not shown." } }
        }
    }
}

fn one_room(
    playing: &Playing,
    (source, id): &(String, String),
    room: &Room,
    now: Timestamp,
) -> Markup {
    let place = format!("room/{id}");
    let name = if room.name.is_empty() { id } else { &room.name };
    let queued_by = |song: &Song| {
        html! {
            (title(&playing.track(song))) @if !song.dj.is_empty() { " " span.note { "by " (plain(playing.user(&song.dj))) } }
        }
    };
    html! { tr {
        td { a href=(link("/events", &[("source", source), ("place", &place)])) { (plain(name)) } " " span.note { (plain(source)) } }
        @match &room.song {
            None => { td.gist { span.note { "nothing plays" } } td {} td {} td {} }
            Some(song) => {
                td.gist { (title(&playing.track(song))) }
                td.time { (progress(room.began.map(|began| position(began, song, now)), song.track.length)) }
                td { @if song.dj.is_empty() { "nobody" } @else { (plain(playing.user(&song.dj))) } }
                td { "+" (song.up) " −" (song.down) @if let Some(grabs) = song.grabs { ", " (grabs) " grabs" } }
            }
        }
        td { @match room.fetched {
            None => span.note { "not known" },
            Some(_) if room.waiting == 0 => "empty",
            Some(at) => { (queued(room.waiting, room.queue.iter().map(queued_by))) span.note { "at " (time(at)) } }
        } }
    } }
}

/// Milliseconds of a room's song that were played.
fn position(began: Timestamp, song: &Song, now: Timestamp) -> i64 {
    let played = since(began, now);
    song.track
        .length
        .map_or(played, |length| played.min(length))
}
