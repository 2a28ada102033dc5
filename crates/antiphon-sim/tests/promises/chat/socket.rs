//! The events socket (protocol §5).

use antiphon_sim::Simulator;
use serde_json::json;

use super::{Client, ROOM, TEA, ids, notes, numbers};

#[tokio::test(start_paused = true)]
async fn an_address_is_good_once_and_only_with_an_origin() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let address = client.address(ROOM).await;
    assert!(address.starts_with("wss://chat.sockets.stackexchange.com/events/4242/"));
    assert_eq!(address.rsplit('/').next().map(str::len), Some(32));
    assert!(client.open(&address, None).await.is_err());
    assert!(notes(&sim)[0].contains("Origin"));
    let address = client.address(ROOM).await;
    client
        .open(&address, Some("http://chat.stackexchange.com"))
        .await
        .expect("any Origin will do");
    let again = client.open(&address, Some("https://x.example")).await;
    assert_eq!(again.expect_err("used").status(), Some(403));
    let path = address.rsplit_once('/').expect("a path").0;
    let invented = format!("{path}/{}", "0".repeat(32));
    let invented = client.open(&invented, Some("https://x.example")).await;
    assert_eq!(invented.expect_err("invented").status(), Some(403));
    assert_eq!(notes(&sim).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_socket_begins_after_the_count_it_names() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let before = chat.counter();
    for number in 0..5 {
        chat.say(ROOM, "teo", &format!("{number}"));
    }
    client.listen(&[ROOM], before + 2).await;
    let part = client.part(ROOM).await;
    let events = part["e"].as_array().expect("events");
    assert_eq!(ids(events), [before + 3, before + 4, before + 5]);
    assert_eq!((&part["t"], &part["d"]), (&json!(before + 5), &json!(3)));

    // The time of day is beyond any count: live only.
    client.listen(&[ROOM], 99_999_999_999_999).await;
    chat.say(ROOM, "teo", "now");
    let part = client.part(ROOM).await;
    assert_eq!(ids(part["e"].as_array().expect("events")), [before + 6]);
    assert_eq!(part["d"], 1);

    client.listen(&[ROOM], 0).await;
    let backlog = client.part(ROOM).await;
    assert!(
        ids(backlog["e"].as_array().expect("events")).len() >= 6,
        "a flood"
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_replayed_shows_in_the_counters() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let before = chat.counter();
    for number in 0..5 {
        chat.say(ROOM, "teo", &format!("{number}"));
    }
    chat.replay(2);
    client.listen(&[ROOM], before).await;
    let part = client.part(ROOM).await;
    assert_eq!(
        ids(part["e"].as_array().expect("events")),
        [before + 4, before + 5]
    );
    let begins_after = part["t"].as_i64().expect("t") - part["d"].as_i64().expect("d");
    assert_eq!(begins_after, before + 3, "there is a hole");
}

#[tokio::test(start_paused = true)]
async fn every_frame_follows_from_the_one_before_by_its_counters() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let mut known = chat.counter();
    client.listen(&[ROOM], known).await;
    for number in 0..30 {
        chat.say(if number % 3 == 0 { ROOM } else { 5151 }, "teo", "x");
        if number % 7 == 0 {
            chat.beat();
        }
    }
    chat.beat();
    while known < chat.counter() {
        let part = client.part(ROOM).await;
        let (t, d) = (
            part["t"].as_i64().expect("t"),
            part["d"].as_i64().expect("d"),
        );
        assert_eq!(t - d, known);
        known = t;
    }
}

#[tokio::test(start_paused = true)]
async fn heartbeats_come_by_themselves_and_stop_when_told_to() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::hearing(&sim, "antiphon", &[ROOM]).await;
    for _ in 0..3 {
        assert_eq!(client.frame().await.as_deref(), Some("{\"r4242\":{}}"));
    }
    sim.stackexchange().fall_silent(true);
    let quiet = std::time::Duration::from_secs(600);
    assert!(tokio::time::timeout(quiet, client.frame()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn one_socket_tells_every_room_of_the_account_and_two_tell_all_twice() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::hearing(&sim, "antiphon", &[ROOM, TEA]).await;
    chat.say(ROOM, "teo", "here");
    chat.say(TEA, "teo", "there");
    chat.say(5151, "teo", "not ours");
    let here = client.events(ROOM).await;
    let there = client.events(TEA).await;
    assert_eq!((here.len(), there.len()), (1, 1));
    let mut second = Client::logged_in(&sim, "antiphon").await;
    second.listen(&[ROOM], 99_999_999_999_999).await;
    chat.say(TEA, "teo", "twice");
    assert_eq!(
        ids(&client.events(TEA).await),
        ids(&second.events(TEA).await)
    );
    let mut other = Client::hearing(&sim, "bram", &[ROOM]).await;
    chat.say(ROOM, "teo", "for all");
    assert_eq!(other.events(ROOM).await[0]["content"], "for all");
}

#[tokio::test(start_paused = true)]
async fn a_mention_comes_twice_in_one_frame_and_only_for_whom_it_is_meant() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::hearing(&sim, "antiphon", &[ROOM]).await;
    let mut other = Client::hearing(&sim, "bram", &[ROOM]).await;
    let first = chat.say(ROOM, "antiphon", "anybody?");
    client.events(ROOM).await;
    other.events(ROOM).await;
    chat.say(ROOM, "teo", "@antiphon yes");
    let heard = client.events(ROOM).await;
    assert_eq!(numbers(&heard), [1, 8]);
    assert_eq!(heard[0]["message_id"], heard[1]["message_id"]);
    assert_eq!(heard[1]["target_user_id"], 99);
    assert!(heard[1].get("show_parent").is_none());
    assert_eq!(numbers(&other.events(ROOM).await), [1]);
    chat.say(ROOM, "teo", &format!(":{first} I am"));
    let heard = client.events(ROOM).await;
    assert_eq!(numbers(&heard), [1, 18]);
    assert_eq!(heard[1]["show_parent"], true);
    assert_eq!(heard[1]["parent_id"], first);
    assert_eq!(heard[1]["content"], "@antiphon I am");
}

