//! Invites: their lists, their uses and their ends.

use std::time::Duration;

use antiphon_sim::{Command, Simulator};
use serde_json::{Value, json};

use super::{
    client::{Client, Rest},
    moderated, stranger,
};

async fn begun() -> (Simulator, Client, Rest, String) {
    let (sim, client, rest) = moderated().await;
    let channel = format!("/channels/{}", sim.discord().channel_id());
    (sim, client, rest, channel)
}

fn code(invite: &Value) -> &str {
    invite["code"].as_str().expect("a code")
}

// https://docs.discord.com/developers/resources/invite
#[tokio::test(start_paused = true)]
async fn an_invite_is_listed_resolved_and_revoked() {
    let (sim, mut client, rest, channel) = begun().await;
    let made = rest
        .post(
            &format!("{channel}/invites"),
            &json!({"max_age": 3600, "max_uses": 5, "temporary": true}),
        )
        .await
        .ok();
    let event = client.event("INVITE_CREATE").await;
    assert_eq!(
        (&event["code"], &event["max_uses"]),
        (&made["code"], &json!(5))
    );
    let guild = sim.discord().guild_id();
    for path in [
        format!("{channel}/invites"),
        format!("/guilds/{guild}/invites"),
    ] {
        let list = rest.get(&path).await.ok();
        assert_eq!(list, json!([made]), "{path}");
    }
    let path = format!("/invites/{}", code(&made));
    let plain = rest.get(&path).await.ok();
    for field in ["uses", "max_uses", "approximate_member_count"] {
        assert!(plain.get(field).is_none(), "{field}");
    }
    for field in [
        "type",
        "expires_at",
        "guild",
        "channel",
        "inviter",
        "guild_id",
    ] {
        assert!(!plain[field].is_null(), "{field}");
    }
    assert_eq!(plain["guild"]["nsfw"], false);
    let stranger = stranger(&sim);
    let counted = stranger
        .get(&format!("{path}?with_counts=true&with_expiration=true"))
        .await
        .ok();
    let present = counted["approximate_presence_count"].as_u64();
    assert!(present < counted["approximate_member_count"].as_u64());
    let event = rest
        .get(&format!("{path}?guild_scheduled_event_id=5"))
        .await;
    assert_eq!(event.code(), (404, 10070));

    let lector = Rest::of(&sim, "lector");
    assert_eq!(lector.delete(&path).await.code(), (403, 50013));
    for list in [
        format!("{channel}/invites"),
        format!("/guilds/{guild}/invites"),
    ] {
        assert_eq!(lector.get(&list).await.code(), (403, 50013));
    }
    let gone = rest.delete(&path).await.ok();
    assert_eq!(gone["code"], made["code"]);
    let event = client.event("INVITE_DELETE").await;
    assert_eq!(
        (&event["code"], &event["guild_id"]),
        (&made["code"], &json!(guild.to_string()))
    );
    let entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(
        (&entry["action_type"], &entry["target_id"]),
        (&json!(42), &Value::Null)
    );
    assert_eq!(rest.get(&path).await.code(), (404, 10006));
    assert_eq!(rest.delete(&path).await.code(), (404, 10006));
}

#[tokio::test(start_paused = true)]
async fn an_invite_is_reused_unless_it_must_be_unique() {
    let (_sim, _, rest, channel) = begun().await;
    let path = format!("{channel}/invites");
    let first = rest.post(&path, &json!({})).await.ok();
    let same = rest.post(&path, &json!({"unique": false})).await.ok();
    let other = rest.post(&path, &json!({"max_uses": 1})).await.ok();
    let unique = rest.post(&path, &json!({"unique": true})).await.ok();
    assert_eq!(code(&first), code(&same));
    assert_ne!(code(&first), code(&other));
    assert_ne!(code(&first), code(&unique));
    assert_eq!(first["max_age"], 86_400);
}

#[tokio::test(start_paused = true)]
async fn an_invite_counts_its_uses_and_ends() {
    let (sim, mut client, rest, channel) = begun().await;
    let path = format!("{channel}/invites");
    let made = rest
        .post(&path, &json!({"max_uses": 2, "max_age": 60}))
        .await
        .ok();
    let discord = sim.discord();
    for name in ["newcomer", "latecomer"] {
        assert!(discord.join_by_invite("choir", name, code(&made)));
        client.event("GUILD_MEMBER_ADD").await;
        if name == "newcomer" {
            let list = rest.get(&path).await.ok();
            assert_eq!(list[0]["uses"], 1);
        }
    }
    client.event("INVITE_DELETE").await;
    assert!(!discord.join_by_invite("choir", "straggler", code(&made)));
    let brief = rest.post(&path, &json!({"max_age": 60})).await.ok();
    tokio::time::advance(Duration::from_secs(61)).await;
    let over = rest.get(&format!("/invites/{}", code(&brief))).await;
    assert_eq!(over.code(), (404, 10006));
    assert_eq!(rest.get(&path).await.ok(), json!([]));
}

