//! The protocol's rules as a state machine: frames, deadlines and answers in; requests and events out.
//!
//! It opens nothing and asks no clock. Whatever it wants done stands in its queues: requests to make
//! ([`Session::next_task`]), sockets to close ([`Session::next_close`]) and events to store ([`Session::take_entry`]).
//!
//! A *line* is what serves rooms: a socket, or polling while no socket can be had. All rooms share one, or each has its
//! own. Every socket begins with the counter `t` up to which all its rooms were heard (`l`, protocol §5.2), so that the
//! server sends what lies between; where it does not, the room's history is asked.
//!
//! Five things hold at every moment, so that nothing is lost unseen, by a crash or otherwise:
//! - A checkpoint never claims more than what stands before it in the queue of events.
//! - A room's `t` never passes a stretch that was neither heard, nor fetched, nor reported as a gap.
//! - A room is attached to a socket only after a checkpoint of it is durable, and heard on that socket alone.
//! - A gap begins when the server last told its count for the room: frames without one prove nothing.
//! - What arrives becomes rows, or is counted in [`Session::skipped`]; the crate's front page lists the reasons.

mod elsewhere;
mod frames;
mod history;
mod line;
mod room;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{
    Backoff, Checkpoint, Draft, Edge, Entry, Kind, Link, LinkState, Origin, Part, Place,
    Provenance, Rng, Skipped,
};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::{sync::oneshot, time::Instant};

pub(crate) use self::history::Past;
use self::{
    elsewhere::Unheard,
    line::{Line, Phase},
    room::{Ending, Room, Stored},
};
use crate::{
    config::Sockets,
    error::{JoinError, RequestError},
    model::{EventId, Me, MessageId, RoomId, Server},
};

/// The shortest and the longest wait before a new socket (protocol §5.5).
const RECONNECT_AFTER: Duration = Duration::from_secs(2);
const RECONNECT_AT_MOST: Duration = Duration::from_secs(60);
/// How long the socket may take to prove that nothing is missing, before the history is asked.
const PROOF_WITHIN: Duration = Duration::from_secs(10);
/// After how many refused sockets in a row polling begins.
const REFUSED: u32 = 3;
/// How often a counter without events is stored.
const SAVE_EVERY: Duration = Duration::from_secs(10);
/// How often, and after which pauses, a history that could not be had is asked for again.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
const AGAIN_TRIES: u8 = 20;
/// How many gaps that turned out to be none are followed up on one socket before its counters are not believed.
const FALSE_ALARMS: u8 = 3;
/// Bounds on the events of one room that wait for its history.
const HOLD_EVENTS: usize = 4096;
const HOLD_BYTES: usize = 4 << 20;
const HOLD_TIME: Duration = Duration::from_secs(60);
/// How many event ids are remembered, so that repeats are not stored twice; the journal knows the older ones.
const SEEN: usize = 8192;
/// How many messages are remembered with the event that posted them, so that their deletion names it.
const POSTED: usize = 4096;
/// How many mentions are acknowledged at once.
const ACKS: usize = 100;
/// Mentions that wait to be acknowledged; beyond it the oldest are let go.
const ACKS_WAITING: usize = 1000;
/// A counter that leaps further than this is no counter: the servers make some hundred events a second.
const LEAP: i64 = 100_000_000;
/// How far the server's counter may stand behind what was heard, as from a slower machine of theirs.
const LAG: i64 = 10_000;
/// Rooms that an account may be in.
pub(crate) const ROOMS: usize = 256;
/// Why a hole was found while the socket was open.
const LEFT_OUT: &str = "the server left out a stretch";
/// Why a socket is not believed to have said everything.
const UNPROVEN: &str = "the new socket did not show what came before it";
/// How old a socket is before the server's wish for a new one is followed.
const RENEW_AFTER: Duration = Duration::from_secs(10);
/// A gap is dated back by so much, since its last frame spent an unknown time on the way.
const EDGE_SLACK: Duration = Duration::from_secs(1);
/// How often in a row the site may answer with a status in place of a page of the login before the source stops.
const STATUSES: u32 = 10;
/// The pause after the first of those; it doubles each time.
const STATUS_PAUSE: Duration = Duration::from_secs(30);
const STATUS_PAUSE_AT_MOST: Duration = Duration::from_secs(15 * 60);
/// Rooms that ended whose links are to tell when they are read again; beyond it the lowest numbers are let go.
const ENDED: usize = 1024;
/// Version of the checkpoints' encoding.
const VERSION: u8 = 1;

