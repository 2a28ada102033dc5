//! A handle on a node.
//!
//! Requests go straight to HTTP (`http.rs`) and pass by the state machine, since they neither change a player nor need
//! an order. Only [`Node::close`] is a command, since it moves players.
//!
//! Each request costs one HTTP request to the node, with the configured password, and is sent whether the socket is
//! connected or not; those about players need the id of the live session and fail without it (protocol §5, §8).

use std::sync::Arc;

use antiphon_core::LinkState;
use http::Method;
use tokio::sync::oneshot;

use super::{Player, SLACK, Shared};
use crate::{
    error::{InvalidNodeError, LoadError, PlayerError, RequestError, Unsupported},
    model::{
        ChannelId, GuildId, LoadResult, Lyrics, LyricsMatch, LyricsOptions, NodeId, NodeStatus,
        Playable, SearchResults, SearchType,
    },
    player::RemotePlayer,
    pool::{NodeSnapshot, PoolCommand},
    wire::{Filters, Info, LyricsApi, PlayerState, RoutePlanner, StatsOP},
};

/// Time that closing a node takes at most: 30 s for its players to move, 5 s to drop its session, and 1 s beside.
const CLOSE_WITHIN: std::time::Duration = std::time::Duration::from_secs(36);

/// The feature of a node with any lyrics.
const LYRICS: &str = "lyrics (`lavalyrics-plugin` or `java-lyrics-plugin`)";

/// A handle on one node of a pool. Cheap to clone.
///
/// Its [requests](https://lavalink.dev/api/rest.html) need no socket, except for those about players, which need the
/// session.
///
/// # Examples
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
/// let shown = node.send(Method::GET, "/v4/visualiser?bands=3", None).await;
/// match shown {
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
///
/// Lyrics of a track, by whichever plugin or server the node has:
///
/// ```no_run
/// use antiphon_lavalink::{LyricsOptions, Node, Playable, RequestError};
///
/// async fn sing(node: &Node, track: &Playable) -> Result<String, RequestError> {
///     Ok(match node.fetch_lyrics(track, &LyricsOptions::new()).await {
///         Ok(Some(lyrics)) => lyrics.plain_text(),
///         Ok(None) => "no lyrics".into(),
///         Err(RequestError::Unsupported(lacks)) => lacks.to_string(),
///         Err(error) => return Err(error),
///     })
/// }
/// ```
///
/// Requests run against the simulator as well:
///
/// ```
/// use antiphon_lavalink::{Config, NodeConfig, connect};
/// use antiphon_sim::Simulator;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// let (url, password) = (sim.lavalink().node("eu-1").url(), sim.lavalink().node("eu-1").password());
/// let (pool, _source) = connect(Config::new(77, [NodeConfig::new("eu-1", url, password)]).network(sim.network()));
/// let node = pool.node("eu-1").expect("configured");
///
/// let info = node.fetch_info().await?;
/// assert!(info.has_source("youtube"));
/// assert_eq!(node.fetch_version().await?, info.version.semver);
/// assert!(node.fetch_stats().await?.frames.is_none(), "only the socket sends frame statistics");
/// // Players are part of a session, and there is none before the source runs.
/// assert!(node.fetch_players().await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Node {
    shared: Arc<Shared>,
    /// Index in the configuration, which never changes.
    index: usize,
    /// Cached, since a node's name never changes.
    id: Option<NodeId>,
}

