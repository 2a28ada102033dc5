//! What the user chooses.

use std::{fmt, time::Duration};

use antiphon_core::{Clock, Rng, Secret, SourceName};
use antiphon_net::{Network, Proxy};
use twilight_model::gateway::Intents;

use crate::error::ConfigError;

/// The choices for one bot.
///
/// A bad value is an error when the source runs, not here.
#[derive(Clone)]
pub struct Config {
    pub(crate) token: Secret,
    pub(crate) intents: Intents,
    pub(crate) name: SourceName,
    pub(crate) network: Network,
    pub(crate) proxy: Option<Secret>,
    pub(crate) clock: Clock,
    pub(crate) rng: Option<Rng>,
    pub(crate) request_timeout: Duration,
    pub(crate) action_timeout: Duration,
    pub(crate) waiting: usize,
    pub(crate) user_agent: String,
    pub(crate) buffer: usize,
}

impl Config {
    /// The defaults for the bot with this token, with or without the prefix `Bot `, and these intents (protocol §7).
    pub fn new(token: impl Into<Secret>, intents: Intents) -> Self {
        Self {
            token: token.into(),
            intents,
            name: "discord".into(),
            network: Network::new(),
            proxy: None,
            clock: Clock::system(),
            rng: None,
            request_timeout: Duration::from_secs(30),
            action_timeout: Duration::from_secs(10),
            waiting: 256,
            user_agent: concat!(
                "DiscordBot (https://docs.rs/antiphon, ",
                env!("CARGO_PKG_VERSION"),
                ")"
            )
            .into(),
            buffer: 16 << 20,
        }
    }

    /// Sets the source's name; the default is `discord`.
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
