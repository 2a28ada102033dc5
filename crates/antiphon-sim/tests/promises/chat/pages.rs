//! Pages, as the parsers of other clients select in them (protocol §4.1).

use antiphon_sim::Simulator;
use serde_json::{Value, json};

use super::{CHAT, Client, ROOM};

/// What stands between two texts, the first time that they stand so.
#[track_caller]
fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = page.split_once(before).expect(before);
    rest.split_once(after).expect(after).0
}

/// Events of the room since a count, as the client gets them.
async fn poll(client: &mut Client, since: i64) -> Vec<Value> {
    let since = since.to_string();
    let answer = client.post("/events", &[("r4242", &*since)]).await.json();
    answer["r4242"]["e"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_page_has_one_key_and_a_topbar_as_the_real_ones_have() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::logged_in(&sim, "antiphon").await;
    for path in ["/", "/chats/join/favorite", "/rooms/4242"] {
        let page = client.get(CHAT, path).await.text;
        assert_eq!(page.matches("name=\"fkey\"").count(), 1, "{path}");
        assert!(page.contains("<input id=\"fkey\" name=\"fkey\""), "{path}");
        let links = between(&page, "class=\"topbar-links\"", "</div>");
        let links = between(links, "<span class=\"topbar-menu-links\">", "</span>");
        assert!(links.contains("href=\"/users/99/antiphon\""), "{links}");
    }
    let favorite = client.get(CHAT, "/chats/join/favorite").await.text;
    let form = between(&favorite, "<form method=\"post\"", "</form>");
    assert!(form.contains("name=\"fkey\""), "{favorite}");
    let room = client.get(CHAT, "/rooms/4242/sandbox").await.text;
    let present = between(&room, "initPresent([", "])");
    assert!(present.contains("{id: 101, name: (\""), "{present}");
}

#[tokio::test(start_paused = true)]
async fn a_transcript_has_the_room_in_its_info_and_the_message_that_is_asked_for() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let first = chat.say(ROOM, "teo", "one");
    chat.say(ROOM, "teo", "two");
    let reply = chat.say(ROOM, "mira", &format!(":{first} three"));
    chat.edit(reply, "three, better");
    chat.star(reply, "teo");
    chat.star(reply, "antiphon");
    let path = format!("/transcript/message/{reply}");
    let page = client.get(CHAT, &path).await.text;
    let info = between(&page, "<div id=\"info\">", "</body>");
    let name = between(info, "<span class=\"room-name\">", "</span>");
    assert_eq!(name, "<a href=\"/rooms/4242/sandbox\">Sandbox</a>");
    let transcript = between(&page, "<div id=\"transcript\">", "<div id=\"sidebar\">");
    assert_eq!(
        transcript.matches("<div class=\"monologue user-").count(),
        2
    );
    let asked = format!("<div class=\"message highlight\" id=\"message-{reply}\">");
    let asked = between(transcript, &asked, "</div></div>");
    assert!(asked.contains(&format!(
        "<a name=\"{reply}\" href=\"/transcript/4242?m={reply}#{reply}\">"
    )));
    assert!(asked.contains(&format!(
        "class=\"reply-info\" href=\"/transcript/4242?m={first}#{first}\""
    )));
    assert!(asked.contains("class=\"edits\""), "{asked}");
    assert!(asked.contains("class=\"stars user-star\""), "{asked}");
    assert_eq!(between(asked, "<span class=\"times\">", "</span>"), "2");
    assert_eq!(client.get(CHAT, "/transcript/message/1").await.status, 404);
    assert_eq!(client.get(CHAT, "/transcript/987654").await.status, 404);
    // One message of many: it is on its page however old it is.
    for number in 0..300 {
        chat.say(ROOM, "mira", &format!("line {number}"));
    }
    let page = client
        .get(CHAT, &format!("/transcript/message/{first}"))
        .await
        .text;
    assert!(page.contains(&format!("message highlight\" id=\"message-{first}\"")));
    assert!(page.matches("class=\"content\"").count() <= 100);
}

