//! A handle on a node.

use std::sync::Arc;

use antiphon_core::LinkState;
use http::Method;
use tokio::sync::oneshot;

use super::{Player, SLACK, Shared};
use crate::{
    error::{InvalidNodeError, LoadError, PlayerError, RequestError},
    model::{ChannelId, GuildId, LoadResult, NodeId, NodeStatus, Playable},
    player::RemotePlayer,
    pool::{NodeSnapshot, PoolCommand},
    wire::{Filters, Info, PlayerState, RoutePlanner, StatsOP},
};

/// Time that closing a node takes at most: its players move, and its session is dropped.
const CLOSE_WITHIN: std::time::Duration = std::time::Duration::from_secs(36);

/// A handle on one node of a pool. Cheap to clone.
///
/// Its [requests](https://lavalink.dev/api/rest.html) need no socket, except for those about players, which need the
/// session.
///
/// ```no_run
/// use antiphon_lavalink::{Method, Node, RequestError};
///
/// # async fn example(node: Node) -> Result<(), Box<dyn std::error::Error>> {
/// let info = node.fetch_info().await?;
/// println!("Lavalink {} with {:?}", info.version.semver, info.source_managers);
///
/// // Addresses that a source has blocked, where the node has a block of them.
/// if let Some(planner) = node.get_routeplanner_status().await? {
///     for failing in &planner.details.failing_addresses {
///         node.unmark_failed_address(&failing.address).await?;
///     }
/// }
///
/// // A route of a plugin.
/// let lyrics = node.send(Method::GET, "/v4/lyrics?track=QAAA", None).await;
/// match lyrics {
///     Ok(body) => println!("{} bytes", body.unwrap_or_default().len()),
///     Err(RequestError::Lavalink(failure)) => println!("refused: {failure}"),
///     Err(error) => return Err(error.into()),
/// }
///
/// // Its players move to other nodes; those that cannot are disconnected.
/// let disconnected = node.close(true).await?;
/// assert!(disconnected.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Node {
    shared: Arc<Shared>,
    index: usize,
    /// Cached, since a node's name never changes.
    id: Option<NodeId>,
}

/// A [player](https://lavalink.dev/api/rest.html#player) as its node reports it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PlayerInfo {
    /// The player's guild.
    pub guild: Option<GuildId>,
    /// The track that plays.
    pub track: Option<Playable>,
    /// Volume in percent.
    pub volume: Option<u16>,
    /// Whether it is paused.
    pub paused: bool,
    /// Position, connection and ping.
    pub state: PlayerState,
    /// Filters; absent where the node sends them in another form.
    pub filters: Option<Filters>,
    /// Voice channel, where the node reports it.
    pub channel: Option<ChannelId>,
}

impl From<RemotePlayer> for PlayerInfo {
    fn from(remote: RemotePlayer) -> Self {
        Self {
            guild: remote.guild,
            track: remote.track,
            volume: remote.volume,
            paused: remote.paused,
            state: remote.state,
            filters: remote.filters,
            channel: remote.voice.and_then(|voice| voice.channel_id.parse().ok()),
        }
    }
}

impl Node {
    pub(super) fn new(shared: Arc<Shared>, index: usize) -> Self {
        let id = shared.node(index).map(|node| node.id);
        Self { shared, index, id }
    }

    fn of<T>(&self, part: impl FnOnce(NodeSnapshot) -> T) -> Option<T> {
        self.shared.node(self.index).map(part)
    }

    /// The node's name in the configuration.
    pub fn identifier(&self) -> NodeId {
        self.id.clone().unwrap_or_else(|| NodeId::from(""))
    }

    /// The status of its connection.
    pub fn status(&self) -> NodeStatus {
        self.of(|node| node.status).unwrap_or_default()
    }

    /// The status of its connection, with times and reasons.
    pub fn link(&self) -> LinkState {
        self.of(|node| node.link).unwrap_or_default()
    }

    /// Load of the node, lower is better; 9e30 before its first `stats`.
    pub fn penalty(&self) -> f64 {
        self.of(|node| node.penalty).unwrap_or(9e30)
    }

    /// Region of the node in the configuration.
    pub fn region(&self) -> Option<Arc<str>> {
        self.of(|node| node.region).flatten()
    }

    /// Id of its session while it is connected.
    pub fn session_id(&self) -> Option<Arc<str>> {
        self.of(|node| node.session_id).flatten()
    }

    /// Version, plugins and features of the node, once it has reported them.
    pub fn info(&self) -> Option<Arc<Info>> {
        self.of(|node| node.info).flatten()
    }

    /// Its latest statistics.
    pub fn stats(&self) -> Option<StatsOP> {
        self.of(|node| node.stats).flatten()
    }

