//! A source against the simulated nodes, with an in-memory journal and a minimal Discord.
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

/// Id of the bot's user.
pub const BOT: u64 = 77;
/// The voice channel of every guild.
pub const CHANNEL: u64 = 6;

/// A source that runs against the simulator, its pool, and its journal.
pub type Running = antiphon_sim::trial::Running<Pool>;

/// Track events of a journal.
pub trait Told {
    /// The track events of a guild: `start`, `end` and so on, with title and reason.
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

/// A configuration with some of the simulator's nodes; each name is also its region.
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

/// A configuration with the node `eu-1`.
pub fn config(sim: &Simulator) -> Config {
    config_of(sim, &["eu-1"])
}

/// Starts, stops and waits.
pub trait Bot: Sized {
    /// Starts with an empty journal.
    fn start(sim: &Simulator, config: Config) -> Self {
        Self::resume(sim, config, Journal::default())
    }

    /// Starts with the journal of an earlier run.
    fn resume(sim: &Simulator, config: Config, stored: Journal) -> Self;

    /// Starts with an empty journal, and waits until all nodes are connected.
    fn start_connected(sim: &Simulator, config: Config) -> impl Future<Output = Self>;

    /// Starts with the journal of an earlier run, and waits until all nodes are connected.
    fn resume_connected(
        sim: &Simulator,
        config: Config,
        stored: Journal,
    ) -> impl Future<Output = Self>;

    /// Waits until so many nodes are connected.
    fn connected_to(&self, nodes: usize) -> impl Future<Output = ()>;

    /// Joins the channel of a guild and plays the track of this name.
    fn play(&self, sim: &Simulator, guild: u64, identifier: &str) -> impl Future<Output = Player>;

    /// Stops in good order once the latest frames are read; returns the journal.
    fn finish(self) -> impl Future<Output = Journal>;

    /// Whether the pool's link is connected.
    fn is_connected(&self) -> bool;
}

impl Bot for Running {
    fn resume(sim: &Simulator, config: Config, stored: Journal) -> Self {
        let cell: Arc<OnceLock<Pool>> = Arc::default();
        let discord = Arc::clone(&cell);
        // A Discord that connects the bot at once, with a new pair each time.
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

    async fn start_connected(sim: &Simulator, config: Config) -> Self {
        Self::resume_connected(sim, config, Journal::default()).await
    }

    async fn resume_connected(sim: &Simulator, config: Config, stored: Journal) -> Self {
        let app = Self::resume(sim, config, stored);
        let nodes = app.client.nodes().len();
        assert_ne!(nodes, 0, "a pool knows its nodes from the start");
        app.connected_to(nodes).await;
        app
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

/// Connects the bot to a channel, or disconnects it.
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

/// A simulator whose tracks are named by a letter, each a minute long, and `long`, ten minutes long.
pub fn simulator_with_tracks() -> Simulator {
    let sim = Simulator::with_seed(7);
    for name in ["a", "b", "c", "d"] {
        sim.lavalink().add_track(name, "Loft Choir", name, 60_000);
    }
    sim.lavalink()
        .add_track("long", "Loft Choir", "Long", 600_000);
    sim
}

/// A track of the simulator.
pub fn track(sim: &Simulator, identifier: &str) -> Playable {
    let encoded = sim.lavalink().track(identifier).expect("a track");
    Playable::decode(&encoded).expect("a track")
}

/// Waits for a condition; the clock advances in steps of ten milliseconds.
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

/// The ledger's rows for the bot that are neither stored nor inside a reported gap.
pub fn lost(sim: &Simulator, journal: &Journal) -> Vec<String> {
    journal.lost(&sim.ledger(), Due::to("lavalink", &BOT.to_string()))
}
