//! Watches users who come and go, and their games.
//!
//! Presences are worthless after their moment, so the journal keeps them for minutes only; the notes stay.
//!
//! `cargo run -p antiphon --example presence_watcher`

use std::sync::{Arc, Mutex, PoisonError};

use antiphon::{
    App, Before, BoxError, FromRef, State,
    discord::{
        CacheLimits, Client, Config, Intents, PresenceUpdate, Source,
        model::{ActivityType, Presence, Status},
    },
};

mod bot_stage;

/// The notes, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn note(&self, line: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    /// The notes so far.
    pub fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The state of the handlers.
#[derive(Debug)]
pub struct Bot {
    client: Client,
    seen: Seen,
}

impl FromRef<Bot> for Client {
    fn from_ref(bot: &Bot) -> Self {
        bot.client.clone()
    }
}

impl FromRef<Bot> for Seen {
    fn from_ref(bot: &Bot) -> Self {
        bot.seen.clone()
    }
}

async fn watch(
    now: PresenceUpdate,
    Before(before): Before<Presence>,
    State(client): State<Client>,
    State(seen): State<Seen>,
) {
    let user = now.user.id;
    // Discord's update may have the user's id only; the cache has the name.
    let who = client
        .cache()
        .user(user)
        .map_or_else(|| user.to_string(), |user| user.name.clone());
    let was = before.map_or(Status::Offline, |before| before.status.clone());
    if was != now.status {
        seen.note(match &now.status {
            Status::Offline | Status::Invisible => format!("{who} went"),
            Status::Online if was == Status::Offline => format!("{who} came"),
            status => format!("{who} is {status:?}"),
        });
    }
    for game in now.activities_of(ActivityType::Playing) {
        seen.note(format!("{who} plays {}", game.name));
    }
}

/// The configuration: a cache, which has names and former presences.
pub fn configure(config: Config) -> Config {
    config.cache(CacheLimits::new())
}

/// The intents; the last two must be switched on for the application.
pub fn intents() -> Intents {
    Intents::GUILDS | Intents::GUILD_MEMBERS | Intents::GUILD_PRESENCES
}

/// The whole bot, and its notes.
pub fn app(client: Client, source: Source, seen: Seen) -> App<Bot> {
    App::new(Bot { client, seen }).source(source).on(watch)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let seen = Seen::default();
    let kept = seen.clone();
    let app = |client, source| app(client, source, seen);
    bot_stage::play(
        "presence_watcher",
        intents(),
        configure,
        app,
        async |discord| {
            discord.appear(bot_stage::GUILD, "mira", "online", None);
            bot_stage::pause().await;
            discord.appear(bot_stage::GUILD, "mira", "online", Some("Choir Hero"));
            bot_stage::pause().await;
            discord.appear(bot_stage::GUILD, "mira", "offline", None);
        },
    )
    .await?;
    bot_stage::show(&kept.lines());
    Ok(())
}
