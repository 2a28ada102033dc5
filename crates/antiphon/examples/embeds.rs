//! `!now` answers with an embed, and `!card` with a layout of Discord's newer components.
//!
//! `cargo run -p antiphon --example embeds`

use antiphon::{
    App, BoxError, HandlerError, HandlerExt as _, State,
    discord::{
        Client, Intents, MessageCreate, Source,
        model::{
            ActionRow, Button, Container, Embed, EmbedAuthor, Section, Separator, TextDisplay,
            Thumbnail,
        },
    },
};

mod bot_stage;

const COVER: &str = "https://example.org/miserere.png";

async fn now(message: MessageCreate, State(client): State<Client>) -> Result<(), HandlerError> {
    let embed = Embed::new()
        .author(EmbedAuthor::new("Gregorio Allegri"))
        .title("Miserere mei, Deus")
        .description("for nine voices")
        .color(0x005F_87AF)
        .field("Key", "g minor", true)
        .field("Length", "12 min", true)
        .thumbnail(COVER)
        .footer("sung on Ash Wednesday");
    client
        .create_message(message.channel_id)
        .embeds(&[embed])
        .nonce(message.id.to_string())
        .await?;
    Ok(())
}

async fn card(message: MessageCreate, State(client): State<Client>) -> Result<(), HandlerError> {
    let texts = ["# Miserere mei, Deus", "Gregorio Allegri, for nine voices"];
    let card = Container::new()
        .accent_color(0x005F_87AF)
        .component(Section::new(texts, Thumbnail::new(COVER)))
        .component(Separator::line())
        .component(TextDisplay::new("-# sung on Ash Wednesday"))
        .component(ActionRow::new([Button::link(
            "https://example.org/score",
            "Score",
        )]));
    client
        .create_message(message.channel_id)
        .components(&[card.into()])
        .nonce(message.id.to_string())
        .await?;
    Ok(())
}

/// The whole bot.
pub fn app(client: Client, source: Source) -> App<Client> {
    App::new(client)
        .source(source)
        .on(now.when(|message| message.content == "!now"))
        .on(card.when(|message| message.content == "!card"))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    bot_stage::play(
        "embeds",
        intents,
        |config| config,
        app,
        async |discord| {
            discord.say(bot_stage::CHANNEL, "mira", "!now");
            bot_stage::pause().await;
            discord.say(bot_stage::CHANNEL, "mira", "!card");
        },
    )
    .await
}
