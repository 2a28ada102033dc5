//! The demo's bot: what its handlers share, and the handler that keeps count of every event.
//!
//! The state has three parts: the clients of the platforms, the books that the printer and the counting handler share,
//! and the figures that the last line tells. Handlers take them as `State<Bot>`, or a client alone by its `FromRef`.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon::{App, Clock, Event, State};
use tokio::time::Instant;

use super::{clients::Clients, tally::Books};
use crate::output::say;

/// The bot greets no more often, since QueUp asks bots not to talk too much.
///
/// Measured from greeting to greeting, over all rooms.
const GREETING: Duration = Duration::from_secs(2);

/// What the handlers share.
///
/// Cheap to clone: everything in it is shared.
#[derive(Clone, Debug)]
pub(crate) struct Bot {
    pub(crate) clients: Clients,
    pub(in crate::command::demo) books: Arc<Mutex<Books>>,
    counted: Arc<Mutex<Counted>>,
}

/// What the handlers have counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    /// QueUp's votes for a song.
    pub(crate) up_dubs: u64,
    /// QueUp's votes against a song.
    pub(crate) down_dubs: u64,
    /// Mentions of the bot's account on Stack Exchange.
    pub(crate) mentions: u64,
    /// Discord sessions that were resumed.
    pub(crate) resumes: u64,
    /// Players that went on at another node; none is a failure of the demo.
    pub(crate) moves: u64,
    /// When the last greeting began; absent before the first.
    pub(crate) greeted: Option<Instant>,
}

impl Counted {
    /// Whether the last greeting was long enough ago; if so, one begins now.
    pub(crate) fn is_time_to_greet(&mut self) -> bool {
        let now = Instant::now();
        let is_time = self
            .greeted
            .is_none_or(|last| now.duration_since(last) >= GREETING);
        if is_time {
            self.greeted = Some(now);
        }
        is_time
    }
}

impl Bot {
    pub(crate) fn new(clients: Clients) -> Self {
        Self {
            clients,
            books: Arc::default(),
            counted: Arc::default(),
        }
    }

    pub(crate) fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bot as an app, with neither sources nor the platforms' handlers.
pub(crate) fn app(bot: Bot) -> App<Bot> {
    App::new(bot)
        .named("demo")
        .on_raw("*", measure)
        .on_error(|failure| async move {
            say(format_args!(
                "a handler failed on {}: {}",
                failure.event.kind(),
                failure.error
            ));
        })
}

/// Notes each event, and how long it took from the socket to here.
///
/// It handles every event of every source, and is what `handled` in the summary counts. The wait is negative where the
/// clock was set back, and counts as 0 then.
async fn measure(event: Arc<Event>, State(bot): State<Bot>) {
    let waited = Clock::system().now().duration_since(event.received_at());
    let microseconds = u64::try_from(waited.as_micros()).unwrap_or(0);
    let mut books = bot.books.lock().unwrap_or_else(PoisonError::into_inner);
    let book = books.entry(event.source().clone()).or_default();
    book.handled(&event, microseconds);
}
