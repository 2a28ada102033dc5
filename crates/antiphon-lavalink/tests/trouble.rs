//! Closed voice connections, unknown frames, and random faults, on a paused clock.

mod harness;

use std::time::Duration;

use antiphon_core::Rng;
use antiphon_lavalink::{
    AutoPlayMode, DiscordVoiceCloseType, NodeStatus, PlayerError, WebsocketClosed,
};
use antiphon_sim::{RestFault, Simulator};
use harness::{Bot as _, CHANNEL, Running, Told as _, config, config_of, lost, track, wait};
use tokio::time::sleep;

const GUILD: u64 = 500;
const ALL: [&str; 3] = ["eu-1", "us-1", "asia-1"];

fn none() -> Vec<String> {
    Vec::new()
}

fn long(sim: &Simulator) {
    sim.lavalink().add_track("long", "Odd", "Long", 3_600_000);
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_is_worn_out_is_asked_for_anew_and_the_track_goes_on() {
    for code in [4006, 4009] {
        let sim = Simulator::with_seed(7);
        long(&sim);
        let app = Running::start_connected(&sim, config(&sim)).await;
        let player = app.play(&sim, GUILD, "long").await;
        sleep(Duration::from_secs(3)).await;
        let node = sim.lavalink().node("eu-1");
        assert!(node.close_voice(GUILD, code, "worn out", true));
        app.until(|journal| !journal.of("lavalink.WebSocketClosedEvent").is_empty())
            .await;
        wait(|| node.player(GUILD).is_some_and(|it| it.connected)).await;
        sleep(Duration::from_secs(10)).await;
        assert!(player.playing() && player.connected(), "{code}");
        let journal = app.finish().await;
        let closed = journal.decoded::<WebsocketClosed>();
        assert_eq!(closed[0].code, DiscordVoiceCloseType(code));
        assert_eq!(journal.story(GUILD), ["start long"], "{code}");
        assert_eq!(lost(&sim, &journal), none());
    }
}

#[tokio::test(start_paused = true)]
async fn voices_that_end_are_told_whatever_their_code() {
    let sim = Simulator::with_seed(7);
    long(&sim);
    let app = Running::start_connected(&sim, config(&sim)).await;
    app.play(&sim, GUILD, "long").await;
    let node = sim.lavalink().node("eu-1");
    let codes = [
        1000, 1006, 4001, 4004, 4014, 4015, 4016, 4017, 4021, 4022, 4999,
    ];
    for code in codes {
        assert!(node.close_voice(GUILD, code, "", code != 1000));
        sleep(Duration::from_secs(40)).await;
    }
    let journal = app.finish().await;
    let closed = journal.decoded::<WebsocketClosed>();
    let heard: Vec<u16> = closed.iter().map(|closed| closed.code.0).collect();
    assert_eq!(heard, codes);
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn a_voice_server_that_is_away_for_a_moment_is_tried_again() {
    let sim = Simulator::with_seed(7);
    let app = Running::start_connected(&sim, config(&sim)).await;
    sim.lavalink().voice_unreachable(1);
    let player = app.client.player_in(GUILD);
    player.connect(CHANNEL).await.expect("at the second try");
    assert!(player.connected());
    sim.lavalink().voice_unreachable(100);
    let other = app.client.player_in(GUILD + 1);
    let error = other.connect(CHANNEL).await.expect_err("never");
    assert!(error.is_transient(), "{error}");
    let journal = app.finish().await;
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn frames_that_nobody_knows_are_kept_as_they_are() {
    let sim = Simulator::with_seed(7);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let node = sim.lavalink().node("eu-1");
    let frames = [
        "{not json",
        "[1,2]",
        "\"text\"",
        r#"{"op":"weather","sky":"overcast"}"#,
        r#"{"op":"event","type":"TrackEndEvent"}"#,
        r#"{"op":"event","type":"TrackStartEvent","guildId":"x","track":[]}"#,
        r#"{"op":"event","type":"WebSocketClosedEvent","guildId":"500","code":-1}"#,
        r#"{"op":"playerUpdate","guildId":"500","state":null}"#,
        r#"{"op":"stats","players":"many"}"#,
        r#"{"op":"ready","resumed":true,"sessionId":"another"}"#,
        "{}",
        "",
    ];
    let player = app.play(&sim, GUILD, "clef_______").await;
    for frame in frames {
        node.frame(frame);
    }
    // The next `playerUpdate` corrects a frame with an impossible state.
    sleep(Duration::from_secs(10)).await;
    assert!(player.playing() && app.is_connected());
    player.set_volume(30).await.expect("in the same session");
    let journal = app.finish().await;
    for frame in frames {
        assert!(
            journal
                .events
                .iter()
                .any(|event| event.body() == frame.as_bytes()),
            "{frame}"
        );
    }
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn frames_that_come_twice_or_never_end_do_no_harm() {
    let sim = Simulator::with_seed(7);
    for name in ["one", "two"] {
        sim.lavalink().add_track(name, "Odd", name, 3000);
    }
    let app = Running::start_connected(&sim, config(&sim)).await;
    let node = sim.lavalink().node("eu-1");
    let player = app.client.player_in(GUILD);
    player.connect(CHANNEL).await.expect("in the channel");
    player
        .set_autoplay(AutoPlayMode::Partial)
        .await
        .expect("set");
    let rest: Vec<_> = ["two", "one", "two"].map(|name| track(&sim, name)).into();
    player.queue().put(rest).await.expect("room");
    node.duplicate(1000);
    player.play(track(&sim, "one")).await.expect("taken");
    wait(|| !player.playing() && player.queue().is_empty()).await;
    let plays = node.requests();
    let plays = plays.iter().filter(|request| request.is_about_track());
    assert_eq!(plays.count(), 4, "an end that is told twice skips nothing");
    let ends = app.journal().of("lavalink.TrackEndEvent").len();
    assert_eq!(ends, 8, "each end was told twice");
    node.oversized(1 << 30);
    wait(|| app.client.nodes()[0].status() != NodeStatus::Connected).await;
    app.connected_to(1).await;
    player.play(track(&sim, "one")).await.expect("taken");
    let journal = app.finish().await;
    assert_eq!(lost(&sim, &journal), none());
}

/// `NodeLink` 2.3.0 sends each start twice: when it takes the request, and when audio flows.
#[tokio::test(start_paused = true)]
async fn a_start_that_is_told_again_keeps_the_position_and_ends_with_the_track() {
    let sim = Simulator::with_seed(7);
    long(&sim);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let node = sim.lavalink().node("eu-1");
    let player = app.play(&sim, GUILD, "long").await;
    wait(|| player.position() >= Duration::from_secs(7)).await;
    let again = |journal: &antiphon_sim::trial::Journal| {
        let starts = journal.of("lavalink.TrackStartEvent");
        String::from_utf8(starts[0].body().to_vec()).expect("a text")
    };
    let journal = app.until(|journal| journal.story(GUILD).len() == 1).await;
    node.frame(&again(&journal));
    app.until(|journal| journal.story(GUILD).len() == 2).await;
    assert!(player.playing() && player.position() >= Duration::from_secs(7));
    player.stop().await.expect("taken");
    app.until(|journal| journal.story(GUILD).len() == 3).await;
    assert!(!player.playing() && player.current().is_none());
    assert!(player.position().is_zero());
    // After the end the node is asked, and has no track either.
    node.frame(&again(&journal));
    app.until(|journal| journal.story(GUILD).len() == 4).await;
    sleep(Duration::from_secs(30)).await;
    assert!(!player.playing() && player.current().is_none());
    let journal = app.finish().await;
    assert_eq!(
        journal.story(GUILD),
        ["start long", "start long", "stopped long", "start long"]
    );
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn a_queue_goes_on_through_the_death_of_its_node() {
    let sim = Simulator::with_seed(7);
    for name in ["one", "two", "three"] {
        sim.lavalink().add_track(name, "Odd", name, 20_000);
    }
    let app = Running::start_connected(&sim, config_of(&sim, &ALL[..2])).await;
    let player = app.client.player_in(GUILD);
    player.connect(CHANNEL).await.expect("in the channel");
    player
        .set_autoplay(AutoPlayMode::Partial)
        .await
        .expect("set");
    let rest: Vec<_> = ["two", "three"].map(|name| track(&sim, name)).into();
    player.queue().put(rest).await.expect("room");
    player.play(track(&sim, "one")).await.expect("taken");
    sleep(Duration::from_secs(15)).await;
    let first = player.node().expect("a node").identifier();
    sim.lavalink()
        .node(first.as_str())
        .kill(Duration::from_secs(600));
    wait(|| player.node().is_some_and(|node| node.identifier() != first)).await;
    wait(|| !player.playing() && player.queue().is_empty()).await;
    let journal = app.finish().await;
    let story = journal.story(GUILD);
    let ends: Vec<&String> = story
        .iter()
        .filter(|line| line.starts_with("finished"))
        .collect();
    assert_eq!(ends, ["finished one", "finished two", "finished three"]);
    assert!(story.contains(&"go on one".to_owned()), "{story:?}");
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn a_player_is_switched_to_another_node_on_demand() {
    let sim = Simulator::with_seed(7);
    long(&sim);
    let app = Running::start_connected(&sim, config_of(&sim, &ALL)).await;
    let player = app.play(&sim, GUILD, "long").await;
    for name in ["asia-1", "us-1", "eu-1", "us-1"] {
        sleep(Duration::from_secs(10)).await;
        let here = player.node().expect("a node").identifier();
        match player.switch_node(name).await {
            Ok(()) => {}
            Err(PlayerError::InvalidNode(_)) if here.as_str() == name => continue,
            Err(error) => panic!("{name}: {error}"),
        }
        sleep(Duration::from_secs(1)).await;
        let theirs = sim.lavalink().players();
        assert_eq!(theirs.len(), 1, "{theirs:?}");
        assert_eq!(theirs[0].node, name);
    }
    let ours = i64::try_from(player.position().as_millis()).expect("short");
    let theirs = sim.lavalink().players()[0].position;
    assert!(
        ours.abs_diff(theirs) < 500 && ours.abs_diff(44_000) < 5000,
        "{ours} {theirs}"
    );
    let journal = app.finish().await;
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), none());
}

/// Random faults in an order of the seed, with players of the pool and traffic of others.
async fn chaos(seed: u64) {
    let sim = Simulator::with_seed(seed);
    long(&sim);
    let app = Running::start_connected(&sim, config_of(&sim, &ALL)).await;
    for guild in 1..=12 {
        app.play(&sim, guild, "long").await;
    }
    sim.lavalink().traffic(100);
    let mut chance = Rng::with_seed(seed);
    for _ in 0..30 {
        sleep(Duration::from_millis(chance.u64(10..8000))).await;
        let node = sim.lavalink().node(ALL[chance.usize(..3)]);
        match chance.u32(..11) {
            0 => node.cut(),
            1 => node.reset(),
            2 => node.close(1001, ""),
            3 => node.stall(Duration::from_millis(chance.u64(100..40_000))),
            4 => node.kill(Duration::from_millis(chance.u64(10..30_000))),
            5 => node.shut_down(Duration::from_millis(chance.u64(10..30_000))),
            6 => node.half_open(),
            7 => node.refuse_sockets(Duration::from_secs(5)),
            8 => node.refuse_upgrades(2, 503),
            9 => node.fail_rest("*", 5, RestFault::Html(502)),
            _ => node.fail_rest("*", 5, RestFault::Dropped),
        }
    }
    sleep(Duration::from_secs(200)).await;
    sim.lavalink().traffic(0);
    app.connected_to(3).await;
    sleep(Duration::from_secs(60)).await;
    let ours = app.client.players();
    for player in &ours {
        assert!(player.playing(), "seed {seed}: guild {}", player.guild());
    }
    let mut theirs: Vec<u64> = sim
        .lavalink()
        .players()
        .into_iter()
        .filter(|player| player.guild <= 12 && player.track.is_some() && player.connected)
        .map(|player| player.guild)
        .collect();
    theirs.sort_unstable();
    assert_eq!(theirs, (1..=12).collect::<Vec<_>>(), "seed {seed}");
    let journal = app.finish().await;
    assert_eq!(journal.repeats, 0, "seed {seed}");
    assert_eq!(lost(&sim, &journal), none(), "seed {seed}");
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_every_player_plays_once_and_nothing_is_lost_unsaid() {
    // `ANTIPHON_SEEDS` sets the number of seeds, for a long run.
    let seeds = std::env::var("ANTIPHON_SEEDS").ok();
    let seeds: u64 = seeds.and_then(|seeds| seeds.parse().ok()).unwrap_or(4);
    for seed in 1..=seeds {
        chaos(seed).await;
    }
}
