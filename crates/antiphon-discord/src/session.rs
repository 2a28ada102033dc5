//! The rules of one shard's connection as a state machine: frames, deadlines and commands in; replies, tasks and events
//! out (protocol §1 to §8).
//!
//! It opens nothing and asks no clock. Whatever it wants done stands in its queues: frames to send
//! ([`Session::next_reply`]), a connection to open ([`Session::next_task`]) and events to store
//! ([`Session::take_entry`]).
//!
//! Two things hold at every moment, so that a crash loses nothing unseen:
//! - A checkpoint never claims more than what stands before it in the queue of events.
//! - A session that was lost is remembered as a gap, in the checkpoint too, until the gap is reported.

mod asks;
mod closes;
mod commands;
mod frames;
mod heart;
mod life;
mod sends;
mod sequence;
mod stored;
mod streams;

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

use antiphon_core::{
    Backoff, Checkpoint, Draft, Edge, Entry, Kind, LinkState, Origin, Part, Place, Provenance, Rng,
    Skipped,
};
use antiphon_discord_model::id::{Id, marker::UserMarker};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::{sync::oneshot, time::Instant};

use self::{
    asks::Asks,
    heart::Heart,
    sends::Sends,
    sequence::{Ahead, Recent},
    stored::{Lost, Mark, Stored},
};
pub(crate) use self::{
    closes::Then,
    stored::{edge_of, resumable_count, retired, used},
    streams::Streams,
};
use crate::{
    config::{Config, Presence},
    dispatch::Namer,
    identify::Permit,
    wire,
};

/// The random pause before a new session where the server refused one, in milliseconds (protocol §4).
const REFUSED_PAUSE: std::ops::RangeInclusive<u64> = 1_000..=5_000;
/// After so many resumes in a row that were never answered, a new session is begun.
const UNANSWERED: u32 = 3;
/// After so many sessions in a row that ended at a frame that cannot be read, nothing more is tried.
const HOPELESS: u32 = 3;
/// Sessions that ended so long apart did not end in a row.
const IN_A_ROW: Duration = Duration::from_secs(60 * 60);
/// Close code with which a connection is given up: any but 1000 and 1001 keeps the session (protocol §2).
pub(crate) const KEEP_SESSION: u16 = 4000;

/// A moment by both clocks: one for deadlines, one for people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) at: Instant,
    pub(crate) wall: Timestamp,
}

/// What the session wants done by whoever can reach the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Open a connection to resume on: at this address, or where sessions begin.
    Resume(Option<String>),
    /// Wait for the turn to identify, and open a connection.
    Identify,
}

/// Why no connection could be opened.
#[derive(Clone, Debug)]
pub(crate) struct OpenFailure {
    pub(crate) reason: String,
    /// How long the server asked us to wait.
    pub(crate) wait: Option<Duration>,
    /// Whether trying again would be wrong: a code and a hint.
    pub(crate) fatal: Option<(&'static str, &'static str)>,
}

/// Why the connection has to be closed by us, or is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) reason: String,
    pub(crate) then: Then,
}

impl Cut {
    /// The session is kept.
    pub(crate) fn resume(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            then: Then::Resume(Duration::ZERO),
        }
    }

    /// The server closed the connection.
    pub(crate) fn by_server(code: Option<u16>, words: &str) -> Self {
        let (meaning, then) = closes::meaning(code);
        let mut reason = match code {
            Some(code) => format!("Discord closed the connection with code {code}: {meaning}"),
            None => "Discord closed the connection".to_owned(),
        };
        if !words.is_empty() {
            reason = format!("{reason} ({words})");
        }
        Self { reason, then }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing has been tried yet.
    Idle,
    /// A task opens the connection.
    Opening,
    /// The connection is open, and op 10 must come by then.
    Greeting { by: Instant },
    /// READY must come by then.
    Identifying { by: Instant },
    /// What was missed is replayed; the next frame, and at last RESUMED, must come by then.
    Resuming { by: Instant },
    /// Events flow.
    Active,
    /// The next try begins then.
    Waiting { until: Instant },
    /// No further try.
    Stopped,
}

/// A session that can be resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Resumable {
    id: Arc<str>,
    /// What its events' origins and gaps call it.
    stream: Arc<str>,
    url: Option<String>,
}

/// The last dispatch received.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Last {
    at: Timestamp,
    stream: Arc<str>,
    seq: u64,
}

/// A presence that waits for its turn, and who waits for it.
#[derive(Debug)]
struct PendingPresence {
    presence: Presence,
    replies: Vec<oneshot::Sender<()>>,
}

