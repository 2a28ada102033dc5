//! The stage of the QueUp examples: a simulated room, or a real one if the environment names an account.
//!
//! `QUEUP_EMAIL`, `QUEUP_PASSWORD` and `QUEUP_ROOM` choose the real QueUp; the journal is then kept in
//! `<example>.sqlite`, so that a restart goes on where the last run ended. `ANTIPHON_SIM` chooses an `antiphon sim` that
//! runs elsewhere: it is the name of the file that has its first line.

#![allow(clippy::print_stdout, reason = "an example speaks to a person")]

use std::{env, time::Duration};

use antiphon::{
    App, BoxError, Link, LinkState,
    journal::{MemoryJournal, SqliteJournal},
    net::Addresses,
    queup::{self, Account, Client, Config, Source},
};
use antiphon_sim::{Options, Simulator};
use tokio::time::sleep;

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
        app(client, source)
            .run(MemoryJournal::new(), ctrl_c())
            .await?;
        return Ok(());
    }
    if let (Ok(email), Ok(password), Ok(room)) = (
        env::var("QUEUP_EMAIL"),
        env::var("QUEUP_PASSWORD"),
        env::var("QUEUP_ROOM"),
    ) {
        let config = Config::new(Account::new(email, password)).rooms([room.as_str()]);
        let (client, source) = queup::connect(config);
        let journal = SqliteJournal::open(format!("{example}.sqlite")).await?;
        app(client, source).run(journal, ctrl_c()).await?;
        return Ok(());
    }
    let simulator = Simulator::listen(&Options::new().seed(7)).await?;
    let bot = simulator.queup().account();
    let config = Config::new(Account::new(bot.email, bot.password))
        .network(simulator.network())
        .rooms([ROOM]);
    let (client, source) = queup::connect(config);
    let app = app(client, source)
        .on(async |link: Link| show(&link.state))
        .on(async |chat: queup::Chat| {
            println!("{:>10}: {}", chat.author.username, chat.content);
        });
    let link = app.handle();
    let running = app.run(MemoryJournal::new(), ctrl_c());
    let play = async {
        while !link.links().iter().any(|(_, link)| link.is_connected()) {
            sleep(Duration::from_millis(20)).await;
        }
        pause().await;
        scene(&simulator).await;
        pause().await;
        link.stop();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = running => ended?,
        () = play => {}
    }
    Ok(())
}

/// The room of the simulator in which the scenes play.
pub(crate) const ROOM: &str = "choir-loft";

/// Waits until a person has read a line.
pub(crate) async fn pause() {
    sleep(Duration::from_millis(700)).await;
}

fn show(link: &LinkState) {
    println!("({link})");
}

async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a signal to wait for, the app runs until it is killed.
        std::future::pending::<()>().await;
    }
}
