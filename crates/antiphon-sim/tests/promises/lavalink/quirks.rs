//! Older nodes and other servers of the same protocol.

use antiphon_sim::lavalink::NodeQuirk;
use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{GUILD, connected, speaking};

#[tokio::test(start_paused = true)]
async fn frame_stats_come_in_three_encodings_and_cpu_under_two_names() {
    let (sim, mut client) = connected().await;
    let node = sim.lavalink().node("eu-1");
    node.quirk(NodeQuirk::FrameStatsAbsent, true);
    node.tell_stats();
    assert_eq!(client.frame().await.get("frameStats"), None);
    node.quirk(NodeQuirk::FrameStatsAlways, true);
    node.quirk(NodeQuirk::OtherCpu, true);
    node.set_frames(0, 30);
    node.tell_stats();
    let stats = client.frame().await;
    let frames = json!({"sent": 2970, "nulled": 0, "deficit": -30, "expected": 3000});
    assert_eq!(stats["frameStats"], frames);
    assert!(stats["cpu"]["nodelinkLoad"].is_f64());
    assert_eq!(stats["cpu"].get("lavalinkLoad"), None);
    assert_eq!(client.get("/v4/stats").await.ok()["frameStats"], frames);
}

#[tokio::test(start_paused = true)]
async fn tracks_lack_what_older_nodes_leave_out() {
    let (sim, client) = connected().await;
    let node = sim.lavalink().node("eu-1");
    for quirk in [
        NodeQuirk::NoPluginInfo,
        NodeQuirk::NoUserData,
        NodeQuirk::Unpadded,
    ] {
        node.quirk(quirk, true);
    }
    let path = "/v4/loadtracks?identifier=ytsearch:odd+numbers";
    let found = client.get(path).await.ok();
    for track in found["data"].as_array().expect("tracks") {
        assert_eq!(track.as_object().map(serde_json::Map::len), Some(2));
        let encoded = track["encoded"].as_str().expect("text");
        assert!(!encoded.ends_with('='));
        let played = client
            .update(GUILD, json!({"track": {"encoded": encoded}}))
            .await;
        assert_eq!(played["track"]["info"], track["info"]);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_and_errors_are_told_in_other_shapes() {
    let (sim, client) = connected().await;
    let node = sim.lavalink().node("eu-1");
    let nothing = || client.get("/v4/loadtracks?identifier=nothing");
    node.quirk(NodeQuirk::EmptyObject, true);
    assert_eq!(
        nothing().await.ok(),
        json!({"loadType": "empty", "data": {}})
    );
    node.quirk(NodeQuirk::EmptyAbsent, true);
    assert_eq!(nothing().await.ok(), json!({"loadType": "empty"}));
    node.quirk(NodeQuirk::ErrorBeside, true);
    node.quirk(NodeQuirk::NoStackTrace, true);
    let error = client
        .get("/v4/loadtracks?identifier=https://error.example/common")
        .await
        .ok();
    assert_eq!(error.get("data"), None);
    assert_eq!(
        error["exception"].as_object().map(serde_json::Map::len),
        Some(3)
    );
    node.quirk(NodeQuirk::PlainUnauthorized, true);
    let call = client.try_call(Method::GET, "/version", &Value::Null, Some("wrong"));
    let refused = call.await.expect("an answer");
    assert_eq!(
        (refused.status, refused.text.as_str()),
        (401, "Unauthorized")
    );
    node.quirk(NodeQuirk::OtherInfo, true);
    assert_eq!(client.get("/v4/info").await.ok()["version"]["major"], 3);
}

#[tokio::test(start_paused = true)]
async fn another_server_tells_more_and_never_resumes() {
    let (sim, mut client) = connected().await;
    let node = sim.lavalink().node("eu-1");
    node.quirk(NodeQuirk::OtherEvents, true);
    node.quirk(NodeQuirk::NoResume, true);
    client.be_resumable(60).await;
    client.speak(GUILD).await;
    client
        .update(GUILD, json!({"volume": 3, "paused": true}))
        .await;
    let expected = [
        "PlayerCreatedEvent",
        "PlayerConnectedEvent",
        "playerUpdate",
        "PauseEvent",
        "VolumeChangedEvent",
    ];
    assert_eq!(client.rest().await, expected);
    client.leave();
    tokio::task::yield_now().await;
    assert_eq!(client.resume().await["resumed"], false);
}

#[tokio::test(start_paused = true)]
async fn what_a_request_brings_about_may_be_told_after_its_answer() {
    let (sim, mut client) = speaking().await;
    sim.lavalink()
        .node("eu-1")
        .quirk(NodeQuirk::EventsAfterAnswer, true);
    let before = client.received.clone();
    let played = client.play(GUILD, "clef_______").await;
    assert!(played["track"].is_object());
    assert_eq!(client.received, before);
    assert_eq!(client.names(2).await, ["TrackStartEvent", "playerUpdate"]);
}

// NodeLink 2.3.0 and 3.x: <https://github.com/PerformanC/NodeLink>, `src/connection/voiceHandler.js` and `handler.js`.
#[tokio::test(start_paused = true)]
async fn nodelink_tells_the_start_twice_and_load_averages_and_frame_totals() {
    let (sim, mut client) = speaking().await;
    let node = sim.lavalink().node("eu-1");
    for quirk in [
        NodeQuirk::StartTwice,
        NodeQuirk::LoadAverage,
        NodeQuirk::FrameTotals,
        NodeQuirk::FrameStatsAlways,
    ] {
        node.quirk(quirk, true);
    }
    client.play(GUILD, "clef_______").await;
    let expected = [
        "TrackStartEvent",
        "playerUpdate",
        "playerUpdate",
        "TrackStartEvent",
    ];
    assert_eq!(client.names(4).await, expected);
    assert_eq!(client.names(1).await, ["playerUpdate"], "and no third time");
    node.set_loads(15.0, 0.1);
    tokio::time::sleep(std::time::Duration::from_secs(180)).await;
    client.rest().await;
    node.tell_stats();
    let stats = client.frame().await;
    assert_eq!(stats["cpu"]["systemLoad"], 15.0);
    assert_eq!(stats["frameStats"]["expected"], 9000);
    node.quirk(NodeQuirk::LoadAverage, false);
    node.tell_stats();
    assert_eq!(client.frame().await["cpu"]["systemLoad"], 1.0);
}

#[tokio::test(start_paused = true)]
async fn nodelink_plays_the_next_track_without_a_gap() {
    let (sim, mut client) = speaking().await;
    let node = sim.lavalink().node("eu-1");
    node.quirk(NodeQuirk::Gapless, true);
    let next = sim.lavalink().track("clef_______").expect("a track");
    client.play(GUILD, "second_____").await;
    let body = json!({"nextTrack": {"encoded": next, "userData": {"by": "42"}}});
    client.update(GUILD, body).await;
    let end = client.event("TrackEndEvent").await;
    assert_eq!(end["reason"], "gapless");
    let start = client.frame().await;
    assert_eq!(start["type"], "TrackStartEvent");
    assert_eq!(start["track"]["info"]["identifier"], "clef_______");
    assert_eq!(start["track"]["userData"]["by"], "42");
    node.finish(GUILD);
    assert_eq!(client.event("TrackEndEvent").await["reason"], "finished");
    // A stop takes the next track back, and Lavalink has no such thing.
    client.play(GUILD, "second_____").await;
    let again = json!({"nextTrack": {"encoded": next}});
    client.update(GUILD, again.clone()).await;
    client.update(GUILD, json!({"encodedTrack": null})).await;
    client.play(GUILD, "second_____").await;
    assert_eq!(client.event("TrackEndEvent").await["reason"], "stopped");
    assert_eq!(client.event("TrackEndEvent").await["reason"], "finished");
    node.quirk(NodeQuirk::Gapless, false);
    client.update(GUILD, again).await;
    let notes = sim.notes();
    assert!(notes.iter().any(|note| note.text.ends_with("nextTrack")));
}

/// `_completeCrossfade` and `preload` of `NodeLink` 3 (`src/playback/player.ts`).
#[tokio::test(start_paused = true)]
async fn nodelink_fades_the_next_track_in_and_drops_one_that_it_cannot_prepare() {
    let (sim, mut client) = speaking().await;
    let node = sim.lavalink().node("eu-1");
    node.quirk(NodeQuirk::Gapless, true);
    let encoded = |identifier: &str| sim.lavalink().track(identifier).expect("a track");
    let next = |identifier: &str| json!({"nextTrack": {"encoded": encoded(identifier)}});
    sim.lavalink().add_track("minute", "Odd", "Minute", 60_000);
    client.play(GUILD, "minute").await;
    let begun = Instant::now();
    // A crossfade behind the next track comes too late for it.
    let fade = json!({"crossfade": {"enabled": true, "duration": 4000}});
    client.update(GUILD, fade).await;
    client.update(GUILD, next("clef_______")).await;
    assert_eq!(client.event("TrackEndEvent").await["reason"], "crossfading");
    assert_eq!(begun.elapsed().as_secs(), 56);
    let start = client.event("TrackStartEvent").await;
    assert_eq!(start["track"]["info"]["position"], 4000);
    // A track that is replaced leaves the next one.
    client.update(GUILD, next("minute")).await;
    client.play(GUILD, "second_____").await;
    assert_eq!(client.event("TrackEndEvent").await["reason"], "replaced");
    assert_eq!(client.event("TrackEndEvent").await["reason"], "crossfading");
    // One that cannot be loaded is dropped without a word.
    client.update(GUILD, next("unavailable")).await;
    node.finish(GUILD);
    assert_eq!(client.event("TrackEndEvent").await["reason"], "finished");
    // Streams are not faded.
    client.play(GUILD, "minute").await;
    client
        .update(GUILD, next("https://radio.example/choir.mp3"))
        .await;
    node.finish(GUILD);
    assert_eq!(client.event("TrackEndEvent").await["reason"], "gapless");
    // Lavalink knows none of these fields.
    node.quirk(NodeQuirk::Gapless, false);
    client
        .update(
            GUILD,
            json!({"crossfade": {}, "fading": {}, "ducking": true}),
        )
        .await;
    let notes = sim.notes();
    for field in ["crossfade", "fading", "ducking"] {
        assert!(
            notes.iter().any(|note| note.text.ends_with(field)),
            "{field}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn all_of_nodelink_is_one_command() {
    let (sim, mut client) = connected().await;
    let command = |on: bool| {
        let text = json!({"do": "nodelink", "platform": "lavalink", "node": "eu-1", "on": on});
        let command = antiphon_sim::Command::parse(&text.to_string()).expect("a command");
        sim.execute(&command).expect("done");
    };
    command(true);
    let info = client.get("/v4/info").await.ok();
    assert_eq!(info["isNodeLink"], true);
    sim.lavalink().node("eu-1").tell_stats();
    assert!(client.frame().await["cpu"]["systemLoad"].as_f64() > Some(1.0));
    command(false);
    let info = client.get("/v4/info").await.ok();
    assert_eq!(info.get("isNodeLink"), None);
}
