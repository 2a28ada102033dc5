//! Joining, serving and leaving rooms.
//!
//! Joining is three steps: announce the room (the server answers with its counter, §5.1), store a checkpoint with that
//! counter, and open a socket that begins there. Only then do events come, and only then are clients told. Leaving is
//! the reverse: the room's link stops, its checkpoint says that it was left, and its line goes with its last room.
//!
//! A counter that went back by more than 10,000 is doubted once and believed the second time: the room then begins anew
//! in the server's new count, with a gap in between.

use std::sync::Arc;

use antiphon_core::{Checkpoint, Edge, Gap, Link, LinkState, Moment, OpenFailure};
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::{
    PROOF_WITHIN, Session,
    line::Phase,
    room::{Counted, Ending, Outage, Proof, Room},
    task::{AnnounceError, LineId, Task, Top},
};
use crate::{
    error::{JoinError, RequestError},
    event::room_place,
    model::{ROOMS, RoomId, Sockets},
};

/// How far the server's counter may stand behind the last event heard, as from a slower machine of theirs.
///
/// A minute or two at some hundred events a second.
pub(super) const LAG: i64 = 10_000;
/// Rooms that ended whose links are to tell when they are read again; beyond it the lowest numbers are dropped.
pub(super) const ENDED: usize = 1024;
/// The outage of a socket that did not show everything.
const UNPROVEN: &str = "the new socket did not show what came before it";

impl Session {
    /// Adds a room to those that are read.
    ///
    /// A 257th room is not read; its link stops with the code `too-many-rooms`.
    pub(super) fn add_room(&mut self, id: RoomId, now: Moment) {
        if !self.has_place_for(id) {
            tracing::error!(room = %id, most = ROOMS, "too many rooms; this one is not read");
            self.end_room_link(id, Ending::TooMany, None, now);
            return;
        }
        if let Some(unlisted) = self.unlisted.remove(&id) {
            // It goes on where it was heard last.
            self.rooms.insert(id, unlisted.room);
        }
        let known = self.rooms.get(&id).is_some_and(|room| room.wanted);
        if !known {
            // A room that was left and is joined again begins anew: events meanwhile are not the account's.
            let count = self.identities.count;
            let room = Room::new(id, now.wall);
            self.rooms.insert(id, Room { count, ..room });
        }
    }

    /// Whether a room is read, or can be read beside the others.
    fn has_place_for(&self, id: RoomId) -> bool {
        self.rooms.contains_key(&id) || self.rooms.len() < ROOMS
    }

    /// Joins a room for a client, which is told once the room is heard.
    pub(super) fn join(
        &mut self,
        id: RoomId,
        reply: oneshot::Sender<Result<(), JoinError>>,
        now: Moment,
    ) {
        let room = self.rooms.get(&id);
        if room.is_some_and(|room| room.wanted && room.attached) {
            let _ = reply.send(Ok(()));
            return;
        }
        if !self.has_place_for(id) {
            let busy = JoinError::Request(RequestError::Busy(ROOMS));
            let _ = reply.send(Err(busy));
            return;
        }
        self.add_room(id, now);
        if let Some(room) = self.rooms.get_mut(&id) {
            room.waiters.retain(|waiter| !waiter.is_closed());
            room.waiters.push(reply);
        }
        let line = self.assign(id);
        // A wait, which the server may have asked for, is not cut short.
        if self.lines.get(&line).is_some_and(|line| !line.waits()) {
            self.prepare(line, now);
        }
    }

    /// Queues the link of a room that ended.
    pub(super) fn end_room_link(
        &mut self,
        id: RoomId,
        ending: Ending,
        checkpoint: Option<Checkpoint>,
        now: Moment,
    ) {
        self.ended.insert(id);
        while self.ended.len() > ENDED {
            self.ended.pop_first();
        }
        let body = Link::body(&ending.state());
        self.own_event(Link::KIND, room_place(id), body, checkpoint, now);
    }

