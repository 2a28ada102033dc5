//! The sockets that are open, and what goes out on them.

use std::collections::VecDeque;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    frame,
    model::Id,
    session::{Kept, origin},
    state::State,
};
use crate::{
    fault::Faults,
    line::Line,
    outgoing::Outgoing,
    sockets::{HasSockets, Reordering, Selection, Socket},
};

/// An open socket.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) socket: Socket,
    /// The session, once it has one.
    pub(crate) session: Option<String>,
    /// Whether the transport compresses.
    pub(crate) is_compressed: bool,
    /// Heartbeats that came in, and those that were acknowledged.
    pub(crate) beats: u64,
    pub(crate) acks: u64,
    /// Times of the frames that came in within a minute.
    pub(crate) heard: VecDeque<i64>,
    pub(crate) reordering: Reordering<(Kept, Option<Id>)>,
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
        let id = format!("{:08x}{number:04x}", self.secrets.u32(..));
        let connection = Connection {
            socket: Socket::new(id, line, outgoing),
            session: None,
            is_compressed,
            beats: 0,
            acks: 0,
            heard: VecDeque::new(),
            reordering: Reordering::default(),
        };
        self.connections.insert(number, connection);
        number
    }

    /// Parts a connection from its session, which may go on elsewhere.
    pub(crate) fn part(&mut self, number: u64) -> Option<String> {
        self.release(number);
        self.connections.get_mut(&number)?.session.take()
    }

    /// Writes down the event that was held back to be sent in the wrong order and now never is.
    fn release(&mut self, number: u64) {
        let connection = self.connections.get_mut(&number);
        let held =
            connection.and_then(|one| Some((one.session.clone()?, one.reordering.release()?)));
        if let Some((session, (kept, due))) = held {
            let origin = origin(&kept, &session);
            self.write(&kept.event, Some(&origin), &kept.body, due, None);
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
}

impl HasSockets for State {
    const ENDLESS: &'static str = r#"{"t":"MESSAGE_CREATE","s":1,"op":0,"d":{"content":""#;

    /// Numbers of the connections of an account and of a shard, or of all.
    fn select(&self, of: &Selection) -> Vec<u64> {
        let account: Option<Id> = of.account.as_deref().and_then(|id| id.parse().ok());
        let fits = |connection: &Connection| {
            let session = connection.session.as_ref();
            let session = session.and_then(|id| self.sessions.get(id));
            account.is_none_or(|account| session.is_some_and(|one| one.account == account))
                && of
                    .shard
                    .is_none_or(|shard| session.is_some_and(|one| one.shard.0 == shard))
        };
        let connections = self.connections.iter();
        let connections = connections.filter(|(_, connection)| fits(connection));
        connections.map(|(number, _)| *number).collect()
    }

    fn socket(&mut self, number: u64) -> Option<&mut Socket> {
        let connection = self.connections.get_mut(&number)?;
        Some(&mut connection.socket)
    }

    /// Forgets a connection that is over; its session waits for another.
    fn gone(&mut self, number: u64) {
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

    /// Closes a connection with a code; what was sent before still arrives.
    fn close(&mut self, number: u64, code: u16, reason: &str) {
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

    fn faults(&mut self, _: &Selection) -> Vec<&mut Faults> {
        vec![&mut self.faults]
    }

    fn note(&self, text: String) {
        Self::note(self, text);
    }
}
