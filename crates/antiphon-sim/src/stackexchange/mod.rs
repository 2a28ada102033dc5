//! Stack Exchange chat: three chat servers, the sites where their users log in, and the socket host, on one port.
//!
//! It speaks as the protocol page has it, and tells hosts apart by the `Host` header.
//! [`StackExchange`] is the hand that a test or a command holds: it makes people act, and makes things go wrong.

mod actions;
mod controls;
mod frame;
pub(crate) mod http;
mod login;
mod pages;
mod rest;
mod socket;
pub(crate) mod state;
mod text;
mod traffic;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

pub use controls::{ChatAccount, StackExchange};
use state::State;
pub(crate) use state::{HOSTS, SOCKETS, Settings};
use tokio::sync::watch;
pub(crate) use traffic::Traffic;

use crate::{ledger::Ledger, socket::OpenSockets, world::World};

/// The servers' state.
#[derive(Debug)]
pub(crate) struct Server {
    state: Mutex<State>,
    /// Events a second of ambient traffic.
    pub(crate) rate: watch::Sender<u32>,
    /// OpenSockets that are open.
    pub(crate) sockets: OpenSockets,
}

impl Server {
    pub(crate) fn new(world: World, ledger: Ledger, settings: Settings) -> Self {
        Self {
            state: Mutex::new(State::new(world, ledger, settings)),
            rate: watch::Sender::new(0),
            sockets: OpenSockets::default(),
        }
    }

    /// Uses the state; nothing inside waits.
    pub(crate) fn with<T>(&self, use_it: impl FnOnce(&mut State) -> T) -> T {
        use_it(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends heartbeats, for ever.
    pub(crate) async fn run_timers(self: Arc<Self>) {
        let pause = self.with(|state| state.settings.heartbeat);
        loop {
            tokio::time::sleep(Duration::from_millis(pause.max(1))).await;
            self.with(State::beat);
        }
    }
}
