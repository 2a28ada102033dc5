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
mod node;
mod player;
mod quirk;
mod request_log;
mod rest;
mod session;
pub(crate) mod settings;
mod socket;
mod state;
mod stats;
mod track;
mod traffic;
mod update;
mod voice;
mod voice_watch;
mod wire;

use std::sync::Arc;

use serde_json::{Value, json};

pub use addresses::NodeAddress;
pub use controls::{Lavalink, Node, NodeSession, PlayerView};
pub use quirk::NodeQuirk;
pub use request_log::NodeRequest;
use state::{NODES, State};
use traffic::Traffic;

use crate::{
    command::Row,
    discord::Discord,
    line::Line,
    platform::{Platform, Simulated, Start, Task},
    server::{Server, Shared},
    sockets::{Selection, Sockets},
    world::World,
};

impl Simulated for Lavalink {
    const NAME: &str = "lavalink";
    const COMMANDS: &[Row<Self>] = commands::COMMANDS;

    fn start(start: &Start<'_>) -> Self {
        let mut settings = start.options.lavalink;
        settings.outgoing = start.options.outgoing.unwrap_or(settings.outgoing);
        let state = State::new(start.world, start.ledger.clone(), settings);
        Self::new(Server::new(state), start.find::<Discord>().cloned())
    }
}

impl Platform for Lavalink {
    fn hosts(&self) -> Vec<Vec<String>> {
        NODES.map(|name| vec![node::host(name)]).into()
    }

    fn serve(&self, port: usize, line: Line) -> Task {
        Box::pin(http::serve(Arc::clone(&self.server), port, line))
    }

    fn tasks(&self, world: World) -> Vec<Task> {
        let mut traffic = Traffic::new(world.chance("lavalink traffic"));
        let play = move |state: &mut State| traffic.play(state);
        let mut tasks: Vec<Task> = vec![
            Box::pin(Arc::clone(&self.server).run_timers()),
            Box::pin(Arc::clone(&self.server).run_traffic(play)),
        ];
        if let Some(discord) = self.discord.clone() {
            let server = Arc::clone(&self.server);
            tasks.push(Box::pin(voice_watch::watch_voices(server, discord)));
        }
        tasks
    }

    fn shared(&self) -> &Shared {
        &self.server.shared
    }

    fn all_sockets(&self) -> Sockets {
        Sockets::new(&self.server, Selection::default())
    }

    fn addresses_json(&self) -> Value {
        json!(self.addresses())
    }
}
