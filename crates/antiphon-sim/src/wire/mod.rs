//! The wire: the newest frames, requests and answers of every connection, in both directions.
//!
//! A connection is watched from its first request to its end, whatever platform serves it: requests and answers where
//! HTTP is served (`web`), frames where a socket is read (`socket`) and written (`outgoing`). Frames are noted before any
//! compression.
//!
//! Bounded: [`PER_CONNECTION`] entries of a connection, [`CONNECTIONS`] connections of a platform and [`BYTES`] of
//! bodies altogether; the oldest go first. A body is kept up to [`SHOWN`] bytes. What is shown has no secrets
//! ([`mask`]).

mod mask;

pub use self::mask::masked;

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Request, header::CONTENT_TYPE};
use http_body_util::BodyExt as _;
use serde::Serialize;

use crate::{web::Page, world::World};

/// Entries kept of each connection.
pub(crate) const PER_CONNECTION: usize = 500;
/// Connections of a platform whose entries are kept.
///
/// For one more, that which has been silent for the longest time is forgotten, one that is over first.
pub(crate) const CONNECTIONS: usize = 64;
/// Bytes of all bodies that are kept.
const BYTES: usize = 32 << 20;
/// Bytes of a body that are kept.
const SHOWN: usize = 4096;
/// Entries that one question shows, unless fewer are asked for.
pub(crate) const PAGE: usize = 500;

/// A frame, a request or an answer, as it went over a connection.
///
/// Tokens, passwords and keys are masked, in addresses and in bodies; headers, and with them cookies, are left out.
/// As JSON it is a line of `GET /wire`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WireEntry {
    /// Number among all entries of the simulation, from 1.
    pub n: u64,
    /// Wall time in Unix milliseconds.
    pub at: i64,
    /// Platform, such as `discord`.
    pub platform: &'static str,
    /// Host of the server that it was sent to or by, such as `gateway.discord.gg`.
    pub server: Arc<str>,
    /// Number of the connection in the simulation, from 1.
    pub connection: u64,
    /// The side that sent it.
    pub from: WireSide,
    /// What it is.
    #[serde(flatten)]
    pub what: WireKind,
    /// Body of a request or an answer, text of a frame, or reason of a close frame: the first 4 KiB. Empty for HTML, and
    /// for a body that is not there.
    pub body: String,
    /// Bytes of the whole body.
    pub bytes: u64,
}

/// The side of a connection that sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WireSide {
    /// The client under test.
    Client,
    /// The simulated platform.
    Server,
}

/// What went over a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "lowercase")]
#[non_exhaustive]
pub enum WireKind {
    /// A request.
    Request {
        /// Method, such as `POST`.
        method: String,
        /// Path and query.
        path: String,
        /// Status of its answer, once there is one.
        status: Option<u16>,
    },
    /// The answer to a request.
    Answer {
        /// Status; 101 begins a socket.
        status: u16,
        /// Number of the request's entry.
        to: u64,
    },
    /// The connection was closed in place of an answer.
    Dropped {
        /// Number of the request's entry.
        to: u64,
    },
    /// A frame of a socket.
    Frame {
        /// Whether it is binary; its text is then what can be read of it.
        binary: bool,
    },
    /// A close frame.
    Close {
        /// Its code; 1005 if it has none.
        code: u16,
    },
    /// The end of a connection that was a socket.
    End,
}

/// What a question about the wire asks for; everything by default.
#[derive(Clone, Debug, Default)]
pub struct WireQuery {
    /// Only entries with a greater number, from the oldest on; without it, the newest ones.
    pub after: Option<u64>,
    /// Only this platform's.
    pub platform: Option<String>,
    /// Only this connection's.
    pub connection: Option<u64>,
    /// Only what this side sent.
    pub from: Option<WireSide>,
    /// At most so many entries. Default: 500.
    pub limit: Option<usize>,
}

/// The newest frames, requests and answers of every connection; clones share them.
///
/// Kept are the newest 500 entries of a connection, of the 64 connections of each platform that spoke last, and 32 MiB
/// of bodies altogether, each up to 4 KiB.
///
/// ```
/// use antiphon_sim::{Simulator, WireKind, WireQuery};
/// use bytes::Bytes;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// let rooms = http::Request::get("https://api.queup.net/room?token=canary").body(Bytes::new())?;
/// sim.network().http().send(rooms).await?;
///
/// let seen = sim.wire().entries(&WireQuery::default());
/// assert!(matches!(&seen[0].what, WireKind::Request { path, status: Some(200), .. } if path == "/room?token=[masked]"));
/// assert!(matches!(seen[1].what, WireKind::Answer { status: 200, to } if to == seen[0].n));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Wire(Arc<Mutex<Log>>);

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Bodies are masked only when they are shown.
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

