//! The loop over in-memory sockets: headers, resumes, refusals and stops.

mod node;

use std::time::Duration;

use antiphon_core::{Event, Events, Payload as _};
use antiphon_lavalink::{
    AutoPlayMode, ChannelId, Config, EncodedTrack, Filters, InvalidNodeError, NodeConfig,
    NodeReady, NodeStatus, PlayOptions, Playable, PlayerError, Pool, RequestError, TrackInfo,
    TrackSource, VoiceRequest, VoiceServer, VoiceState, connect,
};
use futures_util::StreamExt as _;
use http::Method;
use node::{Node, Say};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const READY: &str = r#"{"op":"ready","resumed":false,"sessionId":"s1"}"#;

async fn next(events: &mut Events, kind: &str) -> Event {
    loop {
        let event = tokio::time::timeout(Duration::from_secs(300), events.next());
        let event = event
            .await
            .expect("in time")
            .expect("more")
            .expect("nothing fatal");
        if event.kind().as_str() == kind {
            return event;
        }
    }
}

fn begin(node: &Node) -> (Pool, Events) {
    let (config, _asked) = node.config();
    let (pool, source) = connect(config);
    (pool, source.events(CancellationToken::new()))
}

#[tokio::test(start_paused = true)]
async fn a_node_is_told_who_asks_and_is_connected_once_it_is_ready() {
    let node = Node::start();
    let (pool, mut events) = begin(&node);
    node.frame(READY);
    let ready = NodeReady::decode(&next(&mut events, "lavalink.ready").await).expect("typed");
    assert_eq!(
        (ready.node.as_str(), &*ready.session_id, ready.resumed),
        ("eu-1", "s1", false)
    );
    pool.connect().await.expect("connected");
    let lava = pool.get_node(None).expect("one");
    assert_eq!(
        (lava.status(), lava.session_id().as_deref()),
        (NodeStatus::Connected, Some("s1"))
    );
    let heard = node.heard();
    let header = |name: &str| heard[0].headers[name].to_str().expect("a text").to_owned();
    assert_eq!(
        (header("authorization"), header("user-id")),
        ("sesame".into(), "7".into())
    );
    assert!(header("client-name").starts_with("antiphon/"));
    assert!(!heard[0].headers.contains_key("session-id"));
}

