//! The choir's bot: a Discord server, a QueUp room and a Stack Exchange room in one program, with one journal.
//!
//! `cargo run -p antiphon --example choirbot` plays a scene in a simulator of its own; `README.md` beside this file tells
//! how to point it at `antiphon sim` and at the real platforms, and which effect is seen once over a crash.

#![allow(clippy::print_stdout, reason = "an example speaks to a person")]

use std::env;

use antiphon::{
    App, BoxError, FromRef,
    discord::{
        Client,
        model::{ChannelId, RoleId},
    },
    journal::SqliteJournal,
    net::Addresses,
    queup, stackexchange,
};

mod discord;
mod rooms;
pub(crate) mod scene;

/// What the handlers need.
#[derive(Clone, Debug, FromRef)]
pub(crate) struct Bot {
    client: Client,
    rooms: queup::Client,
    chat: stackexchange::Client,
    /// The channel that is joined to the QueUp room.
    channel: ChannelId,
    /// The role that `/join` gives.
    role: RoleId,
}

/// Runs the bot until Ctrl-C, with its journal in this file.
pub(crate) async fn run(
    simulator: Option<&Addresses>,
    channel: ChannelId,
    role: RoleId,
    journal: &str,
) -> Result<(), BoxError> {
    let (client, gateway) = discord::connect(simulator)?;
    let (rooms, queup) = rooms::queup(simulator)?;
    let (chat, stackexchange) = rooms::stackexchange(simulator)?;
    let bot = Bot {
        client: client.clone(),
        rooms,
        chat,
        channel,
        role,
    };
    let app = App::new(bot)
        .source(gateway)
        .source(queup)
        .source(stackexchange);
    let app = rooms::add(discord::add(app, &client), channel);
    app.run(SqliteJournal::open(journal).await?, ctrl_c())
        .await?;
    Ok(())
}

/// Runs the bot as the environment says; `README.md` lists the variables.
pub(crate) async fn run_as_set() -> Result<(), BoxError> {
    let simulator = Addresses::from_env()?;
    let channel = setting("CHOIR_CHANNEL")?.parse()?;
    let role = setting("CHOIR_ROLE")?.parse()?;
    let journal = env::var("CHOIR_JOURNAL").unwrap_or_else(|_| "choirbot.sqlite".to_owned());
    run(simulator.as_ref(), channel, role, &journal).await
}

/// A variable of the environment; an error names it.
pub(crate) fn setting(name: &str) -> Result<String, BoxError> {
    env::var(name).map_err(|error| format!("{name}: {error}").into())
}

async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a signal to wait for, the app runs until it is killed.
        std::future::pending::<()>().await;
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let is_set = |name| env::var_os(name).is_some();
    if is_set(Addresses::VARIABLE) || is_set("DISCORD_TOKEN") {
        run_as_set().await
    } else {
        scene::play().await
    }
}
