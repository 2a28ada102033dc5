//! Writes: their fields and refusals (protocol §7, §10).

use std::time::Duration;

use antiphon_sim::Simulator;
use serde_json::json;
use tokio::time::advance;

use super::{Answer, Client, ROOM, notes};

async fn say(client: &mut Client, text: &str) -> Answer {
    client
        .post("/chats/4242/messages/new", &[("text", text)])
        .await
}

/// Posts a message; returns its id.
async fn said(client: &mut Client, text: &str) -> i64 {
    say(client, text).await.json()["id"]
        .as_i64()
        .expect("an id")
}

async fn edit(client: &mut Client, message: i64, text: &str) -> Answer {
    client
        .post(&format!("/messages/{message}"), &[("text", text)])
        .await
}

#[tokio::test(start_paused = true)]
async fn a_write_needs_a_session_its_key_and_a_forms_content_type() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::logged_in(&sim, "antiphon").await;
    assert!(said(&mut client, "hello").await > 0);
    client.content_type = "application/json";
    assert_eq!(say(&mut client, "a").await.status, 404);
    client.content_type = "application/x-www-form-urlencoded";
    let key = std::mem::replace(&mut client.fkey, "0".repeat(32));
    let refused = say(&mut client, "b").await;
    assert_eq!(refused.status, 404);
    assert!(refused.text.starts_with("<html>"), "a page, not JSON");
    client.fkey = key;
    said(&mut client, "c").await;
    sim.stackexchange().new_keys();
    assert_eq!(say(&mut client, "d").await.status, 404, "stale by now");
    client.enter(super::CHAT).await;
    said(&mut client, "e").await;
    assert_eq!(notes(&sim).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_line_has_500_characters_and_more_lines_have_no_such_bound() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::logged_in(&sim, "antiphon").await;
    said(&mut client, &"é".repeat(500)).await;
    assert_eq!(say(&mut client, &"é".repeat(501)).await.status, 500);
    assert_eq!(say(&mut client, " ").await.status, 500);
    said(&mut client, &("x".repeat(501) + "\n" + "y")).await;
}

#[tokio::test(start_paused = true)]
async fn the_same_text_again_within_a_minute_is_answered_without_an_id() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::logged_in(&sim, "antiphon").await;
    said(&mut client, "again").await;
    let twin = say(&mut client, "again").await.json();
    assert_eq!(twin, json!({"id": null, "time": null}));
    assert_eq!(sim.stackexchange().texts(ROOM), ["again"]);
    said(&mut client, "another").await;
    said(&mut client, "again").await;
    advance(Duration::from_secs(61)).await;
    said(&mut client, "again").await;
}

#[tokio::test(start_paused = true)]
async fn an_edit_needs_its_author_and_its_two_minutes_and_no_referer() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let mine = said(&mut client, "one").await;
    assert_eq!(edit(&mut client, mine, "two").await.json(), "ok");
    let referer = client.referer.take();
    assert_eq!(edit(&mut client, mine, "three").await.json(), "ok");
    client.referer = referer;
    let theirs = chat.say(ROOM, "teo", "not yours");
    let words = "You can only edit your own messages";
    assert_eq!(edit(&mut client, theirs, "mine").await.json(), words);
    let never = edit(&mut client, 5, "nothing").await;
    assert_eq!(never.status, 302);
    assert!(
        never
            .location
            .is_some_and(|to| to.starts_with("/error?aspxerrorpath="))
    );
    advance(Duration::from_secs(121)).await;
    let words = "It is too late to edit this message";
    assert_eq!(edit(&mut client, mine, "four").await.json(), words);
    let delete = format!("/messages/{mine}/delete");
    let words = "It is too late to delete this message";
    assert_eq!(client.post(&delete, &[]).await.json(), words);
    // Moderators are exempt.
    let mut moderator = Client::logged_in(&sim, "teo").await;
    assert_eq!(moderator.post(&delete, &[]).await.json(), "ok");
    let words = "This message has already been deleted.";
    assert_eq!(client.post(&delete, &[]).await.json(), words);
    assert_eq!(chat.texts(ROOM), ["not yours"]);
}

