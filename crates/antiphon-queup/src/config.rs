//! The configuration of one account.
//!
//! Setters take any value and never fail; `Config::check` runs once, when the source does, and names the first bad
//! option in a [`ConfigError`](crate::ConfigError). The one exception is a proxy, whose URL is read at once
//! ([`ProxyOptions::new`]), so that a misspelt one never becomes a direct connection.
//!
//! Passwords of account and rooms are [`Secret`]s: printed as `<redacted>`, and never stored. A room's password is
//! taken from here at each join.

use std::{collections::HashMap, fmt, path::PathBuf, sync::Arc, time::Duration};

use antiphon_core::{Clock, Rng, Secret, SourceName};
use antiphon_net::{
    Addresses, AddressesError, Connect, Network, Proxy, ProxyError, Route, parse_url,
};
use http::Uri;

use crate::{error::ConfigError, model::Slug};

/// The login of one QueUp account.
///
/// ```
/// use antiphon_queup::Account;
///
/// let account = Account::new("mira@example.org", "a password");
/// assert!(!format!("{account:?}").contains("a password"));
/// ```
#[derive(Clone, Debug)]
pub struct Account {
    /// E-mail address or user name; must not be empty.
    pub(crate) email: String,
    pub(crate) password: Secret,
}

impl Account {
    /// Takes an e-mail address (or user name) and a password.
    pub fn new(email: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            email: email.into(),
            password: password.into(),
        }
    }
}

/// A proxy, or a connection of one's own, for requests and socket alike.
///
/// # Examples
/// ```
/// use antiphon_queup::{Account, Config, ProxyOptions};
///
/// let account = Account::new("mira@example.org", "a password");
/// let proxy = ProxyOptions::new("socks5h://me:secret@127.0.0.1:1080")?;
/// let config = Config::new(account).proxy(proxy);
/// assert!(!format!("{config:?}").contains("secret"));
///
/// // A misspelt URL is an error at once, and never becomes a connection without a proxy.
/// assert!(ProxyOptions::new("sock5://127.0.0.1:1080").is_err());
/// # Ok::<(), antiphon_queup::ProxyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProxyOptions {
    /// The proxy; unused beside a connection of one's own.
    proxy: Option<Proxy>,
    /// The connection of one's own.
    client_request: Option<Arc<dyn Connect>>,
}

impl ProxyOptions {
    /// Takes a proxy's URL: `http://` or `https://` (CONNECT), `socks4://`, `socks4a://`, `socks5://` or `socks5h://`,
    /// with or without `user:password@`.
    ///
    /// # Errors
    /// [`ProxyError`] if the URL is none of these.
    pub fn new(proxy_url: impl Into<Secret>) -> Result<Self, ProxyError> {
        Proxy::parse(proxy_url.into().expose()).map(Self::from)
    }

    /// Takes a connection of one's own instead of a proxy; the reference's `client_request`.
    ///
    /// It opens plain connections to the host and port it is given; TLS is spoken over them where the URL asks for it.
    pub fn custom(connection: Arc<dyn Connect>) -> Self {
        Self {
            proxy: None,
            client_request: Some(connection),
        }
    }

    /// Sets a connection of one's own, which is used instead of the proxy. Default: none.
    #[must_use]
    pub fn client_request(mut self, connection: Arc<dyn Connect>) -> Self {
        self.client_request = Some(connection);
        self
    }

    /// The network by way of the proxy or connection.
    fn apply(&self, network: &Network) -> Network {
        match &self.client_request {
            Some(connection) => {
                let route = Route::connector_tls(Arc::clone(connection));
                network.clone().route("*", route)
            }
            None => network.through(self.proxy.as_ref()),
        }
    }
}

impl From<Proxy> for ProxyOptions {
    fn from(proxy: Proxy) -> Self {
        Self {
            proxy: Some(proxy),
            client_request: None,
        }
    }
}

/// The rate limits of requests (protocol §8).
///
/// The figures are those of the field's most used client; QueUp's own are not known. Requests that keep the session
/// going (token, joining, state of a room) take no slot: they are bounded by [`upkeep`](Self::upkeep), which is how many
/// of them are under way at once, and by the pauses between two connections.
///
/// A request takes one of the slots when it is sent, and the slot is free again a while after. So the first ten
/// requests go at once, and a long row of them at ten in 30 s.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_queup::RateLimits;
///
/// let limits = RateLimits::default();
/// assert_eq!((limits.slots, limits.max_queued_requests), (10, 64));
/// let patient = limits.slots(5).cool_down(Duration::from_secs(60));
/// assert_eq!(patient.chat_cool_down, Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimits {
    /// Number of requests that may be under way or cooling down at once. Default: 10.
    pub slots: usize,
    /// Time for which a slot cools down after a request was sent. Default: 30 s.
    pub cool_down: Duration,
    /// The same after a chat message. Default: 5 s.
    pub chat_cool_down: Duration,
    /// Number of requests that may wait for a slot; one more fails at once. Default: 64.
    pub max_queued_requests: usize,
    /// Number of requests that keep the session going and may be under way at once. Default: 8.
    pub upkeep: usize,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            slots: 10,
            cool_down: Duration::from_secs(30),
            chat_cool_down: Duration::from_secs(5),
            max_queued_requests: 64,
            upkeep: 8,
        }
    }
}

