//! The song that plays in a room, and the event for another one.
//!
//! QueUp names it with every change of the queue and in answers to requests; the same song comes many times. The last
//! one stands in the room's checkpoint, which is stored with the event of the change, so that a restart neither repeats
//! nor forgets one.

use bytes::Bytes;

use super::{
    Moment, REFETCH_AFTER, Session,
    channel::{Playing, Room},
};
use crate::{event::SONG_CHANGE, wire};

/// An entry compared with the one that is known to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    /// The same entry, or one that played before.
    Nothing,
    /// The first entry that is known, which may have begun before the room was joined.
    First,
    /// Another entry.
    Another,
}

fn compare(known: Option<&Playing>, told: &Playing, begins: bool) -> News {
    let Some(known) = known else {
        return if begins { News::Another } else { News::First };
    };
    let times = known.played.zip(told.played);
    match times {
        // One entry that plays again has begun later; one that began earlier is over.
        Some((known_at, told_at)) if told_at < known_at => News::Nothing,
        Some((known_at, told_at)) if told_at > known_at => News::Another,
        _ if known.id == told.id => News::Nothing,
        _ => News::Another,
    }
}

impl Session {
    /// Takes an update of a room's queue, which names the playing song.
    pub(super) fn on_song_update(&mut self, name: &str, body: &Bytes, now: Moment) {
        let update: wire::Active<'_> = serde_json::from_slice(body).unwrap_or_default();
        let told = update.song.as_ref().and_then(Playing::of);
        match told {
            Some(told) => {
                let begins = update.start_time.is_some_and(|seconds| seconds < 0);
                self.on_playing(name, told, begins, body, now);
            }
            // The update names no song: the server is asked.
            None => {
                if let Some(room) = self.wanted_room(name) {
                    room.active_at = Some(now.at + REFETCH_AFTER);
                }
            }
        }
    }

    /// Takes the playing song as it was fetched, unless an update came since it was asked for.
    ///
    /// `heard` is the number of updates by then.
    pub(super) fn on_song_fetched(&mut self, name: &str, body: &Bytes, heard: u64, now: Moment) {
        let is_newest = self
            .wanted_room(name)
            .is_some_and(|room| room.updates == heard);
        if !is_newest {
            return;
        }
        match serde_json::from_slice::<Option<wire::Active<'_>>>(body) {
            Ok(None) => self.on_playing(name, Playing::default(), false, body, now),
            Ok(Some(active)) => {
                if let Some(told) = active.song.as_ref().and_then(Playing::of) {
                    self.on_playing(name, told, false, body, now);
                }
            }
            Err(_) => {}
        }
    }

    fn on_playing(&mut self, name: &str, told: Playing, begins: bool, body: &Bytes, now: Moment) {
        let Some(room) = self.wanted_room(name) else {
            return;
        };
        let news = compare(room.playing.as_ref(), &told, begins);
        if news == News::Nothing {
            return;
        }
        room.playing = Some(told);
        let place = crate::event::room_place(&room.id);
        if news == News::First {
            self.push_channel(name);
            return;
        }
        let draft = self.own_draft(SONG_CHANGE, place, body.clone(), now);
        let checkpoint = self.channel_checkpoint(name);
        self.push_with(draft, checkpoint);
    }

    /// The room of a channel, unless it was left.
    fn wanted_room(&mut self, name: &str) -> Option<&mut Room> {
        let channel = self.channels.get_mut(name)?;
        channel.room.as_mut().filter(|_| channel.wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, played: Option<i64>) -> Playing {
        Playing {
            id: id.into(),
            played,
        }
    }

    #[track_caller]
    fn check(known: Option<&Playing>, told: &Playing, begins: bool, expected: News) {
        assert_eq!(compare(known, told, begins), expected);
    }

    #[test]
    fn an_entry_is_another_by_its_id_or_by_beginning_later() {
        let (one, other) = (entry("1", None), entry("2", None));
        check(None, &one, false, News::First);
        check(None, &one, true, News::Another);
        check(Some(&one), &one, true, News::Nothing);
        check(Some(&one), &other, false, News::Another);
        check(Some(&one), &Playing::default(), false, News::Another);
        check(Some(&Playing::default()), &other, false, News::Another);
        let at = |time| entry("1", Some(time));
        check(Some(&at(1)), &at(1), true, News::Nothing);
        check(Some(&at(1)), &at(2), false, News::Another);
        check(Some(&at(2)), &at(1), true, News::Nothing);
        check(Some(&at(2)), &entry("2", Some(1)), true, News::Nothing);
        check(Some(&at(2)), &entry("1", None), true, News::Nothing);
    }
}
