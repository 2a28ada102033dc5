//! The links of single rooms: where a room stands that is not as it should be.

use std::time::Duration;

use antiphon_core::{Checkpoint, Entry, Link, LinkState, Place};
use jiff::Timestamp;

use super::{LINKS, Moment, Session, channel::Attachment};
use crate::{
    error::{JoinError, RequestError},
    event::{room_place, user_place},
    model::{RoomId, Slug, UserId},
};

/// How many rooms are remembered that are not as they should be.
const ROOMS: usize = 256;

impl Session {
    /// The rooms that are not as they should be, if that changed since it was asked for.
    pub(crate) fn take_rooms(&mut self) -> Option<Vec<(Place, LinkState)>> {
        self.rooms_news.take()
    }

    pub(super) fn note_rooms(&mut self) {
        let rooms = self.rooms.iter();
        let rooms = rooms.map(|(place, state)| (place.clone(), state.clone()));
        self.rooms_news = Some(rooms.collect());
    }

    /// Emits the link of a room, where it is another than before.
    ///
    /// A room is taken to be as well as the source's own link until something else was said of it.
    pub(super) fn tell_room(&mut self, place: &Place, state: LinkState, now: Moment) {
        let is_well = state.is_connected();
        match self.rooms.get(place) {
            None if is_well => return,
            Some(told) if *told == state => return,
            _ => {}
        }
        self.synthetic(Link::KIND, place.clone(), Link::body(&state), now);
        if is_well {
            self.rooms.remove(place);
        } else {
            if self.rooms.len() >= ROOMS {
                self.rooms.pop_first();
            }
            self.rooms.insert(place.clone(), state);
        }
        self.note_rooms();
        let state = serde_json::to_vec(&self.rooms).expect("links have only texts and times");
        let checkpoint = Checkpoint {
            part: LINKS.into(),
            state: state.into(),
            mark: self.next_mark(),
        };
        self.push(Entry::checkpoint(checkpoint));
    }

    /// Says that a room is joined, under its id and under the names in its URL.
    pub(super) fn room_is_well(&mut self, name: &str, now: Moment) {
        let room = self.channels.get(name).and_then(|it| it.room.as_ref());
        let Some(room) = room else { return };
        let mut places = vec![room_place(&room.id), slug_place(&room.slug)];
        places.extend(room.asked_as.as_ref().map(slug_place));
        for place in places {
            self.tell_room(&place, LinkState::Connected { since: now.wall }, now);
        }
    }

    /// Says that a room is not joined, and when that is tried again.
    pub(super) fn room_waits(&mut self, place: &Place, pause: Duration, reason: &str, now: Moment) {
        tracing::warn!(%place, reason, "room not joined");
        let state = LinkState::Waiting {
            until: now.wall.checked_add(pause).unwrap_or(Timestamp::MAX),
            reason: reason.into(),
        };
        self.tell_room(place, state, now);
    }

    /// Joins a room again after a pause, and says so.
    pub(super) fn try_later(&mut self, name: &str, pause: Duration, reason: &str, now: Moment) {
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        let place = channel.place.clone();
        if let Some(room) = &mut channel.room {
            room.rejoin_at = Some(now.at + pause);
            self.room_waits(&place, pause, reason, now);
        }
    }

    /// A room cannot be had: said aloud, and not tried again by itself.
    pub(super) fn refused(&mut self, place: &Place, error: &JoinError, now: Moment) {
        let reason = crate::socket::reason(error);
        tracing::error!(%place, reason, "room not joined");
        let hint = match error {
            JoinError::NoSuchRoom(_) => "check the name in the room's URL",
            JoinError::WrongPassword => "set the room's password",
            JoinError::Request(RequestError::Undecodable(_)) => {
                "look whether a newer version of antiphon knows the answer"
            }
            _ => "ask a moderator of the room, then join it again or restart",
        };
        self.room_stops(place, error.code(), &reason, hint, now);
    }

    pub(super) fn room_stops(
        &mut self,
        place: &Place,
        code: &'static str,
        reason: &str,
        hint: &str,
        now: Moment,
    ) {
        let state = LinkState::Stopped {
            code: code.into(),
            reason: reason.into(),
            hint: Some(hint.into()),
        };
        self.tell_room(place, state, now);
    }

    /// Whether the account's own channel is attached, so that the socket is known to work.
    pub(super) fn is_own_channel_attached(&self) -> bool {
        let place = user_place(self.me.as_ref().unwrap_or(&UserId::default()));
        let mut channels = self.channels.values();
        channels.any(|it| it.place == place && it.attachment == Attachment::Yes)
    }
}

/// The place of a room of which only the name in its URL is known.
pub(super) fn slug_place(slug: &Slug) -> Place {
    room_place(&RoomId::from(slug.as_str()))
}
