//! Templates, widgets, welcome screens, onboarding and integrations of guilds.

use antiphon_sim::Simulator;
use serde_json::{Value, json};

use super::{
    client::{Client, Rest},
    id, moderated, stranger,
};

async fn begun() -> (Simulator, Client, Rest, String) {
    let (sim, client, rest) = moderated().await;
    let guild = format!("/guilds/{}", sim.discord().guild_id());
    (sim, client, rest, guild)
}

// https://docs.discord.com/developers/resources/guild-template
#[tokio::test(start_paused = true)]
async fn a_template_is_a_guild_without_ids() {
    let (sim, _, rest, guild) = begun().await;
    let path = format!("{guild}/templates");
    assert_eq!(rest.get(&path).await.ok(), json!([]));
    let made = rest
        .post(&path, &json!({"name": "Choirs", "description": "to sing"}))
        .await
        .ok();
    let again = rest.post(&path, &json!({"name": "Second"})).await;
    assert_eq!(again.code(), (400, 30031));
    let copy = &made["serialized_source_guild"];
    assert_eq!(copy["roles"][0]["name"], "@everyone");
    assert_eq!(copy["roles"][0]["id"], 0);
    assert_eq!(copy["channels"][0]["type"], 4, "parents go first");
    assert_eq!(copy["channels"][1]["parent_id"], "1");
    assert!(copy.get("id").is_none() && copy.get("members").is_none());
    assert_eq!(
        (&made["is_dirty"], &made["usage_count"]),
        (&Value::Null, &json!(0))
    );

    let code = made["code"].as_str().expect("a code");
    let public = format!("/guilds/templates/{code}");
    assert_eq!(stranger(&sim).get(&public).await.ok(), made);
    assert_eq!(
        rest.get("/guilds/templates/none").await.code(),
        (404, 10057)
    );
    let channel = format!("/channels/{}", sim.discord().channel_id());
    rest.patch(&channel, &json!({"topic": "psalms"})).await.ok();
    assert_eq!(rest.get(&public).await.ok()["is_dirty"], true);
    let own = format!("{path}/{code}");
    let synced = rest.put(&own, &Value::Null).await.ok();
    assert_eq!(synced["is_dirty"], Value::Null);
    assert_ne!(synced["serialized_source_guild"], *copy);
    let renamed = rest
        .patch(&own, &json!({"name": "Chapels", "description": null}))
        .await
        .ok();
    assert_eq!(
        (&renamed["name"], &renamed["description"]),
        (&json!("Chapels"), &Value::Null)
    );
    for body in [json!({}), json!({"name": "x".repeat(101)})] {
        assert_eq!(rest.post(&path, &body).await.code(), (400, 50035));
    }
    let lector = Rest::of(&sim, "lector");
    assert_eq!(lector.get(&path).await.code(), (403, 50013));
    let gone = rest.delete(&own).await.ok();
    assert_eq!(gone["code"], made["code"]);
    assert_eq!(rest.delete(&own).await.code(), (404, 10057));
}

// https://docs.discord.com/developers/resources/guild#get-guild-widget
#[tokio::test(start_paused = true)]
async fn a_widget_shows_who_is_present_once_it_is_enabled() {
    let (sim, mut client, rest, guild) = begun().await;
    let stranger = stranger(&sim);
    let shown = format!("{guild}/widget.json");
    assert_eq!(stranger.get(&shown).await.code(), (403, 50004));
    let settings = rest.get(&format!("{guild}/widget")).await.ok();
    assert_eq!(settings, json!({"enabled": false, "channel_id": null}));
    let channel = sim.discord().channel_id();
    let set = rest
        .patch(
            &format!("{guild}/widget"),
            &json!({"enabled": true, "channel_id": channel}),
        )
        .await
        .ok();
    assert_eq!(
        set,
        json!({"enabled": true, "channel_id": channel.to_string()})
    );
    let event = client.event("GUILD_UPDATE").await;
    assert_eq!(event["widget_enabled"], true);
    client.event("INVITE_CREATE").await;
    sim.discord().join_voice("stalls", "mira");
    let widget = stranger.get(&shown).await.ok();
    assert_eq!(widget["name"], "choir");
    let invite = widget["instant_invite"].as_str().expect("an invite");
    let code = invite.rsplit('/').next().expect("a code");
    let resolved = rest.get(&format!("/invites/{code}")).await.ok();
    assert_eq!(resolved["channel"]["id"], channel.to_string());
    let members = widget["members"].as_array().expect("members");
    assert_eq!(widget["presence_count"], members.len());
    assert!(members.iter().all(|one| one["status"] != "offline"));
    let mut mira = members.iter().filter(|one| one["username"] == "mira");
    let mira = mira.next().expect("mira");
    assert_eq!(
        mira["channel_id"],
        sim.discord().voice_channel_id().to_string()
    );
    let channels = widget["channels"].as_array().expect("channels");
    assert!(channels.iter().any(|one| one["name"] == "stalls"));
    let picture = format!("https://discord.com/api/v10{guild}/widget.png?style=banner2");
    let request = http::Request::get(picture)
        .header("user-agent", "a test")
        .body(bytes::Bytes::new())
        .expect("a request");
    let picture = sim.network().http().send(request).await.expect("a picture");
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert!(picture.body().starts_with(b"\x89PNG\r\n\x1a\n"));
    let style = stranger
        .get(&format!("{guild}/widget.png?style=round"))
        .await;
    assert_eq!(style.code(), (400, 50035));
    let elsewhere = rest
        .patch(&format!("{guild}/widget"), &json!({"channel_id": "5"}))
        .await;
    assert_eq!(elsewhere.code(), (404, 10003));
}

