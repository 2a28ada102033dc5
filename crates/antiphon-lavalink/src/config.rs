//! What the user chooses.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_core::{BoxError, BoxFuture, Clock, Rng, Secret, SourceName};
use antiphon_net::{Network, Proxy, parse_url};
use http::Uri;

use crate::{
    error::ConfigError,
    model::{NodeId, UserId, VoiceRequest},
    queue::Queue,
};

/// One node of a pool.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    pub(crate) id: NodeId,
    pub(crate) url: String,
    pub(crate) password: Secret,
    pub(crate) region: Option<String>,
}

impl NodeConfig {
    /// A node by the name it shall have here, its address (`http://host:2333`, or `https`) and its password.
    pub fn new(id: impl Into<NodeId>, url: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            id: id.into(),
            url: url.into(),
            password: password.into(),
            region: None,
        }
    }

    /// Sets the part of the world it serves best, such as `eu`; the default is none.
    ///
    /// The regions are those of [`region_from_endpoint`](crate::region_from_endpoint).
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The address with another path, for requests (`false`) or for the socket.
    pub(crate) fn address(&self, path: &str, socket: bool) -> Result<Uri, ConfigError> {
        let wrong = |why: &str| {
            ConfigError::new(
                "nodes",
                format!("has a node `{}` whose address {why}", self.id),
            )
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

/// Asks Discord for voice channels: the Gateway's op 4.
///
/// Implemented for closures; the answer to it comes as events, not here.
pub trait VoiceGateway: Send + Sync + 'static {
    /// Sends the request.
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

/// The choices for one pool of nodes.
///
/// A bad value is an error when the source runs, not here.
#[derive(Clone)]
pub struct Config {
    pub(crate) user: Option<UserId>,
    pub(crate) nodes: Vec<NodeConfig>,
    pub(crate) name: SourceName,
    pub(crate) network: Network,
    pub(crate) proxy: Option<Secret>,
    pub(crate) clock: Clock,
    pub(crate) rng: Option<Rng>,
    pub(crate) gateway: Option<Arc<dyn VoiceGateway>>,
    pub(crate) client_name: String,
    pub(crate) heartbeat: Duration,
    pub(crate) resume_timeout: Duration,
    pub(crate) failover_after: Duration,
    pub(crate) retries: Option<u32>,
    pub(crate) inactive_timeout: Option<Duration>,
    pub(crate) queue_capacity: usize,
    pub(crate) cache_capacity: usize,
    pub(crate) action_timeout: Duration,
    pub(crate) buffer: usize,
}

impl Config {
    /// The defaults for this bot and these nodes.
    pub fn new(user: impl Into<UserId>, nodes: impl IntoIterator<Item = NodeConfig>) -> Self {
        Self {
            user: Some(user.into()),
            ..Self::without_user(nodes)
        }
    }

    /// The defaults for these nodes, and for a bot whose id is given later, by [`Pool::set_user`].
    ///
    /// Nodes are told the id when they are connected, so the source connects none before it is known.
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
            action_timeout: Duration::from_secs(10),
            buffer: 16 << 20,
        }
    }

    /// The bot's user; `None` if [`Pool::set_user`](crate::Pool::set_user) will give it.
    pub fn user(&self) -> Option<UserId> {
        self.user
    }

    /// The bot's user, for a source that connects.
    pub(crate) fn known_user(&self) -> UserId {
        self.user.expect("a source connects once it is known")
    }

    /// Sets the source's name; the default is `lavalink`.
    #[must_use]
    pub fn name(mut self, name: impl Into<SourceName>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets where connections really go; the default is the internet.
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Sets a proxy for requests and sockets, by its URL, which may hold a login; the default is none.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Sets the clock that tells when events came; the default is the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the generator that spreads waits and shuffles queues; the default is a random one.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        self.rng = Some(rng);
        self
    }

    /// Sets who asks Discord for voice channels; without one, players can only be asked for what needs no channel.
    #[must_use]
    pub fn voice_gateway(mut self, gateway: impl VoiceGateway) -> Self {
        self.gateway = Some(Arc::new(gateway));
        self
    }

    /// Sets how the program calls itself to nodes, as `NAME/VERSION`; the default is antiphon's own name.
    #[must_use]
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.client_name = name.into();
        self
    }

    /// Sets how often nodes are pinged; the default is 15 s. One that says nothing for two of them is lost.
    #[must_use]
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = interval;
        self
    }

    /// Sets how long nodes keep a lost session, and its players playing; the default is 60 s, and zero keeps none.
    #[must_use]
    pub fn resume_timeout(mut self, timeout: Duration) -> Self {
        self.resume_timeout = timeout;
        self
    }

    /// Sets how long a lost node may take to come back before its players move; the default is 15 s.
    #[must_use]
    pub fn failover_after(mut self, grace: Duration) -> Self {
        self.failover_after = grace;
        self
    }

    /// Sets how often in a row a connection is tried again before the node is given up; the default is for ever.
    #[must_use]
    pub fn retries(mut self, retries: Option<u32>) -> Self {
        self.retries = retries;
        self
    }

    /// Sets after how long without a track a player is told on; the default is 5 min, and none never does.
    #[must_use]
    pub fn inactive_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.inactive_timeout = timeout;
        self
    }

    /// Sets how many tracks a queue holds; the default is 2,000.
    #[must_use]
    pub fn queue_capacity(mut self, tracks: usize) -> Self {
        self.queue_capacity = tracks;
        self
    }

    /// Sets how many searches are kept; the default is 100, and 0 keeps none.
    #[must_use]
    pub fn cache_capacity(mut self, searches: usize) -> Self {
        self.cache_capacity = searches;
        self
    }

    /// Sets how long actions wait to be done; the default is 10 s.
    #[must_use]
    pub fn action_timeout(mut self, timeout: Duration) -> Self {
        self.action_timeout = timeout;
        self
    }

    /// Sets how many bytes of events may wait for the journal before reading stops; the default is 16 MiB.
    #[must_use]
    pub fn buffer(mut self, bytes: usize) -> Self {
        self.buffer = bytes;
        self
    }

    /// The network with the proxy on it.
    pub(crate) fn routed(&self) -> Result<Network, ConfigError> {
        match &self.proxy {
            None => Ok(self.network.clone()),
            Some(url) => Proxy::parse(url.expose())
                .map(|proxy| self.network.clone().proxy(proxy))
                .map_err(|error| ConfigError::new("proxy", error.to_string())),
        }
    }

    /// The network as [`routed`](Self::routed); one on which nothing can be sent where the proxy cannot be used.
    pub(crate) fn routed_or_closed(&self) -> Network {
        self.routed()
            .unwrap_or_else(|error| self.network.clone().closed(&error.to_string()))
    }

    /// Looks for values that make no sense.
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
                let problem = format!(
                    "has `{id}`, which can be no node's name: 1 to 64 letters without `/` and spaces"
                );
                return Err(ConfigError::new("nodes", problem));
            }
            if self.nodes[..index].iter().any(|other| other.id == node.id) {
                return Err(ConfigError::new(
                    "nodes",
                    format!("has two nodes called `{id}`"),
                ));
            }
            node.address("/v4/websocket", true)?;
            if http::HeaderValue::try_from(node.password.expose()).is_err() {
                let problem = format!("has a node `{id}` whose password cannot be sent");
                return Err(ConfigError::new("nodes", problem));
            }
        }
        let positive = [
            ("heartbeat", self.heartbeat),
            ("failover_after", self.failover_after),
            ("action_timeout", self.action_timeout),
        ];
        for (option, time) in positive {
            if time.is_zero() {
                return Err(ConfigError::new(option, "must be longer than nothing"));
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
        self.routed().map(drop)
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
        let config = config().proxy("http://me:canary-proxy@127.0.0.1:8080");
        let printed = format!("{config:?} {config:#?}");
        assert!(
            !printed.contains("canary") && printed.contains("<redacted>"),
            "{printed}"
        );
    }

    #[track_caller]
    fn check(config: &Config, option: &str) {
        assert_eq!(config.check().expect_err("a bad value").option, option);
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
        check(&config().proxy("gopher://x"), "proxy");
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
