#![doc = include_str!("../README.md")]

mod app;
mod asks;
#[cfg(feature = "discord")]
pub mod commands;
mod consumer;
mod context;
mod dispatcher;
mod erase;
mod error;
mod extract;
mod followers;
mod handle;
mod handler;
mod ingest;
mod keeper;
mod keys;
mod lanes;
mod membership;
mod metric;
mod pace;
mod parts;
mod pulse;
mod record;
mod relay;
mod restore;
mod rules;
mod runner;
mod running;
mod share;
mod sources;
mod status;
mod table;
mod tail;
mod timing;
mod watchers;
mod workers;

#[cfg(feature = "discord")]
pub mod components;
pub mod testing;

/// Bounds that `#[debug_handler]` checks.
#[doc(hidden)]
pub mod __private {
    pub use crate::handler::ByValue;
}

/// The journal's backends, in memory and in an SQLite file.
///
/// A journal is what an app runs on, and what any program reads the past from. Consumers are independent: a second app
/// with another name reads the same events from wherever it wants to begin.
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use antiphon::{App, Event, Position, State, journal::{Journal, MemoryJournal}, testing::{TestApp, script}};
///
/// /// The kinds that a consumer has seen.
/// type Seen = Arc<Mutex<Vec<String>>>;
///
/// async fn note(event: Event, State(seen): State<Seen>) {
///     seen.lock().expect("no panic").push(event.kind().to_string());
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = Arc::new(MemoryJournal::new());
/// let (choir, source) = script("choir");
/// let app = TestApp::start(App::new(()).source(source), Arc::clone(&journal)).await;
/// choir.say("room/loft", "kyrie").await?;
/// choir.event("test.left", "room/loft", "{}").await?;
/// app.settle().await;
/// app.stop().await?;
///
/// // Read the past: pages in the order of positions, whoever handled them.
/// let page = journal.read(Position::ZERO, 100).await?;
/// assert_eq!(page[0].parse::<serde_json::Value>()?["message"], "kyrie");
///
/// // Replay it: a consumer that the journal does not know yet begins with its first event.
/// let seen = Seen::default();
/// let audit = App::new(Arc::clone(&seen)).named("audit").from_start().on(note);
/// let audit = TestApp::start(audit, journal).await;
/// audit.settle().await;
/// audit.stop().await?;
/// assert_eq!(*seen.lock().expect("no panic"), ["test.said", "test.left"]);
/// # Ok(())
/// # }
/// ```
///
/// In production the journal is a file (`SqliteJournal`, feature `sqlite`); one process appends to it, and others
/// read it beside that (`SqliteJournal::read_only`).
pub mod journal {
    pub use antiphon_core::{
        Batch, Claim, ClaimError, Cursor, Desk, IntoJournal, Journal, Relay, Retention, Role,
        SharedValue, SharedValues, Sweep, Trouble,
    };
    pub use antiphon_journal::*;
}

/// Erasing a person: rules, persons, and what became of them; see [`Handle::erase`].
pub mod erasure {
    pub use crate::erase::EraseError;
    pub use antiphon_core::{Erased, Person, Repack, Rule, StateVerdict, Verdict};
}