#[tokio::test(start_paused = true)]
async fn a_welcome_screen_is_for_members_once_it_is_enabled() {
    let (sim, mut client, rest, guild) = begun().await;
    let path = format!("{guild}/welcome-screen");
    assert_eq!(rest.get(&path).await.code(), (404, 10069));
    let lector = Rest::of(&sim, "lector");
    let channel = sim.discord().channel_id();
    let body = json!({"description": "sing!", "welcome_channels": [{"channel_id": channel, "description": "here", "emoji_name": "🎵"}]});
    let screen = rest.patch(&path, &body).await.ok();
    assert_eq!(
        screen["welcome_channels"],
        json!([{"channel_id": channel.to_string(), "description": "here", "emoji_id": null, "emoji_name": "🎵"}])
    );
    assert_eq!(lector.get(&path).await.code(), (403, 50013));
    rest.patch(&path, &json!({"enabled": true})).await.ok();
    let event = client.event("GUILD_UPDATE").await;
    let features = event["features"].as_array().expect("features");
    assert!(features.contains(&json!("WELCOME_SCREEN_ENABLED")));
    assert_eq!(lector.get(&path).await.ok(), screen);
    let six: Vec<Value> = (0..6)
        .map(|_| json!({"channel_id": channel, "description": "x"}))
        .collect();
    let answer = rest.patch(&path, &json!({"welcome_channels": six})).await;
    assert_eq!(answer.code(), (400, 50035));
    let wrong =
        json!({"description": "x".repeat(141), "welcome_channels": [{"channel_id": channel}]});
    let errors = rest.patch(&path, &wrong).await.json()["errors"].take();
    for at in ["/description", "/welcome_channels/0/description"] {
        assert!(errors.pointer(&format!("{at}/_errors/0/code")).is_some());
    }
    let unknown = json!({"welcome_channels": [{"channel_id": "5", "description": "x"}]});
    assert_eq!(rest.patch(&path, &unknown).await.code(), (404, 10003));
}

