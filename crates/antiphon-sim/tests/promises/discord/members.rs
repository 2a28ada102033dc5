//! Requests over the Gateway: members, voice, and the rest.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ALL, identified};

#[tokio::test(start_paused = true)]
async fn members_come_in_chunks_with_the_nonce() {
    let (sim, mut client) = identified(ALL).await;
    let guild = sim.discord().guild_id().to_string();
    sim.discord().crowd("choir", 2000);
    let ask =
        json!({"guild_id": guild, "query": "", "limit": 0, "nonce": "n-1", "presences": true});
    client.send(8, &ask).await;
    let mut count = 0;
    for index in 0..3 {
        let chunk = client.event("GUILD_MEMBERS_CHUNK").await;
        assert_eq!(
            (
                &chunk["chunk_index"],
                &chunk["chunk_count"],
                &chunk["nonce"]
            ),
            (&json!(index), &json!(3), &json!("n-1"))
        );
        count += chunk["members"].as_array().map_or(0, Vec::len);
    }
    assert_eq!(count, 2027);
    client.send(8, &ask).await;
    let limited = client.event("RATE_LIMITED").await;
    assert_eq!(
        (&limited["opcode"], &limited["meta"]["nonce"]),
        (&json!(8), &json!("n-1"))
    );
    assert!(
        limited["retry_after"]
            .as_f64()
            .is_some_and(|wait| wait > 0.0 && wait <= 30.0)
    );
    tokio::time::advance(Duration::from_secs(30)).await;
    client.send(8, &ask).await;
    client.event("GUILD_MEMBERS_CHUNK").await;
}

