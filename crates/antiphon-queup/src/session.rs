//! The protocol's rules as a state machine: frames, deadlines and answers in; replies, requests and events out.
//!
//! It opens nothing and asks no clock. Whatever it wants done stands in its queues:
//! frames to send ([`Session::next_reply`]), requests to make ([`Session::next_task`]) and events to store
//! ([`Session::take_entry`]).
//!
//! Two things hold at every moment, so that a crash loses nothing unseen:
//! - A checkpoint never claims more than what stands before it in the queue of events.
//! - Frames that are held back lie behind their channel's `from`, which was queued before they came.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{
    Backoff, BodyForm, Checkpoint, Draft, Edge, Entry, Gap, Kind, Link, LinkState, Origin, Part,
    Place, Provenance, Secret,
};
use base64::Engine as _;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::{sync::oneshot, time::Instant};

use crate::{
    error::{ActionError, JoinError, RequestError},
    event::{MESSAGE, ROOM_ACTION, action_kind, channel_place, room_action_kind, user_place},
    model::{ChatId, ConversationId, Presence, RoomId, RoomInfo, Slug, UserId},
    wire,
};

/// The pause before a self-leave that nobody ordered is undone (protocol §3.4).
const REJOIN_AFTER: Duration = Duration::from_secs(5);
/// How long changes of a queue are collected before it is fetched again (protocol §8).
const REFETCH_AFTER: Duration = Duration::from_secs(5);
/// How long after a song's expected end the playing one is fetched (protocol §8).
const SONG_END_SLACK: Duration = Duration::from_secs(15);
/// How long until the playing song is asked for again when the answer had none (protocol §4.4).
const NO_SONG_RETRY: Duration = Duration::from_secs(30);
/// How long the server may take from the open socket to action 4, and to confirm a channel.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How often a channel is asked for on one socket.
const ATTACH_TRIES: u8 = 2;
/// What engine.io's intervals are held to, whatever the server says.
const SANE_INTERVAL: (i64, i64) = (1_000, 300_000);
/// What counts where the handshake names no intervals (protocol §3.1).
const PING_INTERVAL: i64 = 25_000;
const PING_TIMEOUT: i64 = 60_000;
/// The messages of so long a time before the last one seen are fetched again after an outage: QueUp stamps them by
/// several clocks.
const BACKFILL_MARGIN: i64 = 10 * 60 * 1000;
/// A gap is dated back by so much, since its last frame spent an unknown time on the way.
const EDGE_SLACK: Duration = Duration::from_secs(1);
/// Bounds on the events of one place that wait for its history.
const HOLD_EVENTS: usize = 4096;
const HOLD_BYTES: usize = 4 << 20;
const HOLD_TIME: Duration = Duration::from_secs(60);
/// How many chat ids of a room are remembered, so that its history is not stored twice.
const SEEN: usize = 512;
/// How many own messages are remembered for requests whose answer names no id.
const OWN: usize = 32;
/// How many requests may wait for the echo of their message.
const ECHOES: usize = 64;
/// How many conversations are remembered as known.
const CONVERSATIONS: usize = 4096;
/// An id longer than this is no id.
const LONGEST_ID: usize = 256;
/// Version of the checkpoints' encoding.
const VERSION: u8 = 1;

/// Part of the last frame received.
const SOCKET: &str = "socket";

/// A moment by both clocks: one for deadlines, one for people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) at: Instant,
    pub(crate) wall: Timestamp,
}

/// Why the socket has to be closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut(pub(crate) String);

/// What the session wants done by whoever can reach the network and the journal.
#[derive(Debug)]
pub(crate) enum Task {
    /// Log in, get a token, open the socket.
    Open,
    /// Wait until the checkpoint with this mark is durable.
    Stored {
        channel: String,
        epoch: u64,
        part: Part,
        mark: i64,
    },
    /// Find the room and join it.
    Join {
        id: u64,
        slug: Slug,
        password: Option<Secret>,
    },
    /// Join a room again and fetch its state, and its history if asked.
    Rejoin {
        room: RoomId,
        slug: Slug,
        epoch: u64,
        history: bool,
    },
    /// Fetch a room's members, song, dubs and queue.
    State { room: RoomId },
    /// Fetch a room's queue.
    Queue { room: RoomId },
    /// Fetch the playing song.
    Active { room: RoomId },
    /// Join a room again that we seem to have left.
    Post { room: RoomId, slug: Slug },
    /// Leave a room.
    Leave {
        room: RoomId,
        reply: Option<oneshot::Sender<Result<(), ActionError>>>,
    },
    /// Fetch the conversations.
    Conversations,
}

/// What became of a [`Task`].
#[derive(Debug)]
pub(crate) enum Done {
    Opened(Result<Bytes, OpenFailure>),
    Stored {
        channel: String,
        epoch: u64,
    },
    Joined {
        id: u64,
        outcome: Result<RoomAnswer, JoinError>,
    },
    Rejoined {
        room: RoomId,
        epoch: u64,
        outcome: Result<Picture, JoinError>,
    },
    State {
        room: RoomId,
        picture: Picture,
    },
    Queue {
        room: RoomId,
        outcome: Result<Bytes, RequestError>,
    },
    Active {
        room: RoomId,
        outcome: Result<Option<Bytes>, RequestError>,
    },
    Posted {
        room: RoomId,
        outcome: Result<(), JoinError>,
    },
    Left {
        room: RoomId,
        outcome: Result<(), RequestError>,
        reply: Option<oneshot::Sender<Result<(), ActionError>>>,
    },
    Conversations(Result<Bytes, RequestError>),
}

/// Why no socket could be opened.
#[derive(Debug)]
pub(crate) struct OpenFailure {
    pub(crate) reason: String,
    /// How long the server asked us to wait.
    pub(crate) wait: Option<Duration>,
    /// Whether trying again would be wrong: a code and a hint.
    pub(crate) fatal: Option<(&'static str, &'static str)>,
}

/// A room as the server answered.
#[derive(Debug)]
pub(crate) struct RoomAnswer {
    pub(crate) info: RoomInfo,
    pub(crate) body: Bytes,
}

/// What was fetched of a room; what could not be had is absent.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    pub(crate) room: Option<Bytes>,
    pub(crate) users: Option<Bytes>,
    pub(crate) active: Option<Bytes>,
    pub(crate) dubs: Option<Bytes>,
    pub(crate) details: Option<Bytes>,
    pub(crate) history: Option<Bytes>,
}

/// What a client asks of the socket.
#[derive(Debug)]
pub(crate) enum Command {
    Join {
        slug: Slug,
        password: Option<Secret>,
        reply: oneshot::Sender<Result<RoomInfo, JoinError>>,
    },
    Leave {
        room: RoomId,
        reply: oneshot::Sender<Result<(), ActionError>>,
    },
    Presence {
        room: RoomId,
        presence: Presence,
        reply: oneshot::Sender<Result<(), ActionError>>,
    },
    Echo {
        room: RoomId,
        time: i64,
        text: String,
        reply: oneshot::Sender<ChatId>,
    },
}

/// What the configuration says that concerns the session.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) rooms: Vec<Slug>,
    pub(crate) recent_conversations: bool,
    pub(crate) backfill: usize,
    pub(crate) buffer: usize,
}

#[derive(Debug)]
enum Phase {
    /// Nothing has been tried yet.
    Idle,
    /// A task opens the socket.
    Opening,
    /// The socket is open, and action 4 must come by then.
    Greeting { by: Instant },
    /// Events flow.
    Open,
    /// The next try begins then.
    Waiting { until: Instant },
    /// No further try.
    Stopped,
}

/// engine.io's clock.
#[derive(Debug)]
struct Heart {
    interval: Duration,
    timeout: Duration,
    /// When the next ping is due, unless one is under way.
    ping_at: Option<Instant>,
    /// When the last ping was sent, and by when its pong must be here.
    pong: Option<(Instant, Instant)>,
}

/// How far a channel is attached to the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attachment {
    No,
    /// Its checkpoint is on its way to the journal.
    Settling,
    /// The server was asked, and must have confirmed by then.
    Asked {
        by: Instant,
        tries: u8,
    },
    Yes,
}

