//! What a simulation can be set to.

use std::net::{IpAddr, Ipv4Addr};

use antiphon_core::Secret;

use crate::{
    Command, discord, lavalink, ledger::LedgerLimits, queup::state::Settings, stackexchange,
};

/// How a simulation is to be; chained setters over defaults.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) seed: u64,
    pub(crate) run: u64,
    pub(crate) rate: u32,
    pub(crate) script: Vec<Command>,
    pub(crate) address: IpAddr,
    pub(crate) host: Option<String>,
    pub(crate) control_port: u16,
    pub(crate) control_token: Option<Secret>,
    pub(crate) discord_port: u16,
    pub(crate) lavalink_port: u16,
    pub(crate) queup_port: u16,
    pub(crate) stackexchange_port: u16,
    pub(crate) ledger: LedgerLimits,
    pub(crate) discord: discord::Settings,
    pub(crate) lavalink: lavalink::Settings,
    pub(crate) queup: Settings,
    pub(crate) stackexchange: stackexchange::Settings,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            run: 0,
            rate: 0,
            script: Vec::new(),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            host: None,
            control_port: 0,
            control_token: None,
            discord_port: 0,
            lavalink_port: 0,
            queup_port: 0,
            stackexchange_port: 0,
            ledger: LedgerLimits::default(),
            discord: discord::Settings::default(),
            lavalink: lavalink::Settings::default(),
            queup: Settings::default(),
            stackexchange: stackexchange::Settings::default(),
        }
    }
}

/// No server of this name listens.
#[derive(Debug, thiserror::Error)]
#[error(
    "no server named `{0}`: there are `control`, `discord`, `lavalink`, `queup` and `stackexchange`"
)]
pub struct UnknownServer(String);

impl Options {
    /// The defaults: seed 0, run 0, no traffic, free ports on the loopback address.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the seed, from which people, songs and traffic follow.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the run's nonce, from which ids, cookies and connection ids follow.
    ///
    /// A process that starts anew gives another one each time, or a journal that outlives it takes new events for old.
    #[must_use]
    pub fn run(mut self, run: u64) -> Self {
        self.run = run;
        self
    }

    /// Sets how many events a second simulated people make on each platform from the start (default: none).
    #[must_use]
    pub fn rate(mut self, rate: u32) -> Self {
        self.rate = rate;
        self
    }

    /// Sets commands to be obeyed at their times from the start (default: none).
    #[must_use]
    pub fn script(mut self, commands: Vec<Command>) -> Self {
        self.script = commands;
        self
    }

    /// Sets the address that real sockets listen on (default: 127.0.0.1).
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

    /// Sets what the control address asks for, as `Authorization: Bearer <token>` (default: nothing).
    ///
    /// Whoever may give commands can read every password, so an address that others can reach should have one.
    #[must_use]
    pub fn control_token(mut self, token: Secret) -> Self {
        self.control_token = Some(token);
        self
    }

    /// Sets the first port of a platform (`discord`, `lavalink`, `queup`, `stackexchange`) or the one of the control
    /// address (`control`); the default, zero, takes a free one.
    ///
    /// Discord has two: this one for REST, and the next for the Gateway. Each node of `lavalink` has the next one.
    ///
    /// # Errors
    ///
    /// If there is no server of that name.
    pub fn port(mut self, server: &str, port: u16) -> Result<Self, UnknownServer> {
        match server {
            "control" => self.control_port = port,
            "discord" => self.discord_port = port,
            "lavalink" => self.lavalink_port = port,
            "queup" => self.queup_port = port,
            "stackexchange" => self.stackexchange_port = port,
            other => return Err(UnknownServer(other.to_owned())),
        }
        Ok(self)
    }

    /// Sets how much the ledger keeps.
    #[must_use]
    pub fn ledger(mut self, limits: LedgerLimits) -> Self {
        self.ledger = limits;
        self
    }

    /// Sets QueUp's ping interval and timeout in milliseconds (default: 25,000 and 60,000).
    #[must_use]
    pub fn pings(mut self, interval: u64, timeout: u64) -> Self {
        self.queup.ping_interval = interval;
        self.queup.ping_timeout = timeout;
        self
    }

    /// Sets how many items QueUp's chat history has (default: 100).
    #[must_use]
    pub fn history(mut self, items: usize) -> Self {
        self.queup.history = items;
        self
    }

    /// Sets how many frames may wait for a client that does not read (default: 16,384; on Discord's Gateway and
    /// Lavalink's nodes 65,536).
    #[must_use]
    pub fn outgoing(mut self, frames: usize) -> Self {
        self.discord.outgoing = frames.max(1);
        self.lavalink.outgoing = frames.max(1);
        self.queup.outgoing = frames.max(1);
        self.stackexchange.outgoing = frames.max(1);
        self
    }

    /// Sets how many frames a Lavalink node keeps for a client that is away (default: 32,768).
    #[must_use]
    pub fn backlog(mut self, frames: usize) -> Self {
        self.lavalink.backlog = frames;
        self
    }

    /// Sets the milliseconds between two updates of a Lavalink player (default: 5,000).
    #[must_use]
    pub fn player_updates(mut self, pause: u32) -> Self {
        self.lavalink.pace.update = i64::from(pause.max(1));
        self
    }

    /// Sets the milliseconds until a Lavalink node notices that a socket is dead (default: 60,000).
    #[must_use]
    pub fn notices_after(mut self, wait: u64) -> Self {
        self.lavalink.notice = wait;
        self
    }

    /// Sets how many events a Stack Exchange socket can have again (default: 2,000).
    #[must_use]
    pub fn replay(mut self, events: usize) -> Self {
        self.stackexchange.replay = events;
        self
    }

    /// Sets the milliseconds between heartbeats on Stack Exchange sockets (default: 15,000).
    #[must_use]
    pub fn heartbeat(mut self, pause: u64) -> Self {
        self.stackexchange.heartbeat = pause.max(1);
        self
    }

    /// Sets the milliseconds between heartbeats that Discord's Gateway asks for (default: 41,250).
    #[must_use]
    pub fn gateway_heartbeat(mut self, interval: u64) -> Self {
        self.discord.heartbeat = interval.max(1);
        self
    }
}
