//! The plugins that `/v4/info` lists, as <https://github.com/topi314/Sponsorblock-Plugin> and
//! <https://github.com/topi314/LavaLyrics> answer.

use std::time::Duration;

use antiphon_sim::lavalink::NodeQuirk;
use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{GUILD, connected, speaking};

#[tokio::test(start_paused = true)]
async fn categories_of_sponsorblock_are_set_shown_and_removed() {
    let (_sim, mut client) = connected().await;
    let info = client.get("/v4/info").await.ok();
    let names: Vec<&Value> = info["plugins"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|plugin| &plugin["name"])
        .collect();
    assert!(names.contains(&&json!("sponsorblock-plugin")), "{names:?}");
    assert!(names.contains(&&json!("lavalyrics-plugin")), "{names:?}");
    let path = format!("{}/sponsorblock/categories", client.player(GUILD));
    assert_eq!(client.get(&path).await.error(404), "Guild not found");
    let categories = json!(["selfpromo", "sponsor"]);
    client
        .call(Method::PUT, &path, &categories)
        .await
        .empty(200);
    assert_eq!(client.get(&path).await.ok(), categories);
    client
        .call(Method::PUT, &path, &json!("sponsor"))
        .await
        .error(400);
    client
        .call(Method::DELETE, &path, &Value::Null)
        .await
        .empty(200);
    client.get(&path).await.error(404);
    // They go with the player, and with the socket.
    client.update(GUILD, json!({})).await;
    client
        .call(Method::PUT, &path, &categories)
        .await
        .empty(200);
    client
        .call(Method::DELETE, &client.player(GUILD), &Value::Null)
        .await
        .empty(204);
    client.get(&path).await.error(404);
    client
        .call(Method::PUT, &path, &categories)
        .await
        .empty(200);
    client.be_resumable(60).await;
    client.leave();
    tokio::task::yield_now().await;
    assert_eq!(client.resume().await["resumed"], true);
    assert_eq!(client.get(&path).await.error(404), "Guild not found");
    let nowhere = "/v4/sessions/nosuchsession000/players/1/sponsorblock/categories";
    let set = client.call(Method::PUT, nowhere, &categories).await;
    assert_eq!(set.error(404), "Session not found");
    assert_eq!(
        client.post(&path, &json!({})).await.error(405),
        "Method 'POST' is not supported."
    );
}

#[tokio::test(start_paused = true)]
async fn lyrics_are_found_for_a_track_and_for_the_one_that_plays() {
    let (sim, client) = connected().await;
    let path = format!("{}/track/lyrics", client.player(GUILD));
    assert_eq!(client.get(&path).await.error(404), "Player not found");
    client.update(GUILD, json!({})).await;
    assert_eq!(client.get(&path).await.error(404), "No track playing");
    client.play(GUILD, "clef_______").await;
    let lyrics = client.get(&path).await.ok();
    assert_eq!(lyrics["text"], Value::Null);
    assert_eq!(lyrics["lines"][0]["timestamp"], 2000);
    assert!(lyrics["sourceName"].is_string() && lyrics["plugin"].is_object());
    let of = |identifier: &str| {
        let track = sim.lavalink().track(identifier).expect("a track");
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("track", &track)
            .finish();
        format!("/v4/lyrics?{query}")
    };
    assert_eq!(client.get(&of("clef_______")).await.ok(), lyrics);
    client
        .get(&of("https://radio.example/choir.mp3"))
        .await
        .empty(204);
    client.get("/v4/lyrics").await.error(400);
    client.get("/v4/lyrics?track=%2A").await.error(500);
}

