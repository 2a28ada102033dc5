//! The sockets that are open, and what goes out on them.

use std::collections::VecDeque;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::mpsc;

use super::{frame, model::Id, session::Kept, state::State};
use crate::{line::Line, outgoing::Outgoing};

/// An open socket.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: String,
    pub(crate) line: Line,
    pub(crate) outgoing: mpsc::Sender<Outgoing>,
    /// The session, once it has one.
    pub(crate) session: Option<String>,
    /// Whether the transport compresses.
    pub(crate) is_compressed: bool,
    /// Heartbeats that came in, and those that were acknowledged.
    pub(crate) beats: u64,
    pub(crate) acks: u64,
    /// Times of the frames that came in within a minute.
    pub(crate) heard: VecDeque<i64>,
    /// Nothing reaches the peer any more, though the connection stays.
    pub(crate) mute: bool,
    /// This many events are still to be sent twice.
    pub(crate) duplicate: u32,
    /// This many pairs of events are still to be sent in the wrong order.
    pub(crate) reorder: u32,
    pub(crate) held: Option<(Kept, Option<Id>)>,
}

impl State {
    /// Adds a connection; gives the number it is known by.
    pub(crate) fn open(
        &mut self,
        line: Line,
        outgoing: mpsc::Sender<Outgoing>,
        is_compressed: bool,
    ) -> u64 {
        self.opened += 1;
        let number = self.opened;
        let connection = Connection {
            id: format!("{:08x}{number:04x}", self.secrets.u32(..)),
            line,
            outgoing,
            session: None,
            is_compressed,
            beats: 0,
            acks: 0,
            heard: VecDeque::new(),
            mute: false,
            duplicate: 0,
            reorder: 0,
            held: None,
        };
        self.connections.insert(number, connection);
        number
    }

    /// Forgets a connection that is over; its session waits for another.
    pub(crate) fn gone(&mut self, number: u64) {
        self.release(number);
        let Some(connection) = self.connections.remove(&number) else {
            return;
        };
        let now = self.now();
        let session = connection.session.and_then(|id| self.sessions.get_mut(&id));
        if let Some(session) = session.filter(|session| session.connection == Some(number)) {
            session.connection = None;
            session.lost_at = Some(now);
        }
    }

    /// Parts a connection from its session, which may go on elsewhere.
    pub(crate) fn part(&mut self, number: u64) -> Option<String> {
        self.release(number);
        self.connections.get_mut(&number)?.session.take()
    }

    /// Writes down the event that was held back to be sent in the wrong order and now never is.
    fn release(&mut self, number: u64) {
        let connection = self.connections.get_mut(&number);
        let held = connection.and_then(|one| Some((one.session.clone()?, one.held.take()?)));
        if let Some((session, (kept, due))) = held {
            self.write_kept(&session, &kept, due, false);
        }
    }

    /// Hands something to a connection's task.
    pub(crate) fn send(&mut self, number: u64, outgoing: Outgoing) {
        let Some(connection) = self.connections.get_mut(&number) else {
            return;
        };
        if connection.mute || connection.outgoing.is_closed() {
            return;
        }
        if connection.outgoing.try_send(outgoing).is_err() {
            connection.mute = true;
            connection.line.cut();
            let text = format!(
                "connection {} does not read: {} frames wait for it, and it was cut",
                connection.id, self.settings.outgoing
            );
            self.note(text);
        }
    }

    /// Sends a frame that is no dispatch.
    pub(crate) fn control(&mut self, number: u64, op: u8, data: &Value) {
        self.send(number, Outgoing::Text(frame::control(op, data)));
    }

    /// Sends a frame of any bytes; it has no number and no row.
    pub(crate) fn binary(&mut self, number: u64, bytes: Bytes) {
        self.send(number, Outgoing::Binary(bytes));
    }

    /// Closes a connection with a code; what was sent before still arrives.
    pub(crate) fn close(&mut self, number: u64, code: u16, reason: &str) {
        self.send(number, Outgoing::Close(code, reason.to_owned()));
        let session = self
            .connections
            .get(&number)
            .and_then(|connection| connection.session.clone());
        self.gone(number);
        // After these codes there is nothing to go on with (protocol §5).
        if let Some(session) = session.filter(|_| matches!(code, 4004 | 4007 | 4009..=4014)) {
            self.end_session(&session);
        }
    }

    /// Numbers of the connections of an account and of a shard, or of all.
    pub(crate) fn connections_of(&self, account: Option<Id>, shard: Option<u32>) -> Vec<u64> {
        let fits = |connection: &Connection| {
            let session = connection.session.as_ref();
            let session = session.and_then(|id| self.sessions.get(id));
            account.is_none_or(|account| session.is_some_and(|one| one.account == account))
                && shard.is_none_or(|shard| session.is_some_and(|one| one.shard.0 == shard))
        };
        let connections = self.connections.iter();
        let connections = connections.filter(|(_, connection)| fits(connection));
        connections.map(|(number, _)| *number).collect()
    }
}
