//! QueUp: rooms with chat and a shared queue of songs.
//!
//! The server follows `docs/protocol/queup.md`: REST and engine.io v3, on one port.
//! [`QueUp`] is its control handle, [`Room`] that of a room, [`Links`] that of some of the sockets.

mod addresses;
mod channels;
mod chat;
mod commands;
mod controls;
mod delivery;
mod faults;
mod frame;
mod http;
mod logins;
mod model;
mod music;
mod people;
mod quirk;
mod rest;
mod role;
pub(crate) mod settings;
mod socket;
mod state;
mod text;
mod traffic;

use std::sync::Arc;

use serde_json::{Value, json};

pub use addresses::QueUpAddresses;
pub use controls::{Account, QueUp, Room};
pub use faults::{Link, Links};
use state::State;
use traffic::Traffic;

use crate::{
    command::Row,
    line::Line,
    platform::{Simulated, Start, Task},
    server::Server,
    world::World,
};

impl Simulated for QueUp {
    type State = State;

    const NAME: &str = "queup";
    const COMMANDS: &[Row<Self>] = commands::COMMANDS;

    fn start(start: &Start<'_>) -> Self {
        let mut settings = start.options.queup;
        settings.outgoing = start.options.outgoing.unwrap_or(settings.outgoing);
        let mut state = State::new(start.world, start.ledger.clone(), settings);
        state.populate();
        Self::new(Server::new(state))
    }

    fn server(&self) -> &Arc<Server<State>> {
        &self.server
    }

    fn hosts(&self) -> Vec<Vec<String>> {
        vec![vec!["api.queup.net".into(), "ws.queup.net".into()]]
    }

    fn serve(&self, _: usize, line: Line) -> Task {
        Box::pin(http::serve(Arc::clone(&self.server), line))
    }

    fn traffic(world: World) -> impl FnMut(&mut State) -> u32 + Send + 'static {
        let mut traffic = Traffic::new(world.chance("traffic"));
        move |state| traffic.play(state)
    }

    fn addresses_json(&self) -> Value {
        json!(self.addresses())
    }

    fn names(&self) -> Vec<(String, String)> {
        Self::names(self)
    }
}
