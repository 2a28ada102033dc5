//! What passes between a session and the loop around it.
//!
//! Requests and answers as plain values, so that the session can be tested without a network: a test takes the tasks,
//! and gives back outcomes of its choice. Each task that may be overtaken carries a number (`round`, `epoch`), by which
//! an answer that comes too late is known.

use std::time::Duration;

use antiphon_core::{OpenFailure, Part};
use bytes::Bytes;
use tokio::sync::oneshot;

use crate::{
    error::{JoinError, RequestError},
    model::{Me, MessageId, RoomId, Server, Sockets},
    wire::Header,
};

/// The options of a configuration that concern the session.
///
/// Checked by `Config::check` before; the defaults are there.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) server: Server,
    pub(crate) rooms: Vec<RoomId>,
    /// Whether a restart leaves every other room.
    pub(crate) only_rooms: bool,
    pub(crate) sockets: Sockets,
    pub(crate) backfill: usize,
    pub(crate) poll_interval: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) reset_after: Duration,
    pub(crate) acknowledge: bool,
    pub(crate) buffer_bytes: usize,
}

/// Names a line: 0 if all rooms share it, else its room.
pub(crate) type LineId = i64;

/// Names a socket: its line, and which of the line's sockets it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SocketId {
    pub(crate) line: LineId,
    /// Never used twice within a run.
    pub(crate) epoch: u64,
}

/// A request that the session wants made.
#[derive(Debug)]
pub(crate) enum Task {
    /// Log in, or make sure that the login still counts.
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
    /// Ask for the events since these counters.
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
        /// When the server told that counter, in Unix seconds.
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
        reply: Option<LeaveReply>,
    },
    /// Tell the server that a room of an earlier run is read no more, since the configuration does not name it.
    LeaveUnlisted { room: RoomId },
}

/// Takes the outcome of leaving a room.
pub(crate) type LeaveReply = oneshot::Sender<Result<(), RequestError>>;

/// The outcome of a [`Task`].
#[derive(Debug)]
pub(crate) enum Done {
    LoggedIn(Result<Me, Failure>),
    Announced {
        room: RoomId,
        round: u64,
        outcome: Result<Top, AnnounceError>,
    },
    Stored {
        room: RoomId,
    },
    Opened {
        id: SocketId,
        /// The server's name of the connection.
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
    LeftUnlisted {
        room: RoomId,
        outcome: Result<(), RequestError>,
    },
}

/// A row of a history: its header, and its bytes.
pub(crate) type Row = (Header, Bytes);

/// The events that a room's history had.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// Events, in order, none twice; posted messages may have no event id.
    pub(crate) rows: Vec<Row>,
    /// Elements that are no event, or the whole answer if it has no list.
    pub(crate) malformed: Vec<Bytes>,
    /// Number of further events that were heard before.
    pub(crate) old: usize,
    /// Whether it reaches back to the count that was asked for, for events of every kind.
    pub(crate) whole: bool,
    /// The server's count when the newest of it was asked for.
    pub(crate) time: Option<i64>,
}

/// Where the server is when a room is announced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Top {
    /// Its counter.
    pub(crate) count: i64,
    /// The room's newest message, 0 if it has none; absent if the answer does not say.
    pub(crate) newest: Option<i64>,
}

/// A room could not be announced.
#[derive(Debug)]
pub(crate) enum AnnounceError {
    /// The room does not exist, or is closed to the account.
    Closed,
    /// Another failure, which may pass.
    Failed(Failure),
}

/// The login failed, or a line could not be opened.
///
/// `step` decides what follows: only a refused *socket* leads to polling.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) open: OpenFailure,
    pub(crate) step: Step,
}

/// The step that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A request.
    Request,
    /// A page of the login: the site answered with a status in its place, which makes for longer pauses.
    LoginPage,
    /// The socket, while requests go through.
    Socket,
}

impl From<OpenFailure> for Failure {
    fn from(open: OpenFailure) -> Self {
        Self {
            open,
            step: Step::Request,
        }
    }
}

/// A request of a client.
#[derive(Debug)]
pub(crate) enum Command {
    Join {
        room: RoomId,
        reply: oneshot::Sender<Result<(), JoinError>>,
    },
    Leave {
        /// Every room if none is named.
        room: Option<RoomId>,
        reply: LeaveReply,
    },
}