// https://docs.discord.com/developers/resources/guild#modify-guild-onboarding
#[tokio::test(start_paused = true)]
async fn onboarding_needs_seven_channels_and_keeps_its_ids() {
    let (sim, mut client, rest, guild) = begun().await;
    let path = format!("{guild}/onboarding");
    let empty = rest.get(&path).await.ok();
    assert_eq!(
        (&empty["enabled"], &empty["prompts"], &empty["mode"]),
        (&json!(false), &json!([]), &json!(0))
    );
    let channel = sim.discord().channel_id();
    let prompt = json!({"id": "1", "title": "What do you sing?", "single_select": true, "type": 0,
        "options": [{"title": "alto", "emoji_name": "🎵", "channel_ids": [channel]}, {"title": "bass", "emoji": {"name": "🎶"}}]});
    let set = rest.put(&path, &json!({"prompts": [prompt]})).await.ok();
    let kept = &set["prompts"][0];
    assert_ne!(id(kept), "1", "new prompts get ids of the server");
    assert_eq!(
        kept["options"][1]["emoji"],
        json!({"id": null, "name": "🎶", "animated": false})
    );
    let entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(entry["action_type"], 166);
    let entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(
        (&entry["action_type"], &entry["target_id"]),
        (&json!(163), &kept["id"])
    );
    let same = rest
        .put(&path, &json!({"prompts": set["prompts"], "mode": 1}))
        .await
        .ok();
    assert_eq!(same["prompts"], set["prompts"]);

    let names = ["loft", "lobby", "notices", "stalls", "side-chapel", "ambo"];
    let mut channels: Vec<Value> = names
        .iter()
        .map(|name| json!(sim.discord().channel(name).expect("a channel")))
        .collect();
    let few = json!({"enabled": true, "mode": 0, "default_channel_ids": channels});
    assert_eq!(rest.put(&path, &few).await.code(), (400, 350_000));
    let made = rest
        .post(&format!("{guild}/channels"), &json!({"name": "attic"}))
        .await
        .json();
    channels.push(made["id"].clone());
    let enough = json!({"enabled": true, "mode": 0, "default_channel_ids": channels});
    let enabled = rest.put(&path, &enough).await.ok();
    assert_eq!(enabled["enabled"], true);
    let event = client.event("GUILD_UPDATE").await;
    let features = event["features"].as_array().expect("features");
    assert!(features.contains(&json!("GUILD_ONBOARDING")));
    let fewer = rest.put(&path, &json!({"default_channel_ids": []})).await;
    assert_eq!(fewer.code(), (400, 350_001));

    let wrong = json!({"prompts": [{"id": "1", "options": [{"title": ""}]}], "mode": 2});
    let answer = rest.put(&path, &wrong).await;
    let errors = answer.json()["errors"].take();
    for (at, code) in [
        ("/prompts/0/title", "BASE_TYPE_REQUIRED"),
        ("/prompts/0/options/0/title", "BASE_TYPE_BAD_LENGTH"),
        ("/mode", "BASE_TYPE_CHOICES"),
    ] {
        let found = errors.pointer(&format!("{at}/_errors/0/code"));
        assert_eq!(found, Some(&json!(code)), "{at}");
    }
    let unknown = json!({"prompts": [{"id": "1", "title": "x", "options": [{"title": "y", "role_ids": ["5"]}]}]});
    assert_eq!(rest.put(&path, &unknown).await.code(), (404, 10011));
    let lector = Rest::of(&sim, "lector");
    assert_eq!(lector.put(&path, &json!({})).await.code(), (403, 50013));
    assert_eq!(lector.get(&path).await.status, 200);
    rest.get(&format!("{guild}/new-member-welcome"))
        .await
        .done();
}

#[tokio::test(start_paused = true)]
async fn an_integration_that_is_deleted_takes_its_bot_along() {
    let (sim, mut client, rest, guild) = begun().await;
    let path = format!("{guild}/integrations");
    let list = rest.get(&path).await.ok();
    let list = list.as_array().expect("a list");
    let lector = sim.discord().account_named("lector").id.to_string();
    let mut known = list.iter().filter(|one| one["id"] == lector.as_str());
    let one = known.next().expect("the bot's integration");
    assert_eq!(one["application"]["bot"]["username"], "lector");
    assert_eq!(one["type"], "discord");
    let cantor = sim.discord().account_named("cantor").id;
    let above = rest.delete(&format!("{path}/{cantor}")).await;
    assert_eq!(above.code(), (403, 50013), "its role is above the bot's");
    rest.delete(&format!("{path}/{lector}")).await.done();
    let entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(
        (&entry["action_type"], &entry["target_id"]),
        (&json!(82), &json!(lector))
    );
    let event = client.event("INTEGRATION_DELETE").await;
    assert_eq!(event["application_id"], lector);
    client.event("GUILD_INTEGRATIONS_UPDATE").await;
    let event = client.event("GUILD_MEMBER_REMOVE").await;
    assert_eq!(event["user"]["id"], lector);
    let again = rest.delete(&format!("{path}/{lector}")).await;
    assert_eq!(again.code(), (404, 10005));
}

