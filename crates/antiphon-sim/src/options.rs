//! Options of a simulation.
//!
//! What is common to all platforms is here, beside the few settings of single ones; a platform reads its own when it starts,
//! and nothing of it changes afterwards except by its control handle.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use antiphon_core::Secret;

use crate::{
    command::Command, discord::settings as discord, lavalink::settings as lavalink,
    ledger::LedgerLimits, queup::settings as queup, stackexchange::settings as stackexchange,
    world_file::WorldFile,
};

/// Options of a simulation: chained setters over defaults.
///
/// ```
/// use antiphon_sim::{Options, Simulator};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = Options::new().seed(7).rate(20).port("queup", 0)?;
/// let sim = Simulator::listen(&options).await?;
/// let queup = sim.queup().addresses().expect("it listens on real sockets");
/// assert!(queup.rest.starts_with("http://127.0.0.1:"));
/// sim.stop().await;
///
/// let error = Options::new().port("telegraph", 0).expect_err("no such platform");
/// assert!(error.to_string().contains("`discord`"));
/// # Ok(())
/// # }
/// ```
///
/// Which option a test wants:
///
/// | wish | options |
/// | --- | --- |
/// | another course of events | [`seed`](Self::seed), [`run`](Self::run), [`script`](Self::script) |
/// | guilds, rooms and people of one's own | [`world`](Self::world) |
/// | a busy platform | [`rate`](Self::rate) |
/// | a small or large memory | [`ledger`](Self::ledger), [`outgoing`](Self::outgoing), [`backlog`](Self::backlog), [`replay`](Self::replay), [`history`](Self::history) |
/// | other intervals | [`pings`](Self::pings), [`heartbeat`](Self::heartbeat), [`gateway_heartbeat`](Self::gateway_heartbeat), [`player_updates`](Self::player_updates), [`notices_after`](Self::notices_after) |
/// | an address for other machines | [`address`](Self::address), [`host`](Self::host), [`port`](Self::port), [`control_token`](Self::control_token) |
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) seed: u64,
    /// Nonce of the run, from which ids and connection names follow.
    pub(crate) run: u64,
    pub(crate) rate: u32,
    /// Guilds, rooms, nodes and people at the beginning.
    pub(crate) world: WorldFile,
    /// Commands by their times; those of one time in the order given.
    pub(crate) script: Vec<Command>,
    pub(crate) address: IpAddr,
    pub(crate) host: Option<String>,
    pub(crate) tls: bool,
    /// First ports of the servers, where they are not free ones.
    pub(crate) ports: BTreeMap<&'static str, u16>,
    pub(crate) control_token: Option<Secret>,
    /// How much the ledger keeps.
    pub(crate) ledger: LedgerLimits,
    /// Frames that may wait for a client, where it is not the platform's default.
    pub(crate) outgoing: Option<usize>,
    pub(crate) discord: discord::Settings,
    pub(crate) lavalink: lavalink::Settings,
    pub(crate) queup: queup::Settings,
    pub(crate) stackexchange: stackexchange::Settings,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            run: 0,
            rate: 0,
            world: WorldFile::default(),
            script: Vec::new(),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            host: None,
            tls: false,
            ports: BTreeMap::new(),
            control_token: None,
            ledger: LedgerLimits::default(),
            outgoing: None,
            discord: discord::Settings::default(),
            lavalink: lavalink::Settings::default(),
            queup: queup::Settings::default(),
            stackexchange: stackexchange::Settings::default(),
        }
    }
}

/// No server of this name listens.
///
/// The text lists the servers there are.
#[derive(Debug, thiserror::Error)]
#[error("no server named `{name}`: there are {known}")]
pub struct UnknownServer {
    /// Name that was given.
    name: String,
    /// Servers there are, as a sentence.
    known: String,
}

impl UnknownServer {
    pub(crate) fn new(name: &str, known: &[&str]) -> Self {
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        let known = match known.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, first)) => format!("{} and {last}", first.join(", ")),
            None => String::new(),
        };
        Self {
            name: name.to_owned(),
            known,
        }
    }
}

impl Options {
    /// Makes the default options: seed 0, run 0, no traffic, free ports on the loopback address.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the seed of users, songs and traffic. Default: 0.
    ///
    /// The same seed gives the same users, songs and traffic.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the run's nonce, from which ids, cookies and connection ids follow. Default: 0.
    ///
    /// Each process should set another one: a journal that outlives it would take new events for old ones.
    ///
    /// ```
    /// use antiphon_sim::{Options, Simulator};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let id = |run| Simulator::over_pipes(&Options::new().seed(7).run(run)).queup().account().id;
    /// assert_eq!(id(1), id(1));
    /// assert_ne!(id(1), id(2));
    /// # }
    /// ```
    #[must_use]
    pub fn run(mut self, run: u64) -> Self {
        self.run = run;
        self
    }

    /// Sets the guilds, rooms, nodes and people that the simulation begins with. Default: the default world.
    #[must_use]
    pub fn world(mut self, world: WorldFile) -> Self {
        self.world = world;
        self
    }

    /// Sets the initial rate of ambient traffic on each platform, in events a second. Default: 0.
    ///
    /// A platform's `traffic` command changes it while the simulation runs.
    #[must_use]
    pub fn rate(mut self, rate: u32) -> Self {
        self.rate = rate;
        self
    }

