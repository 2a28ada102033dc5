//! The stage of the music examples: a simulated Discord with its nodes, or real ones if the environment names them.
//!
//! `DISCORD_TOKEN`, `LAVALINK_URL` and `LAVALINK_PASSWORD` choose the real ones; the journal is then kept in
//! `<example>.sqlite`, so that a restart finds its players again, playing. `ANTIPHON_SIM` chooses an `antiphon sim` that
//! runs elsewhere: it is the name of the file that has its first line.

#![allow(
    dead_code,
    unused_imports,
    clippy::print_stdout,
    reason = "an example speaks to a person, and uses a part of this"
)]

use std::{env, time::Duration};

use antiphon::{
    App, BoxError,
    discord::{self, Intents},
    lavalink::{self, NodeConfig, Pool},
    music,
    net::Addresses,
};
use antiphon_sim::{Options, Simulator};
pub(crate) use scene::pause;

#[path = "../scene/mod.rs"]
mod scene;

/// The clients of a bot that plays music, and the sources to run.
#[derive(Debug)]
pub struct Parts {
    pub(crate) client: discord::Client,
    pub(crate) gateway: discord::Source,
    pub(crate) pool: Pool,
    pub(crate) nodes: music::Source,
}

impl Parts {
    /// The parts for this bot and these nodes.
    pub fn new(bot: discord::Config, nodes: lavalink::Config) -> Self {
        let (client, gateway) = discord::connect(bot);
        let (pool, nodes) = music::connect(&client, nodes);
        Self {
            client,
            gateway,
            pool,
            nodes,
        }
    }

    /// The parts for the simulator's bot and nodes.
    pub fn simulated(sim: &Simulator) -> Self {
        let bot = discord::Config::new(sim.discord().token(), intents())
            .network(sim.network())
            .clock(sim.clock());
        let nodes = sim.lavalink().nodes().into_iter();
        let nodes = nodes.map(|node| NodeConfig::new(node.name(), node.url(), node.password()));
        let nodes = lavalink::Config::without_user(nodes)
            // A real node needs more time to come back.
            .failover_after(Duration::from_secs(2))
            .network(sim.network())
            .clock(sim.clock());
        Self::new(bot, nodes)
    }

    fn real(token: String) -> Result<Self, BoxError> {
        let password = env::var("LAVALINK_PASSWORD")?;
        let node = NodeConfig::new("main", env::var("LAVALINK_URL")?, password);
        let bot = discord::Config::new(token, intents());
        Ok(Self::new(bot, lavalink::Config::without_user([node])))
    }
}

/// The intents of a bot that plays music and takes commands.
pub(crate) fn intents() -> Intents {
    Intents::GUILDS | Intents::GUILD_VOICE_STATES | Intents::GUILD_MESSAGES
}

/// Runs the example's app until Ctrl-C; in the simulator `scene` is played first, and the app ends after it.
pub(crate) async fn play<S>(
    example: &str,
    app: impl FnOnce(Parts) -> App<S>,
    scene: impl AsyncFnOnce(&Simulator),
) -> Result<(), BoxError>
where
    S: Send + Sync + 'static,
{
    if let Some(addresses) = Addresses::from_env()? {
        let bot = discord::Config::simulated(&addresses)?.intents(intents());
        let nodes = NodeConfig::simulated(&addresses)?;
        let nodes = lavalink::Config::without_user(nodes).network(addresses.network());
        return scene::run(app(Parts::new(bot, nodes))).await;
    }
    if let Ok(token) = env::var("DISCORD_TOKEN") {
        return scene::run_kept(example, app(Parts::real(token)?)).await;
    }
    let simulator = Simulator::listen(&Options::new().seed(7)).await?;
    let parts = Parts::simulated(&simulator);
    let app = app(parts).on(async |message: discord::MessageCreate| {
        println!("{:>10}: {}", message.author.name, message.content);
    });
    scene::play(app, async || scene(&simulator).await).await
}
