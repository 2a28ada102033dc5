//! A room, and its checkpoint.
//!
//! Four counts tell where a room stands, all of the server's one counter: `began` (joined at), `t` (everything up to
//! here is heard, fetched or reported), `heard` (the stream without a hole, above `t` only while a history is asked)
//! and `announcement.top` (the server's own count at the last announcement). A checkpoint has `t`, never `heard`.
//!
//! ```text
//!  began ────────── t ─────────── heard ─────────── top
//!         safe          asked of       the socket has
//!                       the history    yet to show it
//! ```

use std::{collections::VecDeque, sync::Arc};

use antiphon_core::{Checkpoint, Draft, Edge, LinkState, Moment, Part};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::oneshot,
    time::{Duration, Instant},
};

use super::{FALSE_ALARMS, HOLD_EVENTS, LEAP, VERSION, before};
use crate::{
    error::JoinError,
    event::room_place,
    model::{EventId, MessageId, RoomId},
    wire::Shape,
};

/// How often a counter without events is stored.
///
/// Counters move with the traffic of all rooms, and a restart should not have to ask for hours of nothing.
const SAVE_EVERY: Duration = Duration::from_secs(10);
/// Bytes of the events of one room that wait for its history at most.
///
/// With [`HOLD_EVENTS`](super::HOLD_EVENTS), whichever comes first.
pub(super) const HOLD_BYTES: usize = 4 << 20;

/// A room that is read, or was.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) id: RoomId,
    /// Name of its checkpoint, `room/<id>`.
    pub(super) part: Part,
    /// Whether it is read, or is to be.
    pub(super) wanted: bool,
    /// Whether a checkpoint of it is durable.
    pub(super) settled: bool,
    /// When the account joined it, for the edge of a gap that reaches back to the beginning.
    pub(super) joined_at: Timestamp,
    /// The server's count when it was joined; events up to it are not the account's.
    pub(super) began: i64,
    /// Every event up to this count was heard, fetched, or reported as a gap; absent before the room was first read.
    pub(super) t: Option<i64>,
    /// The stream was heard without a hole up to this count; above `t` only while the history is being fetched.
    pub(super) heard: i64,
    /// The newest message up to `t`, 0 if there was none; absent if it is not known, as after an update.
    pub(super) message: Option<i64>,
    /// The newest message of those heard, 0 if none was.
    pub(super) heard_message: i64,
    /// Up to this count the room was fetched, or reported as a gap, since the socket was opened.
    pub(super) fetched: i64,
    /// Events that were heard while the history may have them too.
    pub(super) overlap: Vec<Shape>,
    /// Rows of the history without any id, whose events may come yet.
    pub(super) rows: Vec<Shape>,
    pub(super) announcement: Announcement,
    /// Whether it is served by the line's socket, or polled.
    pub(super) attached: bool,
    /// The stretch in which events may be missing; absent while nothing is.
    pub(super) outage: Option<Outage>,
    /// The count that the socket has yet to reach.
    pub(super) proof: Option<Proof>,
    /// The history that is being fetched.
    pub(super) catching: Option<Catching>,
    /// The newest event that the history gave.
    pub(super) recovered: i64,
    /// Holes on this socket, in a row, in which there was no event.
    pub(super) false_alarms: u8,
    /// Clients that wait for the room to be joined.
    pub(super) waiters: Vec<oneshot::Sender<Result<(), JoinError>>>,
    /// When a checkpoint was last queued.
    pub(super) saved_at: Option<Instant>,
    /// The `t` that it had.
    pub(super) saved: Option<i64>,
    /// When the server last told its count.
    pub(super) counted: Option<Counted>,
    /// The server's count that `t` is of; see [`Identities`](super::identity::Identities).
    pub(super) count: u64,
}

