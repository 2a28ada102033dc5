//! All nodes and players of a source as a state machine: frames, answers, commands and deadlines in; requests, events
//! and checkpoints out.
//!
//! It opens nothing and asks no clock. Whatever it wants done stands in its queues: requests to make
//! ([`PoolState::next_task`]), sockets to close ([`PoolState::next_close`]) and events to store
//! ([`PoolState::take_entry`]).

mod cache;
mod drain;
mod frames;
mod moves;
mod penalty;
mod region;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{
    Backoff, BoxError, Checkpoint, Draft, Edge, Entry, Gap, Kind, Link, LinkState, Origin, Part,
    Place, Provenance, Rng,
};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::{sync::oneshot, time::Instant};

pub use self::region::region_from_endpoint;
pub(crate) use self::{cache::Cache, frames::remotes, penalty::penalty};
use self::{drain::Drain, moves::Move};
use crate::{
    config::Config,
    error::{InvalidNodeError, PlayerError, RequestError},
    event::{
        INACTIVE_PLAYER, NODE_CLOSED, NODE_DISCONNECTED, PLAYER_MIGRATED, node_place, note,
        player_place,
    },
    model::{GuildId, NodeId, NodeStatus, Playable, UserId, VoiceRequest, VoiceServer, VoiceState},
    player::{self, Answer, Output, PlayerState, Remote, Reply, Snapshot},
    session::{Moment, Refusal, Session},
    wire::{self, Info, StatsOP},
};

/// Version of the nodes' checkpoints.
const VERSION: u8 = 1;

/// What the pool wants done by whoever can reach the network.
#[derive(Debug)]
pub(crate) enum Task {
    /// Open a node's socket, to go on with a session if there is one.
    Open {
        node: usize,
        epoch: u64,
        session: Option<Arc<str>>,
    },
    /// Ask a node to keep the session when its socket is lost.
    Configure { node: usize, session: Arc<str> },
    /// Ask what a node is.
    Info { node: usize },
    /// Ask for the players of a session.
    Players {
        node: usize,
        epoch: u64,
        session: Arc<str>,
    },
    /// Ask something of a player's node.
    Ask {
        node: usize,
        session: Arc<str>,
        guild: GuildId,
        number: u64,
        answer: Answer,
    },
    /// End a player that is nobody's any more.
    Delete {
        node: usize,
        session: Arc<str>,
        guild: GuildId,
    },
    /// Ask Discord.
    Voice(VoiceRequest),
    /// Ask a node for recommendations.
    Recommend {
        node: usize,
        guild: GuildId,
        queries: Vec<String>,
    },
}

/// What became of a [`Task`].
#[derive(Debug)]
pub(crate) enum Done {
    Opened {
        node: usize,
        epoch: u64,
        outcome: Result<(), Refusal>,
    },
    Info {
        node: usize,
        info: Option<Box<Info>>,
    },
    Players {
        node: usize,
        epoch: u64,
        outcome: Result<Vec<Remote>, RequestError>,
    },
    Asked {
        guild: GuildId,
        number: u64,
        outcome: Result<Option<Box<Remote>>, RequestError>,
    },
    Recommended {
        guild: GuildId,
        tracks: Vec<Playable>,
    },
    /// Discord was asked, or could not be.
    VoiceAsked {
        guild: GuildId,
        outcome: Result<(), BoxError>,
    },
    /// Nothing that matters.
    Nothing,
}

/// What a client asks of the pool.
#[derive(Debug)]
pub(crate) enum Command {
    Player {
        guild: GuildId,
        command: Box<player::Command>,
    },
    /// Move a player to a node.
    Switch {
        guild: GuildId,
        node: NodeId,
        reply: Reply,
    },
    /// Close a node, after its players have moved if so wished.
    CloseNode {
        node: NodeId,
        failover: bool,
        reply: oneshot::Sender<Vec<GuildId>>,
    },
    /// Try every node again that is not connected.
    Reconnect,
}

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

/// A player and its place among the deadlines.
#[derive(Debug)]
struct Seat {
    player: PlayerState,
    timer: Option<Instant>,
    /// Its place at a node, so that it is not made anew for each frame.
    place: Option<(usize, Place)>,
}

impl Seat {
    fn new(player: PlayerState) -> Self {
        Self {
            player,
            timer: None,
            place: None,
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
    seats: HashMap<GuildId, Seat>,
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
            user: config.user,
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
                    self.seats.insert(guild, Seat::new(player));
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
                let place = node_place(self.nodes[index].id());
                self.own_event(Link::KIND, place, Link::body(&state), None, now);
            }
        }
        let state = together(self.nodes.iter().map(Session::link));
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

