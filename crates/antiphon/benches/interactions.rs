//! The time from an interaction's frame to its first answer, beside 1,000 other events a second and without them.
//!
//! `cargo bench -p antiphon --bench interactions` prints one line per round: p50 and p99 of presses whose bot hears nothing
//! else, those beside the traffic, and the ratio of the two p99. The two cases take turns, and the last lines have the
//! medians over the rounds, the events a second that the bot heard, and the machine's load.
//!
//! A press is measured from the moment at which the simulated user presses, just before its frame is written, until Discord's
//! acknowledgement of the bot's first answer is back. The bot journals every event into a file, and a raw handler takes all
//! of them. Simulator and bot share one process and two worker threads, so that the traffic costs twice: once where it is
//! made. A press that is not answered within Discord's three seconds counts with them, and is told.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon::{
    App, Event, HandlerError, LinkState, State,
    components::{CustomId, Press},
    discord::{
        self, Client, Config, Intents,
        model::{ActionRow, Button, id::Id},
    },
    journal::SqliteJournal,
    testing::TestApp,
};
use antiphon_sim::{Simulator, discord::Discord};
use tokio::time::{Instant, MissedTickBehavior, interval};

const ROUNDS: usize = 7;
/// Presses of a round.
const PRESSES: usize = 300;
/// Time between two presses.
const PAUSE: Duration = Duration::from_millis(20);
/// Other events in a second.
const TRAFFIC: u32 = 1_000;
/// Time within which Discord takes a first answer; a press without one counts with it.
const LATEST: Duration = Duration::from_secs(3);

#[derive(CustomId)]
#[custom_id("press")]
struct Pressed;

/// When each interaction had its first answer.
type Answered = Arc<Mutex<HashMap<u64, Instant>>>;

#[derive(Clone, Default)]
struct Notes {
    answered: Answered,
    /// Events that the raw handler took.
    heard: Arc<AtomicU64>,
}

#[derive(Clone)]
struct Bot(Client, Notes);

async fn answer(press: Press<Pressed>, State(bot): State<Bot>) -> Result<(), HandlerError> {
    press.defer_update(&bot.0).await?;
    let mut answered = bot.1.answered.lock().expect("no panic");
    answered.insert(press.id.get(), Instant::now());
    Ok(())
}

async fn count(_: Event, State(bot): State<Bot>) {
    bot.1.heard.fetch_add(1, Ordering::Relaxed);
}

/// The figures of one round of one case.
struct Round {
    p50: Duration,
    p99: Duration,
    /// Events that the bot heard in a second.
    heard: f64,
    /// Presses that got no answer in time.
    late: u32,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime");
    println!(
        "{:>12} {:>12} {:>12} {:>12} {:>8}",
        "quiet p50", "quiet p99", "busy p50", "busy p99", "ratio"
    );
    let mut rounds = Vec::with_capacity(ROUNDS);
    for number in 0..ROUNDS {
        // Neither case has always the warmer process.
        let (quiet, busy) = if number % 2 == 0 {
            let quiet = runtime.block_on(round(0));
            (quiet, runtime.block_on(round(TRAFFIC)))
        } else {
            let busy = runtime.block_on(round(TRAFFIC));
            (runtime.block_on(round(0)), busy)
        };
        println!(
            "{:>12.2?} {:>12.2?} {:>12.2?} {:>12.2?} {:>8.2}",
            quiet.p50,
            quiet.p99,
            busy.p50,
            busy.p99,
            ratio(&quiet, &busy)
        );
        rounds.push((quiet, busy));
    }
    let of = |figure: fn(&Round, &Round) -> f64| {
        let all = rounds.iter().map(|(quiet, busy)| figure(quiet, busy));
        median(all.collect())
    };
    let time = |figure| Duration::from_secs_f64(of(figure));
    println!(
        "{:>12.2?} {:>12.2?} {:>12.2?} {:>12.2?} {:>8.2}  medians",
        time(|quiet, _| quiet.p50.as_secs_f64()),
        time(|quiet, _| quiet.p99.as_secs_f64()),
        time(|_, busy| busy.p50.as_secs_f64()),
        time(|_, busy| busy.p99.as_secs_f64()),
        of(ratio)
    );
    println!(
        "events a second: {:.0} quiet, {:.0} busy",
        of(|quiet, _| quiet.heard),
        of(|_, busy| busy.heard)
    );
    let late: u32 = rounds
        .iter()
        .map(|(quiet, busy)| quiet.late + busy.late)
        .sum();
    println!("presses that were not answered within 3 s: {late}");
    if let Ok(load) = std::fs::read_to_string("/proc/loadavg") {
        println!("load of the machine: {}", load.trim());
    }
}

