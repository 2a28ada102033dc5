//! The protocol's rules as a state machine: frames, deadlines and answers in; requests and events out.
//!
//! The session opens nothing and asks no clock. Its wishes stand in queues: requests to make ([`Session::next_task`]),
//! sockets to close ([`Session::next_close`]) and entries to store (`outbox`).
//!
//! A *line* serves rooms, by a socket, or by polling while no socket can be had. All rooms share one line, or each has its
//! own. Every socket begins with the counter `t` up to which all its rooms were heard (`l`, protocol §5.2), so that the
//! server sends the events after it; where the server does not, the room's history is asked.
//!
//! Five things hold at every moment, so that nothing is lost unseen, by a crash or otherwise:
//! - A checkpoint never claims more than the outbox has before it.
//! - A room's `t` never passes a stretch that was neither heard, nor fetched, nor reported as a gap.
//! - A room is attached to a socket only after a checkpoint of it is durable, and heard on that socket alone.
//! - A gap begins when the server last told its count for the room: frames without one prove nothing.
//! - A frame becomes rows, or is counted in `skipped`; the crate's front page lists the reasons.
//!
//! `impl Session` stands in the file of its part: [`login`] the account, [`line`] sockets and polling, [`rooms`] joining
//! and leaving, [`unlisted`] rooms that the configuration does not name any more, [`frames`] reading, [`history`] holes, [`elsewhere`] events of other rooms, [`link`] the link.

mod elsewhere;
mod frames;
mod history;
mod identity;
mod line;
mod link;
mod login;
mod mentions;
mod room;
mod rooms;
mod task;
mod unlisted;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{
    Backoff, Checkpoint, Edge, Entry, Kind, LinkState, Moment, Outbox, Place, Rng, Skipped,
};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;

pub(crate) use self::task::{
    AnnounceError, Command, Done, Failure, Past, Row, Rules, SocketId, Step, Task, Top,
};
use self::{
    elsewhere::Unheard,
    identity::Identities,
    line::Line,
    login::{Login, Phase},
    mentions::Mentions,
    room::{Ending, Room, Stored},
    task::LineId,
    unlisted::Unlisted,
};
use crate::model::{Me, RoomId};

/// The shortest and the longest wait before a new socket (protocol §5.5).
const RECONNECT_AFTER: Duration = Duration::from_secs(2);
/// A server that asks for longer is obeyed.
const RECONNECT_AT_MOST: Duration = Duration::from_secs(60);
/// How long the socket may take to prove that nothing is missing, before the history is asked.
const PROOF_WITHIN: Duration = Duration::from_secs(10);
/// A gap is dated back by so much, since its last frame spent an unknown time on the way.
const EDGE_SLACK: Duration = Duration::from_secs(1);
/// A counter that leaps further than this is no counter: the servers make some hundred events a second.
const LEAP: i64 = 100_000_000;
/// Holes without any event on one socket, in a row, after which the socket's counters are not used any more.
const FALSE_ALARMS: u8 = 3;
/// Events of one room that wait for its history at most.
const HOLD_EVENTS: usize = 4096;
/// Version of the checkpoints' encoding.
const VERSION: u8 = 1;

/// One account's conversation with one chat server, over any number of sockets.
///
/// Bounds: 256 rooms, 8,192 remembered events, 4,096 remembered messages, 1,000 mentions, 1,024 ended rooms, and the
/// outbox's bytes.
#[derive(Debug)]
pub(crate) struct Session {
    rules: Rules,
    /// Entries for the journal.
    pub(crate) outbox: Outbox,
    /// Requests to make.
    tasks: VecDeque<Task>,
    /// Sockets to close.
    closes: VecDeque<SocketId>,
    /// The account; absent before the first login.
    me: Option<Me>,
    login: Login,
    /// The state that was shown last.
    link: LinkState,
    /// Whether it was not taken yet.
    link_changed: bool,
    lines: BTreeMap<LineId, Line>,
    rooms: BTreeMap<RoomId, Room>,
    /// Rooms of an earlier run that are to be left, since the configuration does not name them.
    unlisted: BTreeMap<RoomId, Unlisted>,
    /// Rooms whose link said last that they ended.
    ended: BTreeSet<RoomId>,
    /// Counts sockets, announcements and histories, so that an answer is not taken for another's.
    round: u64,
    identities: Identities,
    mentions: Mentions,
    /// Stretches from elsewhere that an earlier run did not tell, by its lines.
    restored: BTreeMap<LineId, Unheard>,
    /// Stretches from elsewhere for which there is a gap, in order.
    reported: Vec<(Edge, Edge)>,
    /// Arrivals that left no row, by reason.
    skipped: Skipped,
    rng: Rng,
    /// Begins the names of sockets and polls in origins; new in every run.
    nonce: Arc<str>,
    /// When reading paused; absent while it goes on.
    paused_at: Option<Instant>,
    /// Whether reading is over for good.
    over: bool,
}

