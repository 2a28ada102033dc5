//! The rooms an account is in, and their checkpoints.

use std::{collections::VecDeque, sync::Arc};

use antiphon_core::{Checkpoint, Draft, Edge, Entry, Gap, Link, LinkState, Part};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{sync::oneshot, time::Instant};

use super::{
    ENDED, FALSE_ALARMS, Failure, LAG, LEAP, LineId, Moment, PROOF_WITHIN, Phase, Refusal,
    SAVE_EVERY, Session, Task, Top, UNPROVEN, VERSION, before,
};
use crate::{
    error::JoinError,
    event::room_place,
    model::{EventId, MessageId, ROOMS, RoomId, Sockets},
    wire::Shape,
};

/// A room that is to be read, or was.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and most of their combinations occur"
)]
pub(super) struct Room {
    pub(super) id: RoomId,
    pub(super) part: Part,
    /// Whether it is to be read.
    pub(super) wanted: bool,
    /// Whether a checkpoint of it is durable.
    pub(super) settled: bool,
    pub(super) joined_at: Timestamp,
    /// The server's count when it was joined: what came before is not ours.
    pub(super) began: i64,
    /// Everything up to this count was heard, fetched, or reported as a gap; absent before the room was first read.
    pub(super) t: Option<i64>,
    /// The stream was heard without a hole up to this count; above `t` only while the history is being fetched.
    pub(super) heard: i64,
    /// The newest message up to `t`, 0 if there was none; absent if nobody knows, as after an update.
    pub(super) message: Option<i64>,
    /// The newest message of those heard, 0 if none was.
    pub(super) heard_message: i64,
    /// Up to this count the room was fetched, or reported as a gap, since the socket was opened.
    pub(super) fetched: i64,
    /// Events heard while the history may have them too.
    pub(super) overlap: Vec<Shape>,
    /// Rows without any id that the history gave, whose events may come yet.
    pub(super) rows: Vec<Shape>,
    /// The server's count when the room was last announced.
    pub(super) top: i64,
    /// The newest message then, if the answer said so.
    pub(super) newest: Option<i64>,
    /// The announcement under way, and when it was made.
    pub(super) announcing: Option<(u64, Timestamp)>,
    /// Whether it was announced for the socket to come.
    pub(super) announced: bool,
    /// Whether that was before the last socket was lost, so that `top` does not tell what came since.
    pub(super) stale: bool,
    /// Whether it is served by the line's socket, or polled.
    pub(super) attached: bool,
    /// The last frame before the outage; absent while there is none.
    pub(super) from: Option<Edge>,
    /// Why there was an outage.
    pub(super) outage: Option<String>,
    /// What the socket has yet to prove.
    pub(super) proof: Option<Proof>,
    /// The history that is being fetched.
    pub(super) catching: Option<Catching>,
    /// The newest event that the history gave.
    pub(super) recovered: i64,
    /// Holes found on this socket in which there was nothing.
    pub(super) false_alarms: u8,
    pub(super) waiters: Vec<oneshot::Sender<Result<(), JoinError>>>,
    /// When a checkpoint was last queued.
    pub(super) saved_at: Option<Instant>,
    /// The mark that it had.
    pub(super) saved: Option<i64>,
    /// When the server last told its count.
    pub(super) counted: Option<Counted>,
    /// When the announcement was made that told `top`.
    pub(super) asked_at: Option<Timestamp>,
    /// Which of the server's counts `t` is of.
    pub(super) count: u64,
    /// Whether the server's counter went back when it was announced last.
    pub(super) doubted: bool,
}

/// Why a room is not read any more.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    /// It does not exist, or is closed to the account.
    NotOpen,
    /// The account was kicked, or removed otherwise.
    Removed,
    /// The client left it.
    Left,
    /// The account is in too many rooms.
    TooMany,
}

impl Ending {
    /// The state of the room's link: no room comes back by itself.
    fn state(self) -> LinkState {
        let (code, reason, hint) = match self {
            Self::NotOpen => (
                "not-open",
                "the room does not exist, or is closed to the account",
                "check the room's number, or ask an owner of the room for access; then join it again",
            ),
            Self::Removed => (
                "removed",
                "the account was removed from the room",
                "join it again once its owners let the account in",
            ),
            Self::Left => (
                "left",
                "the client left the room",
                "join it again to read it",
            ),
            Self::TooMany => (
                "too-many-rooms",
                "the account reads as many rooms as it may",
                "leave another room, or read this one with another account",
            ),
        };
        LinkState::Stopped {
            code: code.into(),
            reason: reason.into(),
            hint: Some(hint.into()),
        }
    }
}

