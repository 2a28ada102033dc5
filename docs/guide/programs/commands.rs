//! The program of the guide's chapter "Commands".

// ANCHOR: program
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
        self, Client, Config, Intents, Source,
        model::{Message, Permissions, User},
    },
    journal::SqliteJournal,
    net::Addresses,
};

/// The titles that the choir knows.
#[derive(Clone, Debug)]
pub struct Songs(Arc<Mutex<Vec<String>>>);

impl Songs {
    fn with<T>(&self, act: impl FnOnce(&mut Vec<String>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

// ANCHOR: command
/// Sings a song
#[derive(Command)]
#[command(state = Songs, name_localizations("de" = "singen"))]
struct Sing {
    /// What to sing
    #[option(autocomplete = titles, max_length = 100)]
    song: String,
    /// How to sing it
    mood: Option<Mood>,
    /// How many voices
    #[option(min = 1, max = 40)]
    voices: Option<u8>,
    /// For whom
    listener: Option<User>,
}

#[derive(Choice)]
enum Mood {
    Joyful,
    #[choice(name = "Very sad")]
    Sad,
}
// ANCHOR_END: command

// ANCHOR: handler
async fn sing(sing: Invocation<Sing>, State(songs): State<Songs>) -> Result<(), HandlerError> {
    if !songs.with(|songs| songs.contains(&sing.song)) {
        Err(Refusal::new("The choir does not know this song."))?;
    }
    let mood = sing.mood.as_ref().map_or("as ever", Mood::choice_name);
    let listener = sing.listener.as_ref().unwrap_or(sing.user());
    let (song, voices) = (&sing.song, sing.voices.unwrap_or(4));
    let text = format!(
        "♪ {song} for {voices} voices, {mood}, for {}",
        listener.name
    );
    sing.reply(text).await?;
    Ok(())
}
// ANCHOR_END: handler

// ANCHOR: autocomplete
async fn titles(focused: Focused, State(songs): State<Songs>) -> Vec<String> {
    let typed = focused.text().to_lowercase();
    let fits = |title: &&String| title.to_lowercase().contains(&typed);
    songs.with(|songs| songs.iter().filter(fits).cloned().collect())
}
// ANCHOR_END: autocomplete

// ANCHOR: subcommands
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
// ANCHOR_END: subcommands

// ANCHOR: menu
/// The entry "Set to music" in the menu of a message.
#[derive(Command)]
struct SetToMusic(Message);

async fn set_to_music(set: Invocation<SetToMusic>) -> Result<(), HandlerError> {
    let SetToMusic(message) = &*set;
    set.reply(format!("♪ {} ♪", message.content)).await?;
    Ok(())
}
// ANCHOR_END: menu

// ANCHOR: error
async fn refused(failed: Failed) -> Result<(), HandlerError> {
    let text = match failed.cooldown() {
        Some(left) => format!("The choir rests for {} s.", left.as_secs_f32().ceil()),
        None => failed.error().text(),
    };
    failed.reply(text).ephemeral().await?;
    Ok(())
}
// ANCHOR_END: error

// ANCHOR: app
pub fn app(client: Client, source: Source) -> App<Songs> {
    let titles = ["Miserere", "Lux aeterna"].map(str::to_owned);
    let minute = Duration::from_secs(60);
    let commands = Commands::new(&client)
        .add(sing.cooldown(Cooldown::user(minute).uses(2)))
        .add(repertoire.permissions(Permissions::MANAGE_GUILD))
        .add(set_to_music)
        .on_error(refused);
    App::new(Songs(Arc::new(Mutex::new(titles.to_vec()))))
        .source(source)
        .commands(commands)
}
// ANCHOR_END: app

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let config = match Addresses::from_env()? {
        Some(simulator) => Config::simulated(&simulator)?.intents(Intents::GUILDS),
        None => Config::new(std::env::var("DISCORD_TOKEN")?, Intents::GUILDS),
    };
    let (client, source) = discord::connect(config);
    let journal = SqliteJournal::open("commands.sqlite").await?;
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
