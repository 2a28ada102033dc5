//! What the user chooses.

use std::{fmt, path::PathBuf, time::Duration};

use antiphon_core::{Clock, Rng, Secret, SourceName};
use antiphon_net::{Network, Proxy};

use crate::{
    error::ConfigError,
    model::{ROOMS, RoomId, Server, Sockets},
};

/// The login of one account of the network.
#[derive(Clone, Debug)]
pub struct Account {
    pub(crate) email: String,
    pub(crate) password: Secret,
}

impl Account {
    /// The account with this e-mail address and password.
    pub fn new(email: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            email: email.into(),
            password: password.into(),
        }
    }
}

/// The choices for one account on one chat server.
///
/// A bad value is an error when the source runs, not here.
#[derive(Clone)]
pub struct Config {
    pub(crate) account: Account,
    pub(crate) server: Server,
    pub(crate) name: SourceName,
    pub(crate) rooms: Vec<RoomId>,
    pub(crate) sockets: Sockets,
    pub(crate) network: Network,
    pub(crate) proxy: Option<Secret>,
    pub(crate) clock: Clock,
    pub(crate) rng: Option<Rng>,
    pub(crate) cookie_file: Option<PathBuf>,
    pub(crate) backfill: usize,
    pub(crate) poll_interval: Duration,
    pub(crate) silence: Duration,
    pub(crate) reset_after: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) action_timeout: Duration,
    pub(crate) waiting: usize,
    pub(crate) user_agent: String,
    pub(crate) acknowledge: bool,
    pub(crate) buffer: usize,
}

impl Config {
    /// The longest message of one line, in characters (protocol §10).
    pub const LINE_LENGTH: usize = 500;

    /// The defaults for this account: chat.stackexchange.com, no rooms.
    pub fn new(account: Account) -> Self {
        Self {
            account,
            server: Server::default(),
            name: "stackexchange".into(),
            rooms: Vec::new(),
            sockets: Sockets::default(),
            network: Network::new(),
            proxy: None,
            clock: Clock::system(),
            rng: None,
            cookie_file: None,
            backfill: 1000,
            poll_interval: Duration::from_secs(5),
            silence: Duration::from_secs(45),
            reset_after: Duration::from_secs(2 * 60 * 60),
            request_timeout: Duration::from_secs(30),
            action_timeout: Duration::from_secs(10),
            waiting: 64,
            user_agent: concat!(
                "Mozilla/5.0 (compatible; antiphon/",
                env!("CARGO_PKG_VERSION"),
                ")"
            )
            .into(),
            acknowledge: true,
            buffer: 16 << 20,
        }
    }

    /// Sets the chat server; the default is chat.stackexchange.com.
    #[must_use]
    pub fn server(mut self, server: Server) -> Self {
        self.server = server;
        self
    }

    /// Sets the source's name; the default is `stackexchange`.
    #[must_use]
    pub fn name(mut self, name: impl Into<SourceName>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the rooms to join, 256 at most; the default is none.
    ///
    /// Rooms that were joined at run time are joined again as well, until they are left.
    #[must_use]
    pub fn rooms<R: Into<RoomId>>(mut self, rooms: impl IntoIterator<Item = R>) -> Self {
        self.rooms = rooms.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how rooms share sockets; the default is one socket for all.
    #[must_use]
    pub fn sockets(mut self, sockets: Sockets) -> Self {
        self.sockets = sockets;
        self
    }

    /// Sets where connections really go; the default is the internet.
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Sets a proxy for requests and socket, by its URL, which may hold a login; the default is none.
    ///
    /// `http://` (CONNECT), `socks4://`, `socks4a://`, `socks5://` and `socks5h://` are known.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Sets the clock that cookies are kept by; the default is the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the generator that spreads the waits between two connections; the default is a random one.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        self.rng = Some(rng);
        self
    }

    /// Sets the file that keeps the login between runs; the default is none.
    ///
    /// It is created so that only its owner can read it.
    /// Many logins in a short time bring a challenge that only a person can answer, so a bot should have one.
    #[must_use]
    pub fn cookie_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.cookie_file = Some(path.into());
        self
    }

    /// Sets how many events are fetched from a room's history after an outage that the socket cannot replay; the
    /// default is 1,000, and 0 fetches none.
    #[must_use]
    pub fn backfill(mut self, events: usize) -> Self {
        self.backfill = events;
        self
    }

    /// Sets how often is polled while no socket can be had; the default is 5 s.
    #[must_use]
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Sets after how long without a frame a socket is given up; the default is 45 s (protocol §5.5).
    #[must_use]
    pub fn silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// Sets after how long a socket is replaced by a new one; the default is 2 h (protocol §5.5).
    #[must_use]
    pub fn reset_after(mut self, age: Duration) -> Self {
        self.reset_after = age;
        self
    }

