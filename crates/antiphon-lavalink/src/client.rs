//! Cloneable handles for users.
//!
//! A handle reads the latest snapshot that the source published. Its actions are commands to the source, which carries
//! them out in order.
//!
//! # What goes through here
//! - *Down*: an action becomes a command of the pool and waits in a channel of 256 commands for the loop of
//!   `socket.rs`. The loop gives it to the state machine (`pool/inputs.rs`), which replies through a one-shot channel
//!   once the node has responded.
//! - *Up*: after each turn the loop publishes the snapshots of changed players and nodes. A getter takes the lock for
//!   reading, copies one value, and never waits for the source or the network.
//! - *Aside*: Discord's voice events go into an inbox (`client/inbox.rs`), which never refuses one; requests about
//!   tracks and nodes go straight to HTTP, since they need no order.
//!
//! # What holds
//! - A handle keeps no connection alive and ends none: dropping all handles leaves the source running.
//! - Every action ends: with the node's response, with the source's error, or with an error after its timeout. The
//!   source applies the timeout first where it can, since its error says more; the handle waits half a second longer.
//! - A getter of a player that is gone returns the default of its type. [`Player::exists`] tells the difference.
//! - A call returns once the turn that replied to it is published, so that a getter after an action sees its result
//!   ([`Turns`]).

mod inbox;
mod node;
mod player;
mod queue;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, atomic::AtomicI64},
    time::Duration,
};

use antiphon_core::{LinkState, RelayError, Remote, StopCode};
use antiphon_net::Network;
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout_at},
};

pub(crate) use self::inbox::{Inbox, VoiceUpdate};
pub use self::{
    node::{Node, PlayerInfo},
    player::{ConnectOptions, Player},
    queue::PlayerQueue,
};
use crate::{
    config::Config,
    error::{InvalidNodeError, LoadError, NotConnected, PlayerError, RequestError},
    http::Http,
    model::{
        GuildId, LoadResult, NodeId, NodeStatus, Playable, Search, TrackSource, UserId,
        VoiceServer, VoiceState,
    },
    player::{PlayerCommand, Reply, Snapshot},
    pool::{Cache, NodeSnapshot, PoolCommand},
    relay,
};

/// Commands that may wait for the source; a further one waits for room within its own timeout.
pub(crate) const COMMANDS: usize = 256;
/// Added to the timeout that the source applies, so that the source's error arrives first.
const SLACK: Duration = Duration::from_millis(500);

/// Number of the loop's turns: odd while one is under way, even once its changes are published.
///
/// The loop replies in the middle of a turn and publishes snapshots at its end; a caller on another thread waits for
/// that end.
#[derive(Debug)]
pub(crate) struct Turns(watch::Sender<u64>);

impl Turns {
    fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// Notes that a turn is under way.
    pub(crate) fn begin(&self) {
        self.step(false);
    }

    /// Notes that the changes of the turn are published.
    pub(crate) fn end(&self) {
        self.step(true);
    }

    /// Counts on if the number is odd, or if it is even.
    fn step(&self, odd: bool) {
        self.0.send_if_modified(|turn| {
            let counts = (*turn % 2 == 1) == odd;
            *turn += u64::from(counts);
            counts
        });
    }

    /// Waits until the turn that is under way is published. Safe to cancel.
    async fn published(&self) {
        let mut turns = self.0.subscribe();
        let seen = *turns.borrow_and_update();
        // The sender is borrowed, so the wait cannot fail.
        let _ = turns.wait_for(|turn| *turn != seen || turn % 2 == 0).await;
    }
}

