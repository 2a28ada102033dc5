//! The configuration of a source.
//!
//! Setters take any value; [`Config::check`] judges all of them when the source runs, so that a program finds one place
//! where a bad configuration is an error, and a setter can be called from a file of options without unwrapping.
//!
//! Which part obeys which option: the session (`session/task.rs`, `Rules`) has rooms, sockets, backfill and the times
//! of sockets and polls; `http.rs` has account, cookies, user agent and the limits of requests; `client.rs` has the
//! network and `action_timeout`.

use std::{fmt, path::PathBuf, time::Duration};

use antiphon_core::{Clock, ConfigError, Rng, Secret, SourceName};
use antiphon_net::{Addresses, AddressesError, Network, Proxy, Route};

use crate::model::{ROOMS, RoomId, Server, Sockets};

/// The login of one account of the network.
///
/// The e-mail address and password are those of the network's own login, not of another provider. One account may be
/// used on all three servers, with a [`Config`] for each.
///
/// The password is a [`Secret`](antiphon_core::Secret): it never appears in a debug output.
///
/// ```
/// use antiphon_stackexchange::Account;
///
/// let account = Account::new("mira@example.org", "a password");
/// assert!(!format!("{account:?}").contains("a password"));
/// ```
#[derive(Clone, Debug)]
pub struct Account {
    pub(crate) email: String,
    pub(crate) password: Secret,
}

impl Account {
    /// The account with this e-mail address and password.
    ///
    /// An empty address or password is an error when the source runs (code `configuration`).
    pub fn new(email: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            email: email.into(),
            password: password.into(),
        }
    }
}

/// The configuration of one account on one chat server.
///
/// A bad value is an error when the source runs (code `configuration`), not in its setter.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_stackexchange::{Account, Config, Proxy, Server, Sockets};
///
/// let config = Config::new(Account::new("mira@example.org", "a password"))
///     .server(Server::StackOverflow)
///     .rooms([6, 197_298])
///     .sockets(Sockets::PerRoom)
///     .cookie_file("mira.cookies")
///     .backfill(2000)
///     .action_timeout(Duration::from_secs(30))
///     .proxy(Proxy::parse("socks5h://127.0.0.1:9050")?);
/// assert!(!format!("{config:?}").contains("a password"));
/// let (client, source) = antiphon_stackexchange::connect(config);
/// assert_eq!(client.server(), Server::StackOverflow);
/// # drop(source);
/// # Ok::<(), antiphon_stackexchange::ProxyError>(())
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) account: Account,
    pub(crate) server: Server,
    pub(crate) name: SourceName,
    pub(crate) rooms: Vec<RoomId>,
    pub(crate) only_rooms: bool,
    pub(crate) sockets: Sockets,
    pub(crate) network: Network,
    pub(crate) proxy: Option<Proxy>,
    /// Server that stands for every host of the platform.
    pub(crate) url: Option<String>,
    pub(crate) clock: Clock,
    pub(crate) rng: Option<Rng>,
    pub(crate) cookie_file: Option<PathBuf>,
    pub(crate) backfill: usize,
    pub(crate) poll_interval: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) reset_after: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) action_timeout: Duration,
    pub(crate) max_queued_requests: usize,
    pub(crate) user_agent: String,
    pub(crate) acknowledge: bool,
    pub(crate) buffer_bytes: usize,
}

impl Config {
    /// The longest message of one line, in characters (protocol §10).
    ///
    /// [`Room::send`](crate::Room::send) refuses a longer one without a request; [`Splitter`](crate::Splitter) cuts it.
    pub const LINE_LENGTH: usize = 500;

