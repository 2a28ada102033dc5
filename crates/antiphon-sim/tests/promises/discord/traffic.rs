//! Ambient traffic: of every kind, at its pace, and the same for the same seed.

use std::time::Duration;

use antiphon_sim::{Options, Simulator};

use super::{ALL, client::Client};

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