#[tokio::test(start_paused = true)]
async fn what_comes_from_elsewhere_keeps_its_room_under_another_key() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::hearing(&sim, "antiphon", &[ROOM]).await;
    chat.invite(TEA, "teo", "antiphon");
    let heard = client.events(ROOM).await;
    assert_eq!(numbers(&heard), [17]);
    assert_eq!(heard[0]["room_id"], TEA);
    chat.say(TEA, "teo", "@antiphon come over");
    let heard = client.events(ROOM).await;
    assert_eq!(
        (numbers(&heard), &heard[0]["room_id"]),
        (vec![8], &json!(TEA))
    );
}

#[tokio::test(start_paused = true)]
async fn a_kick_is_4_and_15_in_one_frame_and_an_exit_for_the_victim() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::hearing(&sim, "antiphon", &[TEA]).await;
    chat.kick(TEA, "mira", "antiphon");
    let heard = client.events(TEA).await;
    assert_eq!(numbers(&heard), [4, 15]);
    assert_eq!(client.part(TEA).await["exit"], true);
    chat.say(TEA, "teo", "gone");
    assert!(client.hears_no_event(TEA).await);
    let room = TEA.to_string();
    let refused = client.post("/ws-auth", &[("roomid", &room)]).await;
    assert_eq!(
        (refused.status, refused.chat.as_deref()),
        (404, Some("error"))
    );
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    client.address(TEA).await;
}

#[tokio::test(start_paused = true)]
async fn who_left_hears_nothing_more_of_the_room() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::hearing(&sim, "antiphon", &[ROOM, TEA]).await;
    let loud = client.post("/chats/leave/17", &[("quiet", "false")]).await;
    assert_eq!((loud.status, notes(&sim).len()), (500, 1));
    client.post("/chats/leave/17", &[("quiet", "true")]).await;
    chat.say(TEA, "teo", "unheard");
    chat.say(ROOM, "teo", "heard");
    assert_eq!(client.events(ROOM).await[0]["content"], "heard");
    client.post("/chats/leave/all", &[("quiet", "true")]).await;
    chat.say(ROOM, "teo", "unheard");
    assert!(client.hears_no_event(ROOM).await);
}

#[tokio::test(start_paused = true)]
async fn a_star_tells_no_user_and_the_time_of_its_message() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::hearing(&sim, "antiphon", &[ROOM]).await;
    let message = chat.say(ROOM, "teo", "fine");
    let posted = client.events(ROOM).await;
    tokio::time::advance(std::time::Duration::from_secs(3600)).await;
    chat.star(message, "mira");
    let star = client.events(ROOM).await;
    assert_eq!(numbers(&star), [6]);
    assert_eq!(star[0]["time_stamp"], posted[0]["time_stamp"]);
    assert!(star[0].get("user_id").is_none());
    assert_eq!(star[0]["message_stars"], 1);
    chat.star(message, "mira");
    let gone = client.events(ROOM).await;
    assert!(gone[0].get("message_stars").is_none(), "0 is left out");
}

#[tokio::test(start_paused = true)]
async fn the_ledger_has_what_is_due_from_joining_to_leaving_connected_or_not() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut client = Client::hearing(&sim, "antiphon", &[TEA]).await;
    chat.say(TEA, "teo", "one");
    client.events(TEA).await;
    chat.cut();
    client.ended().await;
    chat.say(TEA, "teo", "two");
    client.post("/chats/leave/17", &[]).await;
    chat.say(TEA, "teo", "three");
    assert_eq!(sim.ledger().due_to("99")["stackexchange.MessagePosted"], 2);
}
