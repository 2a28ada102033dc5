//! QueUp: rooms with chat and a shared queue of songs.
//!
//! It speaks REST and engine.io v3 as the protocol page has them, on one port.
//! [`QueUp`] is the hand that a test or a command holds: it makes people act, and makes things go wrong.

mod chat;
mod connection;
mod controls;
mod faults;
mod frame;
pub(crate) mod http;
mod model;
mod music;
mod people;
mod quirk;
mod rest;
mod role;
mod socket;
pub(crate) mod state;
mod text;
mod traffic;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, watch};

pub use controls::{Account, QueUp, Room};
pub use faults::{Link, Links};
use state::{Settings, State};
pub(crate) use traffic::Traffic;

use crate::{ledger::Ledger, socket::OpenSockets, world::World};

/// The server's state, and the bell that wakes its housekeeper.
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
        let mut state = State::new(world, ledger, settings);
        state.populate();
        let bell = state.timers.bell();
        Self {
            state: Mutex::new(state),
            bell,
            rate: watch::Sender::new(0),
            sockets: OpenSockets::default(),
        }
    }

    /// Uses the state; nothing inside waits.
    pub(crate) fn with<T>(&self, use_it: impl FnOnce(&mut State) -> T) -> T {
        use_it(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends songs when their time is over and does what is on the timers, for ever.
    pub(crate) async fn run_timers(self: Arc<Self>) {
        loop {
            let next = self.with(|state| {
                state.advance();
                state.run_due();
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
