//! Several apps of one bot identify in turn: with different shards at the same time, and one after another.

#![cfg(all(feature = "sqlite", feature = "discord"))]

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use antiphon::{
    App,
    discord::{self, Client, Config, Intents, Shards, Source},
    journal::{Options, SqliteJournal},
    testing::TestApp,
};
use antiphon_sim::Simulator;
use futures_util::future::join_all;
use tempfile::TempDir;
use tokio::time::Instant;

/// Shards of the bot.
const COUNT: u32 = 4;

fn connect(sim: &Simulator, name: &str, shards: Shards) -> (Client, Source) {
    let config = Config::new(sim.discord().token(), Intents::GUILDS)
        .name(name)
        .shards(shards);
    discord::connect(config.network(sim.network()).clock(sim.clock()))
}

/// One of the shards, for a process of its own.
fn only(shard: u32) -> Shards {
    Shards::Range {
        from: shard,
        to: shard + 1,
        count: COUNT,
    }
}

fn is_connected(client: &Client) -> bool {
    client.link().borrow().is_connected()
}

/// How many identifies came too early.
fn refused(sim: &Simulator) -> usize {
    let notes = sim.notes().into_iter();
    notes
        .filter(|note| note.text.contains("before its turn"))
        .count()
}

/// An app with one of the shards and a journal of its own, whose processes share the values of a file, if one is given.
async fn start(
    sim: &Simulator,
    folder: &Path,
    shard: u32,
    values: Option<PathBuf>,
) -> (TestApp<()>, Client) {
    let options = values.map_or_else(Options::new, |file| Options::new().shared(file));
    let file = folder.join(format!("{shard}.sqlite"));
    let journal = SqliteJournal::open_with(file, options)
        .await
        .expect("opened");
    let (client, source) = connect(sim, "discord", only(shard));
    let app = TestApp::start(App::new(()).source(source), journal).await;
    (app, client)
}

/// Runs all shards in processes of their own until they are connected; gives the refused identifies, and the time.
async fn in_processes_of_their_own(sim: &Simulator, shared: bool) -> (usize, Duration) {
    let folder = TempDir::new().expect("a folder");
    let file = shared.then(|| folder.path().join("bot.shared"));
    let begun = Instant::now();
    let started = (0..COUNT).map(|shard| start(sim, folder.path(), shard, file.clone()));
    let apps = join_all(started).await;
    for (app, client) in &apps {
        app.until(|| is_connected(client)).await;
    }
    let took = begun.elapsed();
    for (app, _) in apps {
        app.stop().await.expect("a clean stop");
    }
    (refused(sim), took)
}

#[tokio::test(start_paused = true)]
async fn processes_with_different_shards_identify_five_seconds_apart() {
    let sim = Simulator::with_seed(7);
    sim.discord().shards(COUNT);
    let (refused, took) = in_processes_of_their_own(&sim, true).await;
    assert_eq!(refused, 0, "{:?}", sim.notes());
    assert_eq!(sim.discord().identifies("antiphon"), COUNT);
    let least = Duration::from_secs(5) * (COUNT - 1);
    assert!(took >= least && took < least * 3, "{took:?}");
    // Without a common file each counts for itself, and the simulator refuses what comes too early.
    let sim = Simulator::with_seed(7);
    sim.discord().shards(COUNT);
    let (refused, _) = in_processes_of_their_own(&sim, false).await;
    assert!(refused > 0);
}

#[tokio::test(start_paused = true)]
async fn shards_of_different_keys_do_not_wait_for_one_another() {
    let sim = Simulator::with_seed(7);
    sim.discord().shards(COUNT);
    sim.discord().max_concurrency(COUNT);
    let (refused, took) = in_processes_of_their_own(&sim, true).await;
    assert_eq!(refused, 0, "{:?}", sim.notes());
    // Not one after another; requests have limits of their own.
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn sources_of_one_app_identify_in_turn() {
    let sim = Simulator::with_seed(7);
    sim.discord().shards(COUNT);
    let folder = TempDir::new().expect("a folder");
    let journal = SqliteJournal::open(folder.path().join("journal.sqlite")).await;
    let (mut app, mut clients) = (App::new(()), Vec::new());
    for shard in 0..COUNT {
        let (client, source) = connect(&sim, &format!("shard-{shard}"), only(shard));
        app = app.source(source);
        clients.push(client);
    }
    let app = TestApp::start(app, journal.expect("opened")).await;
    app.until(|| clients.iter().all(is_connected)).await;
    app.stop().await.expect("a clean stop");
    assert_eq!(refused(&sim), 0, "{:?}", sim.notes());
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_over_leaves_five_seconds_behind_the_last_identify() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("journal.sqlite");
    for round in 1..=3 {
        // Another number of shards has to identify anew, and is killed once it has.
        let (_client, source) = connect(&sim, "discord", Shards::Count(round));
        let journal = SqliteJournal::open(&file).await.expect("opened");
        let before = discord.identifies("antiphon");
        let app = TestApp::start(App::new(()).source(source), journal).await;
        app.until(|| discord.identifies("antiphon") > before).await;
        app.crash().await;
    }
    assert_eq!(refused(&sim), 0, "{:?}", sim.notes());
    assert_eq!(discord.identifies("antiphon"), 3);
}
