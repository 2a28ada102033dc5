//! The program of the guide's chapter "Going live".

// ANCHOR: program
use std::{sync::Arc, time::Duration};

use antiphon::{
    App, BoxError, Event, Gap, HandlerError, HandlerExt as _, KindPattern, Link, LinkState,
    RunError, State,
    discord::{self, Client, Config, Intents, MessageCreate, Source},
    journal::{Durability, Options, Retention, SqliteJournal},
    net::Addresses,
};

async fn ping(
    message: MessageCreate,
    event: Arc<Event>,
    State(client): State<Client>,
) -> Result<(), HandlerError> {
    let post = client.create_message(message.channel_id).content("pong");
    post.nonce_of(&event).await?;
    Ok(())
}

// ANCHOR: watch
/// Tells the operator of each change of a connection.
async fn link(link: Link) {
    eprintln!("{}", link.state);
    if let LinkState::Stopped {
        hint: Some(hint), ..
    } = &link.state
    {
        eprintln!("hint: {hint}");
    }
}

/// Tells the operator what could not be had.
async fn gap(gap: Gap, event: Arc<Event>) {
    eprintln!("missed events in {}: {}", event.place(), gap.cause);
}
// ANCHOR_END: watch

// ANCHOR: app
pub fn app(client: Client, source: Source) -> App<Client> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let keep = Retention {
        keep: Some(90 * DAY),
        rules: vec![(KindPattern::new("discord.VOICE_*"), 7 * DAY)],
        ..Retention::default()
    };
    App::new(client)
        .source(source)
        .on(ping.when(|message| message.content == "!ping"))
        .on(link)
        .on(gap)
        .retention(keep)
        .grace(Duration::from_secs(20))
}
// ANCHOR_END: app

// ANCHOR: stop
/// Ends with Ctrl-C, and with the signal that service managers send.
async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
// ANCHOR_END: stop

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    let config = match Addresses::from_env()? {
        Some(simulator) => Config::simulated(&simulator)?.intents(intents),
        None => Config::new(std::env::var("DISCORD_TOKEN")?, intents),
    };
    let (client, source) = discord::connect(config);
    let options = Options::default().durability(Durability::Power);
    let journal = SqliteJournal::open_with("live.sqlite", options).await?;
    let ended = app(client, source).run(journal, asked_to_stop()).await;
    if let Err(RunError::Source(error)) = &ended {
        // The platform refuses the account: to start again changes nothing.
        eprintln!("{error}; {}", error.way_out().unwrap_or("no hint"));
        std::process::exit(3);
    }
    Ok(ended?)
}
// ANCHOR_END: program

/// Runs the program, for the test.
pub fn run() -> Result<(), BoxError> {
    main()
}
