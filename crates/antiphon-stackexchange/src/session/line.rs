//! Lines: sockets, and polling in their place.
//!
//! The life of a line: *preparing* (every room is announced, and its first checkpoint is stored), *opening* (`/ws-auth`
//! for each room, then the socket), *idle* beside an open stream, or *waiting* for the next try. A stream and a phase
//! are independent: while a new socket is being opened, the old one is read.
//!
//! Waits grow from 2 s to 60 s with chance (§5.5), and are never shorter than the server asked. After three refused
//! sockets in a row the line polls, every `poll_interval`, and goes on trying for a socket.

use std::{sync::Arc, time::Duration};

use antiphon_core::{Backoff, Edge, Moment};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    Failure, LineId, Rules, Session, SocketId, Step, Task, backoff, elsewhere::Unheard,
    frames::Reading,
};
use crate::{error::RequestError, model::RoomId};

/// Refused sockets in a row after which polling begins.
pub(super) const REFUSED: u32 = 3;

/// A line: it serves one room, or all.
///
/// Line 0 serves all rooms (`Sockets::Shared`), any other the room of its number.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) phase: Phase,
    /// The socket that is being read, if there is one.
    pub(super) stream: Option<Stream>,
    /// The waits between its tries; reset once a socket has lived for a minute.
    pub(super) backoff: Backoff,
    /// Sockets refused in a row.
    pub(super) refused: u32,
    /// Polling in place of a socket.
    pub(super) poll: Option<Poll>,
    /// Whether a room was added while a socket was being opened, so that another is needed.
    pub(super) again: bool,
    /// The last frame of any of its sockets after which nothing of its rooms was in doubt.
    pub(super) last: Option<Edge>,
    /// The stretch without a socket that has no gap yet.
    pub(super) unheard: Option<Unheard>,
}

/// How far the next socket is.
#[derive(Debug)]
pub(super) enum Phase {
    /// No socket is being opened.
    Idle,
    /// The rooms are being announced, and their checkpoints stored.
    Preparing,
    /// The socket is being opened; it begins after a count.
    Opening { epoch: u64, after: i64 },
    /// The next try begins then.
    Waiting { until: Instant, reason: String },
}

/// An open socket.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) id: SocketId,
    /// The server's name of the socket, for edges of gaps.
    pub(super) connection: Arc<str>,
    /// The session's name of the socket, for origins.
    pub(super) name: Arc<str>,
    /// Number of its last frame, from 1.
    pub(super) frame: u64,
    /// The count after which it was asked to begin.
    pub(super) after: i64,
    /// With `lives_for`, when its successor is opened.
    pub(super) opened_at: Instant,
    /// The age at which it is replaced.
    pub(super) lives_for: Duration,
    /// The last frame of any kind; moved on by the time for which reading was paused.
    pub(super) heard_at: Instant,
    /// Whether a frame told a counter, so that what lies before the socket was heard or reported.
    pub(super) counts: bool,
}

/// Polling in place of a socket.
#[derive(Debug)]
pub(super) struct Poll {
    /// When the next request is due; absent while one is under way.
    pub(super) at: Option<Instant>,
    /// When the last request was made.
    pub(super) asked_at: Timestamp,
    /// The session's name for this stretch of polling, in origins and edges.
    pub(super) connection: Arc<str>,
    /// Number of its last answer, from 1.
    pub(super) frame: u64,
    /// Why there is no socket, for people.
    pub(super) reason: String,
    /// Whether the last request was answered.
    pub(super) works: bool,
}

impl Line {
    /// Whether events come by polling.
    pub(super) fn polls(&self) -> bool {
        self.poll.as_ref().is_some_and(|poll| poll.works)
    }

    /// Whether the next try has to wait.
    pub(super) fn waits(&self) -> bool {
        matches!(self.phase, Phase::Waiting { .. })
    }