#[tokio::test(start_paused = true)]
async fn lines_come_when_they_are_sung_and_are_skipped_by_a_seek() {
    let (_sim, mut client) = speaking().await;
    let path = format!("{}/lyrics/subscribe", client.player(GUILD));
    client.post(&path, &json!({})).await.empty(204);
    assert_eq!(client.rest().await, [""; 0], "nothing plays yet");
    client.play(GUILD, "clef_______").await;
    let start = Instant::now();
    client.event("LyricsFoundEvent").await;
    for (line, second) in [(0, 2), (1, 7)] {
        let event = client.event("LyricsLineEvent").await;
        assert_eq!(
            (&event["lineIndex"], &event["skipped"]),
            (&json!(line), &json!(false))
        );
        assert_eq!(start.elapsed().as_secs(), second);
    }
    client.update(GUILD, json!({"position": 18_000})).await;
    for line in [2, 3] {
        let event = client.event("LyricsLineEvent").await;
        assert_eq!(
            (&event["lineIndex"], &event["skipped"]),
            (&json!(line), &json!(true))
        );
    }
    assert_eq!(client.event("LyricsLineEvent").await["lineIndex"], 4);
    client
        .call(Method::DELETE, &path, &Value::Null)
        .await
        .empty(204);
    client.play(GUILD, "second_____").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let rest = client.rest().await;
    assert!(
        !rest.iter().any(|name| name.starts_with("LyricsFound")),
        "{rest:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_advanced_search_has_the_types_that_were_asked_for() {
    let (sim, client) = connected().await;
    sim.lavalink()
        .add_track("architects1", "Architects", "Animals", 244_000);
    let all = client
        .get("/v4/loadsearch?query=ytsearch%3Aanimals")
        .await
        .ok();
    for list in ["tracks", "albums", "artists", "playlists", "texts"] {
        assert_eq!(all[list].as_array().map(Vec::len), Some(1), "{list}");
    }
    assert_eq!(all["albums"][0]["tracks"], json!([]));
    let texts = "/v4/loadsearch?query=ytsearch%3Aanimals&types=text,%20album";
    let some = client.get(texts).await.ok();
    assert_eq!(some["texts"][0]["text"], "Animals");
    assert_eq!(
        (&some["tracks"], &some["artists"]),
        (&json!([]), &json!([]))
    );
    client
        .get("/v4/loadsearch?query=ytsearch%3Aqqqqq")
        .await
        .empty(204);
    client.get("/v4/loadsearch").await.error(400);
}

/// The routes of <https://github.com/DuncteBot/java-timed-lyrics>.
#[tokio::test(start_paused = true)]
async fn another_plugin_has_lyrics_of_videos() {
    let (sim, client) = speaking().await;
    sim.lavalink()
        .node("eu-1")
        .quirk(NodeQuirk::JavaLyrics, true);
    let lyrics = client.get("/v4/lyrics/clef_______").await.ok();
    assert_eq!(
        (&lyrics["type"], &lyrics["source"]),
        (&json!("timed"), &json!("LyricFind"))
    );
    assert_eq!(
        lyrics["lines"][0]["range"],
        json!({"start": 2000, "end": 7000})
    );
    client.get("/v4/lyrics/nosuch").await.error(404);
    let of_player = format!("{}/lyrics", client.player(GUILD));
    client.get(&of_player).await.error(400);
    client.play(GUILD, "clef_______").await;
    assert_eq!(client.get(&of_player).await.ok(), lyrics);
    let found = client.get("/v4/lyrics/search?query=silence").await.ok();
    assert_eq!(found[0]["videoId"], "second_____");
    let text = client
        .get("/v4/lyrics/search?query=odd%20numbers&source=genius")
        .await
        .ok();
    assert_eq!(text["type"], "text");
    client
        .get("/v4/lyrics/search?query=x&source=spotify")
        .await
        .error(404);
    // It has none of LavaLyrics' routes.
    let live = format!("{}/lyrics/subscribe", client.player(GUILD));
    client.post(&live, &json!({})).await.error(404);
}

#[tokio::test(start_paused = true)]
async fn a_node_without_plugins_knows_none_of_their_routes() {
    let (sim, client) = connected().await;
    let node = sim.lavalink().node("eu-1");
    node.quirk(NodeQuirk::NoPlugins, true);
    assert_eq!(client.get("/v4/info").await.ok()["plugins"], json!([]));
    let player = client.player(GUILD);
    for path in [
        "/v4/loadsearch?query=x".to_owned(),
        "/v4/lyrics?track=x".to_owned(),
        format!("{player}/sponsorblock/categories"),
        format!("{player}/track/lyrics"),
    ] {
        let message = client.get(&path).await.error(404);
        assert!(message.starts_with("No endpoint"), "{message}");
    }
}

/// The routes of `NodeLink` 3 (`src/api/loadLyrics.ts`, `src/api/sessions.id.players.id.sponsorblock.ts`).
#[tokio::test(start_paused = true)]
async fn nodelink_has_lyrics_and_segments_of_its_own() {
    let (sim, client) = speaking().await;
    sim.lavalink().node("eu-1").nodelink(true);
    let track = sim.lavalink().track("clef_______").expect("a track");
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("encodedTrack", &track)
        .finish();
    let lyrics = client.get(&format!("/v4/loadlyrics?{query}")).await.ok();
    assert_eq!(lyrics["loadType"], "lyrics");
    assert_eq!(lyrics["data"]["lines"][0]["time"], 2000);
    let path = format!("{}/sponsorblock", client.player(GUILD + 1));
    let on = json!({"enabled": true, "categories": ["sponsor"]});
    client.call(Method::PATCH, &path, &on).await.error(404);
    let path = format!("{}/sponsorblock", client.player(GUILD));
    let state = client.call(Method::PATCH, &path, &on).await.ok();
    assert_eq!(
        (&state["enabled"], &state["categories"]),
        (&json!(true), &json!(["sponsor"]))
    );
    // A DELETE removes segments, and not the categories.
    client
        .call(Method::DELETE, &path, &Value::Null)
        .await
        .empty(204);
    assert_eq!(client.get(&path).await.ok()["enabled"], true);
    let off = json!({"enabled": false});
    client.call(Method::PATCH, &path, &off).await.ok();
    assert_eq!(client.get(&path).await.ok()["enabled"], false);
    client.play(GUILD, "clef_______").await;
    client.get(&format!("{path}/categories")).await.error(404);
}
