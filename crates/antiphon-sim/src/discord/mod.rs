//! Discord: the Gateway's shards and the REST interface, for bots.
//!
//! It speaks as the protocol page has it; the hosts of the Gateway have a port of their own beside that of REST.
//! [`Discord`] is the hand that a test or a command holds: it makes people act, and makes things go wrong.

mod command;
mod connection;
mod controls;
mod faults;
mod frame;
mod gateway;
mod guild_controls;
mod guilds;
pub(crate) mod http;
mod intents;
mod interactions;
mod limits;
mod members;
mod messages;
mod misc_events;
mod model;
mod obey;
mod permissions;
mod populate;
mod rest;
mod session;
mod socket;
pub(crate) mod state;
mod traffic;
mod voice;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, watch};

pub(crate) use command::Deed;
pub use controls::{BotAccount, Discord};
pub use frame::KeyOrder;
pub(crate) use state::Settings;
use state::State;
pub(crate) use traffic::Traffic;
pub(crate) use voice::VoicePass;

use crate::{ledger::Ledger, socket::OpenSockets, world::World};

/// Host of the REST interface.
pub(crate) const REST: &str = "discord.com";
/// Host of the Gateway.
pub(crate) const GATEWAY: &str = "gateway.discord.gg";
/// Host where sessions are resumed.
pub(crate) const RESUME: &str = "gateway-us-east1-b.discord.gg";

/// The server's state.
#[derive(Debug)]
pub(crate) struct Server {
    state: Mutex<State>,
    bell: Arc<Notify>,
    /// Events a second of ambient traffic.
    pub(crate) rate: watch::Sender<u32>,
    /// OpenSockets that are open.
    pub(crate) sockets: OpenSockets,
}

impl Server {
    pub(crate) fn new(world: World, ledger: Ledger, settings: Settings) -> Self {
        let state = State::new(world, ledger, settings);
        Self {
            bell: state.timers.bell(),
            state: Mutex::new(state),
            rate: watch::Sender::new(0),
            sockets: OpenSockets::default(),
        }
    }

    /// Uses the state; nothing inside waits.
    pub(crate) fn with<T>(&self, use_it: impl FnOnce(&mut State) -> T) -> T {
        use_it(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does what is on the timers, for ever.
    pub(crate) async fn run_timers(self: Arc<Self>) {
        loop {
            let next = self.with(|state| {
                state.run_due();
                state.timers.next().map(|at| at - state.now())
            });
            match next {
                Some(wait) => {
                    let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0).max(1));
                    // The bell is safe to leave: a ring that nobody hears is kept.
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.bell.notified() => {}
                    }
                }
                None => self.bell.notified().await,
            }
        }
    }
}
