//! Nodes that are cut, die, are drained or missing, on a paused clock.

mod harness;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use antiphon_core::{Link, LinkState, Payload as _, Provenance};
use antiphon_lavalink::{
    MoveReason, NodeClosed, NodeReady, NodeStatus, PlayerError, PlayerMigrated, Pool,
};
use antiphon_sim::{
    RestFault, Simulator,
    lavalink::{NodeQuirk, NodeRequest},
};
use harness::{Bot as _, CHANNEL, Running, Told as _, config, config_of, lost, track, wait};
use tokio::time::{Instant, sleep};

const GUILD: u64 = 500;
const ALL: [&str; 3] = ["eu-1", "us-1", "asia-1"];

fn none() -> Vec<String> {
    Vec::new()
}

fn long(sim: &Simulator) {
    sim.lavalink().add_track("long", "Odd", "Long", 3_600_000);
}

#[tokio::test(start_paused = true)]
async fn a_cut_node_goes_on_with_its_session_and_nothing_is_begun_anew() {
    let sim = Simulator::with_seed(7);
    long(&sim);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let player = app.play(&sim, GUILD, "long").await;
    let node = sim.lavalink().node("eu-1");
    let asked = node.requests().len();
    node.cut();
    wait(|| app.client.nodes()[0].status() != NodeStatus::Connected).await;
    app.connected_to(1).await;
    sleep(Duration::from_secs(5)).await;
    assert!(player.playing() && player.connected());
    let later = node.requests().split_off(asked);
    assert!(later.iter().all(|request| !request.is_about_track()));
    let journal = app.finish().await;
    let resumed: Vec<bool> = journal
        .decoded::<NodeReady>()
        .iter()
        .map(|ready| ready.resumed)
        .collect();
    assert_eq!(resumed, [false, true]);
    assert_eq!(journal.story(GUILD), ["start long"]);
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn what_happened_while_a_node_was_away_comes_when_it_is_back() {
    let sim = Simulator::with_seed(7);
    sim.lavalink().add_track("short", "Odd", "Short", 4000);
    let app = Running::start_connected(&sim, config(&sim)).await;
    app.play(&sim, GUILD, "short").await;
    let node = sim.lavalink().node("eu-1");
    app.until(|journal| journal.story(GUILD).len() == 1).await;
    node.refuse_sockets(Duration::from_secs(8));
    node.cut();
    let journal = app.until(|journal| journal.story(GUILD).len() == 2).await;
    let end = journal.of("lavalink.TrackEndEvent")[0];
    assert_eq!(end.provenance(), Provenance::Replayed);
    let journal = app.finish().await;
    assert_eq!(journal.story(GUILD), ["start short", "finished short"]);
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn what_was_under_way_when_the_socket_broke_is_a_gap() {
    let sim = Simulator::with_seed(7);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let node = sim.lavalink().node("eu-1");
    sleep(Duration::from_secs(3)).await;
    // Sent, and never read.
    node.frame(r#"{"op":"event","type":"NeverHeard"}"#);
    node.cut();
    wait(|| app.client.nodes()[0].status() != NodeStatus::Connected).await;
    app.connected_to(1).await;
    let journal = app.finish().await;
    assert!(journal.of("lavalink.NeverHeard").is_empty());
    assert_eq!(journal.gaps().len(), 1, "{:?}", journal.gaps());
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_leaves_no_gap() {
    let sim = Simulator::with_seed(7);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let node = sim.lavalink().node("eu-1");
    node.frame(r#"{"op":"event","type":"LastWords"}"#);
    node.close(1001, "");
    wait(|| app.client.nodes()[0].status() != NodeStatus::Connected).await;
    app.connected_to(1).await;
    let journal = app.finish().await;
    assert_eq!(journal.of("lavalink.LastWords").len(), 1);
    assert!(journal.gaps().is_empty(), "{:?}", journal.gaps());
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_gone_is_built_again_where_it_was() {
    let sim = Simulator::with_seed(7);
    long(&sim);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let player = app.play(&sim, GUILD, "long").await;
    player.set_volume(30).await.expect("set");
    sleep(Duration::from_secs(20)).await;
    let node = sim.lavalink().node("eu-1");
    let begun = Instant::now();
    node.refuse_sockets(Duration::from_secs(5));
    node.cut();
    node.expire_sessions();
    wait(|| {
        node.player(GUILD)
            .is_some_and(|player| player.track.is_some())
    })
    .await;
    app.connected_to(1).await;
    let theirs = node.player(GUILD).expect("a player");
    // The track goes on where it was lost, not later.
    let since = begun.elapsed().saturating_sub(Duration::from_secs(5));
    let most = 20_500 + i64::try_from(since.as_millis()).expect("short");
    assert!((19_500..=most).contains(&theirs.position), "{theirs:?}");
    assert!(theirs.connected && theirs.volume == 30);
    assert!(player.playing() && player.connected());
    let journal = app.finish().await;
    assert_eq!(journal.story(GUILD), ["start long", "go on long"]);
    assert_eq!(journal.gaps().len(), 1);
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), none());
}

/// Kills or shuts down the only node one second into a track, and starts it as a new process.
async fn only_node_dies(length: i64, in_order: bool) {
    let sim = Simulator::with_seed(7);
    sim.lavalink()
        .add_track("tide", "The Harbour", "Slow Tide", length);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let player = app.play(&sim, GUILD, "tide").await;
    wait(|| player.position() >= Duration::from_secs(1)).await;
    let node = sim.lavalink().node("eu-1");
    let away = Duration::from_secs(24);
    if in_order {
        node.shut_down(away);
    } else {
        node.kill(away);
    }
    wait(|| app.client.nodes()[0].status() != NodeStatus::Connected).await;
    let lost_at = player.position();
    assert!(lost_at < Duration::from_millis(1200), "{lost_at:?}");
    while app.client.nodes()[0].status() != NodeStatus::Connected {
        assert!(!player.connected() && !player.playing() && player.ping().is_none());
        assert_eq!(player.position(), lost_at, "nobody hears it");
        assert!(player.current().is_some(), "it is to go on");
        sleep(Duration::from_millis(10)).await;
    }
    wait(|| node.player(GUILD).is_some_and(|it| it.track.is_some())).await;
    let theirs = node.player(GUILD).expect("a player").position;
    let ours = i64::try_from(lost_at.as_millis()).expect("short");
    assert!((ours..=ours + 200).contains(&theirs), "{theirs} for {ours}");
    wait(|| player.playing()).await;
    assert!(player.position() < Duration::from_millis(1500));
    let journal = app.finish().await;
    assert_eq!(journal.story(GUILD), ["start tide", "go on tide"]);
    assert_eq!(lost(&sim, &journal), none());
}

/// Holds `fixtures/lavalink/cases/only-node-outage.json`, which names its source.
#[tokio::test(start_paused = true)]
async fn a_track_goes_on_where_its_only_node_was_lost() {
    for in_order in [false, true] {
        only_node_dies(184_000, in_order).await;
        // By the wall clock the track would be over after this time.
        only_node_dies(30_000, in_order).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_says_which_node_is_away() {
    let sim = Simulator::with_seed(7);
    long(&sim);
    let app = Running::start_connected(&sim, config_of(&sim, &["eu-1", "us-1"])).await;
    let player = app.play(&sim, GUILD, "long").await;
    let home = player.node().expect("a node").identifier();
    for name in ["eu-1", "us-1"] {
        let node = sim.lavalink().node(name);
        if home.as_str() == name {
            node.kill(Duration::from_secs(3600));
        }
    }
    app.connected_to(1).await;
    let error = player.pause(true).await.expect_err("it is away");
    assert_eq!(error.to_string(), format!("node `{home}` is not connected"));
    assert!(error.is_transient());
    for name in ["eu-1", "us-1"] {
        sim.lavalink().node(name).kill(Duration::from_secs(3600));
    }
    app.connected_to(0).await;
    let error = player.pause(true).await.expect_err("all are away");
    let words = error.to_string();
    assert!(
        words.starts_with("no lavalink node is connected: "),
        "{words}"
    );
    for name in ["node `eu-1` is ", "node `us-1` is "] {
        assert!(words.contains(name), "{words}");
    }
    assert!(!words.contains("not running"), "{words}");
    // Nor is Discord to blame where a channel cannot be joined.
    let error = app.client.player_in(GUILD + 1).connect(CHANNEL).await;
    assert!(
        matches!(&error, Err(PlayerError::NotConnected(error)) if error.is_transient()),
        "{error:?}"
    );
    app.stop().await;
    let error = player.pause(true).await.expect_err("stopped").to_string();
    assert!(
        error.starts_with("the lavalink source is not running"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_half_open_socket_is_noticed_and_its_session_made_anew() {
    let sim = Simulator::with_seed(7);
    long(&sim);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let player = app.play(&sim, GUILD, "long").await;
    let node = sim.lavalink().node("eu-1");
    node.half_open();
    let begun = Instant::now();
    wait(|| app.client.nodes()[0].status() != NodeStatus::Connected).await;
    assert!(begun.elapsed() < Duration::from_secs(60));
    app.connected_to(1).await;
    sleep(Duration::from_secs(120)).await;
    assert!(player.playing() && player.connected());
    let playing = node.players().into_iter().filter(|it| it.track.is_some());
    assert_eq!(playing.count(), 1, "the old session is over");
    let journal = app.finish().await;
    assert_eq!(journal.gaps().len(), 1);
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn what_a_node_said_to_a_dead_socket_before_it_noticed_is_a_gap() {
    let sim = Simulator::with_seed(7);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let node = sim.lavalink().node("eu-1");
    node.half_open();
    node.refuse_sockets(Duration::from_secs(70));
    // The client has noticed by now, the node has not.
    sleep(Duration::from_secs(55)).await;
    assert_ne!(app.client.nodes()[0].status(), NodeStatus::Connected);
    node.frame(r#"{"op":"event","type":"NeverHeard"}"#);
    app.connected_to(1).await;
    let journal = app.finish().await;
    let last = journal.decoded::<NodeReady>().pop().expect("ready");
    assert!(last.resumed && journal.of("lavalink.NeverHeard").is_empty());
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_fails_for_a_while_gets_its_players_back_all_the_same() {
    let sim = Simulator::with_seed(7);
    long(&sim);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let player = app.play(&sim, GUILD, "long").await;
    let node = sim.lavalink().node("eu-1");
    node.fail_rest("PATCH *players*", 12, RestFault::Html(502));
    node.kill(Duration::from_secs(3));
    wait(|| node.player(GUILD).is_some_and(|it| it.track.is_some())).await;
    sleep(Duration::from_secs(1)).await;
    assert!(player.playing() && player.connected());
    let tries = node.requests().into_iter();
    let tries: Vec<i64> = tries
        .filter(NodeRequest::is_about_track)
        .map(|request| request.at)
        .collect();
    let rests = tries[1..].windows(2).map(|two| two[1] - two[0]);
    assert!(rests.clone().all(|rest| rest >= 250), "{tries:?}");
    assert!(rests.max().is_some_and(|rest| rest <= 5500), "{tries:?}");
    let journal = app.finish().await;
    assert_eq!(journal.story(GUILD), ["start long", "go on long"]);
    assert_eq!(lost(&sim, &journal), none());
}

/// Number of playing players by node.
fn playing(sim: &Simulator) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for player in sim.lavalink().players() {
        if player.track.is_some() && player.connected {
            *counts.entry(player.node).or_default() += 1;
        }
    }
    counts
}

async fn crowd(app: &Running, sim: &Simulator, players: u64) {
    for guild in 1..=players {
        app.play(sim, guild, "long").await;
    }
}

#[tokio::test(start_paused = true)]
async fn five_hundred_players_of_three_nodes_survive_the_death_of_one() {
    let sim = Simulator::with_seed(7);
    long(&sim);
    let app = Running::start_connected(&sim, config_of(&sim, &ALL)).await;
    crowd(&app, &sim, 500).await;
    let before = playing(&sim);
    assert!(before.values().all(|players| *players > 100), "{before:?}");
    sleep(Duration::from_secs(30)).await;
    let was: BTreeMap<u64, i64> = sim
        .lavalink()
        .players()
        .into_iter()
        .map(|player| (player.guild, player.position))
        .collect();
    let at: BTreeMap<&str, usize> = ALL
        .into_iter()
        .map(|name| (name, sim.lavalink().node(name).requests().len()))
        .collect();
    // Slow responses, so that simultaneous moves are seen.
    let slow = Duration::from_millis(25);
    for name in ["us-1", "asia-1"] {
        let node = sim.lavalink().node(name);
        node.fail_rest("PATCH *", 10_000, RestFault::Slow(slow));
    }
    sim.lavalink().node("eu-1").kill(Duration::from_secs(3600));
    let killed = Instant::now();
    // The grace and five seconds.
    sleep(Duration::from_secs(20)).await;
    let after = playing(&sim);
    assert!(after.values().sum::<usize>() >= 495, "{after:?}");
    for player in sim.lavalink().players() {
        let outage = i64::try_from(killed.elapsed().as_millis()).expect("short");
        let most = was[&player.guild] + outage;
        let least = was[&player.guild] - 500;
        assert!(
            (least..=most + 500).contains(&player.position),
            "{player:?}"
        );
    }
    for name in ["us-1", "asia-1"] {
        let moved = sim.lavalink().node(name).requests().split_off(at[name]);
        let times: Vec<i64> = moved
            .iter()
            .filter(|request| request.is_about_track())
            .map(|request| request.at)
            .collect();
        assert!(times.len() > 50, "{name} took over {}", times.len());
        for three in times.windows(3) {
            assert!(three[2] - three[0] >= 25, "three at a time: {three:?}");
        }
    }
    let journal = app.finish().await;
    let moved = journal.decoded::<PlayerMigrated>();
    let guilds: BTreeSet<_> = moved.iter().map(|moved| moved.player).collect();
    assert_eq!(
        (moved.len(), guilds.len()),
        (before["eu-1"], before["eu-1"])
    );
    for moved in moved {
        assert_eq!(
            (moved.from.as_str(), &moved.reason),
            ("eu-1", &MoveReason::NodeLost)
        );
        assert_ne!(moved.to.as_str(), "eu-1");
    }
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn a_drained_node_hands_its_players_over() {
    let sim = Simulator::with_seed(7);
    long(&sim);
    let app = Running::start_connected(&sim, config_of(&sim, &ALL)).await;
    crowd(&app, &sim, 30).await;
    let there = app.client.node("eu-1").expect("configured");
    assert!(there.players().len() > 5);
    let left = there.close(true).await.expect("closed");
    assert!(left.is_empty());
    sleep(Duration::from_secs(1)).await;
    let after = playing(&sim);
    assert_eq!((after.get("eu-1"), after.values().sum()), (None, 30));
    assert!(sim.lavalink().node("eu-1").connections().is_empty());
    let journal = app.finish().await;
    let closed = journal.decoded::<NodeClosed>();
    let [
        NodeClosed {
            node, disconnected, ..
        },
    ] = &closed[..]
    else {
        panic!("{closed:?}")
    };
    assert_eq!((node.as_str(), &disconnected[..]), ("eu-1", &[][..]));
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), none());
}

async fn restarted(kill: bool) {
    let sim = Simulator::with_seed(7);
    long(&sim);
    let app = Running::start_connected(&sim, config(&sim)).await;
    crowd(&app, &sim, 20).await;
    sleep(Duration::from_secs(12)).await;
    let journal = if kill {
        app.kill().await
    } else {
        app.finish().await
    };
    let node = sim.lavalink().node("eu-1");
    let asked = node.requests().len();
    sleep(Duration::from_secs(20)).await;
    node.finish(3);
    let app = Running::resume_connected(&sim, config(&sim), journal).await;
    sleep(Duration::from_secs(3)).await;
    let playing = |pool: &Pool| pool.players().iter().filter(|it| it.playing()).count();
    assert_eq!(playing(&app.client), 19);
    let player = app.client.player(5).expect("adopted");
    let theirs = node.player(5).expect("a player").position;
    let ours = i64::try_from(player.position().as_millis()).expect("short");
    assert!(ours.abs_diff(theirs) < 500, "{ours} {theirs}");
    let later = node.requests().split_off(asked);
    assert_eq!(later.iter().filter(|it| it.is_about_track()).count(), 0);
    player.pause(true).await.expect("it does as it is told");
    assert!(node.player(5).expect("a player").paused);
    let journal = app.finish().await;
    assert_eq!(journal.story(3), ["start long", "finished long"]);
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_good_order_adopts_every_player() {
    restarted(false).await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_after_a_crash_adopts_every_player() {
    restarted(true).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_and_another_version_stop_the_source() {
    for (other_version, quirk, code) in [
        (false, false, "authorization"),
        (false, true, "authorization"),
        (true, false, "protocol"),
    ] {
        let sim = Simulator::with_seed(7);
        let node = sim.lavalink().node("eu-1");
        let config = config(&sim);
        node.quirk(NodeQuirk::PlainUnauthorized, quirk);
        if other_version {
            node.other_version(true);
        } else {
            node.change_password("another");
        }
        let mut app = Running::start(&sim, config);
        let error = app.ended().await.expect_err("stopped");
        assert_eq!(error.code(), code);
        assert!(error.way_out().is_some());
        assert_eq!(sim.notes(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn pages_and_nonsense_instead_of_answers_are_errors_and_nothing_breaks() {
    let sim = Simulator::with_seed(7);
    long(&sim);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let node = sim.lavalink().node("eu-1");
    let player = app.play(&sim, GUILD, "long").await;
    let faults = [
        RestFault::Html(502),
        RestFault::Html(200),
        RestFault::NotJson,
        RestFault::Status(500),
        RestFault::Status(403),
        RestFault::LoggedOut,
        RestFault::Dropped,
        RestFault::Huge(64 << 20),
    ];
    for fault in faults {
        node.fail_rest("PATCH *", 1, fault.clone());
        let refused = player.set_volume(20).await;
        assert!(
            matches!(refused, Err(PlayerError::Request(_))),
            "{fault:?}: {refused:?}"
        );
        node.fail_rest("GET /v4/loadtracks", 1, fault.clone());
        app.client
            .fetch_tracks("scsearch:x")
            .await
            .expect_err("refused");
        player.set_volume(50).await.expect("set");
        assert!(player.playing(), "{fault:?}");
    }
    // A list of players that fails is requested again.
    node.fail_rest("GET /v4/sessions/*/players", 2, RestFault::Html(502));
    node.cut();
    wait(|| app.client.nodes()[0].status() != NodeStatus::Connected).await;
    let before = node.requests().len();
    app.connected_to(1).await;
    sleep(Duration::from_secs(30)).await;
    assert!(player.playing());
    let asked = node.requests().split_off(before);
    let lists = asked
        .iter()
        .filter(|it| it.method == "GET" && it.path.ends_with("/players"));
    assert_eq!(lists.count(), 3, "two faults, and a list");
    player
        .play(track(&sim, "second_____"))
        .await
        .expect("taken");
    let journal = app.until(|journal| journal.story(GUILD).len() == 4).await;
    assert_eq!(
        journal.story(GUILD),
        [
            "start long",
            "replaced long",
            "start second_____",
            "finished second_____"
        ]
    );
    let journal = app.finish().await;
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn every_quirk_is_lived_with() {
    // Tracks that start twice make another story, which has a test of its own.
    let told = |quirk: &NodeQuirk| *quirk != NodeQuirk::StartTwice;
    let alone = NodeQuirk::ALL
        .into_iter()
        .filter(told)
        .map(|quirk| vec![quirk]);
    let together = NodeQuirk::NODELINK.into_iter().filter(told).collect();
    for quirks in alone.chain([together]) {
        let sim = Simulator::with_seed(7);
        long(&sim);
        sim.lavalink().add_track("short", "Odd", "Short", 3000);
        let node = sim.lavalink().node("eu-1");
        for quirk in &quirks {
            node.quirk(*quirk, true);
        }
        let app = Running::start_connected(&sim, config(&sim)).await;
        assert!(
            app.client
                .fetch_tracks("scsearch:xyzzy")
                .await
                .expect("nothing")
                .is_empty()
        );
        app.client
            .fetch_tracks("https://error.example/common")
            .await
            .expect_err("an error");
        let player = app.play(&sim, GUILD, "short").await;
        app.until(|journal| journal.story(GUILD).len() == 2).await;
        player
            .play(track(&sim, "unavailable"))
            .await
            .expect("taken");
        app.until(|journal| journal.story(GUILD).len() == 5).await;
        player.play(track(&sim, "long")).await.expect("taken");
        player.play(track(&sim, "short")).await.expect("taken");
        player.play(track(&sim, "long")).await.expect("taken");
        node.plugin_event(GUILD, "SegmentSkipped", &serde_json::Map::new());
        player.pause(true).await.expect("paused");
        player.pause(false).await.expect("it goes on");
        sleep(Duration::from_secs(70)).await;
        assert!(player.playing() && player.connected(), "{quirks:?}");
        node.cut();
        wait(|| app.client.nodes()[0].status() != NodeStatus::Connected).await;
        app.connected_to(1).await;
        sleep(Duration::from_secs(3)).await;
        assert!(player.playing() && player.connected(), "{quirks:?}");
        assert!(node.player(GUILD).is_some_and(|it| it.track.is_some()));
        assert!(app.client.nodes()[0].info().is_some(), "{quirks:?}");
        let stats = app.client.nodes()[0].fetch_stats().await.expect("figures");
        assert_eq!(stats.playing, 1, "{quirks:?}");
        let journal = app.finish().await;
        let mut story = vec![
            "start short",
            "finished short",
            "start unavailable",
            "exception unavailable",
            "loadFailed unavailable",
            "start long",
            "replaced long",
            "start short",
            "replaced short",
            "start long",
        ];
        if quirks.contains(&NodeQuirk::NoResume) {
            story.push("go on long");
        }
        assert_eq!(journal.story(GUILD), story, "{quirks:?}");
        let skipped = journal.of("lavalink.SegmentSkipped");
        assert_eq!(skipped[0].place().as_str(), "node/eu-1/player/500");
        assert!(journal.of("lavalink.malformed").is_empty());
        assert_eq!(sim.notes(), [], "{quirks:?}");
        assert_eq!(lost(&sim, &journal), none(), "{quirks:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn under_traffic_and_cuts_nothing_is_lost_unsaid() {
    let sim = Simulator::with_seed(7);
    let app = Running::start_connected(&sim, config_of(&sim, &ALL)).await;
    sim.lavalink().traffic(300);
    for round in 0..12_u64 {
        sleep(Duration::from_secs(5)).await;
        let node = sim
            .lavalink()
            .node(ALL[usize::try_from(round % 3).expect("small")]);
        match round / 3 {
            0 => node.cut(),
            1 => node.close(1001, ""),
            2 => node.stall(Duration::from_secs(10)),
            _ => node.kill(Duration::from_secs(3)),
        }
    }
    sleep(Duration::from_secs(60)).await;
    sim.lavalink().traffic(0);
    sleep(Duration::from_secs(5)).await;
    app.connected_to(3).await;
    let journal = app.finish().await;
    assert!(journal.events.len() > 5000);
    assert_eq!(journal.repeats, 0);
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), none());
}

// ---------------------------------------------------------------------------------------------------------------------
// Refusals.

/// The link states of a node, in order.
fn links(journal: &harness::Journal, node: &str) -> Vec<LinkState> {
    let links = journal.of("antiphon.link").into_iter();
    let links = links.filter(|event| event.place().as_str() == format!("node/{node}"));
    let links = links.map(|event| Link::decode(event).expect("a link").state);
    links.collect()
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_worked_and_refuses_once_is_waited_for() {
    for status in [400, 401, 403, 404, 405, 500] {
        let sim = Simulator::with_seed(7);
        let app = Running::start_connected(&sim, config(&sim)).await;
        let node = sim.lavalink().node("eu-1");
        node.refuse_upgrades(1, status);
        node.cut();
        wait(|| app.client.nodes()[0].status() != NodeStatus::Connected).await;
        app.connected_to(1).await;
        let journal = app.finish().await;
        let links = links(&journal, "eu-1");
        let said = links.iter().any(|state| {
            let LinkState::Waiting { reason, .. } = state else {
                return false;
            };
            reason.contains(&status.to_string())
        });
        assert!(said, "{status} is not named: {links:?}");
        assert!(
            links.last().is_some_and(LinkState::is_connected),
            "{links:?}"
        );
        assert_eq!(lost(&sim, &journal), none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_refuses_after_a_restart_is_waited_for_as_well() {
    for status in [400, 403, 404] {
        let sim = Simulator::with_seed(7);
        let app = Running::start_connected(&sim, config(&sim)).await;
        let stored = app.kill().await;
        sim.lavalink().node("eu-1").refuse_upgrades(2, status);
        let app = Running::resume_connected(&sim, config(&sim), stored).await;
        let journal = app.finish().await;
        let refused = links(&journal, "eu-1").into_iter().filter(|state| {
            matches!(state, LinkState::Waiting { reason, .. } if reason.contains(&status.to_string()))
        });
        assert_eq!(refused.count(), 2, "{status}");
        assert_eq!(lost(&sim, &journal), none(), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_refuses_for_long_is_not_hammered() {
    let sim = Simulator::with_seed(7);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let node = sim.lavalink().node("eu-1");
    node.refuse_upgrades(1000, 403);
    node.cut();
    sleep(Duration::from_secs(6 * 60 * 60)).await;
    let journal = app.journal();
    let tries = links(&journal, "eu-1").len() / 2;
    // Attempts are at most 15 minutes and at least half a minute apart.
    assert!((20..100).contains(&tries), "{tries}");
    app.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_pool_with_one_dead_node_is_fine() {
    let sim = Simulator::with_seed(7);
    long(&sim);
    sim.lavalink().node("eu-1").refuse_upgrades(1000, 401);
    let app = Running::start(&sim, config_of(&sim, &ALL));
    app.connected_to(2).await;
    let player = app.play(&sim, GUILD, "long").await;
    sleep(Duration::from_secs(60)).await;
    assert!(player.playing());
    let journal = app.finish().await;
    let links = links(&journal, "eu-1");
    let Some(LinkState::Stopped { code, reason, hint }) = links.last() else {
        panic!("{links:?}")
    };
    assert_eq!(code, "authorization");
    assert!(reason.contains("401") && hint.is_some(), "{reason}");
}
