//! Routes: what clients send, in all the forms in which they send it, and what comes back.

use antiphon_sim::Simulator;
use serde_json::{Value, json};

use super::{ALL, client::Rest, id, identified, quiet, register};

fn ids(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list").iter();
    list.map(|one| one["user"]["id"].as_str().unwrap_or_else(|| id(one)))
        .collect()
}

// https://docs.discord.com/developers/reference#boolean-query-strings
#[tokio::test(start_paused = true)]
async fn a_boolean_of_a_query_has_three_spellings() {
    let (sim, rest, _) = quiet();
    let guild = format!("/guilds/{}", sim.discord().guild_id());
    for (text, expected) in [
        ("1", true),
        ("true", true),
        ("True", true),
        ("0", false),
        ("false", false),
        ("False", false),
    ] {
        let answer = rest.get(&format!("{guild}?with_counts={text}")).await.ok();
        assert_eq!(answer.get("approximate_member_count").is_some(), expected);
        assert_eq!(answer.get("approximate_presence_count").is_some(), expected);
        let own = rest
            .get(&format!("/users/@me/guilds?with_counts={text}"))
            .await
            .ok();
        assert_eq!(own[0].get("approximate_member_count").is_some(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_an_interaction_comes_back_when_it_is_asked_for_with_one() {
    let (sim, mut client) = identified(ALL).await;
    let rest = Rest::of(&sim, "antiphon");
    let discord = sim.discord();
    register(&sim, "ping");
    let asked = discord.command("loft", "mira", "antiphon", "ping", &json!([]));
    let event = client.event("INTERACTION_CREATE").await;
    let token = event["token"].as_str().expect("a token");
    let answer = rest
        .post(
            &format!("/interactions/{asked}/{token}/callback?with_response=1"),
            &json!({"type": 4, "data": {"content": "pong"}}),
        )
        .await
        .ok();
    assert_eq!(answer["interaction"]["id"], asked.to_string());
    assert_eq!(answer["resource"]["message"]["content"], "pong");
}

#[tokio::test(start_paused = true)]
async fn an_id_may_be_a_number_wherever_it_is_taken() {
    let (sim, rest, channel) = quiet();
    let discord = sim.discord();
    let (guild, iris, teo) = (
        discord.guild_id(),
        discord.user("iris"),
        discord.user("teo"),
    );
    let conversation = rest
        .post("/users/@me/channels", &json!({"recipient_id": iris}))
        .await
        .ok();
    assert_eq!(conversation["type"], 1);
    assert_eq!(ids(&conversation["recipients"]), [iris.to_string()]);

    let first = discord.say("loft", "mira", "one");
    let second = discord.say("loft", "mira", "two");
    let reply = rest
        .post(
            &format!("{channel}/messages"),
            &json!({"content": "pong", "message_reference": {"message_id": first}}),
        )
        .await
        .ok();
    assert_eq!(reply["type"], 19);
    assert_eq!(reply["message_reference"]["message_id"], first.to_string());
    rest.post(
        &format!("{channel}/messages/bulk-delete"),
        &json!({"messages": [first, second]}),
    )
    .await
    .done();
    assert_eq!(discord.texts("loft"), ["pong"]);

    let role = rest
        .post(
            &format!("/guilds/{guild}/roles"),
            &json!({"name": "warden", "permissions": 2048}),
        )
        .await
        .ok();
    assert_eq!(role["permissions"], "2048");
    let number: u64 = id(&role).parse().expect("a number");
    let finn = discord.user("finn");
    let member = rest
        .patch(
            &format!("/guilds/{guild}/members/{finn}"),
            &json!({"roles": [number]}),
        )
        .await
        .ok();
    assert_eq!(member["roles"], json!([id(&role)]));

    let house: u64 = discord.channel("house").expect("a category");
    let made = rest
        .post(
            &format!("/guilds/{guild}/channels"),
            &json!({"name": "attic", "type": 0, "parent_id": house,
                "permission_overwrites": [{"id": guild, "type": 0, "allow": "0", "deny": 2048}, {"id": teo, "type": "member", "allow": 2048}]}),
        )
        .await;
    assert_eq!(made.status, 201);
    let made = made.json();
    assert_eq!(made["parent_id"], house.to_string());
    assert_eq!(
        made["permission_overwrites"],
        json!([
            {"id": guild.to_string(), "type": 0, "allow": "0", "deny": "2048"},
            {"id": teo.to_string(), "type": 1, "allow": "2048", "deny": "0"},
        ])
    );
    assert_eq!(sim.notes(), []);
}

/// Sends a body as it is.
async fn raw(
    sim: &Simulator,
    rest: &Rest,
    method: &str,
    path: &str,
    kind: &str,
    body: Vec<u8>,
) -> http::Response<bytes::Bytes> {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("https://discord.com/api/v10{path}"))
        .header("authorization", format!("Bot {}", rest.token))
        .header("user-agent", "Python/3.12 aiohttp/3.9")
        .header("content-type", kind)
        .body(bytes::Bytes::from(body))
        .expect("a request");
    sim.network().http().send(request).await.expect("an answer")
}

#[tokio::test(start_paused = true)]
async fn a_form_may_be_urlencoded_and_a_body_that_no_route_has_is_not_read() {
    let (sim, rest, channel) = quiet();
    let answer = raw(
        &sim,
        &rest,
        "POST",
        &format!("{channel}/messages"),
        "application/x-www-form-urlencoded",
        b"payload_json=%7B%22content%22%3A%22hear+ye%22%7D".to_vec(),
    )
    .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(sim.discord().texts("loft"), ["hear ye"]);
    let said = sim.discord().say("loft", "mira", "hello");
    let answer = raw(
        &sim,
        &rest,
        "PUT",
        &format!("{channel}/messages/{said}/reactions/%F0%9F%8E%89/@me"),
        "application/json",
        b"undefined".to_vec(),
    )
    .await;
    assert_eq!(answer.status(), 204);
    assert_eq!(sim.notes(), [], "the agent of a library is its own affair");
}

#[tokio::test(start_paused = true)]
async fn a_file_has_ten_mebibytes_at_most() {
    let (sim, rest, channel) = quiet();
    let form = |bytes: usize| {
        let mut form = b"--x\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"long.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n".to_vec();
        form.resize(form.len() + bytes, b'a');
        form.extend(b"\r\n--x--\r\n");
        form
    };
    let path = format!("{channel}/messages");
    let kind = "multipart/form-data; boundary=x";
    let answer = raw(&sim, &rest, "POST", &path, kind, form(10 << 20)).await;
    assert_eq!(answer.status(), 200);
    let message: Value = serde_json::from_slice(answer.body()).expect("JSON");
    assert_eq!(message["attachments"][0]["size"], 10 << 20);
    assert_eq!(
        message["attachments"][0]["content_type"],
        "application/octet-stream"
    );
    let answer = raw(&sim, &rest, "POST", &path, kind, form((10 << 20) + 1)).await;
    let error: Value = serde_json::from_slice(answer.body()).expect("JSON");
    assert_eq!(
        (answer.status().as_u16(), &error["code"]),
        (413, &json!(40005))
    );
}

#[tokio::test(start_paused = true)]
async fn lists_are_had_page_by_page() {
    let (sim, rest, channel) = quiet();
    let discord = sim.discord();
    let guild = format!("/guilds/{}", discord.guild_id());
    let mut users = ["iris", "finn", "casper"].map(|name| discord.user(name));
    users.sort_unstable();
    for name in ["iris", "finn", "casper"] {
        discord.ban("choir", "mira", name);
    }
    let texts = users.map(|user| user.to_string());
    for (query, expected) in [
        ("limit=2".to_owned(), &texts[..2]),
        (format!("limit=1000&after={}", users[1]), &texts[2..]),
        (format!("limit=1000&after={}", users[2]), &texts[..0]),
        (format!("limit=1&before={}", users[2]), &texts[1..2]),
    ] {
        let answer = rest.get(&format!("{guild}/bans?{query}")).await.ok();
        assert_eq!(ids(&answer), expected, "{query}");
    }
    for query in ["limit=0", "limit=1001", "after=abc"] {
        let answer = rest.get(&format!("{guild}/bans?{query}")).await;
        assert_eq!(answer.code(), (400, 50035), "{query}");
    }

    let said = discord.say("loft", "mira", "hello");
    let mut fans = ["teo", "mira"].map(|name| discord.user(name));
    fans.sort_unstable();
    for name in ["teo", "mira"] {
        discord.react("loft", said, name, "👍");
    }
    let reactions = format!("{channel}/messages/{said}/reactions/%F0%9F%91%8D");
    let first = rest.get(&format!("{reactions}?limit=1")).await.ok();
    assert_eq!(ids(&first), [fans[0].to_string()]);
    let second = rest
        .get(&format!("{reactions}?limit=100&after={}", fans[0]))
        .await
        .ok();
    assert_eq!(ids(&second), [fans[1].to_string()]);

    let own = discord.guild_id();
    let guilds = rest
        .get(&format!("/users/@me/guilds?limit=200&after={own}"))
        .await
        .ok();
    assert_eq!(guilds, json!([]));
    let members = rest.get(&format!("{guild}/members?limit=3")).await.ok();
    let members = ids(&members);
    let next = rest
        .get(&format!("{guild}/members?limit=3&after={}", members[2]))
        .await
        .ok();
    assert!(ids(&next).iter().all(|user| !members.contains(user)));
}

#[tokio::test(start_paused = true)]
async fn answers_have_the_fields_of_the_real_service() {
    let (sim, rest, channel) = quiet();
    let discord = sim.discord();
    let guild = rest
        .get(&format!("/guilds/{}", discord.guild_id()))
        .await
        .ok();
    for field in ["max_members", "max_presences", "region", "stickers"] {
        assert!(guild.get(field).is_some(), "{field}");
    }
    let application = rest.get("/applications/@me").await.ok();
    assert_eq!(application["approximate_guild_count"], 1);
    let invite = rest
        .post(
            &format!("{channel}/invites"),
            &json!({"max_age": 3600, "max_uses": 5}),
        )
        .await
        .ok();
    for field in ["code", "created_at", "expires_at", "inviter", "guild"] {
        assert!(!invite[field].is_null(), "{field} of {invite}");
    }
    assert_eq!(
        (&invite["uses"], &invite["max_uses"], &invite["max_age"]),
        (&json!(0), &json!(5), &json!(3600))
    );
    assert_eq!(invite["channel"]["id"], discord.channel_id().to_string());
    let conversation = rest
        .post(
            "/users/@me/channels",
            &json!({"recipient_id": discord.user("iris").to_string()}),
        )
        .await
        .ok();
    let again = rest
        .get(&format!("/channels/{}", id(&conversation)))
        .await
        .ok();
    assert_eq!(again["recipients"], conversation["recipients"]);

    let said = discord.say("loft", "mira", "hello");
    let path = format!("{channel}/messages/{said}");
    rest.put(&format!("{path}/reactions/%F0%9F%8E%89/@me"), &Value::Null)
        .await
        .done();
    let message = rest.get(&path).await.ok();
    assert_eq!(message["reactions"][0]["me"], true);
    let other = Rest::of(&sim, "cantor").get(&path).await.ok();
    assert_eq!(other["reactions"][0]["me"], false);

    let button = json!({"content": "x", "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "Again", "custom_id": "again"}]}]});
    let message = rest
        .post(&format!("{channel}/messages"), &button)
        .await
        .ok();
    assert_eq!(message["components"][0]["id"], 1);
    assert_eq!(message["components"][0]["components"][0]["id"], 2);
    let sounds = rest.get("/soundboard-default-sounds").await.ok();
    assert!(sounds[0]["sound_id"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_guild_is_changed_without_its_name() {
    let (sim, rest, _) = quiet();
    let guild = format!("/guilds/{}", sim.discord().guild_id());
    let answer = rest
        .patch(
            &guild,
            &json!({"verification_level": 2, "system_channel_id": sim.discord().channel_id()}),
        )
        .await
        .ok();
    assert_eq!(
        (
            &answer["name"],
            &answer["verification_level"],
            &answer["system_channel_id"]
        ),
        (
            &json!("choir"),
            &json!(2),
            &json!(sim.discord().channel_id().to_string())
        )
    );
    let wrong = rest.patch(&guild, &json!({"verification_level": 9})).await;
    assert_eq!(wrong.code(), (400, 50035));
}

// https://docs.discord.com/developers/resources/message#message-reference-types
#[tokio::test(start_paused = true)]
async fn a_forward_has_a_snapshot_of_its_message() {
    let (sim, rest, channel) = quiet();
    let said = sim.discord().say("lobby", "mira", "tell the others");
    let lobby = sim.discord().channel("lobby").expect("a channel");
    let forward = rest
        .post(
            &format!("{channel}/messages"),
            &json!({"message_reference": {"type": 1, "message_id": said, "channel_id": lobby.to_string()}}),
        )
        .await
        .ok();
    assert_eq!(
        (&forward["type"], &forward["content"]),
        (&json!(0), &json!(""))
    );
    assert_eq!(forward["message_reference"]["type"], 1);
    assert_eq!(
        forward["message_snapshots"][0]["message"]["content"],
        "tell the others"
    );
    let crypt = sim.discord().channel("crypt").expect("a channel");
    let hidden = rest
        .post(
            &format!("{channel}/messages"),
            &json!({"message_reference": {"type": 1, "message_id": said, "channel_id": crypt}}),
        )
        .await;
    assert_eq!(hidden.code(), (403, 50001));
}

// https://docs.discord.com/developers/resources/channel#start-thread-from-message
#[tokio::test(start_paused = true)]
async fn a_thread_of_a_message_has_its_id() {
    let (sim, mut client) = identified(ALL).await;
    sim.discord().unlimited(true);
    let rest = Rest::of(&sim, "antiphon");
    let channel = format!("/channels/{}", sim.discord().channel_id());
    let said = sim.discord().say("loft", "mira", "a question");
    let path = format!("{channel}/messages/{said}");
    let thread = rest
        .post(&format!("{path}/threads"), &json!({"name": "answers"}))
        .await;
    assert_eq!(thread.status, 201);
    assert_eq!(id(&thread.json()), said.to_string());
    assert_eq!(thread.json()["type"], 11);
    client.event("THREAD_CREATE").await;
    let event = client.event("MESSAGE_UPDATE").await;
    assert_eq!(event["flags"], 1 << 5);
    let message = rest.get(&path).await.ok();
    assert_eq!(id(&message["thread"]), said.to_string());
    let again = rest
        .post(&format!("{path}/threads"), &json!({"name": "more"}))
        .await;
    assert_eq!(again.code(), (400, 160_004));
}

#[tokio::test(start_paused = true)]
async fn a_post_of_a_forum_has_its_first_message() {
    let (sim, rest, _) = quiet();
    let guild = sim.discord().guild_id();
    let forum = rest
        .post(
            &format!("/guilds/{guild}/channels"),
            &json!({"name": "questions", "type": 15, "available_tags": [{"name": "song"}], "default_auto_archive_duration": 60, "default_sort_order": 1, "rate_limit_per_user": 5}),
        )
        .await
        .json();
    assert_eq!(
        (
            &forum["default_auto_archive_duration"],
            &forum["default_sort_order"],
            &forum["rate_limit_per_user"],
            &forum["available_tags"][0]["name"]
        ),
        (&json!(60), &json!(1), &json!(5), &json!("song"))
    );
    let path = format!("/channels/{}/threads", id(&forum));
    let tag = id(&forum["available_tags"][0]);
    let post = rest
        .post(
            &path,
            &json!({"name": "which key?", "applied_tags": [tag], "message": {"content": "in F?"}}),
        )
        .await;
    assert_eq!(post.status, 201, "{}", post.text);
    let post = post.json();
    assert_eq!(post["message"]["content"], "in F?");
    assert_eq!(id(&post["message"]), id(&post));
    assert_eq!(post["applied_tags"], json!([tag]));
    assert_eq!(post["thread_metadata"]["auto_archive_duration"], 60);
    for wrong in [
        json!({"name": "which key?"}),
        json!({"message": {"content": "x"}}),
        json!({"name": "x", "applied_tags": ["1"], "message": {"content": "x"}}),
    ] {
        assert_eq!(rest.post(&path, &wrong).await.code(), (400, 50035));
    }
    let direct = rest
        .post(
            &format!("/channels/{}/messages", id(&forum)),
            &json!({"content": "x"}),
        )
        .await;
    assert_eq!(direct.code(), (400, 50008));
}

#[tokio::test(start_paused = true)]
async fn a_new_channel_keeps_its_settings() {
    let (sim, rest, _) = quiet();
    let guild = sim.discord().guild_id();
    let voice = rest
        .post(
            &format!("/guilds/{guild}/channels"),
            &json!({"name": "tower", "type": 2, "bitrate": 96_000, "user_limit": 5, "nsfw": true}),
        )
        .await
        .json();
    assert_eq!(
        (&voice["bitrate"], &voice["user_limit"], &voice["nsfw"]),
        (&json!(96_000), &json!(5), &json!(true))
    );
    let path = format!("/channels/{}", id(&voice));
    let changed = rest
        .patch(&path, &json!({"bitrate": 8_000, "nsfw": false}))
        .await
        .ok();
    assert_eq!(
        (
            &changed["bitrate"],
            &changed["nsfw"],
            &changed["user_limit"]
        ),
        (&json!(8_000), &json!(false), &json!(5))
    );
    let wrong = rest
        .patch(
            &path,
            &json!({"bitrate": 1, "rate_limit_per_user": 21_601, "name": ""}),
        )
        .await;
    assert_eq!(wrong.code(), (400, 50035));
    let errors = wrong.json()["errors"].clone();
    assert_eq!(errors["bitrate"]["_errors"][0]["code"], "NUMBER_TYPE_MIN");
    assert_eq!(
        errors["rate_limit_per_user"]["_errors"][0]["code"],
        "NUMBER_TYPE_MAX"
    );
    assert_eq!(errors["name"]["_errors"][0]["code"], "BASE_TYPE_BAD_LENGTH");
}

#[tokio::test(start_paused = true)]
async fn threads_are_listed_and_have_members() {
    let (sim, rest, channel) = quiet();
    let (guild, iris) = (sim.discord().guild_id(), sim.discord().user("iris"));
    let mut threads = Vec::new();
    for (name, kind) in [("one", 11), ("two", 11), ("secret", 12)] {
        let thread = rest
            .post(
                &format!("{channel}/threads"),
                &json!({"name": name, "type": kind}),
            )
            .await
            .json();
        threads.push(id(&thread).to_owned());
    }
    let active = rest
        .get(&format!("/guilds/{guild}/threads/active"))
        .await
        .ok();
    assert_eq!(active["threads"].as_array().map(Vec::len), Some(3));
    assert_eq!(active["members"].as_array().map(Vec::len), Some(3));
    let for_others = Rest::of(&sim, "lector")
        .get(&format!("/guilds/{guild}/threads/active"))
        .await
        .ok();
    assert_eq!(
        for_others["threads"].as_array().map(Vec::len),
        Some(2),
        "a private thread is for its members"
    );
    for thread in &threads {
        rest.patch(&format!("/channels/{thread}"), &json!({"archived": true}))
            .await
            .ok();
    }
    let archived = rest
        .get(&format!("{channel}/threads/archived/public?limit=2"))
        .await
        .ok();
    assert_eq!(ids(&archived["threads"]).len(), 2);
    assert_eq!(archived["has_more"], false);
    for path in [
        "threads/archived/private",
        "users/@me/threads/archived/private",
    ] {
        let private = rest.get(&format!("{channel}/{path}")).await.ok();
        assert_eq!(ids(&private["threads"]), [threads[2].as_str()], "{path}");
    }
    let members = format!("/channels/{}/thread-members", threads[0]);
    let join = rest.put(&format!("{members}/{iris}"), &Value::Null).await;
    assert_eq!(join.code(), (400, 50083), "an archived thread");
    rest.patch(
        &format!("/channels/{}", threads[0]),
        &json!({"archived": false}),
    )
    .await
    .ok();
    rest.put(&format!("{members}/{iris}"), &Value::Null)
        .await
        .done();
    let member = rest
        .get(&format!("{members}/{iris}?with_member=1"))
        .await
        .ok();
    assert_eq!(member["member"]["user"]["id"], iris.to_string());
    let all = rest.get(&members).await.ok();
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    rest.delete(&format!("{members}/{iris}")).await.done();
    assert_eq!(
        rest.get(&format!("{members}/{iris}")).await.code(),
        (404, 10007)
    );
    rest.post(&format!("{members}/@me"), &Value::Null)
        .await
        .done();
}

#[tokio::test(start_paused = true)]
async fn an_overwrite_locks_a_channel_and_is_written_down() {
    let (sim, mut client) = identified(ALL).await;
    sim.discord().unlimited(true);
    let rest = Rest::of(&sim, "antiphon");
    let guild = sim.discord().guild_id();
    let channel = format!("/channels/{}", sim.discord().channel_id());
    let path = format!("{channel}/permissions/{guild}");
    rest.put(&path, &json!({"type": 0, "deny": "2048"}))
        .await
        .done();
    let event = client.event("CHANNEL_UPDATE").await;
    assert_eq!(event["permission_overwrites"][0]["deny"], "2048");
    let lector = Rest::of(&sim, "lector");
    let refused = lector
        .post(&format!("{channel}/messages"), &json!({"content": "x"}))
        .await;
    assert_eq!(refused.code(), (403, 50013));
    rest.delete(&path).await.done();
    assert_eq!(rest.delete(&path).await.code(), (404, 10009));
    let administrator = rest.put(&path, &json!({"type": 0, "allow": 8})).await;
    assert_eq!(
        administrator.code(),
        (403, 50013),
        "more than it has itself"
    );
    let log = rest
        .get(&format!("/guilds/{guild}/audit-logs?limit=2"))
        .await
        .ok();
    let entries = &log["audit_log_entries"];
    assert_eq!(
        (&entries[0]["action_type"], &entries[1]["action_type"]),
        (&json!(15), &json!(13))
    );
    assert_eq!(entries[1]["options"]["role_name"], "@everyone");
}

#[tokio::test(start_paused = true)]
async fn an_audit_log_has_who_did_what_and_why() {
    let (sim, mut client) = identified(ALL).await;
    sim.discord().unlimited(true);
    let rest = Rest::of(&sim, "antiphon");
    let discord = sim.discord();
    let (guild, finn) = (discord.guild_id(), discord.user("finn"));
    let request = http::Request::patch(format!(
        "https://discord.com/api/v10/guilds/{guild}/members/{finn}"
    ))
    .header("authorization", format!("Bot {}", rest.token))
    .header("user-agent", "DiscordBot (https://example.org, 1)")
    .header("x-audit-log-reason", "too%20loud%20%F0%9F%94%94")
    .header("content-type", "application/json")
    .body(bytes::Bytes::from(r#"{"nick": "Finn the quiet"}"#))
    .expect("a request");
    let answer = sim.network().http().send(request).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let event = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(event["guild_id"], guild.to_string());
    let path = format!("/guilds/{guild}/audit-logs");
    let log = rest.get(&format!("{path}?action_type=24")).await.ok();
    let entry = &log["audit_log_entries"][0];
    assert_eq!(
        (&entry["target_id"], &entry["reason"]),
        (&json!(finn.to_string()), &json!("too loud 🔔"))
    );
    assert_eq!(
        entry["changes"],
        json!([{"key": "nick", "new_value": "Finn the quiet"}])
    );
    assert!(ids(&log["users"]).contains(&finn.to_string().as_str()));
    discord.topic("loft", "mira", "evensong");
    let first = id(entry).to_owned();
    let after = rest.get(&format!("{path}?after={first}")).await.ok();
    assert_eq!(after["audit_log_entries"][0]["action_type"], 11);
    let by = rest
        .get(&format!("{path}?user_id={}", discord.user("mira")))
        .await
        .ok();
    assert_eq!(ids(&by["audit_log_entries"]).len(), 1);
    let refused = Rest::of(&sim, "lector").get(&path).await;
    assert_eq!(refused.code(), (403, 50013));
}

#[tokio::test(start_paused = true)]
async fn channels_and_roles_are_put_in_order() {
    let (sim, mut client) = identified(ALL).await;
    sim.discord().unlimited(true);
    let rest = Rest::of(&sim, "antiphon");
    let discord = sim.discord();
    let guild = format!("/guilds/{}", discord.guild_id());
    let lobby = discord.channel("lobby").expect("a channel");
    rest.patch(
        &format!("{guild}/channels"),
        &json!([{"id": lobby, "position": 7, "parent_id": null}]),
    )
    .await
    .done();
    let event = client.event("CHANNEL_UPDATE").await;
    assert_eq!(
        (&event["position"], &event["parent_id"]),
        (&json!(7), &Value::Null)
    );
    let role = rest
        .post(&format!("{guild}/roles"), &json!({"name": "altos"}))
        .await
        .ok();
    let roles = rest
        .patch(
            &format!("{guild}/roles"),
            &json!([{"id": id(&role), "position": 2}]),
        )
        .await
        .ok();
    let moved = roles.as_array().expect("a list").iter();
    let moved = moved.filter(|one| one["id"] == role["id"]);
    assert_eq!(moved.map(|one| &one["position"]).collect::<Vec<_>>(), [2]);
    let above = rest
        .patch(
            &format!("{guild}/roles"),
            &json!([{"id": id(&role), "position": 9}]),
        )
        .await;
    assert_eq!(above.code(), (403, 50013));
    let counts = rest.get(&format!("{guild}/roles/member-counts")).await.ok();
    assert_eq!(counts[id(&role)], 0);
    let wrong = rest
        .patch(&format!("{guild}/channels"), &json!([{"position": "x"}]))
        .await;
    assert_eq!(
        wrong.json()["errors"]["0"]["id"]["_errors"][0]["code"],
        "BASE_TYPE_REQUIRED"
    );
}

const PIXEL: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

#[tokio::test(start_paused = true)]
async fn emojis_are_made_changed_and_removed() {
    let (sim, mut client) = identified(ALL).await;
    sim.discord().unlimited(true);
    let rest = Rest::of(&sim, "antiphon");
    let guild = sim.discord().guild_id();
    let bot = sim.discord().account().application;
    for (path, is_of_guild) in [
        (format!("/guilds/{guild}/emojis"), true),
        (format!("/applications/{bot}/emojis"), false),
    ] {
        let made = rest
            .post(&path, &json!({"name": "lute", "image": PIXEL}))
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
        let one = format!("{path}/{}", id(&made.json()));
        assert_eq!(rest.get(&one).await.ok()["user"]["username"], "antiphon");
        let renamed = rest.patch(&one, &json!({"name": "harp"})).await.ok();
        assert_eq!(renamed["name"], "harp");
        let reaction = format!("harp:{}", id(&made.json()));
        let said = sim.discord().say("loft", "mira", "hello");
        let channel = sim.discord().channel_id();
        rest.put(
            &format!("/channels/{channel}/messages/{said}/reactions/{reaction}/@me"),
            &Value::Null,
        )
        .await
        .done();
        rest.delete(&one).await.done();
        assert_eq!(rest.get(&one).await.code(), (404, 10014));
        for wrong in [
            json!({"name": "lute"}),
            json!({"name": "no space", "image": PIXEL}),
            json!({"name": "lute", "image": "data:text/plain;base64,eA=="}),
        ] {
            assert_eq!(rest.post(&path, &wrong).await.code(), (400, 50035));
        }
        if is_of_guild {
            let event = client.event("GUILD_EMOJIS_UPDATE").await;
            assert_eq!(event["emojis"].as_array().map(Vec::len), Some(3));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn stickers_are_made_changed_and_removed() {
    let (sim, rest, channel) = quiet();
    let path = format!("/guilds/{}/stickers", sim.discord().guild_id());
    let form = "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nlute\r\n--x\r\n\
        Content-Disposition: form-data; name=\"tags\"\r\n\r\nmusic\r\n--x\r\n\
        Content-Disposition: form-data; name=\"description\"\r\n\r\na lute\r\n--x\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"lute.png\"\r\nContent-Type: image/png\r\n\r\npng\r\n--x--\r\n";
    let kind = "multipart/form-data; boundary=x";
    let made = raw(&sim, &rest, "POST", &path, kind, form.into()).await;
    assert_eq!(made.status(), 201);
    let made: Value = serde_json::from_slice(made.body()).expect("JSON");
    assert_eq!(
        (&made["name"], &made["tags"], &made["format_type"]),
        (&json!("lute"), &json!("music"), &json!(1))
    );
    let one = format!("{path}/{}", id(&made));
    let renamed = rest.patch(&one, &json!({"name": "harp"})).await.ok();
    assert_eq!(renamed["name"], "harp");
    let alone = rest.get(&format!("/stickers/{}", id(&made))).await.ok();
    assert_eq!(alone["name"], "harp");
    // https://docs.discord.com/developers/resources/sticker#sticker-item-object
    let messages = format!("{channel}/messages");
    let sent = json!({"sticker_ids": [id(&made)]});
    let sent = rest.post(&messages, &sent).await.ok();
    assert_eq!(
        sent["sticker_items"],
        json!([{"id": id(&made), "name": "harp", "format_type": 1}])
    );
    let unknown = json!({"sticker_ids": ["1"]});
    assert_eq!(
        rest.post(&messages, &unknown).await.code(),
        (400, 50081),
        "Invalid sticker sent"
    );
    rest.delete(&one).await.done();
    assert_eq!(rest.get(&one).await.code(), (404, 10060));
    let without_file = rest.post(&path, &json!({"name": "x1", "tags": "y"})).await;
    assert_eq!(without_file.code(), (400, 50035));
}

#[tokio::test(start_paused = true)]
async fn a_route_is_unknown_or_has_another_method() {
    let (sim, rest, _) = quiet();
    assert_eq!(rest.get("/guilds/1/lorem").await.code(), (404, 0));
    assert_eq!(rest.put("/users/@me", &json!({})).await.code(), (405, 0));
    assert_eq!(
        rest.get("/users/@me/connections").await.code(),
        (403, 20001)
    );
    let notes: Vec<String> = sim.notes().iter().map(|note| format!("{note:?}")).collect();
    assert!(notes[0].contains("GET /guilds/1/lorem"), "{notes:?}");
    assert!(notes[1].contains("PUT /users/@me"), "{notes:?}");
    assert_eq!(notes.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_grant_a_permission_cannot() {
    let (sim, rest, _) = quiet();
    let guild = format!("/guilds/{}", sim.discord().guild_id());
    let roles = format!("{guild}/roles");
    let refused = rest
        .post(&roles, &json!({"name": "king", "permissions": "8"}))
        .await;
    assert_eq!(refused.code(), (403, 50013));
    let mira = sim.discord().user("mira");
    let owner = rest
        .patch(&format!("{guild}/members/{mira}"), &json!({"nick": "x"}))
        .await;
    assert_eq!(owner.code(), (403, 50013));
    let wardens = rest.get(&roles).await.ok();
    let wardens = wardens.as_array().expect("a list").iter();
    let wardens = wardens.filter(|one| one["name"] == "Wardens");
    for role in wardens {
        let answer = rest
            .patch(&format!("{roles}/{}", id(role)), &json!({"name": "x"}))
            .await;
        assert_eq!(answer.code(), (403, 50013));
    }
}
