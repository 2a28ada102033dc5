//! Webhooks: their makers, their tokens, and what they post.

use antiphon_sim::Simulator;
use http::Method;
use serde_json::{Value, json};

use super::{
    client::{Client, Rest},
    id, moderated, register, stranger,
};

/// A simulation without limits, a Gateway client, its bot over REST, and the path of its first channel.
async fn begun() -> (Simulator, Client, Rest, String) {
    let (sim, client, rest) = moderated().await;
    let channel = format!("/channels/{}", sim.discord().channel_id());
    (sim, client, rest, channel)
}

/// Path that posts with a webhook's token.
fn execute(webhook: &Value) -> String {
    format!(
        "/webhooks/{}/{}",
        id(webhook),
        webhook["token"].as_str().expect("a token")
    )
}

const PNG: &str = "data:image/png;base64,iVBORw0KGgo=";

// https://docs.discord.com/developers/resources/webhook#webhook-object
#[tokio::test(start_paused = true)]
async fn a_webhook_is_made_changed_and_deleted() {
    let (sim, mut client, rest, channel) = begun().await;
    let made = rest
        .post(
            &format!("{channel}/webhooks"),
            &json!({"name": " Sexton ", "avatar": PNG}),
        )
        .await
        .ok();
    assert_eq!(
        (&made["type"], &made["name"]),
        (&json!(1), &json!("Sexton"))
    );
    let bot = sim.discord().account().id.to_string();
    assert_eq!(made["application_id"], bot);
    assert_eq!(made["user"]["id"], bot);
    assert_eq!(made["avatar"].as_str().map(str::len), Some(32));
    assert_eq!(made["token"].as_str().map(str::len), Some(68));
    let url = format!("https://discord.com/api{}", execute(&made));
    assert_eq!(made["url"], url);
    let event = client.event("WEBHOOKS_UPDATE").await;
    assert_eq!(event["channel_id"], made["channel_id"]);
    let entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(
        (&entry["action_type"], &entry["target_id"]),
        (&json!(50), &made["id"])
    );

    let guild = sim.discord().guild_id();
    for path in [
        format!("{channel}/webhooks"),
        format!("/guilds/{guild}/webhooks"),
    ] {
        assert_eq!(rest.get(&path).await.ok(), json!([made]), "{path}");
    }
    let path = format!("/webhooks/{}", id(&made));
    assert_eq!(rest.get(&path).await.ok(), made);
    let by_token = stranger(&sim).get(&execute(&made)).await.ok();
    assert!(by_token.get("user").is_none(), "a token tells no maker");
    assert_eq!(by_token["token"], made["token"]);
    let to_others = Rest::of(&sim, "cantor").get(&path).await.ok();
    assert!(to_others.get("token").is_none(), "it is another's webhook");

    let lobby = sim.discord().channel("lobby").expect("a channel");
    let moved = rest
        .patch(
            &path,
            &json!({"name": "Bell", "avatar": null, "channel_id": lobby}),
        )
        .await
        .ok();
    assert_eq!(
        (&moved["name"], &moved["avatar"], &moved["channel_id"]),
        (&json!("Bell"), &Value::Null, &json!(lobby.to_string()))
    );
    let event = client.event("WEBHOOKS_UPDATE").await;
    assert_eq!(event["channel_id"], lobby.to_string());
    client.event("WEBHOOKS_UPDATE").await;
    let entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(entry["action_type"], 51);
    let renamed = stranger(&sim)
        .patch(&execute(&made), &json!({"name": "Rope"}))
        .await
        .ok();
    assert_eq!(renamed["name"], "Rope");
    client.event("WEBHOOKS_UPDATE").await;
    client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;

    rest.delete(&path).await.done();
    client.event("WEBHOOKS_UPDATE").await;
    let entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(entry["action_type"], 52);
    assert_eq!(rest.get(&path).await.code(), (404, 10015));
    assert_eq!(rest.get(&execute(&made)).await.code(), (404, 10015));
    let again = rest
        .post(&format!("{channel}/webhooks"), &json!({"name": "x"}))
        .await
        .ok();
    stranger(&sim).delete(&execute(&again)).await.done();
    assert_eq!(
        rest.get(&format!("{channel}/webhooks")).await.ok(),
        json!([])
    );
}

