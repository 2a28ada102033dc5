//! Configuration of one bot.
//!
//! Setters take anything, and [`Source`](crate::Source) checks all values when it runs: a wrong one ends the source at once
//! with a link event that names the option and the remedy, before anything is sent.
//!
//! | group | options |
//! | --- | --- |
//! | who the bot is | token and intents ([`Config::new`]), [`Config::presence`], [`Config::properties`], [`Config::name`] |
//! | where Discord is | [`Config::rest`], [`Config::gateway`], [`Config::simulated`], [`Config::network`], [`Config::proxy`], [`Config::user_agent`] |
//! | the Gateway | [`Config::shards`], [`Config::compression`], [`Config::large_threshold`], [`Config::close_code`] |
//! | bounds | [`Config::largest_frame`], [`Config::buffer_bytes`], [`Config::max_queued_requests`], [`Config::requests_per_second`], [`Config::cache`] |
//! | patience | [`Config::hello_timeout`], [`Config::ready_timeout`], [`Config::request_timeout`], [`Config::action_timeout`] |
//! | tests | [`Config::clock`], [`Config::rng`] |

mod shards;

use std::{fmt, time::Duration};

use antiphon_core::{Clock, Rng, Secret, SourceName};
use antiphon_discord_model::AllowedMentions;
use antiphon_net::{Addresses, AddressesError, Limits, Network, Proxy, parse_url};
use twilight_model::gateway::Intents;

pub use self::shards::Shards;
pub use crate::inflate::Compression;
use crate::{
    cache::CacheLimits,
    error::ConfigError,
    http::HttpOptions,
    model::{presence::Presence, properties::Properties},
    wire::{self, Identify},
};

/// Close code with which an ordered stop closes the shards' connections.
///
/// [Discord's page](https://discord.com/developers/docs/events/gateway#disconnecting) names the codes that end a session:
/// 1000 and 1001.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CloseCode {
    /// 4000: Discord keeps the sessions. The next start resumes them and misses nothing; the bot shows as online for
    /// some minutes after the stop. The default.
    #[default]
    Resume,
    /// 1000: Discord ends the sessions. The bot shows as offline at once; the next start identifies and reports a gap.
    Normal,
}

