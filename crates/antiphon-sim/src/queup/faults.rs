//! Faults of sockets that only QueUp has, beside those of every socket.
//!
//! A dead socket, a frame that is no packet, a packet that is no message, and a message that is no event: each is told apart by a
//! client in another place, so each has a fault of its own.

use std::{ops::Deref, sync::Arc};

use serde_json::Value;

use super::state::State;
use crate::{
    outgoing::Outgoing,
    server::Server,
    sockets::{HasSockets as _, Selection, Sockets},
};

/// Control handle of some of the open sockets: everyone's, one account's, or a single one.
///
/// The sockets are looked up at each call. It dereferences to [`Sockets`], which has the faults that every platform
/// knows.
///
/// ```
/// use antiphon_sim::Simulator;
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let queup = Simulator::with_seed(7).queup();
/// let bot = queup.links_of("antiphon");
/// bot.message(&json!({"action": 99}));
/// bot.raw_message("{ this is no JSON");
/// bot.packet("6");
/// bot.reorder(1);
/// bot.duplicate(2);
/// assert!(bot.list().is_empty(), "the bot is not connected");
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Links {
    server: Arc<Server<State>>,
    /// Faults that every platform's sockets know.
    sockets: Sockets,
}

impl Deref for Links {
    type Target = Sockets;

    fn deref(&self) -> &Sockets {
        &self.sockets
    }
}

/// One open socket.
///
/// What a socket has done by the time of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Connection id.
    pub connection: String,
    /// Id of the account, or the passing id of a guest.
    ///
    /// A guest's id is random and 32 digits long.
    pub client: String,
    /// Message packets sent so far.
    pub frames: u64,
    /// Channels attached.
    ///
    /// Sorted by name.
    pub channels: Vec<String>,
}

impl Links {
    pub(super) fn new(server: &Arc<Server<State>>, account: Option<String>) -> Self {
        let of = Selection {
            account,
            ..Selection::default()
        };
        Self {
            server: Arc::clone(server),
            sockets: Sockets::new(server, of),
        }
    }

    /// The selected sockets.
    ///
    /// The oldest first; a socket that is closed is not among them.
    pub fn list(&self) -> Vec<Link> {
        self.server.with(|state| {
            let numbers = state.select(&self.of);
            numbers
                .iter()
                .filter_map(|number| state.channels.connections.get(number))
                .map(|connection| Link {
                    connection: connection.socket.id.clone(),
                    client: connection.client.id().to_owned(),
                    frames: connection.socket.frames,
                    channels: connection.channels.iter().cloned().collect(),
                })
                .collect()
        })
    }

    /// Acts on each of the selected sockets.
    fn each(&self, act: impl Fn(&mut State, u64)) {
        self.server.with(|state| {
            for number in state.select(&self.of) {
                act(state, number);
            }
        });
    }

    /// Sets whether pings stay without an answer: on every socket, on an account's, later ones included, or on one
    /// connection.
    pub fn withhold_pongs(&self, withhold: bool) {
        self.server.with(|state| {
            let faults = &mut state.faults;
            match &self.of.account {
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

    /// Sends the next `pairs` pairs of events in the wrong order.
    ///
    /// The first event of a pair waits for the second, however long that takes; if the socket ends before, it was missed.
    pub fn reorder(&self, pairs: u32) {
        self.each(|state, number| {
            if let Some(connection) = state.channels.connections.get_mut(&number) {
                connection.reordering.pairs = pairs;
            }
        });
    }

    /// Sends a message that belongs to no event, such as `{"action":99}`.
    ///
    /// It is due to the socket's own account, because it was sent to nobody else.
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
}
