//! What can be done to a node's sockets and to its process.

use std::{sync::Arc, time::Duration};

use super::{frame_writer::Frame, session::Link, state::State};
use crate::outgoing::Outgoing;

/// How a text frame begins that never ends.
const BEGINNING: &str = r#"{"op":"event","type":"LyricsFoundEvent","guildId":"9001","lyrics":""#;

impl State {
    /// Ids of the sessions of a node that have their sockets.
    pub(crate) fn live(&self, node: usize) -> Vec<Arc<str>> {
        let sessions = self.nodes[node].sessions.values();
        let live = sessions.filter(|session| session.link.is_some());
        live.map(|session| Arc::clone(&session.id)).collect()
    }

    fn each_link(&mut self, node: usize, mut act: impl FnMut(&mut Link)) {
        let sessions = self.nodes[node].sessions.values_mut();
        for link in sessions.filter_map(|session| session.link.as_mut()) {
            act(link);
        }
    }

    /// Closes the sockets without a word, by `how`; what was not written yet is lost.
    pub(crate) fn cut(&mut self, node: usize, how: impl Fn(&Link)) {
        let mut numbers = Vec::new();
        self.each_link(node, |link| {
            how(link);
            numbers.push(link.number);
        });
        for number in numbers {
            self.departed(node, number);
        }
    }

    /// Closes the sockets with a close frame, after what waits to be written.
    pub(crate) fn close(&mut self, node: usize, code: u16, reason: &str) {
        for id in self.live(node) {
            self.hand_over(node, &id, Outgoing::Close(code, reason.to_owned()));
            if let Some(link) = self.link(node, &id) {
                link.closing = true;
            }
        }
    }

    /// Keeps the sockets open while nothing comes through any more, until the node notices.
    pub(crate) fn half_open(&mut self, node: usize) {
        let mut numbers = Vec::new();
        self.each_link(node, |link| {
            link.mute = true;
            link.line.freeze();
            numbers.push((link.number, link.line.clone()));
        });
        let notice = Duration::from_millis(self.settings.notice);
        self.later(notice, move |state| {
            for (number, line) in numbers {
                line.cut();
                state.departed(node, number);
            }
        });
    }

    /// Holds everything back for this long, in both directions, and then lets it through.
    pub(crate) fn stall(&mut self, node: usize, how_long: Duration) {
        let mut lines = Vec::new();
        self.each_link(node, |link| {
            link.line.freeze();
            lines.push((link.number, link.line.clone()));
        });
        self.later(how_long, move |state| {
            let mut dead = Vec::new();
            state.each_link(node, |link| {
                if link.mute {
                    dead.push(link.number);
                }
            });
            // What became half open meanwhile stays so: nothing comes through a dead line later.
            for (number, line) in lines {
                if !dead.contains(&number) {
                    line.thaw();
                }
            }
        });
    }

    /// Sends each of the next frames twice.
    pub(crate) fn duplicate(&mut self, node: usize, frames: u32) {
        self.each_link(node, |link| link.duplicate = frames);
    }

    /// Tells every session a text as it is.
    pub(crate) fn frame(&mut self, node: usize, text: &str) {
        let ids: Vec<String> = self.nodes[node].sessions.keys().cloned().collect();
        for id in ids {
            let frame = Frame::raw(self.nodes[node].name, text);
            self.tell(node, &id, frame);
        }
    }

    /// Begins a text frame of this many bytes on every socket.
    pub(crate) fn oversized(&mut self, node: usize, bytes: u64) {
        for id in self.live(node) {
            self.hand_over(node, &id, Outgoing::Oversized(bytes, BEGINNING));
        }
    }

    /// The node's process dies, and starts again after this long with nothing of what it had.
    pub(crate) fn kill(&mut self, node: usize, how_long: Duration) {
        self.cut(node, |link| link.line.reset());
        self.forget(node, how_long);
    }

    /// The node's process ends in order: its sockets close with 1001, and it starts again after this long.
    pub(crate) fn shut_down(&mut self, node: usize, how_long: Duration) {
        for id in self.live(node) {
            self.hand_over(node, &id, Outgoing::Close(1001, String::new()));
            // The socket's task writes the close frame and ends; the session is gone at once.
            if let Some(session) = self.nodes[node].sessions.get_mut(&*id) {
                session.link = None;
            }
        }
        self.forget(node, how_long);
    }

    /// Ends all that a process has in memory.
    fn forget(&mut self, node: usize, how_long: Duration) {
        let ids: Vec<String> = self.nodes[node].sessions.keys().cloned().collect();
        for id in ids {
            self.end_session(node, &id);
        }
        let length = i64::try_from(how_long.as_millis()).unwrap_or(i64::MAX);
        let back = self.now().saturating_add(length);
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
