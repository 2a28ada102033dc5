//! The REST side: login, rooms, rights, chat, queue, private messages.

use std::time::Duration;

use antiphon_sim::{Options, Simulator, queup::Room};
use http::Method;
use serde_json::{Value, json};

use crate::client::Client;

fn world() -> (Simulator, Room) {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    (sim, room)
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_refused_in_the_words_of_the_server() {
    let (sim, _) = world();
    let mut client = Client::stranger(&sim);
    let answer = client.login(&sim.queup().account(), "wrong").await;
    assert_eq!(answer.details(400), "Incorrect username or password");
}

#[tokio::test(start_paused = true)]
async fn login_takes_the_username_as_well_and_json() {
    let (sim, _) = world();
    let account = sim.queup().account();
    let mut client = Client::stranger(&sim);
    let login = json!({"username": account.username, "password": account.password.expose()});
    client
        .json(Method::POST, "/auth/login", &login)
        .await
        .data();
    assert_eq!(client.get("/auth/session").await.data()["_id"], account.id);
}

#[tokio::test(start_paused = true)]
async fn who_is_not_logged_in_is_sent_to_the_login_page() {
    let (sim, room) = world();
    let mut stranger = Client::stranger(&sim);
    let writing = format!("/chat/{}", room.id());
    for (method, path) in [
        (Method::GET, "/auth/session"),
        (Method::POST, writing.as_str()),
        (Method::GET, "/message"),
        (Method::GET, "/playlist"),
    ] {
        let answer = stranger.form(method, path, "message=hello").await;
        assert_eq!(
            (answer.status, answer.location.as_deref()),
            (302, Some("/auth/login")),
            "{path}"
        );
    }
    let page = stranger.get("/auth/login").await;
    assert_eq!(
        (page.status, &page.json()["data"]["message"]),
        (401, &json!("dologin"))
    );
}

#[tokio::test(start_paused = true)]
async fn anyone_may_read_what_is_public() {
    let (sim, room) = world();
    room.queue("mira", "Low Orbit - Perigee");
    let mut stranger = Client::stranger(&sim);
    let id = room.id();
    for path in [
        "/room".to_owned(),
        "/room/choir-loft".to_owned(),
        format!("/room/{id}"),
        format!("/room/{id}/users"),
        format!("/room/{id}/users/staff"),
        format!("/room/{id}/users/ban"),
        format!("/room/{id}/users/mute"),
        format!("/room/{id}/audit"),
        format!("/room/{id}/playlist/active"),
        format!("/room/{id}/playlist/history"),
        format!("/chat/{id}"),
    ] {
        stranger.get(&path).await.data();
    }
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn an_expired_session_is_sent_to_the_login_page_and_a_new_login_helps() {
    let (sim, _) = world();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    sim.queup().expire_sessions();
    assert_eq!(client.get("/auth/session").await.status, 302);
    let account = sim.queup().account();
    client.login(&account, account.password.expose()).await;
    client.get("/auth/session").await.data();
    client.get("/auth/logout").await.data();
    assert_eq!(client.get("/auth/session").await.status, 302);
}

#[tokio::test(start_paused = true)]
async fn a_token_names_the_user_or_a_guest() {
    let (sim, _) = world();
    let token = Client::stranger(&sim).get("/auth/token").await.data();
    assert_eq!(token["clientId"].as_str().map(str::len), Some(32));
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let token = client.get("/auth/token").await.data();
    assert_eq!(token["clientId"], sim.queup().account().id);
    assert_eq!(token["action"], 17);
}

#[tokio::test(start_paused = true)]
async fn a_room_is_found_by_slug_and_by_id_and_an_unknown_one_is_not() {
    let (sim, room) = world();
    let mut client = Client::stranger(&sim);
    let by_slug = client.get("/room/choir-loft").await.data();
    let by_id = client.get(&format!("/room/{}", room.id())).await.data();
    assert_eq!(by_slug, by_id);
    assert_eq!(by_slug["realTimeChannel"], "dubtrackfm-choir-loft");
    assert_eq!(by_slug["_user"]["username"], "mira");
    assert!(by_slug["created"].is_i64());
    assert_eq!(
        client.get("/room/nowhere").await.error(404),
        "Room not found"
    );
}

#[tokio::test(start_paused = true)]
async fn joining_gives_room_and_member_and_announces_it_once() {
    let (sim, room) = world();
    let mut witness = Client::joined(&sim, "sexton", &room).await;
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let path = format!("/room/{}/users", room.id());
    let joined = client.post(&path, "").await.data();
    client.post(&path, "").await.data();
    let me = sim.queup().account().id;
    assert_eq!(joined["room"]["_id"], room.id());
    assert_eq!(
        (&joined["user"]["_user"], &joined["user"]["userid"]),
        (&json!(me), &json!(me))
    );
    assert_eq!(joined["user"]["roleid"]["type"], "co-owner");

    let seen = witness.event("user-join").await;
    assert_eq!(seen["roomUser"]["_user"], me);
    assert_eq!(seen["roomUser"]["roleid"], joined["user"]["roleid"]["_id"]);
    assert!(witness.hears_nothing().await);

    let members = client.get(&path).await.data();
    let members = members.as_array().expect("a list");
    let mine = members
        .iter()
        .find(|member| member["userid"] == me)
        .expect("me");
    assert_eq!(mine["_user"]["username"], "antiphon");
    assert!(mine["_user"]["created"].is_i64());
    client.form(Method::DELETE, &path, "").await.data();
    assert_eq!(witness.event("user-leave").await["user"]["_id"], me);
    assert_eq!(
        client.get(&format!("{path}/{me}")).await.data()["userid"],
        me
    );
    client.get(&format!("{path}/nobody")).await.error(404);
}

#[tokio::test(start_paused = true)]
async fn a_private_room_wants_its_password_and_loses_patience() {
    let (sim, _) = world();
    let vault = sim.queup().room("vault");
    let path = format!("/room/{}/users", vault.id());
    let mut client = Client::logged_in(&sim, "sexton").await;
    for _ in 0..5 {
        let answer = client.post(&path, "password-room=please").await;
        assert_eq!(answer.details(400)["err"], "invalidPassword");
    }
    let right = "password-room=open%20sesame";
    let answer = client.post(&path, right).await;
    assert_eq!(answer.details(400)["err"], "tooManyInvalidPassword");
    tokio::time::advance(Duration::from_secs(2 * 60 * 60 + 1)).await;
    client.post(&path, right).await.data();
}

#[tokio::test(start_paused = true)]
async fn a_ban_keeps_out_until_it_ends() {
    let (sim, room) = world();
    let path = format!("/room/{}/users", room.id());
    let mut client = Client::joined(&sim, "sexton", &room).await;
    room.ban("mira", "sexton", 5);
    assert_eq!(client.event("user-ban").await["time"], 5);
    assert!(!client.post(&path, "").await.error(401).is_empty());
    let banned = client.get(&format!("{path}/ban")).await.data();
    assert_eq!(banned[0]["banned"], true);
    tokio::time::advance(Duration::from_secs(301)).await;
    client.post(&path, "").await.data();
}

/// Every call that needs a right, with the right.
fn guarded(room: &str, user: &str) -> Vec<(Method, String, &'static str, &'static str)> {
    let vip = "5615fe1ee596154fc2000001";
    let manager = "5615fd84e596150061000003";
    vec![
        (
            Method::PUT,
            format!("/room/{room}"),
            "welcomeMessage=hi",
            "update-room",
        ),
        (
            Method::POST,
            format!("/room/{room}/modsettings"),
            "action=slowMode&value=false",
            "mod-settings",
        ),
        (
            Method::PUT,
            format!("/room/{room}/lockQueue"),
            "lockQueue=0",
            "lock-queue",
        ),
        (
            Method::POST,
            format!("/room/{room}/queue/order"),
            "order[]=a&order[]=b",
            "queue-order",
        ),
        (
            Method::DELETE,
            format!("/room/{room}/queue/user/{user}"),
            "",
            "queue-order",
        ),
        (
            Method::DELETE,
            format!("/room/{room}/queue/user/{user}/all"),
            "",
            "queue-order",
        ),
        (
            Method::PUT,
            format!("/room/{room}/queue/user/{user}/pause"),
            "",
            "queue-order",
        ),
        (
            Method::POST,
            format!("/chat/mute/{room}/user/{user}"),
            "realTimeChannel=x",
            "mute",
        ),
        (
            Method::DELETE,
            format!("/chat/mute/{room}/user/{user}"),
            "realTimeChannel=x",
            "mute",
        ),
        (
            Method::POST,
            format!("/chat/kick/{room}/user/{user}"),
            "realTimeChannel=x&message=",
            "kick",
        ),
        (
            Method::POST,
            format!("/chat/ban/{room}/user/{user}"),
            "realTimeChannel=x&time=0",
            "ban",
        ),
        (
            Method::DELETE,
            format!("/chat/ban/{room}/user/{user}"),
            "realTimeChannel=x",
            "ban",
        ),
        (
            Method::POST,
            format!("/chat/{vip}/{room}/user/{user}"),
            "realTimeChannel=x",
            "set-roles",
        ),
        (
            Method::DELETE,
            format!("/chat/{vip}/{room}/user/{user}"),
            "realTimeChannel=x",
            "set-roles",
        ),
        (
            Method::POST,
            format!("/chat/{manager}/{room}/user/{user}"),
            "realTimeChannel=x",
            "set-managers",
        ),
        (
            Method::DELETE,
            format!("/chat/{manager}/{room}/user/{user}"),
            "realTimeChannel=x",
            "set-managers",
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_a_role_may_not_do_is_refused_and_what_it_may_is_done() {
    const MOD: [&str; 6] = [
        "mod-settings",
        "lock-queue",
        "queue-order",
        "mute",
        "kick",
        "ban",
    ];
    for (role, rights) in [
        ("", vec![]),
        ("vip", vec![]),
        ("mod", MOD.to_vec()),
        ("manager", [MOD.as_slice(), &["set-roles"]].concat()),
        (
            "co-owner",
            [
                MOD.as_slice(),
                &["set-roles", "set-managers", "update-room"],
            ]
            .concat(),
        ),
    ] {
        let (sim, room) = world();
        room.appoint("sexton", role);
        let mut client = Client::logged_in(&sim, "sexton").await;
        for (method, path, form, right) in guarded(room.id(), &sim.queup().user("bram")) {
            let answer = client.form(method.clone(), &path, form).await;
            let expected = if rights.contains(&right) { 200 } else { 403 };
            assert_eq!(
                answer.status, expected,
                "{role} {method} {path}: {}",
                answer.text
            );
        }
        assert_eq!(sim.notes(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn staff_cannot_be_thrown_out() {
    let (sim, room) = world();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let teo = sim.queup().user("teo");
    let path = format!("/chat/kick/{}/user/{teo}", room.id());
    client.post(&path, "realTimeChannel=x").await.error(403);
    assert!(room.has("teo"));
}

#[tokio::test(start_paused = true)]
async fn each_moderation_call_is_announced() {
    let (sim, room) = world();
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    let id = room.id().to_owned();
    let bram = sim.queup().user("bram");
    let events = [
        "room-update",
        "room-slow-mode",
        "room-lock-queue",
        "room_playlist-queue-reorder",
        "room_playlist-queue-remove-user-song",
        "room_playlist-queue-remove-user",
        "user-pause-queue-mod",
        "user-mute",
        "user-unmute",
        "user-kick",
        "user-ban",
        "user-unban",
        "user-setrole",
        "user-unsetrole",
        "user-setrole",
        "user-unsetrole",
    ];
    for ((method, path, form, _), event) in guarded(&id, &bram).into_iter().zip(events) {
        client.form(method, &path, form).await.data();
        let data = client.event(event).await;
        assert_eq!(data["type"], event);
        match event {
            "user-setrole" | "user-unsetrole" => assert_eq!(data["modUser"]["_id"], bram),
            "user-kick" | "user-ban" | "user-unban" => assert_eq!(data["kickedUser"]["_id"], bram),
            "user-mute" | "user-unmute" => assert_eq!(data["mutedUser"]["_id"], bram),
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn chat_that_cannot_be_said_is_refused() {
    let (sim, room) = world();
    let path = format!("/chat/{}", room.id());
    let mut client = Client::logged_in(&sim, "sexton").await;
    client.post(&path, "message=hello").await.error(403);
    client
        .post(&format!("/room/{}/users", room.id()), "")
        .await
        .data();
    client.post(&path, "message=%20").await.details(400);
    client
        .post(&path, &format!("message={}", "a".repeat(256)))
        .await
        .details(400);
    client
        .post(&path, &format!("message={}", "%26amp%3B".repeat(255)))
        .await
        .data();
    room.set_mod_setting("mira", "slowMode", true);
    client.post(&path, "message=quick").await.details(429);
    tokio::time::advance(Duration::from_secs(5)).await;
    client.post(&path, "message=slow").await.data();
    room.mute("mira", "sexton", true);
    client.post(&path, "message=mumble").await.error(403);
}

#[tokio::test(start_paused = true)]
async fn the_history_has_as_many_items_as_it_is_set_to_with_deletions_among_them() {
    let sim = Simulator::over_pipes(&Options::new().history(3));
    let room = sim.queup().room("choir-loft");
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    room.say("mira", "one");
    room.say("mira", "two");
    let three = room.say("teo", "three");
    let path = format!("/chat/{}", room.id());
    client
        .form(Method::DELETE, &format!("{path}/{three}"), "")
        .await
        .data();
    let history = client.get(&path).await.data();
    let types: Vec<&Value> = history
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| &item["type"])
        .collect();
    assert_eq!(
        types,
        ["delete-chat-message", "chat-message", "chat-message"]
    );
    assert_eq!(history[0]["chatid"], three);
    client
        .form(Method::DELETE, &format!("{path}/nothing-1"), "")
        .await
        .error(404);

    let times: Vec<i64> = history
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|item| item["time"].as_i64())
        .collect();
    assert!(
        times.is_sorted_by(|newer, older| newer > older),
        "{times:?}"
    );
    assert!(
        three.ends_with(&times[1].to_string()),
        "a chat id ends with its time"
    );
}

#[tokio::test(start_paused = true)]
async fn songs_follow_one_another_on_the_clock() {
    let (sim, room) = world();
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    let active = format!("/room/{}/playlist/active", room.id());
    assert_eq!(
        client.get(&active).await.error(404),
        "no songs in active queue"
    );
    room.queue("mira", "One - First");
    room.queue("teo", "Two - Second");
    let first = client.event("room_playlist-update").await;
    assert_eq!(
        (&first["startTime"], &first["songInfo"]["name"]),
        (&json!(-1), &json!("One - First"))
    );
    assert!(first["song"]["played"].is_i64() && first["songInfo"]["created"].is_string());
    let again = client.event("room_playlist-update").await;
    assert_eq!(
        (&again["startTime"], &again["song"]["_id"]),
        (&json!(0), &first["song"]["_id"])
    );

    client.wait(60).await;
    assert_eq!(client.get(&active).await.data()["startTime"], 60);
    client.wait(120).await;
    let second = client.event("room_playlist-update").await;
    assert_eq!(second["songInfo"]["name"], "Two - Second");
    client.wait(181).await;
    client.get(&active).await.error(404);
    let history = client
        .get(&format!("/room/{}/playlist/history", room.id()))
        .await
        .data();
    assert_eq!(history[0]["_song"]["name"], "Two - Second");
    assert_eq!(history[1]["_user"]["username"], "mira");
}

#[tokio::test(start_paused = true)]
async fn the_song_history_comes_in_pages_of_twenty() {
    let (sim, room) = world();
    for number in 0..25 {
        room.queue("mira", &format!("Someone - Number {number}"));
        room.skip("mira");
    }
    let mut client = Client::stranger(&sim);
    let path = format!("/room/{}/playlist/history?page=", room.id());
    let mut lengths = Vec::new();
    for page in 1..=3 {
        let items = client.get(&format!("{path}{page}")).await.data();
        lengths.push(items.as_array().map_or(0, Vec::len));
    }
    assert_eq!(lengths, [20, 5, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_is_filled_ordered_paused_locked_and_emptied() {
    let (sim, room) = world();
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    let base = format!("/room/{}", room.id());
    room.queue("mira", "One - First");
    room.queue("teo", "Two - Second");
    let queued = client
        .post(
            &format!("{base}/playlist"),
            "songType=youtube&songId=abcdEFGH123",
        )
        .await
        .data();
    assert_eq!(queued["order"], 999);
    client
        .post(
            &format!("{base}/playlist"),
            "songType=youtube&songId=abcdEFGH123",
        )
        .await
        .error(400);
    client
        .post(&format!("{base}/playlist"), "songType=youtube")
        .await
        .error(400);

    let details = client.get(&format!("{base}/playlist/details")).await.data();
    let djs = |details: &Value| -> Vec<String> {
        let items = details.as_array().expect("a list").iter();
        items
            .filter_map(|item| item["_user"]["username"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(djs(&details), ["teo", "antiphon"]);
    let song = details[1]["songid"].as_str().expect("an id").to_owned();
    assert_eq!(
        client.get(&format!("/song/{song}")).await.data()["fkid"],
        "abcdEFGH123"
    );
    let me = sim.queup().account().id;
    client
        .post(
            &format!("{base}/queue/order"),
            &format!("order={me},{}", sim.queup().user("teo")),
        )
        .await
        .data();
    assert_eq!(
        djs(&client.get(&format!("{base}/playlist/details")).await.data()),
        ["antiphon", "teo"]
    );

    client
        .form(Method::PUT, &format!("{base}/queue/pause"), "queuePaused=1")
        .await
        .data();
    assert_eq!(
        client.event("user-pause-queue").await["user_queue"]["queuePaused"],
        1
    );
    room.skip("mira");
    let next = loop {
        let update = client.event("room_playlist-update").await;
        if update["startTime"] == -1 && update["songInfo"]["name"] != "One - First" {
            break update;
        }
    };
    assert_eq!(
        next["songInfo"]["name"], "Two - Second",
        "a paused DJ is passed over"
    );

    client
        .form(
            Method::DELETE,
            &format!("{base}/playlist/{}", queued["_id"].as_str().expect("an id")),
            "",
        )
        .await
        .data();
    assert_eq!(
        client.get(&format!("{base}/playlist")).await.data(),
        json!([])
    );
    room.lock_queue("mira", true);
    let mut other = Client::joined(&sim, "sexton", &room).await;
    let refusal = other
        .post(
            &format!("{base}/playlist"),
            "songType=youtube&songId=abcdEFGH123",
        )
        .await;
    assert_eq!(refusal.error(400), "the queue is locked");
}

#[tokio::test(start_paused = true)]
async fn votes_are_announced_with_their_totals_and_the_eleventh_is_one_too_many() {
    let (sim, room) = world();
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    room.queue("mira", "One - First");
    let item = room.playing().expect("a song plays");
    let path = format!("/room/{}/playlist/{item}/dubs", room.id());
    client.post(&path, "type=updub").await.data();
    let dub = client.event("room_playlist-dub").await;
    assert_eq!(
        (&dub["dubtype"], &dub["playlist"]["updubs"]),
        (&json!("updub"), &json!(1))
    );
    for number in 2..=10 {
        let vote = if number % 2 == 0 {
            "type=downdub"
        } else {
            "type=updub"
        };
        client.post(&path, vote).await.data();
    }
    client.post(&path, "type=updub").await.details(429);
    let dubs = client
        .get(&format!("/room/{}/playlist/active/dubs", room.id()))
        .await
        .data();
    assert_eq!(dubs["downDubs"][0]["userid"], sim.queup().account().id);
    assert_eq!(dubs["currentSong"]["_id"], item);
    client
        .post(
            &format!("/room/{}/playlist/other/dubs", room.id()),
            "type=updub",
        )
        .await
        .error(404);
}

#[tokio::test(start_paused = true)]
async fn a_skip_is_announced_before_the_next_song() {
    let (sim, room) = world();
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    room.queue("mira", "One - First");
    room.queue("teo", "Two - Second");
    let item = room.playing().expect("a song plays");
    client
        .post(
            &format!("/chat/skip/{}/{item}", room.id()),
            "realTimeChannel=x",
        )
        .await
        .data();
    assert_eq!(client.event("chat-skip").await["username"], "antiphon");
    assert_eq!(
        client.event("room_playlist-update").await["songInfo"]["name"],
        "Two - Second"
    );
    client
        .post(
            &format!("/chat/skip/{}/{item}", room.id()),
            "realTimeChannel=x",
        )
        .await
        .error(404);
}

#[tokio::test(start_paused = true)]
async fn adding_the_playing_song_to_a_playlist_is_a_grab() {
    let (sim, room) = world();
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    room.queue("mira", "One - First");
    let playing = client.event("room_playlist-update").await;
    let list = client
        .post("/playlist", "name=mine&isPublic=true")
        .await
        .data();
    let list = format!("/playlist/{}", list["_id"].as_str().expect("an id"));
    let song = playing["songInfo"]["_id"].as_str().expect("an id");
    client
        .post(&format!("{list}/songs"), &format!("songid={song}"))
        .await
        .data();
    let grab = client.event("room_playlist-queue-update-grabs").await;
    assert_eq!(
        (&grab["playlist"]["grabs"], &grab["user"]["username"]),
        (&json!(1), &json!("antiphon"))
    );
    assert_eq!(client.get("/playlist").await.data()[0]["totalItems"], 1);
    assert_eq!(
        client.get(&format!("{list}/songs")).await.data()[0]["_song"]["name"],
        "One - First"
    );
    client.form(Method::DELETE, &list, "").await.data();
    client.get(&format!("{list}/songs")).await.error(404);
}

#[tokio::test(start_paused = true)]
async fn a_private_message_is_noticed_by_its_recipient_alone() {
    let (sim, _) = world();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let mut friend = Client::logged_in(&sim, "sexton").await;
    for one in [&mut client, &mut friend] {
        one.connect().await;
    }
    let (me, them) = (sim.queup().account().id, sim.queup().user("sexton"));
    client.attach(&format!("user:{me}")).await;
    client.attach(&format!("user:{them}")).await;
    friend.attach(&format!("user:{them}")).await;

    let conversation = client
        .post("/message", &format!("usersid={them}"))
        .await
        .data();
    assert_eq!(conversation["usersid"][1]["username"], "sexton");
    let path = format!("/message/{}", conversation["_id"].as_str().expect("an id"));
    client
        .json(
            Method::POST,
            &path,
            &json!({"message": "psst", "userid": me}),
        )
        .await
        .data();
    assert_eq!(friend.get("/message/new").await.data(), 1);
    let notice = friend.event("new-message").await;
    assert_eq!(
        (&notice["userid"], &notice["messageid"]),
        (&json!(me), &conversation["_id"])
    );
    friend
        .json(Method::POST, &path, &json!({"message": "yes?", "time": 0}))
        .await
        .data();
    assert_eq!(client.event("new-message").await["userid"], them);
    assert!(client.hears_nothing().await && friend.hears_nothing().await);

    let messages = client.get(&path).await.data();
    assert_eq!(
        (&messages[0]["message"], &messages[1]["_user"]["_id"]),
        (&json!("yes?"), &json!(me))
    );
    let read = client.post(&format!("{path}/read"), "").await.data();
    assert!(
        read["users_read"]
            .as_array()
            .expect("a list")
            .contains(&json!(me))
    );
    assert_eq!(client.get("/message/new").await.data(), 0);
    let again = client
        .post("/message", &format!("usersid[]={them}"))
        .await
        .data();
    assert_eq!(
        again["_id"], conversation["_id"],
        "an existing conversation is used again"
    );
    assert_eq!(
        client.get("/message").await.data()[0]["latest_message_str"],
        "yes?"
    );
    let mut stranger = Client::logged_in(&sim, "verger").await;
    stranger.get(&path).await.error(404);
}

#[tokio::test(start_paused = true)]
async fn names_change_if_they_are_free() {
    let (sim, room) = world();
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    assert_eq!(
        client
            .get("/user/query/availabilty?username=mira")
            .await
            .data()["taken"],
        true
    );
    client
        .post("/user/updateUsername", "username=mira")
        .await
        .error(400);
    assert_eq!(
        client
            .post("/user/updateUsername", "username=echo")
            .await
            .data()["username"],
        "echo"
    );
    client
        .event(&format!("user_update_{}", sim.queup().account().id))
        .await;
    assert_eq!(client.get("/user/echo").await.data()["username"], "echo");
    client.get("/user/nobody").await.error(404);
    client.get("/search?query=ech").await.data();
    let mira = sim.queup().user("mira");
    client
        .post(&format!("/user/{mira}/following"), "")
        .await
        .data();
    assert_eq!(
        client.get(&format!("/user/{mira}/follows")).await.data()[0]["following"],
        mira
    );
    client
        .form(Method::DELETE, &format!("/user/{mira}/following"), "")
        .await
        .data();
    assert_eq!(client.get(&format!("/user/{mira}/image")).await.status, 302);
}

#[tokio::test(start_paused = true)]
async fn rooms_are_made_and_found_five_at_most() {
    let (sim, _) = world();
    let mut client = Client::logged_in(&sim, "antiphon").await;
    for number in 0..5 {
        let made = client
            .post("/room", &format!("name=Attic {number}&maxLengthSong=5"))
            .await
            .data();
        assert_eq!(made["maxLengthSong"], 5);
    }
    client.post("/room", "name=Attic 6").await.error(400);
    let found = client.get("/room/term/attic").await.data();
    assert_eq!(found.as_array().map(Vec::len), Some(5));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_knows_is_answered_and_noted() {
    let (sim, room) = world();
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    client.get("/no/such/place").await.error(404);
    client
        .call(
            Method::POST,
            &format!("/chat/{}", room.id()),
            "application/json",
            "{",
        )
        .await
        .error(400);
    client
        .call(Method::POST, "/auth/login", "text/plain", "hello")
        .await
        .error(400);
    client
        .post(&format!("/chat/{}", room.id()), "text=hello")
        .await
        .error(400);
    let bram = sim.queup().user("bram");
    client
        .form(
            Method::DELETE,
            &format!("/chat/mute/{}/user/{bram}", room.id()),
            "",
        )
        .await
        .data();
    let notes: Vec<String> = sim.notes().into_iter().map(|note| note.text).collect();
    assert_eq!(notes.len(), 5, "{notes:?}");
    assert!(
        notes[0].contains("/no/such/place") && notes[4].contains("realTimeChannel"),
        "{notes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn slashes_too_many_do_no_harm() {
    let (sim, room) = world();
    let mut client = Client::joined(&sim, "antiphon", &room).await;
    client
        .post(&format!("//chat/{}/", room.id()), "message=hello")
        .await
        .data();
    assert_eq!(sim.notes(), []);
}
