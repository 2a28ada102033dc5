//! The program of the guide's chapter "Embeds and files".

// ANCHOR: program
use std::sync::Arc;

use antiphon::{
    App, BoxError, Event, HandlerError, HandlerExt as _, State,
    discord::{
        self, Client, Config, File, Intents, MessageCreate, Source,
        model::{
            ActionRow, Button, Container, Embed, FileDisplay, Section, Separator, TextDisplay,
            Thumbnail,
        },
    },
    journal::SqliteJournal,
    net::Addresses,
};

// ANCHOR: embed
async fn now(
    message: MessageCreate,
    event: Arc<Event>,
    State(client): State<Client>,
) -> Result<(), HandlerError> {
    let cover = File::new("cover.png", &b"\x89PNG"[..]).description("the first page");
    let embed = Embed::new()
        .title("Miserere mei, Deus")
        .description("for nine voices")
        .color(0x005F_87AF)
        .field("Key", "g minor", true)
        .field("Length", "12 min", true)
        .image("attachment://cover.png")
        .footer("sung on Ash Wednesday");
    client
        .create_message(message.channel_id)
        .embeds(&[embed])
        .attachments(&[cover])
        .nonce_of(&event)
        .await?;
    Ok(())
}
// ANCHOR_END: embed

// ANCHOR: layout
async fn card(
    message: MessageCreate,
    event: Arc<Event>,
    State(client): State<Client>,
) -> Result<(), HandlerError> {
    let notes = File::new("notes.txt", "g a b c\n");
    let texts = ["# Miserere mei, Deus", "Gregorio Allegri, for nine voices"];
    let picture = Thumbnail::new("https://example.org/miserere.png");
    let score = Button::link("https://example.org/score", "Score");
    let card = Container::new()
        .accent_color(0x005F_87AF)
        .component(Section::new(texts, picture))
        .component(Separator::line())
        .component(TextDisplay::new("-# sung on Ash Wednesday"))
        .component(FileDisplay::attachment("notes.txt"))
        .component(ActionRow::new([score]));
    client
        .create_message(message.channel_id)
        .components(&[card.into()])
        .attachments(&[notes])
        .nonce_of(&event)
        .await?;
    Ok(())
}
// ANCHOR_END: layout

// ANCHOR: download
async fn count(
    message: MessageCreate,
    event: Arc<Event>,
    State(client): State<Client>,
) -> Result<(), HandlerError> {
    let original = message.referenced_message.as_ref();
    let Some(file) = original.and_then(|original| original.attachments.first()) else {
        return Ok(());
    };
    let bytes = client.download(file).limit(1 << 20).await?;
    let lines = String::from_utf8_lossy(&bytes).lines().count();
    let text = format!("{} has {lines} lines.", file.filename);
    client
        .create_message(message.channel_id)
        .content(&text)
        .nonce_of(&event)
        .await?;
    Ok(())
}
// ANCHOR_END: download

pub fn app(client: Client, source: Source) -> App<Client> {
    App::new(client)
        .source(source)
        .on(now.when(|message| message.content == "!now"))
        .on(card.when(|message| message.content == "!card"))
        .on(count.when(|message| message.content == "!count"))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    let config = match Addresses::from_env()? {
        Some(simulator) => Config::simulated(&simulator)?.intents(intents),
        None => Config::new(std::env::var("DISCORD_TOKEN")?, intents),
    };
    let (client, source) = discord::connect(config);
    let journal = SqliteJournal::open("files.sqlite").await?;
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