/// The announcements of a room: the server answers each with its counter (protocol §5.1).
#[derive(Debug, Default)]
pub(super) struct Announcement {
    /// The announcement under way, and when it was made.
    pub(super) under_way: Option<(u64, Timestamp)>,
    /// The server's count in the last answer.
    pub(super) top: i64,
    /// The newest message then, if the answer said so.
    pub(super) newest: Option<i64>,
    /// When the announcement with that answer was made.
    pub(super) asked_at: Option<Timestamp>,
    /// Whether the room was announced for the socket to come.
    pub(super) is_done: bool,
    /// Whether that was before the last socket was lost, so that `top` says nothing about the time since.
    pub(super) is_stale: bool,
    /// Whether the server's counter went back in the last answer.
    pub(super) is_doubted: bool,
}

/// A stretch of a room in which events may be missing, up to now.
#[derive(Debug)]
pub(super) struct Outage {
    /// The last frame before it.
    pub(super) from: Edge,
    /// Its cause, for people.
    pub(super) cause: String,
}

/// The reason why a room is not read any more.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    /// The room does not exist, or is closed to the account.
    NotOpen,
    /// The account was kicked, or removed otherwise.
    Removed,
    /// The client left the room.
    Left,
    /// The account is in as many rooms as it may be.
    TooMany,
    /// The configuration does not name the room any more.
    Unlisted,
}

impl Ending {
    /// The state of the room's link: no room comes back by itself.
    ///
    /// A room that the configuration does not name any more is nothing to mend: its link ended in good order.
    pub(super) fn state(self) -> LinkState {
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
            Self::Unlisted => return LinkState::Closed,
        };
        LinkState::Stopped {
            code: code.into(),
            reason: reason.into(),
            hint: Some(hint.into()),
        }
    }
}

/// When the server last told its count: a missing event came after it.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) at: Timestamp,
    /// The connection and the frame that told it; absent for an answer.
    pub(super) by: Option<(Arc<str>, u64)>,
}

impl Counted {
    /// The edge of a gap that begins there.
    fn edge(&self) -> Edge {
        match &self.by {
            Some((connection, frame)) => Edge::frame(self.at, &**connection, *frame),
            None => before(self.at),
        }
    }
}

/// A count up to which the socket has to show, in time, that nothing is missing.
#[derive(Debug)]
pub(super) struct Proof {
    /// The count that a frame has to reach.
    pub(super) until: i64,
    /// When the history is asked instead.
    pub(super) by: Instant,
}

/// A hole that is being filled from the history.
#[derive(Debug)]
pub(super) struct Catching {
    /// Number of the request under way; the answer to another one is dropped.
    pub(super) round: u64,
    /// Where the stream was joined again.
    pub(super) to: Edge,
    /// Live events that wait for the history.
    pub(super) held: Option<Held>,
    /// Requests so far.
    pub(super) tries: u8,
    /// Whether another hole was found since the history was asked.
    pub(super) missed: bool,
    /// How often the history was asked anew for that.
    pub(super) renewed: u8,
    /// When the history is asked again; absent while a request is under way.
    pub(super) again_at: Option<Instant>,
}

/// Events of a room that wait for its history, up to a time.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) events: VecDeque<Arrival>,
    /// Sum of the drafts' weights.
    pub(super) bytes: usize,
    /// When they are released without the history.
    pub(super) until: Instant,
}

/// An event on its way to the journal, with the ids that tell its place among others.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) id: Option<EventId>,
    /// The message that the event posted.
    pub(super) message: Option<MessageId>,
    pub(super) draft: Draft,
}

/// The state of a room in its checkpoint.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    /// Version of the encoding; a checkpoint of another one is left out.
    pub(super) v: u8,
    /// Whether the room is read; a room that was left keeps its checkpoint, so that a restart does not join it.
    pub(super) joined: bool,
    pub(super) joined_at: Timestamp,
    pub(super) t: i64,
    #[serde(default)]
    pub(super) began: i64,
    /// The server's count that `t` is of.
    #[serde(default)]
    pub(super) count: u64,
    /// The newest message up to `t`; absent in checkpoints of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<i64>,
    /// When the server last told `t`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Edge>,
}

