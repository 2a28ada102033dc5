//! The program of the guide's chapter "State".

// ANCHOR: program
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon::{
    App, Before, BoxError, Event, FromRef, HandlerError, Payload as _, State,
    commands::{Command, Commands, Invocation},
    discord::{
        self, CacheLimits, Client, Config, Intents, MessageCreate, MessageUpdate, Source,
        model::Message,
    },
    journal::SqliteJournal,
    net::Addresses,
    projection::{self, Projection},
};

// ANCHOR: state
/// Parts of the bot. Handlers ask for a part, not for the whole.
#[derive(Clone, Debug, FromRef)]
pub struct Bot {
    client: Client,
    greeting: Greeting,
    words: Words,
}

/// What the bot says first; it is read from the environment, and never changes.
#[derive(Clone, Debug)]
struct Greeting(Arc<str>);
// ANCHOR_END: state

// ANCHOR: projection
/// How many messages each person wrote, kept in step with the journal.
#[derive(Clone, Debug, Default)]
struct Words(Arc<Mutex<BTreeMap<String, u64>>>);

impl Words {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Projection for Words {
    fn name(&self) -> &str {
        "words"
    }

    fn apply(&mut self, event: &Event) -> projection::Before {
        if MessageCreate::KINDS.contains(&event.kind().as_str())
            && let Ok(message) = MessageCreate::view(event)
        {
            *self
                .lock()
                .entry(message.author.name.to_string())
                .or_default() += 1;
        }
        projection::Before::NOTHING
    }

    fn save(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&*self.lock()).ok()
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), BoxError> {
        *self.lock() = serde_json::from_slice(saved)?;
        Ok(())
    }
}
// ANCHOR_END: projection

// ANCHOR: handler
/// Says who wrote how much
#[derive(Command)]
struct Score;

async fn score(
    score: Invocation<Score>,
    State(Greeting(greeting)): State<Greeting>,
    State(words): State<Words>,
) -> Result<(), HandlerError> {
    let words = words.lock().clone();
    let lines = words
        .iter()
        .map(|(name, count)| format!("\n{name}: {count}"));
    score
        .reply(format!("{greeting}{}", lines.collect::<String>()))
        .await?;
    Ok(())
}
// ANCHOR_END: handler

// ANCHOR: cache
async fn edited(
    now: MessageUpdate,
    Before(before): Before<Message>,
    event: Arc<Event>,
    State(client): State<Client>,
) -> Result<(), HandlerError> {
    let Some(before) = before.filter(|before| before.content != now.content) else {
        return Ok(());
    };
    let text = format!("{} wrote before: {}", before.author.name, before.content);
    client
        .create_message(now.channel_id)
        .content(&text)
        .nonce_of(&event)
        .await?;
    Ok(())
}
// ANCHOR_END: cache

// ANCHOR: app
pub fn configure(config: Config) -> Config {
    config.cache(CacheLimits::new().messages_per_channel(1_000))
}

pub fn app(client: Client, source: Source, greeting: &str) -> App<Bot> {
    let commands = Commands::new(&client).add(score);
    let words = Words::default();
    let bot = Bot {
        client,
        greeting: Greeting(greeting.into()),
        words: words.clone(),
    };
    App::new(bot)
        .source(source)
        .projection(words)
        .commands(commands)
        .on(edited)
}
// ANCHOR_END: app

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    let config = match Addresses::from_env()? {
        Some(simulator) => Config::simulated(&simulator)?.intents(intents),
        None => Config::new(std::env::var("DISCORD_TOKEN")?, intents),
    };
    let (client, source) = discord::connect(configure(config));
    let greeting = std::env::var("GREETING").unwrap_or_else(|_| "The score:".to_owned());
    let journal = SqliteJournal::open("state.sqlite").await?;
    app(client, source, &greeting)
        .run(journal, tokio::signal::ctrl_c())
        .await?;
    Ok(())
}
// ANCHOR_END: program

/// Runs the program, for the test.
pub fn run() -> Result<(), BoxError> {
    main()
}