/// Options of one bot.
///
/// [`Source`](crate::Source) checks the values when it runs; setters do not fail.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_discord::{Activity, CacheLimits, CloseCode, Config, Intents, Presence, Proxy, Shards};
///
/// let config = Config::new("secret-token", Intents::GUILDS | Intents::GUILD_MESSAGES)
///     .name("choir-bot")
///     .shards(Shards::Count(2))
///     .presence(Presence::online().activity(Activity::listening_to("the loft")))
///     .proxy(Proxy::parse("socks5h://127.0.0.1:9050")?)
///     .request_timeout(Duration::from_secs(10))
///     .cache(CacheLimits::new().messages_per_channel(50))
///     .close_code(CloseCode::Normal);
/// assert!(!format!("{config:?}").contains("secret-token"));
/// # Ok::<(), antiphon_discord::ProxyError>(())
/// ```
///
/// Choosing the intents of a bot that reads commands in text, and nothing else:
///
/// ```
/// use antiphon_discord::{Config, Intents};
///
/// // Guilds and channels, messages in them, and their texts, which is a privileged intent.
/// let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
/// let config = Config::new("token", intents);
/// assert_eq!(antiphon_discord::connect(config).0.intents(), intents);
/// ```
///
/// A bot with slash commands alone needs no intent at all, because interactions come without:
///
/// ```
/// use antiphon_discord::{Config, Intents};
///
/// let config = Config::new("token", Intents::empty());
/// # let _ = config;
/// ```
///
/// | option | default |
/// | --- | --- |
/// | [`shards`](Self::shards), [`compression`](Self::compression) | as many as Discord recommends, `zstd-stream` |
/// | [`hello_timeout`](Self::hello_timeout), [`ready_timeout`](Self::ready_timeout) | 20 s, 2 min |
/// | [`request_timeout`](Self::request_timeout), [`action_timeout`](Self::action_timeout) | 30 s, 10 s |
/// | [`max_queued_requests`](Self::max_queued_requests), [`requests_per_second`](Self::requests_per_second) | 256, 50 |
/// | [`largest_frame`](Self::largest_frame), [`buffer_bytes`](Self::buffer_bytes) | 64 MiB, 16 MiB |
/// | [`cache`](Self::cache), [`presence`](Self::presence), [`proxy`](Self::proxy) | off, online, none |
#[derive(Clone)]
pub struct Config {
    /// Bot token, with or without its prefix; printed as `<redacted>`.
    pub(crate) token: Secret,
    pub(crate) intents: Intents,
    /// Base URL of requests.
    pub(crate) rest: String,
    /// URL of the Gateway, where it is not asked for.
    pub(crate) gateway: Option<String>,
    pub(crate) name: SourceName,
    pub(crate) network: Network,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) clock: Clock,
    pub(crate) rng: Option<Rng>,
    pub(crate) shards: Shards,
    pub(crate) compression: Compression,
    pub(crate) presence: Option<Presence>,
    pub(crate) properties: Properties,
    pub(crate) large_threshold: u16,
    pub(crate) largest_frame: usize,
    pub(crate) close_code: CloseCode,
    pub(crate) hello_timeout: Duration,
    pub(crate) ready_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) action_timeout: Duration,
    pub(crate) max_queued_requests: usize,
    pub(crate) requests_per_second: usize,
    pub(crate) allowed_mentions: Option<AllowedMentions>,
    pub(crate) user_agent: String,
    pub(crate) buffer_bytes: usize,
    pub(crate) cache: Option<CacheLimits>,
}

impl Config {
    /// Creates the default options for a bot token, with or without the prefix `Bot `, and these intents (protocol §7).
    ///
    /// `GUILD_MEMBERS`, `GUILD_PRESENCES` and `MESSAGE_CONTENT` are privileged: switch them on for the application, or Discord
    /// closes the connection with 4014 (<https://discord.com/developers/docs/events/gateway#gateway-intents>).
    ///
    /// ```
    /// use antiphon_discord::{Config, Intents};
    ///
    /// let privileged = Intents::GUILD_MEMBERS | Intents::GUILD_PRESENCES | Intents::MESSAGE_CONTENT;
    /// let config = Config::new("token", Intents::all() - privileged);
    /// # let _ = config;
    /// ```
    ///
    /// An intent that Discord does not know closes the connection with 4013.
    /// What each intent brings is in protocol §7; each event of this crate names its own.
    pub fn new(token: impl Into<Secret>, intents: Intents) -> Self {
        Self {
            token: token.into(),
            intents,
            rest: "https://discord.com/api/v10".into(),
            gateway: None,
            name: "discord".into(),
            network: Network::new(),
            proxy: None,
            clock: Clock::system(),
            rng: None,
            shards: Shards::Recommended,
            compression: Compression::default(),
            presence: None,
            properties: Properties::default(),
            large_threshold: 50,
            largest_frame: 64 << 20,
            close_code: CloseCode::default(),
            hello_timeout: Duration::from_secs(20),
            ready_timeout: Duration::from_secs(120),
            request_timeout: Duration::from_secs(30),
            action_timeout: Duration::from_secs(10),
            max_queued_requests: 256,
            requests_per_second: 50,
            allowed_mentions: None,
            user_agent: concat!(
                "DiscordBot (https://docs.rs/antiphon, ",
                env!("CARGO_PKG_VERSION"),
                ")"
            )
            .into(),
            buffer_bytes: 16 << 20,
            cache: None,
        }
    }