#[tokio::test(start_paused = true)]
async fn a_cut_node_is_asked_to_go_on_with_its_session_and_loses_nothing() {
    let node = Node::start();
    let (pool, mut events) = begin(&node);
    node.frame(READY);
    next(&mut events, "lavalink.ready").await;
    node.frame(r#"{"op":"event","type":"Before"}"#);
    node.say(Say::Cut);
    next(&mut events, "lavalink.Before").await;
    next(&mut events, "lavalink.NodeDisconnected").await;
    node.frame(r#"{"op":"ready","resumed":true,"sessionId":"s1"}"#);
    node.frame(r#"{"op":"event","type":"Kept"}"#);
    assert!(
        NodeReady::decode(&next(&mut events, "lavalink.ready").await)
            .expect("typed")
            .resumed
    );
    let kept = next(&mut events, "lavalink.Kept").await;
    assert_eq!(kept.provenance(), antiphon_core::Provenance::Replayed);
    pool.connect().await.expect("connected");
    let heard = node.heard();
    let sockets: Vec<_> = heard
        .iter()
        .filter(|heard| heard.path == "/v4/websocket")
        .collect();
    assert_eq!(sockets[1].headers["session-id"], "s1");
    assert!(heard.iter().any(|heard| heard.method == "PATCH"
        && heard.path == "/v4/sessions/s1"
        && heard.body == r#"{"resuming":true,"timeout":60}"#));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_and_a_server_of_another_kind_stop_the_source() {
    for (status, code) in [
        (401, "authorization"),
        (403, "authorization"),
        (404, "protocol"),
        (400, "configuration"),
    ] {
        let node = Node::start();
        node.refuse(Some(status));
        let (pool, mut events) = begin(&node);
        let error = loop {
            match events.next().await.expect("an end") {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(error.code(), code, "{status}");
        assert!(error.way_out().is_some());
        assert_eq!(node.heard().len(), 1, "it is not tried again");
        let error = pool.player_in(1).connect(2).await.expect_err("stopped");
        assert!(matches!(error, PlayerError::NotConnected(_)) && !error.is_transient());
        assert_eq!(
            pool.get_node(None).map(drop),
            Err(InvalidNodeError::Stopped)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_not_there_yet_is_tried_again() {
    let node = Node::start();
    node.refuse(Some(503));
    let (_pool, mut events) = begin(&node);
    let link = next(&mut events, "antiphon.link").await;
    assert_eq!(link.place().as_str(), "node/eu-1");
    next(&mut events, "antiphon.link").await;
    node.refuse(None);
    node.frame(READY);
    next(&mut events, "lavalink.ready").await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_that_answers_pings_is_kept() {
    let node = Node::start();
    let (pool, mut events) = begin(&node);
    node.frame(READY);
    next(&mut events, "lavalink.ready").await;
    let nothing = tokio::time::timeout(Duration::from_secs(3600), async {
        while let Some(event) = events.next().await {
            let event = event.expect("nothing fatal");
            if event.kind().as_str() == "lavalink.NodeDisconnected" {
                return;
            }
        }
    });
    assert!(nothing.await.is_err(), "an hour without a word");
    assert!(pool.link().borrow().is_connected());
}

#[tokio::test(start_paused = true)]
async fn queues_are_changed_and_waited_for_through_their_handles() {
    let node = Node::start();
    let (pool, mut events) = begin(&node);
    node.frame(READY);
    next(&mut events, "lavalink.ready").await;
    let queue = pool.player_in(5).queue();
    let track = |name: &str| {
        let info = TrackInfo {
            title: name.into(),
            ..TrackInfo::default()
        };
        Playable::decode(&EncodedTrack::new(info).encode().expect("short")).expect("a track")
    };
    let waiting = queue.get_wait();
    let putting = async {
        tokio::task::yield_now().await;
        queue.put(vec![track("a"), track("b")]).await
    };
    let (got, put) = tokio::join!(waiting, putting);
    assert_eq!(&*got.expect("served").title, "a");
    assert_eq!(put.expect("room"), 2);
    assert_eq!((queue.count(), pool.player(5).is_some()), (1, true));
    assert_eq!(&*queue.peek(0).expect("b").title, "b");
    queue.shuffle().await.expect("done");
    queue.reset().await.expect("done");
    assert!(matches!(queue.get().await, Err(PlayerError::Queue(_))));
    let played = pool.player_in(5).play(track("a")).await;
    assert!(matches!(played, Err(PlayerError::InvalidChannelState(_))));
}

#[tokio::test(start_paused = true)]
async fn every_request_of_a_node_is_sent_as_the_protocol_says() {
    let node = Node::start();
    let (pool, _events) = begin(&node);
    let lava = pool.node("eu-1").expect("configured");
    let track = r#"{"encoded":"a+/=","info":{"title":"T"}}"#;
    node.answer("GET", "/v4/decodetrack", 200, track);
    assert_eq!(lava.decode_track("a+/=").await.expect("a track").title, "T");
    node.answer("POST", "/v4/decodetracks", 200, format!("[{track}]"));
    assert_eq!(
        lava.decode_tracks(&["a+/="]).await.expect("tracks").len(),
        1
    );
    assert!(
        lava.decode_tracks(&[])
            .await
            .expect("nothing to ask")
            .is_empty()
    );
    node.answer("GET", "/v4/routeplanner/status", 204, "");
    assert_eq!(lava.get_routeplanner_status().await.expect("none"), None);
    let planner = r#"{"class":"NanoIpRoutePlanner","details":{"ipBlock":{"type":"Inet6Address","size":"1"},"failingAddresses":[{"failingAddress":"/1.0.0.1","failingTimestamp":5,"failingTime":"t"}],"currentAddressIndex":"3"}}"#;
    node.answer("GET", "/v4/routeplanner/status", 200, planner);
    let planner = lava
        .get_routeplanner_status()
        .await
        .expect("one")
        .expect("one");
    assert_eq!(planner.details.failing_addresses[0].address, "/1.0.0.1");
    node.answer("POST", "/v4/routeplanner/free/address", 204, "");
    lava.unmark_failed_address("1.0.0.1").await.expect("done");
    node.answer(
        "POST",
        "/v4/routeplanner/free/all",
        500,
        r#"{"status":500,"message":"Can't access disabled route planner"}"#,
    );
    let error = lava
        .unmark_all_failed_addresses()
        .await
        .expect_err("disabled");
    assert!(matches!(error, RequestError::Lavalink(_)));
    let error = lava.fetch_players().await.expect_err("no session");
    assert!(matches!(
        error,
        RequestError::InvalidNode(InvalidNodeError::NotConnected(_))
    ));
    node.answer("POST", "/v4/plugin", 200, "[1]");
    let body = serde_json::json!({"a": 1});
    let answer = lava.send(Method::POST, "/v4/plugin", Some(&body)).await;
    assert_eq!(answer.expect("done").as_deref(), Some(&b"[1]"[..]));
    let heard = node.heard();
    let of = |path: &str| {
        heard
            .iter()
            .find(|heard| heard.path == path)
            .expect("asked")
            .clone()
    };
    assert_eq!(of("/v4/decodetrack").query, "encodedTrack=a%2B%2F%3D");
    assert_eq!(of("/v4/decodetracks").body, r#"["a+/="]"#);
    assert_eq!(
        of("/v4/routeplanner/free/address").body,
        r#"{"address":"1.0.0.1"}"#
    );
    assert_eq!(of("/v4/plugin").body, r#"{"a":1}"#);
    assert_eq!(of("/v4/decodetrack").headers["authorization"], "sesame");
}

#[tokio::test(start_paused = true)]
async fn a_source_whose_only_node_is_given_up_ends() {
    let node = Node::start();
    node.refuse(Some(503));
    let (config, _asked) = node.config();
    let (pool, source) = connect(config.retries(Some(2)));
    let mut events = source.events(CancellationToken::new());
    let mut code = None;
    while let Some(event) = events.next().await {
        code = event.err().map(|error| error.code().to_owned());
    }
    assert_eq!(code.as_deref(), Some("unreachable"));
    assert_eq!(node.heard().len(), 3, "once, and two retries");
    assert!(
        pool.reconnect().await.is_err(),
        "a source that ended says so"
    );
}

#[tokio::test(start_paused = true)]
async fn searches_are_kept_and_asked_for_once() {
    let node = Node::start();
    let (pool, mut events) = begin(&node);
    node.frame(READY);
    next(&mut events, "lavalink.ready").await;
    pool.connect().await.expect("connected");
    let found = r#"{"loadType":"search","data":[{"encoded":"QAAA","info":{"title":"T"}}]}"#;
    node.answer("GET", "/v4/loadtracks", 200, found);
    for _ in 0..3 {
        let found = pool
            .search("tone", &TrackSource::YouTube)
            .await
            .expect("found");
        assert_eq!(found.first().map(|track| &*track.title), Some("T"));
    }
    assert!(pool.has_cache());
    let asked = |node: &Node| {
        node.heard()
            .iter()
            .filter(|heard| heard.path == "/v4/loadtracks")
            .count()
    };
    assert_eq!(asked(&node), 1);
    pool.set_cache(0);
    pool.search("tone", &TrackSource::YouTube)
        .await
        .expect("found");
    assert_eq!((asked(&node), pool.has_cache()), (2, false));
    node.answer(
        "GET",
        "/v4/loadtracks",
        200,
        r#"{"loadType":"empty","data":null}"#,
    );
    assert!(
        pool.fetch_tracks("nothing")
            .await
            .expect("no error")
            .is_empty()
    );
}

/// Connects the bot to the channel that it requests, with the server's half first.
async fn let_in(pool: &Pool, asked: &mut mpsc::UnboundedReceiver<VoiceRequest>) {
    let request = asked.recv().await.expect("op 4");
    assert_eq!(
        (request.guild.get(), request.channel.map(ChannelId::get)),
        (5, Some(6))
    );
    pool.voice_server_update(VoiceServer {
        guild: request.guild,
        token: "t".into(),
        endpoint: Some("c-fra01.discord.media:443".into()),
    });
    pool.voice_state_update(VoiceState {
        guild: request.guild,
        user: 7.into(),
        channel: request.channel,
        session_id: "v".into(),
    });
}

#[tokio::test(start_paused = true)]
async fn a_player_tells_what_it_is() {
    let node = Node::start();
    let (config, mut asked) = node.config();
    let (pool, source) = connect(config);
    let mut events = source.events(CancellationToken::new());
    node.frame(READY);
    next(&mut events, "lavalink.ready").await;
    let path = "/v4/sessions/s1/players/5";
    let state = r#"{"time":1,"position":0,"connected":true,"ping":20}"#;
    node.answer(
        "PATCH",
        path,
        200,
        format!(r#"{{"guildId":"5","track":null,"volume":100,"paused":false,"state":{state}}}"#),
    );
    let player = pool.player_in(5);
    assert!(!player.exists() && player.node().is_none() && player.position().is_zero());
    let (entered, ()) = tokio::join!(player.connect(6), let_in(&pool, &mut asked));
    entered.expect("in the channel");
    let voice = node
        .heard()
        .into_iter()
        .find(|heard| heard.path == path)
        .expect("asked");
    assert_eq!(
        voice.body,
        r#"{"voice":{"token":"t","endpoint":"c-fra01.discord.media:443","sessionId":"v","channelId":"6"}}"#
    );
    assert!(player.exists() && player.connected() && !player.playing());
    assert_eq!(
        player
            .node()
            .map(|node| node.identifier().as_str().to_owned())
            .as_deref(),
        Some("eu-1")
    );
    assert_eq!(
        (player.channel().map(ChannelId::get), player.guild().get()),
        (Some(6), 5)
    );
    assert_eq!(player.ping(), Some(Duration::from_millis(20)));
    let track = Playable::decode(
        "QAAANgMABFRvbmUAA0xhYgAAAAAAAAXcAAJ0MQABAAR4OnQxAAAACnNvdW5kY2xvdWQAAAAAAAAAAA==",
    )
    .expect("a track");
    let body = format!(
        r#"{{"guildId":"5","track":{},"volume":30,"paused":false,"state":{state}}}"#,
        track.raw_data()
    );
    node.answer("PATCH", path, 200, body);
    player
        .play_with(track.clone(), PlayOptions::new().volume(30))
        .await
        .expect("taken");
    assert!(player.playing() && !player.paused());
    assert_eq!(
        (
            player.volume(),
            player.current().map(|current| current.title.clone())
        ),
        (30, Some("Tone".into()))
    );
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(player.position(), Duration::from_millis(700));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(
        player.position(),
        Duration::from_millis(1500),
        "never beyond the end"
    );
    player
        .set_autoplay(AutoPlayMode::Partial)
        .await
        .expect("told");
    player.set_inactive_timeout(None).await.expect("told");
    // Later commands come after earlier ones.
    player.queue().clear().await.expect("done");
    assert_eq!(
        (player.autoplay(), player.inactive_timeout()),
        (AutoPlayMode::Partial, None)
    );
    assert_eq!(*player.filters(), Filters::new());
    assert!(player.queue().is_empty() && player.auto_queue().is_empty());
    let lava = pool.get_node(None).expect("one");
    assert!(lava.get_player(5).is_some() && lava.get_player(6).is_none());
    assert_eq!((lava.players().len(), pool.players().len()), (1, 1));
    node.answer("DELETE", path, 204, "");
    player.disconnect().await.expect("gone");
    assert_eq!(asked.recv().await.expect("op 4").channel, None);
    assert!(!player.exists() && pool.players().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_hangs_is_noticed_and_asked_again() {
    let node = Node::start();
    let (_pool, mut events) = begin(&node);
    node.frame(READY);
    next(&mut events, "lavalink.ready").await;
    let begun = tokio::time::Instant::now();
    node.say(Say::Hang);
    next(&mut events, "lavalink.NodeDisconnected").await;
    let noticed = begun.elapsed();
    assert!((15..=45).contains(&noticed.as_secs()), "{noticed:?}");
    node.frame(r#"{"op":"ready","resumed":false,"sessionId":"s2"}"#);
    // The node noticed late: its frames until then are a gap.
    next(&mut events, "antiphon.gap").await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_costs_neither_frames_nor_the_connection() {
    let node = Node::start();
    let (config, _asked) = node.config();
    let (_pool, source) = connect(config.buffer(32 << 10));
    let mut events = source.events(CancellationToken::new());
    node.frame(READY);
    next(&mut events, "lavalink.ready").await;
    let link = next(&mut events, "antiphon.link").await;
    assert!(link.parse::<serde_json::Value>().expect("JSON")["state"] == "connected");
    for number in 0..5000 {
        node.frame(format!(
            r#"{{"op":"event","type":"Count","number":{number}}}"#
        ));
    }
    tokio::time::sleep(Duration::from_secs(600)).await;
    for number in 0..5000 {
        let event = events.next().await.expect("more").expect("nothing fatal");
        assert_eq!(
            event.kind().as_str(),
            "lavalink.Count",
            "nothing came between"
        );
        let body: serde_json::Value = event.parse().expect("JSON");
        assert_eq!(body["number"], number);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_keeps_the_session_and_says_goodbye_to_nobody() {
    let node = Node::start();
    let (config, _asked) = node.config();
    let (pool, source) = connect(config);
    let shutdown = CancellationToken::new();
    let mut events = source.events(shutdown.clone());
    node.frame(READY);
    next(&mut events, "lavalink.ready").await;
    pool.connect().await.expect("connected");
    shutdown.cancel();
    while let Some(event) = events.next().await {
        event.expect("in good order");
    }
    let heard = node.heard();
    assert!(
        heard.iter().all(|heard| heard.method != "DELETE"),
        "players play on"
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_voice_gateway_a_channel_cannot_be_entered() {
    let node = Node::start();
    let nodes = [NodeConfig::new("eu-1", "http://lava.test:2333", "sesame")];
    let (pool, source) = connect(Config::new(7, nodes).network(node.network.clone()));
    let _events = source.events(CancellationToken::new());
    node.frame(READY);
    pool.connect().await.expect("connected");
    let error = pool
        .player_in(5)
        .connect(6)
        .await
        .expect_err("nobody to ask");
    assert!(matches!(error, PlayerError::Gateway(_)), "{error:?}");
}
