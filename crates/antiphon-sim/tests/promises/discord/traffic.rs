//! Ambient traffic: of every kind, at its pace, and the same for the same seed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use antiphon_sim::{Options, Simulator};
use serde_json::{Value, json};

use super::{
    ALL,
    client::{Client, Rest},
    register,
};

/// Every event that users can cause.
const KINDS: [&str; 61] = [
    "READY",
    "GUILD_CREATE",
    "MESSAGE_CREATE",
    "MESSAGE_UPDATE",
    "MESSAGE_DELETE",
    "MESSAGE_DELETE_BULK",
    "MESSAGE_REACTION_ADD",
    "MESSAGE_REACTION_REMOVE",
    "MESSAGE_REACTION_REMOVE_ALL",
    "MESSAGE_REACTION_REMOVE_EMOJI",
    "PRESENCE_UPDATE",
    "TYPING_START",
    "VOICE_STATE_UPDATE",
    "GUILD_MEMBER_ADD",
    "GUILD_MEMBER_UPDATE",
    "GUILD_MEMBER_REMOVE",
    "GUILD_ROLE_CREATE",
    "GUILD_ROLE_UPDATE",
    "GUILD_ROLE_DELETE",
    "CHANNEL_CREATE",
    "CHANNEL_UPDATE",
    "CHANNEL_DELETE",
    "CHANNEL_PINS_UPDATE",
    "THREAD_CREATE",
    "THREAD_UPDATE",
    "THREAD_DELETE",
    "THREAD_MEMBERS_UPDATE",
    "THREAD_LIST_SYNC",
    "INVITE_CREATE",
    "INVITE_DELETE",
    "GUILD_BAN_ADD",
    "GUILD_BAN_REMOVE",
    "GUILD_AUDIT_LOG_ENTRY_CREATE",
    "INTERACTION_CREATE",
    "MESSAGE_POLL_VOTE_ADD",
    "MESSAGE_POLL_VOTE_REMOVE",
    "GUILD_SCHEDULED_EVENT_CREATE",
    "GUILD_SCHEDULED_EVENT_UPDATE",
    "GUILD_SCHEDULED_EVENT_DELETE",
    "GUILD_SCHEDULED_EVENT_USER_ADD",
    "GUILD_SCHEDULED_EVENT_USER_REMOVE",
    "STAGE_INSTANCE_CREATE",
    "STAGE_INSTANCE_DELETE",
    "AUTO_MODERATION_RULE_CREATE",
    "AUTO_MODERATION_RULE_DELETE",
    "AUTO_MODERATION_ACTION_EXECUTION",
    "GUILD_EMOJIS_UPDATE",
    "GUILD_STICKERS_UPDATE",
    "GUILD_INTEGRATIONS_UPDATE",
    "INTEGRATION_CREATE",
    "INTEGRATION_DELETE",
    "WEBHOOKS_UPDATE",
    "GUILD_SOUNDBOARD_SOUND_CREATE",
    "GUILD_SOUNDBOARD_SOUNDS_UPDATE",
    "VOICE_CHANNEL_EFFECT_SEND",
    "VOICE_CHANNEL_STATUS_UPDATE",
    "APPLICATION_COMMAND_PERMISSIONS_UPDATE",
    "USER_UPDATE",
    "SUBSCRIPTION_CREATE",
    "ENTITLEMENT_CREATE",
    "ENTITLEMENT_DELETE",
];

/// Minutes of traffic, heard by the first bot.
async fn minutes(options: Options, rate: u32, minutes: u32) -> (Simulator, Client) {
    let sim = Simulator::over_pipes(&options.outgoing(1 << 20).gateway_heartbeat(3_600_000));
    let mut client = Client::open(&sim, "").await;
    client.identify(&sim, ALL).await;
    // Ambient interactions use what an application offers.
    register(&sim, "ping");
    sim.discord().traffic(rate);
    tokio::time::sleep(Duration::from_secs(60) * minutes).await;
    sim.discord().traffic(0);
    client.drain().await;
    (sim, client)
}