/// What handles and source share.
///
/// Locks are held for one copy and never over a wait. A poisoned lock is used all the same, since each write replaces
/// whole values.
#[derive(Debug)]
pub(crate) struct Shared {
    /// When the pool was created: a loss of voice from before comes from a journal that is read again.
    since: Timestamp,
    /// Requests, with the passwords of all nodes.
    pub(crate) http: Http,
    /// The network behind the proxy, if there is one.
    pub(crate) network: Network,
    /// State of all connections as one; written by the loop alone.
    pub(crate) link: watch::Sender<LinkState>,
    /// Turns of the loop.
    pub(crate) turns: Turns,
    /// Voice events that wait for the loop.
    pub(crate) inbox: Inbox,
    /// Latest snapshot of each player that exists.
    players: RwLock<HashMap<GuildId, Snapshot>>,
    /// Latest snapshot of each node, in the configuration's order, which never changes.
    nodes: RwLock<Vec<NodeSnapshot>>,
    /// Search results of [`Pool::fetch_tracks`].
    cache: Mutex<Cache>,
    /// Commands to the loop; closed once the source has ended or was dropped.
    commands: mpsc::Sender<PoolCommand>,
    action_timeout: Duration,
    /// The way to the process that runs the source, if another one does.
    pub(crate) remote: OnceLock<Remote>,
    /// When that process answered an action last, by its clock, in Unix microseconds.
    pub(crate) answered_at: AtomicI64,
}

impl Shared {
    pub(crate) fn new(config: &Config, commands: mpsc::Sender<PoolCommand>) -> Self {
        let nodes = config.nodes.iter().map(|node| NodeSnapshot {
            id: node.id.clone(),
            status: NodeStatus::Disconnected,
            session_id: None,
            penalty: crate::pool::penalty(None),
            stats: None,
            info: None,
            region: node.region.as_deref().map(Into::into),
            link: LinkState::Idle,
        });
        let network = config.network.through(config.proxy.as_ref());
        Self {
            since: config.clock.now(),
            http: Http::new(config, network.http()),
            network,
            link: watch::Sender::new(LinkState::Idle),
            turns: Turns::new(),
            inbox: Inbox::new(config.user),
            players: RwLock::default(),
            nodes: RwLock::new(nodes.collect()),
            cache: Mutex::new(Cache::new(config.cache_capacity)),
            commands,
            action_timeout: config.action_timeout,
            remote: OnceLock::new(),
            answered_at: AtomicI64::new(0),
        }
    }

    /// Publishes snapshots of players.
    pub(crate) fn show_players(&self, changes: Vec<(GuildId, Option<Snapshot>)>) {
        let mut players = self.players.write().unwrap_or_else(PoisonError::into_inner);
        for (guild, snapshot) in changes {
            match snapshot {
                Some(snapshot) => drop(players.insert(guild, snapshot)),
                None => drop(players.remove(&guild)),
            }
        }
    }

    /// Publishes snapshots of nodes.
    pub(crate) fn show_nodes(&self, nodes: Vec<NodeSnapshot>) {
        *self.nodes.write().unwrap_or_else(PoisonError::into_inner) = nodes;
    }

    /// Copies the snapshots of all nodes.
    pub(crate) fn all_nodes(&self) -> Vec<NodeSnapshot> {
        let nodes = self.nodes.read().unwrap_or_else(PoisonError::into_inner);
        nodes.clone()
    }

    /// The guilds that have a player.
    pub(crate) fn guilds(&self) -> Vec<GuildId> {
        let players = self.players.read().unwrap_or_else(PoisonError::into_inner);
        players.keys().copied().collect()
    }

    /// Forgets the players of other guilds than these.
    pub(crate) fn keep_players(&self, guilds: &[GuildId]) {
        let mut players = self.players.write().unwrap_or_else(PoisonError::into_inner);
        players.retain(|guild, _| guilds.contains(guild));
    }

    /// Copies a node's snapshot.
    fn node(&self, index: usize) -> Option<NodeSnapshot> {
        let nodes = self.nodes.read().unwrap_or_else(PoisonError::into_inner);
        nodes.get(index).cloned()
    }