    /// Removes a room from those that are read, and its line if it was the last of it.
    pub(super) fn remove_room(&mut self, id: RoomId, ending: Ending, now: Moment) {
        self.release_held(id);
        let Some(mut room) = self.rooms.remove(&id) else {
            return;
        };
        room.wanted = false;
        for waiter in room.waiters.drain(..) {
            let _ = waiter.send(Err(JoinError::NoSuchRoom(id)));
        }
        if let Some(Outage { from, cause }) = room.outage.take() {
            let cause = format!("{cause}; the room was left before more was known");
            let gap = Gap::new(from, Edge::at(now.wall), cause);
            self.own_event(Gap::KIND, room_place(id), gap.body(), None, now);
        }
        // A room that was only tried leaves no checkpoint, since there may be any number of them.
        let is_kept = room.settled || self.rules.rooms.contains(&id);
        let checkpoint = is_kept.then(|| room.checkpoint(now));
        self.end_room_link(id, ending, checkpoint, now);
        let line = self.line_of(id);
        let is_empty = !self.rooms.keys().any(|id| self.line_of(*id) == line);
        if is_empty {
            self.drop_stream(line, "no room is left", now);
            self.end_unheard(line, Edge::at(now.wall), now);
            self.lines.remove(&line);
            self.update_link(now);
        } else if let Some(Phase::Preparing) = self.lines.get(&line).map(|line| &line.phase) {
            self.open_if_ready(line);
        }
    }

    /// The line that serves a room.
    pub(super) fn line_of(&self, room: RoomId) -> LineId {
        match self.rules.sockets {
            Sockets::Shared => 0,
            Sockets::PerRoom => room.get(),
        }
    }

    /// Handles the server's answer to an announcement.
    pub(super) fn on_announced(
        &mut self,
        id: RoomId,
        round: u64,
        outcome: Result<Top, AnnounceError>,
        now: Moment,
    ) {
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        let under_way = &mut room.announcement.under_way;
        let Some((_, asked_at)) = under_way.take_if(|(asked, _)| *asked == round) else {
            return;
        };
        match outcome {
            Ok(top) => self.on_top(id, top, asked_at, now),
            Err(AnnounceError::Closed) => {
                tracing::warn!(room = %id, "the room does not exist, or is closed to the account");
                self.remove_room(id, Ending::NotOpen, now);
            }
            Err(AnnounceError::Failed(failure)) => {
                self.line_failed(self.line_of(id), failure, now);
            }
        }
    }

    /// Takes the server's counter for a room that was announced, and stores the room's first checkpoint.
    fn on_top(&mut self, id: RoomId, top: Top, asked_at: Timestamp, now: Moment) {
        let Top { count: top, newest } = top;
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        let announcement = &mut room.announcement;
        announcement.is_done = true;
        announcement.is_stale = false;
        announcement.top = top;
        announcement.newest = newest;
        announcement.asked_at = Some(asked_at);
        let is_behind = room.t.is_some_and(|t| top.saturating_add(LAG) < t);
        // Another room met the new count before.
        let is_old = room.t.is_some() && room.count < self.identities.count;
        if is_behind && !is_old && !std::mem::replace(&mut announcement.is_doubted, true) {
            // One odd answer is no new count.
            let t = room.t.unwrap_or_default();
            let reason = format!("the server's counter went back from {t} to {top}");
            let line = self.line_of(id);
            self.line_failed(line, OpenFailure::new(reason).into(), now);
            return;
        }
        announcement.is_doubted = false;
        if is_behind || is_old {
            self.begin_anew(id, is_old, now);
        }
        self.note_naming(top);
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        if let (Some(known), Some(newest)) = (room.message, newest) {
            // A message may be moved away; a number that no message has would hide every message that follows.
            room.message = Some(known.min(newest));
            room.heard_message = room.heard_message.min(newest);
        }
        if room.t.is_none() {
            // A fresh start: no event before it is the account's.
            room.began = top;
            room.heard = top;
            room.message = None;
            room.heard_message = 0;
            room.reach(top);
            room.counted = Some(Counted {
                at: asked_at,
                by: None,
            });
        }
        if room.settled {
            self.open_if_ready(self.line_of(id));
        } else {
            let checkpoint = room.checkpoint(now);
            self.tasks.push_back(Task::Stored {
                room: id,
                part: Arc::clone(&checkpoint.part),
                mark: checkpoint.mark,
            });
            self.outbox.checkpoint(checkpoint);
        }
    }

