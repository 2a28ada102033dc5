//! Players: effects of requests, and the order of their events (protocol §5.3, §6, §12).

use std::time::Duration;

use antiphon_sim::{Query, Simulator};
use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{GUILD, client::voice, connected, speaking};

#[tokio::test(start_paused = true)]
async fn a_player_is_made_by_the_first_change_and_shown_whole() {
    let (_sim, client) = connected().await;
    assert_eq!(
        client.get(&client.player(GUILD)).await.error(404),
        "Player not found"
    );
    let made = client.update(GUILD, json!({})).await;
    let expected = json!({
        "guildId": "42",
        "track": null,
        "volume": 100,
        "paused": false,
        "state": {"time": made["state"]["time"], "position": 0, "connected": false, "ping": -1},
        "voice": {"token": "", "endpoint": "", "sessionId": "", "channelId": null},
        "filters": {},
    });
    assert_eq!(made, expected);
    let path = format!("/v4/sessions/{}/players", client.session);
    assert_eq!(client.get(&path).await.ok()[0]["guildId"], "42");
    for _ in 0..2 {
        let gone = client
            .call(Method::DELETE, &client.player(GUILD), &Value::Null)
            .await;
        gone.empty(204);
    }
    assert_eq!(client.get(&path).await.ok(), json!([]));
    client.get(&format!("{path}/me")).await.error(400);
}

