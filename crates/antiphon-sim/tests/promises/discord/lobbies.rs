//! Lobbies and accounts of games (<https://docs.discord.com/developers/resources/lobby>).

use std::time::Duration;

use serde_json::{Value, json};

use super::{client::Rest, id, moderated};

#[tokio::test(start_paused = true)]
async fn a_lobby_has_members_and_ends_when_nobody_uses_it() {
    let (sim, _client, rest) = moderated().await;
    let discord = sim.discord();
    let (iris, finn) = (discord.user("iris"), discord.user("finn"));
    let body = json!({
        "metadata": {"topic": "evensong"}, "members": [{"id": iris, "metadata": {"part": "alto"}, "flags": 1}],
        "idle_timeout_seconds": 60,
    });
    let made = rest.post("/lobbies", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let lobby = made.json();
    assert_eq!(
        lobby,
        json!({
            "id": lobby["id"], "application_id": discord.account().application.to_string(),
            "metadata": {"topic": "evensong"}, "flags": 0, "override_event_webhooks_url": null,
            "members": [{"id": iris.to_string(), "metadata": {"part": "alto"}, "flags": 1}],
        })
    );
    let one = format!("/lobbies/{}", id(&lobby));
    let member = json!({"additional_name": "Finn of the Bell", "metadata": {"part": "bass"}});
    let member = rest
        .put(&format!("{one}/members/{finn}"), &member)
        .await
        .ok();
    assert_eq!(
        member,
        json!({"id": finn.to_string(), "metadata": {"part": "bass"}, "flags": 0, "additional_name": "Finn of the Bell"})
    );
    let many = json!([{"id": finn, "flags": 1}, {"id": iris.to_string(), "remove_member": true}]);
    let many = rest.post(&format!("{one}/members/bulk"), &many).await.ok();
    assert_eq!(many.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&many[0]["flags"], &many[0]["metadata"]["part"]),
        (&json!(1), &json!("bass"))
    );
    let changed = rest
        .patch(&one, &json!({"metadata": null, "members": [{"id": iris}]}))
        .await
        .ok();
    assert_eq!(
        (&changed["metadata"], &changed["members"][0]["id"]),
        (&Value::Null, &json!(iris.to_string()))
    );
    rest.delete(&format!("{one}/members/{iris}")).await.done();
    rest.delete(&format!("{one}/members/{iris}")).await.done();
    assert_eq!(rest.get(&one).await.ok()["members"], json!([]));
    assert_eq!(
        Rest::of(&sim, "cantor").get(&one).await.code(),
        (404, 10031),
        "another application's"
    );
    tokio::time::sleep(Duration::from_secs(59)).await;
    rest.get(&one).await.ok();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(rest.get(&one).await.code(), (404, 10031));
    rest.delete(&one).await.done();
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_lobby_is_told() {
    let (sim, _client, rest) = moderated().await;
    let long = |count: usize| "x".repeat(count);
    let keys: serde_json::Map<String, Value> =
        (0..26).map(|key| (key.to_string(), json!("x"))).collect();
    for (body, field, code) in [
        (
            json!({"idle_timeout_seconds": 4}),
            "/idle_timeout_seconds",
            "NUMBER_TYPE_MIN",
        ),
        (
            json!({"idle_timeout_seconds": 604_801}),
            "/idle_timeout_seconds",
            "NUMBER_TYPE_MAX",
        ),
        (json!({"metadata": [1]}), "/metadata", "DICT_TYPE_CONVERT"),
        (
            json!({"metadata": {"a": 1}}),
            "/metadata/a",
            "STRING_TYPE_CONVERT",
        ),
        (
            json!({"metadata": {"a": long(1025)}}),
            "/metadata/a",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"metadata": {"a": long(600), "b": long(600)}}),
            "/metadata",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"metadata": keys}),
            "/metadata",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"members": [{}]}),
            "/members/0/id",
            "BASE_TYPE_REQUIRED",
        ),
        (
            json!({"members": vec![json!({"id": 1}); 26]}),
            "/members",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (json!({"flags": 2}), "/flags", "NUMBER_TYPE_MAX"),
    ] {
        let wrong = rest.post("/lobbies", &body).await;
        assert_eq!(wrong.code(), (400, 50035), "{body}");
        let found = wrong.json()["errors"]
            .pointer(&format!("{field}/_errors/0/code"))
            .cloned();
        assert_eq!(found, Some(json!(code)), "{body}");
    }
    let unknown = rest
        .post("/lobbies", &json!({"members": [{"id": 5}]}))
        .await;
    assert_eq!(unknown.code(), (404, 10013));
    let lobby = rest.post("/lobbies", &json!({})).await.json();
    let one = format!("/lobbies/{}", id(&lobby));
    let none = rest.post(&format!("{one}/members/bulk"), &json!([])).await;
    assert_eq!(none.code(), (400, 50035));
    assert_eq!(
        rest.put(&format!("{one}/members/5"), &json!({}))
            .await
            .code(),
        (404, 10013)
    );
    let finn = sim.discord().user("finn");
    let name = rest
        .put(
            &format!("{one}/members/{finn}"),
            &json!({"additional_name": long(81)}),
        )
        .await;
    assert_eq!(name.code(), (400, 50035));
}

