//! The heartbeat of engine.io: in version 3 the client pings (protocol §3.1).
//!
//! The first ping goes out one interval after the open packet, and each further one an interval after the pong. A
//! server that does not answer within the timeout is lost. While reading is paused, pongs cannot be seen: pings go on,
//! so that the server keeps the connection, and the deadline of the pong is moved.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Cut, Moment};
use crate::wire;

/// Range of engine.io's intervals in ms; values outside are moved to its ends.
const SANE_INTERVAL: (i64, i64) = (1_000, 300_000);
/// Time between two pings in ms, where the handshake names none (protocol §3.1).
const PING_INTERVAL: i64 = 25_000;
/// Time for a pong in ms, where the handshake names none (protocol §3.1).
const PING_TIMEOUT: i64 = 60_000;

/// The heartbeat of one socket.
///
/// Either `ping_at` or `pong` is set, never both: the next ping is planned, or a pong is awaited.
#[derive(Debug)]
pub(super) struct Heartbeat {
    /// Time between two pings.
    pub(super) interval: Duration,
    /// Time for a pong.
    pub(super) timeout: Duration,
    /// Time of the next ping.
    ping_at: Option<Instant>,
    /// Time of the last ping, and the deadline of its pong.
    pong: Option<(Instant, Instant)>,
    /// Whether the intervals are those of an open packet.
    pub(super) is_told: bool,
    /// Time of the first ping without a pong.
    asked: Option<Timestamp>,
}

impl Heartbeat {
    /// The heartbeat by the intervals of an open packet, or by the defaults without one.
    pub(super) fn new(open: Option<wire::Open>, now: Moment) -> Self {
        let is_told = open.is_some();
        let open = open.unwrap_or_default();
        let sane = |ms: Option<i64>, default| {
            let ms = ms.unwrap_or(default);
            let ms = ms.clamp(SANE_INTERVAL.0, SANE_INTERVAL.1);
            Duration::from_millis(ms.unsigned_abs())
        };
        let interval = sane(open.ping_interval, PING_INTERVAL);
        Self {
            interval,
            timeout: sane(open.ping_timeout, PING_TIMEOUT),
            ping_at: Some(now.at + interval),
            pong: None,
            is_told,
            asked: None,
        }
    }

    /// Notes a ping if one is due, and says whether it is to be sent.
    ///
    /// # Errors
    /// The pong did not come in time.
    pub(super) fn beat(&mut self, paused: bool, now: Moment) -> Result<bool, Cut> {
        let due = match self.pong {
            Some((_, by)) if by <= now.at && !paused => {
                return Err(Cut("the server stopped answering pings".into()));
            }
            // While reading is paused no pong can be seen, and the server still counts our silence.
            Some((sent, _)) => paused && sent + self.interval <= now.at,
            None => self.ping_at.is_some_and(|at| at <= now.at),
        };
        if due {
            let by = self.pong.map_or(now.at + self.timeout, |(_, by)| by);
            if self.pong.is_none() {
                self.asked = Some(now.wall);
            }
            self.ping_at = None;
            self.pong = Some((now.at, by));
        }
        Ok(due)
    }

    /// Plans the next ping after a pong; gives the time of the ping that it answers.
    pub(super) fn on_pong(&mut self, now: Moment) -> Option<Timestamp> {
        self.pong = None;
        self.ping_at = Some(now.at + self.interval);
        self.asked.take()
    }

    /// Moves the deadline of the pong by the length of a pause.
    pub(super) fn extend(&mut self, pause: Duration) {
        if let Some((_, by)) = &mut self.pong {
            *by += pause;
        }
    }

    /// Time of the next call of [`Heartbeat::beat`].
    pub(super) fn deadline(&self, paused: bool) -> Option<Instant> {
        match self.pong {
            Some((sent, _)) if paused => Some(sent + self.interval),
            Some((_, by)) => Some(by),
            None => self.ping_at,
        }
    }
}
