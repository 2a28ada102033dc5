//! Queues, the playing song, votes and grabs.
//!
//! A room plays one song after another: the DJs take turns, each with the first song of their own queue, and a DJ whose queue is
//! paused or empty is passed over.
//! A song ends by its length, by a timer of the server, or by a skip; the next begins at once, and without one the room is
//! silent and announces nothing.
//! Queuing a song announces the playing one once more, as the real server does (protocol §9, 10).

use serde_json::{Value, json};

use super::{
    model::{Millis, QueueItem, Room, Shown},
    state::State,
};
/// Refusal of a song.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The queue is locked, and the user lacks the right `set-dj`.
    Locked,
    /// The song is longer than the room takes, in minutes.
    TooLong,
    /// The user has queued this song already.
    Repeated,
    /// The user has as many songs as the room takes of one.
    Full,
    /// There is no such song or room.
    Unknown,
}

impl Refusal {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Locked => "the queue is locked",
            Self::TooLong => "this song is too long for the room",
            Self::Repeated => "this song is in your queue already",
            Self::Full => "your queue is full",
            Self::Unknown => "no such song",
        }
    }
}

impl State {
    /// Queues a song for a user; it starts at once if nothing plays.
    pub(crate) fn queue_song(
        &mut self,
        room: &str,
        user: &str,
        song: &str,
    ) -> Result<Value, Refusal> {
        let length = self.songs.get(song).ok_or(Refusal::Unknown)?.length;
        let place = self.rooms.get(room).ok_or(Refusal::Unknown)?;
        if place.flag("lockQueue") && !place.may(user, "set-dj") {
            return Err(Refusal::Locked);
        }
        if place
            .number("maxLengthSong")
            .is_some_and(|most| most > 0 && length > most * 60_000)
        {
            return Err(Refusal::TooLong);
        }
        let most = place.number("maxSongQueueLength").unwrap_or(30);
        let item = QueueItem {
            id: self.ids.next(),
            created: self.now(),
            played: None,
            active: false,
            over: false,
            skipped: false,
            length,
            updubs: std::collections::BTreeSet::new(),
            downdubs: std::collections::BTreeSet::new(),
            grabs: 0,
            roomid: room.to_owned(),
            userid: user.to_owned(),
            songid: song.to_owned(),
        };
        let member = self.member(room, user).ok_or(Refusal::Unknown)?;
        if member.queue.iter().any(|queued| queued.songid == song) {
            return Err(Refusal::Repeated);
        }
        if i64::try_from(member.queue.len()).unwrap_or(i64::MAX) >= most {
            return Err(Refusal::Full);
        }
        member.queue.push_back(item.clone());
        let answer = self.item_json(&item, 999, Shown::Id, Shown::Id);
        if let Some(place) = self.rooms.get_mut(room)
            && place.order(user).is_none()
        {
            place.djs.push_back(user.to_owned());
        }
        if self
            .rooms
            .get(room)
            .is_some_and(|room| room.playing.is_none())
        {
            self.play_next(room);
        } else {
            self.queue_changed(room, user);
            self.announce_song(room, false);
        }
        self.announce_member(room, user);
        Ok(answer)
    }

    /// Announces a change of a user's queue.
    pub(crate) fn queue_changed(&mut self, room: &str, user: &str) {
        let event = json!({"user": self.user_json(user)});
        self.announce_in(room, "room_playlist-queue-update-dub", event);
    }

    /// Announces the playing song: as new, or again because the queue changed.
    pub(crate) fn announce_song(&mut self, room: &str, new: bool) {
        let now = self.now();
        let Some(place) = self.rooms.get(room) else {
            return;
        };
        let Some(item) = &place.playing else {
            return;
        };
        let elapsed = item.played.map_or(0, |played| (now - played) / 1000);
        let event = json!({
            "startTime": if new { -1 } else { elapsed },
            "song": self.item_json(item, 0, Shown::Id, Shown::Id),
            "songInfo": self.song_json(&item.songid),
        });
        self.announce_in(room, "room_playlist-update", event);
    }

    /// Plays the next song of the next DJ; without one, nothing is announced.
    ///
    /// The DJ goes to the end of the turn if songs are left.
    pub(crate) fn play_next(&mut self, room: &str) {
        let now = self.now();
        let Some(place) = self.rooms.get_mut(room) else {
            return;
        };
        finish(place);
        place.votes.clear();
        let next = place.djs.iter().position(|dj| {
            place
                .members
                .get(dj)
                .is_some_and(|member| !member.paused && !member.queue.is_empty())
        });
        if let Some(dj) = next.and_then(|position| place.djs.remove(position))
            && let Some(member) = place.members.get_mut(&dj)
            && let Some(mut item) = member.queue.pop_front()
        {
            member.played += 1;
            if !member.queue.is_empty() {
                place.djs.push_back(dj);
            }
            item.played = Some(now);
            item.active = true;
            place.playing = Some(item);
            self.announce_song(room, true);
        }
        self.timers.wake();
    }

    /// Skips the playing song.
    ///
    /// The event names the user, and nothing of the song.
    pub(crate) fn skip(&mut self, room: &str, by: &str) {
        let name = self.username(by);
        let Some(place) = self.rooms.get_mut(room) else {
            return;
        };
        if let Some(item) = &mut place.playing {
            item.skipped = true;
            if let Some(member) = place.members.get_mut(&item.userid) {
                member.skipped += 1;
            }
        }
        self.announce_in(room, "chat-skip", json!({"username": name}));
        self.play_next(room);
    }

    /// Ends the songs whose time is over.
    pub(crate) fn advance(&mut self) {
        let now = self.now();
        let over: Vec<String> = self
            .rooms
            .values()
            .filter(|room| ends_at(room).is_some_and(|end| end <= now))
            .map(|room| room.id.clone())
            .collect();
        for room in over {
            self.play_next(&room);
        }
    }

