//! Options of a pool and of its nodes.
//!
//! Setters take any value and never fail; `Config::check` runs once, when the source does, and names the first bad
//! option in a [`ConfigError`]. Nothing here is read from a file: the command has its own page of keys, which it turns
//! into these setters.
//!
//! Passwords are a [`Secret`] from the first moment: they are printed as `<redacted>` and leave it only for the
//! `Authorization` header (protocol §1, §5).
//!
//! # Times that belong together
//! - A node keeps a lost session for [`Config::resume_timeout`]; after that its players are silent for good.
//! - Players wait for their node for [`Config::failover_after`], and then move. If it is the longer of the two, players
//!   of a dead node stay silent between them; if it is much the shorter, a restart of a node moves all its players.
//! - [`Config::heartbeat`] decides how soon a silent loss is noticed: within two or three intervals.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_core::{BoxError, BoxFuture, Clock, ConfigError, Rng, Secret, SourceName};
use antiphon_net::{Addresses, AddressesError, Network, Proxy, parse_url};
use http::Uri;

use crate::{
    model::{NodeId, Playable, Transition, UserId, VoiceRequest},
    queue::Queue,
};

/// Options of one node.
///
/// # Examples
/// ```
/// use antiphon_lavalink::NodeConfig;
///
/// let near = NodeConfig::new("eu-1", "https://eu.example.org", "youshallnotpass").region("eu");
/// let local = NodeConfig::new("local", "http://127.0.0.1:2333", "youshallnotpass");
/// // The password is never printed.
/// assert!(!format!("{near:?} {local:?}").contains("youshallnotpass"));
/// ```
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Name in the pool: 1 to 64 characters without slash, space and control characters, since it is part of places.
    pub(crate) id: NodeId,
    /// Address, as given; [`NodeConfig::address`] checks it.
    pub(crate) url: String,
    /// Password for every request and for the socket.
    pub(crate) password: Secret,
    /// Region that it serves best.
    pub(crate) region: Option<String>,
    /// Whether it takes the next track beforehand; absent where its `info` decides.
    pub(crate) next_track: Option<bool>,
}

impl NodeConfig {
    /// Creates a node with its name in this pool, its address (`http://host:2333`, or `https`) and its password.
    ///
    /// The name is yours: it appears in places, events and logs, and a checkpoint finds the node's session by it, so
    /// keep it when the address changes. `ws` and `wss` mean the same as `http` and `https`. One address serves
    /// requests and socket; a path in it stays in front of both.
    ///
    /// The password is `lavalink.server.password` of the node's
    /// [configuration](https://lavalink.dev/configuration/index.html).
    pub fn new(id: impl Into<NodeId>, url: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            id: id.into(),
            url: url.into(),
            password: password.into(),
            region: None,
            next_track: None,
        }
    }

    /// Creates every simulated node, from what `antiphon sim` prints.
    ///
    /// For a pool that learns its user from Discord: `Config::without_user(NodeConfig::simulated(&addresses)?)`.
    ///
    /// # Errors
    /// [`AddressesError`] if the addresses name no nodes, or one lacks `name`, `url` or `password`.
    pub fn simulated(addresses: &Addresses) -> Result<Vec<Self>, AddressesError> {
        let nodes = addresses.platform("lavalink")?.items()?;
        nodes
            .iter()
            .map(|node| {
                Ok(Self::new(
                    node.text("name")?,
                    node.text("url")?,
                    node.secret("password")?,
                ))
            })
            .collect()
    }

    /// Sets the region that the node serves best, such as `eu`. Default: none.
    ///
    /// Players prefer a node of the region of their voice server; [`region_from_endpoint`](crate::region_from_endpoint)
    /// lists the regions. A node near the voice server loses fewer audio packets. Any other word is allowed, and found
    /// by [`Pool::get_node`](crate::Pool::get_node) alone.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets whether the node takes the next track of a player beforehand, for
    /// [`Player::set_transition`](crate::Player::set_transition). Default: its `info` decides
    /// ([`Info::has_next_track`](crate::Info::has_next_track)).
    #[must_use]
    pub fn next_track(mut self, takes: bool) -> Self {
        self.next_track = Some(takes);
        self
    }

    /// Returns the node's address with another path: for the socket, or else for requests.
    pub(crate) fn address(&self, path: &str, socket: bool) -> Result<Uri, ConfigError> {
        let wrong = |why: &str| {
            ConfigError::new("nodes", format!("the address of node `{}` {why}", self.id))
        };
        let base = self.url.trim_end_matches('/');
        let (scheme, rest) = base
            .split_once("://")
            .ok_or_else(|| wrong("has no scheme"))?;
        let secure = match scheme {
            "http" | "ws" => false,
            "https" | "wss" => true,
            _ => return Err(wrong("is neither http nor https")),
        };
        let scheme = match (socket, secure) {
            (false, false) => "http",
            (false, true) => "https",
            (true, false) => "ws",
            (true, true) => "wss",
        };
        parse_url(&format!("{scheme}://{rest}"), [scheme, scheme])
            .map_err(|error| wrong(&error.to_string()))?;
        format!("{scheme}://{rest}{path}")
            .parse()
            .map_err(|_| wrong("cannot be read"))
    }
}