    // -----------------------------------------------------------------------------------------------------------------
    // Inputs.

    /// Voice of the bot's own user; that of others is passed over.
    pub(crate) fn on_voice_state(&mut self, state: &VoiceState, now: Moment) {
        self.has_event = false;
        if state.user != self.user {
            return;
        }
        if let Some(seat) = self.seats.get_mut(&state.guild) {
            seat.player
                .on_voice_state(state.channel, &state.session_id, now.at);
            self.pump(state.guild, now);
        }
    }

    pub(crate) fn on_voice_server(&mut self, server: VoiceServer, now: Moment) {
        self.has_event = false;
        if let Some(seat) = self.seats.get_mut(&server.guild) {
            seat.player
                .on_voice_server(server.token, server.endpoint, now.at);
            self.pump(server.guild, now);
        }
    }

    pub(crate) fn on_command(&mut self, command: Command, now: Moment) {
        self.has_event = false;
        match command {
            Command::Player { guild, command } => {
                let is_there = self
                    .seats
                    .get(&guild)
                    .is_some_and(|seat| !seat.player.is_gone);
                if !is_there && !command.makes_player() {
                    return command.fail(PlayerError::InvalidChannelState(guild));
                }
                if !is_there {
                    self.forget(guild);
                    let player = PlayerState::new(guild, self.rules, self.rng.fork(), now.at);
                    self.seats.insert(guild, Seat::new(player));
                }
                if let Some(node) = command.node()
                    && self.index(node).is_none()
                {
                    let node = node.clone();
                    return command.fail(PlayerError::InvalidNode(InvalidNodeError::Unknown(node)));
                }
                if let Some(seat) = self.seats.get_mut(&guild) {
                    seat.player.on_command(*command, now.at);
                }
                self.pump(guild, now);
            }
            Command::Switch { guild, node, reply } => self.switch(guild, &node, reply, now),
            Command::CloseNode {
                node,
                failover,
                reply,
            } => self.close_node(&node, failover, reply, now),
            Command::Reconnect => {
                for node in &mut self.nodes {
                    node.hurry();
                }
                self.open_nodes(now);
            }
        }
        self.conclude(now);
    }

    pub(crate) fn on_done(&mut self, done: Done, now: Moment) {
        self.has_event = false;
        match done {
            Done::Opened {
                node,
                epoch,
                outcome,
            } => match outcome {
                Ok(()) if self.nodes[node].is_current(epoch) => self.nodes[node].on_opened(now),
                Ok(()) => self.closes.push_back((node, epoch)),
                Err(refusal) => self.on_lost(node, epoch, &refusal, now),
            },
            Done::Info { node, info } => {
                self.nodes[node].info = info.map(Arc::from);
                self.nodes_changed = true;
            }
            Done::Players {
                node,
                epoch,
                outcome,
            } => self.reconcile(node, epoch, outcome, now),
            Done::Asked {
                guild,
                number,
                outcome,
            } => {
                let Some(seat) = self.seats.get_mut(&guild) else {
                    return;
                };
                if seat.player.awaits(number) {
                    let outcome = outcome.map(|remote| remote.map(|remote| *remote));
                    seat.player.on_answer(outcome, now.at);
                    self.pump(guild, now);
                    self.go_on_moving(guild, now);
                }
            }
            Done::Recommended { guild, tracks } => {
                if let Some(seat) = self.seats.get_mut(&guild) {
                    seat.player.on_recommended(tracks, now.at);
                    self.pump(guild, now);
                }
            }
            Done::VoiceAsked {
                outcome: Ok(()), ..
            }
            | Done::Nothing => {}
            Done::VoiceAsked {
                guild,
                outcome: Err(error),
            } => {
                tracing::debug!(%guild, %error, "discord could not be asked for a voice channel");
                if let Some(seat) = self.seats.get_mut(&guild) {
                    seat.player.on_voice_refused(error);
                    self.pump(guild, now);
                }
            }
        }
        self.conclude(now);
    }

    /// A node's socket is gone, or could not be opened.
    pub(crate) fn on_lost(&mut self, index: usize, epoch: u64, refusal: &Refusal, now: Moment) {
        self.has_event = false;
        let node = &mut self.nodes[index];
        if !node.is_current(epoch) {
            return;
        }
        if node.on_lost(refusal, self.grace, now) {
            let place = node_place(node.id());
            let why = note(None, Some(&refusal.reason), false);
            self.own_event(NODE_DISCONNECTED, place, "{}", why, now);
        }
        if self.nodes[index].is_over() {
            tracing::error!(node = %self.nodes[index].id(), reason = %refusal.reason, "a node is given up");
        }
        self.moving.retain(|_, target| *target != index);
        self.nodes_changed = true;
        self.conclude(now);
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let nodes = self.nodes.iter().filter_map(Session::deadline);
        let players = self.timers.first().map(|(at, _)| *at);
        let drains = self.drains.iter().map(Drain::deadline);
        nodes.chain(players).chain(drains).min()
    }

