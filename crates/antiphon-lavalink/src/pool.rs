//! All nodes and players of a source as a state machine: frames, responses, commands and deadlines in; tasks, events
//! and checkpoints out.
//!
//! It opens nothing and asks no clock. The loop around it takes tasks ([`PoolState::next_task`]), sockets to close
//! ([`PoolState::next_close`]) and events to store ([`PoolState::outbox`]).
//!
//! # Who does what
//! | file | does |
//! | --- | --- |
//! | `frames.rs` | makes an event of each frame, and passes it to its node or player |
//! | `inputs.rs` | voice events, commands, outcomes of tasks, lost sockets, deadlines |
//! | `players.rs` | carries out what players output: requests, events, checkpoints, timers |
//! | `placement.rs` | which node a player is at: choice, moves, drains, comparison |
//! | `penalty.rs`, `region.rs` | the load of a node, and where a voice server is |
//! | `cache.rs` | search results |
//! | `task.rs` | the words between this and the loop |
//!
//! # What holds
//! - Every input names its time, as a [`Moment`], and chance comes from one generator, so that a test sets both.
//! - A socket has a number, its *epoch*, counted over all nodes. Input of a socket that was given up is stored as an
//!   event and changes nothing.
//! - An event and the checkpoint that it completes are one entry of the outbox, so that the journal has both or
//!   neither.
//! - Every input ends with `pump` of the players that it touched, with the moves that are possible now, and with the
//!   link.
//! - Frames are taken only while the outbox has room. Commands, deadlines and responses are always taken: what they add
//!   is bounded by their callers.
//!
//! # Checkpoints
//! `node/<name>` has the session and the last frame, `player/<guild>` the player with its queue. The next run resumes
//! the sessions and compares the players; a part that cannot be read is left out.

mod cache;
mod frames;
mod inputs;
mod penalty;
mod placement;
mod players;
mod region;
mod task;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{
    Backoff, Checkpoint, Edge, Gap, Kind, LinkState, Moment, Origin, Outbox, Part, Payload, Place,
    Provenance, Rng,
};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;

use self::placement::{Comparison, Placement};
pub use self::region::region_from_endpoint;
pub(crate) use self::task::{Done, PoolCommand, Task};
pub(crate) use self::{cache::Cache, frames::remotes, penalty::penalty};
use crate::{
    config::Config,
    error::NotConnected,
    event::{
        InactivePlayer, NodeClosed, NodeDisconnected, PlayerMigrated, PluginStateLost, node_place,
        note, player_place,
    },
    model::{GuildId, NodeId, NodeStatus, UserId},
    player::{self, LocalPlayer, Snapshot},
    session::{ConnectionLoss, NodeState},
    wire::{self, Info, StatsOP},
};

/// Version of the nodes' checkpoints.
const VERSION: u8 = 1;

/// What clients see of a node.
#[derive(Clone, Debug)]
pub(crate) struct NodeSnapshot {
    /// Name in the configuration.
    pub(crate) id: NodeId,
    pub(crate) status: NodeStatus,
    /// Absent while the node is not connected.
    pub(crate) session_id: Option<Arc<str>>,
    /// [`UNKNOWN`](penalty::UNKNOWN) without statistics.
    pub(crate) penalty: f64,
    pub(crate) stats: Option<StatsOP>,
    /// Absent until the node responded.
    pub(crate) info: Option<Arc<Info>>,
    pub(crate) region: Option<Arc<str>>,
    pub(crate) link: LinkState,
}

/// A player with its timer.
#[derive(Debug)]
struct Slot {
    player: LocalPlayer,
    /// Its entry in `timers`; absent without a deadline.
    timer: Option<Instant>,
    /// Index and place of its node, cached so that frames make none anew.
    place: Option<(usize, Place)>,
    /// Whether its node was asked for its players.
    comparison: Comparison,
}

impl Slot {
    fn new(player: LocalPlayer) -> Self {
        Self {
            player,
            timer: None,
            place: None,
            comparison: Comparison::None,
        }
    }
}

