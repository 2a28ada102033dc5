//! The stage of the Discord examples: a simulated Discord, or the real one if the environment has a bot's token.
//!
//! `DISCORD_TOKEN` chooses the real Discord; the journal is then kept in `<example>.sqlite`, so that a restart goes on
//! where the last run ended, without a new session. `ANTIPHON_SIM` chooses an `antiphon sim` that runs elsewhere: it is
//! the name of the file that has its first line.

#![allow(
    dead_code,
    unused_imports,
    clippy::print_stdout,
    reason = "an example speaks to a person, and uses a part of this"
)]

use std::env;

use antiphon::{
    App, BoxError, Link,
    discord::{self, Client, Config, Intents, Source},
    net::Addresses,
};
use antiphon_sim::{Options, Simulator, discord::Discord};
pub(crate) use scene::pause;

#[path = "../scene/mod.rs"]
mod scene;

/// The channel of the simulator in which the scenes play.
pub(crate) const CHANNEL: &str = "loft";
/// The channel's guild.
pub(crate) const GUILD: &str = "choir";

/// Runs the example's app until Ctrl-C; in the simulator `scene` is played first, and the app ends after it.
pub(crate) async fn play<S>(
    example: &str,
    intents: Intents,
    configure: impl FnOnce(Config) -> Config,
    app: impl FnOnce(Client, Source) -> App<S>,
    scene: impl AsyncFnOnce(&Discord),
) -> Result<(), BoxError>
where
    S: Send + Sync + 'static,
{
    if let Some(addresses) = Addresses::from_env()? {
        let config = Config::simulated(&addresses)?.intents(intents);
        let (client, source) = discord::connect(configure(config));
        return scene::run(app(client, source)).await;
    }
    if let Ok(token) = env::var("DISCORD_TOKEN") {
        let (client, source) = discord::connect(configure(Config::new(token, intents)));
        return scene::run_kept(example, app(client, source)).await;
    }
    let simulator = Simulator::listen(&Options::new().seed(7)).await?;
    let discord = simulator.discord();
    let config = Config::new(discord.token(), intents).network(simulator.network());
    let (client, source) = discord::connect(configure(config));
    let app = app(client, source)
        .on(async |link: Link| println!("({})", link.state))
        .on(async |message: discord::MessageCreate| {
            println!("{:>10}: {}", message.author.name, message.content);
        });
    scene::play(app, async || scene(&discord).await).await
}

/// Shows the result.
pub(crate) fn show(lines: &[String]) {
    scene::show(lines.join("\n"));
}
