//! Faults of the Gateway.

use std::time::Duration;

use antiphon_sim::{Command, Query};
use serde_json::{Value, json};

use super::{ALL, client::Client, identified};

#[tokio::test(start_paused = true)]
async fn events_come_twice_and_in_the_wrong_order() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    discord.duplicate(1);
    discord.say("loft", "mira", "twice");
    for _ in 0..2 {
        let frame = client.next().await;
        assert_eq!(
            (&frame["s"], &frame["d"]["content"]),
            (&json!(3), &json!("twice"))
        );
    }
    discord.reorder(1);
    discord.say("loft", "mira", "one");
    discord.say("loft", "mira", "two");
    assert_eq!(client.event("MESSAGE_CREATE").await["content"], "two");
    assert_eq!(client.event("MESSAGE_CREATE").await["content"], "one");
    let due = sim.ledger().due_to(&discord.account().id.to_string());
    assert_eq!(due["discord.MESSAGE_CREATE"], 3, "a copy is due to nobody");
}

#[tokio::test(start_paused = true)]
async fn what_is_held_back_when_a_line_breaks_is_due_and_comes_with_the_resume() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    discord.reorder(1);
    discord.say("loft", "mira", "held back");
    discord.cut();
    client.end().await;
    client.resume(&sim).await;
    assert_eq!(client.event("MESSAGE_CREATE").await["content"], "held back");
    client.event("RESUMED").await;
    let due = sim.ledger().due_to(&discord.account().id.to_string());
    assert_eq!(due, client.received);
}

#[tokio::test(start_paused = true)]
async fn a_half_open_line_is_silent_and_its_session_resumes() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    discord.half_open();
    discord.say("loft", "mira", "into the void");
    assert!(client.hears_nothing().await);
    client.resume(&sim).await;
    assert_eq!(
        client.event("MESSAGE_CREATE").await["content"],
        "into the void"
    );
    client.event("RESUMED").await;
}