    /// The defaults for an account: chat.stackexchange.com, no rooms.
    pub fn new(account: Account) -> Self {
        Self {
            account,
            server: Server::default(),
            name: "stackexchange".into(),
            rooms: Vec::new(),
            only_rooms: false,
            sockets: Sockets::default(),
            network: Network::new(),
            proxy: None,
            url: None,
            clock: Clock::system(),
            rng: None,
            cookie_file: None,
            backfill: 1000,
            poll_interval: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(45),
            reset_after: Duration::from_secs(2 * 60 * 60),
            request_timeout: Duration::from_secs(30),
            action_timeout: Duration::from_secs(10),
            max_queued_requests: 64,
            user_agent: concat!(
                "Mozilla/5.0 (compatible; antiphon/",
                env!("CARGO_PKG_VERSION"),
                ")"
            )
            .into(),
            acknowledge: true,
            buffer_bytes: 16 << 20,
        }
    }

    /// Creates the options of the simulated account that has every right in its room, from what `antiphon sim` prints.
    ///
    /// It joins that room on the first of the simulated servers. The login keeps its production hosts: [`Config::url`]
    /// leads all of them to the simulator. The network trusts the certificate of a simulation with TLS.
    ///
    /// # Errors
    /// [`AddressesError`] if the addresses name no Stack Exchange, or lack `url`, `email`, `password`, `room` or a known
    /// `servers.0.chat`.
    pub fn simulated(addresses: &Addresses) -> Result<Self, AddressesError> {
        let chat = addresses.platform("stackexchange")?;
        let account = Account::new(chat.text("email")?, chat.secret("password")?);
        let servers = chat.list("servers")?;
        let unknown = || AddressesError::unusable("stackexchange.servers.0.chat", "chat server");
        let host = servers.first().ok_or_else(unknown)?.text("chat")?;
        let server = Server::of_host(host).ok_or_else(unknown)?;
        Ok(Self::new(account)
            .server(server)
            .url(chat.text("url")?)
            .rooms([chat.number("room")?])
            .network(addresses.network()))
    }

    /// Sets the chat server. Default: [`Server::StackExchange`].
    ///
    /// It decides where the account logs in: stackoverflow.com for chat.stackoverflow.com, else meta.stackexchange.com.
    #[must_use]
    pub fn server(mut self, server: Server) -> Self {
        self.server = server;
        self
    }

    /// Sets the source's name, which is part of every event's identity. Default: `stackexchange`.
    ///
    /// Two sources of one app need two names, as for one account on two servers. A changed name is another source: it
    /// knows none of the checkpoints, and an event that is sent again is stored again.
    ///
    /// ```
    /// use antiphon_stackexchange::{Account, Config, Server};
    ///
    /// let account = Account::new("mira@example.org", "a password");
    /// let network = Config::new(account.clone()).name("chat").rooms([1]);
    /// let overflow = Config::new(account).name("chat-so").server(Server::StackOverflow).rooms([197_298]);
    /// # drop((network, overflow));
    /// ```
    #[must_use]
    pub fn name(mut self, name: impl Into<SourceName>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the rooms to join, 256 at most. Default: none.
    ///
    /// A room that [`Client::join`](crate::Client::join) joined is joined again after a restart as well, until it is left;
    /// [`Config::only_rooms`] changes that.
    ///
    /// A number of 0 or less, and a 257th room, are errors when the source runs. A room that does not exist ends by
    /// itself with a link of its own (code `not-open`), and the others go on.
    #[must_use]
    pub fn rooms<R: Into<RoomId>>(mut self, rooms: impl IntoIterator<Item = R>) -> Self {
        self.rooms = rooms.into_iter().map(Into::into).collect();
        self
    }

    /// Sets whether a start leaves every room of an earlier run that [`Config::rooms`] does not name. Default: false.
    ///
    /// For a program whose configuration is the truth. A room that was joined at run time, or that is named no more, is
    /// then left as [`Client::leave`](crate::Client::leave) does it: the server is told before the first socket is opened,
    /// the room's link (`antiphon.link` at `room/<id>`) is closed, and its checkpoint says that it was left, so that
    /// naming it again joins it anew. No gap tells of its events since the last run; those that were stored stay.
    ///
    /// If the server cannot be told, the room is not read all the same, and it is told again every 30 s.
    #[must_use]
    pub fn only_rooms(mut self, only: bool) -> Self {
        self.only_rooms = only;
        self
    }

    /// Sets how rooms share sockets. Default: [`Sockets::Shared`] (protocol §5.4).
    ///
    /// One socket carries every room's events and costs a request for each room when it is opened. With a socket for
    /// each room, a room that is closed or refused delays no other.
    #[must_use]
    pub fn sockets(mut self, sockets: Sockets) -> Self {
        self.sockets = sockets;
        self
    }

    /// Sets the network that connections take. Default: the internet.
    ///
    /// Tests pass the simulator's network, and keep the production hosts.
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Sets a proxy for requests and sockets, such as `Proxy::parse("socks5h://127.0.0.1:9050")?`. Default: none.
    ///
    /// It is laid over [`Config::network`], for every host that the source and the client speak to.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Sets the URL of a server that stands for every host of the platform: chat, logins and sockets. Default: the hosts
    /// themselves.
    ///
    /// Requests keep the hosts' own names in their `Host` field, so that the server can tell them apart, as the
    /// simulator does (`stackexchange.url` of its addresses). A URL with `http` is spoken to without TLS; with `https`
    /// the certificate has to be good for the hosts' own names. It excludes [`Config::proxy`].
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// The network with the proxy or the server that stands for every host.
    pub(crate) fn way(&self) -> Network {
        match self.url.as_deref().map(Route::url) {
            None => self.network.through(self.proxy.as_ref()),
            Some(Ok(route)) => self.network.clone().route("*", route),
            // `check` names the mistake; requests of a client without a source meet it here.
            Some(Err(error)) => self.network.clone().closed(&format!("`url` {error}")),
        }
    }

    /// Sets the clock that ends cookies. Default: the machine's.
    ///
    /// Tests pass the simulator's clock. All sources of one app must have the same clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the generator that spreads the waits between two connections. Default: a random one.
    ///
    /// A seeded generator makes the waits of a test repeatable.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        self.rng = Some(rng);
        self
    }

