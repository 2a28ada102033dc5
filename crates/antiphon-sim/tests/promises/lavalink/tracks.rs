//! Tracks: searches and encoding (protocol §4, §5.2, §10).

use antiphon_sim::Simulator;
use http::Method;
use serde_json::{Value, json};

use super::{client::Client, connected};

/// Asks for what an identifier finds.
async fn load(client: &Client, identifier: &str) -> Value {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("identifier", identifier)
        .finish();
    client.get(&format!("/v4/loadtracks?{query}")).await.ok()
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_result_comes_up() {
    let sim = Simulator::with_seed(7);
    let client = Client::of(&sim, "eu-1");
    for (identifier, kind) in [
        ("https://radio.example/choir.mp3", "track"),
        ("second_____", "track"),
        ("ytsearch:odd numbers", "search"),
        ("scsearch:slow tide", "search"),
        (
            "https://www.youtube.com/playlist?list=PLchoirloft",
            "playlist",
        ),
        ("sprec:seed_tracks=a&limit=5", "playlist"),
        ("ytsearch:xyzzy", "empty"),
        ("https://error.example/fault", "error"),
    ] {
        assert_eq!(
            load(&client, identifier).await["loadType"],
            kind,
            "{identifier}"
        );
    }
    let stream = load(&client, "https://radio.example/choir.mp3").await["data"].take();
    assert_eq!(stream["info"]["length"], i64::MAX);
    assert_eq!(
        (&stream["info"]["isStream"], &stream["info"]["isSeekable"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(load(&client, "ytsearch:xyzzy").await["data"], Value::Null);
    let error = load(&client, "https://error.example/common").await["data"].take();
    assert_eq!(error["severity"], "common");
    assert!(error["causeStackTrace"].is_string());
    let album = load(&client, "https://open.spotify.com/album/windfall").await["data"].take();
    assert_eq!(album["info"]["selectedTrack"], -1);
    assert_eq!(album["pluginInfo"]["type"], "album");
    assert!(album["tracks"][0]["pluginInfo"]["albumName"].is_string());
    client.get("/v4/loadtracks").await.error(400);
}

#[tokio::test(start_paused = true)]
async fn a_track_is_read_back_as_it_was_found() {
    let sim = Simulator::with_seed(7);
    let client = Client::of(&sim, "eu-1");
    let found = load(&client, "clef_______").await["data"].take();
    let encoded = found["encoded"].as_str().expect("text");
    assert!(encoded.contains('+') || encoded.contains('/') || encoded.contains('='));
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("encodedTrack", encoded)
        .finish();
    let read = client.get(&format!("/v4/decodetrack?{query}")).await.ok();
    assert_eq!(read, found);
    let list = client
        .post("/v4/decodetracks", &json!([encoded, encoded]))
        .await
        .ok();
    assert_eq!(list, json!([found, found]));
    client.get("/v4/decodetrack").await.error(400);
    client.post("/v4/decodetracks", &json!([])).await.error(400);
    client.post("/v4/decodetracks", &json!({})).await.error(400);
    client.get("/v4/decodetrack?track=%2A").await.error(500);
}

#[tokio::test(start_paused = true)]
async fn a_node_tells_what_it_is() {
    let sim = Simulator::with_seed(7);
    let client = Client::of(&sim, "eu-1");
    let version = client.get("/version").await;
    assert_eq!((version.status, version.text.as_str()), (200, "4.2.2"));
    assert_eq!(version.headers["lavalink-api-version"], "4");
    let info = client.get("/v4/info").await.ok();
    assert_eq!(
        (&info["version"]["semver"], &info["version"]["major"]),
        (&json!("4.2.2"), &json!(4))
    );
    assert_eq!(info["version"]["preRelease"], Value::Null);
    assert_eq!(info["filters"].as_array().map(Vec::len), Some(10));
    sim.lavalink().node("eu-1").disable_filter("karaoke", true);
    let info = client.get("/v4/info").await.ok();
    assert_eq!(info["filters"].as_array().map(Vec::len), Some(9));
    assert!(info["plugins"][0]["version"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_route_planner_forgets_the_addresses_it_is_told() {
    let (sim, client) = connected().await;
    client.get("/v4/routeplanner/status").await.empty(204);
    let free = "/v4/routeplanner/free";
    let none = client.post(&format!("{free}/all"), &json!({})).await;
    assert_eq!(none.error(500), "Can't access disabled route planner");
    sim.lavalink()
        .node("eu-1")
        .route_planner(&["1.0.0.1", "1.0.0.2", "::1"]);
    let status = client.get("/v4/routeplanner/status").await.ok();
    assert_eq!(status["class"], "RotatingNanoIpRoutePlanner");
    assert_eq!(
        status["details"]["failingAddresses"]
            .as_array()
            .map(Vec::len),
        Some(3)
    );
    client
        .post(&format!("{free}/address"), &json!({"address": "1.0.0.1"}))
        .await
        .empty(204);
    client
        .post(&format!("{free}/address"), &json!({"address": "nowhere"}))
        .await
        .error(400);
    let status = client.get("/v4/routeplanner/status").await.ok();
    assert_eq!(
        status["details"]["failingAddresses"][0]["failingAddress"],
        "1.0.0.2"
    );
    client
        .post(&format!("{free}/all"), &json!({}))
        .await
        .empty(204);
}

#[tokio::test(start_paused = true)]
async fn who_has_no_password_gets_no_answer_and_what_nobody_asks_is_noted() {
    let sim = Simulator::with_seed(7);
    let client = Client::of(&sim, "eu-1");
    for path in ["/version", "/v4/info", "/v4/loadtracks"] {
        let call = |password| client.try_call(Method::GET, path, &Value::Null, password);
        call(None).await.expect("an answer").empty(401);
        call(Some("wrong")).await.expect("an answer").empty(403);
    }
    let noted = sim.notes().len();
    client.get("/v3/info").await.error(404);
    client.post("/v4/info", &json!({})).await.error(405);
    assert_eq!(sim.notes().len(), noted + 2);
    let traced = client.get("/v4/loadtracks?trace=true").await;
    traced.error(400);
    assert!(traced.json()["trace"].is_string());
}

#[tokio::test(start_paused = true)]
async fn all_nodes_know_the_same_tracks_and_another_seed_others() {
    let sim = Simulator::with_seed(7);
    let find = |sim: Simulator, node: &'static str| async move {
        load(&Client::of(&sim, node), "ytsearch:harbour").await
    };
    let one = find(Simulator::with_seed(7), "eu-1").await;
    assert_eq!(one, find(sim, "asia-1").await);
    assert_ne!(one, find(Simulator::with_seed(8), "eu-1").await);
}
