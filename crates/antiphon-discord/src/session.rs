//! One shard as a state machine: frames, deadlines and commands in; replies, tasks and events out (protocol §1 to §8).
//!
//! It does no I/O and reads no clock. Its queues hold frames to send
//! ([`Session::next_reply`]), a connection to open ([`Session::next_task`]) and events to store
//! ([`Session::outbox`]).
//!
//! Two things hold at every moment, so that a crash loses nothing unseen:
//! - A checkpoint never covers more than the events before it in the queue.
//! - A lost session is remembered, in the checkpoint too, until its gap is reported.
//!
//! The inputs come from the loop of `socket`: a frame (`on_text`, `on_frame`), an open or lost connection (`on_opened`,
//! `on_disconnected`), a command (`on_command`), a deadline (`on_deadline`), and the newest stored mark (`note_stored`).
//! Every input carries the time, so that a test needs neither a runtime nor a clock.
//!
//! | file | rules |
//! | --- | --- |
//! | `frames` | what each operation of the server does, and how a dispatch becomes an event |
//! | `lifecycle` | opening, losing and giving up connections; deadlines |
//! | `sequence` | holes in the sequence, and dispatches that come twice |
//! | `streams` | names of the streams that origins begin with |
//! | `checkpoint` | what is stored of a session, and how a mark is a number |
//! | `heartbeat` | beats, acknowledgements, zombies |
//! | `ratelimiter` | frames and presences that a connection may send |
//! | `commands`, `pending` | commands of clients, and those that wait for an answer |
//! | `close_code` | what each close code means, and what to do |
//!
//! The way of a session is that of protocol §4: no connection, `Opening`, `AwaitingHello`, then `Identifying` or `Resuming`,
//! and `Active` from READY or RESUMED on; each loss ends in `Waiting`, and a close that would only come again in `Stopped`.

mod checkpoint;
mod close_code;
mod commands;
mod frames;
mod heartbeat;
mod lifecycle;
mod pending;
mod ratelimiter;
mod sequence;
mod streams;

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

use antiphon_core::{
    Backoff, Checkpoint, Edge, Kind, LinkState, Moment, Outbox, Part, Place, Rng, Skipped,
};
use antiphon_discord_model::id::{Id, marker::UserMarker};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::{sync::oneshot, time::Instant};

use self::{
    checkpoint::{Lost, Mark, SavedState},
    heartbeat::Heartbeat,
    pending::Pending,
    ratelimiter::RateLimiter,
    sequence::{Ahead, Recent},
};
pub(crate) use self::{
    checkpoint::{edge_of, resumable_count, retired, used},
    close_code::Reaction,
    commands::Command,
    streams::Streams,
};
use crate::{config::Config, dispatch::Namer, identify::Permit, model::presence::Presence, wire};

/// Random pause before a new session after the server refused one, in milliseconds (protocol §4).
const REFUSED_PAUSE: std::ops::RangeInclusive<u64> = 1_000..=5_000;
/// Unanswered resumes in a row after which a new session begins.
///
/// A server that does not answer resumes may still answer an identify.
const UNANSWERED: u32 = 3;
/// Sessions in a row that end at an unreadable frame after which the shard stops.
///
/// A shard that reads the same frame for ever would use up the day's identifies.
const HOPELESS: u32 = 3;
/// Sessions that end further apart do not count as in a row.
///
/// A frame that is too large once a day is no reason to stop.
const IN_A_ROW: Duration = Duration::from_secs(60 * 60);
/// Close code that keeps the session, as every code but 1000 and 1001 does (protocol §2).
pub(crate) const KEEP_SESSION: u16 = 4000;

/// A task of the session that needs the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Open a connection to resume on: at this URL, or at the Gateway's.
    ///
    /// `None` asks for the Gateway's own URL, since the session's host may be gone.
    Resume(Option<String>),
    /// Wait in the identify queue, then open a connection.
    Identify,
}

