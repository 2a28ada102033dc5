//! The program of the guide's chapter "Errors and redelivery".

// ANCHOR: program
use std::{sync::Arc, time::Duration};

use antiphon::{
    App, BoxError, Delivery, Event, HandlerError, HandlerExt as _, Retry, State,
    discord::{self, Client, Config, Intents, MessageCreate, Source},
    journal::SqliteJournal,
    net::Addresses,
};

// ANCHOR: permanent
/// Reads a number: an error here will be the same tomorrow, so it is not tried again.
async fn double(
    message: MessageCreate,
    event: Arc<Event>,
    State(client): State<Client>,
) -> Result<(), HandlerError> {
    let number: i64 = message.content.trim_start_matches("!double ").parse()?;
    let text = number.saturating_mul(2).to_string();
    client
        .create_message(message.channel_id)
        .content(&text)
        .nonce_of(&event)
        .await?;
    Ok(())
}
// ANCHOR_END: permanent

// ANCHOR: retry
/// Asks something that may be busy; the call is made up to five times.
async fn ring(
    message: MessageCreate,
    event: Arc<Event>,
    delivery: Delivery,
    State(client): State<Client>,
) -> Result<(), HandlerError> {
    let bells = bells(delivery.attempt).map_err(Retry::new)?;
    client
        .create_message(message.channel_id)
        .content(bells)
        .nonce_of(&event)
        .await?;
    Ok(())
}

/// Stands for a service of your own, which answers at the third try.
fn bells(attempt: u32) -> Result<&'static str, &'static str> {
    if attempt < 3 {
        Err("the ringers are not here yet")
    } else {
        Ok("🔔")
    }
}
// ANCHOR_END: retry

// ANCHOR: once
/// Pins a message, says so, and writes in the journal of the choir.
async fn remember(
    message: MessageCreate,
    event: Arc<Event>,
    delivery: Delivery,
    State(client): State<Client>,
) -> Result<(), HandlerError> {
    // Setting a state is safe: a second time it is what it was.
    client.create_pin(message.channel_id, message.id).await?;
    // A message of Discord is safe with a nonce of its event: a second time Discord gives the first one back.
    client
        .create_message(message.channel_id)
        .content("It will be remembered.")
        .nonce_of(&event)
        .await?;
    // Nothing else is. Here a second line is worse than a missing one, so it is left out if there may be a first.
    if !delivery.redelivered {
        println!("{}: {}", message.author.name, message.content);
    }
    Ok(())
}
// ANCHOR_END: once

pub fn app(client: Client, source: Source) -> App<Client> {
    App::new(client)
        .source(source)
        .on(double.when(|message| message.content.starts_with("!double ")))
        .on(ring
            .attempts(5)
            .deadline(Duration::from_secs(30))
            .when(|message| message.content == "!ring"))
        .on(remember.when(|message| message.content.starts_with("!remember ")))
        .on_error(async |failure| {
            eprintln!("{} gave up: {}", failure.handler, failure.error);
        })
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    let config = match Addresses::from_env()? {
        Some(simulator) => Config::simulated(&simulator)?.intents(intents),
        None => Config::new(std::env::var("DISCORD_TOKEN")?, intents),
    };
    let (client, source) = discord::connect(config);
    let journal = SqliteJournal::open("errors.sqlite").await?;
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
