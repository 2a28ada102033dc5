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

#[path = "../examples/commands_bot.rs"]
mod commands_bot;
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
async fn the_choir_sings_learns_and_rests_by_its_commands() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let app = enter(
        &sim,
        Intents::GUILDS,
        |config| config,
        |client, source| commands_bot::app(&client, source, &["Miserere", "Lux aeterna"]),
    )
    .await;
    let answer = async |asked: u64| {
        app.until(|| discord.answer_to(asked).is_some()).await;
        app.settle().await;
        let response = discord.response_to(asked).expect("an answer");
        let text = response["message"]["content"].as_str();
        text.map_or_else(|| response["data"].to_string(), str::to_owned)
    };
    let bot = discord.account().username;
    let typed = discord.autocomplete(
        CHANNEL,
        "mira",
        &bot,
        "sing",
        &json!({"song": "mis"}),
        "song",
    );
    assert_eq!(
        answer(typed).await,
        r#"{"choices":[{"name":"Miserere","value":"Miserere"}]}"#
    );
    let sing = |by: &str, options| discord.command(CHANNEL, by, &bot, "sing", &options);
    let sad = sing(
        "mira",
        json!({"song": "Miserere", "mood": "sad", "volume": 2, "listener": "teo"}),
    );
    assert_eq!(answer(sad).await, "♪♪ Miserere (Sad), for teo");
    let unknown = sing("mira", json!({"song": "Gloria"}));
    assert_eq!(answer(unknown).await, "The choir does not know this song.");
    let rests = answer(sing("mira", json!({"song": "Miserere"}))).await;
    assert!(rests.starts_with("The choir rests for "), "{rests}");
    let learns = discord.command(
        CHANNEL,
        "mira",
        &bot,
        "repertoire learn",
        &json!({"title": "Gloria"}),
    );
    assert_eq!(answer(learns).await, "The choir learns Gloria.");
    let all = discord.command(CHANNEL, "mira", &bot, "repertoire list", &json!({}));
    assert_eq!(answer(all).await, "Miserere, Lux aeterna, Gloria");
    discord.join(GUILD, "iris");
    let hidden = discord.command(CHANNEL, "iris", &bot, "repertoire list", &json!({}));
    assert_eq!(
        hidden, 0,
        "Discord hides it from members without the permission"
    );
    assert_eq!(
        answer(sing("iris", json!({"song": "Gloria"}))).await,
        "♪♪♪ Gloria (as ever), for iris"
    );
    let text = discord.say(CHANNEL, "teo", "hello").to_string();
    let set = discord.context(CHANNEL, "mira", &bot, "Set to music", &text);
    assert_eq!(answer(set).await, "♪ hello ♪");
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