    /// Creates the options of the simulated bot that has moderator permissions, from what `antiphon sim` prints.
    ///
    /// The bot has every intent, since the simulator grants the privileged ones too; [`Config::intents`] chooses fewer.
    /// The network trusts the certificate of a simulation with TLS.
    ///
    /// ```no_run
    /// use antiphon_discord::{Config, Intents};
    /// use antiphon_net::Addresses;
    ///
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let intents = Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    /// let config = match Addresses::from_env()? {
    ///     Some(addresses) => Config::simulated(&addresses)?.intents(intents),
    ///     None => Config::new(std::env::var("DISCORD_TOKEN")?, intents),
    /// };
    /// # let _ = config;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AddressesError`] if the addresses name no Discord, or lack `rest`, `gateway` or `token`.
    pub fn simulated(addresses: &Addresses) -> Result<Self, AddressesError> {
        let discord = addresses.platform("discord")?;
        Ok(Self::new(discord.secret("token")?, Intents::all())
            .rest(discord.text("rest")?)
            .gateway(discord.text("gateway")?)
            .network(addresses.network()))
    }

    /// Sets the intents: the events that the bot is sent. Default: those of [`Config::new`].
    #[must_use]
    pub fn intents(mut self, intents: Intents) -> Self {
        self.intents = intents;
        self
    }

    /// Sets the source's name. Default: `discord`.
    ///
    /// Two bots of one app need two names; a journal knows checkpoints, events and consumers by them, so that a renamed source
    /// begins anew.
    #[must_use]
    pub fn name(mut self, name: impl Into<SourceName>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the base URL of requests: scheme, host, port and path up to the version, without a slash at the end.
    ///
    /// Default: `https://discord.com/api/v10` (<https://discord.com/developers/docs/reference#api-reference-base-url>).
    ///
    /// Another value is for a proxy of requests, a compatible server or the simulator (`discord.rest` of its addresses).
    #[must_use]
    pub fn rest(mut self, url: impl Into<String>) -> Self {
        self.rest = url.into();
        self
    }

    /// Sets the URL of the Gateway: scheme `ws` or `wss`, host and port, without a query.
    ///
    /// Default: the URL that `GET /gateway/bot` names
    /// (<https://discord.com/developers/docs/events/gateway#get-gateway-bot>). A session is resumed at the URL in its READY.
    #[must_use]
    pub fn gateway(mut self, url: impl Into<String>) -> Self {
        self.gateway = Some(url.into());
        self
    }

    /// Sets the network over which connections are opened. Default: the internet.
    ///
    /// A test takes the simulator's, on which Discord's own host names lead to it:
    ///
    /// ```
    /// use antiphon_discord::{Config, Intents};
    /// use antiphon_sim::Simulator;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let sim = Simulator::with_seed(7);
    /// let config = Config::new("token", Intents::GUILDS).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = antiphon_discord::connect(config);
    /// # let _ = client;
    /// # }
    /// ```
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Sets a proxy for requests and sockets. Default: that of the network, which has none.
    ///
    /// Both use it; a proxy that cannot be reached is a failure to connect and never a direct connection.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Sets the clock. Default: the machine's.
    ///
    /// All sources of an app have the same clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the random numbers that spread heartbeats and waits. Default: seeded by the machine.
    ///
    /// With a seed, two runs against one server make the same heartbeats, nonces and pauses.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        self.rng = Some(rng);
        self
    }

    /// Sets the number of shards, and the range that runs here. Default: [`Shards::Recommended`].
    ///
    /// A larger bot needs at least one shard for each 2,500 guilds.
    #[must_use]
    pub fn shards(mut self, shards: Shards) -> Self {
        self.shards = shards;
        self
    }

    /// Sets how the server compresses frames. Default: `zstd-stream`.
    ///
    /// Uncompressed frames are read in any case.
    ///
    /// [Discord's page](https://discord.com/developers/docs/events/gateway#transport-compression)
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Sets the presence with which sessions begin. Default: online without an activity.
    ///
    /// It is part of the identify, which has at most 4,096 bytes; a longer one is an error of this option.
    /// [`Client::update_presence`](crate::Client::update_presence) changes it while the bot runs.
    #[must_use]
    pub fn presence(mut self, presence: Presence) -> Self {
        self.presence = Some(presence);
        self
    }

