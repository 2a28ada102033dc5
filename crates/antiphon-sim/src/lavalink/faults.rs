//! Faults of a node's process, beside those of every socket.

use std::{sync::Arc, time::Duration};

use super::{frame_writer::Frame, state::State};
use crate::{
    outgoing::Outgoing,
    ports::Closing,
    sockets::{HasSockets as _, Selection},
    timers::{Timed as _, millis},
};

/// How clients see that a process is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Its port refuses connections.
    Refused,
    /// Connections are accepted and closed without an answer, as by a proxy without a backend.
    Dropped,
}

impl State {
    /// Ids of the sessions of a node that have their sockets.
    pub(crate) fn live(&self, node: usize) -> Vec<Arc<str>> {
        let sessions = self.nodes[node].sessions.values();
        let live = sessions.filter(|session| session.link.is_some());
        live.map(|session| Arc::clone(&session.id)).collect()
    }

    /// Sends every session a text frame as it is.
    pub(crate) fn frame(&mut self, node: usize, text: &str) {
        let ids: Vec<String> = self.nodes[node].sessions.keys().cloned().collect();
        for id in ids {
            let frame = Frame::raw(self.nodes[node].name, text);
            self.tell(node, &id, frame);
        }
    }

    /// Kills the node's process, which starts again after this long without its state.
    pub(crate) fn kill(&mut self, node: usize, how_long: Duration, seen: Seen) {
        let of = Selection {
            server: Some(node),
            ..Selection::default()
        };
        for number in self.select(&of) {
            if let Some(socket) = self.socket(number) {
                socket.line.reset();
            }
            self.gone(number);
        }
        self.forget(node, how_long);
        if seen == Seen::Refused {
            self.close_door(node, how_long, Closing::AtOnce);
        }
    }

    /// Shuts the node's process down: sockets close with 1001, and it starts again after this long.
    pub(crate) fn shut_down(&mut self, node: usize, how_long: Duration) {
        for id in self.live(node) {
            self.hand_over(node, &id, Outgoing::Close(1001, String::new()));
            // The socket's task writes the close frame and ends; the session is gone at once.
            if let Some(session) = self.nodes[node].sessions.get_mut(&*id) {
                session.link = None;
            }
        }
        self.forget(node, how_long);
        self.close_door(node, how_long, Closing::InOrder);
    }

    /// Closes the node's port for a while.
    fn close_door(&mut self, node: usize, how_long: Duration, closing: Closing) {
        if how_long.is_zero() {
            return;
        }
        self.ports.close(node, closing);
        self.later(how_long, move |state| {
            // The node may have died once more.
            if !state.nodes[node].is_down(state.now()) {
                state.ports.open(node);
            }
        });
    }

    /// Drops a process's state.
    fn forget(&mut self, node: usize, how_long: Duration) {
        let ids: Vec<String> = self.nodes[node].sessions.keys().cloned().collect();
        for id in ids {
            self.end_session(node, &id);
        }
        let back = self.now().saturating_add(millis(how_long));
        self.nodes[node].down_until = back;
        self.nodes[node].started_at = back;
    }

    /// Ends the sessions that wait to be resumed.
    pub(crate) fn expire_sessions(&mut self, node: usize) {
        let waiting = self.nodes[node].sessions.values();
        let waiting = waiting.filter(|session| session.link.is_none());
        let ids: Vec<Arc<str>> = waiting.map(|session| Arc::clone(&session.id)).collect();
        for id in ids {
            self.end_session(node, &id);
        }
    }
}