    /// Sets the file that keeps the login between runs (protocol §3.3). Default: none.
    ///
    /// Only its owner can read it.
    /// Many logins in a short time bring a challenge that only a person can answer, so a bot should have a file.
    ///
    /// It is read at the first login and written after each one, to a new file that then takes the old one's place. A
    /// file of another server is left alone, with a warning; one of another user is
    /// [`LoginError::AnotherUser`](crate::LoginError::AnotherUser). It holds the login itself: keep it like a password.
    #[must_use]
    pub fn cookie_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.cookie_file = Some(path.into());
        self
    }

    /// Sets how many events are fetched from a room's history after an outage that the socket does not replay. Default:
    /// 1,000; 0 fetches none.
    ///
    /// The first request brings the newest 500 events of every kind at most; beyond them up to 40 pages of 500 messages
    /// are read, so that no number above 20,500 changes anything. What the number leaves out is a gap.
    #[must_use]
    pub fn backfill(mut self, events: usize) -> Self {
        self.backfill = events;
        self
    }

    /// Sets the pause between two polls while no socket can be had. Default: 5 s (protocol §6).
    ///
    /// Each poll is one request for all rooms of the line, and a second one that proves that the login still counts.
    #[must_use]
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Sets how long a socket may be without a frame before it is replaced. Default: 45 s (protocol §5.5).
    ///
    /// The server sends frames without events as heartbeats, so that silence means a dead connection (protocol §11.16).
    /// The time stands still while reading is paused because the journal is slow.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets the age at which a socket is replaced by a new one. Default: 2 h (protocol §5.5).
    ///
    /// The new socket is opened beside the old one and begins where the rooms were heard last; the old one is closed
    /// then, so that nothing is missed.
    #[must_use]
    pub fn reset_after(mut self, age: Duration) -> Self {
        self.reset_after = age;
        self
    }

    /// Sets how long a request may take, once it has its turn. Default: 30 s.
    ///
    /// The wait for a turn among the writes is not part of it. A request that ran out of time may have been carried
    /// out.
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Sets how long [`Client::join`](crate::Client::join) and [`Client::leave`](crate::Client::leave) wait for the
    /// connection. Default: 10 s.
    ///
    /// It covers the wait for a place in the queue of commands, the join itself and the first socket.
    #[must_use]
    pub fn action_timeout(mut self, timeout: Duration) -> Self {
        self.action_timeout = timeout;
        self
    }

    /// Sets how many writes may wait for their turn, at least 1. Default: 64; one more fails with
    /// [`RequestError::Busy`](crate::RequestError::Busy).
    ///
    /// The queue is the account's, in all rooms together. Reads do not wait in it.
    #[must_use]
    pub fn max_queued_requests(mut self, writes: usize) -> Self {
        self.max_queued_requests = writes;
        self
    }

    /// Sets the `User-Agent` header. Default: `Mozilla/5.0 (compatible; antiphon/<version>)` (protocol §2).
    ///
    /// The sites expect a prefix like a browser's; add a name and an address at which the site's operators reach you. A
    /// value that is empty or no header is an error when the source runs.
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Sets whether mentions and replies are acknowledged once they are stored, which clears the account's inbox.
    /// Default: `true` (protocol §11.26).
    ///
    /// Up to 100 mentions go into one request, after the journal has them. Set it to `false` for an account whose inbox
    /// a person reads too. A failure changes nothing else: it is logged at *debug*.
    #[must_use]
    pub fn acknowledge(mut self, acknowledge: bool) -> Self {
        self.acknowledge = acknowledge;
        self
    }

    /// Sets how many bytes of events may wait for the journal before reading pauses, at least 1. Default: 16 MiB.
    ///
    /// Beyond it, frames stay in the sockets until there is room; heartbeats and answers still go out.
    #[must_use]
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.buffer_bytes = bytes;
        self
    }

    /// Looks for values that make no sense.
    ///
    /// The rules, each an error with the option's name: times are not zero, counts are at least 1, e-mail address and
    /// password are not empty, at most 256 rooms with positive numbers, and a user agent that is a header.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let positive = [
            ("poll_interval", self.poll_interval),
            ("idle_timeout", self.idle_timeout),
            ("reset_after", self.reset_after),
            ("request_timeout", self.request_timeout),
            ("action_timeout", self.action_timeout),
        ];
        for (option, time) in positive {
            if time.is_zero() {
                return Err(ConfigError::new(option, "must be longer than nothing"));
            }
        }
        let counts = [
            ("buffer_bytes", self.buffer_bytes),
            ("max_queued_requests", self.max_queued_requests),
        ];
        for (option, count) in counts {
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
        if let Some(url) = &self.url {
            if let Err(error) = Route::url(url) {
                return Err(ConfigError::new("url", error.to_string()));
            }
            if self.proxy.is_some() {
                return Err(ConfigError::new(
                    "url",
                    "excludes `proxy`: leave one of them out",
                ));
            }
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
        Ok(())
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
            .field("url", &self.url)
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
        let proxy = Proxy::parse("http://me:canary-proxy@127.0.0.1:8080").expect("a proxy");
        let config = config().proxy(proxy);
        let printed = format!("{config:?} {config:#?}");
        assert!(!printed.contains("canary"), "{printed}");
        assert!(printed.contains("<redacted>"));
    }

    #[track_caller]
    fn check(config: &Config, option: &str) {
        assert_eq!(config.check().expect_err("a bad value").option(), option);
    }

    #[test]
    fn bad_values_are_named() {
        config().check().expect("the defaults are good");
        check(&config().rooms([0]), "rooms");
        check(&config().rooms(1..=257), "rooms");
        check(&config().user_agent("a\nb"), "user_agent");
        check(&config().idle_timeout(Duration::ZERO), "idle_timeout");
        check(&config().max_queued_requests(0), "max_queued_requests");
        check(&Config::new(Account::new("", "x")), "account");
        check(&config().url("127.0.0.1:7007"), "url");
        let proxy = Proxy::parse("socks5h://127.0.0.1:9050").expect("a proxy");
        let both = config().url("http://127.0.0.1:7007").proxy(proxy);
        check(&both, "url");
    }
}