/// Reason for closing the connection, or for its loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Disconnect {
    /// Reason in words, for the link event and the log.
    pub(crate) reason: String,
    /// What happens next: a resume, a new session, or a stop.
    pub(crate) reaction: Reaction,
}

impl Disconnect {
    /// The session is kept.
    pub(crate) fn resume(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            reaction: Reaction::Resume(Duration::ZERO),
        }
    }

    /// The close that the server sent.
    pub(crate) fn by_server(code: Option<u16>, words: &str) -> Self {
        let (meaning, reaction) = close_code::meaning(code);
        let mut reason = match code {
            Some(code) => format!("Discord closed the connection with code {code}: {meaning}"),
            None => "Discord closed the connection".to_owned(),
        };
        if !words.is_empty() {
            reason = format!("{reason} ({words})");
        }
        Self { reason, reaction }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No connection has been opened yet.
    Idle,
    /// A task opens the connection.
    Opening,
    /// The connection is open, and op 10 must come by then.
    AwaitingHello { by: Instant },
    /// READY must come by then.
    Identifying { by: Instant },
    /// Missed events are replayed; the next frame, and finally RESUMED, must come by then.
    Resuming { by: Instant },
    /// Dispatches are received.
    Active,
    /// The next try begins then.
    Waiting { until: Instant },
    /// No further try.
    Stopped,
}

/// A session that can be resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Resumable {
    /// Session id of the READY, which a resume names.
    id: Arc<str>,
    /// Name of its stream in origins and gaps.
    stream: Arc<str>,
    /// Host that the READY named for resumes.
    url: Option<String>,
}

/// The last dispatch received.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Last {
    /// Time at which it was read.
    at: Timestamp,
    stream: Arc<str>,
    /// Its sequence in the stream.
    seq: u64,
}

/// A presence that waits for the rate limiter, and the replies to send then.
#[derive(Debug)]
struct PendingPresence {
    /// Newest presence that is asked for.
    presence: Presence,
    /// Callers whose presences the newest one took over; all of them succeed with it.
    replies: Vec<oneshot::Sender<()>>,
}

/// State of one shard, over any number of connections.
pub(crate) struct Session {
    /// Options of the bot; they do not change while it runs.
    config: Arc<Config>,
    /// Number of this shard.
    shard: u32,
    /// Number of shards of the bot.
    count: u32,
    part: Part,
    /// Place of the shard's own link events: `shard/3`, or the root for the only shard.
    place: Place,
    phase: Phase,
    /// State of the link, until the loop has shown it.
    link: Option<LinkState>,
    /// Session that a resume would continue; absent before the first READY and after it was given up.
    resumable: Option<Resumable>,
    /// Counts sessions, so that a sequence of an earlier one is not taken for one of this.
    epoch: u32,
    /// The last sequence received in this session before the first hole.
    seq: Option<u64>,
    /// Sequences received behind a hole.
    ahead: Ahead,
    /// Hashes of the newest dispatches.
    recent: Recent,
    /// Whether this connection brought a sequence that is out of reach.
    is_out_of_reach: bool,
    streams: Streams,
    /// Session ids that streams of this shard are named by.
    used: Option<Vec<String>>,
    /// Counts of frames that are not stored on purpose.
    pub(crate) unrecorded: Skipped,
    /// Highest durable sequence of this session, which heartbeats and resumes carry.
    durable: Option<u64>,
    /// Sequence of this session's READY, from which it is resumed while nothing of it is durable.
    first: u64,
    last: Option<Last>,
    /// A stretch that is lost and not reported yet.
    lost: Option<Lost>,
    /// The bot's own user, once a READY named it.
    me: Option<u64>,
    /// The checkpoint's encoded state, and the time in it.
    state: (Bytes, Timestamp),
    /// Heartbeat of this connection; absent without one.
    heartbeat: Option<Heartbeat>,
    ratelimiter: RateLimiter,
    /// Requests for members and voice joins that wait for their answers.
    pending: Pending,
    presence: Option<PendingPresence>,
    /// Permit to identify on the connection that is open, used by the identify.
    permit: Option<Permit>,
    has_begun: bool,
    /// Resumes tried since the last successful one.
    tries: u32,
    /// Unanswered resumes in a row.
    unanswered: u32,
    /// Epoch and sequence at which an unreadable frame last ended a connection.
    stuck_at: Option<(u32, Option<u64>)>,
    stuck_sessions: u32,
    stuck_since: Option<Instant>,
    /// Size of a skipped frame that was too large, in bytes.
    skipped: Option<usize>,
    /// Number of the last frame of this connection.
    frame: u64,
    /// Name of this connection, which origins of whole frames begin with.
    connection: String,
    connections: u64,
    namer: Namer,
    pub(crate) outbox: Outbox,
    /// Frames to send; dropped when the connection is lost.
    replies: VecDeque<String>,
    /// Connection that the loop is asked to open.
    task: Option<Task>,
    /// Pauses between connections: growing, spread, and reset after a healthy while.
    backoff: Backoff,
    rng: Rng,
    nonce: Arc<str>,
    /// Beginning of a pause in reading, by which deadlines for answers are moved.
    paused_at: Option<Instant>,
    /// Whether a stop was asked for, so that nothing more is read.
    over: bool,
}

