//! Older nodes and other servers of the same protocol.

use antiphon_sim::lavalink::NodeQuirk;
use http::Method;
use serde_json::{Value, json};

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