/// Sends Discord's voice requests: [Update Voice
/// State](https://discord.com/developers/docs/events/gateway-events#update-voice-state), op 4 of the Gateway.
///
/// Closures implement it. Discord's response arrives as voice events, which go to
/// [`Pool::voice_state_update`](crate::Pool::voice_state_update) and
/// [`Pool::voice_server_update`](crate::Pool::voice_server_update). `antiphon::music` joins a bot of `antiphon-discord`
/// and a pool, so that neither is written by hand.
///
/// # Examples
/// ```
/// use antiphon_lavalink::{Config, NodeConfig, VoiceRequest};
///
/// /// Stands for the shard that sends op 4 of the Gateway.
/// async fn update_voice_state(guild: u64, channel: Option<u64>, deaf: bool, mute: bool) {}
///
/// let node = NodeConfig::new("local", "http://127.0.0.1:2333", "youshallnotpass");
/// let config = Config::new(7, [node]).voice_gateway(|request: VoiceRequest| {
///     Box::pin(async move {
///         let channel = request.channel.map(|channel| channel.get());
///         update_voice_state(request.guild.get(), channel, request.self_deaf, request.self_mute).await;
///         Ok(())
///     }) as antiphon_core::BoxFuture<'static, _>
/// });
/// ```
pub trait VoiceGateway: Send + Sync + 'static {
    /// Sends the request; an error fails the player's [`connect`](crate::Player::connect).
    ///
    /// It may wait for Discord's rate limit: the time that Discord has to respond begins when it returns. Requests of
    /// one guild are handed over in their order, and a later one does not wait for an earlier one to return.
    fn update_voice_state(&self, request: VoiceRequest)
    -> BoxFuture<'static, Result<(), BoxError>>;
}

impl<F> VoiceGateway for F
where
    F: Fn(VoiceRequest) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync + 'static,
{
    fn update_voice_state(
        &self,
        request: VoiceRequest,
    ) -> BoxFuture<'static, Result<(), BoxError>> {
        self(request)
    }
}

/// The client's own queries for recommendations ([`Config::recommendations`]).
#[derive(Clone)]
pub(crate) struct Recommendations(Arc<Queries>);

/// Makes queries of seeds.
type Queries = dyn Fn(&[Arc<Playable>]) -> Vec<String> + Send + Sync;

/// Queries of one load of recommendations; more are left out.
const MOST_QUERIES: usize = 5;

impl Recommendations {
    /// The queries for these seeds.
    pub(crate) fn queries(&self, seeds: &[Arc<Playable>]) -> Vec<String> {
        let mut queries = (self.0)(seeds);
        queries.truncate(MOST_QUERIES);
        queries
    }
}

impl fmt::Debug for Recommendations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recommendations")
    }
}

