//! A source against the simulator, with a journal in memory.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part of it"
)]

use antiphon_core::{IntakeLimits, Rng};
use antiphon_queup::{self as queup, Account, Client, Config};
pub use antiphon_sim::trial::Journal;
use antiphon_sim::{Due, Simulator};

/// The name of the room that every account of the simulator may enter.
pub const ROOM: &str = "choir-loft";

/// A source that runs against the simulator, with its client and its journal.
pub type Running = antiphon_sim::trial::Running<Client>;

/// Access to chat.
pub trait Said {
    /// The texts of chat, in order.
    fn texts(&self) -> Vec<String>;
}

impl Said for Journal {
    fn texts(&self) -> Vec<String> {
        let chats = self.decoded::<queup::Chat>();
        chats.into_iter().map(|chat| chat.message.content).collect()
    }
}

/// The configuration of the simulator's bot.
pub fn config(sim: &Simulator) -> Config {
    let bot = sim.queup().account();
    Config::new(Account::new(bot.email, bot.password))
        .network(sim.network())
        .clock(sim.clock())
        .rng(Rng::with_seed(7))
        .rooms([ROOM])
}

/// Ways to start a source.
pub trait Begin: Sized {
    /// A fresh install.
    fn start(sim: &Simulator, config: Config) -> Self {
        Self::resume(sim, config, Journal::default())
    }

    /// A restart on the journal of an earlier run.
    fn resume(sim: &Simulator, config: Config, stored: Journal) -> Self {
        Self::with_limits(sim, config, stored, IntakeLimits::default())
    }

    fn with_limits(sim: &Simulator, config: Config, stored: Journal, limits: IntakeLimits) -> Self;

    /// Waits until the room's state was fetched, so that nothing more happens by itself.
    fn settled(&self) -> impl Future<Output = Journal>;
}

impl Begin for Running {
    fn with_limits(sim: &Simulator, config: Config, stored: Journal, limits: IntakeLimits) -> Self {
        Self::of(queup::connect(config), sim.clock(), stored, limits)
    }

    async fn settled(&self) -> Journal {
        let is_fetched = |journal: &Journal| journal.count("queup.playlist_details") > 0;
        self.until(is_fetched).await;
        self.moment().await;
        self.journal()
    }
}

/// The ledger's rows for the bot that are neither stored nor inside a reported gap.
pub fn lost(sim: &Simulator, journal: &Journal) -> Vec<String> {
    let account = sim.queup().account().id;
    journal.lost(&sim.ledger(), Due::to("queup", &account))
}
