//! Automatic moderation (<https://docs.discord.com/developers/resources/auto-moderation>).

use antiphon_sim::Simulator;
use serde_json::{Value, json};

use super::{
    ALL,
    client::{Client, Rest},
    id, moderated,
};

fn path(sim: &Simulator) -> String {
    format!("/guilds/{}/auto-moderation/rules", sim.discord().guild_id())
}

fn keywords(words: &[&str], actions: &Value) -> Value {
    json!({
        "name": "no shouting", "event_type": 1, "trigger_type": 1, "enabled": true,
        "trigger_metadata": {"keyword_filter": words}, "actions": actions,
    })
}

#[tokio::test(start_paused = true)]
async fn a_rule_is_made_found_changed_and_removed() {
    let (sim, mut client, rest) = moderated().await;
    let path = path(&sim);
    let rule = json!({
        "name": "no shouting", "event_type": 1, "trigger_type": 1,
        "trigger_metadata": {"keyword_filter": ["cat*", "*dog"], "regex_patterns": ["(b|c)at"]},
        "actions": [{"type": 1, "metadata": {"custom_message": "quiet"}}, {"type": 1}],
    });
    let made = rest.post(&path, &rule).await.ok();
    assert_eq!(client.event("AUTO_MODERATION_RULE_CREATE").await, made);
    let entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(
        (&entry["action_type"], &entry["target_id"]),
        (&json!(140), &made["id"])
    );
    assert_eq!(
        made,
        json!({
            "id": made["id"], "guild_id": sim.discord().guild_id().to_string(), "name": "no shouting",
            "creator_id": sim.discord().account().id.to_string(), "event_type": 1, "trigger_type": 1,
            "trigger_metadata": {"keyword_filter": ["cat*", "*dog"], "regex_patterns": ["(b|c)at"], "allow_list": []},
            "actions": [{"type": 1, "metadata": {"custom_message": "quiet"}}, {"type": 1, "metadata": {}}],
            "enabled": false, "exempt_roles": [], "exempt_channels": [],
        })
    );
    let one = format!("{path}/{}", id(&made));
    let change = json!({"enabled": true, "trigger_metadata": {"allow_list": ["catalogue"]}, "exempt_roles": [5]});
    let changed = rest.patch(&one, &change).await.ok();
    assert_eq!(
        changed["trigger_metadata"]["keyword_filter"],
        json!(["cat*", "*dog"]),
        "it stays"
    );
    assert_eq!(
        changed["trigger_metadata"]["allow_list"],
        json!(["catalogue"])
    );
    assert_eq!(changed["exempt_roles"], json!(["5"]));
    assert_eq!(client.event("AUTO_MODERATION_RULE_UPDATE").await, changed);
    assert_eq!(rest.get(&one).await.ok(), changed);
    assert_eq!(rest.get(&path).await.ok(), json!([changed]));
    let log = rest
        .get(&format!(
            "/guilds/{}/audit-logs?action_type=141",
            sim.discord().guild_id()
        ))
        .await
        .ok();
    assert_eq!(log["auto_moderation_rules"], json!([changed]));
    rest.delete(&one).await.done();
    assert_eq!(
        client.event("AUTO_MODERATION_RULE_DELETE").await["id"],
        made["id"]
    );
    assert_eq!(rest.get(&one).await.code(), (404, 10066));
    assert_eq!(rest.patch(&one, &json!({})).await.code(), (404, 10066));
}

