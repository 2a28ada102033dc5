//! Discord: its Gateway and its REST interface.

mod applications;
mod client;
mod faults;
mod gateway;
mod guild_pages;
mod intents;
mod interactions;
mod invites;
mod members;
mod rest;
mod routes;
mod search;
mod traffic;
mod webhooks;

use antiphon_sim::Simulator;
use serde_json::json;

/// Every intent there is.
const ALL: u64 = 0x1_ffff | 0b11 << 20 | 0b11 << 24;

/// Registers a slash command without options for the first bot.
fn register(sim: &Simulator, name: &str) {
    let command = json!({"name": name, "description": "for a test"});
    assert_ne!(sim.discord().register("antiphon", None, &command), 0);
}

/// A simulation whose first bot has identified with these intents and has read up to its guild.
async fn identified(intents: u64) -> (Simulator, client::Client) {
    let sim = Simulator::with_seed(7);
    let mut client = client::Client::open(&sim, "").await;
    client.identify(&sim, intents).await;
    (sim, client)
}
