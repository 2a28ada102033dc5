//! The song that plays in a room, and the event for another one.
//!
//! QueUp names it with every change of the queue and in answers to requests; the same song comes many times. The last
//! one stands in the room's checkpoint, which is stored with the event of the change, so that a restart neither repeats
//! nor forgets one.
//!
//! # What counts as another song
//! - An entry with another id, unless it began before the known one: then the update is late.
//! - The same entry, if it began later: it plays again.
//! - The first song of a room is no change, unless QueUp says that it begins now.
//!
//! An answer to a request counts only if no update came since it was asked for.

use bytes::Bytes;

use super::{
    Moment, REFETCH_AFTER, Session,
    channel::{Playing, Room},
};
use crate::{event::SONG_CHANGE, wire};

/// The change from the known entry to one that plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// The same entry, or one that played before.
    Same,
    /// The first entry that is known, which may have begun before the room was joined.
    First,
    /// Another entry.
    Another,
}

/// Compares the known entry with one that plays; `begins` says that it begins now.
fn compare(known: Option<&Playing>, playing: &Playing, begins: bool) -> Change {
    let Some(known) = known else {
        return if begins {
            Change::Another
        } else {
            Change::First
        };
    };
    let times = known.played.zip(playing.played);
    match times {
        // One entry that plays again has begun later; one that began earlier is over.
        Some((old_at, new_at)) if new_at < old_at => Change::Same,
        Some((old_at, new_at)) if new_at > old_at => Change::Another,
        _ if known.id == playing.id => Change::Same,
        _ => Change::Another,
    }
}

impl Session {
    /// Takes an update of a room's queue, which names the playing song.
    pub(super) fn on_song_update(&mut self, name: &str, body: &Bytes, now: Moment) {
        let update: wire::Active<'_> = antiphon_core::read_json(body).unwrap_or_default();
        let playing = update.song.as_ref().and_then(Playing::of);
        match playing {
            Some(playing) => {
                let begins = update.start_time.is_some_and(|seconds| seconds < 0);
                self.on_playing(name, playing, begins, body, now);
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
        match antiphon_core::read_json::<Option<wire::Active<'_>>>(body) {
            Ok(None) => self.on_playing(name, Playing::default(), false, body, now),
            Ok(Some(active)) => {
                if let Some(playing) = active.song.as_ref().and_then(Playing::of) {
                    self.on_playing(name, playing, false, body, now);
                }
            }
            Err(_) => {}
        }
    }

    /// Takes the entry that plays, and emits a change.
    fn on_playing(
        &mut self,
        name: &str,
        playing: Playing,
        begins: bool,
        body: &Bytes,
        now: Moment,
    ) {
        let Some(room) = self.wanted_room(name) else {
            return;
        };
        let change = compare(room.playing.as_ref(), &playing, begins);
        if change == Change::Same {
            return;
        }
        room.playing = Some(playing);
        let place = crate::event::room_place(&room.id);
        if change == Change::First {
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
    fn check(known: Option<&Playing>, playing: &Playing, begins: bool, expected: Change) {
        assert_eq!(compare(known, playing, begins), expected);
    }

    #[test]
    fn an_entry_is_another_by_its_id_or_by_beginning_later() {
        let (one, other) = (entry("1", None), entry("2", None));
        check(None, &one, false, Change::First);
        check(None, &one, true, Change::Another);
        check(Some(&one), &one, true, Change::Same);
        check(Some(&one), &other, false, Change::Another);
        check(Some(&one), &Playing::default(), false, Change::Another);
        check(Some(&Playing::default()), &other, false, Change::Another);
        let at = |time| entry("1", Some(time));
        check(Some(&at(1)), &at(1), true, Change::Same);
        check(Some(&at(1)), &at(2), false, Change::Another);
        check(Some(&at(2)), &at(1), true, Change::Same);
        check(Some(&at(2)), &entry("2", Some(1)), true, Change::Same);
        check(Some(&at(2)), &entry("1", None), true, Change::Same);
    }
}