#[tokio::test(start_paused = true)]
async fn a_webhook_is_refused_by_name_place_number_and_permission() {
    let (sim, _, rest, channel) = begun().await;
    let path = format!("{channel}/webhooks");
    for (name, code) in [
        ("Clyde two", "USERNAME_INVALID_CONTAINS"),
        ("my DISCORD bridge", "USERNAME_INVALID_CONTAINS"),
        ("everyone", "USERNAME_INVALID"),
        ("", "BASE_TYPE_BAD_LENGTH"),
        ("  ", "BASE_TYPE_BAD_LENGTH"),
    ] {
        let answer = rest.post(&path, &json!({"name": name})).await;
        assert_eq!(answer.code(), (400, 50035), "{name}");
        let error = &answer.json()["errors"]["name"]["_errors"][0];
        assert_eq!(error["code"], code, "{name}");
    }
    let long = "n".repeat(81);
    for body in [json!({}), json!({"name": long}), json!({"name": 7})] {
        assert_eq!(rest.post(&path, &body).await.code(), (400, 50035));
    }
    let wrong = json!({"name": "x", "avatar": "data:text/plain;base64,aGk="});
    let answer = rest.post(&path, &wrong).await.json();
    assert_eq!(
        answer["errors"]["avatar"]["_errors"][0]["code"],
        "IMAGE_INVALID"
    );
    let house = sim.discord().channel("house").expect("a category");
    let in_house = rest
        .post(
            &format!("/channels/{house}/webhooks"),
            &json!({"name": "x"}),
        )
        .await;
    assert_eq!(in_house.code(), (400, 50024));
    let lector = Rest::of(&sim, "lector");
    assert_eq!(
        lector.post(&path, &json!({"name": "x"})).await.code(),
        (403, 50013)
    );
    for number in 0..15 {
        let name = json!({"name": format!("bell {number}")});
        rest.post(&path, &name).await.ok();
    }
    let beyond = rest.post(&path, &json!({"name": "one more"})).await;
    assert_eq!(beyond.code(), (400, 30007));
    let list = rest.get(&path).await.ok();
    let one = format!("/webhooks/{}", id(&list[0]));
    assert_eq!(lector.get(&one).await.code(), (403, 50013));
    assert_eq!(lector.delete(&one).await.code(), (403, 50013));
    assert_eq!(rest.get(&format!("{one}/no")).await.code(), (401, 50027));
}

