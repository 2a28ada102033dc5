//! The server of the pages, which the command and the daemon start in the same way.

use std::{net::SocketAddr, sync::Arc};

use axum::Router;
use tokio::net::TcpListener;

use super::{
    Site,
    guard::{self, Gate, Guard, Login},
    live, pages, recent, sandbox,
};
use crate::failure::{Exit, Failure};

/// Where the pages are, and who may look at them.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) listen: SocketAddr,
    /// Further names by which browsers reach the server.
    pub(super) hosts: Vec<String>,
    pub(super) login: Option<Login>,
}

impl Settings {
    /// Whether other machines can reach it and it asks for no login.
    pub(super) fn is_open_to_all(&self) -> bool {
        self.login.is_none() && !self.listen.ip().is_loopback()
    }
}

/// A server that listens and does not answer yet.
pub(super) struct Server {
    /// Where it listens.
    pub(super) address: SocketAddr,
    listener: TcpListener,
    gate: Gate,
}

impl Server {
    /// # Errors
    /// Exit code 1: the address cannot be listened on.
    pub(super) async fn listen(settings: Settings) -> Result<Self, Failure> {
        let listen = settings.listen;
        let bound = TcpListener::bind(listen).await;
        let listener = bound.map_err(|error| {
            Failure::from_error(Exit::Failed, error)
                .about(format_args!("could not listen on {listen}"))
        })?;
        let address = listener.local_addr().map_err(|error| {
            Failure::from_error(Exit::Failed, error).about(format_args!("the address {listen}"))
        })?;
        let guard = Guard::new(address, settings.hosts, settings.login);
        Ok(Self {
            address,
            listener,
            gate: Gate::new(guard),
        })
    }

    /// What admits its requests, and may be given other rules while it answers.
    pub(super) fn gate(&self) -> Gate {
        self.gate.clone()
    }

    /// Answers until the site is over.
    pub(super) async fn run(self, site: Site) {
        let site = Arc::new(site);
        let over = site.over.clone();
        let served = axum::serve(self.listener, router(Arc::clone(&site), self.gate))
            .with_graceful_shutdown(over.cancelled_owned());
        tokio::select! {
            // It ends with an error only where a listener cannot be asked for its address.
            _ = served => {}
            never = recent::follow(site) => match never {},
        }
    }
}

fn router(site: Arc<Site>, gate: Gate) -> Router {
    let (mut routes, mut further) = (pages::routes().merge(live::routes()), &[][..]);
    if site.sandbox.is_some() {
        routes = routes.merge(sandbox::routes());
        further = &[("/sandbox", "Sandbox")];
    }
    routes
        .layer(axum::middleware::from_fn(move |request, next| {
            pages::with_tabs(further, request, next)
        }))
        .with_state(site)
        .layer(axum::middleware::from_fn_with_state(gate, guard::check))
}