#[tokio::test(start_paused = true)]
async fn a_user_a_room_and_its_access_are_shown_on_cards() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    chat.say(ROOM, "user90000017", "one");
    let id = chat.account_named("user90000017").id;
    let user = client.get(CHAT, &format!("/users/{id}")).await.text;
    assert_eq!(user.matches("<h1>").count(), 1);
    assert_eq!(
        between(&user, "<div class=\"user-status\">", "</div>"),
        "user90000017"
    );
    assert!(
        user.contains("title=\"1 all time messages (by user90000017)\""),
        "{user}"
    );
    assert!(user.contains("<td class=\"user-keycell\">last seen</td>"));
    let moderator = client.get(CHAT, "/users/102").await.text;
    assert!(between(&moderator, "<div class=\"user-status\">", "</div>").ends_with("&#9830;"));
    let owner = client.get(CHAT, "/users/101").await.text;
    assert!(between(&owner, "id=\"user-owningcards\"", "</body>").contains("id=\"room-4242\""));
    assert_eq!(client.get(CHAT, "/users/987654").await.status, 404);
    let info = client.get(CHAT, "/rooms/info/4242").await.text;
    let card = between(
        &info,
        "<div class=\"roomcard-xxl\" id=\"room-4242\">",
        "</table>",
    );
    assert!(card.contains("<h1>Sandbox</h1><p>"), "{card}");
    let owners = between(
        &info,
        "<div id=\"room-ownercards\">",
        "<div id=\"room-usercards\">",
    );
    assert!(owners.contains("<div id=\"owner-user-99\" class=\"usercard\"><div class=\"user-header\" title=\"antiphon\">"));
    let access = client.get(CHAT, "/rooms/info/4242?tab=access").await.text;
    let owners = between(
        &access,
        "<div id=\"access-section-owner\"",
        "<div id=\"access-section-read-write\"",
    );
    assert!(owners.contains("href=\"/users/99/antiphon\""), "{owners}");
}

#[tokio::test(start_paused = true)]
async fn a_search_finds_messages_of_a_room_or_a_user() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let tea = chat.say(ROOM, "teo", "Green tea & sugar");
    chat.say(17, "teo", "tea elsewhere");
    let page = client.get(CHAT, "/search?q=tea+green&room=4242").await.text;
    assert!(page.contains(&format!("id=\"message-{tea}\"")), "{page}");
    assert_eq!(page.matches("class=\"content\"").count(), 1);
    let all = client.get(CHAT, "/search?q=tea").await.text;
    assert_eq!(all.matches("class=\"content\"").count(), 2);
    let none = client.get(CHAT, "/search?q=").await.text;
    assert_eq!(none.matches("class=\"content\"").count(), 0);
}

// Recorded by TimCastelijns/ChatExchange, `EventParserTest.kt`.
#[tokio::test(start_paused = true)]
async fn moved_messages_name_who_moved_them_and_the_notice_has_whole_addresses() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let one = chat.say(ROOM, "teo", "sugar?");
    let two = chat.say(ROOM, "mira", &format!(":{one} two"));
    let since = chat.counter();
    tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    let path = format!("/admin/movePosts/{ROOM}");
    let ids = format!("{one},{two}");
    let moved = client.post(&path, &[("ids", &*ids), ("to", "17")]).await;
    assert_eq!(moved.json(), json!(2));
    let events = poll(&mut client, since).await;
    let kinds: Vec<i64> = events
        .iter()
        .filter_map(|event| event["event_type"].as_i64())
        .collect();
    assert_eq!(kinds, [19, 19, 1]);
    for event in &events[..2] {
        assert_eq!(
            (&event["user_id"], &event["user_name"]),
            (&json!(99), &json!("antiphon"))
        );
        assert_eq!(event["moved"], true);
        assert_eq!(
            event["time_stamp"].as_i64().map(|at| at + 30),
            events[2]["time_stamp"].as_i64()
        );
        assert_eq!(event.get("show_parent"), None);
    }
    let notice = format!(
        "&rarr; <i><a href=\"https://{CHAT}/transcript/message/{one}#{one}\">2 messages</a> moved to <a href=\"https://{CHAT}/rooms/17/tea\">Tea</a></i>"
    );
    assert_eq!(events[2]["content"], notice);
}

// Recorded by TimCastelijns/ChatExchange, `EventParserTest.kt`.
#[tokio::test(start_paused = true)]
async fn only_who_stars_or_pins_is_told_who_it_was() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let message = chat.say(ROOM, "teo", "hello");
    let since = chat.counter();
    for act in ["star", "owner-star"] {
        client
            .post(&format!("/messages/{message}/{act}"), &[])
            .await;
    }
    chat.star(message, "mira");
    let events = poll(&mut client, since).await;
    let own = [
        "user_id",
        "user_name",
        "message_starred",
        "message_owner_starred",
    ];
    let told = |index: usize| own.map(|name| events[index].get(name).cloned());
    let name = Some(json!("antiphon"));
    assert_eq!(
        told(0),
        [Some(json!(99)), name.clone(), Some(json!(true)), None]
    );
    assert_eq!(
        told(1),
        [Some(json!(99)), name, Some(json!(true)), Some(json!(true))]
    );
    assert_eq!(told(2), [None, None, None, None]);
    // A notification names no room.
    chat.event(
        ROOM,
        16,
        101,
        &json!({"content": "you are wanted"}),
        Some(99),
    );
    let events = poll(&mut client, since).await;
    let last = events.last().expect("an event");
    assert_eq!(
        (&last["event_type"], last.get("room_id")),
        (&json!(16), None)
    );
}
