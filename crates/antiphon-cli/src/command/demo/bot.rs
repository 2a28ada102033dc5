//! The demo's bot: handlers as anyone would write them, and one that keeps count.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon::{
    App, Clock, Event, HandlerError, State, Takes as _, discord,
    lavalink::{self, TrackSource},
    queup, stackexchange,
};
use tokio::time::Instant;

use super::{
    act::{SONG, Stalls},
    tally::Books,
};
use crate::output::say;

/// The greeter speaks no more often, since QueUp asks bots not to talk too much.
const GREETING: Duration = Duration::from_secs(2);

/// What the handlers hold.
#[derive(Clone, Debug)]
pub(super) struct Choir {
    pub(super) discord: discord::Client,
    pub(super) pool: lavalink::Pool,
    /// Where music is played.
    pub(super) stalls: Stalls,
    pub(super) queup: queup::Client,
    pub(super) chat: stackexchange::Client,
    pub(super) seen: Arc<Mutex<Seen>>,
    pub(super) books: Arc<Mutex<Books>>,
}

/// What the handlers have seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) up_dubs: u64,
    pub(super) down_dubs: u64,
    pub(super) mentions: u64,
    pub(super) resumes: u64,
    pub(super) moves: u64,
    greeted: Option<Instant>,
}

impl Choir {
    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_time_to_greet(&self) -> bool {
        let now = Instant::now();
        let mut seen = self.seen();
        let is_time = seen
            .greeted
            .is_none_or(|last| now.duration_since(last) >= GREETING);
        if is_time {
            seen.greeted = Some(now);
        }
        is_time
    }
}

/// The bot as an app, still without a source.
pub(super) fn app(choir: Choir) -> App<Choir> {
    App::new(choir)
        .named("demo")
        .on_raw("*", measure)
        .on(pong.when(|chat| chat.content == "!ping"))
        .on(greet)
        .on(count_dubs)
        .on(answer.when(|mention| mention.content.contains("!ping")))
        .on(count_mentions)
        .on(reply.when(|message| message.content == "!ping"))
        .on(play.when(|message| message.content == "!play"))
        .on(count_resumes)
        .on(count_moves)
        .on_error(|failure| async move {
            say(format_args!(
                "a handler failed on {}: {}",
                failure.event.kind(),
                failure.error
            ));
        })
}

/// Notes each event, and how long it took from the socket to here.
async fn measure(event: Arc<Event>, State(choir): State<Choir>) {
    let waited = Clock::system().now().duration_since(event.received_at());
    let microseconds = u64::try_from(waited.as_micros()).unwrap_or(0);
    let mut books = choir.books.lock().unwrap_or_else(PoisonError::into_inner);
    let book = books.entry(event.source().clone()).or_default();
    book.handled(&event, microseconds);
}

/// Answers in the room where somebody asked.
async fn pong(chat: queup::Chat, State(choir): State<Choir>) -> Result<(), HandlerError> {
    if let Some(room) = choir.queup.room(&chat.room) {
        room.send_message("pong").await?;
    }
    Ok(())
}

/// Greets who comes in, every now and then.
async fn greet(joined: queup::MemberJoin, State(choir): State<Choir>) -> Result<(), HandlerError> {
    let is_own = choir.queup.me().is_some_and(|me| me.id == joined.user.id);
    if is_own || !choir.is_time_to_greet() {
        return Ok(());
    }
    if let Some(room) = choir.queup.room(&joined.room) {
        let welcome = format!("welcome, {}!", joined.user.username);
        room.send_message(&welcome).await?;
    }
    Ok(())
}

/// Counts what the room thinks of its songs.
async fn count_dubs(dub: queup::Dub, State(choir): State<Choir>) {
    match dub.dubtype {
        queup::DubType::UpDub => choir.seen().up_dubs += 1,
        queup::DubType::DownDub => choir.seen().down_dubs += 1,
        _ => {}
    }
}

/// Replies to whoever asks the bot by name; the message itself, which comes beside the mention, is left alone.
async fn answer(
    mention: stackexchange::MentionEvent,
    State(choir): State<Choir>,
) -> Result<(), HandlerError> {
    let room = choir.chat.room(mention.room_id);
    room.reply(mention.message_id, "pong").await?;
    Ok(())
}

/// Counts how often the bot is spoken of.
async fn count_mentions(_: stackexchange::MentionEvent, State(choir): State<Choir>) {
    choir.seen().mentions += 1;
}

/// Answers in the channel where somebody asked.
async fn reply(
    message: discord::MessageCreate,
    State(choir): State<Choir>,
) -> Result<(), HandlerError> {
    let channel = message.channel_id;
    choir
        .discord
        .create_message(channel)
        .content("pong")
        .await?;
    Ok(())
}

/// Counts how often the Gateway's session was taken up again.
async fn count_resumes(_: discord::ShardResume, State(choir): State<Choir>) {
    choir.seen().resumes += 1;
}

/// Enters every voice channel and plays there, where nothing plays yet.
async fn play(_: discord::MessageCreate, State(choir): State<Choir>) -> Result<(), HandlerError> {
    for (guild, channel) in choir.stalls {
        if choir.pool.player(guild).is_some() {
            continue;
        }
        let player = choir.pool.player_in(guild);
        player.connect(channel).await?;
        let found = choir.pool.search(SONG, &TrackSource::YouTube).await?;
        if let Some(song) = found.tracks().first() {
            player.play(song.clone()).await?;
        }
    }
    Ok(())
}

/// Counts the players that went on at another node.
async fn count_moves(_: lavalink::PlayerMigrated, State(choir): State<Choir>) {
    choir.seen().moves += 1;
}
