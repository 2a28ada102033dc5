//! The protocol's rules as a state machine: frames, deadlines and answers in; replies, requests and events out.
//!
//! It opens nothing and asks no clock. Three queues hold its work for the socket's loop:
//! frames to send ([`Session::next_reply`]), requests to make ([`Session::next_task`]) and events to store
//! ([`Session::outbox`]).
//!
//! Two things hold at every moment, so that a crash loses nothing unseen:
//! - A checkpoint never claims more than the events that stand before it in the queue.
//! - Frames that are held back lie behind their channel's `from`, which was queued before they came.
//!
//! | file | job |
//! | --- | --- |
//! | `connection`, `heartbeat` | names of the current socket, numbers of its frames, pings |
//! | `frames`, `room_action`, `actions` | frames in; events out, and their consequences |
//! | `attach`, `channel` | channels of the socket, and joining rooms |
//! | `unlisted` | rooms of an earlier run that the configuration does not name any more |
//! | `answers` | results of requests, and commands of clients |
//! | `history`, `songs`, `chat_ids`, `echoes` | backfill and gaps, song changes, origins of chat, own messages |
//! | `links` | links of single rooms |
//! | `timers`, `stored` | deadlines, checkpoints |
//!
//! # Origins
//! The journal stores an origin once, so each kind of origin must be unique within the source, over restarts as well:
//! - `<connection>/<frame>`: a message packet. The connection is the server's id if the checkpoint `connections` shows
//!   that the id is new; otherwise its name has the run's nonce and the socket's number in it.
//! - `<connection>/packet/<number>`: a frame that is no message packet; these have numbers of their own.
//! - `chat/<chatid>` and `delete-chat-message/<chatid>`: the server's id, the same live and in the history. The id
//!   holds author and millisecond, so an author who speaks in two rooms at once has it twice: in the second room the
//!   origin ends in `/<channel>`.
//! - `<nonce>/<number>`: an event that antiphon makes. The nonce is new with every run: its time and 32 random bits.

mod actions;
mod answers;
mod attach;
mod channel;
mod chat_ids;
mod connection;
mod echoes;
mod frames;
mod heartbeat;
mod history;
mod links;
mod room_action;
mod songs;
mod stored;
mod timers;
mod unlisted;

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    time::Duration,
};

use antiphon_core::{
    Backoff, BodyForm, Checkpoint, Draft, Kind, LinkState, Moment, OpenFailure, Outbox, Part,
    Place, Secret, Skipped,
};
use bytes::Bytes;
use tokio::{sync::oneshot, time::Instant};

use self::{
    attach::Joins,
    channel::{Attachment, Channel, Room, room_channel},
    chat_ids::ChatRooms,
    connection::Connection,
    echoes::Echoes,
    links::RoomLinks,
};
use crate::{
    error::{ActionError, JoinError, RequestError},
    event::user_place,
    model::{ChatId, ConversationId, Presence, RoomId, RoomInfo, Slug, UserId},
    wire,
};

/// Pause before an unordered self-leave is undone (protocol §3.4).
const REJOIN_AFTER: Duration = Duration::from_secs(5);
/// Time for which changes of a queue are collected before it is fetched again (protocol §8).
const REFETCH_AFTER: Duration = Duration::from_secs(5);
/// Time from a song's expected end to the request for the playing one (protocol §8).
const SONG_END_SLACK: Duration = Duration::from_secs(15);
/// Pause until a room is joined again after a failure that may pass.
const JOIN_RETRY: Duration = Duration::from_secs(30);
/// Pause until a failed rejoin after an outage is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(30);
/// Time for the server's answers on the socket: from opening to action 4, and from action 10 to action 11.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Time by which edges of gaps are backdated, since the last frame's time on the way is unknown.
const EDGE_SLACK: Duration = Duration::from_secs(1);
/// Longest id, in bytes; a longer text counts as no id.
const LONGEST_ID: usize = 256;

/// The reason to close the socket; another one is opened after a pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut(pub(crate) String);

/// Work for the socket's loop, which reaches network and journal.
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
        /// Whether a client waits for it.
        is_asked: bool,
    },
    /// Join a room again and fetch its state, and its history if asked.
    Rejoin {
        room: RoomId,
        slug: Slug,
        epoch: u64,
        history: bool,
        /// Number of updates of the playing song so far.
        updates: u64,
    },
    /// Fetch a room's members, song, dubs and queue.
    State { room: RoomId, updates: u64 },
    /// Fetch a room's queue.
    Queue { room: RoomId },
    /// Fetch the playing song.
    Active { room: RoomId, updates: u64 },
    /// Join a room again after an unordered self-leave.
    Post { room: RoomId, slug: Slug },
    /// Leave a room; without a reply, one that the configuration does not name any more.
    Leave {
        room: RoomId,
        reply: Option<oneshot::Sender<Result<(), ActionError>>>,
    },
    /// Fetch the conversations.
    Conversations,
}

