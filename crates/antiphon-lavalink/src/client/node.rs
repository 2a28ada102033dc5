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

/// How long the players of a node may take to leave it.
const CLOSE_WITHIN: std::time::Duration = std::time::Duration::from_secs(36);

/// A handle on one node of a pool: cheap to clone.
///
/// Requests go to it at any time, connected or not; those about players need its session.
#[derive(Clone, Debug)]
pub struct Node {
    shared: Arc<Shared>,
    index: usize,
    /// Its name never changes.
    id: Option<NodeId>,
}

/// A player as a node has it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PlayerInfo {
    /// Of which guild.
    pub guild: Option<GuildId>,
    /// What plays.
    pub track: Option<Playable>,
    /// Volume in percent.
    pub volume: Option<u16>,
    /// Whether it is paused.
    pub paused: bool,
    /// How it stands.
    pub state: PlayerState,
    /// What it does to the sound; absent where the node has them in a form of its own.
    pub filters: Option<Filters>,
    /// In which channel, where the node says so.
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

    /// The name that the configuration gives it.
    pub fn identifier(&self) -> NodeId {
        self.id.clone().unwrap_or_else(|| NodeId::from(""))
    }

    /// How its connection stands.
    pub fn status(&self) -> NodeStatus {
        self.of(|node| node.status).unwrap_or_default()
    }

    /// How its connection stands, with times and reasons.
    pub fn link(&self) -> LinkState {
        self.of(|node| node.link).unwrap_or_default()
    }

    /// How busy it is, lower is better; 9e30 until it has told its figures.
    pub fn penalty(&self) -> f64 {
        self.of(|node| node.penalty).unwrap_or(9e30)
    }

    /// The part of the world it serves best, where the configuration says so.
    pub fn region(&self) -> Option<Arc<str>> {
        self.of(|node| node.region).flatten()
    }

    /// Its session, while it is connected.
    pub fn session_id(&self) -> Option<Arc<str>> {
        self.of(|node| node.session_id).flatten()
    }

    /// What it is, once it has said so.
    pub fn info(&self) -> Option<Arc<Info>> {
        self.of(|node| node.info).flatten()
    }

    /// Its latest figures.
    pub fn stats(&self) -> Option<StatsOP> {
        self.of(|node| node.stats).flatten()
    }

    /// The players that are at it.
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

    /// Sends any request; `path` begins with a slash and may have a query. `None` for an answer without content.
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

    /// Asks for tracks by an address or by words with a prefix; what the node answers, without the pool's cache.
    ///
    /// # Errors
    /// [`LoadError::Request`]; a failure of the loading itself is a [`LoadResult::Error`].
    pub async fn load_tracks(&self, identifier: &str) -> Result<LoadResult, LoadError> {
        self.shared.http.load_tracks(self.index, identifier).await
    }

    /// Takes a track apart; [`Playable::decode`] does so without asking.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn decode_track(&self, encoded: &str) -> Result<Playable, RequestError> {
        self.shared.http.decode_track(self.index, encoded).await
    }

    /// Takes tracks apart.
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

    /// The players of the session, as the node has them.
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

    /// The player of a guild, as the node has it; `None` if it has none.
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

    /// What the node is and can do.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_info(&self) -> Result<Info, RequestError> {
        self.shared.http.info(self.index).await
    }

    /// The node's figures; those for audio frames come over the socket only.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_stats(&self) -> Result<StatsOP, RequestError> {
        self.shared.http.stats(self.index).await
    }

    /// The server's version, which says nothing of the protocol's.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_version(&self) -> Result<String, RequestError> {
        self.shared.http.version(self.index).await
    }

    /// How the node spreads its requests over addresses; `None` if it has one only.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn get_routeplanner_status(&self) -> Result<Option<RoutePlanner>, RequestError> {
        self.shared.http.route_planner(self.index).await
    }

    /// Lets the node use an address again that was refused.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn unmark_failed_address(&self, address: &str) -> Result<(), RequestError> {
        self.shared.http.free_address(self.index, address).await
    }

    /// Lets the node use every address again.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn unmark_all_failed_addresses(&self) -> Result<(), RequestError> {
        self.shared.http.free_all(self.index).await
    }

    /// Closes the node: its players go elsewhere first if `failover`, and are disconnected where they cannot.
    ///
    /// Gives those that were disconnected.
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
            .commanded(command, answer, CLOSE_WITHIN + SLACK)
            .await
    }
}
