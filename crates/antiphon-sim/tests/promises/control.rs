//! The simulator over real sockets, and its control address. These tests, and only these, use the real clock.

use std::time::Duration;

use antiphon_net::{Message, Network, WebSocketRequest};
use antiphon_sim::{Command, LedgerLimits, Options, Query, Simulator, WorldFile};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::Client;

async fn ask(method: Method, uri: &str, body: &str) -> (u16, String) {
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .body(Bytes::from(body.to_owned()))
        .expect("a request");
    let answer = Network::new()
        .http()
        .send(request)
        .await
        .expect("an answer");
    let text = String::from_utf8(answer.body().to_vec()).expect("text");
    (answer.status().as_u16(), text)
}

async fn listening() -> (Simulator, String) {
    let sim = Simulator::listen(&Options::new().seed(7).run(1))
        .await
        .expect("free ports");
    let control = sim.addresses().expect("addresses").control.clone();
    (sim, control)
}

#[tokio::test]
async fn it_tells_where_it_is_and_who_can_log_in() {
    let (sim, control) = listening().await;
    let shown = serde_json::to_value(sim.addresses()).expect("JSON");
    let queup = &shown["queup"];
    for name in [
        "rest", "socket", "email", "password", "user_id", "room", "room_id",
    ] {
        assert!(queup[name].is_string(), "{name}");
    }
    assert!(
        queup["rest"]
            .as_str()
            .is_some_and(|rest| rest.starts_with("http://127.0.0.1:"))
    );
    assert!(
        queup["socket"]
            .as_str()
            .is_some_and(|socket| socket.ends_with("/ws/"))
    );
    assert_eq!(queup["accounts"].as_array().map(Vec::len), Some(4));
    let (status, text) = ask(Method::GET, &control, "").await;
    assert_eq!(
        (status, serde_json::from_str::<Value>(&text).expect("JSON")),
        (200, shown.clone())
    );
    let (_, accounts) = ask(Method::GET, &format!("{control}/accounts"), "").await;
    assert!(accounts.contains(queup["email"].as_str().expect("an address")));
    let debug = format!("{:?}", sim.addresses());
    assert!(
        !debug.contains(queup["password"].as_str().expect("a password")),
        "{debug}"
    );
}

#[tokio::test]
async fn a_control_token_is_asked_for_where_one_is_set() {
    let options = Options::new().control_token("canary-91".into());
    let sim = Simulator::listen(&options).await.expect("free ports");
    let uri = format!("{}/accounts", sim.addresses().expect("addresses").control);
    assert_eq!(ask(Method::GET, &uri, "").await.0, 401);
    for (token, status) in [("wrong", 401), ("canary-91", 200)] {
        let request = Request::get(&uri)
            .header("authorization", format!("Bearer {token}"))
            .body(Bytes::new())
            .expect("a request");
        let answer = Network::new()
            .http()
            .send(request)
            .await
            .expect("an answer");
        assert_eq!(answer.status().as_u16(), status);
    }
    assert!(!format!("{options:?}").contains("canary"));
}