    /// Sets how long a request may take, once it has its turn; the default is 30 s.
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Sets how long joining and leaving wait for the connection; the default is 10 s.
    #[must_use]
    pub fn action_timeout(mut self, timeout: Duration) -> Self {
        self.action_timeout = timeout;
        self
    }

    /// Sets how many writes may wait for their turn; one more fails at once. The default is 64.
    #[must_use]
    pub fn waiting(mut self, writes: usize) -> Self {
        self.waiting = writes;
        self
    }

    /// Sets the `User-Agent`; the default is `Mozilla/5.0 (compatible; antiphon/<version>)` (protocol §2).
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Sets whether mentions and replies are acknowledged once they are stored, which clears the account's inbox; the
    /// default is yes.
    #[must_use]
    pub fn acknowledge(mut self, acknowledge: bool) -> Self {
        self.acknowledge = acknowledge;
        self
    }

    /// Sets how many bytes of events may wait for the journal before reading stops; the default is 16 MiB.
    #[must_use]
    pub fn buffer(mut self, bytes: usize) -> Self {
        self.buffer = bytes;
        self
    }

    /// The network with the proxy, if there is one.
    pub(crate) fn routed(&self) -> Result<Network, ConfigError> {
        match &self.proxy {
            Some(url) => {
                let proxy = Proxy::parse(url.expose())
                    .map_err(|error| ConfigError::new("proxy", error.to_string()))?;
                Ok(self.network.clone().proxy(proxy))
            }
            None => Ok(self.network.clone()),
        }
    }

    /// The network as [`routed`](Self::routed); one on which nothing can be sent where the proxy cannot be used.
    pub(crate) fn routed_or_closed(&self) -> Network {
        self.routed()
            .unwrap_or_else(|error| self.network.clone().closed(&error.to_string()))
    }

    /// Looks for values that make no sense.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let positive = [
            ("poll_interval", self.poll_interval),
            ("silence", self.silence),
            ("reset_after", self.reset_after),
            ("request_timeout", self.request_timeout),
            ("action_timeout", self.action_timeout),
        ];
        for (option, time) in positive {
            if time.is_zero() {
                return Err(ConfigError::new(option, "must be longer than nothing"));
            }
        }
        for (option, count) in [("buffer", self.buffer), ("waiting", self.waiting)] {
            if count == 0 {
                return Err(ConfigError::new(option, "must be at least 1"));
            }
        }
        if self.account.email.is_empty() || self.account.password.is_empty() {
            return Err(ConfigError::new(
                "account",
                "needs an e-mail address and a password",
            ));
        }
        if self.rooms.len() > ROOMS {
            return Err(ConfigError::new(
                "rooms",
                format!(
                    "has {} of them; an account reads {ROOMS} at most",
                    self.rooms.len()
                ),
            ));
        }
        if let Some(room) = self.rooms.iter().find(|room| room.get() <= 0) {
            return Err(ConfigError::new(
                "rooms",
                format!("{room} is no number of a room"),
            ));
        }
        if http::HeaderValue::try_from(&self.user_agent).is_err() || self.user_agent.is_empty() {
            return Err(ConfigError::new("user_agent", "cannot be sent as a header"));
        }
        self.routed().map(drop)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("name", &self.name)
            .field("server", &self.server)
            .field("account", &self.account)
            .field("rooms", &self.rooms)
            .field("sockets", &self.sockets)
            .field("proxy", &self.proxy)
            .field("cookie_file", &self.cookie_file)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::new(Account::new("mira@example.org", "canary-7f3a"))
    }

    #[test]
    fn a_printed_configuration_shows_no_secret() {
        let config = config().proxy("http://me:canary-proxy@127.0.0.1:8080");
        let printed = format!("{config:?} {config:#?}");
        assert!(!printed.contains("canary"), "{printed}");
        assert!(printed.contains("<redacted>"));
    }

    #[track_caller]
    fn check(config: &Config, option: &str) {
        assert_eq!(config.check().expect_err("a bad value").option, option);
    }

    #[test]
    fn bad_values_are_named() {
        config().check().expect("the defaults are good");
        check(&config().rooms([0]), "rooms");
        check(&config().rooms(1..=257), "rooms");
        check(&config().user_agent("a\nb"), "user_agent");
        check(&config().silence(Duration::ZERO), "silence");
        check(&config().proxy("gopher://x"), "proxy");
        check(&config().waiting(0), "waiting");
        check(&Config::new(Account::new("", "x")), "account");
    }
}
