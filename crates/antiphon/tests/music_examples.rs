//! Each music example does what its first line says, against the simulator.

#![allow(
    dead_code,
    clippy::duplicate_mod,
    unreachable_pub,
    missing_docs,
    reason = "the examples are programs of their own; their parts are used here"
)]

use std::{sync::Arc, time::Duration};

use antiphon::{
    App,
    journal::MemoryJournal,
    lavalink::{Player, PlayerMigrated, Pool, Stats},
    queup,
    testing::TestApp,
};
use antiphon_sim::{
    Simulator,
    lavalink::{Node, NodeRequest, PlayerView},
};
use serde_json::{Value, json};

#[path = "../examples/music_bot.rs"]
mod music_bot;
#[path = "../examples/node_monitor.rs"]
mod node_monitor;
#[path = "../examples/node_radio.rs"]
mod node_radio;
#[path = "../examples/room_radio.rs"]
mod room_radio;

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

/// The radio's app, once it is connected to everything and in the room.
async fn tune(
    sim: &Simulator,
    journal: &Arc<MemoryJournal>,
) -> (TestApp<room_radio::Radio>, Pool, queup::Client) {
    let parts = room_radio::room_stage::Parts::simulated(sim);
    let (pool, rooms, gateway) = (parts.pool.clone(), parts.room.clone(), parts.client.link());
    let app = TestApp::start(room_radio::app(parts), Arc::clone(journal)).await;
    let is_up = || {
        let nodes = pool.nodes();
        let all = nodes.iter().all(|node| node.link().is_connected());
        let players = pool.players();
        let is_heard = players.iter().any(Player::connected);
        gateway.borrow().is_connected() && all && is_heard && !rooms.rooms().is_empty()
    };
    app.until(is_up).await;
    app.settle().await;
    (app, pool, rooms)
}

/// Requests to all nodes that set or remove a track.
fn about_tracks(sim: &Simulator) -> usize {
    let nodes = sim.lavalink().nodes();
    let requests = nodes.iter().flat_map(Node::requests);
    requests.filter(NodeRequest::is_about_track).count()
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

#[tokio::test(start_paused = true)]
async fn the_room_radio_plays_in_discord_what_the_room_plays() {
    let sim = Simulator::with_seed(7);
    let (discord, lavalink) = (sim.discord(), sim.lavalink());
    let room = sim.queup().room(room_radio::room_stage::ROOM);
    lavalink.add_track("first______", "The Choir", "Slow Tide at Dusk", 180_000);
    // It played for a while before the radio came.
    room.queue("mira", "The Choir - Slow Tide at Dusk");
    let begun = sim.clock().now();
    let journal = Arc::new(MemoryJournal::new());
    let (app, pool, rooms) = tune(&sim, &journal).await;
    let plays = |name: &str| {
        let players = pool.players();
        let mut current = players.iter().filter_map(Player::current);
        heard(&sim).is_some() && current.any(|track| track.title == name)
    };
    let in_time = |begun: i64| {
        let passed = sim.clock().now().as_millisecond() - begun;
        let position = heard(&sim).expect("it plays").position;
        assert!(position.abs_diff(passed) < 6000, "{position} of {passed}");
    };
    app.until(|| plays("Slow Tide at Dusk")).await;
    in_time(begun.as_millisecond());

    // The next song is found at its own address.
    let ours = rooms.rooms().into_iter().next().expect("a room");
    room.queue("otto", "The Choir - Lantern Round");
    let queue = ours.fetch_queue().await.expect("a queue");
    let waits = queue
        .iter()
        .find(|song| song.name().contains("Lantern Round"));
    let info = if let Some(info) = waits.and_then(|song| song.song_info.clone()) {
        info
    } else {
        let song = waits.or(queue.last()).expect("a song");
        let info = rooms.fetch_song_info(song.song_info_id.as_str());
        info.await.expect("its media")
    };
    lavalink.add_track(&info.media_id, "Uploader 7", "Lantern (Official)", 180_000);
    let said = |text: &str| discord.texts("loft").iter().any(|line| line.contains(text));
    room.skip("mira");
    let begun = sim.clock().now();
    app.until(|| plays("Lantern (Official)")).await;
    in_time(begun.as_millisecond());
    app.until(|| said("♪ The Choir - Lantern Round")).await;
    room.dub("teo", true);
    app.until(|| said("(1 up, 0 down)")).await;
    room.dub("ida", false);
    app.until(|| said("(1 up, 1 down)")).await;
    let lines = discord.texts("loft").into_iter();
    let announced = lines.filter(|line| line.contains("Lantern Round")).count();
    assert_eq!(announced, 1, "one message, which is changed");

    // A restart: the song is neither begun again nor lost.
    app.until(|| heard(&sim).is_some_and(|player| player.position > 20_000))
        .await;
    app.stop().await.expect("a clean stop");
    let before = about_tracks(&sim);
    let (app, _pool, _rooms) = tune(&sim, &journal).await;
    app.until(|| heard(&sim).is_some_and(|player| player.position > 30_000))
        .await;
    assert_eq!(about_tracks(&sim), before);
    in_time(begun.as_millisecond());

    // Without a next song the room is silent, and so is Discord.
    room.skip("otto");
    app.until(|| heard(&sim).is_none()).await;
    room.queue("mira", "The Choir - Slow Tide at Dusk");
    app.until(|| heard(&sim).is_some_and(|player| player.position < 20_000))
        .await;
    app.stop().await.expect("a clean stop");
}
