//! Stage instances, and those who speak there (<https://docs.discord.com/developers/resources/stage-instance>).

use serde_json::{Value, json};

use super::{client::Rest, moderated};

#[tokio::test(start_paused = true)]
async fn a_stage_is_opened_changed_and_closed() {
    let (sim, mut client, rest) = moderated().await;
    let ambo = sim.discord().channel("ambo").expect("a channel");
    let path = format!("/stage-instances/{ambo}");
    assert_eq!(rest.get(&path).await.code(), (404, 10067));
    let stage = rest
        .post(
            "/stage-instances",
            &json!({"channel_id": ambo, "topic": "A reading"}),
        )
        .await
        .ok();
    let told = client.event("STAGE_INSTANCE_CREATE").await;
    assert_eq!(told, stage);
    let expected = json!({
        "id": stage["id"], "guild_id": sim.discord().guild_id().to_string(), "channel_id": ambo.to_string(),
        "topic": "A reading", "privacy_level": 2, "discoverable_disabled": true, "guild_scheduled_event_id": null,
    });
    assert_eq!(stage, expected);
    let entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(
        (&entry["action_type"], &entry["options"]["channel_id"]),
        (&json!(83), &stage["channel_id"])
    );
    let message = client.event("MESSAGE_CREATE").await;
    assert_eq!(
        (&message["type"], &message["content"]),
        (&json!(27), &json!("A reading"))
    );
    let again = rest
        .post(
            "/stage-instances",
            &json!({"channel_id": ambo, "topic": "x"}),
        )
        .await;
    assert_eq!(again.code(), (400, 150_006));

    let changed = rest.patch(&path, &json!({"topic": "A sermon"})).await.ok();
    assert_eq!(client.event("STAGE_INSTANCE_UPDATE").await, changed);
    assert_eq!(client.event("MESSAGE_CREATE").await["type"], 31);
    assert_eq!(rest.get(&path).await.ok()["topic"], "A sermon");
    rest.delete(&path).await.done();
    assert_eq!(
        client.event("STAGE_INSTANCE_DELETE").await["id"],
        stage["id"]
    );
    assert_eq!(client.event("MESSAGE_CREATE").await["type"], 28);
    assert_eq!(rest.delete(&path).await.code(), (404, 10067));
}

#[tokio::test(start_paused = true)]
async fn a_stage_of_an_event_begins_the_event() {
    let (sim, mut client, rest) = moderated().await;
    let ambo = sim.discord().channel("ambo").expect("a channel");
    let events = format!("/guilds/{}/scheduled-events", sim.discord().guild_id());
    let event = json!({
        "name": "A reading", "privacy_level": 2, "entity_type": 1, "channel_id": ambo,
        "scheduled_start_time": "2100-01-01T18:00:00Z",
    });
    let event = rest.post(&events, &event).await.ok();
    let body = json!({"channel_id": ambo, "topic": "x", "guild_scheduled_event_id": event["id"]});
    let stage = rest.post("/stage-instances", &body).await.ok();
    let told = client.event("GUILD_SCHEDULED_EVENT_UPDATE").await;
    assert_eq!(
        (&told["status"], &told["entity_id"]),
        (&json!(2), &stage["id"])
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_stage_is_told() {
    let (sim, _client, rest) = moderated().await;
    let discord = sim.discord();
    let channel = |name: &str| discord.channel(name).expect("a channel");
    for (body, field, code) in [
        (json!({"topic": "x"}), "channel_id", "BASE_TYPE_REQUIRED"),
        (
            json!({"channel_id": channel("ambo")}),
            "topic",
            "BASE_TYPE_REQUIRED",
        ),
        (
            json!({"channel_id": channel("ambo"), "topic": "x".repeat(121)}),
            "topic",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({"channel_id": channel("ambo"), "topic": "x", "privacy_level": 3}),
            "privacy_level",
            "BASE_TYPE_CHOICES",
        ),
    ] {
        let wrong = rest.post("/stage-instances", &body).await;
        assert_eq!(
            wrong.json()["errors"][field]["_errors"][0]["code"],
            code,
            "{body}"
        );
    }
    for (name, expected) in [("stalls", (400, 50024)), ("crypt", (403, 50001))] {
        let body = json!({"channel_id": channel(name), "topic": "x"});
        assert_eq!(rest.post("/stage-instances", &body).await.code(), expected);
    }
    let body = json!({"channel_id": channel("ambo"), "topic": "x", "guild_scheduled_event_id": 5});
    assert_eq!(
        rest.post("/stage-instances", &body).await.code(),
        (404, 10070)
    );
    let lector = Rest::of(&sim, "lector");
    let body = json!({"channel_id": channel("ambo"), "topic": "x"});
    assert_eq!(
        lector.post("/stage-instances", &body).await.code(),
        (403, 50013)
    );
    let path = format!("/stage-instances/{}", channel("ambo"));
    assert_eq!(lector.delete(&path).await.code(), (403, 50013));
}

// https://docs.discord.com/developers/resources/voice#modify-user-voice-state-caveats
#[tokio::test(start_paused = true)]
async fn who_may_speak_on_a_stage_has_asked_to() {
    let (sim, mut client, rest) = moderated().await;
    let discord = sim.discord();
    let (guild, iris) = (discord.guild_id(), discord.user("iris"));
    discord.join_voice("ambo", "iris");
    client.event("VOICE_STATE_UPDATE").await;
    let path = format!("/guilds/{guild}/voice-states/{iris}");
    let ambo = discord.channel("ambo").expect("a channel");
    rest.patch(&path, &json!({"channel_id": ambo, "suppress": false}))
        .await
        .done();
    let told = client.event("VOICE_STATE_UPDATE").await;
    assert_eq!(told["suppress"], false);
    assert!(told["request_to_speak_timestamp"].is_string());
    rest.patch(&path, &json!({"channel_id": ambo, "suppress": true}))
        .await
        .done();
    let told = client.event("VOICE_STATE_UPDATE").await;
    assert_eq!(
        (&told["suppress"], &told["request_to_speak_timestamp"]),
        (&json!(true), &Value::Null)
    );
    let elsewhere = json!({"channel_id": discord.channel("stalls"), "suppress": false});
    assert_eq!(rest.patch(&path, &elsewhere).await.code(), (404, 10065));
}