    /// When the line has something to do next; `reads` says whether frames are read.
    ///
    /// The earliest of four: the end of a wait, a socket that is silent, a socket that is old, a poll that is due.
    pub(super) fn deadline(&self, rules: &Rules, reads: bool) -> Option<Instant> {
        let wait = match &self.phase {
            Phase::Waiting { until, .. } => Some(*until),
            _ => None,
        };
        let idle = self
            .stream
            .as_ref()
            .filter(|_| reads)
            .map(|stream| stream.heard_at + rules.idle_timeout);
        let reset = self
            .stream
            .as_ref()
            .filter(|_| matches!(self.phase, Phase::Idle))
            .map(|stream| stream.opened_at + stream.lives_for);
        let poll = self
            .poll
            .as_ref()
            .filter(|_| reads)
            .and_then(|poll| poll.at);
        [wait, idle, reset, poll].into_iter().flatten().min()
    }
}

impl Session {
    /// Returns the line of a room, which is made if need be.
    pub(super) fn assign(&mut self, room: RoomId) -> LineId {
        let id = self.line_of(room);
        let rng = &mut self.rng;
        self.lines.entry(id).or_insert_with(|| Line {
            phase: Phase::Idle,
            stream: None,
            backoff: backoff(rng),
            refused: 0,
            poll: None,
            again: false,
            last: None,
            unheard: None,
        });
        id
    }

    /// The rooms of a line.
    pub(super) fn rooms_of(&self, line: LineId) -> Vec<RoomId> {
        let ids = self.rooms.keys().copied();
        ids.filter(|id| self.line_of(*id) == line).collect()
    }

    /// Begins to open a socket, also beside one that is open.
    ///
    /// A second call while a socket is being opened notes that another is needed, with the rooms of then.
    pub(super) fn prepare(&mut self, id: LineId, now: Moment) {
        let Some(line) = self.lines.get_mut(&id) else {
            return;
        };
        if matches!(line.phase, Phase::Opening { .. }) {
            line.again = true;
            return;
        }
        line.phase = Phase::Preparing;
        for room in self.rooms_of(id) {
            self.round += 1;
            let round = self.round;
            if let Some(room) = self.rooms.get_mut(&room)
                && !room.announcement.is_done
                && room.announcement.under_way.is_none()
            {
                room.announcement.under_way = Some((round, now.wall));
                self.tasks.push_back(Task::Announce {
                    room: room.id,
                    round,
                });
            }
        }
        self.open_if_ready(id);
    }

    /// Opens the socket if every room is announced and has a durable checkpoint.
    pub(super) fn open_if_ready(&mut self, id: LineId) {
        let rooms = self.rooms_of(id);
        let all = rooms.iter().filter_map(|room| self.rooms.get(room));
        let ready = all
            .clone()
            .all(|room| room.announcement.is_done && room.settled);
        // The room that was heard least decides; a repeat is known by its id.
        let after = all.filter_map(|room| room.t).min();
        let Some(line) = self.lines.get_mut(&id) else {
            return;
        };
        if !matches!(line.phase, Phase::Preparing) || !ready {
            return;
        }
        let Some(after) = after else {
            return;
        };
        self.round += 1;
        let epoch = self.round;
        line.phase = Phase::Opening { epoch, after };
        self.tasks.push_back(Task::Open {
            id: SocketId { line: id, epoch },
            rooms,
            after,
        });
    }

