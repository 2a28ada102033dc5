//! Lavalink: three nodes of version 4, each on a port of its own.
//!
//! The nodes follow `docs/protocol/lavalink.md`, with tracks that advance on the simulated clock.
//! [`Lavalink`] is the control handle of all nodes, [`Node`] of one.

mod addresses;
mod catalogue;
mod commands;
mod controls;
mod delivery;
mod faults;
mod filters;
mod frame_writer;
mod http;
mod id;
mod lyrics;
mod node;
mod number;
mod player;
mod quirk;
mod request_log;
mod rest;
mod session;
pub(crate) mod settings;
mod socket;
pub(crate) mod state;
mod stats;
mod track;
mod traffic;
mod update;
mod voice;
mod voice_watch;
mod wire;
mod world_file;

use std::sync::Arc;

use serde_json::{Value, json};

pub use addresses::NodeAddress;
pub use controls::{Lavalink, Node, NodeSession, PlayerView};
pub use quirk::NodeQuirk;
pub use request_log::NodeRequest;
use state::State;
use traffic::Traffic;

use crate::{
    command::Row,
    discord::Discord,
    line::Line,
    platform::{Simulated, Start, Task},
    server::Server,
    world::World,
};

impl Simulated for Lavalink {
    type State = State;

    const NAME: &str = "lavalink";
    const COMMANDS: &[Row<Self>] = commands::COMMANDS;

    fn start(start: &Start<'_>) -> Self {
        let mut settings = start.options.lavalink;
        settings.outgoing = start.options.outgoing.unwrap_or(settings.outgoing);
        let state: State = start.state(|file| file.lavalink.as_ref(), settings);
        let server = Server::new(state);
        server.with(|state| state.ports = server.shared.ports.clone());
        Self::new(server, start.find::<Discord>().cloned())
    }

    fn server(&self) -> &Arc<Server<State>> {
        &self.server
    }

    fn hosts(&self) -> Vec<Vec<String>> {
        self.server.with(|state| {
            let nodes = state.nodes.iter();
            nodes.map(|node| vec![node::host(node.name)]).collect()
        })
    }

    fn serve(&self, port: usize, line: Line) -> Task {
        Box::pin(http::serve(Arc::clone(&self.server), port, line))
    }

    fn traffic(world: World) -> impl FnMut(&mut State) -> u32 + Send + 'static {
        let mut traffic = Traffic::new(world.chance("lavalink traffic"));
        move |state| traffic.play(state)
    }

    /// Joins the nodes to the simulated Discord, if there is one.
    fn more_tasks(&self) -> Vec<Task> {
        let watch = |discord| -> Task {
            let server = Arc::clone(&self.server);
            Box::pin(voice_watch::watch_voices(server, discord))
        };
        self.discord.clone().map(watch).into_iter().collect()
    }

    fn addresses_json(&self) -> Value {
        json!(self.addresses())
    }
}
