//! Lyrics, plugin state and transitions against simulated nodes, on a paused clock.

mod harness;

use std::time::Duration;

use antiphon_lavalink::{
    AutoPlayMode, Crossfade, Declaration, DeclarationError, Filters, LyricsApi, LyricsFound,
    LyricsLine, LyricsOptions, Method, NodeConfig, NodeStatus, PlayOptions, Player, PlayerError,
    PluginFilters, PluginStateLost, QueueMode, RequestError, SearchType, SegmentSkipped,
    SegmentsLoaded, Transition,
};
use antiphon_sim::{
    Simulator,
    lavalink::{Node, NodeQuirk},
};
use harness::{
    Bot as _, Running, Told as _, config, config_of, lost, simulator_with_tracks, track, wait,
};
use serde_json::{Value, json};
use tokio::time::sleep;

const GUILD: u64 = 500;

/// The paths of a node's requests about plugins, with their methods, in order.
fn plugin_requests(node: &Node) -> Vec<String> {
    let about = |path: &str| {
        let (_, part) = path.split_once(&format!("/players/{GUILD}"))?;
        Some(part.to_owned()).filter(|part| !part.is_empty())
    };
    let requests = node.requests().into_iter();
    requests
        .filter_map(|request| Some(format!("{} {}", request.method, about(&request.path)?)))
        .collect()
}

/// The categories of `SponsorBlock` that a player's node has.
async fn categories(player: &Player) -> Option<Vec<String>> {
    player.fetch_sponsorblock().await.expect("an answer")
}

