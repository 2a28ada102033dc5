//! The soundboard (<https://docs.discord.com/developers/resources/soundboard>).

use antiphon_sim::Simulator;
use base64::Engine as _;
use serde_json::{Value, json};

use super::{
    client::{Client, Rest},
    moderated,
};

/// A sound of this many bytes as a data URI.
fn sound(bytes: usize) -> String {
    let data = base64::engine::general_purpose::STANDARD.encode(vec![0; bytes]);
    format!("data:audio/ogg;base64,{data}")
}

fn path(sim: &Simulator) -> String {
    format!("/guilds/{}/soundboard-sounds", sim.discord().guild_id())
}

#[tokio::test(start_paused = true)]
async fn a_sound_is_made_found_changed_and_removed() {
    let (sim, mut client, rest) = moderated().await;
    let path = path(&sim);
    let made = rest
        .post(
            &path,
            &json!({"name": "gong", "sound": sound(9), "volume": 0.5, "emoji_name": "🔔"}),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    for (field, expected) in [
        ("name", json!("gong")),
        ("volume", json!(0.5)),
        ("emoji_id", Value::Null),
        ("emoji_name", json!("🔔")),
        ("guild_id", json!(sim.discord().guild_id().to_string())),
        ("available", json!(true)),
    ] {
        assert_eq!(made.get(field), Some(&expected), "{field}");
    }
    assert_eq!(made["user"]["username"], "antiphon");
    assert_eq!(
        client.event("GUILD_SOUNDBOARD_SOUND_CREATE").await["sound_id"],
        made["sound_id"]
    );
    let entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(
        (&entry["action_type"], &entry["target_id"]),
        (&json!(130), &made["sound_id"])
    );
    assert_eq!(rest.get(&path).await.ok()["items"], json!([made]));
    let one = format!("{path}/{}", made["sound_id"].as_str().expect("an id"));
    let lector = Rest::of(&sim, "lector");
    assert!(
        lector.get(&one).await.ok().get("user").is_none(),
        "it may not make any"
    );

    let changed = rest
        .patch(&one, &json!({"name": "bell", "volume": null}))
        .await
        .ok();
    assert_eq!(
        (&changed["name"], &changed["volume"]),
        (&json!("bell"), &json!(1.0))
    );
    assert_eq!(client.event("GUILD_SOUNDBOARD_SOUND_UPDATE").await, changed);
    let emojis = rest
        .get(&format!("/guilds/{}/emojis", sim.discord().guild_id()))
        .await
        .ok();
    let changed = rest
        .patch(&one, &json!({"emoji_id": emojis[0]["id"]}))
        .await
        .ok();
    assert_eq!(
        (&changed["emoji_id"], &changed["emoji_name"]),
        (&emojis[0]["id"], &Value::Null)
    );
    client.event("GUILD_SOUNDBOARD_SOUND_UPDATE").await;
    for refused in [
        lector.patch(&one, &json!({"name": "xx"})).await,
        lector.delete(&one).await,
    ] {
        assert_eq!(refused.code(), (403, 50013));
    }
    rest.delete(&one).await.done();
    assert_eq!(
        client.event("GUILD_SOUNDBOARD_SOUND_DELETE").await,
        json!({"sound_id": made["sound_id"], "guild_id": made["guild_id"]})
    );
    assert_eq!(rest.get(&one).await.code(), (404, 10097));
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_sound_is_told() {
    let (sim, _client, rest) = moderated().await;
    let path = path(&sim);
    for (body, field, code) in [
        (json!({"sound": sound(9)}), "name", "BASE_TYPE_REQUIRED"),
        (json!({"name": "gong"}), "sound", "BASE_TYPE_REQUIRED"),
        (
            json!({"name": "x", "sound": sound(9)}),
            "name",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({"name": "gong", "sound": "data:image/png;base64,eA=="}),
            "sound",
            "SOUND_INVALID",
        ),
        (
            json!({"name": "gong", "sound": sound((512 << 10) + 1)}),
            "sound",
            "BINARY_TYPE_MAX_SIZE",
        ),
        (
            json!({"name": "gong", "sound": sound(9), "volume": 1.5}),
            "volume",
            "NUMBER_TYPE_MAX",
        ),
    ] {
        let wrong = rest.post(&path, &body).await;
        assert_eq!(wrong.code(), (400, 50035));
        assert_eq!(
            wrong.json()["errors"][field]["_errors"][0]["code"],
            code,
            "{field}"
        );
    }
    let emoji = json!({"name": "gong", "sound": sound(9), "emoji_id": "5"});
    assert_eq!(rest.post(&path, &emoji).await.code(), (404, 10014));
    for _ in 0..8 {
        let made = rest
            .post(&path, &json!({"name": "gong", "sound": sound(512 << 10)}))
            .await;
        assert_eq!(made.status, 201);
    }
    let more = rest
        .post(&path, &json!({"name": "gong", "sound": sound(9)}))
        .await;
    assert_eq!(more.code(), (400, 30045));
}

// https://docs.discord.com/developers/resources/sticker#list-sticker-packs
#[tokio::test(start_paused = true)]
async fn a_pack_of_stickers_is_everybodys() {
    let (_sim, _client, rest) = moderated().await;
    let packs = rest.get("/sticker-packs").await.ok();
    let pack = &packs["sticker_packs"][0];
    let one = format!("/sticker-packs/{}", pack["id"].as_str().expect("an id"));
    assert_eq!(rest.get(&one).await.ok(), *pack);
    let sticker = &pack["stickers"][0];
    assert_eq!(sticker["type"], 1);
    let path = format!("/stickers/{}", sticker["id"].as_str().expect("an id"));
    assert_eq!(rest.get(&path).await.ok(), *sticker);
    assert_eq!(rest.get("/sticker-packs/5").await.code(), (404, 10061));
    let sounds = rest.get("/soundboard-default-sounds").await.ok();
    assert_eq!(
        (&sounds[0]["sound_id"], &sounds[0]["name"]),
        (&json!("1"), &json!("quack"))
    );
}

/// Joins a voice channel as the first bot.
async fn join(sim: &Simulator, client: &mut Client, channel: u64) {
    let state = json!({
        "guild_id": sim.discord().guild_id().to_string(), "channel_id": channel.to_string(), "self_mute": false,
        "self_deaf": false,
    });
    client.send(4, &state).await;
    client.event("VOICE_SERVER_UPDATE").await;
}

#[tokio::test(start_paused = true)]
async fn a_sound_is_heard_by_those_in_the_channel() {
    let (sim, mut client, rest) = moderated().await;
    let discord = sim.discord();
    let stalls = discord.channel("stalls").expect("a channel");
    let path_of_sounds = path(&sim);
    let send = format!("/channels/{stalls}/send-soundboard-sound");
    assert_eq!(
        rest.post(&send, &json!({"sound_id": 1})).await.code(),
        (404, 10065),
        "it is not there"
    );
    let mut cantor = Client::open(&sim, "").await;
    cantor
        .identify_as(&sim, "cantor", super::ALL, &json!({}))
        .await;
    cantor.event("GUILD_CREATE").await;
    join(&sim, &mut client, stalls).await;
    rest.post(&send, &json!({"sound_id": "1"})).await.done();
    let told = client.event("VOICE_CHANNEL_EFFECT_SEND").await;
    assert_eq!(
        told,
        json!({
            "channel_id": stalls.to_string(), "guild_id": discord.guild_id().to_string(),
            "user_id": discord.account().id.to_string(), "emoji": {"id": null, "name": "🦆"}, "animation_type": 1,
            "animation_id": 0, "sound_id": 1, "sound_volume": 1.0,
        })
    );
    let made = rest
        .post(
            &path_of_sounds,
            &json!({"name": "gong", "sound": sound(9), "volume": 0.25}),
        )
        .await
        .json();
    rest.post(&send, &json!({"sound_id": made["sound_id"]}))
        .await
        .done();
    let told = client.event("VOICE_CHANNEL_EFFECT_SEND").await;
    assert_eq!(
        (&told["sound_id"], &told["sound_volume"]),
        (&made["sound_id"], &json!(0.25))
    );
    let heard = cantor.drain().await;
    assert!(
        heard
            .iter()
            .all(|frame| frame["t"] != "VOICE_CHANNEL_EFFECT_SEND"),
        "it is elsewhere"
    );
    assert_eq!(
        rest.post(&send, &json!({"sound_id": 99})).await.code(),
        (404, 10097)
    );
    let away = json!({"sound_id": made["sound_id"], "source_guild_id": 5});
    assert_eq!(rest.post(&send, &away).await.code(), (404, 10097));
    let bot = discord.account().id;
    Rest::of(&sim, "cantor")
        .patch(
            &format!("/guilds/{}/members/{bot}", discord.guild_id()),
            &json!({"mute": true}),
        )
        .await
        .ok();
    assert_eq!(
        rest.post(&send, &json!({"sound_id": 1})).await.code(),
        (400, 50167)
    );
    let loft = format!("/channels/{}/send-soundboard-sound", discord.channel_id());
    assert_eq!(
        rest.post(&loft, &json!({"sound_id": 1})).await.code(),
        (400, 50024)
    );
}

#[tokio::test(start_paused = true)]
async fn a_sound_of_another_guild_is_played_by_its_members() {
    let (sim, mut client, rest) = moderated().await;
    let discord = sim.discord();
    let other = discord.add_guild("chapel");
    let path = format!("/guilds/{other}/soundboard-sounds");
    let made = rest
        .post(&path, &json!({"name": "gong", "sound": sound(9)}))
        .await
        .json();
    let stalls = discord.voice_channel_id();
    join(&sim, &mut client, stalls).await;
    let send = format!("/channels/{stalls}/send-soundboard-sound");
    assert_eq!(
        rest.post(&send, &json!({"sound_id": made["sound_id"]}))
            .await
            .code(),
        (404, 10097)
    );
    let named = json!({"sound_id": made["sound_id"], "source_guild_id": other});
    rest.post(&send, &named).await.done();
    assert_eq!(
        client.event("VOICE_CHANNEL_EFFECT_SEND").await["sound_id"],
        made["sound_id"]
    );
    let guild = discord.guild_id();
    let channel = format!("/channels/{stalls}/permissions/{guild}");
    let without = json!({"type": 0, "deny": (1_u64 << 45).to_string()});
    Rest::of(&sim, "cantor")
        .put(&channel, &without)
        .await
        .done();
    let refused = rest.post(&send, &named).await;
    assert_eq!(refused.code(), (403, 50013));
}
