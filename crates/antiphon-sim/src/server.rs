//! A simulated server: a state behind one lock, its timers and its ambient traffic.
//!
//! A change of a platform is one call of [`Server::with`], which holds the lock and never waits; what takes time is an entry
//! of the timers, run by a task of its own.
//! Everything of a server is therefore in an order that a test can count on.

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, watch};

use crate::{ports::Ports, socket::OpenSockets, timers::Timed, traffic};

/// A platform's state, and what every platform's server has beside it.
pub(crate) struct Server<S> {
    /// Everything the platform knows.
    state: Mutex<S>,
    /// Woken when the next timer may have changed.
    wake: Arc<Notify>,
    /// What every platform's server has.
    pub(crate) shared: Shared,
}

/// The part of a server that does not depend on its platform.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Events a second of ambient traffic.
    pub(crate) rate: watch::Sender<u32>,
    /// Sockets that are open.
    pub(crate) open: OpenSockets,
    /// Ports that are closed for a while.
    pub(crate) ports: Ports,
    /// Where it listens; empty while the server listens on no real socket.
    pub(crate) listening: OnceLock<Listening>,
}

/// Where a server listens on real sockets.
#[derive(Clone, Debug)]
pub(crate) struct Listening {
    /// `host:port` of each listener.
    pub(crate) at: Vec<String>,
    /// Whether it speaks TLS.
    pub(crate) is_tls: bool,
}

impl Listening {
    /// URL of a port for requests, without a path.
    pub(crate) fn http(&self, port: usize) -> String {
        format!(
            "{}://{}",
            if self.is_tls { "https" } else { "http" },
            self.at[port]
        )
    }

    /// URL of a port for sockets, without a path.
    pub(crate) fn ws(&self, port: usize) -> String {
        format!(
            "{}://{}",
            if self.is_tls { "wss" } else { "ws" },
            self.at[port]
        )
    }
}

impl<S> fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}

impl<S: Timed> Server<S> {
    pub(crate) fn new(mut state: S) -> Arc<Self> {
        Arc::new(Self {
            wake: state.timers().waker(),
            state: Mutex::new(state),
            shared: Shared {
                rate: watch::Sender::new(0),
                open: OpenSockets::default(),
                ports: Ports::default(),
                listening: OnceLock::new(),
            },
        })
    }

    /// Uses the state; nothing inside waits.
    pub(crate) fn with<T>(&self, use_it: impl FnOnce(&mut S) -> T) -> T {
        use_it(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs the state's timers for ever.
    pub(crate) async fn run_timers(self: Arc<Self>) {
        loop {
            let next = self.with(|state| state.run_due().map(|at| at - state.now()));
            match next {
                Some(wait) => {
                    let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0).max(1));
                    // Cancelling `notified` is safe: a notification that nobody awaits is kept.
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.wake.notified() => {}
                    }
                }
                None => self.wake.notified().await,
            }
        }
    }

    /// Makes ambient traffic at the server's rate for ever; `step` makes some events and returns how many.
    pub(crate) async fn run_traffic(self: Arc<Self>, mut step: impl FnMut(&mut S) -> u32 + Send) {
        let rate = self.shared.rate.subscribe();
        traffic::run(rate, || self.with(&mut step)).await;
    }
}
