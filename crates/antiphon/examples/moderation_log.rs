//! Keeps a log of edits and deletions, with the words before and after, and of bans.
//!
//! Discord's event has no former text. The cache, which follows the journal, gives the former message with the event,
//! also when the event is handled an hour later.
//!
//! `cargo run -p antiphon --example moderation_log`

use std::sync::{Arc, Mutex, PoisonError};

use antiphon::{
    App, Before, BoxError, State,
    discord::{
        CacheLimits, Client, Config, GuildBanAdd, Intents, MessageDelete, MessageDeleteBulk,
        MessageUpdate, Source, model::Message,
    },
};

mod bot_stage;

/// The log, oldest line first.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, line: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn edited(now: MessageUpdate, Before(before): Before<Message>, State(log): State<Log>) {
    let Some(before) = before else {
        return log.note(format!(
            "a message from before our time is now {:?}",
            now.content
        ));
    };
    // Discord sends an update also when it adds a link's preview.
    if now.was_sent("content") && now.content != before.content {
        let (author, was) = (&before.author.name, &before.content);
        log.note(format!("{author} edited {was:?} to {:?}", now.content));
    }
}

async fn deleted(_: MessageDelete, Before(message): Before<Message>, State(log): State<Log>) {
    log.note(match message {
        Some(message) => format!(
            "{:?} by {} was deleted",
            message.content, message.author.name
        ),
        None => "a message from before our time was deleted".to_owned(),
    });
}

async fn purged(
    gone: MessageDeleteBulk,
    Before(messages): Before<Vec<Message>>,
    State(log): State<Log>,
) {
    log.note(format!("{} messages were deleted at once:", gone.ids.len()));
    for message in messages.as_deref().into_iter().flatten() {
        log.note(format!(
            "  {:?} by {}",
            message.content, message.author.name
        ));
    }
}

async fn banned(ban: GuildBanAdd, State(log): State<Log>) {
    log.note(format!("{} was banned", ban.user.name));
}

/// The configuration: messages in the cache.
pub fn configure(config: Config) -> Config {
    config.cache(CacheLimits::new().messages_per_channel(1_000))
}

/// The intents.
pub fn intents() -> Intents {
    Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT | Intents::GUILD_MODERATION
}

/// The whole bot, and its log.
pub fn app(_client: Client, source: Source, log: Log) -> App<Log> {
    App::new(log)
        .source(source)
        .on(edited)
        .on(deleted)
        .on(purged)
        .on(banned)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let log = Log::default();
    let kept = log.clone();
    let app = |client, source| app(client, source, log);
    bot_stage::play(
        "moderation_log",
        intents(),
        configure,
        app,
        async |discord| {
            let first = discord.say(bot_stage::CHANNEL, "mira", "helo");
            bot_stage::pause().await;
            discord.edit(bot_stage::CHANNEL, first, "hello");
            let second = discord.say(bot_stage::CHANNEL, "teo", "something rude");
            bot_stage::pause().await;
            discord.delete(bot_stage::CHANNEL, second);
            discord.ban(bot_stage::GUILD, "mira", "teo");
        },
    )
    .await?;
    bot_stage::show(&kept.lines());
    Ok(())
}