impl Session {
    /// A session that goes on where these checkpoints say, or begins afresh without any.
    ///
    /// `nonce` is new with every run.
    pub(crate) fn new<'a>(
        rules: Rules,
        mut rng: Rng,
        nonce: &str,
        checkpoints: impl IntoIterator<Item = &'a Checkpoint>,
    ) -> Self {
        let mut session = Self {
            outbox: Outbox::new(rules.buffer_bytes, nonce),
            rules,
            tasks: VecDeque::new(),
            closes: VecDeque::new(),
            me: None,
            login: Login::new(backoff(&mut rng)),
            link: LinkState::Idle,
            link_changed: false,
            lines: BTreeMap::new(),
            rooms: BTreeMap::new(),
            unlisted: BTreeMap::new(),
            ended: BTreeSet::new(),
            round: 0,
            identities: Identities::new(),
            mentions: Mentions::default(),
            restored: BTreeMap::new(),
            reported: Vec::new(),
            skipped: Skipped::default(),
            rng,
            nonce: nonce.into(),
            paused_at: None,
            over: false,
        };
        for checkpoint in checkpoints {
            if !session.identities.is_saved {
                // Until the account's own checkpoint says otherwise.
                session.identities.named_after = None;
            }
            session.restore(checkpoint);
        }
        session
    }

    /// Restores a room or the account from its checkpoint.
    fn restore(&mut self, checkpoint: &Checkpoint) {
        let part = &*checkpoint.part;
        if part == elsewhere::PART {
            match antiphon_core::read_json::<elsewhere::Stored>(&checkpoint.state) {
                Ok(stored) if stored.v != VERSION => tell_version(part, stored.v),
                Ok(stored) => {
                    self.identities.count = stored.count;
                    self.identities.named_after = stored.named_after;
                    self.identities.is_saved = stored.named_after.is_some();
                    self.restored = stored.unheard;
                    self.reported = stored.told;
                }
                Err(error) => tracing::warn!(part, %error, "checkpoint cannot be read"),
            }
            return;
        }
        let Some(id) = part.strip_prefix("room/").and_then(|id| id.parse().ok()) else {
            return;
        };
        match antiphon_core::read_json::<Stored>(&checkpoint.state) {
            Ok(stored) if stored.v != VERSION => tell_version(part, stored.v),
            Ok(stored) if stored.joined => {
                let room = Room::restored(id, stored);
                if self.rules.only_rooms && !self.rules.rooms.contains(&id) {
                    self.unlisted.insert(id, Unlisted::new(room));
                } else {
                    self.rooms.insert(id, room);
                }
            }
            Ok(_) => {
                self.ended.insert(id);
            }
            Err(error) => tracing::warn!(part, %error, "checkpoint cannot be read"),
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What the loop asks.

    /// Takes the next request to make.
    pub(crate) fn next_task(&mut self) -> Option<Task> {
        self.tasks.pop_front()
    }

    /// Takes the next socket to close.
    pub(crate) fn next_close(&mut self) -> Option<SocketId> {
        self.closes.pop_front()
    }

    /// Whether the loop has something to do for the session before it reads on.
    pub(crate) fn has_work(&self) -> bool {
        self.link_changed || !self.tasks.is_empty() || !self.closes.is_empty()
    }

    /// Whether frames may be read: the journal keeps up, and reading was not stopped.
    pub(crate) fn wants_frames(&self) -> bool {
        !self.is_paused() && self.login.is_logged_in()
    }

    /// Whether a client's command can be carried out now.
    ///
    /// A command waits in its channel until then, within the client's timeout.
    pub(crate) fn wants_command(&self) -> bool {
        self.login.is_logged_in() && !self.over
    }

    /// Whether rooms are polled for want of a socket.
    pub(crate) fn is_polling(&self) -> bool {
        self.lines.values().any(|line| line.poll.is_some())
    }

    /// Whether the session ended for good.
    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self.login.phase, Phase::Stopped)
    }

    /// Whether reading pauses: the outbox is full, or reading is over.
    fn is_paused(&self) -> bool {
        self.over || self.outbox.is_full()
    }

    /// Stops reading for good.
    pub(crate) fn stop_reading(&mut self) {
        self.over = true;
    }

    /// Notes whether reading stops or goes on, and moves the deadlines that wait for frames accordingly.
    ///
    /// The loop calls this before it asks for [`Session::deadline`].
    pub(crate) fn note_pause(&mut self, now: Moment) {
        match (self.is_paused(), self.paused_at) {
            (true, None) => self.paused_at = Some(now.at),
            (false, Some(since)) => {
                self.paused_at = None;
                let stood_still = now.at.saturating_duration_since(since);
                for line in self.lines.values_mut() {
                    if let Some(stream) = &mut line.stream {
                        // A socket that was opened meanwhile did not stand still for all of it.
                        stream.heard_at = (stream.heard_at + stood_still).min(now.at);
                    }
                }
                for room in self.rooms.values_mut() {
                    if let Some(proof) = &mut room.proof {
                        proof.by = (proof.by + stood_still).min(now.at + PROOF_WITHIN);
                    }
                }
            }
            _ => {}
        }
    }

    /// When [`Session::on_deadline`] is to be called next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let reads = self.paused_at.is_none();
        match self.login.phase {
            Phase::Waiting { until } => Some(until),
            Phase::LoggedIn => {
                let lines = self.lines.values();
                let lines = lines.filter_map(|line| line.deadline(&self.rules, reads));
                let rooms = self.rooms.values();
                lines
                    .chain(rooms.filter_map(|room| room.deadline(reads)))
                    .chain(self.unlisted_deadline())
                    .min()
            }
            Phase::LoggingIn | Phase::Stopped => None,
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What the loop tells.

    /// Handles every deadline that is due.
    pub(crate) fn on_deadline(&mut self, now: Moment) {
        match self.login.phase {
            Phase::Waiting { until } if until <= now.at => self.start(),
            Phase::LoggedIn => {
                let lines: Vec<LineId> = self.lines.keys().copied().collect();
                for line in lines {
                    self.line_deadline(line, now);
                }
                let rooms: Vec<RoomId> = self.rooms.keys().copied().collect();
                for room in rooms {
                    self.room_deadline(room, now);
                }
                self.leave_unlisted_again(now);
            }
            _ => {}
        }
    }

    /// Handles the outcome of a task.
    pub(crate) fn on_done(&mut self, done: Done, now: Moment) {
        match done {
            Done::LoggedIn(outcome) => self.on_logged_in(outcome, now),
            Done::Announced {
                room,
                round,
                outcome,
            } => self.on_announced(room, round, outcome, now),
            Done::Stored { room } => self.on_stored(room),
            Done::Opened { id, outcome } => self.on_opened(id, outcome, now),
            Done::Polled { line, outcome } => self.on_polled(line, outcome, now),
            Done::History {
                room,
                round,
                outcome,
            } => self.on_history(room, round, outcome, now),
            Done::Acked => {
                self.mentions.acknowledged();
                self.acknowledge();
            }
            Done::Left => {}
            Done::LeftUnlisted { room, outcome } => self.on_left_unlisted(room, &outcome, now),
        }
    }

    /// Handles a client's command.
    pub(crate) fn on_command(&mut self, command: Command, now: Moment) {
        match command {
            Command::Join { room, reply } => {
                if let Some(reply) = self.join_unlisted(room, reply) {
                    self.join(room, reply, now);
                }
            }
            Command::Leave { room, reply } => {
                let all = || self.rooms.keys().chain(self.unlisted.keys()).copied();
                let ids = room.map_or_else(|| all().collect(), |id| vec![id]);
                for id in ids {
                    if let Some(unlisted) = self.unlisted.get_mut(&id) {
                        unlisted.refuse(id);
                    }
                    self.remove_room(id, Ending::Left, now);
                }
                self.tasks.push_back(Task::Leave {
                    room,
                    reply: Some(reply),
                });
            }
        }
    }

    /// Queues the request that acknowledges the next mentions, if there is one to make.
    fn acknowledge(&mut self) {
        self.tasks.extend(self.mentions.next(&self.rooms));
    }

    /// Queues an event of antiphon's own, with a checkpoint that covers it.
    fn own_event(
        &mut self,
        kind: &'static str,
        place: Place,
        body: impl Into<Bytes>,
        checkpoint: Option<Checkpoint>,
        now: Moment,
    ) {
        let kind = Kind::from_static(kind);
        let event = self.outbox.own_draft(kind, place, body, now);
        self.outbox.push(Entry {
            event: Some(event),
            checkpoint,
        });
    }
}

/// Warns of a checkpoint that is left out.
fn tell_version(part: &str, version: u8) {
    tracing::warn!(
        part,
        version,
        "checkpoint is of another version, and is left out"
    );
}

/// The waits between sockets.
fn backoff(rng: &mut Rng) -> Backoff {
    Backoff::new(rng.fork())
        .floor(RECONNECT_AFTER)
        .cap(RECONNECT_AT_MOST)
}

/// The edge of a gap that begins at a time, dated back.
fn before(at: Timestamp) -> Edge {
    Edge::at(at.checked_sub(EDGE_SLACK).unwrap_or(at))
}

#[cfg(test)]
mod tests;
