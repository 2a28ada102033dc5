//! Channels: attached connections, and accounts that are due events.
//!
//! A channel is `room:<id>` or `user:<id>`; a connection gets what is announced in the channels that it has attached.
//! To be attached and to be due are two things: a guest, or a user outside of the room, hears a room and is due nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{frame::Frame, logins::Client};
use crate::sockets::{Reordering, Selection, Socket};

/// An open socket.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Transport and queue of this connection.
    pub(crate) socket: Socket,
    /// Owner of the token that it was opened with.
    pub(crate) client: Client,
    /// Channels that it has attached.
    pub(crate) channels: BTreeSet<String>,
    /// Channels where it has entered by presence.
    pub(crate) entered: BTreeSet<String>,
    /// Events that a fault sends in the wrong order, each with the account it is due to.
    pub(crate) reordering: Reordering<(Frame, Option<String>)>,
}

/// Connections and what they are attached to.
///
/// An account that is due a channel's events stays so when its connections end: what it misses is written into the
/// ledger until it detaches, leaves or is expelled.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    /// By a number that grows, so that the newest come last.
    pub(crate) connections: BTreeMap<u64, Connection>,
    /// Connections opened so far.
    pub(crate) opened: u64,
    /// Accounts that events of a channel are due to.
    pub(crate) due: BTreeMap<String, BTreeSet<String>>,
}

impl Channels {
    /// Numbers of the connections that fit a selection.
    pub(crate) fn select(&self, of: &Selection) -> Vec<u64> {
        let fits = |connection: &Connection| {
            let of = of.account.as_deref();
            of.is_none_or(|id| connection.client.id() == id || connection.socket.id == id)
        };
        let connections = self.connections.iter();
        let connections = connections.filter(|(_, connection)| fits(connection));
        connections.map(|(number, _)| *number).collect()
    }

    /// Whether a connection is attached to a channel, or an account is due its events.
    pub(crate) fn has_audience(&self, channel: &str) -> bool {
        self.due.get(channel).is_some_and(|due| !due.is_empty())
            || self
                .connections
                .values()
                .any(|connection| connection.channels.contains(channel))
    }

    /// Ends an account's being due a channel's events.
    pub(crate) fn settle_due(&mut self, channel: &str, account: &str) {
        if let Some(due) = self.due.get_mut(channel) {
            due.remove(account);
        }
    }

    /// Detaches all connections of an account from a channel; the account is no longer due its events.
    pub(crate) fn expel(&mut self, channel: &str, account: &str) {
        self.settle_due(channel, account);
        for connection in self.connections.values_mut() {
            if connection.client.id() == account {
                connection.channels.remove(channel);
                connection.entered.remove(channel);
            }
        }
    }
}