#[tokio::test(start_paused = true)]
async fn a_stall_ends_and_everything_arrives() {
    let (sim, mut client) = identified(ALL).await;
    sim.discord().stall(Duration::from_secs(20));
    sim.discord().say("loft", "mira", "late");
    assert!(client.hears_nothing().await);
    assert_eq!(client.event("MESSAGE_CREATE").await["content"], "late");
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_can_be_late() {
    let (sim, mut client) = identified(1).await;
    sim.discord().delay_acks(Duration::from_secs(7));
    let start = tokio::time::Instant::now();
    client.send(1, &Value::Null).await;
    client.op(11).await;
    assert_eq!(start.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn odd_dispatches_have_a_sequence_and_a_row() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    discord.dispatch(
        Some("CHOIR_PRACTICE"),
        &json!({"guild_id": "4", "channel_id": "7"}),
    );
    assert_eq!(client.event("CHOIR_PRACTICE").await["channel_id"], "7");
    discord.dispatch(None, &json!({"guild_id": "4"}));
    let frame = client.next().await;
    assert_eq!((&frame["t"], &frame["s"]), (&Value::Null, &json!(4)));
    let rows = sim.ledger().rows(&Query::default());
    let shown: Vec<_> = rows
        .iter()
        .skip(2)
        .map(|row| (&*row.kind, &*row.place))
        .collect();
    assert_eq!(
        shown,
        [
            ("discord.CHOIR_PRACTICE", "guild/4/channel/7"),
            ("discord.UNNAMED", "guild/4")
        ]
    );
    discord.numeric_ids(true);
    discord.say("loft", "mira", "numbers");
    let message = client.event("MESSAGE_CREATE").await;
    assert_eq!(message["channel_id"], discord.channel_id());
    let last = sim.ledger().rows(&Query::default()).pop().expect("a row");
    assert_eq!(
        &*last.place,
        format!(
            "guild/{}/channel/{}",
            discord.guild_id(),
            discord.channel_id()
        )
    );
}

#[tokio::test(start_paused = true)]
async fn garbage_and_truncated_frames_come_as_they_are() {
    let (sim, mut client) = identified(1).await;
    sim.discord().frame("{garbage");
    client.next().await;
    assert_eq!(client.texts.last().map(String::as_str), Some("{garbage"));
    sim.discord().truncated(r#"{"op":11,"d":null}"#);
    client.next().await;
    assert_eq!(
        client.texts.last().map(String::as_str),
        Some(r#"{"op":11,"#)
    );
}

#[tokio::test(start_paused = true)]
async fn faults_meet_those_they_are_meant_for() {
    let (sim, mut client) = identified(1).await;
    let mut other = Client::open(&sim, "").await;
    other.identify_as(&sim, "cantor", 1, &json!({})).await;
    other.event("GUILD_CREATE").await;
    sim.discord().only("cantor").cut();
    assert_eq!(other.end().await, None);
    client.send(1, &Value::Null).await;
    client.op(11).await;
    sim.discord().shard(3).cut();
    assert_eq!(sim.discord().connections().len(), 1);
}

#[tokio::test]
async fn commands_are_obeyed_over_real_sockets() {
    use antiphon_net::Network;
    use antiphon_sim::{Options, Simulator};

    let options = Options::new().seed(7).script(vec![
        Command::parse(r#"{"do":"max-concurrency","platform":"discord","identifies":4}"#)
            .expect("a command"),
    ]);
    let sim = Simulator::listen(&options).await.expect("free ports");
    let shown = serde_json::to_value(sim.addresses()).expect("JSON");
    let discord = &shown["discord"];
    for name in [
        "rest",
        "gateway",
        "token",
        "application_id",
        "guild_id",
        "channel_id",
        "voice_channel_id",
    ] {
        assert!(discord[name].is_string(), "{name}");
    }
    assert_eq!(discord["accounts"].as_array().map(Vec::len), Some(3));
    let port = |name: &str| {
        let text = discord[name]
            .as_str()
            .expect("an address")
            .trim_end_matches("/api/v10");
        text.rsplit(':')
            .next()
            .and_then(|port| port.parse::<u16>().ok())
            .expect("a port")
    };
    assert_eq!(port("rest") + 1, port("gateway"));

    let gateway = discord["gateway"].as_str().expect("an address");
    let mut client = Client::at(&Network::new(), gateway, "&compress=zlib-stream").await;
    client.identify(&sim, ALL).await;
    assert_eq!(client.ready["resume_gateway_url"], gateway);
    let obey = async |command: &str| {
        let request = http::Request::post(format!(
            "{}/do",
            shown["control"].as_str().expect("an address")
        ))
        .body(bytes::Bytes::from(command.to_owned()))
        .expect("a request");
        let answer = Network::new()
            .http()
            .send(request)
            .await
            .expect("an answer");
        (
            answer.status().as_u16(),
            String::from_utf8(answer.body().to_vec()).expect("text"),
        )
    };
    let place = format!(
        "guild/{}/channel/{}",
        discord["guild_id"].as_str().expect("an id"),
        discord["channel_id"].as_str().expect("an id")
    );
    let say = format!(
        r#"{{"do":"say","platform":"discord","place":"{place}","by":"mira","text":"hello"}}"#
    );
    let (status, outcome) = obey(&say).await;
    let outcome: Value = serde_json::from_str(&outcome).expect("JSON");
    assert_eq!(
        (status, &client.event("MESSAGE_CREATE").await["id"]),
        (200, &outcome["message"])
    );
    let (status, error) =
        obey(r#"{"do":"say","platform":"discord","place":"channel/9","by":"mira","text":"hello"}"#)
            .await;
    assert!(status == 400 && error.contains("channel/9"), "{error}");
    let (status, error) = obey(r#"{"do":"dance","platform":"discord"}"#).await;
    assert!(status == 400 && error.contains("`say`"), "{error}");
    assert_eq!(
        obey(r#"{"do":"cut","platform":"discord","for":"2s"}"#)
            .await
            .0,
        200
    );
    client.end().await;
    assert!(Client::try_at(&Network::new(), gateway, "").await.is_err());
    sim.stop().await;
}