struct Log {
    world: World,
    /// Entries and connections so far.
    entries: u64,
    connections: u64,
    /// Sum of the kept bodies.
    bytes: usize,
    lanes: BTreeMap<u64, Lane>,
}

/// The entries of one connection.
struct Lane {
    platform: &'static str,
    server: Arc<str>,
    is_over: bool,
    /// The oldest first; never empty.
    entries: VecDeque<Kept>,
}

/// An entry before it is masked.
#[derive(Clone)]
struct Kept {
    n: u64,
    at: i64,
    from: WireSide,
    what: WireKind,
    body: Arc<str>,
    bytes: u64,
}

impl Wire {
    pub(crate) fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(Log {
            world,
            entries: 0,
            connections: 0,
            bytes: 0,
            lanes: BTreeMap::new(),
        })))
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch a connection to a server.
    pub(crate) fn connection(&self, platform: &'static str, server: &Arc<str>) -> Watch {
        let mut log = self.log();
        log.connections += 1;
        Watch {
            number: log.connections,
            platform,
            server: Arc::clone(server),
            wire: self.clone(),
        }
    }

    /// Number of the last entry; 0 if there is none.
    pub fn last(&self) -> u64 {
        self.log().entries
    }

    /// The entries that fit a question, the oldest first.
    pub fn entries(&self, query: &WireQuery) -> Vec<WireEntry> {
        let log = self.log();
        let limit = query.limit.unwrap_or(PAGE);
        let lanes = log.lanes.iter().filter(|(number, lane)| {
            query.connection.is_none_or(|only| only == **number)
                && query
                    .platform
                    .as_deref()
                    .is_none_or(|only| only == lane.platform)
        });
        let mut found: Vec<(&u64, &Lane, &Kept)> = lanes
            .flat_map(|(number, lane)| lane.entries.iter().map(move |kept| (number, lane, kept)))
            .filter(|(_, _, kept)| query.from.is_none_or(|only| only == kept.from))
            .filter(|(_, _, kept)| query.after.is_none_or(|after| kept.n > after))
            .collect();
        found.sort_unstable_by_key(|(_, _, kept)| kept.n);
        let first = match query.after {
            Some(_) => 0,
            None => found.len().saturating_sub(limit),
        };
        let asked = found.iter().skip(first).take(limit);
        let asked: Vec<_> = asked
            .map(|(number, lane, kept)| {
                let server = Arc::clone(&lane.server);
                (**number, lane.platform, server, (*kept).clone())
            })
            .collect();
        // Masking takes its time, and every frame of every connection is noted under the lock.
        drop(log);
        let shown = asked
            .into_iter()
            .map(|(number, platform, server, kept)| kept.shown(number, platform, server));
        shown.collect()
    }
}

impl Kept {
    /// The entry as it may be shown.
    fn shown(self, connection: u64, platform: &'static str, server: Arc<str>) -> WireEntry {
        let mut what = self.what;
        if let WireKind::Request { path, .. } = &mut what {
            *path = mask::address(path);
        }
        WireEntry {
            n: self.n,
            at: self.at,
            platform,
            server,
            connection,
            from: self.from,
            what,
            body: mask::masked(&self.body),
            bytes: self.bytes,
        }
    }
}

impl Log {
    /// Adds an entry, and forgets the oldest beyond the limits; returns its number.
    fn add(
        &mut self,
        watch: &Watch,
        from: WireSide,
        what: WireKind,
        body: Arc<str>,
        bytes: u64,
    ) -> u64 {
        self.entries += 1;
        let (n, at) = (self.entries, self.world.now());
        let is_end = matches!(what, WireKind::End);
        if !self.lanes.contains_key(&watch.number) {
            self.make_room(watch.platform);
        }
        self.bytes += body.len();
        let lane = self.lanes.entry(watch.number).or_insert_with(|| Lane {
            platform: watch.platform,
            server: Arc::clone(&watch.server),
            is_over: false,
            entries: VecDeque::new(),
        });
        lane.is_over |= is_end;
        lane.entries.push_back(Kept {
            n,
            at,
            from,
            what,
            body,
            bytes,
        });
        if lane.entries.len() > PER_CONNECTION {
            self.forget_first(watch.number);
        }
        while self.bytes > BYTES {
            let oldest = self.lanes.iter().min_by_key(|(_, lane)| lane.first());
            let Some(oldest) = oldest.map(|(number, _)| *number) else {
                break;
            };
            self.forget_first(oldest);
        }
        n
    }

