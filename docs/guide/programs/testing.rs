//! The tests of the guide's chapter "Testing", for the program of "A first bot".

// ANCHOR: program
use std::sync::Arc;

use antiphon::{
    App,
    discord::{self, Config, Intents},
    journal::MemoryJournal,
    testing::{SAID, TestApp, script},
};
use antiphon_sim::{Simulator, discord::Discord};

use super::{commands, first_bot};

// ANCHOR: start
/// A bot that is connected to the simulator.
async fn start<S: Send + Sync + 'static>(
    sim: &Simulator,
    journal: &Arc<MemoryJournal>,
    app: impl FnOnce(discord::Client, discord::Source) -> App<S>,
) -> TestApp<S> {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    let config = Config::new(sim.discord().token(), intents)
        .network(sim.network())
        .clock(sim.clock());
    let (client, source) = discord::connect(config);
    let app = TestApp::start(app(client, source), Arc::clone(journal)).await;
    app.settle().await;
    app
}
// ANCHOR_END: start

// ANCHOR: message
#[tokio::test(start_paused = true)]
async fn a_ping_is_answered() {
    let (sim, journal) = (Simulator::with_seed(7), Arc::default());
    let app = start(&sim, &journal, first_bot::app).await;
    let discord = sim.discord();
    discord.say("loft", "mira", "!ping");
    discord.say("loft", "teo", "no bot needed");
    app.until(|| discord.texts("loft").len() == 3).await;
    assert_eq!(discord.texts("loft"), ["!ping", "no bot needed", "pong"]);
    app.stop().await.expect("a clean stop");
}
// ANCHOR_END: message

// ANCHOR: command
#[tokio::test(start_paused = true)]
async fn a_song_is_sung() {
    let (sim, journal) = (Simulator::with_seed(7), Arc::default());
    let app = start(&sim, &journal, commands::app).await;
    let discord = sim.discord();
    let options = serde_json::json!({"song": "Miserere", "voices": 9});
    let sung = discord.command("loft", "mira", Discord::BOT, "sing", &options);
    app.until(|| discord.response_to(sung).is_some()).await;
    let response = discord.response_to(sung).expect("an answer");
    let text = &response["message"]["content"];
    assert_eq!(text, "♪ Miserere for 9 voices, as ever, for mira");
    app.stop().await.expect("a clean stop");
}
// ANCHOR_END: command

// ANCHOR: outage
#[tokio::test(start_paused = true)]
async fn a_ping_of_an_outage_and_of_a_restart_is_answered_once() {
    let (sim, journal) = (Simulator::with_seed(7), Arc::default());
    let discord = sim.discord();
    let app = start(&sim, &journal, first_bot::app).await;
    discord.cut();
    discord.say("loft", "mira", "!ping");
    app.until(|| discord.texts("loft").len() == 2).await;
    app.crash().await;

    discord.say("loft", "teo", "!ping");
    let app = start(&sim, &journal, first_bot::app).await;
    app.until(|| discord.texts("loft").len() == 4).await;
    app.settle().await;
    assert_eq!(discord.texts("loft"), ["!ping", "pong", "!ping", "pong"]);
    app.stop().await.expect("a clean stop");
}
// ANCHOR_END: outage

// ANCHOR: script
#[tokio::test(start_paused = true)]
async fn an_event_of_any_source_reaches_a_raw_handler() {
    let (choir, source) = script("choir");
    let heard = async |event: antiphon::Event| assert_eq!(event.place().as_str(), "room/loft");
    let app = App::new(()).source(source).on_raw("test.*", heard);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir.say("room/loft", "kyrie").await.expect("it runs");
    app.settle().await;
    assert_eq!(app.journal().kinds().await, [SAID]);
    app.stop().await.expect("a clean stop");
}
// ANCHOR_END: script
// ANCHOR_END: program