/// When the server last told its count, after which whatever is missing came.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) at: Timestamp,
    /// The connection and the frame that told it; absent if it was an answer.
    pub(super) by: Option<(Arc<str>, u64)>,
}

impl Counted {
    fn edge(&self) -> Edge {
        match &self.by {
            Some((connection, frame)) => Edge::frame(self.at, &**connection, *frame),
            None => before(self.at),
        }
    }
}

/// The socket has to show that nothing is missing up to a count.
#[derive(Debug)]
pub(super) struct Proof {
    pub(super) until: i64,
    pub(super) by: Instant,
}

/// A hole that is being filled from the history.
#[derive(Debug)]
pub(super) struct Catching {
    pub(super) round: u64,
    /// Where the stream was joined again.
    pub(super) to: Edge,
    /// Live events that wait.
    pub(super) held: Option<Held>,
    pub(super) tries: u8,
    /// Whether there was another hole since the history was asked.
    pub(super) missed: bool,
    /// How often it was asked anew for that.
    pub(super) renewed: u8,
    /// When the history is asked for again; absent while it is being asked.
    pub(super) again_at: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) events: VecDeque<Coming>,
    pub(super) bytes: usize,
    pub(super) until: Instant,
}

/// An event on its way to the journal, with what tells its place among others.
#[derive(Debug)]
pub(super) struct Coming {
    pub(super) id: Option<EventId>,
    /// The message that it posted.
    pub(super) message: Option<MessageId>,
    pub(super) draft: Draft,
}

/// A room as its checkpoint tells.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) v: u8,
    pub(super) joined: bool,
    pub(super) joined_at: Timestamp,
    pub(super) t: i64,
    #[serde(default)]
    pub(super) began: i64,
    /// Which of the server's counts `t` is of.
    #[serde(default)]
    pub(super) count: u64,
    /// The newest message up to `t`; absent in an earlier version's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<i64>,
    /// When `t` was last told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Edge>,
}

/// A room's mark: which of the server's counts, above the event's number in it, so that marks grow where a server counts
/// anew.
pub(super) fn mark(count: u64, t: i64) -> i64 {
    const T_BITS: u32 = 40;
    let count = i64::try_from(count & 0x007f_ffff).expect("23 bits");
    count << T_BITS | t.clamp(0, (1 << T_BITS) - 1)
}

impl Room {
    pub(super) fn new(id: RoomId, joined_at: Timestamp) -> Self {
        Self {
            id,
            part: room_place(id).as_str().into(),
            wanted: true,
            settled: false,
            joined_at,
            began: 0,
            t: None,
            heard: 0,
            message: None,
            heard_message: 0,
            fetched: 0,
            overlap: Vec::new(),
            rows: Vec::new(),
            top: 0,
            newest: None,
            announcing: None,
            announced: false,
            stale: false,
            attached: false,
            from: None,
            outage: None,
            proof: None,
            catching: None,
            recovered: 0,
            false_alarms: 0,
            waiters: Vec::new(),
            saved_at: None,
            saved: None,
            counted: None,
            asked_at: None,
            count: 0,
            doubted: false,
        }
    }

    /// A room that an earlier run was in.
    pub(super) fn restored(id: RoomId, stored: Stored) -> Self {
        let from = stored.last;
        Self {
            settled: true,
            began: stored.began,
            count: stored.count,
            t: Some(stored.t),
            heard: stored.t,
            message: stored.message,
            heard_message: stored.message.unwrap_or_default(),
            saved: Some(stored.t),
            from: Some(from.unwrap_or_else(|| before(stored.joined_at))),
            outage: Some("the program was restarted".into()),
            ..Self::new(id, stored.joined_at)
        }
    }

    /// When something of the room is due.
    pub(super) fn deadline(&self, reads: bool) -> Option<Instant> {
        let proof = self.proof.as_ref().filter(|_| reads).map(|proof| proof.by);
        let catching = self.catching.as_ref().and_then(|catching| {
            let held = catching.held.as_ref().map(|held| held.until);
            [held, catching.again_at].into_iter().flatten().min()
        });
        [proof, catching].into_iter().flatten().min()
    }