    /// Handles a socket that was opened, or not.
    pub(super) fn on_opened(
        &mut self,
        id: SocketId,
        outcome: Result<String, Failure>,
        now: Moment,
    ) {
        let Some(line) = self.lines.get_mut(&id.line) else {
            self.closes.push_back(id);
            return;
        };
        let after = match line.phase {
            Phase::Opening { epoch, after } if epoch == id.epoch => after,
            _ => {
                self.closes.push_back(id);
                return;
            }
        };
        let connection = match outcome {
            Ok(connection) => connection,
            Err(failure) => {
                self.line_failed(id.line, failure, now);
                return;
            }
        };
        line.phase = Phase::Idle;
        line.refused = 0;
        line.poll = None;
        line.backoff.connected(now.at);
        let again = std::mem::take(&mut line.again);
        let name = format!("{}-{}", self.nonce, id.epoch);
        let old = line.stream.replace(Stream {
            id,
            name: name.into(),
            connection: connection.into(),
            frame: 0,
            after,
            opened_at: now.at,
            lives_for: self.rules.reset_after,
            heard_at: now.at,
            counts: false,
        });
        if let Some(old) = old {
            // The new socket begins where the rooms were heard last, so that nothing unread in the old one is missed.
            self.closes.push_back(old.id);
        }
        self.login.site_answered();
        for room in self.rooms_of(id.line) {
            let is_ready = self
                .rooms
                .get_mut(&room)
                .is_some_and(|room| std::mem::take(&mut room.announcement.is_done));
            if is_ready {
                self.attach(room, now);
            }
        }
        if again {
            self.prepare(id.line, now);
        }
        self.update_link(now);
    }

    /// Handles a failure to open a socket: the line waits, and polls after some of them.
    ///
    /// A line with an open socket keeps it; only the replacement waits.
    pub(super) fn line_failed(&mut self, id: LineId, failure: Failure, now: Moment) {
        if failure.step == Step::Socket {
            // The requests before it were answered.
            self.login.site_answered();
        }
        let Some(least) = self.least_pause(&failure, now) else {
            return;
        };
        for room in self.rooms_of(id) {
            if let Some(room) = self.rooms.get_mut(&room) {
                room.announcement.is_done = false;
                room.announcement.under_way = None;
            }
        }
        self.round += 1;
        let nonce = format!("{}-poll-{}", self.nonce, self.round);
        let Some(line) = self.lines.get_mut(&id) else {
            return;
        };
        line.again = false;
        let pause = line.backoff.next(now.at).max(least);
        let reason = failure.open.reason;
        line.phase = Phase::Waiting {
            until: now.at + pause,
            reason: reason.clone(),
        };
        if line.stream.is_some() {
            // The old socket goes on; only its replacement has to wait.
            tracing::debug!(reason, "no new socket yet");
            return;
        }
        if failure.step == Step::Socket {
            line.refused += 1;
            if line.refused >= REFUSED && line.poll.is_none() {
                tracing::warn!(reason, "no socket can be had; polling instead");
                line.poll = Some(Poll {
                    at: Some(now.at),
                    asked_at: now.wall,
                    connection: nonce.into(),
                    frame: 0,
                    reason: reason.clone(),
                    works: false,
                });
                self.begin_unheard(id, &reason, now);
            }
        }
        self.update_link(now);
    }

    /// Handles the loss of a socket.
    pub(crate) fn on_closed(&mut self, id: SocketId, reason: &str, now: Moment) {
        let is_current = self
            .lines
            .get(&id.line)
            .and_then(|line| line.stream.as_ref())
            .is_some_and(|stream| stream.id == id);
        if !is_current {
            return;
        }
        self.drop_stream(id.line, reason, now);
        let Some(line) = self.lines.get_mut(&id.line) else {
            return;
        };
        if matches!(line.phase, Phase::Idle | Phase::Waiting { .. }) {
            let pause = line.backoff.next(now.at);
            line.phase = Phase::Waiting {
                until: now.at + pause,
                reason: reason.to_owned(),
            };
        }
        self.update_link(now);
    }

