//! The stage of the examples that join a QueUp room and a Discord bot with its nodes: simulated ones, or real ones if the
//! environment names them.
//!
//! `QUEUP_EMAIL`, `QUEUP_PASSWORD`, `QUEUP_ROOM`, `DISCORD_TOKEN`, `LAVALINK_URL` and `LAVALINK_PASSWORD` choose the real
//! ones; the journal is then kept in `<example>.sqlite`, so that a restart finds the player again, playing. `ANTIPHON_SIM`
//! chooses an `antiphon sim` that runs elsewhere: it is the name of the file that has its first line.

#![allow(
    dead_code,
    unused_imports,
    clippy::print_stdout,
    reason = "an example speaks to a person, and uses a part of this"
)]

use std::{env, time::Duration};

use antiphon::{
    App, BoxError, Clock,
    discord::{self, CacheLimits, Intents},
    lavalink::{self, NodeConfig, Pool},
    music,
    net::Addresses,
    queup::{self, Account},
};
use antiphon_sim::{Options, Simulator};
pub(crate) use scene::pause;

#[path = "../scene/mod.rs"]
mod scene;

/// The room of the simulator in which the scenes play.
pub(crate) const ROOM: &str = "choir-loft";

/// The clients of a bot in a room and in voice channels, and the sources to run.
#[derive(Debug)]
pub struct Parts {
    pub(crate) clock: Clock,
    pub(crate) room: queup::Client,
    pub(crate) rooms: queup::Source,
    pub(crate) client: discord::Client,
    pub(crate) gateway: discord::Source,
    pub(crate) pool: Pool,
    pub(crate) nodes: music::Source,
}

impl Parts {
    /// The parts of these configurations, whose clock is the machine's unless they have another.
    pub fn new(
        room: queup::Config,
        bot: discord::Config,
        nodes: lavalink::Config,
        clock: Clock,
    ) -> Self {
        let (room, rooms) = queup::connect(room);
        let (client, gateway) = discord::connect(bot.cache(CacheLimits::new()));
        let (pool, nodes) = music::connect(&client, nodes);
        Self {
            clock,
            room,
            rooms,
            client,
            gateway,
            pool,
            nodes,
        }
    }

    /// The parts for the simulator's room, bot and nodes.
    pub fn simulated(sim: &Simulator) -> Self {
        let account = sim.queup().account();
        let room = queup::Config::new(Account::new(account.email, account.password))
            .network(sim.network())
            .clock(sim.clock())
            .rooms([ROOM]);
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
        Self::new(room, bot, nodes, sim.clock())
    }

    fn real(token: String) -> Result<Self, BoxError> {
        let account = Account::new(env::var("QUEUP_EMAIL")?, env::var("QUEUP_PASSWORD")?);
        let room = queup::Config::new(account).rooms([env::var("QUEUP_ROOM")?.as_str()]);
        let password = env::var("LAVALINK_PASSWORD")?;
        let node = NodeConfig::new("main", env::var("LAVALINK_URL")?, password);
        let bot = discord::Config::new(token, intents());
        let nodes = lavalink::Config::without_user([node]);
        Ok(Self::new(room, bot, nodes, Clock::system()))
    }
}

/// The intents of a bot that plays music and writes.
fn intents() -> Intents {
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
        let room = queup::Config::simulated(&addresses)?;
        let bot = discord::Config::simulated(&addresses)?.intents(intents());
        let nodes = NodeConfig::simulated(&addresses)?;
        let nodes = lavalink::Config::without_user(nodes).network(addresses.network());
        let parts = Parts::new(room, bot, nodes, Clock::system());
        return scene::run(app(parts)).await;
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
