//! Pages and documents that clients read (protocol §4, §7).

use antiphon_sim::Simulator;
use serde_json::{Value, json};

use super::{CHAT, Client, ROOM, notes};

#[tokio::test(start_paused = true)]
async fn texts_are_shown_as_chat_shows_them_and_kept_as_they_were_typed() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    for (text, html) in [
        (
            "it's **bold** & `code`",
            "it&#39;s <b>bold</b> &amp; <code>code</code>",
        ),
        ("one\n**two**", "<div class='full'>one <br> **two**</div>"),
        ("    a\n    b", "<pre class='full'>a\nb</pre>"),
    ] {
        let message = chat.say(ROOM, "teo", text);
        let path = format!("/message/{message}");
        assert_eq!(client.get(CHAT, &path).await.text, html);
        let plain = client.get(CHAT, &format!("{path}?plain=true")).await;
        assert_eq!(plain.text, text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_messages_history_is_its_authors_alone() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let mine = chat.say(ROOM, "antiphon", "mine");
    let theirs = chat.say(ROOM, "teo", "theirs");
    chat.edit(mine, "mine, better");
    chat.delete(mine, "antiphon");
    chat.delete(theirs, "teo");
    let own = client.get(CHAT, &format!("/messages/{mine}/history")).await;
    assert_eq!(own.text.matches("class=\"message-source\"").count(), 2);
    let other = client
        .get(CHAT, &format!("/messages/{theirs}/history"))
        .await;
    assert_eq!(other.status, 404);
    assert_eq!(
        client.get(CHAT, &format!("/message/{mine}")).await.status,
        404
    );
}

#[tokio::test(start_paused = true)]
async fn people_are_found_by_lines_by_lists_and_by_ids() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let found = client.get(CHAT, "/users/search?q=m&limit=10").await;
    for line in found.text.lines() {
        let user: Value = serde_json::from_str(line).expect("an object a line");
        assert!(
            user["dn"]
                .as_str()
                .is_some_and(|name| name.starts_with('m'))
        );
    }
    let pingable = client.get(CHAT, "/rooms/pingable/4242").await.json();
    assert_eq!(pingable[0].as_array().map(Vec::len), Some(4));
    let mut stranger = Client::stranger(&sim);
    let none = stranger.get(CHAT, "/rooms/pingable/4242").await.json();
    assert_eq!(none, json!([]), "without cookies nobody");
    let fields = [("ids", "101,102,5"), ("roomId", "4242")];
    let users = client.post("/user/info", &fields).await.json();
    assert_eq!(users["users"].as_array().map(Vec::len), Some(2));
    assert_eq!(users["users"][0]["is_owner"], true);
    let users = client.post("/user/info", &[("ids", "101")]).await.json();
    assert_eq!(users["users"][0]["is_owner"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn what_no_server_has_is_answered_as_a_server_would_and_noted() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::logged_in(&sim, "antiphon").await;
    assert_eq!(client.get(CHAT, "/no/such/page").await.status, 404);
    assert_eq!(client.post("/no/such/call", &[]).await.status, 404);
    assert_eq!(
        client
            .get("meta.stackexchange.com", "/nothing")
            .await
            .status,
        404
    );
    let put = client
        .send(http::Method::PUT, CHAT, "/rooms/4242", "")
        .await;
    assert_eq!(put.status, 405);
    let notes = notes(&sim);
    assert_eq!(notes.len(), 4, "{notes:?}");
    assert!(notes[0].contains("/no/such/page"), "{notes:?}");
}
