//! A choir with slash commands: options, choices, autocomplete, subcommands, a menu, a cooldown, a check, an error handler.
//!
//! `/sing` may be used twice a minute by each user, also over restarts, since the journal counts the uses.
//!
//! `cargo run -p antiphon --example commands_bot`

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon::{
    App, BoxError, HandlerError, State,
    commands::{
        Choice, Command, CommandExt as _, Commands, Cooldown, Failed, Focused, Invocation, Refusal,
    },
    discord::{
        Client, Intents, Source,
        model::{Message, Permissions, User},
    },
};
use antiphon_sim::discord::Discord;
use serde_json::json;

mod bot_stage;

/// The songs of the choir: the state of the app.
#[derive(Clone, Debug)]
pub struct Songs(Arc<Mutex<Vec<String>>>);

impl Songs {
    fn with<T>(&self, act: impl FnOnce(&mut Vec<String>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Sings a song
#[derive(Command)]
#[command(name_localizations("de" = "singen"), state = Songs)]
struct Sing {
    /// What to sing
    #[option(autocomplete = titles, max_length = 100)]
    song: String,
    /// How to sing it
    mood: Option<Mood>,
    /// How loud
    #[option(min = 1, max = 11)]
    volume: Option<u8>,
    /// For whom
    listener: Option<User>,
}

#[derive(Choice)]
enum Mood {
    Joyful,
    #[choice(name_localizations("de" = "Traurig"))]
    Sad,
}

async fn titles(focused: Focused, State(songs): State<Songs>) -> Vec<String> {
    let typed = focused.text().to_lowercase();
    let fits = |song: &&String| song.to_lowercase().contains(&typed);
    songs.with(|songs| songs.iter().filter(fits).cloned().collect())
}

async fn sing(sing: Invocation<Sing>, State(songs): State<Songs>) -> Result<(), HandlerError> {
    if !songs.with(|songs| songs.contains(&sing.song)) {
        Err(Refusal::new("The choir does not know this song."))?;
    }
    let mood = sing.mood.as_ref().map_or("as ever", Mood::choice_name);
    let notes = "♪".repeat(usize::from(sing.volume.unwrap_or(3)));
    let listener = sing.listener.as_ref().unwrap_or(sing.user());
    sing.reply(format!(
        "{notes} {} ({mood}), for {}",
        sing.song, listener.name
    ))
    .await?;
    Ok(())
}

/// Looks after the songs
#[derive(Command)]
#[command(contexts(Guild), default_permissions = MANAGE_GUILD)]
enum Repertoire {
    /// Adds a song
    Learn {
        /// Its title
        #[option(max_length = 100)]
        title: String,
    },
    /// Lists the songs
    List,
}

async fn repertoire(
    repertoire: Invocation<Repertoire>,
    State(songs): State<Songs>,
) -> Result<(), HandlerError> {
    let answer = match &*repertoire {
        Repertoire::Learn { title } => {
            songs.with(|songs| songs.push(title.clone()));
            format!("The choir learns {title}.")
        }
        Repertoire::List => songs.with(|songs| songs.join(", ")),
    };
    repertoire.reply(answer).ephemeral().await?;
    Ok(())
}

/// A command of a message's menu.
#[derive(Command)]
struct SetToMusic(Message);

async fn set_to_music(set: Invocation<SetToMusic>) -> Result<(), HandlerError> {
    let SetToMusic(message) = &*set;
    set.reply(format!("♪ {} ♪", message.content)).await?;
    Ok(())
}

/// What users are told where a command has no error handler of its own.
async fn told(failed: Failed) -> Result<(), HandlerError> {
    let text = match failed.cooldown() {
        Some(left) => format!("The choir rests for {} s.", left.as_secs_f32().ceil()),
        None => failed.error().text(),
    };
    failed.reply(text).ephemeral().await?;
    Ok(())
}

/// The whole bot.
pub fn app(client: &Client, source: Source, songs: &[&str]) -> App<Songs> {
    let songs = songs.iter().map(|song| (*song).to_owned()).collect();
    let minute = Duration::from_secs(60);
    let commands = Commands::new(client)
        .add(sing.cooldown(Cooldown::user(minute).uses(2)))
        .add(repertoire.permissions(Permissions::MANAGE_GUILD))
        .add(set_to_music)
        .on_error(told);
    App::new(Songs(Arc::new(Mutex::new(songs))))
        .source(source)
        .commands(commands)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    bot_stage::play(
        "commands_bot",
        Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT,
        |config| config,
        |client, source| app(&client, source, &["Miserere", "Lux aeterna"]),
        async |discord| {
            let song = json!({"song": "Miserere", "mood": "sad", "volume": 2});
            for _ in 0..3 {
                discord.command(bot_stage::CHANNEL, "mira", Discord::BOT, "sing", &song);
                bot_stage::pause().await;
            }
        },
    )
    .await
}
