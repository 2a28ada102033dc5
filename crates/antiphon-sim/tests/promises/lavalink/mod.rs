//! Lavalink: its nodes' sockets and their REST interface.

pub(crate) mod client;
mod control;
mod faults;
mod players;
mod plugins;
mod quirks;
mod sessions;
mod socket;
mod tracks;
mod traffic;
mod voice;

use antiphon_sim::Simulator;

/// A guild that the simulated Discord does not know, so that its voice data are accepted.
const GUILD: u64 = 42;

/// A simulation and a client of its first node that has read the first two frames.
async fn connected() -> (Simulator, client::Client) {
    let sim = Simulator::with_seed(7);
    let client = client::Client::connected(&sim, "eu-1").await;
    (sim, client)
}

/// The same, with a player whose voice is open.
async fn speaking() -> (Simulator, client::Client) {
    let (sim, mut client) = connected().await;
    client.speak(GUILD).await;
    assert_eq!(client.frame().await["state"]["connected"], true);
    (sim, client)
}
