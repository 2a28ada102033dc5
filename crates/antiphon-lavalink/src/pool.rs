//! All nodes and players of a source as a state machine: frames, answers, commands and deadlines in; requests, events
//! and checkpoints out.
//!
//! It opens nothing and asks no clock. Whatever it wants done stands in its queues: requests to make
//! ([`PoolState::next_task`]), sockets to close ([`PoolState::next_close`]) and events to store
//! ([`PoolState::take_entry`]).

mod cache;
mod drain;
mod frames;
mod inputs;
mod moves;
mod penalty;
mod players;
mod region;
mod task;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{
    Backoff, Checkpoint, Draft, Edge, Entry, Gap, Kind, Link, LinkState, Origin, Part, Place,
    Provenance, Rng,
};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;

pub use self::region::region_from_endpoint;
pub(crate) use self::task::{Command, Done, Task};
pub(crate) use self::{cache::Cache, frames::remotes, penalty::penalty};
use self::{drain::Drain, moves::Move};
use crate::{
    config::Config,
    event::{
        INACTIVE_PLAYER, NODE_CLOSED, NODE_DISCONNECTED, PLAYER_MIGRATED, node_place, note,
        player_place,
    },
    model::{GuildId, NodeId, NodeStatus, UserId},
    player::{self, PlayerState, Snapshot},
    session::{Moment, Refusal, Session},
    wire::{self, Info, StatsOP},
};

/// Version of the nodes' checkpoints.
const VERSION: u8 = 1;

/// What others see of a node at one moment.
#[derive(Clone, Debug)]
pub(crate) struct NodeSnapshot {
    pub(crate) id: NodeId,
    pub(crate) status: NodeStatus,
    pub(crate) session_id: Option<Arc<str>>,
    pub(crate) penalty: f64,
    pub(crate) stats: Option<StatsOP>,
    pub(crate) info: Option<Arc<Info>>,
    pub(crate) region: Option<Arc<str>>,
    pub(crate) link: LinkState,
}

/// Whether a player is to be compared with what its node has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    /// There is no need.
    None,
    /// Its node was asked for its players.
    Asked,
    /// Its node was also asked something else meanwhile, so that what it says may be older than that.
    Overtaken,
}

/// A player and its place among the deadlines.
#[derive(Debug)]
struct Seat {
    player: PlayerState,
    timer: Option<Instant>,
    /// Its place at a node, so that it is not made anew for each frame.
    place: Option<(usize, Place)>,
    comparison: Comparison,
}

impl Seat {
    fn new(player: PlayerState) -> Self {
        Self {
            player,
            timer: None,
            place: None,
            comparison: Comparison::None,
        }
    }
}

/// All nodes and players.
#[derive(Debug)]
pub(crate) struct PoolState {
    user: UserId,
    grace: Duration,
    rules: player::Rules,
    buffer: usize,
    nodes: Vec<Session>,
    /// Each on its own, since a table is never full and moves when it grows.
    seats: HashMap<GuildId, Box<Seat>>,
    timers: BTreeSet<(Instant, GuildId)>,
    moves: VecDeque<Move>,
    /// Players that are being put back, and where.
    moving: HashMap<GuildId, usize>,
    drains: Vec<Drain>,
    tasks: VecDeque<Task>,
    closes: VecDeque<(usize, u64)>,
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Whether the input at hand has brought an event that a checkpoint can hang on.
    has_event: bool,
    changed: HashSet<GuildId>,
    nodes_changed: bool,
    shown: LinkState,
    link: Option<LinkState>,
    nonce: String,
    made: u64,
    epochs: u64,
    numbers: u64,
    /// Counts frames of sockets that were given up.
    late: u64,
    rng: Rng,
    is_reading_over: bool,
}

