//! The time from an interaction's frame to its first answer, beside 1,000 other events a second and without them.
//!
//! `cargo bench -p antiphon --bench interactions` prints one line per round: p50 and p99 of presses whose bot hears nothing
//! else, those beside the traffic, and the ratio of the two p99; the last line has the median of the ratios.
//! A press is measured from the moment at which the simulated user presses until Discord's answer to the bot's first answer is
//! back. The simulator and the bot share one process, so that the traffic costs twice: once where it is made.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon::{
    App, Event, HandlerError, LinkState, State,
    components::{CustomId, Press},
    discord::{
        self, Client, Config, Intents,
        model::{ActionRow, Button, id::Id},
    },
    journal::MemoryJournal,
    testing::TestApp,
};
use antiphon_sim::{Simulator, discord::Discord};
use tokio::time::{Instant, MissedTickBehavior, interval};

const ROUNDS: usize = 5;
/// Presses of a round.
const PRESSES: usize = 300;
/// Time between two presses.
const PAUSE: Duration = Duration::from_millis(20);
/// Other events in a second.
const TRAFFIC: u32 = 1_000;

#[derive(CustomId)]
#[custom_id("press")]
struct Pressed;

/// When each interaction had its first answer.
type Answered = Arc<Mutex<HashMap<u64, Instant>>>;

#[derive(Clone)]
struct Bot(Client, Answered);

async fn answer(press: Press<Pressed>, State(bot): State<Bot>) -> Result<(), HandlerError> {
    press.defer_update(&bot.0).await?;
    bot.1
        .lock()
        .expect("no panic")
        .insert(press.id.get(), Instant::now());
    Ok(())
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
    let mut ratios: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let quiet = runtime.block_on(round(0));
            let busy = runtime.block_on(round(TRAFFIC));
            let ratio = busy.1.as_secs_f64() / quiet.1.as_secs_f64();
            println!(
                "{:>12.2?} {:>12.2?} {:>12.2?} {:>12.2?} {ratio:>8.2}",
                quiet.0, quiet.1, busy.0, busy.1
            );
            ratio
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!("median of the ratios: {:.2}", ratios[ratios.len() / 2]);
}

/// p50 and p99 of the presses of one round.
async fn round(traffic: u32) -> (Duration, Duration) {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::GUILD_MESSAGE_REACTIONS;
    let config = Config::new(discord.token(), intents).network(sim.network());
    let (client, source) = discord::connect(config);
    let answered = Answered::default();
    let app = App::new(Bot(client.clone(), Arc::clone(&answered)))
        .source(source)
        .on(async |event: Event| drop(event))
        .on(answer);
    let app = TestApp::start(app, MemoryJournal::new()).await;
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
    for number in 0..PRESSES {
        ticks.tick().await;
        // Each user has a lane of their own, as in life.
        let user = ["mira", "teo", "iris"][number % 3];
        let at = Instant::now();
        let press = discord.press("loft", user, Discord::BOT, "press");
        assert_ne!(press, 0, "the button is there");
        pressed.push((press, at));
    }
    let all = || answered.lock().expect("no panic").len() == PRESSES;
    while !all() {
        ticks.tick().await;
    }
    discord.traffic(0);
    app.stop().await.expect("a clean stop");
    let answered = answered.lock().expect("no panic");
    let mut took: Vec<Duration> = pressed
        .iter()
        .map(|(press, at)| answered[press] - *at)
        .collect();
    took.sort();
    (took[PRESSES / 2], took[PRESSES * 99 / 100])
}