#[tokio::test(start_paused = true)]
async fn stars_and_pins_are_toggles_and_clearing_is_the_owners() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let theirs = chat.say(ROOM, "teo", "fine");
    let path = |verb: &str| format!("/messages/{theirs}/{verb}");
    for verb in [
        "star",
        "owner-star",
        "unstar",
        "unowner-star",
        "star",
        "star",
    ] {
        assert_eq!(client.post(&path(verb), &[]).await.json(), "ok", "{verb}");
    }
    let list = client.get(super::CHAT, "/chats/stars/4242").await;
    assert!(
        !list.text.contains("summary_"),
        "starred twice is not starred"
    );
    let mine = said(&mut client, "mine").await;
    let own = client.post(&format!("/messages/{mine}/star"), &[]).await;
    assert_ne!(own.json(), "ok");
    let mut guest = Client::logged_in(&sim, "bram").await;
    for verb in ["owner-star", "unstar", "unowner-star"] {
        assert_ne!(guest.post(&path(verb), &[]).await.json(), "ok", "{verb}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_day_has_twenty_stars() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let given = |times: usize| {
        (0..times)
            .filter(|n| chat.star(chat.say(ROOM, "teo", &format!("{n}")), "bram"))
            .count()
    };
    assert_eq!(given(25), 20);
    advance(Duration::from_secs(86_400)).await;
    assert_eq!(given(5), 5);
}

#[tokio::test(start_paused = true)]
async fn writers_are_slowed_down_the_more_they_write_and_told_for_how_long() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    chat.throttle(true);
    let mut waited = 0;
    let mut longest = 0;
    for number in 0..12 {
        loop {
            let answer = say(&mut client, &format!("{number}")).await;
            if answer.status == 200 {
                break;
            }
            assert_eq!(answer.status, 409);
            let words = answer
                .text
                .strip_prefix("You can perform this action again in ");
            let (wait, unit) = words
                .and_then(|words| words.split_once(' '))
                .expect("the words");
            let wait: u64 = wait.parse().expect("a number");
            assert_eq!(unit, if wait == 1 { "second." } else { "seconds." });
            advance(Duration::from_secs(wait)).await;
            waited += wait;
            longest = longest.max(wait);
        }
        assert!(number >= 3 || waited == 0, "the first go back to back");
    }
    assert!((5..=21).contains(&longest), "{longest} s");
    chat.throttle(false);
    said(&mut client, "free").await;
    chat.conflict(1, "\"anything else\"");
    let told = say(&mut client, "x").await;
    assert_eq!((told.status, &*told.text), (409, "\"anything else\""));
    said(&mut client, "x").await;
}

#[tokio::test(start_paused = true)]
async fn a_room_that_takes_nothing_says_why_and_marks_it_for_users() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let mut refused = async |room: i64| {
        let path = format!("/chats/{room}/messages/new");
        let answer = client.post(&path, &[("text", "hello")]).await;
        assert_eq!(answer.status, 404);
        answer
    };
    chat.freeze(17, true);
    assert!(refused(17).await.text.contains("frozen"));
    chat.freeze(17, false);
    chat.time_out(17, Duration::from_secs(58));
    let told = refused(17).await;
    assert!(told.text.contains("in timeout") && told.chat.as_deref() == Some("error"));
    chat.private(5151, true);
    assert!(
        refused(5151)
            .await
            .text
            .contains("you do not have permission")
    );
    let unknown = refused(99_999).await;
    assert!(unknown.text.starts_with("<html>") && unknown.chat.is_none());
}

#[tokio::test(start_paused = true)]
async fn owners_move_messages_and_others_are_refused_what_owners_may() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut owner = Client::logged_in(&sim, "antiphon").await;
    let mut guest = Client::logged_in(&sim, "bram").await;
    let list = [chat.say(ROOM, "teo", "one"), chat.say(ROOM, "teo", "two")];
    let ids = format!("{},{},5", list[0], list[1]);
    let fields = [("ids", &*ids), ("to", "17")];
    let path = "/admin/movePosts/4242";
    let moved = guest.post(path, &fields).await.json();
    assert!(moved.is_string(), "{moved}");
    assert_eq!(
        owner.post(path, &fields).await.json(),
        2,
        "the third is none"
    );
    assert_eq!(chat.texts(17).len(), 3, "with the notice");
    let kick = [("userID", "103")];
    let words = guest.post("/rooms/kickmute/4242", &kick).await.json();
    assert!(
        !words["message"]
            .as_str()
            .expect("words")
            .contains("has been kicked")
    );
    let words = owner.post("/rooms/kickmute/4242", &kick).await.json();
    assert!(
        words["message"]
            .as_str()
            .expect("words")
            .contains("has been kicked")
    );
    let level = [("aclUserId", "103"), ("userAccess", "read-write")];
    assert_eq!(
        owner.post("/rooms/setuseraccess/4242", &level).await.text,
        ""
    );
    assert_ne!(
        guest.post("/rooms/setuseraccess/4242", &level).await.text,
        ""
    );
}
