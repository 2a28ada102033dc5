//! Intents and permissions: the events that an account receives.

use antiphon_sim::{Query, Simulator};
use serde_json::{Value, json};

use super::{
    ALL,
    client::{Client, Rest},
    identified,
};

/// Causes one event of every kind; returns the names of the events that a bot with these intents receives.
async fn heard(bot: &str, intents: u64) -> (Vec<String>, Vec<Value>) {
    let sim = Simulator::with_seed(7);
    let mut client = Client::open(&sim, "").await;
    client.identify_as(&sim, bot, intents, &json!({})).await;
    client.event("READY").await;
    client.drain().await;
    let discord = sim.discord();
    let said = discord.say("loft", "mira", "hello");
    discord.edit("loft", said, "hello again");
    discord.react("loft", said, "teo", "🎉");
    discord.type_in("loft", "mira");
    discord.appear("choir", "mira", "dnd", None);
    discord.nick("choir", "mira", Some("Cantrix"));
    discord.ban("choir", "mira", "casper");
    discord.join_voice("stalls", "mira");
    discord.topic("loft", "mira", "song");
    discord.invite("loft", "mira");
    discord.whisper("mira", bot, "psst");
    let frames = client.drain().await;
    assert_eq!(
        sim.ledger()
            .due_to(&discord.account_named(bot).id.to_string()),
        client.received
    );
    let names = frames
        .iter()
        .map(|frame| frame["t"].as_str().expect("a name").to_owned())
        .collect();
    (names, frames)
}

#[tokio::test(start_paused = true)]
async fn intents_decide_what_is_told() {
    for (bit, expected) in [
        (0, vec!["CHANNEL_UPDATE"]),
        (1, vec!["GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE"]),
        (
            2,
            vec![
                "GUILD_BAN_ADD",
                "GUILD_AUDIT_LOG_ENTRY_CREATE",
                "GUILD_AUDIT_LOG_ENTRY_CREATE",
                "GUILD_AUDIT_LOG_ENTRY_CREATE",
            ],
        ),
        (6, vec!["INVITE_CREATE"]),
        (7, vec!["VOICE_STATE_UPDATE"]),
        (8, vec!["PRESENCE_UPDATE"]),
        (9, vec!["MESSAGE_CREATE", "MESSAGE_UPDATE"]),
        (10, vec!["MESSAGE_REACTION_ADD"]),
        (11, vec!["TYPING_START"]),
        (12, vec!["MESSAGE_CREATE"]),
        (13, vec![]),
    ] {
        assert_eq!(heard("antiphon", 1 << bit).await.0, expected, "bit {bit}");
    }
}

#[tokio::test(start_paused = true)]
async fn bans_and_invitations_are_told_to_those_who_may_see_them() {
    let (names, _) = heard("lector", ALL & !(1 << 1 | 1 << 8 | 1 << 15)).await;
    assert!(names.contains(&"MESSAGE_CREATE".to_owned()));
    for hidden in [
        "GUILD_BAN_ADD",
        "GUILD_AUDIT_LOG_ENTRY_CREATE",
        "INVITE_CREATE",
    ] {
        assert!(!names.contains(&hidden.to_owned()), "{hidden}");
    }
}

#[tokio::test(start_paused = true)]
async fn content_is_kept_from_those_without_the_intent() {
    let (sim, mut client) = identified(ALL & !(1 << 15)).await;
    let discord = sim.discord();
    discord.say("loft", "mira", "not for bots");
    assert_eq!(client.event("MESSAGE_CREATE").await["content"], "");
    let mention = format!("<@{}> hello", discord.account().id);
    discord.say("loft", "mira", &mention);
    assert_eq!(client.event("MESSAGE_CREATE").await["content"], mention);
    discord.whisper("mira", "antiphon", "psst");
    assert_eq!(client.event("MESSAGE_CREATE").await["content"], "psst");
    discord.say("loft", "antiphon", "my own");
    assert_eq!(client.event("MESSAGE_CREATE").await["content"], "my own");
    let row = sim
        .ledger()
        .rows(&Query::default())
        .into_iter()
        .find(|row| &*row.kind == "discord.MESSAGE_CREATE");
    assert!(
        !row.expect("a row").body.contains("not for bots"),
        "the row is what was sent"
    );
}

/// A message of another bot with everything that counts as content.
fn rich() -> Value {
    json!({
        "content": "hear ye",
        "embeds": [{"title": "hidden title"}],
        "attachments": [{"id": 0, "filename": "hidden.txt"}],
        "components": [{
            "type": 1,
            "components": [{"type": 2, "style": 1, "label": "hidden label", "custom_id": "b"}],
        }],
    })
}

#[tokio::test(start_paused = true)]
async fn embeds_attachments_and_components_are_content_too() {
    for (intents, is_hidden) in [(ALL & !(1 << 15), true), (ALL, false)] {
        let (sim, mut client) = identified(intents).await;
        let path = format!("/channels/{}/messages", sim.discord().channel_id());
        let posted = Rest::of(&sim, "cantor").post(&path, &rich()).await.ok();
        let original = posted["id"].as_str().expect("an id").parse();
        sim.discord()
            .reply("loft", "mira", original.expect("a number"), "well said");
        let message = client.event("MESSAGE_CREATE").await;
        let answer = client.event("MESSAGE_CREATE").await;
        for message in [&message, &answer["referenced_message"]] {
            for field in ["embeds", "attachments", "components"] {
                let shown = message[field].as_array().map(Vec::len);
                assert_eq!(shown, Some(usize::from(!is_hidden)), "{field} of {message}");
            }
            assert_eq!(message.to_string().contains("hidden"), !is_hidden);
        }
        let question = sim
            .discord()
            .ask("loft", "mira", "Who sings?", &["Teo", "Iris"]);
        let poll = client.event("MESSAGE_CREATE").await;
        assert_eq!(poll["id"], question.to_string());
        assert_eq!(poll.get("poll").is_none(), is_hidden, "{poll}");
    }
}

#[tokio::test(start_paused = true)]
async fn presences_in_a_guild_need_their_intent() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::open(&sim, "").await;
    client.identify_as(&sim, "antiphon", 1, &json!({})).await;
    let guild = client.event("GUILD_CREATE").await;
    assert_eq!(guild["presences"], json!([]));
    assert_eq!(guild["members"].as_array().map(Vec::len), Some(1));
    assert_eq!(guild["member_count"], 27);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_a_bot_cannot_see_is_silent_for_it() {
    let (sim, mut client) = identified(ALL).await;
    sim.discord().say("crypt", "teo", "a secret");
    sim.discord().say("sacristy", "teo", "no secret");
    assert_eq!(client.event("MESSAGE_CREATE").await["content"], "no secret");
}

#[tokio::test(start_paused = true)]
async fn a_guild_comes_and_goes() {
    let (sim, mut client) = identified(ALL).await;
    let discord = sim.discord();
    discord.available("choir", false);
    assert_eq!(client.event("GUILD_DELETE").await["unavailable"], true);
    discord.available("choir", true);
    assert_eq!(client.event("GUILD_CREATE").await["name"], "choir");
    let new = discord.add_guild("annex");
    assert_eq!(client.event("GUILD_CREATE").await["id"], new.to_string());
    discord.leave("annex", "antiphon");
    assert!(
        client
            .event("GUILD_DELETE")
            .await
            .get("unavailable")
            .is_none()
    );
    discord.swell("choir", 400_000);
    discord.available("choir", true);
    assert_eq!(
        client.event("GUILD_CREATE").await["description"]
            .as_str()
            .map(str::len),
        Some(400_000)
    );
}
