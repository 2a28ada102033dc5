//! The cloneable handle that users hold.

use std::sync::Arc;

use antiphon_core::LinkState;
use tokio::sync::{mpsc, watch};

use crate::{config::Config, http::Http};

/// Commands that wait for the connection; one more waits for its turn within its own timeout.
pub(crate) const COMMANDS: usize = 64;

/// What a client asks of the connection.
#[derive(Debug)]
pub(crate) enum Command {}

/// What client and source have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) http: Http,
    pub(crate) link: watch::Sender<LinkState>,
    #[expect(dead_code, reason = "until there are commands")]
    commands: mpsc::Sender<Command>,
}

impl Shared {
    pub(crate) fn new(config: &Config, commands: mpsc::Sender<Command>) -> Self {
        // A proxy that cannot be used is an error when the source runs; until then requests go where they would.
        let network = config.routed().unwrap_or_else(|_| config.network.clone());
        Self {
            http: Http::new(config, network.http()),
            link: watch::Sender::new(LinkState::Idle),
            commands,
        }
    }
}

/// A handle on one bot: cheap to clone, and usable from anywhere.
///
/// Requests work at any time; what goes over the Gateway waits for it up to [`Config::action_timeout`].
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

impl Client {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    #[expect(dead_code, reason = "until requests are sent")]
    pub(crate) fn http(&self) -> &Http {
        &self.shared.http
    }

    /// How the connection stands, and a way to wait for its changes.
    pub fn link(&self) -> watch::Receiver<LinkState> {
        self.shared.link.subscribe()
    }
}
