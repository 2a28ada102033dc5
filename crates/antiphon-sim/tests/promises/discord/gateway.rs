//! Sessions on the Gateway: how they begin, go on after a loss, and end.

use std::time::Duration;

use antiphon_sim::{Query, Simulator, discord::KeyOrder};
use serde_json::{Value, json};

use super::{
    ALL,
    client::{Client, Rest},
    identified,
};

#[tokio::test(start_paused = true)]
async fn a_session_begins_with_ready_and_the_guilds() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::open(&sim, "").await;
    assert_eq!(client.op(10).await["heartbeat_interval"], 41_250);
    client
        .identify_as(&sim, "antiphon", ALL, &json!({"shard": [0, 1]}))
        .await;
    let ready = client.event("READY").await;
    let discord = sim.discord();
    assert_eq!(ready["user"]["id"], discord.account().id.to_string());
    assert_eq!(
        ready["guilds"],
        json!([{"id": discord.guild_id().to_string(), "unavailable": true}])
    );
    assert_eq!(
        ready["resume_gateway_url"],
        "wss://gateway-us-east1-b.discord.gg"
    );
    assert_eq!(ready["shard"], json!([0, 1]));
    let guild = client.event("GUILD_CREATE").await;
    assert_eq!(guild["members"].as_array().map(Vec::len), Some(27));
    assert_eq!(guild["channels"].as_array().map(Vec::len), Some(9));
    assert!(
        guild["presences"]
            .as_array()
            .is_some_and(|all| all.len() > 10)
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_is_good_with_and_without_its_prefix() {
    let sim = Simulator::with_seed(7);
    let token = sim.discord().token();
    let token = format!("Bot {}", token.expose());
    let mut client = Client::open(&sim, "").await;
    client
        .identify_as(&sim, "antiphon", 1, &json!({"token": token}))
        .await;
    client.event("READY").await;
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_is_acknowledged_and_can_be_asked_for() {
    let (sim, mut client) = identified(1).await;
    client.send(1, &json!(client.seq)).await;
    assert_eq!(client.op(11).await, Value::Null);
    assert_eq!(sim.discord().heartbeats(), (1, 1));
    sim.discord().ask_for_beats();
    client.op(1).await;
    sim.discord().withhold_acks(true);
    client.send(1, &json!(client.seq)).await;
    assert!(client.hears_nothing().await);
}

#[tokio::test(start_paused = true)]
async fn a_cut_session_resumes_and_has_what_it_missed_once() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    discord.say("loft", "mira", "first");
    assert_eq!(client.event("MESSAGE_CREATE").await["content"], "first");
    discord.cut();
    client.end().await;
    discord.say("loft", "mira", "second");
    discord.type_in("loft", "teo");
    client.resume(&sim).await;
    assert_eq!(client.event("MESSAGE_CREATE").await["content"], "second");
    client.event("TYPING_START").await;
    client.event("RESUMED").await;
    discord.say("loft", "mira", "third");
    assert_eq!(client.event("MESSAGE_CREATE").await["content"], "third");
    assert_eq!(discord.identifies("antiphon"), 1);
    assert_eq!(
        sim.ledger().due_to(&discord.account().id.to_string()),
        client.received
    );
}

#[tokio::test(start_paused = true)]
async fn rows_have_the_place_and_the_origin_of_their_event() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    let message = discord.say("loft", "mira", "hello");
    discord.type_in("loft", "mira");
    client.event("TYPING_START").await;
    let rows = sim.ledger().rows(&Query::default());
    let session = client.ready["session_id"].as_str().expect("a session");
    let place = format!(
        "guild/{}/channel/{}",
        discord.guild_id(),
        discord.channel_id()
    );
    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                &*row.kind,
                &*row.place,
                row.origin.as_deref().unwrap_or_default(),
                row.frame,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (
                "discord.READY",
                "",
                &*format!("{session}/0000000001"),
                Some(1)
            ),
            (
                "discord.GUILD_CREATE",
                &format!("guild/{}", discord.guild_id()),
                &format!("{session}/0000000002"),
                Some(2)
            ),
            (
                "discord.MESSAGE_CREATE",
                &place,
                &format!("message/{message}"),
                Some(3)
            ),
            (
                "discord.TYPING_START",
                &place,
                &format!("{session}/0000000004"),
                Some(4)
            ),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_session_misses_is_due_all_the_same() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    discord.cut();
    client.end().await;
    tokio::time::advance(Duration::from_secs(181)).await;
    discord.say("loft", "mira", "into the gap");
    assert_eq!(discord.sessions(), Vec::<String>::new());
    let rows = sim.ledger().rows(&Query::default());
    let last = rows.last().expect("a row");
    assert_eq!((&*last.kind, last.frame), ("discord.MESSAGE_CREATE", None));
    assert_eq!(
        last.due_to.as_deref(),
        Some(&*discord.account().id.to_string())
    );
    client.resume(&sim).await;
    assert_eq!(client.op(9).await, false);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_closes_with_1000_leaves_for_good() {
    let (sim, client) = identified(ALL).await;
    let before = sim.ledger().last();
    client.leave(1000).await;
    sim.discord().say("loft", "mira", "nobody there");
    assert_eq!(sim.discord().sessions(), Vec::<String>::new());
    assert_eq!(sim.ledger().last(), before);
    let (sim, client) = identified(ALL).await;
    client.leave(4000).await;
    assert_eq!(sim.discord().sessions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn reconnect_and_invalid_session_are_said_and_meant() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    discord.reconnect();
    client.op(7).await;
    client.resume(&sim).await;
    client.event("RESUMED").await;
    discord.invalidate(true);
    assert_eq!(client.op(9).await, true);
    client.resume(&sim).await;
    client.event("RESUMED").await;
    discord.invalidate(false);
    assert_eq!(client.op(9).await, false);
    client.resume(&sim).await;
    assert_eq!(client.op(9).await, false);
}

#[tokio::test(start_paused = true)]
async fn a_sequence_that_was_never_sent_ends_the_session() {
    let (sim, mut client) = identified(ALL).await;
    client.seq = Some(99);
    client.resume(&sim).await;
    assert_eq!(client.end().await, Some(4007));
    assert_eq!(sim.discord().sessions(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_buffer_that_forgot_too_much_cannot_be_resumed() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    discord.replay(2);
    discord.cut();
    client.end().await;
    for text in ["one", "two", "three"] {
        discord.say("loft", "mira", text);
    }
    client.resume(&sim).await;
    assert_eq!(client.op(9).await, false);
}

/// Reads to the end, which is to have this code.
async fn check(client: &mut Client, code: u16) {
    assert_eq!(client.end().await, Some(code));
}

#[tokio::test(start_paused = true)]
async fn every_mistake_has_its_close_code() {
    let sim = Simulator::with_seed(7);
    let open = || Client::open(&sim, "");
    let mut client = open().await;
    client.text("{no json").await;
    check(&mut client, 4002).await;
    let mut client = open().await;
    client.send(2, &json!("x".repeat(5000))).await;
    check(&mut client, 4002).await;
    let mut client = open().await;
    client.send(77, &Value::Null).await;
    check(&mut client, 4001).await;
    let mut client = open().await;
    client.send(3, &json!({"status": "online"})).await;
    check(&mut client, 4003).await;
    for (change, code) in [
        (json!({"token": "wrong"}), 4004),
        (json!({"shard": [2, 2]}), 4010),
        (json!({"intents": 1 << 30}), 4013),
    ] {
        let mut client = open().await;
        client.identify_as(&sim, "antiphon", 1, &change).await;
        check(&mut client, code).await;
    }
    let mut client = open().await;
    client
        .identify_as(&sim, "lector", 1 << 15, &json!({}))
        .await;
    check(&mut client, 4014).await;
    sim.discord().shards(2);
    sim.discord().require_shards(true);
    let mut client = open().await;
    client.identify_as(&sim, "antiphon", 1, &json!({})).await;
    check(&mut client, 4011).await;
    sim.discord().require_shards(false);
    let mut client = open().await;
    client.identify(&sim, 1).await;
    client.identify_as(&sim, "antiphon", 1, &json!({})).await;
    check(&mut client, 4005).await;
    let network = sim.network();
    let mut client = Client::at(&network, "wss://gateway.discord.gg/?v=5&x=", "").await;
    check(&mut client, 4012).await;
}

#[tokio::test(start_paused = true)]
async fn more_than_120_frames_in_a_minute_are_too_many() {
    let (_sim, mut client) = identified(1).await;
    for _ in 0..119 {
        client.send(1, &Value::Null).await;
        client.op(11).await;
    }
    client.send(1, &Value::Null).await;
    assert_eq!(client.end().await, Some(4008));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_beat_is_timed_out() {
    let (sim, mut client) = identified(1).await;
    assert_eq!(client.end().await, Some(4009));
    assert_eq!(sim.discord().sessions(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn identifies_wait_for_their_turn_and_are_counted() {
    let sim = Simulator::with_seed(7);
    sim.discord().max_concurrency(2);
    let shard = |id: u32| json!({"shard": [id, 4]});
    for (id, is_ready) in [(0, true), (1, true), (2, false)] {
        let mut client = Client::open(&sim, "").await;
        client.identify_as(&sim, "antiphon", 1, &shard(id)).await;
        if is_ready {
            client.event("READY").await;
        } else {
            assert_eq!(client.op(9).await, false);
            tokio::time::advance(Duration::from_secs(5)).await;
            client.identify_as(&sim, "antiphon", 1, &shard(id)).await;
            client.event("READY").await;
        }
    }
    assert_eq!(sim.discord().identifies("antiphon"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_day_has_only_so_many_session_starts() {
    let sim = Simulator::with_seed(7);
    sim.discord().session_starts(1);
    let (old, mut client) = (sim.discord().token(), Client::open(&sim, "").await);
    client.identify(&sim, 1).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    let mut client = Client::open(&sim, "").await;
    client.identify_as(&sim, "antiphon", 1, &json!({})).await;
    assert_eq!(client.end().await, Some(4004));
    assert_ne!(sim.discord().token().expose(), old.expose());
}

#[tokio::test(start_paused = true)]
async fn guilds_go_to_their_shards() {
    let sim = Simulator::with_seed(7);
    sim.discord().max_concurrency(3);
    let guilds: Vec<u64> = ["east", "west", "north"]
        .map(|name| sim.discord().add_guild(name))
        .into();
    for shard in 0..3_u64 {
        let mut client = Client::open(&sim, "").await;
        client
            .identify_as(&sim, "antiphon", 1, &json!({"shard": [shard, 3]}))
            .await;
        let ready = client.event("READY").await;
        let here: Vec<String> = guilds
            .iter()
            .chain([&sim.discord().guild_id()])
            .filter(|id| (**id >> 22) % 3 == shard)
            .map(ToString::to_string)
            .collect();
        let mut told: Vec<&str> = ready["guilds"]
            .as_array()
            .expect("guilds")
            .iter()
            .filter_map(|one| one["id"].as_str())
            .collect();
        told.sort_unstable();
        let mut here: Vec<&str> = here.iter().map(String::as_str).collect();
        here.sort_unstable();
        assert_eq!(told, here);
    }
}

#[tokio::test(start_paused = true)]
async fn every_compression_carries_the_same_events() {
    for query in ["", "&compress=zlib-stream", "&compress=zstd-stream"] {
        let sim = Simulator::with_seed(7);
        sim.discord().split(Some(100));
        let mut client = Client::open(&sim, query).await;
        client.identify(&sim, ALL).await;
        sim.discord().cut();
        client.end().await;
        sim.discord().say("loft", "mira", "compressed");
        // The second connection has a context of its own.
        client.resume(&sim).await;
        assert_eq!(
            client.event("MESSAGE_CREATE").await["content"],
            "compressed",
            "{query}"
        );
    }
    let sim = Simulator::with_seed(7);
    let mut client = Client::open(&sim, "").await;
    client
        .identify_as(&sim, "antiphon", ALL, &json!({"compress": true}))
        .await;
    assert!(client.event("GUILD_CREATE").await["name"].is_string());
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn the_keys_of_a_dispatch_come_in_the_order_asked_for() {
    let (sim, mut client) = identified(ALL).await;
    for (order, beginning, end) in [
        (
            KeyOrder::Usual,
            r#"{"t":"TYPING_START","s":3,"op":0,"d":{"#,
            "}}",
        ),
        (
            KeyOrder::SequenceLast,
            r#"{"op":0,"t":"TYPING_START","d":{"#,
            r#"},"s":4}"#,
        ),
        (
            KeyOrder::Sorted,
            r#"{"d":{"#,
            r#"},"op":0,"s":5,"t":"TYPING_START"}"#,
        ),
    ] {
        sim.discord().key_order(order);
        sim.discord().type_in("loft", "mira");
        client.event("TYPING_START").await;
        let text = client.texts.last().expect("a frame");
        assert!(text.starts_with(beginning) && text.ends_with(end), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_resume_host_takes_nobody() {
    let (sim, mut client) = identified(1).await;
    sim.discord().stale_resume_host(true);
    sim.discord().cut();
    client.end().await;
    let network = sim.network();
    let address = client.ready["resume_gateway_url"]
        .as_str()
        .expect("an address");
    assert!(Client::try_at(&network, address, "").await.is_err());
    assert!(
        Client::try_at(&network, "wss://gateway.discord.gg", "")
            .await
            .is_ok()
    );
}

#[tokio::test(start_paused = true)]
async fn ready_has_what_libraries_look_for() {
    let (_sim, client) = identified(ALL).await;
    let ready = &client.ready;
    for list in ["private_channels", "relationships", "presences"] {
        assert_eq!(ready[list], json!([]), "{list}");
    }
    for field in ["flags", "mfa_enabled", "verified", "bot"] {
        assert!(ready["user"].get(field).is_some(), "user.{field}");
    }
    // Flags of the limited privileged intents: presences, members, message content.
    assert_eq!(
        ready["application"]["flags"],
        (1 << 13) | (1 << 15) | (1 << 19)
    );
}

/// Identifies with a presence as a library sends it, and returns the presence that the bot then has.
async fn presence_after(presence: Value) -> Value {
    let sim = Simulator::with_seed(7);
    let mut client = Client::open(&sim, "").await;
    client
        .identify_as(&sim, "antiphon", ALL, &json!({"presence": presence}))
        .await;
    client.event("GUILD_CREATE").await;
    client.event("PRESENCE_UPDATE").await
}

#[tokio::test(start_paused = true)]
async fn a_presence_is_taken_as_libraries_send_it() {
    // discord.py 2.7.1 and nextcord 2.6.0 with an activity and no status.
    let game = json!({"name": "chess", "type": 0});
    let shown =
        presence_after(json!({"status": null, "game": game, "since": 0, "afk": false})).await;
    assert_eq!(
        (&shown["status"], &shown["activities"][0]["name"]),
        (&json!("online"), &json!("chess"))
    );
    // discordgo 0.29.0 with neither.
    let game = json!({"name": "", "type": 0, "created_at": "0001-01-01T00:00:00Z"});
    let shown = presence_after(json!({"status": "", "game": game, "since": 0, "afk": false})).await;
    assert_eq!(
        (&shown["status"], &shown["activities"]),
        (&json!("online"), &json!([]))
    );
    // hikari 2.7.0 without an activity.
    let shown =
        presence_after(json!({"status": "idle", "game": null, "since": null, "afk": false})).await;
    assert_eq!(
        (&shown["status"], &shown["activities"]),
        (&json!("idle"), &json!([]))
    );
    let custom = json!({"name": "Custom Status", "type": 4, "state": "at sea", "emoji": null});
    let shown = presence_after(
        json!({"status": "dnd", "activities": [custom], "since": null, "afk": false}),
    )
    .await;
    let activity = &shown["activities"][0];
    assert_eq!(
        (&activity["id"], &activity["state"]),
        (&json!("custom"), &json!("at sea"))
    );
    assert!(activity["created_at"].is_i64() && activity.get("emoji").is_none());
}

/// discordgo 0.29.0 names them so; Discord's documentation has the old names as deprecated.
#[tokio::test(start_paused = true)]
async fn properties_may_have_their_old_names() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::open(&sim, "").await;
    let properties = json!({"$os": "linux", "$browser": "DiscordGo v0.29.0", "$device": ""});
    let properties = json!({"properties": properties});
    client.identify_as(&sim, "antiphon", ALL, &properties).await;
    client.event("GUILD_CREATE").await;
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_presence_of_another_kind_is_refused() {
    let (_sim, mut client) = identified(1).await;
    client
        .send(
            3,
            &json!({"status": "levitating", "activities": [], "since": null, "afk": false}),
        )
        .await;
    check(&mut client, 4002).await;
}

/// The default intents of interactions.py 5.16.0 have bit 17, which Discord takes without documenting it.
#[tokio::test(start_paused = true)]
async fn undocumented_intents_are_taken_and_unknown_ones_are_not() {
    let (sim, _client) = identified(0x0333_7efd | 1 << 18).await;
    let mut client = Client::open(&sim, "").await;
    client
        .identify_as(&sim, "cantor", 1 | 1 << 26, &json!({}))
        .await;
    check(&mut client, 4013).await;
}

#[tokio::test(start_paused = true)]
async fn another_encoding_is_refused_with_a_reason() {
    let sim = Simulator::with_seed(7);
    let address = "wss://gateway.discord.gg/?encoding=etf&x=";
    assert!(Client::try_at(&sim.network(), address, "").await.is_err());
    assert!(
        format!("{:?}", sim.notes()).contains("etf"),
        "{:?}",
        sim.notes()
    );
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_message_is_in_its_id() {
    let (sim, mut client) = identified(ALL).await;
    let mut times = Vec::new();
    for _ in 0..2 {
        sim.discord().say("loft", "mira", "hello");
        let message = client.event("MESSAGE_CREATE").await;
        let id: u64 = message["id"]
            .as_str()
            .and_then(|id| id.parse().ok())
            .expect("an id");
        assert_eq!(id.to_string().len(), 19);
        let millis = i64::try_from(id >> 22).expect("a time") + 1_420_070_400_000;
        let said: jiff::Timestamp = message["timestamp"]
            .as_str()
            .expect("a time")
            .parse()
            .expect("a time");
        assert_eq!(millis, said.as_millisecond());
        times.push(millis);
        tokio::time::advance(Duration::from_secs(3)).await;
    }
    assert!((3000..3100).contains(&(times[1] - times[0])), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn each_bot_sees_its_own_reactions() {
    let (sim, mut client) = identified(ALL).await;
    let mut other = Client::open(&sim, "").await;
    other.identify_as(&sim, "cantor", ALL, &json!({})).await;
    other.event("GUILD_CREATE").await;
    let rest = Rest::of(&sim, "antiphon");
    let message = sim.discord().say("loft", "mira", "hello");
    let channel = sim.discord().channel_id();
    let path = format!("/channels/{channel}/messages/{message}/reactions/%F0%9F%91%8D/@me");
    rest.put(&path, &Value::Null).await.done();
    sim.discord().edit("loft", message, "hello again");
    let own = client.event("MESSAGE_UPDATE").await;
    assert_eq!(own["reactions"][0]["me"], true);
    let others = other.event("MESSAGE_UPDATE").await;
    assert_eq!(
        (
            &others["reactions"][0]["me"],
            &others["reactions"][0]["count"]
        ),
        (&json!(false), &json!(1))
    );
}

#[tokio::test(start_paused = true)]
async fn components_are_numbered_where_their_sender_left_it_out() {
    let (sim, mut client) = identified(ALL).await;
    let rest = Rest::of(&sim, "antiphon");
    let button = |label: &str| json!({"type": 2, "style": 1, "label": label, "custom_id": label});
    let mut named = button("b");
    named["id"] = json!(2);
    let body =
        json!({"components": [{"type": 1, "components": [button("a"), named, button("c")]}]});
    let channel = sim.discord().channel_id();
    rest.post(&format!("/channels/{channel}/messages"), &body)
        .await
        .ok();
    let row = client.event("MESSAGE_CREATE").await["components"][0].take();
    let ids: Vec<&Value> = row["components"]
        .as_array()
        .expect("components")
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(
        (&row["id"], ids),
        (&json!(1), vec![&json!(3), &json!(2), &json!(4)])
    );
}

#[tokio::test(start_paused = true)]
async fn threads_tell_who_joined_to_whom_may_know() {
    let (sim, mut client) = identified(ALL).await;
    let mut other = Client::open(&sim, "").await;
    // Guilds and threads, without members and presences.
    other.identify_as(&sim, "cantor", 1, &json!({})).await;
    other.event("GUILD_CREATE").await;
    let discord = sim.discord();
    let thread = discord.add_thread("loft", "mira", "aside").to_string();
    discord.follow_thread(&thread, "iris", true);
    let joined = client.event("THREAD_MEMBERS_UPDATE").await["added_members"][0].take();
    assert_eq!(joined["member"]["user"]["username"], "iris");
    assert_eq!(
        joined["presence"]["user"]["id"],
        discord.user("iris").to_string()
    );
    discord.follow_thread(&thread, "cantor", true);
    let joined = other.event("THREAD_MEMBERS_UPDATE").await["added_members"][0].take();
    assert_eq!(joined["user_id"], discord.user("cantor").to_string());
    assert_eq!(joined["presence"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn an_invite_that_is_revoked_names_its_guild() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    let code = discord.invite("loft", "mira");
    assert!(discord.revoke("choir", &code));
    assert_eq!(
        client.event("INVITE_DELETE").await["guild_id"],
        discord.guild_id().to_string()
    );
    let nook = discord.add_channel("choir", "mira", "nook");
    let code = discord.invite("nook", "mira");
    discord.remove_channel(&nook.to_string(), "mira");
    assert!(
        !discord.revoke("choir", &code),
        "an invite goes with its channel"
    );
}

#[tokio::test(start_paused = true)]
async fn votes_are_counted_on_polls_alone() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    let plain = discord.say("loft", "mira", "no poll");
    assert!(!discord.vote("loft", plain, "teo", 1, true));
    let poll = discord.ask("loft", "mira", "What next?", &["a hymn", "a song"]);
    assert!(discord.vote("loft", poll, "teo", 1, true));
    assert!(!discord.vote("loft", poll, "teo", 1, true), "once");
    assert!(
        !discord.vote("loft", poll, "teo", 3, true),
        "no such answer"
    );
    assert_eq!(client.event("MESSAGE_POLL_VOTE_ADD").await["answer_id"], 1);
    assert!(discord.vote("loft", poll, "teo", 2, true));
    assert_eq!(
        client.event("MESSAGE_POLL_VOTE_REMOVE").await["answer_id"],
        1
    );
    assert_eq!(client.event("MESSAGE_POLL_VOTE_ADD").await["answer_id"], 2);
    let rest = Rest::of(&sim, "antiphon");
    let channel = discord.channel_id();
    let shown = rest
        .get(&format!("/channels/{channel}/messages/{poll}"))
        .await
        .ok();
    assert_eq!(
        shown["poll"]["results"]["answer_counts"],
        json!([{"id": 2, "count": 1, "me_voted": false}])
    );
    assert!(discord.vote("loft", poll, "iris", 2, true));
    let answers = format!("/channels/{channel}/polls/{poll}/answers");
    let voters = |answer: Value| {
        let users = answer["users"].as_array().expect("users").clone();
        users.iter().map(|user| user["username"].clone()).collect()
    };
    let all: Vec<Value> = voters(rest.get(&format!("{answers}/2")).await.ok());
    assert_eq!(all.len(), 2);
    assert!(all.contains(&json!("teo")) && all.contains(&json!("iris")));
    let page = rest.get(&format!("{answers}/2?limit=1")).await.ok();
    let last = page["users"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(voters(page), all[..1]);
    let next = format!("{answers}/2?limit=1&after={last}");
    assert_eq!(voters(rest.get(&next).await.ok()), all[1..]);
    assert_eq!(
        rest.get(&format!("{answers}/1")).await.ok(),
        json!({"users": []})
    );
}
