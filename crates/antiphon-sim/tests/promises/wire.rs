//! The wire: what went over each connection, and what people at a client would see.

use std::collections::BTreeSet;

use antiphon_sim::{
    Command, Options, RestFault, Simulator, WireEntry, WireKind, WireQuery, WireSide,
};
use serde_json::{Value, json};

use crate::{chat, client::Client, discord, lavalink};

fn execute(sim: &Simulator, command: &Value) -> Value {
    let command = Command::parse(&command.to_string()).expect("a command");
    sim.execute(&command).expect("it is carried out")
}

fn entries(sim: &Simulator, platform: &str) -> Vec<WireEntry> {
    let platform = Some(platform.to_owned());
    let query = WireQuery {
        platform,
        ..WireQuery::default()
    };
    sim.wire().entries(&query)
}

/// Every text of 12 bytes or more below keys that hold secrets.
fn secrets(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_secret = name.ends_with("token") || name.ends_with("password");
                if let Some(secret) = value.as_str().filter(|_| is_secret) {
                    found.insert(secret.to_owned());
                }
                secrets(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| secrets(item, found)),
        _ => {}
    }
}

#[tokio::test(start_paused = true)]
async fn the_wire_shows_both_directions_of_every_platform_and_no_secret() {
    let sim = Simulator::with_seed(7);
    let loft = sim.queup().room("choir-loft");
    let mut visitor = Client::joined(&sim, "antiphon", &loft).await;
    let chat_address = chat::address(&sim).await;
    let mut shard = discord::client::Client::open(&sim, "&compress=zlib-stream").await;
    shard.identify(&sim, 1).await;
    let rest = discord::client::Rest::of(&sim, "antiphon");
    let webhook = format!("/channels/{}/webhooks", sim.discord().channel_id());
    let webhook = rest.post(&webhook, &json!({"name": "bells"})).await.ok();
    let node = lavalink::client::Client::connected(&sim, "eu-1").await;
    loft.say("mira", "hello");
    visitor.event("chat-message").await;

    let mut known = BTreeSet::from([
        sim.discord().token().expose().to_owned(),
        sim.queup().account().password.expose().to_owned(),
        sim.stackexchange().account().password.expose().to_owned(),
        node.password.clone(),
        chat_address
            .rsplit('/')
            .next()
            .expect("a ticket")
            .to_owned(),
    ]);
    secrets(&webhook, &mut known);
    assert!(known.len() >= 6, "{known:?}");
    let all = WireQuery {
        limit: Some(usize::MAX),
        ..WireQuery::default()
    };
    let shown = serde_json::to_string(&sim.wire().entries(&all)).expect("JSON");
    for secret in known {
        assert!(!shown.contains(&secret), "{secret} is shown");
    }
    assert!(shown.contains("[masked]"));

    // Requests with their answers, frames of both sides, before any compression.
    let seen = entries(&sim, "queup");
    let login = seen.iter().find_map(|entry| match &entry.what {
        WireKind::Request {
            method,
            path,
            status: Some(200),
        } if path == "/auth/login" => Some((entry.n, method.clone())),
        _ => None,
    });
    let (login, method) = login.expect("the login");
    assert_eq!(method, "POST");
    assert!(seen.iter().any(|entry| entry.what
        == WireKind::Answer {
            status: 200,
            to: login
        }));
    let said = seen
        .iter()
        .find(|entry| entry.body.contains("hello"))
        .expect("the message");
    assert_eq!(
        (said.from, &said.what),
        (WireSide::Server, &WireKind::Frame { binary: false })
    );
    let hello = entries(&sim, "discord");
    let hello = hello
        .iter()
        .find(|entry| matches!(entry.what, WireKind::Frame { .. }));
    assert!(
        hello.expect("HELLO").body.starts_with("{\"t\":null")
            || hello.expect("HELLO").body.contains("\"op\":10")
    );
    let identify = entries(&sim, "discord")
        .into_iter()
        .find(|entry| entry.body.contains("\"intents\""));
    let identify = identify.expect("IDENTIFY");
    assert_eq!(
        (identify.from, &*identify.server),
        (WireSide::Client, "gateway.discord.gg")
    );
    assert!(
        identify.body.contains(r#""token":"[masked]""#),
        "{}",
        identify.body
    );
}

#[tokio::test(start_paused = true)]
async fn the_wire_shows_how_a_connection_ended() {
    let sim = Simulator::with_seed(7);
    let mut shard = discord::client::Client::open(&sim, "").await;
    shard.identify(&sim, 1).await;
    sim.discord().close(4000, "a pause");
    assert_eq!(shard.end().await, Some(4000));
    drop(shard);
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let seen = entries(&sim, "discord");
    let close = seen.iter().position(|entry| {
        entry.what == WireKind::Close { code: 4000 } && entry.from == WireSide::Server
    });
    let close = close.expect("the close frame");
    assert_eq!(seen[close].body, "a pause");
    assert_eq!(seen.last().map(|entry| &entry.what), Some(&WireKind::End));

    // A request that gets no answer says so, and so does one for a socket.
    sim.queup().fail_rest("GET /room", 1, RestFault::Dropped);
    let mut stranger = Client::stranger(&sim);
    let dropped = stranger.try_call(http::Method::GET, "/room", "", "").await;
    assert!(dropped.is_err());
    let seen = entries(&sim, "queup");
    assert_eq!(
        seen.last().map(|entry| &entry.what),
        Some(&WireKind::Dropped { to: seen[0].n })
    );
}

#[tokio::test(start_paused = true)]
async fn refused_logins_are_tried_again_or_are_final() {
    let sim = Simulator::with_seed(7);
    execute(&sim, &json!({"platform": "discord", "do": "refuse_logins"}));
    let mut shard = discord::client::Client::open(&sim, "").await;
    shard.identify_as(&sim, "antiphon", 1, &json!({})).await;
    assert_eq!(shard.op(9).await, json!(false));
    shard.identify(&sim, 1).await;

    execute(
        &sim,
        &json!({"platform": "discord", "do": "refuse_logins", "for_good": true}),
    );
    let mut shard = discord::client::Client::open(&sim, "").await;
    shard.identify_as(&sim, "antiphon", 1, &json!({})).await;
    assert_eq!(shard.end().await, Some(4004));

    execute(
        &sim,
        &json!({"platform": "queup", "do": "refuse_logins", "times": 1}),
    );
    let mut client = Client::stranger(&sim);
    let account = sim.queup().account();
    for status in [503, 200] {
        let answer = client.login(&account, account.password.expose()).await;
        assert_eq!(answer.status, status);
    }
    execute(
        &sim,
        &json!({"platform": "lavalink", "do": "refuse_logins", "node": "eu-1"}),
    );
    let mut node = lavalink::client::Client::of(&sim, "eu-1");
    let headers = node.headers();
    assert!(node.try_connect("/v4/websocket", &headers).await.is_err());
    assert!(
        node.try_connect("/v4/websocket", &headers).await.is_ok(),
        "one login, one refusal"
    );
}

#[tokio::test(start_paused = true)]
async fn what_people_see_has_the_newest_messages_and_their_components() {
    let sim = Simulator::with_seed(7);
    sim.discord().unlimited(true);
    let places = execute(&sim, &json!({"platform": "discord", "do": "places"}));
    let mut loft = places["places"].as_array().expect("a list").iter();
    let loft = loft.find(|place| place["name"] == "loft").expect("loft");
    assert_eq!(loft["guild"], "choir");
    let place = loft["place"].as_str().expect("a path");
    let people = execute(
        &sim,
        &json!({"platform": "discord", "do": "people", "place": place}),
    );
    let people = people["people"].as_array().expect("a list");
    assert!(people.contains(&json!("mira")) && !people.contains(&json!("antiphon")));

    let rest = discord::client::Rest::of(&sim, "antiphon");
    let row = json!([{"type": 1, "components": [{"type": 2, "style": 1, "label": "Again", "custom_id": "again"}]}]);
    let path = format!("/channels/{}/messages", sim.discord().channel_id());
    rest.post(&path, &json!({"content": "once more?", "components": row}))
        .await
        .ok();
    sim.discord().say("loft", "mira", "yes");
    let seen = execute(
        &sim,
        &json!({"platform": "discord", "do": "messages", "place": place, "limit": 2}),
    );
    let seen = seen["messages"].as_array().expect("a list");
    assert_eq!(seen.len(), 2);
    assert_eq!(
        seen[0]["components"][0]["components"][0]["custom_id"],
        "again"
    );
    assert_eq!(
        (&seen[1]["author"]["username"], &seen[1]["content"]),
        (&json!("mira"), &json!("yes"))
    );
    let command = json!({"name": "ping", "description": "for a test"});
    assert_ne!(sim.discord().register("antiphon", None, &command), 0);
    let known = execute(
        &sim,
        &json!({"platform": "discord", "do": "commands", "by": "mira"}),
    );
    assert_eq!(known["commands"][0]["bot"], "antiphon");
    assert_eq!(known["commands"][0]["command"]["name"], "ping");
    assert_eq!(
        execute(
            &sim,
            &json!({"platform": "discord", "do": "forms", "by": "mira"})
        ),
        json!({"forms": []})
    );

    let loft = sim.queup().room("choir-loft");
    let first = loft.say("mira", "Tom & Jerry");
    loft.say("teo", "second");
    loft.queue("teo", "Lantern & Co - Slow Tide");
    loft.dub("mira", true);
    loft.delete("mira", &first);
    let place = format!("room/{}", loft.id());
    let seen = execute(&sim, &json!({"do": "messages", "place": place}));
    let texts: Vec<&Value> = seen["messages"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["text"])
        .collect();
    assert_eq!(texts, [&json!("second")]);
    let songs = execute(&sim, &json!({"do": "songs", "place": place}));
    assert_eq!(songs["playing"]["song"], "Lantern & Co - Slow Tide");
    assert_eq!(songs["playing"]["updubs"], 1);

    let chat = sim.stackexchange();
    let first = chat.say(4242, "mira", "one");
    chat.say(4242, "mira", "two");
    chat.delete(first, "mira");
    let seen = execute(
        &sim,
        &json!({"platform": "stackexchange", "do": "messages", "limit": 1}),
    );
    assert_eq!(
        (&seen["messages"][0]["text"], &seen["messages"][0]["by"]),
        (&json!("two"), &json!("mira"))
    );
    let rooms = execute(&sim, &json!({"platform": "stackexchange", "do": "places"}));
    assert!(
        rooms["places"]
            .as_array()
            .is_some_and(|rooms| rooms.iter().any(|room| room["room"] == 4242))
    );
}

#[tokio::test]
async fn the_control_address_shows_the_wire() {
    let sim = Simulator::listen(&Options::new().seed(7))
        .await
        .expect("free ports");
    let addresses = sim.addresses().expect("addresses");
    let rest = addresses
        .platform("queup")
        .expect("QueUp")
        .text("rest")
        .expect("an address")
        .to_owned();
    let control = addresses.control.clone();
    let get = async |url: String| {
        let request = http::Request::get(url)
            .body(bytes::Bytes::new())
            .expect("a request");
        let answer = antiphon_net::Network::new()
            .http()
            .send(request)
            .await
            .expect("an answer");
        (
            answer.status().as_u16(),
            String::from_utf8(answer.body().to_vec()).expect("text"),
        )
    };
    get(format!("{rest}/room?password=canary")).await;
    let (status, text) = get(format!("{control}/wire?platform=queup&from=client")).await;
    assert_eq!(status, 200);
    let seen: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        seen.len(),
        1,
        "neither the answer nor the control address itself: {text}"
    );
    assert_eq!(
        (&seen[0]["what"], &seen[0]["path"]),
        (&json!("request"), &json!("/room?password=[masked]"))
    );
    assert_eq!(
        get(format!("{control}/wire?after={}", seen[0]["n"]))
            .await
            .1
            .lines()
            .count(),
        1
    );
    let say = json!({"do": "say", "place": "room/choir-loft", "by": "mira", "text": "hello"});
    let request = http::Request::post(format!("{control}/do"))
        .body(say.to_string().into())
        .expect("a request");
    let answer = antiphon_net::Network::new()
        .http()
        .send(request)
        .await
        .expect("an answer");
    assert_eq!(
        answer.headers()["antiphon-ledger"],
        "0-0",
        "nobody is due it"
    );
    assert_eq!(answer.headers()["antiphon-wire"], "2");
    for wrong in ["after=x", "from=nobody", "color=red"] {
        assert_eq!(
            get(format!("{control}/wire?{wrong}")).await.0,
            400,
            "{wrong}"
        );
    }
}
