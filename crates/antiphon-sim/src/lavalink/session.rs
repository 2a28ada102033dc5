//! Sessions of clients with nodes.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use antiphon_core::Rng;

use super::{frame_writer::Frame, player::Player};
use crate::sockets::Socket;

/// Most session ids that are remembered after their sessions.
const ISSUED: usize = 65_536;
/// Characters of session ids.
const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A client's session with a node.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: Arc<str>,
    pub(crate) user: u64,
    pub(crate) client: String,
    pub(crate) resuming: bool,
    /// Seconds that it outlives its socket, if it can be resumed.
    pub(crate) timeout: u64,
    pub(crate) link: Option<Link>,
    /// Sockets it had so far.
    pub(crate) sockets: u64,
    /// How often it lost its socket.
    pub(crate) departures: u64,
    /// Frames for the next socket, with the numbers of their ledger rows.
    pub(crate) backlog: VecDeque<(Frame, u64)>,
    pub(crate) players: BTreeMap<u64, Player>,
    /// Categories that `SponsorBlock` skips, by guild; they go with the socket and with the player.
    pub(crate) categories: BTreeMap<u64, BTreeSet<String>>,
    /// Guilds whose players tell lines of lyrics; they go with the socket.
    pub(crate) lyrics: BTreeSet<u64>,
}

/// The socket of a session.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) number: u64,
    pub(crate) socket: Socket,
    /// A close frame was written; nothing may follow it.
    pub(crate) closing: bool,
}

impl Session {
    /// Whether it has a socket that takes frames.
    pub(crate) fn is_heard(&self) -> bool {
        self.link.as_ref().is_some_and(|link| !link.closing)
    }
}

/// A client that asks for a socket.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) user: u64,
    pub(crate) client: String,
    /// The session to be resumed.
    pub(crate) session: Option<String>,
}

impl Session {
    pub(crate) fn new(id: Arc<str>, caller: Caller) -> Self {
        Self {
            id,
            user: caller.user,
            client: caller.client,
            resuming: false,
            timeout: 60,
            link: None,
            sockets: 0,
            departures: 0,
            backlog: VecDeque::new(),
            players: BTreeMap::new(),
            categories: BTreeMap::new(),
            lyrics: BTreeSet::new(),
        }
    }

    /// Whether the session has the socket of this number.
    pub(crate) fn has_socket(&self, number: u64) -> bool {
        let link = self.link.as_ref();
        link.is_some_and(|link| link.number == number)
    }
}

/// Ids of sessions, of which none is issued twice; the latest ones are remembered.
#[derive(Debug)]
pub(crate) struct SessionIds {
    chance: Rng,
    issued: BTreeSet<Arc<str>>,
}

impl SessionIds {
    pub(crate) fn new(chance: Rng) -> Self {
        Self {
            chance,
            issued: BTreeSet::new(),
        }
    }

    pub(crate) fn issue(&mut self) -> Arc<str> {
        let id: String = (0..16)
            .map(|_| char::from(LETTERS[self.chance.usize(..LETTERS.len())]))
            .collect();
        let id: Arc<str> = id.into();
        if self.issued.len() >= ISSUED {
            self.issued.clear();
        }
        self.issued.insert(Arc::clone(&id));
        id
    }

    /// Whether an id was issued, as far as is remembered.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.issued.contains(id)
    }
}