    /// Time when the next song of any room ends.
    pub(crate) fn next_end(&self) -> Option<Millis> {
        self.rooms.values().filter_map(ends_at).min()
    }

    /// Votes on the playing song; a repeated vote changes nothing.
    pub(crate) fn dub(&mut self, room: &str, user: &str, up: bool) {
        let Some(place) = self.rooms.get_mut(room) else {
            return;
        };
        let Some(item) = &mut place.playing else {
            return;
        };
        let (to, from) = if up {
            (&mut item.updubs, &mut item.downdubs)
        } else {
            (&mut item.downdubs, &mut item.updubs)
        };
        if !to.insert(user.to_owned()) {
            return;
        }
        from.remove(user);
        let dj = item.userid.clone();
        if up && let Some(member) = place.members.get_mut(&dj) {
            member.dubs += 1;
        }
        if up && let Some(dj) = self.users.get_mut(&dj) {
            dj.dubs += 1;
        }
        let Some(item) = self.rooms.get(room).and_then(|room| room.playing.as_ref()) else {
            return;
        };
        let event = json!({
            "dubtype": if up { "updub" } else { "downdub" },
            "playlist": self.item_json(item, 0, Shown::Id, Shown::Id),
            "user": self.user_json(user),
        });
        self.announce_in(room, "room_playlist-dub", event);
    }

    /// Adds the playing song to a personal playlist.
    pub(crate) fn grab(&mut self, room: &str, user: &str) {
        let Some(item) = self
            .rooms
            .get_mut(room)
            .and_then(|room| room.playing.as_mut())
        else {
            return;
        };
        item.grabs += 1;
        let item = item.clone();
        let event = json!({
            "playlist": self.item_json(&item, 0, Shown::Id, Shown::Id),
            "user": self.user_json(user),
        });
        self.announce_in(room, "room_playlist-queue-update-grabs", event);
    }

    /// Puts the DJs into this order; DJs without a name in it come last.
    pub(crate) fn reorder(&mut self, room: &str, by: &str, users: &[String]) {
        if let Some(place) = self.rooms.get_mut(room) {
            let rank = |dj: &String| {
                users
                    .iter()
                    .position(|user| user == dj)
                    .unwrap_or(usize::MAX)
            };
            place.djs.make_contiguous().sort_by_key(rank);
        }
        let event = json!({"user": self.user_json(by)});
        self.announce_in(room, "room_playlist-queue-reorder", event);
    }

    /// Removes a DJ's next song; returns the one that comes after it.
    pub(crate) fn remove_song_of(&mut self, room: &str, by: &str, user: &str) -> Option<QueueItem> {
        let member = self.member(room, user)?;
        member.queue.pop_front();
        let next = member.queue.front().cloned();
        self.forget_idle_djs(room);
        let event = json!({"user": self.user_json(by), "removedUser": self.user_json(user)});
        self.announce_in(room, "room_playlist-queue-remove-user-song", event);
        next
    }

    /// Removes a DJ with all their songs.
    pub(crate) fn remove_dj(&mut self, room: &str, by: &str, user: &str) {
        if let Some(member) = self.member(room, user) {
            member.queue.clear();
        }
        self.forget_idle_djs(room);
        let event = json!({"user": self.user_json(by), "removedUser": self.user_json(user)});
        self.announce_in(room, "room_playlist-queue-remove-user", event);
    }

    /// Removes one of a user's own songs, or all.
    pub(crate) fn clear_queue(&mut self, room: &str, user: &str, item: Option<&str>) {
        if let Some(member) = self.member(room, user) {
            member
                .queue
                .retain(|queued| item.is_some_and(|item| queued.id != item));
        }
        self.forget_idle_djs(room);
        self.queue_changed(room, user);
        self.announce_member(room, user);
    }

    /// Removes DJs whose queues are empty.
    fn forget_idle_djs(&mut self, room: &str) {
        if let Some(place) = self.rooms.get_mut(room) {
            let members = &place.members;
            place.djs.retain(|dj| {
                members
                    .get(dj)
                    .is_some_and(|member| !member.queue.is_empty())
            });
        }
    }

    /// Pauses a user's queue, or resumes it; `by` is the moderator, if one did it.
    pub(crate) fn pause_queue(&mut self, room: &str, user: &str, by: Option<&str>, paused: bool) {
        if let Some(member) = self.member(room, user) {
            member.paused = paused;
        }
        let Some(place) = self.rooms.get(room) else {
            return;
        };
        let member = self.member_json(place, user, Shown::Id, Shown::Id);
        let mut event = json!({"user": self.user_json(user), "user_queue": member});
        let name = if let Some(by) = by {
            event["mod"] = self.user_json(by);
            "user-pause-queue-mod"
        } else {
            "user-pause-queue"
        };
        self.announce_in(room, name, event);
    }

    /// The next song of each DJ, in the order in which they play.
    pub(crate) fn queue_details(&self, room: &Room) -> Vec<Value> {
        let next = |dj: &String| room.members.get(dj).and_then(|member| member.queue.front());
        room.djs
            .iter()
            .filter_map(next)
            .enumerate()
            .map(|(order, item)| self.item_json(item, order, Shown::Whole, Shown::Id))
            .collect()
    }
}

fn ends_at(room: &Room) -> Option<Millis> {
    room.playing.as_ref().and_then(QueueItem::ends_at)
}

/// Moves the playing song into the history.
fn finish(room: &mut Room) {
    if let Some(mut item) = room.playing.take() {
        item.active = false;
        item.over = true;
        room.played.push_back(item);
        if room.played.len() > Room::PLAYED {
            room.played.pop_front();
        }
    }
}