/// The status of a request with these headers.
async fn status(uri: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = Request::post(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Bytes::from_static(br#"{"do":"traffic","rate":0}"#))
        .expect("a request");
    let answer = Network::new().http().send(request).await;
    let answer = answer.expect("an answer");
    let text = String::from_utf8(answer.body().to_vec()).expect("text");
    (answer.status().as_u16(), text)
}

#[tokio::test]
async fn a_web_page_of_another_site_is_refused_and_learns_why() {
    let (_sim, control) = listening().await;
    let uri = format!("{control}/do");
    assert_eq!(status(&uri, &[]).await.0, 200);
    assert_eq!(status(&uri, &[("origin", &control)]).await.0, 200);
    for (name, value) in [
        ("host", "evil.example"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let (status, text) = status(&uri, &[(name, value)]).await;
        assert_eq!(status, 403, "{name}: {value}");
        let error: Value = serde_json::from_str(&text).expect("JSON");
        let error = error["error"].as_str().expect("a sentence");
        assert!(
            error.contains("control address") && error.contains(": use"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_token_is_asked_for_whatever_the_case_of_its_scheme() {
    let options = Options::new().control_token("canary-91".into());
    let sim = Simulator::listen(&options).await.expect("free ports");
    let uri = format!("{}/do", sim.addresses().expect("addresses").control);
    for (given, expected) in [
        ("bearer canary-91", 200),
        ("BEARER canary-91", 200),
        ("Bearer canary-9", 401),
        ("Bearer canary-911", 401),
        ("Basic canary-91", 401),
        ("canary-91", 401),
    ] {
        assert_eq!(
            status(&uri, &[("authorization", given)]).await.0,
            expected,
            "{given}"
        );
    }
}

#[tokio::test]
async fn the_addresses_that_are_shown_can_be_used() {
    let everywhere = "0.0.0.0".parse().expect("an address");
    let options = Options::new()
        .address(everywhere)
        .control_token("canary-91".into());
    let sim = Simulator::listen(&options).await.expect("free ports");
    let shown = serde_json::to_string(sim.addresses().expect("addresses")).expect("JSON");
    assert!(
        !shown.contains("0.0.0.0") && shown.contains("http://127.0.0.1:"),
        "{shown}"
    );

    let options = options.host("sim.example");
    let sim = Simulator::listen(&options).await.expect("free ports");
    let shown = sim.addresses().expect("addresses");
    let discord = sim.discord().addresses().expect("addresses");
    assert!(discord.gateway.starts_with("ws://sim.example:"));
    let port = shown.control.rsplit(':').next().expect("a port");
    let uri = format!("http://127.0.0.1:{port}/do");
    let token = ("authorization", "Bearer canary-91");
    for (host, expected) in [("sim.example", 200), ("other.example", 403)] {
        assert_eq!(
            status(&uri, &[token, ("host", host)]).await.0,
            expected,
            "{host}"
        );
    }
}

#[tokio::test]
async fn a_command_that_asks_for_too_much_is_told_how_much_there_can_be() {
    let (sim, control) = listening().await;
    let uri = format!("{control}/do");
    let long = "x".repeat(4001);
    for (command, most) in [
        (
            json!({"do": "crowd", "platform": "discord", "members": 2_000_000}),
            "100000",
        ),
        (
            json!({"do": "swell", "platform": "discord", "bytes": 1_u64 << 40}),
            "33554432",
        ),
        (
            json!({"do": "replay", "platform": "discord", "events": u64::MAX}),
            "100000",
        ),
        (
            json!({"do": "refuse_upgrades", "platform": "discord", "times": 1_u64 << 40, "status": 503}),
            "10000",
        ),
        (
            json!({"do": "fail", "requests": "*", "fault": {"huge": 1_u64 << 40}}),
            "100000000",
        ),
        (
            json!({"do": "conflict", "platform": "stackexchange", "times": 1_u64 << 40}),
            "10000",
        ),
        (json!({"do": "traffic", "rate": 1_000_000}), "5000"),
        (
            json!({"do": "say", "place": "room/choir-loft", "by": "mira", "text": long}),
            "4000",
        ),
        (
            json!({"do": "add_guild", "platform": "discord", "name": long}),
            "4000",
        ),
    ] {
        let (status, text) = ask(Method::POST, &uri, &command.to_string()).await;
        assert_eq!(status, 400, "{command}");
        assert!(
            text.contains("too many") && text.contains(most),
            "{command}: {text}"
        );
    }
    // Repeated commands make no more objects either.
    let crowd = json!({"do": "crowd", "platform": "discord", "members": 60_000}).to_string();
    assert_eq!(ask(Method::POST, &uri, &crowd).await.0, 200);
    let (status, text) = ask(Method::POST, &uri, &crowd).await;
    assert!(
        status == 400 && text.contains("members of a guild"),
        "{text}"
    );
    for (command, what) in [
        (
            json!({"do": "add_channel", "platform": "discord", "by": "mira", "name": "nook"}),
            "channels of a guild",
        ),
        (
            json!({"do": "add_role", "platform": "discord", "by": "mira", "name": "alto"}),
            "roles of a guild",
        ),
        (
            json!({"do": "add_thread", "platform": "discord", "by": "mira", "name": "canon"}),
            "threads of a guild",
        ),
        (
            json!({"do": "invite", "platform": "discord", "by": "mira"}),
            "invitations to a guild",
        ),
        (
            json!({"do": "fail", "platform": "lavalink", "requests": "*", "fault": {"status": 500}}),
            "rules",
        ),
        (
            json!({"do": "fail", "requests": "*", "fault": {"status": 500}}),
            "rules",
        ),
    ] {
        let parsed = Command::parse(&command.to_string()).expect("a command");
        let mut refused = None;
        for _ in 0..=1000 {
            refused = sim.execute(&parsed).err();
            if refused.is_some() {
                break;
            }
        }
        let error = refused.expect("an end").to_string();
        assert!(error.contains(what), "{command}: {error}");
    }
}

#[tokio::test]
async fn rows_that_were_dropped_are_no_silent_difference() {
    let options = Options::new().ledger(LedgerLimits::default().rows(3));
    let sim = Simulator::listen(&options).await.expect("free ports");
    let control = &sim.addresses().expect("addresses").control;
    let room = sim.queup().room("choir-loft");
    let _client = Client::joined(&sim, "antiphon", &room).await;
    for text in ["one", "two", "three", "four"] {
        room.say("mira", text);
    }
    let dropped = sim.ledger().dropped();
    assert!(dropped > 0);
    let (status, text) = ask(Method::GET, &format!("{control}/ledger"), "").await;
    let error: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((status, &error["dropped"]), (410, &json!(dropped)));
    assert!(text.contains(&format!("after={dropped}")), "{text}");
    let rest = format!("{control}/ledger?after={dropped}");
    let (status, rows) = ask(Method::GET, &rest, "").await;
    assert_eq!((status, rows.lines().count()), (200, 3));
    assert_eq!(sim.ledger().whole(&Query::default()), Err(dropped));
}

#[tokio::test]
async fn commands_are_obeyed_and_the_ledger_is_shown_line_by_line() {
    let (sim, control) = listening().await;
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    let say =
        r#"{"do":"say","platform":"queup","place":"room/choir-loft","by":"mira","text":"hello"}"#;
    let (status, text) = ask(Method::POST, &format!("{control}/do"), say).await;
    let outcome: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        (status, &client.event("chat-message").await["chatid"]),
        (200, &outcome["chat"])
    );

    let account = sim.queup().account().id;
    let uri = format!("{control}/ledger?after=0&due_to={account}");
    let (_, text) = ask(Method::GET, &uri, "").await;
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let last = rows.last().expect("a row");
    assert_eq!(last["kind"], "queup.chat-message");
    assert_eq!(last["place"], format!("room/{}", room.id()));
    assert_eq!(
        last["origin"],
        format!("chat/{}", outcome["chat"].as_str().expect("an id"))
    );
    assert_eq!(
        (&last["frame"], &last["connection"]),
        (&json!(3), &json!(client.connection))
    );
    assert_eq!(last["body"]["message"], "hello");
    let (_, rest) = ask(
        Method::GET,
        &format!("{control}/ledger?after={}", last["n"]),
        "",
    )
    .await;
    assert_eq!(rest, "");
    let (_, one) = ask(Method::GET, &format!("{control}/ledger?limit=1"), "").await;
    assert_eq!(one.lines().count(), 1);
}

#[tokio::test]
async fn every_command_is_listed_with_its_help_and_its_fields() {
    let (_sim, control) = listening().await;
    let (status, text) = ask(Method::GET, &format!("{control}/commands"), "").await;
    assert_eq!(status, 200);
    let commands: Value = serde_json::from_str(&text).expect("JSON");
    for platform in ["discord", "lavalink", "queup", "stackexchange"] {
        let rows = commands[platform].as_array().expect("a list");
        let cut = rows.iter().find(|row| row["do"] == "cut").expect("a row");
        let fields = cut["fields"].as_array().expect("a list");
        assert!(fields.contains(&json!("for")), "{cut}");
        for row in rows {
            let help = row["help"].as_str().expect("a sentence");
            assert!(help.ends_with('.'), "{row}");
        }
    }
}

#[tokio::test]
async fn a_journal_is_judged_by_the_events_that_are_posted() {
    let options = Options::new().ledger(LedgerLimits::default().rows(20));
    let sim = Simulator::listen(&options).await.expect("free ports");
    let control = &sim.addresses().expect("addresses").control;
    let room = sim.queup().room("choir-loft");
    let _client = Client::joined(&sim, "antiphon", &room).await;
    room.say("mira", "hello");
    let account = sim.queup().account().id;
    let audit = format!("{control}/audit?platform=queup&account={account}");
    let (_, rows) = ask(
        Method::GET,
        &format!("{control}/ledger?due_to={account}"),
        "",
    )
    .await;
    let events = rows.lines().map(|row| {
        let mut event: Value = serde_json::from_str(row).expect("JSON");
        event["received_at"] = json!("2026-01-31T12:00:00Z");
        event.to_string()
    });
    let events: Vec<String> = events.collect();
    let due = events.len();
    let (status, text) = ask(Method::POST, &audit, &events.join("\n")).await;
    let whole: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        (status, &whole["stored"], &whole["lost"]),
        (200, &json!(due), &json!(0))
    );
    let (_, text) = ask(Method::POST, &audit, &events[1..].join("\n")).await;
    let part: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        (&part["stored"], &part["lost"]),
        (&json!(due - 1), &json!(1))
    );

    for _ in 0..20 {
        room.say("mira", "again");
    }
    let (status, _) = ask(Method::POST, &audit, "").await;
    assert_eq!(status, 410, "the ledger dropped rows");
}

#[tokio::test]
async fn what_cannot_be_obeyed_is_a_clear_400() {
    let (_sim, control) = listening().await;
    for (command, word) in [
        ("hello", "JSON object"),
        (r#"{"do":"dance"}"#, "unknown variant `dance`"),
        (r#"{"do":"cut","platform":"telegraph"}"#, "telegraph"),
        (
            r#"{"do":"say","place":"room/nowhere","by":"mira","text":"hello"}"#,
            "room/nowhere",
        ),
        (
            r#"{"do":"set-role","place":"room/choir-loft","by":"mira","user":"teo","role":"king"}"#,
            "king",
        ),
        (r#"{"do":"cut","for":"soon"}"#, "soon"),
    ] {
        let (status, text) = ask(Method::POST, &format!("{control}/do"), command).await;
        let error: Value = serde_json::from_str(&text).expect("JSON");
        assert!(
            error["error"]
                .as_str()
                .is_some_and(|error| error.contains(word)),
            "{command}: {text}"
        );
        assert_eq!(status, 400, "{command}");
    }
    assert_eq!(
        ask(Method::GET, &format!("{control}/ledger?since=0"), "")
            .await
            .0,
        400
    );
    assert_eq!(
        ask(Method::GET, &format!("{control}/elsewhere"), "")
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn notes_are_shown_line_by_line_and_are_empty_while_all_is_well() {
    let (sim, control) = listening().await;
    let uri = format!("{control}/notes");
    assert_eq!(ask(Method::GET, &uri, "").await, (200, String::new()));
    let rest = &sim.queup().addresses().expect("addresses").rest;
    ask(Method::GET, &format!("{rest}/no/such/route"), "").await;
    let (_, notes) = ask(Method::GET, &uri, "").await;
    let note: Value = serde_json::from_str(&notes).expect("one line");
    assert!(
        note["text"]
            .as_str()
            .is_some_and(|text| text.contains("/no/such/route"))
    );
}

#[tokio::test]
async fn a_reset_and_a_cut_reach_a_real_socket() {
    let (sim, control) = listening().await;
    let room = sim.queup().room("choir-loft");
    for fault in ["reset", "cut"] {
        let mut client = Client::joined(&sim, "antiphon", &room).await;
        let (status, _) = ask(
            Method::POST,
            &format!("{control}/do"),
            &format!(r#"{{"do":"{fault}"}}"#),
        )
        .await;
        assert_eq!(status, 200);
        client.ended().await;
    }
}

#[tokio::test]
async fn stopping_says_goodbye_to_sockets() {
    let (sim, _) = listening().await;
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let token = client.get("/auth/token").await.data();
    let token = token["token"].as_str().expect("a token");
    let address = sim.queup().addresses().expect("addresses").socket;
    let uri = format!("{address}?access_token={token}&EIO=3&transport=websocket");
    let request = WebSocketRequest::new(uri.parse().expect("a URI"));
    let mut socket = Network::new().websocket(request).await.expect("a socket");
    let stopping = sim.stop();
    let reading = async {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close { code, .. } = message {
                return code;
            }
        }
        None
    };
    let ((), code) = tokio::join!(stopping, reading);
    assert_eq!(code, Some(1001));
}

#[tokio::test(start_paused = true)]
async fn a_script_is_obeyed_at_its_times() {
    let script = "\
        {\"at\":\"4s\",\"do\":\"cut\",\"platform\":\"queup\",\"for\":\"2s\"}\n\
        {\"at\":\"2s\",\"do\":\"say\",\"platform\":\"queup\",\"place\":\"room/choir-loft\",\"by\":\"mira\",\"text\":\"hello\"}\n\
        {\"at\":\"3s\",\"do\":\"say\",\"place\":\"room/nowhere\",\"by\":\"mira\",\"text\":\"hello\"}\n";
    let script = Command::parse_script(script).expect("a sound script");
    let sim = Simulator::over_pipes(&Options::new().script(script));
    let start = sim.clock().now();
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    client.event("chat-message").await;
    assert_eq!(sim.clock().now().duration_since(start).as_secs(), 2);
    client.ended().await;
    assert_eq!(sim.clock().now().duration_since(start).as_secs(), 4);
    assert_eq!(sim.notes().len(), 1, "the command that failed is noted");
}

#[tokio::test(start_paused = true)]
async fn every_command_is_obeyed() {
    let sim = Simulator::with_seed(7);
    let here = "\"place\":\"room/choir-loft\"";
    for command in [
        format!(r#"{{"do":"queue",{here},"by":"mira","song":"One - First"}}"#),
        format!(r#"{{"do":"queue",{here},"by":"teo","song":"Two - Second"}}"#),
        format!(r#"{{"do":"dub",{here},"by":"teo"}}"#),
        format!(r#"{{"do":"dub",{here},"by":"teo","down":true}}"#),
        format!(r#"{{"do":"grab",{here},"by":"teo"}}"#),
        format!(r#"{{"do":"pause",{here},"by":"teo"}}"#),
        format!(r#"{{"do":"pause_dj",{here},"by":"mira","user":"teo","on":false}}"#),
        format!(r#"{{"do":"reorder",{here},"by":"mira","users":["teo"]}}"#),
        format!(r#"{{"do":"skip",{here},"by":"mira"}}"#),
        format!(r#"{{"do":"remove_song",{here},"by":"mira","user":"teo"}}"#),
        format!(r#"{{"do":"remove_dj",{here},"by":"mira","user":"teo"}}"#),
        format!(r#"{{"do":"clear_queue",{here},"by":"mira"}}"#),
        format!(r#"{{"do":"lock",{here},"by":"mira"}}"#),
        format!(r#"{{"do":"setting",{here},"by":"mira","setting":"slowMode","on":true}}"#),
        format!(r#"{{"do":"update_room",{here},"settings":{{"welcomeMessage":"hi"}}}}"#),
        format!(r#"{{"do":"say_from_outside",{here},"by":"passer-by","text":"hi"}}"#),
        format!(r#"{{"do":"delete",{here},"by":"mira","chat":"x-1"}}"#),
        format!(r#"{{"do":"delete_all",{here},"by":"mira","user":"bram"}}"#),
        format!(r#"{{"do":"join",{here},"by":"passer-by"}}"#),
        format!(r#"{{"do":"leave",{here},"by":"passer-by"}}"#),
        format!(r#"{{"do":"leave_in_error",{here},"user":"bram"}}"#),
        r#"{"do":"replace_room","platform":"queup","place":"room/night-radio"}"#.to_owned(),
        format!(r#"{{"do":"kick",{here},"by":"mira","user":"bram","text":"out"}}"#),
        format!(r#"{{"do":"ban",{here},"by":"mira","user":"bram","minutes":5}}"#),
        format!(r#"{{"do":"unban",{here},"by":"mira","user":"bram"}}"#),
        format!(r#"{{"do":"mute",{here},"by":"mira","user":"bram"}}"#),
        format!(r#"{{"do":"unmute",{here},"by":"mira","user":"bram"}}"#),
        format!(r#"{{"do":"set_role",{here},"by":"mira","user":"bram","role":"vip"}}"#),
        format!(r#"{{"do":"unset_role",{here},"by":"mira","user":"bram","role":"vip"}}"#),
        format!(r#"{{"do":"presence",{here},"by":"bram","action":2}}"#),
        format!(r#"{{"do":"guest",{here}}}"#),
        format!(r#"{{"do":"event",{here},"name":"room-confetti","data":{{"colour":"gold"}}}}"#),
        r#"{"do":"whisper","by":"mira","to":"antiphon","text":"psst"}"#.to_owned(),
        r#"{"do":"rename","by":"mira","name":"mirabel"}"#.to_owned(),
        r#"{"do":"image","by":"mira"}"#.to_owned(),
        r#"{"do":"account","name":"ringer"}"#.to_owned(),
        r#"{"do":"room","place":"room/attic"}"#.to_owned(),
        r#"{"do":"traffic","rate":0}"#.to_owned(),
        r#"{"do":"reset","of":"antiphon","for":"1s"}"#.to_owned(),
        r#"{"do":"close","code":4000,"reason":"because"}"#.to_owned(),
        r#"{"do":"refuse","for":"1s"}"#.to_owned(),
        r#"{"do":"refuse_upgrades","times":1,"status":503}"#.to_owned(),
        r#"{"do":"half-open"}"#.to_owned(),
        r#"{"do":"stall","for":"1s"}"#.to_owned(),
        r#"{"do":"withhold_pongs","on":false}"#.to_owned(),
        r#"{"do":"duplicate","events":1}"#.to_owned(),
        r#"{"do":"reorder_events","pairs":1}"#.to_owned(),
        r#"{"do":"message","message":{"action":99}}"#.to_owned(),
        r#"{"do":"raw_message","text":"{"}"#.to_owned(),
        r#"{"do":"packet","text":"zzz"}"#.to_owned(),
        r#"{"do":"oversized"}"#.to_owned(),
        r#"{"do":"fail","requests":"POST /chat/*","times":2,"fault":{"status":429}}"#.to_owned(),
        r#"{"do":"fail","requests":"*","fault":{"slow":"2s"},"of":"sexton"}"#.to_owned(),
        r#"{"do":"fail","requests":"*","fault":"logged-out"}"#.to_owned(),
        r#"{"do":"expire_sessions"}"#.to_owned(),
        r#"{"do":"expire_sessions","of":"antiphon"}"#.to_owned(),
        r#"{"do":"expire_tokens"}"#.to_owned(),
        r#"{"do":"quirk","quirk":"played-absent"}"#.to_owned(),
        r#"{"do":"quirk","quirk":"played-absent","on":false,"of":"antiphon"}"#.to_owned(),
    ] {
        let parsed = Command::parse(&command).unwrap_or_else(|error| panic!("{command}: {error}"));
        sim.execute(&parsed)
            .unwrap_or_else(|error| panic!("{command}: {error}"));
    }
    assert!(sim.ledger().rows(&Query::default()).is_empty());
    assert_eq!(sim.notes(), []);
}

#[tokio::test]
async fn a_stalled_real_socket_goes_on_later() {
    let (sim, _) = listening().await;
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    let start = Instant::now();
    sim.queup().links().stall(Duration::from_millis(200));
    room.say("mira", "late");
    assert_eq!(client.event("chat-message").await["message"], "late");
    // The simulator counts whole milliseconds of wall time, and so may be early by one.
    let passed = start.elapsed();
    assert!(passed >= Duration::from_millis(198), "{passed:?}");
}

#[tokio::test]
async fn the_control_address_gives_the_present_world_back() {
    let (sim, control) = listening().await;
    sim.discord().add_guild("crypt");
    for (query, read) in [
        ("", WorldFile::from_json as fn(&str) -> Result<WorldFile, _>),
        ("?format=json", WorldFile::from_json),
        ("?format=toml", WorldFile::from_toml),
    ] {
        let (status, text) = ask(Method::GET, &format!("{control}/world{query}"), "").await;
        assert_eq!(status, 200, "{text}");
        let world = read(&text).expect("the present world loads");
        let again = Simulator::over_pipes(&Options::new().world(world));
        assert!(again.discord().guild("crypt").is_some());
    }
    for query in ["?format=xml", "?shape=json"] {
        let (status, text) = ask(Method::GET, &format!("{control}/world{query}"), "").await;
        assert_eq!(status, 400, "{text}");
    }
    sim.stop().await;
}
