//! Rooms of an earlier run that the configuration does not name any more, where it alone says which rooms are read
//! ([`Config::only_rooms`](crate::Config::only_rooms)).
//!
//! They are left after the login and before the first socket is opened, so that none brings their events. A room's
//! checkpoint says that it was left only once the server has answered: until then the next run tries again, and this one
//! does every 30 s, or later if the server asks for it. The other rooms wait for the first answer alone.
//!
//! A client may join such a room. While the server is being told, the join waits for its answer: carried out behind the
//! announcement, the leave would put the account out of a room that is read.

use antiphon_core::Moment;
use tokio::{
    sync::oneshot,
    time::{Duration, Instant},
};

use super::{
    Session,
    login::Phase,
    room::{Ending, Room},
    task::Task,
};
use crate::{
    error::{JoinError, RequestError},
    model::RoomId,
};

/// Pause until a room is left again after a failure that may pass.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// A room that is to be left.
#[derive(Debug)]
pub(super) struct Unlisted {
    /// The room as its checkpoint has it.
    pub(super) room: Room,
    /// When the server is told again; absent before the first answer, and while a request is under way.
    again_at: Option<Instant>,
    /// Clients that want to join it, and wait for the answer to the request that is under way.
    pub(super) joining: Vec<oneshot::Sender<Result<(), JoinError>>>,
}

impl Unlisted {
    pub(super) fn new(room: Room) -> Self {
        Self {
            room,
            again_at: None,
            joining: Vec::new(),
        }
    }

    /// Tells everybody who waits to join it that it was left.
    pub(super) fn refuse(&mut self, id: RoomId) {
        for waiter in self.joining.drain(..) {
            let _ = waiter.send(Err(JoinError::NoSuchRoom(id)));
        }
    }
}

impl Session {
    /// Leaves the rooms that the configuration does not name; says whether there are any.
    pub(super) fn leave_unlisted(&mut self) -> bool {
        for (room, unlisted) in &mut self.unlisted {
            unlisted.again_at = None;
            self.tasks.push_back(Task::LeaveUnlisted { room: *room });
        }
        !self.unlisted.is_empty()
    }

    /// Has a client's join wait, if the server is being told that the room is left; gives it back if not.
    pub(super) fn join_unlisted(
        &mut self,
        id: RoomId,
        reply: oneshot::Sender<Result<(), JoinError>>,
    ) -> Option<oneshot::Sender<Result<(), JoinError>>> {
        let unlisted = self.unlisted.get_mut(&id);
        match unlisted.filter(|unlisted| unlisted.again_at.is_none()) {
            Some(unlisted) => {
                // As many as there are commands under way.
                unlisted.joining.retain(|waiter| !waiter.is_closed());
                unlisted.joining.push(reply);
                None
            }
            None => Some(reply),
        }
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
                if let Some(Unlisted {
                    mut room, joining, ..
                }) = self.unlisted.remove(&id)
                {
                    room.wanted = false;
                    let checkpoint = room.checkpoint(now);
                    self.end_room_link(id, Ending::Unlisted, Some(checkpoint), now);
                    // It begins anew.
                    self.join_all(id, joining, now);
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
                    // It goes on where it was heard last.
                    let joining = std::mem::take(&mut unlisted.joining);
                    self.join_all(id, joining, now);
                }
            }
        }
        let mut rest = self.unlisted.values();
        if matches!(self.login.phase, Phase::LoggingIn) && rest.all(|it| it.again_at.is_some()) {
            self.begin(now);
        }
    }

    fn join_all(
        &mut self,
        id: RoomId,
        joining: Vec<oneshot::Sender<Result<(), JoinError>>>,
        now: Moment,
    ) {
        for waiter in joining {
            // Who has given up wants nothing any more.
            if !waiter.is_closed() {
                self.join(id, waiter, now);
            }
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
