//! QueUp: rooms with chat and a shared queue of songs.
//!
//! The server follows `docs/protocol/queup.md`: REST and engine.io v3, on one port.
//! [`QueUp`] is its control handle, [`Room`] that of a room, [`Links`] that of some of the sockets.
//!
//! | file | part of the server |
//! | --- | --- |
//! | `state`, `model` | everything that is stored, and its JSON (protocol §5) |
//! | `http`, `rest/` | requests: envelope, login, routes, rights, errors (protocol §1, §2, §4) |
//! | `socket`, `channels`, `delivery`, `frame` | engine.io, attached channels, who gets an event, and what the ledger says of it (protocol §3, §6) |
//! | `chat`, `people`, `music` | what users do, and the events that follow |
//! | `traffic` | simulated users who do it by themselves |
//! | `quirk` | what the real server does oddly (protocol §9) |
//! | `controls`, `faults`, `commands` | the handles of tests, and the same in JSON |
//!
//! At the start there are 24 residents, twenty songs, and the rooms `choir-loft` (all residents), `night-radio` (a third of them)
//! and `vault` (with the password `open sesame`).
//! Five accounts can log in: `antiphon`, a co-owner of `choir-loft`, then `sexton` and `verger` without a role, `usher`, a
//! moderator, and `cantor`, a manager.
//!
//! A client written by hand logs in, enters a room, attaches its channel, and is due the room's events from then on:
//!
//! ```
//! use antiphon_net::{Message, WebSocketRequest};
//! use antiphon_sim::{Due, Simulator, StoredEvents};
//! use bytes::Bytes;
//! use serde_json::{Value, json};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sim = Simulator::with_seed(7);
//! let (network, login, loft) = (sim.network(), sim.queup().account(), sim.queup().room("choir-loft"));
//! let (client, api) = (network.http(), "https://api.queup.net");
//!
//! let body = json!({"username": login.email, "password": login.password.expose()}).to_string();
//! let request = http::Request::post(format!("{api}/auth/login"));
//! let request = request.header("content-type", "application/json").body(Bytes::from(body))?;
//! let answer = client.send(request).await?;
//! let cookie = answer.headers()["set-cookie"].to_str()?.split(';').next().unwrap_or_default().to_owned();
//!
//! let enter = http::Request::post(format!("{api}/room/{}/users", loft.id())).header("cookie", &cookie);
//! assert_eq!(client.send(enter.body(Bytes::new())?).await?.status(), 200);
//! let token = http::Request::get(format!("{api}/auth/token")).header("cookie", &cookie);
//! let token: Value = serde_json::from_slice(client.send(token.body(Bytes::new())?).await?.body())?;
//! let token = token["data"]["token"].as_str().unwrap_or_default();
//!
//! let url = format!("wss://ws.queup.net/ws/?EIO=3&transport=websocket&access_token={token}");
//! let mut socket = network.websocket(WebSocketRequest::new(url.parse()?)).await?;
//! let attach = json!({"action": 10, "channel": format!("room:{}", loft.id())});
//! socket.send(Message::text(format!("4{attach}"))).await?;
//! while let Some(message) = socket.next().await {
//!     // Action 11 says that the channel is attached.
//!     if matches!(message?, Message::Text(text) if text.as_str().contains(r#""action":11"#)) {
//!         break;
//!     }
//! }
//!
//! loft.say("mira", "hello");
//! assert_eq!(sim.ledger().due_to(&login.id)["queup.chat-message"], 1);
//!
//! // A journal that stored nothing of it has lost the message.
//! let audit = sim.ledger().audit(Due::to("queup", &login.id), &StoredEvents::default());
//! let audit = audit.expect("the ledger kept all its rows");
//! assert!(audit.lost.iter().any(|row| &*row.kind == "queup.chat-message"));
//! assert!(sim.notes().is_empty());
//! # Ok(())
//! # }
//! ```

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
pub(crate) mod state;
mod text;
mod traffic;
mod views;
mod world_file;

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
        let state: State = start.state(|file| file.queup.as_ref(), settings);
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
