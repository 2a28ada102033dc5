//! The demo's bot: what its handlers share, and the handler that keeps count of every event.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon::{App, Clock, Event, State};
use tokio::time::Instant;

use super::{clients::Clients, tally::Books};
use crate::output::say;

/// The bot greets no more often, since QueUp asks bots not to talk too much.
const GREETING: Duration = Duration::from_secs(2);

/// What the handlers share.
#[derive(Clone, Debug)]
pub(crate) struct Bot {
    pub(crate) clients: Clients,
    pub(in crate::command::demo) books: Arc<Mutex<Books>>,
    counted: Arc<Mutex<Counted>>,
}

/// What the handlers have counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) up_dubs: u64,
    pub(crate) down_dubs: u64,
    pub(crate) mentions: u64,
    pub(crate) resumes: u64,
    pub(crate) moves: u64,
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
async fn measure(event: Arc<Event>, State(bot): State<Bot>) {
    let waited = Clock::system().now().duration_since(event.received_at());
    let microseconds = u64::try_from(waited.as_micros()).unwrap_or(0);
    let mut books = bot.books.lock().unwrap_or_else(PoisonError::into_inner);
    let book = books.entry(event.source().clone()).or_default();
    book.handled(&event, microseconds);
}