impl PoolState {
    /// The pool of a configuration, with what an earlier run left.
    pub(crate) fn new<'a>(
        config: &Config,
        mut rng: Rng,
        nonce: &str,
        checkpoints: impl IntoIterator<Item = &'a Checkpoint>,
        now: Moment,
    ) -> Self {
        let rules = player::Rules {
            inactive_timeout: config.inactive_timeout,
            queue_capacity: config.queue_capacity,
        };
        let nodes = config.nodes.iter().map(|node| {
            let backoff = Backoff::new(rng.fork());
            Session::new(node.clone(), backoff, config.retries)
        });
        let mut pool = Self {
            user: config.known_user(),
            grace: config.failover_after,
            rules,
            buffer: config.buffer,
            nodes: nodes.collect(),
            seats: HashMap::new(),
            timers: BTreeSet::new(),
            moves: VecDeque::new(),
            moving: HashMap::new(),
            drains: Vec::new(),
            tasks: VecDeque::new(),
            closes: VecDeque::new(),
            entries: VecDeque::new(),
            bytes: 0,
            has_event: false,
            changed: HashSet::new(),
            nodes_changed: true,
            shown: LinkState::Idle,
            link: None,
            // Beside those that are made elsewhere in the same run.
            nonce: format!("{nonce}p"),
            made: 0,
            epochs: 0,
            numbers: 0,
            late: 0,
            rng,
            is_reading_over: false,
        };
        for checkpoint in checkpoints {
            pool.take_up(checkpoint, now);
        }
        pool
    }

    fn take_up(&mut self, checkpoint: &Checkpoint, now: Moment) {
        match checkpoint.part.split_once('/') {
            Some(("node", id)) => {
                let saved: wire::SavedNode<'_> =
                    serde_json::from_slice(&checkpoint.state).unwrap_or_default();
                let node = self.nodes.iter_mut().find(|node| node.id().as_str() == id);
                if let Some(node) = node
                    && saved.version == VERSION
                {
                    let at = Timestamp::from_millisecond(saved.at).unwrap_or(now.wall);
                    let last = if saved.connection.is_empty() {
                        Edge::at(at)
                    } else {
                        Edge::frame(at, saved.connection, saved.frame)
                    };
                    node.take_up(&saved.session_id, last);
                }
            }
            Some(("player", guild)) => {
                let Ok(guild) = guild.parse() else { return };
                let rng = self.rng.fork();
                let player = player::read_saved(guild, &checkpoint.state, self.rules, rng, now.at);
                if let Some(mut player) = player {
                    // A node that is configured no more cannot have it.
                    if player
                        .node
                        .as_ref()
                        .is_some_and(|node| self.index(node).is_none())
                    {
                        player.node = None;
                        player.ask_voice_anew(now.at);
                    }
                    self.seats.insert(guild, Box::new(Seat::new(player)));
                    self.changed.insert(guild);
                }
            }
            _ => {}
        }
    }

    /// Begins: every node is connected.
    pub(crate) fn start(&mut self, now: Moment) {
        let guilds: Vec<GuildId> = self.seats.keys().copied().collect();
        for guild in guilds {
            self.pump(guild, now);
        }
        self.open_nodes(now);
        self.tell_link(now);
    }

    fn open_nodes(&mut self, now: Moment) {
        for index in 0..self.nodes.len() {
            let epoch = self.epochs + 1;
            if let Some(opening) = self.nodes[index].open(epoch, &self.nonce, now.at) {
                self.epochs = epoch;
                self.tasks.push_back(Task::Open {
                    node: index,
                    epoch,
                    session: opening.session,
                });
            }
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Queues.

    pub(crate) fn next_task(&mut self) -> Option<Task> {
        self.tasks.pop_front()
    }

    /// A socket to close: its node and epoch.
    pub(crate) fn next_close(&mut self) -> Option<(usize, u64)> {
        self.closes.pop_front()
    }

    /// Bytes of the next entry.
    pub(crate) fn next_weight(&self) -> Option<usize> {
        self.entries.front().map(Entry::weight)
    }

    pub(crate) fn take_entry(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        self.bytes = self.bytes.saturating_sub(entry.weight());
        Some(entry)
    }

    /// Whether frames may be read.
    pub(crate) fn wants_frames(&self) -> bool {
        !self.is_reading_over && self.bytes < self.buffer
    }

    /// Nothing new is taken from the nodes; commands go on.
    pub(crate) fn stop_reading(&mut self) {
        self.is_reading_over = true;
    }

    /// Players that changed since last asked, as they are now; `None` for one that is gone.
    pub(crate) fn take_changes(&mut self) -> Vec<(GuildId, Option<Snapshot>)> {
        let changed: Vec<GuildId> = self.changed.drain().collect();
        let seats = &self.seats;
        let now = changed.into_iter().map(|guild| {
            let seat = seats.get(&guild).filter(|seat| !seat.player.is_gone);
            (guild, seat.map(|seat| seat.player.snapshot()))
        });
        now.collect()
    }

    /// The nodes, if one has changed since last asked.
    pub(crate) fn take_nodes(&mut self) -> Option<Vec<NodeSnapshot>> {
        std::mem::take(&mut self.nodes_changed).then(|| self.nodes.iter().map(snapshot).collect())
    }

    /// The state of all connections as one, if it is another than when last asked.
    pub(crate) fn take_link(&mut self) -> Option<LinkState> {
        self.link.take()
    }

    /// Whether no node can be had any more.
    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self.shown, LinkState::Stopped { .. })
    }

    fn push(&mut self, entry: Entry) {
        self.bytes += entry.weight();
        self.has_event |= entry.event.is_some();
        self.entries.push_back(entry);
    }

    fn own_event(
        &mut self,
        kind: &'static str,
        place: Place,
        body: impl Into<Bytes>,
        note: Option<Bytes>,
        now: Moment,
    ) {
        self.made += 1;
        let origin = Origin::frame(&self.nonce, self.made);
        let mut draft = Draft::new(Kind::from_static(kind), place, origin, now.wall, body);
        draft.note = note;
        self.push(Entry::event(draft.provenance(Provenance::Synthetic)));
    }

    /// Hangs a checkpoint on the last event of the input at hand, or sends it alone.
    fn checkpoint(&mut self, part: Part, state: Bytes, now: Moment) {
        let checkpoint = Checkpoint {
            part,
            state,
            mark: now.wall.as_millisecond(),
        };
        if self.has_event
            && let Some(last) = self.entries.back_mut()
            && last.checkpoint.is_none()
        {
            self.bytes += 64 + checkpoint.state.len();
            last.checkpoint = Some(checkpoint);
        } else {
            self.push(Entry::checkpoint(checkpoint));
        }
    }

    /// Keeps how far every node was heard, so that a later run knows what it missed.
    pub(crate) fn save_nodes(&mut self, now: Moment) {
        self.has_event = false;
        for index in 0..self.nodes.len() {
            if self.nodes[index].session_id().is_some() {
                self.save_node(index, now);
            }
        }
    }

    fn save_node(&mut self, index: usize, now: Moment) {
        let node = &self.nodes[index];
        let (at, connection, frame) = node.last_frame();
        let saved = wire::SavedNode {
            version: VERSION,
            session_id: node
                .session_id()
                .map(|id| (**id).into())
                .unwrap_or_default(),
            at,
            connection: connection.into(),
            frame,
        };
        let state = serde_json::to_vec(&saved).expect("texts and numbers");
        let part = format!("node/{}", node.id()).into();
        self.checkpoint(part, state.into(), now);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The link.

    fn tell_link(&mut self, now: Moment) {
        for index in 0..self.nodes.len() {
            if let Some(state) = self.nodes[index].take_link() {
                self.nodes_changed = true;
                let node = self.nodes[index].id();
                match &state {
                    LinkState::Waiting { reason, .. } => {
                        tracing::warn!(%node, reason, "a node is tried again later");
                    }
                    LinkState::Connected { .. } => tracing::info!(%node, "a node is connected"),
                    state => tracing::debug!(%node, %state, "link of a node"),
                }
                let place = node_place(node);
                self.own_event(Link::KIND, place, Link::body(&state), None, now);
            }
        }
        let state = together(self.nodes.iter().map(|node| (node.id(), node.link())));
        if state != self.shown {
            self.shown = state.clone();
            self.link = Some(state);
        }
    }

    /// What every input ends with: moves that can begin now, and the link.
    fn conclude(&mut self, now: Moment) {
        if !self.moves.is_empty() {
            self.pump_moves(now);
        }
        self.tell_link(now);
    }
}

