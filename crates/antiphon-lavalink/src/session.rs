//! One node's connection as a state machine: socket events and deadlines in; openings, link states and edges out.
//!
//! A node is connected once it has sent `ready`. A lost node is asked to
//! [resume](https://lavalink.dev/api/index.html#resuming) its session; its players stay until the grace is over, since
//! it may play on (protocol §8).
//!
//! ```text
//!   Idle ──open──▶ Opening ──socket──▶ Greeting ──ready──▶ Ready
//!                     │                    │                  │
//!                     └────── lost ────────┴───────lost───────┴──▶ Waiting ──time──▶ Opening
//!                                          refused, or too often ──▶ Over
//! ```
//!
//! # Rules
//! - `ready` must come within 10 s of the open socket.
//! - Pauses between attempts grow from 1 s to 30 s at random, and start over after a connection that lasted.
//! - A refusal with 400, 401, 403 or 404 stops a node that never worked. One that has worked is tried again after 30 s
//!   to 15 min, because a proxy in front of it refuses while it restarts.
//! - The grace begins with the loss, once for each; its end is told once.
//!
//! # Which frames are missing
//! Nodes number no frames. `unheard_since` is the last frame before which none is missing: it is set when a socket
//! ends, and cleared by `ready`. A resumed session misses what was in flight when the socket *broke*; one that ended
//! with a close frame misses nothing. A new session misses everything since.
//!
//! # Origins
//! The journal stores an origin once, so every origin must be unique within the source, over restarts as well:
//! - `<nonce>p-<socket>/<frame>`: a frame. The pool counts the sockets of all its nodes, and a socket its frames.
//! - `<nonce>p-late/<number>`: a frame that was read after its socket was given up.
//! - `<nonce>p/<number>`: an event that antiphon makes.
//!
//! The nonce belongs to the run: its time and 32 random bits. No counter outlives the run, so a checkpoint that a crash
//! did not store cannot set one back, and two sources never share a nonce.

mod heartbeat;

use std::{sync::Arc, time::Duration};

use antiphon_core::{Backoff, Edge, LinkState, Moment, OpenFailure, Origin, Place};
use tokio::time::Instant;

pub(crate) use self::heartbeat::{Beat, Heartbeat};
use crate::{
    config::NodeConfig,
    event::node_place,
    model::{NodeId, NodeStatus},
    player::Features,
    wire::{Info, StatsOP},
};

/// Time that a node has to send `ready` on an open socket.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// Pause before a node is asked for its players again, so that many contradictions cost one request.
const COMPARE_AGAIN: Duration = Duration::from_secs(5);
/// Time after `ready` in which frames count as replayed; the first `playerUpdate` ends it earlier.
const REPLAY: Duration = Duration::from_secs(2);
/// Pause before the first new attempt; it doubles, with a random part.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);
/// Longest pause between two attempts.
const RECONNECT_AT_MOST: Duration = Duration::from_secs(30);
/// Shortest pause after a refusal by a node that has worked.
const REFUSED_AT_LEAST: Duration = Duration::from_secs(30);
/// Upper end of the first pause after such a refusal; it doubles.
const REFUSED_AFTER: Duration = Duration::from_secs(60);
/// Longest pause after such a refusal.
const REFUSED_AT_MOST: Duration = Duration::from_secs(15 * 60);
/// Status of a wrong password (protocol §1).
const UNAUTHORIZED: u16 = 401;

/// A connection could not be opened, or ended.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionLoss {
    /// Fatal only at a node that never worked; see [`NodeState::on_lost`].
    pub(crate) failure: OpenFailure,
    /// HTTP status of the response that refused the upgrade, if there was one.
    pub(crate) status: Option<u16>,
    /// Whether a close frame ended the connection, so that no frame before it was missed.
    pub(crate) is_orderly: bool,
}

impl ConnectionLoss {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self::of(OpenFailure::new(reason))
    }

    pub(crate) fn of(failure: OpenFailure) -> Self {
        Self {
            failure,
            status: None,
            is_orderly: false,
        }
    }
}