/// Options of a pool of nodes.
///
/// The source checks the values when it runs: a bad one is a [`ConfigError`].
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use antiphon_lavalink::{Config, NodeConfig, Proxy};
///
/// let nodes = [
///     NodeConfig::new("eu-1", "https://eu.example.org", "youshallnotpass").region("eu"),
///     NodeConfig::new("us-1", "https://us.example.org", "youshallnotpass").region("us"),
/// ];
/// let config = Config::new(170_939_974_227_541_168, nodes)
///     .name("music")
///     .proxy(Proxy::parse("socks5h://127.0.0.1:9050")?)
///     // Nodes keep playing for two minutes without us; after 30 s the players move to another node.
///     .resume_timeout(Duration::from_secs(120))
///     .failover_after(Duration::from_secs(30))
///     // `InactivePlayer` comes after ten idle minutes.
///     .inactive_timeout(Some(Duration::from_secs(600)));
/// assert_eq!(config.user().map(|user| user.get()), Some(170_939_974_227_541_168));
/// # Ok::<(), antiphon_lavalink::ProxyError>(())
/// ```
///
/// A bad value is found when the source runs:
///
/// ```
/// use antiphon_lavalink::{Config, connect};
/// use futures_util::StreamExt as _;
/// use tokio_util::sync::CancellationToken;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let (pool, source) = connect(Config::new(7, []));
/// let mut events = source.events(CancellationToken::new());
/// let error = events.next().await.expect("an item").expect_err("no nodes");
/// assert!(antiphon_core::error_chain(&error).contains("must name at least one node"));
/// assert!(!pool.connect().await.expect_err("stopped").is_transient());
/// # }
/// ```
#[derive(Clone)]
pub struct Config {
    /// The bot's user; absent until [`Pool::set_user`](crate::Pool::set_user) gives it.
    pub(crate) user: Option<UserId>,
    /// At least one; each name once.
    pub(crate) nodes: Vec<NodeConfig>,
    pub(crate) name: SourceName,
    pub(crate) network: Network,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) clock: Clock,
    /// Absent for one with a random seed.
    pub(crate) rng: Option<Rng>,
    /// Sender of op 4; absent where the bot joins no channel.
    pub(crate) gateway: Option<Arc<dyn VoiceGateway>>,
    pub(crate) client_name: String,
    pub(crate) heartbeat: Duration,
    pub(crate) resume_timeout: Duration,
    pub(crate) failover_after: Duration,
    /// Attempts in a row before a node is given up; absent for no limit.
    pub(crate) retries: Option<u32>,
    pub(crate) inactive_timeout: Option<Duration>,
    pub(crate) queue_capacity: usize,
    pub(crate) cache_capacity: usize,
    pub(crate) transition: Transition,
    /// Absent for queries of YouTube and Spotify.
    pub(crate) recommendations: Option<Recommendations>,
    pub(crate) action_timeout: Duration,
    /// In bytes.
    pub(crate) buffer: usize,
}

impl Config {
    /// Creates a configuration with the default of every option.
    ///
    /// `user` is the id of the bot's user, which nodes need to join voice channels (protocol §1); it is not the id of
    /// the application where the two differ. 0 is refused.
    pub fn new(user: impl Into<UserId>, nodes: impl IntoIterator<Item = NodeConfig>) -> Self {
        Self {
            user: Some(user.into()),
            ..Self::without_user(nodes)
        }
    }

    /// Creates a configuration for a bot whose id is given later, by [`Pool::set_user`].
    ///
    /// Nodes are told the id when they are connected, so the source connects none before it is known. A bot that learns
    /// its id from Discord's `READY` uses this.
    ///
    /// [`Pool::set_user`]: crate::Pool::set_user
    pub fn without_user(nodes: impl IntoIterator<Item = NodeConfig>) -> Self {
        Self {
            user: None,
            nodes: nodes.into_iter().collect(),
            name: "lavalink".into(),
            network: Network::new(),
            proxy: None,
            clock: Clock::system(),
            rng: None,
            gateway: None,
            client_name: concat!("antiphon/", env!("CARGO_PKG_VERSION")).into(),
            heartbeat: Duration::from_secs(15),
            resume_timeout: Duration::from_secs(60),
            failover_after: Duration::from_secs(15),
            retries: None,
            inactive_timeout: Some(Duration::from_secs(300)),
            queue_capacity: Queue::CAPACITY,
            cache_capacity: 100,
            transition: Transition::None,
            recommendations: None,
            action_timeout: Duration::from_secs(10),
            buffer: 16 << 20,
        }
    }

