//! The socket as origins and edges name it.
//!
//! An origin of a frame is the connection and the frame's number on it. The server's own connection id is the name if
//! it was never used before, which the checkpoint `connections` proves; otherwise the run's nonce makes the name
//! unique. Both hold over restarts, because an origin that is used twice would be an event that is lost.
//!
//! An *edge* is one end of a gap. Its time is a second before the last frame, since nobody knows how long that was on
//! its way; a pong moves it forward, because everything sent before the ping was then read.

use std::collections::HashSet;

use antiphon_core::{Edge, Origin};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{EDGE_SLACK, Moment, chat_ids::ORIGINS, heartbeat::Heartbeat};
use crate::wire;

/// Number of connection ids that are remembered; once so many are, every other one counts as used.
const USED: usize = 1024;
/// Longest connection id that becomes part of an origin.
const LONGEST_CONNECTION: usize = 64;

/// The current socket: its names, the numbers of its frames, and its heartbeat.
///
/// - `name` is part of no origin of an earlier socket, over restarts as well.
/// - `frame` and `packets` begin at 0 with every socket and count every frame that becomes an event.
/// - `last` is the edge of a frame that stands in the outbox or is held back.
#[derive(Debug, Default)]
pub(super) struct Connection {
    /// Number of the socket in this run; answers to requests of an earlier socket have another.
    pub(super) epoch: u64,
    /// Name of the connection in origins and edges.
    pub(super) name: String,
    /// Id of the connection as the server knows it.
    pub(super) id: String,
    /// Id of the client as the server knows it.
    pub(super) client_id: String,
    /// Connection ids that origins of this account have used.
    pub(super) used: UsedIds,
    /// Number of the last message packet.
    frame: u64,
    /// Number of the last kept frame that is no message packet.
    packets: u64,
    /// Pings of the socket; absent without one.
    pub(super) heartbeat: Option<Heartbeat>,
    /// Edge of the last frame received on any socket.
    pub(super) last: Option<Edge>,
    /// Time when reading last stopped; absent once a pong proves that everything sent before was read.
    behind_since: Option<Timestamp>,
}

impl Connection {
    /// Begins another socket, named by the run's nonce until the server sends its id.
    pub(super) fn begin(&mut self, nonce: &str, client_id: &str) {
        self.epoch += 1;
        self.frame = 0;
        self.packets = 0;
        self.name = format!("{nonce}-{}", self.epoch);
        self.id.clone_from(&self.name);
        client_id.clone_into(&mut self.client_id);
        self.behind_since = None;
    }

    /// Takes up the server's id of the connection, and says whether it became the name by itself.
    ///
    /// An id that an earlier socket may have had becomes only a part of the name.
    pub(super) fn rename(&mut self, id: String) -> bool {
        let is_new = self.used.is_new(&id);
        if is_new {
            self.used.note(&id);
            self.name.clone_from(&id);
        } else if is_plain(&id) {
            self.name = format!("{id}-{}", self.name);
        }
        self.id = id;
        is_new
    }

    /// Counts a message packet.
    pub(super) fn count_frame(&mut self) {
        self.frame += 1;
    }

    /// Origin of the last message packet.
    pub(super) fn origin(&self) -> Origin {
        Origin::frame(&self.name, self.frame)
    }

    /// Counts a frame that is no message packet, and gives its origin.
    pub(super) fn packet_origin(&mut self) -> Origin {
        self.packets += 1;
        Origin::frame(&format!("{}/packet", self.name), self.packets)
    }

    /// Takes an open packet, and says whether it is the first of the socket.
    pub(super) fn on_open_packet(&mut self, body: &[u8], now: Moment) -> bool {
        let is_object = body.first() == Some(&b'{');
        let open: Option<wire::Open> = is_object
            .then(|| antiphon_core::read_json(body).ok())
            .flatten();
        let was_told = self.heartbeat.as_ref().is_some_and(|it| it.is_told);
        let is_open = open.is_some();
        if is_open || self.heartbeat.is_none() {
            self.heartbeat = Some(Heartbeat::new(open, now));
        }
        is_open && !was_told
    }

    /// Takes a pong, which proves that everything sent before its ping was read.
    pub(super) fn on_pong(&mut self, now: Moment) {
        let asked = self.heartbeat.as_mut().and_then(|it| it.on_pong(now));
        if let (Some(asked), Some(last)) = (asked, &mut self.last)
            && last.connection.as_deref() == Some(&*self.name)
        {
            let asked = asked.checked_sub(EDGE_SLACK).unwrap_or(asked);
            last.at = last.at.max(asked);
        }
        self.behind_since = None;
    }

    /// Notes that reading stops.
    pub(super) fn fall_behind(&mut self, now: Moment) {
        self.behind_since.get_or_insert(now.wall);
    }

    /// Start of a gap after this frame, backdated by `EDGE_SLACK` because transit time is unknown.
    pub(super) fn edge(&self, now: Moment) -> Edge {
        let behind = self.behind_since.unwrap_or(now.wall);
        let read = behind.min(now.wall);
        let at = read.checked_sub(EDGE_SLACK).unwrap_or(read);
        Edge::frame(at, self.name.clone(), self.frame)
    }

    /// End of a gap before this frame; not backdated, since nothing sent before it is missing after it.
    pub(super) fn far_edge(&self, now: Moment) -> Edge {
        Edge::frame(now.wall, self.name.clone(), self.frame)
    }
}

/// The connection ids that origins of this account have used; part `connections` of the checkpoint.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct UsedIds {
    used: HashSet<String>,
}

impl UsedIds {
    /// Whether an id may be a name by itself: it has the form of one, and no earlier socket had it.
    ///
    /// Once [`USED`] ids are remembered, no further one may.
    fn is_new(&self, id: &str) -> bool {
        is_plain(id) && self.used.len() < USED && !self.used.contains(id)
    }

    /// Remembers an id.
    pub(super) fn note(&mut self, id: &str) {
        if self.used.len() < USED && id.len() <= LONGEST_CONNECTION {
            self.used.insert(id.to_owned());
        }
    }
}

/// Whether an id differs from every other beginning of an origin.
fn is_plain(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    (1..=LONGEST_CONNECTION).contains(&id.len()) && id.bytes().all(fits) && !ORIGINS.contains(&id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_stand_alone_once_and_only_while_all_are_remembered() {
        let mut used = UsedIds::default();
        assert!(used.is_new("c1"));
        used.note("c1");
        assert!(!used.is_new("c1") && used.is_new("c2"));
        for odd in ["", "chat", "a/b", "a b", &"x".repeat(65)] {
            assert!(!used.is_new(odd), "{odd}");
        }
        for number in 0..USED {
            used.note(&format!("n{number}"));
        }
        assert!(!used.is_new("another"), "it may be a forgotten one");
    }
}
