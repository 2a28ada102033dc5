//! The links of single rooms, where one is another than the source's.
//!
//! The source's link is that of the socket. A room that is refused, waits or was left has a link of its own, so that
//! people see which room is silent and why. It is an `antiphon.link` event at the room's place, and the list of all
//! such rooms is a checkpoint, so that a restart repeats none.
//!
//! 256 rooms are remembered; beyond that the first by its place is forgotten, and its next state is told anew.

use std::{collections::BTreeMap, time::Duration};

use antiphon_core::{LinkState, OpenFailure, Place, error_chain};

use super::{Moment, Session, channel::Attachment};
use crate::{
    error::{JoinError, RequestError},
    event::room_place,
    model::{RoomId, Slug},
};

/// Number of rooms whose link is remembered.
const ROOMS: usize = 256;

/// The links of rooms that are another than the source's, by the rooms' places.
///
/// None of them is `connected`: such a room has the source's own link.
#[derive(Debug, Default)]
pub(super) struct RoomLinks {
    states: BTreeMap<Place, LinkState>,
    /// Whether one changed since [`RoomLinks::take_news`].
    changed: bool,
}

impl RoomLinks {
    /// Takes up the links of an earlier run.
    pub(super) fn restore(&mut self, states: BTreeMap<Place, LinkState>) {
        self.states = states;
        self.changed = true;
    }

    /// The links as they are stored.
    pub(super) fn states(&self) -> &BTreeMap<Place, LinkState> {
        &self.states
    }

    /// All links, if one changed since the last call.
    pub(super) fn take_news(&mut self) -> Option<Vec<(Place, LinkState)>> {
        let states = || self.states.clone().into_iter().collect();
        std::mem::take(&mut self.changed).then(states)
    }

    /// Takes the link of a room, and says whether it is another than before.
    fn set(&mut self, place: &Place, state: &LinkState) -> bool {
        let known = self.states.get(place);
        let is_same = known.map_or(state.is_connected(), |known| known == state);
        if is_same {
            return false;
        }
        if state.is_connected() {
            self.states.remove(place);
        } else {
            if self.states.len() >= ROOMS {
                self.states.pop_first();
            }
            self.states.insert(place.clone(), state.clone());
        }
        self.changed = true;
        true
    }
}

impl Session {
    /// Emits the link of a room, where it is another than before.
    pub(super) fn set_room_link(&mut self, place: &Place, state: &LinkState, now: Moment) {
        if self.rooms.set(place, state) {
            self.outbox.link(place.clone(), state, now);
            self.push_links();
        }
    }

    /// Emits that a room is joined, under its id and under the names in its URL.
    pub(super) fn room_connected(&mut self, name: &str, now: Moment) {
        let Some(room) = self.room_mut(name) else {
            return;
        };
        let mut places = vec![room_place(&room.id), slug_place(&room.slug)];
        places.extend(room.asked_as.as_ref().map(slug_place));
        for place in places {
            self.set_room_link(&place, &LinkState::Connected { since: now.wall }, now);
        }
    }

    /// Emits that a room is not joined, and when that is tried again.
    pub(super) fn room_waits(&mut self, place: &Place, pause: Duration, reason: &str, now: Moment) {
        tracing::warn!(%place, reason, "room not joined");
        self.set_room_link(place, &OpenFailure::new(reason).link(pause, now), now);
    }

    /// Joins a room again after a pause, and emits that it waits.
    pub(super) fn try_later(&mut self, name: &str, pause: Duration, reason: &str, now: Moment) {
        if let Some(room) = self.room_mut(name) {
            room.rejoin_at = Some(now.at + pause);
            let place = room_place(&room.id);
            self.room_waits(&place, pause, reason, now);
        }
    }

    /// Emits that a room cannot be joined, which is not tried again by itself.
    pub(super) fn refused(&mut self, place: &Place, error: &JoinError, now: Moment) {
        let reason = error_chain(error);
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

    /// Emits that a room is not joined again by itself.
    pub(super) fn room_stops(
        &mut self,
        place: &Place,
        code: &'static str,
        reason: &str,
        hint: &'static str,
        now: Moment,
    ) {
        let stopped = OpenFailure::new(reason).fatal(code, hint);
        self.set_room_link(place, &stopped.link(Duration::ZERO, now), now);
    }

    /// Whether the own account's channel is attached, so that the socket is known to work.
    pub(super) fn is_own_channel_attached(&self) -> bool {
        let place = self.own_place();
        let mut channels = self.channels.values();
        channels.any(|it| it.place == place && it.attachment == Attachment::Yes)
    }
}

/// The place of a room of which only the name in its URL is known.
pub(super) fn slug_place(slug: &Slug) -> Place {
    room_place(&RoomId::from(slug.as_str()))
}
