//! Rooms of an earlier run that the configuration does not name any more, where it alone says which rooms are joined
//! ([`Config::only_rooms`](crate::Config::only_rooms)).
//!
//! They are never attached, so that no event of them comes. They are left once every room that the configuration names
//! was found or finally refused: a name may lead to a room whose checkpoint has another one, and such a room goes on
//! where it was heard last. A room's checkpoint says that it was left only once QueUp has answered: until then the next
//! run tries again, and this one does every 30 s.

use antiphon_core::LinkState;

use super::{JOIN_RETRY, Moment, Phase, Session, Task, channel::room_channel};
use crate::{error::RequestError, event::room_place, model::RoomId};

impl Session {
    /// Begins to leave the rooms that the configuration does not name, once all that it names are known.
    pub(super) fn leave_unlisted(&mut self) {
        if !self.joins.are_configured_known() {
            return;
        }
        for room in self.channels.values_mut().filter_map(|it| it.room.as_mut()) {
            if room.unlisted && !room.leaving && room.leave_at.is_none() {
                room.leaving = true;
                self.tasks.push_back(Task::Leave {
                    room: room.id.clone(),
                    reply: None,
                });
            }
        }
    }

    /// Leaves the rooms whose pause after a failure is over.
    pub(super) fn leave_unlisted_again(&mut self, now: Moment) {
        if !matches!(self.phase, Phase::Open) {
            return;
        }
        for room in self.channels.values_mut().filter_map(|it| it.room.as_mut()) {
            room.leave_at.take_if(|at| *at <= now.at);
        }
        self.leave_unlisted();
    }

    /// QueUp let the account out of a room that the configuration does not name, or not.
    ///
    /// A refusal counts as well: the account is not in the room, or the room is gone. No gap is told, since the events
    /// since the last run are not wanted.
    pub(super) fn on_left_unlisted(
        &mut self,
        id: &RoomId,
        outcome: &Result<(), RequestError>,
        now: Moment,
    ) {
        let name = room_channel(id);
        let Some(room) = self.room_mut(&name) else {
            return;
        };
        if !room.unlisted {
            // A client joined it meanwhile, and the server may have taken the two in either order.
            room.rejoin_at = Some(now.at);
            return;
        }
        room.leaving = false;
        match outcome {
            Ok(()) | Err(RequestError::Refused { .. }) => {
                self.forget(&name);
                self.set_room_link(&room_place(id), &LinkState::Closed, now);
            }
            Err(error) => {
                tracing::warn!(room = %id, %error, "the room was not left; it is tried again");
                room.leave_at = Some(now.at + JOIN_RETRY);
            }
        }
    }
}
