//! Pruning, and banning many at once (<https://docs.discord.com/developers/resources/guild#begin-guild-prune>).

use serde_json::{Value, json};

use super::{client::Rest, moderated};

#[tokio::test(start_paused = true)]
async fn a_prune_removes_who_is_not_there() {
    let (sim, mut client, rest) = moderated().await;
    let discord = sim.discord();
    let path = format!("/guilds/{}/prune", discord.guild_id());
    let counted = rest.get(&format!("{path}?days=7")).await.ok()["pruned"].clone();
    let count = counted.as_u64().expect("a number");
    assert!(
        count > 0,
        "one in four of the residents is offline, and some have no roles"
    );
    // Who speaks, joins voice or appears is there.
    let members = rest
        .get(&format!(
            "/guilds/{}/members?limit=1000",
            discord.guild_id()
        ))
        .await
        .ok();
    let members = members.as_array().expect("a list").iter();
    let without_roles =
        members.filter(|one| one["roles"] == json!([]) && one["user"]["bot"] != true);
    let names: Vec<String> = without_roles
        .map(|one| one["user"]["username"].as_str().expect("a name").to_owned())
        .collect();
    for name in &names {
        discord.appear("choir", name, "offline", None);
    }
    let all = rest.get(&path).await.ok()["pruned"]
        .as_u64()
        .expect("a number");
    assert!(
        all >= count && all <= names.len() as u64,
        "{all} of {names:?}"
    );
    discord.say("loft", &names[0], "I am here");
    assert_eq!(rest.get(&path).await.ok()["pruned"], all - 1);
    let roles = rest
        .get(&format!("/guilds/{}/roles", discord.guild_id()))
        .await
        .ok();
    let roles = roles.as_array().expect("a list").iter();
    let regulars = roles
        .clone()
        .find(|role| role["name"] == "Regulars")
        .expect("a role");
    let with_role = rest
        .get(&format!(
            "{path}?include_roles={}",
            regulars["id"].as_str().expect("an id")
        ))
        .await
        .ok();
    assert!(with_role["pruned"].as_u64() >= Some(all - 1));

    let body = json!({"days": 7, "compute_prune_count": true, "reason": "long gone"});
    assert_eq!(
        rest.post(&path, &body).await.ok(),
        json!({"pruned": all - 1})
    );
    client.event("GUILD_MEMBER_REMOVE").await;
    let mut entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    while entry["action_type"] != 21 {
        entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    }
    assert_eq!(
        entry["options"],
        json!({"delete_member_days": "7", "members_removed": (all - 1).to_string()})
    );
    assert_eq!(
        (&entry["target_id"], &entry["reason"]),
        (&Value::Null, &json!("long gone"))
    );
    let again = rest
        .post(&path, &json!({"compute_prune_count": false}))
        .await
        .ok();
    assert_eq!(again, json!({"pruned": null}));
    for (query, field) in [
        ("days=0", "days"),
        ("days=31", "days"),
        ("include_roles=x", "include_roles"),
    ] {
        let wrong = rest.get(&format!("{path}?{query}")).await;
        assert!(
            wrong.json()["errors"][field]["_errors"].is_array(),
            "{query}"
        );
    }
    assert_eq!(
        rest.get(&format!("{path}?include_roles=5")).await.code(),
        (404, 10011)
    );
    assert_eq!(
        Rest::of(&sim, "lector").get(&path).await.code(),
        (403, 50013)
    );
}

#[tokio::test(start_paused = true)]
async fn many_are_banned_at_once_and_the_others_named() {
    let (sim, mut client, rest) = moderated().await;
    let discord = sim.discord();
    let path = format!("/guilds/{}/bulk-ban", discord.guild_id());
    let [iris, finn, mira] = ["iris", "finn", "mira"].map(|name| discord.user(name));
    discord.say("loft", "iris", "a last word");
    let body =
        json!({"user_ids": [iris, finn.to_string(), mira, 5], "delete_message_seconds": 3600});
    let answer = rest.post(&path, &body).await.ok();
    assert_eq!(
        answer,
        json!({"banned_users": [iris.to_string(), finn.to_string()], "failed_users": [mira.to_string(), "5"]})
    );
    assert_eq!(
        client.event("GUILD_BAN_ADD").await["user"]["id"],
        iris.to_string()
    );
    assert_eq!(
        client.event("GUILD_BAN_ADD").await["user"]["id"],
        finn.to_string()
    );
    assert_eq!(discord.texts("loft"), [] as [&str; 0]);
    let again = rest.post(&path, &json!({"user_ids": [iris, mira]})).await;
    assert_eq!(again.code(), (400, 500_000));
    for (body, field) in [
        (json!({}), "user_ids"),
        (
            json!({"user_ids": (0..201).collect::<Vec<_>>()}),
            "user_ids",
        ),
        (
            json!({"user_ids": [1], "delete_message_seconds": 604_801}),
            "delete_message_seconds",
        ),
    ] {
        let wrong = rest.post(&path, &body).await;
        assert!(
            wrong.json()["errors"][field]["_errors"].is_array(),
            "{field}"
        );
    }
    let refused = Rest::of(&sim, "lector")
        .post(&path, &json!({"user_ids": [1]}))
        .await;
    assert_eq!(refused.code(), (403, 50013));
}

// https://docs.discord.com/developers/resources/guild#add-guild-member
#[tokio::test(start_paused = true)]
async fn a_user_who_gave_a_token_is_added() {
    let (sim, mut client, rest) = moderated().await;
    let discord = sim.discord();
    let user = discord.user("wanderer");
    let path = format!("/guilds/{}/members/{user}", discord.guild_id());
    assert_eq!(rest.put(&path, &json!({})).await.code(), (400, 50035));
    let body = json!({"access_token": "t0ken", "nick": "Wanderer", "mute": true});
    let made = rest.put(&path, &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        (&made.json()["nick"], &made.json()["mute"]),
        (&json!("Wanderer"), &json!(true))
    );
    assert_eq!(
        client.event("GUILD_MEMBER_ADD").await["user"]["id"],
        user.to_string()
    );
    rest.put(&path, &body).await.done();
    let other = discord.user("pilgrim");
    let path = format!("/guilds/{}/members/{other}", discord.guild_id());
    let lector = Rest::of(&sim, "lector");
    assert_eq!(
        lector.put(&path, &body).await.code(),
        (403, 50013),
        "it may not name or mute"
    );
    assert_eq!(
        lector
            .put(&path, &json!({"access_token": "t0ken"}))
            .await
            .status,
        201
    );
}
