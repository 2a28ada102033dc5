//! Answers `!ping` with a reply, and the slash command `/ping` with a message for its user alone.
//!
//! The reply's nonce is made of the event that it answers, so that neither a redelivery after a crash nor a repeated
//! request posts a second reply.
//!
//! `cargo run -p antiphon --example ping_bot`

use std::sync::Arc;

use antiphon::{
    App, BoxError, Event, HandlerError, HandlerExt as _, State,
    commands::{Command, Commands, Invocation},
    discord::{Client, Intents, MessageCreate, Source},
};

mod bot_stage;

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

/// Answers pong
#[derive(Command)]
struct Ping;

async fn slash_ping(ping: Invocation<Ping>) -> Result<(), HandlerError> {
    ping.reply("pong").ephemeral().await?;
    Ok(())
}

/// The whole bot.
pub fn app(client: Client, source: Source) -> App<Client> {
    let commands = Commands::new(&client).add(slash_ping);
    App::new(client)
        .source(source)
        .on(ping.when(|message| message.content == "!ping" && !message.author.bot))
        .commands(commands)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    bot_stage::play(
        "ping_bot",
        intents,
        |config| config,
        app,
        async |discord| {
            discord.say(bot_stage::CHANNEL, "mira", "!ping");
            bot_stage::pause().await;
            discord.say(bot_stage::CHANNEL, "teo", "no bot needed here");
        },
    )
    .await
}
