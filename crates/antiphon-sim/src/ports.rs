//! Ports that a control handle closes for a while, as when the process behind them is dead.

use std::{collections::BTreeMap, io, sync::Arc};

use antiphon_core::BoxFuture;
use antiphon_net::{Connect, Stream, pipe::PipeConnector};
use tokio::sync::watch;

/// What happens to the open connections of a port that closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// All of them end with the process.
    AtOnce,
    /// They are served to their end.
    InOrder,
}

/// The closed ports of a platform, by index; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Ports(Arc<watch::Sender<BTreeMap<usize, Closing>>>);

impl Default for Ports {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(BTreeMap::new())))
    }
}

impl Ports {
    pub(crate) fn close(&self, port: usize, closing: Closing) {
        self.0.send_modify(|closed| {
            closed.insert(port, closing);
        });
    }

    pub(crate) fn open(&self, port: usize) {
        self.0.send_modify(|closed| {
            closed.remove(&port);
        });
    }

    fn is_closed(&self, port: usize) -> bool {
        self.0.borrow().contains_key(&port)
    }

    /// Waits until a port is closed; safe to cancel.
    pub(crate) async fn until_closed(&self, port: usize) -> Closing {
        let mut changes = self.0.subscribe();
        let closed = changes.wait_for(|closed| closed.contains_key(&port)).await;
        // It cannot fail: this holds the sender. The port may have been opened again at once.
        let closing = closed.ok().and_then(|closed| closed.get(&port).copied());
        closing.unwrap_or(Closing::InOrder)
    }

    /// Waits until a port is open; safe to cancel.
    pub(crate) async fn until_open(&self, port: usize) {
        let mut changes = self.0.subscribe();
        let _ = changes.wait_for(|closed| !closed.contains_key(&port)).await;
    }
}

/// Opens pipes to a port while it is open.
#[derive(Clone, Debug)]
pub(crate) struct PortConnector {
    pub(crate) connector: PipeConnector,
    pub(crate) ports: Ports,
    pub(crate) port: usize,
}

impl Connect for PortConnector {
    fn connect<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Stream>> {
        if self.ports.is_closed(self.port) {
            return Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) });
        }
        self.connector.connect(host, port)
    }
}
