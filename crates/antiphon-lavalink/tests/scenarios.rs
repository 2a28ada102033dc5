//! The source against simulated nodes, on a paused clock.

mod harness;

use std::time::Duration;

use antiphon_core::Provenance;
use antiphon_lavalink::{
    self as lavalink, AutoPlayMode, Config, Equalizer, Extras, Filters, InvalidNodeError,
    LoadError, NodeClosed, NodeConfig, NodeStatus, PlayOptions, PlayerError, QueueMode,
    RequestError, Timescale, TrackException, TrackSource, TrackStart, TrackStuck,
};
use antiphon_sim::Simulator;
use harness::{Bot as _, Running, Told as _, config, lost, track, wait};
use tokio::time::sleep;

const GUILD: u64 = 500;
/// Positions within so many milliseconds count as equal.
const CLOSE: u128 = 500;

fn none() -> Vec<String> {
    Vec::new()
}

#[tokio::test(start_paused = true)]
async fn a_track_is_played_changed_and_stopped() {
    let sim = Simulator::with_seed(7);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let node = sim.lavalink().node("eu-1");
    let long = sim
        .lavalink()
        .add_track("long_______", "Odd", "Long", 600_000);
    assert!(!long.is_empty());
    let player = app.play(&sim, GUILD, "long_______").await;
    app.until(|journal| journal.story(GUILD) == ["start long_______"])
        .await;
    let theirs = || node.player(GUILD).expect("a player");
    assert!(theirs().connected && player.connected() && player.playing());

    sleep(Duration::from_secs(7)).await;
    assert_eq!(theirs().position.abs_diff(7000) / 100, 0);
    assert!(player.position().as_millis().abs_diff(7000) < CLOSE);

    player.seek(Duration::from_secs(60)).await.expect("sought");
    assert!(theirs().position.abs_diff(60_000) < 100);
    player.pause(true).await.expect("paused");
    sleep(Duration::from_secs(30)).await;
    assert!(theirs().paused && player.paused());
    assert!(player.position().as_millis().abs_diff(60_000) < CLOSE);
    player.pause(false).await.expect("it goes on");
    player.set_volume(40).await.expect("set");
    assert_eq!((theirs().volume, player.volume()), (40, 40));

    let filters = Filters::new()
        .timescale(Timescale::new().speed(2.0))
        .equalizer(Equalizer::new([(0, 0.25)]));
    player.set_filters(filters, false).await.expect("set");
    let before = player.position();
    sleep(Duration::from_secs(10)).await;
    let passed = player.position().saturating_sub(before).as_millis();
    assert!(passed.abs_diff(20_000) < CLOSE, "twice as fast: {passed}");
    assert_eq!(theirs().filters["timescale"]["speed"], 2.0);
    player.set_filters(Filters::new(), true).await.expect("set");
    assert!(theirs().filters.get("timescale").is_none());

    player.stop().await.expect("stopped");
    app.until(|journal| journal.story(GUILD).len() == 2).await;
    assert!(theirs().track.is_none() && !player.playing());
    player.disconnect().await.expect("left");
    wait(|| node.player(GUILD).is_none()).await;
    let journal = app.finish().await;
    assert_eq!(
        journal.story(GUILD),
        ["start long_______", "stopped long_______"]
    );
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn nodes_are_found_by_name_region_and_penalty_and_closed_together() {
    let sim = Simulator::with_seed(7);
    let lavalink = sim.lavalink();
    let regions = [("eu-1", "eu"), ("us-1", "us"), ("asia-1", "us")];
    let nodes = regions.map(|(name, region)| {
        let node = lavalink.node(name);
        NodeConfig::new(name, node.url(), node.password()).region(region)
    });
    for (name, load) in [("eu-1", 0.5), ("us-1", 0.9), ("asia-1", 0.1)] {
        lavalink.node(name).set_loads(load, load);
    }
    let config = Config::new(harness::BOT, nodes)
        .network(sim.network())
        .clock(sim.clock());
    let app = Running::start(&sim, config);
    let pool = app.client.clone();
    let found = |region| {
        let node = pool.get_node(region);
        node.map(|node| node.identifier().as_str().to_owned())
    };
    let early = pool.nodes().into_iter().map(|node| node.status());
    assert!(
        early
            .into_iter()
            .all(|status| status != NodeStatus::Connected)
    );
    app.connected_to(3).await;
    wait(|| pool.nodes().iter().all(|node| node.stats().is_some())).await;
    assert_eq!(found(Some("eu")), Ok("eu-1".into()));
    assert_eq!(
        found(Some("us")),
        Ok("asia-1".into()),
        "the least busy of its region"
    );
    assert_eq!(found(Some("africa")), Ok("asia-1".into()), "none is there");
    assert_eq!(found(None), Ok("asia-1".into()));

    let penalty = |name: &str| pool.node(name).expect("configured").penalty();
    assert!(penalty("asia-1") < penalty("eu-1") && penalty("eu-1") < penalty("us-1"));
    assert!(pool.node("mars-1").is_none());
    let node = pool.node("us-1").expect("configured");
    assert_eq!(node.region().as_deref(), Some("us"));
    let info = node.info().expect("it was asked");
    assert!(!info.version.semver.is_empty() && node.session_id().is_some());
    assert!(node.players().is_empty());

    pool.close().await.expect("closed");
    assert_eq!(found(None), Err(InvalidNodeError::NoneConnected));
    let closed = |node: &lavalink::Node| node.status() == NodeStatus::Disconnected;
    assert!(pool.nodes().iter().all(closed));
    let journal = app.finish().await;
    let closed = journal.decoded::<NodeClosed>().into_iter();
    let closed: Vec<String> = closed
        .map(|closed| closed.node.as_str().to_owned())
        .collect();
    assert_eq!(closed, ["eu-1", "us-1", "asia-1"]);
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_player_moves_to_another_channel_and_to_none() {
    let sim = Simulator::with_seed(7);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let long = sim.lavalink().add_track("long", "Odd", "Long", 600_000);
    assert!(!long.is_empty());
    let player = app.play(&sim, GUILD, "long").await;
    sleep(Duration::from_secs(5)).await;

    player.move_to(Some(9.into())).await.expect("moved");
    assert_eq!(player.channel(), Some(9.into()));
    sleep(Duration::from_secs(5)).await;
    let theirs = sim.lavalink().node("eu-1").player(GUILD);
    assert!(theirs.is_some_and(|theirs| theirs.connected && theirs.track.is_some()));
    assert!(
        player.position().as_millis().abs_diff(10_000) < CLOSE,
        "it plays on"
    );

    player.move_to(None).await.expect("left");
    assert!(!player.exists() && player.channel().is_none());
    wait(|| sim.lavalink().players().is_empty()).await;
    let journal = app.finish().await;
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn a_queue_plays_through_and_originals_keep_what_they_were_given() {
    let sim = Simulator::with_seed(7);
    let app = Running::start_connected(&sim, config(&sim)).await;
    for name in ["one", "two", "three"] {
        sim.lavalink().add_track(name, "Odd", name, 3000);
    }
    let player = app.client.player_in(GUILD);
    player.connect(6).await.expect("in the channel");
    player
        .set_autoplay(AutoPlayMode::Partial)
        .await
        .expect("set");
    let mut tracks = Vec::new();
    for name in ["one", "two", "three"] {
        let mut track = track(&sim, name);
        track.extras = Extras::new(&serde_json::json!({"wish": name.len()})).expect("extras");
        tracks.push(track);
    }
    player.queue().put(tracks).await.expect("room");
    let first = player.queue().get().await.expect("one");
    player.play(first).await.expect("it plays");
    let journal = app.until(|journal| journal.story(GUILD).len() == 6).await;
    assert_eq!(
        journal.story(GUILD),
        [
            "start one",
            "finished one",
            "start two",
            "finished two",
            "start three",
            "finished three"
        ]
    );
    for start in journal.decoded::<TrackStart>() {
        let original = start.original.expect("an original");
        assert_eq!(original.identifier, start.track.identifier);
        let wish: Option<usize> = start.track.extras.get("wish");
        assert_eq!(
            wish,
            Some(original.identifier.len()),
            "through the node and back"
        );
    }
    assert_eq!(player.queue().history().len(), 3);
    player.queue().set_mode(QueueMode::Loop).await.expect("set");
    player.play(track(&sim, "one")).await.expect("it plays");
    let journal = app.until(|journal| journal.story(GUILD).len() >= 10).await;
    assert_eq!(
        journal.story(GUILD)[6..10],
        ["start one", "finished one", "start one", "finished one"]
    );
    let journal = app.finish().await;
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn tracks_end_for_every_reason() {
    let sim = Simulator::with_seed(7);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let node = sim.lavalink().node("eu-1");
    let player = app.play(&sim, GUILD, "unavailable").await;
    app.until(|journal| journal.story(GUILD).len() == 3).await;
    assert!(!player.playing());
    player
        .play(track(&sim, "half_______"))
        .await
        .expect("taken");
    app.until(|journal| journal.story(GUILD).len() == 6).await;
    player
        .play(track(&sim, "record_____"))
        .await
        .expect("taken");
    app.until(|journal| journal.story(GUILD).len() == 8).await;
    player
        .play(track(&sim, "clef_______"))
        .await
        .expect("taken");
    app.until(|journal| journal.story(GUILD).len() == 10).await;
    let options = PlayOptions::new()
        .start(Duration::from_secs(10))
        .end(Duration::from_secs(12));
    player
        .play_with(track(&sim, "clef_______"), options)
        .await
        .expect("taken");
    app.until(|journal| journal.story(GUILD).len() == 13).await;
    player
        .play(track(&sim, "second_____"))
        .await
        .expect("taken");
    assert!(node.clean_up(GUILD));
    let journal = app.until(|journal| journal.story(GUILD).len() == 15).await;
    assert_eq!(
        journal.story(GUILD),
        [
            "start unavailable",
            "exception unavailable",
            "loadFailed unavailable",
            "start half_______",
            "exception half_______",
            "finished half_______",
            "start record_____",
            "stuck record_____",
            "replaced record_____",
            "start clef_______",
            "replaced clef_______",
            "start clef_______",
            "finished clef_______",
            "start second_____",
            "cleanup second_____",
        ]
    );
    let stuck = journal.decoded::<TrackStuck>().pop().expect("stuck");
    assert_eq!(stuck.threshold, 10_000);
    for failed in journal.decoded::<TrackException>() {
        assert!(failed.original.is_some() && !failed.exception.cause.is_empty());
    }
    let journal = app.finish().await;
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), none());
}

#[tokio::test(start_paused = true)]
async fn searches_and_refusals_are_understood() {
    let sim = Simulator::with_seed(7);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let found = app
        .client
        .search("odd numbers", &TrackSource::YouTube)
        .await;
    assert!(!found.expect("found").is_empty());
    let list = "https://www.youtube.com/playlist?list=PLchoirloft";
    let list = app.client.fetch_tracks(list).await.expect("a list");
    assert!(!list.is_empty());
    for severity in ["common", "suspicious", "fault"] {
        let wish = format!("https://error.example/{severity}");
        let error = app.client.fetch_tracks(&wish).await.expect_err("an error");
        assert!(
            error
                .to_string()
                .starts_with("the tracks could not be loaded"),
            "{error}"
        );
        let LoadError::Failed(exception) = error else {
            panic!("{error}")
        };
        assert_eq!(exception.severity.as_str(), severity);
    }
    let node = sim.lavalink().node("eu-1");
    node.disable_filter("karaoke", true);
    let player = app.play(&sim, GUILD, "clef_______").await;
    let filters = Filters::new().karaoke(antiphon_lavalink::Karaoke::new());
    let refused = player
        .set_filters(filters, false)
        .await
        .expect_err("disabled");
    let PlayerError::Request(RequestError::Lavalink(failure)) = refused else {
        panic!("{refused}");
    };
    assert!(failure.message.contains("karaoke"));
    assert!(player.playing() && player.filters().karaoke.is_none());
    assert_eq!(app.client.nodes()[0].status(), NodeStatus::Connected);
    let journal = app.finish().await;
    assert_eq!(lost(&sim, &journal), none());
    assert!(
        journal
            .events
            .iter()
            .all(|event| event.provenance() != Provenance::Replayed)
    );
}
