//! Stack Exchange chat: three chat servers, the sites where their users log in, and the socket host, on one port.
//!
//! The servers follow `docs/protocol/stackexchange.md`, and tell hosts apart by the `Host` header.
//! [`StackExchange`] is the control handle of one chat server.

mod actions;
mod addresses;
mod commands;
mod controls;
mod delivery;
mod faults;
mod http;
mod login;
mod pages;
mod rest;
pub(crate) mod settings;
mod socket;
pub(crate) mod state;
mod text;
mod traffic;
mod views;
mod world_file;

use std::sync::Arc;

use serde_json::{Value, json};

pub use addresses::{ChatServer, StackExchangeAddresses};
pub use controls::{ChatAccount, StackExchange};
use state::{HOSTS, SOCKETS, State};
use traffic::Traffic;

use crate::{
    command::Row,
    line::Line,
    platform::{Simulated, Start, Task},
    server::Server,
    world::World,
};

impl Simulated for StackExchange {
    type State = State;

    const NAME: &str = "stackexchange";
    const COMMANDS: &[Row<Self>] = commands::COMMANDS;

    fn start(start: &Start<'_>) -> Self {
        let mut settings = start.options.stackexchange;
        settings.outgoing = start.options.outgoing.unwrap_or(settings.outgoing);
        let state: State = start.state(|file| file.stackexchange.as_ref(), settings);
        Self::new(Server::new(state), 0)
    }

    fn server(&self) -> &Arc<Server<State>> {
        &self.server
    }

    fn hosts(&self) -> Vec<Vec<String>> {
        let hosts = HOSTS.into_iter().flat_map(|(chat, login, _)| [chat, login]);
        let hosts = hosts.chain([SOCKETS]).map(str::to_owned);
        vec![hosts.collect()]
    }

    fn serve(&self, _: usize, line: Line) -> Task {
        Box::pin(http::serve(Arc::clone(&self.server), line))
    }

    fn traffic(world: World) -> impl FnMut(&mut State) -> u32 + Send + 'static {
        let mut traffic = Traffic::new(world.chance("stackexchange traffic"));
        move |state| traffic.play(state)
    }

    fn addresses_json(&self) -> Value {
        json!(self.addresses())
    }
}