/// How far the connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// No attempt was made yet, or the next one is due now.
    Idle,
    /// The socket is being opened.
    Opening,
    /// The socket is open, and the node has not sent `ready` yet.
    Greeting { by: Instant },
    /// The node has sent `ready`.
    Ready,
    /// The next attempt is due then.
    Waiting { until: Instant },
    /// Given up, or closed by the user.
    Over,
}

/// Whether the node was ever connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worked {
    Never,
    /// In an earlier run.
    Earlier,
    /// In this run.
    Now,
}

/// A socket to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    /// The session to resume.
    pub(crate) session: Option<Arc<str>>,
}

/// The effect of a `ready` on the node's players.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// The session was resumed: compare its players.
    ///
    /// Nodes do not resend frames that were in flight when the socket broke: these edges enclose them.
    Resumed { unheard: Option<(Edge, Edge)> },
    /// A first connection, before which nothing was missed.
    First,
    /// The session is gone with its players, and all frames since this edge are missing.
    Anew { since: Edge },
    /// A second `ready` on one socket; it has no effect.
    Repeated,
}

/// The state of one node's connection. Only the pool changes it, and the players at it are the pool's.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug)]
pub(crate) struct NodeState {
    pub(crate) config: NodeConfig,
    phase: Phase,
    /// Number of its newest socket, counted over all nodes.
    epoch: u64,
    /// Name of the newest socket in origins.
    connection: String,
    /// Number of the latest frame of that socket.
    frame: u64,
    /// The last frame read from any socket.
    last: Option<Edge>,
    /// Start of the frames that may be missing; absent while none is.
    unheard_since: Option<Edge>,
    /// The session to resume, or the live one; dropped when the node is given up or closed.
    session_id: Option<Arc<str>>,
    /// Pauses after failures.
    backoff: Backoff,
    /// Pauses after refusals.
    refusals: Backoff,
    /// Whether a refusal may pass.
    worked: Worked,
    retries: Option<u32>,
    /// When frames no longer count as replayed.
    replay_until: Option<Instant>,
    /// When the connection was lost; absent while connected.
    lost_at: Option<Instant>,
    /// Whether a socket broke with frames in flight.
    broke_off: bool,
    /// When the players may move to other nodes.
    failover_at: Option<Instant>,
    /// When to ask for its players again.
    compare_at: Option<Instant>,
    /// `node/<name>`.
    place: Place,
    /// The latest statistics; dropped with the connection, so that a node that is back is chosen last.
    pub(crate) stats: Option<StatsOP>,
    pub(crate) info: Option<Arc<Info>>,
    /// Whether the request for `info` was answered in this session, or failed.
    pub(crate) is_info_settled: bool,
    /// Players assigned to it since its last `stats`.
    pub(crate) newcomers: usize,
    /// Players that it was asked to destroy and has not yet.
    pub(crate) deleting: usize,
    /// Whether the user is closing it, so that it takes no player.
    pub(crate) is_draining: bool,
    link: LinkState,
    /// Whether the link changed since the pool took it.
    link_changed: bool,
}

impl NodeState {
    pub(crate) fn new(config: NodeConfig, backoff: Backoff, retries: Option<u32>) -> Self {
        let place = node_place(&config.id);
        let refusals = backoff.clone().base(REFUSED_AFTER).cap(REFUSED_AT_MOST);
        let backoff = backoff.base(RECONNECT_AFTER).cap(RECONNECT_AT_MOST);
        Self {
            config,
            phase: Phase::Idle,
            epoch: 0,
            connection: String::new(),
            frame: 0,
            last: None,
            unheard_since: None,
            session_id: None,
            backoff,
            refusals: refusals.floor(REFUSED_AT_LEAST),
            worked: Worked::Never,
            retries,
            replay_until: None,
            lost_at: None,
            broke_off: false,
            failover_at: None,
            compare_at: None,
            place,
            stats: None,
            info: None,
            is_info_settled: false,
            newcomers: 0,
            deleting: 0,
            is_draining: false,
            link: LinkState::Idle,
            link_changed: false,
        }
    }

    /// What its players must know of it.
    pub(crate) fn features(&self) -> Features {
        let told = self.info.as_ref().is_some_and(|info| info.has_next_track());
        Features {
            info: self.info.clone(),
            is_settled: self.is_info_settled,
            has_next_track: self.config.next_track.unwrap_or(told),
        }
    }

