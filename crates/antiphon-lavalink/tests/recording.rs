//! A recorded session of another server: every frame becomes an event, every response is read.

mod node;

use std::time::Duration;

use antiphon_core::{Event, Events};
use antiphon_lavalink::{
    EncodedTrack, LoadError, LoadResult, PlayOptions, Playable, Player, Pool, RequestError,
    Severity, VoiceServer, VoiceState, connect,
};
use futures_util::StreamExt as _;
use node::Node;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

const GUILD: u64 = 81_384_788_765_712_384;

fn rows() -> Vec<Map<String, Value>> {
    let text = include_str!("../../../fixtures/lavalink/nodelink.ndjson");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a row"))
        .collect()
}

/// The next event of the node.
async fn heard(events: &mut Events) -> Event {
    loop {
        let event = tokio::time::timeout(Duration::from_secs(30), events.next());
        let event = event
            .await
            .expect("in time")
            .expect("more")
            .expect("nothing fatal");
        if !event.kind().as_str().starts_with("antiphon.") {
            return event;
        }
    }
}

async fn wait(what: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it never came about");
}

async fn update(pool: &Pool, player: &Player, request: &Value) {
    if let Some(voice) = request.get("voice") {
        let text = |name: &str| voice[name].as_str().expect("a text").to_owned();
        let guild = GUILD.into();
        let entering = player.connect(text("channelId").parse::<u64>().expect("an id"));
        let state = VoiceState {
            guild,
            user: 7.into(),
            channel: Some(text("channelId").parse().expect("an id")),
            session_id: text("sessionId"),
        };
        let server = VoiceServer {
            guild,
            token: text("token").into(),
            endpoint: Some(text("endpoint")),
        };
        let told = async {
            wait(|| pool.player(GUILD).is_some()).await;
            pool.voice_state_update(state);
            pool.voice_server_update(server);
        };
        let (entered, ()) = tokio::join!(entering, told);
        entered.expect("the node took the voice");
    } else if let Some(encoded) = request["track"].get("encoded") {
        match encoded.as_str() {
            Some(encoded) => {
                let track = Playable::decode(encoded).expect("a track");
                let options = PlayOptions::new().volume(50);
                player
                    .play_with(track, options)
                    .await
                    .expect("the node took the track");
            }
            None => drop(player.stop().await.expect("the node stopped")),
        }
    } else if let Some(paused) = request["paused"].as_bool() {
        player.pause(paused).await.expect("the node took it");
    }
}

#[tokio::test(start_paused = true)]
async fn every_frame_and_every_answer_goes_through() {
    let node = Node::start();
    let (config, _asked) = node.config();
    let (pool, source) = connect(config);
    let shutdown = CancellationToken::new();
    let mut events = source.events(shutdown.clone());
    let lava = pool.node("eu-1").expect("configured");
    let player = pool.player_in(GUILD);
    let mut session = String::new();
    let mut frames = 0;
    for row in rows() {
        if row["kind"] == "frame" {
            let frame = row["data"].to_string();
            if row["data"]["op"] == "ready" {
                session = row["data"]["sessionId"]
                    .as_str()
                    .expect("a text")
                    .to_owned();
            }
            node.frame(frame.clone());
            let event = heard(&mut events).await;
            assert_eq!(event.body(), frame.as_bytes(), "byte for byte, in order");
            assert_ne!(event.kind().as_str(), "lavalink.malformed", "{frame}");
            frames += 1;
            continue;
        }
        let text = |name: &str| row[name].as_str().expect("a text").to_owned();
        let path = text("path").replace("{session}", &session);
        let path = path.split('?').next().expect("a path").to_owned();
        let status = u16::try_from(row["status"].as_u64().expect("a number")).expect("a status");
        let body = match &row["body"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        node.answer(&text("method"), &path, status, body.clone());
        match (&*text("method"), &*path) {
            ("GET", "/version") => {
                assert_eq!(lava.fetch_version().await.expect("a version"), "3.7.0");
            }
            ("GET", "/v4/info") => {
                let info = lava.fetch_info().await.expect("readable");
                assert!(info.is_node_link && info.has_source("HTTP") && !info.has_plugin("x"));
            }
            ("GET", "/v4/stats") => {
                assert_eq!(lava.fetch_stats().await.expect("readable").cpu.cores, 2);
            }
            ("GET", "/v4/loadtracks") => load(&pool, &row, status).await,
            ("PATCH", path) if path.ends_with(&session) => {}
            ("PATCH", path) => {
                update(&pool, &player, &row["request"]).await;
                // The pool sends no request where nothing changes, so that the response is read here.
                node.answer("GET", path, status, body);
                let info = lava
                    .fetch_player_info(GUILD)
                    .await
                    .expect("readable")
                    .expect("a player");
                assert_eq!(info.guild, Some(GUILD.into()));
                assert_eq!(info.track.is_none(), row["body"]["track"].is_null());
            }
            ("GET", path) if path.ends_with("/players") => {
                assert_eq!(lava.fetch_players().await.expect("readable").len(), 1);
            }
            ("GET", _) => {
                let info = lava
                    .fetch_player_info(GUILD)
                    .await
                    .expect("readable")
                    .expect("a player");
                assert!(info.track.is_none());
            }
            ("DELETE", _) => player.disconnect().await.expect("gone"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        frames,
        rows().iter().filter(|row| row["kind"] == "frame").count()
    );
    assert!(pool.link().borrow().is_connected(), "nothing was fatal");
    shutdown.cancel();
}

async fn load(pool: &Pool, row: &Map<String, Value>, status: u16) {
    let identifier = row["params"]["identifier"].as_str().expect("a text");
    let found = pool
        .node("eu-1")
        .expect("configured")
        .load_tracks(identifier)
        .await;
    match found {
        Ok(LoadResult::Track(track)) => {
            // Decoding here gives the node's own metadata.
            let own = EncodedTrack::decode(&track.encoded).expect("a track");
            assert_eq!(own.info, track.info);
            assert_eq!(own.encode().expect("short texts"), *track.encoded);
        }
        Ok(LoadResult::Error(exception)) => {
            assert_eq!(
                exception.message.as_deref(),
                Some("HTTP error 404 while resolving")
            );
            assert_eq!(exception.severity, Severity::Common);
            let error = pool.fetch_tracks(identifier).await.expect_err("a failure");
            assert!(matches!(error, LoadError::Failed(_)));
        }
        Err(LoadError::Request(RequestError::Lavalink(failure))) => {
            assert_eq!((failure.status, status), (500, 500));
            assert!(failure.message.contains("nonsense") && failure.trace.is_some());
        }
        other => panic!("{other:?}"),
    }
}
