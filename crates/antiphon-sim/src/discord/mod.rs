//! Discord: the Gateway's shards and the REST interface, for bots.
//!
//! The server follows `docs/protocol/discord.md`; the Gateway has a port of its own beside that of REST.
//! [`Discord`] is its control handle.

mod addresses;
mod audit;
mod auto_moderation;
mod choices;
mod commands;
mod community;
mod components;
mod connection;
mod controls;
mod delivery;
mod faults;
mod frame;
mod gateway;
mod guild_controls;
mod guilds;
mod http;
mod intents;
mod interaction_controls;
mod interactions;
mod limits;
mod members;
mod mentions;
mod messages;
mod misc_events;
mod model;
mod operations;
pub(crate) mod permissions;
mod populate;
mod rest;
pub(crate) mod settings;
mod socket;
pub(crate) mod state;
mod things;
mod traffic;
mod views;
mod voice;
mod webhooks;
mod world_file;

use std::sync::Arc;

use serde_json::{Value, json};

pub use addresses::{BotLogin, DiscordAddresses};
pub use controls::{BotAccount, Discord};
pub use frame::KeyOrder;
use settings::{CDN, GATEWAY, REST, RESUME};
use state::State;
use traffic::Traffic;
pub(crate) use voice::VoicePass;

use crate::{
    command::Row,
    line::Line,
    platform::{Simulated, Start, Task},
    server::{Listening, Server},
    world::World,
};

impl Simulated for Discord {
    type State = State;

    const NAME: &str = "discord";
    const COMMANDS: &[Row<Self>] = commands::COMMANDS;

    fn start(start: &Start<'_>) -> Self {
        let mut settings = start.options.discord;
        settings.outgoing = start.options.outgoing.unwrap_or(settings.outgoing);
        let state: State = start.state(|file| file.discord.as_ref(), settings);
        Self::new(Server::new(state))
    }

    fn server(&self) -> &Arc<Server<State>> {
        &self.server
    }

    fn hosts(&self) -> Vec<Vec<String>> {
        vec![
            vec![REST.into(), CDN.into()],
            vec![GATEWAY.into(), RESUME.into()],
        ]
    }

    fn serve(&self, port: usize, line: Line) -> Task {
        let server = Arc::clone(&self.server);
        match port {
            0 => Box::pin(http::serve_rest(server, line)),
            _ => Box::pin(http::serve_gateway(server, line)),
        }
    }

    fn traffic(world: World) -> impl FnMut(&mut State) -> u32 + Send + 'static {
        let mut traffic = Traffic::new(world.chance("discord traffic"));
        move |state| traffic.play(state)
    }

    /// Leads clients to the Gateway's port, to connect and to resume.
    fn listens_at(&self, at: &Listening) {
        let gateway = at.ws(1);
        self.act(|state| {
            gateway.clone_into(&mut state.gateway.address);
            state.gateway.resume_address = gateway;
        });
    }

    fn addresses_json(&self) -> Value {
        json!(self.addresses())
    }

    fn names(&self) -> Vec<(String, String)> {
        Self::names(self)
    }
}