    pub(crate) fn id(&self) -> &NodeId {
        &self.config.id
    }

    /// Restores the session of an earlier run and its last stored frame.
    pub(crate) fn restore(&mut self, session_id: &str, last: Edge) {
        if !session_id.is_empty() {
            self.session_id = Some(session_id.into());
            self.worked = Worked::Earlier;
            self.last = Some(last.clone());
            self.unheard_since = Some(last);
            // Frames may have been in flight when that run ended.
            self.broke_off = true;
        }
    }

    /// The place of frames that name no guild.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn status(&self) -> NodeStatus {
        match self.phase {
            Phase::Ready => NodeStatus::Connected,
            Phase::Opening | Phase::Greeting { .. } => NodeStatus::Connecting,
            Phase::Idle | Phase::Waiting { .. } | Phase::Over => NodeStatus::Disconnected,
        }
    }

    /// Whether it is connected: `ready` has come, and the socket is open.
    pub(crate) fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Whether it was given up, or closed by the user.
    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether the user closed it, and has not connected it again.
    pub(crate) fn is_closed(&self) -> bool {
        self.link == LinkState::Closed
    }

    /// Id of the session for requests; players exist only in a live session.
    pub(crate) fn session_id(&self) -> Option<&Arc<str>> {
        self.session_id.as_ref()
    }

    pub(crate) fn link(&self) -> &LinkState {
        &self.link
    }

    /// Takes the state of the connection if it changed.
    pub(crate) fn take_link(&mut self) -> Option<LinkState> {
        std::mem::take(&mut self.link_changed).then(|| self.link.clone())
    }

    /// Sets the link, and notes a change.
    fn show(&mut self, link: LinkState) {
        self.link_changed |= link != self.link;
        self.link = link;
    }

    /// Whether frames count as replayed.
    pub(crate) fn is_replaying(&self, now: Instant) -> bool {
        self.replay_until.is_some_and(|until| now < until)
    }

    /// Ends the replay at the first `playerUpdate`, which nodes never replay (protocol §8).
    pub(crate) fn end_replay(&mut self) {
        self.replay_until = None;
    }

    /// When the connection was lost; `None` while connected.
    pub(crate) fn lost_at(&self) -> Option<Instant> {
        self.lost_at
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Connecting.

    /// Begins to open a socket if one is due; `epoch` becomes the number of the socket.
    pub(crate) fn open(&mut self, epoch: u64, nonce: &str, now: Instant) -> Option<Opening> {
        let is_time = match self.phase {
            Phase::Idle => true,
            Phase::Waiting { until } => until <= now,
            _ => false,
        };
        if !is_time {
            return None;
        }
        self.phase = Phase::Opening;
        self.epoch = epoch;
        self.connection = format!("{nonce}-{epoch:06}");
        self.frame = 0;
        self.show(LinkState::Connecting);
        Some(Opening {
            session: self.session_id.clone(),
        })
    }

    /// Makes the next attempt due now, even after the node was given up or closed; one that is being closed is left
    /// alone.
    pub(crate) fn retry_now(&mut self) {
        if matches!(self.phase, Phase::Waiting { .. } | Phase::Over) && !self.is_draining {
            self.phase = Phase::Idle;
        }
    }

    /// Number of its newest socket.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether input of this socket counts: it is the newest, and has neither ended nor been given up.
    pub(crate) fn is_current(&self, epoch: u64) -> bool {
        self.epoch == epoch
            && !matches!(
                self.phase,
                Phase::Idle | Phase::Waiting { .. } | Phase::Over
            )
    }

    /// Notes that the socket is open.
    pub(crate) fn on_opened(&mut self, now: Moment) {
        self.phase = Phase::Greeting {
            by: now.at + READY_WITHIN,
        };
    }

    /// Counts a frame and returns its origin.
    pub(crate) fn on_frame(&mut self, now: Moment) -> Origin {
        self.frame += 1;
        self.last = Some(Edge::frame(now.wall, self.connection.clone(), self.frame));
        Origin::frame(&self.connection, self.frame)
    }

    /// Time, connection and number of the last frame before which none is missing, for the checkpoint.
    pub(crate) fn last_frame(&self) -> (i64, &str, u64) {
        let last = self.unheard_since.as_ref().or(self.last.as_ref());
        last.map_or((0, "", 0), |last| {
            let connection = last.connection.as_deref().unwrap_or_default();
            (
                last.at.as_millisecond(),
                connection,
                last.frame.unwrap_or_default(),
            )
        })
    }

    /// Handles `ready`, which says whether the session was resumed. Its id is the session's from now on.
    pub(crate) fn on_ready(&mut self, session_id: &str, resumed: bool, now: Moment) -> Readiness {
        if !matches!(self.phase, Phase::Greeting { .. } | Phase::Opening) {
            return Readiness::Repeated;
        }
        let had_one = self.session_id.is_some();
        self.phase = Phase::Ready;
        self.session_id = Some(session_id.into());
        self.backoff.connected(now.at);
        self.refusals.connected(now.at);
        self.worked = Worked::Now;
        self.lost_at = None;
        self.failover_at = None;
        self.newcomers = 0;
        self.replay_until = resumed.then(|| now.at + REPLAY);
        self.show(LinkState::Connected { since: now.wall });
        let broke_off = std::mem::take(&mut self.broke_off);
        // Earlier frames of the same socket end no gap.
        let since = self.unheard_since.take();
        match (resumed, since) {
            (true, since) => Readiness::Resumed {
                // The node may notice a lost socket much later than the client, and sends its frames nowhere until
                // then.
                unheard: since
                    .filter(|_| broke_off)
                    .map(|last| (last, Edge::at(now.wall))),
            },
            (false, Some(since)) if had_one => Readiness::Anew { since },
            (false, _) => Readiness::First,
        }
    }

    /// The last frame before which none is missing.
    pub(crate) fn last_edge(&self) -> Option<Edge> {
        self.unheard_since.clone().or_else(|| self.last.clone())
    }

    /// Moves the start of missing frames to now, since a gap up to now was emitted.
    pub(crate) fn gap_reported(&mut self, now: Moment) {
        if !self.is_ready() {
            self.unheard_since = Some(Edge::at(now.wall));
        }
    }

    /// Handles a socket that ended or could not be opened; returns whether the node was ready.
    ///
    /// A fatal failure stops a node that never worked. Every failure in a row counts towards `retries`, refusals too.
    pub(crate) fn on_lost(&mut self, loss: &ConnectionLoss, grace: Duration, now: Moment) -> bool {
        let was_ready = self.is_ready();
        if self.is_over() {
            return false;
        }
        let was_open = was_ready || matches!(self.phase, Phase::Greeting { .. });
        if was_open && !loss.is_orderly {
            self.broke_off = true;
        }
        if was_open && self.unheard_since.is_none() {
            self.unheard_since.clone_from(&self.last);
        }
        if was_ready {
            self.lost_at = Some(now.at);
            self.stats = None;
        }
        if self.lost_at.is_none() {
            // The players of an earlier run wait for a first connection as long as for a resumed one.
            self.lost_at = Some(now.at);
            self.failover_at = Some(now.at + grace);
        } else if was_ready {
            self.failover_at = Some(now.at + grace);
        }
        self.replay_until = None;
        self.compare_at = None;
        let is_passing = loss.status.is_some_and(|status| self.may_pass(status));
        let failure = &loss.failure;
        if failure.fatal.is_some() && !is_passing {
            self.phase = Phase::Over;
            self.failover_at = Some(now.at);
            self.show(failure.link(Duration::ZERO, now));
            return was_ready;
        }
        let backoff = if failure.fatal.is_some() {
            &mut self.refusals
        } else {
            &mut self.backoff
        };
        let wait = failure.pause(backoff.next(now.at));
        let attempts = self.backoff.attempt() + self.refusals.attempt();
        if self.retries.is_some_and(|retries| attempts > retries) {
            self.phase = Phase::Over;
            self.session_id = None;
            let mut failure = failure.clone();
            if failure.fatal.is_none() {
                let hint = "look whether the node runs, or allow more retries";
                failure = failure.fatal("unreachable", hint);
            }
            self.show(failure.link(Duration::ZERO, now));
            return was_ready;
        }
        self.phase = Phase::Waiting {
            until: now.at + wait,
        };
        self.show(LinkState::Waiting {
            until: now.wall_in(wait),
            reason: failure.reason.clone(),
        });
        was_ready
    }

    /// Whether a refusal may pass: a proxy in front of a working node refuses while the node restarts.
    ///
    /// A wrong password may pass only in the run that used it before, since the configuration may have changed.
    fn may_pass(&self, status: u16) -> bool {
        match self.worked {
            Worked::Never => false,
            Worked::Earlier => status != UNAUTHORIZED,
            Worked::Now => true,
        }
    }

    /// Closes it for the user; returns whether there is a socket to close.
    pub(crate) fn close(&mut self) -> bool {
        let is_open = matches!(
            self.phase,
            Phase::Opening | Phase::Greeting { .. } | Phase::Ready
        );
        self.phase = Phase::Over;
        self.session_id = None;
        self.failover_at = None;
        self.compare_at = None;
        self.is_draining = false;
        self.show(LinkState::Closed);
        is_open
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Time.

    /// The earliest time at which the pool must look at it.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let own = match self.phase {
            Phase::Greeting { by } => Some(by),
            Phase::Waiting { until } => Some(until),
            _ => None,
        };
        let later = self.failover_at.into_iter().chain(self.compare_at);
        own.into_iter().chain(later).min()
    }

    /// Whether `ready` is overdue.
    pub(crate) fn is_ready_overdue(&self, now: Instant) -> bool {
        matches!(self.phase, Phase::Greeting { by } if by <= now)
    }

    /// Whether the grace is over; true once.
    pub(crate) fn take_failover(&mut self, now: Instant) -> bool {
        let is_time = self.failover_at.is_some_and(|at| at <= now);
        if is_time {
            self.failover_at = None;
        }
        is_time
    }

    /// Schedules a request for its players.
    pub(crate) fn compare_later(&mut self, now: Instant) {
        self.compare_at.get_or_insert(now + COMPARE_AGAIN);
    }

    /// Whether its players are due to be requested; true once.
    pub(crate) fn take_compare(&mut self, now: Instant) -> bool {
        let is_time = self.is_ready() && self.compare_at.is_some_and(|at| at <= now);
        if is_time {
            self.compare_at = None;
        }
        is_time
    }

    /// Schedules another attempt to move its players.
    pub(crate) fn fail_over_later(&mut self, at: Instant) {
        if !self.is_ready() {
            self.failover_at = Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use antiphon_core::Rng;
    use jiff::Timestamp;

    use super::*;

    const GRACE: Duration = Duration::from_secs(15);

    fn moment(at: Instant) -> Moment {
        Moment {
            at,
            wall: Timestamp::UNIX_EPOCH,
        }
    }

    fn lost(reason: &str) -> ConnectionLoss {
        ConnectionLoss::new(reason)
    }

    fn session(retries: Option<u32>) -> NodeState {
        let config = NodeConfig::new("eu-1", "http://a:2333", "p");
        NodeState::new(config, Backoff::new(Rng::with_seed(1)), retries)
    }

    fn ready() -> (NodeState, Moment) {
        let now = moment(Instant::now());
        let mut session = session(None);
        assert_eq!(
            session.open(1, "n", now.at),
            Some(Opening { session: None })
        );
        session.on_opened(now);
        session.on_frame(now);
        assert_eq!(session.on_ready("s1", false, now), Readiness::First);
        (session, now)
    }

    #[test]
    fn a_lost_node_is_asked_to_go_on_with_its_own_session() {
        let (mut session, now) = ready();
        assert!(session.on_lost(&lost("reset"), GRACE, now));
        let later = moment(now.at + RECONNECT_AT_MOST);
        assert_eq!(
            session.open(2, "n", later.at),
            Some(Opening {
                session: Some("s1".into())
            })
        );
        session.on_opened(later);
        let last = session.last_edge().expect("a frame");
        let unheard = Some((last, Edge::at(now.wall)));
        assert_eq!(
            session.on_ready("s1", true, later),
            Readiness::Resumed { unheard }
        );
        assert!(session.is_replaying(later.at));
        assert!(!session.take_failover(now.at + 10 * GRACE), "nothing moves");
    }

    #[test]
    fn after_a_goodbye_nothing_is_unheard() {
        let (mut session, now) = ready();
        let goodbye = ConnectionLoss {
            is_orderly: true,
            ..lost("code 1001")
        };
        session.on_lost(&goodbye, GRACE, now);
        session.open(2, "n", now.at + RECONNECT_AT_MOST);
        session.on_opened(now);
        assert_eq!(
            session.on_ready("s1", true, now),
            Readiness::Resumed { unheard: None }
        );
    }

    #[test]
    fn a_session_that_is_gone_tells_since_when() {
        let (mut session, now) = ready();
        let last = session.last_edge();
        session.on_lost(&lost("reset"), GRACE, now);
        session.open(2, "n", now.at + RECONNECT_AT_MOST);
        session.on_opened(now);
        let readiness = session.on_ready("s2", false, now);
        assert_eq!(
            readiness,
            Readiness::Anew {
                since: last.expect("a frame")
            }
        );
        assert_eq!(session.session_id().map(|id| &**id), Some("s2"));
        assert_eq!(session.on_ready("s3", false, now), Readiness::Repeated);
    }

    #[test]
    fn players_stay_until_the_grace_is_over_and_are_told_once() {
        let (mut session, now) = ready();
        session.on_lost(&lost("reset"), GRACE, now);
        assert!(!session.take_failover(now.at + GRACE / 2));
        // Later failed attempts do not postpone it.
        session.open(2, "n", now.at + GRACE / 2);
        session.on_lost(&lost("refused"), GRACE, moment(now.at + GRACE / 2));
        assert!(session.take_failover(now.at + GRACE));
        assert!(!session.take_failover(now.at + GRACE));
    }

    #[test]
    fn a_wrong_password_is_never_tried_again() {
        let now = moment(Instant::now());
        let mut session = session(None);
        session.open(1, "n", now.at);
        let failure = OpenFailure::new("status 401").fatal("authorization", "check the password");
        session.on_lost(&ConnectionLoss::of(failure), GRACE, now);
        assert!(session.is_over());
        assert_eq!(session.open(2, "n", now.at + GRACE * 100), None);
        assert!(
            matches!(session.link(), LinkState::Stopped { code, .. } if code == "authorization")
        );
    }

    fn refused(status: u16) -> ConnectionLoss {
        let failure = OpenFailure::new(format!("status {status}")).fatal("code", "hint");
        ConnectionLoss {
            status: Some(status),
            ..ConnectionLoss::of(failure)
        }
    }

    #[track_caller]
    fn waits_until(session: &NodeState) -> Instant {
        match session.phase {
            Phase::Waiting { until } => until,
            ref other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refusal_of_a_node_that_has_worked_is_waited_out_longer_and_longer() {
        for status in [400, 401, 403, 404] {
            let (mut session, mut now) = ready();
            session.on_lost(&lost("reset"), GRACE, now);
            let mut longest = Duration::ZERO;
            for epoch in 2..40 {
                now = moment(waits_until(&session));
                assert!(session.open(epoch, "n", now.at).is_some(), "{status}");
                session.on_lost(&refused(status), GRACE, now);
                let LinkState::Waiting { reason, .. } = session.link() else {
                    panic!("{:?}", session.link())
                };
                assert!(reason.contains(&status.to_string()), "{reason}");
                let wait = waits_until(&session) - now.at;
                assert!(
                    (REFUSED_AT_LEAST..=REFUSED_AT_MOST).contains(&wait),
                    "{wait:?}"
                );
                let first = epoch == 2;
                assert!(!first || wait <= REFUSED_AFTER, "{wait:?}");
                longest = longest.max(wait);
            }
            assert!(longest > REFUSED_AT_MOST / 2, "{longest:?}");
            session.retry_now();
            assert!(
                session.open(50, "n", now.at).is_some(),
                "its user may retry at once"
            );
        }
    }

    #[test]
    fn a_node_that_is_being_closed_is_not_retried_and_a_closed_one_is() {
        let (mut session, now) = ready();
        session.is_draining = true;
        session.on_lost(&lost("reset"), GRACE, now);
        session.retry_now();
        assert_eq!(session.open(2, "n", now.at), None);
        session.close();
        assert!(session.is_closed());
        session.retry_now();
        assert_eq!(
            session.open(2, "n", now.at),
            Some(Opening { session: None }),
            "with a new session"
        );
        assert!(!session.is_closed());
    }

    #[test]
    fn a_first_refusal_is_final_unless_an_earlier_run_knew_the_node() {
        let now = moment(Instant::now());
        for (status, known, is_final) in [
            (400, false, true),
            (401, false, true),
            (403, false, true),
            (404, false, true),
            (400, true, false),
            // The password may differ from that of the earlier run.
            (401, true, true),
            (403, true, false),
            (404, true, false),
        ] {
            let mut session = session(None);
            if known {
                session.restore("s1", Edge::at(now.wall));
            }
            session.open(1, "n", now.at);
            session.on_lost(&refused(status), GRACE, now);
            assert_eq!(session.is_over(), is_final, "{status} {known}");
        }
    }

    #[test]
    fn an_address_that_makes_no_sense_is_final_at_any_time() {
        let (mut session, now) = ready();
        session.on_lost(&lost("reset"), GRACE, now);
        session.open(2, "n", now.at + RECONNECT_AT_MOST);
        let refusal = ConnectionLoss {
            status: None,
            ..refused(404)
        };
        session.on_lost(&refusal, GRACE, now);
        assert!(session.is_over());
    }

    #[test]
    fn frames_before_ready_end_no_gap() {
        for resumed in [true, false] {
            let (mut session, now) = ready();
            let heard = session.last_edge().expect("a frame");
            session.on_lost(&lost("reset"), GRACE, now);
            // A socket with frames and without `ready`, and one with a frame before `ready`.
            for epoch in 2..4 {
                let later = moment(now.at + RECONNECT_AT_MOST * epoch);
                session.open(u64::from(epoch), "n", later.at);
                session.on_opened(later);
                session.on_frame(later);
                if epoch == 2 {
                    session.on_lost(&lost("reset"), GRACE, later);
                }
                assert_eq!(session.last_frame().1, "n-000001", "in checkpoints too");
            }
            session.on_frame(now);
            let readiness = session.on_ready("s1", resumed, now);
            let since = match readiness {
                Readiness::Resumed { unheard } => unheard.expect("a gap").0,
                Readiness::Anew { since } => since,
                other => panic!("{other:?}"),
            };
            assert_eq!(since, heard);
            let last = session.last_edge().expect("the ready frame");
            assert_eq!(
                (last.connection.as_deref(), last.frame),
                (Some("n-000003"), Some(2))
            );
        }
    }

    #[test]
    fn retries_that_are_used_up_end_it() {
        let mut now = Instant::now();
        let mut session = session(Some(2));
        for epoch in 1..=3 {
            assert!(session.open(epoch, "n", now).is_some(), "try {epoch}");
            session.on_lost(&lost("refused"), GRACE, moment(now));
            now += RECONNECT_AT_MOST;
        }
        assert!(session.is_over());
    }

    #[test]
    fn a_node_that_does_not_say_ready_is_noticed() {
        let now = moment(Instant::now());
        let mut session = session(None);
        session.open(1, "n", now.at);
        session.on_opened(now);
        assert_eq!(session.deadline(), Some(now.at + READY_WITHIN));
        assert!(
            session.is_ready_overdue(now.at + READY_WITHIN) && !session.is_ready_overdue(now.at)
        );
    }

    #[test]
    fn frames_of_an_old_socket_are_not_its_own() {
        let (mut session, now) = ready();
        assert!(session.is_current(1));
        session.on_lost(&lost("reset"), GRACE, now);
        assert!(!session.is_current(1));
        session.open(2, "n", now.at + RECONNECT_AT_MOST);
        assert!(session.is_current(2) && !session.is_current(1));
    }
}