/// The result of a [`Task`].
#[expect(clippy::large_enum_variant, reason = "few are there at a time")]
#[derive(Debug)]
pub(crate) enum Done {
    /// The socket is open, with the own user as fetched; or why it is not.
    Opened(Result<Bytes, OpenFailure>),
    Stored {
        channel: String,
        epoch: u64,
    },
    /// The room as QueUp answered, for the join with this number.
    Joined {
        id: u64,
        outcome: Result<RoomAnswer, JoinError>,
    },
    /// The room's state after an outage; ignored if its socket is gone.
    Rejoined {
        room: RoomId,
        epoch: u64,
        outcome: Result<Snapshot, JoinError>,
    },
    /// A room's state after joining; a part that failed is absent.
    State {
        room: RoomId,
        snapshot: Snapshot,
    },
    Queue {
        room: RoomId,
        outcome: Result<Bytes, RequestError>,
    },
    /// The playing song; absent while nothing plays. `updates` tells whether an update came meanwhile.
    Active {
        room: RoomId,
        updates: u64,
        outcome: Result<Option<Bytes>, RequestError>,
    },
    /// Whether the account is in the room again.
    Posted {
        room: RoomId,
        outcome: Result<(), JoinError>,
    },
    /// Whether QueUp took the leave; with the caller's reply.
    Left {
        room: RoomId,
        outcome: Result<(), RequestError>,
        reply: Option<oneshot::Sender<Result<(), ActionError>>>,
    },
    Conversations(Result<Bytes, RequestError>),
}

/// Whether a task of a room that has waited for its turn is still to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Now,
    /// A request to leave the room is on its way, whose answer decides.
    Later,
    /// The room was left, or its socket is gone and the next one asks again.
    Never,
}

/// A room as the server answered.
#[derive(Debug)]
pub(crate) struct RoomAnswer {
    /// The room, with an id.
    pub(crate) info: RoomInfo,
    pub(crate) body: Bytes,
}

/// The state of a room as fetched; a part that could not be fetched is absent.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    /// The answer to joining again.
    pub(crate) room: Option<Bytes>,
    pub(crate) users: Option<Bytes>,
    /// The playing song; `null` while nothing plays.
    pub(crate) active: Option<Bytes>,
    pub(crate) dubs: Option<Bytes>,
    pub(crate) details: Option<Bytes>,
    /// A page of chat; only after an outage.
    pub(crate) history: Option<Bytes>,
    /// Number of updates of the playing song when it was asked for.
    pub(crate) updates: u64,
}

/// A client's command to the socket.
#[derive(Debug)]
pub(crate) enum Command {
    Join {
        slug: Slug,
        password: Option<Secret>,
        reply: oneshot::Sender<Result<RoomInfo, JoinError>>,
    },
    /// Leave a room, and do not join it again.
    Leave {
        room: RoomId,
        reply: oneshot::Sender<Result<(), ActionError>>,
    },
    Presence {
        room: RoomId,
        presence: Presence,
        reply: oneshot::Sender<Result<(), ActionError>>,
    },
    /// Find the id of an own message by its time or text.
    Echo {
        room: RoomId,
        time: i64,
        text: String,
        reply: oneshot::Sender<ChatId>,
    },
}

/// The part of the configuration that the session obeys.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Rooms of the configuration, joined once in a run.
    pub(crate) rooms: Vec<Slug>,
    /// Whether a restart leaves every other room.
    pub(crate) only_rooms: bool,
    pub(crate) recent_conversations: bool,
    /// Messages of a history at most; 0 fetches none.
    pub(crate) backfill: usize,
    pub(crate) buffer_bytes: usize,
}

/// State of the socket.
#[derive(Debug)]
enum Phase {
    /// Nothing was tried yet.
    Idle,
    /// A task opens the socket.
    Opening,
    /// The socket is open, and action 4 is due then.
    Greeting { by: Instant },
    /// Action 4 came: events flow.
    Open,
    /// The socket is gone; another one is opened then.
    Waiting { until: Instant },
    /// The session ended for good.
    Stopped,
}