/// Caches and observers that follow the journal.
///
/// A projection is a picture of the platform that is made from events alone. The head applies every event to it before
/// any handler sees the event, saves it every ten seconds and at a stop, and brings it up to date at the next start. A
/// tap observes and keeps nothing.
///
/// ```
/// use std::{collections::HashMap, sync::{Arc, Mutex}};
///
/// use antiphon::{App, Before, BoxError, Event, HandlerError, journal::MemoryJournal, projection, testing::{TestApp, script}};
///
/// /// The last words of each room, and a handle on them for the rest of the program.
/// #[derive(Clone, Default)]
/// struct LastWords(Arc<Mutex<HashMap<String, String>>>);
///
/// impl projection::Projection for LastWords {
///     fn name(&self) -> &str {
///         "last-words"
///     }
///
///     fn apply(&mut self, event: &Event) -> projection::Before {
///         let Ok(body) = event.parse::<serde_json::Value>() else { return projection::Before::NOTHING };
///         let Some(text) = body["message"].as_str() else { return projection::Before::NOTHING };
///         let mut words = self.0.lock().expect("no panic");
///         match words.insert(event.place().to_string(), text.to_owned()) {
///             Some(before) => projection::Before::was(before),
///             None => projection::Before::NOTHING,
///         }
///     }
///
///     fn save(&self) -> Option<Vec<u8>> {
///         serde_json::to_vec(&*self.0.lock().expect("no panic")).ok()
///     }
///
///     fn restore(&mut self, saved: &[u8]) -> Result<(), BoxError> {
///         *self.0.lock().expect("no panic") = serde_json::from_slice(saved)?;
///         Ok(())
///     }
/// }
///
/// /// A handler gets what its event replaced, by the type.
/// async fn compare(event: Event, Before(before): Before<String>) -> Result<(), HandlerError> {
///     if let Some(before) = before {
///         println!("{} said `{before}` before", event.place());
///     }
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = Arc::new(MemoryJournal::new());
/// let (choir, source) = script("choir");
/// let words = LastWords::default();
/// let app = App::new(()).source(source).projection(words.clone()).on(compare);
/// let app = TestApp::start(app, Arc::clone(&journal)).await;
/// choir.say("room/loft", "kyrie").await?;
/// choir.say("room/loft", "gloria").await?;
/// app.settle().await;
/// app.stop().await?;
/// assert_eq!(words.0.lock().expect("no panic")["room/loft"], "gloria");
///
/// // The next run takes it up where this one ended.
/// let later = LastWords::default();
/// let app = TestApp::start(App::new(()).projection(later.clone()), journal).await;
/// assert_eq!(later.0.lock().expect("no panic")["room/loft"], "gloria");
/// app.stop().await?;
/// # Ok(())
/// # }
/// ```
pub mod projection {
    pub use antiphon_core::{Before, Projection, Saved, Tap};
}

/// Connections: the internet, a proxy, or the simulator in its place.
///
/// Every platform's configuration takes a [`Network`](net::Network), and the way is chosen there alone: the URLs stay
/// those of production, in tests as well.
///
/// ```
/// use antiphon::net::{Network, Proxy, Route};
///
/// let office = Network::new()
///     .proxy(Proxy::parse("http://mira:secret@proxy.example:3128")?)
///     .route("localhost", Route::direct());
/// assert!(!format!("{office:?}").contains("secret"));
/// # Ok::<(), antiphon::net::ProxyError>(())
/// ```
pub mod net {
    pub use antiphon_net::*;
}

/// Discord's Gateway and its REST interface.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use antiphon::{App, Event, State, discord, journal::SqliteJournal};
///
/// /// Sees every message; typed handlers take the payloads of `discord::KINDS` in the same place.
/// async fn log(message: discord::MessageCreate, event: Arc<Event>, State(bot): State<discord::Client>) {
///     println!("{} in {} for {:?}", event.position(), event.place(), bot.source());
///     drop(message);
/// }
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let intents = discord::Intents::GUILDS | discord::Intents::GUILD_MESSAGES;
/// let (bot, gateway) = discord::connect(discord::Config::new(std::env::var("DISCORD_TOKEN")?, intents));
/// App::new(bot)
///     .source(gateway)
///     .on(log)
///     .run(SqliteJournal::open("bot.sqlite").await?, std::future::pending::<()>())
///     .await?;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "discord")]
pub mod discord {
    pub use antiphon_discord::*;
}

/// Lavalink v4 nodes, their players and queues.
///
/// ```no_run
/// use antiphon::{HandlerError, State, discord, lavalink};
///
/// /// Plays a song in a voice channel; `music::connect` joined the bot and the pool before.
/// async fn play(
///     _: discord::MessageCreate,
///     State(pool): State<lavalink::Pool>,
/// ) -> Result<(), HandlerError> {
///     let player = pool.player_in(42);
///     player.connect(7).await?;
///     let found = pool.search("Evensong", &lavalink::TrackSource::YouTube).await?;
///     if let Some(song) = found.tracks().first() {
///         player.play(song.clone()).await?;
///     }
///     Ok(())
/// }
/// ```
#[cfg(feature = "lavalink")]
pub mod lavalink {
    pub use antiphon_lavalink::*;
}

#[cfg(all(feature = "discord", feature = "lavalink"))]
pub mod music;