    /// Reads one value of a player's snapshot; `None` if there is no player.
    pub(crate) fn snapshot<T>(&self, guild: GuildId, of: impl FnOnce(&Snapshot) -> T) -> Option<T> {
        let players = self.players.read().unwrap_or_else(PoisonError::into_inner);
        players.get(&guild).map(of)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error with the state of the source and of each node.
    pub(crate) fn not_connected(&self) -> NotConnected {
        let nodes = self.nodes.read().unwrap_or_else(PoisonError::into_inner);
        NotConnected {
            state: self.link.borrow().clone(),
            nodes: nodes
                .iter()
                .map(|node| (node.id.clone(), node.link.clone()))
                .collect(),
        }
    }

    /// Sends a command to the source and waits for its result, both within `within`, and until it is published.
    ///
    /// A source that ended drops the command or its reply, which is [`PlayerError::NotConnected`].
    async fn call<T>(
        &self,
        command: PoolCommand,
        answer: oneshot::Receiver<T>,
        within: Duration,
    ) -> Result<T, PlayerError> {
        if let Some(remote) = self.remote.get() {
            relay::command(remote, self, command).await?;
            return answer
                .await
                .map_err(|_| PlayerError::Relay(RelayError::Lost));
        }
        let by = Instant::now() + within;
        let guild = match &command {
            PoolCommand::Player { guild, .. } | PoolCommand::Switch { guild, .. } => Some(*guild),
            PoolCommand::CloseNode { .. } | PoolCommand::Reconnect => None,
        };
        match timeout_at(by, self.commands.send(command)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(PlayerError::NotConnected(self.not_connected())),
            Err(_) => return Err(self.late(guild, within)),
        }
        match timeout_at(by, answer).await {
            Ok(Ok(outcome)) => {
                // The command is done, also if its publication takes longer.
                let _ = timeout_at(by, self.turns.published()).await;
                Ok(outcome)
            }
            Ok(Err(_)) => Err(PlayerError::NotConnected(self.not_connected())),
            Err(_) => Err(self.late(guild, within)),
        }
    }

    /// The error of a command without a result in time: no node is connected, the player's node is not, or unknown.
    fn late(&self, guild: Option<GuildId>, within: Duration) -> PlayerError {
        if !self.link.borrow().is_connected() {
            return PlayerError::NotConnected(self.not_connected());
        }
        let node = guild.and_then(|guild| self.snapshot(guild, |player| player.node.clone()));
        let nodes = self.nodes.read().unwrap_or_else(PoisonError::into_inner);
        let away = node.flatten().filter(|id| {
            let node = nodes.iter().find(|node| node.id == *id);
            node.is_some_and(|node| node.status != NodeStatus::Connected)
        });
        match away {
            Some(node) => PlayerError::InvalidNode(InvalidNodeError::NotConnected(node)),
            None => PlayerError::TimedOut(within),
        }
    }
}

/// A handle on all nodes and players of a source. Cheap to clone.
///
/// It is the first half of [`connect`](crate::connect). All nodes of a bot are one pool, so that a player can move from
/// one to another.
///
/// # Choosing a node
/// A player gets its node when Discord has sent both halves of its voice connection, by these rules in order:
///
/// 1. the node of [`ConnectOptions::node`] or [`Player::switch_node`], if it is connected;
/// 2. the node with the lowest penalty among those whose [`region`](crate::NodeConfig::region) is that of the voice
///    server ([`region_from_endpoint`](crate::region_from_endpoint));
/// 3. the node with the lowest penalty of all.
///
/// A node that is being closed is not chosen. Players that were assigned since a node's last statistics count as
/// playing, so that a burst of players spreads over all nodes.
///
/// # Examples
/// ```no_run
/// use antiphon_lavalink::{Config, NodeConfig, Pool, TrackSource, VoiceServer, VoiceState, connect};
///
/// # async fn example(state: VoiceState, server: VoiceServer) -> Result<(), Box<dyn std::error::Error>> {
/// let nodes = [
///     NodeConfig::new("eu-1", "https://eu.example.org", "youshallnotpass").region("eu"),
///     NodeConfig::new("us-1", "https://us.example.org", "youshallnotpass").region("us"),
/// ];
/// let (pool, source) = connect(Config::new(7, nodes));
/// // Run `source` in an app, or as a stream; then a node can be connected.
/// pool.connect().await?;
///
/// // The node with the lowest penalty, of a region if possible.
/// let node = pool.get_node(Some("eu"))?;
/// println!("{} has penalty {}", node.identifier(), node.penalty());
///
/// // Results are cached.
/// let found = pool.search("never gonna give you up", &TrackSource::YouTube).await?;
/// for track in found.tracks() {
///     println!("{} by {}", track.title, track.author);
/// }
///
/// // Voice events of Discord, in Discord's order.
/// pool.voice_state_update(state);
/// pool.voice_server_update(server);
/// # Ok(())
/// # }
/// ```
///
/// Before the source runs, the pool already knows its nodes:
///
/// ```
/// use antiphon_lavalink::{Config, InvalidNodeError, NodeConfig, NodeStatus, connect};
///
/// let nodes = ["eu-1", "us-1"].map(|name| NodeConfig::new(name, "http://127.0.0.1:2333", "youshallnotpass"));
/// let (pool, source) = connect(Config::new(7, nodes));
/// assert_eq!(pool.nodes().len(), 2);
/// let node = pool.node("us-1").expect("a node of the configuration");
/// assert_eq!(node.status(), NodeStatus::Disconnected);
/// assert_eq!(node.penalty(), 9e30, "unknown load");
/// assert_eq!(pool.get_node(None).err(), Some(InvalidNodeError::NoneConnected));
///
/// drop(source);
/// assert_eq!(pool.get_node(None).err(), Some(InvalidNodeError::Stopped));
/// ```
#[derive(Clone, Debug)]
pub struct Pool {
    shared: Arc<Shared>,
}

impl Pool {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The state of all connections as one: connected while one node is.
    ///
    /// The best of all nodes counts, in the order connected, connecting, waiting, idle, stopped; a reason names the
    /// node that it is about. The receiver wakes at each change, so it serves a status page or a health check.
    ///
    /// ```
    /// use antiphon_core::LinkState;
    /// use antiphon_lavalink::{Config, NodeConfig, connect};
    ///
    /// let node = NodeConfig::new("eu-1", "http://127.0.0.1:2333", "youshallnotpass");
    /// let (pool, _source) = connect(Config::new(7, [node]));
    /// assert_eq!(*pool.link().borrow(), LinkState::Idle, "the source does not run yet");
    /// ```
    pub fn link(&self) -> watch::Receiver<LinkState> {
        self.shared.link.subscribe()
    }