#[tokio::test(start_paused = true)]
async fn an_invite_to_a_stream_or_an_activity_names_its_target() {
    let (sim, _, rest, channel) = begun().await;
    let voice = format!("/channels/{}/invites", sim.discord().voice_channel_id());
    let mira = sim.discord().user("mira");
    let made = rest
        .post(&voice, &json!({"target_type": 1, "target_user_id": mira}))
        .await
        .ok();
    assert_eq!(
        (&made["target_type"], &made["target_user"]["id"]),
        (&json!(1), &json!(mira.to_string()))
    );
    let made = rest
        .post(
            &voice,
            &json!({"target_type": 2, "target_application_id": "755600276941176913"}),
        )
        .await
        .ok();
    assert_eq!(made["target_application"]["id"], "755600276941176913");
    let text = rest
        .post(
            &format!("{channel}/invites"),
            &json!({"target_type": 1, "target_user_id": mira}),
        )
        .await;
    assert_eq!(text.code(), (400, 50024));
    let answer = rest
        .post(
            &voice,
            &json!({"target_type": 1, "max_age": -1, "max_uses": 101, "temporary": "maybe"}),
        )
        .await;
    let errors = answer.json()["errors"].take();
    for (at, code) in [
        ("target_user_id", "BASE_TYPE_REQUIRED"),
        ("max_age", "NUMBER_TYPE_MIN"),
        ("max_uses", "NUMBER_TYPE_MAX"),
        ("temporary", "BOOLEAN_TYPE_CONVERT"),
    ] {
        assert_eq!(errors[at]["_errors"][0]["code"], code, "{at}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invite_gives_roles_below_the_bots_own() {
    let (sim, _, rest, channel) = begun().await;
    let guild = sim.discord().guild_id();
    let roles = rest.get(&format!("/guilds/{guild}/roles")).await.ok();
    let role = |name: &str| {
        let roles = roles.as_array().expect("roles").iter();
        let role = roles.clone().find(|role| role["name"] == name);
        role.expect("a role")["id"].clone()
    };
    let path = format!("{channel}/invites");
    let made = rest
        .post(&path, &json!({"role_ids": [role("DJ")]}))
        .await
        .ok();
    assert_eq!(made["roles"][0]["name"], "DJ");
    let above = rest
        .post(&path, &json!({"role_ids": [role("Wardens")]}))
        .await;
    assert_eq!(above.code(), (403, 50013));
    assert!(
        sim.discord()
            .join_by_invite("choir", "newcomer", code(&made))
    );
    let user = sim.discord().user("newcomer");
    let member = rest
        .get(&format!("/guilds/{guild}/members/{user}"))
        .await
        .ok();
    assert_eq!(member["roles"], json!([role("DJ")]));
}

// https://docs.discord.com/developers/resources/invite#update-target-users
#[tokio::test(start_paused = true)]
async fn an_invite_may_be_for_chosen_users() {
    let (sim, _, rest, channel) = begun().await;
    let made = rest
        .post(&format!("{channel}/invites"), &json!({"unique": true}))
        .await
        .ok();
    let path = format!("/invites/{}/target-users", code(&made));
    assert_eq!(rest.get(&path).await.code(), (404, 10006));
    let chosen = sim.discord().user("newcomer");
    let put = |rows: String| {
        let form = format!(
            "--x\r\nContent-Disposition: form-data; name=\"target_users_file\"; filename=\"users.csv\"\r\n\
             Content-Type: text/csv\r\n\r\n{rows}\r\n--x--\r\n"
        );
        http::Request::builder()
            .method("PUT")
            .uri(format!("https://discord.com/api/v10{path}"))
            .header("authorization", format!("Bot {}", rest.token))
            .header("user-agent", "a test")
            .header("content-type", "multipart/form-data; boundary=x")
            .body(bytes::Bytes::from(form))
            .expect("a request")
    };
    let http = sim.network().http();
    let wrong = http.send(put("user_id\nmira".into())).await;
    assert_eq!(wrong.expect("an answer").status(), 400);
    let answer = http.send(put(format!("user_id\n{chosen}"))).await;
    assert_eq!(answer.expect("an answer").status(), 204);
    let file = rest.get(&path).await;
    assert_eq!(file.header("content-type"), "text/csv");
    assert_eq!(file.text, format!("user_id\n{chosen}\n"));
    let job = rest.get(&format!("{path}/job-status")).await.ok();
    assert_eq!(
        (&job["status"], &job["total_users"], &job["processed_users"]),
        (&json!(2), &json!(1), &json!(1))
    );
    let lector = Rest::of(&sim, "lector");
    assert_eq!(lector.get(&path).await.code(), (403, 50013));
    assert!(
        !sim.discord()
            .join_by_invite("choir", "stranger", code(&made))
    );
    assert!(
        sim.discord()
            .join_by_invite("choir", "newcomer", code(&made))
    );
}

#[tokio::test(start_paused = true)]
async fn a_script_makes_users_join_ask_and_keep_webhooks() {
    let (sim, mut client, rest, _) = begun().await;
    let run = |command: Value| {
        let command = Command::parse(&command.to_string()).expect("a command");
        sim.execute(&command).expect("executed")
    };
    let made = run(json!({"do": "invite", "platform": "discord", "by": "mira"}));
    let joined = run(
        json!({"do": "join_by_invite", "platform": "discord", "by": "newcomer", "code": code(&made)}),
    );
    assert_eq!(joined["joined"], true);
    client.event("GUILD_MEMBER_ADD").await;
    let asked = run(json!({"do": "ask_to_join", "platform": "discord", "by": "latecomer"}));
    let path = format!("/guilds/{}/requests", sim.discord().guild_id());
    let requests = rest.get(&path).await.ok();
    assert_eq!(requests["guild_join_requests"][0]["id"], asked["request"]);
    let webhook =
        run(json!({"do": "webhook", "platform": "discord", "by": "mira", "name": "Crier"}));
    let execute = format!(
        "/webhooks/{}/{}",
        webhook["id"].as_str().expect("an id"),
        webhook["token"].as_str().expect("a token")
    );
    rest.post(&execute, &json!({"content": "hear ye"}))
        .await
        .done();
    assert_eq!(client.event("MESSAGE_CREATE").await["content"], "hear ye");
}
