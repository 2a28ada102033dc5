//! What a simulation can be set to.

use crate::{ledger::LedgerLimits, queup::state::Settings};

/// How a simulation is to be; chained setters over defaults.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub(crate) seed: u64,
    pub(crate) run: u64,
    pub(crate) ledger: LedgerLimits,
    pub(crate) queup: Settings,
}

impl Options {
    /// The defaults: seed 0, run 0, no traffic.
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

    /// Sets how many frames may wait for a client that does not read (default: 16,384).
    #[must_use]
    pub fn outgoing(mut self, frames: usize) -> Self {
        self.queup.outgoing = frames.max(1);
        self
    }
}