/// The state of a pool.
#[derive(Debug)]
pub(crate) struct PoolState {
    /// The bot's user: other users' voice states are ignored.
    user: UserId,
    /// `Config::failover_after`.
    grace: Duration,
    rules: player::Rules,
    /// In the configuration's order; an index names a node everywhere here.
    nodes: Vec<NodeState>,
    pub(crate) outbox: Outbox,
    /// Boxed, since a hash table has empty buckets and copies its entries when it grows. Its own order is never used
    /// ([`PoolState::guilds`]), so that a seed gives the same run again.
    slots: HashMap<GuildId, Box<Slot>>,
    /// Deadlines of players, the earliest first; one for each player that has one.
    timers: BTreeSet<(Instant, GuildId)>,
    /// Moves and drains.
    placement: Placement,
    /// Work that the loop takes after this input.
    tasks: VecDeque<Task>,
    /// Sockets to close: node and epoch.
    closes: VecDeque<(usize, u64)>,
    /// Players whose snapshot must be published.
    changed: BTreeSet<GuildId>,
    nodes_changed: bool,
    /// The link of the pool as it was published.
    shown: LinkState,
    /// The same, if the loop has not taken it yet.
    link: Option<LinkState>,
    /// Names this run in origins.
    nonce: String,
    /// Number of the newest socket.
    epochs: u64,
    /// Number of the newest request.
    numbers: u64,
    /// Number of frames that came from sockets after they were given up.
    late: u64,
    rng: Rng,
    /// Whether the source is stopping and takes no frames any more.
    is_reading_over: bool,
}