impl RateLimits {
    /// Sets the number of requests that may be under way or cooling down at once. Default: 10; 0 is a
    /// [`ConfigError`](crate::ConfigError).
    #[must_use]
    pub fn slots(mut self, slots: usize) -> Self {
        self.slots = slots;
        self
    }

    /// Sets the time for which a slot cools down. Default: 30 s.
    #[must_use]
    pub fn cool_down(mut self, cool_down: Duration) -> Self {
        self.cool_down = cool_down;
        self
    }

    /// Sets the time for which a slot cools down after a chat message. Default: 5 s.
    #[must_use]
    pub fn chat_cool_down(mut self, cool_down: Duration) -> Self {
        self.chat_cool_down = cool_down;
        self
    }

    /// Sets the number of requests that may wait for a slot. Default: 64; one more fails at once with
    /// [`RequestError::Busy`](crate::RequestError::Busy).
    #[must_use]
    pub fn max_queued_requests(mut self, requests: usize) -> Self {
        self.max_queued_requests = requests;
        self
    }

    /// Sets the number of requests that keep the session going and may be under way at once. Default: 8; 0 is a
    /// [`ConfigError`](crate::ConfigError).
    ///
    /// Joining a room takes five requests, and joining it again after an outage six. At the limit the other rooms wait
    /// for their turn, in order; rooms that a client asks for go first. A room that has waited for 60 s after an outage
    /// stores its live events, and its history comes behind them.
    #[must_use]
    pub fn upkeep(mut self, requests: usize) -> Self {
        self.upkeep = requests;
        self
    }
}

/// The configuration of one QueUp account.
///
/// A bad value is a [`ConfigError`] when the source runs, not here.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_queup::{self as queup, Account, Config, ProxyOptions};
///
/// # fn example() -> Result<(), queup::ProxyError> {
/// let config = Config::new(Account::new("mira@example.org", "a password"))
///     .rooms(["choir-loft", "vault"])
///     .room_password("vault", "open sesame")
///     .cookie_file("/var/lib/choir/cookie")
///     .backfill(50)
///     .action_timeout(Duration::from_secs(20))
///     .proxy(ProxyOptions::new("socks5h://127.0.0.1:1080")?);
/// let (client, source) = queup::connect(config);
/// # let _ = (client, source);
/// # Ok(())
/// # }
/// # example().expect("a proxy's URL");
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) account: Account,
    pub(crate) name: SourceName,
    pub(crate) rooms: Vec<Slug>,
    pub(crate) only_rooms: bool,
    pub(crate) passwords: HashMap<Slug, Secret>,
    pub(crate) network: Network,
    pub(crate) proxy: Option<ProxyOptions>,
    pub(crate) clock: Clock,
    pub(crate) rng: Option<Rng>,
    pub(crate) rest: String,
    pub(crate) socket: String,
    pub(crate) cookie_file: Option<PathBuf>,
    pub(crate) recent_conversations: bool,
    pub(crate) backfill: usize,
    pub(crate) rate_limits: RateLimits,
    pub(crate) request_timeout: Duration,
    pub(crate) chat_timeout: Duration,
    pub(crate) action_timeout: Duration,
    pub(crate) user_agent: String,
    pub(crate) chat_pieces: usize,
    pub(crate) buffer_bytes: usize,
}

impl Config {
    /// Longest piece of a chat message, in characters before they are escaped (protocol §8). QueUp's own page cuts
    /// there.
    pub const CHAT_LENGTH: usize = 255;

    /// Takes an account, with production URLs and no rooms.
    pub fn new(account: Account) -> Self {
        Self {
            account,
            name: "queup".into(),
            rooms: Vec::new(),
            only_rooms: false,
            passwords: HashMap::new(),
            network: Network::new(),
            proxy: None,
            clock: Clock::system(),
            rng: None,
            rest: "https://api.queup.net".into(),
            socket: "wss://ws.queup.net/ws/".into(),
            cookie_file: None,
            recent_conversations: true,
            backfill: 100,
            rate_limits: RateLimits::default(),
            request_timeout: Duration::from_secs(30),
            chat_timeout: Duration::from_secs(10),
            action_timeout: Duration::from_secs(10),
            user_agent: concat!("antiphon/", env!("CARGO_PKG_VERSION")).into(),
            chat_pieces: 2,
            buffer_bytes: 16 << 20,
        }
    }