    /// Creates a configuration for the simulated nodes and the simulated Discord's bot, from what `antiphon sim` prints.
    ///
    /// The network trusts the certificate of a simulation with TLS.
    ///
    /// # Errors
    /// [`AddressesError`] for the nodes as in [`NodeConfig::simulated`], and if the addresses lack `discord.user_id`.
    pub fn simulated(addresses: &Addresses) -> Result<Self, AddressesError> {
        let nodes = NodeConfig::simulated(addresses)?;
        let user = addresses.platform("discord")?.text("user_id")?;
        let user: u64 = user
            .parse()
            .map_err(|_| AddressesError::unusable("discord.user_id", "id"))?;
        Ok(Self::new(user, nodes).network(addresses.network()))
    }

    /// The bot's user; `None` if [`Pool::set_user`](crate::Pool::set_user) will give it.
    pub fn user(&self) -> Option<UserId> {
        self.user
    }

    /// The bot's user, for a source that connects.
    pub(crate) fn known_user(&self) -> UserId {
        self.user.expect("a source connects once it is known")
    }

    /// Sets the source's name. Default: `lavalink`.
    ///
    /// An app with several pools needs one name for each: events, checkpoints and origins belong to the name.
    #[must_use]
    pub fn name(mut self, name: impl Into<SourceName>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the network that requests and sockets use. Default: the internet, without a proxy.
    ///
    /// The simulator's network is one; others set limits, routes or certificates.
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Sets a proxy for requests and sockets. Default: none.
    ///
    /// It serves every node.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Sets the clock that dates events. Default: the machine's.
    ///
    /// All sources of an app share one clock; the app refuses others.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the random generator that spreads waits and shuffles queues. Default: one with a random seed.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        self.rng = Some(rng);
        self
    }

    /// Sets the sender of voice requests to Discord. Default: none, so that [`Player::connect`](crate::Player::connect)
    /// fails with [`PlayerError::Gateway`](crate::PlayerError::Gateway).
    #[must_use]
    pub fn voice_gateway(mut self, gateway: impl VoiceGateway) -> Self {
        self.gateway = Some(Arc::new(gateway));
        self
    }