/// One shard's conversation with the Gateway, over any number of connections.
pub(crate) struct Session {
    config: Arc<Config>,
    shard: u32,
    count: u32,
    part: Part,
    place: Place,
    phase: Phase,
    link: Option<LinkState>,
    resumable: Option<Resumable>,
    /// Counts sessions, so that sequences of an earlier one are told apart.
    epoch: u32,
    /// The last sequence received in this session before the first hole.
    seq: Option<u64>,
    /// What came behind a hole.
    ahead: Ahead,
    /// What came last, by its bytes.
    recent: Recent,
    /// Whether this connection brought a sequence that no session reaches.
    is_out_of_reach: bool,
    streams: Streams,
    /// Session ids that streams of this shard are named by.
    used: Option<Vec<String>>,
    /// Frames that leave no row on purpose.
    unrecorded: Skipped,
    /// The highest sequence of this session that is durable: what heartbeats and resumes carry.
    durable: Option<u64>,
    last: Option<Last>,
    /// A stretch that is lost and not reported yet.
    lost: Option<Lost>,
    /// The bot's own user, once a READY named it.
    me: Option<u64>,
    /// The checkpoint's state, and what time it shows.
    state: (Bytes, Timestamp),
    heart: Option<Heart>,
    sends: Sends,
    asks: Asks,
    presence: Option<PendingPresence>,
    permit: Option<Permit>,
    has_begun: bool,
    /// Resumes tried since the last that worked.
    tries: u32,
    /// Resumes in a row that were never answered.
    unanswered: u32,
    /// Where an unreadable frame last ended a connection, and how many sessions in a row ended like that.
    stuck_at: Option<(u32, Option<u64>)>,
    stuck_sessions: u32,
    stuck_since: Option<Instant>,
    /// A frame that was passed over since it is too large, in bytes.
    skipped: Option<usize>,
    /// Number of the last frame of this connection.
    frame: u64,
    connection: String,
    connections: u64,
    namer: Namer,
    entries: VecDeque<Entry>,
    bytes: usize,
    replies: VecDeque<String>,
    task: Option<Task>,
    backoff: Backoff,
    rng: Rng,
    nonce: Arc<str>,
    made: u64,
    paused_at: Option<Instant>,
    over: bool,
}