/// Live events of a place that wait for what lies before them.
#[derive(Debug)]
struct Hold {
    events: VecDeque<Draft>,
    bytes: usize,
    /// Where the stream was joined again; absent if only the conversations are awaited.
    to: Option<Edge>,
    until: Instant,
    chats: HashSet<String>,
}

/// A channel of the socket that the account has: its own, or a room's.
#[derive(Debug)]
struct Channel {
    place: Place,
    part: Part,
    /// Whether the account is to have it; a room that was left stays known.
    wanted: bool,
    /// Whether a checkpoint of it is durable.
    settled: bool,
    joined_at: Timestamp,
    attachment: Attachment,
    /// Where the frames begin that may be missing; absent while nothing is.
    from: Option<Edge>,
    /// Why frames may be missing.
    outage: Option<String>,
    hold: Option<Hold>,
    room: Option<Room>,
}

/// What only rooms have.
#[derive(Debug)]
struct Room {
    id: RoomId,
    slug: Slug,
    info: Option<RoomInfo>,
    answer: Option<Bytes>,
    /// Time of the last message seen, in ms.
    last_chat: Option<i64>,
    /// Time from which the history was not fetched yet, in ms.
    chat_floor: Option<i64>,
    seen: VecDeque<String>,
    waiters: Vec<oneshot::Sender<Result<RoomInfo, JoinError>>>,
    leaving: bool,
    rejoin_at: Option<Instant>,
    queue_at: Option<Instant>,
    active_at: Option<Instant>,
}

/// A channel as its checkpoint tells.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    v: u8,
    joined: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slug: Option<Slug>,
    joined_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_chat: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chat_floor: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Edge>,
    /// The last frame received on any channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<Edge>,
}

/// A room that is being found and joined by requests.
#[derive(Debug)]
struct Joining {
    id: u64,
    slug: Slug,
    password: Option<Secret>,
    reply: Option<oneshot::Sender<Result<RoomInfo, JoinError>>>,
    /// When to try again; absent while a request is under way.
    retry_at: Option<Instant>,
}

#[derive(Debug)]
struct Echo {
    room: RoomId,
    time: i64,
    text: String,
    reply: oneshot::Sender<ChatId>,
}

/// One account's conversation with QueUp, over any number of sockets.
#[derive(Debug)]
pub(crate) struct Session {
    rules: Rules,
    me: Option<UserId>,
    phase: Phase,
    link: Option<LinkState>,
    heart: Option<Heart>,
    /// Counts sockets, so that answers to what an earlier one asked are told apart.
    epoch: u64,
    client_id: String,
    connection: String,
    /// Number of the last message packet on this socket.
    frame: u64,
    /// The last frame received on any socket.
    last: Option<Edge>,
    /// When reading last stopped, until a pong proves that everything sent before was read.
    behind_since: Option<Timestamp>,
    channels: BTreeMap<String, Channel>,
    joins: Vec<Joining>,
    next_join: u64,
    configured: bool,
    conversations: HashSet<ConversationId>,
    conversations_wanted: bool,
    own: VecDeque<(RoomId, i64, String, ChatId)>,
    echoes: VecDeque<Echo>,
    entries: VecDeque<Entry>,
    bytes: usize,
    replies: VecDeque<String>,
    tasks: VecDeque<Task>,
    backoff: Backoff,
    nonce: Arc<str>,
    made: u64,
    mark: i64,
    paused_at: Option<Instant>,
    over: bool,
}