    /// Notes up to which count an earlier version may have named messages by their events.
    ///
    /// The checkpoint that says so stands before the first message.
    fn note_naming(&mut self, top: i64) {
        if self.identities.named_after.is_none() {
            let heard = self.rooms.values().filter_map(|room| room.t).max();
            self.identities.named_after = Some(top.max(heard.unwrap_or_default()));
        }
        if !std::mem::replace(&mut self.identities.is_saved, true) {
            self.save_account();
        }
    }

    /// Begins a room anew in the server's new count: its history cannot be asked for by the old one.
    fn begin_anew(&mut self, id: RoomId, is_known: bool, now: Moment) {
        const WHY: &str = "the server counts anew";
        self.release_held(id);
        if !is_known {
            self.identities.count_anew();
            self.mentions.clear();
        }
        let count = self.identities.count;
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        room.catching = None;
        room.proof = None;
        room.t = None;
        room.recovered = 0;
        room.fetched = 0;
        room.overlap.clear();
        room.rows.clear();
        room.settled = false;
        room.count = count;
        let to = Edge::at(now.wall);
        let from = room.whole_until().unwrap_or_else(|| to.clone());
        room.outage = None;
        let gap = Gap::new(from, to, WHY);
        self.own_event(Gap::KIND, room_place(id), gap.body(), None, now);
        self.note_unheard(self.line_of(id), None, WHY.into(), now);
    }

    /// Handles that a room's checkpoint is durable.
    pub(super) fn on_stored(&mut self, id: RoomId) {
        if let Some(room) = self.rooms.get_mut(&id) {
            room.settled = true;
        }
        self.open_if_ready(self.line_of(id));
    }

    /// Notes that a room is served by a new socket, or polled.
    pub(super) fn attach(&mut self, id: RoomId, now: Moment) {
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        room.attached = true;
        room.false_alarms = 0;
        for waiter in room.waiters.drain(..) {
            let _ = waiter.send(Ok(()));
        }
        if self.ended.remove(&id) {
            let state = LinkState::Connected { since: now.wall };
            self.outbox.link(room_place(id), &state, now);
        }
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        if room.catching.is_some() {
            return;
        }
        let least = room
            .heard
            .saturating_add(i64::from(room.announcement.is_stale));
        let until = room.announcement.top.max(least);
        if until <= room.heard {
            room.is_whole();
            if let Some(at) = room.announcement.asked_at
                && room.counted.as_ref().is_none_or(|counted| counted.at < at)
            {
                room.counted = Some(Counted { at, by: None });
            }
        } else {
            room.may_miss(UNPROVEN, now);
            room.proof = Some(Proof {
                until,
                by: now.at + PROOF_WITHIN,
            });
        }
    }

    /// Handles what is due for a room.
    pub(super) fn room_deadline(&mut self, id: RoomId, now: Moment) {
        let reads = self.paused_at.is_none();
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        if reads && room.attached && room.proof.as_ref().is_some_and(|proof| proof.by <= now.at) {
            // The socket does not show the stretch before it; the history does.
            room.proof = None;
            let to = Edge::at(now.wall);
            self.catch_up(id, to, now);
            return;
        }
        let Some(catching) = &mut room.catching else {
            return;
        };
        if catching
            .held
            .as_ref()
            .is_some_and(|held| held.until <= now.at)
        {
            tracing::warn!(room = %id, "the history did not come in time");
            self.release_held(id);
        } else if catching.again_at.is_some_and(|at| at <= now.at) {
            self.ask_history(id);
        }
    }
}