/// The account's private conversations, as far as the session needs them.
///
/// A notice about a conversation that is not among them waits for the list, so that handlers find its participants
/// (protocol §9, 17).
#[derive(Debug)]
struct KnownConversations {
    /// Conversations of which the journal has the participants.
    ids: HashSet<ConversationId>,
    /// Whether the list is to be fetched once the socket is established.
    wanted: bool,
}

/// One account's session with QueUp, over any number of sockets.
#[derive(Debug)]
pub(crate) struct Session {
    rules: Rules,
    /// Own user; absent before the first login.
    me: Option<UserId>,
    phase: Phase,
    /// State of the connection, if it changed since [`Session::take_link`].
    link: Option<LinkState>,
    connection: Connection,
    /// Channels by name: the own account's, and each room that is or was joined.
    channels: BTreeMap<String, Channel>,
    /// Which channel each of the latest chat ids belongs to.
    chats: ChatRooms,
    rooms: RoomLinks,
    /// Rooms that are being joined by requests.
    joins: Joins,
    conversations: KnownConversations,
    /// Own messages, and requests that wait for one.
    echoes: Echoes,
    /// Events and checkpoints for the journal.
    pub(crate) outbox: Outbox,
    /// Frames to send; dropped with their socket.
    replies: VecDeque<String>,
    tasks: VecDeque<Task>,
    skipped: Skipped,
    /// Pauses between two sockets, at least 5 s.
    backoff: Backoff,
    /// Part of the connections' own names, new with every run.
    nonce: Box<str>,
    /// Mark of the last checkpoint.
    mark: i64,
    /// Time when reading stopped; absent while frames are read.
    paused_at: Option<Instant>,
    /// Whether nothing is read any more, for good.
    over: bool,
}

