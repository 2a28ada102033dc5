//! A source against the simulated nodes, with a journal in memory and a Discord of a few lines.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part of it"
)]

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use antiphon_core::{IntakeLimits, LinkState, Payload as _, Rng};
use antiphon_lavalink::{
    self as lavalink, Config, NodeConfig, Playable, Player, Pool, VoiceRequest, VoiceServer,
    VoiceState,
};
pub use antiphon_sim::trial::Journal;
use antiphon_sim::{Due, Simulator};
use tokio::time::sleep;

/// The bot, as nodes know it.
pub const BOT: u64 = 77;
/// The voice channel of every guild.
pub const CHANNEL: u64 = 6;

/// A source that runs against the simulator, with its pool and what it stored.
pub type Running = antiphon_sim::trial::Running<Pool>;

/// What happened to tracks.
pub trait Told {
    /// What is known of tracks in a guild: `start`, `end` and so on, with title and reason.
    fn story(&self, guild: u64) -> Vec<String>;
}

impl Told for Journal {
    fn story(&self, guild: u64) -> Vec<String> {
        let mut story = Vec::new();
        for event in &self.events {
            if event.place().id("player") != Some(&guild.to_string()) {
                continue;
            }
            match event.kind().as_str() {
                "lavalink.TrackStartEvent" => {
                    let start = lavalink::TrackStart::decode(event).expect("a start");
                    let word = if start.restored { "go on" } else { "start" };
                    story.push(format!("{word} {}", start.track.identifier));
                }
                "lavalink.TrackEndEvent" => {
                    let end = lavalink::TrackEnd::decode(event).expect("an end");
                    story.push(format!("{} {}", end.reason, end.track.identifier));
                }
                "lavalink.TrackExceptionEvent" => {
                    let failed = lavalink::TrackException::decode(event).expect("an exception");
                    story.push(format!("exception {}", failed.track.identifier));
                }
                "lavalink.TrackStuckEvent" => {
                    let stuck = lavalink::TrackStuck::decode(event).expect("stuck");
                    story.push(format!("stuck {}", stuck.track.identifier));
                }
                "lavalink.PlayerMigrated" => {
                    let moved = lavalink::PlayerMigrated::decode(event).expect("a move");
                    story.push(format!("{} to {}", moved.from, moved.to));
                }
                _ => {}
            }
        }
        story
    }
}

/// The configuration for some of the simulator's nodes, with their names as regions.
pub fn config_of(sim: &Simulator, nodes: &[&str]) -> Config {
    let lavalink = sim.lavalink();
    let nodes = nodes.iter().map(|name| {
        let node = lavalink.node(name);
        NodeConfig::new(*name, node.url(), node.password())
    });
    Config::new(BOT, nodes)
        .network(sim.network())
        .clock(sim.clock())
        .rng(Rng::with_seed(7))
}

/// The configuration for the node `eu-1`.
pub fn config(sim: &Simulator) -> Config {
    config_of(sim, &["eu-1"])
}

/// Ways to begin and to end, and what lies between.
pub trait Bot: Sized {
    /// A fresh install.
    fn start(sim: &Simulator, config: Config) -> Self {
        Self::resume(sim, config, Journal::default())
    }

    /// Goes on from what an earlier run stored.
    fn resume(sim: &Simulator, config: Config, stored: Journal) -> Self;

    /// Waits until so many nodes are connected.
    fn connected_to(&self, nodes: usize) -> impl Future<Output = ()>;

    /// Enters the channel of a guild and plays what is called so there.
    fn play(&self, sim: &Simulator, guild: u64, identifier: &str) -> impl Future<Output = Player>;

    /// Stops in good order, once what was said at this very moment is heard, and gives what was stored.
    fn finish(self) -> impl Future<Output = Journal>;

    /// Whether the pool is connected, as its link says.
    fn is_connected(&self) -> bool;
}

impl Bot for Running {
    fn resume(sim: &Simulator, config: Config, stored: Journal) -> Self {
        let cell: Arc<OnceLock<Pool>> = Arc::default();
        let discord = Arc::clone(&cell);
        // A Discord that lets the bot in at once, with a pair that is new each time.
        let config = config.voice_gateway(move |request: VoiceRequest| {
            let pool = discord.get().cloned();
            Box::pin(async move {
                if let Some(pool) = pool {
                    answer(&pool, &request);
                }
                Ok(())
            }) as antiphon_core::BoxFuture<'static, _>
        });
        let (pool, source) = lavalink::connect(config);
        cell.set(pool.clone()).expect("set once");
        Self::of((pool, source), sim.clock(), stored, IntakeLimits::default())
    }

    async fn connected_to(&self, nodes: usize) {
        let ready = |node: &lavalink::Node| node.status() == lavalink::NodeStatus::Connected;
        let count = || {
            self.client
                .nodes()
                .iter()
                .filter(|node| ready(node))
                .count()
        };
        wait(|| count() == nodes).await;
        self.moment().await;
    }

    async fn play(&self, sim: &Simulator, guild: u64, identifier: &str) -> Player {
        let player = self.client.player_in(guild);
        player.connect(CHANNEL).await.expect("in the channel");
        player.play(track(sim, identifier)).await.expect("it plays");
        player
    }

    async fn finish(self) -> Journal {
        self.moment().await;
        self.stop().await
    }

    fn is_connected(&self) -> bool {
        matches!(*self.client.link().borrow(), LinkState::Connected { .. })
    }
}

/// Discord lets the bot in, or shows it out.
fn answer(pool: &Pool, request: &VoiceRequest) {
    pool.voice_state_update(VoiceState {
        guild: request.guild,
        user: BOT.into(),
        channel: request.channel,
        session_id: "voice".into(),
    });
    if request.channel.is_some() {
        pool.voice_server_update(VoiceServer {
            guild: request.guild,
            token: format!("token of {}", request.guild).into(),
            endpoint: Some("c-fra01.discord.media:443".into()),
        });
    }
}

/// A track of the simulator.
pub fn track(sim: &Simulator, identifier: &str) -> Playable {
    let encoded = sim.lavalink().track(identifier).expect("a track");
    Playable::decode(&encoded).expect("a track")
}

/// Waits until something is so; the clock goes on in steps of ten milliseconds.
#[track_caller]
pub fn wait(mut what: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let at = std::panic::Location::caller();
    async move {
        for _ in 0..360_000 {
            if what() {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("{at}: not within an hour");
    }
}

/// What the ledger has due to the bot, less what is stored, less what lies inside a reported gap.
pub fn lost(sim: &Simulator, journal: &Journal) -> Vec<String> {
    journal.lost(&sim.ledger(), Due::to("lavalink", &BOT.to_string()))
}
