//! The program of the guide's chapter "A first bot".

// ANCHOR: program
use std::sync::Arc;

use antiphon::{
    App, BoxError, Event, HandlerError, HandlerExt as _, State,
    discord::{self, Client, Config, Intents, MessageCreate, Source},
    journal::SqliteJournal,
    net::Addresses,
};

// ANCHOR: ping
async fn ping(
    message: MessageCreate,
    event: Arc<Event>,
    State(client): State<Client>,
) -> Result<(), HandlerError> {
    client
        .create_message(message.channel_id)
        .content("pong")
        .reply(message.id)
        .nonce_of(&event)
        .await?;
    Ok(())
}
// ANCHOR_END: ping

// ANCHOR: app
pub fn app(client: Client, source: Source) -> App<Client> {
    App::new(client)
        .source(source)
        .on(ping.when(|message| message.content == "!ping"))
}
// ANCHOR_END: app

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    let config = match Addresses::from_env()? {
        Some(simulator) => Config::simulated(&simulator)?.intents(intents),
        None => Config::new(std::env::var("DISCORD_TOKEN")?, intents),
    };
    let (client, source) = discord::connect(config);
    let journal = SqliteJournal::open("bot.sqlite").await?;
    app(client, source)
        .run(journal, tokio::signal::ctrl_c())
        .await?;
    Ok(())
}
// ANCHOR_END: program

/// Runs the program, for the test.
pub fn run() -> Result<(), BoxError> {
    main()
}