/// A moment by both clocks: one for deadlines, one for people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) at: Instant,
    pub(crate) wall: Timestamp,
}

/// Names a line: 0 if shared, else its room.
pub(crate) type LineId = i64;

/// Names a socket: its line, and which of the line's sockets it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SocketId {
    pub(crate) line: LineId,
    pub(crate) epoch: u64,
}

/// What the session wants done by whoever can reach the network and the journal.
#[derive(Debug)]
pub(crate) enum Task {
    /// Log in, or make sure that the session is alive.
    LogIn,
    /// Tell the server that a room is read, and get its counter.
    Announce { room: RoomId, round: u64 },
    /// Wait until the checkpoint with this mark is durable.
    Stored { room: RoomId, part: Part, mark: i64 },
    /// Get a socket for these rooms that begins after `after`.
    Open {
        id: SocketId,
        rooms: Vec<RoomId>,
        after: i64,
    },
    /// Ask for what came since these counters.
    Poll {
        line: LineId,
        rooms: Vec<(RoomId, i64)>,
    },
    /// Fetch a room's history since a counter.
    History {
        room: RoomId,
        round: u64,
        since: i64,
        /// The newest message up to that counter, where it is known.
        message: Option<i64>,
        /// When that counter was told, in Unix seconds.
        at: i64,
        most: usize,
    },
    /// Acknowledge mentions once the checkpoint with this mark is durable.
    Ack {
        ids: Vec<MessageId>,
        part: Part,
        mark: i64,
    },
    /// Tell the server that a room, or every room, is read no more.
    Leave {
        room: Option<RoomId>,
        reply: Option<Leaver>,
    },
}

/// Who waits for a room to be left.
pub(crate) type Leaver = oneshot::Sender<Result<(), RequestError>>;

/// What became of a [`Task`].
#[derive(Debug)]
pub(crate) enum Done {
    LoggedIn(Result<Me, Failure>),
    Announced {
        room: RoomId,
        round: u64,
        outcome: Result<Top, Refusal>,
    },
    Stored {
        room: RoomId,
    },
    Opened {
        id: SocketId,
        /// The connection's own name.
        outcome: Result<String, Failure>,
    },
    Polled {
        line: LineId,
        outcome: Result<Bytes, RequestError>,
    },
    History {
        room: RoomId,
        round: u64,
        outcome: Result<Past, RequestError>,
    },
    Acked,
    Left,
}

/// Where the server is when a room is announced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Top {
    /// Its counter.
    pub(crate) count: i64,
    /// The room's newest message, 0 if it has none; absent if the answer does not say.
    pub(crate) newest: Option<i64>,
}

/// Why a room could not be announced.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It does not exist, or is closed to the account.
    Closed,
    /// Something else, which may pass.
    Failed(Failure),
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    /// How long the server asked us to wait.
    pub(crate) wait: Option<Duration>,
    /// Whether trying again would be wrong: a code and a hint.
    pub(crate) fatal: Option<(&'static str, &'static str)>,
    /// Whether only the socket was refused, while requests go through.
    pub(crate) socket_only: bool,
    /// Whether the site answered with a status in place of a page of the login, which makes for longer pauses.
    pub(crate) status: bool,
}

impl Failure {
    /// Something that may pass at any time.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            wait: None,
            fatal: None,
            socket_only: false,
            status: false,
        }
    }
}