    /// The players at this node.
    pub fn players(&self) -> Vec<Player> {
        let id = self.identifier();
        let players = self
            .shared
            .players
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let here = players
            .iter()
            .filter(|(_, player)| player.node.as_ref() == Some(&id));
        here.map(|(guild, _)| Player::new(Arc::clone(&self.shared), *guild))
            .collect()
    }

    /// The player of a guild, if it is at this node.
    pub fn get_player(&self, guild: impl Into<GuildId>) -> Option<Player> {
        let guild = guild.into();
        let node = self
            .shared
            .snapshot(guild, |player| player.node.clone())
            .flatten();
        (node == self.id && node.is_some()).then(|| Player::new(Arc::clone(&self.shared), guild))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Requests.

    /// Sends any request; `path` begins with a slash and may have a query. Returns `None` for a response without
    /// content.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<Option<bytes::Bytes>, RequestError> {
        let body = body.map(|body| body.to_string().into_bytes());
        let body = self
            .shared
            .http
            .send(self.index, method, path, body)
            .await?;
        Ok(body.0)
    }

    /// Loads tracks by a URL or a prefixed search term ([track
    /// loading](https://lavalink.dev/api/rest.html#track-loading)), without the pool's cache.
    ///
    /// # Errors
    /// [`LoadError::Request`]; a track that cannot be loaded is a [`LoadResult::Error`].
    pub async fn load_tracks(&self, identifier: &str) -> Result<LoadResult, LoadError> {
        self.shared.http.load_tracks(self.index, identifier).await
    }

    /// Decodes a track at the node ([track decoding](https://lavalink.dev/api/rest.html#track-decoding));
    /// [`Playable::decode`] does so without a request.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn decode_track(&self, encoded: &str) -> Result<Playable, RequestError> {
        self.shared.http.decode_track(self.index, encoded).await
    }

    /// Decodes several tracks at the node, in their order.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn decode_tracks(&self, encoded: &[&str]) -> Result<Vec<Playable>, RequestError> {
        self.shared.http.decode_tracks(self.index, encoded).await
    }

    fn session(&self) -> Result<Arc<str>, RequestError> {
        let id = || InvalidNodeError::NotConnected(self.identifier());
        self.session_id()
            .ok_or_else(|| RequestError::InvalidNode(id()))
    }

    /// The players of the session, as the node reports them.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_players(&self) -> Result<Vec<PlayerInfo>, RequestError> {
        let players = self
            .shared
            .http
            .players(self.index, &self.session()?)
            .await?;
        Ok(players.into_iter().map(Into::into).collect())
    }

    /// The player of a guild, as the node reports it; `None` if there is none.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_player_info(
        &self,
        guild: impl Into<GuildId>,
    ) -> Result<Option<PlayerInfo>, RequestError> {
        let player = self
            .shared
            .http
            .player(self.index, &self.session()?, guild.into())
            .await?;
        Ok(player.map(Into::into))
    }

    /// Version, plugins and features of the node ([info](https://lavalink.dev/api/rest.html#get-lavalink-info)).
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_info(&self) -> Result<Info, RequestError> {
        self.shared.http.info(self.index).await
    }

    /// Statistics of the node ([stats](https://lavalink.dev/api/rest.html#get-lavalink-stats)), without those of audio
    /// frames, which only the socket sends.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_stats(&self) -> Result<StatsOP, RequestError> {
        self.shared.http.stats(self.index).await
    }

    /// Version of the server ([version](https://lavalink.dev/api/rest.html#get-lavalink-version)); it does not tell the
    /// protocol's version.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_version(&self) -> Result<String, RequestError> {
        self.shared.http.version(self.index).await
    }

    /// Status of the node's [route planner](https://lavalink.dev/api/rest.html#routeplanner-api); `None` if it has
    /// none.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn get_routeplanner_status(&self) -> Result<Option<RoutePlanner>, RequestError> {
        self.shared.http.route_planner(self.index).await
    }

    /// Unmarks one failed address of the route planner, so that the node uses it again.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn unmark_failed_address(&self, address: &str) -> Result<(), RequestError> {
        self.shared.http.free_address(self.index, address).await
    }

    /// Unmarks all failed addresses of the route planner.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn unmark_all_failed_addresses(&self) -> Result<(), RequestError> {
        self.shared.http.free_all(self.index).await
    }

    /// Closes the node and returns the players that were disconnected.
    ///
    /// With `failover` its players move to other nodes first; a player that cannot move is disconnected.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn close(&self, failover: bool) -> Result<Vec<GuildId>, PlayerError> {
        let (reply, answer) = oneshot::channel();
        let command = PoolCommand::CloseNode {
            node: self.identifier(),
            failover,
            reply,
        };
        self.shared
            .call(command, answer, CLOSE_WITHIN + SLACK)
            .await
    }
}
