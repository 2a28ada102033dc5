//! Takes down messages with words that the room does not want, warns their author, and mutes at the third.
//! Deletions are logged with their author and text: the cache gives the message with the event.
//!
//! Strikes are keyed by the message's origin, so that a message handled twice is one strike.
//!
//! `cargo run -p antiphon --example moderation_bot`

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use antiphon::{
    App, Before, BoxError, Event, FromRef, HandlerError, HandlerExt, Origin, State,
    queup::{Chat, ChatDelete, Client, Message, RoomId, Source, UserId, view::Chat as ChatView},
};

mod stage;

/// Words that the room does not want.
const UNWANTED: [&str; 2] = ["spam", "buy now"];
/// Number of such messages after which their author is muted.
const LAST_STRIKE: usize = 3;

/// Deleted messages: those with such words by room and author, and all of them as a log.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    strikes: HashMap<(RoomId, UserId), HashSet<Origin>>,
    deleted: Vec<String>,
}

impl Log {
    /// Notes a strike; returns the author's number of strikes.
    fn strike(&self, room: &RoomId, user: &UserId, message: &Origin) -> usize {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let strikes = book
            .strikes
            .entry((room.clone(), user.clone()))
            .or_default();
        strikes.insert(message.clone());
        strikes.len()
    }

    fn deleted(&self, line: String) {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        book.deleted.push(line);
    }

    /// The deletions so far, oldest first.
    pub fn lines(&self) -> Vec<String> {
        let book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        book.deleted.clone()
    }
}

/// The state of the handlers.
#[derive(Debug)]
pub struct Bot {
    client: Client,
    log: Log,
}

impl FromRef<Bot> for Client {
    fn from_ref(bot: &Bot) -> Self {
        bot.client.clone()
    }
}

impl FromRef<Bot> for Log {
    fn from_ref(bot: &Bot) -> Self {
        bot.log.clone()
    }
}

fn is_unwanted(chat: &ChatView<'_>) -> bool {
    let text = chat.content.to_lowercase();
    UNWANTED.iter().any(|word| text.contains(word))
}

async fn take_down(
    chat: Chat,
    event: Arc<Event>,
    State(client): State<Client>,
    State(log): State<Log>,
) -> Result<(), HandlerError> {
    let author = &chat.author;
    let is_own = client.me().is_some_and(|me| me.id == author.id);
    let Some(room) = client.room(&chat.room).filter(|_| !is_own) else {
        return Ok(());
    };
    room.delete_message(&chat.id).await?;
    let strikes = log.strike(&chat.room, &author.id, event.origin());
    if strikes >= LAST_STRIKE {
        room.mute(&author.id).await?;
        room.send_message(&format!("{} is muted.", author.username))
            .await?;
    } else {
        let warning = format!(
            "{}, not here please ({strikes} of {LAST_STRIKE}).",
            author.username
        );
        room.send_message(&warning).await?;
    }
    Ok(())
}

async fn keep_log(gone: ChatDelete, Before(message): Before<Message>, State(log): State<Log>) {
    let was = message.map_or_else(
        || "a message from before our time".to_owned(),
        |message| {
            format!(
                "\u{201c}{}\u{201d} by {}",
                message.content, message.author.username
            )
        },
    );
    log.deleted(format!("{} deleted {was}", gone.deleted_by.username));
}

/// The whole bot, and its log.
pub fn app(client: Client, source: Source, log: Log) -> App<Bot> {
    App::new(Bot { client, log })
        .source(source)
        .on(take_down.when(is_unwanted))
        .on(keep_log)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let log = Log::default();
    let kept = log.clone();
    stage::play(
        "moderation_bot",
        |client, source| app(client, source, log),
        async |simulator| {
            let room = simulator.queup().room(stage::ROOM);
            for text in ["hello", "SPAM for all", "Buy now!", "more spam"] {
                room.say("jon", text);
                stage::pause().await;
            }
        },
    )
    .await?;
    #[expect(clippy::print_stdout, reason = "an example speaks to a person")]
    for line in kept.lines() {
        println!("{line}");
    }
    Ok(())
}