/// A [player](https://lavalink.dev/api/rest.html#player) as its node reports it (protocol §5.3).
///
/// The node's view, without the queue. [`Player`] is the client's view of the same player, and needs no request. The
/// voice token and Discord's session id, which nodes send as well, are secrets and left out.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PlayerInfo {
    /// The player's guild; absent where the node sends no id that can be read.
    pub guild: Option<GuildId>,
    /// The track that plays or is paused; absent while the player is idle.
    pub track: Option<Playable>,
    /// Volume in percent, 0 to 1000; absent where the node sends none in that range.
    pub volume: Option<u16>,
    /// Whether it is paused.
    pub paused: bool,
    /// Position, connection and ping at the time of the response.
    pub state: PlayerState,
    /// Filters; absent where the node sends them in another form. Nodes from 4.1 on fill in the defaults of each
    /// filter.
    pub filters: Option<Filters>,
    /// Voice channel; nodes report it since 4.2.
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

    /// The node's name in the configuration, such as `eu-1`.
    pub fn identifier(&self) -> NodeId {
        self.id.clone().unwrap_or_else(|| NodeId::from(""))
    }

    /// The status of its connection: connected only once `ready` has come, since no request about players works before.
    pub fn status(&self) -> NodeStatus {
        self.of(|node| node.status).unwrap_or_default()
    }

    /// The status of its connection, with times and reasons.
    ///
    /// [`LinkState::Waiting`] tells when the next attempt is due, and [`LinkState::Stopped`] why there will be none.
    pub fn link(&self) -> LinkState {
        self.of(|node| node.link).unwrap_or_default()
    }

    /// Load of the node, lower is better; 9e30 before its first `stats` and while it is not connected.
    ///
    /// `cpu + deficit + nulled + 1.5 * playing`, with the cpu from 0 to about 1,305 and the lost frames weighted
    /// exponentially (protocol §14). A node that had no `stats` yet is chosen last.
    pub fn penalty(&self) -> f64 {
        self.of(|node| node.penalty).unwrap_or(9e30)
    }

    /// Region of the node in the configuration; absent if none was set.
    pub fn region(&self) -> Option<Arc<str>> {
        self.of(|node| node.region).flatten()
    }

    /// Id of its session while it is connected; paths of plugins' routes need it.
    ///
    /// It changes when a session could not be resumed.
    pub fn session_id(&self) -> Option<Arc<str>> {
        self.of(|node| node.session_id).flatten()
    }

    /// Version, plugins and features of the node, once it has reported them.
    ///
    /// The source asks after every `ready`, so this costs no request. Absent until the first response, and after one
    /// that failed.
    pub fn info(&self) -> Option<Arc<Info>> {
        self.of(|node| node.info).flatten()
    }

    /// Its latest statistics, which nodes send once a minute; absent before the first and after the connection was
    /// lost.
    pub fn stats(&self) -> Option<StatsOP> {
        self.of(|node| node.stats).flatten()
    }

    /// The players at this node.
    ///
    /// Those that the pool assigned to it, in no order; a node that is lost keeps them until they are moved.
    /// [`fetch_players`](Self::fetch_players) asks the node itself.
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
    /// It serves the routes of plugins, and those of other servers. The password is added, a body is sent as JSON.
    /// Values in `path` must be percent-encoded by the caller.
    ///
    /// A change of a player by this way is not known to the pool until the node's next frames show it; use [`Player`]
    /// for what it can do.
    ///
    /// # Errors
    /// [`RequestError`]; [`RequestError::Invalid`] if `path` is no valid path, and [`RequestError::Lavalink`] for a
    /// route that does not exist, with status 404.
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
    /// It tells apart what [`Pool::fetch_tracks`](crate::Pool::fetch_tracks) joins, and asks this node, which may have
    /// sources that others lack.
    ///
    /// # Errors
    /// [`LoadError::Request`]; a track that cannot be loaded is a [`LoadResult::Error`].
    pub async fn load_tracks(&self, identifier: &str) -> Result<LoadResult, LoadError> {
        self.shared.http.load_tracks(self.index, identifier).await
    }

    /// Decodes a track at the node ([track decoding](https://lavalink.dev/api/rest.html#track-decoding));
    /// [`Playable::decode`] does so without a request.
    ///
    /// The node adds `pluginInfo`, which the encoding itself does not have.
    ///
    /// # Errors
    /// [`RequestError`]; nodes respond with status 400 or 500 to a text that is no track.
    pub async fn decode_track(&self, encoded: &str) -> Result<Playable, RequestError> {
        self.shared.http.decode_track(self.index, encoded).await
    }

    /// Decodes several tracks at the node, in their order and in one request; none for an empty list, which nodes
    /// refuse.
    ///
    /// # Errors
    /// [`RequestError`]; [`RequestError::Undecodable`] if the node returns another number of tracks.
    pub async fn decode_tracks(&self, encoded: &[&str]) -> Result<Vec<Playable>, RequestError> {
        self.shared.http.decode_tracks(self.index, encoded).await
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Plugins.

    /// Version, plugins and features: as last reported, or else requested now.
    async fn features(&self) -> Result<Arc<Info>, RequestError> {
        match self.info() {
            Some(info) => Ok(info),
            None => Ok(Arc::new(self.fetch_info().await?)),
        }
    }

    fn lacks(&self, feature: &str) -> RequestError {
        RequestError::Unsupported(Unsupported {
            node: self.identifier(),
            feature: feature.to_owned(),
        })
    }

    /// Lyrics of a track; `None` if there are none.
    ///
    /// `LavaLyrics` and `NodeLink` are asked for the track; java-lyrics-plugin and lyrics.kt for its video, if it is of
    /// YouTube, or else for the first video that they find by author and title.
    ///
    /// # Errors
    /// [`RequestError::Unsupported`] if the node has no lyrics ([`Info::lyrics`]).
    pub async fn fetch_lyrics(
        &self,
        track: &Playable,
        options: &LyricsOptions,
    ) -> Result<Option<Lyrics>, RequestError> {
        let http = &self.shared.http;
        match self.features().await?.lyrics() {
            Some(LyricsApi::LavaLyrics) => {
                http.lava_lyrics(self.index, &track.encoded, options).await
            }
            Some(LyricsApi::NodeLink) => {
                http.node_link_lyrics(self.index, &track.encoded, options)
                    .await
            }
            Some(LyricsApi::JavaLyrics | LyricsApi::LyricsKt) => {
                if track.source == "youtube" {
                    return self.fetch_video_lyrics(&track.identifier).await;
                }
                let words = format!("{} {}", track.author, track.title);
                match self.search_lyrics(words.trim()).await?.first() {
                    Some(found) => self.fetch_video_lyrics(&found.video_id).await,
                    None => Ok(None),
                }
            }
            None => Err(self.lacks(LYRICS)),
        }
    }

    /// Lyrics of a video at YouTube, by its id; `None` if there are none. Of java-lyrics-plugin and lyrics.kt.
    ///
    /// # Errors
    /// [`RequestError::Unsupported`] if the node has neither.
    pub async fn fetch_video_lyrics(&self, video: &str) -> Result<Option<Lyrics>, RequestError> {
        self.video_lyrics().await?;
        self.shared.http.video_lyrics(self.index, video).await
    }

    /// Videos whose lyrics fit these words, the best first. Of java-lyrics-plugin and lyrics.kt.
    ///
    /// # Errors
    /// [`RequestError::Unsupported`] if the node has neither.
    pub async fn search_lyrics(&self, words: &str) -> Result<Vec<LyricsMatch>, RequestError> {
        let in_path = self.video_lyrics().await? == LyricsApi::LyricsKt;
        let http = &self.shared.http;
        http.search_lyrics(self.index, words, in_path).await
    }

    /// Lyrics of the best match at Genius, as a text without times; `None` if there is none. Of java-lyrics-plugin with
    /// a key for Genius.
    ///
    /// # Errors
    /// [`RequestError::Unsupported`] if the node has another plugin; [`RequestError::Lavalink`] with status 500 if the
    /// plugin has no key.
    pub async fn search_genius_lyrics(&self, words: &str) -> Result<Option<Lyrics>, RequestError> {
        if self.video_lyrics().await? != LyricsApi::JavaLyrics {
            return Err(self.lacks("lyrics of Genius (`java-lyrics-plugin`)"));
        }
        self.shared.http.genius_lyrics(self.index, words).await
    }

    /// The plugin for lyrics of videos.
    async fn video_lyrics(&self) -> Result<LyricsApi, RequestError> {
        let api = self.features().await?.lyrics();
        let is_video = |api: &LyricsApi| matches!(api, LyricsApi::JavaLyrics | LyricsApi::LyricsKt);
        api.filter(is_video)
            .ok_or_else(|| self.lacks("lyrics of videos (`java-lyrics-plugin`)"))
    }

    /// Lyrics of what a player plays.
    pub(super) async fn fetch_current_lyrics(
        &self,
        guild: GuildId,
        current: Option<&Playable>,
        options: &LyricsOptions,
    ) -> Result<Option<Lyrics>, RequestError> {
        let http = &self.shared.http;
        match self.features().await?.lyrics() {
            Some(LyricsApi::LavaLyrics) => {
                let skips = options.skip_track_source;
                let part = format!("/track/lyrics?skipTrackSource={skips}");
                http.player_lyrics(self.index, &self.session()?, guild, &part)
                    .await
            }
            Some(LyricsApi::JavaLyrics | LyricsApi::LyricsKt) => {
                http.player_lyrics(self.index, &self.session()?, guild, "/lyrics")
                    .await
            }
            Some(LyricsApi::NodeLink) => match current {
                Some(track) => self.fetch_lyrics(track, options).await,
                None => Ok(None),
            },
            None => Err(self.lacks(LYRICS)),
        }
    }

    /// The categories of `SponsorBlock` of a player.
    pub(super) async fn fetch_sponsorblock(
        &self,
        guild: GuildId,
    ) -> Result<Option<Vec<String>>, RequestError> {
        let info = self.features().await?;
        if !info.has_sponsorblock() {
            return Err(self.lacks("SponsorBlock (`sponsorblock-plugin`)"));
        }
        let http = &self.shared.http;
        http.sponsorblock(self.index, &self.session()?, guild, info.is_node_link)
            .await
    }

    /// Searches tracks, albums, artists, playlists and suggestions in one request, as the completion of a command's
    /// option needs it. Of the plugin [LavaSearch](https://github.com/topi314/LavaSearch).
    ///
    /// The query has the prefix of a source, such as `spsearch:architects`. Without types, the plugin decides.
    ///
    /// ```no_run
    /// use antiphon_lavalink::{Node, RequestError, SearchType};
    ///
    /// async fn suggestions(node: &Node, typed: &str) -> Result<Vec<String>, RequestError> {
    ///     let query = format!("spsearch:{typed}");
    ///     let found = node.load_search(&query, &[SearchType::Track, SearchType::Text]).await?;
    ///     let texts = found.texts.into_iter().map(|suggestion| suggestion.text);
    ///     Ok(texts.chain(found.tracks.into_iter().map(|track| track.title.clone())).take(25).collect())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`RequestError::Unsupported`] if the node lacks the plugin.
    pub async fn load_search(
        &self,
        query: &str,
        types: &[SearchType],
    ) -> Result<SearchResults, RequestError> {
        if !self.features().await?.has_plugin("lavasearch-plugin") {
            return Err(self.lacks("advanced search (`lavasearch-plugin`)"));
        }
        let http = &self.shared.http;
        http.load_search(self.index, query, types).await
    }

    fn session(&self) -> Result<Arc<str>, RequestError> {
        let id = || InvalidNodeError::NotConnected(self.identifier());
        self.session_id()
            .ok_or_else(|| RequestError::InvalidNode(id()))
    }

    /// The players of the session, as the node reports them.
    ///
    /// Elements that are no players are left out.
    ///
    /// # Errors
    /// [`RequestError`]; [`RequestError::InvalidNode`] while the node is not connected.
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
    /// [`RequestError`]; [`RequestError::InvalidNode`] while the node is not connected,
    /// [`RequestError::SessionExpired`] if it does not know the session any more.
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
    /// [`RequestError`]; [`RequestError::Lavalink`] with status 400 for a text that is no address.
    pub async fn unmark_failed_address(&self, address: &str) -> Result<(), RequestError> {
        self.shared.http.free_address(self.index, address).await
    }

    /// Unmarks all failed addresses of the route planner.
    ///
    /// # Errors
    /// [`RequestError`]; [`RequestError::Lavalink`] with status 500 if the node has no route planner (protocol §5).
    pub async fn unmark_all_failed_addresses(&self) -> Result<(), RequestError> {
        self.shared.http.free_all(self.index).await
    }

    /// Closes the node and returns the players that were disconnected.
    ///
    /// With `failover` its players move to other nodes first, two at a time for each node, within 30 s; a player that
    /// cannot move is disconnected. Then the session is dropped, so that the node keeps no player, and the socket is
    /// closed. The event [`NodeClosed`](crate::NodeClosed) follows.
    ///
    /// The node stays closed until [`Pool::reconnect`](crate::Pool::reconnect) or a restart of the program. A node that
    /// is closed or being closed already returns an empty list at once.
    ///
    /// # Errors
    /// [`PlayerError::NotConnected`] if the source does not run; [`PlayerError::TimedOut`] after 36.5 s, while closing
    /// goes on.
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