impl Session {
    /// A session that goes on where the checkpoint says, or begins afresh without one.
    ///
    /// `nonce` is new with every run and every shard.
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
        let asks = Asks::new(config.name.clone(), config.action_timeout, rng.u64(..));
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
            last: None,
            lost: None,
            me: None,
            state: (Bytes::new(), Timestamp::UNIX_EPOCH),
            heart: None,
            sends: Sends::new(Heart::USUAL),
            asks,
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
            entries: VecDeque::new(),
            bytes: 0,
            replies: VecDeque::new(),
            task: None,
            backoff: Backoff::new(rng.fork()),
            rng,
            nonce,
            made: 0,
            paused_at: None,
            over: false,
            config,
        };
        if let Some(checkpoint) = checkpoint {
            session.restore(checkpoint);
        }
        session
    }

    fn restore(&mut self, checkpoint: &Checkpoint) {
        let mark = Mark::read(checkpoint.mark);
        self.epoch = mark.epoch;
        let stored = match Stored::read(&checkpoint.state) {
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

    /// Takes over a stretch that a shard lost which does not run here any more; done before [`Session::start`].
    pub(crate) fn inherit(&mut self, from: Edge, cause: &str, now: Timestamp) {
        if self.lost.as_ref().is_none_or(|lost| from.at < lost.from.at) {
            self.lost = Some(Lost {
                from,
                cause: cause.to_owned(),
            });
        }
        // The other shard's own checkpoint is about to forget it. The time of our last frame stays what it was.
        let at = self.last.as_ref().map_or(now, |last| last.at);
        self.render(at);
        let checkpoint = self.checkpoint(at);
        self.push(Entry::checkpoint(checkpoint));
    }

    /// Drops a session that could be resumed, for this reason; done before [`Session::start`].
    pub(crate) fn begin_afresh(&mut self, cause: &str) {
        if self.resumable.is_some() {
            self.forget(cause, None);
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What stands in the queues.

    /// The next frame to send.
    pub(crate) fn next_reply(&mut self) -> Option<String> {
        self.replies.pop_front()
    }

    /// The next task to do.
    pub(crate) fn next_task(&mut self) -> Option<Task> {
        self.task.take()
    }

    /// The state of the connection, if it changed since it was asked for.
    pub(crate) fn take_link(&mut self) -> Option<LinkState> {
        self.link.take()
    }

    /// The bot's own user, once a READY or the checkpoint named it.
    pub(crate) fn user(&self) -> Option<Id<UserMarker>> {
        self.me.and_then(Id::new_checked)
    }

    /// The shard's number, where the bot has others.
    pub(crate) fn shard(&self) -> Option<u32> {
        (self.count > 1).then_some(self.shard)
    }

    /// Whether a session was begun by an identify since it was asked for.
    pub(crate) fn take_begun(&mut self) -> bool {
        std::mem::take(&mut self.has_begun)
    }

    /// Time from the last heartbeat to its acknowledgement.
    pub(crate) fn latency(&self) -> Option<Duration> {
        self.heart.as_ref().and_then(Heart::latency)
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

    /// Whether a frame may be read: there is a connection, the journal keeps up, and nobody asked to stop.
    pub(crate) fn wants_frame(&self) -> bool {
        self.is_open() && !self.is_paused()
    }

    /// Whether a client's command can be carried out now.
    pub(crate) fn wants_command(&self, now: Instant) -> bool {
        self.phase == Phase::Active && self.asks.has_room() && self.sends.room_at(now) <= now
    }

    fn is_open(&self) -> bool {
        matches!(
            self.phase,
            Phase::Greeting { .. }
                | Phase::Identifying { .. }
                | Phase::Resuming { .. }
                | Phase::Active
        )
    }

    fn is_paused(&self) -> bool {
        self.over || self.bytes >= self.config.buffer
    }

    /// Nothing new is to be read from now on; beats and commands go on.
    pub(crate) fn stop_reading(&mut self) {
        self.over = true;
    }

    /// The journal made this mark of the shard's part durable.
    pub(crate) fn note_stored(&mut self, mark: Option<i64>) {
        let Some(mark) = mark.map(Mark::read) else {
            return;
        };
        // A mark of an earlier session says nothing about this one.
        if mark.epoch == self.epoch && self.resumable.is_some() {
            self.durable = Some(mark.seq);
        }
    }

    /// Looks whether reading stops or goes on, and moves the deadlines that wait for an answer accordingly.
    ///
    /// Called before [`Session::deadline`] is asked for.
    pub(crate) fn note_pause(&mut self, now: Moment) {
        match (self.is_paused(), self.paused_at) {
            (true, None) => self.paused_at = Some(now.at),
            (false, Some(since)) => {
                self.paused_at = None;
                let stood_still = now.at.saturating_duration_since(since);
                if let Phase::Greeting { by } | Phase::Identifying { by } | Phase::Resuming { by } =
                    &mut self.phase
                {
                    *by += stood_still;
                }
                self.asks.shift(stood_still);
                self.ahead.shift(stood_still);
                if let Some(heart) = &mut self.heart {
                    heart.excuse();
                }
            }
            _ => {}
        }
    }

    /// When [`Session::on_deadline`] wants to be called next.
    pub(crate) fn deadline(&self, now: Instant) -> Option<Instant> {
        let is_paused = self.paused_at.is_some();
        // What waits for an answer stands still while nothing is read.
        let answer = |at: Instant| (!is_paused).then_some(at);
        let phase = match self.phase {
            Phase::Waiting { until } => Some(until),
            Phase::Greeting { by } | Phase::Identifying { by } | Phase::Resuming { by } => {
                answer(by)
            }
            Phase::Idle | Phase::Opening | Phase::Active | Phase::Stopped => None,
        };
        let is_active = self.phase == Phase::Active;
        // A command is wanted again once there is room.
        let room = is_active
            .then(|| self.sends.room_at(now))
            .filter(|at| *at > now);
        let presence = self.presence.as_ref().filter(|_| is_active);
        let presence = presence.map(|_| self.sends.presence_at(now));
        let beat = self.heart.as_ref().map(Heart::next_at);
        let asks = self.asks.deadline().and_then(answer);
        let hole = self.ahead.deadline().and_then(answer);
        [phase, room, presence, beat, asks, hole]
            .into_iter()
            .flatten()
            .min()
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Events.

    fn push(&mut self, entry: Entry) {
        self.bytes += entry.weight();
        self.entries.push_back(entry);
    }

    /// Stores a checkpoint of another part, in its place among the events.
    pub(crate) fn store(&mut self, checkpoint: Checkpoint) {
        self.push(Entry::checkpoint(checkpoint));
    }

    fn synthetic(&mut self, kind: Kind, place: Place, body: impl Into<Bytes>, now: Moment) {
        self.made += 1;
        let origin = Origin::frame(&self.nonce, self.made);
        let draft = Draft::new(kind, place, origin, now.wall, body);
        self.push(Entry::event(draft.provenance(Provenance::Synthetic)));
    }

    /// One of the client-made events (protocol §14.1).
    fn shard_event(&mut self, kind: &'static str, now: Moment) {
        let shard = (self.count > 1).then_some(self.shard);
        let body = wire::shard_event(shard);
        self.synthetic(Kind::from_static(kind), Place::root(), body, now);
    }

    /// The checkpoint as of now.
    fn checkpoint(&mut self, now: Timestamp) -> Checkpoint {
        let (_, shows) = &self.state;
        // The time in it is only for gaps; it need not be exact, and must not be later than the last frame.
        if self.state.0.is_empty() || now.duration_since(*shows) >= Stored::STALE {
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

    /// Makes the checkpoint's state anew, since something in it changed.
    fn render(&mut self, now: Timestamp) {
        let stored = Stored {
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

/// The part of a shard.
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