impl PoolState {
    /// Creates the pool of a configuration, with the checkpoints of an earlier run.
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
            transition: config.transition,
            recommendations: config.recommendations.clone(),
        };
        let nodes = config.nodes.iter().map(|node| {
            let backoff = Backoff::new(rng.fork());
            NodeState::new(node.clone(), backoff, config.retries)
        });
        // The suffix keeps these origins apart from others of the same run.
        let nonce = format!("{nonce}p");
        let mut pool = Self {
            user: config.known_user(),
            grace: config.failover_after,
            rules,
            nodes: nodes.collect(),
            outbox: Outbox::new(config.buffer, &*nonce),
            slots: HashMap::new(),
            timers: BTreeSet::new(),
            placement: Placement::default(),
            tasks: VecDeque::new(),
            closes: VecDeque::new(),
            changed: BTreeSet::new(),
            nodes_changed: true,
            shown: LinkState::Idle,
            link: None,
            nonce,
            epochs: 0,
            numbers: 0,
            late: 0,
            rng,
            is_reading_over: false,
        };
        for checkpoint in checkpoints {
            pool.restore(checkpoint, now);
        }
        pool
    }

    /// Takes over a stored node or player; one of another version, or of a node that the configuration does not name,
    /// is left out. A player of such a node, or on its way into a channel, asks Discord for a new voice connection, and is
    /// assigned a node.
    fn restore(&mut self, checkpoint: &Checkpoint, now: Moment) {
        match checkpoint.part.split_once('/') {
            Some(("node", id)) => {
                let saved: wire::SavedNode<'_> =
                    antiphon_core::read_json(&checkpoint.state).unwrap_or_default();
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
                    node.restore(&saved.session_id, last);
                }
            }
            Some(("player", guild)) => {
                let Ok(guild) = guild.parse() else { return };
                let rng = self.rng.fork();
                let player =
                    player::read_saved(guild, &checkpoint.state, self.rules.clone(), rng, now.at);
                if let Some(mut player) = player {
                    // The configuration does not name the node any more, or the run ended before the voice came.
                    let node = player.node.as_ref();
                    if node.is_none_or(|node| self.index(node).is_none()) {
                        player.node = None;
                        player.ask_voice_anew(now.at);
                    }
                    self.slots.insert(guild, Box::new(Slot::new(player)));
                    self.changed.insert(guild);
                }
            }
            _ => {}
        }
    }

    /// Starts connecting every node.
    pub(crate) fn start(&mut self, now: Moment) {
        for guild in self.guilds(|_| true) {
            self.pump(guild, now);
        }
        self.open_nodes(now);
        self.tell_link(now);
    }

    /// Opens the sockets that are due.
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

    /// Takes a socket to close: its node and epoch.
    pub(crate) fn next_close(&mut self) -> Option<(usize, u64)> {
        self.closes.pop_front()
    }

    /// Whether frames may be read now.
    pub(crate) fn wants_frames(&self) -> bool {
        !self.is_reading_over && !self.outbox.is_full()
    }

    /// Stops reading frames; commands are still taken.
    pub(crate) fn stop_reading(&mut self) {
        self.is_reading_over = true;
    }

    /// Takes the players that changed, as they are now; `None` for a player that is gone.
    pub(crate) fn take_changes(&mut self) -> Vec<(GuildId, Option<Snapshot>)> {
        let changed = std::mem::take(&mut self.changed);
        let slots = &self.slots;
        let now = changed.into_iter().map(|guild| {
            let slot = slots.get(&guild).filter(|slot| !slot.player.is_gone);
            (guild, slot.map(|slot| slot.player.snapshot()))
        });
        now.collect()
    }

    /// Takes the nodes if one of them changed.
    pub(crate) fn take_nodes(&mut self) -> Option<Vec<NodeSnapshot>> {
        std::mem::take(&mut self.nodes_changed).then(|| self.nodes.iter().map(snapshot).collect())
    }

    /// Takes the state of the pool's link if it changed.
    pub(crate) fn take_link(&mut self) -> Option<LinkState> {
        self.link.take()
    }

    /// Whether every node has stopped for good.
    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self.shown, LinkState::Stopped { .. })
    }

    /// Queues an event that antiphon makes.
    fn own_event<P: Payload>(
        &mut self,
        place: Place,
        body: impl Into<Bytes>,
        note: Option<Bytes>,
        now: Moment,
    ) {
        let kind = Kind::from_static(P::KINDS[0]);
        let mut draft = self.outbox.own_draft(kind, place, body, now);
        draft.note = note;
        self.outbox.event(draft);
    }

    /// Queues a part's state behind the latest event.
    fn checkpoint(&mut self, part: Part, state: Bytes, now: Moment) {
        let mark = now.wall.as_millisecond();
        self.outbox.checkpoint(Checkpoint { part, state, mark });
    }

    /// Stores the last frame of every node, so that a later run can tell the gap.
    pub(crate) fn save_nodes(&mut self, now: Moment) {
        for index in 0..self.nodes.len() {
            if self.nodes[index].session_id().is_some() {
                self.save_node(index, now);
            }
        }
    }

    /// Queues the state of a node: its session and the last frame before which none is missing.
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

    /// The error with the state of each node.
    fn not_connected(&self) -> NotConnected {
        let links = || self.nodes.iter().map(|node| (node.id(), node.link()));
        NotConnected {
            state: together(links()),
            nodes: links()
                .map(|(id, link)| (id.clone(), link.clone()))
                .collect(),
        }
    }

    /// Queues an event for each link that changed, and notes the pool's link if that did.
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
                self.outbox.link(place, &state, now);
            }
        }
        let state = together(self.nodes.iter().map(|node| (node.id(), node.link())));
        if state != self.shown {
            self.shown = state.clone();
            self.link = Some(state);
        }
    }

    /// Ends every input: begins moves that are possible now, and publishes the link.
    fn conclude(&mut self, now: Moment) {
        self.pump_moves(now);
        self.tell_link(now);
    }
}

/// The body of an event that antiphon makes.
fn body(own: &wire::Own<'_>) -> Vec<u8> {
    serde_json::to_vec(own).expect("only texts and numbers")
}

/// What clients see of a node; its session only while it is connected.
fn snapshot(node: &NodeState) -> NodeSnapshot {
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

/// The state of several links as one: the best one, with the name of its node.
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