#[tokio::test(start_paused = true)]
async fn lyrics_of_a_track_and_of_the_current_one_are_typed_for_each_plugin() {
    for (quirks, api) in [
        (&[][..], LyricsApi::LavaLyrics),
        (&[NodeQuirk::JavaLyrics][..], LyricsApi::JavaLyrics),
        (&NodeQuirk::NODELINK[..], LyricsApi::NodeLink),
    ] {
        let sim = simulator_with_tracks();
        let theirs = sim.lavalink().node("eu-1");
        for quirk in quirks {
            theirs.quirk(*quirk, true);
        }
        let app = Running::start_connected(&sim, config(&sim)).await;
        let node = app.client.nodes().remove(0);
        wait(|| node.info().is_some()).await;
        assert_eq!(node.info().and_then(|info| info.lyrics()), Some(api));
        let options = LyricsOptions::new();
        let player = app.play(&sim, GUILD, "a").await;
        let asked = node.fetch_lyrics(&track(&sim, "a"), &options).await;
        let playing = player.fetch_lyrics(options.clone()).await;
        for lyrics in [asked.expect("an answer"), playing.expect("an answer")] {
            let lyrics = lyrics.expect("lyrics");
            assert_eq!(lyrics.lines[1].timestamp, 7000, "{api:?}");
            assert_eq!(lyrics.lines[1].duration, Some(5000), "{api:?}");
            assert_eq!(lyrics.lines[1].text, "a, line 2");
            assert!(lyrics.synced, "{api:?}");
            let at = lyrics
                .line_at(Duration::from_secs(8))
                .map(|(index, _)| index);
            assert_eq!(at, Some(1));
        }
        // A stream has none.
        let radio = sim.lavalink().add_track("radio", "Odd", "Radio", i64::MAX);
        let radio = antiphon_lavalink::Playable::decode(&radio).expect("a track");
        let missing = node.fetch_lyrics(&radio, &options).await;
        assert!(missing.is_ok_and(|lyrics| lyrics.is_none()), "{api:?}");
        player.stop().await.expect("stopped");
        let missing = player.fetch_lyrics(options).await;
        assert!(missing.is_ok_and(|lyrics| lyrics.is_none()), "{api:?}");
        assert_eq!(sim.notes(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn lyrics_of_videos_are_searched_where_a_plugin_can() {
    let sim = simulator_with_tracks();
    let theirs = sim.lavalink().node("eu-1");
    theirs.quirk(NodeQuirk::JavaLyrics, true);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let node = app.client.nodes().remove(0);
    let found = node
        .search_lyrics("loft choir long")
        .await
        .expect("an answer");
    assert_eq!((&*found[0].video_id, &*found[0].title), ("long", "Long"));
    let lyrics = node.fetch_video_lyrics("long").await.expect("an answer");
    let lyrics = lyrics.expect("lyrics");
    assert_eq!(
        (lyrics.title.as_deref(), &*lyrics.source),
        (Some("Long"), "LyricFind")
    );
    let text = node
        .search_genius_lyrics("loft choir long")
        .await
        .expect("an answer");
    let text = text.expect("lyrics");
    assert!(!text.synced && text.plain_text().starts_with("Long, line 1\n"));
    assert!(
        node.fetch_video_lyrics("nosuch")
            .await
            .expect("an answer")
            .is_none()
    );
    // It sends no lines, and LavaLyrics has no videos.
    let player = app.play(&sim, GUILD, "long").await;
    let refused = player.subscribe_lyrics(false).await;
    assert!(
        matches!(refused, Err(PlayerError::Unsupported(lacks)) if lacks.feature.contains("live lyrics"))
    );
    theirs.quirk(NodeQuirk::JavaLyrics, false);
    let info = node.fetch_info().await.expect("info");
    assert_eq!(info.lyrics(), Some(LyricsApi::LavaLyrics));
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn an_advanced_search_is_typed() {
    let sim = simulator_with_tracks();
    let app = Running::start_connected(&sim, config(&sim)).await;
    let node = app.client.nodes().remove(0);
    let found = node
        .load_search("ytsearch:loft choir long", &SearchType::ALL)
        .await;
    let found = found.expect("an answer");
    assert_eq!(found.tracks[0].title, "Long");
    assert_eq!(found.texts[0].text, "Long");
    assert_eq!(found.albums[0].name, "Best of Loft Choir");
    assert_eq!(found.artists[0].kind().as_deref(), Some("artist"));
    assert_eq!(found.playlists[0].len(), 0);
    let texts = node.load_search("ytsearch:long", &[SearchType::Text]).await;
    let texts = texts.expect("an answer");
    assert!(texts.tracks.is_empty() && !texts.texts.is_empty());
    let missing = node.load_search("ytsearch:qqqqqq", &[]).await;
    assert!(missing.expect("an answer").is_empty());
    let theirs = sim.lavalink().node("eu-1");
    theirs.quirk(NodeQuirk::NoPlugins, true);
    theirs.cut();
    wait(|| node.status() != NodeStatus::Connected).await;
    app.connected_to(1).await;
    wait(|| node.info().is_some_and(|info| info.plugins.is_empty())).await;
    let lacks = node.load_search("x", &[]).await;
    assert!(
        matches!(lacks, Err(RequestError::Unsupported(lacks)) if lacks.node.as_str() == "eu-1")
    );
}

#[tokio::test(start_paused = true)]
async fn a_subscription_to_lyrics_lasts_over_moves_sessions_and_restarts() {
    let sim = simulator_with_tracks();
    let nodes = ["eu-1", "us-1"];
    let app = Running::start_connected(&sim, config_of(&sim, &nodes)).await;
    let player = app.play(&sim, GUILD, "long").await;
    player.subscribe_lyrics(false).await.expect("subscribed");
    assert!(player.lyrics_subscribed());
    app.until(|journal| !journal.of("lavalink.LyricsLineEvent").is_empty())
        .await;
    // To another node, which is told by itself.
    let from = player.node().expect("a node").identifier();
    let to = if from.as_str() == "eu-1" {
        "us-1"
    } else {
        "eu-1"
    };
    player.switch_node(to).await.expect("moved");
    let heard = |journal: &harness::Journal, node: &str| {
        let lines = journal.decoded::<LyricsLine>();
        let live = |line: &&LyricsLine| line.node.as_str() == node && !line.skipped;
        lines.iter().filter(live).count()
    };
    app.until(|journal| heard(journal, to) > 1).await;
    let found = app.journal().decoded::<LyricsFound>();
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|found| found.lyrics.lines.len() > 90));

    // A resumed session has forgotten it; the lines of this track still come, and come once.
    let theirs = sim.lavalink().node(to);
    theirs.refuse_sockets(Duration::from_secs(2));
    theirs.cut();
    wait(|| {
        player
            .node()
            .is_some_and(|node| node.status() != NodeStatus::Connected)
    })
    .await;
    app.connected_to(2).await;
    let before = plugin_requests(&theirs).len();
    player.play(track(&sim, "a")).await.expect("it plays");
    wait(|| plugin_requests(&theirs).len() > before).await;
    assert_eq!(
        plugin_requests(&theirs).last().map(String::as_str),
        Some("POST /lyrics/subscribe")
    );
    app.until(|journal| journal.decoded::<LyricsFound>().len() == 3)
        .await;

    // A session that is gone, and a restart of the program.
    theirs.refuse_sockets(Duration::from_secs(2));
    theirs.cut();
    theirs.expire_sessions();
    app.until(|journal| journal.decoded::<LyricsFound>().len() == 4)
        .await;
    let stored = app.finish().await;
    theirs.expire_sessions();
    let app = Running::resume_connected(&sim, config_of(&sim, &nodes), stored).await;
    app.until(|journal| journal.decoded::<LyricsFound>().len() == 5)
        .await;
    let player = app.client.player(GUILD).expect("it is back");
    assert!(player.lyrics_subscribed());
    player.unsubscribe_lyrics().await.expect("unsubscribed");
    assert_eq!(
        plugin_requests(&theirs).last().map(String::as_str),
        Some("DELETE /lyrics/subscribe")
    );
    assert!(!player.lyrics_subscribed() && player.declared().is_empty());
    // Nothing is sent again after the end of the subscription.
    let count = plugin_requests(&theirs).len();
    theirs.cut();
    theirs.expire_sessions();
    wait(|| {
        player
            .node()
            .is_some_and(|node| node.status() != NodeStatus::Connected)
    })
    .await;
    app.connected_to(2).await;
    app.until(|journal| {
        journal
            .story(GUILD)
            .last()
            .is_some_and(|last| last == "go on a")
    })
    .await;
    assert_eq!(plugin_requests(&theirs).len(), count);
    let journal = app.finish().await;
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn categories_of_sponsorblock_go_before_the_track_on_every_node() {
    let sim = simulator_with_tracks();
    let app = Running::start_connected(&sim, config_of(&sim, &["eu-1", "us-1"])).await;
    let player = app.client.player_in(GUILD);
    // Before there is a node.
    player
        .set_sponsorblock(["sponsor", "intro"])
        .await
        .expect("declared");
    assert_eq!(player.sponsorblock(), ["sponsor", "intro"]);
    let dsp = PluginFilters::from_iter([("high-pass".to_owned(), json!({"cutoffFrequency": 80}))]);
    app.play(&sim, GUILD, "long").await;
    assert_eq!(
        categories(&player).await,
        Some(vec!["intro".into(), "sponsor".into()])
    );
    let filters = Filters::new().plugin_filters(dsp);
    player.set_filters(filters, false).await.expect("set");
    let from = player.node().expect("a node").identifier();
    let to = if from.as_str() == "eu-1" {
        "us-1"
    } else {
        "eu-1"
    };
    let there = sim.lavalink().node(to);
    player.switch_node(to).await.expect("moved");
    let requests = there.requests();
    let index = |method: &str, part: &str| {
        let mut requests = requests.iter();
        let found =
            requests.position(|request| request.method == method && request.path.ends_with(part));
        found.expect("a request")
    };
    let player_path = format!("/players/{GUILD}");
    let put = index("PUT", "/sponsorblock/categories");
    let restored = index("PATCH", &player_path);
    assert!(
        put < restored,
        "the plugin looks at them when a track begins"
    );
    // Filters of plugins are filters, and go with the player.
    assert!(
        requests[restored].body.contains("high-pass"),
        "{:?}",
        requests[restored]
    );
    assert!(categories(&player).await.is_some());

    player.clear_sponsorblock().await.expect("cleared");
    assert_eq!(categories(&player).await, None);
    assert!(player.sponsorblock().is_empty());
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn nodelinks_own_sponsorblock_is_set_by_its_own_route() {
    let sim = simulator_with_tracks();
    sim.lavalink().node("eu-1").nodelink(true);
    let app = Running::start_connected(&sim, config(&sim)).await;
    let player = app.client.player_in(GUILD);
    player
        .set_sponsorblock(["sponsor"])
        .await
        .expect("declared");
    player.subscribe_lyrics(true).await.expect("declared");
    app.play(&sim, GUILD, "long").await;
    assert_eq!(categories(&player).await, Some(vec!["sponsor".into()]));
    app.until(|journal| !journal.of("lavalink.LyricsFoundEvent").is_empty())
        .await;
    assert_eq!(player.declared(), ["sponsorblock", "lyrics"]);
    player.clear_sponsorblock().await.expect("cleared");
    assert_eq!(categories(&player).await, None);
    // Its events are typed as the plugin's are.
    let node = sim.lavalink().node("eu-1");
    let segment =
        json!({"uuid": "u1", "start": 100, "end": 900, "category": "intro", "actionType": "skip"});
    let fields = |name: &str, value: Value| [(name.to_owned(), value)].into_iter().collect();
    node.plugin_event(
        GUILD,
        "SponsorBlockSegmentsLoadedEvent",
        &fields("segments", json!([segment])),
    );
    node.plugin_event(
        GUILD,
        "SponsorBlockSegmentSkippedEvent",
        &fields("segment", segment),
    );
    let journal = app
        .until(|journal| {
            !journal
                .of("lavalink.SponsorBlockSegmentSkippedEvent")
                .is_empty()
        })
        .await;
    let loaded = &journal.decoded::<SegmentsLoaded>()[0];
    let skipped = &journal.decoded::<SegmentSkipped>()[0];
    assert_eq!(loaded.segments[0], skipped.segment);
    assert_eq!(
        (skipped.segment.end, skipped.segment.uuid.as_deref()),
        (900, Some("u1"))
    );
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_node_without_the_plugin_is_an_error_at_declaration_and_an_event_on_a_move() {
    let sim = simulator_with_tracks();
    let app = Running::start(&sim, config_of(&sim, &["eu-1", "us-1"]));
    sim.lavalink()
        .node("us-1")
        .quirk(NodeQuirk::NoPlugins, true);
    app.connected_to(2).await;
    let player = app.client.player_in(GUILD);
    player
        .connect_with(6, antiphon_lavalink::ConnectOptions::new().node("us-1"))
        .await
        .expect("in the channel");
    let lacks = player
        .set_sponsorblock(["sponsor"])
        .await
        .expect_err("no plugin");
    assert!(matches!(&lacks, PlayerError::Unsupported(lacks) if lacks.node.as_str() == "us-1"));
    assert!(
        !lacks.is_transient() && lacks.to_string().contains("sponsorblock-plugin"),
        "{lacks}"
    );
    let lacks = player.subscribe_lyrics(false).await.expect_err("no plugin");
    assert!(matches!(lacks, PlayerError::Unsupported(_)));
    // A route that only the 404 tells of.
    let nowhere = Declaration::new("bands", Method::PUT, "/visualiser/bands").body(json!([63]));
    let lacks = player.declare(nowhere).await.expect_err("no route");
    assert!(
        matches!(&lacks, PlayerError::Unsupported(lacks) if lacks.feature.contains("/visualiser/bands")),
        "{lacks:?}"
    );
    assert!(
        player.declared().is_empty(),
        "what the node did not take is not kept"
    );

    player.switch_node("eu-1").await.expect("moved");
    player.play(track(&sim, "long")).await.expect("it plays");
    player.set_sponsorblock(["sponsor"]).await.expect("set");
    player.subscribe_lyrics(false).await.expect("subscribed");
    player.switch_node("us-1").await.expect("moved");
    let journal = app
        .until(|journal| journal.decoded::<PluginStateLost>().len() == 2)
        .await;
    let lost_parts = journal.decoded::<PluginStateLost>();
    assert_eq!(lost_parts[0].declaration, "sponsorblock");
    assert_eq!(lost_parts[1].declaration, "lyrics");
    assert!(lost_parts.iter().all(|lost| lost.node.as_str() == "us-1"));
    assert!(
        lost_parts[0]
            .reason
            .as_deref()
            .is_some_and(|why| why.contains("sponsorblock-plugin"))
    );
    // It is no loop, and the next node is told again.
    sleep(Duration::from_secs(60)).await;
    assert_eq!(
        plugin_requests(&sim.lavalink().node("us-1")),
        ["PUT /visualiser/bands"]
    );
    player.switch_node("eu-1").await.expect("moved");
    assert!(categories(&player).await.is_some());
    assert!(player.playing());
    let journal = app.finish().await;
    assert_eq!(journal.decoded::<PluginStateLost>().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_declaration_is_sent_in_order_to_every_node_and_undone_when_it_is_retracted() {
    let sim = simulator_with_tracks();
    for name in ["eu-1", "us-1"] {
        sim.lavalink().node(name).nodelink(true);
    }
    let app = Running::start_connected(&sim, config_of(&sim, &["eu-1", "us-1"])).await;
    let player = app.play(&sim, GUILD, "long").await;
    let of = |name: &str, body: Value| Declaration::new(name, Method::PATCH, "").body(body);
    let fading = of("fading", json!({"fading": {"enabled": true}})).undo(
        Method::PATCH,
        "",
        Some(json!({"fading": {"enabled": false}})),
    );
    player.declare(fading).await.expect("taken");
    player
        .declare(of("ducking", json!({"ducking": true})))
        .await
        .expect("taken");
    // A second one of the name takes the place of the first.
    let replaced = of(
        "fading",
        json!({"fading": {"enabled": true, "seek": {"duration": 100}}}),
    )
    .undo(
        Method::PATCH,
        "",
        Some(json!({"fading": {"enabled": false}})),
    );
    player.declare(replaced).await.expect("taken");
    assert_eq!(player.declared(), ["fading", "ducking"]);
    let from = player.node().expect("a node").identifier();
    let to = if from.as_str() == "eu-1" {
        "us-1"
    } else {
        "eu-1"
    };
    player.switch_node(to).await.expect("moved");
    let there = sim.lavalink().node(to);
    let bodies = || {
        let requests = there.requests().into_iter();
        let about = |field: &str, body: &str| body.contains(field);
        let bodies = requests.map(|request| request.body);
        bodies
            .filter(|body| about("fading", body) || about("ducking", body))
            .collect::<Vec<_>>()
    };
    wait(|| bodies().len() == 2).await;
    assert!(bodies()[0].contains("seek") && bodies()[1].contains("ducking"));
    player.retract("fading").await.expect("undone");
    assert!(bodies()[2].contains("false"));
    player.retract("fading").await.expect("nothing to do");
    assert_eq!(
        (player.declared(), bodies().len()),
        (vec!["ducking".into()], 3)
    );
    assert!(player.playing());
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_declaration_that_is_not_sound_is_refused_with_its_reason() {
    let sim = simulator_with_tracks();
    let app = Running::start_connected(&sim, config(&sim)).await;
    let player = app.client.player_in(GUILD);
    let of = |name: &str, path: &str| Declaration::new(name, Method::PUT, path);
    let many = || "x".repeat(70_000);
    for (declaration, error) in [
        (of("", "/x"), DeclarationError::Name(64)),
        (of(&"n".repeat(65), "/x"), DeclarationError::Name(64)),
        (
            of("lyrics", "/x"),
            DeclarationError::Reserved("lyrics".into()),
        ),
        (of("x", "x"), DeclarationError::Path(256)),
        (of("x", "/../../2"), DeclarationError::Path(256)),
        (of("x", "/a b"), DeclarationError::Path(256)),
        (
            Declaration::new("x", Method::GET, "/x"),
            DeclarationError::Method("GET".into()),
        ),
        (
            Declaration::new("x", Method::PATCH, "").body(json!({"volume": 3})),
            DeclarationError::Field("`volume`".into()),
        ),
        (
            Declaration::new("x", Method::DELETE, ""),
            DeclarationError::Field("the whole player".into()),
        ),
        (
            of("x", "/x").body(json!(many())),
            DeclarationError::TooLarge(64 << 10),
        ),
    ] {
        let refused = player.declare(declaration.clone()).await;
        assert!(
            matches!(&refused, Err(PlayerError::Declaration(found)) if *found == error),
            "{declaration:?}: {refused:?}"
        );
    }
    for number in 0..16 {
        let name = format!("n{number}");
        player.declare(of(&name, "/x")).await.expect("room");
    }
    let refused = player.declare(of("n16", "/x")).await;
    assert!(matches!(
        refused,
        Err(PlayerError::Declaration(DeclarationError::TooMany(16)))
    ));
    player.declare(of("n3", "/y")).await.expect("in its place");
    player.retract("n3").await.expect("retracted");
    player.declare(of("n16", "/x")).await.expect("room again");
    assert_eq!(player.declared().last().map(String::as_str), Some("n16"));
}

// ---------------------------------------------------------------------------------------------------------------------
// Transitions.

/// A player at a `NodeLink` node that plays `a`, with `b`, `c` and `d` in its queue.
async fn radio(sim: &Simulator, transition: Transition) -> (Running, Player, Node) {
    let node = sim.lavalink().node("eu-1");
    node.nodelink(true);
    let app = Running::start_connected(sim, config(sim).transition(transition)).await;
    let player = app.client.player_in(GUILD);
    player
        .set_autoplay(AutoPlayMode::Partial)
        .await
        .expect("set");
    app.play(sim, GUILD, "a").await;
    for name in ["b", "c", "d"] {
        player.queue().put(track(sim, name)).await.expect("room");
    }
    (app, player, node)
}

/// The titles of the tracks that the client asked a node to play.
fn plays(node: &Node) -> usize {
    let requests = node.requests().into_iter();
    let plays = |body: &Value| body.pointer("/track/encoded").is_some_and(Value::is_string);
    requests
        .filter(|request| serde_json::from_str(&request.body).is_ok_and(|body: Value| plays(&body)))
        .count()
}

/// Whether the node was given a next track last, and none in between.
fn told(node: &Node) -> Option<Value> {
    let requests = node.requests().into_iter().rev();
    let mut bodies = requests.filter_map(|request| {
        let body: Value = serde_json::from_str(&request.body).ok()?;
        body.get("nextTrack").cloned()
    });
    bodies.next()
}

/// A story without the repeated starts of `NodeLink`.
fn once(mut story: Vec<String>) -> Vec<String> {
    story.dedup();
    story
}

#[tokio::test(start_paused = true)]
async fn a_queue_plays_without_gaps_each_track_once() {
    let sim = simulator_with_tracks();
    let (app, player, node) = radio(&sim, Transition::Gapless).await;
    let journal = app
        .until(|journal| {
            journal
                .story(GUILD)
                .last()
                .is_some_and(|last| last == "finished d")
        })
        .await;
    let story = once(journal.story(GUILD));
    assert_eq!(
        story,
        [
            "start a",
            "gapless a",
            "start b",
            "gapless b",
            "start c",
            "gapless c",
            "start d",
            "finished d"
        ]
    );
    assert_eq!(plays(&node), 1, "the node went on by itself");
    assert!(player.queue().is_empty() && player.current().is_none());
    assert_eq!(
        player
            .previous()
            .map(|track| track.title.clone())
            .as_deref(),
        Some("d")
    );
    let past = player.queue().snapshot();
    let past = past.history().expect("a history").iter();
    assert_eq!(
        past.map(|track| track.title.as_str()).collect::<Vec<_>>(),
        ["a", "b", "c", "d"]
    );
    let originals = journal.decoded::<antiphon_lavalink::TrackStart>();
    assert!(originals.iter().all(|start| start.original.is_some()));
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &app.finish().await), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_crossfade_is_set_before_the_track_and_moves_the_position() {
    let sim = simulator_with_tracks();
    let fade = Crossfade::new(Duration::from_secs(5));
    let (app, player, node) = radio(&sim, Transition::Crossfade(fade)).await;
    app.until(|journal| journal.story(GUILD).iter().any(|line| line == "start b"))
        .await;
    assert!(
        player.position() >= Duration::from_secs(5),
        "{:?}",
        player.position()
    );
    let requests = node.requests();
    let index = |field: &str| {
        let has = |body: &Value| body.get(field).is_some();
        let mut requests = requests.iter();
        requests
            .position(|request| serde_json::from_str(&request.body).is_ok_and(|body| has(&body)))
    };
    assert!(index("crossfade") < index("nextTrack"));
    assert!(index("crossfade").is_some());
    let journal = app
        .until(|journal| {
            journal
                .story(GUILD)
                .last()
                .is_some_and(|last| last == "finished d")
        })
        .await;
    let ends: Vec<_> = once(journal.story(GUILD))
        .into_iter()
        .filter(|line| !line.starts_with("start"))
        .collect();
    assert_eq!(
        ends,
        [
            "crossfading a",
            "crossfading b",
            "crossfading c",
            "finished d"
        ]
    );
    assert_eq!(plays(&node), 1);
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn the_node_is_told_of_every_change_of_the_queue() {
    let sim = simulator_with_tracks();
    let (app, player, node) = radio(&sim, Transition::Gapless).await;
    let next = |name: &str| {
        let encoded = track(&sim, name).encoded.to_string();
        let node = node.clone();
        move || told(&node).is_some_and(|told| told["encoded"] == *encoded)
    };
    wait(next("b")).await;
    player.queue().swap(0, 2).await.expect("swapped");
    wait(next("d")).await;
    player.queue().set_mode(QueueMode::Loop).await.expect("set");
    wait(next("a")).await;
    player
        .queue()
        .set_mode(QueueMode::Normal)
        .await
        .expect("set");
    wait(next("d")).await;
    player
        .set_autoplay(AutoPlayMode::Disabled)
        .await
        .expect("set");
    wait(|| told(&node) == Some(Value::Null)).await;
    player
        .set_autoplay(AutoPlayMode::Partial)
        .await
        .expect("set");
    wait(next("d")).await;
    player.set_transition(Transition::None).await.expect("set");
    wait(|| told(&node) == Some(Value::Null)).await;
    player
        .set_transition(Transition::Gapless)
        .await
        .expect("set");
    wait(next("d")).await;
    player.queue().clear().await.expect("cleared");
    wait(|| told(&node) == Some(Value::Null)).await;
    node.finish(GUILD);
    let journal = app
        .until(|journal| {
            journal
                .story(GUILD)
                .last()
                .is_some_and(|last| last == "finished a")
        })
        .await;
    assert_eq!(once(journal.story(GUILD)), ["start a", "finished a"]);
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_skip_and_a_play_leave_no_next_track_behind_at_the_node() {
    let sim = simulator_with_tracks();
    let (app, player, node) = radio(&sim, Transition::Gapless).await;
    wait(|| told(&node).is_some_and(|told| told.is_object())).await;
    // NodeLink keeps the next track when one is replaced.
    player.play(track(&sim, "long")).await.expect("it plays");
    app.until(|journal| {
        journal
            .story(GUILD)
            .last()
            .is_some_and(|last| last == "start long")
    })
    .await;
    wait(|| told(&node).is_some_and(|told| told.is_object())).await;
    player.skip(true).await.expect("skipped");
    let journal = app
        .until(|journal| {
            journal
                .story(GUILD)
                .last()
                .is_some_and(|last| last == "finished d")
        })
        .await;
    assert_eq!(
        once(journal.story(GUILD)),
        [
            "start a",
            "replaced a",
            "start long",
            "stopped long",
            "start b",
            "gapless b",
            "start c",
            "gapless c",
            "start d",
            "finished d"
        ]
    );
    assert_eq!(plays(&node), 3);
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_next_track_that_cannot_be_prepared_is_played_as_everywhere() {
    let sim = simulator_with_tracks();
    let (app, player, node) = radio(&sim, Transition::Gapless).await;
    let broken = track(&sim, "unavailable");
    player.queue().put_at(0, broken).await.expect("room");
    let journal = app
        .until(|journal| {
            journal
                .story(GUILD)
                .last()
                .is_some_and(|last| last == "finished d")
        })
        .await;
    let story = once(journal.story(GUILD));
    let ends: Vec<_> = story
        .into_iter()
        .filter(|line| !line.starts_with("start"))
        .collect();
    assert_eq!(
        ends,
        [
            "finished a",
            "exception unavailable",
            "loadFailed unavailable",
            "gapless b",
            "gapless c",
            "finished d"
        ]
    );
    assert_eq!(plays(&node), 3, "a, the broken one, and b");
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn an_ordinary_node_is_told_nothing_and_the_queue_goes_on() {
    let sim = simulator_with_tracks();
    let app = Running::start_connected(&sim, config(&sim).transition(Transition::Gapless)).await;
    let node = sim.lavalink().node("eu-1");
    let player = app.client.player_in(GUILD);
    player
        .set_autoplay(AutoPlayMode::Partial)
        .await
        .expect("set");
    app.play(&sim, GUILD, "a").await;
    player.queue().put(track(&sim, "b")).await.expect("room");
    let journal = app
        .until(|journal| {
            journal
                .story(GUILD)
                .last()
                .is_some_and(|last| last == "finished b")
        })
        .await;
    assert_eq!(
        journal.story(GUILD),
        ["start a", "finished a", "start b", "finished b"]
    );
    assert_eq!((plays(&node), told(&node)), (2, None));
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_node_may_be_said_not_to_take_next_tracks() {
    let sim = simulator_with_tracks();
    let theirs = sim.lavalink().node("eu-1");
    theirs.nodelink(true);
    let node = NodeConfig::new("eu-1", theirs.url(), theirs.password()).next_track(false);
    let config = antiphon_lavalink::Config::new(harness::BOT, [node])
        .network(sim.network())
        .clock(sim.clock())
        .transition(Transition::Gapless);
    let app = Running::start_connected(&sim, config).await;
    let player = app.client.player_in(GUILD);
    player
        .set_autoplay(AutoPlayMode::Partial)
        .await
        .expect("set");
    app.play(&sim, GUILD, "a").await;
    player.queue().put(track(&sim, "b")).await.expect("room");
    app.until(|journal| {
        journal
            .story(GUILD)
            .last()
            .is_some_and(|last| last == "finished b")
    })
    .await;
    assert_eq!(told(&theirs), None);
}

#[tokio::test(start_paused = true)]
async fn a_transition_while_nobody_reads_plays_nothing_twice() {
    for restarts in [false, true] {
        let sim = simulator_with_tracks();
        let (app, player, node) = radio(&sim, Transition::Gapless).await;
        wait(|| told(&node).is_some_and(|told| told.is_object())).await;
        wait(|| player.position() > Duration::from_secs(50)).await;
        let app = if restarts {
            let stored = app.finish().await;
            sleep(Duration::from_secs(20)).await;
            let config = config(&sim).transition(Transition::Gapless);
            Running::resume(&sim, config, stored)
        } else {
            node.refuse_sockets(Duration::from_secs(20));
            node.cut();
            wait(|| app.client.nodes()[0].status() != NodeStatus::Connected).await;
            app
        };
        app.connected_to(1).await;
        let player = app.client.player(GUILD).expect("a player");
        wait(|| player.current().is_some_and(|track| track.title == "b")).await;
        assert_eq!(player.queue().count(), 2, "c and d");
        let journal = app
            .until(|journal| {
                journal
                    .story(GUILD)
                    .last()
                    .is_some_and(|last| last == "finished d")
            })
            .await;
        let starts: Vec<_> = once(journal.story(GUILD))
            .into_iter()
            .filter(|line| line.starts_with("start"))
            .collect();
        let mut seen = starts.clone();
        seen.dedup();
        assert_eq!(
            seen,
            ["start a", "start b", "start c", "start d"],
            "{restarts}"
        );
        assert_eq!(plays(&node), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_player_that_moves_to_an_ordinary_node_goes_on_without_transitions() {
    let sim = simulator_with_tracks();
    sim.lavalink().node("eu-1").nodelink(true);
    let config = config_of(&sim, &["eu-1", "us-1"]).transition(Transition::Gapless);
    let app = Running::start_connected(&sim, config).await;
    let player = app.client.player_in(GUILD);
    player
        .set_autoplay(AutoPlayMode::Partial)
        .await
        .expect("set");
    player
        .connect_with(6, antiphon_lavalink::ConnectOptions::new().node("eu-1"))
        .await
        .expect("in the channel");
    player.play(track(&sim, "a")).await.expect("it plays");
    player.queue().put(track(&sim, "b")).await.expect("room");
    wait(|| told(&sim.lavalink().node("eu-1")).is_some_and(|told| told.is_object())).await;
    player.switch_node("us-1").await.expect("moved");
    let journal = app
        .until(|journal| {
            journal
                .story(GUILD)
                .last()
                .is_some_and(|last| last == "finished b")
        })
        .await;
    let story = once(journal.story(GUILD));
    assert_eq!(
        &story[story.len() - 3..],
        ["finished a", "start b", "finished b"],
        "{story:?}"
    );
    assert_eq!(told(&sim.lavalink().node("us-1")), None);
}

#[tokio::test(start_paused = true)]
async fn the_previous_track_is_played_and_the_current_one_waits() {
    let sim = simulator_with_tracks();
    let app = Running::start_connected(&sim, config(&sim)).await;
    let player = app.play(&sim, GUILD, "a").await;
    assert!(
        player
            .play_previous()
            .await
            .expect("nothing before")
            .is_none()
    );
    assert_eq!(player.queue().count(), 0);
    player
        .play_with(track(&sim, "b"), PlayOptions::new())
        .await
        .expect("it plays");
    let before = player
        .play_previous()
        .await
        .expect("it plays")
        .expect("a track");
    assert_eq!(before.title, "a");
    assert_eq!(
        player.current().map(|track| track.title.clone()).as_deref(),
        Some("a")
    );
    let queue = player.queue().snapshot();
    assert_eq!(
        queue
            .iter()
            .map(|track| track.title.as_str())
            .collect::<Vec<_>>(),
        ["b"]
    );
    // It is kept over a restart.
    let stored = app.finish().await;
    let app = Running::resume_connected(&sim, config(&sim), stored).await;
    let player = app.client.player(GUILD).expect("a player");
    assert_eq!(
        player
            .previous()
            .map(|track| track.title.clone())
            .as_deref(),
        Some("b")
    );
}

#[tokio::test(start_paused = true)]
async fn recommendations_may_be_the_clients_own() {
    let sim = simulator_with_tracks();
    let config = config(&sim).recommendations(|seeds| {
        let first = seeds.first();
        first
            .map(|track| format!("ytsearch:{}", track.author))
            .into_iter()
            .collect()
    });
    let app = Running::start_connected(&sim, config).await;
    let player = app.client.player_in(GUILD);
    player
        .set_autoplay(AutoPlayMode::Enabled)
        .await
        .expect("set");
    app.play(&sim, GUILD, "a").await;
    sim.lavalink().node("eu-1").finish(GUILD);
    wait(|| player.current().is_some_and(|track| track.recommended)).await;
    assert_eq!(
        player
            .current()
            .map(|track| track.author.clone())
            .as_deref(),
        Some("Loft Choir")
    );
}
