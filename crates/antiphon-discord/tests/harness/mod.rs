//! A source against the simulator, with a journal in memory.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part of it"
)]

use std::sync::Arc;

use antiphon_core::{Event, IntakeLimits, Provenance, Rng};
use antiphon_discord::{self as discord, Client, Config, Intents};
pub use antiphon_sim::trial::Journal;
use antiphon_sim::{Due, Simulator};

/// A source that runs against the simulator, with its client and what it stored.
pub type Running = antiphon_sim::trial::Running<Client>;

/// Texts of messages.
pub trait Said {
    /// The texts of messages, in order.
    fn texts(&self) -> Vec<String>;

    /// The texts of messages with this provenance.
    fn texts_by(&self, provenance: Provenance) -> Vec<String>;
}

impl Said for Journal {
    fn texts(&self) -> Vec<String> {
        let messages = self.of("discord.MESSAGE_CREATE").into_iter();
        messages.map(text).collect()
    }

    fn texts_by(&self, provenance: Provenance) -> Vec<String> {
        let messages = self.of("discord.MESSAGE_CREATE").into_iter();
        messages
            .filter(|event| event.provenance() == provenance)
            .map(text)
            .collect()
    }
}

fn text(event: &Arc<Event>) -> String {
    let body: serde_json::Value = event.parse().expect("JSON");
    body["content"].as_str().unwrap_or_default().to_owned()
}

/// The configuration of the simulator's bot, which may see everything.
pub fn config(sim: &Simulator) -> Config {
    Config::new(sim.discord().token(), Intents::all())
        .network(sim.network())
        .clock(sim.clock())
        .rng(Rng::with_seed(7))
}

/// Ways to begin.
pub trait Begin: Sized {
    /// A fresh install.
    fn start(sim: &Simulator, config: Config) -> Self {
        Self::resume(sim, config, Journal::default())
    }

    /// Continues from the journal of an earlier run.
    fn resume(sim: &Simulator, config: Config, stored: Journal) -> Self {
        Self::with_limits(sim, config, stored, IntakeLimits::default())
    }

    fn with_limits(sim: &Simulator, config: Config, stored: Journal, limits: IntakeLimits) -> Self;
}

impl Begin for Running {
    fn with_limits(sim: &Simulator, config: Config, stored: Journal, limits: IntakeLimits) -> Self {
        Self::of(discord::connect(config), sim.clock(), stored, limits)
    }
}

/// Rows of the ledger due to the bot that are neither stored nor inside a reported gap.
pub fn lost(sim: &Simulator, journal: &Journal) -> Vec<String> {
    let account = sim.discord().account().id.to_string();
    journal.lost(&sim.ledger(), Due::to("discord", &account))
}
