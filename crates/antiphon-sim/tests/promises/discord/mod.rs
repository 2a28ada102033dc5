//! Discord: its Gateway and its REST interface.

mod applications;
mod auto_moderation;
pub(crate) mod client;
mod faults;
mod gateway;
mod guild_pages;
mod intents;
mod interactions;
mod invites;
mod lobbies;
mod members;
mod monetization;
mod prune;
mod rest;
mod routes;
mod scheduled_events;
mod search;
mod soundboard;
mod stages;
mod traffic;
mod webhooks;

use antiphon_sim::Simulator;
use serde_json::{Value, json};

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

/// A simulation without rate limits, whose first bot has identified with every intent, and the bot over REST.
async fn moderated() -> (Simulator, client::Client, client::Rest) {
    let (sim, client) = identified(ALL).await;
    sim.discord().unlimited(true);
    let rest = client::Rest::of(&sim, "antiphon");
    (sim, client, rest)
}

/// A simulation without rate limits, its first bot over REST, and the path of its first channel.
fn quiet() -> (Simulator, client::Rest, String) {
    let sim = Simulator::with_seed(7);
    sim.discord().unlimited(true);
    let rest = client::Rest::of(&sim, "antiphon");
    let channel = format!("/channels/{}", sim.discord().channel_id());
    (sim, rest, channel)
}

/// A client that has no bot's token.
fn stranger(sim: &Simulator) -> client::Rest {
    let mut rest = client::Rest::of(sim, "antiphon");
    rest.token = "none".into();
    rest
}

/// Id of an object.
fn id(json: &Value) -> &str {
    json["id"].as_str().expect("an id")
}
