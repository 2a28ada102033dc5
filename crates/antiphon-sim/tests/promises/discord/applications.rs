//! The bot's own application, its emojis, its role connections and its attachments.

use antiphon_sim::Simulator;
use serde_json::{Value, json};

use super::{client::Rest, quiet};

fn begun() -> (Simulator, Rest, String) {
    let (sim, rest, _) = quiet();
    let path = format!("/applications/{}", sim.discord().account().id);
    (sim, rest, path)
}

// https://docs.discord.com/developers/resources/application#edit-current-application
#[tokio::test(start_paused = true)]
async fn an_application_keeps_what_its_bot_sets() {
    let (_sim, rest, path) = begun();
    let before = rest.get("/applications/@me").await.ok();
    for field in ["type", "team", "interactions_endpoint_url"] {
        assert_eq!(before.get(field), Some(&Value::Null), "{field}");
    }
    // Members, presences and message content: the intents that this bot may use.
    let limited = 1 << 13 | 1 << 15 | 1 << 19;
    assert_eq!(before["flags_new"], limited.to_string());
    let set = json!({
        "description": "sings", "tags": ["music", "choir"], "flags": (1 << 15) | 1,
        "icon": "data:image/png;base64,iVBORw0KGgo=",
        "interactions_endpoint_url": "https://example.org/interactions",
        "install_params": {"scopes": ["bot"], "permissions": "2048"},
        "integration_types_config": {"0": {"oauth2_install_params": {"scopes": ["bot"], "permissions": 8}}, "1": {}},
        "event_webhooks_url": "https://example.org/events", "event_webhooks_status": 2,
        "event_webhooks_types": ["APPLICATION_AUTHORIZED"],
    });
    let after = rest.patch("/applications/@me", &set).await.ok();
    assert_eq!(after["description"], "sings");
    assert_eq!(after["tags"], json!(["music", "choir"]));
    assert_eq!(
        (&after["flags"], &after["flags_new"]),
        (&json!(1 << 15), &json!("32768")),
        "a bot sets the flags of limited intents alone"
    );
    assert_eq!(after["icon"].as_str().map(str::len), Some(32));
    assert_eq!(after["install_params"]["permissions"], "2048");
    let guilds = &after["integration_types_config"]["0"]["oauth2_install_params"];
    assert_eq!(guilds["permissions"], "8");
    for path in [&path, "/applications/@me", "/oauth2/applications/@me"] {
        assert_eq!(rest.get(path).await.ok(), after, "{path}");
    }
    let cleared = json!({"icon": null, "install_params": null, "interactions_endpoint_url": null});
    let cleared = rest.patch(&path, &cleared).await.ok();
    assert_eq!(cleared["icon"], Value::Null);
    assert_eq!(cleared["interactions_endpoint_url"], Value::Null);
    assert_eq!(cleared.get("install_params"), None, "it may only be absent");
    let other = rest.patch("/applications/1", &json!({})).await;
    assert_eq!(other.code(), (403, 20012));
    assert_eq!(rest.get("/oauth2/@me").await.code(), (403, 20001));
}

#[tokio::test(start_paused = true)]
async fn each_wrong_setting_of_an_application_is_named() {
    let (_sim, rest, _) = begun();
    let answer = rest
        .patch(
            "/applications/@me",
            &json!({
                "description": "x".repeat(401), "tags": ["t".repeat(21)], "interactions_endpoint_url": "http://example.org",
                "icon": "nothing", "install_params": {"scopes": [7]}, "event_webhooks_status": 3,
            }),
        )
        .await;
    assert_eq!(answer.code(), (400, 50035));
    let errors = answer.json()["errors"].take();
    for (at, code) in [
        ("/description", "BASE_TYPE_MAX_LENGTH"),
        ("/tags/0", "BASE_TYPE_BAD_LENGTH"),
        ("/interactions_endpoint_url", "URL_TYPE_INVALID_URL"),
        ("/icon", "IMAGE_INVALID"),
        ("/install_params/scopes", "STRING_TYPE_CONVERT"),
        ("/install_params/permissions", "BASE_TYPE_REQUIRED"),
        ("/event_webhooks_status", "BASE_TYPE_CHOICES"),
    ] {
        let found = errors.pointer(&format!("{at}/_errors/0/code"));
        assert_eq!(found, Some(&json!(code)), "{at}");
    }
    let many = json!({"tags": ["a", "b", "c", "d", "e", "f"]});
    let answer = rest.patch("/applications/@me", &many).await;
    assert_eq!(answer.code(), (400, 50035));
}

// https://docs.discord.com/developers/resources/application-role-connection-metadata
#[tokio::test(start_paused = true)]
async fn role_connections_have_five_records_at_most() {
    let (_sim, rest, path) = begun();
    let path = format!("{path}/role-connections/metadata");
    assert_eq!(rest.get(&path).await.ok(), json!([]));
    let record = |key: &str| {
        json!({"type": 2, "key": key, "name": "Songs", "description": "songs that were sung",
            "name_localizations": {"de": "Lieder"}})
    };
    let kept = rest.put(&path, &json!([record("songs")])).await.ok();
    assert_eq!(kept, json!([record("songs")]));
    assert_eq!(rest.get(&path).await.ok(), kept);
    let six: Vec<Value> = (0..6).map(|n| record(&format!("k{n}"))).collect();
    assert_eq!(rest.put(&path, &json!(six)).await.code(), (400, 50035));
    let wrong = json!([record("ok"), {"type": 9, "key": "Upper", "name": "", "name_localizations": {"de": 1}}]);
    let answer = rest.put(&path, &wrong).await;
    let errors = answer.json()["errors"].take();
    for (at, code) in [
        ("/1/type", "BASE_TYPE_CHOICES"),
        ("/1/key", "STRING_TYPE_REGEX"),
        ("/1/name", "BASE_TYPE_BAD_LENGTH"),
        ("/1/description", "BASE_TYPE_REQUIRED"),
        ("/1/name_localizations/de", "STRING_TYPE_CONVERT"),
    ] {
        let found = errors.pointer(&format!("{at}/_errors/0/code"));
        assert_eq!(found, Some(&json!(code)), "{at}");
    }
    assert_eq!(
        rest.get(&path).await.ok(),
        kept,
        "a refusal changes nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn an_application_takes_a_file_and_has_no_activities() {
    let (sim, rest, path) = begun();
    let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nabc\r\n--x--\r\n";
    let request = http::Request::builder()
        .method("POST")
        .uri(format!("https://discord.com/api/v10{path}/attachment"))
        .header("authorization", format!("Bot {}", rest.token))
        .header("user-agent", "a test")
        .header("content-type", "multipart/form-data; boundary=x")
        .body(bytes::Bytes::from(form))
        .expect("a request");
    let answer = sim.network().http().send(request).await.expect("an answer");
    let answer: Value = serde_json::from_slice(answer.body()).expect("JSON");
    assert_eq!(
        (
            &answer["attachment"]["filename"],
            &answer["attachment"]["size"]
        ),
        (&json!("a.png"), &json!(3))
    );
    let none = rest.post(&format!("{path}/attachment"), &json!({})).await;
    assert_eq!(none.code(), (400, 50035));
    let activity = rest
        .get(&format!("{path}/activity-instances/i-1-gc-2-3"))
        .await;
    assert_eq!(activity.status, 404);
    assert_eq!(rest.get("/oauth2/keys").await.ok(), json!({"keys": []}));
    assert_eq!(sim.notes(), [], "these routes are known");
}
