//! The program of the chapter "From poise", for poise 0.6; `commands.rs` is its twin.

// ANCHOR: program
use std::sync::Mutex;

use poise::serenity_prelude as serenity;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Context<'a> = poise::Context<'a, Data, Error>;

struct Data {
    songs: Mutex<Vec<String>>,
}

// ANCHOR: command
#[derive(poise::ChoiceParameter)]
enum Mood {
    Joyful,
    #[name = "Very sad"]
    Sad,
}

/// Sings a song
#[poise::command(slash_command, user_cooldown = 30, name_localized("de", "singen"))]
async fn sing(
    ctx: Context<'_>,
    #[description = "What to sing"]
    #[autocomplete = "titles"]
    #[max_length = 100]
    song: String,
    #[description = "How to sing it"] mood: Option<Mood>,
    #[description = "How many voices"]
    #[min = 1]
    #[max = 40]
    voices: Option<u8>,
    #[description = "For whom"] listener: Option<serenity::User>,
) -> Result<(), Error> {
    if !ctx.data().songs.lock().unwrap().contains(&song) {
        ctx.say("The choir does not know this song.").await?;
        return Ok(());
    }
    let mood = mood.map_or("as ever", |mood| poise::ChoiceParameter::name(&mood));
    let listener = listener.as_ref().unwrap_or(ctx.author());
    let voices = voices.unwrap_or(4);
    let text = format!(
        "♪ {song} for {voices} voices, {mood}, for {}",
        listener.name
    );
    ctx.say(text).await?;
    Ok(())
}
// ANCHOR_END: command

// ANCHOR: autocomplete
async fn titles(ctx: Context<'_>, partial: &str) -> Vec<String> {
    let typed = partial.to_lowercase();
    let songs = ctx.data().songs.lock().unwrap();
    let fits = |title: &&String| title.to_lowercase().contains(&typed);
    songs.iter().filter(fits).cloned().collect()
}
// ANCHOR_END: autocomplete

// ANCHOR: subcommands
/// Looks after the songs
#[poise::command(
    slash_command,
    guild_only,
    subcommands("learn", "list"),
    default_member_permissions = "MANAGE_GUILD",
    required_permissions = "MANAGE_GUILD"
)]
async fn repertoire(_: Context<'_>) -> Result<(), Error> {
    Ok(())
}

/// Adds a song
#[poise::command(slash_command, ephemeral)]
async fn learn(ctx: Context<'_>, #[description = "Its title"] title: String) -> Result<(), Error> {
    ctx.data().songs.lock().unwrap().push(title.clone());
    ctx.say(format!("The choir learns {title}.")).await?;
    Ok(())
}

/// Lists the songs
#[poise::command(slash_command, ephemeral)]
async fn list(ctx: Context<'_>) -> Result<(), Error> {
    let songs = ctx.data().songs.lock().unwrap().join(", ");
    ctx.say(songs).await?;
    Ok(())
}
// ANCHOR_END: subcommands

// ANCHOR: menu
#[poise::command(context_menu_command = "Set to music")]
async fn set_to_music(ctx: Context<'_>, message: serenity::Message) -> Result<(), Error> {
    ctx.say(format!("♪ {} ♪", message.content)).await?;
    Ok(())
}
// ANCHOR_END: menu

// ANCHOR: error
async fn refused(error: poise::FrameworkError<'_, Data, Error>) {
    let answered = match error {
        poise::FrameworkError::CooldownHit {
            remaining_cooldown,
            ctx,
            ..
        } => {
            let text = format!("The choir rests for {} s.", remaining_cooldown.as_secs());
            let reply = poise::CreateReply::default().content(text).ephemeral(true);
            ctx.send(reply).await.map(drop)
        }
        error => poise::builtins::on_error(error).await,
    };
    if let Err(error) = answered {
        eprintln!("{error}");
    }
}
// ANCHOR_END: error

// ANCHOR: app
#[tokio::main]
async fn main() -> Result<(), Error> {
    let titles = ["Miserere", "Lux aeterna"].map(str::to_owned);
    let songs = Mutex::new(titles.to_vec());
    let framework = poise::Framework::builder()
        .options(poise::FrameworkOptions {
            commands: vec![sing(), repertoire(), set_to_music()],
            on_error: |error| Box::pin(refused(error)),
            ..Default::default()
        })
        .setup(|ctx, _ready, framework| {
            Box::pin(async move {
                let commands = &framework.options().commands;
                poise::builtins::register_globally(ctx, commands).await?;
                Ok(Data { songs })
            })
        })
        .build();
    let intents = serenity::GatewayIntents::GUILDS;
    let mut client = serenity::ClientBuilder::new(std::env::var("DISCORD_TOKEN")?, intents)
        .framework(framework)
        .await?;
    client.start().await?;
    Ok(())
}
// ANCHOR_END: app
// ANCHOR_END: program