    pub(crate) fn on_deadline(&mut self, now: Moment) {
        self.has_event = false;
        for index in 0..self.nodes.len() {
            if self.nodes[index].is_mute(now.at) {
                let refusal = Refusal {
                    reason: "the node did not say that it is ready".into(),
                    fatal: None,
                    wait: None,
                };
                let epoch = self.epoch_of(index);
                self.closes.push_back((index, epoch));
                self.on_lost(index, epoch, &refusal, now);
            }
            if self.nodes[index].take_compare(now.at)
                && let Some(session) = self.nodes[index].session_id().cloned()
            {
                let epoch = self.epoch_of(index);
                self.tasks.push_back(Task::Players {
                    node: index,
                    epoch,
                    session,
                });
            }
            if self.nodes[index].take_failover(now.at) {
                self.fail_over(index, now);
            }
        }
        self.open_nodes(now);
        while let Some(&(at, guild)) = self.timers.first()
            && at <= now.at
        {
            self.timers.pop_first();
            if let Some(seat) = self.seats.get_mut(&guild) {
                seat.timer = None;
                seat.player.on_deadline(now.at);
                self.pump(guild, now);
            }
        }
        self.finish_drains(now);
        self.conclude(now);
    }

    fn epoch_of(&self, index: usize) -> u64 {
        self.nodes[index].epoch()
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Players.

    /// The place of what a node says, about a player or about none.
    fn place(&mut self, index: usize, guild: Option<GuildId>) -> Place {
        let Some(guild) = guild else {
            return self.nodes[index].place().clone();
        };
        let Some(seat) = self.seats.get_mut(&guild) else {
            return player_place(self.nodes[index].id(), guild);
        };
        if let Some((_, place)) = seat.place.as_ref().filter(|(at, _)| *at == index) {
            return place.clone();
        }
        let place = player_place(self.nodes[index].id(), guild);
        seat.place = Some((index, place.clone()));
        place
    }

    fn index(&self, node: &NodeId) -> Option<usize> {
        self.nodes.iter().position(|known| known.id() == node)
    }

    /// The guilds whose player is at a node.
    fn players_of(&self, index: usize) -> Vec<GuildId> {
        let id = self.nodes[index].id();
        let seats = self.seats.iter();
        let at_node = seats.filter(|(_, seat)| seat.player.node.as_ref() == Some(id));
        let mut guilds: Vec<GuildId> = at_node.map(|(guild, _)| *guild).collect();
        guilds.sort_unstable();
        guilds
    }

    /// Carries out what a player wants since it was last looked at.
    fn pump(&mut self, guild: GuildId, now: Moment) {
        self.changed.insert(guild);
        while let Some(output) = self
            .seats
            .get_mut(&guild)
            .and_then(|seat| seat.player.next_output())
        {
            self.carry_out(guild, output, now);
        }
        let Some(seat) = self.seats.get(&guild) else {
            return;
        };
        if seat.player.needs_node() {
            let chosen = seat.player.chosen.clone();
            let endpoint = seat.player.endpoint().map(str::to_owned);
            if let Some(index) = self.best(chosen.as_ref(), endpoint.as_deref(), |_| true) {
                self.nodes[index].newcomers += 1;
                let id = self.nodes[index].id().clone();
                if let Some(seat) = self.seats.get_mut(&guild) {
                    seat.player.assign(id);
                }
            }
        }
        self.ask(guild);
        let Some(seat) = self.seats.get_mut(&guild) else {
            return;
        };
        if std::mem::take(&mut seat.player.dirty) {
            let state = seat.player.saved(now.at);
            self.checkpoint(format!("player/{guild}").into(), state, now);
        }
        self.set_timer(guild);
    }

    /// Sends the next request of a player, if its node can be asked.
    fn ask(&mut self, guild: GuildId) {
        let Some(seat) = self.seats.get_mut(&guild) else {
            return;
        };
        let node = seat.player.node.as_ref();
        let index = node.and_then(|id| self.nodes.iter().position(|node| node.id() == id));
        if let Some(index) = index
            && self.nodes[index].is_ready()
            && let Some(session) = self.nodes[index].session_id().cloned()
            && let Some((_, answer)) = seat.player.next_ask(self.numbers + 1)
        {
            self.numbers += 1;
            self.tasks.push_back(Task::Ask {
                node: index,
                session,
                guild,
                number: self.numbers,
                answer,
            });
        }
    }

    /// A player that is over makes room for a new one before its node was told.
    fn forget(&mut self, guild: GuildId) {
        let Some(Seat { player, timer, .. }) = self.seats.remove(&guild) else {
            return;
        };
        if let Some(before) = timer {
            self.timers.remove(&(before, guild));
        }
        let index = player.node.and_then(|id| self.index(&id));
        if let Some(index) = index
            && self.nodes[index].is_ready()
            && let Some(session) = self.nodes[index].session_id().cloned()
        {
            self.tasks.push_back(Task::Delete {
                node: index,
                session,
                guild,
            });
        }
    }

    fn set_timer(&mut self, guild: GuildId) {
        let Some(seat) = self.seats.get_mut(&guild) else {
            return;
        };
        let due = seat.player.deadline();
        if seat.timer != due {
            if let Some(before) = seat.timer.take() {
                self.timers.remove(&(before, guild));
            }
            if let Some(due) = due {
                self.timers.insert((due, guild));
            }
            seat.timer = due;
        }
        if seat.player.is_over() {
            if let Some(before) = seat.timer {
                self.timers.remove(&(before, guild));
            }
            self.seats.remove(&guild);
            self.moving.remove(&guild);
        }
    }

    fn carry_out(&mut self, guild: GuildId, output: Output, now: Moment) {
        match output {
            Output::Voice(request) => self.tasks.push_back(Task::Voice(request)),
            Output::Inactive => {
                if let Some(node) = self
                    .seats
                    .get(&guild)
                    .and_then(|seat| seat.player.node.clone())
                {
                    let body = body(&wire::Own {
                        guild: Some(guild.get()),
                        ..wire::Own::default()
                    });
                    self.own_event(INACTIVE_PLAYER, player_place(&node, guild), body, None, now);
                }
            }
            Output::Migrated {
                from,
                to,
                position,
                reason,
            } => {
                let body = body(&wire::Own {
                    guild: Some(guild.get()),
                    from: Some(from.as_str().into()),
                    to: Some(to.as_str().into()),
                    position,
                    ..wire::Own::default()
                });
                let note = note(None, Some(reason.as_str()), false);
                self.own_event(PLAYER_MIGRATED, player_place(&to, guild), body, note, now);
            }
            Output::Recommend(queries) => match self.best(None, None, |_| true) {
                Some(node) => self.tasks.push_back(Task::Recommend {
                    node,
                    guild,
                    queries,
                }),
                None => {
                    if let Some(seat) = self.seats.get_mut(&guild) {
                        seat.player.on_recommended(Vec::new(), now.at);
                    }
                }
            },
        }
    }

    /// The node that is to be asked: the chosen one, else the one least busy of the endpoint's region, else of all.
    fn best(
        &self,
        chosen: Option<&NodeId>,
        endpoint: Option<&str>,
        may: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let can = |index: &usize| {
            let node = &self.nodes[*index];
            node.is_ready() && !node.is_draining && may(*index)
        };
        if let Some(index) = chosen.and_then(|id| self.index(id)).filter(can) {
            return Some(index);
        }
        let region = endpoint.and_then(region_from_endpoint);
        let rank = |index: &usize| {
            let node = &self.nodes[*index];
            let penalty = penalty::with_newcomers(penalty(node.stats.as_ref()), node.newcomers);
            (penalty, node.newcomers)
        };
        let least = |indexes: &mut dyn Iterator<Item = usize>| {
            indexes.filter(can).min_by(|one, other| {
                let (one, other) = (rank(one), rank(other));
                one.0.total_cmp(&other.0).then(one.1.cmp(&other.1))
            })
        };
        let is_near = |index: &usize| {
            region.is_some() && self.nodes[*index].config.region.as_deref() == region
        };
        least(&mut (0..self.nodes.len()).filter(is_near))
            .or_else(|| least(&mut (0..self.nodes.len())))
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

/// The state of several connections as one: that of the best.
fn together<'a>(states: impl Iterator<Item = &'a LinkState>) -> LinkState {
    let rank = |state: &LinkState| match state {
        LinkState::Connected { .. } => 0,
        LinkState::Connecting => 1,
        LinkState::Waiting { .. } => 2,
        LinkState::Idle => 3,
        LinkState::Stopped { .. } => 4,
        _ => 5,
    };
    states
        .min_by_key(|state| rank(state))
        .cloned()
        .unwrap_or_default()
}
