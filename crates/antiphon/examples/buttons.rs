//! A poll with two buttons and a menu, whose state is in their custom ids: they work after a restart too.
//!
//! `!sing <song>` posts the poll; each press counts for its user.
//!
//! `cargo run -p antiphon --example buttons`

use antiphon::{
    App, BoxError, HandlerError, HandlerExt as _, State,
    components::{CustomId, Press, SelectOptions, no_longer_valid},
    discord::{
        Client, Intents, MessageCreate, Source,
        model::{ActionRow, Button},
    },
};

mod bot_stage;

/// State of a button: the song, which no variable has to remember.
#[derive(CustomId)]
#[custom_id("vote")]
enum Vote {
    For { song: String },
    Against { song: String },
}

#[derive(CustomId)]
#[custom_id("voice")]
struct AskVoice;

#[derive(SelectOptions, Debug)]
enum Voice {
    #[option(emoji = "🎵", description = "the high ones")]
    Alto,
    #[option(label = "Tenor or bass")]
    Low,
}

async fn ask(message: MessageCreate, State(client): State<Client>) -> Result<(), HandlerError> {
    let song = message.content.trim_start_matches("!sing ").to_owned();
    let buttons = ActionRow::new([
        Button::success(Vote::For { song: song.clone() }, "Yes").emoji("👍"),
        Button::danger(Vote::Against { song: song.clone() }, "No"),
    ]);
    let voices = ActionRow::new([Voice::menu(AskVoice).placeholder("Your voice")]);
    client
        .create_message(message.channel_id)
        .content(&format!("Do we sing {song}?"))
        .components(&[buttons.into(), voices.into()])
        .nonce(message.id.to_string())
        .await?;
    Ok(())
}

async fn vote(press: Press<Vote>, State(client): State<Client>) -> Result<(), HandlerError> {
    let who = press.author().map_or("somebody", |user| &user.name);
    let text = match press.state() {
        Vote::For { song } => format!("{who} sings {song}."),
        Vote::Against { song } => format!("{who} does not sing {song}."),
    };
    press.reply(&client, text).await?;
    Ok(())
}

async fn voice(press: Press<AskVoice>, State(client): State<Client>) -> Result<(), HandlerError> {
    let text = match press.chosen::<Voice>().as_deref() {
        Some([Voice::Alto]) => "There are five altos.",
        _ => "You are the first one.",
    };
    press.reply(&client, text).ephemeral().await?;
    Ok(())
}

/// The whole bot.
pub fn app(client: Client, source: Source) -> App<Client> {
    App::new(client)
        .source(source)
        .on(ask.when(|message| message.content.starts_with("!sing ")))
        .on(vote)
        .on(voice)
        .fallback(no_longer_valid)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    bot_stage::play(
        "buttons",
        intents,
        |config| config,
        app,
        async |discord| {
            discord.say(bot_stage::CHANNEL, "mira", "!sing Miserere");
            bot_stage::pause().await;
            let bot = discord.account().username;
            discord.press(bot_stage::CHANNEL, "teo", &bot, "vote:for:Miserere");
            bot_stage::pause().await;
        },
    )
    .await
}