// https://docs.discord.com/developers/resources/webhook#execute-webhook
#[tokio::test(start_paused = true)]
async fn a_webhook_posts_under_names_and_its_messages_are_edited_and_deleted() {
    let (sim, mut client, rest, channel) = begun().await;
    let made = rest
        .post(&format!("{channel}/webhooks"), &json!({"name": "Sexton"}))
        .await
        .ok();
    let (execute, stranger) = (execute(&made), stranger(&sim));
    stranger
        .post(&execute, &json!({"content": "one"}))
        .await
        .done();
    let event = client.event("MESSAGE_CREATE").await;
    assert_eq!(
        (&event["webhook_id"], &event["author"]["id"]),
        (&made["id"], &made["id"])
    );
    assert_eq!(event["author"]["username"], "Sexton");
    assert_eq!(event["author"]["bot"], true);
    assert_eq!(event["application_id"], made["application_id"]);
    assert!(event.get("member").is_none(), "a webhook is no member");

    let body = json!({
        "content": "two", "username": "Bell", "avatar_url": "https://example.org/bell.png", "flags": 4096,
        "embeds": [{"title": "hour"}],
        "components": [{"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "ring", "label": "Ring"}]}],
    });
    let posted = stranger
        .post(&format!("{execute}?wait=true"), &body)
        .await
        .ok();
    assert_eq!(posted["author"]["username"], "Bell");
    assert!(posted["author"]["avatar"].is_string());
    assert_eq!(
        (&posted["type"], &posted["flags"]),
        (&json!(0), &json!(4096))
    );
    assert_eq!(posted["embeds"][0]["type"], "rich");
    assert_eq!(posted["components"][0]["components"][0]["id"], 2);
    assert_eq!(client.event("MESSAGE_CREATE").await["id"], posted["id"]);

    let path = format!("{execute}/messages/{}", id(&posted));
    assert_eq!(stranger.get(&path).await.ok()["content"], "two");
    let edited = stranger
        .patch(&path, &json!({"content": "three", "embeds": []}))
        .await
        .ok();
    assert_eq!(
        (&edited["content"], &edited["embeds"]),
        (&json!("three"), &json!([]))
    );
    assert_eq!(edited["author"]["username"], "Bell");
    let event = client.event("MESSAGE_UPDATE").await;
    assert_eq!(event["webhook_id"], made["id"]);
    let empty = json!({"content": "", "components": []});
    assert_eq!(stranger.patch(&path, &empty).await.code(), (400, 50006));
    stranger.delete(&path).await.done();
    assert_eq!(client.event("MESSAGE_DELETE").await["id"], posted["id"]);
    assert_eq!(stranger.get(&path).await.code(), (404, 10008));
    let other = sim.discord().say("loft", "mira", "mine");
    let not_own = format!("{execute}/messages/{other}");
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let answer = stranger
            .call(method, &not_own, &json!({"content": "x"}))
            .await;
        assert_eq!(answer.code(), (404, 10008));
    }
    let original = format!("{execute}/messages/@original");
    assert_eq!(stranger.get(&original).await.code(), (404, 10008));
}

#[tokio::test(start_paused = true)]
async fn each_wrong_field_of_a_webhooks_message_is_named() {
    let (sim, _, rest, channel) = begun().await;
    let made = rest
        .post(&format!("{channel}/webhooks"), &json!({"name": "Sexton"}))
        .await
        .ok();
    let (execute, stranger) = (execute(&made), stranger(&sim));
    let answer = stranger
        .post(
            &execute,
            &json!({"content": "x".repeat(2001), "username": "clyde", "avatar_url": "ftp://x", "thread_name": "t".repeat(101),
                "embeds": [{"title": "t".repeat(257)}], "poll": null}),
        )
        .await;
    assert_eq!(answer.code(), (400, 50035));
    let errors = answer.json()["errors"].take();
    for (at, code) in [
        ("/content", "BASE_TYPE_MAX_LENGTH"),
        ("/username", "USERNAME_INVALID_CONTAINS"),
        ("/avatar_url", "URL_TYPE_INVALID_SCHEME"),
        ("/thread_name", "BASE_TYPE_MAX_LENGTH"),
        ("/embeds/0/title", "BASE_TYPE_MAX_LENGTH"),
    ] {
        let found = errors.pointer(&format!("{at}/_errors/0/code"));
        assert_eq!(found, Some(&json!(code)), "{at}");
    }
    assert_eq!(
        stranger.post(&execute, &json!({})).await.code(),
        (400, 50006)
    );
    let wrong = stranger
        .post(
            &format!("{execute}?thread_id=abc"),
            &json!({"content": "x"}),
        )
        .await;
    assert_eq!(wrong.code(), (400, 50035));
    let lobby = sim.discord().channel("lobby").expect("a channel");
    let elsewhere = stranger
        .post(
            &format!("{execute}?thread_id={lobby}"),
            &json!({"content": "x"}),
        )
        .await;
    assert_eq!(elsewhere.code(), (404, 10003));
    let named = stranger
        .post(&execute, &json!({"content": "x", "thread_name": "aside"}))
        .await;
    assert_eq!(named.code(), (400, 220_003));
    let missing = stranger
        .post("/webhooks/1/token", &json!({"content": "x"}))
        .await;
    assert_eq!(missing.code(), (404, 10015));
}

#[tokio::test(start_paused = true)]
async fn a_webhook_posts_in_threads_and_begins_them_in_forums() {
    let (sim, mut client, rest, channel) = begun().await;
    let made = rest
        .post(&format!("{channel}/webhooks"), &json!({"name": "Sexton"}))
        .await
        .ok();
    let thread = rest
        .post(
            &format!("{channel}/threads"),
            &json!({"name": "aside", "type": 11}),
        )
        .await
        .json();
    let path = format!("/channels/{}", id(&thread));
    rest.patch(&path, &json!({"archived": true})).await.ok();
    let query = format!("{}?wait=1&thread_id={}", execute(&made), id(&thread));
    let posted = rest.post(&query, &json!({"content": "psst"})).await.ok();
    assert_eq!(posted["channel_id"], thread["id"]);
    let opened = rest.get(&path).await.ok();
    assert_eq!(opened["thread_metadata"]["archived"], false);
    let message = format!(
        "{}/messages/{}?thread_id={}",
        execute(&made),
        id(&posted),
        id(&thread)
    );
    assert_eq!(rest.get(&message).await.ok()["content"], "psst");
    client.event("MESSAGE_CREATE").await;

    let guild = sim.discord().guild_id();
    let forum = rest
        .post(
            &format!("/guilds/{guild}/channels"),
            &json!({"name": "questions", "type": 15, "available_tags": [{"name": "song"}]}),
        )
        .await
        .json();
    let made = rest
        .post(
            &format!("/channels/{}/webhooks", id(&forum)),
            &json!({"name": "Sexton"}),
        )
        .await
        .ok();
    let tag = id(&forum["available_tags"][0]);
    let execute = execute(&made);
    let post = rest
        .post(
            &format!("{execute}?wait=true"),
            &json!({"content": "in F?", "thread_name": "which key?", "applied_tags": [tag]}),
        )
        .await
        .ok();
    let event = client.event("THREAD_CREATE").await;
    assert_eq!(
        (&event["name"], &event["owner_id"], &event["applied_tags"]),
        (&json!("which key?"), &made["id"], &json!([tag]))
    );
    assert_eq!(post["channel_id"], event["id"]);
    for (query, body, code) in [
        ("", json!({"content": "x"}), 220_001),
        (
            "?thread_id=5",
            json!({"content": "x", "thread_name": "y"}),
            220_002,
        ),
    ] {
        let answer = rest.post(&format!("{execute}{query}"), &body).await;
        assert_eq!(answer.code(), (400, code));
    }
    let unknown = json!({"content": "x", "thread_name": "y", "applied_tags": ["1"]});
    assert_eq!(rest.post(&execute, &unknown).await.code(), (400, 50035));
    let slack = rest
        .post(&format!("{execute}/slack"), &json!({"text": "x"}))
        .await;
    assert_eq!(slack.code(), (400, 220_004));
}

#[tokio::test(start_paused = true)]
async fn a_webhook_posts_files_and_polls() {
    let (sim, _, rest, channel) = begun().await;
    let made = rest
        .post(&format!("{channel}/webhooks"), &json!({"name": "Sexton"}))
        .await
        .ok();
    let form = "--x\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{\"content\":\"see\"}\r\n\
        --x\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n";
    let request = http::Request::builder()
        .method("POST")
        .uri(format!(
            "https://discord.com/api/v10{}?wait=true",
            execute(&made)
        ))
        .header("user-agent", "curl/8")
        .header("content-type", "multipart/form-data; boundary=x")
        .body(bytes::Bytes::from(form))
        .expect("a request");
    let answer = sim.network().http().send(request).await.expect("an answer");
    let message: Value = serde_json::from_slice(answer.body()).expect("JSON");
    assert_eq!(message["attachments"][0]["filename"], "a.txt");
    assert_eq!(message["attachments"][0]["size"], 5);
    let poll = json!({"poll": {"question": {"text": "which?"}, "answers": [{"poll_media": {"text": "this"}}]}});
    let asked = rest
        .post(&format!("{}?wait=true", execute(&made)), &poll)
        .await
        .ok();
    assert_eq!(asked["poll"]["answers"][0]["answer_id"], 1);
}

// https://docs.discord.com/developers/resources/webhook#execute-slackcompatible-webhook
#[tokio::test(start_paused = true)]
async fn bodies_of_slack_and_github_become_messages() {
    let (sim, mut client, rest, channel) = begun().await;
    let made = rest
        .post(&format!("{channel}/webhooks"), &json!({"name": "Sexton"}))
        .await
        .ok();
    let (execute, stranger) = (execute(&made), stranger(&sim));
    let slack = json!({"text": "hear ye", "username": "Crier", "attachments": [{"title": "News", "title_link": "https://example.org",
        "color": "#ff0000", "fields": [{"title": "where", "value": "here", "short": true}]}]});
    let answer = stranger.post(&format!("{execute}/slack"), &slack).await;
    assert_eq!(answer.ok(), "ok");
    let event = client.event("MESSAGE_CREATE").await;
    assert_eq!(
        (&event["content"], &event["author"]["username"]),
        (&json!("hear ye"), &json!("Crier"))
    );
    assert_eq!(event["embeds"][0]["color"], 0xff_0000);
    assert_eq!(event["embeds"][0]["fields"][0]["inline"], true);
    let github = json!({"action": "opened", "sender": {"login": "mira", "html_url": "https://example.org/mira"},
        "repository": {"full_name": "house/choir"}, "issue": {"number": 7, "title": "off key", "html_url": "https://example.org/7", "body": "flat"}});
    stranger
        .post(&format!("{execute}/github"), &github)
        .await
        .done();
    let event = client.event("MESSAGE_CREATE").await;
    let embed = &event["embeds"][0];
    assert_eq!(embed["title"], "[house/choir] Issue opened: #7: off key");
    assert_eq!(embed["author"]["name"], "mira");
    let none = stranger
        .post(&format!("{execute}/github"), &json!({}))
        .await;
    assert_eq!(none.code(), (400, 50035));
}

// https://docs.discord.com/developers/resources/channel#follow-announcement-channel
#[tokio::test(start_paused = true)]
async fn a_channel_that_follows_repeats_what_is_published() {
    let (sim, mut client, _, _) = begun().await;
    let rest = Rest::of(&sim, "cantor");
    let discord = sim.discord();
    let (notices, lobby) = (
        discord.channel("notices").expect("a channel"),
        discord.channel("lobby").expect("a channel"),
    );
    let followed = rest
        .post(
            &format!("/channels/{notices}/followers"),
            &json!({"webhook_channel_id": lobby}),
        )
        .await
        .ok();
    assert_eq!(followed["channel_id"], notices.to_string());
    client.event("WEBHOOKS_UPDATE").await;
    assert_eq!(client.event("MESSAGE_CREATE").await["type"], 12);
    let webhook = rest
        .get(&format!(
            "/webhooks/{}",
            followed["webhook_id"].as_str().expect("an id")
        ))
        .await
        .ok();
    assert_eq!(webhook["type"], 2);
    assert_eq!(webhook["source_channel"]["id"], notices.to_string());
    assert_eq!(webhook["source_guild"]["name"], "choir");
    assert!(webhook.get("token").is_none());

    let notice = rest
        .post(
            &format!("/channels/{notices}/messages"),
            &json!({"content": "evensong at six"}),
        )
        .await
        .ok();
    client.event("MESSAGE_CREATE").await;
    let path = format!("/channels/{notices}/messages/{}/crosspost", id(&notice));
    let published = rest.post(&path, &Value::Null).await.ok();
    assert_eq!(published["flags"], 1);
    let repeated = client.event("MESSAGE_CREATE").await;
    assert_eq!(repeated["channel_id"], lobby.to_string());
    assert_eq!(repeated["content"], "evensong at six");
    assert_eq!(repeated["flags"], 2);
    assert_eq!(repeated["webhook_id"], followed["webhook_id"]);
    assert_eq!(repeated["message_reference"]["message_id"], notice["id"]);
    let own = format!("/channels/{notices}/messages/{}", id(&notice));
    rest.patch(&own, &json!({"content": "evensong at seven"}))
        .await
        .ok();
    let mut edited = client.event("MESSAGE_UPDATE").await;
    while edited["id"] != repeated["id"] {
        edited = client.event("MESSAGE_UPDATE").await;
    }
    assert_eq!(edited["content"], "evensong at seven");
    assert_eq!(rest.post(&path, &Value::Null).await.code(), (400, 40033));
    rest.delete(&own).await.done();
    let marked = client.event("MESSAGE_UPDATE").await;
    assert_eq!(
        (&marked["id"], &marked["flags"]),
        (&repeated["id"], &json!(2 | 1 << 3))
    );
    let loft = format!("/channels/{}/followers", discord.channel_id());
    let no_source = rest
        .post(&loft, &json!({"webhook_channel_id": lobby}))
        .await;
    assert_eq!(no_source.code(), (400, 50024));
    let nothing = rest
        .post(&format!("/channels/{notices}/followers"), &json!({}))
        .await;
    assert_eq!(nothing.code(), (400, 50035));
}

#[tokio::test(start_paused = true)]
async fn the_token_of_an_interaction_names_the_webhook_of_its_application() {
    let (sim, mut client, rest, _) = begun().await;
    let discord = sim.discord();
    register(&sim, "ping");
    discord.command("loft", "mira", "antiphon", "ping", &json!([]));
    let event = client.event("INTERACTION_CREATE").await;
    let token = event["token"].as_str().expect("a token");
    let application = sim.discord().account().application;
    let path = format!("/webhooks/{application}/{token}");
    let webhook = rest.get(&path).await.ok();
    assert_eq!(
        (&webhook["type"], &webhook["channel_id"]),
        (&json!(3), &Value::Null)
    );
    let wrong = rest.get(&format!("/webhooks/{application}/no")).await;
    assert_eq!(wrong.code(), (404, 10015));
}

// https://docs.discord.com/developers/resources/webhook#execute-webhook
#[tokio::test(start_paused = true)]
async fn a_webhook_of_a_user_posts_components_when_it_is_asked_to() {
    let (sim, _, rest, _) = begun().await;
    let (id, token) = sim
        .discord()
        .webhook("loft", "mira", "Crier")
        .expect("a webhook");
    let path = format!("/webhooks/{id}/{token}");
    let own = rest.get(&format!("/webhooks/{id}")).await.ok();
    assert_eq!(own["token"], token, "no application owns it");
    assert_eq!(own["application_id"], Value::Null);
    let body = json!({"content": "see", "components": [{"type": 1, "components": [{"type": 2, "style": 5, "label": "Go", "url": "https://example.org"}]}]});
    let plain = rest.post(&format!("{path}?wait=1"), &body).await.ok();
    assert_eq!(plain["components"], json!([]));
    assert_eq!(plain.get("application_id"), None);
    let shown = rest
        .post(&format!("{path}?wait=1&with_components=true"), &body)
        .await
        .ok();
    assert_eq!(shown["components"][0]["components"][0]["style"], 5);
    let button = json!({"content": "see", "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}]}]});
    let refused = rest
        .post(&format!("{path}?with_components=true"), &button)
        .await;
    assert_eq!(refused.code(), (400, 50035));
}

#[tokio::test(start_paused = true)]
async fn a_webhook_of_an_application_posts_components() {
    let (_sim, _, rest, channel) = begun().await;
    let made = rest
        .post(&format!("{channel}/webhooks"), &json!({"name": "Sexton"}))
        .await
        .ok();
    let body = json!({"flags": 1 << 15, "components": [{"type": 10, "content": "hear ye"}]});
    let posted = rest
        .post(&format!("{}?wait=true", execute(&made)), &body)
        .await
        .ok();
    assert_eq!(posted["flags"], 1 << 15);
    let legacy =
        json!({"flags": 1 << 15, "content": "x", "components": [{"type": 10, "content": "y"}]});
    assert_eq!(
        rest.post(&execute(&made), &legacy).await.code(),
        (400, 50035)
    );
}

// https://docs.discord.com/developers/resources/message#allowed-mentions-object
#[tokio::test(start_paused = true)]
async fn a_sender_allows_mentions() {
    let (sim, _, rest, channel) = begun().await;
    let made = rest
        .post(&format!("{channel}/webhooks"), &json!({"name": "Sexton"}))
        .await
        .ok();
    let mira = sim.discord().user("mira");
    let content = format!("@everyone, <@{mira}>");
    let paths = [
        format!("{}?wait=true", execute(&made)),
        format!("{channel}/messages"),
    ];
    for path in &paths {
        let all = rest.post(path, &json!({"content": content})).await.ok();
        assert_eq!(all["mentions"][0]["id"], mira.to_string());
        assert_eq!(all["mention_everyone"], true);
        let none = json!({"content": content, "allowed_mentions": {"parse": []}});
        let none = rest.post(path, &none).await.ok();
        assert_eq!(
            (&none["mentions"], &none["mention_everyone"]),
            (&json!([]), &json!(false))
        );
        let one = json!({"content": content, "allowed_mentions": {"users": [mira]}});
        let one = rest.post(path, &one).await.ok();
        assert_eq!(one["mentions"][0]["id"], mira.to_string());
        assert_eq!(one["mention_everyone"], false);
        let both = json!({"content": content, "allowed_mentions": {"parse": ["users", "all"], "users": [mira]}});
        let errors = rest.post(path, &both).await.json()["errors"].take();
        let errors = &errors["allowed_mentions"];
        assert_eq!(
            errors["_errors"][0]["code"],
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"
        );
        let unknown = &errors["parse"]["1"]["_errors"][0]["code"];
        assert_eq!(unknown, "BASE_TYPE_CHOICES");
    }
}
