//! The bot on trial: it acts on every event, answers questions, plays songs, and fails as its mood is.
//!
//! Beside `antiphon run` it is a consumer of the daemon's journal; alone it has the connections itself. One function
//! puts it together for both, with real processes and on the paused clock.

use std::{path::PathBuf, sync::Arc, time::Duration};

use antiphon::{
    App, Clock, Delivery, Event, HandlerError, HandlerExt as _, KindPattern, Limits, RunError,
    State,
    discord::{self, MessageCreate, RequestError},
    journal::{
        IntoJournal, JetStreamJournal, JetStreamOptions, OpenError, Options, Retention,
        SqliteJournal, Trouble,
    },
    lavalink::{self, Playable, Pool},
    music,
    net::{Addresses, AddressesError, Network},
    queup, stackexchange,
};
use antiphon_core::error_chain;
use antiphon_sim::Simulator;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    effects::Effects,
    mood::{DEADLINE, Mood},
    rig::cluster::JOURNAL,
    script::{ASK, PLAY},
};

/// Name of the bot as a consumer.
pub(crate) const NAME: &str = "bot";
/// Name of the handler that acts on every event.
pub(crate) const ACT: &str = "act";
/// Exit code of a bot whose journal was changed by somebody else, as of `antiphon run`.
pub(crate) const CHANGED: u8 = 5;
/// Exit code of a worker whose place another process has taken.
pub(crate) const REPLACED: u8 = 1;
/// Exit code of a worker that cannot reach the servers, or whose journal nobody serves, as of `antiphon run`.
pub(crate) const UNREACHABLE: u8 = 3;
/// Tries of a handler whose failures pass; more than any run has.
const TRIES: u32 = 1000;
/// Events that wait in one lane at most.
const LANE: usize = 4;
/// Events that wait or are handled in all lanes at most.
const OPEN: usize = 256;
/// The same of a worker.
const WORKERS_LANE: usize = 1024;
const WORKERS_OPEN: usize = 32 * WORKERS_LANE;
/// How long a bot waits for its journal and for its own name.
const WAIT: Duration = Duration::from_secs(10);

/// What a process of the bot is to do, as a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) is_alone: bool,
    pub(crate) saves_each: bool,
    /// See [`Mood::of`].
    pub(crate) moods: u16,
    pub(crate) journal: PathBuf,
    /// The servers that have the journal in place of a file: the process is one of several workers.
    pub(crate) servers: Option<String>,
    /// What the simulator printed.
    pub(crate) addresses: PathBuf,
    /// The song that it plays, as nodes write it.
    pub(crate) song: String,
    /// Guild and voice channel in which it plays.
    pub(crate) guild: u64,
    pub(crate) channel: u64,
}

/// The accounts of the simulated platforms.
pub(crate) struct Accounts {
    discord: discord::Config,
    lavalink: lavalink::Config,
    queup: queup::Config,
    chat: stackexchange::Config,
}

impl Accounts {
    /// Those of a simulator that listens on real sockets.
    ///
    /// # Errors
    /// Addresses that lack a field.
    pub(crate) fn at(addresses: &Addresses) -> Result<Self, AddressesError> {
        Ok(Self {
            discord: discord::Config::simulated(addresses)?,
            lavalink: lavalink::Config::simulated(addresses)?,
            queup: queup::Config::simulated(addresses)?,
            chat: stackexchange::Config::simulated(addresses)?,
        })
    }

    /// Those of a simulator in this process.
    pub(crate) fn of(sim: &Simulator, clock: Clock) -> Self {
        let network: Network = sim.network();
        let intents = discord::Intents::all();
        let discord = discord::Config::new(sim.discord().token(), intents);
        let nodes = ["eu-1", "us-1", "asia-1"].map(|name| {
            let node = sim.lavalink().node(name);
            lavalink::NodeConfig::new(node.name(), node.url(), node.password())
        });
        let lavalink = lavalink::Config::new(sim.discord().account().id, nodes);
        let account = sim.queup().account();
        let queup = queup::Config::new(queup::Account::new(account.email, account.password));
        let account = sim.stackexchange().account();
        let account = stackexchange::Account::new(account.email, account.password);
        let chat = stackexchange::Config::new(account);
        Self {
            discord: discord.network(network.clone()).clock(clock),
            lavalink: lavalink.network(network.clone()).clock(clock),
            queup: queup
                .rooms(["choir-loft"])
                .network(network.clone())
                .clock(clock),
            chat: chat.rooms([4242]).network(network).clock(clock),
        }
    }

