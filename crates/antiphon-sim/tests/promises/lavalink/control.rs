//! Commands, and real sockets. The test over real sockets, and only that, uses the real clock.

use antiphon_net::{Message, Network, WebSocketRequest};
use antiphon_sim::{Command, Options, Simulator};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::{GUILD, client::Client};

#[tokio::test(start_paused = true)]
async fn a_script_plays_and_breaks_things_at_its_times() {
    let script = r#"
{"at":"1s","do":"finish","platform":"lavalink","guild":"42"}
{"at":"2s","do":"close-voice","platform":"lavalink","node":"eu-1","guild":42,"code":4006}
{"at":"3s","do":"kill","platform":"lavalink","node":"eu-1","for":"10s"}
{"at":"4s","do":"cut","platform":"lavalink","node":"nowhere"}
"#;
    let script = Command::parse_script(script).expect("a sound script");
    let sim = Simulator::over_pipes(&Options::new().script(script));
    let mut client = Client::connected(&sim, "eu-1").await;
    client.speak(GUILD).await;
    client.play(GUILD, "clef_______").await;
    let names = client.names(7).await;
    let expected = [
        "playerUpdate",
        "TrackStartEvent",
        "playerUpdate",
        "playerUpdate",
        "finished",
    ];
    assert_eq!(names[..5], expected);
    assert_eq!(names[5..], ["WebSocketClosedEvent", "playerUpdate"]);
    assert_eq!(client.ended().await, None);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let notes = sim.notes();
    assert!(
        notes.len() == 1 && notes[0].text.contains("no node named `nowhere`"),
        "{notes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_no_command_knows_is_an_error() {
    for wrong in [
        r#"{"do":"dance","platform":"lavalink"}"#,
        r#"{"do":"finish","platform":"lavalink","guild":"loft"}"#,
        r#"{"do":"kill","platform":"lavalink","seconds":3}"#,
        r#"{"do":"quirk","platform":"lavalink","quirk":"none-such"}"#,
    ] {
        assert!(Command::parse(wrong).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn nodes_listen_on_real_ports_that_follow_one_another() {
    let sim = Simulator::listen(&Options::new().seed(7))
        .await
        .expect("free ports");
    let shown = serde_json::to_value(sim.addresses()).expect("JSON");
    let nodes = shown["lavalink"].as_array().expect("nodes");
    let names: Vec<&Value> = nodes.iter().map(|node| &node["name"]).collect();
    assert_eq!(names, ["eu-1", "us-1", "asia-1"]);
    let port = |node: &Value| {
        let url = node["url"].as_str().expect("an address");
        url.rsplit(':')
            .next()
            .and_then(|port| port.parse::<u32>().ok())
            .expect("a port")
    };
    assert_eq!(
        (port(&nodes[1]), port(&nodes[2])),
        (port(&nodes[0]) + 1, port(&nodes[0]) + 2)
    );
    assert!(
        !format!("{:?}", sim.addresses()).contains(nodes[0]["password"].as_str().expect("text"))
    );

    let (url, password) = (
        &nodes[0]["url"],
        nodes[0]["password"].as_str().expect("text"),
    );
    let uri = format!(
        "{}/v4/websocket",
        url.as_str().expect("text").replace("http", "ws")
    );
    let request = WebSocketRequest::new(uri.parse().expect("a URI"))
        .header("authorization", password)
        .header("user-id", "5")
        .header("client-name", "promises/1");
    let mut socket = Network::new().websocket(request).await.expect("a socket");
    let Some(Ok(Message::Text(ready))) = socket.next().await else {
        panic!("no ready");
    };
    assert!(ready.as_str().contains("ready"));
    let control = sim.addresses().expect("addresses").control.clone();
    let command = json!({"do": "sessions", "platform": "lavalink"}).to_string();
    let request = Request::post(format!("{control}/do")).body(Bytes::from(command));
    let answer = Network::new()
        .http()
        .send(request.expect("a request"))
        .await;
    let answer: Value = serde_json::from_slice(answer.expect("an answer").body()).expect("JSON");
    assert_eq!(answer["sessions"][0]["user"], "5");
    sim.stop().await;
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Close { code, .. } = message {
            assert_eq!(code, Some(1001));
        }
    }
}