    /// Sets commands that are executed at their times from the start. Default: none.
    ///
    /// A command of a script that fails leaves a note, and the script goes on.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use antiphon_sim::{Command, Options, Simulator};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), antiphon_sim::CommandError> {
    /// let script = Command::parse_script(r#"{"at":"2s","do":"say","place":"room/choir-loft","by":"mira","text":"hello"}"#)?;
    /// let sim = Simulator::over_pipes(&Options::new().script(script));
    /// assert!(sim.queup().room("choir-loft").texts().is_empty());
    /// tokio::time::sleep(Duration::from_secs(3)).await;
    /// assert_eq!(sim.queup().room("choir-loft").texts(), ["hello"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn script(mut self, commands: Vec<Command>) -> Self {
        self.script = commands;
        self
    }

    /// Sets the address that real sockets listen on. Default: 127.0.0.1.
    ///
    /// An address of all interfaces is shown as the loopback address; [`host`](Self::host) names another one.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = address;
        self
    }

    /// Sets the name or address under which other machines reach this one, without a port (default: the address that it
    /// listens on, or the loopback address where that is every address, such as 0.0.0.0).
    ///
    /// The addresses that are shown have it, and the control address takes requests for it.
    /// An IPv6 address may have brackets or not.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    /// Sets whether real sockets speak TLS, for clients that insist on `https` and `wss`. Default: no.
    ///
    /// [`Addresses::certificate`](crate::Addresses::certificate) is the certificate that clients have to trust: of an
    /// authority that is made at the start and forgotten at the end. It is good for `localhost`, the loopback
    /// addresses, the address that is listened on, [`Options::host`] and the platforms' own hosts. A client that speaks
    /// without TLS is answered with 400 and a sentence about it. The control address stays without TLS.
    #[must_use]
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Sets the token that the control address requires, as `Authorization: Bearer <token>`. Default: none.
    ///
    /// Commands can read every password, so an address that others can reach should have a token.
    ///
    /// ```
    /// use antiphon_core::Secret;
    /// use antiphon_net::Network;
    /// use antiphon_sim::{Options, Simulator};
    /// use bytes::Bytes;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let options = Options::new().control_token(Secret::new("open sesame"));
    /// let sim = Simulator::listen(&options).await?;
    /// let control = &sim.addresses().expect("it listens").control;
    /// let client = Network::new().http();
    ///
    /// let without = http::Request::get(format!("{control}/notes")).body(Bytes::new())?;
    /// assert_eq!(client.send(without).await?.status(), 401);
    /// let with = http::Request::get(format!("{control}/notes")).header("authorization", "Bearer open sesame");
    /// assert_eq!(client.send(with.body(Bytes::new())?).await?.status(), 200);
    /// # sim.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn control_token(mut self, token: Secret) -> Self {
        self.control_token = Some(token);
        self
    }

    /// Sets how much the ledger keeps.
    ///
    /// Default: a million rows, 256 MiB, ten thousand notes.
    #[must_use]
    pub fn ledger(mut self, limits: LedgerLimits) -> Self {
        self.ledger = limits;
        self
    }

    /// Sets QueUp's ping interval and timeout in milliseconds. Default: 25,000 and 60,000.
    ///
    /// A client that sends nothing for both together is cut off.
    #[must_use]
    pub fn pings(mut self, interval: u64, timeout: u64) -> Self {
        self.queup.ping_interval = interval;
        self.queup.ping_timeout = timeout;
        self
    }

    /// Sets how many items QueUp's chat history keeps. Default: 100.
    #[must_use]
    pub fn history(mut self, items: usize) -> Self {
        self.queup.history = items;
        self
    }

    /// Sets how many frames may wait for a client that does not read; at least 1. Default: 16,384; on
    /// Discord's Gateway and Lavalink's nodes 65,536.
    ///
    /// A client that lets more of them wait is cut off, and a note names it.
    #[must_use]
    pub fn outgoing(mut self, frames: usize) -> Self {
        self.outgoing = Some(frames.max(1));
        self
    }

    /// Sets how many frames a Lavalink node keeps for a session without a socket. Default: 32,768.
    ///
    /// More are dropped, the oldest first.
    #[must_use]
    pub fn backlog(mut self, frames: usize) -> Self {
        self.lavalink.backlog = frames;
        self
    }

    /// Sets the milliseconds between two updates of a Lavalink player. Default: 5,000.
    #[must_use]
    pub fn player_updates(mut self, pause: u32) -> Self {
        self.lavalink.pace.update = i64::from(pause.max(1));
        self
    }

    /// Sets the milliseconds until a Lavalink node notices a half-open socket. Default: 60,000.
    #[must_use]
    pub fn notices_after(mut self, wait: u64) -> Self {
        self.lavalink.notice = wait;
        self
    }

    /// Sets how many events a new Stack Exchange socket can replay. Default: 2,000.
    ///
    /// Older ones are in the rooms' histories alone.
    #[must_use]
    pub fn replay(mut self, events: usize) -> Self {
        self.stackexchange.replay = events;
        self
    }

    /// Sets the milliseconds between heartbeats on Stack Exchange sockets. Default: 15,000.
    #[must_use]
    pub fn heartbeat(mut self, pause: u64) -> Self {
        self.stackexchange.heartbeat = pause.max(1);
        self
    }

    /// Sets the milliseconds between heartbeats that Discord's Gateway asks for. Default: 41,250.
    ///
    /// A shorter one makes a test of a zombie quicker; a client must follow whatever HELLO says.
    #[must_use]
    pub fn gateway_heartbeat(mut self, interval: u64) -> Self {
        self.discord.heartbeat = interval.max(1);
        self
    }
}
