//! Rooms of an earlier run that the configuration does not name any more, where it alone says which rooms are read
//! ([`Config::only_rooms`](crate::Config::only_rooms)).
//!
//! They are left after the login and before the first socket is opened, so that none brings their events. A room's
//! checkpoint says that it was left only once the server has answered: until then the next run tries again, and this one
//! does every 30 s, or later if the server asks for it. The other rooms wait for the first answer alone.

use antiphon_core::Moment;
use tokio::time::{Duration, Instant};

use super::{
    Session,
    login::Phase,
    room::{Ending, Room},
    task::Task,
};
use crate::{error::RequestError, model::RoomId};

/// Pause until a room is left again after a failure that may pass.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// A room that is to be left.
#[derive(Debug)]
pub(super) struct Unlisted {
    /// The room as its checkpoint has it.
    pub(super) room: Room,
    /// When the server is told again; absent before the first answer, and while a request is under way.
    again_at: Option<Instant>,
}

impl Unlisted {
    pub(super) fn new(room: Room) -> Self {
        Self {
            room,
            again_at: None,
        }
    }
}

impl Session {
    /// Leaves the rooms that the configuration does not name; says whether there are any.
    pub(super) fn leave_unlisted(&mut self) -> bool {
        let rooms = self.unlisted.keys();
        let tasks = rooms.map(|room| Task::LeaveUnlisted { room: *room });
        self.tasks.extend(tasks);
        !self.unlisted.is_empty()
    }

    /// Handles the server's answer for a room that was to be left.
    ///
    /// A refusal counts as well: the account is not in the room, or the room is gone. No gap is told, since the events
    /// since the last run are not wanted.
    pub(super) fn on_left_unlisted(
        &mut self,
        id: RoomId,
        outcome: &Result<(), RequestError>,
        now: Moment,
    ) {
        match outcome {
            Ok(()) | Err(RequestError::Refused { .. }) => {
                // A client may have joined it meanwhile.
                if let Some(Unlisted { mut room, .. }) = self.unlisted.remove(&id) {
                    room.wanted = false;
                    let checkpoint = room.checkpoint(now);
                    self.end_room_link(id, Ending::Unlisted, Some(checkpoint), now);
                }
            }
            Err(error) => {
                tracing::warn!(room = %id, %error, "the room was not left; it is tried again");
                if let Some(unlisted) = self.unlisted.get_mut(&id) {
                    let pause = match error {
                        RequestError::Throttled { wait } => AGAIN_AFTER.max(*wait),
                        _ => AGAIN_AFTER,
                    };
                    unlisted.again_at = Some(now.at + pause);
                }
            }
        }
        let mut rest = self.unlisted.values();
        if matches!(self.login.phase, Phase::LoggingIn) && rest.all(|it| it.again_at.is_some()) {
            self.begin(now);
        }
    }

    /// When [`Session::leave_unlisted_again`] has something to do.
    pub(super) fn unlisted_deadline(&self) -> Option<Instant> {
        self.unlisted.values().filter_map(|it| it.again_at).min()
    }

    /// Tells the server again of the rooms whose pause is over.
    pub(super) fn leave_unlisted_again(&mut self, now: Moment) {
        for (room, unlisted) in &mut self.unlisted {
            if unlisted.again_at.take_if(|at| *at <= now.at).is_some() {
                self.tasks.push_back(Task::LeaveUnlisted { room: *room });
            }
        }
    }
}