    /// Sets the `Client-Name` header that nodes see, as `NAME/VERSION`. Default: `antiphon/` and the version.
    ///
    /// It is the `User-Agent` of requests as well. `NodeLink` refuses a client without it; an empty one is a
    /// [`ConfigError`] (protocol §1).
    #[must_use]
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.client_name = name.into();
        self
    }

    /// Sets the interval between pings. Default: 15 s. A node that sends nothing for two intervals is lost.
    ///
    /// A WebSocket ping is the only sign of life that the protocol has (protocol §1). Any byte counts, not the pong
    /// alone. Zero is a [`ConfigError`].
    #[must_use]
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = interval;
        self
    }

    /// Sets how long a node keeps the session and its players after the socket is lost. Default: 60 s; zero disables
    /// [resuming](https://lavalink.dev/api/index.html#resuming). Nodes count whole seconds.
    ///
    /// The music plays on meanwhile. It also bridges a restart of the program: choose it longer than the restart takes.
    /// A fraction of a second is cut off, so less than a second counts as zero.
    #[must_use]
    pub fn resume_timeout(mut self, timeout: Duration) -> Self {
        self.resume_timeout = timeout;
        self
    }

    /// Sets how long a lost node may take to come back before its players move to other nodes. Default: 15 s.
    ///
    /// Without another connected node the players stay where they are, and every second it is tried again. A node that
    /// stops for good is not waited for. Zero is a [`ConfigError`].
    #[must_use]
    pub fn failover_after(mut self, grace: Duration) -> Self {
        self.failover_after = grace;
        self
    }

    /// Sets how many times in a row a node is tried again before it is given up. Default: `None`, no limit.
    ///
    /// The pauses between attempts grow from a second to 30 s, with a random part, and start over after a connection
    /// that lasted. A node that was given up is connected again by [`Pool::reconnect`](crate::Pool::reconnect), as long
    /// as the source runs: it ends when all nodes were given up.
    #[must_use]
    pub fn retries(mut self, retries: Option<u32>) -> Self {
        self.retries = retries;
        self
    }

    /// Sets how long a player may be idle before [`InactivePlayer`](crate::InactivePlayer) is emitted. Default: 5 min;
    /// `None` disables it.
    ///
    /// Idle means that it has no track; a paused one is not idle. The player itself stays: a handler decides whether to
    /// leave. [`Player::set_inactive_timeout`](crate::Player::set_inactive_timeout) changes it for one player.
    #[must_use]
    pub fn inactive_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.inactive_timeout = timeout;
        self
    }

    /// Sets how one track follows another, for new players. Default: [`Transition::None`].
    /// [`Player::set_transition`](crate::Player::set_transition) changes it for one player.
    #[must_use]
    pub fn transition(mut self, transition: Transition) -> Self {
        self.transition = transition;
        self
    }

    /// Sets the queries for recommendations, in place of the default: mixes of YouTube and `sprec:` of Spotify.
    ///
    /// With [`AutoPlayMode::Enabled`](crate::AutoPlayMode::Enabled) and an empty queue, the function is called with the
    /// seeds, the best first: tracks that were played lately. Each query is an identifier as
    /// [`Node::load_tracks`](crate::Node::load_tracks) takes it; the first five are loaded, and what was heard lately is
    /// left out. The function runs in the source's loop: it must be quick and must not block.
    ///
    /// ```
    /// use antiphon_lavalink::{Config, NodeConfig};
    ///
    /// let node = NodeConfig::new("local", "http://127.0.0.1:2333", "youshallnotpass");
    /// let config = Config::new(7, [node]).recommendations(|seeds| {
    ///     let author = seeds.first().map(|track| format!("ytmsearch:{}", track.author));
    ///     author.into_iter().collect()
    /// });
    /// ```
    #[must_use]
    pub fn recommendations(
        mut self,
        queries: impl Fn(&[Arc<Playable>]) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        self.recommendations = Some(Recommendations(Arc::new(queries)));
        self
    }

    /// Sets how many tracks a queue holds. Default: 2,000.
    ///
    /// The queue of recommendations keeps the default. A checkpoint has room for 896 KiB of tracks, more than a
    /// thousand usual ones; the end of a longer queue is lost in a restart. Zero is a [`ConfigError`].
    #[must_use]
    pub fn queue_capacity(mut self, tracks: usize) -> Self {
        self.queue_capacity = tracks;
        self
    }

    /// Sets how many search results are cached. Default: 100; 0 disables the cache.
    /// [`Pool::set_cache`](crate::Pool::set_cache) changes it later.
    #[must_use]
    pub fn cache_capacity(mut self, searches: usize) -> Self {
        self.cache_capacity = searches;
        self
    }

    /// Sets how long a call waits for its result. Default: 10 s.
    ///
    /// After that the action may still be done: [`PlayerError::TimedOut`](crate::PlayerError::TimedOut) says so. Zero
    /// is a [`ConfigError`].
    #[must_use]
    pub fn action_timeout(mut self, timeout: Duration) -> Self {
        self.action_timeout = timeout;
        self
    }

    /// Sets how many bytes of events may wait for the journal before the source stops reading. Default: 16 MiB.
    ///
    /// While it does not read, pings go on, and nodes hold their frames back in the connection; nothing is dropped.
    /// Zero is a [`ConfigError`].
    #[must_use]
    pub fn buffer(mut self, bytes: usize) -> Self {
        self.buffer = bytes;
        self
    }

    /// Checks every value; the first bad one is the error, with the option's name.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.user.is_some_and(|user| user.get() == 0) {
            return Err(ConfigError::new("user", "must be the id of the bot's user"));
        }
        if self.nodes.is_empty() {
            return Err(ConfigError::new("nodes", "must name at least one node"));
        }
        for (index, node) in self.nodes.iter().enumerate() {
            let id = node.id.as_str();
            if id.is_empty()
                || id.len() > 64
                || id.contains(['/', ' '])
                || id.contains(char::is_control)
            {
                let reason = format!(
                    "`{id}` is not a valid name of a node: 1 to 64 characters without `/` and spaces"
                );
                return Err(ConfigError::new("nodes", reason));
            }
            if self.nodes[..index].iter().any(|other| other.id == node.id) {
                return Err(ConfigError::new(
                    "nodes",
                    format!("two nodes are called `{id}`"),
                ));
            }
            node.address("/v4/websocket", true)?;
            if http::HeaderValue::try_from(node.password.expose()).is_err() {
                let reason = format!("the password of node `{id}` cannot be sent as a header");
                return Err(ConfigError::new("nodes", reason));
            }
        }
        let positive = [
            ("heartbeat", self.heartbeat),
            ("failover_after", self.failover_after),
            ("action_timeout", self.action_timeout),
        ];
        for (option, time) in positive {
            if time.is_zero() {
                return Err(ConfigError::new(option, "must be longer than zero"));
            }
        }
        for (option, count) in [
            ("buffer", self.buffer),
            ("queue_capacity", self.queue_capacity),
        ] {
            if count == 0 {
                return Err(ConfigError::new(option, "must be at least 1"));
            }
        }
        if self.client_name.is_empty() || http::HeaderValue::try_from(&self.client_name).is_err() {
            return Err(ConfigError::new(
                "client_name",
                "cannot be sent as a header",
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("name", &self.name)
            .field("user", &self.user)
            .field("nodes", &self.nodes)
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::new(
            7,
            [NodeConfig::new(
                "eu-1",
                "http://127.0.0.1:2333",
                "canary-7f3a",
            )],
        )
    }

    #[test]
    fn a_printed_configuration_shows_no_secret() {
        let config =
            config().proxy(Proxy::parse("http://me:canary-proxy@127.0.0.1:8080").expect("a proxy"));
        let printed = format!("{config:?} {config:#?}");
        assert!(
            !printed.contains("canary") && printed.contains("<redacted>"),
            "{printed}"
        );
    }

    #[track_caller]
    fn check(config: &Config, option: &str) {
        assert_eq!(config.check().expect_err("a bad value").option(), option);
    }

    #[test]
    fn bad_values_are_named() {
        config().check().expect("the defaults are good");
        let node = || NodeConfig::new("a", "https://a", "p");
        check(&Config::new(0, [node()]), "user");
        check(&Config::new(7, []), "nodes");
        check(&Config::new(7, [node(), node()]), "nodes");
        check(
            &Config::new(7, [NodeConfig::new("a/b", "http://a", "p")]),
            "nodes",
        );
        check(
            &Config::new(7, [NodeConfig::new("a", "gopher://a", "p")]),
            "nodes",
        );
        check(
            &Config::new(7, [NodeConfig::new("a", "a:2333", "p")]),
            "nodes",
        );
        check(
            &Config::new(7, [NodeConfig::new("a", "http://a", "p\n")]),
            "nodes",
        );
        check(&config().heartbeat(Duration::ZERO), "heartbeat");
        check(&config().queue_capacity(0), "queue_capacity");
        check(&config().client_name(""), "client_name");
    }

    #[test]
    fn one_address_serves_requests_and_socket() {
        let node = NodeConfig::new("a", "https://lava.example:443/", "p");
        let address = |path, socket| node.address(path, socket).expect("good").to_string();
        assert_eq!(
            address("/version", false),
            "https://lava.example:443/version"
        );
        assert_eq!(
            address("/v4/websocket", true),
            "wss://lava.example:443/v4/websocket"
        );
    }
}