    /// Sets the connection properties of the identify. Default: `antiphon` on this machine's operating system.
    ///
    /// Discord asks for them and documents no use of them.
    #[must_use]
    pub fn properties(mut self, properties: Properties) -> Self {
        self.properties = properties;
        self
    }

    /// Sets the member count above which a guild comes without its offline members, 50 to 250. Default: 50.
    ///
    /// Its members come by [`Client::request_members`](crate::Client::request_members) then.
    #[must_use]
    pub fn large_threshold(mut self, members: u16) -> Self {
        self.large_threshold = members;
        self
    }

    /// Sets the largest frame that is read, in uncompressed bytes, at least 64 KiB. Default: 64 MiB.
    ///
    /// A larger compressed frame is skipped without being held in memory, and a gap is reported in its place.
    /// A compressed frame of more than sixteen times the limit, or a larger uncompressed one, ends the connection, and
    /// the session is resumed.
    /// If the same frame comes again after the resume, a new session begins and a gap is reported; if three sessions in
    /// a row end like this, the source stops with the code `frame_too_large`.
    #[must_use]
    pub fn largest_frame(mut self, bytes: usize) -> Self {
        self.largest_frame = bytes;
        self
    }

    /// Sets the close code of an ordered stop. Default: [`CloseCode::Resume`].
    ///
    /// It is the code of a stop that the program asks for; a lost connection and a new session have codes of their own.
    #[must_use]
    pub fn close_code(mut self, code: CloseCode) -> Self {
        self.close_code = code;
        self
    }

    /// Sets how long the server may take to send HELLO on an open connection. Default: 20 s.
    ///
    /// The connection is closed and opened again afterwards. The time stands still while the journal keeps the shard from
    /// reading.
    #[must_use]
    pub fn hello_timeout(mut self, timeout: Duration) -> Self {
        self.hello_timeout = timeout;
        self
    }

    /// Sets how long the server may take to send READY, or the next frame of a replay. Default: 2 min.
    ///
    /// Each new try costs one of the day's identifies, so do not set this short.
    #[must_use]
    pub fn ready_timeout(mut self, timeout: Duration) -> Self {
        self.ready_timeout = timeout;
        self
    }

    /// Sets how long a request may take, including its wait in the queue and all tries. Default: 30 s.
    ///
    /// A rate limit that holds longer fails the request at once.
    ///
    /// The error is [`RequestError::TimedOut`](crate::RequestError::TimedOut), or
    /// [`OutcomeUnknown`](crate::RequestError::OutcomeUnknown) where the request may have been carried out.
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Sets how long a command over the Gateway waits for the connection, and then for each answer. Default: 10 s.
    ///
    /// A request for members may take this long for each of its chunks.
    #[must_use]
    pub fn action_timeout(mut self, timeout: Duration) -> Self {
        self.action_timeout = timeout;
        self
    }

    /// Sets how many requests may wait for their turn; one more is refused at once. Default: 256.
    ///
    /// The error is [`RequestError::Busy`](crate::RequestError::Busy). It must be at least 1.
    #[must_use]
    pub fn max_queued_requests(mut self, most: usize) -> Self {
        self.max_queued_requests = most;
        self
    }

    /// Sets how many requests are sent within any second. Default: 50, Discord's limit for most bots.
    ///
    /// Answers to interactions do not count
    /// (<https://discord.com/developers/docs/topics/rate-limits#global-rate-limit>).
    #[must_use]
    pub fn requests_per_second(mut self, most: usize) -> Self {
        self.requests_per_second = most;
        self
    }