#[tokio::test(start_paused = true)]
async fn each_trigger_has_its_metadata_and_its_number_of_rules() {
    let (sim, _client, rest) = moderated().await;
    let path = path(&sim);
    let block = json!([{"type": 1}]);
    for (trigger, event, metadata, kept, most, action) in [
        (
            1,
            1,
            json!({"keyword_filter": ["a"]}),
            json!({"keyword_filter": ["a"], "regex_patterns": [], "allow_list": []}),
            6,
            1,
        ),
        (3, 1, json!(null), json!({}), 1, 1),
        (
            4,
            1,
            json!({"presets": [1, 3]}),
            json!({"presets": [1, 3], "allow_list": []}),
            1,
            1,
        ),
        (
            5,
            1,
            json!({"mention_total_limit": 9}),
            json!({"mention_total_limit": 9, "mention_raid_protection_enabled": false}),
            1,
            1,
        ),
        (
            6,
            2,
            json!({"regex_patterns": ["a"]}),
            json!({"keyword_filter": [], "regex_patterns": ["a"], "allow_list": []}),
            1,
            4,
        ),
    ] {
        let mut rule =
            json!({"name": "x", "event_type": event, "trigger_type": trigger, "actions": block});
        rule["actions"][0]["type"] = json!(action);
        rule["trigger_metadata"] = metadata;
        for _ in 0..most {
            let made = rest.post(&path, &rule).await.ok();
            assert_eq!(made["trigger_metadata"], kept, "{trigger}");
        }
        let more = rest.post(&path, &rule).await;
        assert_eq!(more.code(), (400, 50035));
        assert_eq!(
            more.json()["errors"]["_errors"][0],
            json!({
                "code": "AUTO_MODERATION_MAX_RULES_OF_TYPE_EXCEEDED",
                "message": format!("Maximum number of rules with trigger type {trigger} is {most}"),
            })
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_rule_is_told() {
    let (sim, _client, rest) = moderated().await;
    let path = path(&sim);
    let many = |count: usize| vec!["a"; count];
    for (change, field, code) in [
        (json!({"name": null}), "/name", "BASE_TYPE_REQUIRED"),
        (json!({"name": ""}), "/name", "BASE_TYPE_BAD_LENGTH"),
        (json!({"event_type": 2}), "/event_type", "BASE_TYPE_CHOICES"),
        (
            json!({"trigger_type": 2}),
            "/trigger_type",
            "BASE_TYPE_CHOICES",
        ),
        (
            json!({"trigger_type": 4, "trigger_metadata": null}),
            "/trigger_metadata",
            "BASE_TYPE_REQUIRED",
        ),
        (json!({"actions": []}), "/actions", "BASE_TYPE_BAD_LENGTH"),
        (
            json!({"actions": [{}]}),
            "/actions/0/type",
            "BASE_TYPE_REQUIRED",
        ),
        (
            json!({"actions": [{"type": 4}]}),
            "/actions/0/type",
            "BASE_TYPE_CHOICES",
        ),
        (
            json!({"actions": [{"type": 2}]}),
            "/actions/0/metadata",
            "BASE_TYPE_REQUIRED",
        ),
        (
            json!({"actions": [{"type": 3, "metadata": {"duration_seconds": 2_419_201}}]}),
            "/actions/0/metadata/duration_seconds",
            "NUMBER_TYPE_MAX",
        ),
        (
            json!({"trigger_metadata": {"keyword_filter": many(1001)}}),
            "/trigger_metadata/keyword_filter",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"trigger_metadata": {"keyword_filter": ["a", "x".repeat(61)]}}),
            "/trigger_metadata/keyword_filter/1",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({"trigger_metadata": {"regex_patterns": many(11)}}),
            "/trigger_metadata/regex_patterns",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"trigger_metadata": {"regex_patterns": ["(?=no)"]}}),
            "/trigger_metadata/regex_patterns/0",
            "AUTO_MODERATION_INVALID_REGEX",
        ),
        (
            json!({"trigger_metadata": {"allow_list": many(101)}}),
            "/trigger_metadata/allow_list",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"exempt_roles": (0..21).collect::<Vec<_>>()}),
            "/exempt_roles",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"exempt_channels": ["x"]}),
            "/exempt_channels/0",
            "NUMBER_TYPE_COERCE",
        ),
        (
            json!({"enabled": "perhaps"}),
            "/enabled",
            "BOOLEAN_TYPE_CONVERT",
        ),
    ] {
        let mut rule = keywords(&["a"], &json!([{"type": 1}]));
        for (name, value) in change.as_object().expect("fields") {
            rule[name] = value.clone();
        }
        let wrong = rest.post(&path, &rule).await;
        assert_eq!(wrong.code(), (400, 50035), "{change}");
        let errors = &wrong.json()["errors"];
        let found = errors.pointer(&format!("{field}/_errors/0/code"));
        assert_eq!(found, Some(&json!(code)), "{change}: {errors}");
    }
    let alert = keywords(
        &["a"],
        &json!([{"type": 2, "metadata": {"channel_id": "5"}}]),
    );
    assert_eq!(rest.post(&path, &alert).await.code(), (404, 10003));
    let lector = Rest::of(&sim, "lector");
    assert_eq!(lector.get(&path).await.code(), (403, 50013));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_a_rule_blocks_is_not_posted() {
    let (sim, mut client, rest) = moderated().await;
    let discord = sim.discord();
    let rule = keywords(&["cat*"], &json!([{"type": 1, "metadata": {}}]));
    let rule = rest.post(&path(&sim), &rule).await.ok();
    assert_eq!(discord.say("loft", "iris", "what a Catapult"), 0);
    let told = client.event("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert_eq!(
        told,
        json!({
            "guild_id": discord.guild_id().to_string(), "action": {"type": 1, "metadata": {}}, "rule_id": rule["id"],
            "rule_trigger_type": 1, "user_id": discord.user("iris").to_string(),
            "channel_id": discord.channel_id().to_string(), "content": "what a Catapult", "matched_keyword": "cat*",
            "matched_content": "Cat",
        })
    );
    let entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(
        (
            &entry["action_type"],
            &entry["options"]["auto_moderation_rule_name"]
        ),
        (&json!(143), &json!("no shouting"))
    );
    assert_eq!(entry["options"]["auto_moderation_rule_trigger_type"], "1");
    // The owner and bots meet no rule, nor do words that no keyword has.
    discord.say("loft", "mira", "a catapult");
    discord.say("loft", "iris", "an educated guess");
    let channel = format!("/channels/{}/messages", discord.channel_id());
    rest.post(&channel, &json!({"content": "cats"})).await.ok();
    assert_eq!(
        discord.texts("loft"),
        ["a catapult", "an educated guess", "cats"]
    );
    // A rule that exempts the channel, or is switched off, blocks nothing there.
    let one = format!("{}/{}", path(&sim), id(&rule));
    for change in [
        json!({"exempt_channels": [discord.channel_id()]}),
        json!({"exempt_channels": [], "enabled": false}),
    ] {
        rest.patch(&one, &change).await.ok();
        assert_ne!(discord.say("loft", "iris", "cats"), 0, "{change}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_alerts_and_silences() {
    let (sim, mut client, rest) = moderated().await;
    let discord = sim.discord();
    let lobby = discord.channel("lobby").expect("a channel");
    let rule = json!({
        "name": "no crowds", "event_type": 1, "trigger_type": 5, "enabled": true,
        "trigger_metadata": {"mention_total_limit": 1},
        "actions": [
            {"type": 2, "metadata": {"channel_id": lobby.to_string()}},
            {"type": 3, "metadata": {"duration_seconds": 60}},
        ],
    });
    rest.post(&path(&sim), &rule).await.ok();
    let said = discord.say("loft", "iris", "<@1> <@2>");
    assert_ne!(said, 0, "it is posted");
    assert_eq!(client.event("MESSAGE_CREATE").await["id"], said.to_string());
    let alert = client.event("MESSAGE_CREATE").await;
    assert_eq!(
        (&alert["type"], &alert["channel_id"]),
        (&json!(24), &json!(lobby.to_string()))
    );
    assert_eq!(alert["embeds"][0]["description"], "<@1> <@2>");
    let told = client.event("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert_eq!(told["alert_system_message_id"], alert["id"]);
    assert_eq!(
        (&told["message_id"], &told["matched_keyword"]),
        (&json!(said.to_string()), &Value::Null)
    );
    let member = client.event("GUILD_MEMBER_UPDATE").await;
    assert!(member["communication_disabled_until"].is_string());
    let told = client.event("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert_eq!(told["action"]["type"], 3);
}

// https://docs.discord.com/developers/events/gateway-events#auto-moderation-action-execution
#[tokio::test(start_paused = true)]
async fn contents_of_executions_need_their_intent_and_all_of_it_a_right() {
    let (sim, mut blind) = super::identified(ALL & !(1 << 15)).await;
    sim.discord().unlimited(true);
    let mut lector = Client::open(&sim, "").await;
    lector
        .identify_as(
            &sim,
            "lector",
            ALL & !(1 << 1 | 1 << 8 | 1 << 15),
            &json!({}),
        )
        .await;
    lector.event("GUILD_CREATE").await;
    let rest = Rest::of(&sim, "antiphon");
    rest.post(&path(&sim), &keywords(&["bell"], &json!([{"type": 1}])))
        .await
        .ok();
    sim.discord().say("loft", "iris", "ring the bell");
    let told = blind.event("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert_eq!(
        (
            &told["content"],
            &told["matched_content"],
            &told["matched_keyword"]
        ),
        (&json!(""), &Value::Null, &json!("bell"))
    );
    let heard = lector.drain().await;
    let of_moderation = heard.iter().filter(|frame| {
        frame["t"]
            .as_str()
            .is_some_and(|name| name.starts_with("AUTO_MODERATION"))
    });
    assert_eq!(of_moderation.count(), 0, "it does not manage the guild");
}