/// What a client asks of the connection.
#[derive(Debug)]
pub(crate) enum Command {
    Join {
        room: RoomId,
        reply: oneshot::Sender<Result<(), JoinError>>,
    },
    Leave {
        /// Every room if none is named.
        room: Option<RoomId>,
        reply: Leaver,
    },
}

/// What the configuration says that concerns the session.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) server: Server,
    pub(crate) rooms: Vec<RoomId>,
    pub(crate) sockets: Sockets,
    pub(crate) backfill: usize,
    pub(crate) poll_interval: Duration,
    pub(crate) silence: Duration,
    pub(crate) reset_after: Duration,
    pub(crate) acknowledge: bool,
    pub(crate) buffer: usize,
}

/// How far the account itself is.
#[derive(Debug)]
enum Standing {
    /// Nothing has been tried yet, or the login is under way.
    LoggingIn,
    /// The next login begins then.
    Waiting { until: Instant },
    /// Lines may be opened.
    In,
    /// No further try.
    Stopped,
}

/// What posted a message: the identity of its event, and the event's id, which a history does not tell.
#[derive(Clone, Debug)]
struct Posted {
    origin: Origin,
    event: Option<EventId>,
}

/// One account's conversation with one chat server, over any number of sockets.
#[derive(Debug)]
pub(crate) struct Session {
    rules: Rules,
    me: Option<Me>,
    standing: Standing,
    link: Option<LinkState>,
    shown: LinkState,
    lines: BTreeMap<LineId, Line>,
    rooms: BTreeMap<RoomId, Room>,
    /// Counts sockets, and whatever else an answer must not be taken for another's.
    round: u64,
    seen: HashSet<EventId>,
    seen_order: VecDeque<EventId>,
    posted: HashMap<MessageId, Posted>,
    posted_order: VecDeque<MessageId>,
    /// The server's count up to which an earlier version may have stored messages by their event ids; absent until it is
    /// known after an update.
    named_after: Option<i64>,
    /// Whether the checkpoint of the account has it.
    named_saved: bool,
    /// Mentions to acknowledge: the room whose frame had them, their event, their message.
    acks: VecDeque<(RoomId, EventId, MessageId)>,
    acking: bool,
    entries: VecDeque<Entry>,
    bytes: usize,
    tasks: VecDeque<Task>,
    closes: VecDeque<SocketId>,
    login_backoff: Backoff,
    /// Statuses in place of a page of the login, in a row, and until when the last asks to wait.
    statuses: u32,
    statuses_until: Option<Instant>,
    /// How often the server began to count anew.
    count: u64,
    /// Stretches that an earlier run did not tell, by its lines.
    restored: BTreeMap<LineId, Unheard>,
    /// Between which edges something from elsewhere was said to be missing, in order.
    told_missing: Vec<(Edge, Edge)>,
    /// Rooms whose link said last that they ended.
    ended: BTreeSet<RoomId>,
    /// What arrived and left no row.
    skipped: Skipped,
    rng: Rng,
    nonce: Arc<str>,
    made: u64,
    paused_at: Option<Instant>,
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
            rules,
            me: None,
            standing: Standing::LoggingIn,
            link: None,
            shown: LinkState::Idle,
            lines: BTreeMap::new(),
            rooms: BTreeMap::new(),
            round: 0,
            seen: HashSet::new(),
            seen_order: VecDeque::new(),
            posted: HashMap::new(),
            posted_order: VecDeque::new(),
            named_after: Some(0),
            named_saved: false,
            acks: VecDeque::new(),
            acking: false,
            entries: VecDeque::new(),
            bytes: 0,
            tasks: VecDeque::new(),
            closes: VecDeque::new(),
            login_backoff: backoff(&mut rng),
            statuses: 0,
            statuses_until: None,
            count: 0,
            restored: BTreeMap::new(),
            told_missing: Vec::new(),
            ended: BTreeSet::new(),
            skipped: Skipped::default(),
            rng,
            nonce: nonce.into(),
            made: 0,
            paused_at: None,
            over: false,
        };
        for checkpoint in checkpoints {
            if !session.named_saved {
                // Until the account's own checkpoint says otherwise.
                session.named_after = None;
            }
            session.restore(checkpoint);
        }
        session
    }

    fn restore(&mut self, checkpoint: &Checkpoint) {
        let part = &*checkpoint.part;
        if part == elsewhere::PART {
            match serde_json::from_slice::<elsewhere::Stored>(&checkpoint.state) {
                Ok(stored) => {
                    self.count = stored.count;
                    self.named_after = stored.named_after;
                    self.named_saved = stored.named_after.is_some();
                    self.restored = stored.unheard;
                    self.told_missing = stored.told;
                }
                Err(error) => tracing::warn!(part, %error, "checkpoint cannot be read"),
            }
            return;
        }
        let Some(id) = part.strip_prefix("room/").and_then(|id| id.parse().ok()) else {
            return;
        };
        match serde_json::from_slice::<Stored>(&checkpoint.state) {
            Ok(stored) if stored.joined => {
                self.rooms.insert(id, Room::restored(id, stored));
            }
            Ok(_) => {
                self.ended.insert(id);
            }
            Err(error) => tracing::warn!(part, %error, "checkpoint cannot be read"),
        }
    }

    /// What arrived and left no row, by reason.
    #[cfg(test)]
    pub(crate) fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What stands in the queues.

    /// The next request to make.
    pub(crate) fn next_task(&mut self) -> Option<Task> {
        self.tasks.pop_front()
    }

    /// The next socket to close.
    pub(crate) fn next_close(&mut self) -> Option<SocketId> {
        self.closes.pop_front()
    }

    /// The state of the connection, if it changed since it was asked for.
    pub(crate) fn take_link(&mut self) -> Option<LinkState> {
        self.link.take()
    }

    /// Weight of the next entry for the journal.
    pub(crate) fn next_weight(&self) -> Option<usize> {
        self.entries.front().map(Entry::weight)
    }

    /// The next entry for the journal.
    pub(crate) fn take_entry(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        self.bytes = self.bytes.saturating_sub(entry.weight());
        Some(entry)
    }

    /// Whether frames may be read: the journal keeps up, and nobody asked to stop.
    pub(crate) fn wants_frames(&self) -> bool {
        !self.is_paused() && matches!(self.standing, Standing::In)
    }

    /// Whether a client's command can be carried out now.
    pub(crate) fn wants_command(&self) -> bool {
        matches!(self.standing, Standing::In) && !self.over
    }

    /// Whether rooms are polled for want of a socket.
    pub(crate) fn is_polling(&self) -> bool {
        self.lines.values().any(|line| line.poll.is_some())
    }

    /// Whether the session ended for good.
    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self.standing, Standing::Stopped)
    }

    fn is_paused(&self) -> bool {
        self.over || self.bytes >= self.rules.buffer
    }

    /// Nothing new is to be read from now on.
    pub(crate) fn stop_reading(&mut self) {
        self.over = true;
    }

    /// Looks whether reading stops or goes on, and moves the deadlines that wait for frames accordingly.
    ///
    /// Called before [`Session::deadline`] is asked for.
    pub(crate) fn note_pause(&mut self, now: Moment) {
        match (self.is_paused(), self.paused_at) {
            (true, None) => self.paused_at = Some(now.at),
            (false, Some(since)) => {
                self.paused_at = None;
                let stood_still = now.at.saturating_duration_since(since);
                for line in self.lines.values_mut() {
                    if let Some(stream) = &mut line.stream {
                        // One that was opened meanwhile did not stand still for all of it.
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

    /// When [`Session::on_deadline`] wants to be called next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let reads = self.paused_at.is_none();
        let mut next: Option<Instant> = None;
        let mut consider = |at: Option<Instant>| {
            if let Some(at) = at {
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        };
        match self.standing {
            Standing::Waiting { until } => consider(Some(until)),
            Standing::In => {
                for line in self.lines.values() {
                    consider(line.deadline(&self.rules, reads));
                }
                for room in self.rooms.values() {
                    consider(room.deadline(reads));
                }
            }
            Standing::LoggingIn | Standing::Stopped => {}
        }
        next
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The account.

    /// Begins with the login.
    pub(crate) fn start(&mut self) {
        self.standing = Standing::LoggingIn;
        self.link = Some(LinkState::Connecting);
        self.tasks.push_back(Task::LogIn);
    }

    fn on_logged_in(&mut self, outcome: Result<Me, Failure>, now: Moment) {
        match outcome {
            Ok(me) => {
                self.me = Some(me);
                self.standing = Standing::In;
                for id in self.rules.rooms.clone() {
                    self.want(id, now);
                }
                let ids: Vec<RoomId> = self.rooms.keys().copied().collect();
                for id in ids {
                    self.assign(id);
                }
                self.site_answered();
                self.resume_unheard(now);
                let lines: Vec<LineId> = self.lines.keys().copied().collect();
                for line in lines {
                    self.prepare(line, now);
                }
                self.tell_link(now);
            }
            Err(failure) => self.on_failure(failure, now),
        }
    }

    /// The account cannot log in.
    fn on_failure(&mut self, failure: Failure, now: Moment) {
        let Some(least) = self.least_pause(&failure, now) else {
            return;
        };
        let pause = self.login_backoff.next(now.at).max(least);
        self.standing = Standing::Waiting {
            until: now.at + pause,
        };
        self.set_link(
            LinkState::Waiting {
                until: now.wall.checked_add(pause).unwrap_or(Timestamp::MAX),
                reason: failure.reason,
            },
            now,
        );
    }

    /// How long a failure asks to wait at least; `None` if it ended everything.
    ///
    /// A status in place of a page of the login is often a protective proxy's, and passes: the pause is 30 s after the
    /// first and doubles up to 15 min, and the tenth in a row is the end.
    fn least_pause(&mut self, failure: &Failure, now: Moment) -> Option<Duration> {
        if let Some((code, hint)) = failure.fatal {
            self.stop(code, failure.reason.clone(), hint, now);
            return None;
        }
        let asked = failure.wait.unwrap_or_default();
        if !failure.status {
            return Some(asked);
        }
        if let Some(until) = self.statuses_until.filter(|until| *until > now.at) {
            // Another line met the same.
            return Some(asked.max(until - now.at));
        }
        self.statuses += 1;
        if self.statuses >= STATUSES {
            let reason = format!("{}, {STATUSES} times in a row", failure.reason);
            let hint = "open the page with a browser from this machine's network: something in front of the site may \
                        refuse this machine; if the page works there, look whether a newer version of antiphon knows it";
            self.stop("refused", reason, hint, now);
            return None;
        }
        let pause = STATUS_PAUSE.saturating_mul(1 << (self.statuses - 1));
        let pause = pause.min(STATUS_PAUSE_AT_MOST).max(asked);
        self.statuses_until = Some(now.at + pause);
        Some(pause)
    }

    /// The site answers as it should.
    fn site_answered(&mut self) {
        self.statuses = 0;
        self.statuses_until = None;
    }

    /// Ends for good.
    fn stop(&mut self, code: &'static str, reason: String, hint: &str, now: Moment) {
        self.standing = Standing::Stopped;
        self.stopping(now);
        let lines: Vec<LineId> = self.lines.keys().copied().collect();
        for line in lines {
            self.drop_stream(line, &reason, now);
        }
        for room in self.rooms.values_mut() {
            for waiter in room.waiters.drain(..) {
                let state = LinkState::Stopped {
                    code: code.into(),
                    reason: reason.clone(),
                    hint: Some(hint.into()),
                };
                let _ = waiter.send(Err(crate::error::NotConnected { state }.into()));
            }
        }
        self.set_link(
            LinkState::Stopped {
                code: code.into(),
                reason,
                hint: Some(hint.into()),
            },
            now,
        );
    }

    /// Something waited for did not come, or something planned is due.
    pub(crate) fn on_deadline(&mut self, now: Moment) {
        match self.standing {
            Standing::Waiting { until } if until <= now.at => self.start(),
            Standing::In => {
                let lines: Vec<LineId> = self.lines.keys().copied().collect();
                for line in lines {
                    self.line_deadline(line, now);
                }
                let rooms: Vec<RoomId> = self.rooms.keys().copied().collect();
                for room in rooms {
                    self.room_deadline(room, now);
                }
            }
            _ => {}
        }
    }

    /// A task is done.
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
                self.acking = false;
                self.acknowledge();
            }
            Done::Left => {}
        }
    }

    /// A client wants something.
    pub(crate) fn on_command(&mut self, command: Command, now: Moment) {
        match command {
            Command::Join { room, reply } => {
                if self
                    .rooms
                    .get(&room)
                    .is_some_and(|room| room.wanted && room.attached)
                {
                    let _ = reply.send(Ok(()));
                    return;
                }
                if self.rooms.values().filter(|room| room.wanted).count() >= ROOMS {
                    let busy = JoinError::Request(RequestError::Busy(ROOMS));
                    let _ = reply.send(Err(busy));
                    return;
                }
                self.want(room, now);
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.waiters.retain(|waiter| !waiter.is_closed());
                    room.waiters.push(reply);
                }
                let id = self.assign(room);
                // A wait, which the server may have asked for, is not cut short.
                if self.lines.get(&id).is_some_and(|line| !line.waits()) {
                    self.prepare(id, now);
                }
            }
            Command::Leave { room, reply } => {
                let ids: Vec<RoomId> = match room {
                    Some(id) => vec![id],
                    None => self.rooms.keys().copied().collect(),
                };
                for id in ids {
                    self.forget(id, Ending::Left, now);
                }
                self.tasks.push_back(Task::Leave {
                    room,
                    reply: Some(reply),
                });
            }
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The link.

    fn set_link(&mut self, state: LinkState, now: Moment) {
        let body = Link::body(&state);
        self.synthetic(Link::KIND, Place::root(), body, now);
        self.shown = state.clone();
        self.link = Some(state);
    }

    /// Tells the state of all lines as one, if it is another than before.
    fn tell_link(&mut self, now: Moment) {
        if !matches!(self.standing, Standing::In) {
            return;
        }
        let waiting = self.lines.values().filter_map(|line| match &line.phase {
            // While it is polled, or the socket before is still heard, events flow.
            Phase::Waiting { until, reason } if line.stream.is_none() && !line.polls() => {
                Some((*until, reason.clone()))
            }
            _ => None,
        });
        let opening = |line: &Line| {
            let opens = matches!(line.phase, Phase::Preparing | Phase::Opening { .. });
            opens && line.stream.is_none() && !line.polls()
        };
        match waiting.min_by_key(|(until, _)| *until) {
            Some((until, reason)) => {
                let pause = until.saturating_duration_since(now.at);
                let state = LinkState::Waiting {
                    until: now.wall.checked_add(pause).unwrap_or(Timestamp::MAX),
                    reason,
                };
                let is_new = match (&state, &self.shown) {
                    (
                        LinkState::Waiting { until, reason },
                        LinkState::Waiting {
                            until: shown,
                            reason: said,
                        },
                    ) => until > shown || reason != said,
                    _ => true,
                };
                if is_new {
                    self.set_link(state, now);
                }
            }
            None if self.lines.values().any(opening) => {
                if !matches!(self.shown, LinkState::Connecting) {
                    self.shown = LinkState::Connecting;
                    self.link = Some(LinkState::Connecting);
                }
            }
            None => {
                let since = now.wall;
                let mut polls = self.lines.values().filter_map(|line| line.poll.as_ref());
                match (polls.next(), &self.shown) {
                    (Some(_), LinkState::Polling { .. }) | (None, LinkState::Connected { .. }) => {}
                    (Some(poll), _) => {
                        let reason = poll.reason.clone();
                        self.set_link(LinkState::Polling { since, reason }, now);
                    }
                    (None, _) => self.set_link(LinkState::Connected { since }, now),
                }
            }
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Entries.

    fn push(&mut self, entry: Entry) {
        self.bytes += entry.weight();
        self.entries.push_back(entry);
    }

    /// An origin of our own, unique in this run.
    fn own_origin(&mut self) -> Origin {
        self.made += 1;
        Origin::frame(&self.nonce, self.made)
    }

    /// An event of our own.
    fn synthetic(&mut self, kind: &'static str, place: Place, body: impl Into<Bytes>, now: Moment) {
        self.synthetic_with(kind, place, body, None, now);
    }

    /// An event of our own, stored together with a checkpoint.
    fn synthetic_with(
        &mut self,
        kind: &'static str,
        place: Place,
        body: impl Into<Bytes>,
        checkpoint: impl Into<Option<Checkpoint>>,
        now: Moment,
    ) {
        let origin = self.own_origin();
        let draft = Draft::new(Kind::from_static(kind), place, origin, now.wall, body);
        self.push(Entry {
            event: Some(draft.provenance(Provenance::Synthetic)),
            checkpoint: checkpoint.into(),
        });
    }

    /// Whether an event is met for the first time.
    fn is_new(&mut self, id: EventId) -> bool {
        if !self.seen.insert(id) {
            return false;
        }
        self.seen_order.push_back(id);
        if self.seen_order.len() > SEEN
            && let Some(oldest) = self.seen_order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }

    /// Remembers what posted a message.
    fn remember(&mut self, message: MessageId, posted: Posted) {
        if self.posted.insert(message, posted).is_none() {
            self.posted_order.push_back(message);
            if self.posted_order.len() > POSTED
                && let Some(oldest) = self.posted_order.pop_front()
            {
                self.posted.remove(&oldest);
            }
        }
    }

    /// Acknowledges the mentions heard so far, the oldest first, one request at a time.
    ///
    /// Those of one room go together, since its checkpoint tells when they are durable; what waits for a room's history
    /// is left for later, and a room that was left has no checkpoint to come.
    fn acknowledge(&mut self) {
        if self.acking || self.acks.is_empty() {
            return;
        }
        let rooms = &self.rooms;
        self.acks.retain(|(key, ..)| rooms.contains_key(key));
        let reached = |key: &RoomId| rooms.get(key).and_then(|room| room.t).unwrap_or_default();
        let ready = |(key, event, _): &(RoomId, EventId, MessageId)| event.get() <= reached(key);
        let Some((key, ..)) = self.acks.iter().copied().find(ready) else {
            return;
        };
        let (mut ids, mut mark) = (Vec::new(), 0);
        self.acks.retain(|ack| {
            let goes = ids.len() < ACKS && ack.0 == key && ready(ack);
            if goes {
                ids.push(ack.2);
                mark = mark.max(room::mark(rooms[&key].count, ack.1.get()));
            }
            !goes
        });
        let part = Arc::clone(&rooms[&key].part);
        self.acking = true;
        self.tasks.push_back(Task::Ack { ids, part, mark });
    }
}

/// The waits between sockets.
fn backoff(rng: &mut Rng) -> Backoff {
    Backoff::new(rng.fork())
        .floor(RECONNECT_AFTER)
        .cap(RECONNECT_AT_MOST)
}

/// A moment some time before, for the edge of a gap.
fn before(at: Timestamp) -> Edge {
    Edge::at(at.checked_sub(EDGE_SLACK).unwrap_or(at))
}

#[cfg(test)]
mod tests;
