//! The protocol's rules as a state machine: frames, deadlines and answers in; replies, requests and events out.
//!
//! It opens nothing and asks no clock. Whatever it wants done stands in its queues:
//! frames to send ([`Session::next_reply`]), requests to make ([`Session::next_task`]) and events to store
//! ([`Session::take_entry`]).
//!
//! Two things hold at every moment, so that a crash loses nothing unseen:
//! - A checkpoint never claims more than what stands before it in the queue of events.
//! - Frames that are held back lie behind their channel's `from`, which was queued before they came.
//!
//! # Origins
//! The journal stores an origin once, so each kind of origin must be unique within the source, over restarts as well:
//! - `<connection>/<frame>`: a message packet. The connection is the server's id of it where this account's checkpoint
//!   `connections` shows that the id is new, and carries the run's nonce and the socket's number otherwise.
//! - `<connection>/packet/<number>`: a frame that is no message packet, in a count of its own.
//! - `chat/<chatid>` and `delete-chat-message/<chatid>`: the server's id, the same live and in the history. The id holds
//!   author and millisecond, so an author who speaks in two rooms at once has it twice: in the second room the origin
//!   ends in `/<channel>`.
//! - `<nonce>/<number>`: an event that antiphon makes. The nonce is the run's own: its time and 32 random bits.

mod answers;
mod channel;
mod frames;
mod history;
mod identity;
mod links;
mod songs;

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{
    Backoff, Checkpoint, Edge, Entry, Link, LinkState, Part, Place, Secret, Skipped,
};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::{sync::oneshot, time::Instant};

