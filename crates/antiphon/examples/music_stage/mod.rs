//! The stage of the music examples: a simulated Discord with its nodes, or real ones if the environment names them.
//!
//! `DISCORD_TOKEN`, `LAVALINK_URL` and `LAVALINK_PASSWORD` choose the real ones; the journal is then kept in
//! `<example>.sqlite`, so that a restart finds its players again, playing. `ANTIPHON_SIM` chooses an `antiphon sim` that
//! runs elsewhere: it is the name of the file that has its first line.

#![allow(
    dead_code,
    clippy::print_stdout,
    reason = "an example speaks to a person, and uses a part of this"
)]

use std::{env, time::Duration};

use antiphon::{
    App, BoxError,
    discord::{self, Intents},
    journal::{MemoryJournal, SqliteJournal},
    lavalink::{self, NodeConfig, Pool},
    music,
    net::Addresses,
};
use antiphon_sim::{Options, Simulator};
use tokio::time::sleep;

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
        let app = app(Parts::new(bot, nodes));
        app.run(MemoryJournal::new(), ctrl_c()).await?;
        return Ok(());
    }
    if let Ok(token) = env::var("DISCORD_TOKEN") {
        let journal = SqliteJournal::open(format!("{example}.sqlite")).await?;
        app(Parts::real(token)?).run(journal, ctrl_c()).await?;
        return Ok(());
    }
    let simulator = Simulator::listen(&Options::new().seed(7)).await?;
    let parts = Parts::simulated(&simulator);
    let (gateway, pool) = (parts.client.link(), parts.pool.link());
    let app = app(parts).on(async |message: discord::MessageCreate| {
        println!("{:>10}: {}", message.author.name, message.content);
    });
    let handle = app.handle();
    let running = app.run(MemoryJournal::new(), ctrl_c());
    let play = async {
        while !gateway.borrow().is_connected() || !pool.borrow().is_connected() {
            sleep(Duration::from_millis(20)).await;
        }
        pause().await;
        scene(&simulator).await;
        pause().await;
        handle.stop();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = running => ended?,
        () = play => {}
    }
    Ok(())
}

/// Waits until a person has read a line.
pub(crate) async fn pause() {
    sleep(Duration::from_millis(700)).await;
}

async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a signal to wait for, the app runs until it is killed.
        std::future::pending::<()>().await;
    }
}
