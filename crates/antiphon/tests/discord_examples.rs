//! Each Discord example does what its first line says, against the simulator.

#![allow(
    dead_code,
    clippy::duplicate_mod,
    unreachable_pub,
    missing_docs,
    reason = "the examples are programs of their own; their parts are used here"
)]

use std::time::Duration;

use antiphon::{
    App,
    discord::{self, Client, Config, Intents, Source},
    journal::MemoryJournal,
    testing::TestApp,
};
use antiphon_sim::Simulator;
use serde_json::json;

#[path = "../examples/moderation_log.rs"]
mod moderation_log;
#[path = "../examples/ping_bot.rs"]
mod ping_bot;
#[path = "../examples/presence_watcher.rs"]
mod presence_watcher;
#[path = "../examples/sharded_bot.rs"]
mod sharded_bot;

#[path = "../examples/bot_stage/mod.rs"]
mod bot_stage;

use bot_stage::{CHANNEL, GUILD};

/// Longer than any scene here takes on the paused clock.
const LONG: Duration = Duration::from_secs(600);

/// A bot that is connected.
async fn enter<S: Send + Sync + 'static>(
    sim: &Simulator,
    intents: Intents,
    configure: impl FnOnce(Config) -> Config,
    app: impl FnOnce(Client, Source) -> App<S>,
) -> TestApp<S> {
    let config = Config::new(sim.discord().token(), intents)
        .network(sim.network())
        .clock(sim.clock());
    let (client, source) = discord::connect(configure(config));
    let link = client.clone();
    let app = TestApp::start(app(client, source), MemoryJournal::new()).await;
    app.until(|| link.link().borrow().is_connected()).await;
    app.settle().await;
    app
}

#[tokio::test(start_paused = true)]
async fn the_bot_answers_a_ping_and_a_slash_command_once() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    let app = enter(&sim, intents, |config| config, ping_bot::app).await;
    let before = discord.texts(CHANNEL).len();
    discord.say(CHANNEL, "mira", "!ping");
    discord.say(CHANNEL, "teo", "no bot needed here");
    app.until(|| discord.texts(CHANNEL).len() > before + 2)
        .await;
    let bot = discord.account().username;
    let ping = json!({"name": "ping", "description": "answers"});
    discord.register(&bot, None, &ping);
    let asked = discord.command(CHANNEL, "mira", &bot, "ping", &json!([]));
    app.until(|| discord.answer_to(asked).is_some()).await;
    app.settle().await;
    let pongs = discord.texts(CHANNEL);
    let pongs = pongs.iter().filter(|text| *text == "pong").count();
    assert!(
        (1..=2).contains(&pongs),
        "one reply, and the answer if the channel shows it"
    );
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_bot_takes_no_autocomplete_for_its_command() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let app = enter(&sim, Intents::empty(), |config| config, ping_bot::app).await;
    let bot = discord.account().username;
    let ping = json!({"name": "ping", "description": "answers", "options": [
        {"type": 3, "name": "song", "description": "one", "autocomplete": true},
    ]});
    discord.register(&bot, None, &ping);
    let options = json!([{"name": "song", "value": "ky"}]);
    let typed = discord.autocomplete(CHANNEL, "mira", &bot, "ping", &options, "song");
    let used = discord.command(CHANNEL, "mira", &bot, "ping", &options);
    app.until(|| discord.answer_to(used).is_some()).await;
    app.settle().await;
    assert!(discord.answer_to(typed).is_none());
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_log_has_the_words_before_and_after() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let log = moderation_log::Log::default();
    let kept = log.clone();
    let app = enter(
        &sim,
        moderation_log::intents(),
        moderation_log::configure,
        |client, source| moderation_log::app(client, source, log),
    )
    .await;
    let first = discord.say(CHANNEL, "mira", "helo");
    discord.edit(CHANNEL, first, "hello");
    let second = discord.say(CHANNEL, "teo", "something rude");
    discord.delete(CHANNEL, second);
    let more = ["one", "two"].map(|text| discord.say(CHANNEL, "teo", text));
    app.settle().await;
    discord.delete_many(CHANNEL, &more);
    discord.ban(GUILD, "mira", "teo");
    app.until(|| kept.lines().len() == 6).await;
    let mut lines = kept.lines();
    // The ban is the guild's, so it does not wait for the channel's.
    lines.sort();
    assert_eq!(
        lines,
        [
            "  \"one\" by teo",
            "  \"two\" by teo",
            "\"something rude\" by teo was deleted",
            "2 messages were deleted at once:",
            "mira edited \"helo\" to \"hello\"",
            "teo was banned",
        ]
    );
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_watcher_tells_who_comes_plays_and_goes() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let seen = presence_watcher::Seen::default();
    let kept = seen.clone();
    discord.appear(GUILD, "mira", "offline", None);
    let app = enter(
        &sim,
        presence_watcher::intents(),
        presence_watcher::configure,
        |client, source| presence_watcher::app(client, source, seen),
    )
    .await;
    discord.appear(GUILD, "mira", "online", None);
    discord.appear(GUILD, "mira", "online", Some("Choir Hero"));
    discord.appear(GUILD, "mira", "offline", None);
    app.until(|| kept.lines().len() == 3).await;
    assert_eq!(
        kept.lines(),
        ["mira came", "mira plays Choir Hero", "mira went"]
    );
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn guilds_are_spread_over_shards_that_resume_by_themselves() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let map = sharded_bot::Map::default();
    let kept = map.clone();
    discord.shards(sharded_bot::SHARDS);
    for name in ["matins", "lauds", "vespers"] {
        discord.add_guild(name);
    }
    let app = enter(
        &sim,
        sharded_bot::intents(),
        sharded_bot::configure,
        |client, source| sharded_bot::app(client, source, map),
    )
    .await;
    // Four guilds in all, wherever their ids put them.
    let count = |what: &str| kept.lines().join(", ").matches(what).count();
    let guilds = [GUILD, "matins", "lauds", "vespers"];
    let all = app.until(|| guilds.iter().all(|name| count(name) == 1));
    let waited = tokio::time::timeout(LONG, all).await;
    waited.unwrap_or_else(|_| panic!("{:?}", kept.lines()));
    discord.cut();
    let resumed = app.until(|| count("(resumed)") == sharded_bot::SHARDS as usize);
    let waited = tokio::time::timeout(LONG, resumed).await;
    waited.unwrap_or_else(|_| panic!("{:?}", kept.lines()));
    assert_eq!(
        discord.identifies(&discord.account().username),
        sharded_bot::SHARDS
    );
    app.stop().await.expect("a clean stop");
}