    /// Drops the socket of a line, and notes where its rooms stood.
    pub(super) fn drop_stream(&mut self, id: LineId, reason: &str, now: Moment) {
        let Some(line) = self.lines.get_mut(&id) else {
            return;
        };
        line.poll = None;
        if let Some(stream) = line.stream.take() {
            self.closes.push_back(stream.id);
        }
        for id in self.rooms_of(id) {
            self.release_held(id);
            let Some(room) = self.rooms.get_mut(&id) else {
                continue;
            };
            // A history that did not come yet is asked for again with the next socket.
            room.catching = None;
            room.proof = None;
            room.announcement.is_stale = room.announcement.is_done;
            room.heard = room.t.unwrap_or_default();
            room.heard_message = room.message.unwrap_or_default();
            // Events from elsewhere may lie in that stretch, and no history has them.
            room.fetched = 0;
            if std::mem::take(&mut room.attached) {
                room.may_miss(reason, now);
            }
        }
    }

    /// Handles what is due for a line.
    pub(super) fn line_deadline(&mut self, id: LineId, now: Moment) {
        let reads = self.paused_at.is_none();
        let rules = &self.rules;
        let Some(line) = self.lines.get_mut(&id) else {
            return;
        };
        if let Some(stream) = line.stream.as_ref().filter(|_| reads)
            && stream.heard_at + rules.idle_timeout <= now.at
        {
            let (socket, seconds) = (stream.id, rules.idle_timeout.as_secs());
            self.on_closed(socket, &format!("nothing was heard for {seconds} s"), now);
            return;
        }
        if let Some(stream) = &line.stream
            && matches!(line.phase, Phase::Idle)
            && stream.opened_at + stream.lives_for <= now.at
        {
            self.prepare(id, now);
            return;
        }
        if matches!(&line.phase, Phase::Waiting { until, .. } if *until <= now.at) {
            self.prepare(id, now);
            self.update_link(now);
        }
        self.poll(id, now);
    }

    /// Polls the rooms of a line, if it is time.
    fn poll(&mut self, id: LineId, now: Moment) {
        let reads = self.paused_at.is_none();
        let rooms: Vec<(RoomId, i64)> = self
            .rooms_of(id)
            .into_iter()
            .filter_map(|room| {
                let room = self.rooms.get(&room)?;
                let heard = room.t.map(|t| t.max(room.heard))?;
                room.settled.then_some((room.id, heard))
            })
            .collect();
        let interval = self.rules.poll_interval;
        let Some(poll) = self.lines.get_mut(&id).and_then(|line| line.poll.as_mut()) else {
            return;
        };
        if !reads || poll.at.is_none_or(|at| at > now.at) {
            return;
        }
        if rooms.is_empty() {
            // The rooms' counts are not stored yet.
            poll.at = Some(now.at + interval);
        } else {
            poll.at = None;
            poll.asked_at = now.wall;
            self.tasks.push_back(Task::Poll { line: id, rooms });
        }
    }

    /// Handles the answer to a poll.
    pub(super) fn on_polled(
        &mut self,
        id: LineId,
        outcome: Result<Bytes, RequestError>,
        now: Moment,
    ) {
        let interval = self.rules.poll_interval;
        let Some(poll) = self.lines.get_mut(&id).and_then(|line| line.poll.as_mut()) else {
            // A socket was opened meanwhile; it brings the same.
            if outcome.is_ok() {
                self.skipped.note("late-poll");
            }
            return;
        };
        poll.at = Some(now.at + interval);
        match outcome {
            Ok(frame) => {
                poll.works = true;
                poll.frame += 1;
                let (connection, number) = (Arc::clone(&poll.connection), poll.frame);
                let asked_at = poll.asked_at;
                self.login.site_answered();
                for room in self.rooms_of(id) {
                    let room = self.rooms.get(&room);
                    if let Some(room) = room.filter(|room| room.settled && !room.attached) {
                        self.attach(room.id, now);
                    }
                }
                self.on_frame(Reading {
                    line: id,
                    connection: &connection,
                    name: &connection,
                    frame: number,
                    asked_at: Some(asked_at),
                    bytes: &frame,
                    now,
                    index: 0,
                    queued: false,
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a poll failed");
                poll.works = false;
            }
        }
        self.update_link(now);
    }
}
