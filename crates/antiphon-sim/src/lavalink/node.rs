//! One node: its sessions and faults.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    filters,
    quirk::NodeQuirk,
    request_log::RequestLog,
    session::{Caller, Session},
    wire::Quirks,
};
use crate::fault::Faults;

/// Addresses that a route planner may fail at, and since when (Unix milliseconds).
pub(crate) type FailingAddresses = BTreeMap<String, i64>;

/// A node, with the state of its process.
#[derive(Debug)]
pub(crate) struct Node {
    /// Its name in this world, such as `eu-1`.
    pub(crate) name: &'static str,
    pub(crate) password: String,
    pub(crate) sessions: BTreeMap<String, Session>,
    /// The newest session of each user, to which events are due.
    pub(crate) newest: BTreeMap<u64, String>,
    /// When its process started, in Unix milliseconds.
    pub(crate) started_at: i64,
    pub(crate) faults: Faults,
    pub(crate) quirks: Quirks,
    /// Until when its process is dead, in Unix milliseconds: every connection is closed without an answer.
    pub(crate) down_until: i64,
    /// Whether the node is of another version, without `/v4/websocket`.
    pub(crate) is_other_version: bool,
    /// Filters that its owner switched off.
    pub(crate) disabled_filters: Vec<String>,
    /// Load of the machine and of the node, where they are set.
    pub(crate) loads: Option<(f64, f64)>,
    /// Frames nulled and missing a minute, where they are set.
    pub(crate) frames: Option<(i64, i64)>,
    /// Addresses that failed, if there is a route planner.
    pub(crate) planner: Option<FailingAddresses>,
    /// Requests that it received.
    pub(crate) requests: RequestLog,
}

impl Node {
    pub(crate) fn new(name: &'static str, password: String, now: i64) -> Self {
        Self {
            name,
            password,
            sessions: BTreeMap::new(),
            newest: BTreeMap::new(),
            started_at: now,
            faults: Faults::default(),
            quirks: Quirks::new(),
            down_until: i64::MIN,
            is_other_version: false,
            disabled_filters: Vec::new(),
            loads: None,
            frames: None,
            planner: None,
            requests: RequestLog::default(),
        }
    }

    /// The session that a caller may resume, if there is one.
    pub(crate) fn resumable(&self, caller: &Caller) -> Option<Arc<str>> {
        if self.quirks.contains(&NodeQuirk::NoResume) {
            return None;
        }
        let session = self.sessions.get(caller.session.as_deref()?)?;
        // Until the node notices that a socket is dead, its session is live and cannot be resumed.
        (session.link.is_none()).then(|| Arc::clone(&session.id))
    }

    /// The session that has the socket of this number.
    pub(crate) fn session_with(&mut self, number: u64) -> Option<&mut Session> {
        let mut sessions = self.sessions.values_mut();
        sessions.find(|session| session.has_socket(number))
    }

    pub(crate) fn is_down(&self, now: i64) -> bool {
        self.down_until > now
    }

    /// Names of the filters that work here.
    pub(crate) fn filters(&self) -> Vec<&'static str> {
        let names = filters::NAMES.into_iter();
        names
            .filter(|name| !self.disabled_filters.iter().any(|other| other == name))
            .collect()
    }
}

/// The host of the node with this name.
pub(crate) fn host(name: &str) -> String {
    format!("lava-{name}.example")
}