    /// An app with a source of each account, which keeps all events for days.
    pub(crate) fn app<S>(self, state: impl FnOnce(discord::Client, Pool) -> S) -> App<S>
    where
        S: Send + Sync + 'static,
    {
        let (client, gateway) = discord::connect(self.discord);
        let (pool, nodes) = music::connect(&client, self.lavalink);
        let (_, rooms) = queup::connect(self.queup);
        let (_, chat) = stackexchange::connect(self.chat);
        // The audit looks for events of every kind, also of those that are kept for minutes.
        let keep_all = (KindPattern::new("*"), Duration::from_secs(2 * 24 * 3600));
        let retention = Retention {
            rules: vec![keep_all],
            ..Retention::default()
        };
        App::new(state(client, pool))
            .source(gateway)
            .source(nodes)
            .source(rooms)
            .source(chat)
            .retention(retention)
    }
}

/// State of the bot's handlers.
#[derive(Clone)]
pub(crate) struct Bot {
    settings: Settings,
    effects: Effects,
    client: discord::Client,
    pool: Pool,
}

/// Acts on an event, in its mood.
async fn act(event: Event, delivery: Delivery, State(bot): State<Bot>) -> Result<(), HandlerError> {
    bot.effects.began(&delivery)?;
    let mood = Mood::of(
        bot.settings.seed,
        event.origin().as_str(),
        bot.settings.moods,
    );
    match mood {
        Mood::FailsOnce if delivery.attempt == 1 => {
            return Err(HandlerError::retry("the first call fails"));
        }
        Mood::Fails => return Err(HandlerError::message("every call fails")),
        Mood::Panics => panic!("{PLANNED}"),
        Mood::Hangs => std::future::pending().await,
        Mood::Slow(pause) => tokio::time::sleep(pause).await,
        Mood::Well | Mood::FailsOnce => {}
    }
    bot.effects.did(event.position())?;
    if let Mood::Slow(pause) = mood {
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// What a panic says that is part of the trial.
pub(crate) const PLANNED: &str = "a handler that is to panic";

/// Answers a question by a message with a key, so that it is seen once.
async fn answer(
    message: MessageCreate,
    event: Arc<Event>,
    State(bot): State<Bot>,
) -> Result<(), HandlerError> {
    let number = message.content.trim_start_matches(ASK);
    let post = bot.client.create_message(message.channel_id);
    let text = format!("{ANSWER}{number}");
    match post.content(&text).nonce_of(&event).await {
        // The answer was posted before, by a request whose own answer was lost, and somebody has deleted it since.
        Err(RequestError::NotFound(error)) if error.code == UNKNOWN_MESSAGE => {}
        // Requests fail here in ways that no bot would try again after.
        Err(error) => return Err(HandlerError::retry(error)),
        Ok(_) => {}
    }
    bot.effects.answered(event.position())?;
    Ok(())
}

/// Discord's code for a message that is not there.
const UNKNOWN_MESSAGE: u64 = 10008;
/// Text of an answer, before the number of its question.
pub(crate) const ANSWER: &str = "answer ";

/// Plays the song in the voice channel, if that can be; people ask again.
async fn play(_: MessageCreate, State(bot): State<Bot>) -> Result<(), HandlerError> {
    let song = Playable::decode(&bot.settings.song)?;
    let player = bot.pool.player_in(bot.settings.guild);
    if let Err(error) = player.connect(bot.settings.channel).await {
        tracing::info!(%error, "the channel cannot be entered yet");
    } else if let Err(error) = player.play(song).await {
        tracing::info!(%error, "the song does not play yet");
    }
    Ok(())
}

/// The bot.
pub(crate) fn app(accounts: Accounts, settings: &Settings, effects: &Effects) -> App<Bot> {
    let app = accounts.app(|client, pool| Bot {
        settings: settings.clone(),
        effects: effects.clone(),
        client,
        pool,
    });
    let act = act.named(ACT).attempts(TRIES).deadline(DEADLINE);
    let app = app.named(NAME).from_start();
    let app = if settings.servers.is_some() {
        // A place has more than a hundred events a second: one that is parked would read them from the servers again.
        let limits = Limits::default().lane(WORKERS_LANE).open(WORKERS_OPEN);
        app.worker().limits(limits)
    } else {
        // Small lanes, so that some are full and their events wait in the journal.
        app.limits(Limits::default().lane(LANE).open(OPEN))
    };
    let app = if settings.saves_each {
        app.on_raw("*", act.save_each())
    } else {
        app.on_raw("*", act)
    };
    let answer = answer.when(|message| message.content.starts_with(ASK));
    let app = app.on(answer.named("answer").attempts(TRIES));
    if settings.is_alone {
        let play = play.when(|message| message.content == PLAY);
        app.on(play.named("play"))
    } else {
        app
    }
}

/// Runs the bot as a process, until SIGTERM.
///
/// # Errors
/// Settings, addresses or a journal that cannot be read, and the app's own.
pub(crate) async fn run(settings: PathBuf, effects: PathBuf) -> anyhow::Result<u8> {
    let filter = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false);
    filter.with_max_level(tracing::Level::WARN).init();
    let settings = std::fs::read(&settings).context("could not read the settings")?;
    let settings: Settings = serde_json::from_slice(&settings).context("these are no settings")?;
    let addresses = Addresses::read(&settings.addresses).context("could not read the addresses")?;
    let accounts = Accounts::at(&addresses).context("the addresses lack something")?;
    let effects = Effects::open(&effects).context("could not open the effects")?;
    let mut asked = signal(SignalKind::terminate()).context("could not wait for signals")?;
    let stop = async move {
        asked.recv().await;
    };
    if let Some(servers) = &settings.servers {
        let options = JetStreamOptions::new(JOURNAL).wait(WAIT);
        return match JetStreamJournal::for_consumers(servers, options).await {
            Ok(journal) => serve(app(accounts, &settings, &effects), journal, stop).await,
            Err(error) => end(error.trouble(), error),
        };
    }
    let opened = if settings.is_alone {
        SqliteJournal::open(&settings.journal).await
    } else {
        beside(&settings).await
    };
    match opened {
        Ok(journal) => serve(app(accounts, &settings, &effects), journal, stop).await,
        Err(error) => end(error.trouble(), error),
    }
}

/// Runs the bot's app until it is to stop.
async fn serve(
    app: App<Bot>,
    journal: impl IntoJournal,
    stop: impl Future<Output = ()> + Send,
) -> anyhow::Result<u8> {
    match app.run(journal, stop).await {
        Ok(()) => Ok(0),
        Err(error) => match error.trouble() {
            Some(trouble) => end(trouble, error),
            None => Err(error.into()),
        },
    }
}

/// Ends with the code that says what is wrong with the journal.
///
/// # Errors
/// The error itself, if it is none of those that a trial may bring about.
fn end(
    trouble: Trouble,
    error: impl std::error::Error + Send + Sync + 'static,
) -> anyhow::Result<u8> {
    let code = match trouble {
        Trouble::Changed => CHANGED,
        Trouble::TakenOver => REPLACED,
        Trouble::Unreachable | Trouble::Empty => UNREACHABLE,
        _ => return Err(error.into()),
    };
    let error = error_chain(&error);
    tracing::warn!(error, "the journal cannot be used any more");
    Ok(code)
}

/// Opens the daemon's journal, once the daemon has made it.
async fn beside(settings: &Settings) -> Result<SqliteJournal, OpenError> {
    let begun = tokio::time::Instant::now();
    loop {
        let options = Options::new().wait(WAIT);
        let opened = SqliteJournal::for_consumers_with(&settings.journal, options).await;
        let error = match opened {
            Ok(journal) => return Ok(journal),
            Err(error) => error,
        };
        if begun.elapsed() > WAIT {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What was wrong with the journal when an app ended.
/// Whether an app ended because its journal was changed by somebody else.
pub(crate) fn is_changed(error: &RunError) -> bool {
    error.trouble() == Some(Trouble::Changed)
}