    /// Creates the options of the simulated account that has every right in its room, from what `antiphon sim` prints.
    ///
    /// It joins that room; [`Config::rooms`] chooses others. The network trusts the certificate of a simulation with
    /// TLS.
    ///
    /// # Errors
    /// [`AddressesError`] if the addresses name no QueUp, or lack `rest`, `socket`, `email`, `password` or `room`.
    pub fn simulated(addresses: &Addresses) -> Result<Self, AddressesError> {
        let queup = addresses.platform("queup")?;
        let account = Account::new(queup.text("email")?, queup.secret("password")?);
        Ok(Self::new(account)
            .rest(queup.text("rest")?)
            .socket(queup.text("socket")?)
            .rooms([queup.text("room")?])
            .network(addresses.network()))
    }

    /// Sets the source's name, by which the journal knows its events. Default: `queup`.
    #[must_use]
    pub fn name(mut self, name: impl Into<SourceName>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the rooms to join, by the names in their URLs. Default: none.
    ///
    /// Rooms that were joined at run time are joined again as well, until they are left; [`Config::only_rooms`] changes
    /// that. A room of this list that was
    /// left is joined again at the next start. A name has up to 256 letters, digits and `-_.~`; any other is a
    /// [`ConfigError`](crate::ConfigError).
    #[must_use]
    pub fn rooms<S: Into<Slug>>(mut self, rooms: impl IntoIterator<Item = S>) -> Self {
        self.rooms = rooms.into_iter().map(Into::into).collect();
        self
    }

    /// Sets whether a start leaves every room of an earlier run that [`Config::rooms`] does not name. Default: false.
    ///
    /// For a program whose configuration is the truth. A room that was joined at run time, or that is named no more, is
    /// then left as [`Room::leave`](crate::Room::leave) does it: QueUp is told, the room's link (`antiphon.link` at
    /// `room/<id>`) is closed, and its checkpoint says that it was left, so that naming it again joins it anew. No gap
    /// tells of its events since the last run; those that were stored stay.
    ///
    /// Rooms are left once each room of the list was found or finally refused, since a name may have come to lead to a
    /// room that an earlier run knew by another. If QueUp cannot be told, the room is not read all the same, and QueUp is
    /// told again every 30 s.
    #[must_use]
    pub fn only_rooms(mut self, only: bool) -> Self {
        self.only_rooms = only;
        self
    }

    /// Sets the password of a private room, by the name in its URL. Default: none. It is not stored anywhere, so a room
    /// needs it here to be joined again after a restart.
    #[must_use]
    pub fn room_password(mut self, room: impl Into<Slug>, password: impl Into<Secret>) -> Self {
        self.passwords.insert(room.into(), password.into());
        self
    }

    /// Sets the network that connections are opened on. Default: the internet. The simulator's network is one.
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Sets a [`Proxy`], or a connection of one's own, for requests and socket. Default: none.
    #[must_use]
    pub fn proxy(mut self, proxy: impl Into<ProxyOptions>) -> Self {
        self.proxy = Some(proxy.into());
        self
    }

    /// Sets the clock that stamps chat messages. Default: the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the generator that spreads the waits between two connections. Default: randomly seeded.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        self.rng = Some(rng);
        self
    }

    /// Sets the URL of requests. Default: `https://api.queup.net`.
    #[must_use]
    pub fn rest(mut self, url: impl Into<String>) -> Self {
        self.rest = url.into();
        self
    }

    /// Sets the URL of the socket. Default: `wss://ws.queup.net/ws/`.
    #[must_use]
    pub fn socket(mut self, url: impl Into<String>) -> Self {
        self.socket = url.into();
        self
    }