impl Session {
    /// Creates a session that continues from the checkpoint, or begins a new one without it.
    ///
    /// `nonce` is unique for every run and every shard.
    pub(crate) fn new(
        config: Arc<Config>,
        [shard, count]: [u32; 2],
        mut rng: Rng,
        nonce: Arc<str>,
        streams: Streams,
        checkpoint: Option<&Checkpoint>,
    ) -> Self {
        let place = if count == 1 {
            Place::root()
        } else {
            Place::root().join("shard", &shard.to_string())
        };
        let pending = Pending::new(config.name.clone(), config.action_timeout, rng.u64(..));
        let mut session = Self {
            shard,
            count,
            part: part(shard),
            place,
            phase: Phase::Idle,
            link: None,
            resumable: None,
            epoch: 0,
            seq: None,
            ahead: Ahead::default(),
            recent: Recent::default(),
            is_out_of_reach: false,
            streams,
            used: Some(Vec::new()),
            unrecorded: Skipped::default(),
            durable: None,
            first: 0,
            last: None,
            lost: None,
            me: None,
            state: (Bytes::new(), Timestamp::UNIX_EPOCH),
            heartbeat: None,
            ratelimiter: RateLimiter::new(Heartbeat::USUAL),
            pending,
            presence: None,
            permit: None,
            has_begun: false,
            tries: 0,
            unanswered: 0,
            stuck_at: None,
            stuck_sessions: 0,
            stuck_since: None,
            skipped: None,
            frame: 0,
            connection: String::new(),
            connections: 0,
            namer: Namer::new(),
            outbox: Outbox::new(config.buffer_bytes, Arc::clone(&nonce)),
            replies: VecDeque::new(),
            task: None,
            backoff: Backoff::new(rng.fork()),
            rng,
            nonce,
            paused_at: None,
            over: false,
            config,
        };
        if let Some(checkpoint) = checkpoint {
            session.restore(checkpoint);
        }
        session
    }

    /// Takes over what an earlier run stored; a checkpoint that cannot be read leaves the session as new, with the marks after
    /// it.
    fn restore(&mut self, checkpoint: &Checkpoint) {
        let mark = Mark::read(checkpoint.mark);
        self.epoch = mark.epoch;
        let stored = match SavedState::read(&checkpoint.state) {
            Ok(stored) => stored,
            Err(error) => {
                tracing::warn!(part = &*self.part, %error, "checkpoint cannot be read");
                self.used = None;
                return;
            }
        };
        self.me = stored.user;
        self.lost = stored.lost;
        self.used = stored.used;
        self.streams.remember(self.used.as_deref());
        let Some(id) = stored.session else { return };
        let id: Arc<str> = id.into();
        let stream = match stored.stream {
            Some(stream) => stream.into(),
            None => Arc::clone(&id),
        };
        self.seq = Some(mark.seq);
        self.durable = Some(mark.seq);
        self.recent = Recent::since(mark.seq);
        self.last = Some(Last {
            at: stored.at,
            stream: Arc::clone(&stream),
            seq: mark.seq,
        });
        self.resumable = Some(Resumable {
            id,
            stream,
            url: stored.url,
        });
        if stored.count != self.count {
            let cause = format!(
                "the bot has {} shards where it had {}",
                self.count, stored.count
            );
            self.forget(&cause, None);
        }
    }

