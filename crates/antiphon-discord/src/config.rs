//! What the user chooses.

use std::{fmt, time::Duration};

use antiphon_core::{Clock, Rng, Secret, SourceName};
use antiphon_net::{Network, Proxy};
use twilight_model::gateway::Intents;

use crate::{cache::CacheLimits, error::ConfigError};

/// Discord's REST interface, in the version that the crate speaks (protocol §13).
const API: &str = "https://discord.com/api/v10";

/// The choices for one bot.
///
/// A bad value is an error when the source runs, not here.
#[derive(Clone)]
pub struct Config {
    pub(crate) token: Secret,
    pub(crate) intents: Intents,
    pub(crate) api: String,
    pub(crate) name: SourceName,
    pub(crate) network: Network,
    pub(crate) proxy: Option<Secret>,
    pub(crate) clock: Clock,
    pub(crate) rng: Option<Rng>,
    pub(crate) request_timeout: Duration,
    pub(crate) action_timeout: Duration,
    pub(crate) waiting: usize,
    pub(crate) requests_per_second: usize,
    pub(crate) user_agent: String,
    pub(crate) buffer: usize,
    pub(crate) cache: Option<CacheLimits>,
}

impl Config {
    /// The defaults for the bot with this token, with or without the prefix `Bot `, and these intents (protocol §7).
    pub fn new(token: impl Into<Secret>, intents: Intents) -> Self {
        Self {
            token: token.into(),
            intents,
            api: API.into(),
            name: "discord".into(),
            network: Network::new(),
            proxy: None,
            clock: Clock::system(),
            rng: None,
            request_timeout: Duration::from_secs(30),
            action_timeout: Duration::from_secs(10),
            waiting: 256,
            requests_per_second: 50,
            user_agent: concat!(
                "DiscordBot (https://docs.rs/antiphon, ",
                env!("CARGO_PKG_VERSION"),
                ")"
            )
            .into(),
            buffer: 16 << 20,
            cache: None,
        }
    }

    /// Sets the source's name; the default is `discord`.
    #[must_use]
    pub fn name(mut self, name: impl Into<SourceName>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the URL of the REST interface with its version; the default is `https://discord.com/api/v10`.
    ///
    /// The Gateway's URL is what that interface answers.
    #[must_use]
    pub fn api(mut self, url: impl Into<String>) -> Self {
        self.api = url.into();
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

    /// Sets the clock; the default is the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the chance by which beats and waits are spread; the default is seeded by the machine.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        self.rng = Some(rng);
        self
    }

    /// Sets how long a request may take, with the waits for its turn and its repetitions; the default is 30 s.
    ///
    /// A rate limit that is known to hold longer is an error at once.
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Sets how many requests may wait for their turn; the default is 256, and one more is an error at once.
    #[must_use]
    pub fn waiting(mut self, most: usize) -> Self {
        self.waiting = most;
        self
    }

    /// Sets how many requests may go out within a second; the default is Discord's own limit, 50.
    ///
    /// Lower it where several processes share a bot; Discord raises it for large ones on request.
    #[must_use]
    pub fn requests_per_second(mut self, most: usize) -> Self {
        self.requests_per_second = most;
        self
    }

    /// Keeps what the bot's guilds look like, within these limits; the default is to keep nothing.
    ///
    /// With a cache, a source whose save is missing identifies afresh, since a resumed session sends no guilds; without
    /// one it always resumes.
    #[must_use]
    pub fn cache(mut self, limits: CacheLimits) -> Self {
        self.cache = Some(limits);
        self
    }

    /// The network with the proxy on it.
    pub(crate) fn routed(&self) -> Result<Network, ConfigError> {
        match &self.proxy {
            None => Ok(self.network.clone()),
            Some(url) => Proxy::parse(url.expose())
                .map(|proxy| self.network.clone().proxy(proxy))
                .map_err(|error| ConfigError {
                    what: error.to_string(),
                }),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("name", &self.name)
            .field("token", &self.token)
            .field("intents", &self.intents)
            .finish_non_exhaustive()
    }
}