    /// Waits until a node is connected, that is, until it has sent `ready`.
    ///
    /// It asks for nothing: the source connects all nodes by itself when it runs. Call it before the first action, so
    /// that a wrong password is one clear error.
    ///
    /// # Errors
    /// [`NotConnected`] once the source has stopped, or if no node is connected within [`Config::action_timeout`]; it
    /// names the state of each node. In the second case the source tries on.
    pub async fn connect(&self) -> Result<(), NotConnected> {
        if let Some(remote) = self.shared.remote.get() {
            return relay::connect(remote, &self.shared).await;
        }
        let mut link = self.link();
        let settled = link.wait_for(|state| {
            state.is_connected() || matches!(state, LinkState::Stopped { .. } | LinkState::Closed)
        });
        let by = Instant::now() + self.shared.action_timeout;
        match timeout_at(by, settled).await {
            Ok(Ok(state)) if state.is_connected() => Ok(()),
            _ => Err(self.shared.not_connected()),
        }
    }

    /// Connects every node now that waits for its next attempt, was given up, or was closed by [`Node::close`].
    ///
    /// It returns once the command is queued; [`link`](Self::link) shows the outcome. A node that is still being closed
    /// is left alone. When all nodes were given up, the source has ended, and nothing can be connected any more.
    ///
    /// # Errors
    /// [`NotConnected`] if the source does not run.
    pub async fn reconnect(&self) -> Result<(), NotConnected> {
        if let Some(remote) = self.shared.remote.get() {
            let asked = relay::command(remote, &self.shared, PoolCommand::Reconnect).await;
            return asked.map_err(|error| relay::not_connected(&self.shared, error));
        }
        let sent = self.shared.commands.send(PoolCommand::Reconnect).await;
        sent.map_err(|_| self.shared.not_connected())
    }