    /// Takes over the gap of a shard that no longer runs here; called before [`Session::start`].
    pub(crate) fn inherit(&mut self, from: Edge, cause: &str, now: Timestamp) {
        if self.lost.as_ref().is_none_or(|lost| from.at < lost.from.at) {
            self.lost = Some(Lost {
                from,
                cause: cause.to_owned(),
            });
        }
        // The other shard's checkpoint is about to drop the gap. The time of our last frame stays.
        let at = self.last.as_ref().map_or(now, |last| last.at);
        self.render(at);
        let checkpoint = self.checkpoint(at);
        self.outbox.checkpoint(checkpoint);
    }

    /// Drops the resumable session, for this reason; called before [`Session::start`].
    pub(crate) fn begin_new_session(&mut self, cause: &str) {
        if self.resumable.is_some() {
            self.forget(cause, None);
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The queues.

    /// The next frame to send.
    pub(crate) fn next_reply(&mut self) -> Option<String> {
        self.replies.pop_front()
    }

    /// The next task to do.
    pub(crate) fn next_task(&mut self) -> Option<Task> {
        self.task.take()
    }

    /// The state of the link, if it changed since the last call.
    pub(crate) fn take_link(&mut self) -> Option<LinkState> {
        self.link.take()
    }

    /// Whether the loop has something to do for the session before it reads on.
    pub(crate) fn has_work(&self) -> bool {
        self.has_begun || self.link.is_some() || self.task.is_some() || !self.replies.is_empty()
    }

    /// The bot's own user, once a READY or the checkpoint named it.
    pub(crate) fn user(&self) -> Option<Id<UserMarker>> {
        self.me.and_then(Id::new_checked)
    }

    /// The shard's number, if the bot has several.
    pub(crate) fn shard(&self) -> Option<u32> {
        (self.count > 1).then_some(self.shard)
    }

    /// Whether an identify began a session since the last call.
    pub(crate) fn take_begun(&mut self) -> bool {
        std::mem::take(&mut self.has_begun)
    }

    /// Time from the last heartbeat to its acknowledgement.
    pub(crate) fn latency(&self) -> Option<Duration> {
        self.heartbeat.as_ref().and_then(Heartbeat::latency)
    }

    /// Whether a frame may be read: the connection is open, the journal keeps up, and no stop was requested.
    pub(crate) fn wants_frame(&self) -> bool {
        self.is_open() && !self.is_paused()
    }

    /// Whether a command can be carried out now.
    pub(crate) fn wants_command(&self, now: Instant) -> bool {
        self.phase == Phase::Active
            && self.pending.has_room()
            && self.ratelimiter.room_at(now) <= now
    }

    /// Whether a connection is open, whatever it is waiting for.
    fn is_open(&self) -> bool {
        matches!(
            self.phase,
            Phase::AwaitingHello { .. }
                | Phase::Identifying { .. }
                | Phase::Resuming { .. }
                | Phase::Active
        )
    }

    /// Whether nothing is to be read: the journal is behind, or the bot is stopping.
    fn is_paused(&self) -> bool {
        self.over || self.outbox.is_full()
    }

    /// Stops reading; heartbeats and commands go on.
    pub(crate) fn stop_reading(&mut self) {
        self.over = true;
    }

    /// Notes the newest durable mark of the shard's part.
    pub(crate) fn note_stored(&mut self, mark: Option<i64>) {
        let Some(mark) = mark.map(Mark::read) else {
            return;
        };
        // A mark of an earlier session does not apply to this one.
        if mark.epoch == self.epoch && self.resumable.is_some() {
            self.durable = Some(mark.seq);
        }
    }

    /// Notes a pause or the end of one, and moves the deadlines for answers by its length.
    ///
    /// Call it before [`Session::deadline`].
    pub(crate) fn note_pause(&mut self, now: Moment) {
        match (self.is_paused(), self.paused_at) {
            (true, None) => self.paused_at = Some(now.at),
            (false, Some(since)) => {
                self.paused_at = None;
                let stood_still = now.at.saturating_duration_since(since);
                if let Phase::AwaitingHello { by }
                | Phase::Identifying { by }
                | Phase::Resuming { by } = &mut self.phase
                {
                    *by += stood_still;
                }
                self.pending.shift(stood_still);
                self.ahead.shift(stood_still);
                if let Some(heartbeat) = &mut self.heartbeat {
                    heartbeat.excuse();
                }
            }
            _ => {}
        }
    }

    /// Time at which [`Session::on_deadline`] is due.
    pub(crate) fn deadline(&self, now: Instant) -> Option<Instant> {
        let is_paused = self.paused_at.is_some();
        // Deadlines for answers stand still while nothing is read.
        let answer = |at: Instant| (!is_paused).then_some(at);
        let phase = match self.phase {
            Phase::Waiting { until } => Some(until),
            Phase::AwaitingHello { by } | Phase::Identifying { by } | Phase::Resuming { by } => {
                answer(by)
            }
            Phase::Idle | Phase::Opening | Phase::Active | Phase::Stopped => None,
        };
        let is_active = self.phase == Phase::Active;
        // A command can be sent again once the limiter has room.
        let room = is_active
            .then(|| self.ratelimiter.room_at(now))
            .filter(|at| *at > now);
        let presence = self.presence.as_ref().filter(|_| is_active);
        let presence = presence.map(|_| self.ratelimiter.presence_at(now));
        let beat = self.heartbeat.as_ref().map(Heartbeat::next_at);
        let pending = self.pending.deadline().and_then(answer);
        let hole = self.ahead.deadline().and_then(answer);
        [phase, room, presence, beat, pending, hole]
            .into_iter()
            .flatten()
            .min()
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Events.

    /// Queues one of the client's own events (protocol §14.1).
    fn shard_event(&mut self, kind: &'static str, now: Moment) {
        let shard = (self.count > 1).then_some(self.shard);
        let body = wire::shard_event(shard);
        let kind = Kind::from_static(kind);
        self.outbox.own_event(kind, Place::root(), body, now);
    }

    /// Returns the checkpoint as of now.
    fn checkpoint(&mut self, now: Timestamp) -> Checkpoint {
        let (_, shows) = &self.state;
        // The time in the state is only for gaps; it may be older than the last frame, never newer.
        if self.state.0.is_empty() || now.duration_since(*shows) >= SavedState::STALE {
            self.render(now);
        }
        Checkpoint {
            part: Arc::clone(&self.part),
            state: self.state.0.clone(),
            mark: Mark {
                epoch: self.epoch,
                seq: self.seq.unwrap_or_default(),
            }
            .write(),
        }
    }

    /// Encodes the checkpoint's state again after a change.
    fn render(&mut self, now: Timestamp) {
        let stored = SavedState {
            session: self.resumable.as_ref().map(|one| one.id.to_string()),
            url: self.resumable.as_ref().and_then(|one| one.url.clone()),
            count: self.count,
            user: self.me,
            at: now,
            lost: self.lost.clone(),
            stream: self
                .resumable
                .as_ref()
                .filter(|one| one.stream != one.id)
                .map(|one| one.stream.to_string()),
            used: self.used.clone(),
        };
        self.state = (stored.write(), now);
    }
}

/// Name of a shard's part.
pub(crate) fn part(shard: u32) -> Part {
    format!("shard/{shard}").into()
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("part", &self.part)
            .field("phase", &self.phase)
            .field("seq", &self.seq)
            .field("durable", &self.durable)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