    /// Writes the status of its answer into a request that is still kept.
    fn answered(&mut self, connection: u64, request: u64, answer: u16) {
        let lane = self.lanes.get_mut(&connection);
        let entries = lane
            .into_iter()
            .flat_map(|lane| lane.entries.iter_mut().rev());
        let mut request = entries.filter(|kept| kept.n == request);
        if let Some(WireKind::Request { status, .. }) = request.next().map(|kept| &mut kept.what) {
            *status = Some(answer);
        }
    }

    /// Forgets a connection of the platform if there are as many as are kept.
    fn make_room(&mut self, platform: &str) {
        let of_it = |lane: &&Lane| lane.platform == platform;
        if self.lanes.values().filter(of_it).count() < CONNECTIONS {
            return;
        }
        let lanes = self
            .lanes
            .iter()
            .filter(|(_, lane)| lane.platform == platform);
        let silent = lanes.min_by_key(|(_, lane)| (!lane.is_over, lane.last()));
        let silent = silent.map(|(number, _)| *number);
        if let Some(lane) = silent.and_then(|number| self.lanes.remove(&number)) {
            self.bytes -= lane
                .entries
                .iter()
                .map(|kept| kept.body.len())
                .sum::<usize>();
        }
    }

    /// Forgets the first entry of a connection, and the connection with its last one.
    fn forget_first(&mut self, number: u64) {
        let Some(lane) = self.lanes.get_mut(&number) else {
            return;
        };
        if let Some(oldest) = lane.entries.pop_front() {
            self.bytes -= oldest.body.len();
        }
        if lane.entries.is_empty() {
            self.lanes.remove(&number);
        }
    }
}

impl Lane {
    fn first(&self) -> u64 {
        self.entries.front().map_or(0, |kept| kept.n)
    }

    fn last(&self) -> u64 {
        self.entries.back().map_or(0, |kept| kept.n)
    }
}

/// A connection that is watched; clones watch the same one.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    wire: Wire,
    /// Number of the connection in the simulation.
    number: u64,
    platform: &'static str,
    server: Arc<str>,
}

impl Watch {
    fn add(&self, from: WireSide, what: WireKind, body: &[u8]) -> u64 {
        self.add_text(from, what, beginning(body), body.len() as u64)
    }

    fn add_text(&self, from: WireSide, what: WireKind, body: Arc<str>, bytes: u64) -> u64 {
        self.wire.log().add(self, from, what, body, bytes)
    }

    /// Notes a request; returns the number of its entry.
    pub(crate) fn request(&self, request: &Request<Option<Bytes>>) -> u64 {
        let path = request.uri().path_and_query();
        let path = path.map_or("", http::uri::PathAndQuery::as_str);
        let what = WireKind::Request {
            method: request.method().to_string(),
            path: path[..end(path.as_bytes())].to_owned(),
            status: None,
        };
        let body = request.body().as_deref().unwrap_or_default();
        self.add(WireSide::Client, what, body)
    }

    /// Notes the answer to a request; of a page of HTML, only its length.
    pub(crate) fn answer(&self, to: u64, page: &Page) {
        let what = WireKind::Answer {
            status: page.status().as_u16(),
            to,
        };
        // A whole body is there at once.
        let body = page.body().clone().collect().now_or_never();
        let body = body
            .and_then(Result::ok)
            .map(http_body_util::Collected::to_bytes);
        let body = body.unwrap_or_default();
        let kind = page.headers().get(CONTENT_TYPE);
        let is_html = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        let shown = if is_html {
            Arc::default()
        } else {
            beginning(&body)
        };
        self.wire
            .log()
            .answered(self.number, to, page.status().as_u16());
        self.add_text(WireSide::Server, what, shown, body.len() as u64);
    }

    /// Notes that the connection is closed in place of an answer.
    pub(crate) fn dropped(&self, to: u64) {
        self.add(WireSide::Server, WireKind::Dropped { to }, b"");
    }

    /// Notes that an answer begins a socket.
    pub(crate) fn upgraded(&self, to: u64) {
        let what = WireKind::Answer { status: 101, to };
        self.wire.log().answered(self.number, to, 101);
        self.add(WireSide::Server, what, b"");
    }

    /// Notes a text frame that is written.
    pub(crate) fn text(&self, text: &Arc<str>) {
        let what = WireKind::Frame { binary: false };
        let body = if text.len() <= SHOWN {
            Arc::clone(text)
        } else {
            beginning(text.as_bytes())
        };
        self.add_text(WireSide::Server, what, body, text.len() as u64);
    }