    /// Sets the allowed mentions of messages that set none themselves. Default: everybody whom the text mentions.
    ///
    /// Applies to messages, edits, webhooks and all answers to interactions that have a message; each of them has a setter
    /// of the same name that wins.
    ///
    /// ```
    /// use antiphon_discord::{Config, Intents, model::AllowedMentions};
    ///
    /// // Nobody is mentioned unless a message says so itself.
    /// let config = Config::new("token", Intents::GUILDS).allowed_mentions(AllowedMentions::default());
    /// # let _ = config;
    /// ```
    #[must_use]
    pub fn allowed_mentions(mut self, mentions: AllowedMentions) -> Self {
        self.allowed_mentions = Some(mentions);
        self
    }

    /// Sets the `User-Agent` of requests and sockets. Default: antiphon with its version.
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Sets how many bytes of events a shard may hold for the journal before it stops reading. Default: 16 MiB.
    ///
    /// Heartbeats go on while it waits, and Discord keeps what is not read.
    #[must_use]
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.buffer_bytes = bytes;
        self
    }

    /// Turns the cache on, within these limits. Default: off.
    ///
    /// Without a saved cache the source identifies instead of resuming, because a resumed session sends no guilds.
    ///
    /// The cache is part of what an app saves, so that a restart keeps it.
    #[must_use]
    pub fn cache(mut self, limits: CacheLimits) -> Self {
        self.cache = Some(limits);
        self
    }

    /// The token without its prefix, as the Gateway takes it.
    ///
    /// Requests have the prefix put before it.
    pub(crate) fn bare_token(&self) -> &str {
        let token = self.token.expose().trim();
        match token.strip_prefix("Bot") {
            Some(bare) if bare.is_empty() || bare.starts_with(' ') => bare.trim_start(),
            _ => token,
        }
    }

    /// The identify of one shard, given its number and the number of shards.
    pub(crate) fn identify(&self, shard: [u32; 2]) -> Identify<'_> {
        Identify {
            token: self.bare_token(),
            properties: (&self.properties).into(),
            intents: self.intents.bits(),
            large_threshold: self.large_threshold,
            shard,
            presence: self.presence.as_ref().map(Into::into),
        }
    }

    /// The options that requests need.
    pub(crate) fn http_options(&self) -> HttpOptions {
        HttpOptions {
            api: self.rest.clone(),
            token: self.token.clone(),
            user_agent: self.user_agent.clone(),
            allowed_mentions: self.allowed_mentions.clone(),
            requests_per_second: self.requests_per_second,
            max_queued_requests: self.max_queued_requests,
            timeout: self.request_timeout,
            clock: self.clock,
            rng: self.rng.clone().unwrap_or_default(),
        }
    }

    /// The network for sockets, with the proxy and with frames up to `largest_frame`.
    pub(crate) fn socket_network(&self) -> Network {
        let network = self.network.through(self.proxy.as_ref());
        let limits: Limits = *network.bounds();
        let frame = limits.frame.max(self.largest_frame);
        let message = limits.message.max(self.largest_frame);
        network.limits(limits.frame(frame).message(message))
    }

    /// Checks all values.
    ///
    /// The first error is returned; each names its option and what to do.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let token = self.bare_token();
        if token.is_empty() {
            return Err(ConfigError::new(
                "token",
                "empty; copy it from the application's page \"Bot\" at https://discord.com/developers/applications",
            ));
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConfigError::new(
                "token",
                "it holds a space or another character that no token has; copy it again",
            ));
        }
        let times = [
            ("hello_timeout", self.hello_timeout),
            ("ready_timeout", self.ready_timeout),
            ("request_timeout", self.request_timeout),
            ("action_timeout", self.action_timeout),
        ];
        for (option, time) in times {
            if time.is_zero() {
                return Err(ConfigError::new(option, "must be longer than nothing"));
            }
        }
        let counts = [
            ("buffer_bytes", self.buffer_bytes),
            ("max_queued_requests", self.max_queued_requests),
            ("requests_per_second", self.requests_per_second),
        ];
        for (option, count) in counts {
            if count == 0 {
                return Err(ConfigError::new(option, "must be at least 1"));
            }
        }
        if !(50..=250).contains(&self.large_threshold) {
            return Err(ConfigError::new(
                "large_threshold",
                "must be from 50 to 250",
            ));
        }
        if self.largest_frame < 64 << 10 {
            return Err(ConfigError::new(
                "largest_frame",
                "must be at least 65536 bytes, or ordinary guilds do not fit",
            ));
        }
        self.shards.check()?;
        if let Some(presence) = &self.presence {
            presence.check()?;
        }
        url("rest", &self.rest, ["http", "https"])?;
        if let Some(gateway) = &self.gateway {
            url("gateway", gateway, ["ws", "wss"])?;
        }
        if http::HeaderValue::try_from(&self.user_agent).is_err() {
            return Err(ConfigError::new(
                "user_agent",
                "it has characters that HTTP forbids",
            ));
        }
        let identify = self.identify([0, self.shards.count().unwrap_or(1)]);
        if wire::identify(&identify).len() > wire::LONGEST_FRAME {
            return Err(ConfigError::new(
                "presence",
                "the identify with it is longer than the 4096 bytes that Discord takes",
            ));
        }
        Ok(())
    }
}

