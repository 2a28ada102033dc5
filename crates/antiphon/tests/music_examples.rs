//! Each music example does what its first line says, against the simulator.

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
    journal::MemoryJournal,
    lavalink::{PlayerMigrated, Stats},
    testing::TestApp,
};
use antiphon_sim::{Simulator, lavalink::PlayerView};
use serde_json::{Value, json};

#[path = "../examples/music_bot.rs"]
mod music_bot;
#[path = "../examples/node_monitor.rs"]
mod node_monitor;
#[path = "../examples/node_radio.rs"]
mod node_radio;

#[path = "../examples/music_stage/mod.rs"]
mod music_stage;

/// An example's app, once it is connected to everything.
///
/// Each example has a `music_stage` module of its own, and takes its parts from there.
macro_rules! enter {
    ($sim:expr, $example:ident) => {{
        let parts = $example::music_stage::Parts::simulated($sim);
        let (gateway, pool) = (parts.client.link(), parts.pool.clone());
        let app: App<_> = $example::app(parts);
        let app = TestApp::start(app, MemoryJournal::new()).await;
        let is_up = || {
            let nodes = pool.nodes();
            let all = nodes.iter().all(|node| node.link().is_connected());
            gateway.borrow().is_connected() && all
        };
        app.until(is_up).await;
        app.settle().await;
        (app, pool)
    }};
}

fn heard(sim: &Simulator) -> Option<PlayerView> {
    let mut players = sim.lavalink().players().into_iter();
    players.find(|player| player.connected && player.track.is_some() && !player.paused)
}

fn song(name: &str) -> Value {
    json!([{"type": 3, "name": "song", "value": name}])
}

#[tokio::test(start_paused = true)]
async fn the_bot_plays_what_is_asked_for_where_it_is_asked() {
    let sim = Simulator::with_seed(7);
    let (discord, lavalink) = (sim.discord(), sim.lavalink());
    lavalink.add_track("first______", "The Choir", "Slow Tide at Dusk", 200_000);
    lavalink.add_track("second_song", "The Choir", "Lantern Round", 200_000);
    let (app, pool) = enter!(&sim, music_bot);
    let bot = discord.account().username;
    let ask = |name: &str, options: &Value| discord.command("loft", "mira", &bot, name, options);
    let said = |text: &str| discord.texts("loft").iter().any(|line| line.contains(text));

    ask("play", &song("slow tide at dusk"));
    app.until(|| said("enter a voice channel first")).await;
    discord.join_voice("stalls", "mira");
    ask("play", &song("slow tide at dusk"));
    app.until(|| said("here comes Slow Tide at Dusk")).await;
    app.until(|| heard(&sim).is_some_and(|player| player.position > 1000))
        .await;
    app.until(|| said("♪ Slow Tide at Dusk by The Choir")).await;
    ask("play", &song("lantern round"));
    app.until(|| said("Lantern Round is in the queue")).await;
    ask("queue", &json!([]));
    app.until(|| said("1. Lantern Round")).await;
    ask("pause", &json!([]));
    app.until(|| said("paused") && heard(&sim).is_none()).await;
    ask("pause", &json!([]));
    app.until(|| heard(&sim).is_some()).await;
    ask(
        "volume",
        &json!([{"type": 4, "name": "percent", "value": 40}]),
    );
    app.until(|| heard(&sim).is_some_and(|player| player.volume == 40))
        .await;
    ask("skip", &json!([]));
    app.until(|| said("♪ Lantern Round by The Choir")).await;
    ask("stop", &json!([]));
    app.until(|| said("silence") && heard(&sim).is_none()).await;
    ask("leave", &json!([]));
    app.until(|| pool.players().is_empty()).await;
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_radio_is_heard_on_when_its_node_dies() {
    let sim = Simulator::with_seed(7);
    let (app, _pool) = enter!(&sim, node_radio);
    app.until(|| heard(&sim).is_some_and(|player| player.position > 20_000))
        .await;
    let before = heard(&sim).expect("it plays");
    let waiting = app.handle().wait_for::<PlayerMigrated>(|_: &_| true);
    sim.lavalink()
        .node(before.node)
        .kill(Duration::from_secs(3600));
    let moved = waiting.await.expect("a move");
    assert_eq!(moved.from.as_str(), before.node);
    app.until(|| heard(&sim).is_some()).await;
    let after = heard(&sim).expect("it plays on");
    assert_ne!(after.node, before.node);
    assert_eq!(after.track, before.track);
    assert!(after.position >= before.position, "{after:?}");
    let discord = sim.discord();
    let told = || {
        let lines = discord.texts("loft").into_iter();
        lines
            .chain(discord.texts("lobby"))
            .any(|line| line.contains("instead of"))
    };
    app.until(told).await;
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_monitor_shows_every_node_and_its_figures() {
    let sim = Simulator::with_seed(7);
    let (app, pool) = enter!(&sim, node_monitor);
    let node = sim.lavalink().node("us-1");
    node.set_loads(0.5, 0.25);
    let told = app
        .handle()
        .wait_for::<Stats>(|stats: &_| stats.cpu.system_load > 0.4);
    node.tell_stats();
    told.await.expect("figures");
    let picture = node_monitor::picture(&pool);
    let lines: Vec<_> = picture.lines().collect();
    assert_eq!(lines.len(), 3, "{picture}");
    let busy = lines.iter().find(|line| line.starts_with("us-1"));
    let busy = busy.expect("a line for each node");
    assert!(busy.contains("██████████░░░░░░░░░░  50 %"), "{picture}");
    app.stop().await.expect("a clean stop");
}