    /// Notes a frame of other bytes that is written; `bytes` is its whole length.
    pub(crate) fn other(&self, beginning: &[u8], bytes: u64, binary: bool) {
        let what = WireKind::Frame { binary };
        self.add_text(WireSide::Server, what, self::beginning(beginning), bytes);
    }

    /// Notes a message that a client sent.
    pub(crate) fn heard(&self, payload: &[u8], binary: bool) {
        self.add(WireSide::Client, WireKind::Frame { binary }, payload);
    }

    /// Notes a close frame.
    pub(crate) fn closes(&self, from: WireSide, code: u16, reason: &str) {
        self.add(from, WireKind::Close { code }, reason.as_bytes());
    }

    /// Notes the end of a socket.
    pub(crate) fn ended(&self) {
        self.add(WireSide::Server, WireKind::End, b"");
    }
}

/// The part of a body that is kept.
fn beginning(body: &[u8]) -> Arc<str> {
    String::from_utf8_lossy(&body[..end(body)]).into()
}

/// Where the part that is kept ends, which is no byte inside a character.
fn end(body: &[u8]) -> usize {
    let mut end = body.len().min(SHOWN);
    while end < body.len() && end > 0 && body[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use antiphon_core::Clock;

    use super::*;

    fn wire() -> Wire {
        Wire::new(World::new(7, 1, Clock::system()))
    }

    fn watch(wire: &Wire, platform: &'static str) -> Watch {
        wire.connection(platform, &"host.example".into())
    }

    #[test]
    fn a_connection_keeps_its_newest_entries() {
        let wire = wire();
        let loud = watch(&wire, "discord");
        let quiet = watch(&wire, "discord");
        quiet.heard(b"once", false);
        for number in 0..PER_CONNECTION * 2 {
            loud.text(&number.to_string().into());
        }
        let all = WireQuery {
            limit: Some(usize::MAX),
            ..WireQuery::default()
        };
        let entries = wire.entries(&all);
        assert_eq!(entries.len(), PER_CONNECTION + 1);
        assert_eq!(entries[0].body, "once", "a loud neighbour costs it nothing");
        assert_eq!(entries[1].body, PER_CONNECTION.to_string());
        let newest = wire.entries(&WireQuery {
            limit: Some(2),
            ..WireQuery::default()
        });
        assert_eq!(
            newest.iter().map(|entry| entry.n).collect::<Vec<_>>(),
            [1000, 1001]
        );
        let behind = WireQuery {
            after: Some(990),
            limit: Some(2),
            ..WireQuery::default()
        };
        let behind = wire.entries(&behind);
        assert_eq!(
            behind.iter().map(|entry| entry.n).collect::<Vec<_>>(),
            [991, 992]
        );
    }

    #[test]
    fn connections_that_are_over_are_forgotten_first() {
        let wire = wire();
        let open = watch(&wire, "queup");
        open.heard(b"open", false);
        let elsewhere = watch(&wire, "discord");
        elsewhere.heard(b"elsewhere", false);
        for _ in 0..CONNECTIONS * 2 {
            let over = watch(&wire, "queup");
            over.heard(b"over", false);
            over.ended();
        }
        let log = wire.log();
        assert_eq!(log.lanes.len(), CONNECTIONS + 1);
        assert!(log.lanes.contains_key(&open.number) && log.lanes.contains_key(&elsewhere.number));
    }

    #[test]
    fn bodies_are_cut_at_a_character_and_bounded_together() {
        let wire = wire();
        let body = "é".repeat(SHOWN);
        let first = watch(&wire, "discord");
        first.heard(&body.as_bytes()[..SHOWN - 1], false);
        first.heard(format!("a{body}").as_bytes(), false);
        let entries = wire.entries(&WireQuery::default());
        assert_eq!(entries[1].body.len(), SHOWN - 1);
        assert!(!entries[1].body.contains('\u{fffd}'));
        assert_eq!(entries[1].bytes, 2 * SHOWN as u64 + 1);
        for _ in 0..40 {
            let watch = watch(&wire, "discord");
            for _ in 0..PER_CONNECTION {
                watch.heard(body.as_bytes(), false);
            }
        }
        let log = wire.log();
        assert!(log.bytes <= BYTES && log.bytes > BYTES / 2, "{}", log.bytes);
        let kept = log.lanes.values().flat_map(|lane| &lane.entries);
        assert_eq!(kept.map(|kept| kept.body.len()).sum::<usize>(), log.bytes);
        assert!(
            !log.lanes.contains_key(&first.number),
            "the oldest go first"
        );
    }
}
