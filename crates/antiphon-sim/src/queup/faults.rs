//! Sockets seen from outside, to be broken.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::Server;
use crate::outgoing::Outgoing;

/// How a text frame begins that never ends.
const BEGINNING: &str =
    r#"4{"action":15,"channel":"room:0","message":{"name":"chat-message","type":"json","data":""#;

/// Some of the open sockets: everyone's, one account's, or a single one.
///
/// Which they are is looked up at each call.
#[derive(Clone, Debug)]
pub struct Links {
    server: Arc<Server>,
    of: Option<String>,
}

/// One open socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Connection id, as the client was told.
    pub connection: String,
    /// Id of the account, or the passing id of a guest.
    pub client: String,
    /// Message packets sent so far.
    pub frames: u64,
    /// Channels attached.
    pub channels: Vec<String>,
}

impl Links {
    pub(super) fn new(server: Arc<Server>, of: Option<String>) -> Self {
        Self { server, of }
    }

    /// The sockets there are now.
    pub fn list(&self) -> Vec<Link> {
        self.server.with(|state| {
            let numbers = state.connections_of(self.of.as_deref());
            numbers
                .iter()
                .filter_map(|number| state.connections.get(number))
                .map(|connection| Link {
                    connection: connection.id.clone(),
                    client: connection.client.id().to_owned(),
                    frames: connection.frames,
                    channels: connection.channels.iter().cloned().collect(),
                })
                .collect()
        })
    }

    fn each(&self, act: impl Fn(&mut super::state::State, u64)) {
        self.server.with(|state| {
            for number in state.connections_of(self.of.as_deref()) {
                act(state, number);
            }
        });
    }

    /// Closes the connections without a word; what was not written yet is lost.
    pub fn cut(&self) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get(&number) {
                connection.line.cut();
            }
            state.gone(number);
        });
    }

    /// Closes the connections with a reset, where they are real.
    pub fn reset(&self) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get(&number) {
                connection.line.reset();
            }
            state.gone(number);
        });
    }

    /// Closes the sockets with a close frame of this code, after what waits to be written.
    ///
    /// A code that must not be written, such as 1006, is left out of the frame, and the reason ends after 123 bytes.
    pub fn close(&self, code: u16, reason: &str) {
        self.each(|state, number| {
            state.send(number, Outgoing::Close(code, reason.to_owned()));
            // What happens from here on is not sent on it; a dead line stays as it is.
            if state.connections.get(&number).is_some_and(|one| !one.mute) {
                state.gone(number);
            }
        });
    }

    /// Keeps the connections open while nothing comes through any more, in either direction.
    ///
    /// Events are still numbered and written down, as lost as they would be on a dead line.
    pub fn half_open(&self) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get_mut(&number) {
                connection.mute = true;
                connection.line.freeze();
            }
        });
    }

    /// Holds everything back for this long, in both directions, and then lets it through.
    pub fn stall(&self, how_long: Duration) {
        self.server.with(|state| {
            for number in state.connections_of(self.of.as_deref()) {
                let Some(connection) = state.connections.get(&number) else {
                    continue;
                };
                let line = connection.line.clone();
                line.freeze();
                state.later(how_long, move |_| line.thaw());
            }
        });
    }

    /// Answers no ping on these sockets, nor on later ones of the same account, or answers again.
    pub fn withhold_pongs(&self, withhold: bool) {
        self.server.with(|state| {
            let faults = &mut state.faults;
            match &self.of {
                None => faults.withhold_pongs = withhold,
                Some(account) if withhold => {
                    faults.withhold_pongs_of.insert(account.clone());
                }
                Some(account) => {
                    faults.withhold_pongs_of.remove(account);
                }
            }
        });
    }

    /// Sends each of the next `events` events twice.
    pub fn duplicate(&self, events: u32) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get_mut(&number) {
                connection.duplicate = events;
            }
        });
    }

    /// Sends the next `pairs` pairs of events in the wrong order.
    pub fn reorder(&self, pairs: u32) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get_mut(&number) {
                connection.reorder = pairs;
            }
        });
    }

    /// Sends a message that belongs to no event, such as `{"action":99}`.
    pub fn message(&self, message: &Value) {
        self.each(|state, number| state.tell(number, message));
    }

    /// Sends a message packet with this text behind the digit, which need not be JSON.
    pub fn raw_message(&self, text: &str) {
        self.each(|state, number| state.tell_raw(number, text));
    }

    /// Sends a whole text frame that is no message packet; it has no number and no row.
    ///
    /// A text that begins with `4` is sent as by [`Links::raw_message`].
    pub fn packet(&self, text: &str) {
        if let Some(message) = text.strip_prefix('4') {
            return self.raw_message(message);
        }
        self.each(|state, number| state.send(number, Outgoing::Text(text.into())));
    }

    /// Sends a text frame that claims this many bytes, until the peer has had enough.
    pub fn oversized(&self, bytes: u64) {
        self.each(|state, number| state.send(number, Outgoing::Oversized(bytes, BEGINNING)));
    }
}
