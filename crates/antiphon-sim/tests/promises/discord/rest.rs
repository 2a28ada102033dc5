//! Requests: effects and refusals.

use std::time::Duration;

use antiphon_sim::{RestFault, Simulator};
use http::Method;
use serde_json::{Value, json};

use super::{
    ALL,
    client::{Client, Rest},
    identified, quiet, register,
};

#[tokio::test(start_paused = true)]
async fn a_bot_finds_out_who_it_is_and_where_to_connect() {
    let (sim, rest, _) = quiet();
    let gateway = rest.get("/gateway/bot").await;
    assert_eq!(
        gateway.header("content-type"),
        "application/json",
        "Discord names no charset"
    );
    let limit = &gateway.ok()["session_start_limit"];
    assert_eq!(
        (
            &limit["total"],
            &limit["remaining"],
            &limit["max_concurrency"]
        ),
        (&json!(1000), &json!(1000), &json!(1))
    );
    assert_eq!(
        rest.get("/gateway").await.ok()["url"],
        "wss://gateway.discord.gg"
    );
    let id = sim.discord().account().id.to_string();
    assert_eq!(rest.get("/users/@me").await.ok()["id"], id);
    assert_eq!(rest.get("/oauth2/applications/@me").await.ok()["id"], id);
    assert_eq!(rest.get("/users/@me/guilds").await.ok()[0]["name"], "choir");
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_and_an_unknown_route_are_noted() {
    let (sim, mut rest, _) = quiet();
    assert_eq!(rest.get("/lorem/ipsum").await.status, 404);
    rest.token = "wrong".into();
    assert_eq!(rest.get("/users/@me").await.code(), (401, 0));
    assert_eq!(sim.notes().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_becomes_of_messages_over_rest_is_told_on_the_gateway() {
    let (sim, mut client) = identified(ALL).await;
    sim.discord().unlimited(true);
    let rest = Rest::of(&sim, "antiphon");
    let guild = sim.discord().guild_id();
    let channel = format!("/channels/{}", sim.discord().channel_id());
    let message = rest
        .post(
            &format!("{channel}/messages"),
            &json!({"content": "hello", "nonce": "7"}),
        )
        .await
        .ok();
    let heard = client.event("MESSAGE_CREATE").await;
    assert_eq!(
        (&heard["id"], &heard["nonce"]),
        (&message["id"], &json!("7"))
    );
    let path = format!(
        "{channel}/messages/{}",
        message["id"].as_str().expect("an id")
    );
    rest.patch(&path, &json!({"content": "hello again"}))
        .await
        .ok();
    assert_eq!(
        client.event("MESSAGE_UPDATE").await["content"],
        "hello again"
    );
    for (emoji, name) in [("%F0%9F%8E%89", "🎉"), ("organ:ID", "organ")] {
        let roles = rest.get(&format!("/guilds/{guild}")).await.ok();
        let id = roles["emojis"]
            .as_array()
            .expect("emojis")
            .iter()
            .find(|one| one["name"] == "organ")
            .expect("an organ")["id"]
            .clone();
        let emoji = emoji.replace("ID", id.as_str().expect("an id"));
        rest.put(&format!("{path}/reactions/{emoji}/@me"), &Value::Null)
            .await
            .done();
        assert_eq!(
            client.event("MESSAGE_REACTION_ADD").await["emoji"]["name"],
            name
        );
    }
    rest.delete(&format!("{path}/reactions/%F0%9F%8E%89/@me"))
        .await
        .done();
    client.event("MESSAGE_REACTION_REMOVE").await;
    rest.delete(&format!("{path}/reactions")).await.done();
    client.event("MESSAGE_REACTION_REMOVE_ALL").await;
    rest.post(&format!("{channel}/typing"), &Value::Null)
        .await
        .done();
    client.event("TYPING_START").await;
    rest.put(
        &format!(
            "{channel}/messages/pins/{}",
            message["id"].as_str().expect("an id")
        ),
        &Value::Null,
    )
    .await
    .done();
    client.event("CHANNEL_PINS_UPDATE").await;
    rest.delete(&path).await.done();
    client.event("MESSAGE_DELETE").await;
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn what_becomes_of_guilds_over_rest_is_told_on_the_gateway() {
    let (sim, mut client) = identified(ALL).await;
    sim.discord().unlimited(true);
    let rest = Rest::of(&sim, "antiphon");
    let (guild, iris) = (sim.discord().guild_id(), sim.discord().user("iris"));
    let channel = format!("/channels/{}", sim.discord().channel_id());
    let role = rest
        .post(
            &format!("/guilds/{guild}/roles"),
            &json!({"name": "basses"}),
        )
        .await
        .ok();
    client.event("GUILD_ROLE_CREATE").await;
    let role = role["id"].as_str().expect("an id");
    rest.patch(
        &format!("/guilds/{guild}/roles/{role}"),
        &json!({"name": "altos"}),
    )
    .await
    .ok();
    assert_eq!(
        client.event("GUILD_ROLE_UPDATE").await["role"]["name"],
        "altos"
    );
    rest.put(
        &format!("/guilds/{guild}/members/{iris}/roles/{role}"),
        &Value::Null,
    )
    .await
    .done();
    assert!(
        client.event("GUILD_MEMBER_UPDATE").await["roles"]
            .as_array()
            .is_some_and(|all| all.contains(&json!(role)))
    );
    rest.delete(&format!("/guilds/{guild}/roles/{role}"))
        .await
        .done();
    client.event("GUILD_ROLE_DELETE").await;
    rest.put(
        &format!("/guilds/{guild}/bans/{iris}"),
        &json!({"delete_message_seconds": 60}),
    )
    .await
    .done();
    client.event("GUILD_BAN_ADD").await;
    client.event("GUILD_MEMBER_REMOVE").await;
    rest.delete(&format!("/guilds/{guild}/bans/{iris}"))
        .await
        .done();
    client.event("GUILD_BAN_REMOVE").await;
    rest.patch(&channel, &json!({"topic": "evensong"}))
        .await
        .ok();
    assert_eq!(client.event("CHANNEL_UPDATE").await["topic"], "evensong");
    let thread = rest
        .post(&format!("{channel}/threads"), &json!({"name": "an aside"}))
        .await;
    assert_eq!(thread.status, 201);
    assert_eq!(
        client.event("THREAD_CREATE").await["id"],
        thread.json()["id"]
    );
    let conversation = rest
        .post(
            "/users/@me/channels",
            &json!({"recipient_id": sim.discord().user("teo").to_string()}),
        )
        .await
        .ok();
    let conversation = conversation["id"].as_str().expect("an id");
    rest.post(
        &format!("/channels/{conversation}/messages"),
        &json!({"content": "psst"}),
    )
    .await
    .ok();
    assert!(
        client
            .event("MESSAGE_CREATE")
            .await
            .get("guild_id")
            .is_none()
    );
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn rights_decide_what_is_refused() {
    let (sim, rest, channel) = quiet();
    let discord = sim.discord();
    let lector = Rest::of(&sim, "lector");
    let guild = discord.guild_id();
    let (mira, teo, finn) = (
        discord.user("mira"),
        discord.user("teo"),
        discord.user("finn"),
    );
    let said = discord.say("loft", "mira", "hello");
    let crypt = discord.channel("crypt").expect("a channel");
    for (answer, expected) in [
        (rest.get("/channels/1").await, (404, 10003)),
        (
            rest.get(&format!("{channel}/messages/1")).await,
            (404, 10008),
        ),
        (rest.get(&format!("/channels/{crypt}")).await, (403, 50001)),
        (
            rest.patch(
                &format!("{channel}/messages/{said}"),
                &json!({"content": "mine"}),
            )
            .await,
            (403, 50005),
        ),
        (
            lector.delete(&format!("{channel}/messages/{said}")).await,
            (403, 50013),
        ),
        (
            lector
                .put(&format!("/guilds/{guild}/bans/{finn}"), &Value::Null)
                .await,
            (403, 50013),
        ),
        (
            rest.put(&format!("/guilds/{guild}/bans/{mira}"), &Value::Null)
                .await,
            (403, 50013),
        ),
        (
            rest.delete(&format!("/guilds/{guild}/members/{teo}")).await,
            (403, 50013),
        ),
        (
            rest.delete(&format!("/guilds/{guild}/bans/{finn}")).await,
            (404, 10026),
        ),
        (
            rest.get(&format!("/guilds/{guild}/members/1")).await,
            (404, 10007),
        ),
        (
            rest.put(
                &format!("{channel}/messages/{said}/reactions/organ/@me"),
                &Value::Null,
            )
            .await,
            (400, 10014),
        ),
        (
            rest.post(&format!("{channel}/messages"), &json!({"content": ""}))
                .await,
            (400, 50006),
        ),
        (
            rest.get(&format!("/guilds/{guild}/voice-states/@me")).await,
            (404, 10065),
        ),
        (
            rest.post(
                &format!("{channel}/messages/bulk-delete"),
                &json!({"messages": ["1"]}),
            )
            .await,
            (400, 50016),
        ),
    ] {
        assert_eq!(answer.code(), expected, "{}", answer.text);
    }
    let notices = discord.channel("notices").expect("a channel");
    let answer = lector
        .post(
            &format!("/channels/{notices}/messages"),
            &json!({"content": "hear ye"}),
        )
        .await;
    assert_eq!(answer.code(), (403, 50013));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_field_is_told_where_it_is() {
    let (_sim, rest, channel) = quiet();
    let long = json!({"content": "x".repeat(2001), "nonce": "y".repeat(26)});
    let answer = rest.post(&format!("{channel}/messages"), &long).await;
    assert_eq!(answer.code(), (400, 50035));
    assert_eq!(
        answer.json()["errors"]["content"]["_errors"][0]["code"],
        "BASE_TYPE_MAX_LENGTH"
    );
}

#[tokio::test(start_paused = true)]
async fn a_nonce_that_is_enforced_makes_one_message() {
    let (sim, rest, channel) = quiet();
    let draft = json!({"content": "once", "nonce": "n-1", "enforce_nonce": true});
    let first = rest.post(&format!("{channel}/messages"), &draft).await.ok();
    let second = rest.post(&format!("{channel}/messages"), &draft).await.ok();
    assert_eq!(first["id"], second["id"]);
    assert_eq!(sim.discord().texts("loft"), ["once"]);
}

#[tokio::test(start_paused = true)]
async fn a_file_comes_as_a_part_of_a_form() {
    let (sim, rest, channel) = quiet();
    let form = "--x\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n\
        {\"content\":\"a score\",\"attachments\":[{\"id\":0,\"description\":\"in F\"}]}\r\n--x\r\n\
        Content-Disposition: form-data; name=\"files[0]\"; filename=\"hymn.txt\"\r\n\r\nla la\r\n--x--\r\n";
    let request = http::Request::post(format!("https://discord.com/api/v10{channel}/messages"))
        .header("authorization", format!("Bot {}", rest.token))
        .header("user-agent", "DiscordBot (https://example.org, 1)")
        .header("content-type", "multipart/form-data; boundary=x")
        .body(bytes::Bytes::from(form))
        .expect("a request");
    let answer = sim.network().http().send(request).await.expect("an answer");
    let message: Value = serde_json::from_slice(answer.body()).expect("JSON");
    let file = &message["attachments"][0];
    assert_eq!(
        (
            &message["content"],
            &file["filename"],
            &file["size"],
            &file["description"]
        ),
        (
            &json!("a score"),
            &json!("hymn.txt"),
            &json!(5),
            &json!("in F")
        )
    );
    let path = format!(
        "{channel}/messages/{}",
        message["id"].as_str().expect("an id")
    );
    let kept = json!({"attachments": [{"id": file["id"]}]});
    assert_eq!(rest.patch(&path, &kept).await.ok()["attachments"][0], *file);
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn history_is_had_a_page_at_a_time_newest_first() {
    let (sim, rest, channel) = quiet();
    let ids: Vec<u64> = (0..5)
        .map(|n| sim.discord().say("loft", "mira", &format!("line {n}")))
        .collect();
    let page = async |query: &str| {
        let answer = rest.get(&format!("{channel}/messages?{query}")).await.ok();
        let found = answer.as_array().expect("a list").iter();
        found
            .map(|one| {
                one["content"]
                    .as_str()
                    .expect("text")
                    .trim_start_matches("line ")
                    .to_owned()
            })
            .collect::<String>()
    };
    assert_eq!(page("limit=2").await, "43");
    assert_eq!(page(&format!("before={}&limit=2", ids[2])).await, "10");
    assert_eq!(page(&format!("after={}&limit=2", ids[1])).await, "32");
    assert_eq!(page(&format!("around={}&limit=3", ids[2])).await, "321");
    assert_eq!(
        rest.get(&format!("{channel}/messages?limit=101"))
            .await
            .code(),
        (400, 50035)
    );
}

#[tokio::test(start_paused = true)]
async fn a_route_has_its_limit_and_says_so() {
    let sim = Simulator::with_seed(7);
    let rest = Rest::of(&sim, "antiphon");
    let path = format!("/channels/{}/messages", sim.discord().channel_id());
    for left in (0..5).rev() {
        let answer = rest.post(&path, &json!({"content": "again"})).await;
        assert_eq!(
            (answer.status, answer.header("x-ratelimit-remaining")),
            (200, &*left.to_string())
        );
    }
    let answer = rest.post(&path, &json!({"content": "too much"})).await;
    assert_eq!(
        (
            answer.status,
            answer.header("x-ratelimit-scope"),
            answer.header("retry-after")
        ),
        (429, "user", "5")
    );
    assert_eq!(answer.json()["global"], false);
    let wait = answer.json()["retry_after"].as_f64().expect("seconds");
    assert_eq!(answer.header("x-ratelimit-bucket").len(), 16);
    tokio::time::advance(Duration::from_secs_f64(wait)).await;
    rest.post(&path, &json!({"content": "now"})).await.ok();
}

// discord.py and its forks wait after a 429 only if the response has this header (`http.py`, `HTTPClient.request`).
#[tokio::test(start_paused = true)]
async fn responses_come_through_discords_proxy() {
    let sim = Simulator::with_seed(7);
    let rest = Rest::of(&sim, "antiphon");
    let path = format!("/channels/{}/messages", sim.discord().channel_id());
    for _ in 0..5 {
        let answer = rest.post(&path, &json!({"content": "again"})).await;
        assert_eq!((answer.status, answer.header("via")), (200, "1.1 google"));
    }
    let answer = rest.post(&path, &json!({"content": "too much"})).await;
    assert_eq!((answer.status, answer.header("via")), (429, "1.1 google"));
}

#[tokio::test(start_paused = true)]
async fn reactions_are_read_without_the_limit_of_their_changes() {
    let sim = Simulator::with_seed(7);
    let rest = Rest::of(&sim, "antiphon");
    let (channel, message) = (
        sim.discord().channel_id(),
        sim.discord().say("loft", "mira", "sing"),
    );
    let path = format!("/channels/{channel}/messages/{message}/reactions/%F0%9F%8E%B6");
    let own = format!("{path}/@me");
    rest.put(&own, &Value::Null).await.done();
    assert_eq!(rest.get(&path).await.ok()[0]["username"], "antiphon");
    assert_eq!(rest.delete(&own).await.status, 429);
}

// https://github.com/discord/discord-api-docs/issues/1900
#[tokio::test(start_paused = true)]
async fn a_channel_is_renamed_twice_in_ten_minutes_and_changed_otherwise_at_will() {
    let sim = Simulator::with_seed(7);
    let rest = Rest::of(&sim, "antiphon");
    let path = format!("/channels/{}", sim.discord().channel_id());
    for body in [json!({"name": "attic"}), json!({"topic": "up there"})] {
        rest.patch(&path, &body).await.ok();
    }
    for slow_mode in 1..3 {
        let answer = rest
            .patch(&path, &json!({"rate_limit_per_user": slow_mode}))
            .await;
        assert_eq!(answer.status, 200);
        assert_ne!(answer.header("x-ratelimit-remaining"), "0");
    }
    let answer = rest.patch(&path, &json!({"name": "cellar"})).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "600"));
    tokio::time::advance(Duration::from_secs(600)).await;
    rest.patch(&path, &json!({"name": "cellar"})).await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_bot_has_a_limit_over_all_routes() {
    let sim = Simulator::with_seed(7);
    let rest = Rest::of(&sim, "antiphon");
    for number in 0..50 {
        // Each is a route of its own.
        rest.get(&format!("/channels/{number}")).await;
    }
    let answer = rest.get("/users/@me").await;
    assert_eq!(
        (
            answer.status,
            answer.header("x-ratelimit-scope"),
            answer.header("x-ratelimit-global")
        ),
        (429, "global", "true")
    );
    assert_eq!(answer.json()["global"], true);
}

#[tokio::test(start_paused = true)]
async fn requests_fail_as_they_are_told_to() {
    let (sim, rest, channel) = quiet();
    let discord = sim.discord();
    for (fault, status, content_type) in [
        (RestFault::Status(502), 502, "application/json"),
        (RestFault::Html(503), 503, "text/html"),
        (RestFault::Status(429), 429, "application/json"),
        (RestFault::LoggedOut, 401, "application/json"),
        (RestFault::CodeInside(50001), 400, "application/json"),
    ] {
        discord.fail("GET /channels/*", 1, fault);
        let answer = rest.get(&channel).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, content_type)
        );
    }
    discord.fail("GET /channels/*", 1, RestFault::Dropped);
    assert!(
        rest.try_call(Method::GET, &channel, &Value::Null)
            .await
            .is_err()
    );
    discord.fail(
        "GET /channels/*",
        1,
        RestFault::Slow(Duration::from_secs(3)),
    );
    let start = tokio::time::Instant::now();
    rest.get(&channel).await.ok();
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_interaction_is_answered_once_and_followed_up() {
    let (sim, mut client) = identified(ALL).await;
    let rest = Rest::of(&sim, "antiphon");
    register(&sim, "ping");
    let asked = sim
        .discord()
        .command("loft", "mira", "antiphon", "ping", &json!([]));
    let event = client.event("INTERACTION_CREATE").await;
    assert_eq!(
        (&event["id"], &event["data"]["name"]),
        (&json!(asked.to_string()), &json!("ping"))
    );
    let token = event["token"].as_str().expect("a token");
    let callback = format!("/interactions/{asked}/{token}/callback");
    rest.post(&callback, &json!({"type": 5})).await.done();
    assert_eq!(
        rest.post(&callback, &json!({"type": 5})).await.code(),
        (400, 40060)
    );
    assert_eq!(sim.discord().answer_to(asked), Some(5));
    let application = sim.discord().account().application;
    let original = format!("/webhooks/{application}/{token}/messages/@original");
    rest.patch(&original, &json!({"content": "pong"}))
        .await
        .ok();
    assert_eq!(client.event("MESSAGE_CREATE").await["flags"], 128);
    assert_eq!(client.event("MESSAGE_UPDATE").await["content"], "pong");
    rest.patch(&original, &json!({"content": "pong!"}))
        .await
        .ok();
    assert_eq!(client.event("MESSAGE_UPDATE").await["content"], "pong!");
    let wrong = rest
        .post("/interactions/1/x/callback", &json!({"type": 4}))
        .await;
    assert_eq!(wrong.code(), (404, 10062));
}

#[tokio::test(start_paused = true)]
async fn commands_are_overwritten_all_at_once() {
    let (sim, rest, _) = quiet();
    let path = format!(
        "/applications/{}/commands",
        sim.discord().account().application
    );
    let ping = json!({"name": "ping", "description": "answers"});
    let first = rest.put(&path, &json!([ping])).await.ok();
    let again = rest
        .put(
            &path,
            &json!([ping, {"name": "echo", "description": "repeats"}]),
        )
        .await
        .ok();
    assert_eq!(
        first[0]["id"], again[0]["id"],
        "a command of the same name keeps its id"
    );
    assert_eq!(rest.get(&path).await.ok().as_array().map(Vec::len), Some(2));
    let answer = rest.put(&path, &json!([{"name": "NO"}])).await;
    assert_eq!(answer.code(), (400, 50035));
    let guild = sim.discord().guild_id();
    let guild_path = path.replace("/commands", &format!("/guilds/{guild}/commands"));
    assert_eq!(
        rest.put(&guild_path, &json!([ping])).await.ok()[0]["guild_id"],
        guild.to_string()
    );
}

/// A bot with an interaction, and the paths of its first response and of its followups.
async fn asked(sim: &Simulator, client: &mut Client) -> (Rest, String, String) {
    let discord = sim.discord();
    let rest = Rest::of(sim, "antiphon");
    register(sim, "sing");
    let id = discord.command("loft", "mira", "antiphon", "sing", &json!([]));
    let event = client.event("INTERACTION_CREATE").await;
    let token = event["token"].as_str().expect("a token");
    let application = discord.account().application;
    (
        rest,
        format!("/interactions/{id}/{token}/callback"),
        format!("/webhooks/{application}/{token}"),
    )
}

#[tokio::test(start_paused = true)]
async fn a_first_answer_is_taken_for_three_seconds() {
    let (sim, mut client) = identified(ALL).await;
    let (rest, callback, _) = asked(&sim, &mut client).await;
    tokio::time::sleep(Duration::from_millis(2900)).await;
    rest.post(&callback, &json!({"type": 5})).await.done();
    let (rest, callback, follow_up) = asked(&sim, &mut client).await;
    tokio::time::sleep(Duration::from_millis(3100)).await;
    let late = rest.post(&callback, &json!({"type": 5})).await;
    assert_eq!(late.code(), (404, 10062));
    assert_eq!(late.json()["message"], "Unknown interaction");
    // Its token is no longer valid.
    let late = rest.post(&follow_up, &json!({"content": "hello"})).await;
    assert_eq!(late.code(), (404, 10015));
}

#[tokio::test(start_paused = true)]
async fn the_token_of_an_interaction_is_good_for_fifteen_minutes_after_its_first_answer() {
    let (sim, mut client) = identified(ALL).await;
    let (rest, callback, follow_up) = asked(&sim, &mut client).await;
    let start = tokio::time::Instant::now();
    let original = format!("{follow_up}/messages/@original");
    let hello = json!({"content": "hello"});
    assert_eq!(rest.post(&follow_up, &hello).await.code(), (404, 10015));
    assert_eq!(rest.patch(&original, &hello).await.code(), (404, 10015));
    rest.post(&callback, &json!({"type": 5})).await.done();

    tokio::time::sleep_until(start + Duration::from_secs(899)).await;
    assert_eq!(
        rest.post(&callback, &json!({"type": 5})).await.code(),
        (400, 40060)
    );
    rest.patch(&original, &hello).await.ok();
    let message = rest.post(&follow_up, &hello).await.ok();
    let message = format!(
        "{follow_up}/messages/{}",
        message["id"].as_str().expect("an id")
    );
    rest.get(&message).await.ok();

    tokio::time::sleep_until(start + Duration::from_secs(901)).await;
    for refused in [
        rest.post(&follow_up, &hello).await,
        rest.patch(&original, &hello).await,
        rest.get(&original).await,
        rest.patch(&message, &hello).await,
        rest.get(&message).await,
        rest.delete(&message).await,
    ] {
        assert_eq!(refused.code(), (401, 50027));
        assert_eq!(refused.json()["message"], "Invalid Webhook Token");
    }
    assert_eq!(
        rest.post(&callback, &json!({"type": 5})).await.code(),
        (404, 10062)
    );
}