/// Checks a URL of one of these schemes; the error belongs to the option.
fn url(option: &'static str, text: &str, schemes: [&'static str; 2]) -> Result<(), ConfigError> {
    match parse_url(text, schemes) {
        Ok(_) => Ok(()),
        Err(error) => Err(ConfigError::new(option, error.to_string())),
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("name", &self.name)
            .field("token", &self.token)
            .field("intents", &self.intents)
            .field("rest", &self.rest)
            .field("gateway", &self.gateway)
            .field("proxy", &self.proxy)
            .field("shards", &self.shards)
            .field("compression", &self.compression)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::presence::Activity;

    fn config() -> Config {
        Config::new("canary-7f3a", Intents::GUILD_MESSAGES)
    }

    #[test]
    fn a_printed_configuration_shows_no_secret() {
        let proxy = Proxy::parse("http://me:canary-proxy@127.0.0.1:8080").expect("a proxy");
        let config = config().proxy(proxy);
        let printed = format!("{config:?} {config:#?}");
        assert!(!printed.contains("canary"), "{printed}");
        assert!(printed.contains("<redacted>"));
    }

    #[test]
    fn the_token_is_taken_with_and_without_its_prefix() {
        for token in ["canary-7f3a", "Bot canary-7f3a", " Bot  canary-7f3a\n"] {
            let config = Config::new(token, Intents::empty());
            assert_eq!(config.bare_token(), "canary-7f3a");
            config.check().expect("a good token");
        }
    }

    #[track_caller]
    fn check(config: &Config, option: &str) {
        let error = config.check().expect_err("a bad value");
        assert_eq!(error.option(), option);
        assert!(!error.to_string().contains("canary"));
    }

    #[test]
    fn bad_values_are_named() {
        config().check().expect("the defaults are good");
        check(&Config::new("", Intents::empty()), "token");
        check(&Config::new("Bot ", Intents::empty()), "token");
        check(&Config::new("two canary words", Intents::empty()), "token");
        check(&config().rest("discord.com"), "rest");
        check(&config().gateway("https://gateway.discord.gg"), "gateway");
        check(
            &config().gateway("wss://gateway.discord.gg/?v=9"),
            "gateway",
        );
        check(&config().shards(Shards::Count(0)), "shards");
        let range = Shards::Range {
            from: 2,
            to: 4,
            count: 3,
        };
        check(&config().shards(range), "shards");
        check(&config().large_threshold(49), "large_threshold");
        check(&config().largest_frame(1024), "largest_frame");
        check(&config().ready_timeout(Duration::ZERO), "ready_timeout");
        check(&config().buffer_bytes(0), "buffer_bytes");
        check(&config().user_agent("a\nb"), "user_agent");
        let presence = Presence::online().activity(Activity::playing("x".repeat(200)));
        check(&config().presence(presence), "presence");
    }
}