    /// Sets the file that keeps the session's cookie between runs. Default: none, so that every run logs in.
    ///
    /// It is created so that only its owner can read it, and replaced at each login. A file that cannot be read or
    /// written is no error: the account logs in. The cookie is as good as the password while the session lives.
    #[must_use]
    pub fn cookie_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.cookie_file = Some(path.into());
        self
    }

    /// Sets whether the account's conversations are fetched at the start. Default: true.
    #[must_use]
    pub fn recent_conversations(mut self, fetch: bool) -> Self {
        self.recent_conversations = fetch;
        self
    }

    /// Sets the number of messages that are fetched for a room after an outage. Default: 100; 0 fetches none, and the
    /// whole outage is a gap.
    ///
    /// QueUp's history has one page of about as many.
    #[must_use]
    pub fn backfill(mut self, messages: usize) -> Self {
        self.backfill = messages;
        self
    }

    /// Sets the rate limits of requests. Default: [`RateLimits::default`].
    #[must_use]
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.rate_limits = limits;
        self
    }

    /// Sets the time that a request may take, once it has its turn. Default: 30 s.
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Sets the time that sending a chat message may take, once it has its turn. Default: 10 s; zero is a
    /// [`ConfigError`](crate::ConfigError).
    #[must_use]
    pub fn chat_timeout(mut self, timeout: Duration) -> Self {
        self.chat_timeout = timeout;
        self
    }

    /// Sets the time for which an action waits for the socket and its answer. Default: 10 s; zero is a
    /// [`ConfigError`](crate::ConfigError).
    #[must_use]
    pub fn action_timeout(mut self, timeout: Duration) -> Self {
        self.action_timeout = timeout;
        self
    }

    /// Sets the `User-Agent` header. Default: `antiphon/<version>`.
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Sets the number of pieces of [`Config::CHAT_LENGTH`] characters that a chat message may be cut into. Default: 2;
    /// a longer text is [`SendError::TooLong`](crate::SendError::TooLong). 0 is a [`ConfigError`](crate::ConfigError).
    #[must_use]
    pub fn chat_pieces(mut self, pieces: usize) -> Self {
        self.chat_pieces = pieces;
        self
    }

    /// Sets the bytes of events that may wait for the journal before reading stops. Default: 16 MiB; 0 is a
    /// [`ConfigError`](crate::ConfigError).
    ///
    /// Pings go on meanwhile, and nothing is dropped: frames wait in the connection.
    #[must_use]
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.buffer_bytes = bytes;
        self
    }

    /// The network with the proxy, if there is one.
    pub(crate) fn routed(&self) -> Network {
        match &self.proxy {
            Some(proxy) => proxy.apply(&self.network),
            None => self.network.clone(),
        }
    }

    /// Checks every value.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let positive = [
            ("request_timeout", self.request_timeout),
            ("chat_timeout", self.chat_timeout),
            ("action_timeout", self.action_timeout),
        ];
        for (option, time) in positive {
            if time.is_zero() {
                return Err(ConfigError::new(option, "must be longer than nothing"));
            }
        }
        let counts = [
            ("chat_pieces", self.chat_pieces),
            ("buffer_bytes", self.buffer_bytes),
            ("rate_limits.slots", self.rate_limits.slots),
            ("rate_limits.upkeep", self.rate_limits.upkeep),
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
        let slug = |slug: &Slug| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
            !slug.is_empty() && slug.as_str().len() <= 256 && slug.as_str().bytes().all(fits)
        };
        if let Some(room) = self.rooms.iter().find(|room| !slug(room)) {
            return Err(ConfigError::new(
                "rooms",
                format!("`{room}` is no name of a room"),
            ));
        }
        url("rest", &self.rest, ["http", "https"])?;
        url("socket", &self.socket, ["ws", "wss"])?;
        if http::HeaderValue::try_from(&self.user_agent).is_err() {
            return Err(ConfigError::new(
                "user_agent",
                "has characters that HTTP forbids",
            ));
        }
        Ok(())
    }
}

fn url(option: &'static str, text: &str, schemes: [&'static str; 2]) -> Result<Uri, ConfigError> {
    parse_url(text, schemes).map_err(|error| ConfigError::new(option, error.to_string()))
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("account", &self.account)
            .field("name", &self.name)
            .field("rooms", &self.rooms)
            .field("passwords", &self.passwords)
            .field("proxy", &self.proxy)
            .field("rest", &self.rest)
            .field("socket", &self.socket)
            .field("cookie_file", &self.cookie_file)
            .field("recent_conversations", &self.recent_conversations)
            .field("backfill", &self.backfill)
            .field("rate_limits", &self.rate_limits)
            .field("user_agent", &self.user_agent)
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
        let config = config()
            .room_password("loft", "canary-room")
            .proxy(ProxyOptions::new("http://me:canary-proxy@127.0.0.1:8080").expect("a proxy"));
        let printed = format!("{config:?} {config:#?}");
        assert!(!printed.contains("canary"), "{printed}");
        assert!(printed.contains("<redacted>"));
    }

    #[track_caller]
    fn check(config: &Config, option: &str) {
        let error = config.check().expect_err("a bad value");
        assert_eq!(error.option(), option);
    }

    #[test]
    fn bad_values_are_named() {
        config().check().expect("the defaults are good");
        check(&config().rooms(["a room"]), "rooms");
        check(&config().rest("api.queup.net"), "rest");
        check(&config().socket("https://ws.queup.net"), "socket");
        check(&config().user_agent("a\nb"), "user_agent");
        check(&config().chat_pieces(0), "chat_pieces");
        let limits = RateLimits::default().upkeep(0);
        check(&config().rate_limits(limits), "rate_limits.upkeep");
        check(&config().request_timeout(Duration::ZERO), "request_timeout");
        ProxyOptions::new("gopher://x").expect_err("no proxy's URL");
        check(&Config::new(Account::new("", "x")), "account");
    }
}