    /// Closes every node and disconnects its players, one node after another.
    ///
    /// Use it when the bot leaves for good. To stop the program and let the music play on, stop the source instead:
    /// nodes keep the session for [`Config::resume_timeout`], and the next run goes on with it.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run, or a node's closing took longer than 36 s; nodes after that one are
    /// not closed.
    pub async fn close(&self) -> Result<(), PlayerError> {
        for node in self.nodes() {
            node.close(false).await?;
        }
        Ok(())
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Nodes.

    /// The nodes in the configuration's order.
    ///
    /// Their number and order never change.
    pub fn nodes(&self) -> Vec<Node> {
        let count = self
            .shared
            .nodes
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        (0..count)
            .map(|index| Node::new(Arc::clone(&self.shared), index))
            .collect()
    }

    /// A node by its name, connected or not.
    pub fn node(&self, id: impl Into<NodeId>) -> Option<Node> {
        let id = id.into();
        let nodes = self
            .shared
            .nodes
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let index = nodes.iter().position(|node| node.id == id)?;
        Some(Node::new(Arc::clone(&self.shared), index))
    }

    /// The connected node with the lowest penalty: of `region` if a node of it is connected, else of all.
    ///
    /// Regions are compared to the letter with [`NodeConfig::region`](crate::NodeConfig::region). Use it for requests
    /// of your own; players choose by themselves.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use antiphon_lavalink::{Config, InvalidNodeError, NodeConfig, NodeStatus, connect};
    /// use antiphon_sim::Simulator;
    /// use futures_util::StreamExt as _;
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::with_seed(7);
    /// let nodes = ["eu-1", "us-1"].map(|name| {
    ///     let node = sim.lavalink().node(name);
    ///     NodeConfig::new(name, node.url(), node.password()).region(&name[..2])
    /// });
    /// let (pool, source) = connect(Config::new(77, nodes).network(sim.network()).clock(sim.clock()));
    /// let mut events = source.events(CancellationToken::new());
    /// let reader = tokio::spawn(async move { while events.next().await.is_some() {} });
    /// pool.connect().await?;
    /// # tokio::time::sleep(Duration::from_secs(1)).await;
    ///
    /// let name = |region| pool.get_node(region).map(|node| node.identifier().to_string());
    /// assert_eq!(name(Some("us"))?, "us-1");
    /// assert!(name(Some("africa")).is_ok(), "any node is better than none");
    ///
    /// sim.lavalink().node("us-1").kill(Duration::from_secs(600));
    /// # tokio::time::sleep(Duration::from_secs(1)).await;
    /// assert_eq!(name(Some("us"))?, "eu-1");
    /// let lost = pool.node("us-1").expect("configured");
    /// assert_ne!(lost.status(), NodeStatus::Connected);
    /// assert_eq!((lost.session_id(), lost.stats()), (None, None));
    /// # reader.abort();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// In a process whose source another one runs, while nothing is known of the connections, it is the first node of the
    /// configuration, of `region` if one has it.
    ///
    /// # Errors
    /// [`InvalidNodeError::NoneConnected`], which may pass; [`InvalidNodeError::Stopped`] once the source has ended.
    pub fn get_node(&self, region: Option<&str>) -> Result<Node, InvalidNodeError> {
        let nodes = self
            .shared
            .nodes
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        // Where another process has the connections and cannot be asked, requests go to any node.
        let is_elsewhere = matches!(
            &*self.shared.link.borrow(),
            LinkState::Stopped { code, .. } if *code == StopCode::ELSEWHERE
        );
        let is_unseen = self.shared.remote.get().is_some()
            && !nodes
                .iter()
                .any(|node| node.status == NodeStatus::Connected);
        let is_elsewhere = is_elsewhere || is_unseen;
        let connected = || {
            let nodes = nodes.iter().enumerate();
            nodes.filter(|(_, node)| is_elsewhere || node.status == NodeStatus::Connected)
        };
        let near =
            connected().filter(|(_, node)| region.is_some() && node.region.as_deref() == region);
        let by_penalty = |one: &(usize, &NodeSnapshot), other: &(usize, &NodeSnapshot)| {
            one.1.penalty.total_cmp(&other.1.penalty)
        };
        let best = near
            .min_by(by_penalty)
            .or_else(|| connected().min_by(by_penalty));
        let (index, _) = best.ok_or_else(|| {
            if self.shared.commands.is_closed() {
                InvalidNodeError::Stopped
            } else {
                InvalidNodeError::NoneConnected
            }
        })?;
        Ok(Node::new(Arc::clone(&self.shared), index))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Tracks.

    /// Loads tracks by a URL, or by a search term with a source's prefix such as `ytsearch:`; results are cached.
    ///
    /// One request to the node with the lowest penalty, or none if the cache has the query. Which URLs and prefixes
    /// work depends on the node: [`Info::source_managers`](crate::Info::source_managers) lists its sources, and plugins
    /// add more. A single track, a search and no match are all [`Search::Tracks`].
    ///
    /// ```no_run
    /// use antiphon_lavalink::{LoadError, Pool, Search};
    ///
    /// # async fn example(pool: Pool) -> Result<(), Box<dyn std::error::Error>> {
    /// match pool.fetch_tracks("https://www.youtube.com/playlist?list=PLchoirloft").await {
    ///     Ok(Search::Playlist(list)) => println!("{} with {} tracks", list.name, list.len()),
    ///     Ok(Search::Tracks(tracks)) if tracks.is_empty() => println!("nothing found"),
    ///     Ok(Search::Tracks(tracks)) => println!("first of {}: {}", tracks.len(), tracks[0].title),
    ///     // Such as a video that is not available in the node's country.
    ///     Err(LoadError::Failed(why)) => println!("the source says: {why}"),
    ///     Err(error) if error.is_transient() => println!("try again later: {error}"),
    ///     Err(error) => return Err(error.into()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`LoadError`]; an empty result is no error. [`LoadError::Failed`] is the source's own reason,
    /// [`LoadError::Request`] a node that could not be asked.
    pub async fn fetch_tracks(&self, query: &str) -> Result<Search, LoadError> {
        let known = self.shared.cache().get(query);
        if let Some(found) = known {
            return Ok(found);
        }
        let node = self.get_node(None);
        let node = node.map_err(|error| LoadError::Request(RequestError::InvalidNode(error)))?;
        let found = match node.load_tracks(query).await? {
            LoadResult::Track(track) => Search::Tracks(vec![track]),
            LoadResult::Search(tracks) => Search::Tracks(tracks),
            LoadResult::Playlist(playlist) => Search::Playlist(playlist),
            LoadResult::Empty => Search::Tracks(Vec::new()),
            LoadResult::Error(exception) => return Err(LoadError::Failed(exception)),
            LoadResult::Unknown { load_type, .. } => return Err(LoadError::Unknown(load_type)),
        };
        self.shared.cache().put(query, &found);
        Ok(found)
    }

    /// Searches a source, or loads a URL; see [`fetch_tracks`](Self::fetch_tracks).
    ///
    /// # Errors
    /// [`LoadError`]; an empty result is no error.
    ///
    /// An empty result may become a hit later, so it is not cached; see [`set_cache`](Self::set_cache).
    pub async fn search(&self, query: &str, source: &TrackSource) -> Result<Search, LoadError> {
        self.fetch_tracks(&source.identifier(query)).await
    }

    /// Sets how many search results are cached; 0 disables the cache. Default: [`Config::cache_capacity`].
    ///
    /// The oldest of the least used results is evicted first. Empty results and single streams are never kept. A result
    /// stays until it is evicted: disable the cache, and enable it again, to drop all.
    ///
    /// ```
    /// use antiphon_lavalink::{Config, NodeConfig, connect};
    ///
    /// let node = NodeConfig::new("eu-1", "http://127.0.0.1:2333", "youshallnotpass");
    /// let (pool, _source) = connect(Config::new(7, [node]).cache_capacity(0));
    /// assert!(!pool.has_cache());
    /// pool.set_cache(500);
    /// assert!(pool.has_cache());
    /// ```
    pub fn set_cache(&self, capacity: usize) {
        self.shared.cache().resize(capacity);
    }

    /// Whether search results are cached.
    pub fn has_cache(&self) -> bool {
        self.shared.cache().capacity() > 0
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Players.

    /// The player of a guild, if there is one.
    ///
    /// A player exists from its first [`connect`](Player::connect), or from the first change of its queue or settings,
    /// until it is disconnected or kicked. Players of an earlier run exist once the source runs.
    pub fn player(&self, guild: impl Into<GuildId>) -> Option<Player> {
        let guild = guild.into();
        self.shared
            .snapshot(guild, |_| ())
            .map(|()| self.player_in(guild))
    }

    /// A handle on the player of a guild, whether there is one or not; [`Player::connect`] creates it.
    ///
    /// It sends nothing and allocates nothing at the source, so it may be called for any guild.
    pub fn player_in(&self, guild: impl Into<GuildId>) -> Player {
        Player::new(Arc::clone(&self.shared), guild.into())
    }

    /// All players, in no order.
    pub fn players(&self) -> Vec<Player> {
        let players = self
            .shared
            .players
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        players.keys().map(|guild| self.player_in(*guild)).collect()
    }

    /// Takes a `VOICE_STATE_UPDATE` of Discord; never waits.
    ///
    /// Call it in Discord's order, for every state of the guild: the bot's own state is half of the voice connection,
    /// and tells that the bot was moved or kicked. States of other users than the bot are ignored. At most one state
    /// for each guild waits; a newer one replaces it. `antiphon::music` does this by itself.
    pub fn voice_state_update(&self, state: VoiceState) {
        self.shared.inbox.put(VoiceUpdate::State(state));
    }

    /// Takes a `VOICE_SERVER_UPDATE` of Discord; never waits.
    ///
    /// It is the other half of the voice connection. One with no endpoint means that Discord took the voice server away
    /// and will send another ([Discord](https://discord.com/developers/docs/events/gateway-events#voice-server-update),
    /// protocol §9).
    pub fn voice_server_update(&self, server: VoiceServer) {
        self.shared.inbox.put(VoiceUpdate::Server(server));
    }

    /// Notes that Discord lost the bot's voice state without a request to disconnect; never waits.
    ///
    /// That happens when the Gateway began a new session. The guild's player joins its channel again and plays on. A
    /// time before [`connect`](crate::connect) is ignored, since it comes from a journal that is read again.
    pub fn voice_lost(&self, guild: impl Into<GuildId>, at: Timestamp) {
        if at >= self.shared.since {
            self.shared.inbox.put(VoiceUpdate::Lost(guild.into()));
        }
    }

    /// The bot's user id; `None` until it is known.
    pub fn user(&self) -> Option<UserId> {
        self.shared.inbox.user()
    }

    /// Gives the bot's user, if the configuration did not ([`Config::without_user`]).
    ///
    /// The first one stays: nodes are told when they are connected.
    pub fn set_user(&self, user: impl Into<UserId>) {
        self.shared.inbox.set_user(user.into());
    }
}

/// Waits for a reply that may come at any time, and until it is published.
async fn reply_of<T>(shared: &Shared, answer: oneshot::Receiver<T>) -> Option<T> {
    let outcome = answer.await.ok()?;
    shared.turns.published().await;
    Some(outcome)
}

/// Sends a command to a player and returns the track that it results in, if any.
async fn call_player(
    shared: &Shared,
    guild: GuildId,
    within: Duration,
    command: impl FnOnce(Reply) -> PlayerCommand,
) -> Result<Option<Arc<Playable>>, PlayerError> {
    let (reply, answer) = oneshot::channel();
    let command = PoolCommand::Player {
        guild,
        command: Box::new(command(reply)),
    };
    shared.call(command, answer, within).await?
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::config::NodeConfig;

    fn shared() -> (Shared, mpsc::Receiver<PoolCommand>) {
        let node = NodeConfig::new("eu-1", "http://a:2333", "p");
        let (commands, taken) = mpsc::channel(COMMANDS);
        (Shared::new(&Config::new(7, [node]), commands), taken)
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_returns_once_the_turn_that_replied_is_published() {
        let (shared, _taken) = shared();
        for turn in 0..3 {
            let (reply, answer) = oneshot::channel();
            let within = Duration::from_secs(10);
            let command = PoolCommand::Reconnect;
            let mut call = Box::pin(shared.call(command, answer, within));
            shared.turns.begin();
            shared.turns.begin();
            reply.send(turn).expect("the call waits");
            assert!((&mut call).now_or_never().is_none(), "not published yet");
            shared.turns.end();
            assert_eq!(call.await.expect("replied"), turn);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reply_that_was_published_is_not_waited_for_again() {
        let (shared, _taken) = shared();
        shared.turns.begin();
        let mut published = Box::pin(shared.turns.published());
        assert!((&mut published).now_or_never().is_none());
        shared.turns.end();
        shared.turns.begin();
        assert_eq!(
            published.now_or_never(),
            Some(()),
            "a later turn does not count"
        );
        shared.turns.end();
        assert_eq!(shared.turns.published().now_or_never(), Some(()));
    }
}
