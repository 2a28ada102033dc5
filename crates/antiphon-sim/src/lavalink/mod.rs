//! Lavalink: three nodes of version 4, each on a port of its own.
//!
//! They speak as the protocol page has it, with tracks that really advance on the simulated clock.
//! [`Lavalink`] is the hand that a test or a command holds: it ends tracks, closes voices, and makes things go wrong.

mod catalogue;
mod commands;
mod controls;
mod faults;
mod filters;
mod frame_writer;
pub(crate) mod http;
mod node;
mod player;
mod quirk;
mod request_log;
mod rest;
mod session;
mod socket;
pub(crate) mod state;
mod stats;
mod track;
mod traffic;
mod update;
mod voice;
mod wire;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, watch};

pub(crate) use commands::Deed;
pub use controls::{Lavalink, Node, NodeSession, PlayerView};
pub(crate) use node::host;
pub use quirk::NodeQuirk;
pub use request_log::NodeRequest;
use state::State;
pub(crate) use state::{NODES, Settings};
pub(crate) use traffic::Traffic;
pub(crate) use voice::watch_voices;

use crate::{ledger::Ledger, socket::OpenSockets, world::World};

/// The nodes' state, and the bell that wakes their housekeeper.
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

    /// Lets tracks end, states be reported and sessions run out when their time has come, for ever.
    pub(crate) async fn run_timers(self: Arc<Self>) {
        loop {
            let next = self.with(|state| {
                state.advance();
                state.next_wake().map(|at| at - state.now())
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