#[tokio::test(start_paused = true)]
async fn members_are_found_by_prefix_and_by_id() {
    let (sim, mut client) = identified(ALL).await;
    let guild = sim.discord().guild_id().to_string();
    client
        .send(
            8,
            &json!({"guild_id": guild, "query": "mi", "limit": 5, "nonce": "x".repeat(33)}),
        )
        .await;
    let chunk = client.event("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(chunk["members"][0]["user"]["username"], "mira");
    assert!(
        chunk.get("nonce").is_none(),
        "a nonce that is too long is ignored"
    );
    let mira = sim.discord().user("mira").to_string();
    client
        .send(
            8,
            &json!({"guild_id": guild, "user_ids": [mira, "12"], "limit": 0}),
        )
        .await;
    let chunk = client.event("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(chunk["members"].as_array().map(Vec::len), Some(1));
    assert_eq!(chunk["not_found"], json!(["12"]));
}

#[tokio::test(start_paused = true)]
async fn chunks_can_be_reversed_and_lost() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    discord.chunk_size(10);
    discord.reverse_chunks(true);
    discord.withhold_chunk(Some(1));
    client
        .send(
            8,
            &json!({"guild_id": discord.guild_id().to_string(), "query": "", "limit": 0}),
        )
        .await;
    for index in [2, 0] {
        assert_eq!(
            client.event("GUILD_MEMBERS_CHUNK").await["chunk_index"],
            index
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_voice_join_brings_a_state_and_a_server() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    let (guild, stalls) = (
        discord.guild_id().to_string(),
        discord.voice_channel_id().to_string(),
    );
    let go = |channel: Value| json!({"guild_id": guild, "channel_id": channel, "self_mute": false, "self_deaf": true});
    client.send(4, &go(json!(stalls))).await;
    let state = client.event("VOICE_STATE_UPDATE").await;
    let server = client.event("VOICE_SERVER_UPDATE").await;
    assert_eq!(
        (&state["channel_id"], &state["self_deaf"]),
        (&json!(stalls), &json!(true))
    );
    let (channel, session, token) = discord.voice("choir", "antiphon").expect("in voice");
    assert_eq!(
        (channel.to_string(), session.as_str(), token.as_str()),
        (
            stalls.clone(),
            state["session_id"].as_str().expect("a session"),
            server["token"].as_str().expect("a token"),
        )
    );

    discord.voice_server_first(true);
    discord.voice_server_missing(true);
    let ambo = discord.channel("ambo").expect("a stage").to_string();
    client.send(4, &go(json!(ambo))).await;
    let first = client.next().await;
    assert_eq!(
        (&first["t"], &first["d"]["endpoint"]),
        (&json!("VOICE_SERVER_UPDATE"), &Value::Null)
    );
    let moved = client.event("VOICE_STATE_UPDATE").await;
    assert_eq!(
        (&moved["session_id"], &moved["suppress"]),
        (&state["session_id"], &json!(true))
    );
    let found = client.event("VOICE_SERVER_UPDATE").await;
    assert!(found["endpoint"].is_string());
    assert_ne!(
        found["token"], server["token"],
        "a move has a token of its own"
    );

    discord.leave_voice("choir", "antiphon");
    assert_eq!(
        client.event("VOICE_STATE_UPDATE").await["channel_id"],
        Value::Null
    );
}

#[tokio::test(start_paused = true)]
async fn a_full_channel_gives_no_reply() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    for who in ["mira", "teo"] {
        discord.join_voice("side-chapel", who);
    }
    client.drain().await;
    // A user without the right to move members, which would open a full channel.
    let mut other = super::client::Client::open(&sim, "").await;
    other
        .identify_as(&sim, "lector", 1 | 1 << 7, &json!({}))
        .await;
    other.event("GUILD_CREATE").await;
    let channel = discord
        .channel("side-chapel")
        .expect("a channel")
        .to_string();
    let guild = discord.guild_id().to_string();
    other.send(4, &json!({"guild_id": guild, "channel_id": channel, "self_mute": false, "self_deaf": false})).await;
    assert!(other.hears_nothing().await);
}

#[tokio::test(start_paused = true)]
async fn sounds_and_channels_can_be_asked_for() {
    let (sim, mut client) = identified(ALL).await;
    let guild = sim.discord().guild_id().to_string();
    client.send(31, &json!({"guild_ids": [guild]})).await;
    assert_eq!(client.event("SOUNDBOARD_SOUNDS").await["guild_id"], guild);
    client
        .send(43, &json!({"guild_id": guild, "fields": ["status"]}))
        .await;
    assert!(
        client.event("CHANNEL_INFO").await["channels"]
            .as_array()
            .is_some_and(|all| all.len() == 3)
    );
    client.send(3, &json!({"since": null, "activities": [{"name": "a demo", "type": 2}], "status": "idle", "afk": false})).await;
    let presence = client.event("PRESENCE_UPDATE").await;
    assert_eq!(
        (&presence["status"], &presence["activities"][0]["name"]),
        (&json!("idle"), &json!("a demo"))
    );
}

/// discord.py, nextcord, disnake, py-cord and interactions.py send ids as numbers.
#[tokio::test(start_paused = true)]
async fn ids_are_taken_as_numbers_and_a_guild_as_a_list_of_one() {
    let (sim, mut client) = identified(ALL).await;
    let guild = sim.discord().guild_id();
    client
        .send(8, &json!({"guild_id": guild, "query": "", "limit": 0}))
        .await;
    let chunk = client.event("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(chunk["members"].as_array().map(Vec::len), Some(27));
    let mira = sim.discord().user("mira");
    client
        .send(
            8,
            &json!({"guild_id": guild.to_string(), "user_ids": [mira, 5]}),
        )
        .await;
    let chunk = client.event("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(chunk["members"][0]["user"]["id"], mira.to_string());
    assert_eq!(chunk["not_found"], json!(["5"]));
    client
        .send(
            8,
            &json!({"guild_id": [guild.to_string()], "query": "m", "limit": 5}),
        )
        .await;
    let chunk = client.event("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(chunk["guild_id"], guild.to_string());
    client.send(31, &json!({"guild_ids": [guild]})).await;
    let sounds = client.event("SOUNDBOARD_SOUNDS").await;
    assert_eq!(sounds["guild_id"], guild.to_string());
    assert_eq!(sim.notes(), []);
}