#[tokio::test(start_paused = true)]
async fn every_kind_comes_up_and_is_heard_as_it_is_written_down() {
    let (sim, client) = minutes(Options::new().seed(1), 50, 4).await;
    let missing: Vec<_> = KINDS
        .iter()
        .filter(|kind| !client.received.contains_key(&format!("discord.{kind}")))
        .collect();
    assert_eq!(missing, Vec::<&&str>::new());
    assert_eq!(
        sim.ledger().due_to(&sim.discord().account().id.to_string()),
        client.received
    );
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn the_pace_is_kept() {
    let (sim, _) = minutes(Options::new().seed(2), 50, 1).await;
    let heard: u64 = sim
        .ledger()
        .due_to(&sim.discord().account().id.to_string())
        .values()
        .sum();
    assert!(
        (2800..3100).contains(&heard),
        "{heard} events in a minute at 50 a second"
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_traffic() {
    let (one, _) = minutes(Options::new().seed(3).run(1), 20, 1).await;
    let (two, _) = minutes(Options::new().seed(3).run(1), 20, 1).await;
    let (other, _) = minutes(Options::new().seed(4).run(1), 20, 1).await;
    assert_eq!(one.transcript(), two.transcript());
    assert_ne!(one.transcript(), other.transcript());
}

/// What the traffic's events say of the world, kept as a bot's library keeps it.
#[derive(Default)]
struct Seen {
    messages: BTreeMap<String, Value>,
    /// Channels and threads, and whether a thread is archived.
    channels: BTreeMap<String, bool>,
    /// Voice channels, stages aside.
    voices: BTreeSet<String>,
    votes: BTreeSet<(String, String, String)>,
    inside: BTreeMap<String, String>,
}

fn id(value: &Value) -> String {
    value.as_str().expect("an id").to_owned()
}

impl Seen {
    /// Checks an event against what was seen before.
    fn check(&mut self, name: &str, data: &Value) {
        let now = i64::try_from(u64::MAX >> 1).expect("a number");
        if let Some(text) = data["id"].as_str().filter(|text| text.len() > 16) {
            assert!(text.parse::<i64>().is_ok_and(|id| id <= now), "{text}");
        }
        if let Some(channel) = data["channel_id"].as_str()
            && data.get("guild_id").is_some()
        {
            assert!(
                self.channels.contains_key(channel),
                "{name} in no channel: {data}"
            );
        }
        match name {
            "GUILD_CREATE" => {
                for channel in data["channels"].as_array().expect("channels") {
                    self.channels.insert(id(&channel["id"]), false);
                    if channel["type"] == 2 {
                        self.voices.insert(id(&channel["id"]));
                    }
                }
            }
            "CHANNEL_CREATE" | "THREAD_CREATE" | "THREAD_UPDATE" => {
                let archived = data["thread_metadata"]["archived"] == true;
                self.channels.insert(id(&data["id"]), archived);
            }
            "CHANNEL_DELETE" | "THREAD_DELETE" => {
                self.channels.remove(&id(&data["id"]));
            }
            "THREAD_MEMBERS_UPDATE" => {
                assert_eq!(self.channels.get(&id(&data["id"])), Some(&false), "{data}");
                for member in data["added_members"].as_array().expect("members") {
                    assert_eq!(member["member"]["user"]["id"], member["user_id"]);
                    assert!(member.get("presence").is_some());
                }
            }
            "INVITE_CREATE" => assert!(data.get("inviter").is_some()),
            "INVITE_DELETE" => assert!(data["guild_id"].is_string() && data["code"].is_string()),
            "MESSAGE_CREATE" => {
                if let Some(to) = data["message_reference"]["message_id"].as_str() {
                    assert_eq!(data["type"], 19);
                    assert_eq!(data["referenced_message"]["id"], to, "{data}");
                }
                self.messages.insert(id(&data["id"]), data.clone());
            }
            "MESSAGE_UPDATE" => {
                let known = self.messages.insert(id(&data["id"]), data.clone());
                assert!(known.is_some(), "an edit of nothing: {data}");
            }
            "MESSAGE_DELETE" => assert!(self.messages.remove(&id(&data["id"])).is_some()),
            "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE" => {
                assert!(self.messages.contains_key(&id(&data["message_id"])));
            }
            "MESSAGE_POLL_VOTE_ADD" | "MESSAGE_POLL_VOTE_REMOVE" => {
                let message = &self.messages[&id(&data["message_id"])];
                assert!(message["poll"].is_object(), "a vote on no poll: {message}");
                let vote = (
                    id(&data["message_id"]),
                    id(&data["user_id"]),
                    data["answer_id"].to_string(),
                );
                if name == "MESSAGE_POLL_VOTE_ADD" {
                    assert!(self.votes.insert(vote));
                } else {
                    assert!(self.votes.remove(&vote));
                }
            }
            "VOICE_STATE_UPDATE"
            | "VOICE_CHANNEL_STATUS_UPDATE"
            | "VOICE_CHANNEL_START_TIME_UPDATE"
            | "VOICE_CHANNEL_EFFECT_SEND" => self.check_voice(name, data),
            "INTEGRATION_CREATE" | "INTEGRATION_UPDATE" => {
                assert!(data["application"]["id"].is_string(), "{data}");
                assert!(data["application"]["summary"].is_string(), "{data}");
            }
            "USER_UPDATE" => {
                for field in ["mfa_enabled", "verified", "flags"] {
                    assert!(data.get(field).is_some(), "no {field}");
                }
            }
            "INTERACTION_CREATE" => {
                assert!(
                    data["type"] != 3 || data["message"]["id"].is_string(),
                    "{data}"
                );
                assert!(data["data"]["name"] == "ping" || data["data"]["custom_id"] == "again");
            }
            _ => {}
        }
    }

    /// Checks an event of a voice channel.
    fn check_voice(&mut self, name: &str, data: &Value) {
        match name {
            "VOICE_STATE_UPDATE" => {
                let user = id(&data["user_id"]);
                match data["channel_id"].as_str() {
                    Some(channel) => drop(self.inside.insert(user, channel.to_owned())),
                    None => assert!(self.inside.remove(&user).is_some(), "{data}"),
                }
            }
            "VOICE_CHANNEL_STATUS_UPDATE" | "VOICE_CHANNEL_START_TIME_UPDATE" => {
                assert!(self.voices.contains(&id(&data["id"])), "{data}");
            }
            _ => {
                assert!(self.voices.contains(&id(&data["channel_id"])), "{data}");
                assert_eq!(
                    self.inside.get(&id(&data["user_id"])),
                    Some(&id(&data["channel_id"]))
                );
                assert_eq!(data["emoji"]["animated"], false);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn traffic_makes_no_event_that_discord_cannot_make() {
    let mut kinds = BTreeSet::new();
    for seed in 1..3 {
        let options = Options::new().seed(seed).outgoing(1 << 20);
        let sim = Simulator::over_pipes(&options.gateway_heartbeat(3_600_000));
        let mut client = Client::open(&sim, "").await;
        let rest = Rest::of(&sim, "antiphon");
        register(&sim, "ping");
        client.identify_as(&sim, "antiphon", ALL, &json!({})).await;
        let mut seen = Seen::default();
        let create = client.event("GUILD_CREATE").await;
        seen.check("GUILD_CREATE", &create);
        let channel = sim.discord().channel_id();
        let row = json!([{"type": 1, "components": [{"type": 2, "style": 1, "label": "Again", "custom_id": "again"}]}]);
        sim.discord().traffic(80);
        for _ in 0..25 {
            // A new message with a button, since older ones scroll by.
            let body = json!({"content": "once more?", "components": row});
            rest.post(&format!("/channels/{channel}/messages"), &body)
                .await;
            tokio::time::sleep(Duration::from_secs(6)).await;
        }
        sim.discord().traffic(0);
        for frame in client.drain().await {
            let name = frame["t"].as_str().unwrap_or_default();
            seen.check(name, &frame["d"]);
            let used = frame["d"]["type"]
                .as_u64()
                .filter(|_| name == "INTERACTION_CREATE");
            kinds.insert(used.map_or(name.to_owned(), |used| format!("{name} {used}")));
            let replies = name == "MESSAGE_CREATE" && frame["d"]["type"] == 19;
            kinds.extend(replies.then(|| "a reply".to_owned()));
        }
        assert_eq!(sim.notes(), []);
    }
    for kind in [
        "INTERACTION_CREATE 2",
        "INTERACTION_CREATE 3",
        "a reply",
        "THREAD_MEMBERS_UPDATE",
        "VOICE_CHANNEL_EFFECT_SEND",
        "INTEGRATION_CREATE",
        "USER_UPDATE",
        "MESSAGE_POLL_VOTE_ADD",
    ] {
        assert!(kinds.contains(kind), "no {kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_uses_an_application_that_offers_nothing() {
    let sim = Simulator::over_pipes(&Options::new().seed(1).outgoing(1 << 20));
    let mut client = Client::open(&sim, "").await;
    client.identify(&sim, ALL).await;
    sim.discord().traffic(200);
    tokio::time::sleep(Duration::from_secs(30)).await;
    sim.discord().traffic(0);
    client.drain().await;
    assert!(!client.received.contains_key("discord.INTERACTION_CREATE"));
}