/// How many times as long the slowest presses take beside the traffic.
fn ratio(quiet: &Round, busy: &Round) -> f64 {
    busy.p99.as_secs_f64() / quiet.p99.as_secs_f64()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Presses a button again and again, beside this many other events a second.
async fn round(traffic: u32) -> Round {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let intents = Intents::GUILDS
        | Intents::GUILD_MESSAGES
        | Intents::GUILD_MESSAGE_REACTIONS
        | Intents::GUILD_MESSAGE_TYPING
        | Intents::GUILD_PRESENCES
        | Intents::GUILD_VOICE_STATES;
    let config = Config::new(discord.token(), intents)
        .network(sim.network())
        .clock(sim.clock());
    let (client, source) = discord::connect(config);
    let notes = Notes::default();
    let app = App::new(Bot(client.clone(), notes.clone()))
        .source(source)
        .on_raw("*", count)
        .on(answer);
    let folder = tempfile::tempdir().expect("a folder");
    let journal = SqliteJournal::open(folder.path().join("bot.sqlite")).await;
    let app = TestApp::start(app, journal.expect("a journal")).await;
    let mut link = client.link();
    link.wait_for(LinkState::is_connected)
        .await
        .expect("it connects");
    let row = ActionRow::new([Button::primary(Pressed, "press")]);
    let channel = Id::new(discord.channel_id());
    client
        .create_message(channel)
        .components(&[row.into()])
        .await
        .expect("posted");

    discord.traffic(traffic);
    let mut ticks = interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pressed = Vec::with_capacity(PRESSES);
    let (began, before) = (Instant::now(), notes.heard.load(Ordering::Relaxed));
    for number in 0..PRESSES {
        ticks.tick().await;
        // Each user has a lane of their own, as in life.
        let user = ["mira", "teo", "iris"][number % 3];
        let at = Instant::now();
        let press = discord.press("loft", user, Discord::BOT, "press");
        assert_ne!(press, 0, "the button is there");
        pressed.push((press, at));
    }
    let heard = notes.heard.load(Ordering::Relaxed) - before;
    let took = began.elapsed();
    // People of the traffic press the button as well.
    let all = || {
        let answered = notes.answered.lock().expect("no panic");
        pressed
            .iter()
            .all(|(press, _)| answered.contains_key(press))
    };
    let until = Instant::now() + LATEST;
    while !all() && Instant::now() < until {
        ticks.tick().await;
    }
    discord.traffic(0);
    app.stop().await.expect("a clean stop");
    let answered = notes.answered.lock().expect("no panic");
    let mut late = 0;
    let mut times: Vec<Duration> = pressed
        .iter()
        .map(|(press, at)| {
            let Some(answer) = answered.get(press) else {
                late += 1;
                return LATEST;
            };
            *answer - *at
        })
        .collect();
    times.sort();
    Round {
        p50: times[PRESSES / 2],
        p99: times[PRESSES * 99 / 100],
        heard: f64::from(u32::try_from(heard).expect("few")) / took.as_secs_f64(),
        late,
    }
}