#[tokio::test(start_paused = true)]
async fn frames_come_in_the_order_of_the_sheet() {
    let (_sim, mut client) = speaking().await;
    client.play(GUILD, "second_____").await;
    // The update timer begins at once, and the request sends an update of its own (`LavalinkPlayer.kt` of 4.2.2).
    let started = ["TrackStartEvent", "playerUpdate", "playerUpdate"];
    assert_eq!(client.names(3).await, started);
    client.play(GUILD, "clef_______").await;
    assert_eq!(client.names(1).await, ["replaced"]);
    assert_eq!(client.names(3).await, started);
    client.update(GUILD, json!({"position": 30_000})).await;
    assert_eq!(client.names(1).await, ["playerUpdate"]);
    client
        .update(GUILD, json!({"filters": {"volume": 0.5}}))
        .await;
    assert_eq!(client.names(1).await, ["playerUpdate"]);
    client
        .update(GUILD, json!({"paused": true, "volume": 40}))
        .await;
    client.update(GUILD, json!({"paused": false})).await;
    client
        .update(GUILD, json!({"track": {"encoded": null}}))
        .await;
    assert_eq!(
        client.names(1).await,
        ["stopped"],
        "none on pause and volume"
    );
    client.update(GUILD, json!({"encodedTrack": null})).await;
    client.play(GUILD, "unavailable").await;
    let expected = [
        "TrackStartEvent",
        "playerUpdate",
        "playerUpdate",
        "TrackExceptionEvent",
        "loadFailed",
    ];
    assert_eq!(client.names(5).await, expected);
    assert_eq!(client.rest().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_track_advances_with_the_clock_and_ends_by_itself() {
    let (_sim, mut client) = speaking().await;
    let start = Instant::now();
    let playing = client.play(GUILD, "clef_______").await;
    assert_eq!(playing["track"]["info"]["length"], 61_000);
    client.event("TrackStartEvent").await;
    client.op("playerUpdate").await;
    for second in (0..=60).step_by(5) {
        let update = client.op("playerUpdate").await;
        assert_eq!(update["state"]["position"], second * 1000);
    }
    let end = client.event("TrackEndEvent").await;
    assert_eq!(start.elapsed().as_millis(), 61_000);
    assert_eq!(end["reason"], "finished");
    assert_eq!(end["track"]["info"]["position"], 61_000);
    let idle = client.get(&client.player(GUILD)).await.ok();
    assert_eq!(
        (&idle["track"], &idle["state"]["position"]),
        (&Value::Null, &json!(0))
    );
}

#[tokio::test(start_paused = true)]
async fn position_follows_filters_pause_and_seek() {
    let (sim, client) = speaking().await;
    client.play(GUILD, "record_____").await;
    let position = || {
        sim.lavalink()
            .node("eu-1")
            .player(GUILD)
            .expect("a player")
            .position
    };
    client
        .update(GUILD, json!({"filters": {"timescale": {"speed": 2.0}}}))
        .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(position(), 4000);
    client.update(GUILD, json!({"paused": true})).await;
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(position(), 4000);
    let back = client
        .update(
            GUILD,
            json!({"paused": false, "position": 1000, "filters": {}}),
        )
        .await;
    assert_eq!(
        (&back["state"]["position"], &back["filters"]),
        (&json!(1000), &json!({}))
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(position(), 2000);
}

#[tokio::test(start_paused = true)]
async fn a_track_that_gives_no_sound_is_told_once_and_stays() {
    let (sim, mut client) = speaking().await;
    client.play(GUILD, "record_____").await;
    let stuck = client.event("TrackStuckEvent").await;
    assert_eq!(stuck["thresholdMs"], 10_000);
    assert_eq!(stuck["track"]["info"]["position"], 8000);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(
        client
            .rest()
            .await
            .iter()
            .all(|name| name == "playerUpdate")
    );
    client.update(GUILD, json!({"position": 20_000})).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        sim.lavalink().players()[0].position,
        21_000,
        "a seek sets it going again"
    );
}

#[tokio::test(start_paused = true)]
async fn without_replacing_the_rest_of_a_request_counts_for_little() {
    let (_sim, mut client) = speaking().await;
    client.play(GUILD, "clef_______").await;
    client.rest().await;
    let path = format!("{}?noReplace=true", client.player(GUILD));
    let body = json!({
        "track": {"identifier": "second_____", "userData": {"a": 1}},
        "paused": true, "position": 9, "endTime": 10, "volume": 30, "filters": {"volume": 2.0},
    });
    let kept = client.patch(&path, &body).await.ok();
    assert_eq!(kept["track"]["info"]["identifier"], "clef_______");
    assert_eq!(
        (&kept["paused"], &kept["volume"]),
        (&json!(false), &json!(30))
    );
    assert_eq!(kept["track"]["userData"], json!({}));
    assert_eq!(kept["filters"], json!({"volume": 2.0}));
    client.update(GUILD, json!({"paused": true})).await;
    let replaced = client.play(GUILD, "second_____").await;
    assert_eq!(
        replaced["paused"], false,
        "a new track plays unless told otherwise"
    );
}

#[tokio::test(start_paused = true)]
async fn not_to_replace_may_be_asked_for_in_pythons_spelling() {
    let (_sim, client) = speaking().await;
    client.play(GUILD, "clef_______").await;
    for (word, expected) in [("True", "clef_______"), ("False", "second_____")] {
        let path = format!("{}?noReplace={word}", client.player(GUILD));
        let body = json!({"track": {"identifier": "second_____"}});
        let player = client.patch(&path, &body).await.ok();
        assert_eq!(player["track"]["info"]["identifier"], expected, "{word}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_an_end_and_data_go_with_the_track() {
    let (sim, mut client) = speaking().await;
    let encoded = sim.lavalink().track("clef_______").expect("a track");
    let body = json!({
        "track": {"encoded": encoded, "userData": {"by": "42"}},
        "position": 5000, "endTime": 9000, "volume": 5000,
    });
    let playing = client.update(GUILD, body).await;
    assert_eq!(
        (&playing["state"]["position"], &playing["volume"]),
        (&json!(5000), &json!(1000))
    );
    let edited = client
        .update(GUILD, json!({"track": {"userData": {"by": "43"}}}))
        .await;
    assert_eq!(edited["track"]["userData"]["by"], "43");
    let start = client.event("TrackStartEvent").await;
    assert_eq!(start["track"]["userData"]["by"], "42");
    let begin = Instant::now();
    let end = client.event("TrackEndEvent").await;
    assert_eq!(
        (&end["reason"], &end["track"]["userData"]["by"]),
        (&json!("finished"), &json!("43"))
    );
    assert_eq!(begin.elapsed().as_millis(), 4000);
}

// Words and statuses from `PlayerRestHandler.kt` and `util.kt` of Lavalink 4.2.2.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_done_is_refused_in_the_servers_words() {
    let (sim, client) = connected().await;
    let node = sim.lavalink().node("eu-1");
    node.disable_filter("karaoke", true);
    let partial = json!({"token": "t", "endpoint": "e", "sessionId": "s", "channelId": " "});
    let unknown = "Failed to decode track due to a mismatching version or missing source manager";
    let foreign = "QAAAJgMAAVQAAUEAAAAAAAAD6AABdAAAAAAABnplbml0aAAAAAAAAAAA";
    for (body, status, words) in [
        (
            json!({"track": {"encoded": "a"}, "identifier": "b", "volume": 3}),
            400,
            "Cannot specify both track and encodedTrack/identifier",
        ),
        (
            json!({"track": {"encoded": "a", "identifier": "b"}, "volume": 3}),
            400,
            "Cannot specify both encodedTrack and identifier",
        ),
        (
            json!({"encodedTrack": "a", "identifier": "b"}),
            400,
            "Cannot specify both encodedTrack and identifier",
        ),
        (
            json!({"track": {"identifier": "nosuchtrack"}}),
            400,
            "No matches found for identifier",
        ),
        (
            json!({"track": {"identifier": "ytsearch:tide"}}),
            400,
            "Cannot play a playlist or search result",
        ),
        (
            json!({"filters": {"karaoke": {}}, "volume": 3}),
            400,
            "Following filters are disabled in the config: karaoke",
        ),
        (
            json!({"voice": partial, "volume": 3}),
            400,
            "token, endpoint, sessionId and channelId must be provided in voice state",
        ),
        (
            json!({"endTime": 0, "volume": 3}),
            400,
            "End time must be greater than 0",
        ),
        (json!({"volume": "loud"}), 400, "Bad Request"),
        (
            json!({"filters": {"equalizer": [{"band": 20, "gain": 0.1}]}}),
            500,
            "Index 20 out of bounds for length 15",
        ),
        (json!({"encodedTrack": foreign}), 500, unknown),
        (
            json!({"encodedTrack": "*"}),
            500,
            "Illegal base64 character or length",
        ),
    ] {
        let answer = client.patch(&client.player(GUILD), &body).await;
        assert_eq!(answer.error(status), words, "{body}");
    }
    assert!(node.players().iter().all(|player| player.volume == 100));
    let failing = json!({"track": {"identifier": "https://error.example/common"}});
    let refused = client.patch(&client.player(GUILD), &failing).await;
    let loaded = client
        .get("/v4/loadtracks?identifier=https://error.example/common")
        .await
        .ok();
    assert_eq!(refused.error(400), loaded["data"]["message"]);
    // What comes before the track is done, as the server does it.
    let half = json!({"track": {"identifier": "nosuchtrack"}, "volume": 30});
    client.patch(&client.player(GUILD), &half).await.error(400);
    assert_eq!(node.players()[0].volume, 30);
    let notes = sim.notes();
    let why = notes.iter().find(|note| note.text.contains("`volume`"));
    assert!(why.is_some(), "{notes:?}");
}

// What kotlinx.serialization 1.7.0, which Lavalink 4.2.2 reads bodies with, takes as a number:
// <https://github.com/Kotlin/kotlinx.serialization/blob/v1.7.0/formats/json/commonMain/src/kotlinx/serialization/json/internal/StreamingJsonDecoder.kt>.
// pomice 2.11.1 sends `position` and `endTime` so.
#[tokio::test(start_paused = true)]
async fn quoted_numbers_do_what_unquoted_ones_do() {
    let (sim, client) = speaking().await;
    let encoded = sim.lavalink().track("clef_______").expect("a track");
    let play = json!({"encodedTrack": encoded, "position": "0", "endTime": null});
    client.update(GUILD, play).await;
    for (quoted, plain) in [
        (json!({"position": "31000"}), json!({"position": 31000})),
        (json!({"volume": "80"}), json!({"volume": 80})),
        (json!({"endTime": "60000"}), json!({"endTime": 60000})),
        (
            json!({"filters": {"volume": "0.9"}}),
            json!({"filters": {"volume": 0.9}}),
        ),
        (
            json!({"filters": {"equalizer": [{"band": "0", "gain": "0.2"}, {"band": 14, "gain": "-0.25"}]}}),
            json!({"filters": {"equalizer": [{"band": 0, "gain": 0.2}, {"band": 14, "gain": -0.25}]}}),
        ),
        (
            json!({"filters": {"timescale": {"speed": "1.2", "pitch": "1", "rate": 1.0}, "rotation": {"rotationHz": "0.2"}}}),
            json!({"filters": {"timescale": {"speed": 1.2, "pitch": 1, "rate": 1.0}, "rotation": {"rotationHz": 0.2}}}),
        ),
        (
            json!({"filters": {"karaoke": {"level": "1", "filterBand": "220"}, "lowPass": {"smoothing": "20"}}}),
            json!({"filters": {"karaoke": {"level": 1, "filterBand": 220}, "lowPass": {"smoothing": 20}}}),
        ),
        (
            json!({"track": {"encoded": encoded}, "position": "1500", "endTime": "9000", "volume": "100"}),
            json!({"track": {"encoded": encoded}, "position": 1500, "endTime": 9000, "volume": 100}),
        ),
    ] {
        let one = client.update(GUILD, quoted).await;
        let other = client.update(GUILD, plain).await;
        assert_eq!(one, other);
    }
    for body in [
        r#"{"position": 10.0}"#,
        r#"{"position": "10.0"}"#,
        r#"{"position": ""}"#,
        r#"{"volume": null}"#,
        r#"{"paused": "yes"}"#,
        r#"{"encodedTrack": 12345}"#,
        r#"{"voice": {"token": "t", "endpoint": "e:443", "sessionId": "s", "channelId": 9}}"#,
    ] {
        let before = client.get(&client.player(GUILD)).await.ok();
        let answer = client
            .send(Method::PATCH, &client.player(GUILD), body.to_owned())
            .await;
        assert_eq!(answer.error(400), "Bad Request", "{body}");
        assert_eq!(client.get(&client.player(GUILD)).await.ok(), before);
    }
    let path = format!("/v4/sessions/{}", client.session);
    let body = json!({"resuming": true, "timeout": "90"});
    let session = client.patch(&path, &body).await.ok();
    assert_eq!(session, json!({"resuming": true, "timeout": 90}));
}

#[tokio::test(start_paused = true)]
async fn the_simulated_discords_ids_are_ids_that_a_node_takes() {
    for seed in 0..20 {
        let sim = Simulator::with_seed(seed);
        let guild: i64 = sim
            .discord()
            .guild_id()
            .to_string()
            .parse()
            .expect("signed");
        // The upper bits of an id are its time, which is not in the future.
        let made = (guild >> 22) + 1_420_070_400_000;
        assert!(
            (0..sim.clock().now().as_millisecond()).contains(&made),
            "{guild}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn ids_of_guilds_and_users_are_signed_numbers() {
    let (sim, mut client) = connected().await;
    let path = |guild: &str| format!("/v4/sessions/{}/players/{guild}", client.session);
    for guild in ["-1", "9223372036854775807", "-9223372036854775808"] {
        let made = client.patch(&path(guild), &json!({})).await.ok();
        assert_eq!(made["guildId"], guild);
    }
    for guild in ["9223372036854775808", "18292786326963014246", "x", "1.0"] {
        let answer = client.patch(&path(guild), &json!({})).await;
        assert_eq!(answer.error(400), "Bad Request", "{guild}");
    }
    client.play_as("-1", "second_____").await;
    assert_eq!(client.event("TrackEndEvent").await["guildId"], "-1");
    let rows = sim.ledger().rows(&Query::default());
    assert!(rows.iter().any(|row| &*row.place == "node/eu-1/player/-1"));
    // A user id that is no signed number is refused after the upgrade.
    client.user = "9223372036854775808".to_owned();
    let headers = client.headers();
    client
        .try_connect("/v4/websocket", &headers)
        .await
        .expect("the upgrade");
    assert_eq!(client.ended().await, Some(1011));
}

#[tokio::test(start_paused = true)]
async fn a_player_that_goes_stops_its_track_and_a_track_nobody_hears_is_cleaned_up() {
    let (sim, mut client) = speaking().await;
    client.play(GUILD, "clef_______").await;
    client.rest().await;
    client
        .call(Method::DELETE, &client.player(GUILD), &Value::Null)
        .await
        .empty(204);
    assert_eq!(client.rest().await, ["stopped"]);

    client.play(GUILD, "clef_______").await;
    let start = Instant::now();
    assert_eq!(client.event("TrackEndEvent").await["reason"], "cleanup");
    assert_eq!(start.elapsed().as_secs(), 60);
    assert_eq!(sim.lavalink().players()[0].position, 0);
}

#[tokio::test(start_paused = true)]
async fn five_hundred_players_tell_where_they_are_every_five_seconds() {
    let (sim, mut client) = connected().await;
    let encoded = sim.lavalink().track("https://radio.example/choir.mp3");
    let body = json!({"voice": voice(), "track": {"encoded": encoded}});
    for guild in 1..=500 {
        client.update(guild, body.clone()).await;
    }
    client.rest().await;
    let before = sim.ledger().rows(&Query::default()).len();
    tokio::time::sleep(Duration::from_secs(60)).await;
    client.rest().await;
    let after = sim.ledger().rows(&Query::default()).len();
    assert!(
        (6000..6600).contains(&(after - before)),
        "{} frames",
        after - before
    );
}