    /// What is stored of it now.
    pub(super) fn checkpoint(&mut self, now: Moment) -> Checkpoint {
        let t = self.t.unwrap_or_default();
        self.saved_at = Some(now.at);
        self.saved = Some(t);
        let stored = Stored {
            v: VERSION,
            joined: self.wanted,
            joined_at: self.joined_at,
            t,
            began: self.began,
            count: self.count,
            message: self.message,
            last: self.whole_until(),
        };
        Checkpoint {
            part: Arc::clone(&self.part),
            state: serde_json::to_vec(&stored)
                .expect("a room has only texts, numbers and times")
                .into(),
            mark: mark(self.count, t),
        }
    }

    /// Whether a count without events is worth a checkpoint by now.
    pub(super) fn is_unsaved(&self, now: Moment) -> bool {
        self.settled
            && self.t != self.saved
            && self
                .saved_at
                .is_none_or(|at| now.at.saturating_duration_since(at) >= SAVE_EVERY)
    }

    fn counted_edge(&self) -> Option<Edge> {
        self.counted.as_ref().map(Counted::edge)
    }

    /// Up to when nothing is missing.
    pub(super) fn whole_until(&self) -> Option<Edge> {
        self.from.clone().or_else(|| self.counted_edge())
    }

    /// Something may be missing since the server last told its count, unless it is known since when.
    pub(super) fn may_miss(&mut self, why: &str, now: Moment) {
        if self.from.is_none() {
            self.from = Some(self.counted_edge().unwrap_or_else(|| before(now.wall)));
        }
        self.outage.get_or_insert_with(|| why.to_owned());
    }

    /// Nothing is missing any more.
    pub(super) fn is_whole(&mut self) {
        self.from = None;
        self.outage = None;
        self.proof = None;
        self.overlap.clear();
    }

    /// Everything up to a count was heard, fetched, or reported as a gap, and so were the messages up to it.
    pub(super) fn reach(&mut self, t: i64) {
        self.t = Some(t);
        let newest = self.newest.filter(|_| t >= self.top);
        let heard = Some(self.heard_message).filter(|heard| *heard > 0);
        self.message = [self.message, newest, heard].into_iter().flatten().max();
    }

    /// A message was heard or fetched.
    pub(super) fn hear_message(&mut self, message: i64) {
        let known = self.message.unwrap_or_default().max(self.heard_message);
        // One beyond anything the server can have reached would hide all that follow.
        if known == 0 || message <= known.saturating_add(LEAP) {
            self.heard_message = self.heard_message.max(message);
        }
    }

    /// Since when, in Unix seconds, something may be missing.
    pub(super) fn since(&self) -> i64 {
        let edge = self.whole_until();
        edge.map_or(self.joined_at, |edge| edge.at).as_second()
    }

    /// Whether its counters are to be believed on this socket.
    pub(super) fn is_credible(&self) -> bool {
        self.false_alarms < FALSE_ALARMS
    }
}

impl Session {
    /// A room is to be read from now on.
    pub(super) fn want(&mut self, id: RoomId, now: Moment) {
        let known = self.rooms.get(&id).is_some_and(|room| room.wanted);
        if !known && self.rooms.len() >= ROOMS {
            tracing::error!(room = %id, most = ROOMS, "too many rooms; this one is not read");
            self.tell_ending(id, Ending::TooMany, None, now);
        } else if !known {
            // One that was left and is joined again begins anew: what came meanwhile is not ours.
            let count = self.count;
            let room = Room::new(id, now.wall);
            self.rooms.insert(id, Room { count, ..room });
        }
    }

    /// The room's link tells that it ended, and why.
    fn tell_ending(
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
        self.synthetic_with(Link::KIND, room_place(id), body, checkpoint, now);
    }

