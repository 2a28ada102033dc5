//! Open sockets: sending, closing and losing them.

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::mpsc;

use super::{frame, state::State};
use crate::{
    fault::Faults,
    line::Line,
    outgoing::Outgoing,
    sockets::{HasSockets, Selection, Socket},
};

impl State {
    /// Adds a connection; returns the number it is known by.
    pub(crate) fn open(
        &mut self,
        line: Line,
        outgoing: mpsc::Sender<Outgoing>,
        is_compressed: bool,
    ) -> u64 {
        let number = self.gateway.next_number();
        let id = format!("{:08x}{number:04x}", self.secrets.u32(..));
        let socket = Socket::new(id, line, outgoing);
        self.gateway.open(number, socket, is_compressed);
        number
    }

    /// Separates a connection from its session, which another connection may resume.
    pub(crate) fn part(&mut self, number: u64) -> Option<String> {
        self.release(number);
        self.gateway.connections.get_mut(&number)?.session.take()
    }

    /// Writes the event that was held back into the ledger, since it will not be sent.
    fn release(&mut self, number: u64) {
        let connection = self.gateway.connections.get_mut(&number);
        let held =
            connection.and_then(|one| Some((one.session.clone()?, one.reordering.release()?)));
        if let Some((session, (kept, due))) = held {
            self.write_kept(&session, &kept, due, false);
        }
    }

    /// Sends a frame other than a dispatch.
    pub(crate) fn control(&mut self, number: u64, op: u8, data: &Value) {
        self.send(number, Outgoing::Text(frame::control(op, data)));
    }

    /// Sends a binary frame, without a number and without a ledger row.
    pub(crate) fn binary(&mut self, number: u64, bytes: Bytes) {
        self.send(number, Outgoing::Binary(bytes));
    }
}

impl HasSockets for State {
    const ENDLESS: &'static str = r#"{"t":"MESSAGE_CREATE","s":1,"op":0,"d":{"content":""#;

    fn select(&self, of: &Selection) -> Vec<u64> {
        self.gateway.select(of)
    }

    fn socket(&mut self, number: u64) -> Option<&mut Socket> {
        let connection = self.gateway.connections.get_mut(&number)?;
        Some(&mut connection.socket)
    }

    /// Removes a connection; its session waits to be resumed.
    fn gone(&mut self, number: u64) {
        self.release(number);
        let now = self.now();
        self.gateway.lose(number, now);
    }

    /// Closes a connection with a code, after the frames that wait to be written.
    fn close(&mut self, number: u64, code: u16, reason: &str) {
        self.send(number, Outgoing::Close(code, reason.to_owned()));
        let session = self
            .gateway
            .connections
            .get(&number)
            .and_then(|connection| connection.session.clone());
        self.gone(number);
        // A session cannot be resumed after these codes (protocol §5).
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