impl Session {
    /// A session that goes on where these checkpoints end, or begins afresh without any.
    ///
    /// `nonce` is new with every run.
    pub(crate) fn new<'a>(
        rules: Rules,
        backoff: Backoff,
        nonce: &str,
        checkpoints: impl IntoIterator<Item = &'a Checkpoint>,
    ) -> Self {
        let mut session = Self {
            conversations: KnownConversations {
                ids: HashSet::new(),
                wanted: rules.recent_conversations,
            },
            me: None,
            phase: Phase::Idle,
            link: None,
            connection: Connection::default(),
            channels: BTreeMap::new(),
            chats: ChatRooms::default(),
            rooms: RoomLinks::default(),
            joins: Joins::default(),
            echoes: Echoes::default(),
            outbox: Outbox::new(rules.buffer_bytes, nonce),
            replies: VecDeque::new(),
            tasks: VecDeque::new(),
            skipped: Skipped::default(),
            backoff,
            nonce: nonce.into(),
            mark: 0,
            paused_at: None,
            over: false,
            rules,
        };
        session.restore(checkpoints);
        session
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The queues.

    /// The next frame to send.
    pub(crate) fn next_reply(&mut self) -> Option<String> {
        self.replies.pop_front()
    }

    /// The next request to make.
    pub(crate) fn next_task(&mut self) -> Option<Task> {
        self.tasks.pop_front()
    }

    /// Whether the loop has something to do for the session before it reads on.
    pub(crate) fn has_work(&self) -> bool {
        self.link.is_some() || !self.tasks.is_empty() || !self.replies.is_empty()
    }

    /// Whether a task that has waited is still to be done.
    pub(crate) fn due(&self, task: &Task) -> Due {
        let room = match task {
            Task::Rejoin { epoch, .. } if *epoch != self.connection.epoch => return Due::Never,
            Task::Rejoin { room, .. }
            | Task::State { room, .. }
            | Task::Queue { room }
            | Task::Active { room, .. }
            | Task::Post { room, .. } => room,
            _ => return Due::Now,
        };
        match self.channels.get(&room_channel(room)) {
            Some(Channel {
                wanted: true, room, ..
            }) => match room {
                Some(room) if room.leaving => Due::Later,
                _ => Due::Now,
            },
            _ => Due::Never,
        }
    }

    /// Number of frames that left no event, by reason.
    #[cfg(test)]
    pub(crate) fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// The state of the connection, if it changed since the last call.
    pub(crate) fn take_link(&mut self) -> Option<LinkState> {
        self.link.take()
    }

    /// The links of single rooms, if one changed since the last call.
    pub(crate) fn take_rooms(&mut self) -> Option<Vec<(Place, LinkState)>> {
        self.rooms.take_news()
    }

    /// Whether a frame may be read: there is a socket, the journal keeps up, and nobody asked to stop.
    pub(crate) fn wants_frame(&self) -> bool {
        matches!(self.phase, Phase::Greeting { .. } | Phase::Open) && !self.is_paused()
    }

    /// Whether a client's command can be carried out now.
    pub(crate) fn wants_command(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// Whether nothing may be read: the journal is behind, or the source is stopping.
    fn is_paused(&self) -> bool {
        self.over || self.outbox.is_full()
    }

    /// Ends the reading for good; pings and commands go on.
    pub(crate) fn stop_reading(&mut self) {
        self.over = true;
    }

    /// Queues an event of antiphon's own with a body that QueUp may have sent.
    fn own_event(&mut self, kind: &'static str, place: Place, body: impl Into<Bytes>, now: Moment) {
        let draft = self.own_draft(kind, place, body, now);
        self.outbox.event(draft);
    }

    /// Makes an event of antiphon's own.
    fn own_draft(
        &mut self,
        kind: &'static str,
        place: Place,
        body: impl Into<Bytes>,
        now: Moment,
    ) -> Draft {
        let kind = Kind::from_static(kind);
        let mut draft = self.outbox.own_draft(kind, place, body, now);
        draft.form = BodyForm::of(&draft.body);
        draft
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Look-ups.

    /// Place of the own account; of an empty id before the first login.
    fn own_place(&self) -> Place {
        user_place(self.me.as_ref().unwrap_or(&UserId::default()))
    }

    /// Name of the own account's channel.
    fn own_channel(&self) -> String {
        format!("user:{}", self.me.clone().unwrap_or_default())
    }

    /// The room of a channel, also one that was left.
    fn room_mut(&mut self, channel: &str) -> Option<&mut Room> {
        self.channels.get_mut(channel)?.room.as_mut()
    }

    fn channel_names(&self) -> Vec<String> {
        self.channels.keys().cloned().collect()
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The life of the socket.

    /// Begins to open the first socket.
    pub(crate) fn start(&mut self) {
        self.phase = Phase::Opening;
        self.link = Some(LinkState::Connecting);
        self.tasks.push_back(Task::Open);
    }

    /// Takes a socket that is open; the server speaks first.
    fn on_opened(&mut self, user: Bytes, now: Moment) {
        let me = match antiphon_core::read_json::<wire::User<'_>>(&user) {
            Ok(user) => UserId::from(user.id.as_deref().unwrap_or_default()),
            Err(_) => UserId::default(),
        };
        let is_first = self.me.as_ref() != Some(&me);
        self.connection.begin(&self.nonce, me.as_str());
        self.me = Some(me);
        if is_first {
            // Channels of an account that logged in before are not this one's.
            let own = self.own_channel();
            self.channels
                .retain(|name, channel| channel.room.is_some() || *name == own);
        }
        self.phase = Phase::Greeting {
            by: now.at + ANSWER_WITHIN,
        };
        if is_first {
            self.own_event("queup.session", self.own_place(), user, now);
        }
    }

    /// Ends for good after a fatal failure, or waits before another socket is opened.
    fn on_open_failed(&mut self, failure: &OpenFailure, now: Moment) {
        let pause = if failure.fatal.is_some() {
            self.phase = Phase::Stopped;
            Duration::ZERO
        } else {
            let pause = failure.pause(self.backoff.next(now.at));
            self.phase = Phase::Waiting {
                until: now.at + pause,
            };
            pause
        };
        self.set_link(failure.link(pause, now), now);
    }

    /// Whether the session ended for good.
    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self.phase, Phase::Stopped)
    }

    /// Emits the state of the connection.
    fn set_link(&mut self, state: LinkState, now: Moment) {
        self.outbox.link(Place::root(), &state, now);
        self.link = Some(state);
    }

    /// Loses the socket, for this reason.
    ///
    /// Every attached channel notes from where its frames may be missing, and that is stored before the next socket is
    /// opened.
    pub(crate) fn on_closed(&mut self, reason: &str, now: Moment) {
        self.connection.heartbeat = None;
        self.replies.clear();
        for name in self.channel_names() {
            // Held events are stored before the next gap begins; their history comes with the next socket.
            self.release(&name, None, now);
            let last = self.connection.last.clone();
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
        self.on_open_failed(&OpenFailure::new(reason), now);
    }
}

#[cfg(test)]
mod tests;