#[tokio::test(start_paused = true)]
async fn a_lobby_that_is_linked_speaks_in_its_channel() {
    let (sim, mut client, rest) = moderated().await;
    let discord = sim.discord();
    let lobby = rest
        .put(
            "/lobbies",
            &json!({"secret": "s3cret", "member_metadata": {"part": "alto"}}),
        )
        .await
        .ok();
    let bot = discord.account().id;
    assert_eq!(lobby["members"][0]["id"], bot.to_string());
    let again = rest
        .put(
            "/lobbies",
            &json!({"secret": "s3cret", "lobby_metadata": {"a": "b"}}),
        )
        .await
        .ok();
    assert_eq!(
        (&again["id"], &again["metadata"]),
        (&lobby["id"], &json!({"a": "b"}))
    );
    let one = format!("/lobbies/{}", id(&lobby));
    let invites = format!("{one}/members/{}/invites", discord.user("iris"));
    assert_eq!(
        rest.post(&invites, &Value::Null).await.code(),
        (404, 10003),
        "no channel yet"
    );
    let link = format!("{one}/channel-linking");
    let linked = rest
        .patch(&link, &json!({"channel_id": discord.channel_id()}))
        .await
        .ok();
    assert_eq!(
        linked["linked_channel"]["id"],
        discord.channel_id().to_string()
    );
    for path in [invites, format!("{one}/members/@me/invites")] {
        let invite = rest.post(&path, &Value::Null).await.ok();
        let told = client.event("INVITE_CREATE").await;
        assert_eq!(
            (&told["code"], &told["max_uses"], &told["max_age"]),
            (&invite["code"], &json!(1), &json!(3600))
        );
    }
    let unlinked = rest.patch(&link, &json!({})).await.ok();
    assert!(unlinked.get("linked_channel").is_none());
    rest.put(&format!("{one}/members/{bot}"), &json!({"flags": 0}))
        .await
        .ok();
    assert_eq!(
        rest.patch(&link, &json!({})).await.code(),
        (403, 50013),
        "it may not link"
    );
    rest.delete(&format!("{one}/members/@me")).await.done();
    let messages = rest.get(&format!("{one}/messages")).await;
    assert_eq!(messages.code(), (403, 50001), "no member");
}

#[tokio::test(start_paused = true)]
async fn a_message_of_a_lobby_is_kept_and_moderated() {
    let (sim, mut client, rest) = moderated().await;
    let discord = sim.discord();
    let lobby = rest
        .put("/lobbies", &json!({"secret": "s3cret"}))
        .await
        .ok();
    let bot = discord.account().id;
    let one = format!("/lobbies/{}", id(&lobby));
    let link = json!({"channel_id": discord.channel_id()});
    rest.patch(&format!("{one}/channel-linking"), &link)
        .await
        .ok();
    let messages = format!("{one}/messages");
    rest.put(
        &format!("{one}/members/{bot}"),
        &json!({"additional_name": "The Cantor"}),
    )
    .await
    .ok();
    let said = rest
        .post(
            &messages,
            &json!({"content": "hear ye", "metadata": {"hymn": "9"}}),
        )
        .await;
    assert_eq!(said.status, 201, "{}", said.text);
    let said = said.json();
    assert_eq!(
        (&said["lobby_id"], &said["channel_id"]),
        (&lobby["id"], &lobby["id"])
    );
    assert_eq!(
        (&said["content"], &said["lobby_member"]["additional_name"]),
        (&json!("hear ye"), &json!("The Cantor"))
    );
    assert_eq!(client.event("MESSAGE_CREATE").await["content"], "hear ye");
    let moderation = format!("{messages}/{}/moderation-metadata", id(&said));
    rest.put(&moderation, &json!({"verdict": "fine"}))
        .await
        .done();
    let kept = rest.get(&format!("{messages}?limit=1")).await.ok();
    assert_eq!(kept[0]["moderation_metadata"], json!({"verdict": "fine"}));
    let many: serde_json::Map<String, Value> =
        (0..6).map(|key| (key.to_string(), json!("x"))).collect();
    assert_eq!(
        rest.put(&moderation, &many.into()).await.code(),
        (400, 50035)
    );
    assert_eq!(
        rest.post(&messages, &json!({"content": ""})).await.code(),
        (400, 50006)
    );
    assert_eq!(
        rest.get(&format!("{messages}?limit=201")).await.code(),
        (400, 50035)
    );
}

#[tokio::test(start_paused = true)]
async fn a_game_has_accounts_for_those_without_one() {
    let (sim, _client, rest) = moderated().await;
    let token = rest
        .post(
            "/partner-sdk/token/bot",
            &json!({"external_user_id": "steam:7", "preferred_global_name": "Finn"}),
        )
        .await
        .ok();
    assert_eq!(
        (&token["token_type"], &token["scope"]),
        (&json!("Bearer"), &json!("sdk.social_layer"))
    );
    let user = |token: &Value| {
        let access = token["access_token"].as_str().expect("a token");
        access.split('.').next().expect("a user").to_owned()
    };
    let known = rest.get(&format!("/users/{}", user(&token))).await.ok();
    assert_eq!(known["global_name"], "Finn");
    let again = rest
        .post(
            "/partner-sdk/token/bot",
            &json!({"external_user_id": "steam:7"}),
        )
        .await
        .ok();
    assert_eq!(user(&again), user(&token));
    let unmerge = "/partner-sdk/provisional-accounts/unmerge/bot";
    rest.post(unmerge, &json!({"external_user_id": "steam:7"}))
        .await
        .done();
    assert_eq!(
        rest.post(unmerge, &json!({"external_user_id": "steam:7"}))
            .await
            .code(),
        (404, 10013)
    );
    assert_eq!(rest.post(unmerge, &json!({})).await.code(), (400, 50035));

    let discord = sim.discord();
    let (_, message) = discord.whisper("iris", "antiphon", "hello");
    let path = |message: u64| {
        let (iris, bot) = (discord.user("iris"), discord.account().id);
        format!("/partner-sdk/dms/{iris}/{bot}/messages/{message}/moderation-metadata")
    };
    rest.put(&path(message), &json!({"verdict": "fine"}))
        .await
        .done();
    assert_eq!(rest.put(&path(5), &json!({})).await.code(), (404, 10008));
}
