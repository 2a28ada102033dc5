//! The Gateway's part of the state: sessions, connections, and accounts that are due events.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use antiphon_core::Origin;

use super::{
    frame::{Event, KeyOrder},
    model::Id,
    settings::Settings,
};
use crate::sockets::{Reordering, Selection, Socket};

/// Milliseconds within which `max_concurrency` limits identifies.
const IDENTIFY_WINDOW: i64 = 5_000;

/// A shard's number, and the number of shards.
pub(crate) type Shard = (u32, u32);

/// An account that is due a shard's events, from its first IDENTIFY until its client leaves.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) intents: u64,
    /// The newest session there.
    pub(crate) session: String,
}

/// A session; it outlives its connection by `session_life`.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    /// Number among all sessions; the newest has the highest.
    pub(crate) number: u64,
    pub(crate) account: Id,
    pub(crate) shard: Shard,
    pub(crate) intents: u64,
    pub(crate) large_threshold: usize,
    /// Sequence of the last event.
    pub(crate) seq: u64,
    /// Events for a resume, oldest first.
    pub(crate) buffer: VecDeque<Kept>,
    pub(crate) connection: Option<u64>,
    /// When its connection was lost.
    pub(crate) lost_at: Option<i64>,
}

/// An event of a session.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) seq: u64,
    pub(crate) event: Event,
    pub(crate) body: Arc<str>,
}

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

pub(crate) fn origin(kept: &Kept, session: &str) -> String {
    match &kept.event.occurrence {
        Some(occurrence) => occurrence.to_string(),
        None => Origin::sequence(session, kept.seq).as_str().to_owned(),
    }
}

/// The shard that a guild's events go to.
pub(crate) fn shard_of(guild: Option<Id>, count: u32) -> u32 {
    let shard = guild.map_or(0, |guild| (guild >> 22) % u64::from(count.max(1)));
    u32::try_from(shard).unwrap_or(0)
}

/// Faults that only this platform has.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct GatewayFaults {
    /// Heartbeats are not acknowledged.
    pub(crate) withholds_acks: bool,
    /// Delay of heartbeat acknowledgements.
    pub(crate) late_acks: Duration,
    /// Connections to the resume host fail.
    pub(crate) resume_host_is_stale: bool,
    /// Compressed payloads come in several messages of at most this many bytes.
    pub(crate) split: Option<usize>,
    pub(crate) key_order: KeyOrder,
    /// Ids inside events are numbers.
    pub(crate) numeric_ids: bool,
    /// `MESSAGE_UPDATE` has only the changed fields.
    pub(crate) partial_updates: bool,
    /// Presences have an unknown status, and a user with more than an id.
    pub(crate) odd_presences: bool,
    /// The voice server's address comes before the voice state.
    pub(crate) voice_server_first: bool,
    /// The voice server's address is null at first.
    pub(crate) voice_server_missing: bool,
    /// Chunks of members come in the wrong order.
    pub(crate) chunks_reversed: bool,
    /// This chunk of members does not come.
    pub(crate) chunk_missing: Option<usize>,
    /// Members in a chunk, at most.
    pub(crate) chunk_size: Option<usize>,
    /// RESUMED has null instead of an object.
    pub(crate) resumed_is_null: bool,
    /// IDENTIFYs that are still to be refused, and whether with 4004.
    pub(crate) refused_logins: (u32, bool),
}

/// Sessions and connections.
///
/// Two things hold at every moment: a session's `connection` is the number of an open connection whose `session` is its
/// id, or `None`; and each account and shard that identified once has one entry in `due`, until its client leaves.
#[derive(Debug)]
pub(crate) struct Gateway {
    /// Addresses that clients connect to: for the first time, and to resume.
    pub(crate) address: String,
    pub(crate) resume_address: String,
    pub(crate) faults: GatewayFaults,
    pub(crate) sessions: BTreeMap<String, Session>,
    /// Accounts that are due events, by account and shard.
    pub(crate) due: BTreeMap<(Id, Shard), Due>,
    pub(crate) connections: BTreeMap<u64, Connection>,
    /// Connections and sessions opened so far, which are numbered together.
    pub(crate) opened: u64,
    /// Times of recent identifies, by account and bucket.
    identifies: BTreeMap<(Id, u32), Vec<i64>>,
    /// When the whole of a guild's members was last asked for, by account and guild.
    pub(crate) full_lists: BTreeMap<(Id, Id), i64>,
}

impl Gateway {
    pub(crate) fn new(host: &str, resume_host: &str) -> Self {
        Self {
            address: format!("wss://{host}"),
            resume_address: format!("wss://{resume_host}"),
            faults: GatewayFaults::default(),
            sessions: BTreeMap::new(),
            due: BTreeMap::new(),
            connections: BTreeMap::new(),
            opened: 0,
            identifies: BTreeMap::new(),
            full_lists: BTreeMap::new(),
        }
    }

    /// The number of the next connection or session.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.opened += 1;
        self.opened
    }

    /// Adds a connection; returns the number it is known by.
    pub(crate) fn open(&mut self, number: u64, socket: Socket, is_compressed: bool) {
        let connection = Connection {
            socket,
            session: None,
            is_compressed,
            beats: 0,
            acks: 0,
            heard: VecDeque::new(),
            reordering: Reordering::default(),
        };
        self.connections.insert(number, connection);
    }

    /// The session of a connection.
    pub(crate) fn session_on(&self, number: u64) -> Option<String> {
        self.connections.get(&number)?.session.clone()
    }

    /// Removes a connection; its session waits to be resumed.
    pub(crate) fn lose(&mut self, number: u64, now: i64) {
        let Some(connection) = self.connections.remove(&number) else {
            return;
        };
        let session = connection.session.and_then(|id| self.sessions.get_mut(&id));
        if let Some(session) = session.filter(|session| session.connection == Some(number)) {
            session.connection = None;
            session.lost_at = Some(now);
        }
    }

    /// Joins a connection and a session.
    pub(crate) fn join(&mut self, number: u64, session: &str) {
        if let Some(session) = self.sessions.get_mut(session) {
            session.connection = Some(number);
            session.lost_at = None;
        }
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.session = Some(session.to_owned());
        }
    }

    /// The account of a connection's session.
    pub(crate) fn account_of(&self, number: u64) -> Option<Id> {
        let session = self.session_on(number)?;
        self.sessions.get(&session).map(|session| session.account)
    }
    /// Whether a shard may identify now; counts the IDENTIFY if it may.
    pub(crate) fn may_start(
        &mut self,
        account: Id,
        shard: Shard,
        now: i64,
        settings: &Settings,
    ) -> bool {
        let bucket = shard.0 % settings.max_concurrency.max(1);
        let recent = self.identifies.entry((account, bucket)).or_default();
        recent.retain(|at| now - at < IDENTIFY_WINDOW);
        let free = recent.is_empty();
        if free {
            recent.push(now);
        }
        free
    }

    /// Sessions of an account, or all, by id.
    pub(crate) fn sessions_of(&self, account: Option<Id>) -> Vec<String> {
        let fits = |session: &&Session| account.is_none_or(|account| session.account == account);
        let sessions: BTreeMap<u64, String> = self
            .sessions
            .values()
            .filter(fits)
            .map(|session| (session.number, session.id.clone()))
            .collect();
        sessions.into_values().collect()
    }

    /// Numbers of the connections that fit a selection.
    pub(crate) fn select(&self, of: &Selection) -> Vec<u64> {
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
}
