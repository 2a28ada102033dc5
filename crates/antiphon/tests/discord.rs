//! A whole bot on the simulated Discord: the costs of a slow handler, and the redeliveries after a crash.

mod support;

use std::{sync::Arc, time::Duration};

use antiphon::{
    App, Delivery, State,
    discord::{
        self, Client, Config, Intents, InteractionCreate, MessageCreate, Source,
        model::InteractionData,
    },
    journal::MemoryJournal,
    testing::TestApp,
};
use antiphon_sim::{Simulator, discord::Discord};
use support::Log;

/// How long the slow handler takes.
const SLOW: Duration = Duration::from_secs(5 * 60);

/// Notes each message; the message `slow` takes five minutes.
async fn listen(message: MessageCreate, delivery: Delivery, State(log): State<Log>) {
    let again = if delivery.redelivered { " again" } else { "" };
    log.note(format!("{}{again}", message.content));
    if message.content == "slow" {
        tokio::time::sleep(SLOW).await;
        log.note("slow is done");
    }
}

fn connect(sim: &Simulator) -> (Client, Source) {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    let config = Config::new(sim.discord().token(), intents);
    discord::connect(config.network(sim.network()).clock(sim.clock()))
}

async fn start(sim: &Simulator, journal: &Arc<MemoryJournal>, log: &Log) -> TestApp<Log> {
    let (client, source) = connect(sim);
    let app = App::new(log.clone()).source(source).on(listen);
    let app = TestApp::start(app, Arc::clone(journal)).await;
    app.until(|| client.link().borrow().is_connected()).await;
    app
}

/// Two channels of the bot's guild.
fn channels(discord: &Discord) -> [String; 2] {
    let guild = discord.guild_id().to_string();
    let other = discord.add_channel(&guild, "mira", "crypt");
    [discord.channel_id().to_string(), other.to_string()]
}

#[tokio::test(start_paused = true)]
async fn a_handler_of_five_minutes_costs_no_heartbeat_and_stops_no_other_channel() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let [loft, crypt] = channels(&discord);
    let journal = Arc::new(MemoryJournal::new());
    let log = Log::default();
    let app = start(&sim, &journal, &log).await;
    let connections = discord.connections();
    let (beats, _) = discord.heartbeats();

    discord.say(&loft, "mira", "slow");
    discord.say(&loft, "mira", "behind");
    discord.say(&crypt, "teo", "elsewhere");
    app.until(|| log.len() == 2).await;
    let mut heard = log.lines();
    heard.sort();
    assert_eq!(heard, ["elsewhere", "slow"], "what is behind it waits");

    app.until(|| log.lines().contains(&"slow is done".to_owned()))
        .await;
    app.until(|| log.lines().contains(&"behind".to_owned()))
        .await;
    assert_eq!(
        discord.connections(),
        connections,
        "the connection was never given up"
    );
    let (after, acknowledged) = discord.heartbeats();
    // At an interval of at most 45 seconds.
    assert!(
        after - beats >= 6,
        "{} beats in five minutes",
        after - beats
    );
    assert_eq!(acknowledged, after);
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_crash_behind_a_slow_handler_brings_again_only_what_was_open() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let [loft, crypt] = channels(&discord);
    let journal = Arc::new(MemoryJournal::new());
    let log = Log::default();
    let app = start(&sim, &journal, &log).await;
    discord.say(&loft, "mira", "done");
    discord.say(&crypt, "teo", "done as well");
    app.until(|| log.len() == 2).await;
    discord.say(&loft, "mira", "slow");
    discord.say(&loft, "mira", "behind");
    discord.say(&crypt, "teo", "elsewhere");
    app.until(|| log.len() == 4).await;
    // The cursor is saved within 100 ms of a change.
    tokio::time::sleep(Duration::from_millis(200)).await;
    app.crash().await;
    discord.say(&crypt, "teo", "while away");

    let log = Log::default();
    let app = start(&sim, &journal, &log).await;
    app.until(|| log.lines().contains(&"slow is done".to_owned()))
        .await;
    app.until(|| log.len() == 4).await;
    let mut heard = log.lines();
    heard.sort();
    assert_eq!(
        heard,
        ["behind again", "slow again", "slow is done", "while away"]
    );
    let bot = discord.account().username;
    assert_eq!(discord.identifies(&bot), 1, "the session was resumed");
    app.stop().await.expect("a clean stop");
}

/// Discord takes the first answer to an interaction within three seconds.
#[tokio::test(start_paused = true)]
async fn an_interaction_waits_for_no_other_and_for_no_message() {
    async fn answer(interaction: InteractionCreate, State(log): State<Log>) {
        let name = match &interaction.data {
            Some(InteractionData::ApplicationCommand(command)) => command.name.clone(),
            _ => "press".to_owned(),
        };
        log.note(&name);
        if name == "slow" {
            tokio::time::sleep(SLOW).await;
        }
    }
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let [loft, _] = channels(&discord);
    let log = Log::default();
    let (client, source) = connect(&sim);
    let app = App::new(log.clone()).source(source).on(answer).on(listen);
    let app = TestApp::start(app, Arc::new(MemoryJournal::new())).await;
    app.until(|| client.link().borrow().is_connected()).await;
    let begun = tokio::time::Instant::now();
    discord.say(&loft, "mira", "slow");
    for name in ["slow", "quick"] {
        let command = serde_json::json!({"name": name, "description": "for a test"});
        discord.register("antiphon", None, &command);
    }
    discord.command(&loft, "mira", "antiphon", "slow", &serde_json::json!([]));
    discord.command(&loft, "teo", "antiphon", "quick", &serde_json::json!([]));
    app.until(|| log.len() == 3).await;
    let mut heard = log.lines();
    heard.sort();
    assert_eq!(heard, ["quick", "slow", "slow"]);
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "on the paused clock"
    );
}