use self::{
    channel::{Attachment, Channel, Room, Stored},
    identity::{ChatRooms, Connections},
};
use crate::{
    error::{ActionError, JoinError, RequestError},
    event::user_place,
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
/// How long until a room is joined again where that failed for the moment.
const JOIN_AGAIN: Duration = Duration::from_secs(30);
/// How long no password is tried after too many wrong ones (protocol §4.2).
const PASSWORD_REST: Duration = Duration::from_secs(2 * 60 * 60);
/// How long until a room is joined and fetched again where that failed after an outage, and how often it is while only
/// the history is lacking.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
const AGAIN_TRIES: u8 = 20;
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
/// The longest text of a ping that the pong repeats.
const LONGEST_ECHO: usize = 125;
/// An id longer than this is no id.
const LONGEST_ID: usize = 256;
/// Version of the checkpoints' encoding.
const VERSION: u8 = 1;

/// Part of the last frame received.
const SOCKET: &str = "socket";
/// Part of the connection ids that were used.
const CONNECTIONS: &str = "connections";
/// Part of the rooms that are not as they should be.
const LINKS: &str = "links";

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
        /// The updates of the playing song that were heard when it was asked for.
        updates: u64,
    },
    /// Fetch a room's members, song, dubs and queue.
    State { room: RoomId, updates: u64 },
    /// Fetch a room's queue.
    Queue { room: RoomId },
    /// Fetch the playing song.
    Active { room: RoomId, updates: u64 },
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
#[expect(clippy::large_enum_variant, reason = "few are there at a time")]
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
        updates: u64,
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
    /// The updates of the playing song that were heard when it was asked for.
    pub(crate) updates: u64,
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
    /// Whether the intervals are those of the open packet.
    is_told: bool,
    /// When the first of the pings was sent that wait for a pong.
    asked: Option<Timestamp>,
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
    /// Name of the connection in origins and edges.
    connection: String,
    /// Id of the connection, as the server knows it.
    connection_id: String,
    used: Connections,
    /// Number of the last message packet on this socket.
    frame: u64,
    /// Number of the last frame on this socket that is no message packet and was kept.
    packets: u64,
    skipped: Skipped,
    /// The last frame received on any socket.
    last: Option<Edge>,
    /// When reading last stopped, until a pong proves that everything sent before was read.
    behind_since: Option<Timestamp>,
    channels: BTreeMap<String, Channel>,
    chats: ChatRooms,
    /// Rooms whose link is another than the source's, by their place.
    rooms: BTreeMap<Place, LinkState>,
    /// The same for those who watch, if it changed.
    rooms_news: Option<Vec<(Place, LinkState)>>,
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
            connection_id: String::new(),
            used: Connections::default(),
            frame: 0,
            packets: 0,
            skipped: Skipped::default(),
            last: None,
            behind_since: None,
            channels: BTreeMap::new(),
            chats: ChatRooms::default(),
            rooms: BTreeMap::new(),
            rooms_news: None,
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
        let mut last = None;
        for checkpoint in checkpoints {
            session.restore(checkpoint, &mut last);
        }
        session.last = last.map(|(_, edge)| edge);
        let last = session.last.clone();
        if let Some(connection) = last.as_ref().and_then(|last| last.connection.as_deref()) {
            session.used.note(connection);
        }
        for channel in session.channels.values_mut() {
            let joined_at = channel.joined_at;
            channel
                .from
                .get_or_insert_with(|| last.clone().unwrap_or_else(|| Edge::at(joined_at)));
        }
        session
    }

    /// Takes up a checkpoint; `last` is the last frame that any of them names, by their marks.
    fn restore(&mut self, checkpoint: &Checkpoint, last: &mut Option<(i64, Edge)>) {
        let mark = checkpoint.mark;
        self.mark = self.mark.max(mark);
        // Marks grow with every checkpoint, whatever becomes of the clock.
        let mut heard = |edge: Edge| {
            if last.as_ref().is_none_or(|(newest, _)| *newest < mark) {
                *last = Some((mark, edge));
            }
        };
        let part = &*checkpoint.part;
        let state = &*checkpoint.state;
        let unreadable =
            |error: serde_json::Error| tracing::warn!(part, %error, "checkpoint cannot be read");
        match part {
            SOCKET => match serde_json::from_slice(state) {
                Ok(edge) => heard(edge),
                Err(error) => unreadable(error),
            },
            CONNECTIONS => match serde_json::from_slice(state) {
                Ok(used) => self.used = used,
                Err(error) => unreadable(error),
            },
            LINKS => match serde_json::from_slice(state) {
                Ok(rooms) => {
                    self.rooms = rooms;
                    self.note_rooms();
                }
                Err(error) => unreadable(error),
            },
            _ => {
                let Some((what, id)) = part.split_once('/') else {
                    return;
                };
                match serde_json::from_slice::<Stored>(state) {
                    Ok(mut stored) => {
                        if let Some(last) = stored.last.take() {
                            heard(last);
                        }
                        self.restore_channel(what, id, stored);
                    }
                    Err(error) => unreadable(error),
                }
            }
        }
    }

    fn restore_channel(&mut self, what: &str, id: &str, stored: Stored) {
        let name = format!("{what}:{id}");
        for chat in &stored.chats {
            self.chats.claim(&name, chat.as_str());
        }
        if !stored.joined {
            return;
        }
        let mut channel = Channel::new(&name, stored.joined_at);
        channel.settled = true;
        channel.from = stored.from;
        channel.outage = Some("the program was restarted".into());
        if what == "room" {
            let slug = stored.slug.unwrap_or_else(|| id.into());
            let mut room = Room::new(id.into(), slug);
            room.restored = true;
            room.last_chat = stored.last_chat;
            let floor = stored.chat_floor.or(stored.last_chat);
            room.chat_floor = floor.or(Some(stored.joined_at.as_millisecond()));
            room.chats = stored.chats.into();
            room.apart = stored.apart.into();
            room.playing = stored.playing;
            channel.room = Some(room);
        }
        self.channels.insert(name, channel);
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

    /// What arrived and was left without a row, by reason.
    #[cfg(test)]
    pub(crate) fn skipped(&self) -> &Skipped {
        &self.skipped
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
                consider(room.again_at);
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
        self.packets = 0;
        self.connection = format!("{}-{}", self.nonce, self.epoch);
        self.connection_id.clone_from(&self.connection);
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
    pub(crate) fn stop(&mut self, code: &'static str, reason: String, hint: &str, now: Moment) {
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
            if heart.pong.is_none() {
                heart.asked = Some(now.wall);
            }
            heart.ping_at = None;
            heart.pong = Some((now.at, by));
            self.replies.push_back("2".into());
        }
        Ok(())
    }

    fn channel_deadline(&mut self, name: &str, now: Moment) -> Result<(), Cut> {
        let paused = self.paused_at.is_some();
        let is_open = matches!(self.phase, Phase::Open);
        let is_alone = !self.is_own_channel_attached();
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
            if is_alone || channel.room.is_none() {
                return Err(Cut(format!("the server did not attach `{name}`")));
            }
            // The socket works: one room that cannot be had costs the others nothing.
            channel.attachment = Attachment::No;
            self.try_later(name, JOIN_AGAIN, "the server did not attach the room", now);
            return Ok(());
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
        if due(&mut room.again_at) {
            self.tasks.push_back(Task::Rejoin {
                room: room.id.clone(),
                slug: room.slug.clone(),
                epoch: self.epoch,
                history: self.rules.backfill > 0,
                updates: room.updates,
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
                updates: room.updates,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
