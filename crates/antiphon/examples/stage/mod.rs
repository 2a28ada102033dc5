//! The stage of the QueUp examples: a simulated room, or a real one if the environment names an account.
//!
//! `QUEUP_EMAIL`, `QUEUP_PASSWORD` and `QUEUP_ROOM` choose the real QueUp; the journal is then kept in
//! `<example>.sqlite`, so that a restart goes on where the last run ended. `ANTIPHON_SIM` chooses an `antiphon sim` that
//! runs elsewhere: it is the name of the file that has its first line.

#![allow(
    unused_imports,
    clippy::print_stdout,
    reason = "an example speaks to a person, and uses a part of this"
)]

use std::env;

use antiphon::{
    App, BoxError, Link,
    net::Addresses,
    queup::{self, Account, Client, Config, Source},
};
use antiphon_sim::{Options, Simulator};
pub(crate) use scene::pause;

#[path = "../scene/mod.rs"]
mod scene;

/// Runs the example's app until Ctrl-C; in the simulator `scene` is played first, and the app ends after it.
pub(crate) async fn play<S>(
    example: &str,
    app: impl FnOnce(Client, Source) -> App<S>,
    scene: impl AsyncFnOnce(&Simulator),
) -> Result<(), BoxError>
where
    S: Send + Sync + 'static,
{
    if let Some(addresses) = Addresses::from_env()? {
        let (client, source) = queup::connect(Config::simulated(&addresses)?);
        return scene::run(app(client, source)).await;
    }
    if let (Ok(email), Ok(password), Ok(room)) = (
        env::var("QUEUP_EMAIL"),
        env::var("QUEUP_PASSWORD"),
        env::var("QUEUP_ROOM"),
    ) {
        let config = Config::new(Account::new(email, password)).rooms([room.as_str()]);
        let (client, source) = queup::connect(config);
        return scene::run_kept(example, app(client, source)).await;
    }
    let simulator = Simulator::listen(&Options::new().seed(7)).await?;
    let bot = simulator.queup().account();
    let config = Config::new(Account::new(bot.email, bot.password))
        .network(simulator.network())
        .rooms([ROOM]);
    let (client, source) = queup::connect(config);
    let app = app(client, source)
        .on(async |link: Link| println!("({})", link.state))
        .on(async |chat: queup::Chat| {
            println!("{:>10}: {}", chat.author.username, chat.content);
        });
    scene::play(app, async || scene(&simulator).await).await
}

/// The room of the simulator in which the scenes play.
pub(crate) const ROOM: &str = "choir-loft";
