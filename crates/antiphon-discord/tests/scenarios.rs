//! How the source behaves against a simulated Gateway, on a paused clock (protocol §20).

mod harness;

use std::time::Duration;

use antiphon_core::{Link, LinkState, Provenance};
use antiphon_discord::{Compression, Shards, SignOff};
use antiphon_sim::Simulator;
use harness::{Journal, Running, config, lost};
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn a_bot_identifies_and_hears_what_is_said() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    sim.discord().say("loft", "mira", "hello");
    let journal = app.until(|journal| journal.texts() == ["hello"]).await;
    let kinds = journal.kinds();
    let at = |kind: &str| kinds.iter().position(|other| *other == kind).expect(kind);
    assert!(at("discord.CONNECT") < at("discord.SHARD_CONNECT"));
    assert!(at("discord.SHARD_CONNECT") < at("discord.READY"));
    assert!(at("discord.READY") < at("discord.GUILD_CREATE"));
    assert!(journal.gaps().is_empty(), "a fresh install reports none");
    app.stop().await;
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_cut_gateway_resumes_without_losing_messages() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let discord = sim.discord();
    discord.say("loft", "mira", "first");
    app.until(|journal| journal.texts().len() == 1).await;
    discord.cut();
    discord.say("loft", "mira", "second");
    let journal = app
        .until(|journal| journal.count("discord.SHARD_RESUME") == 1)
        .await;
    assert_eq!(journal.texts(), ["first", "second"]);
    assert_eq!(journal.texts_by(Provenance::Replayed), ["second"]);
    discord.say("loft", "mira", "third");
    app.until(|journal| journal.texts().len() == 3).await;
    let journal = app.stop().await;
    assert_eq!(discord.identifies(antiphon_sim::Discord::BOT), 1);
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    assert_eq!(journal.count("discord.READY"), 1);
    assert!(journal.gaps().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_restart_costs_no_identify_and_no_event() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    discord.say("loft", "mira", "before");
    app.until(|journal| journal.texts().len() == 1).await;
    let mut journal = app.kill().await;
    for round in 0..5 {
        for number in 0..10 {
            discord.say("loft", "mira", &format!("{round}.{number}"));
        }
        let app = Running::resume(&sim, config(&sim), journal);
        app.until(|journal| journal.texts().len() == 11 + 10 * round)
            .await;
        journal = if round % 2 == 0 {
            app.kill().await
        } else {
            app.stop().await
        };
    }
    assert_eq!(journal.count("discord.READY"), 1);
    assert_eq!(journal.count("discord.SHARD_RESUME"), 5);
    assert!(journal.gaps().is_empty());
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}
