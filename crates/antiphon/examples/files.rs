//! `!score` answers with a file, its picture in an embed, and the same file inside a layout.
//!
//! `cargo run -p antiphon --example files`

use antiphon::{
    App, BoxError, HandlerError, HandlerExt as _, State,
    discord::{
        Client, File, Intents, MessageCreate, Source,
        model::{Container, Embed, FileDisplay, TextDisplay},
    },
};

mod bot_stage;

async fn score(message: MessageCreate, State(client): State<Client>) -> Result<(), HandlerError> {
    let cover = File::new("cover.png", &b"\x89PNG"[..]).description("the first page");
    let embed = Embed::new()
        .title("Miserere")
        .image("attachment://cover.png");
    client
        .create_message(message.channel_id)
        .embeds(&[embed])
        .attachments(&[cover])
        .nonce(format!("{}a", message.id))
        .await?;

    let notes = File::new("notes.txt", "g a b c\n");
    let card = Container::new()
        .component(TextDisplay::new("The notes:"))
        .component(FileDisplay::attachment("notes.txt"));
    client
        .create_message(message.channel_id)
        .components(&[card.into()])
        .attachments(&[notes])
        .nonce(format!("{}b", message.id))
        .await?;
    Ok(())
}

/// The whole bot.
pub fn app(client: Client, source: Source) -> App<Client> {
    App::new(client)
        .source(source)
        .on(score.when(|message| message.content == "!score"))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    bot_stage::play(
        "files",
        intents,
        |config| config,
        app,
        async |discord| {
            discord.say(bot_stage::CHANNEL, "mira", "!score");
            bot_stage::pause().await;
        },
    )
    .await
}