impl Session {
    /// A session that goes on where these checkpoints say, or begins afresh without any.
    ///
    /// `nonce` is new with every run.
    pub(crate) fn new<'a>(
        rules: Rules,
        backoff: Backoff,
        nonce: &str,
        checkpoints: impl IntoIterator<Item = &'a Checkpoint>,
    ) -> Self {
        let mut session = Self {
            conversations_wanted: rules.recent_conversations,
            rules,
            me: None,
            phase: Phase::Idle,
            link: None,
            heart: None,
            epoch: 0,
            client_id: String::new(),
            connection: String::new(),
            frame: 0,
            last: None,
            behind_since: None,
            channels: BTreeMap::new(),
            joins: Vec::new(),
            next_join: 0,
            configured: false,
            conversations: HashSet::new(),
            own: VecDeque::new(),
            echoes: VecDeque::new(),
            entries: VecDeque::new(),
            bytes: 0,
            replies: VecDeque::new(),
            tasks: VecDeque::new(),
            backoff,
            nonce: nonce.into(),
            made: 0,
            mark: 0,
            paused_at: None,
            over: false,
        };
        for checkpoint in checkpoints {
            session.restore(checkpoint);
        }
        let last = session.last.clone();
        for channel in session.channels.values_mut() {
            let joined_at = channel.joined_at;
            channel
                .from
                .get_or_insert_with(|| last.clone().unwrap_or_else(|| Edge::at(joined_at)));
        }
        session
    }

    fn restore(&mut self, checkpoint: &Checkpoint) {
        self.mark = self.mark.max(checkpoint.mark);
        let part = &*checkpoint.part;
        if part == SOCKET {
            match serde_json::from_slice::<Edge>(&checkpoint.state) {
                Ok(edge) => self.heard(edge),
                Err(error) => tracing::warn!(part, %error, "checkpoint cannot be read"),
            }
            return;
        }
        let Some((what, id)) = part.split_once('/') else {
            return;
        };
        let stored = match serde_json::from_slice::<Stored>(&checkpoint.state) {
            Ok(stored) => stored,
            Err(error) => {
                tracing::warn!(part, %error, "checkpoint cannot be read");
                return;
            }
        };
        if let Some(last) = stored.last {
            self.heard(last);
        }
        if !stored.joined {
            return;
        }
        let name = format!("{what}:{id}");
        let mut channel = Channel::new(&name, stored.joined_at);
        channel.settled = true;
        channel.from = stored.from;
        channel.outage = Some("the program was restarted".into());
        if what == "room" {
            let slug = stored.slug.unwrap_or_else(|| id.into());
            let mut room = Room::new(id.into(), slug);
            room.last_chat = stored.last_chat;
            let floor = stored.chat_floor.or(stored.last_chat);
            room.chat_floor = floor.or(Some(stored.joined_at.as_millisecond()));
            channel.room = Some(room);
        }
        self.channels.insert(name, channel);
    }

    /// Takes the later of two edges.
    fn heard(&mut self, edge: Edge) {
        let later = self.last.as_ref().is_none_or(|last| {
            (last.at, last.frame.unwrap_or_default()) < (edge.at, edge.frame.unwrap_or_default())
        });
        if later {
            self.last = Some(edge);
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What stands in the queues.

    /// The next frame to send.
    pub(crate) fn next_reply(&mut self) -> Option<String> {
        self.replies.pop_front()
    }

    /// The next request to make.
    pub(crate) fn next_task(&mut self) -> Option<Task> {
        self.tasks.pop_front()
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

    /// Whether a frame may be read: there is a socket, the journal keeps up, and nobody asked to stop.
    pub(crate) fn wants_frame(&self) -> bool {
        matches!(self.phase, Phase::Greeting { .. } | Phase::Open) && !self.is_paused()
    }

    /// Whether a client's command can be carried out now.
    pub(crate) fn wants_command(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    fn is_paused(&self) -> bool {
        self.over || self.bytes >= self.rules.buffer
    }

    /// Nothing new is to be read from now on; beats and commands go on.
    pub(crate) fn stop_reading(&mut self) {
        self.over = true;
    }

    /// Looks whether reading stops or goes on, and moves the deadlines that wait for an answer accordingly.
    ///
    /// Called before [`Session::deadline`] is asked for.
    pub(crate) fn note_pause(&mut self, now: Moment) {
        match (self.is_paused(), self.paused_at) {
            (true, None) => {
                self.paused_at = Some(now.at);
                self.behind_since.get_or_insert(now.wall);
            }
            (false, Some(since)) => {
                self.paused_at = None;
                let stood_still = now.at.saturating_duration_since(since);
                if let Phase::Greeting { by } = &mut self.phase {
                    *by += stood_still;
                }
                if let Some((_, by)) = self.heart.as_mut().and_then(|heart| heart.pong.as_mut()) {
                    *by += stood_still;
                }
                for channel in self.channels.values_mut() {
                    if let Attachment::Asked { by, .. } = &mut channel.attachment {
                        *by += stood_still;
                    }
                }
            }
            _ => {}
        }
    }

    /// When [`Session::on_deadline`] wants to be called next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let paused = self.paused_at.is_some();
        let mut next: Option<Instant> = None;
        let mut consider = |at: Option<Instant>| {
            if let Some(at) = at {
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        };
        // What waits for an answer stands still while nothing is read.
        let answer = |at: Instant| (!paused).then_some(at);
        match &self.phase {
            Phase::Waiting { until } => consider(Some(*until)),
            Phase::Greeting { by } => consider(answer(*by)),
            Phase::Idle | Phase::Opening | Phase::Open | Phase::Stopped => {}
        }
        if let Some(heart) = &self.heart {
            consider(heart.ping_at);
            if let Some((sent, by)) = heart.pong {
                consider(answer(by));
                consider(paused.then_some(sent + heart.interval));
            }
        }
        for channel in self.channels.values() {
            if let Attachment::Asked { by, .. } = channel.attachment {
                consider(answer(by));
            }
            consider(channel.hold.as_ref().map(|hold| hold.until));
            if let Some(room) = &channel.room
                && matches!(self.phase, Phase::Open)
            {
                consider(room.rejoin_at);
                consider(room.queue_at);
                consider(room.active_at);
            }
        }
        for join in &self.joins {
            consider(join.retry_at);
        }
        next
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The socket's life.

    /// Begins to open the first socket.
    pub(crate) fn start(&mut self) {
        self.phase = Phase::Opening;
        self.link = Some(LinkState::Connecting);
        self.tasks.push_back(Task::Open);
    }

    /// The socket is open; the server speaks first.
    fn on_opened(&mut self, user: Bytes, now: Moment) {
        let me = match serde_json::from_slice::<wire::User<'_>>(&user) {
            Ok(user) => UserId::from(user.id.as_deref().unwrap_or_default()),
            Err(_) => UserId::default(),
        };
        let first = self.me.as_ref() != Some(&me);
        let own = format!("user:{me}");
        if first {
            // Channels of an account that logged in before us are not ours.
            self.channels
                .retain(|name, channel| channel.room.is_some() || *name == own);
        }
        self.me = Some(me.clone());
        self.epoch += 1;
        self.frame = 0;
        self.connection = format!("{}-{}", self.nonce, self.epoch);
        self.client_id = me.to_string();
        self.behind_since = None;
        self.phase = Phase::Greeting {
            by: now.at + ANSWER_WITHIN,
        };
        if first {
            self.synthetic("queup.session", user_place(&me), user, now);
        }
    }

    fn on_open_failed(&mut self, failure: OpenFailure, now: Moment) {
        if let Some((code, hint)) = failure.fatal {
            self.stop(code, failure.reason, hint, now);
        } else {
            self.wait(failure.reason, failure.wait, now);
        }
    }

    /// Ends for good.
    pub(crate) fn stop(&mut self, code: &str, reason: String, hint: &str, now: Moment) {
        self.phase = Phase::Stopped;
        self.set_link(
            LinkState::Stopped {
                code: code.into(),
                reason,
                hint: Some(hint.into()),
            },
            now,
        );
    }

    /// Whether the session ended for good, with the state that says why.
    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self.phase, Phase::Stopped)
    }

    fn wait(&mut self, reason: String, at_least: Option<Duration>, now: Moment) {
        let pause = self.backoff.next(now.at).max(at_least.unwrap_or_default());
        self.phase = Phase::Waiting {
            until: now.at + pause,
        };
        self.set_link(
            LinkState::Waiting {
                until: now.wall.checked_add(pause).unwrap_or(Timestamp::MAX),
                reason,
            },
            now,
        );
    }

    fn set_link(&mut self, state: LinkState, now: Moment) {
        let body = Link::body(&state);
        self.synthetic(Link::KIND, Place::root(), body, now);
        self.link = Some(state);
    }

    /// The socket is gone, for this reason.
    pub(crate) fn on_closed(&mut self, reason: &str, now: Moment) {
        self.heart = None;
        self.replies.clear();
        let names: Vec<String> = self.channels.keys().cloned().collect();
        for name in names {
            // What is held back is stored before the next stretch begins; its history comes with the next try.
            self.release(&name, None, now);
            let last = self.last.clone();
            let Some(channel) = self.channels.get_mut(&name) else {
                continue;
            };
            let asked = matches!(
                channel.attachment,
                Attachment::Asked { .. } | Attachment::Yes
            );
            channel.attachment = Attachment::No;
            if asked && channel.wanted {
                channel.lose(last, reason, now.wall);
                self.push_channel(&name);
            }
        }
        self.wait(reason.to_owned(), None, now);
    }

    /// Something waited for did not come, or something planned is due.
    ///
    /// # Errors
    /// The socket has to be closed.
    pub(crate) fn on_deadline(&mut self, now: Moment) -> Result<(), Cut> {
        let paused = self.paused_at.is_some();
        match self.phase {
            Phase::Waiting { until } if until <= now.at => self.start(),
            Phase::Greeting { by } if by <= now.at && !paused => {
                return Err(Cut("the server did not greet in time".into()));
            }
            _ => {}
        }
        self.beat(now)?;
        let names: Vec<String> = self.channels.keys().cloned().collect();
        for name in names {
            self.channel_deadline(&name, now)?;
        }
        for join in &mut self.joins {
            if join.retry_at.is_some_and(|at| at <= now.at) {
                join.retry_at = None;
                self.tasks.push_back(Task::Join {
                    id: join.id,
                    slug: join.slug.clone(),
                    password: join.password.clone(),
                });
            }
        }
        Ok(())
    }

    /// Sends a ping when one is due: in version 3 of engine.io the client does (protocol §3.1).
    fn beat(&mut self, now: Moment) -> Result<(), Cut> {
        let paused = self.paused_at.is_some();
        let Some(heart) = &mut self.heart else {
            return Ok(());
        };
        let due = match heart.pong {
            Some((_, by)) if by <= now.at && !paused => {
                return Err(Cut("the server stopped answering pings".into()));
            }
            // While nothing is read no pong can be seen, and the server still counts our silence.
            Some((sent, _)) => paused && sent + heart.interval <= now.at,
            None => heart.ping_at.is_some_and(|at| at <= now.at),
        };
        if due {
            let by = heart.pong.map_or(now.at + heart.timeout, |(_, by)| by);
            heart.ping_at = None;
            heart.pong = Some((now.at, by));
            self.replies.push_back("2".into());
        }
        Ok(())
    }

    fn channel_deadline(&mut self, name: &str, now: Moment) -> Result<(), Cut> {
        let paused = self.paused_at.is_some();
        let is_open = matches!(self.phase, Phase::Open);
        let Some(channel) = self.channels.get_mut(name) else {
            return Ok(());
        };
        if channel
            .hold
            .as_ref()
            .is_some_and(|hold| hold.until <= now.at)
        {
            tracing::warn!(channel = name, "history did not come in time");
            self.release(name, None, now);
            return Ok(());
        }
        if let Attachment::Asked { by, tries } = channel.attachment
            && by <= now.at
            && !paused
        {
            if tries < ATTACH_TRIES {
                self.ask(name, tries + 1, now);
                return Ok(());
            }
            if let Some(room) = &mut channel.room {
                for waiter in room.waiters.drain(..) {
                    let _ = waiter.send(Err(JoinError::TimedOut(ANSWER_WITHIN)));
                }
            }
            return Err(Cut(format!("the server did not attach `{name}`")));
        }
        let Some(room) = channel.room.as_mut().filter(|_| is_open) else {
            return Ok(());
        };
        let due = |at: &mut Option<Instant>| at.take_if(|at| *at <= now.at).is_some();
        if due(&mut room.rejoin_at) {
            self.tasks.push_back(Task::Post {
                room: room.id.clone(),
                slug: room.slug.clone(),
            });
        }
        if due(&mut room.queue_at) {
            self.tasks.push_back(Task::Queue {
                room: room.id.clone(),
            });
        }
        if due(&mut room.active_at) {
            self.tasks.push_back(Task::Active {
                room: room.id.clone(),
            });
        }
        Ok(())
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Frames.

    /// A text frame arrived.
    ///
    /// # Errors
    /// The socket has to be closed.
    pub(crate) fn on_text(&mut self, text: Bytes, now: Moment) -> Result<(), Cut> {
        match text.first() {
            Some(b'0') => {
                self.on_handshake(&text[1..], now);
                Ok(())
            }
            Some(b'1') => Err(Cut("the server closed the connection".into())),
            // The server never asks; if it does, it is answered.
            Some(b'2') => {
                let echo = String::from_utf8_lossy(&text[1..]);
                self.replies.push_back(format!("3{echo}"));
                Ok(())
            }
            Some(b'3') => {
                self.on_pong(now);
                Ok(())
            }
            Some(b'4') => self.on_message(text.slice(1..), now),
            Some(b'b') if text.get(1) == Some(&b'4') => {
                let decoded = base64::engine::general_purpose::STANDARD.decode(&text[2..]);
                let body = decoded.map_or_else(|_| text.slice(2..), Bytes::from);
                self.on_message(body, now)
            }
            // 5 and 6 belong to polling.
            Some(b'5' | b'6') | None => Ok(()),
            Some(other) => {
                tracing::debug!(packet = other, "unknown packet");
                Ok(())
            }
        }
    }

    /// A binary frame arrived: engine.io's first byte is the packet's number itself.
    ///
    /// # Errors
    /// The socket has to be closed.
    pub(crate) fn on_binary(&mut self, bytes: &Bytes, now: Moment) -> Result<(), Cut> {
        if bytes.first() == Some(&4) {
            self.on_message(bytes.slice(1..), now)
        } else {
            tracing::debug!(bytes = bytes.len(), "unknown binary frame");
            Ok(())
        }
    }

    fn on_handshake(&mut self, body: &[u8], now: Moment) {
        let open: wire::Open = serde_json::from_slice(body).unwrap_or_default();
        let sane = |ms: Option<i64>, default| {
            let ms = ms
                .unwrap_or(default)
                .clamp(SANE_INTERVAL.0, SANE_INTERVAL.1);
            Duration::from_millis(ms.unsigned_abs())
        };
        let interval = sane(open.ping_interval, PING_INTERVAL);
        self.heart = Some(Heart {
            interval,
            timeout: sane(open.ping_timeout, PING_TIMEOUT),
            ping_at: Some(now.at + interval),
            pong: None,
        });
    }

    fn on_pong(&mut self, now: Moment) {
        if let Some(heart) = &mut self.heart {
            heart.pong = None;
            heart.ping_at = Some(now.at + heart.interval);
        }
        // The server wrote this after everything that went before, and we have read all that.
        self.behind_since = None;
    }

    /// A message packet: it is counted, and becomes an event whatever it holds.
    fn on_message(&mut self, body: Bytes, now: Moment) -> Result<(), Cut> {
        self.frame += 1;
        let Ok(mut outer) = serde_json::from_slice::<wire::Outer<'_>>(&body) else {
            self.other(Kind::from_static(MESSAGE), None, &body, now);
            return Ok(());
        };
        let Some(action) = outer.action else {
            self.other(Kind::from_static(MESSAGE), None, &body, now);
            return Ok(());
        };
        let channel = outer.channel.as_deref().filter(|name| !name.is_empty());
        match action {
            4 => {
                let connection = outer.connection().map(std::borrow::Cow::into_owned);
                let client = outer.client_id.as_deref().map(str::to_owned);
                self.on_connected(connection, client, &body, now);
            }
            11 => {
                let channel = channel.unwrap_or_default().to_owned();
                self.on_attached(&channel, &body, now);
            }
            13 => {
                let channel = channel.unwrap_or_default().to_owned();
                self.on_detached(&channel, &body, now);
            }
            15 => {
                let channel = channel.map(str::to_owned);
                let message = outer
                    .message
                    .take()
                    .and_then(|inner| Said::read(&inner, &body));
                match message {
                    Some(said) => self.on_room_action(channel.as_deref(), said, now),
                    None => self.other(
                        Kind::from_static(ROOM_ACTION),
                        channel.as_deref(),
                        &body,
                        now,
                    ),
                }
            }
            9 => {
                let error = outer.error.map(crate::event::words).unwrap_or_default();
                tracing::warn!(error, "the socket server reported an error");
                self.other(action_kind(9), channel, &body, now);
            }
            other => self.other(action_kind(other), channel, &body, now),
        }
        Ok(())
    }

    /// Where this frame lies: dated back, since nobody knows how long it was on the way.
    fn edge(&self, now: Moment) -> Edge {
        let read = self
            .behind_since
            .map_or(now.wall, |since| since.min(now.wall));
        let at = read.checked_sub(EDGE_SLACK).unwrap_or(read);
        Edge::frame(at, self.connection.clone(), self.frame)
    }

    fn place(&self, channel: Option<&str>) -> Place {
        match channel {
            Some(name) => match self.channels.get(name) {
                Some(channel) => channel.place.clone(),
                None => channel_place(name),
            },
            None => user_place(&self.me.clone().unwrap_or_default()),
        }
    }

    /// An event with the outer message as its body.
    fn other(&mut self, kind: Kind, channel: Option<&str>, body: &Bytes, now: Moment) {
        let place = self.place(channel);
        let mut draft = Draft::new(
            kind,
            place,
            Origin::frame(&self.connection, self.frame),
            now.wall,
            body.clone(),
        );
        if draft.kind.as_str() == MESSAGE {
            draft.form = BodyForm::of(body);
        }
        self.emit(channel, draft, now);
    }

    /// Queues an event, or holds it back with the others of its place.
    fn emit(&mut self, channel: Option<&str>, draft: Draft, now: Moment) {
        let edge = self.edge(now);
        self.last = Some(edge);
        if let Some(name) = channel
            && let Some(channel) = self.channels.get_mut(name)
        {
            if let Some(hold) = &mut channel.hold {
                hold.bytes += draft.weight();
                hold.events.push_back(draft);
                if hold.events.len() > HOLD_EVENTS || hold.bytes > HOLD_BYTES {
                    tracing::warn!(channel = name, "too many events wait for the history");
                    self.release(name, None, now);
                }
                return;
            }
            if draft.kind.as_str() == "queup.chat-message" && channel.room.is_some() {
                // Carries the time of the last message, and the edge as well.
                let checkpoint = self.channel_checkpoint(name);
                self.push(Entry {
                    event: Some(draft),
                    checkpoint,
                });
                return;
            }
        }
        let checkpoint = self.socket_checkpoint();
        self.push(Entry {
            event: Some(draft),
            checkpoint,
        });
    }

    fn push(&mut self, entry: Entry) {
        self.bytes += entry.weight();
        self.entries.push_back(entry);
    }

    fn next_mark(&mut self) -> i64 {
        self.mark += 1;
        self.mark
    }

    fn socket_checkpoint(&mut self) -> Option<Checkpoint> {
        let state = serde_json::to_vec(self.last.as_ref()?).expect("an edge is plain data");
        Some(Checkpoint {
            part: SOCKET.into(),
            state: state.into(),
            mark: self.next_mark(),
        })
    }

    fn channel_checkpoint(&mut self, name: &str) -> Option<Checkpoint> {
        let mark = self.next_mark();
        let channel = self.channels.get(name)?;
        let room = channel.room.as_ref();
        let stored = Stored {
            v: VERSION,
            joined: channel.wanted,
            slug: room.map(|room| room.slug.clone()),
            joined_at: channel.joined_at,
            last_chat: room.and_then(|room| room.last_chat),
            chat_floor: room.and_then(|room| room.chat_floor),
            from: channel.from.clone(),
            last: self.last.clone(),
        };
        Some(Checkpoint {
            part: Arc::clone(&channel.part),
            state: serde_json::to_vec(&stored)
                .expect("a checkpoint is plain data")
                .into(),
            mark,
        })
    }

    /// Queues the channel's checkpoint alone.
    fn push_channel(&mut self, name: &str) -> Option<(Part, i64)> {
        let checkpoint = self.channel_checkpoint(name)?;
        let key = (Arc::clone(&checkpoint.part), checkpoint.mark);
        self.push(Entry::checkpoint(checkpoint));
        Some(key)
    }

    /// An event that antiphon makes itself.
    fn synthetic(&mut self, kind: &'static str, place: Place, body: impl Into<Bytes>, now: Moment) {
        let draft = self.made(kind, place, body.into(), now);
        self.push(Entry::event(draft));
    }

    fn made(&mut self, kind: &'static str, place: Place, body: Bytes, now: Moment) -> Draft {
        self.made += 1;
        let mut draft = Draft::new(
            Kind::from_static(kind),
            place,
            Origin::frame(&self.nonce, self.made),
            now.wall,
            body,
        )
        .provenance(Provenance::Synthetic);
        draft.form = BodyForm::of(&draft.body);
        draft
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Actions.

    /// Action 4: the socket is established.
    fn on_connected(
        &mut self,
        connection: Option<String>,
        client: Option<String>,
        body: &Bytes,
        now: Moment,
    ) {
        let fits = |id: &String| !id.is_empty() && id.len() <= LONGEST_ID;
        if let Some(id) = connection.filter(fits) {
            // Were a server to use an id twice, its frames would pass for repeats.
            let used = self
                .last
                .as_ref()
                .and_then(|last| last.connection.as_deref());
            self.connection = if self.frame == 1 && used == Some(&id) {
                format!("{id}-{}", self.connection)
            } else {
                id
            };
        }
        if let Some(id) = client.filter(fits) {
            self.client_id = id;
        }
        self.other(action_kind(4), None, body, now);
        if matches!(self.phase, Phase::Open) {
            return;
        }
        self.phase = Phase::Open;
        self.backoff.connected(now.at);
        self.set_link(LinkState::Connected { since: now.wall }, now);
        let own = format!("user:{}", self.me.clone().unwrap_or_default());
        self.channels
            .entry(own)
            .or_insert_with_key(|name| Channel::new(name, now.wall));
        let names: Vec<String> = self.channels.keys().cloned().collect();
        for name in names {
            self.attach(&name, now);
        }
        if !std::mem::replace(&mut self.configured, true) {
            self.join_configured();
        }
        if std::mem::replace(&mut self.conversations_wanted, false) {
            self.tasks.push_back(Task::Conversations);
        }
    }

    fn join_configured(&mut self) {
        for slug in self.rules.rooms.clone() {
            let known = self.channels.values().any(|channel| {
                let room = channel.room.as_ref();
                channel.wanted
                    && room.is_some_and(|room| {
                        room.slug == slug || *room.id.as_str() == *slug.as_str()
                    })
            });
            if !known {
                self.join(slug, None, None);
            }
        }
    }

    fn join(
        &mut self,
        slug: Slug,
        password: Option<Secret>,
        reply: Option<oneshot::Sender<Result<RoomInfo, JoinError>>>,
    ) {
        self.next_join += 1;
        let id = self.next_join;
        self.tasks.push_back(Task::Join {
            id,
            slug: slug.clone(),
            password: password.clone(),
        });
        self.joins.push(Joining {
            id,
            slug,
            password,
            reply,
            retry_at: None,
        });
    }

    /// Asks for a channel, once a checkpoint says that the account has it.
    fn attach(&mut self, name: &str, now: Moment) {
        let last = self.last.clone();
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        if !channel.wanted
            || channel.attachment != Attachment::No
            || !matches!(self.phase, Phase::Open)
        {
            return;
        }
        if channel.settled {
            self.ask(name, 1, now);
            return;
        }
        // What happens between the server's yes and ours must be seen as missing after a crash.
        channel
            .from
            .get_or_insert_with(|| last.unwrap_or_else(|| Edge::at(now.wall)));
        channel.attachment = Attachment::Settling;
        if let Some((part, mark)) = self.push_channel(name) {
            self.tasks.push_back(Task::Stored {
                channel: name.to_owned(),
                epoch: self.epoch,
                part,
                mark,
            });
        }
    }

    /// Sends actions 10 and 14.
    fn ask(&mut self, name: &str, tries: u8, now: Moment) {
        if let Some(channel) = self.channels.get_mut(name) {
            channel.attachment = Attachment::Asked {
                by: now.at + ANSWER_WITHIN,
                tries,
            };
            let is_room = channel.room.is_some();
            let join = serde_json::json!({ "action": 10, "channel": name });
            self.replies.push_back(format!("4{join}"));
            if is_room {
                self.send_presence(name, Presence::Enter);
            }
        }
    }

    fn send_presence(&mut self, name: &str, presence: Presence) {
        let presence = serde_json::json!({
            "action": 14,
            "channel": name,
            "presence": {
                "action": presence.number(),
                "clientId": self.client_id,
                "connectionId": self.connection,
                "data": {},
            },
        });
        self.replies.push_back(format!("4{presence}"));
    }

    /// Action 11: a channel is attached.
    fn on_attached(&mut self, name: &str, body: &Bytes, now: Moment) {
        let to = self.edge(now);
        let epoch = self.epoch;
        let history = self.rules.backfill > 0;
        let Some(channel) = self.channels.get_mut(name) else {
            self.other(action_kind(11), Some(name), body, now);
            return;
        };
        let asked = matches!(channel.attachment, Attachment::Asked { .. });
        if !asked || !channel.wanted {
            self.other(action_kind(11), Some(name), body, now);
            return;
        }
        channel.attachment = Attachment::Yes;
        channel.settled = true;
        match (&channel.room, channel.outage.is_some()) {
            (Some(room), true) => {
                self.tasks.push_back(Task::Rejoin {
                    room: room.id.clone(),
                    slug: room.slug.clone(),
                    epoch,
                    history,
                });
                channel.hold = Some(Hold::new(Some(to), now));
                self.other(action_kind(11), Some(name), body, now);
            }
            (None, true) => {
                self.report_gap(name, to, 0, now);
                self.other(action_kind(11), Some(name), body, now);
                self.clear_gap(name);
            }
            (Some(room), false) => {
                let (id, answer, place) =
                    (room.id.clone(), room.answer.clone(), channel.place.clone());
                self.other(action_kind(11), Some(name), body, now);
                self.clear_gap(name);
                if let Some(answer) = answer {
                    self.synthetic("queup.room", place, answer, now);
                }
                self.tasks.push_back(Task::State { room: id });
                self.admit(name);
            }
            (None, false) => {
                self.other(action_kind(11), Some(name), body, now);
                self.clear_gap(name);
            }
        }
    }

    /// Nothing is missing from here on.
    fn clear_gap(&mut self, name: &str) {
        if let Some(channel) = self.channels.get_mut(name) {
            channel.from = None;
            channel.outage = None;
            self.push_channel(name);
        }
    }

    /// Tells those who asked for the room that it is joined.
    fn admit(&mut self, name: &str) {
        let room = self
            .channels
            .get_mut(name)
            .and_then(|channel| channel.room.as_mut());
        if let Some(room) = room
            && let Some(info) = &room.info
        {
            for waiter in room.waiters.drain(..) {
                let _ = waiter.send(Ok(info.clone()));
            }
        }
    }

    /// Action 13: a channel is detached; unless we asked, it is attached again after a pause.
    fn on_detached(&mut self, name: &str, body: &Bytes, now: Moment) {
        self.other(action_kind(13), Some(name), body, now);
        let last = self.last.clone();
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        if channel.wanted && channel.attachment == Attachment::Yes {
            self.release(name, None, now);
            if let Some(channel) = self.channels.get_mut(name) {
                channel.attachment = Attachment::No;
                channel.lose(last, "the server detached the channel", now.wall);
                if let Some(room) = &mut channel.room {
                    room.rejoin_at = Some(now.at + REJOIN_AFTER);
                }
                self.push_channel(name);
            }
        }
    }

    /// Action 15: something happened in a room, or to the account.
    fn on_room_action(&mut self, channel: Option<&str>, said: Said, now: Moment) {
        let glance = if said.is_looked_into() {
            serde_json::from_slice::<wire::Glance<'_>>(&said.body).unwrap_or_default()
        } else {
            wire::Glance::default()
        };
        let chat = glance
            .chatid
            .as_deref()
            .filter(|id| !id.is_empty() && id.len() <= LONGEST_ID);
        let (origin, deletes) = match (said.kind.as_str(), chat) {
            ("queup.chat-message", Some(chat)) => (Origin::occurrence("chat", chat), None),
            ("queup.delete-chat-message", Some(chat)) => (
                Origin::occurrence("delete-chat-message", chat),
                Some(Origin::occurrence("chat", chat)),
            ),
            _ => (Origin::frame(&self.connection, self.frame), None),
        };
        let mut draft = Draft::new(
            said.kind.clone(),
            self.place(channel),
            origin,
            now.wall,
            said.body.clone(),
        );
        draft.form = said.form;
        draft.deletes = deletes;
        let Some(name) = channel.filter(|name| self.channels.contains_key(*name)) else {
            // A channel that is not ours: kept, but nothing follows from it.
            self.emit(channel, draft, now);
            return;
        };
        if said.kind.as_str() == "queup.chat-message"
            && let Some(chat) = chat
        {
            self.note_chat(name, chat, &glance);
        }
        if said.kind.as_str() == "queup.new-message"
            && let Some(conversation) = glance.messageid.as_deref()
        {
            self.await_conversation(name, conversation, now);
        }
        self.emit(Some(name), draft, now);
        self.consequences(name, said.kind.name(), &glance, now);
    }

    /// Remembers a message, and tells a request that waits for it.
    fn note_chat(&mut self, name: &str, chat: &str, glance: &wire::Glance<'_>) {
        let author = glance.user.id().map(UserId::from);
        let author = author.or_else(|| ChatId::from(chat).parts().map(|(user, _)| user));
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        if let Some(hold) = &mut channel.hold {
            hold.chats.insert(chat.to_owned());
        }
        let Some(room) = &mut channel.room else {
            return;
        };
        room.see(chat, glance.time);
        if author.is_none() || author != self.me {
            return;
        }
        let (time, text) = (
            glance.time.unwrap_or_default(),
            glance.message.as_deref().unwrap_or_default().to_owned(),
        );
        let own = (room.id.clone(), time, text, ChatId::from(chat));
        if self.own.len() >= OWN {
            self.own.pop_front();
        }
        self.own.push_back(own);
        self.answer_echoes();
    }

    fn answer_echoes(&mut self) {
        let waiting = std::mem::take(&mut self.echoes);
        for echo in waiting {
            if echo.reply.is_closed() {
                continue;
            }
            let found = self.own.iter().find(|(room, time, text, _)| {
                *room == echo.room && (*time == echo.time || *text == echo.text)
            });
            match found {
                Some((_, _, _, chat)) => {
                    let _ = echo.reply.send(chat.clone());
                }
                None => self.echoes.push_back(echo),
            }
        }
    }

    /// Holds the account's events back until an unknown conversation was fetched (protocol §9, 17).
    fn await_conversation(&mut self, name: &str, conversation: &str, now: Moment) {
        if self.conversations.contains(conversation) {
            return;
        }
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        if channel.room.is_some() || channel.hold.is_some() {
            return;
        }
        let before = self.last.clone();
        channel.hold = Some(Hold::new(None, now));
        // The events that wait lie behind this, should we not live to store them.
        channel.from = before.or_else(|| Some(Edge::at(now.wall)));
        self.push_channel(name);
        self.tasks.push_back(Task::Conversations);
    }

    /// What follows from a room action.
    fn consequences(&mut self, name: &str, kind: &str, glance: &wire::Glance<'_>, now: Moment) {
        let me = self.me.clone();
        let is_me = |id: Option<&str>| id.is_some() && id == me.as_ref().map(UserId::as_str);
        let Some(room) = self
            .channels
            .get_mut(name)
            .filter(|channel| channel.wanted)
            .and_then(|channel| channel.room.as_mut())
        else {
            return;
        };
        match kind {
            // The server sometimes drops us without cause: wait, then join again (protocol §3.4).
            "user-leave" if is_me(glance.user.id()) && !room.leaving => {
                room.rejoin_at = Some(now.at + REJOIN_AFTER);
            }
            "user-kick" | "user-ban" if is_me(glance.kicked_user.id()) => self.removed(name),
            "room_playlist-update" => {
                let left = glance.song.as_ref().and_then(|song| song.song_length);
                let gone = glance.start_time.unwrap_or_default().max(0);
                let left = left.map(|length| length.saturating_sub(gone.saturating_mul(1000)));
                room.active_at = left
                    .and_then(|ms| u64::try_from(ms).ok())
                    .map(|ms| now.at + Duration::from_millis(ms.min(86_400_000)) + SONG_END_SLACK);
                room.queue_at.get_or_insert(now.at + REFETCH_AFTER);
            }
            "room_playlist-queue-update-dub"
            | "room_playlist-queue-update"
            | "room_playlist-queue-reorder"
            | "room_playlist-queue-remove-user-song"
            | "room_playlist-queue-remove-user" => {
                room.queue_at.get_or_insert(now.at + REFETCH_AFTER);
            }
            _ => {}
        }
    }

    /// The account was kicked or banned: the room is no longer ours, and is not joined again by itself.
    fn removed(&mut self, name: &str) {
        if let Some(channel) = self.channels.get_mut(name) {
            channel.wanted = false;
            channel.attachment = Attachment::No;
            if let Some(room) = &mut channel.room {
                room.rejoin_at = None;
                room.queue_at = None;
                room.active_at = None;
                room.leaving = false;
                for waiter in room.waiters.drain(..) {
                    let _ = waiter.send(Err(JoinError::Removed));
                }
            }
            self.replies.push_back(format!(
                "4{}",
                serde_json::json!({ "action": 12, "channel": name })
            ));
            self.push_channel(name);
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Gaps and history.

    fn report_gap(&mut self, name: &str, to: Edge, recovered: u64, now: Moment) {
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        let Some(cause) = channel.outage.take() else {
            return;
        };
        let from = channel.from.take().unwrap_or_else(|| to.clone());
        let gap = Gap::new(from, to.clone(), cause).recovered(recovered);
        // What is stored after this begins where the stream was joined again.
        channel.from = Some(to);
        let place = channel.place.clone();
        let draft = self.made(Gap::KIND, place, gap.body().into(), now);
        let checkpoint = self.channel_checkpoint(name);
        self.push(Entry {
            event: Some(draft),
            checkpoint,
        });
    }

    /// Ends the holding back of a place: its history, the gap, its state, and then what was held.
    fn release(&mut self, name: &str, picture: Option<Picture>, now: Moment) {
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        let Some(hold) = channel.hold.take() else {
            return;
        };
        let place = channel.place.clone();
        let mut recovered = 0;
        let history = picture
            .as_ref()
            .and_then(|picture| picture.history.as_ref());
        if let (Some(history), Some(room)) = (history, &mut channel.room) {
            let floor = channel.joined_at.as_millisecond().max(
                room.chat_floor
                    .or(room.last_chat)
                    .map_or(i64::MIN, |time| time.saturating_sub(BACKFILL_MARGIN)),
            );
            let known = room.chat_floor.or(room.last_chat);
            let items = backfill(history, floor, self.rules.backfill);
            let seen: HashSet<&String> = room.seen.iter().collect();
            let missed: Vec<Missed> = items
                .into_iter()
                .filter(|item| {
                    !hold.chats.contains(&item.chat) && !(item.is_chat && seen.contains(&item.chat))
                })
                .collect();
            recovered = missed
                .iter()
                .filter(|item| match known {
                    // After a restart the last message stored is not remembered by its id.
                    Some(known) if seen.is_empty() => item.time > known,
                    Some(known) => item.time >= known,
                    None => true,
                })
                .count() as u64;
            for item in missed {
                if item.is_chat {
                    room.see(&item.chat, Some(item.time));
                }
                let mut draft =
                    Draft::new(item.kind, place.clone(), item.origin, now.wall, item.body)
                        .provenance(Provenance::Backfilled);
                draft.deletes = item.deletes;
                let entry = Entry::event(draft);
                self.bytes += entry.weight();
                self.entries.push_back(entry);
            }
            room.chat_floor = None;
        }
        if let Some(to) = hold.to {
            self.report_gap(name, to, recovered, now);
        }
        if let Some(picture) = picture {
            self.show(&place, picture, now);
        }
        for draft in hold.events {
            self.push(Entry::event(draft));
        }
        // Everything up to the last frame received stands before this; other places that hold back have a `from`.
        if let Some(channel) = self.channels.get_mut(name) {
            channel.from = None;
            self.push_channel(name);
        }
        if let Some(checkpoint) = self.socket_checkpoint() {
            self.push(Entry::checkpoint(checkpoint));
        }
    }

    /// Queues what was fetched of a room as events.
    fn show(&mut self, place: &Place, picture: Picture, now: Moment) {
        let parts = [
            ("queup.room", picture.room),
            ("queup.room_users", picture.users),
            ("queup.playlist_active", picture.active),
            ("queup.playlist_active_dubs", picture.dubs),
            ("queup.playlist_details", picture.details),
        ];
        for (kind, body) in parts {
            if let Some(body) = body {
                self.synthetic(kind, place.clone(), body, now);
            }
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Answers and commands.

    /// A task is done.
    pub(crate) fn on_done(&mut self, done: Done, now: Moment) {
        match done {
            Done::Opened(Ok(user)) => self.on_opened(user, now),
            Done::Opened(Err(failure)) => self.on_open_failed(failure, now),
            Done::Stored { channel, epoch } => self.on_stored(&channel, epoch, now),
            Done::Joined { id, outcome } => self.on_joined(id, outcome, now),
            Done::Rejoined {
                room,
                epoch,
                outcome,
            } => self.on_rejoined(&room, epoch, outcome, now),
            Done::State { room, picture } => {
                self.plan_active(&room, picture.active.as_ref(), now);
                self.show(&crate::event::room_place(&room), picture, now);
            }
            Done::Queue { room, outcome } => match outcome {
                Ok(body) => self.synthetic(
                    "queup.playlist_details",
                    crate::event::room_place(&room),
                    body,
                    now,
                ),
                Err(error) => tracing::debug!(%room, %error, "queue not fetched"),
            },
            Done::Active { room, outcome } => match outcome {
                Ok(body) => {
                    self.plan_active(&room, body.as_ref(), now);
                    let body = body.unwrap_or_else(|| Bytes::from_static(b"null"));
                    let place = crate::event::room_place(&room);
                    self.synthetic("queup.playlist_active", place, body, now);
                }
                Err(error) => tracing::debug!(%room, %error, "playing song not fetched"),
            },
            Done::Posted { room, outcome } => self.on_posted(&room, outcome, now),
            Done::Left {
                room,
                outcome,
                reply,
            } => self.on_left(&room, outcome, reply),
            Done::Conversations(outcome) => self.on_conversations(outcome, now),
        }
    }

    fn on_stored(&mut self, name: &str, epoch: u64, now: Moment) {
        let is_open = matches!(self.phase, Phase::Open);
        if let Some(channel) = self.channels.get_mut(name) {
            channel.settled = true;
            if epoch == self.epoch && is_open && channel.attachment == Attachment::Settling {
                channel.attachment = Attachment::No;
                self.attach(name, now);
            }
        }
    }

    fn on_joined(&mut self, id: u64, outcome: Result<RoomAnswer, JoinError>, now: Moment) {
        let Some(index) = self.joins.iter().position(|join| join.id == id) else {
            return;
        };
        match outcome {
            Ok(answer) => {
                let join = self.joins.swap_remove(index);
                self.enter(join, answer, now);
            }
            Err(error) if self.joins[index].reply.is_none() && error.is_transient() => {
                let join = &mut self.joins[index];
                tracing::warn!(room = %join.slug, %error, "room not joined yet");
                join.retry_at = Some(now.at + NO_SONG_RETRY);
            }
            Err(error) => {
                let join = self.joins.swap_remove(index);
                match join.reply {
                    Some(reply) => {
                        let _ = reply.send(Err(error));
                    }
                    None => self.refused(join.slug.as_str(), &error, now),
                }
            }
        }
    }

    /// A room of the configuration cannot be had: said aloud, and not tried again by itself.
    fn refused(&mut self, room: &str, error: &JoinError, now: Moment) {
        tracing::error!(room, %error, "room not joined");
        let state = LinkState::Stopped {
            code: error.code().into(),
            reason: error.to_string(),
            hint: Some(
                match error {
                    JoinError::NoSuchRoom(_) => "check the name in the room's URL",
                    JoinError::WrongPassword => "set the room's password",
                    _ => "ask a moderator of the room",
                }
                .into(),
            ),
        };
        let body = Link::body(&state);
        self.synthetic(Link::KIND, Place::root().join("room", room), body, now);
    }

    fn enter(&mut self, join: Joining, answer: RoomAnswer, now: Moment) {
        let id = answer.info.id.clone();
        let name = format!("room:{id}");
        let channel = self
            .channels
            .entry(name.clone())
            .or_insert_with_key(|name| Channel::new(name, now.wall));
        if !channel.wanted {
            // Joined anew: what happened since it was left does not concern us.
            let mut anew = Channel::new(&name, now.wall);
            anew.room = channel.room.take();
            *channel = anew;
        }
        let room = channel
            .room
            .get_or_insert_with(|| Room::new(id, join.slug.clone()));
        room.slug = if answer.info.slug.is_empty() {
            join.slug
        } else {
            answer.info.slug.clone()
        };
        room.leaving = false;
        room.info = Some(answer.info);
        room.answer = Some(answer.body.clone());
        room.waiters.extend(join.reply);
        let place = channel.place.clone();
        if channel.attachment == Attachment::Yes {
            self.synthetic("queup.room", place, answer.body, now);
            self.admit(&name);
        } else {
            self.attach(&name, now);
        }
    }

    fn on_rejoined(
        &mut self,
        room: &RoomId,
        epoch: u64,
        outcome: Result<Picture, JoinError>,
        now: Moment,
    ) {
        let name = format!("room:{room}");
        if epoch != self.epoch {
            return;
        }
        match outcome {
            Ok(picture) => {
                self.plan_active(room, picture.active.as_ref(), now);
                if let Some(body) = &picture.room
                    && let Ok(wire) = serde_json::from_slice::<wire::Room<'_>>(body)
                    && let Some(room) = self.channels.get_mut(&name).and_then(|c| c.room.as_mut())
                {
                    room.info = Some(wire.into());
                }
                self.release(&name, Some(picture), now);
                self.admit(&name);
            }
            Err(error) => {
                let permanent = !error.is_transient();
                tracing::warn!(%room, %error, "room not joined again");
                self.release(&name, None, now);
                if permanent {
                    self.refused(room.as_str(), &error, now);
                    self.removed(&name);
                } else if let Some(room) =
                    self.channels.get_mut(&name).and_then(|c| c.room.as_mut())
                {
                    room.rejoin_at = Some(now.at + NO_SONG_RETRY);
                }
            }
        }
    }

    fn on_posted(&mut self, room: &RoomId, outcome: Result<(), JoinError>, now: Moment) {
        let name = format!("room:{room}");
        match outcome {
            Ok(()) => self.attach(&name, now),
            Err(error) if error.is_transient() => {
                if let Some(room) = self.channels.get_mut(&name).and_then(|c| c.room.as_mut()) {
                    room.rejoin_at = Some(now.at + NO_SONG_RETRY);
                }
            }
            Err(error) => {
                self.refused(room.as_str(), &error, now);
                self.removed(&name);
            }
        }
    }

    fn on_left(
        &mut self,
        room: &RoomId,
        outcome: Result<(), RequestError>,
        reply: Option<oneshot::Sender<Result<(), ActionError>>>,
    ) {
        let name = format!("room:{room}");
        let answer = match outcome {
            Ok(()) => {
                // Detached only now, so that nothing that is still ours to hear goes unheard.
                self.removed(&name);
                Ok(())
            }
            Err(error) => {
                if let Some(room) = self.channels.get_mut(&name).and_then(|c| c.room.as_mut()) {
                    room.leaving = false;
                }
                Err(ActionError::Request(error))
            }
        };
        if let Some(reply) = reply {
            let _ = reply.send(answer);
        }
    }

    fn on_conversations(&mut self, outcome: Result<Bytes, RequestError>, now: Moment) {
        let place = user_place(&self.me.clone().unwrap_or_default());
        match outcome {
            Ok(body) => {
                if let Ok(list) =
                    serde_json::from_slice::<wire::List<wire::Conversation<'_>>>(&body)
                {
                    let ids = list.0.iter().filter_map(|item| item.id.as_deref());
                    for id in ids.take(CONVERSATIONS) {
                        if self.conversations.len() >= CONVERSATIONS {
                            self.conversations.clear();
                        }
                        self.conversations.insert(id.into());
                    }
                }
                self.synthetic("queup.conversations", place, body, now);
            }
            Err(error) => tracing::warn!(%error, "conversations not fetched"),
        }
        let own = format!("user:{}", self.me.clone().unwrap_or_default());
        self.release(&own, None, now);
    }

    /// Plans to look again when the playing song should have ended.
    fn plan_active(&mut self, room: &RoomId, body: Option<&Bytes>, now: Moment) {
        let name = format!("room:{room}");
        let Some(room) = self.channels.get_mut(&name).and_then(|c| c.room.as_mut()) else {
            return;
        };
        // Nothing plays, or nobody knows: the next update says more.
        let Some(active) =
            body.and_then(|body| serde_json::from_slice::<wire::Active<'_>>(body).ok())
        else {
            room.active_at = None;
            return;
        };
        room.active_at = match active.song {
            None => Some(now.at + NO_SONG_RETRY),
            Some(song) => song.song_length.map(|length| {
                let gone = active.start_time.unwrap_or_default().max(0);
                let left = length
                    .saturating_sub(gone.saturating_mul(1000))
                    .clamp(0, 86_400_000);
                now.at + Duration::from_millis(left.unsigned_abs()) + SONG_END_SLACK
            }),
        };
    }

    /// A client asks for something.
    pub(crate) fn on_command(&mut self, command: Command) {
        match command {
            Command::Join {
                slug,
                password,
                reply,
            } => {
                if !reply.is_closed() {
                    self.join(slug, password, Some(reply));
                }
            }
            Command::Leave { room, reply } => {
                let name = format!("room:{room}");
                let ours = self
                    .channels
                    .get_mut(&name)
                    .filter(|channel| channel.wanted);
                match ours.and_then(|channel| channel.room.as_mut()) {
                    Some(state) => {
                        state.leaving = true;
                        state.rejoin_at = None;
                        self.tasks.push_back(Task::Leave {
                            room,
                            reply: Some(reply),
                        });
                    }
                    None => {
                        let _ = reply.send(Err(ActionError::NotJoined));
                    }
                }
            }
            Command::Presence {
                room,
                presence,
                reply,
            } => {
                let name = format!("room:{room}");
                let attached = self
                    .channels
                    .get(&name)
                    .is_some_and(|channel| channel.attachment == Attachment::Yes);
                if attached {
                    self.send_presence(&name, presence);
                }
                let answer = attached.then_some(()).ok_or(ActionError::NotJoined);
                let _ = reply.send(answer);
            }
            Command::Echo {
                room,
                time,
                text,
                reply,
            } => {
                if self.echoes.len() < ECHOES {
                    self.echoes.push_back(Echo {
                        room,
                        time,
                        text,
                        reply,
                    });
                }
                self.answer_echoes();
            }
        }
    }
}

impl Channel {
    fn new(name: &str, joined_at: Timestamp) -> Self {
        let place = channel_place(name);
        Self {
            part: place.as_str().into(),
            place,
            wanted: true,
            settled: false,
            joined_at,
            attachment: Attachment::No,
            from: None,
            outage: None,
            hold: None,
            room: None,
        }
    }

    /// From here on frames may be missing.
    fn lose(&mut self, last: Option<Edge>, cause: &str, wall: Timestamp) {
        self.from
            .get_or_insert_with(|| last.unwrap_or_else(|| Edge::at(wall)));
        self.outage.get_or_insert_with(|| cause.to_owned());
        if let Some(room) = &mut self.room {
            let floor = room.chat_floor.or(room.last_chat);
            room.chat_floor = floor.or(Some(self.joined_at.as_millisecond()));
        }
    }
}

impl Room {
    fn new(id: RoomId, slug: Slug) -> Self {
        Self {
            id,
            slug,
            info: None,
            answer: None,
            last_chat: None,
            chat_floor: None,
            seen: VecDeque::new(),
            waiters: Vec::new(),
            leaving: false,
            rejoin_at: None,
            queue_at: None,
            active_at: None,
        }
    }

    fn see(&mut self, chat: &str, time: Option<i64>) {
        self.last_chat = self.last_chat.max(time);
        if self.seen.len() >= SEEN {
            self.seen.pop_front();
        }
        self.seen.push_back(chat.to_owned());
    }
}

impl Hold {
    fn new(to: Option<Edge>, now: Moment) -> Self {
        Self {
            events: VecDeque::new(),
            bytes: 0,
            to,
            until: now.at + HOLD_TIME,
            chats: HashSet::new(),
        }
    }
}

/// The inside of an action 15.
struct Said {
    kind: Kind,
    body: Bytes,
    form: BodyForm,
}

impl Said {
    /// Decodes `message.data`, which is JSON inside a JSON string; `None` if there is nothing usable.
    fn read(inner: &wire::Inner<'_>, frame: &Bytes) -> Option<Self> {
        let data: &RawValue = inner.data?;
        let body = match data.get().as_bytes().first()? {
            b'"' => Bytes::from(serde_json::from_str::<String>(data.get()).ok()?),
            // Not as documented, but plain enough.
            b'{' | b'[' => frame.slice_ref(data.get().as_bytes()),
            _ => return None,
        };
        let form = BodyForm::of(&body);
        let kind = match inner.name.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => room_action_kind(name)?,
            None => {
                let glance: wire::Glance<'_> = serde_json::from_slice(&body).ok()?;
                room_action_kind(glance.kind.as_deref()?)?
            }
        };
        Some(Self { kind, body, form })
    }

    /// Whether the session needs to know what it says.
    fn is_looked_into(&self) -> bool {
        matches!(
            self.kind.name(),
            "chat-message"
                | "delete-chat-message"
                | "user-leave"
                | "user-kick"
                | "user-ban"
                | "new-message"
                | "room_playlist-update"
        )
    }
}

/// A message of a room's history that may have been missed.
struct Missed {
    kind: Kind,
    origin: Origin,
    deletes: Option<Origin>,
    chat: String,
    time: i64,
    is_chat: bool,
    body: Bytes,
}

/// What of a room's history can be told apart from what was heard: messages and their deletions, oldest first.
///
/// At most the `limit` newest of those that are not older than `floor` (ms).
fn backfill(history: &Bytes, floor: i64, limit: usize) -> Vec<Missed> {
    let Ok(rows) = serde_json::from_slice::<Vec<&RawValue>>(history) else {
        tracing::warn!("history has another shape");
        return Vec::new();
    };
    let mut items: Vec<Missed> = rows
        .into_iter()
        .filter_map(|row| {
            let item: wire::HistoryItem<'_> = serde_json::from_str(row.get()).ok()?;
            let chat = item
                .chatid
                .filter(|id| !id.is_empty() && id.len() <= LONGEST_ID)?;
            let time = item
                .time
                .or_else(|| ChatId::from(&*chat).parts().map(|(_, ms)| ms))?;
            // A row without a type is a message: some clients see them so.
            let is_chat = match item.kind.as_deref() {
                None | Some("chat-message") => true,
                Some("delete-chat-message") => false,
                Some(_) => return None,
            };
            let said = Origin::occurrence("chat", &chat);
            let (kind, origin, deletes) = if is_chat {
                ("queup.chat-message", said, None)
            } else {
                let origin = Origin::occurrence("delete-chat-message", &chat);
                ("queup.delete-chat-message", origin, Some(said))
            };
            Some(Missed {
                kind: Kind::from_static(kind),
                origin,
                deletes,
                chat: chat.into_owned(),
                time,
                is_chat,
                body: history.slice_ref(row.get().as_bytes()),
            })
        })
        .filter(|item| item.time >= floor)
        .collect();
    // Newest first as the server sends them; a message before its deletion where the times are equal.
    items.reverse();
    items.sort_by_key(|item| (item.time, !item.is_chat));
    let surplus = items.len().saturating_sub(limit);
    items.drain(..surplus);
    items
}

#[cfg(test)]
mod tests;
