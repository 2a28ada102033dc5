//! Each quirk of the protocol page (§9) shows when it is switched on, and only then.

use antiphon_sim::{Quirk, Simulator, queup::Room};
use serde_json::{Value, json};

use crate::client::Client;

/// A room with a song, a queue and some talk, seen with a quirk.
async fn with(quirk: Quirk) -> (Simulator, Room, Client) {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    room.queue("mira", "One - First");
    room.queue("teo", "Two - Second");
    sim.queup().quirk_for("antiphon", quirk, true);
    let client = Client::joined(&sim, "antiphon", &room).await;
    (sim, room, client)
}

async fn get(client: &mut Client, room: &Room, path: &str) -> Value {
    client
        .get(&format!("/room/{}/{path}", room.id()))
        .await
        .data()
}

#[test]
fn every_quirk_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<String> = Quirk::ALL
        .iter()
        .map(|quirk| serde_json::to_string(quirk).expect("a name"))
        .collect();
    assert_eq!(names.len(), Quirk::ALL.len());
}

#[tokio::test(start_paused = true)]
async fn without_quirks_everything_has_what_clients_in_use_need() {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    room.queue("mira", "One - First");
    room.queue("teo", "Two - Second");
    room.say("bram", "hello");
    let update = client.event("room_playlist-update").await;
    for time in [&update["song"]["created"], &update["song"]["played"]] {
        assert!(time.is_i64());
    }
    let said = client.event("chat-message").await;
    assert!(said["time"].is_i64() && said["user"]["created"].is_i64());
    assert_eq!(said["queue_object"]["roomid"], room.id());
    for item in get(&mut client, &room, "playlist/details")
        .await
        .as_array()
        .expect("a list")
    {
        assert!(item["played"].is_i64() && item["_user"]["_id"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn quirk_1_inner_data_is_not_json() {
    let (_sim, room, mut client) = with(Quirk::DataNotJson).await;
    room.say("mira", "hello");
    let data = client.event("chat-message").await;
    assert!(
        data.as_str().is_some_and(|text| text.contains("no JSON")),
        "{data}"
    );
}

#[tokio::test(start_paused = true)]
async fn quirk_4_the_active_song_is_not_found_or_not_there() {
    let (sim, room, mut client) = with(Quirk::ActiveNotFound).await;
    client
        .get(&format!("/room/{}/playlist/active", room.id()))
        .await
        .error(404);
    sim.queup()
        .quirk_for("antiphon", Quirk::ActiveNotFound, false);
    sim.queup().quirk(Quirk::ActiveWithoutSong, true);
    assert!(
        get(&mut client, &room, "playlist/active")
            .await
            .get("song")
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn quirk_5_role_ids_have_four_shapes() {
    let (_sim, room, mut client) = with(Quirk::RoleShapes).await;
    let members = get(&mut client, &room, "users").await;
    let shapes: std::collections::BTreeSet<&str> = members
        .as_array()
        .expect("a list")
        .iter()
        .map(|member| match member.get("roleid") {
            None => "absent",
            Some(Value::String(_)) => "text",
            Some(Value::Object(_)) => "object",
            Some(_) => "number",
        })
        .collect();
    assert_eq!(shapes.len(), 4, "{shapes:?}");
}

#[tokio::test(start_paused = true)]
async fn quirk_6_references_have_four_shapes() {
    let (_sim, room, mut client) = with(Quirk::ReferenceShapes).await;
    let members = get(&mut client, &room, "users").await;
    let shapes: std::collections::BTreeSet<&str> = members
        .as_array()
        .expect("a list")
        .iter()
        .map(|member| match member.get("_user") {
            None => "absent",
            Some(Value::Null) => "null",
            Some(Value::String(_)) => "text",
            Some(_) => "object",
        })
        .collect();
    assert_eq!(shapes.len(), 4, "{shapes:?}");
}

#[tokio::test(start_paused = true)]
async fn quirk_7_played_is_absent_or_null() {
    let (sim, room, mut client) = with(Quirk::PlayedAbsent).await;
    assert!(
        get(&mut client, &room, "playlist").await[0]
            .get("played")
            .is_none()
    );
    sim.queup()
        .quirk_for("antiphon", Quirk::PlayedAbsent, false);
    sim.queup().quirk(Quirk::PlayedNull, true);
    room.skip("mira");
    assert_eq!(
        client.event("room_playlist-update").await["song"]["played"],
        Value::Null
    );
    assert_eq!(
        get(&mut client, &room, "playlist/history").await[0]["played"],
        Value::Null
    );
}

#[tokio::test(start_paused = true)]
async fn quirk_9_song_information_is_null() {
    let (_sim, room, mut client) = with(Quirk::SongInfoNull).await;
    room.skip("mira");
    assert_eq!(
        client.event("room_playlist-update").await["songInfo"],
        Value::Null
    );
    assert_eq!(
        get(&mut client, &room, "playlist/active").await["songInfo"],
        Value::Null
    );
}

#[tokio::test(start_paused = true)]
async fn quirk_10_the_same_song_is_announced_twice() {
    let (sim, room, mut client) = with(Quirk::SongUpdateTwice).await;
    let _other = Client::joined(&sim, "sexton", &room).await;
    room.skip("mira");
    let first = client.event("room_playlist-update").await;
    assert_eq!(client.event("room_playlist-update").await, first);
    let updates = || {
        let due = |user| sim.ledger().due_to(&sim.queup().user(user));
        ["antiphon", "sexton"].map(|user| due(user)["queup.room_playlist-update"])
    };
    assert_eq!(updates(), [2, 1], "for one account alone");
    sim.queup().quirk(Quirk::SongUpdateTwice, true);
    room.queue("mira", "Three - Third");
    assert_eq!(updates(), [4, 3], "for everyone");
}

#[tokio::test(start_paused = true)]
async fn quirk_13_a_skip_names_nobody() {
    let (_sim, room, mut client) = with(Quirk::SkipWithoutName).await;
    room.skip("mira");
    assert_eq!(
        client.event("chat-skip").await,
        json!({"type": "chat-skip"})
    );
}

#[tokio::test(start_paused = true)]
async fn quirk_14_entities_are_spelt_otherwise() {
    let (_sim, room, mut client) = with(Quirk::OtherEntities).await;
    room.say("mira", "it's \"that\"");
    assert_eq!(
        client.event("chat-message").await["message"],
        "it&apos;s &quot;that&quot;"
    );
}

#[tokio::test(start_paused = true)]
async fn quirk_20_the_queue_has_holes() {
    let (_sim, room, mut client) = with(Quirk::QueueNulls).await;
    let details = get(&mut client, &room, "playlist/details").await;
    assert_eq!((&details[0], &details[2]), (&Value::Null, &Value::Null));
    assert_eq!(details[1]["_user"]["username"], "teo");
}

#[tokio::test(start_paused = true)]
async fn quirk_21_the_connection_id_has_another_name_and_presence_no_action() {
    let (sim, room, mut client) = with(Quirk::SocketId).await;
    assert_eq!(client.connection, sim.queup().links().list()[0].connection);
    room.presence("mira", 0);
    let presence = client.message(14).await;
    assert!(presence["presence"].get("connectionId").is_none());
    assert!(presence["presence"]["socketId"].is_string());
    sim.queup().quirk(Quirk::PresenceWithoutAction, true);
    room.presence("mira", 1);
    assert!(client.message(14).await["presence"].get("action").is_none());
}

#[tokio::test(start_paused = true)]
async fn quirk_24_conversations_have_bare_ids_and_counts_are_texts() {
    let (sim, _, mut client) = with(Quirk::ConversationIds).await;
    sim.queup().quirk(Quirk::CountAsText, true);
    sim.queup().whisper("mira", "antiphon", "psst");
    assert_eq!(
        client.get("/message").await.data()[0]["usersid"][0],
        sim.queup().user("mira")
    );
    assert_eq!(client.get("/message/new").await.data(), "1");
}

#[tokio::test(start_paused = true)]
async fn quirk_29_times_are_texts_or_fractions() {
    let (sim, room, mut client) = with(Quirk::TimesAsText).await;
    room.say("mira", "when?");
    assert!(client.event("chat-message").await["time"].is_string());
    sim.queup().quirk_for("antiphon", Quirk::TimesAsText, false);
    sim.queup().quirk(Quirk::TimesAsFractions, true);
    room.say("mira", "when?");
    assert!(client.event("chat-message").await["time"].is_f64());
    let history = client.get(&format!("/chat/{}", room.id())).await.data();
    assert!(history[0]["time"].is_f64());
}

#[tokio::test(start_paused = true)]
async fn quirk_30_joining_again_is_announced_again() {
    let (sim, room, mut client) = with(Quirk::JoinAnnouncedAgain).await;
    client
        .post(&format!("/room/{}/users", room.id()), "")
        .await
        .data();
    assert_eq!(
        client.event("user-join").await["user"]["_id"],
        sim.queup().account().id
    );
}

#[tokio::test(start_paused = true)]
async fn quirk_31_roles_that_nobody_knows() {
    let (_sim, room, mut client) = with(Quirk::UnknownRoles).await;
    let members = get(&mut client, &room, "users").await;
    assert_eq!(members[0]["roleid"], "5615fe1ee596154fc2999999");
}

#[tokio::test(start_paused = true)]
async fn users_come_bare_and_answers_empty() {
    let (sim, room, mut client) = with(Quirk::BareUsers).await;
    sim.queup().quirk(Quirk::ChatAnswerEmpty, true);
    sim.queup().quirk(Quirk::ChatWithoutMember, true);
    let answer = client
        .post(&format!("/chat/{}", room.id()), "message=hello")
        .await
        .data();
    assert_eq!(answer, json!({}));
    let said = client.event("chat-message").await;
    assert!(said.get("queue_object").is_none() && said["user"].get("created").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_quirk_of_one_account_is_nobody_elses() {
    let (sim, room, mut client) = with(Quirk::ChatWithoutMember).await;
    let mut other = Client::joined(&sim, "sexton", &room).await;
    room.say("mira", "hello");
    assert!(
        client
            .event("chat-message")
            .await
            .get("queue_object")
            .is_none()
    );
    assert!(
        other
            .event("chat-message")
            .await
            .get("queue_object")
            .is_some()
    );
}