#[tokio::test(start_paused = true)]
async fn invites_are_paused_for_a_day_at_most() {
    let (sim, mut client, rest, guild) = begun().await;
    let path = format!("{guild}/incident-actions");
    let loft = format!("/channels/{}/messages", sim.discord().channel_id());
    let said = rest.post(&loft, &json!({"content": "now"})).await.ok();
    let now = said["timestamp"].as_str().expect("a time");
    let now: jiff::Timestamp = now.parse().expect("a time");
    let hours = |hours: i64| (now + jiff::SignedDuration::from_hours(hours)).to_string();
    let set = rest
        .put(&path, &json!({"invites_disabled_until": hours(12)}))
        .await
        .ok();
    assert!(set["invites_disabled_until"].is_string());
    assert_eq!(set["dms_disabled_until"], Value::Null);
    let event = client.event("GUILD_UPDATE").await;
    assert_eq!(
        event["incidents_data"]["invites_disabled_until"],
        set["invites_disabled_until"]
    );
    let code = sim.discord().invite("loft", "mira");
    assert!(!sim.discord().join_by_invite("choir", "newcomer", &code));
    let cleared = json!({"invites_disabled_until": null});
    let cleared = rest.put(&path, &cleared).await.ok();
    assert_eq!(cleared["invites_disabled_until"], Value::Null);
    assert!(sim.discord().join_by_invite("choir", "newcomer", &code));
    let long = json!({"dms_disabled_until": hours(48), "invites_disabled_until": "soon"});
    let answer = rest.put(&path, &long).await;
    let errors = answer.json()["errors"].take();
    assert!(errors["dms_disabled_until"]["_errors"].is_array());
    let code = &errors["invites_disabled_until"]["_errors"][0]["code"];
    assert_eq!(code, "DATE_TIME_TYPE_PARSE");
}

#[tokio::test(start_paused = true)]
async fn a_request_to_join_is_approved_or_rejected_once() {
    let (sim, mut client, rest, guild) = begun().await;
    let path = format!("{guild}/requests");
    let discord = sim.discord();
    let first = discord.ask_to_join("choir", "newcomer").expect("a request");
    let second = discord
        .ask_to_join("choir", "latecomer")
        .expect("a request");
    let all = rest.get(&path).await.ok();
    assert_eq!(all["total"], 2);
    assert_eq!(id(&all["guild_join_requests"][0]), second.to_string());
    let approved = rest
        .patch(&format!("{path}/{first}"), &json!({"action": "APPROVED"}))
        .await
        .ok();
    assert_eq!(approved["application_status"], "APPROVED");
    assert!(approved["reviewed_at"].is_string());
    let event = client.event("GUILD_MEMBER_ADD").await;
    assert_eq!(event["user"]["username"], "newcomer");
    let rejected = rest
        .patch(
            &format!("{path}/{second}"),
            &json!({"action": "REJECTED", "rejection_reason": "no voice"}),
        )
        .await
        .ok();
    assert_eq!(rejected["rejection_reason"], "no voice");
    let open = rest
        .get(&format!("{path}?status=SUBMITTED&limit=5"))
        .await
        .ok();
    assert_eq!(open, json!({"total": 0, "guild_join_requests": []}));
    let again = rest
        .patch(&format!("{path}/{first}"), &json!({"action": "REJECTED"}))
        .await;
    assert_eq!(again.status, 404);
    for body in [
        json!({}),
        json!({"action": "MAYBE"}),
        json!({"action": "REJECTED", "rejection_reason": "x".repeat(161)}),
    ] {
        let answer = rest.patch(&format!("{path}/{second}"), &body).await;
        assert_eq!(answer.code(), (400, 50035));
    }
    for query in ["limit=101", "limit=0", "status=OPEN", "before=x"] {
        let answer = rest.get(&format!("{path}?{query}")).await;
        assert_eq!(answer.code(), (400, 50035), "{query}");
    }
    let lector = Rest::of(&sim, "lector");
    assert_eq!(lector.get(&path).await.code(), (403, 50013));
}

// https://docs.discord.com/developers/resources/guild#modify-guild-mfa-level
#[tokio::test(start_paused = true)]
async fn only_an_owner_sets_the_level_of_mfa() {
    let (_sim, _, rest, guild) = begun().await;
    let path = format!("{guild}/mfa");
    let wrong = rest.post(&path, &json!({"level": 2})).await;
    assert_eq!(wrong.code(), (400, 50035));
    let refused = rest.post(&path, &json!({"level": 1})).await;
    assert_eq!(refused.code(), (403, 50013));
}