/// QueUp rooms.
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use antiphon::{App, HandlerError, HandlerExt, State, journal::MemoryJournal, queup, testing::TestApp};
///
/// type Heard = Arc<Mutex<Vec<String>>>;
///
/// async fn listen(chat: queup::Chat, State(heard): State<Heard>) -> Result<(), HandlerError> {
///     heard.lock().expect("no panic").push(format!("{}: {}", chat.author.username, chat.content));
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = antiphon_sim::Simulator::with_seed(7);
/// let account = sim.queup().account();
/// let config = queup::Config::new(queup::Account::new(account.email, account.password))
///     .network(sim.network())
///     .clock(sim.clock())
///     .rooms(["choir-loft"]);
/// let (_client, source) = queup::connect(config);
/// let heard = Heard::default();
/// let app = App::new(Arc::clone(&heard))
///     .source(source)
///     .on(listen.when(|chat: &queup::view::Chat<'_>| chat.content.contains("amen")));
/// let app = TestApp::start(app, MemoryJournal::new()).await;
/// app.settle().await;
/// sim.queup().room("choir-loft").say("mira", "kyrie");
/// sim.queup().room("choir-loft").say("mira", "amen");
/// app.settle().await;
/// app.stop().await?;
/// assert_eq!(*heard.lock().expect("no panic"), ["mira: amen"]);
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "queup")]
pub mod queup {
    pub use antiphon_queup::*;
}

/// Stack Exchange chat rooms.
///
/// A bot that answers `!ping`, against the simulator, which is how a bot is tested without an account:
///
/// ```
/// use antiphon::{App, HandlerError, HandlerExt, State, journal::MemoryJournal, stackexchange, testing::TestApp};
///
/// async fn pong(
///     message: stackexchange::MessageEvent,
///     State(chat): State<stackexchange::Client>,
/// ) -> Result<(), HandlerError> {
///     // `?` keeps the platform's own error, which knows whether another try makes sense.
///     chat.room(message.room_id).reply(message.message_id, "pong").await?;
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = antiphon_sim::Simulator::with_seed(7);
/// let bot = sim.stackexchange().account();
/// let config = stackexchange::Config::new(stackexchange::Account::new(bot.email, bot.password))
///     .network(sim.network())
///     .clock(sim.clock())
///     .rooms([4242]);
/// let (chat, source) = stackexchange::connect(config);
/// let app = App::new(chat)
///     .source(source)
///     .on(pong.when(|message: &stackexchange::view::Message<'_>| message.content == "!ping"));
/// let app = TestApp::start(app, MemoryJournal::new()).await;
/// app.settle().await;
/// sim.stackexchange().say(4242, "teo", "!ping");
/// app.settle().await;
/// app.stop().await?;
/// let texts = sim.stackexchange().texts(4242);
/// assert!(texts.last().is_some_and(|text| text.ends_with("pong")), "{texts:?}");
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "stackexchange")]
pub mod stackexchange {
    pub use antiphon_stackexchange::*;
}

pub use antiphon_core::{
    AppendError, Backoff, BodyForm, BoxError, BoxFuture, Checkpoint, Clock, Closed, ConsumerName,
    DeadLetter, DeadLetterId, DecodeError, Draft, Edge, Entry, Event, Gap, Intake, IntakeLimits,
    Judge, Keep, Kind, KindInfo, KindPattern, Link, LinkState, Origin, Part, Payload, Permit,
    Place, Position, Provenance, ReadError, RelayError, Remote, Rng, Secret, Source, SourceError,
    SourceName, Stop,
};
pub use antiphon_macros::{FromRef, debug_handler};
pub use app::App;
pub use context::{Context, FromContext};
pub use error::RunError;
pub use extract::{Before, Delivery, FromRef, State};
pub use handle::{Handle, Progress};
pub use handler::{
    Configured, Handler, HandlerError, HandlerExt, HandlerFuture, Outcome, Owned, Retry, Shared,
    When, Wrapped,
};
pub use parts::{Limits, OnStopped};
pub use runner::Failure;
pub use sources::ChangeError;
pub use status::{
    GapStatus, GapsStatus, HandlersStatus, LaneStatus, LanesStatus, LinkStatus, PartStatus, Phase,
    ProgressStatus, RefusedStatus, SourceStatus, Status, StoringStatus, WorkerStatus,
};
pub use table::HandlerId;
pub use timing::{Timing, Timings};
pub use watchers::{EventStream, Lagged, WaitError, WaitFor};

/// The page `docs/parity.md`, whose links rustdoc checks.
#[cfg(all(
    doc,
    antiphon_pages,
    feature = "discord",
    feature = "lavalink",
    feature = "queup",
    feature = "stackexchange"
))]
#[doc = include_str!("../../../docs/parity.md")]
pub mod parity {}

/// The project's front page, so that its example is compiled.
#[cfg(all(
    doctest,
    antiphon_pages,
    feature = "discord",
    feature = "lavalink",
    feature = "queup",
    feature = "stackexchange",
    feature = "sqlite"
))]
#[doc = include_str!("../../../README.md")]
struct FrontPage;