fn body(own: &wire::Own<'_>) -> Vec<u8> {
    serde_json::to_vec(own).expect("only texts and numbers")
}

fn snapshot(node: &Session) -> NodeSnapshot {
    NodeSnapshot {
        id: node.id().clone(),
        status: node.status(),
        session_id: node.session_id().filter(|_| node.is_ready()).cloned(),
        penalty: penalty(node.stats.as_ref()),
        stats: node.stats,
        info: node.info.clone(),
        region: node.config.region.as_deref().map(Into::into),
        link: node.link().clone(),
    }
}

/// The state of several connections as one: that of the best, with the name of its node.
fn together<'a>(states: impl Iterator<Item = (&'a NodeId, &'a LinkState)>) -> LinkState {
    let rank = |state: &LinkState| match state {
        LinkState::Connected { .. } => 0,
        LinkState::Connecting => 1,
        LinkState::Waiting { .. } => 2,
        LinkState::Idle => 3,
        LinkState::Stopped { .. } => 4,
        _ => 5,
    };
    let Some((node, state)) = states.min_by_key(|(_, state)| rank(state)) else {
        return LinkState::default();
    };
    let mut state = state.clone();
    if let LinkState::Waiting { reason, .. } | LinkState::Stopped { reason, .. } = &mut state {
        *reason = format!("node `{node}`: {reason}");
    }
    state
}