    /// A room is not to be read any more.
    pub(super) fn forget(&mut self, id: RoomId, ending: Ending, now: Moment) {
        self.release(id, now);
        let Some(mut room) = self.rooms.remove(&id) else {
            return;
        };
        room.wanted = false;
        for waiter in room.waiters.drain(..) {
            let _ = waiter.send(Err(JoinError::NoSuchRoom(id)));
        }
        if let Some(from) = room.from.take() {
            let outage = room.outage.take().unwrap_or_default();
            let cause = format!("{outage}; the room was left before more was known");
            let gap = Gap::new(from, Edge::at(now.wall), cause);
            self.synthetic(Gap::KIND, room_place(id), gap.body(), now);
        }
        // Rooms that were only tried leave no checkpoint, as there may be any number of them.
        let is_kept = room.settled || self.rules.rooms.contains(&id);
        let checkpoint = is_kept.then(|| room.checkpoint(now));
        self.tell_ending(id, ending, checkpoint, now);
        let line = self.line_of(id);
        let is_empty = !self.rooms.keys().any(|id| self.line_of(*id) == line);
        if is_empty {
            self.drop_stream(line, "no room is left", now);
            self.heard_again(line, Edge::at(now.wall), now);
            self.lines.remove(&line);
            self.tell_link(now);
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

    /// The server's answer to an announcement.
    pub(super) fn on_announced(
        &mut self,
        id: RoomId,
        round: u64,
        outcome: Result<Top, Refusal>,
        now: Moment,
    ) {
        let line = self.line_of(id);
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        let Some((_, asked_at)) = room.announcing.take_if(|(asked, _)| *asked == round) else {
            return;
        };
        match outcome {
            Ok(Top { count: top, newest }) => {
                room.announced = true;
                room.stale = false;
                room.top = top;
                room.newest = newest;
                room.asked_at = Some(asked_at);
                let is_behind = room.t.is_some_and(|t| top.saturating_add(LAG) < t);
                // Another room saw it before.
                let is_old = room.t.is_some() && room.count < self.count;
                if is_behind && !is_old && !std::mem::replace(&mut room.doubted, true) {
                    // One odd answer does not make all that is known old.
                    let t = room.t.unwrap_or_default();
                    let reason = format!("the server's counter went back from {t} to {top}");
                    self.line_failed(line, Failure::new(reason), now);
                    return;
                }
                room.doubted = false;
                if is_behind || is_old {
                    self.begin_anew(id, is_old, now);
                }
                self.note_naming(top);
                let Some(room) = self.rooms.get_mut(&id) else {
                    return;
                };
                if let (Some(known), Some(newest)) = (room.message, newest) {
                    // A message may be moved away; a number that no message has would hide all that follow.
                    room.message = Some(known.min(newest));
                    room.heard_message = room.heard_message.min(newest);
                }
                if room.t.is_none() {
                    // A fresh start: nothing before it is ours.
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
                    self.open_if_ready(line);
                } else {
                    let checkpoint = room.checkpoint(now);
                    self.tasks.push_back(Task::Stored {
                        room: id,
                        part: Arc::clone(&checkpoint.part),
                        mark: checkpoint.mark,
                    });
                    self.push(Entry::checkpoint(checkpoint));
                }
            }
            Err(Refusal::Closed) => {
                tracing::warn!(room = %id, "the room does not exist, or is closed to the account");
                self.forget(id, Ending::NotOpen, now);
            }
            Err(Refusal::Failed(failure)) => self.line_failed(line, failure, now),
        }
    }

    /// From now on messages are named by their message ids, and those that an earlier version may have stored by the ids
    /// of their events; the checkpoint that says so stands before the first of either.
    fn note_naming(&mut self, top: i64) {
        if self.named_after.is_none() {
            let heard = self.rooms.values().filter_map(|room| room.t).max();
            self.named_after = Some(top.max(heard.unwrap_or_default()));
        }
        if !std::mem::replace(&mut self.named_saved, true) {
            self.save_account();
        }
    }

    /// The server counts anew: nothing of a room can be asked for by its old count.
    fn begin_anew(&mut self, id: RoomId, is_known: bool, now: Moment) {
        const WHY: &str = "the server counts anew";
        self.release(id, now);
        if !is_known {
            self.count_anew();
        }
        let count = self.count;
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
        room.from = None;
        room.outage = None;
        let gap = Gap::new(from, to, WHY);
        self.synthetic(Gap::KIND, room_place(id), gap.body(), now);
        self.note_unheard(self.line_of(id), None, WHY.into(), now);
    }

    pub(super) fn on_stored(&mut self, id: RoomId) {
        if let Some(room) = self.rooms.get_mut(&id) {
            room.settled = true;
        }
        self.open_if_ready(self.line_of(id));
    }

    /// The room is served by a new socket, or polled.
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
            self.synthetic(Link::KIND, room_place(id), Link::body(&state), now);
        }
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        if room.catching.is_some() {
            return;
        }
        let least = room.heard.saturating_add(i64::from(room.stale));
        let until = room.top.max(least);
        if until <= room.heard {
            room.is_whole();
            if let Some(at) = room.asked_at
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

    /// Something of a room is due.
    pub(super) fn room_deadline(&mut self, id: RoomId, now: Moment) {
        let reads = self.paused_at.is_none();
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        if reads && room.attached && room.proof.as_ref().is_some_and(|proof| proof.by <= now.at) {
            // The socket is silent about the stretch before it: the history knows.
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
            self.release(id, now);
        } else if catching.again_at.is_some_and(|at| at <= now.at) {
            self.ask_history(id);
        }
    }
}