/// The mark of a room's checkpoint: the server's count above `t`, so that marks grow where a server counts anew.
///
/// 40 bits are enough for 10¹² events; the server has made some 10⁸ in a decade.
pub(super) fn mark(count: u64, t: i64) -> i64 {
    const T_BITS: u32 = 40;
    let count = i64::try_from(count & 0x007f_ffff).expect("23 bits");
    count << T_BITS | t.clamp(0, (1 << T_BITS) - 1)
}

impl Room {
    /// A room that is joined now.
    pub(super) fn new(id: RoomId, joined_at: Timestamp) -> Self {
        Self {
            id,
            part: room_place(id).as_str().into(),
            wanted: true,
            joined_at,
            ..Self::default()
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
            outage: Some(Outage {
                from: from.unwrap_or_else(|| before(stored.joined_at)),
                cause: "the program was restarted".into(),
            }),
            ..Self::new(id, stored.joined_at)
        }
    }

    /// When the room has something to do next; `reads` says whether frames are read.
    pub(super) fn deadline(&self, reads: bool) -> Option<Instant> {
        let proof = self.proof.as_ref().filter(|_| reads).map(|proof| proof.by);
        let catching = self.catching.as_ref().and_then(|catching| {
            let held = catching.held.as_ref().map(|held| held.until);
            [held, catching.again_at].into_iter().flatten().min()
        });
        [proof, catching].into_iter().flatten().min()
    }

    /// Makes a checkpoint, and notes that it is stored.
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

    /// The edge at which the server last told its count.
    fn counted_edge(&self) -> Option<Edge> {
        self.counted.as_ref().map(Counted::edge)
    }

    /// The edge up to which nothing is missing.
    pub(super) fn whole_until(&self) -> Option<Edge> {
        let outage = self.outage.as_ref();
        outage
            .map(|outage| outage.from.clone())
            .or_else(|| self.counted_edge())
    }

    /// Notes that events may be missing since the server last told its count, unless that is known already.
    ///
    /// The first reason stays: an outage that grows has one beginning and one cause.
    pub(super) fn may_miss(&mut self, why: &str, now: Moment) {
        if self.outage.is_none() {
            self.outage = Some(Outage {
                from: self.counted_edge().unwrap_or_else(|| before(now.wall)),
                cause: why.to_owned(),
            });
        }
    }

    /// Notes that nothing is missing any more.
    pub(super) fn is_whole(&mut self) {
        self.outage = None;
        self.proof = None;
        self.overlap.clear();
    }

    /// Notes that every event up to a count was heard, fetched, or reported as a gap, and so were the messages up to it.
    pub(super) fn reach(&mut self, t: i64) {
        self.t = Some(t);
        let newest = self.announcement.newest;
        let newest = newest.filter(|_| t >= self.announcement.top);
        let heard = Some(self.heard_message).filter(|heard| *heard > 0);
        self.message = [self.message, newest, heard].into_iter().flatten().max();
    }

    /// Notes a message that was heard or fetched.
    pub(super) fn hear_message(&mut self, message: i64) {
        let known = self.message.unwrap_or_default().max(self.heard_message);
        // A number beyond anything the server can have reached would hide every message that follows.
        if known == 0 || message <= known.saturating_add(LEAP) {
            self.heard_message = self.heard_message.max(message);
        }
    }

    /// The Unix second since which events may be missing.
    pub(super) fn since(&self) -> i64 {
        let edge = self.whole_until();
        edge.map_or(self.joined_at, |edge| edge.at).as_second()
    }

    /// Whether its counters on this socket are used to find holes.
    pub(super) fn is_credible(&self) -> bool {
        self.false_alarms < FALSE_ALARMS
    }
}

impl Held {
    /// Whether no more can wait.
    pub(super) fn is_full(&self) -> bool {
        self.events.len() >= HOLD_EVENTS || self.bytes >= HOLD_BYTES
    }
}
